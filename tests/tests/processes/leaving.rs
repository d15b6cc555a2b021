//! Nodes that go, in order and without a word, with real processes.

use std::os::unix::process::ExitStatusExt as _;

use rustix::process::Signal;
use tests::cluster::wait_for;

use crate::stage::{Stage, WEB_SI, pids, signal};

/// How often the director said this reason.
fn said(stage: &Stage, code: &str) -> usize {
    let log = stage.cluster.dir().join("log/amfd.log");
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| *word == code).count()
}

#[test]
fn a_node_director_that_is_told_to_end_gives_its_work_away_first() {
    let stage = Stage::up();
    let (active, standby) = stage.roles();
    let before = pids(&stage, active);
    let (name, pid) = stage.node_director(active);
    signal(pid, Signal::TERM);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    wait_for("the node to leave", || said(&stage, "NODE-LEFT") > 0).expect("it may go");
    assert_eq!(said(&stage, "NODE-LEAVING"), 1);
    assert_eq!(said(&stage, "NODE-DIED") + said(&stage, "NODE-LOST"), 0);
    assert_eq!(
        said(&stage, "NODE-TAKEN-OVER"),
        0,
        "nothing was left to be taken over"
    );
    // It is started again, and serves as what it is then.
    stage.cluster.wait_ha(active, WEB_SI, "2");
    assert_ne!(stage.daemon_pid(&name), Some(pid));
    assert!(pids(&stage, active).iter().all(|pid| !before.contains(pid)));
    assert_eq!(stage.cluster.ha_state(standby, WEB_SI), "1");
}

#[test]
fn a_node_director_that_dies_is_replaced_and_said_to_have_died() {
    let stage = Stage::up();
    let (active, standby) = stage.roles();
    let before = pids(&stage, active);
    let (name, _) = stage.node_director(active);
    stage.kill_daemon(&name);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    stage.cluster.wait_ha(active, WEB_SI, "2");
    assert_eq!(said(&stage, "NODE-DIED"), 1);
    let node = stage.cluster.attr(active, "saAmfSUHostedByNode");
    let told = stage.cluster.done("ntfread", &["--all", "-n", &node]);
    let gone = format!("operational state of {node}: ENABLED -> DISABLED");
    assert!(told.expect("ntfread works").contains(&gone), "operators are told");
    assert_eq!(said(&stage, "NODE-LEFT") + said(&stage, "NODE-LOST"), 0);
    let after = pids(&stage, active);
    assert!(
        after.iter().all(|pid| !before.contains(pid)),
        "what the dead one left behind is killed"
    );
    let status = stage.cluster.done("perdure", &["status"]).expect("status works");
    let line = status.lines().find(|line| line.trim_start().starts_with(&name));
    assert!(
        line.is_some_and(|line| line.contains("killed by signal 9")),
        "{status}"
    );
}

/// The process of the cluster's supervisor.
fn supervisor(stage: &Stage) -> i32 {
    let status = stage.cluster.done("perdure", &["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.expect("status works")).expect("it is JSON");
    let pid = status["supervisor"].as_i64();
    pid.and_then(|pid| i32::try_from(pid).ok())
        .expect("a supervisor runs")
}

#[test]
fn nothing_outlives_a_cluster_whose_node_director_died_last() {
    let stage = Stage::up();
    let (active, _) = stage.roles();
    let (name, _) = stage.node_director(active);
    // After the last of so many deaths its supervisor waits for seconds, and is told to end meanwhile.
    for _ in 0..11 {
        wait_for("the node director and its component to be there", || {
            stage.daemon_pid(&name).is_some() && !pids(&stage, active).is_empty()
        })
        .expect("it is started again");
        stage.kill_daemon(&name);
    }
    let left = pids(&stage, active);
    let down = stage.cluster.done("perdure", &["down"]);
    down.expect("it goes down");
    assert!(pids(&stage, active).is_empty(), "{left:?}");
}

#[test]
fn nothing_outlives_a_cluster_whose_supervisor_and_node_director_died() {
    let stage = Stage::up();
    let (active, _) = stage.roles();
    let (name, director) = stage.node_director(active);
    assert!(!pids(&stage, active).is_empty(), "it serves");
    // The web server ends when it notices, soon or late. What a component has started beside, and does not know of the node
    // director, goes on.
    let node = name.trim_start_matches("amfnd-");
    let socket = stage.cluster.dir().join("nodes").join(node).join("amfnd.sock");
    let mut beside = std::process::Command::new("sleep")
        .arg("1000")
        .env("SA_AMF_COMPONENT_NAME", format!("safComp=Web,{active}"))
        .env("PERDURE_AMFND_SOCKET", socket)
        .spawn()
        .expect("it starts");
    signal(supervisor(&stage), Signal::KILL);
    signal(director, Signal::KILL);
    let down = stage.cluster.done("perdure", &["down"]);
    let said = down.expect("it goes down");
    assert!(said.contains("processes of its components were killed"), "{said}");
    let ended = beside.wait().expect("it ended");
    assert_eq!(ended.signal(), Some(9), "{said}");
    assert!(pids(&stage, active).is_empty(), "{said}");
}
