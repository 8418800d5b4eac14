//! Which flow on the network levels load over capacity with the least effort?
//!
//! Within each connected component of the nodes with capacity, `L p = load - target` with `target_v
//! = total * c_v / sum c`; `p` is made integer by the common threshold and an edge carries `p_low -
//! p_high`, which is the least-squares flow up to rounding. A node without capacity first hands its
//! load to its neighbours with capacity in equal parts, the remainder to the lowest ids; without
//! such a neighbour it keeps it. Loads and flows are Q16.16; capacities are weights of any unit.
//!
//! A target is a whole part and a fraction `r / sum c` that is expanded to 40 bits, one unit of
//! which the certificate allows for. Bounds: `|load| < 2^48` after shedding, totals below 2^63 are
//! checked; the potentials are below `min(norm max|b|, n sum|b| / 2)`, which must be below 2^46.
//! Source: math.md 4. Does not know what was sent already: see the room that executes plans.

use super::blocks::ends_of;
use super::pool::{Payload, Pool, Work, halves};
use super::settle::open;
use super::solve::{Edges, GUARD, Source, solver};
use super::{Block, Complex, Edge, Error, Head, Member, NONE, Store};
use crate::num::{Exact, at, put};

/// How a plan went, and what it achieves. Imbalance is `max |load - target|` in units of 2^-16,
/// rounded up; the target of a node without capacity is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanReport {
    /// Most passes through the factor that a component took.
    pub passes: u16,
    /// Whether some bit could not be proven independent of the method.
    pub uncertified: bool,
    /// Imbalance as given.
    pub before: u64,
    /// Imbalance once the flow is executed; at most the degree of a node.
    pub after: u64,
}

/// What the caller asks to be levelled.
#[derive(Clone, Copy)]
struct Task<'a> {
    ids: &'a [u16],
    edges: &'a [Edge],
    load: &'a [i32],
    capacity: &'a [u16],
}

impl Complex<'_> {
    /// Writes into `flow`, edge by edge in canonical order, what levels `load` over `capacity`;
    /// both are by node in ascending order of ids; no capacities are equal ones. Positive flow goes
    /// from the smaller id to the larger.
    ///
    /// `Length` if a slice does not match, `Range` if a flow does not fit Q16.16, `Full` and
    /// `IllConditioned` as in [`Complex::settle`], for the graph. An error leaves `flow` as it was.
    /// Takes the room of the projection's factors, which the next projection makes again.
    pub fn plan(
        &mut self,
        load: &[i32],
        capacity: &[u16],
        flow: &mut [i32],
    ) -> Result<PlanReport, Error> {
        self.flow_fits(flow)?;
        let nodes = self.nodes().len();
        let given = capacity.len() == nodes || capacity.is_empty();
        if load.len() != nodes || !given {
            return Err(Error::Length);
        }
        self.settle_balance(&|node| share(capacity, node))?;
        let Self { head, store } = self;
        let mut desk = Desk::of(head, store, load, capacity).ok_or(Error::Full)?;
        let result = desk.plan(flow);
        desk.clear();
        result
    }
}

impl Task<'_> {
    /// The nodes an edge joins, if exactly one of them has no capacity: (without, with).
    fn shedding(&self, edge: Edge) -> Option<(u16, u16)> {
        let (tail, head) = ends_of(edge, self.ids);
        match (self.share(tail), self.share(head)) {
            (0, 1..) => Some((tail, head)),
            (1.., 0) => Some((head, tail)),
            _ => None,
        }
    }

    /// The edges over which `node` sheds, in ascending order of the neighbour's id, each with the
    /// neighbour and its part. Edges in canonical order meet the neighbours of a node in that
    /// order.
    fn shed(&self, node: u16) -> impl Iterator<Item = (u16, u16, i32)> + use<'_> {
        let over = move |(index, edge): (u16, &Edge)| {
            let (without, with) = self.shedding(*edge)?;
            (without == node).then_some((index, with))
        };
        // A node without capacity has at most as many neighbours as there are edges.
        let count = (0_u16..).zip(self.edges).filter_map(over).count().max(1) as i64;
        let load = i64::from(at(self.load, node));
        let (part, extra) = split(load, count);
        (0_u16..)
            .zip(self.edges)
            .filter_map(over)
            .zip(0_i64..)
            .map(move |((edge, with), rank)| {
                // A part is no larger than the load.
                (edge, with, part.plus(i64::from(rank < extra)) as i32)
            })
    }

    /// A part handed over by `node` as a flow on that edge.
    fn handed(&self, node: u16, edge: u16, part: i32) -> Option<i32> {
        let outward = ends_of(at(self.edges, edge), self.ids).0 == node;
        if outward {
            Some(part)
        } else {
            part.checked_neg()
        }
    }

    /// All that a node in no component receives, which is then its distance from its target.
    fn gift(&self, node: u16) -> u64 {
        let mut sum = 0_i64;
        for closed in self.closed() {
            for (_, _, part) in self.shed(closed).filter(|(_, with, _)| *with == node) {
                sum = sum.plus(i64::from(part));
            }
        }
        sum.unsigned_abs()
    }

    fn share(&self, node: u16) -> u16 {
        share(self.capacity, node)
    }

    /// Nodes without capacity.
    fn closed(&self) -> impl Iterator<Item = u16> + use<'_> {
        (0_u16..)
            .zip(self.capacity)
            .filter(|(_, capacity)| **capacity == 0)
            .map(|(node, _)| node)
    }
}

/// The capacity of a node: 1 if none are given.
fn share(capacity: &[u16], node: u16) -> u16 {
    if capacity.is_empty() {
        1
    } else {
        at(capacity, node)
    }
}

/// Quotient and remainder, the remainder not negative; `by` is positive.
fn split(value: i64, by: i64) -> (i64, i64) {
    let whole = value.checked_div_euclid(by).unwrap_or(0);
    (whole, value.minus(whole.times(by)))
}

/// Loads minus targets within one component.
struct Excess<'a> {
    task: Task<'a>,
    /// From node to vertex.
    map: &'a [u16],
    block: Block,
    /// Load and capacity of the component.
    total: i64,
    capacity: i64,
}

impl<'a> Excess<'a> {
    fn of(task: Task<'a>, map: &'a [u16], block: Block) -> Self {
        let mut excess = Self {
            task,
            map,
            block,
            total: 0,
            capacity: 0,
        };
        let (mut total, mut capacity) = (0_i64, 0_i64);
        for (node, _) in excess.nodes() {
            total = total.plus(i64::from(at(task.load, node)));
            capacity = capacity.plus(i64::from(task.share(node)));
        }
        excess.received(|_, part| total = total.plus(part));
        (excess.total, excess.capacity) = (total, capacity);
        excess
    }

    /// The place of a node in the block, if it is in it.
    fn place(&self, node: u16) -> Option<u16> {
        let vertex = at(self.map, node);
        let place = vertex.checked_sub(self.block.first_vertex)?;
        (vertex != NONE && place < self.block.vertices).then_some(place)
    }

    /// Nodes of the component, with their places.
    fn nodes(&self) -> impl Iterator<Item = (u16, u16)> + use<'_, 'a> {
        (0..self.map.len() as u16).filter_map(|node| Some((node, self.place(node)?)))
    }

    /// Calls `with` for each part that a closed node hands to the component: place and load.
    fn received(&self, mut with: impl FnMut(u16, i64)) {
        for closed in self.task.closed() {
            for (_, node, part) in self.task.shed(closed) {
                if let Some(place) = self.place(node) {
                    with(place, i64::from(part));
                }
            }
        }
    }

    /// The target of a node: whole part and the numerator of a fraction over the capacity. A total
    /// is below 2^48 and a capacity below 2^32, so both products stay below 2^49.
    fn target(&self, node: u16) -> (i64, i64) {
        let share = i64::from(self.task.share(node));
        let (each, left) = split(self.total, self.capacity.max(1));
        let (more, rest) = split(left.times(share), self.capacity.max(1));
        (each.times(share).plus(more), rest)
    }

    /// Loads after shedding minus the whole parts of targets.
    fn whole(&self, y: &mut [i64]) {
        y.fill(0);
        for (node, place) in self.nodes() {
            put(
                y,
                place,
                i64::from(at(self.task.load, node)).minus(self.target(node).0),
            );
        }
        self.received(|place, part| put(y, place, at(y, place).plus(part)));
    }

    /// The fraction of a target in Q40, rounded down.
    fn fraction(&self, node: u16) -> i64 {
        let rest = self.target(node).1.unsigned_abs();
        let by = self.capacity.max(1).unsigned_abs();
        // The fraction is below one and its denominator below 2^32: 32 bits, then eight more.
        let high = (rest << 32).checked_div(by).unwrap_or(0);
        let left = (rest << 32).wrapping_sub(high.wrapping_mul(by));
        let low = (left << 8).checked_div(by).unwrap_or(0);
        // 40 bits.
        ((high << 8) | low) as i64
    }

    /// Whether potentials surely leave room for the guard bits.
    fn fits(&self, y: &[i64], norm: u32) -> bool {
        let magnitudes = y.iter().map(|value| value.unsigned_abs().plus(1));
        let most = magnitudes.clone().max().unwrap_or(0);
        let sum = magnitudes.fold(0, u64::saturating_add);
        let by_norm = most.saturating_mul(u64::from(norm));
        let by_path = (sum >> 1).saturating_mul(y.len() as u64);
        by_norm.min(by_path) < 1 << 46 && sum < 1 << 46
    }

    /// `|whole - fraction|` rounded up, for a whole part of an excess.
    fn distance(&self, node: u16, whole: i64) -> u64 {
        let down = whole <= 0 && self.target(node).1 != 0;
        whole.unsigned_abs().plus(u64::from(down))
    }
}

impl Source for Excess<'_> {
    fn coarse(&self, y: &mut [i64]) {
        self.whole(y);
        for (node, place) in self.nodes() {
            put(
                y,
                place,
                (at(y, place) << GUARD).minus(self.fraction(node) >> 24),
            );
        }
    }

    fn fine(&self, y: &mut [i64], bits: u32) -> u64 {
        let mut cut = false;
        for (node, place) in self.nodes() {
            let low = (self.fraction(node) & 0xff_ffff) >> 24_u32.minus(bits);
            put(y, place, at(y, place).minus(low));
            cut |= self.target(node).1 != 0;
        }
        u64::from(cut)
    }
}

/// A settled balance, taken apart.
struct Desk<'a> {
    head: &'a Head,
    task: Task<'a>,
    members: &'a [Member],
    blocks: &'a [Block],
    gap: &'a mut [u64],
    payloads: &'a mut [u64],
    /// From node to vertex.
    map: &'a [u16],
}

impl<'a> Desk<'a> {
    fn of(
        head: &'a Head,
        store: &'a mut Store<'_>,
        load: &'a [i32],
        capacity: &'a [u16],
    ) -> Option<Self> {
        let nodes = usize::from(head.nodes);
        let Pool {
            blocks,
            gap,
            payloads,
        } = Pool::of(store.pool, head);
        let map = payloads.len().checked_sub(halves(nodes))?;
        let (payloads, map) = payloads.split_at_mut_checked(map)?;
        let map: &[u16] = bytemuck::try_cast_slice(map).ok()?;
        Some(Self {
            head,
            task: Task {
                ids: store.ids.get(..nodes)?,
                edges: store.edges.get(..usize::from(head.edges))?,
                load,
                capacity,
            },
            members: store.members,
            blocks,
            gap,
            payloads,
            map: map.get(..nodes)?,
        })
    }

    fn plan(&mut self, flow: &mut [i32]) -> Result<PlanReport, Error> {
        let mut report = PlanReport::default();
        self.alone(&mut report);
        let task = self.task;
        let signs = task.closed().all(|closed| {
            task.shed(closed)
                .all(|(edge, _, part)| task.handed(closed, edge, part).is_some())
        });
        signs.then_some(()).ok_or(Error::Range)?;
        for block in self.blocks {
            self.level(block, &mut report).ok_or(Error::Range)?;
        }
        flow.fill(0);
        for block in self.blocks {
            self.write(block, flow);
        }
        for closed in task.closed() {
            for (edge, _, part) in task.shed(closed) {
                let handed = task.handed(closed, edge, part);
                put(flow, edge, handed.unwrap_or_default());
            }
        }
        Ok(report)
    }

    /// Work arrays and potentials are zero between calls.
    fn clear(&mut self) {
        for block in self.blocks {
            if let Some((payload, work)) = self.open(block) {
                payload.hint.fill(0);
                work.x.fill(0);
                work.y.fill(0);
                work.d.fill(0);
            }
        }
    }

    fn open(&mut self, block: &Block) -> Option<(Payload<'_>, Work<'_>)> {
        // Distances are from the end of the pool, behind the map.
        let block = Block {
            at: block.at.minus(halves(self.map.len()) as u32),
            ..*block
        };
        open(self.head, &block, self.gap, self.payloads)
    }

    /// Imbalance of nodes in no component: without capacity, or with no such neighbour.
    fn alone(&self, report: &mut PlanReport) {
        let task = self.task;
        for closed in task.closed() {
            let load = u64::from(at(task.load, closed).unsigned_abs());
            report.before = report.before.max(load);
            let mut sheds = false;
            for (_, node, _) in task.shed(closed) {
                sheds = true;
                if at(self.map, node) == NONE {
                    report.before = report.before.max(task.gift(node));
                }
            }
            report.after = report.after.max(if sheds { 0 } else { load });
        }
    }

    /// Leaves the integer potentials of one component in its hints, modulo 2^32; `None` if a flow
    /// does not fit.
    fn level(&mut self, block: &Block, report: &mut PlanReport) -> Option<()> {
        let excess = Excess::of(self.task, self.map, *block);
        let edges = Edges {
            members: self.members.get(block.members())?,
            trust: None,
        };
        let (payload, work) = self.open(block)?;
        let (mut solver, _) = solver(block, edges, payload, work);
        excess.whole(solver.y);
        excess.fits(solver.y, solver.norm).then_some(())?;
        for (node, _) in excess.nodes() {
            let given = i64::from(at(excess.task.load, node)).minus(excess.target(node).0);
            report.before = report.before.max(excess.distance(node, given));
        }
        let outcome = solver.refine(&excess, false);
        solver.round();
        report.passes = report.passes.max(outcome.passes);
        report.uncertified |= outcome.uncertified;
        excess.whole(solver.y);
        solver.subtract();
        for (node, place) in excess.nodes() {
            report.after = report.after.max(excess.distance(node, at(solver.y, place)));
        }
        for member in edges.members {
            let flow = at(solver.x, member.tail).minus(at(solver.x, member.head));
            i32::try_from(flow).ok()?;
        }
        for (hint, x) in solver.hint.iter_mut().zip(solver.x.iter()) {
            *hint = *x as i32;
        }
        Some(())
    }

    fn write(&mut self, block: &Block, flow: &mut [i32]) {
        let members = self.members.get(block.members()).unwrap_or(&[]);
        let Some((payload, _)) = self.open(block) else {
            return;
        };
        for member in members {
            let (from, to) = (at(payload.hint, member.tail), at(payload.hint, member.head));
            put(flow, member.edge, from.wrapping_sub(to));
        }
    }
}
