//! The one program of Perdure: `perdure`, the operator's commands, the daemons and the sample components.

use std::process::ExitCode;

fn main() -> ExitCode {
    tools::dispatch(std::env::args_os().collect())
}
