//! The instances of a class that changes: looked at, and then changed, some at a time, so that nobody who reads has to
//! wait for all of them.
//!
//! From the beginning to the end the class is [`ClassStage::Changing`]: nothing durable becomes of its instances, none
//! comes and none goes, so the place in their order is all that must be remembered. Each instance is as it was or as it
//! will be; the class's definition changes last.

use std::ops::Bound;
use std::sync::Arc;

use ais::{AisError, AttrFlags, Dn, Refusal, Value};

use crate::class::ClassStage;
use crate::locks::Holder;
use crate::overlay::Entry;
use crate::schema_change::altered_refused;
use crate::{Class, ObjectBody, Repository, StoredChange};

/// A class on its way to become another, with its instances.
///
/// First [`Repository::migration_instances`] until there are none left, then the store, then
/// [`Repository::migration_show`] until it is done; or at any time before that [`Repository::migration_discard`].
#[must_use = "an unfinished change keeps the instances locked"]
#[derive(Debug)]
pub struct Migration {
    old: Arc<Class>,
    new: Arc<Class>,
    /// Whether open CCBs on instances were checked by rules that hold no more.
    interferes: bool,
    holder: Holder,
    /// The last instance that was looked at, or changed.
    last: Option<Dn>,
}

/// What the store must do about a class that changes and about its instances; it can be asked anywhere.
#[derive(Debug, Clone)]
pub struct MigrationPlan(Arc<Class>);

impl Migration {
    /// What the store is to be told.
    pub fn plan(&self) -> MigrationPlan {
        MigrationPlan(self.new.clone())
    }

    /// The positions of attributes that have NO_DANGLING from now on.
    fn guarded(&self) -> impl Iterator<Item = u16> {
        let (old, new) = (self.old.clone(), self.new.clone());
        new.references()
            .to_vec()
            .into_iter()
            .filter(move |at| !old.references().contains(at))
    }

    /// Whether the instances survive a restart now and will not.
    fn loses(&self) -> bool {
        self.old.is_persistent() && !self.new.is_persistent()
    }
}

impl MigrationPlan {
    /// The class itself.
    pub fn class(&self) -> StoredChange {
        StoredChange::PutClass {
            id: self.0.id(),
            class: self.0.def().clone(),
        }
    }

    /// One instance; `None` where nothing of it changes that is stored.
    pub fn instance(&self, body: &Arc<ObjectBody>) -> Option<StoredChange> {
        if !body.is_persistent() {
            return None;
        }
        let before = body.clone();
        if !self.0.is_persistent() {
            return Some(StoredChange::Delete { before });
        }
        let mut after = ObjectBody::clone(body);
        after.migrate(&self.0);
        let same = body.stored_values().eq(after.stored_values());
        (!same).then(|| StoredChange::Put {
            before: Some(before),
            after: Arc::new(after),
        })
    }
}

impl Repository {
    /// Closes a class for a change that is right by itself.
    pub(crate) fn migration_begin(
        &mut self,
        old: Arc<Class>,
        new: Arc<Class>,
        interferes: bool,
    ) -> Migration {
        self.next_change += 1;
        self.unfinished += 1;
        let migration = Migration {
            holder: Holder::Change(self.next_change),
            old,
            new,
            interferes,
            last: None,
        };
        let stage = if migration.loses() {
            ClassStage::Vanishing
        } else {
            ClassStage::Changing
        };
        self.classes.set_stage(migration.new.id(), stage);
        migration
    }

    /// The next instances, at most `max`; empty after the last one: then nothing keeps the class from being changed, and
    /// open CCBs that were checked by rules that hold no more are aborted.
    ///
    /// # Errors
    /// EXIST where one of them breaks a rule of the new class: then [`Repository::migration_discard`] must follow.
    pub fn migration_instances(
        &mut self,
        migration: &mut Migration,
        max: usize,
    ) -> Result<Vec<Arc<ObjectBody>>, Refusal> {
        let instances = self.next_instances(migration, max);
        let guarded: Vec<u16> = migration.guarded().collect();
        for body in &instances {
            if let Some(rule) = self.instance_fault(migration, body) {
                return Err(altered_refused(AisError::Exist, migration.old.name(), &rule));
            }
            for target in targets(body, &guarded) {
                self.locks.note_reference(target, migration.holder, &body.dn);
            }
        }
        if instances.is_empty() && migration.interferes {
            self.abort_ccbs_of_class(&migration.new);
        }
        // After the last one the next round begins.
        migration.last = instances.last().map(|body| body.dn.clone());
        Ok(instances)
    }

    /// Changes the next instances, at most `max`, after the store has them all; gives whether that was all of it, and
    /// the changed class is there for everyone.
    pub fn migration_show(&mut self, migration: &mut Migration, max: usize) -> bool {
        let instances = self.next_instances(migration, max);
        let guarded: Vec<u16> = migration.guarded().collect();
        let Some(last) = instances.last() else {
            self.migration_end(migration);
            return true;
        };
        migration.last = Some(last.dn.clone());
        for body in instances {
            for target in targets(&body, &guarded) {
                self.locks.forget_reference(&target, migration.holder, &body.dn);
            }
            let id = body.id;
            // What is held here would be copied.
            drop(body);
            self.tree.update(id, |body| body.migrate(&migration.new));
        }
        false
    }

    /// Gives a change up that the store does not have: the class is what it was.
    pub fn migration_discard(&mut self, migration: Migration) {
        self.unfinished -= 1;
        let guarded: Vec<u16> = migration.guarded().collect();
        if !guarded.is_empty() {
            for body in self.tree.instances(migration.old.id()) {
                for target in targets(body, &guarded) {
                    self.locks.forget_reference(&target, migration.holder, &body.dn);
                }
            }
        }
        self.classes.set_stage(migration.old.id(), ClassStage::Present);
    }

    /// The class is the new one, also for the instances that CCBs are about to create.
    fn migration_end(&mut self, migration: &Migration) {
        self.unfinished -= 1;
        let class = &migration.new;
        if migration.interferes {
            self.abort_ccbs_of_class(class);
        }
        let id = class.id();
        for ccb in self.ccbs.values_mut().filter(|ccb| ccb.classes.contains(&id)) {
            for entry in ccb.overlay.entries.values_mut() {
                if let Entry::Created(body) | Entry::Replaced(_, body) = entry
                    && body.class.id() == id
                {
                    Arc::make_mut(body).migrate(class);
                }
            }
        }
        self.classes.replace(class.clone());
        self.refresh_settings();
    }

    fn next_instances(&self, migration: &Migration, max: usize) -> Vec<Arc<ObjectBody>> {
        let from = migration.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let instances = self.tree.instances_from(migration.new.id(), from);
        instances.take(max).cloned().collect()
    }

    fn abort_ccbs_of_class(&mut self, class: &Class) {
        let reason = format!("class '{}' was changed while the CCB was open", class.name());
        let id = class.id();
        self.abort_ccbs_where(|ccb| ccb.classes.contains(&id), &reason);
    }

    /// The rule that an instance breaks, if it were of the new class.
    fn instance_fault(&self, migration: &Migration, body: &ObjectBody) -> Option<String> {
        let pairs = migration.old.def().attrs.iter().zip(&migration.new.def().attrs);
        for (at, (before, after)) in (0u16..).zip(pairs) {
            let added = |flag| after.flags.contains(flag) && !before.flags.contains(flag);
            let about = |rule: &str| Some(format!("attribute '{}' of '{}' {rule}", after.name, body.dn));
            if added(AttrFlags::NO_DUPLICATES) && crate::values::has_duplicates(body.values(at)) {
                return about("holds a value twice (NO_DUPLICATES)");
            }
            if added(AttrFlags::STRONG_DEFAULT) && body.values(at).is_empty() {
                return about("has no value (STRONG_DEFAULT)");
            }
            if added(AttrFlags::NO_DANGLING)
                && let Some(target) = body.values(at).iter().find(|value| !self.is_firm(value))
            {
                return about(&format!(
                    "refers to '{}', which does not exist, does not last or is being changed (NO_DANGLING)",
                    target.to_text()
                ));
            }
        }
        migration.loses().then(|| self.loss_fault(body)).flatten()
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
            !going && !self.locks.is_leaving(&dn) && self.tree.get(&dn).is_some_and(|body| self.lasts(body))
        })
    }

    /// What depends on an instance that would no longer survive a restart.
    fn loss_fault(&self, body: &ObjectBody) -> Option<String> {
        let referrer = self.tree.referrers(&body.dn).map(|by| &by.dn).next();
        let pending = self.locks.references_to(&body.dn).map(|(_, by)| by).next();
        if let Some(by) = referrer.or(pending) {
            return Some(format!("'{by}' refers to '{}' (NO_DANGLING)", body.dn));
        }
        let children = self.tree.children(body.id);
        let mut lasting = children
            .filter_map(|id| self.tree.by_id(id))
            .filter(|child| child.is_persistent() && child.class.id() != body.class.id());
        let child = lasting.next()?;
        Some(format!("'{}' below '{}' survives a restart", child.dn, body.dn))
    }

    /// Whether an object survives a restart, and will.
    pub(crate) fn lasts(&self, body: &ObjectBody) -> bool {
        body.is_persistent() && !self.classes.is_vanishing(body.class.id())
    }

    /// Whether a change of the object, or of its class, is on its way to the store.
    pub(crate) fn is_under_way(&self, body: &ObjectBody) -> bool {
        self.locks.is_in_flight(&body.dn) || self.classes.is_changing(body.class.id())
    }
}

/// The objects that these attributes name.
fn targets(body: &ObjectBody, positions: &[u16]) -> impl Iterator<Item = Dn> {
    positions
        .iter()
        .flat_map(|at| body.values(*at))
        .filter_map(Value::as_dn)
}
