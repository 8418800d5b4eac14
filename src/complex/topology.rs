//! How do nodes, edges and triangles come and go, so that only the set of them matters?
//!
//! All tables are sorted prefixes of their arrays, and the rest of each array is zero: equal sets
//! are equal bytes. The neighbours of a node are two runs: of the edges by (low, high) and of their
//! indices by (high, low). A new edge brings the triangles over the common neighbours of its ends,
//! found in O(degree) by merging those runs; a removed edge takes its triangles with it. The
//! triangles it brings are merged in one walk that also renumbers, since numbers are positions:
//! a change moves O(edges + triangles) short words. Blocks that a change does not touch stay in the
//! pool. Room is checked before anything moves, so a refusal changes nothing. Does not compute: see
//! `settle`.

use super::{Complex, Edge, Error, NAMED, Triangle};
use crate::num::{Exact, at, ordered, put};
use core::cmp::Ordering;
use core::mem::swap;

impl Complex<'_> {
    /// Node ids, ascending. A node's index is its place here.
    #[must_use]
    pub fn nodes(&self) -> &[u16] {
        self.store
            .ids
            .get(..usize::from(self.head.nodes))
            .unwrap_or(&[])
    }

    /// Edges in canonical order: the order of every flow.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        self.store
            .edges
            .get(..usize::from(self.head.edges))
            .unwrap_or(&[])
    }

    /// Triangles in canonical order.
    #[must_use]
    pub fn triangles(&self) -> &[Triangle] {
        self.store
            .triangles
            .get(..usize::from(self.head.triangles))
            .unwrap_or(&[])
    }

    /// Index of the edge between nodes `a` and `b`, given either way round.
    #[must_use]
    pub fn edge_index(&self, a: u16, b: u16) -> Option<u16> {
        let (low, high) = ordered(a, b);
        // At most 32,767 edges.
        self.edges()
            .binary_search(&Edge { low, high })
            .ok()
            .map(|index| index as u16)
    }

    /// Index of node `id`.
    #[must_use]
    pub fn node_index(&self, id: u16) -> Option<u16> {
        self.nodes()
            .binary_search(&id)
            .ok()
            .map(|index| index as u16)
    }

    /// Adds node `id`; nothing happens if it is there. `Full` if there is no room.
    pub fn add_node(&mut self, id: u16) -> Result<(), Error> {
        let Err(place) = self.nodes().binary_search(&id) else {
            return Ok(());
        };
        if self.nodes().len() >= self.store.ids.len() {
            return Err(Error::Full);
        }
        self.drop_balance();
        self.head.components = 0;
        insert(self.store.ids, self.head.nodes, place, id);
        self.head.nodes = self.head.nodes.plus(1);
        Ok(())
    }

    /// Removes node `id`, its edges and their triangles. `Missing` if there is no such node.
    pub fn remove_node(&mut self, id: u16) -> Result<(), Error> {
        let place = self.node_index(id).ok_or(Error::Missing)?;
        while let Some((other, _)) = self.graph().neighbours(id).last() {
            self.remove_edge(id, other)?;
        }
        self.drop_balance();
        self.head.components = 0;
        remove(self.store.ids, self.head.nodes, usize::from(place));
        self.head.nodes = self.head.nodes.minus(1);
        Ok(())
    }

    /// Adds the edge between nodes `a` and `b`, and the triangles it closes if cliques are filled;
    /// nothing happens if it is there.
    ///
    /// `Degenerate` if `a == b`, `Missing` if a node is, `Full` if edges or triangles are.
    pub fn add_edge(&mut self, a: u16, b: u16) -> Result<(), Error> {
        let (low, high) = ordered(a, b);
        if low == high {
            return Err(Error::Degenerate);
        }
        self.node_index(low)
            .and(self.node_index(high))
            .ok_or(Error::Missing)?;
        let edge = Edge { low, high };
        let Err(place) = self.edges().binary_search(&edge) else {
            return Ok(());
        };
        if self.edges().len() >= self.store.edges.len() {
            return Err(Error::Full);
        }
        let mut closed = 0_u16;
        if self.fills_cliques() {
            // A node has at most as many neighbours as there are edges.
            closed = self.graph().common(low, high).count() as u16;
            self.room_for_triangles(usize::from(closed))?;
        }
        self.drop_balance();
        self.head.components = 0;
        if closed != 0 {
            self.drop_blocks_of(&|complex, edge| complex.sides_with(low, high, edge));
            self.head.complete = 0;
        }
        // At most 32,767 edges.
        let place = place as u16;
        self.merge_triangles(place, low, high, closed);
        self.number_edges(|index| index.plus(u16::from(index >= place)));
        let key = |index: &u16| key(at(self.store.edges, *index));
        let known = self.store.by_high.get(..usize::from(self.head.edges));
        let rank = known
            .unwrap_or(&[])
            .partition_point(|i| key(i) < (high, low));
        let used = usize::from(self.head.edges);
        for index in self.store.by_high.iter_mut().take(used) {
            *index = index.plus(u16::from(*index >= place));
        }
        insert(self.store.by_high, self.head.edges, rank, place);
        insert(self.store.edges, self.head.edges, usize::from(place), edge);
        self.head.edges = self.head.edges.plus(1);
        Ok(())
    }

    /// Removes the edge between `a` and `b` and every triangle on it, named or not. `Missing` if
    /// there is no such edge.
    pub fn remove_edge(&mut self, a: u16, b: u16) -> Result<(), Error> {
        let gone = self.edge_index(a, b).ok_or(Error::Missing)?;
        self.drop_balance();
        self.head.components = 0;
        self.drop_blocks_of(&|_, edge| edge == gone);
        let lower = |index: u16| index.minus(u16::from(index > gone));
        self.retain_triangles(|triangle| !triangle.edges().contains(&gone), lower);
        self.number_edges(lower);
        let used = usize::from(self.head.edges);
        let known = self.store.by_high.get(..used).unwrap_or(&[]);
        let rank = known.iter().position(|index| *index == gone);
        remove(self.store.by_high, self.head.edges, rank.unwrap_or(used));
        remove(self.store.edges, self.head.edges, usize::from(gone));
        self.head.edges = self.head.edges.minus(1);
        let left = usize::from(self.head.edges);
        for index in self.store.by_high.iter_mut().take(left) {
            *index = lower(*index);
        }
        Ok(())
    }

    /// Adds the triangle over nodes `a`, `b`, `c` by name, so that it stays when cliques are not
    /// filled; nothing happens if it has been named before.
    ///
    /// `Degenerate` if a node repeats, `Missing` if an edge is, `Full` if there is no room.
    pub fn add_triangle(&mut self, a: u16, b: u16, c: u16) -> Result<(), Error> {
        if a == b || b == c || a == c {
            return Err(Error::Degenerate);
        }
        let triangle = self.triangle(a, b, c).ok_or(Error::Missing)?;
        match self.find(triangle) {
            Ok(place) => {
                // Naming a clique changes no result, so what is settled stays settled.
                if let Some(known) = self.store.triangles.get_mut(place) {
                    known.bc |= NAMED;
                }
            }
            Err(place) => {
                self.room_for_triangles(1)?;
                let sides = triangle.edges();
                self.drop_blocks_of(&|_, edge| sides.contains(&edge));
                self.head.complete = 0;
                self.insert_triangle(
                    place,
                    Triangle {
                        bc: triangle.bc | NAMED,
                        ..triangle
                    },
                );
            }
        }
        Ok(())
    }

    /// Whether every three nodes that are pairwise joined make a triangle (as after a reset), or
    /// only named triangles count. `Full` if filling finds more triangles than there is room for.
    pub fn set_fill_cliques(&mut self, fill: bool) -> Result<(), Error> {
        if fill == self.fills_cliques() {
            return Ok(());
        }
        if fill {
            self.fill_all()?;
        } else {
            self.drop_projection();
            self.retain_triangles(Triangle::named, |index| index);
        }
        self.head.named_only = u16::from(!fill);
        Ok(())
    }

    fn fills_cliques(&self) -> bool {
        self.head.named_only == 0
    }

    /// Inserts all cliques, found by walking for each edge `ab` the edges that begin at `b`.
    fn fill_all(&mut self) -> Result<(), Error> {
        let cliques: usize = self
            .edges()
            .iter()
            .map(|&ab| self.closing(ab).count())
            .sum();
        if cliques > self.store.triangles.len() {
            return Err(Error::Full);
        }
        self.drop_projection();
        for index in 0..self.head.edges {
            let ab = at(self.store.edges, index);
            let first = self.first_from(ab.high);
            for next in first..self.head.edges {
                let bc = at(self.store.edges, next);
                if bc.low != ab.high {
                    break;
                }
                if self.edge_index(ab.low, bc.high).is_some() {
                    self.insert_clique(ab.low, ab.high, bc.high);
                }
            }
        }
        Ok(())
    }

    /// The edges `bc` with `c > b` that make a clique with `ab`.
    fn closing(&self, ab: Edge) -> impl Iterator<Item = &Edge> {
        let rest = self
            .edges()
            .get(usize::from(self.first_from(ab.high))..)
            .unwrap_or(&[]);
        rest.iter()
            .take_while(move |bc| bc.low == ab.high)
            .filter(move |bc| self.edge_index(ab.low, bc.high).is_some())
    }

    /// The first edge whose low end is `id` or above.
    fn first_from(&self, id: u16) -> u16 {
        self.edges().partition_point(|edge| edge.low < id) as u16
    }

    fn graph(&self) -> Graph<'_> {
        Graph::of(self.store.edges, self.store.by_high, self.head.edges)
    }

    /// Nodes that have an edge.
    pub(super) fn joined(&self) -> usize {
        let has_edge = |id: &&u16| self.graph().neighbours(**id).next().is_some();
        self.nodes().iter().filter(has_edge).count()
    }

    /// Whether `edge` joins `a` or `b` to a common neighbour of both.
    fn sides_with(&self, a: u16, b: u16, edge: u16) -> bool {
        let Edge { low, high } = at(self.store.edges, edge);
        let touches = |end: u16| end == a || end == b;
        let other = |end: u16| a ^ b ^ end;
        match (touches(low), touches(high)) {
            (true, false) => self.edge_index(other(low), high).is_some(),
            (false, true) => self.edge_index(other(high), low).is_some(),
            _ => false,
        }
    }

    /// The triangle over three different nodes, as its edges; `None` if one is missing.
    fn triangle(&self, a: u16, b: u16, c: u16) -> Option<Triangle> {
        let (a, b) = ordered(a, b);
        let (b, c) = ordered(b, c);
        let (a, b) = ordered(a, b);
        Some(Triangle {
            ab: self.edge_index(a, b)?,
            ac: self.edge_index(a, c)?,
            bc: self.edge_index(b, c)?,
        })
    }

    /// Where the triangle is, or belongs. The name flag is the last bit of the key, so it is
    /// masked.
    fn find(&self, triangle: Triangle) -> Result<usize, usize> {
        self.triangles()
            .binary_search_by_key(&triangle.edges(), |known| known.edges())
    }

    fn room_for_triangles(&self, more: usize) -> Result<(), Error> {
        let room = self
            .store
            .triangles
            .len()
            .saturating_sub(self.triangles().len());
        if more > room {
            Err(Error::Full)
        } else {
            Ok(())
        }
    }

    fn insert_clique(&mut self, a: u16, b: u16, c: u16) {
        if let Some(triangle) = self.triangle(a, b, c)
            && let Err(place) = self.find(triangle)
        {
            self.insert_triangle(place, triangle);
        }
    }

    fn insert_triangle(&mut self, place: usize, triangle: Triangle) {
        insert(self.store.triangles, self.head.triangles, place, triangle);
        self.head.triangles = self.head.triangles.plus(1);
    }

    /// Keeps some triangles, and applies a monotone change of edge numbers to them.
    fn retain_triangles(&mut self, keep: impl Fn(Triangle) -> bool, number: impl Fn(u16) -> u16) {
        let mut kept = 0_u16;
        let all = &mut *self.store.triangles;
        for index in 0..self.head.triangles {
            let triangle = at(all, index);
            put(all, index, Triangle::default());
            if keep(triangle) {
                put(all, kept, triangle.numbered(&number));
                kept = kept.plus(1);
            }
        }
        self.head.triangles = kept;
    }

    /// Makes room for an edge at `place` between `low` and `high` in the numbers of all triangles,
    /// and merges in the `more` triangles that it closes. Descending common neighbours give
    /// descending triangles: the first edge falls with the neighbour, and where it is the new one
    /// the second does.
    fn merge_triangles(&mut self, place: u16, low: u16, high: u16, more: u16) {
        let raise = |index: u16| index.plus(u16::from(index >= place));
        let mut free = self.head.triangles.plus(more);
        let mut old = self.head.triangles;
        let Self { head, store } = self;
        let all = &mut *store.triangles;
        let graph = Graph::of(store.edges, store.by_high, head.edges);
        let corners = graph
            .common(low, high)
            .take(usize::from(more))
            .map(|found| {
                let (c, to_low, to_high) = found;
                corner((low, high, c), (raise(to_low), raise(to_high), place))
            });
        // At the end only old ones are left to move.
        for new in corners.map(Some).chain([None]) {
            while old != 0 {
                let moved = at(all, old.minus(1)).numbered(raise);
                if new.is_some_and(|new| new.edges() > moved.edges()) {
                    break;
                }
                (old, free) = (old.minus(1), free.minus(1));
                put(all, free, moved);
            }
            if let Some(new) = new {
                free = free.minus(1);
                put(all, free, new);
            }
        }
        head.triangles = head.triangles.plus(more);
    }

    /// Applies a change of edge numbers to the blocks in the pool.
    fn number_edges(&mut self, number: impl Fn(u16) -> u16) {
        let used = usize::from(self.head.members);
        for member in self.store.members.iter_mut().take(used) {
            member.edge = number(member.edge);
        }
    }
}

/// The edges seen from their nodes.
#[derive(Clone, Copy)]
struct Graph<'a> {
    edges: &'a [Edge],
    /// Edge indices by (high, low).
    order: &'a [u16],
}

impl<'a> Graph<'a> {
    fn of(edges: &'a [Edge], order: &'a [u16], count: u16) -> Self {
        Self {
            edges: edges.get(..usize::from(count)).unwrap_or(&[]),
            order: order.get(..usize::from(count)).unwrap_or(&[]),
        }
    }

    /// The neighbours of node `id` with the edges to them, from the largest down.
    fn neighbours(self, id: u16) -> Neighbours<'a> {
        let Self { edges, order } = self;
        // At most 32,767 edges.
        let first = edges.partition_point(|edge| edge.low < id) as u16;
        let run = edges.get(usize::from(first)..).unwrap_or(&[]);
        let count = run.iter().take_while(|edge| edge.low == id).count() as u16;
        Neighbours {
            graph: self,
            id,
            first,
            up: first.plus(count),
            down: order.partition_point(|index| at(edges, *index).high <= id) as u16,
        }
    }

    /// The common neighbours of `a` and `b` with the edges to both, from the largest down.
    fn common(self, a: u16, b: u16) -> impl Iterator<Item = (u16, u16, u16)> + use<'a> {
        let (mut one, mut two) = (self.neighbours(a), self.neighbours(b));
        core::iter::from_fn(move || {
            let (mut left, mut right) = (one.next()?, two.next()?);
            loop {
                match left.0.cmp(&right.0) {
                    Ordering::Equal => return Some((left.0, left.1, right.1)),
                    Ordering::Greater => left = one.next()?,
                    Ordering::Less => right = two.next()?,
                }
            }
        })
    }
}

/// What is left of the two runs of a node: edges that begin there, then such that end there.
struct Neighbours<'a> {
    graph: Graph<'a>,
    id: u16,
    first: u16,
    up: u16,
    down: u16,
}

impl Iterator for Neighbours<'_> {
    type Item = (u16, u16);

    fn next(&mut self) -> Option<(u16, u16)> {
        let Graph { edges, order } = self.graph;
        if self.up > self.first {
            self.up = self.up.minus(1);
            return Some((at(edges, self.up).high, self.up));
        }
        let down = self.down.checked_sub(1)?;
        let index = at(order, down);
        let edge = at(edges, index);
        if edge.high != self.id {
            return None;
        }
        self.down = down;
        Some((edge.low, index))
    }
}

impl Triangle {
    fn numbered(self, number: impl Fn(u16) -> u16) -> Self {
        let [ab, ac, bc] = self.edges();
        Self {
            ab: number(ab),
            ac: number(ac),
            bc: number(bc) | (self.bc & NAMED),
        }
    }
}

/// The triangle over nodes `low < high` and `c`, given the edges low-c, high-c and low-high.
fn corner((low, high, c): (u16, u16, u16), (to_low, to_high, new): (u16, u16, u16)) -> Triangle {
    let (ab, ac, bc) = if c < low {
        (to_low, to_high, new)
    } else if c < high {
        (to_low, new, to_high)
    } else {
        (new, to_low, to_high)
    };
    Triangle { ab, ac, bc }
}

fn key(edge: Edge) -> (u16, u16) {
    (edge.high, edge.low)
}

/// Opens a gap at `place` in the first `len` elements and puts `value` there.
fn insert<T>(array: &mut [T], len: u16, place: usize, value: T) {
    let mut carried = value;
    for slot in array.iter_mut().take(usize::from(len).plus(1)).skip(place) {
        swap(slot, &mut carried);
    }
}

/// Closes the gap at `place` in the first `len` elements; the freed one becomes the default.
fn remove<T: Default>(array: &mut [T], len: u16, place: usize) {
    let mut carried = T::default();
    for slot in array.iter_mut().take(usize::from(len)).skip(place).rev() {
        swap(slot, &mut carried);
    }
}
