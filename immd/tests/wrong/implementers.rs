//! Names and bindings of object implementers.

use ais::{AisError, Scope, Value};

use crate::Table;
use crate::common::{dn, replace, run};
use crate::stage::{Stage, bad_client_names, missing};

const SCOPES: [Scope; 3] = [Scope::One, Scope::Sublevel, Scope::Subtree];

#[test]
fn names() {
    run(async {
        let stage = Stage::new().await;
        let mut table = Table::default();
        let set = "saImmOiImplementerSet";
        for name in bad_client_names() {
            let shown: String = name.chars().take(20).collect();
            table.row(
                set,
                format!("{shown:?}"),
                AisError::InvalidParam,
                stage.nameless.set(&name).await,
            );
        }
        for name in ["eventd", "boundd", "@itemd"] {
            table.row(
                set,
                format!("{name} is held"),
                AisError::Exist,
                stage.nameless.set(name).await,
            );
            table.row(
                set,
                format!("a second name {name}"),
                AisError::InvalidParam,
                stage.eventd.set(name).await,
            );
        }
        table.row(
            set,
            "a second name",
            AisError::InvalidParam,
            stage.eventd.set("another").await,
        );
        table.row(
            "saImmOiImplementerClear",
            "no name",
            AisError::BadHandle,
            stage.nameless.clear().await,
        );
        table.row(
            "saImmOiAugmentCcbInitialize",
            "no such CCB",
            AisError::NotExist,
            stage.boundd.augment(999).await.map(drop),
        );
        let ccb = stage.busy.id();
        let answer = stage.boundd.augment(ccb).await.map(drop);
        table.row(
            "saImmOiAugmentCcbInitialize",
            "outside of a callback",
            AisError::BadOperation,
            answer,
        );
        table.end(18);
    });
}

#[test]
fn classes() {
    run(async {
        let stage = Stage::new().await;
        let mut table = Table::default();
        let (set, release) = ("saImmOiClassImplementerSet", "saImmOiClassImplementerRelease");
        for (class, wanted) in [
            ("", AisError::InvalidParam),
            ("None", AisError::NotExist),
            ("item", AisError::NotExist),
            ("a b", AisError::NotExist),
        ] {
            let what = format!("{class:?}");
            table.row(set, &what, wanted, stage.boundd.class_set(class).await);
            table.row(release, &what, wanted, stage.boundd.class_release(class).await);
        }
        for class in ["Event", "Kept", "Lively"] {
            table.row(
                set,
                format!("runtime class {class}"),
                AisError::BadOperation,
                stage.boundd.class_set(class).await,
            );
            table.row(
                release,
                format!("runtime class {class}"),
                AisError::BadOperation,
                stage.boundd.class_release(class).await,
            );
        }
        table.row(
            set,
            "no name",
            AisError::BadHandle,
            stage.nameless.class_set("Full").await,
        );
        table.row(
            release,
            "no name",
            AisError::BadHandle,
            stage.nameless.class_release("Full").await,
        );
        table.row(
            set,
            "another's class",
            AisError::Exist,
            stage.boundd.class_set("Full").await,
        );
        table.row(
            release,
            "another's class",
            AisError::NotExist,
            stage.boundd.class_release("Full").await,
        );
        table.row(
            release,
            "a class of nobody, an instance of which another one has",
            AisError::NotExist,
            stage.eventd.class_release("Item").await,
        );
        for implementer in [&stage.eventd, &stage.boundd] {
            let answer = implementer.class_set("Item").await;
            table.row(
                set,
                "an instance has an implementer of its own",
                AisError::Exist,
                answer,
            );
        }
        let held = stage.owner.ccb(0).await.unwrap();
        held.run(&[replace("full=a", "must", Value::Uint32(2))])
            .await
            .unwrap();
        table.row(
            release,
            "an instance in a CCB",
            AisError::Busy,
            stage.fulld.class_release("Full").await,
        );
        table.end(20);
    });
}

#[test]
fn objects() {
    run(async {
        let stage = Stage::new().await;
        let mut table = Table::default();
        let (set, release) = ("saImmOiObjectImplementerSet", "saImmOiObjectImplementerRelease");
        for scope in SCOPES {
            for name in missing().into_iter().chain([dn("item=new")]) {
                let what = format!("{name} {scope:?}");
                table.row(
                    set,
                    &what,
                    AisError::NotExist,
                    stage.boundd.object_set(&name, scope).await,
                );
                table.row(
                    release,
                    &what,
                    AisError::NotExist,
                    stage.boundd.object_release(&name, scope).await,
                );
            }
            for name in ["event=e", "event=kept", "lively=a"] {
                let what = format!("the runtime object {name} {scope:?}");
                table.row(
                    set,
                    &what,
                    AisError::BadOperation,
                    stage.boundd.object_set(&dn(name), scope).await,
                );
                table.row(
                    release,
                    &what,
                    AisError::BadOperation,
                    stage.boundd.object_release(&dn(name), scope).await,
                );
            }
            let bound = dn("item=bound");
            table.row(
                set,
                "another's object",
                AisError::Exist,
                stage.eventd.object_set(&bound, scope).await,
            );
            table.row(
                release,
                "another's object",
                AisError::NotExist,
                stage.eventd.object_release(&bound, scope).await,
            );
            table.row(
                set,
                "no name",
                AisError::BadHandle,
                stage.nameless.object_set(&bound, scope).await,
            );
            table.row(
                release,
                "no name",
                AisError::BadHandle,
                stage.nameless.object_release(&bound, scope).await,
            );
            let of_class = dn("full=a");
            for implementer in [&stage.eventd, &stage.fulld] {
                let answer = implementer.object_set(&of_class, scope).await;
                table.row(
                    set,
                    "an object of a class with an implementer",
                    AisError::Exist,
                    answer,
                );
            }
            let answer = stage.applier.object_set(&dn("item=a"), scope).await;
            table.row(set, "an applier of the class", AisError::Exist, answer);
        }
        let held = stage.owner.ccb(0).await.unwrap();
        held.run(&[replace("item=bound", "weight", Value::Uint32(2))])
            .await
            .unwrap();
        let answer = stage.boundd.object_release(&dn("item=bound"), Scope::One).await;
        table.row(release, "an object in a CCB", AisError::Busy, answer);
        table.end(65);
    });
}
