//! Orders about what is larger than an SU, on a real cluster: a group, a node, an application, the cluster.

use tests::cluster::wait_for;

use crate::stage::{Stage, WEB_SI, WEB_SUS, pids};

const CLUSTER: &str = "safAmfCluster=demo";
const APP: &str = "safApp=Demo";
const WEB_SG: &str = "safSg=Web,safApp=Demo";

fn is_whole(stage: &Stage) -> bool {
    stage.cluster.attr(WEB_SI, "saAmfSIAssignmentState") == "2" && stage.page().is_ok()
}

fn wait_whole(stage: &Stage) {
    wait_for("the web group to serve", || is_whole(stage)).expect("it is whole again");
}

#[test]
fn a_node_is_restarted_without_its_daemon_and_its_work_is_served_elsewhere() {
    let stage = Stage::up();
    let (active, standby) = stage.roles();
    let node = stage.cluster.attr(active, "saAmfSUHostedByNode");
    let director = stage.node_director(active);
    let (before, other) = (pids(&stage, active), pids(&stage, standby));
    stage.adm("restart", &node);
    assert_eq!(stage.node_director(active), director, "the node is not rebooted");
    let after = pids(&stage, active);
    assert!(!after.is_empty() && after.iter().all(|pid| !before.contains(pid)));
    assert_eq!(pids(&stage, standby), other, "the other node is left alone");
    assert_eq!(
        stage.cluster.ha_state(standby, WEB_SI),
        "1",
        "it took the work before the node was restarted"
    );
    stage.adm("sg-adjust", WEB_SG);
    assert_eq!(
        stage.cluster.ha_state(active, WEB_SI),
        "1",
        "the preferred SU serves again"
    );
    wait_whole(&stage);
}

#[test]
fn a_locked_application_is_shown_as_the_cause_and_a_restart_ends_all_processes_first() {
    let stage = Stage::up();
    let before: Vec<u32> = WEB_SUS.iter().flat_map(|su| pids(&stage, su)).collect();
    stage.adm("lock", APP);
    assert!(stage.page().is_err(), "nobody serves");
    let now: Vec<u32> = WEB_SUS.iter().flat_map(|su| pids(&stage, su)).collect();
    assert_eq!(now, before, "locked SUs stay instantiated");
    let status = stage
        .cluster
        .done("perdure", &["status"])
        .expect("status answers");
    assert!(status.contains("safApp=Demo is LOCKED"), "{status}");
    let why = stage
        .cluster
        .done("perdure", &["explain", WEB_SI])
        .expect("explain answers");
    assert!(why.contains("safApp=Demo is locked"), "{why}");
    let refused = stage
        .cluster
        .done("amf-adm", &["lock", APP])
        .expect_err("it is locked already");
    assert!(
        refused.contains("SA_AIS_ERR_NO_OP") && refused.contains("OP-NO-EFFECT"),
        "{refused}"
    );
    stage.adm("unlock", APP);
    wait_whole(&stage);
    stage.adm("restart", APP);
    let after: Vec<u32> = WEB_SUS.iter().flat_map(|su| pids(&stage, su)).collect();
    assert!(after.len() == before.len() && after.iter().all(|pid| !before.contains(pid)));
    wait_whole(&stage);
}

#[test]
fn the_cluster_is_shut_down_terminated_and_brought_back() {
    let stage = Stage::up();
    stage.adm("shutdown", CLUSTER);
    assert_eq!(
        stage.cluster.attr(CLUSTER, "saAmfClusterAdminState"),
        "2",
        "it is LOCKED when it is answered"
    );
    stage.adm("lock-in", CLUSTER);
    for su in WEB_SUS {
        assert!(pids(&stage, su).is_empty(), "nothing runs of {su}");
    }
    stage.adm("unlock-in", CLUSTER);
    stage.adm("unlock", CLUSTER);
    wait_whole(&stage);
    let refused = stage
        .cluster
        .done("amf-adm", &["eam-start", WEB_SUS[0]])
        .expect_err("there are no external monitors");
    assert!(
        refused.contains("SA_AIS_ERR_NOT_SUPPORTED") && refused.contains("OP-NO-MONITORS"),
        "{refused}"
    );
}

#[test]
fn the_director_writes_down_what_it_knows() {
    let stage = Stage::up();
    let file = stage.cluster.dir().join("director-state");
    let parameter = format!("filename:SA_STRING_T:{}", file.display());
    let dump = |id: &str| {
        let args = [
            "-v",
            "-a",
            "safAmfService",
            "-o",
            id,
            "-p",
            &parameter,
            "safAmfService",
        ];
        stage.cluster.done("immadm", &args)
    };
    let told = dump("99").expect("the operation of OpenSAF");
    assert!(told.contains(&file.display().to_string()), "{told}");
    let text = std::fs::read_to_string(&file).expect("the file is there");
    for line in [
        "director of term 1:",
        &format!("SI {WEB_SI}: admin=UNLOCKED assignment=FULLY_ASSIGNED"),
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    let again = dump("99").expect_err("what is there is never written over");
    assert!(again.contains("SA_AIS_ERR_INVALID_PARAM"), "{again}");
    let other = dump("98").expect_err("there is no such operation");
    assert!(other.contains("SA_AIS_ERR_INVALID_PARAM"), "{other}");
}
