//! The simulator: production nodes, one clock that jumps to the next thing that happens, one seed.
//!
//! [`draw`] draws the world of a seed: sizes, shapes, probabilities. Faults: [`air`] loses,
//! repeats, delays, cuts and is deaf on one side; [`clock`] is wrong; [`liar`] lies, within
//! [`forge`]; [`world`] holds the nodes, their applications, their keys and their restarts.
//! [`check`] looks only at what a node says of itself. [`storm`] is the safety phase, [`verdict`]
//! the liveness phase, which ends with a name for what came out; [`tally`] counts what happened.
//! [`table`] is a picture of it, loss by size. Faults and checks do not know each other. A
//! failure names the seed, the world and the line that runs it again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub mod air;
pub mod check;
pub mod clock;
pub mod draw;
pub mod forge;
pub mod liar;
pub mod maps;
pub mod planner;
pub mod storm;
pub mod table;
pub mod tally;
pub mod verdict;
pub mod world;

/// What `work` makes of each item, in their order; items are taken by as many threads as there are
/// processors. Each item is a world of its own, so the result does not depend on that.
pub fn on_all_processors<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let take = || {
            let claims = std::iter::from_fn(|| {
                let index = next.fetch_add(1, Ordering::Relaxed);
                Some((index, items.get(index)?))
            });
            claims
                .map(|(index, item)| (index, work(item)))
                .collect::<Vec<_>>()
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(take)).collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("a thread"))
            .collect()
    });
    results.sort_unstable_by_key(|&(index, _)| index);
    results.into_iter().map(|(_, result)| result).collect()
}
