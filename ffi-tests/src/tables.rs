//! What does `src/num/tables.rs` hold, and why these numbers?
//!
//! Every constant of the elementary functions, from series of 240 bits, rounded once to the format
//! its line names. [`text`] is the whole file: `make tables` writes it, a test compares it.
//! Source: math.md 7; economisation of power series is C. Lanczos, *Applied Analysis*, VII.

use crate::oracle::series::{BITS, ln, ln2, nearest, scaled};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive};
use std::fmt::Write;

/// Cells of `1 <= m < 2` in the logarithm.
const LOG_CELLS: i64 = 64;
/// Parts of an octave in the exponential.
const EXP_PARTS: u32 = 32;

fn ratio(a: i64, b: i64) -> BigRational {
    BigRational::new(a.into(), b.into())
}

fn power(x: &BigRational, n: usize) -> BigRational {
    (0..n).fold(BigRational::one(), |product, _| product * x)
}

/// The reciprocal of the middle of a cell in Q16, and minus its logarithm in Q47. The rounding of
/// the reciprocal costs nothing: the logarithm is that of the rounded one.
fn log_cell(cell: i64) -> (BigInt, BigInt) {
    let middle = ratio(2 * (LOG_CELLS + cell) + 1, 2 * LOG_CELLS);
    let reciprocal = (ratio(1 << 16, 1) / middle).round().to_integer();
    let rounded = BigRational::new(reciprocal.clone(), (1 << 16).into());
    (reciprocal, nearest(&-ln(&rounded), 47))
}

/// The largest `|m c - 1|` over all cells.
pub fn log_reach() -> BigRational {
    let ends = |cell: i64| {
        let c = BigRational::new(log_cell(cell).0, (1 << 16).into());
        let at = |end: i64| (&c * ratio(LOG_CELLS + end, LOG_CELLS) - BigRational::one()).abs();
        at(cell).max(at(cell + 1))
    };
    (0..LOG_CELLS).map(ends).max().expect("cells")
}

/// `2^((2 part + 1) / 64)` in Q63: the nearest 64th root of `2^(64 * 63 + 2 part + 1)`.
fn exp_part(part: u32) -> BigInt {
    let doubled = BigInt::one() << (2 * EXP_PARTS * 64 + 2 * part + 1);
    (doubled.nth_root(2 * EXP_PARTS) + BigInt::one()) >> 1
}

/// Coefficients of `r^2 .. r^5` from those of `r^2 .. r^6` for `|r| <= reach`: `r^6` is replaced
/// by what the Chebyshev polynomial `T6 = 32 u^6 - 48 u^4 + 18 u^2 - 1` leaves of it,
/// `3/2 a^2 r^4 - 9/16 a^4 r^2`, which is off by at most `a^6 / 16` instead of `a^6`.
pub fn economised(series: [BigRational; 5], reach: &BigRational) -> [BigRational; 4] {
    let [c2, c3, c4, c5, c6] = series;
    [
        c2 - &c6 * ratio(9, 16) * power(reach, 4),
        c3,
        c4 + &c6 * ratio(3, 2) * power(reach, 2),
        c5,
    ]
}

/// `-log1p(r) + r = r^2 (1/2 - r/3 + r^2/4 - r^3/5 + r^4/6 - ...)`.
pub fn log_polynomial() -> [BigRational; 4] {
    economised(
        [
            ratio(1, 2),
            ratio(-1, 3),
            ratio(1, 4),
            ratio(-1, 5),
            ratio(1, 6),
        ],
        &log_reach(),
    )
}

/// The largest `|r|` of the exponential: half a part, and 1/1000 for the estimate of the part.
pub fn exp_reach() -> BigRational {
    let half = BigRational::new(ln2(), BigInt::one() << BITS) / ratio(2 * i64::from(EXP_PARTS), 1);
    half * ratio(1001, 1000)
}

/// `e^r - 1 - r = r^2 (1/2 + r/6 + r^2/24 + r^3/120 + r^4/720 + ...)`.
pub fn exp_polynomial() -> [BigRational; 4] {
    economised(
        [
            ratio(1, 2),
            ratio(1, 6),
            ratio(1, 24),
            ratio(1, 120),
            ratio(1, 720),
        ],
        &exp_reach(),
    )
}

/// A coefficient rounded to the format it has in the Horner scheme.
fn rounded(coefficient: &BigRational, bits: u32) -> BigInt {
    nearest(&scaled(coefficient), bits)
}

/// The smallest raw Q16.16 number that is at least this large.
fn raw_at_least(x: &BigInt) -> BigInt {
    -((-x) >> (BITS - 16))
}

/// Half a unit of Q16.16 below that many units, where rounding changes.
fn half_unit_below(whole: &BigInt) -> BigRational {
    BigRational::new(whole * 2 - 1, BigInt::one() << 17)
}

struct Page(String);

impl Page {
    fn constant(&mut self, comment: &str, name: &str, kind: &str, value: &BigInt) {
        let value = match kind {
            "u64" => grouped(value, 16),
            "u32" => grouped(value, 8),
            _ => underscored(value),
        };
        writeln!(self.0, "/// {comment}\npub const {name}: {kind} = {value};").expect("a line");
    }

    fn table(&mut self, comment: &str, head: &str, rows: impl Iterator<Item = String>) {
        writeln!(
            self.0,
            "/// {comment}\n#[rustfmt::skip]\npub static {head} = ["
        )
        .expect("a line");
        rows.for_each(|row| writeln!(self.0, "    {row},").expect("a line"));
        writeln!(self.0, "];").expect("a line");
    }
}

/// A decimal number as the formatter of Rust likes it.
fn underscored(value: &BigInt) -> String {
    let digits = value.abs().to_string();
    let sign = if value.is_negative() { "-" } else { "" };
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && digits.len() > 4 {
            out.push('_');
        }
        out.push(digit);
    }
    format!("{sign}{out}")
}

/// A hexadecimal number in groups of four.
fn grouped(value: &BigInt, width: usize) -> String {
    let digits = format!("{value:0width$x}");
    let groups: Vec<&str> = (0..width)
        .step_by(4)
        .map(|at| &digits[at..at + 4])
        .collect();
    format!("0x{}", groups.join("_"))
}

/// `src/num/tables.rs`.
pub fn text() -> String {
    let mut page = Page(HEAD.into());
    logarithm(&mut page);
    exponential(&mut page);
    limits(&mut page);
    page.0
}

fn logarithm(page: &mut Page) {
    let row = |cell| {
        let (reciprocal, log) = log_cell(cell);
        let log = log.to_u64().expect("below 2^47");
        format!(
            "({reciprocal:#06x}, {:#06x}, {:#010x})",
            log >> 32,
            log as u32
        )
    };
    page.table(
        "For each 64th of an octave: reciprocal `c` of its middle in Q16, then `-ln c` in Q47 as\n\
         /// high and low word.",
        "LOG: [(u16, u16, u32); 64]",
        (0..LOG_CELLS).map(row),
    );
    let [c2, c3, c4, c5] = log_polynomial();
    for (at, (value, bits)) in [(c2, 32), (c3, 26), (c4, 20), (c5, 14)].iter().enumerate() {
        let kind = if at == 0 { "u32" } else { "i32" };
        let comment = format!("Coefficient {at} of `(r - log1p r) / r^2`, Q{bits}.");
        page.constant(&comment, &format!("LOG_{at}"), kind, &rounded(value, *bits));
    }
    page.constant("ln 2 in Q47.", "LN_2", "u64", &nearest(&ln2(), 47));
    let log2_e = (BigInt::one() << (2 * BITS)) / ln2();
    page.constant("1 / ln 2 in Q62.", "LOG2_E", "u64", &nearest(&log2_e, 62));
}

fn exponential(page: &mut Page) {
    page.table(
        "`2^((2 i + 1) / 64)` in Q63.",
        "EXP: [u64; 32]",
        (0..EXP_PARTS).map(|part| grouped(&exp_part(part), 16)),
    );
    let [c2, c3, c4, c5] = exp_polynomial();
    for (at, (value, bits)) in [(c2, 32), (c3, 27), (c4, 22), (c5, 17)].iter().enumerate() {
        let kind = if at == 0 { "u32" } else { "i32" };
        let comment = format!("Coefficient {at} of `(e^r - 1 - r) / r^2`, Q{bits}.");
        page.constant(&comment, &format!("EXP_{at}"), kind, &rounded(value, *bits));
    }
    let part = ln2() / (2 * EXP_PARTS);
    page.constant("ln 2 / 64 in Q64.", "PART", "u64", &nearest(&part, 64));
    let parts = (BigInt::one() << (2 * BITS)) / part;
    page.constant("64 / ln 2 in Q24.", "PARTS", "i32", &nearest(&parts, 24));
}

fn limits(page: &mut Page) {
    let top = ln(&half_unit_below(&(BigInt::one() << 31)));
    page.constant(
        "From here e^x rounds to more than the largest number.",
        "EXP_OVER",
        "i32",
        &raw_at_least(&top),
    );
    page.constant(
        "Below this e^x rounds to 0.",
        "EXP_UNDER",
        "i32",
        &raw_at_least(&ln(&half_unit_below(&BigInt::one()))),
    );
    // 1 - tanh x = 2 / (e^2x + 1) is half a unit, 2^-17, where e^2x = 2^18 - 1.
    let one = ln(&ratio((1 << 18) - 1, 1)) / 2;
    page.constant(
        "From here tanh x rounds to 1.",
        "TANH_ONE",
        "u32",
        &raw_at_least(&one),
    );
    // 1 / (e^x + 1) is half a unit where e^x = 2^17 - 1.
    let one = ln(&ratio((1 << 17) - 1, 1));
    page.constant(
        "From here the logistic function rounds to 1.",
        "SIGMOID_ONE",
        "u32",
        &raw_at_least(&one),
    );
}

const HEAD: &str = "\
//! Which constants do the elementary functions need?
//!
//! Written by `make tables` from `ffi-tests/src/tables.rs`, where the formats are explained; a
//! test compares. Source: exact arithmetic.

";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::series::exp;

    /// The largest error of `r^2 (c0 + c1 r + c2 r^2 + c3 r^3)` on a grid, as bits below 1.
    fn left_out(
        polynomial: &[BigRational; 4],
        reach: &BigRational,
        truth: impl Fn(&BigRational) -> BigInt,
    ) -> u64 {
        let error = |step: i64| {
            let r = reach * ratio(step, 50);
            let sum = polynomial
                .iter()
                .rev()
                .fold(ratio(0, 1), |sum, c| sum * &r + c);
            (scaled(&(sum * &r * &r)) - truth(&r)).abs()
        };
        let worst = (-50..=50).map(error).max().expect("a grid");
        u64::from(BITS) - worst.bits()
    }

    #[test]
    fn polynomials_leave_out_less_than_the_formats_do() {
        let one = BigRational::one();
        let log = left_out(&log_polynomial(), &log_reach(), |r| {
            scaled(r) - ln(&(&one + r))
        });
        let exp = left_out(&exp_polynomial(), &exp_reach(), |r| {
            exp(r) - scaled(&(&one + r))
        });
        // Without economisation 44 and 48.
        assert!(log >= 48 && exp >= 52, "2^-{log}, 2^-{exp}");
    }

    #[test]
    fn remainders_fit_their_words() {
        assert!(log_reach() < ratio(1, 1 << 7), "Q38 in 32 bits");
        assert!(
            exp_reach() * exp_reach() < ratio(1, 1 << 13),
            "squares in Q45"
        );
    }
}
