//! Do the parts of a flow add up to the bit, and what does trust in edges change?

use ffi_tests::evidence::EXACT_AND_FAST;
use ffi_tests::oracle::Random;
use ffi_tests::oracle::complexes::{
    Plain, assortment, band, bowtie, erdos, filled, geometric, named, sheet,
};
use ffi_tests::oracle::lent::Lent;
use ffi_tests::oracle::reference::Canonical;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::ToPrimitive;
use weir::complex::{Decomposition, Error, Parts};

const COMMAND: &str = "cargo test --profile checked -p ffi-tests --test complex_parts";

fn samples(quick: usize) -> usize {
    if std::env::var_os("WEIR_EVIDENCE").is_some() {
        quick * 3
    } else {
        quick
    }
}

fn flow(random: &mut Random, edges: usize, amplitude: i64) -> Vec<i32> {
    (0..edges)
        .map(|_| random.signed(amplitude) as i32)
        .collect()
}

/// The three parts of a flow: gradient, circulation, harmonic.
fn parts(lent: &mut Lent, flow: &[i32]) -> (Decomposition, [Vec<i32>; 3]) {
    let mut all = [
        vec![0; flow.len()],
        vec![0; flow.len()],
        vec![0; flow.len()],
    ];
    let [gradient, circulation, harmonic] = &mut all;
    let parts = Parts {
        gradient,
        circulation,
        harmonic,
    };
    let result = lent.complex().decompose(flow, parts).unwrap();
    (result, all)
}

/// What flows into each node.
fn divergence(canonical: &Canonical, flow: &[i32]) -> Vec<i64> {
    let mut sum = vec![0; canonical.nodes.len()];
    for ((a, b), f) in canonical.edges.iter().zip(flow) {
        sum[canonical.nodes.binary_search(a).unwrap()] -= i64::from(*f);
        sum[canonical.nodes.binary_search(b).unwrap()] += i64::from(*f);
    }
    sum
}

fn norm(flow: &[i32]) -> u64 {
    let square: BigInt = flow.iter().map(|f| BigInt::from(*f).pow(2)).sum();
    square.sqrt().to_u64().unwrap()
}

fn largest(values: &[i64]) -> i64 {
    values.iter().map(|v| v.abs()).max().unwrap_or(0)
}

#[test]
fn the_parts_add_up_and_have_no_curl() {
    let mut random = Random(21);
    let mut all = assortment(&mut random, samples(80));
    all.push(sheet("grid", 8, 8, None));
    all.push(sheet("torus", 6, 6, Some(false)));
    all.push(geometric(&mut random, 64, 220));
    let (mut of_circulation, mut of_harmonic) = (0, 0);
    let count = all.len() * 3;
    for plain in all {
        let canonical = Canonical::of(&plain);
        let mut lent = Lent::of(&plain);
        for amplitude in [1 << 8, 1 << 20, 1 << 24] {
            let f = flow(&mut random, canonical.edges.len(), amplitude);
            let (report, [g, c, h]) = parts(&mut lent, &f);
            assert!(!report.uncertified, "{}", plain.name);
            for edge in 0..f.len() {
                assert_eq!(f[edge], g[edge] + c[edge] + h[edge], "{}", plain.name);
            }
            assert!(canonical.curl(&g).iter().all(|curl| *curl == 0));
            assert!(canonical.curl(&h).iter().all(|curl| *curl == 0));
            let p = lent.project(&f);
            assert!((0..f.len()).all(|e| p[e] == g[e] + h[e]), "{}", plain.name);
            gradient_is_exact(&canonical, &f, &g, &plain);
            of_circulation = of_circulation.max(largest(&divergence(&canonical, &c)));
            of_harmonic = of_harmonic.max(largest(&divergence(&canonical, &h)));
            assert_eq!(
                [
                    report.flow,
                    report.gradient,
                    report.circulation,
                    report.harmonic
                ],
                [norm(&f), norm(&g), norm(&c), norm(&h)]
            );
        }
    }
    let row = "Hodge: decompositions tried; f = g + c + h bit for bit, curl of g and h 0 in all";
    EXACT_AND_FAST.measured(row, count, "", COMMAND);
    let row = "Hodge: largest divergence of a circulation part";
    EXACT_AND_FAST.measured(row, of_circulation, "ulp", COMMAND);
    let row = "Hodge: largest divergence of a harmonic part";
    EXACT_AND_FAST.measured(row, of_harmonic, "ulp", COMMAND);
}

/// The gradient is the exact plan of the divergence, backwards: both round the same potentials.
fn gradient_is_exact(canonical: &Canonical, f: &[i32], g: &[i32], plain: &Plain) {
    if canonical.nodes.len() > 40 {
        return;
    }
    let load: Vec<i32> = divergence(canonical, f)
        .iter()
        .map(|d| i32::try_from(*d).unwrap())
        .collect();
    let (plan, _) = canonical.plan(&load, &vec![1; load.len()]);
    for (got, want) in g.iter().zip(plan) {
        assert_eq!(BigInt::from(-got), want, "{}", plain.name);
    }
}

#[test]
fn what_goes_round_holes_is_zero_where_there_are_none() {
    let mut random = Random(22);
    for plain in [sheet("grid", 5, 5, None), erdos(&mut random, 9, 95)] {
        let mut lent = Lent::of(&plain);
        let (holes, f) = (
            lent.complex().betti1().unwrap(),
            flow(&mut random, plain.edges.len(), 1 << 20),
        );
        assert_eq!(holes, 0, "{}", plain.name);
        let (report, [_, _, h]) = parts(&mut lent, &f);
        assert!(h.iter().all(|h| *h == 0));
        assert_eq!(report.harmonic, 0);
    }
    // A ring has nothing else: a constant flow goes round the hole.
    let ring = named("ring", &[], &[(0, 1), (1, 2), (2, 3), (0, 3)]);
    let (_, [g, c, h]) = parts(&mut Lent::of(&ring), &[5, -5, 5, 5]);
    assert_eq!((g, c, h), (vec![0; 4], vec![0; 4], vec![5, -5, 5, 5]));
}

#[test]
fn a_pinched_ring_has_a_hole_whether_or_not_a_node_stands_alone() {
    // Four triangles in a ring that is closed by node 0 only: one vertex more than nodes.
    let mut plain = named("ring", &[[0, 1, 2], [1, 2, 3], [2, 3, 4], [0, 3, 4]], &[]);
    let f = [700, -20, 30, 5, 900, -40, 60, 11, 300];
    let (_, together) = parts(&mut Lent::of(&plain), &f);
    assert!(together[2].iter().any(|h| *h != 0));
    plain.nodes.push(9);
    let (_, beside) = parts(&mut Lent::of(&plain), &f);
    assert_eq!(beside, together);
}

#[test]
fn a_refused_decomposition_leaves_all_parts() {
    let mut lent = Lent::of(&bowtie());
    lent.complex().settle().unwrap();
    let before = lent.words.clone();
    let mut all = [[7; 8]; 3];
    let [gradient, circulation, harmonic] = &mut all;
    let refused = lent.complex().decompose(
        &[i32::MIN; 8],
        Parts {
            gradient,
            circulation,
            harmonic,
        },
    );
    assert_eq!(refused, Err(Error::Range));
    let [gradient, circulation, harmonic] = &mut all;
    let refused = lent.complex().decompose(
        &[1; 8],
        Parts {
            gradient: &mut gradient[..7],
            circulation,
            harmonic,
        },
    );
    assert_eq!(refused, Err(Error::Length));
    assert_eq!(all, [[7; 8]; 3]);
    assert_eq!(lent.words, before);
}

fn weighted(lent: &mut Lent, flow: &[i32], trust: &[u8]) -> Vec<i32> {
    let mut out = vec![0; flow.len()];
    let report = lent.complex().project_weighted(flow, trust, &mut out);
    assert!(!report.unwrap().uncertified);
    out
}

/// The theorem of trust: with weights `w` the projection `P` minimises `sum w (f - P f)^2`; without
/// holes every edge is the floor or the ceiling of the exact minimiser, always `curl P f = 0`, `P P
/// f = P f`, `P (f + z) = P f + z` for curl-free integer `z`.
#[test]
fn trusted_edges_are_moved_less_and_the_laws_stay() {
    let mut random = Random(23);
    let all = assortment(&mut random, samples(60));
    let (mut worst, mut tried) = (0.0_f64, 0);
    for plain in all {
        let canonical = Canonical::of(&plain);
        let edges = canonical.edges.len();
        let mut lent = Lent::of(&plain);
        let holes = lent.complex().betti1().unwrap();
        let trust: Vec<u8> = (0..edges).map(|_| 1 + random.below(255) as u8).collect();
        for amplitude in [1 << 8, 1 << 20, 1 << 24] {
            let f = flow(&mut random, edges, amplitude);
            let mut out = vec![0; edges];
            let result = lent.complex().project_weighted(&f, &trust, &mut out);
            if result == Err(Error::IllConditioned) && holes > 0 {
                continue;
            }
            let p = weighted(&mut lent, &f, &trust);
            tried += 1;
            assert!(canonical.curl(&p).iter().all(|curl| *curl == 0));
            assert_eq!(weighted(&mut lent, &p, &trust), p, "{}", plain.name);
            let z = lent.project(&flow(&mut random, edges, amplitude));
            let moved: Vec<i32> = f.iter().zip(&z).map(|(f, z)| f + z).collect();
            let want: Vec<i32> = p.iter().zip(&z).map(|(p, z)| p + z).collect();
            assert_eq!(weighted(&mut lent, &moved, &trust), want, "{}", plain.name);
            if holes == 0 {
                let (exact, whole) = canonical.projections_weighted(&[f], &trust);
                for (got, exact) in p.iter().zip(&exact[0]) {
                    let got = BigInt::from(*got);
                    assert!(got == exact.div_floor(&whole) || got == exact.div_ceil(&whole));
                    let error: BigInt = (got * &whole - exact) * (1 << 20) / &whole;
                    worst = worst.max(error.to_f64().unwrap().abs() / f64::from(1 << 20));
                }
            }
        }
        // Nothing is left of the weights.
        let f = flow(&mut random, edges, 1 << 20);
        assert_eq!(
            lent.project(&f),
            Lent::of(&plain).project(&f),
            "{}",
            plain.name
        );
    }
    assert!(tried > 100, "{tried}");
    let row = "weighted projection: largest error against the exact minimiser, without holes";
    EXACT_AND_FAST.figure(row, worst, "ulp", "<=", 1.0 + 1.0 / 256.0, COMMAND);
}

#[test]
fn equal_trust_is_no_trust_and_the_untrusted_edge_gives_way() {
    let mut random = Random(24);
    for plain in [sheet("grid", 4, 4, None), bowtie()] {
        let mut lent = Lent::of(&plain);
        let f = flow(&mut random, plain.edges.len(), 1 << 24);
        for level in [0, 1, 7, 255] {
            let equal = vec![level; f.len()];
            assert_eq!(weighted(&mut lent, &f, &equal), lent.project(&f));
        }
    }
    let triangle = filled("triangle", 3, vec![(0, 1), (1, 2), (0, 2)]);
    let p = weighted(&mut Lent::of(&triangle), &[255_000, 0, 0], &[1, 255, 255]);
    // The curl of 255,000 divides as 1 : 1/255 : 1/255.
    assert_eq!(p, [1984, 992, -992]);
    let mut out = [0; 3];
    let refused = Lent::of(&triangle)
        .complex()
        .project_weighted(&[0; 3], &[1; 2], &mut out);
    assert_eq!(refused, Err(Error::Length));
}

/// A flow whose weighted magnitudes add up to 2^46 leaves no room for fractions beside a hole.
#[test]
fn trust_and_flow_that_are_large_together_are_refused_beside_a_hole() {
    let mut random = Random(25);
    let annulus = band(80);
    let edges = annulus.edges.len();
    let mut lent = Lent::of(&annulus);
    assert_eq!(lent.complex().betti1(), Ok(1));
    lent.complex().settle().unwrap();
    let before = lent.words.clone();
    let signs: Vec<bool> = (0..edges).map(|_| random.below(2) == 0).collect();
    let of = |size: i32| -> Vec<i32> {
        let signed = |up: &bool| if *up { size } else { -size };
        signs.iter().map(signed).collect()
    };
    let largest = (1_i64 << 46) / (255 * edges as i64);
    let trust = vec![255; edges];
    let mut out = vec![7; edges];
    let refused = lent
        .complex()
        .project_weighted(&of(largest as i32 + 1), &trust, &mut out);
    assert_eq!(refused, Err(Error::Range));
    assert_eq!((out, &lent.words), (vec![7; edges], &before));
    let p = weighted(&mut lent, &of(largest as i32 / 4), &trust);
    assert!(
        Canonical::of(&annulus)
            .curl(&p)
            .iter()
            .all(|curl| *curl == 0)
    );
}
