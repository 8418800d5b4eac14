//! Which curl-free flow is closest to a given one?
//!
//! `f' = d0 p + Z c` with integer `p` and `c`: no triangle has curl, whatever was given. Without
//! holes each edge is the floor or the ceiling of the exact projection. Blocks whose triangles have
//! no curl are copied, so projecting twice changes nothing. A block that is one triangle has a
//! closed form, the others go through the factor. Results that do not fit Q16.16 are refused, never
//! saturated: a saturated edge would have curl. Source: math.md 2.4 to 2.6. Does not level load:
//! see `balance`.

use super::blocks::block_of;
use super::cocycle::Basis;
use super::harmonic::{combination, reduce};
use super::{Block, Complex, Error, NONE, Settled, Triangle};
use crate::num::{Exact, at, put};

/// How a projection went, and what it removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Most passes through the factor that a block took.
    pub passes: u16,
    /// Blocks that were solved; the others had no curl.
    pub blocks: u16,
    /// Whether some bit could not be proven independent of the method. The result is curl-free,
    /// idempotent and the same on all machines all the same.
    pub uncertified: bool,
    /// Largest magnitude of curl among the triangles of the given flow.
    pub curl_max: u64,
    /// Sum of the magnitudes of curl of the given flow.
    pub curl_sum: u64,
}

impl Complex<'_> {
    /// Projects `flow` onto the flows without curl, edge by edge in canonical order, into `out`.
    ///
    /// `Length` if a slice is not as long as there are edges; `Range` if a result does not fit
    /// Q16.16, which needs inputs above 2^29; the errors of [`Complex::settle`]. An error changes
    /// neither `out` nor the complex. Cost per pass: two multiplications per factor entry and six
    /// additions per edge.
    pub fn project(&mut self, flow: &[i32], out: &mut [i32]) -> Result<Report, Error> {
        self.flow_fits(flow)?;
        self.flow_fits(out)?;
        let before = self.head.resident;
        let result = self
            .project_settled(flow, out)
            .inspect_err(|_| self.restore(before))?;
        self.store.closed.fill(0);
        Ok(result)
    }

    fn project_settled(&mut self, flow: &[i32], out: &mut [i32]) -> Result<Report, Error> {
        self.settle_projection()?;
        let mut report = measure(self.triangles(), flow);
        let triangles = usize::from(self.head.triangles);
        let mut settled = Settled::of(&mut self.store, self.head.derived)?;
        settled.mark(triangles, flow);
        let result = settled
            .solve(flow, &mut report)
            .and_then(|()| settled.write(flow, out));
        settled.clear();
        result.map(|()| report)
    }

    /// Largest magnitude of curl among the triangles; `Length` if `flow` is not one number per
    /// edge.
    pub fn max_curl(&self, flow: &[i32]) -> Result<u64, Error> {
        self.flow_fits(flow)?;
        Ok(measure(self.triangles(), flow).curl_max)
    }
}

/// `f_ab + f_bc - f_ac`, at most 3 * 2^31 in magnitude.
fn curl(triangle: Triangle, flow: &[i32]) -> i64 {
    let [ab, ac, bc] = triangle.edges().map(|edge| i64::from(at(flow, edge)));
    ab.plus(bc).minus(ac)
}

fn measure(triangles: &[Triangle], flow: &[i32]) -> Report {
    let mut report = Report::default();
    for triangle in triangles {
        let curl = curl(*triangle, flow).unsigned_abs();
        report.curl_max = report.curl_max.max(curl);
        // 2^16 triangles of curl below 2^33.
        report.curl_sum = report.curl_sum.plus(curl);
    }
    report
}

impl Settled<'_> {
    /// Marks the blocks in which some triangle has curl.
    fn mark(&mut self, triangles: usize, flow: &[i32]) {
        for triangle in self.triangles.iter().take(triangles) {
            if curl(*triangle, flow) != 0 {
                let vertex = at(self.ends, triangle.edges()[0]).tail;
                let index = block_of(self.frame.blocks, vertex);
                if let Some(block) = self.frame.blocks.get_mut(index) {
                    block.dirty = 1;
                }
            }
        }
    }

    /// Leaves integer potentials in `x` and coefficients in `c` for all marked blocks.
    fn solve(&mut self, flow: &[i32], report: &mut Report) -> Result<(), Error> {
        for index in 0..self.frame.blocks.len() {
            let block = self.block(index);
            if block.dirty == 0 {
                continue;
            }
            report.blocks = report.blocks.plus(1);
            if block.is_triangle() {
                self.close_triangle(block, flow);
                continue;
            }
            let outcome = reduce(&mut self.parts(block), flow)?;
            report.passes = report.passes.max(outcome.passes);
            report.uncertified |= outcome.uncertified;
        }
        Ok(())
    }

    /// One triangle in closed form: the inverse of its Laplacian is thirds, and the threshold
    /// between one third and two makes `floor(x + t)` the floor of `(3 x + 1) / 3`.
    fn close_triangle(&mut self, block: Block, flow: &[i32]) {
        let solver = self.parts(block).solver;
        let mut sums = [0_i64; 3];
        let side: &mut [i64] = &mut sums;
        for edge in solver.edges.members {
            let (tail, head) = solver.edges.local(*edge);
            let value = i64::from(at(flow, *edge));
            put(side, head, at(side, head).plus(value));
            put(side, tail, at(side, tail).minus(value));
        }
        let [first, second, _] = sums;
        let third = |sum: i64| sum.plus(1).div_euclid(3);
        put(solver.x, 0_u16, third(first.times(2).plus(second)));
        put(solver.x, 1_u16, third(second.times(2).plus(first)));
    }

    /// The projected value of an edge, or the given one where there was no curl.
    fn value(&self, edge: u16, flow: &[i32]) -> Option<i32> {
        let given = at(flow, edge);
        let end = at(self.ends, edge);
        if end.tail == NONE {
            return Some(given);
        }
        let block = self.block(block_of(self.frame.blocks, end.tail));
        if block.dirty == 0 {
            return Some(given);
        }
        let from = block.first_harmonic as usize;
        let to = from.plus(usize::from(block.harmonics));
        let c = self.harmonic.c.get(from..to).unwrap_or(&[]);
        let basis = Basis::of(&block, self.frame.basis);
        let fall = at(self.work.x, end.head).minus(at(self.work.x, end.tail));
        i32::try_from(fall.wrapping_add(combination(&basis, at(self.codes, edge), c))).ok()
    }

    /// Writes all results, or none if one does not fit.
    fn write(&mut self, flow: &[i32], out: &mut [i32]) -> Result<(), Error> {
        let edges = flow.len() as u16;
        let fits = (0..edges).all(|edge| self.value(edge, flow).is_some());
        fits.then_some(()).ok_or(Error::Range)?;
        for (edge, place) in (0..edges).zip(out) {
            *place = self.value(edge, flow).unwrap_or_default();
        }
        Ok(())
    }
}
