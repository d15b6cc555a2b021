//! A director with fake nodes, driven by the commands of a scenario file.

mod ccb;
mod describe;
mod look;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use ais::amf::{
    AdminOperation, AdminState, HaReadinessState, HaState, NodeOrder, NodeReport, OperState, PresenceState,
    ReadinessState, RecommendedRecovery, Term,
};
use ais::ntf::{Detail, Notification, Severity};
use ais::{Dn, Millis, Value};
use amfd_director_engine::{
    AlarmKind, Director, DownCause, Effect, Event, FenceId, ModelChange, Options, Publish, RequestId,
    SessionId, check,
};

use crate::fake_node::FakeNode;
use crate::model::Model;

use describe::describe;

/// Everything.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, not a state")]
pub(crate) struct World {
    model: Model,
    options: Options,
    director: Director,
    /// The fences that were asked and have not answered, with their nodes.
    fences: Vec<(FenceId, Dn)>,
    now: Millis,
    term: u64,
    sessions: u64,
    requests: BTreeMap<u64, String>,
    /// Requests that the present director has not answered.
    open: BTreeMap<u64, String>,
    /// By the node's DN: the connection where there is one, and the node.
    nodes: BTreeMap<Dn, (Option<SessionId>, FakeNode)>,
    /// What the repository shows: assignment objects and assignment states.
    objects: BTreeMap<Dn, u32>,
    states: BTreeMap<Dn, u32>,
    /// What was printed of each SI.
    shown: BTreeMap<Dn, String>,
    /// Orders on their way, where they are held back.
    wire: VecDeque<(Dn, SessionId, NodeOrder)>,
    /// Only changed assignments are printed, not the orders.
    quiet: bool,
    output: Vec<String>,
    /// Operations of a CCB that is not complete.
    open_ccb: Option<Vec<ModelChange>>,
    shows_configuration: bool,
    shows_notifications: bool,
    shows_stories: bool,
    /// The reasons that were given so far.
    codes: BTreeSet<&'static str>,
    /// Those that no director has cleared.
    alarms: BTreeSet<(AlarmKind, Dn)>,
}

impl World {
    pub(crate) fn command(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if self.model.line(&words).is_some() {
            return Ok(());
        }
        let rest = words.get(1..).unwrap_or_default();
        if self.ccb_command(words[0], rest).is_some() {
            return Ok(());
        }
        if self.look_command(words[0], rest).is_some() || self.node_command(words[0], rest).is_some() {
            return Ok(());
        }
        match words[0] {
            "start" => self.start(),
            "up" => self.for_each(rest, Self::up),
            "down" => self.for_each(rest, Self::down),
            "disconnect" => self.for_each(rest, |world, dn| world.disconnect(dn, DownCause::Silent)),
            "mute" => self.for_each(rest, |world, dn| {
                world.nodes.entry(dn.clone()).or_default().1.is_mute = true;
            }),
            "leave" => self.for_each(rest, |world, dn| {
                world.nodes.entry(dn.clone()).or_default().1.leave();
            }),
            "option" => self.option(rest)?,
            "slow-to-reboot" => self.for_each(rest, |world, dn| {
                world.nodes.entry(dn.clone()).or_default().1.slow_to_reboot = true;
            }),
            "never-reboots" => self.for_each(rest, |world, dn| {
                world.nodes.entry(dn.clone()).or_default().1.never_reboots = true;
            }),
            "fence-done" => self.fence_answers(&Ok(())),
            "fence-failed" => self.fence_answers(&Err(rest.join(" "))),
            "settle" => self.settle(),
            "wait" => self.wait(rest[0].parse().map_err(|_| "not a number")?),
            // It leaves the model while no director sees it.
            "forget" => self.for_each(rest, |world, gone| {
                world.model.objects.retain(|object| match object {
                    ModelChange::Create { dn, .. } => !dn.is_within(gone),
                    ModelChange::Modify { .. } | ModelChange::Delete { .. } => true,
                });
            }),
            "fault" => self.fault(rest),
            "admin" => self.admin(rest)?,
            "object" => self.object(rest),
            "repository" => self.event(Event::Repository {
                reachable: rest == ["back"],
            }),
            "kill-director" => self.kill_director(),
            other => return Err(format!("unknown command {other}")),
        }
        Ok(())
    }

    /// What happens to SUs on their nodes; `None` for another command.
    fn node_command(&mut self, word: &str, rest: &[&str]) -> Option<()> {
        match word {
            "hold" => self.for_each(rest, |world, su| {
                world.node_of(su, |node, su| {
                    node.held.insert(su.clone());
                });
            }),
            "release" => self.for_each(rest, |world, su| {
                world.node_of(su, |node, su| {
                    node.held.remove(su);
                    node.finish(su);
                });
            }),
            "fail-next" => self.for_each(rest, |world, su| {
                world.node_of(su, |node, su| {
                    node.failing.insert(su.clone());
                });
            }),
            "exit-200" => self.for_each(rest, |world, su| {
                world.node_of(su, |node, su| {
                    node.failing.insert(su.clone());
                    node.forbidding.insert(su.clone());
                });
            }),
            "isolate" => self.for_each(rest, |world, su| world.node_of(su, FakeNode::isolate)),
            "comp-restarts" => self.for_each(rest, |world, su| {
                world.node_of(su, |node, su| node.restart(su, false));
            }),
            "su-restarts" => self.for_each(rest, |world, su| {
                world.node_of(su, |node, su| node.restart(su, true));
            }),
            "says" => {
                // `says SU SI 3`: of the first CSI of the SI; the number is the code of the state.
                let csi = Dn::child("safCsi=k1", Some(&self.model.names[rest[1]])).ok()?;
                let state = HaReadinessState::from_code(rest[2].parse().ok()?)?;
                self.for_each(&rest[..1], |world, su| {
                    world.node_of(su, |node, su| node.say_ready(su, &csi, state));
                });
            }
            "stick" => self.for_each(rest, |world, su| world.node_of(su, FakeNode::stick)),
            _ => return None,
        }
        Some(())
    }

    /// The SIs for which two SUs really act at once.
    pub(crate) fn double_actives(&self) -> Vec<String> {
        let mut acting: BTreeMap<Dn, Vec<Dn>> = BTreeMap::new();
        for (_, node) in self.nodes.values() {
            for (su, si) in node.acting() {
                acting.entry(si).or_default().push(su);
            }
        }
        acting.retain(|_, sus| sus.len() > 1);
        acting
            .iter()
            .map(|(si, sus)| self.short(&format!("{si} by {sus:?}")))
            .collect()
    }

    /// Names of the kind, for example `safSu`, in the model.
    pub(crate) fn names(&self, kind: &str) -> Vec<String> {
        let of_kind = |(_, dn): &(&String, &Dn)| dn.rdn_name() == kind;
        self.model
            .names
            .iter()
            .filter(of_kind)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The nodes that are not connected.
    pub(crate) fn absent(&self) -> Vec<String> {
        let is_up = |dn: &Dn| self.nodes.get(dn).is_some_and(|(session, _)| session.is_some());
        let nodes = self
            .model
            .names
            .iter()
            .filter(|(_, dn)| dn.rdn_name() == "safAmfNode");
        nodes
            .filter(|(_, dn)| !is_up(dn))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The nodes that run something or are connected.
    pub(crate) fn alive(&self) -> Vec<String> {
        let is_alive = |dn: &Dn| {
            self.nodes
                .get(dn)
                .is_some_and(|(session, node)| session.is_some() || node.runs())
        };
        let nodes = self
            .model
            .names
            .iter()
            .filter(|(_, dn)| dn.rdn_name() == "safAmfNode");
        nodes
            .filter(|(_, dn)| is_alive(dn))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// How many requests were made, and how many of them of the present director are not answered.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        self.open.values().cloned().collect()
    }

    pub(crate) fn state_of(&self, si: &str) -> Option<u32> {
        self.states.get(&self.model.names[si]).copied()
    }

    pub(crate) fn explain(&self, name: &str) -> String {
        self.short(&self.director.explain(&self.model.names[name]).join("; "))
    }

    /// The codes of all reasons that were given, or held at the end of a block.
    pub(crate) fn codes(&self) -> &BTreeSet<&'static str> {
        &self.codes
    }

    pub(crate) fn take_output(&mut self) -> Vec<String> {
        self.show_changes();
        let dns = self.model.objects.iter().filter_map(|object| match object {
            ModelChange::Create { dn, .. } => Some(dn),
            ModelChange::Modify { .. } | ModelChange::Delete { .. } => None,
        });
        for dn in dns {
            let reasons = self.director.reasons(dn);
            self.codes.extend(reasons.iter().map(|(_, reason)| reason.code()));
        }
        std::mem::take(&mut self.output)
    }

    fn for_each(&mut self, names: &[&str], mut what: impl FnMut(&mut Self, &Dn)) {
        for name in names {
            let dn = self.model.names[*name].clone();
            what(self, &dn);
        }
    }

    fn node_of(&mut self, su: &Dn, what: impl FnOnce(&mut FakeNode, &Dn)) {
        let ModelChange::Create { attrs, .. } = self
            .model
            .objects
            .iter()
            .find(|object| matches!(object, ModelChange::Create { dn, .. } if dn == su))
            .unwrap()
        else {
            return;
        };
        let host = ais::find_attr(attrs, "saAmfSUHostNodeOrNodeGroup")
            .unwrap()
            .values[0]
            .as_dn()
            .unwrap();
        if let Some((_, node)) = self.nodes.get_mut(&host) {
            what(node, su);
        }
        self.collect_reports();
    }

    fn start(&mut self) {
        self.term += 1;
        let mut objects = self.model.objects.clone();
        objects.extend(self.objects.iter().map(|(dn, ha)| assignment_object(dn, *ha)));
        self.director = Director::with_options(self.options.clone());
        self.fences.clear();
        self.event(Event::AlarmsRaised {
            alarms: self.alarms.iter().cloned().collect(),
        });
        self.event(Event::Start {
            term: Term(self.term),
            objects,
        });
    }

    fn kill_director(&mut self) {
        self.wire.clear();
        self.open.clear();
        for (session, node) in self.nodes.values_mut() {
            *session = None;
            node.reports.clear();
        }
    }

    fn up(&mut self, dn: &Dn) {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        let entry = self.nodes.entry(dn.clone()).or_default();
        entry.0 = Some(session);
        entry.1.rebooted = false;
        entry.1.term = Term(self.term);
        self.event(Event::NodeUp {
            node: dn.clone(),
            session,
        });
    }

    /// The node dies with all that runs there.
    fn down(&mut self, dn: &Dn) {
        if let Some((_, node)) = self.nodes.get_mut(dn) {
            node.crash();
        }
        self.disconnect(dn, DownCause::Ended);
    }

    fn disconnect(&mut self, dn: &Dn, cause: DownCause) {
        let session = self.nodes.get_mut(dn).and_then(|(session, _)| session.take());
        self.wire.retain(|(node, _, _)| node != dn);
        // What a node cannot report it forgets.
        if let Some((_, node)) = self.nodes.get_mut(dn) {
            node.reports.clear();
        }
        if let Some(session) = session {
            self.event(Event::NodeDown {
                node: dn.clone(),
                session,
                cause,
            });
        }
    }

    /// `option NAME=VALUE...`; before `start`.
    fn option(&mut self, rest: &[&str]) -> Result<(), String> {
        for word in rest {
            let (name, value) = word.split_once('=').ok_or("no value")?;
            // NAME=VALUE, or NAME=NODE:VALUE.
            let (node, value) = value
                .split_once(':')
                .map_or((None, value), |(node, value)| (Some(node), value));
            let number: u64 = value.parse().map_err(|_| "not a number")?;
            if let Some(node) = node {
                let delays = &mut self.options.node_loss_delays;
                delays.insert(node.to_owned(), Millis(number));
                continue;
            }
            match name {
                "node-wait" => self.options.node_sync = Millis(number),
                "fencing" => self.options.fencing = number != 0,
                "node-loss-delay" => self.options.node_loss_delay = Millis(number),
                other => return Err(format!("unknown option {other}")),
            }
        }
        Ok(())
    }

    /// The fences that were asked answer; where they succeeded, nothing runs on the nodes any more.
    fn fence_answers(&mut self, result: &Result<(), String>) {
        for (request, node) in std::mem::take(&mut self.fences) {
            if result.is_ok() {
                if let Some((_, node)) = self.nodes.get_mut(&node) {
                    node.crash();
                }
                self.disconnect(&node, DownCause::Ended);
            }
            let result = result.clone();
            self.event(Event::FenceResult { request, result });
        }
    }

    fn wait(&mut self, millis: u64) {
        let end = self.now.after(Millis(millis));
        while let Some(next) = self.director.next_deadline().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.event(Event::Deadline);
            self.settle();
        }
        self.now = end;
    }

    fn fault(&mut self, rest: &[&str]) {
        let su = self.model.names[rest[0]].clone();
        let wanted = rest[1].to_uppercase().replace('-', "_");
        let recovery = RecommendedRecovery::ALL
            .iter()
            .find(|recovery| recovery.name() == wanted)
            .unwrap();
        let after = rest.get(2).copied();
        self.node_of(&su, |node, su| {
            node.fail(su, *recovery, after.is_none());
            if after == Some("termination-failed") {
                node.fail_cleanup(su);
            }
        });
    }

    fn admin(&mut self, rest: &[&str]) -> Result<(), String> {
        let op = AdminOperation::ALL.iter().find(|op| op.name() == rest[0]);
        let op = op.ok_or("unknown operation")?;
        let dn = match self.model.names.get(rest[1]) {
            Some(dn) => dn.clone(),
            None => Dn::new(rest[1]).map_err(|error| error.to_string())?,
        };
        let request = self.requests.len() as u64;
        self.requests.insert(request, rest.join(" "));
        self.open.insert(request, rest.join(" "));
        self.event(Event::AdminOperation {
            request: RequestId(request),
            dn,
            operation: u64::from(op.code()),
        });
        Ok(())
    }

    pub(crate) fn dn(&self, name: &str) -> Dn {
        self.model
            .names
            .get(name)
            .cloned()
            .unwrap_or_else(|| Dn::new(name).unwrap())
    }

    fn why(&mut self, rest: &[&str]) {
        for name in rest {
            let dn = self.dn(name);
            let sentences = self.director.explain(&dn);
            self.output
                .push(format!("{name}: {}", self.short(&sentences.join("; "))));
        }
    }

    /// Prints the states that are published of the entities.
    fn state(&mut self, names: &[&str]) {
        for name in names {
            let dn = self.dn(name);
            let mut words: Vec<&str> = Vec::new();
            words.extend(
                self.published(&dn, "AdminState", AdminState::from_code)
                    .map(AdminState::name),
            );
            words.extend(
                self.published(&dn, "OperState", OperState::from_code)
                    .map(OperState::name),
            );
            let presence = self.published(&dn, "PresenceState", PresenceState::from_code);
            words.extend(presence.map(PresenceState::name));
            let readiness = self.published(&dn, "SUReadinessState", ReadinessState::from_code);
            words.extend(readiness.map(ReadinessState::name));
            self.output.push(format!("{name}: {}", words.join(" ")));
        }
    }

    /// The state that is published of the entity as the attribute whose name ends so.
    pub(crate) fn published<S>(&self, dn: &Dn, ending: &str, from: impl Fn(u32) -> Option<S>) -> Option<S> {
        let attrs = self.model.objects.iter().find_map(|object| match object {
            ModelChange::Create { dn: own, attrs, .. } if own == dn => Some(attrs),
            _ => None,
        })?;
        let attr = attrs.iter().find(|attr| attr.name.ends_with(ending))?;
        from(attr.values.first()?.as_u32()?)
    }

    /// Delivers orders and reports until none is left.
    fn settle(&mut self) {
        for _ in 0..1_000 {
            self.collect_reports();
            let Some((node, session, order)) = self.wire.pop_front() else {
                return;
            };
            let Some((present, fake)) = self.nodes.get_mut(&node) else {
                continue;
            };
            if *present != Some(session) {
                continue;
            }
            fake.take(order);
            if fake.rebooted {
                self.disconnect(&node, DownCause::Ended);
            }
        }
        let tail = self.output.len().saturating_sub(12);
        panic!(
            "orders and reports never end:\n{}",
            self.output[tail..].join("\n")
        );
    }

    fn collect_reports(&mut self) {
        loop {
            let found = self.nodes.iter_mut().find_map(|(dn, (session, node))| {
                let session = (*session)?;
                let reports: Vec<NodeReport> = std::mem::take(&mut node.reports);
                (!reports.is_empty()).then(|| (dn.clone(), session, reports))
            });
            let Some((node, session, reports)) = found else {
                return;
            };
            for report in reports {
                self.event(Event::Report {
                    node: node.clone(),
                    session,
                    report,
                });
            }
        }
    }

    /// Remembers what is raised, as the log of the daemon does.
    fn note(&mut self, told: &Notification) {
        if let (Detail::Alarm { severity, .. }, Some(kind)) =
            (&told.detail, AlarmKind::from_minor(told.class.minor))
        {
            let alarm = (kind, Dn::new(&told.object).unwrap());
            if *severity == Severity::Cleared {
                assert!(self.alarms.remove(&alarm), "cleared, not raised: {alarm:?}");
            } else {
                assert!(self.alarms.insert(alarm.clone()), "raised twice: {alarm:?}");
            }
        }
        if self.shows_notifications {
            let line = self.short(&describe::notification(told));
            self.output.push(line);
        }
    }

    fn event(&mut self, event: Event) {
        let effects = self.director.step(self.now, event);
        for effect in effects {
            self.effect(effect);
        }
        if let Err(broken) = check(&self.director) {
            self.output.push(format!("INVARIANT {broken}"));
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Send {
                node, session, order, ..
            } => {
                if let Some(text) = describe(&order, self.shows_configuration).filter(|_| !self.quiet) {
                    let line = format!("send {} {text}", node.rdn_value());
                    self.output.push(self.short(&line));
                }
                self.wire.push_back((node, session, order));
            }
            Effect::Publish(publish) => self.publish(publish),
            Effect::AdminReply { request, result } => {
                let what = self.requests[&request.0].clone();
                if self.open.remove(&request.0).is_none() {
                    self.output.push(format!("INVARIANT {what} is answered twice"));
                }
                let outcome = match result {
                    Ok(()) => "OK".to_owned(),
                    Err(refusal) => self.short(&refusal.to_string()),
                };
                self.output.push(format!("answer {what}: {outcome}"));
            }
            Effect::Fence { request, node, .. } => {
                self.output.push(format!("fence {}", node.rdn_value()));
                self.fences.push((request, node));
            }
            Effect::Disconnect { node, .. } => {
                self.output.push(format!("disconnect {}", node.rdn_value()));
                self.disconnect(&node, DownCause::Ended);
            }
            Effect::Notify { told, .. } => self.note(&told),
            Effect::Story(step) if self.shows_stories => {
                let line = self.short(&describe::story(&step));
                self.output.push(line);
            }
            Effect::Because(because) => {
                self.codes.insert(because.reason.code());
            }
            Effect::Story(_) => {}
        }
    }

    fn publish(&mut self, publish: Publish) {
        match publish {
            Publish::Create { dn, attrs, .. } => {
                let ha = attrs[0].values[0].as_u32().unwrap();
                assert!(
                    self.objects.insert(dn.clone(), ha).is_none(),
                    "{dn} was created twice"
                );
            }
            Publish::Update { dn, attrs } => {
                if let Some(ha) = self.objects.get_mut(&dn) {
                    *ha = attrs[0].values[0].as_u32().unwrap();
                } else if let Some(attr) = ais::find_attr(&attrs, "saAmfSIAssignmentState") {
                    self.states.insert(dn.clone(), attr.values[0].as_u32().unwrap());
                }
                self.keep_attributes(&dn, &attrs);
            }
            Publish::Delete { dn } => {
                assert!(self.objects.remove(&dn).is_some(), "{dn} was not there");
            }
        }
    }

    /// The next director finds in the model what was published.
    fn keep_attributes(&mut self, dn: &Dn, attrs: &[ais::Attr]) {
        for attr in attrs {
            for object in &mut self.model.objects {
                if let ModelChange::Create { dn: own, attrs, .. } = object
                    && own == dn
                {
                    attrs.retain(|own| own.name != attr.name);
                    attrs.push(attr.clone());
                }
            }
        }
    }

    /// Prints the SIs whose assignments are not as they were printed last.
    fn show_changes(&mut self) {
        let sis: Vec<Dn> = self
            .model
            .names
            .values()
            .filter(|dn| dn.rdn_name() == "safSi")
            .cloned()
            .collect();
        for si in sis {
            let mut line = format!("SI {}:", si.rdn_value());
            for ha in HaState::ALL {
                let mut holders: Vec<String> = self
                    .objects
                    .iter()
                    .filter(|(dn, held)| **held == ha.code() && dn.parent().as_ref() == Some(&si))
                    .filter_map(|(dn, _)| Some(Dn::new(&dn.rdn_value()).ok()?.rdn_value()))
                    .collect();
                holders.sort();
                if !holders.is_empty() {
                    write!(line, " {} {}", ha.name().to_lowercase(), holders.join(",")).unwrap();
                }
            }
            let state = self
                .states
                .get(&si)
                .and_then(|code| ais::amf::AssignmentState::from_code(*code));
            write!(line, " {}", state.map_or("?", |state| state.name())).unwrap();
            if self.shown.get(&si) != Some(&line) {
                self.shown.insert(si, line.clone());
                self.output.push(line);
            }
        }
    }

    /// The text with short names in place of DNs.
    fn short(&self, text: &str) -> String {
        let mut names: Vec<(&String, &Dn)> = self.model.names.iter().collect();
        names.sort_by_key(|(_, dn)| std::cmp::Reverse(dn.as_str().len()));
        names.into_iter().fold(text.to_owned(), |text, (name, dn)| {
            text.replace(dn.as_str(), name)
        })
    }
}

fn assignment_object(dn: &Dn, ha: u32) -> ModelChange {
    let (class, name) = if dn.rdn_name() == "safSISU" {
        ("SaAmfSIAssignment", "saAmfSISUHAState")
    } else {
        ("SaAmfCSIAssignment", "saAmfCSICompHAState")
    };
    ModelChange::Create {
        class: class.to_owned(),
        dn: dn.clone(),
        attrs: vec![ais::Attr::single(name, Value::Uint32(ha))],
    }
}
