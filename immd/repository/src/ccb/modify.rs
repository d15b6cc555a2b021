//! Modifying an object in a CCB.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ais::{AisError, AttrFlags, AttrModification, CcbOperation, ClassCategory, Dn, Refusal};

use super::operation::{Plan, Scene, replaced, writable};
use crate::binding::no_object;
use crate::class::AttrRef;
use crate::overlay::{Entry, Seen, with_changes};
use crate::owner::{may_change, not_owner};
use crate::values::{modified, refuse};
use crate::{ImplementerCall, ObjectBody, Repository, Rule, Values, service};

impl Repository {
    pub(super) fn plan_modify(
        &self,
        scene: Scene<'_>,
        dn: &Dn,
        changes: &[AttrModification],
    ) -> Result<Plan, Refusal> {
        let seen = scene.view.get(dn).ok_or_else(|| no_object(dn))?;
        if seen.body.class.category() == ClassCategory::Runtime {
            return Err(Rule::ObjectRuntime.refuse(
                AisError::InvalidParam,
                format!("object '{dn}' is a runtime object; only its implementer changes it"),
            ));
        }
        if !may_change(seen.body, &scene.ccb.owner_name) {
            return Err(not_owner(seen.body, &scene.ccb.owner_name));
        }
        self.check_unlocked(scene.id, dn)?;
        let mut values = BTreeMap::new();
        for change in changes {
            let (at, result) = self.one_change(&seen, change, &values)?;
            values.insert(at, Values::from(result));
        }
        let touched: BTreeSet<u16> = values.keys().copied().collect();
        let whole = with_changes(&seen.merged(), &values);
        if service::is_service_object(&seen) {
            service::check_modify(&whole, &self.tree)?;
        }
        let mut plan = Plan::default();
        for at in whole.class.references().iter().filter(|at| touched.contains(at)) {
            self.plan_references(scene, &whole, *at, &mut plan)?;
        }
        self.plan_modify_calls(scene, &whole, &touched, changes, &mut plan)?;
        let entry = match scene.ccb.overlay.entries.get(dn) {
            Some(Entry::Created(_)) => Entry::Created(whole),
            Some(Entry::Modified(id, before)) => {
                let mut all = before.clone();
                all.extend(values);
                Entry::Modified(*id, all)
            }
            Some(Entry::Deleted(_) | Entry::Replaced(..)) | None => Entry::Modified(whole.id, values),
        };
        plan.entries.push((dn.clone(), entry));
        Ok(plan)
    }

    /// The position and the resulting values of one change.
    fn one_change(
        &self,
        seen: &Seen<'_>,
        change: &AttrModification,
        done: &BTreeMap<u16, Values>,
    ) -> Result<(u16, Vec<ais::Value>), Refusal> {
        let body = seen.body;
        let name = &change.attr.name;
        let invalid =
            |rule: Rule, text: &str| Err(refuse(rule, AisError::InvalidParam, &body.dn, name, text));
        let at = match body.class.lookup(name) {
            Some(AttrRef::Own(at)) => at,
            Some(_) => return invalid(Rule::AttrSystem, "is set by the system alone"),
            None => {
                let text = format!("does not exist in class '{}'", body.class.name());
                let rule = Rule::AttrUnknown;
                return Err(refuse(rule, AisError::NotExist, &body.dn, name, text));
            }
        };
        let def = &body.class.def().attrs[usize::from(at)];
        if !def.flags.contains(AttrFlags::CONFIG) {
            return invalid(
                Rule::AttrRuntime,
                "is a runtime attribute; only the implementer changes it",
            );
        }
        if !def.flags.contains(AttrFlags::WRITABLE) {
            return invalid(
                Rule::AttrNotWritable,
                "is not WRITABLE: it keeps the value it got when the object was created",
            );
        }
        if done.contains_key(&at) {
            return invalid(Rule::AttrTwice, "stands twice in one modification");
        }
        Ok((
            at,
            modified(&body.dn, def, seen.values(at), change, &self.settings)?,
        ))
    }

    fn plan_modify_calls(
        &self,
        scene: Scene<'_>,
        whole: &Arc<ObjectBody>,
        touched: &BTreeSet<u16>,
        changes: &[AttrModification],
        plan: &mut Plan,
    ) -> Result<(), Refusal> {
        let raw = || CcbOperation::Modify {
            dn: whole.dn.clone(),
            changes: changes.to_vec(),
        };
        if let Some(implementer) = self.guard(scene.ccb, whole, plan)? {
            let operation = if self.implementers.is_canonical(implementer) {
                replaced(whole, touched.iter().copied())
            } else {
                raw()
            };
            plan.calls.push(ImplementerCall {
                implementer,
                operation,
            });
        }
        let is_new = matches!(scene.ccb.overlay.entries.get(&whole.dn), Some(Entry::Created(_)));
        for implementer in self
            .implementers
            .appliers(whole.class.id(), (!is_new).then_some(whole.id))
        {
            // An applier that wants resulting values gets those of all writable attributes (OpenSAF practice).
            let operation = if self.implementers.is_canonical(implementer) {
                replaced(whole, writable(whole))
            } else {
                raw()
            };
            plan.appliers.push(ImplementerCall {
                implementer,
                operation,
            });
        }
        self.add_notices(scene.ccb, plan, |notices| {
            notices.modify(whole, changes).into_iter().collect()
        });
        Ok(())
    }
}
