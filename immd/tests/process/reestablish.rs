//! Handles that outlive the daemon: what a client had is so again after a restart, or it is told that it cannot be.

use std::path::Path;

use ais::{AisError, AttrChoice, Scope, Value};
use immd_client::Imm;

use crate::common::oi::{Moment, scripted};
use crate::common::{code, dn, eventually, item, item_class, replace, run};
use crate::{Process, connected, faults};

async fn started(dir: &Path) -> (Process, Imm) {
    let process = Process::start(dir);
    eventually(async || Imm::connect(dir).await.is_ok()).await;
    (process, Imm::connect(dir).await.unwrap())
}

/// The daemon is killed and another one begins; the connection has noticed.
async fn restart(process: Process, dir: &Path, imm: &Imm) -> (Process, Imm) {
    process.kill();
    imm.closed().await;
    assert!(imm.is_closed());
    let process = Process::start(dir);
    let again = connected(dir).await;
    drop(again);
    (process, imm.reconnect().await.unwrap())
}

#[test]
fn an_owner_and_its_ccb_handle_go_on() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let (server, imm) = started(dir.path()).await;
        imm.class_create(&item_class()).await.unwrap();
        let owner = imm.admin_owner("keeper", false).await.unwrap();
        let tree = [
            item("item=a", 1),
            item("item=b,item=a", 2),
            item("item=c,item=a", 3),
        ];
        owner.ccb_apply(0, &tree).await.unwrap();
        owner.set(&[dn("item=a")], Scope::Subtree).await.unwrap();
        owner.release(&[dn("item=c,item=a")], Scope::One).await.unwrap();
        let ccb = owner.ccb(0).await.unwrap();
        ccb.run(&[item("item=later", 1)]).await.unwrap();
        ccb.apply().await.unwrap();

        let (_server, again) = restart(server, dir.path(), &imm).await;
        let other = again.admin_owner("other", true).await.unwrap();
        let owner = owner.reestablish(&again).await.unwrap();
        let ccb = ccb.reestablish(&owner).await.unwrap();
        other.set(&[dn("item=c,item=a")], Scope::One).await.unwrap();
        let mine = ["item=a", "item=b,item=a", "item=later"];
        for name in mine {
            let refused = other.set(&[dn(name)], Scope::One).await;
            assert_eq!(code(refused), AisError::Exist, "{name}");
            ccb.run(&[replace(name, "weight", Value::Uint32(9))])
                .await
                .unwrap();
        }
        ccb.apply().await.unwrap();
        for name in mine {
            let object = again.get(&dn(name), AttrChoice::All).await.unwrap();
            assert_eq!(object.value("weight"), Some(&Value::Uint32(9)), "{name}");
        }
    });
}

#[test]
fn what_cannot_go_on_is_a_bad_handle() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let (server, imm) = started(dir.path()).await;
        imm.class_create(&item_class()).await.unwrap();
        let passing = imm.admin_owner("passing", true).await.unwrap();
        let owner = imm.admin_owner("keeper", false).await.unwrap();
        owner
            .ccb_apply(0, &[item("item=a", 1), item("item=b", 1)])
            .await
            .unwrap();
        let open = owner.ccb(0).await.unwrap();
        open.run(&[item("item=c", 1)]).await.unwrap();
        let dropped = owner.ccb(0).await.unwrap();
        dropped.run(&[item("item=d", 1)]).await.unwrap();
        dropped.abort().await.unwrap();

        let (_server, again) = restart(server, dir.path(), &imm).await;
        let refused = passing.reestablish(&again).await.map(|_| ());
        assert_eq!(code(refused), AisError::BadHandle);
        let back = owner.reestablish(&again).await.unwrap();
        let refused = open.reestablish(&back).await.map(|_| ());
        assert_eq!(code(refused), AisError::BadHandle);
        let dropped = dropped.reestablish(&back).await.unwrap();
        dropped.run(&[item("item=d", 1)]).await.unwrap();
        dropped.apply().await.unwrap();
        // An object that another owner took meanwhile.
        drop((dropped, back));
        again
            .admin_owner_clear(&[dn("item=a")], Scope::One)
            .await
            .unwrap();
        let thief = again.admin_owner("thief", false).await.unwrap();
        thief.set(&[dn("item=a")], Scope::One).await.unwrap();
        let refused = owner.reestablish(&again).await.map(|_| ());
        assert_eq!(code(refused), AisError::BadHandle);
    });
}

#[test]
fn an_implementer_goes_on_with_its_bindings() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let (server, imm) = started(dir.path()).await;
        imm.class_create(&item_class()).await.unwrap();
        let (seen, implementer) = scripted(dir.path(), "itemd").await;
        implementer.class_set("Item").await.unwrap();

        let (_server, again) = restart(server, dir.path(), &imm).await;
        let implementer = implementer.reestablish(&again).await.unwrap();
        assert_eq!(code(implementer.set("other").await), AisError::InvalidParam);
        let owner = again.admin_owner("tester", true).await.unwrap();
        owner.ccb_apply(1, &[item("item=a", 1)]).await.unwrap();
        eventually(async || seen.seen.borrow().last() == Some(&Moment::Apply)).await;
        assert_eq!(seen.take(), [Moment::Create, Moment::Completed, Moment::Apply]);
    });
}

#[test]
fn an_implementer_hears_the_end_of_each_ccb() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let (server, imm) = started(dir.path()).await;
        imm.class_create(&item_class()).await.unwrap();
        let (seen, implementer) = scripted(dir.path(), "itemd").await;
        implementer.class_set("Item").await.unwrap();
        let owner = imm.admin_owner("tester", false).await.unwrap();
        // One is open when the daemon ends, one is asked about and never answered.
        let open = owner.ccb(0).await.unwrap();
        open.run(&[item("item=a", 1)]).await.unwrap();
        seen.at(Moment::Completed, |_, _| std::future::pending());
        let asked = owner.ccb(0).await.unwrap();
        asked.run(&[item("item=b", 1)]).await.unwrap();
        let applying = tokio::task::spawn_local(async move { asked.apply().await });
        eventually(async || seen.seen.borrow().contains(&Moment::Completed)).await;
        seen.take();

        let (_server, again) = restart(server, dir.path(), &imm).await;
        applying.await.unwrap().unwrap_err();
        let _implementer = implementer.reestablish(&again).await.unwrap();
        assert_eq!(seen.take(), [Moment::Abort, Moment::Abort]);
    });
}

/// The daemon dies after its write number `at`, while a CCB is applied or before; what its implementer hears in the end,
/// and `None` where the daemon outlived the CCB.
async fn dies_after_write(library: &Path, at: u32, dir: &Path) -> Option<Vec<Moment>> {
    let mut process = faults::start(library, "after", at, dir);
    let mut is_up = async || Imm::connect(dir).await.is_ok() || process.0.try_wait().unwrap().is_some();
    eventually(&mut is_up).await;
    let Ok(imm) = Imm::connect(dir).await else {
        return Some(Vec::new());
    };
    let (seen, implementer) = scripted(dir, "itemd").await;
    implementer.class_set("Item").await.unwrap();
    let owner = imm.admin_owner("tester", true).await.unwrap();
    let outcome = owner.ccb_apply(1, &[item("item=a", 1)]).await;
    if outcome.is_ok() {
        return None;
    }
    imm.closed().await;
    assert_eq!(seen.take(), [Moment::Create, Moment::Completed], "write {at}");
    process.kill_if_alive();

    let _process = Process::start(dir);
    let (again, _owner) = connected(dir).await;
    let is_there = again.get(&dn("item=a"), AttrChoice::None).await.is_ok();
    let implementer = implementer.reestablish(&again).await.unwrap();
    let heard = seen.take();
    let wanted = if is_there { Moment::Apply } else { Moment::Abort };
    assert_eq!(heard, [wanted], "write {at}");
    // Once, and not again with the next restart.
    drop(implementer.reestablish(&again).await);
    assert_eq!(seen.take(), []);
    Some(heard)
}

#[test]
fn an_implementer_hears_apply_for_what_was_committed_when_the_daemon_died() {
    let dir = tempfile::tempdir().unwrap();
    let library = faults::library(dir.path());
    let mut heard = Vec::new();
    for at in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let healthy = Process::start(dir.path());
        let moments = run(async {
            drop(connected(dir.path()).await);
            healthy.kill();
            dies_after_write(&library, at, dir.path()).await
        });
        match moments {
            Some(moments) => heard.extend(moments),
            None => break,
        }
    }
    assert!(heard.contains(&Moment::Abort), "before the commit: {heard:?}");
    assert!(heard.contains(&Moment::Apply), "after the commit: {heard:?}");
}
