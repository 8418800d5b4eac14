//! How much of each basis cocycle does a flow carry, once the best potentials are taken out?
//!
//! The Gram matrix of the cocycles modulo potentials, `S_kl = <z_k, z_l - d0 x(z_l)>`, is kept as
//! `L D L^T` in Q40, row by row with `D` on the diagonal. It serves as a preconditioner only: the
//! right-hand side is taken exactly from the edges and corrections are repeated until they round to
//! zero, so its error moves no bit unless a coefficient falls on the threshold itself.
//!
//! Bounds: `sum z^2 <= 2^20` keeps `S` below 2^60 in Q40; `edges * sum z^2 <= 2^30` keeps the
//! right-hand side `|z| |f - Z c|` below 2^62. Pivots below 2^-20 are refused. Source: math.md 2.5
//! and 2.6, step 2. Does not decide what is written: see `project`.

use super::blocks::ZERO;
use super::cocycle::{Basis, bounded};
use super::solve::{Cohomology, EXTRA, Edges, GUARD, Outcome, Solver, Source, THRESHOLD};
use super::{Error, Member};
use crate::num::wide::{GRAM, bits, div_shift, mul_gram, shr_round};
use crate::num::{Exact, at, put};

/// Least pivot of a Gram matrix, 2^-20: below it the quotient would have less than 20 bits.
const PIVOT_MIN: i64 = 1 << 20;
/// Rounds of corrections: each gains about twenty bits, and a coefficient has at most 47.
const ROUNDS: u32 = 12;
/// A coefficient this close to the threshold, 2^-20, is flagged.
const MARGIN: u32 = 20;

/// A flow minus cocycles, or one cocycle, as divergence at the vertices.
pub(super) struct Cochain<'a> {
    pub(super) edges: Edges<'a>,
    pub(super) basis: &'a Basis<'a>,
    pub(super) codes: &'a [u16],
    pub(super) flow: Flow<'a>,
}

/// Which flow a [`Cochain`] is.
#[derive(Clone, Copy)]
pub(super) enum Flow<'a> {
    /// `f - Z c`.
    Rest {
        /// The flow given, by edge.
        flow: &'a [i32],
        /// The coefficients.
        c: &'a [i64],
    },
    /// One basis cocycle.
    Cocycle(u16),
}

impl Cochain<'_> {
    /// The value on a member times its weight; wraps only if [`Cochain::fits`] has not been asked.
    fn value(&self, member: usize, edge: u16) -> i64 {
        let code = self.codes.get(member).copied().unwrap_or(ZERO);
        let value = match self.flow {
            Flow::Cocycle(k) => self.basis.value(code, k),
            Flow::Rest { flow, c } => {
                let given = i64::from(at(flow, edge));
                given.wrapping_sub(combination(self.basis, code, c))
            }
        };
        value.wrapping_mul(self.edges.weight(edge))
    }

    /// Whether the sum of magnitudes leaves room for the guard bits.
    fn fits(&self) -> bool {
        let members = self.edges.members.iter().enumerate();
        let values = members.map(|(index, member)| self.value(index, member.edge).unsigned_abs());
        values.fold(0_u64, u64::saturating_add) < 1 << 46
    }
}

/// `sum c_k z_k` on an edge.
pub(super) fn combination(basis: &Basis<'_>, code: u16, c: &[i64]) -> i64 {
    let mut sum = 0_i64;
    for (k, coefficient) in (0_u16..).zip(c) {
        sum = sum.wrapping_add(coefficient.wrapping_mul(basis.value(code, k)));
    }
    sum
}

impl Source for Cochain<'_> {
    fn coarse(&self, y: &mut [i64]) {
        y.fill(0);
        for (index, member) in self.edges.members.iter().enumerate() {
            let value = self.value(index, member.edge) << GUARD;
            put(y, member.head, at(y, member.head).plus(value));
            put(y, member.tail, at(y, member.tail).minus(value));
        }
    }

    fn fine(&self, _: &mut [i64], _: u32) -> u64 {
        0
    }
}

/// One block's cocycles and its solver.
pub(super) struct Cocycles<'a> {
    pub(super) solver: Solver<'a>,
    pub(super) basis: Basis<'a>,
    pub(super) codes: &'a [u16],
    gram: &'a mut [i64],
    pub(super) c: &'a mut [i64],
    dc: &'a mut [i64],
}

impl<'a> Cocycles<'a> {
    pub(super) fn of(solver: Solver<'a>, cohomology: Cohomology<'a>, harmonics: u16) -> Self {
        let Cohomology {
            gram,
            basis,
            codes,
            c,
            dc,
        } = cohomology;
        let wide = usize::from(harmonics);
        Self {
            solver,
            basis: Basis {
                coefficients: basis,
                harmonics,
            },
            codes,
            gram,
            c: c.get_mut(..wide).unwrap_or(&mut []),
            dc: dc.get_mut(..wide).unwrap_or(&mut []),
        }
    }

    /// Members with their generator codes.
    fn coded(&self) -> impl Iterator<Item = (Member, u16)> + use<'a> {
        let members = self.solver.edges.members.iter().copied();
        members.zip(self.codes.iter().copied())
    }

    /// Fills the Gram factor of a block that has cocycles.
    pub(super) fn build(&mut self) -> Result<(), Error> {
        let edges = self.solver.edges;
        bounded(&self.basis, self.codes, edges.members, |edge| {
            edges.weight(edge)
        })?;
        let size = u32::from(self.basis.harmonics);
        for row in 0..self.basis.harmonics {
            let source = Cochain {
                edges,
                basis: &self.basis,
                codes: self.codes,
                flow: Flow::Cocycle(row),
            };
            let outcome = self.solver.refine(&source, true);
            if outcome.uncertified {
                return Err(Error::IllConditioned);
            }
            for k in 0..=row {
                let mut sum = 0_i64;
                for (member, code) in self.coded() {
                    let fall = fall(&self.solver, member, outcome);
                    let rest = (self.basis.value(code, row) << GRAM).minus(fall);
                    let value = self
                        .basis
                        .value(code, k)
                        .wrapping_mul(edges.weight(member.edge));
                    sum = sum.wrapping_add(value.wrapping_mul(rest));
                }
                put(
                    self.gram,
                    u32::from(row).times(size).plus(u32::from(k)),
                    sum,
                );
            }
        }
        Gram {
            entries: self.gram,
            size,
        }
        .factor()
        .ok_or(Error::IllConditioned)
    }
}

/// The difference of potentials along an edge, in Q40.
fn fall(solver: &Solver<'_>, member: Member, outcome: Outcome) -> i64 {
    let (tail, head) = (member.tail, member.head);
    let whole = at(solver.x, head).minus(at(solver.x, tail));
    let rest = i64::from(at(solver.d, head)).minus(i64::from(at(solver.d, tail)));
    (whole << EXTRA).plus(rest << EXTRA.minus(outcome.shift))
}

/// A small symmetric positive matrix, then its factor: lower triangle by rows, Q40.
struct Gram<'a> {
    entries: &'a mut [i64],
    size: u32,
}

impl Gram<'_> {
    fn entry(&self, row: u32, k: u32) -> i64 {
        at(self.entries, row.times(self.size).plus(k))
    }

    /// `L D L^T` in place; `None` if a pivot is too small or an entry does not fit.
    fn factor(&mut self) -> Option<()> {
        for row in 0..self.size {
            for k in 0..=row {
                let mut sum = self.entry(row, k);
                for m in 0..k {
                    let part = mul_gram(self.entry(row, m), self.entry(m, m))?;
                    sum = sum.checked_sub(mul_gram(part, self.entry(k, m))?)?;
                }
                let value = if k < row {
                    div_shift(sum, GRAM, self.entry(k, k))?
                } else {
                    sum
                };
                put(self.entries, row.times(self.size).plus(k), value);
            }
            (self.entry(row, row) >= PIVOT_MIN).then_some(())?;
        }
        Some(())
    }

    /// Bits by which a solution may exceed its side, from the smallest pivot.
    fn gain(&self) -> u32 {
        let pivots = (0..self.size).map(|k| bits(self.entry(k, k).unsigned_abs()));
        GRAM.plus(2).saturating_sub(pivots.min().unwrap_or(GRAM))
    }

    /// Replaces `side` by the solution; `None` if it does not fit.
    fn solve(&self, side: &mut [i64]) -> Option<()> {
        for row in 0..self.size {
            let mut sum = at(side, row);
            for k in 0..row {
                sum = sum.checked_sub(mul_gram(self.entry(row, k), at(side, k))?)?;
            }
            put(side, row, sum);
        }
        for row in (0..self.size).rev() {
            let mut sum = div_shift(at(side, row), GRAM, self.entry(row, row))?;
            for k in row.plus(1)..self.size {
                sum = sum.checked_sub(mul_gram(self.entry(k, row), at(side, k))?)?;
            }
            put(side, row, sum);
        }
        Some(())
    }
}

impl Cocycles<'_> {
    /// Finds the integer coefficients of the cocycles in `flow`, then the integer potentials of the
    /// rest. Where coefficients do not fit they are zero, and the result is flagged.
    pub(super) fn reduce(&mut self, flow: &[i32]) -> Result<Outcome, Error> {
        let mut total = Outcome::default();
        self.c.fill(0);
        if self.basis.harmonics != 0 {
            let (passes, clear) = self.coefficients(flow).unwrap_or((0, false));
            if !clear && self.solve_rest(flow, false).is_err() {
                self.c.fill(0);
            }
            total.passes = passes;
            total.uncertified = !clear;
        }
        let outcome = self.solve_rest(flow, false)?;
        self.solver.round();
        total.passes = total.passes.plus(outcome.passes);
        total.uncertified |= outcome.uncertified;
        Ok(total)
    }

    /// The coefficients. Returns passes, and whether they are certain.
    fn coefficients(&mut self, flow: &[i32]) -> Result<(u16, bool), Error> {
        let mut passes = 0_u16;
        for _ in 0..ROUNDS {
            let (outcome, unit) = self.side(flow)?;
            passes = passes.plus(outcome.passes);
            self.divide().ok_or(Error::Range)?;
            if !self.step(unit) {
                let margin = (1_u64 << unit) >> MARGIN;
                let clear = unit >= GUARD && self.settle_fraction(unit, margin);
                return Ok((passes, clear && !outcome.uncertified));
            }
        }
        Ok((passes, false))
    }

    /// From the side to the corrections of the coefficients.
    fn divide(&mut self) -> Option<()> {
        Gram {
            entries: self.gram,
            size: u32::from(self.basis.harmonics),
        }
        .solve(self.dc)
    }

    /// The same for a flow below 2^29, the quick way: the potentials of the flow give the
    /// coefficients, and are then moved on to those of the rest. `None` if that takes more care.
    pub(super) fn quick(&mut self, flow: &[i32]) -> Option<u16> {
        self.c.fill(0);
        self.solver.start(flow)?;
        // After one pass the coefficients are near enough to move on.
        let (unit, _) = self.quick_side(flow, 0)?;
        self.divide()?;
        self.step(unit);
        let mut passes = 1_u16;
        for _ in 0..ROUNDS {
            self.fits_quick(flow).then_some(())?;
            let (rest, basis, codes) = (&*self.c, &self.basis, self.codes);
            let value = |index: usize, edge: u16| rest_of(basis, codes, rest, flow, index, edge);
            let (more, most) = self.solver.converge(value)?;
            passes = passes.plus(more);
            let (unit, error) = self.quick_side(flow, most)?;
            self.divide()?;
            if self.step(unit) {
                continue;
            }
            self.settle_fraction(unit, error).then_some(())?;
            self.fits_quick(flow).then_some(())?;
            let (rest, basis, codes) = (&*self.c, &self.basis, self.codes);
            let value = |index: usize, edge: u16| rest_of(basis, codes, rest, flow, index, edge);
            return Some(passes.plus(self.solver.conclude(value)?));
        }
        None
    }

    /// Whether all values are small enough for the next residual: themselves below 2^29, and what
    /// changed, at most twice the cocycles over all edges of a vertex, below 2^30.
    fn fits_quick(&self, flow: &[i32]) -> bool {
        let (mut rounds, mut values) = (0_u64, 0_u64);
        for (Member { edge, .. }, code) in self.coded().filter(|(_, code)| code & ZERO != ZERO) {
            let round = combination(&self.basis, code, self.c);
            rounds |= round.unsigned_abs();
            values |= i64::from(at(flow, edge)).abs_diff(round);
        }
        let change = bits(rounds)
            .plus(1)
            .plus(bits(u64::from(self.solver.degree)));
        change <= 30 && bits(values) <= 29
    }

    /// Fills `dc` with `Z^T (f - Z c - d0 x)` for `x` in units of 2^-32 with a residual of at most
    /// `most`. Returns the unit of `dc` and how far a coefficient may be off.
    fn quick_side(&mut self, flow: &[i32], most: u64) -> Option<(u32, u64)> {
        let carried = self.coded().filter(|(_, code)| code & ZERO != ZERO);
        let (mut wide, mut weight) = (0_u64, 0_u64);
        for (member, code) in carried {
            wide |= self.left(flow, member, code).unsigned_abs();
            for k in 0..self.basis.harmonics {
                let value = self.basis.value(code, k).unsigned_abs();
                weight = weight.plus(value);
            }
        }
        let gram = Gram {
            entries: self.gram,
            size: u32::from(self.basis.harmonics),
        };
        let gain = gram.gain();
        let down = bits(wide).plus(bits(weight)).plus(gain).saturating_sub(60);
        let unit = 32_u32.checked_sub(down).filter(|unit| *unit >= GUARD)?;
        for k in 0..self.basis.harmonics {
            let mut sum = 0_i64;
            let carried = self.coded().filter(|(_, code)| code & ZERO != ZERO);
            for (member, code) in carried {
                let value = self.basis.value(code, k);
                let left = self.left(flow, member, code) >> down;
                // Below 2^60 by the choice of the unit.
                sum = sum.plus(value.times(left));
            }
            put(self.dc, k, sum);
        }
        // A drop is off by twice the potential, a side by that and one cut per unit of weight, a
        // coefficient by what the Gram matrix may make of it; and by its own error of 2^-20.
        let off = u64::from(self.solver.norm).plus(1).saturating_mul(most);
        let off = (off.saturating_mul(2) >> down).saturating_add(1);
        let size = u64::from(self.basis.harmonics);
        let off = off.saturating_mul(weight).saturating_mul(size);
        let off = off.saturating_mul(1 << gain.min(40));
        let error = off.saturating_add((1 << unit) >> MARGIN);
        (error < (1 << unit) >> 4).then_some((unit, error))
    }

    /// What is left of the flow on an edge, in units of 2^-32.
    fn left(&self, flow: &[i32], member: Member, code: u16) -> i64 {
        let round = combination(&self.basis, code, self.c);
        let value = i64::from(at(flow, member.edge)).minus(round);
        let fall = at(self.solver.x, member.head).wrapping_sub(at(self.solver.x, member.tail));
        (value << 32).wrapping_sub(fall)
    }

    /// Potentials of `flow - Z c`.
    fn solve_rest(&mut self, flow: &[i32], sharp: bool) -> Result<Outcome, Error> {
        let source = Cochain {
            edges: self.solver.edges,
            basis: &self.basis,
            codes: self.codes,
            flow: Flow::Rest { flow, c: self.c },
        };
        source.fits().then_some(()).ok_or(Error::Range)?;
        Ok(self.solver.refine(&source, sharp))
    }

    /// Fills `dc` with `Z^T W (f - Z c - d0 x)` in units of `2^-unit`; returns the unit, which
    /// leaves room for what the Gram matrix may multiply.
    fn side(&mut self, flow: &[i32]) -> Result<(Outcome, u32), Error> {
        let outcome = self.solve_rest(flow, true)?;
        let mut most = 0_u64;
        for k in 0..self.basis.harmonics {
            let mut sum = 0_i64;
            for (Member { edge, tail, head }, code) in self.coded() {
                let rest = combination(&self.basis, code, self.c);
                let value = i64::from(at(flow, edge)).wrapping_sub(rest);
                let fall = at(self.solver.x, head).wrapping_sub(at(self.solver.x, tail));
                let rest = (value << GUARD).wrapping_sub(fall);
                sum = sum.wrapping_add(self.weighted(code, k, edge).wrapping_mul(rest));
            }
            put(self.dc, k, sum);
            most = most.max(sum.unsigned_abs());
        }
        let gram = Gram {
            entries: self.gram,
            size: u32::from(self.basis.harmonics),
        };
        let room = 60_u32
            .saturating_sub(gram.gain())
            .plus(GUARD)
            .saturating_sub(bits(most));
        let unit = room.min(GUARD.plus(outcome.shift));
        for k in 0..self.basis.harmonics {
            let sum = at(self.dc, k);
            let value = match unit.checked_sub(GUARD) {
                Some(up) => (sum << up).wrapping_sub(self.remainder(k, outcome.shift, up)),
                None => shr_round(sum, GUARD.minus(unit)),
            };
            put(self.dc, k, value);
        }
        Ok((outcome, unit))
    }

    /// The value of a cocycle on an edge, times the edge's weight.
    fn weighted(&self, code: u16, k: u16, edge: u16) -> i64 {
        // Below 2^15 and 2^8.
        self.basis
            .value(code, k)
            .times(self.solver.edges.weight(edge))
    }

    /// What the fraction of the potentials adds to the side of cocycle `k`.
    fn remainder(&self, k: u16, shift: u32, up: u32) -> i64 {
        let mut sum = 0_i64;
        for (Member { edge, tail, head }, code) in self.coded() {
            let fall = i64::from(at(self.solver.d, head)).minus(i64::from(at(self.solver.d, tail)));
            // At most 2^24 * sum |z| <= 2^49.
            sum = sum.plus(self.weighted(code, k, edge).times(fall));
        }
        shr_round(sum, shift.minus(up))
    }

    /// Adds the rounded corrections to the coefficients if one of them is above 3/4 (above 1/2
    /// would never end at a half); whether it did.
    fn step(&mut self, unit: u32) -> bool {
        let near = (3_i64 << unit) >> 2;
        let moves = self
            .dc
            .iter()
            .any(|dc| dc.unsigned_abs() > near.unsigned_abs());
        for (c, dc) in self.c.iter_mut().zip(self.dc.iter()).filter(|_| moves) {
            *c = c.wrapping_add(shr_round(*dc, unit));
        }
        moves
    }

    /// Rounds coefficient plus fraction by the common threshold; whether all were further from it
    /// than `margin`.
    fn settle_fraction(&mut self, unit: u32, margin: u64) -> bool {
        let raised = THRESHOLD << unit.minus(GUARD);
        let one = 1_u64 << unit;
        let clear = self.dc.iter().all(|dc| {
            let fraction = dc.plus(raised).unsigned_abs() & one.minus(1);
            // The fraction of a negative number, from above, is as far from a whole one.
            fraction >= margin && fraction <= one.minus(margin)
        });
        for (c, dc) in self.c.iter_mut().zip(self.dc.iter()) {
            *c = c.wrapping_add(dc.plus(raised) >> unit);
        }
        clear
    }
}

/// The value of a flow less cocycles on an edge; it fits.
fn rest_of(
    basis: &Basis<'_>,
    codes: &[u16],
    c: &[i64],
    flow: &[i32],
    index: usize,
    edge: u16,
) -> i32 {
    let code = codes.get(index).copied().unwrap_or(ZERO);
    let given = at(flow, edge);
    if code & ZERO == ZERO {
        given
    } else {
        // Below 2^29 by `fits_quick`.
        i64::from(given).wrapping_sub(combination(basis, code, c)) as i32
    }
}
