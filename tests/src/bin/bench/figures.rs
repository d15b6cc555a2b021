//! Figures and how they are printed.

use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

/// One line of the report.
struct Line {
    what: String,
    figure: String,
    opensaf: String,
}

/// The processors' time of the machine: what was used, and what its host gave to others although it was wanted.
pub struct Processors {
    wanted: u64,
    stolen: u64,
}

impl Processors {
    /// Until now.
    pub fn now() -> Result<Processors, String> {
        let text = std::fs::read_to_string("/proc/stat").map_err(|e| e.to_string())?;
        let line = text.lines().next().ok_or("/proc/stat is empty")?;
        let fields: Vec<u64> = line
            .split_whitespace()
            .skip(1)
            .filter_map(|field| field.parse().ok())
            .collect();
        // user nice system idle iowait irq softirq steal
        let [user, nice, system, _, _, irq, softirq, stolen, ..] = fields[..] else {
            return Err("/proc/stat has too few times".to_owned());
        };
        Ok(Processors {
            wanted: user + nice + system + irq + softirq + stolen,
            stolen,
        })
    }

    /// What all processes of the machine used since then.
    pub fn used(&self) -> Result<Duration, String> {
        let now = Processors::now()?;
        let used = |at: &Processors| at.wanted.saturating_sub(at.stolen);
        // A tick is 10 ms.
        Ok(Duration::from_millis(10 * used(&now).saturating_sub(used(self))))
    }

    /// How much of a hundred of what was wanted since then the host did not give.
    pub fn stolen_percent(&self) -> Result<u64, String> {
        let now = Processors::now()?;
        let wanted = now.wanted.saturating_sub(self.wanted).max(1);
        Ok(100 * now.stolen.saturating_sub(self.stolen) / wanted)
    }
}

/// Of times in ascending order the one that so many of a hundred do not exceed.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    times
        .get(times.len().saturating_sub(1) * percent / 100)
        .copied()
        .unwrap_or_default()
}

fn sorted(times: &[Duration]) -> Vec<Duration> {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted
}

/// All that was measured, in its order.
#[derive(Default)]
pub struct Report {
    lines: Vec<Line>,
}

impl Report {
    /// Times in which less is better; `opensaf_ms` is what OpenSAF took.
    pub fn times(&mut self, what: &str, mut times: Vec<Duration>, opensaf_ms: Option<f64>) {
        if times.is_empty() {
            return;
        }
        times.sort();
        let at = |percent: usize| percentile(&times, percent).as_secs_f64() * 1000.0;
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

    /// Times of durable changes, whose 99th percentile is given in terms of the disk's own as well.
    pub fn times_over(&mut self, what: &str, times: Vec<Duration>, floor: Duration) {
        let p99 = percentile(&sorted(&times), 99);
        self.times(what, times, None);
        if let Some(line) = self.lines.last_mut() {
            line.opensaf = format!("p99 {:.1} x the disk's", p99.as_secs_f64() / floor.as_secs_f64());
        }
    }

    /// What the disk alone takes for a commit of the store, in the same directory: seven pages here and there and a sync
    /// of them, then a page that says that they hold, written through. Nothing of the daemon is in it, so no durable
    /// change can be faster. Gives the 99th percentile.
    pub fn commit_floor(&mut self, dir: &Path) -> Result<Duration, String> {
        const PAGE: u64 = 4096;
        const PAGES: u64 = 1_024;
        let fail = |e: std::io::Error| format!("the disk's own syncs: {e}");
        let path = dir.join("floor");
        let file = File::create(&path).map_err(fail)?;
        let mut through = File::options();
        through
            .write(true)
            .custom_flags(OFlags::DSYNC.bits().cast_signed());
        let through = through.open(&path).map_err(fail)?;
        (0..PAGES)
            .try_for_each(|page| file.write_all_at(&[0; 4096], page * PAGE))
            .and_then(|()| file.sync_all())
            .map_err(fail)?;
        let mut times = Vec::new();
        for round in 0..1_000 {
            let mut places = (0..7).map(|n| 2 + (round * 7 + n) * 37 % (PAGES - 2));
            let begin = Instant::now();
            places
                .try_for_each(|page| file.write_all_at(&[1; 4096], page * PAGE))
                .and_then(|()| file.sync_data())
                .and_then(|()| through.write_all_at(&[1; 120], round % 2 * PAGE))
                .map_err(fail)?;
            times.push(begin.elapsed());
        }
        std::fs::remove_file(&path).map_err(fail)?;
        let p99 = percentile(&sorted(&times), 99);
        self.times("the disk alone: the writes and syncs of a commit", times, None);
        Ok(p99)
    }

    /// Prints the report.
    pub fn print(&self) {
        for line in &self.lines {
            println!("{:<58} {:<44} {}", line.what, line.figure, line.opensaf);
        }
    }
}
