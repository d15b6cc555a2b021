//! An object implementer for the tests: it sets states, refuses some changes and answers administrative operations.
//! One object is owned by `somebody`.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use ais::{
    AisError, Attr, AttrModification, CcbOperation, Dn, ModificationType, Parameter, Refusal, Scope, Value,
};
use immd_client::{AdminOperationReply, Imm, ImplementerCallbacks, LocalFuture};
use tokio::sync::oneshot;

/// An implementer on a thread of its own; it ends when this is dropped.
pub(crate) struct Running {
    /// Gets a word when a change that sets demoLimit to 14 waits for an answer that will not come.
    pub(crate) waits: Receiver<()>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Attaches to the cluster in `dir` and waits until it has set its states.
    pub(crate) fn start(dir: &Path) -> Running {
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = channel();
        let (waits, is_waiting) = channel();
        let dir = dir.to_path_buf();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            tokio::task::LocalSet::new().block_on(&runtime, serve(dir, ready, waits, stopped));
        });
        is_ready.recv().expect("the implementer says when it is ready");
        Running {
            waits: is_waiting,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            // A panic of its own must not hide the one that is being told.
            if !std::thread::panicking() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

async fn serve(dir: PathBuf, ready: Sender<()>, waits: Sender<()>, stopped: oneshot::Receiver<()>) {
    let imm = Imm::connect(&dir).await.unwrap();
    let callbacks = Rc::new(Callbacks {
        refusals: Cell::new(2),
        is_mute: Cell::new(false),
        waits,
    });
    let implementer = imm.implementer(callbacks, false).await.unwrap();
    implementer.set("demoOi").await.unwrap();
    for class in ["DemoClass", "SaAmfSU", "SaAmfSI", "SaAmfNode"] {
        implementer.class_set(class).await.unwrap();
    }
    implementer
        .update(&states())
        .await
        .map_err(|(error, at)| format!("operation {at}: {error:?}"))
        .unwrap();
    let somebody = imm.admin_owner("somebody", true).await.unwrap();
    let object = Dn::new("demoId=3,demoId=2,demoId=all").unwrap();
    somebody.set(&[object], Scope::One).await.unwrap();
    ready.send(()).unwrap();
    // The other end is dropped, never used.
    assert!(stopped.await.is_err());
}

fn states() -> Vec<CcbOperation> {
    let modify = |dn: &str, values: &[(&str, u32)]| CcbOperation::Modify {
        dn: Dn::new(dn).unwrap(),
        changes: values
            .iter()
            .map(|(name, value)| AttrModification {
                kind: ModificationType::Replace,
                attr: Attr::single(*name, Value::Uint32(*value)),
            })
            .collect(),
    };
    let assignment = |su: &str, ha| CcbOperation::Create {
        class: "SaAmfSIAssignment".to_owned(),
        dn: Dn::new(&format!(
            "safSISU=safSu={su}\\,safSg=demo\\,safApp=demo,safSi=one,safApp=demo"
        ))
        .unwrap(),
        attrs: vec![
            Attr::single("saAmfSISUHAState", Value::Uint32(ha)),
            Attr::single("saAmfSISUHAReadinessState", Value::Uint32(1)),
        ],
    };
    vec![
        modify("demoId=all", &[("demoState", 42)]),
        modify(
            "safSu=SU1,safSg=demo,safApp=demo",
            &[
                ("saAmfSUOperState", 1),
                ("saAmfSUPresenceState", 3),
                ("saAmfSUReadinessState", 2),
            ],
        ),
        modify(
            "safSu=SU2,safSg=demo,safApp=demo",
            &[
                ("saAmfSUOperState", 2),
                ("saAmfSUPresenceState", 6),
                ("saAmfSUReadinessState", 9),
            ],
        ),
        modify("safSi=one,safApp=demo", &[("saAmfSIAssignmentState", 2)]),
        modify("safSi=two,safApp=demo", &[("saAmfSIAssignmentState", 1)]),
        modify("safAmfNode=n1,safAmfCluster=demo", &[("saAmfNodeOperState", 1)]),
        modify("safAmfNode=n2,safAmfCluster=demo", &[("saAmfNodeOperState", 2)]),
        assignment("SU1", 1),
        assignment("SU2", 2),
    ]
}

struct Callbacks {
    /// How often operation 3 is still refused for now.
    refusals: Cell<u32>,
    /// Whether the next CCB is never answered.
    is_mute: Cell<bool>,
    /// Told when a CCB waits for an answer that will not come.
    waits: Sender<()>,
}

impl ImplementerCallbacks for Callbacks {
    fn ccb_operations(
        self: Rc<Self>,
        _ccb: u64,
        operations: Vec<CcbOperation>,
    ) -> LocalFuture<Result<(), Refusal>> {
        let limit = |attr: &Attr, limit| attr.name == "demoLimit" && attr.values == [Value::Uint32(limit)];
        let sets = |number| {
            operations.iter().any(|operation| match operation {
                CcbOperation::Create { attrs, .. } => attrs.iter().any(|attr| limit(attr, number)),
                CcbOperation::Modify { changes, .. } => {
                    changes.iter().any(|change| limit(&change.attr, number))
                }
                CcbOperation::Delete { .. } => false,
            })
        };
        self.is_mute.set(sets(14));
        let answer = if sets(13) {
            Err(Refusal::new(AisError::BadOperation, "demoLimit may not be 13"))
        } else {
            Ok(())
        };
        Box::pin(async move { answer })
    }

    fn ccb_completed(self: Rc<Self>, _ccb: u64) -> LocalFuture<Result<(), Refusal>> {
        Box::pin(async move {
            if self.is_mute.get() {
                self.waits.send(()).unwrap();
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }

    fn ccb_apply(self: Rc<Self>, _ccb: u64) -> LocalFuture<()> {
        Box::pin(async {})
    }

    fn ccb_abort(self: Rc<Self>, _ccb: u64) -> LocalFuture<()> {
        Box::pin(async {})
    }

    /// 1 is refused, 2 is done, 3 is done at the third try, 4 never can, 5 never answers; the rest gives its parameters back.
    fn admin_operation(
        self: Rc<Self>,
        object: String,
        operation: u64,
        parameters: Vec<Parameter>,
    ) -> LocalFuture<AdminOperationReply> {
        Box::pin(async move {
            let later = self.refusals.get();
            match operation {
                1 => refused(AisError::BadOperation, format!("'{object}' is unlocked already")),
                3 if later > 0 => {
                    self.refusals.set(later - 1);
                    refused(AisError::TryAgain, "another operation is in progress".to_owned())
                }
                2 | 3 => done(Vec::new()),
                4 => refused(AisError::TryAgain, "the SG is not stable".to_owned()),
                5 => std::future::pending().await,
                _ => done(parameters),
            }
        })
    }

    fn rt_attr_update(
        self: Rc<Self>,
        _object: Dn,
        names: Vec<String>,
    ) -> LocalFuture<Result<Vec<Attr>, Refusal>> {
        let values = names
            .into_iter()
            .map(|name| Attr::single(name, Value::Uint32(99)));
        let values = values.collect();
        Box::pin(async move { Ok(values) })
    }
}

fn done(parameters: Vec<Parameter>) -> AdminOperationReply {
    AdminOperationReply {
        result: Ok(()),
        parameters,
    }
}

fn refused(error: AisError, text: String) -> AdminOperationReply {
    AdminOperationReply {
        result: Err(error),
        parameters: vec![Parameter {
            name: "SaImmAdminOperationError".to_owned(),
            value: Value::String(text),
        }],
    }
}
