//! What the README shows is what is there: its first C block is the quickstart, byte by byte; it
//! compiles, runs and prints what the README says it prints. And all C that the README and `docs`
//! show compiles.

use ffi_tests::c::{self, Target, WARNINGS};
use ffi_tests::header::{read, root};
use std::fs;

/// The blocks of one language in a page, in order.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let starts = page.split(fence.as_str()).skip(1);
    starts
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
        .collect()
}

#[test]
fn first_c_block_is_the_quickstart() {
    let (readme, quickstart) = (
        read("README.md"),
        read("examples-c/quickstart/quickstart.c"),
    );
    let shown = *blocks(&readme, "c").first().expect("the README shows C");
    let differs = shown
        .lines()
        .zip(quickstart.lines())
        .find(|(readme, file)| readme != file);
    assert!(
        shown == quickstart,
        "README.md and quickstart.c differ: {differs:?}"
    );
}

#[test]
fn first_c_block_runs() {
    let readme = read("README.md");
    let shown = *blocks(&readme, "c").first().expect("the README shows C");
    for target in Target::all() {
        if let Some(why) = target.lacks() {
            c::skip(&format!("first_c_block_runs, {}", target.triple()), &why);
            continue;
        }
        let dir = c::scratch(&format!("readme-{}", target.triple()));
        fs::write(dir.join("quickstart.c"), shown).expect("the block as a file");
        let file = dir.join("quickstart.c");
        let built = target.build(&file.to_string_lossy(), &[], &dir.join("quickstart"));
        assert!(built.is_ok(), "{built:?}");
        let outcome = target.run(&dir.join("quickstart"));
        assert!(outcome.good, "{}", outcome.text);
        // A block marked `text` right after it shows the output.
        let after = readme.split_once(shown).map_or("", |(_, after)| after);
        let shown_output = *blocks(after, "text")
            .first()
            .unwrap_or(&outcome.text.as_str());
        assert_eq!(
            outcome.text, shown_output,
            "the README shows another output"
        );
    }
}

/// A block of C as a file: one that includes something is a file already; one that has a function,
/// whose braces stand on lines of their own, follows the names of `ffi-tests/c/snippet.h`; all
/// others are statements among these names.
fn file(block: &str) -> String {
    if block.contains("#include") {
        return block.to_string();
    }
    let prelude = "#include \"snippet.h\"\n";
    if block.lines().any(|line| line == "{") {
        return format!("{prelude}{block}");
    }
    format!("{prelude}weir_status shown(void)\n{{\n{block}    return WEIR_OK;\n}}\n")
}

fn compiles(text: &str, name: &str) -> Result<(), String> {
    let dir = c::scratch(&format!("snippet-{name}"));
    fs::write(dir.join("snippet.c"), text).expect("the block as a file");
    let mut command = Target::host().compiler("c");
    command
        .arg("-std=c11")
        .args(WARNINGS)
        .args(["-I", "ffi-tests/c", "-c"]);
    // A few lines need not use all that they name.
    command.args(["-Wno-unused-variable", "-Wno-unused-function"]);
    command
        .arg(dir.join("snippet.c"))
        .arg("-o")
        .arg(dir.join("snippet.o"));
    let outcome = c::run(&mut command);
    outcome.good.then_some(()).ok_or(outcome.text)
}

/// The README and every page of `docs`.
fn pages() -> Vec<String> {
    let docs = fs::read_dir(root().join("docs")).expect("docs");
    let mut pages: Vec<String> = docs
        .flatten()
        .map(|entry| format!("docs/{}", entry.file_name().to_string_lossy()))
        .filter(|name| name.ends_with(".md"))
        .collect();
    pages.push("README.md".to_string());
    pages.sort();
    pages
}

#[test]
fn snippets_compile() {
    let mut shown = 0;
    for page in pages() {
        for (at, block) in blocks(&read(&page), "c").iter().enumerate() {
            let name = format!("{}-{at}", page.replace('/', "-"));
            let result = compiles(&file(block), &name);
            assert!(result.is_ok(), "block {} of {page}: {result:?}", at + 1);
            shown += 1;
        }
    }
    assert!(shown > 0, "no page shows C");
}

#[test]
fn a_snippet_may_be_a_few_lines_and_must_be_right() {
    let lines = "weir_mesh_due due = { sizeof due, 0, 0, 0 };\n\
                 if (weir_mesh_poll(mesh, now_ms, &due) < 0) {\n    return WEIR_ERR_STATE;\n}\n";
    let function = "void radio_isr(const uint8_t *bytes, size_t count, int8_t strength);\n\
                    void radio_isr(const uint8_t *bytes, size_t count, int8_t strength)\n{\n\
                    (void)!weir_mesh_receive_isr(mesh, bytes, count, strength);\n}\n";
    assert_eq!(compiles(&file(lines), "lines"), Ok(()));
    assert_eq!(compiles(&file(function), "function"), Ok(()));
    assert!(compiles(&file("weir_mesh_poll(mesh, now_ms, NULL);\n"), "dropped").is_err());
    assert!(compiles(&file("int x = weir_mesh_pull(mesh);\n"), "unknown").is_err());
}

#[test]
fn blocks_are_found_in_order() {
    let page = "a\n```c\nint x;\n```\n```sh\nls\n```\n```c\nint y;\n```\n";
    assert_eq!(blocks(page, "c"), ["int x;\n", "int y;\n"]);
}
