//! Doxygen reads the headers without a warning, and misses nothing that they declare.

use ffi_tests::c;
use ffi_tests::header::{self, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything must be documented; parameters are explained in the prose, by name.
const SETTINGS: &str = "
QUIET = YES
EXTRACT_ALL = NO
EXTRACT_STATIC = YES
WARNINGS = YES
WARN_IF_UNDOCUMENTED = YES
WARN_IF_DOC_ERROR = YES
WARN_NO_PARAMDOC = NO
WARN_AS_ERROR = FAIL_ON_WARNINGS
ENABLE_PREPROCESSING = YES
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
GENERATE_HTML = NO
GENERATE_LATEX = NO
GENERATE_XML = YES
";

/// Runs Doxygen over these headers in a folder; what it printed, and where its XML lies.
fn doxygen(dir: &Path, headers: &[(&str, &str)], more: &str) -> (c::Outcome, PathBuf) {
    let (input, output) = (dir.join("in"), dir.join("out"));
    let _ = fs::remove_dir_all(&input);
    fs::create_dir_all(&input).expect("a folder");
    fs::create_dir_all(&output).expect("a folder");
    for (name, text) in headers {
        fs::write(input.join(name), text).expect("a header");
    }
    let places = format!(
        "INPUT = \"{}\"\nOUTPUT_DIRECTORY = \"{}\"\n",
        input.display(),
        output.display()
    );
    let file = dir.join("Doxyfile");
    fs::write(&file, format!("{SETTINGS}{places}{more}\n")).expect("a Doxyfile");
    let outcome = c::run(Command::new("doxygen").arg(&file).current_dir(dir));
    (outcome, output.join("xml"))
}

/// The text without the comment in front of this line.
fn without_comment(text: &str, line: &str) -> String {
    let at = text
        .find(line)
        .unwrap_or_else(|| panic!("{line} is not there"));
    let start = text[..at].rfind("/**").expect("a comment before it");
    let end = start + text[start..].find("*/").expect("its end") + 2;
    assert!(end <= at && text[end..at].trim().len() <= "WEIR_CHECK_RESULT".len());
    format!("{}{}", &text[..start], &text[end..])
}

#[test]
fn doxygen_is_silent() {
    if !c::run(Command::new("doxygen").arg("--version")).good {
        c::skip("doxygen_is_silent", "no doxygen");
        return;
    }
    let dir = c::scratch("doxygen");
    let read = |name: &str| header::read(&format!("include/{name}"));
    let (plain, face) = (read("weir.h"), read("weir.hpp"));
    let both = [("weir.h", plain.as_str()), ("weir.hpp", face.as_str())];
    let installed = fs::read_dir(root().join("include"))
        .expect("include")
        .count();
    assert_eq!(installed, both.len(), "a header that is not read here");

    let for_c = "OPTIMIZE_OUTPUT_FOR_C = YES\nPREDEFINED = WEIR_CHECK_RESULT=";
    let for_cpp = "PREDEFINED = WEIR_CHECK_RESULT= __cplusplus=201103L";
    for (headers, more) in [(&both[..1], for_c), (&both[..], for_cpp)] {
        let (outcome, xml) = doxygen(&dir, headers, more);
        assert!(
            outcome.good && outcome.text.is_empty(),
            "{more}\n{}",
            outcome.text
        );
        let page = fs::read_to_string(xml.join("weir_8h.xml")).expect("a page of weir.h");
        for symbol in header::symbols(&plain).lines() {
            assert!(page.contains(&format!("<name>{symbol}</name>")), "{symbol}");
        }
        for (name, _) in header::macros(&plain) {
            let listed = page.contains(&format!("<name>{name}</name>"));
            assert!(listed || name == "WEIR_H", "{name}");
        }
    }

    // One comment of each sort taken away: it is missed.
    for (line, name) in [
        ("#define WEIR_VERSION_MAJOR", "WEIR_VERSION_MAJOR"),
        ("weir_status weir_mesh_ship(", "weir_mesh_ship"),
        ("uint32_t amount;", "amount"),
        ("typedef struct weir_shipment", "weir_shipment"),
        ("#define WEIR_MESH_TRIANGLES(", "WEIR_MESH_TRIANGLES"),
    ] {
        let bare = without_comment(&plain, line);
        let (outcome, _) = doxygen(&dir, &[("weir.h", &bare)], for_c);
        let found = outcome.text.contains(name) && outcome.text.contains("not documented");
        assert!(!outcome.good && found, "{line}: {}", outcome.text);
    }
    let bare = without_comment(&face, "WEIR_CHECK_RESULT weir_status leave()");
    let (outcome, _) = doxygen(&dir, &[both[0], ("weir.hpp", &bare)], for_cpp);
    assert!(
        !outcome.good && outcome.text.contains("leave"),
        "{}",
        outcome.text
    );
}
