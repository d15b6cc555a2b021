//! The engine takes the models that OpenSAF's users have.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test program: it reads files, prints, and may end at the first surprise"
)]

use std::path::Path;

use ais::amf::{NodeOrder, SuConfig, Term};
use ais::{Attr, CcbOperation, Dn, Millis, Value, ValueType};
use amfd_director_engine::{Director, Effect, Event, ModelChange, SessionId, check};
use models::{new_classes, parse, resolve};

fn load(folder: &Path, file: &str, known: &mut Vec<ais::ClassDef>) -> Vec<ModelChange> {
    let bytes = std::fs::read(folder.join(file)).unwrap();
    let document = parse(file, &bytes).unwrap();
    let documents = [document];
    known.extend(new_classes(&documents, known));
    let operations = resolve(&documents, known).unwrap();
    operations
        .into_iter()
        .filter_map(|operation| match operation {
            CcbOperation::Create { class, dn, attrs } => Some(ModelChange::Create { class, dn, attrs }),
            CcbOperation::Modify { .. } | CcbOperation::Delete { .. } => None,
        })
        .collect()
}

fn configured(effects: &[Effect]) -> Vec<SuConfig> {
    let config = |effect: &Effect| match effect {
        Effect::Send {
            order: NodeOrder::ConfigureSu(config),
            ..
        } => Some(config.clone()),
        _ => None,
    };
    effects.iter().filter_map(config).collect()
}

#[test]
fn opensafs_own_cluster_and_its_demo_are_served() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models");
    if !folder.exists() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let mut known = Vec::new();
    let mut director = Director::new();
    let objects = load(&folder, "immsv/opensaf-3-nodes-imm.xml", &mut known);
    let effects = director.step(
        Millis(0),
        Event::Start {
            term: Term(1),
            objects,
        },
    );
    let told: Vec<String> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Because(because) => Some(format!("{} {}", because.reason.code(), because.subject)),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["APP-FOREIGN safApp=OpenSAF"]);

    let changes = load(&folder, "amf/AppConfig-2N.xml", &mut known);
    director.validate(&changes).unwrap();
    let _ = director.step(Millis(1), Event::CcbApplied { changes });
    let mut found = Vec::new();
    for (number, name) in (1..).zip(["SC-1", "SC-2", "PL-3"]) {
        let node = Dn::new(&format!("safAmfNode={name},safAmfCluster=myAmfCluster")).unwrap();
        let session = SessionId(number);
        let effects = director.step(Millis(2), Event::NodeUp { node, session });
        found.extend(configured(&effects));
    }
    check(&director).unwrap();
    let [one, two] = found.as_slice() else {
        panic!("two SUs are configured, one on each controller: {found:?}");
    };
    assert_eq!(one.dn.as_str(), "safSu=SU1,safSg=AmfDemo,safApp=AmfDemo1");
    assert_eq!(two.dn.as_str(), "safSu=SU2,safSg=AmfDemo,safApp=AmfDemo1");
    assert!(one.su_failover, "from the SU type");
    assert_eq!(
        (one.limits.comp_restart_max, one.limits.comp_restart_probation),
        (10, Millis(4_000))
    );
    let comp = &one.comps[0];
    let instantiate = comp.instantiate.as_ref().unwrap();
    assert_eq!(instantiate.path, "/opt/amf_demo/amf_demo_script");
    assert_eq!(instantiate.argv, ["instantiate"]);
    assert_eq!(instantiate.timeout, Millis(10_000));
    assert_eq!(
        comp.env.len(),
        5,
        "the type's before the component's: {:?}",
        comp.env
    );
    assert_eq!(comp.env[2], "AMF_DEMO_VAR2=COMP1_OVERLOAD_VALUE2");
    assert_eq!(
        comp.csi_set_timeout,
        Millis(10_000),
        "falls back to the type's callback timeout"
    );
    let check = &comp.healthchecks[0];
    assert_eq!(
        (check.key.as_str(), check.period, check.max_duration),
        ("AmfDemo", Millis(10_000), Millis(6_000))
    );

    more_csi_values(&mut director);
}

/// `immcfg -a saAmfCSIAttriValue+=CCCC`
fn more_csi_values(director: &mut Director) {
    let values = ["AAAA", "BBBB", "CCCC"].map(|text| Value::String(text.to_owned()));
    let attr = Attr {
        name: "saAmfCSIAttriValue".to_owned(),
        value_type: ValueType::String,
        values: values.to_vec(),
    };
    let dn = Dn::new("safCsiAttr=AmfDemo1,safCsi=AmfDemo,safSi=AmfDemo,safApp=AmfDemo1").unwrap();
    let changes = vec![ModelChange::Modify {
        dn,
        attrs: vec![attr],
    }];
    director.validate(&changes).unwrap();
    let _ = director.step(Millis(3), Event::CcbApplied { changes });
}

#[test]
fn every_model_of_opensafs_samples_is_accepted_or_refused_with_the_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models");
    if !folder.exists() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    for file in std::fs::read_dir(folder.join("amf")).unwrap().flatten() {
        let name = format!("amf/{}", file.file_name().to_string_lossy());
        let mut known = Vec::new();
        let mut director = Director::new();
        let objects = load(&folder, "immsv/opensaf-3-nodes-imm.xml", &mut known);
        let _ = director.step(
            Millis(0),
            Event::Start {
                term: Term(1),
                objects,
            },
        );
        let changes = load(&folder, &name, &mut known);
        match director.validate(&changes) {
            Ok(()) => {
                let _ = director.step(Millis(1), Event::CcbApplied { changes });
                check(&director).unwrap();
                println!("{name}: accepted");
            }
            Err(refusal) => {
                assert!(!refusal.text.is_empty());
                println!("{name}: {refusal}");
            }
        }
    }
}
