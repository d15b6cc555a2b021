//! Nodes: they start, are lost, and their engines' effects are carried out.

use ais::amf::NodeReport;
use ais::{Dn, Millis};
use director_engine::{DownCause, Event as DirectorEvent, SessionId};
use node_engine::{Answer, CommandKind, Effect, Event, NodeEngine};

use super::{Happening, Node, World};

impl World {
    /// The node comes up with nothing on it.
    pub fn start_node(&mut self, node: &Dn) {
        let Some(place) = self.nodes.get_mut(node).filter(|place| place.engine.is_none()) else {
            return;
        };
        place.engine = Some(NodeEngine::new());
        place.boots += 1;
        self.tell(|| format!("{} starts", node.rdn()));
        self.connect(node);
    }

    /// The node is lost with all on it; gives whether it was there.
    pub fn lose_node(&mut self, node: &Dn) -> bool {
        let Some(place) = self.nodes.get_mut(node).filter(|place| place.engine.is_some()) else {
            return false;
        };
        // What was to happen there belongs to the past.
        let boots = place.boots + 1;
        let link = place.link.take();
        let troubles = std::mem::take(&mut place.troubles);
        *place = Node {
            is_disturbed: place.is_disturbed,
            boots,
            troubles,
            ..Node::default()
        };
        self.acting.lose(node);
        self.tell(|| format!("{} is lost", node.rdn()));
        let known = link.filter(|link| !link.cut && link.term == self.term);
        if let Some(link) = known {
            let session = SessionId(link.session);
            self.tell_director(DirectorEvent::NodeDown {
                node: node.clone(),
                session,
                cause: DownCause::Ended,
            });
        }
        true
    }

    /// Gives a node director an event and carries out what it wants.
    pub fn tell_node(&mut self, node: &Dn, event: Event) {
        let Some(place) = self.nodes.get_mut(node) else {
            return;
        };
        let Some(engine) = place.engine.as_mut() else {
            return;
        };
        self.counts.events += 1;
        let line = self.verbose.then(|| format!("{} <- {event:?}", node.rdn()));
        let effects = engine.step(Millis(self.now), event);
        place.deadline = engine.next_deadline().map(|at| at.0);
        if let Some(line) = line {
            self.note(|| line);
        }
        if effects.len() > 100 + 20 * self.repository.len() {
            let count = effects.len();
            self.breaks(|| format!("one event led to {count} effects"));
        }
        for effect in effects {
            self.note(|| format!("{} -> {effect:?}", node.rdn()));
            self.carry_out_at(node, effect);
        }
    }

    fn carry_out_at(&mut self, node: &Dn, effect: Effect) {
        match effect {
            Effect::Run { run, comp, kind, .. } => self.start_command(node, run, comp, kind),
            Effect::KillAll { run, comp } => self.start_run(node, run, (comp, CommandKind::Cleanup), None),
            Effect::Kill { run } => self.kill_run(node, run),
            Effect::Callback {
                invocation,
                session,
                comp,
                kind,
            } => self.called(node, comp, session, invocation, kind),
            Effect::Reply { answer, .. } => {
                if let Answer::Done(Err(refusal)) = &answer {
                    let text = refusal.to_string();
                    self.note(|| format!("refused: {text}"));
                }
                self.answer = Some(answer);
            }
            Effect::Report(report) => {
                if let NodeReport::Su(report) = &report {
                    self.remember_given_up(node, report);
                }
                self.send_report(node, report);
            }
            Effect::Reboot { reason } => {
                self.tell(|| format!("{} reboots: {reason}", node.rdn()));
                self.lose_node(node);
                self.later(500, Happening::NodeStarts { node: node.clone() });
            }
            Effect::ShutdownComplete => {
                self.tell(|| format!("{} has left", node.rdn()));
                self.lose_node(node);
                self.later(500, Happening::NodeStarts { node: node.clone() });
            }
            // Its models have no proxies.
            Effect::Link { .. }
            | Effect::EndLink { .. }
            | Effect::GroupChange { .. }
            | Effect::Watch { .. }
            | Effect::Unwatch { .. }
            | Effect::Forget { .. }
            | Effect::Note { .. } => {}
        }
    }
}
