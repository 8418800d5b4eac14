//! What is the exact answer, found another way?
//!
//! Rational linear algebra, a catalogue of complexes, and naive combinatorics: dense, slow, and
//! written without looking at the blocks, factors and cocycles they judge.

pub mod algebra;
pub mod classic;
pub mod complexes;
pub mod lent;
pub mod reference;
pub mod series;
pub mod rounds;

/// A reproducible stream of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit
    }

    /// A number in `-limit..=limit`.
    pub fn signed(&mut self, limit: i64) -> i64 {
        (self.draw() % (2 * limit as u64 + 1)) as i64 - limit
    }

    /// A random permutation in place.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end as u64 + 1) as usize);
        }
    }
}
