//! From what is held to what should be held: the next orders that are safe, for every redundancy model.
//!
//! Order is decided here and nowhere else. An active SU that shall not be active is told to leave; the new one is told
//! when nobody can act for the SI any more; standbys are told when the active one has answered; the old holder becomes
//! standby, or is removed, last. An SU has one order at a time; an order carries all SIs that get the same state.
//! What differs between models comes as [`crate::plan::Protection`].

mod leaving;
mod sponsors;

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::HaState;

use crate::plan::{Availability, Group, Member, Role, Tally, Target};
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
    steps
}

/// The group and its target, as they are looked up.
struct Builder<'a> {
    group: &'a Group,
    target: &'a Target,
    members: BTreeMap<&'a Dn, &'a Member>,
    /// The SIs with their positions in the order of importance.
    services: BTreeMap<&'a Dn, usize>,
    /// What each SU should hold.
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
            for su in &wish.standby {
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

    fn action(&self, member: &'a Member) -> Option<Action> {
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

    /// The places of the SU's components that are taken by what it holds in one of these states.
    fn tally(&self, member: &'a Member, role: Role, counts: fn(HaState) -> bool) -> Tally<'a> {
        let mut tally = Tally::new(member, role);
        let held = member.holds.iter().filter(|(_, ha)| counts(**ha));
        for position in held.filter_map(|(si, _)| self.services.get(si)) {
            tally.add(*position);
        }
        tally
    }

    /// Whether the SI would find room beside all that the SU is, or was, active for.
    fn has_room(&self, si: &Dn, member: &'a Member) -> bool {
        let tally = self.tally(member, Role::Active, |ha| ha != HaState::Standby);
        let position = self.services.get(si);
        member.held_active() < member.limits.active && position.is_some_and(|at| tally.has_room(*at))
    }

    /// The SIs that the SU should be active for and that nothing keeps waiting but want of room.
    fn to_activate(&self, member: &Member) -> Vec<&'a Dn> {
        let mut ready = self.missing(member, HaState::Active);
        ready.retain(|si| self.keeps_waiting(si, member).is_none());
        ready
    }

    fn activate(&self, member: &'a Member) -> Option<Action> {
        let mut ready = self.to_activate(member);
        if !self.group.protection.roles_mix {
            // What it stands by for cannot wait: as long as it stands by for anything, it becomes active for nothing.
            ready.sort_by_key(|si| member.holds.get(*si) != Some(&HaState::Standby));
        }
        let mut room = (
            member.limits.active.saturating_sub(member.held_active()),
            self.tally(member, Role::Active, |ha| ha != HaState::Standby),
        );
        // What it has given up keeps its place, but where the limit has become less others may be in it.
        let mut places = (
            member.limits.active.saturating_sub(member.served()),
            self.tally(member, Role::Active, |ha| {
                matches!(ha, HaState::Active | HaState::Quiescing)
            }),
        );
        ready.retain(|si| {
            let (left, tally) = match member.holds.get(*si) {
                Some(HaState::Active | HaState::Quiescing) => return true,
                Some(HaState::Quiesced) => &mut places,
                Some(HaState::Standby) | None => &mut room,
            };
            let has_room = *left > 0 && self.services.get(si).is_some_and(|at| tally.admit(*at));
            *left = left.saturating_sub(1);
            has_room
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

    fn stand_by(&self, member: &'a Member) -> Option<Action> {
        let serves = |(si, ha): (&Dn, &HaState)| {
            matches!(ha, HaState::Active | HaState::Quiescing)
                || self.role(si, member) == Some(HaState::Active)
        };
        if !self.group.protection.roles_mix && member.holds.iter().any(serves) {
            return None;
        }
        let mut ready = self.to_stand_by(member);
        let mut tally = self.tally(member, Role::Standby, |ha| ha == HaState::Standby);
        ready.retain(|si| self.services.get(si).is_some_and(|at| tally.admit(*at)));
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
mod tests;
