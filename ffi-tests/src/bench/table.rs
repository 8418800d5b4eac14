//! `docs/benchmarks.json`, and the page that is made from it: ours beside the number to beat.
//!
//! The file holds `toolchain`, `host` (in general terms), and `rows`. A row is {group, name,
//! machine, unit, weir, range, op, target, beat, source}; `weir` is null where only a peer is
//! measured, `beat` where there is nothing to compare with. Rows of instructions have {weir, range,
//! beat} on the other chip in `cortex_m3`. Rows with machine "host" are times of one run; all
//! others are exact.

use serde_json::{Value, json};
use std::fmt::Write;

/// The machine of the rows that were timed.
pub const HOST: &str = "host";

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Heading it stands under.
    pub group: String,
    /// What was measured.
    pub name: String,
    /// Where.
    pub machine: String,
    /// Of `weir`, `range`, `target` and `beat`.
    pub unit: String,
    /// Ours: the median if it varies.
    pub weir: Value,
    /// Least and most of ours.
    pub range: Option<(Value, Value)>,
    /// `<=` or `==`, with `target`.
    pub op: Value,
    /// What was promised of `weir`, or of `beat` where there is no `weir`.
    pub target: Value,
    /// The peer's figure.
    pub beat: Value,
    /// What the peer is.
    pub source: Value,
    /// `weir`, `range` and `beat` on Cortex-M3, or null.
    pub cortex_m3: Value,
    /// Whether it is a row of `docs/evidence.json` too.
    pub must: bool,
}

impl Row {
    /// A row without figures.
    #[must_use]
    pub fn new(group: &str, name: String, machine: &str, unit: &str) -> Self {
        Self {
            group: group.into(),
            name,
            machine: machine.into(),
            unit: unit.into(),
            weir: Value::Null,
            range: None,
            op: Value::Null,
            target: Value::Null,
            beat: Value::Null,
            source: Value::Null,
            cortex_m3: Value::Null,
            must: false,
        }
    }

    /// With our figure.
    #[must_use]
    pub fn weir(mut self, value: impl Into<Value>) -> Self {
        self.weir = value.into();
        self
    }

    /// With a target.
    #[must_use]
    pub fn target(mut self, op: &str, target: impl Into<Value>) -> Self {
        (self.op, self.target) = (op.into(), target.into());
        self
    }

    /// With a peer.
    #[must_use]
    pub fn beat(mut self, value: impl Into<Value>, source: &str) -> Self {
        (self.beat, self.source) = (value.into(), source.into());
        self
    }

    /// As a promise that is shown in the evidence.
    #[must_use]
    pub fn must(mut self) -> Self {
        self.must = true;
        self
    }

    /// As it stands in the file.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut row = json!({
            "group": self.group, "name": self.name, "machine": self.machine, "unit": self.unit,
            "weir": self.weir, "op": self.op, "target": self.target, "beat": self.beat,
            "source": self.source,
        });
        if let Some((least, most)) = &self.range {
            row["range"] = json!([least, most]);
        }
        if !self.cortex_m3.is_null() {
            row["cortex_m3"] = self.cortex_m3.clone();
        }
        row
    }

    /// As a row of the evidence: our figure, or the peer's where there is none of ours.
    #[must_use]
    pub fn evidence(&self) -> Value {
        let (whose, value) = match self.weir {
            Value::Null => ("peer: ", &self.beat),
            _ => ("", &self.weir),
        };
        let place = match self.machine.as_str() {
            HOST => " on the host",
            machine if machine.starts_with("rv32") => " on RV32IMAC",
            _ => "",
        };
        let measured = json!("measured");
        json!({
            "topic": crate::evidence::EXACT_AND_FAST.0,
            "row": format!("{whose}{}{place}", self.name),
            "value": value,
            "unit": self.unit,
            "op": if self.op.is_null() { &measured } else { &self.op },
            "target": self.target,
            "command": "make bench",
        })
    }
}

/// The file, one row per line, so that a changed figure is a changed line.
#[must_use]
pub fn file(toolchain: &str, host: &str, rows: &[Value]) -> String {
    let lines: Vec<String> = rows.iter().map(|row| format!("    {row}")).collect();
    format!(
        "{{\n  \"toolchain\": {},\n  \"host\": {},\n  \"rows\": [\n{}\n  ]\n}}\n",
        json!(toolchain),
        json!(host),
        lines.join(",\n")
    )
}

const HEAD: &str = "\
# Benchmarks

Made from [benchmarks.json](benchmarks.json) by `make bench`; a test fails if the two differ.

**Exact figures.** Instructions are those that the emulated chip executes: RV32IMAC without FPU and
bit manipulation, counted by QEMU with `-icount shift=0` through `minstret`, and Cortex-M3, counted
by a timer of the board while each instruction takes 1,024 ns of the emulated clock. They are
instructions, not cycles: no flash, no cache, no stalls. Range, target and ratio are RV32IMAC's;
the range on Cortex-M3 is in the file. The counter proves itself in every run on callees of known
length, and every result is compared with this library's on the host. Compiled by TOOLCHAIN,
opt-level \"s\", fat LTO, as in the archive; the soft-float peers too. A figure is the median over 9
flows uniform in +-100.0, 5 loads, 16 links or 63 arguments; the range is its least and most.
Networks are named with (nodes, edges, triangles); their seeds are in
`ffi-tests/src/bench/fixtures.rs`. Iterations, rounds and bytes follow from arithmetic alone.

**Times.** Microseconds of one thread, on HOST. Only the
ratios, measured in one run, mean something elsewhere, and they too vary from run to run by some
tenths. weir is the whole C call into the released archive (opt-level \"s\"), all checks included,
unless a row says otherwise; its peers are compiled with opt-level 3. The gradients and the solver
by triangles answer the same question, to less than 2^-14; the solver by nodes answers an easier
one, which is the same where there are no holes and no edges without triangles.

A target in bold is missed. `-` means that there is none, or that only the peer is measured here.
";

/// The page for a file.
#[must_use]
pub fn page(file: &Value) -> String {
    let text = |key: &str| file[key].as_str().unwrap_or("");
    let mut page = HEAD
        .replace("TOOLCHAIN", text("toolchain"))
        .replace("HOST", text("host"));
    let none = vec![];
    let rows = file["rows"].as_array().unwrap_or(&none);
    let mut group = "";
    for row in rows {
        let next = row["group"].as_str().unwrap_or("");
        if next != group {
            group = next;
            heading(&mut page, row, group);
        }
        line(&mut page, row);
    }
    page
}

fn heading(page: &mut String, row: &Value, group: &str) {
    let machine = row["machine"].as_str().unwrap_or("");
    let unit = row["unit"].as_str().unwrap_or("");
    let (also, heads, rule) = match row["cortex_m3"] {
        Value::Null => ("", "", ""),
        _ => (
            "; Cortex-M3, qemu -icount",
            " weir on M3 | to beat on M3 |",
            "---|---|",
        ),
    };
    let _ = write!(
        page,
        "\n## {group}\n\nMachine: {machine}{also}. Unit: {unit}.\n\n\
         | what | weir | range | target | to beat | to beat / weir |{heads} what is to beat |\n\
         |---|---|---|---|---|---|{rule}---|\n"
    );
}

fn line(page: &mut String, row: &Value) {
    let cell = |key: &str| row[key].as_str().unwrap_or("-").to_string();
    let range = row["range"].as_array().map_or("-".to_string(), |range| {
        format!("{} to {}", number(&range[0]), number(&range[1]))
    });
    let value = if row["weir"].is_null() {
        &row["beat"]
    } else {
        &row["weir"]
    };
    let target = match (row["op"].as_str(), row["target"].as_f64(), value.as_f64()) {
        (Some(op), Some(target), Some(value)) => {
            let met = if op == "<=" {
                value <= target
            } else {
                value == target
            };
            let text = format!("{} {}", op.replace("==", "="), number(&row["target"]));
            if met { text } else { format!("**{text}**") }
        }
        _ => "-".to_string(),
    };
    let ratio = match (row["beat"].as_f64(), row["weir"].as_f64()) {
        (Some(beat), Some(weir)) if weir > 0.0 => rounded(beat / weir),
        _ => "-".to_string(),
    };
    let other = match &row["cortex_m3"] {
        Value::Null => String::new(),
        other => format!(" {} | {} |", number(&other["weir"]), number(&other["beat"])),
    };
    let _ = writeln!(
        page,
        "| {} | {} | {range} | {target} | {} | {ratio} |{other} {} |",
        cell("name"),
        number(&row["weir"]),
        number(&row["beat"]),
        cell("source"),
    );
}

/// Three digits are what a ratio or a time is worth.
fn rounded(value: f64) -> String {
    match value {
        100.0.. => number(&json!(value.round() as u64)),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Whole numbers in groups of three; others as times.
fn number(value: &Value) -> String {
    let Some(whole) = value.as_u64() else {
        return value.as_f64().map_or("-".to_string(), rounded);
    };
    let digits = whole.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
