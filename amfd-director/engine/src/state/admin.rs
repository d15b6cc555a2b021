//! What the operator wants of each entity.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use ais::Dn;
use ais::amf::AdminState;

/// The administrative states that were set. Those that are shutting down are at hand, and what changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct AdminStates {
    states: BTreeMap<Dn, AdminState>,
    shutting_down: BTreeSet<Dn>,
    changed: BTreeSet<Dn>,
}

impl AdminStates {
    /// Unlocked where none was set.
    pub(crate) fn get(&self, dn: &Dn) -> AdminState {
        self.states.get(dn).copied().unwrap_or(AdminState::Unlocked)
    }

    pub(crate) fn insert(&mut self, dn: Dn, state: AdminState) {
        if state == AdminState::ShuttingDown {
            self.shutting_down.insert(dn.clone());
        } else {
            self.shutting_down.remove(&dn);
        }
        self.changed.insert(dn.clone());
        self.states.insert(dn, state);
    }

    pub(crate) fn remove(&mut self, dn: &Dn) {
        self.states.remove(dn);
        self.shutting_down.remove(dn);
        self.changed.remove(dn);
    }

    /// Marks an entity to be published though it was not changed.
    pub(crate) fn publish(&mut self, dn: &Dn) {
        self.changed.insert(dn.clone());
    }

    pub(crate) fn shutting_down(&self) -> &BTreeSet<Dn> {
        &self.shutting_down
    }

    /// What was set since the last call.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<Dn> {
        take(&mut self.changed)
    }
}
