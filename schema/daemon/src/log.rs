//! Logs to stderr, as lines for people or as JSON.
//!
//! What belongs to one recovery carries the same `cause` in all daemons, in both forms, so that one search finds it.

use std::env;

use tracing_subscriber::EnvFilter;

/// Says how much is logged, `info` unless it is set; as `RUST_LOG` elsewhere.
pub const LEVEL: &str = "PERDURE_LOG";
/// Says how: `text`, or `json` for an object on each line.
pub const FORMAT: &str = "PERDURE_LOG_FORMAT";

/// Logs from now on. A second call changes nothing but says so on stderr.
pub fn begin() {
    let filter = EnvFilter::try_from_env(LEVEL).unwrap_or_else(|_| EnvFilter::new("info"));
    let logging = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log that cannot be written, as on a full disk, is told nowhere: telling it on stderr would panic.
        .log_internal_errors(false)
        .with_ansi(false);
    let wanted = env::var(FORMAT).unwrap_or_default();
    let begun = if wanted == "json" {
        logging.json().flatten_event(true).try_init()
    } else {
        logging.try_init()
    };
    if let Err(error) = begun {
        eprintln!("no log: {error}");
    }
    if !matches!(wanted.as_str(), "" | "text" | "json") {
        tracing::warn!("{FORMAT} is 'text' or 'json'; '{wanted}' counts as 'text'");
    }
}
