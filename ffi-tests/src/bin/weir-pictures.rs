//! Writes the pictures of `docs/reconciler.md`.

use ffi_tests::{header, pictures};

fn main() -> std::io::Result<()> {
    for (path, text) in pictures::all() {
        std::fs::write(header::root().join(path), text)?;
    }
    Ok(())
}
