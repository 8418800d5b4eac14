//! Records that travel in parts, until they are whole.
//!
//! A node puts together [`ASSEMBLIES`] records at a time, each from one sender: parts of one record
//! leave back to back, so more would only be needed where many long records cross at once, and what
//! is refused then is asked for again when beacons differ. A place is given up when its sender
//! begins another record, or to another sender once it was silent for the smallest interval.

use bytemuck::{Pod, Zeroable};

use crate::record::{Header, Key, PARTS_MAX, SIGNED_HEAD, Shape, Version};
use crate::time::{Instant, since};

/// Records that are put together at the same time.
pub const ASSEMBLIES: usize = 2;

/// A record of which some parts came. All zero: a free place.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Assembly {
    boot: u32,
    counter: u32,
    heard_at: Instant,
    /// The neighbour that sends it; 0: nobody.
    pub sender: u16,
    author: u16,
    /// Bit per part that came.
    have: u16,
    kind: u8,
    slot: u8,
    count: u8,
    unused: [u8; 3],
}

/// Bytes of a place: what a signature is over begins in front of the value.
#[must_use]
pub fn room(shape: Shape) -> usize {
    SIGNED_HEAD.wrapping_add(shape.value_max())
}

const _: () = assert!(PARTS_MAX <= 16, "one bit per part");

impl Assembly {
    fn is_of(&self, header: &Header) -> bool {
        let Key { author, kind, slot } = header.key;
        let Version { boot, counter } = header.version;
        self.count == header.part.count
            && (self.author, self.kind, self.slot) == (author, kind as u8, slot)
            && (self.boot, self.counter) == (boot, counter)
    }

    fn begin(&mut self, sender: u16, header: &Header) {
        *self = Self {
            boot: header.version.boot,
            counter: header.version.counter,
            sender,
            author: header.key.author,
            kind: header.key.kind as u8,
            slot: header.key.slot,
            count: header.part.count,
            ..Zeroable::zeroed()
        };
    }

    /// Whether a part of another record may take this place from the same sender: a stray part does
    /// not throw away a record that is nearly whole.
    fn gives_way_to(&self, header: &Header) -> bool {
        let missing = u32::from(self.count).saturating_sub(self.have.count_ones());
        header.part.index == 0 || missing >= u32::from(header.part.count)
    }

    /// Counts a part; returns whether it was the last one.
    fn add(&mut self, header: &Header, now: Instant) -> bool {
        self.have |= 1 << header.part.index;
        self.heard_at = now;
        self.have.count_ones() == u32::from(header.part.count)
    }
}

/// Counts a part of `sender` in; returns its place and whether the record is whole now, or `None`
/// if there is no place for it. A place that was silent for `patience_ms` may go to others.
pub fn accept(
    places: &mut [Assembly],
    sender: u16,
    header: &Header,
    (now, patience_ms): (Instant, u32),
) -> Option<(usize, bool)> {
    let held = places.iter().position(|place| place.sender == sender);
    let index = held.or_else(|| {
        places.iter().position(|place| {
            place.sender == 0 || since(now, place.heard_at).cast_unsigned() >= patience_ms
        })
    })?;
    let place = places.get_mut(index)?;
    if held.is_none() {
        place.begin(sender, header);
    } else if !place.is_of(header) {
        if !place.gives_way_to(header) {
            return None;
        }
        place.begin(sender, header);
    }
    Some((index, place.add(header, now)))
}

/// Gives up what a sender began.
pub fn forget(places: &mut [Assembly], sender: u16) {
    for place in places.iter_mut().filter(|place| place.sender == sender) {
        place.sender = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Kind, wire::Part};

    const PATIENCE: u32 = 100;

    fn part(counter: u32, index: u8, count: u8) -> Header {
        Header {
            key: Key {
                author: 9,
                kind: Kind::Links,
                slot: 0,
            },
            version: Version { boot: 1, counter },
            payload: 300,
            part: Part { index, count },
        }
    }

    #[test]
    fn a_record_is_whole_when_each_part_came_in_any_order() {
        let mut places = [Assembly::zeroed(); ASSEMBLIES];
        let mut take = |index| accept(&mut places, 5, &part(1, index, 3), (0, PATIENCE));
        assert_eq!(take(2), Some((0, false)));
        assert_eq!(take(2), Some((0, false)), "twice is once");
        assert_eq!(take(0), Some((0, false)));
        assert_eq!(take(1), Some((0, true)));
    }

    #[test]
    fn a_third_sender_waits_until_one_was_silent() {
        let mut places = [Assembly::zeroed(); ASSEMBLIES];
        let mut take = |sender, now| accept(&mut places, sender, &part(1, 0, 2), (now, PATIENCE));
        assert_eq!(take(5, 0), Some((0, false)));
        assert_eq!(take(6, 10), Some((1, false)));
        assert_eq!(take(7, PATIENCE - 1), None);
        assert_eq!(
            take(7, PATIENCE),
            Some((0, false)),
            "the one silent longest enough"
        );
        assert_eq!(take(5, PATIENCE), None);
        forget(&mut places, 6);
        let now = (PATIENCE, PATIENCE);
        assert_eq!(
            accept(&mut places, 5, &part(1, 1, 2), now),
            Some((1, false))
        );
    }

    #[test]
    fn a_stray_part_does_not_throw_away_what_is_nearly_whole() {
        let mut places = [Assembly::zeroed(); ASSEMBLIES];
        let mut take = |header| accept(&mut places, 5, &header, (0, PATIENCE));
        assert!(take(part(1, 0, 3)).is_some() && take(part(1, 1, 3)).is_some());
        assert_eq!(take(part(2, 1, 3)), None);
        assert_eq!(take(part(1, 2, 3)), Some((0, true)));
        assert_eq!(
            take(part(2, 0, 3)),
            Some((0, false)),
            "a first part begins anew"
        );
        assert_eq!(take(part(2, 1, 3)), Some((0, false)));
    }
}
