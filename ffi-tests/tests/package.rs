//! The package as a stranger meets it: installed, fetched, or found by pkg-config, in C and in C++.

use ffi_tests::c::{self, Target};
use ffi_tests::header::{root, version};
use std::path::Path;
use std::process::Command;

fn succeed(command: &mut Command) -> String {
    let outcome = c::run(command);
    assert!(outcome.good, "{command:?}\n{}", outcome.text);
    outcome.text
}

/// Whether the tools are here and the archive is built; otherwise a named skip.
fn possible(what: &str, tools: &[&str]) -> bool {
    let absent = tools
        .iter()
        .find(|tool| !c::run(Command::new(tool).arg("--version")).good);
    let why = absent
        .map(|tool| format!("no {tool}"))
        .or_else(|| Target::host().lacks());
    if let Some(why) = &why {
        c::skip(what, why);
    }
    why.is_none()
}

fn install(prefix: &Path, build: &Path) {
    succeed(
        Command::new("cmake")
            .arg("-S")
            .arg(root())
            .arg("-B")
            .arg(build),
    );
    let mut command = Command::new("cmake");
    succeed(
        command
            .arg("--install")
            .arg(build)
            .arg("--prefix")
            .arg(prefix),
    );
}

fn consume(build: &Path, how: &str) {
    let source = root().join("ffi-tests/c/package");
    succeed(
        Command::new("cmake")
            .arg("-S")
            .arg(source)
            .arg("-B")
            .arg(build)
            .arg(how),
    );
    succeed(Command::new("cmake").arg("--build").arg(build));
    for program in ["consumer_c", "consumer_cpp"] {
        let said = succeed(&mut Command::new(build.join(program)));
        assert_eq!(said, format!("weir {} 1\n", version()), "{program}");
    }
}

#[test]
fn installed_package_is_found_and_links() {
    if possible("installed_package_is_found_and_links", &["cmake"]) {
        let dir = c::scratch("package-installed");
        install(&dir.join("first"), &dir.join("weir"));
        // Moved after installation: nothing in it may remember where it was.
        std::fs::rename(dir.join("first"), dir.join("prefix")).expect("moves");
        let how = format!("-DCMAKE_PREFIX_PATH={}", dir.join("prefix").display());
        consume(&dir.join("consumer"), &how);
    }
}

#[test]
fn fetched_tree_links() {
    if possible("fetched_tree_links", &["cmake"]) {
        let dir = c::scratch("package-fetched");
        consume(
            &dir.join("consumer"),
            &format!("-DWEIR_TREE={}", root().display()),
        );
        assert!(!dir.join("consumer/include").exists());
    }
}

#[test]
fn pkg_config_states_the_version_and_links() {
    if possible(
        "pkg_config_states_the_version_and_links",
        &["cmake", "pkg-config"],
    ) {
        let dir = c::scratch("package-pkg-config");
        install(&dir.join("prefix"), &dir.join("weir"));
        let prefix = dir.join("prefix/lib");
        let found = c::run(
            Command::new("find")
                .arg(dir.join("prefix"))
                .args(["-name", "weir.pc"]),
        );
        let folder = Path::new(found.text.trim())
            .parent()
            .unwrap_or(&prefix)
            .to_path_buf();
        let ask = |what: &[&str]| {
            let mut command = Command::new("pkg-config");
            succeed(
                command
                    .env("PKG_CONFIG_PATH", &folder)
                    .args(what)
                    .arg("weir"),
            )
        };
        assert_eq!(ask(&["--modversion"]).trim(), version());
        let flags = ask(&["--cflags", "--libs"]);
        let mut command = Command::new("cc");
        command.arg(root().join("ffi-tests/c/package/consumer.c"));
        command
            .args(flags.split_whitespace())
            .arg("-o")
            .arg(dir.join("consumer"));
        succeed(&mut command);
        succeed(&mut Command::new(dir.join("consumer")));
    }
}

#[test]
fn missing_archive_is_named() {
    if possible("missing_archive_is_named", &["cmake"]) {
        let dir = c::scratch("package-missing");
        let mut command = Command::new("cmake");
        command
            .arg("-S")
            .arg(root())
            .arg("-B")
            .arg(dir.join("weir"));
        let outcome = c::run(command.arg("-DWEIR_RUST_TARGET=pdp11-unknown-none"));
        assert!(
            !outcome.good && outcome.text.contains("pdp11-unknown-none"),
            "{}",
            outcome.text
        );
        assert!(
            outcome.text.contains("x86_64-unknown-linux-gnu"),
            "{}",
            outcome.text
        );
    }
}
