//! The air: what happens to a frame between one radio and another.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;

use weir::random::Random;

use super::tally::Tally;

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

/// One direction of a link, on top of the faults of the whole air.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path {
    /// Further frames lost, in parts of 1,000.
    pub loss: u32,
    /// Further delay of each frame.
    pub delay_ms: u32,
    /// Nothing arrives.
    pub deaf: bool,
}

/// A frame as a receiver finds it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its bytes.
    pub bytes: Rc<[u8]>,
    /// Which transmission it is a copy of, if its bytes are those that were sent.
    pub intact: Option<u64>,
}

impl Frame {
    /// The number of frames that no radio of the mesh sent; theirs are counted from 1.
    pub const FROM_NOWHERE: u64 = 0;
}

/// A frame on its way: arrival, a number that makes the order total, receiver, frame.
struct Flight(u64, u64, usize, Frame);

impl Ord for Flight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Flight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Flight {}

/// Frames an outsider keeps for later.
const RECORDED: usize = 64;

/// Everything that is on its way, and who hears whom.
pub struct Air {
    /// For each radio, who is in range, ascending.
    pub range: Vec<Vec<usize>>,
    /// For each radio, the way to each of those.
    pub paths: Vec<Vec<Path>>,
    /// Radios in different groups do not hear each other.
    pub group: Vec<u8>,
    /// Pairs that are silent at the moment, low index first.
    pub silent: Vec<(usize, usize)>,
    /// What goes wrong.
    pub faults: Faults,
    /// What went wrong.
    pub tally: Tally,
    recorded: VecDeque<(usize, Frame)>,
    flights: BinaryHeap<Reverse<Flight>>,
    count: u64,
    sent: u64,
    random: Random,
}

impl Air {
    /// An air over these ranges.
    #[must_use]
    pub fn new(range: Vec<Vec<usize>>, faults: Faults, seed: u64) -> Self {
        Self {
            paths: range
                .iter()
                .map(|to| vec![Path::default(); to.len()])
                .collect(),
            group: vec![0; range.len()],
            range,
            silent: Vec::new(),
            faults,
            tally: Tally::default(),
            recorded: VecDeque::new(),
            flights: BinaryHeap::new(),
            count: 0,
            sent: 0,
            random: Random::new(seed ^ 0xa1f),
        }
    }

    fn chance(&mut self, per_mille: u32) -> bool {
        self.random.below(1000) < per_mille
    }

    /// The way from one radio to another in range.
    #[must_use]
    pub fn path(&self, from: usize, to: usize) -> Option<&Path> {
        let place = self.range[from].binary_search(&to).ok()?;
        self.paths[from].get(place)
    }

    /// Whether `to` can hear `from` now.
    #[must_use]
    pub fn hears(&self, from: usize, to: usize) -> bool {
        self.together(from, to) && self.path(from, to).is_some_and(|path| !path.deaf)
    }

    fn together(&self, a: usize, b: usize) -> bool {
        self.group[a] == self.group[b] && !self.silent.contains(&(a.min(b), a.max(b)))
    }

    /// A radio sends a frame to everyone in range.
    pub fn send(&mut self, now: u64, from: usize, bytes: &[u8]) {
        self.sent += 1;
        let frame = Frame {
            bytes: bytes.into(),
            intact: Some(self.sent),
        };
        for place in 0..self.range[from].len() {
            let (to, path) = (self.range[from][place], self.paths[from][place]);
            if !self.together(from, to) {
                continue;
            }
            if path.deaf {
                self.tally.unheard += 1;
            } else if self.chance(self.faults.loss) || self.chance(path.loss) {
                self.tally.lost += 1;
            } else {
                self.convey(now + u64::from(path.delay_ms), to, &frame);
            }
        }
        if self.recorded.len() == RECORDED {
            self.recorded.pop_front();
        }
        self.recorded.push_back((from, frame));
    }

    /// Brings one frame to one radio, with what may happen on the way.
    fn convey(&mut self, now: u64, to: usize, frame: &Frame) {
        let copies = 1 + u64::from(self.chance(self.faults.duplication));
        self.tally.repeated += copies - 1;
        for _ in 0..copies {
            let late = self.chance(self.faults.reordering);
            self.tally.late += u64::from(late);
            let arrival = now + 1 + u64::from(self.random.below(if late { 400 } else { 4 }));
            let mut frame = frame.clone();
            if self.chance(self.faults.corruption) {
                self.tally.corrupted += 1;
                let bit = self.random.below(frame.bytes.len() as u32 * 8) as usize;
                let mut bytes = frame.bytes.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                frame = Frame {
                    bytes: bytes.into(),
                    intact: None,
                };
            }
            self.push(arrival, to, frame);
        }
    }

    fn push(&mut self, arrival: u64, to: usize, frame: Frame) {
        self.count += 1;
        self.flights
            .push(Reverse(Flight(arrival, self.count, to, frame)));
    }

    /// An outsider sends one of the last frames again, to one who could have heard it then.
    pub fn replay(&mut self, now: u64) {
        let pick = self.random.below(self.recorded.len() as u32) as usize;
        let Some((from, frame)) = self.recorded.get(pick).cloned() else {
            return;
        };
        let range = &self.range[from];
        let Some(&to) = range.get(self.random.below(range.len() as u32) as usize) else {
            return;
        };
        if self.together(from, to) {
            self.tally.replayed += 1;
            self.push(now + 1, to, frame);
        }
    }

    /// When the next frame arrives.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        self.flights.peek().map(|Reverse(Flight(at, ..))| *at)
    }

    /// Hands over the frames that have arrived by `now`.
    pub fn arrive(&mut self, now: u64, mut deliver: impl FnMut(usize, Frame)) {
        while self.next().is_some_and(|at| at <= now) {
            let Some(Reverse(Flight(_, _, to, frame))) = self.flights.pop() else {
                break;
            };
            deliver(to, frame);
        }
    }
}

/// The inbox of one radio.
pub type Inbox = VecDeque<Frame>;
