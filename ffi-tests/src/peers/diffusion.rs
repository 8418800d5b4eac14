//! How many synchronous rounds do the diffusion schemes take to level a load?
//!
//! In every round every node sends one value over every edge. First order: `x -= alpha L x`
//! (Cybenko 1989). Second order: `x' = beta M x + (1 - beta) x_before` with `M = 1 - alpha L`
//! (Muthukrishnan, Ghosh, Schultz 1998). Chebyshev: the semi-iteration on given bounds of the
//! spectrum (Golub and Varga 1961). Bytes: 8 per value for the first order, as the predecessor
//! counts, 4 for the others.

use super::network::{Bounds, Network};
use super::{CLOSE, Course, imbalance};

/// After so many rounds a scheme counts as not finishing.
const ROUNDS_MAX: u32 = 1_000_000;

/// Bytes of a value in the first-order scheme.
const WIDE: u64 = 8;
/// Bytes of a value in the other schemes.
const NARROW: u64 = 4;

/// The step width that is stable without knowing the spectrum: one over the largest degree plus
/// one.
#[must_use]
pub fn local_width(network: &Network) -> f64 {
    1.0 / (network.degrees().into_iter().max().unwrap_or(0) as f64 + 1.0)
}

/// The step width with the best rate for these bounds.
#[must_use]
pub fn optimal_width(bounds: Bounds) -> f64 {
    2.0 / (bounds.low + bounds.high)
}

/// The factor by which the first order shrinks the imbalance per round, at its best.
#[must_use]
pub fn rate(bounds: Bounds) -> f64 {
    (bounds.high - bounds.low) / (bounds.high + bounds.low)
}

/// Runs `round`, which changes the load, until it is level; `None` if that never happens.
fn until_level(
    network: &Network,
    load: &[f64],
    value: u64,
    mut round: impl FnMut(&mut Vec<f64>, u32),
) -> Option<Course> {
    let mut load = load.to_vec();
    for steps in 0..ROUNDS_MAX {
        let off = imbalance(&load);
        if off < CLOSE {
            let messages = u64::from(steps) * 2 * network.edges.len() as u64;
            let bytes = messages * value;
            return Some(Course {
                steps,
                messages,
                bytes,
                load,
            });
        }
        if !off.is_finite() {
            return None;
        }
        round(&mut load, steps);
    }
    None
}

/// First-order diffusion with step width `alpha`.
#[must_use]
pub fn first_order(network: &Network, load: &[f64], alpha: f64) -> Option<Course> {
    let mut slope = vec![0.0; load.len()];
    until_level(network, load, WIDE, |x, _| {
        network.laplacian(x, &mut slope);
        x.iter_mut().zip(&slope).for_each(|(x, s)| *x -= alpha * s);
    })
}

/// Second-order diffusion with the best step width and the best `beta` for these bounds.
#[must_use]
pub fn second_order(network: &Network, load: &[f64], bounds: Bounds) -> Option<Course> {
    let (alpha, gamma) = (optimal_width(bounds), rate(bounds));
    let best = 2.0 / (1.0 + (1.0 - gamma * gamma).sqrt());
    let (mut slope, mut before) = (vec![0.0; load.len()], load.to_vec());
    until_level(network, load, NARROW, |x, round| {
        let beta = if round == 0 { 1.0 } else { best };
        network.laplacian(x, &mut slope);
        for ((x, before), slope) in x.iter_mut().zip(&mut before).zip(&slope) {
            let next = beta * (*x - alpha * slope) + (1.0 - beta) * *before;
            *before = *x;
            *x = next;
        }
    })
}

/// The Chebyshev semi-iteration on these bounds.
#[must_use]
pub fn chebyshev(network: &Network, load: &[f64], bounds: Bounds) -> Option<Course> {
    let centre = (bounds.high + bounds.low) / 2.0;
    let radius = (bounds.high - bounds.low) / 2.0;
    let (mut slope, mut step) = (vec![0.0; load.len()], vec![0.0; load.len()]);
    let mut rho = 0.0;
    until_level(network, load, NARROW, |x, round| {
        network.laplacian(x, &mut slope);
        // The recurrence of the Chebyshev polynomials, scaled to 1 at the eigenvalue 0.
        let (keep, push) = if round == 0 {
            rho = radius / centre;
            (0.0, 1.0 / centre)
        } else {
            let next = 1.0 / (2.0 * centre / radius - rho);
            let pair = (next * rho, 2.0 * next / radius);
            rho = next;
            pair
        };
        for ((x, step), slope) in x.iter_mut().zip(&mut step).zip(&slope) {
            *step = keep * *step - push * slope;
            *x += *step;
        }
    })
}
