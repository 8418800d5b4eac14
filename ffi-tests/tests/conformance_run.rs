//! The C programs of `ffi-tests/c`, on every machine of cmake/targets.txt.

use ffi_tests::c::Target;

/// Runs one program on every machine, two at a time with the other tests of this file.
fn everywhere(program: &str) {
    for target in Target::all() {
        target.program(program, &[]);
    }
}

#[test]
fn balance_passes_everywhere() {
    everywhere("balance");
}

#[test]
fn complex_passes_everywhere() {
    everywhere("complex");
}

#[test]
fn mesh_passes_everywhere() {
    everywhere("mesh");
}

#[test]
fn storage_macro_bounds_runtime() {
    everywhere("storage");
}
