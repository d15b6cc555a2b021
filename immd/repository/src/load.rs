//! Loading a model as a whole: its classes and objects, all or nothing.

use std::sync::Arc;

use ais::{AisError, Attr, AttrFlags, ClassCategory, ClassDef, Dn, Refusal, Value, find_attr};

use crate::class::ClassStage;
use crate::class_change::{Origin, checked};
use crate::create::{Creator, check_name, complete};
use crate::overlay::{Entry, Overlay, View};
use crate::store::Content;
use crate::tree::{ROOT, parent_str};
use crate::{Class, ClassId, ObjectBody, ObjectId, Prepared, Repository, Settings, StoredChange, service};

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

/// What of a model was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadItem {
    /// The class of this name.
    Class(String),
    /// The object of this name.
    Object(Dn),
}

/// Why a model was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The item at fault.
    pub item: LoadItem,
    /// Why.
    pub refusal: Refusal,
}

impl LoadError {
    fn object(dn: &Dn, refusal: Refusal) -> LoadError {
        LoadError {
            item: LoadItem::Object(dn.clone()),
            refusal,
        }
    }
}

/// A model that is being checked, object by object; nothing of it is there before it ends, and nothing stays of one that
/// is dropped.
#[derive(Debug)]
pub struct Loading<'a> {
    repository: &'a mut Repository,
    settings: Settings,
    /// The new classes.
    classes: Vec<ClassId>,
    /// The new objects without their values: they are asked for their names and classes only.
    overlay: Overlay,
    /// What must be there when all objects are.
    references: Vec<Reference>,
    /// The parent of the last object: the next one often has the same.
    parent: Option<Arc<ObjectBody>>,
}

/// A value with NO_DANGLING.
#[derive(Debug)]
struct Reference {
    /// The object that has it, without its values.
    from: Arc<ObjectBody>,
    /// The position of its attribute.
    at: u16,
    value: Value,
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
        let mut loading = self.load_begin(classes, long_dns(objects))?;
        let mut order: Vec<&NewObject> = objects.iter().collect();
        order.sort_by_cached_key(|object| object.dn.rdns().count());
        let mut stored = loading.classes();
        for object in order {
            stored.extend(loading.add(object)?);
        }
        loading.check_references()?;
        Ok(loading.prepared(stored))
    }

    /// Begins what [`Repository::load_prepare`] does, for objects that come one after the other, parents first.
    ///
    /// `long_dns` is what the model itself says about long names; `None` where it says nothing.
    ///
    /// # Errors
    /// Those of classes.
    pub fn load_begin(
        &mut self,
        classes: &[ClassDef],
        long_dns: Option<bool>,
    ) -> Result<Loading<'_>, LoadError> {
        let settings = Settings {
            long_dns: long_dns.unwrap_or(self.settings.long_dns),
            ..self.settings.clone()
        };
        let mut loading = Loading {
            repository: self,
            settings,
            classes: Vec::new(),
            overlay: Overlay::default(),
            references: Vec::new(),
            parent: None,
        };
        for class in classes {
            loading.class(class).map_err(|refusal| LoadError {
                item: LoadItem::Class(class.name.clone()),
                refusal,
            })?;
        }
        Ok(loading)
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
}

impl Loading<'_> {
    fn class(&mut self, class: &ClassDef) -> Result<(), Refusal> {
        let class = without_tolerated_defaults(class);
        let own = |there: &Class| self.classes.contains(&there.id());
        if !self.repository.is_same_class(&class, &self.settings, own)? {
            let id = self.repository.class_reserve(&class, Origin::Loaded)?;
            self.classes.push(id);
        }
        Ok(())
    }

    /// What a store must hold for the new classes, before their objects.
    pub fn classes(&self) -> Vec<StoredChange> {
        let stored = self.classes.iter();
        stored.flat_map(|id| self.repository.class_stored(*id)).collect()
    }

    /// Checks the next object, whose parent must be there, and gives what a store must hold for it; `None` where it is
    /// there already. The object's values are not kept here.
    ///
    /// # Errors
    /// As for [`Repository::load_prepare`]; references are checked at the end.
    pub fn add(&mut self, object: &NewObject) -> Result<Option<StoredChange>, LoadError> {
        let body = self
            .body(object)
            .map_err(|refusal| LoadError::object(&object.dn, refusal))?;
        let Some(body) = body else {
            return Ok(None);
        };
        let kept = Arc::new(ObjectBody {
            values: Box::default(),
            class: body.class.clone(),
            dn: body.dn.clone(),
            owner: None,
            implementer: None,
            ..body
        });
        for at in body.class.references() {
            let reference = |value: &Value| Reference {
                from: kept.clone(),
                at: *at,
                value: value.clone(),
            };
            self.references.extend(body.values(*at).iter().map(reference));
        }
        let entry = Entry::Created(kept);
        self.overlay.entries.insert(body.dn.clone(), entry);
        Ok(Some(StoredChange::Put {
            before: None,
            after: Arc::new(body),
        }))
    }

    /// Ends the model: what [`Loading::classes`] and [`Loading::add`] gave is what a store must hold from which it is to be
    /// read. The repository stays as it was.
    ///
    /// # Errors
    /// FAILED_OPERATION for a reference that dangles.
    pub fn finish(self) -> Result<(), LoadError> {
        self.check_references()
    }

    fn check_references(&self) -> Result<(), LoadError> {
        self.references
            .iter()
            .try_for_each(|reference| self.check(reference))
    }

    /// The model as a change that can be made visible.
    fn prepared(mut self, stored: Vec<StoredChange>) -> Prepared {
        let bodies = stored.iter().filter_map(|change| match change {
            StoredChange::Put { after, .. } => Some((after.dn.clone(), Entry::Created(after.clone()))),
            StoredChange::PutClass { .. }
            | StoredChange::DeleteClass { .. }
            | StoredChange::Delete { .. } => None,
        });
        let target = |own: &Reference| Some((own.value.as_dn()?, own.from.dn.clone()));
        let content = Content {
            overlay: Overlay {
                entries: bodies.collect(),
            },
            references: self.references.iter().filter_map(target).collect(),
            classes: std::mem::take(&mut self.classes),
            ..Content::default()
        };
        self.repository.prepared(stored, content)
    }

    /// The new object; `None` where it is there already.
    fn body(&mut self, object: &NewObject) -> Result<Option<ObjectBody>, Refusal> {
        let dn = &object.dn;
        let Some((class, _)) = self.repository.classes.find(&object.class) else {
            return Err(Refusal::new(
                AisError::NotExist,
                format!("class '{}' of object '{dn}' does not exist", object.class),
            ));
        };
        let class = class.clone();
        let there = self.repository.tree.get(dn);
        if there.is_some_and(|there| there.class.id() == class.id()) {
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
        check_name(dn, &class, &self.settings)?;
        self.repository.check_name_free(&self.overlay, dn)?;
        let parent = self.parent(dn, &class)?;
        let values = complete(dn, &class, &object.attrs, Creator::Loader, &self.settings)?;
        let implementer = match class.category() {
            ClassCategory::Config => None,
            ClassCategory::Runtime => find_attr(&object.attrs, ais::SYSTEM_ATTRIBUTES[2])
                .and_then(|attr| attr.values.first())
                .and_then(Value::as_str)
                .filter(|name| !name.is_empty())
                .map(Into::into),
        };
        Ok(Some(ObjectBody {
            id: self.repository.tree.take_id(),
            parent,
            dn: dn.clone(),
            class,
            values,
            owner: Some(self.repository.owners.after_start(dn)),
            implementer,
        }))
    }

    fn parent(&mut self, dn: &Dn, class: &Class) -> Result<ObjectId, Refusal> {
        let Some(name) = parent_str(dn) else {
            return Ok(ROOT);
        };
        let refuse = |error, rule: &str| {
            Err(Refusal::new(
                error,
                format!("the parent '{name}' of object '{dn}' {rule}"),
            ))
        };
        let view = View {
            tree: &self.repository.tree,
            overlay: &self.overlay,
        };
        let last = self.parent.take().filter(|body| body.dn.as_str() == name);
        let seen = last.or_else(|| view.get(&dn.parent()?).map(|seen| seen.body.clone()));
        let Some(parent) = seen else {
            return refuse(AisError::NotExist, "does not exist");
        };
        if class.category() == ClassCategory::Config && parent.class.category() == ClassCategory::Runtime {
            return refuse(AisError::NotExist, "is a runtime object");
        }
        if !parent.is_persistent() {
            return refuse(AisError::InvalidParam, "does not survive a restart");
        }
        let repository = &self.repository;
        if repository.locks.writer(&parent.dn).is_some() || repository.is_under_way(&parent) {
            return refuse(AisError::Busy, "is being changed");
        }
        Ok(self.parent.insert(parent).id)
    }

    fn check(&self, reference: &Reference) -> Result<(), LoadError> {
        let view = View {
            tree: &self.repository.tree,
            overlay: &self.overlay,
        };
        let Reference { from, at, value } = reference;
        let stays = |target: Dn| view.get(&target).is_some_and(|seen| seen.body.is_persistent());
        if value.as_dn().is_some_and(stays) {
            return Ok(());
        }
        let name = from.class.attr(*at).map_or("", |def| &def.name);
        let text = format!(
            "attribute '{name}' of object '{}' refers to '{}', which does not exist (NO_DANGLING)",
            from.dn,
            value.to_text()
        );
        let refusal = Refusal::new(AisError::FailedOperation, text);
        Err(LoadError::object(&from.dn, refusal))
    }
}

impl Drop for Loading<'_> {
    /// The classes of a model that is not taken go again.
    fn drop(&mut self) {
        for id in &self.classes {
            self.repository.classes.remove(*id);
        }
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

/// What a model says about long names.
fn long_dns(objects: &[NewObject]) -> Option<bool> {
    let own = objects
        .iter()
        .find(|object| service::is_opensaf_imm(&object.dn))?;
    let attr = find_attr(&own.attrs, "longDnsAllowed")?;
    attr.values.first().and_then(Value::as_u32).map(|flag| flag != 0)
}
