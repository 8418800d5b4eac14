//! The C programs under AddressSanitizer, UndefinedBehaviorSanitizer and valgrind, and the proof
//! that these were looking.

use ffi_tests::c::{self, C_WARNINGS, Outcome, Target, WARNINGS, run};
use ffi_tests::fuzz::SANITIZED;
use ffi_tests::header::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that check what weir does; those that measure are not for here.
const PROGRAMS: &[&str] = &["balance", "complex", "mesh", "storage"];
/// The two compilers, each with its own sanitizers.
const COMPILERS: &[&str] = &["gcc", "clang"];

fn has(tool: &str) -> bool {
    run(Command::new(tool).arg("--version")).good
}

/// Compiles a C file, links it with the released archive of this machine.
fn build(compiler: &str, source: &Path, flags: &[&str], program: &Path) -> Outcome {
    let mut command = Command::new(compiler);
    command.current_dir(root()).args(["-std=c11", "-O1", "-g"]);
    command.args(["-Iinclude", "-Iffi-tests/c"]);
    command.args(WARNINGS).args(C_WARNINGS).args(flags);
    run(command
        .arg(source)
        .arg(Target::host().archive())
        .arg("-o")
        .arg(program))
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("a C file");
    path
}

/// Reads a byte behind an allocation, whose size is hidden from the compiler.
const TOO_FAR: &str = "#include <stdlib.h>\n#include <stdio.h>\n\
    int main(int count, char **words) {\n\
    unsigned char *volatile p = (unsigned char *)calloc(4, 1);\n\
    int byte = p ? p[3 + count] : 0; free(p); (void)words; printf(\"%d\\n\", byte); return 0; }\n";
/// Adds one to the largest number.
const OVERFLOW: &str = "#include <limits.h>\n#include <stdio.h>\n\
    int main(int count, char **words) { int most = INT_MAX - 1 + count; (void)words;\n\
    printf(\"%d\\n\", most + count); return 0; }\n";
/// Decides by memory nobody wrote, of which the library wrote all but the last word.
const UNWRITTEN: &str = "#include <stdio.h>\n#include <stdlib.h>\n#include <weir.h>\n\
    int main(void) { weir_complex_config *config = (weir_complex_config *)malloc(64);\n\
    int odd = 0; weir_complex_config_default(config);\n\
    if (((unsigned char *)config)[63] & 1) { odd = 1; }\n\
    printf(\"%d\\n\", odd); free(config); return 0; }\n";

#[test]
fn sanitizers_are_linked_and_silent() {
    if let Some(why) = Target::host().lacks() {
        return c::skip("sanitizers_are_linked_and_silent", &why);
    }
    for compiler in COMPILERS {
        if !has(compiler) {
            c::skip(compiler, "not installed: make setup");
            continue;
        }
        let folder = c::scratch(&format!("sanitized-{compiler}"));
        for (name, text, words) in [
            ("too_far", TOO_FAR, "heap-buffer-overflow"),
            ("overflow", OVERFLOW, "signed integer overflow"),
        ] {
            let source = written(&folder, &format!("{name}.c"), text);
            let built = build(compiler, &source, SANITIZED, &folder.join(name));
            assert!(built.good, "{compiler}: {}", built.text);
            let outcome = run(&mut Command::new(folder.join(name)));
            let seen = !outcome.good && outcome.text.contains(words);
            assert!(seen, "{compiler} does not see {name}: {}", outcome.text);
        }
        for name in PROGRAMS {
            let source = root().join(format!("ffi-tests/c/{name}.c"));
            let program = folder.join(format!("{name}-checks"));
            let built = build(compiler, &source, SANITIZED, &program);
            assert!(built.good, "{compiler}: {}", built.text);
            let symbols = run(Command::new("nm").arg(&program)).text;
            for symbol in ["__asan_init", "__ubsan_handle"] {
                assert!(symbols.contains(symbol), "{compiler} {name}: no {symbol}");
            }
            let outcome = Target::host().run(&program);
            assert!(outcome.good, "{compiler} {name}: {}", outcome.text);
            assert!(!outcome.text.contains("runtime error"), "{}", outcome.text);
            let last = outcome.text.trim_end().lines().last().unwrap_or_default();
            c::say(&format!("{last} ({compiler}, sanitized)"));
        }
    }
}

fn memcheck(program: &Path, words: &[&str]) -> Outcome {
    let mut command = Command::new("timeout");
    command.args(["300", "valgrind", "--quiet", "--error-exitcode=9"]);
    command.args(["--leak-check=full", "--show-leak-kinds=all"]);
    let excused = root().join("ffi-tests/c/valgrind.supp");
    command.arg(format!("--suppressions={}", excused.display()));
    run(command.arg(program).args(words))
}

#[test]
fn valgrind_is_silent() {
    if let Some(why) = Target::host().lacks() {
        return c::skip("valgrind_is_silent", &why);
    }
    if !has("valgrind") {
        return c::skip("valgrind_is_silent", "no valgrind: make setup");
    }
    let folder = c::scratch("valgrind");
    let source = written(&folder, "unwritten.c", UNWRITTEN);
    let built = build("gcc", &source, &[], &folder.join("unwritten"));
    assert!(built.good, "{}", built.text);
    let outcome = memcheck(&folder.join("unwritten"), &[]);
    let seen = !outcome.good && outcome.text.contains("uninitialised");
    assert!(
        seen,
        "valgrind does not see a planted read: {}",
        outcome.text
    );
    for name in ["balance", "complex", "mesh"] {
        let source = root().join(format!("ffi-tests/c/{name}.c"));
        let built = build("gcc", &source, &[], &folder.join(name));
        assert!(built.good, "{}", built.text);
        let outcome = memcheck(&folder.join(name), &[]);
        assert!(outcome.good, "{name}: {}", outcome.text);
        let last = outcome.text.trim_end().lines().last().unwrap_or_default();
        c::say(&format!("{last} (valgrind)"));
    }
    let source = root().join("ffi-tests/c/fuzz.c");
    let built = build("gcc", &source, &[], &folder.join("fuzz"));
    assert!(built.good, "{}", built.text);
    for target in ["frames", "snapshot", "mesh_config"] {
        let outcome = memcheck(&folder.join("fuzz"), &["run", target, "10", "1"]);
        assert!(outcome.good, "{target}: {}", outcome.text);
    }
}
