//! Writes `src/num/tables.rs`.

use ffi_tests::{header, tables};

fn main() -> std::io::Result<()> {
    std::fs::write(header::root().join("src/num/tables.rs"), tables::text())
}
