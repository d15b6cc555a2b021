//! All that the director knows and intends, as text for whoever looks into a director that does something unexpected.
//! One line for each entity, in the order of the model; what is as it is by default is left out.

use std::fmt::{Debug, Display, Write as _};

use ais::Dn;

use crate::Director;
use crate::model::{Sg, Su};
use crate::plan::SiTarget;
use crate::state::{Serving, SuState};

/// The whole state.
pub(crate) fn dump(director: &Director) -> String {
    let mut lines = Lines::default();
    whole(director, &mut lines);
    for dn in director.model.nodes.keys() {
        node(director, dn, &mut lines);
    }
    for (dn, sg) in &director.model.sgs {
        group(director, dn, sg, &mut lines);
        for (su_dn, su) in &sg.sus {
            unit(director, su_dn, su, &mut lines);
        }
        for si in sg.sis.keys() {
            instance(director, dn, sg, si, &mut lines);
        }
    }
    lines.0
}

/// The text so far.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn begin(&mut self, what: &str, subject: &dyn Display) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.put(format_args!("{what} {subject}:"));
    }

    fn put(&mut self, text: impl Display) {
        // A String takes all that is written to it.
        let written = write!(self.0, "{text}");
        debug_assert!(written.is_ok());
    }

    fn value(&mut self, name: &str, value: impl Display) {
        self.put(format_args!(" {name}={value}"));
    }

    fn some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    fn list(&mut self, name: &str, values: impl IntoIterator<Item = impl Display>) {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if !values.is_empty() {
            self.value(name, format_args!("[{}]", values.join("; ")));
        }
    }
}

/// A value of the engine's own, as it is written in its source.
fn inner(value: &impl Debug) -> String {
    format!("{value:?}")
}

fn whole(director: &Director, lines: &mut Lines) {
    let state = &director.state;
    lines.begin("director of term", &state.term.0);
    lines.value("now", director.now);
    lines.some("next-deadline", director.next_deadline());
    lines.some("startup-until", state.startup_until);
    lines.some("nodes-awaited-until", state.sync_until);
    lines.list("restarting", &state.restarts);
    lines.list("resetting", &state.resetting);
    lines.list("unknown-sus", state.strangers.keys());
    lines.list("shutting-down", state.admin.shutting_down());
    for pending in &director.pending {
        lines.begin("operation", &inner(pending));
    }
    for problem in director.model.problems() {
        lines.begin("broken", &problem.dn);
        lines.put(format_args!(" {}", problem.text));
    }
}

fn node(director: &Director, dn: &Dn, lines: &mut Lines) {
    lines.begin("node", dn);
    lines.value("admin", director.state.admin(dn));
    lines.value("oper", director.view().node_oper(dn));
    let Some(state) = director.state.node(dn) else {
        return lines.put(" never connected");
    };
    lines.some("session", state.session.map(|session| session.0));
    lines.value("reported", state.reported);
    lines.some("report-until", state.report_until);
    lines.value("loss", inner(&state.loss));
    lines.some("recovery", state.recovery.as_ref().map(inner));
    lines.list("rebooted-for", &state.rebooted_for);
}

fn group(director: &Director, dn: &Dn, sg: &Sg, lines: &mut Lines) {
    let state = &director.state;
    lines.begin("SG", dn);
    lines.value("model", inner(&sg.model));
    lines.value("admin", state.admin(dn));
    lines.some("swap", state.swaps.get(dn).map(inner));
    lines.value("adjusting", state.adjusts.contains(dn));
    if let Some(evaluation) = director.evaluations.get(dn) {
        lines.value("done", evaluation.done);
        lines.some("gate", evaluation.gate.as_ref());
    }
}

fn unit(director: &Director, dn: &Dn, su: &Su, lines: &mut Lines) {
    lines.begin(" SU", dn);
    lines.some("node", su.node.as_ref());
    lines.value("admin", director.state.admin(dn));
    match director.view().serving(dn) {
        Serving::InService => lines.value("readiness", "IN-SERVICE"),
        Serving::Stopping(why) => lines.value("readiness", format_args!("STOPPING ({why})")),
        Serving::No(why) => lines.value("readiness", format_args!("OUT-OF-SERVICE ({why})")),
    }
    let Some(state) = director.state.su(dn) else {
        return lines.put(" never reported");
    };
    lines.value("presence", state.presence());
    lines.list("holds", state.holds().iter().map(|(si, ha)| format!("{si} {ha}")));
    lines.some("in-flight", state.in_flight.as_ref().map(inner));
    lines.list("may-act", &state.may_act);
    lines.list("uncertain", &state.uncertain);
    lines.list("half-done", &state.half_done);
    lines.some("fault", state.fault().map(inner));
    lines.some("failed-orders", Some(state.failures).filter(|number| *number > 0));
    lines.some("hold-until", state.hold_until);
    lines.some("probation-until", state.probation_until);
    orders_of_others(state, lines);
}

fn orders_of_others(state: &SuState, lines: &mut Lines) {
    let other = state.report.as_ref().and_then(|report| report.order.as_ref());
    lines.some(
        "works-for-another",
        other.filter(|_| state.works_for_another()).map(inner),
    );
}

fn instance(director: &Director, group: &Dn, sg: &Sg, dn: &Dn, lines: &mut Lines) {
    let view = director.view();
    lines.begin(" SI", dn);
    lines.value("admin", director.state.admin(dn));
    lines.value("assignment", view.assignment_state(sg, dn));
    let Some(evaluation) = director.evaluations.get(group) else {
        return;
    };
    let none = SiTarget::default();
    let target = evaluation.target.sis.get(dn).unwrap_or(&none);
    lines.list("plan-active", &target.active);
    lines.list("plan-standby", &target.standby);
    lines.list("because", &target.reasons);
    lines.some("waits", evaluation.waits.get(dn));
    lines.some("unassigned-since", director.state.absences.since(dn));
}
