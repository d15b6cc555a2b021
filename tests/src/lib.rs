//! What proves the project: the simulator, and what the process tests and benchmarks share.

pub mod cluster;
