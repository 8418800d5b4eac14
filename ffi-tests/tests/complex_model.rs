//! Are projection and plan what exact rational arithmetic says?

use ffi_tests::evidence::FIRST_MESH;
use ffi_tests::oracle::Random;
use ffi_tests::oracle::complexes::{
    Plain, assortment, bowtie, cliques, erdos, geometric, named, near, sheet,
};
use ffi_tests::oracle::lent::Lent;
use ffi_tests::oracle::reference::Canonical;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::ToPrimitive;
use weir::complex::{Complex, Shape};

/// Samples: more when evidence is asked for; exact arithmetic is slow.
fn samples(quick: usize) -> usize {
    if std::env::var_os("WEIR_EVIDENCE").is_some() {
        quick * 8
    } else {
        quick
    }
}

/// Checks one complex against the exact projection; the largest error seen, in ulp.
fn check(plain: &Plain, random: &mut Random) -> f64 {
    let canonical = Canonical::of(plain);
    let mut lent = Lent::of(plain);
    let holes = lent.complex().betti1().unwrap();
    let flows: Vec<Vec<i32>> = [1 << 8, 1 << 20, 1 << 29]
        .iter()
        .map(|amplitude| {
            canonical
                .edges
                .iter()
                .map(|_| random.signed(*amplitude) as i32)
                .collect()
        })
        .collect();
    let (exact, denominator) = canonical.projections(&flows);
    let mut worst = 0.0_f64;
    for (flow, exact) in flows.iter().zip(&exact) {
        let got = lent.project(flow);
        for (got, exact) in got.iter().zip(exact) {
            if holes == 0 {
                let (floor, ceil) = (exact.div_floor(&denominator), exact.div_ceil(&denominator));
                let got = BigInt::from(*got);
                assert!(
                    got == floor || got == ceil,
                    "{}: {got} not {floor}",
                    plain.name
                );
            }
            let scaled: BigInt =
                (BigInt::from(*got) * &denominator - exact) * (1 << 20) / &denominator;
            worst = worst.max(scaled.to_f64().unwrap().abs() / f64::from(1 << 20));
        }
    }
    assert!(
        worst < if holes == 0 { 1.0 + 1.0 / 256.0 } else { 3.0 },
        "{}: {worst}",
        plain.name
    );
    worst
}

#[test]
fn projections_are_faithfully_rounded() {
    let mut random = Random(11);
    let all = assortment(&mut random, samples(110));
    let (mut plain_worst, mut holes_worst) = (0.0_f64, 0.0_f64);
    for plain in all {
        let worst = check(&plain, &mut random);
        if Lent::of(&plain).complex().betti1() == Ok(0) {
            plain_worst = plain_worst.max(worst);
        } else {
            holes_worst = holes_worst.max(worst);
        }
    }
    let command = "cargo test --profile checked -p ffi-tests --test complex_model";
    let row = "complex: largest error against the exact projection, without holes";
    FIRST_MESH.figure(row, plain_worst, "ulp", "<=", 1.0 + 1.0 / 256.0, command);
    let row = "complex: largest error against the exact projection, with holes";
    FIRST_MESH.measured(row, holes_worst, "ulp", command);
}

#[test]
fn larger_blocks_are_faithfully_rounded_too() {
    let mut random = Random(12);
    check(&sheet("grid", 9, 9, None), &mut random);
    for _ in 0..samples(3) {
        let map = geometric(&mut random, 70, 220);
        check(&map, &mut random);
    }
    let dense = erdos(&mut random, 16, 90);
    check(&dense, &mut random);
}

#[test]
fn cliques_are_found_as_by_brute_force() {
    let mut random = Random(13);
    for round in 0..samples(60) {
        let plain = erdos(
            &mut random,
            4 + (round % 12) as u16,
            20 + (round as u64 * 7) % 70,
        );
        let mut lent = Lent::shuffled(&plain, &mut random, true);
        let mut complex = lent.complex();
        let check = |complex: &Complex<'_>, edges: &[(u16, u16)]| {
            let found: Vec<[u16; 3]> = complex
                .triangles()
                .iter()
                .map(|t| {
                    let [ab, _, bc] = t.edges().map(|e| complex.edges()[usize::from(e)]);
                    [ab.low, ab.high, bc.high]
                })
                .collect();
            assert_eq!(found, cliques(edges));
        };
        check(&complex, &plain.edges);
        let mut edges = plain.edges.clone();
        random.shuffle(&mut edges);
        edges
            .drain(..edges.len() / 3)
            .for_each(|(a, b)| complex.remove_edge(a, b).unwrap());
        check(&complex, &edges);
        // Named triangles stay, the others go and come back.
        complex.set_fill_cliques(false).unwrap();
        assert_eq!(
            complex.triangles().len(),
            cliques(&edges).len(),
            "all were named"
        );
        complex.reset();
        plain
            .nodes
            .iter()
            .for_each(|id| complex.add_node(*id).unwrap());
        edges
            .iter()
            .for_each(|(a, b)| complex.add_edge(*a, *b).unwrap());
        let all = complex.triangles().to_vec();
        complex.set_fill_cliques(false).unwrap();
        assert!(complex.triangles().is_empty());
        complex.set_fill_cliques(true).unwrap();
        assert_eq!(complex.triangles(), all);
    }
}

fn plan(lent: &mut Lent, load: &[i32], capacity: &[u16], edges: usize) -> Option<(Vec<i32>, u64)> {
    let mut flow = vec![0; edges];
    let report = lent.complex().plan(load, capacity, &mut flow).ok()?;
    assert!(!report.uncertified);
    Some((flow, report.after))
}

#[test]
fn plans_are_the_exact_plans_to_the_bit() {
    let mut random = Random(14);
    for (round, plain) in assortment(&mut random, samples(110))
        .into_iter()
        .enumerate()
    {
        let canonical = Canonical::of(&plain);
        let mut lent = Lent::of(&plain);
        for amplitude in [1 << 8, 1 << 20, 1 << 26] {
            let load: Vec<i32> = canonical
                .nodes
                .iter()
                .map(|_| random.signed(amplitude) as i32)
                .collect();
            let capacity: Vec<u16> = canonical
                .nodes
                .iter()
                .map(|_| match (round % 3, random.below(5)) {
                    (0, _) => 7,
                    (_, 0) => 0,
                    (1, other) => other as u16,
                    _ => random.draw() as u16,
                })
                .collect();
            let (flow, after) = plan(&mut lent, &load, &capacity, canonical.edges.len()).unwrap();
            let (want, imbalance) = canonical.plan(&load, &capacity);
            let got: Vec<BigInt> = flow.iter().map(|f| BigInt::from(*f)).collect();
            assert_eq!(got, want, "{}", plain.name);
            assert_eq!(BigInt::from(after), imbalance, "{}", plain.name);
            conserves(&canonical, &load, &capacity, &flow, after);
        }
    }
}

/// What leaves nodes is what arrives, and nobody without capacity receives.
fn conserves(canonical: &Canonical, load: &[i32], capacity: &[u16], flow: &[i32], after: u64) {
    let mut held: Vec<i64> = load.iter().map(|l| i64::from(*l)).collect();
    let mut degree = vec![0_u64; held.len()];
    let mut stuck = vec![true; held.len()];
    for ((a, b), f) in canonical.edges.iter().zip(flow) {
        let (a, b) = (
            canonical.nodes.binary_search(a).unwrap(),
            canonical.nodes.binary_search(b).unwrap(),
        );
        held[a] -= i64::from(*f);
        held[b] += i64::from(*f);
        degree[a] += 1;
        degree[b] += 1;
        stuck[a] &= capacity[b] == 0;
        stuck[b] &= capacity[a] == 0;
        assert!(capacity[a] != 0 || capacity[b] != 0 || *f == 0);
    }
    let sum: i64 = load.iter().map(|l| i64::from(*l)).sum();
    assert_eq!(held.iter().sum::<i64>(), sum);
    let kept = (0..held.len()).filter(|v| capacity[*v] == 0 && stuck[*v]);
    let most = kept
        .map(|v| u64::from(load[v].unsigned_abs()))
        .max()
        .unwrap_or(0);
    for v in (0..held.len()).filter(|v| capacity[*v] == 0) {
        assert_eq!(held[v], if stuck[v] { i64::from(load[v]) } else { 0 });
    }
    assert!(
        after <= most.max(degree.into_iter().max().unwrap_or(0)),
        "imbalance {after}"
    );
}

#[test]
fn fractions_next_to_the_threshold_fall_on_the_right_side() {
    // Two nodes, every fraction with a denominator just above 2^17: some lie within 2^-18 of the
    // threshold.
    let mut lent = Lent::of(&named("pair", &[], &[(0, 1)]));
    let capacity = [65_535_u16, 65_534];
    let weight = i64::from(capacity[0]) + i64::from(capacity[1]);
    for total in 0..weight {
        // The potential of node 1 is what it has above its target.
        let potential = i128::from(total * weight - total * i64::from(capacity[1]));
        let raised = potential * 65_536 + 25_033 * i128::from(weight);
        let unit = i128::from(weight) << 16;
        let above = raised.rem_euclid(unit);
        if total % 512 == 0 || above.min(unit - above) < unit >> 14 {
            let load = [0, total as i32];
            let (flow, _) = plan(&mut lent, &load, &capacity, 1).unwrap();
            assert_eq!(i128::from(-flow[0]), raised.div_euclid(unit), "{total}");
        }
    }
}

#[test]
fn plans_of_any_loads_are_exact_or_refused() {
    let mut random = Random(15);
    let mut refused = 0;
    for plain in assortment(&mut random, samples(60)) {
        let canonical = Canonical::of(&plain);
        let mut lent = Lent::of(&plain);
        for round in 0..4 {
            let extreme = [i32::MIN, i32::MAX];
            let load: Vec<i32> = canonical
                .nodes
                .iter()
                .map(|_| {
                    if round < 2 {
                        extreme[random.below(2) as usize]
                    } else {
                        random.draw() as i32
                    }
                })
                .collect();
            let capacity: Vec<u16> = canonical
                .nodes
                .iter()
                .map(|_| {
                    if random.below(4) == 0 {
                        0
                    } else {
                        u16::MAX - random.below(9) as u16
                    }
                })
                .collect();
            let (want, _) = canonical.plan(&load, &capacity);
            let fits = want.iter().all(|f| f.to_i32().is_some());
            match plan(&mut lent, &load, &capacity, canonical.edges.len()) {
                Some((flow, _)) => {
                    assert_eq!(
                        flow.iter().map(|f| BigInt::from(*f)).collect::<Vec<_>>(),
                        want
                    );
                }
                None => {
                    refused += 1;
                    assert!(!fits, "{} refused a plan that fits", plain.name);
                }
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn the_fixture_of_the_predecessor_costs_what_is_known() {
    let mut lent = Lent::of(&bowtie());
    let one = 1 << 16;
    let mut load = [100 * one; 7];
    load[0] = 150 * one;
    let mut flow = [0; 8];
    let report = lent.complex().plan(&load, &[1; 7], &mut flow).unwrap();
    let values: Vec<f64> = flow
        .iter()
        .map(|f| f64::from(*f) / f64::from(one))
        .collect();
    let sum: f64 = values.iter().map(|v| v.abs()).sum();
    let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    assert!((sum - 107.1).abs() < 0.05, "{sum}");
    assert!((norm - 41.85).abs() < 0.005, "{norm}");
    // 150 - 750 / 7 = 300 / 7, rounded up.
    assert_eq!(report.before, (300_u64 << 16).div_ceil(7));
    assert!(report.after <= 4, "{report:?}");
}

/// The 54 motes of the Intel lab, in half metres.
const LAB: [(i64, i64); 54] = [
    (43, 46),
    (49, 40),
    (39, 38),
    (45, 30),
    (49, 24),
    (39, 24),
    (45, 16),
    (49, 8),
    (43, 4),
    (39, 10),
    (33, 6),
    (27, 2),
    (25, 10),
    (17, 12),
    (11, 6),
    (3, 4),
    (3, 16),
    (11, 20),
    (7, 26),
    (1, 34),
    (9, 36),
    (3, 46),
    (12, 48),
    (3, 60),
    (9, 60),
    (15, 62),
    (17, 52),
    (21, 62),
    (25, 52),
    (27, 62),
    (31, 56),
    (35, 62),
    (39, 52),
    (43, 60),
    (49, 54),
    (53, 62),
    (55, 52),
    (61, 62),
    (61, 52),
    (67, 56),
    (73, 60),
    (79, 60),
    (71, 48),
    (81, 44),
    (75, 38),
    (69, 32),
    (79, 28),
    (71, 20),
    (79, 12),
    (77, 2),
    (71, 8),
    (63, 12),
    (57, 10),
    (53, 4),
];

#[test]
fn the_lab_map_is_the_known_one() {
    let plain = near("lab", &LAB, 16);
    let lent = Lent::of(&plain);
    assert_eq!((plain.edges.len(), plain.triangles.len()), (153, 151));
    let degree = |v: u16| {
        plain
            .edges
            .iter()
            .filter(|(a, b)| *a == v || *b == v)
            .count()
    };
    assert!((0..54).map(degree).max() <= Some(10));
    // 230 entries are enough, 5 per node leave room.
    let shape = Shape {
        nodes: 54,
        edges: 153,
        triangles: 151,
        fill: 5,
    };
    let mut tight = Lent::new(shape);
    let mut complex = tight.complex();
    plain
        .nodes
        .iter()
        .for_each(|v| complex.add_node(*v).unwrap());
    plain
        .edges
        .iter()
        .for_each(|(a, b)| complex.add_edge(*a, *b).unwrap());
    complex.settle().unwrap();
    let mut random = Random(16);
    let f: Vec<i32> = plain
        .edges
        .iter()
        .map(|_| random.signed(1 << 22) as i32)
        .collect();
    let mut out = vec![0; f.len()];
    complex.project(&f, &mut out).unwrap();
    let load: Vec<i32> = plain
        .nodes
        .iter()
        .map(|_| random.signed(1 << 22) as i32)
        .collect();
    let mut flow = vec![0; f.len()];
    complex.plan(&load, &[3; 54], &mut flow).unwrap();
    let mut roomy = lent;
    assert_eq!(roomy.project(&f), out);
    check(&plain, &mut random);
}
