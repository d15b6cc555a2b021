//! The simulated cluster: the real director engine and real node engines, with a virtual clock, a network that
//! delays, and processes that crash, hang, answer late or badly. One seed decides all.

mod nodes;

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{CallbackKind, NodeOrder, NodeReport, Term};
use ais::{Attr, Dn, Millis};
use director_engine::{Director, Effect as DirectorEffect, Event as DirectorEvent, ModelChange, Publish};
use node_engine::{CommandKind, Event as NodeEvent, Invocation, NodeEngine, RunId, RunOutcome, SessionId};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::model::Model;
use crate::process::Process;
use crate::rates::Rates;

/// Something that will happen at a known time.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Orders reach a node director.
    Orders {
        session: u64,
        term: Term,
        orders: Vec<NodeOrder>,
    },
    /// A report reaches the director.
    Report { session: u64, report: NodeReport },
    /// A command ends.
    RunEnds {
        run: RunId,
        comp: Dn,
        kind: CommandKind,
        outcome: RunOutcome,
    },
    /// A process that has just been started registers.
    Registers { comp: Dn, session: SessionId },
    /// A process answers a callback.
    Answers {
        comp: Dn,
        session: SessionId,
        invocation: Invocation,
        kind: CallbackKind,
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

/// A node: its engine, the processes on it, and its connection to the director.
#[derive(Debug)]
pub struct Node {
    /// The real node engine; `None` while the node is down.
    pub engine: Option<NodeEngine>,
    /// The processes of its components.
    pub processes: BTreeMap<Dn, Process>,
    /// The connection to the director.
    pub session: Option<u64>,
    /// The runs in progress, with the component.
    pub runs: BTreeMap<RunId, (Dn, CommandKind)>,
    /// The runs that are being killed.
    pub killed: BTreeSet<RunId>,
    /// When messages sent last arrive, so that the link keeps their order.
    down_link: u64,
    up_link: u64,
}

/// The whole simulated cluster.
pub struct World {
    /// The present, in milliseconds.
    pub now: u64,
    /// The model it began with.
    pub model: Model,
    /// What goes wrong how often.
    pub rates: Rates,
    /// The source of all chance.
    pub rng: SmallRng,
    /// The real director engine; `None` while the director is down.
    pub director: Option<Director>,
    /// The nodes.
    pub nodes: BTreeMap<Dn, Node>,
    /// What the information model holds.
    pub repository: BTreeMap<Dn, (String, Vec<Attr>)>,
    /// Administrative operations that await their answer.
    pub pending: BTreeMap<u64, String>,
    /// What happened, for a failing seed.
    pub log: Vec<String>,
    /// Whether to keep the log.
    pub verbose: bool,
    /// How many events the engines got.
    pub events: u64,
    queue: BTreeMap<(u64, u64), (Dn, Happening)>,
    sequence: u64,
    term: u64,
}

impl World {
    /// The cluster of this seed, just started.
    pub fn new(seed: u64, nodes_max: usize) -> World {
        let mut rng = SmallRng::seed_from_u64(seed);
        let model = Model::random(&mut rng, nodes_max);
        let repository = model
            .objects
            .iter()
            .filter_map(|change| match change {
                ModelChange::Create { class, dn, attrs } => {
                    Some((dn.clone(), (class.clone(), attrs.clone())))
                }
                ModelChange::Modify { .. } | ModelChange::Delete { .. } => None,
            })
            .collect();
        let rates = Rates::draw(&mut rng);
        let nodes = model.nodes.iter().map(|dn| (dn.clone(), Node::down())).collect();
        let mut world = World {
            now: 1,
            model,
            rates,
            rng,
            director: None,
            nodes,
            repository,
            pending: BTreeMap::new(),
            log: Vec::new(),
            verbose: false,
            events: 0,
            queue: BTreeMap::new(),
            sequence: 0,
            term: 0,
        };
        world.start_director();
        for node in world.model.nodes.clone() {
            world.start_node(&node);
        }
        world
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        if self.verbose {
            let line = format!("{:>8} {}", self.now, text());
            self.log.push(line);
        }
    }

    fn schedule(&mut self, at: u64, node: &Dn, what: Happening) {
        self.sequence += 1;
        self.queue
            .insert((at.max(self.now), self.sequence), (node.clone(), what));
    }

    fn delay(&mut self) -> u64 {
        self.rng.random_range(0..=self.rates.delay_max_ms)
    }

    /// A number that was never used.
    fn fresh(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Lets everything happen that is due until `end`.
    pub fn run_until(
        &mut self,
        end: u64,
        check: &mut dyn FnMut(&World) -> Result<(), String>,
    ) -> Result<(), String> {
        loop {
            let next = self.next_time();
            if next > end {
                self.now = end;
                return Ok(());
            }
            self.now = self.now.max(next);
            self.happen();
            check(self)?;
        }
    }

    /// When the next thing happens; far away where nothing will.
    pub fn next_time(&self) -> u64 {
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        let director = self
            .director
            .as_ref()
            .and_then(Director::next_deadline)
            .map(|at| at.0);
        let nodes = self
            .nodes
            .values()
            .filter_map(|n| n.engine.as_ref()?.next_deadline())
            .map(|at| at.0)
            .min();
        [queued, director, nodes]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(u64::MAX)
    }

    /// The one thing that is due: a queued happening before deadlines of the same moment.
    fn happen(&mut self) {
        if let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let (node, what) = entry.remove();
            return self.carry_out(&node, what);
        }
        let now = self.now;
        let due = |at: Option<Millis>| at.is_some_and(|at| at.0 <= now);
        if due(self.director.as_ref().and_then(Director::next_deadline)) {
            return self.tell_director(DirectorEvent::Deadline);
        }
        let node = self
            .nodes
            .iter()
            .find(|(_, n)| due(n.engine.as_ref().and_then(NodeEngine::next_deadline)));
        if let Some(dn) = node.map(|(dn, _)| dn.clone()) {
            self.tell_node(&dn, NodeEvent::Deadline);
        }
    }

    fn carry_out(&mut self, node: &Dn, what: Happening) {
        match what {
            Happening::Orders {
                session,
                term,
                orders,
            } => {
                if self.nodes[node].session == Some(session) {
                    self.tell_node(node, NodeEvent::Orders { term, orders });
                }
            }
            Happening::Report { session, report } => {
                if self.nodes[node].session == Some(session) {
                    let session = director_engine::SessionId(session);
                    self.tell_director(DirectorEvent::Report {
                        node: node.clone(),
                        session,
                        report,
                    });
                }
            }
            Happening::RunEnds {
                run,
                comp,
                kind,
                outcome,
            } => self.run_ends(node, run, comp, kind, outcome),
            Happening::Registers { comp, session } => self.registers(node, comp, session),
            Happening::Answers {
                comp,
                session,
                invocation,
                kind,
            } => {
                self.answers(node, &comp, session, invocation, &kind);
            }
            Happening::Quiesced {
                comp,
                session,
                invocation,
                kind,
            } => self.quiesced(node, &comp, session, invocation, kind),
            Happening::Exits { comp, session } => self.process_exits(node, &comp, session),
        }
    }

    /// Gives the director an event and carries out what it wants.
    pub fn tell_director(&mut self, event: DirectorEvent) {
        let Some(director) = self.director.as_mut() else {
            return;
        };
        self.events += 1;
        let line = self.verbose.then(|| format!("director <- {event:?}"));
        let effects = director.step(Millis(self.now), event);
        if let Some(line) = line {
            self.note(|| line);
        }
        let mut batches: Vec<(Dn, u64, Vec<NodeOrder>)> = Vec::new();
        for effect in effects {
            self.note(|| format!("director -> {effect:?}"));
            match effect {
                DirectorEffect::Send { node, session, order } => match batches.last_mut() {
                    Some((to, on, orders)) if *to == node && *on == session.0 => orders.push(order),
                    _ => batches.push((node, session.0, vec![order])),
                },
                DirectorEffect::Publish(publish) => self.publish(publish),
                DirectorEffect::AdminReply { request, .. } => {
                    let known = self.pending.remove(&request.0);
                    assert!(
                        known.is_some(),
                        "operation {} is answered twice or was never asked",
                        request.0
                    );
                }
                DirectorEffect::Because(_) => {}
            }
        }
        let term = Term(self.term);
        for (node, session, orders) in batches {
            let at = self.now + self.delay();
            let place = self
                .nodes
                .get_mut(&node)
                .expect("orders go to nodes of the model");
            place.down_link = place.down_link.max(at);
            let at = place.down_link;
            self.schedule(
                at,
                &node,
                Happening::Orders {
                    session,
                    term,
                    orders,
                },
            );
        }
    }

    fn publish(&mut self, publish: Publish) {
        match publish {
            Publish::Create { class, dn, attrs } => {
                self.repository.insert(dn, (class, attrs));
            }
            Publish::Delete { dn } => {
                self.repository.remove(&dn);
            }
            Publish::Update { dn, attrs } => {
                if let Some((_, present)) = self.repository.get_mut(&dn) {
                    for attr in attrs {
                        present.retain(|a| a.name != attr.name);
                        present.push(attr);
                    }
                }
            }
        }
    }

    /// The director process starts, reads the model, and the nodes connect to it.
    pub fn start_director(&mut self) {
        self.term += 1;
        self.note(|| "the director starts".to_owned());
        self.director = Some(Director::new());
        let objects = self
            .repository
            .iter()
            .map(|(dn, (class, attrs))| ModelChange::Create {
                class: class.clone(),
                dn: dn.clone(),
                attrs: attrs.clone(),
            })
            .collect();
        self.tell_director(DirectorEvent::Start {
            term: Term(self.term),
            objects,
        });
        let up: Vec<Dn> = self
            .nodes
            .iter()
            .filter(|(_, n)| n.engine.is_some())
            .map(|(dn, _)| dn.clone())
            .collect();
        for node in up {
            self.connect(&node);
        }
    }

    /// The director process dies; operations in progress lose their answer.
    pub fn kill_director(&mut self) {
        self.note(|| "the director dies".to_owned());
        self.director = None;
        self.pending.clear();
        let nodes: Vec<Dn> = self.nodes.keys().cloned().collect();
        for node in nodes {
            if self
                .nodes
                .get_mut(&node)
                .and_then(|place| place.session.take())
                .is_some()
            {
                self.tell_node(&node, NodeEvent::DirectorLost);
            }
        }
    }

    fn connect(&mut self, node: &Dn) {
        let session = self.fresh();
        self.nodes.get_mut(node).expect("a node of the model").session = Some(session);
        let session = director_engine::SessionId(session);
        self.tell_director(DirectorEvent::NodeUp {
            node: node.clone(),
            session,
        });
    }

    /// The node comes up with nothing on it.
    pub fn start_node(&mut self, node: &Dn) {
        self.note(|| format!("{} starts", node.rdn()));
        self.nodes.get_mut(node).expect("a node of the model").engine = Some(NodeEngine::new());
        if self.director.is_some() {
            self.connect(node);
        }
    }

    /// The node is lost with all on it.
    pub fn lose_node(&mut self, node: &Dn) {
        self.note(|| format!("{} is lost", node.rdn()));
        let place = self.nodes.get_mut(node).expect("a node of the model");
        let session = place.session;
        *place = Node {
            down_link: place.down_link,
            up_link: place.up_link,
            ..Node::down()
        };
        let of_node: Vec<(u64, u64)> = self
            .queue
            .iter()
            .filter(|(_, (at, _))| at == node)
            .map(|(key, _)| *key)
            .collect();
        for key in of_node {
            self.queue.remove(&key);
        }
        if let Some(session) = session {
            let session = director_engine::SessionId(session);
            self.tell_director(DirectorEvent::NodeDown {
                node: node.clone(),
                session,
            });
        }
    }

    /// An operator invokes an operation.
    pub fn admin(&mut self, dn: &Dn, operation: u64) {
        if self.director.is_none() {
            return;
        }
        let request = self.fresh();
        self.note(|| format!("operation {operation} on {dn}"));
        self.pending
            .insert(request, format!("operation {operation} on {dn} at {}", self.now));
        let request = director_engine::RequestId(request);
        self.tell_director(DirectorEvent::AdminOperation {
            request,
            dn: dn.clone(),
            operation,
        });
    }
}

impl Node {
    fn down() -> Node {
        Node {
            engine: None,
            processes: BTreeMap::new(),
            session: None,
            runs: BTreeMap::new(),
            killed: BTreeSet::new(),
            down_link: 0,
            up_link: 0,
        }
    }
}
