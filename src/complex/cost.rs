//! Which way of levelling load costs least on this network?
//!
//! Four ways reach the same targets. Rounds and bytes follow from the topology and from how many
//! nodes' loads changed since the last balance; nothing is fitted to any network.
//!
//! | way | what is sent | messages | rounds |
//! |---|---|---|---|
//! | plan, flooded | changes, over all edges | at most `changed (2 links - branches)` | width |
//! | plan, along the forest | changes, over branches | `changed branches` | `2 depth` at most |
//! | tree sweep | a subtotal up, a total down | `2 branches` | `2 depth` |
//! | diffusion | loads, over all edges, every round | `2 links rounds` | from the spectrum |
//!
//! Rounds of diffusion: the least `t` with `(1 + t (1 - m) / (1 + m)) m^(t/2) <= 2^-bits`, `m` the
//! momentum: the bound of second-order steps on every component of an imbalance. Messages stay
//! below 2^40 and bytes below 2^56. Source: math.md 4. Quality is the other half of a choice: plan
//! and diffusion move as little as can be, a tree sweep up to a few times that; see
//! `docs/balancing.md`.

use super::forest::Forest;
use super::spectrum::Pace;
use crate::num::Exact;
use crate::num::wide::{div_shift, mul_q30};

/// Rounds of diffusion are not counted beyond this.
const ROUNDS_MAX: u32 = 1 << 20;

/// A way to level load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Changes flood the network over all edges; every node computes the plan.
    Flood = 0,
    /// Changes travel along the forest; every node computes the plan.
    Plan = 1,
    /// Subtotals up the forest, totals down: see `sweep`.
    Sweep = 2,
    /// Second-order diffusion: see `diffusion`.
    Diffusion = 3,
}

/// All ways, in the order of preference among equals: least work moved, then least topology used.
pub const METHODS: [Method; 4] = [
    Method::Plan,
    Method::Flood,
    Method::Diffusion,
    Method::Sweep,
];

/// Bytes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// A changed load with its node and version.
    pub entry: u16,
    /// A subtotal or a total.
    pub sum: u16,
    /// A load told to a neighbour.
    pub value: u16,
}

impl Sizes {
    /// The least that can be sent: id, version and 32 bits of load; or the 32 bits alone.
    pub const LEAST: Self = Self {
        entry: 8,
        sum: 8,
        value: 4,
    };
}

/// What a balance is about to cost, without loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Synchronous rounds.
    pub rounds: u32,
    /// Messages over one edge.
    pub messages: u64,
    /// Bytes of those messages.
    pub bytes: u64,
}

impl Method {
    /// The cost after `changed` nodes changed their load, if imbalance must shrink by `2^bits`.
    #[must_use]
    pub fn cost(self, forest: Forest, pace: Pace, changed: u16, bits: u8, sizes: Sizes) -> Cost {
        let (links, branches) = (u64::from(forest.links), u64::from(forest.branches));
        let changed = u64::from(changed);
        let there_and_back = u32::from(forest.depth).times(2);
        let (rounds, messages, size) = match self {
            Self::Flood => {
                // A branch carries a change once, any other edge at most twice.
                let each = links.times(2).saturating_sub(branches);
                (u32::from(forest.width), changed.times(each), sizes.entry)
            }
            Self::Plan => (there_and_back, changed.times(branches), sizes.entry),
            Self::Sweep => (there_and_back, branches.times(2), sizes.sum),
            Self::Diffusion => {
                let rounds = rounds(pace, bits);
                let each = links.times(2);
                (rounds, u64::from(rounds).times(each), sizes.value)
            }
        };
        if changed == 0 {
            return Cost::default();
        }
        Cost {
            rounds,
            messages,
            bytes: messages.times(u64::from(size)),
        }
    }
}

/// The way with the fewest bytes among those whose bit `1 << method` is set in `among`, of equals
/// the one that moves less work; `None` if none is.
#[must_use]
pub fn cheapest(cost: impl Fn(Method) -> Cost, among: u32) -> Option<Method> {
    let allowed = METHODS
        .into_iter()
        .filter(|method| among & (1 << (*method as u32)) != 0);
    allowed.min_by_key(|method| cost(*method).bytes)
}

/// Rounds until second-order steps have shrunk every imbalance by `2^bits`, at most 32 bits.
fn rounds(pace: Pace, bits: u8) -> u32 {
    let one = 1_i64 << 30;
    let momentum = i64::from(pace.momentum.clamp(0, 1 << 30));
    let slope = div_shift(one.minus(momentum), 30, one.plus(momentum)).unwrap_or(0);
    let target = (1_i64 << 34) >> bits.min(32);
    let mut left = 1_i64 << 48;
    let mut rounds = 0_u32;
    while rounds < ROUNDS_MAX {
        // `1 + t slope` in Q16, so the product with Q48 is Q34.
        let grown = i64::from(rounds).times(slope) >> 14;
        let grown = grown.plus(1 << 16).min(i64::from(i32::MAX)) as i32;
        if mul_q30(left, grown) <= target {
            break;
        }
        left = mul_q30(left, pace.factor.clamp(0, 1 << 30));
        rounds = rounds.plus(1);
    }
    rounds.max(1)
}
