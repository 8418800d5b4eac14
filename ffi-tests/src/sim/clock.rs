//! Clocks that are wrong: each node reads its own, which has its own origin and its own rate.
//!
//! The library is driven by such readings only. The world keeps true time and needs the inverse:
//! the first true moment at which a clock shows at least what a node asked to be woken at.

/// Parts of the unit in which rates are given.
const MILLION: u64 = 1_000_000;

/// A clock that gains or loses evenly until its rate is changed.
#[derive(Clone, Copy, Debug)]
pub struct Drift {
    /// A true moment, and what the clock showed then.
    base: (u64, u64),
    /// How much it runs fast, in millionths; negative if slow.
    ppm: i32,
}

impl Drift {
    /// The true clock.
    pub const TRUE: Self = Self {
        base: (0, 0),
        ppm: 0,
    };

    /// A clock that shows `origin` at the true moment `now`.
    #[must_use]
    pub const fn new(now: u64, origin: u64, ppm: i32) -> Self {
        Self {
            base: (now, origin),
            ppm,
        }
    }

    /// How much it runs fast.
    #[must_use]
    pub const fn ppm(&self) -> i32 {
        self.ppm
    }

    fn rate(&self) -> u64 {
        MILLION.saturating_add_signed(i64::from(self.ppm))
    }

    /// What it shows at a true moment, which is not before its base.
    #[must_use]
    pub fn reading(&self, now: u64) -> u64 {
        self.base.1 + (now - self.base.0) * self.rate() / MILLION
    }

    /// The first true moment at which it shows `reading` or more.
    #[must_use]
    pub fn moment(&self, reading: u64) -> u64 {
        let ahead = reading.saturating_sub(self.base.1);
        self.base.0 + (ahead * MILLION).div_ceil(self.rate())
    }

    /// Runs at another rate from now on; what it shows now does not jump.
    pub fn change(&mut self, now: u64, ppm: i32) {
        *self = Self::new(now, self.reading(now), ppm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moment_is_the_first_at_which_the_reading_is_reached() {
        for ppm in [-20_000, -100, -1, 0, 1, 99, 20_000] {
            let mut clock = Drift::new(1000, u64::from(u32::MAX) - 50, ppm);
            for step in 0..3000 {
                let reading = clock.reading(1000) + step;
                let moment = clock.moment(reading);
                assert!(clock.reading(moment) >= reading, "{ppm} {step}");
                assert!(moment == 1000 || clock.reading(moment - 1) < reading);
            }
            let before = clock.reading(5000);
            clock.change(5000, -ppm);
            assert_eq!(clock.reading(5000), before);
        }
    }
}
