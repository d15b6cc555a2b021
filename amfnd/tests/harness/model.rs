//! The model of the tests: one node, one SU, one component, one SI with one CSI.

use ais::amf::{
    CompCategory, CompConfig, CsiAssignment, CsiTransition, EscalationCounting, EscalationLimits,
    FailoverLimits, Healthcheck, ManagedBy, Monitoring, NodeConfig, NodeOrder, OrderId, RecommendedRecovery,
    SiAssignment, SuConfig,
};
use ais::{Dn, Millis};

pub(crate) const NODE: &str = "safAmfNode=N1,safAmfCluster=c";

pub(crate) fn su() -> Dn {
    Dn::new("safSu=SU1,safSg=G,safApp=A").unwrap()
}

pub(crate) fn comp() -> Dn {
    Dn::new("safComp=C,safSu=SU1,safSg=G,safApp=A").unwrap()
}

pub(crate) fn csi() -> Dn {
    Dn::new("safCsi=X,safSi=S,safApp=A").unwrap()
}

/// The orders that configure the node and an SU of one component.
pub(crate) fn configuration(comp: CompConfig) -> Vec<NodeOrder> {
    let su = SuConfig {
        dn: su(),
        su_failover: false,
        limits: EscalationLimits {
            comp_restart_max: 10,
            comp_restart_probation: Millis(60_000),
            su_restart_max: 10,
            su_restart_probation: Millis(60_000),
        },
        comps: vec![comp],
    };
    let node = NodeConfig {
        dn: Dn::new(NODE).unwrap(),
        node_id: 7,
        failover: FailoverLimits {
            su_failover_max: 10,
            su_failover_probation: Millis(60_000),
        },
        counting: EscalationCounting::Specification,
    };
    vec![NodeOrder::ConfigureNode(node), NodeOrder::ConfigureSu(su)]
}

pub(crate) fn neighbour_su() -> Dn {
    Dn::new("safSu=SU2,safSg=G,safApp=A").unwrap()
}

/// Another SU of the node, whose component behaves and has its files in the directory `neighbour`.
pub(crate) fn neighbour(cluster: &super::Cluster) -> SuConfig {
    let mut comp = cluster.component("plain");
    comp.dn = Dn::new("safComp=D,safSu=SU2,safSg=G,safApp=A").unwrap();
    comp.env[1] = format!("TEST_DIR={}", cluster.path("neighbour").display());
    comp.healthchecks[0].max_duration = Millis(10_000);
    let start = std::fs::read_to_string(cluster.path("instantiate")).unwrap();
    comp.instantiate = Some(cluster.script("neighbour-instantiate", &start, 10_000));
    SuConfig {
        dn: neighbour_su(),
        su_failover: false,
        limits: EscalationLimits {
            comp_restart_max: 10,
            comp_restart_probation: Millis(60_000),
            su_restart_max: 10,
            su_restart_probation: Millis(60_000),
        },
        comps: vec![comp],
    }
}

/// A component without commands.
pub(crate) fn bare_component() -> CompConfig {
    CompConfig {
        dn: comp(),
        category: CompCategory::LOCAL,
        instantiation_level: 0,
        instantiate: None,
        terminate: None,
        cleanup: None,
        env: Vec::new(),
        instantiate_retries_without_delay: 0,
        instantiate_retries_with_delay: 0,
        instantiate_delay: Millis(0),
        terminate_callback_timeout: Millis(10_000),
        csi_set_timeout: Millis(10_000),
        csi_remove_timeout: Millis(10_000),
        quiescing_complete_timeout: Millis(10_000),
        recovery_on_error: RecommendedRecovery::ComponentRestart,
        disable_restart: false,
        healthchecks: vec![Healthcheck {
            key: "Test".to_owned(),
            period: Millis(100),
            max_duration: Millis(300),
        }],
        monitoring: Monitoring::default(),
        managed_by: ManagedBy::default(),
    }
}

pub(crate) fn assignment() -> SiAssignment {
    SiAssignment {
        si: Dn::new("safSi=S,safApp=A").unwrap(),
        csis: vec![CsiAssignment {
            csi: csi(),
            comp: comp(),
            dependency_level: 0,
            transition: CsiTransition::NewAssign,
            active_comp: None,
            standby_rank: 0,
            attributes: vec![("text".to_owned(), vec!["hello".to_owned(), "there".to_owned()])],
            needs: Vec::new(),
        }],
    }
}

pub(crate) fn id_of(order: &NodeOrder) -> OrderId {
    match order.answered() {
        Some((id, _)) => id,
        None => panic!("{order:?} has no id"),
    }
}
