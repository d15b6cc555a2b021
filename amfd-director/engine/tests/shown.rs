//! What a node is told of the model, and what the repository shows of the cluster.
#![expect(
    clippy::unwrap_used,
    reason = "a test program: it may end at the first surprise"
)]

#[path = "shown/cluster.rs"]
mod cluster;

use std::collections::BTreeMap;

use ais::amf::{
    CompConfig, ErrorSource, FaultReport, HaReadinessState, HaState, NodeReport, OperState, PresenceState,
    ProtectionGroup, RecommendedRecovery,
};
use ais::ntf::{ClassId, Detail, Severity};
use ais::{Dn, Millis};
use amfd_director_engine::{DownCause, Event, SessionId};
use cluster::{
    CLUSTER, COMP_TYPE, CS_TYPE, CSI, Cluster, SG, SG_TYPE, SI, SU_TYPE, SU1, SU2, dn, millis, names, number,
    texts,
};

/// A cluster whose components have values from all three places; that of the second SU has its own.
fn configured_in_three_places() -> Cluster {
    let mut cluster = Cluster::new().with_service();
    let of_type = vec![
        texts("saAmfCtSwBundle", &[]),
        names("saAmfCtSwBundle", &["safSmfBundle=B"]),
        texts("saAmfCtRelPathTerminateCmd", &["bin/stop"]),
        texts("saAmfCtDefInstantiateCmdArgv", &["one two"]),
        texts("saAmfCtDefCmdEnv", &["A=1"]),
        millis("saAmfCtDefClcCliTimeout", 7_000),
        millis("saAmfCtDefCallbackTimeout", 3_000),
        millis("saAmfCtDefQuiescingCompleteTimeout", 4_000),
        number("saAmfCtDefInstantiationLevel", 4),
        number("saAmfCtDefRecoveryOnError", 4),
        number("saAmfCtDefDisableRestart", 1),
    ];
    cluster.set(COMP_TYPE, of_type);
    let bundle = format!("safInstalledSwBundle=safSmfBundle=B,safAmfNode=N1,{CLUSTER}");
    let prefix = texts("saAmfNodeSwBundlePathPrefix", &["/opt/b/"]);
    cluster.add("SaAmfNodeSwBundle", &bundle, vec![prefix]);
    let bundle = format!("safInstalledSwBundle=safSmfBundle=B,safAmfNode=N2,{CLUSTER}");
    let prefix = texts("saAmfNodeSwBundlePathPrefix", &["/usr/b"]);
    cluster.add("SaAmfNodeSwBundle", &bundle, vec![prefix]);
    let key = format!("safHealthcheckKey=key1,{COMP_TYPE}");
    let times = vec![
        millis("saAmfHctDefPeriod", 500),
        millis("saAmfHctDefMaxDuration", 550),
    ];
    cluster.add("SaAmfHealthcheckType", &key, times);
    let of_all = vec![
        number("saAmfNumMaxInstantiateWithoutDelay", 7),
        number("saAmfNumMaxInstantiateWithDelay", 1),
        millis("saAmfDelayBetweenInstantiateAttempts", 1_500),
    ];
    let global = "safRdn=compGlobalAttributes,safApp=safAmfService";
    cluster.add("SaAmfCompGlobalAttributes", global, of_all);
    let own = vec![
        texts("saAmfCompInstantiateCmdArgv", &["three"]),
        texts("saAmfCompCmdEnv", &["B=2"]),
        millis("saAmfCompInstantiateTimeout", 2_000),
        millis("saAmfCompCSISetCallbackTimeout", 1_000),
        number("saAmfCompInstantiationLevel", 9),
        number("saAmfCompNumMaxInstantiateWithDelay", 5),
        number("saAmfCompRecoveryOnError", 2),
        number("saAmfCompDisableRestart", 0),
    ];
    cluster.set(&format!("safComp=c,{SU2}"), own);
    let key = format!("safHealthcheckKey=key1,safComp=c,{SU2}");
    cluster.add(
        "SaAmfHealthcheck",
        &key,
        vec![millis("saAmfHealthcheckPeriod", 2_000)],
    );
    cluster.start();
    cluster
}

#[test]
fn a_component_has_its_own_values_before_its_types_before_those_of_all() {
    let cluster = configured_in_three_places();
    let plain = cluster.comp(SU1, "c");
    let instantiate = plain.instantiate.as_ref().unwrap();
    assert_eq!(
        (instantiate.path.as_str(), instantiate.timeout),
        ("/bin/x", Millis(7_000))
    );
    assert_eq!(instantiate.argv, ["one", "two"]);
    assert_eq!(plain.terminate.as_ref().unwrap().path, "/opt/b/bin/stop");
    assert_eq!(plain.env, ["A=1"]);
    assert_eq!(plain.csi_set_timeout, Millis(3_000));
    assert_eq!(plain.csi_remove_timeout, Millis(3_000));
    assert_eq!(plain.quiescing_complete_timeout, Millis(4_000));
    assert_eq!(plain.instantiation_level, 4);
    assert_eq!(plain.recovery_on_error, RecommendedRecovery::NodeSwitchover);
    assert!(plain.disable_restart);
    let retries = |comp: &CompConfig| {
        (
            comp.instantiate_retries_without_delay,
            comp.instantiate_retries_with_delay,
            comp.instantiate_delay,
        )
    };
    assert_eq!(retries(plain), (7, 1, Millis(1_500)));
    let checks = |comp: &CompConfig| {
        let check = &comp.healthchecks[0];
        (check.key.clone(), check.period, check.max_duration)
    };
    assert_eq!(checks(plain), ("key1".to_owned(), Millis(500), Millis(550)));

    let own = cluster.comp(SU2, "c");
    let instantiate = own.instantiate.as_ref().unwrap();
    assert_eq!(
        instantiate.argv,
        ["one", "two", "three"],
        "the type's before its own"
    );
    assert_eq!(instantiate.timeout, Millis(2_000));
    assert_eq!(
        own.terminate.as_ref().unwrap().path,
        "/usr/b/bin/stop",
        "as installed on its node"
    );
    assert_eq!(own.env, ["A=1", "B=2"]);
    assert_eq!(own.csi_set_timeout, Millis(1_000));
    assert_eq!(own.csi_remove_timeout, Millis(3_000));
    assert_eq!(own.instantiation_level, 9);
    assert_eq!(own.recovery_on_error, RecommendedRecovery::ComponentRestart);
    assert!(!own.disable_restart);
    assert_eq!(retries(own), (7, 5, Millis(1_500)));
    assert_eq!(checks(own), ("key1".to_owned(), Millis(2_000), Millis(550)));
}

#[test]
fn a_model_that_says_nothing_of_recovery_fails_over_and_repairs() {
    let mut cluster = Cluster::new().with_service();
    cluster.start();
    let comp = cluster.comp(SU1, "c");
    assert_eq!(comp.recovery_on_error, RecommendedRecovery::ComponentFailover);
    assert!(!comp.disable_restart);
    assert_eq!(
        (
            comp.instantiate_retries_without_delay,
            comp.instantiate_retries_with_delay
        ),
        (2, 0)
    );
}

#[test]
fn the_sg_has_its_own_limits_of_escalation_before_its_types() {
    let mut cluster = Cluster::new().with_service();
    let of_type = vec![
        number("saAmfSgtDefCompRestartMax", 4),
        millis("saAmfSgtDefCompRestartProb", 100_000),
        number("saAmfSgtDefSuRestartMax", 9),
        millis("saAmfSgtDefSuRestartProb", 900_000),
    ];
    cluster.set(SG_TYPE, of_type);
    let own = vec![
        number("saAmfSGSuRestartMax", 6),
        millis("saAmfSGSuRestartProb", 200_000),
    ];
    cluster.set(SG, own);
    cluster.set(SU_TYPE, vec![number("saAmfSutDefSUFailover", 1)]);
    cluster.set(SU2, vec![number("saAmfSUFailover", 0)]);
    cluster.start();
    let config = &cluster.configured[&dn(SU1)];
    let limits = config.limits;
    assert_eq!(
        (limits.comp_restart_max, limits.comp_restart_probation),
        (4, Millis(100_000))
    );
    assert_eq!(
        (limits.su_restart_max, limits.su_restart_probation),
        (6, Millis(200_000))
    );
    assert!(config.su_failover);
    assert!(!cluster.configured[&dn(SU2)].su_failover);
}

#[test]
fn an_su_of_a_node_group_gets_the_first_node_that_has_none_of_its_sg() {
    let mut cluster = Cluster::new().with_service();
    let nodes = ["N1", "N2"].map(|node| format!("safAmfNode={node},{CLUSTER}"));
    let group = format!("safAmfNodeGroup=NG,{CLUSTER}");
    let list = names("saAmfNGNodeList", &[&nodes[1], &nodes[0]]);
    cluster.add("SaAmfNodeGroup", &group, vec![list]);
    for su in [SU1, SU2] {
        cluster.set(su, vec![names("saAmfSUHostNodeOrNodeGroup", &[])]);
    }
    cluster.set(SU2, vec![names("saAmfSUHostNodeOrNodeGroup", &[&group])]);
    cluster.set(SG, vec![names("saAmfSGSuHostNodeGroup", &[&group])]);
    cluster.start();
    assert_eq!(cluster.dns(SU1, "saAmfSUHostedByNode"), [dn(&nodes[0])]);
    assert_eq!(cluster.dns(SU2, "saAmfSUHostedByNode"), [dn(&nodes[1])]);
    assert_eq!(cluster.configured.len(), 2);
}

#[test]
fn a_node_that_tracks_a_protection_group_is_told_its_members_and_their_changes() {
    let mut cluster = Cluster::new().with_service();
    cluster.start();
    let report = |session, report| Event::Report {
        node: dn(&format!("safAmfNode=N1,{CLUSTER}")),
        session: SessionId(session),
        report,
    };
    let missing = "safCsi=none,safSi=none";
    let csis = vec![dn(CSI), dn(missing)];
    cluster.step(report(1, NodeReport::Tracks { csis: csis.clone() }));
    let groups = std::mem::take(&mut cluster.groups);
    assert_eq!(
        groups[1],
        ProtectionGroup {
            csi: dn(missing),
            members: None,
            nodes: BTreeMap::new(),
        }
    );
    let members = groups[0].members.clone().unwrap();
    let comp = |su: &str| dn(&format!("safComp=c,{su}"));
    let states: Vec<_> = members
        .iter()
        .map(|member| (member.comp.clone(), member.ha))
        .collect();
    assert_eq!(
        states,
        [(comp(SU1), HaState::Active), (comp(SU2), HaState::Standby)]
    );
    let node = |name: &str| dn(&format!("safAmfNode={name},{CLUSTER}"));
    let nodes = BTreeMap::from([(comp(SU1), node("N1"))]);
    assert_eq!(
        groups[0].nodes, nodes,
        "its own is active, so it need not look elsewhere"
    );
    cluster.step(report(
        1,
        NodeReport::Tracks {
            csis: csis[..1].to_vec(),
        },
    ));
    assert!(cluster.groups.is_empty(), "it is known");

    // What a component says of its readiness is shown, and told.
    let mut su = cluster.reports[&dn(SU1)].clone();
    su.comps[0].ha_readiness = vec![(dn(CSI), HaReadinessState::ReadyForActiveDegraded)];
    cluster.step(report(1, NodeReport::Su(su)));
    let of = |holder: &str, parent: &str, rdn: &str| format!("{rdn}={},{parent}", holder.replace(',', "\\,"));
    assert_eq!(
        cluster.numbers(&of(SU1, SI, "safSISU"), &["saAmfSISUHAReadinessState"]),
        [2]
    );
    let object = of(comp(SU1).as_str(), CSI, "safCSIComp");
    assert_eq!(cluster.numbers(&object, &["saAmfCSICompHAReadinessState"]), [2]);
    let groups = std::mem::take(&mut cluster.groups);
    let degraded = groups[0].members.as_ref().unwrap()[0].ha_readiness;
    assert_eq!(degraded, HaReadinessState::ReadyForActiveDegraded);
}

#[test]
fn assignments_and_counters_are_shown() {
    let mut cluster = Cluster::new().with_service();
    cluster.start();
    let of = |holder: &str, parent: &str, rdn: &str| format!("{rdn}={},{parent}", holder.replace(',', "\\,"));
    let states = ["saAmfSISUHAState", "saAmfSISUHAReadinessState"];
    assert_eq!(cluster.numbers(&of(SU1, SI, "safSISU"), &states), [1, 1]);
    assert_eq!(cluster.numbers(&of(SU2, SI, "safSISU"), &states), [2, 1]);
    let states = ["saAmfCSICompHAState", "saAmfCSICompHAReadinessState"];
    let comp = format!("safComp=c,{SU2}");
    assert_eq!(cluster.numbers(&of(&comp, CSI, "safCSIComp"), &states), [2, 1]);

    let su = [
        "saAmfSUNumCurrActiveSIs",
        "saAmfSUNumCurrStandbySIs",
        "saAmfSUPreInstantiable",
    ];
    assert_eq!(cluster.numbers(SU1, &su), [1, 0, 1]);
    assert_eq!(cluster.numbers(SU2, &su), [0, 1, 1]);
    assert_eq!(cluster.dns(SU1, "saAmfSUAssignedSIs"), [dn(SI)]);
    assert_eq!(cluster.dns(SU2, "saAmfSUAssignedSIs"), [dn(SI)]);
    let si = [
        "saAmfSINumCurrActiveAssignments",
        "saAmfSINumCurrStandbyAssignments",
        "saAmfSIAssignmentState",
    ];
    assert_eq!(cluster.numbers(SI, &si), [1, 1, 2]);
    let sg = [
        "saAmfSGNumCurrAssignedSUs",
        "saAmfSGNumCurrInstantiatedSpareSUs",
        "saAmfSGNumCurrNonInstantiatedSpareSUs",
    ];
    assert_eq!(cluster.numbers(SG, &sg), [2, 0, 0]);
    assert_eq!(cluster.numbers("safApp=A", &["saAmfApplicationCurrNumSGs"]), [1]);
}

#[test]
fn a_component_is_as_ready_as_its_su_unless_it_is_disabled() {
    let mut cluster = Cluster::new().with_service();
    let second = format!("safComp=d,{SU1}");
    cluster.add("SaAmfComp", &second, vec![names("saAmfCompType", &[COMP_TYPE])]);
    cluster.start();
    let first = format!("safComp=c,{SU1}");
    let states = [
        "saAmfCompReadinessState",
        "saAmfCompOperState",
        "saAmfCompPresenceState",
    ];
    assert_eq!(cluster.numbers(&first, &states), [2, 1, 3]);

    let mut report = cluster.reports[&dn(SU1)].clone();
    report.comps[0].oper = OperState::Disabled;
    report.comps[0].restart_count = 3;
    report.restart_count = 2;
    let (node, session) = (dn(&format!("safAmfNode=N1,{CLUSTER}")), SessionId(1));
    let report = NodeReport::Su(report);
    cluster.step(Event::Report {
        node,
        session,
        report,
    });
    assert_eq!(cluster.numbers(&first, &states), [1, 2, 3]);
    assert_eq!(cluster.numbers(&second, &states), [2, 1, 3]);
    assert_eq!(cluster.numbers(&first, &["saAmfCompRestartCount"]), [3]);
    assert_eq!(cluster.numbers(SU1, &["saAmfSURestartCount"]), [2]);
}

#[test]
fn who_gets_a_proxy_is_told_and_who_loses_it_raises_an_alarm_until_there_is_another() {
    let mut cluster = Cluster::new().with_service();
    // SA_AMF_COMP_PROXIED, with a proxy CSI of its own.
    let proxied = "safVersion=1,safCompType=p";
    let category = vec![number("saAmfCtCompCategory", 4)];
    cluster.add("SaAmfCompType", proxied, category);
    let comp = format!("safComp=p,{SU1}");
    let attrs = vec![
        names("saAmfCompType", &[proxied]),
        names("saAmfCompProxyCsi", &[CSI]),
    ];
    cluster.add("SaAmfComp", &comp, attrs);
    cluster.start();
    let mut with = |proxy: Option<&str>, presence: PresenceState| -> Vec<(u16, Option<Severity>, String)> {
        cluster.told.clear();
        let report = cluster.reports.get_mut(&dn(SU1)).unwrap();
        let own = report.comps.iter_mut().find(|it| it.comp == dn(&comp)).unwrap();
        own.manager = proxy.map(dn);
        own.presence = presence;
        let report = NodeReport::Su(report.clone());
        let (node, session) = (dn(&format!("safAmfNode=N1,{CLUSTER}")), SessionId(1));
        cluster.step(Event::Report {
            node,
            session,
            report,
        });
        let about = cluster.told.iter().filter(|told| told.object == comp);
        about
            .map(|told| {
                assert_eq!(told.class, ClassId::amf(told.class.minor));
                let severity = match told.detail {
                    Detail::Alarm { severity, .. } => Some(severity),
                    _ => None,
                };
                (told.class.minor, severity, told.text.clone())
            })
            .collect()
    };
    let (first, second) = (format!("safComp=c,{SU1}"), format!("safComp=c,{SU2}"));
    let instantiated = PresenceState::Instantiated;
    let status = format!("proxy status of {comp}: UNPROXIED -> PROXIED");
    let proxied = (0x70, None, status);
    assert_eq!(with(Some(&first), instantiated), std::slice::from_ref(&proxied));
    let raised = with(None, instantiated);
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!((raised[0].0, raised[0].1), (0x06, Some(Severity::Major)));
    assert!(
        raised[0].2.contains(&format!("its proxy {first} is gone")),
        "{raised:?}"
    );
    assert!(
        raised[0].2.ends_with(&format!("next: perdure explain {comp}")),
        "{raised:?}"
    );
    assert_eq!(with(None, instantiated), [], "it is raised once");
    let cleared = with(Some(&second), instantiated);
    let ids: Vec<_> = cleared
        .iter()
        .map(|(minor, severity, _)| (*minor, *severity))
        .collect();
    assert_eq!(ids, [(0x06, Some(Severity::Cleared)), (0x70, None)]);
    assert_eq!(with(Some(&first), instantiated), [], "one proxy after another");
    assert_eq!(
        with(None, PresenceState::Uninstantiated),
        [],
        "it was terminated and needs none"
    );
    assert_eq!(with(Some(&first), instantiated), [proxied]);
    assert_eq!(with(None, instantiated).len(), 1);
    let over = with(None, PresenceState::Uninstantiated);
    assert_eq!((over.len(), over[0].1), (1, Some(Severity::Cleared)), "{over:?}");
}

#[test]
fn a_csi_has_all_values_of_its_attributes_and_a_component_no_more_csis_than_it_takes() {
    let mut cluster = Cluster::new().with_service();
    let attr = format!("safCsiAttr=port,{CSI}");
    let values = texts("saAmfCSIAttriValue", &["80", "81"]);
    cluster.add("SaAmfCSIAttribute", &attr, vec![values]);
    for csi in ["l", "m"] {
        let csi = format!("safCsi={csi},{SI}");
        cluster.add("SaAmfCSI", &csi, vec![names("saAmfCSType", &[CS_TYPE])]);
    }
    for su in [SU1, SU2] {
        let supports = format!("safSupportedCsType=safVersion=1\\,safCSType=t,safComp=c,{su}");
        let numbers = vec![
            number("saAmfCompNumMaxActiveCSIs", 2),
            number("saAmfCompNumMaxStandbyCSIs", 1),
        ];
        cluster.add("SaAmfCompCsType", &supports, numbers);
    }
    cluster.start();
    let given: Vec<&str> = cluster
        .given(HaState::Active)
        .iter()
        .map(|csi| csi.csi.as_str())
        .collect();
    assert_eq!(given, [CSI, "safCsi=l,safSi=I,safApp=A"]);
    let port = ("port".to_owned(), vec!["80".to_owned(), "81".to_owned()]);
    assert_eq!(cluster.given(HaState::Active)[0].attributes, [port]);
    let standby = cluster.given(HaState::Standby);
    assert_eq!(standby.len(), 1);
    assert_eq!(standby[0].standby_rank, 1);
    assert_eq!(standby[0].active_comp, Some(dn(&format!("safComp=c,{SU1}"))));
}

#[test]
fn what_cannot_be_terminated_reboots_its_node_where_the_node_says_so() {
    for (flag, auto_repair, reboots) in [(0, 1, 0), (1, 1, 1), (1, 0, 0)] {
        let mut cluster = Cluster::new().with_service();
        let node = format!("safAmfNode=N1,{CLUSTER}");
        let flags = vec![
            number("saAmfNodeFailfastOnTerminationFailure", flag),
            number("saAmfNodeAutoRepair", auto_repair),
        ];
        cluster.set(&node, flags);
        cluster.start();
        let mut report = cluster.reports[&dn(SU1)].clone();
        report.presence = PresenceState::TerminationFailed;
        report.comps[0].presence = PresenceState::TerminationFailed;
        report.comps[0].oper = OperState::Disabled;
        cluster.reports.insert(dn(SU1), report.clone());
        let (node, session) = (dn(&node), SessionId(1));
        let report = NodeReport::Su(report);
        cluster.step(Event::Report {
            node,
            session,
            report,
        });
        assert_eq!(cluster.reboots, reboots, "flag {flag}, repair {auto_repair}");
        let states = ["saAmfSUOperState", "saAmfSUPresenceState"];
        assert_eq!(cluster.numbers(SU1, &states), [2, 7]);
    }
}

#[test]
fn an_su_under_maintenance_is_not_repaired_where_that_is_restricted() {
    for (restricted, campaign, repaired) in [(1, true, false), (1, false, true), (0, true, true)] {
        let mut cluster = Cluster::new().with_service();
        let config = vec![number("osafAmfRestrictAutoRepairEnable", restricted)];
        cluster.add("OpenSafAmfConfig", "amfConfig=1,safApp=safAmfService", config);
        if campaign {
            let name = names("saAmfSUMaintenanceCampaign", &["safSmfCampaign=up"]);
            cluster.set(SU1, vec![name]);
        }
        cluster.start();
        let mut report = cluster.reports[&dn(SU1)].clone();
        report.presence = PresenceState::Uninstantiated;
        report.assignments.clear();
        report.comps[0].presence = PresenceState::Uninstantiated;
        report.comps[0].oper = OperState::Disabled;
        report.fault = Some(FaultReport {
            comp: report.comps[0].comp.clone(),
            recovery: RecommendedRecovery::SuFailover,
            source: ErrorSource::ProcessDied,
            isolated: true,
            with_application: false,
        });
        cluster.reports.insert(dn(SU1), report.clone());
        let (node, session) = (dn(&format!("safAmfNode=N1,{CLUSTER}")), SessionId(1));
        let report = NodeReport::Su(report);
        cluster.step(Event::Report {
            node,
            session,
            report,
        });
        let expected = if repaired { vec![dn(SU1)] } else { vec![] };
        assert_eq!(cluster.repaired, expected, "{restricted} {campaign}");
        assert_eq!(cluster.numbers(SU2, &["saAmfSUNumCurrActiveSIs"]), [1]);
    }
}

#[test]
fn a_proxy_shows_whom_it_manages_and_each_of_these_its_proxy() {
    let mut cluster = Cluster::new().with_service();
    let proxied = "safVersion=1,safCompType=p";
    let category = vec![number("saAmfCtCompCategory", 4)];
    cluster.add("SaAmfCompType", proxied, category);
    let managed = ["p", "q"].map(|name| format!("safComp={name},{SU1}"));
    for comp in &managed {
        let attrs = vec![
            names("saAmfCompType", &[proxied]),
            names("saAmfCompProxyCsi", &[CSI]),
        ];
        cluster.add("SaAmfComp", comp, attrs);
    }
    cluster.start();
    let proxy = format!("safComp=c,{SU1}");
    let mut manage = |managers: [Option<&str>; 2]| {
        let report = cluster.reports.get_mut(&dn(SU1)).unwrap();
        for (comp, manager) in managed.iter().zip(managers) {
            let own = report.comps.iter_mut().find(|it| it.comp == dn(comp)).unwrap();
            own.manager = manager.map(dn);
        }
        let report = NodeReport::Su(report.clone());
        let (node, session) = (dn(&format!("safAmfNode=N1,{CLUSTER}")), SessionId(1));
        cluster.step(Event::Report {
            node,
            session,
            report,
        });
        let shown = managed
            .iter()
            .map(|comp| cluster.dns(comp, "saAmfCompCurrProxyName"));
        let shown: Vec<Dn> = shown.flatten().collect();
        assert_eq!(shown, managers.into_iter().flatten().map(dn).collect::<Vec<_>>());
        cluster.dns(&proxy, "saAmfCompCurrProxiedNames")
    };
    let both = managed.clone().map(|comp| dn(&comp));
    assert_eq!(manage([Some(&proxy), Some(&proxy)]), both);
    assert_eq!(manage([Some(&proxy), None]), both[..1]);
    assert_eq!(manage([None, None]), []);
}

#[test]
fn a_proxy_shows_whom_it_manages_on_another_node() {
    let mut cluster = Cluster::new().with_service();
    let proxied = "safVersion=1,safCompType=p";
    let category = vec![number("saAmfCtCompCategory", 4)];
    cluster.add("SaAmfCompType", proxied, category);
    let managed = format!("safComp=p,{SU2}");
    let attrs = vec![
        names("saAmfCompType", &[proxied]),
        names("saAmfCompProxyCsi", &[CSI]),
    ];
    cluster.add("SaAmfComp", &managed, attrs);
    cluster.start();
    let proxy = format!("safComp=c,{SU1}");
    let mut manage = |manager: Option<&str>| {
        let report = cluster.reports.get_mut(&dn(SU2)).unwrap();
        let own = report.comps.iter_mut().find(|it| it.comp == dn(&managed));
        own.unwrap().manager = manager.map(dn);
        let report = NodeReport::Su(report.clone());
        let (node, session) = (dn(&format!("safAmfNode=N2,{CLUSTER}")), SessionId(2));
        cluster.step(Event::Report {
            node,
            session,
            report,
        });
        cluster.dns(&proxy, "saAmfCompCurrProxiedNames")
    };
    assert_eq!(manage(Some(&proxy)), [dn(&managed)]);
    assert_eq!(manage(None), []);
}

/// A node whose own SU stands by has to look elsewhere for who is active; one whose own is about to be need not.
#[test]
fn a_node_is_told_where_the_active_is_unless_its_own_is_or_comes() {
    let mut cluster = Cluster::new().with_service();
    cluster.start();
    let node = |name: &str| dn(&format!("safAmfNode={name},{CLUSTER}"));
    cluster.step(Event::Report {
        node: node("N2"),
        session: SessionId(2),
        report: NodeReport::Tracks { csis: vec![dn(CSI)] },
    });
    let comp = |su: &str| dn(&format!("safComp=c,{su}"));
    let of = |cluster: &mut Cluster| std::mem::take(&mut cluster.groups).pop().unwrap().nodes;
    let both = BTreeMap::from([(comp(SU1), node("N1")), (comp(SU2), node("N2"))]);
    assert_eq!(of(&mut cluster), both);
    cluster.step(Event::NodeDown {
        node: node("N1"),
        session: SessionId(1),
        cause: DownCause::Ended,
    });
    assert_eq!(
        of(&mut cluster),
        BTreeMap::from([(comp(SU2), node("N2"))]),
        "its own takes over"
    );
}
