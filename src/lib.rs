//! weir: a mesh that shares load, agrees to the bit and needs no coordinator.
//!
//! Two ideas carry everything else.
//!
//! 1. **Replicate records, compute pure functions.** The mesh moves small records, each written by
//!    one author, and merges them by a total order. What all nodes must agree on is a function of the
//!    record set alone: equal records, equal digests, equal results, bit for bit, on every machine.
//! 2. **The caller owns the world.** Memory, time, radio, entropy and storage come in through the
//!    caller. Nothing here allocates, sleeps, locks, reads a clock or holds a global.

#![cfg_attr(not(test), no_std)]

pub mod bytes;
pub mod carve;
pub mod digest;
pub mod mesh;
pub mod random;
pub mod record;
pub mod time;
