//! When is what follows from the topology computed, and in which order?
//!
//! Blocks are found among the edges that are in none; each gets its cocycles, its order, its
//! factor, its norm and its Gram matrix. Blocks of a projection and of a balance exclude each
//! other: they share the room. A refused call takes back what it entered, so that storage is as
//! before to the byte. Source: math.md 2.6.

use super::blocks::{Kind, ZERO, components, find_blocks};
use super::harmonic::Cocycles;
use super::pool::{Payload, Pool, Work, halves, payload, raise};
use super::solve::Edges;
use super::{Block, Complex, Error, Head, NONE, Resident, Store, cocycle, order};
use crate::carve::Arena;
use crate::num::{Exact, at, put};

/// Vertices times norm from which on refinement is not known to converge.
const CONDITION: u64 = 1 << 33;

impl Complex<'_> {
    /// Prepares for [`Complex::project`] if the topology has changed; the other calls do so too.
    ///
    /// `Full` if the blocks or their cocycles do not fit, `IllConditioned` if the complex is so
    /// long and thin that its last bits cannot be certain. A refusal changes nothing.
    #[inline]
    pub fn settle(&mut self) -> Result<(), Error> {
        if self.head.resident == Resident::Projection as u16 && self.head.complete != 0 {
            return Ok(());
        }
        self.settle_blocks()
    }

    #[inline(never)]
    fn settle_blocks(&mut self) -> Result<(), Error> {
        self.drop_balance();
        let kept = self.head.blocks != 0;
        match append(self.head, &mut self.store, Kind::Projection) {
            Err(Error::Full) if kept => {
                // With the room of the blocks that were kept there may be enough.
                self.clear_blocks();
                append(self.head, &mut self.store, Kind::Projection)?;
            }
            result => result?,
        }
        self.head.resident = Resident::Projection as u16;
        self.head.complete = 1;
        Ok(())
    }

    /// Makes the components of the graph of nodes with capacity resident.
    pub(super) fn settle_balance(&mut self, capacity: &dyn Fn(u16) -> u16) -> Result<(), Error> {
        let nodes = self.head.nodes;
        let known = |node: u16| bit(self.store.closed, node) == (capacity(node) == 0);
        if self.head.resident == Resident::Balance as u16 && (0..nodes).all(known) {
            return Ok(());
        }
        self.clear_blocks();
        let closed = |node: u16| capacity(node) == 0;
        append(self.head, &mut self.store, Kind::Balance(&closed))?;
        for node in (0..nodes).filter(|node| closed(*node)) {
            let word = at(self.store.closed, node >> 4) | 1 << (node & 15);
            put(self.store.closed, node >> 4, word);
        }
        self.head.resident = Resident::Balance as u16;
        Ok(())
    }

    /// The first Betti number: independent circulations that no triangles fill. Settles.
    pub fn betti1(&mut self) -> Result<u32, Error> {
        self.settle()?;
        self.count_cycles()
    }

    /// Apart, so that settling does not stand on top of it.
    #[inline(never)]
    fn count_cycles(&mut self) -> Result<u32, Error> {
        let Self { head, store } = self;
        if head.components == 0 {
            let ids = store.ids.get(..usize::from(head.nodes)).unwrap_or(&[]);
            let edges = store.edges.get(..usize::from(head.edges)).unwrap_or(&[]);
            let gap = Pool::of(store.pool, head).gap;
            let scratch: &mut [u16] = bytemuck::try_cast_slice_mut(gap).unwrap_or(&mut []);
            let scratch = scratch.get_mut(..ids.len()).ok_or(Error::Full)?;
            head.components = components(ids, edges, scratch).plus(1);
            scratch.fill(0);
        }
        let blocks = Pool::of(store.pool, head).blocks;
        let harmonics = blocks.iter().map(|block| u32::from(block.harmonics)).sum();
        // Flows without curl: free edges, potentials of blocks, cocycles. Minus potentials of
        // nodes.
        let kernel = u32::from(head.edges.minus(head.members))
            .plus(u32::from(head.vertices.minus(head.blocks)))
            .plus(harmonics);
        Ok(kernel.minus(u32::from(head.nodes.plus(1).minus(head.components))))
    }
}

fn bit(bits: &[u16], node: u16) -> bool {
    at(bits, node >> 4) & 1 << (node & 15) != 0
}

/// Enters the missing blocks; an error takes them back.
#[inline(never)]
fn append(head: &mut Head, store: &mut Store<'_>, kind: Kind<'_>) -> Result<(), Error> {
    let before = *head;
    let result = find_blocks(head, store, kind)
        .and_then(|codes| shape_blocks(head, store, before.blocks, codes))
        .and_then(|()| {
            if let Kind::Balance(_) = kind {
                renumber_map(head, store);
            }
            number_blocks(head, store, before.blocks, None)
        });
    if result.is_err() {
        take_back(head, store, before);
    }
    result
}

fn take_back(head: &mut Head, store: &mut Store<'_>, before: Head) {
    *head = before;
    Pool::of(store.pool, head).gap.fill(0);
    let free = usize::from(head.members);
    let rest = store.members.get_mut(free..).unwrap_or(&mut []);
    rest.fill(super::Member::default());
}

/// Gives each block from `first` on its cocycles, its order and its payload. The first `codes` half
/// words of the gap are generator codes by edge.
#[inline(never)]
fn shape_blocks(
    head: &mut Head,
    store: &mut Store<'_>,
    first: u16,
    codes: u16,
) -> Result<(), Error> {
    let mut generator = 0_u16;
    for index in first..head.blocks {
        let mut block = at(Pool::of(store.pool, head).blocks, index);
        block.at = head.payload;
        if !block.is_triangle() {
            let codes = Codes {
                words: halves(usize::from(codes)),
                first: generator,
            };
            shape_block(head, store, index, &mut block, codes)?;
        }
        generator = generator.plus(block.generators);
        put(Pool::of(store.pool, head).blocks, index, block);
    }
    Pool::of(store.pool, head).gap.fill(0);
    Ok(())
}

/// Where the generator codes stand, and the number of the block's first generator.
#[derive(Clone, Copy)]
struct Codes {
    words: usize,
    first: u16,
}

#[inline(never)]
fn shape_block(
    head: &mut Head,
    store: &mut Store<'_>,
    index: u16,
    block: &mut Block,
    codes: Codes,
) -> Result<(), Error> {
    let Pool { blocks, gap, .. } = Pool::of(store.pool, head);
    let whole = gap.len();
    let (front, space) = gap.split_at_mut_checked(codes.words).ok_or(Error::Full)?;
    let code: &[u16] = bytemuck::try_cast_slice(front).unwrap_or(&[]);
    if block.generators != 0 {
        let triangles = &*store.triangles;
        let triangles = triangles.get(..usize::from(head.triangles)).unwrap_or(&[]);
        let core: &mut [i16] = bytemuck::try_cast_slice_mut(space).unwrap_or(&mut []);
        cocycle::build(block, codes.first, code, triangles, core)?;
    }
    head.harmonics = head.harmonics.max(block.harmonics);
    let basis = halves(usize::from(block.generators).times(usize::from(block.harmonics)));
    let space = space.get_mut(basis..).ok_or(Error::Full)?;
    let later = blocks.get(usize::from(index).plus(1)..).unwrap_or(&[]);
    let room = room(block, later, head, whole, space.len()).ok_or(Error::Full)?;
    let members = &mut *store.members;
    let members = members.get_mut(block.members()).unwrap_or(&mut []);
    let rows = order::build(block, members, space, room).ok_or(Error::Full)?;
    let rows = codes.words.plus(basis).plus(rows);
    place(head, store, block, codes, rows)
}

/// Entries of the factor that there is room for: besides the least that this block and the later
/// ones need and the work arrays in the end, and besides the order while the payload is written.
fn room(block: &Block, later: &[Block], head: &Head, whole: usize, space: usize) -> Option<usize> {
    let least = block.least()?;
    let mut taken = least.checked_add(Work::words(head.widest, head.harmonics)?)?;
    for block in later {
        taken = taken.checked_add(block.least()?)?;
    }
    let end = whole.checked_sub(taken)?;
    let now = space.checked_sub(least.checked_add(order::Order::words(block.vertices)?)?)?;
    // Six bytes an entry, and a word of rounding for values and for rows.
    end.min(now).saturating_sub(2).times(8).checked_div(6)
}

/// Moves the rows to the end of the gap and writes the rest of the payload in front of them.
#[inline(never)]
fn place(
    head: &mut Head,
    store: &mut Store<'_>,
    block: &mut Block,
    codes: Codes,
    rows: usize,
) -> Result<(), Error> {
    let gap = Pool::of(store.pool, head).gap;
    let (end, size) = (gap.len(), block.size().ok_or(Error::Full)?);
    let moved = halves(block.entries as usize);
    let start = end.checked_sub(size).ok_or(Error::Full)?;
    raise(gap, rows, end.saturating_sub(moved), moved);
    let (front, words) = gap.split_at_mut_checked(start).ok_or(Error::Full)?;
    let bare = size.saturating_sub(moved);
    words.get_mut(..bare).unwrap_or(&mut []).fill(0);
    let mut arena = Arena::new(words);
    let payload = Payload::carve(&mut arena, *block).ok_or(Error::Full)?;
    let (code, rest) = front.split_at_mut_checked(codes.words).ok_or(Error::Full)?;
    let code: &[u16] = bytemuck::try_cast_slice(code).unwrap_or(&[]);
    let basis = halves(payload.basis.len());
    let (basis, order) = rest.split_at_mut_checked(basis).ok_or(Error::Full)?;
    let basis: &[i16] = bytemuck::try_cast_slice(basis).unwrap_or(&[]);
    let order = order::Order::carve(&mut Arena::new(order), block.vertices).ok_or(Error::Full)?;
    for (count, column) in payload.count.iter_mut().zip(order.column.windows(2)) {
        if let [from, to] = column {
            // A column has fewer rows than there are vertices.
            *count = to.minus(*from) as u16;
        }
    }
    for (kept, value) in payload.basis.iter_mut().zip(basis) {
        *kept = *value;
    }
    let members = store.members.get(block.members()).unwrap_or(&[]);
    for (kept, member) in payload.codes.iter_mut().zip(members) {
        let code = at(code, member.edge);
        let inside = code & ZERO != ZERO;
        *kept = if inside {
            code.minus(codes.first)
        } else {
            ZERO
        };
    }
    // Until the map is renumbered; a projection has none, and its hints begin as zero.
    for (hint, place) in payload.hint.iter_mut().zip(order.place.iter()) {
        *hint = i32::from(*place);
    }
    front.get_mut(codes.words..).unwrap_or(&mut []).fill(0);
    // A pool has fewer than 2^32 words.
    block.words = size as u32;
    head.payload = head.payload.plus(block.words);
    block.at = head.payload;
    Ok(())
}

/// Carries the order of the vertices into the map of a balance.
#[inline(never)]
fn renumber_map(head: &Head, store: &mut Store<'_>) {
    let nodes = usize::from(head.nodes);
    let Pool {
        blocks, payloads, ..
    } = Pool::of(store.pool, head);
    let end = payloads.len().saturating_sub(halves(nodes));
    let (payloads, map) = payloads.split_at_mut_checked(end).unwrap_or_default();
    let map: &mut [u16] = bytemuck::try_cast_slice_mut(map).unwrap_or(&mut []);
    for vertex in map.iter_mut().take(nodes).filter(|vertex| **vertex != NONE) {
        let index = blocks.partition_point(|block| block.first_vertex <= *vertex);
        let block = at(blocks, (index as u32).minus(1));
        // The map is the first payload: distances count it.
        let from = end.plus(halves(nodes)).saturating_sub(block.at as usize);
        let words = payloads.get_mut(from..).unwrap_or(&mut []);
        if let Some(payload) = Payload::carve(&mut Arena::new(words), block) {
            let place = at(payload.hint, vertex.minus(block.first_vertex));
            *vertex = block.first_vertex.plus(place as u16);
        }
    }
}

/// Factors, norms and Gram matrices of the blocks from `first` on.
#[inline(never)]
pub(super) fn number_blocks(
    head: &mut Head,
    store: &mut Store<'_>,
    first: u16,
    trust: Option<&[u8]>,
) -> Result<(), Error> {
    for index in first..head.blocks {
        let Pool {
            blocks,
            gap,
            payloads,
        } = Pool::of(store.pool, head);
        let block = blocks.get_mut(usize::from(index)).ok_or(Error::Full)?;
        if block.is_triangle() {
            continue;
        }
        let edges = Edges {
            members: store.members.get(block.members()).unwrap_or(&[]),
            trust,
        };
        let result = number_block(head, block, edges, gap, payloads);
        gap.fill(0);
        result?;
    }
    Ok(())
}

#[inline(never)]
fn number_block(
    head: &Head,
    block: &mut Block,
    edges: Edges<'_>,
    gap: &mut [u64],
    payloads: &mut [u64],
) -> Result<(), Error> {
    let mut opened = open(head, block, edges, gap, payloads);
    let cocycles = opened.as_mut().ok_or(Error::Full)?;
    let solver = &mut cocycles.solver;
    solver.factor();
    let norm = solver.find_norm().ok_or(Error::IllConditioned)?;
    if u64::from(norm).times(u64::from(block.root())) >= CONDITION {
        return Err(Error::IllConditioned);
    }
    solver.norm = norm;
    (block.scale, block.norm) = (solver.scale, norm);
    if block.harmonics != 0 {
        cocycles.build()?;
    }
    Ok(())
}

/// The solver of one block, over what the block keeps and what all work on.
#[inline(never)]
pub(super) fn open<'a>(
    head: &Head,
    block: &Block,
    edges: Edges<'a>,
    gap: &'a mut [u64],
    payloads: &'a mut [u64],
) -> Option<Cocycles<'a>> {
    let words = payload(payloads, block);
    let payload = Payload::carve(&mut Arena::new(words), *block)?;
    let work = Work::carve(&mut Arena::new(gap), head.widest, head.harmonics)?;
    Cocycles::of(block, edges, payload, work)
}
