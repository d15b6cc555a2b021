//! Watching components from outside, and who manages those that do not manage themselves.

use super::Command;
use crate::{Dn, Millis};

/// How a component is watched from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Monitoring {
    /// `AM_START`: starts the external monitor, after the component has been instantiated.
    pub am_start: Option<Command>,
    /// `AM_STOP`: stops it, before the component is terminated.
    pub am_stop: Option<Command>,
    /// How often `AM_START` is tried at most (`saAmfCompNumMaxAmStartAttempts`).
    pub am_start_attempts: u32,
    /// How often `AM_STOP` is tried at most (`saAmfCompNumMaxAmStopAttempts`).
    pub am_stop_attempts: u32,
    /// The command that checks its health each period (OpenSAF practice); its timeout is how long a check may take.
    pub healthcheck: Option<HealthcheckCommand>,
}

/// A command that checks a component's health again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthcheckCommand {
    /// What is run.
    pub command: Command,
    /// The time between two.
    pub period: Millis,
}

/// Whether the external monitor of a component runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MonitorState {
    /// It has none.
    #[default]
    None,
    /// It has one that does not run.
    Stopped,
    /// It runs.
    Running,
}

/// The CSI by which another component manages this one: the component that is active for it is the manager.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManagedBy {
    /// `saAmfCompProxyCsi`; without one a proxied component is its who registers it.
    pub proxy_csi: Option<Dn>,
    /// `saAmfCompContainerCsi`
    pub container_csi: Option<Dn>,
    /// How long the manager may take to instantiate it, its registration included.
    pub instantiate_timeout: Millis,
    /// How long the manager may take to clean it up.
    pub cleanup_timeout: Millis,
}

bitflags::bitflags! {
    /// Which ends of a process are errors (`SaAmfPmErrorsT`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct PmErrors: u32 {
        /// It exited with status 0.
        const ZERO_EXIT = 0x01;
        /// It exited with another status.
        const NON_ZERO_EXIT = 0x02;
        /// A signal ended it.
        const ABNORMAL_END = 0x04;
    }
}

/// What `saAmfPmStop` stops (`SaAmfPmStopQualifierT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PmStopQualifier {
    /// The monitoring of the process.
    Process = 1,
    /// That of the process and its descendants.
    ProcessAndDescendants = 2,
    /// That of all processes of the component.
    AllProcesses = 3,
}

impl PmStopQualifier {
    /// The value with this number; `None` where there is none.
    pub const fn from_code(code: u32) -> Option<PmStopQualifier> {
        match code {
            1 => Some(PmStopQualifier::Process),
            2 => Some(PmStopQualifier::ProcessAndDescendants),
            3 => Some(PmStopQualifier::AllProcesses),
            _ => None,
        }
    }

    /// Its number.
    pub const fn code(self) -> u32 {
        self as u32
    }
}
