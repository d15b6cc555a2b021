//! The objects of the model as the repository holds them, with the indexes that the typed model is built from.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ais::{Attr, Dn, Millis, Value};

use super::remove_from;
use crate::event::ModelChange;

/// One object with its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RawObject {
    class: Arc<str>,
    /// By name. There are few, and there are many objects.
    attrs: Vec<(Box<str>, Box<[Value]>)>,
}

impl RawObject {
    pub(crate) fn new(class: &str, attrs: &[Attr]) -> RawObject {
        let mut object = RawObject {
            class: class.into(),
            attrs: Vec::with_capacity(attrs.len()),
        };
        object.modify(attrs);
        object
    }

    pub(crate) fn class(&self) -> &str {
        &self.class
    }

    pub(crate) fn modify(&mut self, attrs: &[Attr]) {
        for attr in attrs {
            let place = self.place(&attr.name);
            match (place, attr.values.is_empty()) {
                (Ok(at), true) => {
                    self.attrs.remove(at);
                }
                (Err(_), true) => {}
                (Ok(at), false) => self.attrs[at].1 = attr.values.as_slice().into(),
                (Err(at), false) => {
                    let new = (attr.name.as_str().into(), attr.values.as_slice().into());
                    self.attrs.insert(at, new);
                }
            }
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.attrs.binary_search_by(|(own, _)| own.as_ref().cmp(name))
    }

    pub(crate) fn values(&self, name: &str) -> &[Value] {
        match self.place(name) {
            Ok(at) => &self.attrs[at].1,
            Err(_) => &[],
        }
    }

    pub(crate) fn u32(&self, name: &str) -> Option<u32> {
        self.values(name).first().and_then(Value::as_u32)
    }

    pub(crate) fn millis(&self, name: &str) -> Option<Millis> {
        self.values(name)
            .first()
            .and_then(Value::as_time)
            .map(ais::SaTime::to_millis)
    }

    pub(crate) fn dn(&self, name: &str) -> Option<Dn> {
        self.values(name).first().and_then(Value::as_dn)
    }

    pub(crate) fn dns(&self, name: &str) -> Vec<Dn> {
        self.values(name).iter().filter_map(Value::as_dn).collect()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values(name)
            .first()
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.values(name).iter().map(Value::to_text).collect()
    }
}

/// Something that was looked at. Whoever looked has to look again when it changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Read {
    /// The object, whether it exists or not, and which children it has.
    Object(Dn),
    /// Which objects of a class there are, and their values.
    Class(String),
    /// Who names the object.
    Referrers(Dn),
}

/// All objects of the framework's classes.
///
/// What a part of the typed model was built from is recorded while it is built ([`Raw::traced`]), so that a change finds
/// the parts that it concerns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    objects: BTreeMap<Dn, RawObject>,
    children: BTreeMap<Dn, BTreeSet<Dn>>,
    classes: BTreeMap<Arc<str>, BTreeSet<Dn>>,
    /// By the object that is named, those that name it in an attribute or in their RDN.
    referrers: BTreeMap<Dn, BTreeSet<Dn>>,
    reads: RefCell<Option<BTreeSet<Read>>>,
}

/// The classes that the framework follows; others are not kept, nor are the assignments that it publishes itself.
pub(crate) fn is_followed(class: &str) -> bool {
    let published = matches!(class, "SaAmfSIAssignment" | "SaAmfCSIAssignment");
    (class.starts_with("SaAmf") && !published) || class == "OpenSafAmfConfig"
}

/// The objects that the object names.
pub(crate) fn references(dn: &Dn, object: &RawObject) -> BTreeSet<Dn> {
    let is_name = |value: &&Value| matches!(value, Value::Name(_));
    let values = object.attrs.iter().flat_map(|(_, values)| values).filter(is_name);
    let mut all: BTreeSet<Dn> = values.filter_map(Value::as_dn).collect();
    let in_rdn = dn.rdn_value();
    if in_rdn.contains('=') {
        all.extend(Dn::new(&in_rdn));
    }
    all
}

impl Raw {
    /// Applies a change; one of an object that the framework does not follow is nothing.
    pub(crate) fn apply(&mut self, change: &ModelChange) {
        match change {
            ModelChange::Create { class, dn, attrs } => {
                if is_followed(class) {
                    self.put(dn, RawObject::new(class, attrs));
                }
            }
            ModelChange::Modify { dn, attrs } => {
                if let Some(mut object) = self.remove(dn) {
                    object.modify(attrs);
                    self.insert(dn, object);
                }
            }
            ModelChange::Delete { dn } => {
                for dn in self.subtree(dn) {
                    self.remove(&dn);
                }
            }
        }
    }

    /// Puts the object in the place of the one with its name.
    pub(crate) fn put(&mut self, dn: &Dn, object: RawObject) {
        self.remove(dn);
        self.insert(dn, object);
    }

    fn insert(&mut self, dn: &Dn, mut object: RawObject) {
        if let Some(parent) = dn.parent() {
            self.children.entry(parent).or_default().insert(dn.clone());
        }
        for target in references(dn, &object) {
            self.referrers.entry(target).or_default().insert(dn.clone());
        }
        // All objects of a class share its name.
        if let Some((class, _)) = self.classes.get_key_value(&object.class) {
            object.class = class.clone();
        }
        let same = self.classes.entry(object.class.clone()).or_default();
        same.insert(dn.clone());
        self.objects.insert(dn.clone(), object);
    }

    fn remove(&mut self, dn: &Dn) -> Option<RawObject> {
        let object = self.objects.remove(dn)?;
        if let Some(dns) = self.classes.get_mut(&object.class) {
            dns.remove(dn);
        }
        if let Some(parent) = dn.parent() {
            remove_from(&mut self.children, &parent, dn);
        }
        for target in references(dn, &object) {
            remove_from(&mut self.referrers, &target, dn);
        }
        Some(object)
    }

    /// The names of all objects.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Dn> {
        self.objects.keys()
    }

    /// The object and all below it, parents first.
    pub(crate) fn subtree(&self, dn: &Dn) -> Vec<Dn> {
        let mut all = vec![dn.clone()];
        let mut next = 0;
        while let Some(dn) = all.get(next) {
            let below: Vec<Dn> = self.children.get(dn).into_iter().flatten().cloned().collect();
            all.extend(below);
            next += 1;
        }
        all
    }

    /// Runs `look`; gives back what it looked at, too.
    pub(crate) fn traced<T>(&self, look: impl FnOnce() -> T) -> (T, BTreeSet<Read>) {
        *self.reads.borrow_mut() = Some(BTreeSet::new());
        let found = look();
        let reads = self.reads.borrow_mut().take();
        (found, reads.unwrap_or_default())
    }

    /// Records that something was looked at.
    pub(crate) fn note(&self, read: impl FnOnce() -> Read) {
        if let Some(reads) = self.reads.borrow_mut().as_mut() {
            reads.insert(read());
        }
    }

    pub(crate) fn get(&self, dn: &Dn) -> Option<&RawObject> {
        self.note(|| Read::Object(dn.clone()));
        self.objects.get(dn)
    }

    /// The object when it is of the class.
    pub(crate) fn of_class(&self, dn: &Dn, class: &str) -> Option<&RawObject> {
        self.get(dn).filter(|object| object.class() == class)
    }

    /// The direct children, in the order of their names.
    fn children_of(&self, dn: &Dn) -> impl Iterator<Item = &Dn> {
        self.note(|| Read::Object(dn.clone()));
        self.children.get(dn).into_iter().flatten()
    }

    /// The direct children of one class.
    pub(crate) fn children_of_class<'a>(
        &'a self,
        dn: &Dn,
        class: &'static str,
    ) -> impl Iterator<Item = (&'a Dn, &'a RawObject)> {
        self.children_of(dn)
            .filter_map(move |child| Some((child, self.of_class(child, class)?)))
    }

    /// All objects of a class, in the order of their names.
    pub(crate) fn class(&self, class: &str) -> impl Iterator<Item = (&Dn, &RawObject)> {
        self.note(|| Read::Class(class.to_owned()));
        self.classes
            .get(class)
            .into_iter()
            .flatten()
            .filter_map(|dn| Some((dn, self.objects.get(dn)?)))
    }

    /// The objects of the class that name `dn`, in an attribute or in their RDN, in the order of their names.
    pub(crate) fn referrers<'a>(
        &'a self,
        dn: &Dn,
        class: &'static str,
    ) -> impl Iterator<Item = (&'a Dn, &'a RawObject)> {
        self.note(|| Read::Referrers(dn.clone()));
        let all = self.referrers.get(dn).into_iter().flatten();
        all.filter_map(move |user| Some((user, self.of_class(user, class)?)))
    }
}
