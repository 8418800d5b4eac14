//! How fast can neighbours level load among themselves?
//!
//! The matrix is `C^-1 L`: the Laplacian of the edges that are up, over capacities relative to the
//! largest one. `high` bounds its eigenvalues from above by `max(d_u / c_u + d_v / c_v)` over the
//! edges (Anderson and Morley 1985). `low` estimates the smallest one that is not zero, over all
//! components: a Rayleigh quotient, so it is never below that eigenvalue but for its rounding. The
//! vector comes from Chebyshev filters of degree `3 sqrt(high / low)` that damp all of `low ..=
//! high`; when two in a row no longer improve the quotient by a thirty-second, it is kept. Tests
//! find it less than 10 % above. What follows from it is speed; stability needs `high` only.
//!
//! Eigenvalues are Q32. Vectors are integers held below 2^30: sums over the edges of a node are
//! below 2^46, over capacities below 2^62. Errors as in [`Net::spectrum`]. Memory: two words per
//! node. Source: math.md 4; Saad (2011) for the filter. Runs when the topology changes.

use super::Error;
use super::forest::{Net, Seat};
use crate::num::wide::{Reciprocal, bits, div_shift, mul_q30};
use crate::num::{Exact, at, put};
use crate::random::Random;

/// One in Q32.
const ONE: u64 = 1 << 32;
/// Filters are applied at most this often.
const FILTERS: u16 = 32;
/// Least and largest degree of a filter.
const DEGREE_MIN: u32 = 8;
const DEGREE_MAX: u32 = 1024;

/// Bounds of the eigenvalues, relative to the largest capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spectrum {
    /// No eigenvalue is above, Q32. Zero if no edge joins two nodes with capacity.
    pub high: u64,
    /// The smallest eigenvalue above zero is about this, Q32.
    pub low: u64,
    /// The largest capacity.
    pub capacity: u16,
}

/// Two vectors over the nodes.
struct Pair<'a> {
    now: &'a mut [i64],
    last: &'a mut [i64],
}

impl Net<'_> {
    /// Bounds of the spectrum on the forest in `seats`, which must be this net's.
    ///
    /// `work` is two words per node. `Length` if a slice does not match; `Range` if capacities are
    /// so unequal that `high` exceeds 2^20; `IllConditioned` if the smallest eigenvalue is below
    /// what Q32 resolves (a chain of some 30,000 nodes).
    pub fn spectrum(&self, seats: &[Seat], work: &mut [i64]) -> Result<Spectrum, Error> {
        let nodes = usize::from(self.nodes());
        let (now, last) = work.split_at_mut_checked(nodes).ok_or(Error::Length)?;
        if seats.len() != nodes || last.len() != nodes {
            return Err(Error::Length);
        }
        let capacity = (0..self.nodes()).map(|node| self.capacity(node)).max();
        let mut spectrum = Spectrum {
            capacity: capacity.unwrap_or(0),
            ..Spectrum::default()
        };
        let mut pair = Pair { now, last };
        spectrum.high = self.high(spectrum.capacity, pair.now)?;
        if spectrum.high != 0 {
            spectrum.low = self.low(seats, &spectrum, &mut pair)?;
        }
        Ok(spectrum)
    }

    /// `max(d_u / c_u + d_v / c_v)` in Q32, rounded up.
    fn high(&self, capacity: u16, degree: &mut [i64]) -> Result<u64, Error> {
        degree.fill(0);
        for link in self.open_links() {
            for node in [link.tail, link.head] {
                put(degree, node, at(degree, node).plus(1));
            }
        }
        // A degree is below 2^15, a capacity below 2^16: 2^63 with the fraction.
        let rate = |node: u16| {
            let scaled = at(degree, node).unsigned_abs().times(u64::from(capacity));
            (scaled << 32)
                .checked_div(u64::from(self.capacity(node)))
                .unwrap_or(0)
                .plus(1)
        };
        let rates = self
            .open_links()
            .map(|link| (rate(link.tail) >> 1).plus(rate(link.head) >> 1));
        let half = rates.max().unwrap_or(0);
        if half >= 1 << 51 {
            return Err(Error::Range);
        }
        Ok(half.plus(u64::from(half != 0)) << 1)
    }

    fn low(&self, seats: &[Seat], of: &Spectrum, pair: &mut Pair<'_>) -> Result<u64, Error> {
        let mut random = Random::new(u64::from(self.nodes()));
        for value in pair.now.iter_mut() {
            *value = i64::from(random.below(1 << 24)).minus(1 << 23);
        }
        let mut best = self.quotient(seats, of, pair.now);
        let mut idle = 0_u16;
        for _ in 0..FILTERS {
            let cut = best.min(of.high >> 1).max(1);
            let ratio = of.high.checked_div(cut).unwrap_or(u64::MAX);
            let degree = root(ratio.saturating_mul(9)).clamp(DEGREE_MIN, DEGREE_MAX);
            self.filter(of, cut, degree, pair);
            let found = self.quotient(seats, of, pair.now);
            // Another component may still be on its way down.
            idle = if found < best.minus(best >> 5) {
                0
            } else {
                idle.plus(1)
            };
            best = best.min(found);
            if idle == 2 {
                break;
            }
        }
        if best < 1 << 4 {
            return Err(Error::IllConditioned);
        }
        Ok(best)
    }

    /// Chebyshev's polynomial of `degree` in the matrix: below one in magnitude on `cut ..= high`,
    /// growing below `cut`.
    fn filter(&self, of: &Spectrum, cut: u64, degree: u32, pair: &mut Pair<'_>) {
        let span = of.high.minus(cut);
        let by = Reciprocal::of(span as i64);
        // `2 (high + cut) / (high - cut) - 2 = 4 cut / (high - cut)`, at most 4.
        let extra = div_shift(cut as i64, 28, span as i64).unwrap_or(0) as i32;
        pair.last.fill(0);
        for step in 0..degree {
            // The first step is half of the others: the polynomial of degree one is `x`.
            let half = u32::from(step == 0);
            self.advance(of, (by, extra), half, pair);
            core::mem::swap(&mut pair.now, &mut pair.last);
            normalise(pair);
        }
    }

    /// `last = (2 s now - last)`, `s = (high + cut - 2 A) / (high - cut)`, halved before `last` is
    /// taken off in the first step.
    fn advance(&self, of: &Spectrum, by: (Reciprocal, i32), half: u32, pair: &mut Pair<'_>) {
        for value in pair.last.iter_mut() {
            *value = 0_i64.minus(*value);
        }
        // Sums of the drops first, apart from the old vector: it is far below the guard bit.
        for node in 0..self.nodes() {
            let own = at(pair.now, node);
            // Extra is Q28 of a quarter.
            let grown = own.times(2).plus(mul_q30(own.times(16), by.1));
            put(pair.last, node, at(pair.last, node).plus(grown >> half));
        }
        for link in self.open_links() {
            let drop = at(pair.now, link.tail).minus(at(pair.now, link.head));
            for (node, drop) in [(link.tail, drop), (link.head, 0_i64.minus(drop))] {
                // Relative capacities are at most one, their reciprocals below 2^16; the product
                // with `4 / span` is at most `4 high / span <= 8` over the degree.
                let scaled = relative(drop, of.capacity, self.capacity(node));
                let part = by.0.apply(scaled, 34);
                put(pair.last, node, at(pair.last, node).minus(part >> half));
            }
        }
    }

    /// Takes the mean out of every component and returns the least Rayleigh quotient, Q32.
    fn quotient(&self, seats: &[Seat], of: &Spectrum, x: &mut [i64]) -> u64 {
        let mut least = of.high;
        for root in 0..self.nodes() {
            let seated = at(seats, root).root == root && self.capacity(root) != 0;
            if seated && at(seats, root).reach != 0 {
                self.centre(seats, root, x);
                least = least.min(self.rayleigh(seats, root, of, x).unwrap_or(least));
            }
        }
        least
    }

    /// Nodes of a component that have capacity.
    fn open_nodes<'s>(&'s self, seats: &'s [Seat], root: u16) -> impl Iterator<Item = u16> + 's {
        (0..self.nodes()).filter(move |v| at(seats, *v).root == root && self.capacity(*v) != 0)
    }

    /// Takes the mean over capacities out of a component.
    fn centre(&self, seats: &[Seat], root: u16, x: &mut [i64]) {
        let (mut sum, mut weight) = (0_i64, 0_i64);
        for node in self.open_nodes(seats, root) {
            let capacity = i64::from(self.capacity(node));
            // 2^30 times 2^16 times 2^16.
            sum = sum.plus(at(x, node).times(capacity));
            weight = weight.plus(capacity);
        }
        let mean = sum.checked_div(weight).unwrap_or(0);
        for node in self.open_nodes(seats, root) {
            put(x, node, at(x, node).minus(mean));
        }
    }

    /// `sum (x_u - x_v)^2 / sum c x^2` of a component, on vectors below 2^22.
    fn rayleigh(&self, seats: &[Seat], root: u16, of: &Spectrum, x: &[i64]) -> Option<u64> {
        let nodes = self.open_nodes(seats, root);
        let most = nodes.map(|node| at(x, node).unsigned_abs()).max()?;
        let shift = bits(most).saturating_sub(22);
        let up = 22_u32.saturating_sub(bits(most));
        let value = |node: u16| (at(x, node) << up) >> shift;
        let links = self
            .open_links()
            .filter(|link| at(seats, link.tail).root == root);
        // 2^15 edges times 2^46; 2^16 nodes times 2^44 times 2^16 / 2^16.
        let drops = links.fold(0_i64, |sum, link| {
            let drop = value(link.tail).minus(value(link.head));
            sum.plus(drop.times(drop))
        });
        let weight = self.open_nodes(seats, root).fold(0_i64, |sum, node| {
            let square = value(node).times(value(node));
            sum.plus(square.times(i64::from(self.capacity(node))) >> 16)
        });
        // Over the capacities the quotient is at most 2^14 in Q48.
        let quotient = div_shift(drops, 32, weight)?.unsigned_abs();
        let scale = u64::from(of.capacity);
        let high = (quotient >> 16).checked_mul(scale)?;
        Some(high.plus((quotient & 0xffff).times(scale) >> 16))
    }
}

/// `value * most / capacity`, without a division where they are equal.
fn relative(value: i64, most: u16, capacity: u16) -> i64 {
    if most == capacity {
        return value;
    }
    let scaled = value.times(i64::from(most));
    scaled.checked_div(i64::from(capacity)).unwrap_or(0)
}

/// Keeps both vectors below 2^30 by common halvings.
fn normalise(pair: &mut Pair<'_>) {
    let both = pair.now.iter().chain(pair.last.iter());
    let most = both.map(|value| value.unsigned_abs()).max().unwrap_or(0);
    let shift = bits(most).saturating_sub(26);
    if shift > 3 {
        for value in pair.now.iter_mut().chain(pair.last.iter_mut()) {
            *value >>= shift;
        }
    }
}

/// The factor by which second-order steps shrink an imbalance, and what makes them: all in Q30.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Share of a difference that the first step moves.
    pub first: i32,
    /// Share of a difference that later steps move.
    pub gain: i32,
    /// Share of the last flow that is moved again.
    pub momentum: i32,
    /// What is left of an imbalance after a step, in the long run.
    pub factor: i32,
}

impl Spectrum {
    /// The best pace for these bounds, with a fifth of margin on `low`; zero where nothing joins
    /// two nodes.
    ///
    /// `first = 2 / (high + low)`, `momentum = (1 - s) / (1 + s)` with `s = 2 sqrt(low high) /
    /// (high + low)`, `gain = first * (1 + momentum)`, `factor = sqrt(momentum)`.
    #[must_use]
    pub fn pace(self) -> Pace {
        let low = self.low.minus(self.low.checked_div(5).unwrap_or(0));
        // Below 2^53.
        let sum = self.high.plus(low);
        let share = |part: u64| div_shift(part as i64, 31, sum as i64).unwrap_or(0);
        if sum == 0 {
            return Pace::default();
        }
        // Rounded down: a smaller first share is still stable.
        let first = share(ONE).clamp(1, i64::from(i32::MAX));
        let ratio = div_shift(low as i64, 60, self.high as i64).unwrap_or(0);
        // `s = 2 r / (1 + r^2)` with `r = sqrt(low / high)`: `momentum = ((1 - r) / (1 + r))^2`.
        let root = i64::from(root(ratio.unsigned_abs()));
        let one = 1_i64 << 30;
        let factor = div_shift(one.minus(root), 30, one.plus(root)).unwrap_or(0);
        let momentum = mul_q30(factor, factor as i32);
        let gain = first.plus(mul_q30(first, momentum as i32));
        Pace {
            first: first as i32,
            gain: gain.min(i64::from(i32::MAX)) as i32,
            momentum: momentum as i32,
            factor: factor as i32,
        }
    }
}

/// The integer part of a square root: one bit per step.
fn root(square: u64) -> u32 {
    let mut found = 0_u64;
    for bit in (0..32).rev() {
        let trial = found | (1 << bit);
        if trial.times(trial) <= square {
            found = trial;
        }
    }
    found as u32
}
