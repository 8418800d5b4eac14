//! What potentials belong to a right-hand side, and how sure is their integer part?
//!
//! A pass computes the residual exactly from the edges, shifts it up as far as the norm of the
//! inverse allows, solves with the factor and adds. The exact solution is then within norm times
//! residual. A pass is the last when no threshold lies within that distance: the integer part is
//! then that of the exact rational solution, whatever the factor.
//!
//! [`Solver::quick`] starts from the last potentials and keeps `x` in units of 2^-32; it serves
//! flows of moderate size on blocks of moderate condition, that is nearly all. [`Solver::refine`]
//! serves the rest: `x` in units of 2^-16 and a remainder `d` of `shift` more bits, `|d| <=
//! 2^(shift-1)`. Where the factor is partial, each correction is scaled by the step of Barzilai and
//! Borwein; with a full factor the step is one.
//!
//! Bounds: `sum |f| < 2^46` over the block gives `|x|, |y| < 2^62` (math.md T11); a shifted
//! residual is kept below `2^61 / max(norm, vertices)`. Sums over the edges of a vertex wrap on the
//! way and fit at the end. Source: math.md 2.5; Barzilai, Borwein 1988. Does not know what the
//! right-hand side means: see [`Source`].

use super::Member;
use crate::num::wide::{bits, mul_capped, mul_q32, mul_scaled, shr_round};
use crate::num::{Exact, at, put};

/// Fraction bits of a potential in [`Solver::refine`].
pub(super) const GUARD: u32 = 16;
/// The common threshold, 25033/65536: away from all simple fractions.
pub(super) const THRESHOLD: i64 = 25_033;
/// Most extra bits of a remainder.
pub(super) const EXTRA: u32 = 24;
/// Passes after which the floor is taken uncertified: with a full factor, and with a partial one.
const PASSES: u16 = 12;
const PASSES_PARTIAL: u16 = 4_000;
/// One in the format of steps.
const STEP: u32 = 1 << 16;

/// A right-hand side, one number per vertex of a block.
pub(super) trait Source {
    /// Writes the part in units of 2^-16, rounded down.
    fn coarse(&self, y: &mut [i64]);
    /// Adds the part below that, in units of `2^-(16 + bits)`. Returns how far it may be off.
    fn fine(&self, y: &mut [i64], bits: u32) -> u64;
}

/// The edges of a block with their weights.
#[derive(Clone, Copy)]
pub(super) struct Edges<'a> {
    pub(super) members: &'a [Member],
    /// Trust in each edge, by edge; none means 1.
    pub(super) trust: Option<&'a [u8]>,
}

impl Edges<'_> {
    pub(super) fn weight(&self, edge: u16) -> i64 {
        self.trust
            .map_or(1, |trust| i64::from(at(trust, edge).max(1)))
    }
}

/// What is needed to solve on one block.
pub(super) struct Solver<'a> {
    pub(super) edges: Edges<'a>,
    pub(super) root: u16,
    /// Most edges at a vertex.
    pub(super) degree: u16,
    /// Whether the factor is partial.
    pub(super) partial: bool,
    /// Bound of the infinity norm of the inverse.
    pub(super) norm: u32,
    pub(super) scale: u8,
    pub(super) count: &'a [u16],
    pub(super) rows: &'a [u16],
    pub(super) values: &'a mut [u32],
    pub(super) reciprocal: &'a mut [u32],
    pub(super) hint: &'a mut [i32],
    pub(super) x: &'a mut [i64],
    pub(super) y: &'a mut [i64],
    pub(super) d: &'a mut [i32],
    /// The step of the pass before, Q16.
    pub(super) step: u32,
}

/// How a refinement ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) passes: u16,
    pub(super) uncertified: bool,
    /// Extra bits of `d`.
    pub(super) shift: u32,
}

impl Solver<'_> {
    #[inline(never)]
    pub(super) fn shift_up(&mut self, shift: u32) {
        for value in self.y.iter_mut() {
            *value <<= shift;
        }
    }

    /// Solves `G x = source` until the integer part of `x + t` is certain; if `sharp`, also until
    /// all extra bits are in use.
    pub(super) fn refine(&mut self, source: &dyn Source, sharp: bool) -> Outcome {
        self.x.fill(0);
        self.d.fill(0);
        self.step = 0;
        let limit = self.limit();
        let mut outcome = Outcome::default();
        loop {
            let mut most = self.residual(source);
            let fine = bits(most).plus(outcome.shift) <= 56;
            if fine && (outcome.passes != 0 || most == 0) {
                let (rest, slack) = self.fine_residual(source, outcome.shift);
                // After a pass with a full factor the remainder is exact to its last bits; after
                // one with a partial factor only what is left tells.
                let exact = !self.partial || rest <= u64::from(self.degree);
                let all_bits = most == 0 || outcome.shift == EXTRA && exact;
                let certain = self.certain_rest(rest.plus(slack), outcome.shift);
                if certain && (all_bits || !sharp) {
                    return outcome;
                }
                if outcome.shift == EXTRA && outcome.passes < limit {
                    self.polish(rest);
                    outcome.passes = outcome.passes.plus(1);
                    continue;
                }
                most = self.residual(source);
            }
            if outcome.passes >= limit {
                outcome.uncertified = true;
                return outcome;
            }
            outcome.shift = self.headroom(most);
            self.correct(source, outcome.shift);
            outcome.passes = outcome.passes.plus(1);
        }
    }

    fn limit(&self) -> u16 {
        if self.partial { PASSES_PARTIAL } else { PASSES }
    }

    /// A bound of the infinity norm of the inverse: the inverse is nonnegative, so its largest row
    /// sum is the largest potential `v` of the all-ones side, and with a residual below 1/16 it is
    /// at most `v / (1 - 1/16)`. `None` if it cannot be found. Potentials in units of 2^-24.
    pub(super) fn find_norm(&mut self) -> Option<u32> {
        const ONE: u32 = 24;
        self.x.fill(0);
        self.step = 0;
        for pass in 0..=self.limit() {
            self.y.fill(1 << ONE);
            if pass != 0 {
                self.subtract();
            }
            let most = self.largest();
            if most < 1 << ONE.minus(4) {
                let most = self.x.iter().max().copied().unwrap_or(0).unsigned_abs() >> ONE;
                return u32::try_from(most.plus(most >> 3).plus(2)).ok();
            }
            // The norm is not known yet: below 2^31, since there are at most 2^15 vertices.
            let room = 27_u32.saturating_sub(bits(most));
            self.shift_up(room);
            self.solve();
            for (x, y) in self.x.iter_mut().zip(self.y.iter()) {
                *x = x.checked_add(shr_round(*y, room))?;
            }
        }
        None
    }

    /// How far a residual may be shifted up so that the solution stays below 2^61.
    #[inline(never)]
    pub(super) fn room(&self, most: u64) -> u32 {
        let wide = u64::from(self.norm).max(u64::from(self.root.plus(1)));
        60_u32
            .saturating_sub(bits(most))
            .saturating_sub(bits(wide))
            .saturating_sub(if self.partial { 6 } else { 0 })
    }

    /// The same for a remainder of at most [`EXTRA`] bits.
    fn headroom(&self, most: u64) -> u32 {
        self.room(most).min(EXTRA)
    }

    /// `y = source - G x`, exactly. Returns the largest magnitude.
    fn residual(&mut self, source: &dyn Source) -> u64 {
        source.coarse(self.y);
        self.subtract();
        self.largest()
    }

    /// `y -= G x` at all vertices.
    pub(super) fn subtract(&mut self) {
        for member in self.edges.members {
            let Member { edge, tail, head } = *member;
            let drop = at(self.x, head).wrapping_sub(at(self.x, tail));
            let drop = drop.wrapping_mul(self.edges.weight(edge));
            put(self.y, head, at(self.y, head).wrapping_sub(drop));
            put(self.y, tail, at(self.y, tail).wrapping_add(drop));
        }
    }

    /// Clears the root, whose equation is the sum of the others. The largest magnitude of the rest,
    /// rounded up to all ones.
    #[inline(never)]
    pub(super) fn largest(&mut self) -> u64 {
        put(self.y, self.root, 0);
        self.y.iter().fold(0, |all, y| all | y.unsigned_abs())
    }

    /// One pass: `x + d = x + G^-1 y`, with the part of the source below the unit of `y`.
    fn correct(&mut self, source: &dyn Source, shift: u32) {
        self.shift_up(shift);
        source.fine(self.y, shift);
        self.largest();
        self.solve();
        for ((x, y), d) in self.x.iter_mut().zip(self.y.iter()).zip(self.d.iter_mut()) {
            let whole = shr_round(*y, shift);
            *x = x.plus(whole);
            // At most 2^23 in magnitude.
            *d = y.minus(whole << shift) as i32;
        }
    }

    /// `y = G^-1 y` as well as the factor knows it.
    fn solve(&mut self) {
        let energy = self.substitute();
        if self.partial {
            self.stretch(energy);
        }
    }

    /// `y = M^-1 y` by the factor `M`; absolute values in between never exceed `sum |y|`. Returns
    /// the energy `y M^-1 y` if the factor is partial.
    #[inline(never)]
    pub(super) fn substitute(&mut self) -> Float {
        let mut energy = Float::default();
        let y = &mut *self.y;
        let (mut rows, mut values) = (self.rows, &*self.values);
        let columns = self.count.iter().zip(self.reciprocal.iter());
        for (vertex, (count, reciprocal)) in (0_u32..).zip(columns) {
            let pivot = at(y, vertex);
            let (column, weights) = split(&mut rows, &mut values, usize::from(*count));
            for (row, value) in column.iter().zip(weights) {
                put(y, *row, at(y, *row).plus(mul_q32(pivot, *value)));
            }
            let quotient = mul_scaled(pivot, *reciprocal, self.scale.into());
            put(y, vertex, quotient);
            if self.partial {
                energy.add(Float::of(pivot).times(Float::of(quotient)));
            }
        }
        (rows, values) = (self.rows, &*self.values);
        for (vertex, count) in (0..self.count.len() as u32).zip(self.count).rev() {
            let (column, weights) = split_end(&mut rows, &mut values, usize::from(*count));
            let mut sum = at(y, vertex);
            for (row, value) in column.iter().zip(weights) {
                sum = sum.plus(mul_q32(at(y, *row), *value));
            }
            put(y, vertex, sum);
        }
        energy
    }

    /// The substitution by a partial factor `M` times the step that was best for the pass before,
    /// `r M^-1 r / (z G z)` for its side `r` and its correction `z`; at first the best for this.
    #[inline(never)]
    fn stretch(&mut self, energy: Float) {
        let mut work = Float::default();
        for member in self.edges.members {
            let Member { edge, tail, head } = *member;
            let drop = Float::of(at(self.y, head).minus(at(self.y, tail)));
            let weight = Float::of(self.edges.weight(edge));
            work.add(drop.times(drop).times(weight));
        }
        let best = energy
            .over(work)
            .unwrap_or(STEP)
            .clamp(STEP >> 3, STEP << 4);
        let step = if self.step == 0 { best } else { self.step };
        self.step = best;
        for y in self.y.iter_mut() {
            // A step is below 2^5: as a fraction of that it is below one.
            *y = mul_q32(*y, step << 11) << 5;
        }
    }

    /// From the residual of `x` to that of `x + d`, in units of `2^-(16 + shift)`. Returns the
    /// largest magnitude and how far the source may be off.
    fn fine_residual(&mut self, source: &dyn Source, shift: u32) -> (u64, u64) {
        self.shift_up(shift);
        let slack = source.fine(self.y, shift);
        for member in self.edges.members {
            let Member { edge, tail, head } = *member;
            let drop = i64::from(at(self.d, head)).minus(i64::from(at(self.d, tail)));
            let drop = drop.times(self.edges.weight(edge));
            put(self.y, head, at(self.y, head).minus(drop));
            put(self.y, tail, at(self.y, tail).plus(drop));
        }
        (self.largest(), slack)
    }

    /// One pass for the last bits: `x + d += G^-1 y` from the residual of `x + d` with all extra
    /// bits.
    fn polish(&mut self, most: u64) {
        let up = self.headroom(most);
        self.shift_up(up);
        self.solve();
        for ((x, y), d) in self.x.iter_mut().zip(self.y.iter()).zip(self.d.iter_mut()) {
            let fraction = i64::from(*d).plus(shr_round(*y, up));
            let whole = shr_round(fraction, EXTRA);
            *x = x.plus(whole);
            *d = fraction.minus(whole << EXTRA) as i32;
        }
    }

    /// Whether the exact solution has the integer parts of `x + d + t`, given the largest residual.
    fn certain_rest(&self, most: u64, shift: u32) -> bool {
        let distance = mul_capped(u64::from(self.norm).plus(1), most);
        let Ok(distance) = i64::try_from(distance) else {
            return false;
        };
        let unit = 1_i64 << GUARD.plus(shift);
        if distance >= unit {
            return false;
        }
        let pairs = self
            .x
            .iter()
            .zip(self.d.iter())
            .take(usize::from(self.root));
        pairs
            .map(|(x, d)| above_threshold(*x, *d, shift))
            .all(|above| distance <= above && above.plus(distance) < unit)
    }

    /// Replaces `x` by the integers `floor(x + d + t)`. The root becomes zero.
    pub(super) fn round(&mut self) {
        for (x, d) in self.x.iter_mut().zip(self.d.iter()) {
            *x = x.plus(THRESHOLD).minus(i64::from(*d < 0)) >> GUARD;
        }
        put(self.x, self.root, 0);
    }
}

/// The next column and its multipliers, taken off the front.
#[inline(always)]
pub(super) fn split<'a>(
    rows: &mut &'a [u16],
    values: &mut &'a [u32],
    count: usize,
) -> (&'a [u16], &'a [u32]) {
    let (column, rest) = rows.split_at_checked(count).unwrap_or_default();
    let (weights, others) = values.split_at_checked(count).unwrap_or_default();
    (*rows, *values) = (rest, others);
    (column, weights)
}

/// The last column and its multipliers, taken off the end.
#[inline(always)]
pub(super) fn split_end<'a>(
    rows: &mut &'a [u16],
    values: &mut &'a [u32],
    count: usize,
) -> (&'a [u16], &'a [u32]) {
    let place = rows.len().saturating_sub(count);
    let (rest, column) = rows.split_at_checked(place).unwrap_or_default();
    let (others, weights) = values.split_at_checked(place).unwrap_or_default();
    (*rows, *values) = (rest, others);
    (column, weights)
}

/// The fraction of `x + d + t`, in units of `2^-(16 + shift)`.
fn above_threshold(x: i64, d: i32, shift: u32) -> i64 {
    let fraction = x.plus(THRESHOLD) & 0xffff;
    let above = (fraction << shift).plus(i64::from(d));
    if above < 0 {
        above.plus(1 << GUARD.plus(shift))
    } else {
        above
    }
}

/// A magnitude as 31 bits and an exponent, for the steps of a partial factor: these need a few
/// digits, and range.
#[derive(Clone, Copy, Default)]
pub(super) struct Float {
    digits: u32,
    exponent: i32,
}

impl Float {
    fn of(value: i64) -> Self {
        Self::normal(value.unsigned_abs(), 0)
    }

    /// `digits 2^exponent` with exactly 31 digits, or zero.
    #[inline(never)]
    fn normal(digits: u64, exponent: i32) -> Self {
        let down = (bits(digits) as i32).minus(31);
        let digits = if down > 0 {
            digits >> down
        } else {
            digits << 0_i32.minus(down)
        };
        Self {
            digits: digits as u32,
            exponent: if digits == 0 { 0 } else { exponent.plus(down) },
        }
    }

    fn times(self, other: Self) -> Self {
        Self::normal(
            u64::from(self.digits).times(u64::from(other.digits)),
            self.exponent.plus(other.exponent),
        )
    }

    fn add(&mut self, other: Self) {
        let (small, large) =
            if self.exponent < other.exponent && other.digits != 0 || self.digits == 0 {
                (*self, other)
            } else {
                (other, *self)
            };
        let down = large.exponent.minus(small.exponent).clamp(0, 31);
        let sum = u64::from(large.digits).plus(u64::from(small.digits >> down));
        *self = Self::normal(sum, large.exponent);
    }

    /// The quotient in Q16; `None` by zero.
    fn over(self, other: Self) -> Option<u32> {
        let quotient = (u64::from(self.digits) << 32).checked_div(other.digits.into())?;
        let down = 16_i32.minus(self.exponent).plus(other.exponent);
        let value = match u32::try_from(down) {
            Ok(down) => quotient.checked_shr(down).unwrap_or(0),
            Err(_) => u64::from(u32::MAX),
        };
        Some(u32::try_from(value).unwrap_or(u32::MAX))
    }
}
