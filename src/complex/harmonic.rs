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
use super::pool::{Payload, Work};
use super::solve::{EXTRA, Edges, GUARD, Outcome, Solver, Source, THRESHOLD};
use super::{Block, Error, Member};
use crate::num::wide::{GRAM, bits, div_shift, mul_capped, mul_gram, shr_round};
use crate::num::{Exact, at, put};

/// Least pivot of a Gram matrix, 2^-20: below it the quotient would have less than 20 bits.
const PIVOT_MIN: i64 = 1 << 20;
/// Rounds of corrections: each gains about twenty bits, and a coefficient has at most 47.
const ROUNDS: u32 = 12;
/// A coefficient this close to the threshold, 2^-20, is flagged.
const MARGIN: u32 = 20;

/// A combination of cocycles: what of a flow goes round holes.
pub(super) struct Rounds<'a> {
    pub(super) basis: Basis<'a>,
    /// Generator codes by member; none where there are no holes.
    pub(super) codes: &'a [u16],
    /// Coefficients.
    pub(super) c: &'a mut [i64],
}

impl Rounds<'_> {
    /// The generator code of a member.
    fn code(&self, member: usize) -> u16 {
        self.codes.get(member).copied().unwrap_or(ZERO)
    }

    /// `sum c_k z_k` on an edge with this generator code.
    #[inline(never)]
    pub(super) fn on(&self, code: u16) -> i64 {
        let mut sum = 0_i64;
        for (k, coefficient) in (0_u16..).zip(self.c.iter()) {
            sum = sum.wrapping_add(coefficient.wrapping_mul(self.basis.value(code, k)));
        }
        sum
    }

    /// The same by member.
    pub(super) fn at(&self, member: usize) -> i64 {
        match self.code(member) {
            code if code & ZERO == ZERO => 0,
            code => self.on(code),
        }
    }
}

/// A flow, or none, minus a combination of cocycles, as divergence at the vertices.
struct Cochain<'a> {
    edges: Edges<'a>,
    rounds: &'a Rounds<'a>,
    flow: Option<&'a [i32]>,
}

impl Cochain<'_> {
    /// The value on a member times its weight; wraps only if [`Cochain::fits`] has not been asked.
    #[inline(never)]
    fn value(&self, member: usize, edge: u16) -> i64 {
        let given = self.flow.map_or(0, |flow| i64::from(at(flow, edge)));
        let value = given.wrapping_sub(self.rounds.at(member));
        value.wrapping_mul(self.edges.weight(edge))
    }

    /// Whether the sum of magnitudes leaves room for the guard bits.
    fn fits(&self) -> bool {
        let members = self.edges.members.iter().enumerate();
        let values = members.map(|(index, member)| self.value(index, member.edge).unsigned_abs());
        values.fold(0_u64, u64::saturating_add) < 1 << 46
    }
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
    pub(super) rounds: Rounds<'a>,
    gram: Gram<'a>,
    dc: &'a mut [i64],
}

impl<'a> Cocycles<'a> {
    /// The cocycles and the solver of a block in its arrays.
    pub(super) fn of(
        block: &Block,
        edges: Edges<'a>,
        payload: Payload<'a>,
        work: Work<'a>,
    ) -> Option<Self> {
        let (wide, harmonics) = (usize::from(block.vertices), usize::from(block.harmonics));
        Some(Self {
            solver: Solver {
                edges,
                root: block.root(),
                degree: block.degree,
                partial: block.is_partial(),
                norm: block.norm,
                scale: block.scale,
                count: payload.count,
                rows: payload.rows,
                values: payload.values,
                reciprocal: payload.reciprocal,
                hint: payload.hint,
                x: work.x.get_mut(..wide)?,
                y: work.y.get_mut(..wide)?,
                d: work.d.get_mut(..wide)?,
                step: 0,
            },
            rounds: Rounds {
                basis: Basis {
                    coefficients: payload.basis,
                    harmonics: block.harmonics,
                },
                codes: payload.codes,
                c: work.c.get_mut(..harmonics)?,
            },
            gram: Gram {
                entries: payload.gram,
                size: block.harmonics.into(),
            },
            dc: work.dc.get_mut(..harmonics)?,
        })
    }

    /// Members that carry a cocycle, with their generator codes.
    fn carriers(&self) -> impl Iterator<Item = (Member, u16)> + use<'a> {
        let members = self.solver.edges.members.iter().copied();
        let coded = members.zip(self.rounds.codes.iter().copied());
        coded.filter(|(_, code)| code & ZERO != ZERO)
    }

    /// The inner product of cocycle `k` with what `of` says of each edge, weighted. It fits at the
    /// end.
    #[inline(never)]
    fn onto(&self, k: u16, of: &dyn Fn(Member, u16) -> i64) -> i64 {
        let mut sum = 0_i64;
        for (member, code) in self.carriers() {
            // Below 2^15 and 2^8.
            let value = self.rounds.basis.value(code, k);
            let value = value.times(self.solver.edges.weight(member.edge));
            sum = sum.wrapping_add(value.wrapping_mul(of(member, code)));
        }
        sum
    }

    /// Fills the Gram factor of a block that has cocycles.
    pub(super) fn build(&mut self) -> Result<(), Error> {
        let edges = self.solver.edges;
        bounded(
            &self.rounds.basis,
            self.rounds.codes,
            edges.members,
            |edge| edges.weight(edge),
        )?;
        for row in 0..self.rounds.basis.harmonics {
            // The cocycle itself: nothing less minus one of it.
            put(self.rounds.c, row, -1);
            let outcome = self.potentials(None, true)?;
            put(self.rounds.c, row, 0);
            if outcome.uncertified {
                return Err(Error::IllConditioned);
            }
            for k in 0..=row {
                let sum = self.onto(k, &|member, code| {
                    let fall = fall(&self.solver, member, outcome);
                    (self.rounds.basis.value(code, row) << GRAM).minus(fall)
                });
                self.gram.put(row.into(), k.into(), sum);
            }
        }
        self.gram.factor().ok_or(Error::IllConditioned)
    }

    /// The potentials of a flow, or none, minus the combination of cocycles. `Range` if that is too
    /// large.
    #[inline(never)]
    fn potentials(&mut self, flow: Option<&[i32]>, sharp: bool) -> Result<Outcome, Error> {
        let source = Cochain {
            edges: self.solver.edges,
            rounds: &self.rounds,
            flow,
        };
        // A cocycle alone is small.
        if flow.is_some() && !source.fits() {
            return Err(Error::Range);
        }
        Ok(self.solver.refine(&source, sharp))
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

    fn put(&mut self, row: u32, k: u32, value: i64) {
        put(self.entries, row.times(self.size).plus(k), value);
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
                self.put(row, k, value);
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
    #[inline(never)]
    pub(super) fn reduce(&mut self, flow: &[i32]) -> Result<Outcome, Error> {
        let mut total = Outcome::default();
        self.rounds.c.fill(0);
        if self.gram.size != 0 {
            let (passes, clear) = self.coefficients(flow).unwrap_or((0, false));
            if !clear && self.potentials(Some(flow), false).is_err() {
                self.rounds.c.fill(0);
            }
            total.passes = passes;
            total.uncertified = !clear;
        }
        let outcome = self.potentials(Some(flow), false)?;
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
            if !self.step(unit).ok_or(Error::Range)? {
                let margin = (1_u64 << unit) >> MARGIN;
                let clear = unit >= GUARD && self.settle_fraction(unit, margin);
                return Ok((passes, clear && !outcome.uncertified));
            }
        }
        Ok((passes, false))
    }

    /// The same for a flow below 2^29, the quick way: the potentials of the flow give the
    /// coefficients, and are then moved on to those of the rest. `None` if that takes more care.
    #[inline(never)]
    pub(super) fn quick(&mut self, flow: &[i32]) -> Option<u16> {
        self.rounds.c.fill(0);
        self.solver.start(flow)?;
        // After one pass the coefficients are near enough to move on.
        let (unit, _) = self.quick_side(flow, 0)?;
        self.step(unit)?;
        let mut passes = 1_u16;
        for _ in 0..ROUNDS {
            let (more, most) = self.move_on(flow, false)?;
            passes = passes.plus(more);
            let (unit, error) = self.quick_side(flow, most)?;
            if self.step(unit)? {
                continue;
            }
            self.settle_fraction(unit, error).then_some(())?;
            let (more, _) = self.move_on(flow, true)?;
            return Some(passes.plus(more));
        }
        None
    }

    /// Moves the potentials on to those of the rest, if that is small enough.
    fn move_on(&mut self, flow: &[i32], sure: bool) -> Option<(u16, u64)> {
        self.fits_quick(flow).then_some(())?;
        self.solver.converge(flow, Some(&self.rounds), sure)
    }

    /// Whether all values are small enough for the next residual: themselves below 2^29, and what
    /// changed, at most twice the cocycles over all edges of a vertex, below 2^30.
    fn fits_quick(&self, flow: &[i32]) -> bool {
        let (mut rounds, mut values) = (0_u64, 0_u64);
        for (Member { edge, .. }, code) in self.carriers() {
            let round = self.rounds.on(code);
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
    #[inline(never)]
    fn quick_side(&mut self, flow: &[i32], most: u64) -> Option<(u32, u64)> {
        let (mut wide, mut weight) = (0_u64, 0_u64);
        for (member, code) in self.carriers() {
            wide |= self.left(flow, member, code, 32).unsigned_abs();
            for k in 0..self.rounds.basis.harmonics {
                let value = self.rounds.basis.value(code, k).unsigned_abs();
                weight = weight.plus(value);
            }
        }
        let gain = self.gram.gain();
        let down = bits(wide).plus(bits(weight)).plus(gain).saturating_sub(60);
        let unit = 32_u32.checked_sub(down).filter(|unit| *unit >= GUARD)?;
        for k in 0..self.rounds.basis.harmonics {
            // Below 2^60 by the choice of the unit.
            let sum = self.onto(k, &|member, code| self.left(flow, member, code, 32) >> down);
            put(self.dc, k, sum);
        }
        // A drop is off by twice the potential, a side by that and one cut per unit of weight, a
        // coefficient by what the Gram matrix may make of it; and by its own error of 2^-20.
        let off = mul_capped(u64::from(self.solver.norm).plus(1), most);
        let off = (mul_capped(off, 2) >> down).saturating_add(1);
        let off = mul_capped(mul_capped(off, weight), self.gram.size.into());
        let off = mul_capped(off, 1 << gain.min(40));
        let error = off.saturating_add((1 << unit) >> MARGIN);
        (error < (1 << unit) >> 4).then_some((unit, error))
    }

    /// What is left of the flow on an edge, for potentials in units of `2^-unit`.
    fn left(&self, flow: &[i32], member: Member, code: u16, unit: u32) -> i64 {
        let value = i64::from(at(flow, member.edge)).wrapping_sub(self.rounds.on(code));
        let fall = at(self.solver.x, member.head).wrapping_sub(at(self.solver.x, member.tail));
        (value << unit).wrapping_sub(fall)
    }

    /// Fills `dc` with `Z^T W (f - Z c - d0 x)` in units of `2^-unit`; returns the unit, which
    /// leaves room for what the Gram matrix may multiply.
    fn side(&mut self, flow: &[i32]) -> Result<(Outcome, u32), Error> {
        let outcome = self.potentials(Some(flow), true)?;
        let mut most = 0_u64;
        for k in 0..self.rounds.basis.harmonics {
            let sum = self.onto(k, &|member, code| self.left(flow, member, code, GUARD));
            put(self.dc, k, sum);
            most = most.max(sum.unsigned_abs());
        }
        let room = 60_u32
            .saturating_sub(self.gram.gain())
            .plus(GUARD)
            .saturating_sub(bits(most));
        let unit = room.min(GUARD.plus(outcome.shift));
        for k in 0..self.rounds.basis.harmonics {
            let sum = at(self.dc, k);
            let value = match unit.checked_sub(GUARD) {
                Some(up) => (sum << up).wrapping_sub(self.remainder(k, outcome.shift.minus(up))),
                None => shr_round(sum, GUARD.minus(unit)),
            };
            put(self.dc, k, value);
        }
        Ok((outcome, unit))
    }

    /// What the fraction of the potentials adds to the side of cocycle `k`, over `2^down`.
    fn remainder(&self, k: u16, down: u32) -> i64 {
        let d = &*self.solver.d;
        // At most 2^24 * sum |z| <= 2^49.
        let sum = self.onto(k, &|Member { tail, head, .. }, _| {
            i64::from(at(d, head)).minus(i64::from(at(d, tail)))
        });
        shr_round(sum, down)
    }

    /// From the side to the corrections of the coefficients, which are added, rounded, if one of
    /// them is above 3/4 (above 1/2 would never end at a half); whether that was so. `None` if they
    /// do not fit.
    fn step(&mut self, unit: u32) -> Option<bool> {
        self.gram.solve(self.dc)?;
        let near = (3_i64 << unit) >> 2;
        let moves = self
            .dc
            .iter()
            .any(|dc| dc.unsigned_abs() > near.unsigned_abs());
        if moves {
            for (c, dc) in self.rounds.c.iter_mut().zip(self.dc.iter()) {
                *c = c.wrapping_add(shr_round(*dc, unit));
            }
        }
        Some(moves)
    }

    /// Rounds coefficient plus fraction by the common threshold; whether all were further from it
    /// than `margin`.
    fn settle_fraction(&mut self, unit: u32, margin: u64) -> bool {
        let raised = THRESHOLD << unit.minus(GUARD);
        let one = 1_u64 << unit;
        let mut clear = true;
        for (c, dc) in self.rounds.c.iter_mut().zip(self.dc.iter()) {
            let sum = dc.plus(raised);
            // The fraction of a negative number, from above, is as far from a whole one.
            let fraction = sum.unsigned_abs() & one.minus(1);
            clear &= fraction >= margin && fraction <= one.minus(margin);
            *c = c.wrapping_add(sum >> unit);
        }
        clear
    }
}
