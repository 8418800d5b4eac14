//! What are the exact projection, the exact plan, and the exact first Betti number?
//!
//! Projection from the triangle side: `f - B^T (B B^T)^-1 B f` with `B` a maximal independent set
//! of curls. Plan from the dense Laplacian of each component. Both over one common denominator.

use super::algebra::{independent_rows, solve};
use super::complexes::Plain;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;
use std::collections::{BTreeMap, BTreeSet};

/// Sorted nodes, edges and triangles of a complex, and the signed edges of each triangle.
#[derive(Clone, Debug)]
pub struct Canonical {
    /// Ids.
    pub nodes: Vec<u16>,
    /// Low id first.
    pub edges: Vec<(u16, u16)>,
    /// One row per triangle: -1, 0, 1 per edge.
    pub curls: Vec<Vec<i64>>,
}

impl Canonical {
    /// Sorts and orients.
    #[must_use]
    pub fn of(plain: &Plain) -> Self {
        let nodes: BTreeSet<u16> = plain.nodes.iter().copied().collect();
        let edges: BTreeSet<(u16, u16)> = plain
            .edges
            .iter()
            .map(|(a, b)| (*a.min(b), *a.max(b)))
            .collect();
        let edges: Vec<_> = edges.into_iter().collect();
        let place: BTreeMap<_, _> = edges.iter().enumerate().map(|(i, e)| (*e, i)).collect();
        let triangles: BTreeSet<[u16; 3]> = plain
            .triangles
            .iter()
            .map(|t| {
                let mut t = *t;
                t.sort_unstable();
                t
            })
            .collect();
        let curls = triangles
            .into_iter()
            .map(|[a, b, c]| {
                let mut row = vec![0; edges.len()];
                row[place[&(a, b)]] = 1;
                row[place[&(b, c)]] = 1;
                row[place[&(a, c)]] = -1;
                row
            })
            .collect();
        Self {
            nodes: nodes.into_iter().collect(),
            edges,
            curls,
        }
    }

    /// Curl of every triangle.
    #[must_use]
    pub fn curl(&self, flow: &[i32]) -> Vec<i64> {
        let dot = |row: &Vec<i64>| row.iter().zip(flow).map(|(s, f)| s * i64::from(*f)).sum();
        self.curls.iter().map(dot).collect()
    }

    /// Components, each as its nodes in ascending order, using only edges that `keep`.
    #[must_use]
    pub fn components(&self, keep: impl Fn(u16) -> bool) -> Vec<Vec<u16>> {
        let mut left: BTreeSet<u16> = self.nodes.iter().copied().filter(|n| keep(*n)).collect();
        let mut parts = Vec::new();
        while let Some(first) = left.pop_first() {
            let (mut part, mut open) = (BTreeSet::from([first]), vec![first]);
            while let Some(node) = open.pop() {
                for (a, b) in &self.edges {
                    for (from, to) in [(a, b), (b, a)] {
                        if *from == node && left.remove(to) {
                            part.insert(*to);
                            open.push(*to);
                        }
                    }
                }
            }
            parts.push(part.into_iter().collect());
        }
        parts
    }

    /// Rank of the curls.
    #[must_use]
    pub fn rank(&self) -> usize {
        independent_rows(&self.curls).len()
    }

    /// First Betti number.
    #[must_use]
    pub fn betti1(&self) -> usize {
        let cuts = self.nodes.len() - self.components(|_| true).len();
        self.edges.len() - self.rank() - cuts
    }

    /// The exact projections of several flows: numerators by flow and edge, and the denominator.
    #[must_use]
    pub fn projections(&self, flows: &[Vec<i32>]) -> (Vec<Vec<BigInt>>, BigInt) {
        self.projections_weighted(flows, &vec![1; self.edges.len()])
    }

    /// The same where edge errors are weighed: `f - W^-1 B^T (B W^-1 B^T)^-1 B f`.
    #[must_use]
    pub fn projections_weighted(
        &self,
        flows: &[Vec<i32>],
        trust: &[u8],
    ) -> (Vec<Vec<BigInt>>, BigInt) {
        let rows: Vec<&Vec<i64>> = independent_rows(&self.curls)
            .into_iter()
            .map(|i| &self.curls[i])
            .collect();
        let multiple = trust
            .iter()
            .fold(BigInt::from(1), |all, w| all.lcm(&BigInt::from(*w)));
        let inverse: Vec<BigInt> = trust.iter().map(|w| &multiple / *w).collect();
        let dot = |a: &[i64], b: &[i64], weight: &dyn Fn(usize) -> BigInt| -> BigInt {
            let terms = a.iter().zip(b).enumerate();
            terms
                .filter(|(_, (x, y))| **x != 0 && **y != 0)
                .map(|(edge, (x, y))| weight(edge) * (x * y))
                .sum()
        };
        let by_trust = |edge: usize| inverse[edge].clone();
        let gram: Vec<Vec<BigInt>> = rows
            .iter()
            .map(|r| rows.iter().map(|s| dot(r, s, &by_trust)).collect())
            .collect();
        let wide: Vec<Vec<i64>> = flows
            .iter()
            .map(|f| f.iter().map(|v| i64::from(*v)).collect())
            .collect();
        let one = |_: usize| BigInt::from(1);
        let sides: Vec<Vec<BigInt>> = rows
            .iter()
            .map(|r| wide.iter().map(|f| dot(r, f, &one)).collect())
            .collect();
        let (y, denominator) = solve(&gram, &sides);
        let project = |which: usize, flow: &Vec<i64>| {
            let mut result: Vec<BigInt> = flow.iter().map(|v| &denominator * v).collect();
            for (row, value) in rows.iter().zip(&y) {
                for (edge, out) in result.iter_mut().enumerate().filter(|(e, _)| row[*e] != 0) {
                    *out -= &value[which] * row[edge] * &inverse[edge];
                }
            }
            result
        };
        (
            wide.iter()
                .enumerate()
                .map(|(i, f)| project(i, f))
                .collect(),
            denominator,
        )
    }

    /// The plan: shedding, then floors of exact potentials plus 25033/65536, grounded at the lowest
    /// node of each component. Returns the flow (as wide integers) and the exact imbalance after
    /// it, rounded up.
    #[must_use]
    pub fn plan(&self, load: &[i32], capacity: &[u16]) -> (Vec<BigInt>, BigInt) {
        let index = |id: u16| self.nodes.binary_search(&id).unwrap();
        let open = |id: u16| capacity[index(id)] > 0;
        let mut held: Vec<BigInt> = load.iter().map(|l| BigInt::from(*l)).collect();
        let mut flow = vec![BigInt::zero(); self.edges.len()];
        self.shed(load, &open, &mut held, &mut flow);
        let mut imbalance = BigInt::zero();
        for node in self.nodes.iter().filter(|n| !open(**n)) {
            imbalance = imbalance.max(held[index(*node)].magnitude().clone().into());
        }
        for part in self.components(open) {
            let weight = part
                .iter()
                .map(|n| BigInt::from(capacity[index(*n)]))
                .sum::<BigInt>();
            let total = part.iter().map(|n| &held[index(*n)]).sum::<BigInt>();
            let target = |n: &u16| &total * capacity[index(*n)];
            let side: Vec<Vec<BigInt>> = part[1..]
                .iter()
                .map(|n| vec![&held[index(*n)] * &weight - target(n)])
                .collect();
            let (y, denominator) = solve(&self.laplacian(&part[1..], &part), &side);
            let potential = |id: u16| -> BigInt {
                let Ok(place) = part[1..].binary_search(&id) else {
                    return BigInt::zero();
                };
                let scale = &denominator * &weight;
                let raised: BigInt = &y[place][0] * 65536 + &scale * 25033;
                raised.div_floor(&(scale * 65536))
            };
            for ((a, b), f) in self.edges.iter().zip(flow.iter_mut()) {
                if part.binary_search(a).is_ok() && part.binary_search(b).is_ok() {
                    *f = potential(*a) - potential(*b);
                    held[index(*a)] -= &*f;
                    held[index(*b)] += &*f;
                }
            }
            for node in &part {
                let off = (&held[index(*node)] * &weight - target(node))
                    .magnitude()
                    .clone();
                imbalance = imbalance.max(BigInt::from(off).div_ceil(&weight));
            }
        }
        (flow, imbalance)
    }

    fn shed(
        &self,
        load: &[i32],
        open: &impl Fn(u16) -> bool,
        held: &mut [BigInt],
        flow: &mut [BigInt],
    ) {
        for (place, node) in self.nodes.iter().enumerate().filter(|(_, n)| !open(**n)) {
            let neighbours: BTreeMap<u16, usize> = self
                .edges
                .iter()
                .enumerate()
                .filter_map(|(edge, (a, b))| match () {
                    () if a == node => Some((*b, edge)),
                    () if b == node => Some((*a, edge)),
                    () => None,
                })
                .filter(|(other, _)| open(*other))
                .collect();
            let count = neighbours.len() as i64;
            for (rank, (other, edge)) in neighbours.into_iter().enumerate() {
                let whole = i64::from(load[place]);
                let part =
                    whole.div_euclid(count) + i64::from((rank as i64) < whole.rem_euclid(count));
                flow[edge] = BigInt::from(if *node < other { part } else { -part });
                held[place] -= part;
                held[self.nodes.binary_search(&other).unwrap()] += part;
            }
        }
    }

    /// The Laplacian of the graph on `part`, restricted to `rows`.
    fn laplacian(&self, rows: &[u16], part: &[u16]) -> Vec<Vec<BigInt>> {
        let mut matrix = vec![vec![BigInt::zero(); rows.len()]; rows.len()];
        let inside = |id: &u16| part.binary_search(id).is_ok();
        for (a, b) in self.edges.iter().filter(|(a, b)| inside(a) && inside(b)) {
            let (i, j) = (rows.binary_search(a).ok(), rows.binary_search(b).ok());
            for place in [i, j].into_iter().flatten() {
                matrix[place][place] += 1;
            }
            if let (Some(i), Some(j)) = (i, j) {
                matrix[i][j] -= 1;
                matrix[j][i] -= 1;
            }
        }
        matrix
    }
}
