//! When an administrative operation is answered: when its goal holds; when something happened after which it never
//! will; and, so that each is answered, when nothing is in flight nor to be done any more in the SGs that it concerns.

use ais::Dn;
use ais::amf::{AdminState, HaState, OrderId, OrderOutcome, PresenceState};

use super::Pending;
use super::obstacle::Obstacle;
use crate::Director;
use crate::life_cycle;
use crate::state::{InFlight, OrderKind, Serving, SuState, is_failed};

/// What must hold for an operation to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Goal {
    /// These SUs hold nothing. DEVIATION(AMF-030): a shutdown waits for that too.
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
    /// The SG has its preferred assignments.
    Adjusted { sg: Dn },
    /// The order was carried out.
    Ordered {
        su: Dn,
        id: OrderId,
        outcome: Option<OrderOutcome>,
    },
    /// Everything in the scope was terminated, and those of these SUs that should be instantiated are again.
    Restarted { scope: Dn, sus: Vec<Dn> },
    /// These SUs are enabled.
    Enabled { sus: Vec<Dn> },
}

type Answer = Option<Result<(), Obstacle>>;

fn repair<T>(su: &Dn, why: impl Into<String>) -> Result<T, Obstacle> {
    Err(Obstacle::RepairPending {
        su: su.clone(),
        why: why.into(),
    })
}

impl Director {
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
            let released = if self.model.si(&dn).is_some() {
                self.is_si_released(&dn)
            } else {
                self.all_below(&dn, Director::is_released)
            };
            if released && self.concerned(&dn).iter().all(|sg| self.is_open(sg)) {
                self.set_admin(&dn, AdminState::Locked);
            }
        }
    }

    /// Answers the operations that have come to an end.
    pub(crate) fn advance_operations(&mut self) {
        let mut waiting = Vec::new();
        for mut pending in std::mem::take(&mut self.pending) {
            if self.still_waits(&pending) {
                waiting.push(pending);
                continue;
            }
            if let Some(result) = self.outcome(&pending) {
                self.finish(&pending, result);
            } else {
                pending.waits_for = self.find_waited(&pending);
                waiting.push(pending);
            }
        }
        self.pending = waiting;
    }

    fn outcome(&self, pending: &Pending) -> Answer {
        if self.raw.get(&pending.dn).is_none() {
            let dn = pending.dn.clone();
            return Some(Err(Obstacle::Deleted { dn }));
        }
        self.goal_reached(pending)
            .or_else(|| self.goal_out_of_reach(pending))
    }

    fn goal_reached(&self, pending: &Pending) -> Answer {
        match &pending.goal {
            Goal::Released { sus } => {
                let done = self.has_ended(pending) && sus.iter().all(|su| self.is_released(su));
                done.then_some(Ok(()))
            }
            Goal::SiReleased => {
                let done = self.has_ended(pending) && self.is_si_released(&pending.dn);
                done.then_some(Ok(()))
            }
            Goal::Terminated { sus } => self.terminated(sus),
            Goal::Instantiated { sus } => self.instantiated(sus),
            Goal::Settled { sus, disabled } => self.settled(pending, sus, disabled),
            Goal::Swapped { sg, from, to } => self.swapped(&pending.dn, sg, from, to),
            Goal::Adjusted { sg } => {
                let done = !self.state.adjusts.contains(sg) && self.is_settled(sg);
                done.then_some(Ok(()))
            }
            Goal::Ordered { su, id, outcome } => self.ordered(su, *id, outcome.as_ref()),
            Goal::Restarted { scope, sus } => self.restarted(pending, scope, sus),
            Goal::Enabled { sus } => self.enabled(sus),
        }
    }

    /// Nothing moves any more, and the goal does not hold: what could be done is done, and the rest is in the operator's
    /// hands.
    fn goal_out_of_reach(&self, pending: &Pending) -> Answer {
        if !self.all_idle(pending) || !self.all_open(pending) {
            return None;
        }
        let groups = || pending.sgs.iter().filter_map(|sg| self.model.sgs.get(sg));
        let mut sus = groups().flat_map(|group| group.sus.keys());
        let failed = |su: &&Dn| self.why_failed(su).is_some() && !self.is_released(su);
        let mut found = sus.clone().find(failed);
        found = found.or_else(|| sus.clone().find(|su| self.why_failed(su).is_some()));
        found = found.or_else(|| sus.find(|su| !self.is_released(su)));
        let su = found.unwrap_or(&pending.dn);
        let why = self.why_failed(su);
        Some(repair(
            su,
            why.unwrap_or_else(|| "it does not come any further".to_owned()),
        ))
    }

    /// What is wrong with the SU.
    fn why_failed(&self, su: &Dn) -> Option<String> {
        let state = self.state.su(su)?;
        if state.presence() == PresenceState::TerminationFailed {
            return Some("it could not be terminated and has to be repaired first".to_owned());
        }
        if let Some((_, _, config)) = self.model.su(su)
            && (state.fault().is_some() || is_failed(state.presence()))
        {
            return self.view().disabled(su, config).map(|reason| reason.to_string());
        }
        (state.failures > 0).then(|| "an order failed and is tried again".to_owned())
    }

    fn has_ended(&self, pending: &Pending) -> bool {
        self.state.admin(&pending.dn) != AdminState::ShuttingDown && self.all_open(pending)
    }

    fn all_open(&self, pending: &Pending) -> bool {
        pending.sgs.iter().all(|sg| self.is_open(sg))
    }

    fn all_idle(&self, pending: &Pending) -> bool {
        pending.sgs.iter().all(|sg| self.is_idle(sg))
    }

    /// Whether it is known what the SUs of the SG hold.
    fn is_open(&self, sg: &Dn) -> bool {
        self.model
            .sgs
            .get(sg)
            .is_none_or(|group| self.view().unreported_node(group).is_none())
    }

    pub(super) fn is_released(&self, su: &Dn) -> bool {
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
                    | OrderKind::Monitor(..)
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

    fn is_busy(&self, su: &Dn) -> bool {
        self.state.su(su).is_some_and(SuState::is_busy)
    }

    fn terminated(&self, sus: &[Dn]) -> Answer {
        if sus.iter().any(|su| self.is_busy(su)) {
            return None;
        }
        let stuck = |su: &&Dn| self.su_presence(su) == PresenceState::TerminationFailed;
        if let Some(su) = sus.iter().find(stuck) {
            return Some(repair(su, "it could not be terminated"));
        }
        let down = |su: &Dn| {
            matches!(
                self.su_presence(su),
                PresenceState::Uninstantiated | PresenceState::InstantiationFailed
            )
        };
        sus.iter().all(down).then_some(Ok(()))
    }

    fn instantiated(&self, sus: &[Dn]) -> Answer {
        if let Some(su) = sus.iter().find(|su| is_failed(self.su_presence(su))) {
            return Some(repair(su, format!("it is {}", self.su_presence(su))));
        }
        let ready = |su: &Dn| {
            let Some((sg, group, config)) = self.model.su(su) else {
                return true;
            };
            let wanted = life_cycle::wanted(self.view(), group).contains(&su);
            let up = self.su_presence(su) == PresenceState::Instantiated;
            // An SU that was just added is not needed only because its node has not reported it yet.
            let reported = self.state.su(su).is_none_or(|state| state.report.is_some());
            let reported = reported || self.view().session(config).is_none();
            reported && !self.dirty.contains(sg) && !self.is_busy(su) && (up || !wanted)
        };
        sus.iter().all(ready).then_some(Ok(()))
    }

    fn settled(&self, pending: &Pending, sus: &[Dn], disabled: &[Dn]) -> Answer {
        // Before the cluster has started, the state is all there is to change (OpenSAF practice).
        let done = self.state.startup_until.is_some() || self.all_idle(pending);
        let has_failed = |su: &&Dn| {
            self.state.su(su).is_some_and(|state| {
                state.fault().is_some() || is_failed(state.presence()) || (done && state.failures > 0)
            })
        };
        let failed = sus.iter().filter(|su| !disabled.contains(su)).find(has_failed);
        if let Some(su) = failed {
            let why = self.why_failed(su).unwrap_or_default();
            let su = su.clone();
            return Some(Err(Obstacle::FailedMeanwhile { su, why }));
        }
        done.then_some(Ok(()))
    }

    fn swapped(&self, si: &Dn, sg: &Dn, from: &Dn, to: &Dn) -> Answer {
        let broken = [from, to]
            .into_iter()
            .find_map(|su| match self.view().serving(su) {
                Serving::InService => None,
                Serving::Stopping(reason) | Serving::No(reason) => Some((su.clone(), reason.to_string())),
            });
        if let Some((su, why)) = broken {
            return Some(Err(Obstacle::SwapGivenUp { su, why }));
        }
        if !self.is_settled(sg) {
            return None;
        }
        let held = self.state.su(to).and_then(|state| state.held(si));
        if held == Some(HaState::Active) {
            return Some(Ok(()));
        }
        Some(Err(Obstacle::SwapGivenUp {
            su: to.clone(),
            why: format!("it cannot be active for {si}"),
        }))
    }

    fn ordered(&self, su: &Dn, id: OrderId, outcome: Option<&OrderOutcome>) -> Answer {
        match outcome {
            Some(OrderOutcome::Done) => Some(Ok(())),
            Some(OrderOutcome::Failed(cause)) => Some(repair(su, cause.clone())),
            Some(OrderOutcome::InProgress) | None => {
                let in_flight = self.state.su(su).and_then(|state| state.in_flight.as_ref());
                if in_flight.is_some_and(|order| order.id == id) {
                    return None;
                }
                Some(repair(su, "it was recovered otherwise meanwhile"))
            }
        }
    }

    fn restarted(&self, pending: &Pending, scope: &Dn, sus: &[Dn]) -> Answer {
        if self.state.restarts.contains(scope) || !self.all_idle(pending) {
            return None;
        }
        for su in sus {
            let Some((_, group, config)) = self.model.su(su) else {
                continue;
            };
            if let Some(reason) = self.view().disabled(su, config) {
                return Some(repair(su, reason.to_string()));
            }
            let wanted = life_cycle::wanted(self.view(), group).contains(&su);
            let presence = self.su_presence(su);
            if wanted && presence != PresenceState::Instantiated {
                return Some(repair(su, format!("it is {presence}")));
            }
        }
        Some(Ok(()))
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
            return tried.then(|| repair(su, reason.to_string()));
        }
        Some(Ok(()))
    }
}
