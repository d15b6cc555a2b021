//! An implementer that dies, comes or refuses at each point of a CCB, and what the client is told.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use ais::{AisError, AttrChoice, CcbOperation, Value};
use common::oi::{Elsewhere, Moment, scripted};
use common::{Server, client, code, delete, dn, eventually, item, replace, run};
use immd_client::{Ccb, Imm, ImmError};

/// What a client does, up to the point at which the implementer dies.
async fn weight(imm: &Imm, name: &str) -> Option<u32> {
    let object = imm.get(&dn(name), AttrChoice::Config).await.ok()?;
    object.value("weight").and_then(Value::as_u32)
}

fn texts<T: std::fmt::Debug>(result: Result<T, ImmError>) -> (AisError, Vec<String>) {
    match result {
        Err(ImmError::Refused { error, texts }) => (error, texts),
        other => panic!("expected a refusal, not {other:?}"),
    }
}

async fn add(ccb: &Ccb, operation: CcbOperation) -> Result<(), ImmError> {
    ccb.run(&[operation]).await.map_err(|(error, _)| error)
}

/// Prepares `item=a` and `item=b`, and has the implementer die at `moment` while the client runs `operation` and
/// applies.
async fn dies_at(moment: Moment, operation: CcbOperation) {
    let dir = tempfile::tempdir().unwrap();
    let _server = Server::in_dir(dir.path());
    let (imm, owner) = client(dir.path()).await;
    owner
        .ccb_apply(0, &[item("item=a", 1), item("item=b", 1)])
        .await
        .unwrap();
    let (elsewhere, mut comes) = Elsewhere::attach(dir.path(), moment).await;
    let ccb = owner.ccb(0).await.unwrap();
    let client = async {
        add(&ccb, operation).await?;
        ccb.apply().await
    };
    let death = async {
        comes.recv().await.unwrap();
        elsewhere.die();
    };
    let (result, ()) = futures::join!(client, death);
    if moment == Moment::Apply {
        // It is told, not asked: the change is durable.
        result.unwrap();
        assert_eq!(weight(&imm, "item=a").await, Some(7));
    } else {
        let (error, texts) = texts(result);
        assert_eq!(error, AisError::FailedOperation, "{moment:?}");
        assert!(
            texts[0].starts_with("IMM: Resource abort: "),
            "{moment:?}: {texts:?}"
        );
        assert!(texts.concat().contains("itemd"), "{moment:?}: {texts:?}");
        assert_eq!(weight(&imm, "item=a").await, Some(1), "{moment:?}");
        assert_eq!(weight(&imm, "item=b").await, Some(1), "{moment:?}");
        assert_eq!(weight(&imm, "item=c").await, None, "{moment:?}");
    }
    drop(ccb);
    // Nothing is locked, and the next one of the name is asked.
    let (next, implementer) = scripted(dir.path(), "itemd").await;
    implementer.class_set("Item").await.unwrap();
    let change = [replace("item=a", "weight", Value::Uint32(9))];
    owner.ccb_apply(0, &change).await.unwrap();
    eventually(async || next.seen.borrow().contains(&Moment::Apply)).await;
}

#[test]
fn an_implementer_may_die_at_every_point_of_a_ccb() {
    let change = || replace("item=a", "weight", Value::Uint32(7));
    run(async {
        dies_at(Moment::Create, item("item=c", 1)).await;
        dies_at(Moment::Modify, change()).await;
        dies_at(Moment::Delete, delete("item=b")).await;
        dies_at(Moment::Completed, change()).await;
        dies_at(Moment::Apply, change()).await;
    });
}

#[test]
fn one_that_dies_between_completed_and_apply_aborts_the_ccb() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let (elsewhere, _) = Elsewhere::attach(dir.path(), Moment::Fetch).await;
        let ccb = owner.ccb(0).await.unwrap();
        add(&ccb, replace("item=a", "weight", Value::Uint32(7)))
            .await
            .unwrap();
        ccb.validate().await.unwrap();
        elsewhere.die();
        let other = imm.implementer(std::rc::Rc::new(common::oi::Scripted::default()), false);
        let other = other.await.unwrap();
        eventually(async || other.set("itemd").await.is_ok()).await;
        assert_eq!(code(ccb.apply().await), AisError::FailedOperation);
        assert_eq!(weight(&imm, "item=a").await, Some(1));
    });
}

/// Runs one operation and applies, with an implementer that answers with this code at this moment.
async fn refuses(ccb: Ccb, at: Moment) -> (AisError, Vec<String>) {
    let ran = add(&ccb, replace("item=a", "weight", Value::Uint32(7))).await;
    let result = match at {
        Moment::Completed => {
            ran.unwrap();
            ccb.apply().await.map(drop)
        }
        _ => ran,
    };
    texts(result)
}

#[test]
fn each_refusal_aborts_the_ccb_with_its_kind_and_its_words() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let (callbacks, implementer) = scripted(dir.path(), "itemd").await;
        implementer.class_set("Item").await.unwrap();
        let cases = [
            (AisError::BadOperation, "Validation"),
            (AisError::FailedOperation, "Validation"),
            (AisError::NoMemory, "Resource"),
            (AisError::NoResources, "Resource"),
            // Codes that an implementer may not give: "not now", and all others.
            (AisError::TryAgain, "Resource"),
            (AisError::Busy, "Resource"),
            (AisError::InvalidParam, "Validation"),
            (AisError::NotExist, "Validation"),
            (AisError::Library, "Validation"),
        ];
        for moment in [Moment::Modify, Moment::Completed] {
            for (answer, kind) in cases {
                callbacks.at(moment, move |_, _| async move {
                    Err(ais::Refusal::new(answer, "the scales are broken"))
                });
                let ccb = owner.ccb(0).await.unwrap();
                let (error, texts) = refuses(ccb, moment).await;
                assert_eq!(error, AisError::FailedOperation, "{moment:?} {answer}");
                let prefix = format!("IMM: {kind} abort: ");
                assert!(texts[0].starts_with(&prefix), "{moment:?} {answer}: {texts:?}");
                assert!(
                    texts.iter().any(|text| text == "the scales are broken"),
                    "{moment:?} {answer}: {texts:?}"
                );
                eventually(async || callbacks.seen.borrow().contains(&Moment::Abort)).await;
                callbacks.take();
            }
        }
        assert_eq!(weight(&imm, "item=a").await, Some(1));
    });
}

#[test]
fn a_fetch_is_refused_with_the_codes_that_are_allowed() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let (callbacks, implementer) = scripted(dir.path(), "itemd").await;
        implementer.class_set("Item").await.unwrap();
        for (answer, told) in [
            (AisError::NoMemory, AisError::NoMemory),
            (AisError::NoResources, AisError::NoResources),
            (AisError::FailedOperation, AisError::FailedOperation),
            (AisError::Busy, AisError::FailedOperation),
        ] {
            callbacks.at(Moment::Fetch, move |_, _| async move {
                Err(ais::Refusal::new(answer, "no"))
            });
            let read = imm.get(&dn("item=a"), AttrChoice::All).await;
            assert_eq!(code(read), told, "{answer}");
        }
        // Who dies while it is asked is as good as one who has nothing to give.
        drop((callbacks, implementer));
        let free = imm.implementer(std::rc::Rc::new(common::oi::Scripted::default()), false);
        let free = free.await.unwrap();
        eventually(async || free.set("itemd").await.is_ok()).await;
        free.clear().await.unwrap();
        let (elsewhere, mut comes) = Elsewhere::attach(dir.path(), Moment::Fetch).await;
        let name = dn("item=a");
        let read = imm.get(&name, AttrChoice::All);
        let death = async {
            comes.recv().await.unwrap();
            elsewhere.die();
        };
        let (read, ()) = futures::join!(read, death);
        assert_eq!(code(read), AisError::NoResources);
    });
}
