//! Where do the blocks live, and how do some go while others stay?
//!
//! The pool is three runs of words: a directory of [`Block`] records growing from the front, the
//! payloads of the blocks growing from the end, and between them scratch, zero between calls. A
//! payload is located by its distance from the end, so it does not care how large the rest is.
//! Dropping a block closes its gaps in directory, members and payloads; the order of the others
//! stays. A resident balance keeps its map from nodes to vertices at the very end. Does not
//! compute: see `settle`.

use super::{Block, Complex, Head, Member, Resident, Store};
use crate::carve::words;
use crate::layout;
use crate::num::{Exact, at, put};

/// Words of a directory entry.
pub(super) const ENTRY: usize = size_of::<Block>() >> 3;

layout! {
    /// What a block keeps.
    pub(super) struct Payload<'a>(block: Block) {
        /// Potentials of the last result, the warm start of the next; zero if they were large.
        pub(super) hint: [i32; block.kept()],
        /// Reciprocals of the pivots times `2^-scale`, Q32.
        pub(super) reciprocal: [u32; usize::from(block.root()).min(block.kept())],
        /// Multipliers of the factor, Q32, by column.
        pub(super) values: [u32; block.entries as usize],
        /// Factor of the Gram matrix of the cocycles, Q40.
        pub(super) gram: [i64; usize::from(block.harmonics).times(usize::from(block.harmonics))],
        /// Cocycle basis: generators by harmonics.
        pub(super) basis: [i16; usize::from(block.generators).times(usize::from(block.harmonics))],
        /// Generator code of each member, if there are cocycles.
        pub(super) codes: [u16; if block.harmonics == 0 { 0 } else { usize::from(block.members) }],
        /// Entries of each column.
        pub(super) count: [u16; usize::from(block.root()).min(block.kept())],
        /// Rows of the entries, by column, ascending.
        pub(super) rows: [u16; block.entries as usize],
    }
}

layout! {
    /// Work arrays for one block.
    pub(super) struct Work<'a>(vertices: u16, harmonics: u16) {
        /// Potentials.
        pub(super) x: [i64; usize::from(vertices)],
        /// Residual and correction.
        pub(super) y: [i64; usize::from(vertices)],
        /// Fraction below the unit of `x`.
        pub(super) d: [i32; usize::from(vertices)],
        /// Coefficients of the cocycles, and their corrections.
        pub(super) c: [i64; usize::from(harmonics)],
        pub(super) dc: [i64; usize::from(harmonics)],
    }
}

impl Block {
    /// Vertices with a payload: a single triangle has none.
    fn kept(self) -> usize {
        if self.is_triangle() {
            0
        } else {
            usize::from(self.vertices)
        }
    }

    /// Words of the payload.
    pub(super) fn size(self) -> Option<usize> {
        Payload::words(self)
    }

    /// Words of the payload without the factor's entries.
    pub(super) fn least(self) -> Option<usize> {
        Payload::words(Block { entries: 0, ..self })
    }
}

/// The pool taken apart.
pub(super) struct Pool<'a> {
    pub(super) blocks: &'a mut [Block],
    pub(super) gap: &'a mut [u64],
    pub(super) payloads: &'a mut [u64],
}

impl<'a> Pool<'a> {
    pub(super) fn of(pool: &'a mut [u64], head: &Head) -> Self {
        // A head that counts more than there is is not one of ours: then nothing is there.
        let end = pool.len().saturating_sub(head.payload as usize);
        let (front, payloads) = pool.split_at_mut_checked(end).unwrap_or_default();
        let entries = usize::from(head.blocks).times(ENTRY);
        let (entries, gap) = front.split_at_mut_checked(entries).unwrap_or_default();
        Self {
            blocks: bytemuck::try_cast_slice_mut(entries).unwrap_or(&mut []),
            gap,
            payloads,
        }
    }
}

/// The words of a block in the run of payloads.
pub(super) fn payload<'a>(payloads: &'a mut [u64], block: &Block) -> &'a mut [u64] {
    let from = payloads.len().saturating_sub(block.at as usize);
    let to = from.saturating_add(block.words as usize);
    payloads.get_mut(from..to).unwrap_or(&mut [])
}

/// Moves `count` words from one place to a later one.
pub(super) fn raise(all: &mut [u64], from: usize, to: usize, count: usize) {
    for index in (0..count).rev() {
        let word = all.get(from.plus(index)).copied().unwrap_or_default();
        if let Some(place) = all.get_mut(to.plus(index)) {
            *place = word;
        }
    }
}

/// Words of `len` half words.
pub(super) fn halves(len: usize) -> usize {
    words::<u16>(len).unwrap_or(usize::MAX)
}

impl Complex<'_> {
    /// Drops all blocks.
    pub(super) fn clear_blocks(&mut self) {
        let used = usize::from(self.head.members);
        self.store
            .members
            .iter_mut()
            .take(used)
            .for_each(|member| *member = Member::default());
        self.store.pool.fill(0);
        self.store.closed.fill(0);
        let Head {
            nodes,
            edges,
            triangles,
            named_only,
            components,
            ..
        } = *self.head;
        *self.head = Head {
            nodes,
            edges,
            triangles,
            named_only,
            components,
            ..Head::default()
        };
    }

    pub(super) fn drop_balance(&mut self) {
        if self.head.resident == Resident::Balance as u16 {
            self.clear_blocks();
        }
    }

    pub(super) fn drop_projection(&mut self) {
        if self.head.resident == Resident::Projection as u16 {
            self.clear_blocks();
        }
    }

    /// Drops the blocks of a projection that hold an edge of which this is true, and notes that
    /// blocks may be missing if there is a projection.
    #[inline(never)]
    pub(super) fn drop_blocks_of(&mut self, touched: &dyn Fn(&Self, u16) -> bool) {
        if self.head.resident != Resident::Projection as u16 {
            return;
        }
        for index in (0..self.head.blocks).rev() {
            let block = at(Pool::of(self.store.pool, self.head).blocks, index);
            let members = &*self.store.members;
            let members = members.get(block.members()).unwrap_or(&[]);
            if members.iter().any(|member| touched(self, member.edge)) {
                drop_block(self.head, &mut self.store, index);
                self.head.complete = 0;
            }
        }
    }
}

/// Removes one block; its edges are then in none.
fn drop_block(head: &mut Head, store: &mut Store<'_>, index: u16) {
    let len = store.pool.len();
    let gone = at(Pool::of(store.pool, head).blocks, index);
    let (start, size) = (
        len.saturating_sub(head.payload as usize),
        gone.words as usize,
    );
    let above = head.payload.minus(gone.at) as usize;
    raise(store.pool, start, start.plus(size), above);
    if let Some(freed) = store.pool.get_mut(start..start.plus(size)) {
        freed.fill(0);
    }
    head.payload = head.payload.minus(gone.words);
    let blocks = Pool::of(store.pool, head).blocks;
    for place in index..head.blocks.minus(1) {
        let mut next = at(blocks, place.plus(1));
        next.first_member = next.first_member.minus(gone.members);
        next.at = next.at.minus(gone.words);
        put(blocks, place, next);
    }
    put(blocks, head.blocks.minus(1), Block::default());
    head.blocks = head.blocks.minus(1);
    let all = &mut *store.members;
    for place in gone.first_member..head.members.minus(gone.members) {
        put(all, place, at(all, place.plus(gone.members)));
    }
    head.members = head.members.minus(gone.members);
    for place in head.members..head.members.plus(gone.members) {
        put(all, place, Member::default());
    }
    head.vertices = head.vertices.minus(gone.vertices);
    measure(head, store);
}

/// What the largest of all blocks needs.
pub(super) fn measure(head: &mut Head, store: &mut Store<'_>) {
    (head.widest, head.harmonics) = (0, 0);
    for block in Pool::of(store.pool, head).blocks.iter() {
        if !block.is_triangle() {
            head.widest = head.widest.max(block.vertices);
        }
        head.harmonics = head.harmonics.max(block.harmonics);
    }
}
