//! From what is held to what should be held: the next orders that are safe, for every redundancy model.
//!
//! Order is decided here and nowhere else. An active SU that shall not be active is told to leave; the new one is told
//! when nobody can act for the SI any more; standbys are told when the active one has answered; the old holder becomes
//! standby, or is removed, last. An SU has one order at a time; an order carries all SIs that get the same state.
//! What differs between models comes as [`crate::plan::Protection`].

mod sponsors;

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::HaState;

use crate::plan::{Availability, Group, Member, Target};
use crate::reason::Reason;

/// What an SU is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Assign(HaState, BTreeSet<Dn>),
    Remove(BTreeSet<Dn>),
    Cleanup,
}

/// The next orders, and why SIs wait.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) orders: Vec<(Dn, Action)>,
    pub(crate) waits: BTreeMap<Dn, Reason>,
}

/// The orders that are safe now.
pub(crate) fn next(group: &Group, target: &Target) -> Steps {
    let builder = Builder::new(group, target);
    let mut steps = Steps::default();
    for member in &group.members {
        if let Some(action) = builder.action(member) {
            steps.orders.push((member.dn.clone(), action));
        }
        for si in builder.missing(member, HaState::Active) {
            if let Some(reason) = builder.keeps_waiting(si, member) {
                steps.waits.insert(si.clone(), reason);
            }
        }
    }
    steps.waits.extend(builder.waits_of_dependences());
    for si in builder.without_standby() {
        let reason = || Reason::StandbyImpossible;
        steps.waits.entry(si.clone()).or_insert_with(reason);
    }
    steps
}

/// The group and its target, as they are looked up.
struct Builder<'a> {
    group: &'a Group,
    target: &'a Target,
    members: BTreeMap<&'a Dn, &'a Member>,
    /// The SIs with their positions in the order of importance.
    services: BTreeMap<&'a Dn, usize>,
    /// What each SU should hold, as far as its components can.
    roles: BTreeMap<&'a Dn, BTreeMap<&'a Dn, HaState>>,
    /// The SUs that may act for each SI.
    acting: BTreeMap<&'a Dn, Vec<&'a Member>>,
    /// The SUs that have confirmed to serve each SI.
    serving: BTreeMap<&'a Dn, Vec<&'a Member>>,
}

impl<'a> Builder<'a> {
    fn new(group: &'a Group, target: &'a Target) -> Builder<'a> {
        let members: BTreeMap<&Dn, &Member> =
            group.members.iter().map(|member| (&member.dn, member)).collect();
        let mut roles: BTreeMap<&Dn, BTreeMap<&Dn, HaState>> = BTreeMap::new();
        for (si, wish) in &target.sis {
            let never = |su: &Dn| {
                members
                    .get(su)
                    .is_some_and(|member| member.never_standby.contains(si))
            };
            for su in wish.standby.iter().filter(|su| !never(su)) {
                roles.entry(su).or_default().insert(si, HaState::Standby);
            }
            for su in &wish.active {
                roles.entry(su).or_default().insert(si, HaState::Active);
            }
        }
        let mut acting: BTreeMap<&Dn, Vec<&Member>> = BTreeMap::new();
        let mut serving: BTreeMap<&Dn, Vec<&Member>> = BTreeMap::new();
        for member in &group.members {
            for si in &member.may_act {
                acting.entry(si).or_default().push(member);
            }
            for (si, ha) in &member.holds {
                if matches!(ha, HaState::Active | HaState::Quiescing) {
                    serving.entry(si).or_default().push(member);
                }
            }
        }
        Builder {
            group,
            target,
            members,
            services: group
                .services
                .iter()
                .map(|service| &service.dn)
                .zip(0..)
                .collect(),
            roles,
            acting,
            serving,
        }
    }

    fn action(&self, member: &Member) -> Option<Action> {
        match member.orders {
            Availability::Unreachable | Availability::Busy => return None,
            Availability::Quiescing => return self.change_of_mind(member),
            Availability::Free | Availability::Paused => {}
        }
        if let Some(fault) = member.fault {
            if !fault.isolated {
                return None;
            }
            let has_work =
                !member.holds.is_empty() || !member.may_act.is_empty() || !member.uncertain.is_empty();
            if fault.whole_su {
                return has_work.then_some(Action::Cleanup);
            }
        }
        // It gets nothing before it is repaired; what it keeps stays as it is.
        if member.fault.is_some() && member.uncertain.is_empty() {
            return self.leave(member).or_else(|| self.remove(member));
        }
        if !member.uncertain.is_empty() {
            return Some(Action::Remove(member.uncertain.clone()));
        }
        if member.orders == Availability::Paused {
            return self.leave(member);
        }
        self.leave(member)
            .or_else(|| self.activate(member))
            .or_else(|| self.remove(member))
            .or_else(|| self.stand_by(member))
            .or_else(|| self.update(member))
    }

    /// While an SU quiesces, it may be told to stop at once or to go on serving.
    fn change_of_mind(&self, member: &Member) -> Option<Action> {
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

    /// The SIs that an SU should stand by for and cannot.
    fn without_standby(&self) -> impl Iterator<Item = &'a Dn> {
        let wishes = self.target.sis.iter();
        let without = wishes.filter(|(si, wish)| wish.standby.iter().any(|su| !self.has_role(si, su)));
        without.map(|(si, _)| si)
    }

    fn has_role(&self, si: &Dn, su: &Dn) -> bool {
        self.roles.get(su).is_some_and(|roles| roles.contains_key(si))
    }

    fn role(&self, si: &Dn, member: &Member) -> Option<HaState> {
        self.roles.get(&member.dn)?.get(si).copied()
    }

    /// The SIs that the SU should hold in the state and does not, the most important first.
    fn missing(&self, member: &Member, ha: HaState) -> Vec<&'a Dn> {
        let roles = self.roles.get(&member.dn).into_iter().flatten();
        let mut sis: Vec<&Dn> = roles
            .filter(|(si, role)| **role == ha && member.holds.get(**si) != Some(&ha))
            .map(|(si, _)| *si)
            .collect();
        sis.sort_by_key(|si| self.services.get(si));
        sis
    }

    /// How the SU stops serving the SI: at once, or when its work is finished.
    fn leaving_state(&self, si: &Dn, member: &Member) -> HaState {
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

    fn leave(&self, member: &Member) -> Option<Action> {
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
                is_ready && !has_it && other.held_active() < other.limits.active
            })
        };
        self.target
            .sis
            .get(si)
            .is_some_and(|wish| wish.active.iter().any(comes))
    }

    fn may_act_elsewhere(&self, si: &Dn, member: &Member) -> Option<&'a Member> {
        let acting = self.acting.get(si)?;
        acting
            .iter()
            .copied()
            .find(|other| other.dn != member.dn)
            .filter(|_| self.group.protection.single_active)
    }

    /// Why the SI, which the SU shall be active for, may not be given to it now.
    fn keeps_waiting(&self, si: &Dn, member: &Member) -> Option<Reason> {
        let holder = self.may_act_elsewhere(si, member);
        let release = holder.map(|holder| Reason::AwaitsRelease {
            holder: holder.dn.clone(),
        });
        release.or_else(|| self.awaits_sponsor(si))
    }

    /// The SIs that the SU should be active for and that nothing keeps waiting but want of room.
    fn to_activate(&self, member: &Member) -> Vec<&'a Dn> {
        let mut ready = self.missing(member, HaState::Active);
        ready.retain(|si| self.keeps_waiting(si, member).is_none());
        ready
    }

    fn activate(&self, member: &Member) -> Option<Action> {
        let mut ready = self.to_activate(member);
        let mut room = member.limits.active.saturating_sub(member.held_active());
        ready.retain(|si| match member.holds.get(*si) {
            Some(HaState::Active | HaState::Quiescing | HaState::Quiesced) => true,
            Some(HaState::Standby) | None => {
                let has_room = room > 0;
                room = room.saturating_sub(1);
                has_room
            }
        });
        // DEVIATION(AMF-042): what only waits for its sponsor, which may be among those that are ready, follows.
        let follows =
            |si: &Dn| self.role(si, member) == Some(HaState::Active) && self.awaits_sponsor(si).is_some();
        let stands_by =
            |(si, ha): (&Dn, &HaState)| *ha == HaState::Standby && !ready.contains(&si) && !follows(si);
        if !self.group.protection.roles_mix && member.holds.iter().any(stands_by) {
            return None;
        }
        let ready: BTreeSet<Dn> = ready.into_iter().cloned().collect();
        (!ready.is_empty()).then_some(Action::Assign(HaState::Active, ready))
    }

    /// The SIs that the SU should stand by for: their active SUs have answered, and where there may be one standby, the
    /// one before has gone.
    fn to_stand_by(&self, member: &Member) -> Vec<&'a Dn> {
        let mut ready = self.missing(member, HaState::Standby);
        ready.retain(|si| self.is_served(si) && !self.awaits_standby(si, member));
        ready
    }

    fn stand_by(&self, member: &Member) -> Option<Action> {
        let serves = |(si, ha): (&Dn, &HaState)| {
            matches!(ha, HaState::Active | HaState::Quiescing)
                || self.role(si, member) == Some(HaState::Active)
        };
        if !self.group.protection.roles_mix && member.holds.iter().any(serves) {
            return None;
        }
        let mut ready = self.to_stand_by(member);
        let held = member.holds.values().filter(|ha| **ha == HaState::Standby);
        ready.truncate(member.limits.standby.saturating_sub(held.count()));
        let ready: BTreeSet<Dn> = ready.into_iter().cloned().collect();
        (!ready.is_empty()).then_some(Action::Assign(HaState::Standby, ready))
    }

    /// Whether a healthy SU that shall not stand by for the SI any more still does, where only one may.
    fn awaits_standby(&self, si: &Dn, member: &Member) -> bool {
        let leaves = |other: &Member| {
            other.dn != member.dn
                && other.usable.is_ok()
                && other.holds.get(si) == Some(&HaState::Standby)
                && self.role(si, other).is_none()
        };
        self.group.protection.single_standby && self.group.members.iter().any(leaves)
    }

    /// Whether every SU that shall be active for the SI has confirmed it.
    fn is_served(&self, si: &Dn) -> bool {
        self.target.sis.get(si).is_some_and(|target| {
            target.active.iter().all(|su| {
                let member = self.members.get(su);
                member.is_some_and(|member| member.holds.get(si) == Some(&HaState::Active))
            })
        })
    }

    fn remove(&self, member: &Member) -> Option<Action> {
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

    /// What the SU holds as it should, but for the arrangement of its CSIs or its rank as a standby
    /// (AMF B.02.01 §3.7.4.5).
    fn update(&self, member: &Member) -> Option<Action> {
        let is_outdated = |si: &Dn, ha: HaState| {
            let told = member.standby_ranks.get(si).filter(|_| ha == HaState::Standby);
            // While a node that was lost and is back still serves, its other self is not told again to.
            let alone = ha == HaState::Standby || self.may_act_elsewhere(si, member).is_none();
            alone && member.outdated.contains(si)
                || told.is_some_and(|rank| *rank != self.target.standby_rank(si, &member.dn))
        };
        for ha in [HaState::Active, HaState::Standby] {
            let sis: BTreeSet<Dn> = member
                .holds
                .iter()
                .filter(|(si, held)| **held == ha && self.role(si, member) == Some(ha) && is_outdated(si, ha))
                .map(|(si, _)| si.clone())
                .collect();
            if !sis.is_empty() {
                return Some(Action::Assign(ha, sis));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use ais::amf::RedundancyModel;

    use super::*;
    use crate::plan::tests_support::{dn, group, member};
    use crate::plan::{self, MemberFault};

    const SIS: &[&str] = &["si=a", "si=b"];

    fn both(name: &str, ha: HaState) -> Member {
        member(name, &[("si=a", ha), ("si=b", ha)])
    }

    fn locked(mut member: Member) -> Member {
        member.usable = Err(Reason::SuLocked);
        member
    }

    fn busy(mut member: Member) -> Member {
        member.orders = Availability::Busy;
        member
    }

    fn faulty(mut member: Member, whole_su: bool, isolated: bool) -> Member {
        member.usable = Err(Reason::SuWithdrawn);
        member.fault = Some(MemberFault { whole_su, isolated });
        member
    }

    /// The orders that a 2N group of these SUs gets.
    fn orders(members: Vec<Member>) -> String {
        let group = group(RedundancyModel::TwoN, members, SIS);
        let target = plan::plan(RedundancyModel::TwoN, &group);
        let mut text = String::new();
        for (su, action) in next(&group, &target).orders {
            match action {
                Action::Assign(ha, sis) => write!(text, "{su} {ha} {sis:?}; "),
                Action::Remove(sis) => write!(text, "{su} remove {sis:?}; "),
                Action::Cleanup => write!(text, "{su} cleanup; "),
            }
            .unwrap();
        }
        text
    }

    #[test]
    fn each_situation_of_a_pair_has_its_next_orders() {
        use HaState::{Active, Quiesced, Standby};
        let fresh = |name: &str| member(name, &[]);
        let table: Vec<(&str, Vec<Member>, &str)> = vec![
            (
                "fresh: the active first",
                vec![fresh("s=1"), fresh("s=2")],
                "s=1 ACTIVE {si=a, si=b}; ",
            ),
            (
                "then the standby",
                vec![both("s=1", Active), fresh("s=2")],
                "s=2 STANDBY {si=a, si=b}; ",
            ),
            ("served", vec![both("s=1", Active), both("s=2", Standby)], ""),
            (
                "locked",
                vec![locked(both("s=1", Active)), both("s=2", Standby)],
                "s=1 QUIESCED {si=a, si=b}; ",
            ),
            (
                "quiescing is awaited",
                vec![busy(locked(both("s=1", Active))), both("s=2", Standby)],
                "",
            ),
            (
                "quiesced",
                vec![locked(both("s=1", Quiesced)), both("s=2", Standby)],
                "s=2 ACTIVE {si=a, si=b}; ",
            ),
            (
                "taken over",
                vec![locked(both("s=1", Quiesced)), both("s=2", Active)],
                "s=1 remove {si=a, si=b}; ",
            ),
            (
                "swapped",
                vec![both("s=1", Quiesced), both("s=2", Active)],
                "s=1 STANDBY {si=a, si=b}; ",
            ),
            (
                "component runs",
                vec![faulty(both("s=1", Active), false, false), both("s=2", Standby)],
                "",
            ),
            (
                "component cleaned up",
                vec![faulty(both("s=1", Active), false, true), both("s=2", Standby)],
                "s=1 QUIESCED {si=a, si=b}; ",
            ),
            (
                "SU runs",
                vec![faulty(both("s=1", Active), true, false), both("s=2", Standby)],
                "",
            ),
            (
                "SU cleaned up",
                vec![faulty(both("s=1", Active), true, true), both("s=2", Standby)],
                "s=1 cleanup; ",
            ),
            (
                "lost",
                vec![locked(fresh("s=1")), both("s=2", Standby)],
                "s=2 ACTIVE {si=a, si=b}; ",
            ),
        ];
        for (what, members, expected) in table {
            assert_eq!(orders(members), expected, "{what}");
        }
    }

    #[test]
    fn what_an_su_cannot_stand_by_for_is_removed_when_it_is_served_elsewhere() {
        let mut left = both("s=1", HaState::Quiesced);
        left.never_standby = [dn("si=b")].into();
        assert_eq!(
            orders(vec![left.clone(), both("s=2", HaState::Standby)]),
            "s=2 ACTIVE {si=a, si=b}; "
        );
        assert_eq!(
            orders(vec![left, both("s=2", HaState::Active)]),
            "s=1 remove {si=b}; "
        );
        let mut rest = member("s=1", &[("si=a", HaState::Quiesced)]);
        rest.never_standby = [dn("si=b")].into();
        assert_eq!(
            orders(vec![rest, both("s=2", HaState::Active)]),
            "s=1 STANDBY {si=a}; "
        );
    }

    #[test]
    fn who_may_not_serve_does_not_wait_for_a_successor_that_is_broken() {
        let broken = || faulty(both("s=2", HaState::Active), true, false);
        let left = both("s=1", HaState::Quiesced);
        let text = orders(vec![locked(left.clone()), broken(), member("s=3", &[])]);
        assert_eq!(text, "s=1 remove {si=a, si=b}; ");
        assert_eq!(orders(vec![left, broken()]), "", "it may be active again");
        // Nor for one that stands by for the broken one, and so can be active for nothing else.
        let half = |name, si, ha| member(name, &[(si, ha)]);
        let left = locked(half("s=1", "si=a", HaState::Quiesced));
        let broken = faulty(half("s=2", "si=b", HaState::Active), true, false);
        let standby = half("s=3", "si=b", HaState::Standby);
        assert_eq!(orders(vec![left, broken, standby]), "s=1 remove {si=a}; ");
    }

    #[test]
    fn an_uncertain_su_blocks_others_and_is_cleared_first() {
        let mut uncertain = member("s=1", &[]);
        uncertain.usable = Err(Reason::SuWithdrawn);
        uncertain.uncertain = [dn("si=a")].into();
        uncertain.may_act = [dn("si=a")].into();
        let text = orders(vec![uncertain, member("s=2", &[])]);
        assert_eq!(text, "s=1 remove {si=a}; s=2 ACTIVE {si=b}; ");
    }

    #[test]
    fn roles_do_not_mix_in_an_su() {
        let mut first = member("s=1", &[("si=a", HaState::Active)]);
        first.usable = Err(Reason::SuLocked);
        let text = orders(vec![first, both("s=2", HaState::Standby)]);
        assert_eq!(
            text, "s=1 QUIESCED {si=a}; ",
            "si=b waits until si=a can go with it"
        );
    }
}
