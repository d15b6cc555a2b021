//! Deleting an object with all that is below it in a CCB.

use std::collections::BTreeSet;
use std::sync::Arc;

use ais::{AisError, CcbOperation, ClassCategory, Dn, Refusal};

use super::operation::{Plan, Scene};
use crate::binding::no_object;
use crate::locks::Holder;
use crate::overlay::Entry;
use crate::owner::{has_other_owner, may_change, not_owner};
use crate::{ObjectBody, ObjectId, Repository, service};

impl Repository {
    pub(super) fn plan_delete(&self, scene: Scene<'_>, dn: &Dn) -> Result<Plan, Refusal> {
        match scene.ccb.overlay.entries.get(dn) {
            Some(Entry::Deleted(_)) => return Ok(Plan::default()),
            Some(_) => return Err(changed_before(dn)),
            None => {}
        }
        let root = self.tree.get(dn).ok_or_else(|| no_object(dn))?;
        if root.class.category() == ClassCategory::Runtime {
            return Err(Refusal::new(
                AisError::BadOperation,
                format!("object '{dn}' is a runtime object; only its implementer deletes it"),
            ));
        }
        let ids = self.tree.subtree(root.id);
        let going: BTreeSet<ObjectId> = ids.iter().copied().collect();
        let mut plan = Plan::default();
        for body in ids.iter().filter_map(|id| self.tree.by_id(*id)) {
            if matches!(scene.ccb.overlay.entries.get(&body.dn), Some(Entry::Deleted(_))) {
                continue;
            }
            self.check_deletable(scene, body)?;
            self.check_not_referenced(scene, body, &going)?;
            let guard = self.guard(scene.ccb, body, &mut plan)?;
            self.add_calls(&mut plan, guard, body, false, || CcbOperation::Delete {
                dn: body.dn.clone(),
            });
            self.add_notices(scene.ccb, &mut plan, |notices| notices.delete(body));
            plan.entries.push((body.dn.clone(), Entry::Deleted(body.id)));
        }
        Ok(plan)
    }

    fn check_deletable(&self, scene: Scene<'_>, body: &ObjectBody) -> Result<(), Refusal> {
        let dn = &body.dn;
        let refuse = |error, text: String| Err(Refusal::new(error, text));
        if service::is_service_class(body.class.name()) {
            return refuse(
                AisError::BadOperation,
                format!("object '{dn}' belongs to the service and cannot be deleted"),
            );
        }
        let name = &scene.ccb.owner_name;
        let refused = match body.class.category() {
            ClassCategory::Config => !may_change(body, name),
            ClassCategory::Runtime => has_other_owner(body, name),
        };
        if refused {
            return Err(not_owner(body, name));
        }
        if scene.ccb.overlay.entries.contains_key(dn) {
            return Err(changed_before(dn));
        }
        self.check_unlocked(scene.id, dn)?;
        match self.locks.creates_below(body.id).next() {
            None => Ok(()),
            Some((Holder::Ccb(ccb), child)) if ccb == scene.id => Err(changed_before(child)),
            Some((Holder::Ccb(ccb), child)) => refuse(
                AisError::Busy,
                format!("object '{child}' is being created in CCB {ccb}"),
            ),
            Some((Holder::Change(_), child)) => refuse(
                AisError::TryAgain,
                format!("object '{child}' is just being created"),
            ),
        }
    }

    /// Refuses to delete what others are about to refer to; references that stand are looked at when the CCB is
    /// applied, for it may still take them away.
    fn check_not_referenced(
        &self,
        scene: Scene<'_>,
        body: &Arc<ObjectBody>,
        going: &BTreeSet<ObjectId>,
    ) -> Result<(), Refusal> {
        let dn = &body.dn;
        let refuse = |error, text: String| Err(Refusal::new(error, text));
        for (holder, referrer) in self.locks.references_to(dn) {
            if holder != Holder::Ccb(scene.id) {
                return refuse(
                    AisError::Busy,
                    format!("object '{dn}' is about to be referred to by '{referrer}' (NO_DANGLING)"),
                );
            }
            if matches!(scene.ccb.overlay.entries.get(referrer), Some(Entry::Created(_))) {
                return refuse(
                    AisError::BadOperation,
                    format!(
                        "object '{dn}' is referred to by '{referrer}', which the same CCB creates (NO_DANGLING)"
                    ),
                );
            }
        }
        for referrer in self.tree.referrers(dn) {
            let own = scene.ccb.overlay.entries.get(&referrer.dn);
            if going.contains(&referrer.id) || matches!(own, Some(Entry::Deleted(_))) {
                continue;
            }
            let other = self
                .locks
                .writer(&referrer.dn)
                .filter(|writer| *writer != scene.id);
            let leaves = other
                .and_then(|id| self.ccbs.get(&id))
                .is_some_and(|ccb| matches!(ccb.overlay.entries.get(&referrer.dn), Some(Entry::Deleted(_))));
            if leaves {
                return refuse(
                    AisError::Busy,
                    format!(
                        "'{}', which refers to object '{dn}' (NO_DANGLING), is deleted by another CCB",
                        referrer.dn
                    ),
                );
            }
            if body.class.category() == ClassCategory::Runtime {
                return refuse(
                    AisError::BadOperation,
                    format!(
                        "runtime object '{dn}' is referred to by '{}' (NO_DANGLING)",
                        referrer.dn
                    ),
                );
            }
        }
        Ok(())
    }
}

fn changed_before(dn: &Dn) -> Refusal {
    Refusal::new(
        AisError::BadOperation,
        format!("object '{dn}' was created or modified by the same CCB and cannot be deleted by it"),
    )
}
