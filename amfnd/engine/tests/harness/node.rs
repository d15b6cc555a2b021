//! The node of the tests.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{
    CallbackKind, CompReport, EscalationCounting, FailoverLimits, FaultReport, HaState, NodeConfig,
    NodeOrder, NodeReport, OrderId, OrderOutcome, OrderReport, PresenceState, ProtectionGroupNotification,
    SiAssignment, SuConfig, SuReport, Term,
};
use ais::{AisError, Dn, Millis};
use amfnd_engine::{
    Answer, CommandKind, ComponentRequest, Effect, EngineOptions, Event, Invocation, NodeEngine, RequestId,
    RunId, RunOutcome, SessionId, WatchId,
};

use super::{Act, comp_dn, exit, si_dn, su_dn};

/// A node.
pub struct Node {
    pub engine: NodeEngine,
    pub now: Millis,
    /// What was done, one line each, notes and reports left out.
    pub log: Vec<String>,
    pub notes: Vec<String>,
    pub sent: Vec<NodeReport>,
    /// The newest report of each SU.
    pub reports: BTreeMap<Dn, SuReport>,
    /// The newest order of each SU that was answered, taken or not.
    pub orders: BTreeMap<Dn, OrderReport>,
    pub answers: BTreeMap<RequestId, Answer>,
    /// Deviations, by `COMP what`, what being a command's or callback's name.
    pub acts: BTreeMap<String, Act>,
    pub runs: BTreeMap<RunId, (Dn, CommandKind)>,
    pub env: BTreeMap<RunId, Vec<String>>,
    pub calls: BTreeMap<Invocation, (Dn, CallbackKind)>,
    pub sessions: BTreeMap<Dn, SessionId>,
    pub watches: BTreeMap<WatchId, u64>,
    /// What processes were told of protection groups.
    pub changes: Vec<(SessionId, Result<u32, AisError>, Vec<ProtectionGroupNotification>)>,
    todo: Vec<Effect>,
    killed: BTreeSet<RunId>,
    next: u64,
    order: u64,
}

impl Node {
    pub fn with_options(options: EngineOptions, sus: Vec<SuConfig>) -> Node {
        let mut node = Node {
            engine: NodeEngine::with_options(options),
            now: Millis(1000),
            log: Vec::new(),
            notes: Vec::new(),
            sent: Vec::new(),
            reports: BTreeMap::new(),
            orders: BTreeMap::new(),
            answers: BTreeMap::new(),
            acts: BTreeMap::new(),
            runs: BTreeMap::new(),
            env: BTreeMap::new(),
            calls: BTreeMap::new(),
            sessions: BTreeMap::new(),
            watches: BTreeMap::new(),
            changes: Vec::new(),
            todo: Vec::new(),
            killed: BTreeSet::new(),
            next: 0,
            order: 0,
        };
        node.send(sus.into_iter().map(NodeOrder::ConfigureSu).collect());
        node.log.clear();
        node
    }

    /// A node with these SUs, all uninstantiated.
    pub fn new(sus: Vec<SuConfig>) -> Node {
        Node::with_options(EngineOptions::default(), sus)
    }

    /// A node whose SUs are instantiated.
    pub fn up(sus: Vec<SuConfig>) -> Node {
        let names: Vec<Dn> = sus.iter().map(|su| su.dn.clone()).collect();
        let mut node = Node::new(sus);
        for su in names {
            let id = node.new_order();
            node.send(vec![NodeOrder::Instantiate { id, su }]);
        }
        node.log.clear();
        node
    }

    /// The director says how restarts and failovers are counted, and how many failovers the node may have in 10 s.
    pub fn count(&mut self, counting: EscalationCounting, su_failover_max: u32) {
        self.send(vec![NodeOrder::ConfigureNode(NodeConfig {
            dn: Dn::new("safAmfNode=N,safAmfCluster=C").expect("a DN"),
            node_id: 1,
            failover: FailoverLimits {
                su_failover_max,
                su_failover_probation: Millis(10_000),
            },
            counting,
        })]);
    }

    pub fn act(&mut self, what: &str, act: Act) {
        self.acts.insert(what.to_owned(), act);
    }

    pub fn behave(&mut self, what: &str) {
        self.acts.remove(what);
    }

    pub fn new_order(&mut self) -> OrderId {
        self.order += 1;
        OrderId(self.order)
    }

    /// One event, and what components then do.
    pub fn event(&mut self, event: Event) {
        self.quietly(event);
        self.settle();
    }

    /// One event; components do nothing yet.
    pub fn quietly(&mut self, event: Event) {
        let effects = self.engine.step(self.now, event);
        for effect in effects {
            self.take(effect);
        }
    }

    pub fn send(&mut self, orders: Vec<NodeOrder>) {
        self.event(Event::Orders {
            term: Term(1),
            orders,
        });
    }

    pub fn instantiate(&mut self, name: &str) {
        let id = self.new_order();
        self.send(vec![NodeOrder::Instantiate { id, su: su_dn(name) }]);
    }

    pub fn terminate(&mut self, name: &str) {
        let id = self.new_order();
        self.send(vec![NodeOrder::Terminate { id, su: su_dn(name) }]);
    }

    pub fn clean(&mut self, name: &str) {
        let id = self.new_order();
        self.send(vec![NodeOrder::Cleanup { id, su: su_dn(name) }]);
    }

    pub fn repair(&mut self, name: &str) {
        let id = self.new_order();
        self.send(vec![NodeOrder::Repair { id, su: su_dn(name) }]);
    }

    pub fn restart(&mut self, name: &str, comp: Option<&str>) {
        let id = self.new_order();
        let comp = comp.map(comp_dn);
        self.send(vec![NodeOrder::Restart {
            id,
            su: su_dn(name),
            comp,
        }]);
    }

    pub fn assign(&mut self, name: &str, ha: HaState, sis: Vec<SiAssignment>) {
        let id = self.new_order();
        self.send(vec![NodeOrder::Assign {
            id,
            su: su_dn(name),
            ha,
            sis,
        }]);
    }

    pub fn remove(&mut self, name: &str, sis: &[&str]) {
        let id = self.new_order();
        let sis = sis.iter().map(|si| si_dn(si)).collect();
        self.send(vec![NodeOrder::Remove {
            id,
            su: su_dn(name),
            sis,
        }]);
    }

    /// Moves time on, stopping at each deadline on the way.
    pub fn pass(&mut self, millis: u64) {
        let end = self.now.after(Millis(millis));
        for _ in 0..100_000 {
            let Some(at) = self.engine.next_deadline().filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = at.max(self.now);
            self.event(Event::Deadline);
        }
        panic!("deadlines without end at {}: {:?}", self.now, self.log);
    }

    pub fn run_of(&self, name: &str) -> RunId {
        let comp = comp_dn(name);
        let run = self.runs.iter().find(|(_, (owner, _))| *owner == comp);
        *run.unwrap_or_else(|| panic!("no command of {name} runs: {:?}", self.log))
            .0
    }

    pub fn end_run(&mut self, name: &str, outcome: RunOutcome) {
        let run = self.run_of(name);
        self.runs.remove(&run);
        self.event(Event::RunEnded { run, outcome });
    }

    pub fn answer(&mut self, name: &str, result: Result<(), AisError>) -> Invocation {
        let comp = comp_dn(name);
        let call = self.calls.iter().find(|(_, (owner, _))| *owner == comp);
        let invocation = *call
            .unwrap_or_else(|| panic!("{name} is asked nothing: {:?}", self.log))
            .0;
        self.calls.remove(&invocation);
        self.event(Event::CallbackAnswered { invocation, result });
        invocation
    }

    /// The process of a component dies.
    pub fn die(&mut self, name: &str) {
        let comp = comp_dn(name);
        let session = self
            .sessions
            .remove(&comp)
            .unwrap_or_else(|| panic!("{name} has no process"));
        self.calls.retain(|_, (owner, _)| *owner != comp);
        let cause = "killed by signal 9".to_owned();
        self.event(Event::ProcessDied { comp, session, cause });
        self.event(Event::SessionClosed { session });
    }

    pub fn new_session(&mut self) -> SessionId {
        self.next += 1;
        SessionId(self.next)
    }

    /// A request on a connection, and its answer's name.
    pub fn ask(&mut self, session: SessionId, body: ComponentRequest) -> String {
        self.next += 1;
        let request = RequestId(self.next);
        self.event(Event::Request {
            request,
            session,
            body,
        });
        match self.answers.remove(&request).expect("every request is answered") {
            Answer::Done(Ok(())) => "OK".to_owned(),
            Answer::Done(Err(refusal)) => refusal.error.name().trim_start_matches("SA_AIS_ERR_").to_owned(),
            Answer::HaState(Ok(ha)) => ha.to_string(),
            Answer::Members(Ok(members)) => {
                let names = members
                    .iter()
                    .map(|told| format!("{} {}", told.member.comp.rdn_value(), told.member.ha));
                names.collect::<Vec<String>>().join(", ")
            }
            Answer::Members(Err(refusal)) => {
                refusal.error.name().trim_start_matches("SA_AIS_ERR_").to_owned()
            }
            Answer::HaState(Err(error)) => error.name().trim_start_matches("SA_AIS_ERR_").to_owned(),
        }
    }

    pub fn session(&self, name: &str) -> SessionId {
        self.sessions[&comp_dn(name)]
    }

    pub fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    pub fn su(&self, name: &str) -> &SuReport {
        &self.reports[&su_dn(name)]
    }

    pub fn presence(&self, name: &str) -> PresenceState {
        self.su(name).presence
    }

    pub fn comp(&self, name: &str) -> &CompReport {
        let wanted = comp_dn(name);
        let comps = self.reports.values().flat_map(|su| &su.comps);
        comps
            .into_iter()
            .find(|comp| comp.comp == wanted)
            .expect("the component is reported")
    }

    pub fn fault(&self, name: &str) -> Option<&FaultReport> {
        self.su(name).fault.as_ref()
    }

    /// What became of the newest order.
    pub fn outcome(&self, name: &str) -> &OrderOutcome {
        let order = self.orders.get(&su_dn(name));
        &order.expect("an order was answered").outcome
    }

    /// Why the newest order failed.
    pub fn failed(&self, name: &str) -> &str {
        match self.outcome(name) {
            OrderOutcome::Failed(text) => text,
            other => panic!("the order is {other:?}"),
        }
    }

    /// What an SU holds: `S ACTIVE`.
    pub fn holds(&self, name: &str) -> Vec<String> {
        let held = self.su(name).assignments.iter();
        held.map(|held| format!("{} {}", held.si.rdn_value(), held.ha))
            .collect()
    }

    /// Components do what is asked of them until nothing is asked.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let Some(effect) = (!self.todo.is_empty()).then(|| self.todo.remove(0)) else {
                return;
            };
            self.play(effect);
        }
        panic!("no end: {:?}", &self.log[self.log.len() - 20..]);
    }

    fn take(&mut self, effect: Effect) {
        self.log.extend(self.line(&effect));
        match &effect {
            Effect::Run {
                run, comp, kind, env, ..
            } => {
                if !kind.is_monitoring() {
                    self.assert_idle(comp);
                }
                self.runs.insert(*run, (comp.clone(), *kind));
                self.env.insert(*run, env.clone());
            }
            Effect::KillAll { run, comp } => {
                self.assert_idle(comp);
                self.runs.insert(*run, (comp.clone(), CommandKind::Cleanup));
            }
            Effect::Callback {
                invocation,
                comp,
                kind,
                ..
            } => {
                self.calls.insert(*invocation, (comp.clone(), kind.clone()));
            }
            Effect::Forget { comp, .. } => {
                self.sessions.remove(comp);
                self.calls.retain(|_, (owner, _)| owner != comp);
            }
            Effect::Reply { request, answer } => {
                assert!(
                    self.answers.insert(*request, answer.clone()).is_none(),
                    "answered twice"
                );
            }
            Effect::Report(report) => {
                if let NodeReport::Su(su) = report {
                    self.reports.insert(su.su.clone(), su.clone());
                    let known = self.orders.get(&su.su).map(|order| (order.term, order.id));
                    let newest = |order: &&OrderReport| known <= Some((order.term, order.id));
                    if let Some(order) = su.order.as_ref().filter(newest) {
                        self.orders.insert(su.su.clone(), order.clone());
                    }
                }
                self.sent.push(report.clone());
            }
            Effect::Note { text, .. } => self.notes.push(text.clone()),
            Effect::Kill { run } => {
                self.killed.insert(*run);
            }
            Effect::Reboot { .. } => {
                self.runs.clear();
                self.calls.clear();
                self.sessions.clear();
                self.reports.clear();
                self.orders.clear();
            }
            Effect::GroupChange {
                session,
                members,
                notifications,
                ..
            } => self.changes.push((*session, *members, notifications.clone())),
            Effect::Watch { watch, pid, .. } => {
                self.watches.insert(*watch, *pid);
            }
            Effect::Unwatch { watch } => {
                self.watches.remove(watch);
            }
            Effect::ShutdownComplete | Effect::Link { .. } | Effect::EndLink { .. } => {}
        }
        self.todo.push(effect);
    }

    /// No command of the component runs, unless it is being killed for a reboot.
    fn assert_idle(&self, comp: &Dn) {
        let running = self.runs.iter().find(|(run, (owner, kind))| {
            owner == comp && !kind.is_monitoring() && !self.killed.contains(run)
        });
        assert!(
            running.is_none(),
            "{running:?} of {comp} runs already: {:?}",
            self.log
        );
    }

    fn line(&self, effect: &Effect) -> Option<String> {
        let name = |comp: &Dn| comp.rdn_value();
        Some(match effect {
            Effect::Run { comp, kind, .. } => format!("{} {}", name(comp), kind.name()),
            Effect::KillAll { comp, .. } => format!("{} kill-all", name(comp)),
            Effect::Kill { run } => {
                let (comp, kind) = self.runs.get(run)?;
                format!("{} kill {}", name(comp), kind.name())
            }
            Effect::Callback { comp, kind, .. } => format!("{} {}", name(comp), callback(kind)),
            Effect::Watch { comp, pid, .. } => format!("{} watch {pid}", name(comp)),
            Effect::Unwatch { watch } => format!("unwatch {}", self.watches.get(watch)?),
            Effect::Forget { comp, .. } => format!("{} forget", name(comp)),
            Effect::Reboot { .. } => "reboot".to_owned(),
            Effect::ShutdownComplete => "shutdown complete".to_owned(),
            Effect::Link { proxy, node, comps } => {
                let comps: Vec<String> = comps.iter().map(name).collect();
                format!("link {} {} {}", name(proxy), node.rdn_value(), comps.join(" "))
            }
            Effect::EndLink { proxy } => format!("end link {}", name(proxy)),
            Effect::GroupChange { .. } | Effect::Reply { .. } | Effect::Report(_) | Effect::Note { .. } => {
                return None;
            }
        })
    }

    fn play(&mut self, effect: Effect) {
        match effect {
            Effect::Run { run, comp, kind, .. } => self.play_run(run, comp, kind),
            Effect::KillAll { run, comp } => {
                let outcome = match self.acts.get(&format!("{} kill-all", comp.rdn_value())) {
                    Some(Act::Hang) => return,
                    Some(Act::Fail) => exit(1),
                    _ => exit(0),
                };
                if self.runs.remove(&run).is_some() {
                    self.event_now(Event::RunEnded { run, outcome });
                }
            }
            Effect::Kill { run } => {
                if self.runs.remove(&run).is_some() {
                    let stderr = "stuck".to_owned();
                    let outcome = RunOutcome::Killed { signal: 9, stderr };
                    self.event_now(Event::RunEnded { run, outcome });
                }
            }
            Effect::Callback {
                invocation,
                comp,
                kind,
                ..
            } => {
                if self.calls.contains_key(&invocation) {
                    self.play_callback(invocation, comp, &kind);
                }
            }
            Effect::Forget { .. }
            | Effect::Watch { .. }
            | Effect::Unwatch { .. }
            | Effect::GroupChange { .. }
            | Effect::Link { .. }
            | Effect::EndLink { .. }
            | Effect::Reply { .. }
            | Effect::Report(_)
            | Effect::Reboot { .. }
            | Effect::ShutdownComplete
            | Effect::Note { .. } => {}
        }
    }

    fn event_now(&mut self, event: Event) {
        self.quietly(event);
    }

    fn play_run(&mut self, run: RunId, comp: Dn, kind: CommandKind) {
        if !self.runs.contains_key(&run) || self.killed.contains(&run) {
            return;
        }
        let act = self
            .acts
            .get(&format!("{} {}", comp.rdn_value(), kind.name()))
            .cloned();
        let outcome = match act {
            Some(Act::Hang) => return,
            Some(Act::Fail) => exit(1),
            Some(Act::Exit(code)) => exit(code),
            Some(Act::Missing) => RunOutcome::NotStarted {
                error: "No such file or directory (2)".to_owned(),
            },
            Some(Act::Mute | Act::Stay) | None => exit(0),
        };
        self.runs.remove(&run);
        let aware = !comp.rdn_value().starts_with('n') && !self.sessions.contains_key(&comp);
        if kind == CommandKind::Instantiate && outcome == exit(0) && aware && !matches!(act, Some(Act::Mute))
        {
            self.register(&comp);
        }
        self.event_now(Event::RunEnded { run, outcome });
    }

    /// A new process registers the component.
    pub fn register(&mut self, comp: &Dn) {
        let session = self.new_session();
        self.next += 1;
        let request = RequestId(self.next);
        let body = ComponentRequest::Register { comp: comp.clone() };
        self.sessions.insert(comp.clone(), session);
        self.event_now(Event::Request {
            request,
            session,
            body,
        });
        assert_eq!(
            self.answers.remove(&request),
            Some(Answer::Done(Ok(()))),
            "{comp} registers"
        );
    }

    fn play_callback(&mut self, invocation: Invocation, comp: Dn, kind: &CallbackKind) {
        let what = callback(kind);
        let what = what.split(' ').next().unwrap_or_default();
        let act = self.acts.get(&format!("{} {what}", comp.rdn_value())).cloned();
        let result = match act {
            Some(Act::Hang) => return,
            Some(Act::Fail) => Err(AisError::FailedOperation),
            _ => Ok(()),
        };
        self.calls.remove(&invocation);
        self.event_now(Event::CallbackAnswered { invocation, result });
        if result.is_err() {
            return;
        }
        if *kind == CallbackKind::Terminate && !matches!(act, Some(Act::Stay)) {
            if let Some(session) = self
                .sessions
                .remove(&comp)
                .filter(|_| !comp.rdn_value().starts_with(['X', 'Y']))
            {
                let cause = "exit status 0".to_owned();
                self.event_now(Event::ProcessDied { comp, session, cause });
                self.event_now(Event::SessionClosed { session });
            }
        } else if matches!(
            kind,
            CallbackKind::CsiSet {
                ha: HaState::Quiescing,
                ..
            }
        ) && act.is_none()
        {
            let session = self.sessions[&comp];
            self.next += 1;
            let request = RequestId(self.next);
            let body = ComponentRequest::CsiQuiescingComplete {
                invocation,
                result: Ok(()),
            };
            self.event_now(Event::Request {
                request,
                session,
                body,
            });
            assert_eq!(self.answers.remove(&request), Some(Answer::Done(Ok(()))));
        }
    }
}

fn callback(kind: &CallbackKind) -> String {
    let of = |csi: &Option<Dn>| csi.as_ref().map_or("all".to_owned(), Dn::rdn_value);
    match kind {
        CallbackKind::Healthcheck { key } => format!("healthcheck {key}"),
        CallbackKind::Terminate => "terminate".to_owned(),
        CallbackKind::CsiSet { ha, csi } => {
            let new = if csi.is_new { " new" } else { "" };
            format!("set {ha} {}{new}", of(&csi.csi))
        }
        CallbackKind::CsiRemove { csi } => format!("remove {}", of(csi)),
        CallbackKind::CsiAttributeChange { csi, .. } => format!("attributes {}", csi.rdn_value()),
        CallbackKind::ProxiedInstantiate | CallbackKind::ContainedInstantiate => "instantiate".to_owned(),
        CallbackKind::ProxiedCleanup | CallbackKind::ContainedCleanup => "cleanup".to_owned(),
    }
}
