//! `si-swap`: who may be swapped with whom, and why not.

use ais::Dn;
use ais::amf::{AdminState, HaState};

use super::goal::Goal;
use super::obstacle::Obstacle;
use crate::Director;
use crate::model::Sg;
use crate::plan::{self, Swap, Swaps};
use crate::state::Serving;

impl Director {
    pub(super) fn swap(&mut self, si: &Dn) -> Result<Goal, Obstacle> {
        let Some((sg, group, _)) = self.model.si(si) else {
            return Err(Obstacle::Missing { dn: si.clone() });
        };
        let sg = sg.clone();
        let swaps = plan::protection(group.model).swaps;
        if swaps == Swaps::Nothing {
            return Err(Obstacle::SwapModel { model: group.model });
        }
        let state = self.state.admin(si);
        if matches!(state, AdminState::Locked | AdminState::LockedInstantiation) {
            let si = si.clone();
            return Err(Obstacle::SwapState { si, state });
        }
        self.check_settled(&sg)?;
        let holders = self.view().holders(group, si);
        let active = holders.iter().find(|(_, ha)| **ha == HaState::Active);
        let Some((from, _)) = active else {
            return Err(Obstacle::SwapNoActive { si: si.clone() });
        };
        let is_standby = |su: &&Dn| holders.get(*su) == Some(&HaState::Standby);
        // The planner has the standbys in the order of their rank.
        let planned = self
            .evaluations
            .get(&sg)
            .and_then(|found| found.target.sis.get(si));
        let planned = planned.into_iter().flat_map(|target| &target.standby);
        let Some(to) = planned.chain(holders.keys()).find(is_standby) else {
            let why = self.why_no_standby(&sg, group, from);
            return Err(Obstacle::SwapNoStandby { si: si.clone(), why });
        };
        let swap = Swap {
            from: from.clone(),
            to: to.clone(),
            si: (swaps == Swaps::Instance).then(|| si.clone()),
        };
        let goal = Goal::Swapped {
            sg: sg.clone(),
            from: from.clone(),
            to: to.clone(),
        };
        self.state.swaps.insert(sg, swap);
        Ok(goal)
    }

    /// What is with the SUs that might stand by.
    fn why_no_standby(&self, sg: &Dn, group: &Sg, active: &Dn) -> String {
        let others: Vec<String> = group
            .sus
            .keys()
            .filter(|su| *su != active)
            .map(|su| match self.view().serving(su) {
                Serving::InService => format!("{su}: in service"),
                Serving::Stopping(reason) | Serving::No(reason) => format!("{su}: {reason}"),
            })
            .collect();
        if others.is_empty() {
            format!("{sg} has no other SU")
        } else {
            others.join("; ")
        }
    }
}
