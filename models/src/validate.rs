//! Whether documents make sense: all rules, all problems.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ais::{AttrDef, AttrFlags, CcbOperation, ClassDef, Dn, Value, ValueType};

use crate::problem::Subject;
use crate::resolve::{Classes, Collector, Created, is_reference, parents_first};
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
    documents: &[Document<'_>],
    known: &[ClassDef],
    options: &Options,
    exists: impl Fn(&Dn) -> bool,
) -> Result<Vec<CcbOperation>, Problems> {
    let mut operations = Vec::with_capacity(documents.iter().map(|d| d.objects.len()).sum());
    check_each(documents, known, options, exists, |operation| {
        operations.push(operation);
    })?;
    Ok(operations)
}

/// As [`check`], but gives the operations one after the other, so that a large model is not there twice. What was given
/// is worth nothing where an error comes back.
///
/// # Errors
/// As for [`check`].
pub fn check_each(
    documents: &[Document<'_>],
    known: &[ClassDef],
    options: &Options,
    exists: impl Fn(&Dn) -> bool,
    mut give: impl FnMut(CcbOperation),
) -> Result<(), Problems> {
    let mut found = Collector::new(options.limit);
    check_classes(documents, known, &mut found);
    let classes = Classes::new(documents, known);
    let mut checker = Checker {
        classes: &classes,
        objects: Names::new(documents, &mut found),
        long_dns: options.long_dns || long_dns(documents) == Some(true),
        exists: &exists,
        found: &mut found,
    };
    for place in parents_first(documents) {
        let Some(one) = place.created(&classes, checker.found) else {
            continue;
        };
        checker.length(&one);
        checker.parent(&one);
        if options.references {
            checker.references(&one);
        }
        if options.rdn_references {
            checker.association(&one);
        }
        give(one.operation());
    }
    found.finish()
}

/// As [`check`], where only the verdict is asked for.
///
/// # Errors
/// As for [`check`].
pub fn validate(
    documents: &[Document<'_>],
    known: &[ClassDef],
    options: &Options,
    exists: impl Fn(&Dn) -> bool,
) -> Result<(), Problems> {
    check_each(documents, known, options, exists, drop)
}

/// The documents' classes that do not exist yet, in the order of the documents.
pub fn new_classes(documents: &[Document<'_>], known: &[ClassDef]) -> Vec<ClassDef> {
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
fn check_classes(documents: &[Document<'_>], known: &[ClassDef], found: &mut Collector) {
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

/// What the documents say about long names by bringing the service object with `longDnsAllowed`; `None` where they say
/// nothing.
pub fn long_dns(documents: &[Document<'_>]) -> Option<bool> {
    let mut flags = documents
        .iter()
        .flat_map(|document| &document.objects)
        .filter(|object| &*object.class == "OpensafImm")
        .flat_map(|object| &object.attrs)
        .filter(|attr| attr.name == "longDnsAllowed")
        .filter_map(|attr| Value::parse(ValueType::Uint32, &attr.values.first()?.it).ok())
        .map(|flag| flag.as_u32() > Some(0));
    let first = flags.next()?;
    Some(first || flags.any(|flag| flag))
}

struct Checker<'a, F> {
    classes: &'a Classes<'a>,
    objects: Names<'a>,
    long_dns: bool,
    exists: &'a F,
    found: &'a mut Collector,
}

impl<F: Fn(&Dn) -> bool> Checker<'_, F> {
    /// Names that are too long.
    fn length(&mut self, one: &Created<'_>) {
        if let Some(rule) = self.too_long(one) {
            let subject = Subject::object(one.dn.as_str());
            self.found.add(subject.breaks(rule, one.file, one.object.dn.at));
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

    /// Whether there is an object whose name has this text.
    fn is_there(&mut self, text: &str) -> bool {
        self.objects.contain(text) || Dn::new(text).is_ok_and(|dn| (self.exists)(&dn))
    }

    fn parent(&mut self, one: &Created<'_>) {
        let Some(parent) = one.dn.as_str().get(one.dn.rdn().len() + 1..) else {
            return;
        };
        if !self.is_there(parent) {
            let rule = Rule::NoParent(parent.to_owned());
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
        if !self.is_there(&named) {
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
                if !text.is_empty() && !self.is_there(text) {
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

/// The names of the documents' objects.
struct Names<'a> {
    /// In byte order.
    sorted: Vec<(&'a str, &'a Arc<str>, Position)>,
    /// Those that were asked for last: parents and references are often the same.
    recent: [&'a str; 4],
    oldest: usize,
}

impl<'a> Names<'a> {
    /// All names; those that stand twice are added to `found`.
    fn new(documents: &'a [Document<'_>], found: &mut Collector) -> Names<'a> {
        let mut sorted: Vec<_> = documents
            .iter()
            .flat_map(|document| document.objects.iter().map(|object| (&document.file, object)))
            .map(|(file, object)| (&*object.dn.it, file, object.dn.at))
            .collect();
        sorted.sort_by_key(|(text, _, _)| *text);
        for same in sorted.chunk_by(|one, next| one.0 == next.0) {
            for (text, file, at) in &same[1..] {
                let rule = Rule::DuplicateObject(place(same[0].1, same[0].2));
                found.add(Subject::object(text).breaks(rule, file, *at));
            }
        }
        Names {
            sorted,
            recent: [""; 4],
            oldest: 0,
        }
    }

    fn contain(&mut self, text: &str) -> bool {
        if self.recent.contains(&text) {
            return true;
        }
        let Ok(at) = self.sorted.binary_search_by_key(&text, |(name, _, _)| name) else {
            return false;
        };
        self.recent[self.oldest] = self.sorted[at].0;
        self.oldest = (self.oldest + 1) % self.recent.len();
        true
    }
}
