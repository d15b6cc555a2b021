//! From the service to the program: questions go into the queue, answers come back.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ais::{AisError, Attr, CcbOperation, Dn, Parameter, Refusal, ValueType};
use cabi::Queue;
use immd_client::{AdminOperationReply, ImplementerCallbacks, LocalFuture};
use tokio::sync::{Mutex, oneshot};

use super::asked::{Asked, Creation, Operation, Verdict};
use crate::session::{Rdn, Session};

/// Numbers of administrative operations, which the program gives back with its answer.
static INVOCATIONS: AtomicU64 = AtomicU64::new(0);

pub(super) struct Bridge {
    queue: Arc<Queue<Asked>>,
    /// For looking up classes.
    session: RefCell<Weak<Session>>,
    /// Whose turn it is among what is told of CCBs. An applier is told of operations and of the end without a wait between
    /// them, and of each operation only when the one before is answered; the end comes after the last.
    turn: Mutex<()>,
}

impl Bridge {
    pub(super) fn new(queue: Arc<Queue<Asked>>, session: &Rc<Session>) -> Bridge {
        Bridge {
            queue,
            session: RefCell::new(Rc::downgrade(session)),
            turn: Mutex::new(()),
        }
    }

    async fn ask(&self, question: impl FnOnce(oneshot::Sender<Verdict>) -> Asked) -> Verdict {
        let (tell, told) = oneshot::channel();
        self.queue.push(question(tell));
        told.await.unwrap_or_else(|_| Err(gone()))
    }

    async fn rdn_of(&self, class: &str, dn: &Dn) -> Rdn {
        let session = self.session.borrow().upgrade();
        let known = match session {
            Some(session) => session.rdn_of(class, false).await.ok(),
            None => None,
        };
        // Where the class cannot be looked up, the name says it in all models that keep to the convention.
        known.unwrap_or_else(|| Rdn {
            name: dn.rdn_name().to_owned(),
            value_type: ValueType::String,
        })
    }

    async fn operation(&self, ccb: u64, operation: CcbOperation) -> Verdict {
        match operation {
            CcbOperation::Create { class, dn, attrs } => {
                let rdn = self.rdn_of(&class, &dn).await;
                let creation = Creation {
                    class,
                    dn,
                    attrs,
                    rdn,
                };
                self.ask(|reply| Asked::Create(ccb, creation, reply)).await
            }
            CcbOperation::Modify { dn, changes } => {
                self.ask(|reply| Asked::Modify(ccb, dn, changes, reply)).await
            }
            CcbOperation::Delete { dn } => self.ask(|reply| Asked::Delete(ccb, dn, reply)).await,
        }
    }
}

/// The refusal where the program finalised its handle instead of answering.
fn gone() -> Refusal {
    Refusal::new(AisError::NoResources, "the implementer left before it answered")
}

impl ImplementerCallbacks for Bridge {
    fn ccb_operations(self: Rc<Self>, ccb: u64, operations: Vec<CcbOperation>) -> LocalFuture<Verdict> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            for operation in operations {
                self.operation(ccb, operation).await?;
            }
            Ok(())
        })
    }

    fn ccb_completed(self: Rc<Self>, ccb: u64) -> LocalFuture<Verdict> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            self.ask(|reply| Asked::Completed(ccb, reply)).await
        })
    }

    // Nothing waits for the end of a CCB to be dispatched: what comes later stands behind it in the queue.
    fn ccb_apply(self: Rc<Self>, ccb: u64) -> LocalFuture<()> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            self.queue.push(Asked::Apply(ccb));
        })
    }

    fn ccb_abort(self: Rc<Self>, ccb: u64) -> LocalFuture<()> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            self.queue.push(Asked::Abort(ccb));
        })
    }

    fn admin_operation(
        self: Rc<Self>,
        object: String,
        operation: u64,
        parameters: Vec<Parameter>,
    ) -> LocalFuture<AdminOperationReply> {
        let (tell, told) = oneshot::channel();
        let invocation = INVOCATIONS.fetch_add(1, Ordering::Relaxed) + 1;
        let operation = Operation {
            invocation,
            object,
            id: operation,
            parameters,
        };
        self.queue.push(Asked::Operation(operation, tell));
        Box::pin(async move {
            match told.await {
                Ok(reply) => reply,
                // The handle was finalised instead. The service hears of that, and tells who waits that nothing is known.
                Err(_) => std::future::pending().await,
            }
        })
    }

    fn rt_attr_update(
        self: Rc<Self>,
        object: Dn,
        names: Vec<String>,
    ) -> LocalFuture<Result<Vec<Attr>, Refusal>> {
        let (tell, told) = oneshot::channel();
        self.queue.push(Asked::Update(object, names, tell));
        Box::pin(async move { told.await.unwrap_or_else(|_| Err(gone())) })
    }
}
