//! Binding implementer names to classes and objects.

use std::sync::Arc;

use ais::{AisError, ClassCategory, Dn, Refusal, Scope};

use crate::implementer::is_applier;
use crate::{Class, ClassId, ImplementerId, ObjectId, Repository, Rule};

impl Repository {
    /// Binds the handle's name to all instances of a configuration class.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST, BAD_OPERATION (runtime class), EXIST (another implementer of the class or of one of its
    /// instances), TRY_AGAIN (open CCBs on instances; they are aborted unless critical).
    pub fn class_implementer_set(&mut self, implementer: ImplementerId, class: &str) -> Result<(), Refusal> {
        let name = self.acting_name(implementer)?;
        let class = self.config_class(class)?;
        let exist = |text: String| Err(Refusal::new(AisError::Exist, text));
        if is_applier(&name) {
            let bound = |body: &&Arc<crate::ObjectBody>| {
                let names = self.implementers.object_appliers.get(&body.id);
                names.is_some_and(|names| names.contains(&name))
            };
            if let Some(body) = self.tree.instances(class.id()).find(bound) {
                return exist(format!("'{name}' is applier of the object '{}' already", body.dn));
            }
            self.implementers
                .class_appliers
                .entry(class.id())
                .or_default()
                .insert(name);
            return Ok(());
        }
        match self.implementers.classes.get(&class.id()) {
            Some(own) if *own == name => return Ok(()),
            Some(other) => {
                return exist(format!("class '{}' has the implementer '{other}'", class.name()));
            }
            None => {}
        }
        if let Some(body) = self
            .tree
            .instances(class.id())
            .find(|body| body.implementer.is_some())
        {
            return exist(format!(
                "object '{}' of class '{}' has an implementer of its own",
                body.dn,
                class.name()
            ));
        }
        if self.abort_ccbs_where(
            |ccb| ccb.classes.contains(&class.id()),
            &format!("'{name}' became its implementer"),
        ) {
            return Err(Refusal::new(
                AisError::TryAgain,
                format!(
                    "open CCBs touched instances of class '{}'; they are being aborted",
                    class.name()
                ),
            ));
        }
        self.implementers.classes.insert(class.id(), name);
        Ok(())
    }

    /// Takes the name from a class.
    ///
    /// DEVIATION(IMM-030): nothing happens where the class has no implementer, nor its instances another one.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST (class, or bound to another name), BAD_OPERATION (runtime class), BUSY (open CCBs).
    pub fn class_implementer_release(
        &mut self,
        implementer: ImplementerId,
        class: &str,
    ) -> Result<(), Refusal> {
        let name = self.acting_name(implementer)?;
        let class = self.config_class(class)?;
        let id = class.id();
        let (bound, conflicts) = if is_applier(&name) {
            let names = self.implementers.class_appliers.get(&id);
            let bound = names.is_some_and(|names| names.contains(&name));
            let is_objects = |body: &Arc<crate::ObjectBody>| {
                let names = self.implementers.object_appliers.get(&body.id);
                names.is_some_and(|names| names.contains(&name))
            };
            (bound, !bound && self.tree.instances(id).any(is_objects))
        } else {
            let is_others =
                |body: &Arc<crate::ObjectBody>| body.implementer.as_ref().is_some_and(|own| *own != name);
            match self.implementers.classes.get(&id) {
                Some(own) => (*own == name, *own != name),
                None => (false, self.tree.instances(id).any(is_others)),
            }
        };
        if conflicts {
            return Err(Refusal::new(
                AisError::NotExist,
                format!("'{name}' is not implementer of class '{}'", class.name()),
            ));
        }
        if !bound {
            return Ok(());
        }
        if self.is_class_in_ccb(id) {
            return Err(Refusal::new(
                AisError::Busy,
                format!("instances of class '{}' are in an open CCB", class.name()),
            ));
        }
        if let Some(names) = self.implementers.class_appliers.get_mut(&id) {
            names.remove(&name);
        }
        if !is_applier(&name) {
            self.implementers.classes.remove(&id);
        }
        Ok(())
    }

    /// Binds the handle's name to configuration objects, all or none.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST, BAD_OPERATION (runtime object), EXIST, TRY_AGAIN (open CCBs on them).
    pub fn object_implementer_set(
        &mut self,
        implementer: ImplementerId,
        dn: &Dn,
        scope: Scope,
    ) -> Result<(), Refusal> {
        let name = self.acting_name(implementer)?;
        let objects = self.config_objects(dn, scope)?;
        let applier = is_applier(&name);
        let mut busy = false;
        for body in objects.iter().filter_map(|id| self.tree.by_id(*id)) {
            let class = body.class.id();
            let other = if applier {
                let names = self.implementers.class_appliers.get(&class);
                names.and_then(|names| names.get(&name))
            } else {
                let own = body.implementer.as_ref().filter(|own| **own != name);
                own.or_else(|| self.implementers.classes.get(&class))
            };
            if let Some(other) = other {
                return Err(Refusal::new(
                    AisError::Exist,
                    format!("object '{}' or its class has the implementer '{other}'", body.dn),
                ));
            }
            let idempotent = body.implementer.as_ref() == Some(&name);
            busy |= !applier && !idempotent && self.locks.writer(&body.dn).is_some();
        }
        if busy {
            let dns: Vec<Dn> = objects
                .iter()
                .filter_map(|id| self.tree.by_id(*id))
                .map(|b| b.dn.clone())
                .collect();
            self.abort_ccbs_where(
                |ccb| dns.iter().any(|dn| ccb.overlay.entries.contains_key(dn)),
                &format!("'{name}' became an object's implementer"),
            );
            return Err(Refusal::new(
                AisError::TryAgain,
                format!("open CCBs touched '{dn}' or objects below it; they are being aborted"),
            ));
        }
        for id in objects {
            if applier {
                self.implementers
                    .object_appliers
                    .entry(id)
                    .or_default()
                    .insert(name.clone());
            } else {
                self.tree.update(id, |body| body.implementer = Some(name.clone()));
            }
        }
        Ok(())
    }

    /// Takes the name from configuration objects, all or none. Those without an implementer count as released already.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST (object, or bound to another name or to a class), BAD_OPERATION (runtime object), BUSY (open CCBs).
    pub fn object_implementer_release(
        &mut self,
        implementer: ImplementerId,
        dn: &Dn,
        scope: Scope,
    ) -> Result<(), Refusal> {
        let name = self.acting_name(implementer)?;
        let objects = self.config_objects(dn, scope)?;
        let applier = is_applier(&name);
        for body in objects.iter().filter_map(|id| self.tree.by_id(*id)) {
            let class = body.class.id();
            let conflicts = if applier {
                let names = self.implementers.class_appliers.get(&class);
                names.is_some_and(|names| names.contains(&name))
            } else {
                let own = body.implementer.as_ref();
                own.is_some_and(|own| *own != name) || self.implementers.classes.contains_key(&class)
            };
            if conflicts {
                return Err(Refusal::new(
                    AisError::NotExist,
                    format!(
                        "'{name}' is not implementer of the object '{}' by itself",
                        body.dn
                    ),
                ));
            }
            if self.locks.writer(&body.dn).is_some() {
                return Err(Refusal::new(
                    AisError::Busy,
                    format!("object '{}' is in an open CCB", body.dn),
                ));
            }
        }
        for id in objects {
            if let Some(names) = self.implementers.object_appliers.get_mut(&id) {
                names.remove(&name);
            }
            if !applier {
                self.tree.update(id, |body| body.implementer = None);
            }
        }
        Ok(())
    }

    /// The configuration class with this name.
    fn config_class(&self, name: &str) -> Result<Arc<Class>, Refusal> {
        let class = self.class(name)?;
        match class.category() {
            ClassCategory::Config => Ok(class.clone()),
            ClassCategory::Runtime => Err(Refusal::new(
                AisError::BadOperation,
                format!("class '{name}' is a runtime class; its objects belong to those who create them"),
            )),
        }
    }

    /// The objects in this scope, all of configuration classes.
    fn config_objects(&self, dn: &Dn, scope: Scope) -> Result<Vec<ObjectId>, Refusal> {
        let objects = self.in_scope(dn, scope)?;
        let runtime = |body: &&Arc<crate::ObjectBody>| body.class.category() == ClassCategory::Runtime;
        match objects.iter().filter_map(|id| self.tree.by_id(*id)).find(runtime) {
            None => Ok(objects),
            Some(body) => Err(Refusal::new(
                AisError::BadOperation,
                format!(
                    "object '{}' is a runtime object and belongs to the one who created it",
                    body.dn
                ),
            )),
        }
    }

    /// The object with the direct children or the subtree, as the scope says.
    pub(crate) fn in_scope(&self, dn: &Dn, scope: Scope) -> Result<Vec<ObjectId>, Refusal> {
        let root = self.tree.get(dn).ok_or_else(|| no_object(dn))?.id;
        Ok(match scope {
            Scope::One => vec![root],
            Scope::Sublevel => std::iter::once(root).chain(self.tree.children(root)).collect(),
            Scope::Subtree => self.tree.subtree(root),
        })
    }

    /// Whether a CCB touches an instance of the class.
    fn is_class_in_ccb(&self, class: ClassId) -> bool {
        self.ccbs.values().any(|ccb| ccb.classes.contains(&class))
    }
}

/// The refusal for an object that does not exist.
pub(crate) fn no_object(dn: &Dn) -> Refusal {
    Rule::ObjectMissing.refuse(AisError::NotExist, format!("object '{dn}' does not exist"))
}
