//! What the director counts and measures, for Prometheus. `docs/OPERATING.md` has a row for each.
//!
//! Counters and times are noted where things happen; states are counted anew for each scrape, from what is published.

mod recoveries;
mod states;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use ais::amf::RecommendedRecovery;
use ais::ntf::{NotificationType, Severity};
use daemon::metrics::{Counter, Counters, Gauge, Gauges, Histogram, Labels, Registry, Times, number, page};
use daemon::metrics::{time_family, times};
use director_engine::{Because, Story};

use crate::shell::Shell;
use recoveries::{Measured, Recoveries};

/// The name of the socket in the cluster's directory.
pub const SOCKET: &str = "amfd.prom";

/// All of them.
pub(crate) struct Metrics {
    registry: Registry,
    recoveries: RefCell<Recoveries>,
    /// What is counted anew for each scrape.
    states: Vec<(states::State, Gauges)>,
    nodes_connected: Gauge,
    immd_attached: Gauge,
    alarms: Gauges,
    subscribers: Gauge,
    notifications_waiting: Gauge,
    publish_queue: Gauge,
    operations_waiting: Gauge,
    stories: Gauge,
    /// What is noted as it happens.
    notifications: Counters,
    notifications_lost: Counter,
    orders: Counter,
    operations: Counters,
    faults: Counters,
    step: Histogram,
    publish: Histogram,
    failover: Times,
    recovery: Times,
}

/// The labels of a row.
fn row(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

/// Registers a metric and gives it.
macro_rules! registered {
    ($registry:ident, $name:literal, $help:literal, $metric:expr) => {{
        let metric = $metric;
        $registry.register($name, $help, metric.clone());
        metric
    }};
}

impl Metrics {
    /// None noted yet.
    #[rustfmt::skip]
    pub(crate) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("amfd");
        let to = &mut registry;
        let states = states::State::ALL.map(|state| {
            let family = Gauges::default();
            to.register(state.metric(), state.help(), family.clone());
            (state, family)
        });
        let metrics = Metrics {
            states: states.into(),
            nodes_connected: registered!(to, "nodes_connected", "Node directors that are connected", Gauge::default()),
            immd_attached: registered!(to, "immd_attached", "1 while the information model can be reached", Gauge::default()),
            alarms: registered!(to, "alarms", "Alarms that are raised, by severity", Gauges::default()),
            subscribers: registered!(to, "subscribers", "Subscribers of notifications", Gauge::default()),
            notifications_waiting: registered!(to, "notifications_waiting", "Notifications that wait for subscribers", Gauge::default()),
            publish_queue: registered!(to, "publish_queue", "Objects whose runtime attributes wait to be published", Gauge::default()),
            operations_waiting: registered!(to, "operations_waiting", "Administrative operations that are not answered yet", Gauge::default()),
            stories: registered!(to, "stories", "Stories that go on: recoveries, operations, changes of the model", Gauge::default()),
            notifications: registered!(to, "notifications", "Notifications told, by type", Counters::default()),
            notifications_lost: registered!(to, "notifications_lost", "Notifications left out because a subscriber did not read", Counter::default()),
            orders: registered!(to, "orders", "Orders to node directors", Counter::default()),
            operations: registered!(to, "operations", "Administrative operations answered, by their result", Counters::default()),
            faults: registered!(to, "faults", "Faults and lost nodes, by their recovery", Counters::default()),
            step: registered!(to, "step_seconds", "Time that one event takes to be decided", times()),
            publish: registered!(to, "publish_seconds", "Time that immd takes for a batch of runtime attributes", times()),
            failover: registered!(to, "failover_seconds", "From a fault to each SU that is active instead, by recovery", time_family()),
            recovery: registered!(to, "recovery_seconds", "From a fault until nothing is to be done any more, by recovery", time_family()),
            registry,
            recoveries: RefCell::default(),
        };
        metrics.begin_rows();
        metrics
    }

    /// What has not happened yet is shown as 0, so that the first time is seen as a change.
    fn begin_rows(&self) {
        for kind in NotificationType::ALL {
            drop(self.notifications.get_or_create(&row("type", kind.name())));
        }
        let recoveries = RecommendedRecovery::ALL.iter().map(|recovery| recovery.name());
        for recovery in recoveries.chain([recoveries::NODE_LOSS]) {
            let labels = row("recovery", recovery);
            drop(self.faults.get_or_create(&labels));
            drop(self.failover.get_or_create(&labels));
            drop(self.recovery.get_or_create(&labels));
        }
        drop(self.operations.get_or_create(&row("result", "SA_AIS_OK")));
    }

    /// The page for a scraper.
    pub(crate) fn page(&self, shell: &Shell) -> String {
        states::count(shell, &self.states);
        let set = |gauge: &Gauge, count: usize| gauge.set(number(count));
        set(&self.nodes_connected, shell.sessions.borrow().len());
        set(&self.publish_queue, shell.board.borrow().waiting());
        set(&self.operations_waiting, shell.operations_waiting());
        set(&self.stories, self.recoveries.borrow().open());
        let told = shell.notifications.borrow();
        set(&self.subscribers, told.subscribers());
        set(&self.notifications_waiting, told.waiting());
        let catch_up = |counter: &Counter, count: u64| counter.inc_by(count.saturating_sub(counter.get()));
        catch_up(&self.notifications_lost, told.lost());
        for (kind, count) in told.told() {
            catch_up(&self.notifications.get_or_create(&row("type", kind)), count);
        }
        for severity in Severity::ALL.iter().filter(|it| **it != Severity::Cleared) {
            let raised = told.severities().filter(|raised| raised == severity);
            set(
                &self.alarms.get_or_create(&row("severity", severity.name())),
                raised.count(),
            );
        }
        page(&self.registry)
    }

    /// Whether the information model can be reached.
    pub(crate) fn attached(&self, is: bool) {
        self.immd_attached.set(i64::from(is));
    }

    /// The engine took an event and so much time.
    pub(crate) fn stepped(&self, took: Duration) {
        self.step.observe(took.as_secs_f64());
    }

    /// immd took a batch and so much time.
    pub(crate) fn published(&self, took: Duration) {
        self.publish.observe(took.as_secs_f64());
    }

    /// An order goes out.
    pub(crate) fn ordered(&self) {
        self.orders.inc();
    }

    /// An administrative operation was answered.
    pub(crate) fn answered(&self, result: &str) {
        self.operations.get_or_create(&row("result", result)).inc();
    }

    /// A reason was given.
    pub(crate) fn because(&self, because: &Because) {
        let measured = self.recoveries.borrow_mut().because(because, Instant::now());
        self.note(measured);
    }

    /// A story went on.
    pub(crate) fn story(&self, story: &Story) {
        let measured = self.recoveries.borrow_mut().story(story, Instant::now());
        self.note(measured);
    }

    fn note(&self, measured: Option<Measured>) {
        let labels = |recovery| row("recovery", recovery);
        match measured {
            Some(Measured::Began(recovery)) => {
                self.faults.get_or_create(&labels(recovery)).inc();
            }
            Some(Measured::Active(recovery, seconds)) => {
                self.failover.get_or_create(&labels(recovery)).observe(seconds);
            }
            Some(Measured::Settled(recovery, seconds)) => {
                self.recovery.get_or_create(&labels(recovery)).observe(seconds);
            }
            None => {}
        }
    }
}
