//! The picture: how long a mesh takes to agree, by loss and size, from fixed seeds.
//!
//! All nodes start at once, each with work of its own, knowing nobody. Time runs from there to the
//! moment from which on all agree and are silent; bytes are what a node has sent by then, on
//! average. A cell without agreement has the name of its verdict.

use std::collections::BTreeMap;

use weir::random::Random;

use super::air::Faults;
use super::check::Audit;
use super::maps::{Shape, places, within};
use super::verdict::{self, Suspects, Verdict};
use super::world::World;

/// Losses in parts of 100, from top to bottom.
pub const LOSSES: [u32; 6] = [0, 10, 20, 30, 50, 70];
/// Sizes, from left to right.
pub const SIZES: [usize; 7] = [2, 4, 8, 16, 32, 54, 128];
/// How long a cell may take.
const PATIENCE_MS: u64 = 1_800_000;

const HEAD: &str = "\
From a cold start to lasting agreement, by loss (percent of frames, per receiver) and nodes.

Made by the simulator from fixed seeds: 54 nodes are the laboratory, the others lie scattered with
at most 11 in range at first. Heartbeat 30 s, hold 5 s, smallest interval 1 s, at most 12 links a
node. What does not agree and fall silent within 1800 s has the name of its verdict:
`Differing` = records still change, `StillTransferring` = work is on its way, `Unsettled` = neither,
but something is said again and again. The verdicts are in ffi-tests/src/sim/verdict.rs;
cargo test --profile checked -p ffi-tests --test sim_table compares, with WEIR_BLESS=1 writes.
";

/// A place of the table.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// How it ended.
    pub verdict: Verdict,
    /// From the start to the moment from which on all agreed.
    pub agreed_ms: u64,
    /// Sent by a node, on average.
    pub bytes: u64,
}

/// Runs one cell.
///
/// # Errors
/// What did not hold at a step.
pub fn cell(size: usize, loss: u32) -> Result<Cell, String> {
    let seed = size as u64 * 1000 + u64::from(loss);
    let faults = Faults {
        loss: loss * 10,
        ..Faults::NONE
    };
    // One map for all losses of a size.
    let shape = if size == 54 {
        Shape::Lab
    } else {
        Shape::Scattered
    };
    let (places, reach) = places(shape, size, &mut Random::new(size as u64));
    let range = within(&places, reach);
    let crowd = range.iter().map(Vec::len).max().unwrap_or(0) as u16;
    let mut world = World::new(range, faults, seed, |config| {
        config.link_hold_ms = 5000;
        config.heartbeat_max_ms = 30_000;
        config.fill = config.fill.min(config.max_nodes);
        config.max_neighbours = crowd.max(16);
    });
    (0..size).for_each(|index| world.switch_on(index));
    let mut audit = Audit::new(size);
    let nobody = Suspects { invented: &[] };
    // Work can arrive once a node knows that it has no past.
    let (start, learned) = (world.now, world.now + 6000);
    while world.now < learned {
        world.step(learned);
        audit.step(&mut world)?;
    }
    (0..size).for_each(|index| world.arrive(index, 1000 + index as i64));
    let (verdict, ms) = verdict::judge(&mut world, &mut audit, nobody, PATIENCE_MS)?;
    let sent: u64 = world.nodes.iter_mut().map(|n| n.stats().bytes_sent).sum();
    Ok(Cell {
        verdict,
        agreed_ms: ms + learned - start,
        bytes: sent / size as u64,
    })
}

/// The text of a whole table, which has a cell for every size and loss.
#[must_use]
pub fn text(cells: &BTreeMap<(usize, u32), Cell>) -> String {
    let half = |title: &str, write: &dyn Fn(&Cell) -> String| {
        let mut lines = format!("\n{title}\n  loss");
        SIZES
            .iter()
            .for_each(|size| lines += &format!("{size:>10}"));
        for loss in LOSSES {
            lines += &format!("\n{loss:>4} %");
            for size in SIZES {
                lines += &format!(" {:>9}", write(&cells[&(size, loss)]));
            }
        }
        lines + "\n"
    };
    let seconds = half("seconds to agreement", &|cell| match cell.verdict {
        Verdict::Agreed => format!("{}.{}", cell.agreed_ms / 1000, cell.agreed_ms / 100 % 10),
        other => format!("{other:?}"),
    });
    let bytes = half("bytes sent by a node, mean", &|cell| cell.bytes.to_string());
    HEAD.to_owned() + &seconds + &bytes
}
