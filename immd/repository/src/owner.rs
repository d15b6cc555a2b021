//! Admin ownership: who may change an object through CCBs and administrative operations.
//!
//! The name counts, not the handle. The service's own object keeps its owner for ever and lets everyone in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ais::{AisError, Dn, Refusal, Scope};

use crate::implementer::check_client_name;
use crate::{AdminOwnerId, LOADER_OWNER, ObjectBody, ObjectId, Repository, Rule, service};

#[derive(Debug)]
pub(crate) struct OwnerHandle {
    pub(crate) name: Arc<str>,
    pub(crate) release_on_finalize: bool,
    /// What was acquired through this handle; kept only with release-on-finalize.
    acquired: BTreeSet<ObjectId>,
}

/// All admin owner handles.
#[derive(Debug)]
pub(crate) struct Owners {
    handles: BTreeMap<AdminOwnerId, OwnerHandle>,
    next: u64,
    loader: Arc<str>,
    service: Arc<str>,
}

impl Default for Owners {
    fn default() -> Owners {
        Owners {
            handles: BTreeMap::new(),
            next: 0,
            loader: LOADER_OWNER.into(),
            service: service::SERVICE_OWNER.into(),
        }
    }
}

impl Owners {
    /// The owner an object has after a start.
    pub(crate) fn after_start(&self, dn: &Dn) -> Arc<str> {
        if service::is_opensaf_imm(dn) {
            self.service.clone()
        } else {
            self.loader.clone()
        }
    }

    pub(crate) fn get(&self, id: AdminOwnerId) -> Result<&OwnerHandle, Refusal> {
        self.handles
            .get(&id)
            .ok_or_else(|| Refusal::new(AisError::BadHandle, "the admin owner handle is not open"))
    }

    /// Notes what a handle acquired.
    pub(crate) fn note_acquired(&mut self, id: AdminOwnerId, object: ObjectId) {
        if let Some(handle) = self
            .handles
            .get_mut(&id)
            .filter(|handle| handle.release_on_finalize)
        {
            handle.acquired.insert(object);
        }
    }

    /// Takes released objects from the notes of all handles of this name.
    fn forget(&mut self, objects: &[ObjectId], name: &str) {
        for handle in self.handles.values_mut().filter(|handle| &*handle.name == name) {
            for id in objects {
                handle.acquired.remove(id);
            }
        }
    }
}

/// Whether an owner of this name may change the object.
pub(crate) fn may_change(body: &ObjectBody, name: &str) -> bool {
    service::is_opensaf_imm(&body.dn) || body.owner.as_deref() == Some(name)
}

/// Whether the object has an owner who is really one.
pub(crate) fn has_other_owner(body: &ObjectBody, name: &str) -> bool {
    body.owner
        .as_deref()
        .is_some_and(|owner| owner != name && owner != LOADER_OWNER)
}

/// The refusal for an object that this owner may not change.
pub(crate) fn not_owner(body: &ObjectBody, name: &str) -> Refusal {
    let whose = match &body.owner {
        Some(owner) => format!("is owned by '{owner}'"),
        None => "has no owner".to_owned(),
    };
    Rule::NotOwner.refuse(
        AisError::BadOperation,
        format!("object '{}' {whose}, not by '{name}'", body.dn),
    )
}

impl Repository {
    /// A handle for this owner name.
    ///
    /// # Errors
    /// INVALID_PARAM for an empty, too long, not printable or reserved name; NO_RESOURCES at the limit.
    pub fn admin_owner_initialize(
        &mut self,
        name: &str,
        release_on_finalize: bool,
    ) -> Result<AdminOwnerId, Refusal> {
        check_client_name("admin owner", name)?;
        if name == LOADER_OWNER {
            return Err(Refusal::new(
                AisError::InvalidParam,
                format!("the admin owner name '{name}' is reserved"),
            ));
        }
        let max = self.settings.admin_owners_max;
        if u32::try_from(self.owners.handles.len()).is_ok_and(|have| have >= max) {
            return Err(Refusal::new(
                AisError::NoResources,
                format!("there are {max} admin owners, as many as maxAdminowners allows"),
            ));
        }
        let known = self.owners.handles.values().find(|handle| &*handle.name == name);
        let name = known.map_or_else(|| name.into(), |handle| handle.name.clone());
        self.owners.next += 1;
        let id = AdminOwnerId(self.owners.next);
        let handle = OwnerHandle {
            name,
            release_on_finalize,
            acquired: BTreeSet::new(),
        };
        self.owners.handles.insert(id, handle);
        Ok(id)
    }

    /// The open handles with their names, in the order in which they were opened.
    pub fn admin_owners(&self) -> Vec<(AdminOwnerId, Arc<str>)> {
        let handles = self.owners.handles.iter();
        handles.map(|(id, handle)| (*id, handle.name.clone())).collect()
    }

    /// Closes the handle: its CCBs are aborted (see [`Repository::take_aborted`]), and with release-on-finalize the
    /// objects acquired through it are released. A CCB whose commit is under way goes through. Unknown ids are ignored.
    pub fn admin_owner_finalize(&mut self, owner: AdminOwnerId) {
        let ccbs: Vec<_> = self
            .ccbs
            .iter()
            .filter(|(_, ccb)| ccb.owner == owner)
            .map(|(id, _)| *id)
            .collect();
        for ccb in ccbs {
            self.ccb_abort(ccb);
        }
        let Some(handle) = self.owners.handles.remove(&owner) else {
            return;
        };
        for id in handle.acquired {
            let is_own = self
                .tree
                .by_id(id)
                .is_some_and(|b| b.owner.as_deref() == Some(&*handle.name));
            if is_own {
                self.tree.update(id, |body| body.owner = None);
            }
        }
    }

    /// Becomes owner of all these objects, or of none.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST, EXIST (another owner), BUSY (an object in a CCB of another owner).
    pub fn admin_owner_set(
        &mut self,
        owner: AdminOwnerId,
        objects: &[Dn],
        scope: Scope,
    ) -> Result<(), Refusal> {
        let name = self.owners.get(owner)?.name.clone();
        let ids = self.ownable(objects, scope)?;
        for body in ids.iter().filter_map(|id| self.tree.by_id(*id)) {
            if has_other_owner(body, &name) {
                let other = body.owner.as_deref().unwrap_or_default();
                return Err(Rule::NotOwner.refuse(
                    AisError::Exist,
                    format!("object '{}' is owned by '{other}'", body.dn),
                ));
            }
            self.check_no_ccb(body, scope, Some(&name))?;
        }
        for id in ids {
            let is_own = self
                .tree
                .by_id(id)
                .is_some_and(|b| b.owner.as_ref() == Some(&name));
            if !is_own {
                self.tree.update(id, |body| body.owner = Some(name.clone()));
                self.owners.note_acquired(owner, id);
            }
        }
        Ok(())
    }

    /// Gives all these objects up, or none.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST (no such object, or not owned by this name), BUSY (in a CCB, or an administrative
    /// operation on it is in progress).
    pub fn admin_owner_release(
        &mut self,
        owner: AdminOwnerId,
        objects: &[Dn],
        scope: Scope,
    ) -> Result<(), Refusal> {
        let name = self.owners.get(owner)?.name.clone();
        let ids = self.ownable(objects, scope)?;
        for body in ids.iter().filter_map(|id| self.tree.by_id(*id)) {
            if body.owner.as_ref() != Some(&name) {
                let text = not_owner(body, &name).text;
                return Err(Refusal::new(AisError::NotExist, text));
            }
            self.check_no_ccb(body, scope, None)?;
            self.check_no_admin_operation(&body.dn)?;
        }
        self.owners.forget(&ids, &name);
        for id in ids {
            self.tree.update(id, |body| body.owner = None);
        }
        Ok(())
    }

    /// Takes every owner from these objects.
    ///
    /// # Errors
    /// NOT_EXIST, BUSY (in a CCB).
    pub fn admin_owner_clear(&mut self, objects: &[Dn], scope: Scope) -> Result<(), Refusal> {
        let ids = self.ownable(objects, scope)?;
        for body in ids.iter().filter_map(|id| self.tree.by_id(*id)) {
            self.check_no_ccb(body, scope, None)?;
        }
        for id in ids {
            if self.tree.by_id(id).is_some_and(|body| body.owner.is_some()) {
                self.tree.update(id, |body| body.owner = None);
            }
        }
        Ok(())
    }

    /// The objects meant, each once, without the service's own one, whose owner never changes.
    fn ownable(&self, objects: &[Dn], scope: Scope) -> Result<Vec<ObjectId>, Refusal> {
        let mut ids = BTreeSet::new();
        for dn in objects {
            ids.extend(self.in_scope(dn, scope)?);
        }
        let service = self.tree.by_id_of(service::OPENSAF_IMM);
        Ok(ids.into_iter().filter(|id| Some(*id) != service).collect())
    }

    /// Refuses an object that is in a CCB, or where in scope an object is just being created below it; CCBs of the
    /// owner `except` do not count.
    fn check_no_ccb(&self, body: &ObjectBody, scope: Scope, except: Option<&str>) -> Result<(), Refusal> {
        let counts = |id: crate::CcbId| {
            let owner = self.ccbs.get(&id).map(|ccb| &*ccb.owner_name);
            owner.is_some() && owner != except
        };
        let busy = |dn: &Dn| {
            Err(Rule::ObjectInCcb.refuse(AisError::Busy, format!("object '{dn}' is in an open CCB")))
        };
        if self.locks.writer(&body.dn).is_some_and(counts) {
            return busy(&body.dn);
        }
        if scope == Scope::One {
            return Ok(());
        }
        for (holder, dn) in self.locks.creates_below(body.id) {
            if let crate::locks::Holder::Ccb(id) = holder
                && counts(id)
            {
                return busy(dn);
            }
        }
        Ok(())
    }
}
