//! What holds of the projection for every complex and every flow?

use ffi_tests::evidence::{EXACT_AND_FAST, FIRST_MESH};
use ffi_tests::oracle::Random;
use ffi_tests::oracle::complexes::{
    Plain, assortment, band, bowtie, classics, cliques, erdos, filled, geometric, named, sheet,
};
use ffi_tests::oracle::lent::Lent;
use ffi_tests::oracle::reference::Canonical;
use weir::complex::{Complex, Error, Shape};

const AMPLITUDES: [i64; 3] = [1 << 8, 1 << 20, 1 << 29];

/// Samples: many more when evidence is asked for.
fn samples(quick: usize) -> usize {
    if std::env::var_os("WEIR_EVIDENCE").is_some() {
        quick * 40
    } else {
        quick
    }
}

fn flow(random: &mut Random, edges: usize, amplitude: i64) -> Vec<i32> {
    (0..edges)
        .map(|_| random.signed(amplitude) as i32)
        .collect()
}

fn sample(seed: u64, quick: usize) -> (Random, Vec<Plain>) {
    let mut random = Random(seed);
    let all = assortment(&mut random, samples(quick));
    (random, all)
}

#[test]
fn projections_have_no_curl_and_project_to_themselves() {
    let (mut random, all) = sample(1, 120);
    let count = all.len() * AMPLITUDES.len();
    for plain in all {
        let canonical = Canonical::of(&plain);
        let mut lent = Lent::of(&plain);
        for amplitude in AMPLITUDES {
            let f = flow(&mut random, canonical.edges.len(), amplitude);
            let p = lent.project(&f);
            assert!(
                canonical.curl(&p).iter().all(|c| *c == 0),
                "{}: {amplitude}",
                plain.name
            );
            assert_eq!(lent.project(&p), p, "{}: {amplitude}", plain.name);
        }
    }
    let command = "cargo test --profile checked -p ffi-tests --test complex_laws";
    FIRST_MESH.measured(
        "complex: projections tried, complexes x amplitudes",
        count,
        "",
        command,
    );
    FIRST_MESH.figure("complex: projections with curl", 0, "", "==", 0, command);
    FIRST_MESH.figure(
        "complex: projections changed by projecting again",
        0,
        "",
        "==",
        0,
        command,
    );
}

#[test]
fn edges_in_no_triangle_keep_their_flow() {
    let (mut random, all) = sample(2, 60);
    for plain in all {
        let canonical = Canonical::of(&plain);
        let f = flow(&mut random, canonical.edges.len(), 1 << 20);
        let p = Lent::of(&plain).project(&f);
        for edge in 0..f.len() {
            if canonical.curls.iter().all(|row| row[edge] == 0) {
                assert_eq!(p[edge], f[edge]);
            }
        }
    }
}

#[test]
fn order_and_orientation_of_what_was_added_change_no_byte() {
    let (mut random, all) = sample(3, 60);
    for plain in all {
        let f = flow(&mut random, plain.edges.len(), 1 << 24);
        let mut first = Lent::of(&plain);
        let p = first.project(&f);
        for _ in 0..3 {
            let mut other = Lent::shuffled(&plain, &mut random, true);
            assert_eq!(other.project(&f), p, "{}", plain.name);
            assert_eq!(other.words, first.words, "{}", plain.name);
        }
    }
    let row = "complex: results changed by insertion order or orientation";
    let command = "cargo test --profile checked -p ffi-tests --test complex_laws";
    FIRST_MESH.figure(row, 0, "", "==", 0, command);
}

#[test]
fn a_complex_does_not_remember_what_was_removed() {
    let (mut random, all) = sample(4, 60);
    for plain in all {
        let f = flow(&mut random, plain.edges.len(), 1 << 24);
        let mut clean = Lent::of(&plain);
        let mut used = clean.clone();
        let want = clean.project(&f);
        for round in 0..6 {
            let (a, b) = plain.edges[random.below(plain.edges.len() as u64) as usize];
            let mut complex = used.complex();
            complex.remove_edge(b, a).unwrap();
            if round % 3 != 0 {
                complex.settle().unwrap();
            }
            assert_eq!(complex.remove_edge(a, b), Err(Error::Missing));
            complex.add_edge(b, a).unwrap();
            for [x, y, z] in &plain.triangles {
                complex.add_triangle(*z, *x, *y).unwrap();
            }
            assert_eq!(used.project(&f), want, "{}", plain.name);
        }
        // The topology is the same to the byte; so is the rest once it is made anew.
        let (mut clean, mut used) = (clean.complex(), used.complex());
        assert_eq!(used.nodes(), clean.nodes());
        assert_eq!(used.edges(), clean.edges());
        let sides = |complex: &Complex<'_>| {
            let triangles = complex.triangles().iter();
            triangles.map(|t| t.edges()).collect::<Vec<_>>()
        };
        assert_eq!(sides(&used), sides(&clean));
        assert_eq!(used.betti1(), clean.betti1());
    }
}

/// Adds and removes edges and nodes at random and compares with a complex made anew each time.
#[test]
fn incremental_changes_give_the_bits_of_a_fresh_complex() {
    let (mut random, all) = sample(14, 40);
    let mut kept = 0;
    for plain in all.into_iter().filter(|plain| plain.fill) {
        let ids = plain.nodes.clone();
        let mut edges = plain.edges.clone();
        let mut moving = Lent::new(Shape {
            nodes: ids.len() as u16,
            edges: 600,
            triangles: 4000,
            fill: 30,
        });
        let mut complex = moving.complex();
        ids.iter().for_each(|id| complex.add_node(*id).unwrap());
        edges
            .iter()
            .for_each(|(a, b)| complex.add_edge(*a, *b).unwrap());
        for _ in 0..12 {
            let mut complex = moving.complex();
            if random.below(6) == 0 {
                let gone = ids[random.below(ids.len() as u64) as usize];
                complex.remove_node(gone).unwrap();
                edges.retain(|(a, b)| *a != gone && *b != gone);
                complex.add_node(gone).unwrap();
            } else if random.below(2) == 0 && !edges.is_empty() {
                let (a, b) = edges.swap_remove(random.below(edges.len() as u64) as usize);
                complex.remove_edge(a, b).unwrap();
            } else {
                let a = ids[random.below(ids.len() as u64) as usize];
                let b = ids[random.below(ids.len() as u64) as usize];
                let known = edges.iter().any(|e| *e == (a, b) || *e == (b, a));
                if a != b && !known {
                    complex.add_edge(a, b).unwrap();
                    edges.push((a, b));
                }
            }
            if random.below(3) == 0 {
                continue;
            }
            let mut fresh = Lent::of(&Plain {
                name: "fresh".into(),
                nodes: ids.clone(),
                triangles: cliques(&edges),
                edges: edges.clone(),
                fill: true,
            });
            let f = flow(&mut random, edges.len(), 1 << 22);
            let mut got = vec![0; f.len()];
            let mut complex = moving.complex();
            let report = complex.project(&f, &mut got).unwrap();
            assert!(!report.uncertified);
            kept += u32::from(report.blocks);
            assert_eq!(got, fresh.project(&f), "{}", plain.name);
            assert_eq!(complex.betti1(), fresh.complex().betti1());
            if random.below(4) == 0 {
                let load = flow(&mut random, ids.len(), 1 << 20);
                let mut want = got.clone();
                let capacity = vec![1; ids.len()];
                complex.plan(&load, &capacity, &mut got).unwrap();
                fresh.complex().plan(&load, &capacity, &mut want).unwrap();
                assert_eq!(got, want);
            }
        }
    }
    assert!(kept > 60, "{kept}");
}

#[test]
fn a_warm_start_changes_no_bit() {
    let (mut random, mut all) = sample(15, 40);
    all.push(sheet("grid", 8, 8, None));
    all.push(geometric(&mut random, 64, 220));
    let (mut cold, mut warm) = (0, 0);
    for plain in all {
        let settled = {
            let mut lent = Lent::of(&plain);
            lent.complex().settle().unwrap();
            lent
        };
        let mut moving = settled.clone();
        let mut f = flow(&mut random, plain.edges.len(), 1 << 24);
        for round in 0..6 {
            match round {
                0 | 3 => f = flow(&mut random, f.len(), 1 << (8 + 7 * round)),
                _ => {
                    let edge = random.below(f.len() as u64) as usize;
                    f[edge] = f[edge].wrapping_add(random.signed(1 << 12) as i32);
                }
            }
            let mut out = vec![0; f.len()];
            let after = moving.complex().project(&f, &mut out).unwrap();
            let mut first = settled.clone();
            let mut want = vec![0; f.len()];
            let before = first.complex().project(&f, &mut want).unwrap();
            assert_eq!(out, want, "{}", plain.name);
            if round % 3 != 0 {
                cold += u32::from(before.passes);
                warm += u32::from(after.passes);
            }
        }
    }
    assert!(warm < cold, "{warm} of {cold} passes");
}

/// A factor with little room or none is another factor, and its corrections are scaled: a second
/// and a third way to the same integers. With holes it may be too little, and then says so.
#[test]
fn partial_factors_and_none_give_the_same_bits() {
    let (mut random, mut all) = sample(16, 60);
    all.push(sheet("grid", 8, 8, None));
    all.push(geometric(&mut random, 64, 220));
    let (mut tried, mut flagged, mut most) = (0, 0, 0);
    for plain in all {
        let mut full = Lent::of(&plain);
        let holes = full.complex().betti1().unwrap();
        for fill in [0, 1, 2, 3] {
            let mut tight = Lent::tight(&plain, fill);
            for amplitude in AMPLITUDES {
                let f = flow(&mut random, plain.edges.len(), amplitude);
                let mut out = vec![0; f.len()];
                let report = match tight.complex().project(&f, &mut out) {
                    Ok(report) => report,
                    Err(Error::Full) => continue,
                    // The sizes of its cocycles were not found.
                    Err(Error::IllConditioned) if holes > 0 => continue,
                    Err(error) => panic!("{}: {error:?}", plain.name),
                };
                tried += 1;
                flagged += u32::from(report.uncertified);
                assert!(holes > 0 || !report.uncertified, "{} {fill}", plain.name);
                most = most.max(report.passes);
                if !report.uncertified {
                    assert_eq!(out, full.project(&f), "{} {fill}", plain.name);
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
    let command = "cargo test --profile checked -p ffi-tests --test complex_laws";
    let row = "complex: projections with a partial factor or none";
    EXACT_AND_FAST.measured(row, tried, "", command);
    let row = "complex: of these UNCERTIFIED; all others have the bits of the full factor";
    EXACT_AND_FAST.measured(row, flagged, "", command);
    let row = "complex: most passes with a partial factor or none";
    EXACT_AND_FAST.measured(row, most, "", command);
}

#[test]
fn curl_free_parts_pass_through_and_triangle_circulations_vanish() {
    let (mut random, all) = sample(5, 80);
    for plain in all {
        let canonical = Canonical::of(&plain);
        let mut lent = Lent::of(&plain);
        let f = flow(&mut random, canonical.edges.len(), 1 << 20);
        // A curl-free flow with its cocycles: the projection of something else.
        let z = lent.project(&flow(&mut random, f.len(), 1 << 22));
        let mut moved: Vec<i32> = f.iter().zip(&z).map(|(f, z)| f + z).collect();
        for row in &canonical.curls {
            let b = random.signed(1 << 16) as i32;
            moved
                .iter_mut()
                .zip(row)
                .for_each(|(m, s)| *m += b * *s as i32);
        }
        let want: Vec<i32> = lent
            .project(&f)
            .iter()
            .zip(&z)
            .map(|(p, z)| p + z)
            .collect();
        assert_eq!(lent.project(&moved), want, "{}", plain.name);
    }
}

#[test]
fn long_rings_and_large_maps_obey_the_same_laws() {
    let mut random = Random(8);
    let mut all = vec![
        band(1000),
        band(401),
        sheet("torus", 18, 18, Some(false)),
        sheet("strip", 300, 1, None),
        sheet("grid", 18, 18, None),
        geometric(&mut random, 300, 90),
    ];
    if samples(1) > 1 {
        all.push(geometric(&mut random, 1000, 55));
        all.push(sheet("grid", 40, 40, None));
        all.push(band(2000));
    }
    for plain in all {
        let canonical = Canonical::of(&plain);
        let mut lent = Lent::of(&plain);
        for amplitude in [1 << 8, 1 << 22, 1 << 28] {
            let edges = canonical.edges.len();
            let f = flow(&mut random, edges, amplitude);
            let p = lent.project(&f);
            assert!(canonical.curl(&p).iter().all(|c| *c == 0), "{}", plain.name);
            assert_eq!(lent.project(&p), p, "{}", plain.name);
            let z = lent.project(&flow(&mut random, edges, amplitude));
            let moved: Vec<i32> = f.iter().zip(&z).map(|(f, z)| f + z).collect();
            let want: Vec<i32> = p.iter().zip(&z).map(|(p, z)| p + z).collect();
            assert_eq!(lent.project(&moved), want, "{}: {amplitude}", plain.name);
        }
    }
}

#[test]
fn blocks_do_not_see_each_other() {
    let mut lent = Lent::of(&bowtie());
    // Edges 01 02 12 23 24 34 45 56.
    let one = lent.project(&[7, -9, 100, 0, 0, 0, 5, -6]);
    let two = lent.project(&[7, -9, 100, 1 << 20, -3, 1 << 29, 5, -6]);
    assert_eq!(one[..3], two[..3]);
    assert_eq!(one[3..], [0, 0, 0, 5, -6]);
    assert_eq!(two[6..], [5, -6]);
}

#[test]
fn circulations_of_the_bowtie_vanish() {
    // The predecessor's flow (25, 25, -25, 25, 25, -25, 0, 0) on edges 01 12 02 23 34 24 45 56.
    let flow = [25, -25, 25, 25, -25, 25, 0, 0];
    assert_eq!(Lent::of(&bowtie()).project(&flow), [0; 8]);
}

#[test]
fn the_closed_form_of_a_triangle_is_within_one_unit() {
    let mut lent = Lent::of(&bowtie());
    for a in -4..5 {
        for b in -4..5 {
            let p = lent.project(&[a, b, 3, 0, 0, 0, 0, 0]);
            let curl = a + 3 - b;
            for (value, exact) in [(p[0], 3 * a - curl), (p[1], 3 * b + curl), (p[2], 9 - curl)] {
                assert!((3 * value - exact).abs() < 3, "{a} {b}: {value} {exact}/3");
            }
        }
    }
}

#[test]
fn any_flow_is_projected_or_refused_without_a_trace() {
    let (mut random, mut all) = sample(6, 60);
    all.push(sheet("grid", 8, 8, None));
    let mut refused = 0;
    for plain in all {
        let canonical = Canonical::of(&plain);
        let mut lent = Lent::of(&plain);
        lent.complex().settle().unwrap();
        for round in 0..6 {
            let edges = canonical.edges.len();
            let f: Vec<i32> = (0..edges)
                .map(|_| match (round, random.below(2)) {
                    (0..3, 0) => i32::MIN,
                    (0..3, _) => i32::MAX,
                    _ => random.draw() as i32,
                })
                .collect();
            let before = lent.words.clone();
            let mut out = vec![77; edges];
            match lent.complex().project(&f, &mut out) {
                Ok(_) => assert!(canonical.curl(&out).iter().all(|c| *c == 0)),
                Err(error) => {
                    refused += 1;
                    assert_eq!(error, Error::Range);
                    assert!(out.iter().all(|v| *v == 77));
                    assert_eq!(lent.words, before, "{}", plain.name);
                }
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_refusal_changes_no_later_result_and_on_a_settled_complex_no_byte() {
    let triangle = filled("triangle", 3, vec![(0, 1), (1, 2), (0, 2)]);
    let range = [i32::MAX, i32::MAX, i32::MIN];
    let (loads, open) = ([9, 8, 7], [0, 1, 0]);
    let mut lent = Lent::of(&triangle);
    lent.complex().settle().unwrap();
    let before = lent.words.clone();
    let mut out = [1; 3];
    assert_eq!(lent.complex().project(&range, &mut out), Err(Error::Range));
    assert_eq!(lent.words, before);
    lent.complex().plan(&loads, &open, &mut [0; 3]).unwrap();
    let before = lent.words.clone();
    let load = [0, 0, i32::MIN];
    assert_eq!(
        lent.complex().plan(&load, &open, &mut out),
        Err(Error::Range)
    );
    assert_eq!(lent.words, before);
    assert_eq!(out, [1; 3]);
    // What was resident is made again.
    assert_eq!(lent.complex().project(&range, &mut out), Err(Error::Range));
    assert_eq!(out, [1; 3]);
    assert_eq!(
        lent.project(&[5, -3, 4]),
        Lent::of(&triangle).project(&[5, -3, 4])
    );
}

#[test]
fn one_more_than_there_is_room_for_is_refused() {
    let shape = Shape {
        nodes: 4,
        edges: 5,
        triangles: 1,
        fill: 4,
    };
    let mut lent = Lent::new(shape);
    let mut complex = lent.complex();
    (1..5).for_each(|id| complex.add_node(id * 10).unwrap());
    assert_eq!(complex.add_node(50), Err(Error::Full));
    assert_eq!(complex.add_node(40), Ok(()));
    for (a, b) in [(10, 20), (20, 30), (30, 10), (30, 40)] {
        complex.add_edge(a, b).unwrap();
        assert_eq!(complex.add_edge(b, a), Ok(()));
    }
    let before = lent.words.clone();
    let mut complex = lent.complex();
    assert_eq!(complex.triangles().len(), 1);
    assert_eq!(
        complex.add_edge(20, 40),
        Err(Error::Full),
        "a second triangle"
    );
    assert_eq!(complex.add_edge(20, 20), Err(Error::Degenerate));
    assert_eq!(complex.add_edge(20, 25), Err(Error::Missing));
    assert_eq!(complex.add_triangle(10, 20, 40), Err(Error::Missing));
    assert_eq!(complex.add_triangle(10, 20, 10), Err(Error::Degenerate));
    assert_eq!(complex.remove_edge(20, 40), Err(Error::Missing));
    assert_eq!(complex.max_curl(&[0; 3]), Err(Error::Length));
    assert_eq!(complex.project(&[0; 4], &mut [0; 3]), Err(Error::Length));
    assert_eq!(
        complex.plan(&[0; 3], &[1; 4], &mut [0; 4]),
        Err(Error::Length)
    );
    assert_eq!(lent.words, before);
    let mut complex = lent.complex();
    complex.set_fill_cliques(false).unwrap();
    assert_eq!(complex.triangles().len(), 0);
    complex.add_edge(20, 40).unwrap();
    assert_eq!(complex.set_fill_cliques(true), Err(Error::Full));
    complex.add_triangle(40, 30, 20).unwrap();
    assert_eq!(complex.add_triangle(10, 30, 20), Err(Error::Full));
    assert_eq!(complex.add_edge(10, 40), Err(Error::Full), "a sixth edge");
}

#[test]
fn blocks_without_room_are_refused_and_the_topology_stays() {
    // Every other triangle of twelve nodes, drawn: no triangle decides a cocycle alone.
    let mut random = Random(17);
    let all = filled(
        "all",
        12,
        (0..12)
            .flat_map(|a| (a + 1..12).map(move |b| (a, b)))
            .collect(),
    );
    let mut refused = 0;
    for keep in 40..110 {
        let mut some = all.triangles.clone();
        random.shuffle(&mut some);
        some.truncate(keep);
        let plain = named("some", &some, &all.edges);
        let mut lent = Lent::tight(&plain, 0);
        let before = lent.words.clone();
        if let Err(error) = lent.complex().settle() {
            assert_eq!(error, Error::Full);
            assert_eq!(lent.words, before);
            let f = vec![0; plain.edges.len()];
            let mut out = f.clone();
            assert_eq!(lent.complex().project(&f, &mut out), Err(Error::Full));
            assert_eq!(lent.words, before);
            refused += 1;
        }
    }
    assert!(refused > 0);
}

#[test]
fn betti_numbers_of_the_classical_complexes() {
    for (plain, want) in classics() {
        assert_eq!(
            Canonical::of(&plain).betti1(),
            want as usize,
            "oracle: {}",
            plain.name
        );
        assert_eq!(
            Lent::of(&plain).complex().betti1(),
            Ok(want),
            "{}",
            plain.name
        );
    }
}

#[test]
fn betti_numbers_are_those_of_the_rank() {
    let (_, all) = sample(7, 100);
    for plain in all {
        let want = Canonical::of(&plain).betti1() as u32;
        assert_eq!(
            Lent::of(&plain).complex().betti1(),
            Ok(want),
            "{}",
            plain.name
        );
    }
}

#[test]
fn a_line_too_long_to_be_certain_is_refused_and_a_long_one_is_levelled() {
    let line = |nodes: u16| {
        let edges: Vec<_> = (1..nodes).map(|b| (b - 1, b)).collect();
        named("line", &[], &edges)
    };
    let mut lent = Lent::of(&line(3000));
    let before = lent.words.clone();
    let mut flow = vec![0; 2999];
    let refused = lent.complex().plan(&[7; 3000], &[1; 3000], &mut flow);
    assert_eq!(refused, Err(Error::IllConditioned));
    assert_eq!(lent.words, before);
    let mut load = [0; 1000];
    load[0] = 1_000_000;
    let mut flow = vec![0; 999];
    let report = Lent::of(&line(1000))
        .complex()
        .plan(&load, &[1; 1000], &mut flow)
        .unwrap();
    let want: Vec<i32> = (1..1000).map(|passed| 1_000_000 - 1000 * passed).collect();
    assert_eq!((flow, report.after), (want, 0));
}

#[test]
fn a_projection_is_the_plan_of_its_divergence_backwards() {
    // On one block without holes and pinch points both round the same potentials.
    let mut random = Random(9);
    let strip = sheet("strip", 40, 1, None);
    let triangle = named("triangle", &[[3, 5, 9]], &[]);
    for plain in [
        triangle,
        sheet("grid", 5, 6, None),
        erdos(&mut random, 12, 85),
        strip,
    ] {
        let canonical = Canonical::of(&plain);
        let mut lent = Lent::of(&plain);
        for amplitude in AMPLITUDES.map(|amplitude| amplitude >> 3) {
            let f = flow(&mut random, canonical.edges.len(), amplitude);
            let mut load = vec![0; canonical.nodes.len()];
            for ((low, high), f) in canonical.edges.iter().zip(&f) {
                load[canonical.nodes.binary_search(low).unwrap()] -= f;
                load[canonical.nodes.binary_search(high).unwrap()] += f;
            }
            let mut back = vec![0; f.len()];
            lent.complex()
                .plan(&load, &vec![5; load.len()], &mut back)
                .unwrap();
            let p = lent.project(&f);
            assert!(p.iter().zip(&back).all(|(p, b)| *p == -b), "{}", plain.name);
        }
    }
}

#[test]
fn an_empty_complex_answers() {
    let mut lent = Lent::new(Shape {
        nodes: 0,
        edges: 0,
        triangles: 0,
        fill: 0,
    });
    let mut complex = lent.complex();
    assert_eq!(complex.betti1(), Ok(0));
    assert_eq!(complex.project(&[], &mut []).map(|r| r.blocks), Ok(0));
    assert_eq!(complex.plan(&[], &[], &mut []).map(|r| r.after), Ok(0));
    assert_eq!(complex.add_node(1), Err(Error::Full));
}
