//! How is load levelled along a tree, with one message up and one message down each edge?
//!
//! On a spanning forest (see `forest`) every node sends the subtotal of its branch to its parent;
//! the root answers with the component's total, and every node passes it on. A branch whose
//! capacities stand at `before .. before + c` in the order of the tree is entitled to
//! `floor(T (before + c) / C) - floor(T before / C)`, and the edge above it carries what the
//! branch holds beyond that. Neighbouring intervals share their border, so shares add up exactly:
//! **no unit is lost, and every node ends less than one unit from its exact share**. Negative loads
//! are loads; a node of capacity 0 is a leaf that is entitled to nothing.
//!
//! Everything is a pure function of the newest messages of the current round, so a message may be
//! sent again until it is acknowledged; the same round gives the same message. Loads are in units
//! of 2^-16 in `i64`. Bounds: 65,535 nodes keep subtotals below 2^47 and capacities below 2^32;
//! messages beyond that are refused. The flow is a tree flow: longer than the least-squares flow of
//! [`super::Complex::plan`], by the factors in `docs/balancing.md`. Source: math.md 4.

use crate::num::Exact;
use bytemuck::{Pod, Zeroable};

/// Bound of subtotals.
const LOAD_MAX: u64 = 1 << 47;

/// What a branch tells its parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Up {
    /// The round it belongs to; 0 is none.
    pub turn: u32,
    /// Capacity of the branch.
    pub capacity: u32,
    /// Load of the branch.
    pub load: i64,
}

/// What a parent tells a branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Down {
    /// The round it belongs to; 0 is none.
    pub turn: u32,
    /// Capacity of the component.
    pub capacity: u32,
    /// Capacity that stands before this branch in the order of the tree.
    pub before: u32,
    /// Zero.
    pub reserved: u32,
    /// Load of the component.
    pub total: i64,
}

/// Whether a message of round `heard` replaces one of round `held`: it is ahead by less than half
/// the range, or there was none.
#[must_use]
pub fn newer(heard: u32, held: u32) -> bool {
    let ahead = heard.wrapping_sub(held);
    heard != 0 && (held == 0 || (ahead != 0 && ahead < 1 << 31))
}

impl Up {
    /// What a node with these newest messages of its children sends up in round `turn`; `None`
    /// while a child has not reported in this round, or if a sum is beyond its bound. At the root
    /// it is the total.
    #[must_use]
    pub fn gather(turn: u32, load: i32, capacity: u16, children: &[Up]) -> Option<Self> {
        let mut sum = Self {
            turn,
            capacity: u32::from(capacity),
            load: i64::from(load),
        };
        for child in children {
            if child.turn != turn || turn == 0 {
                return None;
            }
            sum.capacity = sum.capacity.checked_add(child.capacity)?;
            sum.load = sum.load.checked_add(child.load)?;
        }
        (sum.load.unsigned_abs() < LOAD_MAX).then_some(sum)
    }
}

impl Down {
    /// What the root tells itself.
    #[must_use]
    pub fn root(total: Up) -> Self {
        Self {
            turn: total.turn,
            capacity: total.capacity,
            total: total.load,
            ..Self::default()
        }
    }

    /// What a node that was told `self` tells its child `index`: behind the node itself stand its
    /// children, in the order in which they are given (ascending ids). `None` if there is no such
    /// child, or a message is of another round or beyond its bound.
    #[must_use]
    pub fn pass(self, capacity: u16, children: &[Up], index: usize) -> Option<Self> {
        let mut before = self.before.checked_add(u32::from(capacity))?;
        for child in children.get(..index)? {
            before = before.checked_add(child.capacity)?;
        }
        let child = children.get(index)?;
        let inside = before.checked_add(child.capacity)? <= self.capacity;
        let current = child.turn == self.turn && self.turn != 0;
        (inside && current).then_some(Self { before, ..self })
    }

    /// The load that capacities `before .. before + capacity` are entitled to; nothing if there is
    /// no capacity at all. `None` beyond the bounds.
    #[must_use]
    pub fn share(self, capacity: u32) -> Option<i64> {
        if self.total.unsigned_abs() >= LOAD_MAX {
            return None;
        }
        if self.capacity == 0 {
            return Some(0);
        }
        let end = self.before.checked_add(capacity)?;
        if end > self.capacity {
            return None;
        }
        Some(self.border(end)?.minus(self.border(self.before)?))
    }

    /// `floor(total * place / capacity)` for `place <= capacity`, without a wider product: the
    /// total is a multiple of the capacity and a rest below it.
    fn border(self, place: u32) -> Option<i64> {
        let by = i64::from(self.capacity);
        let whole = self.total.checked_div_euclid(by)?;
        // Below 2^32 times below 2^32.
        let rest = self.total.minus(whole.times(by)).unsigned_abs();
        let part = rest
            .times(u64::from(place))
            .checked_div(u64::from(self.capacity))?;
        // `|whole * place| <= |total| + capacity`; the part is below 2^32.
        Some(whole.times(i64::from(place)).plus(part as i64))
    }
}

/// What the edge between a branch and its parent carries upwards, from the two messages that
/// crossed it; below zero it carries downwards. Both ends compute the same. `None` if the messages
/// are of different rounds or beyond their bounds.
#[must_use]
pub fn flow(up: Up, down: Down) -> Option<i64> {
    let current = up.turn == down.turn && up.turn != 0;
    let fits = up.load.unsigned_abs() < LOAD_MAX;
    let share = down.share(up.capacity)?;
    // Without any capacity nobody is entitled to anything, and everything stays where it is.
    let held = if down.capacity == 0 { 0 } else { up.load };
    (current && fits).then(|| held.minus(share))
}
