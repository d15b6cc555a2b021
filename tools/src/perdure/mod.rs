//! `perdure`: brings clusters up and down, shows, upgrades and demonstrates them.

use std::ffi::OsString;
use std::process::ExitCode;

pub mod daemons;

/// Runs `perdure` with these arguments; `argv[0]` is its name.
pub fn main(_argv: Vec<OsString>) -> ExitCode {
    ExitCode::from(2)
}
