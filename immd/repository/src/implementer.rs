//! The implementer registry: who holds which name, and which names are bound to classes and objects.
//!
//! A handle holds at most one name and a name is held by at most one handle. Bindings belong to the name and survive
//! its holder. Names that begin with `@` are appliers: they are told what was committed and never asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ais::{AisError, Millis, Refusal};

use crate::overlay::Overlay;
use crate::{ClassId, ImplementerId, ObjectBody, ObjectId, Repository};

/// For this long after an implementer left, its cached values stay visible and administrative operations are answered
/// with TRY_AGAIN.
pub const DETACH_GRACE: Millis = Millis(6000);

/// The longest name of an implementer or an admin owner in bytes.
pub(crate) const CLIENT_NAME_MAX: usize = 254;

/// An implementer's name, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImplementerInfo {
    /// The name.
    pub name: Arc<str>,
    /// Who holds it; `None` while it is detached.
    pub holder: Option<ImplementerId>,
}

#[derive(Debug)]
struct Handle {
    canonical: bool,
    /// How long it may take to answer, where it said so.
    callback_limit: Option<Millis>,
    name: Option<Arc<str>>,
}

/// Where a name is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Held by this handle.
    Held(ImplementerId),
    /// Left at this time; `None` where it was never held since the start.
    Free(Option<Millis>),
}

/// All handles, names and bindings, except those that stand in the objects themselves.
#[derive(Debug, Default)]
pub(crate) struct Implementers {
    handles: BTreeMap<ImplementerId, Handle>,
    names: BTreeMap<Arc<str>, Place>,
    pub(crate) classes: BTreeMap<ClassId, Arc<str>>,
    pub(crate) class_appliers: BTreeMap<ClassId, BTreeSet<Arc<str>>>,
    pub(crate) object_appliers: BTreeMap<ObjectId, BTreeSet<Arc<str>>>,
    next: u64,
}

/// The appliers that are told of all changes of NOTIFY attributes. Where both are attached the first is served.
const SPECIAL_APPLIERS: [&str; 2] = ["@OpenSafImmReplicatorA", "@OpenSafImmReplicatorB"];

/// Whether the name is an applier's.
pub(crate) fn is_applier(name: &str) -> bool {
    name.starts_with('@')
}

impl Implementers {
    /// The name bound to an object, by itself or by its class.
    pub(crate) fn bound<'a>(&'a self, body: &'a ObjectBody) -> Option<&'a Arc<str>> {
        body.implementer
            .as_ref()
            .or_else(|| self.classes.get(&body.class.id()))
    }

    /// The handle that holds the name.
    pub(crate) fn holder(&self, name: &str) -> Option<ImplementerId> {
        match self.names.get(name)? {
            Place::Held(id) => Some(*id),
            Place::Free(_) => None,
        }
    }

    /// Whether the name was ever held or bound.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Whether the name has no holder, but had one until less than the grace time ago.
    pub(crate) fn is_in_grace(&self, name: &str, now: Millis) -> bool {
        match self.names.get(name) {
            Some(Place::Free(Some(left))) => now.since(*left) < DETACH_GRACE,
            Some(Place::Held(_) | Place::Free(None)) | None => false,
        }
    }

    /// Whether the handle wants modifications with the resulting values.
    pub(crate) fn is_canonical(&self, id: ImplementerId) -> bool {
        self.handles.get(&id).is_some_and(|handle| handle.canonical)
    }

    /// Whether the handle exists.
    pub(crate) fn is_open(&self, id: ImplementerId) -> bool {
        self.handles.contains_key(&id)
    }

    /// The name that the handle holds.
    pub(crate) fn name_of(&self, id: ImplementerId) -> Option<&Arc<str>> {
        self.handles.get(&id).and_then(|handle| handle.name.as_ref())
    }

    /// The attached appliers of an object; `id` is `None` for an object that is just being created.
    pub(crate) fn appliers(&self, class: ClassId, id: Option<ObjectId>) -> Vec<ImplementerId> {
        let of_object = id.and_then(|id| self.object_appliers.get(&id));
        let names = self
            .class_appliers
            .get(&class)
            .into_iter()
            .chain(of_object)
            .flatten();
        names
            .filter(|name| !SPECIAL_APPLIERS.contains(&&***name))
            .filter_map(|name| self.holder(name))
            .collect()
    }

    /// The attached applier that is told of changes of NOTIFY attributes.
    pub(crate) fn special_applier(&self) -> Option<ImplementerId> {
        SPECIAL_APPLIERS.iter().find_map(|name| self.holder(name))
    }

    /// How many implementers and appliers are attached.
    pub(crate) fn attached(&self) -> usize {
        let held = |place: &&Place| matches!(place, Place::Held(_));
        self.names.values().filter(held).count()
    }

    /// Takes a name into the table.
    pub(crate) fn remember(&mut self, name: &Arc<str>) {
        self.names.entry(name.clone()).or_insert(Place::Free(None));
    }

    /// Forgets the bindings of a class that is gone.
    pub(crate) fn forget_class(&mut self, id: ClassId) {
        self.classes.remove(&id);
        self.class_appliers.remove(&id);
    }

    /// Forgets the bindings of objects that go.
    pub(crate) fn forget_objects(&mut self, overlay: &Overlay) {
        if !self.object_appliers.is_empty() {
            for id in overlay.removed() {
                self.object_appliers.remove(&id);
            }
        }
    }

    fn release_name(&mut self, id: ImplementerId, now: Millis) -> Option<Arc<str>> {
        let name = self.handles.get_mut(&id)?.name.take()?;
        self.names.insert(name.clone(), Place::Free(Some(now)));
        Some(name)
    }
}

/// Checks the name of an implementer or an admin owner.
///
/// # Errors
/// INVALID_PARAM.
pub(crate) fn check_client_name(what: &str, name: &str) -> Result<(), Refusal> {
    let rule = if name.is_empty() {
        "may not be empty".to_owned()
    } else if name.len() > CLIENT_NAME_MAX {
        format!("may have {CLIENT_NAME_MAX} bytes, {} were given", name.len())
    } else if name.bytes().any(|byte| !byte.is_ascii_graphic()) {
        "takes printable ASCII characters only".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::new(
        AisError::InvalidParam,
        format!("the name of an {what} {rule}"),
    ))
}

impl Repository {
    /// A handle without a name.
    ///
    /// `canonical_modify`: modifications arrive as REPLACE with the resulting values (A.02.17).
    pub fn implementer_initialize(&mut self, canonical_modify: bool) -> ImplementerId {
        let registry = &mut self.implementers;
        registry.next += 1;
        let id = ImplementerId(registry.next);
        registry.handles.insert(
            id,
            Handle {
                canonical: canonical_modify,
                callback_limit: None,
                name: None,
            },
        );
        id
    }

    /// The handle is closed or its connection lost: gives the name back and aborts the CCBs it took part in.
    pub fn implementer_finalize(&mut self, implementer: ImplementerId, now: Millis) {
        let name = self.implementers.release_name(implementer, now);
        self.implementers.handles.remove(&implementer);
        if let Some(name) = name {
            self.abort_ccbs_of(&name, "left");
        }
    }

    /// Takes a name.
    ///
    /// # Errors
    /// BAD_HANDLE; EXIST: held by another handle; INVALID_PARAM: not a name, or the handle has one; NO_RESOURCES;
    /// TRY_AGAIN: open CCBs touch objects of this name (they are aborted unless critical).
    pub fn implementer_set(&mut self, implementer: ImplementerId, name: &str) -> Result<(), Refusal> {
        check_client_name("implementer", name)?;
        let refuse = |error, text: String| Err(Refusal::new(error, text));
        let Some(handle) = self.implementers.handles.get(&implementer) else {
            return Err(AisError::BadHandle.into());
        };
        if let Some(own) = &handle.name {
            return refuse(
                AisError::InvalidParam,
                format!("the handle has the implementer name '{own}' already"),
            );
        }
        if self.implementers.holder(name).is_some() {
            return refuse(
                AisError::Exist,
                format!("the implementer name '{name}' is held by another one"),
            );
        }
        let max = self.settings.implementers_max;
        let full = u32::try_from(self.implementers.names.len()).is_ok_and(|have| have >= max);
        if full && !self.implementers.is_known(name) {
            return refuse(
                AisError::NoResources,
                format!("there are {max} implementer names, as many as maxImplementers allows"),
            );
        }
        if !is_applier(name) && self.abort_ccbs_of(name, "attached") {
            return refuse(
                AisError::TryAgain,
                format!("open CCBs touched objects of implementer '{name}'; they are being aborted"),
            );
        }
        let name: Arc<str> = name.into();
        if let Some(handle) = self.implementers.handles.get_mut(&implementer) {
            handle.name = Some(name.clone());
        }
        self.implementers.names.insert(name, Place::Held(implementer));
        Ok(())
    }

    /// Gives the name back; its bindings stay.
    ///
    /// # Errors
    /// BAD_HANDLE where the handle has no name.
    pub fn implementer_clear(&mut self, implementer: ImplementerId, now: Millis) -> Result<(), Refusal> {
        let Some(name) = self.implementers.release_name(implementer, now) else {
            return Err(AisError::BadHandle.into());
        };
        self.abort_ccbs_of(&name, "left");
        Ok(())
    }

    /// How long the handle may take to answer a callback; `None` is the service's own limit.
    pub fn implementer_limit(&mut self, implementer: ImplementerId, limit: Option<Millis>) {
        if let Some(handle) = self.implementers.handles.get_mut(&implementer) {
            handle.callback_limit = limit;
        }
    }

    /// How long to wait for an answer of this implementer about a CCB: its own limit, but not less than the service's
    /// (OpenSAF practice), which is `saImmOiTimeout` or else `default`.
    pub fn callback_limit(&self, implementer: ImplementerId, default: Millis) -> Millis {
        let service = self.settings.oi_timeout.unwrap_or(default);
        let own = self.implementers.handles.get(&implementer);
        own.and_then(|handle| handle.callback_limit)
            .map_or(service, |own| own.max(service))
    }

    /// How long to wait for runtime attributes that only this implementer knows: its own limit, else the service's.
    pub fn fetch_limit(&self, implementer: ImplementerId, default: Millis) -> Millis {
        let own = self.implementers.handles.get(&implementer);
        own.and_then(|handle| handle.callback_limit)
            .unwrap_or_else(|| self.settings.oi_timeout.unwrap_or(default))
    }

    /// Forgets the names of appliers that left `minApplierTimeout` ago, with their bindings. To be called before names
    /// are counted or shown.
    pub fn forget_idle_appliers(&mut self, now: Millis) {
        let Some(limit) = self.settings.applier_timeout else {
            return;
        };
        let registry = &mut self.implementers;
        let is_idle = |name: &str, place: &Place| match place {
            Place::Free(Some(left)) => is_applier(name) && now.since(*left) >= limit,
            Place::Free(None) | Place::Held(_) => false,
        };
        let names = registry.names.iter();
        let idle: Vec<Arc<str>> = names
            .filter(|(name, place)| is_idle(name, place))
            .map(|(name, _)| name.clone())
            .collect();
        for name in idle {
            registry.names.remove(&name);
            let forget = |names: &mut BTreeSet<Arc<str>>| {
                names.remove(&name);
                !names.is_empty()
            };
            registry.class_appliers.retain(|_, names| forget(names));
            registry.object_appliers.retain(|_, names| forget(names));
        }
    }

    /// The name that a handle holds.
    pub fn implementer_name(&self, implementer: ImplementerId) -> Option<&Arc<str>> {
        self.implementers.name_of(implementer)
    }

    /// All names, in byte order.
    pub fn implementers(&self) -> Vec<ImplementerInfo> {
        self.implementers
            .names
            .keys()
            .map(|name| ImplementerInfo {
                name: name.clone(),
                holder: self.implementers.holder(name),
            })
            .collect()
    }

    /// The name that the handle acts under.
    pub(crate) fn acting_name(&self, implementer: ImplementerId) -> Result<Arc<str>, Refusal> {
        self.implementers
            .name_of(implementer)
            .cloned()
            .ok_or_else(|| Refusal::new(AisError::BadHandle, "the handle has no implementer name"))
    }
}
