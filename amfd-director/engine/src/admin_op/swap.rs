//! `si-swap`: who may be swapped with whom, and why not.

use ais::Dn;
use ais::amf::{AdminState, HaState};

use super::goal::Goal;
use super::obstacle::Obstacle;
use crate::Director;
use crate::group;
use crate::model::Sg;
use crate::plan::{self, Fit, Member, Role, Swap, Swaps, Tally};
use crate::state::{Serving, SuState};

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
        let pairs = planned.chain(holders.keys()).filter(is_standby).map(|to| Swap {
            from: from.clone(),
            to: to.clone(),
            si: (swaps == Swaps::Instance).then(|| si.clone()),
        });
        let mut refusal = None;
        let mut found = None;
        for swap in pairs {
            match self
                .no_room(group, &swap)
                .or_else(|| self.no_seats(&sg, group, &swap))
                .or_else(|| self.not_ready(group, &swap))
            {
                None => {
                    found = Some(swap);
                    break;
                }
                Some(obstacle) => refusal = refusal.or(Some(obstacle)),
            }
        }
        let Some(swap) = found else {
            let none = || Obstacle::SwapNoStandby {
                si: si.clone(),
                why: self.why_no_standby(&sg, group, from),
            };
            return Err(refusal.unwrap_or_else(none));
        };
        let goal = Goal::Swapped {
            sg: sg.clone(),
            from: swap.from.clone(),
            to: swap.to.clone(),
        };
        self.state.swaps.insert(sg, swap);
        Ok(goal)
    }

    /// Why the two cannot change places: one of them would have more SIs than it may.
    fn no_room(&self, sg: &Sg, swap: &Swap) -> Option<Obstacle> {
        let count = |su: &Dn, wanted: HaState| {
            let holds = self.state.su(su).map(SuState::holds).unwrap_or_default();
            holds.values().filter(|ha| **ha == wanted).count()
        };
        let (from, to) = (sg.sus.get(&swap.from)?, sg.sus.get(&swap.to)?);
        let moved = match &swap.si {
            Some(_) => 1,
            None => count(&swap.from, HaState::Active),
        };
        // A whole SU gives up its other role; one SI is added to what is there.
        let stays = |su: &Dn, ha: HaState| swap.si.as_ref().map_or(0, |_| count(su, ha));
        let full = |su: &Dn, attribute: &'static str| Obstacle::SwapNoRoom {
            su: su.clone(),
            attribute,
        };
        if stays(&swap.to, HaState::Active) + moved > group::limits(sg, to).active {
            return Some(full(&swap.to, "saAmfSGMaxActiveSIsperSU"));
        }
        let stands_by = stays(&swap.from, HaState::Standby) + moved;
        let too_many = stands_by > group::limits(sg, from).standby;
        too_many.then(|| full(&swap.from, "saAmfSGMaxStandbySIsperSU"))
    }

    /// Whether the components of the SU that becomes active could not have all that it would be active for.
    fn no_seats(&self, dn: &Dn, sg: &Sg, swap: &Swap) -> Option<Obstacle> {
        let group = group::build(self.view(), dn, sg);
        let (from, to) = (group.member(&swap.from)?, group.member(&swap.to)?);
        let serves = |member: &Member, si: &Dn| member.holds.get(si) == Some(&HaState::Active);
        let comes = |si: &Dn| match &swap.si {
            Some(one) => si == one || serves(to, si),
            None => serves(from, si),
        };
        let mut tally = Tally::new(to, Role::Active);
        let mut coming = (0..group.services.len()).filter(|si| comes(&group.services[*si].dn));
        let is_full = !coming.all(|si| !to.fits[si].leads() || tally.admit(si));
        is_full.then(|| Obstacle::SwapNoSeats { su: swap.to.clone() })
    }

    /// Which component would have to be active, and says that it is not ready to be.
    fn not_ready(&self, sg: &Sg, swap: &Swap) -> Option<Obstacle> {
        let state = self.state.su(&swap.from)?;
        let holds = state.holds();
        let moved = holds.iter().filter(|(si, ha)| match &swap.si {
            Some(one) => *si == one,
            None => **ha == HaState::Active,
        });
        let to = sg.sus.get(&swap.to)?;
        let fit = |si: &Dn| Some(group::fit(to, self.state.su(&swap.to), sg.sis.get(si)?));
        let mut unready = moved.filter(|(si, _)| fit(si).is_some_and(Fit::is_unready));
        unready.next().map(|(si, _)| Obstacle::SwapNotReady {
            su: swap.to.clone(),
            si: si.clone(),
        })
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
