//! What operators do to a real cluster beyond single orders: upgrades, and a component that is only a script.

use std::net::TcpListener;
use std::process::Command;

use rustix::process::Signal;
use tests::cluster::{processes_of, wait_for};

use crate::program;
use crate::stage::{Stage, WEB_SI, WEB_SUS, kill_all, signal};

const SCRIPT_SU: &str = "safSu=SU1,safSg=Script,safApp=Demo";
const SCRIPT_COMP: &str = "safComp=Script,safSu=SU1,safSg=Script,safApp=Demo";
const SCRIPT_SI: &str = "safSi=Script,safApp=Demo";

#[test]
fn an_upgrade_takes_one_su_after_the_other() {
    let stage = Stage::up();
    let args = ["upgrade", WEB_SUS[0], WEB_SUS[1], "--set", "saAmfSUFailover=0"];
    let printed = stage
        .cluster
        .done("perdure", &args)
        .expect("the upgrade succeeds");
    for (su, step) in WEB_SUS
        .iter()
        .flat_map(|su| ["lock", "unlock"].map(|step| (su, step)))
    {
        assert!(
            printed.contains(su) && printed.contains(step),
            "each step of {su} has its line:\n{printed}"
        );
    }
    for su in WEB_SUS {
        assert_eq!(stage.cluster.attr(su, "saAmfSUFailover"), "0");
        assert_eq!(
            stage.cluster.attr(su, "saAmfSUAdminState"),
            "1",
            "{su} is unlocked again"
        );
    }
    wait_for("both SUs to serve again", || {
        stage.cluster.attr(WEB_SI, "saAmfSIAssignmentState") == "2"
    })
    .expect("the group is whole");
}

/// What was told since the notification with this number: alarms, and errors of components.
fn told_errors(stage: &Stage, since: u64) -> Vec<String> {
    let text = stage.cluster.done("ntfread", &["--all", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&text.expect("ntfread works")).expect("JSON");
    let told = document["notifications"].as_array().expect("a list");
    let is_error = |it: &&serde_json::Value| {
        let kind = it["eventType"].as_str().unwrap_or_default();
        it["id"].as_u64() > Some(since) && (kind.contains("ALARM") || kind == "SA_NTF_ERROR_REPORT")
    };
    let lines = told.iter().filter(is_error);
    lines
        .map(|it| it["text"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn newest(stage: &Stage) -> u64 {
    let sent = stage.cluster.done("ntfsend", &["-T", "0x3000", "--json"]);
    let sent: serde_json::Value = serde_json::from_str(&sent.expect("ntfsend works")).expect("JSON");
    sent["id"].as_u64().expect("a number")
}

#[test]
fn an_update_behind_the_frameworks_back_is_a_fault_and_an_upgrade_is_none() {
    let stage = Stage::up();
    let (_, standby) = stage.roles();
    let since = newest(&stage);
    stage.kill_component(standby);
    wait_for("the error to be told", || {
        told_errors(&stage, since)
            .iter()
            .any(|text| text.contains(standby))
    })
    .expect("it is a fault");
    stage.cluster.wait_ha(standby, WEB_SI, "2");

    let since = newest(&stage);
    let before = processes_of(stage.cluster.dir(), &format!("safComp=Web,{standby}"));
    let args = ["upgrade", standby, "--set", "saAmfSUFailover=0", "--run", "true"];
    stage
        .cluster
        .done("perdure", &args)
        .expect("the upgrade succeeds");
    stage.cluster.wait_ha(standby, WEB_SI, "2");
    let after = processes_of(stage.cluster.dir(), &format!("safComp=Web,{standby}"));
    assert!(
        after.iter().all(|pid| !before.contains(pid)),
        "other processes run"
    );
    assert_eq!(told_errors(&stage, since), Vec::<String>::new());
}

#[test]
fn a_failing_upgrade_undoes_the_su_it_was_in() {
    let stage = Stage::up();
    let before = stage.cluster.attr(WEB_SUS[0], "saAmfSUFailover");
    let args = [
        "upgrade",
        WEB_SUS[0],
        WEB_SUS[1],
        "--set",
        "saAmfSUFailover=0",
        "--run",
        "false",
    ];
    let error = stage
        .cluster
        .done("perdure", &args)
        .expect_err("the command fails");
    assert!(error.contains("false"), "the failing command is named: {error}");
    for su in WEB_SUS {
        assert_eq!(
            stage.cluster.attr(su, "saAmfSUFailover"),
            before,
            "{su} is as it was"
        );
        assert_eq!(stage.cluster.attr(su, "saAmfSUAdminState"), "1");
    }
    wait_for("both SUs to serve again", || {
        stage.cluster.attr(WEB_SI, "saAmfSIAssignmentState") == "2"
    })
    .expect("the group is whole");
}

#[test]
fn a_script_component_lives_by_its_commands() {
    let stage = Stage::up();
    let running = || processes_of(stage.cluster.dir(), SCRIPT_COMP);
    wait_for("the script component", || !running().is_empty()).expect("it is instantiated by its assignment");
    stage.adm("lock", SCRIPT_SI);
    assert!(running().is_empty(), "taking the work away terminates it");
    stage.adm("unlock", SCRIPT_SI);
    wait_for("the script component again", || !running().is_empty()).expect("giving it work instantiates it");
    let before = running();
    kill_all(&stage.cluster, SCRIPT_COMP);
    // Nobody watches the processes of a script that no monitor was configured for: an operator restarts it.
    stage.adm("restart", SCRIPT_COMP);
    wait_for("other processes of the script component", || {
        let now = running();
        !now.is_empty() && now.iter().all(|pid| !before.contains(pid))
    })
    .expect("a restart brings it back");
}

#[test]
fn scripts_have_a_process_watched_and_report_errors_by_commands() {
    let stage = Stage::up();
    let running = || processes_of(stage.cluster.dir(), SCRIPT_COMP);
    wait_for("the script component", || !running().is_empty()).expect("it is instantiated by its assignment");
    let node = stage.cluster.attr(SCRIPT_SU, "saAmfSUHostedByNode");
    let node = node.split([',', '=']).nth(1).expect("it has a node");
    let socket = stage.cluster.dir().join("nodes").join(node).join("amfnd.sock");
    let command = |name: &str, words: &[&str]| {
        let mut command = stage.cluster.command(name, words);
        let output = command.env("PERDURE_AMFND_SOCKET", &socket).output();
        output.expect("the command starts")
    };
    let replaced = |before: &[u32]| {
        wait_for("other processes of the script component", || {
            let now = running();
            !now.is_empty() && now.iter().all(|pid| !before.contains(pid))
        })
        .expect("it is restarted");
    };

    // The loop of the script starts before what it starts, and no one would notice its end.
    let before = running();
    let watched = before.iter().min().expect("it runs").to_string();
    let start = ["--start", "-p", &watched, "-r", "comprestart", SCRIPT_COMP];
    let output = command("amfpm", &start);
    assert!(output.status.success(), "{output:?}");
    signal(watched.parse().expect("a number"), Signal::KILL);
    replaced(&before);

    // What is watched no more need not be stopped (OpenSAF practice), and an error may be reported by anyone.
    let stop = ["--stop", "-p", &watched, SCRIPT_COMP];
    let output = command("amfpm", &stop);
    assert!(output.status.success(), "{output:?}");
    let before = running();
    let file = stage.cluster.dir().join("script.pid");
    let pid = before.iter().min().expect("it runs");
    std::fs::write(&file, format!("{pid}\n")).expect("it can be written");
    let file = file.display().to_string();
    for words in [
        ["--start", "-f", &file, SCRIPT_COMP],
        ["--stop", "-f", &file, SCRIPT_COMP],
    ] {
        let output = command("amfpm", &words);
        assert!(output.status.success(), "{output:?}");
    }
    let output = command("amf-report-error", &["-r", "comprestart", SCRIPT_COMP]);
    assert!(output.status.success(), "{output:?}");
    replaced(&before);
    stage.cluster.wait_attr(SCRIPT_COMP, "saAmfCompRestartCount", "2");

    let output = command(
        "amf-report-error",
        &["safComp=None,safSu=SU1,safSg=Script,safApp=Demo"],
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("NOT_EXIST"), "{said}");
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it has an address").port().to_string();
    let output = Command::new(program())
        .args(["demo", "--port", &port])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(said.contains(&port) && said.contains("in use"), "{said}");
}
