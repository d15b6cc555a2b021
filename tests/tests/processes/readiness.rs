//! What a service manager hears of real daemons, on a socket as systemd opens one.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::stage::signal;

/// How long a message may take to come.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often signs of life are asked for, in microseconds.
const WATCHDOG_USEC: &str = "200000";

/// The end of the service manager.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn new(dir: &Path) -> Manager {
        let path = dir.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        Manager { socket, path }
    }

    /// Starts a daemon that speaks to it.
    fn start(&self, args: &[&str], dir: &Path) -> Daemon {
        let mut command = Command::new(super::program());
        command
            .args(args)
            .env("NOTIFY_SOCKET", &self.path)
            .env("WATCHDOG_USEC", WATCHDOG_USEC)
            .env("PERDURE_DIR", dir)
            .env_remove("WATCHDOG_PID")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Daemon(command.spawn().expect("the daemon starts"))
    }

    /// The next message; `None` where none comes in time.
    fn next(&self, limit: Duration) -> Option<String> {
        self.socket
            .set_read_timeout(Some(limit))
            .expect("a timeout can be set");
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).trim().to_owned())
    }

    /// Waits for a message, whatever comes before.
    fn wait(&self, wanted: &str) {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if self.next(PATIENCE).as_deref() == Some(wanted) {
                return;
            }
        }
        panic!("{wanted} does not come");
    }

    /// Takes what has come already, and then finds that nothing more comes for five times as long as is allowed.
    fn silent(&self) -> bool {
        while self.next(Duration::from_millis(1)).is_some() {}
        self.next(Duration::from_secs(1)).is_none()
    }
}

/// A daemon; it is killed at the end.
struct Daemon(Child);

impl Daemon {
    fn signal(&self, what: Signal) {
        signal(i32::try_from(self.0.id()).expect("a process id"), what);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

fn model(dir: &Path) -> PathBuf {
    let path = dir.join("model.xml");
    let bundle = dir.join("bundle");
    tools::samples::write_bundle(&bundle, super::program()).expect("the bundle can be written");
    let xml = models::DEMO.replace("/opt/perdure/demo", &bundle.display().to_string());
    std::fs::write(&path, xml).expect("the model can be written");
    path
}

/// Signs of life come, end while the daemon is stopped, and come again.
fn lives_and_hangs(manager: &Manager, daemon: &Daemon) {
    manager.wait("WATCHDOG=1");
    manager.wait("WATCHDOG=1");
    daemon.signal(Signal::STOP);
    assert!(manager.silent(), "a daemon that hangs gives no sign of life");
    daemon.signal(Signal::CONT);
    manager.wait("WATCHDOG=1");
}

#[test]
fn each_daemon_is_ready_when_it_serves_and_silent_when_it_hangs() {
    let place = tempfile::tempdir().expect("a directory");
    let dir = place.path();
    let dir_text = dir.to_str().expect("a path that is text");
    let model = model(dir);
    let manager = Manager::new(dir);

    // A director without an information model serves nobody.
    let director = manager.start(&["amfd", "--dir", dir_text], dir);
    for _ in 0..5 {
        let message = manager.next(PATIENCE).expect("it lives");
        assert_eq!(message, "WATCHDOG=1", "there is no model yet");
    }
    drop(director);

    let immd = manager.start(&["immd", "--dir", dir_text, model.to_str().expect("text")], dir);
    manager.wait("READY=1");
    assert!(dir.join("immd.sock").exists());
    lives_and_hangs(&manager, &immd);
    // From here on nobody else speaks on the socket.
    let other = tempfile::tempdir().expect("a directory");
    let manager = Manager::new(other.path());
    let director = manager.start(&["amfd", "--dir", dir_text], dir);
    manager.wait("READY=1");
    lives_and_hangs(&manager, &director);

    let other = tempfile::tempdir().expect("a directory");
    let manager = Manager::new(other.path());
    let node = "safAmfNode=node-1,safAmfCluster=demo";
    let node_director = manager.start(&["amfnd", "--dir", dir_text, "--node", node], dir);
    manager.wait("READY=1");
    lives_and_hangs(&manager, &node_director);
    node_director.signal(Signal::TERM);
    manager.wait("STOPPING=1");
}

#[test]
fn the_supervisor_is_ready_when_the_cluster_is_up() {
    let place = tempfile::tempdir().expect("a directory");
    let dir = place.path().join("d");
    let model = model(place.path());
    let manager = Manager::new(place.path());
    let args = [
        "up",
        "--dir",
        dir.to_str().expect("text"),
        model.to_str().expect("text"),
    ];
    let mut supervisor = manager.start(&args, &dir);
    manager.wait("READY=1");
    let status = Command::new(super::program())
        .args(["status", "--json", "--dir"])
        .arg(&dir)
        .output()
        .expect("status runs");
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    let nodes = status["nodes"].as_array().expect("nodes");
    assert!(
        !nodes.is_empty() && nodes.iter().all(|node| node["up"] == true),
        "{status}"
    );
    lives_and_hangs(&manager, &supervisor);
    supervisor.signal(Signal::TERM);
    manager.wait("STOPPING=1");
    let status = supervisor.0.wait().expect("it ends");
    assert!(status.success(), "{status}");
}
