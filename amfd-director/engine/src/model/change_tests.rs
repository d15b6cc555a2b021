//! Random changes: the model that was changed step by step is the one that is built of the same objects at once.

use ais::{Attr, Dn, Value};

use super::raw::Raw;
use super::{Concern, Model};
use crate::event::ModelChange;

/// A small generator; the same seed gives the same changes.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

/// Attributes that name something, the class they belong to, and what they may name.
const NAMES: &[(&str, &str, &str)] = &[
    ("SaAmfSG", "saAmfSGType", "SaAmfSGType"),
    ("SaAmfSG", "saAmfSGSuHostNodeGroup", "SaAmfNodeGroup"),
    ("SaAmfSU", "saAmfSUType", "SaAmfSUType"),
    ("SaAmfSU", "saAmfSUHostNodeOrNodeGroup", "SaAmfNode"),
    ("SaAmfSU", "saAmfSUHostNodeOrNodeGroup", "SaAmfNodeGroup"),
    ("SaAmfComp", "saAmfCompType", "SaAmfCompType"),
    ("SaAmfCompType", "saAmfCtSwBundle", "SaSmfSwBundle"),
    ("SaAmfSI", "saAmfSIProtectedbySG", "SaAmfSG"),
    ("SaAmfCSI", "saAmfCSType", "SaAmfCSType"),
    ("SaAmfCSI", "saAmfCSIDependencies", "SaAmfCSI"),
    ("SaAmfNodeGroup", "saAmfNGNodeList", "SaAmfNode"),
];

/// Attributes with a number, and up to which.
const NUMBERS: &[(&str, &str, usize)] = &[
    ("SaAmfSGType", "saAmfSgtRedundancyModel", 5),
    ("SaAmfSGType", "saAmfSgtDefCompRestartMax", 3),
    ("SaAmfSUType", "saAmfSutDefSUFailover", 1),
    ("SaAmfCompType", "saAmfCtCompCategory", 1),
    ("SaAmfCompType", "saAmfCtDefDisableRestart", 1),
    ("SaAmfCtCsType", "saAmfCtCompCapability", 2),
    ("SaAmfCompCsType", "saAmfCompNumMaxActiveCSIs", 3),
    ("SaAmfCompGlobalAttributes", "saAmfNumMaxInstantiateWithDelay", 3),
    ("SaAmfSG", "saAmfSGNumPrefInserviceSUs", 3),
    ("SaAmfSU", "saAmfSURank", 3),
    ("SaAmfSI", "saAmfSIRank", 3),
    ("SaAmfComp", "saAmfCompInstantiationLevel", 3),
    ("SaAmfNode", "saAmfNodeAutoRepair", 1),
    ("SaAmfHealthcheckType", "saAmfHctDefPeriod", 3),
    ("OpenSafAmfConfig", "osafAmfRestrictAutoRepairEnable", 1),
];

/// Everything that may exist, with its class; parents first.
fn universe() -> Vec<(&'static str, Dn)> {
    let mut all = vec![
        ("SaAmfCluster", dn("safAmfCluster=c")),
        ("SaAmfCompGlobalAttributes", dn("safRdn=global")),
        ("OpenSafAmfConfig", dn("amfConfig=1")),
        ("SaSmfSwBundle", dn("safSmfBundle=b")),
        ("SaAmfApplication", dn("safApp=A")),
        ("SaAmfApplication", dn("safApp=Foreign")),
        (
            "SaAmfSIRankedSU",
            dn("safRankedSu=safSu=1\\,safSg=1\\,safApp=A,safSi=1,safApp=A"),
        ),
        (
            "SaAmfSIDependency",
            dn("safDepend=safSi=1\\,safApp=A,safSi=2,safApp=A"),
        ),
    ];
    for n in 1..=2 {
        let (cs_type, comp_type) = (
            format!("safVersion={n},safCSType=x"),
            format!("safVersion={n},safCompType=x"),
        );
        all.push(("SaAmfSGType", dn(&format!("safVersion={n},safSgType=x"))));
        all.push(("SaAmfSUType", dn(&format!("safVersion={n},safSuType=x"))));
        all.push(("SaAmfCSType", dn(&cs_type)));
        all.push(("SaAmfCompType", dn(&comp_type)));
        let supports = format!("safSupportedCsType={}", dn(&cs_type).escaped());
        all.push(("SaAmfCtCsType", dn(&format!("{supports},{comp_type}"))));
        all.push((
            "SaAmfHealthcheckType",
            dn(&format!("safHealthcheckKey=k,{comp_type}")),
        ));
        all.push((
            "SaAmfNodeGroup",
            dn(&format!("safAmfNodeGroup={n},safAmfCluster=c")),
        ));
    }
    for n in 1..=3 {
        all.push(("SaAmfNode", dn(&format!("safAmfNode={n},safAmfCluster=c"))));
        all.push((
            "SaAmfNodeSwBundle",
            dn(&format!(
                "safInstalledSwBundle=safSmfBundle\\=b,safAmfNode={n},safAmfCluster=c"
            )),
        ));
    }
    for sg in ["safSg=1,safApp=A", "safSg=2,safApp=A", "safSg=1,safApp=Foreign"] {
        all.push(("SaAmfSG", dn(sg)));
        for n in 1..=3 {
            all.push(("SaAmfSU", dn(&format!("safSu={n},{sg}"))));
            all.push(("SaAmfComp", dn(&format!("safComp=c,safSu={n},{sg}"))));
        }
        let supports = format!("safSupportedCsType={}", dn("safVersion=1,safCSType=x").escaped());
        all.push((
            "SaAmfCompCsType",
            dn(&format!("{supports},safComp=c,safSu=1,{sg}")),
        ));
    }
    for n in 1..=3 {
        all.push(("SaAmfSI", dn(&format!("safSi={n},safApp=A"))));
        for k in 1..=2 {
            all.push(("SaAmfCSI", dn(&format!("safCsi={k},safSi={n},safApp=A"))));
        }
        all.push((
            "SaAmfCSIAttribute",
            dn(&format!("safCsiAttr=a,safCsi=1,safSi={n},safApp=A")),
        ));
    }
    all
}

fn attributes(chance: &mut Chance, class: &str, all: &[(&'static str, Dn)]) -> Vec<Attr> {
    let mut attrs: Vec<Attr> = Vec::new();
    for (of, name, target) in NAMES.iter().filter(|(of, ..)| *of == class) {
        debug_assert_eq!(*of, class);
        let targets: Vec<&Dn> = all
            .iter()
            .filter(|(class, _)| class == target)
            .map(|(_, dn)| dn)
            .collect();
        let value = Value::Name(chance.of(&targets).to_string());
        if chance.below(8) > 0 && !attrs.iter().any(|attr| attr.name == *name) {
            attrs.push(Attr::single(*name, value));
        }
    }
    for (_, name, up_to) in NUMBERS.iter().filter(|(of, ..)| *of == class) {
        // Now and then one that is too great.
        let value = chance.below(up_to + 1) + if chance.below(40) == 0 { 7 } else { 0 };
        let value = u32::try_from(value).unwrap();
        attrs.push(Attr::single(*name, Value::Uint32(value)));
    }
    for kind in ["Instantiate", "Terminate", "Cleanup"]
        .iter()
        .filter(|_| class == "SaAmfCompType")
    {
        let path = (*chance.of(&["/bin/x", "x"])).to_owned();
        attrs.push(Attr::single(
            format!("saAmfCtRelPath{kind}Cmd"),
            Value::String(path),
        ));
    }
    if class == "SaAmfNodeSwBundle" {
        let path = (*chance.of(&["/opt/a", "/opt/b"])).to_owned();
        attrs.push(Attr::single("saAmfNodeSwBundlePathPrefix", Value::String(path)));
    }
    attrs
}

fn random_change(chance: &mut Chance, raw: &Raw, all: &[(&'static str, Dn)]) -> ModelChange {
    let (class, dn) = chance.of(all).clone();
    let exists = raw.get(&dn).is_some();
    match chance.below(5) {
        0 if exists => ModelChange::Delete { dn },
        1..=3 if exists => {
            let mut attrs = attributes(chance, class, all);
            attrs.truncate(1 + chance.below(2));
            ModelChange::Modify { dn, attrs }
        }
        _ => ModelChange::Create {
            class: class.to_owned(),
            attrs: attributes(chance, class, all),
            dn,
        },
    }
}

#[test]
fn a_changed_model_is_the_one_that_its_objects_make() {
    let all = universe();
    let foreign = [dn("safApp=Foreign")];
    let (mut served, mut broken, mut untouched) = (0, 0, 0);
    for seed in 0..60 {
        let mut chance = Chance(seed);
        let (mut raw, mut model) = (Raw::default(), Model::default());
        for (class, dn) in &all {
            let attrs = attributes(&mut chance, class, &all);
            let (class, dn) = ((*class).to_owned(), dn.clone());
            raw.apply(&ModelChange::Create { class, dn, attrs });
        }
        model = Model::build(&raw, &foreign, &model).0;
        for step in 0..60 {
            let mut concern = Concern::default();
            let mut ccb = Vec::new();
            for _ in 0..=chance.below(3) {
                let next = random_change(&mut chance, &raw, &all);
                concern.note(&raw, &next);
                raw.apply(&next);
                concern.note(&raw, &next);
                ccb.push(next);
            }
            let before = model.clone();
            let changes = model.update(&raw, &foreign, &concern);
            let fresh = Model::build(&raw, &foreign, &before).0;
            assert_eq!(model, fresh, "seed {seed} step {step}: {ccb:#?}");
            for sg in before.sgs.keys().chain(model.sgs.keys()) {
                let differs = before.sgs.get(sg) != model.sgs.get(sg);
                assert_eq!(
                    differs,
                    changes.sgs.contains_key(sg),
                    "seed {seed} step {step}: {sg}"
                );
                untouched += u32::from(!differs);
            }
            served += model.sgs.len();
            broken += model.problems().count();
        }
    }
    assert!(
        served > 1_000 && broken > 1_000 && untouched > 1_000,
        "{served} {broken} {untouched}"
    );
}
