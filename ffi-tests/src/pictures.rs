//! What do the pictures of `docs/reconciler.md` show? Results of the library, drawn.
//!
//! Nothing in them is drawn by hand: flows come from [`weir::complex`], exact values from the
//! oracle, and what a picture claims is asserted while it is drawn. Coordinates use no function
//! beyond the square root, so every machine writes the same bytes. `make pictures` writes the
//! files, a test compares them. Units: pixels; flows in raw units, 2^-16.

mod rounding;
mod svg;

use crate::oracle::Random;
use crate::oracle::complexes::{Plain, named, near};
use crate::oracle::lent::Lent;
use crate::oracle::reference::Canonical;
use std::collections::{BTreeMap, BTreeSet};
use svg::{DARK, Point, Svg};
use weir::complex::Parts;

/// Colours of blocks and parts.
const COLOURS: [&str; 7] = [
    "#1f6fb2", "#c4541a", "#2e8540", "#8a4fae", "#b8860b", "#0e8a8a", "#b5336b",
];
const QUIET: &str = "#8c959f";

/// Every picture: its path from the root, and its text.
#[must_use]
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("docs/reconciler-curl.svg", curl()),
        ("docs/reconciler-blocks.svg", blocks()),
        ("docs/reconciler-parts.svg", parts()),
        ("docs/reconciler-rounding.svg", rounding::picture()),
    ]
}

/// The index of a triangle's corners, from its row of curls.
fn corners(canonical: &Canonical, row: &[i64]) -> [usize; 3] {
    let ends = (0..row.len()).filter(|e| row[*e] != 0);
    let ids: BTreeSet<u16> = ends
        .flat_map(|e| [canonical.edges[e].0, canonical.edges[e].1])
        .collect();
    let mut ids = ids.into_iter().map(usize::from);
    [(); 3].map(|()| ids.next().expect("three corners"))
}

/// Where a potential is written, from its node.
const LIFTS: [(f64, f64); 5] = [
    (0.0, 22.0),
    (0.0, -21.0),
    (0.0, 22.0),
    (8.0, -28.0),
    (8.0, 22.0),
];

/// A small network before and after settling.
fn curl() -> String {
    let triangles = [[0, 1, 2], [1, 2, 3], [2, 3, 4]];
    let plain = named("strip", &triangles, &[(3, 5)]);
    let places = [
        (34, 190),
        (104, 76),
        (150, 262),
        (214, 104),
        (272, 240),
        (302, 76),
    ];
    // Edges 01 02 12 13 23 24 34 35.
    let flow = [60, 10, 25, 20, 45, 70, -20, 12];
    let canonical = Canonical::of(&plain);
    let mut lent = Lent::of(&plain);
    let settled = lent.project(&flow);
    let mut svg = Svg::new(680, 340, "A flow before and after settling");
    for (side, title, flow) in [
        (6.0, "given", &flow[..]),
        (344.0, "settled: no triangle has curl", &settled),
    ] {
        let at = |node: usize| Point::of(places[node]).moved(side, 8.0);
        svg.title(Point(side + 14.0, 34.0), title);
        let curls = canonical.curl(flow);
        for (row, curl) in canonical.curls.iter().zip(&curls) {
            let fill = if *curl == 0 { "#e6f4ea" } else { "#fde3d6" };
            svg.area(&corners(&canonical, row).map(at), fill);
        }
        for ((a, b), value) in canonical.edges.iter().zip(flow) {
            let colour = if *b == 5 { QUIET } else { COLOURS[0] };
            svg.arrow(at((*a).into()), at((*b).into()), *value, 80, colour);
        }
        for (row, curl) in canonical.curls.iter().zip(&curls) {
            let [a, b, c] = corners(&canonical, row).map(at);
            let colour = if *curl == 0 { COLOURS[2] } else { COLOURS[1] };
            // From a to b to c is clockwise if this is positive: y grows downwards.
            let turn = (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
            let sense = match *curl {
                0 => "",
                curl if (curl > 0) == (turn > 0.0) => "↻ ",
                _ => "↺ ",
            };
            let word = format!("{sense}{}", curl.abs());
            svg.word(Point::middle(&[a, b, c]), &word, 13, colour);
        }
        let potentials = if side > 100.0 {
            walk(&canonical, flow, 5)
        } else {
            vec![]
        };
        for node in 0..places.len() {
            svg.node(at(node), 11.0, DARK, &node.to_string());
        }
        for (node, (p, (x, y))) in potentials.iter().zip(LIFTS).enumerate() {
            svg.word(at(node).moved(x, y), &format!("p = {p}"), 12, "#57606a");
        }
    }
    svg.note(
        Point(20.0, 325.0),
        "On edges: flow in raw units. In triangles: curl. p: potential; a flow is p at the arrow's \
         end minus p at its start.",
    );
    svg.end()
}

/// Potentials of the first `nodes` nodes, from node 0 along edges; asserts that every edge agrees.
fn walk(canonical: &Canonical, flow: &[i32], nodes: usize) -> Vec<i32> {
    let mut known = BTreeMap::from([(0_u16, 0_i32)]);
    while known.len() < nodes {
        for ((a, b), f) in canonical.edges.iter().zip(flow) {
            if usize::from(*b) >= nodes {
                continue;
            }
            match (known.get(a).copied(), known.get(b).copied()) {
                (Some(p), None) => drop(known.insert(*b, p + f)),
                (None, Some(p)) => drop(known.insert(*a, p - f)),
                _ => {}
            }
        }
    }
    for ((a, b), f) in canonical.edges.iter().zip(flow) {
        if let (Some(p), Some(q)) = (known.get(a), known.get(b)) {
            assert_eq!(q - p, *f, "a gradient");
        }
    }
    known.into_values().collect()
}

fn find(parent: &[usize], mut item: usize) -> usize {
    while parent[item] != item {
        item = parent[item];
    }
    item
}

fn unite(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(parent, a), find(parent, b));
    parent[a.max(b)] = a.min(b);
}

/// The blocks of each edge by its smallest edge, and for each node its vertices: classes of
/// half-edges.
fn classes(canonical: &Canonical) -> (Vec<usize>, Vec<BTreeSet<usize>>) {
    let edges = canonical.edges.len();
    let mut block: Vec<usize> = (0..edges).collect();
    let mut half: Vec<usize> = (0..2 * edges).collect();
    let end = |edge: usize, node: u16| 2 * edge + usize::from(canonical.edges[edge].1 == node);
    for row in &canonical.curls {
        let sides: Vec<usize> = (0..edges).filter(|e| row[*e] != 0).collect();
        unite(&mut block, sides[0], sides[1]);
        unite(&mut block, sides[0], sides[2]);
        for corner in corners(canonical, row).map(|node| node as u16) {
            let meet =
                |e: &&usize| canonical.edges[**e].0 == corner || canonical.edges[**e].1 == corner;
            let two: Vec<usize> = sides.iter().filter(meet).map(|e| end(*e, corner)).collect();
            unite(&mut half, two[0], two[1]);
        }
    }
    let mut vertices = vec![BTreeSet::new(); canonical.nodes.len()];
    for (edge, (a, b)) in canonical.edges.iter().enumerate() {
        if canonical.curls.iter().any(|row| row[edge] != 0) {
            vertices[usize::from(*a)].insert(find(&half, 2 * edge));
            vertices[usize::from(*b)].insert(find(&half, 2 * edge + 1));
        }
    }
    let block = (0..edges).map(|edge| find(&block, edge)).collect();
    (block, vertices)
}

/// A random map of radios, its blocks in colours.
fn blocks() -> String {
    let mut random = Random(SEED);
    let mut points: Vec<(i64, i64)> = Vec::new();
    while points.len() < 60 {
        let p = (random.below(1000) as i64, random.below(560) as i64);
        let apart = |q: &(i64, i64)| (p.0 - q.0).pow(2) + (p.1 - q.1).pow(2) > 52 * 52;
        if points.iter().all(apart) {
            points.push(p);
        }
    }
    let plain = near("map", &points, 140);
    let canonical = Canonical::of(&plain);
    let (block, vertices) = classes(&canonical);
    let active = |edge: usize| canonical.curls.iter().any(|row| row[edge] != 0);
    let inside: Vec<usize> = (0..block.len()).filter(|e| active(*e)).collect();
    let kinds: BTreeSet<usize> = inside.iter().map(|e| block[*e]).collect();
    let colour = |edge: usize| {
        let place = kinds.iter().position(|kind| *kind == block[edge]);
        COLOURS[place.unwrap_or(0) % COLOURS.len()]
    };
    let count = solved(&plain);
    assert_eq!(count, kinds.len(), "the library has the same blocks");
    // Flows without curl in blocks, less potentials with one root per block.
    let split: usize = vertices.iter().map(BTreeSet::len).sum();
    let holes = inside.len() - canonical.rank() - (split - count);
    let at = |node: usize| Point::of(points[node]).scaled(0.628).moved(26.0, 54.0);
    let mut svg = Svg::new(680, 468, "The blocks of a network");
    svg.title(Point(20.0, 30.0), "blocks of a random map of radios");
    for row in &canonical.curls {
        let edge = row.iter().position(|sign| *sign != 0).expect("an edge");
        svg.veil(&corners(&canonical, row).map(at), colour(edge));
    }
    for (edge, (a, b)) in canonical.edges.iter().enumerate() {
        let (a, b) = (at((*a).into()), at((*b).into()));
        if active(edge) {
            svg.line(a, b, 2.2, colour(edge), "");
        } else {
            svg.line(a, b, 1.6, QUIET, "5 4");
        }
    }
    let mut pinched = 0;
    for (node, vertices) in vertices.iter().enumerate() {
        if vertices.len() > 1 {
            pinched += 1;
            svg.ring(at(node), 8.5, DARK);
        }
        svg.dot(at(node), 4.2, DARK);
    }
    let free = block.len() - inside.len();
    svg.note(
        Point(20.0, 434.0),
        &format!(
            "{} nodes, {} edges, {} triangles. {count} blocks, a colour each: solved, and made \
             again, one by one.",
            points.len(),
            block.len(),
            canonical.curls.len()
        ),
    );
    svg.note(
        Point(20.0, 454.0),
        &format!(
            "Dashed: {free} free edges, never touched. Rings: {pinched} pinch points, where nodes \
             are split. Cocycles: {holes}."
        ),
    );
    svg.end()
}

/// A map with pinch points, free edges, and a hole inside a block.
const SEED: u64 = 390;

/// Blocks that the library solves.
fn solved(plain: &Plain) -> usize {
    let mut random = Random(5);
    let draw = |_| random.signed(1000) as i32;
    let flow: Vec<i32> = plain.edges.iter().map(draw).collect();
    let mut out = flow.clone();
    let report = Lent::of(plain).complex().project(&flow, &mut out);
    report.unwrap().blocks.into()
}

/// The parts of one flow round a hole.
fn parts() -> String {
    let ring = [
        (0, 1),
        (1, 2),
        (2, 3),
        (0, 3),
        (4, 5),
        (5, 6),
        (6, 7),
        (4, 7),
    ];
    let spokes = [
        (0, 4),
        (1, 4),
        (1, 5),
        (2, 5),
        (2, 6),
        (3, 6),
        (3, 7),
        (0, 7),
    ];
    let edges = [ring, spokes].concat();
    let plain = crate::oracle::complexes::filled("frame", 8, edges);
    let places = [
        (30, 44),
        (300, 44),
        (300, 252),
        (30, 252),
        (165, 90),
        (236, 148),
        (165, 206),
        (94, 148),
    ];
    let canonical = Canonical::of(&plain);
    // Edges 01 03 04 07 12 14 15 23 25 26 36 37 45 47 56 67.
    let flow = [
        70, -14, 52, 18, 48, -10, 20, 16, 30, -36, 6, 34, 44, -30, 20, 12,
    ];
    let mut three = [
        vec![0; flow.len()],
        vec![0; flow.len()],
        vec![0; flow.len()],
    ];
    let [gradient, circulation, harmonic] = &mut three;
    let result = Lent::of(&plain).complex().decompose(
        &flow,
        Parts {
            gradient,
            circulation,
            harmonic,
        },
    );
    assert!(!result.unwrap().uncertified);
    let [gradient, circulation, harmonic] = three;
    for edge in 0..flow.len() {
        assert_eq!(
            flow[edge],
            gradient[edge] + circulation[edge] + harmonic[edge]
        );
    }
    assert!(
        canonical
            .curl(&gradient)
            .iter()
            .chain(&canonical.curl(&harmonic))
            .all(|c| *c == 0)
    );
    let mut svg = Svg::new(680, 606, "The parts of a flow around a hole");
    let panels = [
        ("flow", &flow[..], DARK),
        ("= gradient: potentials", &gradient, COLOURS[0]),
        ("+ circulation: round triangles", &circulation, COLOURS[1]),
        ("+ harmonic: round the hole", &harmonic, COLOURS[2]),
    ];
    for (index, (title, flow, colour)) in panels.into_iter().enumerate() {
        let (x, y) = (
            (index % 2) as f64 * 338.0 + 6.0,
            (index / 2) as f64 * 282.0 + 4.0,
        );
        let at = |node: usize| Point::of(places[node]).moved(x, y + 4.0);
        svg.title(Point(x + 14.0, y + 26.0), title);
        svg.area(&[0, 1, 2, 3].map(at), "#f2f4f7");
        svg.area(&[4, 5, 6, 7].map(at), "#ffffff");
        svg.word(at(4).moved(0.0, 62.0), "hole", 12, QUIET);
        for ((a, b), value) in canonical.edges.iter().zip(flow) {
            svg.arrow(at((*a).into()), at((*b).into()), *value, 70, colour);
        }
        for node in 0..places.len() {
            svg.dot(at(node), 5.0, DARK);
        }
    }
    svg.note(
        Point(20.0, 590.0),
        "On every edge the three parts add up to the flow, bit for bit. Gradient and harmonic have \
         curl 0 in all 8 triangles.",
    );
    svg.end()
}
