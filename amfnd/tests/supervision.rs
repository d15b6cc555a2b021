//! Real component processes under a real node director: life, faults, restarts.

mod harness;

use std::fs;

use ais::amf::{CompConfig, HaState, NodeOrder, OperState, OrderId, PresenceState};
use ais::{AisError, Dn, Millis};
use amfnd_client::{Amf, AmfError};
use harness::{Cluster, comp, csi, is_alive, run, signal, su};
use rustix::process::Signal;

#[test]
fn a_killed_component_is_restarted_and_gets_its_work_back() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.instantiate(cluster.component("plain")).await;
        cluster.assign(2, HaState::Active).await;
        let first = cluster.pid().await;
        assert!(
            cluster
                .said("ACTIVE text=hello,there", 1)
                .await
                .starts_with("registered\n")
        );

        signal(first, Signal::KILL);
        cluster.said("ACTIVE text=hello,there", 2).await;
        let report = cluster
            .report("the restart", |su| {
                su.comps[0].restart_count == 1 && su.comps[0].presence == PresenceState::Instantiated
            })
            .await;
        assert_eq!(report.assignments[0].ha, HaState::Active);
        assert_eq!(report.assignments[0].csis, [(csi(), comp())]);
        assert_ne!(cluster.pid().await, first);
        assert!(!is_alive(first));
        assert!(cluster.log().contains("killed by signal 9"), "{}", cluster.log());
    });
}

#[test]
fn a_component_that_hangs_is_found_by_its_healthcheck() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.instantiate(cluster.component("plain")).await;
        cluster.said("healthy", 2).await;
        let first = cluster.pid().await;
        signal(first, Signal::STOP);
        cluster.said("registered", 2).await;
        cluster
            .report("the restart", |su| su.comps[0].restart_count == 1)
            .await;
        assert!(!is_alive(first));
        assert!(cluster.log().contains("healthcheck callback timeout"));
    });
}

#[test]
fn an_error_report_and_a_failed_callback_restart_the_component() {
    for mode in ["reports-error", "fails-once"] {
        run(async {
            let cluster = Cluster::start().await;
            cluster.instantiate(cluster.component(mode)).await;
            let order = NodeOrder::Assign {
                id: OrderId(2),
                su: su(),
                ha: HaState::Active,
                sis: vec![harness::assignment()],
            };
            assert_eq!(cluster.director.order(1, vec![order]).await, 1);
            cluster.said("ACTIVE text=hello,there", 2).await;
            let report = cluster
                .report("the work of the restarted component", |su| {
                    su.comps[0].restart_count == 1 && !su.assignments.is_empty()
                })
                .await;
            assert_eq!(report.assignments[0].ha, HaState::Active);
        });
    }
}

/// The story of OpenAIS's demo component.
#[test]
fn after_ten_healthchecks_an_error_is_reported_and_the_cleanup_kills_by_its_pid_file() {
    run(async {
        let cluster = Cluster::start().await;
        let mut component = cluster.component("reports-after-ten");
        component.healthchecks[0].max_duration = Millis(10_000);
        let text = "kill -9 $(cat PID) && echo killed $(cat PID) >> PID.killed";
        let text = text.replace("PID", &cluster.path("pid").display().to_string());
        component.cleanup = Some(cluster.script("cleanup", &text, 10_000));
        cluster.instantiate(component).await;
        cluster.assign(2, HaState::Active).await;
        let first = cluster.pid().await;
        let said = cluster.said("registered", 2).await;
        let by_the_first = said.split("registered").nth(1).unwrap();
        assert!(by_the_first.matches("healthy").count() >= 10, "{said}");
        let killed = fs::read_to_string(cluster.path("pid.killed")).unwrap();
        assert_eq!(killed, format!("killed {first}\n"), "once, by the script");
        cluster.said("ACTIVE text=hello,there", 2).await;
        assert_eq!(cluster.director.newest().unwrap().comps[0].restart_count, 1);
    });
}

#[test]
fn quiescing_ends_when_the_component_says_so() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.instantiate(cluster.component("plain")).await;
        cluster.assign(2, HaState::Active).await;
        let order = NodeOrder::Assign {
            id: OrderId(3),
            su: su(),
            ha: HaState::Quiescing,
            sis: vec![harness::assignment()],
        };
        assert_eq!(cluster.director.order(1, vec![order]).await, 1);
        cluster.said("QUIESCING", 1).await;
        // Healthchecks go on meanwhile.
        let healthy = |text: &str| text.lines().filter(|line| *line == "healthy").count();
        let before = healthy(&cluster.said("healthy", 1).await);
        cluster.said("healthy", before + 2).await;
        let report = cluster.director.newest().unwrap();
        assert_ne!(report.assignments[0].ha, HaState::Quiesced);
        fs::write(cluster.path("go-on"), "").unwrap();
        cluster
            .report("QUIESCED", |su| su.assignments[0].ha == HaState::Quiesced)
            .await;
        cluster
            .carry_out(NodeOrder::Remove {
                id: OrderId(4),
                su: su(),
                sis: vec![Dn::new("safSi=S,safApp=A").unwrap()],
            })
            .await;
        cluster.said("removed", 1).await;
    });
}

#[test]
fn an_ordered_termination_lets_the_process_end_by_itself() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.instantiate(cluster.component("plain")).await;
        let pid = cluster.pid().await;
        let terminate = NodeOrder::Terminate {
            id: OrderId(2),
            su: su(),
        };
        cluster.carry_out(terminate).await;
        cluster.said("terminated", 1).await;
        cluster
            .report("uninstantiated", |su| {
                su.presence == PresenceState::Uninstantiated
            })
            .await;
        assert!(!is_alive(pid));
    });
}

#[test]
fn a_command_that_does_not_exist_is_named_with_its_error() {
    run(async {
        let cluster = Cluster::start().await;
        let mut component = cluster.component("plain");
        let missing = cluster.path("no-such-program");
        fs::remove_file(cluster.path("instantiate")).unwrap();
        component.instantiate.as_mut().unwrap().path = missing.to_str().unwrap().to_owned();
        cluster.configure(component).await;
        let order = NodeOrder::Instantiate {
            id: OrderId(1),
            su: su(),
        };
        assert_eq!(cluster.director.order(1, vec![order]).await, 1);
        let report = cluster
            .report("INSTANTIATION-FAILED", |su| {
                su.presence == PresenceState::InstantiationFailed
            })
            .await;
        let failure = report.comps[0].failure.clone().unwrap();
        assert_eq!(failure.command, "INSTANTIATE");
        assert_eq!(failure.path, missing.to_str().unwrap());
        assert_eq!(failure.cause, "No such file or directory (2)");
        assert_eq!(report.comps[0].oper, OperState::Disabled);
    });
}

#[test]
fn a_process_that_was_not_started_for_the_component_cannot_register_it() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.configure(cluster.component("plain")).await;
        let socket = cluster.path("nodes/N1/amfnd.sock");
        let amf = Amf::initialize_at(socket.to_str().unwrap()).await.unwrap();
        let refused = amf.register(&comp()).await.unwrap_err();
        let AmfError::Refused { error, text } = refused else {
            panic!("{refused}");
        };
        assert_eq!(error, AisError::BadOperation);
        assert!(text.contains("was not started by this node director"), "{text}");
        let unknown = amf.ha_state_get(&comp(), &csi()).await.unwrap_err();
        assert!(
            matches!(
                unknown,
                AmfError::Refused {
                    error: AisError::NotExist,
                    ..
                }
            ),
            "{unknown}"
        );
        amf.finalize().await;
        let gone = amf.register(&comp()).await.unwrap_err();
        assert!(matches!(gone, AmfError::Disconnected(_)), "{gone}");
    });
}

/// Each answers that it terminates and ends at once; no such end is taken for a death.
#[test]
fn many_components_end_in_order_at_once() {
    const MANY: usize = 40;
    run(async {
        let cluster = Cluster::start().await;
        let one = cluster.component("plain");
        let mut orders = harness::configuration(one.clone());
        let Some(NodeOrder::ConfigureSu(config)) = orders.last_mut() else {
            panic!("the SU comes last");
        };
        config.comps = (0..MANY)
            .map(|number| CompConfig {
                dn: Dn::new(&format!("safComp=C{number},{}", su())).unwrap(),
                ..one.clone()
            })
            .collect();
        assert_eq!(cluster.director.order(1, orders).await, 1);
        let id = OrderId(1);
        cluster.carry_out(NodeOrder::Instantiate { id, su: su() }).await;
        let id = OrderId(2);
        cluster.carry_out(NodeOrder::Terminate { id, su: su() }).await;
        cluster
            .report("the end", |su| su.presence == PresenceState::Uninstantiated)
            .await;
        let failed = cluster
            .log()
            .lines()
            .filter(|line| line.contains("terminating in order failed"))
            .count();
        assert_eq!(failed, 0, "{}", cluster.log());
    });
}
