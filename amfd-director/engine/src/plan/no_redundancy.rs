//! No redundancy (AMF B.02.01 §3.7.6): one SU for each SI, one SI for each SU, no standby; the other SUs are spares.

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::HaState;

use super::{Group, Member, SiTarget, Target};
use crate::reason::Reason;

/// The SIs in the order of their rank: each stays with the SU in service that has it, else it gets the best SU by rank
/// that has nothing.
pub(super) fn plan(group: &Group) -> Target {
    let mut target = Target::default();
    let mut taken: BTreeSet<&Dn> = BTreeSet::new();
    // First those that stay, so that no more important SI takes the SU of one that is served.
    for service in &group.services {
        let holder = service
            .wanted
            .as_ref()
            .ok()
            .and_then(|()| holder(group, &service.dn, &taken));
        if let Some(holder) = holder {
            taken.insert(&holder.dn);
            target
                .sis
                .entry(service.dn.clone())
                .or_default()
                .active
                .push(holder.dn.clone());
        }
    }
    for (position, service) in group.services.iter().enumerate() {
        if target.sis.contains_key(&service.dn) {
            continue;
        }
        let mut wish = SiTarget::default();
        match &service.wanted {
            Err(reason) => wish.reasons.push(reason.clone()),
            Ok(()) => match spare(group, position, &taken) {
                Some(spare) => {
                    taken.insert(&spare.dn);
                    wish.active.push(spare.dn.clone());
                }
                None => wish.reasons.push(Reason::NoSuForActive),
            },
        }
        target.sis.insert(service.dn.clone(), wish);
    }
    target
}

fn holder<'a>(group: &'a Group, si: &Dn, taken: &BTreeSet<&Dn>) -> Option<&'a Member> {
    let holds = |wanted: &[HaState]| {
        group.members.iter().find(|member| {
            member.usable.is_ok()
                && !taken.contains(&member.dn)
                && member.expects.get(si).is_some_and(|ha| wanted.contains(ha))
        })
    };
    holds(&[HaState::Active, HaState::Quiescing]).or_else(|| holds(&[HaState::Quiesced, HaState::Standby]))
}

fn spare<'a>(group: &'a Group, si: usize, taken: &BTreeSet<&Dn>) -> Option<&'a Member> {
    group.members.iter().find(|member| {
        member.usable.is_ok()
            && !taken.contains(&member.dn)
            && member.fits.get(si) == Some(&true)
            && member.holds.is_empty()
            && member.expects.is_empty()
            && member.uncertain.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use ais::amf::RedundancyModel;

    use super::super::tests_support::{dn, group, member};
    use super::*;

    #[test]
    fn each_si_has_its_own_su_and_keeps_it() {
        let sis = &["safSi=a", "safSi=b", "safSi=c"];
        let fresh = |name| member(name, &[]);
        let active = |name, si| member(name, &[(si, HaState::Active)]);
        let chosen = |members| {
            let target = plan(&group(RedundancyModel::NoRedundancy, members, sis));
            sis.map(|si| {
                target.sis[&dn(si)]
                    .active
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default()
            })
        };
        assert_eq!(chosen(vec![fresh("s=1"), fresh("s=2")]), ["s=1", "s=2", ""]);
        assert_eq!(
            chosen(vec![fresh("s=1"), active("s=2", "safSi=c"), fresh("s=3")]),
            ["s=1", "s=3", "s=2"]
        );
        let mut faulty = active("s=1", "safSi=a");
        faulty.usable = Err(Reason::SuLocked);
        assert_eq!(
            chosen(vec![faulty, fresh("s=2"), fresh("s=3")]),
            ["s=2", "s=3", ""]
        );
    }
}
