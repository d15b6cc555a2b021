//! Daemons that hang are killed and started again, and nobody's service is disturbed.

use std::path::Path;
use std::process::Stdio;

use amfd_director::client::{Answers, answers};
use rustix::process::Signal;
use tests::cluster::{PATIENCE, wait_for};

use crate::stage::{Stage, WEB_SI, signal};

#[test]
fn a_daemon_that_hangs_is_killed_and_started_again() {
    let stage = Stage::up_as(|xml| xml, &["--hang-limit=2"]);
    let (active, _) = stage.roles();
    for daemon in ["amfd", "immd"] {
        let hung = stage.daemon_pid(daemon).expect("it runs");
        signal(hung, Signal::STOP);
        wait_for("another process of the daemon", || {
            stage.daemon_pid(daemon).is_some_and(|pid| pid != hung)
        })
        .expect("the watchdog kills it");
        stage.cluster.wait_ha(active, WEB_SI, "1");
    }
}

/// Whether the daemon on the socket answers the watchdog's question.
fn answers_in(dir: &Path, socket: &str) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let asked = tokio::task::LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(PATIENCE, answers(&dir.join(socket))).await
    });
    matches!(asked, Ok(Answers::Yes))
}

#[test]
fn daemons_that_work_answer_the_watchdog_and_live() {
    let stage = Stage::up();
    let names = ["immd", "amfd", "amfnd-node-1", "amfnd-node-2"];
    let pids = names.map(|name| stage.daemon_pid(name));
    // The oldest are left out for a subscriber that reads nothing, and nobody waits for it.
    let mut deaf = stage
        .cluster
        .command("ntfsubscribe", &["-v"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let sent = stage.cluster.done("ntfsend", &["-T", "0x4000", "-r", "3000"]);
    sent.expect("the director takes them");
    for socket in [
        "immd.sock",
        "amfd.sock",
        "nodes/node-1/amfnd.sock",
        "nodes/node-2/amfnd.sock",
    ] {
        assert!(answers_in(stage.cluster.dir(), socket), "{socket}");
    }
    deaf.kill().expect("it runs still");
    deaf.wait().expect("it ends");
    assert_eq!(names.map(|name| stage.daemon_pid(name)), pids);
}
