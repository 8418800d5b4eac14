//! The port that `docs/porting.md` shows is one: its text runs against a second node.

use ffi_tests::c::{self, C_WARNINGS, Target};
use ffi_tests::header::{read, root};
use std::fs;

#[test]
fn the_port_of_the_page_runs() {
    let page = read("docs/porting.md");
    let (_, rest) = page.split_once("```c\n").expect("the page shows C");
    let (port, _) = rest.split_once("```").expect("the block ends");
    for target in [Target::host(), Target::rv32()] {
        if let Some(why) = target.lacks() {
            c::skip(
                &format!("the_port_of_the_page_runs, {}", target.triple()),
                &why,
            );
            continue;
        }
        let dir = c::scratch(&format!("porting-{}", target.triple()));
        let (shown, program) = (dir.join("port.c"), dir.join("porting"));
        fs::write(&shown, port).expect("the block as a file");
        let mut flags = C_WARNINGS.to_vec();
        let (shown, around) = (
            shown.to_string_lossy(),
            root().join("ffi-tests/c/porting.c"),
        );
        flags.push(&shown);
        let built = target.build(&around.to_string_lossy(), &flags, &program);
        assert!(built.is_ok(), "{built:?}");
        let outcome = target.run(&program);
        let last = outcome.text.lines().last().unwrap_or("");
        c::say(&format!("{last} on {}", target.triple()));
        assert!(
            outcome.good && last.starts_with("porting: "),
            "{}",
            outcome.text
        );
    }
}
