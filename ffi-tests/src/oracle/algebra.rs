//! How does one solve exactly? Fraction-free elimination over the integers.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

const PRIME: i128 = (1 << 61) - 1;

/// Indices of a maximal set of independent rows, by elimination modulo a 61-bit prime: rows that
/// are independent there are independent over the rationals.
#[must_use]
pub fn independent_rows(rows: &[Vec<i64>]) -> Vec<usize> {
    let mut echelon: Vec<(usize, Vec<i128>)> = Vec::new();
    let mut chosen = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mut row: Vec<i128> = row
            .iter()
            .map(|v| i128::from(*v).rem_euclid(PRIME))
            .collect();
        for (lead, known) in &echelon {
            let factor = row[*lead];
            if factor != 0 {
                for (value, other) in row.iter_mut().zip(known) {
                    *value = (*value - factor * other).rem_euclid(PRIME);
                }
            }
        }
        if let Some(lead) = row.iter().position(|value| *value != 0) {
            let inverse = power(row[lead], PRIME - 2);
            row.iter_mut()
                .for_each(|value| *value = *value * inverse % PRIME);
            echelon.push((lead, row));
            chosen.push(index);
        }
    }
    chosen
}

fn power(mut base: i128, mut exponent: i128) -> i128 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    result
}

/// Solves `A X = B` for a regular `A` by Bareiss: numerators and the common denominator (positive).
#[must_use]
pub fn solve(a: &[Vec<BigInt>], b: &[Vec<BigInt>]) -> (Vec<Vec<BigInt>>, BigInt) {
    let n = a.len();
    let mut m: Vec<Vec<BigInt>> = a
        .iter()
        .zip(b)
        .map(|(left, right)| [left.as_slice(), right].concat())
        .collect();
    let mut previous = BigInt::from(1);
    for k in 0..n {
        let pivot_row = (k..n)
            .find(|i| !m[*i][k].is_zero())
            .expect("a regular matrix");
        m.swap(k, pivot_row);
        let pivot_line = m[k].clone();
        for (i, line) in m.iter_mut().enumerate() {
            if i == k {
                continue;
            }
            let factor = line[k].clone();
            for (value, other) in line.iter_mut().zip(&pivot_line) {
                *value = (&*value * &pivot_line[k] - &factor * other) / &previous;
            }
        }
        previous = pivot_line[k].clone();
    }
    // Every diagonal entry is now the determinant of its own row's last update.
    let sign = if previous.is_negative() { -1 } else { 1 };
    let denominator = &previous * sign;
    let numerators = (0..n)
        .map(|i| {
            m[i][n..]
                .iter()
                .map(|v| v * &denominator / &m[i][i])
                .collect()
        })
        .collect();
    (numerators, denominator)
}
