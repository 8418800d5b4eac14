//! C and Rust see the same bytes behind every public struct: C prints them on every machine, the
//! committed tables show them, and every archive is compiled with assertions made from the tables.

use ffi_tests::c::{self, Target};
use ffi_tests::evidence;
use ffi_tests::header::{self, root};
use ffi_tests::layout;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

const COMMAND: &str = "cargo test -p ffi-tests --test conformance_layout";

/// The table as C prints it on that machine.
fn table(target: Target) -> Option<String> {
    if let Some(why) = target.lacks() {
        c::skip(&format!("layout on {}", target.name()), &why);
        return None;
    }
    let dir = c::scratch(&format!("layout-{}", target.name()));
    let file = dir.join("layout.c");
    fs::write(&file, layout::c_program(&header::read("include/weir.h"))).expect("layout.c");
    let built = target.build(&file.to_string_lossy(), &[], &dir.join("layout"));
    assert!(built.is_ok(), "{built:?}");
    let outcome = target.run(&dir.join("layout"));
    assert!(outcome.good, "{}", outcome.text);
    Some(outcome.text)
}

/// One table for all machines with 32-bit pointers, one for all others, and the assertions in Rust
/// made from both.
#[test]
fn layout_matches_rust() {
    let mut tables: BTreeMap<u32, (String, &str)> = BTreeMap::new();
    let mut machines = 0;
    for target in Target::all() {
        let Some(table) = table(target) else { continue };
        let fields = table.lines().filter(|line| line.starts_with("field "));
        assert!(fields.count() > 100, "{table}");
        let width = layout::width(&table);
        let first = tables
            .entry(width)
            .or_insert((table.clone(), target.name()));
        let differs = table
            .lines()
            .zip(first.0.lines())
            .find(|(here, there)| here != there);
        assert!(
            table == first.0,
            "{} and {} differ: {differs:?}",
            target.name(),
            first.1
        );
        machines += 1;
    }
    for (width, (table, _)) in &tables {
        c::matches_committed(&format!("docs/abi/layout.{width}.txt"), table);
    }
    let committed = |width: u32| header::read(&format!("docs/abi/layout.{width}.txt"));
    c::matches_committed(
        "src/abi/layout.rs",
        &layout::rust(&committed(32), &committed(64)),
    );
    evidence::PROMISES.figure(
        "machines where C lays out every struct as Rust does",
        machines,
        "machines",
        ">=",
        15,
        COMMAND,
    );
}

/// A copy of the crate whose assertions are as given, checked as the archive of this machine is.
fn compiles_with(assertions: &str) -> c::Outcome {
    let dir = c::scratch("layout-rust");
    let copied = c::run(Command::new("cp").arg("-r").args([
        root().join("src"),
        root().join("Cargo.lock"),
        dir.clone(),
    ]));
    assert!(copied.good, "{}", copied.text);
    let manifest = header::read("Cargo.toml");
    let (before, after) = manifest.split_once("members = [").expect("a workspace");
    let after = after.split_once(']').expect("a list").1;
    fs::write(
        dir.join("Cargo.toml"),
        format!("{before}members = []{after}"),
    )
    .expect("Cargo.toml");
    fs::write(dir.join("src/abi/layout.rs"), assertions).expect("layout.rs");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["check", "--quiet", "--offline", "--lib"]);
    cargo.args(["--features", "archive", "--target-dir"]);
    c::run(cargo.arg(env!("CARGO_TARGET_TMPDIR")).current_dir(&dir))
}

#[test]
fn wrong_layout_does_not_compile() {
    let right = header::read("src/abi/layout.rs");
    let outcome = compiles_with(&right);
    assert!(outcome.good, "{}", outcome.text);
    for (from, to) in [
        ("weir_seat, 8, 2;", "weir_seat, 8, 4;"),
        ("depth 2 2;", "depth 4 2;"),
        ("depth 2 2;", "depth 2 4;"),
    ] {
        assert!(right.contains(from), "{from}");
        let outcome = compiles_with(&right.replacen(from, to, 1));
        assert!(
            !outcome.good && outcome.text.contains("assertion failed"),
            "{to}: {}",
            outcome.text
        );
    }
}
