//! What `make bench` measures, and the one table it makes.

pub mod fixtures;
pub mod meter;
