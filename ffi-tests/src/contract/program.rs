//! The table and the header as C: one function per exported function, which makes the call in any
//! of its ways. `ffi-tests/c/fixture.h` says on what.

use super::header::{self, Field, Function, Parameter};
use super::table::{Entry, Handle, Table, Way};
use crate::header::read;
use std::fmt::Write;

fn way(text: impl Into<String>, status: &str) -> Way {
    Way {
        text: text.into(),
        after: String::new(),
        status: status.to_string(),
    }
}

/// Every way to make the call but the one in the table: derived ones, then those of the table.
pub fn ways(function: &Function, table: &Table, entry: &Entry) -> Vec<Way> {
    let text = read("include/weir.h");
    let mut ways = Vec::new();
    for parameter in &function.parameters {
        ways.extend(derived(parameter, table, entry, &text));
    }
    let required = function.parameters.iter();
    let required: Vec<_> = required
        .filter(|p| p.pointer() && !entry.optional.contains(&p.name))
        .map(|p| format!("{} = NULL", p.name))
        .collect();
    if required.len() > 1 {
        ways.push(way(required.join("; "), "WEIR_ERR_NULL"));
    }
    let storage = function.parameters.iter().any(|p| p.kind == "void *");
    if storage {
        ways.extend(storage_ways(function));
    }
    if entry.gives == "GIVEN" {
        // No status: whatever is wrong, nothing is given.
        for way in ways.iter_mut().filter(|way| way.status != "GIVEN") {
            way.status = "NOTHING".into();
        }
    }
    ways.retain(|way| !entry.except.contains(&way.text));
    ways.extend(entry.ways.iter().cloned());
    ways
}

fn derived(parameter: &Parameter, table: &Table, entry: &Entry, text: &str) -> Vec<Way> {
    let name = &parameter.name;
    let optional = entry.optional.contains(name);
    let null = if optional {
        entry.gives.as_str()
    } else {
        "WEIR_ERR_NULL"
    };
    let mut ways = Vec::new();
    if entry.lengths.contains(name) {
        for wrong in ["- 1", "+ 1", "* 0", "| SIZE_MAX"] {
            ways.push(way(format!("{name} = {name} {wrong}"), "WEIR_ERR_RANGE"));
        }
    }
    if !parameter.pointer() {
        return ways;
    }
    ways.push(way(format!("{name} = NULL"), null));
    let Some(structure) = parameter.structure() else {
        return ways;
    };
    if let Some(handle) = table.handles.iter().find(|h| h.name == structure) {
        ways.extend(handle_ways(name, handle, table));
        return ways;
    }
    let fields = header::fields(text, structure);
    match fields.first().map(|field| field.name.as_str()) {
        Some("abi") if parameter.constant => {
            for wrong in [
                format!("memset({name}, 0, sizeof *{name})"),
                format!("{name}->abi = NULL"),
                format!("{name}->abi = (const uint8_t *){name}"),
                format!("{name}->size = 0"),
                format!("{name}->size -= 1"),
            ] {
                ways.push(way(wrong, "WEIR_ERR_ABI"));
            }
            ways.push(way(format!("{name}->size += 8"), &entry.gives));
            if entry.configs.contains(name) {
                ways.extend(field_ways(name, &fields, table, entry));
            }
        }
        Some("size") => {
            for wrong in ["= 0", "-= 1"] {
                ways.push(way(format!("{name}->size {wrong}"), "WEIR_ERR_ABI"));
            }
            let mut longer = way(format!("{name}->size += 8"), &entry.gives);
            if !parameter.constant {
                longer.after = format!("untouched({name} + 1, 8)");
            }
            ways.push(longer);
        }
        _ => {}
    }
    ways
}

fn handle_ways(name: &str, handle: &Handle, table: &Table) -> Vec<Way> {
    let kind = &handle.name;
    let state = |text: String| way(text, "WEIR_ERR_STATE");
    let mut ways = vec![
        state(format!("{name} = ({kind} *)(void *)f.zeroed")),
        state(format!("{name} = ({kind} *)(void *)f.painted")),
        state(format!("(void)!{}({name})", handle.end)),
        way(format!("make_busy({name})"), "WEIR_ERR_BUSY"),
    ];
    for other in table.handles.iter().filter(|other| other.name != *kind) {
        ways.push(state(format!("{name} = ({kind} *)(void *){}", other.value)));
    }
    for shift in 1..8 {
        ways.push(state(format!(
            "{name} = ({kind} *)crooked({name}, {shift})"
        )));
    }
    for own in &handle.ways {
        ways.push(Way {
            text: own.text.replace('@', name),
            ..own.clone()
        });
    }
    ways
}

fn storage_ways(function: &Function) -> Vec<Way> {
    let size = function.name.replace("_init", "_storage_size(config)");
    let short = |text: String| way(text, "WEIR_ERR_STORAGE");
    let mut ways = vec![
        short("storage_len = 0".into()),
        short(format!("storage_len = {size} - 1")),
        way(format!("storage_len = {size}"), "WEIR_OK"),
    ];
    for shift in 1..8 {
        ways.push(short(format!(
            "storage = (uint8_t *)storage + {shift}; storage_len -= 8"
        )));
    }
    ways
}

/// Each field just outside its documented range, and at both ends of it.
fn field_ways(config: &str, fields: &[Field], table: &Table, entry: &Entry) -> Vec<Way> {
    let mut ways = Vec::new();
    for field in fields {
        let Some((low, high)) = &field.range else {
            continue;
        };
        let place = format!("{config}->{}", field.name);
        let most = match field.kind.as_str() {
            "uint8_t" => 255,
            "uint16_t" => 65_535,
            _ => u64::from(u32::MAX),
        };
        let bound = |text: &str, by: i64| match text.parse::<i64>() {
            Ok(number) => Some((number + by).to_string())
                .filter(|_| (0..=most.cast_signed()).contains(&(number + by))),
            Err(_) => Some(format!(
                "({})({config}->{text} {} {})",
                field.kind,
                if by < 0 { '-' } else { '+' },
                by.abs()
            )),
        };
        for beyond in [bound(low, -1), bound(high, 1)].into_iter().flatten() {
            ways.push(way(format!("{place} = {beyond}"), "WEIR_ERR_RANGE"));
        }
        // What is large needs more storage than a fixture has: sizes may be asked all the same.
        if entry.gives == "GIVEN" {
            let beside = table.beside.iter().find(|(name, _)| *name == field.name);
            let beside = beside.map_or(String::new(), |(_, text)| format!("{text}; "));
            for end in [bound(low, 0), bound(high, 0)].into_iter().flatten() {
                ways.push(way(format!("{beside}{place} = {end}"), "GIVEN"));
            }
        }
    }
    ways
}

/// The C text that `fixture.h` needs: one function per exported function, and a list of them.
pub fn program(functions: &[Function], table: &Table) -> String {
    let mut out = String::from("/* Made from the header and the table of calls. */\n");
    for handle in &table.handles {
        // If set, every call is made on this one: for calls from inside a callback.
        let _ = writeln!(out, "static {0} *only_{0};", handle.name);
    }
    let mut list = String::new();
    for function in functions {
        let Some(entry) = table.entries.iter().find(|e| e.name == function.name) else {
            continue;
        };
        let ways = ways(function, table, entry);
        out += &call(function, table, entry, &ways);
        let takes: Vec<_> = table
            .handles
            .iter()
            .enumerate()
            .filter(|(_, handle)| {
                let mut kinds = function.parameters.iter().map(Parameter::structure);
                kinds.any(|kind| kind == Some(handle.name.as_str()))
            })
            .map(|(at, _)| format!("{}u", 1 << at))
            .collect();
        let takes = if takes.is_empty() {
            "0".to_string()
        } else {
            takes.join(" | ")
        };
        let name = &function.name;
        let _ = writeln!(
            list,
            "    {{ \"{name}\", made_{name}, ways_{name}, {}, {takes} }},",
            ways.len() + 1
        );
    }
    for (at, handle) in table.handles.iter().enumerate() {
        let _ = writeln!(out, "#define TAKES_{} {}u", handle.name, 1 << at);
    }
    format!("{out}static const struct call calls[] = {{\n{list}}};\n")
}

fn call(function: &Function, table: &Table, entry: &Entry, ways: &[Way]) -> String {
    let name = &function.name;
    let mut out = format!("static const struct way ways_{name}[] = {{\n");
    let _ = writeln!(out, "    {{ \"as it should be\", {}, 1 }},", entry.gives);
    for way in ways {
        let same = u8::from(way.status == entry.gives);
        let text = way.text.replace('"', "'");
        let _ = writeln!(out, "    {{ \"{text}\", {}, {same} }},", way.status);
    }
    let _ = writeln!(
        out,
        "}};\nstatic long made_{name}(unsigned which)\n{{\n    long got;"
    );
    for (parameter, value) in function.parameters.iter().zip(&entry.arguments) {
        let Parameter { kind, name, .. } = parameter;
        let blank = if parameter.pointer() { "" } else { " " };
        let _ = writeln!(out, "    {kind}{blank}{name} = {value};");
    }
    out += "    switch (which) {\n";
    for (at, way) in ways.iter().enumerate() {
        let _ = writeln!(out, "    case {}: {}; break;", at + 1, way.text);
    }
    out += "    default: break;\n    }\n";
    for parameter in &function.parameters {
        let handle = table
            .handles
            .iter()
            .find(|handle| parameter.structure() == Some(handle.name.as_str()));
        if let Some(Handle { name: kind, .. }) = handle {
            let name = &parameter.name;
            let _ = writeln!(out, "    if (only_{kind}) {{ {name} = only_{kind}; }}");
        }
    }
    let names: Vec<_> = function
        .parameters
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    let made = format!("{name}({})", names.join(", "));
    let result = match function.result.as_str() {
        "weir_status" => format!("got = {made};"),
        "void" => format!("{made}; got = WEIR_OK;"),
        _ => format!("got = {made} != 0 ? GIVEN : NOTHING;"),
    };
    let _ = writeln!(out, "    hold();\n    {result}\n    switch (which) {{");
    let outputs = function.parameters.iter().filter(|parameter| {
        let handle = table
            .handles
            .iter()
            .any(|handle| parameter.structure() == Some(handle.name.as_str()));
        let written = parameter.pointer() && !parameter.constant && !handle;
        written && !entry.unwritten.contains(&parameter.name)
    });
    out += "    case 0:\n";
    for Parameter { kind, name, .. } in outputs {
        let size = if kind == "void *" {
            "8".to_string()
        } else {
            format!("sizeof *{name}")
        };
        let _ = writeln!(out, "        written(got, {name}, {size}, \"{name}\");");
    }
    out += "        break;\n";
    for (at, way) in ways
        .iter()
        .enumerate()
        .filter(|(_, way)| !way.after.is_empty())
    {
        let _ = writeln!(out, "    case {}: {}; break;", at + 1, way.after);
    }
    out + "    default: break;\n    }\n    return got;\n}\n"
}
