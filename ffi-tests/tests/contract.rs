//! The promises of the C surface that hold for every function alike: what fails changes nothing,
//! who calls from inside a callback is busy, a callback may fail at any time.

use ffi_tests::c::{self, Target, scratch};
use ffi_tests::contract::{self, Table};
use ffi_tests::evidence;
use ffi_tests::header::read;
use std::fs;

const COMMAND: &str = "cargo test -p ffi-tests --test contract";

/// Runs a program of `ffi-tests/c` that includes the generated calls.
fn with_calls(target: Target, name: &str) -> Option<String> {
    let functions = contract::functions(&read("include/weir.h"));
    let table = Table::read(&read("ffi-tests/contract/calls.txt"));
    let dir = scratch(&format!("calls-{name}-{}", target.name()));
    fs::write(dir.join("calls.h"), contract::program(&functions, &table)).expect("calls.h");
    let include = format!("-I{}", dir.display());
    target.program(name, &[&include, "-Iffi-tests/c"])
}

fn figure(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.trim().parse().ok());
    number.unwrap_or_else(|| panic!("no {name} in\n{text}"))
}

#[test]
fn every_function_has_its_failing_calls() {
    let functions = contract::functions(&read("include/weir.h"));
    let table = Table::read(&read("ffi-tests/contract/calls.txt"));
    let faults = contract::faults(&functions, &table);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn init_rejects() {
    for target in Target::all() {
        let Some(text) = with_calls(target, "init") else {
            continue;
        };
        assert!(figure(&text, "pairs") >= 70 && figure(&text, "changed") == 0);
    }
}

/// The figures of that name from every machine, which are all the same.
fn on_all(texts: &[String], name: &str) -> u64 {
    let all: Vec<_> = texts.iter().map(|text| figure(text, name)).collect();
    let first = all.first().copied().unwrap_or_default();
    assert!(all.iter().all(|one| *one == first), "{name}: {all:?}");
    first
}

/// Says how many there were of something, on how many machines, and that nothing changed.
fn told(texts: &[String], what: &str, unit: &str, least: u64) {
    if texts.is_empty() {
        return; // said already, and a failure where every machine must be there
    }
    let (pairs, changed) = (on_all(texts, "pairs"), on_all(texts, "changed"));
    assert!(
        pairs >= least && changed == 0,
        "{pairs} {what}, {changed} changed something"
    );
    evidence::PROMISES.measured(what, pairs, unit, COMMAND);
    let row = format!("{what}: machines");
    evidence::PROMISES.figure(&row, texts.len(), "machines", ">=", 8, COMMAND);
    let row = format!("{what}: those that changed a byte, on any machine");
    evidence::PROMISES.figure(&row, changed, "calls", "==", 0, COMMAND);
}

#[test]
fn out_params_untouched_on_error() {
    let texts: Vec<_> = Target::all()
        .filter_map(|target| with_calls(target, "contract"))
        .collect();
    told(
        &texts,
        "failing calls, generated",
        "functions times ways",
        900,
    );
}

#[test]
fn reentry_is_busy() {
    let texts: Vec<_> = Target::all()
        .filter_map(|target| with_calls(target, "reentry"))
        .collect();
    told(
        &texts,
        "calls from inside callbacks",
        "callbacks times functions",
        500,
    );
}

#[test]
fn callback_failures() {
    let texts: Vec<_> = Target::all()
        .filter_map(|target| target.program("callbacks", &[]))
        .collect();
    if !texts.is_empty() {
        let failures = on_all(&texts, "failures");
        assert!(failures >= 100, "{failures}");
        let row = "N-th callbacks that failed, nothing lost";
        evidence::PROMISES.measured(row, failures, "runs", COMMAND);
    }
}

#[test]
fn time_backwards() {
    for target in Target::all() {
        target.program("clock", &[]);
    }
}

#[test]
fn two_handles_are_independent() {
    for target in Target::all() {
        target.program("independent", &[]);
    }
}

/// Two threads, each with handles of its own, under ThreadSanitizer; and a race that it must see.
/// The archive itself is not instrumented: what is watched are the callbacks and its `memcpy`.
#[test]
fn two_threads_are_independent() {
    let threads = ["-DTHREADS", "-pthread", "-fsanitize=thread"];
    let name = "two_threads_are_independent";
    if let Some(why) = Target::host().lacks() {
        return c::skip(name, &why);
    }
    let dir = scratch(name);
    let build = |flags: &[&str], program: &str| {
        let built = Target::host().build("ffi-tests/c/independent.c", flags, &dir.join(program));
        assert!(built.is_ok(), "{built:?}");
        Target::host().run(&dir.join(program))
    };
    let outcome = build(&threads, "threads");
    assert!(outcome.good, "{}", outcome.text);
    let race = build(&[&threads[..], &["-DRACE"]].concat(), "race");
    let seen = race.text.contains("ThreadSanitizer: data race");
    assert!(!race.good && seen, "no race was seen:\n{}", race.text);
}
