//! A CCB on its way past the implementers into the store.
//!
//! Each step asks the repository, waits outside of it, and asks again: while one CCB waits for an implementer or for
//! the disk, others go on. From the moment that the store is asked the CCB cannot be aborted.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ais::{AisError, AttrChoice, Author, CcbOperation, Dn, Refusal};
use repository::{AdminOwnerId, CcbId, CcbState, ImplementerCall, ImplementerId, Repository, StoredChange};
use schema::value::Refused;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::access;
use crate::core::Core;
use crate::journal::Entry;
use crate::server::Peer;
use crate::server::answer::Answered;

/// After so many operations of one call others get their turn.
const OPERATIONS_AT_ONCE: usize = 500;

/// A client's handle: one CCB after another, each initialised when it is needed.
pub(crate) struct CcbHandle {
    core: Rc<Core>,
    owner: AdminOwnerId,
    flags: u64,
    peer: Peer,
    stage: Cell<Stage>,
    /// The calls of one handle are carried out one after another, in the order in which they came.
    turn: Mutex<()>,
}

/// What a handle holds at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// This CCB.
    Open(CcbId),
    /// Nothing, after an abort; whatever comes next begins a CCB.
    Empty,
    /// Nothing since the last apply, well or not, which cannot be repeated; an operation begins a CCB.
    Concluded,
}

/// How far a row of operations got.
pub(crate) struct Ran {
    /// The answer.
    pub(crate) result: Result<(), Refused>,
    /// How many operations were taken.
    pub(crate) accepted: usize,
    /// The CCB.
    pub(crate) id: u64,
}

impl CcbHandle {
    /// A handle with its first CCB.
    pub(crate) fn new(
        core: Rc<Core>,
        owner: AdminOwnerId,
        flags: u64,
        peer: Peer,
    ) -> Result<(CcbHandle, CcbId), Refusal> {
        let first = core.change(|repository| repository.ccb_initialize(owner, flags))?;
        let handle = CcbHandle {
            core,
            owner,
            flags,
            peer,
            stage: Cell::new(Stage::Open(first)),
            turn: Mutex::new(()),
        };
        Ok((handle, first))
    }

    /// The open CCB; a new one after the last was committed or aborted.
    fn current(&self) -> Result<CcbId, Refusal> {
        if let Stage::Open(id) = self.stage.get() {
            return Ok(id);
        }
        let id = self
            .core
            .change(|repository| repository.ccb_initialize(self.owner, self.flags))?;
        self.stage.set(Stage::Open(id));
        Ok(id)
    }

    /// The CCB to be validated or applied: not the one that was applied already.
    fn to_apply(&self) -> Result<CcbId, Refusal> {
        if self.stage.get() == Stage::Concluded {
            let text = "IMM: nothing was added to the CCB since the last apply";
            return Err(Refusal::new(AisError::FailedOperation, text));
        }
        self.current()
    }

    /// The answer to an apply of this CCB. Where that aborted it, or found it aborted, the handle is empty and can be
    /// used again.
    ///
    /// DEVIATION(IMM-011): as the standard says; OpenSAF wants the handle aborted first.
    fn concluded(&self, id: CcbId, result: Result<(), Refusal>) -> Result<(), Refused> {
        let answer = result.map_err(|refusal| self.explained(id, refusal));
        let state = self.core.read(|repository| repository.ccb_state(id));
        if answer.is_err() && state == Some(CcbState::Aborted) {
            self.drop_current();
            self.stage.set(Stage::Concluded);
        }
        answer
    }

    /// Adds operations and, where it is wanted and all are accepted, applies the CCB.
    pub(crate) async fn run(self: Rc<Self>, operations: Vec<CcbOperation>, apply: bool) -> Ran {
        let _turn = self.turn.lock().await;
        let id = match self.current() {
            Ok(id) => id,
            Err(refusal) => {
                return Ran {
                    result: Err(refusal.into()),
                    accepted: 0,
                    id: 0,
                };
            }
        };
        let (accepted, result) = self.add(id, operations).await;
        let result = match result {
            Ok(()) if apply => {
                let result = self.commit(id).await;
                self.concluded(id, result)
            }
            other => other.map_err(|refusal| self.explained(id, refusal)),
        };
        Ran {
            result,
            accepted,
            id: id.0,
        }
    }

    async fn add(&self, id: CcbId, operations: Vec<CcbOperation>) -> (usize, Result<(), Refusal>) {
        let record =
            |repository: &mut Repository, operation: &CcbOperation| repository.ccb_operation(id, operation);
        add(&self.core, id, self.peer, operations, record).await
    }

    fn refused(&self, id: CcbId, implementer: ImplementerId, refusal: &Refusal) -> Refusal {
        refused(&self.core, id, implementer, refusal)
    }

    /// Asks the implementers whether the CCB could be applied.
    pub(crate) async fn validate(self: Rc<Self>) -> Result<(), Refused> {
        let _turn = self.turn.lock().await;
        let id = self.to_apply()?;
        self.agree(id)
            .await
            .map_err(|refusal| self.explained(id, refusal))
    }

    async fn agree(&self, id: CcbId) -> Result<(), Refusal> {
        let concerned = self.core.change(|repository| repository.ccb_prepare(id))?;
        let core = &self.core;
        let calls = concerned
            .into_iter()
            .map(|implementer| async move { (implementer, core.ask_completed(implementer, id).await) });
        let mut result = Ok(());
        for (implementer, answer) in futures::future::join_all(calls).await {
            if let Err(refusal) = answer {
                result = Err(self.refused(id, implementer, &refusal));
            }
        }
        result?;
        self.core.change(|repository| repository.ccb_validated(id))
    }

    /// Applies the CCB; `Ok` means durable.
    pub(crate) async fn apply(self: Rc<Self>) -> (Result<(), Refused>, u64) {
        let _turn = self.turn.lock().await;
        let id = match self.to_apply() {
            Ok(id) => id,
            Err(refusal) => return (Err(refusal.into()), 0),
        };
        let result = self.commit(id).await;
        (self.concluded(id, result), id.0)
    }

    async fn commit(&self, id: CcbId) -> Result<(), Refusal> {
        let result = self.carry_through(id).await;
        self.core.metrics.ccb(result.is_ok());
        result
    }

    async fn carry_through(&self, id: CcbId) -> Result<(), Refusal> {
        self.agree(id).await?;
        let changes = self.stored_changes(id).await?;
        let entry = match self.store(id, &changes).await {
            Ok(entry) => entry,
            Err(error) => {
                let refusal = self
                    .core
                    .change(|repository| repository.ccb_store_failed(id, &error.to_string()));
                self.core.settled.notify_waiters();
                return Err(refusal);
            }
        };
        let committed = self.core.change(|repository| {
            if let Some(entry) = &entry {
                repository.note_update(entry.time);
            }
            repository.ccb_make_visible(id)
        });
        if let Some(entry) = entry {
            self.core.journal.borrow_mut().committed(entry);
        }
        self.stage.set(Stage::Concluded);
        self.core.settled.notify_waiters();
        self.core.tell_committed(id, committed);
        Ok(())
    }

    /// What the store must write, once no other change of the same objects is under way.
    async fn stored_changes(&self, id: CcbId) -> Result<Vec<StoredChange>, Refusal> {
        loop {
            let settled = self.core.settled.notified();
            match self.core.change(|repository| repository.ccb_stored_changes(id)) {
                Err(refusal) if refusal.error == AisError::TryAgain => {
                    if timeout(self.core.callback_limit, settled).await.is_err() {
                        return Err(refusal);
                    }
                }
                other => return other,
            }
        }
    }

    async fn store(&self, id: CcbId, changes: &[StoredChange]) -> Result<Option<Entry>, crate::StoreError> {
        if changes.is_empty() {
            return Ok(None);
        }
        let owner = self.core.read(|repository| repository.ccb_owner_name(id));
        let author = Author::Owner {
            ccb: id.0,
            name: owner.as_deref().unwrap_or_default().to_owned(),
        };
        self.core.store(changes, author, self.peer).await.map(Some)
    }

    /// Drops all operations.
    pub(crate) async fn abort(self: Rc<Self>) {
        let _turn = self.turn.lock().await;
        self.drop_current();
    }

    fn drop_current(&self) {
        if let Stage::Open(id) = self.stage.replace(Stage::Empty) {
            self.core.change(|repository| repository.ccb_abort(id));
            self.core.settled.notify_waiters();
        }
    }

    /// An object as the CCB sees it.
    pub(crate) async fn read(self: Rc<Self>, dn: Dn, attrs: Rc<AttrChoice>) -> Result<Answered, Refused> {
        let _turn = self.turn.lock().await;
        let id = self.current()?;
        let now = self.core.now();
        let found = self
            .core
            .change(|repository| repository.ccb_read(id, &dn, &attrs, now))
            .map_err(|refusal| self.explained(id, refusal))?;
        Ok(Answered::of(&self.core, found).await?)
    }

    /// The refusal with the CCB's error strings after its own text.
    fn explained(&self, id: CcbId, refusal: Refusal) -> Refused {
        let mut refused = Refused::from(refusal);
        if refused.error == AisError::FailedOperation {
            for text in self.core.read(|repository| repository.ccb_error_strings(id)) {
                if !refused.texts.contains(&text) {
                    refused.texts.push(text);
                }
            }
        }
        refused
    }
}

impl Drop for CcbHandle {
    fn drop(&mut self) {
        self.drop_current();
    }
}

/// Adds operations to a CCB and asks the implementers concerned; gives how many were taken.
pub(crate) async fn add(
    core: &Rc<Core>,
    id: CcbId,
    peer: Peer,
    operations: Vec<CcbOperation>,
    record: impl Fn(&mut Repository, &CcbOperation) -> Result<Vec<ImplementerCall>, Refusal>,
) -> (usize, Result<(), Refusal>) {
    let mut asked: BTreeMap<ImplementerId, (usize, Vec<CcbOperation>)> = BTreeMap::new();
    let mut accepted = 0;
    let mut result = Ok(());
    for operation in operations {
        let calls = access::check_operation(peer, operation.dn())
            .and_then(|()| core.change(|repository| record(repository, &operation)));
        match calls {
            Ok(calls) => {
                for call in calls {
                    let (_, row) = asked
                        .entry(call.implementer)
                        .or_insert_with(|| (accepted, Vec::new()));
                    row.push(call.operation);
                }
            }
            Err(refusal) => {
                result = Err(refusal);
                break;
            }
        }
        accepted += 1;
        if accepted % OPERATIONS_AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
    }
    let calls = asked.into_iter().map(|(implementer, (first, row))| async move {
        let answer = core.ask_operations(implementer, id, row).await;
        (implementer, first, answer)
    });
    for (implementer, first, answer) in futures::future::join_all(calls).await {
        if let Err(refusal) = answer {
            accepted = accepted.min(first);
            result = Err(refused(core, id, implementer, &refusal));
        }
    }
    (accepted, result)
}

fn refused(core: &Core, id: CcbId, implementer: ImplementerId, refusal: &Refusal) -> Refusal {
    core.change(|repository| repository.ccb_refused(id, implementer, refusal))
}
