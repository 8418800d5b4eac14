//! `docs/agreement.txt`, loss by size, is what the simulator does; `WEIR_BLESS=1` writes it.

use std::collections::BTreeMap;

use ffi_tests::c::matches_committed;
use ffi_tests::evidence::EXACT_AND_FAST;
use ffi_tests::sim::on_all_processors;
use ffi_tests::sim::table::{LOSSES, SIZES, cell, text};
use ffi_tests::sim::verdict::Verdict;

#[test]
fn agreement_by_loss_and_size_is_the_committed_table() {
    // Large ones first, so that no processor is left with one at the end.
    let sizes = SIZES.iter().rev();
    let places: Vec<_> = sizes.flat_map(|&s| LOSSES.map(|loss| (s, loss))).collect();
    let cells = on_all_processors(&places, |&(size, loss)| {
        cell(size, loss).unwrap_or_else(|why| panic!("{size} nodes, {loss} % loss: {why}"))
    });
    let cells: BTreeMap<_, _> = places.into_iter().zip(cells).collect();
    matches_committed("docs/agreement.txt", &text(&cells));
    let most = |loss| {
        let row = cells.iter().filter(move |((_, l), _)| *l <= loss);
        let agreed = row.clone().all(|(_, cell)| cell.verdict == Verdict::Agreed);
        let worst = row.map(|(_, cell)| cell.agreed_ms).max().unwrap_or(0);
        (agreed, worst as f64 / 1000.0)
    };
    for loss in [30, 50] {
        let (agreed, worst) = most(loss);
        assert!(agreed, "up to {loss} % loss every size agrees");
        EXACT_AND_FAST.measured(
            &format!("cold start of 2 to 128 nodes, up to {loss} % loss: slowest agreement"),
            worst,
            "s",
            "cargo test --profile checked -p ffi-tests --test sim_table",
        );
    }
}
