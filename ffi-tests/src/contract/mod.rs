//! Failing calls, made from the header and a table: for each exported function one call that
//! works, and every way to spoil it.
//!
//! What can be derived from the declarations is derived: each pointer NULL, each handle dead, of
//! another kind, crooked or in a call already, each sized struct too short, storage too short or
//! not aligned, each field of a config beyond its documented range, each length wrong. The table,
//! `ffi-tests/contract/calls.txt`, holds a call that works for each function and the ways that
//! only its documentation knows. The ways must produce each status that the function's comment
//! names, and no other.

mod header;
mod program;
mod table;

pub use header::{Function, Parameter, functions};
pub use program::program;
pub use table::{Entry, Table, Way};

/// What is wrong between the header and the table, if anything, by name.
pub fn faults(functions: &[Function], table: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    for function in functions {
        match table.entries.iter().find(|e| e.name == function.name) {
            None => faults.push(format!("{} has no entry in the table", function.name)),
            Some(entry) if entry.arguments.len() != function.parameters.len() => {
                faults.push(format!(
                    "{}: the call in the table has {} arguments, the function {} parameters",
                    function.name,
                    entry.arguments.len(),
                    function.parameters.len()
                ));
            }
            Some(entry) => faults.extend(statuses(function, table, entry)),
        }
    }
    for entry in &table.entries {
        if !functions.iter().any(|f| f.name == entry.name) {
            faults.push(format!("{} is in the table and not declared", entry.name));
        }
    }
    faults
}

/// Statuses that the comment names and no way gives, and the other way round.
fn statuses(function: &Function, table: &Table, entry: &Entry) -> Vec<String> {
    if function.result != "weir_status" {
        return vec![];
    }
    let ways = program::ways(function, table, entry);
    let given = |status: &str| ways.iter().any(|way| way.status == status);
    let absent = function.statuses.iter().filter(|status| {
        let waived = entry.untested.iter().any(|(waived, _)| waived == *status);
        !given(status) && !waived
    });
    let mut faults: Vec<_> = absent
        .map(|status| format!("{}: no way gives the documented {status}", function.name))
        .collect();
    for way in &ways {
        if way.status != "WEIR_OK" && !function.statuses.contains(&way.status) {
            faults.push(format!(
                "{}: `{}` gives {}, which its comment does not name",
                function.name, way.text, way.status
            ));
        }
    }
    faults
}
