//! Starts commands and keeps what they write.
//!
//! A command gets its own process group, no input, a clean environment, and the component's log file for all that it
//! writes. The file, not a pipe, because a daemon that a command leaves behind keeps its outputs: it must neither hold
//! up the command's end nor be killed for writing. `Command` here uses `posix_spawn`, which costs the same however
//! large this process is; a user id, a group id or a hook before `exec` would make it fork.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};
use std::time::Duration;

use ais::Dn;
use ais::amf::Command;
use rustix::process::Pid;

use crate::processes::{COMPONENT_VARIABLE, SOCKET_VARIABLE};

/// How much of a command's output is kept for the operator.
const TAIL_BYTES: u64 = 4096;
/// How many lines of it.
const TAIL_LINES: usize = 20;
/// The longest name of a log file without its ending.
const LOG_NAME_MAX: usize = 200;
/// How often the sizes of the logs are looked at: a process that writes without end must not fill the disk meanwhile.
const LOOK_MAX: Duration = Duration::from_secs(1);
const LOOK_MIN: Duration = Duration::from_millis(20);
/// What a command inherits of the node director's own environment.
const INHERITED: [&str; 9] = [
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER",
];
/// `PATH` where the node director has none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its process, the leader of its group.
    pub(crate) pid: Pid,
    /// Where it writes.
    pub(crate) output: Output,
}

/// What a command wrote: the part of the component's log from where the command began.
#[derive(Debug)]
pub(crate) struct Output {
    log: PathBuf,
    begin: u64,
}

/// Starts commands on one node.
pub(crate) struct Spawner {
    node_dir: PathBuf,
    log_dir: PathBuf,
    log_size_max: u64,
    inherited: Vec<(OsString, OsString)>,
    own: Vec<(&'static str, OsString)>,
    socket: OsString,
}

impl Spawner {
    /// A spawner whose commands work in `node_dir` and log below it.
    ///
    /// # Errors
    /// The directory of the logs cannot be made.
    pub(crate) fn new(
        dir: &Path,
        node_dir: &Path,
        socket: &Path,
        node_id: u32,
        log_size_max: u64,
    ) -> io::Result<Spawner> {
        let log_dir = node_dir.join("log");
        fs::create_dir_all(&log_dir)?;
        let mut inherited: Vec<(OsString, OsString)> = INHERITED
            .iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
            .collect();
        if std::env::var_os("PATH").is_none() {
            inherited.push(("PATH".into(), DEFAULT_PATH.into()));
        }
        Ok(Spawner {
            node_dir: node_dir.to_owned(),
            log_dir,
            log_size_max,
            inherited,
            own: vec![
                ("PERDURE_DIR", dir.into()),
                ("NCS_ENV_NODE_ID", node_id.to_string().into()),
            ],
            socket: socket.into(),
        })
    }

    /// Starts a command for a component.
    ///
    /// # Errors
    /// Why it cannot be started, with the error's number, for people.
    pub(crate) fn start(&self, comp: &Dn, command: &Command, env: &[String]) -> Result<Started, String> {
        if !command.path.starts_with('/') {
            return Err(format!("the path {:?} is not absolute", command.path));
        }
        let log = self.log_dir.join(log_name(comp));
        let (file, begin) = open_log(&log)
            .map_err(|error| format!("its log {} cannot be opened: {}", log.display(), describe(&error)))?;
        let errors = file.try_clone().map_err(|error| describe(&error))?;
        let mut program = Program::new(&command.path);
        program
            .args(&command.argv)
            .env_clear()
            .envs(self.inherited.iter().map(|(name, value)| (name, value)))
            .envs(self.own.iter().map(|(name, value)| (name, value)))
            .envs(env.iter().filter_map(|variable| variable.split_once('=')))
            // Last, for no component may take another's name.
            .env(COMPONENT_VARIABLE, comp.as_str())
            .env(SOCKET_VARIABLE, &self.socket)
            .current_dir(&self.node_dir)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .process_group(0);
        let child = program.spawn().map_err(|error| describe(&error))?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        // The node director reaps all its children in one place, adopted ones too.
        pid.map(|pid| Started {
            pid,
            output: Output { log, begin },
        })
        .ok_or_else(|| format!("process id {} is out of range", child.id()))
    }

    /// Keeps the logs short, for ever.
    pub(crate) fn keep_logs_short(&self) -> impl Future<Output = ()> + use<> {
        keep_short(self.log_dir.clone(), self.log_size_max)
    }
}

/// Looks at the logs again and again: often while one of them grows beyond its limit, seldom otherwise.
async fn keep_short(dir: PathBuf, size_max: u64) {
    let mut pause = LOOK_MAX;
    loop {
        let own = dir.clone();
        let look = tokio::task::spawn_blocking(move || trim_logs(&own, size_max)).await;
        match look {
            Ok(Ok(0)) => pause = (pause * 2).min(LOOK_MAX),
            Ok(Ok(_)) => pause = LOOK_MIN,
            Ok(Err(error)) => {
                tracing::warn!(%error, dir = %dir.display(), "the components' logs cannot be shortened");
                pause = LOOK_MAX;
            }
            // The node director is ending.
            Err(_) => return,
        }
        tokio::time::sleep(pause).await;
    }
}

/// Shortens every log that has outgrown its limit; the older half goes to `*.log.old`. Gives how many.
///
/// Processes write on to the same file, so it is emptied in place. What is written between the copy and the
/// emptying is lost.
fn trim_logs(log_dir: &Path, size_max: u64) -> io::Result<usize> {
    let mut shortened = 0;
    for entry in fs::read_dir(log_dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "log") || fs::metadata(&path)?.len() <= size_max {
            continue;
        }
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(size_max)))?;
        let mut old = File::create(path.with_extension("log.old"))?;
        io::copy(&mut (&mut file).take(size_max), &mut old)?;
        file.set_len(0)?;
        shortened += 1;
    }
    Ok(shortened)
}

impl Output {
    /// The last lines that were written since the command began.
    pub(crate) fn tail(&self) -> String {
        match self.read_tail() {
            Ok(text) => text,
            Err(error) => {
                tracing::warn!(log = %self.log.display(), %error, "a command's output cannot be read");
                String::new()
            }
        }
    }

    fn read_tail(&self) -> io::Result<String> {
        let mut file = File::open(&self.log)?;
        let length = file.metadata()?.len();
        // A log that was emptied meanwhile is shorter than where the command began.
        let begin = if length < self.begin { 0 } else { self.begin };
        file.seek(SeekFrom::Start(begin.max(length.saturating_sub(TAIL_BYTES))))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(last_lines(&String::from_utf8_lossy(&bytes)))
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// Opens a log for appending and tells its length.
fn open_log(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// A component's log: its DN, where slashes are replaced and a long name ends in a number made from all of it.
fn log_name(comp: &Dn) -> String {
    let name = comp.as_str().replace('/', "!");
    if name.len() <= LOG_NAME_MAX {
        return format!("{name}.log");
    }
    // FNV-1a; Dn is ASCII, so that cutting at a byte is safe.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{}-{hash:016x}.log", &name[..LOG_NAME_MAX])
}

/// The error as operators look it up: `No such file or directory (2)`.
pub(crate) fn describe(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => error
            .to_string()
            .replace(&format!("(os error {number})"), &format!("({number})")),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_carry_their_number_once() {
        let error = io::Error::from_raw_os_error(2);
        assert_eq!(describe(&error), "No such file or directory (2)");
    }

    #[test]
    fn names_of_logs_are_short_and_differ() {
        let short = Dn::new("safComp=a/b,safSu=1").unwrap();
        assert_eq!(log_name(&short), "safComp=a!b,safSu=1.log");
        let long = |end: &str| log_name(&Dn::new(&format!("safComp={}{end}", "x".repeat(900))).unwrap());
        assert!(long("1").len() < 255);
        assert_ne!(long("1"), long("2"));
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let lines: Vec<String> = (0..50).map(|line| format!("line {line}")).collect();
        let kept = last_lines(&lines.join("\n"));
        assert!(kept.starts_with("line 30\n") && kept.ends_with("line 49"));
    }

    #[test]
    fn a_log_that_outgrew_its_limit_is_emptied_and_its_end_kept() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("safComp=x.y.log");
        fs::write(&log, "0123456789").unwrap();
        trim_logs(dir.path(), 10).unwrap();
        assert_eq!(fs::read(&log).unwrap().len(), 10);
        trim_logs(dir.path(), 4).unwrap();
        assert_eq!(fs::read(&log).unwrap(), b"");
        assert_eq!(fs::read(log.with_extension("log.old")).unwrap(), b"6789");
    }
}
