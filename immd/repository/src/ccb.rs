//! Configuration change bundles.

use std::sync::Arc;

use ais::{AttrChoice, CcbOperation, Dn, Millis, Refusal};

use crate::{AdminOwnerId, CcbId, ImplementerId, ReadObject, Repository, StoredChange};

/// `SA_IMM_CCB_REGISTERED_OI`: refuse objects whose implementer is not attached.
pub const CCB_REGISTERED_OI: u64 = 0x1;
/// `SA_IMM_CCB_ALLOW_NULL_OI`: but allow objects that have no implementer at all.
pub const CCB_ALLOW_NULL_OI: u64 = 0x100;

/// How far a CCB has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CcbState {
    /// Takes operations.
    Open,
    /// Checked as a whole; the implementers are being asked.
    Prepared,
    /// The implementers agreed.
    Validated,
    /// On its way to the store: nobody may abort it any more.
    Critical,
    /// Aborted; only [`Repository::ccb_abort`] is left.
    Aborted,
}

/// What one implementer is asked or told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImplementerCall {
    /// Who.
    pub implementer: ImplementerId,
    /// What: completed creations, one deletion per object, modifications as the implementer wants them.
    pub operation: CcbOperation,
}

/// A CCB that was aborted and whom to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortedCcb {
    /// The CCB.
    pub ccb: CcbId,
    /// Implementers that had been asked about it and are still attached.
    pub tell: Vec<ImplementerId>,
    /// Why, as its error strings begin; empty where its own user aborted it.
    pub text: String,
}

/// What is to be done after a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Implementers to be sent "apply".
    pub apply_to: Vec<ImplementerId>,
    /// For appliers: operations, in their order; each applier is then sent "completed" and "apply", answers ignored.
    pub appliers: Vec<ImplementerCall>,
}

impl Repository {
    /// A new CCB.
    ///
    /// # Errors
    /// BAD_HANDLE, INVALID_PARAM (unknown flags, ALLOW_NULL_OI alone), NO_RESOURCES at the limit of CCBs.
    pub fn ccb_initialize(&mut self, _owner: AdminOwnerId, _flags: u64) -> Result<CcbId, Refusal> {
        unimplemented!()
    }

    /// Checks an operation against the model as the CCB sees it, locks and records it, and says which implementers
    /// must be asked, in this order. A refusal leaves the CCB as it was. When an implementer refuses, call
    /// [`Repository::ccb_refused`].
    ///
    /// # Errors
    /// BAD_HANDLE for an unknown CCB, FAILED_OPERATION for one that does not take operations (any more); the codes
    /// of saImmOmCcbObjectCreate, saImmOmCcbObjectModify and saImmOmCcbObjectDelete.
    pub fn ccb_operation(
        &mut self,
        _ccb: CcbId,
        _operation: &CcbOperation,
    ) -> Result<Vec<ImplementerCall>, Refusal> {
        unimplemented!()
    }

    /// An object as the CCB sees it; locks it against changes by others.
    ///
    /// # Errors
    /// BUSY, INVALID_PARAM (a runtime object), NOT_EXIST, FAILED_OPERATION, BAD_OPERATION (validated already).
    pub fn ccb_read(
        &mut self,
        _ccb: CcbId,
        _dn: &Dn,
        _attrs: &AttrChoice,
        _now: Millis,
    ) -> Result<ReadObject, Refusal> {
        unimplemented!()
    }

    /// Checks the CCB as a whole, for validate and for apply; gives the implementers to be sent "completed". Empty
    /// where they have all agreed before or none is concerned: then [`Repository::ccb_validated`] follows at once.
    ///
    /// # Errors
    /// BAD_HANDLE; FAILED_OPERATION: aborted before, owner gone, or dangling references, which abort the CCB.
    pub fn ccb_prepare(&mut self, _ccb: CcbId) -> Result<Vec<ImplementerId>, Refusal> {
        unimplemented!()
    }

    /// All implementers agreed.
    ///
    /// # Errors
    /// BAD_HANDLE; FAILED_OPERATION where the CCB was aborted meanwhile.
    pub fn ccb_validated(&mut self, _ccb: CcbId) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// An implementer refused an operation or the whole CCB, or did not answer: aborts the CCB.
    ///
    /// Gives what the client is told: FAILED_OPERATION; all texts are in [`Repository::ccb_error_strings`].
    pub fn ccb_refused(&mut self, _ccb: CcbId, _implementer: ImplementerId, _refusal: &Refusal) -> Refusal {
        unimplemented!()
    }

    /// What the store must write for a validated CCB, which now cannot be aborted any more. May be empty.
    ///
    /// # Errors
    /// BAD_HANDLE; FAILED_OPERATION where the CCB was aborted meanwhile or is not validated; TRY_AGAIN where another
    /// durable change of the same objects is under way: the CCB stays validated, ask again when that one is visible.
    pub fn ccb_stored_changes(&mut self, _ccb: CcbId) -> Result<Vec<StoredChange>, Refusal> {
        unimplemented!()
    }

    /// Shows the CCB to everyone after the store has it; its id is spent. Does nothing for a CCB that is not critical.
    pub fn ccb_make_visible(&mut self, _ccb: CcbId) -> Committed {
        unimplemented!()
    }

    /// The store could not write: aborts the critical CCB. Gives what the client is told.
    pub fn ccb_store_failed(&mut self, _ccb: CcbId, _reason: &str) -> Refusal {
        unimplemented!()
    }

    /// Aborts the CCB and forgets it, also when something else aborted it before; for abort and finalize. The handle
    /// goes on with a new CCB. Unknown ids and critical CCBs are left alone.
    pub fn ccb_abort(&mut self, _ccb: CcbId) {
        unimplemented!()
    }

    /// Aborts every CCB that has operations and is not critical (administrative operation 202).
    pub fn ccb_abort_all(&mut self, _reason: &str) {
        unimplemented!()
    }

    /// How far the CCB has come; `None` when it is not known, or not any more.
    pub fn ccb_state(&self, _ccb: CcbId) -> Option<CcbState> {
        unimplemented!()
    }

    /// Whether the CCB holds no operations, so that applying it changes nothing.
    pub fn ccb_is_empty(&self, _ccb: CcbId) -> bool {
        unimplemented!()
    }

    /// The CCB's error strings, the most important first.
    pub fn ccb_error_strings(&self, _ccb: CcbId) -> Vec<String> {
        unimplemented!()
    }

    /// The name of the CCB's owner, for the journal.
    pub fn ccb_owner_name(&self, _ccb: CcbId) -> Option<Arc<str>> {
        unimplemented!()
    }

    /// The CCBs that were aborted since the last call; to be drained after every call that changes something.
    pub fn take_aborted(&mut self) -> Vec<AbortedCcb> {
        unimplemented!()
    }
}
