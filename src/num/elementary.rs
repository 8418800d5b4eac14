//! What are the root, the logarithms, the exponential and its two sigmoids of a Q16.16 number?
//!
//! Arguments and results are Q16.16. Every function here is correctly rounded: its result is the
//! Q16.16 number nearest to the truth, for every one of the 2^32 arguments, which makes it monotone
//! and the same on every machine. No argument panics; cost is in instructions of RV32IMAC at the
//! archive's optimisation for size, the same for all arguments.
//!
//! A logarithm is the exponent, the logarithm of a table cell and a polynomial for what is left,
//! added in Q47; an exponential is a power of two, an entry for a 32nd of an octave and a
//! polynomial, multiplied in Q63; each is rounded once, and its error before that is below the
//! distance of the hardest argument from a tie, which only a trial of all arguments can show
//! (`ffi-tests/tests/num_functions.rs`). Products are 32 by 32 bits. Constants: `tables`.
//! Source: math.md 7; P. T. P. Tang, *Table-driven implementation of the exponential function in
//! IEEE floating-point arithmetic* (1989) and *of the logarithm function* (1990), here in integers.

use super::tables::{
    EXP, EXP_0, EXP_1, EXP_2, EXP_3, EXP_OVER, EXP_UNDER, LN_2, LOG, LOG_0, LOG_1, LOG_2, LOG_3,
    LOG2_E, PART, PARTS, SIGMOID_ONE, TANH_ONE,
};
use super::{Exact, Q16, at};

/// 1 in Q16.16.
const ONE: u32 = 1 << 16;

/// The square root, correctly rounded; `None` below zero. From 0 to 181.02; 99 instructions.
///
/// Newton's iteration for `1 / sqrt u`, `1 <= u < 4`, from a line that is within 9 %, four times:
/// from 2^-3.5 over 2^-6.5, 2^-12.4 and 2^-24.2 to what the words hold. It stays below the truth,
/// by a quarter of a unit of the result at most, so the result is the rounded estimate or the
/// next, by the sign of `value * 2^16 - root (root + 1)`.
#[must_use]
pub fn sqrt(value: Q16) -> Option<Q16> {
    let raw = u32::try_from(value.to_bits()).ok()?;
    let zeros = raw.leading_zeros() & 30; // 32 becomes 0, and the root of 0 is 0
    let u = raw << zeros; // Q30
    let mut y = LINE_AT_0.minus(upper_unsigned(u, LINE_FALL)); // 1 / sqrt u, Q31
    for _ in 0..4 {
        // y (3 - u y^2) / 2; products are cut off by less than 4 units together
        let near_one = upper_unsigned(upper_unsigned(y, y), u); // Q28
        y = upper_unsigned(y, THREE.minus(near_one)) << 3;
    }
    let long = upper_unsigned(u, y); // sqrt u, Q29
    let root = (long >> (zeros >> 1).plus(5)).plus(1) >> 1;
    // Below 2^26 in magnitude, so its low word is all of it.
    let rest = (raw << 16).wrapping_sub(root.wrapping_mul(root)) as i32;
    Some(Q16::from_bits(
        root.plus(u32::from(rest > root as i32)) as i32
    ))
}

/// The line `1.066 - 0.1522 u` in Q31 and, as `u` is in Q30, Q33; any within 9 % would do.
const LINE_AT_0: u32 = 0x8872_0000;
const LINE_FALL: u32 = 0x4ded_0000;
/// 3 in Q28, and what products lose.
const THREE: u32 = (3 << 28) - 4;

/// The natural logarithm, correctly rounded; `None` for zero and below. From -11.09 to 10.40;
/// 116 instructions.
#[must_use]
pub fn ln(value: Q16) -> Option<Q16> {
    let (exponent, m) = normalised(value)?;
    // The upper half by itself: a product of 64 bits would take four.
    let octaves = i64::from(exponent.times((LN_2 >> 32) as i32)) << 32;
    let octaves = octaves.plus(i64::from(exponent).times(i64::from(LN_2 as u32)));
    let sum = octaves.plus(logarithm(m)).plus(HALF_LESS_EXCESS);
    Some(Q16::from_bits((sum >> 31) as i32))
}

/// Half a unit of the result in Q47, less what the sum has too much in the mean: 1.7 from products
/// that were cut off and then subtracted, and 0.26 for each [`LN_2`], of which most numbers have
/// 12 to 14.
const HALF_LESS_EXCESS: i64 = (1 << 30) - 5;

/// The logarithm to base 2, correctly rounded, so exact at powers of two; `None` for zero and
/// below. From -16 to 15; 117 instructions.
#[must_use]
pub fn log2(value: Q16) -> Option<Q16> {
    let (exponent, m) = normalised(value)?;
    // Q47 to Q63, times 1 / ln 2 in Q62: the result, below 1, in Q61, less three cut-off units.
    let fraction = product_high(logarithm(m) << 16, LOG2_E);
    let rounded = ((fraction >> 32) as i32).plus(1 << 12) >> 13;
    Some(Q16::from_bits((exponent << 16).plus(rounded)))
}

/// `value = 2^exponent * m / 2^31` with `m` in Q31 between 1 and 2, as `(exponent, m)`; the
/// exponent is -16 to 14.
#[inline(always)]
fn normalised(value: Q16) -> Option<(i32, u32)> {
    let raw = u32::try_from(value.to_bits())
        .ok()
        .filter(|raw| *raw != 0)?;
    let zeros = raw.leading_zeros();
    Some((15_i32.minus(zeros as i32), raw << zeros))
}

/// `ln m` in Q47, within 2^-44.5, of `m` in Q31 between 1 and 2.
///
/// With `c` close to `1 / m` and `r = m c - 1`, exact and below 2^-7, `ln m = log1p r - ln c`.
fn logarithm(m: u32) -> i64 {
    let (reciprocal, high, low) = at(&LOG, (m >> 25) & 63);
    let product = i64::from(m).times(i64::from(reciprocal)); // 1 + r, Q47
    // In Q38 the leading 1 falls out above bit 31, and r remains, with its sign.
    let r = (product >> 9) as i32;
    // r - log1p r < 2^-15, Q46.
    let h = LOG_1.wrapping_add(upper(r, LOG_2.wrapping_add(upper(r, LOG_3))));
    let h = LOG_0.wrapping_add(upper(r, h) as u32);
    let rest = upper_unsigned(square(r, 30), h);
    let table = i64::from(high) << 32 | i64::from(low);
    let sum = product.minus(1 << 47).plus(table);
    sum.minus(i64::from(rest) << 1)
}

/// `e^value`, correctly rounded: the largest number from 10.3972 on, where the truth is larger, and
/// 0 below -11.7835, where it is below half a unit. 95 instructions.
#[must_use]
pub fn exp(value: Q16) -> Q16 {
    let raw = value.to_bits();
    if raw >= EXP_OVER {
        return Q16::MAX;
    }
    if raw < EXP_UNDER {
        return Q16::ZERO;
    }
    let n = parts(raw);
    // Q31 to Q17, of which the last bit rounds; the exponent is between -17 and 14.
    let doubled = (exponential(raw, n) >> 32) as u32 >> (14_i32.minus(n >> 6) & 31);
    Q16::from_bits((doubled.plus(1) >> 1) as i32)
}

/// The odd number of 64ths of an octave nearest to `x`; `|raw| < 2^20`.
#[inline(always)]
fn parts(raw: i32) -> i32 {
    // Q27 times Q24 less a word is Q19.
    (upper(raw << 11, PARTS) >> 19) | 1
}

/// `e^x / 2^(n >> 6)` in Q63, from 1 to below 2, within 2^-42.5; `n` as [`parts`] has it.
///
/// With `r` what is left of `x`, below 2^-6.5, `e^x = 2^(n / 64) e^r`.
fn exponential(raw: i32, n: i32) -> u64 {
    // r in Q64: what stands above the binary point of the two terms cancels.
    let low = i64::from(n).times(i64::from(PART as u32));
    let high = (raw << 16).wrapping_sub(n.wrapping_mul((PART >> 32) as i32));
    let r = (i64::from(high) << 32).wrapping_sub(low);
    let short = (r >> 27) as i32; // Q37
    // r^2 < 2^-13 in Q45, times h in Q32 is Q77.
    let h = EXP_1.wrapping_add(upper(short, EXP_2.wrapping_add(upper(short, EXP_3))));
    let h = EXP_0.wrapping_add(upper(short, h) as u32);
    let rest = u64::from(square(short, 29)).times(u64::from(h)) >> 13;
    let growth = r.plus(rest as i64); // e^r - 1, Q64
    let part = at(&EXP, (n >> 1 & 31) as u32); // Q63
    part.wrapping_add(product_high(growth, part) as u64)
}

/// `1 / (1 + e^x)` in Q31, still to be shifted right by the other result, for `x >= 0`.
fn share(raw: i32) -> (u32, u32) {
    let n = parts(raw);
    let exponent = (n >> 6) as u32 & 31;
    // 1 + e^x = 2^exponent * whole, Q62, between 1 and 3.
    let one = u64::from((1_u32 << 30) >> exponent) << 32;
    let whole = (exponential(raw, n) >> 1).plus(one);
    let (high, low) = ((whole >> 32) as u32, whole as u32);
    // 1 / whole in Q32 by one division, within 2^-15.2 of the truth.
    let short = u32::MAX.checked_div(high.plus(1 << 14) >> 15).unwrap_or(0);
    let first = (short << 15).plus(1 << 14);
    // Their product is 1 + error in Q62; in Q46 the leading 1 falls out above bit 31.
    let product = u64::from(first).times(u64::from(high));
    let product = product.plus(u64::from(upper_unsigned(first, low)));
    let error = (product >> 16) as i32;
    // 1 / (1 + error) = 1 - error + error^2, within 2^-45.
    let error = error.minus(upper(error, error) >> 14);
    let step = (i64::from(error).times(i64::from(first)) >> 32) as i32; // Q46
    let nearer = (first >> 1).wrapping_add((0_i32.minus(step) >> 15) as u32);
    (nearer, exponent)
}

/// The hyperbolic tangent, correctly rounded, so odd: 1 and -1 from 6.2384 on. 146 instructions,
/// one of them a division of words.
#[must_use]
pub fn tanh(value: Q16) -> Q16 {
    let raw = value.to_bits();
    let size = raw.unsigned_abs();
    let result = if size < TANH_ONE {
        // tanh x = 1 - 2 / (1 + e^2x)
        let (fraction, exponent) = share((size << 1) as i32);
        ONE.minus((fraction >> exponent.plus(13)).plus(1) >> 1) as i32
    } else {
        ONE as i32
    };
    Q16::from_bits(if raw < 0 { 0_i32.minus(result) } else { result })
}

/// The logistic function `1 / (1 + e^-value)`, correctly rounded, so that those of `x` and `-x` add
/// up to 1: 0 and 1 from 11.7835 on. 143 instructions, one of them a division of words.
#[must_use]
pub fn sigmoid(value: Q16) -> Q16 {
    let raw = value.to_bits();
    let size = raw.unsigned_abs();
    let small = if size < SIGMOID_ONE {
        let (fraction, exponent) = share(size as i32);
        (fraction >> exponent.plus(14)).plus(1) >> 1
    } else {
        0
    };
    Q16::from_bits((if raw < 0 { small } else { ONE.minus(small) }) as i32)
}

/// The high word of the product of two words.
#[inline(always)]
fn upper(a: i32, b: i32) -> i32 {
    (i64::from(a).times(i64::from(b)) >> 32) as i32
}

/// The high word of the product of two words without sign.
#[inline(always)]
fn upper_unsigned(a: u32, b: u32) -> u32 {
    (u64::from(a).times(u64::from(b)) >> 32) as u32
}

/// `r^2 >> shift`, as if `r` were half a unit larger: it was cut off.
#[inline(always)]
fn square(r: i32, shift: u32) -> u32 {
    (i64::from(r).times(i64::from(r.plus(1))) >> shift) as u32
}

/// `a * b / 2^64`, at most three units too small: three of the four partial products.
#[inline(always)]
fn product_high(a: i64, b: u64) -> i64 {
    let (a_high, a_low) = (a >> 32, i64::from(a as u32));
    let (b_high, b_low) = ((b >> 32), b & 0xffff_ffff);
    let crossed = (a_low as u64).times(b_high) >> 32;
    // |a_high| <= 2^31, and the sum below is the wanted product, which is smaller than |a|.
    let crossed = (crossed as i64).plus(a_high.times(b_low as i64) >> 32);
    a_high.times(b_high as i64).plus(crossed)
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
