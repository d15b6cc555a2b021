//! What each SI of a service group should have: one pure function per redundancy model.
//!
//! A planner sees a [`Group`] and gives a [`Target`]. It has no history but the present assignments, and these are
//! sticky: who serves goes on serving unless a rule or an order says otherwise. It sends nothing and knows no order of
//! steps. What distinguishes the models for the rest of the engine stands in [`Protection`].

mod no_redundancy;
mod two_n;

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{HaState, RedundancyModel};

use crate::reason::Reason;

/// What a redundancy model promises and allows, for those who must not ask which model it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent properties, not a state"
)]
pub(crate) struct Protection {
    /// Never two SUs active for an SI.
    pub(crate) single_active: bool,
    /// An SU may be active for one SI and standby for another.
    pub(crate) roles_mix: bool,
    /// An SU holds one SI at most.
    pub(crate) one_si_per_su: bool,
    /// How many active assignments an SI wants.
    pub(crate) preferred_active: u32,
    /// How many standby assignments an SI wants.
    pub(crate) preferred_standby: u32,
    /// Two SUs may swap their roles by `si-swap`.
    pub(crate) swaps: bool,
}

/// The properties of a model; `None` where it is not served.
pub(crate) const fn protection(model: RedundancyModel) -> Option<Protection> {
    match model {
        RedundancyModel::TwoN => Some(Protection {
            single_active: true,
            roles_mix: false,
            one_si_per_su: false,
            preferred_active: 1,
            preferred_standby: 1,
            swaps: true,
        }),
        RedundancyModel::NoRedundancy => Some(Protection {
            single_active: true,
            roles_mix: false,
            one_si_per_su: true,
            preferred_active: 1,
            preferred_standby: 0,
            swaps: false,
        }),
        RedundancyModel::NPlusM | RedundancyModel::NWay | RedundancyModel::NWayActive => None,
    }
}

/// An SU as a planner and the step builder see it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) dn: Dn,
    /// May get work; otherwise why not.
    pub(crate) usable: Result<(), Reason>,
    /// Finishes its work and gets none.
    pub(crate) stopping: bool,
    /// What it has confirmed.
    pub(crate) holds: BTreeMap<Dn, HaState>,
    /// What it will hold once its order in flight is done.
    pub(crate) expects: BTreeMap<Dn, HaState>,
    /// The SIs that this director made it active for; not those that it came back with.
    pub(crate) appointed: BTreeSet<Dn>,
    /// The SIs it may be acting for, whatever it confirmed.
    pub(crate) may_act: BTreeSet<Dn>,
    /// The SIs for which an order failed; they are removed before anything else.
    pub(crate) uncertain: BTreeSet<Dn>,
    /// Whether an order can be sent to it now.
    pub(crate) orders: Availability,
    pub(crate) fault: Option<MemberFault>,
    pub(crate) can_stand_by: bool,
    /// The SIs that it could serve.
    pub(crate) fits: BTreeSet<Dn>,
    /// SIs whose CSIs it should hold in another arrangement than it does.
    pub(crate) outdated: BTreeSet<Dn>,
}

/// Whether an SU can take an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Availability {
    /// It can.
    Free,
    /// It works on one.
    Busy,
    /// It is finishing its work; only another state for the same SIs may be ordered.
    Quiescing,
    /// Its last order failed: nothing new for a while, but it may be told to stop and to drop what is uncertain.
    Paused,
    /// Its node is not there or it has not been reported.
    Unreachable,
}

/// What kind of fault an SU has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemberFault {
    /// The whole SU is taken down, not only a component.
    pub(crate) whole_su: bool,
    /// Nothing of what failed can act any more.
    pub(crate) isolated: bool,
}

impl Member {
    fn expects_any(&self, wanted: &[HaState]) -> usize {
        self.expects.values().filter(|ha| wanted.contains(ha)).count()
    }
}

/// An SI as a planner sees it.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) dn: Dn,
    /// Takes part; otherwise why not.
    pub(crate) wanted: Result<(), Reason>,
    /// Its active SU finishes its work instead of being stopped.
    pub(crate) stopping: bool,
}

/// A service group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) protection: Protection,
    /// The most important first.
    pub(crate) members: Vec<Member>,
    /// The most important first.
    pub(crate) services: Vec<Service>,
    /// Who shall be active in whose place, by the operator's wish.
    pub(crate) swap: Option<(Dn, Dn)>,
}

impl Group {
    pub(crate) fn member(&self, dn: &Dn) -> Option<&Member> {
        self.members.iter().find(|member| &member.dn == dn)
    }
}

/// What an SI should have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SiTarget {
    pub(crate) active: Vec<Dn>,
    /// The best first.
    pub(crate) standby: Vec<Dn>,
    /// Why it gets less than it wants.
    pub(crate) reasons: Vec<Reason>,
}

impl SiTarget {
    pub(crate) fn role(&self, su: &Dn) -> Option<HaState> {
        if self.active.contains(su) {
            Some(HaState::Active)
        } else if self.standby.contains(su) {
            Some(HaState::Standby)
        } else {
            None
        }
    }
}

/// What the SIs of a group should have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) sis: BTreeMap<Dn, SiTarget>,
    /// Why an SU gets nothing.
    pub(crate) passed_over: BTreeMap<Dn, Reason>,
}

impl Target {
    pub(crate) fn role(&self, si: &Dn, su: &Dn) -> Option<HaState> {
        self.sis.get(si).and_then(|target| target.role(su))
    }
}

/// What the SIs of the group should have.
pub(crate) fn plan(model: RedundancyModel, group: &Group) -> Target {
    let mut target = match model {
        RedundancyModel::TwoN => two_n::plan(group),
        RedundancyModel::NoRedundancy => no_redundancy::plan(group),
        RedundancyModel::NPlusM | RedundancyModel::NWay | RedundancyModel::NWayActive => Target::default(),
    };
    for member in &group.members {
        let used = target.sis.values().any(|si| si.role(&member.dn).is_some());
        if !used {
            let reason = member.usable.clone().err().unwrap_or(Reason::SuSpare);
            target.passed_over.insert(member.dn.clone(), reason);
        }
    }
    target
}

#[cfg(test)]
pub(crate) mod tests_support {
    use super::*;

    pub(crate) fn dn(name: &str) -> Dn {
        Dn::new(name).unwrap()
    }

    /// An SU in service that supports all `sis` and holds what is listed.
    pub(crate) fn member(name: &str, sis: &[&str], holds: &[(&str, HaState)]) -> Member {
        let holds: BTreeMap<Dn, HaState> = holds.iter().map(|(si, ha)| (dn(si), *ha)).collect();
        Member {
            dn: dn(name),
            usable: Ok(()),
            stopping: false,
            expects: holds.clone(),
            appointed: BTreeSet::new(),
            may_act: holds
                .iter()
                .filter(|(_, ha)| matches!(ha, HaState::Active | HaState::Quiescing))
                .map(|(si, _)| si.clone())
                .collect(),
            holds,
            uncertain: BTreeSet::new(),
            orders: Availability::Free,
            fault: None,
            can_stand_by: true,
            fits: sis.iter().map(|si| dn(si)).collect(),
            outdated: BTreeSet::new(),
        }
    }

    pub(crate) fn group(model: RedundancyModel, members: Vec<Member>, sis: &[&str]) -> Group {
        Group {
            protection: protection(model).unwrap(),
            members,
            services: sis
                .iter()
                .map(|si| Service {
                    dn: dn(si),
                    wanted: Ok(()),
                    stopping: false,
                })
                .collect(),
            swap: None,
        }
    }
}
