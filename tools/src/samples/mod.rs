//! The sample components.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the sample with this name; `args[0]` is the name. `None` where there is no such sample.
pub fn run(_name: &str, _args: Vec<OsString>) -> Option<ExitCode> {
    None
}
