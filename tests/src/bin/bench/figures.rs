//! Figures and how they are printed.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// One line of the report.
struct Line {
    what: String,
    figure: String,
    opensaf: String,
}

/// All that was measured, in its order.
#[derive(Default)]
pub struct Report {
    lines: Vec<Line>,
}

impl Report {
    /// Times in which less is better; `opensaf_ms` is what OpenSAF took.
    pub fn times(&mut self, what: &str, mut times: Vec<Duration>, opensaf_ms: Option<f64>) {
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
        if times.is_empty() {
            return;
        }
        let (median, p99) = (at(50), at(99));
        let figure = format!("median {median:.2} ms, p99 {p99:.2} ms ({} times)", times.len());
        let opensaf = opensaf_ms
            .map(|ms| format!("{:.1} x faster than {ms} ms", ms / median))
            .unwrap_or_default();
        self.lines.push(Line {
            what: what.to_owned(),
            figure,
            opensaf,
        });
    }

    /// A rate in which more is better.
    pub fn rate(&mut self, what: &str, per_second: f64, opensaf: Option<f64>) {
        let opensaf = opensaf
            .map(|o| format!("{:.1} x {o}/s", per_second / o))
            .unwrap_or_default();
        self.lines.push(Line {
            what: what.to_owned(),
            figure: format!("{per_second:.0}/s"),
            opensaf,
        });
    }

    /// Anything else.
    pub fn other(&mut self, what: &str, figure: String) {
        self.compared(what, figure, String::new());
    }

    /// A figure with what it is in terms of OpenSAF's.
    pub fn compared(&mut self, what: &str, figure: String, opensaf: String) {
        self.lines.push(Line {
            what: what.to_owned(),
            figure,
            opensaf,
        });
    }

    /// What one fsync costs now: figures of durable changes mean little without it.
    pub fn fsync(&mut self) -> Result<(), String> {
        let mut file = tempfile::tempfile().map_err(|e| format!("a temporary file: {e}"))?;
        file.write_all(&[0; 4096])
            .and_then(|()| file.sync_all())
            .map_err(|e| format!("fsync: {e}"))?;
        let mut times = Vec::new();
        for _ in 0..50 {
            let begin = Instant::now();
            file.write_all_at(&[1; 4096], 0)
                .and_then(|()| file.sync_data())
                .map_err(|e| format!("fsync: {e}"))?;
            times.push(begin.elapsed());
        }
        self.times("fdatasync of 4 KiB on this machine", times, None);
        Ok(())
    }

    /// Prints the report.
    pub fn print(&self) {
        for line in &self.lines {
            println!("{:<58} {:<44} {}", line.what, line.figure, line.opensaf);
        }
    }
}
