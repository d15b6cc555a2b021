//! The loop: an event goes into the engine, what comes out is carried out, in order.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use ais::amf::{CallbackKind, CauseId, Command, NodeReport, Term};
use ais::{Dn, Millis};
use daemon::readiness::{self, Watchdog};
use node_engine::{
    Answer, CommandKind, ComponentRequest, Effect, EngineOptions, Event, NodeEngine, RequestId, RunId,
    RunOutcome, SessionId,
};
use rustix::process::{Pid, WaitOptions, WaitStatus};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::components::Components;
use crate::director::Reports;
use crate::input::{Input, Inputs, tell};
use crate::links::Links;
use crate::metrics::Metrics;
use crate::processes::{Processes, Whose, kill_tree};
use crate::spawn::{Output, Spawner, describe};
use crate::stories::Stories;
use crate::watches::Watches;
use crate::{Ending, RebootPolicy};

/// The signals that the loop receives.
pub(crate) struct Signals {
    child: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Signals> {
        Ok(Signals {
            child: signal(SignalKind::child())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// What the loop works with.
pub(crate) struct Parts {
    pub(crate) inputs: Inputs,
    pub(crate) components: Rc<Components>,
    pub(crate) links: Links,
    pub(crate) processes: Processes,
    pub(crate) reports: Rc<Reports>,
    pub(crate) metrics: Rc<Metrics>,
    pub(crate) spawner: Spawner,
    pub(crate) reboot: RebootPolicy,
    pub(crate) engine: EngineOptions,
}

/// A command that runs.
struct Run {
    id: RunId,
    comp: Dn,
    kind: CommandKind,
    begun: Instant,
    output: Output,
}

/// A request that the engine has not answered yet.
struct Asked {
    answer: oneshot::Sender<Answer>,
    /// What its success means for the registration on its session.
    session: SessionId,
    registers: Registers,
}

enum Registers {
    /// With whether the process is the component's own.
    Begins(Dn, bool),
    Ends(Dn),
    Unchanged,
}

/// Why the loop ends.
enum End {
    Shutdown,
    Reboot(String),
    /// It does not end: the reboot is to be nothing but the end of every component.
    KillOnly,
}

/// The engine and what it is connected to.
pub(crate) struct Shell {
    parts: Parts,
    engine: NodeEngine,
    begin: Instant,
    events: VecDeque<Event>,
    runs: BTreeMap<i32, Run>,
    asked: BTreeMap<RequestId, Asked>,
    next_request: u64,
    /// How connected processes that are reaped already ended.
    exits: BTreeMap<i32, String>,
    stories: Stories,
    watches: Watches,
    shutting_down: bool,
    end: Option<End>,
}

impl Shell {
    pub(crate) fn new(parts: Parts) -> Shell {
        Shell {
            engine: NodeEngine::with_options(parts.engine),
            watches: Watches::new(parts.inputs.clone()),
            parts,
            begin: Instant::now(),
            events: VecDeque::new(),
            runs: BTreeMap::new(),
            asked: BTreeMap::new(),
            next_request: 0,
            exits: BTreeMap::new(),
            stories: Stories::default(),
            shutting_down: false,
            end: None,
        }
    }

    /// Runs until everything is terminated or the node is rebooted.
    pub(crate) async fn run(
        mut self,
        mut signals: Signals,
        mut queue: mpsc::UnboundedReceiver<Input>,
    ) -> Ending {
        let mut watchdog = Watchdog::from_environment();
        tokio::task::spawn_local(tell_of_children(signals.child, self.parts.inputs.clone()));
        readiness::ready();
        loop {
            while let Some(event) = self.events.pop_front() {
                self.step(event);
            }
            match self.end.take() {
                Some(End::KillOnly) => self.kill_everyone().await,
                Some(end) => return self.finish(end).await,
                None => {}
            }
            let deadline = self.engine.next_deadline();
            self.parts.metrics.loaded(self.runs.len(), queue.len());
            tokio::select! {
                biased;
                // Before what may never end: a loop that is busy lives.
                () = watchdog.beat() => {}
                Some(input) = queue.recv() => {
                    self.take(input);
                    // Who asks without end does not stop the clock for others.
                    self.look_at_clock(deadline);
                }
                _ = signals.terminate.recv() => self.shut_down(),
                _ = signals.interrupt.recv() => self.shut_down(),
                () = self.sleep_until(deadline) => self.events.push_back(Event::Deadline),
            }
        }
    }

    fn now(&self) -> Millis {
        Millis(u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn look_at_clock(&mut self, deadline: Option<Millis>) {
        if deadline.is_some_and(|deadline| deadline <= self.now()) {
            self.events.push_back(Event::Deadline);
        }
    }

    async fn sleep_until(&self, deadline: Option<Millis>) {
        let instant = deadline.and_then(|Millis(at)| self.begin.checked_add(Duration::from_millis(at)));
        match instant {
            Some(instant) => tokio::time::sleep_until(instant).await,
            None => pending().await,
        }
    }

    fn step(&mut self, event: Event) {
        let begun = Instant::now();
        let ended = match &event {
            Event::SessionClosed { session } => Some(*session),
            Event::ProcessDied { .. } | Event::WatchedEnded { .. } => {
                self.parts.metrics.died();
                None
            }
            _ => None,
        };
        tracing::debug!(?event, "event");
        for effect in self.engine.step(self.now(), event) {
            tracing::debug!(?effect, "effect");
            self.carry_out(effect);
        }
        if let Some(session) = ended {
            self.parts.components.remove(session);
        }
        self.parts.metrics.stepped(begun.elapsed());
    }

    // ---- what happens ----

    fn take(&mut self, input: Input) {
        match input {
            Input::Event(event) => self.events.push_back(event),
            Input::Request {
                session,
                body,
                answer,
            } => self.take_request(session, body, answer),
            Input::Orders {
                term,
                orders,
                causes,
                answer,
            } => {
                self.stories.note(&orders, &causes);
                self.parts.metrics.ordered(orders.len());
                self.take_orders(term, orders, answer);
            }
            Input::ChildrenEnded => self.reap(),
            Input::ProcessEnded { pid } => self.take_process_end(pid),
            Input::Disconnected { connection } => {
                let components = &self.parts.components;
                components.disconnect(connection);
                self.exits.retain(|&pid, _| components.is_connected(pid));
            }
        }
    }

    fn take_request(&mut self, session: SessionId, body: ComponentRequest, answer: oneshot::Sender<Answer>) {
        let request = RequestId(self.next_request);
        self.next_request += 1;
        let registers = match &body {
            ComponentRequest::Register { comp } => Registers::Begins(comp.clone(), true),
            ComponentRequest::RegisterProxied { comp, .. }
            | ComponentRequest::RegisterContained { comp, .. } => Registers::Begins(comp.clone(), false),
            ComponentRequest::Unregister { comp } | ComponentRequest::UnregisterProxied { comp, .. } => {
                Registers::Ends(comp.clone())
            }
            _ => Registers::Unchanged,
        };
        self.asked.insert(
            request,
            Asked {
                answer,
                session,
                registers,
            },
        );
        self.events.push_back(Event::Request {
            request,
            session,
            body,
        });
    }

    fn take_orders(&mut self, term: Term, orders: Vec<ais::amf::NodeOrder>, answer: oneshot::Sender<bool>) {
        let accepted = self.engine.accepts(term);
        if accepted {
            self.events.push_back(Event::Orders { term, orders });
        } else {
            tracing::warn!(
                term = term.0,
                "refused the orders of a director whose term is over"
            );
        }
        if answer.send(accepted).is_err() {
            tracing::debug!("the director left before its orders were answered");
        }
    }

    fn take_process_end(&mut self, pid: Pid) {
        // Its status alone: to look through all children takes longer the more there are.
        if let Ok(Some((pid, status))) = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG) {
            self.take_status(pid, status);
        }
        let cause = self.exits.remove(&pid.as_raw_pid());
        for (session, comp) in self.parts.components.registered_by(pid) {
            let cause = cause.clone().unwrap_or_else(|| "died".to_owned());
            self.events.push_back(Event::ProcessDied { comp, session, cause });
        }
    }

    /// Takes the status of every child that has ended: commands, and processes that lost their parents.
    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            self.take_status(pid, status);
        }
    }

    fn take_status(&mut self, pid: Pid, status: WaitStatus) {
        let pid = pid.as_raw_pid();
        self.watches.reaped(pid, status);
        if let Some(run) = self.runs.remove(&pid) {
            self.end_run(run, status);
        } else if self.parts.components.is_connected(pid) {
            self.exits.insert(pid, cause_of(status));
        }
    }

    fn end_run(&mut self, run: Run, status: WaitStatus) {
        let stderr = run.output.tail();
        let outcome = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => RunOutcome::Exited { code, stderr },
            (None, Some(signal)) => RunOutcome::Killed { signal, stderr },
            (None, None) => return,
        };
        self.parts.metrics.ran(run.kind, &outcome, run.begun.elapsed());
        match run.kind {
            CommandKind::Cleanup => self.kill_all(run.id, run.comp, outcome),
            CommandKind::Instantiate
            | CommandKind::Terminate
            | CommandKind::AmStart
            | CommandKind::AmStop
            | CommandKind::Healthcheck => {
                let run = run.id;
                self.events.push_back(Event::RunEnded { run, outcome });
            }
        }
    }

    fn shut_down(&mut self) {
        if self.shutting_down {
            tracing::warn!("asked twice to end: every component is killed");
            self.end = Some(End::Shutdown);
        } else {
            self.shutting_down = true;
            readiness::stopping();
            self.events.push_back(Event::Leave);
        }
    }

    // ---- what is to be done ----

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Run {
                run,
                comp,
                kind,
                command,
                env,
            } => self.start(run, comp, kind, &command, &env),
            Effect::KillAll { run, comp } => {
                let (code, stderr) = (0, String::new());
                self.kill_all(run, comp, RunOutcome::Exited { code, stderr });
            }
            Effect::Kill { run } => self.kill_run(run),
            Effect::Callback {
                invocation,
                session,
                comp,
                kind,
            } => {
                let is_healthcheck = matches!(kind, CallbackKind::Healthcheck { .. });
                self.parts.metrics.called_back(is_healthcheck);
                let cause = if is_healthcheck {
                    // Nothing led to it.
                    CauseId::default()
                } else {
                    self.stories.led_to(&comp)
                };
                let components = &self.parts.components;
                components.call_back(session, invocation, &comp, &kind, cause);
            }
            Effect::GroupChange {
                session,
                csi,
                members,
                notifications,
            } => self
                .parts
                .components
                .tell_group(session, &csi, members, &notifications),
            Effect::Link { proxy, node, comps } => self.parts.links.begin(proxy, node, comps),
            Effect::EndLink { proxy } => self.parts.links.end(&proxy),
            Effect::Watch {
                watch,
                comp,
                pid,
                depth,
            } => self.watches.begin(watch, comp, pid, depth),
            Effect::Unwatch { watch } => self.watches.end(watch),
            Effect::Forget { session, comp } => self.parts.components.forget(session, &comp),
            Effect::Reply { request, answer } => self.reply(request, answer),
            Effect::Report(report) => {
                if let NodeReport::Su(report) = &report {
                    self.stories.note_report(report);
                }
                self.parts.metrics.reported();
                self.parts.reports.push(report);
            }
            Effect::Reboot { reason } => self.reboot(reason),
            Effect::ShutdownComplete => self.end = Some(End::Shutdown),
            Effect::Note { subject, text } => {
                let cause = self.stories.of(&subject);
                tracing::info!(%cause, %subject, "{text}");
            }
        }
    }

    fn start(&mut self, id: RunId, comp: Dn, kind: CommandKind, command: &Command, env: &[String]) {
        match self.parts.spawner.start(&comp, command, env) {
            Ok(started) => {
                let cause = self.stories.of(&comp);
                tracing::info!(%cause, %comp, command = kind.name(), pid = started.pid.as_raw_pid(), "started");
                self.parts.processes.note_group(started.pid, &comp);
                let output = started.output;
                let run = Run {
                    id,
                    comp,
                    kind,
                    begun: Instant::now(),
                    output,
                };
                self.runs.insert(started.pid.as_raw_pid(), run);
            }
            Err(error) => {
                tracing::error!(%comp, command = kind.name(), path = command.path, error, "cannot be started");
                let outcome = RunOutcome::NotStarted { error };
                self.parts.metrics.ended(kind, &outcome);
                self.events.push_back(Event::RunEnded { run: id, outcome });
            }
        }
    }

    /// Kills what is left of a component and then says that the run has ended.
    fn kill_all(&self, run: RunId, comp: Dn, outcome: RunOutcome) {
        let processes = self.parts.processes.clone();
        let inputs = self.parts.inputs.clone();
        tokio::task::spawn_local(async move {
            let left = processes.kill(&Whose::Component(comp.clone())).await;
            let outcome = if left.is_empty() {
                outcome
            } else {
                tracing::error!(%comp, ?left, "processes survive their cleanup");
                let stderr = format!("processes {left:?} of the component cannot be killed");
                RunOutcome::Exited { code: 1, stderr }
            };
            tell(&inputs, Input::Event(Event::RunEnded { run, outcome }));
        });
    }

    fn kill_run(&self, run: RunId) {
        // A run that is not here any more has ended, or is killing what it left.
        let leader = self
            .runs
            .iter()
            .find(|(_, other)| other.id == run)
            .and_then(|(&pid, _)| Pid::from_raw(pid));
        if let Some(leader) = leader {
            kill_tree(leader);
        }
    }

    fn reply(&mut self, request: RequestId, answer: Answer) {
        let Some(asked) = self.asked.remove(&request) else {
            tracing::error!(request = request.0, "answered a request twice");
            return;
        };
        if let Answer::Done(Ok(())) = answer {
            match asked.registers {
                Registers::Begins(comp, own) => {
                    self.parts.components.note_registered(asked.session, comp, own);
                }
                Registers::Ends(comp) => self.parts.components.forget(asked.session, &comp),
                Registers::Unchanged => {}
            }
        }
        if asked.answer.send(answer).is_err() {
            tracing::debug!(request = request.0, "the process left before it was answered");
        }
    }

    fn reboot(&mut self, reason: String) {
        if self.parts.reboot == RebootPolicy::None {
            tracing::error!(
                reason,
                "the node should be rebooted, but its policy is to do nothing more than to kill every component"
            );
            self.end = Some(End::KillOnly);
        } else {
            self.end = Some(End::Reboot(reason));
        }
    }

    // ---- the end ----

    /// Nothing else happens meanwhile: what is started afterwards must not be killed.
    async fn kill_everyone(&mut self) {
        let left = self.parts.processes.kill(&Whose::Everyone).await;
        if !left.is_empty() {
            tracing::error!(?left, "processes of components cannot be killed");
        }
        self.parts.reports.begin_anew();
    }

    async fn finish(mut self, end: End) -> Ending {
        self.kill_everyone().await;
        match end {
            End::Shutdown | End::KillOnly => {
                tracing::info!("every component is terminated");
                Ending::Shutdown
            }
            End::Reboot(reason) => {
                tracing::error!(reason, "reboot: every component is killed");
                if let RebootPolicy::Command(program) = &self.parts.reboot {
                    run_reboot_command(program, &reason);
                }
                Ending::Reboot
            }
        }
    }
}

/// Tells the loop of children that ended. They stand in line with all else, behind the deaths of components that were
/// told before: to look through all children takes longer the more there are.
async fn tell_of_children(mut ended: Signal, inputs: Inputs) {
    while ended.recv().await.is_some() {
        tell(&inputs, Input::ChildrenEnded);
    }
}

/// Starts the program that reboots the machine; whether it succeeds shows by itself.
fn run_reboot_command(program: &Path, reason: &str) {
    let mut command = std::process::Command::new(program);
    match command.arg(reason).stdin(std::process::Stdio::null()).status() {
        Ok(status) => tracing::warn!(program = %program.display(), %status, "the reboot command ended"),
        Err(error) => {
            let error = describe(&error);
            tracing::error!(program = %program.display(), error, "the reboot command cannot be started");
        }
    }
}

fn cause_of(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "died".to_owned(),
    }
}
