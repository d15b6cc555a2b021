//! NO_DANGLING: what an object refers to must be there when the CCB is applied.

use std::sync::Arc;

use ais::{AisError, Dn, Refusal, Value};

use super::operation::{Plan, Scene};
use crate::overlay::Entry;
use crate::values::refuse;
use crate::{ObjectBody, Repository, Rule};

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
                && let Some((error, text)) = self.reference_fault(scene, &target)
            {
                let rule = match error {
                    AisError::BadOperation => Rule::ReferenceDeleted,
                    AisError::Busy => Rule::ReferencePending,
                    _ => Rule::ReferenceFleeting,
                };
                let text = format!("refers to '{target}', which {text} (NO_DANGLING)");
                return Err(refuse(rule, error, &body.dn, &def.name, text));
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
        if let Some(fault) = self.leaving_above(scene, target) {
            return Some(fault);
        }
        let there = self.tree.get(target);
        if self.locks.is_leaving(target) || (there.is_none() && self.locks.is_in_flight(target)) {
            return Some((AisError::Busy, "is just being created or deleted"));
        }
        there.is_some_and(|body| !self.lasts(body)).then_some((
            AisError::InvalidParam,
            "is a runtime object that does not survive a restart",
        ))
    }

    /// A target may have come below an object that is to be deleted; it will go with it.
    fn leaving_above(&self, scene: Scene<'_>, target: &Dn) -> Option<(AisError, &'static str)> {
        std::iter::successors(target.parent(), Dn::parent).find_map(|above| {
            let writer = self.locks.writer(&above)?;
            let ccb = self.ccbs.get(&writer)?;
            match ccb.overlay.entries.get(&above) {
                Some(Entry::Deleted(_)) if writer == scene.id => Some((
                    AisError::BadOperation,
                    "is below an object that the same CCB deletes",
                )),
                Some(Entry::Deleted(_)) => {
                    Some((AisError::Busy, "is below an object that another CCB deletes"))
                }
                Some(Entry::Created(_) | Entry::Modified(..) | Entry::Replaced(..)) | None => None,
            }
        })
    }

    /// The first reference of the CCB that would dangle after it, as a sentence.
    pub(super) fn dangling(&self, scene: Scene<'_>) -> Option<String> {
        let entries = scene.ccb.overlay.entries.iter();
        let mut staying =
            entries.filter(|(_, entry)| matches!(entry, Entry::Created(_) | Entry::Modified(..)));
        staying
            .find_map(|(dn, _)| self.dangling_from(scene, dn))
            .or_else(|| {
                self.going(&scene.ccb.overlay)
                    .find_map(|body| self.dangling_to(scene, &body.dn))
            })
    }

    fn dangling_from(&self, scene: Scene<'_>, dn: &Dn) -> Option<String> {
        let seen = scene.view.get(dn)?;
        let class = &seen.body.class;
        // What is not touched stood before; that nothing of it goes is seen from the targets.
        for at in class.references().iter().filter(|at| seen.is_touched(**at)) {
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
