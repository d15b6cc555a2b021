//! The tiny model language of the scenario files, turned into objects.
//!
//! ```text
//! node N1 failover-max=2          sg G model=2N pref=2 auto-repair=0 app=A
//! group NG nodes=N1,N2
//! su SU1 node=N1 rank=1 comps=2 standby-csis=1
//! si web rank=1 csis=2
//! depend web on=db tolerance=5000
//! ranked web SU2 SU1
//! sus 8                           sis 6 rotated=8
//! ```
//!
//! `ranked` gives the SUs that the SI prefers. `sus` makes nodes N1, N2, ... with an SU each, in the order of their ranks
//! (all of the same rank with `equal=1`, those after the first n locked for instantiation with `in-service=n`); `sis` makes SI1, SI2, ... in the same way. The SI with the number k of
//! `rotated` ones prefers SUk, then those after it, and SU1 after the last.

use std::collections::BTreeMap;

use ais::{Attr, Dn, Value};
use amfd_director_engine::ModelChange;

/// The objects so far, with their short names.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) objects: Vec<ModelChange>,
    pub(crate) names: BTreeMap<String, Dn>,
    sg: Option<Dn>,
}

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

fn u32_attr(name: &str, value: u32) -> Attr {
    Attr::single(name, Value::Uint32(value))
}

fn name_attr(name: &str, value: &Dn) -> Attr {
    Attr::single(name, Value::Name(value.to_string()))
}

fn time_attr(name: &str, millis: u32) -> Attr {
    Attr::single(name, Value::Time(i64::from(millis) * 1_000_000))
}

fn text_attr(name: &str, value: &str) -> Attr {
    Attr::single(name, Value::String(value.to_owned()))
}

/// The `key=value` words of a line.
pub(crate) struct Words<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Words<'a> {
    pub(crate) fn new(words: &[&'a str]) -> Words<'a> {
        Words(words.iter().filter_map(|word| word.split_once('=')).collect())
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied()
    }

    pub(crate) fn number(&self, key: &str, default: u32) -> u32 {
        self.text(key).map_or(default, |text| text.parse().unwrap())
    }
}

const CLUSTER: &str = "safAmfCluster=c";
const APP: &str = "safApp=A";
const CS_TYPE: &str = "safVersion=1,safCSType=cs";

impl Model {
    fn add(&mut self, class: &str, name: &Dn, attrs: Vec<Attr>) {
        let class = class.to_owned();
        self.objects.push(ModelChange::Create {
            class,
            dn: name.clone(),
            attrs,
        });
    }

    fn base(&mut self) {
        if !self.objects.is_empty() {
            return;
        }
        self.add(
            "SaAmfCluster",
            &dn(CLUSTER),
            vec![time_attr("saAmfClusterStartupTimeout", 5_000)],
        );
        self.add("SaAmfApplication", &dn(APP), vec![]);
        for base in [
            "SG safSgType=sg",
            "SU safSuType=su",
            "Comp safCompType=sa",
            "Comp safCompType=npi",
        ] {
            let (of, name) = base.split_once(' ').unwrap();
            self.add(&format!("SaAmf{of}BaseType"), &dn(name), vec![]);
        }
        self.add("SaAmfCSType", &dn(CS_TYPE), vec![]);
        for version in 1..=2 {
            let su_type = dn(&format!("safVersion={version},safSuType=su"));
            self.add(
                "SaAmfSUType",
                &su_type,
                vec![u32_attr("saAmfSutDefSUFailover", 0)],
            );
        }
        for (name, category) in [("sa", 1), ("npi", 8)] {
            let comp_type = dn(&format!("safVersion=1,safCompType={name}"));
            let attrs = vec![
                u32_attr("saAmfCtCompCategory", category),
                text_attr("saAmfCtRelPathInstantiateCmd", "/bin/start"),
                text_attr("saAmfCtRelPathTerminateCmd", "/bin/stop"),
                text_attr("saAmfCtRelPathCleanupCmd", "/bin/clean"),
            ];
            self.add("SaAmfCompType", &comp_type, attrs);
            let supports = Dn::child(
                &format!("safSupportedCsType={}", dn(CS_TYPE).escaped()),
                Some(&comp_type),
            );
            self.add(
                "SaAmfCtCsType",
                &supports.unwrap(),
                vec![u32_attr("saAmfCtCompCapability", 1)],
            );
        }
    }

    /// Takes a line; `None` where it is no model line.
    pub(crate) fn line(&mut self, words: &[&str]) -> Option<()> {
        let name = words.get(1)?;
        let options = Words::new(words.get(2..)?);
        match words[0] {
            "node" => self.node(name, &options),
            "group" => self.group(name, &options),
            "sg" => self.sg(name, &options),
            "su" => self.su(name, &options),
            "sus" => self.sus(name, &words[2..]),
            "si" => self.si(name, &options),
            "sis" => self.sis(name, &words[2..]),
            "ranked" => self.ranked(name, &words[2..]),
            "depend" => self.depend(name, &options),
            _ => return None,
        }
        Some(())
    }

    fn named(&mut self, short: &str, full: String) -> Dn {
        self.base();
        let full = dn(&full);
        self.names.insert(short.to_owned(), full.clone());
        full
    }

    fn node(&mut self, name: &str, options: &Words<'_>) {
        let node = self.named(name, format!("safAmfNode={name},{CLUSTER}"));
        let attrs = vec![
            u32_attr("saAmfNodeSuFailoverMax", options.number("failover-max", 10)),
            time_attr("saAmfNodeSuFailOverProb", options.number("failover-prob", 60_000)),
            u32_attr("saAmfNodeAutoRepair", options.number("auto-repair", 1)),
            u32_attr(
                "saAmfNodeFailfastOnInstantiationFailure",
                options.number("failfast", 0),
            ),
            u32_attr(
                "saAmfNodeFailfastOnTerminationFailure",
                options.number("failfast-termination", 0),
            ),
        ];
        self.add("SaAmfNode", &node, attrs);
    }

    fn group(&mut self, name: &str, options: &Words<'_>) {
        let group = self.named(name, format!("safAmfNodeGroup={name},{CLUSTER}"));
        let nodes = options.text("nodes").unwrap().split(',');
        let values = nodes
            .map(|node| Value::Name(self.names[node].to_string()))
            .collect();
        let list = Attr {
            name: "saAmfNGNodeList".to_owned(),
            value_type: ais::ValueType::Name,
            values,
        };
        self.add("SaAmfNodeGroup", &group, vec![list]);
    }

    /// The application, made where it is not there yet.
    fn app(&mut self, name: &str) -> Dn {
        self.base();
        let app = dn(&format!("safApp={name}"));
        let known = |object: &ModelChange| matches!(object, ModelChange::Create { dn, .. } if *dn == app);
        if !self.objects.iter().any(known) {
            self.add("SaAmfApplication", &app, vec![]);
        }
        app
    }

    fn sg(&mut self, name: &str, options: &Words<'_>) {
        let app = self.app(options.text("app").unwrap_or("A"));
        let sg = self.named(name, format!("safSg={name},{app}"));
        let code = match options.text("model").unwrap() {
            "2N" => 1,
            "N+M" => 2,
            "N-way" => 3,
            "N-way-active" => 4,
            "no-redundancy" => 5,
            other => panic!("model {other}"),
        };
        let sg_type = dn(&format!("safVersion={name},safSgType=sg"));
        let versions = options.text("su-types").unwrap_or("1").split(',');
        let valid = versions.map(|version| Value::Name(format!("safVersion={version},safSuType=su")));
        let valid = Attr {
            name: "saAmfSgtValidSuTypes".to_owned(),
            value_type: ais::ValueType::Name,
            values: valid.collect(),
        };
        let model = u32_attr("saAmfSgtRedundancyModel", code);
        self.add("SaAmfSGType", &sg_type, vec![model, valid]);
        let attrs = vec![
            name_attr("saAmfSGType", &sg_type),
            u32_attr("saAmfSGNumPrefInserviceSUs", options.number("pref", 0)),
            u32_attr("saAmfSGNumPrefActiveSUs", options.number("active", 1)),
            u32_attr("saAmfSGNumPrefStandbySUs", options.number("standby", 1)),
            u32_attr("saAmfSGNumPrefAssignedSUs", options.number("assigned", 0)),
            u32_attr("saAmfSGMaxActiveSIsperSU", options.number("max-active", 0)),
            u32_attr("saAmfSGMaxStandbySIsperSU", options.number("max-standby", 0)),
            u32_attr("saAmfSGAutoRepair", options.number("auto-repair", 1)),
            u32_attr("saAmfSGAutoAdjust", options.number("auto-adjust", 0)),
            time_attr("saAmfSGAutoAdjustProb", options.number("adjust-prob", 0)),
        ];
        self.add("SaAmfSG", &sg, attrs);
        self.sg = Some(sg);
    }

    /// The SG that a line names; the last one where it names none.
    fn sg_of(&self, options: &Words<'_>) -> Dn {
        let named = options.text("sg").map(|name| self.names[name].clone());
        named.or_else(|| self.sg.clone()).unwrap()
    }

    fn su(&mut self, name: &str, options: &Words<'_>) {
        let sg = self.sg_of(options);
        let su = self.named(name, format!("safSu={name},{sg}"));
        let node = self.names[options.text("node").unwrap()].clone();
        let attrs = vec![
            name_attr("saAmfSUType", &dn("safVersion=1,safSuType=su")),
            u32_attr("saAmfSURank", options.number("rank", 0)),
            name_attr("saAmfSUHostNodeOrNodeGroup", &node),
            u32_attr("saAmfSUAdminState", options.number("admin", 1)),
            u32_attr("saAmfSUFailover", options.number("failover", 0)),
        ];
        self.add("SaAmfSU", &su, attrs);
        for number in 1..=options.number("comps", 1) {
            let comp = Dn::child(&format!("safComp=c{number}"), Some(&su)).unwrap();
            let kind = options.text("type").unwrap_or("sa");
            let attrs = vec![
                name_attr("saAmfCompType", &dn(&format!("safVersion=1,safCompType={kind}"))),
                u32_attr("saAmfCompDisableRestart", options.number("disable-restart", 0)),
            ];
            self.add("SaAmfComp", &comp, attrs);
            self.limits(&comp, options);
        }
    }

    /// The greatest numbers of CSIs, where the line gives them.
    fn limits(&mut self, comp: &Dn, options: &Words<'_>) {
        let limit = |key: &str, attr: &str| options.text(key).map(|_| u32_attr(attr, options.number(key, 0)));
        let attrs = [
            limit("active-csis", "saAmfCompNumMaxActiveCSIs"),
            limit("standby-csis", "saAmfCompNumMaxStandbyCSIs"),
        ];
        let attrs: Vec<Attr> = attrs.into_iter().flatten().collect();
        if !attrs.is_empty() {
            let rdn = format!("safSupportedCsType={}", dn(CS_TYPE).escaped());
            self.add("SaAmfCompCsType", &Dn::child(&rdn, Some(comp)).unwrap(), attrs);
        }
    }

    fn si(&mut self, name: &str, options: &Words<'_>) {
        let sg = self.sg_of(options);
        let si = self.named(name, format!("safSi={name},{}", sg.parent().unwrap()));
        let attrs = vec![
            name_attr("saAmfSIProtectedbySG", &sg),
            u32_attr("saAmfSIRank", options.number("rank", 0)),
            u32_attr("saAmfSIAdminState", options.number("admin", 1)),
            u32_attr("saAmfSIPrefActiveAssignments", options.number("active", 0)),
            u32_attr("saAmfSIPrefStandbyAssignments", options.number("standby", 1)),
        ];
        self.add("SaAmfSI", &si, attrs);
        for number in 1..=options.number("csis", 1) {
            let csi = Dn::child(&format!("safCsi=k{number}"), Some(&si)).unwrap();
            self.add("SaAmfCSI", &csi, vec![name_attr("saAmfCSType", &dn(CS_TYPE))]);
        }
    }

    fn sus(&mut self, number: &str, options: &[&str]) {
        let equal = Words::new(options).number("equal", 0) == 1;
        let in_service = Words::new(options).number("in-service", u32::MAX);
        for number in 1..=number.parse().unwrap() {
            let (node, name) = (format!("N{number}"), format!("SU{number}"));
            self.node(&node, &Words::new(&[]));
            let rank: u32 = if equal { 0 } else { number };
            let admin = if number > in_service { 3 } else { 1 };
            let own = format!("node={node} rank={rank} admin={admin}");
            let words: Vec<&str> = own.split(' ').chain(options.iter().copied()).collect();
            self.su(&name, &Words::new(&words));
        }
    }

    fn sis(&mut self, number: &str, options: &[&str]) {
        let rotated = Words::new(options).number("rotated", 0);
        for number in 1..=number.parse().unwrap() {
            let (name, rank) = (format!("SI{number}"), format!("rank={number}"));
            let words: Vec<&str> = [rank.as_str()].iter().chain(options).copied().collect();
            self.si(&name, &Words::new(&words));
            let order = (number..=rotated).chain(1..number).map(|su| format!("SU{su}"));
            let order: Vec<String> = if rotated > 0 { order.collect() } else { Vec::new() };
            self.ranked(&name, &order.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    /// `ranked web SU2 SU1`: the SI web prefers SU2, then SU1.
    fn ranked(&mut self, si: &str, sus: &[&str]) {
        for (su, rank) in sus.iter().zip(1..) {
            let rdn = format!("safRankedSu={}", self.names[*su].escaped());
            let ranked = Dn::child(&rdn, Some(&self.names[si])).unwrap();
            self.add("SaAmfSIRankedSU", &ranked, vec![u32_attr("saAmfRank", rank)]);
        }
    }

    /// `depend web on=db`: the SI web depends on the SI db.
    fn depend(&mut self, name: &str, options: &Words<'_>) {
        let sponsor = &self.names[options.text("on").unwrap()];
        let rdn = format!("safDepend={}", sponsor.escaped());
        let dependency = Dn::child(&rdn, Some(&self.names[name])).unwrap();
        self.names
            .insert(format!("{name}-on-{}", sponsor.rdn_value()), dependency.clone());
        let tolerance = options.number("tolerance", 0);
        self.add(
            "SaAmfSIDependency",
            &dependency,
            vec![time_attr("saAmfToleranceTime", tolerance)],
        );
    }
}
