//! Notifications as the Notification Service has them (SAI-AIS-NTF-A.01.01): what happened to which object, told by
//! whom, with the numbers that the standard's headers give.

use std::fmt;

use crate::Value;

/// The vendor of the standard's own notifications (`SA_NTF_VENDOR_ID_SAF`).
pub const VENDOR_SAF: u32 = 18_568;
/// The vendor of those that OpenSAF has added, as the changes of the information model.
pub const VENDOR_OPENSAF: u32 = 32_993;

/// Names what kind of event it is (`SaNtfClassIdT`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId {
    /// Who defined it.
    pub vendor: u32,
    /// The service of that vendor.
    pub major: u16,
    /// The number within the service.
    pub minor: u16,
}

/// The services with their numbers (`SaNtfSafServicesT`), as OpenSAF's commands print them.
const SERVICES: [(u16, &str); 15] = [
    (1, "SA_SVC_HPI"),
    (2, "SA_SVC_AMF"),
    (3, "SA_SVC_CLM"),
    (4, "SA_SVC_CKPT"),
    (5, "SA_SVC_EVT"),
    (6, "SA_SVC_MSG"),
    (7, "SA_SVC_LCK"),
    (8, "SA_SVC_IMM"),
    (9, "SA_SVC_LOG"),
    (10, "SA_SVC_NTF"),
    (11, "SA_SVC_NAM"),
    (12, "SA_SVC_TMR"),
    (13, "SA_SVC_SMF"),
    (14, "SA_SVC_SEC"),
    (15, "SA_SVC_PLM"),
];

/// The service of the Availability Management Framework (`SA_SVC_AMF`).
pub const SERVICE_AMF: u16 = 2;
/// The service of the information model (`SA_SVC_IMMS`).
pub const SERVICE_IMM: u16 = 8;

impl ClassId {
    /// The class of a notification of the framework.
    pub const fn amf(minor: u16) -> ClassId {
        ClassId {
            vendor: VENDOR_SAF,
            major: SERVICE_AMF,
            minor,
        }
    }
}

/// As commands print it: `SA_NTF_VENDOR_ID_SAF.SA_SVC_AMF.5 (0x5)`.
impl fmt::Display for ClassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = SERVICES.iter().find(|(number, _)| *number == self.major);
        match service.filter(|_| self.vendor == VENDOR_SAF) {
            Some((_, name)) => write!(f, "SA_NTF_VENDOR_ID_SAF.{name}.{}", self.minor)?,
            None => write!(f, "{}.{}.{}", self.vendor, self.major, self.minor)?,
        }
        write!(f, " (0x{:x})", self.minor)
    }
}

macro_rules! numbered {
    ($($(#[$doc:meta])* $name:ident: $repr:ty { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $text:literal;)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr($repr)]
        pub enum $name { $($(#[$vdoc])* $variant = $code,)* }

        impl $name {
            /// Every value, in the order of its number.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The number in the standard's header.
            pub const fn code(self) -> $repr { self as $repr }

            /// The value with this number; `None` where there is none.
            pub fn from_code(code: $repr) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.code() == code)
            }

            /// The name in the standard's header.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.name()) }
        }
    )* };
}

numbered! {
    /// What kind of notification it is (`SaNtfNotificationTypeT`).
    NotificationType: u32 {
        /// An object came or went.
        ObjectCreateDelete = 0x1000, "Object Create/Delete";
        /// Attributes changed.
        AttributeChange = 0x2000, "Attribute Change";
        /// States changed.
        StateChange = 0x3000, "State Change";
        /// Somebody must act, or need not any more.
        Alarm = 0x4000, "Alarm";
        /// A breach of security.
        SecurityAlarm = 0x5000, "Security Alarm";
        /// Whatever is none of these.
        Miscellaneous = 0x6000, "Miscellaneous";
    }
    /// What happened (`SaNtfEventTypeT`); the type is the number without its last three hexadecimal digits.
    EventType: u32 {
        /// An object was created.
        ObjectCreation = 0x1001, "SA_NTF_OBJECT_CREATION";
        /// An object was deleted.
        ObjectDeletion = 0x1002, "SA_NTF_OBJECT_DELETION";
        /// Values were added.
        AttributeAdded = 0x2001, "SA_NTF_ATTRIBUTE_ADDED";
        /// Values were removed.
        AttributeRemoved = 0x2002, "SA_NTF_ATTRIBUTE_REMOVED";
        /// Values were replaced.
        AttributeChanged = 0x2003, "SA_NTF_ATTRIBUTE_CHANGED";
        /// The default is back.
        AttributeReset = 0x2004, "SA_NTF_ATTRIBUTE_RESET";
        /// A state changed.
        ObjectStateChange = 0x3001, "SA_NTF_OBJECT_STATE_CHANGE";
        /// Communication.
        AlarmCommunication = 0x4001, "SA_NTF_ALARM_COMMUNICATION";
        /// Quality of service.
        AlarmQos = 0x4002, "SA_NTF_ALARM_QOS";
        /// Software or processing.
        AlarmProcessing = 0x4003, "SA_NTF_ALARM_PROCESSING";
        /// Hardware.
        AlarmEquipment = 0x4004, "SA_NTF_ALARM_EQUIPMENT";
        /// What is around the hardware.
        AlarmEnvironment = 0x4005, "SA_NTF_ALARM_ENVIRONMENT";
        /// Data were changed without leave.
        IntegrityViolation = 0x5001, "SA_NTF_INTEGRITY_VIOLATION";
        /// An operation was refused or misused.
        OperationViolation = 0x5002, "SA_NTF_OPERATION_VIOLATION";
        /// Hardware was touched.
        PhysicalViolation = 0x5003, "SA_NTF_PHYSICAL_VIOLATION";
        /// A security service was attacked.
        SecurityServiceViolation = 0x5004, "SA_NTF_SECURITY_SERVICE_VIOLATION";
        /// Something happened at a time at which it should not.
        TimeViolation = 0x5005, "SA_NTF_TIME_VIOLATION";
        /// An application's own.
        ApplicationEvent = 0x6001, "SA_NTF_APPLICATION_EVENT";
        /// An administrative operation began.
        AdminOperationStart = 0x6002, "SA_NTF_ADMIN_OPERATION_START";
        /// An administrative operation ended.
        AdminOperationEnd = 0x6003, "SA_NTF_ADMIN_OPERATION_END";
        /// A change of the configuration began.
        ConfigUpdateStart = 0x6004, "SA_NTF_CONFIG_UPDATE_START";
        /// A change of the configuration ended.
        ConfigUpdateEnd = 0x6005, "SA_NTF_CONFIG_UPDATE_END";
        /// An error was reported.
        ErrorReport = 0x6006, "SA_NTF_ERROR_REPORT";
        /// An error is over.
        ErrorClear = 0x6007, "SA_NTF_ERROR_CLEAR";
    }
    /// How bad it is (`SaNtfSeverityT`).
    Severity: u8 {
        /// It is over.
        Cleared = 0, "SA_NTF_SEVERITY_CLEARED";
        /// Not known.
        Indeterminate = 1, "SA_NTF_SEVERITY_INDETERMINATE";
        /// It may become worse.
        Warning = 2, "SA_NTF_SEVERITY_WARNING";
        /// Service is not affected.
        Minor = 3, "SA_NTF_SEVERITY_MINOR";
        /// Service is affected.
        Major = 4, "SA_NTF_SEVERITY_MAJOR";
        /// Service is not there.
        Critical = 5, "SA_NTF_SEVERITY_CRITICAL";
    }
    /// Who caused a change (`SaNtfSourceIndicatorT`).
    Source: u8 {
        /// The object itself.
        Object = 1, "SA_NTF_OBJECT_OPERATION";
        /// An operator.
        Management = 2, "SA_NTF_MANAGEMENT_OPERATION";
        /// Not known.
        Unknown = 3, "SA_NTF_UNKNOWN_OPERATION";
    }
}

impl EventType {
    /// The kind of notification that tells it.
    pub const fn notification_type(self) -> NotificationType {
        match self as u32 & 0xf000 {
            0x1000 => NotificationType::ObjectCreateDelete,
            0x2000 => NotificationType::AttributeChange,
            0x3000 => NotificationType::StateChange,
            0x4000 => NotificationType::Alarm,
            0x5000 => NotificationType::SecurityAlarm,
            _ => NotificationType::Miscellaneous,
        }
    }
}

/// A probable cause (`SaNtfProbableCauseT`), by its number; [`PROBABLE_CAUSES`] has the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbableCause(u8);

impl ProbableCause {
    /// `SA_NTF_COMMUNICATIONS_SUBSYSTEM_FAILURE`
    pub const COMMUNICATIONS_SUBSYSTEM_FAILURE: ProbableCause = ProbableCause(5);
    /// `SA_NTF_SOFTWARE_ERROR`
    pub const SOFTWARE_ERROR: ProbableCause = ProbableCause(45);

    /// The cause with this number; `None` where there is none.
    pub fn from_code(code: u32) -> Option<ProbableCause> {
        let code = u8::try_from(code).ok()?;
        (usize::from(code) < PROBABLE_CAUSES.len()).then_some(ProbableCause(code))
    }

    /// Its number.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        PROBABLE_CAUSES
            .get(usize::from(self.0))
            .copied()
            .unwrap_or_default()
    }
}

/// The names of the probable causes in the order of their numbers, from 0.
pub const PROBABLE_CAUSES: [&str; 75] = [
    "SA_NTF_ADAPTER_ERROR",
    "SA_NTF_APPLICATION_SUBSYSTEM_FAILURE",
    "SA_NTF_BANDWIDTH_REDUCED",
    "SA_NTF_CALL_ESTABLISHMENT_ERROR",
    "SA_NTF_COMMUNICATIONS_PROTOCOL_ERROR",
    "SA_NTF_COMMUNICATIONS_SUBSYSTEM_FAILURE",
    "SA_NTF_CONFIGURATION_OR_CUSTOMIZATION_ERROR",
    "SA_NTF_CONGESTION",
    "SA_NTF_CORRUPT_DATA",
    "SA_NTF_CPU_CYCLES_LIMIT_EXCEEDED",
    "SA_NTF_DATASET_OR_MODEM_ERROR",
    "SA_NTF_DEGRADED_SIGNAL",
    "SA_NTF_D_T_E",
    "SA_NTF_ENCLOSURE_DOOR_OPEN",
    "SA_NTF_EQUIPMENT_MALFUNCTION",
    "SA_NTF_EXCESSIVE_VIBRATION",
    "SA_NTF_FILE_ERROR",
    "SA_NTF_FIRE_DETECTED",
    "SA_NTF_FLOOD_DETECTED",
    "SA_NTF_FRAMING_ERROR",
    "SA_NTF_HEATING_OR_VENTILATION_OR_COOLING_SYSTEM_PROBLEM",
    "SA_NTF_HUMIDITY_UNACCEPTABLE",
    "SA_NTF_INPUT_OUTPUT_DEVICE_ERROR",
    "SA_NTF_INPUT_DEVICE_ERROR",
    "SA_NTF_L_A_N_ERROR",
    "SA_NTF_LEAK_DETECTED",
    "SA_NTF_LOCAL_NODE_TRANSMISSION_ERROR",
    "SA_NTF_LOSS_OF_FRAME",
    "SA_NTF_LOSS_OF_SIGNAL",
    "SA_NTF_MATERIAL_SUPPLY_EXHAUSTED",
    "SA_NTF_MULTIPLEXER_PROBLEM",
    "SA_NTF_OUT_OF_MEMORY",
    "SA_NTF_OUTPUT_DEVICE_ERROR",
    "SA_NTF_PERFORMANCE_DEGRADED",
    "SA_NTF_POWER_PROBLEM",
    "SA_NTF_PRESSURE_UNACCEPTABLE",
    "SA_NTF_PROCESSOR_PROBLEM",
    "SA_NTF_PUMP_FAILURE",
    "SA_NTF_QUEUE_SIZE_EXCEEDED",
    "SA_NTF_RECEIVE_FAILURE",
    "SA_NTF_RECEIVER_FAILURE",
    "SA_NTF_REMOTE_NODE_TRANSMISSION_ERROR",
    "SA_NTF_RESOURCE_AT_OR_NEARING_CAPACITY",
    "SA_NTF_RESPONSE_TIME_EXCESSIVE",
    "SA_NTF_RETRANSMISSION_RATE_EXCESSIVE",
    "SA_NTF_SOFTWARE_ERROR",
    "SA_NTF_SOFTWARE_PROGRAM_ABNORMALLY_TERMINATED",
    "SA_NTF_SOFTWARE_PROGRAM_ERROR",
    "SA_NTF_STORAGE_CAPACITY_PROBLEM",
    "SA_NTF_TEMPERATURE_UNACCEPTABLE",
    "SA_NTF_THRESHOLD_CROSSED",
    "SA_NTF_TIMING_PROBLEM",
    "SA_NTF_TOXIC_LEAK_DETECTED",
    "SA_NTF_TRANSMIT_FAILURE",
    "SA_NTF_TRANSMITTER_FAILURE",
    "SA_NTF_UNDERLYING_RESOURCE_UNAVAILABLE",
    "SA_NTF_VERSION_MISMATCH",
    "SA_NTF_AUTHENTICATION_FAILURE",
    "SA_NTF_BREACH_OF_CONFIDENTIALITY",
    "SA_NTF_CABLE_TAMPER",
    "SA_NTF_DELAYED_INFORMATION",
    "SA_NTF_DENIAL_OF_SERVICE",
    "SA_NTF_DUPLICATE_INFORMATION",
    "SA_NTF_INFORMATION_MISSING",
    "SA_NTF_INFORMATION_MODIFICATION_DETECTED",
    "SA_NTF_INFORMATION_OUT_OF_SEQUENCE",
    "SA_NTF_INTRUSION_DETECTION",
    "SA_NTF_KEY_EXPIRED",
    "SA_NTF_NON_REPUDIATION_FAILURE",
    "SA_NTF_OUT_OF_HOURS_ACTIVITY",
    "SA_NTF_OUT_OF_SERVICE",
    "SA_NTF_PROCEDURAL_ERROR",
    "SA_NTF_UNAUTHORIZED_ACCESS_ATTEMPT",
    "SA_NTF_UNEXPECTED_INFORMATION",
    "SA_NTF_UNSPECIFIED_REASON",
];

/// A number with a value: a piece of additional information, or an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub id: u16,
    /// Its value.
    pub value: Value,
}

/// The number of the value's type (`SaNtfValueTypeT`).
pub const fn value_type(value: &Value) -> u16 {
    match value {
        Value::Uint32(_) => 4,
        Value::Int32(_) => 5,
        Value::Float(_) => 6,
        Value::Uint64(_) => 7,
        Value::Int64(_) | Value::Time(_) => 8,
        Value::Double(_) => 9,
        Value::Name(_) => 10,
        Value::String(_) => 11,
        Value::Any(_) => 13,
    }
}

/// The name of the value's type.
pub const fn value_type_name(value: &Value) -> &'static str {
    match value {
        Value::Uint32(_) => "SA_NTF_VALUE_UINT32",
        Value::Int32(_) => "SA_NTF_VALUE_INT32",
        Value::Float(_) => "SA_NTF_VALUE_FLOAT",
        Value::Uint64(_) => "SA_NTF_VALUE_UINT64",
        Value::Int64(_) | Value::Time(_) => "SA_NTF_VALUE_INT64",
        Value::Double(_) => "SA_NTF_VALUE_DOUBLE",
        Value::Name(_) => "SA_NTF_VALUE_LDAP_NAME",
        Value::String(_) => "SA_NTF_VALUE_STRING",
        Value::Any(_) => "SA_NTF_VALUE_BINARY",
    }
}

/// A state that changed (`SaNtfStateChangeT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange {
    /// Which state.
    pub id: u16,
    /// Its number before; `None` where there was none.
    pub old: Option<u16>,
    /// Its number now.
    pub new: u16,
}

/// An attribute that changed (`SaNtfAttributeChangeT`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeChange {
    /// Which attribute.
    pub id: u16,
    /// Its value before; `None` where there was none.
    pub old: Option<Value>,
    /// Its value now.
    pub new: Value,
}

/// What only notifications of one type have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// An alarm; [`Severity::Cleared`] ends the one with the same object, class and cause.
    Alarm {
        /// Its probable cause.
        cause: ProbableCause,
        /// How bad it is.
        severity: Severity,
        /// The command that helps, for people.
        repair: Option<String>,
    },
    /// States changed.
    StateChange {
        /// Who changed them.
        source: Source,
        /// Which.
        changes: Vec<StateChange>,
    },
    /// An object came or went.
    ObjectCreateDelete {
        /// Who did it.
        source: Source,
        /// Its attributes.
        attributes: Vec<Item>,
    },
    /// Attributes changed.
    AttributeChange {
        /// Who changed them.
        source: Source,
        /// Which.
        changes: Vec<AttributeChange>,
    },
    /// A breach of security.
    SecurityAlarm {
        /// Its probable cause.
        cause: ProbableCause,
        /// How bad it is.
        severity: Severity,
    },
    /// Nothing more.
    Miscellaneous,
}

impl Detail {
    /// The type of notification that has these.
    pub const fn notification_type(&self) -> NotificationType {
        match self {
            Detail::Alarm { .. } => NotificationType::Alarm,
            Detail::StateChange { .. } => NotificationType::StateChange,
            Detail::ObjectCreateDelete { .. } => NotificationType::ObjectCreateDelete,
            Detail::AttributeChange { .. } => NotificationType::AttributeChange,
            Detail::SecurityAlarm { .. } => NotificationType::SecurityAlarm,
            Detail::Miscellaneous => NotificationType::Miscellaneous,
        }
    }
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What happened; OpenSAF tells errors of components as state changes, so its type may differ from that of `detail`.
    pub event: EventType,
    /// To which object; mostly a DN.
    pub object: String,
    /// Who tells it; mostly a DN.
    pub notifying: String,
    /// The kind of event.
    pub class: ClassId,
    /// For people.
    pub text: String,
    /// More, by number.
    pub info: Vec<Item>,
    /// Notifications that led to it: the first of all, then the last; where an alarm is cleared, the alarm.
    pub correlated: Vec<u64>,
    /// What the type adds.
    pub detail: Detail,
}

/// The notifications that led to something (`SaNtfCorrelationIdsT`); 0, `SA_NTF_IDENTIFIER_UNUSED`, where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CorrelationIds {
    /// `rootCorrelationId`: the first one of all.
    pub root: u64,
    /// `parentCorrelationId`: the one that led to it.
    pub parent: u64,
}

impl CorrelationIds {
    /// With one standing for the other where that is not used; `None` where neither is.
    pub const fn used(self) -> Option<CorrelationIds> {
        match (self.root, self.parent) {
            (0, 0) => None,
            (0, only) | (only, 0) => Some(CorrelationIds {
                root: only,
                parent: only,
            }),
            (_, _) => Some(self),
        }
    }
}

/// A notification as it is kept and delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number; later ones are greater.
    pub id: u64,
    /// When it happened, in nanoseconds since the epoch.
    pub time: i64,
    /// What is told.
    pub notification: Notification,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_belong_to_their_notification_type() {
        for event in EventType::ALL {
            assert_eq!(event.code() & 0xf000, event.notification_type().code(), "{event}");
        }
    }

    #[test]
    fn causes_have_the_numbers_of_the_header() {
        assert_eq!(ProbableCause::SOFTWARE_ERROR.name(), "SA_NTF_SOFTWARE_ERROR");
        assert_eq!(
            ProbableCause::COMMUNICATIONS_SUBSYSTEM_FAILURE.name(),
            "SA_NTF_COMMUNICATIONS_SUBSYSTEM_FAILURE"
        );
        assert_eq!(
            ProbableCause::from_code(74).unwrap().name(),
            "SA_NTF_UNSPECIFIED_REASON"
        );
        assert_eq!(ProbableCause::from_code(75), None);
    }

    #[test]
    fn classes_are_printed_as_opensaf_does() {
        assert_eq!(
            ClassId::amf(0x6f).to_string(),
            "SA_NTF_VENDOR_ID_SAF.SA_SVC_AMF.111 (0x6f)"
        );
        let own = ClassId {
            vendor: VENDOR_OPENSAF,
            major: SERVICE_IMM,
            minor: 0,
        };
        assert_eq!(own.to_string(), "32993.8.0 (0x0)");
    }
}
