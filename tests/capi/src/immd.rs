//! The information model daemon alone: `capi-immd DIR MODEL...`, until SIGTERM.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(dir) = arguments.next() else {
        eprintln!("usage: capi-immd DIR MODEL...");
        return ExitCode::from(2);
    };
    let mut options = immd::Options::new(dir);
    options.models = arguments.map(Into::into).collect();
    match immd::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("capi-immd: {error}");
            ExitCode::FAILURE
        }
    }
}
