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
        let within = |value: u16, low: u16, high: u16| (low..=high).contains(&value);
        if !within(self.id, 1, u16::MAX - 1) {
            Some("id")
        } else if !within(self.max_nodes, 2, Self::NODES_MAX) {
            Some("max_nodes")
        } else if !within(self.max_degree, 1, Self::DEGREE_MAX) {
            Some("max_degree")
        } else if !within(self.fill, 1, self.max_nodes) {
            Some("fill")
        } else if !within(self.max_neighbours, self.max_degree, 1024) {
            Some("max_neighbours")
        } else if !within(self.frame_max, FRAME_MIN as u16, Self::FRAME_MAX) {
            Some("frame_max")
        } else if self.signed_records > 1024 {
            Some("signed_records")
        } else if usize::from(self.signed_bytes) > record::PAYLOAD_MAX {
            Some("signed_bytes")
        } else if !spans.iter().all(|ms| (4..=1 << 28).contains(ms)) {
            Some("times")
        } else if self.link_hold_ms > 1 << 28 {
            Some("link_hold_ms")
        } else if self.trickle_doublings > 24 {
            Some("trickle_doublings")
        } else {
            None
        }
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

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const LEAST: Config = Config {
        mesh_id: 0,
        boot: 0,
        trickle_min_ms: 4,
        heartbeat_max_ms: 4,
        link_hold_ms: 0,
        learn_ms: 4,
        gate: 0,
        id: 1,
        max_nodes: 2,
        max_degree: 1,
        fill: 1,
        max_neighbours: 1,
        frame_max: FRAME_MIN as u16,
        signed_records: 0,
        signed_bytes: 0,
        trickle_doublings: 0,
        trickle_k: 0,
        unused: [0; 6],
    };
    const MOST: Config = Config {
        trickle_min_ms: 1 << 28,
        heartbeat_max_ms: 1 << 28,
        link_hold_ms: 1 << 28,
        learn_ms: 1 << 28,
        id: 65_534,
        max_nodes: 128,
        max_degree: 46,
        fill: 128,
        max_neighbours: 1024,
        frame_max: 1024,
        signed_records: 1024,
        signed_bytes: 512,
        trickle_doublings: 24,
        ..LEAST
    };

    #[test]
    fn both_ends_of_every_range_are_inside_and_the_next_number_is_named() {
        assert_eq!((LEAST.broken(), MOST.broken()), (None, None));
        type Change = fn(&mut Config);
        let below: [(Change, &str); 10] = [
            (|c| c.id = 0, "id"),
            (|c| c.max_nodes = 1, "max_nodes"),
            (|c| c.max_degree = 0, "max_degree"),
            (|c| c.fill = 0, "fill"),
            (|c| c.fill = 3, "fill"),
            (|c| c.max_neighbours = 0, "max_neighbours"),
            (|c| c.frame_max -= 1, "frame_max"),
            (|c| c.trickle_min_ms = 3, "times"),
            (|c| c.heartbeat_max_ms = 3, "times"),
            (|c| c.learn_ms = 3, "times"),
        ];
        let above: [(Change, &str); 12] = [
            (|c| c.id = 65_535, "id"),
            (|c| c.max_nodes = 129, "max_nodes"),
            (|c| c.max_degree = 47, "max_degree"),
            (|c| c.fill = 129, "fill"),
            (|c| c.max_neighbours = 1025, "max_neighbours"),
            (|c| c.frame_max = 1025, "frame_max"),
            (|c| c.signed_records = 1025, "signed_records"),
            (|c| c.signed_bytes = 513, "signed_bytes"),
            (|c| c.trickle_min_ms += 1, "times"),
            (|c| c.learn_ms += 1, "times"),
            (|c| c.link_hold_ms += 1, "link_hold_ms"),
            (|c| c.trickle_doublings = 25, "trickle_doublings"),
        ];
        let tried = below.map(|case| (LEAST, case));
        for (mut config, (change, name)) in tried.into_iter().chain(above.map(|case| (MOST, case)))
        {
            change(&mut config);
            assert_eq!(config.broken(), Some(name));
        }
    }
}
