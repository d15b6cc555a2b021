//! Loading a model as a whole: its classes and objects, all or nothing.

use std::sync::Arc;

use ais::{AisError, Attr, AttrFlags, ClassCategory, ClassDef, Dn, Refusal, Value, find_attr};

use crate::class::ClassStage;
use crate::class_change::{Origin, checked};
use crate::create::{Creator, check_name, complete};
use crate::overlay::{Entry, Overlay, View};
use crate::store::Content;
use crate::tree::ROOT;
use crate::{Class, ObjectBody, ObjectId, Prepared, Repository, Settings, service};

/// An object of a model to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// Its class.
    pub class: String,
    /// Its name.
    pub dn: Dn,
    /// Its attributes. Class name and owner are ignored; the implementer's name is kept for persistent runtime objects.
    pub attrs: Vec<Attr>,
}

/// What of a model was refused, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadItem {
    /// A class.
    Class(usize),
    /// An object.
    Object(usize),
}

/// Why a model was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The item at fault.
    pub item: LoadItem,
    /// Why.
    pub refusal: Refusal,
}

impl Repository {
    /// Checks a whole model; nothing of it is taken when anything in it is wrong.
    ///
    /// No owner and no implementer is asked, service objects may be created and persistent runtime objects too.
    /// Objects may stand in any order. A class that exists with the same definition is skipped, as is an object that
    /// exists with the same class (importer practice). Objects are owned by [`crate::LOADER_OWNER`].
    ///
    /// # Errors
    /// As for [`Repository::class_create_prepare`] and the creation of an object in a CCB; EXIST where a class exists
    /// with another definition; FAILED_OPERATION for a reference that dangles.
    pub fn load_prepare(
        &mut self,
        classes: &[ClassDef],
        objects: &[NewObject],
    ) -> Result<Prepared, LoadError> {
        let mut content = Content::default();
        let result = self.load_content(classes, objects, &mut content);
        if let Err(error) = result {
            for id in content.classes {
                self.classes.remove(id);
            }
            return Err(error);
        }
        let mut stored: Vec<_> = content
            .classes
            .iter()
            .flat_map(|id| self.class_stored(*id))
            .collect();
        stored.extend(content.overlay.stored(&self.tree));
        Ok(self.prepared(stored, content))
    }

    fn load_content(
        &mut self,
        classes: &[ClassDef],
        objects: &[NewObject],
        content: &mut Content,
    ) -> Result<(), LoadError> {
        let settings = loaded_settings(self.settings.clone(), objects);
        for (at, class) in classes.iter().enumerate() {
            let at = |refusal| LoadError {
                item: LoadItem::Class(at),
                refusal,
            };
            let class = without_tolerated_defaults(class);
            let own = |there: &Class| content.classes.contains(&there.id());
            if !self.is_same_class(&class, &settings, own).map_err(at)? {
                content
                    .classes
                    .push(self.class_reserve(&class, Origin::Loaded).map_err(at)?);
            }
        }
        let mut order: Vec<usize> = (0..objects.len()).collect();
        order.sort_by_cached_key(|at| objects[*at].dn.rdns().count());
        for at in order {
            let id = self.tree.take_id();
            let entry = self
                .load_object(id, &objects[at], &content.overlay, &settings)
                .map_err(|refusal| LoadError {
                    item: LoadItem::Object(at),
                    refusal,
                })?;
            if let Some(body) = entry {
                content
                    .references
                    .extend(body.references().map(|target| (target, body.dn.clone())));
                content
                    .overlay
                    .entries
                    .insert(body.dn.clone(), Entry::Created(body));
            }
        }
        for (at, object) in objects.iter().enumerate() {
            if let Some(refusal) = self.load_dangling(&object.dn, &content.overlay) {
                return Err(LoadError {
                    item: LoadItem::Object(at),
                    refusal,
                });
            }
        }
        Ok(())
    }

    /// Whether the class is there already, with the same definition; `own` says which classes this load brings.
    fn is_same_class(
        &self,
        class: &ClassDef,
        settings: &Settings,
        own: impl Fn(&Class) -> bool,
    ) -> Result<bool, Refusal> {
        let there = match self.classes.find(&class.name) {
            Some((there, stage)) if stage == ClassStage::Present || own(there) => there,
            Some(_) | None => return Ok(false),
        };
        let new = checked(class, settings, Origin::Loaded)?;
        let mut differences = new
            .attrs
            .iter()
            .filter(|attr| there.def().attr(&attr.name) != Some(attr));
        let fault = if new.category != there.category() {
            "its category differs".to_owned()
        } else if let Some(attr) = differences.next() {
            format!("attribute '{}' differs", attr.name)
        } else if new.attrs.len() != there.def().attrs.len() {
            "it has other attributes".to_owned()
        } else {
            return Ok(true);
        };
        Err(Refusal::new(
            AisError::Exist,
            format!("class '{}' exists with another definition: {fault}", class.name),
        ))
    }

    /// The new object; `None` where it is there already.
    fn load_object(
        &self,
        id: ObjectId,
        object: &NewObject,
        overlay: &Overlay,
        settings: &Settings,
    ) -> Result<Option<Arc<ObjectBody>>, Refusal> {
        let dn = &object.dn;
        let Some((class, _)) = self.classes.find(&object.class) else {
            return Err(Refusal::new(
                AisError::NotExist,
                format!("class '{}' of object '{dn}' does not exist", object.class),
            ));
        };
        if self
            .tree
            .get(dn)
            .is_some_and(|there| there.class.id() == class.id())
        {
            return Ok(None);
        }
        if class.category() == ClassCategory::Runtime && !class.is_persistent() {
            return Err(Refusal::new(
                AisError::InvalidParam,
                format!(
                    "object '{dn}' of runtime class '{}' does not survive a restart and is not loaded",
                    class.name()
                ),
            ));
        }
        check_name(dn, class, settings)?;
        self.check_name_free(overlay, dn)?;
        let parent = self.load_parent(dn, class, overlay)?;
        let values = complete(dn, class, &object.attrs, Creator::Loader, settings)?;
        let implementer = match class.category() {
            ClassCategory::Config => None,
            ClassCategory::Runtime => find_attr(&object.attrs, ais::SYSTEM_ATTRIBUTES[2])
                .and_then(|attr| attr.values.first())
                .and_then(Value::as_str)
                .filter(|name| !name.is_empty())
                .map(Into::into),
        };
        Ok(Some(Arc::new(ObjectBody {
            id,
            parent,
            dn: dn.clone(),
            class: class.clone(),
            values,
            owner: Some(self.owners.after_start(dn)),
            implementer,
        })))
    }

    fn load_parent(&self, dn: &Dn, class: &Class, overlay: &Overlay) -> Result<ObjectId, Refusal> {
        let Some(parent) = dn.parent() else {
            return Ok(ROOT);
        };
        let refuse = |error, rule: &str| {
            Err(Refusal::new(
                error,
                format!("the parent '{parent}' of object '{dn}' {rule}"),
            ))
        };
        let view = View {
            tree: &self.tree,
            overlay,
        };
        let Some(seen) = view.get(&parent) else {
            return refuse(AisError::NotExist, "does not exist");
        };
        if class.category() == ClassCategory::Config && seen.body.class.category() == ClassCategory::Runtime {
            return refuse(AisError::NotExist, "is a runtime object");
        }
        if !seen.body.is_persistent() {
            return refuse(AisError::InvalidParam, "does not survive a restart");
        }
        if self.locks.writer(&parent).is_some() || self.locks.is_in_flight(&parent) {
            return refuse(AisError::Busy, "is being changed");
        }
        Ok(seen.body.id)
    }

    fn load_dangling(&self, dn: &Dn, overlay: &Overlay) -> Option<Refusal> {
        let Some(Entry::Created(body)) = overlay.entries.get(dn) else {
            return None;
        };
        let view = View {
            tree: &self.tree,
            overlay,
        };
        for at in body.class.references() {
            for value in body.values(*at) {
                let stays = |target: Dn| view.get(&target).is_some_and(|seen| seen.body.is_persistent());
                if !value.as_dn().is_some_and(stays) {
                    let name = body.class.attr(*at).map_or("", |def| &def.name);
                    return Some(Refusal::new(
                        AisError::FailedOperation,
                        format!(
                            "attribute '{name}' of object '{dn}' refers to '{}', which does not exist (NO_DANGLING)",
                            value.to_text()
                        ),
                    ));
                }
            }
        }
        None
    }
}

/// A default beside NO_DANGLING is tolerated in a model file, but not assigned (OpenSAF practice).
fn without_tolerated_defaults(class: &ClassDef) -> ClassDef {
    let mut class = class.clone();
    for attr in &mut class.attrs {
        if attr.flags.contains(AttrFlags::NO_DANGLING) {
            attr.default = None;
        }
    }
    class
}

/// The limits under which a model is checked: long names are allowed where the model itself allows them.
fn loaded_settings(present: Settings, objects: &[NewObject]) -> Settings {
    let own = objects.iter().find(|object| service::is_opensaf_imm(&object.dn));
    let flag = own
        .and_then(|object| find_attr(&object.attrs, "longDnsAllowed"))
        .and_then(|attr| attr.values.first())
        .and_then(Value::as_u32);
    Settings {
        long_dns: flag.map_or(present.long_dns, |flag| flag != 0),
        ..present
    }
}
