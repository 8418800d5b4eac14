//! The node: frames in, records agreed, frames out. It does no input or output of its own.
//!
//! Three things go in: frames (through [`Port::take`]), the caller's settings, and the time in
//! [`Node::poll`]. Three come out: frames (through [`Port::transmit`]), the time of the next call,
//! and events. Inputs store, `poll` acts; a poll does a bounded amount of work and says whether
//! more waits.
//!
//! One file per subject: [`frame`] the layout, [`seal`] keys, [`neighbour`] who is heard, `gossip`
//! what is said, `receive` what is heard, [`assembly`] records in parts, [`ledger`] the edges,
//! `own` this node's rows and learning, `snapshot` what survives a restart, [`event`] what is
//! reported.
//!
//! It does not know what the records are for: see `sync`.

pub mod assembly;
mod config;
pub mod event;
pub mod frame;
mod gossip;
pub mod ledger;
pub mod neighbour;
mod own;
mod receive;
pub mod seal;
mod snapshot;

pub use config::Config;
pub use own::{NotNow, Work};
pub use snapshot::Restore;

use bytemuck::{Pod, Zeroable};

use crate::layout;
use crate::random::Random;
use crate::record::rows::Link;
use crate::record::wire::is_author;
use crate::record::{SIGNATURE, Slot, Store, StoreHead, Version};
use crate::time::{Clock, Instant, Timers, Trickle, since};
use assembly::{ASSEMBLIES, Assembly};
use event::{Code, Event, Events, Stats};
use ledger::{Ledger, LedgerHead};
use neighbour::{Departed, Neighbour, Neighbours, RANDOM_SESSION, SILENT_HEARTBEATS, flag};
use seal::Keys;

/// What a node needs from its host.
pub trait Port {
    /// Queues a frame for everyone in range; `false` if the radio is busy.
    fn transmit(&mut self, frame: &[u8]) -> bool;
    /// Fills `out` with unpredictable bytes; `false` if there are none.
    fn entropy(&mut self, out: &mut [u8]) -> bool;
    /// Signs for this node; `false` if it cannot.
    fn sign(&mut self, message: &[u8], signature: &mut [u8; SIGNATURE]) -> bool;
    /// Checks an author's signature; `None` if it cannot.
    fn verify(&mut self, author: u16, message: &[u8], signature: &[u8; SIGNATURE]) -> Option<bool>;
    /// The oldest received frame and its signal strength, copied into `frame`.
    fn take(&mut self, frame: &mut [u8]) -> Option<(usize, i8)>;
}

/// The timers of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// When Trickle may speak.
    Speak,
    /// When the Trickle interval ends.
    Interval,
    /// When a beacon is due however many were heard.
    Heartbeat,
    /// When queued frames are to be sent.
    Flush,
    /// When own rows may be published.
    Publish,
    /// When links are to be looked at: silence, hold.
    Links,
    /// When unacknowledged work is told again.
    Retry,
    /// When learning may end without having found anything.
    Learn,
}

/// Phases of [`State::phase`].
mod phase {
    /// Before the first poll.
    pub const FRESH: u8 = 0;
    /// Looking for the own last rows; nothing of its own is published.
    pub const LEARNING: u8 = 1;
    /// Publishing.
    pub const RUNNING: u8 = 2;
}

/// Everything of a node that has a fixed size.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct State {
    config: Config,
    stats: Stats,
    random: Random,
    session: u64,
    clock: Clock,
    keys: Keys,
    timers: Timers,
    trickle: Trickle,
    own: Version,
    sequence: u32,
    published_at: Instant,
    links_at: Instant,
    published_queue: i32,
    ordinal: u8,
    phase: u8,
    restored: u8,
    learn_over: u8,
    agreed_once: u8,
    load_dirty: u8,
    links_dirty: u8,
    load_told: u8,
    links_told: u8,
    links_ever: u8,
    beacon_due: u8,
    goodbye: u8,
    rows_changed: u8,
    snapshot_due: u8,
    exhausted: u8,
    unused: u8,
}

layout! {
    /// The memory of a node.
    pub struct Parts<'a>(config: &Config) {
        state: [State; 1],
        store: [StoreHead; 1],
        ledger: [LedgerHead; 1],
        slots: [Slot; config.store().places()],
        neighbours: [Neighbour; usize::from(config.max_neighbours)],
        links: [Link; usize::from(config.max_degree)],
        values: [u8; config.store().bytes()],
        assemblies: [Assembly; ASSEMBLIES],
        parts: [u8; ASSEMBLIES.wrapping_mul(assembly::room(config.store()))],
        frame_in: [u8; usize::from(config.frame_max)],
        frame_out: [u8; usize::from(config.frame_max)],
    }
}

/// What a node keeps outside its storage: queues whose length is a design constant.
#[derive(Debug, Default)]
pub struct Bound {
    /// Events nobody has read.
    pub events: Events,
    departed: Departed,
}

impl Bound {
    /// Empty queues.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            events: Events::new(),
            departed: Departed::new(),
        }
    }
}

/// When to call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The latest moment of the next poll, in the caller's time.
    pub next_ms: u64,
    /// More work is waiting.
    pub more: bool,
    /// Own rows changed since the last snapshot.
    pub snapshot: bool,
    /// Nothing of its own is published yet.
    pub learning: bool,
}

/// The entropy callback failed; nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoEntropy;

/// A node over borrowed memory.
#[derive(Debug)]
pub struct Node<'a> {
    state: &'a mut State,
    bound: &'a mut Bound,
    store: Store<'a>,
    ledger: Ledger<'a>,
    neighbours: Neighbours<'a>,
    assemblies: &'a mut [Assembly],
    parts: &'a mut [u8],
    frame_in: &'a mut [u8],
    frame_out: &'a mut [u8],
}

/// Frames taken from the inbox in one poll.
const FRAMES_IN: usize = 32;
/// Frames sent in one poll.
const FRAMES_OUT: usize = 8;

impl<'a> Node<'a> {
    /// The node whose memory these pieces are; [`Node::reset`] makes it one.
    pub fn new(parts: Parts<'a>, bound: &'a mut Bound) -> Option<Self> {
        Some(Self {
            state: parts.state.first_mut()?,
            bound,
            store: Store::new(parts.store.first_mut()?, parts.slots, parts.values),
            ledger: Ledger::new(parts.ledger.first_mut()?, parts.links),
            neighbours: Neighbours {
                table: parts.neighbours,
            },
            assemblies: parts.assemblies,
            parts: parts.parts,
            frame_in: parts.frame_in,
            frame_out: parts.frame_out,
        })
    }

    /// Forgets everything and takes a configuration that is not [`Config::broken`]. Keys go too.
    pub fn reset(&mut self, config: &Config) {
        *self.state = Zeroable::zeroed();
        self.state.config = *config;
        self.state.trickle = Trickle::new(
            config.trickle_min_ms,
            config.trickle_doublings,
            config.trickle_k,
        );
        self.state.own.boot = config.boot.max(1);
        *self.ledger.head = Zeroable::zeroed();
        self.ledger.head.load.capacity = 1;
        self.neighbours.table.fill(Zeroable::zeroed());
        self.assemblies.fill(Zeroable::zeroed());
        self.store.reset(config.mesh_id, config.store());
        self.bound.events.clear();
        self.bound.departed.clear();
    }

    /// How it was made.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.state.config
    }

    /// What it counted.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.state.stats
    }

    /// Clock readings that went backwards.
    #[must_use]
    pub const fn backwards(&self) -> u32 {
        self.state.clock.backwards
    }

    /// The records.
    pub const fn store_mut(&mut self) -> &mut Store<'a> {
        &mut self.store
    }

    /// This node's ends of edges.
    pub const fn ledger_mut(&mut self) -> &mut Ledger<'a> {
        &mut self.ledger
    }

    /// The mesh keys.
    pub const fn keys_mut(&mut self) -> &mut Keys {
        &mut self.state.keys
    }

    /// The neighbours.
    #[must_use]
    pub const fn neighbours(&self) -> &Neighbours<'a> {
        &self.neighbours
    }

    /// Whether this node publishes nothing yet.
    #[must_use]
    pub const fn learning(&self) -> bool {
        self.state.phase != phase::RUNNING
    }

    /// Whether the last beacon of every live neighbour showed this node's digest, and there is one.
    #[must_use]
    pub fn agreed(&self) -> bool {
        let digest = self.store.digest();
        let mut live = self
            .neighbours
            .table
            .iter()
            .filter(|n| n.is(flag::USED) && n.is(flag::LIVE));
        let mut any = false;
        live.all(|n| {
            any = true;
            n.digest == digest
        }) && any
    }

    /// Milliseconds since a neighbour was heard, modulo 2^32: never in the future.
    #[must_use]
    pub fn silent_ms(&self, neighbour: &Neighbour) -> u32 {
        since(self.state.clock.now(), neighbour.heard_at).cast_unsigned()
    }

    /// Declares a new origin of time, as after deep sleep: no time passed inside.
    pub fn resume(&mut self, now_ms: u64) {
        self.state.clock.resume(now_ms);
    }

    /// Drops a neighbour's frames in both directions, or stops dropping them; `false` if there is
    /// no place to remember it.
    pub fn block(&mut self, id: u16, blocked: bool) -> bool {
        let now = self.state.clock.now();
        let index = match self.neighbours.find(id) {
            Some(index) => Some(index),
            // Nobody speaks under such an id.
            None if !blocked || !is_author(id) || id == self.state.config.id => return true,
            None => self.admit(id, now),
        };
        let Some(neighbour) = index.and_then(|index| self.neighbours.table.get_mut(index)) else {
            return false;
        };
        neighbour.set(flag::BLOCKED, blocked);
        self.set_timer_sooner(Timer::Links, 0);
        true
    }

    /// Says goodbye at the next poll.
    pub fn leave(&mut self) {
        self.state.goodbye = 1;
    }

    fn admit(&mut self, id: u16, now: Instant) -> Option<usize> {
        let ledger = &self.ledger;
        let listed = |id| ledger.link(id).is_some();
        self.neighbours
            .admit(id, now, &mut self.bound.departed, listed)
    }

    #[inline(never)]
    fn event(&mut self, event: Event) {
        if !self.bound.events.push(event) {
            self.state.stats.events_lost = self.state.stats.events_lost.saturating_add(1);
        }
    }

    #[inline(never)]
    fn report(&mut self, code: Code, peer: u16, value: i32) {
        self.event(Event {
            code,
            peer,
            kind: 0,
            slot: 0,
            value,
        });
    }

    #[inline(never)]
    fn set_timer(&mut self, timer: Timer, after_ms: u32) {
        let at = self.state.clock.now().wrapping_add(after_ms);
        self.state.timers.set(timer as usize, at);
    }

    #[inline(never)]
    fn set_timer_sooner(&mut self, timer: Timer, after_ms: u32) {
        let at = self.state.clock.now().wrapping_add(after_ms);
        self.state.timers.set_sooner(timer as usize, at);
    }

    /// A random span in the second half of `ms`.
    #[inline(never)]
    fn jitter(&mut self, ms: u32) -> u32 {
        let half = ms >> 1;
        half.wrapping_add(self.state.random.below(half.max(1)))
    }

    /// The shortest time between two writings of own rows.
    const fn spacing_ms(&self) -> u32 {
        self.state.config.trickle_min_ms >> 2
    }

    /// Seconds of 1024 ms, for the store.
    const fn seconds(&self) -> u32 {
        self.state.clock.now() >> 10
    }

    /// Does what is due at `now_ms`: hears, learns, speaks. Early calls are harmless; late calls
    /// delay agreement. Ask again after any other call that changed something.
    ///
    /// # Errors
    /// [`NoEntropy`] before the first successful poll if the port has none; nothing was done.
    pub fn poll(&mut self, now_ms: u64, port: &mut impl Port) -> Result<Due, NoEntropy> {
        if self.state.phase == phase::FRESH {
            self.start(now_ms, port)?;
        }
        self.state.clock.advance(now_ms);
        let mut heard = 0;
        while heard < FRAMES_IN {
            let Some((len, rssi)) = port.take(self.frame_in) else {
                break;
            };
            self.receive(len, rssi, port);
            heard = heard.wrapping_add(1);
        }
        for _ in 0..crate::time::TIMERS {
            let now = self.state.clock.now();
            let Some(timer) = self.state.timers.take_expired(now) else {
                break;
            };
            self.on_timer(timer);
        }
        self.settle_rows();
        let more = self.flush(port) || heard == FRAMES_IN;
        Ok(self.due(more))
    }

    fn start(&mut self, now_ms: u64, port: &mut impl Port) -> Result<(), NoEntropy> {
        let mut seed = [0; 16];
        if !port.entropy(&mut seed) {
            return Err(NoEntropy);
        }
        let [jitter, session] = *bytemuck::cast_ref::<[u8; 16], [[u8; 8]; 2]>(&seed);
        self.state.random = Random::new(u64::from_le_bytes(jitter));
        self.state.session = match self.state.config.boot {
            0 => u64::from_le_bytes(session) | RANDOM_SESSION,
            boot => u64::from(boot),
        };
        self.state.clock.resume(now_ms);
        self.state.phase = phase::LEARNING;
        let config = self.state.config;
        self.set_timer(Timer::Learn, config.learn_ms);
        self.set_timer(Timer::Heartbeat, config.heartbeat_max_ms);
        self.begin_interval();
        Ok(())
    }

    fn begin_interval(&mut self) {
        let now = self.state.clock.now();
        let random = &mut self.state.random;
        let speak = self.state.trickle.begin(now, |bound| random.below(bound));
        self.state.timers.set(Timer::Speak as usize, speak);
        self.state
            .timers
            .set(Timer::Interval as usize, self.state.trickle.end());
    }

    /// Something differs: speak soon.
    fn reset_trickle(&mut self) {
        let now = self.state.clock.now();
        let random = &mut self.state.random;
        if let Some(speak) = self.state.trickle.reset(now, |bound| random.below(bound)) {
            self.state.timers.set(Timer::Speak as usize, speak);
            self.state
                .timers
                .set(Timer::Interval as usize, self.state.trickle.end());
        }
    }

    #[inline(never)]
    fn on_timer(&mut self, timer: usize) {
        const SPEAK: usize = Timer::Speak as usize;
        const INTERVAL: usize = Timer::Interval as usize;
        const HEARTBEAT: usize = Timer::Heartbeat as usize;
        const PUBLISH: usize = Timer::Publish as usize;
        const LINKS: usize = Timer::Links as usize;
        const RETRY: usize = Timer::Retry as usize;
        const LEARN: usize = Timer::Learn as usize;
        match timer {
            SPEAK => {
                let speaks = self.state.trickle.speaks() || self.someone_needs_beacons();
                self.state.beacon_due |= u8::from(speaks);
            }
            INTERVAL => {
                self.state.trickle.double();
                self.begin_interval();
            }
            HEARTBEAT => self.state.beacon_due = 1,
            PUBLISH => self.publish(),
            LINKS => self.review_links(),
            RETRY => self.retry(),
            LEARN => self.state.learn_over = 1,
            // Flush: `poll` flushes anyway.
            _ => {}
        }
    }

    /// Whether an edge is still being made, or waits for the other end to hear this node again, as
    /// after its restart: such neighbours are not kept waiting by suppression.
    fn someone_needs_beacons(&mut self) -> bool {
        let own = self.state.config.id;
        let store = &self.store;
        self.neighbours.table.iter().any(|n| {
            n.is_candidate()
                || n.is(flag::USED)
                    && n.is(flag::LIVE)
                    && store.link(n.id, own).is_none_or(|link| link.frozen())
        })
    }

    /// Looks at every link: silent ones go down; ends of edges follow, at most once per hold time.
    fn review_links(&mut self) {
        let now = self.state.clock.now();
        let config = self.state.config;
        let limit = config
            .heartbeat_max_ms
            .saturating_mul(SILENT_HEARTBEATS)
            .min(1 << 30);
        for index in 0..self.neighbours.table.len() {
            let Some(&neighbour) = self.neighbours.table.get(index) else {
                break;
            };
            if neighbour.is(flag::USED)
                && neighbour.is(flag::LIVE)
                && (self.silent_ms(&neighbour) >= limit || neighbour.is(flag::BLOCKED))
            {
                self.link_down(index);
            }
        }
        if self.state.phase == phase::RUNNING {
            // Modulo 2^32, for links may have been as they are for months.
            let held = since(now, self.state.links_at).cast_unsigned();
            let left = config.link_hold_ms.saturating_sub(held);
            if left == 0 || self.state.links_ever == 0 {
                self.review_ledger();
            } else {
                self.set_timer_sooner(Timer::Links, left);
            }
        }
        let silence = self
            .neighbours
            .table
            .iter()
            .filter(|n| n.is(flag::USED) && n.is(flag::LIVE));
        let next = silence
            .map(|n| limit.saturating_sub(self.silent_ms(n)).max(1))
            .min();
        if let Some(next) = next {
            self.set_timer_sooner(Timer::Links, next);
        }
    }

    fn link_down(&mut self, index: usize) {
        let Some(neighbour) = self.neighbours.table.get_mut(index) else {
            return;
        };
        if neighbour.is(flag::LIVE) {
            neighbour.set(flag::LIVE | flag::AGREED, false);
            neighbour.forget_beacons();
            neighbour.tries = 0;
            let id = neighbour.id;
            self.report(Code::LinkDown, id, 0);
            self.set_timer_sooner(Timer::Links, 0);
        }
    }

    fn link_up(&mut self, index: usize) {
        let Some(neighbour) = self.neighbours.table.get_mut(index) else {
            return;
        };
        if !neighbour.is(flag::LIVE | flag::FOREIGN | flag::BLOCKED) {
            neighbour.set(flag::LIVE, true);
            neighbour.tries = 0;
            let id = neighbour.id;
            self.report(Code::LinkUp, id, 0);
            self.set_timer_sooner(Timer::Links, 0);
        }
    }

    fn due(&mut self, more: bool) -> Due {
        let now = self.state.clock.now();
        let next = match self.state.timers.earliest(now) {
            _ if more => now,
            Some((_, at)) => at,
            None => now.wrapping_add(1 << 30),
        };
        Due {
            next_ms: self.state.clock.outside_at(next),
            more,
            snapshot: self.state.snapshot_due != 0,
            learning: self.learning(),
        }
    }
}
