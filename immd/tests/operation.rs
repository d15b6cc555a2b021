//! Administrative operations: parameters, error texts, limits of time, continuations.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::rc::Rc;

use ais::{AisError, Parameter, Scope, Value};
use common::oi::{Moment, Scripted, scripted};
use common::{Server, client, code, dn, eventually, item, run};
use immd_client::{AdminOwner, Imm, Implementer};

const NAMED: u64 = 1 << 63;
const NAME: &str = "SaImmAdminOperationName";
const ERROR: &str = "SaImmAdminOperationError";

fn string(name: &str, text: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value: Value::String(text.to_owned()),
    }
}

struct Scene {
    _server: Server,
    dir: tempfile::TempDir,
    imm: Imm,
    owner: AdminOwner,
    callbacks: Rc<Scripted>,
    implementer: Rc<Implementer>,
}

async fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::in_dir(dir.path());
    let (imm, owner) = client(dir.path()).await;
    owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
    let (callbacks, implementer) = scripted(dir.path(), "itemd").await;
    implementer.class_set("Item").await.unwrap();
    Scene {
        _server: server,
        imm,
        owner,
        callbacks,
        implementer,
        dir,
    }
}

#[test]
fn parameters_of_all_types_go_there_and_back() {
    run(async {
        let scene = scene().await;
        let values = [
            Value::Int32(-1),
            Value::Uint32(u32::MAX),
            Value::Int64(i64::MIN),
            Value::Uint64(u64::MAX),
            Value::Time(5),
            Value::Name("item=a".into()),
            Value::Float(1.5),
            Value::Double(-0.25),
            Value::String("käse".into()),
            Value::Any(vec![0, 255, 7]),
        ];
        let parameters: Vec<Parameter> = values
            .into_iter()
            .enumerate()
            .map(|(at, value)| Parameter {
                name: format!("p{at}"),
                value,
            })
            .collect();
        let reply = scene.owner.admin_operation("item=a", 7, &parameters, 5000);
        let reply = reply.await.unwrap();
        assert_eq!(reply.result, Ok(()));
        assert_eq!(reply.parameters, parameters);
        // Results come with parameters, too.
        scene.callbacks.result.set(Some(AisError::Busy));
        let reply = scene.owner.admin_operation("item=a", 7, &parameters, 5000);
        let reply = reply.await.unwrap();
        assert_eq!(
            (reply.result, reply.parameters),
            (Err(AisError::Busy), parameters)
        );
    });
}

#[test]
fn operations_by_name_and_error_texts_follow_the_convention() {
    run(async {
        let scene = scene().await;
        let owner = &scene.owner;
        let unnamed = owner.admin_operation("item=a", NAMED, &[], 5000).await;
        assert_eq!(code(unnamed), AisError::InvalidParam);
        let nameless = owner.admin_operation("item=a", 1, &[string("", "x")], 5000).await;
        assert_eq!(code(nameless), AisError::InvalidParam);
        let polish = [string(NAME, "polish")];
        let reply = owner
            .admin_operation("item=a", NAMED, &polish, 5000)
            .await
            .unwrap();
        assert_eq!((reply.result, reply.parameters.as_slice()), (Ok(()), &polish[..]));
        *scene.callbacks.parameters.borrow_mut() = vec![string(ERROR, "no cloth")];
        let against = owner.admin_operation("item=a", 1, &[], 5000).await;
        assert_eq!(code(against), AisError::FailedOperation, "an error text with OK");
        scene.callbacks.result.set(Some(AisError::NoResources));
        let reply = owner.admin_operation("item=a", 1, &[], 5000).await.unwrap();
        assert_eq!(reply.result, Err(AisError::NoResources));
        assert_eq!(reply.parameters, [string(ERROR, "no cloth")]);
        *scene.callbacks.parameters.borrow_mut() = vec![Parameter {
            name: ERROR.to_owned(),
            value: Value::Uint32(1),
        }];
        let against = owner.admin_operation("item=a", 1, &[], 5000).await;
        assert_eq!(
            code(against),
            AisError::FailedOperation,
            "an error text that is none"
        );
    });
}

#[test]
fn several_run_at_once_and_are_answered_in_any_order() {
    run(async {
        let scene = scene().await;
        scene.callbacks.holds.set(true);
        let first = scene.owner.admin_operation("item=a", 1, &[], 0);
        let second = async {
            eventually(async || scene.callbacks.seen.borrow().len() == 1).await;
            scene.callbacks.holds.set(false);
            let second = scene.owner.admin_operation("item=a", 2, &[], 5000).await;
            scene.callbacks.go_on.notify_one();
            second.unwrap()
        };
        let (first, second) = futures::join!(first, second);
        assert_eq!((first.unwrap().result, second.result), (Ok(()), Ok(())));
    });
}

#[test]
fn it_goes_on_when_nobody_waits_and_keeps_the_owner() {
    run(async {
        let scene = scene().await;
        scene.callbacks.holds.set(true);
        let late = scene.owner.admin_operation("item=a", 1, &[], 50).await;
        assert_eq!(code(late), AisError::Timeout);
        let names = [dn("item=a")];
        assert_eq!(
            code(scene.owner.release(&names, Scope::One).await),
            AisError::Busy
        );
        scene.implementer.class_release("Item").await.unwrap();
        scene.callbacks.go_on.notify_one();
        eventually(async || scene.owner.release(&names, Scope::One).await.is_ok()).await;
        assert_eq!(scene.callbacks.take(), [Moment::Operation]);
    });
}

#[test]
fn a_continuation_keeps_the_result_for_whoever_comes() {
    run(async {
        let scene = scene().await;
        scene.callbacks.holds.set(true);
        let parameters = [string("x", "y")];
        let begun = scene.owner.admin_operation_with("item=a", 1, &parameters, 50, 42);
        assert_eq!(code(begun.await), AisError::Timeout);
        // The owner's handle goes; another one of the same name comes.
        let other = Imm::connect(scene.dir.path()).await.unwrap();
        let same = other.admin_owner("tester", false).await.unwrap();
        let stranger = other.admin_owner("stranger", false).await.unwrap();
        let twice = same.admin_operation_with("item=a", 1, &[], 50, 42).await;
        assert_eq!(code(twice), AisError::Exist);
        let foreign = stranger.admin_operation_continue("item=a", 42, 50).await;
        assert_eq!(code(foreign), AisError::BadOperation);
        let unknown = same.admin_operation_continue("item=a", 43, 50).await;
        assert_eq!(code(unknown), AisError::NotExist);
        let absent = same.admin_operation_continue("item=z", 42, 50).await;
        assert_eq!(code(absent), AisError::NotExist);
        let early = same.admin_operation_continue("item=a", 42, 50).await;
        assert_eq!(code(early), AisError::Timeout);
        let waiting = same.admin_operation_continue("item=a", 42, 0);
        let release = async { scene.callbacks.go_on.notify_one() };
        let (reply, ()) = futures::join!(waiting, release);
        assert_eq!(reply.unwrap().parameters, [string("x", "y")]);
        // It stays until it is cleared.
        let again = same.admin_operation_continue("item=a", 42, 50).await.unwrap();
        assert_eq!(again.result, Ok(()));
        assert_eq!(
            code(stranger.admin_operation_clear("item=a", 42).await),
            AisError::BadOperation
        );
        same.admin_operation_clear("item=a", 42).await.unwrap();
        assert_eq!(
            code(same.admin_operation_clear("item=a", 42).await),
            AisError::NotExist
        );
        // One that is cleared while somebody waits is over for him, and its number is free.
        let begun = same.admin_operation_with("item=a", 1, &[], 50, 42).await;
        assert_eq!(code(begun), AisError::Timeout);
        let waiting = same.admin_operation_continue("item=a", 42, 0);
        let clear = async { scene.owner.admin_operation_clear("item=a", 42).await.unwrap() };
        let (cleared, ()) = futures::join!(waiting, clear);
        assert_eq!(code(cleared), AisError::NotExist);
    });
}

#[test]
fn an_operation_ends_with_its_implementer() {
    run(async {
        let scene = scene().await;
        scene.callbacks.holds.set(true);
        let waiting = scene.owner.admin_operation("item=a", 1, &[], 0);
        let (callbacks, implementer) = (scene.callbacks, scene.implementer);
        let leave = async {
            eventually(async || callbacks.seen.borrow().len() == 1).await;
            drop(implementer);
        };
        let (reply, ()) = futures::join!(waiting, leave);
        assert_eq!(code(reply), AisError::Timeout, "what became of it is not known");
        let gone = scene.owner.admin_operation("item=a", 1, &[], 1000).await;
        assert_eq!(code(gone), AisError::TryAgain, "it has just left");
    });
}

#[test]
fn an_implementers_own_name_is_a_target() {
    run(async {
        let scene = scene().await;
        let dir = scene.dir.path();
        let (watch, _watcher) = scripted(dir, "@watch").await;
        for (name, callbacks) in [("itemd", &scene.callbacks), ("@watch", &watch)] {
            let owner = scene.imm.admin_owner(name, true).await.unwrap();
            let reply = owner.admin_operation(name, 3, &[], 5000).await.unwrap();
            assert_eq!(reply.result, Ok(()));
            assert_eq!(callbacks.take(), [Moment::Operation], "{name}");
        }
        let other = scene.owner.admin_operation("itemd", 3, &[], 5000).await;
        assert_eq!(code(other), AisError::NotExist, "by its namesake only");
    });
}
