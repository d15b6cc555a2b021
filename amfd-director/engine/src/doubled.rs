//! Two SUs that both have reported to be active for an SI for which one alone may be, as after a partition and a new
//! director.
//!
//! While other nodes of the SG have still to report, nothing is planned for it; but whatever they report, one of the two
//! is too many (AMF B.02.01 §3.7). The one that would not be active by what is known so far stops at once; who gets what
//! is decided when all have reported.

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::HaState;

use crate::Director;
use crate::group;
use crate::model::Sg;
use crate::plan::{self, Group, Member, Target};
use crate::steps::{self, Action};

impl Director {
    /// What those are told that shall stop beside another.
    pub(crate) fn part_doubled(&self, dn: &Dn, sg: &Sg) -> Vec<(Dn, Action)> {
        if !plan::protection(sg.model).single_active || !self.is_doubled(sg) {
            return Vec::new();
        }
        let mut group = group::build(self.view(), dn, sg);
        let plan = |group: &Group| plan::plan(sg.model, group);
        let (target, _) = self.plan_with_sponsors(&mut group, plan);
        let steps = steps::next(&group, &target);
        let parted = |(su, action): (Dn, Action)| match action {
            Action::Assign(HaState::Quiesced, sis) => {
                let goes_on = |si: &Dn| self.stays_elsewhere(&group, &target, &su, si);
                let sis: BTreeSet<Dn> = sis.into_iter().filter(goes_on).collect();
                (!sis.is_empty()).then(|| (su.clone(), Action::Assign(HaState::Quiesced, sis)))
            }
            Action::Assign(..) | Action::Remove(_) | Action::Cleanup => None,
        };
        steps.orders.into_iter().filter_map(parted).collect()
    }

    /// Whether two SUs of the SG are active for the same SI.
    fn is_doubled(&self, sg: &Sg) -> bool {
        let mut active = BTreeSet::new();
        let reports = sg.sus.keys().filter_map(|su| self.state.su(su)?.report.as_ref());
        let mut held = reports
            .flat_map(|report| &report.assignments)
            .filter(|held| held.ha == HaState::Active);
        held.any(|held| !active.insert(&held.si))
    }

    /// Whether another SU, on a node that has reported, is active for the SI and shall be.
    fn stays_elsewhere(&self, group: &Group, target: &Target, su: &Dn, si: &Dn) -> bool {
        let Some(wish) = target.sis.get(si) else {
            return false;
        };
        let is_known = |su: &Dn| {
            let node = self.model.su(su).and_then(|(_, _, su)| su.node.as_ref());
            node.is_some_and(|node| !self.view().is_unreported(node))
        };
        let stays = |other: &Member| {
            &other.dn != su
                && wish.active.contains(&other.dn)
                && other.holds.get(si) == Some(&HaState::Active)
                && other.usable.is_ok()
                && is_known(&other.dn)
        };
        is_known(su) && group.members.iter().any(stays)
    }
}
