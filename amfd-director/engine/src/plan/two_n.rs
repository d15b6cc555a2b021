//! 2N (AMF B.02.01 §3.7.2): one SU is active for every SI of the group, at most one other is standby for all of them,
//! the rest are spares.

use std::cmp::Reverse;

use ais::Dn;
use ais::amf::HaState;

use super::{Fit, Group, Member, Role, SiTarget, Tally, Target};
use crate::reason::Reason;

/// The active SU is, of those in service: the one the operator swaps to; else the one that is active; else the
/// standby; else the one that was quiesced; else the best by rank. The standby is, of the others: the one that stands
/// by; else one that holds something; else the best by rank. Where the group is adjusted, see [`preferred`]. Before all
/// that comes who is ready to be active for more of the SIs.
pub(super) fn plan(group: &Group) -> Target {
    let (active, standby) = if group.adjust {
        preferred(group)
    } else {
        present(group)
    };
    let served = active.map_or_else(Vec::new, |active| served(group, active));
    let standing = standby.map_or_else(Vec::new, |standby| stood_by(group, standby, &served));
    let least = served.iter().max().map(|least| &group.services[*least].dn);
    let targets = group.services.iter().enumerate().map(|(position, service)| {
        let target = match &service.wanted {
            Ok(()) => target_of(
                position,
                active,
                standby.map(|standby| (standby, standing.contains(&position))),
                least.filter(|_| !served.contains(&position)),
            ),
            Err(reason) => SiTarget {
                reasons: vec![reason.clone()],
                ..SiTarget::default()
            },
        };
        (service.dn.clone(), target)
    });
    Target {
        sis: targets.collect(),
        ..Target::default()
    }
}

type Pair<'a> = (Option<&'a Member>, Option<&'a Member>);

/// The SUs in service that are fit for some SI, the best first.
fn usable(group: &Group, fit: fn(&Member, usize) -> bool) -> impl Iterator<Item = &Member> {
    let sis = group.services.len();
    let fits = move |member: &Member| sis == 0 || (0..sis).any(|si| fit(member, si));
    let members = group.members.iter();
    members.filter(move |member| member.usable.is_ok() && fits(member))
}

/// The number of SIs that take part, of those that the SU is so for.
fn count(group: &Group, member: &Member, fit: fn(Fit) -> bool) -> usize {
    let services = group.services.iter().zip(&member.fits);
    services
        .filter(|(service, at)| service.wanted.is_ok() && fit(**at))
        .count()
}

fn unready(group: &Group, member: &Member) -> usize {
    count(group, member, Fit::is_unready)
}

fn degraded(group: &Group, member: &Member) -> usize {
    count(group, member, |fit| fit == Fit::Degraded)
}

fn present(group: &Group) -> Pair<'_> {
    let active = swapped_to(group).or_else(|| {
        // `max_by_key` gives the last of equals, so the key ends with the reversed position: rank decides.
        usable(group, Member::leads)
            .enumerate()
            .max_by_key(|(position, member)| {
                let (unready, degraded) = (unready(group, member), degraded(group, member));
                (
                    Reverse(unready),
                    claim_to_active(member),
                    Reverse((degraded, *position)),
                )
            })
            .map(|(_, member)| member)
    });
    let standby = active.and_then(|active| {
        usable(group, Member::stands_by)
            .filter(|member| member.dn != active.dn && member.can_stand_by)
            .enumerate()
            .max_by_key(|(position, member)| {
                let unfit = count(group, member, |fit| fit == Fit::NotReady);
                (Reverse(unfit), claim_to_standby(member), Reverse(*position))
            })
            .map(|(_, member)| member)
    });
    (active, standby)
}

/// The best SU active, the second best standby; among equals those that are so already. An SU that shall take over
/// stands by first (AMF B.02.01 §3.7.2.3.3), and one that is on probation takes over nothing.
fn preferred(group: &Group) -> Pair<'_> {
    let best = usable(group, Member::leads)
        .enumerate()
        .min_by_key(|(position, member)| {
            (
                unready(group, member),
                member.on_probation && claim_to_active(member).0 < SERVES,
                degraded(group, member),
                member.rank,
                Reverse(claim_to_active(member)),
                *position,
            )
        })
        .map(|(_, member)| member);
    let second = best.and_then(|best| {
        usable(group, Member::stands_by)
            .filter(|member| member.dn != best.dn && member.can_stand_by)
            .enumerate()
            .min_by_key(|(position, member)| {
                (
                    count(group, member, |fit| fit == Fit::NotReady),
                    member.on_probation && claim_to_standby(member) < STANDS_BY,
                    member.rank,
                    Reverse(claim_to_standby(member)),
                    *position,
                )
            })
            .map(|(_, member)| member)
    });
    let (serving, _) = present(group);
    match (best, serving.filter(|member| claim_to_active(member).0 == SERVES)) {
        (Some(best), Some(serving))
            if best.dn != serving.dn
                && best.can_stand_by
                && unready(group, serving) <= unready(group, best)
                && !is_warm(group, best, serving) =>
        {
            (Some(serving), Some(best))
        }
        _ => (best, second),
    }
}

/// Whether the one has confirmed to stand by for all that the other serves and it can take over.
fn is_warm(group: &Group, one: &Member, other: &Member) -> bool {
    let expects = |si: usize| other.expects.get(&group.services[si].dn);
    // What the other has given up already takes room of the one still.
    let left = |si: &usize| expects(*si).is_some_and(|ha| *ha != HaState::Standby);
    let wanted = |si: &usize| group.services[*si].wanted.is_ok() && one.leads(*si);
    let taken_over: Vec<usize> = (0..group.services.len())
        .filter(|si| wanted(si) && left(si))
        .collect();
    let serves = |si: &usize| matches!(expects(*si), Some(HaState::Active | HaState::Quiescing));
    let mut standing = stood_by(group, one, &taken_over).into_iter().filter(serves);
    standing.all(|si| one.holds.get(&group.services[si].dn) == Some(&HaState::Standby))
}

fn swapped_to(group: &Group) -> Option<&Member> {
    let swap = group.swap.as_ref()?;
    let (from, to) = (group.member(&swap.from)?, group.member(&swap.to)?);
    let loses = |at: usize| from.fits[at].leads() && to.fits[at].is_unready();
    let mut wanted = (0..group.services.len()).filter(|at| group.services[*at].wanted.is_ok());
    let both = from.usable.is_ok() && to.usable.is_ok() && !wanted.any(loses);
    both.then_some(to)
}

/// The claim of an SU that is active.
const SERVES: u8 = 3;
/// The claim of an SU that stands by.
const STANDS_BY: u8 = 2;

/// Of two active ones, that happens when a lost node comes back, the one that was made active here stays.
fn claim_to_active(member: &Member) -> (u8, usize, usize) {
    let appointed = member.appointed.len();
    let active = member.expects_any(&[HaState::Active, HaState::Quiescing]);
    let standby = member.expects_any(&[HaState::Standby]);
    let quiesced = member.expects_any(&[HaState::Quiesced]);
    match (active, standby, quiesced) {
        (1.., _, _) => (SERVES, appointed, active),
        (_, 1.., _) => (2, 0, standby),
        (_, _, 1..) => (1, 0, quiesced),
        (0, 0, 0) => (0, 0, 0),
    }
}

fn claim_to_standby(member: &Member) -> u8 {
    if member.expects_any(&[HaState::Standby]) > 0 {
        STANDS_BY
    } else {
        u8::from(!member.expects.is_empty())
    }
}

/// The SIs that take part and that the SU is to be active for: all that it supports, where it may have as many. Else it
/// goes on with what it serves, unless the group is adjusted; then come the most important ones.
fn served(group: &Group, active: &Member) -> Vec<usize> {
    let takes = |si: &usize| group.services[*si].wanted.is_ok() && active.leads(*si);
    let mut sis: Vec<usize> = (0..group.services.len()).filter(takes).collect();
    let serves = |si: &usize| {
        let ha = active.expects.get(&group.services[*si].dn);
        !group.adjust && matches!(ha, Some(HaState::Active | HaState::Quiescing))
    };
    sis.sort_by_key(|si| !serves(si));
    let mut tally = Tally::new(active, Role::Active);
    sis.retain(|si| tally.admit(*si));
    sis.truncate(active.limits.active);
    sis
}

/// Those of the SIs that are served that the SU is to stand by for: as [`served`].
fn stood_by(group: &Group, standby: &Member, served: &[usize]) -> Vec<usize> {
    let takes = |si: &&usize| standby.stands_by(**si);
    let mut sis: Vec<usize> = served.iter().filter(takes).copied().collect();
    let stands_by = |si: &usize| {
        let ha = standby.expects.get(&group.services[*si].dn);
        !group.adjust && ha == Some(&HaState::Standby)
    };
    sis.sort_by_key(|si| (!stands_by(si), *si));
    let mut tally = Tally::new(standby, Role::Standby);
    sis.retain(|si| tally.admit(*si));
    sis
}

/// The standby comes with whether it has the SI to stand by for; `crowded_by` is the least important SI that takes its place, where there is none for it.
fn target_of(
    si: usize,
    active: Option<&Member>,
    standby: Option<(&Member, bool)>,
    crowded_by: Option<&Dn>,
) -> SiTarget {
    let mut target = SiTarget::default();
    let Some(active) = active else {
        target.reasons.push(Reason::NoSuForActive);
        return target;
    };
    if !active.fits[si].leads() {
        target.reasons.push(active.fits[si].lack());
        return target;
    }
    if !active.seats(Role::Active, si) {
        target.reasons.push(Reason::SuUnfit);
        return target;
    }
    if let Some(least) = crowded_by.cloned() {
        let full = Reason::CompsFull {
            su: active.dn.clone(),
        };
        let crowded = Reason::NoRoomForActive { least };
        target
            .reasons
            .push(if active.seats.is_some() { full } else { crowded });
        return target;
    }
    target.active.push(active.dn.clone());
    match standby {
        Some((standby, true)) => target.standby.push(standby.dn.clone()),
        Some((standby, false)) => target.reasons.push(if !standby.fits[si].stands_by() {
            standby.fits[si].lack()
        } else if standby.seats(Role::Standby, si) {
            let su = standby.dn.clone();
            Reason::CompsFull { su }
        } else {
            Reason::StandbyImpossible
        }),
        None if !active.can_stand_by => target.reasons.push(Reason::StandbyImpossible),
        None => target.reasons.push(Reason::NoSuForStandby),
    }
    target
}

#[cfg(test)]
mod tests {
    use ais::amf::RedundancyModel;

    use super::super::Swap;
    use super::super::tests_support::{dn, group, member};
    use super::*;

    const SIS: &[&str] = &["safSi=a", "safSi=b"];

    fn roles(members: Vec<Member>, swap: Option<(&str, &str)>) -> (Vec<Dn>, Vec<Dn>) {
        let mut group = group(RedundancyModel::TwoN, members, SIS);
        group.swap = swap.map(|(from, to)| Swap {
            from: dn(from),
            to: dn(to),
            si: None,
        });
        let target = plan(&group);
        let first = target.sis[&dn("safSi=a")].clone();
        assert_eq!(
            first.active,
            target.sis[&dn("safSi=b")].active,
            "all SIs go together"
        );
        (first.active, first.standby)
    }

    fn out(mut member: Member) -> Member {
        member.usable = Err(Reason::SuLocked);
        member
    }

    #[test]
    fn of_two_active_ones_the_appointed_stays() {
        let mut second = member("s=2", &[("safSi=a", HaState::Active)]);
        second.appointed = second.holds.keys().cloned().collect();
        let first = member(
            "s=1",
            &[("safSi=a", HaState::Active), ("safSi=b", HaState::Active)],
        );
        assert_eq!(
            roles(vec![first, second], None),
            (vec![dn("s=2")], vec![dn("s=1")])
        );
    }

    #[test]
    fn rank_decides_among_equals_and_present_roles_before_rank() {
        use HaState::{Active, Quiesced, Standby};
        let fresh = |name| member(name, &[]);
        let with = |name, ha| member(name, &[("safSi=a", ha), ("safSi=b", ha)]);
        let two = |active: &str, standby: &str| (vec![dn(active)], vec![dn(standby)]);
        assert_eq!(
            roles(vec![fresh("s=1"), fresh("s=2"), fresh("s=3")], None),
            two("s=1", "s=2")
        );
        assert_eq!(
            roles(
                vec![fresh("s=1"), with("s=2", Active), with("s=3", Standby)],
                None
            ),
            two("s=2", "s=3")
        );
        assert_eq!(
            roles(
                vec![fresh("s=1"), out(with("s=2", Active)), with("s=3", Standby)],
                None
            ),
            two("s=3", "s=1")
        );
        assert_eq!(
            roles(vec![with("s=1", Quiesced), with("s=2", Standby)], None),
            two("s=2", "s=1")
        );
        assert_eq!(
            roles(vec![with("s=1", Quiesced), out(with("s=2", Standby))], None),
            (vec![dn("s=1")], vec![])
        );
        assert_eq!(
            roles(
                vec![with("s=1", Active), with("s=2", Standby)],
                Some(("s=1", "s=2"))
            ),
            two("s=2", "s=1")
        );
        assert_eq!(
            roles(
                vec![with("s=1", Active), out(with("s=2", Standby))],
                Some(("s=1", "s=2"))
            ),
            (vec![dn("s=1")], vec![])
        );
        assert_eq!(roles(vec![out(fresh("s=1"))], None), (vec![], vec![]));
    }
}
