//! The nodes, what their applications do, and how they restart.

use weir::carve::Arena;
use weir::mesh::event::{Code, Event, Refusal, Stats};
use weir::mesh::{Bound, Config, Due, Node, Parts, Port};
use weir::random::Random;
use weir::record::rows::{Link, Load};
use weir::record::{SIGNATURE, Version};

use super::air::{Air, Faults, Frame, Inbox};
use super::clock::Drift;
use super::tally::Tally;

/// The first key of simulated meshes.
pub const KEY: [u8; 16] = *b"simulated mesh 1";

/// The key of a generation, 0 the first, and the slot it goes to.
#[must_use]
pub fn key_of(generation: u8) -> (u8, [u8; 16]) {
    let mut key = KEY;
    key[15] = key[15].wrapping_add(generation);
    (generation % 4, key)
}
/// Their id.
pub const MESH: u64 = 0x7765_6972_7465_7374;

/// What a simulated node needs from its host.
pub struct SimPort<'a> {
    inbox: &'a mut Inbox,
    entropy: &'a mut Random,
    /// Frames sent in this poll.
    pub sent: Vec<Vec<u8>>,
    /// What was taken from the inbox: the transmission, and the slot of its key.
    taken: Vec<(Option<u64>, u8)>,
    signer: u16,
}

/// A signature that only tests believe: a keyed hash under the author's id, spread over 64 bytes.
#[must_use]
pub fn test_signature(author: u16, message: &[u8]) -> [u8; SIGNATURE] {
    let mut signature = [0; SIGNATURE];
    for (i, chunk) in signature.chunks_exact_mut(8).enumerate() {
        let hash = weir::digest::keyed(u64::from(author) << 8 | i as u64, &[b"signer", message]);
        chunk.copy_from_slice(&hash.to_le_bytes());
    }
    signature
}

impl Port for SimPort<'_> {
    fn transmit(&mut self, frame: &[u8]) -> bool {
        self.sent.push(frame.to_vec());
        true
    }

    fn entropy(&mut self, out: &mut [u8]) -> bool {
        out.iter_mut()
            .for_each(|byte| *byte = self.entropy.next() as u8);
        true
    }

    fn sign(&mut self, message: &[u8], signature: &mut [u8; SIGNATURE]) -> bool {
        *signature = test_signature(self.signer, message);
        true
    }

    fn verify(&mut self, author: u16, message: &[u8], signature: &[u8; SIGNATURE]) -> Option<bool> {
        Some(*signature == test_signature(author, message))
    }

    fn take(&mut self, frame: &mut [u8]) -> Option<(usize, i8)> {
        let Frame { bytes, intact } = self.inbox.pop_front()?;
        self.taken
            .push((intact, bytes.get(1).map_or(0, |b| b >> 6)));
        frame.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        Some((bytes.len(), -60))
    }
}

/// One simulated node: its memory, its radio's inbox, its application.
pub struct SimNode {
    /// How it is made; the boot number goes up at each start.
    pub config: Config,
    memory: Vec<u64>,
    bound: Bound,
    inbox: Inbox,
    entropy: Random,
    /// Its clock.
    pub clock: Drift,
    /// Generations of the keys its firmware keeps, the sending one last.
    pub keys: Vec<u8>,
    /// Bit per transmission: believed in this life of the node.
    had: Vec<u64>,
    /// Frames it believed although it had believed them before, or they were changed on the way.
    pub overtrusted: u32,
    /// Frames it refused for a key that it holds.
    pub overcautious: u32,
    /// When it is to be polled; `None` while it is off.
    pub due: Option<u64>,
    /// What it wrote last with `due.snapshot`, as firmware would keep it.
    pub snapshot: Option<Vec<u8>>,
    /// Events it reported since they were last looked at.
    pub events: Vec<Event>,
    /// Restarted and still learning what it published before: its books are not open.
    pub learning: bool,
    /// The application kept its totals over the last restart.
    durable: bool,
    /// Totals the application knows.
    pub arrived: i64,
    /// Totals the application knows.
    pub done: i64,
    /// Its books, until something may have changed them.
    books: Option<Books>,
}

/// Frames for which no refusal was counted, and frames refused for their key.
fn fates(stats: &Stats) -> (u32, u32) {
    let refused = stats.refused.iter().sum::<u32>();
    (
        stats.frames_received - refused,
        stats.refused[Refusal::Key as usize],
    )
}

/// What a node's ledger says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Totals.
    pub load: Load,
    /// Gain over closed incarnations.
    pub carried: u32,
    /// Own ends of edges.
    pub links: Vec<Link>,
    /// Units waiting.
    pub queued: i32,
}

impl SimNode {
    /// A node that is off, in memory of its own.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let words = Parts::words(&config).expect("a size");
        let mut node = Self {
            config,
            memory: vec![0xa5a5_a5a5_a5a5_a5a5; words],
            bound: Bound::new(),
            inbox: Inbox::new(),
            entropy: Random::new(seed),
            clock: Drift::TRUE,
            keys: vec![0],
            had: Vec::new(),
            overtrusted: 0,
            overcautious: 0,
            due: None,
            snapshot: None,
            events: Vec::new(),
            learning: false,
            durable: true,
            arrived: 0,
            done: 0,
            books: None,
        };
        node.start(None);
        node
    }

    fn start(&mut self, snapshot: Option<&[u8]>) {
        self.memory.fill(0);
        self.inbox.clear();
        self.had.clear();
        self.config.boot += 1;
        let (config, keys) = (self.config, self.keys.clone());
        let mut node = self.node();
        node.reset(&config);
        for &generation in &keys {
            let (slot, key) = key_of(generation);
            assert!(node.keys_mut().set(slot, &key, 8) && node.keys_mut().send_with(slot));
        }
        if let Some(snapshot) = snapshot {
            node.restore(snapshot).expect("its own snapshot");
        }
    }

    /// The node itself, carved from its memory.
    pub fn node(&mut self) -> Node<'_> {
        self.books = None;
        let mut arena = Arena::new(&mut self.memory);
        let parts = Parts::carve(&mut arena, &self.config).expect("enough memory");
        Node::new(parts, &mut self.bound).expect("a node")
    }

    /// Takes a key that is not used yet, giving up the oldest if there are two.
    pub fn take_key(&mut self, generation: u8) {
        while self.keys.len() > 1 {
            self.drop_key();
        }
        let (slot, key) = key_of(generation);
        assert!(self.node().keys_mut().set(slot, &key, 8));
        self.keys.insert(0, generation);
    }

    /// Sends with its newest key from now on.
    pub fn use_key(&mut self) {
        self.keys.sort_unstable();
        if let Some(&newest) = self.keys.last() {
            assert!(self.node().keys_mut().send_with(key_of(newest).0));
        }
    }

    /// Wipes its oldest key, if there is another.
    pub fn drop_key(&mut self) {
        self.use_key();
        if self.keys.len() > 1 {
            let oldest = self.keys.remove(0);
            assert!(self.node().keys_mut().remove(key_of(oldest).0));
        }
    }

    /// Puts bytes from nowhere into its inbox.
    pub fn hear(&mut self, frame: Vec<u8>) {
        self.receive(Frame {
            bytes: frame.into(),
            intact: Some(Frame::FROM_NOWHERE),
        });
    }

    /// Puts a frame into its inbox.
    pub fn receive(&mut self, frame: Frame) {
        self.inbox.push_back(frame);
    }

    /// Compares how many of the frames it took it believed, and refused for their key, with how
    /// many it may. Which ones it believed is known only if it was all of them, and those it may
    /// not believe again.
    fn weigh(&mut self, taken: &[(Option<u64>, u8)], believed: u32, keyless: u32) {
        let place = |number: u64| ((number / 64) as usize, 1 << (number % 64));
        let may = taken.iter().filter_map(|frame| frame.0).filter(|&number| {
            let (word, bit) = place(number);
            self.had.get(word).is_none_or(|had| had & bit == 0)
        });
        self.overtrusted += believed.saturating_sub(may.count() as u32);
        let held = |&&(number, slot): &&(Option<u64>, u8)| {
            let own = number.is_some_and(|number| number != Frame::FROM_NOWHERE);
            own && self.keys.iter().any(|&key| key_of(key).0 == slot)
        };
        let others = taken.len() - taken.iter().filter(held).count();
        self.overcautious += keyless.saturating_sub(others as u32);
        if believed as usize != taken.len() {
            return;
        }
        let numbers = taken.iter().filter_map(|frame| frame.0);
        for number in numbers.filter(|&number| number != Frame::FROM_NOWHERE) {
            let (word, bit) = place(number);
            if self.had.len() <= word {
                self.had.resize(word + 1, 0);
            }
            self.had[word] |= bit;
        }
    }

    /// Polls it at a reading of its clock; returns what it sent.
    pub fn poll(&mut self, reading: u64) -> (Due, Vec<Vec<u8>>) {
        let signer = self.config.id;
        let (mut inbox, mut entropy) = (std::mem::take(&mut self.inbox), self.entropy);
        let mut port = SimPort {
            inbox: &mut inbox,
            entropy: &mut entropy,
            sent: Vec::new(),
            taken: Vec::new(),
            signer,
        };
        let mut node = self.node();
        let before = fates(node.stats());
        let due = node.poll(reading, &mut port).expect("entropy");
        let after = fates(node.stats());
        let (sent, taken) = (port.sent, port.taken);
        self.weigh(&taken, after.0 - before.0, after.1 - before.1);
        (self.inbox, self.entropy) = (inbox, entropy);
        while let Some(event) = self.bound.events.pop() {
            self.events.push(event);
        }
        (due, sent)
    }

    /// Publishes a signed note.
    pub fn note(&mut self, slot: u8, payload: &[u8]) -> Result<(), weir::mesh::NotNow> {
        let (mut inbox, mut entropy) = (Inbox::new(), self.entropy);
        let signer = self.config.id;
        let mut port = SimPort {
            inbox: &mut inbox,
            entropy: &mut entropy,
            sent: Vec::new(),
            taken: Vec::new(),
            signer,
        };
        let noted = self
            .node()
            .record(weir::record::Kind::Note, slot, payload, &mut port);
        self.entropy = entropy;
        noted
    }

    /// What its ledger says now.
    pub fn books(&mut self) -> &Books {
        let books = self.books.take().unwrap_or_else(|| {
            let mut node = self.node();
            let ledger = node.ledger_mut();
            let (load, carried, queued) = (ledger.head.load, ledger.head.carried, ledger.queued());
            Books {
                load,
                carried,
                links: ledger.links().to_vec(),
                queued,
            }
        });
        self.books.insert(books)
    }

    /// Whether its books may have changed since they were last looked at.
    #[must_use]
    pub const fn touched(&self) -> bool {
        self.books.is_none()
    }

    /// What it counted.
    pub fn stats(&mut self) -> Stats {
        *self.node().stats()
    }

    /// The digest of its records.
    pub fn digest(&mut self) -> u64 {
        self.node().store_mut().digest()
    }

    /// The rows of an author that it holds: kind, version, hash.
    pub fn rows_of(&mut self, author: u16) -> Vec<(u8, Version, u64)> {
        let mut node = self.node();
        let store = node.store_mut();
        let slots = store.slots().iter().filter(|s| s.author() == author);
        slots
            .filter_map(|s| Some((s.key()?.kind as u8, s.version(), s.hash())))
            .collect()
    }

    /// Versions by author of the records it holds.
    pub fn versions(&mut self) -> Vec<(u16, u8, Version)> {
        let mut node = self.node();
        let store = node.store_mut();
        let slots = store.slots().iter();
        slots
            .filter_map(|s| Some((s.author(), s.key()?.kind as u8, s.version())))
            .collect()
    }
}

/// All nodes, the air and true time.
pub struct World {
    /// Nodes; node i has id i + 1.
    pub nodes: Vec<SimNode>,
    /// The air between them.
    pub air: Air,
    /// The time.
    pub now: u64,
    /// For the choices of the scenario.
    pub random: Random,
    /// Steps so far.
    pub steps: u64,
    /// What happened, besides in the air.
    pub tally: Tally,
}

/// The configuration of simulated nodes.
#[must_use]
pub fn config(id: u16, max_nodes: u16) -> Config {
    Config {
        mesh_id: MESH,
        boot: 0,
        trickle_min_ms: 1000,
        heartbeat_max_ms: 60_000,
        link_hold_ms: 30_000,
        learn_ms: 5000,
        gate: 0,
        id,
        max_nodes,
        max_degree: 12,
        fill: 6,
        max_neighbours: 16,
        frame_max: 250,
        signed_records: 0,
        signed_bytes: 0,
        trickle_doublings: 12,
        trickle_k: 2,
        unused: [0; 6],
    }
}

impl World {
    /// A world over a map, every node off.
    #[must_use]
    pub fn new(
        range: Vec<Vec<usize>>,
        faults: Faults,
        seed: u64,
        tune: impl Fn(&mut Config),
    ) -> Self {
        let count = range.len();
        let nodes = (0..count).map(|i| {
            let mut config = config(i as u16 + 1, count as u16);
            tune(&mut config);
            SimNode::new(config, seed.wrapping_mul(1000).wrapping_add(i as u64))
        });
        let nodes = nodes.collect();
        let air = Air::new(range, faults, seed);
        Self {
            nodes,
            air,
            now: 1000,
            random: Random::new(seed),
            steps: 0,
            tally: Tally::default(),
        }
    }

    /// Switches a node on for the first time.
    pub fn switch_on(&mut self, index: usize) {
        self.nodes[index].due = Some(self.now);
    }

    /// Restarts a node, with what it kept or with nothing but its boot number.
    pub fn restart(&mut self, index: usize, with_snapshot: bool) {
        let node = &mut self.nodes[index];
        let snapshot = if with_snapshot {
            node.snapshot.clone()
        } else {
            None
        };
        node.learning = true;
        node.durable = snapshot.is_some();
        node.start(snapshot.as_deref());
        node.due = Some(self.now);
    }

    /// Goes to the next thing that happens, at most to `until`; polls whom it concerns.
    pub fn step(&mut self, until: u64) {
        let due = self.nodes.iter().filter_map(|n| n.due).min();
        let next = due
            .into_iter()
            .chain(self.air.next())
            .min()
            .unwrap_or(until)
            .max(self.now);
        self.now = next.min(until);
        self.steps += 1;
        let now = self.now;
        let nodes = &mut self.nodes;
        self.air.arrive(now, |to, frame| {
            if nodes[to].due.is_some() {
                nodes[to].receive(frame);
                nodes[to].due = Some(now);
            }
        });
        for index in 0..self.nodes.len() {
            if self.nodes[index].due.is_some_and(|due| due <= now) {
                self.poll(index);
            }
        }
    }

    /// Polls one node and keeps what firmware would keep.
    pub fn poll(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let before = node.events.len();
        let (due, sent) = node.poll(node.clock.reading(self.now));
        if due.snapshot {
            let mut bytes = vec![0; 2048];
            let len = node.node().snapshot(&mut bytes).expect("room");
            bytes.truncate(len);
            node.snapshot = Some(bytes);
        }
        let next = node.clock.moment(due.next_ms);
        node.due = Some(next.max(self.now + u64::from(!due.more)));
        if node.learning
            && node.events[before..]
                .iter()
                .any(|e| e.code == Code::Learned)
        {
            node.learning = false;
            if node.durable {
                let (arrived, done) = (node.arrived, node.done);
                node.node()
                    .set_work(arrived, done)
                    .expect("learning is over");
            } else {
                let load = node.books().load;
                (node.arrived, node.done) = (load.injected, load.done);
            }
            node.node().set_capacity(1).expect("learning is over");
        }
        for frame in sent {
            self.air.send(self.now, index, &frame);
        }
    }

    /// Runs until a moment, calling `each` after every step.
    pub fn run(&mut self, until: u64, mut each: impl FnMut(&mut Self)) {
        while self.now < until {
            self.step(until);
            each(self);
        }
    }

    /// A frame from nowhere reaches a node.
    pub fn inject(&mut self, index: usize, frame: Vec<u8>) {
        self.nodes[index].hear(frame);
        self.nodes[index].due = self.nodes[index].due.map(|_| self.now);
    }

    /// Switches a node off.
    pub fn switch_off(&mut self, index: usize) {
        self.nodes[index].due = None;
    }

    /// Work arrives at a node.
    pub fn arrive(&mut self, index: usize, units: i64) {
        let node = &mut self.nodes[index];
        let (arrived, done) = (node.arrived + units, node.done);
        if node.node().set_work(arrived, done).is_ok() {
            node.arrived = arrived;
            node.due = node.due.map(|_| self.now);
        }
    }

    /// A node does some of its work.
    pub fn work(&mut self, index: usize, units: i64) {
        let node = &mut self.nodes[index];
        let units = units.min(i64::from(node.books().queued)).max(0);
        let (arrived, done) = (node.arrived, node.done + units);
        if node.node().set_work(arrived, done).is_ok() {
            node.done = done;
            node.due = node.due.map(|_| self.now);
        }
    }

    /// A node ships some of its work over an edge that is up.
    pub fn ship(&mut self, index: usize, to: u16, units: u32) -> bool {
        let node = &mut self.nodes[index];
        let shipped = node.node().ship(to, units).is_ok();
        if shipped {
            node.due = node.due.map(|_| self.now);
        }
        shipped
    }
}
