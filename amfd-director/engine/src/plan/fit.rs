//! What an SU could be for an SI: what its components support, as far as they say that they are ready for it
//! (AMF B.04.01, HA readiness state).

use crate::reason::Reason;

/// What an SU could be for an SI; of the components concerned the least ready one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// Nothing: its components do not support the CSI types of the SI.
    Unsupported,
    /// Nothing for now: a component is not ready for any assignment.
    NotReady,
    /// Standby: a component is not ready to be active.
    StandbyOnly,
    /// Active, but others serve better.
    Degraded,
    /// Active or standby.
    Full,
}

impl Fit {
    /// Whether it may be active.
    pub(crate) const fn leads(self) -> bool {
        matches!(self, Fit::Degraded | Fit::Full)
    }

    /// Whether it may stand by.
    pub(crate) const fn stands_by(self) -> bool {
        matches!(self, Fit::StandbyOnly | Fit::Degraded | Fit::Full)
    }

    /// Whether it could be active if only its components were ready.
    pub(crate) const fn is_unready(self) -> bool {
        matches!(self, Fit::NotReady | Fit::StandbyOnly)
    }

    /// Why it is not what it should be.
    pub(crate) const fn lack(self) -> Reason {
        match self {
            Fit::Unsupported => Reason::SuUnfit,
            Fit::NotReady | Fit::StandbyOnly | Fit::Degraded | Fit::Full => Reason::SuNotReady,
        }
    }
}
