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

use crate::plan::{Availability, Group, Load, Member, Target};
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
    let builder = Builder { group, target };
    let mut steps = Steps::default();
    for member in &group.members {
        if let Some(action) = builder.action(member) {
            steps.orders.push((member.dn.clone(), action));
        }
        for si in builder.to_activate(member) {
            if let Some(reason) = builder.keeps_waiting(&si, member) {
                steps.waits.insert(si, reason);
            }
        }
    }
    steps.waits.extend(builder.waits_of_dependences());
    steps
}

struct Builder<'a> {
    group: &'a Group,
    target: &'a Target,
}

impl Builder<'_> {
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

    fn role(&self, si: &Dn, member: &Member) -> Option<HaState> {
        self.target.role(si, &member.dn)
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
            if self.awaits_dependent(si, how).is_some() {
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

    fn to_activate(&self, member: &Member) -> BTreeSet<Dn> {
        self.target
            .sis
            .iter()
            .filter(|(si, target)| {
                target.active.contains(&member.dn) && member.holds.get(*si) != Some(&HaState::Active)
            })
            .map(|(si, _)| si.clone())
            .collect()
    }

    fn may_act_elsewhere(&self, si: &Dn, member: &Member) -> Option<&Member> {
        self.group
            .members
            .iter()
            .find(|other| other.dn != member.dn && other.may_act.contains(si))
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

    fn activate(&self, member: &Member) -> Option<Action> {
        let mut ready = self.to_activate(member);
        ready.retain(|si| self.keeps_waiting(si, member).is_none());
        if ready.is_empty() {
            return None;
        }
        // What only waits for its sponsor, which may be among those that are ready, follows.
        let follows =
            |si: &Dn| self.role(si, member) == Some(HaState::Active) && self.awaits_sponsor(si).is_some();
        let stands_by =
            |(si, ha): (&Dn, &HaState)| *ha == HaState::Standby && !ready.contains(si) && !follows(si);
        let mixes = !self.group.protection.roles_mix && member.holds.iter().any(stands_by);
        let too_many =
            self.group.protection.load == Load::One && member.holds.keys().any(|si| !ready.contains(si));
        (!mixes && !too_many).then_some(Action::Assign(HaState::Active, ready))
    }

    fn stand_by(&self, member: &Member) -> Option<Action> {
        let serves = |(si, ha): (&Dn, &HaState)| {
            matches!(ha, HaState::Active | HaState::Quiescing)
                || self.role(si, member) == Some(HaState::Active)
        };
        if !self.group.protection.roles_mix && member.holds.iter().any(serves) {
            return None;
        }
        let ready: BTreeSet<Dn> = self
            .target
            .sis
            .iter()
            .filter(|(si, target)| {
                target.standby.contains(&member.dn)
                    && member.holds.get(*si) != Some(&HaState::Standby)
                    && self.is_served(si)
            })
            .map(|(si, _)| si.clone())
            .collect();
        (!ready.is_empty()).then_some(Action::Assign(HaState::Standby, ready))
    }

    /// Whether every SU that shall be active for the SI has confirmed it.
    fn is_served(&self, si: &Dn) -> bool {
        self.target.sis.get(si).is_some_and(|target| {
            target.active.iter().all(|su| {
                self.group
                    .member(su)
                    .is_some_and(|member| member.holds.get(si) == Some(&HaState::Active))
            })
        })
    }

    fn remove(&self, member: &Member) -> Option<Action> {
        let ready: BTreeSet<Dn> = member
            .holds
            .iter()
            .filter(|(si, ha)| {
                self.role(si, member).is_none()
                    && match ha {
                        HaState::Quiesced => self.is_served(si) || !self.is_planned(si),
                        HaState::Standby => !self.is_being_left(si),
                        HaState::Active | HaState::Quiescing => false,
                    }
            })
            .map(|(si, _)| si.clone())
            .collect();
        (!ready.is_empty()).then_some(Action::Remove(ready))
    }

    fn is_planned(&self, si: &Dn) -> bool {
        self.target
            .sis
            .get(si)
            .is_some_and(|target| !target.active.is_empty())
    }

    /// Whether an SU that shall not be active may still act for the SI. Until it has stopped, standbys stay.
    fn is_being_left(&self, si: &Dn) -> bool {
        self.group
            .members
            .iter()
            .any(|member| member.may_act.contains(si) && self.role(si, member) != Some(HaState::Active))
    }

    fn update(&self, member: &Member) -> Option<Action> {
        for ha in [HaState::Active, HaState::Standby] {
            let sis: BTreeSet<Dn> = member
                .outdated
                .iter()
                .filter(|si| member.holds.get(*si) == Some(&ha) && self.role(si, member) == Some(ha))
                .cloned()
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
