//! `docs/evidence.json`: every row is well formed, and is met or says why not.

use ffi_tests::evidence::fault;
use ffi_tests::header;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn every_row_is_met_or_says_why_not() {
    let text = header::read("docs/evidence.json");
    let rows: Vec<Value> = serde_json::from_str(&text).expect("an array of rows");
    let faults: Vec<String> = rows.iter().filter_map(fault).collect();
    assert!(
        faults.is_empty(),
        "docs/evidence.json:\n{}",
        faults.join("\n")
    );
    let mut seen = BTreeSet::new();
    for row in &rows {
        assert!(
            seen.insert((row["topic"].to_string(), row["row"].to_string())),
            "twice: {row}"
        );
    }
}

fn row() -> Value {
    json!({"topic": "first-mesh", "row": "bytes", "value": 290, "unit": "bytes", "op": "<=",
           "target": 300, "command": "make evidence"})
}

fn with(key: &str, value: Value) -> Value {
    let mut row = row();
    row[key] = value;
    row
}

#[test]
fn good_row_has_no_fault() {
    assert_eq!(fault(&row()), None);
    let measured = json!({"topic": "t", "row": "r", "value": 1, "unit": "", "op": "measured",
                          "target": null, "command": "c"});
    assert_eq!(fault(&measured), None);
}

#[test]
fn missed_row_needs_a_reason() {
    let mut missed = with("value", json!(301));
    assert!(fault(&missed).is_some_and(|why| why.contains("gives no reason")));
    missed["reason"] = json!("the beacons of 54 nodes alone cost 298");
    assert_eq!(fault(&missed), None);
    assert!(
        fault(&with("reason", json!("none"))).is_some(),
        "a reason for a row that is met"
    );
}

#[test]
fn malformed_rows_are_found() {
    for key in ["topic", "row", "value", "unit", "op", "target", "command"] {
        let mut short = row();
        short.as_object_mut().expect("an object").remove(key);
        assert!(fault(&short).is_some(), "without {key}");
    }
    for bad in [
        with("op", json!("<")),
        with("op", json!("measured")),
        with("value", json!("many")),
        with("value", Value::Null),
        with("target", Value::Null),
        with("command", json!("")),
        with("row", json!("")),
        with("note", json!("a field nobody knows")),
    ] {
        assert!(fault(&bad).is_some(), "{bad}");
    }
}
