//! What happens on a node: its engine's effects are carried out, and processes do what they are told.

use ais::amf::{CallbackKind, HaState, HealthcheckInvocation, NodeReport, RecommendedRecovery};
use ais::{AisError, Dn, Millis};
use node_engine::{
    Answer, CommandKind, ComponentRequest, Effect as NodeEffect, Event as NodeEvent, Invocation, RunId,
    RunOutcome, SessionId,
};

use super::{Happening, World};
use crate::model::HEALTHCHECK;
use crate::process::Process;
use crate::rates::happens;

impl World {
    pub(super) fn registers(&mut self, node: &Dn, comp: Dn, session: SessionId) {
        if self
            .process(node, &comp, session)
            .is_some_and(|process| !process.hung)
        {
            self.requests(node, session, ComponentRequest::Register { comp: comp.clone() });
            let start = ComponentRequest::HealthcheckStart {
                comp,
                key: HEALTHCHECK.to_owned(),
                invocation: HealthcheckInvocation::AmfInvoked,
                recovery: RecommendedRecovery::NoRecommendation,
            };
            self.requests(node, session, start);
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
        let Some(process) = self.process(node, comp, session).filter(|p| !p.hung) else {
            return;
        };
        if let CallbackKind::CsiSet { csi, .. } = kind {
            let ha = HaState::Quiesced;
            process.obey(&CallbackKind::CsiSet { ha, csi });
        }
        let result = Ok(());
        self.requests(
            node,
            session,
            ComponentRequest::CsiQuiescingComplete { invocation, result },
        );
    }

    fn requests(&mut self, node: &Dn, session: SessionId, body: ComponentRequest) {
        let request = node_engine::RequestId(self.fresh());
        self.tell_node(
            node,
            NodeEvent::Request {
                request,
                session,
                body,
            },
        );
    }

    fn process(&mut self, node: &Dn, comp: &Dn, session: SessionId) -> Option<&mut Process> {
        self.nodes
            .get_mut(node)?
            .processes
            .get_mut(comp)
            .filter(|p| p.session == session)
    }

    pub(super) fn run_ends(
        &mut self,
        node: &Dn,
        run: RunId,
        comp: Dn,
        kind: CommandKind,
        outcome: RunOutcome,
    ) {
        let Some(place) = self.nodes.get_mut(node) else {
            return;
        };
        if place.engine.is_none() || place.runs.remove(&run).is_none() {
            return;
        }
        let succeeded = matches!(outcome, RunOutcome::Exited { code: 0, .. });
        match kind {
            CommandKind::Instantiate if succeeded => {
                let session = SessionId(self.fresh());
                self.nodes
                    .get_mut(node)
                    .expect("seen above")
                    .processes
                    .insert(comp.clone(), Process::new(session));
                let at = self.now + 1 + self.delay();
                self.schedule(
                    at,
                    node,
                    Happening::Registers {
                        comp: comp.clone(),
                        session,
                    },
                );
            }
            // Whatever a cleanup command says, nothing of the component is left afterwards.
            CommandKind::Cleanup => self.process_gone(node, &comp),
            CommandKind::Terminate if succeeded => self.process_gone(node, &comp),
            CommandKind::Instantiate | CommandKind::Terminate => {}
        }
        self.tell_node(node, NodeEvent::RunEnded { run, outcome });
    }

    /// The process of the component is killed; its connection is seen to close.
    fn process_gone(&mut self, node: &Dn, comp: &Dn) {
        let gone = self
            .nodes
            .get_mut(node)
            .and_then(|place| place.processes.remove(comp));
        if let Some(process) = gone {
            self.tell_node(
                node,
                NodeEvent::SessionClosed {
                    session: process.session,
                },
            );
        }
    }

    pub(super) fn process_exits(&mut self, node: &Dn, comp: &Dn, session: SessionId) {
        if self.process(node, comp, session).is_none() {
            return;
        }
        self.nodes
            .get_mut(node)
            .expect("it has the process")
            .processes
            .remove(comp);
        self.note(|| format!("{comp} exits"));
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

    pub(super) fn answers(
        &mut self,
        node: &Dn,
        comp: &Dn,
        session: SessionId,
        invocation: Invocation,
        kind: &CallbackKind,
    ) {
        let is_bad = happens(&mut self.rng, self.rates.bad_answer);
        let quiesce_after = self.delay();
        let Some(process) = self.process(node, comp, session).filter(|p| !p.hung) else {
            return;
        };
        if !is_bad {
            process.obey(kind);
        }
        let result = if is_bad {
            Err(AisError::FailedOperation)
        } else {
            Ok(())
        };
        self.tell_node(node, NodeEvent::CallbackAnswered { invocation, result });
        if is_bad {
            return;
        }
        let (comp, at) = (comp.clone(), self.now + quiesce_after);
        match kind {
            CallbackKind::CsiSet {
                ha: HaState::Quiescing,
                ..
            } => {
                self.schedule(
                    at,
                    node,
                    Happening::Quiesced {
                        comp,
                        session,
                        invocation,
                        kind: kind.clone(),
                    },
                );
            }
            CallbackKind::Terminate => self.schedule(at, node, Happening::Exits { comp, session }),
            CallbackKind::CsiSet { .. }
            | CallbackKind::CsiRemove { .. }
            | CallbackKind::Healthcheck { .. } => {}
        }
    }

    /// Gives a node director an event and carries out what it wants.
    pub fn tell_node(&mut self, node: &Dn, event: NodeEvent) {
        let Some(engine) = self.nodes.get_mut(node).and_then(|place| place.engine.as_mut()) else {
            return;
        };
        self.events += 1;
        let line = self.verbose.then(|| format!("{} <- {event:?}", node.rdn()));
        let effects = engine.step(Millis(self.now), event);
        if let Some(line) = line {
            self.note(|| line);
        }
        for effect in effects {
            self.note(|| format!("{} -> {effect:?}", node.rdn()));
            self.carry_out_at(node, effect);
        }
    }

    fn carry_out_at(&mut self, node: &Dn, effect: NodeEffect) {
        match effect {
            NodeEffect::Run { run, comp, kind, .. } => {
                let code = i32::from(happens(&mut self.rng, self.rates.bad_command));
                let outcome = RunOutcome::Exited {
                    code,
                    stderr: String::new(),
                };
                self.start_run(node, run, comp, kind, outcome);
            }
            NodeEffect::KillAll { run, comp } => {
                let outcome = RunOutcome::Exited {
                    code: 0,
                    stderr: String::new(),
                };
                self.start_run(node, run, comp, CommandKind::Cleanup, outcome);
            }
            NodeEffect::Kill { run } => self.kill_run(node, run),
            NodeEffect::Callback {
                invocation,
                session,
                comp,
                kind,
            } => {
                let at = self.now + 1 + self.delay();
                if let Some(process) = self.process(node, &comp, session).filter(|p| !p.hung) {
                    process.hear(&kind);
                    self.schedule(
                        at,
                        node,
                        Happening::Answers {
                            comp,
                            session,
                            invocation,
                            kind,
                        },
                    );
                }
            }
            NodeEffect::Reply {
                answer: Answer::Done(Err(refusal)),
                ..
            } => self.note(|| format!("refused: {refusal}")),
            NodeEffect::Report(report) => self.send_report(node, report),
            NodeEffect::Reboot { .. } => {
                self.lose_node(node);
                self.start_node(node);
            }
            NodeEffect::Reply { .. }
            | NodeEffect::Forget { .. }
            | NodeEffect::ShutdownComplete
            | NodeEffect::Note { .. } => {}
        }
    }

    fn kill_run(&mut self, node: &Dn, run: RunId) {
        let place = self.nodes.get_mut(node).expect("the node ran it");
        let Some((comp, kind)) = place.runs.get(&run).cloned() else {
            return;
        };
        place.killed.insert(run);
        let (signal, stderr) = (9, String::new());
        let outcome = RunOutcome::Killed { signal, stderr };
        self.schedule(
            self.now,
            node,
            Happening::RunEnds {
                run,
                comp,
                kind,
                outcome,
            },
        );
    }

    fn send_report(&mut self, node: &Dn, report: NodeReport) {
        let at = self.now + self.delay();
        let place = self.nodes.get_mut(node).expect("the node reports");
        place.up_link = place.up_link.max(at);
        let at = place.up_link;
        if let Some(session) = place.session {
            self.schedule(at, node, Happening::Report { session, report });
        }
    }

    fn start_run(&mut self, node: &Dn, run: RunId, comp: Dn, kind: CommandKind, outcome: RunOutcome) {
        let at = self.now + 1 + self.delay();
        let place = self.nodes.get_mut(node).expect("the node runs it");
        let doubled = place
            .runs
            .iter()
            .any(|(run, (other, _))| *other == comp && !place.killed.contains(run));
        assert!(!doubled, "two commands run for {comp} at once");
        place.runs.insert(run, (comp.clone(), kind));
        self.schedule(
            at,
            node,
            Happening::RunEnds {
                run,
                comp,
                kind,
                outcome,
            },
        );
    }

    /// A component's process dies.
    pub fn kill_process(&mut self, node: &Dn, comp: &Dn) {
        if let Some(session) = self.nodes[node].processes.get(comp).map(|p| p.session) {
            self.process_exits(node, comp, session);
        }
    }
}
