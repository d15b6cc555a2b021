//! The words of the Availability Management Framework, as SAI-AIS-AMF-B.04.01 spells them.

mod cause;
mod escalation;
mod group;
mod monitor;
mod node;
mod state;
mod words;

pub use cause::{CauseId, CauseIdError};
pub use escalation::{EscalationCounting, EscalationLimits, FailoverLimits};
pub use group::{
    ProtectionGroup, ProtectionGroupChange, ProtectionGroupMember, ProtectionGroupNotification, TrackFlags,
};
pub use monitor::{HealthcheckCommand, ManagedBy, MonitorState, Monitoring, PmErrors, PmStopQualifier};
pub use node::{
    AssignmentReport, CallbackKind, Command, CommandFailure, CompConfig, CompReport, CsiAssignment,
    CsiDescriptor, CsiTransition, FaultReport, Healthcheck, HealthcheckInvocation, NodeConfig, NodeOrder,
    NodeReport, OrderId, OrderOutcome, OrderReport, SiAssignment, SuConfig, SuReport, Term,
};
pub use state::{
    AdminOperation, AdminState, AssignmentState, CompCategory, ErrorSource, HaReadinessState, HaState,
    OperState, PresenceState, ReadinessState, RecommendedRecovery, RedundancyModel,
};
