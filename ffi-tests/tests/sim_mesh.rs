//! The mesh in one process: storms from seeds. `WEIR_SEED=n` or `WEIR_SEED=n..m` runs those seeds;
//! `WEIR_EVIDENCE=1` runs 10,000.

use std::collections::BTreeMap;

use ffi_tests::evidence::{EXACT_AND_FAST, wanted};
use ffi_tests::sim::draw::Finish;
use ffi_tests::sim::on_all_processors;
use ffi_tests::sim::storm::{self, Outcome};
use ffi_tests::sim::tally::Tally;
use ffi_tests::sim::verdict::Verdict;

/// Seeds of `make test`.
const SAMPLE: u64 = 400;
/// Seeds of `make evidence`.
const MANY: u64 = 10_000;
const COMMAND: &str = "make evidence";

/// The seeds to run, and whether they are a whole sample, in which everything must happen.
fn seeds() -> (Vec<u64>, bool) {
    let number = |text: &str| text.parse().expect("WEIR_SEED is a number, or two: 1..9");
    match std::env::var("WEIR_SEED") {
        Ok(seed) => {
            let (first, last) = seed.split_once("..").unwrap_or((&seed, &seed));
            ((number(first)..=number(last)).collect(), false)
        }
        Err(_) => ((1..=if wanted() { MANY } else { SAMPLE }).collect(), true),
    }
}

fn seconds(sorted: &[u64], per_mille: usize) -> f64 {
    let place = sorted.len().saturating_sub(1) * per_mille / 1000;
    sorted.get(place).map_or(0.0, |&ms| ms as f64 / 1000.0)
}

/// Hands over what a sample came to.
fn report(outcomes: &[Outcome], tally: &Tally, verdicts: &BTreeMap<Verdict, u64>) {
    let measured = |what: &str, value: f64, unit: &str| {
        let row = format!("simulator, {} seeds: {what}", outcomes.len());
        println!("{row}: {value} {unit}");
        EXACT_AND_FAST.measured(&row, value, unit, COMMAND);
    };
    for (what, count) in tally.rows() {
        measured(what, count as f64, "");
    }
    let mut bytes: Vec<u64> = outcomes.iter().map(|o| o.bytes_per_change).collect();
    bytes.sort_unstable();
    let each = bytes.get(bytes.len() / 2).copied().unwrap_or(0);
    measured(
        "bytes sent by all nodes per changed record, median",
        each as f64,
        "bytes",
    );
    for (verdict, &count) in verdicts {
        measured(&format!("verdict {verdict:?}"), count as f64, "seeds");
    }
    let times = |wanted: &dyn Fn(&Outcome) -> bool| {
        let ended = outcomes.iter().filter(|o| wanted(o));
        let mut times: Vec<u64> = ended.map(|o| o.agreed_ms).collect();
        times.sort_unstable();
        times
    };
    let filled = |o: &Outcome| o.verdict == Verdict::StoreFull;
    let healed = times(&|o| o.draw.finish == Finish::Healed && !filled(o));
    let apart = times(&|o| o.draw.finish != Finish::Healed && !filled(o));
    for (what, per_mille) in [("median", 500), ("99th percentile", 990), ("worst", 1000)] {
        let row = format!("from heal to agreement, {what}");
        measured(&row, seconds(&healed, per_mille), "s");
        let row = format!("from heal to agreement where a fault stays, {what}");
        measured(&row, seconds(&apart, per_mille), "s");
    }
}

#[test]
fn every_storm_keeps_every_unit_and_ends_in_a_verdict_that_is_explained() {
    let (seeds, whole) = seeds();
    let mut failures = 0;
    let mut outcomes = Vec::new();
    let results = on_all_processors(&seeds, |&seed| storm::run(seed));
    for (seed, result) in seeds.iter().zip(results) {
        match result {
            Ok(outcome) => outcomes.push(outcome),
            Err(why) => {
                failures += 1;
                println!(
                    "says: {why}; reproduce: WEIR_SEED={seed} cargo test --profile checked \
                     -p ffi-tests --test sim_mesh"
                );
            }
        }
    }
    let mut tally = Tally::default();
    outcomes.iter().for_each(|o| tally.add(&o.tally));
    let mut verdicts = BTreeMap::new();
    for outcome in &outcomes {
        *verdicts.entry(outcome.verdict).or_insert(0) += 1;
    }
    report(&outcomes, &tally, &verdicts);
    let row = match seeds.len() {
        10_000 => "simulator: failures in 10,000 seeds".to_owned(),
        count => format!("simulator: failures in {count} seeds"),
    };
    EXACT_AND_FAST.figure(&row, failures, "", "==", 0, COMMAND);
    assert_eq!(failures, 0, "each failure has its line above");
    if whole {
        let never = tally.rows().into_iter().find(|&(_, count)| count == 0);
        assert_eq!(never, None, "this never happened");
        assert_eq!(verdicts.len(), 4, "every explained verdict: {verdicts:?}");
        let largest = outcomes.iter().map(|o| o.draw.size).max();
        assert_eq!(largest, Some(128));
    }
}
