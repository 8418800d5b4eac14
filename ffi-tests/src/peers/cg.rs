//! What conjugate gradients in f64 would do in weir's place: project a flow off the circulations.
//!
//! Solves `L x = d1 f` with `L = d1 d1^T` and gives `f - d1^T x`. Flows are real numbers, one per
//! edge in canonical order; a triangle is its edges `ab`, `ac`, `bc`, and its curl
//! `f_ab + f_bc - f_ac`. As lean as the method allows: the incidence is given, `L` is never formed,
//! nothing is allocated. Stopping rule, as the predecessor's: recurrence residual below 1e-8 in the
//! 2-norm, or `p^T L p` below 1e-14, or 1,000 iterations. Source: Hestenes and Stiefel 1952. Needs
//! neither heap nor `std`: the meter runs this file in soft float.

/// Residual, in the 2-norm and in the unit of the flow, below which the iteration stops.
pub const TOLERANCE: f64 = 1e-8;
/// Curvature along a direction below which the iteration stops.
pub const FLAT: f64 = 1e-14;
/// Most iterations.
pub const ITERATIONS_MAX: u32 = 1000;

/// Vectors the iteration works in: three per triangle and one per edge.
#[derive(Debug)]
pub struct Scratch<'a> {
    /// The solution, per triangle.
    pub x: &'a mut [f64],
    /// The residual, per triangle.
    pub r: &'a mut [f64],
    /// The direction, per triangle.
    pub p: &'a mut [f64],
    /// `L p`, per triangle.
    pub q: &'a mut [f64],
    /// `d1^T p`, per edge.
    pub edge: &'a mut [f64],
}

fn curl(triangles: &[[u16; 3]], flow: &[f64], out: &mut [f64]) {
    for ([ab, ac, bc], out) in triangles.iter().zip(out) {
        *out = flow[usize::from(*ab)] + flow[usize::from(*bc)] - flow[usize::from(*ac)];
    }
}

/// Subtracts `d1^T x` from `flow`.
fn subtract(triangles: &[[u16; 3]], x: &[f64], flow: &mut [f64]) {
    for ([ab, ac, bc], x) in triangles.iter().zip(x) {
        flow[usize::from(*ab)] -= x;
        flow[usize::from(*bc)] -= x;
        flow[usize::from(*ac)] += x;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Projects `flow` in place; the number of iterations.
pub fn project(triangles: &[[u16; 3]], flow: &mut [f64], work: &mut Scratch<'_>) -> u32 {
    let Scratch { x, r, p, q, edge } = work;
    x.fill(0.0);
    curl(triangles, flow, r);
    p.copy_from_slice(r);
    let mut square = dot(r, r);
    let mut iterations = 0;
    while iterations < ITERATIONS_MAX && square >= TOLERANCE * TOLERANCE {
        // With the sign of `subtract`, the edge vector is -d1^T p and the curl of it -L p.
        edge.fill(0.0);
        subtract(triangles, p, edge);
        curl(triangles, edge, q);
        let bent = -dot(p, q);
        if bent < FLAT {
            break;
        }
        let step = square / bent;
        for ((x, r), (p, q)) in x.iter_mut().zip(r.iter_mut()).zip(p.iter().zip(q.iter())) {
            *x += step * p;
            *r += step * q;
        }
        let next = dot(r, r);
        let turn = next / square;
        square = next;
        for (p, r) in p.iter_mut().zip(r.iter()) {
            *p = *r + turn * *p;
        }
        iterations += 1;
    }
    subtract(triangles, x, flow);
    iterations
}
