//! The fuzz targets of `ffi-tests/c/fuzz.c` as programs: with the released archive, and with one
//! that has every check on.

use crate::c::{self, Target, WARNINGS, run};
use crate::header::root;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What makes a program stop at the first wrong access and the first undefined operation.
pub const SANITIZED: &[&str] = &[
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
];

/// `target/fuzz/libweir.a`: the library with overflow and debug checks and AddressSanitizer, built
/// once for all tests of a program.
///
/// # Panics
/// If it cannot be built.
pub fn checked_archive() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut command = Command::new("python3");
        command.args(["ffi-tests/fuzz.py", "archive"]);
        let built = run(command.current_dir(root()));
        assert!(built.good, "{}", built.text);
        root().join("target/fuzz/libweir.a")
    })
}

/// The targets linked with the checked archive and sanitizers of this machine's compiler.
///
/// # Panics
/// If the program cannot be built.
pub fn checked_program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let program = c::scratch("fuzz-checked").join("fuzz");
        let mut command = Target::host().compiler("c");
        command.args(["-std=c11", "-O1", "-g"]).args(WARNINGS);
        command.args(SANITIZED).arg("ffi-tests/c/fuzz.c");
        command.arg(checked_archive());
        // What unwinding would need and nothing here does.
        command.arg("-Wl,--defsym=rust_eh_personality=0");
        let built = run(command.arg("-o").arg(&program));
        assert!(built.good, "{}", built.text);
        program
    })
}

/// The targets linked with the released archive; the C side has sanitizers.
///
/// # Panics
/// If the program cannot be built.
pub fn released_program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let program = c::scratch("fuzz-released").join("fuzz");
        let built = Target::host().build("ffi-tests/c/fuzz.c", SANITIZED, &program);
        assert!(built.is_ok(), "{built:?}");
        program
    })
}

/// Names in the table of targets; canaries, which must fail, come second.
///
/// # Panics
/// If the program does not run.
pub fn names(program: &Path) -> (Vec<String>, Vec<String>) {
    let list = run(Command::new(program).arg("list"));
    assert!(list.good, "{}", list.text);
    let names = list.text.lines().map(String::from);
    names.partition(|name| !name.starts_with("canary_"))
}

/// Runs a target on a reproducible stream of inputs.
pub fn stream(program: &Path, target: &str, times: u32, seed: u32) -> c::Outcome {
    let (times, seed) = (times.to_string(), seed.to_string());
    run(Command::new("timeout")
        .arg("300")
        .arg(program)
        .args(["run", target, &times, &seed]))
}
