//! A service group as the planner and the step builder see it, taken from configuration and state.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{AdminState, HaState};

use crate::model::{Sg, Su};
use crate::placement::{self, Present};
use crate::plan::{Availability, Group, Member, MemberFault, Protection, Service};
use crate::state::{InFlight, OrderKind, Serving, SuState, View, takes_su_down};

/// The group of the SG.
pub(crate) fn build(view: View<'_>, dn: &Dn, sg: &Sg, protection: Protection) -> Group {
    Group {
        protection,
        members: sg
            .sus_by_rank()
            .into_iter()
            .filter_map(|su_dn| Some(member(view, sg, su_dn, sg.sus.get(su_dn)?)))
            .collect(),
        services: sg
            .sis_by_rank()
            .into_iter()
            .filter_map(|si_dn| {
                Some(Service {
                    dn: si_dn.clone(),
                    wanted: view.si_wanted(si_dn, sg.sis.get(si_dn)?),
                    stopping: view.state.admin(si_dn) == AdminState::ShuttingDown,
                })
            })
            .collect(),
        swap: view
            .state
            .swaps
            .get(dn)
            .map(|swap| (swap.from.clone(), swap.to.clone())),
    }
}

fn member(view: View<'_>, sg: &Sg, dn: &Dn, su: &Su) -> Member {
    let unknown = SuState::default();
    let state = view.state.su(dn).unwrap_or(&unknown);
    let serving = view.serving(dn);
    let holds = state.holds();
    Member {
        dn: dn.clone(),
        stopping: matches!(serving, Serving::Stopping(_)),
        usable: match serving {
            Serving::InService => Ok(()),
            Serving::Stopping(reason) | Serving::No(reason) => Err(reason),
        },
        expects: expects(holds.clone(), state.in_flight.as_ref()),
        outdated: outdated(sg, su, state, &holds),
        holds,
        appointed: state
            .given
            .keys()
            .filter(|si| state.held(si) == Some(HaState::Active))
            .cloned()
            .collect(),
        may_act: view.may_act(sg, dn),
        uncertain: state.uncertain.clone(),
        orders: availability(view, su, state),
        fault: state.fault().map(|fault| MemberFault {
            whole_su: takes_su_down(fault.recovery),
            isolated: fault.isolated,
        }),
        can_stand_by: su.pre_instantiable,
        fits: sg
            .sis
            .iter()
            .filter(|(_, si)| su.supports(si))
            .map(|(si_dn, _)| si_dn.clone())
            .collect(),
    }
}

fn expects(mut holds: BTreeMap<Dn, HaState>, order: Option<&InFlight>) -> BTreeMap<Dn, HaState> {
    match order.map(|order| &order.kind) {
        Some(OrderKind::Assign { ha, sis }) => {
            holds.extend(sis.iter().map(|si| (si.clone(), *ha)));
        }
        Some(OrderKind::Remove(sis)) => holds.retain(|si, _| !sis.contains(si)),
        Some(OrderKind::Cleanup) => holds.clear(),
        Some(OrderKind::Instantiate | OrderKind::Terminate | OrderKind::Restart(_) | OrderKind::Repair)
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

/// The SIs that are held with other CSIs than the configuration now gives, and were not ordered so already.
fn outdated(sg: &Sg, su: &Su, state: &SuState, holds: &BTreeMap<Dn, HaState>) -> BTreeSet<Dn> {
    holds
        .iter()
        .filter(|(_, ha)| matches!(ha, HaState::Active | HaState::Standby))
        .filter(|(dn, ha)| {
            let Some(si) = sg.sis.get(*dn) else {
                return false;
            };
            let placement = placement::place(su, &[(dn, si)], **ha, &present(sg, state));
            placement.sis.get(*dn).is_some_and(|wanted| {
                !wanted.is_empty() && wanted != &state.placed(dn) && state.given.get(*dn) != Some(wanted)
            })
        })
        .map(|(dn, _)| dn.clone())
        .collect()
}

/// What the components of the SU have, as confirmed.
pub(crate) fn present(sg: &Sg, state: &SuState) -> Vec<Present> {
    let mut all = Vec::new();
    for held in state.report.iter().flat_map(|report| &report.assignments) {
        for (csi, comp) in &held.csis {
            let config = sg
                .sis
                .get(&held.si)
                .and_then(|si| si.csis.iter().find(|own| &own.dn == csi));
            if let Some(config) = config {
                all.push(Present {
                    csi: csi.clone(),
                    cs_type: config.cs_type.clone(),
                    comp: comp.clone(),
                    ha: held.ha,
                });
            }
        }
    }
    all
}
