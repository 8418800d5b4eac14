//! The bill: what weir costs in flash, RAM and stack. `make size` prints it, `docs/size.json` holds
//! it, `docs/memory.md` shows it, and a test measures it again.
//!
//! The file holds `compilers` of each archive and three parts, each of rows with named figures in
//! bytes: `text` by archive and handle, `ram` by handle and capacities, `stack` by machine and
//! function; and `exceptions`, functions that may need more stack than [`stack::LIMIT`]. A further
//! handle is one row of [`measure::HANDLES`] and one program beside the others in
//! `ffi-tests/c/bill`.

pub mod map;
pub mod measure;
pub mod page;
pub mod stack;

use crate::c::{Target, say};
use crate::header::{read, root};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

/// Where the figures are kept.
pub const FILE: &str = "docs/size.json";
/// The page that shows them.
pub const PAGE: &str = "docs/memory.md";
/// How far a figure may be from the recorded one, with the same compilers.
const DRIFT: f64 = 0.02;

/// Figures by name.
pub type Figures = BTreeMap<String, u64>;
/// Rows of figures, by name.
pub type Rows = BTreeMap<String, Figures>;

/// A part of the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Code and constants, by archive and handle.
    Text,
    /// What a handle lies in, by handle and capacities.
    Ram,
    /// The deepest stack, by machine and function.
    Stack,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Text, Self::Ram, Self::Stack];

    /// Measures it on every machine that is here.
    #[must_use]
    pub fn measure(self) -> Rows {
        match self {
            Self::Text => measure::text(),
            Self::Ram => measure::ram(),
            Self::Stack => measure::stacks(),
        }
    }

    /// The archive that a row is about.
    fn triple(self, row: &str) -> &str {
        match self {
            Self::Text => row,
            Self::Ram => Target::rv32().triple(),
            Self::Stack => Target::named(row).triple(),
        }
    }
}

/// Everything that is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// By triple.
    pub compilers: BTreeMap<String, String>,
    /// Of [`Part::Text`].
    pub text: Rows,
    /// Of [`Part::Ram`].
    pub ram: Rows,
    /// Of [`Part::Stack`].
    pub stack: Rows,
    /// Functions above the limit of the stack, and what they may need.
    pub exceptions: Figures,
}

fn figures(of: &Value) -> Figures {
    let all = of.as_object().into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.clone(), value.as_u64()?)))
        .collect()
}

fn rows(of: &Value) -> Rows {
    let all = of.as_object().into_iter().flatten();
    all.map(|(name, row)| (name.clone(), figures(row)))
        .collect()
}

impl Bill {
    /// What [`FILE`] says; nothing if there is none.
    #[must_use]
    pub fn recorded() -> Self {
        let text = fs::read_to_string(root().join(FILE)).unwrap_or_default();
        let file: Value = serde_json::from_str(&text).unwrap_or_default();
        let compilers = file["compilers"].as_object().into_iter().flatten();
        Self {
            compilers: compilers
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_string())))
                .collect(),
            text: rows(&file["text"]),
            ram: rows(&file["ram"]),
            stack: rows(&file["stack"]),
            exceptions: figures(&file["exceptions"]),
        }
    }

    /// One part.
    #[must_use]
    pub fn part(&self, part: Part) -> &Rows {
        match part {
            Part::Text => &self.text,
            Part::Ram => &self.ram,
            Part::Stack => &self.stack,
        }
    }

    /// Takes a fresh measurement over; machines that are not here keep their rows. Exceptions are
    /// lowered and dropped, never raised or added.
    pub fn take(&mut self, part: Part, now: &Rows) {
        for row in now.keys() {
            let triple = part.triple(row);
            let compilers = measure::compilers(triple);
            self.compilers.insert(triple.to_string(), compilers);
        }
        match part {
            Part::Text => self.text.extend(now.clone()),
            Part::Ram => self.ram.clone_from(now),
            Part::Stack => {
                self.exceptions = stack::lowered(&self.exceptions, now);
                self.stack.extend(now.clone());
            }
        }
    }

    /// As it stands in [`FILE`], one row per line, so that a changed figure is a changed line.
    #[must_use]
    pub fn file(&self) -> String {
        let lines = |rows: Map<String, Value>| {
            let all = rows
                .iter()
                .map(|(name, row)| format!("    {}: {row}", json!(name)));
            all.collect::<Vec<_>>().join(",\n")
        };
        let part = |rows: &Rows| lines(rows.iter().map(|(k, v)| (k.clone(), json!(v))).collect());
        let compilers = self.compilers.iter();
        let compilers = lines(compilers.map(|(k, v)| (k.clone(), json!(v))).collect());
        format!(
            "{{\n  \"compilers\": {{\n{compilers}\n  }},\n  \"text\": {{\n{}\n  }},\n  \
             \"ram\": {{\n{}\n  }},\n  \"stack\": {{\n{}\n  }},\n  \"exceptions\": {}\n}}\n",
            part(&self.text),
            part(&self.ram),
            part(&self.stack),
            json!(self.exceptions)
        )
    }
}

/// Whether the figures of this run are to be the recorded ones.
#[must_use]
pub fn blessed() -> bool {
    std::env::var("WEIR_BLESS").as_deref() == Ok("1")
}

/// Records a measurement in both files.
pub fn record(part: Part, now: &Rows) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let mut bill = Bill::recorded();
    bill.take(part, now);
    let write = |path: &str, text: String| {
        fs::write(root().join(path), text).unwrap_or_else(|why| panic!("{path}: {why}"));
    };
    write(FILE, bill.file());
    write(PAGE, page::filled(&read(PAGE), &bill));
}

/// What differs by more than 2 %, or stands in one of the two only. A machine that is not here is
/// no difference.
#[must_use]
pub fn drift(then: &Rows, now: &Rows) -> Vec<String> {
    let mut faults = vec![];
    for (row, now) in now {
        let none = Figures::new();
        let then = then.get(row).unwrap_or(&none);
        for (name, was) in then {
            if !now.contains_key(name) {
                faults.push(format!("{row} {name}: was {was}, is not measured any more"));
            }
        }
        for (name, is) in now {
            let Some(was) = then.get(name) else {
                faults.push(format!("{row} {name}: {is}, is not in {FILE}"));
                continue;
            };
            let far = (*is as f64 - *was as f64).abs() > DRIFT * *was as f64;
            if far {
                let how = if is > was { "grew" } else { "shrank" };
                faults.push(format!("{row} {name} {how} from {was} to {is}"));
            }
        }
    }
    faults
}

/// Compares a measurement with the recorded bill, or with `WEIR_BLESS=1` records it. What another
/// compiler made is only told.
pub fn judge(part: Part, now: &Rows) {
    if blessed() {
        return record(part, now);
    }
    let bill = Bill::recorded();
    let same = |row: &str| {
        let triple = part.triple(row);
        bill.compilers.get(triple) == Some(&measure::compilers(triple))
    };
    let mut faults = vec![];
    for (row, figures) in now {
        let alone = Rows::from([(row.clone(), figures.clone())]);
        let found = drift(bill.part(part), &alone);
        if same(row) || !bill.compilers.contains_key(part.triple(row)) {
            faults.extend(found);
        } else {
            let compilers = measure::compilers(part.triple(row));
            say(&format!(
                "{row}: made by {compilers}, not by what {FILE} names: {} differ",
                found.len()
            ));
            found.iter().for_each(|fault| println!("{fault}"));
        }
    }
    assert!(
        faults.is_empty(),
        "{part:?}: WEIR_BLESS=1 make size records it:\n{}",
        faults.join("\n")
    );
}
