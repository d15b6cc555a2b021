//! Components' processes as the simulator plays them: what each has been told, and so what it acts on.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::{CallbackKind, HaState};
use node_engine::SessionId;

/// What goes wrong the next time a component is asked or one of its commands runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The next command fails; what it started may be left behind.
    CommandFails,
    /// The next command never ends by itself.
    CommandHangs,
    /// The next process that is started never registers.
    NeverRegisters,
    /// The next process that is started dies before it registers.
    DiesAtStart,
    /// The next callback is answered with an error.
    BadAnswer,
    /// The next callback is answered late.
    LateAnswer,
    /// The next callback is never answered.
    NoAnswer,
}

impl Trouble {
    /// Every kind.
    pub const ALL: [Trouble; 7] = [
        Trouble::CommandFails,
        Trouble::CommandHangs,
        Trouble::NeverRegisters,
        Trouble::DiesAtStart,
        Trouble::BadAnswer,
        Trouble::LateAnswer,
        Trouble::NoAnswer,
    ];
}

/// A process of a component.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its connection to the node director.
    pub session: SessionId,
    /// Whether its registration was accepted.
    pub registered: bool,
    /// Hung: answers nothing until it is killed.
    pub hung: bool,
    /// Whether it is being stopped.
    pub ending: bool,
    /// The CSIs it acts on. It acts on a new ACTIVE from the moment it is told, and stops being ACTIVE when it has
    /// answered that it is not: what the world outside sees.
    pub roles: BTreeMap<Dn, HaState>,
}

impl Process {
    /// A process that has just been started.
    pub fn new(session: SessionId) -> Process {
        Process {
            session,
            registered: false,
            hung: false,
            ending: false,
            roles: BTreeMap::new(),
        }
    }

    /// The process is told something; taking the active role has effect at once.
    pub fn hear(&mut self, kind: &CallbackKind) {
        match kind {
            CallbackKind::CsiSet {
                ha: HaState::Active,
                csi,
            } => match &csi.csi {
                Some(name) => {
                    self.roles.insert(name.clone(), HaState::Active);
                }
                None => self.roles.values_mut().for_each(|role| *role = HaState::Active),
            },
            CallbackKind::Terminate => self.ending = true,
            CallbackKind::CsiSet { .. }
            | CallbackKind::CsiRemove { .. }
            | CallbackKind::CsiAttributeChange { .. }
            | CallbackKind::ProxiedInstantiate
            | CallbackKind::ProxiedCleanup
            | CallbackKind::ContainedInstantiate
            | CallbackKind::ContainedCleanup
            | CallbackKind::Healthcheck { .. } => {}
        }
    }

    /// The process has answered; giving up a role has effect now.
    pub fn obey(&mut self, kind: &CallbackKind) {
        match kind {
            CallbackKind::CsiSet { ha, csi } => match &csi.csi {
                Some(name) => {
                    self.roles.insert(name.clone(), *ha);
                }
                None => self.roles.values_mut().for_each(|role| *role = *ha),
            },
            CallbackKind::CsiRemove { csi: Some(name) } => {
                self.roles.remove(name);
            }
            CallbackKind::CsiRemove { csi: None } => self.roles.clear(),
            CallbackKind::Healthcheck { .. }
            | CallbackKind::CsiAttributeChange { .. }
            | CallbackKind::ProxiedInstantiate
            | CallbackKind::ProxiedCleanup
            | CallbackKind::ContainedInstantiate
            | CallbackKind::ContainedCleanup
            | CallbackKind::Terminate => {}
        }
    }

    /// For how many CSIs it is active, and for how many it stands by.
    pub fn counts(&self) -> (u32, u32) {
        let standby = self.roles.values().filter(|role| **role == HaState::Standby);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (count(self.serving().count()), count(standby.count()))
    }

    /// The CSIs for which the process is seen serving.
    pub fn serving(&self) -> impl Iterator<Item = &Dn> {
        self.roles
            .iter()
            .filter(|(_, role)| serves(**role))
            .map(|(csi, _)| csi)
    }
}

/// Whether whoever has this role acts for the CSI.
pub const fn serves(role: HaState) -> bool {
    matches!(role, HaState::Active | HaState::Quiescing)
}
