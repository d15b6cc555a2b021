//! The simulated cluster: the real director engine and real node engines, with a virtual clock, a network that
//! delays and breaks, and processes that crash, hang, answer late or badly. One seed decides all.

mod director;
mod links;
mod nodes;
mod processes;
mod runs;
mod situation;

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{CallbackKind, NodeOrder, NodeReport, Term};
use ais::{Attr, Dn, Refusal};
use director_engine::{Director, Event as DirectorEvent, ModelChange};
use node_engine::{
    Answer, CommandKind, Event as NodeEvent, Invocation, NodeEngine, RunId, RunOutcome, SessionId,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::checks::{Acting, Duties};
use crate::model::Known;
use crate::process::{Process, Trouble};
use crate::story::{Pace, Story};

/// A cluster that does so much without coming to rest never does.
const STEPS_TO_REST: u32 = 100_000;

/// Something that will happen at a known time. What happens on a node happens only while the node has not been started
/// anew since.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Orders reach a node director.
    Orders {
        node: Dn,
        session: u64,
        term: Term,
        orders: Vec<NodeOrder>,
    },
    /// Orders of a director that is no more reach a node that knows a newer one.
    StaleOrders {
        node: Dn,
        term: Term,
        orders: Vec<NodeOrder>,
    },
    /// A report reaches the director.
    Report {
        node: Dn,
        session: u64,
        report: NodeReport,
    },
    /// The director notices that a connection is gone.
    DirectorSeesLoss { node: Dn, session: u64 },
    /// A node director notices that its connection is gone.
    NodeSeesLoss { node: Dn, session: u64 },
    /// A node director without a connection makes one.
    Connect { node: Dn },
    /// A node that was lost starts.
    NodeStarts { node: Dn },
    /// A node's messages are as fast as others'.
    LinkRecovers { node: Dn },
    /// A director takes the lead.
    DirectorStarts,
    /// The director dies.
    DirectorDies,
    /// An operator's next operation.
    Operation { dn: Dn, operation: u64 },
    /// An operator's deletion.
    Deletion { dn: Dn },
    /// Something that happens to a process or command.
    At { node: Dn, boots: u32, what: Local },
}

/// Something that happens on a node.
#[derive(Debug, Clone)]
pub enum Local {
    /// A command ends.
    RunEnds { run: RunId, outcome: RunOutcome },
    /// A process that has just been started registers.
    Registers { comp: Dn, session: SessionId },
    /// A process answers a callback.
    Answers {
        comp: Dn,
        session: SessionId,
        invocation: Invocation,
        kind: CallbackKind,
        good: bool,
    },
    /// A process completes quiescing.
    Quiesced {
        comp: Dn,
        session: SessionId,
        invocation: Invocation,
        kind: CallbackKind,
    },
    /// A process is gone.
    Exits { comp: Dn, session: SessionId },
}

/// A connection between a node director and the director.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its number.
    pub session: u64,
    /// The term of the director at its end.
    pub term: u64,
    /// Broken: what is sent is lost, though neither end may know.
    pub cut: bool,
    /// When messages sent last arrive, so that the connection keeps their order.
    down: u64,
    up: u64,
}

/// A command that runs.
#[derive(Debug, Clone)]
pub struct Run {
    comp: Dn,
    kind: CommandKind,
    killed: bool,
}

/// A node: its engine, the processes on it, and its connection to the director.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The real node engine; `None` while the node is down.
    pub engine: Option<NodeEngine>,
    /// How often it was started.
    pub boots: u32,
    /// The processes of its components.
    pub processes: BTreeMap<Dn, Process>,
    /// What goes wrong next with its components.
    pub troubles: BTreeMap<Dn, Trouble>,
    /// The CSIs of components that are only started and stopped.
    pub given: BTreeMap<Dn, BTreeSet<Dn>>,
    link: Option<Link>,
    runs: BTreeMap<RunId, Run>,
    /// Whether it was ever cut off or lost.
    pub is_disturbed: bool,
    /// Cut off until then.
    offline_until: u64,
    /// Added to each message's time.
    slow_ms: u64,
    deadline: Option<u64>,
}

impl Node {
    /// Whether messages reach it.
    pub fn is_connected(&self) -> bool {
        self.engine.is_some() && self.link.as_ref().is_some_and(|link| !link.cut)
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that the engines got.
    pub events: u64,
    /// SIs that became active where the former active SU had failed.
    pub failovers: u64,
    /// Orders about SUs, apart from their configuration.
    pub orders: u64,
    /// Commands that were run, and callbacks other than healthchecks.
    pub actions: u64,
}

/// An object of the information model: its class and attributes.
pub type Stored = (String, Vec<Attr>);

/// The whole simulated cluster.
#[derive(Debug, Clone)]
pub struct World {
    /// The present, in milliseconds.
    pub now: u64,
    /// The model as it is now.
    pub known: Known,
    /// How fast things go.
    pub pace: Pace,
    /// Delays come from it.
    pub rng: SmallRng,
    /// The real director engine; `None` while the director is down.
    pub director: Option<Director>,
    /// The nodes.
    pub nodes: BTreeMap<Dn, Node>,
    /// What the information model holds.
    pub repository: BTreeMap<Dn, Stored>,
    /// Administrative operations that await their answer.
    pub pending: BTreeMap<u64, String>,
    /// How the operation that was answered last went.
    pub reply: Option<Result<(), Refusal>>,
    /// Who acts for what.
    pub acting: Acting,
    /// Recoveries that were recommended.
    pub duties: Duties,
    /// The first rule that was broken.
    pub broken: Option<String>,
    /// What was counted.
    pub counts: Counts,
    /// What happened, for a failing seed.
    pub log: Vec<String>,
    /// What went wrong and what was done about it, in words.
    pub told: Vec<String>,
    /// Whether to keep the log.
    pub verbose: bool,
    /// When something was last done that was not a healthcheck.
    pub last_act: u64,
    director_deadline: Option<u64>,
    queue: BTreeMap<(u64, u64), Happening>,
    sequence: u64,
    /// How much has happened in the present moment.
    at_once: u64,
    /// When the present or last director took the lead.
    pub lead_since: u64,
    /// The number of the present or last director.
    pub term: u64,
    answer: Option<Answer>,
}

/// More than this in one moment is an exchange without end: messages may take no time at all.
const AT_ONCE_MAX: u64 = 100_000;

impl World {
    /// The cluster of this story, just started.
    pub fn new(story: &Story, verbose: bool) -> World {
        World::starting_at(1, story, verbose)
    }

    /// The same with another time on its clock.
    pub fn starting_at(now: u64, story: &Story, verbose: bool) -> World {
        let mut world = World {
            now,
            known: Known::default(),
            pace: story.pace,
            rng: SmallRng::seed_from_u64(story.seed ^ 0x5eed),
            director: None,
            nodes: BTreeMap::new(),
            repository: BTreeMap::new(),
            pending: BTreeMap::new(),
            reply: None,
            acting: Acting::default(),
            duties: Duties::default(),
            broken: None,
            counts: Counts::default(),
            log: Vec::new(),
            told: Vec::new(),
            verbose,
            last_act: 0,
            director_deadline: None,
            queue: BTreeMap::new(),
            sequence: 0,
            at_once: 0,
            lead_since: 0,
            term: 0,
            answer: None,
        };
        for change in &story.objects {
            world.store(change);
        }
        world.start_director();
        for node in world.known.of("SaAmfNode").to_vec() {
            world.start_node(&node);
        }
        world
    }

    /// Takes a change into the information model; a new node starts with it.
    fn store(&mut self, change: &ModelChange) {
        self.known.apply(change);
        match change {
            ModelChange::Create { class, dn, attrs } => {
                self.repository.insert(dn.clone(), (class.clone(), attrs.clone()));
                if class == "SaAmfNode" {
                    self.nodes.entry(dn.clone()).or_default();
                }
            }
            ModelChange::Modify { dn, attrs } => self.update(dn, attrs),
            ModelChange::Delete { dn } => self.repository.retain(|own, _| !own.is_within(dn)),
        }
    }

    fn update(&mut self, dn: &Dn, attrs: &[Attr]) {
        let Some((_, present)) = self.repository.get_mut(dn) else {
            return;
        };
        for attr in attrs {
            match present.iter_mut().find(|own| own.name == attr.name) {
                Some(own) => own.values.clone_from(&attr.values),
                None => present.push(attr.clone()),
            }
        }
    }

    /// A line for the log of a failing seed.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if self.verbose {
            let line = format!("{:>8} {}", self.now, text());
            self.log.push(line);
        }
    }

    /// A line for the story of a failing seed.
    pub fn tell(&mut self, text: impl FnOnce() -> String) {
        if self.verbose {
            let line = format!("{:>8} {}", self.now, text());
            self.log.push(format!("{line} ****"));
            self.told.push(line);
        }
    }

    /// A rule does not hold.
    pub fn breaks(&mut self, rule: impl FnOnce() -> String) {
        if self.broken.is_none() {
            self.broken = Some(rule());
        }
    }

    fn schedule(&mut self, at: u64, what: Happening) {
        self.sequence += 1;
        self.queue.insert((at.max(self.now), self.sequence), what);
    }

    /// Something will happen after a while.
    pub fn later(&mut self, span: u64, what: Happening) {
        self.schedule(self.now + span, what);
    }

    fn schedule_at(&mut self, at: u64, node: &Dn, what: Local) {
        let Some(boots) = self.nodes.get(node).map(|place| place.boots) else {
            return;
        };
        let node = node.clone();
        self.schedule(at, Happening::At { node, boots, what });
    }

    fn delay(&mut self) -> u64 {
        self.rng.random_range(0..=self.pace.delay_max_ms)
    }

    /// A number that was never used.
    fn fresh(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Lets everything happen that is due until `end`.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn run_until(&mut self, end: u64) -> Result<(), String> {
        while self.next_time() <= end {
            self.step()?;
        }
        self.now = self.now.max(end);
        Ok(())
    }

    /// Lets everything happen until nothing but healthchecks went on for the span `quiet`.
    ///
    /// # Errors
    /// The first rule that does not hold; that the cluster does not come to rest within `most`, or goes round in
    /// circles.
    pub fn settle(&mut self, quiet: u64, most: u64) -> Result<(), String> {
        let end = self.now + most;
        self.last_act = self.now;
        let mut steps = 0;
        while self.next_time() <= self.last_act.saturating_add(quiet) {
            if self.now > end {
                return Err(format!("the cluster does not come to rest within {most} ms"));
            }
            if steps > STEPS_TO_REST {
                return Err(format!(
                    "the cluster does not come to rest in {STEPS_TO_REST} steps"
                ));
            }
            steps += 1;
            self.step()?;
        }
        self.now = self.last_act + quiet;
        Ok(())
    }

    /// The next thing happens.
    ///
    /// # Errors
    /// The rule that does not hold then.
    pub fn step(&mut self) -> Result<(), String> {
        let next = self.next_time();
        self.at_once = if next > self.now { 0 } else { self.at_once + 1 };
        self.now = self.now.max(next);
        if self.at_once > AT_ONCE_MAX {
            return Err(format!("no end of what happens at {} ms", self.now));
        }
        self.happen();
        self.broken.take().map_or(Ok(()), Err)
    }

    /// When the next thing happens; the end of time where nothing will.
    pub fn next_time(&self) -> u64 {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let nodes = self.nodes.values().filter_map(|place| place.deadline).min();
        [queued, self.director_deadline, nodes]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(u64::MAX)
    }

    /// The one thing that is due: a queued happening before deadlines of the same moment.
    fn happen(&mut self) {
        if let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let what = entry.remove();
            return self.carry_out(what);
        }
        let now = self.now;
        if self.director_deadline.is_some_and(|at| at <= now) {
            return self.tell_director(DirectorEvent::Deadline);
        }
        let due = |place: &Node| place.deadline.is_some_and(|at| at <= now);
        let node = self.nodes.iter().find(|(_, place)| due(place));
        if let Some(dn) = node.map(|(dn, _)| dn.clone()) {
            self.tell_node(&dn, NodeEvent::Deadline);
        }
    }

    fn carry_out(&mut self, what: Happening) {
        match what {
            Happening::Orders {
                node,
                session,
                term,
                orders,
            } => self.orders_arrive(&node, session, term, orders),
            Happening::StaleOrders { node, term, orders } => self.stale_orders_arrive(&node, term, orders),
            Happening::Report {
                node,
                session,
                report,
            } => self.report_arrives(node, session, report),
            Happening::DirectorSeesLoss { node, session } => self.director_sees_loss(node, session),
            Happening::NodeSeesLoss { node, session } => self.node_sees_loss(&node, session),
            Happening::Connect { node } => self.connect(&node),
            Happening::NodeStarts { node } => self.start_node(&node),
            Happening::LinkRecovers { node } => {
                if let Some(place) = self.nodes.get_mut(&node) {
                    place.slow_ms = 0;
                }
            }
            Happening::DirectorStarts => {
                if self.director.is_none() {
                    self.start_director();
                }
            }
            Happening::DirectorDies => self.kill_director(false),
            Happening::Operation { dn, operation } => self.admin(&dn, operation),
            Happening::Deletion { dn } => {
                self.ccb(vec![ModelChange::Delete { dn }]);
            }
            Happening::At { node, boots, what } => {
                if self.nodes.get(&node).is_some_and(|place| place.boots == boots) {
                    self.happen_at(&node, what);
                }
            }
        }
    }

    fn happen_at(&mut self, node: &Dn, what: Local) {
        match what {
            Local::RunEnds { run, outcome } => self.run_ends(node, run, outcome),
            Local::Registers { comp, session } => self.registers(node, comp, session),
            Local::Answers {
                comp,
                session,
                invocation,
                kind,
                good,
            } => self.answers(node, &comp, session, (invocation, kind), good),
            Local::Quiesced {
                comp,
                session,
                invocation,
                kind,
            } => self.quiesced(node, &comp, session, invocation, kind),
            Local::Exits { comp, session } => self.process_exits(node, &comp, session),
        }
    }

    /// Forgets what is still to go wrong.
    pub fn calm(&mut self) {
        let starts =
            |what: &Happening| matches!(what, Happening::NodeStarts { .. } | Happening::DirectorStarts);
        let mischief = |what: &Happening| {
            matches!(
                what,
                Happening::DirectorDies
                    | Happening::StaleOrders { .. }
                    | Happening::Operation { .. }
                    | Happening::Deletion { .. }
            )
        };
        self.queue.retain(|_, what| !starts(what) && !mischief(what));
        for place in self.nodes.values_mut() {
            place.troubles.clear();
            place.offline_until = place.offline_until.min(self.now);
            place.slow_ms = 0;
        }
    }
}
