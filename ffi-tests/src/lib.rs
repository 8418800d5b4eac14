//! Truths that weir is tested against: oracles in exact arithmetic, the simulator, and the
//! programs that build and inspect the archive. Nothing here reaches firmware.

pub mod bench;
pub mod bill;
pub mod c;
pub mod contract;
pub mod evidence;
pub mod fuzz;
pub mod header;
pub mod layout;
pub mod peers;
pub mod pictures;
pub mod sim;
pub mod tables;

pub mod oracle;
