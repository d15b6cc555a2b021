//! One search finds what all daemons did about one recovery.

use tests::cluster::{Cluster, wait_for};

use crate::stage::{Stage, WEB_SI};

/// The lines of a daemon's log, as the objects that they are.
fn log(cluster: &Cluster, daemon: &str) -> Vec<serde_json::Value> {
    let path = cluster.dir().join("log").join(format!("{daemon}.log"));
    let text = std::fs::read_to_string(path).expect("the daemon has a log");
    let lines = text.lines().map(|line| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{line} of {daemon} is no JSON: {error}"))
    });
    lines.collect()
}

#[test]
fn a_recovery_has_one_id_in_the_timeline_and_in_the_logs_of_all_daemons() {
    let stage = Stage::up_in(|xml| xml, &[], &[("PERDURE_LOG_FORMAT", "json")]);
    let (active, standby) = stage.roles();
    let nodes = [stage.node_director(active).0, stage.node_director(standby).0];
    stage.kill_component(active);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    stage.cluster.wait_ha(active, WEB_SI, "2");
    let mut cause = String::new();
    wait_for("the story of the recovery to be over", || {
        let told = stage
            .cluster
            .done("perdure", &["timeline", "--json", "--object", active])
            .unwrap_or_default();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap_or_default();
        let stories = told["stories"].as_array().cloned().unwrap_or_default();
        let recovery = stories.iter().find(|story| {
            let steps = story["steps"].as_array();
            steps.is_some_and(|steps| steps.iter().any(|step| step["code"] == "FAULT"))
        });
        let settled = recovery.filter(|story| story["settled_millis"].is_number());
        cause = settled
            .and_then(|story| story["cause"].as_str())
            .unwrap_or_default()
            .to_owned();
        !cause.is_empty()
    })
    .unwrap_or_else(|e| panic!("{e}"));

    let about = |daemon: &str| -> Vec<serde_json::Value> {
        let lines = log(&stage.cluster, daemon);
        lines
            .into_iter()
            .filter(|line| line["cause"] == cause.as_str())
            .collect()
    };
    let director = about("amfd");
    for code in ["BEGAN", "FAULT", "ANSWERED", "SETTLED"] {
        assert!(
            director.iter().any(|line| line["code"] == code),
            "{code}: {director:?}"
        );
    }
    for node in &nodes {
        let orders = about(node);
        let says = |what: &str| {
            orders
                .iter()
                .any(|line| line["message"].as_str().is_some_and(|it| it.contains(what)))
        };
        assert!(says("order: "), "{node}: {orders:?}");
    }
    let new_active = about(&nodes[1]);
    assert!(
        new_active.iter().any(|line| line["message"]
            .as_str()
            .is_some_and(|it| it.contains("ACTIVE for"))),
        "{new_active:?}"
    );
    let repaired = about(&nodes[0]);
    assert!(
        repaired.iter().any(|line| line["command"] == "INSTANTIATE"),
        "{repaired:?}"
    );
}
