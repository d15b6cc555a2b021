//! The engine with everything its events come from and its effects go to.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ais::amf::{CauseId, NodeOrder, Term};
use ais::{Dn, Millis, Refusal};
use director_engine::{Because, Director, Effect, Event, ModelChange, Reason, RequestId, SessionId, Story};
use tokio::sync::{Notify, oneshot, watch};
use tracing::{debug, info, warn};

use crate::fence;
use crate::metrics::Metrics;
use crate::model::Model;
use crate::nodes::Sessions;
use crate::ntf;
use crate::publisher::Board;
use crate::timeline::Timeline;

/// How long the answer to an administrative operation waits for the repository to show what it did.
const PUBLISH_BEFORE_ANSWER: Duration = Duration::from_secs(1);

/// How long a node director waits for its greeting while the model is being read.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// An answer to an administrative operation.
pub(crate) type AdminResult = Result<(), Refusal>;

/// The engine and the state of the daemon around it. Lives on one thread; nothing here waits.
pub(crate) struct Shell {
    engine: RefCell<Director>,
    started: watch::Sender<bool>,
    clock: Instant,
    /// The term of this director.
    pub(crate) term: Term,
    /// The objects as the repository holds them.
    pub(crate) model: RefCell<Model>,
    /// What operators are told.
    pub(crate) notifications: Rc<RefCell<ntf::Service>>,
    /// What happened.
    pub(crate) timeline: RefCell<Timeline>,
    /// What is counted and measured.
    pub(crate) metrics: Metrics,
    /// What is published.
    pub(crate) board: RefCell<Board>,
    /// The node directors.
    pub(crate) sessions: RefCell<Sessions>,
    requests: RefCell<BTreeMap<RequestId, oneshot::Sender<AdminResult>>>,
    last_request: Cell<u64>,
    /// How often the state was written down.
    dumps: Cell<u64>,
    /// Nodes that are to be fenced.
    pub(crate) fences: RefCell<Vec<fence::Request>>,
    /// There are some.
    pub(crate) fence_wanted: Notify,
    /// The engine's next deadline may have changed.
    pub(crate) deadline_changed: Notify,
    /// Something is queued for publishing.
    pub(crate) publish_wanted: Notify,
    /// How many of the queued changes the repository has.
    pub(crate) published: watch::Sender<u64>,
}

impl Shell {
    /// A shell around an engine that knows nothing yet.
    pub(crate) fn new(term: Term, engine: director_engine::Options) -> Shell {
        Shell {
            engine: RefCell::new(Director::with_options(engine)),
            started: watch::Sender::new(false),
            clock: Instant::now(),
            term,
            model: RefCell::default(),
            notifications: Rc::default(),
            timeline: RefCell::default(),
            metrics: Metrics::new(),
            board: RefCell::default(),
            sessions: RefCell::default(),
            requests: RefCell::default(),
            last_request: Cell::new(0),
            dumps: Cell::new(0),
            fences: RefCell::default(),
            fence_wanted: Notify::new(),
            deadline_changed: Notify::new(),
            publish_wanted: Notify::new(),
            published: watch::Sender::new(0),
        }
    }

    /// The time on the engine's clock.
    pub(crate) fn now(&self) -> Millis {
        Millis(u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// Whether the engine has its model.
    pub(crate) fn is_started(&self) -> bool {
        *self.started.borrow()
    }

    /// Waits until the engine has its model, however long that takes; says whether it has.
    pub(crate) async fn started(&self) -> bool {
        let mut started = self.started.subscribe();
        started.wait_for(|started| *started).await.is_ok()
    }

    /// Waits until the engine has its model, but not for ever; says whether it has.
    pub(crate) async fn wait_started(&self) -> bool {
        let mut started = self.started.subscribe();
        let waiting = started.wait_for(|started| *started);
        matches!(tokio::time::timeout(START_PATIENCE, waiting).await, Ok(Ok(_)))
    }

    /// When the engine wants to be called next.
    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        if self.is_started() {
            self.engine.borrow().next_deadline()
        } else {
            None
        }
    }

    /// Asks the engine about a change of the model.
    pub(crate) fn validate(&self, changes: &[ModelChange]) -> Result<(), Refusal> {
        self.engine.borrow().validate(changes)
    }

    /// The reasons among the sentences of [`Shell::explain`], with what each is about.
    pub(crate) fn reasons(&self, dn: &Dn) -> Vec<(Dn, Reason)> {
        self.engine.borrow().reasons(dn)
    }

    /// Tells the engine whether the information model is reachable.
    pub(crate) fn repository_reachable(&self, reachable: bool) {
        self.metrics.attached(reachable);
        if self.is_started() {
            self.step(Event::Repository { reachable });
        }
    }

    /// Asks the engine why the entity is as it is.
    pub(crate) fn explain(&self, dn: &Dn) -> Vec<String> {
        self.engine.borrow().explain(dn)
    }

    /// The node of a component whose proxy is on another one.
    pub(crate) fn proxied_from_elsewhere(&self, comp: &Dn) -> Option<Dn> {
        self.engine.borrow().proxied_from_elsewhere(comp)
    }

    /// How many administrative operations wait for their answer.
    pub(crate) fn operations_waiting(&self) -> usize {
        self.requests.borrow().len()
    }

    /// Counts the times that the state is written down, from 1.
    pub(crate) fn next_dump(&self) -> u64 {
        self.dumps.set(self.dumps.get() + 1);
        self.dumps.get()
    }

    /// All that the engine knows and intends.
    pub(crate) fn dump(&self) -> String {
        self.engine.borrow().dump()
    }

    /// Starts the engine with the model.
    pub(crate) fn start(&self) {
        let objects = self.model.borrow().creations();
        for (dn, class, attrs) in self.model.borrow().published() {
            self.board.borrow_mut().adopt(dn, class, attrs);
        }
        info!(objects = objects.len(), term = self.term.0, "the model is read");
        let term = self.term;
        let alarms = self.notifications.borrow().raised();
        self.step(Event::AlarmsRaised { alarms });
        self.step(Event::Start { term, objects });
        self.started.send_replace(true);
        self.deadline_changed.notify_one();
    }

    /// Gives the engine an applied change of the model.
    pub(crate) fn change_model(&self, changes: Vec<ModelChange>) {
        self.model.borrow_mut().apply(&changes);
        for change in &changes {
            if let ModelChange::Delete { dn } = change {
                self.board.borrow_mut().forget(dn);
            }
        }
        self.step(Event::CcbApplied { changes });
    }

    /// Gives the engine an event and carries the effects out: orders first, then answers; publishing is only queued.
    pub(crate) fn step(&self, event: Event) {
        let begun = Instant::now();
        let effects = self.engine.borrow_mut().step(self.now(), event);
        self.metrics.stepped(begun.elapsed());
        let mut orders: BTreeMap<SessionId, Vec<(CauseId, NodeOrder)>> = BTreeMap::new();
        let mut answers = Vec::new();
        let mut fences = Vec::new();
        let mut board = self.board.borrow_mut();
        let mut timeline = self.timeline.borrow_mut();
        let time = ntf::now();
        for effect in effects {
            match effect {
                Effect::Send {
                    node,
                    session,
                    order,
                    cause,
                } => {
                    debug!(%cause, %node, ?order, "order");
                    self.metrics.ordered();
                    timeline.ordered(time, cause, &node, &order);
                    orders.entry(session).or_default().push((cause, order));
                }
                Effect::Publish(change) => board.publish(change),
                Effect::AdminReply { request, result } => answers.push((request, result)),
                Effect::Fence {
                    request,
                    node,
                    reason,
                } => fences.push(fence::Request {
                    id: request,
                    node,
                    reason,
                }),
                Effect::Disconnect { session, .. } => self.sessions.borrow().give_up(session),
                Effect::Because(because) => {
                    log(&because);
                    self.metrics.because(&because);
                    timeline.because(time, &because);
                }
                Effect::Story(story) => {
                    log_story(&story);
                    self.metrics.story(&story);
                    timeline.story(time, &story);
                    if let Story::Merged { cause, .. } | Story::Settled { cause } = story {
                        self.notifications.borrow_mut().end_story(cause);
                    }
                }
                Effect::Notify { told, cause } => {
                    self.notifications.borrow_mut().tell_of(cause, *told, time);
                }
            }
        }
        drop((board, timeline));
        for (session, orders) in orders {
            self.sessions.borrow().send(session, self.term, orders);
        }
        if !fences.is_empty() {
            self.fences.borrow_mut().append(&mut fences);
            self.fence_wanted.notify_one();
        }
        for (request, result) in answers {
            if let Some(answer) = self.requests.borrow_mut().remove(&request) {
                // The one who asked may be gone; the operation was carried out all the same.
                answer
                    .send(result)
                    .unwrap_or_else(|_| debug!("nobody waits for the answer"));
            }
        }
        self.publish_wanted.notify_one();
        self.deadline_changed.notify_one();
    }

    /// Gives the engine an administrative operation and waits for its answer, and then until the repository shows what
    /// the operation did.
    pub(crate) async fn admin_operation(self: Rc<Self>, dn: Dn, operation: u64) -> AdminResult {
        let request = RequestId(self.last_request.get() + 1);
        self.last_request.set(request.0);
        let (sender, answer) = oneshot::channel();
        self.requests.borrow_mut().insert(request, sender);
        let object = dn.clone();
        self.step(Event::AdminOperation {
            request,
            dn,
            operation,
        });
        let result = answer
            .await
            .unwrap_or_else(|_| Err(Refusal::new(ais::AisError::Library, "the operation was dropped")));
        let code = result
            .as_ref()
            .map_or_else(|refusal| refusal.error.name(), |()| "SA_AIS_OK");
        self.metrics.answered(code);
        let queued = self.board.borrow().queued();
        let mut published = self.published.subscribe();
        let shown = published.wait_for(|count| *count >= queued);
        if tokio::time::timeout(PUBLISH_BEFORE_ANSWER, shown).await.is_err() {
            warn!(%object, operation, "answered before all that it changed was stored; a director that dies now loses that");
        }
        result
    }
}

fn log_story(story: &Story) {
    match story {
        Story::Began { cause, origin } => info!(%cause, code = "BEGAN", "{origin}"),
        Story::Answered {
            cause,
            su,
            order,
            outcome,
            ..
        } => info!(%cause, subject = %su, code = "ANSWERED", ?outcome, "{order}"),
        Story::Merged { cause, into } => info!(%cause, code = "MERGED", "goes on as {into}"),
        Story::Settled { cause } => info!(%cause, code = "SETTLED", "nothing is to be done any more"),
    }
}

fn log(because: &Because) {
    info!(cause = %because.cause, subject = %because.subject, code = because.reason.code(), "{}", because.reason);
}
