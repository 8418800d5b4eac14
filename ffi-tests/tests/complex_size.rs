//! How many bytes does a complex take?

use weir::complex::{Complex, EDGES_MAX, Shape};

#[test]
fn words_stay_below_the_documented_formula() {
    let page = include_str!("../../docs/reconciler.md");
    let shapes = [
        (7, 8, 2, 2),
        (16, 120, 560, 8),
        (54, 153, 151, 5),
        (54, 270, 810, 5),
        (64, 161, 98, 6),
        (64, 230, 340, 4),
        (1000, 3865, 5907, 6),
        (0, 0, 0, 0),
        (65_535, EDGES_MAX, 65_535, 65_535),
    ];
    for (nodes, edges, triangles, fill) in shapes {
        let bytes = 8 * Complex::words(Shape {
            nodes,
            edges,
            triangles,
            fill,
        })
        .unwrap() as u64;
        let [n, e, t, f] = [nodes, edges, triangles, fill].map(u64::from);
        let pool = (n * (32 + 6 * f)).max(10 * e + 4 * n);
        let formula = 240 + 3 * n + 12 * e + 6 * t + pool;
        assert!(
            bytes <= formula,
            "{nodes} {edges} {triangles} {fill}: {bytes}"
        );
        assert!(formula - bytes < 240 + n, "{bytes}");
        if n > 0 && n < 60_000 {
            let row = format!("| {n} / {e} / {t} | {f} | {bytes} |");
            assert!(page.contains(&row), "docs/reconciler.md lacks {row}");
        }
    }
    assert_eq!(
        Complex::words(Shape {
            nodes: 1,
            edges: EDGES_MAX + 1,
            triangles: 0,
            fill: 1
        }),
        None
    );
}
