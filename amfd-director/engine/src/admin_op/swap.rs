//! `si-swap`: who may be swapped with whom, and why not.

use ais::amf::{AdminState, HaState};
use ais::{AisError, Dn, Refusal};

use super::goal::Goal;
use super::refuse;
use crate::Director;
use crate::plan::{self, Swap, Swaps};
use crate::state::Serving;

impl Director {
    pub(super) fn swap(&mut self, si: &Dn) -> Result<Goal, Refusal> {
        let Some((sg, group, _)) = self.model.si(si) else {
            return refuse(AisError::BadOperation, format!("{si} is not managed"));
        };
        let (sg, view) = (sg.clone(), self.view());
        if plan::protection(group.model).swaps == Swaps::Nothing {
            let text = format!("si-swap has no meaning in the redundancy model {}", group.model);
            return refuse(AisError::NotSupported, text);
        }
        let admin = self.state.admin(si);
        if admin != AdminState::Unlocked {
            return refuse(AisError::BadOperation, format!("{si} is {admin}"));
        }
        if !self.is_settled(&sg) {
            return refuse(
                AisError::TryAgain,
                format!("assignments of {sg} are being changed"),
            );
        }
        let holders = view.holders(group, si);
        let with = |wanted: HaState| {
            holders
                .iter()
                .find(|(_, ha)| **ha == wanted)
                .map(|(su, _)| su.clone())
        };
        let Some(from) = with(HaState::Active) else {
            return refuse(AisError::BadOperation, format!("{si} has no active assignment"));
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
            return refuse(
                AisError::BadOperation,
                format!("{si} has no standby assignment ({why})"),
            );
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
