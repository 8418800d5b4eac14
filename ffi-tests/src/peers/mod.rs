//! What weir is measured against: the usual methods for the same questions, written as well as
//! they can be, with their exact counts of iterations, rounds and bytes.

pub mod cg;
