//! The node director daemon as a program of its own.

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("PERDURE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log that cannot be written, as on a full disk, is told nowhere: telling it on stderr would panic.
        .log_internal_errors(false)
        .with_ansi(false)
        .init();
    amfnd::cli::main(std::env::args_os())
}
