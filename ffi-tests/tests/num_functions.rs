//! The elementary functions against the truth: error, rounding, monotony and limits.
//!
//! The judge is the `f64` function of the same name, which is within 2^-50 of the truth (held
//! against 240-bit series here); where a result is that close to a tie, the series decide. The
//! exponential and the sigmoids are always tried on every argument that matters; root and
//! logarithms on a fixed sample, and on all 2^31 with `WEIR_EVIDENCE=1`, which takes some minutes.

use ffi_tests::evidence::{EXACT_AND_FAST, wanted};
use ffi_tests::oracle::Random;
use ffi_tests::oracle::series::{self, BITS};
use ffi_tests::{header, tables};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::One;
use std::thread;
use weir::num::{self, Q16};

const COMMAND: &str =
    "WEIR_EVIDENCE=1 cargo test --profile checked -p ffi-tests --test num_functions";
/// The error allowed, in units of the last place.
const ALLOWED: f64 = 0.53;
/// How far an `f64` function may be from the truth, relative to it.
const TRUSTED: f64 = 1.0 / (1_u64 << 50) as f64;

/// One function, three times.
struct Function {
    name: &'static str,
    ours: fn(Q16) -> Option<Q16>,
    float: fn(f64) -> f64,
    exact: fn(&BigRational) -> BigInt,
}

const SQRT: Function = Function {
    name: "sqrt",
    ours: num::sqrt,
    float: f64::sqrt,
    exact: |x| (series::scaled(x) << BITS).sqrt(),
};
const LN: Function = Function {
    name: "ln",
    ours: num::ln,
    float: f64::ln,
    exact: series::ln,
};
const LOG2: Function = Function {
    name: "log2",
    ours: num::log2,
    float: f64::log2,
    exact: |x| (series::ln(x) << BITS) / series::ln2(),
};
const EXP: Function = Function {
    name: "exp",
    ours: |x| Some(num::exp(x)),
    float: f64::exp,
    exact: series::exp,
};
const TANH: Function = Function {
    name: "tanh",
    ours: |x| Some(num::tanh(x)),
    float: f64::tanh,
    exact: |x| {
        let (one, e) = (BigInt::one() << BITS, series::exp(&(x * BigInt::from(2))));
        ((&e - &one) << BITS) / (e + one)
    },
};
const SIGMOID: Function = Function {
    name: "sigmoid",
    ours: |x| Some(num::sigmoid(x)),
    float: |x| 1.0 / (1.0 + (-x).exp()),
    exact: |x| (BigInt::one() << (2 * BITS)) / (series::exp(&-x) + (BigInt::one() << BITS)),
};

/// What was found over some arguments.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    arguments: u64,
    /// The largest error in units of the last place, and where.
    error: f64,
    at: i32,
    wrong_roundings: u64,
    steps_down: u64,
    ties_decided: u64,
}

impl Found {
    fn with(self, other: Found) -> Found {
        let worse = if other.error > self.error {
            other
        } else {
            self
        };
        Found {
            arguments: self.arguments + other.arguments,
            wrong_roundings: self.wrong_roundings + other.wrong_roundings,
            steps_down: self.steps_down + other.steps_down,
            ties_decided: self.ties_decided + other.ties_decided,
            ..worse
        }
    }
}

impl Function {
    fn at(&self, raw: i32) -> i32 {
        (self.ours)(Q16::from_bits(raw))
            .expect("in the domain")
            .to_bits()
    }

    /// The result by the series in units of the last place, halves up.
    fn nearest(&self, raw: i32) -> i64 {
        let exact = (self.exact)(&BigRational::new(raw.into(), (1 << 16).into()));
        i64::try_from(series::nearest(&exact, 16)).expect("a small number")
    }

    /// Ascending arguments, the first of which comes after `last`.
    fn over(&self, last: Option<i32>, arguments: impl Iterator<Item = i32>) -> Found {
        let mut found = Found::default();
        let mut last = last.map_or(i32::MIN, |raw| self.at(raw));
        for raw in arguments {
            let got = self.at(raw);
            found.arguments += 1;
            found.steps_down += u64::from(got < last);
            last = got;
            let truth = (self.float)(f64::from(raw) / 65_536.0) * 65_536.0;
            let truth = truth.min(f64::from(i32::MAX));
            let error = (f64::from(got) - truth).abs();
            if error > found.error {
                (found.error, found.at) = (error, raw);
            }
            let margin = truth.abs() * TRUSTED + TRUSTED;
            if (error - 0.5).abs() <= margin {
                found.ties_decided += 1;
                found.wrong_roundings += u64::from(self.nearest(raw) != i64::from(got));
            } else {
                found.wrong_roundings += u64::from(error > 0.5);
            }
        }
        found
    }

    /// All of `first..=last`, on all cores.
    fn over_all(&self, first: i32, last: i32) -> Found {
        let cores = thread::available_parallelism().map_or(2, |n| n.get()) as i64;
        let (first, last) = (i64::from(first), i64::from(last));
        let border = |part: i64| first + (last + 1 - first) * part / cores;
        thread::scope(|scope| {
            let parts: Vec<_> = (0..cores)
                .map(|part| {
                    let (from, to) = (border(part) as i32, (border(part + 1) - 1) as i32);
                    scope.spawn(move || self.over((part > 0).then_some(from - 1), from..=to))
                })
                .collect();
            let found = parts.into_iter().map(|part| part.join().expect("a report"));
            found.fold(Found::default(), Found::with)
        })
    }

    /// Prints what was found and holds it against what is promised; figures of all arguments.
    fn judge(&self, found: Found, all: bool) {
        println!("{}: {found:?}", self.name);
        assert_eq!(found.steps_down, 0, "{} falls: {found:?}", self.name);
        assert!(found.error <= ALLOWED, "{}: {found:?}", self.name);
        assert_eq!(found.wrong_roundings, 0, "{}: {found:?}", self.name);
        if all {
            let row = |what: &str| format!("num: {}, {what} over all inputs", self.name);
            let (row_error, row_falls) = (row("largest error"), row("steps against monotony"));
            EXACT_AND_FAST.figure(&row_error, found.error, "ulp", "<=", ALLOWED, COMMAND);
            EXACT_AND_FAST.figure(&row_falls, found.steps_down, "inputs", "==", 0, COMMAND);
            let row_wrong = row("wrong roundings");
            EXACT_AND_FAST.figure(
                &row_wrong,
                found.wrong_roundings,
                "inputs",
                "==",
                0,
                COMMAND,
            );
        }
    }
}

/// The arguments whose logarithms come within 4e-9 of a tie, from a scan of all of them: whatever
/// costs a bit of precision shows here first.
const HARD_LN: [i32; 21] = [
    98_633_484,
    138_219_591,
    240_144_864,
    295_171_466,
    357_002_211,
    433_739_500,
    802_849_103,
    841_032_070,
    849_842_931,
    904_653_091,
    926_700_024,
    1_115_615_479,
    1_322_321_841,
    1_371_414_116,
    1_584_206_644,
    1_731_858_432,
    1_816_495_878,
    1_865_512_642,
    1_953_400_416,
    2_029_542_062,
    2_089_657_644,
];
const HARD_LOG2: [i32; 6] = [
    949_480_527,
    1_448_694_271,
    1_898_961_054,
    1_906_104_463,
    1_908_020_633,
    1_994_625_515,
];

/// Positive numbers: around every power of two and every border of the table's cells, the first
/// and the last, every 1009th, and some at random.
fn sample() -> Vec<i32> {
    let mut raws: Vec<i64> = (0..31)
        .flat_map(|k| (64..128).map(move |cell| (cell << k) >> 6))
        .flat_map(|border| border - 40..=border + 40)
        .collect();
    raws.extend((1..=i64::from(i32::MAX)).step_by(1009));
    raws.extend(1..=200_000);
    raws.extend(i64::from(i32::MAX) - 200_000..=i64::from(i32::MAX));
    let mut random = Random(7);
    raws.extend((0..500_000).map(|_| (random.draw() >> 33) as i64 >> random.below(31)));
    raws.retain(|raw| (1..=i64::from(i32::MAX)).contains(raw));
    raws.sort_unstable();
    raws.dedup();
    raws.into_iter().map(|raw| raw as i32).collect()
}

/// A function of positive numbers.
fn positive(function: Function, hard: &[i32]) {
    function.judge(function.over(None, sample().into_iter()), false);
    function.judge(function.over(None, hard.iter().copied()), false);
    for raw in [-1, -2, -65_536, i32::MIN] {
        assert_eq!((function.ours)(Q16::from_bits(raw)), None);
    }
    if wanted() {
        function.judge(function.over_all(1, i32::MAX), true);
    }
}

#[test]
fn square_root_is_the_nearest_number() {
    positive(SQRT, &[]);
    assert_eq!(num::sqrt(Q16::ZERO), Some(Q16::ZERO));
}

#[test]
fn natural_logarithm_is_the_nearest_number() {
    positive(LN, &HARD_LN);
    assert_eq!(num::ln(Q16::ZERO), None);
    assert_eq!(num::ln(Q16::ONE), Some(Q16::ZERO));
}

#[test]
fn binary_logarithm_is_the_nearest_number_and_exact_at_powers_of_two() {
    positive(LOG2, &HARD_LOG2);
    assert_eq!(num::log2(Q16::ZERO), None);
    for k in 0..31 {
        assert_eq!(
            num::log2(Q16::from_bits(1 << k)),
            Some(Q16::from_num(k - 16))
        );
    }
}

/// A function of all numbers that is constant outside of these; outside, a sample.
fn everywhere(function: Function, from: i32, to: i32) {
    let outside = (i32::MIN..from).step_by(1009).chain(from - 3..from);
    let beyond = (to + 1..to + 4)
        .chain((to + 4..i32::MAX).step_by(1009))
        .chain([i32::MAX]);
    let found = function.over_all(from, to);
    let far = function
        .over(None, outside)
        .with(function.over(Some(to), beyond));
    function.judge(found.with(far), true);
}

#[test]
fn exponential_is_the_nearest_number() {
    everywhere(EXP, -900_000, 700_000);
    assert_eq!(num::exp(Q16::ZERO), Q16::ONE);
}

#[test]
fn hyperbolic_tangent_is_the_nearest_number_and_odd() {
    everywhere(TANH, -500_000, 500_000);
    for raw in (0..500_000).chain([i32::MAX]) {
        let x = Q16::from_bits(raw);
        assert_eq!(num::tanh(-x), -num::tanh(x));
    }
    assert_eq!(num::tanh(Q16::MIN), -Q16::ONE);
}

#[test]
fn logistic_function_is_the_nearest_number_and_symmetric() {
    everywhere(SIGMOID, -900_000, 900_000);
    for raw in (0..900_000).chain([i32::MAX]) {
        let x = Q16::from_bits(raw);
        assert_eq!(num::sigmoid(-x), Q16::ONE - num::sigmoid(x));
    }
}

/// Else the counts above would rest on the library of one machine.
#[test]
fn floats_that_judge_are_as_good_as_trusted() {
    let mut random = Random(11);
    for function in [SQRT, LN, LOG2, EXP, TANH, SIGMOID] {
        for _ in 0..2000 {
            let signed = random.signed(681_391) as i32;
            let raw = match function.name {
                "sqrt" | "ln" | "log2" => ((random.draw() >> 33) as i32 >> random.below(31)).max(1),
                _ => signed,
            };
            let float = (function.float)(f64::from(raw) / 65_536.0);
            let exact = (function.exact)(&BigRational::new(raw.into(), (1 << 16).into()));
            let exact = exact_float(&exact);
            let margin = float.abs() * TRUSTED / 2.0 + TRUSTED / 65_536.0;
            assert!(
                (float - exact).abs() <= margin,
                "{} of {raw}",
                function.name
            );
        }
    }
}

/// The nearest float but one, of a number with [`BITS`] fraction bits.
fn exact_float(x: &BigInt) -> f64 {
    let spare = x.bits().saturating_sub(60);
    let word: i64 = (x >> spare).try_into().expect("60 bits");
    word as f64 * 2_f64.powi(spare as i32 - BITS as i32)
}

#[test]
fn tables_are_what_their_program_writes() {
    let text = header::read("src/num/tables.rs");
    assert!(
        text == tables::text(),
        "src/num/tables.rs has drifted: make tables"
    );
}
