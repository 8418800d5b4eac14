//! What a node hears. Every frame ends in one of two ways: it is taken, or one counter names why
//! not.
//!
//! Nothing is believed before the seal is open and the frame is new, and then only what a member
//! may say: see `docs/security.md`.

use super::event::{Code, Event, Refusal};
use super::frame::{
    ANSWER, BadHeader, Beacon, FrameKind, Header, List, SESSION_HIGH, Summary, hint,
};
use super::gossip::entry;
use super::neighbour::{Accepted, Neighbour, flag};
use super::seal::Envelope;
use super::{Node, Port, Timer};
use crate::bytes::Reader;
use crate::record::wire::{Bad, is_author};
use crate::record::{
    self, Class, Key, Kind, Merge, Offer, Record, Refused, SIGNED_MESSAGE_MAX, Slot, Store, Version,
};
use crate::time::since;

impl Node<'_> {
    /// Takes the frame that lies in the first `len` bytes of the input buffer.
    pub(super) fn receive(&mut self, len: usize, rssi: i8, port: &mut impl Port) {
        let stats = &mut self.state.stats;
        stats.frames_received = stats.frames_received.saturating_add(1);
        stats.bytes_received = stats.bytes_received.saturating_add(len as u64);
        let (frame, buffer) = (
            core::mem::take(&mut self.frame_in),
            core::mem::take(&mut self.frame_out),
        );
        let taken = match frame.get(..len) {
            Some(bytes) => self.open(bytes, rssi, buffer, port),
            None => Err(Refusal::Short),
        };
        (self.frame_in, self.frame_out) = (frame, buffer);
        if let Err(reason) = taken {
            self.state.stats.refuse(reason);
        }
    }

    fn open(
        &mut self,
        frame: &[u8],
        rssi: i8,
        buffer: &mut [u8],
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        let mut reader = Reader::new(frame);
        let header = Header::decode(&mut reader).map_err(|bad| match bad {
            BadHeader::Short => Refusal::Short,
            BadHeader::Version => Refusal::Version,
            BadHeader::Kind => Refusal::Kind,
        })?;
        if header.hint != hint(self.state.config.mesh_id) {
            return Err(Refusal::Mesh);
        }
        if header.author == self.state.config.id {
            return Err(Refusal::Echo);
        }
        if self.state.keys.tag_len(header.key_slot).is_none() {
            if self.state.keys.was_retired(header.key_slot) {
                self.report(Code::KeyExpired, header.author, i32::from(header.key_slot));
            }
            return Err(Refusal::Key);
        }
        let sessions = self.sessions(&header, &mut reader)?;
        let clear = frame.len().wrapping_sub(reader.rest().len());
        let opened = sessions.into_iter().flatten().find_map(|session| {
            let (author, sequence) = (header.author, header.sequence);
            let envelope = Envelope {
                mesh_id: self.state.config.mesh_id,
                author,
                session,
                sequence,
            };
            let body = self
                .state
                .keys
                .open(header.key_slot, &envelope, (frame, clear), buffer)?;
            Some((session, body.len()))
        });
        let (session, len) = opened.ok_or(Refusal::Unauthentic)?;
        let index = self.know(&header, session, rssi)?;
        self.hear(
            index,
            header.kind,
            buffer.get(..len).unwrap_or_default(),
            port,
        )
    }

    /// The sessions under which a frame may have been sealed, likeliest first. A beacon says its
    /// own; for other frames it is the neighbour's last one, or follows from the boot of a held
    /// record.
    fn sessions(
        &mut self,
        header: &Header,
        reader: &mut Reader,
    ) -> Result<[Option<u64>; 2], Refusal> {
        let low = u64::from(header.session_low);
        if header.kind == FrameKind::Beacon {
            let high = reader.array::<SESSION_HIGH>().map_err(|_| Refusal::Short)?;
            let [a, b, c, d, e, f] = high;
            return Ok([
                Some(u64::from_le_bytes([0, 0, a, b, c, d, e, f]) | low),
                None,
            ]);
        }
        let known = self.neighbours.get(header.author);
        let known = known.and_then(|n| n.session(header.session_low));
        let held = Key {
            author: header.author,
            kind: Kind::Load,
            slot: 0,
        };
        let boot = self
            .store_mut()
            .lookup(held)
            .map_or(0, |record| record.version.boot);
        let base = (u64::from(boot) & !0xffff) | low;
        let guess = if base < u64::from(boot) {
            base.wrapping_add(1 << 16)
        } else {
            base
        };
        Ok([known, Some(guess).filter(|&guess| known != Some(guess))])
    }

    /// Finds or makes the sender's place and refuses what was seen before.
    fn know(&mut self, header: &Header, session: u64, rssi: i8) -> Result<usize, Refusal> {
        if !is_author(header.author) {
            return Err(Refusal::Malformed);
        }
        let now = self.state.clock.now();
        let index = match self.neighbours.find(header.author) {
            Some(index) => index,
            None => {
                if self
                    .bound
                    .departed
                    .has_seen(header.author, session, header.sequence)
                {
                    return Err(Refusal::Replayed);
                }
                let Some(index) = self.admit(header.author, now) else {
                    self.report(Code::Full, header.author, 0);
                    return Err(Refusal::Neighbours);
                };
                index
            }
        };
        let neighbour = self
            .neighbours
            .table
            .get_mut(index)
            .ok_or(Refusal::Neighbours)?;
        if neighbour.is(flag::BLOCKED) {
            return Err(Refusal::Blocked);
        }
        match neighbour.accept(session, header.sequence, now) {
            Accepted::Seen => return Err(Refusal::Replayed),
            Accepted::Restarted => {
                neighbour.forget_beacons();
                neighbour.parts_count = 0;
            }
            Accepted::Fresh => {}
        }
        neighbour.heard_at = now;
        neighbour.rssi = rssi;
        if neighbour.is(flag::FOREIGN) && header.kind != FrameKind::Beacon {
            return Err(Refusal::Parameters);
        }
        Ok(index)
    }

    fn hear(
        &mut self,
        index: usize,
        kind: FrameKind,
        body: &[u8],
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        match kind {
            FrameKind::Beacon => {
                let beacon = Beacon::decode(body).map_err(|_| Refusal::Malformed)?;
                self.hear_beacon(index, &beacon)
            }
            FrameKind::Summary => {
                let summary = Summary::decode(body).map_err(|_| Refusal::Malformed)?;
                self.hear_summary(index, &summary);
                Ok(())
            }
            FrameKind::List => {
                let list = List::decode(body).map_err(|_| Refusal::Malformed)?;
                self.hear_list(index, &list);
                Ok(())
            }
            FrameKind::Records => self.hear_records(index, body, port),
            FrameKind::Part => self.hear_part(index, body, port),
            FrameKind::Goodbye if body.is_empty() => {
                self.link_down(index);
                Ok(())
            }
            FrameKind::Goodbye => Err(Refusal::Malformed),
        }
    }

    fn hear_beacon(&mut self, index: usize, beacon: &Beacon) -> Result<(), Refusal> {
        let config = self.state.config;
        let foreign = beacon.parameters != config.parameters().hash(config.mesh_id);
        let neighbour = self
            .neighbours
            .table
            .get_mut(index)
            .ok_or(Refusal::Neighbours)?;
        let id = neighbour.id;
        if foreign {
            let news = !neighbour.is(flag::FOREIGN);
            neighbour.set(flag::FOREIGN, true);
            self.link_down(index);
            if news {
                self.report(Code::Parameters, id, 0);
            }
            return Err(Refusal::Parameters);
        }
        neighbour.set(flag::FOREIGN, false);
        neighbour.digest = beacon.digest;
        let steady = neighbour.beacon(beacon.ordinal);
        let agreed_before = neighbour.is(flag::AGREED);
        let agrees =
            beacon.digest == self.state.store_digest() && beacon.count == self.store_mut().len();
        let Some(neighbour) = self.neighbours.table.get_mut(index) else {
            return Ok(());
        };
        neighbour.set(flag::AGREED, agrees);
        if steady {
            self.link_up(index);
        }
        if agrees {
            self.state.trickle.hear();
            self.state.agreed_once = 1;
            if !agreed_before {
                self.report(Code::Agreed, id, 0);
            }
        } else {
            if agreed_before {
                self.report(Code::Differed, id, 0);
            }
            self.reset_trickle();
            self.ask(index);
        }
        Ok(())
    }

    /// Asks a neighbour what it holds, at most once per smallest interval.
    fn ask(&mut self, index: usize) {
        let now = self.state.clock.now();
        let span = self.state.config.trickle_min_ms;
        let Some(neighbour) = self.neighbours.table.get_mut(index) else {
            return;
        };
        let recently =
            neighbour.asked_at != 0 && since(now, neighbour.asked_at).cast_unsigned() < span;
        if !recently && !neighbour.is(flag::ASK) {
            neighbour.set(flag::ASK, true);
            let wait = self.jitter(span >> 2);
            self.set_timer_sooner(Timer::Flush, wait);
        }
    }

    fn hear_summary(&mut self, index: usize, summary: &Summary) {
        if summary.to != self.state.config.id {
            return;
        }
        self.link_up(index);
        let mask = summary.differs(&self.store_mut().buckets());
        self.list_to(index, mask, false);
    }

    /// Lists some groups to a neighbour soon.
    fn list_to(&mut self, index: usize, mask: u16, answer: bool) {
        let Some(neighbour) = self.neighbours.table.get_mut(index) else {
            return;
        };
        if mask != 0 {
            neighbour.list_mask |= mask;
            neighbour.set(flag::ANSWER, answer);
            neighbour.set(flag::ASK, false);
            let wait = self.jitter(self.state.config.trickle_min_ms >> 4);
            self.set_timer_sooner(Timer::Flush, wait);
        }
    }

    /// Sends what the sender lacks and asks for what it has newer.
    fn hear_list(&mut self, index: usize, list: &List) {
        if list.to != self.state.config.id {
            return;
        }
        self.link_up(index);
        let sums = self.store_mut().buckets();
        let unequal = Summary {
            to: 0,
            sums: list.sums,
        }
        .differs(&sums)
            & list.mask;
        let (mut lacking, mut wanting) = (0_u16, 0_u16);
        for place in 0..self.store_mut().slots().len() {
            let Some(slot) = self.store_mut().slots().get(place).copied() else {
                break;
            };
            let Some(own) = entry(&slot, unequal) else {
                continue;
            };
            let theirs = list.iter().find(|theirs| theirs.place == own.place);
            let ahead = theirs.map_or(1, |theirs| own.counter.wrapping_sub(theirs.counter) as i16);
            let bit = 1 << (own.place.0 & 15);
            if ahead > 0 {
                lacking |= bit;
                self.heat(place);
            } else if ahead < 0 {
                wanting |= bit;
            }
        }
        for theirs in list.iter() {
            let bit = 1 << (theirs.place.0 & 15);
            let (author, kind, slot) = theirs.place;
            let held = Kind::from_number(kind)
                .and_then(|kind| self.store_mut().find(Key { author, kind, slot }));
            if unequal & bit != 0 && held.is_none() && Kind::from_number(kind).is_some() {
                wanting |= bit;
            }
        }
        // Equal lists of unequal groups: equal counters hide different records. Show them all.
        self.heat_groups(unequal & !(lacking | wanting));
        if list.flags & ANSWER == 0 {
            let hidden = unequal & !lacking;
            self.list_to(index, wanting | hidden, true);
        }
    }

    fn hear_records(
        &mut self,
        index: usize,
        body: &[u8],
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        let mut reader = Reader::new(body);
        let mut worst = Ok(());
        while !reader.is_empty() {
            let header = match record::Header::decode(&mut reader) {
                Ok(header) => header,
                Err(Bad::Unknown(len)) => {
                    reader.slice(len).map_err(|_| Refusal::Malformed)?;
                    worst = Err(Refusal::Kind);
                    continue;
                }
                Err(Bad::Malformed) => return Err(Refusal::Malformed),
            };
            let value = reader
                .slice(header.total())
                .map_err(|_| Refusal::Malformed)?;
            let record = header
                .record(value)
                .filter(|_| header.part == record::Part::WHOLE);
            let taken = self.hear_record(index, &record.ok_or(Refusal::Malformed)?, port);
            worst = worst.and(taken);
        }
        worst
    }

    /// Puts a part where it belongs; the last missing one completes the record.
    fn hear_part(
        &mut self,
        index: usize,
        body: &[u8],
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        let mut reader = Reader::new(body);
        let header = record::Header::decode(&mut reader).map_err(|bad| match bad {
            Bad::Unknown(_) => Refusal::Kind,
            Bad::Malformed => Refusal::Malformed,
        })?;
        let size = self.state.config.store().value_max();
        let range = header
            .part
            .range(header.total())
            .ok_or(Refusal::Malformed)?;
        if range.len() != reader.rest().len() || header.part.count < 2 {
            return Err(Refusal::Malformed);
        }
        if header.total() > size {
            return Err(Refusal::Payload);
        }
        let neighbour = self
            .neighbours
            .table
            .get_mut(index)
            .ok_or(Refusal::Neighbours)?;
        let begun = assembles(neighbour, &header);
        if !begun && neighbour.parts_count != 0 && header.part.index != 0 {
            // A stray part does not throw away a record that is nearly whole.
            let missing =
                u32::from(neighbour.parts_count).saturating_sub(neighbour.parts_have.count_ones());
            if missing < u32::from(header.part.count) {
                return Err(Refusal::Part);
            }
        }
        if !begun {
            begin_assembly(neighbour, &header);
        }
        neighbour.parts_have |= 1 << header.part.index;
        let whole = neighbour.parts_have.count_ones() == u32::from(header.part.count);
        let start = index.wrapping_mul(size);
        let parts = core::mem::take(&mut self.parts);
        let taken = self.assemble(
            &header,
            parts.get_mut(start..),
            (range, reader.rest()),
            whole,
            index,
            port,
        );
        self.parts = parts;
        taken
    }

    fn assemble(
        &mut self,
        header: &record::Header,
        place: Option<&mut [u8]>,
        (range, bytes): (core::ops::Range<usize>, &[u8]),
        whole: bool,
        index: usize,
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        let value = place
            .and_then(|place| place.get_mut(..header.total()))
            .ok_or(Refusal::Part)?;
        let part = value
            .get_mut(range)
            .filter(|part| part.len() == bytes.len());
        part.ok_or(Refusal::Part)?.copy_from_slice(bytes);
        if !whole {
            return Ok(());
        }
        if let Some(neighbour) = self.neighbours.table.get_mut(index) {
            neighbour.parts_count = 0;
        }
        self.hear_record(
            index,
            &header.record(value).ok_or(Refusal::Malformed)?,
            port,
        )
    }

    /// Merges one record.
    fn hear_record(
        &mut self,
        index: usize,
        record: &Record,
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        self.check_signature(record, port)?;
        if record.key.author == self.state.config.id {
            self.hear_own(record);
            return Ok(());
        }
        let seconds = self.seconds();
        let merged = self.store_mut().merge(&Offer {
            record: *record,
            seconds,
        });
        match merged {
            Err(reason) => Err(self.refuse_record(record, reason)),
            Ok(Merge::Same(place)) => {
                self.suppress(place);
                Ok(())
            }
            Ok(Merge::Older(place)) => {
                self.heat(place);
                Ok(())
            }
            Ok(Merge::Newer(place)) => {
                self.merged(record, place);
                Ok(())
            }
            Ok(Merge::Equivocation(place)) => {
                let peer = record.key.author;
                let (kind, slot) = (record.key.kind as u8, record.key.slot);
                self.event(Event {
                    code: Code::Equivocation,
                    peer,
                    kind,
                    slot,
                    value: index as i32,
                });
                self.merged(record, place);
                Ok(())
            }
        }
    }

    /// A record is new here: pass it on, and look at edges if it is about links.
    fn merged(&mut self, record: &Record, place: usize) {
        self.state.stats.records_merged = self.state.stats.records_merged.saturating_add(1);
        if record.key.kind == Kind::Links {
            self.state.rows_changed = 1;
        }
        self.heat(place);
        self.reset_trickle();
    }

    /// Somebody else said it: if enough did, this node need not.
    fn suppress(&mut self, place: usize) {
        let k = self.state.config.trickle_k;
        if let Some(slot) = self.store_mut().slots_mut().get_mut(place) {
            slot.heard = slot.heard.saturating_add(1);
            if k != 0 && slot.heard >= k {
                slot.hot = 0;
            }
        }
    }

    fn refuse_record(&mut self, record: &Record, reason: Refused) -> Refusal {
        match reason {
            Refused::Full => {
                let Key {
                    author: peer,
                    kind,
                    slot,
                } = record.key;
                self.event(Event {
                    code: Code::Full,
                    peer,
                    kind: kind as u8,
                    slot,
                    value: 0,
                });
                Refusal::Full
            }
            Refused::Payload => Refusal::Payload,
            Refused::Leap => Refusal::Leap,
        }
    }

    /// Signed kinds need a good signature, unless exactly this record is held already.
    fn check_signature(&mut self, record: &Record, port: &mut impl Port) -> Result<(), Refusal> {
        let Some(signature) = record.signature else {
            return if record.key.kind.class() == Class::Member {
                Ok(())
            } else {
                Err(Refusal::Signature)
            };
        };
        let mesh_id = self.state.config.mesh_id;
        let store = Store::new(&mut self.state.store, self.slots, self.values);
        let held = store
            .find(record.key)
            .and_then(|index| store.slots().get(index));
        if held.map(Slot::hash) == Some(record.hash(mesh_id)) {
            return Ok(());
        }
        let mut message = [0; SIGNED_MESSAGE_MAX];
        let len = record
            .signed_message(mesh_id, &mut message)
            .ok_or(Refusal::Payload)?;
        let message = message.get(..len).unwrap_or_default();
        match port.verify(record.key.author, message, signature) {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::Signature),
            None => Err(Refusal::Unverified),
        }
    }
}

fn assembles(neighbour: &Neighbour, header: &record::Header) -> bool {
    let Key { author, kind, slot } = header.key;
    let Version { boot, counter } = header.version;
    neighbour.parts_count == header.part.count
        && (
            neighbour.part_author,
            neighbour.part_kind,
            neighbour.part_slot,
        ) == (author, kind as u8, slot)
        && (neighbour.part_boot, neighbour.part_counter) == (boot, counter)
}

fn begin_assembly(neighbour: &mut Neighbour, header: &record::Header) {
    neighbour.part_author = header.key.author;
    neighbour.part_kind = header.key.kind as u8;
    neighbour.part_slot = header.key.slot;
    neighbour.part_boot = header.version.boot;
    neighbour.part_counter = header.version.counter;
    neighbour.parts_count = header.part.count;
    neighbour.parts_have = 0;
}
