//! Which spanning forest carries messages with the fewest rounds?
//!
//! Breadth-first trees over the edges that are up, from the centre of each component: the node
//! whose largest distance to another is least, of several the one with the smallest id. Each node's
//! parent is its neighbour one step nearer, of several the one with the smallest id. Nodes without
//! capacity relay nothing: they are leaves below their first neighbour with capacity, or alone.
//! So the forest is a pure function of the complex, the edges that are up and which nodes are open.
//!
//! The centre is found exactly without looking from every node: a search from one node bounds the
//! eccentricity of all others from below by `max(d, ecc - d)`; the node with the least bound is
//! searched next, and after it the node farthest from it, until the least bound belongs to a node
//! that was searched (Takes and Kosters 2011). A search is `eccentricity + 1` passes over the
//! edges. No memory beyond one [`Seat`] per node. Source: math.md 4. Does not know loads.

use super::{Complex, Edge, Error, NONE};
use crate::num::{Exact, at, put};
use bytemuck::{Pod, Zeroable};

/// The graph that carries balancing messages.
#[derive(Clone, Copy, Debug)]
pub struct Net<'a> {
    ids: &'a [u16],
    edges: &'a [Edge],
    up: Option<&'a [u8]>,
    capacity: Option<&'a [u16]>,
}

/// An edge that is up: its number, and the places of its ends among the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Number of the edge.
    pub edge: u16,
    /// Place of the end with the smaller id.
    pub tail: u16,
    /// Place of the end with the larger id.
    pub head: u16,
}

/// Where a node stands in the forest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Seat {
    /// Number of the edge to the parent; 65,535 at a root.
    pub parent: u16,
    /// Edges to the root.
    pub depth: u16,
    /// Place of the root among the nodes.
    pub root: u16,
    /// A lower bound of the distance to the farthest node; exact at a root.
    pub reach: u16,
}

/// How large a forest is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forest {
    /// Edges of all trees: messages that one value to everybody takes.
    pub branches: u16,
    /// Edges that are up and have an open end.
    pub links: u16,
    /// Depth of the deepest tree.
    pub depth: u16,
    /// Largest distance between two nodes that any search met: the diameter, or a little less.
    pub width: u16,
}

impl Complex<'_> {
    /// The graph of this complex whose edges are up where `up` is not 0, and whose nodes have these
    /// capacities; without them all edges are up and all capacities are 1. `Length` if a slice does
    /// not match.
    pub fn net<'a>(
        &'a self,
        up: Option<&'a [u8]>,
        capacity: Option<&'a [u16]>,
    ) -> Result<Net<'a>, Error> {
        let (ids, edges) = (self.nodes(), self.edges());
        let fits = up.is_none_or(|up| up.len() == edges.len())
            && capacity.is_none_or(|capacity| capacity.len() == ids.len());
        fits.then_some(Net {
            ids,
            edges,
            up,
            capacity,
        })
        .ok_or(Error::Length)
    }
}

impl<'a> Net<'a> {
    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> u16 {
        self.ids.len() as u16
    }

    /// Capacity of the node at this place.
    #[must_use]
    pub fn capacity(&self, node: u16) -> u16 {
        self.capacity.map_or(1, |capacity| at(capacity, node))
    }

    /// Edges that are up, in canonical order.
    pub fn links(&self) -> impl Iterator<Item = Link> + use<'_, 'a> {
        let place = |id: &u16| self.ids.binary_search(id).ok().map(|place| place as u16);
        let live = |edge: u16| self.up.is_none_or(|up| at(up, edge) != 0);
        (0_u16..).zip(self.edges).filter_map(move |(edge, ends)| {
            let (tail, head) = (place(&ends.low)?, place(&ends.high)?);
            live(edge).then_some(Link { edge, tail, head })
        })
    }

    /// Links between two nodes with capacity.
    pub fn open_links(&self) -> impl Iterator<Item = Link> + use<'_, 'a> {
        self.links()
            .filter(|link| self.capacity(link.tail) != 0 && self.capacity(link.head) != 0)
    }

    /// Seats every node. `Length` if there is not one seat per node; then nothing changes.
    pub fn forest(&self, seats: &mut [Seat]) -> Result<Forest, Error> {
        if seats.len() != self.ids.len() {
            return Err(Error::Length);
        }
        seats.fill(Seat {
            parent: NONE,
            depth: 0,
            root: NONE,
            reach: 0,
        });
        let mut forest = Forest::default();
        for node in 0..self.nodes() {
            if at(seats, node).root == NONE && self.capacity(node) != 0 {
                self.search(seats, node, node);
                self.seat_component(seats, node, &mut forest);
            }
        }
        self.seat_closed(seats);
        self.measure(seats, &mut forest);
        Ok(forest)
    }

    /// Distances from `from` within its component, whose nodes get `root`. Returns the largest.
    fn search(&self, seats: &mut [Seat], from: u16, root: u16) -> u16 {
        let old = at(seats, from).root;
        for seat in seats.iter_mut().filter(|seat| seat.root == old) {
            seat.depth = NONE;
        }
        reach(seats, from, 0, root);
        let mut level = 0_u16;
        loop {
            let mut grew = false;
            for link in self.open_links() {
                for (near, far) in [(link.tail, link.head), (link.head, link.tail)] {
                    let (known, open) = (at(seats, near), at(seats, far));
                    if known.depth == level && known.root == root && open.depth == NONE {
                        reach(seats, far, level.plus(1), root);
                        grew = true;
                    }
                }
            }
            if !grew {
                return level;
            }
            // Distances are below the number of nodes.
            level = level.plus(1);
        }
    }

    /// Seats the nodes that the search from `first` reached: finds the centre, searches from it,
    /// and takes the first nearer neighbour as parent.
    fn seat_component(&self, seats: &mut [Seat], first: u16, forest: &mut Forest) {
        let mut from = first;
        let mut root = first;
        loop {
            let far = self.search(seats, from, root);
            forest.width = forest.width.max(far);
            bound(seats, root, far);
            let last = farthest(seats, root, far);
            // A parent that is not NONE marks a node that was searched.
            mark(seats, from);
            if at(seats, last).parent == NONE {
                let far = self.search(seats, last, root);
                forest.width = forest.width.max(far);
                bound(seats, root, far);
                mark(seats, last);
            }
            let centre = central(seats, root);
            if at(seats, centre).parent != NONE {
                root = centre;
                break;
            }
            from = centre;
        }
        for seat in seats.iter_mut().filter(|seat| seat.root == first) {
            seat.parent = NONE;
        }
        let depth = self.search(seats, root, root);
        forest.depth = forest.depth.max(depth);
        for link in self.open_links() {
            for (near, far) in [(link.tail, link.head), (link.head, link.tail)] {
                let (above, mut seat) = (at(seats, near), at(seats, far));
                // Other components have no distances yet.
                let inside = above.root == root && seat.root == root;
                if inside && seat.parent == NONE && seat.depth == above.depth.plus(1) {
                    seat.parent = link.edge;
                    put(seats, far, seat);
                }
            }
        }
    }

    /// Nodes without capacity sit below their first open neighbour, or alone.
    fn seat_closed(&self, seats: &mut [Seat]) {
        for node in (0..self.nodes()).filter(|node| self.capacity(*node) == 0) {
            put(
                seats,
                node,
                Seat {
                    parent: NONE,
                    depth: 0,
                    root: node,
                    reach: 0,
                },
            );
        }
        for link in self.links() {
            for (near, far) in [(link.tail, link.head), (link.head, link.tail)] {
                let (above, mut seat) = (at(seats, near), at(seats, far));
                let leaf = self.capacity(near) != 0 && self.capacity(far) == 0;
                if leaf && seat.parent == NONE {
                    seat = Seat {
                        parent: link.edge,
                        depth: above.depth.plus(1),
                        root: above.root,
                        reach: 0,
                    };
                    put(seats, far, seat);
                }
            }
        }
    }

    fn measure(&self, seats: &[Seat], forest: &mut Forest) {
        for seat in seats {
            // At most 65,534 branches and 32,767 links.
            forest.branches = forest.branches.plus(u16::from(seat.parent != NONE));
            forest.depth = forest.depth.max(seat.depth);
        }
        forest.width = forest.width.max(forest.depth);
        let open = |node: u16| self.capacity(node) != 0;
        let links = self
            .links()
            .filter(|link| open(link.tail) || open(link.head));
        forest.links = links.count() as u16;
    }
}

fn reach(seats: &mut [Seat], node: u16, depth: u16, root: u16) {
    let seat = at(seats, node);
    put(
        seats,
        node,
        Seat {
            depth,
            root,
            ..seat
        },
    );
}

fn mark(seats: &mut [Seat], node: u16) {
    let seat = at(seats, node);
    put(seats, node, Seat { parent: 0, ..seat });
}

/// Raises the bounds of a component from the distances of a search of this eccentricity.
fn bound(seats: &mut [Seat], root: u16, far: u16) {
    for seat in seats.iter_mut().filter(|seat| seat.root == root) {
        seat.reach = seat.reach.max(seat.depth).max(far.minus(seat.depth));
    }
}

/// The first node of a component at this distance.
fn farthest(seats: &[Seat], root: u16, far: u16) -> u16 {
    let found = (0_u16..)
        .zip(seats)
        .find(|(_, seat)| seat.root == root && seat.depth == far);
    found.map_or(root, |(node, _)| node)
}

/// The first node of a component with the least bound.
fn central(seats: &[Seat], root: u16) -> u16 {
    let inside = (0_u16..).zip(seats).filter(|(_, seat)| seat.root == root);
    let least = inside.min_by_key(|(node, seat)| (seat.reach, *node));
    least.map_or(root, |(node, _)| node)
}
