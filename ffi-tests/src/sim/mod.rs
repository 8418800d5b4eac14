//! The simulator: production nodes, one clock that jumps to the next thing that happens, one seed.
//!
//! [`air`] loses, repeats, delays and cuts; [`world`] holds the nodes, their applications and their
//! restarts; [`check`] looks only at what a node says of itself. Faults and checks do not know each
//! other. A failure names the seed and the line that runs it again.

pub mod air;
pub mod check;
pub mod forge;
pub mod maps;
pub mod planner;
pub mod storm;
pub mod world;
