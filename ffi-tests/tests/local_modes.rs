//! Do the local modes of the projection keep what they promise? Potentials that neighbours relax
//! give the bits of the projection; triangles that give back circulation change no node's load.

use ffi_tests::evidence::{EXACT_AND_FAST, cases};
use ffi_tests::oracle::Random;
use ffi_tests::oracle::complexes::{
    Plain, assortment, bowtie, classics, cliques, erdos, filled, named, sheet,
};
use ffi_tests::oracle::lent::Lent;
use ffi_tests::oracle::reference::Canonical;
use proptest::prelude::*;
use weir::complex::loops::{Loops, relax_triangle};
use weir::complex::relax::{Across, POTENTIAL_GUARD, POTENTIAL_MAX, publish, relax};
use weir::complex::{Edge, Error};

const COMMAND: &str = "cargo test --profile checked -p ffi-tests --test local_modes";

/// What every edge of a complex joins: split vertices, and whether a vertex is the root of its
/// block. Found as nodes would find it: corners from triangles, roots by flooding.
struct Split {
    /// Edge numbers with the vertices at their ends.
    edges: Vec<(usize, usize, usize)>,
    root: Vec<bool>,
}

impl Split {
    fn of(lent: &mut Lent) -> Self {
        let complex = lent.complex();
        let mut at = vec![[None; 2]; complex.edges().len()];
        let mut vertices = 0;
        for &id in complex.nodes() {
            let mut corner = vec![0; complex.degree(id)];
            let count = complex.corners(id, &mut corner).unwrap();
            let here = (0..at.len()).filter(|e| {
                let edge = complex.edges()[*e];
                edge.low == id || edge.high == id
            });
            for (edge, number) in here.zip(&corner) {
                let end = usize::from(complex.edges()[edge].high == id);
                at[edge][end] = (*number != u16::MAX).then(|| vertices + usize::from(*number));
            }
            vertices += usize::from(count);
        }
        let joined = (0..at.len()).filter_map(|e| Some((e, at[e][0]?, at[e][1]?)));
        let edges: Vec<_> = joined.collect();
        // Every vertex floods the smallest edge it knows of.
        let mut least = vec![Edge { low: 9, high: 0 }; vertices];
        least.fill(Edge {
            low: u16::MAX,
            high: u16::MAX,
        });
        for _ in 0..vertices {
            for &(e, a, b) in &edges {
                let best = least[a].min(least[b]).min(complex.edges()[e]);
                (least[a], least[b]) = (best, best);
            }
        }
        let mut root = vec![false; vertices];
        for &(e, a, _) in &edges {
            root[a] |= least[a] == complex.edges()[e];
        }
        Self { edges, root }
    }

    fn published(&self, flow: &[i32], x: &[i64]) -> Vec<i32> {
        let mut out = flow.to_vec();
        for &(e, a, b) in &self.edges {
            out[e] = publish(x[a], x[b]).unwrap();
        }
        out
    }

    /// Relaxes until nothing moves; `order` says who acts and how old what it hears is. Returns the
    /// potentials and the rounds.
    fn settle(&self, flow: &[i32], mut faults: Option<&mut Random>) -> (Vec<i64>, u32) {
        let n = self.root.len();
        let mut around = vec![Vec::new(); n];
        for &(e, a, b) in &self.edges {
            around[b].push((a, flow[e], 0_usize));
            around[a].push((b, -flow[e], 0_usize));
        }
        let mut x = vec![0_i64; n];
        let mut older = x.clone();
        let (mut rounds, mut calm) = (0, 0);
        while calm < 60 {
            let now = x.clone();
            let mut moved = false;
            for v in (0..n).filter(|v| !self.root[*v]) {
                let asleep = faults.as_mut().is_some_and(|r| r.below(10) < 3);
                if asleep {
                    continue;
                }
                let heard: Vec<Across> = around[v]
                    .iter()
                    .map(|&(u, inflow, _)| {
                        let stale = faults.as_mut().is_some_and(|r| r.below(10) < 3);
                        let potential = if stale { older[u] } else { now[u] };
                        Across { potential, inflow }
                    })
                    .collect();
                if let Some(next) = relax(x[v], heard.into_iter()) {
                    x[v] = next;
                    moved = true;
                }
            }
            older = now;
            calm = if moved { 0 } else { calm + 1 };
            rounds += u32::from(moved);
            assert!(rounds < 200_000, "no rest");
            if faults.is_none() && !moved {
                break;
            }
        }
        (x, rounds)
    }
}

fn strip(n: u16) -> Plain {
    let triangles: Vec<[u16; 3]> = (0..n).map(|i| [i, i + 1, i + 2]).collect();
    named("strip", &triangles, &[])
}

fn flow(random: &mut Random, edges: usize, amplitude: i64) -> Vec<i32> {
    (0..edges)
        .map(|_| random.signed(amplitude) as i32)
        .collect()
}

#[test]
fn relaxed_potentials_publish_the_bits_of_the_projection() {
    let families = [
        ("strip 5", strip(5)),
        ("K8", erdos(&mut Random(1), 8, 101)),
        ("grid 4x4", sheet("grid", 3, 3, None)),
        ("grid 6x6", sheet("grid", 5, 5, None)),
        ("grid 8x8", sheet("grid", 7, 7, None)),
    ];
    let mut random = Random(71);
    for (name, plain) in families {
        let mut lent = Lent::of(&plain);
        let split = Split::of(&mut lent);
        assert_eq!(split.root.iter().filter(|r| **r).count(), 1, "{name}");
        let (mut synchronous, mut rough) = (0, 0);
        for _ in 0..3 {
            let flow = flow(&mut random, plain.edges.len(), 100 << 16);
            let want = lent.project(&flow);
            let (x, rounds) = split.settle(&flow, None);
            assert_eq!(split.published(&flow, &x), want, "{name}");
            synchronous = synchronous.max(rounds);
            let (x, rounds) = split.settle(&flow, Some(&mut random));
            assert_eq!(
                split.published(&flow, &x),
                want,
                "{name}, sleeping and stale"
            );
            rough = rough.max(rounds);
        }
        let row = format!("local potentials, {name}: synchronous rounds to the bits of projection");
        EXACT_AND_FAST.measured(&row, synchronous, "rounds", COMMAND);
        let row = format!("local potentials, {name}: rounds with 30 % asleep and 30 % stale");
        EXACT_AND_FAST.measured(&row, rough, "rounds", COMMAND);
        println!("{name}: {synchronous} synchronous, {rough} rough");
    }
}

#[test]
fn pinch_points_split_and_every_block_finds_its_root() {
    let mut random = Random(72);
    let two_sheets = [[0, 1, 2], [1, 2, 3], [3, 4, 5], [4, 5, 6], [9, 3, 8]];
    for plain in [bowtie(), named("chain", &two_sheets, &[(9, 10), (0, 9)])] {
        let mut lent = Lent::of(&plain);
        let split = Split::of(&mut lent);
        let roots = split.root.iter().filter(|r| **r).count();
        assert_eq!(roots, if plain.name == "bowtie" { 2 } else { 3 });
        for _ in 0..20 {
            let flow = flow(&mut random, plain.edges.len(), 1 << 29);
            let (x, _) = split.settle(&flow, None);
            assert_eq!(
                split.published(&flow, &x),
                lent.project(&flow),
                "{}",
                plain.name
            );
        }
    }
    let mut lent = Lent::of(&bowtie());
    let complex = lent.complex();
    let mut corner = [7; 4];
    assert_eq!(complex.corners(2, &mut corner), Ok(2));
    assert_eq!(corner, [0, 0, 1, 1]);
    assert_eq!(complex.corners(4, &mut corner[..3]), Ok(1));
    assert_eq!(corner[..3], [0, 0, u16::MAX]);
    assert_eq!(complex.corners(77, &mut corner), Err(Error::Missing));
    assert_eq!(complex.corners(2, &mut corner[..3]), Err(Error::Length));
}

#[test]
fn corners_are_the_components_of_the_link() {
    let mut random = Random(73);
    for plain in assortment(&mut random, 60) {
        let mut lent = Lent::of(&plain);
        let complex = lent.complex();
        for &id in complex.nodes() {
            let mut link: Vec<u16> = plain.edges.iter().filter_map(|e| other(*e, id)).collect();
            link.sort_unstable();
            let mut corner = vec![0; complex.degree(id)];
            let count = complex.corners(id, &mut corner).unwrap();
            assert_eq!(link.len(), corner.len());
            let named = plain.triangles.iter().filter(|t| t.contains(&id));
            let all = cliques(&plain.edges);
            let filled = all.iter().filter(|t| t.contains(&id) && plain.fill);
            let mut parts = named.chain(filled).collect::<Vec<_>>();
            parts.dedup();
            let number = |n: u16| corner[link.binary_search(&n).unwrap()];
            for triangle in parts {
                let two: Vec<u16> = triangle.iter().copied().filter(|n| *n != id).collect();
                assert_eq!(number(two[0]), number(two[1]));
                assert!(number(two[0]) < count);
            }
            let distinct: std::collections::BTreeSet<_> =
                corner.iter().filter(|c| **c != u16::MAX).collect();
            assert_eq!(distinct.len(), usize::from(count));
        }
    }
}

fn other((a, b): (u16, u16), id: u16) -> Option<u16> {
    match id {
        _ if a == id => Some(b),
        _ if b == id => Some(a),
        _ => None,
    }
}

/// Norm, and net flow of every node.
fn energy(flow: &[i32]) -> i128 {
    flow.iter().map(|f| i128::from(*f).pow(2)).sum()
}

fn net(canonical: &Canonical, flow: &[i32]) -> Vec<i64> {
    let mut net = vec![0; canonical.nodes.len()];
    for ((a, b), f) in canonical.edges.iter().zip(flow) {
        net[canonical.nodes.binary_search(a).unwrap()] -= i64::from(*f);
        net[canonical.nodes.binary_search(b).unwrap()] += i64::from(*f);
    }
    net
}

fn relaxed(plain: &Plain, flow: &[i32]) -> (Vec<i32>, Loops) {
    let canonical = Canonical::of(plain);
    let mut lent = Lent::of(plain);
    let complex = lent.complex();
    let mut now = flow.to_vec();
    let mut sweeps = 0;
    loop {
        let before = now.clone();
        let worst = complex.max_curl(&before).unwrap();
        let report = complex.relax_triangles(&mut now, 1).unwrap();
        assert_eq!(report.sweeps, 1);
        assert_eq!(
            net(&canonical, &now),
            net(&canonical, &before),
            "{}",
            plain.name
        );
        assert_eq!(report.curl_max, complex.max_curl(&now).unwrap());
        if now == before {
            assert!(worst <= 1 || report.held > 0, "{}: {worst}", plain.name);
            let mut at_once = flow.to_vec();
            let once = complex.relax_triangles(&mut at_once, u16::MAX).unwrap();
            assert_eq!((at_once, once.sweeps), (now.clone(), sweeps + 1));
            return (now, Loops { sweeps, ..report });
        }
        assert!(energy(&now) < energy(&before));
        sweeps += 1;
        assert!(sweeps < 20_000);
    }
}

#[test]
fn triangles_give_back_circulation_and_no_load_and_no_projected_bit_changes() {
    let mut random = Random(74);
    let (mut most, mut over, mut worst) = (0, String::new(), 0);
    let mut all: Vec<Plain> = classics().into_iter().map(|(plain, _)| plain).collect();
    all.extend(assortment(&mut random, 90).into_iter().skip(all.len()));
    for plain in all {
        for amplitude in [2, 1 << 16, 1 << 26] {
            let flow = flow(&mut random, plain.edges.len(), amplitude);
            let (now, report) = relaxed(&plain, &flow);
            assert_eq!(report.held, 0, "{}", plain.name);
            worst = worst.max(report.curl_max);
            let mut lent = Lent::of(&plain);
            assert_eq!(lent.project(&now), lent.project(&flow), "{}", plain.name);
            if report.sweeps > most {
                (most, over) = (report.sweeps, plain.name.clone());
            }
        }
    }
    EXACT_AND_FAST.figure(
        "triangle relaxation: largest curl at rest, 90 complexes, 3 amplitudes",
        worst,
        "ulp",
        "<=",
        1,
        COMMAND,
    );
    assert!(worst <= 1);
    let row = "triangle relaxation: most sweeps to rest, 90 complexes, 3 amplitudes";
    EXACT_AND_FAST.measured(row, most, "sweeps", COMMAND);
    println!("most sweeps: {most} ({over})");
}

#[test]
fn edges_at_the_ends_of_the_range_are_held_and_never_wrap() {
    let mut random = Random(75);
    let mut held = 0;
    for plain in assortment(&mut random, 60) {
        let flow: Vec<i32> = plain
            .edges
            .iter()
            .map(|_| [i32::MIN, i32::MAX, 0][random.below(3) as usize])
            .collect();
        held += u32::from(relaxed(&plain, &flow).1.held);
    }
    assert!(held > 0, "the extremes are reached");
    // A third of -2^31 back would take the first edge out of the range.
    let full = [i32::MAX, i32::MAX, i32::MIN];
    assert_eq!(relax_triangle(full), full);
    let nearly = [i32::MAX - 5, i32::MAX, i32::MIN];
    assert_eq!(relax_triangle(nearly)[0], i32::MAX);
}

#[test]
fn a_slice_of_another_length_is_refused_and_untouched() {
    let mut lent = Lent::of(&bowtie());
    let mut flow = [9; 7];
    let refused = lent.complex().relax_triangles(&mut flow, 3);
    assert_eq!((refused, flow), (Err(Error::Length), [9; 7]));
    let empty = filled("empty", 3, vec![]);
    let report = Lent::of(&empty).complex().relax_triangles(&mut [], 9);
    assert_eq!(report.map(|r| (r.curl_max, r.sweeps)), Ok((0, 1)));
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn a_triangle_keeps_every_node_and_falls(flow in any::<[i32; 3]>(), narrow in any::<[i8; 3]>(),
                                             which in any::<bool>()) {
        let flow = if which { narrow.map(i32::from) } else { flow };
        let [ab, ac, bc] = flow.map(i64::from);
        let now = relax_triangle(flow);
        let [ab2, ac2, bc2] = now.map(i64::from);
        prop_assert_eq!((ab + ac, bc - ab, ac + bc), (ab2 + ac2, bc2 - ab2, ac2 + bc2));
        let curl = (ab + bc - ac).abs();
        let fits = [ab, ac, bc].into_iter().all(|f| f.abs() < 1 << 30);
        if curl >= 2 && fits {
            prop_assert!(energy(&now) < energy(&flow));
            prop_assert!((ab2 + bc2 - ac2).abs() <= 1);
        } else if curl <= 1 {
            prop_assert_eq!(now, flow);
        } else {
            prop_assert!(energy(&now) <= energy(&flow));
        }
    }

    #[test]
    fn relaxing_is_the_rounded_mean_of_any_numbers(
        own in any::<i64>(),
        edges in proptest::collection::vec((any::<i64>(), any::<i32>()), 0..40),
    ) {
        let heard = edges.iter().map(|(potential, inflow)| Across {
            potential: *potential,
            inflow: *inflow,
        });
        let held = |x: i64| i128::from(x.clamp(-POTENTIAL_MAX, POTENTIAL_MAX));
        let term = |(x, f): &(i64, i32)| held(*x) + (i128::from(*f) << POTENTIAL_GUARD);
        let sum: i128 = edges.iter().map(term).sum();
        let degree = edges.len() as i128;
        let next = relax(own, heard);
        if degree == 0 {
            prop_assert_eq!(next, None);
        } else if (2 * (sum - degree * i128::from(own))).abs() <= degree {
            prop_assert_eq!(next, None);
        } else {
            let limit = i128::from(POTENTIAL_MAX);
            let near = (2 * sum + degree - 1).div_euclid(2 * degree).clamp(-limit, limit);
            prop_assert_eq!(next.map_or(i128::from(own), i128::from), near);
        }
    }

    #[test]
    fn both_ends_publish_one_flow_or_none(low in any::<i64>(), high in any::<i64>(), cut in 0..40) {
        let (low, high) = (low >> cut, high >> cut);
        let floor = |x: i64| (i128::from(x) * 65_536 + (25_033 << 24)).div_euclid(1 << 40);
        let want = i32::try_from(floor(high) - floor(low)).ok();
        let inside = low.abs() < POTENTIAL_MAX && high.abs() < POTENTIAL_MAX;
        prop_assert_eq!(publish(low, high), want.filter(|_| inside));
    }
}
