//! How are potentials found when the flow is of moderate size and the block of moderate condition?
//!
//! From the last potentials, with `x` in units of 2^-32: the first pass in double precision, those
//! that touch up in single precision, the residual always exact. Serves nearly all calls; what it
//! declines goes to [`Solver::refine`]. Source: math.md 2.5, 2.10. Does not know holes: see
//! `harmonic`.

use super::harmonic::Rounds;
use super::solve::{GUARD, Solver, THRESHOLD, split, split_end};
use crate::num::wide::{bits, mul_capped};
use crate::num::{Exact, at, put};

/// Passes: two do for all but the largest blocks.
const QUICK: u16 = 4;
/// The same where cocycles were taken out meanwhile.
const QUICK_ROUNDS: u16 = 8;
/// A hint is kept if all potentials are below this many bits.
const HINT: u32 = 29;

impl Solver<'_> {
    /// Finds the integer potentials of a flow below 2^29 from the last ones, into `x`. `None` if
    /// that would take more care than this way takes.
    #[inline(never)]
    pub(super) fn quick(&mut self, flow: &[i32]) -> Option<u16> {
        self.start(flow)?;
        let (passes, most) = self.converge(flow, None, true)?;
        Some(if most == 0 && passes == 1 { 0 } else { passes })
    }

    /// The first pass of the quick way: potentials in `x`, in units of 2^-32.
    ///
    /// The next residual may wrap on the way, so its true size must be known to fit. Potentials of
    /// a flow `e` have energy at most `|e|^2`; a pass leaves a part of `2^-gain` of the error's
    /// energy norm; a residual is at most `sqrt(2 degree)` times that norm.
    pub(super) fn start(&mut self, flow: &[i32]) -> Option<()> {
        let condition = u64::from(self.norm).times(u64::from(self.root));
        let gain = 27_u32.checked_sub(bits(condition))?;
        if self.partial {
            return None;
        }
        let (left, most) = self.first_residual(flow);
        let edges = bits(self.edges.members.len() as u64);
        let root = edges.plus(bits(u64::from(self.degree))).plus(2) >> 1;
        if bits(left).plus(root) > gain.plus(30) {
            return None;
        }
        let shift = self.room(most).min(32);
        if most != 0 {
            self.shift_up(shift);
            self.substitute();
        }
        // From units of 2^-shift to units of 2^-32, if they are below 2^61 then.
        let wide = bits(self.y.iter().fold(0, |all, y| all | y.unsigned_abs()));
        if wide.plus(32) > shift.plus(61) {
            return None;
        }
        let up = 32_u32.minus(shift);
        for ((x, y), hint) in self.x.iter_mut().zip(self.y.iter()).zip(self.hint.iter()) {
            *x = (i64::from(*hint) << 32).plus(*y << up);
        }
        Some(())
    }

    /// Goes on with what is left of `flow` without `rounds`: until the residual is down to the
    /// roundings of `x`, or, if `sure`, until the integer part of `x + t` is certain; then rounds.
    /// Returns passes and residual.
    #[inline(never)]
    pub(super) fn converge(
        &mut self,
        flow: &[i32],
        rounds: Option<&Rounds<'_>>,
        sure: bool,
    ) -> Option<(u16, u64)> {
        let limit = if rounds.is_some() {
            QUICK_ROUNDS
        } else {
            QUICK
        };
        for passes in 1..=limit {
            let most = self.next_residual(flow, rounds);
            if !sure {
                if most <= u64::from(self.degree).times(2) {
                    return Some((passes, most));
                }
            } else if self.certain(most) {
                for x in self.x.iter_mut() {
                    *x = x.plus(THRESHOLD << GUARD) >> 32;
                }
                return Some((passes, most));
            }
            self.touch_up(bits(most));
        }
        None
    }

    /// Adds to `x` the solution for a residual of `wide` bits in single precision: an error is
    /// known to so many digits that this gains 20 of them. Nothing proves that sums fit on the way.
    /// If one wraps, the correction is wrong but still below 2^3 times the residual, and the next
    /// residual tells.
    #[inline(never)]
    fn touch_up(&mut self, wide: u32) {
        let (down, up) = (wide.saturating_sub(28), 28_u32.saturating_sub(wide));
        for (d, y) in self.d.iter_mut().zip(self.y.iter()) {
            *d = ((*y >> down) as i32) << up;
        }
        let d = &mut *self.d;
        let (mut rows, mut values) = (self.rows, &*self.values);
        let scaled = |a: i32, l: u32| (i64::from(a).wrapping_mul(i64::from(l)) >> 32) as i32;
        for (vertex, (count, reciprocal)) in
            (0_u32..).zip(self.count.iter().zip(self.reciprocal.iter()))
        {
            let pivot = at(d, vertex);
            let (column, weights) = split(&mut rows, &mut values, usize::from(*count));
            for (row, value) in column.iter().zip(weights) {
                put(d, *row, at(d, *row).wrapping_add(scaled(pivot, *value)));
            }
            put(
                d,
                vertex,
                scaled(pivot, *reciprocal).wrapping_shl(u32::from(self.scale)),
            );
        }
        (rows, values) = (self.rows, &*self.values);
        for (vertex, count) in (0..self.count.len() as u32).zip(self.count).rev() {
            let (column, weights) = split_end(&mut rows, &mut values, usize::from(*count));
            let mut sum = at(d, vertex);
            for (row, value) in column.iter().zip(weights) {
                sum = sum.wrapping_add(scaled(at(d, *row), *value));
            }
            put(d, vertex, sum);
        }
        for (x, d) in self.x.iter_mut().zip(self.d.iter_mut()) {
            *x = x.wrapping_add((i64::from(*d) >> up) << down);
            *d = 0;
        }
    }

    /// `y = d0^T (f - d0 hint)`. Returns the largest magnitudes of the flow that is left and of
    /// `y`.
    #[inline(never)]
    fn first_residual(&mut self, flow: &[i32]) -> (u64, u64) {
        let (y, hint) = (&mut *self.y, &*self.hint);
        y.fill(0);
        let mut most = 0_i32;
        for member in self.edges.members {
            // The flow and the hints are below 2^29, so what is left is below 2^31.
            let drop = at(hint, member.head).minus(at(hint, member.tail));
            let left = at(flow, member.edge).minus(drop);
            most |= left ^ (left >> 31);
            let left = i64::from(left);
            put(y, member.head, at(y, member.head).plus(left));
            put(y, member.tail, at(y, member.tail).minus(left));
        }
        // As many bits as the largest.
        (u64::from(most.unsigned_abs()), self.largest())
    }

    /// `y = d0^T (f - Z c - d0 x)` in units of 2^-32. Returns the largest magnitude.
    #[inline(never)]
    fn next_residual(&mut self, flow: &[i32], rounds: Option<&Rounds<'_>>) -> u64 {
        let (y, x) = (&mut *self.y, &*self.x);
        y.fill(0);
        for member in self.edges.members {
            let drop = at(x, member.head).wrapping_sub(at(x, member.tail));
            let left = (i64::from(at(flow, member.edge)) << 32).wrapping_sub(drop);
            put(y, member.head, at(y, member.head).wrapping_add(left));
            put(y, member.tail, at(y, member.tail).wrapping_sub(left));
        }
        if let Some(rounds) = rounds {
            for (index, member) in self.edges.members.iter().enumerate() {
                let round = rounds.at(index) << 32;
                put(y, member.head, at(y, member.head).wrapping_sub(round));
                put(y, member.tail, at(y, member.tail).wrapping_add(round));
            }
        }
        self.largest()
    }

    /// Whether the exact solution has the integer parts of `x + t`, given the largest residual, in
    /// units of 2^-32.
    #[inline(never)]
    fn certain(&self, most: u64) -> bool {
        let distance = mul_capped(u64::from(self.norm).plus(1), most);
        let Ok(distance) = u32::try_from(distance) else {
            return false;
        };
        let raised = (THRESHOLD << GUARD) as u32;
        self.x.iter().take(usize::from(self.root)).all(|x| {
            let above = (*x as u32).wrapping_add(raised);
            distance <= above && above.checked_add(distance).is_some()
        })
    }

    /// Keeps integer potentials as the next hint if they are small enough; whether they are.
    #[inline(never)]
    pub(super) fn keep(&mut self) -> bool {
        let all = self.x.iter().fold(0, |all, x| all | x.unsigned_abs());
        let small = bits(all) < HINT;
        for (hint, x) in self.hint.iter_mut().zip(self.x.iter()) {
            *hint = if small { *x as i32 } else { 0 };
        }
        small
    }
}
