//! The C programs of `ffi-tests/c`, on every machine of cmake/targets.txt.

use ffi_tests::c::{self, Target};
use ffi_tests::evidence;
use ffi_tests::header::root;

/// Runs one program on every machine, two at a time with the other tests of this file.
fn everywhere(program: &str) {
    for target in Target::all() {
        target.program(program, &[]);
    }
}

#[test]
fn balance_passes_everywhere() {
    everywhere("balance");
}

#[test]
fn complex_passes_everywhere() {
    everywhere("complex");
}

#[test]
fn mesh_passes_everywhere() {
    everywhere("mesh");
}

#[test]
fn storage_macro_bounds_runtime() {
    everywhere("storage");
}

/// The lines `<topic> <name> <number>` of a program's output.
fn figures(text: &str, topic: &str) -> Vec<(String, u64)> {
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix(topic)?.strip_prefix(' '));
    let pairs = rows.filter_map(|row| row.split_once(' '));
    pairs
        .filter_map(|(name, value)| Some((name.to_string(), value.parse().ok()?)))
        .collect()
}

#[test]
fn stack_of_every_call_stays_below_the_limit() {
    let Some(text) = Target::rv32().program("stack", &[]) else {
        return;
    };
    let mut rows = figures(&text, "stack");
    rows.sort_by_key(|(name, bytes)| (std::cmp::Reverse(*bytes), name.clone()));
    let command = "cargo test -p ffi-tests --test conformance_run stack";
    let (name, worst) = rows.first().expect("a measured function");
    c::say(&format!("deepest on RV32IMAC: {name} {worst} bytes"));
    evidence::FIRST_MESH.measured(
        "worst stack of one call on RV32IMAC",
        *worst,
        "bytes",
        command,
    );
    let table: String = rows
        .iter()
        .map(|(name, bytes)| format!("{bytes:5} {name}\n"))
        .collect();
    evidence::text("stack.riscv32imac-unknown-none-elf.txt", &table);
}

#[test]
fn bill_of_the_demo() {
    for target in Target::all() {
        let Some(text) = target.program("bill", &["-Iexamples-c/udp-mesh"]) else {
            continue;
        };
        for (handle, bytes) in figures(&text, "ram") {
            c::say(&format!(
                "{handle} for 64 nodes of degree 12 on {}: {bytes} bytes",
                target.triple()
            ));
            if target.name() == "rv32imac" {
                let row = format!("RAM of {handle} for the demo's parameters");
                let command = "cargo test -p ffi-tests --test conformance_run bill";
                evidence::FIRST_MESH.measured(&row, bytes, "bytes", command);
            }
        }
    }
}

/// Bytes of the archive's sections that a linked program kept, from the linker's map.
fn kept(map: &str, kinds: &[&str]) -> u64 {
    let (_, linked) = map
        .split_once("Linker script and memory map")
        .unwrap_or(("", map));
    let joined = linked.replace("\n                ", " ");
    let rows = joined.lines().filter(|line| line.contains("libweir.a("));
    rows.map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [section, address, size, ..] = words[..] else {
            return 0;
        };
        let number =
            |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0);
        let counts = kinds.iter().any(|kind| section.starts_with(kind)) && number(address) != 0;
        if counts { number(size) } else { 0 }
    })
    .sum()
}

#[test]
fn text_of_the_quickstart() {
    let quickstart = "examples-c/quickstart/quickstart.c";
    if let Some(why) = Target::rv32().lacks() {
        return c::skip("text_of_the_quickstart", &why);
    }
    assert!(root().join(quickstart).exists());
    let dir = c::scratch("quickstart-rv32");
    let map = format!("-Wl,-Map={}", dir.join("map").display());
    let built = Target::rv32().build(
        quickstart,
        &[&map, "-Wno-conversion"],
        &dir.join("quickstart"),
    );
    assert!(built.is_ok(), "{built:?}");
    let outcome = Target::rv32().run(&dir.join("quickstart"));
    assert!(outcome.good, "{}", outcome.text);
    let map = std::fs::read_to_string(dir.join("map")).expect("the linker's map");
    let bytes = kept(&map, &[".text", ".rodata", ".srodata"]);
    assert!(bytes > 0, "the map names no section of libweir.a");
    assert_eq!(kept(&map, &[".data", ".sdata", ".bss", ".sbss"]), 0);
    c::say(&format!(
        "quickstart on RV32IMAC: {bytes} bytes of weir's text and constants"
    ));
    let command = "cargo test -p ffi-tests --test conformance_run text";
    evidence::FIRST_MESH.measured(
        "text of quickstart's weir part on RV32IMAC",
        bytes,
        "bytes",
        command,
    );
}

#[test]
fn map_reader_counts_only_what_was_kept() {
    let map = "Discarded input sections\n .text.a 0x0 0x10 libweir.a(weir.o)\n\
               Linker script and memory map\n .text.b 0x80000000 0x20 libweir.a(weir.o)\n \
               .text.a_long_name_of_ours\n                0x80000020 0x8 dist/libweir.a(weir.o)\n \
               .text.main 0x80000100 0x99 main.o\n .debug_line 0x0 0x5 libweir.a(weir.o)\n";
    assert_eq!(kept(map, &[".text"]), 0x28);
}
