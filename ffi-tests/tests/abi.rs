//! The record of the binary interface in docs/abi is exact, and nothing changes undeclared.

use ffi_tests::c::{self, Target};
use ffi_tests::header::{self, root};
use record::{Change, Level, Record, change, declared};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

#[path = "abi/record.rs"]
mod record;

fn header_text() -> String {
    header::read("include/weir.h")
}

/// The interface of the working tree.
fn working() -> Record {
    let table = |width: u32| header::read(&format!("docs/abi/layout.{width}.txt"));
    Record::new(&header_text(), &[table(32), table(64)])
}

fn api_level() -> u32 {
    let text = header_text();
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("#define WEIR_API_LEVEL "));
    line.and_then(|level| level.parse().ok())
        .expect("the header states its level")
}

/// A version is out if the changelog has it, not marked as unreleased, or is beyond it.
fn is_released(version: &str) -> bool {
    let changelog = header::read("CHANGELOG.md");
    let heading = format!("## {version}");
    let mut headings = changelog.lines().filter(|line| line.starts_with(&heading));
    let heading = headings.next();
    heading.is_some_and(|line| !line.contains("unreleased"))
}

/// The records of docs/abi: `level-1.txt`, whose first line names the version.
fn levels() -> Vec<Level> {
    let mut out = vec![];
    for level in 1.. {
        let path = format!("docs/abi/level-{level}.txt");
        if !root().join(&path).exists() {
            break;
        }
        let text = header::read(&path);
        let version = text.lines().next().and_then(|line| line.rsplit(' ').next());
        out.push(Level {
            level,
            version: version.expect("a first line").to_string(),
            record: Record::parse(&text),
        });
    }
    out
}

/// Writes the record of the level at hand, unless it is out.
fn bless(now: &Record) {
    let (level, version) = (api_level(), header::version());
    let path = format!("docs/abi/level-{level}.txt");
    let stands = levels()
        .iter()
        .any(|old| old.level == level && is_released(&old.version));
    if std::env::var("WEIR_BLESS").as_deref() == Ok("1") && !stands {
        let head = format!(
            "# API level {level}, epoch {}, of version {version}\n",
            now.epoch()
        );
        fs::write(root().join(path), head + &now.text()).expect("a record");
    }
}

#[test]
fn abi_changes_are_declared() {
    let now = working();
    assert!(now.text().lines().count() > 500, "{}", now.text());
    bless(&now);
    if let Err(why) = declared(&now, api_level(), &levels(), is_released) {
        panic!("{why}");
    }
}

/// A small interface in the manner of the header.
const SMALL: &str = "\
declare weir_abi_epoch_1 = extern const uint8_t weir_abi_epoch_1;
declare weir_sized = typedef struct weir_sized { uint32_t size; uint32_t a; } weir_sized;
declare weir_fixed = typedef struct weir_fixed { uint32_t a; uint32_t b; } weir_fixed;
declare weir_do = weir_status weir_do(const struct weir_sized *, size_t);
macro WEIR_CONFIG_DEFAULT = { 1, 2 }
macro WEIR_BYTES = (n) (8 * (n))
64 struct weir_sized = 8 4
64 field weir_sized size = 0 4
64 field weir_sized a = 4 4
64 struct weir_fixed = 8 4
64 field weir_fixed a = 0 4
64 field weir_fixed b = 4 4
64 constant WEIR_OK = 0
64 constant WEIR_NODE_BYTES = 16
";

/// The small interface with replaced texts.
fn edited(edits: &[(&str, &str)]) -> Record {
    let replace = |text: String, (from, to): &(&str, &str)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    Record::parse(&edits.iter().fold(SMALL.to_string(), replace))
}

type Edits<'a> = &'a [(&'a str, &'a str)];

/// Changes that old programs do not notice.
fn harmless() -> Vec<(&'static str, Edits<'static>)> {
    vec![
        (
            "an added function",
            &[(
                "macro WEIR_BYTES",
                "declare weir_new = void weir_new(void);\nmacro WEIR_BYTES",
            )],
        ),
        (
            "an added constant",
            &[("64 constant", "64 constant WEIR_NEW = 7\n64 constant")],
        ),
        (
            "an added struct",
            &[(
                "64 constant",
                "64 struct weir_new = 4 4\n64 field weir_new a = 0 4\n64 constant",
            )],
        ),
        (
            "a field appended to a struct that says its size",
            &[
                (
                    "uint32_t a; } weir_sized",
                    "uint32_t a; uint32_t b; } weir_sized",
                ),
                (
                    "weir_sized = 8 4",
                    "weir_sized = 12 4\n64 field weir_sized b = 8 4",
                ),
            ],
        ),
        ("less memory", &[("_BYTES = 16", "_BYTES = 12")]),
        ("another default", &[("{ 1, 2 }", "{ 1, 3 }")]),
    ]
}

/// Changes that need another epoch.
fn harmful() -> Vec<(&'static str, Edits<'static>)> {
    vec![
        (
            "a removed function",
            &[(
                "declare weir_do = weir_status weir_do(const struct weir_sized *, size_t);\n",
                "",
            )],
        ),
        ("another type of a parameter", &[("size_t);", "uint32_t);")]),
        (
            "another result",
            &[("weir_status weir_do(", "void weir_do(")],
        ),
        ("a further parameter", &[("size_t);", "size_t, size_t);")]),
        ("a changed constant", &[("WEIR_OK = 0", "WEIR_OK = 1")]),
        ("a removed constant", &[("64 constant WEIR_OK = 0\n", "")]),
        (
            "reordered fields",
            &[
                ("size; uint32_t a; }", "a; uint32_t size; }"),
                ("weir_sized size = 0", "weir_sized size = 4"),
                ("weir_sized a = 4", "weir_sized a = 0"),
            ],
        ),
        (
            "another name of a field",
            &[
                ("uint32_t b; }", "uint32_t c; }"),
                ("64 field weir_fixed b", "64 field weir_fixed c"),
            ],
        ),
        (
            "a field appended to a struct that does not say its size",
            &[
                (
                    "uint32_t b; } weir_fixed",
                    "uint32_t b; uint32_t c; } weir_fixed",
                ),
                (
                    "weir_fixed = 8 4",
                    "weir_fixed = 12 4\n64 field weir_fixed c = 8 4",
                ),
            ],
        ),
        (
            "a field in the padding of a struct",
            &[
                (
                    "uint32_t a; } weir_sized",
                    "uint32_t a; uint8_t b; } weir_sized",
                ),
                (
                    "weir_sized a = 4 4",
                    "weir_sized a = 4 4\n64 field weir_sized b = 7 1",
                ),
            ],
        ),
        (
            "another alignment",
            &[("weir_sized = 8 4", "weir_sized = 16 8")],
        ),
        ("more memory", &[("_BYTES = 16", "_BYTES = 20")]),
        ("another formula of memory", &[("(8 * (n))", "(9 * (n))")]),
    ]
}

#[test]
fn changes_are_told_apart() {
    let old = Record::parse(SMALL);
    assert_eq!(change(&old, &old), Change::None);
    for (what, edits) in harmless() {
        let found = change(&old, &edited(edits));
        assert!(matches!(found, Change::Grown(_)), "{what}: {found:?}");
    }
    for (what, edits) in harmful() {
        let found = change(&old, &edited(edits));
        assert!(matches!(found, Change::Broken(_)), "{what}: {found:?}");
    }
}

/// After the release of 0.1.0 with level 1 and epoch 1: what is asked for each change.
#[test]
fn released_record_stands() {
    let level = |level, version: &str, record: &Record| Level {
        level,
        version: version.into(),
        record: record.clone(),
    };
    let old = Record::parse(SMALL);
    let out = |version: &str| version == "0.1.0";
    let first = || level(1, "0.1.0", &old);
    assert_eq!(declared(&old, 1, &[first()], out), Ok(()));
    assert!(declared(&old, 2, &[first(), level(2, "0.2.0", &old)], out).is_err());
    let refused = |now: &Record, number, words: &str| {
        // Accepting the record of that level is no way out.
        let levels = [first(), level(2, "0.2.0", now)];
        let why = declared(now, number, &levels[..number as usize], out);
        assert!(
            why.as_ref().is_err_and(|why| why.contains(words)),
            "{why:?}"
        );
    };
    for (_, edits) in harmless() {
        let now = edited(edits);
        refused(&now, 1, "raise WEIR_API_LEVEL to 2");
        let unblessed = declared(&now, 2, &[first()], out).expect_err("no record yet");
        assert!(unblessed.contains("WEIR_BLESS=1"), "{unblessed}");
        assert_eq!(
            declared(&now, 2, &[first(), level(2, "0.2.0", &now)], out),
            Ok(())
        );
    }
    for (_, edits) in harmful() {
        let now = edited(edits);
        refused(&now, 1, "weir_abi_epoch_1 to 2");
        refused(&now, 2, "weir_abi_epoch_1 to 2");
        let renewed = Record::parse(&now.text().replace("epoch_1", "epoch_2"));
        refused(&renewed, 1, "raise WEIR_API_LEVEL");
        assert_eq!(
            declared(&renewed, 2, &[first(), level(2, "0.2.0", &renewed)], out),
            Ok(())
        );
    }
    // Before the first release a record may be replaced, but not differ unseen.
    let now = edited(harmful()[0].1);
    let why = declared(&now, 1, &[first()], |_| false).expect_err("an old record");
    assert!(why.contains("WEIR_BLESS=1"), "{why}");
    assert_eq!(
        declared(&now, 1, &[level(1, "0.1.0", &now)], |_| false),
        Ok(())
    );
}

/// A shared object of C with debug information.
fn shared(dir: &Path, name: &str, source: &str) -> std::path::PathBuf {
    let file = dir.join(format!("{name}.c"));
    fs::write(&file, source).expect("the test's file");
    let mut command = Target::host().compiler("c");
    command.args(["-std=gnu2x", "-g", "-O0", "-fPIC", "-shared"]);
    let object = dir.join(format!("lib{name}.so"));
    let built = c::run(command.arg(&file).arg("-o").arg(&object));
    assert!(built.good, "{}", built.text);
    object
}

/// What abidiff says of two shared objects: its exit status as bits, and its words.
fn abidiff(old: &Path, new: &Path) -> (i32, String) {
    let output = Command::new("abidiff").arg(old).arg(new).output();
    let output = output.expect("abidiff runs");
    let code = output.status.code().expect("abidiff ends");
    assert_eq!(code & 3, 0, "abidiff failed: {output:?}");
    (code, String::from_utf8_lossy(&output.stdout).into_owned())
}

/// libabigail reads debug information, we read the header: both see the same changes.
#[test]
fn abidiff_agrees() {
    if !c::run(Command::new("abidiff").arg("--version")).good {
        return c::skip("abidiff_agrees", "no abidiff: make setup");
    }
    if let Some(why) = Target::host().lacks() {
        return c::skip("abidiff_agrees", &why);
    }
    let dir = c::scratch("abidiff");
    let text = header_text();
    let now = Record::new(&text, &[]);
    let included = format!("#include <weir.h>\n{}", now.bodies());
    let new = shared(&dir, "now", &included);
    for level in levels() {
        let old = shared(
            &dir,
            &format!("level{}", level.level),
            &level.record.definitions(),
        );
        let (code, words) = abidiff(&old, &new);
        match change(&level.record, &working()) {
            Change::None => assert_eq!(code, 0, "{words}"),
            Change::Grown(_) => assert_eq!(code & 8, 0, "{words}"),
            Change::Broken(_) => assert!(level.record.epoch() < now.epoch(), "{words}"),
        }
    }
    // Each edit is seen by both, and none by neither.
    let edits = [
        (
            "const char *weir_version(void);",
            "const char *weir_version(void); void weir_new(void);",
        ),
        ("const char *weir_version(void);", ""),
        (
            "weir_status_name(weir_status status)",
            "weir_status_name(int64_t status)",
        ),
        (
            "weir_status_name(weir_status status)",
            "weir_status_name(weir_status other)",
        ),
        ("    uint16_t parent;", "    uint32_t parent;"),
        ("    uint16_t root;", "    uint16_t root; uint16_t more;"),
        ("    uint16_t depth;", "    int16_t depth;"),
    ];
    for (at, (from, to)) in edits.into_iter().enumerate() {
        assert!(text.contains(from), "{from}");
        let then = Record::new(&text.replacen(from, to, 1), &[]);
        let old = shared(&dir, &format!("edit{at}"), &then.definitions());
        let (code, words) = abidiff(&old, &new);
        assert_eq!(
            code == 0,
            change(&then, &now) == Change::None,
            "{from} {to}: {words}"
        );
    }
}

/// The archives at hand with the first line of what they were built with; none if one is missing.
fn built() -> Option<Vec<(Target, String)>> {
    let mut out = vec![];
    for archive in c::archives() {
        let target = Target::of(archive).expect("every archive runs somewhere");
        let made = target.archive().with_file_name("libweir.toolchain.txt");
        let Ok(made) = fs::read_to_string(made) else {
            c::skip(
                "record of archives",
                &format!("no archive for {}", target.triple()),
            );
            return None;
        };
        out.push((target, made.lines().next().unwrap_or("").to_string()));
    }
    Some(out)
}

/// Compares with the committed record if the compilers are those it was made with. Others may
/// inline otherwise and call other helpers: then what differs is shown.
fn recorded(path: &str, head: &str, archives: &[(Target, String)], lines: &str) {
    let mut compilers: Vec<_> = archives.iter().map(|(_, made)| made.as_str()).collect();
    compilers.sort_unstable();
    compilers.dedup();
    let made_with = format!("# Made with {}.\n", compilers.join(", "));
    let text = format!("{head}{made_with}{lines}");
    let committed = fs::read_to_string(root().join(path)).unwrap_or_default();
    let bless = std::env::var("WEIR_BLESS").as_deref() == Ok("1");
    if bless || committed.is_empty() || committed.contains(&made_with) {
        return c::matches_committed(path, &text);
    }
    let differ = text
        .lines()
        .filter(|line| !committed.lines().any(|old| old == *line));
    let differ: Vec<_> = differ.collect();
    c::say(&format!(
        "{path} is of another compiler; here:\n  {}",
        differ.join("\n  ")
    ));
}

fn nm(target: Target, flags: &[&str]) -> Vec<Vec<String>> {
    let outcome = c::run(target.tool("nm").args(flags).arg(target.archive()));
    assert!(outcome.good, "{}", outcome.text);
    let lines = outcome.text.lines();
    let words = lines.map(|line| line.split_whitespace().map(str::to_string).collect());
    words.filter(|words: &Vec<_>| words.len() >= 2).collect()
}

/// What each archive leaves to the platform is exactly what docs/abi/undefined.txt says.
#[test]
fn undefined_names_are_recorded() {
    let Some(archives) = built() else { return };
    let mut lines = String::new();
    for (target, _) in &archives {
        let found = nm(*target, &["--undefined-only"]);
        let mut names: Vec<_> = found.iter().filter_map(|words| words.last()).collect();
        names.sort();
        names.dedup();
        let _ = writeln!(lines, "{}", target.triple());
        names.iter().for_each(|name| {
            let _ = writeln!(lines, "    {name}");
        });
    }
    let head = "# What each archive leaves to the libraries it is linked with: libc, libgcc or\n\
                # compiler-rt. What other compilers may need is in allowed.txt.\n\
                # WEIR_BLESS=1 cargo test -p ffi-tests --test abi\n";
    recorded("docs/abi/undefined.txt", head, &archives, &lines);
}

/// Bytes of each exported function. WebAssembly's tools give no sizes: there it is the distance to
/// the next function.
fn sizes(target: Target) -> BTreeMap<String, u64> {
    let number = |text: &str| u64::from_str_radix(text, 16).expect("a number");
    let wasm = target.triple().starts_with("wasm");
    let flags: &[&str] = if wasm {
        &["--defined-only"]
    } else {
        &["-S", "--defined-only"]
    };
    let code = nm(target, flags);
    let code: Vec<_> = code
        .iter()
        .filter(|words| words.iter().any(|w| w == "T" || w == "t"))
        .collect();
    let starts: std::collections::BTreeSet<u64> =
        code.iter().map(|words| number(&words[0])).collect();
    let mut out = BTreeMap::new();
    for words in code {
        let name = words.last().expect("a name");
        if !name.starts_with("weir_") {
            continue;
        }
        let bytes = if wasm {
            let at = number(&words[0]);
            let next = starts.range(at + 1..).next();
            next.expect("the last function is no exported one") - at
        } else {
            number(&words[1])
        };
        out.insert(name.clone(), bytes);
    }
    out
}

/// Text of each exported function on each target, itself only: what it calls is not in it.
#[test]
fn sizes_of_functions_are_recorded() {
    let Some(archives) = built() else { return };
    let columns: Vec<_> = archives.iter().map(|(target, _)| sizes(*target)).collect();
    let mut lines = String::new();
    for (at, (target, _)) in archives.iter().enumerate() {
        let _ = writeln!(lines, "# {:2} {}", at + 1, target.triple());
    }
    let numbers = (1..=archives.len()).map(|at| format!("{at:5}"));
    let _ = writeln!(lines, "#{:38}{}", "", numbers.collect::<String>());
    let names = header::symbols(&header_text());
    for name in names
        .lines()
        .filter(|name| !name.starts_with("weir_abi_epoch"))
    {
        let bytes = columns.iter().map(|column| match column.get(name) {
            Some(bytes) => format!("{bytes:5}"),
            None => panic!("{name} has no size"),
        });
        let _ = writeln!(lines, "{name:39}{}", bytes.collect::<String>());
    }
    let head = "# Bytes of text of each exported function, without what it calls.\n\
                # WEIR_BLESS=1 cargo test -p ffi-tests --test abi\n";
    recorded("docs/abi/functions.txt", head, &archives, &lines);
}
