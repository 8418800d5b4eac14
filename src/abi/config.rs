//! How a `weir_mesh` is made.

use core::ffi::c_void;

use super::port::weir_mesh_port;
use super::*;
use crate::mesh::Config;

/// How a node is made. Copied. Start from WEIR_MESH_CONFIG_DEFAULT; set id, boot, port and ctx.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_config {
    /// Set by the default, never by hand.
    pub abi: *const u8,
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Number of starts of this node, raised and stored by the firmware before init. 0: none is
    /// kept, a random session is drawn; see docs/security.md for what that costs.
    pub boot: u32,
    /// The mesh. Nodes of different meshes ignore each other.
    pub mesh_id: u64,
    /// This node, 1..=65534, unique in the mesh by provisioning.
    pub id: u16,
    /// Mesh parameter, equal on all nodes: most nodes, 2..=128.
    pub max_nodes: u16,
    /// Mesh parameter, equal on all nodes: most links of a node, 1..=46.
    pub max_degree: u16,
    /// Mesh parameter, equal on all nodes: room of the factor, entries per node, 1..=max_nodes.
    pub fill: u16,
    /// Places for neighbours, max_degree..=1024; more are refused while all are in use.
    pub max_neighbours: u16,
    /// Frames that may wait between two polls, 1..=1024.
    pub inbox_frames: u16,
    /// Largest frame the radio carries, 80..=1024 bytes.
    pub frame_max: u16,
    /// Places for signed records of all authors, 0..=1024.
    pub signed_records: u16,
    /// Longest payload of a signed record, 0..=512 bytes; equal on all nodes.
    pub signed_bytes: u16,
    /// Zero.
    pub reserved: u16,
    /// A queue is told again when it changed by more than this many units; 0: every change is told.
    pub gate: u32,
    /// Smallest interval of beacons after a change, 4..=2^28 ms.
    pub trickle_min_ms: u32,
    /// Longest time without a beacon, 4..=2^28 ms. A link is down after six times this in silence.
    pub heartbeat_max_ms: u32,
    /// Shortest time between two changes of this node's ends of links, 0..=2^28 ms.
    pub link_hold_ms: u32,
    /// How long a start looks for this node's own last records, 4..=2^28 ms.
    pub learn_ms: u32,
    /// Doublings of the interval of beacons while nothing changes, 0..=24.
    pub trickle_doublings: u8,
    /// Beacons that make an own one superfluous; 0: always speak.
    pub trickle_k: u8,
    /// Zero.
    pub reserved2: u16,
    /// What the host provides. Copied at init.
    pub port: *const weir_mesh_port,
    /// Handed to every callback. Borrowed until deinit.
    pub ctx: *mut c_void,
}

pub(super) const CONFIG_FIRST: usize = size_of::<weir_mesh_config>();

pub(super) const DEFAULT: weir_mesh_config = weir_mesh_config {
    abi: &raw const weir_abi_epoch_1,
    size: size_of::<weir_mesh_config>() as u32,
    boot: 0,
    mesh_id: 0x7765_6972,
    id: 0,
    max_nodes: 16,
    max_degree: 6,
    fill: 6,
    max_neighbours: 12,
    inbox_frames: 8,
    frame_max: 250,
    signed_records: 0,
    signed_bytes: 0,
    reserved: 0,
    gate: 0,
    trickle_min_ms: 1000,
    heartbeat_max_ms: 3_600_000,
    link_hold_ms: 30_000,
    learn_ms: 5000,
    trickle_doublings: 12,
    trickle_k: 2,
    reserved2: 0,
    port: core::ptr::null(),
    ctx: core::ptr::null_mut(),
};

/// The configuration of the node, if every field is in its range.
pub(super) fn core_config(from: &weir_mesh_config) -> Result<Config, weir_status> {
    let config = Config {
        mesh_id: from.mesh_id,
        boot: from.boot,
        trickle_min_ms: from.trickle_min_ms,
        heartbeat_max_ms: from.heartbeat_max_ms,
        link_hold_ms: from.link_hold_ms,
        learn_ms: from.learn_ms,
        gate: from.gate,
        id: from.id,
        max_nodes: from.max_nodes,
        max_degree: from.max_degree,
        fill: from.fill,
        max_neighbours: from.max_neighbours,
        frame_max: from.frame_max,
        signed_records: from.signed_records,
        signed_bytes: from.signed_bytes,
        trickle_doublings: from.trickle_doublings,
        trickle_k: from.trickle_k,
        unused: [0; 6],
    };
    let inbox = (1..=1024).contains(&from.inbox_frames);
    if config.broken().is_none() && inbox {
        Ok(config)
    } else {
        Err(WEIR_ERR_RANGE)
    }
}
