//! Which numbers does weir compute with, and how is a bound that makes overflow impossible checked?
//!
//! Public values are Q16.16 ([`Q16`]). Everything wider lives in [`wide`]. The archive never
//! panics, so its arithmetic wraps; [`Exact`] is wrapping arithmetic that a build with debug
//! assertions checks, for sums whose bound is stated where they are used. [`at`] and [`put`] are
//! the same bargain for arrays: total in the archive, checked in every test. Source: math.md 2.5
//! and 7. Does not saturate: where saturation is meant, it is written out.

pub mod wide;

/// The public number: signed, 16 integer and 16 fraction bits.
pub type Q16 = fixed::types::I16F16;

/// Arithmetic whose result is known to fit. The bound is stated at the place of use; builds with
/// debug assertions check it, the archive wraps.
pub trait Exact: Copy {
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
    /// `self - other`.
    fn minus(self, other: Self) -> Self;
    /// `self * other`.
    fn times(self, other: Self) -> Self;
}

macro_rules! exact {
    ($($int:ty)*) => { $(
        impl Exact for $int {
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                debug_assert!(self.checked_add(other).is_some());
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                debug_assert!(self.checked_sub(other).is_some());
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                debug_assert!(self.checked_mul(other).is_some());
                self.wrapping_mul(other)
            }
        }
    )* };
}
exact!(i16 i32 i64 u16 u32 u64 usize);

/// The element at `index`, or the default where there is none (which no caller asks for).
#[inline(always)]
pub fn at<T: Copy + Default>(slice: &[T], index: impl Into<u32>) -> T {
    let index = index.into() as usize;
    debug_assert!(index < slice.len());
    slice.get(index).copied().unwrap_or_default()
}

/// Writes the element at `index`; nothing where there is none (which no caller asks for).
#[inline(always)]
pub fn put<T>(slice: &mut [T], index: impl Into<u32>, value: T) {
    let index = index.into() as usize;
    debug_assert!(index < slice.len());
    if let Some(place) = slice.get_mut(index) {
        *place = value;
    }
}

/// `(a, b)` in ascending order.
#[inline]
#[must_use]
pub fn ordered<T: PartialOrd>(a: T, b: T) -> (T, T) {
    if a <= b { (a, b) } else { (b, a) }
}

/// The square root of a Q16.16 number, correctly rounded; `None` below zero.
///
/// Digit recurrence on the 47-bit number `value << 16`, two bits per step; a root of the integer
/// part of `x` has remainder at most `2 root`, and rounds up exactly when the remainder exceeds
/// the root, since `(root + 1/2)^2 = root^2 + root + 1/4`.
#[must_use]
pub fn sqrt(value: Q16) -> Option<Q16> {
    let mut rest = u64::from(u32::try_from(value.to_bits()).ok()?) << 16;
    let mut root = 0_u64;
    let mut bit = 1_u64 << 46;
    while bit != 0 {
        let trial = root | bit;
        root >>= 1;
        if rest >= trial {
            rest = rest.minus(trial);
            root |= bit;
        }
        bit >>= 2;
    }
    let rounded = root.plus(u64::from(rest > root));
    Some(Q16::from_bits(i32::try_from(rounded).ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn square_root_is_the_nearest_number() {
        let samples = (0..=70_000)
            .chain((0..31).map(|k| (1 << k) - 1))
            .chain([i32::MAX]);
        for raw in samples {
            let root = i128::from(sqrt(Q16::from_bits(raw)).unwrap().to_bits());
            let square = i128::from(raw) << 18; // (2 * root)^2 scale
            assert!((2 * root - 1).pow(2) <= square || root == 0, "{raw}");
            assert!(square <= (2 * root + 1).pow(2), "{raw}");
        }
        assert_eq!(sqrt(Q16::from_bits(-1)), None);
    }
}
