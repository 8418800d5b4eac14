//! How many bytes does a complex take?

use ffi_tests::bench::fixtures::geometric_64_holes;
use ffi_tests::evidence::EXACT_AND_FAST;
use weir::carve::Arena;
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

/// What the page recommends for such a network holds a full factor: no pass more than usual.
#[test]
fn a_network_of_64_radios_fits_nine_thousand_bytes() {
    let map = geometric_64_holes();
    assert_eq!(
        (map.nodes, map.edges.len(), map.triangles.len()),
        (64, 230, 342)
    );
    let shape = Shape {
        nodes: 64,
        edges: 230,
        triangles: 342,
        fill: 4,
    };
    let mut words = vec![0; Complex::words(shape).unwrap()];
    let bytes = 8 * words.len();
    let mut complex = Complex::init(&mut Arena::new(&mut words), shape).unwrap();
    (0..64).for_each(|id| complex.add_node(id).unwrap());
    map.edges
        .iter()
        .for_each(|(a, b)| complex.add_edge(*a, *b).unwrap());
    for flow in map.flows(9) {
        let report = complex.project(&flow, &mut [0; 230]).unwrap();
        assert!(report.passes <= 3 && !report.uncertified, "{report:?}");
    }
    let row = "RAM of a complex with 64 nodes, 230 edges, 342 triangles";
    let command = "cargo test --profile checked -p ffi-tests --test complex_size";
    EXACT_AND_FAST.figure(row, bytes, "bytes", "<=", 9_000, command);
}
