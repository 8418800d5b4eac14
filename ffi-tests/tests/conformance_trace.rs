//! The trace: one scenario through every handle, in C, whose digests are the same on every machine.
//!
//! `ffi-tests/c/trace` is the long one, `ffi-tests/c/small.c` one for boards of 16 KB. What they
//! print is committed in `docs/abi`, and changes only together with a line of the changelog.

use ffi_tests::c::{self, Target};
use ffi_tests::evidence;
use ffi_tests::header::{read, root};
use std::process::Command;

const TRACE: &str = "docs/abi/trace.txt";
const SMALL: &str = "docs/abi/small.txt";
const COMMAND: &str = "cargo test -p ffi-tests --test conformance_trace digests";

/// The files of the trace, the one with `main` first.
fn sources() -> Vec<String> {
    let folder = "ffi-tests/c/trace";
    let entries = std::fs::read_dir(root().join(folder)).expect("the folder of the trace");
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut files: Vec<String> = names
        .map(|name| format!("{folder}/{}", name.to_string_lossy()))
        .filter(|path| path.ends_with(".c"))
        .collect();
    files.sort_by_key(|path| (!path.ends_with("/trace.c"), path.clone()));
    files
}

/// Builds the trace for a target and runs it; says its last line.
fn trace_on(target: Target) -> Option<String> {
    if let Some(why) = target.lacks() {
        c::skip(&format!("the trace on {}", target.name()), &why);
        return None;
    }
    let program = c::scratch(&format!("trace-{}", target.name())).join("trace");
    let files = sources();
    let (main, others) = files.split_first().expect("trace.c");
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    if let Err(why) = target.build(main, &others, &program) {
        panic!("the trace for {}: {why}", target.name());
    }
    let outcome = target.run(&program);
    let last = outcome.text.trim_end().lines().last().unwrap_or_default();
    c::say(&format!("{last} on {}", target.name()));
    assert!(
        outcome.good,
        "the trace on {}:\n{}",
        target.name(),
        outcome.text
    );
    Some(outcome.text)
}

/// Every machine prints the committed text, so all print the same.
#[test]
fn trace_digests_are_equal_everywhere() {
    let mut machines = 0;
    for target in Target::all() {
        if let Some(text) = trace_on(target) {
            c::matches_committed(TRACE, &text);
            machines += 1;
        }
    }
    let row = "machines on which the trace digest is equal";
    evidence::PROMISES.figure(row, machines, "machines", ">=", 8, COMMAND);
}

/// The trace again, compiled by every standard of C and C++ that a firmware may choose, by GCC and
/// by clang, with short enumerations and without.
#[test]
fn trace_digests_are_equal_in_every_mode() {
    let host = Target::host();
    if let Some(why) = host.lacks() {
        return c::skip("trace_digests_are_equal_in_every_mode", &why);
    }
    let mut modes = 0;
    for (compiler, language, standards) in [
        ("gcc", "c", ["c99", "c11", "c17", "c2x"].as_slice()),
        ("clang", "c", &["c99", "c11", "c17", "c2x"]),
        ("g++", "c++", &["c++11", "c++14", "c++17", "c++20", "c++23"]),
        (
            "clang++",
            "c++",
            &["c++11", "c++14", "c++17", "c++20", "c++2b"],
        ),
    ] {
        if !c::run(Command::new(compiler).arg("--version")).good {
            c::skip(&format!("the trace by {compiler}"), "make setup");
            continue;
        }
        for standard in standards {
            for enums in ["-fshort-enums", "-fno-short-enums"] {
                let mode = format!("{compiler} -std={standard} {enums}");
                let program = c::scratch(&format!("trace-{compiler}-{standard}")).join("trace");
                let mut command = Command::new(compiler);
                command.args(["-x", language, "-I", "include", enums]);
                command.arg(format!("-std={standard}")).args(sources());
                command.args(["-x", "none"]).arg(host.archive());
                let built = c::run(command.arg("-o").arg(&program).current_dir(root()));
                assert!(built.good, "{mode}: {}", built.text);
                let outcome = host.run(&program);
                assert!(outcome.good, "{mode}: {}", outcome.text);
                assert_eq!(outcome.text, read(TRACE), "{mode}");
                modes += 1;
            }
        }
    }
    let row = "ways of compiling C and C++ on the host with an equal trace digest";
    evidence::PROMISES.figure(row, modes, "ways", "==", 36, COMMAND);
}

/// Static memory of a program for RV32, without what the linker script reserves for the stack.
fn static_bytes(sections: &str) -> u64 {
    let counted = [".data", ".sdata", ".bss", ".sbss"];
    let rows = sections.lines().map(|line| line.split_whitespace());
    rows.filter_map(|mut words| {
        let name = words.next()?;
        let size = words.next()?.parse::<u64>().ok()?;
        counted.contains(&name).then_some(size)
    })
    .sum()
}

/// Static memory and stack of the small scenario, which is built for RV32 and said how deep it got.
fn small_fits(text: &str) {
    let stack = text.lines().find_map(|line| line.strip_prefix("stack "));
    let stack: u64 = stack.and_then(|n| n.parse().ok()).expect("a depth");
    let program = format!("target/c-tests/small-{}/small", Target::rv32().name());
    let mut size = Command::new("riscv64-unknown-elf-size");
    let size = c::run(size.arg("-A").arg(root().join(program)));
    let bytes = static_bytes(&size.text);
    assert!(
        size.good && bytes > 4096 && stack > 256,
        "{stack}: {}",
        size.text
    );
    c::say(&format!(
        "small on RV32IMAC: {bytes} bytes static, {stack} bytes of stack"
    ));
    assert!(bytes + stack <= 12 << 10, "{bytes} + {stack}");
    evidence::PROMISES.figure(
        "RAM of the small scenario on RV32IMAC, stack included",
        bytes + stack,
        "bytes",
        "<=",
        12 << 10,
        "cargo test -p ffi-tests --test conformance_trace small",
    );
}

/// Equal lines, and on RV32 not more than 12 KB of RAM.
#[test]
fn small_digests_are_equal_everywhere() {
    assert_eq!(
        static_bytes(".text 9 0\n.data 8 1\n.bss 4 2\n.stack 7 3\n"),
        12
    );
    let mut machines = 0;
    for target in Target::machines() {
        let measured = target.name() == "rv32imac";
        let flags: &[&str] = if measured { &["-DSMALL_STACK"] } else { &[] };
        let Some(text) = target.program("small", flags) else {
            continue;
        };
        if measured {
            small_fits(&text);
        }
        let digests: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("stack "))
            .collect();
        c::matches_committed(SMALL, &(digests.join("\n") + "\n"));
        machines += 1;
    }
    let row =
        "machines with an equal digest of the small scenario, a Cortex-M0 with 16 KB among them";
    evidence::PROMISES.figure(row, machines, "machines", ">=", 9, COMMAND);
}

/// C without its comments.
fn code(text: &str) -> String {
    let mut parts = text.split("/*");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |code, part| {
        code + part.split_once("*/").map_or("", |(_, rest)| rest)
    })
}

/// Names that the code of the trace does not use.
fn unused<'a>(names: impl Iterator<Item = &'a str>, code: &str) -> Vec<&'a str> {
    let words: std::collections::BTreeSet<&str> = code
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    names.filter(|name| !words.contains(name)).collect()
}

/// Opaque types of the header, without their prefix.
fn handles(header: &str) -> Vec<&str> {
    let lines = header.lines();
    let types = lines.filter_map(|line| line.strip_prefix("typedef struct weir_"));
    types
        .filter_map(|rest| rest.strip_suffix(';')?.split_once(" weir_"))
        .filter(|(tag, name)| tag == name)
        .map(|(tag, _)| tag)
        .collect()
}

#[test]
fn every_exported_name_and_every_handle_is_in_the_trace() {
    assert_eq!(code("a /* b */ c /* d\n */e"), "a  c e");
    let missing = unused(["weir_a", "weir_ab"].into_iter(), "weir_ab(1) /weir_b");
    assert_eq!(missing, ["weir_a"]);
    let text: String = sources().iter().map(|path| code(&read(path))).collect();
    let symbols = read("docs/abi/symbols.txt");
    assert!(symbols.lines().count() > 60);
    let missing = unused(symbols.lines(), &text);
    assert!(missing.is_empty(), "not in the trace: {missing:?}");

    let header = read("include/weir.h");
    let handles = handles(&header);
    assert!(handles.len() >= 2 && handles.contains(&"mesh"));
    for handle in handles {
        let line = format!("{{ \"{handle}\", trace_{handle} }}");
        assert!(text.contains(&line), "trace.c has no line {line}");
    }
}

/// What a committed file says after `name`.
fn digest<'a>(text: &'a str, name: &str) -> &'a str {
    let lines = text.lines();
    let found = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.last().unwrap_or_default()
}

/// Whether the changelog's newest line about digests names these two.
fn is_named(changelog: &str, trace: &str, small: &str) -> bool {
    let newest = changelog.lines().find(|line| line.contains("race digest"));
    newest.is_some_and(|line| {
        line.contains(&format!("`0x{trace}`")) && line.contains(&format!("`0x{small}`"))
    })
}

#[test]
fn committed_digests_are_named_by_the_changelog() {
    let (old, new) = (
        "* Trace digest `0x12`, small `0x34`: a",
        "trace digest `0x56`, small `0x34`",
    );
    let both = format!("{new}: b\n{old}");
    assert!(is_named(&both, "56", "34") && !is_named(&both, "12", "34"));
    assert!(!is_named(&both, "56", "3") && !is_named("", "", ""));
    let (trace, small) = (read(TRACE), read(SMALL));
    let (all, small) = (digest(&trace, "trace all"), digest(&small, "small"));
    assert!(all.len() == 16 && small.len() == 16, "{all:?} {small:?}");
    assert!(
        is_named(&read("CHANGELOG.md"), all, small),
        "the topmost line of CHANGELOG.md about digests must be\n\
         * Trace digest `0x{all}`, small `0x{small}`: why results changed"
    );
}
