//! The decisions of the director: the model, the state, the plan for each service group, the steps that lead there,
//! recovery and administrative operations. No I/O, no clock: [`Director::step`] gets an event and the time, and gives
//! back what is to be done.

mod adjust;
mod admin_op;
mod dependency;
mod doubled;
mod dump;
mod effect;
mod event;
mod events;
mod explain;
mod group;
mod invariants;
mod leaving;
mod life_cycle;
mod model;
mod model_change;
mod node_loss;
mod notice;
mod orders;
mod partial;
mod placement;
mod plan;
mod protection;
mod publish;
mod reason;
mod recovery;
mod restart;
mod startup;
mod state;
mod steps;
mod story;
mod transition;
mod validate;

pub use effect::{Because, Effect, Publish, Story};
pub use event::{DownCause, Event, FenceId, ModelChange, RequestId, SessionId};
pub use invariants::check;
pub use notice::{AlarmDefinition, AlarmKind, ERROR_CLEAR, ERROR_REPORT, STATES, StateDefinition};
pub use reason::Reason;
pub use validate::ModelRule;

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::EscalationCounting;
use ais::ntf::Notification;
use ais::{Dn, Millis, Refusal};

use admin_op::Pending;
use dependency::Standing;
use model::{Model, Raw};
use plan::Target;
use publish::Published;
use state::{State, View};

/// What may be chosen about the director.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Applications that run themselves, the middleware's own: their service groups are left alone.
    pub foreign_applications: Vec<Dn>,
    /// How long nodes may take to report what runs on them, after the director's start and after they connect. Until
    /// then nothing is ordered in the service groups that they host SUs of.
    pub node_sync: Millis,
    /// How node directors count restarts and failovers.
    pub counting: EscalationCounting,
    /// How long a node whose connection is lost may take to come back before its work is given to others; 0 is at once.
    /// `osafAmfDelayNodeFailoverTimeout` goes before it.
    pub node_loss_delay: Millis,
    /// The same for single nodes, by their DNs or their names; goes before all.
    pub node_loss_delays: BTreeMap<String, Millis>,
    /// Whether [`Effect::Fence`] is carried out: then nothing of a lost node is given away before its result.
    pub fencing: bool,
    /// The time between two requests to fence a node, where one failed.
    pub fence_retry: Millis,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            foreign_applications: Dn::new("safApp=OpenSAF").into_iter().collect(),
            node_sync: Millis(10_000),
            counting: EscalationCounting::default(),
            node_loss_delay: Millis(0),
            node_loss_delays: BTreeMap::new(),
            fencing: false,
            fence_retry: Millis(10_000),
        }
    }
}

/// The effects of a step, kind by kind: orders first, answers last, so that nothing waits for the repository and whoever
/// gets an answer finds it published.
#[derive(Debug, Clone, Default)]
struct Outbox {
    send: Vec<Effect>,
    because: Vec<Effect>,
    notify: Vec<Notification>,
    reply: Vec<Effect>,
}

/// What the last evaluation of an SG found.
#[derive(Debug, Clone, Default)]
struct Evaluation {
    target: Target,
    /// The SIs with dependents that have an SU to be active, where their own sponsors allow it.
    planned: BTreeSet<Dn>,
    /// Why SIs wait.
    waits: BTreeMap<Dn, Reason>,
    /// Why nothing is assigned at all.
    gate: Option<Reason>,
    /// Nothing is to be done now.
    done: bool,
}

/// The director's whole state.
#[derive(Debug, Clone, Default)]
pub struct Director {
    options: Options,
    now: Millis,
    raw: Raw,
    model: Model,
    state: State,
    /// SGs that have to be evaluated.
    dirty: BTreeSet<Dn>,
    /// SGs that were evaluated since the last publication.
    touched: BTreeSet<Dn>,
    evaluations: BTreeMap<Dn, Evaluation>,
    startup: startup::Startup,
    /// By SG: how those of its SIs stood at its last evaluation that have dependents or sponsors, and whether they were
    /// being stopped.
    standings: BTreeMap<Dn, BTreeMap<Dn, (Standing, bool)>>,
    pending: Vec<Pending>,
    /// For each scope that waits for all of its SUs, the one that it waited for at the last look.
    waited: BTreeMap<Dn, Dn>,
    published: Published,
    tracked: protection::Tracked,
    alarms: notice::Alarms,
    stories: story::Stories,
    out: Outbox,
}

/// No event needs more rounds of planning than this; more means two rules that undo each other.
const ROUNDS_MAX: usize = 1_000;

impl Director {
    /// A director that knows nothing yet; its first event is [`Event::Start`].
    pub fn new() -> Director {
        Director::default()
    }

    /// As [`Director::new`], with choices.
    pub fn with_options(options: Options) -> Director {
        Director {
            options,
            ..Director::default()
        }
    }

    /// Whether a CCB with these changes would leave a model that can be served, without applying it.
    pub fn validate(&self, changes: &[ModelChange]) -> Result<(), Refusal> {
        validate::validate(&self.raw, self.view(), &self.options, changes)
    }

    /// Applies one event and returns what must now be done, in order.
    ///
    /// `now` is on the caller's monotonic clock and never goes back.
    #[must_use]
    pub fn step(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        self.now = self.now.max(now);
        self.out = Outbox::default();
        self.begin_step(&event);
        self.apply(event);
        self.pass_deadlines();
        self.pass_tolerances();
        self.evaluate_all();
        let mut effects = std::mem::take(&mut self.out.send);
        let changes = self.publish_changes();
        effects.append(&mut self.out.send);
        let notices = self.take_notices();
        self.end_stories();
        effects.append(&mut self.out.because);
        effects.extend(notices);
        effects.extend(changes.into_iter().map(Effect::Publish));
        effects.append(&mut self.out.reply);
        effects
    }

    /// When to call [`Director::step`] with [`Event::Deadline`] if nothing else happens first.
    pub fn next_deadline(&self) -> Option<Millis> {
        self.state.next_due()
    }

    /// Why the entity is as it is: sentences, the most important first. Empty for a DN that is not in the model.
    pub fn explain(&self, dn: &Dn) -> Vec<String> {
        explain::explain(self, dn)
    }

    /// All that is known and intended, for people: a line for each node, group, SU and SI, of no fixed form.
    pub fn dump(&self) -> String {
        dump::dump(self)
    }

    /// Everything that a later decision may depend on but the configuration and the clock, to tell whether two directors of
    /// the same model are in the same situation; of no fixed form.
    pub fn situation(&self) -> impl std::fmt::Debug {
        let known = (&self.state, &self.tracked, &self.pending, &self.waited);
        let found = (
            &self.dirty,
            &self.touched,
            &self.evaluations,
            &self.startup,
            &self.standings,
        );
        (known, found, &self.published, &self.alarms)
    }

    /// The reasons among what [`Director::explain`] says, the most important first, each with what it is about: the entity
    /// itself, and for a component its SU.
    pub fn reasons(&self, dn: &Dn) -> Vec<(Dn, Reason)> {
        explain::with_subjects(self, dn)
    }

    fn view(&self) -> View<'_> {
        View {
            model: &self.model,
            state: &self.state,
            now: self.now,
        }
    }

    fn because(&mut self, subject: &Dn, reason: Reason) {
        let cause = self.cause();
        self.out.because.push(Effect::Because(Because {
            subject: subject.clone(),
            reason,
            cause,
        }));
    }

    /// Marks the SG of the SU.
    fn touch_su(&mut self, su: &Dn) {
        if let Some((sg, ..)) = self.model.su(su) {
            self.dirty.insert(sg.clone());
        }
    }

    fn touch_node(&mut self, node: &Dn) {
        let sgs: Vec<Dn> = self.model.sus_on(node).map(|(sg, ..)| sg.clone()).collect();
        self.dirty.extend(sgs);
    }

    fn touch_all(&mut self) {
        self.dirty.extend(self.model.sgs.keys().cloned());
    }

    /// Deadlines that have come.
    fn pass_deadlines(&mut self) {
        let now = self.now;
        let past = |end: Option<Millis>| end.is_some_and(|end| end <= now);
        let mut touched = false;
        for end in [&mut self.state.startup_until, &mut self.state.sync_until] {
            if past(*end) {
                *end = None;
                touched = true;
            }
        }
        for dn in self.state.nodes.due_by(now) {
            let Some(node) = self.state.nodes.get_mut(&dn) else {
                continue;
            };
            if past(node.report_until) {
                self.give_up(&dn);
            }
        }
        for dn in self.state.sus.due_by(now) {
            if let Some(su) = self.state.sus.get_mut(&dn) {
                for end in [&mut su.hold_until, &mut su.probation_until] {
                    if past(*end) {
                        *end = None;
                    }
                }
            }
            self.touch_su(&dn);
        }
        if touched {
            self.touch_all();
        }
        self.clean_up_again();
        self.pass_loss_deadlines();
    }

    /// Plans and orders until nothing more follows from what is known.
    fn evaluate_all(&mut self) {
        for _ in 0..ROUNDS_MAX {
            while let Some(sg) = self.take_dirty() {
                self.evaluate(&sg);
            }
            self.end_startup_early();
            self.advance_recoveries();
            self.let_go();
            self.end_reset_of_absent();
            self.advance_restarts();
            self.advance_shutdowns();
            self.advance_operations();
            if self.dirty.is_empty() {
                return;
            }
        }
        // Each rule only moves forward, so this is a defect; the simulator looks for it. The next event goes on.
        debug_assert!(false, "planning does not come to an end for {:?}", self.dirty);
    }

    /// The next SG to be evaluated. What its SIs may hope for of sponsors is known when the SGs of these are.
    fn take_dirty(&mut self) -> Option<Dn> {
        let mut next = self.dirty.first()?;
        let mut passed = BTreeSet::new();
        while let Some(sponsors) = self.sponsoring(next, &passed) {
            passed.insert(next);
            next = sponsors;
        }
        let next = next.clone();
        self.dirty.remove(&next);
        Some(next)
    }

    fn evaluate(&mut self, dn: &Dn) {
        self.touched.insert(dn.clone());
        self.enter_story(dn);
        if self.model.sgs.get(dn).is_none_or(|sg| self.gate(sg).is_none()) {
            self.notice_available(dn);
        }
        let view = self.view();
        let Some(sg) = self.model.sgs.get(dn) else {
            self.evaluations.remove(dn);
            self.startup.forget(dn);
            self.standings.remove(dn);
            self.leave_story(dn, false, true);
            return;
        };
        let gate = self.gate(sg);
        let mut evaluation = Evaluation::default();
        let mut actions = Vec::new();
        if gate.is_none() {
            let mut group = group::build(view, dn, sg);
            let plan = |group: &plan::Group| plan::plan(sg.model, group);
            (evaluation.target, evaluation.planned) = self.plan_with_sponsors(&mut group, plan);
            let steps = steps::next(&group, &evaluation.target);
            actions = steps.orders;
            evaluation.waits = steps.waits;
        } else if matches!(gate, Some(Reason::NodesUnreported { .. })) {
            actions = self.part_doubled(dn, sg);
        }
        let ordered: BTreeSet<Dn> = actions.iter().map(|(su, _)| su.clone()).collect();
        let mut life_steps = life_cycle::next(view, sg);
        life_steps.retain(|(su, _)| !ordered.contains(su));
        let idle = gate.is_none() && life_steps.is_empty();
        evaluation.gate = gate;
        if self.state.startup_until.is_some() {
            let progress = startup::progress(view, sg, life_steps.is_empty() && self.is_quiet(dn));
            self.startup.note(dn, progress);
        }
        let sent_before = self.out.send.len();
        // What an SU has no component for is not ordered, and awaits nothing.
        let mut is_ordered = false;
        for (su, action) in actions {
            is_ordered |= self.order_action(&su, action, &evaluation.target);
        }
        for (su, step) in life_steps {
            self.order_life_step(&su, step);
        }
        evaluation.done = idle && !is_ordered;
        let over = evaluation.done && self.is_quiet(dn);
        let ordered = self.out.send.len() > sent_before;
        self.leave_story(dn, ordered, over && !self.waits_for_lost_node(dn));
        if over {
            // What was kept for the adjustment only is not needed any more.
            if self.state.adjusts.remove(dn) {
                self.dirty.insert(dn.clone());
            }
        }
        self.evaluations.insert(dn.clone(), evaluation);
        self.note_standings(dn);
    }

    /// Whether the work of a lost node of the SG is not given to others yet: what that leads to is still to come.
    fn waits_for_lost_node(&self, dn: &Dn) -> bool {
        let sus = self.model.sgs.get(dn).into_iter().flat_map(|sg| sg.sus.values());
        let mut nodes = sus.filter_map(|su| self.state.node(su.node.as_ref()?));
        nodes.any(state::NodeState::may_run)
    }

    /// Why nothing may be assigned in the SG yet.
    fn gate(&self, sg: &model::Sg) -> Option<Reason> {
        if let Some(node) = self.view().unreported_node(sg) {
            return Some(Reason::NodesUnreported { node: node.clone() });
        }
        if let Some(node) = self.state.resetting.first() {
            return Some(Reason::ClusterResetting { node: node.clone() });
        }
        self.state.startup_until.map(|_| Reason::ClusterStarting)
    }
}
