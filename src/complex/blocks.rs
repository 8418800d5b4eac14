//! Into which independent parts does the complex fall, and what are their vertices?
//!
//! For projection, half-edges that meet at a corner of a triangle are united; their classes are the
//! split vertices. Splitting changes neither curl nor its kernel, and a pinch point no longer
//! couples what it joins. Blocks are the connected components of the split graph; an edge in no
//! triangle is in none. For balancing the vertices are the nodes themselves. Union-find keeps the
//! smallest member as root, so every number follows from the canonical order. Only edges that are
//! in no block yet are looked at. Half-edges are `2 * edge + side`, at most 65,533. Source: math.md
//! 2.1. Does not look at flows or numbers: see `factor`.

use super::pool::{ENTRY, Pool, halves, raise};
use super::{Block, Edge, Error, Head, Member, NONE, Store, TRIANGLE, Triangle, cocycle};
use crate::carve::Arena;
use crate::layout;
use crate::num::{Exact, at, put};
use bytemuck::{Pod, Zeroable};

/// The generator code of an edge that carries no cocycle.
pub(super) const ZERO: u16 = 0x7fff;
/// The generator code of an edge that is in a block already.
pub(super) const OUT: u16 = 0xffff;
/// The label of an edge that is in a block already.
const KEPT: u16 = 0xfffe;

/// What an edge joins: half-edges, then labels; [`NONE`] for an edge in no block, [`KEPT`] for one
/// that is in a block already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Ends {
    tail: u16,
    head: u16,
}

impl Ends {
    /// Whether the edge goes into a new block.
    fn joins(self) -> bool {
        self.tail < KEPT
    }
}

layout! {
    struct Draft<'a>(edges: u16, codes: u16) {
        /// Cocycle generator of each edge, with its sign; see `cocycle`.
        codes: [u16; usize::from(codes)],
        ends: [Ends; usize::from(edges)],
    }
}

/// What the blocks are of.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    /// Of triangles.
    Projection,
    /// Of nodes with capacity: this tells those without.
    Balance(&'a dyn Fn(u16) -> bool),
}

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
    if at(parent, a) == at(parent, b) {
        return false;
    }
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
        if above >= KEPT {
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

/// Writes split vertices into `ends` for edges of triangles that are in no block. Returns their
/// number.
fn split(ends: &mut [Ends], triangles: &[Triangle]) -> u16 {
    let halves: &mut [u16] = bytemuck::try_cast_slice_mut(ends).unwrap_or(&mut []);
    for triangle in triangles {
        let [ab, ac, bc] = triangle.edges();
        let (ab, ac, bc) = (ab.times(2), ac.times(2), bc.times(2));
        if at(halves, ab) == KEPT {
            continue;
        }
        for edge in [ab, ac, bc] {
            if at(halves, edge) == NONE {
                put(halves, edge, edge);
                put(halves, edge | 1, edge | 1);
            }
        }
        unite(halves, ab, ac);
        unite(halves, ab | 1, bc);
        unite(halves, ac | 1, bc | 1);
    }
    number(halves)
}

/// The ends of an edge as places in the ascending `ids`.
fn nodes_of(edge: Edge, ids: &[u16]) -> Ends {
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

/// Finds the blocks of all edges that are in none, and enters them: directory, members, and for
/// cocycles the codes at the front of the gap. Returns the length of those codes. An error leaves
/// the head and the directory to be truncated.
#[inline(never)]
pub(super) fn find_blocks(
    head: &mut Head,
    store: &mut Store<'_>,
    kind: Kind<'_>,
) -> Result<u16, Error> {
    let projection = matches!(kind, Kind::Projection);
    let codes = if projection { head.edges } else { 0 };
    let all = &*store.triangles;
    let all = all.get(..usize::from(head.triangles)).unwrap_or(&[]);
    if !projection {
        // The map of a balance is the first payload. At most 2^15 words.
        head.payload = halves(usize::from(head.nodes)) as u32;
    }
    let Pool { gap, payloads, .. } = Pool::of(store.pool, head);
    let draft = Draft::words(head.edges, codes).ok_or(Error::Full)?;
    let (front, rest) = gap.split_at_mut_checked(draft).ok_or(Error::Full)?;
    let Draft { codes: code, ends } =
        Draft::carve(&mut Arena::new(front), head.edges, codes).ok_or(Error::Full)?;
    let labels = match kind {
        Kind::Projection => {
            let kept = store.members.get(..usize::from(head.members));
            keep(ends, kept.unwrap_or(&[]));
            split(ends, all)
        }
        Kind::Balance(closed) => {
            let ids = store.ids.get(..usize::from(head.nodes)).unwrap_or(&[]);
            open(ends, store.edges, ids, closed);
            head.nodes
        }
    };
    let top = if projection { rest } else { payloads };
    let map = labels_at_the_end(top, labels)?;
    let fresh = join(map, ends, code);
    if projection {
        cocycle::peel(code, all);
    }
    let room = usize::from(fresh).times(ENTRY);
    let used = draft.plus(if projection {
        halves(usize::from(labels))
    } else {
        0
    });
    if used.plus(room) > gap.len() {
        return Err(Error::Full);
    }
    raise(gap, 0, room, draft);
    gap.get_mut(..room).unwrap_or(&mut []).fill(0);
    let first = head.blocks;
    head.blocks = head.blocks.plus(fresh);
    let Pool {
        blocks,
        gap,
        payloads,
    } = Pool::of(store.pool, head);
    let blocks = blocks.get_mut(usize::from(first)..).unwrap_or(&mut []);
    let (front, rest) = gap.split_at_mut_checked(draft).ok_or(Error::Full)?;
    let Draft { codes: code, ends } =
        Draft::carve(&mut Arena::new(front), head.edges, codes).ok_or(Error::Full)?;
    let map = labels_at_the_end(if projection { rest } else { payloads }, labels)?;
    count(map, ends, blocks);
    lay_out(blocks, head, projection);
    let generators = cocycle::name_rows(code, |edge| at_label(map, ends, edge), blocks);
    let members = &mut *store.members;
    place_members(map, ends, blocks, members);
    place_vertices(map, blocks);
    number_members(map, blocks, members);
    let left = if generators { halves(code.len()) } else { 0 };
    let end = if projection { gap.len() } else { draft };
    gap.get_mut(left..end).unwrap_or(&mut []).fill(0);
    Ok(if generators { codes } else { 0 })
}

fn labels_at_the_end(words: &mut [u64], labels: u16) -> Result<&mut [u16], Error> {
    let from = words.len().checked_sub(halves(usize::from(labels)));
    let words = words.get_mut(from.ok_or(Error::Full)?..).unwrap_or(&mut []);
    let map: &mut [u16] = bytemuck::try_cast_slice_mut(words).unwrap_or(&mut []);
    map.get_mut(..usize::from(labels)).ok_or(Error::Full)
}

/// Marks the edges that are in a block.
fn keep(ends: &mut [Ends], members: &[Member]) {
    ends.fill(Ends {
        tail: NONE,
        head: NONE,
    });
    for member in members {
        put(
            ends,
            member.edge,
            Ends {
                tail: KEPT,
                head: KEPT,
            },
        );
    }
}

/// Writes nodes into `ends` for edges between open nodes.
fn open(ends: &mut [Ends], edges: &[Edge], ids: &[u16], closed: &dyn Fn(u16) -> bool) {
    for (ends, edge) in ends.iter_mut().zip(edges) {
        let joined = nodes_of(*edge, ids);
        let none = Ends {
            tail: NONE,
            head: NONE,
        };
        *ends = if closed(joined.tail) || closed(joined.head) {
            none
        } else {
            joined
        };
    }
}

/// The ends of an edge as places in the ascending `ids`.
pub(super) fn ends_of(edge: Edge, ids: &[u16]) -> (u16, u16) {
    let ends = nodes_of(edge, ids);
    (ends.tail, ends.head)
}

/// Unites labels along edges; labels on no edge become `NONE`. The first edges in canonical order
/// that join two trees are a spanning forest and get generator zero. Returns the number of blocks.
fn join(map: &mut [u16], ends: &[Ends], codes: &mut [u16]) -> u16 {
    map.fill(NONE);
    for (edge, end) in (0_u16..).zip(ends) {
        if !end.joins() {
            set_code(codes, edge, OUT);
            continue;
        }
        for label in [end.tail, end.head] {
            if at(map, label) == NONE {
                put(map, label, label);
            }
        }
        let tree = unite(map, end.tail, end.head);
        set_code(codes, edge, if tree { ZERO } else { edge });
    }
    number(map)
}

/// A balance has no cocycles, so it brings no array for their codes.
fn set_code(codes: &mut [u16], edge: u16, code: u16) {
    if let Some(slot) = codes.get_mut(usize::from(edge)) {
        *slot = code;
    }
}

/// The block of an edge while the map still holds blocks.
fn at_label(map: &[u16], ends: &[Ends], edge: u16) -> u16 {
    at(map, at(ends, edge).tail)
}

fn count(map: &[u16], ends: &[Ends], blocks: &mut [Block]) {
    for end in ends.iter().filter(|end| end.joins()) {
        if let Some(block) = blocks.get_mut(usize::from(at(map, end.tail))) {
            block.members = block.members.plus(1);
        }
    }
    for block in map.iter().filter(|block| **block != NONE) {
        if let Some(block) = blocks.get_mut(usize::from(*block)) {
            block.vertices = block.vertices.plus(1);
        }
    }
}

/// Gives each new block its run of members, which is empty as yet.
fn lay_out(blocks: &mut [Block], head: &mut Head, projection: bool) {
    for block in blocks {
        if projection && block.members == 3 {
            block.flags = TRIANGLE;
        } else {
            head.widest = head.widest.max(block.vertices);
        }
        (block.first_member, block.first_vertex) = (head.members, head.vertices);
        head.members = head.members.plus(block.members);
        head.vertices = head.vertices.plus(block.vertices);
        (block.members, block.vertices) = (0, 0);
    }
}

/// Enters each edge into its block, with its labels.
fn place_members(map: &[u16], ends: &[Ends], blocks: &mut [Block], members: &mut [Member]) {
    for (edge, end) in (0_u16..).zip(ends).filter(|(_, end)| end.joins()) {
        if let Some(block) = blocks.get_mut(usize::from(at(map, end.tail))) {
            let member = Member {
                edge,
                tail: end.tail,
                head: end.head,
            };
            put(members, block.first_member.plus(block.members), member);
            block.members = block.members.plus(1);
        }
    }
}

/// Turns blocks into vertices: ascending in the label within each block.
fn place_vertices(map: &mut [u16], blocks: &mut [Block]) {
    for label in map.iter_mut().filter(|label| **label != NONE) {
        if let Some(block) = blocks.get_mut(usize::from(*label)) {
            *label = block.first_vertex.plus(block.vertices);
            block.vertices = block.vertices.plus(1);
        }
    }
}

/// Turns labels into vertices of the block.
fn number_members(map: &[u16], blocks: &[Block], members: &mut [Member]) {
    for block in blocks {
        for member in members.get_mut(block.members()).unwrap_or(&mut []) {
            member.tail = at(map, member.tail).minus(block.first_vertex);
            member.head = at(map, member.head).minus(block.first_vertex);
        }
    }
}
