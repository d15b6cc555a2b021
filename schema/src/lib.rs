//! The wire contract of Perdure: Cap'n Proto interfaces and the conversions between wire types and `ais` types.
//!
//! The `*_capnp` modules are generated from the `.capnp` files beside this crate's `Cargo.toml` and checked in.
//! Everything that a peer sends is checked here, once: enumerators out of range, names that are no DNs, texts that
//! are not UTF-8 become a [`WireError`]; no other crate reads wire types' fields.

#[rustfmt::skip]
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::too_many_lines
)]
pub mod amf_capnp;
#[rustfmt::skip]
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::too_many_lines
)]
pub mod component_capnp;
#[rustfmt::skip]
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::too_many_lines
)]
pub mod imm_capnp;
#[rustfmt::skip]
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::too_many_lines
)]
pub mod ntf_capnp;
#[rustfmt::skip]
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::too_many_lines
)]
pub mod value_capnp;

pub mod amf;
pub mod component;
mod error;
pub mod imm;
pub mod journal;
pub mod ntf;
pub mod size;
pub mod value;

pub use error::{WireError, list_len};
pub use value::Refused;
