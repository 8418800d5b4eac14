//! This node's own rows: learning them after a start, changing them, publishing them.
//!
//! A row that was told gets a new version when it changes; one that was not told yet is amended
//! under its version, so versions are used up no faster than frames are sent.

use super::event::Code;
use super::ledger::{Review, View};
use super::neighbour::{TRIES, flag};
use super::{Node, Port, Timer, phase};
use crate::record::rows::{Load, encode_links};
use crate::record::{
    Class, Key, Kind, Merge, Offer, Record, SIGNATURE, SIGNED_MESSAGE_MAX, Slot, Store, Version,
};
use crate::time::since;

/// Why a setting was not taken. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// This node is still learning what it published before.
    Learning,
    /// There is no edge to that node that is up.
    Down,
    /// More than is queued, or not of the kind's form.
    Range,
    /// No place in the store.
    Full,
    /// The port cannot sign.
    Unsigned,
}

/// What this node's rows say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Totals and capacity.
    pub load: Load,
    /// Units waiting here.
    pub queued: i32,
    /// Units sent from here and not yet taken.
    pub in_flight: u32,
}

impl Node<'_> {
    /// Sets the totals of work that arrived from outside and that was done here.
    ///
    /// # Errors
    /// [`NotNow::Learning`].
    pub fn set_work(&mut self, injected: i64, done: i64) -> Result<(), NotNow> {
        self.running()?;
        let load = &mut self.ledger.head.load;
        if (load.injected, load.done) != (injected, done) {
            (load.injected, load.done) = (injected, done);
            self.state.load_dirty = 1;
            self.schedule_publish();
        }
        Ok(())
    }

    /// Sets the queue: what arrived follows from it.
    ///
    /// # Errors
    /// [`NotNow::Learning`].
    pub fn set_load(&mut self, queued: i32) -> Result<(), NotNow> {
        self.running()?;
        let delta = queued.wrapping_sub(self.ledger.queued());
        let load = self.ledger.head.load;
        self.set_work(load.injected.wrapping_add(i64::from(delta)), load.done)
    }

    /// Sets the weight of this node; 0 accepts nothing.
    ///
    /// # Errors
    /// [`NotNow::Learning`].
    pub fn set_capacity(&mut self, capacity: u16) -> Result<(), NotNow> {
        self.running()?;
        if self.ledger.head.load.capacity != capacity {
            self.ledger.head.load.capacity = capacity;
            self.state.load_dirty = 2;
            self.schedule_publish();
        }
        Ok(())
    }

    /// What this node's rows say, with changes that are not published yet.
    #[must_use]
    pub fn work(&mut self) -> Work {
        let own = self.state.config.id;
        let store = &self.store;
        let ledger = &self.ledger;
        let in_flight = ledger.links().iter().fold(0_u32, |sum, link| {
            let Some(theirs) = store.link(link.neighbour, own) else {
                return sum.wrapping_add(link.sent);
            };
            let taken = if link.ahead_of(&theirs) == 0 {
                theirs.acked
            } else {
                0
            };
            sum.wrapping_add(link.sent.wrapping_sub(taken))
        });
        Work {
            load: ledger.head.load,
            queued: ledger.queued(),
            in_flight,
        }
    }

    /// Hands `units` to a neighbour over an edge that is up.
    ///
    /// # Errors
    /// [`NotNow`]; nothing changed.
    pub fn ship(&mut self, to: u16, units: u32) -> Result<(), NotNow> {
        self.running()?;
        if !self.edge_up(to) {
            return Err(NotNow::Down);
        }
        let ledger = &mut self.ledger;
        if i64::from(ledger.queued()) < i64::from(units) {
            return Err(NotNow::Range);
        }
        if let Some(link) = ledger.link_mut(to) {
            link.sent = link.sent.wrapping_add(units);
        }
        self.state.links_dirty = 1;
        self.schedule_publish();
        self.arm_retry();
        Ok(())
    }

    /// Whether each end of the edge to `neighbour` lists the other and neither is frozen.
    #[must_use]
    pub fn edge_up(&mut self, neighbour: u16) -> bool {
        let own = self.state.config.id;
        let store = &self.store;
        let theirs = store.link(neighbour, own);
        let ledger = &self.ledger;
        matches!((ledger.link(neighbour), theirs), (Some(own), Some(theirs)) if own.up(&theirs))
    }

    /// Units taken since the last call, modulo 2^32.
    pub fn take_received(&mut self) -> i32 {
        core::mem::take(&mut self.ledger.head.unread).cast_signed()
    }

    /// Publishes a record of an application kind, signed if its kind says so.
    ///
    /// # Errors
    /// [`NotNow`]; nothing changed.
    pub fn record(
        &mut self,
        kind: Kind,
        slot: u8,
        payload: &[u8],
        port: &mut impl Port,
    ) -> Result<(), NotNow> {
        self.running()?;
        if kind.class() != Class::Signed
            || payload.len() > self.state.config.store().payload_max(kind)
        {
            return Err(NotNow::Range);
        }
        let version = self.next_version();
        let key = Key {
            author: self.state.config.id,
            kind,
            slot,
        };
        let record = Record {
            key,
            version,
            payload,
            signature: None,
        };
        let mut signature = [0; SIGNATURE];
        // On the stack: a call that fails leaves the storage as it was.
        let mut message = [0; SIGNED_MESSAGE_MAX];
        let message = record
            .signed_message(self.state.config.mesh_id, &mut message)
            .and_then(|len| message.get(..len))
            .ok_or(NotNow::Range)?;
        if !port.sign(message, &mut signature) {
            return Err(NotNow::Unsigned);
        }
        let record = Record {
            signature: Some(&signature),
            ..record
        };
        let seconds = self.seconds();
        let index = self
            .store
            .put(&Offer { record, seconds })
            .map_err(|_| NotNow::Full)?;
        self.state.own = version;
        self.heat(index);
        self.reset_trickle();
        Ok(())
    }

    pub(super) fn running(&self) -> Result<(), NotNow> {
        if self.state.phase == phase::RUNNING {
            Ok(())
        } else {
            Err(NotNow::Learning)
        }
    }

    const fn next_version(&self) -> Version {
        let own = self.state.own;
        Version {
            boot: own.boot,
            counter: own.counter.wrapping_add(1),
        }
    }

    /// Whether rows changed by more than the gate, or otherwise than in the queue.
    fn urgent(&mut self) -> bool {
        let told = self.state.published_queue;
        let change = self.ledger.queued().wrapping_sub(told).unsigned_abs();
        self.state.links_dirty != 0
            || self.state.load_dirty > 1
            || (self.state.load_dirty != 0
                && (self.state.config.gate == 0 || change > self.state.config.gate))
    }

    /// Writes rows that changed by more than the gate, so that shared results see them.
    pub fn commit_urgent(&mut self) {
        if self.urgent() {
            self.commit();
        }
    }

    /// Arms the publishing of rows that changed.
    pub(super) fn schedule_publish(&mut self) {
        if self.state.phase != phase::RUNNING {
            return;
        }
        let clock = &self.state.clock;
        let passed = since(clock.now(), self.state.published_at).cast_unsigned();
        if self.urgent() {
            self.set_timer_sooner(Timer::Publish, self.spacing_ms().saturating_sub(passed));
        } else if self.state.load_dirty != 0 {
            let lazy = self.state.config.trickle_min_ms.saturating_mul(8);
            self.set_timer_sooner(Timer::Publish, lazy.saturating_sub(passed));
        }
    }

    pub(super) fn publish(&mut self) {
        if self.state.phase == phase::RUNNING
            && (self.state.load_dirty | self.state.links_dirty) != 0
        {
            self.commit();
            self.state.published_at = self.state.clock.now();
            self.reset_trickle();
        }
    }

    /// Writes own rows that changed into the store.
    pub(super) fn commit(&mut self) {
        if self.state.phase != phase::RUNNING {
            return;
        }
        if self.state.load_dirty != 0 {
            self.state.load_told = self.write_row(Kind::Load, self.state.load_told);
            self.state.load_dirty = 0;
            self.state.published_queue = self.ledger.queued();
        }
        if self.state.links_dirty != 0 {
            self.state.links_told = self.write_row(Kind::Links, self.state.links_told);
            self.state.links_dirty = 0;
            self.state.published_queue = self.ledger.queued();
        }
    }

    /// Writes one row; returns whether its version was told (never, just after writing).
    fn write_row(&mut self, kind: Kind, told: u8) -> u8 {
        let key = Key {
            author: self.state.config.id,
            kind,
            slot: 0,
        };
        let held = self.store.lookup(key).map(|record| record.version);
        let version = match held {
            Some(version) if told == 0 => version,
            _ => self.next_version(),
        };
        let (seconds, ledger) = (self.seconds(), &self.ledger);
        let written = self
            .store
            .write_own((key, version), seconds, |writer| match kind {
                Kind::Load => ledger.head.load.encode(writer),
                _ => encode_links(ledger.head.carried, ledger.links(), writer),
            });
        let Ok(index) = written else {
            return told;
        };
        self.state.own.counter = self.state.own.counter.max(version.counter);
        self.state.stats.records_written = self.state.stats.records_written.saturating_add(1);
        self.state.snapshot_due = 1;
        self.heat(index);
        0
    }

    /// Marks a record to be spoken.
    pub(super) fn heat(&mut self, index: usize) {
        if let Some(slot) = self.store.slots_mut().get_mut(index) {
            slot.hot = 1;
            slot.heard = 0;
        }
        let wait = self.state.config.trickle_min_ms >> 4;
        let wait = self.jitter(wait.max(2));
        self.set_timer_sooner(Timer::Flush, wait);
    }

    /// After frames were heard: ends learning, takes work, publishes what changed.
    #[inline(never)]
    pub(super) fn settle_rows(&mut self) {
        if self.state.phase == phase::LEARNING {
            self.try_to_run();
        }
        if self.state.phase == phase::RUNNING && self.state.rows_changed != 0 {
            self.state.rows_changed = 0;
            self.take_work();
            self.set_timer_sooner(Timer::Links, 0);
        }
        self.schedule_publish();
    }

    fn take_work(&mut self) {
        let own = self.state.config.id;
        let mut pending = false;
        for index in 0..self.ledger.links().len() {
            let Some(&link) = self.ledger.links().get(index) else {
                break;
            };
            let peer = link.neighbour;
            let Some(theirs) = self.store.link(peer, own) else {
                continue;
            };
            let units = self.ledger.take(&theirs, peer);
            if units != 0 {
                self.report(Code::Received, peer, units);
                self.state.links_dirty = 1;
            }
            let waiting = link.ahead_of(&theirs) == 0 && link.sent != theirs.acked;
            pending |= waiting;
            if let Some(index) = self.neighbours.find(peer)
                && let Some(neighbour) = self.neighbours.table.get_mut(index)
                && !waiting
            {
                neighbour.tries = 0;
            }
        }
        if pending {
            self.arm_retry();
        }
    }

    fn arm_retry(&mut self) {
        if self.state.timers.get(Timer::Retry as usize).is_none() {
            self.set_timer(
                Timer::Retry,
                self.state.config.trickle_min_ms.saturating_mul(2),
            );
        }
    }

    /// Work that was shipped and not taken: tell it again; after four times the link is down.
    pub(super) fn retry(&mut self) {
        let own = self.state.config.id;
        let mut most = None;
        for index in 0..self.ledger.links().len() {
            let Some(&link) = self.ledger.links().get(index) else {
                break;
            };
            let theirs = self.store.link(link.neighbour, own);
            let waiting = theirs.is_some_and(|t| link.ahead_of(&t) == 0 && link.sent != t.acked);
            let Some(place) = self.neighbours.find(link.neighbour) else {
                continue;
            };
            let Some(neighbour) = self.neighbours.table.get_mut(place) else {
                continue;
            };
            if !waiting || !neighbour.is(flag::LIVE) {
                continue;
            }
            neighbour.tries = neighbour.tries.saturating_add(1);
            most = most.max(Some(neighbour.tries));
            if neighbour.tries > TRIES {
                self.link_down(place);
            }
        }
        if let Some(tries) = most {
            let key = Key {
                author: own,
                kind: Kind::Links,
                slot: 0,
            };
            if let Some(index) = self.store.find(key) {
                self.heat(index);
            }
            let wait = self.state.config.trickle_min_ms.saturating_mul(2);
            self.set_timer(
                Timer::Retry,
                wait.saturating_mul(1 << tries.min(TRIES)).min(1 << 30),
            );
        }
    }

    /// Moves the own ends of edges towards what the air says.
    pub(super) fn review_ledger(&mut self) {
        let own = self.state.config.id;
        let before = self.state.links_ever;
        let store = &self.store;
        let ledger = &mut self.ledger;
        let neighbours = &self.neighbours;
        let wanted = |id| neighbours.is_live(id);
        let live = neighbours
            .table
            .iter()
            .filter(|n| n.is(flag::USED) && n.is(flag::LIVE));
        let candidates = live.filter(|n| !n.is(flag::BLOCKED)).map(|n| n.id);
        let review = ledger.review(wanted, |id| view(&store, id, own), candidates);
        let Review {
            changed,
            full,
            rolled_back,
        } = review;
        if changed {
            self.state.links_at = self.state.clock.now();
            self.state.links_ever = 1;
            self.state.links_dirty = 1;
            self.state.stats.link_changes = self.state.stats.link_changes.saturating_add(1);
            // Incarnations may have met: work can be waiting.
            self.state.rows_changed = 1;
        }
        if full && before != 0 && changed {
            self.report(Code::Full, 0, 0);
        }
        if rolled_back != 0 {
            self.report(Code::Rollback, 0, 0);
        }
        self.schedule_publish();
    }

    fn try_to_run(&mut self) {
        let own = self.state.config.id;
        let store = &self.store;
        let load = store.load(own);
        let held = load.is_some() && store.links(own).is_some();
        let (synced, waited) = (self.state.agreed_once != 0, self.state.learn_over != 0);
        if (held && synced) || (waited && (synced || self.state.restored != 0)) {
            self.run(load);
        }
    }

    /// Starts publishing, on top of the own rows that are held.
    fn run(&mut self, load: Option<Load>) {
        let own = self.state.config.id;
        let boot = self.state.own.boot;
        let store = &self.store;
        let mine = store
            .slots()
            .iter()
            .filter(|slot| slot.author() == own)
            .map(Slot::version);
        let newest = mine.fold(Version::default(), |newest, version| Version {
            boot: newest.boot.max(version.boot),
            counter: newest.counter.max(version.counter),
        });
        let next = newest.boot.saturating_add(1);
        self.state.own = Version {
            boot: boot.max(next),
            counter: newest.counter,
        };
        let ledger = &mut self.ledger;
        let mut restored = 0_u32;
        let links = store.links(own);
        let load = load.unwrap_or(Load {
            capacity: 1,
            ..Load::default()
        });
        let entries = || links.into_iter().flat_map(|links| links.iter());
        ledger.learn(load, links.map_or(0, |links| links.carried), entries());
        for link in entries() {
            let theirs = store.link(link.neighbour, own);
            let missing = theirs.map_or(0, |theirs| ledger.restore_sent(&theirs, link.neighbour));
            restored = restored.wrapping_add(missing);
        }
        self.state.phase = phase::RUNNING;
        (self.state.load_told, self.state.links_told) = (1, 1);
        (self.state.load_dirty, self.state.links_dirty) = (1, 1);
        self.state.rows_changed = 1;
        self.commit();
        self.report(Code::Learned, 0, 0);
        if restored != 0 {
            self.report(Code::Rollback, own, restored.cast_signed());
        }
        self.reset_trickle();
        self.set_timer_sooner(Timer::Links, 0);
    }

    /// A record under this node's own id was heard. While learning it is taken; later, one that
    /// this node never wrote is answered by publishing above it.
    pub(super) fn hear_own(&mut self, record: &Record) {
        let seconds = self.seconds();
        let Some(index) = self.store.find(record.key) else {
            // Its own signed record from an earlier life, or a row while learning.
            if let Ok(Merge::Newer(index)) = self.store.merge(&Offer {
                record: *record,
                seconds,
            }) {
                self.heat(index);
            }
            return;
        };
        let Some(held) = self.store.get(index).map(|held| held.version) else {
            return;
        };
        if self.state.phase != phase::RUNNING {
            // Refusals leave the held one; learning goes on with that.
            let _ = self.store.merge(&Offer {
                record: *record,
                seconds,
            });
            return;
        }
        let mesh_id = self.state.config.mesh_id;
        let same = self.store.slots().get(index).map(Slot::hash) == Some(record.hash(mesh_id));
        let leaps = self.store.leaps_own(index, record.version, seconds);
        if same || leaps || record.version < held {
            if record.version < held {
                self.heat(index);
            }
            return;
        }
        self.event(super::Event {
            code: Code::Forged,
            peer: 0,
            kind: record.key.kind as u8,
            slot: record.key.slot,
            value: 0,
        });
        let own = &mut self.state.own;
        own.boot = own.boot.max(record.version.boot);
        own.counter = own.counter.max(record.version.counter);
        match record.key.kind {
            Kind::Load => (self.state.load_dirty, self.state.load_told) = (2, 1),
            Kind::Links => (self.state.links_dirty, self.state.links_told) = (1, 1),
            Kind::Note => {}
        }
        self.schedule_publish();
    }
}

/// How this node sees the other end of an edge.
fn view(store: &Store, id: u16, own: u16) -> View {
    match store.links(id) {
        None => View::Unknown,
        Some(links) => links.get(own).map_or(View::Unlisted, View::Listed),
    }
}
