//! The real director with node directors that do at once what they are told. Only the director's time is counted.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ais::amf::{
    AssignmentReport, ErrorSource, FaultReport, HaState, NodeOrder, NodeReport, OrderOutcome, OrderReport,
    PresenceState, RecommendedRecovery, SuReport, Term,
};
use ais::{Dn, Millis};
use director_engine::{Director, DownCause, Effect, Event, ModelChange, SessionId};

const TERM: Term = Term(1);

/// A cluster.
#[derive(Default)]
pub struct Cluster {
    pub director: Director,
    now: Millis,
    nodes: BTreeMap<Dn, SessionId>,
    /// With their nodes.
    sus: BTreeMap<Dn, (Dn, SuReport)>,
    wire: VecDeque<(Dn, SessionId, NodeReport)>,
    /// What each step took since they were taken last.
    pub steps: Vec<Duration>,
    sessions: u64,
    steps_ever: u64,
}

impl Cluster {
    pub fn start(objects: Vec<ModelChange>) -> Cluster {
        let mut cluster = Cluster::default();
        cluster.step(Event::Start { term: TERM, objects });
        cluster
    }

    /// The node connects.
    pub fn up(&mut self, node: &Dn) {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        self.nodes.insert(node.clone(), session);
        let node = node.clone();
        self.step(Event::NodeUp { node, session });
    }

    /// The node is lost; gives back what that one event took.
    pub fn lose(&mut self, node: &Dn) -> Duration {
        let Some(session) = self.nodes.remove(node) else {
            return Duration::ZERO;
        };
        let node = node.clone();
        let cause = DownCause::Ended;
        self.step(Event::NodeDown { node, session, cause })
    }

    /// One event; gives back what the director took.
    pub fn step(&mut self, event: Event) -> Duration {
        // Some fifty microseconds each, about what they take: nodes that all come at once report in time.
        self.now = Millis(self.steps_ever / 20);
        self.steps_ever += 1;
        let begin = processor_time();
        let effects = self.director.step(self.now, event);
        let took = processor_time().saturating_sub(begin);
        self.steps.push(took);
        for effect in effects {
            if let Effect::Send {
                node, session, order, ..
            } = effect
            {
                self.order(&node, session, order);
            }
        }
        took
    }

    /// Delivers reports until there are none.
    pub fn settle(&mut self) {
        while let Some((node, session, report)) = self.wire.pop_front() {
            if self.nodes.get(&node) == Some(&session) {
                self.step(Event::Report {
                    node,
                    session,
                    report,
                });
            }
        }
    }

    /// The whole SU fails and is cleaned up by its node.
    pub fn fail(&mut self, su: &Dn) {
        let Some((node, report)) = self.sus.get_mut(su) else {
            return;
        };
        let (node, Some(session)) = (node.clone(), self.nodes.get(node).copied()) else {
            return;
        };
        let Some(comp) = report.comps.first().map(|comp| comp.comp.clone()) else {
            return;
        };
        report.fault = Some(FaultReport {
            comp,
            recovery: RecommendedRecovery::SuFailover,
            source: ErrorSource::ProcessDied,
            isolated: true,
            with_application: false,
        });
        report.assignments.clear();
        set_presence(report, PresenceState::Uninstantiated);
        let report = NodeReport::Su(report.clone());
        self.wire.push_back((node, session, report));
    }

    /// How many SIs the SU is active for.
    pub fn active(&self, su: &Dn) -> usize {
        let held = self
            .sus
            .get(su)
            .into_iter()
            .flat_map(|(_, report)| &report.assignments);
        held.filter(|held| held.ha == HaState::Active).count()
    }

    /// How many SIs the SU has.
    pub fn holds(&self, su: &Dn) -> usize {
        self.sus.get(su).map_or(0, |(_, report)| report.assignments.len())
    }

    /// How many assignments there are.
    pub fn assignments(&self) -> usize {
        self.sus.values().map(|(_, su)| su.assignments.len()).sum()
    }

    /// The steps since the last call.
    pub fn take_steps(&mut self) -> Vec<Duration> {
        std::mem::take(&mut self.steps)
    }

    fn order(&mut self, node: &Dn, session: SessionId, order: NodeOrder) {
        let tell = |report| (node.clone(), session, report);
        match order {
            NodeOrder::ConfigureSu(config) => {
                let fresh = SuReport::uninstantiated(&config);
                let (_, report) = self.sus.entry(config.dn).or_insert((node.clone(), fresh));
                self.wire.push_back(tell(NodeReport::Su(report.clone())));
            }
            NodeOrder::RemoveSu { su } => {
                self.sus.remove(&su);
            }
            NodeOrder::ReportAll => self.wire.push_back(tell(NodeReport::AllReported)),
            NodeOrder::RepairNode
            | NodeOrder::ConfigureNode(_)
            | NodeOrder::ProtectionGroup(_)
            | NodeOrder::Reboot { .. }
            | NodeOrder::Leave => {}
            NodeOrder::Instantiate { .. }
            | NodeOrder::Terminate { .. }
            | NodeOrder::Restart { .. }
            | NodeOrder::Assign { .. }
            | NodeOrder::Remove { .. }
            | NodeOrder::Cleanup { .. }
            | NodeOrder::Repair { .. }
            | NodeOrder::Monitor { .. } => {
                if let Some(report) = self.carry_out(order) {
                    self.wire.push_back(tell(NodeReport::Su(report)));
                }
            }
        }
    }

    fn carry_out(&mut self, order: NodeOrder) -> Option<SuReport> {
        let (id, su) = order.answered()?;
        let (_, report) = self.sus.get_mut(su)?;
        report.order = Some(OrderReport {
            term: TERM,
            id,
            outcome: OrderOutcome::Done,
        });
        match order {
            NodeOrder::Instantiate { .. } => set_presence(report, PresenceState::Instantiated),
            NodeOrder::Terminate { .. } => set_presence(report, PresenceState::Uninstantiated),
            NodeOrder::Assign { ha, sis, .. } => {
                for part in sis {
                    report.assignments.retain(|held| held.si != part.si);
                    let csis = part.csis.into_iter().map(|csi| (csi.csi, csi.comp)).collect();
                    let si = part.si;
                    report.assignments.push(AssignmentReport { si, ha, csis });
                }
                report.assignments.sort_by(|a, b| a.si.cmp(&b.si));
            }
            NodeOrder::Remove { sis, .. } => report.assignments.retain(|held| !sis.contains(&held.si)),
            NodeOrder::Cleanup { .. } => {
                report.assignments.clear();
                set_presence(report, PresenceState::Uninstantiated);
            }
            _ => report.fault = None,
        }
        Some(report.clone())
    }
}

/// What this thread has used of a processor, so that whatever else the machine does is not counted.
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

fn set_presence(report: &mut SuReport, presence: PresenceState) {
    report.presence = presence;
    for comp in &mut report.comps {
        comp.presence = presence;
    }
}
