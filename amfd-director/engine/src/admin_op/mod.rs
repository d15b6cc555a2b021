//! Administrative operations: whether one may be invoked, what it changes, and the goal that answers it.
//!
//! An operation changes the operator's wish and nothing else; the plan does the work. It is answered, exactly once,
//! when its goal holds ([`goal`]).

mod goal;
mod swap;
pub(crate) mod table;

use std::collections::BTreeSet;

use ais::amf::{AdminOperation as Op, AdminState, NodeOrder, PresenceState};
use ais::{AisError, Dn, Refusal};

use crate::Director;
use crate::effect::Effect;
use crate::event::RequestId;
use crate::reason::Reason;
use crate::state::{OrderKind, SuState};

use goal::Goal;
use table::Entity;

/// An operation that was not answered yet.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    request: RequestId,
    dn: Dn,
    op: Op,
    goal: Goal,
    /// The SGs that it concerns; another operation on them has to wait.
    sgs: BTreeSet<Dn>,
}

fn refuse<T>(error: AisError, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(error, text))
}

impl Director {
    pub(crate) fn admin_operation(&mut self, request: RequestId, dn: Dn, operation: u64) {
        let known = u32::try_from(operation).ok().and_then(Op::from_code);
        let Some(op) = known else {
            let text = format!("there is no administrative operation {operation}");
            self.reply(request, refuse(AisError::InvalidParam, text));
            return;
        };
        match self.invoke(request, &dn, op) {
            Ok(goal) => {
                self.because(&dn, Reason::AdminStarted { operation: op });
                let sgs = self.concerned(&dn);
                self.dirty.extend(sgs.iter().cloned());
                self.pending.push(Pending {
                    request,
                    dn,
                    op,
                    goal,
                    sgs,
                });
            }
            Err(refusal) => {
                self.tell_answer(&dn, op, Err(&refusal));
                self.reply(request, Err(refusal));
            }
        }
    }

    fn reply(&mut self, request: RequestId, result: Result<(), Refusal>) {
        self.out.reply.push(Effect::AdminReply { request, result });
    }

    fn tell_answer(&mut self, dn: &Dn, operation: Op, result: Result<(), &Refusal>) {
        let outcome = match result {
            Ok(()) => "done".to_owned(),
            Err(refusal) => refusal.to_string(),
        };
        self.because(dn, Reason::AdminAnswered { operation, outcome });
    }

    fn invoke(&mut self, request: RequestId, dn: &Dn, op: Op) -> Result<Goal, Refusal> {
        let Some(object) = self.raw.get(dn) else {
            return refuse(AisError::NotExist, format!("{dn} does not exist"));
        };
        let Some(entity) = Entity::of_class(&object.class) else {
            let text = format!(
                "objects of class {} have no administrative operations",
                object.class
            );
            return refuse(AisError::InvalidParam, text);
        };
        if table::applicable(entity, op).is_err() {
            return refuse(
                AisError::NotSupported,
                format!("{op} is not supported for {}", entity.class()),
            );
        }
        self.check_managed(entity, dn)?;
        self.check_free(dn, op)?;
        match op {
            Op::Unlock | Op::Lock | Op::Shutdown | Op::LockInstantiation | Op::UnlockInstantiation => {
                self.change_admin_state(request, entity, dn, op)
            }
            Op::Restart if entity == Entity::Comp => self.restart_comp(dn),
            Op::Restart => self.restart_su(dn, None),
            Op::SiSwap => self.swap(dn),
            Op::Repaired if entity == Entity::Node => self.repaired_node(dn),
            Op::Repaired => self.repaired_su(dn),
            Op::SgAdjust | Op::EamStart | Op::EamStop => {
                refuse(AisError::NotSupported, format!("{op} is not supported"))
            }
        }
    }

    fn check_managed(&self, entity: Entity, dn: &Dn) -> Result<(), Refusal> {
        let managed = match entity {
            Entity::Cluster | Entity::Application | Entity::Node | Entity::NodeGroup => true,
            Entity::Sg => self.model.sgs.contains_key(dn),
            Entity::Su => self.model.su(dn).is_some(),
            Entity::Si => self.model.si(dn).is_some(),
            Entity::Comp => self.model.comp(dn).is_some(),
        };
        if managed {
            return Ok(());
        }
        let why = self
            .explain(dn)
            .into_iter()
            .next()
            .unwrap_or_else(|| "it is not managed".to_owned());
        refuse(AisError::BadOperation, format!("{dn}: {why}"))
    }

    /// No other operation may be under way in the SGs concerned; only a shutdown may be overtaken by lock and unlock,
    /// and a repair, which another operation may be waiting for, is always free.
    fn check_free(&self, dn: &Dn, op: Op) -> Result<(), Refusal> {
        if op == Op::Repaired {
            return Ok(());
        }
        let sgs = self.concerned(dn);
        let overtakes = |other: &Pending| {
            other.op == Op::Shutdown && &other.dn == dn && matches!(op, Op::Lock | Op::Unlock)
        };
        let conflict = self
            .pending
            .iter()
            .find(|other| (&other.dn == dn || !other.sgs.is_disjoint(&sgs)) && !overtakes(other));
        match conflict {
            Some(other) => refuse(
                AisError::TryAgain,
                format!("the operation {} on {} is still under way", other.op, other.dn),
            ),
            None => Ok(()),
        }
    }

    /// The SGs with SUs or SIs that an operation on the entity concerns.
    pub(crate) fn concerned(&self, dn: &Dn) -> BTreeSet<Dn> {
        let su = self.model.comp(dn).map_or_else(|| dn.clone(), |(su, ..)| su);
        if let Some((sg, ..)) = self
            .model
            .su(&su)
            .map(|(sg, ..)| (sg,))
            .or(self.model.si(dn).map(|(sg, ..)| (sg,)))
        {
            return BTreeSet::from([sg.clone()]);
        }
        if self.model.sgs.contains_key(dn) {
            return BTreeSet::from([dn.clone()]);
        }
        let sus = self.sus_below(dn);
        sus.iter()
            .filter_map(|su| self.model.su(su).map(|(sg, ..)| sg.clone()))
            .collect()
    }

    /// The managed SUs in the scope of an SU, an SG, a node, a node group, an application or the cluster.
    pub(crate) fn sus_below(&self, dn: &Dn) -> Vec<Dn> {
        self.model.sus_within(dn).into_iter().cloned().collect()
    }

    fn change_admin_state(
        &mut self,
        request: RequestId,
        entity: Entity,
        dn: &Dn,
        op: Op,
    ) -> Result<Goal, Refusal> {
        let from = self.state.admin(dn);
        let to = match table::transition(from, op) {
            Some(Ok(to)) => to,
            Some(Err(error)) => {
                return refuse(error, format!("{op} of {dn} is not possible while it is {from}"));
            }
            None => return refuse(AisError::NotSupported, format!("{op} is not supported")),
        };
        if entity == Entity::Si && matches!(to, AdminState::LockedInstantiation) {
            return refuse(AisError::NotSupported, "an SI cannot be locked for instantiation");
        }
        if op == Op::LockInstantiation {
            self.check_nothing_assigned(dn)?;
        }
        self.interrupt(request, dn);
        self.set_admin(dn, to);
        // A node group's operation is its nodes' operation (OpenSAF practice).
        if entity == Entity::NodeGroup {
            for node in self.model.groups.get(dn).cloned().unwrap_or_default() {
                self.set_admin(&node, to);
            }
        }
        let sus = if entity == Entity::Si {
            Vec::new()
        } else {
            self.sus_below(dn)
        };
        let disabled = sus.iter().filter(|su| self.is_disabled(su)).cloned().collect();
        Ok(match op {
            Op::Lock | Op::Shutdown if entity == Entity::Si => Goal::SiReleased,
            Op::Lock | Op::Shutdown => Goal::Released { sus },
            Op::LockInstantiation => Goal::Terminated { sus },
            Op::UnlockInstantiation => Goal::Instantiated { sus },
            Op::Unlock
            | Op::Restart
            | Op::SiSwap
            | Op::SgAdjust
            | Op::Repaired
            | Op::EamStart
            | Op::EamStop => Goal::Settled { sus, disabled },
        })
    }

    fn set_admin(&mut self, dn: &Dn, to: AdminState) {
        self.state.admin.insert(dn.clone(), to);
        let sgs = self.concerned(dn);
        self.dirty.extend(sgs);
    }

    fn is_disabled(&self, su: &Dn) -> bool {
        self.model
            .su(su)
            .is_some_and(|(_, _, config)| self.view().disabled(su, config).is_some())
    }

    fn check_nothing_assigned(&self, dn: &Dn) -> Result<(), Refusal> {
        let busy = self
            .sus_below(dn)
            .into_iter()
            .find(|su| self.state.su(su).is_some_and(|state| !state.is_empty()));
        match busy {
            Some(su) => refuse(AisError::TryAgain, format!("{su} still has assignments")),
            None => Ok(()),
        }
    }

    /// A shutdown that is overtaken is answered now.
    fn interrupt(&mut self, by: RequestId, dn: &Dn) {
        let (overtaken, rest) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending| &pending.dn == dn && pending.op == Op::Shutdown && pending.request != by);
        self.pending = rest;
        for pending in overtaken {
            let refusal = Refusal::new(AisError::Interrupt, "another operation overtook the shutdown");
            self.finish(pending, Err(refusal));
        }
    }

    fn finish(&mut self, pending: Pending, result: Result<(), Refusal>) {
        self.tell_answer(&pending.dn, pending.op, result.as_ref().copied());
        self.reply(pending.request, result);
    }

    fn restart_comp(&mut self, dn: &Dn) -> Result<Goal, Refusal> {
        let Some((su, _, comp)) = self.model.comp(dn) else {
            return refuse(AisError::BadOperation, format!("{dn} is not managed"));
        };
        let in_place = !comp.config.disable_restart;
        let presence = self
            .state
            .su(&su)
            .and_then(|state| state.report.as_ref())
            .and_then(|report| report.comps.iter().find(|comp| &comp.comp == dn))
            .map_or(PresenceState::Uninstantiated, |comp| comp.presence);
        if presence != PresenceState::Instantiated {
            return refuse(AisError::BadOperation, format!("{dn} is {presence}"));
        }
        if in_place {
            self.restart_su(&su, Some(dn.clone()))
        } else {
            self.withdraw(&su)
        }
    }

    fn restart_su(&mut self, su: &Dn, comp: Option<Dn>) -> Result<Goal, Refusal> {
        let Some((_, _, config)) = self.model.su(su) else {
            return refuse(AisError::BadOperation, format!("{su} is not managed"));
        };
        if let Some(reason) = self.view().disabled(su, config) {
            return refuse(AisError::BadOperation, format!("{su}: {reason}"));
        }
        let state = self.state.su(su);
        let presence = state.map_or(PresenceState::Uninstantiated, SuState::presence);
        if presence != PresenceState::Instantiated {
            return refuse(AisError::BadOperation, format!("{su} is {presence}"));
        }
        if state.is_some_and(SuState::is_busy) {
            return refuse(AisError::TryAgain, format!("{su} is working on an order"));
        }
        if comp.is_none() && !config.is_restartable() {
            return self.withdraw(su);
        }
        let dn = su.clone();
        let order = self.order(su, OrderKind::Restart(comp.clone()), |id| NodeOrder::Restart {
            id,
            su: dn,
            comp,
        });
        match order {
            Some(id) => Ok(Goal::Ordered {
                su: su.clone(),
                id,
                outcome: None,
            }),
            None => refuse(AisError::TryAgain, format!("the node of {su} is not connected")),
        }
    }

    /// The SU gives its work to others, is terminated and comes back.
    fn withdraw(&mut self, su: &Dn) -> Result<Goal, Refusal> {
        self.begin_restart(su);
        Ok(Goal::Returned { su: su.clone() })
    }

    fn repaired_su(&mut self, su: &Dn) -> Result<Goal, Refusal> {
        let Some((_, _, config)) = self.model.su(su) else {
            return refuse(AisError::BadOperation, format!("{su} is not managed"));
        };
        if self.view().session(config).is_none() {
            return refuse(
                AisError::BadOperation,
                format!("the node of {su} is not connected"),
            );
        }
        if self.view().disabled(su, config).is_none() {
            return refuse(AisError::NoOp, format!("{su} is enabled"));
        }
        if let Some(state) = self.state.sus.get_mut(su) {
            state.repair_wanted = true;
        }
        Ok(Goal::Enabled {
            sus: vec![su.clone()],
        })
    }

    fn repaired_node(&mut self, node: &Dn) -> Result<Goal, Refusal> {
        let Some(state) = self
            .state
            .nodes
            .get_mut(node)
            .filter(|state| state.session.is_some())
        else {
            return refuse(AisError::BadOperation, format!("{node} is not connected"));
        };
        if state.recovery.is_none() {
            return refuse(AisError::NoOp, format!("{node} is enabled"));
        }
        if state.is_rebooting() {
            return refuse(AisError::TryAgain, format!("{node} is being rebooted"));
        }
        state.recovery = None;
        let sus: Vec<Dn> = self
            .sus_below(node)
            .into_iter()
            .filter(|su| self.is_disabled(su))
            .collect();
        for su in &sus {
            if let Some(state) = self.state.sus.get_mut(su) {
                state.repair_wanted = true;
            }
        }
        Ok(Goal::Enabled { sus })
    }
}
