//! Which curl-free flow is closest to a given one?
//!
//! `f' = d0 p + Z c` with integer `p` and `c`: no triangle has curl, whatever was given. Without
//! holes each edge is the floor or the ceiling of the exact projection. A flow without curl is
//! copied, so projecting twice changes nothing. A block that is one triangle has a closed form, the
//! others go through the factor, from the potentials of the last projection. Results that do not
//! fit Q16.16 are refused, never saturated: a saturated edge would have curl.
//!
//! Blocks are written one by one. That needs to know beforehand that no result will be refused: the
//! projection has norm 1, so with `|f| < 2^29 / sqrt(edges)` none is (rounding moves a result by
//! one unit and the bound of a cocycle, 2^10, for each of less than 2^15). Only where this does not
//! show is a block solved once in advance. With trust `w` the projection minimises `sum w (f -
//! f')^2`; its norm is at most the root of the largest weight, 2^4. Source: math.md 2.4 to 2.6.
//! Does not level load: see `balance`.

use super::harmonic::Cocycles;
use super::pool::{Pool, Work};
use super::settle::{number_blocks, open};
use super::solve::{Edges, GUARD, Outcome, THRESHOLD};
use super::{Block, Complex, Error, Head, Member, Store, Triangle};
use crate::num::{Exact, at, put};

/// Bits of a flow whose curl fits 32 bits.
const SMALL: u32 = 29;

/// How a projection went, and what it removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Most passes through the factor that a block took.
    pub passes: u16,
    /// Blocks that were solved; none if there was no curl.
    pub blocks: u16,
    /// Whether some bit could not be proven independent of the method. The result is curl-free and
    /// idempotent all the same, and the same on all machines with the same storage and history.
    pub uncertified: bool,
    /// Largest magnitude of curl among the triangles of the given flow.
    pub curl_max: u64,
    /// Sum of the magnitudes of curl of the given flow.
    pub curl_sum: u64,
}

/// What solving adds to a report.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) passes: u16,
    pub(super) blocks: u16,
    pub(super) uncertified: bool,
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        self.passes = self.passes.max(outcome.passes);
        self.uncertified |= outcome.uncertified;
    }

    fn report(self, curl_max: u64, curl_sum: u64) -> Report {
        let Self {
            passes,
            blocks,
            uncertified,
        } = self;
        Report {
            passes,
            blocks,
            uncertified,
            curl_max,
            curl_sum,
        }
    }
}

impl Complex<'_> {
    /// Projects `flow` onto the flows without curl, edge by edge in canonical order, into `out`.
    ///
    /// `Length` if a slice is not as long as there are edges; `Range` if a result does not fit
    /// Q16.16, which needs inputs above 2^29; the errors of [`Complex::settle`]. An error changes
    /// neither `out` nor the complex. Cost per pass: two multiplications per factor entry and six
    /// additions per edge; near the last flow one pass.
    pub fn project(&mut self, flow: &[i32], out: &mut [i32]) -> Result<Report, Error> {
        self.flow_fits(flow)?;
        self.flow_fits(out)?;
        self.settle()?;
        let task = &Task::of(flow, None);
        // A triangle moves no edge by more than its curl: below 2^28 nothing can be refused.
        if self.head.widest == 0 && task.all >> 28 == 0 {
            return Ok(self.project_triangles(task, out));
        }
        let mut tally = Tally::default();
        let (curl_max, curl_sum) = self.measure(task);
        if curl_max == 0 {
            copy(flow, out);
        } else {
            self.project_all(task, out, &mut tally)?;
        }
        Ok(tally.report(curl_max, curl_sum))
    }

    /// The same where edges are not trusted alike: minimises `sum trust * (flow - out)^2`, trust
    /// from 1 to 255 by edge; 0 counts as 1. Errors as [`Complex::project`], and `Length` for
    /// `trust`, `IllConditioned` if the weights make it so. Makes the factors twice: for these
    /// weights, and again for none.
    pub fn project_weighted(
        &mut self,
        flow: &[i32],
        trust: &[u8],
        out: &mut [i32],
    ) -> Result<Report, Error> {
        self.flow_fits(flow)?;
        self.flow_fits(out)?;
        let fits = trust.len() == flow.len();
        fits.then_some(()).ok_or(Error::Length)?;
        self.settle()?;
        let weighted = Some(trust);
        let task = &Task::of(flow, weighted);
        let mut tally = Tally::default();
        let (curl_max, curl_sum) = self.measure(task);
        if curl_max == 0 {
            copy(flow, out);
            return Ok(tally.report(curl_max, curl_sum));
        }
        let result = number_blocks(self.head, &mut self.store, 0, weighted)
            .and_then(|()| self.project_all(task, out, &mut tally));
        // They had these numbers before.
        let again = number_blocks(self.head, &mut self.store, 0, None);
        result.and(again).map(|()| tally.report(curl_max, curl_sum))
    }

    /// Largest magnitude of curl among the triangles; `Length` if `flow` is not one number per
    /// edge.
    pub fn max_curl(&self, flow: &[i32]) -> Result<u64, Error> {
        self.flow_fits(flow)?;
        Ok(self.measure(&Task::of(flow, None)).0)
    }

    /// All blocks are single triangles, and nothing can be refused: one walk measures and writes.
    fn project_triangles(&mut self, task: &Task<'_>, out: &mut [i32]) -> Report {
        let Self { head, store } = self;
        begin(head, task, out);
        let (mut most, mut sum) = (0_u32, 0_u64);
        for block in Pool::of(store.pool, head).blocks.iter() {
            let members = store.members.get(block.members()).unwrap_or(&[]);
            if let &[ab, ac, bc] = members {
                let curl = write_small([ab, ac, bc], task.flow, out).unsigned_abs();
                most = most.max(curl);
                sum = sum.plus(u64::from(curl));
            }
        }
        Report {
            blocks: if most == 0 { 0 } else { head.blocks },
            curl_max: u64::from(most),
            curl_sum: sum,
            passes: 0,
            uncertified: false,
        }
    }

    /// Largest magnitude of curl of the given flow, and the sum of all.
    fn measure(&self, task: &Task<'_>) -> (u64, u64) {
        let (flow, mut sum) = (task.flow, 0_u64);
        if task.is_small() {
            let mut most = 0;
            for triangle in self.triangles() {
                let [ab, ac, bc] = triangle.edges();
                let curl = at(flow, ab).plus(at(flow, bc)).minus(at(flow, ac));
                let curl = curl.unsigned_abs();
                most = most.max(curl);
                sum = sum.plus(u64::from(curl));
            }
            return (u64::from(most), sum);
        }
        let mut most = 0;
        for triangle in self.triangles() {
            let curl = curl(*triangle, flow).unsigned_abs();
            most = most.max(curl);
            // 2^16 triangles of curl below 2^33.
            sum = sum.plus(curl);
        }
        (most, sum)
    }

    /// Writes the potential flow of every resident block, and copies what is in none.
    pub(super) fn project_all(
        &mut self,
        task: &Task<'_>,
        out: &mut [i32],
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let result = self.project_blocks(task, out, tally);
        let Self { head, store } = self;
        if head.widest != 0 {
            let used = Work::words(head.widest, head.harmonics).unwrap_or(0);
            let gap = Pool::of(store.pool, head).gap;
            gap.get_mut(..used).unwrap_or(&mut []).fill(0);
        }
        result
    }

    fn project_blocks(
        &mut self,
        task: &Task<'_>,
        out: &mut [i32],
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let Self { head, store } = self;
        if head.blocks == 0 {
            copy(task.flow, out);
            return Ok(());
        }
        let lead = if doubtful(head.members, task) {
            lead(Pool::of(store.pool, head).blocks, task)
        } else {
            None
        };
        if let Some(lead) = lead {
            for index in (0..head.blocks).filter(|index| *index != lead) {
                let block = at(Pool::of(store.pool, head).blocks, index);
                if doubtful(block.members, task) {
                    // Only to be refused: it is solved again.
                    advance(head, store, index, task, None, true)?;
                }
            }
            let outcome = advance(head, store, lead, task, Some(out), true)?;
            tally.add(outcome);
        } else {
            begin(head, task, out);
        }
        write_triangles(Pool::of(store.pool, head).blocks, store.members, task, out);
        if head.widest != 0 {
            for index in (0..head.blocks).filter(|index| Some(*index) != lead) {
                let outcome = advance(head, store, index, task, Some(out), false)?;
                tally.add(outcome);
            }
        }
        tally.blocks = head.blocks;
        Ok(())
    }
}

/// All triangles in one go: taking the pool apart costs more than solving one.
#[inline(never)]
fn write_triangles(blocks: &[Block], members: &[Member], task: &Task<'_>, out: &mut [i32]) {
    let small = task.trust.is_none() && task.is_small();
    for block in blocks.iter().filter(|block| block.is_triangle()) {
        let members = members.get(block.members()).unwrap_or(&[]);
        if small && let &[ab, ac, bc] = members {
            write_small([ab, ac, bc], task.flow, out);
            continue;
        }
        for (member, value) in members.iter().zip(close_triangle(members, task)) {
            put(out, member.edge, value as i32);
        }
    }
}

/// The closed form in 32 bits. Returns the curl that was there.
#[inline(always)]
fn write_small([ab, ac, bc]: [Member; 3], flow: &[i32], out: &mut [i32]) -> i32 {
    let (first, long, last) = (at(flow, ab.edge), at(flow, ac.edge), at(flow, bc.edge));
    let curl = first.plus(last).minus(long);
    let second = first.plus(1_i32.minus(curl).div_euclid(3));
    let third = long.plus(curl.plus(1).div_euclid(3));
    put(out, ab.edge, second);
    put(out, ac.edge, third);
    put(out, bc.edge, third.minus(second));
    curl
}

/// Copies what no block will write.
#[inline(always)]
fn begin(head: &Head, task: &Task<'_>, out: &mut [i32]) {
    if head.members != head.edges {
        copy(task.flow, out);
    }
}

/// Whether a block of so many edges may be refused.
fn doubtful(members: u16, task: &Task<'_>) -> bool {
    // |f|^2 edges against 2^58, with the weights' 2^8 against 2^50.
    let top = u64::from(task.all >> 14).plus(1);
    let room = if task.trust.is_some() { 22 } else { 30 };
    top.times(top).times(members.into()) > 1 << room
}

/// Solves one block; refuses a result that does not fit if `check`; writes to `out` if there is
/// one: then a checked block is the lead, the first to be written. Triangles are only checked.
#[inline(never)]
fn advance(
    head: &Head,
    store: &mut Store<'_>,
    index: u16,
    task: &Task<'_>,
    mut out: Option<&mut [i32]>,
    check: bool,
) -> Result<Outcome, Error> {
    let Store {
        members: raw, pool, ..
    } = store;
    let Pool {
        blocks,
        gap,
        payloads,
    } = Pool::of(pool, head);
    let block = blocks.get(usize::from(index)).ok_or(Error::Full)?;
    let members = raw.get(block.members()).unwrap_or(&[]);
    let mut opened = None;
    let mut outcome = Outcome::default();
    if !block.is_triangle() {
        let edges = Edges {
            members,
            trust: task.trust,
        };
        opened = open(head, block, edges, gap, payloads);
        outcome = solve(opened.as_mut().ok_or(Error::Full)?, task)?;
    }
    if check {
        let fits = match &opened {
            Some(cocycles) => results(cocycles, None),
            None => {
                let values = close_triangle(members, task);
                values.iter().all(|value| i32::try_from(*value).is_ok())
            }
        };
        fits.then_some(()).ok_or(Error::Range)?;
        if let Some(out) = &mut out {
            begin(head, task, out);
        }
    }
    if let (Some(cocycles), Some(out)) = (&mut opened, out) {
        write(cocycles, out);
    }
    Ok(outcome)
}

/// The largest of the blocks that may be refused: when the others are known to fit, it is solved
/// and written first, and may still be refused then.
#[inline(never)]
fn lead(blocks: &[Block], task: &Task<'_>) -> Option<u16> {
    let (mut lead, mut most) = (None, 0);
    for (index, block) in (0_u16..).zip(blocks) {
        if doubtful(block.members, task) && block.members >= most {
            (lead, most) = (Some(index), block.members);
        }
    }
    lead
}

pub(super) fn copy(flow: &[i32], out: &mut [i32]) {
    for (out, given) in out.iter_mut().zip(flow) {
        *out = *given;
    }
}

/// `f_ab + f_bc - f_ac`, at most 3 * 2^31 in magnitude.
fn curl(triangle: Triangle, flow: &[i32]) -> i64 {
    // Written out: a map over an array is a loop through memory.
    let [ab, ac, bc] = triangle.edges();
    let value = |edge: u16| i64::from(at(flow, edge));
    value(ab).plus(value(bc)).minus(value(ac))
}

/// What is asked of each block.
pub(super) struct Task<'a> {
    flow: &'a [i32],
    trust: Option<&'a [u8]>,
    /// All magnitudes of the flow, ored.
    all: u32,
}

impl<'a> Task<'a> {
    pub(super) fn of(flow: &'a [i32], trust: Option<&'a [u8]>) -> Self {
        let all = flow.iter().fold(0_u32, |all, f| all | f.unsigned_abs());
        Self { flow, trust, all }
    }

    /// Whether a curl fits 32 bits.
    fn is_small(&self) -> bool {
        self.all >> SMALL == 0
    }
}

/// Finds potentials and coefficients.
fn solve(cocycles: &mut Cocycles<'_>, task: &Task<'_>) -> Result<Outcome, Error> {
    let quick = if task.trust.is_some() || !task.is_small() {
        None
    } else if cocycles.rounds.codes.is_empty() {
        cocycles.solver.quick(task.flow)
    } else {
        cocycles.quick(task.flow)
    };
    match quick {
        Some(passes) => Ok(Outcome {
            passes,
            ..Outcome::default()
        }),
        None => cocycles.reduce(task.flow),
    }
}

/// Writes all results, which fit, and keeps the potentials for the next time.
fn write(cocycles: &mut Cocycles<'_>, out: &mut [i32]) {
    let small = cocycles.solver.keep();
    if small && cocycles.rounds.codes.is_empty() {
        let hint = &*cocycles.solver.hint;
        for member in cocycles.solver.edges.members {
            let fall = at(hint, member.head).minus(at(hint, member.tail));
            put(out, member.edge, fall);
        }
    } else {
        results(cocycles, Some(out));
    }
}

/// Writes all results if there is `out`; whether they fit Q16.16.
#[inline(never)]
fn results(cocycles: &Cocycles<'_>, mut out: Option<&mut [i32]>) -> bool {
    let Cocycles { solver, rounds, .. } = cocycles;
    let mut fits = true;
    for (index, member) in solver.edges.members.iter().enumerate() {
        let fall = at(solver.x, member.head).wrapping_sub(at(solver.x, member.tail));
        let value = fall.wrapping_add(rounds.at(index));
        fits &= i32::try_from(value).is_ok();
        if let Some(out) = &mut out {
            put(out, member.edge, value as i32);
        }
    }
    fits
}

/// A triangle in closed form. Its curl goes round it in inverse proportion to the weights, each
/// share rounded by the common threshold; the potential of its first node is zero. Members are ab,
/// ac, bc in this order.
#[inline(never)]
fn close_triangle(members: &[Member], task: &Task<'_>) -> [i64; 3] {
    let edges = Edges {
        members,
        trust: task.trust,
    };
    let edge = |index: u32| at(members, index).edge;
    let value = |index: u32| i64::from(at(task.flow, edge(index)));
    // At most 255.
    let weight = |index: u32| edges.weight(edge(index)) as i32;
    let (ab, ac, bc) = (value(0), value(1), value(2));
    let curl = ab.plus(bc).minus(ac);
    let (on_ab, on_ac) = (weight(1).times(weight(2)), weight(0).times(weight(2)));
    let whole = on_ab.plus(on_ac).plus(weight(0).times(weight(1))).into();
    let second = ab.plus(share(0_i64.minus(curl).times(on_ab.into()), whole));
    let third = ac.plus(share(curl.times(on_ac.into()), whole));
    [second, third, third.minus(second)]
}

/// `floor(part / whole + t)` for the common threshold `t`; `|part| < 2^50`, `whole < 2^18`.
#[inline(never)]
fn share(part: i64, whole: i64) -> i64 {
    let quotient = part.checked_div_euclid(whole).unwrap_or(0);
    let rest = part.minus(quotient.times(whole));
    let raised = (rest << GUARD).plus(THRESHOLD.times(whole));
    quotient.plus(i64::from(raised >= whole << GUARD))
}
