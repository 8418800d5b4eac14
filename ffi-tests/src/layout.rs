//! The public structs of the header, and two programs about how they lie in memory: one in C, which
//! prints a table, and one in Rust, which does not compile unless the table is true of it.

use crate::header;

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

/// Whole-number constants of the header.
fn constants(text: &str) -> Vec<String> {
    let plain = header::macros(text)
        .into_iter()
        .filter(|(name, parameters)| {
            let number = !["WEIR_H", "WEIR_VERSION", "WEIR_CHECK_RESULT"].contains(&name.as_str());
            number && parameters.is_empty() && !name.ends_with("_CONFIG_DEFAULT")
        });
    plain.map(|(name, _)| name).collect()
}

/// C that prints one line per struct, field and constant.
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
         int main(void)\n{\n",
    );
    for Struct { name, fields } in structs(text) {
        out += &format!("    printf(\"struct {name} %u\\n\", (unsigned)sizeof({name}));\n");
        for field in fields {
            out += &format!(
                "    printf(\"field {name} {field} %u %u\\n\", \
                 (unsigned)offsetof({name}, {field}), \
                 (unsigned)sizeof((({name} *)0)->{field}));\n"
            );
        }
    }
    for name in constants(text) {
        out += &format!("    constant(\"{name}\", (uint64_t)({name}));\n");
    }
    out + "    return 0;\n}\n"
}

/// Rust that compiles only if its own structs lie as the table of the C program says.
pub fn rust_program(table: &str) -> String {
    let mut out = String::from(
        "//! Made from what C printed; compiles only if Rust agrees.\n#![no_std]\n\
         #![allow(unused_imports)]\nuse core::mem::{offset_of, size_of};\nuse weir::abi::*;\n",
    );
    let map = header::read("src/abi/mod.rs");
    let public = map.lines().filter_map(|line| line.strip_prefix("pub mod "));
    for module in public.map(|name| name.trim_end_matches(';')) {
        out += &format!("use weir::abi::{module}::*;\n");
    }
    for line in table.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["struct", name, size] => {
                out += &format!("const _: () = assert!(size_of::<{name}>() == {size});\n");
            }
            ["field", name, field, offset, _] => {
                out +=
                    &format!("const _: () = assert!(offset_of!({name}, {field}) == {offset});\n");
            }
            _ => {}
        }
    }
    out
}
