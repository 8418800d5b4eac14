//! Into which independent parts does the complex fall, and what are their vertices?
//!
//! For projection, half-edges that meet at a corner of a triangle are united; their classes are the
//! split vertices. Splitting changes neither curl nor its kernel, and a pinch point no longer
//! couples what it joins. Blocks are the connected components of the split graph; an edge in no
//! triangle is in none. For balancing the vertices are the nodes themselves. Union-find keeps the
//! smallest member as root, so every number follows from the canonical order. Half-edges are `2 *
//! edge + side`, at most 65,533. Source: math.md 2.1. Does not look at flows or numbers: see
//! `factor`.

use super::{Block, Derived, Edge, Ends, Error, Frame, Head, NONE, Store, Triangle};
use crate::carve::Arena;
use crate::num::{Exact, at, put};

/// The generator code of an edge that carries no cocycle.
pub(super) const ZERO: u16 = 0x7fff;

/// The smallest member of `item`'s class; parents are never larger, so the walk ends.
pub(super) fn find(parent: &mut [u16], item: u16) -> u16 {
    let mut item = item;
    loop {
        let above = at(parent, item);
        if above >= item {
            return item;
        }
        let next = at(parent, above);
        put(parent, item, next);
        item = next;
    }
}

/// Unites two classes; whether they were different.
fn unite(parent: &mut [u16], a: u16, b: u16) -> bool {
    let (a, b) = (find(parent, a), find(parent, b));
    put(parent, a.max(b), a.min(b));
    a != b
}

/// Replaces parents by the rank of the class among all classes, in ascending order of their
/// smallest members; entries that are `NONE` stay. Returns the number of classes.
fn number(parent: &mut [u16]) -> u16 {
    let mut classes = 0_u16;
    for item in 0..parent.len() as u32 {
        let above = at(parent, item);
        if above == NONE {
            continue;
        }
        // A parent has already become the rank of its class.
        let rank = if u32::from(above) == item {
            classes
        } else {
            at(parent, above)
        };
        classes = classes.plus(u16::from(u32::from(above) == item));
        put(parent, item, rank);
    }
    classes
}

/// Writes split vertices into `ends`, `NONE` for edges in no triangle. Returns their number.
pub(super) fn split(ends: &mut [Ends], triangles: &[Triangle]) -> u16 {
    ends.fill(Ends {
        tail: NONE,
        head: NONE,
    });
    let halves: &mut [u16] = bytemuck::try_cast_slice_mut(ends).unwrap_or(&mut []);
    for triangle in triangles {
        let [ab, ac, bc] = triangle.edges().map(|edge| edge.times(2));
        for half in [ab, ac, bc].into_iter().flat_map(|half| [half, half | 1]) {
            if at(halves, half) == NONE {
                put(halves, half, half);
            }
        }
        unite(halves, ab, ac);
        unite(halves, ab | 1, bc);
        unite(halves, ac | 1, bc | 1);
    }
    number(halves)
}

/// The ends of an edge as places in the ascending `ids`.
pub(super) fn nodes_of(edge: Edge, ids: &[u16]) -> Ends {
    let place = |id: u16| ids.binary_search(&id).map_or(NONE, |index| index as u16);
    Ends {
        tail: place(edge.low),
        head: place(edge.high),
    }
}

/// Connected components of the whole graph, in scratch of one entry per node.
pub(super) fn components(ids: &[u16], edges: &[Edge], scratch: &mut [u16]) -> u16 {
    for (slot, node) in scratch.iter_mut().zip(0..ids.len() as u16) {
        *slot = node;
    }
    let mut count = ids.len() as u16;
    for edge in edges {
        let ends = nodes_of(*edge, ids);
        count = count.minus(u16::from(unite(scratch, ends.tail, ends.head)));
    }
    count
}

/// The front of the pool, and what is left behind it.
pub(super) fn frame(pool: &mut [u64], length: Derived) -> Result<(Frame<'_>, Arena<'_>), Error> {
    let mut arena = Arena::new(pool);
    let frame = Frame::carve(&mut arena, length).ok_or(Error::Full)?;
    Ok((frame, arena))
}

/// From labels in `ends` to blocks: numbers vertices and members block by block, and marks a
/// spanning forest (the first edges in canonical order that join two trees) with generator zero.
pub(super) fn partition(
    store: &mut Store<'_>,
    head: &mut Head,
    labels: u16,
    cocycles: bool,
) -> Result<(), Error> {
    let Store {
        ends,
        generator,
        members,
        pool,
        ..
    } = store;
    let generator = if cocycles { &mut **generator } else { &mut [] };
    let ends = ends.get_mut(..usize::from(head.edges)).unwrap_or(&mut []);
    let length = &mut head.derived;
    length.labels = labels;
    length.blocks = join(frame(pool, *length)?.0.map, ends, generator);
    let Frame { map, blocks, .. } = frame(pool, *length)?.0;
    blocks.fill(Block::default());
    count(map, ends, blocks);
    (length.vertices, length.widest) = lay_out(blocks);
    place_members(map, ends, blocks, members);
    place_vertices(map, blocks);
    for end in ends.iter_mut().filter(|end| end.tail != NONE) {
        *end = Ends {
            tail: at(map, end.tail),
            head: at(map, end.head),
        };
    }
    Ok(())
}

/// Unites labels along edges; labels on no edge become `NONE`. Returns the number of blocks.
fn join(map: &mut [u16], ends: &[Ends], generator: &mut [u16]) -> u16 {
    map.fill(NONE);
    for (edge, end) in (0_u16..).zip(ends) {
        if end.tail == NONE {
            set_code(generator, edge, ZERO);
            continue;
        }
        for label in [end.tail, end.head] {
            if at(map, label) == NONE {
                put(map, label, label);
            }
        }
        let tree = unite(map, end.tail, end.head);
        set_code(generator, edge, if tree { ZERO } else { edge });
    }
    number(map)
}

/// A balance has no cocycles, so it brings no array for their codes.
fn set_code(generator: &mut [u16], edge: u16, code: u16) {
    if let Some(slot) = generator.get_mut(usize::from(edge)) {
        *slot = code;
    }
}

fn count(map: &[u16], ends: &[Ends], blocks: &mut [Block]) {
    for end in ends.iter().filter(|end| end.tail != NONE) {
        if let Some(block) = blocks.get_mut(usize::from(at(map, end.tail))) {
            block.end_member = block.end_member.plus(1);
        }
    }
    for block in map.iter().filter(|block| **block != NONE) {
        if let Some(block) = blocks.get_mut(usize::from(*block)) {
            block.end_vertex = block.end_vertex.plus(1);
        }
    }
}

/// Turns counts into empty ranges at the right places. Returns the total and the largest count.
fn lay_out(blocks: &mut [Block]) -> (u16, u16) {
    let (mut vertices, mut members, mut widest) = (0_u16, 0_u16, 0_u16);
    for block in blocks {
        widest = widest.max(block.end_vertex);
        (block.first_vertex, block.first_member) = (vertices, members);
        vertices = vertices.plus(block.end_vertex);
        members = members.plus(block.end_member);
        (block.end_vertex, block.end_member) = (block.first_vertex, block.first_member);
    }
    (vertices, widest)
}

fn place_members(map: &[u16], ends: &[Ends], blocks: &mut [Block], members: &mut [u16]) {
    for (edge, end) in (0_u16..).zip(ends).filter(|(_, end)| end.tail != NONE) {
        if let Some(block) = blocks.get_mut(usize::from(at(map, end.tail))) {
            put(members, block.end_member, edge);
            block.end_member = block.end_member.plus(1);
        }
    }
}

fn place_vertices(map: &mut [u16], blocks: &mut [Block]) {
    for label in map.iter_mut().filter(|label| **label != NONE) {
        if let Some(block) = blocks.get_mut(usize::from(*label)) {
            *label = block.end_vertex;
            block.end_vertex = block.end_vertex.plus(1);
        }
    }
}

/// The block of a vertex: blocks are ascending in their vertices.
pub(super) fn block_of(blocks: &[Block], vertex: u16) -> usize {
    blocks.partition_point(|block| block.end_vertex <= vertex)
}
