//! What the libraries for C programs share.
//!
//! Handles are numbers in a table of the process, not pointers, and die over `fork`. Callbacks wait in a [`Queue`] until
//! the program dispatches them on a thread of its own; a [`Selection`] tells `poll` that some wait. Each exported
//! function runs inside [`answer`], which turns refusals into codes and keeps panics out of the program.
//!
//! This crate may use unsafe code; each use says why it is sound.
#![allow(unsafe_code)]
#![deny(clippy::undocumented_unsafe_blocks)]

mod arena;
mod boundary;
mod busy;
mod dispatch;
mod handle;
mod name;
mod process;
mod selection;
mod sync;
mod text;
mod turns;
mod types;

pub use arena::{Arena, Pool};
pub use boundary::answer;
pub use busy::{Busy, BusyGuard};
pub use dispatch::{End, Queue};
pub use handle::{Handles, kind_of};
pub use name::{
    NAME_LENGTH_MAX, SaNameT, are_extended_names_enabled, borrow_name, lend_name, read_name, write_name,
};
pub use process::PerProcess;
pub use selection::Selection;
pub use text::{any_bytes, any_text, list, text, text_within};
pub use turns::{Turn, Turns};
pub use types::*;
