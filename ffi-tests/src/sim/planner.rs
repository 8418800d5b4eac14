//! A node's complex beside it, as an application attaches one.

use weir::carve::Arena;
use weir::complex::{Complex, Edge};
use weir::mesh::Config;
use weir::sync::flows::{Desk, Flows, Shipment, Summary, shape};

use super::world::{SimNode, World};

/// The memory of one complex and its desk.
pub struct Planner {
    memory: Vec<u64>,
}

impl Planner {
    /// A complex for nodes of this configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let shape = shape(config.max_nodes, config.max_degree, config.fill);
        let words = Complex::words(shape).and_then(|w| Some(w + Desk::words(shape)?));
        Self {
            memory: vec![0; words.expect("a size")],
        }
    }

    /// Settles the node's records and lets `body` look at the result.
    pub fn with<T>(
        &mut self,
        node: &mut SimNode,
        body: impl FnOnce(&mut Flows, &mut weir::mesh::Node) -> T,
    ) -> T {
        let config = node.config;
        let shape = shape(config.max_nodes, config.max_degree, config.fill);
        let mut arena = Arena::new(&mut self.memory);
        let mut complex = Complex::carve(&mut arena, shape).expect("room");
        let mut desk = Desk::carve(&mut arena, shape).expect("room");
        body(&mut Flows::new(&mut complex, &mut desk), &mut node.node())
    }

    /// The shared results for the node's records.
    pub fn settle(&mut self, node: &mut SimNode) -> Summary {
        self.with(node, |flows, node| flows.settle(node))
    }

    /// The edges with raw, settled and planned flows.
    pub fn flows(&mut self, node: &mut SimNode) -> Vec<(Edge, [i32; 3])> {
        self.with(node, |flows, node| {
            flows.settle(node);
            flows.edges().collect()
        })
    }

    /// What the node should hand over now.
    pub fn plan(&mut self, node: &mut SimNode) -> Vec<Shipment> {
        self.with(node, |flows, node| {
            let mut out = Vec::new();
            flows.plan(node, |shipment| {
                out.push(shipment);
                true
            });
            out
        })
    }
}

/// Every running node ships what its plan says, if that is more than `least` units.
pub fn execute(world: &mut World, planners: &mut [Planner], least: u32) -> usize {
    let mut shipped = 0;
    for (index, planner) in planners.iter_mut().enumerate() {
        if world.nodes[index].node().learning() {
            continue;
        }
        let plan = planner.plan(&mut world.nodes[index]);
        for shipment in plan.into_iter().filter(|s| s.units > least) {
            shipped += usize::from(world.ship(index, shipment.to, shipment.units));
        }
    }
    shipped
}
