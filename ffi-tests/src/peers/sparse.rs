//! What does an established sparse solver, with its factor made beforehand, take for a projection?
//!
//! Sparse `L L^T` of the crate `faer`, one thread, approximate minimum degree as it chooses. Two
//! ways to ask it. By triangles, the same question weir answers: `f - d1^T (d1 d1^T + e)^-1 d1 f`,
//! where `e = 1e-9` stands in for the dependent triangles that would make the matrix singular. By
//! nodes, an easier one: `d0 (d0^T d0)^-1 d0^T f`, the gradient part alone, which is the projection
//! only where there are no holes and every edge is in the one block. Flows are real numbers.

use crate::bench::fixtures::Fixture;
use crate::peers::network::Network;
use faer::linalg::solvers::Solve;
use faer::sparse::linalg::solvers::{Llt, SymbolicLlt};
use faer::sparse::{SparseColMat, Triplet};
use faer::{ColMut, Par, Side};

/// Keeps dependent triangles apart.
const APART: f64 = 1e-9;

/// A coboundary as rows of signed columns: `B f` per row.
type Rows = Vec<Vec<(usize, f64)>>;

/// A matrix `B B^T + ground`, ready to be factored.
#[derive(Debug)]
pub struct Question {
    rows: Rows,
    matrix: SparseColMat<usize, f64>,
    /// The projection takes `B^T x` away from the flow, or is `B^T x`.
    complement: bool,
}

impl Question {
    fn new(rows: Rows, columns: usize, ground: &[f64], complement: bool) -> Self {
        let mut of: Rows = vec![vec![]; columns];
        for (row, entries) in rows.iter().enumerate() {
            entries
                .iter()
                .for_each(|(e, sign)| of[*e].push((row, *sign)));
        }
        let mut entries: Vec<Triplet<usize, usize, f64>> = vec![];
        for column in &of {
            for (i, a) in column {
                entries.extend(column.iter().map(|(j, b)| Triplet::new(*i, *j, a * b)));
            }
        }
        let grounded = ground.iter().enumerate().filter(|(_, g)| **g != 0.0);
        entries.extend(grounded.map(|(i, g)| Triplet::new(i, i, *g)));
        let matrix = SparseColMat::try_new_from_triplets(rows.len(), rows.len(), &entries);
        Self {
            rows,
            matrix: matrix.expect("a matrix"),
            complement,
        }
    }

    /// By triangles: the projection itself.
    #[must_use]
    pub fn by_triangles(of: &Fixture) -> Self {
        let sides = |[ab, ac, bc]: &[u16; 3]| [(*ab, 1.0), (*ac, -1.0), (*bc, 1.0)];
        let row = |t: &[u16; 3]| sides(t).map(|(e, sign)| (usize::from(e), sign)).to_vec();
        let rows: Rows = of.incidence().iter().map(row).collect();
        let ground = vec![APART; rows.len()];
        Self::new(rows, of.edges.len(), &ground, true)
    }

    /// By nodes: the gradient part.
    #[must_use]
    pub fn by_nodes(of: &Fixture) -> Self {
        let network = Network::new(of.nodes, &of.edges);
        let mut rows: Rows = vec![vec![]; network.nodes];
        for (edge, (a, b)) in network.edges.iter().enumerate() {
            rows[*a].push((edge, -1.0));
            rows[*b].push((edge, 1.0));
        }
        Self::new(rows, network.edges.len(), &network.grounds(), false)
    }

    /// Symbolic and numeric factor.
    #[must_use]
    pub fn factor(&self) -> Llt<usize, f64> {
        faer::set_global_parallelism(Par::Seq);
        let symbolic = SymbolicLlt::try_new(self.matrix.symbolic(), Side::Lower);
        let symbolic = symbolic.expect("a pattern");
        Llt::try_new_with_symbolic(symbolic, self.matrix.as_ref(), Side::Lower)
            .expect("a positive definite matrix")
    }

    /// Solves; `x` is room for one number per row.
    pub fn project(&self, factor: &Llt<usize, f64>, flow: &[f64], x: &mut [f64], out: &mut [f64]) {
        for (x, row) in x.iter_mut().zip(&self.rows) {
            *x = row.iter().map(|(edge, sign)| sign * flow[*edge]).sum();
        }
        factor.solve_in_place(ColMut::from_slice_mut(x));
        let sign = if self.complement {
            out.copy_from_slice(flow);
            -1.0
        } else {
            out.fill(0.0);
            1.0
        };
        for (x, row) in x.iter().zip(&self.rows) {
            row.iter().for_each(|(edge, s)| out[*edge] += sign * s * x);
        }
    }

    /// Numbers the solver works in.
    #[must_use]
    pub fn unknowns(&self) -> usize {
        self.rows.len()
    }
}
