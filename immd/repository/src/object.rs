//! Objects as the repository holds them.

use std::sync::Arc;

use ais::{AttrFlags, ClassCategory, Dn, Value};

use crate::{Class, ObjectId};

/// The values of one attribute of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Values {
    /// No value.
    #[default]
    None,
    /// One value.
    One(Value),
    /// Two or more.
    Many(Box<[Value]>),
}

impl Values {
    /// The values in their order.
    pub fn as_slice(&self) -> &[Value] {
        match self {
            Values::None => &[],
            Values::One(value) => std::slice::from_ref(value),
            Values::Many(values) => values,
        }
    }

    /// Whether there is no value.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Values::None)
    }
}

impl From<Vec<Value>> for Values {
    fn from(mut values: Vec<Value>) -> Values {
        match values.len() {
            0 | 1 => values.pop().map_or(Values::None, Values::One),
            _ => Values::Many(values.into()),
        }
    }
}

impl From<&[Value]> for Values {
    fn from(values: &[Value]) -> Values {
        match values {
            [] => Values::None,
            [value] => Values::One(value.clone()),
            _ => Values::Many(values.into()),
        }
    }
}

/// One object at one moment: readers share it, a change copies it where somebody still reads the old one.
///
/// The RDN attribute and the system attributes are not among the values: they follow from the name, the class, the
/// owner and the implementer.
#[derive(Debug, Clone)]
pub struct ObjectBody {
    pub(crate) id: ObjectId,
    pub(crate) parent: ObjectId,
    pub(crate) dn: Dn,
    pub(crate) class: Arc<Class>,
    pub(crate) values: Box<[Values]>,
    pub(crate) owner: Option<Arc<str>>,
    pub(crate) implementer: Option<Arc<str>>,
}

impl ObjectBody {
    /// The object's number.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The object's name.
    pub const fn dn(&self) -> &Dn {
        &self.dn
    }

    /// The object's class.
    pub const fn class(&self) -> &Arc<Class> {
        &self.class
    }

    /// The name of the implementer bound to this very object: the creator of a runtime object, or by object
    /// implementer set. The store keeps it for persistent runtime objects only: see [`ObjectBody::stored_implementer`].
    pub fn implementer(&self) -> Option<&str> {
        self.implementer.as_deref()
    }

    /// The implementer's name where it survives a restart: that of a persistent runtime object.
    pub fn stored_implementer(&self) -> Option<&str> {
        let kept = self.class.category() == ClassCategory::Runtime && self.is_persistent();
        self.implementer().filter(|_| kept)
    }

    /// The values that survive a restart, each attribute with its position in the class; empty ones are left out.
    pub fn stored_values(&self) -> impl Iterator<Item = (u16, &[Value])> {
        (0u16..)
            .zip(&self.values)
            .filter(|(at, values)| !values.is_empty() && self.survives(*at))
            .map(|(at, values)| (at, values.as_slice()))
    }

    /// Whether the object has an admin owner; the loader is none.
    pub(crate) fn is_owned(&self) -> bool {
        self.owner
            .as_deref()
            .is_some_and(|owner| owner != crate::LOADER_OWNER)
    }

    /// Whether the object survives a restart.
    pub(crate) fn is_persistent(&self) -> bool {
        self.class.is_persistent()
    }

    /// Whether the attribute at this position survives a restart.
    pub(crate) fn survives(&self, position: u16) -> bool {
        const KEPT: AttrFlags = AttrFlags::CONFIG.union(AttrFlags::PERSISTENT);
        self.class
            .attr(position)
            .is_some_and(|a| a.flags.intersects(KEPT))
    }

    /// The values at this position.
    pub(crate) fn values(&self, position: u16) -> &[Value] {
        self.values
            .get(usize::from(position))
            .map_or(&[], Values::as_slice)
    }

    /// Puts values in the place of those at this position.
    pub(crate) fn set_values(&mut self, position: u16, values: Values) {
        if let Some(place) = self.values.get_mut(usize::from(position)) {
            *place = values;
        }
    }

    /// Makes the object one of the changed class: attributes that are new get their defaults.
    pub(crate) fn migrate(&mut self, class: &Arc<Class>) {
        let have = u16::try_from(self.values.len()).unwrap_or(u16::MAX);
        let count = u16::try_from(class.def().attrs.len()).unwrap_or(u16::MAX);
        if have < count {
            let mut values = std::mem::take(&mut self.values).into_vec();
            values.extend((have..count).map(|at| class.initial(at)));
            self.values = values.into();
        }
        self.class = class.clone();
    }

    /// The names in NO_DANGLING attributes, as far as they are names; one may come twice.
    pub(crate) fn references(&self) -> impl Iterator<Item = Dn> {
        self.class
            .references()
            .iter()
            .flat_map(|at| self.values(*at))
            .filter_map(Value::as_dn)
    }
}
