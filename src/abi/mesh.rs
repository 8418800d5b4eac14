//! The handle `weir_mesh`: a node, its port, its inbox.

use core::ffi::{c_char, c_void};

use super::border::{self, Gate, Handle};
use super::complex::weir_complex;
use super::inbox::{self, Ring};
use super::*;
use crate::bytes::Short;
use crate::carve::Arena;
use crate::mesh::event::{Code, REFUSALS, Refusal};
use crate::mesh::neighbour::flag;
use crate::mesh::{Bound, Config, Node, NotNow, Parts, Port, Restore};
use crate::record::{Kind, SIGNATURE};

/// One node of a mesh: what it knows, says and hears.
///
/// It lies in storage the caller lends. One thread at a time; different handles are independent; only
/// weir_mesh_receive_isr may be called from an interrupt, at any moment. Callbacks run inside the
/// calls that name them, on the caller's thread; a callback that calls the same handle again gets
/// WEIR_ERR_BUSY, weir_mesh_receive_isr apart.
pub struct weir_mesh;

/// No deadline: nothing will happen until something is heard or set.
pub const WEIR_NEVER: u64 = u64::MAX;

/// Memory for the head of a mesh.
pub const WEIR_MESH_FIXED_BYTES: usize = 1792;
/// Memory per node, without its links.
pub const WEIR_MESH_NODE_BYTES: usize = 86;
/// Memory per node and link.
pub const WEIR_MESH_LINK_BYTES: usize = 11;
/// Memory per neighbour, without its links.
pub const WEIR_MESH_NEIGHBOUR_BYTES: usize = 82;
/// Memory per signed record, without its payload.
pub const WEIR_MESH_SIGNED_BYTES: usize = 96;

/// due.flags: more work is waiting, poll again at once.
pub const WEIR_DUE_MORE: u32 = 1;
/// due.flags: own records changed since the last weir_mesh_snapshot.
pub const WEIR_DUE_SNAPSHOT: u32 = 2;
/// due.flags: the node still learns what it published before; nothing of its own is published.
pub const WEIR_DUE_LEARNING: u32 = 4;

/// A neighbour can be heard and used.
pub const WEIR_EVENT_LINK_UP: u16 = 1;
/// A neighbour is silent, does not acknowledge, or left.
pub const WEIR_EVENT_LINK_DOWN: u16 = 2;
/// A neighbour holds exactly this node's records.
pub const WEIR_EVENT_AGREED: u16 = 3;
/// A neighbour that agreed holds other records now.
pub const WEIR_EVENT_DIFFERED: u16 = 4;
/// The peer shipped `value` units of work, which are queued here now.
pub const WEIR_EVENT_RECEIVED: u16 = 5;
/// A member published under this node's id; this node published above it.
pub const WEIR_EVENT_FORGED: u16 = 6;
/// The peer published two values under one version.
pub const WEIR_EVENT_EQUIVOCATION: u16 = 7;
/// A table is full; something of the peer was refused.
pub const WEIR_EVENT_FULL: u16 = 8;
/// The peer used a key that was removed; or, with peer 0, this node used up its frame numbers and is
/// silent until it is started again with a higher boot number.
pub const WEIR_EVENT_KEY_EXPIRED: u16 = 9;
/// A member with other mesh parameters was heard and is refused.
pub const WEIR_EVENT_PARAMETERS: u16 = 10;
/// Learning is over: this node publishes from now on.
pub const WEIR_EVENT_LEARNED: u16 = 11;
/// A restart lost the last rows of this node; `value` units were restored from the other ends.
pub const WEIR_EVENT_ROLLBACK: u16 = 12;

/// Class of a record: any member could have written it.
pub const WEIR_CLASS_MEMBER: u8 = 0;
/// Class of a record: its author signed it.
pub const WEIR_CLASS_SIGNED: u8 = 1;
/// Kind of a record: work that arrived and is done, and the capacity of its author.
pub const WEIR_KIND_LOAD: u8 = 1;
/// Kind of a record: the links of its author and what moved over them.
pub const WEIR_KIND_LINKS: u8 = 2;
/// Kind of a record: a signed note of the application, in 256 slots.
pub const WEIR_KIND_NOTE: u8 = 16;

/// neighbour.flags: the radio link can be used.
pub const WEIR_NEIGHBOUR_LIVE: u8 = 1;
/// neighbour.flags: this node lists it.
pub const WEIR_NEIGHBOUR_LISTED: u8 = 2;
/// neighbour.flags: both list each other, work can be shipped.
pub const WEIR_NEIGHBOUR_UP: u8 = 4;
/// neighbour.flags: dropped by weir_mesh_block.
pub const WEIR_NEIGHBOUR_BLOCKED: u8 = 8;

/// Places in stats.refused; weir_refusal_name names those in use.
pub const WEIR_REFUSALS: usize = 24;
const _: () = assert!(REFUSALS <= WEIR_REFUSALS);

/// Everything a node needs from its host. Copied at init; `ctx` of the config is handed to each call
/// as it is and must stay valid until deinit.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_port {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Queue one frame for everyone in range; must not block. WEIR_ERR_BUSY: it will be offered again.
    /// Any other result counts as sent: a lost frame is no error in a mesh.
    pub transmit: Option<
        unsafe extern "C" fn(ctx: *mut c_void, frame: *const u8, len: usize) -> weir_status,
    >,
    /// Fill `out` with unpredictable bytes. Anything but WEIR_OK: the node refuses to start.
    pub entropy:
        Option<unsafe extern "C" fn(ctx: *mut c_void, out: *mut u8, len: usize) -> weir_status>,
    /// Optional: sign a message for this node. Anything but WEIR_OK: it cannot.
    pub sign: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            message: *const u8,
            len: usize,
            signature: *mut u8,
        ) -> weir_status,
    >,
    /// Optional: check the 64-byte signature of `author`. WEIR_OK: it is good; anything else: it is
    /// not. Without it, signed records are refused.
    pub verify: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            author: u16,
            message: *const u8,
            len: usize,
            signature: *const u8,
        ) -> weir_status,
    >,
}

/// How a node is made. Copied. Start from WEIR_MESH_CONFIG_DEFAULT; set id, boot, port and ctx.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_config {
    /// Set by the default, never by hand.
    pub abi: *const u8,
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Number of starts of this node, raised and stored by the firmware before init. 0: none is kept,
    /// a random session is drawn; see docs/security.md for what that costs.
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
    /// A queue is told again when it changed by more than this many units.
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

/// When to poll again. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_due {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// WEIR_DUE_MORE, WEIR_DUE_SNAPSHOT, WEIR_DUE_LEARNING.
    pub flags: u32,
    /// The latest moment of the next poll. Earlier is harmless; later delays agreement.
    pub next_ms: u64,
    /// Until when the radio must listen; WEIR_NEVER: all the time.
    pub listen_until_ms: u64,
}

/// One event. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_event {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// WEIR_EVENT_...
    pub code: u16,
    /// The node it is about, or 0.
    pub peer: u16,
    /// A number that the code explains.
    pub value: i32,
    /// Kind of the record it is about, or 0.
    pub kind: u8,
    /// Slot of that record.
    pub slot: u8,
    /// Zero.
    pub reserved: u16,
}

/// One record. Set `size` before the call. The pointers are good until the next call on the handle.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_record {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Its writer.
    pub author: u16,
    /// WEIR_KIND_...
    pub kind: u8,
    /// Which of the author's records of this kind.
    pub slot: u8,
    /// Its version: boot of the author.
    pub boot: u32,
    /// Its version: writes of the author.
    pub counter: u32,
    /// The hash that adds up to the digest.
    pub hash: u64,
    /// Its value.
    pub payload: *const u8,
    /// Its 64-byte signature, NULL if the kind is not signed.
    pub signature: *const u8,
    /// Bytes of the value.
    pub len: u16,
    /// WEIR_CLASS_...
    pub record_class: u8,
    /// Zero.
    pub reserved: u8,
}

/// One neighbour. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_neighbour {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Its id.
    pub id: u16,
    /// WEIR_NEIGHBOUR_...
    pub flags: u8,
    /// Signal strength of its last frame.
    pub rssi_dbm: i8,
    /// Digest of its last beacon.
    pub digest: u64,
    /// Milliseconds since it was heard.
    pub silent_ms: u32,
    /// Zero.
    pub reserved: u32,
}

/// What a node counted since init. Set `size` before the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct weir_mesh_stats {
    /// Size of this struct as the caller was compiled.
    pub size: u32,
    /// Frames handed to the radio.
    pub frames_sent: u32,
    /// Bytes of those.
    pub bytes_sent: u64,
    /// Bytes of frames heard.
    pub bytes_received: u64,
    /// Frames heard.
    pub frames_received: u32,
    /// Beacons among the frames sent.
    pub beacons_sent: u32,
    /// Records that were newer than those held.
    pub records_merged: u32,
    /// Versions of own records that were written.
    pub records_written: u32,
    /// Changes of own ends of links.
    pub link_changes: u32,
    /// Frames the radio was too busy for.
    pub busy: u32,
    /// Events dropped because nobody read them.
    pub events_lost: u32,
    /// Frames dropped because the inbox was full, or too long for it.
    pub inbox_dropped: u32,
    /// Clock readings that went backwards.
    pub backwards: u32,
    /// Zero.
    pub reserved: u32,
    /// Frames and records refused, by reason: weir_refusal_name(0), (1), ...
    pub refused: [u32; WEIR_REFUSALS],
}

/// What lies behind a `weir_mesh`.
#[derive(Debug)]
#[repr(C)]
pub struct Head {
    gate: Gate,
    pub(super) config: Config,
    pub(super) complex: *mut weir_complex,
    port: weir_mesh_port,
    ctx: *mut c_void,
    keyed: u32,
    inbox_words: u32,
    ring: Ring,
    bound: Bound,
}

const FIXED: usize = size_of::<Head>() + size_of::<crate::mesh::State>() + 10 * 8;
const _: () = assert!(FIXED <= WEIR_MESH_FIXED_BYTES);
const CONFIG_FIRST: usize = size_of::<weir_mesh_config>();
const PORT_FIRST: usize = size_of::<weir_mesh_port>();

const DEFAULT: weir_mesh_config = weir_mesh_config {
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

impl Handle for weir_mesh {
    const MAGIC: u32 = 0x7765_6d01;
    type Head = Head;
}

fn core_config(from: &weir_mesh_config) -> Result<Config, weir_status> {
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
    if config.broken().is_none() && inbox { Ok(config) } else { Err(WEIR_ERR_RANGE) }
}

fn storage_words(config: &Config, inbox_words: usize) -> Option<usize> {
    Parts::words(config)?.checked_add(inbox_words)?.checked_add(border::head_words::<weir_mesh>())
}

/// A node in a call: its views and its host.
pub(super) struct Guest<'a> {
    pub(super) node: Node<'a>,
    pub(super) port: Host<'a>,
    pub(super) head: *mut Head,
}

/// The host, as a node sees it.
pub(super) struct Host<'a> {
    port: weir_mesh_port,
    ctx: *mut c_void,
    ring: &'a Ring,
    frames: *const u8,
}

impl Port for Host<'_> {
    fn transmit(&mut self, frame: &[u8]) -> bool {
        let Some(transmit) = self.port.transmit else { return true };
        // SAFETY: the caller's function, called as the header says.
        unsafe { transmit(self.ctx, frame.as_ptr(), frame.len()) != WEIR_ERR_BUSY }
    }

    fn entropy(&mut self, out: &mut [u8]) -> bool {
        let Some(entropy) = self.port.entropy else { return false };
        // SAFETY: as above.
        unsafe { entropy(self.ctx, out.as_mut_ptr(), out.len()) == WEIR_OK }
    }

    fn sign(&mut self, message: &[u8], signature: &mut [u8; SIGNATURE]) -> bool {
        let Some(sign) = self.port.sign else { return false };
        // SAFETY: as above; the signature has 64 bytes.
        unsafe { sign(self.ctx, message.as_ptr(), message.len(), signature.as_mut_ptr()) == WEIR_OK }
    }

    fn verify(&mut self, author: u16, message: &[u8], signature: &[u8; SIGNATURE]) -> Option<bool> {
        let verify = self.port.verify?;
        let (from, len) = (message.as_ptr(), message.len());
        // SAFETY: as above.
        Some(unsafe { verify(self.ctx, author, from, len, signature.as_ptr()) == WEIR_OK })
    }

    fn take(&mut self, frame: &mut [u8]) -> Option<(usize, i8)> {
        // SAFETY: the ring and its memory belong together since init.
        unsafe { self.ring.pop(self.frames, frame) }
    }
}

/// Carves the node and its host from behind a head.
///
/// # Safety
/// `head` came from [`border::enter`] or [`border::take_storage`] and is written.
unsafe fn carve<'a>(head: *mut Head) -> Option<Guest<'a>> {
    // SAFETY: as promised. The ring is shared with an interrupt and only lent as a shared reference
    // to atomics; its frames are only reached by raw pointers; the arena and `bound` by nobody else.
    unsafe {
        let config = (*head).config;
        let inbox_words = (*head).inbox_words as usize;
        let frames = head.cast::<u64>().add(border::head_words::<weir_mesh>());
        let words = Parts::words(&config)?;
        let arena = core::slice::from_raw_parts_mut(frames.add(inbox_words), words);
        let parts = Parts::carve(&mut Arena::new(arena), &config)?;
        let node = Node::new(parts, &mut (*head).bound)?;
        let ring = &(*head).ring;
        let port = Host { port: (*head).port, ctx: (*head).ctx, ring, frames: frames.cast() };
        Some(Guest { node, port, head })
    }
}

/// Enters a node.
///
/// # Safety
/// As [`border::enter`].
pub(super) unsafe fn with(
    handle: *mut weir_mesh,
    body: impl FnOnce(&mut Guest) -> Result<(), weir_status>,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        border::enter(handle, |head| match carve(head) {
            Some(mut guest) => border::status(body(&mut guest)),
            None => WEIR_ERR_STATE,
        })
    }
}

pub(super) const fn code(reason: NotNow) -> weir_status {
    match reason {
        NotNow::Learning => WEIR_PENDING,
        NotNow::Down | NotNow::Unsigned => WEIR_ERR_STATE,
        NotNow::Range => WEIR_ERR_RANGE,
        NotNow::Full => WEIR_ERR_FULL,
    }
}

/// weir_mesh_config_default writes WEIR_MESH_CONFIG_DEFAULT to `out`, for callers that cannot use the
/// macro. NULL is ignored.
///
/// # Safety
/// `out` is NULL or points to a config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn weir_mesh_config_default(out: *mut weir_mesh_config) {
    // SAFETY: as promised; NULL is refused by `put` and nothing is written.
    let _ = unsafe { border::put(out, DEFAULT) };
}

/// weir_mesh_storage_size returns how many bytes a node of this config needs, 0 if the config is not
/// valid. `port` and `ctx` do not matter.
///
/// # Safety
/// `config` is NULL or points to a config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn weir_mesh_storage_size(config: *const weir_mesh_config) -> usize {
    // SAFETY: as promised.
    let Ok(given) = (unsafe { border::config(config, CONFIG_FIRST) }) else { return 0 };
    // A size may be asked before an id was given.
    let known = weir_mesh_config { id: if given.id == 0 { 1 } else { given.id }, ..given };
    let Ok(config) = core_config(&known) else { return 0 };
    let inbox = inbox::words(known.inbox_frames, known.frame_max);
    storage_words(&config, inbox).and_then(|words| words.checked_mul(8)).unwrap_or(0)
}

/// weir_mesh_init makes a node in `storage` and gives its handle. It is silent until it has a key.
/// The storage belongs to the node until deinit and need not be cleared before. Context: thread.
///
/// WEIR_ERR_NULL: a pointer, port, transmit or entropy; WEIR_ERR_ABI: config or port not of this epoch
/// or size; WEIR_ERR_RANGE: a field is outside its range; WEIR_ERR_STORAGE: too short or not aligned to 8.
///
/// # Safety
/// `storage` is NULL or `storage_len` bytes lent until deinit; the other pointers are NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_init(
    out: *mut *mut weir_mesh,
    storage: *mut c_void,
    storage_len: usize,
    config: *const weir_mesh_config,
) -> weir_status {
    if out.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller; every field of the head is written before the gate opens.
    let made = unsafe {
        border::config(config, CONFIG_FIRST).and_then(|given| {
            let port = border::table(given.port, PORT_FIRST)?;
            if port.transmit.is_none() || port.entropy.is_none() {
                return Err(WEIR_ERR_NULL);
            }
            let config = core_config(&given)?;
            let inbox_words = inbox::words(given.inbox_frames, given.frame_max);
            let words = storage_words(&config, inbox_words);
            let head = border::take_storage::<weir_mesh>(storage.cast(), storage_len, words)?;
            (*head).config = config;
            (*head).port = port;
            (*head).ctx = given.ctx;
            (*head).inbox_words = inbox_words as u32;
            (&raw mut (*head).ring).write(Ring::new(given.inbox_frames, given.frame_max));
            (&raw mut (*head).bound).write(Bound::new());
            carve(head).ok_or(WEIR_ERR_STORAGE)?.node.reset(&config);
            border::put(out, border::open_gate::<weir_mesh>(head))
        })
    };
    border::status(made)
}

/// weir_mesh_reset forgets records, neighbours and keys and keeps the config; the node starts again as
/// after init. Raise the boot number instead if it has ever sent a frame. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `boot` is not higher than before,
/// unless both are 0.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_reset(mesh: *mut weir_mesh, boot: u32) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            let mut config = (*guest.head).config;
            if boot <= config.boot && (boot, config.boot) != (0, 0) {
                return Err(WEIR_ERR_RANGE);
            }
            config.boot = boot;
            (*guest.head).config = config;
            (*guest.head).keyed = 0;
            guest.node.reset(&config);
            Ok(())
        })
    }
}

/// weir_mesh_deinit detaches the complex and gives the storage back to the caller, all zero: keys are
/// gone. The interrupt that calls weir_mesh_receive_isr must be off. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_deinit(mesh: *mut weir_mesh) -> weir_status {
    let mut total = None;
    // SAFETY: as promised by the caller; the gate closes after the call left the handle.
    unsafe {
        let status = border::enter(mesh, |head| {
            total = storage_words(&(*head).config, (*head).inbox_words as usize);
            super::flows::release((*head).complex);
            WEIR_OK
        });
        if status == WEIR_OK {
            border::close_gate(mesh, total.unwrap_or(0));
        }
        status
    }
}

/// weir_mesh_set_key puts a mesh key into one of four slots, of which two may hold one at a time, and
/// says how long a tag is under it: 8 or 16 bytes, equal on all nodes. The first key seals what this node
/// sends. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: slot, tag length, or a third live key.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `key` is NULL or 16 bytes, copied.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_set_key(
    mesh: *mut weir_mesh,
    slot: u8,
    key: *const u8,
    tag_len: u8,
) -> weir_status {
    if key.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    unsafe {
        let key = &*key.cast::<[u8; 16]>();
        with(mesh, |guest| {
            if !guest.node.keys_mut().set(slot, key, tag_len) {
                return Err(WEIR_ERR_RANGE);
            }
            (*guest.head).keyed = 1;
            Ok(())
        })
    }
}

/// weir_mesh_set_sending_key chooses the key that seals what this node sends. To change the key of a
/// running mesh: set the new one on all nodes, then choose it on all, then remove the old one.
/// Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: the slot holds no key.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_set_sending_key(mesh: *mut weir_mesh, slot: u8) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(mesh, |g| g.node.keys_mut().send_with(slot).then_some(()).ok_or(WEIR_ERR_RANGE)) }
}

/// weir_mesh_remove_key wipes a key that is not the sending one. Frames under it are refused from now
/// on and raise WEIR_EVENT_KEY_EXPIRED. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: no key there, or it is the sending one.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_remove_key(mesh: *mut weir_mesh, slot: u8) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(mesh, |g| g.node.keys_mut().remove(slot).then_some(()).ok_or(WEIR_ERR_RANGE)) }
}

/// weir_mesh_receive_isr copies a received frame into the inbox, to be looked at by the next poll.
/// Wait-free, constant time but for the copy. Context: ISR or thread, one at a time; allowed inside
/// callbacks.
///
/// WEIR_ERR_NULL; WEIR_ERR_STATE: not initialised; WEIR_ERR_RANGE: empty or longer than frame_max, counted;
/// WEIR_ERR_FULL: inbox full, the frame is dropped and counted.
///
/// # Safety
/// `mesh` is NULL or a handle from init that is not being initialised or given back; `frame` is NULL or
/// `len` bytes.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_receive_isr(
    mesh: *mut weir_mesh,
    frame: *const u8,
    len: usize,
    rssi_dbm: i8,
) -> weir_status {
    // SAFETY: as promised by the caller. Only fields that no call holds a mutable reference to are
    // read: the gate, the ring and where its frames lie.
    unsafe {
        let head = match border::check(mesh) {
            Ok(head) => head,
            Err(status) => return status,
        };
        let ring = &(*head).ring;
        if frame.is_null() {
            return WEIR_ERR_NULL;
        }
        if len == 0 || len > ring.frame_max() {
            ring.drop_one();
            return WEIR_ERR_RANGE;
        }
        let frames = head.cast::<u64>().add(border::head_words::<weir_mesh>());
        let bytes = core::slice::from_raw_parts(frame, len);
        if ring.push(frames.cast(), bytes, rssi_dbm) {
            return WEIR_OK;
        }
        ring.drop_one();
        WEIR_ERR_FULL
    }
}

/// weir_mesh_poll does what is due: hears the frames in the inbox, learns, publishes, speaks; a bounded
/// amount of work. Call it after frames came in, after other calls that changed something, and at
/// `due->next_ms`. Time going backwards counts as no time passed. `due` may be NULL. Context: thread;
/// calls transmit, entropy and verify.
///
/// WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or no key was set; WEIR_ERR_ABI:
/// `due->size` is too small; WEIR_ERR_ENTROPY: nothing was done.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `due` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_poll(
    mesh: *mut weir_mesh,
    now_ms: u64,
    due: *mut weir_mesh_due,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            if !due.is_null() {
                border::check_out(due, size_of::<weir_mesh_due>())?;
            }
            if (*guest.head).keyed == 0 {
                return Err(WEIR_ERR_STATE);
            }
            let next = guest.node.poll(now_ms, &mut guest.port).map_err(|_| WEIR_ERR_ENTROPY)?;
            if !due.is_null() {
                let mut flags = 0;
                flags |= if next.more { WEIR_DUE_MORE } else { 0 };
                flags |= if next.snapshot { WEIR_DUE_SNAPSHOT } else { 0 };
                flags |= if next.learning { WEIR_DUE_LEARNING } else { 0 };
                let (next_ms, listen_until_ms) = (next.next_ms, WEIR_NEVER);
                border::write_out(due, &weir_mesh_due { size: 0, flags, next_ms, listen_until_ms });
            }
            Ok(())
        })
    }
}

/// weir_mesh_resume declares that it is now `now_ms`, whatever was said before, and that no time passed:
/// for clocks that start again after deep sleep. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_resume(mesh: *mut weir_mesh, now_ms: u64) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            guest.node.resume(now_ms);
            Ok(())
        })
    }
}

/// weir_mesh_next_event takes the oldest event. Sixteen wait at most; what is dropped is counted in
/// stats.events_lost. Context: thread.
///
/// WEIR_END: none; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too small.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `out` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_next_event(
    mesh: *mut weir_mesh,
    out: *mut weir_mesh_event,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            border::check_out(out, size_of::<weir_mesh_event>())?;
            let event = (*guest.head).bound.events.pop().ok_or(WEIR_END)?;
            border::write_out(
                out,
                &weir_mesh_event {
                    size: 0,
                    code: event.code as u16,
                    peer: event.peer,
                    value: event.value,
                    kind: event.kind,
                    slot: event.slot,
                    reserved: 0,
                },
            );
            Ok(())
        })
    }
}

const _: () = assert!(
    Code::LinkUp as u16 == WEIR_EVENT_LINK_UP && Code::Rollback as u16 == WEIR_EVENT_ROLLBACK
);
const _: () = assert!(
    Kind::Load as u8 == WEIR_KIND_LOAD
        && Kind::Links as u8 == WEIR_KIND_LINKS
        && Kind::Note as u8 == WEIR_KIND_NOTE
);

/// weir_mesh_next_record gives the records this node holds, ascending by author, kind and slot, so that
/// another program can check the mesh. Start with `*cursor` 0. Context: thread.
///
/// WEIR_END: no more; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too small.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `cursor` and `out` are NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_next_record(
    mesh: *mut weir_mesh,
    cursor: *mut u32,
    out: *mut weir_record,
) -> weir_status {
    if cursor.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller; the pointers given away point into the storage.
    unsafe {
        with(mesh, |guest| {
            border::check_out(out, size_of::<weir_record>())?;
            let index = *cursor as usize;
            let store = guest.node.store_mut();
            let slot = store.slots().get(index).copied().ok_or(WEIR_END)?;
            let record = store.get(index).ok_or(WEIR_END)?;
            border::write_out(
                out,
                &weir_record {
                    size: 0,
                    author: record.key.author,
                    kind: record.key.kind as u8,
                    slot: record.key.slot,
                    boot: record.version.boot,
                    counter: record.version.counter,
                    hash: slot.hash(),
                    payload: record.payload.as_ptr(),
                    signature: record.signature.map_or(core::ptr::null(), |s| s.as_ptr()),
                    len: record.payload.len() as u16,
                    record_class: record.key.kind.class() as u8,
                    reserved: 0,
                },
            );
            cursor.write((*cursor).saturating_add(1));
            Ok(())
        })
    }
}

/// weir_mesh_get_neighbour gives one of the radios this node heard, counted from 0. Context: thread.
///
/// WEIR_END: no more; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too small.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `out` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_get_neighbour(
    mesh: *mut weir_mesh,
    index: usize,
    out: *mut weir_neighbour,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            border::check_out(out, size_of::<weir_neighbour>())?;
            let used = guest.node.neighbours().table.iter().filter(|n| n.is(flag::USED));
            let neighbour = used.skip(index).copied().next().ok_or(WEIR_END)?;
            let listed = guest.node.ledger_mut().link(neighbour.id).is_some();
            let bits = [
                (neighbour.is(flag::LIVE), WEIR_NEIGHBOUR_LIVE),
                (listed, WEIR_NEIGHBOUR_LISTED),
                (guest.node.edge_up(neighbour.id), WEIR_NEIGHBOUR_UP),
                (neighbour.is(flag::BLOCKED), WEIR_NEIGHBOUR_BLOCKED),
            ];
            let flags = bits.iter().fold(0, |all, &(on, bit)| if on { all | bit } else { all });
            border::write_out(
                out,
                &weir_neighbour {
                    size: 0,
                    id: neighbour.id,
                    flags,
                    rssi_dbm: neighbour.rssi,
                    digest: neighbour.digest,
                    silent_ms: guest.node.silent_ms(&neighbour),
                    reserved: 0,
                },
            );
            Ok(())
        })
    }
}

/// weir_mesh_get_stats gives what the node counted since init. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too small.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `out` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_get_stats(
    mesh: *mut weir_mesh,
    out: *mut weir_mesh_stats,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            border::check_out(out, size_of::<weir_mesh_stats>())?;
            let stats = *guest.node.stats();
            let mut refused = [0; WEIR_REFUSALS];
            for (place, &count) in refused.iter_mut().zip(&stats.refused) {
                *place = count;
            }
            border::write_out(
                out,
                &weir_mesh_stats {
                    size: 0,
                    frames_sent: stats.frames_sent,
                    bytes_sent: stats.bytes_sent,
                    bytes_received: stats.bytes_received,
                    frames_received: stats.frames_received,
                    beacons_sent: stats.beacons_sent,
                    records_merged: stats.records_merged,
                    records_written: stats.records_written,
                    link_changes: stats.link_changes,
                    busy: stats.busy,
                    events_lost: stats.events_lost,
                    inbox_dropped: guest.port.ring.dropped(),
                    backwards: guest.node.backwards(),
                    reserved: 0,
                    refused,
                },
            );
            Ok(())
        })
    }
}

/// weir_refusal_name says in half a sentence what stats.refused[index] counts: "a frame or record that
/// ...". NULL if the place is not in use. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn weir_refusal_name(index: usize) -> *const c_char {
    Refusal::ALL.get(index).map_or(core::ptr::null(), |reason| reason.words().as_ptr())
}

/// weir_mesh_block drops all frames from node `id` and ignores its link, or stops doing so: a hook for
/// tests and for walls. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_FULL: no place to remember it.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_block(
    mesh: *mut weir_mesh,
    id: u16,
    blocked: u8,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe { with(mesh, |g| g.node.block(id, blocked != 0).then_some(()).ok_or(WEIR_ERR_FULL)) }
}

/// weir_mesh_leave says goodbye at the next poll, so that neighbours take the links down at once.
/// Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_leave(mesh: *mut weir_mesh) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            guest.node.leave();
            Ok(())
        })
    }
}

/// weir_mesh_snapshot writes this node's own records to `out`, to be kept over a restart: at most 1 KB
/// without notes. Write it to flash or retention memory when due.flags has WEIR_DUE_SNAPSHOT.
/// Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `cap` is too small, `out` is undefined.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `out` is NULL or `cap` bytes; `len` is NULL or valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_snapshot(
    mesh: *mut weir_mesh,
    out: *mut u8,
    cap: usize,
    len: *mut usize,
) -> weir_status {
    if len.is_null() {
        return WEIR_ERR_NULL;
    }
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            let bytes = border::slice_mut(out, cap)?;
            let written = guest.node.snapshot(bytes).map_err(|Short| WEIR_ERR_RANGE)?;
            border::put(len, written)
        })
    }
}

/// weir_mesh_restore takes a snapshot of this node, after init and before the first poll. The node
/// still listens for learn_ms, in case neighbours hold something newer. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or polled or restored already;
/// WEIR_ERR_RANGE: not a whole snapshot of this node of this mesh.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `bytes` is NULL or `len` bytes.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_restore(
    mesh: *mut weir_mesh,
    bytes: *const u8,
    len: usize,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            let bytes = border::slice(bytes, len)?;
            guest.node.restore(bytes).map_err(|why| match why {
                Restore::Late => WEIR_ERR_STATE,
                Restore::Bad => WEIR_ERR_RANGE,
            })
        })
    }
}

/// weir_mesh_record publishes a record of an application kind in one of this node's 256 slots, signed
/// by the port. Context: thread; calls sign.
///
/// WEIR_PENDING: still learning; WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or the
/// port did not sign; WEIR_ERR_RANGE: not an application kind, or longer than signed_bytes;
/// WEIR_ERR_FULL: no place.
///
/// # Safety
/// `mesh` is NULL or a handle from init; `payload` is NULL or `len` bytes, copied.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_record(
    mesh: *mut weir_mesh,
    kind: u8,
    slot: u8,
    payload: *const u8,
    len: usize,
) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |guest| {
            let payload = border::slice(payload, len)?;
            let kind = Kind::from_number(kind).ok_or(WEIR_ERR_RANGE)?;
            guest.node.record(kind, slot, payload, &mut guest.port).map_err(code)
        })
    }
}
