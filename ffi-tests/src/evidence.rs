//! Figures for `docs/evidence.json`. A test that measures hands its figure in here; with
//! `WEIR_EVIDENCE=1` it is written to `target/evidence`, and `ffi-tests/evidence.py` merges.

use crate::header::root;
use serde_json::{Value, json};
use std::fs;

/// True in a run whose figures are to be kept, and in which long tests take their full length.
pub fn wanted() -> bool {
    std::env::var("WEIR_EVIDENCE").as_deref() == Ok("1")
}

/// A set of promises: the rows of one *Must show* table.
#[derive(Clone, Copy, Debug)]
pub struct Topic(pub &'static str);

/// The mesh, its ledger, its complex and its archive.
pub const FIRST_MESH: Topic = Topic("first-mesh");
/// The mathematics complete, and measured against everything.
pub const EXACT_AND_FAST: Topic = Topic("exact-and-fast");
/// Every promise of the C surface is a test, on every kind of machine.
pub const PROMISES: Topic = Topic("promises");

impl Topic {
    /// A figure with a target: `op` is one of `<=`, `>=`, `==`.
    pub fn figure(
        self,
        row: &str,
        value: impl Into<Value>,
        unit: &str,
        op: &str,
        target: impl Into<Value>,
        command: &str,
    ) {
        let (topic, value, target) = (self.0, value.into(), target.into());
        let figure = json!({
            "topic": topic, "row": row, "value": value, "unit": unit, "op": op, "target": target,
            "command": command,
        });
        let name: String = format!("{topic} {row}")
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        text(&format!("{name}.json"), &format!("{figure}\n"));
    }

    /// A figure that is only measured: there is no target.
    pub fn measured(self, row: &str, value: impl Into<Value>, unit: &str, command: &str) {
        self.figure(row, value, unit, "measured", Value::Null, command);
    }
}

/// A longer table, kept beside the figures.
pub fn text(name: &str, text: &str) {
    if wanted() {
        let dir = root().join("target/evidence");
        fs::create_dir_all(&dir).expect("target/evidence");
        fs::write(dir.join(name), text).expect("a figure");
    }
}

/// What is wrong with a row of `docs/evidence.json`, if anything.
pub fn fault(row: &Value) -> Option<String> {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or("");
    let fields = ["topic", "row", "value", "unit", "op", "target", "command"];
    let name = text("row");
    if let Some(key) = fields.iter().find(|key| row.get(**key).is_none()) {
        return Some(format!("{name:?} has no {key}"));
    }
    for key in row
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
    {
        if !fields.contains(&key) && key != "reason" {
            return Some(format!("{name:?}: nobody knows the field {key:?}"));
        }
    }
    for key in ["topic", "row", "command"] {
        if text(key).is_empty() {
            return Some(format!("{name:?}: {key} is empty"));
        }
    }
    match met(&row["value"], text("op"), &row["target"]) {
        None => Some(format!(
            "{name:?}: {} {:?} {}",
            row["value"],
            text("op"),
            row["target"]
        )),
        Some(true) if row.get("reason").is_some() => {
            Some(format!("{name:?} is met and needs no reason"))
        }
        Some(false) if text("reason").is_empty() => Some(format!(
            "{name:?} is missed ({} {} {} is false) and gives no reason",
            row["value"],
            text("op"),
            row["target"]
        )),
        Some(_) => None,
    }
}

/// Whether a value meets its target; `None` if the two cannot be compared so.
fn met(value: &Value, op: &str, target: &Value) -> Option<bool> {
    match op {
        "measured" => (target.is_null() && !value.is_null()).then_some(true),
        "==" => (!value.is_null() && !target.is_null()).then(|| value == target),
        "<=" => Some(value.as_f64()? <= target.as_f64()?),
        ">=" => Some(value.as_f64()? >= target.as_f64()?),
        _ => None,
    }
}

/// How property tests run: a fixed sample, so that a change is what makes a result change; with
/// `WEIR_EVIDENCE=1` ten times as many, from fresh seeds.
pub fn cases(count: u32) -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, RngSeed};
    let (cases, rng_seed) = if wanted() {
        (count * 10, RngSeed::Random)
    } else {
        (count, RngSeed::Fixed(2026))
    };
    Config {
        cases,
        rng_seed,
        failure_persistence: None,
        ..Config::default()
    }
}
