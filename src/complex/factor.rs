//! Factor of one block's grounded Laplacian, by star-mesh elimination.
//!
//! `G = (I - L) D (I - L)^T`, `L >= 0` below the diagonal with column sums at most 1. Conductances,
//! grounds and pivots are `i64` in Q32, multipliers `i32` in Q30. Nothing is ever subtracted, so
//! nothing cancels and `D > 0`; pivots only fall from the degree, so they stay below 2^47. Columns
//! are computed left to right, each from those before it: the accumulator is one block of `y`,
//! pivots stand in `x`, grounds in `d`; mantissas and exponents serve as cursors and links until
//! the last column is done. Source: math.md 2.5; Grassmann, Taksar, Heyman 1985. Does not know
//! flows.

use super::{Block, Ends, Work};
use crate::num::wide::{Reciprocal, mul_q30};
use crate::num::{Exact, at, ordered, put};

/// One in the format of conductances.
const ONE: u32 = 32;
/// One in the format of multipliers.
const UNIT: i64 = 1 << 30;
/// End of a list of columns.
const END: i16 = -1;

/// Computes one block of the factor. `x`, `y`, `d` are left in use, for the caller to clear.
pub(super) fn build(
    block: &Block,
    members: &[u16],
    ends: &[Ends],
    rows: &[u16],
    column: &[u32],
    work: &mut Work<'_>,
) {
    let range = usize::from(block.first_vertex)..usize::from(block.end_vertex);
    let to = usize::from(block.end_vertex).plus(1);
    let column = column.get(range.start..to).unwrap_or(&[]);
    let mut factor = Factor {
        root: block.vertices().minus(1),
        rows,
        column,
        values: work.values,
        pivot: work.x.get_mut(range.clone()).unwrap_or(&mut []),
        sum: work.y,
        ground: work.d,
        link: work.exponent.get_mut(range.clone()).unwrap_or(&mut []),
        cursor: work.mantissa.get_mut(range).unwrap_or(&mut []),
    };
    factor.count_edges(block, members, ends);
    factor.link.fill(END);
    for vertex in 0..factor.root {
        factor.column(vertex);
    }
    factor.store_reciprocals();
}

struct Factor<'a> {
    root: u16,
    rows: &'a [u16],
    column: &'a [u32],
    values: &'a mut [i32],
    pivot: &'a mut [i64],
    sum: &'a mut [i64],
    ground: &'a mut [i32],
    link: &'a mut [i16],
    cursor: &'a mut [u32],
}

impl Factor<'_> {
    fn entries(&self, vertex: u16) -> core::ops::Range<u32> {
        at(self.column, vertex)..at(self.column, vertex.plus(1))
    }

    /// Puts the number of edges of each pair into its entry, or into the ground at the root.
    fn count_edges(&mut self, block: &Block, members: &[u16], ends: &[Ends]) {
        self.ground.fill(0);
        for edge in members {
            let end = at(ends, *edge);
            let (low, high) = ordered(end.tail, end.head);
            let (low, high) = (
                low.minus(block.first_vertex),
                high.minus(block.first_vertex),
            );
            if high == self.root {
                put(self.ground, low, at(self.ground, low).plus(1));
                continue;
            }
            let range = self.entries(low);
            let rows = self
                .rows
                .get(range.start as usize..range.end as usize)
                .unwrap_or(&[]);
            if let Ok(place) = rows.binary_search(&high) {
                let entry = range.start.plus(place as u32);
                put(self.values, entry, at(self.values, entry).plus(1));
            }
        }
    }

    /// Gathers the column of `vertex` from its edges and from every earlier column with this row.
    fn column(&mut self, vertex: u16) {
        for entry in self.entries(vertex) {
            put(
                self.sum,
                at(self.rows, entry),
                i64::from(at(self.values, entry)) << ONE,
            );
        }
        let mut ground = i64::from(at(self.ground, vertex)) << ONE;
        let mut earlier = at(self.link, vertex);
        while let Ok(k) = u16::try_from(earlier) {
            earlier = at(self.link, k);
            let entry = at(self.cursor, k);
            let weight = mul_q30(at(self.pivot, k), at(self.values, entry));
            ground = ground.plus(mul_q30(weight, at(self.ground, k)));
            self.spread(weight, entry.plus(1)..self.entries(k).end);
            self.enlist(k, entry.plus(1));
        }
        self.scale(vertex, ground);
    }

    /// Adds `weight` times the rest of a column.
    fn spread(&mut self, weight: i64, entries: core::ops::Range<u32>) {
        let range = entries.start as usize..entries.end as usize;
        let rows = self.rows.get(range.clone()).unwrap_or(&[]);
        for (row, value) in rows.iter().zip(self.values.get(range).unwrap_or(&[])) {
            let sum = at(self.sum, *row).plus(mul_q30(weight, *value));
            put(self.sum, *row, sum);
        }
    }

    /// Column `k` is next needed at the row of `entry`.
    fn enlist(&mut self, k: u16, entry: u32) {
        if entry < self.entries(k).end {
            let row = at(self.rows, entry);
            put(self.cursor, k, entry);
            put(self.link, k, at(self.link, row));
            // A connected block has at most 32,768 vertices.
            put(self.link, row, k as i16);
        }
    }

    /// The pivot is the sum of the column and its ground: no subtraction. Then divides by it.
    fn scale(&mut self, vertex: u16, ground: i64) {
        let mut pivot = ground;
        for entry in self.entries(vertex) {
            pivot = pivot.plus(at(self.sum, at(self.rows, entry)));
        }
        let reciprocal = Reciprocal::of(pivot);
        let ratio = |part: i64| reciprocal.apply(part, 30).clamp(0, UNIT) as i32;
        for entry in self.entries(vertex) {
            put(
                self.values,
                entry,
                ratio(at(self.sum, at(self.rows, entry))),
            );
        }
        put(self.ground, vertex, ratio(ground));
        put(self.pivot, vertex, pivot);
        self.enlist(vertex, at(self.column, vertex));
    }

    fn store_reciprocals(&mut self) {
        for vertex in 0..=self.root {
            let known = vertex != self.root;
            let pivot = if known { at(self.pivot, vertex) } else { 1 };
            let Reciprocal { mantissa, exponent } = Reciprocal::of(pivot);
            put(self.cursor, vertex, if known { mantissa } else { 0 });
            put(self.link, vertex, if known { exponent } else { 0 });
        }
    }
}
