//! What the special applier is told: changes of attributes with the flag NOTIFY (OpenSAF practice).
//!
//! It needs no bindings. Beside the attributes it gets who changed them: the admin owner of a CCB at least with the
//! CCB's first notice, the implementer of runtime data, which comes with the CCB number 0 and without "completed" and
//! "apply".

use std::collections::BTreeMap;

use ais::{
    Attr, AttrFlags, AttrModification, CcbOperation, ClassCategory, ModificationType, SYSTEM_ATTRIBUTES,
    Value, ValueType,
};

use crate::overlay::{Entry, Overlay};
use crate::tree::Tree;
use crate::{Class, ImplementerCall, ImplementerId, ObjectBody, Repository, Values};

const CLASS_NAME: &str = SYSTEM_ATTRIBUTES[0];
const OWNER_NAME: &str = SYSTEM_ATTRIBUTES[1];
const IMPLEMENTER_NAME: &str = SYSTEM_ATTRIBUTES[2];

/// Whether changes of instances are to be told at all.
fn is_notified(class: &Class) -> bool {
    let attrs = &class.def().attrs;
    attrs.iter().any(|attr| attr.flags.contains(AttrFlags::NOTIFY))
}

fn is_notified_at(class: &Class, at: u16) -> bool {
    class
        .attr(at)
        .is_some_and(|attr| attr.flags.contains(AttrFlags::NOTIFY))
}

fn text(name: &str, value: &str) -> Attr {
    Attr {
        name: name.to_owned(),
        value_type: ValueType::String,
        values: vec![Value::String(value.to_owned())],
    }
}

const fn replace(attr: Attr) -> AttrModification {
    AttrModification {
        kind: ModificationType::Replace,
        attr,
    }
}

fn attr_at(body: &ObjectBody, at: u16, values: &[Value]) -> Option<Attr> {
    let def = body.class.attr(at)?;
    Some(Attr {
        name: def.name.clone(),
        value_type: def.value_type,
        values: values.to_vec(),
    })
}

/// The creation: NOTIFY attributes that are held here, the RDN, the class, and who made it.
fn created(body: &ObjectBody, by: Attr) -> CcbOperation {
    let class = &body.class;
    let rdn = class.rdn();
    let mut attrs = vec![Attr {
        name: rdn.name.clone(),
        value_type: rdn.value_type,
        values: vec![match rdn.value_type {
            ValueType::Name => Value::Name(body.dn.rdn().to_owned()),
            _ => Value::String(body.dn.rdn().to_owned()),
        }],
    }];
    let positions = (0u16..).zip(&class.def().attrs).map(|(at, _)| at);
    // Nobody has given a new configuration object its cached runtime attributes yet.
    let is_given = |at: u16| class.category() == ClassCategory::Runtime || body.survives(at);
    let told =
        positions.filter(|at| *at != class.rdn_position() && is_notified_at(class, *at) && is_given(*at));
    attrs.extend(told.filter_map(|at| attr_at(body, at, body.values(at))));
    attrs.push(text(CLASS_NAME, class.name()));
    attrs.push(by);
    CcbOperation::Create {
        class: class.name().to_owned(),
        dn: body.dn.clone(),
        attrs,
    }
}

/// What a CCB tells about one of its operations; `told` says whether it told who its owner is.
pub(crate) struct CcbNotices<'a> {
    pub(crate) owner: &'a str,
    pub(crate) told: bool,
}

impl CcbNotices<'_> {
    fn owner(&self) -> Attr {
        text(OWNER_NAME, self.owner)
    }

    /// For an object that is created.
    pub(crate) fn create(&mut self, body: &ObjectBody) -> Option<CcbOperation> {
        if !is_notified(&body.class) {
            return None;
        }
        self.told = true;
        Some(created(body, self.owner()))
    }

    /// For an object that is changed as given.
    pub(crate) fn modify(&mut self, body: &ObjectBody, changes: &[AttrModification]) -> Option<CcbOperation> {
        let class = &body.class;
        let told = |change: &&AttrModification| {
            let at = class.position(&change.attr.name);
            at.is_some_and(|at| is_notified_at(class, at))
        };
        let mut changes: Vec<AttrModification> = changes.iter().filter(told).cloned().collect();
        if changes.is_empty() {
            return None;
        }
        changes.push(replace(text(CLASS_NAME, class.name())));
        if !self.told {
            changes.push(replace(self.owner()));
            self.told = true;
        }
        Some(CcbOperation::Modify {
            dn: body.dn.clone(),
            changes,
        })
    }

    /// For an object that goes: who does it, where that is not known yet, and that it goes.
    pub(crate) fn delete(&mut self, body: &ObjectBody) -> Vec<CcbOperation> {
        if !is_notified(&body.class) {
            return Vec::new();
        }
        let mut notices = Vec::new();
        if !self.told {
            notices.push(CcbOperation::Modify {
                dn: body.dn.clone(),
                changes: vec![replace(self.owner())],
            });
            self.told = true;
        }
        notices.push(CcbOperation::Delete { dn: body.dn.clone() });
        notices
    }
}

/// What is told about a row of runtime changes by this implementer.
fn runtime_notices(overlay: &Overlay, tree: &Tree, implementer: &str) -> Vec<CcbOperation> {
    let by = || text(IMPLEMENTER_NAME, implementer);
    let modified = |body: &ObjectBody, changed: &BTreeMap<u16, Values>| {
        let told = changed.iter().filter(|(at, _)| is_notified_at(&body.class, **at));
        let attrs = told.filter_map(|(at, values)| attr_at(body, *at, values.as_slice()));
        let mut changes: Vec<AttrModification> = attrs.map(replace).collect();
        if changes.is_empty() {
            return None;
        }
        changes.push(replace(text(CLASS_NAME, body.class.name())));
        changes.push(replace(by()));
        Some(CcbOperation::Modify {
            dn: body.dn.clone(),
            changes,
        })
    };
    let mut notices: Vec<CcbOperation> = overlay
        .removed()
        .filter_map(|id| tree.by_id(id))
        .filter(|body| is_notified(&body.class))
        .map(|body| CcbOperation::Delete { dn: body.dn.clone() })
        .collect();
    let added = overlay
        .added()
        .into_iter()
        .filter(|body| is_notified(&body.class));
    notices.extend(added.map(|body| created(body, by())));
    for entry in overlay.entries.values() {
        if let Entry::Modified(id, changed) = entry
            && let Some(body) = tree.by_id(*id)
        {
            notices.extend(modified(body, changed));
        }
    }
    notices
}

impl Repository {
    /// Whom to tell of changes of NOTIFY attributes, with the notices about a row of runtime changes.
    pub(crate) fn notices_of(&self, overlay: &Overlay, name: &str) -> Vec<ImplementerCall> {
        let Some(implementer) = self.implementers.special_applier() else {
            return Vec::new();
        };
        let notices = runtime_notices(overlay, &self.tree, name);
        let call = |operation| ImplementerCall {
            implementer,
            operation,
        };
        notices.into_iter().map(call).collect()
    }

    /// What special appliers are to be told of runtime changes that everyone sees since the last call, in their order:
    /// operations with the CCB number 0. To be drained after every call that makes something visible.
    pub fn take_notices(&mut self) -> Vec<ImplementerCall> {
        let attached = |id: ImplementerId| self.implementers.name_of(id).is_some();
        let mut notices = std::mem::take(&mut self.notices);
        notices.retain(|call| attached(call.implementer));
        notices
    }
}
