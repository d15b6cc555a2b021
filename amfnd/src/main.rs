//! The node director daemon as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    daemon::log::begin();
    amfnd::cli::main(std::env::args_os())
}
