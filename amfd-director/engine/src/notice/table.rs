//! What the framework tells, kind by kind (AMF B.02.01 §9.2): one table for the engine, for commands and for the
//! operator's guide.

use ais::amf::{AdminState, AssignmentState, HaReadinessState, HaState, OperState, PresenceState};
use ais::ntf::{EventType, ProbableCause, Severity};

/// An alarm of the framework (§9.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmKind {
    /// The framework works with restrictions.
    ServiceImpaired,
    /// A component could not be started.
    InstantiationFailed,
    /// A component could not be stopped.
    CleanupFailed,
    /// A component wanted the cluster to be reset.
    ClusterReset,
    /// Nobody is active for an SI.
    SiUnassigned,
    /// A component lost its proxy.
    Unproxied,
}

/// What is fixed about an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmDefinition {
    /// The minor part of its class.
    pub minor: u16,
    /// Its name.
    pub name: &'static str,
    /// The event type.
    pub event: EventType,
    /// The probable cause.
    pub cause: ProbableCause,
    /// How bad it is; the standard leaves it open.
    pub severity: Severity,
    /// What it is about.
    pub object: &'static str,
    /// When it is raised.
    pub raised: &'static str,
    /// When it is cleared.
    pub cleared: &'static str,
    /// What helps.
    pub help: &'static str,
}

impl AlarmKind {
    /// Every kind, in the order of its number.
    pub const ALL: [AlarmKind; 6] = [
        AlarmKind::ServiceImpaired,
        AlarmKind::InstantiationFailed,
        AlarmKind::CleanupFailed,
        AlarmKind::ClusterReset,
        AlarmKind::SiUnassigned,
        AlarmKind::Unproxied,
    ];

    /// The kind with this minor class number.
    pub fn from_minor(minor: u16) -> Option<AlarmKind> {
        AlarmKind::ALL
            .into_iter()
            .find(|kind| kind.definition().minor == minor)
    }

    /// What is fixed about it.
    pub const fn definition(self) -> AlarmDefinition {
        let processing = AlarmDefinition {
            minor: 0,
            name: "",
            event: EventType::AlarmProcessing,
            cause: ProbableCause::SOFTWARE_ERROR,
            severity: Severity::Major,
            object: "component",
            raised: "",
            cleared: "",
            help: "",
        };
        match self {
            AlarmKind::ServiceImpaired => AlarmDefinition {
                minor: 0x01,
                name: "AMF service impaired",
                event: EventType::AlarmCommunication,
                cause: ProbableCause::COMMUNICATIONS_SUBSYSTEM_FAILURE,
                object: "`safApp=safAmfService`",
                raised: "amfd has no connection to immd: services are protected, states are not shown and operators cannot act",
                cleared: "amfd is attached to immd again",
                help: "`perdure status` shows whether immd runs; its log is D/log/immd.log",
                ..processing
            },
            AlarmKind::InstantiationFailed => AlarmDefinition {
                minor: 0x02,
                name: "component instantiation failed",
                raised: "the component's presence state becomes INSTANTIATION-FAILED, after all attempts",
                cleared: "it leaves that state, or is deleted",
                help: "mend the command, then `amf-adm repaired SU`",
                ..processing
            },
            AlarmKind::CleanupFailed => AlarmDefinition {
                minor: 0x03,
                name: "component cleanup failed",
                raised: "the component's presence state becomes TERMINATION-FAILED: what it did is not given to others, because it may still do it",
                cleared: "it leaves that state, or is deleted",
                help: "stop its processes by hand, then `amf-adm repaired SU`",
                ..processing
            },
            AlarmKind::ClusterReset => AlarmDefinition {
                minor: 0x04,
                name: "cluster reset triggered by a component failure",
                severity: Severity::Critical,
                raised: "a component's error report recommends SA_AMF_CLUSTER_RESET",
                cleared: "no node is being reset any more",
                help: "look for the reason in the component's log",
                ..processing
            },
            AlarmKind::SiUnassigned => AlarmDefinition {
                minor: 0x05,
                name: "service instance unassigned",
                severity: Severity::Critical,
                object: "service instance",
                raised: "no SU is active or quiescing for the SI, and none is about to be: after a failure without anybody to take over, or by an operator. Not where it was never served because it, or each SU of its group, is locked",
                cleared: "an SU is active for it, or it is deleted",
                help: "`perdure explain SI`",
                ..processing
            },
            AlarmKind::Unproxied => AlarmDefinition {
                minor: 0x06,
                name: "proxied component became unproxied",
                raised: "a component that had a proxy has none any more, and was not told to terminate",
                cleared: "it has one again, is terminated, or is deleted",
                help: "`perdure explain COMPONENT`",
                ..processing
            },
        }
    }
}

/// A state whose changes are told (§9.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateDefinition {
    /// The minor part of its class.
    pub minor: u16,
    /// The state's number (`SaAmfStateT`).
    pub state: u16,
    /// The state in words.
    pub name: &'static str,
    /// Whose state it is.
    pub object: &'static str,
    /// The class of the object and the attribute with the state.
    pub attribute: (&'static str, &'static str),
    /// The only new states that are told; empty: all.
    pub only: &'static [u32],
}

/// `SA_AMF_HA_STATE`
const HA: u16 = 2;
/// `SA_AMF_PRESENCE_STATE`
const PRESENCE: u16 = 3;
/// `SA_AMF_OP_STATE`
const OPER: u16 = 4;
/// `SA_AMF_ADMIN_STATE`
pub(crate) const ADMIN: u16 = 5;
/// `SA_AMF_ASSIGNMENT_STATE`
const ASSIGNMENT: u16 = 6;

/// `SA_AMF_PROXY_STATUS`
const PROXY: u16 = 7;
/// `SA_AMF_UNPROXIED` and `SA_AMF_PROXIED`
pub(crate) const UNPROXIED: u32 = 1;
pub(crate) const PROXIED: u32 = 2;
/// `SA_AMF_HA_READINESS_STATE` (B.04.01)
const HA_READINESS: u16 = 8;
/// The attribute with the HA readiness state of an SU for an SI.
pub(crate) const HA_READINESS_ATTRIBUTE: &str = "saAmfSISUHAReadinessState";
/// The attribute whose having a value is the proxy status.
pub(crate) const CURRENT_PROXY: &str = "saAmfCompCurrProxyName";

const fn state(
    minor: u16,
    state: u16,
    name: &'static str,
    object: &'static str,
    attribute: (&'static str, &'static str),
) -> StateDefinition {
    StateDefinition {
        minor,
        state,
        name,
        object,
        attribute,
        only: &[],
    }
}

/// The states whose changes are told. The HA state and the HA readiness state are the SU's for an SI; they stand on the
/// assignment object.
pub const STATES: [StateDefinition; 14] = [
    state(
        0x65,
        ADMIN,
        "administrative state",
        "node",
        ("SaAmfNode", "saAmfNodeAdminState"),
    ),
    state(
        0x66,
        ADMIN,
        "administrative state",
        "SU",
        ("SaAmfSU", "saAmfSUAdminState"),
    ),
    state(
        0x67,
        ADMIN,
        "administrative state",
        "SG",
        ("SaAmfSG", "saAmfSGAdminState"),
    ),
    state(
        0x68,
        ADMIN,
        "administrative state",
        "SI",
        ("SaAmfSI", "saAmfSIAdminState"),
    ),
    state(
        0x69,
        ADMIN,
        "administrative state",
        "application",
        ("SaAmfApplication", "saAmfApplicationAdminState"),
    ),
    state(
        0x6a,
        ADMIN,
        "administrative state",
        "cluster",
        ("SaAmfCluster", "saAmfClusterAdminState"),
    ),
    state(
        0x6b,
        OPER,
        "operational state",
        "node",
        ("SaAmfNode", "saAmfNodeOperState"),
    ),
    state(
        0x6c,
        OPER,
        "operational state",
        "SU",
        ("SaAmfSU", "saAmfSUOperState"),
    ),
    StateDefinition {
        // UNINSTANTIATED, INSTANTIATED and RESTARTING; the failed states have alarms.
        only: &[1, 3, 5],
        ..state(
            0x6d,
            PRESENCE,
            "presence state",
            "SU",
            ("SaAmfSU", "saAmfSUPresenceState"),
        )
    },
    state(
        0x6e,
        HA,
        "HA state",
        "SU",
        ("SaAmfSIAssignment", "saAmfSISUHAState"),
    ),
    StateDefinition {
        // FULLY_ASSIGNED and PARTIALLY_ASSIGNED; UNASSIGNED has an alarm.
        only: &[2, 3],
        ..state(
            0x6f,
            ASSIGNMENT,
            "assignment state",
            "SI",
            ("SaAmfSI", "saAmfSIAssignmentState"),
        )
    },
    StateDefinition {
        // PROXIED; the loss of the proxy has an alarm.
        only: &[PROXIED],
        ..state(
            0x70,
            PROXY,
            "proxy status",
            "component",
            ("SaAmfComp", CURRENT_PROXY),
        )
    },
    state(
        0x71,
        HA_READINESS,
        "HA readiness state",
        "SU",
        ("SaAmfSIAssignment", HA_READINESS_ATTRIBUTE),
    ),
    state(
        0x72,
        ADMIN,
        "administrative state",
        "node group",
        ("SaAmfNodeGroup", "saAmfNGAdminState"),
    ),
];

/// The name of a state's value.
pub(crate) fn state_name(state: u16, value: u32) -> &'static str {
    let name = match state {
        HA => HaState::from_code(value).map(HaState::name),
        PRESENCE => PresenceState::from_code(value).map(PresenceState::name),
        OPER => OperState::from_code(value).map(OperState::name),
        ADMIN => AdminState::from_code(value).map(AdminState::name),
        ASSIGNMENT => AssignmentState::from_code(value).map(AssignmentState::name),
        HA_READINESS => HaReadinessState::from_code(value).map(HaReadinessState::name),
        PROXY if value == UNPROXIED => Some("UNPROXIED"),
        PROXY if value == PROXIED => Some("PROXIED"),
        _ => None,
    };
    name.unwrap_or("unknown")
}

/// The definition for an attribute of objects of the class.
pub(crate) fn of_attribute(class: &str, attribute: &str) -> Option<&'static StateDefinition> {
    STATES
        .iter()
        .find(|definition| definition.attribute == (class, attribute))
}

/// The minor class of the report of a component's error (OpenSAF practice).
pub const ERROR_REPORT: u16 = 0x191;
/// The minor class of its end (OpenSAF practice).
pub const ERROR_CLEAR: u16 = 0x192;
