//! Frames: the ten bytes in the clear, the kinds, and what each kind says inside the seal.
//!
//! ```text
//!  0         1          2        4          6          10
//!  +---------+----------+--------+----------+----------+---------+--------------------+-----+
//!  | version | key slot | author | session  | sequence | clear   | sealed body        | tag |
//!  | 3, kind | 2, hint  |        | low 16   |          | (kind)  |                    | 8   |
//!  | 5 bits  | 6 bits   |        | bits     |          |         |                    | |16 |
//!  +---------+----------+--------+----------+----------+---------+--------------------+-----+
//!  BEACON   clear: session high 48 bits
//!           sealed: parameters u16, digest u64, count u16, ordinal u8
//!  SUMMARY  to u16, 16 x 3-byte sums by author mod 16
//!  LIST     to u16, flags u8 (1 answer), mask u16, 3-byte sum per mask bit, then
//!           author u16, kind u8, slot u8, counter low 16 bits, ascending
//!  RECORDS  whole records, one after the other
//!  PART     one part of one record
//!  GOODBYE  nothing
//! ```
//!
//! Little-endian throughout. Kinds 16..31 must be understood or the frame is refused; other unknown
//! kinds are ignored. Nothing here is trusted before [`super::seal`] has opened it.

use crate::bytes::{Reader, Short, Writer};
use crate::digest;

/// Version of this wire format.
pub const VERSION: u8 = 1;
/// Bytes in the clear in front of every frame.
pub const HEADER: usize = 10;
/// Bytes in the clear that a BEACON adds: the rest of the session.
pub const SESSION_HIGH: usize = 6;
/// Smallest frame a radio must carry.
pub const FRAME_MIN: usize = 80;
/// Groups of authors in a SUMMARY.
pub const BUCKETS: usize = 16;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// What its sender holds, in thirteen bytes.
    Beacon = 1,
    /// What its sender holds, by groups of authors.
    Summary = 2,
    /// Which records its sender holds in groups that differ.
    List = 3,
    /// Records.
    Records = 4,
    /// A part of a record that does not fit one frame.
    Part = 5,
    /// Its sender leaves.
    Goodbye = 6,
}

impl FrameKind {
    const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Beacon,
            2 => Self::Summary,
            3 => Self::List,
            4 => Self::Records,
            5 => Self::Part,
            6 => Self::Goodbye,
            _ => return None,
        })
    }
}

/// The ten bytes of every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is for.
    pub kind: FrameKind,
    /// Which of four keys seals it.
    pub key_slot: u8,
    /// Six bits of the mesh id, so that most foreign frames cost nothing.
    pub hint: u8,
    /// The sender.
    pub author: u16,
    /// Low bits of the sender's session.
    pub session_low: u16,
    /// Counts the frames of a session.
    pub sequence: u32,
}

/// Why a header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadHeader {
    /// Fewer bytes than a header.
    Short,
    /// Another version of the wire format, or a kind of a later one that must be understood.
    Version,
    /// A kind of a later version that may be ignored.
    Kind,
}

impl From<Short> for BadHeader {
    fn from(_: Short) -> Self {
        Self::Short
    }
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`BadHeader`] with what is wrong.
    pub fn decode(reader: &mut Reader) -> Result<Self, BadHeader> {
        let [first, second] = reader.array()?;
        let author = reader.u16()?;
        let session_low = reader.u16()?;
        let sequence = reader.u32()?;
        if first >> 5 != VERSION {
            return Err(BadHeader::Version);
        }
        let kind = FrameKind::from_number(first & 31).ok_or(if first & 16 == 0 {
            BadHeader::Kind
        } else {
            BadHeader::Version
        })?;
        let (key_slot, hint) = (second >> 6, second & 63);
        Ok(Self {
            kind,
            key_slot,
            hint,
            author,
            session_low,
            sequence,
        })
    }

    /// Writes a header.
    ///
    /// # Errors
    /// [`Short`] if it does not fit.
    pub fn encode(&self, writer: &mut Writer) -> Result<(), Short> {
        writer.u8((VERSION << 5) | self.kind as u8)?;
        writer.u8((self.key_slot << 6) | (self.hint & 63))?;
        writer.u16(self.author)?;
        writer.u16(self.session_low)?;
        writer.u32(self.sequence)
    }
}

/// The six bits by which a mesh is told from another.
#[must_use]
pub fn hint(mesh_id: u64) -> u8 {
    (digest::keyed(mesh_id, &[b"hint"]) & 63) as u8
}

/// The three numbers that must be equal on all nodes of a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Most nodes.
    pub max_nodes: u16,
    /// Most links of a node.
    pub max_degree: u16,
    /// Room of the factor, entries per node.
    pub fill: u16,
}

impl Parameters {
    /// What a BEACON says of them.
    #[must_use]
    pub fn hash(&self, mesh_id: u64) -> u16 {
        let [nodes, degree, fill] =
            [self.max_nodes, self.max_degree, self.fill].map(u16::to_le_bytes);
        digest::keyed(mesh_id, &[b"parameters", &nodes, &degree, &fill]) as u16
    }
}

/// What a BEACON says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// Hash of the mesh parameters.
    pub parameters: u16,
    /// Digest of the sender's records.
    pub digest: u64,
    /// How many there are.
    pub count: u16,
    /// Counts the beacons of a sender.
    pub ordinal: u8,
}

impl Beacon {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Short`] if it is not a BEACON.
    pub fn decode(body: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        let beacon = Self {
            parameters: reader.u16()?,
            digest: reader.u64()?,
            count: reader.u16()?,
            ordinal: reader.u8()?,
        };
        if reader.is_empty() {
            Ok(beacon)
        } else {
            Err(Short)
        }
    }

    /// Writes a body.
    ///
    /// # Errors
    /// [`Short`] if it does not fit.
    pub fn encode(&self, writer: &mut Writer) -> Result<(), Short> {
        writer.u16(self.parameters)?;
        writer.u64(self.digest)?;
        writer.u16(self.count)?;
        writer.u8(self.ordinal)
    }
}

/// What a SUMMARY says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Whom it asks.
    pub to: u16,
    /// Low 24 bits of the sum of hashes, by author mod 16.
    pub sums: [u32; BUCKETS],
}

impl Summary {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Short`] if it is not a SUMMARY.
    pub fn decode(body: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        let to = reader.u16()?;
        let mut sums = [0; BUCKETS];
        for sum in &mut sums {
            *sum = read_sum(&mut reader)?;
        }
        if reader.is_empty() {
            Ok(Self { to, sums })
        } else {
            Err(Short)
        }
    }

    /// Writes a body.
    ///
    /// # Errors
    /// [`Short`] if it does not fit.
    pub fn encode(&self, writer: &mut Writer) -> Result<(), Short> {
        writer.u16(self.to)?;
        self.sums.iter().try_for_each(|&sum| write_sum(writer, sum))
    }

    /// Groups in which another's sums differ.
    #[must_use]
    pub fn differs(&self, other: &[u32; BUCKETS]) -> u16 {
        let pairs = self.sums.iter().zip(other);
        pairs.rev().fold(0, |mask, (own, theirs)| {
            (mask << 1) | u16::from(own != theirs)
        })
    }
}

fn read_sum(reader: &mut Reader) -> Result<u32, Short> {
    let [a, b, c] = reader.array()?;
    Ok(u32::from_le_bytes([a, b, c, 0]))
}

fn write_sum(writer: &mut Writer, sum: u32) -> Result<(), Short> {
    let [a, b, c, _] = sum.to_le_bytes();
    writer.put(&[a, b, c])
}

/// Flag of a LIST: it answers one, and is not answered by another.
pub const ANSWER: u8 = 1;

/// One record named in a LIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Author, kind and slot.
    pub place: (u16, u8, u8),
    /// Low bits of the counter.
    pub counter: u16,
}

/// What a LIST says.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// Whom it asks.
    pub to: u16,
    /// [`ANSWER`] or 0.
    pub flags: u8,
    /// The groups it lists in full.
    pub mask: u16,
    /// Sums of those groups; others are 0.
    pub sums: [u32; BUCKETS],
    entries: &'a [u8],
}

impl<'a> List<'a> {
    /// Reads a body: entries strictly ascending and of listed groups only.
    ///
    /// # Errors
    /// [`Short`] if it is not a LIST.
    pub fn decode(body: &'a [u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        let (to, flags, mask) = (reader.u16()?, reader.u8()?, reader.u16()?);
        let mut sums = [0; BUCKETS];
        for (bucket, sum) in sums.iter_mut().enumerate() {
            if mask & (1 << bucket) != 0 {
                *sum = read_sum(&mut reader)?;
            }
        }
        let list = Self {
            to,
            flags,
            mask,
            sums,
            entries: reader.rest(),
        };
        let mut last = (0, 0, 0);
        while !reader.is_empty() {
            let entry = read_entry(&mut reader)?;
            if entry.place <= last || mask & (1 << (entry.place.0 & 15)) == 0 {
                return Err(Short);
            }
            last = entry.place;
        }
        if flags & !ANSWER == 0 {
            Ok(list)
        } else {
            Err(Short)
        }
    }

    /// The entries, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + use<'a> {
        let mut reader = Reader::new(self.entries);
        core::iter::from_fn(move || read_entry(&mut reader).ok())
    }

    /// Writes everything before the entries.
    ///
    /// # Errors
    /// [`Short`] if it does not fit.
    pub fn encode_head(
        (to, flags, mask): (u16, u8, u16),
        sums: &[u32; BUCKETS],
        writer: &mut Writer,
    ) -> Result<(), Short> {
        writer.u16(to)?;
        writer.u8(flags)?;
        writer.u16(mask)?;
        for (bucket, &sum) in sums.iter().enumerate() {
            if mask & (1 << bucket) != 0 {
                write_sum(writer, sum)?;
            }
        }
        Ok(())
    }
}

impl Entry {
    /// Bytes of an entry.
    pub const BYTES: usize = 6;

    /// Writes an entry.
    ///
    /// # Errors
    /// [`Short`] if it does not fit.
    pub fn encode(&self, writer: &mut Writer) -> Result<(), Short> {
        let (author, kind, slot) = self.place;
        writer.u16(author)?;
        writer.u8(kind)?;
        writer.u8(slot)?;
        writer.u16(self.counter)
    }
}

fn read_entry(reader: &mut Reader) -> Result<Entry, Short> {
    let place = (reader.u16()?, reader.u8()?, reader.u8()?);
    Ok(Entry {
        place,
        counter: reader.u16()?,
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn hints_spread_meshes_over_all_six_bits() {
        let mut meshes = [0_u16; 64];
        (0..6400).for_each(|mesh| meshes[usize::from(hint(mesh))] += 1);
        // 100 each; six standard deviations are 60.
        assert!(
            meshes.iter().all(|count| (40..160).contains(count)),
            "{meshes:?}"
        );
    }
}
