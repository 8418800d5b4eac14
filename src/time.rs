//! Time that cannot go back, a table of timers, and Trickle.
//!
//! Outside, time is a 64-bit count of milliseconds with any origin. Inside, instants are 32 bits
//! and are compared by wrapping difference, so no span may exceed 2^31 - 1 ms (24 days). A reading
//! that goes backwards counts as no time passed and is counted.

use bytemuck::{Pod, Zeroable};

/// An instant inside the library, in milliseconds modulo 2^32.
pub type Instant = u32;

/// Milliseconds from `earlier` to `later`, negative if it is the other way round.
#[must_use]
pub const fn since(later: Instant, earlier: Instant) -> i32 {
    later.wrapping_sub(earlier) as i32
}

/// The clock of a node: the caller's readings made monotonic.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Clock {
    outside: u64,
    now: Instant,
    /// Readings that went backwards.
    pub backwards: u32,
}

impl Clock {
    /// The instant of a reading. Time never goes back and never jumps more than 2^31 - 1 ms at
    /// once.
    #[inline(never)]
    pub fn advance(&mut self, outside: u64) -> Instant {
        match outside.checked_sub(self.outside) {
            Some(passed) => {
                self.outside = outside;
                let step = u32::try_from(passed)
                    .unwrap_or(u32::MAX)
                    .min(i32::MAX as u32);
                self.now = self.now.wrapping_add(step);
            }
            None => self.backwards = self.backwards.saturating_add(1),
        }
        self.now
    }

    /// Declares that the reading `outside` is now, whatever the last one was.
    pub const fn resume(&mut self, outside: u64) {
        self.outside = outside;
    }

    /// The last instant.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The caller's reading at `instant`, which must not be before the last one.
    #[must_use]
    pub fn outside_at(&self, instant: Instant) -> u64 {
        self.outside
            .saturating_add(since(instant, self.now).max(0) as u64)
    }
}

/// Number of timers in a table.
pub const TIMERS: usize = 8;

/// A table of timers, each off or due at an instant; the owner's enumeration gives the numbers.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Timers {
    due: [Instant; TIMERS],
    armed: [u8; TIMERS],
}

impl Timers {
    /// Sets timer `index` to `at`.
    #[inline(never)]
    pub fn set(&mut self, index: usize, at: Instant) {
        if let (Some(due), Some(armed)) = (self.due.get_mut(index), self.armed.get_mut(index)) {
            *due = at;
            *armed = 1;
        }
    }

    /// Sets timer `index` to `at` unless it is due sooner already.
    #[inline(never)]
    pub fn set_sooner(&mut self, index: usize, at: Instant) {
        match self.get(index) {
            Some(due) if since(at, due) >= 0 => {}
            _ => self.set(index, at),
        }
    }

    /// Turns timer `index` off.
    pub fn stop(&mut self, index: usize) {
        if let Some(armed) = self.armed.get_mut(index) {
            *armed = 0;
        }
    }

    /// When timer `index` is due.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Instant> {
        match (self.due.get(index), self.armed.get(index)) {
            (Some(&due), Some(&armed)) if armed != 0 => Some(due),
            _ => None,
        }
    }

    /// Takes the earliest timer that is due at `now`, the lowest number among equals.
    #[inline(never)]
    pub fn take_expired(&mut self, now: Instant) -> Option<usize> {
        let (index, due) = self.earliest(now)?;
        if since(due, now) > 0 {
            return None;
        }
        self.stop(index);
        Some(index)
    }

    /// The earliest armed timer and its instant, seen from `now`.
    #[must_use]
    pub fn earliest(&self, now: Instant) -> Option<(usize, Instant)> {
        (0..TIMERS)
            .filter_map(|index| Some((index, self.get(index)?)))
            .min_by_key(|&(index, due)| (since(due, now), index))
    }
}

/// The interval of RFC 6206: doubles while all agrees, restarts small when something differs.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Trickle {
    min_ms: u32,
    interval_ms: u32,
    started: Instant,
    doublings: u8,
    /// Redundancy constant k: hearing this many equal messages makes ours superfluous; 0 = speak
    /// always.
    redundancy: u8,
    heard: u8,
    unused: u8,
}

impl Trickle {
    /// Longest interval in milliseconds, so that no span leaves the range of [`since`].
    const LONGEST_MS: u32 = 1 << 30;

    /// A Trickle timer that has not started.
    #[must_use]
    pub const fn new(min_ms: u32, doublings: u8, redundancy: u8) -> Self {
        Self {
            min_ms,
            interval_ms: min_ms,
            started: 0,
            doublings,
            redundancy,
            heard: 0,
            unused: 0,
        }
    }

    /// Begins an interval at `now` and returns the instant at which to consider speaking, in its
    /// second half: `below` chooses a number below its argument.
    pub fn begin(&mut self, now: Instant, below: impl FnOnce(u32) -> u32) -> Instant {
        self.started = now;
        self.heard = 0;
        let half = self.interval_ms >> 1;
        now.wrapping_add(half).wrapping_add(below(half))
    }

    /// Starts again with the smallest interval, unless it is the current one already.
    /// Returns the instant at which to consider speaking if the interval was restarted.
    pub fn reset(&mut self, now: Instant, below: impl FnOnce(u32) -> u32) -> Option<Instant> {
        if self.interval_ms == self.min_ms {
            return None;
        }
        self.interval_ms = self.min_ms;
        Some(self.begin(now, below))
    }

    /// Counts a consistent message.
    pub const fn hear(&mut self) {
        self.heard = self.heard.saturating_add(1);
    }

    /// Whether to speak, at the instant that [`begin`](Self::begin) chose.
    #[must_use]
    pub const fn speaks(&self) -> bool {
        self.redundancy == 0 || self.heard < self.redundancy
    }

    /// The end of the current interval.
    #[must_use]
    pub const fn end(&self) -> Instant {
        self.started.wrapping_add(self.interval_ms)
    }

    /// Doubles the interval up to its bound; the caller begins the next one.
    pub fn double(&mut self) {
        let bound = self
            .min_ms
            .checked_shl(u32::from(self.doublings))
            .unwrap_or(Self::LONGEST_MS);
        let bound = if bound >> self.doublings.min(31) == self.min_ms {
            bound
        } else {
            Self::LONGEST_MS
        };
        self.interval_ms = self
            .interval_ms
            .saturating_mul(2)
            .min(bound)
            .min(Self::LONGEST_MS);
    }

    /// Length of the current interval.
    #[must_use]
    pub const fn interval_ms(&self) -> u32 {
        self.interval_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn clock_never_goes_back_and_counts_the_attempts() {
        let mut clock: Clock = Zeroable::zeroed();
        assert_eq!(clock.advance(10), 10);
        assert_eq!(clock.advance(4), 10);
        assert_eq!((clock.advance(11), clock.backwards), (11, 1));
    }

    #[test]
    fn clock_passes_both_wraps() {
        let mut clock: Clock = Zeroable::zeroed();
        clock.resume(u64::from(u32::MAX) - 5);
        let before = clock.now();
        let after = clock.advance(u64::from(u32::MAX) + 5);
        assert_eq!(since(after, before), 10);
        for _ in 0..5 {
            let last = clock.now();
            let outside = clock.outside_at(last);
            let now = clock.advance(outside + 0x7fff_0000);
            assert_eq!(
                since(now, last),
                0x7fff_0000,
                "no wrap of the inner clock is seen"
            );
            assert_eq!(clock.outside_at(now.wrapping_add(3)), outside + 0x7fff_0003);
        }
    }

    #[test]
    fn timers_fire_in_order_of_time_then_number() {
        let mut timers = Timers::zeroed();
        let start = u32::MAX - 3;
        timers.set(3, start);
        timers.set(1, start.wrapping_add(9));
        timers.set(2, start.wrapping_add(9));
        timers.set_sooner(2, start.wrapping_add(20));
        let now = start.wrapping_add(9);
        let fired: Vec<_> = core::iter::from_fn(|| timers.take_expired(now)).collect();
        assert_eq!(fired, [3, 1, 2]);
        assert_eq!(timers.earliest(now), None);
    }

    #[test]
    fn trickle_doubles_to_its_bound_speaks_in_the_second_half_and_restarts() {
        let mut random = Random::new(1);
        let mut trickle = Trickle::new(100, 3, 2);
        let mut now = 5_u32;
        let mut lengths = Vec::new();
        for _ in 0..6 {
            let at = trickle.begin(now, |bound| random.below(bound));
            let offset = since(at, now) as u32;
            assert!(offset >= trickle.interval_ms() / 2 && offset < trickle.interval_ms());
            lengths.push(trickle.interval_ms());
            now = trickle.end();
            trickle.double();
        }
        assert_eq!(lengths, [100, 200, 400, 800, 800, 800]);
        assert!(trickle.reset(now, |bound| random.below(bound)).is_some());
        assert_eq!(
            trickle.reset(now, |bound| random.below(bound)),
            None,
            "an interval of the smallest size goes on"
        );
    }

    #[test]
    fn trickle_is_silent_after_k_equal_messages() {
        let mut trickle = Trickle::new(100, 3, 2);
        trickle.hear();
        assert!(trickle.speaks());
        trickle.hear();
        assert!(!trickle.speaks());
        let mut always = Trickle::new(100, 3, 0);
        always.hear();
        assert!(always.speaks());
    }

    #[test]
    fn trickle_bound_does_not_overflow() {
        let mut trickle = Trickle::new(1 << 29, 31, 1);
        for _ in 0..8 {
            trickle.double();
        }
        assert_eq!(trickle.interval_ms(), 1 << 30);
    }
}
