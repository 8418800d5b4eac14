//! The mesh in one process. `WEIR_SEED=n` runs one seed of the storm; `WEIR_EVIDENCE=1` runs 2,000.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ffi_tests::evidence::{FIRST_MESH, wanted};
use ffi_tests::sim::storm;

fn percentile(sorted: &[u64], part: usize) -> u64 {
    sorted[(sorted.len() - 1) * part / 100]
}

#[test]
fn storm_ends_with_one_digest_and_never_loses_a_unit() {
    let seeds: Vec<u64> = match std::env::var("WEIR_SEED") {
        Ok(seed) => vec![seed.parse().expect("WEIR_SEED is a number")],
        Err(_) => (1..=if wanted() { 2000 } else { 200 }).collect(),
    };
    let next = AtomicUsize::new(0);
    let verdicts = thread::scope(|scope| {
        let work = || {
            let claims = std::iter::from_fn(|| seeds.get(next.fetch_add(1, Ordering::Relaxed)));
            claims
                .map(|&seed| (seed, storm::run(seed)))
                .collect::<Vec<_>>()
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running
            .into_iter()
            .flat_map(|t| t.join().expect("a thread"))
            .collect::<Vec<_>>()
    });
    let (mut agreed, mut bytes, mut steps, mut restarts) = (Vec::new(), Vec::new(), 0, (0, 0));
    for (seed, verdict) in verdicts {
        let verdict = verdict.unwrap_or_else(|why| {
            panic!(
                "{why}\nreproduce: WEIR_SEED={seed} cargo test --profile checked -p ffi-tests \
                 --test sim_mesh storm"
            )
        });
        agreed.push(verdict.agreed_ms);
        bytes.push(verdict.bytes_per_change);
        steps += verdict.steps;
        restarts = (
            restarts.0 + verdict.restarts.0,
            restarts.1 + verdict.restarts.1,
        );
    }
    agreed.sort_unstable();
    bytes.sort_unstable();
    let command = "make evidence";
    let row = |what: &str| format!("simulator, {} seeds: {what}", agreed.len());
    FIRST_MESH.figure(&row("seeds without one digest"), 0, "", "==", 0, command);
    FIRST_MESH.figure(
        &row("steps that lost or made a unit"),
        0,
        "",
        "==",
        0,
        command,
    );
    FIRST_MESH.measured(&row("steps checked"), steps, "", command);
    FIRST_MESH.measured(&row("restarts"), restarts.0, "", command);
    FIRST_MESH.measured(&row("restarts without snapshot"), restarts.1, "", command);
    let seconds = |part| percentile(&agreed, part) as f64 / 1000.0;
    FIRST_MESH.measured(
        &row("from heal to agreement, median"),
        seconds(50),
        "s",
        command,
    );
    FIRST_MESH.measured(
        &row("from heal to agreement, 99th percentile"),
        seconds(99),
        "s",
        command,
    );
    let each = percentile(&bytes, 50);
    FIRST_MESH.measured(
        &row("bytes sent by 54 nodes per changed record"),
        each,
        "bytes",
        command,
    );
}
