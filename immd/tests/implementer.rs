//! Object implementers over the socket: callbacks, vetoes, administrative operations, runtime data.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use ais::{AisError, Attr, AttrChoice, CcbOperation, Dn, Parameter, Refusal, Scope, Value, ValueType};
use common::{Server, client, code, create, delete, dn, event_class, eventually, item, replace, run};
use immd::Options;
use immd_client::{
    AdminOperationReply, CCB_ALLOW_NULL_OI, CCB_REGISTERED_OI, Imm, ImmError, Implementer,
    ImplementerCallbacks, LocalFuture,
};

/// Writes down what it is asked, and answers as it is told.
#[derive(Default)]
struct Recorder {
    seen: RefCell<Vec<String>>,
    operations: RefCell<Vec<CcbOperation>>,
    refuse_operations: Cell<bool>,
    refuse_completed: Cell<bool>,
    /// Answers nothing at all.
    silent: Cell<bool>,
    live: Cell<u32>,
}

impl Recorder {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.borrow_mut())
    }

    fn note(&self, text: String) {
        self.seen.borrow_mut().push(text);
    }
}

impl ImplementerCallbacks for Recorder {
    fn ccb_operations(
        self: Rc<Self>,
        _: u64,
        operations: Vec<CcbOperation>,
    ) -> LocalFuture<Result<(), Refusal>> {
        for operation in operations {
            let kind = match &operation {
                CcbOperation::Create { .. } => "create",
                CcbOperation::Modify { .. } => "modify",
                CcbOperation::Delete { .. } => "delete",
            };
            self.note(format!("{kind} {}", operation.dn()));
            self.operations.borrow_mut().push(operation);
        }
        Box::pin(async move {
            if self.silent.get() {
                std::future::pending::<()>().await;
            }
            if self.refuse_operations.get() {
                return Err(Refusal::new(AisError::BadOperation, "item=a is too heavy"));
            }
            Ok(())
        })
    }

    fn ccb_completed(self: Rc<Self>, _: u64) -> LocalFuture<Result<(), Refusal>> {
        self.note("completed".to_owned());
        Box::pin(async move {
            if self.refuse_completed.get() {
                return Err(Refusal::new(AisError::NoResources, "no room"));
            }
            Ok(())
        })
    }

    fn ccb_apply(self: Rc<Self>, _: u64) -> LocalFuture<()> {
        self.note("apply".to_owned());
        Box::pin(std::future::ready(()))
    }

    fn ccb_abort(self: Rc<Self>, _: u64) -> LocalFuture<()> {
        self.note("abort".to_owned());
        Box::pin(std::future::ready(()))
    }

    fn admin_operation(
        self: Rc<Self>,
        object: String,
        operation: u64,
        mut parameters: Vec<Parameter>,
    ) -> LocalFuture<AdminOperationReply> {
        self.note(format!("operation {operation} on {object}"));
        Box::pin(async move {
            if self.silent.get() {
                std::future::pending::<()>().await;
            }
            let result = if operation == 1 {
                Ok(())
            } else {
                Err(AisError::BadOperation)
            };
            parameters.reverse();
            AdminOperationReply { result, parameters }
        })
    }

    fn rt_attr_update(
        self: Rc<Self>,
        object: Dn,
        names: Vec<String>,
    ) -> LocalFuture<Result<Vec<Attr>, Refusal>> {
        self.note(format!("fetch {} of {object}", names.join(" ")));
        Box::pin(async move {
            if self.silent.get() {
                std::future::pending::<()>().await;
            }
            Ok(vec![Attr::single("live", Value::Uint32(self.live.get()))])
        })
    }
}

/// An implementer of class `Item` by the name `itemd`.
async fn attach(imm: &Imm, canonical: bool) -> (Rc<Recorder>, Implementer) {
    let recorder = Rc::new(Recorder::default());
    let implementer = imm.implementer(recorder.clone(), canonical).await.unwrap();
    implementer.set("itemd").await.unwrap();
    implementer.class_set("Item").await.unwrap();
    (recorder, implementer)
}

/// A daemon that gives up on implementers soon.
fn impatient(dir: &Path) -> Server {
    let mut options = Options::new(dir);
    options.callback_limit = Duration::from_millis(200);
    Server::start(&options)
}

#[test]
fn callbacks_come_in_order_and_apply_comes_last() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (recorder, _implementer) = attach(&imm, true).await;
        let (user, _) = client(dir.path()).await;
        owner
            .ccb_apply(CCB_REGISTERED_OI, &[item("item=a", 1), item("item=b,item=a", 2)])
            .await
            .unwrap();
        eventually(async || recorder.seen.borrow().len() == 4).await;
        assert_eq!(
            recorder.take(),
            ["create item=a", "create item=b,item=a", "completed", "apply"]
        );
        let ccb = owner.ccb(0).await.unwrap();
        ccb.run(&[replace("item=a", "weight", Value::Uint32(3))])
            .await
            .unwrap();
        ccb.run(&[delete("item=b,item=a")]).await.unwrap();
        assert_eq!(recorder.take(), ["modify item=a", "delete item=b,item=a"]);
        ccb.validate().await.unwrap();
        assert_eq!(recorder.take(), ["completed"]);
        // Nothing is visible yet, and nobody is asked twice.
        assert!(user.get(&dn("item=b,item=a"), AttrChoice::None).await.is_ok());
        ccb.apply().await.unwrap();
        eventually(async || recorder.seen.borrow().len() == 1).await;
        assert_eq!(recorder.take(), ["apply"]);
        ccb.run(&[delete("item=a")]).await.unwrap();
        ccb.abort().await.unwrap();
        eventually(async || recorder.seen.borrow().len() == 2).await;
        assert_eq!(recorder.take(), ["delete item=a", "abort"]);
        assert!(user.get(&dn("item=a"), AttrChoice::None).await.is_ok());
    });
}

#[test]
fn a_veto_aborts_the_whole_ccb_and_says_why() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (recorder, _implementer) = attach(&imm, true).await;
        recorder.refuse_operations.set(true);
        let ccb = owner.ccb(0).await.unwrap();
        let (error, _) = ccb.run(&[item("item=a", 1)]).await.unwrap_err();
        let ImmError::Refused { error, texts } = error else {
            panic!("{error}")
        };
        assert_eq!(error, AisError::FailedOperation);
        assert!(
            texts.iter().any(|text| text == "item=a is too heavy"),
            "{texts:?}"
        );
        assert!(texts[0].starts_with("IMM: Validation abort"), "{texts:?}");
        eventually(async || recorder.seen.borrow().len() == 2).await;
        assert_eq!(recorder.take(), ["create item=a", "abort"]);
        recorder.refuse_operations.set(false);
        // The handle takes only an abort now; then it goes on.
        assert_eq!(code(ccb.apply().await), AisError::FailedOperation);
        ccb.abort().await.unwrap();
        recorder.refuse_completed.set(true);
        ccb.run(&[item("item=a", 1)]).await.unwrap();
        assert_eq!(code(ccb.apply().await), AisError::FailedOperation);
        eventually(async || recorder.seen.borrow().len() == 3).await;
        assert_eq!(recorder.take(), ["create item=a", "completed", "abort"]);
        assert!(imm.get(&dn("item=a"), AttrChoice::None).await.is_err());
        recorder.refuse_completed.set(false);
        ccb.abort().await.unwrap();
        ccb.run(&[item("item=a", 1)]).await.unwrap();
        ccb.apply().await.unwrap();
    });
}

#[test]
fn an_implementer_that_is_silent_or_goes_does_not_hold_a_ccb() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = impatient(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (recorder, implementer) = attach(&imm, true).await;
        recorder.silent.set(true);
        let refused = owner.ccb_apply(0, &[item("item=a", 1)]).await;
        assert_eq!(code(refused), AisError::FailedOperation);
        recorder.silent.set(false);
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let ccb = owner.ccb(0).await.unwrap();
        ccb.run(&[replace("item=a", "weight", Value::Uint32(3))])
            .await
            .unwrap();
        drop(implementer);
        eventually(async || matches!(ccb.validate().await, Err(ImmError::Refused { .. }))).await;
        drop(ccb);
        let refused = owner
            .ccb_apply(
                CCB_REGISTERED_OI | CCB_ALLOW_NULL_OI,
                &[replace("item=a", "weight", Value::Uint32(3))],
            )
            .await;
        assert_eq!(code(refused), AisError::NotExist);
        // Its name is free for the next one, bindings stand.
        let (recorder, _implementer) = attach(&imm, false).await;
        owner
            .ccb_apply(
                CCB_REGISTERED_OI,
                &[replace("item=a", "weight", Value::Uint32(3))],
            )
            .await
            .unwrap();
        assert_eq!(recorder.take()[0], "modify item=a");
    });
}

#[test]
fn an_implementer_whose_process_dies_is_gone_at_once() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let path = dir.path().to_owned();
        let (attached, is_attached) = tokio::sync::oneshot::channel();
        let (die, death) = tokio::sync::oneshot::channel::<()>();
        // As good as a process: its runtime goes with all that is in it, and nothing is said goodbye to.
        let other = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let local = tokio::task::LocalSet::new();
            let held = runtime.block_on(local.run_until(async {
                let imm = Imm::connect(&path).await.unwrap();
                let held = attach(&imm, true).await;
                attached.send(()).unwrap();
                let _gone = death.await;
                held
            }));
            drop((local, runtime));
            drop(held);
        });
        is_attached.await.unwrap();
        let ccb = owner.ccb(0).await.unwrap();
        ccb.run(&[replace("item=a", "weight", Value::Uint32(3))])
            .await
            .unwrap();
        drop(die);
        eventually(async || {
            let next = imm.implementer(Rc::new(Recorder::default()), true).await.unwrap();
            next.set("itemd").await.is_ok()
        })
        .await;
        assert_eq!(code(ccb.apply().await), AisError::FailedOperation);
        other.join().unwrap();
    });
}

#[test]
fn administrative_operations_find_their_implementer() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (recorder, implementer) = attach(&imm, true).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let parameters = ["one", "two"].map(|name| Parameter {
            name: name.to_owned(),
            value: Value::String(name.to_uppercase()),
        });
        let reply = owner
            .admin_operation("item=a", 1, &parameters, 5000)
            .await
            .unwrap();
        assert_eq!(reply.result, Ok(()));
        assert_eq!(reply.parameters, [parameters[1].clone(), parameters[0].clone()]);
        let reply = owner.admin_operation("item=a", 2, &[], 5000).await.unwrap();
        assert_eq!(reply.result, Err(AisError::BadOperation));
        let absent = owner.admin_operation("item=z", 1, &[], 5000).await;
        assert_eq!(code(absent), AisError::NotExist);
        let other = imm.admin_owner("another", false).await.unwrap();
        let foreign = other.admin_operation("item=a", 1, &[], 5000).await;
        assert_eq!(code(foreign), AisError::BadOperation);
        recorder.silent.set(true);
        let late = owner.admin_operation("item=a", 1, &[], 50).await;
        assert_eq!(code(late), AisError::Timeout);
        drop(implementer);
        eventually(async || {
            let gone = owner.admin_operation("item=a", 1, &[], 50).await;
            code(gone) == AisError::TryAgain
        })
        .await;
    });
}

#[test]
fn a_flood_of_calls_is_answered_with_try_again() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (recorder, _implementer) = attach(&imm, true).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        recorder.silent.set(true);
        // So long that all are there before the first one's time is over.
        let calls = (0..1500).map(|_| owner.admin_operation("item=a", 1, &[], 8000));
        let answers = futures::future::join_all(calls).await;
        let codes: Vec<_> = answers.into_iter().map(code).collect();
        let count = |wanted| codes.iter().filter(|code| **code == wanted).count();
        // The implementer shares the connection; what is unanswered there does not count here.
        assert_eq!((count(AisError::Timeout), count(AisError::TryAgain)), (1000, 500));
        recorder.silent.set(false);
        assert!(owner.admin_operation("item=a", 1, &[], 1500).await.is_ok());
    });
}

#[test]
fn the_service_carries_out_its_own_operations() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let management = "safRdn=immManagement,safApp=safImmService";
        owner.set(&[dn(management)], Scope::One).await.unwrap();
        let ccb = owner.ccb(0).await.unwrap();
        ccb.run(&[item("item=a", 1)]).await.unwrap();
        let reply = owner.admin_operation(management, 202, &[], 1000).await.unwrap();
        assert_eq!(reply.result, Ok(()));
        assert_eq!(code(ccb.apply().await), AisError::FailedOperation);
        let reply = owner.admin_operation(management, 1, &[], 1000).await.unwrap();
        assert_eq!(reply.result, Err(AisError::InvalidParam), "no file is named");
        let reply = owner.admin_operation(management, 100, &[], 1000).await.unwrap();
        assert_eq!(reply.result, Err(AisError::NotSupported));
        let (_recorder, _implementer) = attach(&imm, true).await;
        let text = |name: &str, value: &str| Parameter {
            name: name.to_owned(),
            value: Value::String(value.to_owned()),
        };
        let service = imm.admin_owner("safImmService", false).await.unwrap();
        let reply = service
            .admin_operation(
                "opensafImm=opensafImm,safApp=safImmService",
                1 << 63,
                &[
                    text("SaImmAdminOperationName", "display"),
                    text("resource", "implementers"),
                ],
                1000,
            )
            .await
            .unwrap();
        assert_eq!(reply.result, Ok(()));
        assert_eq!(reply.parameters[0].value, Value::Int64(1));
    });
}

#[test]
fn runtime_data_is_kept_as_its_class_says() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        for (name, persistent) in [("Event", false), ("Record", true)] {
            imm.class_create(&event_class(name, persistent)).await.unwrap();
        }
        let (recorder, implementer) = attach(&imm, true).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let count = |n| vec![Attr::single("count", Value::Uint32(n))];
        implementer
            .update(&[
                create("Event", "event=e,item=a", count(1)),
                create("Record", "event=r,item=a", count(2)),
                replace("item=a", "state", Value::Uint32(3)),
                replace("item=a", "kept", Value::Uint32(4)),
            ])
            .await
            .unwrap();
        let (error, at) = implementer
            .update(&[
                replace("event=r,item=a", "count", Value::Uint32(9)),
                replace("item=a", "weight", Value::Uint32(3)),
                delete("event=e,item=a"),
            ])
            .await
            .unwrap_err();
        assert_eq!((error.error(), at), (Some(AisError::InvalidParam), 1));
        recorder.live.set(77);
        let number = |object: &ais::Object, name: &str| object.value(name).and_then(Value::as_u32);
        let object = imm.get(&dn("item=a"), AttrChoice::All).await.unwrap();
        assert_eq!(
            ["state", "kept", "live"].map(|name| number(&object, name)),
            [Some(3), Some(4), Some(77)]
        );
        assert!(recorder.take().contains(&"fetch live of item=a".to_owned()));
        assert!(imm.get(&dn("event=e,item=a"), AttrChoice::None).await.is_ok());
        server.stop().await;

        let _server = impatient(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        assert!(imm.get(&dn("event=e,item=a"), AttrChoice::None).await.is_err());
        let record = imm.get(&dn("event=r,item=a"), AttrChoice::All).await.unwrap();
        assert_eq!(number(&record, "count"), Some(9));
        let object = imm.get(&dn("item=a"), AttrChoice::All).await.unwrap();
        assert_eq!(
            ["state", "kept", "live"].map(|name| number(&object, name)),
            [None, Some(4), None]
        );
        assert_eq!(object.attr("live").unwrap().value_type, ValueType::Uint32);
        let (recorder, implementer) = attach(&imm, true).await;
        recorder.silent.set(true);
        let late = imm.get(&dn("item=a"), AttrChoice::All).await;
        assert_eq!(code(late), AisError::Timeout);
        implementer.update(&[delete("event=r,item=a")]).await.unwrap();
        assert!(imm.get(&dn("event=r,item=a"), AttrChoice::None).await.is_err());
    });
}

#[test]
fn updates_sent_at_once_are_carried_out_in_their_order() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (_recorder, implementer) = attach(&imm, true).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        // Persistent and volatile ones in turn: the later must not overtake the sync of the earlier.
        let updates: Vec<[CcbOperation; 1]> = (0..100)
            .map(|n| {
                [replace(
                    "item=a",
                    if n % 3 == 0 { "state" } else { "kept" },
                    Value::Uint32(n),
                )]
            })
            .collect();
        let sent = updates.iter().map(|update| implementer.update(update));
        for result in futures::future::join_all(sent).await {
            result.unwrap();
        }
        let object = imm
            .get(
                &dn("item=a"),
                AttrChoice::Some(vec!["state".into(), "kept".into()]),
            )
            .await
            .unwrap();
        assert_eq!(object.value("state"), Some(&Value::Uint32(99)));
        assert_eq!(object.value("kept"), Some(&Value::Uint32(98)));
    });
}

#[test]
fn a_ccb_and_runtime_updates_of_one_object_do_not_undo_each_other() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (_recorder, implementer) = attach(&imm, true).await;
        owner.ccb_apply(0, &[item("item=a", 0)]).await.unwrap();
        let weights = async {
            for n in 1..=50 {
                let change = [replace("item=a", "weight", Value::Uint32(n))];
                owner.ccb_apply(0, &change).await.unwrap();
            }
        };
        let kept = async {
            for n in 1..=50 {
                let change = [replace("item=a", "kept", Value::Uint32(n))];
                implementer.update(&change).await.unwrap();
            }
        };
        futures::join!(weights, kept);
        server.stop().await;
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        let object = imm.get(&dn("item=a"), AttrChoice::All).await.unwrap();
        assert_eq!(object.value("weight"), Some(&Value::Uint32(50)));
        assert_eq!(object.value("kept"), Some(&Value::Uint32(50)));
    });
}

#[test]
fn a_search_asks_implementers_for_what_it_filters_on() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (recorder, implementer) = attach(&imm, true).await;
        owner
            .ccb_apply(0, &[item("item=a", 1), item("item=b", 2)])
            .await
            .unwrap();
        recorder.live.set(7);
        let params = |wanted| immd_client::SearchParams {
            root: None,
            scope: ais::Scope::Subtree,
            filter: Some(("live".to_owned(), Some(Value::Uint32(wanted)))),
            attrs: AttrChoice::Some(vec!["weight".to_owned()]),
        };
        let found = imm.search(params(7)).await.unwrap().collect().await.unwrap();
        assert_eq!(
            found.iter().map(|object| object.dn.as_str()).collect::<Vec<_>>(),
            ["item=a", "item=b"]
        );
        assert!(found[0].attr("live").is_none() && found[0].attr("weight").is_some());
        let none = imm.search(params(8)).await.unwrap().collect().await.unwrap();
        assert!(none.is_empty());
        drop(implementer);
        eventually(async || {
            let found = imm.search(params(7)).await.unwrap().collect().await;
            found.is_ok_and(|found| found.is_empty())
        })
        .await;
    });
}
