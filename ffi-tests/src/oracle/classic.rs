//! What do the classical ways of levelling load cost? In floating point, equal weights, no loss:
//! first-order diffusion with the best step, second order, Chebyshev, random pairwise exchange.

use super::Random;
use super::rounds::{DONE, Outcome};

/// A connected graph and its loads.
#[derive(Clone, Debug)]
pub struct Graph<'a> {
    /// Edges.
    pub edges: &'a [(usize, usize)],
    /// Loads, raw Q16.16.
    pub load: &'a [i32],
}

impl Graph<'_> {
    /// Eigenvalues of the Laplacian over these capacities, ascending, by Jacobi's rotations of
    /// `C^-1/2 L C^-1/2`.
    #[must_use]
    pub fn eigenvalues(&self, capacity: &[f64]) -> Vec<f64> {
        let n = self.load.len();
        let mut a = vec![vec![0.0; n]; n];
        for (u, v) in self.edges {
            a[*u][*u] += 1.0 / capacity[*u];
            a[*v][*v] += 1.0 / capacity[*v];
            a[*u][*v] -= 1.0 / (capacity[*u] * capacity[*v]).sqrt();
            a[*v][*u] = a[*u][*v];
        }
        for _ in 0..14 {
            for p in 0..n {
                for q in p + 1..n {
                    rotate(&mut a, p, q);
                }
            }
        }
        let mut values: Vec<f64> = (0..n).map(|i| a[i][i]).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn bounds(&self) -> (f64, f64) {
        let values = self.eigenvalues(&vec![1.0; self.load.len()]);
        (values[1], values[values.len() - 1])
    }

    fn drops(&self, x: &[f64]) -> Vec<f64> {
        self.edges.iter().map(|(a, b)| x[*a] - x[*b]).collect()
    }

    /// Rounds in which each edge moves `step(round, drop, last flow)`; `bytes` per value.
    fn rounds(&self, bytes: u64, mut step: impl FnMut(u64, f64, f64) -> f64) -> Outcome {
        let mut x: Vec<f64> = self.load.iter().map(|l| f64::from(*l)).collect();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let mut last = vec![0.0; self.edges.len()];
        let mut out = Outcome {
            flow: last.clone(),
            ..Outcome::default()
        };
        loop {
            out.off = x.iter().map(|v| (v - mean).abs()).fold(0.0, f64::max);
            if out.off < DONE {
                out.bytes = bytes * out.messages;
                return out;
            }
            assert!(out.rounds < 100_000 && out.off.is_finite(), "diverges");
            let drops = self.drops(&x);
            for (e, (a, b)) in self.edges.iter().enumerate() {
                last[e] = step(out.rounds, drops[e], last[e]);
                x[*a] -= last[e];
                x[*b] += last[e];
                out.flow[e] += last[e];
            }
            out.rounds += 1;
            out.messages += 2 * self.edges.len() as u64;
        }
    }

    /// First order with the best step.
    #[must_use]
    pub fn first_order(&self) -> Outcome {
        let (low, high) = self.bounds();
        self.rounds(8, |_, drop, _| 2.0 / (low + high) * drop)
    }

    /// Second order with the best step and momentum.
    #[must_use]
    pub fn second_order(&self) -> Outcome {
        let (low, high) = self.bounds();
        let gamma = (high - low) / (high + low);
        let beta = 2.0 / (1.0 + (1.0 - gamma * gamma).sqrt());
        let alpha = 2.0 / (low + high);
        self.rounds(4, |round, drop, last| match round {
            0 => alpha * drop,
            _ => (beta - 1.0) * last + beta * alpha * drop,
        })
    }

    /// Chebyshev's weights on the exact bounds.
    #[must_use]
    pub fn chebyshev(&self) -> Outcome {
        let (low, high) = self.bounds();
        let (alpha, gamma) = (2.0 / (low + high), (high - low) / (high + low));
        let (mut beta, mut of) = (1.0, 0);
        self.rounds(4, |round, drop, last| {
            if round != of {
                beta = match round {
                    1 => 2.0 / (2.0 - gamma * gamma),
                    _ => 1.0 / (1.0 - gamma * gamma * beta / 4.0),
                };
                of = round;
            }
            match round {
                0 => alpha * drop,
                _ => (beta - 1.0) * last + beta * alpha * drop,
            }
        })
    }

    /// Two neighbours at a time take their mean; two messages of eight bytes each time.
    #[must_use]
    pub fn gossip(&self, random: &mut Random) -> Outcome {
        let mut x: Vec<f64> = self.load.iter().map(|l| f64::from(*l)).collect();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let mut out = Outcome {
            flow: vec![0.0; self.edges.len()],
            ..Outcome::default()
        };
        loop {
            if out.rounds % 64 == 0 {
                out.off = x.iter().map(|v| (v - mean).abs()).fold(0.0, f64::max);
                if out.off < DONE {
                    out.messages = 2 * out.rounds;
                    out.bytes = 8 * out.messages;
                    return out;
                }
            }
            let e = random.below(self.edges.len() as u64) as usize;
            let (a, b) = self.edges[e];
            let half = (x[a] - x[b]) / 2.0;
            x[a] -= half;
            x[b] += half;
            out.flow[e] += half;
            out.rounds += 1;
        }
    }
}

fn rotate(a: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q].abs() < 1e-14 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in a.iter_mut() {
        let (x, y) = (row[p], row[q]);
        row[p] = c * x - s * y;
        row[q] = s * x + c * y;
    }
    for k in 0..a.len() {
        let (x, y) = (a[p][k], a[q][k]);
        a[p][k] = c * x - s * y;
        a[q][k] = s * x + c * y;
    }
}
