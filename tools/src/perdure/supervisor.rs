//! Starts the daemons, restarts those that die, stops them in order.
//!
//! A daemon that dies is started again at once; one that keeps dying, after growing pauses and then no more. What
//! happened to each stands in `daemons.json`. The daemons run in process groups of their own, so that a Ctrl-C at the
//! terminal reaches the supervisor alone, which then stops them in order.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ais::Dn;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::failure::Failure;
use super::hang;
use super::place::Place;
use super::record::{Daemon, Death, Record, State};
use super::restarts::{Decision, Restarts};

/// How many of a daemon's last lines are kept.
const LAST_LINES: usize = 5;
/// A daemon that had to be started again so often while the cluster is being started does not come up.
const START_RESTARTS: u32 = 5;
/// How long a daemon that hangs may take for its dump.
const DUMP_LIMIT: Duration = Duration::from_secs(5);
/// How much of its log is looked through for them.
const LAST_BYTES: u64 = 16 << 10;

/// The supervisor of a cluster's daemons.
pub(super) struct Supervisor {
    place: Place,
    record: RefCell<Record>,
}

/// How to start a daemon.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The name in records, and of its log.
    pub(super) name: String,
    /// `immd`, `amfd` or `amfnd`.
    pub(super) role: &'static str,
    /// What its command line has after `--dir D`.
    pub(super) arguments: Vec<String>,
    /// The same for a restart.
    pub(super) restart_arguments: Vec<String>,
    /// The node whose components it runs, if it is a node director.
    pub(super) node: Option<Dn>,
    /// How long it may take to stop.
    pub(super) stop_limit: Duration,
    /// How long it may leave a question unanswered; 0 is for ever.
    pub(super) hang_limit: Duration,
}

/// A daemon that was started and is not kept alive yet.
pub(super) struct Started {
    index: usize,
    plan: Plan,
    child: Child,
    log_begin: u64,
}

/// A daemon that is kept alive.
pub(super) struct Kept {
    pub(super) name: String,
    stop: Rc<Notify>,
    is_stopping: Rc<Cell<bool>>,
    task: JoinHandle<Option<String>>,
}

impl Supervisor {
    /// A supervisor without daemons.
    pub(super) fn new(place: Place) -> Supervisor {
        let record = Record {
            supervisor: std::process::id(),
            started: now_text(),
            daemons: Vec::new(),
        };
        Supervisor {
            place,
            record: RefCell::new(record),
        }
    }

    /// Starts a daemon for the first time.
    pub(super) fn start(&self, plan: Plan) -> Result<Started, Failure> {
        let (child, log_begin) = self.spawn(&plan, &plan.arguments)?;
        let index = self.record.borrow().daemons.len();
        let daemon = Daemon {
            name: plan.name.clone(),
            pid: child.id(),
            state: State::Running,
            restarts: 0,
            log: self.place.log(&plan.name),
            last_death: None,
        };
        self.record.borrow_mut().daemons.push(daemon);
        self.save();
        Ok(Started {
            index,
            plan,
            child,
            log_begin,
        })
    }

    /// Keeps the daemon alive from now on.
    pub(super) fn keep(self: &Rc<Self>, started: Started) -> Kept {
        let stop = Rc::new(Notify::new());
        let is_stopping = Rc::new(Cell::new(false));
        let name = started.plan.name.clone();
        let keeper = Keeper {
            supervisor: Rc::clone(self),
            started,
            restarts: Restarts::default(),
            stop: Rc::clone(&stop),
            is_stopping: Rc::clone(&is_stopping),
        };
        Kept {
            name,
            stop,
            is_stopping,
            task: tokio::task::spawn_local(keeper.run()),
        }
    }

    fn spawn(&self, plan: &Plan, arguments: &[String]) -> Result<(Child, u64), Failure> {
        let failed = |error: std::io::Error| Failure::failed(format!("start {}", plan.name), &error);
        let log = self.place.open_log(&plan.name).map_err(failed)?;
        let log_begin = log.metadata().map_err(failed)?.len();
        let mut command = Command::new(super::OWN_PROGRAM);
        // The supervisor speaks for them all.
        for variable in daemon::readiness::VARIABLES {
            command.env_remove(variable);
        }
        let child = command
            .arg0("perdure")
            .arg(plan.role)
            .arg("--dir")
            .arg(self.place.dir())
            .args(arguments)
            .env("PERDURE_DIR", self.place.dir())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        Ok((child, log_begin))
    }

    /// Why the daemon with this name does not come up; `None` while it may.
    pub(super) fn fails_to_start(&self, name: &str) -> Option<Failure> {
        let record = self.record.borrow();
        let daemon = record.daemons.iter().find(|daemon| daemon.name == name)?;
        let death = daemon.last_death.as_ref()?;
        let lines = death.last_lines.iter().cloned();
        let failure = Failure::new(format!("{name} does not come up: it ended with {}", death.cause));
        (daemon.restarts >= START_RESTARTS || daemon.state == State::GivenUp)
            .then(|| lines.fold(failure, Failure::and))
    }

    fn update(&self, index: usize, change: impl FnOnce(&mut Daemon)) {
        if let Some(daemon) = self.record.borrow_mut().daemons.get_mut(index) {
            change(daemon);
        }
        self.save();
    }

    fn save(&self) {
        let path = self.place.record();
        if let Err(error) = self.record.borrow().save(&path) {
            say!("{} cannot be written: {error}", path.display());
        }
    }
}

impl Started {
    /// How the daemon ended, if it did.
    pub(super) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(Some(status)) => Some(cause_of(status)),
            Ok(None) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// What the daemon wrote since it was started.
    pub(super) fn output(&self, place: &Place) -> Vec<String> {
        lines_since(&place.log(&self.plan.name), self.log_begin)
    }

    /// Ends a daemon that is not kept.
    pub(super) async fn abandon(mut self) {
        if let Err(error) = self.child.kill().await {
            say!("{} is left running: {error}", self.plan.name);
        }
    }
}

impl Kept {
    /// Asks the daemon to stop.
    pub(super) fn ask_to_stop(&self) {
        self.is_stopping.set(true);
        self.stop.notify_one();
    }

    /// Waits until it has stopped; says what had to be done where it did not by itself.
    pub(super) async fn stopped(self) -> Option<String> {
        self.task
            .await
            .unwrap_or_else(|error| Some(format!("{}: {error}", self.name)))
    }
}

/// Keeps one daemon alive.
struct Keeper {
    supervisor: Rc<Supervisor>,
    started: Started,
    restarts: Restarts,
    stop: Rc<Notify>,
    is_stopping: Rc<Cell<bool>>,
}

impl Keeper {
    /// Until it is asked to stop; gives what the operator should know about that.
    async fn run(mut self) -> Option<String> {
        loop {
            let hung = hung(
                &self.supervisor.place,
                &self.started.plan,
                self.started.child.id(),
            );
            let status = tokio::select! {
                status = self.started.child.wait() => status,
                () = self.stop.notified() => return self.end().await,
                () = hung => self.kill_hung().await,
            };
            let cause = status.map_or_else(|error| error.to_string(), cause_of);
            self.note_death(cause);
            if !self.start_again().await {
                self.stop.notified().await;
                return self.sweep().await;
            }
        }
    }

    /// Ends a daemon that hangs: with a dump where it can, killed where it cannot.
    async fn kill_hung(&mut self) -> std::io::Result<ExitStatus> {
        let (name, limit) = (&self.started.plan.name, self.started.plan.hang_limit.as_secs());
        say!(
            "{} {name} has not answered for {limit} s and is killed",
            now_text()
        );
        signal(&self.started.child, Signal::ABORT);
        signal(&self.started.child, Signal::CONT);
        if let Ok(status) = tokio::time::timeout(DUMP_LIMIT, self.started.child.wait()).await {
            return status;
        }
        self.started.child.start_kill()?;
        self.started.child.wait().await
    }

    fn note_death(&self, cause: String) {
        let lines = self.started.output(&self.supervisor.place);
        let last_lines = lines[lines.len().saturating_sub(LAST_LINES)..].to_vec();
        say!("{} {} ended: {cause}", now_text(), self.started.plan.name);
        self.supervisor.update(self.started.index, |daemon| {
            daemon.pid = None;
            daemon.state = State::Restarting;
            daemon.last_death = Some(Death {
                time: now_text(),
                cause,
                last_lines,
            });
        });
    }

    /// Starts the daemon again, if it has not died too often and is not to stop.
    async fn start_again(&mut self) -> bool {
        loop {
            let Decision::RestartAfter(pause) = self.restarts.died(Instant::now()) else {
                self.supervisor
                    .update(self.started.index, |daemon| daemon.state = State::GivenUp);
                say!("{} died too often and is left alone", self.started.plan.name);
                return false;
            };
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            if self.is_stopping.get() {
                self.supervisor
                    .update(self.started.index, |daemon| daemon.state = State::Stopped);
                return false;
            }
            let plan = &self.started.plan;
            match self.supervisor.spawn(plan, &plan.restart_arguments) {
                Ok((child, log_begin)) => {
                    self.supervisor.update(self.started.index, |daemon| {
                        daemon.pid = child.id();
                        daemon.state = State::Running;
                        daemon.restarts += 1;
                    });
                    self.started.child = child;
                    self.started.log_begin = log_begin;
                    return true;
                }
                Err(failure) => say!("{failure}"),
            }
        }
    }

    /// Ends the daemon: asked first, killed when its time is over.
    async fn end(&mut self) -> Option<String> {
        let name = self.started.plan.name.clone();
        signal(&self.started.child, Signal::TERM);
        let limit = self.started.plan.stop_limit;
        let ended = tokio::time::timeout(limit, self.started.child.wait()).await;
        let said = match ended {
            Ok(Ok(status)) if status.success() => None,
            Ok(Ok(status)) => Some(format!("{name} ended with {}", cause_of(status))),
            Ok(Err(error)) => Some(format!("{name}: {error}")),
            Err(_) => {
                let killed = self.started.child.kill().await;
                let failed = killed
                    .err()
                    .map(|error| format!(" ({error})"))
                    .unwrap_or_default();
                Some(format!(
                    "{name} did not stop in {} s and was killed{failed}",
                    limit.as_secs()
                ))
            }
        };
        self.supervisor.update(self.started.index, |daemon| {
            daemon.pid = None;
            daemon.state = State::Stopped;
        });
        let said = said?;
        let swept = self.sweep().await;
        Some(swept.map_or(said.clone(), |swept| format!("{said}; {swept}")))
    }

    /// Ends the components of a node director that did not end in order: what it had begun would outlive the cluster.
    async fn sweep(&self) -> Option<String> {
        let node = self.started.plan.node.clone()?;
        let dir = self.supervisor.place.dir().to_owned();
        let swept = tokio::task::spawn_blocking(move || sweep(&dir, &node)).await;
        swept.unwrap_or_else(|error| Some(error.to_string()))
    }
}

/// Ends the components of a node whose director is gone; gives what the operator should know about that.
pub(super) fn sweep(dir: &Path, node: &Dn) -> Option<String> {
    match amfnd::fence(dir, node, None, None) {
        Ok(0) => None,
        Ok(killed) => Some(format!("{killed} processes of its components were killed")),
        Err(left) => Some(format!("processes {left:?} of its components cannot be killed")),
    }
}

/// Waits until the daemon does not answer any more.
fn hung(place: &Place, plan: &Plan, pid: Option<u32>) -> impl Future<Output = ()> + use<> {
    let (socket, limit) = (hang::socket(place.dir(), &plan.name), plan.hang_limit);
    async move {
        if limit.is_zero() {
            std::future::pending::<()>().await;
        } else {
            hang::hung(&socket, pid, limit).await;
        }
    }
}

/// Sends a signal to a process that has not been waited for.
fn signal(child: &Child, signal: Signal) {
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, signal)
    {
        say!("process {pid:?} cannot be signalled: {error}");
    }
}

/// How a process ended, for people.
fn cause_of(status: ExitStatus) -> String {
    if let Some(signal) = status.signal() {
        let name = match signal {
            4 => " (SIGILL)",
            6 => " (SIGABRT)",
            7 => " (SIGBUS)",
            8 => " (SIGFPE)",
            9 => " (SIGKILL)",
            11 => " (SIGSEGV)",
            15 => " (SIGTERM)",
            _ => "",
        };
        return format!("killed by signal {signal}{name}");
    }
    match status.code() {
        Some(code) if code == i32::from(amfnd::EXIT_REBOOT) => format!("exit status {code} (told to reboot)"),
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    }
}

/// The lines in a file from this byte on, without those far from its end.
fn lines_since(path: &Path, begin: u64) -> Vec<String> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(
            begin.max(length.saturating_sub(LAST_BYTES)).min(length),
        ))?;
        let mut bytes = Vec::new();
        file.take(LAST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    String::from_utf8_lossy(&bytes)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The time of day as records show it.
fn now_text() -> String {
    chrono::Local::now().format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_as_people_know_them() {
        assert_eq!(cause_of(ExitStatus::from_raw(9)), "killed by signal 9 (SIGKILL)");
        assert_eq!(cause_of(ExitStatus::from_raw(1 << 8)), "exit status 1");
        assert_eq!(
            cause_of(ExitStatus::from_raw(75 << 8)),
            "exit status 75 (told to reboot)"
        );
    }

    #[test]
    fn the_lines_of_this_start_alone_are_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "old\nnew 1\nnew 2\n").unwrap();
        assert_eq!(lines_since(file.path(), 4), ["new 1", "new 2"]);
        assert!(lines_since(file.path(), 100).is_empty());
    }
}
