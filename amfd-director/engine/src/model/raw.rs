//! The objects of the model as the repository holds them, with the indexes that the typed model is built from.

use std::collections::{BTreeMap, BTreeSet};

use ais::{Attr, Dn, Millis, Value};

use crate::event::ModelChange;

/// One object with its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RawObject {
    pub(crate) class: String,
    attrs: BTreeMap<String, Vec<Value>>,
}

impl RawObject {
    pub(crate) fn new(class: &str, attrs: &[Attr]) -> RawObject {
        let mut object = RawObject {
            class: class.to_owned(),
            attrs: BTreeMap::new(),
        };
        object.modify(attrs);
        object
    }

    pub(crate) fn modify(&mut self, attrs: &[Attr]) {
        for attr in attrs {
            if attr.values.is_empty() {
                self.attrs.remove(&attr.name);
            } else {
                self.attrs.insert(attr.name.clone(), attr.values.clone());
            }
        }
    }

    pub(crate) fn values(&self, name: &str) -> &[Value] {
        self.attrs.get(name).map_or(&[], Vec::as_slice)
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

/// All objects of the framework's classes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    objects: BTreeMap<Dn, RawObject>,
    children: BTreeMap<Dn, BTreeSet<Dn>>,
    classes: BTreeMap<String, BTreeSet<Dn>>,
}

/// The classes that the framework follows; others are not kept.
pub(crate) fn is_followed(class: &str) -> bool {
    class.starts_with("SaAmf") || class == "OpenSafAmfConfig"
}

impl Raw {
    /// Applies a change; gives back whether the object is one that the framework follows.
    pub(crate) fn apply(&mut self, change: &ModelChange) -> bool {
        match change {
            ModelChange::Create { class, dn, attrs } => {
                if !is_followed(class) {
                    return false;
                }
                self.remove(dn);
                if let Some(parent) = dn.parent() {
                    self.children.entry(parent).or_default().insert(dn.clone());
                }
                self.classes.entry(class.clone()).or_default().insert(dn.clone());
                self.objects.insert(dn.clone(), RawObject::new(class, attrs));
                true
            }
            ModelChange::Modify { dn, attrs } => match self.objects.get_mut(dn) {
                Some(object) => {
                    object.modify(attrs);
                    true
                }
                None => false,
            },
            ModelChange::Delete { dn } => {
                let below: Vec<Dn> = self.children(dn).cloned().collect();
                for child in below {
                    self.apply(&ModelChange::Delete { dn: child });
                }
                self.remove(dn)
            }
        }
    }

    fn remove(&mut self, dn: &Dn) -> bool {
        let Some(object) = self.objects.remove(dn) else {
            return false;
        };
        if let Some(dns) = self.classes.get_mut(&object.class) {
            dns.remove(dn);
        }
        if let Some(parent) = dn.parent()
            && let Some(siblings) = self.children.get_mut(&parent)
        {
            siblings.remove(dn);
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        true
    }

    pub(crate) fn get(&self, dn: &Dn) -> Option<&RawObject> {
        self.objects.get(dn)
    }

    /// The object when it is of the class.
    pub(crate) fn of_class(&self, dn: &Dn, class: &str) -> Option<&RawObject> {
        self.get(dn).filter(|object| object.class == class)
    }

    /// The direct children, in the order of their names.
    pub(crate) fn children(&self, dn: &Dn) -> impl Iterator<Item = &Dn> {
        self.children.get(dn).into_iter().flatten()
    }

    /// The direct children of one class.
    pub(crate) fn children_of_class<'a>(
        &'a self,
        dn: &Dn,
        class: &'static str,
    ) -> impl Iterator<Item = (&'a Dn, &'a RawObject)> {
        self.children(dn)
            .filter_map(move |child| Some((child, self.of_class(child, class)?)))
    }

    /// All objects of a class, in the order of their names.
    pub(crate) fn class(&self, class: &str) -> impl Iterator<Item = (&Dn, &RawObject)> {
        self.classes
            .get(class)
            .into_iter()
            .flatten()
            .filter_map(|dn| Some((dn, self.objects.get(dn)?)))
    }
}
