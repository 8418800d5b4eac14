//! What a `weir_mesh` shows: events, records, neighbours, counters.

use core::ffi::c_char;

use super::border;
use super::mesh::{weir_mesh, with};
use super::*;
use crate::mesh::event::{Code, REFUSALS, Refusal};
use crate::mesh::neighbour::flag;
use crate::record::Kind;

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
/// The peer used a key that was removed; or, with peer 0, this node used up its frame numbers and
/// is silent until it is started again with a higher boot number.
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

/// weir_mesh_next_event takes the oldest event. Sixteen wait at most; what is dropped is counted in
/// stats.events_lost. Context: thread.
///
/// WEIR_END: none; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is too
/// small.
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

/// weir_mesh_next_record gives the records this node holds, ascending by author, kind and slot, so
/// that another program can check the mesh. Start with `*cursor` 0. Context: thread.
///
/// WEIR_END: no more; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is
/// too small.
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

/// weir_mesh_get_neighbour gives one of the radios this node heard, counted from 0. Context:
/// thread.
///
/// WEIR_END: no more; WEIR_ERR_NULL, WEIR_ERR_STATE, WEIR_ERR_BUSY; WEIR_ERR_ABI: `out->size` is
/// too small.
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
            let used = guest
                .node
                .neighbours()
                .table
                .iter()
                .filter(|n| n.is(flag::USED));
            let neighbour = used.skip(index).copied().next().ok_or(WEIR_END)?;
            let listed = guest.node.ledger_mut().link(neighbour.id).is_some();
            let bits = [
                (neighbour.is(flag::LIVE), WEIR_NEIGHBOUR_LIVE),
                (listed, WEIR_NEIGHBOUR_LISTED),
                (guest.node.edge_up(neighbour.id), WEIR_NEIGHBOUR_UP),
                (neighbour.is(flag::BLOCKED), WEIR_NEIGHBOUR_BLOCKED),
            ];
            let flags = bits
                .iter()
                .fold(0, |all, &(on, bit)| if on { all | bit } else { all });
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

/// weir_refusal_name says in half a sentence what stats.refused[index] counts: "a frame or record
/// that ...". NULL if the place is not in use. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn weir_refusal_name(index: usize) -> *const c_char {
    Refusal::ALL
        .get(index)
        .map_or(core::ptr::null(), |reason| reason.words().as_ptr())
}
