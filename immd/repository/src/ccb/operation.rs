//! Taking one operation into a CCB.

use std::collections::BTreeSet;
use std::sync::Arc;

use ais::{
    AisError, Attr, AttrChoice, AttrFlags, AttrModification, CcbOperation, ClassCategory, Dn, Millis,
    ModificationType, Refusal,
};

use super::{CCB_ALLOW_NULL_OI, CCB_REGISTERED_OI, Ccb, CcbState};
use crate::binding::no_object;
use crate::locks::Holder;
use crate::notify::CcbNotices;
use crate::overlay::{Entry, View};
use crate::read::check_named;
use crate::{CcbId, ClassId, Found, ImplementerCall, ImplementerId, ObjectBody, Repository, Rule, service};

/// What an operation does to a CCB, once it is found to be right.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) entries: Vec<(Dn, Entry)>,
    /// Creations that are taken back.
    pub(super) dropped: BTreeSet<Dn>,
    pub(super) references: Vec<(Dn, Dn)>,
    pub(super) names: BTreeSet<Arc<str>>,
    pub(super) classes: BTreeSet<ClassId>,
    pub(super) calls: Vec<ImplementerCall>,
    pub(super) appliers: Vec<ImplementerCall>,
    /// Whether the special applier has been told whose CCB it is.
    pub(super) owner_told: bool,
}

/// The CCB that an operation is checked for.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) id: CcbId,
    pub(super) ccb: &'a Ccb,
    pub(super) view: View<'a>,
}

impl Repository {
    /// Checks an operation against the model as the CCB sees it, locks and records it, and says which implementers
    /// must be asked, in this order. A refusal leaves the CCB as it was. When an implementer refuses, call
    /// [`Repository::ccb_refused`].
    ///
    /// # Errors
    /// BAD_HANDLE for an unknown CCB, FAILED_OPERATION for one that does not take operations (any more); the codes
    /// of saImmOmCcbObjectCreate, saImmOmCcbObjectModify and saImmOmCcbObjectDelete.
    pub fn ccb_operation(
        &mut self,
        ccb: CcbId,
        operation: &CcbOperation,
    ) -> Result<Vec<ImplementerCall>, Refusal> {
        self.open_ccb(ccb)?;
        let new_id = self.tree.take_id();
        let scene = self.scene(ccb)?;
        let plan = match operation {
            CcbOperation::Create { class, dn, attrs } => self.plan_create(scene, new_id, class, dn, attrs),
            CcbOperation::Modify { dn, changes } => self.plan_modify(scene, dn, changes),
            CcbOperation::Delete { dn } => self.plan_delete(scene, dn),
        };
        match plan {
            Ok(plan) => Ok(self.record(ccb, plan)),
            Err(refusal) => Err(self.note_refusal(ccb, refusal)),
        }
    }

    fn scene(&self, id: CcbId) -> Result<Scene<'_>, Refusal> {
        let ccb = self.open_ccb(id)?;
        let view = View {
            tree: &self.tree,
            overlay: &ccb.overlay,
        };
        Ok(Scene { id, ccb, view })
    }

    /// Keeps a refusal among the CCB's error strings.
    fn note_refusal(&mut self, id: CcbId, refusal: Refusal) -> Refusal {
        let text = format!("IMM: {}", refusal.text);
        if let Some(ccb) = self.ccbs.get_mut(&id) {
            ccb.add_error(text.clone());
        }
        Refusal::new(refusal.error, text)
    }

    fn record(&mut self, id: CcbId, plan: Plan) -> Vec<ImplementerCall> {
        let Some(ccb) = self.ccbs.get_mut(&id) else {
            return Vec::new();
        };
        let holder = Holder::Ccb(id);
        let ends = |entry: &Entry| matches!(entry, Entry::Deleted(_));
        let ended = plan.entries.iter().filter(|(_, entry)| ends(entry));
        let ended: BTreeSet<Dn> = ended
            .map(|(dn, _)| dn)
            .filter(|dn| ccb.overlay.entries.contains_key(*dn))
            .chain(&plan.dropped)
            .cloned()
            .collect();
        if !ended.is_empty() {
            ccb.references.retain(|(target, referrer)| {
                let stays = !ended.contains(referrer);
                if !stays {
                    self.locks.forget_reference(target, holder, referrer);
                }
                stays
            });
        }
        for dn in &plan.dropped {
            if let Some(Entry::Created(body)) = ccb.overlay.entries.remove(dn) {
                self.locks.forget_create(&body, holder);
            }
            self.locks.unlock(dn, id);
            if ccb.read.remove(dn) {
                self.locks.unshare(dn, id);
            }
        }
        for (dn, entry) in plan.entries {
            self.locks.lock(&dn, id);
            if let Entry::Created(body) = &entry {
                self.locks.note_create(body, Holder::Ccb(id));
            }
            ccb.overlay.entries.insert(dn, entry);
        }
        for (target, referrer) in plan.references {
            self.locks
                .note_reference(target.clone(), Holder::Ccb(id), &referrer);
            ccb.references.push((target, referrer));
        }
        ccb.names.extend(plan.names);
        ccb.classes.extend(plan.classes);
        ccb.asked.extend(plan.calls.iter().map(|call| call.implementer));
        ccb.appliers.extend(plan.appliers);
        ccb.owner_told |= plan.owner_told;
        plan.calls
    }

    /// The implementer to be asked about an object: `None` where nobody guards it.
    ///
    /// # Errors
    /// NOT_EXIST where the CCB's flags demand one who is not there.
    pub(super) fn guard(
        &self,
        ccb: &Ccb,
        body: &ObjectBody,
        plan: &mut Plan,
    ) -> Result<Option<ImplementerId>, Refusal> {
        plan.classes.insert(body.class.id());
        if service::is_service_class(body.class.name()) {
            return Ok(None);
        }
        let demanded = ccb.flags & CCB_REGISTERED_OI != 0 && body.class.category() == ClassCategory::Config;
        let Some(name) = self.implementers.bound(body) else {
            if demanded && ccb.flags & CCB_ALLOW_NULL_OI == 0 {
                return Err(Rule::ImplementerMissing.refuse(
                    AisError::NotExist,
                    format!(
                        "object '{}' has no implementer, which the CCB's flag REGISTERED_OI demands",
                        body.dn
                    ),
                ));
            }
            return Ok(None);
        };
        plan.names.insert(name.clone());
        let holder = self.implementers.holder(name);
        if holder.is_none() && demanded {
            return Err(Rule::ImplementerDetached.refuse(
                AisError::NotExist,
                format!("the implementer '{name}' of object '{}' is not attached", body.dn),
            ));
        }
        Ok(holder)
    }

    /// Adds the calls about an operation to the plan, where all are told the same.
    pub(super) fn add_calls(
        &self,
        plan: &mut Plan,
        guard: Option<ImplementerId>,
        body: &ObjectBody,
        is_new: bool,
        operation: impl Fn() -> CcbOperation,
    ) {
        plan.calls.extend(guard.map(|implementer| ImplementerCall {
            implementer,
            operation: operation(),
        }));
        let appliers = self
            .implementers
            .appliers(body.class.id(), (!is_new).then_some(body.id));
        plan.appliers
            .extend(appliers.into_iter().map(|implementer| ImplementerCall {
                implementer,
                operation: operation(),
            }));
    }

    /// Adds what the special applier is told about an operation, if one is attached.
    pub(super) fn add_notices(
        &self,
        ccb: &Ccb,
        plan: &mut Plan,
        about: impl FnOnce(&mut CcbNotices<'_>) -> Vec<CcbOperation>,
    ) {
        let Some(implementer) = self.implementers.special_applier() else {
            return;
        };
        let mut notices = CcbNotices {
            owner: &ccb.owner_name,
            told: ccb.owner_told || plan.owner_told,
        };
        let operations = about(&mut notices);
        plan.owner_told = notices.told;
        plan.appliers
            .extend(operations.into_iter().map(|operation| ImplementerCall {
                implementer,
                operation,
            }));
    }

    /// Refuses an object that another CCB changes or has read.
    pub(super) fn check_unlocked(&self, id: CcbId, dn: &Dn) -> Result<(), Refusal> {
        let busy = |rule: Rule, text: String| Err(rule.refuse(AisError::Busy, text));
        match self.locks.writer(dn) {
            Some(other) if other != id => busy(Rule::ObjectInCcb, format!("object '{dn}' is in CCB {other}")),
            _ if self.locks.read_by_other(dn, id) => {
                busy(Rule::ObjectRead, format!("object '{dn}' is read by another CCB"))
            }
            _ => Ok(()),
        }
    }

    /// An object as the CCB sees it, of which nothing is copied that is held; locks it against changes by others.
    ///
    /// # Errors
    /// BUSY, INVALID_PARAM (a runtime object), NOT_EXIST, FAILED_OPERATION, BAD_OPERATION (validated already).
    pub fn ccb_read(
        &mut self,
        ccb: CcbId,
        dn: &Dn,
        attrs: &AttrChoice,
        now: Millis,
    ) -> Result<Found, Refusal> {
        if matches!(
            self.ccb_state(ccb),
            Some(CcbState::Prepared | CcbState::Validated | CcbState::Critical)
        ) {
            return Err(Rule::CcbBeyond.refuse(
                AisError::BadOperation,
                format!("IMM: CCB {ccb} is being or has been validated; reads through it are over"),
            ));
        }
        let scene = self.scene(ccb)?;
        let read = self.read_in(scene, dn, attrs, now);
        match read {
            Ok(object) => {
                self.locks.share(dn, ccb);
                if let Some(ccb) = self.ccbs.get_mut(&ccb) {
                    ccb.read.insert(dn.clone());
                }
                Ok(object)
            }
            Err(refusal) => Err(self.note_refusal(ccb, refusal)),
        }
    }

    pub(super) fn read_in(
        &self,
        scene: Scene<'_>,
        dn: &Dn,
        attrs: &AttrChoice,
        now: Millis,
    ) -> Result<Found, Refusal> {
        let seen = scene.view.get(dn).ok_or_else(|| no_object(dn))?;
        if seen.body.class.category() == ClassCategory::Runtime {
            return Err(Rule::ObjectRuntime.refuse(
                AisError::InvalidParam,
                format!("object '{dn}' is a runtime object, which a CCB does not read"),
            ));
        }
        if let Some(other) = self.locks.writer(dn).filter(|writer| *writer != scene.id) {
            return Err(Rule::ObjectInCcb.refuse(AisError::Busy, format!("object '{dn}' is in CCB {other}")));
        }
        let body = seen.merged();
        check_named(&body, attrs)?;
        Ok(self.found(body.into_owned(), attrs, now))
    }
}

/// The attributes of a new object as implementers see them: all configuration and persistent runtime attributes, the
/// RDN apart, which is in the name.
pub(super) fn created(body: &ObjectBody) -> CcbOperation {
    let class = &body.class;
    let attrs = (0u16..)
        .zip(&class.def().attrs)
        .filter(|(at, _)| *at != class.rdn_position() && body.survives(*at))
        .map(|(at, def)| Attr {
            name: def.name.clone(),
            value_type: def.value_type,
            values: body.values(at).to_vec(),
        });
    CcbOperation::Create {
        class: class.name().to_owned(),
        dn: body.dn.clone(),
        attrs: attrs.collect(),
    }
}

/// REPLACE with the values that an object will have, for the attributes at these positions.
pub(super) fn replaced(body: &ObjectBody, positions: impl Iterator<Item = u16>) -> CcbOperation {
    let changes = positions.filter_map(|at| {
        let def = body.class.attr(at)?;
        let attr = Attr {
            name: def.name.clone(),
            value_type: def.value_type,
            values: body.values(at).to_vec(),
        };
        Some(AttrModification {
            kind: ModificationType::Replace,
            attr,
        })
    });
    CcbOperation::Modify {
        dn: body.dn.clone(),
        changes: changes.collect(),
    }
}

/// The positions of the attributes that may be changed.
pub(super) fn writable(body: &ObjectBody) -> impl Iterator<Item = u16> {
    let attrs = (0u16..).zip(&body.class.def().attrs);
    attrs
        .filter(|(_, def)| def.flags.contains(AttrFlags::WRITABLE))
        .map(|(at, _)| at)
}
