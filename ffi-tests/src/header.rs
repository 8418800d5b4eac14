//! `include/weir.h` as it must be: declarations from `src/abi` through cbindgen, macros from two
//! text files beside this one, the version from `Cargo.toml`.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    // Asked at run time first: one build folder may serve two checkouts.
    let built = env!("CARGO_MANIFEST_DIR").to_string();
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or(built);
    let root = Path::new(&package).parent();
    root.expect("ffi-tests lies in the repository")
        .to_path_buf()
}

/// The contents of a file of the repository, named from its root.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// The version of the package `weir`, from its manifest: the only place that states it.
pub fn version() -> String {
    let manifest = read("Cargo.toml");
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = "));
    line.expect("Cargo.toml states a version")
        .trim_matches('"')
        .to_string()
}

fn bindings() -> cbindgen::Bindings {
    let version = version();
    let mut parts = version.split(['.', '-']);
    let mut part = || parts.next().expect("a version has three parts").to_string();
    let prelude = read("ffi-tests/src/header/prelude.h")
        .replace("@VERSION@", &version)
        .replace("@MAJOR@", &part())
        .replace("@MINOR@", &part())
        .replace("@PATCH@", &part());
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml"))
        .unwrap_or_else(|why| panic!("cbindgen.toml: {why}"));
    config.after_includes = Some(format!("\n{}", prelude.trim_end()));
    // Only src/abi is read: constants of other rooms are no business of C.
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(root().join("src/abi/mod.rs"))
        .generate()
        .unwrap_or_else(|why| panic!("cbindgen: {why}"))
}

/// The text of `include/weir.h`.
pub fn text() -> String {
    let mut bytes = Vec::new();
    bindings().write(&mut bytes);
    let text = String::from_utf8(bytes).expect("cbindgen writes UTF-8");
    // cbindgen puts a trailer outside the include guard; ours belongs inside.
    let guard = "#endif  /* WEIR_H */";
    let (body, _) = text
        .rsplit_once(guard)
        .expect("cbindgen closes the include guard");
    tidy(&format!(
        "{body}{}\n\n{guard}\n",
        read("ffi-tests/src/header/trailer.h").trim_end()
    ))
}

/// Rust's words into C's: no safety sections (the conventions say it once), no links, `self`.
fn for_c(text: &str) -> String {
    let mut out = String::new();
    let mut in_safety = false;
    for line in text.lines() {
        let comment = line.trim_start();
        in_safety = (in_safety || comment == "* # Safety") && comment != "*/";
        if !in_safety {
            out += &line
                .replace("self_", "self")
                .replace("[`", "`")
                .replace("`]", "`");
            out.push('\n');
        }
    }
    out.replace(" *\n */", " */")
}

/// What a person would have typed: short comments on one line, groups of constants without gaps,
/// negative constants in parentheses, no blank at the end of a line.
fn tidy(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in for_c(text).lines() {
        let mut line = line
            .trim_end()
            .replace("// __cplusplus", "/* __cplusplus */");
        line = line.replace("// extern \"C\"", "/* extern \"C\" */");
        if let Some(negative) = line
            .strip_prefix("#define WEIR_ERR_")
            .and_then(|l| l.split_once(" -"))
        {
            line = format!("#define WEIR_ERR_{} (-{})", negative.0, negative.1);
        }
        let tail = lines.len().saturating_sub(2);
        if let (" */", [open, only]) = (line.trim_start_matches("    "), &lines[tail..])
            && open.trim_start() == "/**"
            && let Some(words) = only.trim_start().strip_prefix("* ")
            && only.len() < 95
        {
            let indent = " ".repeat(open.len() - 3);
            let joined = format!("{indent}/** {words} */");
            lines.truncate(tail);
            lines.push(joined);
            continue;
        }
        if line.is_empty() && lines.last().is_some_and(String::is_empty) {
            continue;
        }
        lines.push(line);
    }
    let constant = |line: &String| line.starts_with("#define WEIR_") && !line.contains('(');
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let next = match lines.get(at + 1..) {
            Some([doc, define, ..]) if doc.starts_with("/** ") && doc.ends_with(" */") => define,
            Some([next, ..]) => next,
            _ => line,
        };
        let before = at.checked_sub(1).and_then(|before| lines.get(before));
        let status = |line: &String| line.starts_with("#define WEIR_ERR_");
        let joins = |line: &String| constant(line) || status(line);
        if line.is_empty() && joins(next) && before.is_some_and(joins) {
            continue;
        }
        out += line;
        out.push('\n');
    }
    out
}

/// The names an archive exports, sorted, one per line: the text of `docs/abi/symbols.txt`.
pub fn symbols(header: &str) -> String {
    let mut names: Vec<_> = declarations(header)
        .iter()
        .filter_map(|line| exported(line))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| format!("{name}\n")).collect()
}

/// Top-level declarations of the header, comments and preprocessor lines left out, one per entry.
pub fn declarations(header: &str) -> Vec<String> {
    let (mut out, mut open, mut depth) = (Vec::new(), String::new(), 0);
    for line in uncommented(header).lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("extern \"C\"") {
            continue;
        }
        depth += line.matches('{').count();
        depth = depth.saturating_sub(line.matches('}').count());
        open = format!("{open} {line}").trim().to_string();
        if depth == 0 && line.ends_with(';') {
            out.push(std::mem::take(&mut open));
        } else if depth == 0 && line == "}" {
            open.clear();
        }
    }
    out
}

/// The header without its comments and with macro definitions on one line.
pub fn uncommented(header: &str) -> String {
    let mut out = String::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    (out + rest).replace("\\\n", " ")
}

fn exported(declaration: &str) -> Option<String> {
    if declaration.starts_with("typedef") || declaration.starts_with("struct") {
        return None;
    }
    let head = declaration.split('(').next()?;
    let name = head.trim_end_matches(';').rsplit([' ', '*']).next()?;
    name.starts_with("weir_").then(|| name.to_string())
}

/// Every macro of the header: its name and its parameters.
pub fn macros(header: &str) -> Vec<(String, Vec<String>)> {
    let text = uncommented(header);
    let defines = text
        .lines()
        .filter_map(|line| line.strip_prefix("#define "));
    let mut out: Vec<(String, Vec<String>)> = defines
        .map(|line| {
            let end = line
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(line.len());
            let (name, rest) = line.split_at(end);
            let list = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
            let parameters = list.map_or("", |(list, _)| list).split(',').map(str::trim);
            let parameters = parameters
                .filter(|name| !name.is_empty())
                .map(str::to_string);
            (name.to_string(), parameters.collect())
        })
        .collect();
    out.sort();
    out.dedup();
    out
}
