//! The timed rows, from what criterion left in `target/criterion`. Unit: microseconds, medians.

use super::fixtures::{Fixture, large};
use super::rows::sizes;
use super::table::{HOST, Row};
use crate::header::root;
use serde_json::Value;
use std::fs;

/// Microseconds for a reconcile of the network of 2,500 nodes.
const RECONCILE_2500: u32 = 500;

/// The median of one benchmark, if it was run; criterion writes nanoseconds.
fn median(of: &str, what: &str) -> Option<f64> {
    let path = format!("target/criterion/{of}/{what}/new/estimates.json");
    let text = fs::read_to_string(root().join(path)).ok()?;
    let found: Value = serde_json::from_str(&text).ok()?;
    let nanoseconds = found["median"]["point_estimate"].as_f64()?;
    // Four digits: what follows is noise.
    let unit = 10f64.powf(3.0 - nanoseconds.log10().floor());
    Some((nanoseconds * unit).round() / unit / 1e3)
}

fn times(of: &Fixture) -> Option<Vec<Row>> {
    let group = "Times on the host";
    let ours = median(of.name, "weir")?;
    let against = |peer: &str, what: &str| -> Option<Row> {
        let row = Row::new(group, format!("reconcile {}", sizes(of)), HOST, "us");
        Some(row.weir(ours).beat(median(of.name, peer)?, what))
    };
    let mut gradients = against("cg", "conjugate gradients, f64")?;
    if of.name == "geometric-2500" {
        gradients = gradients.target("<=", RECONCILE_2500).must();
    }
    let row = |name: String, what: &str| -> Option<Row> {
        Some(Row::new(group, name, HOST, "us").weir(median(of.name, what)?))
    };
    let fast = format!("core call on {}, crate with opt-level 3", of.name);
    let fast = row(fast, "weir-fast")?;
    let link = format!("one link of {} down and up, settled, opt-level 3", of.name);
    let link = row(link, "weir-link")?;
    let factor = "sparse factor by triangles, symbolic and numeric (crate faer)";
    Some(vec![
        gradients,
        against(
            "triangles",
            "sparse solve by triangles, factor at hand (crate faer)",
        )?,
        against(
            "nodes",
            "sparse solve by nodes, gradient part only (crate faer)",
        )?,
        fast.beat(median(of.name, "cg")?, "conjugate gradients, f64"),
        link.beat(median(of.name, "triangles-factor")?, factor),
    ])
}

/// All of them; `None` if any benchmark has not been run.
#[must_use]
pub fn rows() -> Option<Vec<Row>> {
    let all: Option<Vec<Vec<Row>>> = large().iter().map(times).collect();
    Some(all?.concat())
}

/// This machine in general terms.
#[must_use]
pub fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "a shared virtual machine with {cores} cores of {} under {}",
        std::env::consts::ARCH,
        std::env::consts::OS
    )
}
