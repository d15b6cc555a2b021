//! 2N (AMF B.02.01 §3.7.2): one SU is active for every SI of the group, at most one other is standby for all of them,
//! the rest are spares.

use std::cmp::Reverse;

use ais::amf::HaState;

use super::{Group, Member, SiTarget, Target};
use crate::reason::Reason;

/// The active SU is, of those in service: the one the operator swaps to; else the one that is active; else the
/// standby; else the one that was quiesced; else the best by rank. The standby is, of the others: the one that stands
/// by; else one that holds something; else the best by rank.
pub(super) fn plan(group: &Group) -> Target {
    let usable = || group.members.iter().filter(|member| member.usable.is_ok());
    let active = swapped_to(group).or_else(|| {
        // `max_by_key` gives the last of equals, so the key ends with the reversed position: rank decides.
        usable()
            .enumerate()
            .max_by_key(|(position, member)| (claim_to_active(member), Reverse(*position)))
            .map(|(_, member)| member)
    });
    let standby = active.and_then(|active| {
        usable()
            .filter(|member| member.dn != active.dn && member.can_stand_by)
            .enumerate()
            .max_by_key(|(position, member)| (claim_to_standby(member), Reverse(*position)))
            .map(|(_, member)| member)
    });
    let sis = group
        .services
        .iter()
        .enumerate()
        .map(|(position, service)| {
            let target = match &service.wanted {
                Ok(()) => target_of(position, active, standby),
                Err(reason) => SiTarget {
                    reasons: vec![reason.clone()],
                    ..SiTarget::default()
                },
            };
            (service.dn.clone(), target)
        })
        .collect();
    Target {
        sis,
        ..Target::default()
    }
}

fn swapped_to(group: &Group) -> Option<&Member> {
    let swap = group.swap.as_ref()?;
    let both = group.member(&swap.from)?.usable.is_ok() && group.member(&swap.to)?.usable.is_ok();
    group.member(&swap.to).filter(|_| both)
}

/// Of two active ones, that happens when a lost node comes back, the one that was made active here stays.
fn claim_to_active(member: &Member) -> (u8, usize, usize) {
    let appointed = member.appointed.len();
    let active = member.expects_any(&[HaState::Active, HaState::Quiescing]);
    let standby = member.expects_any(&[HaState::Standby]);
    let quiesced = member.expects_any(&[HaState::Quiesced]);
    match (active, standby, quiesced) {
        (1.., _, _) => (3, appointed, active),
        (_, 1.., _) => (2, 0, standby),
        (_, _, 1..) => (1, 0, quiesced),
        (0, 0, 0) => (0, 0, 0),
    }
}

fn claim_to_standby(member: &Member) -> u8 {
    if member.expects_any(&[HaState::Standby]) > 0 {
        2
    } else {
        u8::from(!member.expects.is_empty())
    }
}

fn target_of(si: usize, active: Option<&Member>, standby: Option<&Member>) -> SiTarget {
    let mut target = SiTarget::default();
    let Some(active) = active else {
        target.reasons.push(Reason::NoSuForActive);
        return target;
    };
    if active.fits.get(si) != Some(&true) {
        target.reasons.push(Reason::SuUnfit);
        return target;
    }
    target.active.push(active.dn.clone());
    match standby {
        Some(standby) if standby.fits.get(si) == Some(&true) => target.standby.push(standby.dn.clone()),
        Some(_) => target.reasons.push(Reason::SuUnfit),
        None if !active.can_stand_by => target.reasons.push(Reason::StandbyImpossible),
        None => target.reasons.push(Reason::NoSuForStandby),
    }
    target
}

#[cfg(test)]
mod tests {
    use ais::Dn;
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
