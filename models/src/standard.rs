//! What comes with the project: classes and objects that every cluster has, and models to try.

use ais::{CcbOperation, ClassDef};

use crate::{Document, Problems, parse, resolve};

/// The model of `perdure demo`; the bundle's path and the port in it are placeholders.
pub const DEMO: &str = include_str!("../demo.xml");
/// A 2N group with three SUs (AMF B.02.01 §3.7.2).
pub const TWO_N_THREE_SUS: &str = include_str!("../2n-three-sus.xml");
/// A group without redundancy (AMF B.02.01 §3.7.6).
pub const NO_REDUNDANCY: &str = include_str!("../no-redundancy.xml");

/// The files with the standard classes, with their names.
const CLASSES: [(&str, &str); 3] = [
    ("classes-imm.xml", include_str!("../classes-imm.xml")),
    ("classes-clm.xml", include_str!("../classes-clm.xml")),
    ("classes-amf.xml", include_str!("../classes-amf.xml")),
];

/// The file with the objects of the information model service.
const OBJECTS: (&str, &str) = ("objects-imm.xml", include_str!("../objects-imm.xml"));

/// The classes that every cluster has: those of the framework, the membership service and the information model.
///
/// # Panics
/// Never: the files are part of the program and a test reads them.
pub fn standard_classes() -> Vec<ClassDef> {
    documents()
        .into_iter()
        .flat_map(|document| document.classes)
        .map(|class| class.it)
        .collect()
}

/// The standard classes that the documents do not define themselves: what an empty repository gets beside them.
///
/// A model's own definition wins at that moment, as models of older releases need it; later it must agree with what
/// exists.
///
/// # Panics
/// Never, as for [`standard_classes`].
pub fn missing_standard_classes(documents: &[Document<'_>]) -> Vec<ClassDef> {
    let mut classes = standard_classes();
    let defined = |name: &str| {
        documents
            .iter()
            .flat_map(|d| &d.classes)
            .any(|class| class.it.name == name)
    };
    classes.retain(|class| !defined(&class.name));
    classes
}

/// The objects of the information model service itself: `opensafImm=opensafImm` and `safRdn=immManagement` with their
/// parent `safApp=safImmService`, parents first.
///
/// Every cluster has them. Those that a model brings itself, in whatever class, are to be left out by the caller.
///
/// # Panics
/// Never, as for [`standard_classes`].
pub fn standard_objects() -> Vec<CcbOperation> {
    ours(OBJECTS.0, read_objects())
}

fn documents() -> Vec<Document<'static>> {
    CLASSES
        .iter()
        .map(|(name, text)| ours(name, parse(name, text.as_bytes()).map_err(Problems::from)))
        .collect()
}

fn read_objects() -> Result<Vec<CcbOperation>, Problems> {
    let document = parse(OBJECTS.0, OBJECTS.1.as_bytes())?;
    resolve(&[document], &standard_classes())
}

/// A file of the project's own that cannot be read is the project's fault, found by its first test.
fn ours<T>(name: &str, read: Result<T, Problems>) -> T {
    read.unwrap_or_else(|problems| panic!("the built-in file {name} is broken:\n{problems}"))
}
