//! The tables of `docs/memory.md`, made from the bill and from the header. Each stands between
//! `<!-- bill: NAME -->` and `<!-- end -->`; the prose around them is written by hand.

use super::measure::{HANDLES, WHOLE};
use super::{Bill, Figures, Rows, stack};
use crate::header::{read, uncommented};

/// Macros whose formulas are shown.
const FORMULAS: [&str; 7] = [
    "WEIR_MESH_BYTES",
    "WEIR_MESH_SIGNED",
    "WEIR_COMPLEX_BYTES",
    "WEIR_COMPLEX_POOL_BYTES",
    "WEIR_MESH_COMPLEX_BYTES",
    "WEIR_MESH_EDGES",
    "WEIR_MESH_TRIANGLES",
];

/// Machines whose stacks are shown; [`super::FILE`] has all.
const MACHINES: [&str; 4] = ["rv32imac", "rv64imac", "cortex-m0-code-on-m3", "cortex-m3"];

/// A table of Markdown with aligned columns; the first row is the head.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (at, cell) in row.iter().enumerate() {
            let wide = widths[at];
            out += &if at == 0 {
                format!("| {cell:wide$} ")
            } else {
                format!("| {cell:>wide$} ")
            };
        }
        out += "|\n";
        if number == 0 {
            out += &widths.iter().enumerate().map(rule).collect::<String>();
            out += "|\n";
        }
    }
    out
}

fn rule((at, width): (usize, &usize)) -> String {
    let end = if at == 0 { "-" } else { ":" };
    format!("|{}{end}", "-".repeat(width + 1))
}

fn cell(row: Option<&Figures>, name: &str) -> String {
    row.and_then(|row| row.get(name))
        .map_or("-".into(), u64::to_string)
}

fn matrix(corner: &str, rows: &Rows, columns: &[&str]) -> String {
    let corner = [corner];
    let head = corner.iter().chain(columns).map(ToString::to_string);
    let line = |(name, row): (&String, &Figures)| {
        let cells = columns.iter().map(|column| cell(Some(row), column));
        [name.clone()].into_iter().chain(cells).collect()
    };
    let all: Vec<Vec<String>> = [head.collect()]
        .into_iter()
        .chain(rows.iter().map(line))
        .collect();
    table(&all)
}

fn text(bill: &Bill) -> String {
    let handles = HANDLES.iter().map(|(name, _)| *name);
    let columns: Vec<&str> = handles.chain([WHOLE]).collect();
    matrix("archive", &bill.text, &columns)
}

fn ram(bill: &Bill) -> String {
    matrix("handle and capacities", &bill.ram, &["32", "64", "macro"])
}

/// The deepest first.
fn stacks(bill: &Bill) -> String {
    let none = Figures::new();
    let first = bill.stack.get(stack::MACHINE).unwrap_or(&none);
    let mut names: Vec<&String> = first.keys().collect();
    names.sort_by_key(|name| (std::cmp::Reverse(first[*name]), *name));
    let head = ["function"].iter().chain(&MACHINES).chain(&["most of all"]);
    let mut all: Vec<Vec<String>> = vec![head.map(ToString::to_string).collect()];
    for name in names {
        let cells = MACHINES
            .iter()
            .map(|machine| cell(bill.stack.get(*machine), name));
        let most = bill.stack.values().filter_map(|row| row.get(name)).max();
        let most = most.map_or("-".into(), u64::to_string);
        all.push(
            [name.clone()]
                .into_iter()
                .chain(cells)
                .chain([most])
                .collect(),
        );
    }
    table(&all)
}

fn exceptions(bill: &Bill) -> String {
    let all = bill.exceptions.iter();
    let all = all.map(|(name, bytes)| vec![name.clone(), bytes.to_string()]);
    let head = vec!["function".to_string(), "may need".to_string()];
    table(&[head].into_iter().chain(all).collect::<Vec<_>>())
}

/// The header's macro as a formula: constants by value, no parentheses around single names.
fn formula(header: &str, name: &str) -> Option<String> {
    let joined = uncommented(header).replace("\\\n", " ");
    let defines = || {
        joined
            .lines()
            .filter_map(|line| line.strip_prefix("#define "))
    };
    let define = defines().find(|line| line.starts_with(&format!("{name}(")))?;
    let (parameters, body) = define.split_once('(')?.1.split_once(')')?;
    let mut body = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut constants: Vec<(&str, &str)> = defines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, value)| (name, value.trim()))
        .filter(|(_, value)| value.parse::<u64>().is_ok())
        .collect();
    // No constant's name is taken for the beginning of a longer one.
    constants.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in constants {
        body = body.replace(name, value);
    }
    for parameter in parameters.split(',').map(str::trim) {
        body = body.replace(&format!("({parameter})"), parameter);
    }
    (0..10).for_each(|digit| body = body.replace(&format!("{digit}u"), &digit.to_string()));
    let body = body
        .strip_prefix('(')
        .and_then(|body| body.strip_suffix(')'))?;
    Some(format!("{name}({parameters})\n    = {}\n", wrapped(body)))
}

/// Lines of a hundred columns at most, broken before operators.
fn wrapped(body: &str) -> String {
    let (mut out, mut width) = (String::new(), 6);
    for word in body.split(' ') {
        if width + word.len() > 80 && ["+", ":", "?", ">"].contains(&word) {
            out += "\n     ";
            width = 6;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out += word;
        width += word.len() + 1;
    }
    out
}

fn formulas() -> String {
    let header = read("include/weir.h");
    let one = |name: &&str| formula(&header, name).unwrap_or_else(|| panic!("no macro {name}"));
    let all: String = FORMULAS.iter().map(one).collect();
    format!("```text\n{all}```\n")
}

/// The tables, as [`super::PAGE`] shows them.
#[must_use]
pub fn tables(bill: &Bill) -> [(&'static str, String); 5] {
    [
        ("text", text(bill)),
        ("formulas", formulas()),
        ("ram", ram(bill)),
        ("exceptions", exceptions(bill)),
        ("stack", stacks(bill)),
    ]
}

/// The page with its tables made anew; panics if it has no place for one.
#[must_use]
pub fn filled(page: &str, bill: &Bill) -> String {
    let mut page = page.to_string();
    for (name, table) in tables(bill) {
        let begin = format!("<!-- bill: {name} -->\n");
        let place = page.split_once(&begin);
        let place = place.and_then(|(head, rest)| Some((head, rest.split_once("<!-- end -->")?.1)));
        let (head, tail) = place.unwrap_or_else(|| panic!("{} has no {begin}", super::PAGE));
        page = format!("{head}{begin}\n{table}\n<!-- end -->{tail}");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formula_is_the_macro_with_its_numbers() {
        let header = "#define A_FIXED 12\n#define A_FIXED_TOO 7\n#define A_BYTES(n, m) \\\n \
                      (A_FIXED + A_FIXED_TOO * (n) + 2u * ((m) + 1u))\n";
        let shown = formula(header, "A_BYTES").expect("a formula");
        assert_eq!(shown, "A_BYTES(n, m)\n    = 12 + 7 * n + 2 * (m + 1)\n");
    }

    #[test]
    fn page_keeps_its_prose() {
        let places: String = ["text", "formulas", "ram", "exceptions", "stack"]
            .map(|name| format!("before {name}\n<!-- bill: {name} -->\nold\n<!-- end -->\nafter\n"))
            .concat();
        let page = filled(&places, &Bill::default());
        assert!(!page.contains("old") && page.matches("after").count() == 5);
        assert_eq!(filled(&page, &Bill::default()), page);
    }
}
