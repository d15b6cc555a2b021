//! A cluster of two nodes that do at once what they are told, and what its director makes of it.

use std::collections::{BTreeMap, VecDeque};

use ais::amf::{
    AssignmentReport, CompConfig, CsiAssignment, HaState, NodeOrder, NodeReport, OrderId, OrderOutcome,
    OrderReport, PresenceState, ProtectionGroup, SiAssignment, SuConfig, SuReport, Term,
};
use ais::ntf::Notification;
use ais::{Attr, Dn, Millis, Value, ValueType};
use amfd_director_engine::{Director, Effect, Event, ModelChange, Publish, SessionId};

pub(super) const CLUSTER: &str = "safAmfCluster=c";
pub(super) const SG: &str = "safSg=G,safApp=A";
pub(super) const SU1: &str = "safSu=SU1,safSg=G,safApp=A";
pub(super) const SU2: &str = "safSu=SU2,safSg=G,safApp=A";
pub(super) const SI: &str = "safSi=I,safApp=A";
pub(super) const CSI: &str = "safCsi=k,safSi=I,safApp=A";
pub(super) const SG_TYPE: &str = "safVersion=1,safSgType=g";
pub(super) const SU_TYPE: &str = "safVersion=1,safSuType=s";
pub(super) const COMP_TYPE: &str = "safVersion=1,safCompType=c";
pub(super) const CS_TYPE: &str = "safVersion=1,safCSType=t";

pub(super) fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

pub(super) fn number(name: &str, value: u32) -> Attr {
    Attr::single(name, Value::Uint32(value))
}

pub(super) fn millis(name: &str, value: i64) -> Attr {
    Attr::single(name, Value::Time(value * 1_000_000))
}

pub(super) fn names(name: &str, values: &[&str]) -> Attr {
    let values = values.iter().map(|value| Value::Name((*value).to_owned()));
    Attr {
        name: name.to_owned(),
        value_type: ValueType::Name,
        values: values.collect(),
    }
}

pub(super) fn texts(name: &str, values: &[&str]) -> Attr {
    let values = values.iter().map(|value| Value::String((*value).to_owned()));
    Attr {
        name: name.to_owned(),
        value_type: ValueType::String,
        values: values.collect(),
    }
}

/// A model, and what a director makes of it.
#[derive(Default)]
pub(super) struct Cluster {
    pub(super) objects: Vec<ModelChange>,
    pub(super) director: Director,
    pub(super) configured: BTreeMap<Dn, SuConfig>,
    pub(super) reports: BTreeMap<Dn, SuReport>,
    pub(super) assigned: Vec<(HaState, SiAssignment)>,
    pub(super) reboots: u32,
    pub(super) repaired: Vec<Dn>,
    pub(super) groups: Vec<ProtectionGroup>,
    pub(super) shown: BTreeMap<(Dn, String), Vec<Value>>,
    pub(super) told: Vec<Notification>,
}

impl Cluster {
    /// A cluster with the nodes N1 and N2, a 2N group without SUs, and types that say as little as they may.
    pub(super) fn new() -> Cluster {
        let mut cluster = Cluster::default();
        cluster.add("SaAmfCluster", CLUSTER, vec![]);
        for node in ["N1", "N2"] {
            cluster.add("SaAmfNode", &format!("safAmfNode={node},{CLUSTER}"), vec![]);
        }
        cluster.add("SaAmfApplication", "safApp=A", vec![]);
        cluster.add("SaAmfCSType", CS_TYPE, vec![]);
        cluster.add("SaAmfSGType", SG_TYPE, vec![number("saAmfSgtRedundancyModel", 1)]);
        cluster.add("SaAmfSG", SG, vec![names("saAmfSGType", &[SG_TYPE])]);
        cluster
    }

    pub(super) fn add(&mut self, class: &str, name: &str, attrs: Vec<Attr>) {
        let class = class.to_owned();
        self.objects.push(ModelChange::Create {
            class,
            dn: dn(name),
            attrs,
        });
    }

    /// Changes the attributes of an object that was added.
    pub(super) fn set(&mut self, name: &str, more: Vec<Attr>) {
        for object in &mut self.objects {
            if let ModelChange::Create { dn: own, attrs, .. } = object
                && own.as_str() == name
            {
                attrs.extend(more.clone());
            }
        }
    }

    /// Types and an SI, an SU on each node with one component.
    pub(super) fn with_service(mut self) -> Cluster {
        self.add("SaAmfSUType", SU_TYPE, vec![number("saAmfSutDefSUFailover", 0)]);
        let program = |kind: &str| texts(&format!("saAmfCtRelPath{kind}Cmd"), &["/bin/x"]);
        let attrs = vec![
            number("saAmfCtCompCategory", 1),
            program("Instantiate"),
            program("Cleanup"),
        ];
        self.add("SaAmfCompType", COMP_TYPE, attrs);
        let supports = format!("safSupportedCsType=safVersion=1\\,safCSType=t,{COMP_TYPE}");
        self.add(
            "SaAmfCtCsType",
            &supports,
            vec![number("saAmfCtCompCapability", 1)],
        );
        for (su, node) in [(SU1, "N1"), (SU2, "N2")] {
            let node = format!("safAmfNode={node},{CLUSTER}");
            let attrs = vec![
                names("saAmfSUType", &[SU_TYPE]),
                names("saAmfSUHostNodeOrNodeGroup", &[&node]),
            ];
            self.add("SaAmfSU", su, attrs);
            let comp = format!("safComp=c,{su}");
            self.add("SaAmfComp", &comp, vec![names("saAmfCompType", &[COMP_TYPE])]);
        }
        self.add("SaAmfSI", SI, vec![names("saAmfSIProtectedbySG", &[SG])]);
        self.add("SaAmfCSI", CSI, vec![names("saAmfCSType", &[CS_TYPE])]);
        self
    }

    /// The director starts and both nodes come, doing all that they are told at once.
    pub(super) fn start(&mut self) {
        let objects = self.objects.clone();
        self.step(Event::Start {
            term: Term(1),
            objects,
        });
        for (session, node) in [(1, "N1"), (2, "N2")] {
            self.step(Event::NodeUp {
                node: dn(&format!("safAmfNode={node},{CLUSTER}")),
                session: SessionId(session),
            });
        }
    }

    pub(super) fn step(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.director.step(Millis(0), event) {
                match effect {
                    Effect::Send {
                        node, session, order, ..
                    } => {
                        let reports = self.carry_out(order).into_iter();
                        events.extend(reports.map(|report| Event::Report {
                            node: node.clone(),
                            session,
                            report,
                        }));
                    }
                    Effect::Publish(publish) => self.publish(publish),
                    Effect::AdminReply { .. }
                    | Effect::Fence { .. }
                    | Effect::Disconnect { .. }
                    | Effect::Because(_)
                    | Effect::Story(_) => {}
                    Effect::Notify { told, .. } => self.told.push(*told),
                }
            }
        }
    }

    pub(super) fn publish(&mut self, publish: Publish) {
        match publish {
            Publish::Update { dn, attrs } | Publish::Create { dn, attrs, .. } => {
                for attr in attrs {
                    self.shown.insert((dn.clone(), attr.name), attr.values);
                }
            }
            Publish::Delete { dn } => self.shown.retain(|(of, _), _| *of != dn),
        }
    }

    pub(super) fn carry_out(&mut self, order: NodeOrder) -> Vec<NodeReport> {
        match order {
            NodeOrder::ConfigureSu(config) => {
                let su = config.dn.clone();
                let report = SuReport::uninstantiated(&config);
                self.configured.insert(su.clone(), config);
                let report = self.reports.entry(su).or_insert(report).clone();
                vec![NodeReport::Su(report)]
            }
            NodeOrder::ReportAll => vec![NodeReport::AllReported],
            NodeOrder::ConfigureNode(_) => vec![],
            NodeOrder::Repair { su, .. } => {
                self.repaired.push(su);
                vec![]
            }
            NodeOrder::Reboot { .. } => {
                self.reboots += 1;
                vec![]
            }
            NodeOrder::Instantiate { id, su } => self.report(&su, id, |report| {
                report.presence = PresenceState::Instantiated;
                for comp in &mut report.comps {
                    comp.presence = PresenceState::Instantiated;
                }
            }),
            NodeOrder::Assign { id, su, ha, sis } => {
                self.assigned.extend(sis.iter().map(|si| (ha, si.clone())));
                self.report(&su, id, |report| {
                    report.assignments = sis.iter().map(|si| held(si, ha)).collect();
                })
            }
            NodeOrder::ProtectionGroup(group) => {
                self.groups.push(group);
                vec![]
            }
            other => panic!("{other:?} is not expected"),
        }
    }

    pub(super) fn report(
        &mut self,
        su: &Dn,
        id: OrderId,
        change: impl FnOnce(&mut SuReport),
    ) -> Vec<NodeReport> {
        let report = self.reports.get_mut(su).unwrap();
        report.order = Some(OrderReport {
            term: Term(1),
            id,
            outcome: OrderOutcome::Done,
        });
        change(report);
        vec![NodeReport::Su(report.clone())]
    }

    pub(super) fn numbers(&self, name: &str, attrs: &[&str]) -> Vec<u32> {
        let value = |attr: &&str| {
            let values = self.shown.get(&(dn(name), (*attr).to_owned()));
            values.and_then(|values| values.first()?.as_u32()).unwrap()
        };
        attrs.iter().map(value).collect()
    }

    pub(super) fn dns(&self, name: &str, attr: &str) -> Vec<Dn> {
        let values = self.shown.get(&(dn(name), attr.to_owned())).unwrap();
        values.iter().map(|value| value.as_dn().unwrap()).collect()
    }

    pub(super) fn comp(&self, su: &str, comp: &str) -> &CompConfig {
        let comp = dn(&format!("safComp={comp},{su}"));
        let su = &self.configured[&dn(su)];
        su.comps.iter().find(|config| config.dn == comp).unwrap()
    }

    /// The CSIs that were given in the state.
    pub(super) fn given(&self, ha: HaState) -> Vec<&CsiAssignment> {
        let of = self.assigned.iter().filter(|(given, _)| *given == ha);
        of.flat_map(|(_, si)| &si.csis).collect()
    }
}

pub(super) fn held(si: &SiAssignment, ha: HaState) -> AssignmentReport {
    let csis = si.csis.iter().map(|csi| (csi.csi.clone(), csi.comp.clone()));
    AssignmentReport {
        si: si.si.clone(),
        ha,
        csis: csis.collect(),
    }
}
