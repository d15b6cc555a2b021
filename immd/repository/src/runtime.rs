//! Runtime data: what implementers create, change and delete.

use std::collections::BTreeMap;
use std::sync::Arc;

use ais::{AisError, Attr, AttrFlags, AttrModification, CcbOperation, ClassCategory, Dn, Refusal};

use crate::binding::no_object;
use crate::class::AttrRef;
use crate::create::{Creator, check_name, complete};
use crate::implementer::is_applier;
use crate::overlay::{Entry, Overlay, View, with_changes};
use crate::store::Content;
use crate::tree::ROOT;
use crate::values::{modified, refuse};
use crate::{ImplementerId, ObjectBody, ObjectId, Prepared, Repository, Rule, Values};

/// A row of runtime changes: those up to the first one refused are prepared.
#[must_use = "an unfinished change keeps its objects locked"]
#[derive(Debug)]
pub struct RuntimeChange {
    /// What was accepted; where its `stored` is empty it needs no store.
    pub prepared: Prepared,
    /// How many operations were accepted.
    pub accepted: usize,
    /// Why the next one was not.
    pub refused: Option<Refusal>,
}

impl Repository {
    /// Checks runtime objects to be created and deleted, and runtime attributes to be changed, in the order given.
    ///
    /// The calls of one implementer must be made visible in their order. TRY_AGAIN says that a durable change of the
    /// same object is under way; the caller may wait for it and go on with the operation refused.
    ///
    /// DEVIATION(IMM-001): attributes of a configuration object may change while the object is in a CCB, which only
    /// replaces what it was told to.
    ///
    /// The refusal has the codes of saImmOiRtObjectCreate, saImmOiRtObjectUpdate and saImmOiRtObjectDelete;
    /// BAD_HANDLE for an unknown handle.
    pub fn runtime_prepare(
        &mut self,
        implementer: ImplementerId,
        operations: &[CcbOperation],
    ) -> RuntimeChange {
        let mut overlay = Overlay::default();
        let mut accepted = 0;
        let mut refused = None;
        for operation in operations {
            let id = self.tree.take_id();
            match self.runtime_operation(implementer, id, operation, &mut overlay) {
                Ok(()) => accepted += 1,
                Err(refusal) => {
                    refused = Some(refusal);
                    break;
                }
            }
        }
        let stored = overlay.stored(&self.tree);
        let notices = match self.implementers.name_of(implementer) {
            Some(name) => self.notices_of(&overlay, name),
            None => Vec::new(),
        };
        let prepared = self.prepared(
            stored,
            Content {
                overlay,
                notices,
                ..Content::default()
            },
        );
        RuntimeChange {
            prepared,
            accepted,
            refused,
        }
    }

    fn runtime_operation(
        &self,
        implementer: ImplementerId,
        id: ObjectId,
        operation: &CcbOperation,
        overlay: &mut Overlay,
    ) -> Result<(), Refusal> {
        if !self.implementers.is_open(implementer) {
            return Err(AisError::BadHandle.into());
        }
        let name = match self.implementers.name_of(implementer) {
            Some(name) if !is_applier(name) => name.clone(),
            Some(_) | None => {
                return Err(Refusal::new(
                    AisError::BadOperation,
                    format!("object '{}': the handle has no implementer name", operation.dn()),
                ));
            }
        };
        match operation {
            CcbOperation::Create { class, dn, attrs } => {
                let entry = self.runtime_create(&name, id, class, dn, attrs, overlay)?;
                overlay.entries.insert(dn.clone(), entry);
                Ok(())
            }
            CcbOperation::Modify { dn, changes } => {
                let entry = self.runtime_modify(&name, dn, changes, overlay)?;
                overlay.entries.insert(dn.clone(), entry);
                Ok(())
            }
            CcbOperation::Delete { dn } => self.runtime_delete(&name, dn, overlay),
        }
    }

    fn runtime_create(
        &self,
        name: &Arc<str>,
        id: ObjectId,
        class: &str,
        dn: &Dn,
        attrs: &[Attr],
        overlay: &Overlay,
    ) -> Result<Entry, Refusal> {
        let class = self.class_for_new(class, dn)?;
        if class.category() == ClassCategory::Config {
            return Err(Refusal::new(
                AisError::InvalidParam,
                format!(
                    "class '{}' of object '{dn}' is a configuration class; its objects are made by CCBs",
                    class.name()
                ),
            ));
        }
        check_name(dn, class, &self.settings)?;
        let parent = self.runtime_parent(dn, class.is_persistent(), overlay)?;
        let old = if let Some(Entry::Deleted(old)) = overlay.entries.get(dn) {
            Some(*old)
        } else {
            if self.locks.is_leaving(dn) || (self.tree.get(dn).is_none() && self.locks.is_in_flight(dn)) {
                return Err(under_way(dn));
            }
            self.check_name_free(overlay, dn)?;
            None
        };
        let values = complete(dn, class, attrs, Creator::Implementer, &self.settings)?;
        let body = Arc::new(ObjectBody {
            id,
            parent,
            dn: dn.clone(),
            class: class.clone(),
            values,
            owner: None,
            implementer: Some(name.clone()),
        });
        Ok(match old {
            Some(old) => Entry::Replaced(old, body),
            None => Entry::Created(body),
        })
    }

    /// The parent of a new runtime object.
    ///
    /// DEVIATION(IMM-002): an open CCB may be going to delete it; the new object then goes with it.
    fn runtime_parent(&self, dn: &Dn, persistent: bool, overlay: &Overlay) -> Result<ObjectId, Refusal> {
        let Some(parent) = dn.parent() else {
            return Ok(ROOT);
        };
        let view = View {
            tree: &self.tree,
            overlay,
        };
        let Some(seen) = view.get(&parent) else {
            return Err(Refusal::new(
                AisError::NotExist,
                format!("the parent '{parent}' of object '{dn}' does not exist"),
            ));
        };
        if self.locks.is_leaving(&parent) {
            return Err(under_way(&parent));
        }
        if persistent && !self.lasts(seen.body) {
            return Err(Refusal::new(
                AisError::InvalidParam,
                format!("object '{dn}' survives a restart, but its parent '{parent}' does not"),
            ));
        }
        Ok(seen.body.id)
    }

    fn runtime_modify(
        &self,
        name: &Arc<str>,
        dn: &Dn,
        changes: &[AttrModification],
        overlay: &Overlay,
    ) -> Result<Entry, Refusal> {
        let view = View {
            tree: &self.tree,
            overlay,
        };
        let seen = view.get(dn).ok_or_else(|| no_object(dn))?;
        let body = seen.body;
        self.check_implements(name, body)?;
        let mut values: BTreeMap<u16, Values> = BTreeMap::new();
        for change in changes {
            let at = runtime_position(body, &change.attr.name)?;
            if body.survives(at) && body.is_persistent() && self.is_under_way(body) {
                return Err(under_way(dn));
            }
            let def = &body.class.def().attrs[usize::from(at)];
            let result = modified(dn, def, seen.values(at), change, &self.settings)?;
            if values.insert(at, result.into()).is_some() {
                return Err(refuse(
                    Rule::AttrTwice,
                    AisError::InvalidParam,
                    dn,
                    &def.name,
                    "stands twice in one modification",
                ));
            }
        }
        Ok(match overlay.entries.get(dn) {
            Some(Entry::Created(body)) => Entry::Created(with_changes(body, &values)),
            Some(Entry::Replaced(old, body)) => Entry::Replaced(*old, with_changes(body, &values)),
            Some(Entry::Modified(id, before)) => {
                let mut all = before.clone();
                all.extend(values);
                Entry::Modified(*id, all)
            }
            Some(Entry::Deleted(_)) | None => Entry::Modified(body.id, values),
        })
    }

    fn check_implements(&self, name: &Arc<str>, body: &ObjectBody) -> Result<(), Refusal> {
        match self.implementers.bound(body) {
            Some(bound) if bound == name => Ok(()),
            Some(other) => Err(Refusal::new(
                AisError::BadOperation,
                format!("object '{}' has the implementer '{other}', not '{name}'", body.dn),
            )),
            None => Err(Refusal::new(
                AisError::BadOperation,
                format!(
                    "'{name}' is not implementer of object '{}', which has none",
                    body.dn
                ),
            )),
        }
    }

    fn runtime_delete(&self, name: &Arc<str>, dn: &Dn, overlay: &mut Overlay) -> Result<(), Refusal> {
        let view = View {
            tree: &self.tree,
            overlay,
        };
        let root = view.get(dn).ok_or_else(|| no_object(dn))?.body.clone();
        let ids = match self.tree.by_id(root.id) {
            Some(_) => self.tree.subtree(root.id),
            None => Vec::new(),
        };
        let in_tree = ids.iter().filter_map(|id| self.tree.by_id(*id));
        for body in in_tree.clone().chain(std::iter::once(&root)) {
            self.check_runtime_deletable(name, body)?;
        }
        // What this row of changes created below goes without a trace.
        overlay.entries.retain(|below, entry| match entry {
            Entry::Created(_) => !below.is_within(dn),
            Entry::Modified(..) | Entry::Deleted(_) => true,
            Entry::Replaced(old, _) => {
                if below.is_within(dn) {
                    *entry = Entry::Deleted(*old);
                }
                true
            }
        });
        for body in in_tree {
            if !matches!(overlay.entries.get(&body.dn), Some(Entry::Deleted(_))) {
                overlay.entries.insert(body.dn.clone(), Entry::Deleted(body.id));
            }
        }
        Ok(())
    }

    fn check_runtime_deletable(&self, name: &Arc<str>, body: &ObjectBody) -> Result<(), Refusal> {
        let dn = &body.dn;
        if body.class.category() == ClassCategory::Config {
            return Err(Refusal::new(
                AisError::BadOperation,
                format!("object '{dn}' is a configuration object; only a CCB deletes it"),
            ));
        }
        self.check_implements(name, body)?;
        if self.is_under_way(body) || self.locks.creates_below(body.id).next().is_some() {
            return Err(under_way(dn));
        }
        let pending = self
            .locks
            .references_to(dn)
            .map(|(_, referrer)| referrer.clone())
            .next();
        let referrer = pending.or_else(|| self.tree.referrers(dn).map(|body| body.dn.clone()).next());
        match referrer {
            None => Ok(()),
            Some(referrer) => Err(Refusal::new(
                AisError::BadOperation,
                format!("object '{dn}' is referred to by '{referrer}' (NO_DANGLING)"),
            )),
        }
    }
}

/// The position of a runtime attribute that is held here.
fn runtime_position(body: &ObjectBody, name: &str) -> Result<u16, Refusal> {
    let invalid = |rule: Rule, text: &str| Err(refuse(rule, AisError::InvalidParam, &body.dn, name, text));
    let at = match body.class.lookup(name) {
        Some(AttrRef::Own(at)) => at,
        Some(_) => return invalid(Rule::AttrSystem, "is set by the system alone"),
        None => {
            let rule = format!("does not exist in class '{}'", body.class.name());
            return Err(refuse(
                Rule::AttrUnknown,
                AisError::NotExist,
                &body.dn,
                name,
                rule,
            ));
        }
    };
    let flags = body.class.def().attrs[usize::from(at)].flags;
    if at == body.class.rdn_position() {
        invalid(Rule::AttrRdn, "is the RDN and never changes")
    } else if flags.contains(AttrFlags::CONFIG) {
        invalid(
            Rule::AttrConfig,
            "is a configuration attribute; only a CCB changes it",
        )
    } else if !flags.contains(AttrFlags::CACHED) {
        invalid(
            Rule::AttrRuntime,
            "is not held here: it is asked for when somebody reads it",
        )
    } else {
        Ok(at)
    }
}

fn under_way(dn: &Dn) -> Refusal {
    Refusal::new(
        AisError::TryAgain,
        format!("a change of object '{dn}' is on its way to the disk"),
    )
}
