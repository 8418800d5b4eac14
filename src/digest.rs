//! Keyed hashes of records, and the digest of a set of them.
//!
//! A hash is SipHash-2-4 (Aumasson, Bernstein 2012) of 64 bits under a key made from the mesh id.
//! The digest of a set is the wrapping sum of its hashes, so that one changed record costs one
//! subtraction and one addition whatever the size of the set, in any order. It answers "do we hold
//! the same records?" among members; it is not a signature: whoever knows the key can search for
//! sets that collide, and a member may lie about its digest anyway.
//!
//! The rounds are written once and looped over: messages here are short, and flash is dear.

/// `weir/rec`, little-endian: keeps record hashes apart from any other use of the mesh id.
const RECORD_DOMAIN: u64 = u64::from_le_bytes(*b"weir/rec");

/// Hash of the concatenation of `parts` under the key of mesh `mesh_id`.
#[must_use]
pub fn keyed(mesh_id: u64, parts: &[&[u8]]) -> u64 {
    let mut sip = Sip::new(mesh_id, RECORD_DOMAIN);
    for part in parts {
        part.iter().for_each(|&byte| sip.push(byte));
    }
    sip.finish()
}

/// SipHash-2-4, a byte at a time.
struct Sip {
    state: [u64; 4],
    /// The last eight bytes, the newest on top.
    word: u64,
    count: u32,
}

impl Sip {
    const fn new(low: u64, high: u64) -> Self {
        Self {
            state: [
                low ^ 0x736f_6d65_7073_6575,
                high ^ 0x646f_7261_6e64_6f6d,
                low ^ 0x6c79_6765_6e65_7261,
                high ^ 0x7465_6462_7974_6573,
            ],
            word: 0,
            count: 0,
        }
    }

    #[inline(never)]
    fn push(&mut self, byte: u8) {
        self.word = (self.word >> 8) | (u64::from(byte) << 56);
        self.count = self.count.wrapping_add(1);
        if self.count & 7 == 0 {
            let [_, _, _, d] = &mut self.state;
            *d ^= self.word;
            rounds(&mut self.state, 2);
            let [a, ..] = &mut self.state;
            *a ^= self.word;
        }
    }

    fn finish(mut self) -> u64 {
        let length = self.count as u8;
        while self.count & 7 != 7 {
            self.push(0);
        }
        self.push(length);
        let [_, _, c, _] = &mut self.state;
        *c ^= 0xff;
        rounds(&mut self.state, 4);
        let [a, b, c, d] = self.state;
        a ^ b ^ c ^ d
    }
}

#[inline(never)]
fn rounds(state: &mut [u64; 4], count: u8) {
    let [mut a, mut b, mut c, mut d] = *state;
    for _ in 0..count {
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
    }
    *state = [a, b, c, d];
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::hash::Hasher as _;
    use siphasher::sip::SipHasher24;

    fn hash(low: u64, high: u64, message: &[u8]) -> u64 {
        let mut sip = Sip::new(low, high);
        message.iter().for_each(|&byte| sip.push(byte));
        sip.finish()
    }

    #[test]
    fn hash_is_the_published_one() {
        // Appendix A of the SipHash paper: key 00..0f, message 00..0e.
        let half = |from: u8| u64::from_le_bytes(core::array::from_fn(|i| from + i as u8));
        let message: [u8; 15] = core::array::from_fn(|i| i as u8);
        assert_eq!(hash(half(0), half(8), &message), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn hash_is_that_of_another_implementation_at_every_length() {
        let message: [u8; 600] = core::array::from_fn(|i| (i * 151 >> 3) as u8);
        for len in 0..message.len() {
            let mut theirs = SipHasher24::new_with_keys(len as u64 * 77, RECORD_DOMAIN);
            theirs.write(&message[..len]);
            assert_eq!(keyed(len as u64 * 77, &[&message[..len]]), theirs.finish());
        }
    }

    #[test]
    fn cutting_the_message_elsewhere_changes_nothing() {
        let whole = keyed(9, &[b"abcdefghijklmnopq"]);
        assert_eq!(whole, keyed(9, &[b"abc", b"", b"defghijklmnop", b"q"]));
        assert_ne!(whole, keyed(10, &[b"abcdefghijklmnopq"]));
    }
}
