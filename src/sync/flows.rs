//! LOAD and LINKS rows meet the complex: who has how much, and who ships what to whom now.
//!
//! All results here are shared: functions of the record set and the mesh parameters alone, so nodes
//! with equal digests have equal results, bit for bit.
//!
//! * The graph: an edge for every two authors that list each other in the same incarnation, neither
//!   end frozen. Every three pairwise joined authors make a triangle.
//! * Effective load of an author: what is queued there and what is in flight towards it.
//! * Raw flow of an edge, low id to high: what was sent minus what came back in this incarnation.
//!   Its curl is work that went round in circles; the projection shows the flow without it.
//! * The plan levels effective load over capacity in each connected part of the graph.
//!
//! Units of work are the caller's, in `i32`; rounding leaves at most one unit per edge of a node.

use bytemuck::{Pod, Zeroable};

use crate::complex::{Complex, Edge, Error, Shape};
use crate::layout;
use crate::mesh::Node;
use crate::record::Store;

/// The complex that a mesh needs, from the mesh parameters alone.
#[must_use]
pub fn shape(max_nodes: u16, max_degree: u16, fill: u16) -> Shape {
    let (nodes, degree) = (u32::from(max_nodes), u32::from(max_degree));
    // 128 nodes of degree 46: 2,944 edges and 44,160 triangles.
    let edges = nodes.wrapping_mul(degree) >> 1;
    let triangles = edges
        .wrapping_mul(degree.saturating_sub(1))
        .checked_div(3)
        .unwrap_or(0);
    Shape {
        nodes: max_nodes,
        edges: u16::try_from(edges).unwrap_or(u16::MAX),
        triangles: u16::try_from(triangles).unwrap_or(u16::MAX),
        fill,
    }
}

/// What is computed once per record set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Summary {
    /// Digest of the records this follows from.
    pub digest: u64,
    /// Units that ever arrived.
    pub arrived: i64,
    /// Units that are done.
    pub done: i64,
    /// Units that wait.
    pub queued: i64,
    /// Units that left one row and have not entered another: always `arrived - done - queued`.
    pub in_flight: i64,
    /// Largest distance from the level, in units, before the plan.
    pub imbalance: u64,
    /// Largest curl of the raw flows.
    pub circulation_before: u64,
    /// Largest curl of the flows without circulation.
    pub circulation_after: u64,
    /// Records held.
    pub records: u16,
    /// Authors.
    pub nodes: u16,
    /// Edges that are up.
    pub edges: u16,
    /// Triangles they make.
    pub triangles: u16,
    /// 1 once computed.
    valid: u16,
    /// [`DEGRADED`] and [`UNCERTIFIED`].
    pub flags: u16,
    unused: [u16; 2],
}

/// The complex refused: there is no plan for this record set, on any node.
pub const DEGRADED: u16 = 1;
/// A bit of the result could not be proven independent of the method; it is the same on all nodes.
pub const UNCERTIFIED: u16 = 2;

layout! {
    /// The arrays that carry rows to the complex and answers back.
    pub struct Desk<'a>(shape: Shape) {
        summary: [Summary; 1],
        load: [i32; usize::from(shape.nodes)],
        raw: [i32; usize::from(shape.edges)],
        settled: [i32; usize::from(shape.edges)],
        plan: [i32; usize::from(shape.edges)],
        capacity: [u16; usize::from(shape.nodes)],
    }
}

/// What to hand to a neighbour now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shipment {
    /// The neighbour.
    pub to: u16,
    /// Units.
    pub units: u32,
}

/// The meeting of a node and its complex.
#[derive(Debug)]
pub struct Flows<'a, 'c> {
    complex: &'a mut Complex<'c>,
    desk: &'a mut Desk<'c>,
}

impl<'a, 'c> Flows<'a, 'c> {
    /// Borrows both sides of the meeting.
    pub fn new(complex: &'a mut Complex<'c>, desk: &'a mut Desk<'c>) -> Self {
        Self { complex, desk }
    }

    /// Forgets what was computed.
    pub fn reset(&mut self) {
        self.complex.reset();
        if let Some(summary) = self.desk.summary.first_mut() {
            *summary = Summary::default();
        }
    }

    /// Computes the shared results for the records that the node holds, its own latest rows among
    /// them.
    pub fn settle(&mut self, node: &mut Node) -> Summary {
        node.commit_urgent();
        let store = node.store_mut();
        let held = self.desk.summary.first().copied().unwrap_or_default();
        if held.valid != 0 && held.digest == store.digest() {
            return held;
        }
        let mut summary = Summary {
            digest: store.digest(),
            records: store.len(),
            valid: 1,
            ..Summary::default()
        };
        let solved = self.topology(&store).and_then(|()| {
            self.fill(&store, &mut summary);
            self.solve(&mut summary)
        });
        if solved.is_err() {
            summary.flags |= DEGRADED;
            self.desk.plan.fill(0);
            self.desk.settled.fill(0);
        }
        summary.nodes = self.complex.nodes().len() as u16;
        summary.edges = self.complex.edges().len() as u16;
        summary.triangles = self.complex.triangles().len() as u16;
        if let Some(place) = self.desk.summary.first_mut() {
            *place = summary;
        }
        summary
    }

    /// What this node should hand over now: its part of the plan, no more than it has.
    /// Handed to `put` ascending by neighbour, until it says that there is no room.
    pub fn plan(&mut self, node: &mut Node, mut put: impl FnMut(Shipment) -> bool) {
        self.settle(node);
        let own = node.config().id;
        let mut left = node.work().queued.max(0).cast_unsigned();
        for (edge, &flow) in self.complex.edges().iter().zip(self.desk.plan.iter()) {
            let (to, units) = match (edge.low == own, edge.high == own) {
                (true, _) => (edge.high, flow),
                (_, true) => (edge.low, flow.wrapping_neg()),
                _ => continue,
            };
            let units = units.max(0).cast_unsigned().min(left);
            if units != 0 && !put(Shipment { to, units }) {
                break;
            }
            left = left.wrapping_sub(units);
        }
    }

    /// The edges with their raw, settled and planned flows, in canonical order.
    pub fn edges(&self) -> impl Iterator<Item = (Edge, [i32; 3])> + '_ {
        let edges = self.complex.edges().iter().copied();
        let flows = self
            .desk
            .raw
            .iter()
            .zip(self.desk.settled.iter())
            .zip(self.desk.plan.iter());
        edges.zip(flows.map(|((&raw, &settled), &plan)| [raw, settled, plan]))
    }

    /// Makes the complex the graph of the rows, touching it only if it is another one.
    fn topology(&mut self, store: &Store) -> Result<(), Error> {
        let same = store.authors().eq(self.complex.nodes().iter().copied())
            && up_edges(store).eq(self.complex.edges().iter().copied());
        if same {
            return Ok(());
        }
        self.complex.reset();
        store
            .authors()
            .try_for_each(|id| self.complex.add_node(id))?;
        up_edges(store).try_for_each(|edge| self.complex.add_edge(edge.low, edge.high))
    }

    /// Copies rows to the desk and adds them up.
    fn fill(&mut self, store: &Store, summary: &mut Summary) {
        let places = self.desk.load.iter_mut().zip(self.desk.capacity.iter_mut());
        for (id, (load, capacity)) in self.complex.nodes().iter().copied().zip(places) {
            let row = store.load(id).unwrap_or_default();
            let queued = queued(store, id);
            let arriving = arriving(store, id);
            *load = queued.wrapping_add(arriving);
            *capacity = row.capacity;
            summary.arrived = summary.arrived.wrapping_add(row.injected);
            summary.done = summary.done.wrapping_add(row.done);
            summary.queued = summary.queued.wrapping_add(i64::from(queued));
            let flying = i64::from(outstanding(store, id));
            summary.in_flight = summary.in_flight.wrapping_add(flying);
        }
        for (edge, raw) in self.complex.edges().iter().zip(self.desk.raw.iter_mut()) {
            let sent = |from, to| store.link(from, to).map_or(0, |link| link.sent);
            *raw = sent(edge.low, edge.high)
                .wrapping_sub(sent(edge.high, edge.low))
                .cast_signed();
        }
    }

    fn solve(&mut self, summary: &mut Summary) -> Result<(), Error> {
        let (nodes, edges) = (self.complex.nodes().len(), self.complex.edges().len());
        let raw = self.desk.raw.get(..edges).unwrap_or_default();
        let settled = self.desk.settled.get_mut(..edges).unwrap_or_default();
        let projected = self.complex.project(raw, settled)?;
        summary.circulation_before = projected.curl_max;
        summary.circulation_after = self.complex.max_curl(settled)?;
        let load = self.desk.load.get(..nodes).unwrap_or_default();
        let capacity = self.desk.capacity.get(..nodes).unwrap_or_default();
        let plan = self.desk.plan.get_mut(..edges).unwrap_or_default();
        let planned = self.complex.plan(load, capacity, plan)?;
        summary.imbalance = planned.before;
        if projected.uncertified || planned.uncertified {
            summary.flags |= UNCERTIFIED;
        }
        Ok(())
    }
}

/// The edges that are up, in canonical order.
fn up_edges<'s>(store: &'s Store<'s>) -> impl Iterator<Item = Edge> + 's {
    store.authors().flat_map(move |low| {
        let links = store.links(low);
        let higher = links.into_iter().flat_map(move |links| links.iter());
        higher
            .filter(move |own| own.neighbour > low)
            .filter_map(move |own| {
                let theirs = store.link(own.neighbour, low)?;
                own.up(&theirs).then_some(Edge {
                    low,
                    high: own.neighbour,
                })
            })
    })
}

/// What an author sent less what it took, over all incarnations: summed over all authors, what is
/// in flight, also between rows of which one saw an edge retired and the other did not yet.
fn outstanding(store: &Store, id: u16) -> i32 {
    let Some(links) = store.links(id) else {
        return 0;
    };
    let gains = links
        .iter()
        .fold(links.carried, |sum, link| sum.wrapping_add(link.gain()));
    gains.wrapping_neg().cast_signed()
}

/// Units waiting at an author.
fn queued(store: &Store, id: u16) -> i32 {
    let base = store.load(id).unwrap_or_default().backlog();
    let Some(links) = store.links(id) else {
        return base.cast_signed();
    };
    let gains = links
        .iter()
        .fold(links.carried, |sum, link| sum.wrapping_add(link.gain()));
    base.wrapping_add(gains).cast_signed()
}

/// Units in flight towards an author: sent to it and not yet taken, in incarnations both ends
/// share.
fn arriving(store: &Store, id: u16) -> i32 {
    let Some(links) = store.links(id) else {
        return 0;
    };
    let units = links
        .iter()
        .fold(0_u32, |sum, own| match store.link(own.neighbour, id) {
            Some(theirs) if own.ahead_of(&theirs) == 0 => {
                sum.wrapping_add(theirs.sent.wrapping_sub(own.acked))
            }
            _ => sum,
        });
    units.cast_signed()
}
