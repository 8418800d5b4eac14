//! The functions the header declares, with what their comments say.

use crate::header;

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its type without `const`, blanks before stars kept: `struct weir_mesh *`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it points to may not be written.
    pub constant: bool,
}

impl Parameter {
    /// The struct it points to: `weir_mesh` for `struct weir_mesh *`.
    pub fn structure(&self) -> Option<&str> {
        let inner = self.kind.strip_suffix('*')?.trim_end();
        inner.strip_prefix("struct ").filter(|s| !s.contains('*'))
    }

    /// Whether it is a pointer.
    pub fn pointer(&self) -> bool {
        self.kind.ends_with('*')
    }
}

/// One exported function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The type of its result.
    pub result: String,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The statuses that its comment names.
    pub statuses: Vec<String>,
}

/// A field of a struct and the words of its comment.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its type.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its range, as the comment gives it: `1..=32767`.
    pub range: Option<(String, String)>,
}

/// Every function of the header.
pub fn functions(text: &str) -> Vec<Function> {
    let declarations = header::declarations(text);
    let wanted = declarations.iter().filter(|line| {
        line.contains('(') && !line.starts_with("typedef") && !line.starts_with("struct")
    });
    wanted.map(|line| function(line, text)).collect()
}

fn function(declaration: &str, text: &str) -> Function {
    let plain = declaration.replace("WEIR_CHECK_RESULT ", "");
    let (head, rest) = plain.split_once('(').expect("a function has parameters");
    let (list, _) = rest.rsplit_once(')').expect("they are closed");
    let at = head.rfind([' ', '*']).expect("a function has a result") + 1;
    let (result, name) = head.split_at(at);
    let list = list.split(',').map(str::trim);
    Function {
        name: name.to_string(),
        result: result.trim().to_string(),
        parameters: list.filter(|p| *p != "void").map(parameter).collect(),
        statuses: statuses(&comment(text, name)),
    }
}

fn parameter(text: &str) -> Parameter {
    let at = text.rfind([' ', '*']).expect("a parameter has a type") + 1;
    let (kind, name) = text.split_at(at);
    Parameter {
        constant: kind.contains("const "),
        kind: kind.replace("const ", "").trim().to_string(),
        name: name.to_string(),
    }
}

/// The comment above the declaration of `name`.
fn comment(text: &str, name: &str) -> String {
    let needle = format!("{name}(");
    let mut above = String::new();
    let mut inside = String::new();
    for line in text.lines() {
        if line.starts_with("/**") {
            inside.clear();
        }
        if line.starts_with("/**") || line.starts_with(" *") {
            inside += line;
            inside.push('\n');
        } else if line.contains(&needle) && !line.starts_with('#') {
            above = std::mem::take(&mut inside);
        }
    }
    above
}

fn statuses(comment: &str) -> Vec<String> {
    let words = comment.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let known =
        |word: &&str| word.starts_with("WEIR_ERR_") || ["WEIR_PENDING", "WEIR_END"].contains(word);
    let mut found: Vec<String> = words.filter(known).map(str::to_string).collect();
    found.sort();
    found.dedup();
    found
}

/// The fields of a struct of the header.
pub fn fields(text: &str, name: &str) -> Vec<Field> {
    let open = format!("typedef struct {name} {{");
    let Some((_, rest)) = text.split_once(&open) else {
        return vec![];
    };
    let body = rest.split("\n}").next().unwrap_or("");
    let (mut fields, mut words) = (Vec::new(), String::new());
    for line in body.lines().map(str::trim) {
        if line.starts_with("/*") || line.starts_with('*') {
            words += line.trim_matches(['/', '*', ' ']);
            words.push(' ');
        } else if let Some(line) = line.strip_suffix(';') {
            let plain = line.split('[').next().unwrap_or(line);
            let at = plain.rfind([' ', '*']).map_or(0, |at| at + 1);
            let (kind, name) = plain.split_at(at);
            fields.push(Field {
                kind: kind.trim().to_string(),
                name: name.to_string(),
                range: range(&words),
            });
            words.clear();
        }
    }
    fields
}

/// The first `a..=b` of a comment, powers of two worked out.
fn range(words: &str) -> Option<(String, String)> {
    let (before, after) = words.split_once("..=")?;
    let low = before.rsplit([' ', '(']).next()?;
    let high = after.split([' ', ',', '.', ';', ')']).next()?;
    let number = |text: &str| match text.strip_prefix("2^") {
        Some(power) => (1_u64 << power.parse::<u32>().expect("a power of two")).to_string(),
        None => text.to_string(),
    };
    Some((number(low), number(high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "\
/** A box. */
typedef struct weir_box weir_box;
typedef struct weir_box_config {
    const uint8_t *abi;
    /** Most things, 1..=2^4; more is
     * refused. */
    uint16_t things;
    uint32_t bare;
} weir_box_config;
/**
 * weir_box_put puts.
 *
 * WEIR_ERR_NULL; WEIR_ERR_FULL: no room; WEIR_END.
 */
WEIR_CHECK_RESULT
weir_status weir_box_put(struct weir_box *box,
                         const uint8_t *bytes, size_t len);
const char *weir_box_name(void);
";

    #[test]
    fn functions_are_read() {
        let found = functions(HEADER);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].name, "weir_box_put");
        assert_eq!(
            found[0].statuses,
            ["WEIR_END", "WEIR_ERR_FULL", "WEIR_ERR_NULL"]
        );
        let [handle, bytes, len] = &found[0].parameters[..] else {
            panic!("{found:?}");
        };
        assert_eq!(handle.structure(), Some("weir_box"));
        assert!(bytes.constant && bytes.kind == "uint8_t *" && len.kind == "size_t");
        assert!(found[1].parameters.is_empty() && found[1].result == "const char *");
    }

    #[test]
    fn ranges_are_read() {
        let found = fields(HEADER, "weir_box_config");
        assert_eq!(found[1].range, Some(("1".into(), "16".into())));
        assert!(found[2].range.is_none() && found[2].kind == "uint32_t");
    }
}
