//! Object management over the socket: classes, CCBs, reads, searches, owners, restarts.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use ais::{AisError, AttrChoice, Scope, Value};
use common::{
    Server, client, code, create, delete, dn, event_class, eventually, item, item_class, replace, run,
};
use immd::{Daemon, Options};
use immd_client::{Imm, ImmError, SearchParams};

fn weight(object: &ais::Object) -> Option<u32> {
    object.value("weight").and_then(Value::as_u32)
}

#[test]
fn a_ccb_is_seen_when_it_is_applied_and_not_before() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let ccb = owner.ccb(0).await.unwrap();
        ccb.run(&[item("item=a", 1), item("item=b,item=a", 2)])
            .await
            .unwrap();
        assert_eq!(
            code(imm.get(&dn("item=a"), AttrChoice::All).await),
            AisError::NotExist
        );
        let inside = ccb.read(&dn("item=a"), AttrChoice::All).await.unwrap();
        assert_eq!(weight(&inside), Some(1));
        ccb.apply().await.unwrap();
        let object = imm.get(&dn("item=b,item=a"), AttrChoice::All).await.unwrap();
        assert_eq!(object.class(), Some("Item"));
        assert_eq!(weight(&object), Some(2));
        ccb.run(&[
            replace("item=a", "weight", Value::Uint32(7)),
            delete("item=b,item=a"),
        ])
        .await
        .unwrap();
        ccb.apply().await.unwrap();
        let object = imm.get(&dn("item=a"), AttrChoice::Config).await.unwrap();
        assert_eq!(weight(&object), Some(7));
        assert_eq!(
            code(imm.get(&dn("item=b,item=a"), AttrChoice::None).await),
            AisError::NotExist
        );
    });
}

#[test]
fn a_refused_operation_says_which_and_why_and_the_ccb_goes_on() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let ccb = owner.ccb(0).await.unwrap();
        let (error, at) = ccb
            .run(&[
                item("item=a", 1),
                item("item=x,item=missing", 1),
                item("item=c", 1),
            ])
            .await
            .unwrap_err();
        assert_eq!(at, 1);
        let ImmError::Refused { error, texts } = error else {
            panic!("{error}")
        };
        assert_eq!(error, AisError::NotExist);
        assert!(texts.concat().contains("item=missing"), "{texts:?}");
        ccb.apply().await.unwrap();
        assert!(imm.get(&dn("item=a"), AttrChoice::None).await.is_ok());
        assert!(imm.get(&dn("item=c"), AttrChoice::None).await.is_err());
    });
}

#[test]
fn one_round_trip_applies_and_its_failure_leaves_nothing() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let id = owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        assert!(imm.ccb_outcome(id).await.unwrap());
        let refused = owner
            .ccb_apply(
                0,
                &[item("item=b", 1), replace("item=a", "nonsense", Value::Uint32(1))],
            )
            .await;
        assert_eq!(code(refused), AisError::NotExist);
        assert!(imm.get(&dn("item=b"), AttrChoice::None).await.is_err());
        // Its locks are gone too.
        owner.ccb_apply(0, &[item("item=b", 1)]).await.unwrap();
        assert_eq!(code(owner.ccb_apply(0x1000, &[]).await), AisError::InvalidParam);
    });
}

#[test]
fn a_handle_or_a_connection_that_goes_takes_its_ccb_along() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (_imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let change = [replace("item=a", "weight", Value::Uint32(2))];
        let (other_imm, other) = client(dir.path()).await;
        let held = other.ccb(0).await.unwrap();
        held.run(&change).await.unwrap();
        assert_eq!(code(owner.ccb_apply(0, &change).await), AisError::Busy);
        drop(held);
        eventually(async || owner.ccb_apply(0, &change).await.is_ok()).await;
        let held = other.ccb(0).await.unwrap();
        held.run(&change).await.unwrap();
        assert_eq!(code(owner.ccb_apply(0, &change).await), AisError::Busy);
        drop((held, other, other_imm));
        eventually(async || owner.ccb_apply(0, &change).await.is_ok()).await;
    });
}

#[test]
fn owners_keep_others_out() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner
            .ccb_apply(0, &[item("item=a", 1), item("item=b,item=a", 1)])
            .await
            .unwrap();
        let other = imm.admin_owner("another", true).await.unwrap();
        let change = [replace("item=a", "weight", Value::Uint32(2))];
        assert_eq!(code(other.ccb_apply(0, &change).await), AisError::BadOperation);
        assert_eq!(
            code(other.set(&[dn("item=a")], Scope::Subtree).await),
            AisError::Exist
        );
        assert_eq!(
            code(other.set(&[dn("item=z")], Scope::One).await),
            AisError::NotExist
        );
        owner.release(&[dn("item=a")], Scope::Subtree).await.unwrap();
        other.set(&[dn("item=a")], Scope::Subtree).await.unwrap();
        other.ccb_apply(0, &change).await.unwrap();
        imm.admin_owner_clear(&[dn("item=a")], Scope::Subtree)
            .await
            .unwrap();
        owner.set(&[dn("item=a")], Scope::One).await.unwrap();
        // An owner that goes releases what it acquired.
        drop(owner);
        eventually(async || other.set(&[dn("item=a")], Scope::One).await.is_ok()).await;
    });
}

#[test]
fn a_long_search_comes_in_order_and_in_pages() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let note = "x".repeat(2000);
        let objects: Vec<_> = (0..3000)
            .map(|n| {
                create(
                    "Item",
                    &format!("item={n:05}"),
                    vec![ais::Attr::single("note", Value::String(note.clone()))],
                )
            })
            .collect();
        owner.ccb_apply(0, &objects).await.unwrap();
        let params = SearchParams {
            root: None,
            scope: Scope::Subtree,
            filter: Some((
                "SaImmAttrClassName".to_owned(),
                Some(Value::String("Item".to_owned())),
            )),
            attrs: AttrChoice::Some(vec!["note".to_owned()]),
        };
        let mut search = imm.search(params.clone()).await.unwrap();
        // A search is a snapshot.
        owner.ccb_apply(0, &[delete("item=00000")]).await.unwrap();
        let mut pages = 0;
        let mut found = Vec::new();
        loop {
            let page = search.next_batch().await.unwrap();
            if page.is_empty() {
                break;
            }
            pages += 1;
            found.extend(page);
        }
        assert_eq!(found.len(), 3000);
        assert!(pages >= 5, "{pages} pages for 6 MB");
        assert!(found.is_sorted_by(|a, b| a.dn < b.dn));
        assert_eq!(
            imm.search(params).await.unwrap().collect().await.unwrap().len(),
            2999
        );
    });
}

#[test]
fn searches_and_calls_of_a_connection_are_bounded() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        let params = SearchParams {
            root: None,
            scope: Scope::Subtree,
            filter: None,
            attrs: AttrChoice::None,
        };
        let mut open = Vec::new();
        for _ in 0..100 {
            open.push(imm.search(params.clone()).await.unwrap());
        }
        assert_eq!(
            code(imm.search(params.clone()).await.map(drop)),
            AisError::NoResources
        );
        open.pop();
        eventually(async || imm.search(params.clone()).await.is_ok()).await;
    });
}

#[test]
fn a_restart_brings_back_what_was_acknowledged() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        imm.class_create(&event_class("Event", true)).await.unwrap();
        let applied = owner
            .ccb_apply(0, &[item("item=a", 1), item("item=b,item=a", 2)])
            .await
            .unwrap();
        let open = owner.ccb(0).await.unwrap();
        open.run(&[item("item=c", 3)]).await.unwrap();
        let aborted = open.id();
        let names = imm.class_names().await.unwrap();
        let before = imm.info().await.unwrap();
        server.stop().await;
        imm.closed().await;
        assert!(matches!(
            imm.get(&dn("item=a"), AttrChoice::None).await,
            Err(ImmError::Disconnected(_))
        ));
        assert!(matches!(
            Imm::connect(dir.path()).await.map(drop),
            Err(ImmError::NotRunning { .. })
        ));

        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let after = imm.info().await.unwrap();
        assert_eq!(after.epoch, before.epoch + 1);
        assert_eq!(after.objects, before.objects);
        assert_eq!(imm.class_names().await.unwrap(), names);
        let class = imm.class_describe("Item").await.unwrap();
        for attr in item_class().attrs {
            assert_eq!(class.attr(&attr.name), Some(&attr));
        }
        assert_eq!(
            weight(&imm.get(&dn("item=b,item=a"), AttrChoice::All).await.unwrap()),
            Some(2)
        );
        assert!(imm.ccb_outcome(applied).await.unwrap());
        assert!(!imm.ccb_outcome(aborted).await.unwrap());
        assert_eq!(code(imm.ccb_outcome(u64::MAX).await), AisError::NotExist);
        // After a restart objects belong to the loader, from whom anyone may take them.
        owner.set(&[dn("item=a")], Scope::Subtree).await.unwrap();
        owner.ccb_apply(0, &[delete("item=a")]).await.unwrap();
        imm.class_delete("Item").await.unwrap();
        assert_eq!(code(imm.class_describe("Item").await), AisError::NotExist);
    });
}

#[test]
fn a_model_with_problems_loads_nothing() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let good = dir.path().join("good.xml");
        let bad = dir.path().join("bad.xml");
        std::fs::write(&good, models::DEMO).unwrap();
        let broken = models::DEMO.replacen("class=\"SaAmfSU\"", "class=\"SaAmfNothing\"", 1);
        assert_ne!(broken, models::DEMO);
        std::fs::write(&bad, broken).unwrap();
        let mut options = Options::new(dir.path().join("cluster"));
        options.models = vec![bad];
        let error = Daemon::start(&options).err().unwrap().to_string();
        assert!(error.contains("bad.xml:"), "{error}");
        assert!(error.contains("SaAmfNothing"), "{error}");
        options.models = vec![good];
        let server = Server::start(&options);
        let (imm, _owner) = client(&options.dir).await;
        let objects = imm.info().await.unwrap().objects;
        assert!(objects > 20, "{objects}");
        server.stop().await;
        // The second start needs no model, and a wrong one is not even read.
        options.models = vec![dir.path().join("missing.xml")];
        let _server = Server::start(&options);
        let (imm, _owner) = client(&options.dir).await;
        assert_eq!(imm.info().await.unwrap().objects, objects);
    });
}

#[test]
fn commits_of_many_clients_go_on_side_by_side() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        let clients = (0..16).map(|n| {
            let dir = dir.path();
            async move {
                let (_imm, owner) = client(dir).await;
                for round in 0..20 {
                    owner
                        .ccb_apply(0, &[item(&format!("item={n}-{round}"), n)])
                        .await
                        .unwrap();
                }
            }
        });
        let before = imm.info().await.unwrap().objects;
        futures::future::join_all(clients).await;
        assert_eq!(imm.info().await.unwrap().objects, before + 320);
        server.stop().await;
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        assert_eq!(imm.info().await.unwrap().objects, before + 320);
    });
}

/// A class with a NO_DANGLING attribute.
fn pointer_class() -> ais::ClassDef {
    use ais::AttrFlags as F;
    ais::ClassDef {
        name: "Pointer".to_owned(),
        attrs: vec![
            common::attr_def("item", ais::ValueType::String, F::RDN | F::CONFIG),
            common::attr_def(
                "to",
                ais::ValueType::Name,
                F::CONFIG | F::WRITABLE | F::NO_DANGLING,
            ),
        ],
        ..item_class()
    }
}

#[test]
fn a_ccb_handle_goes_on_after_an_apply_and_after_a_failed_one() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        imm.class_create(&pointer_class()).await.unwrap();
        let dangling = create(
            "Pointer",
            "item=p",
            vec![ais::Attr::single("to", Value::Name("item=x".to_owned()))],
        );
        let ccb = owner.ccb(0).await.unwrap();
        ccb.apply().await.expect("an empty CCB is applied");
        assert_eq!(
            code(ccb.apply().await),
            AisError::FailedOperation,
            "nothing was added"
        );
        assert_eq!(code(ccb.validate().await), AisError::FailedOperation);
        ccb.run(std::slice::from_ref(&dangling)).await.unwrap();
        let ImmError::Refused { error, texts } = ccb.apply().await.unwrap_err() else {
            panic!("the daemon has gone")
        };
        assert_eq!(error, AisError::FailedOperation);
        assert!(texts[0].starts_with("IMM: Validation abort: "), "{texts:?}");
        assert!(
            texts[0].contains("'item=p'") && texts[0].contains("NO_DANGLING"),
            "{texts:?}"
        );
        // Nothing of it is left, and the handle takes operations again.
        ccb.run(&[item("item=a", 1)]).await.unwrap();
        let second = ccb.apply().await.unwrap();
        assert!(imm.ccb_outcome(second).await.unwrap());
        ccb.run(std::slice::from_ref(&dangling)).await.unwrap();
        assert_eq!(code(ccb.validate().await), AisError::FailedOperation);
        // What follows must not be applied without what failed, unless the caller knows.
        let (error, _) = ccb.run(&[item("item=gone", 1)]).await.unwrap_err();
        assert_eq!(error.error(), Some(AisError::FailedOperation));
        assert_eq!(code(ccb.apply().await), AisError::FailedOperation);
        assert_eq!(
            code(ccb.apply().await),
            AisError::FailedOperation,
            "nothing was added"
        );
        ccb.run(&[item("item=x", 1), dangling]).await.unwrap();
        ccb.validate().await.unwrap();
        ccb.validate().await.expect("again is no error");
        let late = ccb.run(&[item("item=late", 1)]).await.unwrap_err().0;
        assert_eq!(late.error(), Some(AisError::FailedOperation), "validated");
        ccb.apply().await.unwrap();
        ccb.run(&[item("item=gone", 1)]).await.unwrap();
        ccb.abort().await.unwrap();
        ccb.abort().await.expect("again is no error");
        ccb.run(&[item("item=stays", 1)]).await.unwrap();
        ccb.apply().await.unwrap();
        for (name, there) in [
            ("item=a", true),
            ("item=p", true),
            ("item=gone", false),
            ("item=stays", true),
        ] {
            assert_eq!(
                imm.get(&dn(name), AttrChoice::None).await.is_ok(),
                there,
                "{name}"
            );
        }
    });
}

#[test]
fn dependents_are_found_over_the_wire() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        imm.class_create(&pointer_class()).await.unwrap();
        let to = ais::Attr::single("to", Value::Name("item=a".to_owned()));
        owner
            .ccb_apply(0, &[item("item=a", 1), create("Pointer", "item=p", vec![to])])
            .await
            .unwrap();
        let params = SearchParams {
            root: None,
            scope: Scope::Subtree,
            filter: None,
            attrs: AttrChoice::None,
        };
        let search = imm
            .search_dependents(params.clone(), &dn("item=a"))
            .await
            .unwrap();
        let found = search.collect().await.unwrap();
        assert_eq!(found.iter().map(|o| &o.dn).collect::<Vec<_>>(), [&dn("item=p")]);
        let missing = imm.search_dependents(params, &dn("item=none")).await;
        assert_eq!(code(missing.map(drop)), AisError::InvalidParam);
    });
}

#[test]
fn a_search_that_nobody_reads_is_closed() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options::new(dir.path());
        options.search_idle = std::time::Duration::from_millis(50);
        let _server = Server::start(&options);
        let (imm, owner) = client(dir.path()).await;
        let long = "x".repeat(100_000);
        let items: Vec<_> = (0..40)
            .map(|n| {
                let note = ais::Attr::single("note", Value::String(long.clone()));
                create("Item", &format!("item={n}"), vec![note])
            })
            .collect();
        owner.ccb_apply(0, &items).await.unwrap();
        let params = SearchParams {
            root: None,
            scope: Scope::Subtree,
            filter: None,
            attrs: AttrChoice::All,
        };
        let mut search = imm.search(params.clone()).await.unwrap();
        // The first pages come as they are asked for; then nobody asks.
        let mut abandoned = Vec::new();
        while abandoned.len() < 99 {
            abandoned.push(imm.search(params.clone()).await.unwrap());
        }
        // All are open, and then room again, for nobody read them.
        eventually(async || imm.search(params.clone()).await.is_ok()).await;
        let closed = loop {
            match search.next_batch().await {
                Ok(batch) => assert!(!batch.is_empty(), "the search was never closed"),
                Err(error) => break error,
            }
        };
        assert_eq!(closed.error(), Some(AisError::BadHandle));
    });
}
