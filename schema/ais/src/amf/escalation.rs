//! When a recovery is no longer enough and a stronger one takes its place (AMF B.02.01 §3.12.2).

use crate::Millis;

/// Which restart or failover within a probation escalates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EscalationCounting {
    /// The one that reaches the maximum (AMF B.02.01 §3.12.2.2 and §3.12.2.3); level 2 fails the whole SU over.
    #[default]
    Specification,
    /// The one after the maximum; level 2 fails the component over unless `saAmfSUFailover` says the SU (OpenSAF practice).
    OpenSaf,
}

impl EscalationCounting {
    /// How many are carried out at their own level when so many are configured.
    pub const fn allowed(self, max: u32) -> u32 {
        match self {
            EscalationCounting::Specification => max.saturating_sub(1),
            EscalationCounting::OpenSaf => max,
        }
    }

    /// The number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            EscalationCounting::Specification => 0,
            EscalationCounting::OpenSaf => 1,
        }
    }

    /// The counting with this number.
    pub const fn from_code(code: u8) -> Option<EscalationCounting> {
        match code {
            0 => Some(EscalationCounting::Specification),
            1 => Some(EscalationCounting::OpenSaf),
            _ => None,
        }
    }
}

/// How many failovers of its SUs a node may have before they are the node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailoverLimits {
    /// `saAmfNodeSuFailoverMax`
    pub su_failover_max: u32,
    /// `saAmfNodeSuFailOverProb`
    pub su_failover_probation: Millis,
}

/// How many restarts an SU's components and the SU itself may have before recovery escalates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscalationLimits {
    /// `saAmfSGCompRestartMax`
    pub comp_restart_max: u32,
    /// `saAmfSGCompRestartProb`
    pub comp_restart_probation: Millis,
    /// `saAmfSGSuRestartMax`
    pub su_restart_max: u32,
    /// `saAmfSGSuRestartProb`
    pub su_restart_probation: Millis,
}
