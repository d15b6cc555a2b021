//! What the planners share: the group with positions in place of names, and a draft of the assignments.

use ais::amf::HaState;

use super::{Fit, Group, Load, Member, SiTarget, Tally, Target};
use crate::model::Rank;
use crate::reason::Reason;

/// A planned assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Active,
    Standby,
}

impl Role {
    const fn other(self) -> Role {
        match self {
            Role::Active => Role::Standby,
            Role::Standby => Role::Active,
        }
    }
}

/// A group. SUs and SIs are named by their positions in it, which are the order of their importance.
pub(super) struct Board<'a> {
    pub(super) group: &'a Group,
    /// The SIs that take part.
    pub(super) wanted: Vec<usize>,
    /// What each SU has of each SI, or will have when its order is done.
    present: Vec<Option<HaState>>,
    /// For each SI with a ranked list, the place of each SU in it.
    places: Vec<Option<Vec<usize>>>,
    all_fit: bool,
}

/// How well an SU suits an SI: whether it would serve worse than others, its place in the ranked list of the SI, then
/// its rank in the group; less is better.
pub(super) type Class = (bool, usize, Rank);

impl<'a> Board<'a> {
    pub(super) fn new(group: &'a Group) -> Board<'a> {
        let mut by_name: Vec<usize> = (0..group.services.len()).collect();
        by_name.sort_unstable_by(|a, b| group.services[*a].dn.cmp(&group.services[*b].dn));
        let mut present = vec![None; group.members.len() * group.services.len()];
        for (su, member) in group.members.iter().enumerate() {
            for (dn, ha) in &member.expects {
                if let Ok(at) = by_name.binary_search_by(|si| group.services[*si].dn.cmp(dn)) {
                    present[su * group.services.len() + by_name[at]] = Some(*ha);
                }
            }
        }
        let places = group.services.iter().map(|service| {
            let mut places = vec![usize::MAX; group.members.len()];
            for (place, su) in service.ranked.iter().enumerate() {
                places[*su] = places[*su].min(place);
            }
            (!service.ranked.is_empty()).then_some(places)
        });
        Board {
            group,
            wanted: (0..group.services.len())
                .filter(|si| group.services[*si].wanted.is_ok())
                .collect(),
            present,
            places: places.collect(),
            all_fit: group
                .members
                .iter()
                .all(|member| member.seats.is_none() && !member.fits.iter().any(|fit| !fit.leads())),
        }
    }

    /// Whether each SU could be active for each SI.
    pub(super) const fn all_fit(&self) -> bool {
        self.all_fit
    }

    pub(super) fn member(&self, su: usize) -> &'a Member {
        &self.group.members[su]
    }

    /// The SUs that may get work.
    pub(super) fn usable(&self) -> Vec<usize> {
        (0..self.group.members.len())
            .filter(|su| self.member(*su).usable.is_ok())
            .collect()
    }

    pub(super) fn has(&self, su: usize, si: usize, ha: HaState) -> bool {
        self.present[su * self.group.services.len() + si] == Some(ha)
    }

    /// Whether the SU serves the SI now.
    pub(super) fn serves(&self, su: usize, si: usize) -> bool {
        self.has(su, si, HaState::Active) || self.has(su, si, HaState::Quiescing)
    }

    /// Whether the SU has anything of an SI that takes part, in one of these states.
    pub(super) fn has_any(&self, su: usize, states: &[HaState]) -> bool {
        let has = |si: &usize| states.iter().any(|ha| self.has(su, *si, *ha));
        self.wanted.iter().any(has)
    }

    /// Whether the SU was made active for the SI here, and did not come back with it.
    pub(super) fn is_appointed(&self, su: usize, si: usize) -> bool {
        self.member(su).appointed.contains(&self.group.services[si].dn)
    }

    /// Of these SUs, the one that is active for the SI. Of two, that happens when a lost node comes back, the one that
    /// was made active here stays.
    pub(super) fn active_of(&self, si: usize, sus: &[usize]) -> Option<usize> {
        let mut active = sus.iter().copied().filter(|su| self.serves(*su, si));
        let first = active.next()?;
        if self.is_appointed(first, si) {
            return Some(first);
        }
        Some(active.find(|su| self.is_appointed(*su, si)).unwrap_or(first))
    }

    pub(super) fn fit(&self, su: usize, si: usize) -> Fit {
        self.member(su).fits.get(si).copied().unwrap_or(Fit::Unsupported)
    }

    /// Whether the SU supports the SI in the role and is ready for it.
    pub(super) fn fits(&self, role: Role, su: usize, si: usize) -> bool {
        match role {
            Role::Active => self.member(su).leads(si),
            Role::Standby => self.member(su).stands_by(si),
        }
    }

    /// Whether the SU could have a role for some SI that takes part.
    pub(super) fn fits_any(&self, su: usize) -> bool {
        let fits = |si: &usize| {
            self.fits(Role::Active, su, *si)
                || (self.group.protection.has_standbys && self.fits(Role::Standby, su, *si))
        };
        self.wanted.iter().any(fits)
    }

    /// For how many of the SIs that take part the SU may have the role.
    pub(super) fn most(&self, role: Role, su: usize) -> usize {
        let member = self.member(su);
        let all = member.limits.of(role).min(self.wanted.len());
        if member.seats.is_none() {
            return all;
        }
        let mut tally = Tally::new(member, role);
        self.wanted.iter().filter(|si| tally.admit(**si)).count().min(all)
    }

    pub(super) fn class(&self, su: usize, si: usize) -> Class {
        let place = self.places[si].as_ref().map_or(usize::MAX, |places| places[su]);
        (self.is_degraded(su, si), place, self.member(su).rank)
    }

    /// Whether the SU would serve worse than one that is fully ready.
    pub(super) fn is_degraded(&self, su: usize, si: usize) -> bool {
        self.fit(su, si) == Fit::Degraded
    }

    /// Whether SI `a` is strictly more important than SI `b`.
    pub(super) fn outranks(&self, a: usize, b: usize) -> bool {
        self.group.services[a].rank < self.group.services[b].rank
    }
}

/// The holders of a role.
struct Holders<'a> {
    /// For each SI, the SUs.
    of: Vec<Vec<usize>>,
    /// For each SU, how many SIs.
    load: Vec<usize>,
    /// For each SU, the places of its components; empty where none is limited.
    tallies: Vec<Tally<'a>>,
}

/// Assignments in the making. It never holds more than the limits of the SUs allow.
pub(super) struct Draft<'a> {
    pub(super) board: &'a Board<'a>,
    /// The SUs that may be used, the best first.
    pub(super) pool: Vec<usize>,
    roles: Vec<Option<Role>>,
    active: Holders<'a>,
    standby: Holders<'a>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(board: &'a Board<'a>, pool: Vec<usize>) -> Draft<'a> {
        let (sus, sis) = (board.group.members.len(), board.group.services.len());
        let members = &board.group.members;
        let is_limited = members.iter().any(|member| member.seats.is_some());
        let tallied = if is_limited { &members[..] } else { &[] };
        let holders = |role| Holders {
            of: vec![Vec::new(); sis],
            load: vec![0; sus],
            tallies: tallied.iter().map(|member| Tally::new(member, role)).collect(),
        };
        Draft {
            board,
            pool,
            roles: vec![None; sus * sis],
            active: holders(Role::Active),
            standby: holders(Role::Standby),
        }
    }

    const fn holders_of(&self, role: Role) -> &Holders<'a> {
        match role {
            Role::Active => &self.active,
            Role::Standby => &self.standby,
        }
    }

    const fn holders_of_mut(&mut self, role: Role) -> &mut Holders<'a> {
        match role {
            Role::Active => &mut self.active,
            Role::Standby => &mut self.standby,
        }
    }

    /// Who has the role for the SI.
    pub(super) fn holders(&self, role: Role, si: usize) -> &[usize] {
        &self.holders_of(role).of[si]
    }

    /// For how many SIs the SU has the role.
    pub(super) fn load(&self, role: Role, su: usize) -> usize {
        self.holders_of(role).load[su]
    }

    pub(super) fn limit(&self, role: Role, su: usize) -> usize {
        self.board.member(su).limits.of(role)
    }

    /// Whether the SU may have one SI more, and its components have room for this one.
    pub(super) fn has_room(&self, role: Role, su: usize, si: usize) -> bool {
        self.load(role, su) < self.limit(role, su) && self.has_seats(role, su, &[si])
    }

    /// Whether the components of the SU have room for these SIs beside what it has.
    pub(super) fn has_seats(&self, role: Role, su: usize, sis: &[usize]) -> bool {
        let tally = self.holders_of(role).tallies.get(su);
        tally.is_none_or(|tally| {
            if let [si] = sis {
                return tally.has_room(*si);
            }
            let mut tally = tally.clone();
            sis.iter().all(|si| tally.admit(*si))
        })
    }

    /// How many more SIs the SU may have in the role.
    pub(super) fn room(&self, role: Role, su: usize) -> usize {
        self.limit(role, su).saturating_sub(self.load(role, su))
    }

    pub(super) fn role(&self, su: usize, si: usize) -> Option<Role> {
        self.roles[su * self.board.group.services.len() + si]
    }

    /// Whether the SU could have the SI in the role if it had room.
    pub(super) fn could(&self, role: Role, su: usize, si: usize) -> bool {
        self.board.fits(role, su, si) && self.role(su, si).is_none()
    }

    /// Whether the SU may get the SI in the role.
    pub(super) fn may(&self, role: Role, su: usize, si: usize) -> bool {
        self.could(role, su, si) && self.has_room(role, su, si)
    }

    pub(super) fn give(&mut self, role: Role, su: usize, si: usize) {
        debug_assert!(self.role(su, si).is_none(), "SU {su} has SI {si} already");
        self.roles[su * self.board.group.services.len() + si] = Some(role);
        let holders = self.holders_of_mut(role);
        holders.of[si].push(su);
        holders.load[su] += 1;
        if let Some(tally) = holders.tallies.get_mut(su) {
            tally.add(si);
        }
    }

    pub(super) fn take(&mut self, role: Role, su: usize, si: usize) {
        debug_assert!(self.role(su, si) == Some(role), "SU {su} does not have SI {si}");
        self.roles[su * self.board.group.services.len() + si] = None;
        let holders = self.holders_of_mut(role);
        holders.of[si].retain(|other| *other != su);
        holders.load[su] -= 1;
        if let Some(tally) = holders.tallies.get_mut(su) {
            tally.remove(si);
        }
    }

    /// The SUs of the pool that may get the SI in the role, the best first: by the ranked list of the SI, then by
    /// rank, then the least loaded.
    pub(super) fn candidates(&self, role: Role, si: usize) -> Vec<usize> {
        let mut found: Vec<usize> = self.pool.clone();
        found.retain(|su| self.may(role, *su, si));
        found.sort_by_key(|su| (self.board.class(*su, si), self.load(role, *su), *su));
        found
    }

    /// The best of the candidates; `None` where no SU may.
    pub(super) fn best(&self, role: Role, si: usize) -> Option<usize> {
        let may = self.pool.iter().copied().filter(|su| self.may(role, *su, si));
        may.min_by_key(|su| (self.board.class(*su, si), self.load(role, *su), *su))
    }

    /// The least important SI that is strictly less important than `si`, has the role in an SU that `si` could have it
    /// in, and may be `spared`; with that SU.
    pub(super) fn victim(
        &self,
        role: Role,
        si: usize,
        spared: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize)> {
        let others = self.board.wanted.iter().rev().copied();
        others
            .take_while(|other| self.board.outranks(si, *other))
            .filter(|other| spared(*other))
            .find_map(|other| Some((other, self.place_of(role, other, si)?)))
    }

    /// The best SU for `si` among those that `other` has and where its place is enough.
    pub(super) fn place_of(&self, role: Role, other: usize, si: usize) -> Option<usize> {
        let places = self.holders(role, other).iter().copied();
        let has_seats = |su: usize| {
            let tally = self.holders_of(role).tallies.get(su);
            tally.is_none_or(|tally| tally.has_room_without(other, si))
        };
        places
            .filter(|su| self.could(role, *su, si) && has_seats(*su))
            .min_by_key(|su| (self.board.class(*su, si), *su))
    }

    /// The assignments by name. SUs outside the pool that are in service are passed over for the given reason.
    pub(super) fn into_target(mut self, outside: &Reason) -> Target {
        let group = self.board.group;
        let mut target = Target::default();
        for (si, service) in group.services.iter().enumerate() {
            for role in [Role::Active, Role::Standby] {
                let mut sus = std::mem::take(&mut self.holders_of_mut(role).of[si]);
                sus.sort_by_key(|su| (self.board.class(*su, si), *su));
                self.holders_of_mut(role).of[si] = sus;
            }
            let names = |sus: &[usize]| sus.iter().map(|su| group.members[*su].dn.clone()).collect();
            let wish = SiTarget {
                active: names(self.holders(Role::Active, si)),
                standby: names(self.holders(Role::Standby, si)),
                reasons: self.shortages(si),
            };
            target.sis.insert(service.dn.clone(), wish);
        }
        for (su, member) in group.members.iter().enumerate() {
            if member.usable.is_ok() && self.board.fits_any(su) && !self.pool.contains(&su) {
                target.passed_over.insert(member.dn.clone(), outside.clone());
            }
        }
        target
    }

    /// Why the SI gets less than it wants.
    fn shortages(&self, si: usize) -> Vec<Reason> {
        let service = &self.board.group.services[si];
        if let Err(reason) = &service.wanted {
            return vec![reason.clone()];
        }
        let (active, standby) = (self.holders(Role::Active, si), self.holders(Role::Standby, si));
        let mut reasons = Vec::new();
        if active.len() < service.preferred.active {
            reasons.push(self.shortage(Role::Active, si));
        }
        if !active.is_empty() && standby.len() < service.preferred.standby {
            reasons.push(self.shortage(Role::Standby, si));
        }
        reasons
    }

    fn shortage(&self, role: Role, si: usize) -> Reason {
        // An SU with a fault only keeps what it has.
        let is_free = |su: &usize| {
            let has_room = self.role(*su, si).is_none() && self.has_room(role, *su, si);
            has_room && self.board.member(*su).fault.is_none()
        };
        let free = || self.pool.iter().copied().filter(is_free);
        let mixes = self.board.group.protection.roles_mix;
        let other = role.other();
        // An SU that is used in the other role has no place for this one.
        let full = |su: &usize| {
            self.board.fits(role, *su, si)
                && self.limit(role, *su) > 0
                && (mixes || self.load(other, *su) == 0)
        };
        let least = self.board.wanted.iter().rev().copied().find(|least| {
            let has = |su: &usize| full(su) && self.role(*su, si).is_none();
            self.holders(role, *least).iter().any(has)
        });
        let none_stands_by = || {
            let holder = self.holders(Role::Active, si).first();
            holder.is_some_and(|su| !self.board.member(*su).can_stand_by)
        };
        if let Some(full) = self.without_seats(role, si) {
            return full;
        }
        match (role, least) {
            (_, None) if free().next().is_some() && !free().any(|su| self.board.fits(role, su, si)) => {
                let best = free().map(|su| self.board.fit(su, si)).max();
                best.unwrap_or(Fit::Unsupported).lack()
            }
            (Role::Active, None) => Reason::NoSuForActive,
            (Role::Active, Some(_)) if self.board.group.protection.load == Load::One => Reason::NoSuForActive,
            (Role::Active, Some(least)) => Reason::NoRoomForActive {
                least: self.board.group.services[least].dn.clone(),
            },
            (Role::Standby, _) if none_stands_by() => Reason::StandbyImpossible,
            (Role::Standby, None) => Reason::NoSuForStandby,
            (Role::Standby, Some(least)) => Reason::NoRoomForStandby {
                least: self.board.group.services[least].dn.clone(),
            },
        }
    }

    /// Why the SI gets no more SUs in the role, where it is for want of components: nobody has one for it, or who could have
    /// one more SI has none left.
    fn without_seats(&self, role: Role, si: usize) -> Option<Reason> {
        let free = self.pool.iter().copied().filter(|su| {
            let member = self.board.member(*su);
            let fit = self.board.fit(*su, si);
            let suits = match role {
                Role::Active => fit.leads(),
                Role::Standby => fit.stands_by(),
            };
            let mixes = self.board.group.protection.roles_mix;
            let other = role.other();
            suits
                && member.fault.is_none()
                && self.role(*su, si).is_none()
                && self.load(role, *su) < self.limit(role, *su)
                && (mixes || self.load(other, *su) == 0)
        });
        let mut full = free.filter(|su| !self.has_seats(role, *su, &[si])).peekable();
        full.peek()?;
        let seated = full.find(|su| self.board.fits(role, *su, si));
        Some(match (seated, role) {
            (Some(su), _) => Reason::CompsFull {
                su: self.board.member(su).dn.clone(),
            },
            (None, Role::Active) => Reason::SuUnfit,
            (None, Role::Standby) => Reason::StandbyImpossible,
        })
    }
}
