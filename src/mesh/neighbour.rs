//! Neighbours: who was heard on the air, how well, and which of its frames were seen.
//!
//! A neighbour is *live* after three of its last four beacons or one exchange it acknowledged, and
//! until it was silent for six heartbeats, did not acknowledge work four times, or said goodbye.
//! Replays are told by a 64-bit window per sender and session (RFC 4303 section 3.4.3); a sender
//! that lost its place is remembered for a while by its last number.

use bytemuck::{Pod, Zeroable};

use crate::time::{Instant, since};

/// Heartbeats of silence after which a link is down.
pub const SILENT_HEARTBEATS: u32 = 6;
/// Attempts without acknowledgement after which a link is down.
pub const TRIES: u8 = 4;
/// Sessions with this bit are random; others are boot numbers, and those only grow.
pub const RANDOM_SESSION: u64 = 1 << 63;

/// Bits of [`Neighbour::flags`].
pub mod flag {
    /// The place is in use.
    pub const USED: u8 = 1;
    /// The link can be used.
    pub const LIVE: u8 = 2;
    /// Frames to and from it are dropped, for tests.
    pub const BLOCKED: u8 = 4;
    /// Its last beacon showed this node's digest.
    pub const AGREED: u8 = 8;
    /// Ask it what it holds.
    pub const ASK: u8 = 16;
    /// The list to send answers one of its lists.
    pub const ANSWER: u8 = 32;
    /// Its mesh parameters are others.
    pub const FOREIGN: u8 = 64;
}

/// The frames of one session that were seen, back from the highest one.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Window {
    session: u64,
    /// Bit n: the frame `highest - n` was seen. 0: nothing was seen yet.
    seen: u64,
}

impl Window {
    /// Whether a frame is new, and remembers it.
    fn accept(&mut self, highest: &mut u32, sequence: u32) -> bool {
        if sequence > *highest {
            let ahead = sequence.wrapping_sub(*highest);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            *highest = sequence;
            return true;
        }
        let behind = highest.wrapping_sub(sequence);
        let bit = 1_u64.checked_shl(behind).unwrap_or(0);
        let fresh = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        fresh
    }
}

/// One neighbour.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Neighbour {
    windows: [Window; 2],
    /// The highest frame of each window.
    highest: [u32; 2],
    /// Digest of its last beacon.
    pub digest: u64,
    /// When it was last heard.
    pub heard_at: Instant,
    /// When it was last asked for a summary.
    pub asked_at: Instant,
    /// Its id.
    pub id: u16,
    /// Groups to list to it.
    pub list_mask: u16,
    /// See [`flag`].
    pub flags: u8,
    /// Bit n: the n-th last beacon was heard.
    recent: u8,
    ordinal: u8,
    /// Attempts to get work acknowledged.
    pub tries: u8,
    /// Signal strength of the last frame.
    pub rssi: i8,
    /// The window of the session that was heard last.
    newest: u8,
    unused: [u8; 6],
}

impl Neighbour {
    /// Whether a flag is set.
    #[must_use]
    pub const fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Sets or clears a flag.
    pub const fn set(&mut self, flag: u8, on: bool) {
        self.flags = if on {
            self.flags | flag
        } else {
            self.flags & !flag
        };
    }

    /// The session whose low bits a header carries, if it is one of the two known.
    #[must_use]
    pub fn session(&self, low: u16) -> Option<u64> {
        let known = self.windows.iter().filter(|w| w.seen != 0);
        known
            .map(|w| w.session)
            .find(|&session| session as u16 == low)
    }

    /// Whether a frame is new, and remembers it. A session not known takes the place of the one
    /// that was silent longer; a boot number must be higher than both.
    pub fn accept(&mut self, session: u64, sequence: u32) -> Accepted {
        let mut windows = self.windows.iter_mut().zip(&mut self.highest).zip(0..);
        let known = windows.find(|((w, _), _)| w.seen != 0 && w.session == session);
        if let Some(((window, highest), index)) = known {
            self.newest = index;
            return if window.accept(highest, sequence) {
                Accepted::Fresh
            } else {
                Accepted::Seen
            };
        }
        let boot = |session: u64| session & RANDOM_SESSION == 0;
        let older = |w: &Window| w.seen != 0 && boot(w.session) && session < w.session;
        if boot(session) && self.windows.iter().any(older) {
            return Accepted::Seen;
        }
        let empty = self.windows.iter().position(|w| w.seen == 0);
        let index = empty.unwrap_or(usize::from(self.newest ^ 1));
        let windows = self.windows.iter_mut().zip(&mut self.highest);
        if let Some((window, highest)) = windows.skip(index).next() {
            *window = Window { session, seen: 1 };
            *highest = sequence;
            self.newest = index as u8;
        }
        Accepted::Restarted
    }

    /// The session that was heard last, and its highest frame.
    fn last(&self) -> (u64, u32) {
        let windows = self.windows.iter().zip(self.highest);
        let newest = windows.max_by_key(|(w, _)| (w.seen != 0, w.session));
        newest.map_or((0, 0), |(w, highest)| (w.session, highest))
    }

    /// Counts a beacon; returns whether three of the last four were heard.
    pub const fn beacon(&mut self, ordinal: u8) -> bool {
        let step = ordinal.wrapping_sub(self.ordinal);
        self.ordinal = ordinal;
        self.recent = if step >= 8 || step == 0 {
            1
        } else {
            (self.recent << step) | 1
        };
        (self.recent & 15).count_ones() >= 3
    }

    /// Forgets how well it was heard.
    pub const fn forget_beacons(&mut self) {
        self.recent = 0;
    }

    /// Whether it was heard but is not live yet.
    #[must_use]
    pub const fn is_candidate(&self) -> bool {
        self.is(flag::USED) && !self.is(flag::LIVE) && self.recent != 0 && !self.is(flag::FOREIGN)
    }
}

/// What a neighbour's windows say of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is new.
    Fresh,
    /// It is new and the first of its session.
    Restarted,
    /// It was seen before, or is too old to tell.
    Seen,
}

/// Senders that lost their place in the table.
pub const DEPARTED: usize = 16;

/// The last frame of a sender, its session in halves so that nothing is padded.
#[derive(Clone, Copy, Debug, Default)]
struct Gone {
    session: [u32; 2],
    highest: u32,
    id: u16,
}

/// The last frame numbers of senders that lost their place. Not part of a snapshot.
#[derive(Debug, Default)]
pub struct Departed {
    /// Nobody has id 0.
    ring: [Gone; DEPARTED],
    next: u16,
}

impl Departed {
    /// Nobody.
    #[must_use]
    pub const fn new() -> Self {
        const NOBODY: Gone = Gone {
            session: [0; 2],
            highest: 0,
            id: 0,
        };
        Self {
            ring: [NOBODY; DEPARTED],
            next: 0,
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.ring.iter_mut().for_each(|gone| gone.id = 0);
    }

    fn remember(&mut self, neighbour: &Neighbour) {
        let (session, highest) = neighbour.last();
        let index = usize::from(self.next) & (DEPARTED - 1);
        self.next = self.next.wrapping_add(1);
        if let Some(place) = self.ring.get_mut(index) {
            *place = Gone {
                session: [session as u32, (session >> 32) as u32],
                highest,
                id: neighbour.id,
            };
        }
    }

    /// Whether a frame is older than what a departed sender had said already.
    #[must_use]
    pub fn has_seen(&self, id: u16, session: u64, sequence: u32) -> bool {
        self.ring.iter().any(|gone| {
            let [low, high] = gone.session.map(u64::from);
            let known = low | (high << 32);
            gone.id == id
                && (known == session && sequence <= gone.highest
                    || (known | session) & RANDOM_SESSION == 0 && session < known)
        })
    }
}

const _: () = assert!(DEPARTED.is_power_of_two());

/// The table of neighbours over borrowed memory.
#[derive(Debug)]
pub struct Neighbours<'a> {
    /// Places; those without [`flag::USED`] are empty.
    pub table: &'a mut [Neighbour],
}

impl Neighbours<'_> {
    /// Index of a neighbour.
    #[must_use]
    #[inline(never)]
    pub fn find(&self, id: u16) -> Option<usize> {
        self.table
            .iter()
            .position(|n| n.is(flag::USED) && n.id == id)
    }

    /// A neighbour by id.
    #[must_use]
    pub fn get(&self, id: u16) -> Option<&Neighbour> {
        self.table.get(self.find(id)?)
    }

    /// Whether a neighbour is live.
    #[must_use]
    pub fn is_live(&self, id: u16) -> bool {
        self.get(id)
            .is_some_and(|n| n.is(flag::LIVE) && !n.is(flag::BLOCKED))
    }

    /// A place for a new neighbour: an empty one, or that of the longest silent one that is neither
    /// live, nor blocked, nor kept for another reason.
    pub fn admit(
        &mut self,
        id: u16,
        now: Instant,
        departed: &mut Departed,
        kept: impl Fn(u16) -> bool,
    ) -> Option<usize> {
        let empty = self.table.iter().position(|n| !n.is(flag::USED));
        let index = empty.or_else(|| {
            let idle = |n: &Neighbour| !n.is(flag::LIVE | flag::BLOCKED) && !kept(n.id);
            let silent = self.table.iter().enumerate().filter(|(_, n)| idle(n));
            silent
                .max_by_key(|(_, n)| since(now, n.heard_at))
                .map(|(index, _)| index)
        })?;
        let place = self.table.get_mut(index)?;
        if place.is(flag::USED) {
            departed.remember(place);
        }
        *place = Neighbour {
            id,
            flags: flag::USED,
            heard_at: now,
            ..Zeroable::zeroed()
        };
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a table of senders that left says of (id, session, sequence), after `id` 5 left.
    fn after_leaving(session: u64, highest: u32) -> impl Fn(u16, u64, u32) -> bool {
        let mut neighbour = Neighbour {
            id: 5,
            ..Neighbour::zeroed()
        };
        neighbour.accept(session, highest);
        let mut departed = Departed::new();
        departed.remember(&neighbour);
        move |id, session, sequence| departed.has_seen(id, session, sequence)
    }

    #[test]
    fn of_a_sender_that_left_only_what_it_may_have_said_is_seen() {
        // Boot 4: its frames up to 100, and every frame of an earlier boot.
        let seen = after_leaving(4, 100);
        assert!(seen(5, 4, 100) && seen(5, 4, 0) && !seen(5, 4, 101));
        assert!(seen(5, 3, 101) && !seen(5, 5, 1));
        assert!(!seen(6, 4, 100) && !seen(6, 3, 1));
        // Random sessions have no order.
        let (one, other) = (RANDOM_SESSION | 9, RANDOM_SESSION | 8);
        let seen = after_leaving(one, 100);
        assert!(seen(5, one, 100) && !seen(5, one, 101));
        assert!(!seen(5, other, 1) && !seen(5, RANDOM_SESSION | 10, 1));
        assert!(!seen(5, 4, 1) && !after_leaving(4, 100)(5, other, 1));
    }

    #[test]
    fn a_candidate_was_heard_and_is_neither_live_nor_foreign() {
        let mut neighbour = Neighbour::zeroed();
        neighbour.beacon(1);
        assert!(!neighbour.is_candidate());
        neighbour.set(flag::USED, true);
        assert!(neighbour.is_candidate());
        for other in [flag::LIVE, flag::FOREIGN] {
            neighbour.set(other, true);
            assert!(!neighbour.is_candidate());
            neighbour.set(other, false);
            assert!(neighbour.is_candidate());
        }
        neighbour.forget_beacons();
        assert!(!neighbour.is_candidate());
    }
}
