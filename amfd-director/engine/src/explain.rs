//! Why an entity is as it is, in sentences.

use ais::Dn;
use ais::amf::{AdminState, HaState, PresenceState};

use crate::Director;
use crate::reason::Reason;
use crate::state::{Loss, NodeState, Serving, SuState};
use crate::validate::legal;

/// The most SIs that are named for a group.
const LACKING_MOST: usize = 20;

/// Sentences about the entity, the most important first; empty for a DN that is not in the model.
pub(crate) fn explain(director: &Director, dn: &Dn) -> Vec<String> {
    let mut all: Vec<String> = reasons(director, dn).iter().map(ToString::to_string).collect();
    all.extend(problems_around(director, dn));
    all.extend(own_lock(director, dn));
    if let Some((_, group, _)) = director.model.si(dn) {
        for (su, ha) in director.view().holders(group, dn) {
            let ha = now(director.state.su(&su), dn, ha);
            all.push(format!("{su} is {ha}"));
        }
    }
    if director.model.su(dn).is_some() {
        let state = director.state.su(dn);
        let holds = state.map(SuState::holds).unwrap_or_default();
        let sentence = |(si, ha)| format!("{} for {si}", now(state, &si, ha));
        all.extend(holds.into_iter().map(sentence));
        all.extend(failed_commands(director, dn));
    }
    all.extend(comp_sentences(director, dn));
    all.extend(node_sentences(director, dn));
    all.extend(group_sentences(director, dn));
    all
}

/// The SIs of an SG, application or cluster that have less than they prefer, each with its first reason.
fn group_sentences(director: &Director, dn: &Dn) -> Vec<String> {
    let is_cluster = director.model.cluster.dn.as_ref() == Some(dn);
    let concerned = |sg: &Dn, app: Option<&Dn>| is_cluster || sg == dn || app == Some(dn);
    let lacking = director.lacking();
    let mut lacking: Vec<String> = lacking
        .filter(|(sg_dn, sg, ..)| concerned(sg_dn, sg.app.as_ref()))
        .take(LACKING_MOST + 1)
        .map(|(.., si, state)| {
            let why = reasons(director, si);
            let why = why
                .first()
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default();
            format!("{si} is {state}{why}")
        })
        .collect();
    if lacking.len() > LACKING_MOST {
        lacking.truncate(LACKING_MOST);
        lacking.push("and others".to_owned());
    }
    lacking
}

/// What is under way and waits for something: operations, orders.
fn waits(director: &Director, dn: &Dn) -> Vec<Reason> {
    let mut all: Vec<Reason> = director.operations_waiting(dn);
    if let Some(state) = director.state.su(dn) {
        all.extend(state.in_flight.as_ref().map(|order| Reason::OrderUnanswered {
            order: order.kind.to_string(),
        }));
        all.extend(state.hold_until.map(|until| Reason::OrderRetried {
            millis: until.since(director.now).0,
        }));
    }
    all
}

/// The state that the SU has for the SI: as confirmed, or QUIESCING while it finishes its work.
fn now(state: Option<&SuState>, si: &Dn, confirmed: HaState) -> HaState {
    if state.is_some_and(|state| state.is_quiescing(si)) {
        HaState::Quiescing
    } else {
        confirmed
    }
}

/// What is wrong with an SI that no SG is found for: no SG was built that could tell.
pub(crate) fn stray(director: &Director, dn: &Dn) -> Option<Reason> {
    let object = director
        .raw
        .get(dn)
        .filter(|object| object.class() == "SaAmfSI")?;
    let sg = object.dn("saAmfSIProtectedbySG");
    if sg.is_some_and(|sg| director.raw.of_class(&sg, "SaAmfSG").is_some()) {
        return None;
    }
    let refusal = legal(&director.raw, dn, object).err();
    let missing = || format!("{dn}: saAmfSIProtectedbySG has no value, so no SG serves it");
    let rule = refusal.map_or_else(missing, |refusal| refusal.text);
    let rule = rule.strip_prefix(&format!("{dn}: ")).unwrap_or(&rule).to_owned();
    Some(Reason::Unmanageable { rule })
}

/// What is broken below the entity, or in the type that it refers to.
fn problems_around(director: &Director, dn: &Dn) -> Vec<String> {
    let object = director.raw.get(dn);
    let types = ["saAmfSGType", "saAmfSUType", "saAmfCompType", "saAmfSvcType"];
    let refers = |to: &Dn| {
        types
            .iter()
            .any(|attr| object.and_then(|o| o.dn(attr)).as_ref() == Some(to))
    };
    let problems = director.model.problems();
    problems
        .filter(|problem| &problem.dn != dn && (problem.dn.is_within(dn) || refers(&problem.dn)))
        .map(|problem| format!("{}: {}", problem.dn, problem.text))
        .collect()
}

/// That the group, node or application is locked itself; for SUs and SIs a reason says so.
fn own_lock(director: &Director, dn: &Dn) -> Option<String> {
    let state = director.state.admin(dn);
    let has_reason = director.model.su(dn).is_some() || director.model.si(dn).is_some();
    (!has_reason && state != AdminState::Unlocked).then(|| format!("{dn} is {state}"))
}

/// The commands that failed for components of the SU.
fn failed_commands(director: &Director, su: &Dn) -> Vec<String> {
    let report = director.state.su(su).and_then(|state| state.report.as_ref());
    let comps = report.into_iter().flat_map(|report| &report.comps);
    comps
        .filter_map(|comp| comp.failure.as_ref().map(|failure| (&comp.comp, failure)))
        .map(|(comp, failure)| {
            let (command, path, cause) = (&failure.command, &failure.path, &failure.cause);
            format!("{comp}: {command} {path} failed: {cause}; mend it, then amf-adm repaired {su}")
        })
        .collect()
}

/// What a component's report says, the command that failed first, and then why its SU is as it is.
fn comp_sentences(director: &Director, dn: &Dn) -> Vec<String> {
    let Some((su, ..)) = director.model.comp(dn) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let report = director.state.su(&su).and_then(|state| state.report.as_ref());
    if let Some(comp) = report.and_then(|report| report.comps.iter().find(|comp| &comp.comp == dn)) {
        if let Some(failure) = &comp.failure {
            let reason = Reason::CommandFailed {
                command: failure.command.clone(),
                path: failure.path.clone(),
                cause: failure.cause.clone(),
            };
            all.push(reason.to_string());
            all.extend(failure.stderr.lines().map(|line| format!("stderr: {line}")));
        }
        all.push(format!("the component is {} and {}", comp.presence, comp.oper));
    }
    all.extend(
        explain(director, &su)
            .into_iter()
            .map(|why| format!("{su}: {why}")),
    );
    all
}

/// Whether a node is there.
fn node_sentences(director: &Director, dn: &Dn) -> Vec<String> {
    if !director.model.nodes.contains_key(dn) {
        return Vec::new();
    }
    let state = director.state.node(dn);
    let reason = match state {
        Some(state) if state.session.is_none() => match state.departure {
            Some(departure) => departure.reason(),
            None => Reason::NodeAbsent { node: dn.clone() },
        },
        None => Reason::NodeAbsent { node: dn.clone() },
        Some(state) if !state.reported => Reason::NodesUnreported { node: dn.clone() },
        Some(state) if state.leaves() => Reason::NodeLeaving { node: dn.clone() },
        Some(_) => Reason::NodeReported,
    };
    let mut all = vec![reason.to_string()];
    all.extend(
        state
            .and_then(|state| loss(director, dn, state))
            .map(|reason| reason.to_string()),
    );
    all
}

/// What becomes of the work of a node that is not there.
fn loss(director: &Director, node: &Dn, state: &NodeState) -> Option<Reason> {
    let node = node.clone();
    match &state.loss {
        Loss::None => None,
        Loss::Awaited { until } => Some(Reason::NodeAwaited {
            millis: until.0.saturating_sub(director.now.0),
        }),
        Loss::Fencing { .. } => Some(Reason::NodeFencing { node }),
        Loss::FenceFailed { cause, .. } => Some(Reason::FenceFailed {
            node,
            cause: cause.clone(),
        }),
        Loss::TakenOver => Some(Reason::NodeTakenOver),
    }
}

/// The reasons that hold for the entity, each with what it is about.
pub(crate) fn with_subjects(director: &Director, dn: &Dn) -> Vec<(Dn, Reason)> {
    let of = |dn: &Dn| {
        let all = reasons(director, dn).into_iter();
        all.map(|reason| (dn.clone(), reason)).collect::<Vec<_>>()
    };
    let mut all = of(dn);
    if let Some((su, ..)) = director.model.comp(dn) {
        all.extend(of(&su));
    }
    all
}

/// The reasons that hold for the entity; last, what is under way.
pub(crate) fn reasons(director: &Director, dn: &Dn) -> Vec<Reason> {
    let mut all = standing_reasons(director, dn);
    all.extend(waits(director, dn));
    all
}

/// Whether the SU is one of those that should be instantiated.
fn is_wanted(director: &Director, sg: &Dn, su: &Dn) -> bool {
    let sg = director.model.sgs.get(sg);
    sg.is_some_and(|sg| crate::life_cycle::wanted(director.view(), sg).contains(&su))
}

fn standing_reasons(director: &Director, dn: &Dn) -> Vec<Reason> {
    let model = &director.model;
    let own = model.problems().filter(|problem| &problem.dn == dn);
    let broken = own.map(|problem| Reason::Unmanageable {
        rule: problem.text.clone(),
    });
    let mut all: Vec<Reason> = stray(director, dn).into_iter().chain(broken).collect();
    let object = director.raw.get(dn);
    let sg_of = object.and_then(|object| object.dn("saAmfSIProtectedbySG"));
    let foreign_apps = model.foreign_apps();
    let is_foreign = |name: &Dn| foreign_apps.iter().any(|app| name.is_within(app));
    if is_foreign(dn) || sg_of.as_ref().is_some_and(is_foreign) {
        all.push(Reason::ForeignApplication);
    }
    let sg = model
        .su(dn)
        .map(|(sg, ..)| sg)
        .or_else(|| model.si(dn).map(|(sg, ..)| sg))
        .or_else(|| model.sgs.get_key_value(dn).map(|(sg, _)| sg));
    let Some(sg) = sg.filter(|sg| model.sgs.contains_key(*sg)) else {
        return all;
    };
    let Some(evaluation) = director.evaluations.get(sg) else {
        return all;
    };
    all.extend(evaluation.gate.clone());
    if model.si(dn).is_some() {
        all.extend(evaluation.waits.get(dn).cloned());
        all.extend(
            evaluation
                .target
                .sis
                .get(dn)
                .into_iter()
                .flat_map(|si| si.reasons.clone()),
        );
    }
    let lacks = |reason: &Reason| {
        matches!(
            reason,
            Reason::NoSuForActive
                | Reason::NoSuForStandby
                | Reason::NoRoomForActive { .. }
                | Reason::NoRoomForStandby { .. }
                | Reason::CompsFull { .. }
        )
    };
    if model.si(dn).is_some() && all.iter().any(lacks) {
        let passed_over = evaluation.target.passed_over.iter();
        all.extend(passed_over.map(|(su, reason)| Reason::PassedOver {
            su: su.clone(),
            why: reason.to_string(),
        }));
    }
    let misranked = model.dependencies.misranked().iter();
    let own = misranked.filter(|(dependent, _)| dependent == dn);
    all.extend(own.map(|(_, sponsor)| Reason::SponsorMisranked {
        sponsor: sponsor.clone(),
    }));
    if model.su(dn).is_some() {
        match director.view().serving(dn) {
            Serving::No(Reason::SuNotInstantiated { presence })
                if presence == PresenceState::Uninstantiated && !is_wanted(director, sg, dn) =>
            {
                all.push(Reason::SuSpareUninstantiated);
            }
            Serving::Stopping(reason) | Serving::No(reason) => all.push(reason),
            Serving::InService => all.extend(evaluation.target.passed_over.get(dn).cloned()),
        }
    }
    all
}
