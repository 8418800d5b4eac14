//! The binary interface as a record of lines, and the rule for what may become of it.
//!
//! A line is `key = value`. Keys are `declare NAME` (a C declaration without names of parameters),
//! `macro NAME`, and for pointers of 32 and of 64 bits `32 struct NAME` (size and alignment),
//! `32 field NAME FIELD` (offset and size) and `32 constant NAME`.

use ffi_tests::{header, layout};
use std::fmt::Write;

/// The record, in the order of the header.
#[derive(Clone, Debug, PartialEq)]
pub struct Record(Vec<(String, String)>);

/// What became of an interface.
#[derive(Debug, PartialEq)]
pub enum Change {
    /// Nothing.
    None,
    /// Old programs go on as before; this is what new ones may use.
    Grown(Vec<String>),
    /// This is what old programs would stumble over.
    Broken(Vec<String>),
}

/// A committed record.
pub struct Level {
    /// Its API level.
    pub level: u32,
    /// The version whose release brought it, or will.
    pub version: String,
    pub record: Record,
}

/// `type name` without the name; a type alone stays as it is.
fn nameless(parameter: &str) -> String {
    let parameter = parameter.trim();
    let stem = parameter.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    let is_type = stem.is_empty() || ["const ", "struct "].iter().any(|end| stem.ends_with(end));
    let kept = if is_type { parameter } else { stem.trim() };
    kept.to_string()
}

/// A declaration as the record has it: what a caller is compiled with, and no more.
fn plain(declaration: &str) -> String {
    let declaration = declaration.trim_start_matches("WEIR_CHECK_RESULT ");
    let function = !declaration.starts_with("typedef") && !declaration.starts_with("extern");
    match declaration.split_once('(') {
        Some((head, rest)) if function => {
            let list = rest.trim_end_matches(';').trim_end_matches(')');
            let types: Vec<_> = list.split(',').map(nameless).collect();
            format!("{head}({});", types.join(", "))
        }
        _ => declaration.to_string(),
    }
}

/// The declaration with lengths of arrays as numbers.
fn with_lengths(declaration: String, text: &str) -> String {
    let names = declaration.split("[WEIR_").skip(1);
    let names = names.filter_map(|rest| Some(format!("WEIR_{}", rest.split_once(']')?.0)));
    names.fold(declaration.clone(), |out, name| {
        out.replace(
            &format!("[{name}]"),
            &format!("[{}]", macro_text(text, &name)),
        )
    })
}

/// The name a declaration introduces.
fn name(declaration: &str) -> &str {
    let head = match declaration.split_once(['(', '{']) {
        Some((head, _)) => head,
        None => declaration.trim_end_matches(';'),
    };
    head.trim().rsplit([' ', '*']).next().unwrap_or(head)
}

/// The fields in the braces of a struct's declaration.
fn fields(declaration: &str) -> Option<Vec<&str>> {
    let body = declaration.split_once('{')?.1.rsplit_once('}')?.0;
    let fields = body.split(';').map(str::trim);
    Some(fields.filter(|field| !field.is_empty()).collect())
}

impl Record {
    /// From the text of a header and the tables that C printed.
    pub fn new(text: &str, tables: &[String]) -> Record {
        let mut lines = vec![];
        for declaration in header::declarations(text) {
            let declaration = with_lengths(plain(&declaration), text);
            lines.push((format!("declare {}", name(&declaration)), declaration));
        }
        for (name, parameters) in header::macros(text) {
            let default = name.ends_with("_CONFIG_DEFAULT");
            if default || !parameters.is_empty() {
                lines.push((format!("macro {name}"), macro_text(text, &name)));
            }
        }
        for table in tables {
            let width = layout::width(table);
            for line in table.lines().skip(1) {
                let words: Vec<_> = line.split(' ').collect();
                let names = if words[0] == "field" { 3 } else { 2 };
                let key = format!("{width} {}", words[..names].join(" "));
                lines.push((key, words[names..].join(" ")));
            }
        }
        Record(lines)
    }

    /// From lines `key = value`; lines that begin with # are comments.
    pub fn parse(text: &str) -> Record {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pair = |line: &str| {
            let (key, value) = line
                .split_once(" = ")
                .unwrap_or_else(|| panic!("no line of a record: {line}"));
            (key.to_string(), value.to_string())
        };
        Record(lines.map(pair).collect())
    }

    /// The lines.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (key, value) in &self.0 {
            let _ = writeln!(out, "{key} = {value}");
        }
        out
    }

    fn get(&self, key: &str) -> Option<&str> {
        let line = self.0.iter().find(|(name, _)| name == key);
        line.map(|(_, value)| value.as_str())
    }

    /// The number in the name `weir_abi_epoch_1`.
    pub fn epoch(&self) -> u32 {
        let prefix = "declare weir_abi_epoch_";
        let number = self.0.iter().find_map(|(key, _)| key.strip_prefix(prefix));
        let number = number.and_then(|number| number.parse().ok());
        number.expect("a record declares its epoch")
    }

    /// Whether a struct says its own size, so that fields may be appended.
    fn says_its_size(&self, name: &str) -> bool {
        let declaration = self.get(&format!("declare {name}")).unwrap_or("");
        let fields = fields(declaration).unwrap_or_default();
        let mut first = fields
            .iter()
            .filter(|field| **field != "const uint8_t *abi");
        first.next() == Some(&"uint32_t size")
    }

    /// C that defines everything this record declares, for tools that compare binaries.
    pub fn definitions(&self) -> String {
        let mut out = String::from("#include <stddef.h>\n#include <stdint.h>\n");
        for (key, declaration) in &self.0 {
            if key.starts_with("declare ") {
                let _ = writeln!(
                    out,
                    "{}",
                    definition(declaration).unwrap_or(declaration.clone())
                );
            }
        }
        out
    }

    /// C that defines only what the header, included before, declares and does not define.
    pub fn bodies(&self) -> String {
        let declared = self.0.iter().filter(|(key, _)| key.starts_with("declare "));
        let bodies = declared.filter_map(|(_, declaration)| definition(declaration));
        bodies.fold(String::new(), |out, body| out + &body + "\n")
    }
}

/// The definition of a declared function or object, if it is one.
fn definition(declaration: &str) -> Option<String> {
    if let Some(object) = declaration.strip_prefix("extern ") {
        return Some(object.replace(';', " = 1;"));
    }
    let function = declaration.ends_with(");") && !declaration.starts_with("typedef");
    function.then(|| declaration.replace(");", ") { __builtin_trap(); }"))
}

/// What follows the name of a macro, with single blanks.
fn macro_text(text: &str, name: &str) -> String {
    let text = header::uncommented(text);
    let body = text.lines().find_map(|line| {
        let rest = line.strip_prefix("#define ")?.strip_prefix(name)?;
        rest.starts_with([' ', '(']).then_some(rest)
    });
    let words: Vec<_> = body.expect("a macro").split_whitespace().collect();
    words.join(" ")
}

fn numbers(value: &str) -> Vec<i64> {
    let words = value.split(' ').map(str::parse);
    words.collect::<Result<_, _>>().unwrap_or_default()
}

/// Whether this new line only adds to what there was.
fn adds(old: &Record, key: &str, value: &str) -> bool {
    let words: Vec<_> = key.split(' ').collect();
    let &[width, "field", holder, _] = &words[..] else {
        return true;
    };
    let Some(size) = old.get(&format!("{width} struct {holder}")) else {
        return true; // the whole struct is new
    };
    // Within the old size lie bytes that an old program never set.
    old.says_its_size(holder) && numbers(value).first() >= numbers(size).first()
}

/// Whether an old program does not notice that this line changed.
fn is_compatible(old: &Record, key: &str, then: &str, now: &str) -> bool {
    let words: Vec<_> = key.split(' ').collect();
    match words[..] {
        ["declare", name] => match (fields(then), fields(now)) {
            (Some(then), Some(now)) => old.says_its_size(name) && now.starts_with(&then),
            _ => false,
        },
        [_, "struct", name] => match (&numbers(then)[..], &numbers(now)[..]) {
            ([then, align], [now, aligned]) => {
                old.says_its_size(name) && now > then && align == aligned
            }
            _ => false,
        },
        // A program lends as many bytes as it was compiled with: fewer would do.
        [_, "constant", name] if name.ends_with("_BYTES") => numbers(now) < numbers(then),
        // What it starts from is compiled into it.
        ["macro", name] => name.ends_with("_CONFIG_DEFAULT"),
        _ => false,
    }
}

/// What became of `old`.
pub fn change(old: &Record, new: &Record) -> Change {
    let (mut grown, mut broken) = (vec![], vec![]);
    for (key, then) in &old.0 {
        match new.get(key) {
            Some(now) if now == then => {}
            Some(now) if is_compatible(old, key, then, now) => {
                grown.push(format!("{key}: {then} -> {now}"));
            }
            Some(now) => broken.push(format!("{key}: {then} -> {now}")),
            None => broken.push(format!("{key} is gone")),
        }
    }
    for (key, value) in new.0.iter().filter(|(key, _)| old.get(key).is_none()) {
        if adds(old, key, value) {
            grown.push(format!("{key} is new"));
        } else {
            broken.push(format!("{key} is new in a struct that cannot grow there"));
        }
    }
    match (grown.is_empty(), broken.is_empty()) {
        (true, true) => Change::None,
        (false, true) => Change::Grown(grown),
        _ => Change::Broken(broken),
    }
}

/// Whether the interface of this level is declared as the rule wants it. `released` says which
/// versions are out: their records stand for ever.
pub fn declared(
    now: &Record,
    level: u32,
    levels: &[Level],
    released: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let out = levels.iter().filter(|level| released(&level.version));
    if let Some(last) = out.max_by_key(|level| level.level) {
        let raised = level == last.level + 1;
        match change(&last.record, now) {
            Change::None if level == last.level => {}
            Change::None => return Err(format!("nothing changed since level {}", last.level)),
            Change::Grown(what) if !raised => {
                let text = what.join("\n  ");
                return Err(format!(
                    "raise WEIR_API_LEVEL to {}:\n  {text}",
                    last.level + 1
                ));
            }
            Change::Broken(what) if !(raised && now.epoch() == last.record.epoch() + 1) => {
                return Err(format!(
                    "restore this, or rename weir_abi_epoch_{} to {} and raise WEIR_API_LEVEL \
                     to {}:\n  {}",
                    last.record.epoch(),
                    last.record.epoch() + 1,
                    last.level + 1,
                    what.join("\n  ")
                ));
            }
            _ => {}
        }
    }
    let committed = levels.iter().find(|committed| committed.level == level);
    match committed.map(|committed| change(&committed.record, now)) {
        Some(Change::None) => Ok(()),
        Some(Change::Grown(what) | Change::Broken(what)) => Err(format!(
            "docs/abi/level-{level}.txt is old; WEIR_BLESS=1 accepts it:\n  {}",
            what.join("\n  ")
        )),
        None => Err(format!(
            "docs/abi/level-{level}.txt is missing; WEIR_BLESS=1 makes it"
        )),
    }
}
