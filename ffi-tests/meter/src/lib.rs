//! The counted half of `make bench`: an exact bracket on RV32IMAC and on Cortex-M3, and one entry
//! per operation.
//!
//! Unit: instructions, as QEMU with `-icount` executes them. They are not cycles: no flash, no
//! cache, no stalls. The bracket is assembly, so that no compiler moves an instruction across its
//! ends; a callee of n instructions, its return included, reads n + 2.
//! `ffi-tests/c/meter.c` calls the entries and first proves the bracket on callees of known
//! length. On any other machine only the peers are compiled. Nothing here is in the archive.

#![no_std]

#[path = "../../src/peers/cg.rs"]
pub mod cg;

#[cfg(target_arch = "arm")]
mod bracket_arm;
#[cfg(target_arch = "riscv32")]
mod bracket_riscv;
#[cfg(any(target_arch = "riscv32", target_arch = "arm"))]
mod entry;
#[cfg(any(target_arch = "riscv32", target_arch = "arm"))]
mod numbers;
