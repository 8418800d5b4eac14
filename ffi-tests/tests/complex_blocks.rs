//! One block that is refused refuses all, and blocks without holes take few passes.

use ffi_tests::oracle::Random;
use ffi_tests::oracle::complexes::{assortment, named, sheet};
use ffi_tests::oracle::lent::Lent;
use weir::complex::Error;

fn flow(random: &mut Random, edges: usize, amplitude: i64) -> Vec<i32> {
    let number = |_| random.signed(amplitude) as i32;
    (0..edges).map(number).collect()
}

/// A large block of moderate flow, and far from it a small one whose result is out of range.
#[test]
fn a_small_block_that_is_refused_refuses_all() {
    let mut random = Random(19);
    let large = sheet("grid", 4, 4, None);
    let diamond = [[100, 101, 102], [101, 102, 103]];
    let annulus: Vec<[u16; 3]> = (0..6)
        .map(|i| [100 + i, 100 + (i + 1) % 6, 100 + (i + 2) % 6])
        .collect();
    let small: [&[[u16; 3]]; 3] = [&diamond[..1], &diamond, &annulus];
    for triangles in small {
        let plain = named("small", triangles, &[]);
        let mut alone = Lent::of(&plain);
        let count = plain.edges.len();
        let beyond = (0..10_000)
            .map(|_| -> Vec<i32> {
                let signed = |up| if up { i32::MAX } else { i32::MIN };
                (0..count).map(|_| signed(random.below(2) == 0)).collect()
            })
            .find(|f| alone.complex().project(f, &mut vec![0; count]) == Err(Error::Range))
            .expect("some flow is out of range");
        let both = [&large.triangles[..], triangles].concat();
        let both = named("both", &both, &[]);
        // Edges are sorted by node, so those of the small block are the last.
        let mut f = flow(&mut random, both.edges.len() - count, 1 << 20);
        f.extend(beyond);
        let mut lent = Lent::of(&both);
        let mut out = vec![77; f.len()];
        let refused = lent.complex().project(&f, &mut out);
        assert_eq!(refused, Err(Error::Range), "{count} edges");
        assert_eq!(out, vec![77; f.len()]);
    }
}

#[test]
fn without_holes_three_passes_do_and_the_answer_again_takes_none() {
    let mut random = Random(20);
    for plain in assortment(&mut random, 60) {
        let mut lent = Lent::of(&plain);
        if lent.complex().betti1() != Ok(0) {
            continue;
        }
        for amplitude in [1 << 8, 1 << 20] {
            let f = flow(&mut random, plain.edges.len(), amplitude);
            let mut out = vec![0; f.len()];
            let report = lent.complex().project(&f, &mut out).unwrap();
            assert!(report.passes <= 3, "{}: {report:?}", plain.name);
            let report = lent.complex().project(&out.clone(), &mut out).unwrap();
            assert_eq!(report.passes, 0, "{}: {report:?}", plain.name);
        }
    }
}
