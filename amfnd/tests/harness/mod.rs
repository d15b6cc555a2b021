//! What the tests share: a director that gives orders and collects reports, the real daemon as a child process, and
//! real components, which are this test program started again.
#![allow(dead_code, unused_imports, reason = "each test program uses its part")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::time::Duration;

use ais::Millis;
use ais::amf::{
    Command, CompCategory, CompConfig, HaState, NodeOrder, OrderId, OrderOutcome, PresenceState, SuReport,
};
use tokio::time::{Instant, timeout_at};

mod bad;
mod component;
mod director;
mod model;
mod tamper;

pub(crate) use director::Director;
pub(crate) use model::{
    assignment, bare_component, comp, configuration, csi, id_of, neighbour, neighbour_su, su,
};

use model::NODE;

/// How long anything may take; only a test that fails takes so long.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Runs a test on one thread with local tasks.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

/// A cluster directory with a director in this process and a node director in another.
pub(crate) struct Cluster {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) director: Director,
    node: Child,
}

impl Cluster {
    pub(crate) async fn start() -> Cluster {
        Cluster::start_with(&[]).await
    }

    /// With these words on the node director's command line.
    pub(crate) async fn start_with(words: &[&str]) -> Cluster {
        let dir = tempfile::tempdir().unwrap();
        let director = Director::listen(dir.path());
        let node = start_node(dir.path(), words);
        let cluster = Cluster { dir, director, node };
        cluster
            .until("the node director connects", || cluster.director.is_connected())
            .await;
        cluster
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a shell script and gives a command that runs it with this argument.
    pub(crate) fn script(&self, name: &str, text: &str, timeout_ms: u64) -> Command {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Command {
            path: path.to_str().unwrap().to_owned(),
            argv: Vec::new(),
            timeout: Millis(timeout_ms),
        }
    }

    /// An SA-aware component whose process is this test program, behaving as `mode` says.
    pub(crate) fn component(&self, mode: &str) -> CompConfig {
        self.component_as("harness::component::component_process", mode)
    }

    /// The same, whose process is this function of this test program.
    pub(crate) fn component_as(&self, process: &str, mode: &str) -> CompConfig {
        let program = std::env::current_exe().unwrap();
        let start = format!("'{}' --exact {process} --nocapture &", program.display());
        CompConfig {
            category: CompCategory::SA_AWARE | CompCategory::LOCAL,
            instantiate: Some(self.script("instantiate", &start, 10_000)),
            cleanup: Some(self.script("cleanup", "exit 0", 10_000)),
            env: vec![
                format!("TEST_MODE={mode}"),
                format!("TEST_DIR={}", self.dir.path().display()),
            ],
            ..bare_component()
        }
    }

    /// Configures an SU of one component.
    pub(crate) async fn configure(&self, comp: CompConfig) {
        assert_eq!(self.director.order(1, configuration(comp)).await, 1);
    }

    /// Configures, instantiates and, for SA-aware components, waits for the registration.
    pub(crate) async fn instantiate(&self, comp: CompConfig) {
        self.configure(comp).await;
        self.carry_out(NodeOrder::Instantiate {
            id: OrderId(1),
            su: su(),
        })
        .await;
        self.report("instantiated", |su| su.presence == PresenceState::Instantiated)
            .await;
    }

    pub(crate) async fn assign(&self, id: u64, ha: HaState) {
        self.carry_out(NodeOrder::Assign {
            id: OrderId(id),
            su: su(),
            ha,
            sis: vec![assignment()],
        })
        .await;
    }

    /// Gives an order and waits until it is done.
    pub(crate) async fn carry_out(&self, order: NodeOrder) {
        let id = id_of(&order);
        assert_eq!(self.director.order(1, vec![order.clone()]).await, 1);
        let report = self
            .report(&format!("the end of {order:?}"), |su| {
                let order = su.order.as_ref().filter(|order| order.id == id);
                order.is_some_and(|order| order.outcome != OrderOutcome::InProgress)
            })
            .await;
        assert_eq!(report.order.unwrap().outcome, OrderOutcome::Done, "{order:?}");
    }

    /// Waits until the newest report of the SU is as wanted.
    pub(crate) async fn report(&self, what: &str, wanted: impl Fn(&SuReport) -> bool) -> SuReport {
        self.until(what, || self.director.newest().is_some_and(|su| wanted(&su)))
            .await;
        self.director.newest().unwrap()
    }

    /// Waits until the condition holds; without an end the test fails and shows all there is.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let limit = Instant::now() + LIMIT;
        while !holds() {
            if Instant::now() >= limit {
                let log = fs::read_to_string(self.path("amfnd.log")).unwrap_or_default();
                let output = self.path("nodes/N1/log").join(format!("{}.log", comp()));
                let output = fs::read_to_string(output).unwrap_or_default();
                panic!(
                    "waited for {what}\nreport: {:#?}\nlog:\n{log}\noutput of the component:\n{output}",
                    self.director.newest()
                );
            }
            // Files and processes give no sign, so that they are looked at every few milliseconds.
            let soon = Instant::now() + Duration::from_millis(5);
            let _changed_or_not = timeout_at(soon, self.director.changed()).await;
        }
    }

    /// Waits until the component said this often what it was asked, and gives all it said.
    pub(crate) async fn said(&self, line: &str, times: usize) -> String {
        let read = || fs::read_to_string(self.path("said")).unwrap_or_default();
        let count = |text: &str| text.lines().filter(|other| *other == line).count();
        self.until(&format!("{times} times '{line}'"), || count(&read()) >= times)
            .await;
        read()
    }

    /// The process of the component that registered last.
    pub(crate) async fn pid(&self) -> i32 {
        self.said("registered", 1).await;
        fs::read_to_string(self.path("pid"))
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("amfnd.log")).unwrap()
    }

    pub(crate) fn node_pid(&self) -> i32 {
        i32::try_from(self.node.id()).unwrap()
    }

    /// Waits until the node director has ended; gives its exit status.
    pub(crate) async fn node_status(&mut self) -> Option<i32> {
        let limit = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.node.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                Instant::now() < limit,
                "the node director does not end\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts a node director in the place of one that has ended.
    pub(crate) async fn restart_node(&mut self) {
        let before = self.director.connections();
        self.node = start_node(self.dir.path(), &[]);
        self.until("the node director connects again", || {
            self.director.connections() > before
        })
        .await;
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // First in order, so that it takes its components with it.
        signal(self.node_pid(), rustix::process::Signal::TERM);
        signal(self.node_pid(), rustix::process::Signal::TERM);
        for _ in 0..400 {
            if !matches!(self.node.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.node.kill().unwrap();
        self.node.wait().unwrap();
    }
}

pub(crate) fn signal(pid: i32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    // It may have ended by itself.
    let _sent_or_gone = rustix::process::kill_process(pid, signal);
}

/// Whether the process runs; one that is dead and not reaped does not.
pub(crate) fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rfind(')')
        .and_then(|at| stat.as_bytes().get(at + 2).copied());
    state.is_some_and(|state| state != b'Z' && state != b'X')
}

/// Every living process whose environment names this directory as the cluster's.
pub(crate) fn processes_of(dir: &Path) -> Vec<i32> {
    let mark = format!(
        "PERDURE_AMFND_SOCKET={}/",
        fs::canonicalize(dir).unwrap().display()
    );
    let numbers = fs::read_dir("/proc").unwrap().flatten();
    let pids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ
            .split(|&byte| byte == 0)
            .any(|variable| variable.starts_with(mark.as_bytes()))
            && is_alive(*pid)
    })
    .collect()
}

fn start_node(dir: &Path, args: &[&str]) -> Child {
    let log = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(dir.join("amfnd.log"))
        .unwrap();
    Program::new(env!("CARGO_BIN_EXE_amfnd"))
        .args(["--node", NODE, "--node-id", "7", "--dir"])
        .arg(dir)
        .args(args)
        .env("PERDURE_LOG", "debug")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}
