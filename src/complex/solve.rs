//! What potentials belong to a right-hand side, and how sure is their integer part?
//!
//! `x` is `i64` in units of 2^-16 ulp, `d` a remainder of `shift` more bits with
//! `|d| <= 2^(shift-1)`. Each pass computes the residual exactly from the edges, shifts it up as
//! far as the norm of the inverse allows, solves with the factor and adds. The exact solution is
//! then within norm times residual. A pass is the last when no threshold lies within that
//! distance: the integer part is then that of the exact rational solution, whatever the factor.
//!
//! Bounds: `sum |f| < 2^46` over the block gives `|x|, |y| < 2^62` (math.md T11); a shifted
//! residual is kept below `2^61 / max(norm, vertices)`. Sums over the edges of a vertex wrap on the
//! way and fit at the end. Source: math.md 2.5. Does not know what the right-hand side means: see
//! [`Source`].

use super::{Block, Ends, Work};
use crate::num::wide::{Reciprocal, bits, mul_q30, shr_round};
use crate::num::{Exact, at, put};

/// Fraction bits of a potential.
pub(super) const GUARD: u32 = 16;
/// The common threshold, 25033/65536: away from all simple fractions.
pub(super) const THRESHOLD: i64 = 25_033;
/// Most extra bits of a remainder.
pub(super) const EXTRA: u32 = 24;
/// Passes after which the floor is taken uncertified.
const PASSES: u16 = 8;

/// A right-hand side, one number per vertex of a block.
pub(super) trait Source {
    /// Writes the part in units of 2^-16, rounded down.
    fn coarse(&self, y: &mut [i64]);
    /// Adds the part below that, in units of `2^-(16 + bits)`. Returns how far it may be off.
    fn fine(&self, y: &mut [i64], bits: u32) -> u64;
}

/// The edges of a block and their ends.
#[derive(Clone, Copy)]
pub(super) struct Edges<'a> {
    pub(super) members: &'a [u16],
    pub(super) ends: &'a [Ends],
    pub(super) first_vertex: u16,
}

impl Edges<'_> {
    /// Tail and head of a member, by place in the block.
    pub(super) fn local(&self, edge: u16) -> (u16, u16) {
        let end = at(self.ends, edge);
        (
            end.tail.minus(self.first_vertex),
            end.head.minus(self.first_vertex),
        )
    }
}

/// What is needed to solve on one block.
pub(super) struct Solver<'a> {
    pub(super) edges: Edges<'a>,
    pub(super) root: u16,
    /// Bound of the infinity norm of the inverse.
    pub(super) norm: u32,
    pub(super) rows: &'a [u16],
    /// Column starts of this block, one more than its vertices.
    pub(super) column: &'a [u32],
    pub(super) values: &'a [i32],
    pub(super) mantissa: &'a [u32],
    pub(super) exponent: &'a [i16],
    pub(super) x: &'a mut [i64],
    pub(super) y: &'a mut [i64],
    pub(super) d: &'a mut [i32],
}

/// The solver of one block of a settled complex.
pub(super) fn solver<'a>(
    block: &Block,
    members: &'a [u16],
    ends: &'a [Ends],
    rows: &'a [u16],
    column: &'a [u32],
    work: &'a mut Work<'_>,
) -> Solver<'a> {
    let vertices = usize::from(block.first_vertex)..usize::from(block.end_vertex);
    let members_range = usize::from(block.first_member)..usize::from(block.end_member);
    let wide = usize::from(block.vertices());
    Solver {
        edges: Edges {
            members: members.get(members_range).unwrap_or(&[]),
            ends,
            first_vertex: block.first_vertex,
        },
        root: block.vertices().minus(1),
        norm: block.norm,
        rows,
        column: column
            .get(vertices.start..vertices.end.plus(1))
            .unwrap_or(&[]),
        values: work.values,
        mantissa: work.mantissa.get(vertices.clone()).unwrap_or(&[]),
        exponent: work.exponent.get(vertices.clone()).unwrap_or(&[]),
        x: work.x.get_mut(vertices).unwrap_or(&mut []),
        y: work.y.get_mut(..wide).unwrap_or(&mut []),
        d: work.d.get_mut(..wide).unwrap_or(&mut []),
    }
}

/// How a refinement ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) passes: u16,
    pub(super) uncertified: bool,
    /// Extra bits of `d`.
    pub(super) shift: u32,
}

impl<'a> Solver<'a> {
    /// Solves `G x = source` until the integer part of `x + t` is certain; if `sharp`, also until
    /// all extra bits are in use.
    pub(super) fn refine(&mut self, source: &dyn Source, sharp: bool) -> Outcome {
        self.x.fill(0);
        self.d.fill(0);
        let mut outcome = Outcome::default();
        loop {
            let mut most = self.residual(source);
            let fine = bits(most).plus(outcome.shift) <= 56;
            if fine && (outcome.passes != 0 || most == 0) {
                let all_bits = most == 0 || outcome.shift == EXTRA;
                let (rest, slack) = self.fine_residual(source, outcome.shift);
                let certain = self.certain(rest.plus(slack), outcome.shift);
                if certain && (all_bits || !sharp) {
                    return outcome;
                }
                if outcome.shift == EXTRA && outcome.passes < PASSES {
                    self.polish(rest);
                    outcome.passes = outcome.passes.plus(1);
                    continue;
                }
                most = self.residual(source);
            }
            if outcome.passes == PASSES {
                outcome.uncertified = true;
                return outcome;
            }
            outcome.shift = self.headroom(most);
            self.correct(source, outcome.shift);
            outcome.passes = outcome.passes.plus(1);
        }
    }

    /// How far a residual may be shifted up so that the solution stays below 2^61.
    fn headroom(&self, most: u64) -> u32 {
        let wide = u64::from(self.norm).max(u64::from(self.root.plus(1)));
        60_u32
            .saturating_sub(bits(most))
            .saturating_sub(bits(wide))
            .min(EXTRA)
    }

    /// `y = source - G x`, exactly. Returns the largest magnitude.
    fn residual(&mut self, source: &dyn Source) -> u64 {
        source.coarse(self.y);
        self.subtract();
        self.largest()
    }

    /// `y -= G x` at all vertices.
    pub(super) fn subtract(&mut self) {
        for edge in self.edges.members {
            let (tail, head) = self.edges.local(*edge);
            let drop = at(self.x, head).wrapping_sub(at(self.x, tail));
            put(self.y, head, at(self.y, head).wrapping_sub(drop));
            put(self.y, tail, at(self.y, tail).wrapping_add(drop));
        }
    }

    /// Clears the root, whose equation is the sum of the others. The largest magnitude of the rest.
    fn largest(&mut self) -> u64 {
        put(self.y, self.root, 0);
        let used = self.y.iter().take(usize::from(self.root));
        used.map(|value| value.unsigned_abs()).max().unwrap_or(0)
    }

    /// One pass: `x + d = x + G^-1 y`, with the part of the source below the unit of `y`.
    fn correct(&mut self, source: &dyn Source, shift: u32) {
        for value in self.y.iter_mut() {
            *value <<= shift;
        }
        source.fine(self.y, shift);
        put(self.y, self.root, 0);
        self.substitute();
        for ((x, y), d) in self.x.iter_mut().zip(self.y.iter()).zip(self.d.iter_mut()) {
            let whole = shr_round(*y, shift);
            *x = x.plus(whole);
            // At most 2^23 in magnitude.
            *d = y.minus(whole << shift) as i32;
        }
    }

    /// `y = G^-1 y` by the factor; absolute values in between never exceed `sum |y|`.
    pub(super) fn substitute(&mut self) {
        for vertex in 0..self.root {
            let pivot = at(self.y, vertex);
            for (row, value) in self.entries(vertex) {
                put(self.y, row, at(self.y, row).plus(mul_q30(pivot, value)));
            }
            let reciprocal = Reciprocal {
                mantissa: at(self.mantissa, vertex),
                exponent: at(self.exponent, vertex),
            };
            put(self.y, vertex, reciprocal.apply(pivot, 32));
        }
        for vertex in (0..self.root).rev() {
            let mut sum = at(self.y, vertex);
            for (row, value) in self.entries(vertex) {
                sum = sum.plus(mul_q30(at(self.y, row), value));
            }
            put(self.y, vertex, sum);
        }
    }

    fn entries(&self, vertex: u16) -> impl Iterator<Item = (u16, i32)> + use<'a> {
        let range = at(self.column, vertex) as usize..at(self.column, vertex.plus(1)) as usize;
        let (rows, values) = (self.rows, self.values);
        let rows = rows.get(range.clone()).unwrap_or(&[]);
        rows.iter()
            .copied()
            .zip(values.get(range).unwrap_or(&[]).iter().copied())
    }

    /// From the residual of `x` to that of `x + d`, in units of `2^-(16 + shift)`. Returns the
    /// largest magnitude and how far the source may be off.
    fn fine_residual(&mut self, source: &dyn Source, shift: u32) -> (u64, u64) {
        for value in self.y.iter_mut() {
            *value <<= shift;
        }
        let slack = source.fine(self.y, shift);
        for edge in self.edges.members {
            let (tail, head) = self.edges.local(*edge);
            let drop = i64::from(at(self.d, head)).minus(i64::from(at(self.d, tail)));
            put(self.y, head, at(self.y, head).minus(drop));
            put(self.y, tail, at(self.y, tail).plus(drop));
        }
        (self.largest(), slack)
    }

    /// One pass for the last bits: `x + d += G^-1 y` from the residual of `x + d` with all extra
    /// bits.
    fn polish(&mut self, most: u64) {
        let up = self.headroom(most);
        for value in self.y.iter_mut() {
            *value <<= up;
        }
        self.substitute();
        for ((x, y), d) in self.x.iter_mut().zip(self.y.iter()).zip(self.d.iter_mut()) {
            let fraction = i64::from(*d).plus(shr_round(*y, up));
            let whole = shr_round(fraction, EXTRA);
            *x = x.plus(whole);
            *d = fraction.minus(whole << EXTRA) as i32;
        }
    }

    /// Whether the exact solution has the same integer parts, given the largest residual.
    fn certain(&self, most: u64, shift: u32) -> bool {
        let distance = u64::from(self.norm).plus(1).saturating_mul(most);
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
