//! The promises of the C surface are a list that can be read, and each names the test that holds
//! it: `docs/promises.md`.

use ffi_tests::header::{read, root};

/// What a C interface of this kind is expected to prove, by the names of the tests.
const NAMES: &[&str] = &[
    "header_is_current",
    "version_is_one",
    "header_compiles",
    "macro_names_are_prefixed",
    "every_macro_expands",
    "layout_matches_rust",
    "storage_macro_bounds_runtime",
    "init_rejects",
    "out_params_untouched_on_error",
    "reentry_is_busy",
    "callback_failures",
    "time_backwards",
    "two_handles_are_independent",
    "two_archives_link",
    "archive_is_clean",
    "size_budget",
    "stack_high_water",
    "epoch_mismatch_does_not_link",
    "installed_package",
    "snippets_compile",
    "first_c_block_runs",
    "arbitrary_bytes_into_receive",
    "arbitrary_call_sequences",
    "arbitrary_snapshots",
    "what_was_found_once_stays_repaired",
    "planted_defects_are_found",
    "sanitizers_are_linked_and_silent",
    "valgrind_is_silent",
    "every_function_has_its_failing_calls",
    "two_threads_are_independent",
    "trace_digests_are_equal_everywhere",
    "every_exported_name_is_documented",
    "a_result_that_is_dropped_is_an_error",
    "abi_changes_are_declared",
    "abidiff_agrees",
    "undefined_names_are_recorded",
    "pkg_config_states_the_version_and_links",
    "archive_fits_the_compiler",
    "handed_out_package_links_for_chips",
    "what_is_handed_out_has_equal_bytes",
];

/// The rows of the page: the name of a test and the file it is in.
fn rows(page: &str) -> Vec<(String, String)> {
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|line| line.trim_matches('|').split(" | ").collect::<Vec<_>>());
    cells
        .filter_map(|cells| {
            let [.., name, file] = &cells[..] else {
                return None;
            };
            let plain = |cell: &str| cell.trim().trim_matches('`').to_string();
            Some((plain(name), plain(file)))
        })
        .filter(|(name, _)| name.contains('_'))
        .collect()
}

/// A test of this name is there; it may be split: `layout_matches_rust_on_the_host`.
fn holds(file: &str, name: &str) -> bool {
    if !root().join(file).exists() {
        return false;
    }
    let text = read(file);
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| {
        let is_test = pair[0] == "#[test]" || !file.ends_with(".rs");
        let found = pair[1]
            .trim_start_matches("static void ")
            .trim_start_matches("fn ");
        is_test && found.len() < pair[1].len() && found.starts_with(name)
            || (!file.ends_with(".rs") && pair[1].starts_with(&format!("def {name}")))
    })
}

#[test]
fn nineteen_tests_have_their_names() {
    let rows = rows(&read("docs/promises.md"));
    for name in NAMES {
        let Some((_, file)) = rows.iter().find(|(row, _)| row == name) else {
            panic!("docs/promises.md does not name {name}");
        };
        assert!(holds(file, name), "{file} has no test {name}");
    }
    for (name, file) in &rows {
        let known = NAMES.contains(&name.as_str());
        assert!(
            known,
            "docs/promises.md names {name} in {file}, this list does not"
        );
    }
}

#[test]
fn a_name_without_a_test_is_found() {
    assert!(holds("ffi-tests/tests/header.rs", "header_is_current"));
    assert!(!holds("ffi-tests/tests/header.rs", "header_is_gone"));
    assert!(
        !holds("ffi-tests/tests/header.rs", "committed"),
        "a function, no test"
    );
    assert!(!holds("ffi-tests/tests/nowhere.rs", "header_is_current"));
}
