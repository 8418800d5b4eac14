//! The rules of the house, as tests. Each check is a function from text to findings, and each is
//! shown a bad example first. A finding reads `file:line: what is banned, what to use`.

use ffi_tests::header::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tiers, lowest first. An import points strictly down, so rooms never import rooms.
const TIERS: &[&[&str]] = &[
    &["num", "digest", "random", "bytes", "time", "carve"],
    &["record", "trust"],
    &[
        "complex",
        "agent",
        "ensemble",
        "program",
        "memory",
        "aggregate",
        "regime",
        "wake",
        "codec",
        "learn",
        "mesh",
    ],
    &["sync"],
    &["abi"],
];
/// Who may import `record`, besides the tiers above the rooms.
const READERS_OF_RECORDS: &[&str] = &["mesh", "sync", "abi"];
/// Macros live at the root of the crate, whatever file defines them.
const MACROS: &[&str] = &["layout"];
/// What lies at the root: rooms first, then what a tool looks for there.
const ENTRIES: &[&str] = &[
    "src",
    "include",
    "ffi-tests",
    "examples-c",
    "cmake",
    "docs",
    ".ci",
    ".github",
    ".clang-format",
    ".gitignore",
    "CHANGELOG.md",
    "CMakeLists.txt",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "cbindgen.toml",
];
const LONGEST_FILE: usize = 650;
const LONGEST_LINE: usize = 100;
/// Written apart, so that this file passes its own test.
const UNFINISHED: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
];

/// One file: its path from the root, and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    fn new(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            text: text.into(),
        }
    }

    /// The room a file of `src` belongs to; `lib` for the map itself.
    fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or("");
        inside.split(['/', '.']).next().unwrap_or("")
    }

    fn finding(&self, line: usize, what: &str) -> String {
        format!("{}:{}: {what}", self.path, line + 1)
    }

    /// Lines up to the tests at the end of the file, comments cut off.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self
            .text
            .find("#[cfg(test)]\nmod ")
            .unwrap_or(self.text.len());
        let lines = self.text[..end].lines().enumerate();
        lines.map(|(at, line)| (at, line.split("//").next().unwrap_or("")))
    }
}

fn tier(room: &str) -> Option<usize> {
    TIERS.iter().position(|tier| tier.contains(&room))
}

fn imports(file: &File) -> Vec<String> {
    let own = file.room();
    let Some(here) = tier(own) else {
        let known = own == "lib" || !file.path.starts_with("src/");
        let finding = || file.finding(0, "this room is in no tier, add it to TIERS");
        return if known { vec![] } else { vec![finding()] };
    };
    let mut findings = vec![];
    for (at, line) in file.code() {
        for used in rooms_named(line) {
            let there = tier(used);
            let message = match there {
                _ if used == own => continue,
                None => format!("{used} is in no tier, add it to TIERS"),
                Some(there) if there >= here => {
                    format!("{own} imports {used}, imports point strictly down")
                }
                Some(_) if used == "record" && !READERS_OF_RECORDS.contains(&own) => {
                    format!("{own} imports record, only mesh and sync do")
                }
                Some(_) => continue,
            };
            findings.push(file.finding(at, &message));
        }
    }
    findings
}

/// Rooms after `crate::` on a line, also in `use crate::{a, b::C}`; macros have no room.
fn rooms_named(line: &str) -> Vec<&str> {
    let mut rooms = vec![];
    for rest in line.split("crate::").skip(1) {
        let mut depth = 0;
        for part in rest.split_inclusive([',', '{', '}']) {
            let name = part
                .trim()
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .next();
            let name = name.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
            let is_macro = name.is_some_and(|name| MACROS.contains(&name));
            if depth == usize::from(rest.starts_with('{')) && !is_macro {
                rooms.extend(name);
            }
            if !rest.starts_with('{') {
                break;
            }
            depth += part.matches('{').count();
            depth = depth.saturating_sub(part.matches('}').count());
        }
    }
    rooms
}

/// Whether a word stands on the line by itself.
fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|found| found == word)
}

fn banned_words(file: &File) -> Vec<String> {
    let mut findings = vec![];
    for (at, line) in file.code() {
        let unsafe_here = has_word(line, "unsafe") || line.contains("allow(unsafe_code)");
        if unsafe_here && file.room() != "abi" {
            findings.push(file.finding(at, "unsafe is banned, use src/abi"));
        }
        if has_word(line, "f32") || has_word(line, "f64") {
            findings.push(file.finding(at, "floats are banned, use Q16.16 or wider"));
        }
    }
    findings
}

fn form(file: &File) -> Vec<String> {
    let mut findings = vec![];
    if !file.text.starts_with("//!") {
        findings.push(file.finding(0, "a file opens with //! and says what it is for"));
    }
    if file.text.lines().count() > LONGEST_FILE {
        findings.push(file.finding(LONGEST_FILE, "file is too long, split it by subject"));
    }
    for (at, line) in file.text.lines().enumerate() {
        if line.chars().count() > LONGEST_LINE {
            findings.push(file.finding(at, "line is longer than 100 columns, break it"));
        }
        if let Some(word) = UNFINISHED.iter().find(|word| has_word(line, word)) {
            findings.push(file.finding(at, &format!("{word} is banned, do it or open an issue")));
        }
    }
    findings
}

/// Files that no `mod` line names.
fn orphans(files: &[File]) -> Vec<String> {
    let declared = |name: &str, from: &str| {
        files.iter().any(|file| {
            let stem = file.path.trim_end_matches(".rs");
            let inside = stem
                .strip_suffix("/mod")
                .or(stem.strip_suffix("/lib"))
                .unwrap_or(stem);
            let mut lines = file.text.lines().map(str::trim);
            inside == from
                && lines
                    .any(|line| line.ends_with(&format!("mod {name};")) && !line.starts_with("//"))
        })
    };
    let named = |file: &&File| {
        let path = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let root = matches!(name, "lib" | "main" | "build") || folder.ends_with("/bin");
        !root && !folder.ends_with("tests") && !declared(name, folder)
    };
    let lost = files.iter().filter(named);
    lost.map(|file| file.finding(0, "no mod line names this file, remove it or name it"))
        .collect()
}

/// Relative links of a page that lead nowhere.
fn links(page: &File, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
    let mut findings = vec![];
    let mut fenced = false;
    for (at, line) in page.text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for rest in line.split("](").skip(1) {
            let link = rest.split([')', ' ']).next().unwrap_or("");
            let file = link.split('#').next().unwrap_or("");
            if !(file.is_empty() || link.contains("://") || link.starts_with("mailto:"))
                && !exists(&folder.join(file))
            {
                findings.push(page.finding(at, &format!("link to {link} leads nowhere")));
            }
        }
    }
    findings
}

fn collect(folder: &Path, suffix: &str, out: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let skipped = ["target", "dist", "build", "node_modules"].contains(&name.as_str());
        if path.is_dir() && !skipped && !name.starts_with('.') {
            collect(&path, suffix, out);
        } else if name.ends_with(suffix) && path.is_file() {
            let inside = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy();
            out.push(File::new(
                &inside,
                &fs::read_to_string(&path).unwrap_or_default(),
            ));
        }
    }
}

fn files(folder: &str, suffix: &str) -> Vec<File> {
    let mut out = vec![];
    collect(&root().join(folder), suffix, &mut out);
    out
}

/// Tracked paths whose first part is no entry that the root has on purpose.
fn strangers(tracked: &str) -> Vec<String> {
    let first = |path: &str| path.split('/').next().unwrap_or("").to_string();
    let mut entries: Vec<_> = tracked.lines().map(first).collect();
    entries.dedup();
    entries.retain(|entry| !ENTRIES.contains(&entry.as_str()));
    entries
}

fn no_findings(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// The check finds what is wrong with this text, and says so in these words.
fn bites(check: impl Fn(&File) -> Vec<String>, path: &str, text: &str, words: &str) {
    let findings = check(&File::new(path, text));
    assert!(
        findings.iter().any(|found| found.contains(words)),
        "{text:?}: {findings:?}"
    );
}

#[test]
fn house_imports_point_strictly_down() {
    bites(
        imports,
        "src/num/wide.rs",
        "use crate::record::Row;",
        "num imports record",
    );
    bites(
        imports,
        "src/mesh/frame.rs",
        "use crate::complex::Complex;",
        "mesh imports complex",
    );
    bites(
        imports,
        "src/complex/mod.rs",
        "use crate::record::Row;",
        "only mesh and sync",
    );
    bites(
        imports,
        "src/complex/mod.rs",
        "    let x = crate::mesh::f();",
        "complex imports mesh",
    );
    bites(
        imports,
        "src/sync/flows.rs",
        "use crate::{num, abi::Gate};",
        "sync imports abi",
    );
    bites(imports, "src/parlour.rs", "", "in no tier");
    bites(
        imports,
        "src/mesh/mod.rs",
        "use crate::parlour;",
        "parlour is in no tier",
    );
    assert_eq!(
        rooms_named("use crate::{num::{Q, wide}, time, bytes::Reader};"),
        ["num", "time", "bytes"]
    );
    assert_eq!(
        rooms_named("crate::layout! { a(crate::time::Instant::ZERO)"),
        ["time"]
    );
    let fine = "use crate::record::Row;\nuse crate::num::{self, wide};\nuse crate::mesh::seal;\n";
    assert_eq!(
        imports(&File::new("src/mesh/frame.rs", fine)),
        Vec::<String>::new()
    );
    no_findings(files("src", ".rs").iter().flat_map(imports).collect());
}

#[test]
fn house_unsafe_and_floats_stay_out() {
    bites(
        banned_words,
        "src/num/mod.rs",
        "unsafe { x() }",
        "use src/abi",
    );
    bites(
        banned_words,
        "src/num/mod.rs",
        "#![allow(unsafe_code)]",
        "use src/abi",
    );
    bites(
        banned_words,
        "src/abi/mod.rs",
        "let x: f32 = y;",
        "floats are banned",
    );
    bites(
        banned_words,
        "src/time.rs",
        "let x = y as f64;",
        "floats are banned",
    );
    let fine =
        "/// Not an f64, nothing unsafe.\nlet f64x = 1; // f32\n#[cfg(test)]\nmod t { f64 }\n";
    assert_eq!(
        banned_words(&File::new("src/num/mod.rs", fine)),
        Vec::<String>::new()
    );
    no_findings(files("src", ".rs").iter().flat_map(banned_words).collect());
}

#[test]
fn house_files_have_a_head_and_a_size() {
    bites(form, "src/time.rs", "use core::mem;", "opens with //!");
    bites(form, "src/time.rs", &"//! a\n".repeat(651), "too long");
    bites(
        form,
        "src/time.rs",
        &format!("//! {}\n", "a".repeat(97)),
        "100 columns",
    );
    bites(
        form,
        "src/time.rs",
        concat!("//! a\n// TO", "DO: b\n"),
        "is banned, do it",
    );
    let mut all = files("src", ".rs");
    all.extend(files("ffi-tests", ".rs"));
    no_findings(all.iter().flat_map(form).collect());
}

#[test]
fn house_root_holds_what_it_should() {
    assert_eq!(strangers("src/lib.rs\nsrc/num/mod.rs\nREADME.md"), [""; 0]);
    assert_eq!(
        strangers("src/lib.rs\ntool.whl\nbuild/x"),
        ["tool.whl", "build"]
    );
    let mut list = Command::new("git");
    let listed = list.args(["ls-files"]).current_dir(root()).output();
    if let Some(listed) = listed.ok().filter(|listed| listed.status.success()) {
        no_findings(strangers(&String::from_utf8_lossy(&listed.stdout)));
    }
}

#[test]
fn house_no_file_is_an_orphan() {
    let tree = [
        File::new("src/lib.rs", "pub mod num;\n// mod time;\n"),
        File::new("src/num/mod.rs", "mod wide;\n"),
        File::new("src/num/wide.rs", ""),
        File::new("src/time.rs", ""),
        File::new("src/num/lost.rs", ""),
    ];
    let lost = orphans(&tree);
    assert!(lost.len() == 2 && lost[0].contains("src/time.rs") && lost[1].contains("lost.rs"));
    no_findings(orphans(&files("src", ".rs")));
    no_findings(orphans(&files("ffi-tests/src", ".rs")));
}

#[test]
fn house_links_lead_somewhere() {
    let exists = |path: &Path| path == Path::new("docs/wire.md");
    let page = |text: &str| links(&File::new("docs/a.md", text), exists).len();
    assert_eq!(
        page("[w](wire.md) [x](wire.md#head) [y](https://a.b/c) [z](#here)"),
        0
    );
    assert_eq!(page("[w](wires.md)\n[x](missing/wire.md)"), 2);
    assert_eq!(page("```\n[w](wires.md)\n```"), 0);
    let here = |path: &Path| root().join(path).exists();
    no_findings(
        files(".", ".md")
            .iter()
            .flat_map(|page| links(page, here))
            .collect(),
    );
}
