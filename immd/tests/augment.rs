//! Augmented CCBs over the socket.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use ais::{AisError, AttrChoice, Refusal, Scope, Value};
use common::oi::{Moment, scripted};
use common::{Server, client, code, create, dn, eventually, item, item_class, replace, run};
use immd_client::ImmError;

fn refusal(error: ImmError) -> Refusal {
    Refusal::new(error.error().unwrap_or(AisError::Library), error.to_string())
}

fn first(error: (ImmError, usize)) -> Refusal {
    refusal(error.0)
}

/// A second class with its own implementer.
fn note_class() -> ais::ClassDef {
    let mut class = item_class();
    "Note".clone_into(&mut class.name);
    "memo".clone_into(&mut class.attrs[0].name);
    class
}

#[test]
fn an_implementer_adds_to_the_ccb_and_others_are_asked() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        imm.class_create(&note_class()).await.unwrap();
        let (items, itemd) = scripted(dir.path(), "itemd").await;
        itemd.class_set("Item").await.unwrap();
        let (papers, noted) = scripted(dir.path(), "noted").await;
        noted.class_set("Note").await.unwrap();
        items.at(Moment::Create, |own, ccb| async move {
            let handle = own.handle.borrow().upgrade().unwrap();
            let (augmentation, _owner) = handle.augment(ccb).await.map_err(refusal)?;
            let memo = create("Note", "memo=m,item=a", vec![]);
            augmentation
                .run(&[memo, replace("item=a", "weight", Value::Uint32(99))])
                .await
                .map_err(first)?;
            let seen = augmentation.read(&dn("item=a"), AttrChoice::Config).await;
            assert_eq!(seen.unwrap().value("weight"), Some(&Value::Uint32(99)));
            augmentation.apply().await.map_err(refusal)?;
            Ok(())
        });
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let object = imm.get(&dn("item=a"), AttrChoice::Config).await.unwrap();
        assert_eq!(object.value("weight"), Some(&Value::Uint32(99)));
        assert!(imm.get(&dn("memo=m,item=a"), AttrChoice::None).await.is_ok());
        eventually(async || items.seen.borrow().len() == 3).await;
        assert_eq!(
            items.take(),
            [Moment::Create, Moment::Completed, Moment::Apply],
            "not asked about its own"
        );
        eventually(async || papers.seen.borrow().len() == 3).await;
        assert_eq!(papers.take(), [Moment::Create, Moment::Completed, Moment::Apply]);
    });
}

#[test]
fn what_is_left_undone_or_refused_aborts_the_whole() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        imm.class_create(&note_class()).await.unwrap();
        let (items, itemd) = scripted(dir.path(), "itemd").await;
        itemd.class_set("Item").await.unwrap();
        // Unapplied, with operations.
        items.at(Moment::Create, |own, ccb| async move {
            let handle = own.handle.borrow().upgrade().unwrap();
            let (augmentation, _owner) = handle.augment(ccb).await.map_err(refusal)?;
            augmentation
                .run(&[create("Note", "memo=m", vec![])])
                .await
                .map_err(first)?;
            Ok(())
        });
        let refused = owner.ccb_apply(0, &[item("item=a", 1)]).await;
        assert_eq!(code(refused), AisError::FailedOperation);
        // Refused by another implementer.
        let (papers, noted) = scripted(dir.path(), "noted").await;
        noted.class_set("Note").await.unwrap();
        papers.at(Moment::Create, |_, _| async {
            Err(Refusal::new(AisError::BadOperation, "no paper"))
        });
        items.at(Moment::Create, |own, ccb| async move {
            let handle = own.handle.borrow().upgrade().unwrap();
            let (augmentation, _owner) = handle.augment(ccb).await.map_err(refusal)?;
            let added = augmentation.run(&[create("Note", "memo=m", vec![])]).await;
            assert_eq!(added.map_err(first).unwrap_err().error, AisError::FailedOperation);
            augmentation.apply().await.map(drop).map_err(refusal)
        });
        let refused = owner.ccb_apply(0, &[item("item=a", 1)]).await;
        let Err(ImmError::Refused { error, texts }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(error, AisError::FailedOperation);
        assert!(texts.iter().any(|text| text == "no paper"), "{texts:?}");
        assert!(imm.get(&dn("item=a"), AttrChoice::None).await.is_err());
        // Empty and unapplied: no harm.
        items.at(Moment::Create, |own, ccb| async move {
            let handle = own.handle.borrow().upgrade().unwrap();
            handle.augment(ccb).await.map(drop).map_err(refusal)
        });
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
    });
}

#[test]
fn its_handles_have_rules_of_their_own() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner
            .ccb_apply(0, &[item("item=a", 1), item("item=free", 1)])
            .await
            .unwrap();
        imm.admin_owner_clear(&[dn("item=free")], Scope::One)
            .await
            .unwrap();
        let (items, itemd) = scripted(dir.path(), "itemd").await;
        itemd.class_set("Item").await.unwrap();
        assert_eq!(code(itemd.augment(1).await.map(drop)), AisError::NotExist);
        let kept = Rc::new(RefCell::new(None));
        let keep = kept.clone();
        items.at(Moment::Modify, move |own, ccb| {
            let keep = keep.clone();
            async move {
                let handle = own.handle.borrow().upgrade().unwrap();
                let (augmentation, owner) = handle.augment(ccb).await.map_err(refusal)?;
                assert_eq!(code(handle.augment(ccb).await.map(drop)), AisError::TryAgain);
                assert_eq!(code(augmentation.validate().await), AisError::BadOperation);
                assert_eq!(code(augmentation.abort().await), AisError::BadOperation);
                let names = [dn("item=free")];
                owner.set(&names, Scope::One).await.map_err(refusal)?;
                assert_eq!(code(owner.release(&names, Scope::One).await), AisError::Busy);
                assert_eq!(code(owner.ccb(0).await.map(drop)), AisError::NoResources);
                let operation = owner.admin_operation("item=a", 1, &[], 1000).await;
                assert_eq!(code(operation), AisError::NoResources);
                augmentation
                    .run(&[replace("item=free", "weight", Value::Uint32(5))])
                    .await
                    .map_err(first)?;
                augmentation.apply().await.map_err(refusal)?;
                *keep.borrow_mut() = Some((augmentation, owner));
                Ok(())
            }
        });
        let ccb = owner.ccb(0).await.unwrap();
        ccb.run(&[replace("item=a", "weight", Value::Uint32(2))])
            .await
            .unwrap();
        let (augmentation, augment_owner) = kept.take().unwrap();
        let late = augmentation
            .run(&[item("item=x", 1)])
            .await
            .map_err(|(error, _)| error);
        assert_eq!(code(late), AisError::BadHandle, "the callback is over");
        let late = augment_owner.set(&[dn("item=free")], Scope::One).await;
        assert_eq!(code(late), AisError::BadHandle);
        ccb.apply().await.unwrap();
        let object = imm.get(&dn("item=free"), AttrChoice::All).await.unwrap();
        assert_eq!(object.value("weight"), Some(&Value::Uint32(5)));
        assert!(
            object.value("SaImmAttrAdminOwnerName").is_some(),
            "the originator releases on finalize"
        );
        drop((ccb, owner));
        eventually(async || {
            let object = imm.get(&dn("item=free"), AttrChoice::All).await.unwrap();
            object.value("SaImmAttrAdminOwnerName").is_none()
        })
        .await;
    });
}

#[test]
fn in_completed_it_reads_and_adds_nothing() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (_imm, owner) = client(dir.path()).await;
        let (items, itemd) = scripted(dir.path(), "itemd").await;
        itemd.class_set("Item").await.unwrap();
        items.at(Moment::Completed, |own, ccb| async move {
            let handle = own.handle.borrow().upgrade().unwrap();
            let (augmentation, _owner) = handle.augment(ccb).await.map_err(refusal)?;
            let seen = augmentation.read(&dn("item=a"), AttrChoice::Config).await;
            assert_eq!(seen.unwrap().value("weight"), Some(&Value::Uint32(1)));
            let added = augmentation.run(&[item("item=b", 1)]).await;
            assert_eq!(added.map_err(first).unwrap_err().error, AisError::FailedOperation);
            Ok(())
        });
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
    });
}

#[test]
fn supervision_waits_while_it_works_and_not_when_it_hangs() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let mut options = immd::Options::new(dir.path());
        options.callback_limit = std::time::Duration::from_millis(800);
        let _server = Server::start(&options);
        let (_imm, owner) = client(dir.path()).await;
        let (items, itemd) = scripted(dir.path(), "itemd").await;
        itemd.class_set("Item").await.unwrap();
        // Longer than the limit, in small steps.
        items.at(Moment::Create, |own, ccb| async move {
            let handle = own.handle.borrow().upgrade().unwrap();
            let (augmentation, _owner) = handle.augment(ccb).await.map_err(refusal)?;
            for step in 0..6 {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                let added = [item(&format!("item={step},item=a"), 1)];
                augmentation.run(&added).await.map_err(first)?;
            }
            augmentation.apply().await.map(drop).map_err(refusal)
        });
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        items.at(Moment::Create, |own, ccb| async move {
            let handle = own.handle.borrow().upgrade().unwrap();
            let _held = handle.augment(ccb).await.map_err(refusal)?;
            std::future::pending().await
        });
        let refused = owner.ccb_apply(0, &[item("item=b", 1)]).await;
        assert_eq!(code(refused), AisError::FailedOperation);
    });
}
