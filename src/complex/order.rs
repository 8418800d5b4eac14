//! In which order are the vertices eliminated, and which entries does the factor get?
//!
//! Minimum degree with ties to the lowest number, on a quotient graph: a vertex keeps one list of
//! neighbours and of *elements* (eliminated vertices whose column still connects it). Eliminating a
//! vertex replaces its elements by itself, so no list ever grows and scratch is two entries per
//! edge. The union a pivot reaches is at once its column of the factor. Degrees are exact.
//!
//! Vertices come in block by block with the root first, and leave in order of elimination with the
//! root last. Scratch is `4 * edges + 14 * vertices` bytes of the largest block at most, never more
//! than the factor that follows needs. Source: math.md 2.5; George, Liu 1989. Does not compute
//! numbers: see `factor`.

use super::blocks::frame;
use super::{Block, Derived, Ends, Error, Head, NONE, Store};
use crate::layout;
use crate::num::{Exact, at, put};

/// In a list: this entry is an element.
const ELEMENT: u16 = 0x8000;

#[derive(Clone, Copy)]
struct Extent {
    vertices: u16,
    widest: u16,
    members: u16,
}

layout! {
    struct Scratch<'a>(extent: Extent) {
        /// Place of each vertex in the order of elimination, `NONE` while it is in the graph.
        place: [u16; usize::from(extent.vertices)],
        /// Neighbours and elements, list after list.
        lists: [u16; usize::from(extent.members).times(2)],
        start: [u16; usize::from(extent.widest)],
        count: [u16; usize::from(extent.widest)],
        degree: [u16; usize::from(extent.widest)],
        /// The last question in which a vertex was seen.
        mark: [u32; usize::from(extent.widest)],
    }
}

/// Orders all blocks that need a factor; renumbers the vertices in `ends` and in the map.
pub(super) fn build(
    store: &mut Store<'_>,
    head: &mut Head,
    closed_form: bool,
) -> Result<(), Error> {
    let (frame, mut arena) = frame(store.pool, head.derived)?;
    let Derived {
        vertices, widest, ..
    } = head.derived;
    if vertices == 0 {
        return Ok(());
    }
    let members = frame.blocks.iter().map(Block::members).max().unwrap_or(0);
    let extent = Extent {
        vertices,
        widest,
        members,
    };
    let mut scratch = Scratch::carve(&mut arena, extent).ok_or(Error::Full)?;
    let mut entries = 0_u32;
    for block in frame.blocks.iter() {
        if closed_form && block.is_triangle() {
            identity(&mut scratch, block, frame.column, entries);
            continue;
        }
        let from = usize::from(block.first_member);
        let members = store
            .members
            .get(from..usize::from(block.end_member))
            .unwrap_or(&[]);
        scratch.adjacency(block, members, store.ends);
        let rows = &mut *store.rows;
        Elimination {
            scratch: &mut scratch,
            block,
            rows,
            column: frame.column,
            stamp: 0,
        }
        .run(&mut entries)?;
    }
    put(frame.column, vertices, entries);
    head.derived.entries = entries;
    for end in store
        .ends
        .iter_mut()
        .take(usize::from(head.edges))
        .filter(|e| e.tail != NONE)
    {
        *end = Ends {
            tail: at(scratch.place, end.tail),
            head: at(scratch.place, end.head),
        };
    }
    for vertex in frame.map.iter_mut().filter(|vertex| **vertex != NONE) {
        *vertex = at(scratch.place, *vertex);
    }
    Ok(())
}

/// The order of a block without a factor: as it is, but the root last.
fn identity(scratch: &mut Scratch<'_>, block: &Block, column: &mut [u32], entries: u32) {
    for vertex in block.first_vertex..block.end_vertex {
        let place = if vertex == block.first_vertex {
            block.end_vertex
        } else {
            vertex
        };
        put(scratch.place, vertex, place.minus(1));
        put(column, vertex, entries);
    }
}

impl Scratch<'_> {
    /// Lists of neighbours within one block, by local number; the root (local 0) is left out.
    fn adjacency(&mut self, block: &Block, members: &[u16], ends: &[Ends]) {
        self.count.fill(0);
        self.mark.fill(0);
        let pairs = members.iter().filter_map(|edge| {
            let end = at(ends, *edge);
            let tail = end.tail.minus(block.first_vertex);
            let head = end.head.minus(block.first_vertex);
            (tail != 0 && head != 0).then_some((tail, head))
        });
        for (tail, head) in pairs.clone() {
            for vertex in [tail, head] {
                let count = at(self.count, vertex).plus(1);
                put(self.count, vertex, count);
            }
        }
        let mut next = 0_u16;
        for local in 0..block.vertices() {
            let count = at(self.count, local);
            put(self.start, local, next);
            put(self.degree, local, count);
            put(self.count, local, 0);
            put(self.place, local.plus(block.first_vertex), NONE);
            // Two entries per edge: at most 65,534.
            next = next.plus(count);
        }
        for (tail, head) in pairs {
            self.push(tail, head);
            self.push(head, tail);
        }
    }

    fn push(&mut self, vertex: u16, entry: u16) {
        let count = at(self.count, vertex);
        put(self.lists, at(self.start, vertex).plus(count), entry);
        put(self.count, vertex, count.plus(1));
    }
}

struct Elimination<'a, 'b> {
    scratch: &'a mut Scratch<'b>,
    block: &'a Block,
    rows: &'a mut [u16],
    column: &'a mut [u32],
    stamp: u32,
}

impl Elimination<'_, '_> {
    fn run(mut self, entries: &mut u32) -> Result<(), Error> {
        let begin = *entries;
        for vertex in self.block.first_vertex..self.block.end_vertex.minus(1) {
            let pivot = self.lightest();
            put(self.column, vertex, *entries);
            let from = *entries;
            self.reach(pivot, entries)?;
            put(
                self.scratch.place,
                pivot.plus(self.block.first_vertex),
                vertex,
            );
            // The column of the last element ends where the next one begins.
            put(self.column, vertex.plus(1), *entries);
            for entry in from..*entries {
                self.absorb(at(self.rows, entry), pivot);
            }
            for entry in from..*entries {
                let vertex = at(self.rows, entry);
                let degree = self.degree(vertex);
                put(self.scratch.degree, vertex, degree);
            }
        }
        let root = self.block.end_vertex.minus(1);
        put(self.scratch.place, self.block.first_vertex, root);
        put(self.column, root, *entries);
        self.sort_columns(begin, *entries);
        Ok(())
    }

    fn alive(&self, local: u16) -> bool {
        at(self.scratch.place, local.plus(self.block.first_vertex)) == NONE
    }

    /// The vertex of least degree, the lowest of several.
    fn lightest(&self) -> u16 {
        let mut best = (u16::MAX, 0);
        for local in 1..self.block.vertices() {
            let degree = at(self.scratch.degree, local);
            if degree < best.0 && self.alive(local) {
                best = (degree, local);
            }
        }
        best.1
    }

    /// Whether `local` is seen for the first time in this question.
    fn first_sight(&mut self, local: u16) -> bool {
        let seen = at(self.scratch.mark, local) == self.stamp;
        put(self.scratch.mark, local, self.stamp);
        !seen
    }

    /// The entries of one column, by its eliminated vertex.
    fn element(&self, local: u16) -> core::ops::Range<u32> {
        let place = at(self.scratch.place, local.plus(self.block.first_vertex));
        at(self.column, place)..at(self.column, place.plus(1))
    }

    fn list(&self, local: u16) -> core::ops::Range<u16> {
        let start = at(self.scratch.start, local);
        start..start.plus(at(self.scratch.count, local))
    }

    /// Appends to the rows all vertices that `pivot` reaches, and marks them, the pivot and the
    /// elements it absorbs.
    fn reach(&mut self, pivot: u16, entries: &mut u32) -> Result<(), Error> {
        self.stamp = self.stamp.plus(1);
        self.first_sight(pivot);
        for place in self.list(pivot) {
            let entry = at(self.scratch.lists, place);
            let local = entry & !ELEMENT;
            if entry & ELEMENT == 0 {
                self.append(local, entries)?;
                continue;
            }
            self.first_sight(local);
            for row in self.element(local) {
                let vertex = at(self.rows, row);
                if self.alive(vertex) {
                    self.append(vertex, entries)?;
                }
            }
        }
        Ok(())
    }

    fn append(&mut self, vertex: u16, entries: &mut u32) -> Result<(), Error> {
        if self.first_sight(vertex) {
            *self.rows.get_mut(*entries as usize).ok_or(Error::Full)? = vertex;
            *entries = entries.plus(1);
        }
        Ok(())
    }

    /// In the list of `vertex`, replaces all that the new element connects by the element. At least
    /// one entry goes (the pivot or an absorbed element), so there is room.
    fn absorb(&mut self, vertex: u16, pivot: u16) {
        let list = self.list(vertex);
        put(self.scratch.count, vertex, 0);
        for place in list {
            let entry = at(self.scratch.lists, place);
            if at(self.scratch.mark, entry & !ELEMENT) != self.stamp {
                self.scratch.push(vertex, entry);
            }
        }
        self.scratch.push(vertex, pivot | ELEMENT);
    }

    /// How many vertices `vertex` reaches.
    fn degree(&mut self, vertex: u16) -> u16 {
        self.stamp = self.stamp.plus(1);
        self.first_sight(vertex);
        let mut degree = 0_u16;
        for place in self.list(vertex) {
            let entry = at(self.scratch.lists, place);
            if entry & ELEMENT == 0 {
                degree = degree.plus(u16::from(self.first_sight(entry)));
                continue;
            }
            for row in self.element(entry & !ELEMENT) {
                let other = at(self.rows, row);
                degree = degree.plus(u16::from(self.alive(other) && self.first_sight(other)));
            }
        }
        degree
    }

    /// Rows become places within the block, ascending in each column.
    fn sort_columns(&mut self, begin: u32, end: u32) {
        let first = self.block.first_vertex;
        for entry in begin..end {
            let vertex = at(self.rows, entry).plus(first);
            put(
                self.rows,
                entry,
                at(self.scratch.place, vertex).minus(first),
            );
        }
        for vertex in first..self.block.end_vertex.minus(1) {
            let range = at(self.column, vertex) as usize..at(self.column, vertex.plus(1)) as usize;
            sort(self.rows.get_mut(range).unwrap_or(&mut []));
        }
    }
}

/// Insertion sort: columns are short, and the library's sort brings panics and kilobytes.
fn sort(rows: &mut [u16]) {
    for end in 1..rows.len() {
        let mut carried = rows.get(end).copied().unwrap_or_default();
        for slot in rows.iter_mut().take(end) {
            if *slot > carried {
                core::mem::swap(slot, &mut carried);
            }
        }
        if let Some(slot) = rows.get_mut(end) {
            *slot = carried;
        }
    }
}
