//! Which complexes are worth testing? Surfaces, torsion, pinch points, books, soups and maps.

use super::Random;
use std::collections::BTreeSet;

/// A complex as a list of ids; nothing is sorted or oriented.
#[derive(Clone, Debug)]
pub struct Plain {
    /// What it is.
    pub name: String,
    /// Node ids.
    pub nodes: Vec<u16>,
    /// Edges.
    pub edges: Vec<(u16, u16)>,
    /// Triangles by name; all cliques if `fill`.
    pub triangles: Vec<[u16; 3]>,
    /// Whether cliques are filled.
    pub fill: bool,
}

/// A complex from triangles, only these counting, and further edges.
#[must_use]
pub fn named(name: &str, triangles: &[[u16; 3]], more: &[(u16, u16)]) -> Plain {
    let mut edges: BTreeSet<(u16, u16)> = BTreeSet::new();
    let mut put = |a: u16, b: u16| edges.insert((a.min(b), a.max(b)));
    for [a, b, c] in triangles {
        put(*a, *b);
        put(*b, *c);
        put(*a, *c);
    }
    for (a, b) in more {
        put(*a, *b);
    }
    let nodes: BTreeSet<u16> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let triangles: BTreeSet<[u16; 3]> = triangles
        .iter()
        .map(|t| {
            let mut t = *t;
            t.sort_unstable();
            t
        })
        .collect();
    Plain {
        name: name.into(),
        nodes: nodes.into_iter().collect(),
        edges: edges.into_iter().collect(),
        triangles: triangles.into_iter().collect(),
        fill: false,
    }
}

/// A graph whose cliques are filled.
#[must_use]
pub fn filled(name: &str, nodes: u16, edges: Vec<(u16, u16)>) -> Plain {
    let triangles = cliques(&edges);
    Plain {
        name: name.into(),
        nodes: (0..nodes).collect(),
        edges,
        triangles,
        fill: true,
    }
}

/// All triples of pairwise joined nodes, by brute force.
#[must_use]
pub fn cliques(edges: &[(u16, u16)]) -> Vec<[u16; 3]> {
    let set: BTreeSet<(u16, u16)> = edges.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
    let nodes: BTreeSet<u16> = set.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let mut found = Vec::new();
    for a in &nodes {
        for b in nodes.range(a + 1..) {
            for c in nodes.range(b + 1..) {
                if set.contains(&(*a, *b)) && set.contains(&(*a, *c)) && set.contains(&(*b, *c)) {
                    found.push([*a, *b, *c]);
                }
            }
        }
    }
    found
}

/// Two triangles that share a node, and a path of two edges: the predecessor's fixture.
#[must_use]
pub fn bowtie() -> Plain {
    named("bowtie", &[[0, 1, 2], [2, 3, 4]], &[(4, 5), (5, 6)])
}

/// A sheet of `a` by `b` squares, each cut in two; closed to a torus, or with a twist to a Klein
/// bottle.
#[must_use]
pub fn sheet(name: &str, a: u16, b: u16, close: Option<bool>) -> Plain {
    let (wide, high) = if close.is_some() {
        (a, b)
    } else {
        (a + 1, b + 1)
    };
    let at = |i: u16, j: u16| -> u16 {
        let turn = i >= wide;
        let j = j % high;
        let j = if turn && close == Some(true) {
            (high - j) % high
        } else {
            j
        };
        (i % wide) * high + j
    };
    let mut triangles = Vec::new();
    for i in 0..a {
        for j in 0..b {
            triangles.push([at(i, j), at(i + 1, j), at(i + 1, j + 1)]);
            triangles.push([at(i, j), at(i, j + 1), at(i + 1, j + 1)]);
        }
    }
    named(name, &triangles, &[])
}

/// A closed band of `n` triangles: a Moebius band if `n` is odd, an annulus if it is even.
#[must_use]
pub fn band(n: u16) -> Plain {
    let triangles: Vec<[u16; 3]> = (0..n).map(|i| [i, (i + 1) % n, (i + 2) % n]).collect();
    named(
        if n % 2 == 1 { "moebius" } else { "annulus" },
        &triangles,
        &[],
    )
}

/// The projective plane on six nodes.
#[must_use]
pub fn projective_plane() -> Plain {
    let ring = |i: u16| i % 5 + 1;
    let inner = (0..5).map(|i| [0, ring(i), ring(i + 1)]);
    let outer = (0..5).map(|i| [ring(i), ring(i + 1), ring(i + 3)]);
    named(
        "projective plane",
        &inner.chain(outer).collect::<Vec<_>>(),
        &[],
    )
}

/// A disk glued to a circle of three nodes, three times round: torsion of order three.
#[must_use]
pub fn moore() -> Plain {
    let mut triangles = Vec::new();
    for i in 0..9 {
        let (rim, next) = (i % 3, (i + 1) % 3);
        let (ring, after) = (3 + i, 3 + (i + 1) % 9);
        triangles.push([rim, next, ring]);
        triangles.push([next, ring, after]);
        triangles.push([ring, after, 12]);
    }
    named("moore", &triangles, &[])
}

/// `n` triangles on one edge.
#[must_use]
pub fn book(n: u16) -> Plain {
    named(
        "book",
        &(0..n).map(|i| [0, 1, 2 + i]).collect::<Vec<_>>(),
        &[],
    )
}

/// Random triangles, and some edges in none.
#[must_use]
pub fn soup(random: &mut Random, nodes: u16, triangles: usize) -> Plain {
    let mut pick = || random.below(u64::from(nodes)) as u16;
    let mut list = Vec::new();
    while list.len() < triangles {
        let t = [pick(), pick(), pick()];
        if t[0] != t[1] && t[1] != t[2] && t[0] != t[2] {
            list.push(t);
        }
    }
    let more: Vec<_> = (0..4)
        .map(|_| (pick(), pick()))
        .filter(|(a, b)| a != b)
        .collect();
    named("soup", &list, &more)
}

/// Nodes in a square of side 1000, joined below `radius`.
#[must_use]
pub fn geometric(random: &mut Random, nodes: u16, radius: i64) -> Plain {
    let points: Vec<(i64, i64)> = (0..nodes)
        .map(|_| (random.below(1000) as i64, random.below(1000) as i64))
        .collect();
    near("geometric", &points, radius)
}

/// Points joined when they are at most `radius` apart.
#[must_use]
pub fn near(name: &str, points: &[(i64, i64)], radius: i64) -> Plain {
    let mut edges = Vec::new();
    for (i, p) in points.iter().enumerate() {
        for (j, q) in points.iter().enumerate().skip(i + 1) {
            if (p.0 - q.0).pow(2) + (p.1 - q.1).pow(2) <= radius.pow(2) {
                edges.push((i as u16, j as u16));
            }
        }
    }
    filled(name, points.len() as u16, edges)
}

/// Every pair joined with probability `percent`.
#[must_use]
pub fn erdos(random: &mut Random, nodes: u16, percent: u64) -> Plain {
    let mut edges = Vec::new();
    for a in 0..nodes {
        for b in a + 1..nodes {
            if random.below(100) < percent {
                edges.push((a, b));
            }
        }
    }
    filled("erdos", nodes, edges)
}

/// Two complexes that share `shared` nodes (0: disjoint, 1: a pinch point). Only named triangles
/// count.
#[must_use]
pub fn glue(first: &Plain, second: &Plain, shared: u16) -> Plain {
    let shift = first
        .nodes
        .iter()
        .max()
        .map_or(0, |top| top + 1)
        .saturating_sub(shared);
    let mut triangles = first.triangles.clone();
    triangles.extend(second.triangles.iter().map(|t| t.map(|v| v + shift)));
    let mut edges = first.edges.clone();
    edges.extend(second.edges.iter().map(|(a, b)| (a + shift, b + shift)));
    named(
        &format!("{} + {}", first.name, second.name),
        &triangles,
        &edges,
    )
}

/// The same complex with ids spread out at random, so that order of ids is not order of nodes.
#[must_use]
pub fn relabelled(random: &mut Random, plain: &Plain) -> Plain {
    let top = usize::from(plain.nodes.iter().max().copied().unwrap_or(0)) + 1;
    let mut ids: Vec<u16> = (0..top).map(|i| (i * 37 + 5) as u16).collect();
    random.shuffle(&mut ids);
    let new = |v: u16| ids[usize::from(v)];
    Plain {
        nodes: plain.nodes.iter().map(|v| new(*v)).collect(),
        edges: plain
            .edges
            .iter()
            .map(|(a, b)| (new(*a), new(*b)))
            .collect(),
        triangles: plain.triangles.iter().map(|t| t.map(new)).collect(),
        ..plain.clone()
    }
}

/// The classical complexes with their first Betti numbers.
#[must_use]
pub fn classics() -> Vec<(Plain, u32)> {
    let tetrahedron = [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]];
    let torus = sheet("torus", 4, 4, Some(false));
    vec![
        (named("triangle", &[[0, 1, 2]], &[]), 0),
        (bowtie(), 0),
        (named("tetrahedron", &tetrahedron, &[]), 0),
        (named("square", &[], &[(0, 1), (1, 2), (2, 3), (0, 3)]), 1),
        (sheet("grid", 4, 5, None), 0),
        (sheet("torus 3x3", 3, 3, Some(false)), 2),
        (torus.clone(), 2),
        (sheet("klein bottle", 5, 5, Some(true)), 1),
        (projective_plane(), 0),
        (moore(), 0),
        (band(5), 1),
        (band(9), 1),
        (band(12), 1),
        (book(6), 0),
        (glue(&torus, &projective_plane(), 1), 2),
        (glue(&band(7), &torus, 0), 3),
        (glue(&moore(), &band(8), 2), 1),
        (glue(&glue(&torus, &torus, 1), &torus, 1), 6),
    ]
}

/// `count` complexes of all kinds.
#[must_use]
pub fn assortment(random: &mut Random, count: usize) -> Vec<Plain> {
    let mut all: Vec<Plain> = classics().into_iter().map(|(plain, _)| plain).collect();
    let classic = all.clone();
    while all.len() < count {
        let size = random.below(14) as u16;
        let next = match random.below(6) {
            0 => soup(random, 6 + size, 10 + usize::from(size) * 2),
            1 => geometric(random, 15 + size * 2, 280),
            2 => erdos(random, 8 + size, 35),
            3 => {
                let a = random.below(classic.len() as u64) as usize;
                let b = random.below(classic.len() as u64) as usize;
                glue(&classic[a], &classic[b], random.below(3) as u16)
            }
            4 => {
                let soup = soup(random, 7 + size / 2, 12);
                let other = random.below(classic.len() as u64) as usize;
                glue(&soup, &classic[other], 1)
            }
            _ => sheet("sheet", 2 + size / 3, 2 + size / 4, None),
        };
        all.push(relabelled(random, &next));
    }
    all.truncate(count);
    all
}
