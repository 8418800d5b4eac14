//! Which numbers does weir compute with, and how is a bound that makes overflow impossible checked?
//!
//! Public values are Q16.16 ([`Q16`]); root, logarithms and exponentials of them are in
//! [`elementary`]. Everything wider lives in [`wide`]. The archive never panics, so its arithmetic
//! wraps; [`Exact`] is wrapping arithmetic that a build with debug assertions checks, for sums
//! whose bound is stated where they are used. [`at`] and [`put`] are the same bargain for arrays:
//! total in the archive, checked in every test. Source: math.md 2.5 and 7. Does not saturate:
//! where saturation is meant, it is written out.

pub mod elementary;
mod tables;
pub mod wide;

pub use elementary::{exp, ln, log2, sigmoid, sqrt, tanh};

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
