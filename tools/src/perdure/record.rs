//! What the supervisor knows of its daemons, kept in `daemons.json` for `status` and `down`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// All daemons of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The supervisor's process.
    pub(super) supervisor: u32,
    /// When the cluster was started.
    pub(super) started: String,
    /// The daemons in the order of their start.
    pub(super) daemons: Vec<Daemon>,
}

/// One daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Daemon {
    /// `immd`, `amfd` or `amfnd-NODE`.
    pub(super) name: String,
    /// Its process, while it runs.
    pub(super) pid: Option<u32>,
    /// What the supervisor does about it.
    pub(super) state: State,
    /// How often it was started again.
    pub(super) restarts: u32,
    /// Its log.
    pub(super) log: PathBuf,
    /// Its last death, if it died.
    pub(super) last_death: Option<Death>,
}

/// What the supervisor does about a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It runs.
    Running,
    /// It died and is about to be started again.
    Restarting,
    /// It died too often.
    GivenUp,
    /// It was stopped.
    Stopped,
}

/// How a daemon died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Death {
    /// When.
    pub(super) time: String,
    /// `exit status 1` or `killed by signal 9 (SIGKILL)`.
    pub(super) cause: String,
    /// The last lines of its log.
    pub(super) last_lines: Vec<String>,
}

impl Record {
    /// Puts the record in the place of the old one, all or nothing.
    pub(super) fn save(&self, path: &Path) -> std::io::Result<()> {
        let new = path.with_extension("json.new");
        fs::write(&new, serde_json::to_vec_pretty(self)?)?;
        fs::rename(&new, path)
    }

    /// The record in the file; `None` where there is none that can be read.
    pub(super) fn load(path: &Path) -> Option<Record> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Those of the recorded processes that still run, by daemon, if they are the cluster's own: the number may have
    /// been given to another process since.
    pub(super) fn living(&self, dir: &Path) -> Vec<(&str, u32)> {
        self.daemons
            .iter()
            .filter_map(|daemon| Some((daemon.name.as_str(), daemon.pid?)))
            .filter(|(_, pid)| runs_for(*pid, dir))
            .collect()
    }
}

/// Whether the process is a daemon that was started for this directory.
fn runs_for(pid: u32, dir: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt as _;
    let Ok(arguments) = fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let mut arguments = arguments.split(|byte| *byte == 0);
    arguments.any(|argument| argument == b"--dir") && arguments.next() == Some(dir.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_strange_processes_are_not_taken_for_daemons() {
        let dir = tempfile::tempdir().unwrap();
        let record = Record {
            supervisor: 7,
            started: "now".into(),
            daemons: vec![Daemon {
                name: "immd".into(),
                pid: Some(std::process::id()),
                state: State::GivenUp,
                restarts: 3,
                log: "/l".into(),
                last_death: None,
            }],
        };
        let path = dir.path().join("daemons.json");
        assert_eq!(Record::load(&path), None);
        record.save(&path).unwrap();
        assert_eq!(Record::load(&path).as_ref(), Some(&record));
        assert!(record.living(dir.path()).is_empty());
    }
}
