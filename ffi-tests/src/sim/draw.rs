//! The world of a seed: every size, shape and probability, drawn before anything runs.

use std::fmt;

use weir::random::Random;

use super::air::Faults;
use super::maps::Shape;

/// What does not heal in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// Everything heals.
    Healed,
    /// Links that are one-way stay so.
    OneWay,
    /// The last partition stays.
    Cut,
    /// Some nodes never get the last key.
    Keyless,
}

/// What members say that is not so. Each is a count of lies told at random moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lies {
    /// LOAD rows in the name of others.
    pub loads: u32,
    /// Notes with a signature that is not their author's.
    pub notes: u32,
    /// Authentic frames that mean nothing.
    pub garbage: u32,
    /// Authors that do not exist.
    pub invented: u16,
}

/// The world of a seed.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// The seed.
    pub seed: u64,
    /// Nodes.
    pub size: usize,
    /// How they lie.
    pub shape: Shape,
    /// The air.
    pub faults: Faults,
    /// Largest error of a clock, in millionths.
    pub drift_ppm: u32,
    /// Links that change at a time, in parts of 1,000 of all, and what may become of a direction:
    /// largest loss in parts of 1,000, largest delay, and parts of 1,000 that become one-way.
    pub changing: u32,
    /// See `changing`.
    pub loss: u32,
    /// See `changing`.
    pub delay_ms: u32,
    /// See `changing`.
    pub one_way: u32,
    /// Partitions.
    pub cuts: u32,
    /// Restarts tried in each spell between and within partitions.
    pub restarts: u32,
    /// Changes of the key.
    pub rekeys: u8,
    /// Nodes that get a new key late, in parts of 1,000, and how late at most.
    pub late: u32,
    /// See `late`.
    pub late_ms: u32,
    /// Nodes give up the old key as soon as they have the new one.
    pub hasty: bool,
    /// Frames that an outsider replays in each second.
    pub replays: u32,
    /// What is said that is not so.
    pub lies: Lies,
    /// Most links of a node.
    pub degree: u16,
    /// Places for authors beyond the nodes there are.
    pub spare: u16,
    /// Shortest time between changes of a node's ends of edges.
    pub link_hold_ms: u32,
    /// What does not heal.
    pub finish: Finish,
}

/// Every so many seeds one has the largest mesh there is.
const LARGEST_EVERY: u64 = 256;

fn size(seed: u64, random: &mut Random) -> usize {
    let share = random.below(1000);
    if seed % LARGEST_EVERY == LARGEST_EVERY / 2 {
        return 128;
    }
    let (least, span) = match share {
        ..700 => (2, 11),
        700..900 => (13, 20),
        900..985 => (33, 32),
        _ => (65, 64),
    };
    least + random.below(span) as usize
}

fn shape(size: usize, random: &mut Random) -> Shape {
    match random.below(10) {
        0 if size <= 32 => Shape::Line,
        1 if size <= 32 => Shape::Ring,
        2 => Shape::Grid,
        3 if size <= 12 => Shape::Heap,
        0..5 if size == 54 => Shape::Lab,
        _ => Shape::Scattered,
    }
}

impl Draw {
    /// The world of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0xd4a3);
        let r = &mut random;
        let size = size(seed, r);
        let some = |r: &mut Random, per_mille, value| {
            if r.below(1000) < per_mille { value } else { 0 }
        };
        let faults = Faults {
            loss: r.below(301),
            duplication: r.below(101),
            reordering: r.below(201),
            corruption: r.below(11),
        };
        let large = size > 64;
        let one_way = r.below(500);
        let one_way = some(r, 500, one_way);
        let lies = Lies {
            loads: some(r, 250, 4),
            notes: some(r, 150, 3),
            garbage: some(r, 250, 12),
            invented: some(r, 60, 2) as u16,
        };
        let rekeys = some(r, 400, 1) as u8 * (1 + r.below(2) as u8);
        let finish = match r.below(100) {
            0..10 => Finish::Cut,
            10..20 if one_way > 0 => Finish::OneWay,
            20..40 if rekeys > 0 => Finish::Keyless,
            _ => Finish::Healed,
        };
        Self {
            seed,
            size,
            shape: shape(size, r),
            faults,
            drift_ppm: if r.below(4) == 0 { 20_000 } else { 100 },
            changing: some(r, 600, 250),
            loss: r.below(501),
            delay_ms: r.below(301),
            one_way,
            cuts: r.below(if large { 2 } else { 4 }),
            restarts: r.below(3),
            rekeys,
            late: 300,
            late_ms: 10_000 + r.below(170_000),
            hasty: r.below(2) == 0,
            replays: some(r, 500, 3),
            lies,
            degree: if r.below(6) == 0 { 3 } else { 12 },
            spare: r.below(3) as u16,
            link_hold_ms: 2000 + r.below(8000),
            finish,
        }
    }
}

impl fmt::Display for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            size,
            shape,
            faults,
            finish,
            lies,
            ..
        } = self;
        write!(
            f,
            "seed {seed}, {size} nodes {shape:?}, finish {finish:?}; "
        )?;
        write!(
            f,
            "per 1000: loss {}, twice {}, ",
            faults.loss, faults.duplication
        )?;
        write!(
            f,
            "late {}, corrupt {}; ",
            faults.reordering, faults.corruption
        )?;
        write!(
            f,
            "clocks {} ppm; links: {} changing, ",
            self.drift_ppm, self.changing
        )?;
        write!(
            f,
            "loss {}, {} ms, one-way {}; ",
            self.loss, self.delay_ms, self.one_way
        )?;
        write!(
            f,
            "{} cuts, {} falls, {} keys",
            self.cuts, self.restarts, self.rekeys
        )?;
        write!(
            f,
            " (late {} ms{}), ",
            self.late_ms,
            if self.hasty { ", hasty" } else { "" }
        )?;
        write!(
            f,
            "{} replays, degree {}, spare {}, ",
            self.replays, self.degree, self.spare
        )?;
        write!(
            f,
            "hold {} ms, lies: {} loads, ",
            self.link_hold_ms, lies.loads
        )?;
        write!(
            f,
            "{} notes, {} garbage, {} ids",
            lies.notes, lies.garbage, lies.invented
        )
    }
}
