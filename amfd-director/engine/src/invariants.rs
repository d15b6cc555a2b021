//! What must hold after each event, whatever happened.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::HaState;

use crate::Director;
use crate::group;
use crate::model::Sg;
use crate::plan::{self, Protection};
use crate::state::{OrderKind, SuState};

/// Checks the director's orders and beliefs.
///
/// # Errors
/// Names the rule that is broken and the entities that break it.
pub fn check(director: &Director) -> Result<(), String> {
    if !director.state.nodes.is_filed() || !director.state.sus.is_filed() {
        return Err("the index of deadlines differs from the states".to_owned());
    }
    if !director.knows_lacking() {
        return Err("the index of SIs with less than they prefer differs from the states".to_owned());
    }
    for (dn, sg) in &director.model.sgs {
        let protection = plan::protection(sg.model);
        one_active_each(director, dn, sg, protection)?;
        limits(director, sg, protection)?;
        csis_of_comps(director, sg)?;
    }
    for (su, state) in director.state.sus.iter() {
        order_needs_a_node(director, su, state)?;
        placed_in_own_comps(director, su)?;
    }
    crate::dependency::check(director)
}

/// An SI may not be ordered ACTIVE somewhere while another SU may act for it. Reports alone may show two actives, after a
/// lost node comes back; what the director *orders* may not make it so.
fn one_active_each(director: &Director, dn: &Dn, sg: &Sg, protection: Protection) -> Result<(), String> {
    if !protection.single_active {
        return Ok(());
    }
    for si in sg.sis.keys() {
        let mut ordered: Vec<&Dn> = Vec::new();
        for su in sg.sus.keys() {
            let order = director.state.su(su).and_then(|state| state.in_flight.as_ref());
            if let Some(OrderKind::Assign {
                ha: HaState::Active,
                sis,
            }) = order.map(|order| &order.kind)
                && sis.contains(si)
            {
                ordered.push(su);
            }
        }
        if ordered.len() > 1 {
            return Err(format!("{dn}: {si} is ordered ACTIVE to {ordered:?}"));
        }
    }
    Ok(())
}

fn limits(director: &Director, sg: &Sg, protection: Protection) -> Result<(), String> {
    for (su, config) in &sg.sus {
        let Some(state) = director.state.su(su) else {
            continue;
        };
        let before = state.holds();
        // A change of the model may leave an SU with more than it could be given now, or on the way there.
        let order = state.in_flight.as_ref();
        let order = order.filter(|order| director.state.is_by_present_rules(order.id));
        let Some(OrderKind::Assign { ha, sis }) = order.map(|order| &order.kind) else {
            continue;
        };
        // To leave is how an SU that has too much comes to what it may have.
        if matches!(ha, HaState::Quiesced | HaState::Quiescing) {
            continue;
        }
        let mut held = before.clone();
        held.extend(sis.iter().map(|si| (si.clone(), *ha)));
        // A fault may stop an order half way; what is left then is taken away before anything else is given.
        let half_way = state.fault().is_some() || !state.uncertain.is_empty();
        let with = |ha: HaState| held.values().filter(|have| **have == ha).count();
        let limits = group::limits(sg, config);
        // What was too much already may stay for now, and not become more.
        let adds = |states: &[HaState], limit: usize| {
            let count =
                |holds: &BTreeMap<Dn, HaState>| holds.values().filter(|ha| states.contains(ha)).count();
            count(&held) > limit.max(count(&before))
        };
        let serving = [HaState::Active, HaState::Quiescing];
        if !half_way && (adds(&serving, limits.active) || adds(&[HaState::Standby], limits.standby)) {
            return Err(format!("{su} holds more than its limits allow: {held:?}"));
        }
        // What depends on another SI is made active after it.
        let waits = |si: &Dn| director.model.dependencies.sponsors(si).next().is_some();
        let stands_by = held.iter().any(|(si, ha)| *ha == HaState::Standby && !waits(si));
        if !protection.roles_mix && !half_way && with(HaState::Active) > 0 && stands_by {
            return Err(format!("{su} is active and standby at once: {held:?}"));
        }
    }
    Ok(())
}

/// No order gives a component more active or standby CSIs of a type than it may have, unless it has them already.
fn csis_of_comps(director: &Director, sg: &Sg) -> Result<(), String> {
    for (su, config) in &sg.sus {
        let state = director.state.su(su);
        let order = state.and_then(|state| Some((state, state.in_flight.as_ref()?)));
        let Some((state, order)) = order.filter(|(_, order)| director.state.is_by_present_rules(order.id))
        else {
            continue;
        };
        let OrderKind::Assign { ha, sis } = &order.kind else {
            continue;
        };
        if matches!(ha, HaState::Quiesced | HaState::Quiescing) {
            continue;
        }
        let is_standby = *ha == HaState::Standby;
        let present = group::present(sg, config, state);
        let given: BTreeMap<&Dn, &Dn> = sis
            .iter()
            .filter_map(|si| state.given.get(si))
            .flatten()
            .collect();
        for comp in &config.comps {
            for (cs_type, capacity) in &comp.capacities {
                let limit = if is_standby {
                    capacity.standby
                } else {
                    capacity.active
                };
                let had = present.iter().filter(|at| {
                    let same_role = (at.ha == HaState::Standby) == is_standby;
                    same_role && at.comp == *comp.dn() && at.cs_type == *cs_type
                });
                let stays = had.clone().filter(|at| !given.contains_key(&at.csi)).count();
                let csis = sis.iter().filter_map(|si| sg.sis.get(si)).flat_map(|si| &si.csis);
                let comes =
                    csis.filter(|csi| csi.cs_type == *cs_type && given.get(&csi.dn) == Some(&comp.dn()));
                let has = stays + comes.count();
                if has > had.count() && u32::try_from(has).is_ok_and(|has| has > limit) {
                    return Err(format!(
                        "{} is to have {has} CSIs as {ha}, at most {limit} are allowed",
                        comp.dn()
                    ));
                }
            }
        }
    }
    Ok(())
}

fn order_needs_a_node(director: &Director, su: &Dn, state: &SuState) -> Result<(), String> {
    let Some(order) = &state.in_flight else {
        return Ok(());
    };
    let connected = director
        .model
        .su(su)
        .and_then(|(_, _, config)| config.node.as_ref())
        .and_then(|node| director.state.node(node))
        .is_some_and(|node| node.session.is_some());
    if connected && state.report.is_some() {
        Ok(())
    } else {
        Err(format!(
            "{su} has the order {order:?} in flight but is not connected or reported"
        ))
    }
}

fn placed_in_own_comps(director: &Director, su: &Dn) -> Result<(), String> {
    let Some((_, sg, config)) = director.model.su(su) else {
        return Ok(());
    };
    let Some(state) = director.state.su(su) else {
        return Ok(());
    };
    for at in group::present(sg, config, state) {
        // A component that was deleted while its node was away comes back with what it had.
        let Some(comp) = config.comps.iter().find(|comp| comp.dn() == &at.comp) else {
            continue;
        };
        if !comp.capacities.contains_key(&at.cs_type) {
            return Err(format!(
                "{} has {}, whose type it does not support",
                at.comp, at.csi
            ));
        }
    }
    Ok(())
}
