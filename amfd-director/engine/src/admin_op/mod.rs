//! Administrative operations: whether one may be invoked, what it changes, and the goal that answers it.
//!
//! An operation changes the operator's wish and nothing else; the plan does the work. It is answered, exactly once,
//! when its goal holds, or when nothing more happens and it does not ([`goal`]).

mod adjust;
mod admin_state;
mod blocking;
mod goal;
mod monitor;
mod obstacle;
mod repaired;
mod restart;
mod scope;
mod settled;
mod swap;
pub(crate) mod table;
mod waiting;

use std::collections::BTreeSet;

use ais::amf::AdminOperation as Op;
use ais::{Dn, Refusal};

use crate::Director;
use crate::effect::Effect;
use crate::event::RequestId;
use crate::reason::Reason;

use goal::Goal;
use obstacle::Obstacle;
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
    /// The SU or SG that held it up at the last look, where it waits for all of many.
    waits_for: Option<Dn>,
}

impl Director {
    pub(crate) fn admin_operation(&mut self, request: RequestId, dn: Dn, operation: u64) {
        let known = u32::try_from(operation).ok().and_then(Op::from_code);
        let Some(op) = known else {
            let unknown = Obstacle::Unknown { id: operation };
            self.reply(request, Err(unknown.into()));
            return;
        };
        match self.invoke(&dn, op) {
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
                    waits_for: None,
                });
            }
            Err(obstacle) => self.answer_now(request, &dn, op, Err(obstacle)),
        }
    }

    fn invoke(&mut self, dn: &Dn, op: Op) -> Result<Goal, Obstacle> {
        let entity = self.addressed(dn, op)?;
        match op {
            Op::Unlock | Op::Lock | Op::Shutdown | Op::LockInstantiation | Op::UnlockInstantiation => {
                return self.change_admin_state(entity, dn, op);
            }
            Op::EamStart | Op::EamStop => return self.monitor(entity, dn, op == Op::EamStart),
            Op::Restart | Op::SiSwap | Op::SgAdjust | Op::Repaired => {}
        }
        self.check_same_entity(dn, op)?;
        if op != Op::Repaired {
            self.check_free(dn, op)?;
        }
        match entity {
            Entity::Si => self.swap(dn),
            Entity::Sg => self.adjust(dn),
            Entity::Node if op == Op::Repaired => self.repaired_node(dn),
            Entity::Su if op == Op::Repaired => self.repaired_su(dn),
            Entity::Cluster
            | Entity::Application
            | Entity::Node
            | Entity::NodeGroup
            | Entity::Su
            | Entity::Comp => self.restart(entity, dn),
        }
    }

    /// What the object is, where the operation is offered for it and the framework serves it.
    fn addressed(&self, dn: &Dn, op: Op) -> Result<Entity, Obstacle> {
        let Some(object) = self.raw.get(dn) else {
            return Err(Obstacle::Missing { dn: dn.clone() });
        };
        let class = object.class();
        let entity = Entity::of_class(class).ok_or_else(|| Obstacle::Class {
            class: class.to_owned(),
        })?;
        if !table::is_offered(entity, op) {
            return Err(Obstacle::NotOffered {
                op,
                class: entity.class(),
                offered: table::offering(op),
            });
        }
        self.check_managed(entity, dn)?;
        Ok(entity)
    }

    fn check_managed(&self, entity: Entity, dn: &Dn) -> Result<(), Obstacle> {
        let managed = match entity {
            Entity::Cluster | Entity::Node | Entity::NodeGroup => true,
            Entity::Application => {
                let mut foreign = self.options.foreign_applications.iter();
                !foreign.any(|app| dn.is_within(app))
            }
            Entity::Sg => self.model.sgs.contains_key(dn),
            Entity::Su => self.model.su(dn).is_some(),
            Entity::Si => self.model.si(dn).is_some(),
            Entity::Comp => self.model.comp(dn).is_some(),
        };
        if managed {
            return Ok(());
        }
        let why = self.explain(dn).into_iter().next();
        Err(Obstacle::Unmanaged {
            dn: dn.clone(),
            why: why.unwrap_or_else(|| "it is not managed".to_owned()),
        })
    }

    /// Ends the operation.
    fn finish(&mut self, pending: &Pending, result: Result<(), Obstacle>) {
        match &pending.goal {
            Goal::Swapped { sg, .. } => {
                self.state.swaps.remove(sg);
                self.dirty.insert(sg.clone());
            }
            Goal::Adjusted { sg } => {
                self.state.adjusts.remove(sg);
                self.dirty.insert(sg.clone());
            }
            Goal::Enabled { sus } if result.is_err() => self.forget_repair(sus),
            Goal::Released { .. }
            | Goal::SiReleased
            | Goal::Terminated { .. }
            | Goal::Instantiated { .. }
            | Goal::Settled { .. }
            | Goal::Ordered { .. }
            | Goal::Restarted { .. }
            | Goal::Enabled { .. } => {}
        }
        self.answer_now(pending.request, &pending.dn, pending.op, result);
    }

    fn answer_now(&mut self, request: RequestId, dn: &Dn, operation: Op, result: Result<(), Obstacle>) {
        let result: Result<(), Refusal> = result.map_err(Refusal::from);
        let outcome = match &result {
            Ok(()) => "done".to_owned(),
            Err(refusal) => refusal.to_string(),
        };
        self.because(dn, Reason::AdminAnswered { operation, outcome });
        self.reply(request, result);
    }

    fn reply(&mut self, request: RequestId, result: Result<(), Refusal>) {
        self.out.reply.push(Effect::AdminReply { request, result });
    }
}
