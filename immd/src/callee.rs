//! The implementers that can be called, each with what it is owed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use ais::{AisError, Refusal};
use repository::ImplementerId;
use schema::imm_capnp::implementer_callbacks::Client;
use tokio::sync::watch;

use crate::server::Connection;

/// So many administrative operations may be unanswered by one implementer.
const OPERATIONS_MAX: usize = 10_000;

/// An implementer that can be called.
struct Callee {
    client: Client,
    connection: Rc<Connection>,
    operations: Rc<Cell<usize>>,
    /// Dropped when it leaves.
    here: watch::Sender<()>,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Callees(RefCell<BTreeMap<ImplementerId, Callee>>);

/// An administrative operation that an implementer has not answered.
pub(crate) struct Unanswered {
    count: Rc<Cell<usize>>,
    here: watch::Receiver<()>,
}

impl Unanswered {
    /// Waits until the implementer leaves: it cannot answer any more, though its connection may live.
    pub(crate) async fn left(&mut self) {
        while self.here.changed().await.is_ok() {}
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.count.set(self.count.get().saturating_sub(1));
    }
}

impl Callees {
    pub(crate) fn add(&self, id: ImplementerId, client: Client, connection: Rc<Connection>) {
        let callee = Callee {
            client,
            connection,
            operations: Rc::default(),
            here: watch::Sender::new(()),
        };
        self.0.borrow_mut().insert(id, callee);
    }

    /// Takes one out; what is dropped with it may call back.
    pub(crate) fn remove(&self, id: ImplementerId) {
        let callee = self.0.borrow_mut().remove(&id);
        drop(callee);
    }

    /// Takes all out.
    pub(crate) fn clear(&self) {
        let callees = self.0.take();
        drop(callees);
    }

    /// The capability for a call of about so many bytes.
    ///
    /// # Errors
    /// NO_RESOURCES where the implementer left, or does not read what it is sent; then its connection ends.
    pub(crate) fn client(&self, id: ImplementerId, bytes: usize) -> Result<Client, Refusal> {
        let callees = self.0.borrow();
        let callee = callees.get(&id).ok_or_else(left)?;
        callee.connection.budget.owe_call(bytes)?;
        Ok(callee.client.clone())
    }

    /// Room for one more administrative operation.
    ///
    /// # Errors
    /// NO_RESOURCES where the implementer left; TRY_AGAIN where it has too many.
    pub(crate) fn operation(&self, id: ImplementerId) -> Result<Unanswered, Refusal> {
        let callees = self.0.borrow();
        let callee = callees.get(&id).ok_or_else(left)?;
        let count = &callee.operations;
        if count.get() >= OPERATIONS_MAX {
            let text =
                format!("{OPERATIONS_MAX} administrative operations are unanswered by the implementer");
            return Err(Refusal::new(AisError::TryAgain, text));
        }
        count.set(count.get() + 1);
        Ok(Unanswered {
            count: count.clone(),
            here: callee.here.subscribe(),
        })
    }

    /// The process of an implementer.
    pub(crate) fn pid(&self, id: ImplementerId) -> Option<u32> {
        self.0.borrow().get(&id).map(|callee| callee.connection.peer.pid)
    }
}

/// The refusal where an implementer is not there any more.
pub(crate) fn left() -> Refusal {
    Refusal::new(AisError::NoResources, "the implementer left before it answered")
}
