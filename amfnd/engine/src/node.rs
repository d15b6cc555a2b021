//! The node director as a whole: whom an event concerns, and what concerns every SU.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use ais::amf::{
    ErrorSource, NodeConfig, NodeOrder, NodeReport, OrderId, RecommendedRecovery, SuConfig, Term,
};
use ais::{Dn, Millis};

use crate::comp::Comp;
use crate::cx::{Cx, Ids};
use crate::effect::{Answer, Effect};
use crate::elsewhere::Elsewhere;
use crate::ending::Ending;
use crate::escalation::Failovers;
use crate::event::{ComponentRequest, Event, RequestId, SessionId};
use crate::groups::Groups;
use crate::manager::Managers;
use crate::order::Task;
use crate::recovery::CompError;
use crate::request;
use crate::su::{Goal, Su};

/// How many managers may depend on each other in a row.
const MANAGER_LOOKS_MAX: u32 = 64;

/// What may be chosen about an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// How long the components may run without a director; then the node reboots, whatever that means for it. `None`:
    /// for ever.
    pub absence_limit: Option<Millis>,
    /// How long the director may take to move the work of a node that is asked to end.
    pub leave_limit: Millis,
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            absence_limit: None,
            leave_limit: Millis(30_000),
        }
    }
}

/// A node director's whole state.
#[derive(Debug, Clone, Default)]
pub struct NodeEngine {
    pub(crate) options: EngineOptions,
    node: Option<NodeConfig>,
    term: Term,
    /// Whether a director has a session, and how many there have been.
    pub(crate) director: bool,
    session: u64,
    pub(crate) sus: BTreeMap<Dn, Su>,
    /// The SU of each component. May name components that are gone.
    owners: BTreeMap<Dn, Dn>,
    ids: Ids,
    pub(crate) ending: Ending,
    /// The failovers of the node's SUs; they outlive directors.
    failovers: Failovers,
    /// When the node gives itself up because no director has come.
    absence_until: Option<Millis>,
    /// A reboot that was ordered and has not come, with its reason.
    not_rebooted: Option<String>,
    groups: Groups,
    elsewhere: Elsewhere,
    /// Who managed others after the last event.
    managers: Managers,
}

impl NodeEngine {
    /// A node director that runs nothing yet.
    pub fn new() -> NodeEngine {
        NodeEngine::default()
    }

    /// A node director that runs nothing yet, with choices made.
    pub fn with_options(options: EngineOptions) -> NodeEngine {
        NodeEngine {
            options,
            ..NodeEngine::default()
        }
    }

    /// Whether orders of this term may be given to [`NodeEngine::step`]: none of a newer term has been seen.
    pub fn accepts(&self, term: Term) -> bool {
        term >= self.term
    }

    /// Applies one event and returns what must now be done, in order.
    ///
    /// `now` is on the caller's monotonic clock and never goes back.
    #[must_use]
    pub fn step(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut cx = Cx::new(now, mem::take(&mut self.ids));
        cx.failovers = self.failovers;
        self.show_config(&mut cx);
        cx.director = self.director;
        cx.shutting_down = self.ending.terminates();
        cx.managers = mem::take(&mut self.managers);
        cx.proxied_through = self.proxied_through();
        self.apply(event, &mut cx);
        self.settle_links(&mut cx);
        self.settle_managers(&mut cx);
        self.fail_over_node(&mut cx);
        for su in mem::take(&mut cx.touched) {
            let Some(su) = self.sus.get_mut(&su) else {
                continue;
            };
            if !su.leaving {
                su.report_change(&mut cx);
            }
        }
        let known = self.sus.len();
        self.sus.retain(|_, su| !(su.leaving && su.is_down()));
        if self.sus.len() < known {
            let sus = &self.sus;
            self.owners.retain(|_, su| sus.contains_key(su));
        }
        if let Some(reason) = cx.reboot.take() {
            self.reboot(reason, &mut cx);
        }
        if self.ending == Ending::Terminating && self.sus.values().all(Su::is_down) {
            self.ending = Ending::Complete;
            cx.effects.push(Effect::ShutdownComplete);
        }
        self.managers = mem::take(&mut cx.managers);
        self.ids = cx.ids;
        self.failovers = cx.failovers;
        cx.effects
    }

    /// When to call [`NodeEngine::step`] with [`Event::Deadline`] if nothing else happens first.
    pub fn next_deadline(&self) -> Option<Millis> {
        let comps = self.sus.values().flat_map(|su| su.comps.iter());
        comps
            .filter_map(Comp::deadline)
            .chain(self.absence_until)
            .chain(self.ending.deadline())
            .chain(self.groups.deadline())
            .min()
    }

    fn show_config(&self, cx: &mut Cx) {
        if let Some(node) = &self.node {
            cx.counting = node.counting;
            cx.failover_limits = Some(node.failover);
        }
    }

    fn apply(&mut self, event: Event, cx: &mut Cx) {
        match event {
            Event::Orders { term, orders } => self.orders(term, orders, cx),
            Event::DirectorLost => self.director_lost(cx),
            Event::RunEnded { run, outcome } => {
                let comp = cx.take_run(run);
                let known = self.with_comp(comp.as_ref(), cx, |su, at, cx| {
                    su.run_ended(at, run, outcome, cx);
                });
                if !known {
                    self.note(
                        cx,
                        &format!("the end of run {} is not awaited; it is ignored", run.0),
                    );
                }
            }
            Event::Request {
                request,
                session,
                body,
            } => self.request(request, session, body, cx),
            Event::CallbackAnswered { invocation, result } => {
                let comp = cx.invoked(invocation).cloned();
                let known = self.with_comp(comp.as_ref(), cx, |su, at, cx| {
                    su.callback_answered(at, invocation, result, cx);
                });
                if !known {
                    let text = format!("callback {} is not open; its answer is ignored", invocation.0);
                    self.note(cx, &text);
                }
            }
            Event::SessionClosed { session } => self.session_closed(session, cx),
            Event::Linked { proxy, session } => self.elsewhere.linked(proxy, session),
            Event::ProcessDied { comp, session, cause } => {
                cx.managers.session_closed(session);
                self.with_comp(Some(&comp), cx, |su, at, cx| {
                    if su.comps[at].session == Some(session) {
                        su.process_gone(at, &cause, cx);
                    }
                });
            }
            Event::WatchedEnded {
                watch,
                comp,
                pid,
                end,
            } => {
                self.with_comp(Some(&comp), cx, |su, at, cx| {
                    su.watched_ended(at, watch, pid, end, cx);
                });
            }
            Event::Leave => self.leave(cx),
            Event::Shutdown => self.shut_down(cx),
            Event::Deadline => {
                let due = |su: &Su| su.comps.iter().filter_map(Comp::deadline).any(|at| at <= cx.now);
                let due: Vec<Dn> = self
                    .sus
                    .values()
                    .filter(|su| due(su))
                    .map(|su| su.dn.clone())
                    .collect();
                for su in due {
                    self.with_su(&su, cx, Su::deadline);
                }
                self.groups.end_waiting(cx);
                self.end_absence(cx);
                self.end_leaving(cx);
            }
        }
    }

    /// Does something with an SU, and lets it draw its consequences.
    pub(crate) fn with_su(&mut self, su: &Dn, cx: &mut Cx, act: impl FnOnce(&mut Su, &mut Cx)) -> bool {
        let Some(su) = self.sus.get_mut(su) else {
            return false;
        };
        act(su, cx);
        su.advance(cx);
        cx.touched.insert(su.dn.clone());
        true
    }

    fn with_comp(
        &mut self,
        comp: Option<&Dn>,
        cx: &mut Cx,
        act: impl FnOnce(&mut Su, usize, &mut Cx),
    ) -> bool {
        let Some((su, at)) = comp.and_then(|comp| self.find(comp)) else {
            return false;
        };
        self.with_su(&su, cx, |su, cx| act(su, at, cx))
    }

    fn find(&self, comp: &Dn) -> Option<(Dn, usize)> {
        let su = self.owners.get(comp)?;
        let at = self.sus.get(su)?.index(comp)?;
        Some((su.clone(), at))
    }

    pub(crate) fn note(&self, cx: &mut Cx, text: &str) {
        if let Some(node) = &self.node {
            cx.note(&node.dn, text);
        }
    }

    fn orders(&mut self, term: Term, orders: Vec<NodeOrder>, cx: &mut Cx) {
        if !self.accepts(term) {
            let text = format!(
                "orders of term {} are refused: term {} is known",
                term.0, self.term.0
            );
            return self.note(cx, &text);
        }
        if term > self.term {
            self.session += 1;
        }
        self.term = term;
        self.director = true;
        self.absence_until = None;
        cx.director = true;
        for order in orders {
            if let NodeOrder::Reboot { reason } = order {
                return self.reboot(reason, cx);
            }
            self.order(term, order, cx);
        }
    }

    fn order(&mut self, term: Term, order: NodeOrder, cx: &mut Cx) {
        let mut take = |id: OrderId, su: Dn, task: Task| {
            if !self.with_su(&su, cx, |su, cx| su.take_order(term, id, task, cx)) {
                cx.note(&su, format!("order {} is ignored: {su} is not configured", id.0));
            }
        };
        match order {
            NodeOrder::ConfigureNode(node) => {
                self.node = Some(node);
                self.show_config(cx);
            }
            NodeOrder::ConfigureSu(config) => self.configure_su(config, cx),
            NodeOrder::RemoveSu { su } => {
                self.with_su(&su, cx, |su, cx| {
                    if !su.is_down() {
                        cx.note(&su.dn, "is removed while it runs: cleaned up");
                    }
                    su.fail_order("the SU was removed", cx);
                    su.leaving = true;
                    su.goal = Goal::Cleaned;
                });
            }
            NodeOrder::Instantiate { id, su } => take(id, su, Task::Instantiate),
            NodeOrder::Terminate { id, su } => take(id, su, Task::Terminate),
            NodeOrder::Restart { id, su, comp } => take(id, su, Task::Restart(comp)),
            NodeOrder::Assign { id, su, ha, sis } => take(id, su, Task::Assign { ha, sis }),
            NodeOrder::Remove { id, su, sis } => take(id, su, Task::Remove(sis)),
            NodeOrder::Cleanup { id, su } => take(id, su, Task::Cleanup),
            NodeOrder::Repair { id, su } => take(id, su, Task::Repair),
            NodeOrder::Monitor { id, su, comp, run } => take(id, su, Task::Monitor { comp, run }),
            NodeOrder::ProtectionGroup(group) => self.groups.take(group, cx),
            NodeOrder::Reboot { reason } => self.reboot(reason, cx),
            NodeOrder::ReportAll => self.report_all(cx),
            NodeOrder::RepairNode => {
                self.not_rebooted = None;
                cx.failovers = Failovers::Calm;
            }
            NodeOrder::Leave => self.stop_waiting("the work of the node is moved", cx),
        }
    }

    fn configure_su(&mut self, config: SuConfig, cx: &mut Cx) {
        for comp in &config.comps {
            self.owners.insert(comp.dn.clone(), config.dn.clone());
        }
        let (dn, session) = (config.dn.clone(), self.session);
        self.sus.entry(dn.clone()).or_insert_with(|| Su::new(&config));
        self.with_su(&dn, cx, |su, _| {
            su.session = session;
            su.configure(config);
            // An answer is owed even where nothing changed.
            su.last_report = None;
        });
    }

    /// Reports every SU; one that this director has not configured is only named to it.
    fn report_all(&mut self, cx: &mut Cx) {
        // First, so that nothing is started on a node that is out of service.
        if let Some(reason) = self.not_rebooted.clone() {
            cx.report(NodeReport::NotRebooted { reason });
        }
        if self.ending != Ending::No {
            cx.report(NodeReport::Leaving);
        }
        for su in self.sus.values_mut().filter(|su| !su.leaving) {
            if su.session == self.session {
                su.report_all(cx);
            } else {
                cx.report(NodeReport::UnknownSu { su: su.dn.clone() });
            }
        }
        self.groups.report_all(cx);
        cx.report(NodeReport::AllReported);
    }

    fn request(&mut self, request: RequestId, session: SessionId, body: ComponentRequest, cx: &mut Cx) {
        let body = match body {
            ComponentRequest::ProtectionGroupTrack { csi, flags } => {
                return self.groups.track(request, session, csi, flags, cx);
            }
            ComponentRequest::ProtectionGroupTrackStop { csi } => {
                let answer = Answer::Done(self.groups.stop(session, &csi, cx));
                return cx.emit(Effect::Reply { request, answer });
            }
            other => other,
        };
        let comp = match &body {
            ComponentRequest::CsiQuiescingComplete { invocation, .. } => cx.invoked(*invocation).cloned(),
            _ => request::subject(&body).cloned(),
        };
        let Some((su, at)) = comp.and_then(|comp| self.find(&comp)) else {
            let answer = request::unknown(&body);
            return cx.emit(Effect::Reply { request, answer });
        };
        let elsewhere = self.sus.values().filter(|other| other.dn != su);
        let registered = elsewhere
            .flat_map(|su| su.comps.iter())
            .find(|comp| comp.session == Some(session));
        if let (Some(other), ComponentRequest::Register { .. }) = (registered, &body) {
            let answer = request::registered_elsewhere(other.dn());
            return cx.emit(Effect::Reply { request, answer });
        }
        self.with_su(&su, cx, |su, cx| su.request(at, session, request, body, cx));
    }

    fn session_closed(&mut self, session: SessionId, cx: &mut Cx) {
        self.groups.session_closed(session, cx);
        self.elsewhere.session_closed(session);
        cx.managers.session_closed(session);
        let concerned = |comp: &Comp| {
            comp.session == Some(session)
                || comp.is_asked_through(session)
                || comp.healthchecks.keys().any(|(_, owner)| *owner == session)
        };
        let sus = self.sus.values().filter(|su| su.comps.iter().any(concerned));
        for su in sus.map(|su| su.dn.clone()).collect::<Vec<Dn>>() {
            self.with_su(&su, cx, |su, cx| {
                for at in 0..su.comps.len() {
                    if su.comps[at].is_asked_through(session) {
                        su.manager_gone(at, session, cx);
                    }
                    if su.comps[at].session == Some(session) {
                        su.process_gone(at, "its connection was closed", cx);
                    } else {
                        su.comps[at].drop_healthchecks(session, cx);
                    }
                }
            });
        }
    }

    fn director_lost(&mut self, cx: &mut Cx) {
        if mem::take(&mut self.director) {
            self.begin_absence(cx);
        }
        self.session += 1;
        cx.director = false;
        self.groups.director_lost(cx);
        self.stop_waiting("nobody moves the work of the node any more", cx);
    }

    /// The connections on which proxies have registered others.
    fn proxied_through(&self) -> BTreeSet<SessionId> {
        let comps = self.sus.values().flat_map(|su| &su.comps);
        let proxied = comps.filter(|comp| comp.kind.is_proxied());
        proxied.filter_map(|comp| comp.session).collect()
    }

    /// Reaches the proxies that are on other nodes.
    fn settle_links(&mut self, cx: &mut Cx) {
        if let Some(node) = &self.node {
            self.elsewhere.settle(&self.sus, &mut self.groups, &node.dn, cx);
        }
    }

    /// Lets components hear of managers that came, as long as that brings new ones.
    fn settle_managers(&mut self, cx: &mut Cx) {
        for _ in 0..MANAGER_LOOKS_MAX {
            for (container, why) in mem::take(&mut cx.containers) {
                self.with_comp(Some(&container), cx, |su, at, cx| {
                    let error = CompError {
                        source: ErrorSource::ErrorReport,
                        recommended: RecommendedRecovery::ComponentRestart,
                        cause: why,
                    };
                    su.component_failed(at, error, cx);
                });
            }
            let is_managed = |su: &&Su| su.comps.iter().any(|comp| comp.kind.is_managed());
            let managed: Vec<Dn> = self
                .sus
                .values()
                .filter(is_managed)
                .map(|su| su.dn.clone())
                .collect();
            if managed.is_empty() {
                return;
            }
            let now = Managers::among(self.sus.values(), &self.elsewhere);
            if now == cx.managers {
                return;
            }
            cx.managers = now;
            for su in managed {
                self.with_su(&su, cx, |_, _| {});
            }
        }
    }

    fn begin_absence(&mut self, cx: &mut Cx) {
        self.absence_until = self.options.absence_limit.map(|limit| cx.now.after(limit));
        match self.options.absence_limit {
            Some(limit) => {
                let text = format!("the director is gone; components go on for {} ms", limit.0);
                self.note(cx, &text);
            }
            None => self.note(cx, "the director is gone; components go on"),
        }
    }

    /// Gives the node up where no director came in time: another node may have got its work.
    fn end_absence(&mut self, cx: &mut Cx) {
        if self.absence_until.is_some_and(|end| end <= cx.now) {
            self.absence_until = None;
            cx.reboot = Some("no director came in time".to_owned());
        }
    }

    /// A fault took the whole node: every SU is cleaned up.
    fn fail_over_node(&mut self, cx: &mut Cx) {
        while let Some(reason) = cx.node_failover.take() {
            for su in self.sus.keys().cloned().collect::<Vec<Dn>>() {
                self.with_su(&su, cx, |su, cx| {
                    if su.is_down() {
                        return;
                    }
                    su.fail_order(&reason, cx);
                    su.goal = Goal::Cleaned;
                    cx.note(&su.dn, format!("is cleaned up: {reason}"));
                });
            }
        }
    }

    /// Kills everything and reboots. Nothing of what ran is known afterwards.
    fn reboot(&mut self, reason: String, cx: &mut Cx) {
        for su in self.sus.values_mut() {
            for comp in &mut su.comps {
                comp.end_registration(cx);
                if let Some(run) = comp.phase.run() {
                    cx.emit(Effect::Kill { run });
                }
                if !comp.is_gone() {
                    comp.kill_all(None, cx);
                }
            }
        }
        self.note(cx, &format!("reboots: {reason}"));
        self.not_rebooted = Some(reason.clone());
        cx.failovers = Failovers::Calm;
        cx.effects.push(Effect::Reboot { reason });
        self.sus.clear();
        self.owners.clear();
        cx.touched.clear();
    }
}
