//! The daemons' command lines.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the daemon with this name; `args[0]` is the name. `None` where there is no such daemon.
pub fn run(_name: &str, _args: &[OsString]) -> Option<ExitCode> {
    None
}
