//! Writes `include/weir.h` and the list of exported names that belongs to it.

use ffi_tests::header;
use std::fs;

fn main() -> std::io::Result<()> {
    let text = header::text();
    fs::create_dir_all(header::root().join("include"))?;
    fs::write(
        header::root().join("docs/abi/symbols.txt"),
        header::symbols(&text),
    )?;
    fs::write(header::root().join("include/weir.h"), text)
}
