//! How are products and quotients wider than 64 bits taken without 128-bit arithmetic?
//!
//! Multipliers are Q32 in `u32`, vectors are `i64`, Gram matrices are Q40 in `i64`. Each product is
//! built from 32-bit halves and rounded once; a shift of the exact value is taken by [`shr_round`].
//! A result that fits is exact to that one rounding; the callers state the bound that makes it fit.
//! Source: math.md 2.5. Does not use `i128`: its helpers cost kilobytes on 32-bit machines.

use super::Exact;

/// Fraction bits of a Gram matrix.
pub const GRAM: u32 = 40;

/// `a * l / 2^32`, rounded down once or twice, for `l` in Q32 below one: at most two units below
/// the exact value, three multiplications on a 32-bit machine.
#[inline(always)]
#[must_use]
pub fn mul_q32(a: i64, l: u32) -> i64 {
    let low = (a as u64 & 0xffff_ffff).wrapping_mul(u64::from(l)) >> 32;
    // |a >> 32| <= 2^31 and l < 2^32, so the product fits; the sum is below |a|.
    (a >> 32)
        .wrapping_mul(i64::from(l))
        .wrapping_add(low as i64)
}

/// `a * l / 2^(32 - scale)`, rounded down, for `l` in Q32 below one; the result must fit, and
/// `scale` is at most 32. No digit is lost above the last, as there would be by shifting
/// [`mul_q32`] up.
#[inline]
#[must_use]
pub fn mul_scaled(a: i64, l: u32, scale: u32) -> i64 {
    let low = (a as u64 & 0xffff_ffff).wrapping_mul(u64::from(l)) >> 32_u32.minus(scale);
    let high = (a >> 32).wrapping_mul(i64::from(l)) << scale;
    high.wrapping_add(low as i64)
}

/// `a * l / 2^30`, rounded to nearest, for signed `l` in Q30; the result fits because `|l| <= 1`.
#[inline]
#[must_use]
pub fn mul_q30(a: i64, l: i32) -> i64 {
    // |l| <= 2^30 keeps both partial products in 63 bits.
    let (high, low) = ((a >> 32).times(l.into()), (a & 0xffff_ffff).times(l.into()));
    (high << 2).plus(low.plus(1 << 29) >> 30)
}

/// `a / 2^bits`, rounded to nearest, halves up; `bits < 63`, `|a| < 2^62`.
#[inline(never)]
#[must_use]
pub fn shr_round(a: i64, bits: u32) -> i64 {
    a.plus((1_i64 << bits) >> 1) >> bits
}

/// Bits of the magnitude of `a`. Never inlined, and in steps: a machine without an instruction for
/// it would count leading zeros in more instructions and 130 bytes.
#[inline(never)]
#[must_use]
pub fn bits(a: u64) -> u32 {
    let high = (a >> 32) as u32;
    let (mut rest, mut found) = if high == 0 { (a as u32, 0) } else { (high, 32) };
    let mut halve = |width: u32| {
        if rest >> width != 0 {
            rest >>= width;
            found = found.plus(width);
        }
    };
    halve(16);
    halve(8);
    halve(4);
    halve(2);
    halve(1);
    found.plus(rest)
}

/// `a * b`, or the largest number where that does not fit. Never inlined: a machine of 32 bits
/// takes 80 bytes to know.
#[inline(never)]
#[must_use]
pub fn mul_capped(a: u64, b: u64) -> u64 {
    a.saturating_mul(b)
}

/// A reciprocal of `d` with `2^(width-1) <= d < 2^width`: `1 / d = mantissa * 2^-(31 + width)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reciprocal {
    /// 32 bits, the leading one set.
    pub mantissa: u32,
    /// Bits of `d`, at most 62.
    pub width: u32,
}

impl Reciprocal {
    /// The reciprocal of a positive number below 2^62, with a relative error below 2^-29, most of
    /// it from cutting `d` to 32 bits: sixteen bits by the machine's division, the rest by two
    /// steps of Newton.
    #[must_use]
    pub fn of(d: i64) -> Self {
        let width = bits(d.unsigned_abs());
        let normalised = if width >= 32 {
            d >> width.minus(32)
        } else {
            d << 32_u32.minus(width)
        };
        let d = normalised as u32;
        // At most 2^17 - 1, and below 2^48 / d by less than 2^-15 of it.
        let digits = u32::MAX.checked_div((d >> 16).plus(1)).unwrap_or(0);
        let first = u64::from(digits) << 15;
        // 2^63 - first d, between 0 and 2^49.
        let short = (1_u64 << 63).wrapping_sub(first.wrapping_mul(u64::from(d)));
        let second = first.wrapping_add((short >> 31).wrapping_mul(first) >> 32);
        // Now the error is below 2^35, and one more step leaves units.
        let short = (1_u64 << 63).wrapping_sub(second.wrapping_mul(u64::from(d))) as i64;
        let more = (short >> 16).wrapping_mul((second >> 16) as i64) >> 31;
        let mantissa = second.wrapping_add(more as u64);
        let mantissa = u32::try_from(mantissa).unwrap_or(u32::MAX);
        Self { mantissa, width }
    }

    /// `part / d` in Q32 for `0 <= part <= d`, at most the largest number below one.
    #[inline]
    #[must_use]
    pub fn ratio(self, part: i64) -> u32 {
        let scaled = mul_q32(part << 62_u32.minus(self.width), self.mantissa) >> 29;
        u32::try_from(scaled).unwrap_or(u32::MAX)
    }

    /// `a / d * 2^scale`, rounded; the result must fit.
    #[inline]
    #[must_use]
    pub fn apply(self, a: i64, scale: u32) -> i64 {
        let quotient = mul_q32(a, self.mantissa);
        match self.width.checked_sub(scale.plus(1)) {
            Some(down) => shr_round(quotient, down),
            None => quotient << scale.plus(1).minus(self.width),
        }
    }

    /// `2^-scale / d` in Q32, where `d` is in Q32; `scale` so large that it is below one.
    #[inline]
    #[must_use]
    pub fn scaled(self, scale: u32) -> u32 {
        // mantissa 2^-(31 + width) 2^(64 - scale)
        let down = self.width.plus(scale).saturating_sub(33);
        self.mantissa.checked_shr(down).unwrap_or(0)
    }
}

/// The 128-bit product of two unsigned numbers as (high, low).
#[must_use]
pub fn mul_full(a: u64, b: u64) -> (u64, u64) {
    let (ah, al, bh, bl) = (a >> 32, a & 0xffff_ffff, b >> 32, b & 0xffff_ffff);
    let low = al.times(bl);
    // Each partial sum is at most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
    let left = ah.times(bl).plus(low >> 32);
    let right = al.times(bh).plus(left & 0xffff_ffff);
    let high = ah.times(bh).plus(left >> 32).plus(right >> 32);
    (high, (right << 32) | (low & 0xffff_ffff))
}

/// `a * b / 2^40` towards minus infinity in magnitude, for Q40 numbers; `None` if it does not fit.
#[must_use]
pub fn mul_gram(a: i64, b: i64) -> Option<i64> {
    let (high, low) = mul_full(a.unsigned_abs(), b.unsigned_abs());
    if high >> (GRAM.minus(1)) != 0 {
        return None;
    }
    let magnitude = (high << 64_u32.minus(GRAM)) | (low >> GRAM);
    signed(magnitude, (a < 0) != (b < 0))
}

/// `a * 2^shift / b` towards zero by long division; `None` if `b` is 0 or the result does not fit.
#[must_use]
pub fn div_shift(a: i64, shift: u32, b: i64) -> Option<i64> {
    let divisor = b.unsigned_abs();
    if divisor == 0 || divisor >> 63 != 0 {
        return None;
    }
    let (mut rest, mut quotient) = (0_u64, 0_u64);
    let digits = a.unsigned_abs();
    for step in 0..64_u32.plus(shift) {
        let digit = if step < 64 {
            (digits >> 63_u32.minus(step)) & 1
        } else {
            0
        };
        if quotient >> 62 != 0 {
            return None;
        }
        rest = (rest << 1) | digit;
        quotient <<= 1;
        if rest >= divisor {
            rest = rest.minus(divisor);
            quotient |= 1;
        }
    }
    signed(quotient, (a < 0) != (b < 0))
}

fn signed(magnitude: u64, negative: bool) -> Option<i64> {
    let value = i64::try_from(magnitude).ok()?;
    Some(if negative { 0_i64.minus(value) } else { value })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    fn stream() -> impl Iterator<Item = u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        core::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
    }

    #[test]
    fn products_lose_two_units_at_most() {
        let mut random = stream();
        for _ in 0..20_000 {
            let a = (random.next().unwrap() as i64) >> (random.next().unwrap() % 60).max(1);
            let l = random.next().unwrap() as u32;
            let want = (i128::from(a) * i128::from(l)) >> 32;
            assert!((0..2).contains(&(want - i128::from(mul_q32(a, l)))));
        }
    }

    #[test]
    fn signed_products_round_once() {
        let mut random = stream();
        for _ in 0..20_000 {
            let a = (random.next().unwrap() as i64) >> (random.next().unwrap() % 60).max(1);
            let l = (random.next().unwrap() % (1 << 31)) as i64 - (1 << 30);
            let want = (i128::from(a) * i128::from(l) + (1 << 29)) >> 30;
            assert_eq!(i128::from(mul_q30(a, l as i32)), want);
        }
    }

    #[test]
    fn full_products_and_quotients_match_wide_integers() {
        let mut random = stream();
        for _ in 0..20_000 {
            let (a, b) = (random.next().unwrap(), random.next().unwrap());
            let want = u128::from(a) * u128::from(b);
            assert_eq!(mul_full(a, b), ((want >> 64) as u64, want as u64));
            let (x, y) = ((a as i64) >> 13, (b as i64) >> (a % 40 + 10));
            let want = (i128::from(x).unsigned_abs() * i128::from(y).unsigned_abs()) >> GRAM;
            let got = mul_gram(x, y).map(|v| i128::from(v).unsigned_abs());
            assert_eq!(got, (want < 1 << 63).then_some(want));
            if y != 0 {
                let want = (i128::from(x) << 30) / i128::from(y);
                assert_eq!(
                    div_shift(x, 30, y).map(i128::from),
                    (want.abs() < 1 << 63).then_some(want)
                );
            }
        }
        assert_eq!(div_shift(1, 40, 0), None);
    }

    #[test]
    fn bits_are_counted() {
        assert_eq!((bits(0), bits(u64::MAX)), (0, 64));
        for wide in 1..=64 {
            let least = 1_u64 << (wide - 1);
            assert_eq!((bits(least), bits(least | (least - 1))), (wide, wide));
        }
    }

    #[test]
    fn reciprocals_divide() {
        let mut random = stream();
        for _ in 0..20_000 {
            let d = ((random.next().unwrap() >> 17) as i64 >> (random.next().unwrap() % 46)).max(1);
            let y = (random.next().unwrap() as i64) >> (random.next().unwrap() % 20 + 18);
            let reciprocal = Reciprocal::of(d);
            let want = (i128::from(y) << 32) / i128::from(d);
            for scale in [0, 1, 7] {
                let least = 33_u32.saturating_sub(reciprocal.width);
                if scale >= least && want.abs() < 1 << 60 {
                    let got = i128::from(mul_scaled(y, reciprocal.scaled(scale), scale));
                    let lost = (i128::from(y).abs() >> (32 - scale)) + 2;
                    let error = (got - want).abs();
                    assert!(error <= lost + (want.abs() >> 29), "{y} / {d}: {got}");
                }
            }
            let got = i128::from(reciprocal.apply(y, 32));
            let unit = ((1_i128 << 33) / i128::from(d)).max(1);
            if want.abs() < 1 << 60 {
                assert!(
                    (got - want).abs() <= 2 * unit + (want.abs() >> 29),
                    "{y} / {d}"
                );
            }
            let part = (random.next().unwrap() >> 2) as i64 % (d + 1);
            let want = (i128::from(part) << 32) / i128::from(d);
            let error = (i128::from(reciprocal.ratio(part)) - want).abs();
            assert!(error <= 2 + (want >> 29), "{part} / {d}");
        }
    }
}
