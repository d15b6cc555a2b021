//! Which SUs should be instantiated, terminated or repaired.

use ais::Dn;
use ais::amf::{AdminState, FaultReport, PresenceState, RecommendedRecovery};

use crate::group;
use crate::model::{Sg, Su};
use crate::partial;
use crate::plan::Availability;
use crate::state::{SuState, View, is_failed};

/// What is to be done with an SU as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LifeStep {
    Instantiate,
    Terminate,
    Cleanup,
    Repair,
}

/// The next steps in the life of the SG's SUs.
pub(crate) fn next(view: View<'_>, sg: &Sg) -> Vec<(Dn, LifeStep)> {
    if !view.state.resetting.is_empty() {
        return Vec::new();
    }
    // Which of the SUs are needed is known when it is known which run.
    if sg.pref_in_service < sg.sus.len() && view.unreported_node(sg).is_some() {
        return Vec::new();
    }
    let wanted = wanted(view, sg);
    sg.sus
        .iter()
        .filter_map(|(dn, su)| {
            let state = view.state.su(dn)?;
            if group::availability(view, su, state) != Availability::Free {
                return None;
            }
            Some((dn.clone(), step(view, sg, dn, su, state, &wanted)?))
        })
        .collect()
}

fn step(view: View<'_>, sg: &Sg, dn: &Dn, su: &Su, state: &SuState, wanted: &[&Dn]) -> Option<LifeStep> {
    let node = su.node.as_ref().and_then(|node| view.state.node(node));
    // What else runs on the node may say that the SU is not to run.
    if su.node.as_ref().is_some_and(|node| view.is_unreported(node)) {
        return None;
    }
    // What is restarted ends as far as it can, where a component of it could not be terminated.
    let is_stuck = state.presence() == PresenceState::TerminationFailed;
    if is_stuck && view.restarting(dn).is_some() && state.has_comp(PresenceState::Instantiated) {
        return Some(LifeStep::Cleanup);
    }
    if node.is_none_or(|node| node.recovery.is_some()) {
        // What is restarted does not go on where its node is disabled either; it is not started again there.
        let is_up = su.pre_instantiable && state.presence() == PresenceState::Instantiated;
        let ends = is_up && state.is_empty() && view.restarting(dn).is_some();
        return ends.then_some(LifeStep::Terminate);
    }
    let leaves = su.node.as_ref().is_some_and(|node| view.leaves(node));
    let presence = state.presence();
    let locked_in = view.strictest(dn).0 == AdminState::LockedInstantiation;
    // The fault keeps the restart of the application going, whatever becomes of the director.
    if state.fault().is_some_and(FaultReport::restarts_application) && view.restarting(dn).is_some() {
        return None;
    }
    if state.fault().is_some() || is_failed(presence) {
        // A node that leaves is not given anything to start.
        if leaves {
            return None;
        }
        return repairs(view, sg, dn, su, state, locked_in).then_some(LifeStep::Repair);
    }
    if !su.pre_instantiable {
        return None;
    }
    match presence {
        PresenceState::Uninstantiated if wanted.contains(&dn) => Some(LifeStep::Instantiate),
        PresenceState::Instantiated
            if state.is_empty()
                && (leaves || locked_in || view.restarting(dn).is_some() || !wanted.contains(&dn)) =>
        {
            Some(LifeStep::Terminate)
        }
        PresenceState::Uninstantiated
        | PresenceState::Instantiating
        | PresenceState::Instantiated
        | PresenceState::Terminating
        | PresenceState::Restarting
        | PresenceState::InstantiationFailed
        | PresenceState::TerminationFailed => None,
    }
}

/// Whether a faulty SU may be repaired now: its work is gone, and the rules or the operator allow it
/// (AMF B.02.01 §3.12.1.4).
fn repairs(view: View<'_>, sg: &Sg, dn: &Dn, su: &Su, state: &SuState, locked_in: bool) -> bool {
    if is_failed(state.presence()) {
        // Locking for instantiation is one way out of a failed state (OpenSAF practice).
        return state.repair_wanted || locked_in;
    }
    // What still acts, or still holds work, is not repaired away.
    let is_free = state.is_empty() || partial::has_only_kept(view, sg, dn, state);
    let Some(fault) = state.fault().filter(|fault| fault.isolated && is_free) else {
        return false;
    };
    state.repair_wanted || is_automatic(view, sg, su, fault.recovery)
}

/// Whether the director repairs by itself after this recovery.
pub(crate) fn is_automatic(view: View<'_>, sg: &Sg, su: &Su, recovery: RecommendedRecovery) -> bool {
    let restricted = view.model.cluster.restrict_auto_repair && su.in_maintenance;
    match recovery {
        // A restart is its own repair, and the repair of a component failover is part of the recovery.
        RecommendedRecovery::NoRecommendation
        | RecommendedRecovery::ComponentRestart
        | RecommendedRecovery::ContainerRestart
        | RecommendedRecovery::SuRestart
        | RecommendedRecovery::ApplicationRestart
        | RecommendedRecovery::ComponentFailover => true,
        RecommendedRecovery::SuFailover => sg.auto_repair && !restricted,
        // The node's recovery repairs; what is left of the fault afterwards is repaired by hand.
        RecommendedRecovery::NodeSwitchover
        | RecommendedRecovery::NodeFailover
        | RecommendedRecovery::NodeFailfast
        | RecommendedRecovery::ClusterReset => false,
    }
}

/// The SUs that should be instantiated: as many as preferred, those that serve first, then those in service, then by
/// rank, locked ones last. An SU of a node that has not reported counts as instantiated. While the SG is adjusted rank
/// alone decides among the unlocked ones, and those that serve stay until their work is moved.
pub(crate) fn wanted<'a>(view: View<'_>, sg: &'a Sg) -> Vec<&'a Dn> {
    let mut order: Vec<(u8, usize, &Dn)> = sg
        .sus_by_rank()
        .into_iter()
        .enumerate()
        .filter_map(|(position, dn)| Some((claim(view, dn, sg.sus.get(dn)?)?, position, dn)))
        .collect();
    let serves = |(claim, ..): &(u8, usize, &Dn)| *claim == SERVES;
    let first = order.first().and_then(|(.., dn)| view.model.su(dn));
    if first.is_some_and(|(sg, ..)| view.state.adjusts.contains(sg)) {
        let serving: Vec<&Dn> = order.iter().copied().filter(serves).map(|(.., dn)| dn).collect();
        // Of equal rank, those that serve or run already.
        order.sort_by_key(|(claim, position, dn)| {
            let may_be_moved_to = *claim <= UNLOCKED_MAX && !view.is_on_probation(dn);
            let rank = sg.sus.get(*dn).map(|su| su.rank);
            (
                if may_be_moved_to { SERVES } else { *claim },
                rank,
                *claim,
                *position,
            )
        });
        let mut wanted: Vec<&Dn> = order
            .into_iter()
            .take(sg.pref_in_service)
            .map(|(.., dn)| dn)
            .collect();
        wanted.extend(
            serving
                .into_iter()
                .filter(|su| !wanted.contains(su))
                .collect::<Vec<_>>(),
        );
        return wanted;
    }
    order.sort_unstable();
    order
        .into_iter()
        .take(sg.pref_in_service)
        .map(|(_, _, dn)| dn)
        .collect()
}

/// Whether SUs that should be instantiated are not yet.
pub(crate) fn is_growing(view: View<'_>, sg: &Sg) -> bool {
    wanted(view, sg).into_iter().any(|su| {
        let presence = view.state.su(su).map(SuState::presence);
        matches!(
            presence,
            Some(PresenceState::Uninstantiated | PresenceState::Instantiating)
        )
    })
}

/// The claim of an SU that serves.
const SERVES: u8 = 0;
/// The weakest claim of an SU that is unlocked.
const UNLOCKED_MAX: u8 = 2;

/// How strong the SU's claim to be instantiated is, 0 the strongest; `None` where it may not be.
fn claim(view: View<'_>, dn: &Dn, su: &Su) -> Option<u8> {
    if !su.pre_instantiable || view.strictest(dn).0 == AdminState::LockedInstantiation {
        return None;
    }
    let node = su.node.as_ref()?;
    if view.is_unreported(node) {
        return Some(1);
    }
    let node = view.state.node(node)?;
    if (node.session.is_none() && !node.is_awaited()) || node.recovery.is_some() || node.leaves() {
        return None;
    }
    let state = view.state.su(dn)?;
    let is_up = !matches!(
        state.presence(),
        PresenceState::Uninstantiated | PresenceState::Terminating
    );
    if !state.is_empty() {
        return Some(SERVES);
    }
    if view.disabled(dn, su).is_some() || view.restarting(dn).is_some() {
        return None;
    }
    let unlocked = view.strictest(dn).0 == AdminState::Unlocked;
    Some(match (unlocked, is_up) {
        (true, true) => 1,
        (true, false) => UNLOCKED_MAX,
        (false, true) => 3,
        (false, false) => 4,
    })
}
