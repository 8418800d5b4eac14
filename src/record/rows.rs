//! The two rows every author publishes: LOAD and LINKS.
//!
//! Counters of units are modulo 2^32 and are read as differences; a queue is therefore exact as
//! long as it is within ±2^31 units. LOAD keeps the totals in 64 bits.
//!
//! ```text
//! LOAD   injected i64, done i64, capacity u16                              18 bytes
//! LINKS  carried u32, then per neighbour, ascending by id:                  4 bytes +
//!        neighbour u16, generation u8, sent u32, acked u32                 11 bytes each
//! ```
//!
//! Generation 0 proposes an edge; nothing moves in it. Otherwise the low bit says frozen and the
//! rest counts incarnations of the edge, skipping 0 when it wraps; counters start at 0 in each.
//! `carried` is what the author gained over all incarnations that are closed: with it in the same
//! row as the entry it replaces, no reader can see one without the other.

use bytemuck::{Pod, Zeroable};

use crate::bytes::{Reader, Short, Writer};

/// Bytes of a LOAD payload.
pub const LOAD_BYTES: usize = 18;
/// Bytes of a LINKS payload before its entries.
pub const LINKS_HEAD: usize = 4;
/// Bytes of an entry of LINKS.
pub const LINK_BYTES: usize = 11;

/// What came in, what is done, and how much of the whole this node wants to carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Load {
    /// Units that ever arrived from outside at this node.
    pub injected: i64,
    /// Units that this node ever finished.
    pub done: i64,
    /// Weight of this node; 0 accepts nothing.
    pub capacity: u16,
    /// Padding, zero.
    pub unused: [u16; 3],
}

impl Load {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`Short`] if the length is not the one of a LOAD.
    pub fn decode(payload: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(payload);
        let load = Self {
            injected: reader.u64()?.cast_signed(),
            done: reader.u64()?.cast_signed(),
            capacity: reader.u16()?,
            unused: [0; 3],
        };
        if reader.is_empty() {
            Ok(load)
        } else {
            Err(Short)
        }
    }

    /// Writes a payload.
    ///
    /// # Errors
    /// [`Short`] if it does not fit.
    pub fn encode(&self, writer: &mut Writer) -> Result<(), Short> {
        writer.u64(self.injected.cast_unsigned())?;
        writer.u64(self.done.cast_unsigned())?;
        writer.u16(self.capacity)
    }

    /// `injected - done` modulo 2^32.
    #[must_use]
    pub const fn backlog(&self) -> u32 {
        self.injected.wrapping_sub(self.done) as u32
    }
}

/// One end of an edge, as its author sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Link {
    /// Units ever handed to the neighbour in this incarnation, modulo 2^32.
    pub sent: u32,
    /// Units ever taken from the neighbour in this incarnation, modulo 2^32.
    pub acked: u32,
    /// The other end.
    pub neighbour: u16,
    /// Incarnation and, in the low bit, frozen.
    pub generation: u8,
    /// Not sent. 1: the other end turned this incarnation down, and is the one to open the next.
    pub waits: u8,
}

impl Link {
    /// Whether the edge is only proposed.
    #[must_use]
    pub const fn proposed(&self) -> bool {
        self.generation == 0
    }

    /// Whether nothing may be shipped any more in this incarnation.
    #[must_use]
    pub const fn frozen(&self) -> bool {
        self.generation & 1 != 0
    }

    /// Incarnations that `self` is ahead of `other`, negative if behind. Every incarnation is ahead
    /// of a proposal.
    #[must_use]
    pub const fn ahead_of(&self, other: &Self) -> i8 {
        match (self.proposed(), other.proposed()) {
            (true, true) => 0,
            (true, false) => -1,
            (false, true) => 1,
            (false, false) => (self.generation & !1).wrapping_sub(other.generation & !1) as i8,
        }
    }

    /// The generation that opens the next incarnation.
    #[must_use]
    pub const fn next_generation(&self) -> u8 {
        match (self.generation | 1).wrapping_add(1) {
            0 => 2,
            next => next,
        }
    }

    /// What the author gained over this incarnation, modulo 2^32.
    #[must_use]
    pub const fn gain(&self) -> u32 {
        self.acked.wrapping_sub(self.sent)
    }

    /// Whether the edge carries work, given the other end.
    #[must_use]
    pub const fn up(&self, other: &Self) -> bool {
        self.generation == other.generation && !self.frozen() && !self.proposed()
    }
}

/// A LINKS payload that was read.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// Gain over all closed incarnations, modulo 2^32.
    pub carried: u32,
    entries: &'a [u8],
}

impl<'a> Links<'a> {
    /// Reads a payload: entries strictly ascending, none of the author itself, at most `degree`.
    ///
    /// # Errors
    /// [`Short`] if it is not a LINKS payload of `author`.
    pub fn decode(payload: &'a [u8], author: u16, degree: u16) -> Result<Self, Short> {
        let mut reader = Reader::new(payload);
        let carried = reader.u32()?;
        let links = Self {
            carried,
            entries: reader.rest(),
        };
        let (mut last, mut count) = (0, 0_u16);
        while !reader.is_empty() {
            let link = read_link(&mut reader)?;
            if link.neighbour <= last || link.neighbour == author || count >= degree {
                return Err(Short);
            }
            last = link.neighbour;
            count = count.wrapping_add(1);
        }
        if last == u16::MAX {
            Err(Short)
        } else {
            Ok(links)
        }
    }

    /// The entries, ascending by neighbour.
    pub fn iter(&self) -> impl Iterator<Item = Link> + use<'a> {
        let mut reader = Reader::new(self.entries);
        core::iter::from_fn(move || read_link(&mut reader).ok())
    }

    /// The entry for `neighbour`.
    #[must_use]
    #[inline(never)]
    pub fn get(&self, neighbour: u16) -> Option<Link> {
        self.iter().find(|link| link.neighbour == neighbour)
    }
}

#[inline(never)]
fn read_link(reader: &mut Reader) -> Result<Link, Short> {
    Ok(Link {
        neighbour: reader.u16()?,
        generation: reader.u8()?,
        sent: reader.u32()?,
        acked: reader.u32()?,
        waits: 0,
    })
}

/// Writes a LINKS payload.
///
/// # Errors
/// [`Short`] if it does not fit.
pub fn encode_links(carried: u32, links: &[Link], writer: &mut Writer) -> Result<(), Short> {
    writer.u32(carried)?;
    for link in links {
        writer.u16(link.neighbour)?;
        writer.u8(link.generation)?;
        writer.u32(link.sent)?;
        writer.u32(link.acked)?;
    }
    Ok(())
}
