//! What survives a restart: this node's own records, at most about a kilobyte.
//!
//! ```text
//! "weirsn1\0", mesh id u64, id u16, records as on the wire, keyed hash u64 of all before
//! ```
//!
//! Taken after each change of own rows (`due` says so) and before the next frame, it makes a
//! restart exact. An older one is still useful: learning brings what neighbours heard since.

use super::{Node, phase};
use crate::bytes::{Reader, Short, Writer};
use crate::digest;
use crate::record::rows::{LINK_BYTES, LINKS_HEAD, LOAD_BYTES};
use crate::record::{self, HEADER, Kind, Offer, encode_whole};

const MAGIC: &[u8; 8] = b"weirsn1\0";

/// Why a snapshot was not restored. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// The node has begun already.
    Late,
    /// Not a whole snapshot of this node of this mesh.
    Bad,
}

impl Node<'_> {
    /// Writes the own records into `out` and returns the length.
    ///
    /// # Errors
    /// [`Short`] if they do not fit; nothing is written then and nothing changed.
    pub fn snapshot(&mut self, out: &mut [u8]) -> Result<usize, Short> {
        if out.len() < self.snapshot_len() {
            return Err(Short);
        }
        self.commit();
        let config = self.state.config;
        let mut writer = Writer::new(out);
        writer.put(MAGIC)?;
        writer.u64(config.mesh_id)?;
        writer.u16(config.id)?;
        let store = &self.store;
        for index in 0..store.slots().len() {
            if let Some(record) = store.get(index)
                && record.key.author == config.id
            {
                encode_whole(&record, &mut writer)?;
            }
        }
        let hash = digest::keyed(config.mesh_id, &[writer.written()]);
        writer.u64(hash)?;
        let len = writer.len();
        if !self.learning() {
            (self.state.load_told, self.state.links_told) = (1, 1);
        }
        self.state.snapshot_due = 0;
        Ok(len)
    }

    /// Bytes of a snapshot taken now: own rows that changed count as they will be written.
    fn snapshot_len(&mut self) -> usize {
        let own = self.state.config.id;
        let links = self.ledger_mut().links().len().wrapping_mul(LINK_BYTES);
        let rows = [
            (Kind::Load, self.state.load_dirty, LOAD_BYTES),
            (
                Kind::Links,
                self.state.links_dirty,
                LINKS_HEAD.wrapping_add(links),
            ),
        ];
        let running = !self.learning();
        let written = |kind: Kind| {
            let mut changed = rows.iter().filter(|row| running && row.1 != 0);
            changed.find(|row| row.0 == kind).map(|row| row.2)
        };
        let ends = MAGIC.len().wrapping_add(8 + 2 + 8);
        let rows = rows.iter().filter_map(|row| written(row.0));
        let new = rows.fold(ends, |len, row| len.wrapping_add(HEADER).wrapping_add(row));
        let store = self.store_mut();
        let held = (0..store.slots().len()).filter_map(|index| store.get(index));
        held.filter(|record| record.key.author == own && written(record.key.kind).is_none())
            .fold(new, |len, record| {
                let signature = record.signature.map_or(0, |signature| signature.len());
                len.wrapping_add(HEADER)
                    .wrapping_add(record.payload.len())
                    .wrapping_add(signature)
            })
    }

    /// Takes the records of a snapshot, before the first poll.
    ///
    /// # Errors
    /// [`Restore`]; nothing changed.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Restore> {
        if self.state.phase != phase::FRESH || self.state.restored != 0 {
            return Err(Restore::Late);
        }
        // Twice over the same bytes: first only looking, so that nothing changes if one is bad.
        self.walk(bytes, false)?;
        self.walk(bytes, true)?;
        self.state.restored = 1;
        Ok(())
    }

    fn walk(&mut self, bytes: &[u8], take: bool) -> Result<(), Restore> {
        let config = self.state.config;
        let (content, hash) = bytes.split_last_chunk::<8>().ok_or(Restore::Bad)?;
        if digest::keyed(config.mesh_id, &[content]) != u64::from_le_bytes(*hash) {
            return Err(Restore::Bad);
        }
        let mut reader = Reader::new(content);
        let head = (reader.array::<8>(), reader.u64(), reader.u16());
        if head != (Ok(*MAGIC), Ok(config.mesh_id), Ok(config.id)) {
            return Err(Restore::Bad);
        }
        let seconds = self.seconds();
        let (mut last, mut signed) = (None, 0_u16);
        while !reader.is_empty() {
            let header = record::Header::decode(&mut reader).map_err(|_| Restore::Bad)?;
            let value = reader.slice(header.total()).map_err(|_| Restore::Bad)?;
            let record = header.record(value).ok_or(Restore::Bad)?;
            signed = signed.saturating_add(u16::from(record.signature.is_some()));
            // All that a store may refuse, so that the second walk takes every record.
            if record.key.author != config.id
                || header.part != record::Part::WHOLE
                || last >= Some(record.key)
                || signed > config.signed_records
                || !self.store_mut().well_formed(&record)
            {
                return Err(Restore::Bad);
            }
            last = Some(record.key);
            if take {
                self.store
                    .merge(&Offer { record, seconds })
                    .map_err(|_| Restore::Bad)?;
            }
        }
        Ok(())
    }
}
