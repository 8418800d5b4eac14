//! Records as bytes: a header, and a value that may travel in up to sixteen parts.
//!
//! Decoding is total: any bytes give a header or a refusal. One value has one encoding: bits that
//! mean nothing must be zero, the class must be the one of the kind, parts are of equal length but
//! for the last.

use super::{Class, HEADER, Key, Kind, PAYLOAD_MAX, Record, SIGNATURE, Version};
use crate::bytes::{Reader, Short, Writer};

/// Most parts of one value.
pub const PARTS_MAX: usize = 16;

const LENGTH_BITS: u16 = 0x03ff;
const CLASS_SHIFT: u16 = 14;

/// Which part of a value follows a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Counted from 0.
    pub index: u8,
    /// Parts in all, 1..=16.
    pub count: u8,
}

impl Part {
    /// The value is whole.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Where this part lies in a value of `total` bytes; `None` if there is no such part.
    #[must_use]
    pub fn range(self, total: usize) -> Option<core::ops::Range<usize>> {
        let count = usize::from(self.count);
        let size = total
            .checked_add(count.checked_sub(1)?)?
            .checked_div(count)?;
        let start = size.checked_mul(usize::from(self.index))?;
        let end = start.checked_add(size)?.min(total);
        (start < end || (total == 0 && self.index == 0)).then_some(start..end)
    }
}

/// What stands in front of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The place of the record.
    pub key: Key,
    /// How new it is.
    pub version: Version,
    /// Length of the payload without the signature.
    pub payload: u16,
    /// Which part follows.
    pub part: Part,
}

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// They end too soon or say something that has no meaning.
    Malformed,
    /// A kind of a later version, which may be skipped: its value is this long.
    Unknown(usize),
}

impl From<Short> for Bad {
    fn from(_: Short) -> Self {
        Self::Malformed
    }
}

impl Header {
    /// Bytes of the whole value: payload and signature.
    #[must_use]
    pub fn total(&self) -> usize {
        usize::from(self.payload).wrapping_add(signature_len(self.key.kind.class()))
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`Bad`] with what is wrong.
    pub fn decode(reader: &mut Reader) -> Result<Self, Bad> {
        let author = reader.u16()?;
        let kind = reader.u8()?;
        let slot = reader.u8()?;
        let version = Version {
            boot: reader.u32()?,
            counter: reader.u32()?,
        };
        let shape = reader.u16()?;
        let part = reader.u8()?;
        let payload = shape & LENGTH_BITS;
        let class = shape >> CLASS_SHIFT;
        let part = Part {
            index: part >> 4,
            count: (part & 15).wrapping_add(1),
        };
        if usize::from(payload) > PAYLOAD_MAX
            || shape & !(LENGTH_BITS | (3 << CLASS_SHIFT)) != 0
            || part.index >= part.count
            || !is_author(author)
        {
            return Err(Bad::Malformed);
        }
        let Some(kind) = Kind::from_number(kind) else {
            let signature = if class == Class::Member as u16 {
                0
            } else {
                SIGNATURE
            };
            return Err(Bad::Unknown(usize::from(payload).wrapping_add(signature)));
        };
        let header = Self {
            key: Key { author, kind, slot },
            version,
            payload,
            part,
        };
        if class != kind.class() as u16 || part.range(header.total()).is_none() {
            return Err(Bad::Malformed);
        }
        Ok(header)
    }

    fn encode(&self, writer: &mut Writer) -> Result<(), Short> {
        writer.u16(self.key.author)?;
        writer.u8(self.key.kind as u8)?;
        writer.u8(self.key.slot)?;
        writer.u32(self.version.boot)?;
        writer.u32(self.version.counter)?;
        writer.u16(self.payload | ((self.key.kind.class() as u16) << CLASS_SHIFT))?;
        writer.u8((self.part.index << 4) | (self.part.count.wrapping_sub(1) & 15))
    }

    /// The record of this header whose whole value is `value`; `None` if the length is another.
    #[must_use]
    pub fn record<'a>(&self, value: &'a [u8]) -> Option<Record<'a>> {
        let (payload, signature) = value.split_at_checked(usize::from(self.payload))?;
        let signature = match self.key.kind.class() {
            Class::Member if signature.is_empty() => None,
            Class::Member => return None,
            Class::Signed => Some(signature.try_into().ok()?),
        };
        Some(Record {
            key: self.key,
            version: self.version,
            payload,
            signature,
        })
    }
}

/// Whether `id` may be a node: 0 and 65535 are nobody.
#[must_use]
pub const fn is_author(id: u16) -> bool {
    id != 0 && id != u16::MAX
}

const fn signature_len(class: Class) -> usize {
    match class {
        Class::Member => 0,
        Class::Signed => SIGNATURE,
    }
}

fn header_of(record: &Record, part: Part) -> Result<Header, Short> {
    let payload = u16::try_from(record.payload.len()).map_err(|_| Short)?;
    Ok(Header {
        key: record.key,
        version: record.version,
        payload,
        part,
    })
}

/// Writes a record in one piece, or nothing.
///
/// # Errors
/// [`Short`] if it does not fit.
pub fn encode_whole(record: &Record, writer: &mut Writer) -> Result<(), Short> {
    let start = writer.len();
    let written = header_of(record, Part::WHOLE).and_then(|header| {
        header.encode(writer)?;
        writer.put(record.payload)?;
        record
            .signature
            .map_or(Ok(()), |signature| writer.put(signature))
    });
    if written.is_err() {
        writer.truncate(start);
    }
    written
}

/// Writes one part of a record, or nothing.
///
/// # Errors
/// [`Short`] if it does not fit or there is no such part.
pub fn encode_part(record: &Record, part: Part, writer: &mut Writer) -> Result<(), Short> {
    let header = header_of(record, part)?;
    let range = part.range(header.total()).ok_or(Short)?;
    if writer.room() < HEADER.wrapping_add(range.len()) {
        return Err(Short);
    }
    header.encode(writer)?;
    let (payload, signature) = (record.payload, record.signature.map_or(&[][..], |s| &s[..]));
    let split = payload.len();
    let in_payload = range.start.min(split)..range.end.min(split);
    let in_signature = range.start.saturating_sub(split)..range.end.saturating_sub(split);
    writer.put(payload.get(in_payload).ok_or(Short)?)?;
    writer.put(signature.get(in_signature).ok_or(Short)?)
}

/// How many parts a value needs, and the walk over them.
#[derive(Clone, Copy, Debug)]
pub struct Parts;

impl Parts {
    /// Parts for a record when a frame's body holds `room` bytes; `None` if sixteen are too few.
    #[must_use]
    pub fn needed(record: &Record, room: usize) -> Option<u8> {
        let total = record
            .payload
            .len()
            .checked_add(signature_len(record.key.kind.class()))?;
        let size = room.checked_sub(HEADER)?;
        (1..=PARTS_MAX as u8).find(|&count| {
            Part { index: 0, count }
                .range(total)
                .is_some_and(|range| range.len() <= size)
                && Part {
                    index: count.wrapping_sub(1),
                    count,
                }
                .range(total)
                .is_some()
        })
    }
}
