//! The information model daemon.
pub mod store;
