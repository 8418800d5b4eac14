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
use super::neighbour::{Accepted, flag};
use super::seal::Envelope;
use super::{Node, Port, Timer, assembly};
use crate::bytes::{Reader, Writer};
use crate::record::wire::{Bad, is_author};
use crate::record::{self, Class, Key, Kind, Merge, Offer, Record, Refused, SIGNED_HEAD, Slot};
use crate::time::since;

impl Node<'_> {
    /// Takes the frame that lies in the first `len` bytes of the input buffer.
    #[inline(never)]
    pub(super) fn receive(&mut self, len: usize, rssi: i8, port: &mut impl Port) {
        let stats = &mut self.state.stats;
        stats.frames_received = stats.frames_received.saturating_add(1);
        stats.bytes_received = stats.bytes_received.saturating_add(len as u64);
        let (frame, buffer) = (
            core::mem::take(&mut self.frame_in),
            core::mem::take(&mut self.frame_out),
        );
        let taken = match frame.get(..len) {
            Some(_) => self.open((frame, len), rssi, buffer, port),
            None => Err(Refusal::Short),
        };
        (self.frame_in, self.frame_out) = (frame, buffer);
        if let Err(reason) = taken {
            self.state.stats.refuse(reason);
        }
    }

    fn open(
        &mut self,
        (whole, len): (&mut [u8], usize),
        rssi: i8,
        buffer: &mut [u8],
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        let frame = whole.get(..len).unwrap_or_default();
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
        let [likely, guess] = sessions;
        let mut envelope = Envelope {
            mesh_id: self.state.config.mesh_id,
            author: header.author,
            session: !likely,
            sequence: header.sequence,
        };
        let mut opened = None;
        for session in [likely, guess] {
            let again = session == likely && envelope.session == likely;
            if opened.is_none() && !again {
                envelope.session = session;
                let keys = &self.state.keys;
                opened = keys.open(header.key_slot, &envelope, (frame, clear), buffer);
            }
        }
        let len = opened.ok_or(Refusal::Unauthentic)?;
        let index = self.know(&header, envelope.session, rssi)?;
        // What is sealed was opened elsewhere: its place is free for messages that are signed.
        self.hear(
            index,
            header.kind,
            (buffer.get(..len).unwrap_or_default(), whole),
            port,
        )
    }

    /// The sessions under which a frame may have been sealed, likeliest first. A beacon says its
    /// own; for other frames it is the neighbour's last one, or follows from the boot of a held
    /// record.
    fn sessions(&mut self, header: &Header, reader: &mut Reader) -> Result<[u64; 2], Refusal> {
        let low = u64::from(header.session_low);
        if header.kind == FrameKind::Beacon {
            let high = reader.array::<SESSION_HIGH>().map_err(|_| Refusal::Short)?;
            let [a, b, c, d, e, f] = high;
            let said = u64::from_le_bytes([0, 0, a, b, c, d, e, f]) | low;
            return Ok([said, said]);
        }
        let known = self.neighbours.get(header.author);
        let known = known.and_then(|n| n.session(header.session_low));
        let held = Key {
            author: header.author,
            kind: Kind::Load,
            slot: 0,
        };
        let boot = self
            .store
            .lookup(held)
            .map_or(0, |record| record.version.boot);
        let base = (u64::from(boot) & !0xffff) | low;
        let guess = if base < u64::from(boot) {
            base.wrapping_add(1 << 16)
        } else {
            base
        };
        Ok([known.unwrap_or(guess), guess])
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
        match neighbour.accept(session, header.sequence) {
            Accepted::Seen => return Err(Refusal::Replayed),
            Accepted::Restarted => {
                neighbour.forget_beacons();
                assembly::forget(self.assemblies, header.author);
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
        (body, scratch): (&[u8], &mut [u8]),
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
            FrameKind::Records => self.hear_records(index, (body, scratch), port),
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
        let agrees = beacon.digest == self.store.digest() && beacon.count == self.store.len();
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

    #[inline(never)]
    fn hear_summary(&mut self, index: usize, summary: &Summary) {
        if summary.to != self.state.config.id {
            return;
        }
        self.link_up(index);
        let mask = summary.differs(&self.store.buckets());
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
    #[inline(never)]
    fn hear_list(&mut self, index: usize, list: &List) {
        if list.to != self.state.config.id {
            return;
        }
        self.link_up(index);
        let sums = self.store.buckets();
        let unequal = Summary {
            to: 0,
            sums: list.sums,
        }
        .differs(&sums)
            & list.mask;
        let (mut lacking, mut wanting) = (0_u16, 0_u16);
        for place in 0..self.store.slots().len() {
            let Some(slot) = self.store.slots().get(place).copied() else {
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
                .and_then(|kind| self.store.find(Key { author, kind, slot }));
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
        (body, scratch): (&[u8], &mut [u8]),
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
                .filter(|_| header.part == record::Part::WHOLE)
                .ok_or(Refusal::Malformed)?;
            let signed = record
                .signature
                .and_then(|_| record.signed_message(self.state.config.mesh_id, scratch));
            let message = scratch.get(..signed.unwrap_or(0)).unwrap_or_default();
            let taken = self.hear_record(index, &record, message, port);
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
        let sender = self.neighbours.table.get(index).map_or(0, |n| n.id);
        let patience = (self.state.clock.now(), self.state.config.trickle_min_ms);
        let (place, whole) =
            assembly::accept(self.assemblies, sender, &header, patience).ok_or(Refusal::Part)?;
        let room = assembly::room(self.state.config.store());
        let parts = core::mem::take(&mut self.parts);
        let taken = match parts.get_mut(place.wrapping_mul(room)..) {
            Some(bytes) => {
                self.assemble(&header, bytes, (range, reader.rest()), whole, index, port)
            }
            None => Err(Refusal::Part),
        };
        self.parts = parts;
        taken
    }

    fn assemble(
        &mut self,
        header: &record::Header,
        bytes: &mut [u8],
        (range, part): (core::ops::Range<usize>, &[u8]),
        whole: bool,
        index: usize,
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        let (head, rest) = bytes
            .split_at_mut_checked(SIGNED_HEAD)
            .ok_or(Refusal::Part)?;
        let value = rest.get_mut(..header.total()).ok_or(Refusal::Part)?;
        let place = value.get_mut(range).unwrap_or_default();
        place
            .iter_mut()
            .zip(part)
            .for_each(|(to, from)| *to = *from);
        if !whole {
            return Ok(());
        }
        if let Some(neighbour) = self.neighbours.table.get(index) {
            assembly::forget(self.assemblies, neighbour.id);
        }
        let record = header.record(value).ok_or(Refusal::Malformed)?;
        let mut writer = Writer::new(head);
        record
            .write_signed_head(self.state.config.mesh_id, &mut writer)
            .map_err(|_| Refusal::Part)?;
        let end = SIGNED_HEAD.wrapping_add(record.payload.len());
        let value = bytes.get(SIGNED_HEAD..).unwrap_or_default();
        let value = value.get(..header.total()).ok_or(Refusal::Part)?;
        let record = header.record(value).ok_or(Refusal::Malformed)?;
        self.hear_record(index, &record, bytes.get(..end).unwrap_or_default(), port)
    }

    /// Merges one record.
    fn hear_record(
        &mut self,
        index: usize,
        record: &Record,
        message: &[u8],
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        self.check_signature(record, message, port)?;
        if record.key.author == self.state.config.id {
            self.hear_own(record);
            return Ok(());
        }
        let seconds = self.seconds();
        let merged = self.store.merge(&Offer {
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
        if let Some(slot) = self.store.slots_mut().get_mut(place) {
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
    fn check_signature(
        &mut self,
        record: &Record,
        message: &[u8],
        port: &mut impl Port,
    ) -> Result<(), Refusal> {
        let Some(signature) = record.signature else {
            return if record.key.kind.class() == Class::Member {
                Ok(())
            } else {
                Err(Refusal::Signature)
            };
        };
        let mesh_id = self.state.config.mesh_id;
        let store = &self.store;
        let held = store
            .find(record.key)
            .and_then(|index| store.slots().get(index));
        if held.map(Slot::hash) == Some(record.hash(mesh_id)) {
            return Ok(());
        }
        match port.verify(record.key.author, message, signature) {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::Signature),
            None => Err(Refusal::Unverified),
        }
    }
}
