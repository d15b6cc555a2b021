//! The operator's commands.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command with this name; `args[0]` is the name. `None` where there is no such command.
pub fn run(_name: &str, _args: Vec<OsString>) -> Option<ExitCode> {
    None
}
