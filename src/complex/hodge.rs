//! What part of a flow runs downhill, what part goes round triangles, and what round holes?
//!
//! `f = g + c + h`, bit for bit: `g` is the gradient of potentials of the whole graph, `c = f - P
//! f` what the projection removes, `h = P f - g` what is left: flows round holes. Curl of `g` and
//! of `h` is exactly zero. `g` is within one unit of the orthogonal part, like a projection. Not
//! exact are the divergences of `c` and `h`, at most the degree of a node without holes, and
//! orthogonality: a harmonic integer flow with both curl and divergence zero exists only on a
//! sublattice. Source: math.md 3.

use super::project::{Tally, Task, copy};
use super::{Complex, Error};
use crate::num::Exact;

/// Where the parts of a flow go, edge by edge in canonical order.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Differences of potentials.
    pub gradient: &'a mut [i32],
    /// What goes round triangles.
    pub circulation: &'a mut [i32],
    /// What goes round holes.
    pub harmonic: &'a mut [i32],
}

/// How a decomposition went. Norms are Euclidean, rounded down, in units of 2^-16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decomposition {
    /// Most passes through a factor.
    pub passes: u16,
    /// Whether some bit could not be proven independent of the method.
    pub uncertified: bool,
    /// Norm of the flow.
    pub flow: u64,
    /// Norm of its gradient part.
    pub gradient: u64,
    /// Norm of its circulations.
    pub circulation: u64,
    /// Norm of what goes round holes.
    pub harmonic: u64,
}

/// Largest norm of a flow that is decomposed: each part has no larger norm, and rounding adds less
/// than the difference to 2^31.
const NORM_MAX: u64 = (1 << 31) - (1 << 16);

impl Complex<'_> {
    /// Splits `flow` into its parts. `Length` if a slice is not as long as there are edges; `Range`
    /// if the norm of the flow is above `2^31 - 2^16`; the errors of [`Complex::settle`], for the
    /// complex and for its graph. An error leaves all parts as they were. Makes the factors of the
    /// graph and of the complex, unless one serves both: connected, all edges in triangles, no
    /// hole.
    pub fn decompose(&mut self, flow: &[i32], parts: Parts<'_>) -> Result<Decomposition, Error> {
        let Parts {
            gradient,
            circulation,
            harmonic,
        } = parts;
        self.flow_fits(flow)?;
        for part in [&*gradient, circulation, harmonic] {
            self.flow_fits(part)?;
        }
        let norm = norm(flow);
        (norm <= NORM_MAX).then_some(()).ok_or(Error::Range)?;
        self.settle()?;
        let alike = self.serves_both();
        if !alike {
            // Whether it can be done, before anything is written.
            self.settle_balance(&|_| 1)?;
        }
        let projected = self.project(flow, harmonic)?;
        let mut result = Decomposition {
            passes: projected.passes,
            uncertified: projected.uncertified,
            flow: norm,
            ..Decomposition::default()
        };
        if alike {
            copy(harmonic, gradient);
        } else {
            self.settle_balance(&|_| 1)?;
            let task = &Task::of(flow, None);
            let mut tally = Tally::default();
            self.project_all(task, gradient, &mut tally)?;
            result.passes = result.passes.max(tally.passes);
            result.uncertified |= tally.uncertified;
        }
        let places = circulation.iter_mut().zip(harmonic.iter_mut());
        for ((circulation, harmonic), (given, gradient)) in
            places.zip(flow.iter().zip(gradient.iter()))
        {
            *circulation = given.minus(*harmonic);
            *harmonic = harmonic.minus(*gradient);
        }
        [result.gradient, result.circulation, result.harmonic] =
            [&*gradient, circulation, harmonic].map(self::norm);
        Ok(result)
    }

    /// Whether the potentials of the complex are those of its graph: no node is split. Nodes that
    /// stand alone have no vertex, so only the others are counted.
    fn serves_both(&self) -> bool {
        let head = &*self.head;
        head.blocks == 1
            && head.harmonics == 0
            && head.members == head.edges
            && usize::from(head.vertices) == self.joined()
    }
}

/// The Euclidean norm, rounded down. At most 2^15 squares of 2^62.
fn norm(flow: &[i32]) -> u64 {
    let mut rest = 0_u128;
    for value in flow {
        let size = u64::from(value.unsigned_abs());
        rest = rest.wrapping_add(u128::from(size.times(size)));
    }
    let (mut root, mut bit) = (0_u128, 1_u128 << 78);
    while bit != 0 {
        let trial = root | bit;
        root >>= 1;
        if rest >= trial {
            rest = rest.wrapping_sub(trial);
            root |= bit;
        }
        bit >>= 2;
    }
    root as u64
}
