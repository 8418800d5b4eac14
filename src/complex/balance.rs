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
use super::harmonic::Cocycles;
use super::pool::{Pool, halves};
use super::settle::open;
use super::solve::{Edges, GUARD, Source};
use super::{Block, Complex, Edge, Error, Head, Member, NONE, Store};
use crate::num::wide::mul_capped;
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

/// What a node without capacity hands to a neighbour, or keeps where it has none to hand to.
#[derive(Clone, Copy)]
struct Part {
    /// The edge; [`NONE`] if the load is kept.
    edge: u16,
    from: u16,
    to: u16,
    load: i32,
}

impl Complex<'_> {
    /// Writes into `flow`, edge by edge in canonical order, what levels `load` over `capacity`;
    /// both are by node in ascending order of ids; no capacities are equal ones. Positive flow goes
    /// from the smaller id to the larger.
    ///
    /// `Length` if a slice does not match, `Range` if a flow does not fit Q16.16, `Full` and
    /// `IllConditioned` as in [`Complex::settle`], for the graph. An error leaves `flow` as it was.
    /// Takes the room of the projection's factors, which the next projection makes again.
    #[inline(never)]
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
        self.level(load, capacity, flow)
    }

    /// Apart, so that settling does not stand on top of it.
    #[inline(never)]
    fn level(
        &mut self,
        load: &[i32],
        capacity: &[u16],
        flow: &mut [i32],
    ) -> Result<PlanReport, Error> {
        let Self { head, store } = self;
        let mut desk = Desk::of(head, store, load, capacity).ok_or(Error::Full)?;
        let result = desk.plan(flow);
        desk.clear();
        result
    }
}

impl Task<'_> {
    /// Calls `with` for all parts, ascending in the node, then in the neighbour: edges in canonical
    /// order meet the neighbours of a node in that order.
    #[inline(never)]
    fn parts(&self, with: &mut dyn FnMut(Part)) {
        for (from, capacity) in (0_u16..).zip(self.capacity) {
            if *capacity != 0 {
                continue;
            }
            let load = at(self.load, from);
            let open = |edge: &Edge| {
                let (tail, head) = ends_of(*edge, self.ids);
                let other = match (tail == from, head == from) {
                    (true, _) => head,
                    (_, true) => tail,
                    _ => return None,
                };
                (self.share(other) != 0).then_some(other)
            };
            // At most as many neighbours as there are edges.
            let count = self.edges.iter().filter_map(open).count() as i32;
            let (part, extra) = match count {
                0 => (load, 0),
                _ => split(load, count),
            };
            let mut rank = 0;
            for (edge, ends) in (0_u16..).zip(self.edges) {
                if let Some(to) = open(ends) {
                    // A part is no larger than the load.
                    let load = part.plus(i32::from(rank < extra));
                    rank = rank.plus(1);
                    with(Part {
                        edge,
                        from,
                        to,
                        load,
                    });
                }
            }
            if count == 0 {
                with(Part {
                    edge: NONE,
                    from,
                    to: NONE,
                    load: part,
                });
            }
        }
    }

    /// A part as a flow on its edge.
    fn handed(&self, part: Part) -> Option<i32> {
        if ends_of(at(self.edges, part.edge), self.ids).0 == part.from {
            Some(part.load)
        } else {
            part.load.checked_neg()
        }
    }

    /// All that a node in no component receives, which is then its distance from its target.
    fn gift(&self, node: u16) -> u64 {
        let mut sum = 0_i64;
        self.parts(&mut |part| {
            if part.to == node {
                sum = sum.plus(i64::from(part.load));
            }
        });
        sum.unsigned_abs()
    }

    fn share(&self, node: u16) -> u16 {
        share(self.capacity, node)
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
fn split(value: i32, by: i32) -> (i32, i32) {
    let whole = value.checked_div_euclid(by).unwrap_or(0);
    (whole, value.checked_rem_euclid(by).unwrap_or(0))
}

/// Loads minus targets within one component.
struct Excess<'a> {
    task: Task<'a>,
    /// From node to vertex.
    map: &'a [u16],
    /// Vertices of the component.
    first: u16,
    vertices: u16,
    /// The load of the component is so much per unit of capacity, and a rest below the capacity.
    each: i64,
    left: u64,
    capacity: u64,
}

impl<'a> Excess<'a> {
    fn of(task: Task<'a>, map: &'a [u16], block: &Block) -> Self {
        let mut excess = Self {
            task,
            map,
            first: block.first_vertex,
            vertices: block.vertices,
            each: 0,
            left: 0,
            capacity: 0,
        };
        let (mut total, mut capacity) = (0_i64, 0_u32);
        for (node, _) in excess.nodes() {
            total = total.plus(i64::from(at(task.load, node)));
            // At most 2^16 nodes of capacity below 2^16.
            capacity = capacity.plus(task.share(node).into());
        }
        excess.received(&mut |_, part| total = total.plus(part));
        let by = i64::from(capacity.max(1));
        excess.each = total.checked_div_euclid(by).unwrap_or(0);
        excess.left = total.minus(excess.each.times(by)).unsigned_abs();
        excess.capacity = by.unsigned_abs();
        excess
    }

    /// The place of a node in the block, if it is in it.
    fn place(&self, node: u16) -> Option<u16> {
        // Vertices end below the number that stands for none.
        let place = at(self.map, node).checked_sub(self.first)?;
        (place < self.vertices).then_some(place)
    }

    /// Nodes of the component, with their places.
    fn nodes(&self) -> impl Iterator<Item = (u16, u16)> + use<'_, 'a> {
        (0..self.map.len() as u16).filter_map(|node| Some((node, self.place(node)?)))
    }

    /// Calls `with` for each part that a closed node hands to the component: place and load.
    #[inline(never)]
    fn received(&self, with: &mut dyn FnMut(u16, i64)) {
        self.task.parts(&mut |part| {
            if part.edge != NONE
                && let Some(place) = self.place(part.to)
            {
                with(place, part.load.into());
            }
        });
    }

    /// The load of a node less its target: rounded up, and the numerator of a fraction over the
    /// capacity that is less. A total is below 2^48 and a capacity below 2^32, so both products
    /// stay below 2^49.
    #[inline(never)]
    fn excess(&self, node: u16) -> (i64, u64) {
        let share = self.task.share(node);
        let left = self.left.times(share.into());
        let more = left.checked_div(self.capacity).unwrap_or(0);
        let target = self.each.times(share.into()).plus(more as i64);
        let load = i64::from(at(self.task.load, node));
        (load.minus(target), left.minus(more.times(self.capacity)))
    }

    /// Loads after shedding minus targets, in units of `2^-up`, rounded up.
    #[inline(never)]
    fn write(&self, y: &mut [i64], up: u32) {
        y.fill(0);
        for (node, place) in self.nodes() {
            let (whole, rest) = self.excess(node);
            let part = match up {
                0 => 0,
                _ => self.fraction(rest) >> 40_u32.minus(up),
            };
            put(y, place, (whole << up).minus(part));
        }
        self.received(&mut |place, part| put(y, place, at(y, place).plus(part << up)));
    }

    /// The fraction of a target in Q40, rounded down.
    #[inline(never)]
    fn fraction(&self, rest: u64) -> i64 {
        let by = self.capacity;
        // The fraction is below one and its denominator below 2^32: 32 bits, then eight more.
        let high = (rest << 32).checked_div(by).unwrap_or(0);
        let left = (rest << 32).wrapping_sub(high.wrapping_mul(by));
        let low = (left << 8).checked_div(by).unwrap_or(0);
        // 40 bits.
        ((high << 8) | low) as i64
    }

    /// Whether potentials surely leave room for the guard bits.
    fn fits(&self, y: &[i64], norm: u32) -> bool {
        let (mut most, mut sum) = (0_u64, 0_u64);
        for value in y {
            let value = value.unsigned_abs().plus(1);
            most = most.max(value);
            sum = sum.saturating_add(value);
        }
        let by_norm = mul_capped(most, norm.into());
        let by_path = mul_capped(sum >> 1, y.len() as u64);
        by_norm.min(by_path) < 1 << 46 && sum < 1 << 46
    }

    /// The largest distance from a target, rounded up, where `own` makes the whole part of a node's
    /// excess of the given one and the vertex.
    #[inline(never)]
    fn distance(&self, own: &dyn Fn(i64, u16) -> i64) -> u64 {
        let mut most = 0;
        for (node, place) in self.nodes() {
            let (whole, rest) = self.excess(node);
            let whole = own(whole, place);
            let down = whole <= 0 && rest != 0;
            most = whole.unsigned_abs().plus(u64::from(down)).max(most);
        }
        most
    }
}

impl Source for Excess<'_> {
    fn coarse(&self, y: &mut [i64]) {
        self.write(y, GUARD);
    }

    fn fine(&self, y: &mut [i64], bits: u32) -> u64 {
        let mut cut = false;
        for (node, place) in self.nodes() {
            let (_, rest) = self.excess(node);
            let low = (self.fraction(rest) & 0xff_ffff) >> 24_u32.minus(bits);
            put(y, place, at(y, place).minus(low));
            cut |= rest != 0;
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
        self.alone(&mut report).ok_or(Error::Range)?;
        for block in self.blocks {
            self.level(block, &mut report).ok_or(Error::Range)?;
        }
        flow.fill(0);
        for block in self.blocks {
            self.write(block, flow);
        }
        let task = self.task;
        task.parts(&mut |part| {
            if part.edge != NONE {
                put(flow, part.edge, task.handed(part).unwrap_or_default());
            }
        });
        Ok(report)
    }

    /// Work arrays and potentials are zero between calls.
    #[inline(never)]
    fn clear(&mut self) {
        for block in self.blocks {
            if let Some(Cocycles { solver, .. }) = &mut self.open(block) {
                solver.hint.fill(0);
                solver.x.fill(0);
                solver.y.fill(0);
                solver.d.fill(0);
            }
        }
    }

    #[inline(never)]
    fn open(&mut self, block: &Block) -> Option<Cocycles<'_>> {
        // Distances are from the end of the pool, behind the map.
        let block = Block {
            at: block.at.minus(halves(self.map.len()) as u32),
            ..*block
        };
        let edges = Edges {
            members: self.members.get(block.members())?,
            trust: None,
        };
        open(self.head, &block, edges, self.gap, self.payloads)
    }

    /// Imbalance of nodes in no component: without capacity, or with no such neighbour. `None` if a
    /// part does not fit as a flow.
    #[inline(never)]
    fn alone(&self, report: &mut PlanReport) -> Option<()> {
        let task = self.task;
        let mut fits = true;
        task.parts(&mut |part| {
            let load = at(task.load, part.from).unsigned_abs().into();
            report.before = report.before.max(load);
            if part.edge == NONE {
                report.after = report.after.max(load);
                return;
            }
            fits &= task.handed(part).is_some();
            if at(self.map, part.to) == NONE {
                report.before = report.before.max(task.gift(part.to));
            }
        });
        fits.then_some(())
    }

    /// Leaves the integer potentials of one component in its hints, modulo 2^32; `None` if a flow
    /// does not fit.
    #[inline(never)]
    fn level(&mut self, block: &Block, report: &mut PlanReport) -> Option<()> {
        let excess = Excess::of(self.task, self.map, block);
        let mut opened = self.open(block);
        let Cocycles { solver, .. } = opened.as_mut()?;
        excess.write(solver.y, 0);
        excess.fits(solver.y, solver.norm).then_some(())?;
        let before = excess.distance(&|given, _| given);
        report.before = report.before.max(before);
        let outcome = solver.refine(&excess, false);
        solver.round();
        report.passes = report.passes.max(outcome.passes);
        report.uncertified |= outcome.uncertified;
        excess.write(solver.y, 0);
        solver.subtract();
        let after = excess.distance(&|_, place| at(solver.y, place));
        report.after = report.after.max(after);
        for member in solver.edges.members {
            let flow = at(solver.x, member.tail).minus(at(solver.x, member.head));
            i32::try_from(flow).ok()?;
        }
        for (hint, x) in solver.hint.iter_mut().zip(solver.x.iter()) {
            *hint = *x as i32;
        }
        Some(())
    }

    #[inline(never)]
    fn write(&mut self, block: &Block, flow: &mut [i32]) {
        let Some(Cocycles { solver, .. }) = &self.open(block) else {
            return;
        };
        for member in solver.edges.members {
            let (from, to) = (at(solver.hint, member.tail), at(solver.hint, member.head));
            put(flow, member.edge, from.wrapping_sub(to));
        }
    }
}
