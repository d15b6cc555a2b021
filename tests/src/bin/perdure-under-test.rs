//! The program under test: exactly what `perdure` is, built together with the tests that start it.

use std::process::ExitCode;

fn main() -> ExitCode {
    tools::dispatch(std::env::args_os().collect())
}
