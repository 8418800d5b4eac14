//! Hostile input: every fuzz target of `ffi-tests/c/fuzz.c` on a reproducible stream, and the proof
//! that a defect would be seen.

use ffi_tests::c::{self, Target, run};
use ffi_tests::fuzz::{checked_program, names, released_program, stream};
use ffi_tests::header::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is run here of every target: a new one needs a row.
const STREAMS: &[(&str, u32)] = &[
    ("frames", 1500),
    ("complex", 1500),
    ("mesh", 250),
    ("snapshot", 1500),
    ("mesh_config", 1000),
    ("complex_config", 3000),
    ("balance", 5000),
];

/// One target, on the library with every check and on the one that is released.
fn survives(target: &str) {
    if let Some(why) = Target::host().lacks() {
        return c::skip(target, &why);
    }
    let row = STREAMS.iter().find(|(name, _)| *name == target);
    let (_, times) = *row.expect("a row of the table above");
    for (archive, program) in [
        ("checked", checked_program()),
        ("released", released_program()),
    ] {
        let outcome = stream(program, target, times, 20_260_520);
        assert!(outcome.good, "{target}, {archive}: {}", outcome.text);
        let said = format!("fuzz {target}: {times} executions, no finding");
        assert!(outcome.text.contains(&said), "{}", outcome.text);
        c::say(&format!("{} ({archive} archive)", outcome.text.trim()));
    }
}

#[test]
fn arbitrary_bytes_into_receive() {
    survives("frames");
}

#[test]
fn arbitrary_call_sequences() {
    for target in ["complex", "mesh", "balance"] {
        survives(target);
    }
}

#[test]
fn arbitrary_snapshots() {
    survives("snapshot");
}

#[test]
fn arbitrary_configs() {
    for target in ["mesh_config", "complex_config"] {
        survives(target);
    }
}

#[test]
fn every_target_of_the_table_is_run() {
    if let Some(why) = Target::host().lacks() {
        return c::skip("every_target_of_the_table_is_run", &why);
    }
    let (mut table, canaries) = names(released_program());
    let mut run_here: Vec<_> = STREAMS.iter().map(|(name, _)| name.to_string()).collect();
    table.sort();
    run_here.sort();
    assert_eq!(table, run_here);
    assert_eq!(canaries.len(), 5);
}

/// A planted defect must end the program, and with these words.
fn is_found(program: &Path, canary: &str, words: &str) {
    let outcome = stream(program, canary, 100_000, 1);
    assert!(
        !outcome.good && outcome.text.contains(words),
        "{canary} must be found: {}",
        outcome.text
    );
}

#[test]
fn planted_defects_are_found() {
    if let Some(why) = Target::host().lacks() {
        return c::skip("planted_defects_are_found", &why);
    }
    let words = "AddressSanitizer: heap-buffer-overflow";
    for program in [checked_program(), released_program()] {
        is_found(program, "canary_calls", "finding: !(filled");
        is_found(program, "canary_heap_of_c", words);
        is_found(program, "canary_overflow_of_c", "signed integer overflow");
    }
    is_found(checked_program(), "canary_heap_of_rust", words);
}

#[test]
fn an_overflow_inside_the_library_would_be_seen() {
    if let Some(why) = Target::host().lacks() {
        return c::skip("an_overflow_inside_the_library_would_be_seen", &why);
    }
    let nm = run(Command::new("nm").arg(checked_program()));
    let checks = |text: &str| text.matches("panic_const").count();
    assert!(checks(&nm.text) > 3, "no overflow checks are linked");
    assert!(nm.text.contains("__sanitizer_cov_8bit_counters_init"));
    let nm = run(Command::new("nm").arg(released_program()));
    assert!(nm.good && checks(&nm.text) == 0, "the released archive");
}

/// Inputs that once were findings, by target.
fn found() -> Vec<(String, PathBuf)> {
    let mut out = vec![];
    let folder = root().join("ffi-tests/c/fuzz/found");
    for target in fs::read_dir(folder).expect("what was found").flatten() {
        for file in fs::read_dir(target.path()).expect("a folder").flatten() {
            let name = target.file_name().to_string_lossy().into_owned();
            out.push((name, file.path()));
        }
    }
    out
}

#[test]
fn what_was_found_once_stays_repaired() {
    if let Some(why) = Target::host().lacks() {
        return c::skip("what_was_found_once_stays_repaired", &why);
    }
    let inputs = found();
    assert!(inputs.len() >= 4, "{inputs:?}");
    for (target, path) in inputs {
        for program in [checked_program(), released_program()] {
            let mut command = Command::new(program);
            let outcome = run(command.args(["file", &target]).arg(&path));
            assert!(outcome.good, "{}: {}", path.display(), outcome.text);
        }
    }
}
