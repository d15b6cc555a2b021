//! Nodes that hang, and nodes that have to be rebooted, with real processes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tests::cluster::wait_for;

use crate::stage::{Stage, WEB_SI, pids, signal};

/// Shows a hang soon; long enough for a busy machine not to take a healthy node for a hung one.
const HEARTBEAT: [&str; 2] = ["--heartbeat-interval=100", "--heartbeat-limit=3000"];

fn write_script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("the script can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A program that writes down what it is called with.
struct Hook {
    _files: tempfile::TempDir,
    program: PathBuf,
    calls: PathBuf,
    go: PathBuf,
}

impl Hook {
    /// It ends when it is told to go.
    fn new(waits: bool) -> Hook {
        let files = tempfile::tempdir().expect("a temporary directory");
        let [program, calls, go] = ["hook.sh", "calls", "go"].map(|name| files.path().join(name));
        let wait = format!("while [ ! -e {} ]; do sleep 0.02; done", go.display());
        let text = format!(
            "echo \"$1\" >> {}\n{}",
            calls.display(),
            if waits { &wait } else { "" }
        );
        write_script(&program, &text);
        Hook {
            _files: files,
            program,
            calls,
            go,
        }
    }

    fn option(&self, name: &str) -> String {
        format!("--{name}={}", self.program.display())
    }

    fn wait_for_calls(&self, count: usize) {
        wait_for(&format!("{count} calls of the hook"), || {
            lines(&self.calls).len() >= count
        })
        .unwrap_or_else(|e| panic!("{e}; there were {:?}", lines(&self.calls)));
    }
}

/// Both nodes fail over after so many failovers of their SUs.
fn failover_max(xml: &str, max: u32) -> String {
    let limit = |max: u32| format!("<name>saAmfNodeSuFailoverMax</name>\n      <value>{max}</value>");
    let changed = xml.replace(&limit(10), &limit(max));
    assert_ne!(changed, xml, "the demo model has the attribute");
    changed
}

#[test]
fn a_hung_node_director_is_fenced_and_taken_over_and_serves_nothing_when_it_continues() {
    let stage = Stage::up_as(|xml| xml, &[HEARTBEAT[0], HEARTBEAT[1], "--fence=kill"]);
    let (active, standby) = stage.roles();
    let before = pids(&stage, active);
    let (_, hung) = stage.node_director(active);
    signal(hung, Signal::STOP);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    let left: Vec<u32> = pids(&stage, active)
        .into_iter()
        .filter(|pid| before.contains(pid))
        .collect();
    assert_eq!(
        left,
        [] as [u32; 0],
        "the old component is dead before the other serves"
    );
    signal(hung, Signal::CONT);
    stage.cluster.wait_ha(active, WEB_SI, "2");
    assert_eq!(stage.cluster.ha_state(standby, WEB_SI), "1");
}

#[test]
fn without_a_fence_a_hung_node_director_that_continues_drops_what_was_given_away() {
    let stage = Stage::up_as(|xml| xml, &HEARTBEAT);
    let (active, standby) = stage.roles();
    let before = pids(&stage, active);
    let (name, hung) = stage.node_director(active);
    signal(hung, Signal::STOP);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    signal(hung, Signal::CONT);
    wait_for("the old component to be killed", || {
        pids(&stage, active).iter().all(|pid| !before.contains(pid))
    })
    .expect("it is told that its work was given away");
    stage.cluster.wait_ha(active, WEB_SI, "2");
    assert_eq!(stage.cluster.ha_state(standby, WEB_SI), "1");
    assert_ne!(
        stage.daemon_pid(&name),
        Some(hung),
        "its reboot is the restart of the node director"
    );
}

#[test]
fn nothing_is_given_away_before_the_fence_has_answered() {
    let hook = Hook::new(true);
    let fence = hook.option("fence");
    let stage = Stage::up_as(|xml| xml, &[HEARTBEAT[0], HEARTBEAT[1], &fence]);
    let (active, standby) = stage.roles();
    let (_, hung) = stage.node_director(active);
    let node = stage.cluster.attr(active, "saAmfSUHostedByNode");
    signal(hung, Signal::STOP);
    hook.wait_for_calls(1);
    assert_eq!(
        lines(&hook.calls),
        std::slice::from_ref(&node),
        "it is told which node"
    );
    let why = stage
        .cluster
        .done("perdure", &["explain", active])
        .expect("explain works");
    assert!(why.contains("being fenced"), "{why}");
    let status = stage.cluster.done("perdure", &["status"]).expect("status works");
    let line = status.lines().find(|line| line.trim_start().starts_with(&node));
    let said = ["down", "does not answer any more", "being fenced"];
    let line = line.unwrap_or_default();
    assert!(said.iter().all(|words| line.contains(words)), "{status}");
    assert_eq!(stage.cluster.ha_state(standby, WEB_SI), "2");
    fs::write(&hook.go, "").expect("the hook is told to go");
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    assert_eq!(lines(&hook.calls).len(), 1, "it is called once");
    // This fence has done nothing.
    signal(hung, Signal::KILL);
    stage.cluster.wait_ha(active, WEB_SI, "2");
}

#[test]
fn a_killed_director_loses_no_failover_and_the_reboot_hook_is_called_once() {
    let hook = Hook::new(false);
    let reboot = hook.option("reboot");
    let stage = Stage::up_as(|xml| failover_max(&xml, 2), &[&reboot]);
    let (active, standby) = stage.roles();
    stage.kill_component(active);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    stage.cluster.wait_ha(active, WEB_SI, "2");
    assert_eq!(lines(&hook.calls), [] as [String; 0]);

    stage.kill_daemon("amfd");
    wait_for("the new director to have all nodes", || {
        stage.cluster.done("amf-adm", &["si-swap", WEB_SI]).is_ok()
    })
    .expect("it obeys");
    assert_eq!(stage.cluster.ha_state(active, WEB_SI), "1");
    stage.kill_component(active);
    hook.wait_for_calls(1);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    stage.cluster.wait_ha(active, WEB_SI, "2");
    let calls = lines(&hook.calls);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].contains("NODE_FAILOVER"), "{calls:?}");
}

#[test]
fn a_node_that_is_not_rebooted_waits_for_the_operator() {
    let stage = Stage::up_as(|xml| failover_max(&xml, 1), &["--reboot=none"]);
    let (active, standby) = stage.roles();
    let node = stage.cluster.attr(active, "saAmfSUHostedByNode");
    stage.kill_component(active);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    stage.cluster.wait_attr(&node, "saAmfNodeOperState", "2");
    wait_for("explain to say what helps", || {
        let why = stage
            .cluster
            .done("perdure", &["explain", active])
            .unwrap_or_default();
        why.contains("awaits repair")
    })
    .expect("the SU's node is disabled");
    stage.kill_daemon("amfd");
    wait_for("the new director to hear of it, and to obey", || {
        stage.cluster.done("amf-adm", &["repaired", &node]).is_ok()
    })
    .expect("the node is repaired");
    stage.cluster.wait_ha(active, WEB_SI, "2");
    stage.cluster.wait_attr(&node, "saAmfNodeOperState", "1");
}
