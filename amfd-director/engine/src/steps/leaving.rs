//! How an SU gives up what it has: it stops serving, at once or when its work is finished, and what it does not need any
//! more is removed.

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::HaState;

use super::{Action, Builder, sponsors};
use crate::plan::{Availability, Member};

impl<'a> Builder<'a> {
    /// While an SU quiesces, it may be told to stop at once or to go on serving.
    pub(super) fn change_of_mind(&self, member: &Member) -> Option<Action> {
        let quiescing = |(si, ha): (&Dn, &HaState)| (*ha == HaState::Quiescing).then(|| si.clone());
        let sis: BTreeSet<Dn> = member.expects.iter().filter_map(quiescing).collect();
        let goes_on =
            |si: &Dn| self.role(si, member) == Some(HaState::Active) && self.awaits_sponsor(si).is_none();
        if sis.iter().all(goes_on) {
            return Some(Action::Assign(HaState::Active, sis));
        }
        let at_once = sis
            .iter()
            .any(|si| self.leaving_state(si, member) == HaState::Quiesced);
        at_once.then_some(Action::Assign(HaState::Quiesced, sis))
    }

    /// How the SU stops serving the SI: at once, or when its work is finished.
    pub(super) fn leaving_state(&self, si: &Dn, member: &Member) -> HaState {
        let service = self.service(si);
        let si_locked = service.is_none_or(|service| service.wanted.is_err() && !service.stopping);
        let si_stopping = service.is_some_and(|service| service.stopping);
        let su_out = member.usable.is_err() && !member.stopping;
        if self.must_end(si) {
            HaState::Quiesced
        } else if member.fault.is_none() && !si_locked && !su_out && (si_stopping || member.stopping) {
            HaState::Quiescing
        } else {
            HaState::Quiesced
        }
    }

    pub(super) fn leave(&self, member: &Member) -> Option<Action> {
        let mut quiesced = BTreeSet::new();
        let mut quiescing = BTreeSet::new();
        for si in member.holds.keys() {
            let Some(how) = self.leaves_as(si, member) else {
                continue;
            };
            if self.awaits_dependent(si, how).is_some() || self.awaits_successor(si, member) {
                continue;
            }
            match how {
                HaState::Quiescing => quiescing.insert(si.clone()),
                HaState::Active | HaState::Standby | HaState::Quiesced => quiesced.insert(si.clone()),
            };
        }
        let order = |ha, sis: BTreeSet<Dn>| (!sis.is_empty()).then_some(Action::Assign(ha, sis));
        order(HaState::Quiesced, quiesced).or_else(|| order(HaState::Quiescing, quiescing))
    }

    /// Where several SUs may be active for an SI, a healthy one goes on until those that come have taken over, if they
    /// have room.
    fn awaits_successor(&self, si: &Dn, member: &Member) -> bool {
        // What a failed component had nobody does any more.
        let goes_on = member.usable.is_ok() && member.fault.is_none();
        if self.group.protection.single_active || !goes_on || self.must_end(si) {
            return false;
        }
        let comes = |su: &Dn| {
            self.members.get(su).is_some_and(|other| {
                let is_ready = matches!(other.orders, Availability::Free | Availability::Busy);
                let has_it = other.holds.get(si) == Some(&HaState::Active);
                is_ready && !has_it && self.has_room(si, other)
            })
        };
        self.target
            .sis
            .get(si)
            .is_some_and(|wish| wish.active.iter().any(comes))
    }

    pub(super) fn remove(&self, member: &'a Member) -> Option<Action> {
        // What the SU shall hold and cannot, for want of room or because roles would mix.
        let wants_room = !self.to_activate(member).is_empty();
        let can_stand_by = self.stand_by(member).is_some();
        let is_crowded = wants_room || (!self.to_stand_by(member).is_empty() && !can_stand_by);
        let may_go = |si: &Dn, ha: HaState| match (ha, self.role(si, member)) {
            // It comes back as standby, when there is an active SU to stand by for, and room.
            (HaState::Quiesced, Some(HaState::Standby)) => wants_room && !can_stand_by,
            (HaState::Quiesced, None) => {
                is_crowded || self.is_served(si) || !self.is_planned(si) || self.is_held_up(member)
            }
            // A faulty SU stands by for nobody.
            (HaState::Standby, None) => {
                is_crowded || member.fault.is_some() || !self.is_being_left(si, member)
            }
            (HaState::Active | HaState::Quiescing, _) | (HaState::Quiesced | HaState::Standby, Some(_)) => {
                false
            }
        };
        let ready: BTreeSet<Dn> = member
            .holds
            .iter()
            .filter(|(si, ha)| may_go(si, **ha))
            .map(|(si, _)| si.clone())
            .collect();
        (!ready.is_empty()).then_some(Action::Remove(ready))
    }

    /// Whether those who take over from an SU that may not serve may be waiting for what cannot be told to stop, or keep
    /// their places for its sake: the repair of the one does not wait for that of the other.
    fn is_held_up(&self, member: &Member) -> bool {
        let is_broken = |other: &Member| {
            other.dn != member.dn && !other.may_act.is_empty() && !sponsors::will_answer(other)
        };
        self.group.protection.single_active
            && member.usable.is_err()
            && self.group.members.iter().any(is_broken)
    }

    fn is_planned(&self, si: &Dn) -> bool {
        self.target
            .sis
            .get(si)
            .is_some_and(|target| !target.active.is_empty())
    }

    /// Whether an SU that shall not be active may still act for the SI. Until it has stopped, its standby stays; one that
    /// may not serve itself does not wait for what cannot be told to stop.
    fn is_being_left(&self, si: &Dn, standby: &Member) -> bool {
        let acting = self.acting.get(si).into_iter().flatten();
        let waits_for = |member: &Member| standby.usable.is_ok() || sponsors::will_answer(member);
        acting
            .copied()
            .any(|member| self.role(si, member) != Some(HaState::Active) && waits_for(member))
    }
}
