//! How many exchanges does random pairwise gossip take to level a load?
//!
//! One exchange: a node wakes at random, picks one of its neighbours at random, they send each
//! other their load and both take the mean (Boyd, Ghosh, Prabhakar, Shah 2006). Two messages of 8
//! bytes, as the predecessor counts.

use super::network::Network;
use super::{CLOSE, Course, imbalance};
use crate::oracle::Random;

/// Bytes of a value.
const WIDE: u64 = 8;
/// After so many exchanges a run counts as not finishing.
const EXCHANGES_MAX: u32 = 100_000_000;

/// One run. The network must be connected.
#[must_use]
pub fn pairwise(network: &Network, load: &[f64], seed: u64) -> Course {
    let neighbours = network.neighbours();
    let mut random = Random(seed);
    let mut load = load.to_vec();
    let mut steps = 0;
    while imbalance(&load) >= CLOSE {
        assert!(steps < EXCHANGES_MAX, "gossip does not finish");
        let a = random.below(network.nodes as u64) as usize;
        let b = neighbours[a][random.below(neighbours[a].len() as u64) as usize];
        let mean = (load[a] + load[b]) / 2.0;
        (load[a], load[b]) = (mean, mean);
        steps += 1;
    }
    let messages = 2 * u64::from(steps);
    let bytes = messages * WIDE;
    Course {
        steps,
        messages,
        bytes,
        load,
    }
}

/// The run with the median number of exchanges, of the seeds from 1 to `seeds`.
#[must_use]
pub fn median(network: &Network, load: &[f64], seeds: u64) -> Course {
    let mut runs: Vec<Course> = (1..=seeds)
        .map(|seed| pairwise(network, load, seed))
        .collect();
    runs.sort_by_key(|run| run.steps);
    runs.swap_remove(seeds as usize / 2)
}
