//! NO_DANGLING: what an object refers to must be there when the CCB is applied.

use std::sync::Arc;

use ais::{AisError, Dn, Refusal, Value};

use super::operation::{Plan, Scene};
use crate::overlay::Entry;
use crate::values::refuse;
use crate::{ObjectBody, Repository};

impl Repository {
    /// Checks the references that an object is about to get at this position and adds them to the plan. A target
    /// that does not exist is allowed until the CCB is applied.
    ///
    /// # Errors
    /// INVALID_PARAM (the target does not survive a restart), BAD_OPERATION (deleted in the same CCB), BUSY (being
    /// created or deleted by another one).
    pub(super) fn plan_references(
        &self,
        scene: Scene<'_>,
        body: &Arc<ObjectBody>,
        at: u16,
        plan: &mut Plan,
    ) -> Result<(), Refusal> {
        let Some(def) = body.class.attr(at) else {
            return Ok(());
        };
        for target in body.values(at).iter().filter_map(Value::as_dn) {
            if target != body.dn
                && let Some((error, rule)) = self.reference_fault(scene, &target)
            {
                let rule = format!("refers to '{target}', which {rule} (NO_DANGLING)");
                return Err(refuse(error, &body.dn, &def.name, rule));
            }
            plan.references.push((target, body.dn.clone()));
        }
        Ok(())
    }

    fn reference_fault(&self, scene: Scene<'_>, target: &Dn) -> Option<(AisError, &'static str)> {
        match scene.ccb.overlay.entries.get(target) {
            Some(Entry::Deleted(_)) => return Some((AisError::BadOperation, "the same CCB deletes")),
            Some(_) => return None,
            None => {}
        }
        let other = self.locks.writer(target).and_then(|id| self.ccbs.get(&id));
        match other.and_then(|ccb| ccb.overlay.entries.get(target)) {
            Some(Entry::Created(_)) => return Some((AisError::Busy, "another CCB creates")),
            Some(Entry::Deleted(_)) => return Some((AisError::Busy, "another CCB deletes")),
            Some(Entry::Modified(..) | Entry::Replaced(..)) | None => {}
        }
        let there = self.tree.get(target);
        if self.locks.is_leaving(target) || (there.is_none() && self.locks.is_in_flight(target)) {
            return Some((AisError::Busy, "is just being created or deleted"));
        }
        there.is_some_and(|body| !body.is_persistent()).then_some((
            AisError::InvalidParam,
            "is a runtime object that does not survive a restart",
        ))
    }

    /// The first reference of the CCB that would dangle after it, as a sentence.
    pub(super) fn dangling(&self, scene: Scene<'_>) -> Option<String> {
        for (dn, entry) in &scene.ccb.overlay.entries {
            let found = match entry {
                Entry::Created(_) | Entry::Modified(..) => self.dangling_from(scene, dn),
                Entry::Deleted(_) => self.dangling_to(scene, dn),
                Entry::Replaced(..) => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn dangling_from(&self, scene: Scene<'_>, dn: &Dn) -> Option<String> {
        let seen = scene.view.get(dn)?;
        let class = &seen.body.class;
        for at in class.references() {
            for value in seen.values(*at) {
                let target = value.as_dn();
                let stays = |target: &Dn| {
                    scene.view.get(target).is_some_and(|t| t.body.is_persistent())
                        && self.reference_fault(scene, target).is_none()
                };
                if !target.as_ref().is_some_and(stays) {
                    let name = class.attr(*at).map_or("", |def| &def.name);
                    return Some(format!(
                        "attribute '{name}' of object '{dn}' refers to '{}', which does not exist or does not last (NO_DANGLING)",
                        value.to_text()
                    ));
                }
            }
        }
        None
    }

    fn dangling_to(&self, scene: Scene<'_>, target: &Dn) -> Option<String> {
        let remaining = self.tree.referrers(target).find(|referrer| {
            scene
                .view
                .get(&referrer.dn)
                .is_some_and(|seen| seen.merged().references().any(|named| named == *target))
        })?;
        Some(format!(
            "object '{target}' is to be deleted, but '{}' still refers to it (NO_DANGLING)",
            remaining.dn
        ))
    }
}
