//! Messages as the first version of the schema wrote them, captured from its code: they are read by this version, and what
//! they do not have is as it was before there was such a thing. A director and node directors of different versions meet
//! while a cluster is upgraded node by node.
#![expect(clippy::unwrap_used, reason = "a test program may end at the first surprise")]

use ais::amf::CauseId;
use ais::amf::{
    AssignmentReport, CommandFailure, CompCategory, CompReport, CsiAssignment, CsiTransition,
    EscalationCounting, FailoverLimits, FaultReport, HaState, Healthcheck, ManagedBy, MonitorState,
    Monitoring, NodeOrder, NodeReport, OperState, OrderId, OrderOutcome, OrderReport, PresenceState,
    RecommendedRecovery, Term,
};
use ais::{Dn, Millis};
use capnp::message::{Builder, Reader, ReaderOptions};
use capnp::serialize::OwnedSegments;
use schema::{amf, amf_capnp};

const ORDERS: &[u8] = include_bytes!("messages/first-orders.bin");
const REPORTS: &[u8] = include_bytes!("messages/first-reports.bin");

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

fn message(bytes: &[u8]) -> Reader<OwnedSegments> {
    capnp::serialize::read_message(bytes, ReaderOptions::new()).unwrap()
}

#[test]
fn orders_of_the_first_version_are_understood() {
    let message = message(ORDERS);
    let params: amf_capnp::node_director::order_params::Reader<'_> = message.get_root().unwrap();
    assert_eq!(params.get_term(), 7);
    let list = params.get_orders().unwrap();
    // Nobody said to which story they belong.
    assert_eq!(amf::read_causes(list), vec![CauseId(0); 4]);
    let orders = amf::read_node_orders(list).unwrap();
    let [
        NodeOrder::ConfigureNode(node),
        NodeOrder::ConfigureSu(su),
        NodeOrder::Assign { id, ha, sis, .. },
        NodeOrder::ReportAll,
    ] = &orders[..]
    else {
        panic!("{orders:?}")
    };
    assert_eq!(
        (node.node_id, node.counting),
        (0x2010f, EscalationCounting::Specification)
    );
    // A director that gives no limits lets the first failover of an SU become one of the node: stronger, never weaker.
    let failover = FailoverLimits {
        su_failover_max: 0,
        su_failover_probation: Millis(0),
    };
    assert_eq!(node.failover, failover);
    let comp = &su.comps[0];
    assert_eq!(comp.category, CompCategory::SA_AWARE);
    assert_eq!(comp.instantiate.as_ref().unwrap().argv, ["-v"]);
    assert_eq!(comp.terminate, None);
    let healthcheck = Healthcheck {
        key: "k".to_owned(),
        period: Millis(1000),
        max_duration: Millis(500),
    };
    assert_eq!(comp.healthchecks, [healthcheck]);
    // Neither is monitored otherwise, nor managed by another.
    assert_eq!(comp.monitoring, Monitoring::default());
    assert_eq!(comp.managed_by, ManagedBy::default());
    assert_eq!((*id, *ha), (OrderId(9), HaState::Active));
    let assigned = CsiAssignment {
        csi: dn("safCsi=x,safSi=S,safApp=A"),
        comp: dn("safComp=c,safSu=1,safSg=G,safApp=A"),
        dependency_level: 0,
        transition: CsiTransition::NewAssign,
        active_comp: None,
        standby_rank: 0,
        attributes: vec![("port".to_owned(), vec!["80".to_owned()])],
        needs: Vec::new(),
    };
    assert_eq!(sis[0].csis, [assigned]);
}

#[test]
fn reports_of_the_first_version_are_understood() {
    let message = message(REPORTS);
    let params: amf_capnp::director_session::report_params::Reader<'_> = message.get_root().unwrap();
    let reports = amf::read_node_reports(params.get_reports().unwrap()).unwrap();
    let [
        NodeReport::Su(su),
        NodeReport::UnknownSu { su: unknown },
        NodeReport::AllReported,
    ] = &reports[..]
    else {
        panic!("{reports:?}")
    };
    assert_eq!(*unknown, dn("safSu=2,safSg=G,safApp=A"));
    let comp = dn("safComp=c,safSu=1,safSg=G,safApp=A");
    let expected = CompReport {
        comp: comp.clone(),
        presence: PresenceState::from_code(6).unwrap(),
        oper: OperState::Disabled,
        restart_count: 4,
        failure: Some(CommandFailure {
            command: "INSTANTIATE".to_owned(),
            path: "/bin/start".to_owned(),
            cause: "exit status 1".to_owned(),
            stderr: "no".to_owned(),
            // Nobody knew of exit statuses that forbid another attempt.
            forbids_retry: false,
        }),
        monitor: MonitorState::None,
        manager: None,
        // Who says nothing is ready for whatever it is given.
        ha_readiness: Vec::new(),
    };
    assert_eq!(su.comps, [expected]);
    let held = AssignmentReport {
        si: dn("safSi=S,safApp=A"),
        ha: HaState::Active,
        csis: vec![(dn("safCsi=x,safSi=S,safApp=A"), comp.clone())],
    };
    assert_eq!(su.assignments, [held]);
    let FaultReport {
        recovery,
        isolated,
        with_application,
        ..
    } = su.fault.as_ref().unwrap();
    // Of several recoveries that were due only the strongest was told.
    assert_eq!(
        (*recovery, *isolated, *with_application),
        (RecommendedRecovery::ComponentFailover, true, false)
    );
    let order = OrderReport {
        term: Term(7),
        id: OrderId(9),
        outcome: OrderOutcome::Failed("why".to_owned()),
    };
    assert_eq!(su.order, Some(order));
}

/// A union's member that only a newer version has: its tag lies behind the pointers of the struct's first word.
fn with_unknown_report() -> Vec<u8> {
    let mut message = Builder::new_default();
    let mut list = message
        .init_root::<amf_capnp::director_session::report_params::Builder<'_>>()
        .init_reports(2);
    list.reborrow().get(0).set_leaving(());
    list.reborrow().get(1).set_all_reported(());
    let mut bytes = capnp::serialize::write_message_to_words(&message);
    let leaving = 5_u16.to_le_bytes();
    let at = (0..bytes.len() - 8)
        .step_by(8)
        .rfind(|at| bytes[*at..*at + 2] == leaving && bytes[*at + 2..*at + 8] == [0; 6])
        .unwrap();
    bytes[at] = 200;
    bytes
}

#[test]
fn a_report_that_only_a_newer_version_knows_is_passed_over_and_the_others_count() {
    let bytes = with_unknown_report();
    let message = message(&bytes);
    let params: amf_capnp::director_session::report_params::Reader<'_> = message.get_root().unwrap();
    let reports = amf::read_node_reports(params.get_reports().unwrap()).unwrap();
    assert_eq!(reports, [NodeReport::AllReported]);
}
