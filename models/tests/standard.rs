//! The files that come with the project can be loaded, and its classes are those that OpenSAF has.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "tests may read files, print and panic"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ais::{AttrFlags, ClassDef, Dn};
use models::{
    Options, check, class_difference, missing_standard_classes, parse, standard_classes, standard_objects,
};

/// A folder of files made by others, beside the project; `None` where it is not there.
fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/models")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

#[test]
fn the_models_that_come_with_the_project_can_be_loaded() {
    for (name, text) in [
        ("demo.xml", models::DEMO),
        ("2n-three-sus.xml", models::TWO_N_THREE_SUS),
        ("no-redundancy.xml", models::NO_REDUNDANCY),
    ] {
        let document = parse(name, text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        let objects = document.objects.len();
        let operations = check(&[document], &standard_classes(), &Options::default(), |_| false)
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(operations.len(), objects, "{name}");
    }
}

#[test]
fn the_placeholders_of_the_demo_are_where_the_demo_looks_for_them() {
    assert_eq!(
        models::DEMO.matches("<value>/opt/perdure/demo</value>").count(),
        2
    );
    assert_eq!(models::DEMO.matches("<value>8080</value>").count(), 1);
}

#[test]
fn the_service_objects_come_parents_first() {
    let names: Vec<String> = standard_objects().iter().map(|o| o.dn().to_string()).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names[0], "safApp=safImmService");
    assert!(names.contains(&"opensafImm=opensafImm,safApp=safImmService".to_owned()));
    assert!(names.contains(&"safRdn=immManagement,safApp=safImmService".to_owned()));
}

#[test]
fn standard_classes_have_one_rdn_and_obey_the_rules_of_flags() {
    for class in standard_classes() {
        let rdns = class
            .attrs
            .iter()
            .filter(|a| a.flags.contains(AttrFlags::RDN))
            .count();
        assert_eq!(rdns, 1, "{}", class.name);
        for attr in &class.attrs {
            let (flags, name) = (attr.flags, &attr.name);
            let config = flags.contains(AttrFlags::CONFIG);
            assert!(config != flags.contains(AttrFlags::RUNTIME), "{name}");
            let only_config = AttrFlags::WRITABLE | AttrFlags::INITIALIZED;
            let only_runtime = AttrFlags::CACHED | AttrFlags::PERSISTENT;
            assert!(
                !flags.intersects(if config { only_runtime } else { only_config }),
                "{name}"
            );
            assert!(
                attr.default.is_none() || !flags.contains(AttrFlags::INITIALIZED),
                "{name}"
            );
        }
    }
}

#[test]
fn the_classes_are_those_of_opensaf() {
    let Some(folder) = shared("classes") else { return };
    let ours: BTreeMap<String, ClassDef> = standard_classes()
        .into_iter()
        .map(|c| (c.name.clone(), c))
        .collect();
    let mut compared = 0;
    for file in ["amf_classes.xml", "clmsv_classes.xml", "immsv_classes.xml"] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        for class in parse(file, &bytes).unwrap().classes {
            let own = ours.get(&class.it.name);
            let own = own.unwrap_or_else(|| panic!("{file}: {} is missing", class.it.name));
            assert_eq!(class_difference(own, &class.it), None, "{}", own.name);
            compared += 1;
        }
    }
    assert_eq!(compared, 39);
}

/// The objects that the models of OpenSAF's demos expect around them.
fn around() -> Vec<Dn> {
    let folder = shared("immsv").unwrap();
    let bytes = std::fs::read(folder.join("opensaf-3-nodes-imm.xml")).unwrap();
    let document = parse("opensaf-3-nodes-imm.xml", &bytes).unwrap();
    let mut names: Vec<Dn> = document
        .objects
        .iter()
        .map(|o| Dn::new(&o.dn.it).unwrap())
        .collect();
    // One of the demos is for five nodes.
    for node in ["PL-4", "PL-5"] {
        names.push(Dn::new(&format!("safAmfNode={node},safAmfCluster=myAmfCluster")).unwrap());
    }
    names
}

#[test]
fn the_models_of_opensaf_can_be_loaded_unchanged() {
    let (Some(immsv), Some(amf)) = (shared("immsv"), shared("amf")) else {
        return;
    };
    let around = around();
    let mut objects = BTreeMap::new();
    for folder in [immsv, amf] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            let document = parse(&name, &bytes).unwrap_or_else(|e| panic!("{e}"));
            let options = Options {
                long_dns: name.contains("longDN"),
                ..Options::default()
            };
            // A model of a whole cluster stands on its own.
            let whole = !document.classes.is_empty();
            let exists = |dn: &Dn| !whole && around.contains(dn);
            let documents = [document];
            let known = missing_standard_classes(&documents);
            let operations = check(&documents, &known, &options, exists);
            let operations = operations.unwrap_or_else(|e| panic!("{e}"));
            objects.insert(name, operations.len());
        }
    }
    assert_eq!(objects["opensaf-3-nodes-imm.xml"], 214);
    assert_eq!(objects["imm.xml.sample"], 347);
    assert_eq!(objects["AppConfig-2N.xml"], 30);
    assert_eq!(objects.len(), 11);
}
