//! The networks everything is measured on, made from documented seeds.
//!
//! All are graphs whose cliques are filled, with node ids from 0. Flows are uniform in +-100.0 and
//! loads in 0..=1000.0, as raw Q16.16. Random geometric graphs: points uniform on the integers of a
//! square of side 10,000 by SplitMix64 from the seed, joined at most `radius` apart, nodes numbered
//! as drawn; the seeds were searched for the sizes of math.md 2.8 and 2.9.

use crate::oracle::Random;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Flows per network on the emulated target; the figure is their median.
pub const FLOWS: usize = 9;
/// Loads per network.
pub const LOADS: usize = 5;
/// Links that are taken down and up again.
pub const LINKS: usize = 16;
/// Arguments of each elementary function.
pub const INPUTS: usize = 63;
/// Flows and loads of every network come from this seed.
const SEED: u64 = 2026;

/// A graph whose cliques are filled.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// Its name, without spaces.
    pub name: &'static str,
    /// Nodes, with the ids from 0.
    pub nodes: u16,
    /// Edges, ascending, the smaller id first.
    pub edges: Vec<(u16, u16)>,
    /// Triangles, ascending.
    pub triangles: Vec<[u16; 3]>,
    /// Room of the factor, entries per node.
    pub fill: u16,
}

impl Fixture {
    fn new(name: &'static str, nodes: u16, mut edges: Vec<(u16, u16)>, fill: u16) -> Self {
        edges.sort_unstable();
        let triangles = cliques(nodes, &edges);
        Self {
            name,
            nodes,
            edges,
            triangles,
            fill,
        }
    }

    /// Edges of every triangle `a < b < c`: `ab`, `ac`, `bc`.
    #[must_use]
    pub fn incidence(&self) -> Vec<[u16; 3]> {
        let place = |a, b| self.edges.binary_search(&(a, b)).expect("an edge") as u16;
        let sides = |[a, b, c]: &[u16; 3]| [place(*a, *b), place(*a, *c), place(*b, *c)];
        self.triangles.iter().map(sides).collect()
    }

    /// `count` flows, one number per edge.
    #[must_use]
    pub fn flows(&self, count: usize) -> Vec<Vec<i32>> {
        let mut random = Random(SEED);
        let mut flow = |_| random.signed(100 << 16) as i32;
        (0..count)
            .map(|_| (0..self.edges.len()).map(&mut flow).collect())
            .collect()
    }

    /// `count` loads, one number per node.
    #[must_use]
    pub fn loads(&self, count: usize) -> Vec<Vec<i32>> {
        let mut random = Random(SEED + 1);
        let mut load = |_| random.below((1000 << 16) + 1) as i32;
        (0..count)
            .map(|_| (0..self.nodes).map(&mut load).collect())
            .collect()
    }
}

fn cliques(nodes: u16, edges: &[(u16, u16)]) -> Vec<[u16; 3]> {
    let mut above: Vec<BTreeSet<u16>> = vec![BTreeSet::new(); usize::from(nodes)];
    for (a, b) in edges {
        above[usize::from(*a)].insert(*b);
    }
    let mut found = Vec::new();
    for (a, b) in edges {
        let common = above[usize::from(*a)].intersection(&above[usize::from(*b)]);
        found.extend(common.map(|c| [*a, *b, *c]));
    }
    found
}

/// The predecessor's fixture: two triangles that share a node, and a tail of two edges.
#[must_use]
pub fn bowtie() -> Fixture {
    let edges = [
        (0, 1),
        (0, 2),
        (1, 2),
        (2, 3),
        (2, 4),
        (3, 4),
        (4, 5),
        (5, 6),
    ];
    Fixture::new("bowtie+tail", 7, edges.to_vec(), 4)
}

/// Every two of `nodes` joined.
#[must_use]
pub fn complete(name: &'static str, nodes: u16) -> Fixture {
    let pairs = (0..nodes).flat_map(|a| (a + 1..nodes).map(move |b| (a, b)));
    Fixture::new(name, nodes, pairs.collect(), nodes / 2)
}

/// `side` by `side` nodes, every square cut in two by the diagonal from its first to its last node.
#[must_use]
pub fn grid(name: &'static str, side: u16, fill: u16) -> Fixture {
    let at = |row: u16, column: u16| row * side + column;
    let mut edges = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let (down, right) = (row + 1 < side, column + 1 < side);
            if right {
                edges.push((at(row, column), at(row, column + 1)));
            }
            if down {
                edges.push((at(row, column), at(row + 1, column)));
            }
            if down && right {
                edges.push((at(row, column), at(row + 1, column + 1)));
            }
        }
    }
    Fixture::new(name, side * side, edges, fill)
}

/// `side` by `side` nodes in a square lattice, without triangles.
#[must_use]
pub fn lattice(name: &'static str, side: u16) -> Fixture {
    let crossing = |(a, b): &(u16, u16)| b - a == side + 1;
    let mut edges = grid(name, side, 0).edges;
    edges.retain(|edge| !crossing(edge));
    Fixture::new(name, side * side, edges, side)
}

/// A ring of `nodes`, without triangles.
#[must_use]
pub fn ring(name: &'static str, nodes: u16) -> Fixture {
    let next = (0..nodes).map(|node| (node.min((node + 1) % nodes), node.max((node + 1) % nodes)));
    Fixture::new(name, nodes, next.collect(), 4)
}

/// A random geometric graph.
#[must_use]
pub fn geometric(name: &'static str, seed: u64, nodes: u16, radius: i64, fill: u16) -> Fixture {
    let mut random = Random(seed);
    let mut draw = || random.below(10_000) as i64;
    let points: Vec<(i64, i64)> = (0..nodes).map(|_| (draw(), draw())).collect();
    let mut edges = Vec::new();
    for (a, p) in points.iter().enumerate() {
        for (b, q) in points.iter().enumerate().skip(a + 1) {
            if (p.0 - q.0).pow(2) + (p.1 - q.1).pow(2) <= radius.pow(2) {
                edges.push((a as u16, b as u16));
            }
        }
    }
    Fixture::new(name, nodes, edges, fill)
}

/// 32 nodes, 85 edges, 122 triangles, one block without holes.
#[must_use]
pub fn geometric_32() -> Fixture {
    geometric("geometric-32", 4753, 32, 2700, 6)
}

/// 64 nodes, 228 edges, 337 triangles, one block without holes.
#[must_use]
pub fn geometric_64() -> Fixture {
    geometric("geometric-64", 6638, 64, 2100, 6)
}

/// 64 nodes, 230 edges, 342 triangles, four holes: what such a graph looks like without a search
/// for one that has none.
#[must_use]
pub fn geometric_64_holes() -> Fixture {
    geometric("geometric-64-holes", 33, 64, 2100, 6)
}

/// 100 nodes, 430 edges, connected.
#[must_use]
pub fn geometric_100() -> Fixture {
    geometric("geometric-100", 27, 100, 1800, 6)
}

/// 1,000 nodes, 3,859 edges, 5,908 triangles.
#[must_use]
pub fn geometric_1000() -> Fixture {
    geometric("geometric-1000", 10, 1000, 505, 8)
}

/// 2,500 nodes, 9,651 edges, 14,840 triangles.
#[must_use]
pub fn geometric_2500() -> Fixture {
    geometric("geometric-2500", 70, 2500, 318, 8)
}

/// What is timed on this machine.
#[must_use]
pub fn large() -> Vec<Fixture> {
    vec![
        bowtie(),
        grid("grid-18x18", 18, 12),
        geometric_1000(),
        geometric_2500(),
        grid("grid-58x58", 58, 24),
    ]
}

/// What is counted on RV32IMAC.
#[must_use]
pub fn small() -> Vec<Fixture> {
    vec![
        complete_triangle(),
        bowtie(),
        complete("K8", 8),
        complete("K16", 16),
        grid("grid-6x6", 6, 6),
        grid("grid-8x8", 8, 7),
        geometric_32(),
        geometric_64(),
        geometric_64_holes(),
    ]
}

fn complete_triangle() -> Fixture {
    Fixture::new("triangle", 3, vec![(0, 1), (0, 2), (1, 2)], 4)
}

/// From 2^-16 to 2^15, evenly spread over the octaves; within one at random, because a power of two
/// is the easy case of every logarithm.
fn positive_inputs() -> Vec<i32> {
    let mut random = Random(SEED + 2);
    let mut draw = |octave: u32| (1u64 << octave) + random.below(1 << octave);
    (0..INPUTS)
        .map(|at| draw(at as u32 * 31 / INPUTS as u32) as i32)
        .collect()
}

/// From -8.0 to 8.0, evenly spread.
fn signed_inputs() -> Vec<i32> {
    let last = INPUTS as i64 - 1;
    (0..=last)
        .map(|at| ((16 << 16) * at / last - (8 << 16)) as i32)
        .collect()
}

/// `count` places, evenly spread over `len`.
fn spread(len: usize, count: usize) -> Vec<usize> {
    let count = count.min(len);
    (0..count).map(|at| at * len / count).collect()
}

fn rows<T: std::fmt::Display>(rows: &[Vec<T>]) -> String {
    let row = |row: &Vec<T>| row.iter().map(T::to_string).collect::<Vec<_>>().join(",");
    let rows: Vec<String> = rows.iter().map(|r| format!("{{{}}}", row(r))).collect();
    rows.join(",\n")
}

/// `fixtures.h` for `ffi-tests/c/meter.c`.
#[must_use]
pub fn header(fixtures: &[Fixture]) -> String {
    let most = |size: fn(&Fixture) -> usize| fixtures.iter().map(size).max().unwrap_or(1);
    let mut text = format!(
        "/* Generated by ffi-tests/src/bench/fixtures.rs: the networks of the meter. */\n\
         #include <stdint.h>\n#define MOST_EDGES {}\n#define MOST_TRIANGLES {}\n\
         #define FLOWS {FLOWS}\n#define LOADS {LOADS}\n#define INPUTS {INPUTS}\n\
         typedef struct {{\n    const char *name;\n    \
         uint16_t nodes, edges, triangles, fill, link_count;\n    const uint16_t (*ends)[2];\n    \
         const uint16_t *links;\n    const uint16_t *capacity;\n    \
         const int32_t *flows[FLOWS];\n    const int32_t *loads[LOADS];\n}} fixture;\n",
        most(|of| of.edges.len()),
        most(|of| of.triangles.len()),
    );
    let mut table = String::new();
    for (at, of) in fixtures.iter().enumerate() {
        arrays(&mut text, at, of);
        let each = |name: &str, count: usize| -> String {
            let each: Vec<String> = (0..count).map(|i| format!("{name}{at}[{i}]")).collect();
            each.join(",")
        };
        let _ = writeln!(
            table,
            "{{\"{}\",{},{},{},{},{},ends{at},links{at},capacity{at},{{{}}},{{{}}}}},",
            of.name,
            of.nodes,
            of.edges.len(),
            of.triangles.len(),
            of.fill,
            LINKS.min(of.edges.len()),
            each("flows", FLOWS),
            each("loads", LOADS),
        );
    }
    for (name, inputs) in [("positive", positive_inputs()), ("signed", signed_inputs())] {
        let _ = writeln!(
            text,
            "static const int32_t {name}_inputs[INPUTS] = {};",
            rows(&[inputs])
        );
    }
    text + "static const fixture fixtures[] = {\n" + &table + "};\n"
}

fn arrays(text: &mut String, at: usize, of: &Fixture) {
    let (nodes, edges) = (of.nodes, of.edges.len());
    let ends: Vec<Vec<u16>> = of.edges.iter().map(|(a, b)| vec![*a, *b]).collect();
    let links = spread(edges, LINKS);
    let capacity = vec![1; usize::from(nodes)];
    let mut array = |kind: &str, name: &str, size: String, body: String| {
        let _ = writeln!(text, "static const {kind} {name}{at}{size} = {{{body}}};");
    };
    array("uint16_t", "ends", format!("[{edges}][2]"), rows(&ends));
    let flat = |row: String| row.trim_matches(['{', '}']).to_string();
    array(
        "uint16_t",
        "links",
        format!("[{}]", links.len()),
        flat(rows(&[links])),
    );
    array(
        "uint16_t",
        "capacity",
        format!("[{nodes}]"),
        flat(rows(&[capacity])),
    );
    let flows = rows(&of.flows(FLOWS));
    array("int32_t", "flows", format!("[{FLOWS}][{edges}]"), flows);
    let loads = rows(&of.loads(LOADS));
    array("int32_t", "loads", format!("[{LOADS}][{nodes}]"), loads);
}
