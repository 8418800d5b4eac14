//! Records: `(author, kind, slot) -> (version, payload)`, each written by its author alone.
//!
//! Everything the mesh agrees on is a set of these. Two records of one key are compared by
//! (boot, counter, hash), a total order, so merging is associative, commutative and idempotent and
//! every node ends with the same set whatever the order of arrival.
//!
//! Wire form, little-endian, 15 bytes and the value:
//!
//! ```text
//!  0        2      3      4          8          12        14     15
//!  +--------+------+------+----------+----------+---------+------+----------------------
//!  | author | kind | slot | boot     | counter  | shape   | part | value ...
//!  +--------+------+------+----------+----------+---------+------+----------------------
//!  shape: bits 0..9 payload length, 10..13 zero, 14..15 class (0 member, 1 signed)
//!  part:  high nibble index, low nibble parts - 1; 0 = whole
//!  value: payload, then the 64-byte signature if the class is signed
//! ```

pub mod rows;
mod store;
pub mod wire;

pub use store::{Merge, Offer, Refused, Shape, Slot, Store, StoreHead};
pub use wire::{Header, PARTS_MAX, Part, Parts, encode_part, encode_whole};

use bytemuck::{Pod, Zeroable};

use crate::bytes::{Short, Writer};
use crate::digest;

/// Longest payload of any kind.
pub const PAYLOAD_MAX: usize = 512;
/// Bytes of a signature.
pub const SIGNATURE: usize = 64;
/// Bytes in front of a value on the wire.
pub const HEADER: usize = 15;

/// Who vouches for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// Any member of the mesh could have written it.
    Member = 0,
    /// Its author signed it.
    Signed = 1,
}

macro_rules! kinds {
    ($( $(#[$meta:meta])* $name:ident = $number:literal, $class:ident; )*) => {
        /// What a record is about. Unknown numbers are ignored and never relayed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind {
            $( $(#[$meta])* $name = $number, )*
        }

        impl Kind {
            /// Every kind of this version.
            pub const ALL: &'static [Self] = &[$( Self::$name, )*];

            /// The kind of this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $( $number => Some(Self::$name), )*
                    _ => None,
                }
            }

            /// Who vouches for records of this kind.
            #[must_use]
            pub const fn class(self) -> Class {
                match self {
                    $( Self::$name => Class::$class, )*
                }
            }
        }
    };
}

kinds! {
    /// Work: units injected and done since ever, and the capacity weight.
    Load = 1, Member;
    /// The author's links and what moved over them.
    Links = 2, Member;
    /// A short text or value of the application, in 256 slots.
    Note = 16, Signed;
}

/// The place of a record: one author writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The writer.
    pub author: u16,
    /// What it is about.
    pub kind: Kind,
    /// Which of the author's records of this kind.
    pub slot: u8,
}

/// How new a record is: the author's boot, then its counter, which goes on across boots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub struct Version {
    /// Starts of the author.
    pub boot: u32,
    /// Writes of the author.
    pub counter: u32,
}

/// A record in somebody's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place.
    pub key: Key,
    /// How new it is.
    pub version: Version,
    /// The value without the signature.
    pub payload: &'a [u8],
    /// The author's signature; present exactly if the kind is signed.
    pub signature: Option<&'a [u8; SIGNATURE]>,
}

impl Record<'_> {
    /// The keyed hash that orders equal versions and adds up to the digest. The signature is not
    /// part of it: two valid signatures of one value are the same record.
    #[must_use]
    pub fn hash(&self, mesh_id: u64) -> u64 {
        let head = self.head();
        digest::keyed(mesh_id, &[&head, self.payload])
    }

    fn head(&self) -> [u8; 12] {
        let [a0, a1] = self.key.author.to_le_bytes();
        let [b0, b1, b2, b3] = self.version.boot.to_le_bytes();
        let [c0, c1, c2, c3] = self.version.counter.to_le_bytes();
        [
            a0,
            a1,
            self.key.kind as u8,
            self.key.slot,
            b0,
            b1,
            b2,
            b3,
            c0,
            c1,
            c2,
            c3,
        ]
    }

    /// What a signature is over: domain, mesh, place, version, length, payload. Returns the length
    /// written into `out`.
    #[must_use]
    pub fn signed_message(&self, mesh_id: u64, out: &mut [u8]) -> Option<usize> {
        let mut writer = Writer::new(out);
        self.write_signed_head(mesh_id, &mut writer).ok()?;
        writer.put(self.payload).ok()?;
        Some(writer.len())
    }

    /// Writes what stands in front of the payload in a message that is signed.
    ///
    /// # Errors
    /// [`Short`] if it does not fit.
    pub fn write_signed_head(&self, mesh_id: u64, writer: &mut Writer) -> Result<(), Short> {
        writer.put(b"weir/sig")?;
        writer.u64(mesh_id)?;
        writer.put(&self.head())?;
        writer.u16(self.payload.len() as u16)
    }
}

/// Bytes in front of the payload in a message that is signed.
pub const SIGNED_HEAD: usize = 8 + 8 + 12 + 2;
/// Longest message that is signed.
pub const SIGNED_MESSAGE_MAX: usize = SIGNED_HEAD + PAYLOAD_MAX;
