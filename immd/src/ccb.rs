//! A CCB on its way past the implementers into the store.
//!
//! Each step asks the repository, waits outside of it, and asks again: while one CCB waits for an implementer or for
//! the disk, others go on. From the moment that the store is asked the CCB cannot be aborted.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::SystemTime;

use ais::{AisError, AttrChoice, CcbOperation, Dn, Object, Refusal};
use repository::{AdminOwnerId, CcbId, ImplementerId, StoredChange};
use schema::value::Refused;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::core::Core;
use crate::server::Peer;
use crate::store::record::{self, JournalHead};

/// After so many operations of one call others get their turn.
const OPERATIONS_AT_ONCE: usize = 500;

/// A client's handle: one CCB after another, each initialised when it is needed.
pub(crate) struct CcbHandle {
    core: Rc<Core>,
    owner: AdminOwnerId,
    flags: u64,
    peer: Peer,
    current: Cell<Option<CcbId>>,
    /// The calls of one handle are carried out one after another, in the order in which they came.
    turn: Mutex<()>,
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
            current: Cell::new(Some(first)),
            turn: Mutex::new(()),
        };
        Ok((handle, first))
    }

    /// The open CCB; a new one after the last was committed or aborted.
    fn current(&self) -> Result<CcbId, Refusal> {
        if let Some(id) = self.current.get() {
            return Ok(id);
        }
        let id = self
            .core
            .change(|repository| repository.ccb_initialize(self.owner, self.flags))?;
        self.current.set(Some(id));
        Ok(id)
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
            Ok(()) if apply => self.commit(id).await,
            other => other,
        };
        Ran {
            result: result.map_err(|refusal| self.explained(id, refusal)),
            accepted,
            id: id.0,
        }
    }

    async fn add(&self, id: CcbId, operations: Vec<CcbOperation>) -> (usize, Result<(), Refusal>) {
        let mut asked: BTreeMap<ImplementerId, (usize, Vec<CcbOperation>)> = BTreeMap::new();
        let mut accepted = 0;
        let mut result = Ok(());
        for operation in operations {
            match self
                .core
                .change(|repository| repository.ccb_operation(id, &operation))
            {
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
        let core = &self.core;
        let calls = asked.into_iter().map(|(implementer, (first, row))| async move {
            let answer = core.ask_operations(implementer, id, row).await;
            (implementer, first, answer)
        });
        for (implementer, first, answer) in futures::future::join_all(calls).await {
            if let Err(refusal) = answer {
                accepted = accepted.min(first);
                result = Err(self.refused(id, implementer, &refusal));
            }
        }
        (accepted, result)
    }

    fn refused(&self, id: CcbId, implementer: ImplementerId, refusal: &Refusal) -> Refusal {
        self.core
            .change(|repository| repository.ccb_refused(id, implementer, refusal))
    }

    /// Asks the implementers whether the CCB could be applied.
    pub(crate) async fn validate(self: Rc<Self>) -> Result<(), Refused> {
        let _turn = self.turn.lock().await;
        let id = self.current()?;
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
        let id = match self.current() {
            Ok(id) => id,
            Err(refusal) => return (Err(refusal.into()), 0),
        };
        let result = self.commit(id).await;
        (result.map_err(|refusal| self.explained(id, refusal)), id.0)
    }

    async fn commit(&self, id: CcbId) -> Result<(), Refusal> {
        self.agree(id).await?;
        let changes = self.stored_changes(id).await?;
        if let Err(error) = self.store(id, &changes).await {
            let refusal = self
                .core
                .change(|repository| repository.ccb_store_failed(id, &error.to_string()));
            self.core.settled.notify_waiters();
            return Err(refusal);
        }
        let committed = self.core.change(|repository| repository.ccb_make_visible(id));
        self.current.set(None);
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

    async fn store(&self, id: CcbId, changes: &[StoredChange]) -> Result<(), crate::StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let owner = self.core.read(|repository| repository.ccb_owner_name(id));
        let head = JournalHead {
            ccb: id.0,
            time: unix_time(),
            owner: owner.as_deref().unwrap_or_default().to_owned(),
            uid: self.peer.uid,
            pid: self.peer.pid,
        };
        let mut writes = record::writes(changes);
        let (number, entry) = self.core.journal.borrow_mut().enter(&head, changes);
        writes.extend(entry);
        self.core.commit(writes).await?;
        self.core.journal.borrow_mut().committed(number, id.0);
        Ok(())
    }

    /// Drops all operations.
    pub(crate) async fn abort(self: Rc<Self>) {
        let _turn = self.turn.lock().await;
        self.drop_current();
    }

    fn drop_current(&self) {
        if let Some(id) = self.current.take() {
            self.core.change(|repository| repository.ccb_abort(id));
            self.core.settled.notify_waiters();
        }
    }

    /// An object as the CCB sees it.
    pub(crate) async fn read(self: Rc<Self>, dn: Dn, attrs: AttrChoice) -> Result<Object, Refused> {
        let _turn = self.turn.lock().await;
        let id = self.current()?;
        let now = self.core.now();
        let read = self
            .core
            .change(|repository| repository.ccb_read(id, &dn, &attrs, now))
            .map_err(|refusal| self.explained(id, refusal))?;
        Ok(self.core.complete(read).await?)
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

/// Nanoseconds since the epoch.
fn unix_time() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}
