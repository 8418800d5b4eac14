//! How do neighbours level load when nobody knows more than its neighbours' loads?
//!
//! Second-order diffusion: every round each node tells its neighbours its load, and each edge moves
//! `momentum * last flow + gain * (difference of load over capacity)`. Both ends know the same two
//! loads, so both compute the same flow, and what one gives is what the other takes: **no unit is
//! lost in any round**. [`Channel`] is the state of one edge, kept at both ends; `first`, `gain`
//! and `momentum` come from [`super::Spectrum::pace`].
//!
//! **Stable** for every load, whatever `low` was estimated: the roots of `z^2 - b m z + (b - 1)`,
//! `b = 1 + momentum`, lie inside the unit circle exactly when `|m| < 1`, and `m = 1 - first *
//! eigenvalue` does for `0 < first < 2 / high`. Removing edges only lowers eigenvalues, so an edge
//! that goes down (its channel is reset) needs no new pace; one that comes up does.
//!
//! Flows keep 12 bits below 2^-16 and what rounding left is fed back into the next round. The rest
//! that never levels is stated by the tests: some ulp, growing with the length of the network.
//! A round needs the same round's loads of both ends: a node waits for its neighbours, so loss
//! costs rounds and no bit. Bounds: loads and flows of a round are held to `i32`, levels are below
//! 2^59, differences below 2^60. Source: math.md 4; Muthukrishnan, Ghosh, Schultz (1998); Elsaesser
//! and Monien for capacities. Does not know the topology.

use super::spectrum::Pace;
use crate::num::Exact;
use crate::num::wide::{mul_q30, shr_round};
use bytemuck::{Pod, Zeroable};

/// Fraction bits of a flow below its unit.
const GUARD: u32 = 12;
/// Largest flow of a round.
const FLOW_MAX: i64 = WHOLE_MAX << GUARD;
/// The same without its fraction.
const WHOLE_MAX: i64 = i32::MAX as i64;

/// Two loads that an edge compares, and the capacities they are spread over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Load of the end with the smaller id.
    pub low: i32,
    /// Load of the end with the larger id.
    pub high: i32,
    /// Capacity of the end with the smaller id.
    pub low_capacity: u16,
    /// Capacity of the end with the larger id.
    pub high_capacity: u16,
}

/// What both ends of an edge remember. All zero before the first round, and when the edge went
/// down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Channel {
    /// The last flow, in units of 2^-28.
    last: i64,
    /// What rounding left of earlier flows, in the same unit.
    rest: i32,
    /// 1 after the first round.
    begun: u32,
}

impl Channel {
    /// What the edge carries in this round, positive from the end with the smaller id. The flow is
    /// zero if a capacity is: a closed node hands its load to its parent in the forest instead.
    ///
    /// `capacity` is the largest of the network, as in [`super::Spectrum`]. Total: any loads, any
    /// capacities, any state. Cost: two 64-bit divisions and two wide products.
    pub fn step(&mut self, ends: Ends, capacity: u16, pace: Pace) -> i32 {
        let level = |load: i32, own: u16| {
            // 2^31 times 2^16 times 2^12.
            (i64::from(load).times(i64::from(capacity)) << GUARD).checked_div(i64::from(own))
        };
        let low = level(ends.low, ends.low_capacity);
        let high = level(ends.high, ends.high_capacity);
        let (Some(low), Some(high)) = (low, high) else {
            *self = Self::default();
            return 0;
        };
        let share = if self.begun == 0 {
            pace.first
        } else {
            pace.gain
        };
        let fresh = mul_q30(low.minus(high), share.max(0));
        let again = mul_q30(held(self.last), pace.momentum.clamp(0, 1 << 30));
        self.last = held(held(fresh).plus(again));
        // The rest is at most half a unit.
        let rest = i64::from(self.rest).clamp(-(1 << GUARD), 1 << GUARD);
        let wanted = self.last.plus(rest);
        let whole = shr_round(wanted, GUARD).clamp(-WHOLE_MAX, WHOLE_MAX);
        self.rest = wanted
            .minus(whole << GUARD)
            .clamp(-(1 << GUARD), 1 << GUARD) as i32;
        self.begun = 1;
        whole as i32
    }
}

fn held(flow: i64) -> i64 {
    flow.clamp(-FLOW_MAX, FLOW_MAX)
}

/// The load a node tells its neighbours: its own, held to Q16.16. Both ends of an edge must use
/// what was told.
#[must_use]
pub fn told(load: i64) -> i32 {
    load.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}
