//! Which part of a flow on a network is a circulation, and which flow levels the load?
//!
//! A [`Complex`] holds nodes, edges and triangles and answers exactly, in integers:
//! [`Complex::project`] removes from a flow everything that goes round triangles,
//! [`Complex::decompose`] splits it into its gradient, its circulations and what goes round holes,
//! and [`Complex::plan`] finds the flow that levels load over capacity. All are pure functions of
//! the canonical complex (nodes by id, edges by id pair, triangles by edge triple) and their
//! arguments: neither the order of insertion nor the way an edge was written changes a bit.
//!
//! Units: flows and loads are Q16.16 in `i32`. Indices in storage are `u16` and `u32`, so storage
//! is byte for byte the same on 32- and 64-bit machines. Edges are at most 32,767, which bounds
//! every sum (math.md T11: `2^15 * 2^31 * 2^16 = 2^62`).
//!
//! Storage holds the topology and a pool of *blocks*: the independent parts of the complex, each
//! with its factor and its last potentials. Blocks are a cache. A change of topology drops those it
//! touches and keeps the others; the next call builds what is missing. An error leaves topology,
//! outputs and every later result as they were; a refused call on a settled complex changes no
//! byte. Work arrays are zero between calls. Source: math.md 2 to 4. Does not know records, frames
//! or time.

mod balance;
mod blocks;
mod cocycle;
pub mod cost;
pub mod diffusion;
mod factor;
pub mod forest;
mod harmonic;
mod hodge;
pub mod loops;
mod order;
mod pool;
mod project;
mod quick;
pub mod relax;
mod settle;
mod solve;
pub mod spectrum;
pub mod sweep;
mod topology;

use crate::carve::{Arena, words};
use crate::layout;
use crate::num::Exact;
use bytemuck::{Pod, Zeroable};

pub use balance::PlanReport;
pub use hodge::{Decomposition, Parts};
pub use project::Report;
pub use spectrum::Spectrum;

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
    /// Room of the factors: off-diagonal entries per node. 4 suits radio meshes of degree 7; where
    /// it is too little, solving takes more passes and gives the same bits.
    pub fill: u16,
}

impl Shape {
    /// Words of the pool: a base, 32 bytes per node, 6 per factor entry; at least what finding the
    /// blocks takes.
    fn pool(self) -> usize {
        let nodes = u64::from(self.nodes);
        let factor = nodes.times(u64::from(self.fill).times(6).plus(32));
        let finding = u64::from(self.edges).times(10).plus(nodes.times(4));
        let bytes = factor.max(finding).plus(POOL_BASE);
        usize::try_from(bytes >> 3).unwrap_or(usize::MAX)
    }
}

const POOL_BASE: u64 = 128;

/// Why a call was refused. A refusal changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A result does not fit Q16.16.
    Range,
    /// No room: nodes, edges, triangles, or the blocks at settling.
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

/// Which blocks the pool holds; 0 where there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
enum Resident {
    /// Those of the split complex, for projection.
    Projection = 1,
    /// The components of the graph of nodes with capacity, for balancing.
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
    /// A [`Resident`] or 0.
    resident: u16,
    /// 1: no block is missing.
    complete: u16,
    /// One more than the connected components of the whole graph; 0 while unknown.
    components: u16,
    /// Blocks in the pool.
    blocks: u16,
    /// Edges in blocks.
    members: u16,
    /// Vertices of all blocks.
    vertices: u16,
    /// Vertices of the largest block.
    widest: u16,
    /// Most cocycles of a block.
    harmonics: u16,
    /// Words at the end of the pool that blocks occupy.
    payload: u32,
    /// Fills the word.
    spare: u32,
}

/// One independent part: a connected component of the split graph, or of the graph of nodes with
/// capacity. Its edges are consecutive members. Its root is its last vertex.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
struct Block {
    first_member: u16,
    members: u16,
    /// With the root.
    vertices: u16,
    /// Most edges at a vertex.
    degree: u16,
    /// Reciprocals of pivots are kept times `2^-scale`.
    scale: u8,
    /// [`TRIANGLE`] and [`PARTIAL`].
    flags: u8,
    /// Generators left by the peel, and the rank of the cocycles they carry.
    generators: u16,
    harmonics: u16,
    /// Vertices of the blocks before it, in a balance.
    first_vertex: u16,
    /// Off-diagonal entries of the factor.
    entries: u32,
    /// Bound of the infinity norm of the inverse Laplacian; 0 until it is known.
    norm: u32,
    /// Words from the end of the pool to the begin of the payload.
    at: u32,
    /// Words of the payload.
    words: u32,
}

/// An edge of a block: its index, and its ends as vertices of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
struct Member {
    edge: u16,
    tail: u16,
    head: u16,
}

/// The block is one triangle: it is solved in closed form and has no payload.
const TRIANGLE: u8 = 1;
/// Some entries of the factor had no room, so solving takes more passes.
const PARTIAL: u8 = 2;

/// No vertex, no node, no edge.
const NONE: u16 = 0xffff;

layout! {
    /// Everything a complex keeps.
    struct Store<'a>(shape: Shape) {
        /// Node ids, ascending.
        ids: [u16; usize::from(shape.nodes)],
        /// Edges, ascending.
        edges: [Edge; usize::from(shape.edges)],
        /// Edge indices, ascending in (high, low).
        by_high: [u16; usize::from(shape.edges)],
        /// Triangles, ascending.
        triangles: [Triangle; usize::from(shape.triangles)],
        /// Edges by block, ascending within a block.
        members: [Member; usize::from(shape.edges)],
        /// Bits of the nodes without capacity in a resident balance, else zero.
        closed: [u16; usize::from(shape.nodes).plus(15) >> 4],
        pool: [u64; shape.pool()],
    }
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
    /// `bytes <= 240 + 3 * nodes + 12 * edges + 6 * triangles + max(nodes * (32 + 6 * fill),
    /// 10 * edges + 4 * nodes)`.
    #[must_use]
    pub fn words(shape: Shape) -> Option<usize> {
        if shape.edges > EDGES_MAX {
            return None;
        }
        Store::words(shape)?.checked_add(words::<Head>(1)?)
    }

    /// The complex that `arena` already holds; `None` if the arena is too short.
    #[inline(never)]
    #[must_use]
    pub fn carve(arena: &mut Arena<'a>, shape: Shape) -> Option<Self> {
        if shape.edges > EDGES_MAX {
            return None;
        }
        Some(Self {
            head: arena.take::<Head>(1)?.first_mut()?,
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
        self.reset_to(true);
    }

    /// Forgets all nodes, edges and triangles. Whether every three nodes that are pairwise joined
    /// make a triangle then, or only named triangles count.
    pub fn reset_to(&mut self, fill: bool) {
        *self.head = Head {
            named_only: u16::from(!fill),
            ..Head::zeroed()
        };
        self.store.ids.fill(0);
        self.store.edges.fill(Edge::zeroed());
        self.store.by_high.fill(0);
        self.store.triangles.fill(Triangle::zeroed());
        self.store.members.fill(Member::zeroed());
        self.clear_blocks();
    }

    fn flow_fits(&self, flow: &[i32]) -> Result<(), Error> {
        let fits = flow.len() == usize::from(self.head.edges);
        fits.then_some(()).ok_or(Error::Length)
    }
}

impl Block {
    fn is_triangle(&self) -> bool {
        self.flags & TRIANGLE != 0
    }

    fn is_partial(&self) -> bool {
        self.flags & PARTIAL != 0
    }

    /// The last vertex.
    fn root(&self) -> u16 {
        self.vertices.saturating_sub(1)
    }

    fn members(&self) -> core::ops::Range<usize> {
        let first = usize::from(self.first_member);
        first..first.plus(usize::from(self.members))
    }
}
