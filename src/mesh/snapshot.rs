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
use crate::record::{self, Offer, encode_whole};

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
    /// [`Short`] if they do not fit; the content of `out` means nothing then.
    pub fn snapshot(&mut self, out: &mut [u8]) -> Result<usize, Short> {
        self.commit();
        let config = self.state.config;
        let mut writer = Writer::new(out);
        writer.put(MAGIC)?;
        writer.u64(config.mesh_id)?;
        writer.u16(config.id)?;
        let store = self.store_mut();
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
        while !reader.is_empty() {
            let header = record::Header::decode(&mut reader).map_err(|_| Restore::Bad)?;
            let value = reader.slice(header.total()).map_err(|_| Restore::Bad)?;
            let record = header.record(value).ok_or(Restore::Bad)?;
            let fits = value.len() <= config.store().room(record.key.kind);
            if record.key.author != config.id || header.part != record::Part::WHOLE || !fits {
                return Err(Restore::Bad);
            }
            if take {
                self.store_mut()
                    .merge(&Offer { record, seconds })
                    .map_err(|_| Restore::Bad)?;
            }
        }
        Ok(())
    }
}
