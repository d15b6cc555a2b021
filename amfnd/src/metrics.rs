//! What the node director counts and measures, for Prometheus. `docs/OPERATING.md` has a row for each.

use std::time::Duration;

use daemon::metrics::{Counter, Counters, Gauge, Histogram, Registry, Times, number, page};
use daemon::metrics::{time_family, times};
use node_engine::{CommandKind, RunOutcome};

/// The name of the socket in the node's directory.
pub const SOCKET: &str = "amfnd.prom";

/// How much there is at the time of a scrape.
pub(crate) struct Present {
    pub(crate) director: bool,
    pub(crate) connections: usize,
    pub(crate) registered: usize,
    pub(crate) reports: usize,
}

/// All of them.
pub(crate) struct Metrics {
    registry: Registry,
    director_connected: Gauge,
    connections: Gauge,
    registered: Gauge,
    reports_waiting: Gauge,
    /// What is noted as it happens.
    commands_running: Gauge,
    inputs_waiting: Gauge,
    commands: Counters,
    command: Times,
    callbacks: Counter,
    healthchecks: Counter,
    processes_died: Counter,
    orders: Counter,
    reports: Counter,
    step: Histogram,
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
    /// None noted yet; all are labelled with the node's name.
    #[rustfmt::skip]
    pub(crate) fn new(node: String) -> Metrics {
        let labels = [("node".into(), node.into())];
        let mut registry = Registry::with_prefix_and_labels("amfnd", labels.into_iter());
        let to = &mut registry;
        Metrics {
            director_connected: registered!(to, "director_connected", "1 while the director is connected", Gauge::default()),
            connections: registered!(to, "connections", "Connections of components' processes", Gauge::default()),
            registered: registered!(to, "components_registered", "Components that are registered", Gauge::default()),
            reports_waiting: registered!(to, "reports_waiting", "Reports that wait for the director", Gauge::default()),
            commands_running: registered!(to, "commands_running", "Commands of components that run", Gauge::default()),
            inputs_waiting: registered!(to, "inputs_waiting", "Events that wait for the loop", Gauge::default()),
            commands: registered!(to, "commands", "Commands of components that ended, by command and outcome", Counters::default()),
            command: registered!(to, "command_seconds", "Time that commands of components take, by command", time_family()),
            callbacks: registered!(to, "callbacks", "Callbacks to components without healthchecks", Counter::default()),
            healthchecks: registered!(to, "healthchecks", "Healthcheck callbacks to components", Counter::default()),
            processes_died: registered!(to, "processes_died", "Processes of components that ended unasked", Counter::default()),
            orders: registered!(to, "orders", "Orders of the director", Counter::default()),
            reports: registered!(to, "reports", "Reports to the director", Counter::default()),
            step: registered!(to, "step_seconds", "Time that one event takes to be decided and carried out", times()),
            registry,
        }
    }

    /// The page for a scraper.
    pub(crate) fn page(&self, present: &Present) -> String {
        self.director_connected.set(i64::from(present.director));
        self.connections.set(number(present.connections));
        self.registered.set(number(present.registered));
        self.reports_waiting.set(number(present.reports));
        page(&self.registry)
    }

    /// So many commands run and so many events wait.
    pub(crate) fn loaded(&self, commands: usize, inputs: usize) {
        self.commands_running.set(number(commands));
        self.inputs_waiting.set(number(inputs));
    }

    /// The engine took an event and so much time.
    pub(crate) fn stepped(&self, took: Duration) {
        self.step.observe(took.as_secs_f64());
    }

    /// A command ended after so much time.
    pub(crate) fn ran(&self, kind: CommandKind, outcome: &RunOutcome, took: Duration) {
        let labels = vec![("command", kind.name().to_owned())];
        self.command.get_or_create(&labels).observe(took.as_secs_f64());
        self.ended(kind, outcome);
    }

    /// A command ended, or was never started.
    pub(crate) fn ended(&self, kind: CommandKind, outcome: &RunOutcome) {
        let outcome = match outcome {
            RunOutcome::Exited { code: 0, .. } => "done",
            RunOutcome::Exited { .. } => "failed",
            RunOutcome::Killed { .. } => "killed",
            RunOutcome::NotStarted { .. } => "not-started",
        };
        let labels = vec![
            ("command", kind.name().to_owned()),
            ("outcome", outcome.to_owned()),
        ];
        self.commands.get_or_create(&labels).inc();
    }

    /// A callback goes out.
    pub(crate) fn called_back(&self, is_healthcheck: bool) {
        if is_healthcheck {
            self.healthchecks.inc();
        } else {
            self.callbacks.inc();
        }
    }

    /// A process of a component ended unasked.
    pub(crate) fn died(&self) {
        self.processes_died.inc();
    }

    /// Orders came.
    pub(crate) fn ordered(&self, count: usize) {
        self.orders.inc_by(count as u64);
    }

    /// A report goes out.
    pub(crate) fn reported(&self) {
        self.reports.inc();
    }
}
