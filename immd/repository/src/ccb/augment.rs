//! Operations that an implementer adds to a CCB while it is asked about it.
//!
//! One implementer at a time, and only until it answers. What it adds it is not asked about; others are. It uses the
//! owner's name: where the owner's handle keeps what it acquires, the augmentation acquires with a handle of its own,
//! which gives everything up at the end of the CCB.

use ais::{AisError, AttrChoice, CcbOperation, Dn, Millis, Refusal};

use super::operation::Scene;
use super::{AbortKind, CcbState, bad_handle};
use crate::implementer::is_applier;
use crate::overlay::View;
use crate::{AdminOwnerId, CcbId, Found, ImplementerCall, ImplementerId, Repository, Rule};

/// An augmentation, from its begin to the implementer's answer.
#[derive(Debug)]
pub(super) struct Augmentation {
    by: ImplementerId,
    stage: Stage,
    /// Grows with each call, so that supervision sees that the implementer is alive.
    calls: u64,
}

/// How far an augmentation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It added nothing.
    Empty,
    /// It added operations.
    Filled,
    /// It is complete.
    Applied,
}

fn refuse<T>(error: AisError, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(error, text))
}

impl Repository {
    /// The implementer is being asked about the CCB, and may augment it until [`Repository::ccb_answered`].
    pub fn ccb_asks(&mut self, ccb: CcbId, implementer: ImplementerId) {
        if let Some(own) = self.ccbs.get_mut(&ccb) {
            *own.asking.entry(implementer).or_default() += 1;
        }
    }

    /// The implementer answered, or will not any more: its augmentation ends.
    ///
    /// # Errors
    /// FAILED_OPERATION where it added operations and did not apply them, which aborts the CCB.
    pub fn ccb_answered(&mut self, ccb: CcbId, implementer: ImplementerId) -> Result<(), Refusal> {
        let Some(own) = self.ccbs.get_mut(&ccb) else {
            return Ok(());
        };
        if let Some(count) = own.asking.get_mut(&implementer) {
            *count -= 1;
            if *count > 0 {
                return Ok(());
            }
        }
        own.asking.remove(&implementer);
        self.augment_end(ccb, implementer)
    }

    /// Begins an augmentation; gives the admin owner with which it acquires objects.
    ///
    /// # Errors
    /// BAD_HANDLE: the handle has no name. NOT_EXIST: no such CCB. BAD_OPERATION: an applier, or the implementer is not
    /// being asked about this CCB. TRY_AGAIN: another implementer augments it. FAILED_OPERATION: the CCB is aborted.
    pub fn augment_begin(&mut self, ccb: CcbId, implementer: ImplementerId) -> Result<AdminOwnerId, Refusal> {
        let name = self.acting_name(implementer)?;
        let Some(own) = self.ccbs.get(&ccb) else {
            return refuse(AisError::NotExist, format!("CCB {ccb} is not open"));
        };
        if own.state == CcbState::Aborted {
            return refuse(AisError::FailedOperation, own.abort_text());
        }
        if is_applier(&name) || !own.asking.contains_key(&implementer) {
            let text = format!("'{name}' is not being asked about CCB {ccb}, so it cannot add to it");
            return refuse(AisError::BadOperation, text);
        }
        if own.augmentation.is_some() {
            let text = format!("CCB {ccb} is being augmented already");
            return refuse(AisError::TryAgain, text);
        }
        let owner = match own.augment_owner {
            Some(owner) => owner,
            None if own.release_on_finalize => own.owner,
            None => {
                let owner_name = own.owner_name.clone();
                self.admin_owner_initialize(&owner_name, true)?
            }
        };
        let own = self.ccbs.get_mut(&ccb).ok_or_else(|| bad_handle(ccb))?;
        if owner != own.owner {
            own.augment_owner = Some(owner);
        }
        own.augmentation = Some(Augmentation {
            by: implementer,
            stage: Stage::Empty,
            calls: 0,
        });
        Ok(owner)
    }

    /// Checks that the implementer's augmentation is open.
    ///
    /// # Errors
    /// BAD_HANDLE where it is over, BAD_OPERATION where it is applied.
    pub fn augment_check(&mut self, ccb: CcbId, implementer: ImplementerId) -> Result<(), Refusal> {
        let own = self.ccbs.get_mut(&ccb).and_then(|ccb| ccb.augmentation.as_mut());
        match own.filter(|own| own.by == implementer) {
            None => refuse(
                AisError::BadHandle,
                format!("the augmentation of CCB {ccb} ended with the callback in which it began"),
            ),
            Some(own) if own.stage == Stage::Applied => refuse(
                AisError::BadOperation,
                format!("the augmentation of CCB {ccb} is applied"),
            ),
            Some(own) => {
                own.calls += 1;
                Ok(())
            }
        }
    }

    /// Adds an operation; gives the other implementers to be asked.
    ///
    /// # Errors
    /// Those of [`Repository::augment_check`] and [`Repository::ccb_operation`]; FAILED_OPERATION in the callback
    /// "completed", in which reading alone is allowed.
    pub fn augment_operation(
        &mut self,
        ccb: CcbId,
        implementer: ImplementerId,
        operation: &CcbOperation,
    ) -> Result<Vec<ImplementerCall>, Refusal> {
        self.augment_check(ccb, implementer)?;
        let mut calls = self.ccb_operation(ccb, operation)?;
        calls.retain(|call| call.implementer != implementer);
        if let Some(own) = self.ccbs.get_mut(&ccb).and_then(|ccb| ccb.augmentation.as_mut()) {
            own.stage = Stage::Filled;
        }
        Ok(calls)
    }

    /// An object as the CCB sees it; allowed in the callback "completed" too.
    ///
    /// # Errors
    /// Those of [`Repository::augment_check`] and [`Repository::ccb_read`].
    pub fn augment_read(
        &mut self,
        ccb: CcbId,
        implementer: ImplementerId,
        dn: &Dn,
        attrs: &AttrChoice,
        now: Millis,
    ) -> Result<Found, Refusal> {
        self.augment_check(ccb, implementer)?;
        let own = self.ccbs.get(&ccb).ok_or_else(|| bad_handle(ccb))?;
        if own.state == CcbState::Aborted {
            return refuse(AisError::FailedOperation, own.abort_text());
        }
        let view = View {
            tree: &self.tree,
            overlay: &own.overlay,
        };
        let scene = Scene {
            id: ccb,
            ccb: own,
            view,
        };
        let read = self.read_in(scene, dn, attrs, now)?;
        self.locks.share(dn, ccb);
        if let Some(own) = self.ccbs.get_mut(&ccb) {
            own.read.insert(dn.clone());
        }
        Ok(read)
    }

    /// The implementer has added all that it wanted to.
    ///
    /// # Errors
    /// Those of [`Repository::augment_check`]; FAILED_OPERATION where the CCB was aborted.
    pub fn augment_apply(&mut self, ccb: CcbId, implementer: ImplementerId) -> Result<(), Refusal> {
        self.augment_check(ccb, implementer)?;
        let own = self.ccbs.get_mut(&ccb).ok_or_else(|| bad_handle(ccb))?;
        if own.state == CcbState::Aborted {
            return refuse(AisError::FailedOperation, own.abort_text());
        }
        if let Some(own) = &mut own.augmentation {
            own.stage = Stage::Applied;
        }
        Ok(())
    }

    /// The augmentation is given up or over.
    ///
    /// # Errors
    /// FAILED_OPERATION where it has operations that were not applied, which aborts the CCB.
    pub fn augment_end(&mut self, ccb: CcbId, implementer: ImplementerId) -> Result<(), Refusal> {
        let Some(own) = self.ccbs.get_mut(&ccb) else {
            return Ok(());
        };
        match own.augmentation.take_if(|own| own.by == implementer) {
            Some(ended) if ended.stage == Stage::Filled => {
                let name = self.implementers.name_of(implementer);
                let text = format!(
                    "implementer '{}' added operations and did not apply them",
                    name.map_or("", |name| name)
                );
                Err(self.ccb_fail(ccb, AbortKind::Validation, Rule::CcbAugmentation, &text))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// How many calls the implementer's open augmentation has made; `None` where there is none. While it grows the
    /// implementer is at work and is not given up.
    pub fn augment_calls(&self, ccb: CcbId, implementer: ImplementerId) -> Option<u64> {
        let own = self.ccbs.get(&ccb)?.augmentation.as_ref()?;
        (own.by == implementer).then_some(own.calls)
    }
}
