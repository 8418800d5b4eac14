//! The header as other languages read it: a Go program that uses it through cgo.

use ffi_tests::c::{self, Target};
use ffi_tests::header::{root, version};
use std::process::Command;

/// The Go tool in the folder of the program, without a network and with its cache in `target`.
fn go(arguments: &[&str]) -> Command {
    let mut command = Command::new("go");
    command.args(arguments);
    command.current_dir(root().join("ffi-tests/go"));
    command.env("GOCACHE", root().join("target/go-cache"));
    command.envs([
        ("GOFLAGS", "-mod=mod"),
        ("GOPROXY", "off"),
        ("GOWORK", "off"),
        ("GO111MODULE", "on"),
        ("CGO_ENABLED", "1"),
    ]);
    command
}

#[test]
fn cgo_program_runs() {
    let lacks = match Target::host().lacks() {
        None if !c::run(&mut go(&["version"])).good => Some("no go: make setup".to_string()),
        other => other,
    };
    if let Some(why) = lacks {
        c::skip("cgo_program_runs", &why);
        return;
    }
    let program = c::scratch("cgo").join("cgo");
    let path = program.to_string_lossy();
    // Pointers are checked on the way to C and inside Go.
    let build = ["build", "-gcflags=-d=checkptr", "-o", &path, "."];
    for arguments in [&["vet", "./..."][..], &build] {
        let outcome = c::run(&mut go(arguments));
        assert!(
            outcome.good && outcome.text.is_empty(),
            "{arguments:?}\n{}",
            outcome.text
        );
    }
    let outcome = c::run(Command::new(&program).env("GODEBUG", "cgocheck=2"));
    let expected = format!("weir {} agreed [true true]\n", version());
    assert!(outcome.good && outcome.text == expected, "{}", outcome.text);
}
