//! Unlock, lock, shutdown and the two operations on instantiation: they set an administrative state.

use ais::Dn;
use ais::amf::{AdminOperation as Op, AdminState};

use super::goal::Goal;
use super::obstacle::Obstacle;
use super::table::{self, Entity};
use crate::Director;

impl Director {
    pub(super) fn change_admin_state(&mut self, entity: Entity, dn: &Dn, op: Op) -> Result<Goal, Obstacle> {
        let to = match table::transition(self.state.admin(dn), dn, op) {
            // The same operation is under way; what it leads to does not hold yet.
            Err(no_effect @ Obstacle::NoEffect { .. }) => {
                self.check_same_entity(dn, op)?;
                return Err(no_effect);
            }
            to => to?,
        };
        self.check_same_entity(dn, op)?;
        self.check_free(dn, op)?;
        if op == Op::LockInstantiation {
            self.check_nothing_assigned(dn)?;
        }
        self.interrupt_shutdown(dn, op);
        self.set_admin(dn, to);
        if entity == Entity::NodeGroup {
            self.change_members(dn, op);
        }
        let sus = self.sus_below(dn);
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
            | Op::EamStop => {
                let disabled = sus.iter().filter(|su| self.is_disabled(su)).cloned().collect();
                Goal::Settled { sus, disabled }
            }
        })
    }

    /// A node group's operation is carried out on those of its nodes whose state allows it (OpenSAF practice; the
    /// standard has no operations on node groups). A node that is locked for instantiation stays so when its group is
    /// unlocked, and one that is locked is not shut down.
    fn change_members(&mut self, group: &Dn, op: Op) {
        for node in self.model.groups.get(group).cloned().unwrap_or_default() {
            if let Ok(to) = table::transition(self.state.admin(&node), &node, op) {
                self.set_admin(&node, to);
            }
        }
    }

    pub(super) fn set_admin(&mut self, dn: &Dn, to: AdminState) {
        self.state.admin.insert(dn.clone(), to);
        let sgs = self.concerned(dn);
        self.dirty.extend(sgs);
    }

    pub(super) fn is_disabled(&self, su: &Dn) -> bool {
        self.model
            .su(su)
            .is_some_and(|(_, _, config)| self.view().disabled(su, config).is_some())
    }

    fn check_nothing_assigned(&self, dn: &Dn) -> Result<(), Obstacle> {
        let holds = |su: &Dn| self.state.su(su).is_some_and(|state| !state.is_empty());
        match self.sus_below(dn).into_iter().find(holds) {
            Some(su) => Err(Obstacle::Assigned { su }),
            None => Ok(()),
        }
    }

    /// A shutdown that is overtaken is answered now.
    fn interrupt_shutdown(&mut self, dn: &Dn, by: Op) {
        let (overtaken, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending| &pending.dn == dn && pending.op == Op::Shutdown);
        self.pending = rest;
        for pending in overtaken {
            self.finish(&pending, Err(Obstacle::Overtaken { by }));
        }
    }
}
