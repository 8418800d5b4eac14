//! The archives that were built may be shipped, and the script that says so would notice if not.

use ffi_tests::c::{self, Target};
use ffi_tests::evidence;
use ffi_tests::header::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn check(archive: &Path, target: Target) -> c::Outcome {
    let script = root().join("cmake/check-archive.sh");
    c::run(Command::new(script).arg(archive).arg(target.triple()))
}

#[test]
fn archive_is_clean() {
    let mut clean = 0;
    for archive in c::archives() {
        let triple = &archive.triple;
        let target = Target::of(archive).unwrap_or_else(|| panic!("no machine runs {triple}"));
        if let Some(why) = target.lacks() {
            c::skip(&format!("archive_is_clean, {triple}"), &why);
            continue;
        }
        let outcome = check(&target.archive(), target);
        assert!(outcome.good, "{}", outcome.text);
        c::say(outcome.text.trim());
        clean += 1;
    }
    evidence::PROMISES.figure(
        "archives built and clean",
        clean,
        "archives",
        ">=",
        14,
        "make archives; cargo test -p ffi-tests --test archive archive_is_clean",
    );
}

/// One of each format and of each kind of check.
fn kinds() -> impl Iterator<Item = Target> {
    ["host", "rv32imac", "cortex-m0", "wasm"]
        .map(Target::named)
        .into_iter()
}

/// An archive of ours with one more object in its object, made from C.
fn spoiled(target: Target, name: &str, source: &str, flags: &[&str]) -> PathBuf {
    let dir = c::scratch(&format!("archive-{name}-{}", target.name()));
    let command = |command: &mut Command| {
        let outcome = c::run(command.current_dir(&dir));
        assert!(outcome.good, "{command:?}\n{}", outcome.text);
    };
    fs::write(dir.join("extra.c"), source).expect("the test's file");
    let mut compiler = target.compiler("c");
    compiler.args(["-O1", "-ffreestanding", "-c", "extra.c", "-o", "extra.o"]);
    command(compiler.args(flags));
    command(target.tool("ar").arg("x").arg(target.archive()));
    let mut link = if target.name() == "wasm" {
        Command::new("wasm-ld-14")
    } else {
        let mut link = target.compiler("c");
        link.arg("-nostdlib");
        link
    };
    command(link.args(["-r", "weir.o", "extra.o", "-o", "both.o"]));
    command(target.tool("ar").args(["rcsD", "libweir.a", "both.o"]));
    dir.join("libweir.a")
}

fn is_found_on(target: Target, name: &str, source: &str, flags: &[&str], finding: &str) {
    if let Some(why) = target.lacks() {
        return c::skip(&format!("archive check {name}, {}", target.name()), &why);
    }
    let outcome = check(&spoiled(target, name, source, flags), target);
    assert!(
        !outcome.good && outcome.text.contains(finding),
        "{}: {}",
        target.name(),
        outcome.text
    );
}

fn is_found(name: &str, source: &str, finding: &str) {
    for target in kinds() {
        is_found_on(target, name, source, &[], finding);
    }
}

#[test]
fn forbidden_instruction_is_found() {
    let sum = "__attribute__((used)) static float f(float a, float b) { return a + b; }";
    let quotient = "__attribute__((used)) static int f(int a, int b) { return a / b; }";
    let rows: [(&str, &str, &[&str]); 4] = [
        ("host", sum, &[]),
        ("wasm", sum, &[]),
        ("rv32imac", sum, &["-march=rv32imafc"]),
        ("cortex-m0", quotient, &["-mcpu=cortex-m3"]),
    ];
    for (machine, source, flags) in rows {
        let target = Target::named(machine);
        is_found_on(target, "forbidden", source, flags, "forbidden instructions");
    }
}

#[test]
fn further_export_is_found() {
    is_found(
        "export",
        "int weir_secret(void) { return 1; }",
        "but not in docs/abi/symbols.txt",
    );
}

#[test]
fn further_need_is_found() {
    let source = "int malloc(int); static int f(void); int weir_version(void); \
                  __attribute__((used)) static int f(void) { return malloc(1); }";
    is_found("need", source, "undefined, but not in");
}

#[test]
fn panic_path_is_found() {
    let source = "void weir_panic_path_is_reachable(void); \
                  __attribute__((used)) static void f(void) \
                  { weir_panic_path_is_reachable(); }";
    is_found("panic", source, "the panic path is reachable");
}

#[test]
fn local_panic_machinery_is_found() {
    let source = "__attribute__((used)) static void _RN4core9panicking5panic(void) {}";
    is_found("machinery", source, "panic machinery");
}

#[test]
fn global_state_is_found() {
    is_found(
        "data",
        "__attribute__((used)) static int calls = 7;",
        "writable sections",
    );
    is_found(
        "bss",
        "__attribute__((used)) static int calls[4];",
        "writable sections",
    );
}

#[test]
fn second_member_is_found() {
    for target in kinds() {
        if target.lacks().is_some() {
            continue; // named by archive_is_clean
        }
        let archive = spoiled(target, "members", "", &[]);
        let extra = archive.with_file_name("extra.o");
        let added = c::run(target.tool("ar").arg("rcsD").arg(&archive).arg(extra));
        assert!(added.good, "{}", added.text);
        let outcome = check(&archive, target);
        assert!(
            !outcome.good && outcome.text.contains("more than one member"),
            "{}",
            outcome.text
        );
    }
}

#[test]
fn missing_export_is_found() {
    // LLVM's objcopy cannot make a name of WebAssembly local.
    for target in kinds().filter(|target| target.name() != "wasm") {
        if target.lacks().is_some() {
            continue; // named by archive_is_clean
        }
        let archive = spoiled(target, "missing", "", &[]);
        let hidden = c::run(
            target
                .tool("objcopy")
                .arg("-L")
                .arg("weir_version")
                .arg(&archive),
        );
        assert!(hidden.good, "{}", hidden.text);
        let outcome = check(&archive, target);
        assert!(
            !outcome.good && outcome.text.contains("but not exported"),
            "{}",
            outcome.text
        );
    }
}

/// Two Rust libraries meet in one image: ours, and a stranger's whole `staticlib` with std.
#[test]
fn two_archives_link() {
    if let Some(why) = Target::host().lacks() {
        return c::skip("two_archives_link", &why);
    }
    let dir = c::scratch("two-archives");
    let stranger = "#[unsafe(no_mangle)] pub extern \"C\" fn stranger(n: usize) -> usize { \
                    let v: Vec<usize> = (0..n).collect(); v[n / 2] }";
    fs::write(dir.join("stranger.rs"), stranger).expect("the test's file");
    let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or("rustc".into()));
    rustc.args([
        "--crate-type",
        "staticlib",
        "--edition",
        "2024",
        "stranger.rs",
    ]);
    let made = c::run(rustc.current_dir(&dir));
    assert!(made.good, "{}", made.text);
    let user = "#include <weir.h>\nsize_t stranger(size_t); int main(void) \
                { return stranger(8) == 4 && weir_version()[0] == '0' ? 0 : 1; }\n";
    fs::write(dir.join("user.c"), user).expect("the test's file");
    let mut command = Target::host().compiler("c");
    command
        .arg(dir.join("user.c"))
        .arg("-o")
        .arg(dir.join("user"));
    command
        .args(["-Wl,--whole-archive"])
        .arg(Target::host().archive());
    command
        .args(["-Wl,--no-whole-archive"])
        .arg(dir.join("libstranger.a"));
    let linked = c::run(command.args(["-lpthread", "-ldl", "-lm"]));
    assert!(linked.good, "{}", linked.text);
    assert!(Target::host().run(&dir.join("user")).good);
}
