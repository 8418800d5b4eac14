//! The table of targets: the page shows what the table says, and every archive runs somewhere.

use ffi_tests::c::{self, Target};
use std::fmt::Write;

const HEAD: &str = "# Targets

One archive per row, all from the same sources and all clean by the same check
([cmake/check-archive.sh](../cmake/check-archive.sh)): one member, exactly the names of
[abi/symbols.txt](abi/symbols.txt), no way to panic, no writable byte, no float arithmetic and no
instruction that the chip lacks. `make archive TARGET=<triple>` builds one, `make archives` all.

This page is made from [cmake/targets.txt](../cmake/targets.txt) by
`WEIR_BLESS=1 cargo test -p ffi-tests --test targets`.

| archive | C flags it fits | chips and systems | the C programs run on |
|---|---|---|---|
";

const TAIL: &str = "
*Small* machines run one scenario that fits 16 KB of RAM; all others run every program of
[ffi-tests/c](../ffi-tests/c). RISC-V machines are emulated without the extensions that the
archive's triple does not name, so a float or bit instruction traps.

Xtensa (ESP32, S2, S3) needs a forked compiler: there is no archive, and the header says so.
";

fn page() -> String {
    let mut text = HEAD.to_string();
    for archive in c::archives() {
        let machines = Target::machines().filter(|target| target.triple() == archive.triple);
        let machines: Vec<_> = machines
            .map(|target| {
                let small = if target.is_small() { " (small)" } else { "" };
                format!("{}{small}: {}", target.name(), target.emulator())
            })
            .collect();
        let flags = archive.flags.join(" ");
        let _ = writeln!(
            text,
            "| `{}` | `{flags}` | {} | {} |",
            archive.triple,
            archive.chips,
            machines.join(", ")
        );
    }
    text + TAIL
}

#[test]
fn page_of_targets_is_current() {
    c::matches_committed("docs/targets.md", &page());
}

#[test]
fn every_archive_runs_somewhere() {
    for archive in c::archives() {
        let mut machines = Target::all().filter(|target| target.triple() == archive.triple);
        assert!(machines.next().is_some(), "{} runs nowhere", archive.triple);
    }
}
