//! What every decision of one step shares: the time, the effects so far, and the ids it hands out.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{EscalationCounting, FailoverLimits, NodeReport};
use ais::{Dn, Millis};

use crate::effect::Effect;
use crate::escalation::Failovers;
use crate::event::{Invocation, RunId, SessionId, WatchId};
use crate::manager::Managers;

/// The ids that the engine gives out, and which component each open one belongs to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    last_run: u64,
    last_invocation: u64,
    last_watch: u64,
    runs: BTreeMap<RunId, Dn>,
    calls: BTreeMap<Invocation, Dn>,
}

/// The context of one step.
#[derive(Debug)]
pub(crate) struct Cx {
    pub(crate) now: Millis,
    /// How restarts and failovers are counted.
    pub(crate) counting: EscalationCounting,
    /// When failovers are the node's; `None` before a director has said so.
    pub(crate) failover_limits: Option<FailoverLimits>,
    pub(crate) failovers: Failovers,
    pub(crate) effects: Vec<Effect>,
    /// Who may manage others; none where nobody is managed.
    pub(crate) managers: Managers,
    /// The connections on which proxies have registered others.
    pub(crate) proxied_through: BTreeSet<SessionId>,
    /// Containers that must be restarted, and why.
    pub(crate) containers: Vec<(Dn, String)>,
    pub(crate) ids: Ids,
    /// Whether a director has a session with this node.
    pub(crate) director: bool,
    /// Whether the node director is ending.
    pub(crate) shutting_down: bool,
    /// SUs whose report may have changed.
    pub(crate) touched: BTreeSet<Dn>,
    /// Set whenever something changed; `Su::advance` looks again until nothing does.
    pub(crate) moved: bool,
    /// Every SU of the node must be cleaned up, and why.
    pub(crate) node_failover: Option<String>,
    /// The node must reboot without waiting for a director, and why.
    pub(crate) reboot: Option<String>,
}

impl Cx {
    pub(crate) fn new(now: Millis, ids: Ids) -> Cx {
        Cx {
            now,
            counting: EscalationCounting::default(),
            failover_limits: None,
            failovers: Failovers::default(),
            effects: Vec::new(),
            managers: Managers::default(),
            proxied_through: BTreeSet::new(),
            containers: Vec::new(),
            ids,
            director: false,
            shutting_down: false,
            touched: BTreeSet::new(),
            moved: false,
            node_failover: None,
            reboot: None,
        }
    }

    pub(crate) fn emit(&mut self, effect: Effect) {
        self.moved = true;
        self.effects.push(effect);
    }

    /// Says what was decided and why; does not count as a change.
    pub(crate) fn note(&mut self, subject: &Dn, text: impl Into<String>) {
        self.effects.push(Effect::Note {
            subject: subject.clone(),
            text: text.into(),
        });
    }

    pub(crate) fn report(&mut self, report: NodeReport) {
        self.effects.push(Effect::Report(report));
    }

    pub(crate) fn new_run(&mut self, comp: &Dn) -> RunId {
        self.ids.last_run += 1;
        let run = RunId(self.ids.last_run);
        self.ids.runs.insert(run, comp.clone());
        run
    }

    pub(crate) fn new_watch(&mut self) -> WatchId {
        self.ids.last_watch += 1;
        WatchId(self.ids.last_watch)
    }

    /// The component that a run belongs to; the run is over.
    pub(crate) fn take_run(&mut self, run: RunId) -> Option<Dn> {
        self.ids.runs.remove(&run)
    }

    pub(crate) fn new_invocation(&mut self, comp: &Dn) -> Invocation {
        self.ids.last_invocation += 1;
        let invocation = Invocation(self.ids.last_invocation);
        self.ids.calls.insert(invocation, comp.clone());
        invocation
    }

    /// The component that an open invocation belongs to.
    pub(crate) fn invoked(&self, invocation: Invocation) -> Option<&Dn> {
        self.ids.calls.get(&invocation)
    }

    /// An answered callback stays open, for what was promised in the answer.
    pub(crate) fn reopen_invocation(&mut self, invocation: Invocation, comp: &Dn) {
        self.ids.calls.insert(invocation, comp.clone());
    }

    pub(crate) fn close_invocation(&mut self, invocation: Invocation) {
        self.ids.calls.remove(&invocation);
    }
}
