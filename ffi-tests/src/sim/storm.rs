//! The storm: everything at once in the world of a seed.
//!
//! *Safety phase*: whatever [`Draw`] says goes wrong does, while work arrives, is done and is
//! shipped at random. After every step arrived = done + queued + in flight must hold; versions,
//! frames and stores are looked at in turn. *Liveness phase*: what heals heals, nothing new
//! arrives, and [`verdict`] names what it comes to.

use weir::mesh::event::Code;
use weir::random::Random;

use super::check::{self, Audit, Order};
use super::clock::Drift;
use super::draw::{Draw, Finish};
use super::liar::Liar;
use super::maps::places;
use super::planner::{self, Planner};
use super::tally::Tally;
use super::verdict::{self, LIMIT_MS, Suspects, Verdict};
use super::world::World;

/// Largest mesh whose work is levelled in the end.
const LEVELLED: usize = 8;
/// Seconds in which it must come level.
const LEVEL_ROUNDS: u32 = 300;

/// What a storm came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The world it was.
    pub draw: Draw,
    /// How it ended.
    pub verdict: Verdict,
    /// From the heal to the moment from which on all agreed.
    pub agreed_ms: u64,
    /// Bytes sent by all nodes, per version of a row that was written, in the whole run.
    pub bytes_per_change: u64,
    /// What happened.
    pub tally: Tally,
}

/// What is done to the keys of a node at a moment.
#[derive(Clone, Copy, Debug)]
enum KeyStep {
    Take(u8),
    Use,
    Drop,
}

struct Storm {
    draw: Draw,
    world: World,
    places: Vec<(f64, f64)>,
    audit: Audit,
    order: Order,
    liar: Liar,
    keys: Vec<(u64, usize, KeyStep)>,
    generation: u8,
    looked: usize,
}

/// Runs the storm of a seed.
///
/// # Errors
/// One line: the time, what did not hold, and the world.
pub fn run(seed: u64) -> Result<Outcome, String> {
    let draw = Draw::new(seed);
    let mut storm = Storm::new(draw);
    let ended = storm.safety().and_then(|()| storm.liveness());
    let (verdict, agreed_ms) =
        ended.map_err(|why| format!("at {} ms: {why}; {draw}", storm.world.now))?;
    let stats = storm.world.nodes.iter_mut().map(|n| n.stats());
    let (bytes, written) = stats.fold((0, 0), |(bytes, written), stats| {
        (
            bytes + stats.bytes_sent,
            written + u64::from(stats.records_written),
        )
    });
    Ok(Outcome {
        draw,
        verdict,
        agreed_ms,
        bytes_per_change: bytes / written.max(1),
        tally: storm.tally(),
    })
}

fn pick(random: &mut Random, count: usize) -> usize {
    random.below(count as u32) as usize
}

impl Storm {
    fn new(draw: Draw) -> Self {
        let mut random = Random::new(draw.seed ^ 0x9a9);
        let (places, reach) = places(draw.shape, draw.size, &mut random);
        let range = super::maps::within(&places, reach);
        let crowd = range.iter().map(Vec::len).max().unwrap_or(0) as u16;
        let signed = if draw.lies.notes > 0 {
            draw.size as u16
        } else {
            0
        };
        let mut world = World::new(range, draw.faults, draw.seed, |config| {
            config.link_hold_ms = draw.link_hold_ms;
            config.heartbeat_max_ms = 30_000;
            config.max_nodes = (config.max_nodes + draw.spare).min(128);
            config.fill = config.fill.min(config.max_nodes);
            config.max_degree = draw.degree;
            config.max_neighbours = (crowd + 1).max(16);
            (config.signed_records, config.signed_bytes) = (signed, 16);
        });
        for index in 0..draw.size {
            let ppm = rate(&mut world.random, draw.drift_ppm);
            // Some clocks begin just before 32 bits of milliseconds are full.
            let origin = u64::from(u32::MAX) - 30_000 + u64::from(world.random.below(60_000));
            world.nodes[index].clock = Drift::new(world.now, origin, ppm);
            world.tally.drifting += u64::from(ppm.unsigned_abs() > 10_000);
            let late = u64::from(world.random.below(3000));
            world.nodes[index].due = Some(world.now + late);
        }
        let liar = Liar::new(&mut world, draw.lies, 100_000);
        let mut storm = Self {
            draw,
            places,
            audit: Audit::new(draw.size),
            order: Order::default(),
            liar,
            keys: Vec::new(),
            generation: 0,
            looked: 0,
            world,
        };
        storm.plan_keys();
        storm
    }

    /// Who gets which key when. The nodes that are late in the last change are the ones that never
    /// get it if the draw says so.
    fn plan_keys(&mut self) {
        let draw = self.draw;
        let random = &mut self.world.random;
        for generation in 1..=draw.rekeys {
            let start = self.world.now + 20_000 + u64::from(generation - 1) * 60_000;
            let start = start + u64::from(random.below(20_000));
            for index in 0..draw.size {
                let late = random.below(1000) < draw.late;
                let span = if late { draw.late_ms } else { 4000 };
                let take = start + u64::from(random.below(span));
                // The patient wait until they believe that all have the key.
                let (wait, keep) = if draw.hasty { (0, 0) } else { (6000, 30_000) };
                let uses = if late { take } else { (start + wait).max(take) };
                self.world.tally.late_keys += u64::from(late);
                self.keys.push((take, index, KeyStep::Take(generation)));
                self.keys.push((uses, index, KeyStep::Use));
                self.keys.push((uses + keep, index, KeyStep::Drop));
            }
        }
        self.keys.sort_by_key(|&(at, ..)| at);
        self.world.tally.rekeys = u64::from(draw.rekeys);
    }

    fn safety(&mut self) -> Result<(), String> {
        self.spell(15_000 + u64::from(self.draw.link_hold_ms), 0)?;
        for _ in 0..self.draw.cuts {
            self.cut();
            let span = 20_000 + u64::from(self.world.random.below(30_000));
            self.spell(span, self.draw.restarts)?;
            self.world.air.group.fill(0);
            let span = 8000 + u64::from(self.world.random.below(20_000));
            self.spell(span, self.draw.restarts / 2)?;
        }
        let span = 15_000 + u64::from(self.world.random.below(20_000));
        self.spell(span, self.draw.restarts)
    }

    /// Cuts the map in two along a random line through one of the nodes.
    fn cut(&mut self) {
        let random = &mut self.world.random;
        let (sin, cos) = f64::from(random.below(628)).mul_add(0.01, 0.005).sin_cos();
        let along = |&(x, y): &(f64, f64)| x * sin + y * cos;
        let at = along(&self.places[pick(random, self.draw.size)]);
        for (group, place) in self.world.air.group.iter_mut().zip(&self.places) {
            *group = u8::from(along(place) < at);
        }
        self.world.tally.cuts += 1;
    }

    /// Lets time pass while everything happens.
    fn spell(&mut self, span: u64, restarts: u32) -> Result<(), String> {
        let end = self.world.now + span;
        let random = &mut self.world.random;
        let mut falls: Vec<u64> = (0..restarts)
            .map(|_| self.world.now + u64::from(random.below(span as u32)))
            .collect();
        while self.world.now < end {
            let pause = 200 + u64::from(self.world.random.below(800));
            let until = (self.world.now + pause).min(end);
            while self.world.now < until {
                self.world.step(until);
                self.audit.step(&mut self.world)?;
            }
            self.work();
            self.weather();
            self.keys_due();
            self.liar.speak(&mut self.world, self.generation);
            self.audit.step(&mut self.world)?;
            self.look()?;
            if falls.iter().any(|&fall| fall <= self.world.now) {
                falls.retain(|&fall| fall > self.world.now);
                self.fall();
            }
        }
        Ok(())
    }

    /// Looks at two nodes in turn, and now and then at the sum of all.
    fn look(&mut self) -> Result<(), String> {
        for _ in 0..2 {
            self.looked += 1;
            let index = self.looked % self.draw.size;
            self.order.look(&mut self.world, index)?;
            check::store(&mut self.world, index)?;
        }
        if self.looked % 64 == 0 {
            check::conservation(&mut self.world)?;
        }
        Ok(())
    }

    fn work(&mut self) {
        let world = &mut self.world;
        let count = world.nodes.len();
        for _ in 0..3 {
            let index = pick(&mut world.random, count);
            let units = i64::from(world.random.below(500));
            world.arrive(index, units);
            let index = pick(&mut world.random, count);
            let units = i64::from(world.random.below(100));
            world.work(index, units);
            let index = pick(&mut world.random, count);
            let books = world.nodes[index].books();
            if books.queued > 0 && !books.links.is_empty() {
                let to = books.links[pick(&mut world.random, books.links.len())].neighbour;
                let units = world.random.below(books.queued as u32 + 1);
                let shipped = world.ship(index, to, units);
                world.tally.shipments += u64::from(shipped);
            }
        }
        if self.draw.lies.notes > 0 {
            let index = pick(&mut world.random, count);
            // A node that is learning, or that is off, has nothing to say.
            let _ = world.nodes[index].note(0, &world.now.to_le_bytes());
        }
    }

    /// Directions of links get worse or better, clocks change their rates, an outsider replays.
    fn weather(&mut self) {
        let draw = self.draw;
        let world = &mut self.world;
        if world.random.below(1000) < draw.changing {
            for _ in 0..1 + draw.size / 16 {
                let from = pick(&mut world.random, draw.size);
                let place = pick(&mut world.random, world.air.range[from].len());
                let path = super::air::Path {
                    loss: world.random.below(draw.loss + 1),
                    delay_ms: world.random.below(draw.delay_ms + 1),
                    deaf: world.random.below(1000) < draw.one_way,
                };
                world.tally.uneven += 1;
                let to = world.air.range[from][place];
                let back = world.air.path(to, from).is_some_and(|path| path.deaf);
                world.tally.one_way += u64::from(path.deaf && !back);
                world.air.paths[from][place] = path;
            }
        }
        if world.random.below(50) == 0 {
            let index = pick(&mut world.random, draw.size);
            let ppm = rate(&mut world.random, draw.drift_ppm);
            let now = world.now;
            world.nodes[index].clock.change(now, ppm);
            world.tally.rates += 1;
        }
        for _ in 0..world.random.below(draw.replays + 1) {
            world.air.replay(world.now);
        }
    }

    /// Does with keys what is due.
    fn keys_due(&mut self) {
        let now = self.world.now;
        let due = self.keys.partition_point(|&(at, ..)| at <= now);
        for (_, index, step) in self.keys.drain(..due).collect::<Vec<_>>() {
            self.key_step(index, step);
        }
    }

    fn key_step(&mut self, index: usize, step: KeyStep) {
        let node = &mut self.world.nodes[index];
        match step {
            KeyStep::Take(generation) => {
                node.take_key(generation);
                self.generation = self.generation.max(generation);
            }
            KeyStep::Use => node.use_key(),
            KeyStep::Drop => node.drop_key(),
        }
        node.due = node.due.map(|due| due.min(self.world.now));
    }

    /// A node loses its memory. Without a snapshot it can only learn what others hold, so its own
    /// last rows must have reached all it may listen to, and nobody may have forged them: see
    /// `docs/guarantees.md` and `docs/security.md`.
    fn fall(&mut self) {
        let index = pick(&mut self.world.random, self.draw.size);
        let world = &mut self.world;
        if world.nodes.iter().any(|n| n.learning) {
            return;
        }
        let quiet = {
            let mut node = world.nodes[index].node();
            !node.learning() && node.quiet()
        };
        let with_snapshot = !quiet || world.random.below(2) == 0;
        let victim = self.liar.victims.contains(&(index as u16 + 1));
        if !with_snapshot && (victim || !told(world, index)) {
            return;
        }
        world.restart(index, with_snapshot);
        let ppm = world.nodes[index].clock.ppm();
        let origin = u64::from(world.random.below(100_000));
        world.nodes[index].clock = Drift::new(world.now, origin, ppm);
        world.tally.restarts += 1;
        world.tally.forgetful += u64::from(!with_snapshot);
    }

    /// What heals heals: links, keys, all but what the draw keeps.
    fn heal(&mut self) {
        let draw = self.draw;
        if draw.finish == Finish::Cut {
            self.cut();
        } else {
            self.world.air.group.fill(0);
        }
        for path in self.world.air.paths.iter_mut().flatten() {
            *path = super::air::Path {
                deaf: path.deaf && draw.finish == Finish::OneWay,
                ..super::air::Path::default()
            };
        }
        let mut without = Vec::new();
        if draw.finish == Finish::Keyless {
            let count = 1 + pick(&mut self.world.random, draw.size.div_ceil(3));
            without.extend((0..count).map(|_| pick(&mut self.world.random, draw.size)));
            without.retain(|&index| !self.world.nodes[index].keys.contains(&draw.rekeys));
        }
        for (_, index, step) in std::mem::take(&mut self.keys) {
            let last = matches!(step, KeyStep::Take(generation) if generation == draw.rekeys);
            if !(last && without.contains(&index)) {
                self.key_step(index, step);
            }
        }
    }

    fn liveness(&mut self) -> Result<(Verdict, u64), String> {
        self.heal();
        let suspects = Suspects {
            invented: &self.liar.invented,
        };
        let (mut verdict, ms) =
            verdict::judge(&mut self.world, &mut self.audit, suspects, LIMIT_MS)?;
        if verdict == Verdict::Agreed && self.draw.size <= LEVELLED {
            verdict = self.level()?;
        }
        check::invariants(&mut self.world)?;
        for index in 0..self.draw.size {
            self.order.look(&mut self.world, index)?;
        }
        let rolled_back = |n: &super::world::SimNode| {
            let mut events = n.events.iter();
            events.any(|e| e.code == Code::Rollback)
        };
        if let Some(index) = self.world.nodes.iter().position(rolled_back) {
            return Err(format!("node {}: a ledger went back", index + 1));
        }
        if verdict.explained() {
            Ok((verdict, ms))
        } else {
            Err(format!("verdict {verdict:?} after {ms} ms of calm"))
        }
    }

    /// Follows the plans of all nodes: every part of the network must come to its level, give or
    /// take a unit for each node, with equal results everywhere.
    fn level(&mut self) -> Result<Verdict, String> {
        let nodes = &self.world.nodes;
        let mut planners: Vec<_> = nodes.iter().map(|n| Planner::new(&n.config)).collect();
        for _ in 0..LEVEL_ROUNDS {
            planner::execute(&mut self.world, &mut planners, 0);
            let until = self.world.now + 1000;
            while self.world.now < until {
                self.world.step(until);
                self.audit.step(&mut self.world)?;
            }
            let nodes = planners.iter_mut().zip(&mut self.world.nodes);
            let results: Vec<_> = nodes.map(|(planner, node)| planner.settle(node)).collect();
            let first = results[0];
            let level = first.in_flight == 0 && first.imbalance <= self.draw.size as u64;
            if level && results.iter().all(|result| *result == first) {
                self.world.tally.levelled += 1;
                return Ok(Verdict::Agreed);
            }
        }
        Ok(Verdict::Unlevel)
    }

    fn tally(&mut self) -> Tally {
        let mut tally = self.world.tally;
        tally.add(&self.world.air.tally);
        tally.steps = self.world.steps;
        let refused = weir::mesh::event::Refusal::Key as usize;
        let stats = self.world.nodes.iter_mut().map(|n| n.stats());
        let (keys, frames) = stats.fold((0, 0), |(keys, frames), s| {
            (
                keys + u64::from(s.refused[refused]),
                frames + u64::from(s.frames_received),
            )
        });
        (tally.wrong_keys, tally.delivered) = (keys, frames);
        tally
    }
}

fn rate(random: &mut Random, most: u32) -> i32 {
    random.below(2 * most + 1) as i32 - most as i32
}

/// Whether everyone whom this node may listen to holds its newest rows.
fn told(world: &mut World, index: usize) -> bool {
    let own = index as u16 + 1;
    let mine = world.nodes[index].rows_of(own);
    let range = world.air.range[index].clone();
    range
        .into_iter()
        .all(|other| world.nodes[other].rows_of(own) == mine)
}
