//! Changing a class that has instances: what may change, and what becomes of the instances.
//!
//! A class is changed by creating it again with another definition (OpenSAF practice). The new definition must be right
//! by itself, and every difference from the old one must be allowed. Attributes keep their positions; new ones come
//! after them. The class and all instances whose stored values change go to the store as one change.

use std::collections::BTreeMap;
use std::sync::Arc;

use ais::{AisError, AttrDef, AttrFlags, ClassCategory, ClassDef, Dn, Refusal, Value};

use crate::class::ClassStage;
use crate::class_change::{Origin, checked};
use crate::overlay::{Entry, Overlay};
use crate::store::Content;
use crate::values::has_duplicates;
use crate::{CcbState, Class, ClassId, ObjectBody, Prepared, Repository, StoredChange};

/// A class on its way to become another.
#[derive(Debug)]
pub(crate) struct ClassChange {
    /// What it will be, with the number it has.
    pub(crate) class: Class,
    /// Whether open CCBs on instances were checked by rules that hold no more.
    interferes: bool,
}

/// How one attribute changes.
struct Step {
    /// Whether anything changes.
    differs: bool,
    /// See [`ClassChange::interferes`].
    interferes: bool,
}

impl Repository {
    /// Checks the change of a class and locks its instances.
    pub(crate) fn class_alter_prepare(&mut self, old: &Class, new: &ClassDef) -> Result<Prepared, Refusal> {
        let new = checked(new, &self.settings, Origin::Change)?;
        let refuse = |error, rule: String| {
            Err(Refusal::new(
                error,
                format!("class '{}' exists and cannot be changed so: {rule}", old.name()),
            ))
        };
        let (def, interferes) = match merged(old.def(), new) {
            Ok(merged) => merged,
            Err(rule) => return refuse(AisError::Exist, rule),
        };
        let Some(class) = Class::new(old.id(), def) else {
            return refuse(AisError::InvalidParam, "it has too many attributes".to_owned());
        };
        if let Some(busy) = self.class_in_flight(old.id()) {
            return Err(Refusal::new(AisError::TryAgain, busy));
        }
        if let Some(rule) = self.instance_fault(old, &class) {
            return refuse(AisError::Exist, rule);
        }
        if interferes {
            self.abort_ccbs_of_class(&class);
        }
        let content = Content {
            overlay: self.instances_locked(class.id()),
            ..Content::default()
        };
        let class = Arc::new(class);
        let mut stored = vec![StoredChange::PutClass {
            id: class.id(),
            class: class.def().clone(),
        }];
        let instances = self.tree.instances(class.id());
        stored.extend(instances.filter_map(|body| migration(body, &class)));
        self.classes.set_stage(class.id(), ClassStage::Changing);
        // The bodies made for the store hold the class as well; the one to come is made anew.
        let class = Class::new(class.id(), class.def().clone());
        let class_change = class.map(|class| ClassChange { class, interferes });
        Ok(self.prepared(
            stored,
            Content {
                class_change,
                ..content
            },
        ))
    }

    /// Shows the changed class and migrates all its instances, those that CCBs are about to create too.
    pub(crate) fn class_migrate(&mut self, change: ClassChange) {
        let id = change.class.id();
        if change.interferes {
            self.abort_ccbs_of_class(&change.class);
        }
        let class = self.classes.replace(change.class);
        let instances: Vec<_> = self.tree.instances(id).map(|body| body.id).collect();
        for object in instances {
            self.tree.update(object, |body| body.migrate(&class));
        }
        for ccb in self.ccbs.values_mut().filter(|ccb| ccb.classes.contains(&id)) {
            for entry in ccb.overlay.entries.values_mut() {
                if let Entry::Created(body) | Entry::Replaced(_, body) = entry
                    && body.class.id() == id
                {
                    Arc::make_mut(body).migrate(&class);
                }
            }
        }
        self.refresh_settings();
    }

    fn abort_ccbs_of_class(&mut self, class: &Class) {
        let reason = format!("class '{}' was changed while the CCB was open", class.name());
        let id = class.id();
        self.abort_ccbs_where(|ccb| ccb.classes.contains(&id), &reason);
    }

    /// All instances, as a change on its way to the store locks them.
    fn instances_locked(&self, class: ClassId) -> Overlay {
        let instances = self.tree.instances(class);
        Overlay {
            entries: instances
                .map(|body| (body.dn.clone(), Entry::Modified(body.id, BTreeMap::new())))
                .collect(),
        }
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

    /// The rule that an instance breaks, if it were of the new class.
    fn instance_fault(&self, old: &Class, new: &Class) -> Option<String> {
        let pairs = old.def().attrs.iter().zip(&new.def().attrs);
        let mut faults = (0u16..).zip(pairs).filter_map(|(at, (before, after))| {
            let added = |flag| after.flags.contains(flag) && !before.flags.contains(flag);
            let instances = || self.tree.instances(new.id());
            let about =
                |body: &ObjectBody, rule: &str| format!("attribute '{}' of '{}' {rule}", after.name, body.dn);
            if added(AttrFlags::NO_DUPLICATES)
                && let Some(body) = instances().find(|body| has_duplicates(body.values(at)))
            {
                return Some(about(body, "holds a value twice (NO_DUPLICATES)"));
            }
            if added(AttrFlags::STRONG_DEFAULT)
                && let Some(body) = instances().find(|body| body.values(at).is_empty())
            {
                return Some(about(body, "has no value (STRONG_DEFAULT)"));
            }
            if added(AttrFlags::NO_DANGLING) {
                return instances().find_map(|body| {
                    let target = body.values(at).iter().find(|value| !self.is_firm(value))?;
                    let rule = format!(
                        "refers to '{}', which does not exist, does not last or is being changed (NO_DANGLING)",
                        target.to_text()
                    );
                    Some(about(body, &rule))
                });
            }
            None
        });
        let fault = faults.next();
        drop(faults);
        fault.or_else(|| self.loss_fault(old, new))
    }

    /// Whether a NO_DANGLING reference may point there.
    fn is_firm(&self, value: &Value) -> bool {
        value.as_dn().is_some_and(|dn| {
            let pending = self
                .locks
                .writer(&dn)
                .and_then(|id| self.ccbs.get(&id))
                .and_then(|ccb| ccb.overlay.entries.get(&dn));
            let going = matches!(
                pending,
                Some(Entry::Created(_) | Entry::Deleted(_) | Entry::Replaced(..))
            );
            !going
                && !self.locks.is_leaving(&dn)
                && self.tree.get(&dn).is_some_and(|body| body.is_persistent())
        })
    }

    /// What depends on instances that would no longer survive a restart.
    fn loss_fault(&self, old: &Class, new: &Class) -> Option<String> {
        if !old.is_persistent() || new.is_persistent() {
            return None;
        }
        self.tree.instances(new.id()).find_map(|body| {
            let referrer = self.tree.referrers(&body.dn).map(|by| &by.dn).next();
            let pending = self.locks.references_to(&body.dn).map(|(_, by)| by).next();
            if let Some(by) = referrer.or(pending) {
                return Some(format!("'{by}' refers to '{}' (NO_DANGLING)", body.dn));
            }
            let children = self.tree.children(body.id);
            let mut lasting = children
                .filter_map(|id| self.tree.by_id(id))
                .filter(|child| child.is_persistent() && child.class.id() != new.id());
            let child = lasting.next()?;
            Some(format!("'{}' below '{}' survives a restart", child.dn, body.dn))
        })
    }
}

/// What the store must do about one instance.
fn migration(body: &Arc<ObjectBody>, class: &Arc<Class>) -> Option<StoredChange> {
    if !body.is_persistent() {
        return None;
    }
    let before = body.clone();
    if !class.is_persistent() {
        return Some(StoredChange::Delete { before });
    }
    let mut after = ObjectBody::clone(body);
    after.migrate(class);
    let same = body.stored_values().eq(after.stored_values());
    (!same).then(|| StoredChange::Put {
        before: Some(before),
        after: Arc::new(after),
    })
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
