//! Creating and deleting classes.

use std::collections::BTreeSet;
use std::sync::Arc;

use ais::{AisError, AttrDef, AttrFlags, ClassCategory, ClassDef, Refusal, ValueType};

use crate::class::{ClassStage, is_system_attr};
use crate::store::Content;
use crate::{Class, ClassId, Migration, Prepared, Repository, Settings, StoredChange, service};

/// Where a definition comes from; it decides whether DEFAULT_REMOVED may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A client makes a new class.
    New,
    /// A client changes a class.
    Change,
    /// A model file, which keeps what a change left behind.
    Loaded,
}

/// What the creation of a class begins.
#[derive(Debug)]
pub enum ClassCreation {
    /// A class that is new.
    New(Prepared),
    /// The change of one that is there.
    Change(Migration),
}

impl Repository {
    /// Checks a new class and reserves its name; or, where the class exists and changes of classes are allowed
    /// ([`Repository::schema_change_allowed`]), checks and locks the change of it with all its instances.
    ///
    /// # Errors
    /// INVALID_PARAM where the definition breaks a rule, LIBRARY where a default name is too long, EXIST (also where
    /// the change is none, or one that is not allowed), BUSY where the same class is just being created, changed or
    /// deleted, NO_RESOURCES at the limit of classes, TRY_AGAIN where a change of an instance is on its way to the
    /// store: the caller may wait for it and ask again.
    pub fn class_create_prepare(&mut self, class: &ClassDef) -> Result<Prepared, Refusal> {
        match self.alterable(class) {
            Some(there) => self.class_alter_prepare(&there, class),
            None => self.class_new_prepare(class),
        }
    }

    /// As [`Repository::class_create_prepare`], where the instances of a class that changes are not looked at yet.
    ///
    /// # Errors
    /// The same; what instances break is told as they come.
    pub fn class_create_begin(&mut self, class: &ClassDef) -> Result<ClassCreation, Refusal> {
        match self.alterable(class) {
            Some(there) => self.class_alter_begin(&there, class).map(ClassCreation::Change),
            None => self.class_new_prepare(class).map(ClassCreation::New),
        }
    }

    /// The class that is to be changed, where there is one and it may be.
    fn alterable(&self, class: &ClassDef) -> Option<Arc<Class>> {
        match self.classes.find(&class.name) {
            Some((there, ClassStage::Present)) if self.schema_change_allowed() => Some(there.clone()),
            Some(_) | None => None,
        }
    }

    fn class_new_prepare(&mut self, class: &ClassDef) -> Result<Prepared, Refusal> {
        let id = self.class_reserve(class, Origin::New)?;
        let stored = self.class_stored(id);
        Ok(self.prepared(
            stored,
            Content {
                classes: vec![id],
                ..Content::default()
            },
        ))
    }

    /// Checks a new class and takes it into the table as one being created.
    pub(crate) fn class_reserve(&mut self, class: &ClassDef, origin: Origin) -> Result<ClassId, Refusal> {
        let def = checked(class, &self.settings, origin)?;
        match self.classes.clash(&def.name) {
            None => {}
            Some((there, ClassStage::Present)) if there.name() == def.name => {
                return Err(Refusal::new(
                    AisError::Exist,
                    format!(
                        "class '{}' exists; bit 1 of opensafImmNostdFlags in {} lets it be changed",
                        there.name(),
                        service::OPENSAF_IMM
                    ),
                ));
            }
            Some((there, ClassStage::Present)) => {
                return Err(Refusal::new(
                    AisError::Exist,
                    format!(
                        "class '{}' exists; class names differ in more than case",
                        there.name()
                    ),
                ));
            }
            Some((there, _)) => {
                return Err(Refusal::new(
                    AisError::Busy,
                    format!(
                        "class '{}' is just being created, changed or deleted",
                        there.name()
                    ),
                ));
            }
        }
        let max = self.settings.classes_max;
        if u32::try_from(self.classes.len()).is_ok_and(|have| have >= max) {
            return Err(Refusal::new(
                AisError::NoResources,
                format!("there are {max} classes, as many as maxClasses allows"),
            ));
        }
        let id = self.classes.next();
        let new = Class::new(id, def).ok_or_else(|| too_many(class))?;
        self.classes.insert(new, ClassStage::Creating);
        Ok(id)
    }

    /// What the store must write for a class just taken into the table.
    pub(crate) fn class_stored(&self, id: ClassId) -> Vec<StoredChange> {
        let class = self.classes.by_id(id).map(|class| StoredChange::PutClass {
            id,
            class: class.def().clone(),
        });
        class.into_iter().collect()
    }

    /// Checks that a class can be deleted and closes it for new instances.
    ///
    /// # Errors
    /// INVALID_PARAM for an empty name, NOT_EXIST, BUSY while it has instances, also ones pending in a CCB.
    pub fn class_delete_prepare(&mut self, name: &str) -> Result<Prepared, Refusal> {
        let class = self.class(name)?.clone();
        let busy = |text: String| Err(Refusal::new(AisError::Busy, text));
        if self
            .classes
            .find(name)
            .is_some_and(|(_, stage)| stage != ClassStage::Present)
        {
            return busy(format!("class '{name}' is just being changed or deleted"));
        }
        let count = self.tree.instance_count(class.id());
        if count > 0 {
            return busy(format!("class '{name}' has {count} instances"));
        }
        if self.locks.has_pending_instance(class.id()) {
            return busy(format!(
                "class '{name}' has an instance that is just being created"
            ));
        }
        self.classes.set_stage(class.id(), ClassStage::Deleting);
        let stored = vec![StoredChange::DeleteClass {
            id: class.id(),
            name: name.to_owned(),
        }];
        Ok(self.prepared(
            stored,
            Content {
                class_gone: Some(class.id()),
                ..Content::default()
            },
        ))
    }
}

fn too_many(class: &ClassDef) -> Refusal {
    Refusal::new(
        AisError::InvalidParam,
        format!(
            "class '{}' has {} attributes, more than can be numbered",
            class.name,
            class.attrs.len()
        ),
    )
}

/// The definition as it is kept, or the first rule it breaks.
pub(crate) fn checked(class: &ClassDef, settings: &Settings, origin: Origin) -> Result<ClassDef, Refusal> {
    let invalid = |text: String| Err(Refusal::new(AisError::InvalidParam, text));
    if let Some(rule) = name_fault(&class.name) {
        return invalid(format!("class name '{}' {rule}", class.name));
    }
    if settings.is_reserved(&class.name) {
        return invalid(format!("class name '{}' is reserved", class.name));
    }
    let mut attrs = Vec::with_capacity(class.attrs.len());
    let mut names = BTreeSet::new();
    for attr in class.attrs.iter().filter(|a| !is_system_attr(&a.name)) {
        let about = |rule: String| format!("attribute '{}' of class '{}' {rule}", attr.name, class.name);
        if let Some(rule) = name_fault(&attr.name) {
            return invalid(about(format!("has a name that {rule}")));
        }
        if !names.insert(attr.name.to_ascii_lowercase()) {
            return invalid(about(
                "stands there twice; names must differ in more than case".to_owned(),
            ));
        }
        if let Some(rule) = flag_fault(attr, class.category).or_else(|| default_fault(attr)) {
            return invalid(about(rule.to_owned()));
        }
        if origin == Origin::New && attr.flags.contains(AttrFlags::DEFAULT_REMOVED) {
            return invalid(about(
                "is DEFAULT_REMOVED, which only a change of the class may set".to_owned(),
            ));
        }
        if let Some((error, rule)) = default_text_fault(attr, settings) {
            return Err(Refusal::new(error, about(format!("has a default that {rule}"))));
        }
        let mut attr = attr.clone();
        if attr.flags.contains(AttrFlags::PERSISTENT) {
            attr.flags |= AttrFlags::CACHED;
        }
        attrs.push(attr);
    }
    if let Some(rule) = rdn_fault(&attrs, class.category) {
        return invalid(format!("class '{}' {rule}", class.name));
    }
    if attrs.len() > usize::from(u16::MAX) {
        return Err(too_many(class));
    }
    Ok(ClassDef {
        name: class.name.clone(),
        category: class.category,
        attrs,
    })
}

/// The rule a class or attribute name breaks.
pub(crate) fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.starts_with(|c: char| c.is_ascii_digit()) {
        Some("begins with a digit")
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        Some("has characters other than letters, digits and '_'")
    } else {
        None
    }
}

/// The rule that an attribute's flags break, the RDN attribute's own rules apart.
fn flag_fault(attr: &AttrDef, category: ClassCategory) -> Option<&'static str> {
    use AttrFlags as F;
    let has = |flags| attr.flags.contains(flags);
    let any = |flags| attr.flags.intersects(flags);
    let is_text = matches!(attr.value_type, ValueType::String);
    let rules = [
        (
            has(F::CONFIG) == has(F::RUNTIME),
            "must be either CONFIG or RUNTIME",
        ),
        (
            has(F::CONFIG) && category == ClassCategory::Runtime,
            "is CONFIG, but its class is a runtime class",
        ),
        (
            has(F::CONFIG) && any(F::PERSISTENT | F::CACHED),
            "is CONFIG and may not be PERSISTENT or CACHED",
        ),
        (
            has(F::RUNTIME) && any(F::WRITABLE | F::INITIALIZED),
            "is RUNTIME and may not be WRITABLE or INITIALIZED",
        ),
        (
            has(F::NO_DUPLICATES) && !has(F::MULTI_VALUE),
            "is NO_DUPLICATES and must be MULTI_VALUE",
        ),
        (
            has(F::NOTIFY) && has(F::RUNTIME) && !any(F::CACHED | F::PERSISTENT),
            "is NOTIFY and RUNTIME and must be CACHED",
        ),
        (has(F::DN) && !is_text, "is DN and must be of type SA_STRING_T"),
        (
            has(F::NO_DANGLING) && !has(F::CONFIG),
            "is NO_DANGLING and must be CONFIG in a configuration class",
        ),
        (
            has(F::NO_DANGLING) && attr.value_type != ValueType::Name && !(is_text && has(F::DN)),
            "is NO_DANGLING and must be of type SA_NAME_T, or SA_STRING_T with DN",
        ),
        (
            has(F::STRONG_DEFAULT) && attr.default.is_none(),
            "is STRONG_DEFAULT and needs a default",
        ),
        (
            has(F::RDN)
                && any(F::MULTI_VALUE
                    | F::WRITABLE
                    | F::NO_DANGLING
                    | F::DN
                    | F::DEFAULT_REMOVED
                    | F::STRONG_DEFAULT),
            "is the RDN and may not be MULTI_VALUE, WRITABLE, NO_DANGLING, DN, DEFAULT_REMOVED or STRONG_DEFAULT",
        ),
    ];
    rules
        .into_iter()
        .find_map(|(broken, rule)| broken.then_some(rule))
}

/// The rule that an attribute's default breaks.
fn default_fault(attr: &AttrDef) -> Option<&'static str> {
    use AttrFlags as F;
    let default = attr.default.as_ref()?;
    let any = |flags| attr.flags.intersects(flags);
    let rules = [
        (
            default.value_type() != attr.value_type,
            "has a default of another type",
        ),
        (
            any(F::INITIALIZED | F::RDN | F::NO_DANGLING | F::DEFAULT_REMOVED),
            "has a default, which INITIALIZED, RDN, NO_DANGLING and DEFAULT_REMOVED exclude",
        ),
        (
            any(F::RUNTIME) && !any(F::CACHED | F::PERSISTENT),
            "has a default, but is RUNTIME and neither CACHED nor PERSISTENT",
        ),
    ];
    rules
        .into_iter()
        .find_map(|(broken, rule)| broken.then_some(rule))
}

fn default_text_fault(attr: &AttrDef, settings: &Settings) -> Option<(AisError, String)> {
    crate::values::text_fault(attr, attr.default.as_ref()?, settings, AisError::Library)
}

/// The rule that the RDN attribute breaks.
fn rdn_fault(attrs: &[AttrDef], category: ClassCategory) -> Option<String> {
    use AttrFlags as F;
    let rdns: Vec<&AttrDef> = attrs.iter().filter(|a| a.flags.contains(F::RDN)).collect();
    let [rdn] = rdns[..] else {
        return Some(format!("has {} RDN attributes, it must be one", rdns.len()));
    };
    let persistent = attrs.iter().any(|a| a.flags.contains(F::PERSISTENT));
    let rule = if matches!(rdn.value_type, ValueType::Name | ValueType::String) {
        match category {
            ClassCategory::Config if !rdn.flags.contains(F::CONFIG) => {
                "must be CONFIG in a configuration class"
            }
            ClassCategory::Runtime if !rdn.flags.contains(F::CACHED) => "must be CACHED in a runtime class",
            ClassCategory::Runtime if persistent && !rdn.flags.contains(F::PERSISTENT) => {
                "must be PERSISTENT where another attribute is"
            }
            ClassCategory::Config | ClassCategory::Runtime => return None,
        }
    } else {
        "must be of type SA_NAME_T or SA_STRING_T"
    };
    Some(format!("has the RDN attribute '{}', which {rule}", rdn.name))
}
