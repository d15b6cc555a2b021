//! Changing a class that has instances: what may change, and what becomes of the instances.
//!
//! A class is changed by creating it again with another definition (OpenSAF practice). The new definition must be right
//! by itself, and every difference from the old one must be allowed. Attributes keep their positions; new ones come
//! after them. The class and all instances whose stored values change go to the store as one change.

use std::sync::Arc;

use ais::{AisError, AttrDef, AttrFlags, ClassCategory, ClassDef, Dn, Refusal};

use crate::class_change::{Origin, checked};
use crate::store::Content;
use crate::{CcbState, Class, ClassId, Migration, Prepared, Repository};

/// How one attribute changes.
struct Step {
    /// Whether anything changes.
    differs: bool,
    /// Whether open CCBs on instances were checked by rules that hold no more.
    interferes: bool,
}

impl Repository {
    /// Checks the change of a class by itself and closes the class for it.
    pub(crate) fn class_alter_begin(
        &mut self,
        old: &Arc<Class>,
        new: &ClassDef,
    ) -> Result<Migration, Refusal> {
        let new = checked(new, &self.settings, Origin::Change)?;
        let refuse = |error, rule: &str| altered_refused(error, old.name(), rule);
        let (def, interferes) = merged(old.def(), new).map_err(|rule| refuse(AisError::Exist, &rule))?;
        let class = Class::new(old.id(), def)
            .ok_or_else(|| refuse(AisError::InvalidParam, "it has too many attributes"))?;
        if let Some(busy) = self.class_in_flight(old.id()) {
            return Err(Refusal::new(AisError::TryAgain, busy));
        }
        Ok(self.migration_begin(old.clone(), Arc::new(class), interferes))
    }

    /// The same with all instances at once: what the store must write is known, or the change is refused.
    pub(crate) fn class_alter_prepare(
        &mut self,
        old: &Arc<Class>,
        new: &ClassDef,
    ) -> Result<Prepared, Refusal> {
        let mut migration = self.class_alter_begin(old, new)?;
        let plan = migration.plan();
        let mut stored = vec![plan.class()];
        loop {
            match self.migration_instances(&mut migration, usize::MAX) {
                Ok(instances) if instances.is_empty() => break,
                Ok(instances) => stored.extend(instances.iter().filter_map(|body| plan.instance(body))),
                Err(refusal) => {
                    self.migration_discard(migration);
                    return Err(refusal);
                }
            }
        }
        let content = Content {
            class_change: Some(migration),
            ..Content::default()
        };
        Ok(self.prepared(stored, content))
    }

    /// What keeps the class from being changed for the moment.
    fn class_in_flight(&self, class: ClassId) -> Option<String> {
        let is_instance = |dn: &&Dn| self.tree.get(dn).is_some_and(|body| body.class.id() == class);
        let critical = self
            .ccbs
            .values()
            .any(|ccb| ccb.classes.contains(&class) && ccb.state() == CcbState::Critical);
        let name = self.classes.by_id(class).map_or("", |class| class.name());
        (critical
            || self.locks.has_departed_instance(class)
            || self.locks.in_flight().any(|dn| is_instance(&dn)))
        .then(|| format!("a change of an instance of class '{name}' is on its way to the disk"))
    }
}

/// The refusal of a change of a class.
pub(crate) fn altered_refused(error: AisError, class: &str, rule: &str) -> Refusal {
    Refusal::new(
        error,
        format!("class '{class}' exists and cannot be changed so: {rule}"),
    )
}

/// The definition that the change leads to, attributes in the positions that they have, and whether open CCBs are in
/// its way; or the rule that the change breaks.
fn merged(old: &ClassDef, new: ClassDef) -> Result<(ClassDef, bool), String> {
    if old.category != new.category {
        return Err("its category would change".to_owned());
    }
    let mut added = new.attrs;
    let mut attrs = Vec::with_capacity(added.len());
    let (mut differs, mut interferes) = (false, false);
    for before in &old.attrs {
        let Some(at) = added.iter().position(|attr| attr.name == before.name) else {
            return Err(format!("attribute '{}' would go", before.name));
        };
        let after = added.remove(at);
        let step = step(before, &after).map_err(|rule| format!("attribute '{}' {rule}", after.name))?;
        differs |= step.differs;
        interferes |= step.interferes;
        attrs.push(after);
    }
    for attr in &added {
        if let Some(rule) = addition_fault(attr, old.category) {
            return Err(format!("the new attribute '{}' {rule}", attr.name));
        }
    }
    if !differs && added.is_empty() {
        return Err("nothing in its definition differs".to_owned());
    }
    attrs.extend(added);
    let def = ClassDef {
        name: new.name,
        category: new.category,
        attrs,
    };
    Ok((def, interferes))
}

/// The rule that a new attribute of an old class breaks.
fn addition_fault(attr: &AttrDef, category: ClassCategory) -> Option<&'static str> {
    use AttrFlags as F;
    if attr.flags.contains(F::INITIALIZED) {
        Some("is INITIALIZED, but the instances have no value of it")
    } else if attr.flags.contains(F::DEFAULT_REMOVED) {
        Some("is DEFAULT_REMOVED, but never had a default")
    } else if category == ClassCategory::Runtime && attr.flags.contains(F::CACHED) && attr.default.is_none() {
        Some("is CACHED in a runtime class and needs a default")
    } else {
        None
    }
}

/// Compares the definitions of one attribute; the rule where the difference is not allowed.
fn step(before: &AttrDef, after: &AttrDef) -> Result<Step, &'static str> {
    use AttrFlags as F;
    const FIXED: F = F::CONFIG
        .union(F::RUNTIME)
        .union(F::CACHED)
        .union(F::RDN)
        .union(F::DN);
    const ADD_ONLY: F = F::MULTI_VALUE.union(F::WRITABLE);
    const REMOVE_ONLY: F = F::INITIALIZED.union(F::PERSISTENT);
    let added = after.flags - before.flags;
    let removed = before.flags - after.flags;
    let changed = added | removed;
    let rules = [
        (before.value_type != after.value_type, "would change its type"),
        (
            changed.intersects(FIXED),
            "would change one of the flags CONFIG, RUNTIME, CACHED, RDN and DN",
        ),
        (
            removed.intersects(ADD_ONLY),
            "would lose MULTI_VALUE or WRITABLE, which can only be added",
        ),
        (
            added.intersects(REMOVE_ONLY),
            "would become INITIALIZED or PERSISTENT, which can only be taken away",
        ),
        (
            added.contains(F::DEFAULT_REMOVED) && before.default.is_none(),
            "would become DEFAULT_REMOVED, but has no default",
        ),
        (
            removed.contains(F::DEFAULT_REMOVED) && after.default.is_none(),
            "would lose DEFAULT_REMOVED, which needs a default",
        ),
        (
            before.default.is_some() && after.default.is_none() && !after.flags.contains(F::DEFAULT_REMOVED),
            "would lose its default, which needs DEFAULT_REMOVED",
        ),
    ];
    if let Some((_, rule)) = rules.into_iter().find(|(broken, _)| *broken) {
        return Err(rule);
    }
    Ok(Step {
        differs: !changed.is_empty() || before.default != after.default,
        interferes: added.intersects(F::NO_DUPLICATES | F::STRONG_DEFAULT)
            || changed.intersects(F::NOTIFY | F::NO_DANGLING | F::PERSISTENT),
    })
}
