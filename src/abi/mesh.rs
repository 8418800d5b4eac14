//! The handle `weir_mesh`: a node, its port, its inbox.

use core::ffi::c_void;

use super::border::{self, Gate, Handle};
use super::complex::weir_complex;
use super::config::{CONFIG_FIRST, DEFAULT, core_config, weir_mesh_config};
use super::inbox::{self, Ring};
use super::port::{Host, weir_mesh_port};
use super::*;
use crate::bytes::Short;
use crate::carve::Arena;
use crate::mesh::assembly::{ASSEMBLIES, Assembly};
use crate::mesh::ledger::LedgerHead;
use crate::mesh::neighbour::Neighbour;
use crate::mesh::{Bound, Config, Node, NotNow, Parts, Restore};
use crate::record::rows::LOAD_BYTES;
use crate::record::{Kind, SIGNED_HEAD, StoreHead};

/// One node of a mesh: what it knows, says and hears.
///
/// It lies in storage the caller lends. One thread at a time; different handles are independent;
/// only weir_mesh_receive_isr may be called from an interrupt, at any moment. Callbacks run inside
/// the calls that name them, on the caller's thread; a callback that calls the same handle again
/// gets WEIR_ERR_BUSY, weir_mesh_receive_isr apart.
pub struct weir_mesh;

/// No deadline: nothing will happen until something is heard or set.
pub const WEIR_NEVER: u64 = u64::MAX;

/// Memory for the head of a mesh.
pub const WEIR_MESH_FIXED_BYTES: usize = 1280;
/// Memory per node, without its links.
pub const WEIR_MESH_NODE_BYTES: usize = 86;
/// Memory per node and link.
pub const WEIR_MESH_LINK_BYTES: usize = 11;
/// Memory per neighbour.
pub const WEIR_MESH_NEIGHBOUR_BYTES: usize = 72;
/// Memory per signed record, without its payload.
pub const WEIR_MESH_SIGNED_BYTES: usize = 96;

/// due.flags: more work is waiting, poll again at once.
pub const WEIR_DUE_MORE: u32 = 1;
/// due.flags: own records changed since the last weir_mesh_snapshot.
pub const WEIR_DUE_SNAPSHOT: u32 = 2;
/// due.flags: the node still learns what it published before; nothing of its own is published.
pub const WEIR_DUE_LEARNING: u32 = 4;

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

/// What lies behind a `weir_mesh`.
#[derive(Debug)]
#[repr(C)]
pub struct Head {
    gate: Gate,
    pub(super) complex: *mut weir_complex,
    port: weir_mesh_port,
    ctx: *mut c_void,
    keyed: u32,
    inbox_words: u32,
    /// Words of the node, which begin with its configuration.
    node_words: u32,
    ring: Ring,
    pub(super) bound: Bound,
}

/// The head, the scalars, both places for parts but for their links, and 7 bytes for each array.
const FIXED: usize = size_of::<Head>()
    + size_of::<crate::mesh::State>()
    + size_of::<StoreHead>()
    + size_of::<LedgerHead>()
    + ASSEMBLIES * (size_of::<Assembly>() + SIGNED_HEAD + LOAD_BYTES)
    + 13 * 7;
const _: () = assert!(FIXED <= WEIR_MESH_FIXED_BYTES && FIXED + 64 > WEIR_MESH_FIXED_BYTES);
const _: () = assert!(size_of::<Neighbour>() == WEIR_MESH_NEIGHBOUR_BYTES);
const PORT_FIRST: usize = size_of::<weir_mesh_port>();

impl Handle for weir_mesh {
    const MAGIC: u32 = 0x7765_6d01;
    type Head = Head;
}

fn storage_words(config: &Config, inbox_words: usize) -> Option<usize> {
    Parts::words(config)?
        .checked_add(inbox_words)?
        .checked_add(border::head_words::<weir_mesh>())
}

/// A node in a call: its views and its host.
pub(super) struct Guest<'a> {
    pub(super) node: Node<'a>,
    pub(super) port: Host<'a>,
    pub(super) head: *mut Head,
}

/// Carves the node and its host from behind a head.
///
/// # Safety
/// `head` came from [`border::enter`] or [`border::take_storage`] and is written.
unsafe fn carve<'a>(head: *mut Head) -> Option<Guest<'a>> {
    // SAFETY: as promised. The ring is shared with an interrupt and only lent as a shared reference
    // to atomics; its frames are only reached by raw pointers; the arena and `bound` by nobody
    // else.
    unsafe {
        let (inbox_words, words) = ((*head).inbox_words as usize, (*head).node_words as usize);
        let frames = head.cast::<u64>().add(border::head_words::<weir_mesh>());
        let node = frames.add(inbox_words);
        let config = node.cast::<Config>().read();
        let arena = core::slice::from_raw_parts_mut(node, words);
        let parts = Parts::carve(&mut Arena::new(arena), &config)?;
        let node = Node::new(parts, &mut (*head).bound)?;
        let ring = &(*head).ring;
        let port = Host {
            port: (*head).port,
            ctx: (*head).ctx,
            ring,
            frames: frames.cast(),
        };
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

/// weir_mesh_config_default writes WEIR_MESH_CONFIG_DEFAULT to `out`, for callers that cannot use
/// the macro. NULL is ignored.
///
/// # Safety
/// `out` is NULL or points to a config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn weir_mesh_config_default(out: *mut weir_mesh_config) {
    // SAFETY: as promised; NULL is refused by `put` and nothing is written.
    let _ = unsafe { border::put(out, DEFAULT) };
}

/// weir_mesh_storage_size returns how many bytes a node of this config needs, 0 if the config is
/// not valid. `port` and `ctx` do not matter.
///
/// # Safety
/// `config` is NULL or points to a config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn weir_mesh_storage_size(config: *const weir_mesh_config) -> usize {
    // SAFETY: as promised.
    let Ok(given) = (unsafe { border::config(config, CONFIG_FIRST) }) else {
        return 0;
    };
    // A size may be asked before an id was given.
    let known = weir_mesh_config {
        id: if given.id == 0 { 1 } else { given.id },
        ..given
    };
    let Ok(config) = core_config(&known) else {
        return 0;
    };
    let inbox = inbox::words(known.inbox_frames, known.frame_max);
    storage_words(&config, inbox)
        .and_then(|words| words.checked_mul(8))
        .unwrap_or(0)
}

/// weir_mesh_init makes a node in `storage` and gives its handle. It is silent until it has a key.
/// The storage belongs to the node until deinit and need not be cleared before. Context: thread.
///
/// WEIR_ERR_NULL: a pointer, port, transmit or entropy; WEIR_ERR_ABI: config or port not of this
/// epoch or size; WEIR_ERR_RANGE: a field is outside its range; WEIR_ERR_STORAGE: too short or not
/// aligned to 8.
///
/// # Safety
/// `storage` is NULL or `storage_len` bytes lent until deinit; the other pointers are NULL or
/// valid.
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
            let node = head.cast::<u64>();
            let node = node.add(border::head_words::<weir_mesh>() + inbox_words);
            node.cast::<Config>().write(config);
            (*head).node_words = Parts::words(&config).unwrap_or(0) as u32;
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

/// weir_mesh_reset forgets records, neighbours and keys and keeps the config; the node starts again
/// as after init. Raise the boot number instead if it has ever sent a frame. Context: thread.
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
            let mut config = *guest.node.config();
            if boot <= config.boot && (boot, config.boot) != (0, 0) {
                return Err(WEIR_ERR_RANGE);
            }
            config.boot = boot;
            (*guest.head).keyed = 0;
            guest.node.reset(&config);
            Ok(())
        })
    }
}

/// weir_mesh_deinit detaches the complex and gives the storage back to the caller, all zero: keys
/// are gone. The interrupt that calls weir_mesh_receive_isr must be off. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_deinit(mesh: *mut weir_mesh) -> weir_status {
    let mut total = 0;
    // SAFETY: as promised by the caller; the gate closes after the call left the handle.
    unsafe {
        let status = border::enter(mesh, |head| {
            total = border::head_words::<weir_mesh>()
                .wrapping_add((*head).inbox_words as usize)
                .wrapping_add((*head).node_words as usize);
            super::complex::release((*head).complex);
            WEIR_OK
        });
        if status == WEIR_OK {
            border::close_gate(mesh, total);
        }
        status
    }
}

/// weir_mesh_set_key puts a mesh key into one of four slots, of which two may hold one at a time,
/// and says how long a tag is under it: 8 or 16 bytes, equal on all nodes. The first key seals what
/// this node sends. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: slot, tag length, or a third live
/// key.
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

/// weir_mesh_set_sending_key chooses the key that seals what this node sends. To change the key of
/// a running mesh: set the new one on all nodes, then choose it on all, then remove the old one.
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
    unsafe {
        with(mesh, |g| {
            g.node
                .keys_mut()
                .send_with(slot)
                .then_some(())
                .ok_or(WEIR_ERR_RANGE)
        })
    }
}

/// weir_mesh_remove_key wipes a key that is not the sending one. Frames under it are refused from
/// now on and raise WEIR_EVENT_KEY_EXPIRED. Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: no key there, or it is the sending
/// one.
///
/// # Safety
/// `mesh` is NULL or a handle from init.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn weir_mesh_remove_key(mesh: *mut weir_mesh, slot: u8) -> weir_status {
    // SAFETY: as promised by the caller.
    unsafe {
        with(mesh, |g| {
            g.node
                .keys_mut()
                .remove(slot)
                .then_some(())
                .ok_or(WEIR_ERR_RANGE)
        })
    }
}

/// weir_mesh_receive_isr copies a received frame into the inbox, to be looked at by the next poll.
/// Wait-free, constant time but for the copy. Context: ISR or thread, one at a time; allowed inside
/// callbacks.
///
/// WEIR_ERR_NULL; WEIR_ERR_STATE: not initialised; WEIR_ERR_RANGE: empty or longer than frame_max,
/// counted; WEIR_ERR_FULL: inbox full, the frame is dropped and counted.
///
/// # Safety
/// `mesh` is NULL or a handle from init that is not being initialised or given back; `frame` is
/// NULL or `len` bytes.
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

/// weir_mesh_poll does what is due: hears the frames in the inbox, learns, publishes, speaks; a
/// bounded amount of work. Call it after frames came in, after other calls that changed something,
/// and at `due->next_ms`. Time going backwards counts as no time passed. `due` may be NULL.
/// Context: thread; calls transmit, entropy and verify.
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
            let next = guest
                .node
                .poll(now_ms, &mut guest.port)
                .map_err(|_| WEIR_ERR_ENTROPY)?;
            if !due.is_null() {
                let mut flags = 0;
                flags |= if next.more { WEIR_DUE_MORE } else { 0 };
                flags |= if next.snapshot { WEIR_DUE_SNAPSHOT } else { 0 };
                flags |= if next.learning { WEIR_DUE_LEARNING } else { 0 };
                let (next_ms, listen_until_ms) = (next.next_ms, WEIR_NEVER);
                border::write_out(
                    due,
                    &weir_mesh_due {
                        size: 0,
                        flags,
                        next_ms,
                        listen_until_ms,
                    },
                );
            }
            Ok(())
        })
    }
}

/// weir_mesh_resume declares that it is now `now_ms`, whatever was said before, and that no time
/// passed: for clocks that start again after deep sleep. Context: thread.
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

/// weir_mesh_block drops all frames from node `id` and ignores its link, or stops doing so: a hook
/// for tests and for walls. Context: thread.
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
    unsafe {
        with(mesh, |g| {
            g.node
                .block(id, blocked != 0)
                .then_some(())
                .ok_or(WEIR_ERR_FULL)
        })
    }
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

/// weir_mesh_snapshot writes this node's own records to `out`, to be kept over a restart: at most 1
/// KB without notes. Write it to flash or retention memory when due.flags has WEIR_DUE_SNAPSHOT.
/// Context: thread.
///
/// WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_RANGE: `cap` is too small.
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

/// weir_mesh_record publishes a record of an application kind in one of this node's 256 slots,
/// signed by the port. Context: thread; calls sign.
///
/// WEIR_PENDING: still learning; WEIR_ERR_NULL, WEIR_ERR_BUSY; WEIR_ERR_STATE: not initialised, or
/// the port did not sign; WEIR_ERR_RANGE: not an application kind, or longer than signed_bytes;
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
            guest
                .node
                .record(kind, slot, payload, &mut guest.port)
                .map_err(code)
        })
    }
}
