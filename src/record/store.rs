//! The set of records a node holds: a fixed table, its digest, and what differs from another's.
//!
//! Places are kept in order of (author, kind, slot), so walking them is canonical. A place is never
//! given up and its room is that of the longest value of its kind, so a live author is never
//! evicted and a newer value always fits. A new author is refused once `authors` are known, a
//! signed record once `signed` places are taken. A version that leaps more than 2^8 boots or 2^16
//! counters (and 64 a second since the last merge) is refused, so that no single frame can use up
//! an author's numbers.

use bytemuck::{Pod, Zeroable};

use super::rows::{LINK_BYTES, LINKS_HEAD, LOAD_BYTES, Link, Links, Load};
use super::wire::is_author;
use super::{Class, Key, Kind, PAYLOAD_MAX, Record, SIGNATURE, Version};
use crate::bytes::{Short, Writer};

/// Farthest a boot may leap over the one held.
const BOOT_LEAP: u32 = 1 << 8;
/// Farthest a counter may leap over the one held.
const COUNTER_LEAP: u32 = 1 << 16;
/// Further counters allowed for each second (of 1024 ms) since the last merge.
const COUNTER_RATE: u32 = 64;

/// Seconds come from a clock of 32 bits of milliseconds, so 22 bits of them count.
const SECONDS_MASK: u32 = u32::MAX >> 10;

/// How much a store can hold. Part of what makes a mesh: `authors` and `degree` are equal on all
/// nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Shape {
    /// Most authors.
    pub authors: u16,
    /// Most entries of a LINKS row.
    pub degree: u16,
    /// Most signed records.
    pub signed: u16,
    /// Longest payload of a signed record, at most 512.
    pub signed_bytes: u16,
}

impl Shape {
    /// Places in the table.
    #[must_use]
    pub fn places(self) -> usize {
        usize::from(self.authors)
            .wrapping_mul(2)
            .wrapping_add(usize::from(self.signed))
    }

    /// Bytes of all values.
    #[must_use]
    pub fn bytes(self) -> usize {
        let author = self.room(Kind::Load).wrapping_add(self.room(Kind::Links));
        let members = usize::from(self.authors).wrapping_mul(author);
        members.wrapping_add(usize::from(self.signed).wrapping_mul(self.room(Kind::Note)))
    }

    /// Longest payload of a kind.
    #[must_use]
    pub fn payload_max(self, kind: Kind) -> usize {
        match kind {
            Kind::Load => LOAD_BYTES,
            Kind::Links => usize::from(self.degree)
                .wrapping_mul(LINK_BYTES)
                .wrapping_add(LINKS_HEAD),
            Kind::Note => usize::from(self.signed_bytes),
        }
        .min(PAYLOAD_MAX)
    }

    /// Room of a place: payload, and signature if the kind has one.
    #[must_use]
    pub fn room(self, kind: Kind) -> usize {
        let signature = if kind.class() == Class::Signed {
            SIGNATURE
        } else {
            0
        };
        self.payload_max(kind).wrapping_add(signature)
    }

    /// Longest value of any kind that this store takes.
    #[must_use]
    pub fn value_max(self) -> usize {
        let signed = if self.signed == 0 {
            0
        } else {
            self.room(Kind::Note)
        };
        self.room(Kind::Links)
            .max(self.room(Kind::Load))
            .max(signed)
    }
}

/// A place of the table.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Slot {
    hash: u64,
    boot: u32,
    counter: u32,
    offset: u32,
    merged_at: u32,
    author: u16,
    payload: u16,
    kind: u8,
    slot: u8,
    /// For the owner of the store: whether this record is to be spoken.
    pub hot: u8,
    /// For the owner of the store: how often others were heard speaking this version.
    pub heard: u8,
}

impl Slot {
    /// The place of the record, as a number that orders as keys do.
    const fn place(&self) -> u32 {
        place(self.author, self.kind, self.slot)
    }

    /// The place of the record.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        Some(Key {
            author: self.author,
            kind: Kind::from_number(self.kind)?,
            slot: self.slot,
        })
    }

    /// How new the record is.
    #[must_use]
    pub const fn version(&self) -> Version {
        Version {
            boot: self.boot,
            counter: self.counter,
        }
    }

    /// The keyed hash of the record.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The writer.
    #[must_use]
    pub const fn author(&self) -> u16 {
        self.author
    }

    /// Says what is held here now, and keeps the digest.
    fn note(&mut self, head: &mut StoreHead, new: (Version, u64), len: usize, seconds: u32) {
        let (version, hash) = new;
        head.digest = head.digest.wrapping_sub(self.hash).wrapping_add(hash);
        head.changes = head.changes.wrapping_add(1);
        self.hash = hash;
        self.boot = version.boot;
        self.counter = version.counter;
        self.payload = len as u16;
        self.merged_at = seconds;
        self.hot = 0;
        self.heard = 0;
    }
}

/// The scalars of a store.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct StoreHead {
    digest: u64,
    mesh_id: u64,
    /// Changes whenever the set changes.
    changes: u32,
    used: u32,
    count: u16,
    authors: u16,
    signed: u16,
    unused: u16,
    shape: Shape,
}

/// Why a record was not taken. The store is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A new author, or a new signed record, and no place for it.
    Full,
    /// The payload is not one of its kind.
    Payload,
    /// The version leaps too far over the one held.
    Leap,
}

/// What merging did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// It was held already, at this index.
    Same(usize),
    /// A newer one is held, at this index.
    Older(usize),
    /// It is held now, at this index.
    Newer(usize),
    /// Its author wrote another value under the same version; the larger hash is held.
    Equivocation(usize),
}

/// A record offered to a store, with the coarse time of its arrival.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Seconds of 1024 ms, any origin.
    pub seconds: u32,
}

/// A store over borrowed memory.
#[derive(Debug)]
pub struct Store<'a> {
    head: &'a mut StoreHead,
    slots: &'a mut [Slot],
    bytes: &'a mut [u8],
}

impl StoreHead {
    /// Sum of the hashes of all records, modulo 2^64.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }
}

impl<'a> Store<'a> {
    /// The store whose state lies in these pieces, made by [`Store::reset`] before.
    pub fn new(head: &'a mut StoreHead, slots: &'a mut [Slot], bytes: &'a mut [u8]) -> Self {
        Self { head, slots, bytes }
    }

    /// Forgets everything and takes a shape.
    pub fn reset(&mut self, mesh_id: u64, shape: Shape) {
        *self.head = StoreHead {
            mesh_id,
            shape,
            ..Zeroable::zeroed()
        };
    }

    /// What this store can hold.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.head.shape
    }

    /// The mesh whose key hashes these records.
    #[must_use]
    pub const fn mesh_id(&self) -> u64 {
        self.head.mesh_id
    }

    /// Sum of the hashes of all records, modulo 2^64.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.head.digest
    }

    /// A number that changes with the set.
    #[must_use]
    pub const fn changes(&self) -> u32 {
        self.head.changes
    }

    /// Records held.
    #[must_use]
    pub const fn len(&self) -> u16 {
        self.head.count
    }

    /// Whether nothing is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.head.count == 0
    }

    /// The places in use, in order.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        self.slots
            .get(..usize::from(self.head.count))
            .unwrap_or_default()
    }

    /// The places in use, for the marks of the owner.
    pub fn slots_mut(&mut self) -> &mut [Slot] {
        self.slots
            .get_mut(..usize::from(self.head.count))
            .unwrap_or_default()
    }

    /// Index of a key.
    #[must_use]
    pub fn find(&self, key: Key) -> Option<usize> {
        let place = place(key.author, key.kind as u8, key.slot);
        let index = self.place_of(place);
        (self.slots().get(index)?.place() == place).then_some(index)
    }

    /// Where a place is or would be.
    fn place_of(&self, place: u32) -> usize {
        self.slots().partition_point(|slot| slot.place() < place)
    }

    /// The record at `index` in order.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Record<'_>> {
        let slot = self.slots().get(index)?;
        let key = slot.key()?;
        let value = self.bytes.get(slot.offset as usize..)?;
        let (payload, rest) = value.split_at_checked(usize::from(slot.payload))?;
        let signature = match key.kind.class() {
            Class::Member => None,
            Class::Signed => Some(rest.first_chunk::<SIGNATURE>()?),
        };
        Some(Record {
            key,
            version: slot.version(),
            payload,
            signature,
        })
    }

    /// The record of a key.
    #[must_use]
    pub fn lookup(&self, key: Key) -> Option<Record<'_>> {
        self.get(self.find(key)?)
    }

    /// The LOAD row of an author.
    #[must_use]
    pub fn load(&self, author: u16) -> Option<Load> {
        Load::decode(
            self.lookup(Key {
                author,
                kind: Kind::Load,
                slot: 0,
            })?
            .payload,
        )
        .ok()
    }

    /// The LINKS row of an author.
    #[must_use]
    pub fn links(&self, author: u16) -> Option<Links<'_>> {
        let record = self.lookup(Key {
            author,
            kind: Kind::Links,
            slot: 0,
        })?;
        Links::decode(record.payload, author, self.head.shape.degree).ok()
    }

    /// How `from` lists `to`.
    #[must_use]
    #[inline(never)]
    pub fn link(&self, from: u16, to: u16) -> Option<Link> {
        self.links(from)?.get(to)
    }

    /// The authors, ascending.
    pub fn authors(&self) -> impl Iterator<Item = u16> + '_ {
        let mut last = 0;
        self.slots().iter().filter_map(move |slot| {
            let fresh = slot.author != last;
            last = slot.author;
            fresh.then_some(slot.author)
        })
    }

    /// Keyed sums of the records of each of 16 groups of authors, low 24 bits.
    #[must_use]
    pub fn buckets(&self) -> [u32; 16] {
        let mut sums = [0_u32; 16];
        for slot in self.slots() {
            if let Some(sum) = sums.get_mut(bucket(slot.author)) {
                *sum = sum.wrapping_add(slot.hash as u32) & 0x00ff_ffff;
            }
        }
        sums
    }

    /// Whether a payload is one of its kind.
    #[must_use]
    pub fn well_formed(&self, record: &Record) -> bool {
        let Key { author, kind, slot } = record.key;
        is_author(author)
            && record.payload.len() <= self.head.shape.payload_max(kind)
            && record.signature.is_some() == (kind.class() == Class::Signed)
            && match kind {
                Kind::Load => slot == 0 && Load::decode(record.payload).is_ok(),
                Kind::Links => {
                    slot == 0
                        && Links::decode(record.payload, author, self.head.shape.degree).is_ok()
                }
                Kind::Note => true,
            }
    }

    /// Keeps the newer of the offered record and the one held.
    ///
    /// # Errors
    /// [`Refused`]; nothing changed.
    pub fn merge(&mut self, offer: &Offer) -> Result<Merge, Refused> {
        let Offer { record, seconds } = offer;
        if !self.well_formed(record) {
            return Err(Refused::Payload);
        }
        let hash = record.hash(self.head.mesh_id);
        let Some(index) = self.find(record.key) else {
            let index = self.insert(record.key)?;
            self.write(index, record, hash, *seconds);
            return Ok(Merge::Newer(index));
        };
        let Some(held) = self.slots().get(index).copied() else {
            return Err(Refused::Full);
        };
        if (record.version, hash) == (held.version(), held.hash) {
            return Ok(Merge::Same(index));
        }
        if leaps(record.version, &held, *seconds, COUNTER_LEAP) {
            return Err(Refused::Leap);
        }
        let equal_version = record.version == held.version();
        if (record.version, hash) > (held.version(), held.hash) {
            self.write(index, record, hash, *seconds);
        } else if !equal_version {
            return Ok(Merge::Older(index));
        }
        Ok(if equal_version {
            Merge::Equivocation(index)
        } else {
            Merge::Newer(index)
        })
    }

    /// Replaces the value of the author's own record, or creates it. No order is checked: the
    /// author decides what its newest version is.
    ///
    /// # Errors
    /// [`Refused`]; nothing changed.
    pub fn put(&mut self, offer: &Offer) -> Result<usize, Refused> {
        let Offer { record, seconds } = offer;
        if !self.well_formed(record) {
            return Err(Refused::Payload);
        }
        let index = match self.find(record.key) {
            Some(index) => index,
            None => self.insert(record.key)?,
        };
        self.write(index, record, record.hash(self.head.mesh_id), *seconds);
        Ok(index)
    }

    /// Writes an unsigned record of the author itself where it lies: `encode` gives its payload.
    ///
    /// # Errors
    /// [`Refused`]; nothing changed.
    pub fn write_own(
        &mut self,
        (key, version): (Key, Version),
        seconds: u32,
        encode: impl FnOnce(&mut Writer) -> Result<(), Short>,
    ) -> Result<usize, Refused> {
        let index = match self.find(key) {
            Some(index) => index,
            None => self.insert(key)?,
        };
        let slot = self.slots.get_mut(index).ok_or(Refused::Full)?;
        let room = self.head.shape.payload_max(key.kind);
        let place = self.bytes.get_mut(slot.offset as usize..);
        let place = place.and_then(|place| place.get_mut(..room));
        let mut writer = Writer::new(place.ok_or(Refused::Full)?);
        encode(&mut writer).map_err(|Short| Refused::Payload)?;
        let record = Record {
            key,
            version,
            payload: writer.written(),
            signature: None,
        };
        let (hash, len) = (record.hash(self.head.mesh_id), record.payload.len());
        slot.note(self.head, (version, hash), len, seconds);
        Ok(index)
    }

    /// Whether a version heard for the author's own record is too far above it to be answered. The
    /// author goes twice as far as others do: what they may have taken, it must be able to top.
    #[must_use]
    pub fn leaps_own(&self, index: usize, version: Version, seconds: u32) -> bool {
        let held = self.slots().get(index);
        held.is_none_or(|held| leaps(version, held, seconds, COUNTER_LEAP << 1))
    }

    /// Makes a place for a new key.
    fn insert(&mut self, key: Key) -> Result<usize, Refused> {
        let shape = self.head.shape;
        let known = self.slots().iter().any(|slot| slot.author == key.author);
        let signed = key.kind.class() == Class::Signed;
        if (!known && self.head.authors >= shape.authors)
            || (signed && self.head.signed >= shape.signed)
        {
            return Err(Refused::Full);
        }
        let room = u32::try_from(shape.room(key.kind)).map_err(|_| Refused::Full)?;
        let index = self.place_of(place(key.author, key.kind as u8, key.slot));
        let count = usize::from(self.head.count);
        let behind = self.slots.get_mut(index..=count).ok_or(Refused::Full)?;
        let mut carried = Slot {
            author: key.author,
            kind: key.kind as u8,
            slot: key.slot,
            offset: self.head.used,
            ..Zeroable::zeroed()
        };
        for slot in behind {
            core::mem::swap(slot, &mut carried);
        }
        self.head.used = self.head.used.wrapping_add(room);
        self.head.count = self.head.count.wrapping_add(1);
        self.head.authors = self.head.authors.wrapping_add(u16::from(!known));
        self.head.signed = self.head.signed.wrapping_add(u16::from(signed));
        Ok(index)
    }

    /// Writes a checked record into its place and keeps the digest.
    fn write(&mut self, index: usize, record: &Record, hash: u64, seconds: u32) {
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        let value = self
            .bytes
            .get_mut(slot.offset as usize..)
            .unwrap_or_default();
        let Some((payload, rest)) = value.split_at_mut_checked(record.payload.len()) else {
            return;
        };
        payload.copy_from_slice(record.payload);
        if let (Some(signature), Some(place)) =
            (record.signature, rest.first_chunk_mut::<SIGNATURE>())
        {
            *place = *signature;
        }
        slot.note(
            self.head,
            (record.version, hash),
            record.payload.len(),
            seconds,
        );
    }

    /// The first clause of the invariants that does not hold, for tests and checkers.
    #[must_use]
    pub fn broken(&self) -> Option<&'static str> {
        let mut sum = 0_u64;
        let (mut authors, mut signed) = (0, 0);
        let mut last = None;
        for (index, slot) in self.slots().iter().enumerate() {
            let Some(record) = self.get(index) else {
                return Some("a place has no readable record");
            };
            if record.hash(self.head.mesh_id) != slot.hash {
                return Some("a hash is not the one of its record");
            }
            if !self.well_formed(&record) {
                return Some("a payload is not one of its kind");
            }
            if last.is_some_and(|last| last >= slot.place()) {
                return Some("places are not in order");
            }
            if last.is_none_or(|last: u32| last >> 16 != u32::from(slot.author)) {
                authors = u16::wrapping_add(authors, 1);
            }
            signed = u16::wrapping_add(signed, u16::from(record.signature.is_some()));
            last = Some(slot.place());
            sum = sum.wrapping_add(slot.hash);
        }
        if sum != self.head.digest {
            return Some("the digest is not the sum of the hashes");
        }
        if (authors, signed) != (self.head.authors, self.head.signed) {
            return Some("a count is wrong");
        }
        None
    }
}

const fn place(author: u16, kind: u8, slot: u8) -> u32 {
    ((author as u32) << 16) | ((kind as u32) << 8) | slot as u32
}

/// The group of an author, 0..16.
#[must_use]
pub const fn bucket(author: u16) -> usize {
    (author & 15) as usize
}

fn leaps(version: Version, held: &Slot, seconds: u32, leap: u32) -> bool {
    let idle = seconds.wrapping_sub(held.merged_at) & SECONDS_MASK;
    let allowed = leap.saturating_add(idle.saturating_mul(COUNTER_RATE));
    version.boot > held.boot.saturating_add(BOOT_LEAP)
        || version.counter > held.counter.saturating_add(allowed)
}
