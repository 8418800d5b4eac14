//! The air: what happens to a frame between one radio and another.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use weir::random::Random;

/// Faults as parts of 1,000.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// Frames lost, per receiver.
    pub loss: u32,
    /// Frames that arrive twice.
    pub duplication: u32,
    /// Frames that arrive late enough to be overtaken.
    pub reordering: u32,
    /// Frames of which one bit changes.
    pub corruption: u32,
}

impl Faults {
    /// A perfect air.
    pub const NONE: Self = Self {
        loss: 0,
        duplication: 0,
        reordering: 0,
        corruption: 0,
    };
    /// The air of the acceptance runs.
    pub const ROUGH: Self = Self {
        loss: 300,
        duplication: 100,
        reordering: 200,
        corruption: 10,
    };
}

/// A frame on its way: (arrival, number, receiver, bytes).
type Flight = Reverse<(u64, u64, usize, Vec<u8>)>;

/// Everything that is on its way, and who hears whom.
pub struct Air {
    /// For each radio, who is in range.
    pub range: Vec<Vec<usize>>,
    /// Radios in different groups do not hear each other.
    pub group: Vec<u8>,
    /// Pairs that are silent at the moment, low index first.
    pub silent: Vec<(usize, usize)>,
    /// What goes wrong.
    pub faults: Faults,
    flights: BinaryHeap<Flight>,
    count: u64,
    random: Random,
}

impl Air {
    /// An air over these ranges.
    #[must_use]
    pub fn new(range: Vec<Vec<usize>>, faults: Faults, seed: u64) -> Self {
        let group = vec![0; range.len()];
        let random = Random::new(seed ^ 0xa1f);
        Self {
            range,
            group,
            silent: Vec::new(),
            faults,
            flights: BinaryHeap::new(),
            count: 0,
            random,
        }
    }

    fn chance(&mut self, per_mille: u32) -> bool {
        self.random.below(1000) < per_mille
    }

    /// Whether `to` can hear `from` now.
    #[must_use]
    pub fn hears(&self, from: usize, to: usize) -> bool {
        self.group[from] == self.group[to] && !self.silent.contains(&(from.min(to), from.max(to)))
    }

    /// A radio sends a frame to everyone in range.
    pub fn send(&mut self, now: u64, from: usize, frame: &[u8]) {
        for to in self.range[from].clone() {
            if !self.hears(from, to) || self.chance(self.faults.loss) {
                continue;
            }
            let copies = 1 + u64::from(self.chance(self.faults.duplication));
            for _ in 0..copies {
                let late = if self.chance(self.faults.reordering) {
                    400
                } else {
                    4
                };
                let arrival = now + 1 + u64::from(self.random.below(late));
                let mut bytes = frame.to_vec();
                if self.chance(self.faults.corruption) {
                    let bit = self.random.below(bytes.len() as u32 * 8) as usize;
                    bytes[bit / 8] ^= 1 << (bit % 8);
                }
                self.count += 1;
                self.flights.push(Reverse((arrival, self.count, to, bytes)));
            }
        }
    }

    /// When the next frame arrives.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        self.flights.peek().map(|Reverse((at, ..))| *at)
    }

    /// Puts the frames that have arrived by `now` into the inboxes; returns who got one.
    pub fn arrive(&mut self, now: u64, mut deliver: impl FnMut(usize, Vec<u8>)) {
        while self.next().is_some_and(|at| at <= now) {
            let Some(Reverse((_, _, to, bytes))) = self.flights.pop() else {
                break;
            };
            deliver(to, bytes);
        }
    }
}

/// The inbox of one radio.
pub type Inbox = VecDeque<Vec<u8>>;
