//! A service group as the planner and the step builder see it, taken from configuration and state.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{AdminState, HaReadinessState, HaState};

use crate::dependency::Dependence;
use crate::life_cycle;
use crate::model::{Capacity, Csi, Rank, Sg, Si, Su};
use crate::partial;
use crate::placement::{self, Present};
use crate::plan::{
    self, Availability, Fit, Group, Limits, Load, Member, MemberFault, Need, Places, Preferred, Seats,
    Service, SuNumbers, Wanted,
};
use crate::state::{InFlight, OrderKind, Serving, SuState, View, takes_su_down};

/// The group of the SG.
pub(crate) fn build(view: View<'_>, dn: &Dn, sg: &Sg) -> Group {
    let protection = plan::protection(sg.model);
    let sis = by_importance(view, sg);
    let sus = sg.sus_by_rank();
    let positions: BTreeMap<&Dn, usize> = sus.iter().copied().zip(0..).collect();
    let csis = sis.iter().map(|(.., si)| si.csis.len()).sum();
    let members: Vec<Member> = sus
        .into_iter()
        .filter_map(|su_dn| {
            let su = sg.sus.get(su_dn)?;
            let state = view.state.su(su_dn);
            let fits = sis.iter().map(|(.., si)| fit(su, state, si)).collect();
            let seats = seats(sg, su, state, &sis, csis);
            let member = member(view, sg, su_dn, su, (fits, seats));
            let kept = partial::kept(view, sg, su_dn, state?);
            Some(match kept {
                Some(kept) => keeping(member, &kept, &sis),
                None => member,
            })
        })
        .collect();
    let is_shared = members.iter().any(Member::shares);
    Group {
        protection,
        members,
        services: sis
            .iter()
            .map(|(rank, si_dn, si)| service(view, sg, (*rank, si_dn, si), &positions))
            .collect(),
        preferred: SuNumbers {
            active: sg.pref_active,
            standby: sg.pref_standby,
            assigned: sg.pref_assigned,
        },
        swap: view.state.swaps.get(dn).cloned(),
        // What is moved twice is disturbed twice: an adjustment waits for the SUs that are instantiated for it.
        // Nor is anything moved where an SI may get fewer CSIs for it, or others.
        adjust: !is_shared && view.state.adjusts.contains(dn) && !life_cycle::is_growing(view, sg),
    }
}

/// How many assignments the SI wants.
pub(crate) fn preferred(sg: &Sg, si: &Si) -> Preferred {
    let protection = plan::protection(sg.model);
    Preferred {
        active: match protection.actives {
            Wanted::Fixed(number) => number,
            Wanted::Configured => si.pref_active.unwrap_or(sg.pref_assigned),
        },
        standby: match protection.standbys {
            Wanted::Fixed(number) => number,
            Wanted::Configured => si.pref_standby,
        },
    }
}

/// For how many SIs the SU may be active and standby.
pub(crate) fn limits(sg: &Sg, su: &Su) -> Limits {
    let protection = plan::protection(sg.model);
    let one = Limits {
        active: 1,
        standby: 0,
    };
    match protection.load {
        Load::One => one,
        Load::All | Load::Configured if !su.pre_instantiable => one,
        Load::All => Limits::NONE,
        Load::Configured => Limits {
            active: sg.max_active.unwrap_or(usize::MAX),
            standby: if protection.has_standbys {
                sg.max_standby.unwrap_or(usize::MAX)
            } else {
                0
            },
        },
    }
}

/// The SIs, the most important first. An SI is as important as the most important one that cannot be without it: that one
/// would otherwise take its place, lose its sponsor by it, and give the place back, without end.
fn by_importance<'a>(view: View<'a>, sg: &'a Sg) -> Vec<(Rank, &'a Dn, &'a Si)> {
    let mut order: BTreeMap<&Dn, (Rank, usize)> = sg.sis.iter().map(|(dn, si)| (dn, (si.rank, 0))).collect();
    let pairs: Vec<(&Dn, &Dn)> = sg
        .sis
        .keys()
        .flat_map(|si| {
            view.model
                .dependencies
                .dependents(si)
                .map(move |dependent| (si, dependent))
        })
        .filter(|(_, dependent)| sg.sis.contains_key(*dependent))
        .collect();
    // A chain of dependencies has no more links than there are dependencies.
    for _ in &pairs {
        let before = order.clone();
        for (sponsor, dependent) in &pairs {
            let (rank, depth) = (order[dependent].0, order[sponsor].1 + 1);
            order.entry(sponsor).and_modify(|own| own.0 = own.0.min(rank));
            order.entry(dependent).and_modify(|own| own.1 = own.1.max(depth));
        }
        if order == before {
            break;
        }
    }
    let mut sis: Vec<(Rank, usize, &Dn, &Si)> = sg
        .sis
        .iter()
        .map(|(dn, si)| (order[dn].0, order[dn].1, dn, si))
        .collect();
    sis.sort_by_key(|(rank, depth, dn, _)| (*rank, *depth, *dn));
    sis.into_iter().map(|(rank, _, dn, si)| (rank, dn, si)).collect()
}

fn service(
    view: View<'_>,
    sg: &Sg,
    (rank, dn, si): (Rank, &Dn, &Si),
    positions: &BTreeMap<&Dn, usize>,
) -> Service {
    Service {
        dn: dn.clone(),
        rank,
        preferred: preferred(sg, si),
        ranked: si
            .ranked
            .iter()
            .filter_map(|su| positions.get(su).copied())
            .collect(),
        wanted: view.si_wanted(dn, si),
        stopping: view.state.admin(dn) == AdminState::ShuttingDown,
        dependence: Dependence::default(),
    }
}

fn member(view: View<'_>, sg: &Sg, dn: &Dn, su: &Su, (fits, seats): (Vec<Fit>, Option<Seats>)) -> Member {
    let unknown = SuState::default();
    let state = view.state.su(dn).unwrap_or(&unknown);
    let serving = view.serving(dn);
    let holds = state.holds();
    Member {
        dn: dn.clone(),
        rank: su.rank,
        limits: limits(sg, su),
        stopping: matches!(serving, Serving::Stopping(_)),
        usable: match serving {
            Serving::InService => Ok(()),
            Serving::Stopping(reason) | Serving::No(reason) => Err(reason),
        },
        expects: expects(holds.clone(), state.in_flight.as_ref()),
        outdated: outdated(sg, su, state, &holds),
        standby_ranks: state.standby_ranks.clone(),
        appointed: state
            .given
            .keys()
            .filter(|si| state.held(si) == Some(HaState::Active))
            .cloned()
            .collect(),
        may_act: view.may_act(sg, dn),
        uncertain: doubtful(sg, state, &holds),
        holds,
        orders: availability(view, su, state),
        fault: state.fault().map(|fault| MemberFault {
            whole_su: takes_su_down(fault.recovery),
            isolated: fault.isolated,
        }),
        can_stand_by: su.pre_instantiable,
        on_probation: state.probation_until.is_some_and(|end| view.now < end),
        fits,
        seats,
    }
}

/// The places of the components of the SU, where some may have fewer CSIs than all `csis` of the group. An SU whose
/// components are not pre-instantiable has one SI.
fn seats(sg: &Sg, su: &Su, state: Option<&SuState>, sis: &[(Rank, &Dn, &Si)], csis: usize) -> Option<Seats> {
    let all = u32::try_from(csis).unwrap_or(u32::MAX);
    let has_standbys = plan::protection(sg.model).has_standbys;
    let mut capacities = su.comps.iter().flat_map(|comp| comp.capacities.values());
    let is_limited = |limit: &Capacity| limit.active < all || (has_standbys && limit.standby < all);
    if !su.pre_instantiable || !capacities.any(is_limited) {
        return None;
    }
    let held = held(sg, su, state);
    let of = |is_standby: bool| {
        let number = number(su, is_standby);
        let needs = sis.iter().map(|(_, dn, si)| {
            let own = held.get(&(*dn, is_standby)).map_or(&[][..], Vec::as_slice);
            let count = |cs_type: &Dn| own.iter().filter(|own| **own == cs_type).count();
            let present = number
                .keys()
                .map(|cs_type| u32::try_from(count(cs_type)).unwrap_or(u32::MAX));
            if own.is_empty() {
                Need::Wants(wants(si, &number))
            } else {
                Need::Has(present.collect())
            }
        });
        let needs = needs.collect();
        Places::new(number.into_values().collect(), needs)
    };
    let (active, standby) = (of(false), of(true));
    let wants = |is_standby| {
        let number = number(su, is_standby);
        sis.iter()
            .map(|(.., si)| wants(si, &number))
            .collect::<Vec<Vec<u32>>>()
    };
    let most = limits(sg, su);
    let shares = active.shares(&wants(false), most.active)
        || (has_standbys && standby.shares(&wants(true), most.standby));
    Some(Seats {
        active,
        standby,
        shares,
    })
}

/// How many CSIs of each type the components of the SU may be active, or stand by, for.
fn number(su: &Su, is_standby: bool) -> BTreeMap<&Dn, u32> {
    let mut number: BTreeMap<&Dn, u32> = BTreeMap::new();
    for (cs_type, capacity) in su.comps.iter().flat_map(|comp| &comp.capacities) {
        let number = number.entry(cs_type).or_default();
        let limit = if is_standby {
            capacity.standby
        } else {
            capacity.active
        };
        *number = number.saturating_add(limit);
    }
    number
}

/// The types of the CSIs that the components have, by SI and whether they stand by for it.
fn held<'a>(sg: &'a Sg, su: &'a Su, state: Option<&'a SuState>) -> BTreeMap<(&'a Dn, bool), Vec<&'a Dn>> {
    let mut all: BTreeMap<(&Dn, bool), Vec<&Dn>> = BTreeMap::new();
    let report = state.and_then(|state| state.report.as_ref());
    for held in report.iter().flat_map(|report| &report.assignments) {
        let csis = held.csis.iter();
        let types: Vec<&Dn> = csis
            .flat_map(|(csi, comp)| types(sg, su, &held.si, csi, comp))
            .collect();
        if !types.is_empty() {
            all.insert((&held.si, held.ha == HaState::Standby), types);
        }
    }
    all
}

/// The type of a CSI that the component has. What left the model has its place until it is taken away; as its type is not
/// known any more, it counts as each that the component takes.
fn types<'a>(sg: &'a Sg, su: &'a Su, si: &Dn, csi: &Dn, comp: &Dn) -> Vec<&'a Dn> {
    let mut csis = sg.sis.get(si).into_iter().flat_map(|si| &si.csis);
    if let Some(config) = csis.find(|own| own.dn == *csi) {
        return vec![&config.cs_type];
    }
    let config = su.comps.iter().find(|own| own.dn() == comp);
    config
        .into_iter()
        .flat_map(|comp| comp.capacities.keys())
        .collect()
}

/// How many CSIs of each type the SI has that could be assigned where there are any places for these types: those that
/// need another one only with it.
fn wants(si: &Si, number: &BTreeMap<&Dn, u32>) -> Vec<u32> {
    let mut needs: BTreeMap<&Dn, u32> = number.keys().map(|cs_type| (*cs_type, 0)).collect();
    let mut left_out: BTreeSet<&Dn> = BTreeSet::new();
    for csi in &si.csis {
        let has_places = number.get(&csi.cs_type).is_some_and(|number| *number > 0);
        match needs.get_mut(&csi.cs_type) {
            Some(need) if has_places && !csi.needs.iter().any(|other| left_out.contains(other)) => *need += 1,
            _ => {
                left_out.insert(&csi.dn);
            }
        }
    }
    needs.into_values().collect()
}

/// What the SU could be for the SI.
pub(crate) fn fit(su: &Su, state: Option<&SuState>, si: &Si) -> Fit {
    if !su.supports(si) {
        return Fit::Unsupported;
    }
    match state.map_or(HaReadinessState::ReadyForAssignment, |state| state.readiness(si)) {
        HaReadinessState::ReadyForAssignment => Fit::Full,
        HaReadinessState::ReadyForActiveDegraded => Fit::Degraded,
        HaReadinessState::NotReadyForActive => Fit::StandbyOnly,
        HaReadinessState::NotReadyForAssignment => Fit::NotReady,
    }
}

/// The SU goes on with these SIs, as they are, and gets nothing else.
fn keeping(mut member: Member, kept: &BTreeSet<Dn>, sis: &[(Rank, &Dn, &Si)]) -> Member {
    let count = |ha: HaState| {
        let held = member.holds.iter();
        held.filter(|(si, held)| **held == ha && kept.contains(*si))
            .count()
    };
    member.limits = Limits {
        active: count(HaState::Active),
        standby: count(HaState::Standby),
    };
    member.usable = Ok(());
    member.seats = None;
    for (fit, (_, si, _)) in member.fits.iter_mut().zip(sis) {
        if !kept.contains(*si) {
            *fit = Fit::Unsupported;
        }
    }
    member
}

fn expects(mut holds: BTreeMap<Dn, HaState>, order: Option<&InFlight>) -> BTreeMap<Dn, HaState> {
    match order.map(|order| &order.kind) {
        Some(OrderKind::Assign { ha, sis }) => {
            holds.extend(sis.iter().map(|si| (si.clone(), *ha)));
        }
        Some(OrderKind::Remove(sis)) => holds.retain(|si, _| !sis.contains(si)),
        Some(OrderKind::Cleanup) => holds.clear(),
        Some(
            OrderKind::Instantiate
            | OrderKind::Terminate
            | OrderKind::Restart(_)
            | OrderKind::Monitor(..)
            | OrderKind::Repair,
        )
        | None => {}
    }
    holds
}

/// Whether an order can be sent to the SU.
pub(crate) fn availability(view: View<'_>, su: &Su, state: &SuState) -> Availability {
    if view.session(su).is_none() || state.report.is_none() {
        return Availability::Unreachable;
    }
    match state.in_flight.as_ref().map(|order| &order.kind) {
        Some(OrderKind::Assign {
            ha: HaState::Quiescing,
            ..
        }) => Availability::Quiescing,
        Some(_) => Availability::Busy,
        None if state.works_for_another() => Availability::Busy,
        None if state.hold_until.is_some_and(|end| view.now < end) => Availability::Paused,
        None => Availability::Free,
    }
}

/// The SIs that are to be removed before anything else: those of failed orders, and those that left the model while the
/// SU was out of reach.
fn doubtful(sg: &Sg, state: &SuState, holds: &BTreeMap<Dn, HaState>) -> BTreeSet<Dn> {
    let orphans = holds.keys().filter(|si| !sg.sis.contains_key(*si));
    state.uncertain.iter().chain(orphans).cloned().collect()
}

/// The SIs that are held with other CSIs, or other attributes of them, than the configuration now gives, and were not
/// ordered so already.
fn outdated(sg: &Sg, su: &Su, state: &SuState, holds: &BTreeMap<Dn, HaState>) -> BTreeSet<Dn> {
    holds
        .iter()
        .filter(|(_, ha)| matches!(ha, HaState::Active | HaState::Standby))
        .filter(|(dn, ha)| {
            let Some(si) = sg.sis.get(*dn) else {
                return false;
            };
            if state.half_done.contains(*dn) {
                return true;
            }
            let placement = placement::place(su, &[(dn, si)], **ha, &present(sg, su, state));
            let new_attributes = |csi: &Csi| {
                state
                    .told
                    .get(&csi.dn)
                    .is_some_and(|told| *told != csi.attributes)
            };
            placement.sis.get(*dn).is_some_and(|wanted| {
                let moved = wanted != &state.placed(dn) && state.given.get(*dn) != Some(wanted);
                let mut kept = si.csis.iter().filter(|csi| wanted.contains_key(&csi.dn));
                !wanted.is_empty() && (moved || kept.any(new_attributes))
            })
        })
        .map(|(dn, _)| dn.clone())
        .collect()
}

/// What the components of the SU have, as confirmed.
pub(crate) fn present(sg: &Sg, su: &Su, state: &SuState) -> Vec<Present> {
    let mut all = Vec::new();
    for held in state.report.iter().flat_map(|report| &report.assignments) {
        for (csi, comp) in &held.csis {
            let types = types(sg, su, &held.si, csi, comp).into_iter();
            all.extend(types.map(|cs_type| Present {
                csi: csi.clone(),
                cs_type: cs_type.clone(),
                comp: comp.clone(),
                ha: held.ha,
            }));
        }
    }
    all
}
