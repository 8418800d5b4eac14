//! Links one handle at a time, asks the library for sizes, and paints stacks.

use super::map::{DATA, TEXT, kept, kept_in_wasm, whole};
use super::{Figures, Rows};
use crate::c::{self, Target, run, scratch};
use crate::header::root;
use std::fs;

/// What firmware links: a name, and the program that calls it.
pub const HANDLES: [(&str, &str); 6] = [
    ("mesh", "ffi-tests/c/bill/mesh.c"),
    ("complex", "ffi-tests/c/bill/complex.c"),
    ("parts", "ffi-tests/c/bill/parts.c"),
    ("balance", "ffi-tests/c/bill/balance.c"),
    ("node", "ffi-tests/c/bill/node.c"),
    ("quickstart", "examples-c/quickstart/quickstart.c"),
];

/// What all functions of an archive are called in the bill.
pub const WHOLE: &str = "archive";

/// Lines `<topic> <name> <numbers>` of a program's output.
fn figures<'a>(text: &'a str, topic: &'a str) -> impl Iterator<Item = (&'a str, Vec<u64>)> {
    let rows = text
        .lines()
        .filter_map(move |line| line.strip_prefix(topic)?.strip_prefix(' '));
    rows.filter_map(|row| {
        let (name, numbers) = row.split_once(' ')?;
        let numbers: Result<Vec<u64>, _> = numbers.split(' ').map(str::parse).collect();
        Some((name, numbers.ok()?))
    })
}

/// What made an archive and links it.
#[must_use]
pub fn compilers(triple: &str) -> String {
    let path = root().join(format!("dist/lib/{triple}/libweir.toolchain.txt"));
    let made = fs::read_to_string(path).unwrap_or_default();
    let target = Target::all().find(|target| target.triple() == triple);
    let cc = target.map(|target| run(target.compiler("c").arg("--version")).text);
    let cc = cc.as_deref().and_then(|text| text.lines().next());
    let all = made.lines().chain(cc);
    all.collect::<Vec<_>>().join("; ")
}

/// The text of one handle.
fn linked(target: Target, name: &str, source: &str) -> Result<u64, String> {
    let dir = scratch(&format!("bill-{name}-{}", target.name()));
    let map = dir.join("map");
    // The warnings are for the tests of C; the quickstart is written for people.
    let flags = [&*format!("-Wl,--Map={}", map.display()), "-Wno-conversion"];
    target.build(source, &flags, &dir.join("program"))?;
    let map = fs::read_to_string(map).map_err(|why| why.to_string())?;
    if target.triple().starts_with("wasm") {
        return Ok(kept_in_wasm(&map));
    }
    let data = kept(&map, DATA);
    if data == 0 {
        Ok(kept(&map, TEXT))
    } else {
        Err(format!("{data} bytes of variables"))
    }
}

/// Text of every handle and of all functions, for every archive.
#[must_use]
pub fn text() -> Rows {
    let mut rows = Rows::new();
    for archive in c::archives() {
        let target = Target::all().find(|target| target.triple() == archive.triple);
        let target = target.unwrap_or_else(|| panic!("no machine runs {}", archive.triple));
        if let Some(why) = target.lacks() {
            c::skip(&format!("the bill of {}", archive.triple), &why);
            continue;
        }
        let of = |name: &str, source| {
            let bytes = linked(target, name, source);
            let bytes =
                bytes.unwrap_or_else(|why| panic!("{source} for {}: {why}", archive.triple));
            assert!(
                bytes > 0,
                "{source} for {}: nothing of weir",
                archive.triple
            );
            (name.to_string(), bytes)
        };
        let mut row: Figures = HANDLES
            .iter()
            .map(|(name, source)| of(name, source))
            .collect();
        let sections = run(target
            .tool("objdump")
            .args(["-h", "-w"])
            .arg(target.archive()));
        assert!(sections.good, "{}", sections.text);
        row.insert(WHOLE.to_string(), whole(&sections.text));
        rows.insert(archive.triple.clone(), row);
    }
    rows
}

/// Width of a pointer: 32 or 64.
fn width(target: Target) -> &'static str {
    let wide = ["x86_64", "aarch64", "s390x", "riscv64"];
    if wide.iter().any(|wide| target.triple().starts_with(wide)) {
        "64"
    } else {
        "32"
    }
}

/// RAM of every handle at worked capacities; panics if two machines of one width differ.
#[must_use]
pub fn ram() -> Rows {
    let mut rows = Rows::new();
    for target in Target::machines() {
        let Some(text) = target.program("bill/ram", &["-Iffi-tests/c", "-Iexamples-c/udp-mesh"])
        else {
            continue;
        };
        let mut all = 0;
        for (case, bytes) in figures(&text, "ram") {
            let row = rows.entry(case.to_string()).or_default();
            for (name, bytes) in [width(target), "macro"].into_iter().zip(&bytes) {
                let before = row.insert(name.to_string(), *bytes);
                let same = before.is_none_or(|before| before == *bytes);
                assert!(
                    same,
                    "{case} {name} on {}: {bytes}, elsewhere {before:?}",
                    target.name()
                );
            }
            all += 1;
        }
        assert_eq!(all, rows.len(), "{}", target.name());
    }
    rows
}

/// Deepest stack of every function, on every machine without an operating system.
#[must_use]
pub fn stacks() -> Rows {
    let mut rows = Rows::new();
    for target in Target::all().filter(|target| target.triple().contains("-none-")) {
        if let Some(text) = target.program("stack", &[]) {
            let all = figures(&text, "stack");
            let all = all.map(|(name, bytes)| (name.to_string(), bytes[0]));
            rows.insert(target.name().to_string(), all.collect());
        }
    }
    rows
}
