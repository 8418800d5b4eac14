//! The table of calls: see the head of `ffi-tests/contract/calls.txt`.

/// A way to spoil a call, or to make it differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// C statements over the names of the parameters, before the call.
    pub text: String,
    /// C statements after it, which take back what is documented to change.
    pub after: String,
    /// What the call then gives.
    pub status: String,
}

/// A kind of handle.
#[derive(Clone, Debug)]
pub struct Handle {
    /// The opaque type.
    pub name: String,
    /// An initialised handle of the fixture.
    pub value: String,
    /// The function that ends it.
    pub end: String,
    /// Ways that hold for every parameter of this kind, written `@`.
    pub ways: Vec<Way>,
}

/// One function.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The arguments of a call that works.
    pub arguments: Vec<String>,
    /// What that call gives.
    pub gives: String,
    /// Parameters that may be NULL.
    pub optional: Vec<String>,
    /// Parameters that must be one certain length.
    pub lengths: Vec<String>,
    /// Configs whose fields are checked.
    pub configs: Vec<String>,
    /// Derived ways that do not hold here.
    pub except: Vec<String>,
    /// Outputs that the call leaves as they are, though it works.
    pub unwritten: Vec<String>,
    /// Documented statuses that no call can give here, and why.
    pub untested: Vec<(String, String)>,
    /// Further ways.
    pub ways: Vec<Way>,
}

/// The whole table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Kinds of handles, in order.
    pub handles: Vec<Handle>,
    /// What else must be set when a field of a config is at the end of its range.
    pub beside: Vec<(String, String)>,
    /// Functions, in order.
    pub entries: Vec<Entry>,
}

impl Table {
    /// Reads the text of the table.
    ///
    /// # Panics
    /// Names the line that cannot be read.
    pub fn read(text: &str) -> Table {
        let mut table = Table::default();
        let mut in_handle = false;
        for (at, line) in text.lines().enumerate() {
            let fault = || -> ! { panic!("calls.txt:{}: {line}", at + 1) };
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["handle", name, value, end] => {
                    in_handle = true;
                    table.handles.push(Handle {
                        name: name.into(),
                        value: value.into(),
                        end: end.into(),
                        ways: vec![],
                    });
                }
                ["beside", field, ..] => {
                    let (_, rest) = line.split_once(field).unwrap_or_else(|| fault());
                    let field = field.trim_end_matches(':').to_string();
                    table.beside.push((field, rest.trim().to_string()));
                }
                _ if !line.starts_with(' ') => {
                    in_handle = false;
                    table.entries.push(entry(line).unwrap_or_else(|| fault()));
                }
                _ if in_handle => {
                    let ways = table.handles.last_mut().map(|handle| &mut handle.ways);
                    let ways = ways.unwrap_or_else(|| fault());
                    ways.push(way(line).unwrap_or_else(|| fault()));
                }
                _ => {
                    let entry = table.entries.last_mut().unwrap_or_else(|| fault());
                    detail(entry, line, &words).unwrap_or_else(|| fault());
                }
            }
        }
        table
    }
}

fn entry(line: &str) -> Option<Entry> {
    let (name, rest) = line.split_once('(')?;
    let (list, gives) = rest.rsplit_once(") ")?;
    let arguments = list.split(", ").filter(|argument| !argument.is_empty());
    Some(Entry {
        name: name.to_string(),
        arguments: arguments.map(str::to_string).collect(),
        gives: gives.trim().to_string(),
        optional: vec![],
        lengths: vec![],
        configs: vec![],
        except: vec![],
        unwritten: vec![],
        untested: vec![],
        ways: vec![],
    })
}

fn detail(entry: &mut Entry, line: &str, words: &[&str]) -> Option<()> {
    let names = || words[1..].iter().map(ToString::to_string);
    match words[0] {
        "optional" => entry.optional.extend(names()),
        "length" => entry.lengths.extend(names()),
        "fields" => entry.configs.extend(names()),
        "unwritten" => entry.unwritten.extend(names()),
        "except" => entry.except.push(words[1..].join(" ")),
        "untested" => {
            let (_, why) = line.split_once(words[1])?;
            let status = words[1].trim_end_matches(':').to_string();
            entry.untested.push((status, why.trim().to_string()));
        }
        _ => entry.ways.push(way(line)?),
    }
    Some(())
}

fn way(line: &str) -> Option<Way> {
    let (status, rest) = line.trim().split_once(": ")?;
    let (text, after) = rest.split_once(" | ").unwrap_or((rest, ""));
    Some(Way {
        text: text.trim().to_string(),
        after: after.trim().to_string(),
        status: status.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_read() {
        let table = Table::read(
            "# a comment\nhandle weir_box f.box weir_box_end\n  WEIR_ERR_STATE: @ = f.lent\n\
             beside things: config->bare = 1\n\
             weir_box_put(f.box, f.bytes, 3) WEIR_OK\n  optional bytes\n  length len\n\
             \x20 WEIR_ERR_FULL: fill(box); len = 4 | undo()\n  untested WEIR_END: as it is\n",
        );
        assert_eq!(table.handles[0].ways[0].text, "@ = f.lent");
        assert_eq!(table.beside[0].1, "config->bare = 1");
        let put = &table.entries[0];
        assert_eq!(put.arguments, ["f.box", "f.bytes", "3"]);
        assert_eq!(
            (put.ways[0].after.as_str(), put.lengths.len()),
            ("undo()", 1)
        );
        assert_eq!(put.untested[0], ("WEIR_END".into(), "as it is".into()));
    }

    #[test]
    #[should_panic(expected = "calls.txt:1")]
    fn nonsense_is_refused() {
        Table::read("weir_box_put\n");
    }
}
