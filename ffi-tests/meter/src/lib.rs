//! The counted half of `make bench` on RV32IMAC: an exact bracket, and one entry per operation.
//!
//! Unit: retired instructions, as QEMU's `-icount shift=0` gives them to `minstret`. They are not
//! cycles: no flash, no cache, no stalls. The bracket is assembly, so that no compiler moves an
//! instruction across its ends; a callee of n instructions, its return included, reads n + 2.
//! `ffi-tests/c/meter.c` calls the entries and first proves the bracket on callees of known
//! length. On any other machine only the peers are compiled. Nothing here is in the archive.

#![no_std]

#[path = "../../src/peers/cg.rs"]
pub mod cg;

#[cfg(target_arch = "riscv32")]
mod bracket;
#[cfg(target_arch = "riscv32")]
mod entry;
#[cfg(target_arch = "riscv32")]
mod numbers;
