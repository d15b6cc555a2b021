//! Progress of long work, for a person at a terminal: on stderr, only where that is one, and gone at the end.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the terminal is drawn while nothing moves.
const TICK: Duration = Duration::from_millis(200);

/// Counts things, such as objects read.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Counts `what` towards an unknown number.
    pub(super) fn counting(what: &'static str) -> Progress {
        let bar = ProgressBar::new_spinner();
        Progress::drawn(bar, "{spinner} {human_pos} {msg}, {per_sec}", what)
    }

    /// Counts `what` towards `total`.
    pub(super) fn towards(what: &'static str, total: usize) -> Progress {
        let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
        Progress::drawn(bar, "{wide_bar} {human_pos}/{human_len} {msg}, {eta}", what)
    }

    fn drawn(bar: ProgressBar, template: &str, what: &'static str) -> Progress {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(TICK);
        Progress(bar)
    }

    /// So many more.
    pub(super) fn add(&self, count: usize) {
        self.0.inc(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
