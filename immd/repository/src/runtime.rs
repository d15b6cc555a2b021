//! Runtime data: what implementers create, change and delete.

use ais::{CcbOperation, Refusal};

use crate::{ImplementerId, Prepared, Repository};

/// A row of runtime changes: those up to the first one refused are prepared.
#[must_use = "an unfinished change keeps its objects locked"]
#[derive(Debug)]
pub struct RuntimeChange {
    /// What was accepted; where its `stored` is empty it needs no store.
    pub prepared: Prepared,
    /// How many operations were accepted.
    pub accepted: usize,
    /// Why the next one was not.
    pub refused: Option<Refusal>,
}

impl Repository {
    /// Checks runtime objects to be created and deleted, and runtime attributes to be changed, in the order given.
    ///
    /// The calls of one implementer must be made visible in their order. TRY_AGAIN says that a durable change of the
    /// same object is under way; the caller may wait for it and go on with the operation refused.
    ///
    /// The refusal has the codes of saImmOiRtObjectCreate, saImmOiRtObjectUpdate and saImmOiRtObjectDelete;
    /// BAD_HANDLE for an unknown handle.
    pub fn runtime_prepare(
        &mut self,
        _implementer: ImplementerId,
        _operations: &[CcbOperation],
    ) -> RuntimeChange {
        unimplemented!()
    }
}
