//! Creating an object in a CCB.

use std::sync::Arc;

use ais::{AisError, Attr, ClassCategory, Dn, Refusal};

use super::operation::{Plan, Scene, created};
use crate::class::ClassStage;
use crate::create::{Creator, check_name, complete};
use crate::overlay::{Entry, Overlay};
use crate::owner::{may_change, not_owner};
use crate::tree::ROOT;
use crate::{Class, ObjectBody, ObjectId, Repository, Rule, service};

impl Repository {
    pub(super) fn plan_create(
        &self,
        scene: Scene<'_>,
        id: ObjectId,
        class: &str,
        dn: &Dn,
        attrs: &[Attr],
    ) -> Result<Plan, Refusal> {
        let class = self.class_for_new(class, dn)?;
        if class.category() == ClassCategory::Runtime {
            return Err(Rule::ClassRuntime.refuse(
                AisError::InvalidParam,
                format!(
                    "class '{}' of object '{dn}' is a runtime class; its objects are made by implementers",
                    class.name()
                ),
            ));
        }
        if service::is_service_class(class.name()) {
            return Err(Rule::ServiceObject.refuse(
                AisError::BadOperation,
                format!(
                    "object '{dn}' of class '{}' belongs to the service and cannot be created",
                    class.name()
                ),
            ));
        }
        check_name(dn, class, &self.settings)?;
        let parent = self.parent_for_new(scene, dn)?;
        self.check_name_free(&scene.ccb.overlay, dn)?;
        let values = complete(dn, class, attrs, Creator::Ccb, &self.settings)?;
        let body = Arc::new(ObjectBody {
            id,
            parent,
            dn: dn.clone(),
            class: class.clone(),
            values,
            owner: Some(scene.ccb.owner_name.clone()),
            implementer: None,
        });
        let mut plan = Plan::default();
        for at in class.references() {
            self.plan_references(scene, &body, *at, &mut plan)?;
        }
        let guard = self.guard(scene.ccb, &body, &mut plan)?;
        self.add_calls(&mut plan, guard, &body, true, || created(&body));
        self.add_notices(scene.ccb, &mut plan, |notices| {
            notices.create(&body).into_iter().collect()
        });
        plan.entries.push((dn.clone(), Entry::Created(body)));
        Ok(plan)
    }

    /// The class that a new object names.
    pub(crate) fn class_for_new(&self, name: &str, dn: &Dn) -> Result<&Arc<Class>, Refusal> {
        match self.classes.find(name) {
            Some((class, ClassStage::Present)) => Ok(class),
            Some(_) => Err(Rule::ClassUnderWay.refuse(
                AisError::TryAgain,
                format!("class '{name}' of object '{dn}' is just being created, changed or deleted"),
            )),
            None => Err(Rule::ClassMissing.refuse(
                AisError::NotExist,
                format!("class '{name}' of object '{dn}' does not exist"),
            )),
        }
    }

    /// Refuses a name that is taken, or about to be.
    pub(crate) fn check_name_free(&self, overlay: &Overlay, dn: &Dn) -> Result<(), Refusal> {
        let exist = |text: String| Err(Rule::NameTaken.refuse(AisError::Exist, text));
        match overlay.entries.get(dn) {
            Some(Entry::Deleted(_)) => return exist(format!("object '{dn}' is deleted by the same CCB")),
            Some(_) => return exist(format!("object '{dn}' exists")),
            None => {}
        }
        if self.tree.get(dn).is_some() {
            return exist(format!("object '{dn}' exists"));
        }
        // A runtime object may have gone that a CCB was about to delete: its name is free.
        let writer = self
            .locks
            .writer(dn)
            .and_then(|id| self.ccbs.get(&id).map(|ccb| (id, ccb)));
        if let Some((other, ccb)) = writer
            && matches!(ccb.overlay.entries.get(dn), Some(Entry::Created(_)))
        {
            return exist(format!("object '{dn}' is being created in CCB {other}"));
        }
        if self.locks.is_in_flight(dn) {
            return exist(format!("object '{dn}' is just being created"));
        }
        Ok(())
    }

    /// The parent of a new configuration object: it must be a configuration object, owned, and stay.
    fn parent_for_new(&self, scene: Scene<'_>, dn: &Dn) -> Result<ObjectId, Refusal> {
        let Some(parent) = dn.parent() else {
            return Ok(ROOT);
        };
        let missing = |rule: Rule, text: &str| {
            rule.refuse(
                AisError::NotExist,
                format!("the parent '{parent}' of object '{dn}' {text}"),
            )
        };
        let Some(seen) = scene.view.get(&parent) else {
            return Err(missing(
                Rule::ParentMissing,
                match (scene.ccb.overlay.entries.get(&parent), self.locks.writer(&parent)) {
                    (Some(_), _) => "is deleted by the same CCB",
                    (None, Some(_)) => "is being created in another CCB",
                    (None, None) => "does not exist",
                },
            ));
        };
        let leaves = self.locks.writer(&parent).is_some_and(|writer| {
            let other = self
                .ccbs
                .get(&writer)
                .and_then(|ccb| ccb.overlay.entries.get(&parent));
            writer != scene.id && matches!(other, Some(Entry::Deleted(_)))
        });
        if leaves || self.locks.is_leaving(&parent) {
            return Err(missing(Rule::ParentLeaving, "is being deleted"));
        }
        if seen.body.class.category() == ClassCategory::Runtime {
            return Err(missing(Rule::ParentRuntime, "is a runtime object"));
        }
        if !may_change(seen.body, &scene.ccb.owner_name) {
            return Err(not_owner(seen.body, &scene.ccb.owner_name));
        }
        Ok(seen.body.id)
    }
}
