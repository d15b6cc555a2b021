//! Components' processes as the simulator plays them: what each has been told, and so what it acts on.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::{CallbackKind, HaState};
use node_engine::SessionId;

/// A registered or starting process of a component.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its connection to the node director.
    pub session: SessionId,
    /// Hung: answers nothing until it is killed.
    pub hung: bool,
    /// The CSIs it acts on. It acts on a new ACTIVE from the moment it is told, and stops being ACTIVE when it has
    /// answered that it is not: what the world outside sees.
    pub roles: BTreeMap<Dn, HaState>,
}

impl Process {
    /// A process that has just been started.
    pub fn new(session: SessionId) -> Process {
        Process {
            session,
            hung: false,
            roles: BTreeMap::new(),
        }
    }

    /// The process is told something; taking the active role has effect at once.
    pub fn hear(&mut self, kind: &CallbackKind) {
        if let CallbackKind::CsiSet {
            ha: HaState::Active,
            csi,
        } = kind
        {
            match &csi.csi {
                Some(name) => {
                    self.roles.insert(name.clone(), HaState::Active);
                }
                None => self.roles.values_mut().for_each(|role| *role = HaState::Active),
            }
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
            CallbackKind::Healthcheck { .. } | CallbackKind::Terminate => {}
        }
    }

    /// The CSIs for which the process is seen serving.
    pub fn serving(&self) -> impl Iterator<Item = &Dn> {
        self.roles
            .iter()
            .filter(|(_, role)| matches!(role, HaState::Active | HaState::Quiescing))
            .map(|(csi, _)| csi)
    }
}
