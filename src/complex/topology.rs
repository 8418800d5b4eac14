//! How do nodes, edges and triangles come and go, so that only the set of them matters?
//!
//! All three tables are sorted prefixes of their arrays, and the rest of each array is zero: equal
//! sets are equal bytes. Filling cliques is incremental: a new edge brings the triangles over the
//! common neighbours of its ends, a removed edge takes its triangles with it. Room is checked
//! before anything moves, so a refusal changes nothing. Does not compute: see `settle`.

use super::{Complex, Edge, Error, NAMED, Triangle, triangles, triangles_mut};
use crate::num::{Exact, at, ordered, put};
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
        triangles(self.store.triangles)
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
        self.forget();
        insert(self.store.ids, self.head.nodes, place, id);
        self.head.nodes = self.head.nodes.plus(1);
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
        if self.fills_cliques() {
            let closed = self
                .nodes()
                .iter()
                .filter(|&&c| self.joined(low, high, c))
                .count();
            self.room_for_triangles(closed)?;
        }
        self.forget();
        insert(self.store.edges, self.head.edges, place, edge);
        self.head.edges = self.head.edges.plus(1);
        self.renumber(|index| {
            if usize::from(index) >= place {
                index.plus(1)
            } else {
                index
            }
        });
        if self.fills_cliques() {
            for node in 0..self.head.nodes {
                let c = at(self.store.ids, node);
                if self.joined(low, high, c) {
                    self.insert_clique(low, high, c);
                }
            }
        }
        Ok(())
    }

    /// Removes the edge between `a` and `b` and every triangle on it, named or not. `Missing` if
    /// there is no such edge.
    pub fn remove_edge(&mut self, a: u16, b: u16) -> Result<(), Error> {
        let gone = self.edge_index(a, b).ok_or(Error::Missing)?;
        self.forget();
        self.retain_triangles(|triangle| !triangle.edges().contains(&gone));
        remove(self.store.edges, self.head.edges, usize::from(gone));
        self.head.edges = self.head.edges.minus(1);
        self.renumber(|index| if index > gone { index.minus(1) } else { index });
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
                if let Some(known) = triangles_mut(self.store.triangles).get_mut(place) {
                    known.bc |= NAMED;
                }
            }
            Err(place) => {
                self.room_for_triangles(1)?;
                self.forget();
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
            self.forget();
            self.retain_triangles(Triangle::named);
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
        if cliques > triangles(self.store.triangles).len() {
            return Err(Error::Full);
        }
        self.forget();
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

    /// Whether `c` is a neighbour of both `a` and `b`.
    fn joined(&self, a: u16, b: u16, c: u16) -> bool {
        self.edge_index(a, c).is_some() && self.edge_index(b, c).is_some()
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
        let room = triangles(self.store.triangles)
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
        insert(
            triangles_mut(self.store.triangles),
            self.head.triangles,
            place,
            triangle,
        );
        self.head.triangles = self.head.triangles.plus(1);
    }

    fn retain_triangles(&mut self, keep: impl Fn(Triangle) -> bool) {
        let mut kept = 0_u16;
        let all = triangles_mut(self.store.triangles);
        for index in 0..self.head.triangles {
            let triangle = at(all, index);
            put(all, index, Triangle::default());
            if keep(triangle) {
                put(all, kept, triangle);
                kept = kept.plus(1);
            }
        }
        self.head.triangles = kept;
    }

    /// Applies a monotone change of edge numbers to all triangles.
    fn renumber(&mut self, new: impl Fn(u16) -> u16) {
        let used = usize::from(self.head.triangles);
        for triangle in triangles_mut(self.store.triangles).iter_mut().take(used) {
            let [ab, ac, bc] = triangle.edges().map(&new);
            *triangle = Triangle {
                ab,
                ac,
                bc: bc | (triangle.bc & NAMED),
            };
        }
    }
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
