//! The storm: everything at once on the laboratory map, from one seed.
//!
//! *Safety phase*: rough air, three partitions along random lines, work that arrives, is done and
//! is shipped at random, restarts with and without a snapshot; conservation is checked after every
//! step. *Liveness phase*: the map heals, nothing new arrives; all must hold one digest in bounded
//! time and nothing may be in flight.

use weir::mesh::event::Code;

use super::air::Faults;
use super::check;
use super::maps::{LAB, within};
use super::world::World;

/// How long agreement may take after the last change, before the verdict is "no agreement".
pub const LIMIT_MS: u64 = 600_000;

/// What a storm came to.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// From the heal of the last partition to one digest everywhere.
    pub agreed_ms: u64,
    /// Bytes sent by all nodes, per version of a row that was written, in the whole run.
    pub bytes_per_change: u64,
    /// Steps after which conservation was checked.
    pub steps: u64,
    /// Restarts, and how many of them had no snapshot.
    pub restarts: (u32, u32),
}

/// Runs the storm of a seed.
///
/// # Errors
/// What did not hold, and when.
pub fn run(seed: u64) -> Result<Verdict, String> {
    let mut world = World::new(within(&LAB, 8.0), Faults::ROUGH, seed, |config| {
        config.link_hold_ms = 5000;
        config.heartbeat_max_ms = 30_000;
    });
    for index in 0..world.nodes.len() {
        world.switch_on(index);
    }
    let mut restarts = (0, 0);
    advance(&mut world, 40_000, 0, &mut restarts)?;
    for _ in 0..3 {
        cut(&mut world);
        let span = 20_000 + u64::from(world.random.below(40_000));
        advance(&mut world, span, 2, &mut restarts)?;
        world.air.group.fill(0);
        let span = 10_000 + u64::from(world.random.below(20_000));
        advance(&mut world, span, 1, &mut restarts)?;
    }
    let agreed_ms = calm(&mut world)?;
    let totals = world.nodes.iter_mut().map(|n| n.stats());
    let (bytes, written) = totals.fold((0, 0), |(bytes, written), stats| {
        (
            bytes + stats.bytes_sent,
            written + u64::from(stats.records_written),
        )
    });
    Ok(Verdict {
        agreed_ms,
        bytes_per_change: bytes / written.max(1),
        steps: world.steps,
        restarts,
    })
}

/// Cuts the map in two along a random line.
fn cut(world: &mut World) {
    let vertical = world.random.below(2) == 0;
    let at = f64::from(8 + world.random.below(24));
    for (group, (x, y)) in world.air.group.iter_mut().zip(LAB) {
        *group = u8::from(if vertical { x < at } else { y < at });
    }
}

/// Lets time pass while work arrives, is done and is shipped, and nodes restart.
fn advance(
    world: &mut World,
    span: u64,
    restarts: u32,
    count: &mut (u32, u32),
) -> Result<(), String> {
    let end = world.now + span;
    let mut falls: Vec<u64> = (0..restarts)
        .map(|_| world.now + u64::from(world.random.below(span as u32)))
        .collect();
    while world.now < end {
        let until = (world.now + 200 + u64::from(world.random.below(800))).min(end);
        while world.now < until {
            world.step(until);
            check::conservation(world).map_err(|why| format!("at {} ms: {why}", world.now))?;
        }
        act(world);
        if falls.iter().any(|&fall| fall <= world.now) {
            falls.retain(|&fall| fall > world.now);
            let index = world.random.below(world.nodes.len() as u32) as usize;
            fall(world, index, count);
        }
    }
    Ok(())
}

/// A node loses its memory. Without a snapshot it can only learn what others hold, so its own last
/// rows must have reached a neighbour that stays up: see `docs/guarantees.md`.
fn fall(world: &mut World, index: usize, count: &mut (u32, u32)) {
    let quiet = {
        let mut node = world.nodes[index].node();
        !node.learning() && node.quiet()
    };
    let with_snapshot = !quiet || world.random.below(2) == 0;
    if world.nodes.iter().any(|n| n.learning) {
        return;
    }
    if !with_snapshot && !told(world, index) {
        return;
    }
    world.restart(index, with_snapshot);
    count.0 += 1;
    count.1 += u32::from(!with_snapshot);
}

/// Whether every radio that hears this one holds its newest rows.
fn told(world: &mut World, index: usize) -> bool {
    let own = index as u16 + 1;
    let newest = |versions: Vec<(u16, u8, weir::record::Version)>| {
        versions
            .into_iter()
            .filter(|v| v.0 == own)
            .collect::<Vec<_>>()
    };
    let mine = newest(world.nodes[index].versions());
    let hearers = world.air.range[index].clone();
    let mut heard = hearers
        .into_iter()
        .filter(|&h| world.air.hears(index, h))
        .collect::<Vec<_>>();
    heard.retain(|&h| world.nodes[h].due.is_some());
    !heard.is_empty()
        && heard
            .into_iter()
            .all(|h| newest(world.nodes[h].versions()) == mine)
}

fn act(world: &mut World) {
    let count = world.nodes.len() as u32;
    for _ in 0..3 {
        let index = world.random.below(count) as usize;
        let units = i64::from(world.random.below(500));
        world.arrive(index, units);
        let index = world.random.below(count) as usize;
        let units = i64::from(world.random.below(100));
        world.work(index, units);
        let index = world.random.below(count) as usize;
        let books = world.nodes[index].books();
        if books.queued > 0 && !books.links.is_empty() {
            let to = books.links[world.random.below(books.links.len() as u32) as usize].neighbour;
            let units = world.random.below(books.queued as u32 + 1);
            world.ship(index, to, units);
        }
    }
}

/// Runs until all agree and nothing is in flight; the time until they agreed.
fn calm(world: &mut World) -> Result<u64, String> {
    world.air.group.fill(0);
    let start = world.now;
    let mut agreed = None;
    while world.now < start + LIMIT_MS {
        let until = world.now + 100;
        while world.now < until {
            world.step(until);
        }
        let in_flight = check::conservation(world).map_err(|why| format!("in the calm: {why}"))?;
        match (check::one_digest(world), agreed) {
            (Some(_), None) => agreed = Some(world.now - start),
            (None, Some(_)) => agreed = None,
            _ => {}
        }
        if let (Some(ms), 0) = (agreed, in_flight)
            && world.now - start > ms + 40_000
        {
            check::invariants(world)?;
            let lost = world.nodes.iter().flat_map(|n| &n.events);
            let rollbacks = lost
                .filter(|e| e.code == Code::Rollback && e.peer == 0)
                .count();
            return if rollbacks == 0 {
                Ok(ms)
            } else {
                Err(format!("{rollbacks} rollbacks"))
            };
        }
    }
    Err(format!("no agreement within {LIMIT_MS} ms"))
}
