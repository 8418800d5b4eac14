//! C and Rust see the same bytes behind every public struct, and the committed table shows them.

use ffi_tests::c::{self, Target};
use ffi_tests::header::{self, root};
use ffi_tests::layout;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The table as C prints it on that target.
fn table(target: Target) -> Option<String> {
    if let Some(why) = target.lacks() {
        c::skip(&format!("layout on {}", target.triple()), &why);
        return None;
    }
    let dir = c::scratch(&format!("layout-{}", target.triple()));
    let file = dir.join("layout.c");
    fs::write(&file, layout::c_program(&header::read("include/weir.h"))).expect("layout.c");
    let built = target.build(&file.to_string_lossy(), &[], &dir.join("layout"));
    assert!(built.is_ok(), "{built:?}");
    let outcome = target.run(&dir.join("layout"));
    assert!(outcome.good, "{}", outcome.text);
    Some(outcome.text)
}

/// Compiles the assertions against the real crate, for the target itself.
fn rust_agrees(target: Target, table: &str) -> c::Outcome {
    let dir = c::scratch(&format!("layout-rust-{}", target.triple()));
    fs::create_dir_all(dir.join("src")).expect("a folder");
    fs::write(dir.join("src/lib.rs"), layout::rust_program(table)).expect("lib.rs");
    let manifest = format!(
        "[package]\nname = \"layout\"\nedition = \"2024\"\n[dependencies]\n\
         weir = {{ path = \"{}\" }}\n[workspace]\n",
        root().display()
    );
    fs::write(dir.join("Cargo.toml"), manifest).expect("Cargo.toml");
    fs::copy(root().join("Cargo.lock"), dir.join("Cargo.lock")).expect("Cargo.lock");
    let script = format!(
        "triple={0}; . cmake/release-rust.sh; \"$cargo\" check --quiet --offline {3} \
         --target {0} --manifest-path '{1}/Cargo.toml' --target-dir '{2}'",
        target.triple(),
        dir.display(),
        build_folder().display(),
        // Building core again for the host would take a minute and change nothing.
        if target.is_host() {
            ""
        } else {
            "\"${std[@]}\""
        },
    );
    c::run(
        Command::new("bash")
            .args(["-c", &script])
            .current_dir(root()),
    )
}

fn build_folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn layout_is_the_same_in_rust(target: Target) {
    let Some(table) = table(target) else { return };
    assert!(
        table
            .lines()
            .filter(|line| line.starts_with("field "))
            .count()
            > 4,
        "{table}"
    );
    let outcome = rust_agrees(target, &table);
    assert!(outcome.good, "{}", outcome.text);
    c::matches_committed(&format!("docs/abi/{}.layout.txt", target.triple()), &table);
}

#[test]
fn layout_matches_rust_on_the_host() {
    layout_is_the_same_in_rust(Target::host());
}

#[test]
fn layout_matches_rust_on_rv32() {
    layout_is_the_same_in_rust(Target::rv32());
}

#[test]
fn wrong_table_does_not_compile() {
    if Target::host().lacks().is_none() {
        let table = "struct weir_complex_config 4096\n";
        assert!(!rust_agrees(Target::host(), table).good);
    }
}
