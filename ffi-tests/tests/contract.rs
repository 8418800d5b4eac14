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
    let dir = scratch(&format!("calls-{name}-{}", target.triple()));
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
    for target in Target::ALL {
        let Some(text) = with_calls(target, "init") else {
            continue;
        };
        assert!(figure(&text, "pairs") >= 50 && figure(&text, "changed") == 0);
    }
}

#[test]
fn out_params_untouched_on_error() {
    for target in Target::ALL {
        let Some(text) = with_calls(target, "contract") else {
            continue;
        };
        let (pairs, changed) = (figure(&text, "pairs"), figure(&text, "changed"));
        assert!(pairs >= 900, "{text}");
        let on = target.triple();
        let row = format!("failing calls on {on}, generated");
        evidence::PROMISES.measured(&row, pairs, "functions times ways", COMMAND);
        let row = format!("failing calls on {on} that changed a byte");
        evidence::PROMISES.figure(&row, changed, "calls", "==", 0, COMMAND);
    }
}

#[test]
fn reentry_is_busy() {
    for target in Target::ALL {
        let Some(text) = with_calls(target, "reentry") else {
            continue;
        };
        let (pairs, changed) = (figure(&text, "pairs"), figure(&text, "changed"));
        assert!(pairs >= 500, "{text}");
        let on = target.triple();
        let row = format!("calls from inside callbacks on {on}");
        evidence::PROMISES.measured(&row, pairs, "callbacks times functions", COMMAND);
        let row = format!("calls from inside callbacks on {on} that changed the handle");
        evidence::PROMISES.figure(&row, changed, "calls", "==", 0, COMMAND);
    }
}

#[test]
fn callback_failures() {
    for target in Target::ALL {
        let Some(text) = target.program("callbacks", &[]) else {
            continue;
        };
        let failures = figure(&text, "failures");
        assert!(failures >= 100, "{text}");
        let row = format!("N-th callbacks that failed on {}", target.triple());
        evidence::PROMISES.measured(&row, failures, "runs", COMMAND);
    }
}

#[test]
fn time_backwards() {
    for target in Target::ALL {
        target.program("clock", &[]);
    }
}

#[test]
fn two_handles_are_independent() {
    for target in Target::ALL {
        target.program("independent", &[]);
    }
}

/// Two threads, each with handles of its own, under ThreadSanitizer; and a race that it must see.
/// The archive itself is not instrumented: what is watched are the callbacks and its `memcpy`.
#[test]
fn two_threads_are_independent() {
    let threads = ["-DTHREADS", "-pthread", "-fsanitize=thread"];
    let name = "two_threads_are_independent";
    if let Some(why) = Target::Host.lacks() {
        return c::skip(name, &why);
    }
    let dir = scratch(name);
    let build = |flags: &[&str], program: &str| {
        let built = Target::Host.build("ffi-tests/c/independent.c", flags, &dir.join(program));
        assert!(built.is_ok(), "{built:?}");
        Target::Host.run(&dir.join(program))
    };
    let outcome = build(&threads, "threads");
    assert!(outcome.good, "{}", outcome.text);
    let race = build(&[&threads[..], &["-DRACE"]].concat(), "race");
    let seen = race.text.contains("ThreadSanitizer: data race");
    assert!(!race.good && seen, "no race was seen:\n{}", race.text);
}
