//! Counts instructions on emulated RV32IMAC and Cortex-M3 and the steps of the peers, takes the
//! times that criterion left, and writes `docs/benchmarks.json`, its page, and rows for the
//! evidence.
//!
//! `weir-bench exact` counts only, and leaves the times of the file as they are.

use ffi_tests::bench::{fixtures, host, meter, rows, table};
use ffi_tests::header::root;
use serde_json::{Value, json};
use std::fs;

const FILE: &str = "docs/benchmarks.json";

/// The host and the timed rows as they were recorded.
fn recorded() -> (String, Vec<Value>) {
    let text = fs::read_to_string(root().join(FILE)).unwrap_or_default();
    let file: Value = serde_json::from_str(&text).unwrap_or_default();
    let rows = file["rows"].as_array().cloned().unwrap_or_default();
    let timed = rows.into_iter().filter(|row| row["machine"] == table::HOST);
    let host = file["host"].as_str().map(str::to_string);
    (host.unwrap_or_else(host::description), timed.collect())
}

fn write(path: &str, text: &str) -> Result<(), String> {
    let path = root().join(path);
    fs::create_dir_all(path.parent().unwrap_or(&path))
        .and_then(|()| fs::write(&path, text))
        .map_err(|why| format!("{}: {why}", path.display()))
}

fn main() -> Result<(), String> {
    meter::lacks().map_or(Ok(()), Err)?;
    let small = fixtures::small();
    let mut measured = rows::counted_on_both(&small);
    measured.extend(rows::balancing());
    let (host, timed) = if std::env::args().nth(1).as_deref() == Some("exact") {
        recorded()
    } else {
        measured.extend(host::rows().ok_or("no times in target/criterion: make bench")?);
        (host::description(), vec![])
    };
    let mut all: Vec<Value> = measured.iter().map(table::Row::json).collect();
    all.extend(timed);
    let file = table::file(&meter::toolchain(), &host, &all);
    let parsed = serde_json::from_str(&file).map_err(|why| why.to_string())?;
    let must = measured.iter().filter(|row| row.must);
    let evidence: Vec<Value> = must.map(table::Row::evidence).collect();
    write("docs/benchmarks.md", &table::page(&parsed))?;
    write(FILE, &file)?;
    write(
        "target/evidence/bench.json",
        &format!("{}\n", json!(evidence)),
    )?;
    println!(
        "{} rows in {FILE}, {} for the evidence",
        all.len(),
        evidence.len()
    );
    Ok(())
}
