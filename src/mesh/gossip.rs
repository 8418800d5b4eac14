//! What a node says: beacons under Trickle, then only as much as is needed to agree.
//!
//! A change is pushed at once to all neighbours, who pass it on unless enough others did. What that
//! misses, beacons find: on a difference a node asks for sums by groups of authors, lists the
//! groups that differ, and each side sends what the other lacks.

use super::frame::{ANSWER, BUCKETS, Beacon, Entry, FrameKind, HEADER, Header, List, SESSION_HIGH};
use super::frame::{Summary, hint};
use super::neighbour::flag;
use super::seal::Envelope;
use super::{FRAMES_OUT, Node, Port, Timer, phase};
use crate::bytes::Writer;
use crate::record::{self, Part, Parts, Slot, Store, encode_part, encode_whole};

/// A record that waits to be spoken.
const HOT: u8 = 1;
/// A record that is in the frame being made.
const PACKED: u8 = 2;

/// What became of an attempt to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// There was nothing to say.
    Nothing,
    /// A frame is on its way.
    Frame,
    /// The radio is busy, or there is no key: later.
    Later,
}

impl Node<'_> {
    /// Sends what waits, up to a bound; returns whether more waits.
    pub(super) fn flush(&mut self, port: &mut impl Port) -> bool {
        for _ in 0..FRAMES_OUT {
            match self.send_next(port) {
                Sent::Frame => {}
                Sent::Nothing => return false,
                Sent::Later => {
                    self.set_timer_sooner(Timer::Flush, 8);
                    return false;
                }
            }
        }
        true
    }

    #[inline(never)]
    fn send_next(&mut self, port: &mut impl Port) -> Sent {
        if self.state.keys.sending().is_none() || self.state.exhausted != 0 {
            return Sent::Nothing;
        }
        if self.state.goodbye != 0 {
            return self.send_goodbye(port);
        }
        if self.state.beacon_due != 0 {
            return self.send_beacon(port);
        }
        // Answers and pushes wait for the jitter that the flush timer holds.
        if self.state.timers.get(Timer::Flush as usize).is_some() {
            return Sent::Nothing;
        }
        for index in 0..self.neighbours.table.len() {
            let sent = self.send_question(index, port);
            if sent != Sent::Nothing {
                return sent;
            }
        }
        self.send_records(port)
    }

    /// Writes the header of a frame and returns where its sealed body begins.
    fn begin(&mut self, kind: FrameKind) -> Option<usize> {
        let key_slot = self.state.keys.sending()?;
        if self.state.sequence == u32::MAX {
            self.state.exhausted = 1;
            self.report(super::event::Code::KeyExpired, 0, 0);
            return None;
        }
        self.state.sequence = self.state.sequence.wrapping_add(1);
        let header = Header {
            kind,
            key_slot,
            hint: hint(self.state.config.mesh_id),
            author: self.state.config.id,
            session_low: self.state.session as u16,
            sequence: self.state.sequence,
        };
        let mut writer = Writer::new(self.frame_out);
        header.encode(&mut writer).ok()?;
        if kind == FrameKind::Beacon {
            let high = (self.state.session >> 16).to_le_bytes();
            writer.put(high.get(..SESSION_HIGH)?).ok()?;
        }
        Some(writer.len())
    }

    /// Room for a body that begins at `clear`.
    fn room(&mut self, clear: usize) -> Option<&mut [u8]> {
        let tag = self.state.keys.tag_len(self.state.keys.sending()?)?;
        let end = self.frame_out.len().checked_sub(tag)?;
        self.frame_out.get_mut(clear..end)
    }

    /// Seals and transmits the frame whose body of `len` bytes begins at `clear`.
    fn finish(&mut self, clear: usize, len: usize, port: &mut impl Port) -> Sent {
        let envelope = Envelope {
            mesh_id: self.state.config.mesh_id,
            author: self.state.config.id,
            session: self.state.session,
            sequence: self.state.sequence,
        };
        let end = clear.wrapping_add(len);
        let sealed = self.state.keys.sending().and_then(|slot| {
            self.state
                .keys
                .seal(slot, &envelope, self.frame_out, (clear, end))
        });
        let Some(frame) = sealed.and_then(|total| self.frame_out.get(..total)) else {
            return Sent::Later;
        };
        let stats = &mut self.state.stats;
        if !port.transmit(frame) {
            stats.busy = stats.busy.saturating_add(1);
            return Sent::Later;
        }
        stats.frames_sent = stats.frames_sent.saturating_add(1);
        stats.bytes_sent = stats.bytes_sent.saturating_add(frame.len() as u64);
        Sent::Frame
    }

    fn send_goodbye(&mut self, port: &mut impl Port) -> Sent {
        let Some(clear) = self.begin(FrameKind::Goodbye) else {
            return Sent::Nothing;
        };
        let sent = self.finish(clear, 0, port);
        if sent == Sent::Frame {
            self.state.goodbye = 0;
        }
        sent
    }

    fn send_beacon(&mut self, port: &mut impl Port) -> Sent {
        let config = self.state.config;
        let beacon = Beacon {
            parameters: config.parameters().hash(config.mesh_id),
            digest: self.store.digest(),
            count: self.store.len(),
            ordinal: self.state.ordinal.wrapping_add(1),
        };
        let Some(clear) = self.begin(FrameKind::Beacon) else {
            return Sent::Nothing;
        };
        let Some(room) = self.room(clear) else {
            return Sent::Nothing;
        };
        let mut writer = Writer::new(room);
        let written = beacon.encode(&mut writer).map(|()| writer.len());
        let Ok(len) = written else {
            return Sent::Nothing;
        };
        let sent = self.finish(clear, len, port);
        if sent == Sent::Frame {
            self.state.ordinal = beacon.ordinal;
            self.state.beacon_due = 0;
            self.state.stats.beacons_sent = self.state.stats.beacons_sent.saturating_add(1);
            let spread = self.state.random.below(config.heartbeat_max_ms >> 3);
            self.set_timer(
                Timer::Heartbeat,
                config.heartbeat_max_ms.wrapping_sub(spread),
            );
        }
        sent
    }

    /// Sends the list or the summary that waits for one neighbour.
    fn send_question(&mut self, index: usize, port: &mut impl Port) -> Sent {
        let Some(&neighbour) = self.neighbours.table.get(index) else {
            return Sent::Nothing;
        };
        if !neighbour.is(flag::USED) || neighbour.is(flag::BLOCKED | flag::FOREIGN) {
            return Sent::Nothing;
        }
        if neighbour.list_mask != 0 {
            return self.send_list(index, port);
        }
        if neighbour.is(flag::ASK) {
            return self.send_summary(index, port);
        }
        Sent::Nothing
    }

    fn send_summary(&mut self, index: usize, port: &mut impl Port) -> Sent {
        let now = self.state.clock.now();
        let sums = self.store.buckets();
        let Some(clear) = self.begin(FrameKind::Summary) else {
            return Sent::Nothing;
        };
        let Some(neighbour) = self.neighbours.table.get_mut(index) else {
            return Sent::Nothing;
        };
        neighbour.set(flag::ASK, false);
        neighbour.asked_at = now;
        let summary = Summary {
            to: neighbour.id,
            sums,
        };
        let Some(room) = self.room(clear) else {
            return Sent::Nothing;
        };
        let mut writer = Writer::new(room);
        let written = summary.encode(&mut writer).map(|()| writer.len());
        let Ok(len) = written else {
            return Sent::Nothing;
        };
        let sent = self.finish(clear, len, port);
        if sent == Sent::Later
            && let Some(neighbour) = self.neighbours.table.get_mut(index)
        {
            neighbour.set(flag::ASK, true);
        }
        sent
    }

    /// Lists as many groups as fit. A group too long for any frame is not listed: its records are
    /// sent.
    fn send_list(&mut self, index: usize, port: &mut impl Port) -> Sent {
        let Some(&neighbour) = self.neighbours.table.get(index) else {
            return Sent::Nothing;
        };
        let Some(clear) = self.begin(FrameKind::List) else {
            return Sent::Nothing;
        };
        let Some(size) = self.room(clear).map(|room| room.len()) else {
            return Sent::Nothing;
        };
        let store = &self.store;
        let mask = fitting(&store, neighbour.list_mask, size);
        if mask == 0 {
            let lowest = neighbour.list_mask & neighbour.list_mask.wrapping_neg();
            self.heat_groups(lowest);
            self.listed(index, lowest);
            return Sent::Nothing;
        }
        let flags = if neighbour.is(flag::ANSWER) {
            ANSWER
        } else {
            0
        };
        let end = clear.wrapping_add(size);
        let Some(room) = self.frame_out.get_mut(clear..end) else {
            return Sent::Nothing;
        };
        let mut writer = Writer::new(room);
        let written = List::encode_head((neighbour.id, flags, mask), &store.buckets(), &mut writer)
            .and_then(|()| {
                let mut listed = store.slots().iter().filter_map(|slot| entry(slot, mask));
                listed.try_for_each(|entry| entry.encode(&mut writer))
            })
            .map(|()| writer.len());
        let Ok(len) = written else {
            return Sent::Nothing;
        };
        let sent = self.finish(clear, len, port);
        if sent == Sent::Frame {
            self.listed(index, mask);
        }
        sent
    }

    fn listed(&mut self, index: usize, mask: u16) {
        if let Some(neighbour) = self.neighbours.table.get_mut(index) {
            neighbour.list_mask &= !mask;
            if neighbour.list_mask == 0 {
                neighbour.set(flag::ANSWER, false);
            }
        }
    }

    /// Marks all records of some groups to be spoken.
    pub(super) fn heat_groups(&mut self, mask: u16) {
        for index in 0..self.store.slots().len() {
            let author = self.store.slots().get(index).map_or(0, Slot::author);
            if mask & (1 << (author & 15)) != 0 {
                self.heat(index);
            }
        }
    }

    /// Packs hot records into one frame; a record too long for a frame goes in parts.
    fn send_records(&mut self, port: &mut impl Port) -> Sent {
        let Some(first) = self.store.slots().iter().position(|slot| slot.hot != 0) else {
            return Sent::Nothing;
        };
        let Some(clear) = self.begin(FrameKind::Records) else {
            return Sent::Nothing;
        };
        let Some(size) = self.room(clear).map(|room| room.len()) else {
            return Sent::Nothing;
        };
        let store = &mut self.store;
        let end = clear.wrapping_add(size);
        let Some(room) = self.frame_out.get_mut(clear..end) else {
            return Sent::Nothing;
        };
        let mut writer = Writer::new(room);
        for index in first..store.slots().len() {
            if store.slots().get(index).is_none_or(|slot| slot.hot == 0) {
                continue;
            }
            let packed = store
                .get(index)
                .map(|record| encode_whole(&record, &mut writer));
            if packed == Some(Ok(()))
                && let Some(slot) = store.slots_mut().get_mut(index)
            {
                slot.hot = PACKED;
            }
        }
        let len = writer.len();
        if len == 0 {
            return self.send_parts(first, port);
        }
        let sent = self.finish(clear, len, port);
        self.spoken(if sent == Sent::Frame { 0 } else { HOT });
        sent
    }

    /// What was packed is spoken, or hot again.
    fn spoken(&mut self, mark: u8) {
        let own = self.state.config.id;
        for index in 0..self.store.slots().len() {
            let Some(slot) = self.store.slots_mut().get_mut(index) else {
                break;
            };
            if slot.hot != PACKED {
                continue;
            }
            slot.hot = mark;
            let (author, kind) = (slot.author(), slot.key().map(|key| key.kind));
            if mark == 0 && author == own {
                self.told(kind);
            }
        }
    }

    /// The version of an own row is on the air: it may not be amended any more.
    pub(super) fn told(&mut self, kind: Option<record::Kind>) {
        match kind {
            Some(record::Kind::Load) => self.state.load_told = 1,
            Some(record::Kind::Links) => self.state.links_told = 1,
            _ => {}
        }
    }

    /// Sends all parts of one record. If the radio gets busy in between, all are sent again later.
    fn send_parts(&mut self, index: usize, port: &mut impl Port) -> Sent {
        let Some(clear) = self.begin(FrameKind::Part) else {
            return Sent::Nothing;
        };
        let Some(size) = self.room(clear).map(|room| room.len()) else {
            return Sent::Nothing;
        };
        let count = self
            .store
            .get(index)
            .and_then(|record| Parts::needed(&record, size));
        for number in 0..count.unwrap_or(0) {
            let Some(clear) = self.begin(FrameKind::Part) else {
                return Sent::Nothing;
            };
            let store = &self.store;
            let end = clear.wrapping_add(size);
            let Some(room) = self.frame_out.get_mut(clear..end) else {
                return Sent::Nothing;
            };
            let mut writer = Writer::new(room);
            let part = Part {
                index: number,
                count: count.unwrap_or(1),
            };
            let written = store
                .get(index)
                .map(|record| encode_part(&record, part, &mut writer));
            let len = writer.len();
            if written != Some(Ok(())) || self.finish(clear, len, port) != Sent::Frame {
                return Sent::Later;
            }
        }
        if let Some(slot) = self.store.slots_mut().get_mut(index) {
            slot.hot = PACKED;
        }
        self.spoken(0);
        Sent::Frame
    }

    /// Whether this node has anything to lose by being silent: used by tests of quietness.
    #[must_use]
    pub fn quiet(&mut self) -> bool {
        let hot = self.store.slots().iter().any(|slot| slot.hot != 0);
        let asks = self
            .neighbours
            .table
            .iter()
            .any(|n| n.is(flag::ASK) || n.list_mask != 0);
        self.state.phase == phase::RUNNING && !hot && !asks && self.state.beacon_due == 0
    }
}

/// The groups of `mask`, lowest first, whose entries fit into a body of `size` bytes.
fn fitting(store: &Store, mask: u16, size: usize) -> u16 {
    let mut left = size.saturating_sub(5);
    let mut fit = 0;
    for bucket in 0..BUCKETS {
        let bit = 1_u16 << bucket;
        if mask & bit == 0 {
            continue;
        }
        let entries = store
            .slots()
            .iter()
            .filter(|slot| entry(slot, bit).is_some())
            .count();
        let need = entries.saturating_mul(Entry::BYTES).saturating_add(3);
        let Some(rest) = left.checked_sub(need) else {
            break;
        };
        left = rest;
        fit |= bit;
    }
    fit
}

/// The entry of a record if its group is listed.
pub(super) fn entry(slot: &Slot, mask: u16) -> Option<Entry> {
    let key = slot.key()?;
    (mask & (1 << (key.author & 15)) != 0).then_some(Entry {
        place: (key.author, key.kind as u8, key.slot),
        counter: slot.version().counter as u16,
    })
}

const _: () = assert!(HEADER + SESSION_HIGH + 13 + 16 <= super::frame::FRAME_MIN);
