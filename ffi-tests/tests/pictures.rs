//! The pictures of the documentation are what the library computes today.

use ffi_tests::{header, pictures};

#[test]
fn pictures_are_what_their_program_draws() {
    for (path, text) in pictures::all() {
        assert!(
            header::read(path) == text,
            "{path} has drifted: make pictures"
        );
    }
}

#[test]
fn drawing_twice_gives_the_same_bytes_and_every_picture_is_shown() {
    let page = header::read("docs/reconciler.md");
    for ((path, text), (_, again)) in pictures::all().into_iter().zip(pictures::all()) {
        assert_eq!(text, again, "{path}");
        let name = path.trim_start_matches("docs/");
        assert!(page.contains(&format!("({name})")), "{name} is not shown");
    }
}
