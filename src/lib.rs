//! weir: a mesh that shares load, agrees to the bit and needs no coordinator.
//!
//! Two ideas carry everything else.
//!
//! 1. **Replicate records, compute pure functions.** The mesh moves small records, each written by
//!    one author, and merges them by a total order. What all nodes must agree on is a function of
//!    the record set alone: equal records, equal digests, equal results, bit for bit, on every
//!    machine.
//! 2. **The caller owns the world.** Memory, time, radio, entropy and storage come in through the
//!    caller. Nothing here allocates, sleeps, locks, reads a clock or holds a global.
//!
//! Five tiers; an import points strictly down, and rooms never import rooms.
//!
//! * materials: [`num`] wide integers that round once, elementary functions that round correctly;
//!   [`digest`] keyed hashes; [`random`] the reproducible stream; [`bytes`] the reader that
//!   consumes; [`time`] clock, timers, Trickle; [`carve`] lent memory as arrays;
//! * record: [`record`] who says what in which version; the store, its digest, what differs;
//! * rooms: [`complex`] exact projection of flows, the balancing plan, and both with neighbours
//!   only; [`mesh`] the node: frames, seals, neighbours, gossip, ledger;
//! * sync: [`sync`] where records meet the rooms; [`sync::flows`] is LOAD and LINKS and the
//!   complex;
//! * abi: [`abi`] the C surface; its `border` alone dereferences what C passed.
//!
//! A frame goes: interrupt, inbox, seal, record, merge; a result: records, meeting, room, caller.
//! Inputs store, a poll acts, and results are computed when they are asked for.

#![cfg_attr(not(test), no_std)]

pub mod abi;
pub mod bytes;
pub mod carve;
pub mod complex;
pub mod digest;
pub mod mesh;
pub mod num;
pub mod random;
pub mod record;
pub mod sync;
pub mod time;
