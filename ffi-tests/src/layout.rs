//! The public structs of the header, and two texts about how they lie in memory: a C program that
//! prints a table, and `src/abi/layout.rs`, which compiles only if the tables are true of Rust.

use crate::header;
use std::fs;

/// A public struct: its name and the names of its fields.
pub struct Struct {
    /// As in C.
    pub name: String,
    /// In order.
    pub fields: Vec<String>,
}

/// Every struct the header defines.
pub fn structs(text: &str) -> Vec<Struct> {
    let declarations = header::declarations(text);
    let bodies = declarations.iter().filter_map(|declaration| {
        let (head, rest) = declaration
            .strip_prefix("typedef struct ")?
            .split_once('{')?;
        let (body, _) = rest.rsplit_once('}')?;
        let fields = body
            .split(';')
            .map(str::trim)
            .filter(|field| !field.is_empty());
        Some(Struct {
            name: head.trim().to_string(),
            fields: fields.map(field_name).collect(),
        })
    });
    bodies.collect()
}

fn field_name(field: &str) -> String {
    let plain = match field.split_once("(*") {
        Some((_, rest)) => rest.split(')').next().unwrap_or(rest),
        None => field.split('[').next().unwrap_or(field),
    };
    let name = plain.rsplit([' ', '*']).next().unwrap_or(plain);
    name.to_string()
}

/// Whether a macro stands for a whole number that is part of the binary interface. Numbers that
/// say which release this is are not.
pub fn is_constant(name: &str, parameters: &[String]) -> bool {
    let other = ["WEIR_H", "WEIR_CHECK_RESULT", "WEIR_API_LEVEL"].contains(&name)
        || name.starts_with("WEIR_VERSION")
        || name.ends_with("_CONFIG_DEFAULT");
    !other && parameters.is_empty()
}

/// C11 that prints how wide a pointer is, then one line per struct with size and alignment, per
/// field with offset and size, and per constant.
pub fn c_program(text: &str) -> String {
    let mut out = String::from(
        "#include <stdio.h>\n#include <weir.h>\n\
         static void constant(const char *name, uint64_t bits)\n{\n\
         \x20   int64_t value = (int64_t)bits;\n\
         \x20   if (value >= INT32_MIN && value <= INT32_MAX) {\n\
         \x20       printf(\"constant %s %ld\\n\", name, (long)value);\n\
         \x20   } else {\n\
         \x20       printf(\"constant %s 0x%08lx%08lx\\n\", name, (unsigned long)(bits >> 32),\n\
         \x20              (unsigned long)(bits & UINT32_MAX));\n    }\n}\n\
         int main(void)\n{\n    printf(\"pointer %u\\n\", (unsigned)sizeof(void *));\n",
    );
    for Struct { name, fields } in structs(text) {
        out += &format!(
            "    printf(\"struct {name} %u %u\\n\", (unsigned)sizeof({name}), \
             (unsigned)_Alignof({name}));\n"
        );
        for field in fields {
            out += &format!(
                "    printf(\"field {name} {field} %u %u\\n\", \
                 (unsigned)offsetof({name}, {field}), \
                 (unsigned)sizeof((({name} *)0)->{field}));\n"
            );
        }
    }
    for (name, parameters) in header::macros(text) {
        if is_constant(&name, &parameters) {
            out += &format!("    constant(\"{name}\", (uint64_t)({name}));\n");
        }
    }
    out + "    return 0;\n}\n"
}

/// The bits of a pointer, as a table says them in its first line.
pub fn width(table: &str) -> u32 {
    let bytes = table
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("pointer "));
    let bytes: Option<u32> = bytes.and_then(|bytes| bytes.parse().ok());
    bytes.unwrap_or_else(|| panic!("no table: {table}")) * 8
}

/// What the tables say of each struct: its name, and the rest as the macro of [`HEAD`] takes it.
fn claims(table: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = vec![];
    for line in table.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match (words[..].first(), out.last_mut()) {
            (Some(&"struct"), _) => {
                out.push((words[1].into(), format!("{}, {}", words[2], words[3])));
            }
            (Some(&"field"), Some((_, claim))) => {
                *claim += &format!("; {} {} {}", words[2], words[3], words[4]);
            }
            _ => {}
        }
    }
    out
}

/// The file of `src/abi` that defines a struct.
fn module(name: &str) -> String {
    let folder = header::root().join("src/abi");
    let files = fs::read_dir(folder).expect("src/abi");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let defines = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).expect("a source file");
        text.contains(&format!("pub struct {name} {{"))
    };
    let file = files.iter().find(|path| defines(path));
    let file = file.unwrap_or_else(|| panic!("no file of src/abi defines {name}"));
    let stem = file.file_stem().expect("a name").to_string_lossy();
    stem.into_owned()
}

/// One claim as a macro call in lines of at most 100 columns.
fn call(name: &str, claim: &str) -> String {
    let mut lines = vec![format!("claim!(super::{}::{name}, ", module(name))];
    for part in claim.split_inclusive("; ") {
        if lines.last().map_or(0, String::len) + part.len() > 96 {
            lines.push("    ".into());
        }
        *lines.last_mut().expect("a line") += part;
    }
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n") + ");\n"
}

/// The text of `src/abi/layout.rs` from the tables of 32-bit and of 64-bit machines.
pub fn rust(narrow: &str, wide: &str) -> String {
    let mut out = String::from(HEAD);
    for ((name, narrow), (_, wide)) in claims(narrow).iter().zip(&claims(wide)) {
        out.push('\n');
        if narrow == wide {
            out += &call(name, narrow);
            continue;
        }
        for (width, claim) in [(32, narrow), (64, wide)] {
            out += &format!("#[cfg(target_pointer_width = \"{width}\")]\n");
            out += &call(name, claim);
        }
    }
    out
}

/// The head of `src/abi/layout.rs`.
const HEAD: &str = "\
//! Does Rust see the same bytes behind every public struct as C?
//!
//! Written by `WEIR_BLESS=1 cargo test -p ffi-tests --test conformance_layout` from what C prints
//! on every machine; a test compares. Part of every archive and of no other build, so that a
//! changed struct stops archives but not the tools that bring this file up to date.

use core::mem::{align_of, offset_of, size_of};

/// The size of a field, from a function that is never called.
const fn field_size<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// A struct, its size and alignment; its fields with offset and size.
macro_rules! claim {
    ($name:ty, $size:literal, $align:literal $(; $field:ident $at:literal $bytes:literal)+) => {
        const _: () = {
            assert!(size_of::<$name>() == $size && align_of::<$name>() == $align);
            $(
                assert!(offset_of!($name, $field) == $at);
                assert!(field_size(|this: &$name| &this.$field) == $bytes);
            )+
        };
    };
}
";
