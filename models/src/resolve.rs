//! From an object as it is written to the operation that creates it: its values get the types of its class.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ais::{
    Attr, AttrDef, AttrFlags, CcbOperation, ClassCategory, ClassDef, Dn, SYSTEM_ATTRIBUTES, Value, ValueType,
};

use crate::problem::Subject;
use crate::{Document, Located, Position, Problem, Problems, Rule, XmlAttr, XmlObject};

/// `SaImmAttrImplementerName`: a dump has it, and for persistent runtime objects it is kept.
const IMPLEMENTER: &str = SYSTEM_ATTRIBUTES[2];

/// The operations that create the documents' objects, typed by `known` and the documents' own classes; parents come
/// before their children, otherwise the order is the documents'.
///
/// System attributes are left out, but for the implementer's name of runtime objects; so is an RDN attribute that
/// agrees with the DN.
///
/// # Errors
/// Every object or value that is not of its class. [`crate::check`] finds more.
pub fn resolve(documents: &[Document<'_>], known: &[ClassDef]) -> Result<Vec<CcbOperation>, Problems> {
    let classes = Classes::new(documents, known);
    let mut found = Collector::new(usize::MAX);
    let operations = parents_first(documents)
        .filter_map(|place| place.created(&classes, &mut found))
        .map(Created::operation)
        .collect();
    found.finish()?;
    Ok(operations)
}

/// The classes by name; those that exist before those that a document defines.
pub(crate) struct Classes<'a> {
    by_name: BTreeMap<&'a str, Class<'a>>,
}

/// A class with what is asked about it often.
pub(crate) struct Class<'a> {
    pub(crate) def: &'a ClassDef,
    pub(crate) attrs: BTreeMap<&'a str, &'a AttrDef>,
}

impl<'a> Classes<'a> {
    pub(crate) fn new(documents: &'a [Document<'_>], known: &'a [ClassDef]) -> Classes<'a> {
        let own = documents.iter().flat_map(|d| &d.classes).map(|class| &class.it);
        let mut by_name = BTreeMap::new();
        for def in known.iter().chain(own) {
            by_name.entry(def.name.as_str()).or_insert_with(|| Class {
                def,
                attrs: def.attrs.iter().map(|a| (a.name.as_str(), a)).collect(),
            });
        }
        Classes { by_name }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Class<'a>> {
        self.by_name.get(name)
    }
}

/// The problems found so far; beyond the limit they are only counted.
pub(crate) struct Collector {
    shown: Vec<Problem>,
    total: usize,
    limit: usize,
}

impl Collector {
    pub(crate) const fn new(limit: usize) -> Collector {
        Collector {
            shown: Vec::new(),
            total: 0,
            limit,
        }
    }

    /// Takes a problem. To sort what is shown, more than the limit is kept for a while, but never without bound.
    pub(crate) fn add(&mut self, problem: Problem) {
        self.total += 1;
        if self.shown.len() >= self.limit.saturating_mul(16) {
            self.sort_and_cut();
        }
        self.shown.push(problem);
    }

    fn sort_and_cut(&mut self) {
        self.shown.sort_by(|a, b| (&a.file, a.at).cmp(&(&b.file, b.at)));
        self.shown.truncate(self.limit);
    }

    pub(crate) fn finish(mut self) -> Result<(), Problems> {
        if self.total == 0 {
            return Ok(());
        }
        self.sort_and_cut();
        Err(Problems {
            shown: self.shown,
            total: self.total,
        })
    }
}

/// What is being typed: an object of a file.
pub(crate) struct Typing<'a> {
    pub(crate) file: &'a Arc<str>,
    pub(crate) object: &'a XmlObject<'a>,
    pub(crate) class: &'a Class<'a>,
    pub(crate) found: &'a mut Collector,
}

impl Typing<'_> {
    fn add(&mut self, attribute: Option<&str>, at: Position, rule: Rule) {
        let subject = Subject {
            attribute,
            ..Subject::object(&self.object.dn.it)
        };
        self.found.add(subject.breaks(rule, self.file, at));
    }

    /// The object's attributes with their types; those that break a rule are left out.
    fn attrs(&mut self, dn: &Dn) -> Vec<Attr> {
        let object = self.object;
        let mut attrs: Vec<Attr> = Vec::with_capacity(object.attrs.len());
        for (index, attr) in object.attrs.iter().enumerate() {
            if object.attrs[..index]
                .iter()
                .any(|before| before.name == attr.name)
            {
                self.add(Some(&attr.name), attr.at, Rule::DuplicateAttr);
            } else if SYSTEM_ATTRIBUTES.contains(&&*attr.name) {
                attrs.extend(self.implementer(attr));
            } else if let Some(def) = self.class.attrs.get(&*attr.name).copied() {
                attrs.extend(self.attr(attr, def, dn));
            } else {
                let rule = Rule::UnknownAttr(self.class.def.name.clone());
                self.add(Some(&attr.name), attr.at, rule);
            }
        }
        for def in &self.class.def.attrs {
            let must = def.flags.contains(AttrFlags::INITIALIZED) && !def.flags.contains(AttrFlags::RDN);
            if must && !object.attrs.iter().any(|attr| attr.name == def.name) {
                self.add(Some(&def.name), object.at, Rule::NotInitialized);
            }
        }
        attrs
    }

    fn implementer(&self, attr: &XmlAttr<'_>) -> Option<Attr> {
        let kept = attr.name == IMPLEMENTER && self.class.def.category == ClassCategory::Runtime;
        let name = attr.values.first().filter(|value| kept && !value.it.is_empty())?;
        Some(Attr::single(
            IMPLEMENTER,
            Value::String(name.it.clone().into_owned()),
        ))
    }

    /// One attribute; `None` where it is wrong, and for an RDN attribute that agrees with the DN.
    fn attr(&mut self, attr: &XmlAttr<'_>, def: &AttrDef, dn: &Dn) -> Option<Attr> {
        let rule = |flags: AttrFlags| {
            if attr.values.is_empty() {
                Some(Rule::NoValue)
            } else if attr.values.len() > 1 && !flags.contains(AttrFlags::MULTI_VALUE) {
                Some(Rule::SeveralValues(attr.values.len()))
            } else if flags.contains(AttrFlags::RUNTIME) && !flags.contains(AttrFlags::PERSISTENT) {
                Some(Rule::RuntimeAttr)
            } else {
                None
            }
        };
        if def.flags.contains(AttrFlags::RDN) {
            let agrees = |text: &Located<Cow<'_, str>>| text.it == dn.rdn() || text.it == dn.rdn_value();
            if !attr.values.iter().all(agrees) {
                self.add(Some(&attr.name), attr.at, Rule::RdnDiffers(dn.rdn().to_owned()));
            }
            return None;
        }
        if let Some(rule) = rule(def.flags) {
            self.add(Some(&attr.name), attr.at, rule);
            return None;
        }
        let values = self.values(attr, def)?;
        Some(Attr {
            name: attr.name.clone().into_owned(),
            value_type: def.value_type,
            values,
        })
    }

    fn values(&mut self, attr: &XmlAttr<'_>, def: &AttrDef) -> Option<Vec<Value>> {
        let mut values = Vec::with_capacity(attr.values.len());
        for text in &attr.values {
            match Value::parse(def.value_type, &text.it) {
                Ok(value) if def.flags.contains(AttrFlags::NO_DUPLICATES) && values.contains(&value) => {
                    self.add(
                        Some(&attr.name),
                        text.at,
                        Rule::DuplicateValue(text.it.clone().into_owned()),
                    );
                }
                Ok(value) => values.push(value),
                Err(error) => self.add(Some(&attr.name), text.at, Rule::Value(error)),
            }
        }
        (values.len() == attr.values.len()).then_some(values)
    }
}

/// An object of a document.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) file: &'a Arc<str>,
    pub(crate) object: &'a XmlObject<'a>,
}

impl<'a> Place<'a> {
    /// The object with its types, where its class and name are good; everything else is added to `found`.
    pub(crate) fn created(self, classes: &Classes<'_>, found: &mut Collector) -> Option<Created<'a>> {
        let Place { file, object } = self;
        let subject = Subject::object(&object.dn.it);
        let dn = match Dn::new(&object.dn.it) {
            Ok(dn) => dn,
            Err(error) => {
                found.add(subject.breaks(Rule::Dn(error), file, object.dn.at));
                return None;
            }
        };
        let Some(class) = classes.get(&object.class) else {
            let rule = Rule::UnknownClass(object.class.as_ref().into());
            found.add(subject.breaks(rule, file, object.at));
            return None;
        };
        if !is_persistent(class.def) {
            let rule = Rule::RuntimeObject(object.class.as_ref().into());
            found.add(subject.breaks(rule, file, object.at));
            return None;
        }
        let attrs = Typing {
            file,
            object,
            class,
            found,
        }
        .attrs(&dn);
        Some(Created {
            file,
            object,
            dn,
            attrs,
        })
    }
}

/// All objects of the documents: parents come before their children, otherwise the order stays.
pub(crate) fn parents_first<'a>(documents: &'a [Document<'_>]) -> impl Iterator<Item = Place<'a>> {
    let mut places: Vec<(usize, Place<'a>)> = documents
        .iter()
        .flat_map(|document| document.objects.iter().map(|object| (&document.file, object)))
        .map(|(file, object)| (depth(&object.dn.it), Place { file, object }))
        .collect();
    places.sort_by_key(|(depth, _)| *depth);
    places.into_iter().map(|(_, place)| place)
}

/// How many objects are above the one with this name.
fn depth(dn: &str) -> usize {
    let bytes = dn.as_bytes();
    let escaped = |at: usize| at > 0 && bytes[at - 1] == b'\\';
    let commas = bytes.iter().enumerate().filter(|(_, byte)| **byte == b',');
    commas.filter(|(at, _)| !escaped(*at)).count()
}

/// An object with its typed attributes.
pub(crate) struct Created<'a> {
    pub(crate) file: &'a Arc<str>,
    pub(crate) object: &'a XmlObject<'a>,
    pub(crate) dn: Dn,
    pub(crate) attrs: Vec<Attr>,
}

impl Created<'_> {
    /// The operation that creates it.
    pub(crate) fn operation(self) -> CcbOperation {
        CcbOperation::Create {
            class: self.object.class.as_ref().into(),
            dn: self.dn,
            attrs: self.attrs,
        }
    }
}

/// Whether the class's objects survive a restart.
fn is_persistent(class: &ClassDef) -> bool {
    class.category == ClassCategory::Config
        || class
            .rdn()
            .is_some_and(|rdn| rdn.flags.contains(AttrFlags::PERSISTENT))
}

/// Whether the values of an attribute with this definition are the names of objects that must exist.
pub(crate) fn is_reference(def: &AttrDef) -> bool {
    def.flags.contains(AttrFlags::CONFIG)
        && (def.value_type == ValueType::Name || def.flags.contains(AttrFlags::NO_DANGLING))
}
