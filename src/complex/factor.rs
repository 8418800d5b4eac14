//! Factor of one block's grounded Laplacian, by star-mesh elimination.
//!
//! `G = (I - L) D (I - L)^T`, `L >= 0` below the diagonal with column sums at most 1. Conductances,
//! grounds and pivots are `i64` in Q32, multipliers `u32` in Q32. Nothing is ever subtracted, so
//! nothing cancels and `D > 0`; pivots only fall from the degree, so they stay below 2^55. Columns
//! are computed left to right, each from those before it. A conductance whose entry had no room is
//! led to the ground at both ends: the product is then `G + N` with `N >= 0` off the diagonal, a
//! regular splitting, and refinement converges all the same.
//!
//! Grounds, then pivots, stand in `x`, the accumulator in `y`, the grounds' multipliers in `d`.
//! While the factor is made, hints hold where columns begin, and reciprocals hold for each column
//! its next entry and the next column that needs the same row. Source: math.md 2.5; Grassmann,
//! Taksar, Heyman 1985. Does not know flows.

use super::Member;
use super::solve::Solver;
use crate::num::wide::{Reciprocal, bits, mul_q32};
use crate::num::{Exact, at, ordered, put};

/// One in the format of conductances.
const ONE: u32 = 32;
/// End of a list of columns.
const END: u16 = 0xffff;
/// In the accumulator: the column has no such row.
const OUTSIDE: i64 = -1;

impl Solver<'_> {
    /// Computes the factor of a block whose columns and rows are known, and its scale: reciprocals
    /// are kept times `2^-scale`. The hints are zero after it; `x`, `y`, `d` are left in use, for
    /// the caller to clear.
    #[inline(never)]
    pub(super) fn factor(&mut self) {
        let mut factor = Factor {
            root: self.root,
            rows: self.rows,
            count: self.count,
            begin: self.hint,
            list: self.reciprocal,
            values: self.values,
            pivot: self.x,
            sum: self.y,
            ground: self.d,
        };
        factor.begin_columns();
        for member in self.edges.members {
            // A weight is at most 255.
            factor.enter(*member, self.edges.weight(member.edge) as u32);
        }
        for vertex in 0..factor.root {
            factor.column(vertex);
        }
        let least = factor.pivot.iter().take(usize::from(factor.root)).min();
        // The reciprocal of the least pivot is below 2^scale.
        let scale = 33_u32.saturating_sub(bits(least.copied().unwrap_or(0).unsigned_abs()));
        for (reciprocal, pivot) in factor.list.iter_mut().zip(factor.pivot.iter()) {
            *reciprocal = Reciprocal::of(*pivot).scaled(scale);
        }
        factor.begin.fill(0);
        // At most 33.
        self.scale = scale as u8;
    }
}

struct Factor<'a> {
    root: u16,
    rows: &'a [u16],
    count: &'a [u16],
    /// First entry of each column.
    begin: &'a mut [i32],
    /// High half: entries of the column that are done. Low half: the next column of a list, or the
    /// first of the list of a row that is still to come.
    list: &'a mut [u32],
    values: &'a mut [u32],
    pivot: &'a mut [i64],
    sum: &'a mut [i64],
    ground: &'a mut [i32],
}

impl Factor<'_> {
    fn begin_columns(&mut self) {
        let mut next = 0_i32;
        for (begin, count) in self.begin.iter_mut().zip(self.count) {
            *begin = next;
            // At most 2^15 vertices times 2^15 rows.
            next = next.plus(i32::from(*count));
        }
        self.values.fill(0);
        self.pivot.fill(0);
        self.sum.fill(OUTSIDE);
        self.list.fill(u32::from(END));
    }

    /// Entries of a column.
    fn entries(&self, vertex: u16) -> core::ops::Range<usize> {
        let begin = at(self.begin, vertex) as usize;
        begin..begin.plus(usize::from(at(self.count, vertex)))
    }

    fn add_ground(&mut self, vertex: u16, conductance: i64) {
        let sum = at(self.pivot, vertex).plus(conductance);
        put(self.pivot, vertex, sum);
    }

    /// Adds an edge to its entry, or to the ground if it leads to the root or has no entry.
    fn enter(&mut self, member: Member, weight: u32) {
        let (low, high) = ordered(member.tail, member.head);
        let conductance = i64::from(weight) << ONE;
        if high == self.root {
            self.add_ground(low, conductance);
            return;
        }
        let entries = self.entries(low);
        let rows = self.rows.get(entries.clone()).unwrap_or(&[]);
        if let Ok(place) = rows.binary_search(&high) {
            let entry = entries.start.plus(place) as u32;
            let sum = at(self.values, entry).plus(weight);
            put(self.values, entry, sum);
        } else {
            self.add_ground(low, conductance);
            self.add_ground(high, conductance);
        }
    }

    /// Gathers the column of `vertex` from its edges and from every earlier column with this row.
    fn column(&mut self, vertex: u16) {
        let entries = self.entries(vertex);
        let rows = self.rows.get(entries.clone()).unwrap_or(&[]);
        for (row, value) in rows.iter().zip(self.values.get(entries).unwrap_or(&[])) {
            put(self.sum, *row, i64::from(*value) << ONE);
        }
        let mut earlier = at(self.list, vertex) as u16;
        put(self.list, vertex, u32::from(END));
        while earlier != END {
            let column = earlier;
            let state = at(self.list, column);
            earlier = state as u16;
            let entries = self.entries(column);
            let done = (state >> 16) as usize;
            let entry = entries.start.plus(done);
            let weight = mul_q32(at(self.pivot, column), at(self.values, entry as u32));
            let ground = mul_q32(weight, at(self.ground, column) as u32);
            self.add_ground(vertex, ground);
            self.spread(vertex, weight, entry.plus(1)..entries.end);
            self.enlist(column, done.plus(1));
        }
        self.scale(vertex);
    }

    /// Adds `weight` times the rest of a column.
    fn spread(&mut self, vertex: u16, weight: i64, entries: core::ops::Range<usize>) {
        let rows = self.rows.get(entries.clone()).unwrap_or(&[]);
        for (row, value) in rows.iter().zip(self.values.get(entries).unwrap_or(&[])) {
            let more = mul_q32(weight, *value);
            let sum = at(self.sum, *row);
            if sum == OUTSIDE {
                for end in [*row, vertex] {
                    let ground = at(self.pivot, end).plus(more);
                    put(self.pivot, end, ground);
                }
            } else {
                put(self.sum, *row, sum.plus(more));
            }
        }
    }

    /// The column is next needed at the row of the entry after `done`.
    fn enlist(&mut self, column: u16, done: usize) {
        let rows = self.rows.get(self.entries(column)).unwrap_or(&[]);
        if let Some(row) = rows.get(done) {
            let first = at(self.list, *row);
            // Fewer than 2^15 rows.
            put(self.list, column, ((done as u32) << 16) | (first & 0xffff));
            put(self.list, *row, (first & !0xffff) | u32::from(column));
        }
    }

    /// The pivot is the sum of the column and its ground: no subtraction. Then divides by it.
    fn scale(&mut self, vertex: u16) {
        let entries = self.entries(vertex);
        let rows = self.rows.get(entries.clone()).unwrap_or(&[]);
        let ground = at(self.pivot, vertex);
        let mut pivot = ground;
        for row in rows {
            pivot = pivot.plus(at(self.sum, *row));
        }
        let reciprocal = Reciprocal::of(pivot);
        for (row, value) in rows
            .iter()
            .zip(self.values.get_mut(entries).unwrap_or(&mut []))
        {
            *value = reciprocal.ratio(at(self.sum, *row));
            put(self.sum, *row, OUTSIDE);
        }
        put(self.ground, vertex, reciprocal.ratio(ground) as i32);
        put(self.pivot, vertex, pivot);
        self.enlist(vertex, 0);
    }
}
