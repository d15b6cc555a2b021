//! What processes of components do: they register, answer, quiesce and die.

use ais::amf::{
    CallbackKind, HaReadinessState, HaState, HealthcheckInvocation, NodeOrder, OrderOutcome,
    RecommendedRecovery, SuReport,
};
use ais::{AisError, Dn};
use node_engine::{Answer, ComponentRequest, Event as NodeEvent, Invocation, RequestId, SessionId};

use super::{Local, World};
use crate::checks::{Actor, Duty};
use crate::model::HEALTHCHECK;
use crate::process::{Process, Trouble};

impl World {
    /// The process of the component with this connection.
    pub(super) fn process(&mut self, node: &Dn, comp: &Dn, session: SessionId) -> Option<&mut Process> {
        let place = self.nodes.get_mut(node)?;
        place
            .processes
            .get_mut(comp)
            .filter(|process| process.session == session)
    }

    fn lively(&mut self, node: &Dn, comp: &Dn, session: SessionId) -> Option<&mut Process> {
        self.process(node, comp, session).filter(|process| !process.hung)
    }

    /// Changes what a process acts on, and sees whether it may.
    pub(super) fn change_roles(&mut self, node: &Dn, comp: &Dn, change: impl FnOnce(&mut Process)) {
        let place = self.nodes.get_mut(node);
        let Some(process) = place.and_then(|place| place.processes.get_mut(comp)) else {
            return;
        };
        let before: Vec<Dn> = process.serving().cloned().collect();
        let had = process.counts();
        change(process);
        let limits = self.known.limits.get(comp).copied();
        let (has, (active, standby)) = (process.counts(), limits.unwrap_or((u32::MAX, u32::MAX)));
        // A limit that became less binds what comes.
        let over = |has: u32, had: u32, limit: u32| has > limit && has > had;
        let is_over = over(has.0, had.0, active) || over(has.1, had.1, standby);
        let now: Vec<Dn> = process.serving().cloned().collect();
        if is_over {
            self.breaks(|| {
                format!(
                    "{comp} has {} active and {} standby CSIs, at most {active} and {standby} are allowed",
                    has.0, has.1
                )
            });
        }
        for csi in before.iter().filter(|csi| !now.contains(csi)) {
            self.acting.end(&self.known, self.now, node, comp, csi);
        }
        for csi in now.iter().filter(|csi| !before.contains(csi)) {
            let Some(su) = self.known.su_of.get(comp).cloned() else {
                continue;
            };
            let actor = Actor {
                node: node.clone(),
                su,
                comp: comp.clone(),
                csi: csi.clone(),
            };
            if let Err(rule) = self.acting.begin(&self.known, self.now, actor) {
                self.breaks(|| rule);
            }
        }
    }

    /// The process is killed or dies.
    pub(super) fn drop_roles(&mut self, node: &Dn, comp: &Dn) {
        let place = self.nodes.get_mut(node);
        let Some(process) = place.and_then(|place| place.processes.get_mut(comp)) else {
            return;
        };
        let served: Vec<Dn> = process.serving().cloned().collect();
        process.roles.clear();
        for csi in &served {
            self.acting.break_off(&self.known, node, comp, csi);
        }
    }

    /// A component without callbacks serves by being there: what the node director takes it to be active for, its
    /// process does from now on, or from its start on.
    fn serves_by_being_there(&mut self, node: &Dn, comp: &Dn, csi: &Dn) {
        let Some(place) = self.nodes.get_mut(node) else {
            return;
        };
        place.given.entry(comp.clone()).or_default().insert(csi.clone());
        if place.processes.get(comp).is_some_and(|process| !process.ending) {
            self.change_roles(node, comp, |process| {
                process.roles.insert(csi.clone(), HaState::Active);
            });
        }
    }

    /// An order was given up: components that are only started and stopped have again what they had before.
    pub(super) fn remember_given_up(&mut self, node: &Dn, report: &SuReport) {
        let order = report.order.as_ref();
        if !order.is_some_and(|order| matches!(order.outcome, OrderOutcome::Failed(_))) {
            return;
        }
        let active = report
            .assignments
            .iter()
            .filter(|held| held.ha == HaState::Active);
        for (csi, comp) in active.flat_map(|held| &held.csis) {
            if self.known.scripts.contains(comp) {
                self.serves_by_being_there(node, comp, csi);
            }
        }
    }

    /// The CSIs that components without a process of their own will serve once they are started.
    pub(super) fn remember_given(&mut self, node: &Dn, orders: &[NodeOrder]) {
        let scripts = &self.known.scripts;
        let Some(place) = self.nodes.get_mut(node) else {
            return;
        };
        let mut begun = Vec::new();
        for order in orders {
            match order {
                NodeOrder::Assign { su, ha, sis, .. } => {
                    // The CSIs of an SI that is given are complete; the SU loses others of it.
                    let lost = |csi: &Dn| {
                        let of = sis
                            .iter()
                            .find(|part| csi.is_within(&part.si) && !part.csis.is_empty());
                        of.is_some_and(|part| part.csis.iter().all(|given| given.csi != *csi))
                    };
                    if matches!(ha, HaState::Active | HaState::Standby) {
                        let of_su = place.given.iter_mut().filter(|(comp, _)| comp.is_within(su));
                        for (_, given) in of_su {
                            given.retain(|csi| !lost(csi));
                        }
                    }
                    let csis = sis.iter().flat_map(|si| &si.csis);
                    for csi in csis.filter(|csi| scripts.contains(&csi.comp)) {
                        let runs = place.processes.contains_key(&csi.comp);
                        let given = place.given.entry(csi.comp.clone()).or_default();
                        if *ha == HaState::Active {
                            // What it had before it was stopped is past.
                            given.retain(|_| runs);
                            begun.push((csi.comp.clone(), csi.csi.clone()));
                        } else {
                            given.remove(&csi.csi);
                        }
                    }
                }
                NodeOrder::Remove { su, sis, .. } => {
                    // Another SU on the node may have the same SIs.
                    let of_su = place.given.iter_mut().filter(|(comp, _)| comp.is_within(su));
                    for (_, given) in of_su {
                        given.retain(|csi| !sis.iter().any(|si| csi.is_within(si)));
                    }
                }
                NodeOrder::Cleanup { su, .. } | NodeOrder::Terminate { su, .. } => {
                    place.given.retain(|comp, _| !comp.is_within(su));
                }
                _ => {}
            }
        }
        for (comp, csi) in begun {
            self.serves_by_being_there(node, &comp, &csi);
        }
    }

    fn requests(&mut self, node: &Dn, session: SessionId, body: ComponentRequest) -> bool {
        let request = RequestId(self.fresh());
        self.answer = None;
        self.tell_node(
            node,
            NodeEvent::Request {
                request,
                session,
                body,
            },
        );
        matches!(self.answer.take(), Some(Answer::Done(Ok(()))))
    }

    pub(super) fn registers(&mut self, node: &Dn, comp: Dn, session: SessionId) {
        let Some(process) = self.lively(node, &comp, session) else {
            return;
        };
        // What it is told in the same moment comes after the answer.
        process.registered = true;
        if !self.requests(node, session, ComponentRequest::Register { comp: comp.clone() }) {
            if let Some(process) = self.process(node, &comp, session) {
                process.registered = false;
            }
            return;
        }
        if self.pace.healthchecks {
            let start = ComponentRequest::HealthcheckStart {
                comp,
                key: HEALTHCHECK.to_owned(),
                invocation: HealthcheckInvocation::AmfInvoked,
                recovery: RecommendedRecovery::NoRecommendation,
            };
            self.requests(node, session, start);
        }
    }

    /// A process is asked something.
    pub(super) fn called(
        &mut self,
        node: &Dn,
        comp: Dn,
        session: SessionId,
        invocation: Invocation,
        kind: CallbackKind,
    ) {
        let is_healthcheck = matches!(kind, CallbackKind::Healthcheck { .. });
        if !is_healthcheck {
            self.counts.actions += 1;
            self.last_act = self.now;
        }
        let registered = self
            .process(node, &comp, session)
            .is_some_and(|process| process.registered);
        if !registered {
            self.breaks(|| format!("{comp} is asked {kind:?}, but no process of it is registered"));
        }
        let mut at = self.now + 1 + self.delay();
        if self.lively(node, &comp, session).is_none() {
            return;
        }
        self.change_roles(node, &comp, |process| process.hear(&kind));
        let trouble = self.take_trouble(node, &comp, |trouble| {
            matches!(
                trouble,
                Trouble::BadAnswer | Trouble::LateAnswer | Trouble::NoAnswer
            )
        });
        let good = trouble != Some(Trouble::BadAnswer);
        if trouble == Some(Trouble::LateAnswer) {
            at += 4_000;
        }
        if trouble != Some(Trouble::NoAnswer) {
            let what = Local::Answers {
                comp,
                session,
                invocation,
                kind,
                good,
            };
            self.schedule_at(at, node, what);
        }
    }

    pub(super) fn answers(
        &mut self,
        node: &Dn,
        comp: &Dn,
        session: SessionId,
        (invocation, kind): (Invocation, CallbackKind),
        good: bool,
    ) {
        let quiesced_at = self.now + self.delay();
        if self.lively(node, comp, session).is_none() {
            return;
        }
        if good {
            self.change_roles(node, comp, |process| process.obey(&kind));
        }
        let result = if good {
            Ok(())
        } else {
            Err(AisError::FailedOperation)
        };
        self.tell_node(node, NodeEvent::CallbackAnswered { invocation, result });
        if !good {
            return;
        }
        let comp = comp.clone();
        match kind {
            CallbackKind::CsiSet {
                ha: HaState::Quiescing,
                ..
            } => {
                let what = Local::Quiesced {
                    comp,
                    session,
                    invocation,
                    kind,
                };
                self.schedule_at(quiesced_at, node, what);
            }
            CallbackKind::Terminate => {
                self.schedule_at(quiesced_at, node, Local::Exits { comp, session });
            }
            CallbackKind::CsiSet { .. }
            | CallbackKind::CsiRemove { .. }
            | CallbackKind::CsiAttributeChange { .. }
            | CallbackKind::ProxiedInstantiate
            | CallbackKind::ProxiedCleanup
            | CallbackKind::ContainedInstantiate
            | CallbackKind::ContainedCleanup
            | CallbackKind::Healthcheck { .. } => {}
        }
    }

    pub(super) fn quiesced(
        &mut self,
        node: &Dn,
        comp: &Dn,
        session: SessionId,
        invocation: Invocation,
        kind: CallbackKind,
    ) {
        if self.lively(node, comp, session).is_none() {
            return;
        }
        if let CallbackKind::CsiSet { csi, .. } = kind {
            let ends = |role: &HaState| *role == HaState::Quiescing;
            self.change_roles(node, comp, |process| {
                for (name, role) in &mut process.roles {
                    if ends(role) && csi.csi.as_ref().is_none_or(|csi| csi == name) {
                        *role = HaState::Quiesced;
                    }
                }
            });
        }
        let result = Ok(());
        let body = ComponentRequest::CsiQuiescingComplete { invocation, result };
        self.requests(node, session, body);
    }

    /// A process dies of itself.
    pub(super) fn process_exits(&mut self, node: &Dn, comp: &Dn, session: SessionId) {
        let Some(process) = self.process(node, comp, session) else {
            return;
        };
        let registered = process.registered;
        self.drop_roles(node, comp);
        if let Some(place) = self.nodes.get_mut(node) {
            place.processes.remove(comp);
        }
        self.note(|| format!("{comp} exits"));
        if !registered {
            return;
        }
        let cause = "killed by signal 9".to_owned();
        self.tell_node(
            node,
            NodeEvent::ProcessDied {
                comp: comp.clone(),
                session,
                cause,
            },
        );
        self.tell_node(node, NodeEvent::SessionClosed { session });
    }

    /// A component's process is killed.
    pub fn kill_process(&mut self, node: &Dn, comp: &Dn) {
        if let Some(session) = self.nodes[node].processes.get(comp).map(|p| p.session) {
            self.process_exits(node, comp, session);
        }
    }

    /// The component says how ready it is for all that it has.
    pub fn say_ready(&mut self, node: &Dn, comp: &Dn, state: HaReadinessState) {
        let process = self.nodes.get(node).and_then(|place| place.processes.get(comp));
        let Some(session) = process.filter(|process| process.registered && !process.hung) else {
            return;
        };
        let body = ComponentRequest::HaReadinessStateSet {
            comp: comp.clone(),
            csi: None,
            state,
        };
        self.requests(node, session.session, body);
    }

    /// A component reports an error of its own.
    pub fn report_error(&mut self, node: &Dn, comp: &Dn, recovery: RecommendedRecovery) {
        let Some(process) = self.nodes[node].processes.get(comp) else {
            return;
        };
        if !process.registered || process.hung {
            return;
        }
        let (session, at_work) = (process.session, !process.ending && !process.roles.is_empty());
        let duty = at_work
            .then(|| Duty::of(self, node, comp, session, recovery))
            .flatten();
        let body = ComponentRequest::ErrorReport {
            comp: comp.clone(),
            recovery,
        };
        if self.requests(node, session, body) {
            self.duties.extend(duty);
        }
    }
}
