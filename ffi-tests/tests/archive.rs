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

fn tool(target: Target, name: &str) -> Command {
    match target {
        Target::Host => Command::new(name),
        Target::Rv32 => Command::new(format!("riscv64-unknown-elf-{name}")),
    }
}

#[test]
fn archives_are_clean() {
    for target in Target::ALL {
        if let Some(why) = target.lacks() {
            c::skip(&format!("archives_are_clean, {}", target.triple()), &why);
            continue;
        }
        let outcome = check(&target.archive(), target);
        assert!(outcome.good, "{}", outcome.text);
        c::say(outcome.text.trim());
        let none = [
            "members beyond one",
            "exported names beyond or missing from the list",
            "undefined names beyond the list",
            "reachable panic paths",
            "bytes of .data and .bss",
        ];
        for what in none {
            let row = format!("archive {}: {what}", target.triple());
            evidence::FIRST_MESH.figure(&row, 0, "", "==", 0, "make archive");
        }
    }
}

/// An archive of ours with one more object in its object, made from C.
fn spoiled(target: Target, name: &str, source: &str) -> PathBuf {
    let dir = c::scratch(&format!("archive-{name}-{}", target.triple()));
    let command = |command: &mut Command| {
        let outcome = c::run(command.current_dir(&dir));
        assert!(outcome.good, "{command:?}\n{}", outcome.text);
    };
    fs::write(dir.join("extra.c"), source).expect("the test's file");
    let mut compiler = target.compiler("c");
    command(compiler.args(["-O1", "-ffreestanding", "-c", "extra.c", "-o", "extra.o"]));
    command(tool(target, "ar").arg("x").arg(target.archive()));
    let mut link = target.compiler("c");
    command(link.args(["-r", "-nostdlib", "weir.o", "extra.o", "-o", "both.o"]));
    command(tool(target, "ar").args(["rcsD", "libweir.a", "both.o"]));
    dir.join("libweir.a")
}

fn is_found(name: &str, source: &str, finding: &str) {
    for target in Target::ALL {
        if let Some(why) = target.lacks() {
            c::skip(&format!("archive check {name}, {}", target.triple()), &why);
            continue;
        }
        let outcome = check(&spoiled(target, name, source), target);
        assert!(
            !outcome.good && outcome.text.contains(finding),
            "{target:?}: {}",
            outcome.text
        );
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
    for target in Target::ALL {
        if target.lacks().is_some() {
            continue; // named by archives_are_clean
        }
        let archive = spoiled(target, "members", "");
        let extra = archive.with_file_name("extra.o");
        let added = c::run(tool(target, "ar").arg("rcsD").arg(&archive).arg(extra));
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
    for target in Target::ALL {
        if target.lacks().is_some() {
            continue; // named by archives_are_clean
        }
        let archive = spoiled(target, "missing", "");
        let hidden = c::run(
            tool(target, "objcopy")
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
fn two_rust_archives_link() {
    if let Some(why) = Target::Host.lacks() {
        return c::skip("two_rust_archives_link", &why);
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
    let mut command = Target::Host.compiler("c");
    command
        .arg(dir.join("user.c"))
        .arg("-o")
        .arg(dir.join("user"));
    command
        .args(["-Wl,--whole-archive"])
        .arg(Target::Host.archive());
    command
        .args(["-Wl,--no-whole-archive"])
        .arg(dir.join("libstranger.a"));
    let linked = c::run(command.args(["-lpthread", "-ldl", "-lm"]));
    assert!(linked.good, "{}", linked.text);
    assert!(Target::Host.run(&dir.join("user")).good);
}
