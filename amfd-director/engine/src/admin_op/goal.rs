//! When an administrative operation is answered.

use ais::amf::{AdminOperation as Op, AdminState, HaState, OrderId, OrderOutcome, PresenceState};
use ais::{AisError, Dn, Refusal};

use super::Pending;
use super::refuse;
use crate::Director;
use crate::life_cycle;
use crate::state::{InFlight, OrderKind, Serving, SuState, is_failed};

/// What must hold for an operation to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Goal {
    /// These SUs hold nothing.
    Released { sus: Vec<Dn> },
    /// Nobody holds the SI that the operation is about.
    SiReleased,
    /// These SUs are not instantiated.
    Terminated { sus: Vec<Dn> },
    /// Those of these SUs that should be instantiated are.
    Instantiated { sus: Vec<Dn> },
    /// Nothing is in flight or to be done any more. `disabled` were so before.
    Settled { sus: Vec<Dn>, disabled: Vec<Dn> },
    /// The roles are swapped.
    Swapped { sg: Dn, from: Dn, to: Dn },
    /// The order was carried out.
    Ordered {
        su: Dn,
        id: OrderId,
        outcome: Option<OrderOutcome>,
    },
    /// The SU was terminated and is instantiated again.
    Returned { su: Dn },
    /// These SUs are enabled.
    Enabled { sus: Vec<Dn> },
}

type Answer = Option<Result<(), Refusal>>;

impl Director {
    /// Whether nothing is in flight in the SG and nothing is to be done.
    pub(crate) fn is_settled(&self, sg: &Dn) -> bool {
        !self.dirty.contains(sg)
            && self
                .evaluations
                .get(sg)
                .is_some_and(|evaluation| evaluation.settled)
    }

    /// An order was answered; an operation may have waited for it.
    pub(crate) fn operation_order_answered(&mut self, answered: OrderId, how: &OrderOutcome) {
        for pending in &mut self.pending {
            if let Goal::Ordered { id, outcome, .. } = &mut pending.goal
                && *id == answered
            {
                *outcome = Some(how.clone());
            }
        }
    }

    /// Entities that were shutting down and have finished are locked.
    pub(crate) fn advance_shutdowns(&mut self) {
        let stopping = self.state.admin.shutting_down().clone();
        for dn in stopping {
            let released = match self.model.si(&dn) {
                Some(_) => self.is_si_released(&dn),
                None => self.sus_below(&dn).iter().all(|su| self.is_released(su)),
            };
            if released && self.concerned(&dn).iter().all(|sg| self.is_open(sg)) {
                self.set_admin(&dn, AdminState::Locked);
            }
        }
    }

    /// Whether it is known what the SUs of the SG hold.
    fn is_open(&self, sg: &Dn) -> bool {
        self.model
            .sgs
            .get(sg)
            .is_none_or(|group| self.view().unreported_node(group).is_none())
    }

    fn is_released(&self, su: &Dn) -> bool {
        self.state.su(su).is_none_or(SuState::is_empty)
    }

    fn is_si_released(&self, si: &Dn) -> bool {
        let Some((_, group, _)) = self.model.si(si) else {
            return true;
        };
        group.sus.keys().filter_map(|su| self.state.su(su)).all(|state| {
            let in_flight = match state.in_flight.as_ref().map(|InFlight { kind, .. }| kind) {
                Some(OrderKind::Assign { sis, .. } | OrderKind::Remove(sis)) => sis.contains(si),
                Some(
                    OrderKind::Instantiate
                    | OrderKind::Terminate
                    | OrderKind::Restart(_)
                    | OrderKind::Cleanup
                    | OrderKind::Repair,
                )
                | None => false,
            };
            !in_flight
                && state.held(si).is_none()
                && !state.may_act.contains(si)
                && !state.uncertain.contains(si)
        })
    }

    /// Answers the operations whose goals hold.
    pub(crate) fn advance_operations(&mut self) {
        let mut waiting = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            match self.answer(&pending) {
                Some(result) => {
                    if let Goal::Swapped { sg, .. } = &pending.goal {
                        self.state.swaps.remove(sg);
                        self.dirty.insert(sg.clone());
                    }
                    self.finish(pending, result);
                }
                None => waiting.push(pending),
            }
        }
        self.pending = waiting;
    }

    fn answer(&self, pending: &Pending) -> Answer {
        self.goal_reached(pending)
            .or_else(|| self.blocked_by_repair(pending))
    }

    /// An SU that could not be terminated may still be serving, and nothing moves in its SG until the operator repairs
    /// it: the operation has done what it can.
    fn blocked_by_repair(&self, pending: &Pending) -> Answer {
        let stuck = |su: &&Dn| {
            self.presence(su) == PresenceState::TerminationFailed
                && !self.is_busy(su)
                && !self.is_released(su)
        };
        let groups = pending.sgs.iter().filter_map(|sg| self.model.sgs.get(sg));
        let su = groups.flat_map(|group| group.sus.keys()).find(stuck)?;
        let text = format!("{su} could not be terminated and must be repaired first");
        Some(refuse(AisError::RepairPending, text))
    }

    fn goal_reached(&self, pending: &Pending) -> Answer {
        match &pending.goal {
            Goal::Released { sus } => {
                let locked = self.state.admin(&pending.dn) != AdminState::ShuttingDown;
                (locked && self.all_open(pending) && sus.iter().all(|su| self.is_released(su)))
                    .then_some(Ok(()))
            }
            Goal::SiReleased => {
                let locked = self.state.admin(&pending.dn) != AdminState::ShuttingDown;
                (locked && self.all_open(pending) && self.is_si_released(&pending.dn)).then_some(Ok(()))
            }
            Goal::Terminated { sus } => self.terminated(sus),
            Goal::Instantiated { sus } => self.instantiated(sus),
            Goal::Settled { sus, disabled } => self.settled(pending, sus, disabled),
            Goal::Swapped { sg, from, to } => self.swapped(sg, from, to),
            Goal::Ordered { su, id, outcome } => self.ordered(su, *id, outcome.as_ref()),
            Goal::Returned { su } => self.returned(su),
            Goal::Enabled { sus } => self.enabled(sus),
        }
    }

    fn all_open(&self, pending: &Pending) -> bool {
        pending.sgs.iter().all(|sg| self.is_open(sg))
    }

    fn presence(&self, su: &Dn) -> PresenceState {
        self.state
            .su(su)
            .map_or(PresenceState::Uninstantiated, SuState::presence)
    }

    fn is_busy(&self, su: &Dn) -> bool {
        self.state.su(su).is_some_and(SuState::is_busy)
    }

    fn terminated(&self, sus: &[Dn]) -> Answer {
        if sus.iter().any(|su| self.is_busy(su)) {
            return None;
        }
        if let Some(su) = sus
            .iter()
            .find(|su| self.presence(su) == PresenceState::TerminationFailed)
        {
            return Some(refuse(
                AisError::RepairPending,
                format!("{su} could not be terminated"),
            ));
        }
        let down = |su: &Dn| {
            matches!(
                self.presence(su),
                PresenceState::Uninstantiated | PresenceState::InstantiationFailed
            )
        };
        sus.iter().all(down).then_some(Ok(()))
    }

    fn instantiated(&self, sus: &[Dn]) -> Answer {
        if let Some(su) = sus.iter().find(|su| is_failed(self.presence(su))) {
            let text = format!("{su} is {}", self.presence(su));
            return Some(refuse(AisError::RepairPending, text));
        }
        let ready = |su: &Dn| {
            let Some((sg, group, config)) = self.model.su(su) else {
                return true;
            };
            let wanted = life_cycle::wanted(self.view(), group).contains(&su);
            let up = self.presence(su) == PresenceState::Instantiated;
            // An SU that was just added is not needed only because its node has not reported it yet.
            let reported = self.state.su(su).is_none_or(|state| state.report.is_some());
            let reported = reported || self.view().session(config).is_none();
            reported && !self.dirty.contains(sg) && !self.is_busy(su) && (up || !wanted)
        };
        sus.iter().all(ready).then_some(Ok(()))
    }

    fn settled(&self, pending: &Pending, sus: &[Dn], disabled: &[Dn]) -> Answer {
        if pending.op == Op::Unlock
            && let Some(su) = sus
                .iter()
                .find(|su| self.has_failed(su) && !disabled.contains(su))
        {
            return Some(refuse(AisError::Timeout, format!("{su} failed meanwhile")));
        }
        // Before the cluster has started, the state is all there is to change (OpenSAF practice).
        let starting = self.state.startup_until.is_some();
        (starting || pending.sgs.iter().all(|sg| self.is_settled(sg))).then_some(Ok(()))
    }

    fn has_failed(&self, su: &Dn) -> bool {
        self.state
            .su(su)
            .is_some_and(|state| state.fault().is_some() || is_failed(state.presence()))
    }

    fn swapped(&self, sg: &Dn, from: &Dn, to: &Dn) -> Answer {
        let broken = [from, to]
            .into_iter()
            .find_map(|su| match self.view().serving(su) {
                Serving::InService => None,
                Serving::Stopping(reason) | Serving::No(reason) => Some(format!("{su}: {reason}")),
            });
        if let Some(text) = broken {
            return Some(refuse(
                AisError::FailedOperation,
                format!("the swap was given up, {text}"),
            ));
        }
        let holds = |su: &Dn, ha: HaState| {
            self.state.su(su).is_some_and(|state| {
                let held = state.holds();
                !held.is_empty() && held.values().all(|have| *have == ha)
            })
        };
        let done = self.is_settled(sg) && holds(to, HaState::Active) && holds(from, HaState::Standby);
        done.then_some(Ok(()))
    }

    fn ordered(&self, su: &Dn, id: OrderId, outcome: Option<&OrderOutcome>) -> Answer {
        match outcome {
            Some(OrderOutcome::Done) => Some(Ok(())),
            Some(OrderOutcome::Failed(cause)) => Some(refuse(AisError::RepairPending, cause.clone())),
            Some(OrderOutcome::InProgress) | None => {
                let in_flight = self
                    .state
                    .su(su)
                    .and_then(|state| state.in_flight.as_ref())
                    .is_some_and(|order| order.id == id);
                if in_flight {
                    return None;
                }
                Some(refuse(
                    AisError::RepairPending,
                    format!("{su} was recovered otherwise meanwhile"),
                ))
            }
        }
    }

    fn returned(&self, su: &Dn) -> Answer {
        if self.state.restarts.contains(su) {
            return None;
        }
        if let Some(text) = self
            .model
            .su(su)
            .and_then(|(_, _, config)| self.view().disabled(su, config))
        {
            return Some(refuse(AisError::RepairPending, format!("{su}: {text}")));
        }
        let (sg, group, _) = self.model.su(su)?;
        let wanted = life_cycle::wanted(self.view(), group).contains(&su);
        let up = self.presence(su) == PresenceState::Instantiated;
        (self.is_settled(sg) && (up || !wanted)).then_some(Ok(()))
    }

    fn enabled(&self, sus: &[Dn]) -> Answer {
        for su in sus {
            let Some((_, _, config)) = self.model.su(su) else {
                continue;
            };
            let Some(reason) = self.view().disabled(su, config) else {
                continue;
            };
            let state = self.state.su(su)?;
            let tried = !state.repair_wanted && !state.is_busy();
            return tried.then(|| refuse(AisError::RepairPending, format!("{su}: {reason}")));
        }
        Some(Ok(()))
    }
}
