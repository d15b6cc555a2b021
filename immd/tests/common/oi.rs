//! An implementer whose answers the test gives.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use ais::{AisError, Attr, CcbOperation, Dn, Parameter, Refusal};
use immd_client::{AdminOperationReply, Imm, Implementer, ImplementerCallbacks, LocalFuture};
use tokio::sync::Notify;

/// The moments at which an implementer is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Create,
    Modify,
    Delete,
    Completed,
    Apply,
    Abort,
    Operation,
    Fetch,
}

/// What is done when the moment comes.
type Action = Box<dyn Fn(Rc<Scripted>, u64) -> LocalFuture<Result<(), Refusal>>>;

/// Notes each call; at one moment it does what it is told, at all others it agrees.
#[derive(Default)]
pub(crate) struct Scripted {
    pub(crate) seen: RefCell<Vec<Moment>>,
    pub(crate) operations: RefCell<Vec<CcbOperation>>,
    pub(crate) parameters: RefCell<Vec<Parameter>>,
    pub(crate) result: Cell<Option<AisError>>,
    action: RefCell<Option<(Moment, Action)>>,
    /// Its own handle, as long as the test holds it.
    pub(crate) handle: RefCell<Weak<Implementer>>,
    /// Operations wait until it is notified, where `holds` is set.
    pub(crate) go_on: Notify,
    pub(crate) holds: Cell<bool>,
}

impl Scripted {
    pub(crate) fn at<F>(&self, moment: Moment, action: impl Fn(Rc<Scripted>, u64) -> F + 'static)
    where
        F: Future<Output = Result<(), Refusal>> + 'static,
    {
        let action: Action = Box::new(move |own, ccb| Box::pin(action(own, ccb)));
        *self.action.borrow_mut() = Some((moment, action));
    }

    pub(crate) fn take(&self) -> Vec<Moment> {
        self.seen.take()
    }

    fn come(self: &Rc<Self>, moment: Moment, ccb: u64) -> LocalFuture<Result<(), Refusal>> {
        self.seen.borrow_mut().push(moment);
        match &*self.action.borrow() {
            Some((when, action)) if *when == moment => action(self.clone(), ccb),
            _ => Box::pin(std::future::ready(Ok(()))),
        }
    }
}

impl ImplementerCallbacks for Scripted {
    fn ccb_operations(
        self: Rc<Self>,
        ccb: u64,
        operations: Vec<CcbOperation>,
    ) -> LocalFuture<Result<(), Refusal>> {
        Box::pin(async move {
            for operation in operations {
                let moment = match &operation {
                    CcbOperation::Create { .. } => Moment::Create,
                    CcbOperation::Modify { .. } => Moment::Modify,
                    CcbOperation::Delete { .. } => Moment::Delete,
                };
                self.operations.borrow_mut().push(operation);
                let answer = self.come(moment, ccb);
                answer.await?;
            }
            Ok(())
        })
    }

    fn ccb_completed(self: Rc<Self>, ccb: u64) -> LocalFuture<Result<(), Refusal>> {
        self.come(Moment::Completed, ccb)
    }

    fn ccb_apply(self: Rc<Self>, ccb: u64) -> LocalFuture<()> {
        let done = self.come(Moment::Apply, ccb);
        Box::pin(async move { drop(done.await) })
    }

    fn ccb_abort(self: Rc<Self>, ccb: u64) -> LocalFuture<()> {
        let done = self.come(Moment::Abort, ccb);
        Box::pin(async move { drop(done.await) })
    }

    fn admin_operation(
        self: Rc<Self>,
        _: String,
        operation: u64,
        parameters: Vec<Parameter>,
    ) -> LocalFuture<AdminOperationReply> {
        let done = self.come(Moment::Operation, operation);
        Box::pin(async move {
            drop(done.await);
            if self.holds.get() {
                self.go_on.notified().await;
            }
            let answer = self.parameters.borrow();
            let parameters = if answer.is_empty() {
                parameters
            } else {
                answer.clone()
            };
            AdminOperationReply {
                result: self.result.get().map_or(Ok(()), Err),
                parameters,
            }
        })
    }

    fn rt_attr_update(self: Rc<Self>, _: Dn, _: Vec<String>) -> LocalFuture<Result<Vec<Attr>, Refusal>> {
        let done = self.come(Moment::Fetch, 0);
        Box::pin(async move { done.await.map(|()| Vec::new()) })
    }
}

/// An implementer with this name over a connection of its own; of class `Item` unless it is an applier without need.
pub(crate) async fn scripted(dir: &Path, name: &str) -> (Rc<Scripted>, Rc<Implementer>) {
    let imm = Imm::connect(dir).await.unwrap();
    let callbacks = Rc::new(Scripted::default());
    let implementer = Rc::new(imm.implementer(callbacks.clone(), false).await.unwrap());
    implementer.set(name).await.unwrap();
    *callbacks.handle.borrow_mut() = Rc::downgrade(&implementer);
    (callbacks, implementer)
}

/// A client in a thread of its own, so that it can die without a word: see [`Elsewhere::die`].
pub(crate) struct Elsewhere {
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Elsewhere {
    /// Attaches an implementer of class `Item` by the name `itemd`, which never answers at this moment and tells that
    /// it has come.
    pub(crate) async fn attach(
        dir: &Path,
        dies_at: Moment,
    ) -> (Elsewhere, tokio::sync::mpsc::UnboundedReceiver<()>) {
        let (attached, is_attached) = tokio::sync::oneshot::channel();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let (come, comes) = tokio::sync::mpsc::unbounded_channel();
        let dir: PathBuf = dir.to_owned();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let local = tokio::task::LocalSet::new();
            let held = runtime.block_on(local.run_until(async {
                let (callbacks, implementer) = scripted(&dir, "itemd").await;
                implementer.class_set("Item").await.unwrap();
                callbacks.at(dies_at, move |_, _| {
                    come.send(()).unwrap();
                    std::future::pending()
                });
                attached.send(()).unwrap();
                drop(ended.await);
                (callbacks, implementer)
            }));
            // The sockets close first; nothing is said goodbye to.
            drop((local, runtime));
            drop(held);
        });
        is_attached.await.unwrap();
        let elsewhere = Elsewhere {
            end: Some(end),
            thread: Some(thread),
        };
        (elsewhere, comes)
    }

    pub(crate) fn die(mut self) {
        drop(self.end.take());
        self.thread.take().unwrap().join().unwrap();
    }
}
