//! Keyed hashes of records, and the digest of a set of them.
//!
//! A hash is SipHash-2-4 (Aumasson, Bernstein 2012) of 64 bits under a key made from the mesh id.
//! The digest of a set is the wrapping sum of its hashes, so that one changed record costs one
//! subtraction and one addition whatever the size of the set, in any order. It answers "do we hold
//! the same records?" among members; it is not a signature: whoever knows the key can search for
//! sets that collide, and a member may lie about its digest anyway.

use core::hash::Hasher as _;

use siphasher::sip::SipHasher24;

/// `weir/rec`, little-endian: keeps record hashes apart from any other use of the mesh id.
const RECORD_DOMAIN: u64 = u64::from_le_bytes(*b"weir/rec");

/// Hash of the concatenation of `parts` under the key of mesh `mesh_id`.
#[must_use]
pub fn keyed(mesh_id: u64, parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(mesh_id, RECORD_DOMAIN);
    for part in parts {
        hasher.write(part);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_the_published_one() {
        // Appendix A of the SipHash paper: key 00..0f, message 00..0e.
        let key: [u8; 16] = core::array::from_fn(|i| i as u8);
        let message: [u8; 15] = core::array::from_fn(|i| i as u8);
        let mut hasher = SipHasher24::new_with_key(&key);
        hasher.write(&message);
        assert_eq!(hasher.finish(), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn cutting_the_message_elsewhere_changes_nothing() {
        let whole = keyed(9, &[b"abcdefghijklmnopq"]);
        assert_eq!(whole, keyed(9, &[b"abc", b"", b"defghijklmnop", b"q"]));
        assert_ne!(whole, keyed(10, &[b"abcdefghijklmnopq"]));
    }
}
