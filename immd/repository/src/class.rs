//! Classes as the repository holds them, and the table of all classes.

use std::collections::BTreeMap;
use std::sync::Arc;

use ais::{
    AisError, AttrDef, AttrFlags, ClassCategory, ClassDef, Refusal, SYSTEM_ATTRIBUTES, Value, ValueType,
};

use crate::{ClassId, Repository, Rule, Values};

/// A class: its definition and the indexes that reading and checking need.
///
/// Attributes are known by their position in [`Class::def`], which never changes while the class exists (a change of
/// the class adds attributes at the end): that position is what the store keeps with an object's values.
#[derive(Debug)]
pub struct Class {
    id: ClassId,
    def: ClassDef,
    name: Arc<str>,
    rdn: u16,
    /// Every attribute, in descending byte order of the names.
    listed: Box<[AttrRef]>,
    /// The positions of the attributes with NO_DANGLING.
    references: Box<[u16]>,
}

/// An attribute of a class, seen from an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttrRef {
    /// Of the definition.
    Own(u16),
    /// `SaImmAttrClassName`
    ClassName,
    /// `SaImmAttrAdminOwnerName`
    OwnerName,
    /// `SaImmAttrImplementerName`
    ImplementerName,
}

impl AttrRef {
    const SYSTEM: [AttrRef; 3] = [AttrRef::ClassName, AttrRef::OwnerName, AttrRef::ImplementerName];

    /// The system attribute with this name.
    fn system(name: &str) -> Option<AttrRef> {
        let at = SYSTEM_ATTRIBUTES.iter().position(|own| *own == name)?;
        Some(AttrRef::SYSTEM[at])
    }
}

impl Class {
    /// A class from a definition that [`crate::class_change`] or the store vouches for; `None` without an RDN
    /// attribute or with more attributes than a position can number.
    pub(crate) fn new(id: ClassId, def: ClassDef) -> Option<Class> {
        let count = u16::try_from(def.attrs.len()).ok()?;
        let rdn = (0..count).find(|at| def.attrs[usize::from(*at)].flags.contains(AttrFlags::RDN))?;
        let mut listed: Vec<AttrRef> = (0..count).map(AttrRef::Own).chain(AttrRef::SYSTEM).collect();
        listed.sort_by_key(|attr| std::cmp::Reverse(attr_name(&def, *attr)));
        let references = (0..count)
            .filter(|at| def.attrs[usize::from(*at)].flags.contains(AttrFlags::NO_DANGLING))
            .collect();
        let name = def.name.as_str().into();
        Some(Class {
            id,
            name,
            rdn,
            listed: listed.into(),
            references,
            def,
        })
    }

    /// The class's number.
    pub const fn id(&self) -> ClassId {
        self.id
    }

    /// The class's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Configuration or runtime.
    pub const fn category(&self) -> ClassCategory {
        self.def.category
    }

    /// The definition without the system attributes, PERSISTENT completed with CACHED.
    pub const fn def(&self) -> &ClassDef {
        &self.def
    }

    /// The position of the attribute with this name; `None` also for system attributes.
    pub fn position(&self, name: &str) -> Option<u16> {
        match self.lookup(name)? {
            AttrRef::Own(position) => Some(position),
            AttrRef::ClassName | AttrRef::OwnerName | AttrRef::ImplementerName => None,
        }
    }

    /// The attribute at this position.
    pub fn attr(&self, position: u16) -> Option<&AttrDef> {
        self.def.attrs.get(usize::from(position))
    }

    /// The position of the attribute that names the objects.
    pub(crate) const fn rdn_position(&self) -> u16 {
        self.rdn
    }

    /// The definition of the attribute that names the objects.
    pub(crate) fn rdn(&self) -> &AttrDef {
        &self.def.attrs[usize::from(self.rdn)]
    }

    /// The attribute with this name, system attributes too.
    pub(crate) fn lookup(&self, name: &str) -> Option<AttrRef> {
        let at = self
            .listed
            .binary_search_by(|attr| name.cmp(attr_name(&self.def, *attr)))
            .ok()?;
        Some(self.listed[at])
    }

    /// Every attribute in descending byte order of the names.
    pub(crate) fn listed(&self) -> &[AttrRef] {
        &self.listed
    }

    /// The name of an attribute.
    pub(crate) fn attr_name(&self, attr: AttrRef) -> &str {
        attr_name(&self.def, attr)
    }

    /// The positions with NO_DANGLING.
    pub(crate) fn references(&self) -> &[u16] {
        &self.references
    }

    /// Whether its objects survive a restart: those of configuration classes and of runtime classes with a persistent
    /// RDN attribute.
    pub(crate) fn is_persistent(&self) -> bool {
        self.def.category == ClassCategory::Config || self.rdn().flags.contains(AttrFlags::PERSISTENT)
    }

    /// What a new object, or one that was there before the attribute, has at this position: the default where the
    /// value is held.
    pub(crate) fn initial(&self, position: u16) -> Values {
        const HELD: AttrFlags = AttrFlags::CONFIG.union(AttrFlags::CACHED);
        match self.attr(position) {
            Some(AttrDef {
                flags,
                default: Some(value),
                ..
            }) if flags.intersects(HELD) => Values::One(value.clone()),
            _ => Values::None,
        }
    }

    /// The flags that the system attributes have in this class.
    pub(crate) fn system_flags(&self) -> AttrFlags {
        match self.def.category {
            ClassCategory::Config => AttrFlags::CONFIG,
            ClassCategory::Runtime => {
                let persistent = self
                    .def
                    .attrs
                    .iter()
                    .any(|a| a.flags.contains(AttrFlags::PERSISTENT));
                let flags = AttrFlags::RUNTIME | AttrFlags::CACHED;
                if persistent {
                    flags | AttrFlags::PERSISTENT
                } else {
                    flags
                }
            }
        }
    }

    /// The definition as readers see it.
    fn described(&self) -> ClassDef {
        let attrs = self.listed.iter().map(|attr| match attr {
            AttrRef::Own(position) => self.def.attrs[usize::from(*position)].clone(),
            AttrRef::ClassName | AttrRef::OwnerName | AttrRef::ImplementerName => AttrDef {
                name: attr_name(&self.def, *attr).to_owned(),
                value_type: ValueType::String,
                flags: self.system_flags(),
                default: (*attr == AttrRef::ClassName).then(|| Value::String(self.def.name.clone())),
            },
        });
        ClassDef {
            name: self.def.name.clone(),
            category: self.def.category,
            attrs: attrs.collect(),
        }
    }
}

fn attr_name(def: &ClassDef, attr: AttrRef) -> &str {
    match attr {
        AttrRef::Own(position) => &def.attrs[usize::from(position)].name,
        AttrRef::ClassName => SYSTEM_ATTRIBUTES[0],
        AttrRef::OwnerName => SYSTEM_ATTRIBUTES[1],
        AttrRef::ImplementerName => SYSTEM_ATTRIBUTES[2],
    }
}

/// Whether the name is one of a system attribute.
pub(crate) fn is_system_attr(name: &str) -> bool {
    AttrRef::system(name).is_some()
}

/// What may be done with a class at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClassStage {
    /// Anything.
    Present,
    /// Nothing yet: its creation is not durable.
    Creating,
    /// It is read, but gets no new instances: its change is on its way.
    Changing,
    /// As changing, and its instances will not survive a restart any more.
    Vanishing,
    /// It is read, but gets no new instances: its deletion is on its way.
    Deleting,
}

/// All classes.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    by_id: BTreeMap<ClassId, (Arc<Class>, ClassStage)>,
    /// By name in lower case, for that is how names must differ.
    by_key: BTreeMap<String, ClassId>,
    next: u32,
}

impl Classes {
    /// The class with this very name, whatever its stage.
    pub(crate) fn find(&self, name: &str) -> Option<(&Arc<Class>, ClassStage)> {
        let (class, stage) = self.clash(name)?;
        (class.name() == name).then_some((class, stage))
    }

    /// The class whose name differs from this one in nothing but case.
    pub(crate) fn clash(&self, name: &str) -> Option<(&Arc<Class>, ClassStage)> {
        let id = self.by_key.get(&name.to_ascii_lowercase())?;
        self.by_id.get(id).map(|(class, stage)| (class, *stage))
    }

    /// The class with this number.
    pub(crate) fn by_id(&self, id: ClassId) -> Option<&Arc<Class>> {
        self.by_id.get(&id).map(|(class, _)| class)
    }

    /// Every class that readers see, in the order of creation.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &Arc<Class>> {
        self.by_id
            .values()
            .filter(|(_, stage)| *stage != ClassStage::Creating)
            .map(|(class, _)| class)
    }

    /// How many classes there are, those being created included.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The number that the next class gets.
    pub(crate) const fn next(&self) -> ClassId {
        ClassId(self.next)
    }

    /// Steps over all numbers below this one.
    pub(crate) fn reserve(&mut self, next: u32) {
        self.next = self.next.max(next);
    }

    pub(crate) fn insert(&mut self, class: Class, stage: ClassStage) {
        self.reserve(class.id.0.saturating_add(1));
        self.by_key.insert(class.name.to_ascii_lowercase(), class.id);
        self.by_id.insert(class.id, (Arc::new(class), stage));
    }

    pub(crate) fn set_stage(&mut self, id: ClassId, stage: ClassStage) {
        if let Some(entry) = self.by_id.get_mut(&id) {
            entry.1 = stage;
        }
    }

    /// Whether a change of this class is on its way.
    pub(crate) fn is_changing(&self, id: ClassId) -> bool {
        self.by_id
            .get(&id)
            .is_some_and(|(_, stage)| matches!(stage, ClassStage::Changing | ClassStage::Vanishing))
    }

    /// Whether a change is on its way after which the instances do not survive a restart.
    pub(crate) fn is_vanishing(&self, id: ClassId) -> bool {
        self.by_id
            .get(&id)
            .is_some_and(|(_, stage)| *stage == ClassStage::Vanishing)
    }

    /// Puts a changed class in the place of the one with its number, open for instances.
    pub(crate) fn replace(&mut self, class: Arc<Class>) {
        self.by_id.insert(class.id, (class, ClassStage::Present));
    }

    pub(crate) fn remove(&mut self, id: ClassId) {
        if let Some((class, _)) = self.by_id.remove(&id) {
            self.by_key.remove(&class.name.to_ascii_lowercase());
        }
    }
}

impl Repository {
    /// The class with this name.
    ///
    /// # Errors
    /// INVALID_PARAM for an empty name, NOT_EXIST.
    pub fn class(&self, name: &str) -> Result<&Arc<Class>, Refusal> {
        if name.is_empty() {
            return Err(Refusal::new(
                AisError::InvalidParam,
                "a class name may not be empty",
            ));
        }
        match self.classes.find(name) {
            Some((_, ClassStage::Creating)) | None => Err(no_class(name)),
            Some((class, _)) => Ok(class),
        }
    }

    /// The class with its system attributes, attributes in descending byte order of their names.
    ///
    /// # Errors
    /// INVALID_PARAM for an empty name, NOT_EXIST.
    pub fn class_describe(&self, name: &str) -> Result<ClassDef, Refusal> {
        self.class(name).map(|class| class.described())
    }

    /// The names of all classes in the order of their creation.
    pub fn class_names(&self) -> Vec<String> {
        self.classes
            .visible()
            .map(|class| class.name().to_owned())
            .collect()
    }

    /// How many classes there are.
    pub fn class_count(&self) -> usize {
        self.classes.visible().count()
    }
}

/// The refusal for a class that does not exist.
pub(crate) fn no_class(name: &str) -> Refusal {
    Rule::ClassMissing.refuse(AisError::NotExist, format!("class '{name}' does not exist"))
}
