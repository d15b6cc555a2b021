//! How each event changes the state.

use std::collections::BTreeSet;

use ais::amf::{HaState, NodeOrder, NodeReport, OrderOutcome, RecommendedRecovery, SuReport};
use ais::{Dn, Millis};

use crate::Director;
use crate::effect::Effect;
use crate::event::{Event, SessionId};
use crate::model::node_config;
use crate::node_loss::runs;
use crate::partial;
use crate::reason::Reason;
use crate::state::{
    Applied, InFlight, LastActive, Loss, NodeRecovery, NodeState, OrderKind, Stage, Stranger, is_down,
};

/// How long an SU is left alone after an order failed without a fault, times the failures in a row.
const HOLD: Millis = Millis(1_000);
/// The time from a cleanup of an SU that is not in the model, where it failed, to the next.
const STRANGER_RETRY: Millis = Millis(10_000);
/// The longest pause of that kind, in failures.
const HOLD_FAILURES_MAX: u32 = 30;

impl Director {
    pub(crate) fn apply(&mut self, event: Event) {
        match event {
            Event::Start { term, objects } => self.start(term, &objects),
            Event::AlarmsRaised { alarms } => self.adopt_alarms(alarms),
            Event::Repository { reachable } => self.repository_reachable(reachable),
            Event::CcbApplied { changes } => self.change_model(&changes),
            Event::AdminOperation {
                request,
                dn,
                operation,
            } => self.admin_operation(request, dn, operation),
            Event::NodeUp { node, session } => self.node_up(&node, session),
            Event::NodeDown { node, session, cause } => self.node_down(&node, session, cause),
            Event::Report {
                node,
                session,
                report,
            } => self.report(&node, session, report),
            Event::FenceResult { request, result } => self.fence_result(request, result),
            Event::Deadline => {}
        }
    }

    /// Sends an order that is not tracked; dropped where the node is not there.
    pub(crate) fn send(&mut self, node: &Dn, order: NodeOrder) {
        if let Some(session) = self.state.node(node).and_then(|state| state.session) {
            let cause = self.cause();
            self.out.send.push(Effect::Send {
                node: node.clone(),
                session,
                order,
                cause,
            });
        }
    }

    fn node_up(&mut self, node: &Dn, session: SessionId) {
        let counting = self.options.counting;
        let config = self.model.nodes.get(node);
        let Some(config) = config.map(|config| node_config(node, config, counting)) else {
            self.because(node, Reason::StaleReport);
            return;
        };
        if self.state.node(node).is_some_and(|state| state.session.is_some()) {
            self.lose_connection(node);
        }
        let sus: Vec<Dn> = self.model.sus_on(node).map(|(_, dn, _)| dn.clone()).collect();
        for su in sus {
            if let Some(state) = self.state.sus.get_mut(&su) {
                state.lose_session();
            }
        }
        let report_until = self.now.after(self.report_limit());
        let repairs = self
            .model
            .nodes
            .get(node)
            .is_some_and(|config| config.auto_repair);
        let state = self.state.nodes.or_default(node);
        // Only the operator enables it again (AMF B.02.01 §3.3.6.2); a failfast is its own repair.
        let stays_disabled = |recovery: &NodeRecovery| {
            !repairs && recovery.stage == Stage::Moving && recovery.kind != RecommendedRecovery::NodeFailfast
        };
        // What it does now it will report; that its work was given to others it does not know.
        let loss = match state.loss {
            Loss::TakenOver => Loss::TakenOver,
            Loss::None | Loss::Awaited { .. } | Loss::Fencing { .. } | Loss::FenceFailed { .. } => Loss::None,
        };
        *state = NodeState {
            session: Some(session),
            report_until: Some(report_until),
            loss,
            recovery: state.recovery.take().filter(stays_disabled),
            rebooted_for: std::mem::take(&mut state.rebooted_for),
            ..NodeState::default()
        };
        self.forget_tracks(node);
        self.because(node, Reason::NodeUp);
        self.send(node, NodeOrder::ConfigureNode(config));
        self.configure_sus(node);
        self.send(node, NodeOrder::ReportAll);
        self.touch_node(node);
    }

    fn report(&mut self, node: &Dn, session: SessionId, report: NodeReport) {
        if self
            .state
            .node(node)
            .is_none_or(|state| state.session != Some(session))
        {
            self.because(node, Reason::StaleReport);
            return;
        }
        if self.is_returned(node, &report) {
            return;
        }
        match report {
            NodeReport::Su(report) => {
                if runs(&report) {
                    self.reset_late_node(node);
                }
                self.su_report(node, report);
            }
            NodeReport::UnknownSu { su } => {
                self.reset_late_node(node);
                self.clean_up_stranger(node, su);
            }
            NodeReport::NotRebooted { reason } => self.not_rebooted(node, reason),
            NodeReport::Tracks { csis } => self.node_tracks(node, csis),
            NodeReport::Leaving => self.node_leaves(node),
            NodeReport::AllReported => {
                if let Some(state) = self.state.nodes.get_mut(node) {
                    state.reported = true;
                    state.report_until = None;
                    state.seen = true;
                }
                self.because(node, Reason::NodeReported);
                self.reset_idle_node(node);
                self.touch_node(node);
                self.end_sync_early();
            }
        }
    }

    /// Nodes that have never reported need not be waited for when there is none.
    fn end_sync_early(&mut self) {
        let Some(until) = self.state.sync_until else {
            return;
        };
        let seen = |node: &Dn| self.state.nodes.get(node).is_some_and(|state| state.seen);
        // Looks on from the node that was missing last; none before it is missing.
        let from = self.state.sync_waits_for.clone();
        let missing = match from {
            Some(from) => self
                .model
                .nodes
                .range(from..)
                .map(|(node, _)| node)
                .find(|node| !seen(node)),
            None => self.model.nodes.keys().find(|node| !seen(node)),
        };
        self.state.sync_waits_for = missing.cloned();
        self.state.sync_until = self.state.sync_waits_for.as_ref().map(|_| until);
    }

    fn su_report(&mut self, node: &Dn, report: SuReport) {
        let su = report.su.clone();
        let hosted_there = self
            .model
            .su(&su)
            .is_some_and(|(_, _, config)| config.node.as_ref() == Some(node));
        let state = self.state.sus.get_mut(&su).filter(|_| hosted_there);
        let Some(state) = state.filter(|state| state.config.is_some()) else {
            self.stranger_reported(node, &report);
            return;
        };
        let unknown_order = state.report.is_none() || state.works_for_another();
        let before = state.report.clone();
        let applied = state.apply(report, self.state.term);
        match &applied.fault {
            Some(fault) if applied.is_new_fault => {
                self.begin_story(format!("{} failed ({})", fault.comp, fault.source));
            }
            Some(_) | None => self.continue_story(&su),
        }
        self.tell_errors(&su, before.as_ref(), &applied);
        if unknown_order {
            self.doubt_unknown_order(&su);
        }
        self.update_last_active(&su);
        self.touch_su(&su);
        self.touch_managers(&su, before.as_ref());
        self.tell_command_failures(&su, &applied);
        if let Some((order, outcome)) = &applied.answered {
            self.order_answered(&su, order, outcome);
        }
        self.recover(&su, &applied);
    }

    /// Who manages components of the SU, or did before, shows them.
    fn touch_managers(&mut self, su: &Dn, before: Option<&SuReport>) {
        let now = self.state.su(su).and_then(|state| state.report.as_ref());
        let of = |report: Option<&SuReport>| -> BTreeSet<(Dn, Dn)> {
            let comps = report.into_iter().flat_map(|report| &report.comps);
            let managed = comps.filter_map(|comp| Some((comp.manager.clone()?, comp.comp.clone())));
            managed.collect()
        };
        for (manager, _) in of(before).symmetric_difference(&of(now)) {
            if let Some(su) = manager.parent() {
                self.touch_su(&su);
            }
        }
    }

    /// An order of a former director has failed, or a fault has ended one, and it is not known which one that was: the
    /// SU may be half active for SIs that it does not report so. They are removed before another gets them.
    fn doubt_unknown_order(&mut self, su: &Dn) {
        let Some(report) = self.state.su(su).and_then(|state| state.report.as_ref()) else {
            return;
        };
        let failed = report
            .order
            .as_ref()
            .is_some_and(|order| matches!(order.outcome, OrderOutcome::Failed(_)));
        if !is_down(report) && (failed || report.fault.is_some()) {
            self.doubt_all(su);
        }
    }

    /// Nothing that the SU does not report as ACTIVE is taken for granted any more.
    pub(crate) fn doubt_all(&mut self, su: &Dn) {
        let (Some((_, sg, _)), Some(state)) = (self.model.su(su), self.state.sus.get_mut(su)) else {
            return;
        };
        let doubtful = sg.sis.keys().filter(|si| state.held(si) != Some(HaState::Active));
        let doubtful: BTreeSet<Dn> = doubtful.cloned().collect();
        // Some of its components may have left what is still confirmed.
        let confirmed = sg.sis.keys().filter(|si| !doubtful.contains(*si));
        state.half_done.extend(confirmed.cloned());
        state.may_act.extend(doubtful.iter().cloned());
        state.uncertain = doubtful;
    }

    fn order_answered(&mut self, su: &Dn, order: &InFlight, outcome: &OrderOutcome) {
        self.operation_order_answered(order.id, outcome);
        self.tell_answer(su, order, outcome);
        let now = self.now;
        let Some(state) = self.state.sus.get_mut(su) else {
            return;
        };
        match outcome {
            // That something could be taken away says nothing about the order that failed.
            OrderOutcome::Done if matches!(order.kind, OrderKind::Remove(_) | OrderKind::Cleanup) => {}
            OrderOutcome::Done => state.failures = 0,
            OrderOutcome::InProgress => {}
            OrderOutcome::Failed(cause) => {
                let cause = cause.clone();
                // A fault or a failed presence state is dealt with by itself; without one, do not ask again at once.
                if state.fault().is_none() && !crate::state::is_failed(state.presence()) {
                    state.failures = (state.failures + 1).min(HOLD_FAILURES_MAX);
                    let pause = Millis(HOLD.0 * u64::from(state.failures));
                    state.hold_until = Some(now.after(pause));
                }
                self.because(su, Reason::OrderFailed { cause });
            }
        }
        if matches!(order.kind, OrderKind::Cleanup) && *outcome == OrderOutcome::Done {
            self.touch_su(su);
        }
    }

    /// Remembers which components are active for each SI, for those that will be told.
    fn update_last_active(&mut self, su: &Dn) {
        let Some(report) = self.state.sus.get(su).and_then(|state| state.report.as_ref()) else {
            return;
        };
        let failed = self
            .state
            .sus
            .get(su)
            .map(partial::failed_comps)
            .unwrap_or_default();
        let mut changes = Vec::new();
        for held in &report.assignments {
            match held.ha {
                HaState::Active => changes.push((held.si.clone(), Some(held.csis.iter().cloned().collect()))),
                HaState::Quiesced => changes.push((held.si.clone(), None)),
                HaState::Standby | HaState::Quiescing => {}
            }
        }
        for (si, active) in changes {
            let last = &mut self.state.last_active;
            // Another SU may have become active since.
            let was_here = |last: &LastActive| last.values().any(|comp| comp.is_within(su));
            match active {
                Some(comps) => {
                    last.insert(si, comps);
                }
                None if last.get(&si).is_some_and(was_here) => {
                    // A component that failed was not quiesced, whatever the others of the SU were.
                    let comps = last.remove(&si).unwrap_or_default();
                    let dead: LastActive = comps
                        .into_iter()
                        .filter(|(_, comp)| failed.contains(comp))
                        .collect();
                    if !dead.is_empty() {
                        last.insert(si, dead);
                    }
                }
                None => {}
            }
        }
    }

    fn tell_command_failures(&mut self, su: &Dn, applied: &Applied) {
        if applied.presence_before.is_none() {
            return;
        }
        let comps = self
            .state
            .su(su)
            .and_then(|state| state.report.as_ref())
            .map(|report| &report.comps);
        let failures: Vec<_> = comps
            .into_iter()
            .flatten()
            .filter_map(|comp| Some((comp.comp.clone(), comp.failure.clone()?)))
            .collect();
        for (comp, failure) in failures {
            let reason = Reason::CommandFailed {
                command: failure.command,
                path: failure.path,
                cause: failure.cause,
            };
            self.because(&comp, reason);
        }
    }

    /// An SU that should not run on the node.
    fn clean_up_stranger(&mut self, node: &Dn, su: Dn) {
        if self.state.strangers.contains_key(&su) {
            return;
        }
        self.because(&su, Reason::UnknownSu { node: node.clone() });
        self.order_stranger_cleanup(node, su);
    }

    fn order_stranger_cleanup(&mut self, node: &Dn, su: Dn) {
        let order = self.state.next_order();
        let stranger = Stranger {
            node: node.clone(),
            order,
            retry_at: None,
        };
        self.state.strangers.insert(su.clone(), stranger);
        self.send(node, NodeOrder::Cleanup { id: order, su });
    }

    /// Orders the cleanups of strangers that failed a while ago again.
    pub(crate) fn clean_up_again(&mut self) {
        let now = self.now;
        let strangers = self.state.strangers.iter();
        let due = strangers.filter(|(_, stranger)| stranger.retry_at.is_some_and(|at| at <= now));
        let due: Vec<(Dn, Dn)> = due
            .map(|(su, stranger)| (stranger.node.clone(), su.clone()))
            .collect();
        for (node, su) in due {
            self.order_stranger_cleanup(&node, su);
        }
    }

    fn stranger_reported(&mut self, node: &Dn, report: &SuReport) {
        let stranger = self.state.strangers.get_mut(&report.su);
        let Some(stranger) = stranger.filter(|stranger| stranger.node == *node) else {
            if report.presence != ais::amf::PresenceState::Uninstantiated {
                self.clean_up_stranger(node, report.su.clone());
            }
            return;
        };
        let answer = report
            .order
            .as_ref()
            .filter(|order| order.term == self.state.term && order.id == stranger.order);
        match answer.map(|order| &order.outcome) {
            Some(OrderOutcome::Done) => {
                self.state.strangers.remove(&report.su);
                self.send(
                    node,
                    NodeOrder::RemoveSu {
                        su: report.su.clone(),
                    },
                );
            }
            Some(OrderOutcome::Failed(cause)) => {
                stranger.retry_at.get_or_insert(self.now.after(STRANGER_RETRY));
                let reason = Reason::OrderFailed { cause: cause.clone() };
                self.because(&report.su, reason);
            }
            Some(OrderOutcome::InProgress) | None => {}
        }
    }
}
