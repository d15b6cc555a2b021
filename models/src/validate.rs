//! Whether documents make sense: all rules, all problems.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ais::{AttrDef, AttrFlags, CcbOperation, ClassDef, Dn, ValueType};

use crate::problem::Subject;
use crate::resolve::{Classes, Collector, Created, is_reference, operations, parents_first};
use crate::{Document, Position, Problems, Rule};

/// The longest DN while long DNs are off.
const SHORT_DN_MAX: usize = 255;
/// The longest RDN of type `SA_STRING_T` while long DNs are off.
const SHORT_RDN_MAX: usize = 64;

/// The information model service's own classes. Where they exist, their definition stands, and what a dump of another
/// version says about them is read but not compared.
const SERVICE_CLASSES: [&str; 3] = ["OpensafImm", "SaImmMngt", "OsafImmPbeRt"];

/// How strict a check is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether the repository allows long DNs; a document whose OpensafImm object says `longDnsAllowed` allows them too.
    pub long_dns: bool,
    /// Whether names in configuration attributes must be those of objects that exist.
    pub references: bool,
    /// Whether RDNs of type `SA_NAME_T`, those of association objects, must be names of objects that exist.
    pub rdn_references: bool,
    /// How many problems are shown.
    pub limit: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            long_dns: false,
            references: true,
            rdn_references: false,
            limit: 100,
        }
    }
}

/// Checks documents that are to be loaded together and gives what [`crate::resolve`] gives.
///
/// `known` are the classes that exist; `exists` says whether an object does. An object that exists and stands in a
/// document is no problem here: whether it is skipped or refused is for the loader to say.
///
/// # Errors
/// Every problem, by file and position.
pub fn check(
    documents: &[Document],
    known: &[ClassDef],
    options: &Options,
    exists: impl Fn(&Dn) -> bool,
) -> Result<Vec<CcbOperation>, Problems> {
    let mut found = Collector::new(options.limit);
    check_classes(documents, known, &mut found);
    let classes = Classes::new(documents, known);
    let created = operations(documents, &classes, &mut found);
    let mut checker = Checker {
        classes: &classes,
        objects: BTreeMap::new(),
        long_dns: options.long_dns || allows_long_dns(&created),
        exists: &exists,
        found: &mut found,
    };
    checker.names(&created);
    for one in &created {
        checker.parent(one);
        if options.references {
            checker.references(one);
        }
        if options.rdn_references {
            checker.association(one);
        }
    }
    found.finish()?;
    Ok(parents_first(created))
}

/// As [`check`], where only the verdict is asked for.
///
/// # Errors
/// As for [`check`].
pub fn validate(
    documents: &[Document],
    known: &[ClassDef],
    options: &Options,
    exists: impl Fn(&Dn) -> bool,
) -> Result<(), Problems> {
    check(documents, known, options, exists).map(drop)
}

/// The documents' classes that do not exist yet, in the order of the documents.
pub fn new_classes(documents: &[Document], known: &[ClassDef]) -> Vec<ClassDef> {
    let mut seen: BTreeSet<&str> = known.iter().map(|class| class.name.as_str()).collect();
    let all = documents.iter().flat_map(|document| &document.classes);
    all.filter(|class| seen.insert(&class.it.name))
        .map(|class| class.it.clone())
        .collect()
}

/// What differs between two definitions of a class, in words; `None` where nothing does.
///
/// The order of attributes does not count, and PERSISTENT means CACHED, as the repository has it.
pub fn class_difference(one: &ClassDef, other: &ClassDef) -> Option<String> {
    let effective = |def: &AttrDef| {
        let cached = def.flags.contains(AttrFlags::PERSISTENT);
        def.flags
            | if cached {
                AttrFlags::CACHED
            } else {
                AttrFlags::empty()
            }
    };
    if one.category != other.category {
        return Some("its category differs".to_owned());
    }
    for def in &one.attrs {
        let name = &def.name;
        let Some(counterpart) = other.attr(name) else {
            return Some(format!("one of them has no attribute '{name}'"));
        };
        let part = if def.value_type != counterpart.value_type {
            "type differs"
        } else if effective(def) != effective(counterpart) {
            "flags differ"
        } else if def.default != counterpart.default {
            "default differs"
        } else {
            continue;
        };
        return Some(format!("attribute '{name}': the {part}"));
    }
    let extra = other.attrs.iter().find(|def| one.attr(&def.name).is_none())?;
    Some(format!("one of them has no attribute '{}'", extra.name))
}

/// The classes of the documents: among themselves and against those that exist.
fn check_classes(documents: &[Document], known: &[ClassDef], found: &mut Collector) {
    // Names must differ in more than case.
    let mut seen: BTreeMap<String, (String, &ClassDef)> = known
        .iter()
        .map(|class| (class.name.to_ascii_lowercase(), (String::new(), class)))
        .collect();
    for document in documents {
        for class in &document.classes {
            let (def, at) = (&class.it, class.at);
            let mut add = |subject: Subject<'_>, rule| found.add(subject.breaks(rule, &document.file, at));
            let subject = Subject::class(&def.name);
            if !is_name(&def.name) {
                add(subject, Rule::Name(def.name.clone()));
            }
            for (index, attr) in def.attrs.iter().enumerate() {
                let subject = subject.attribute(&attr.name);
                if !is_name(&attr.name) {
                    add(subject, Rule::Name(attr.name.clone()));
                }
                if def.attrs[..index]
                    .iter()
                    .any(|a| a.name.eq_ignore_ascii_case(&attr.name))
                {
                    add(subject, Rule::DuplicateAttrDef);
                }
            }
            let place = place(&document.file, at);
            let before = seen.insert(def.name.to_ascii_lowercase(), (place, def));
            if let Some((first, other)) = before {
                if other.name == def.name && first.is_empty() {
                    let is_service = SERVICE_CLASSES.contains(&def.name.as_str());
                    if let Some(difference) = class_difference(other, def).filter(|_| !is_service) {
                        add(subject, Rule::ClassDiffers(difference));
                    }
                } else if first.is_empty() {
                    add(
                        subject,
                        Rule::ClassDiffers(format!("its name there is '{}'", other.name)),
                    );
                } else {
                    add(subject, Rule::DuplicateClass(first));
                }
            }
        }
    }
}

/// Whether a class or an attribute may have this name.
fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

fn place(file: &str, at: Position) -> String {
    format!("{file}:{at}")
}

/// Whether the documents bring the service object with `longDnsAllowed` set.
fn allows_long_dns(created: &[Created<'_>]) -> bool {
    created
        .iter()
        .filter(|one| one.object.class == "OpensafImm")
        .filter_map(|one| ais::find_attr(&one.attrs, "longDnsAllowed"))
        .any(|attr| attr.values.first().and_then(ais::Value::as_u32) > Some(0))
}

struct Checker<'a, F> {
    classes: &'a Classes<'a>,
    /// The objects of the documents.
    objects: BTreeMap<&'a str, (&'a Arc<str>, Position)>,
    long_dns: bool,
    exists: &'a F,
    found: &'a mut Collector,
}

impl<'a, F: Fn(&Dn) -> bool> Checker<'a, F> {
    /// Names that are too long, and names that stand twice.
    fn names(&mut self, created: &'a [Created<'a>]) {
        for one in created {
            let text = one.dn.as_str();
            let subject = Subject::object(text);
            let at = one.object.dn.at;
            if let Some(rule) = self.too_long(one) {
                self.found.add(subject.breaks(rule, one.file, at));
            }
            if let Some((file, first)) = self.objects.get(text) {
                let rule = Rule::DuplicateObject(place(file, *first));
                self.found.add(subject.breaks(rule, one.file, at));
            } else {
                self.objects.insert(text, (one.file, at));
            }
        }
    }

    fn too_long(&self, one: &Created<'_>) -> Option<Rule> {
        if self.long_dns {
            return None;
        }
        let (dn, rdn) = (one.dn.as_str().len(), one.dn.rdn().len());
        if dn > SHORT_DN_MAX {
            return Some(Rule::LongDn(dn));
        }
        let named_by_text = self
            .classes
            .get(&one.object.class)
            .and_then(|class| class.def.rdn())
            .is_some_and(|def| def.value_type == ValueType::String);
        (named_by_text && rdn > SHORT_RDN_MAX).then_some(Rule::LongRdn(rdn))
    }

    fn is_there(&self, dn: &Dn) -> bool {
        self.objects.contains_key(dn.as_str()) || (self.exists)(dn)
    }

    fn parent(&mut self, one: &Created<'_>) {
        if let Some(parent) = one.dn.parent()
            && !self.is_there(&parent)
        {
            let rule = Rule::NoParent(parent.to_string());
            let subject = Subject::object(one.dn.as_str());
            self.found.add(subject.breaks(rule, one.file, one.object.dn.at));
        }
    }

    /// The object that an association object's RDN names.
    fn association(&mut self, one: &Created<'_>) {
        let rdn = self
            .classes
            .get(&one.object.class)
            .and_then(|class| class.def.rdn());
        if rdn.is_none_or(|def| def.value_type != ValueType::Name) {
            return;
        }
        let named = one.dn.rdn_value();
        let is_there = Dn::new(&named).is_ok_and(|dn| self.is_there(&dn));
        if !is_there {
            let subject = Subject::object(one.dn.as_str());
            let problem = subject.breaks(Rule::Dangling(named), one.file, one.object.dn.at);
            self.found.add(problem);
        }
    }

    fn references(&mut self, one: &Created<'_>) {
        let Some(class) = self.classes.get(&one.object.class) else {
            return;
        };
        for attr in &one.attrs {
            let is_reference = class
                .attrs
                .get(attr.name.as_str())
                .is_some_and(|def| is_reference(def));
            if !is_reference {
                continue;
            }
            // The values are all there, in the order of their texts, or the attribute would not be.
            let places = one.object.attrs.iter().find(|a| a.name == attr.name);
            for (index, value) in attr.values.iter().enumerate() {
                let text = value.as_str().unwrap_or_default();
                let there = text.is_empty() || value.as_dn().is_some_and(|dn| self.is_there(&dn));
                if !there {
                    let place = places
                        .and_then(|a| a.values.get(index))
                        .map_or(one.object.at, |v| v.at);
                    let subject = Subject::object(one.dn.as_str()).attribute(&attr.name);
                    let rule = Rule::Dangling(text.to_owned());
                    self.found.add(subject.breaks(rule, one.file, place));
                }
            }
        }
    }
}
