//! Admin owners, CCB handles and administrative operations.

use ais::{AisError, Attr, Parameter, Scope, Value};

use crate::Table;
use crate::common::{dn, item, replace, run};
use crate::stage::{Stage, bad_client_names, full, missing};

const NAMED: u64 = 1 << 63;

#[test]
fn owners() {
    run(async {
        let stage = Stage::new().await;
        let before = stage.objects().await;
        let mut table = Table::default();
        for name in bad_client_names().into_iter().chain(["IMMLOADER".to_owned()]) {
            let shown: String = name.chars().take(20).collect();
            for release in [true, false] {
                let answer = stage.imm.admin_owner(&name, release).await.map(drop);
                table.row(
                    "saImmOmAdminOwnerInitialize",
                    format!("{shown:?}"),
                    AisError::InvalidParam,
                    answer,
                );
            }
        }
        let (imm, owner, other) = (&stage.imm, &stage.owner, &stage.other);
        for name in missing().into_iter().chain([dn("item=new")]) {
            for scope in [Scope::One, Scope::Sublevel, Scope::Subtree] {
                let what = format!("{name} {scope:?}");
                let row = [dn("item=a"), name.clone()];
                table.row(
                    "saImmOmAdminOwnerSet",
                    &what,
                    AisError::NotExist,
                    owner.set(&row, scope).await,
                );
                table.row(
                    "saImmOmAdminOwnerRelease",
                    &what,
                    AisError::NotExist,
                    owner.release(&row, scope).await,
                );
                table.row(
                    "saImmOmAdminOwnerClear",
                    &what,
                    AisError::NotExist,
                    imm.admin_owner_clear(&row, scope).await,
                );
            }
        }
        for (name, scope) in [
            ("item=a", Scope::One),
            ("item=b,item=a", Scope::One),
            ("item=a", Scope::Subtree),
        ] {
            let row = [dn("item=loose"), dn(name)];
            let what = format!("{name} {scope:?} of another owner");
            table.row(
                "saImmOmAdminOwnerSet",
                &what,
                AisError::Exist,
                other.set(&row, scope).await,
            );
            table.row(
                "saImmOmAdminOwnerRelease",
                &what,
                AisError::NotExist,
                other.release(&row[1..], scope).await,
            );
        }
        let answer = owner.release(&[dn("item=loose")], Scope::One).await;
        table.row(
            "saImmOmAdminOwnerRelease",
            "an object without owner",
            AisError::NotExist,
            answer,
        );
        let busy = [dn("item=busy")];
        let answer = owner.release(&busy, Scope::One).await;
        table.row(
            "saImmOmAdminOwnerRelease",
            "an object in a CCB",
            AisError::Busy,
            answer,
        );
        let answer = imm.admin_owner_clear(&busy, Scope::One).await;
        table.row(
            "saImmOmAdminOwnerClear",
            "an object in a CCB",
            AisError::Busy,
            answer,
        );
        table.end(60);
        assert_eq!(stage.objects().await, before);
    });
}

#[test]
fn ccb_handles() {
    run(async {
        let stage = Stage::new().await;
        let mut table = Table::default();
        let known = [0_u32, 8];
        for bit in (0..64).filter(|bit| !known.contains(bit)) {
            for flags in [1_u64 << bit, 1 << bit | 1, 1 << bit | 0x101] {
                let answer = stage.owner.ccb(flags).await.map(drop);
                table.row(
                    "saImmOmCcbInitialize",
                    format!("flags {flags:#x}"),
                    AisError::InvalidParam,
                    answer,
                );
            }
        }
        let answer = stage.owner.ccb(0x100).await.map(drop);
        table.row(
            "saImmOmCcbInitialize",
            "ALLOW_NULL_OI alone",
            AisError::InvalidParam,
            answer,
        );
        let ccb = stage.owner.ccb(0).await.unwrap();
        ccb.run(&[item("item=once", 1)]).await.unwrap();
        ccb.apply().await.unwrap();
        table.row(
            "saImmOmCcbApply",
            "a second time",
            AisError::FailedOperation,
            ccb.apply().await,
        );
        table.row(
            "saImmOmCcbValidate",
            "after an apply",
            AisError::FailedOperation,
            ccb.validate().await,
        );
        let refers = |target: &str| Attr::single("refers", Value::Name(target.to_owned()));
        for target in ["item=none", "event=none"] {
            ccb.run(&[full("full=dangling", vec![refers(target)])])
                .await
                .unwrap();
            table.row(
                "saImmOmCcbApply",
                format!("dangling {target}"),
                AisError::FailedOperation,
                ccb.apply().await,
            );
        }
        ccb.run(&[full("full=dangling", vec![refers("item=none")])])
            .await
            .unwrap();
        table.row(
            "saImmOmCcbValidate",
            "dangling",
            AisError::FailedOperation,
            ccb.validate().await,
        );
        let again = ccb
            .run(&[item("item=twice", 1)])
            .await
            .map_err(|(error, _)| error);
        table.row(
            "saImmOmCcbObjectCreate_2",
            "an aborted CCB",
            AisError::FailedOperation,
            again,
        );
        // Nothing more is taken by one that is validated.
        let ccb = stage.owner.ccb(0).await.unwrap();
        ccb.run(&[item("item=twice", 1)]).await.unwrap();
        ccb.validate().await.unwrap();
        let more = ccb.run(&[item("item=more", 1)]).await.map_err(|(error, _)| error);
        table.row(
            "saImmOmCcbObjectCreate_2",
            "a validated CCB",
            AisError::FailedOperation,
            more,
        );
        for id in [0, 1, u64::MAX, u64::from(u32::MAX)] {
            table.row(
                "ccbOutcome",
                format!("CCB {id}"),
                AisError::NotExist,
                stage.imm.ccb_outcome(id).await,
            );
        }
        table.end(190);
    });
}

fn parameter(name: &str, value: Value) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value,
    }
}

#[test]
fn operations() {
    run(async {
        let stage = Stage::new().await;
        let mut table = Table::default();
        let invoke = "saImmOmAdminOperationInvoke_2";
        let owner = &stage.owner;
        let mut wrong: Vec<(&str, u64, Vec<Parameter>, AisError)> = vec![
            ("item=none", 1, vec![], AisError::NotExist),
            ("boundd", 1, vec![], AisError::NotExist),
            ("item=new", 1, vec![], AisError::NotExist),
            ("item=a", 1, vec![], AisError::NotExist),
            ("item=others", 1, vec![], AisError::NotExist),
        ];
        for name in ["", "item=a,,b", "a b", "item=\u{e4}", "item=\\#a"] {
            wrong.push((name, 1, vec![], AisError::InvalidParam));
        }
        let long = "x".repeat(255);
        for name in ["", long.as_str()] {
            wrong.push((
                "item=bound",
                1,
                vec![parameter(name, Value::Uint32(1))],
                AisError::InvalidParam,
            ));
        }
        wrong.push(("item=bound", NAMED, vec![], AisError::InvalidParam));
        wrong.push(("item=bound", u64::MAX, vec![], AisError::InvalidParam));
        for value_type in crate::stage::TYPES
            .into_iter()
            .filter(|it| *it != ais::ValueType::String)
        {
            let name = parameter("SaImmAdminOperationName", crate::stage::value(value_type));
            wrong.push(("item=bound", NAMED, vec![name], AisError::InvalidParam));
        }
        for (object, id, parameters, wanted) in wrong {
            let what = format!("{object:?} {id:#x} {} parameters", parameters.len());
            let answer = owner
                .admin_operation(object, id, &parameters, 5_000)
                .await
                .map(drop);
            table.row(invoke, what, wanted, answer);
        }
        for (object, wanted) in [
            ("item=bound", AisError::NotExist),
            ("item=others", AisError::BadOperation),
            ("item=none", AisError::NotExist),
            ("item=a,,b", AisError::InvalidParam),
        ] {
            let answer = owner.admin_operation_continue(object, 7, 1_000).await.map(drop);
            table.row("saImmOmAdminOperationContinue", object, wanted, answer);
            let answer = owner.admin_operation_clear(object, 7).await;
            table.row("saImmOmAdminOperationContinuationClear", object, wanted, answer);
        }
        let answer = stage
            .other
            .admin_operation("item=bound", 1, &[], 5_000)
            .await
            .map(drop);
        table.row(invoke, "another's object", AisError::BadOperation, answer);
        let change = [replace("item=bound", "weight", Value::Uint32(2))];
        let held = owner.ccb(0).await.unwrap();
        held.run(&change).await.unwrap();
        let answer = owner.admin_operation("item=bound", 1, &[], 5_000).await.map(drop);
        table.row(invoke, "an object in a CCB", AisError::Busy, answer);
        held.abort().await.unwrap();
        stage.boundd.clear().await.unwrap();
        let answer = owner.admin_operation("item=bound", 1, &[], 5_000).await.map(drop);
        table.row(
            invoke,
            "an implementer that has just left",
            AisError::TryAgain,
            answer,
        );
        service_operations(&stage, &mut table).await;
        table.end(35);
    });
}

/// The operations of the service's own objects.
async fn service_operations(stage: &Stage, table: &mut Table) {
    let invoke = "saImmOmAdminOperationInvoke_2";
    let service = stage.imm.admin_owner("safImmService", false).await.unwrap();
    let own = "opensafImm=opensafImm,safApp=safImmService";
    let flags = "opensafImmNostdFlags";
    for parameters in [
        vec![],
        vec![parameter(flags, Value::String("1".to_owned()))],
        vec![parameter("other", Value::Uint32(1))],
    ] {
        for id in [1, 2] {
            let what = format!("operation {id} of the service with {parameters:?}");
            let answer = service.admin_operation(own, id, &parameters, 5_000).await;
            let answer = answer.and_then(refused_by_result);
            table.row(invoke, what, AisError::InvalidParam, answer);
        }
    }
}

/// The result of an operation that was carried out, as if the call had it.
fn refused_by_result(reply: immd_client::AdminOperationReply) -> Result<(), immd_client::ImmError> {
    reply.result.map_err(|error| immd_client::ImmError::Refused {
        error,
        texts: reply
            .parameters
            .iter()
            .map(|one| format!("{:?}", one.value))
            .collect(),
    })
}
