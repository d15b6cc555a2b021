//! What each SI of a service group should have: one pure function per redundancy model.
//!
//! A planner sees a [`Group`] and gives a [`Target`]. It has no history but the present assignments, and these are
//! sticky: who serves goes on serving unless a rule or an order says otherwise. It sends nothing and knows no order of
//! steps. What distinguishes the models for the rest of the engine stands in [`Protection`].

mod assigned;
mod board;
mod fit;
mod n_plus_m;
mod n_way;
mod n_way_active;
mod no_redundancy;
mod seats;
mod two_n;
mod warm;

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{HaState, RedundancyModel};

pub(crate) use board::Role;
pub(crate) use fit::Fit;
pub(crate) use seats::{Need, Places, Seats, Tally};

use crate::dependency::Dependence;
use crate::model::Rank;
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
    /// Never two SUs standby for an SI.
    pub(crate) single_standby: bool,
    /// An SU may be active for one SI and standby for another.
    pub(crate) roles_mix: bool,
    /// There are standby assignments.
    pub(crate) has_standbys: bool,
    pub(crate) load: Load,
    /// How many active assignments an SI wants.
    pub(crate) actives: Wanted,
    /// How many standby assignments an SI wants.
    pub(crate) standbys: Wanted,
    /// What `si-swap` exchanges.
    pub(crate) swaps: Swaps,
    /// An SI may stay with an SU that another SI leaves.
    pub(crate) sis_apart: bool,
}

/// How many SIs an SU may hold; never more than one, where its components are not pre-instantiable
/// (AMF B.02.01 §3.7.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// All of the group.
    All,
    /// One.
    One,
    /// As many as the configuration of the group says.
    Configured,
}

/// Where a preferred number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// From the model.
    Fixed(usize),
    /// From the configuration of the SI.
    Configured,
}

/// What `si-swap` exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swaps {
    /// There is nothing to exchange.
    Nothing,
    /// All SIs of two SUs.
    Units,
    /// One SI, with its highest ranked standby.
    Instance,
}

/// The properties of a model.
pub(crate) const fn protection(model: RedundancyModel) -> Protection {
    let two_n = Protection {
        single_active: true,
        single_standby: true,
        roles_mix: false,
        has_standbys: true,
        load: Load::All,
        actives: Wanted::Fixed(1),
        standbys: Wanted::Fixed(1),
        swaps: Swaps::Units,
        sis_apart: false,
    };
    match model {
        RedundancyModel::TwoN => two_n,
        RedundancyModel::NPlusM => Protection {
            load: Load::Configured,
            ..two_n
        },
        RedundancyModel::NWay => Protection {
            single_standby: false,
            roles_mix: true,
            load: Load::Configured,
            standbys: Wanted::Configured,
            swaps: Swaps::Instance,
            sis_apart: true,
            ..two_n
        },
        RedundancyModel::NWayActive => Protection {
            single_active: false,
            has_standbys: false,
            load: Load::Configured,
            actives: Wanted::Configured,
            standbys: Wanted::Fixed(0),
            swaps: Swaps::Nothing,
            sis_apart: true,
            ..two_n
        },
        RedundancyModel::NoRedundancy => Protection {
            has_standbys: false,
            load: Load::One,
            standbys: Wanted::Fixed(0),
            swaps: Swaps::Nothing,
            ..two_n
        },
    }
}

/// For how many SIs an SU may be active and standby; `usize::MAX` where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) active: usize,
    pub(crate) standby: usize,
}

impl Limits {
    pub(crate) const NONE: Limits = Limits {
        active: usize::MAX,
        standby: usize::MAX,
    };

    const fn of(self, role: Role) -> usize {
        match role {
            Role::Active => self.active,
            Role::Standby => self.standby,
        }
    }
}

/// How many assignments an SI wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preferred {
    pub(crate) active: usize,
    pub(crate) standby: usize,
}

/// How many SUs of a group shall be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SuNumbers {
    pub(crate) active: usize,
    pub(crate) standby: usize,
    /// Active, standby or both.
    pub(crate) assigned: usize,
}

/// An SU as a planner and the step builder see it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) dn: Dn,
    pub(crate) rank: Rank,
    pub(crate) limits: Limits,
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
    /// Was repaired lately: it takes over from others, and no adjustment moves anything to it.
    pub(crate) on_probation: bool,
    /// What it could be for each SI, in the order of [`Group::services`].
    pub(crate) fits: Vec<Fit>,
    /// What its components have places for; `None` where they have places for all.
    pub(crate) seats: Option<Seats>,
    /// SIs whose CSIs it should hold in another arrangement than it does.
    pub(crate) outdated: BTreeSet<Dn>,
    /// The ranks that it was told as a standby, as far as they are known.
    pub(crate) standby_ranks: BTreeMap<Dn, u32>,
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

    /// For how many SIs it has confirmed a state other than standby; an SI that it is quiesced for takes room still.
    pub(crate) fn held_active(&self) -> usize {
        self.holds.values().filter(|ha| **ha != HaState::Standby).count()
    }

    /// How many SIs it serves.
    pub(crate) fn served(&self) -> usize {
        let serves = |ha: &&HaState| matches!(ha, HaState::Active | HaState::Quiescing);
        self.holds.values().filter(serves).count()
    }
}

/// An SI as a planner sees it.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) dn: Dn,
    pub(crate) rank: Rank,
    pub(crate) preferred: Preferred,
    /// The positions of the members that it prefers, the best first; the others follow in the order of the group.
    pub(crate) ranked: Vec<usize>,
    /// Takes part; otherwise why not.
    pub(crate) wanted: Result<(), Reason>,
    /// Its active SU finishes its work instead of being stopped.
    pub(crate) stopping: bool,
    /// What its sponsors allow. Planners need not look at it: an SI without hope of its sponsor is not `wanted`.
    pub(crate) dependence: Dependence,
}

/// A service group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) protection: Protection,
    /// The most important first.
    pub(crate) members: Vec<Member>,
    /// The most important first.
    pub(crate) services: Vec<Service>,
    pub(crate) preferred: SuNumbers,
    /// Who shall be active in whose place, by the operator's wish.
    pub(crate) swap: Option<Swap>,
    /// The assignments shall be the most preferred ones, by the operator's wish or by the option auto-adjust.
    pub(crate) adjust: bool,
}

/// Two SUs that shall exchange their roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Swap {
    /// Active when the wish was made.
    pub(crate) from: Dn,
    /// Active when it is fulfilled.
    pub(crate) to: Dn,
    /// The SI concerned; `None` where all SIs of the two are.
    pub(crate) si: Option<Dn>,
}

impl Group {
    /// Brings the services into the order of these of their positions.
    pub(crate) fn reorder(&mut self, order: &[usize]) {
        let services = order.iter().filter_map(|at| self.services.get(*at).cloned());
        self.services = services.collect();
        for member in &mut self.members {
            let fits = order.iter().filter_map(|at| member.fits.get(*at).copied());
            member.fits = fits.collect();
            if let Some(seats) = &mut member.seats {
                seats.reorder(order);
            }
        }
    }

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

/// What the SIs of a group should have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) sis: BTreeMap<Dn, SiTarget>,
    /// Why an SU gets nothing.
    pub(crate) passed_over: BTreeMap<Dn, Reason>,
}

impl Target {
    /// The rank of the SU among the standbys of the SI, from 1.
    pub(crate) fn standby_rank(&self, si: &Dn, su: &Dn) -> u32 {
        let standby = self.sis.get(si).into_iter().flat_map(|wish| &wish.standby);
        let (_, rank) = standby
            .zip(1..)
            .find(|(other, _)| *other == su)
            .unwrap_or((su, 1));
        rank
    }
}

/// What the SIs of the group should have.
pub(crate) fn plan(model: RedundancyModel, group: &Group) -> Target {
    let mut target = match model {
        RedundancyModel::TwoN => two_n::plan(group),
        RedundancyModel::NoRedundancy => no_redundancy::plan(group),
        RedundancyModel::NPlusM => n_plus_m::plan(group),
        RedundancyModel::NWay => n_way::plan(group),
        RedundancyModel::NWayActive => n_way_active::plan(group),
    };
    let used: BTreeSet<Dn> = target
        .sis
        .values()
        .flat_map(|si| si.active.iter().chain(&si.standby).cloned())
        .collect();
    target.passed_over.retain(|su, _| !used.contains(su));
    for member in &group.members {
        if !used.contains(&member.dn) {
            let best = member.fits.iter().max().copied().unwrap_or(Fit::Full);
            let spare = if best.leads() {
                Reason::SuSpare
            } else {
                best.lack()
            };
            let reason = member.usable.clone().err().unwrap_or(spare);
            target.passed_over.entry(member.dn.clone()).or_insert(reason);
        }
    }
    target
}

#[cfg(test)]
mod properties;

#[cfg(test)]
pub(crate) mod tests_support {
    use super::*;

    pub(crate) fn dn(name: &str) -> Dn {
        Dn::new(name).unwrap()
    }

    /// An SU in service that holds what is listed.
    pub(crate) fn member(name: &str, holds: &[(&str, HaState)]) -> Member {
        let holds: BTreeMap<Dn, HaState> = holds.iter().map(|(si, ha)| (dn(si), *ha)).collect();
        Member {
            dn: dn(name),
            rank: Rank(1),
            limits: Limits::NONE,
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
            on_probation: false,
            fits: Vec::new(),
            seats: None,
            outdated: BTreeSet::new(),
            standby_ranks: BTreeMap::new(),
        }
    }

    /// Every SU supports all `sis`.
    pub(crate) fn group(model: RedundancyModel, mut members: Vec<Member>, sis: &[&str]) -> Group {
        let protection = protection(model);
        let number = |wanted| match wanted {
            Wanted::Fixed(number) => number,
            Wanted::Configured => 1,
        };
        for member in &mut members {
            member.fits = vec![Fit::Full; sis.len()];
            if protection.load == Load::One {
                member.limits = Limits {
                    active: 1,
                    standby: 0,
                };
            }
        }
        let preferred = Preferred {
            active: number(protection.actives),
            standby: number(protection.standbys),
        };
        let services = sis.iter().zip(1..).map(|(si, rank)| Service {
            dn: dn(si),
            rank: Rank(rank),
            preferred,
            ranked: Vec::new(),
            wanted: Ok(()),
            stopping: false,
            dependence: Dependence::default(),
        });
        Group {
            protection,
            services: services.collect(),
            preferred: SuNumbers {
                active: 1,
                standby: 1,
                assigned: members.len(),
            },
            members,
            swap: None,
            adjust: false,
        }
    }
}
