//! What are the logarithm and the exponential to 200 bits?
//!
//! Both by their series, in integers with [`BITS`] fraction bits. Each of the few hundred terms is
//! cut off once, so a result is within 2^-210 of the truth for the arguments used here: ratios
//! between 1/2 and 2^16, exponents of magnitude below 32. Source: any textbook.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// Fraction bits of every number here.
pub const BITS: u32 = 240;

/// The ratio with [`BITS`] fraction bits, rounded down.
pub fn scaled(x: &BigRational) -> BigInt {
    (x.numer() << BITS).div_floor(x.denom())
}

/// `x * 2^bits` to the nearest integer, for `x` with [`BITS`] fraction bits.
pub fn nearest(x: &BigInt, bits: u32) -> BigInt {
    (x + (BigInt::one() << (BITS - bits - 1))) >> (BITS - bits)
}

/// `atanh(1 / 3) * 2`, the natural logarithm of 2.
pub fn ln2() -> BigInt {
    ln_near_one(&BigRational::from_integer(2.into()))
}

/// The natural logarithm of a positive ratio: powers of two are taken out first.
pub fn ln(x: &BigRational) -> BigInt {
    let two = BigRational::from_integer(2.into());
    let (mut rest, mut twos) = (x.clone(), 0);
    while rest > BigRational::new(4.into(), 3.into()) {
        rest /= &two;
        twos += 1;
    }
    while rest < BigRational::new(2.into(), 3.into()) {
        rest *= &two;
        twos -= 1;
    }
    ln_near_one(&rest) + ln2() * twos
}

/// `ln x = 2 atanh((x - 1) / (x + 1))`, and `atanh z = z + z^3 / 3 + z^5 / 5 + ...`.
fn ln_near_one(x: &BigRational) -> BigInt {
    let one = BigRational::one();
    let z = scaled(&((x - &one) / (x + &one)));
    let square = (&z * &z) >> BITS;
    let (mut power, mut sum, mut odd) = (z, BigInt::zero(), 1);
    while power.abs() > BigInt::one() {
        sum += &power / odd;
        power = (power * &square) >> BITS;
        odd += 2;
    }
    sum * 2
}

/// `e^x = 1 + x + x^2 / 2 + x^3 / 6 + ...`; the terms of a negative exponent cancel, so its
/// reciprocal is taken.
pub fn exp(x: &BigRational) -> BigInt {
    if x.is_negative() {
        return (BigInt::one() << (2 * BITS)) / exp(&-x);
    }
    let (x, mut term) = (scaled(x), BigInt::one() << BITS);
    let (mut sum, mut count) = (BigInt::zero(), 0);
    while !term.is_zero() {
        sum += &term;
        count += 1;
        term = ((term * &x) >> BITS) / count;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(x: &BigInt) -> f64 {
        let word: i64 = (x >> (BITS - 50)).try_into().expect("a small number");
        word as f64 / (1_u64 << 50) as f64
    }

    #[test]
    fn series_agree_with_the_floats_and_with_each_other() {
        for (a, b) in [
            (1, 2),
            (2, 1),
            (3, 7),
            (65_535, 65_536),
            (9999, 1),
            (1, 65_536),
        ] {
            let (x, float) = (
                BigRational::new(a.into(), b.into()),
                f64::from(a) / f64::from(b),
            );
            assert!((real(&ln(&x)) - float.ln()).abs() < 1e-14, "ln {a}/{b}");
            let small = x.clone() / BigRational::from_integer(10_000.into());
            let want = (float / 10_000.0).exp();
            assert!(
                (real(&exp(&small)) / want - 1.0).abs() < 1e-14,
                "exp {a}/{b}"
            );
            // e^(ln x) = x, to the 200 bits promised.
            let back = exp(&BigRational::new(ln(&x), BigInt::one() << BITS));
            assert!(
                (back - scaled(&x)).abs() < BigInt::one() << (BITS - 200),
                "{a}/{b}"
            );
        }
    }
}
