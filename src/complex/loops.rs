//! How does circulating transport shrink without moving any node's load?
//!
//! Mode C of the projection: a triangle with curl `c` gives `q = round(c / 3)` back on its three
//! edges, with signs. What a node receives more on one edge it receives less on another, so its
//! net flow stays exactly what it was. `|f|^2` changes by `q (3 q - 2 c)`, which is below zero
//! whenever `|c| >= 2`: sweeps end, with `|c| <= 1` on every triangle. Only integer circulations
//! are subtracted, so [`Complex::project`] gives the same bits before and after (math.md T8).
//!
//! An edge never leaves Q16.16: `q` is shortened to what its three edges can take, which keeps all
//! of the above except that such a triangle may end with curl; the report counts them. It cannot
//! happen while `|f| <= 2^31 / sqrt(edges)`, since no edge exceeds the norm. Curls are below 2^33.
//! Source: math.md 2.11 C, Kaczmarz (1937). Depends on the order of triangles: it cleans up
//! transport, the agreed state is the projection.

use super::{Complex, Error};
use crate::num::{Exact, at, put};

/// How far sweeps over the triangles came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loops {
    /// Sweeps that were made; the last one changed nothing if it is not the last allowed.
    pub sweeps: u16,
    /// Triangles that want to give back more than an edge can take.
    pub held: u16,
    /// Largest magnitude of curl that is left; at most 1 when nothing moves and nothing is held.
    pub curl_max: u64,
}

/// The flows on the edges `ab`, `ac`, `bc` of a triangle after it gave its circulation back.
#[must_use]
pub fn relax_triangle(flow: [i32; 3]) -> [i32; 3] {
    let [ab, ac, bc] = flow.map(i64::from);
    let back = give_back(flow);
    // Shortened so that every result fits.
    [ab.minus(back), ac.plus(back), bc.minus(back)].map(|value| value as i32)
}

/// `f_ab + f_bc - f_ac`.
fn curl([ab, ac, bc]: [i32; 3]) -> i64 {
    i64::from(ab).plus(i64::from(bc)).minus(i64::from(ac))
}

/// A third of the curl, rounded; thirds have no ties.
fn third(flow: [i32; 3]) -> i64 {
    curl(flow).plus(1).div_euclid(3)
}

/// As much of a third as all three edges can take: zero always is.
fn give_back(flow: [i32; 3]) -> i64 {
    let [ab, ac, bc] = flow.map(i64::from);
    let (least, most) = (i64::from(i32::MIN), i64::from(i32::MAX));
    let down = ab.minus(least).min(bc.minus(least)).min(most.minus(ac));
    let up = most.minus(ab).min(most.minus(bc)).min(ac.minus(least));
    third(flow).min(down).max(0_i64.minus(up))
}

impl Complex<'_> {
    /// Sweeps over all triangles in canonical order until nothing moves, at most `sweeps` times.
    /// Every node's net flow stays exactly as it was, `|f|^2` never grows, no edge overflows, and
    /// the projection of `flow` does not change by a bit.
    ///
    /// `Length` if `flow` is not one number per edge; then nothing changes. Cost per sweep: some
    /// twenty additions per triangle and one division.
    pub fn relax_triangles(&self, flow: &mut [i32], sweeps: u16) -> Result<Loops, Error> {
        if flow.len() != self.edges().len() {
            return Err(Error::Length);
        }
        let mut report = Loops::default();
        let mut moved = true;
        while moved && report.sweeps < sweeps {
            moved = false;
            for triangle in self.triangles() {
                let edges = triangle.edges();
                let given = edges.map(|edge| at(flow, edge));
                let relaxed = relax_triangle(given);
                moved |= relaxed != given;
                for (edge, value) in edges.into_iter().zip(relaxed) {
                    put(flow, edge, value);
                }
            }
            report.sweeps = report.sweeps.plus(1);
        }
        for triangle in self.triangles() {
            let left = triangle.edges().map(|edge| at(flow, edge));
            report.curl_max = report.curl_max.max(curl(left).unsigned_abs());
            // At most 65,535 triangles.
            report.held = report.held.plus(u16::from(give_back(left) != third(left)));
        }
        Ok(report)
    }
}
