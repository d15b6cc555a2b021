//! What stays with an SU of which a component failed over (AMF B.02.01 §3.12.1.3): the CSIs of the component fail over,
//! and with them the SIs that they are part of; the other SIs of the SU stay where the redundancy model lets them, while
//! the component is instantiated again. Until that has succeeded the SU gets nothing new.

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::{HaState, OperState, RecommendedRecovery};

use crate::model::Sg;
use crate::plan;
use crate::state::{Serving, SuState, View};

/// The SIs that stay with the SU in spite of its fault; `None` where it has none, or none stays.
pub(crate) fn kept(view: View<'_>, sg: &Sg, dn: &Dn, state: &SuState) -> Option<BTreeSet<Dn>> {
    let fault = state.fault()?;
    let stays = plan::protection(sg.model).sis_apart
        && fault.recovery == RecommendedRecovery::ComponentFailover
        && view.serving_beside_fault(dn) == Serving::InService;
    if !stays {
        return None;
    }
    let failed = failed_comps(state);
    let held = state.report.iter().flat_map(|report| &report.assignments);
    let whole = held
        .filter(|held| matches!(held.ha, HaState::Active | HaState::Standby))
        .filter(|held| held.csis.iter().all(|(_, comp)| !failed.contains(comp)))
        .map(|held| held.si.clone());
    let kept: BTreeSet<Dn> = whole.filter(|si| !state.uncertain.contains(si)).collect();
    (!kept.is_empty()).then_some(kept)
}

/// Whether the SU has nothing more than what stays with it, so that its component may be repaired.
pub(crate) fn has_only_kept(view: View<'_>, sg: &Sg, dn: &Dn, state: &SuState) -> bool {
    let Some(kept) = kept(view, sg, dn, state) else {
        return false;
    };
    state.uncertain.is_empty()
        && state.may_act.is_subset(&kept)
        && state.holds().keys().all(|si| kept.contains(si))
}

/// The components of the SU that failed and were not repaired yet.
pub(crate) fn failed_comps(state: &SuState) -> BTreeSet<Dn> {
    let comps = state.report.iter().flat_map(|report| &report.comps);
    comps
        .filter(|comp| comp.oper == OperState::Disabled)
        .map(|comp| comp.comp.clone())
        .collect()
}
