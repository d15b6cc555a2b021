//! The operator's commands, `perdure` itself, and the one program that holds them all.
//!
//! [`dispatch`] chooses by the name that the program was called by (`D/bin/immlist` is a link to `perdure`), else by the
//! first argument (`perdure immlist ...`). Daemons and samples are chosen the same way.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

mod allocator;
pub mod commands;
mod model;
mod moment;
pub mod perdure;
pub mod samples;

/// Runs the program that `argv` names and gives its exit code; `argv[0]` is the name it was called by.
pub fn dispatch(argv: Vec<OsString>) -> ExitCode {
    allocator::give_back_at_once();
    let called = argv.first().map(name_of).unwrap_or_default();
    if let Some(code) = run_by_name(&called, &argv) {
        return code;
    }
    if let Some(code) = argv
        .get(1)
        .map(name_of)
        .and_then(|first| run_by_name(&first, &argv[1..]))
    {
        return code;
    }
    perdure::main(argv)
}

/// The file name in a path, as text.
fn name_of(path: &OsString) -> String {
    Path::new(path)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Runs the command, daemon or sample with this name; `args[0]` is its name. `None` where there is none.
fn run_by_name(name: &str, args: &[OsString]) -> Option<ExitCode> {
    commands::run(name, args.to_vec())
        .or_else(|| samples::run(name, args.to_vec()))
        .or_else(|| perdure::daemons::run(name, args))
        .or_else(|| model::run_by_name(name, args))
}
