//! Any events in any order: nothing panics, nothing runs twice, nothing serves unreported, and when the world
//! behaves again everything comes to rest.

mod harness;

use std::collections::BTreeMap;

use ais::amf::{
    CallbackKind, EscalationCounting, HaState, HealthcheckInvocation, NodeOrder, OrderOutcome, PresenceState,
    RecommendedRecovery, SiAssignment, SuConfig, SuReport, Term,
};
use ais::{AisError, Dn, Millis};
use amfnd_engine::{CommandKind, ComponentRequest, Event, Invocation, RequestId, RunOutcome};
use harness::{Node, at_level, comp, comp_dn, csi, csi_dn, depends, exit, script, si, si_dn, su, su_dn};
use proptest::prelude::*;

const COMPS: [&str; 4] = ["A", "B", "n1", "C@SU2"];

fn config(name: &str, variant: u8) -> SuConfig {
    let mut config = match name {
        "SU1" => su("SU1", vec![comp("A"), script("n1"), at_level(2, comp("B"))]),
        _ => su("SU2", vec![comp("C@SU2")]),
    };
    config.su_failover = variant & 1 == 1;
    config.limits.comp_restart_max = u32::from(variant >> 1 & 3);
    config.limits.su_restart_max = u32::from(variant >> 3 & 3);
    for (at, comp) in config.comps.iter_mut().enumerate() {
        comp.disable_restart = variant >> 5 == 1 && at == 0;
        comp.recovery_on_error = match variant >> 5 {
            2 => RecommendedRecovery::ComponentFailover,
            3 => RecommendedRecovery::NodeFailover,
            _ => RecommendedRecovery::ComponentRestart,
        };
    }
    if variant == 7 {
        config.comps.truncate(1);
    }
    config
}

fn assignments(su: &str, which: u8) -> Vec<SiAssignment> {
    let mut all = match su {
        "SU1" => vec![
            si(
                "S",
                vec![
                    csi("a", "A"),
                    depends(2, csi("b", "B")),
                    depends(3, csi("n", "n1")),
                ],
            ),
            si("T", vec![csi("t@T", "A"), csi("u@T", "B")]),
        ],
        _ => vec![si("S", vec![csi("a", "C@SU2")])],
    };
    match which % 4 {
        1 => all.truncate(1),
        2 => {
            all[0].csis.pop();
        }
        3 => {
            all.reverse();
            all.truncate(1);
        }
        _ => {}
    }
    all
}

/// The node and the truth about its processes.
struct World {
    node: Node,
    /// Running processes, with what each was told about its CSIs.
    alive: BTreeMap<Dn, BTreeMap<Dn, HaState>>,
    gone: Vec<Dn>,
    term: u64,
    requests: u64,
    /// Whether the newest event asks for reports that say nothing new.
    asked: bool,
}

impl World {
    fn new(counting: EscalationCounting) -> World {
        let mut node = Node::new(vec![config("SU1", 20), config("SU2", 20)]);
        node.count(counting, 4);
        World {
            node,
            alive: BTreeMap::new(),
            gone: Vec::new(),
            term: 1,
            requests: 10_000,
            asked: false,
        }
    }

    fn event(&mut self, event: Event) {
        let sent = self.node.sent.len();
        let before = self.node.reports.clone();
        self.node.quietly(event);
        if self.node.log.last().is_some_and(|line| line == "reboot") {
            self.alive.clear();
        }
        if !self.asked {
            for report in &self.node.sent[sent..] {
                if let ais::amf::NodeReport::Su(su) = report {
                    let last = before.get(&su.su);
                    assert!(
                        self.node.sent[sent..].len() > 1 || last != Some(su),
                        "reported twice: {su:?}"
                    );
                }
            }
        }
        self.asked = false;
        self.check();
    }

    fn orders(&mut self, orders: Vec<NodeOrder>) {
        self.event(Event::Orders {
            term: Term(self.term),
            orders,
        });
    }

    /// What must hold between any two events.
    fn check(&self) {
        for (comp, csis) in &self.alive {
            let Some(su) = comp.parent().and_then(|su| self.node.reports.get(&su)) else {
                continue;
            };
            if self.gone.contains(&su.su) {
                continue;
            }
            let Some(report) = su.comps.iter().find(|report| report.comp == *comp) else {
                continue;
            };
            let down = [PresenceState::Uninstantiated, PresenceState::InstantiationFailed];
            assert!(
                !down.contains(&report.presence),
                "{comp} runs and is {}",
                report.presence
            );
            for (csi, ha) in csis {
                assert!(
                    protected(su, csi, *ha),
                    "{comp} is {ha} for {csi}, unreported: {su:?} {:?}",
                    self.node.log
                );
            }
        }
    }

    fn end_run(&mut self, pick: u8, how: u8) {
        let Some((run, (comp, kind))) = nth(&self.node.runs, pick) else {
            return;
        };
        self.node.runs.remove(&run);
        let outcome = match how % 8 {
            0 => exit(1),
            1 => RunOutcome::NotStarted {
                error: "no (2)".to_owned(),
            },
            2 => exit(200),
            _ => exit(0),
        };
        let script = comp.rdn_value().starts_with('n');
        match kind {
            CommandKind::Instantiate if outcome == exit(0) && script => {
                self.alive.entry(comp).or_default();
            }
            CommandKind::Terminate if outcome != exit(0) => {}
            CommandKind::Terminate | CommandKind::Cleanup => {
                self.alive.remove(&comp);
            }
            CommandKind::Instantiate
            | CommandKind::AmStart
            | CommandKind::AmStop
            | CommandKind::Healthcheck => {}
        }
        self.event(Event::RunEnded { run, outcome });
    }

    fn register(&mut self, pick: u8) {
        let comp = comp_dn(COMPS[usize::from(pick) % COMPS.len()]);
        if self.alive.contains_key(&comp) {
            return;
        }
        let session = self.node.new_session();
        self.requests += 1;
        let request = RequestId(self.requests);
        let body = ComponentRequest::Register { comp: comp.clone() };
        let event = Event::Request {
            request,
            session,
            body,
        };
        self.node.sessions.insert(comp.clone(), session);
        self.alive.insert(comp.clone(), BTreeMap::new());
        self.node.quietly(event);
        let granted = self.node.answers.remove(&request) == Some(amfnd_engine::Answer::Done(Ok(())));
        if !granted {
            self.node.sessions.remove(&comp);
            self.alive.remove(&comp);
        }
        self.check();
    }

    fn answer(&mut self, pick: u8, good: bool) {
        let Some((invocation, (comp, kind))) = nth(&self.node.calls, pick) else {
            return;
        };
        self.node.calls.remove(&invocation);
        let known = self.alive.get_mut(&comp);
        match (kind, good, known) {
            (CallbackKind::CsiSet { ha, csi }, true, Some(known)) => match csi.csi {
                Some(csi) => {
                    known.insert(csi, ha);
                }
                None => known.values_mut().for_each(|state| *state = ha),
            },
            (CallbackKind::CsiRemove { csi }, true, Some(known)) => match csi {
                Some(csi) => {
                    known.remove(&csi);
                }
                None => known.clear(),
            },
            _ => {}
        }
        let result = if good {
            Ok(())
        } else {
            Err(AisError::FailedOperation)
        };
        self.event(Event::CallbackAnswered { invocation, result });
    }

    fn die(&mut self, pick: u8) {
        let comp = comp_dn(COMPS[usize::from(pick) % COMPS.len()]);
        self.exit(&comp, pick & 0x40 == 0);
    }

    /// A process ends; noticed at once, or by its connection only.
    fn exit(&mut self, comp: &Dn, noticed: bool) {
        let Some(session) = self.node.sessions.remove(comp) else {
            return;
        };
        let comp = comp.clone();
        self.alive.remove(&comp);
        self.node.calls.retain(|_, (owner, _)| *owner != comp);
        if noticed {
            let cause = "killed by signal 9".to_owned();
            self.event(Event::ProcessDied { comp, session, cause });
        }
        self.event(Event::SessionClosed { session });
    }

    fn order(&mut self, pick: u8, which: u8) {
        let name = if pick & 0x80 == 0 { "SU1" } else { "SU2" };
        let su = su_dn(name);
        let id = self.node.new_order();
        let ha = HaState::ALL[usize::from(which >> 4) % 4];
        let comp = (which & 1 == 1).then(|| comp_dn(if name == "SU1" { "A" } else { "C@SU2" }));
        let order = match pick % 16 {
            0 | 1 => NodeOrder::Instantiate { id, su },
            2 => NodeOrder::Terminate { id, su },
            3 => NodeOrder::Restart { id, su, comp },
            4..=8 => NodeOrder::Assign {
                id,
                su,
                ha,
                sis: assignments(name, which),
            },
            9 | 10 => NodeOrder::Remove {
                id,
                su,
                sis: vec![si_dn(if which & 1 == 0 { "S" } else { "T" })],
            },
            11 => NodeOrder::Cleanup { id, su },
            12 | 13 => NodeOrder::Repair { id, su },
            14 if which.is_multiple_of(8) => {
                self.gone.push(su.clone());
                NodeOrder::RemoveSu { su }
            }
            14 => NodeOrder::ReportAll,
            _ => {
                self.gone.retain(|gone| *gone != su);
                NodeOrder::ConfigureSu(config(name, which))
            }
        };
        self.asked = matches!(order, NodeOrder::ReportAll | NodeOrder::ConfigureSu(_));
        self.orders(vec![order]);
    }

    fn request(&mut self, pick: u8, which: u8) {
        let comp = comp_dn(COMPS[usize::from(pick) % COMPS.len()]);
        let own = self
            .node
            .sessions
            .get(&comp)
            .copied()
            .filter(|_| pick & 0x20 == 0);
        let session = own.unwrap_or_else(|| self.node.new_session());
        let recovery = RecommendedRecovery::ALL[usize::from(which >> 3) % RecommendedRecovery::ALL.len()];
        let key = "hc".to_owned();
        let invocation = if which & 8 == 0 {
            HealthcheckInvocation::AmfInvoked
        } else {
            HealthcheckInvocation::ComponentInvoked
        };
        let open = nth(&self.node.calls, which).map_or(Invocation(0), |(invocation, _)| invocation);
        let body = match which % 8 {
            0 => ComponentRequest::HealthcheckStart {
                comp,
                key,
                invocation,
                recovery,
            },
            1 => ComponentRequest::HealthcheckStop { comp, key },
            2 => ComponentRequest::HealthcheckConfirm {
                comp,
                key,
                result: Ok(()),
            },
            3 => ComponentRequest::CsiQuiescingComplete {
                invocation: open,
                result: Ok(()),
            },
            4 => ComponentRequest::HaStateGet {
                comp,
                csi: csi_dn("a"),
            },
            5 => ComponentRequest::ErrorReport { comp, recovery },
            6 => ComponentRequest::ErrorClear { comp },
            _ => ComponentRequest::Unregister { comp },
        };
        self.requests += 1;
        let request = RequestId(self.requests);
        self.event(Event::Request {
            request,
            session,
            body,
        });
        assert!(
            self.node.answers.remove(&request).is_some(),
            "every request is answered"
        );
    }

    fn pass(&mut self, millis: u64) {
        self.node.now = self.node.now.after(Millis(millis));
        self.event(Event::Deadline);
    }

    fn random(&mut self, (kind, a, b): (u8, u8, u8)) {
        match kind % 16 {
            0..=4 => self.order(a, b),
            5..=7 => self.end_run(a, b),
            8 => self.register(a),
            9 | 10 => self.answer(a, b % 8 != 0),
            11 => self.die(a),
            12 | 13 => self.request(a, b),
            14 if b < 32 => {
                self.term += 1;
                self.event(Event::DirectorLost);
            }
            14 => self.behave(),
            _ => self.pass(u64::from(a) * u64::from(b % 8)),
        }
    }

    /// Whether anything but healthchecks is under way.
    fn is_busy(&self) -> bool {
        let stable = [
            PresenceState::Uninstantiated,
            PresenceState::Instantiated,
            PresenceState::InstantiationFailed,
            PresenceState::TerminationFailed,
        ];
        let ordered = |su: &SuReport| {
            let order = su.order.as_ref();
            order.is_some_and(|order| order.outcome == OrderOutcome::InProgress)
        };
        let mut known = self.node.reports.values();
        known.any(|su| {
            let moving = su.comps.iter().any(|comp| !stable.contains(&comp.presence));
            !self.gone.contains(&su.su) && (ordered(su) || moving)
        })
    }

    /// Components do what they are asked until nothing is asked.
    fn behave(&mut self) {
        for _ in 0..1000 {
            if let Some((_, (comp, kind))) = nth(&self.node.runs, 0) {
                let name = COMPS
                    .iter()
                    .position(|name| comp_dn(name) == comp)
                    .unwrap_or_default();
                let script = comp.rdn_value().starts_with('n');
                if kind == CommandKind::Instantiate && !script {
                    self.register(u8::try_from(name).unwrap_or_default());
                }
                self.end_run(0, 7);
            } else if let Some((invocation, (comp, kind))) = nth(&self.node.calls, 0) {
                self.answer(0, true);
                match kind {
                    CallbackKind::Terminate => self.exit(&comp, true),
                    CallbackKind::CsiSet {
                        ha: HaState::Quiescing,
                        ..
                    } => self.complete(&comp, invocation),
                    CallbackKind::CsiSet { .. }
                    | CallbackKind::CsiRemove { .. }
                    | CallbackKind::CsiAttributeChange { .. }
                    | CallbackKind::ProxiedInstantiate
                    | CallbackKind::ProxiedCleanup
                    | CallbackKind::ContainedInstantiate
                    | CallbackKind::ContainedCleanup
                    | CallbackKind::Healthcheck { .. } => {}
                }
            } else {
                return;
            }
        }
        panic!("no end: {:?}", &self.node.log[self.node.log.len() - 20..]);
    }

    fn complete(&mut self, comp: &Dn, invocation: Invocation) {
        let Some(session) = self.node.sessions.get(comp).copied() else {
            return;
        };
        self.requests += 1;
        let request = RequestId(self.requests);
        let body = ComponentRequest::CsiQuiescingComplete {
            invocation,
            result: Ok(()),
        };
        self.event(Event::Request {
            request,
            session,
            body,
        });
        assert!(self.node.answers.remove(&request).is_some());
    }

    /// Everything behaves from now on; orders end and nothing is under way.
    fn come_to_rest(&mut self) {
        for _ in 0..1000 {
            self.behave();
            match self.node.engine.next_deadline() {
                Some(at) if at < Millis(u64::MAX / 2) && self.is_busy() => {
                    self.node.now = self.node.now.max(at);
                    self.event(Event::Deadline);
                }
                Some(_) | None => break,
            }
        }
        assert!(
            !self.is_busy(),
            "does not come to rest: {:?} {:?} {:?} calls {:?} now {}",
            self.node.reports,
            self.node.log,
            self.node.engine.next_deadline(),
            self.node.calls,
            self.node.now
        );
        assert!(self.node.runs.is_empty(), "{:?}", self.node.runs);
    }
}

/// Whether a component's state for a CSI is told to the director: as held at least as strongly, or as being
/// changed, or by a fault that is not isolated.
fn protected(su: &SuReport, csi: &Dn, ha: HaState) -> bool {
    let changing = su
        .order
        .as_ref()
        .is_some_and(|order| order.outcome == OrderOutcome::InProgress);
    let faulty = su.fault.as_ref().is_some_and(|fault| !fault.isolated);
    let held = su.assignments.iter().find(|held| csi.is_within(&held.si));
    let told = held.is_some_and(|held| ha != HaState::Active || held.ha == HaState::Active);
    changing || faulty || told
}

fn nth<K: Clone, V: Clone>(map: &BTreeMap<K, V>, pick: u8) -> Option<(K, V)> {
    let at = usize::from(pick).checked_rem(map.len())?;
    map.iter()
        .nth(at)
        .map(|(key, value)| (key.clone(), value.clone()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_in_any_order(events in prop::collection::vec(any::<(u8, u8, u8)>(), 1..150), opensaf: bool) {
        let counting = if opensaf { EscalationCounting::OpenSaf } else { EscalationCounting::Specification };
        let mut world = World::new(counting);
        for event in events {
            world.random(event);
        }
        world.come_to_rest();
    }
}
