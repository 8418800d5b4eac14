//! The bill is what `docs/size.json` says, and within what was promised.

use ffi_tests::bill::measure::HANDLES;
use ffi_tests::bill::{Bill, Figures, PAGE, Part, Rows, blessed, drift, judge, page, stack};
use ffi_tests::c::{self, Target};
use ffi_tests::evidence;
use ffi_tests::header::read;

/// A promise is in kilobytes of 1,024 bytes.
const KB: u64 = 1024;
/// Bytes of a load record, of the head of a links record and of a link in it; see docs/wire.md.
const PAYLOAD: (u64, u64, u64) = (18, 4, 11);

fn tested(what: &str) -> String {
    format!("cargo test -p ffi-tests --test bill {what}")
}

/// Every exported function; the epoch is a constant.
fn functions() -> Vec<String> {
    let symbols = read("docs/abi/symbols.txt");
    let all = symbols.lines().filter(|name| !name.contains("abi_epoch"));
    all.map(str::to_string).collect()
}

fn promise_text(rows: &Rows) {
    let Some(row) = rows.get(Target::rv32().triple()) else {
        return;
    };
    let limits = [
        ("quickstart", "text of the quickstart's weir part", 24),
        ("mesh", "text of the mesh alone", 16),
        ("complex", "text of the complex alone", 12),
    ];
    for (handle, what, most) in limits {
        let name = format!("{what}, RV32IMAC");
        let command = tested("size_budget");
        evidence::PROMISES.figure(&name, row[handle], "bytes", "<=", most * KB, &command);
    }
    evidence::FIRST_MESH.measured(
        "text of quickstart's weir part on RV32IMAC",
        row["quickstart"],
        "bytes",
        &tested("size_budget"),
    );
}

/// What a mesh of eight neighbours needs besides its inbox (8 frames of 250 bytes, 3 bytes each for
/// length and signal) and its records: a load and a list of up to 8 links of each of 9 nodes, 24
/// bytes and the payload each.
fn besides_inbox_and_records(mesh: u64) -> u64 {
    let (load, head, link) = PAYLOAD;
    mesh - 8 * (250 + 3) - 9 * (2 * 24 + load + head + 8 * link)
}

fn promise_ram(now: &Rows) {
    let command = tested("size_budget");
    let figure = |case: &str| now.get(case).and_then(|row| row.get("32")).copied();
    if let Some(mesh) = figure("mesh-eight") {
        evidence::PROMISES.figure(
            "RAM of a mesh at 8 neighbours besides inbox and records, 32-bit",
            besides_inbox_and_records(mesh),
            "bytes",
            "<=",
            KB * 3 / 2,
            &command,
        );
    }
    if let (Some(mesh), Some(complex)) = (figure("mesh-demo"), figure("mesh-complex-demo")) {
        evidence::PROMISES.figure(
            "RAM of mesh and complex for the demo's parameters, 32-bit",
            mesh + complex,
            "bytes",
            "<=",
            20 * KB,
            &command,
        );
        for (handle, bytes) in [("mesh", mesh), ("complex", complex)] {
            let row = format!("RAM of {handle} for the demo's parameters");
            evidence::FIRST_MESH.measured(&row, bytes, "bytes", &command);
        }
    }
}

#[test]
fn size_budget() {
    let (text, ram) = (Part::Text.measure(), Part::Ram.measure());
    promise_text(&text);
    promise_ram(&ram);
    judge(Part::Text, &text);
    judge(Part::Ram, &ram);
}

fn promise_stack(stacks: &Figures) {
    let worst = stacks.iter().max_by_key(|(_, bytes)| **bytes);
    let (name, bytes) = worst.expect("a measured function");
    c::say(&format!("deepest on RV32IMAC: {name} {bytes} bytes"));
    let command = tested("stack_high_water");
    let what = "worst stack of any exported function, RV32IMAC";
    evidence::PROMISES.figure(what, *bytes, "bytes", "<=", stack::LIMIT, &command);
    evidence::FIRST_MESH.measured(
        "worst stack of one call on RV32IMAC",
        *bytes,
        "bytes",
        &command,
    );
    let lines = stacks
        .iter()
        .map(|(name, bytes)| format!("{bytes:5} {name}\n"));
    let lines: String = lines.collect();
    evidence::text("stack.riscv32imac-unknown-none-elf.txt", &lines);
}

#[test]
fn stack_high_water() {
    let now = Part::Stack.measure();
    for (machine, stacks) in &now {
        let exported = functions();
        let alone = |name: &&String| !(stacks.contains_key(*name) && exported.contains(name));
        let names = stacks.keys().chain(&exported);
        let alone: Vec<_> = names.filter(alone).collect();
        assert!(
            alone.is_empty(),
            "either in stack.c on {machine} or in docs/abi/symbols.txt: {alone:?}"
        );
    }
    if let Some(stacks) = now.get(stack::MACHINE) {
        promise_stack(stacks);
    }
    judge(Part::Stack, &now);
    if let Some(stacks) = now.get(stack::MACHINE) {
        let faults = stack::faults(stacks, &Bill::recorded().exceptions);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn page_is_what_the_bill_renders_to() {
    // A blessed run is just writing it.
    if !blessed() {
        let filled = page::filled(&read(PAGE), &Bill::recorded());
        assert!(
            filled == read(PAGE),
            "{PAGE} is old: WEIR_BLESS=1 make size"
        );
    }
}

#[test]
fn every_function_is_on_a_bill() {
    let programs = HANDLES.iter().map(|(_, source)| read(source));
    let all: Vec<String> = programs.collect();
    let calls = |name: &str| {
        let named = |text: &String| {
            let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            words.any(|word| word == name)
        };
        all.iter().any(named)
    };
    let missing: Vec<_> = functions()
        .into_iter()
        .filter(|name| !calls(name))
        .collect();
    assert!(missing.is_empty(), "in no program of HANDLES: {missing:?}");
}

#[test]
fn quickstart_runs_on_the_chip_it_is_billed_for() {
    if let Some(why) = Target::rv32().lacks() {
        return c::skip("the quickstart on RV32IMAC", &why);
    }
    let program = c::scratch("quickstart-rv32").join("quickstart");
    let source = "examples-c/quickstart/quickstart.c";
    let built = Target::rv32().build(source, &["-Wno-conversion"], &program);
    assert!(built.is_ok(), "{built:?}");
    let outcome = Target::rv32().run(&program);
    assert!(outcome.good, "{}", outcome.text);
}

#[test]
fn drift_is_two_percent_either_way() {
    let rows = |bytes: u64| {
        let figures = Figures::from([("mesh".to_string(), bytes)]);
        Rows::from([("chip".to_string(), figures)])
    };
    assert!(drift(&rows(1000), &rows(1020)).is_empty());
    assert!(drift(&rows(1000), &rows(1021))[0].contains("grew from 1000 to 1021"));
    assert!(drift(&rows(1000), &rows(980)).is_empty());
    assert!(drift(&rows(1000), &rows(979))[0].contains("shrank"));
    assert!(drift(&Rows::new(), &rows(1)).len() == 1);
    let renamed = Rows::from([("chip".to_string(), Figures::from([("node".to_string(), 5)]))]);
    assert_eq!(drift(&rows(1000), &renamed).len(), 2);
    // A machine that is not here.
    assert!(drift(&rows(1000), &Rows::new()).is_empty());
}

#[test]
fn file_holds_what_was_taken() {
    let mut bill = Bill::recorded();
    bill.exceptions.insert("weir_nothing".to_string(), 1);
    let file: serde_json::Value = serde_json::from_str(&bill.file()).expect("a file");
    assert_eq!(file["exceptions"]["weir_nothing"], 1);
    let text = file["text"].as_object().map_or(0, |rows| rows.len());
    assert_eq!(text, bill.text.len());
    assert_eq!(
        file["stack"].as_object().map_or(0, |rows| rows.len()),
        bill.stack.len()
    );
}
