//! What the README shows is what is there: its first C block is the quickstart, byte by byte; it
//! compiles, runs and prints what the README says it prints.

use ffi_tests::c::{self, Target};
use ffi_tests::header::read;
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

#[test]
fn blocks_are_found_in_order() {
    let page = "a\n```c\nint x;\n```\n```sh\nls\n```\n```c\nint y;\n```\n";
    assert_eq!(blocks(page, "c"), ["int x;\n", "int y;\n"]);
}
