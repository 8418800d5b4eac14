//! What weir is measured against: the usual methods for the same questions, written as well as
//! they can be, with their exact counts of iterations, rounds and bytes.

pub mod cg;
pub mod diffusion;
pub mod gossip;
pub mod network;
#[cfg(feature = "bench")]
pub mod sparse;

/// Distance to the mean, of the node that is farthest from it, at which balancing is done.
pub const CLOSE: f64 = 1e-3;

/// What levelling a load took.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Synchronous rounds; exchanges of one pair each for gossip.
    pub steps: u32,
    /// Messages, each from one node to one neighbour.
    pub messages: u64,
    /// Bytes of payload.
    pub bytes: u64,
    /// The load afterwards.
    pub load: Vec<f64>,
}

/// Largest distance to the mean. Not a number if any load is not one: a method that diverges must
/// never look finished.
#[must_use]
pub fn imbalance(load: &[f64]) -> f64 {
    let mean = load.iter().sum::<f64>() / load.len() as f64;
    let far = |far: f64, x: &f64| {
        let off = (x - mean).abs();
        if off.is_nan() || off > far { off } else { far }
    };
    load.iter().fold(0.0, far)
}

/// A load of 150 on node 0 and 100 on all others: the predecessor's spike.
#[must_use]
pub fn spike(nodes: usize) -> Vec<f64> {
    let mut load = vec![100.0; nodes];
    load[0] = 150.0;
    load
}

/// Loads uniform in 50.0..150.0, from a seed.
#[must_use]
pub fn scattered(nodes: usize, seed: u64) -> Vec<f64> {
    let mut random = crate::oracle::Random(seed);
    let unit = (1u64 << 53) as f64;
    (0..nodes)
        .map(|_| 50.0 + 100.0 * ((random.draw() >> 11) as f64 / unit))
        .collect()
}

/// Vectors for [`cg::project`], which cannot allocate.
#[derive(Clone, Debug)]
pub struct Room {
    by_triangle: [Vec<f64>; 4],
    by_edge: Vec<f64>,
}

impl Room {
    /// Room for so many triangles and edges.
    #[must_use]
    pub fn new(triangles: usize, edges: usize) -> Self {
        Self {
            by_triangle: [(); 4].map(|()| vec![0.0; triangles]),
            by_edge: vec![0.0; edges],
        }
    }

    /// The view that the iteration works in.
    pub fn scratch(&mut self) -> cg::Scratch<'_> {
        let [x, r, p, q] = &mut self.by_triangle;
        let edge = &mut self.by_edge;
        cg::Scratch { x, r, p, q, edge }
    }
}
