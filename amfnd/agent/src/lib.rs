//! `libSaAmf.so.0`: the Availability Management Framework's interface for C programs (SAI-AIS-AMF B.01.01 and B.04.01,
//! and what OpenSAF adds), over the Rust client.
//!
//! `abi` has the exported functions: they copy in, ask, copy out. `calls` has what the standard says of each function
//! before the node director is asked. One thread of the library talks with the node director; callbacks wait at their
//! handle until the program dispatches them on a thread of its own.
#![allow(unsafe_code, non_snake_case)]
#![deny(clippy::undocumented_unsafe_blocks)]

pub mod abi;
mod callbacks;
mod calls;
mod deliver;
mod groups;
mod handle;
mod library;
mod release;
mod room;
mod sc_status;
pub mod types;
mod worker;
