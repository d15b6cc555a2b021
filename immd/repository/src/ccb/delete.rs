//! Deleting an object with all that is below it in a CCB.

use std::collections::BTreeSet;
use std::sync::Arc;

use ais::{AisError, CcbOperation, ClassCategory, Dn, Refusal};

use super::operation::{Plan, Scene};
use crate::binding::no_object;
use crate::locks::Holder;
use crate::overlay::Entry;
use crate::owner::{has_other_owner, may_change, not_owner};
use crate::{ObjectBody, ObjectId, Repository, Rule, service};

/// What goes with one deletion.
struct Going {
    /// Objects that are there, parents before children.
    there: Vec<ObjectId>,
    /// Objects that the same CCB was about to create.
    made: Vec<Arc<ObjectBody>>,
    all: BTreeSet<ObjectId>,
}

impl Repository {
    /// DEVIATION(IMM-010): what the CCB created or modified before may be deleted by it.
    pub(super) fn plan_delete(&self, scene: Scene<'_>, dn: &Dn) -> Result<Plan, Refusal> {
        let root = match scene.ccb.overlay.entries.get(dn) {
            Some(Entry::Deleted(_)) => return Ok(Plan::default()),
            Some(Entry::Created(body)) => body,
            Some(Entry::Modified(..) | Entry::Replaced(..)) | None => {
                self.tree.get(dn).ok_or_else(|| no_object(dn))?
            }
        };
        if root.class.category() == ClassCategory::Runtime {
            return Err(Rule::ObjectRuntime.refuse(
                AisError::BadOperation,
                format!("object '{dn}' is a runtime object; only its implementer deletes it"),
            ));
        }
        let going = self.going_with(scene, root)?;
        let mut plan = Plan::default();
        for body in going.there.iter().filter_map(|id| self.tree.by_id(*id)) {
            if matches!(scene.ccb.overlay.entries.get(&body.dn), Some(Entry::Deleted(_))) {
                continue;
            }
            self.check_deletable(scene, body)?;
            self.plan_end(scene, body, &going, &mut plan)?;
            plan.entries.push((body.dn.clone(), Entry::Deleted(body.id)));
        }
        for body in &going.made {
            self.plan_end(scene, body, &going, &mut plan)?;
            plan.dropped.insert(body.dn.clone());
        }
        Ok(plan)
    }

    /// Everything from this object downwards, as the CCB sees it.
    fn going_with(&self, scene: Scene<'_>, root: &Arc<ObjectBody>) -> Result<Going, Refusal> {
        let mut made = Vec::new();
        let there = if self.tree.by_id(root.id).is_some() {
            self.tree.subtree(root.id)
        } else {
            made.push(root.clone());
            Vec::new()
        };
        for body in there.iter().filter_map(|id| self.tree.by_id(*id)) {
            // What comes below an object that was deleted before goes with it.
            if !matches!(scene.ccb.overlay.entries.get(&body.dn), Some(Entry::Deleted(_))) {
                self.own_creations(scene, body.id, &mut made)?;
            }
        }
        let mut at = 0;
        while let Some(above) = made.get(at).map(|body| body.id) {
            self.own_creations(scene, above, &mut made)?;
            at += 1;
        }
        let all = there.iter().copied().chain(made.iter().map(|body| body.id));
        Ok(Going {
            all: all.collect(),
            there,
            made,
        })
    }

    /// What the CCB creates right below this object; refuses where others do.
    fn own_creations(
        &self,
        scene: Scene<'_>,
        above: ObjectId,
        made: &mut Vec<Arc<ObjectBody>>,
    ) -> Result<(), Refusal> {
        for (holder, child) in self.locks.creates_below(above) {
            match holder {
                Holder::Ccb(ccb) if ccb == scene.id => {
                    if let Some(Entry::Created(body)) = scene.ccb.overlay.entries.get(child) {
                        made.push(body.clone());
                    }
                }
                Holder::Ccb(ccb) => {
                    return Err(Rule::ObjectInCcb.refuse(
                        AisError::Busy,
                        format!("object '{child}' is being created in CCB {ccb}"),
                    ));
                }
                Holder::Change(_) => {
                    return Err(Rule::ObjectUnderWay.refuse(
                        AisError::TryAgain,
                        format!("object '{child}' is just being created"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The calls about the end of one object.
    fn plan_end(
        &self,
        scene: Scene<'_>,
        body: &Arc<ObjectBody>,
        going: &Going,
        plan: &mut Plan,
    ) -> Result<(), Refusal> {
        self.check_not_referenced(scene, body, &going.all)?;
        let guard = self.guard(scene.ccb, body, plan)?;
        let is_new = self.tree.by_id(body.id).is_none();
        self.add_calls(plan, guard, body, is_new, || CcbOperation::Delete {
            dn: body.dn.clone(),
        });
        self.add_notices(scene.ccb, plan, |notices| notices.delete(body));
        Ok(())
    }

    fn check_deletable(&self, scene: Scene<'_>, body: &ObjectBody) -> Result<(), Refusal> {
        let dn = &body.dn;
        if service::is_service_class(body.class.name()) {
            return Err(Rule::ServiceObject.refuse(
                AisError::BadOperation,
                format!("object '{dn}' belongs to the service and cannot be deleted"),
            ));
        }
        let name = &scene.ccb.owner_name;
        let refused = match body.class.category() {
            ClassCategory::Config => !may_change(body, name),
            ClassCategory::Runtime => has_other_owner(body, name),
        };
        if refused {
            return Err(not_owner(body, name));
        }
        self.check_unlocked(scene.id, dn)
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
        let refuse = |error, text: String| Err(Rule::ObjectReferred.refuse(error, text));
        for (holder, referrer) in self.locks.references_to(dn) {
            if holder != Holder::Ccb(scene.id) {
                return refuse(
                    AisError::Busy,
                    format!("object '{dn}' is about to be referred to by '{referrer}' (NO_DANGLING)"),
                );
            }
            if matches!(scene.ccb.overlay.entries.get(referrer), Some(Entry::Created(by)) if !going.contains(&by.id))
            {
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
