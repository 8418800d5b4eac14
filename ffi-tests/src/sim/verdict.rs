//! The liveness phase: what the calm after a storm comes to, by name.
//!
//! Nodes that hear each other mutually, directly or through others, and hold each other's sending
//! key, are a *part*. Every part must come to one digest, nothing in flight inside it, and silence
//! but for beacons. Only then is a mesh in several parts *explained*: by its topology, or by keys.

use super::check::Audit;
use super::world::World;

/// How long a mesh of up to 128 nodes with up to 30 % loss may take after the heal.
pub const LIMIT_MS: u64 = 600_000;
/// How long all must stay as it is to count.
const STEADY_MS: u64 = 40_000;
/// How long nothing but beacons may have been said.
const QUIET_MS: u64 = 20_000;
/// Between two looks.
const LOOK_MS: u64 = 100;

/// What came out, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// One digest, nothing in flight, silence.
    Agreed,
    /// The same in each part; the parts do not hear each other.
    SplitByTopology,
    /// The same in each part; the parts do not hold each other's keys.
    KeyMissing,
    /// An invented author took the place of a true one somewhere.
    StoreFull,
    /// A node that hears others still looks for its own last rows.
    Learning,
    /// A part has several digests.
    Differing,
    /// One digest, but units are still on their way.
    StillTransferring,
    /// At rest, but following the plans did not level the work.
    Unlevel,
    /// One digest and nothing on its way, but it does not last, or is not silent.
    Unsettled,
}

impl Verdict {
    /// Whether this is what the library promises, or the world explains why it cannot be.
    #[must_use]
    pub const fn explained(self) -> bool {
        matches!(
            self,
            Self::Agreed | Self::SplitByTopology | Self::KeyMissing | Self::StoreFull
        )
    }
}

/// What the world knows of lies.
#[derive(Clone, Copy, Debug)]
pub struct Suspects<'a> {
    /// Authors that do not exist.
    pub invented: &'a [u16],
}

/// For each node the number of its part, under a relation that is made mutual.
fn parts(count: usize, hears: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut part = vec![usize::MAX; count];
    for start in 0..count {
        if part[start] != usize::MAX {
            continue;
        }
        part[start] = start;
        let mut open = vec![start];
        while let Some(a) = open.pop() {
            for b in 0..count {
                if part[b] == usize::MAX && hears(a, b) && hears(b, a) {
                    part[b] = start;
                    open.push(b);
                }
            }
        }
    }
    part
}

/// Who belongs together, and what keeps the others apart.
struct Parts {
    of: Vec<usize>,
    /// The verdict if every part comes to rest.
    best: Verdict,
    /// A part hears another one that does not hear it, and so never comes to silence.
    overhears: bool,
}

impl Parts {
    fn of(world: &World) -> Self {
        let count = world.nodes.len();
        let air = |a: usize, b: usize| world.air.hears(a, b);
        let understands = |a: usize, b: usize| {
            let sending = world.nodes[a].keys.last();
            sending.is_some_and(|key| world.nodes[b].keys.contains(key))
        };
        let topology = parts(count, air);
        let of = parts(count, |a, b| air(a, b) && understands(a, b));
        let pairs = (0..count).flat_map(|a| (0..count).map(move |b| (a, b)));
        let overhears = pairs
            .filter(|&(a, b)| of[a] != of[b])
            .any(|(a, b)| air(a, b) && understands(a, b));
        let single = |of: &[usize]| of.iter().all(|&part| part == 0);
        let best = match (single(&topology), single(&of)) {
            (false, _) => Verdict::SplitByTopology,
            (true, false) => Verdict::KeyMissing,
            (true, true) => Verdict::Agreed,
        };
        Self {
            of,
            best,
            overhears,
        }
    }

    fn alone(&self, index: usize) -> bool {
        self.of
            .iter()
            .filter(|&&part| part == self.of[index])
            .count()
            == 1
    }

    /// What keeps the world from rest now, if anything does.
    fn unrest(&self, world: &mut World, audit: &Audit) -> Option<Verdict> {
        let learning = |index: usize| world.nodes[index].learning && !self.alone(index);
        if (0..self.of.len()).any(learning) {
            return Some(Verdict::Learning);
        }
        let mut digests = vec![None; self.of.len()];
        for (index, &part) in self.of.iter().enumerate() {
            let digest = world.nodes[index].digest();
            if *digests[part].get_or_insert(digest) != digest {
                return Some(Verdict::Differing);
            }
        }
        let same = |a: usize, b: usize| self.of.get(a) == self.of.get(b);
        (audit.in_flight(same) != 0).then_some(Verdict::StillTransferring)
    }
}

/// Frames other than beacons that were ever sent.
fn talk(world: &mut World) -> u64 {
    let stats = world.nodes.iter_mut().map(|n| n.stats());
    stats
        .map(|s| u64::from(s.frames_sent - s.beacons_sent))
        .sum()
}

/// Whether a node holds an invented author and lacks a true one that its part knows.
fn usurped(world: &mut World, parts: &Parts, invented: &[u16]) -> bool {
    let count = world.nodes.len();
    let known: Vec<Vec<u16>> = world
        .nodes
        .iter_mut()
        .map(|n| n.versions().into_iter().map(|v| v.0).collect())
        .collect();
    (0..count).any(|index| {
        let part = (0..count).filter(|&other| parts.of[other] == parts.of[index]);
        // Also of nodes beyond a cut: their rows came before it.
        let mut true_ones = part
            .flat_map(|other| known[other].iter())
            .filter(|author| !invented.contains(author));
        let lacks = true_ones.any(|author| !known[index].contains(author));
        lacks && known[index].iter().any(|author| invented.contains(author))
    })
}

/// Lets time pass until the world rests, and names what it came to; with it the time from which on
/// all agreed, or the limit.
///
/// # Errors
/// What did not hold at a step.
pub fn judge(
    world: &mut World,
    audit: &mut Audit,
    suspects: Suspects,
    limit: u64,
) -> Result<(Verdict, u64), String> {
    let parts = Parts::of(world);
    let start = world.now;
    let (mut since, mut said, mut silent_since) = (None, 0, start);
    let mut unrest = None;
    while world.now < start + limit {
        let until = world.now + LOOK_MS;
        while world.now < until {
            world.step(until);
            audit.step(world)?;
        }
        unrest = parts.unrest(world, audit);
        match unrest {
            None => _ = since.get_or_insert(world.now),
            Some(_) => since = None,
        }
        let now_said = talk(world);
        if now_said != said {
            (said, silent_since) = (now_said, world.now);
        }
        let silent = parts.overhears || world.now - silent_since >= QUIET_MS;
        if let Some(at) = since
            && silent
            && world.now - at >= STEADY_MS
        {
            return Ok((parts.best, at - start));
        }
    }
    let verdict = if usurped(world, &parts, suspects.invented) {
        Verdict::StoreFull
    } else {
        unrest.unwrap_or(Verdict::Unsettled)
    };
    Ok((verdict, limit))
}
