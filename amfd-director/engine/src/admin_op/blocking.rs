//! Who has to wait: an operation is refused with TRY_AGAIN while another operation, or a recovery, acts on the entity or
//! on one that shares an SG with it (AMF B.02.01 §7.1.1). All of it is seen in the present state; nothing is remembered
//! of what was refused.
//!
//! | may come | while |
//! |---|---|
//! | `repaired` | anything but the same `repaired` acts: what acts may be waiting for it |
//! | `lock`, `unlock` | the same entity is shutting down, whoever asked for that; the shutdown ends with INTERRUPT |
//! | whatever changes an administrative state | the cluster starts and assigns nothing yet; an SU is on its way up or down; a faulty SU waits for the operator; an order that failed is tried again later |

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::{AdminOperation as Op, AdminState, HaState, PresenceState};

use super::Pending;
use super::obstacle::Obstacle;
use crate::Director;
use crate::model::{Sg, Su};
use crate::state::{InFlight, OrderKind, SuState};

/// Whether an operation on an entity in this state takes the place of the shutdown that is under way.
fn overtakes(op: Op, state: AdminState) -> bool {
    state == AdminState::ShuttingDown && matches!(op, Op::Lock | Op::Unlock)
}

impl Director {
    /// No other operation on the same entity is under way, apart from a shutdown that is overtaken.
    pub(super) fn check_same_entity(&self, dn: &Dn, op: Op) -> Result<(), Obstacle> {
        let state = self.state.admin(dn);
        let waits_for = |other: &&Pending| {
            let replaced = other.op == Op::Shutdown && (overtakes(op, state) || op == Op::Shutdown);
            let free = op == Op::Repaired && other.op != Op::Repaired;
            &other.dn == dn && !replaced && !free
        };
        self.pending
            .iter()
            .find(waits_for)
            .map_or(Ok(()), |other| Err(busy_with(other)))
    }

    /// Nothing acts on what the operation on the entity concerns.
    pub(super) fn check_free(&self, dn: &Dn, op: Op) -> Result<(), Obstacle> {
        let sgs = self.concerned(dn);
        let other = |other: &&Pending| &other.dn != dn && !other.sgs.is_disjoint(&sgs);
        if let Some(other) = self.pending.iter().find(other) {
            return Err(busy_with(other));
        }
        for scope in &self.state.restarts {
            if !self.concerned(scope).is_disjoint(&sgs) {
                let scope = scope.clone();
                return Err(Obstacle::Restarting { scope });
            }
        }
        if overtakes(op, self.state.admin(dn)) || self.state.startup_until.is_some() {
            return Ok(());
        }
        self.check_no_recovery(&sgs)
    }

    fn check_no_recovery(&self, sgs: &BTreeSet<Dn>) -> Result<(), Obstacle> {
        let groups = sgs.iter().filter_map(|sg| self.model.sgs.get(sg));
        for group in groups {
            for (su, config) in &group.sus {
                let Some(state) = self.state.su(su) else {
                    continue;
                };
                self.check_su(group, su, config, state)?;
            }
        }
        Ok(())
    }

    fn check_su(&self, group: &Sg, su: &Dn, config: &Su, state: &SuState) -> Result<(), Obstacle> {
        // What could not be terminated waits for the operator, not for a recovery.
        let stuck = state.presence() == PresenceState::TerminationFailed && !state.is_busy();
        let has_work = !self.view().may_act(group, su).is_empty() || !state.is_empty();
        let node = config.node.as_ref();
        let recovery = node.and_then(|node| Some((node, self.state.node(node)?.recovery.as_ref()?)));
        if let Some((node, recovery)) = recovery
            && has_work
            && !stuck
        {
            return Err(Obstacle::Recovery {
                on: node.clone(),
                why: format!("{} because of {}", recovery.kind, recovery.comp),
            });
        }
        if let Some(fault) = state.fault()
            && (has_work || !fault.isolated)
            && !stuck
        {
            return Err(Obstacle::Recovery {
                on: su.clone(),
                why: format!("{} failed, recovery {}", fault.comp, fault.recovery),
            });
        }
        match assigning(state) {
            Some(what) => Err(Obstacle::Reassigning { su: su.clone(), what }),
            None => Ok(()),
        }
    }
}

fn busy_with(other: &Pending) -> Obstacle {
    Obstacle::Pending {
        op: other.op,
        on: other.dn.clone(),
    }
}

/// What changes in the assignments of the SU.
fn assigning(state: &SuState) -> Option<String> {
    let list = |sis: &BTreeSet<Dn>| {
        let names: Vec<&str> = sis.iter().map(Dn::as_str).collect();
        names.join(" ")
    };
    match &state.in_flight {
        Some(InFlight {
            kind: OrderKind::Assign { ha, sis },
            ..
        }) => Some(match ha {
            HaState::Active | HaState::Standby => format!("becoming {ha} for {}", list(sis)),
            HaState::Quiesced | HaState::Quiescing => format!("giving up {}", list(sis)),
        }),
        Some(InFlight {
            kind: OrderKind::Remove(sis),
            ..
        }) => Some(format!("giving up {}", list(sis))),
        Some(InFlight {
            kind: OrderKind::Cleanup,
            ..
        }) => Some("being cleaned up".to_owned()),
        Some(InFlight {
            kind:
                OrderKind::Instantiate
                | OrderKind::Terminate
                | OrderKind::Restart(_)
                | OrderKind::Monitor(..)
                | OrderKind::Repair,
            ..
        }) => None,
        None => state
            .works_for_another()
            .then(|| "working on an order of the director before".to_owned()),
    }
}
