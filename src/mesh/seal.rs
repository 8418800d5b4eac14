//! Seals: membership is proved by Ascon-AEAD128 (NIST SP 800-232) under a mesh key.
//!
//! The nonce is (author, session, sequence): it repeats only if a node starts twice with one boot
//! number, which is why the boot number must be raised before the first frame. Associated data are
//! the mesh id, the header and what a kind sends in the clear. The tag is 8 bytes, or 16 if the key
//! slot says so; forging one takes 2^63 tries on average and each try is a frame on the air.
//!
//! Two key slots of the four may be live at once while a mesh moves from one key to the next.

use ascon_aead::TruncatedAsconAead128;
use ascon_aead::aead::array::typenum::{U8, U16};
use ascon_aead::aead::inout::InOutBuf;
use ascon_aead::aead::{AeadInOut, KeyInit};
use bytemuck::{Pod, Zeroable};

/// Bytes of a mesh key.
pub const KEY: usize = 16;
/// Key slots a header can name.
pub const KEY_SLOTS: usize = 4;
/// Key slots that may hold a key at the same time.
pub const KEYS_LIVE: usize = 2;

/// The mesh keys of a node.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Keys {
    key: [[u8; KEY]; KEY_SLOTS],
    /// Bytes of the tag under each key; 0 = no key.
    tag: [u8; KEY_SLOTS],
    sending: u8,
    /// Bit per slot: had a key once.
    retired: u8,
    unused: [u8; 2],
}

impl core::fmt::Debug for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keys")
    }
}

/// What a frame is sealed with besides the key.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    /// The mesh.
    pub mesh_id: u64,
    /// The sender.
    pub author: u16,
    /// The sender's session.
    pub session: u64,
    /// The frame's number in it.
    pub sequence: u32,
}

impl Envelope {
    fn nonce(&self) -> [u8; 16] {
        let mut nonce = [0; 16];
        let (author, rest) = nonce.split_at_mut(2);
        let (session, rest) = rest.split_at_mut(8);
        author.copy_from_slice(&self.author.to_le_bytes());
        session.copy_from_slice(&self.session.to_le_bytes());
        if let Some(sequence) = rest.first_chunk_mut() {
            *sequence = self.sequence.to_le_bytes();
        }
        nonce
    }
}

/// Longest clear part: the mesh id, the header and the rest of a BEACON's session.
const ASSOCIATED_MAX: usize = 8 + super::frame::HEADER + super::frame::SESSION_HIGH;

fn associated(mesh_id: u64, clear: &[u8], out: &mut [u8; ASSOCIATED_MAX]) -> Option<usize> {
    let mut writer = crate::bytes::Writer::new(out);
    writer.u64(mesh_id).ok()?;
    writer.put(clear).ok()?;
    Some(writer.len())
}

impl Keys {
    /// Puts a key into a slot. The first key becomes the sending key.
    /// `false` if the slot, the tag length or the number of live keys is out of range.
    pub fn set(&mut self, slot: u8, key: &[u8; KEY], tag: u8) -> bool {
        let index = usize::from(slot);
        let live = self.tag.iter().filter(|&&tag| tag != 0).count();
        let replaces = self.tag.get(index).is_some_and(|&tag| tag != 0);
        if (tag != 8 && tag != 16) || (!replaces && live >= KEYS_LIVE) {
            return false;
        }
        let (Some(place), Some(length)) = (self.key.get_mut(index), self.tag.get_mut(index)) else {
            return false;
        };
        *place = *key;
        *length = tag;
        if live == 0 {
            self.sending = slot;
        }
        true
    }

    /// Chooses the key that seals; `false` if the slot has none.
    pub fn send_with(&mut self, slot: u8) -> bool {
        let live = self.tag_len(slot).is_some();
        if live {
            self.sending = slot;
        }
        live
    }

    /// Wipes a key; `false` if the slot has none or it is the sending key.
    pub fn remove(&mut self, slot: u8) -> bool {
        let index = usize::from(slot);
        if slot == self.sending || self.tag_len(slot).is_none() {
            return false;
        }
        if let (Some(key), Some(tag)) = (self.key.get_mut(index), self.tag.get_mut(index)) {
            *key = [0; KEY];
            *tag = 0;
            self.retired |= 1 << index;
        }
        true
    }

    /// The slot of the sending key, if there is a key.
    #[must_use]
    pub fn sending(&self) -> Option<u8> {
        self.tag_len(self.sending).map(|_| self.sending)
    }

    /// Whether the slot had a key that was removed.
    #[must_use]
    pub const fn was_retired(&self, slot: u8) -> bool {
        self.retired & (1 << (slot & 3)) != 0
    }

    /// Bytes of the tag under the key in `slot`; `None` if there is no key.
    #[must_use]
    pub fn tag_len(&self, slot: u8) -> Option<usize> {
        let tag = *self.tag.get(usize::from(slot))?;
        (tag != 0).then_some(usize::from(tag))
    }

    /// Seals `frame[clear..end]` in place and appends the tag; returns the length of the frame.
    #[must_use]
    pub fn seal(
        &self,
        slot: u8,
        envelope: &Envelope,
        frame: &mut [u8],
        (clear, end): (usize, usize),
    ) -> Option<usize> {
        let key = self.key.get(usize::from(slot))?;
        let tag_len = self.tag_len(slot)?;
        let total = end.checked_add(tag_len)?;
        let (head, rest) = frame.get_mut(..total)?.split_at_mut_checked(clear)?;
        let (body, tag) = rest.split_at_mut_checked(end.checked_sub(clear)?)?;
        let mut buffer = [0; ASSOCIATED_MAX];
        let length = associated(envelope.mesh_id, head, &mut buffer)?;
        let (data, nonce) = (buffer.get(..length)?, envelope.nonce());
        if tag_len == 8 {
            let made = TruncatedAsconAead128::<U8>::new(key.into())
                .encrypt_inout_detached(&nonce.into(), data, InOutBuf::from(body))
                .ok()?;
            *tag.first_chunk_mut()? = <[u8; 8]>::from(made);
        } else {
            let made = TruncatedAsconAead128::<U16>::new(key.into())
                .encrypt_inout_detached(&nonce.into(), data, InOutBuf::from(body))
                .ok()?;
            *tag.first_chunk_mut()? = <[u8; 16]>::from(made);
        }
        Some(total)
    }

    /// Opens the body behind the `clear` bytes of `frame` into `body`, which is as long as it must
    /// be, and gives its length; `None` if it is not authentic. `frame` is untouched, so that
    /// another session may be tried.
    #[must_use]
    pub fn open(
        &self,
        slot: u8,
        envelope: &Envelope,
        (frame, clear): (&[u8], usize),
        body: &mut [u8],
    ) -> Option<usize> {
        let key = self.key.get(usize::from(slot))?;
        let tag_len = self.tag_len(slot)?;
        let (head, rest) = frame.split_at_checked(clear)?;
        let (sealed, tag) = rest.split_at_checked(rest.len().checked_sub(tag_len)?)?;
        let body = body.get_mut(..sealed.len())?;
        body.copy_from_slice(sealed);
        let mut buffer = [0; ASSOCIATED_MAX];
        let length = associated(envelope.mesh_id, head, &mut buffer)?;
        let (data, nonce) = (buffer.get(..length)?, envelope.nonce());
        if tag_len == 8 {
            TruncatedAsconAead128::<U8>::new(key.into())
                .decrypt_inout_detached(
                    &nonce.into(),
                    data,
                    InOutBuf::from(&mut *body),
                    &(*tag.first_chunk::<8>()?).into(),
                )
                .ok()?;
        } else {
            TruncatedAsconAead128::<U16>::new(key.into())
                .decrypt_inout_detached(
                    &nonce.into(),
                    data,
                    InOutBuf::from(&mut *body),
                    &(*tag.first_chunk::<16>()?).into(),
                )
                .ok()?;
        }
        Some(sealed.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_key_is_remembered_as_retired_and_no_other() {
        let mut keys = Keys::zeroed();
        assert!(keys.set(1, &[7; KEY], 8) && keys.set(3, &[9; KEY], 16));
        assert_eq!((0..4).filter(|slot| keys.was_retired(*slot)).count(), 0);
        assert!(!keys.remove(1), "it seals");
        assert!(!keys.remove(0) && !keys.remove(4), "there is none");
        assert!(keys.send_with(3) && keys.remove(1));
        let retired = |keys: &Keys| [0, 1, 2, 3].map(|slot| keys.was_retired(slot));
        assert_eq!(retired(&keys), [false, true, false, false]);
        assert!(!keys.remove(1) && !keys.send_with(1));
        assert!(keys.set(0, &[5; KEY], 8) && keys.send_with(0) && keys.remove(3));
        assert_eq!(retired(&keys), [false, true, false, true]);
        assert_eq!(
            [0, 1, 2, 3].map(|slot| keys.tag_len(slot)),
            [Some(8), None, None, None]
        );
    }
}
