//! The demo model on a real cluster, and what the process tests do to it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tests::cluster::{Cluster, processes_of, wait_for};

pub const WEB_SI: &str = "safSi=Web,safApp=Demo";
pub const WEB_SUS: [&str; 2] = [
    "safSu=SU1,safSg=Web,safApp=Demo",
    "safSu=SU2,safSg=Web,safApp=Demo",
];

/// A cluster with the demo model, its web servers on a port of its own.
pub struct Stage {
    pub cluster: Cluster,
    port: u16,
    _files: tempfile::TempDir,
}

impl Stage {
    /// The demo model as it is.
    pub fn up() -> Stage {
        Stage::up_with(|xml| xml)
    }

    /// The demo model after a change of its text; waits until the web group serves.
    pub fn up_with(change: impl Fn(String) -> String) -> Stage {
        Stage::up_as(change, &[])
    }

    /// The same, with options of `perdure up`.
    pub fn up_as(change: impl Fn(String) -> String, options: &[&str]) -> Stage {
        Stage::up_in(change, options, &[])
    }

    /// The same, with variables of its environment.
    pub fn up_in(change: impl Fn(String) -> String, options: &[&str], variables: &[(&str, &str)]) -> Stage {
        let files = tempfile::tempdir().expect("a temporary directory");
        let bundle = files.path().join("bundle");
        tools::samples::write_bundle(&bundle, super::program()).expect("the bundle can be written");
        let port = free_port();
        let xml = models::DEMO
            .replace("/opt/perdure/demo", &bundle.display().to_string())
            .replace("<value>8080</value>", &format!("<value>{port}</value>"));
        let path = files.path().join("demo.xml");
        std::fs::write(&path, change(xml)).expect("the model can be written");
        let cluster =
            Cluster::up_in(super::program(), &[&path], options, variables).expect("the demo model comes up");
        let stage = Stage {
            cluster,
            port,
            _files: files,
        };
        wait_for("the web group to be assigned", || {
            stage.cluster.attr(WEB_SI, "saAmfSIAssignmentState") == "2" && stage.page().is_ok()
        })
        .expect("the demo serves");
        stage
    }

    /// The SU that is ACTIVE and the one that is STANDBY.
    pub fn roles(&self) -> (&'static str, &'static str) {
        if self.cluster.ha_state(WEB_SUS[0], WEB_SI) == "1" {
            (WEB_SUS[0], WEB_SUS[1])
        } else {
            (WEB_SUS[1], WEB_SUS[0])
        }
    }

    /// The page that the active web server serves.
    pub fn page(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    /// An administrative operation that must succeed.
    pub fn adm(&self, operation: &str, dn: &str) {
        self.cluster
            .done("amf-adm", &[operation, dn])
            .unwrap_or_else(|e| panic!("{e}"));
    }

    /// Kills every process of the SU's component.
    pub fn kill_component(&self, su: &str) {
        kill_all(&self.cluster, &format!("safComp=Web,{su}"));
    }

    /// The process of a daemon, as `perdure status` says.
    pub fn daemon_pid(&self, name: &str) -> Option<i32> {
        self.cluster.daemon_pid(name)
    }

    /// The name and the process of the node director that has the SU.
    pub fn node_director(&self, su: &str) -> (String, i32) {
        let node = self.cluster.attr(su, "saAmfSUHostedByNode");
        let node = node.split(',').next().unwrap_or_default();
        let name = format!("amfnd-{}", node.trim_start_matches("safAmfNode="));
        let pid = self.daemon_pid(&name);
        (name, pid.expect("the node director runs"))
    }

    /// Kills a daemon.
    pub fn kill_daemon(&self, name: &str) {
        let pid = self.daemon_pid(name).unwrap_or_else(|| panic!("{name} runs"));
        kill(pid);
        wait_for("the daemon to be another process", || {
            self.daemon_pid(name) != Some(pid)
        })
        .expect("it is replaced");
    }
}

/// The processes of an SU's web component.
pub fn pids(stage: &Stage, su: &str) -> Vec<u32> {
    processes_of(stage.cluster.dir(), &format!("safComp=Web,{su}"))
}

/// Kills every process of a component.
pub fn kill_all(cluster: &Cluster, comp: &str) {
    let victims = processes_of(cluster.dir(), comp);
    assert!(!victims.is_empty(), "{comp} has a process");
    for pid in victims {
        kill(i32::try_from(pid).expect("a process id"));
    }
}

fn kill(pid: i32) {
    signal(pid, Signal::KILL);
}

/// Sends a signal.
pub fn signal(pid: i32, signal: Signal) {
    let pid = Pid::from_raw(pid).expect("a process id is not 0");
    // It may have gone by itself meanwhile, which is as good.
    let _gone = kill_process(pid, signal);
}

/// A port that nobody uses now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

/// Models made by others, beside the project; `None` where they are not there.
pub fn shared_models() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    path.is_dir().then_some(path)
}

/// A dump without what depends on when it was made: the value of the epoch.
pub fn configuration(dump: &str) -> Vec<&str> {
    let lines: Vec<&str> = dump.lines().collect();
    let is_epoch = |at: usize| at > 0 && lines[at - 1].contains("<name>opensafImmEpoch<");
    (0..lines.len())
        .filter(|at| !is_epoch(*at))
        .map(|at| lines[at])
        .collect()
}
