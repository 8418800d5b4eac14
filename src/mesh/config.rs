//! How a node is made, and the ranges that keep every later sum in bounds.

use bytemuck::{Pod, Zeroable};

use super::frame::{FRAME_MIN, Parameters};
use crate::record;

/// How a node is made. Copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Config {
    /// The mesh.
    pub mesh_id: u64,
    /// Boot number, raised before each start; 0 = none is kept, a random session is drawn.
    pub boot: u32,
    /// Smallest Trickle interval.
    pub trickle_min_ms: u32,
    /// Longest time without a beacon.
    pub heartbeat_max_ms: u32,
    /// Shortest time between two changes of this node's ends of edges.
    pub link_hold_ms: u32,
    /// How long to look for this node's own last rows after a start.
    pub learn_ms: u32,
    /// A queue is told again when it changed by more than this many units; 0: every change is told.
    pub gate: u32,
    /// This node.
    pub id: u16,
    /// Mesh parameter: most nodes.
    pub max_nodes: u16,
    /// Mesh parameter: most links of a node.
    pub max_degree: u16,
    /// Mesh parameter: room of the factor, entries per node.
    pub fill: u16,
    /// Places for neighbours.
    pub max_neighbours: u16,
    /// Largest frame of the radio.
    pub frame_max: u16,
    /// Places for signed records.
    pub signed_records: u16,
    /// Longest payload of a signed record.
    pub signed_bytes: u16,
    /// Doublings of the Trickle interval.
    pub trickle_doublings: u8,
    /// Redundancy constant of Trickle; 0 = never be silent.
    pub trickle_k: u8,
    /// Padding, zero.
    pub unused: [u8; 6],
}

impl Config {
    /// Largest mesh that replicates everything everywhere.
    pub const NODES_MAX: u16 = 128;
    /// Most links of a node: a LINKS row must fit a record.
    pub const DEGREE_MAX: u16 = 46;
    /// Largest frame.
    pub const FRAME_MAX: u16 = 1024;

    /// The first field that is out of its range.
    #[must_use]
    pub fn broken(&self) -> Option<&'static str> {
        let spans = [self.trickle_min_ms, self.heartbeat_max_ms, self.learn_ms];
        let checks = [
            (self.id != 0 && self.id != u16::MAX, "id"),
            ((2..=Self::NODES_MAX).contains(&self.max_nodes), "max_nodes"),
            (
                (1..=Self::DEGREE_MAX).contains(&self.max_degree),
                "max_degree",
            ),
            ((1..=self.max_nodes).contains(&self.fill), "fill"),
            (
                self.max_neighbours >= self.max_degree && self.max_neighbours <= 1024,
                "max_neighbours",
            ),
            (
                (FRAME_MIN as u16..=Self::FRAME_MAX).contains(&self.frame_max),
                "frame_max",
            ),
            (self.signed_records <= 1024, "signed_records"),
            (
                usize::from(self.signed_bytes) <= record::PAYLOAD_MAX,
                "signed_bytes",
            ),
            (spans.iter().all(|&ms| (4..=1 << 28).contains(&ms)), "times"),
            (self.link_hold_ms <= 1 << 28, "link_hold_ms"),
            (self.trickle_doublings <= 24, "trickle_doublings"),
        ];
        checks
            .iter()
            .find(|(holds, _)| !holds)
            .map(|&(_, name)| name)
    }

    /// What the store of such a node holds.
    #[must_use]
    pub const fn store(&self) -> record::Shape {
        record::Shape {
            authors: self.max_nodes,
            degree: self.max_degree,
            signed: self.signed_records,
            signed_bytes: self.signed_bytes,
        }
    }

    /// The numbers that must be equal on all nodes.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        Parameters {
            max_nodes: self.max_nodes,
            max_degree: self.max_degree,
            fill: self.fill,
        }
    }
}
