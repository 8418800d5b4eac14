//! What `make bench` measures, and the one table it makes.

pub mod fixtures;
pub mod host;
pub mod meter;
pub mod rows;
pub mod table;
