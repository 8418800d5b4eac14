//! How does a test hold a complex of the library? As words, re-carved for every look at it.

use super::Random;
use super::complexes::Plain;
use weir::carve::Arena;
use weir::complex::{Complex, Error, Shape};

/// Storage of one complex.
#[derive(Clone, Debug)]
pub struct Lent {
    /// The words: compare them to see what changed.
    pub words: Vec<u64>,
    /// Their shape.
    pub shape: Shape,
}

impl Lent {
    /// An empty complex. The words begin as garbage.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let mut words = vec![0xa5a5_a5a5_a5a5_a5a5; Complex::words(shape).unwrap()];
        Complex::init(&mut Arena::new(&mut words), shape).unwrap();
        Self { words, shape }
    }

    /// A complex with room for exactly `plain`, and ample fill.
    #[must_use]
    pub fn of(plain: &Plain) -> Self {
        Self::shuffled(plain, &mut Random(0), false)
    }

    /// The same, inserted in random order with edges and triangles written in random orientation.
    #[must_use]
    pub fn shuffled(plain: &Plain, random: &mut Random, shuffle: bool) -> Self {
        Self::made(plain, random, shuffle, 40)
    }

    /// A complex with room for exactly `plain`, and this much fill.
    #[must_use]
    pub fn tight(plain: &Plain, fill: u16) -> Self {
        Self::made(plain, &mut Random(0), false, fill)
    }

    fn made(plain: &Plain, random: &mut Random, shuffle: bool, fill: u16) -> Self {
        let mut plain = plain.clone();
        let mut lent = Self::new(Shape {
            nodes: plain.nodes.len() as u16,
            edges: plain.edges.len() as u16,
            triangles: plain.triangles.len() as u16,
            fill,
        });
        if shuffle {
            random.shuffle(&mut plain.nodes);
            random.shuffle(&mut plain.edges);
            random.shuffle(&mut plain.triangles);
            plain.triangles.iter_mut().for_each(|t| random.shuffle(t));
            for edge in &mut plain.edges {
                *edge = if random.below(2) == 0 {
                    (edge.1, edge.0)
                } else {
                    *edge
                };
            }
        }
        lent.fill(&plain).unwrap();
        lent
    }

    fn fill(&mut self, plain: &Plain) -> Result<(), Error> {
        let mut complex = self.complex();
        complex.set_fill_cliques(plain.fill)?;
        plain
            .nodes
            .iter()
            .try_for_each(|id| complex.add_node(*id))?;
        plain
            .edges
            .iter()
            .try_for_each(|(a, b)| complex.add_edge(*a, *b))?;
        plain
            .triangles
            .iter()
            .try_for_each(|[a, b, c]| complex.add_triangle(*a, *b, *c))
    }

    /// The view.
    pub fn complex(&mut self) -> Complex<'_> {
        Complex::carve(&mut Arena::new(&mut self.words), self.shape).unwrap()
    }

    /// The projection of `flow`, which must succeed certified.
    #[must_use]
    pub fn project(&mut self, flow: &[i32]) -> Vec<i32> {
        let mut out = vec![0; flow.len()];
        let report = self.complex().project(flow, &mut out).unwrap();
        assert!(!report.uncertified, "{report:?} {:?}", self.shape);
        out
    }
}
