//! Which integer flows have no curl, yet are no differences of potentials?
//!
//! On a spanning forest such a flow can be taken as zero; each other edge is a generator, each
//! triangle a relation between at most three of them. A signed union-find peels what a triangle
//! decides alone; the small core that is left is eliminated by unimodular column operations, so the
//! remaining columns are a basis over the integers: torsion needs no case, it forces zeros.
//!
//! A generator code is [`ZERO`], or an index in 15 bits with [`MINUS`] above it: first the index of
//! an edge, at the end of a row of the block's basis. Coefficients are `i16`; a basis with
//! `sum z^2 > 2^20` or `edges * sum z^2 > 2^30` is refused, which bounds all products with it.
//! Source: math.md 2.2 and 2.3. Does not round: see `harmonic`.

use super::blocks::ZERO;
use super::{Block, Error, Member, Triangle};
use crate::num::wide::mul_capped;
use crate::num::{Exact, at, put};

/// The sign of a generator code.
pub(super) const MINUS: u16 = 0x8000;

/// A relation: sum of coefficient times generator; coefficient 0 past the end.
type Relation = [(i16, u16); 3];

/// The basis of one block: `generators` rows by `harmonics` columns.
pub(super) struct Basis<'a> {
    pub(super) coefficients: &'a [i16],
    pub(super) harmonics: u16,
}

impl Basis<'_> {
    /// The value of basis cocycle `k` on an edge with this generator code.
    pub(super) fn value(&self, code: u16, k: u16) -> i64 {
        if code & ZERO == ZERO {
            return 0;
        }
        let row = u32::from(code & ZERO).times(u32::from(self.harmonics));
        let value = i64::from(at(self.coefficients, row.plus(u32::from(k))));
        if code & MINUS == 0 {
            value
        } else {
            0_i64.minus(value)
        }
    }
}

/// Finds the basis of one block: fills its rank, and leaves the coefficients at the front of
/// `core`. `codes` are by edge, with generators numbered through all blocks from `first` on.
pub(super) fn build(
    block: &mut Block,
    first: u16,
    codes: &[u16],
    triangles: &[Triangle],
    core: &mut [i16],
) -> Result<(), Error> {
    let last = first.plus(block.generators);
    let row = |edge: u16| {
        let code = at(codes, edge);
        let inside = code & ZERO != ZERO && (first..last).contains(&(code & ZERO));
        if inside { code.minus(first) } else { ZERO }
    };
    let relations = triangles
        .iter()
        .map(|triangle| relation(triangle.edges().map(row)));
    block.harmonics = eliminate(core, block.generators, relations)?;
    Ok(())
}

/// Refuses a basis whose cocycles are too large; see the bound at the top. `weight` is the weight
/// of an edge.
pub(super) fn bounded(
    basis: &Basis<'_>,
    codes: &[u16],
    members: &[Member],
    weight: impl Fn(u16) -> i64,
) -> Result<(), Error> {
    for k in 0..basis.harmonics {
        let mut norm = 0_u64;
        for (member, code) in members.iter().zip(codes) {
            let value = basis.value(*code, k);
            // 2^15 edges of squares below 2^30 and weights below 2^8.
            let square = value.times(value).times(weight(member.edge));
            norm = norm.plus(square.unsigned_abs());
        }
        if norm > 1 << 20 || mul_capped(norm, members.len() as u64) > 1 << 30 {
            return Err(Error::IllConditioned);
        }
    }
    Ok(())
}

/// The class and sign of an edge. Parents are never larger, so the walk ends.
fn find(codes: &[u16], code: u16) -> u16 {
    let mut code = code;
    while code & ZERO != ZERO {
        let above = at(codes, code & ZERO);
        if above & ZERO == code & ZERO {
            break;
        }
        code = above ^ (code & MINUS);
    }
    code
}

/// The relation of a triangle, given the codes of its edges: curl = ab - ac + bc = 0.
#[inline(always)]
fn relation([ab, ac, bc]: [u16; 3]) -> Relation {
    let mut terms: Relation = [(0, ZERO); 3];
    let mut used = 0_usize;
    for code in [ab, ac ^ MINUS, bc] {
        if code & ZERO == ZERO {
            continue;
        }
        let coefficient = if code & MINUS == 0 { 1 } else { -1 };
        let generator = code & ZERO;
        let known = terms.iter().take(used).position(|term| term.1 == generator);
        let place = known.unwrap_or(used);
        used = used.max(place.plus(1));
        if let Some(term) = terms.get_mut(place) {
            *term = (term.0.plus(coefficient), generator);
        }
    }
    terms
}

/// Sweeps the triangles until none decides anything alone.
pub(super) fn peel(codes: &mut [u16], triangles: &[Triangle]) {
    loop {
        let mut changed = false;
        for triangle in triangles {
            // Nothing is left to decide: the usual case from the second sweep on.
            let [ab, ac, bc] = triangle.edges();
            if at(codes, ab) & at(codes, ac) & at(codes, bc) & ZERO == ZERO {
                continue;
            }
            let generator = |edge: u16| find(codes, at(codes, edge));
            let relation = relation([generator(ab), generator(ac), generator(bc)]);
            changed |= decide(codes, relation);
        }
        if !changed {
            break;
        }
    }
    for edge in 0..codes.len() as u32 {
        let code = find(codes, at(codes, edge));
        put(codes, edge, code);
    }
}

/// Uses a relation with one generator, or with two of coefficients +-1. Whether it was used.
fn decide(codes: &mut [u16], relation: Relation) -> bool {
    let mut left = relation.into_iter().filter(|term| term.0 != 0);
    match (left.next(), left.next(), left.next()) {
        (Some((_, generator)), None, None) => put(codes, generator, ZERO),
        (Some((1 | -1, _)), Some((1 | -1, _)), None) => {
            let mut pair = relation.into_iter().filter(|term| term.0 != 0);
            let (first, second) = (
                pair.next().unwrap_or_default(),
                pair.next().unwrap_or_default(),
            );
            // first + second = 0 makes them opposite, first - second = 0 equal.
            let sign = if first.0 == second.0 { MINUS } else { 0 };
            put(codes, first.1.max(second.1), first.1.min(second.1) | sign);
        }
        _ => return false,
    }
    true
}

/// Replaces edge indices by numbers that ascend with the block, then with the generator's edge.
/// Counts the generators of each block; whether there are any.
pub(super) fn name_rows(
    codes: &mut [u16],
    block_of: impl Fn(u16) -> u16,
    blocks: &mut [Block],
) -> bool {
    let generator = |codes: &[u16], edge: u16| at(codes, edge) == edge;
    let edges = codes.len() as u16;
    for edge in (0..edges).filter(|edge| generator(codes, *edge)) {
        if let Some(block) = blocks.get_mut(usize::from(block_of(edge))) {
            block.generators = block.generators.plus(1);
        }
    }
    if blocks.iter().all(|block| block.generators == 0) {
        return false;
    }
    // Until the end `entries` holds the next number of each block.
    let mut next = 0_u32;
    for block in blocks.iter_mut() {
        block.entries = next;
        next = next.plus(u32::from(block.generators));
    }
    for edge in 0..edges {
        let code = at(codes, edge);
        if code & ZERO == ZERO {
            put(codes, edge, ZERO);
        } else if code == edge {
            if let Some(block) = blocks.get_mut(usize::from(block_of(edge))) {
                // Fewer generators than edges.
                put(codes, edge, block.entries as u16);
                block.entries = block.entries.plus(1);
            }
        } else {
            let row = at(codes, code & ZERO);
            put(codes, edge, row | (code & MINUS));
        }
    }
    blocks.iter_mut().for_each(|block| block.entries = 0);
    true
}

/// Column operations on the identity until every relation vanishes on every column. Returns the
/// number of columns, the rank of the cocycles; `core` then holds them row by row.
fn eliminate(
    core: &mut [i16],
    generators: u16,
    relations: impl Iterator<Item = Relation>,
) -> Result<u16, Error> {
    let size = usize::from(generators);
    let core = core.get_mut(..size.times(size)).ok_or(Error::Full)?;
    core.fill(0);
    for entry in core.iter_mut().step_by(size.plus(1)) {
        *entry = 1;
    }
    let mut columns = generators;
    for relation in relations {
        columns = Core {
            core,
            size: generators,
            columns,
        }
        .satisfy(relation)?;
    }
    for row in 0..u32::from(generators) {
        for k in 0..u32::from(columns) {
            // Moves down or stays: columns <= generators.
            let value = at(core, row.times(u32::from(generators)).plus(k));
            put(core, row.times(u32::from(columns)).plus(k), value);
        }
    }
    Ok(columns)
}

struct Core<'a> {
    core: &'a mut [i16],
    size: u16,
    columns: u16,
}

impl Core<'_> {
    fn index(&self, row: u16, k: u16) -> u32 {
        // The core was carved, so its size fits.
        u32::from(row)
            .times(u32::from(self.size))
            .plus(u32::from(k))
    }

    /// The relation applied to column `k`: at most 3 * 2^15.
    fn value(&self, relation: Relation, k: u16) -> i32 {
        let mut sum = 0_i32;
        for (coefficient, row) in relation.into_iter().filter(|term| term.0 != 0) {
            let entry = i32::from(at(self.core, self.index(row, k)));
            sum = sum.plus(i32::from(coefficient).times(entry));
        }
        sum
    }

    /// The column with the smallest nonzero value, and whether another is nonzero.
    fn smallest(&self, relation: Relation) -> Option<(u16, bool)> {
        let mut best: Option<(u32, u16)> = None;
        let mut others = false;
        for k in 0..self.columns {
            let value = self.value(relation, k).unsigned_abs();
            if value != 0 {
                others |= best.is_some();
                if best.is_none_or(|(least, _)| value < least) {
                    best = Some((value, k));
                }
            }
        }
        best.map(|(_, k)| (k, others))
    }

    /// Euclid between the columns until one is left, which is dropped. Returns the columns left.
    fn satisfy(&mut self, relation: Relation) -> Result<u16, Error> {
        while let Some((pivot, others)) = self.smallest(relation) {
            if others {
                self.reduce(relation, pivot)?;
            } else {
                self.drop_column(pivot);
            }
        }
        Ok(self.columns)
    }

    /// Subtracts multiples of the pivot column: every other value becomes smaller than the pivot's.
    fn reduce(&mut self, relation: Relation, pivot: u16) -> Result<(), Error> {
        let least = self.value(relation, pivot);
        for k in (0..self.columns).filter(|k| *k != pivot) {
            let quotient = self.value(relation, k).checked_div(least).unwrap_or(0);
            if quotient == 0 {
                continue;
            }
            for row in 0..self.size {
                let step = i32::from(at(self.core, self.index(row, pivot))).checked_mul(quotient);
                let old = i32::from(at(self.core, self.index(row, k)));
                let new = step.and_then(|step| old.checked_sub(step));
                let new = new
                    .and_then(|new| i16::try_from(new).ok())
                    .ok_or(Error::IllConditioned)?;
                put(self.core, self.index(row, k), new);
            }
        }
        Ok(())
    }

    /// Moves the later columns down by one, so that their order stays.
    fn drop_column(&mut self, gone: u16) {
        self.columns = self.columns.minus(1);
        for row in 0..self.size {
            for k in gone..self.columns {
                let next = at(self.core, self.index(row, k.plus(1)));
                put(self.core, self.index(row, k), next);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// One cocycle that is `value` on the first of so many edges, and zero on the others.
    fn bounds_allow(value: i16, weight: i64, edges: usize) -> bool {
        let basis = Basis {
            coefficients: &[value],
            harmonics: 1,
        };
        let mut codes = vec![ZERO; edges];
        codes[0] = 0;
        bounded(&basis, &codes, &vec![Member::default(); edges], |_| weight).is_ok()
    }

    #[test]
    fn a_cocycle_is_refused_beyond_either_bound() {
        // 2^20 for the squares.
        assert!(bounds_allow(1 << 10, 1, 1) && bounds_allow(-(1 << 10), 1, 1));
        assert!(!bounds_allow((1 << 10) + 1, 1, 1));
        assert!(bounds_allow(1 << 7, 64, 1) && !bounds_allow(1 << 7, 65, 1));
        // 2^30 for the squares times the edges.
        assert!(bounds_allow(1 << 9, 1, 1 << 12) && !bounds_allow(1 << 9, 1, (1 << 12) + 1));
    }
}
