//! A graph as balancing sees it: its Laplacian and the two eigenvalues that set every rate.
//!
//! The spectrum is found by cyclic Jacobi rotations on the dense matrix, exact to f64 and good for
//! some hundreds of nodes. Source: Golub and Van Loan, Matrix Computations, 8.5.

/// Nodes from 0, and edges.
#[derive(Clone, Debug)]
pub struct Network {
    /// How many nodes.
    pub nodes: usize,
    /// Pairs of nodes, each once.
    pub edges: Vec<(usize, usize)>,
}

/// Bounds of the nonzero part of a Laplacian's spectrum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least nonzero eigenvalue, or less.
    pub low: f64,
    /// The largest eigenvalue, or more.
    pub high: f64,
}

impl Network {
    /// From ids that are the numbers from 0.
    #[must_use]
    pub fn new(nodes: u16, edges: &[(u16, u16)]) -> Self {
        let pair = |(a, b): &(u16, u16)| (usize::from(*a), usize::from(*b));
        Self {
            nodes: usize::from(nodes),
            edges: edges.iter().map(pair).collect(),
        }
    }

    /// Neighbours of each node, counted.
    #[must_use]
    pub fn degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.nodes];
        for (a, b) in &self.edges {
            degrees[*a] += 1;
            degrees[*b] += 1;
        }
        degrees
    }

    /// Neighbours of each node.
    #[must_use]
    pub fn neighbours(&self) -> Vec<Vec<usize>> {
        let mut neighbours = vec![vec![]; self.nodes];
        for (a, b) in &self.edges {
            neighbours[*a].push(*b);
            neighbours[*b].push(*a);
        }
        neighbours
    }

    /// One at the lowest node of every connected part, zero elsewhere: added to the diagonal, it
    /// makes the Laplacian regular.
    #[must_use]
    pub fn grounds(&self) -> Vec<f64> {
        let neighbours = self.neighbours();
        let (mut ground, mut seen) = (vec![0.0; self.nodes], vec![false; self.nodes]);
        for first in 0..self.nodes {
            if seen[first] {
                continue;
            }
            ground[first] = 1.0;
            seen[first] = true;
            let mut open = vec![first];
            while let Some(node) = open.pop() {
                for next in &neighbours[node] {
                    if !seen[*next] {
                        seen[*next] = true;
                        open.push(*next);
                    }
                }
            }
        }
        ground
    }

    /// `L x` into `out`.
    pub fn laplacian(&self, x: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (a, b) in &self.edges {
            let slope = x[*a] - x[*b];
            out[*a] += slope;
            out[*b] -= slope;
        }
    }

    /// All eigenvalues of the Laplacian, ascending.
    #[must_use]
    pub fn spectrum(&self) -> Vec<f64> {
        let n = self.nodes;
        let mut matrix = vec![0.0; n * n];
        for (a, b) in &self.edges {
            matrix[a * n + a] += 1.0;
            matrix[b * n + b] += 1.0;
            matrix[a * n + b] -= 1.0;
            matrix[b * n + a] -= 1.0;
        }
        diagonalise(&mut matrix, n);
        let mut values: Vec<f64> = (0..n).map(|i| matrix[i * n + i]).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// The exact bounds. The network must be connected.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let values = self.spectrum();
        assert!(values[1] > 1e-9, "the network is not connected");
        Bounds {
            low: values[1],
            high: values[self.nodes - 1],
        }
    }

    /// Bounds a network could know of itself: the largest sum of degrees over an edge (Anderson and
    /// Morley 1985), and 0.8 of the least nonzero eigenvalue as measured at some earlier time.
    #[must_use]
    pub fn safe_bounds(&self) -> Bounds {
        let degrees = self.degrees();
        let sums = self.edges.iter().map(|(a, b)| degrees[*a] + degrees[*b]);
        Bounds {
            low: 0.8 * self.bounds().low,
            high: sums.max().unwrap_or(0) as f64,
        }
    }
}

/// Rotates until what is off the diagonal no longer counts.
fn diagonalise(matrix: &mut [f64], n: usize) {
    for _ in 0..60 {
        let off = |i: usize, j: usize| i != j;
        let square = |at: usize| matrix[at] * matrix[at];
        let rest: f64 = (0..n * n)
            .filter(|at| off(at / n, at % n))
            .map(square)
            .sum();
        if rest < 1e-22 {
            return;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(matrix, n, p, q);
            }
        }
    }
}

/// One Jacobi rotation: the entry (p, q) becomes zero.
fn rotate(matrix: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = matrix[p * n + q];
    if apq == 0.0 {
        return;
    }
    let theta = (matrix[q * n + q] - matrix[p * n + p]) / (2.0 * apq);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for k in 0..n {
        let (kp, kq) = (matrix[k * n + p], matrix[k * n + q]);
        matrix[k * n + p] = cosine * kp - sine * kq;
        matrix[k * n + q] = sine * kp + cosine * kq;
    }
    for k in 0..n {
        let (pk, qk) = (matrix[p * n + k], matrix[q * n + k]);
        matrix[p * n + k] = cosine * pk - sine * qk;
        matrix[q * n + k] = sine * pk + cosine * qk;
    }
}
