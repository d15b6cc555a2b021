//! What follows from configuration and state: readiness, operational state, assignment state, who is reachable.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{AdminState, AssignmentState, HaState, OperState, PresenceState, ReadinessState};
use ais::{Dn, Millis};

use super::{Loss, NodeState, State, SuState};
use crate::event::SessionId;
use crate::group;
use crate::model::{Model, Sg, Si, Su};
use crate::plan::Preferred;
use crate::reason::Reason;

/// Whether an SU may get work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Serving {
    /// It may.
    InService,
    /// It finishes what it has.
    Stopping(Reason),
    /// It may not.
    No(Reason),
}

/// A failed presence state.
pub(crate) const fn is_failed(presence: PresenceState) -> bool {
    matches!(
        presence,
        PresenceState::InstantiationFailed | PresenceState::TerminationFailed
    )
}

fn is_full(preferred: Preferred, active: u32, standby: u32) -> bool {
    let reached = |number: u32, wanted: usize| usize::try_from(number).is_ok_and(|number| number >= wanted);
    reached(active, preferred.active) && reached(standby, preferred.standby)
}

/// Configuration and state together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) model: &'a Model,
    pub(crate) state: &'a State,
    pub(crate) now: Millis,
}

impl<'a> View<'a> {
    /// What stands above the SU and may be locked, the SU itself first.
    pub(crate) fn scopes(self, dn: &Dn) -> impl Iterator<Item = &'a Dn> {
        let found = self.model.su(dn);
        let own = found.map(|(_, sg, _)| sg).and_then(|sg| sg.sus.get_key_value(dn));
        let node = found.and_then(|(_, _, su)| su.node.as_ref());
        let groups = node.and_then(|node| self.model.nodes.get(node));
        own.map(|(dn, _)| dn)
            .into_iter()
            .chain(found.map(|(sg, ..)| sg))
            .chain(node)
            .chain(groups.into_iter().flat_map(|node| &node.groups))
            .chain(found.and_then(|(_, sg, _)| sg.app.as_ref()))
            .chain(self.model.cluster.dn.as_ref().filter(|_| found.is_some()))
    }

    /// The strictest administrative state among the scopes of the SU, and where it was set.
    pub(crate) fn strictest(self, dn: &Dn) -> (AdminState, Dn) {
        let strictness = |state: AdminState| match state {
            AdminState::Unlocked => 0,
            AdminState::ShuttingDown => 1,
            AdminState::Locked => 2,
            AdminState::LockedInstantiation => 3,
        };
        let mut found = (AdminState::Unlocked, dn);
        for scope in self.scopes(dn) {
            let state = self.state.admin(scope);
            if strictness(state) > strictness(found.0) {
                found = (state, scope);
            }
        }
        (found.0, found.1.clone())
    }

    /// The restart that the SU is terminated for, named by its scope.
    pub(crate) fn restarting(self, dn: &Dn) -> Option<Dn> {
        if self.state.restarts.is_empty() {
            return None;
        }
        let mut scopes = self.scopes(dn);
        scopes.find(|scope| self.state.restarts.contains(*scope)).cloned()
    }

    /// Whether no adjustment may use the SU yet.
    pub(crate) fn is_on_probation(self, dn: &Dn) -> bool {
        self.state
            .su(dn)
            .is_some_and(|state| state.probation_until.is_some_and(|end| self.now < end))
    }

    /// The connection of the SU's node, where orders can be sent.
    pub(crate) fn session(self, su: &Su) -> Option<(&'a Dn, SessionId)> {
        let node = self.model.nodes.get_key_value(su.node.as_ref()?)?.0;
        let state = self.state.node(node)?;
        Some((node, state.session.filter(|_| !state.is_rebooting())?))
    }

    /// Whether the node is connected and not disabled. One that went while it was locked for instantiation stays what it
    /// was (AMF B.02.01 §3.3.6.2).
    pub(crate) fn node_oper(self, node: &Dn) -> OperState {
        let enabled =
            |state: &NodeState| state.recovery.is_none() && (state.session.is_some() || state.enabled_away);
        if self.state.node(node).is_some_and(enabled) {
            OperState::Enabled
        } else {
            OperState::Disabled
        }
    }

    /// Whether the node is there and wants to go.
    pub(crate) fn leaves(self, node: &Dn) -> bool {
        self.state.node(node).is_some_and(NodeState::leaves)
    }

    /// Whether the node is lost and may come back with its work.
    pub(crate) fn is_awaited(self, node: &Dn) -> bool {
        self.state.node(node).is_some_and(NodeState::is_awaited)
    }

    /// Whether it is not known what the SU does, on a node that is lost.
    fn is_unknown(self, su: &Dn, state: &SuState) -> bool {
        let node = self.model.su(su).and_then(|(_, _, config)| config.node.as_ref());
        let may_run = node
            .and_then(|node| self.state.node(node))
            .is_some_and(NodeState::may_run);
        state.report.is_none() && may_run
    }

    /// Whether it is still open what runs on the node.
    pub(crate) fn is_unreported(self, node: &Dn) -> bool {
        let never_seen = || self.state.sync_until.is_some_and(|end| self.now < end);
        match self.state.node(node) {
            None => never_seen(),
            Some(state) if state.session.is_some() => {
                !state.reported && state.report_until.is_none_or(|end| self.now < end)
            }
            Some(state) => !state.seen && never_seen(),
        }
    }

    /// A node of the group that has not told yet what runs on it.
    pub(crate) fn unreported_node(self, sg: &'a Sg) -> Option<&'a Dn> {
        sg.sus
            .values()
            .filter_map(|su| su.node.as_ref())
            .find(|node| self.is_unreported(node))
    }

    /// Why the SU is disabled; `None` where it is enabled.
    pub(crate) fn disabled(self, dn: &Dn, su: &Su) -> Option<Reason> {
        self.out_of_order(dn, su, true)
    }

    fn out_of_order(self, dn: &Dn, su: &Su, heeds_fault: bool) -> Option<Reason> {
        let Some(node) = &su.node else {
            return Some(Reason::SuWithoutNode);
        };
        if let Some(reason) = self.unreachable(node) {
            return Some(reason);
        }
        let Some(report) = self.state.su(dn).and_then(|state| state.report.as_ref()) else {
            return Some(Reason::NodesUnreported { node: node.clone() });
        };
        let heeded = report.fault.as_ref().filter(|_| heeds_fault);
        if let Some(fault) = heeded {
            let cause = format!(
                "{} failed ({}), recovery {}",
                fault.comp, fault.source, fault.recovery
            );
            return Some(Reason::SuDisabled { cause });
        }
        if is_failed(report.presence) {
            let cause = format!("its presence state is {}", report.presence);
            return Some(Reason::SuDisabled { cause });
        }
        None
    }

    /// Why nothing can be ordered on the node; `None` where it is connected, or may come back with its work.
    fn unreachable(self, node: &Dn) -> Option<Reason> {
        let node = node.clone();
        let Some(state) = self.state.node(&node) else {
            return Some(Reason::NodeAbsent { node });
        };
        if state.session.is_some() || state.is_awaited() {
            return None;
        }
        Some(match &state.loss {
            Loss::Fencing { .. } => Reason::NodeFencing { node },
            Loss::FenceFailed { cause, .. } => Reason::FenceFailed {
                node,
                cause: cause.clone(),
            },
            Loss::None | Loss::Awaited { .. } | Loss::TakenOver => Reason::NodeAbsent { node },
        })
    }

    pub(crate) fn su_oper(self, dn: &Dn, su: &Su) -> OperState {
        if self.disabled(dn, su).is_none() {
            OperState::Enabled
        } else {
            OperState::Disabled
        }
    }

    /// Whether the SU may get work, with the reason where it may not.
    pub(crate) fn serving(self, dn: &Dn) -> Serving {
        self.serves(dn, true)
    }

    /// The same for an SU whose fault concerns one component alone.
    pub(crate) fn serving_beside_fault(self, dn: &Dn) -> Serving {
        self.serves(dn, false)
    }

    fn serves(self, dn: &Dn, heeds_fault: bool) -> Serving {
        let Some((_, _, su)) = self.model.su(dn) else {
            return Serving::No(Reason::SuWithoutNode);
        };
        if let Some(reason) = self.out_of_order(dn, su, heeds_fault) {
            return Serving::No(reason);
        }
        if let Some(node) = su
            .node
            .as_ref()
            .filter(|node| self.node_oper(node) == OperState::Disabled && !self.is_awaited(node))
        {
            return Serving::No(Reason::NodeDisabled { node: node.clone() });
        }
        if let Some(node) = su.node.as_ref().filter(|node| self.leaves(node)) {
            return Serving::No(Reason::NodeLeaving { node: node.clone() });
        }
        let (admin, scope) = self.strictest(dn);
        let presence = self
            .state
            .su(dn)
            .map_or(PresenceState::Uninstantiated, SuState::presence);
        match admin {
            AdminState::Locked | AdminState::LockedInstantiation => {
                return Serving::No(if &scope == dn {
                    Reason::SuLocked
                } else {
                    Reason::ScopeLocked { scope }
                });
            }
            AdminState::ShuttingDown => return Serving::Stopping(Reason::ShuttingDown { scope }),
            AdminState::Unlocked => {}
        }
        if let Some(scope) = self.restarting(dn) {
            return Serving::No(if &scope == dn {
                Reason::SuWithdrawn
            } else {
                Reason::ScopeRestarting { scope }
            });
        }
        if su.pre_instantiable && !matches!(presence, PresenceState::Instantiated | PresenceState::Restarting)
        {
            return Serving::No(Reason::SuNotInstantiated { presence });
        }
        Serving::InService
    }

    pub(crate) fn su_readiness(self, dn: &Dn) -> ReadinessState {
        match self.serving(dn) {
            Serving::InService => ReadinessState::InService,
            Serving::Stopping(_) => ReadinessState::Stopping,
            Serving::No(_) => ReadinessState::OutOfService,
        }
    }

    /// Whether the SI takes part: unlocked, with something to assign.
    pub(crate) fn si_wanted(self, dn: &Dn, si: &Si) -> Result<(), Reason> {
        match self.state.admin(dn) {
            AdminState::Unlocked if si.csis.is_empty() => Err(Reason::SiWithoutCsi),
            AdminState::Unlocked => Ok(()),
            AdminState::ShuttingDown => Err(Reason::ShuttingDown { scope: dn.clone() }),
            AdminState::Locked | AdminState::LockedInstantiation => Err(Reason::SiLocked),
        }
    }

    /// Which SUs hold the SI, in which confirmed state.
    pub(crate) fn holders(self, sg: &Sg, si: &Dn) -> BTreeMap<Dn, HaState> {
        sg.sus
            .keys()
            .filter_map(|su| Some((su.clone(), self.state.su(su)?.held(si)?)))
            .collect()
    }

    /// The SIs for which the SU may be acting. While it works on an order of a former director, which may be about
    /// any of them, these are all; and where its node was lost before it told.
    pub(crate) fn may_act(self, sg: &Sg, su: &Dn) -> BTreeSet<Dn> {
        match self.state.su(su) {
            Some(state) if state.works_for_another() || self.is_unknown(su, state) => {
                sg.sis.keys().cloned().collect()
            }
            Some(state) => state.may_act.clone(),
            None => BTreeSet::new(),
        }
    }

    /// How many SUs are active or quiescing, standby and quiesced for the SI.
    fn tally(self, sg: &Sg, si: &Dn) -> (u32, u32, u32) {
        let (mut active, mut standby, mut quiesced) = (0, 0, 0);
        for su in sg.sus.keys() {
            match self.state.su(su).and_then(|state| state.held(si)) {
                Some(HaState::Active | HaState::Quiescing) => active += 1,
                Some(HaState::Standby) => standby += 1,
                Some(HaState::Quiesced) => quiesced += 1,
                None => {}
            }
        }
        (active, standby, quiesced)
    }

    /// How many SUs count as active and as standby for the SI (AMF B.02.01 §3.2.3.2): quiescing counts as active;
    /// quiesced counts as active where nobody else is, else as standby.
    pub(crate) fn counts(self, sg: &Sg, si: &Dn) -> (u32, u32) {
        match self.tally(sg, si) {
            (0, standby, quiesced) => (quiesced, standby),
            (active, standby, quiesced) => (active, standby + quiesced),
        }
    }

    /// Fully assigned with as many active and standby assignments as preferred (AMF B.02.01 §3.2.3.2).
    pub(crate) fn assignment_state(self, sg: &Sg, si: &Dn) -> AssignmentState {
        let (active, standby, quiesced) = self.tally(sg, si);
        let config = sg.sis.get(si);
        if active == 0 {
            AssignmentState::Unassigned
        } else if config.is_some_and(|si| is_full(group::preferred(sg, si), active, standby + quiesced)) {
            AssignmentState::FullyAssigned
        } else {
            AssignmentState::PartiallyAssigned
        }
    }
}
