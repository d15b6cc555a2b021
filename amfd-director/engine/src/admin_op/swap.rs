//! `si-swap`: who may be swapped with whom, and why not.

use ais::Dn;
use ais::amf::{AdminState, HaState};

use super::goal::Goal;
use super::obstacle::Obstacle;
use crate::Director;
use crate::plan::{self, Swap, Swaps};
use crate::state::Serving;

impl Director {
    pub(super) fn swap(&mut self, si: &Dn) -> Result<Goal, Obstacle> {
        let Some((sg, group, _)) = self.model.si(si) else {
            return Err(Obstacle::Missing { dn: si.clone() });
        };
        let (sg, view) = (sg.clone(), self.view());
        if plan::protection(group.model).swaps == Swaps::Nothing {
            return Err(Obstacle::SwapModel { model: group.model });
        }
        let admin = self.state.admin(si);
        if admin != AdminState::Unlocked {
            return Err(Obstacle::SwapState {
                si: si.clone(),
                state: admin,
            });
        }
        self.check_settled(&sg)?;
        let holders = view.holders(group, si);
        let with = |wanted: HaState| {
            holders
                .iter()
                .find(|(_, ha)| **ha == wanted)
                .map(|(su, _)| su.clone())
        };
        let Some(from) = with(HaState::Active) else {
            return Err(Obstacle::SwapNoActive { si: si.clone() });
        };
        let Some(to) = with(HaState::Standby) else {
            let others: Vec<String> = group
                .sus
                .keys()
                .filter(|su| **su != from)
                .map(|su| match view.serving(su) {
                    Serving::InService => format!("{su}: in service"),
                    Serving::Stopping(reason) | Serving::No(reason) => format!("{su}: {reason}"),
                })
                .collect();
            let why = if others.is_empty() {
                format!("{sg} has no other SU")
            } else {
                others.join("; ")
            };
            return Err(Obstacle::SwapNoStandby { si: si.clone(), why });
        };
        self.state.swaps.insert(
            sg.clone(),
            Swap {
                from: from.clone(),
                to: to.clone(),
                si: None,
            },
        );
        Ok(Goal::Swapped { sg, from, to })
    }
}
