//! Ascon-AEAD128 (NIST SP 800-232), written for flash: one permutation, one duplex, any tag length.
//!
//! A shorter tag is the beginning of the whole one, so both lengths share all code. Everything is
//! data-independent: no branch and no address depends on a key or a text.

/// Bytes of a key, a nonce, a whole tag and a block.
pub const BLOCK: usize = 16;

const IV: u64 = 0x0000_1000_808c_0001;

/// What happens to the bytes that go through the sponge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They are absorbed and stay as they are.
    Absorb,
    /// They become the sealed text.
    Seal,
    /// They become the open text.
    Open,
}

/// Turns `text` into its other form in place and returns the whole tag. `data` stays as it is.
#[must_use]
pub fn duplex(
    key: &[u8; BLOCK],
    nonce: &[u8; BLOCK],
    data: &mut [u8],
    text: &mut [u8],
    way: Way,
) -> [u8; BLOCK] {
    let [k0, k1] = words(key);
    let [n0, n1] = words(nonce);
    let mut sponge = Sponge {
        state: [IV, k0, k1, n0, n1],
    };
    sponge.permute(12);
    let [_, _, _, x3, x4] = &mut sponge.state;
    (*x3, *x4) = (*x3 ^ k0, *x4 ^ k1);
    if !data.is_empty() {
        sponge.pass(data, Way::Absorb);
        sponge.permute(8);
    }
    let [.., x4] = &mut sponge.state;
    *x4 ^= 1 << 63;
    sponge.pass(text, way);
    let [_, _, x2, x3, _] = &mut sponge.state;
    (*x2, *x3) = (*x2 ^ k0, *x3 ^ k1);
    sponge.permute(12);
    let [_, _, _, x3, x4] = sponge.state;
    bytemuck::cast([(x3 ^ k0).to_le(), (x4 ^ k1).to_le()])
}

fn words(bytes: &[u8; BLOCK]) -> [u64; 2] {
    bytemuck::cast::<_, [[u8; 8]; 2]>(*bytes).map(u64::from_le_bytes)
}

struct Sponge {
    state: [u64; 5],
}

impl Sponge {
    /// Byte `at` of the state, counted from the low end of its first word.
    fn byte(&mut self, at: usize) -> Option<&mut u8> {
        let at = if cfg!(target_endian = "big") {
            at ^ 7
        } else {
            at
        };
        bytemuck::cast_mut::<_, [u8; 40]>(&mut self.state).get_mut(at)
    }

    /// Passes bytes through the rate, block by block, and pads the last one.
    #[inline(never)]
    fn pass(&mut self, text: &mut [u8], way: Way) {
        let mut at = 0;
        for byte in text {
            if let Some(place) = self.byte(at) {
                let given = *byte;
                *place ^= given;
                if way != Way::Absorb {
                    *byte = *place;
                }
                if way == Way::Open {
                    *place = given;
                }
            }
            at = usize::wrapping_add(at, 1) & (BLOCK - 1);
            if at == 0 {
                self.permute(8);
            }
        }
        if let Some(place) = self.byte(at) {
            *place ^= 1;
        }
    }

    #[inline(never)]
    fn permute(&mut self, rounds: u8) {
        let [mut a, mut b, mut c, mut d, mut e] = self.state;
        // 12 rounds begin with 0xf0, 8 with 0xb4; each constant is 15 less than the one before.
        let mut constant = if rounds == 12 { 0xf0 } else { 0xb4_u64 };
        while constant != 0x3c {
            c ^= constant;
            (a, e, c) = (a ^ e, e ^ d, c ^ b);
            let (f, g) = (a ^ (!b & c), b ^ (!c & d));
            let (h, i) = (c ^ (!d & e), d ^ (!e & a));
            e ^= !a & b;
            (a, b, c, d) = (f ^ e, g ^ f, !h, i ^ h);
            a ^= a.rotate_right(19) ^ a.rotate_right(28);
            b ^= b.rotate_right(61) ^ b.rotate_right(39);
            c ^= c.rotate_right(1) ^ c.rotate_right(6);
            d ^= d.rotate_right(10) ^ d.rotate_right(17);
            e ^= e.rotate_right(7) ^ e.rotate_right(41);
            constant = constant.wrapping_sub(15);
        }
        self.state = [a, b, c, d, e];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ascon_aead::AsconAead128;
    use ascon_aead::aead::inout::InOutBuf;
    use ascon_aead::aead::{AeadInOut, KeyInit};

    #[test]
    fn tag_and_text_are_those_of_another_implementation_at_every_length() {
        let key: [u8; 16] = core::array::from_fn(|i| (i * 29 + 7) as u8);
        for length in 0..100_usize {
            for clear in [0, 1, 7, 8, 15, 16, 17, 24, 40] {
                let nonce: [u8; 16] = core::array::from_fn(|i| (i * 3 + length) as u8);
                let mut data: Vec<_> = (0..clear).map(|i| (i * 91) as u8).collect();
                let text: Vec<_> = (0..length).map(|i| (i * 53 + clear) as u8).collect();
                let mut theirs = text.clone();
                let tag = AsconAead128::new(&key.into())
                    .encrypt_inout_detached(&nonce.into(), &data, InOutBuf::from(&mut theirs[..]))
                    .unwrap();
                let mut ours = text.clone();
                let sealed = duplex(&key, &nonce, &mut data, &mut ours, Way::Seal);
                assert_eq!((&ours, sealed), (&theirs, <[u8; 16]>::from(tag)));
                let opened = duplex(&key, &nonce, &mut data, &mut ours, Way::Open);
                assert_eq!((ours, opened), (text, sealed));
            }
        }
    }
}
