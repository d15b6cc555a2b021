//! What a reboot means, by the node director's options, and what it does when no director comes back.

mod harness;

use std::fs;

use ais::amf::{NodeOrder, NodeReport, PresenceState};
use harness::{Cluster, Director, configuration, is_alive, run};

fn reboot() -> Vec<NodeOrder> {
    vec![NodeOrder::Reboot {
        reason: "a test".to_owned(),
    }]
}

#[test]
fn the_reboot_command_is_called_once_when_every_component_is_dead() {
    run(async {
        let files = tempfile::tempdir().unwrap();
        let hook = files.path().join("hook.sh");
        let told = files.path().join("told");
        fs::write(&hook, format!("#!/bin/sh\necho \"$1\" >> {}\n", told.display())).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&hook, mode).unwrap();
        let mut cluster = Cluster::start_with(&["--reboot", hook.to_str().unwrap()]).await;
        cluster.instantiate(cluster.component("plain")).await;
        let pid = cluster.pid().await;
        assert_eq!(cluster.director.order(1, reboot()).await, 1);
        assert_eq!(cluster.node_status().await, Some(75));
        assert!(!is_alive(pid));
        assert_eq!(fs::read_to_string(&told).unwrap(), "a test\n");
    });
}

#[test]
fn a_node_that_is_not_to_reboot_kills_everything_and_says_so_to_every_director() {
    run(async {
        let cluster = Cluster::start_with(&["--reboot", "none"]).await;
        cluster.instantiate(cluster.component("plain")).await;
        let pid = cluster.pid().await;
        let before = cluster.director.connections();
        assert_eq!(cluster.director.order(1, reboot()).await, 1);
        cluster
            .until("a session of its own for what comes after", || {
                cluster.director.connections() > before && cluster.director.is_connected()
            })
            .await;
        assert!(!is_alive(pid), "nothing runs when the new session begins");
        let mut orders = configuration(cluster.component("plain"));
        orders.push(NodeOrder::ReportAll);
        assert_eq!(cluster.director.order(1, orders).await, 1);
        cluster
            .until("every report", || {
                cluster.director.all().last() == Some(&NodeReport::AllReported)
            })
            .await;
        let reason = "a test".to_owned();
        assert!(
            cluster
                .director
                .all()
                .contains(&NodeReport::NotRebooted { reason })
        );
        assert_eq!(
            cluster.director.newest().unwrap().presence,
            PresenceState::Uninstantiated
        );
    });
}

#[test]
fn a_node_without_a_director_gives_itself_up_after_the_time_it_is_told() {
    run(async {
        let mut cluster = Cluster::start_with(&["--absence-limit", "300"]).await;
        cluster.instantiate(cluster.component("plain")).await;
        let pid = cluster.pid().await;
        let nobody = tempfile::tempdir().unwrap();
        let elsewhere = Director::listen(nobody.path());
        let here = std::mem::replace(&mut cluster.director, elsewhere);
        fs::remove_file(cluster.path("amfd.sock")).unwrap();
        here.end().await;
        assert_eq!(cluster.node_status().await, Some(75));
        assert!(!is_alive(pid));
    });
}
