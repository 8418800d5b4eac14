//! How does a node find its potential when it only hears its neighbours?
//!
//! Mode B of the projection: no complex is replicated. Every split vertex keeps one potential in
//! units of 2^-24 ulp, [`relax`] moves it to the mean of what its neighbours' potentials and the
//! flows on its edges ask for, and both ends of an edge call [`publish`] on the two potentials.
//! The matrix is an M-matrix, so the iteration converges whatever messages are lost, late or out
//! of order, as long as each potential gets through again and again. At rest every potential is
//! within `norm * degree / 2` units of the exact one, `norm` being the infinity norm of the inverse
//! Laplacian; then the published flow has the bits of [`Complex::project`] unless an exact
//! potential lies that near the common threshold.
//!
//! Valid for blocks without holes: around a hole the projection adds an integer cocycle that no
//! single node sees. The root of a block keeps potential 0; it is the vertex at the smaller end of
//! the block's smallest edge, so neighbours find it by flooding the smallest edge they know.
//!
//! Bounds: potentials are held to `|x| <= 2^62`, that is 2^38 ulp, and terms to `2^62 + 2^55`. A
//! term is split at bit 16, so that 32,767 high parts stay below 2^62 and as many low parts below
//! 2^31: any potentials and any `i32` flows are summed exactly. Source: math.md 2.11 B, with
//! chaotic relaxation after Chazan and Miranker (1969). Does not move messages.

use super::solve::THRESHOLD;
use super::{Complex, EDGES_MAX, Error, NONE};
use crate::num::{Exact, at, put};

/// Fraction bits of a potential.
pub const POTENTIAL_GUARD: u32 = 24;
/// Largest magnitude of a potential; one that would be larger is held here.
pub const POTENTIAL_MAX: i64 = 1 << 62;

/// What a split vertex knows of one of its edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Across {
    /// Last known potential of the other end, in units of 2^-24 ulp.
    pub potential: i64,
    /// Flow on the edge towards this vertex.
    pub inflow: i32,
}

/// The new potential of a vertex, or `None` if the old one may stay: the residual is at most half
/// the degree. `edges` are the edges of its block at this vertex, at most [`EDGES_MAX`]; without
/// edges nothing moves.
///
/// Cost: one 64-bit division per call and a handful of additions per edge.
#[must_use]
pub fn relax(own: i64, edges: impl Iterator<Item = Across>) -> Option<i64> {
    let (mut degree, mut high, mut low) = (0_i64, 0_i64, 0_i64);
    for edge in edges.take(usize::from(EDGES_MAX)) {
        let there = held(edge.potential).plus(i64::from(edge.inflow) << POTENTIAL_GUARD);
        high = high.plus(there >> 16);
        low = low.plus(there & 0xffff);
        degree = degree.plus(1);
    }
    // The sum is `high * 2^16 + low`; long division in two digits gives its mean rounded down.
    let whole = high.checked_div_euclid(degree)?;
    let left = (high.minus(whole.times(degree)) << 16).plus(low);
    let more = left.checked_div_euclid(degree)?;
    let rest = left.minus(more.times(degree));
    let floor = (whole << 16).plus(more);
    let twice = rest.times(2);
    // The residual at `own` is `degree * (floor - own) + rest`.
    let stays = (own == floor && twice <= degree) || (own == floor.plus(1) && twice >= degree);
    let next = held(floor.plus(i64::from(twice > degree)));
    (!stays && next != own).then_some(next)
}

fn held(potential: i64) -> i64 {
    potential.clamp(-POTENTIAL_MAX, POTENTIAL_MAX)
}

/// The flow of an edge from the potentials of its ends, positive from `low`, the end with the
/// smaller id, to `high`. Any two ends that know the same two potentials publish the same flow,
/// and potentials make no curl.
///
/// `None` if the flow does not fit Q16.16, or a potential is held at its bound.
#[must_use]
pub fn publish(low: i64, high: i64) -> Option<i32> {
    let inside = |x: i64| -POTENTIAL_MAX < x && x < POTENTIAL_MAX;
    let whole = |x: i64| x.plus(THRESHOLD << 8) >> POTENTIAL_GUARD;
    if inside(low) && inside(high) {
        i32::try_from(whole(high).minus(whole(low))).ok()
    } else {
        None
    }
}

impl Complex<'_> {
    /// Edges of node `id`.
    #[must_use]
    pub fn degree(&self, id: u16) -> usize {
        self.edges_at(id).count()
    }

    /// Groups the edges of node `id` into split vertices: `corner` gets one number per edge, in
    /// ascending order of the neighbours' ids; edges with one number meet in one split vertex, and
    /// 65,535 stands for an edge in no triangle, which keeps its flow. Returns the number of split
    /// vertices, numbered by their first edges.
    ///
    /// These are the components of the node's link: triangles at the node are all that is looked
    /// at, so a node that knows which of its neighbours are joined needs nobody else. `Missing` if
    /// the node is not there, `Length` if `corner` is not [`Complex::degree`] long.
    pub fn corners(&self, id: u16, corner: &mut [u16]) -> Result<u16, Error> {
        self.node_index(id).ok_or(Error::Missing)?;
        if corner.len() != self.degree(id) {
            return Err(Error::Length);
        }
        corner.fill(NONE);
        for triangle in self.triangles() {
            let mut met = triangle.edges().into_iter().filter_map(|edge| {
                let place = self.edges_at(id).position(|known| known == edge)?;
                u16::try_from(place).ok()
            });
            if let (Some(first), Some(second)) = (met.next(), met.next()) {
                join(corner, first, second);
            }
        }
        Ok(rank(corner))
    }

    /// Numbers of the edges at node `id`, in ascending order of its neighbours.
    fn edges_at(&self, id: u16) -> impl Iterator<Item = u16> + use<'_> {
        (0_u16..)
            .zip(self.edges())
            .filter(move |(_, edge)| edge.low == id || edge.high == id)
            .map(|(index, _)| index)
    }
}

/// Unites the classes of two places; a class is named by its first place.
fn join(corner: &mut [u16], first: u16, second: u16) {
    for place in [first, second] {
        if at(corner, place) == NONE {
            put(corner, place, place);
        }
    }
    let (one, other) = (at(corner, first), at(corner, second));
    for name in corner.iter_mut().filter(|name| **name != NONE) {
        if *name == one.max(other) {
            *name = one.min(other);
        }
    }
}

/// Replaces names by ranks. Returns the number of classes.
fn rank(corner: &mut [u16]) -> u16 {
    let mut classes = 0_u16;
    for place in 0..corner.len() as u16 {
        let name = at(corner, place);
        if name == NONE {
            continue;
        }
        // The first place of a class is met before all others, and is its own name.
        let number = if name == place {
            classes
        } else {
            at(corner, name)
        };
        classes = classes.plus(u16::from(name == place));
        put(corner, place, number);
    }
    classes
}
