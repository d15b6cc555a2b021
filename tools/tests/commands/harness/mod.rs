//! A real information model daemon in a directory of its own, and transcripts of commands run against it.

pub(crate) mod implementer;
pub(crate) mod terminal;
mod transcript;
pub(crate) mod whole;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) use transcript::{check, check_in};

/// How long a daemon may take until it answers.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A directory with a daemon in it; both go when this is dropped.
pub(crate) struct Cluster {
    dir: tempfile::TempDir,
    immd: Child,
    amfd: Option<Child>,
}

impl Cluster {
    /// Starts a daemon with these models and waits until it answers.
    pub(crate) fn start(models: &[&Path]) -> Cluster {
        Cluster::start_with(&[], models)
    }

    /// As [`Cluster::start`], with options for the daemon.
    pub(crate) fn start_with(options: &[&str], models: &[&Path]) -> Cluster {
        let dir = tempfile::Builder::new().prefix("perdure-").tempdir().unwrap();
        let immd = daemon(dir.path(), options, models);
        let mut cluster = Cluster {
            dir,
            immd,
            amfd: None,
        };
        cluster.wait_until_it_answers();
        cluster
    }

    /// Starts a director too, and waits until it answers.
    pub(crate) fn start_director(&mut self) {
        let log = File::create(self.dir().join("amfd.log")).unwrap();
        let director = Command::new(env!("CARGO_BIN_EXE_perdure"))
            .arg("amfd")
            .arg("--dir")
            .arg(self.dir())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.amfd = Some(director.unwrap());
        let deadline = Instant::now() + START_LIMIT;
        while !self.run("ntfread").status.success() {
            let log = || std::fs::read_to_string(self.dir().join("amfd.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "amfd does not answer:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the daemon.
    pub(crate) fn kill(&mut self) {
        self.immd.kill().unwrap();
        self.immd.wait().unwrap();
    }

    /// Starts the daemon again, with what it has stored.
    pub(crate) fn restart(&mut self) {
        self.immd = daemon(self.dir.path(), &[], &[]);
    }

    /// Waits until the daemon answers.
    pub(crate) fn wait_until_it_answers(&mut self) {
        let deadline = Instant::now() + START_LIMIT;
        while !self.run("immfind -s sublevel").status.success() {
            let ended = self.immd.try_wait().unwrap();
            let is_late = Instant::now() > deadline;
            assert!(
                ended.is_none() && !is_late,
                "immd does not answer: {ended:?}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The cluster's directory.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir().join("immd.log")).unwrap_or_default()
    }

    /// Runs a command line; words in single quotes stay together.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// A command line for this cluster.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = command(line);
        command.env("PERDURE_DIR", self.dir());
        command
    }

    /// Runs a command line that must succeed; gives what it printed.
    pub(crate) fn must(&self, line: &str) -> String {
        let output = self.run(line);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {complaint}\n{}", self.log());
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(amfd) = &mut self.amfd
            && amfd.kill().is_ok()
        {
            amfd.wait().unwrap();
        }
        // The daemon may have ended; then there is nothing to end and the status is there already.
        if self.immd.kill().is_ok() {
            self.immd.wait().unwrap();
        }
    }
}

fn daemon(dir: &Path, options: &[&str], models: &[&Path]) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(dir.join("immd.log"))
        .unwrap();
    Command::new(env!("CARGO_BIN_EXE_perdure"))
        .arg("immd")
        .arg("--dir")
        .arg(dir)
        .args(options)
        .args(models)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// A command line as the shell in `D/bin` would run it, in the directory of the golden files.
pub(crate) fn command(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perdure"));
    command
        .args(words(line.strip_prefix("perdure ").unwrap_or(line)))
        .current_dir(golden())
        .env_remove("PERDURE_DIR")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    command
}

/// The directory of the golden files.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' if !is_quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}
