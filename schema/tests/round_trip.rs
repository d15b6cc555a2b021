//! Each type survives the wire, and nothing that arrives makes a reader panic.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panic")]

use std::collections::BTreeMap;

use ais::amf::{
    AssignmentReport, CallbackKind, Command, CommandFailure, CompCategory, CompConfig, CompReport,
    CsiAssignment, CsiDescriptor, CsiTransition, ErrorSource, EscalationCounting, EscalationLimits,
    FailoverLimits, FaultReport, HaReadinessState, HaState, Healthcheck, HealthcheckCommand,
    HealthcheckInvocation, ManagedBy, MonitorState, Monitoring, NodeConfig, NodeOrder, NodeReport, OperState,
    OrderId, OrderOutcome, OrderReport, PresenceState, ProtectionGroup, ProtectionGroupMember,
    RecommendedRecovery, SiAssignment, SuConfig, SuReport, Term,
};
use ais::{
    AisError, Attr, AttrChoice, AttrDef, AttrFlags, AttrModification, CcbOperation, ClassCategory, ClassDef,
    Dn, Millis, ModificationType, Object, Parameter, Refusal, Scope, Value, ValueType,
};
use capnp::message::{Builder, ReaderOptions};
use schema::{Refused, WireError, amf, component, imm, value};
use schema::{amf_capnp, component_capnp, imm_capnp, value_capnp};

/// Writes `$value` into a message of its own, sends it through bytes, reads it back and compares.
macro_rules! round_trip {
    ($wire:path, $write:path, $read:path, $value:expr) => {{
        use $wire as wire;
        let original = $value;
        let mut message = Builder::new_default();
        $write(&original, message.init_root::<wire::Builder<'_>>()).unwrap();
        let bytes = capnp::serialize::write_message_to_words(&message);
        let back = capnp::serialize::read_message(&bytes[..], ReaderOptions::new()).unwrap();
        assert_eq!(
            $read(back.get_root::<wire::Reader<'_>>().unwrap()).unwrap(),
            original
        );
        bytes
    }};
}

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn values() -> Vec<Value> {
    vec![
        Value::Int32(i32::MIN),
        Value::Uint32(u32::MAX),
        Value::Int64(i64::MIN),
        Value::Uint64(u64::MAX),
        Value::Time(-1),
        Value::Name(String::new()),
        Value::Name("safSu=1,safApp=x".to_owned()),
        Value::Float(f32::NAN),
        Value::Float(-0.0),
        Value::Double(f64::MIN_POSITIVE),
        Value::String("two words\u{1}\u{20ac}\0end".to_owned()),
        Value::Any(vec![0, 255]),
        Value::Any(Vec::new()),
    ]
}

fn attrs() -> Vec<Attr> {
    let empty = Attr {
        name: "none".to_owned(),
        value_type: ValueType::Any,
        values: Vec::new(),
    };
    let mut all: Vec<Attr> = values().into_iter().map(|v| Attr::single("one", v)).collect();
    all.push(empty);
    all
}

#[test]
fn values_attributes_objects_and_parameters() {
    for each in values() {
        round_trip!(
            value_capnp::value,
            value::write_value,
            value::read_value,
            each.clone()
        );
        let parameter = Parameter {
            name: "p".to_owned(),
            value: each,
        };
        round_trip!(
            value_capnp::parameter,
            value::write_parameter,
            value::read_parameter,
            parameter
        );
    }
    for each in attrs() {
        round_trip!(value_capnp::attr, value::write_attr, value::read_attr, each);
    }
    let object = Object {
        dn: dn("a=1,b=2"),
        attrs: attrs(),
    };
    round_trip!(
        value_capnp::object,
        value::write_object,
        value::read_object,
        object
    );
}

fn status_round_trip(answer: &Result<(), Refused>) {
    let mut message = Builder::new_default();
    value::write_status(answer, message.init_root());
    let reader = message.get_root_as_reader().unwrap();
    assert_eq!(&value::read_status(reader).unwrap(), answer);
}

#[test]
fn answers_keep_their_code_and_texts() {
    status_round_trip(&Ok(()));
    for &error in AisError::ALL {
        status_round_trip(&Err(error.into()));
        assert_eq!(
            value::read_result(value::result_code(Err(error)), "r").unwrap(),
            Err(error)
        );
    }
    status_round_trip(&Err(Refused {
        error: AisError::BadOperation,
        texts: texts(&["first", "", "third"]),
    }));
    status_round_trip(&Err(Refusal::new(AisError::Exist, "why").into()));
    assert_eq!(
        value::read_result(value::result_code(Ok(())), "r").unwrap(),
        Ok(())
    );
}

#[test]
fn a_status_without_meaning_is_refused() {
    let mut message = Builder::new_default();
    message
        .init_root::<value_capnp::status::Builder<'_>>()
        .set_code(99);
    let error = value::read_status(message.get_root_as_reader().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the field 'Status.code' has the value 99, which has no meaning"
    );
    assert_eq!(Refused::from(error).error, AisError::InvalidParam);
}

#[test]
fn a_very_long_explanation_is_cut_to_what_a_message_holds() {
    let mut message = Builder::new_default();
    let many = Refused {
        error: AisError::BadOperation,
        texts: vec!["x".to_owned(); 1000],
    };
    value::write_status(&Err(many), message.init_root());
    let read = value::read_status(message.get_root_as_reader().unwrap()).unwrap();
    assert_eq!(read.unwrap_err().texts.len(), 128);
}

#[test]
fn classes_and_their_attributes() {
    let attr = |default| AttrDef {
        name: "a".to_owned(),
        value_type: ValueType::String,
        flags: AttrFlags::CONFIG | AttrFlags::from_bits_retain(1 << 60),
        default,
    };
    let class = ClassDef {
        name: "C".to_owned(),
        category: ClassCategory::Runtime,
        attrs: vec![attr(None), attr(Some(Value::String(String::new())))],
    };
    for each in &class.attrs {
        round_trip!(
            imm_capnp::attr_def,
            imm::write_attr_def,
            imm::read_attr_def,
            each.clone()
        );
    }
    round_trip!(
        imm_capnp::class_def,
        imm::write_class_def,
        imm::read_class_def,
        class
    );
}

#[test]
fn ccb_operations() {
    let changes = [
        ModificationType::Add,
        ModificationType::Delete,
        ModificationType::Replace,
    ]
    .into_iter()
    .zip(attrs())
    .map(|(kind, attr)| AttrModification { kind, attr })
    .collect();
    for each in [
        CcbOperation::Create {
            class: "C".to_owned(),
            dn: dn("a=1"),
            attrs: attrs(),
        },
        CcbOperation::Create {
            class: String::new(),
            dn: dn("a=1"),
            attrs: Vec::new(),
        },
        CcbOperation::Modify {
            dn: dn("a=1"),
            changes,
        },
        CcbOperation::Delete { dn: dn("a=1") },
    ] {
        round_trip!(
            imm_capnp::operation,
            imm::write_operation,
            imm::read_operation,
            each
        );
    }
}

#[test]
fn what_a_reader_wants() {
    for each in [
        AttrChoice::All,
        AttrChoice::None,
        AttrChoice::Config,
        AttrChoice::Persistent,
        AttrChoice::Some(Vec::new()),
        AttrChoice::Some(texts(&["a", "b"])),
    ] {
        round_trip!(
            imm_capnp::attr_choice,
            imm::write_attr_choice,
            imm::read_attr_choice,
            each
        );
    }
    for scope in [Scope::One, Scope::Sublevel, Scope::Subtree] {
        assert_eq!(imm::read_scope(imm::scope_code(scope)).unwrap(), scope);
    }
    assert!(imm::read_scope(0).is_err());
    assert!(imm::read_scope(4).is_err());
}

fn command(path: &str) -> Command {
    Command {
        path: path.to_owned(),
        argv: texts(&["a", "b c"]),
        timeout: Millis(u64::MAX),
    }
}

fn comp_config() -> CompConfig {
    CompConfig {
        dn: dn("safComp=A,safSu=1"),
        category: CompCategory::SA_AWARE | CompCategory::LOCAL,
        instantiation_level: 1,
        instantiate: Some(command("/bin/i")),
        terminate: None,
        cleanup: Some(command("/bin/c")),
        env: texts(&["A=1", "B="]),
        instantiate_retries_without_delay: 2,
        instantiate_retries_with_delay: 3,
        instantiate_delay: Millis(4),
        terminate_callback_timeout: Millis(5),
        csi_set_timeout: Millis(6),
        csi_remove_timeout: Millis(7),
        quiescing_complete_timeout: Millis(8),
        recovery_on_error: RecommendedRecovery::ComponentFailover,
        disable_restart: true,
        healthchecks: vec![Healthcheck {
            key: "k".to_owned(),
            period: Millis(9),
            max_duration: Millis(10),
        }],
        monitoring: Monitoring::default(),
        managed_by: ManagedBy::default(),
    }
}

fn su_config() -> SuConfig {
    let mut other = comp_config();
    other.terminate = Some(command("/bin/t"));
    other.instantiate = None;
    other.monitoring = Monitoring {
        am_start: Some(command("/bin/m")),
        am_stop: Some(command("/bin/n")),
        am_start_attempts: 2,
        am_stop_attempts: 3,
        healthcheck: Some(HealthcheckCommand {
            command: command("/bin/h"),
            period: Millis(11),
        }),
    };
    other.managed_by = ManagedBy {
        proxy_csi: Some(dn("safCsi=P,safSi=S")),
        container_csi: Some(dn("safCsi=Q,safSi=S")),
        instantiate_timeout: Millis(12),
        cleanup_timeout: Millis(13),
    };
    SuConfig {
        dn: dn("safSu=1"),
        su_failover: true,
        limits: EscalationLimits {
            comp_restart_max: 1,
            comp_restart_probation: Millis(2),
            su_restart_max: 3,
            su_restart_probation: Millis(4),
        },
        comps: vec![comp_config(), other],
    }
}

fn csi_assignment(transition: CsiTransition, active_comp: Option<Dn>) -> CsiAssignment {
    CsiAssignment {
        csi: dn("safCsi=C,safSi=S"),
        comp: dn("safComp=A,safSu=1"),
        dependency_level: 2,
        transition,
        active_comp,
        standby_rank: 3,
        attributes: vec![
            ("port".to_owned(), texts(&["80", ""])),
            ("none".to_owned(), Vec::new()),
        ],
        needs: vec![dn("safCsi=B,safSi=S")],
    }
}

fn member() -> ProtectionGroupMember {
    ProtectionGroupMember {
        comp: dn("safComp=A,safSu=1"),
        ha: HaState::Standby,
        ha_readiness: HaReadinessState::NotReadyForActive,
        rank: 2,
    }
}

fn orders() -> Vec<NodeOrder> {
    let su = || dn("safSu=1");
    let id = OrderId(7);
    let sis = vec![SiAssignment {
        si: dn("safSi=S"),
        csis: vec![
            csi_assignment(CsiTransition::NewAssign, None),
            csi_assignment(CsiTransition::Quiesced, Some(dn("safComp=B,safSu=2"))),
            csi_assignment(CsiTransition::NotQuiesced, None),
            csi_assignment(CsiTransition::StillActive, None),
        ],
    }];
    vec![
        NodeOrder::ConfigureNode(NodeConfig {
            dn: dn("safAmfNode=n"),
            node_id: 5,
            failover: FailoverLimits {
                su_failover_max: 3,
                su_failover_probation: Millis(4),
            },
            counting: EscalationCounting::OpenSaf,
        }),
        NodeOrder::ConfigureSu(su_config()),
        NodeOrder::RemoveSu { su: su() },
        NodeOrder::Instantiate { id, su: su() },
        NodeOrder::Terminate { id, su: su() },
        NodeOrder::Restart {
            id,
            su: su(),
            comp: None,
        },
        NodeOrder::Restart {
            id,
            su: su(),
            comp: Some(dn("safComp=A,safSu=1")),
        },
        NodeOrder::Assign {
            id,
            su: su(),
            ha: HaState::Quiescing,
            sis,
        },
        NodeOrder::Remove {
            id,
            su: su(),
            sis: vec![dn("safSi=S"), dn("safSi=T")],
        },
    ]
}

fn more_orders() -> Vec<NodeOrder> {
    let su = || dn("safSu=1");
    let id = OrderId(7);
    vec![
        NodeOrder::Cleanup { id, su: su() },
        NodeOrder::Repair { id, su: su() },
        NodeOrder::Reboot {
            reason: "why".to_owned(),
        },
        NodeOrder::ReportAll,
        NodeOrder::RepairNode,
        NodeOrder::Monitor {
            id,
            su: su(),
            comp: None,
            run: true,
        },
        NodeOrder::Monitor {
            id,
            su: su(),
            comp: Some(dn("safComp=A,safSu=1")),
            run: false,
        },
        NodeOrder::ProtectionGroup(ProtectionGroup {
            csi: dn("safCsi=C,safSi=S"),
            members: None,
            nodes: BTreeMap::new(),
        }),
        NodeOrder::ProtectionGroup(ProtectionGroup {
            csi: dn("safCsi=C,safSi=S"),
            members: Some(vec![member()]),
            nodes: BTreeMap::from([(member().comp, dn("safAmfNode=n"))]),
        }),
        NodeOrder::Leave,
    ]
}

#[test]
fn orders_to_a_node() {
    for each in orders().into_iter().chain(more_orders()) {
        round_trip!(
            amf_capnp::node_order,
            amf::write_node_order,
            amf::read_node_order,
            each
        );
    }
}

fn su_report(outcome: OrderOutcome) -> SuReport {
    let comp = |failure| CompReport {
        comp: dn("safComp=A,safSu=1"),
        presence: PresenceState::TerminationFailed,
        oper: OperState::Disabled,
        restart_count: 3,
        failure,
        monitor: MonitorState::Running,
        manager: Some(dn("safComp=P,safSu=2")),
        ha_readiness: vec![(dn("safCsi=C,safSi=S"), HaReadinessState::ReadyForActiveDegraded)],
    };
    SuReport {
        su: dn("safSu=1"),
        presence: PresenceState::Instantiated,
        restart_count: 1,
        comps: vec![
            comp(None),
            comp(Some(CommandFailure {
                command: "CLEANUP".to_owned(),
                path: "/bin/c".to_owned(),
                cause: "exit status 1".to_owned(),
                stderr: "oh\nno".to_owned(),
                forbids_retry: true,
            })),
        ],
        assignments: vec![AssignmentReport {
            si: dn("safSi=S"),
            ha: HaState::Active,
            csis: vec![(dn("safCsi=C,safSi=S"), dn("safComp=A,safSu=1"))],
        }],
        fault: Some(FaultReport {
            comp: dn("safComp=A,safSu=1"),
            recovery: RecommendedRecovery::SuFailover,
            source: ErrorSource::ProcessDied,
            isolated: true,
            with_application: true,
        }),
        order: Some(OrderReport {
            term: Term(1),
            id: OrderId(2),
            outcome,
        }),
    }
}

fn reports() -> Vec<NodeReport> {
    let bare = SuReport {
        fault: None,
        order: None,
        comps: Vec::new(),
        assignments: Vec::new(),
        ..su_report(OrderOutcome::Done)
    };
    vec![
        NodeReport::Su(su_report(OrderOutcome::InProgress)),
        NodeReport::Su(su_report(OrderOutcome::Done)),
        NodeReport::Su(su_report(OrderOutcome::Failed("why".to_owned()))),
        NodeReport::Su(bare),
        NodeReport::UnknownSu { su: dn("safSu=1") },
        NodeReport::NotRebooted {
            reason: "why".to_owned(),
        },
        NodeReport::Tracks {
            csis: vec![dn("safCsi=C,safSi=S")],
        },
        NodeReport::Leaving,
        NodeReport::AllReported,
    ]
}

#[test]
fn reports_of_a_node() {
    for each in reports() {
        round_trip!(
            amf_capnp::node_report,
            amf::write_node_report,
            amf::read_node_report,
            each
        );
    }
}

#[test]
fn an_order_about_an_su_must_name_it() {
    let mut message = Builder::new_default();
    message
        .init_root::<amf_capnp::node_order::Builder<'_>>()
        .set_instantiate(());
    let error = amf::read_node_order(message.get_root_as_reader().unwrap()).unwrap_err();
    assert!(
        matches!(
            error,
            WireError::BadDn {
                field: "NodeOrder.su",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn callbacks() {
    let descriptor = |csi, active_comp| CsiDescriptor {
        csi,
        is_new: true,
        transition: CsiTransition::NotQuiesced,
        active_comp,
        standby_rank: 1,
        attributes: vec![("port".to_owned(), texts(&["80"]))],
    };
    let set = |csi| CallbackKind::CsiSet {
        ha: HaState::Active,
        csi,
    };
    for kind in [
        CallbackKind::Healthcheck { key: "k".to_owned() },
        CallbackKind::Terminate,
        CallbackKind::CsiAttributeChange {
            csi: dn("safCsi=C,safSi=S"),
            attributes: vec![("port".to_owned(), texts(&["80"]))],
        },
        CallbackKind::ProxiedInstantiate,
        CallbackKind::ProxiedCleanup,
        CallbackKind::ContainedInstantiate,
        CallbackKind::ContainedCleanup,
        set(descriptor(None, None)),
        set(descriptor(Some(dn("safCsi=C")), Some(dn("safComp=B")))),
        CallbackKind::CsiRemove { csi: None },
        CallbackKind::CsiRemove {
            csi: Some(dn("safCsi=C")),
        },
    ] {
        let mut message = Builder::new_default();
        let comp = dn("safComp=A");
        component::write_callback(9, &comp, &kind, message.init_root()).unwrap();
        let reader: component_capnp::callback::Reader<'_> = message.get_root_as_reader().unwrap();
        assert_eq!(component::read_callback(reader).unwrap(), (9, comp, kind));
    }
    for invocation in [
        HealthcheckInvocation::AmfInvoked,
        HealthcheckInvocation::ComponentInvoked,
    ] {
        let code = value::healthcheck_invocation_code(invocation);
        assert_eq!(value::read_healthcheck_invocation(code, "i").unwrap(), invocation);
    }
}

#[test]
fn a_list_longer_than_a_message_holds_is_refused() {
    assert_eq!(schema::list_len(3, "f").unwrap(), 3);
    let error = schema::list_len(usize::MAX, "f").unwrap_err();
    assert!(matches!(error, WireError::TooLong { field: "f", .. }));
}

/// Changes bytes of good messages, each in turn; readers may refuse what comes out, but never panic.
#[test]
fn broken_messages_are_refused_and_never_panic() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let (mut refused, mut total) = (0, 0);
    for report in reports() {
        let good = round_trip!(
            amf_capnp::node_report,
            amf::write_node_report,
            amf::read_node_report,
            report
        );
        for _ in 0..2000 {
            let mut bytes = good.clone();
            let at = usize::try_from(random() % good.len() as u64).unwrap();
            bytes[at] = random().to_le_bytes()[0];
            total += 1;
            refused += u32::from(!reads_as_anything(&bytes));
        }
    }
    assert!(refused > total / 20, "only {refused} of {total} were refused");
}

/// Whether the bytes are a report; tries to read them as other things too.
fn reads_as_anything(bytes: &[u8]) -> bool {
    let Ok(message) = capnp::serialize::read_message(bytes, ReaderOptions::new()) else {
        return false;
    };
    let _ = message.get_root().map(amf::read_node_order);
    let _ = message.get_root().map(imm::read_operation);
    let _ = message.get_root().map(imm::read_class_def);
    let _ = message.get_root().map(imm::read_attr_choice);
    let _ = message.get_root().map(value::read_object);
    let _ = message.get_root().map(value::read_status);
    let _ = message.get_root().map(component::read_callback);
    matches!(message.get_root().map(amf::read_node_report), Ok(Ok(_)))
}
