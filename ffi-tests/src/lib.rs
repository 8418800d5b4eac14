//! Truths that weir is tested against: oracles in exact arithmetic and the simulator.
