//! `include/weir.h` is what the sources say, and keeps the manners of a header others include.

use ffi_tests::c::{self, Target};
use ffi_tests::header;
use std::fs;

fn committed() -> String {
    header::read("include/weir.h")
}

#[test]
fn header_is_current() {
    let (committed, made) = (committed(), header::text());
    let differs = committed
        .lines()
        .zip(made.lines())
        .find(|(old, new)| old != new);
    assert!(
        committed == made,
        "include/weir.h is old: make header\n{differs:?}"
    );
}

#[test]
fn list_of_exported_names_is_current() {
    assert_eq!(
        header::read("docs/abi/symbols.txt"),
        header::symbols(&committed())
    );
}

/// Cargo.toml states the version; everything else repeats it.
#[test]
fn version_is_one() {
    let version = header::version();
    let text = committed();
    assert!(text.contains(&format!("#define WEIR_VERSION \"{version}\"\n")));
    let parts: Vec<u32> = version
        .split('.')
        .map(|part| part.parse().expect("three numbers"))
        .collect();
    for (name, part) in ["MAJOR", "MINOR", "PATCH"].iter().zip(&parts) {
        let line = format!("#define WEIR_VERSION_{name} {part}\n");
        assert!(text.contains(&line), "{line}");
    }
    let lock = header::read("Cargo.lock");
    assert!(lock.contains(&format!("name = \"weir\"\nversion = \"{version}\"\n")));
    let changelog = header::read("CHANGELOG.md");
    let top = changelog
        .lines()
        .find(|line| line.starts_with("## "))
        .unwrap_or("no heading");
    let stated = top.split(' ').nth(1);
    assert_eq!(stated, Some(&version[..]), "CHANGELOG.md opens with {top}");
    // CMake and pkg-config read Cargo.toml; the package test compares what they made of it.
    assert!(header::read("CMakeLists.txt").contains("project(weir VERSION ${weir_version}"));
    assert!(header::read("cmake/weir.pc.in").contains("@PROJECT_VERSION@"));

    // What a compiler makes of the macros, and what the archive says.
    if let Some(why) = Target::host().lacks() {
        return c::skip("version_is_one in C", &why);
    }
    let dir = c::scratch("version");
    let file = dir.join("version.c");
    let source = "#include <stdio.h>\n#include <weir.h>\n\
                  #if WEIR_VERSION_NUMBER < 0\n#error \"for the preprocessor as well\"\n#endif\n\
                  int main(void) { printf(\"%s %lu\", weir_version(), \
                  (unsigned long)WEIR_VERSION_NUMBER); return 0; }\n";
    fs::write(&file, source).expect("the test's file");
    Target::host()
        .build(&file.to_string_lossy(), &[], &dir.join("version"))
        .expect("links");
    let outcome = Target::host().run(&dir.join("version"));
    let number = parts[0] * 65536 + parts[1] * 256 + parts[2];
    assert_eq!(outcome.text, format!("{version} {number}"));
}

#[test]
fn oldest_compiler_is_one() {
    let manifest = header::read("Cargo.toml");
    let oldest = header::read("cmake/toolchain.env");
    let line = oldest
        .lines()
        .find_map(|line| line.strip_prefix("WEIR_OLDEST_RUST="));
    let oldest = line.expect("the toolchain file names it");
    assert!(manifest.contains(&format!("rust-version = \"{oldest}\"")));
}

#[test]
fn macro_names_are_prefixed() {
    for (name, _) in header::macros(&committed()) {
        assert!(
            name.starts_with("WEIR_"),
            "{name} is nobody's macro but ours: WEIR_{name}"
        );
    }
}

/// A use of a macro: `NAME(3, 3)`; a storage macro declares its first parameter.
fn used(name: &str, parameters: usize) -> String {
    let first = if name.ends_with("_STORAGE") { "x" } else { "3" };
    match parameters {
        0 => name.to_string(),
        n => format!("{name}({first}{})", ", 3".repeat(n - 1)),
    }
}

#[test]
fn every_macro_expands() {
    let all = header::macros(&committed());
    assert!(all.len() > 50, "{} macros", all.len());
    let file = c::scratch("expand").join("macros.c");
    let mut text = String::from("#include <weir.h>\n");
    for (name, parameters) in &all {
        text += &format!("\"{name}\" {}\n", used(name, parameters.len()));
    }
    fs::write(&file, text).expect("a file of macros");
    let outcome = c::run(Target::host().compiler("c").args(["-E", "-P"]).arg(&file));
    assert!(outcome.good, "{}", outcome.text);
    for (at, (name, _)) in all.iter().enumerate() {
        let (_, rest) = outcome
            .text
            .split_once(&format!("\"{name}\""))
            .unwrap_or_else(|| panic!("{name} is lost"));
        let next = all.get(at + 1).map(|(next, _)| format!("\"{next}\""));
        let text = next.map_or(rest, |next| rest.split(&next).next().unwrap_or(rest));
        let is_guard = name == "WEIR_H";
        assert_eq!(text.trim().is_empty(), is_guard, "{name} becomes {text:?}");
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let left = words.find(|word| word.starts_with("WEIR_"));
        assert!(left.is_none(), "{left:?} is left of {name}: {text}");
    }
}

#[test]
fn names_avoid_what_other_headers_define() {
    let taken = [
        "min", "max", "clamp", "abs", "round", "F", "EMPTY", "PI", "HIGH", "LOW", "INPUT",
        "OUTPUT", "bit", "word", "class", "new", "template", "typename", "this", "private",
        "public",
    ];
    let text = header::uncommented(&committed());
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    for word in words {
        assert!(
            !taken.contains(&word),
            "{word} is taken: choose another name"
        );
    }
}

#[test]
fn structs_hold_only_what_has_one_size() {
    for declaration in header::declarations(&committed()) {
        assert!(
            !declaration.contains("enum "),
            "no enum: its size is the compiler's choice"
        );
        assert!(!declaration.contains("bool"), "no bool: uint8_t");
        assert!(
            !declaration.contains("float") && !declaration.contains("double"),
            "no float"
        );
        assert!(
            !declaration.contains("union"),
            "no union: zero is not all bits zero"
        );
        assert!(
            !declaration.contains(" long ") && !declaration.contains(" int "),
            "{declaration}"
        );
    }
    let text = header::uncommented(&committed());
    assert_eq!(
        text.matches("#include").count(),
        2,
        "only stddef.h and stdint.h"
    );
}

#[test]
fn every_exported_name_is_documented() {
    let text = committed();
    let lines: Vec<_> = text.lines().collect();
    for name in header::symbols(&text).lines() {
        let at = lines.iter().position(|line| {
            !line.starts_with(['#', '/', ' '])
                && line
                    .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .any(|word| word == name)
        });
        let at = at.unwrap_or_else(|| panic!("{name} is not declared on a line of its own"));
        let above = lines[..at]
            .iter()
            .rev()
            .find(|line| **line != "WEIR_CHECK_RESULT");
        assert!(
            above.is_some_and(|line| line.ends_with("*/")),
            "{name} has no comment"
        );
    }
}

/// On every machine the linker itself stops a program that was compiled for another epoch, and
/// names the reason.
#[test]
fn epoch_mismatch_does_not_link() {
    let user = "#include \"weir.h\"\nint main(void) { weir_complex_config c = \
                WEIR_COMPLEX_CONFIG_DEFAULT; return weir_complex_storage_size(&c) == 0; }\n";
    for target in Target::all() {
        if let Some(why) = target.lacks() {
            c::skip(
                &format!("epoch_mismatch_does_not_link, {}", target.name()),
                &why,
            );
            continue;
        }
        let dir = c::scratch(&format!("epoch-{}", target.name()));
        let text = committed().replace("weir_abi_epoch_1", "weir_abi_epoch_2");
        fs::write(dir.join("weir.h"), text).expect("a header of another epoch");
        let file = dir.join("user.c");
        fs::write(&file, user).expect("the test's file");
        let link = || target.build(&file.to_string_lossy(), &[], &dir.join("user"));
        let why = link().expect_err("an object of epoch 2 linked with an archive of epoch 1");
        let reason = [
            "undefined reference to `weir_abi_epoch_2'", // GNU
            "undefined symbol: weir_abi_epoch_2",        // LLVM
        ];
        assert!(
            reason.iter().any(|reason| why.contains(reason)),
            "{}: {why}",
            target.name()
        );
        // The same file with the true header links, so it was the epoch that stopped it.
        fs::remove_file(dir.join("weir.h")).expect("the header of another epoch");
        link().expect("links");
    }
}
