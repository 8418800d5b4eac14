//! Which part of a flow on a network is a circulation, and which flow levels the load?
//!
//! A [`Complex`] holds nodes, edges and triangles and answers two questions exactly, in integers:
//! [`Complex::project`] removes from a flow everything that goes round triangles, and
//! [`Complex::plan`] finds the flow that levels load over capacity. Both are pure functions of the
//! canonical complex (nodes by id, edges by id pair, triangles by edge triple) and their arguments:
//! neither the order of insertion nor the way an edge was written changes a bit.
//!
//! Units: flows and loads are Q16.16 in `i32`. Indices in storage are `u16` and `u32`, so storage
//! is byte for byte the same on 32- and 64-bit machines. Edges are at most 32,767, which bounds
//! every sum (math.md T11: `2^15 * 2^31 * 2^16 = 2^62`).
//!
//! Storage holds the topology and, once settled, what follows from it. An error leaves all of it as
//! it was, byte for byte: work arrays are zero between calls, derived arrays are a function of the
//! topology or zero. Source: math.md 2 and 4. Does not know records, frames or time.

mod balance;
mod blocks;
mod cocycle;
mod factor;
mod harmonic;
mod order;
mod project;
mod settle;
mod solve;
mod topology;

use crate::carve::{Arena, words};
use crate::layout;
use crate::num::Exact;
use bytemuck::{Pod, Zeroable};

pub use balance::PlanReport;
pub use project::Report;

/// Most edges a complex may hold: fifteen bits of edges bound every sum in this room.
pub const EDGES_MAX: u16 = 32_767;

/// Capacities of a complex; the caller chooses them once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Nodes.
    pub nodes: u16,
    /// Edges, at most [`EDGES_MAX`].
    pub edges: u16,
    /// Triangles, at most 65,535.
    pub triangles: u16,
    /// Room of the factor: off-diagonal entries per node. 5 suits radio meshes of degree 8.
    pub fill: u16,
}

impl Shape {
    fn entries(self) -> usize {
        // A product of two u16 fits 32 bits.
        usize::from(self.nodes).times(usize::from(self.fill))
    }

    /// Words of the pool: a base, 32 bytes per node, 4 per factor entry.
    fn pool(self) -> usize {
        let bytes = u64::from(self.nodes)
            .times(u64::from(self.fill).times(4).plus(POOL_PER_NODE))
            .plus(POOL_BASE);
        usize::try_from(bytes >> 3).unwrap_or(usize::MAX)
    }
}

const POOL_BASE: u64 = 128;
const POOL_PER_NODE: u64 = 32;

/// Why a call was refused. A refusal changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A result does not fit Q16.16.
    Range,
    /// No room: nodes, edges, triangles, or the factor at settling.
    Full,
    /// A node or edge that is not there was named.
    Missing,
    /// An edge from a node to itself, or a triangle that repeats a node.
    Degenerate,
    /// A slice is not as long as the complex has edges or nodes.
    Length,
    /// The topology is so long and thin that the guard bits cannot resolve it.
    IllConditioned,
}

/// An edge as its node ids, `low < high`; positive flow goes from `low` to `high`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub struct Edge {
    /// The smaller node id.
    pub low: u16,
    /// The larger node id.
    pub high: u16,
}

/// A triangle `a < b < c` as its three edges. Curl is `f_ab + f_bc - f_ac`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub struct Triangle {
    ab: u16,
    ac: u16,
    /// The edge index in 15 bits, and above it whether the triangle was added by name.
    bc: u16,
}

const NAMED: u16 = 0x8000;

impl Triangle {
    /// Indices of the edges `ab`, `ac`, `bc`.
    #[must_use]
    pub fn edges(self) -> [u16; 3] {
        [self.ab, self.ac, self.bc & !NAMED]
    }

    fn named(self) -> bool {
        self.bc & NAMED != 0
    }
}

/// What the derived arrays hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
enum Resident {
    /// Nothing: all derived arrays are zero.
    Nothing = 0,
    /// The factor of the split complex, for projection.
    Projection = 1,
    /// The factor of the graph of nodes with capacity, for balancing.
    Balance = 2,
}

/// Counts that locate everything else.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Head {
    nodes: u16,
    edges: u16,
    triangles: u16,
    /// 1: only named triangles count.
    named_only: u16,
    /// A [`Resident`].
    resident: u16,
    /// Connected components of the whole graph.
    components: u16,
    /// Fills the word.
    spare: [u16; 2],
    derived: Derived,
}

/// Lengths of the derived arrays in the pool.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Derived {
    /// Length of the map from labels (split classes or nodes) to vertices.
    labels: u16,
    blocks: u16,
    vertices: u16,
    /// Vertices of the largest block.
    widest: u16,
    /// Off-diagonal entries of the factor.
    entries: u32,
    /// Coefficients of all cocycle bases.
    basis: u32,
    /// Entries of all Gram factors.
    gram: u32,
    /// Basis cocycles of all blocks.
    harmonics: u32,
}

/// One independent part of the complex: a connected component of the split graph, or of the graph
/// of nodes with capacity. Its vertices and its members are consecutive; its root is its last
/// vertex.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Block {
    first_vertex: u16,
    end_vertex: u16,
    first_member: u16,
    end_member: u16,
    /// Generators left by the peel, and the rank of the cocycles they carry.
    generators: u16,
    harmonics: u16,
    /// Where this block's share of the bases, Gram factors and coefficients begins.
    first_basis: u32,
    first_gram: u32,
    first_harmonic: u32,
    /// Bound of the infinity norm of the inverse Laplacian.
    norm: u32,
    /// 1 while a projection solves this block.
    dirty: u32,
}

/// The vertices an edge joins, `NONE` for an edge in no block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
struct Ends {
    tail: u16,
    head: u16,
}

/// No vertex, no node, no edge.
const NONE: u16 = 0xffff;

layout! {
    /// Everything a complex keeps.
    struct Store<'a>(shape: Shape) {
        /// Node ids, ascending.
        ids: [u16; usize::from(shape.nodes)],
        /// Edges, ascending.
        edges: [Edge; usize::from(shape.edges)],
        /// Triangles, ascending, as [`Triangle`] seen through [`triangles`]: six bytes do not tile
        /// words.
        triangles: [u16; usize::from(shape.triangles).times(3)],
        /// Vertices of each edge.
        ends: [Ends; usize::from(shape.edges)],
        /// Edges by block, ascending within a block.
        members: [u16; usize::from(shape.edges)],
        /// Cocycle generator of each edge, with its sign; see `cocycle`.
        generator: [u16; usize::from(shape.edges)],
        /// Bits of the nodes without capacity in a resident balance, else zero.
        closed: [u16; usize::from(shape.nodes).plus(15) >> 4],
        /// Row indices of the factor, by column.
        rows: [u16; shape.entries()],
        pool: [u64; shape.pool()],
    }
}

layout! {
    /// The front of the pool: what is known before the factor. Earlier arrays are filled first and
    /// keep their place while later lengths are still zero.
    struct Frame<'a>(length: Derived) {
        /// From label to vertex.
        map: [u16; usize::from(length.labels)],
        blocks: [Block; usize::from(length.blocks)],
        /// Cocycle bases: generators by harmonics, per block.
        basis: [i16; length.basis as usize],
        /// Where the column of each vertex begins in the rows; one more than vertices.
        column: [u32; usize::from(length.vertices).plus(usize::from(length.vertices != 0))],
    }
}

layout! {
    /// The rest of the pool: the factor in numbers, and the work arrays.
    struct Work<'a>(length: Derived) {
        /// Exponents of the reciprocal pivots.
        exponent: [i16; usize::from(length.vertices)],
        /// Mantissas of the reciprocal pivots.
        mantissa: [u32; usize::from(length.vertices)],
        /// Multipliers of the factor, Q30.
        values: [i32; length.entries as usize],
        /// Potentials, in units of 2^-16 ulp; integers once rounded.
        x: [i64; usize::from(length.vertices)],
        /// Residual and correction of one block.
        y: [i64; usize::from(length.widest)],
        /// Fraction below the unit of `x`, of one block.
        d: [i32; usize::from(length.widest)],
    }
}

layout! {
    /// The end of the pool: what the cocycles need.
    struct Harmonic<'a>(length: Derived) {
        /// Factors of the Gram matrices, Q40.
        gram: [i64; length.gram as usize],
        /// Coefficients of the cocycles.
        c: [i64; length.harmonics as usize],
        /// Corrections of the coefficients of one block.
        dc: [i64; length.harmonics as usize],
    }
}

fn triangles(raw: &[u16]) -> &[Triangle] {
    bytemuck::try_cast_slice(raw).unwrap_or(&[])
}

fn triangles_mut(raw: &mut [u16]) -> &mut [Triangle] {
    bytemuck::try_cast_slice_mut(raw).unwrap_or(&mut [])
}

/// A simplicial complex of dimension two in lent storage.
#[derive(Debug)]
pub struct Complex<'a> {
    head: &'a mut Head,
    store: Store<'a>,
}

impl<'a> Complex<'a> {
    /// Words of storage for `shape`; `None` if it has too many edges or the number does not fit.
    ///
    /// `bytes <= 240 + nodes * (35 + 6 * fill) + 12 * edges + 6 * triangles`.
    #[must_use]
    pub fn words(shape: Shape) -> Option<usize> {
        if shape.edges > EDGES_MAX {
            return None;
        }
        Store::words(shape)?.checked_add(words::<Head>(1)?)
    }

    /// The complex that `arena` already holds; `None` if the arena is too short.
    #[must_use]
    pub fn carve(arena: &mut Arena<'a>, shape: Shape) -> Option<Self> {
        Self::words(shape)?;
        let (head, _) = arena.take::<Head>(1)?.split_first_mut()?;
        Some(Self {
            head,
            store: Store::carve(arena, shape)?,
        })
    }

    /// An empty complex in `arena`.
    #[must_use]
    pub fn init(arena: &mut Arena<'a>, shape: Shape) -> Option<Self> {
        let mut complex = Self::carve(arena, shape)?;
        complex.reset();
        Some(complex)
    }

    /// Forgets all nodes, edges and triangles, and fills cliques again.
    pub fn reset(&mut self) {
        *self.head = Head::zeroed();
        self.store.ids.fill(0);
        self.store.edges.fill(Edge::zeroed());
        self.store.triangles.fill(0);
        self.store.closed.fill(0);
        self.clear_derived();
    }

    /// Drops everything derived from the topology, if there is any.
    fn forget(&mut self) {
        if self.head.resident != Resident::Nothing as u16 {
            self.clear_derived();
            self.store.closed.fill(0);
        }
    }

    fn clear_derived(&mut self) {
        self.store.ends.fill(Ends::zeroed());
        self.store.members.fill(0);
        self.store.generator.fill(0);
        self.store.rows.fill(0);
        self.store.pool.fill(0);
        self.head.resident = Resident::Nothing as u16;
        self.head.components = 0;
        self.head.derived = Derived::zeroed();
    }

    fn flow_fits(&self, flow: &[i32]) -> Result<(), Error> {
        let fits = flow.len() == usize::from(self.head.edges);
        fits.then_some(()).ok_or(Error::Length)
    }
}

impl Block {
    fn vertices(&self) -> u16 {
        self.end_vertex.minus(self.first_vertex)
    }

    fn members(&self) -> u16 {
        self.end_member.minus(self.first_member)
    }

    /// Whether the block is one triangle: no smaller block has a triangle at all.
    fn is_triangle(&self) -> bool {
        self.members() == 3
    }
}

/// One block taken apart: its solver, its basis, and its share of the harmonic arrays.
struct Parts<'a> {
    solver: solve::Solver<'a>,
    basis: cocycle::Basis<'a>,
    codes: &'a [u16],
    gram: &'a mut [i64],
    c: &'a mut [i64],
    dc: &'a mut [i64],
}

/// The derived arrays once they are filled.
struct Settled<'a> {
    frame: Frame<'a>,
    work: Work<'a>,
    harmonic: Harmonic<'a>,
    ids: &'a [u16],
    edges: &'a [Edge],
    triangles: &'a [Triangle],
    members: &'a [u16],
    ends: &'a [Ends],
    codes: &'a [u16],
    rows: &'a [u16],
}

impl<'a> Settled<'a> {
    fn of(store: &'a mut Store<'_>, length: Derived) -> Result<Self, Error> {
        let (frame, mut arena) = blocks::frame(store.pool, length)?;
        let work = Work::carve(&mut arena, length).ok_or(Error::Full)?;
        let harmonic = Harmonic::carve(&mut arena, length).ok_or(Error::Full)?;
        let Store {
            ids,
            edges,
            triangles: raw,
            members,
            ends,
            generator,
            rows,
            ..
        } = store;
        let (triangles, codes) = (triangles(raw), generator);
        Ok(Self {
            frame,
            work,
            harmonic,
            ids,
            edges,
            triangles,
            members,
            ends,
            codes,
            rows,
        })
    }

    fn block(&self, index: usize) -> Block {
        self.frame.blocks.get(index).copied().unwrap_or_default()
    }

    fn parts(&mut self, block: Block) -> Parts<'_> {
        let Self {
            frame,
            work,
            harmonic,
            members,
            ends,
            rows,
            ..
        } = self;
        let wide = usize::from(block.harmonics);
        let gram = block.first_gram as usize;
        let gram = gram..gram.plus(wide.times(wide));
        let c = block.first_harmonic as usize;
        Parts {
            solver: solve::solver(&block, members, ends, rows, frame.column, work),
            basis: cocycle::Basis::of(&block, frame.basis),
            codes: self.codes,
            gram: harmonic.gram.get_mut(gram).unwrap_or(&mut []),
            c: harmonic.c.get_mut(c..c.plus(wide)).unwrap_or(&mut []),
            dc: harmonic.dc.get_mut(..wide).unwrap_or(&mut []),
        }
    }

    /// Work arrays are zero between calls.
    fn clear(&mut self) {
        self.work.x.fill(0);
        self.work.y.fill(0);
        self.work.d.fill(0);
        self.harmonic.c.fill(0);
        self.harmonic.dc.fill(0);
        for block in self.frame.blocks.iter_mut() {
            block.dirty = 0;
        }
    }
}
