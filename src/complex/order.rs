//! In which order are the vertices eliminated, and which entries does the factor get?
//!
//! Minimum degree with ties to the lowest number, on a quotient graph: a vertex keeps one list of
//! neighbours and of *elements* (eliminated vertices whose column still connects it). Eliminating a
//! vertex replaces its elements by itself, so no list ever grows and scratch is two entries per
//! edge. The union a pivot reaches is at once its column of the factor. Degrees are exact. When
//! there is no more room for entries the rest is left out: the factor is then that of a graph with
//! some conductances led to the ground, see `factor`.
//!
//! Vertices come in with the root first, and leave in order of elimination with the root last.
//! Source: math.md 2.5; George, Liu 1989. Does not compute numbers: see `factor`.

use super::{Block, Member, NONE};
use crate::carve::Arena;
use crate::layout;
use crate::num::{Exact, at, put};

/// In a list: this entry is an element.
const ELEMENT: u16 = 0x8000;

layout! {
    /// The order of one block.
    pub(super) struct Order<'a>(vertices: u16) {
        /// Place of each vertex in the order of elimination, `NONE` while it is in the graph.
        pub(super) place: [u16; usize::from(vertices)],
        /// Where each column begins; one more than columns.
        pub(super) column: [u32; usize::from(vertices)],
    }
}

layout! {
    struct Scratch<'a>(vertices: u16, members: u16) {
        /// Neighbours and elements, list after list.
        lists: [u16; usize::from(members).times(2)],
        start: [u16; usize::from(vertices)],
        count: [u16; usize::from(vertices)],
        degree: [u16; usize::from(vertices)],
        /// The last question in which a vertex was seen.
        mark: [u32; usize::from(vertices)],
    }
}

/// Orders a block, with at most `room` entries, and numbers its members; fills degree, entries and
/// flags. An [`Order`] is left at the front of `space`; returns where the rows begin, in words.
pub(super) fn build(
    block: &mut Block,
    members: &mut [Member],
    space: &mut [u64],
    room: usize,
) -> Option<usize> {
    let wide = block.vertices;
    let used = Order::words(wide)?.plus(Scratch::words(wide, block.members)?);
    let (front, rest) = space.split_at_mut_checked(used)?;
    let mut arena = Arena::new(front);
    let rows: &mut [u16] = bytemuck::try_cast_slice_mut(rest).unwrap_or(&mut []);
    let room = room.min(rows.len());
    let mut elimination = Elimination {
        order: Order::carve(&mut arena, wide)?,
        scratch: Scratch::carve(&mut arena, wide, block.members)?,
        rows: rows.get_mut(..room).unwrap_or(&mut []),
        entries: 0,
        stamp: 0,
        full: false,
    };
    block.degree = elimination.adjacency(members);
    elimination.run(block.root());
    block.entries = elimination.entries;
    if elimination.full {
        block.flags |= super::PARTIAL;
    }
    let place = elimination.order.place;
    for member in members {
        member.tail = at(place, member.tail);
        member.head = at(place, member.head);
    }
    Some(used)
}

impl Elimination<'_, '_> {
    /// Lists of neighbours by vertex; the root (vertex 0) is left out. Returns the largest number
    /// of edges at a vertex.
    fn adjacency(&mut self, members: &[Member]) -> u16 {
        self.scratch.count.fill(0);
        self.scratch.mark.fill(0);
        self.order.place.fill(NONE);
        for vertex in members.iter().flat_map(|member| [member.tail, member.head]) {
            put(
                self.scratch.count,
                vertex,
                at(self.scratch.count, vertex).plus(1),
            );
        }
        let most = self.scratch.count.iter().max().copied().unwrap_or(0);
        self.scratch.count.fill(0);
        let pairs = members
            .iter()
            .map(|member| (member.tail, member.head))
            .filter(|(tail, head)| *tail != 0 && *head != 0);
        for vertex in pairs.clone().flat_map(|(tail, head)| [tail, head]) {
            put(
                self.scratch.count,
                vertex,
                at(self.scratch.count, vertex).plus(1),
            );
        }
        let mut next = 0_u16;
        for vertex in 0..self.scratch.count.len() as u32 {
            let count = at(self.scratch.count, vertex);
            put(self.scratch.start, vertex, next);
            put(self.scratch.degree, vertex, count);
            put(self.scratch.count, vertex, 0);
            // Two entries per edge: at most 65,534.
            next = next.plus(count);
        }
        for (tail, head) in pairs {
            self.scratch.push(tail, head);
            self.scratch.push(head, tail);
        }
        most
    }
}

impl Scratch<'_> {
    fn push(&mut self, vertex: u16, entry: u16) {
        let count = at(self.count, vertex);
        put(self.lists, at(self.start, vertex).plus(count), entry);
        put(self.count, vertex, count.plus(1));
    }
}

struct Elimination<'a, 'b> {
    order: Order<'a>,
    scratch: Scratch<'a>,
    rows: &'b mut [u16],
    entries: u32,
    stamp: u32,
    /// Whether an entry had no room.
    full: bool,
}

impl Elimination<'_, '_> {
    fn run(&mut self, root: u16) {
        let mut least = 0_u16;
        for step in 0..root {
            let pivot = self.lightest(least);
            // Neighbours lose at most the pivot.
            least = at(self.scratch.degree, pivot).saturating_sub(1);
            let from = self.entries;
            put(self.order.column, step, from);
            self.reach(pivot);
            put(self.order.place, pivot, step);
            // The column of the last element ends where the next one begins.
            put(self.order.column, step.plus(1), self.entries);
            for entry in from..self.entries {
                self.absorb(at(self.rows, entry), pivot);
            }
            let (rows, size) = (self.stamp, self.entries.minus(from));
            for entry in from..self.entries {
                let vertex = at(self.rows, entry);
                let degree = self.degree(vertex, pivot, rows, size);
                put(self.scratch.degree, vertex, degree);
            }
        }
        put(self.order.place, 0_u16, root);
        put(self.order.column, root, self.entries);
        self.sort_columns(root);
    }

    fn alive(&self, vertex: u16) -> bool {
        at(self.order.place, vertex) == NONE
    }

    /// The vertex of least degree, the lowest of several, when none is below `least`.
    fn lightest(&self, least: u16) -> u16 {
        let mut best = (u16::MAX, 0);
        let known = self.scratch.degree.iter().zip(self.order.place.iter());
        for (vertex, (degree, place)) in (0_u16..).zip(known).skip(1) {
            if *degree < best.0 && *place == NONE {
                best = (*degree, vertex);
                if *degree <= least {
                    break;
                }
            }
        }
        best.1
    }

    /// Whether `vertex` is seen for the first time in this question.
    fn first_sight(&mut self, vertex: u16) -> bool {
        let seen = at(self.scratch.mark, vertex) == self.stamp;
        put(self.scratch.mark, vertex, self.stamp);
        !seen
    }

    /// The entries of one column, by its eliminated vertex.
    fn element(&self, vertex: u16) -> core::ops::Range<u32> {
        let place = at(self.order.place, vertex);
        at(self.order.column, place)..at(self.order.column, place.plus(1))
    }

    fn list(&self, vertex: u16) -> core::ops::Range<u16> {
        let start = at(self.scratch.start, vertex);
        start..start.plus(at(self.scratch.count, vertex))
    }

    /// Appends to the rows all vertices that `pivot` reaches, and marks them, the pivot and the
    /// elements it absorbs.
    fn reach(&mut self, pivot: u16) {
        self.stamp = self.stamp.plus(1);
        self.first_sight(pivot);
        for place in self.list(pivot) {
            let entry = at(self.scratch.lists, place);
            let element = entry & !ELEMENT;
            if entry & ELEMENT == 0 {
                // A neighbour left out of its column has not been absorbed.
                if self.alive(entry) {
                    self.append(entry);
                }
                continue;
            }
            self.first_sight(element);
            for row in self.element(element) {
                let vertex = at(self.rows, row);
                if self.alive(vertex) {
                    self.append(vertex);
                }
            }
        }
    }

    fn append(&mut self, vertex: u16) {
        if self.first_sight(vertex) {
            match self.rows.get_mut(self.entries as usize) {
                Some(row) => {
                    *row = vertex;
                    self.entries = self.entries.plus(1);
                }
                None => self.full = true,
            }
        }
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

    /// How many vertices `vertex` reaches, one of the `size` rows of `pivot`, which bear the stamp
    /// `rows`.
    fn degree(&mut self, vertex: u16, pivot: u16, rows: u32, size: u32) -> u16 {
        self.stamp = self.stamp.plus(1);
        // A column has fewer rows than there are vertices.
        let mut degree = (size as u16).saturating_sub(1);
        for place in self.list(vertex) {
            let entry = at(self.scratch.lists, place);
            if entry == pivot | ELEMENT {
                continue;
            }
            if entry & ELEMENT == 0 {
                degree = degree.plus(u16::from(self.beyond(entry, rows)));
                continue;
            }
            for row in self.element(entry & !ELEMENT) {
                let beyond = self.beyond(at(self.rows, row), rows);
                degree = degree.plus(u16::from(beyond));
            }
        }
        degree
    }

    /// Whether a vertex still in the graph bears neither this stamp nor the current one, which it
    /// then does.
    fn beyond(&mut self, vertex: u16, rows: u32) -> bool {
        at(self.scratch.mark, vertex) != rows && self.alive(vertex) && self.first_sight(vertex)
    }

    /// Rows become places, ascending in each column.
    fn sort_columns(&mut self, root: u16) {
        for row in self.rows.iter_mut().take(self.entries as usize) {
            *row = at(self.order.place, *row);
        }
        for vertex in 0..root {
            let from = at(self.order.column, vertex) as usize;
            let to = at(self.order.column, vertex.plus(1)) as usize;
            sort(self.rows.get_mut(from..to).unwrap_or(&mut []));
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
