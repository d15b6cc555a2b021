//! Commands: how they end, and what they leave.

use ais::Dn;
use node_engine::{CommandKind, Event as NodeEvent, RunId, RunOutcome, SessionId};
use rand::Rng;

use super::{Local, Run, World};
use crate::process::{Process, Trouble};

impl World {
    /// A command starts.
    pub(super) fn start_command(&mut self, node: &Dn, run: RunId, comp: Dn, kind: CommandKind) {
        let trouble = self.take_trouble(node, &comp, |trouble| {
            matches!(trouble, Trouble::CommandFails | Trouble::CommandHangs)
        });
        self.start_run(node, run, (comp, kind), trouble);
    }

    /// A command or a kill starts; a kill never fails.
    pub(super) fn start_run(
        &mut self,
        node: &Dn,
        run: RunId,
        (comp, kind): (Dn, CommandKind),
        trouble: Option<Trouble>,
    ) {
        self.counts.actions += 1;
        self.last_act = self.now;
        let at = self.now + 1 + self.delay();
        let place = self.nodes.get_mut(node).expect("the node runs it");
        let doubled = place
            .runs
            .values()
            .any(|other| other.comp == comp && !other.killed);
        if doubled {
            self.breaks(|| format!("two commands run for {comp} at once"));
            return;
        }
        let entry = Run {
            comp: comp.clone(),
            kind,
            killed: false,
        };
        place.runs.insert(run, entry);
        if kind == CommandKind::Instantiate {
            self.spawn(node, &comp, at);
        } else if let Some(process) = place.processes.get_mut(&comp) {
            process.ending = true;
        }
        if trouble != Some(Trouble::CommandHangs) {
            let code = i32::from(trouble == Some(Trouble::CommandFails));
            let stderr = String::new();
            let outcome = RunOutcome::Exited { code, stderr };
            self.schedule_at(at, node, Local::RunEnds { run, outcome });
        }
    }

    /// A process of the component is there from now on; an SA-aware one registers around the time `ready`.
    fn spawn(&mut self, node: &Dn, comp: &Dn, ready: u64) {
        let session = SessionId(self.fresh());
        let is_script = self.known.scripts.contains(comp);
        self.process_ends(node, comp);
        let place = self.nodes.get_mut(node).expect("the node runs it");
        place.processes.insert(comp.clone(), Process::new(session));
        if is_script {
            let given = place.given.get(comp).cloned().unwrap_or_default();
            self.change_roles(node, comp, |process| {
                let active = given.into_iter().map(|csi| (csi, ais::amf::HaState::Active));
                process.roles = active.collect();
            });
            return;
        }
        let trouble = self.take_trouble(node, comp, |trouble| {
            matches!(trouble, Trouble::NeverRegisters | Trouble::DiesAtStart)
        });
        let comp = comp.clone();
        match trouble {
            Some(Trouble::NeverRegisters) => {}
            Some(_) => self.schedule_at(ready, node, Local::Exits { comp, session }),
            None => {
                let span = 1 + self.delay();
                let at = if self.pace.early_registration {
                    self.rng.random_range(self.now..=ready + span)
                } else {
                    ready + span
                };
                self.schedule_at(at, node, Local::Registers { comp, session });
            }
        }
    }

    /// What goes wrong now with the component, where something of this kind is due.
    pub(super) fn take_trouble(
        &mut self,
        node: &Dn,
        comp: &Dn,
        fits: impl FnOnce(Trouble) -> bool,
    ) -> Option<Trouble> {
        let place = self.nodes.get_mut(node)?;
        let trouble = *place.troubles.get(comp)?;
        if !fits(trouble) {
            return None;
        }
        place.troubles.remove(comp);
        self.tell(|| format!("{trouble:?} of {comp}"));
        Some(trouble)
    }

    pub(super) fn kill_run(&mut self, node: &Dn, run: RunId) {
        let place = self.nodes.get_mut(node).expect("the node ran it");
        let Some(entry) = place.runs.get_mut(&run) else {
            return;
        };
        entry.killed = true;
        let (signal, stderr) = (9, String::new());
        let outcome = RunOutcome::Killed { signal, stderr };
        self.schedule_at(self.now, node, Local::RunEnds { run, outcome });
    }

    pub(super) fn run_ends(&mut self, node: &Dn, run: RunId, outcome: RunOutcome) {
        let Some(place) = self.nodes.get_mut(node) else {
            return;
        };
        let Some(Run { comp, kind, .. }) = place.runs.remove(&run) else {
            return;
        };
        let succeeded = matches!(outcome, RunOutcome::Exited { code: 0, .. });
        match kind {
            // Whatever a cleanup command says, nothing of the component is left afterwards.
            CommandKind::Cleanup => self.process_ends(node, &comp),
            CommandKind::Terminate if succeeded => self.process_ends(node, &comp),
            CommandKind::Instantiate
            | CommandKind::Terminate
            | CommandKind::AmStart
            | CommandKind::AmStop
            | CommandKind::Healthcheck => {}
        }
        self.tell_node(node, NodeEvent::RunEnded { run, outcome });
    }

    /// The process of the component is gone; where it had registered, its connection is seen to close.
    fn process_ends(&mut self, node: &Dn, comp: &Dn) {
        self.drop_roles(node, comp);
        let place = self.nodes.get_mut(node);
        let gone = place.and_then(|place| place.processes.remove(comp));
        if let Some(process) = gone.filter(|process| process.registered) {
            let session = process.session;
            self.tell_node(node, NodeEvent::SessionClosed { session });
        }
    }
}
