use ais::{AisError, AttrChoice, Refusal, Value};
use immd_repository::{CCB_ALLOW_NULL_OI, CcbId, CcbState, StoredChange};

use crate::fixture::{Fixture, NOW, change, create, delete, dn, node, replace, strings, u32s};

#[test]
fn flags_are_checked() {
    let mut fixture = Fixture::new();
    for flags in [2, CCB_ALLOW_NULL_OI, 0x200] {
        let refusal = fixture.repo.ccb_initialize(fixture.me, flags).unwrap_err();
        assert_eq!(refusal.error, AisError::InvalidParam, "{flags:#x}");
    }
    fixture.repo.admin_owner_finalize(fixture.me);
    assert_eq!(
        fixture.repo.ccb_initialize(fixture.me, 0).unwrap_err().error,
        AisError::BadHandle
    );
}

#[test]
fn an_unknown_ccb_is_a_bad_handle() {
    let mut fixture = Fixture::new();
    let ccb = CcbId(77);
    assert_eq!(fixture.run_code(ccb), AisError::BadHandle);
    assert_eq!(
        fixture.repo.ccb_prepare(ccb).unwrap_err().error,
        AisError::BadHandle
    );
    assert_eq!(
        fixture.repo.ccb_validated(ccb).unwrap_err().error,
        AisError::BadHandle
    );
    assert_eq!(
        fixture.repo.ccb_stored_changes(ccb).unwrap_err().error,
        AisError::BadHandle
    );
    fixture.repo.ccb_abort(ccb);
    assert_eq!(
        fixture.repo.ccb_make_visible(ccb),
        immd_repository::Committed::default()
    );
}

impl Fixture {
    fn run_code(&mut self, ccb: CcbId) -> AisError {
        self.repo
            .ccb_operation(ccb, &node("node=q"))
            .expect_err("it was accepted")
            .error
    }
}

#[test]
fn the_stages_follow_each_other() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[node("node=x"), delete("node=b")]);
    assert_eq!(
        fixture.repo.ccb_stored_changes(ccb).unwrap_err().error,
        AisError::FailedOperation
    );
    assert_eq!(fixture.repo.ccb_prepare(ccb).unwrap(), [oi]);
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Prepared));
    assert_eq!(fixture.run_code(ccb), AisError::FailedOperation);
    fixture.repo.ccb_validated(ccb).unwrap();
    assert_eq!(
        fixture.repo.ccb_prepare(ccb).unwrap(),
        [],
        "validated once is validated"
    );
    let read = fixture.repo.ccb_read(ccb, &dn("node=a"), &AttrChoice::All, NOW);
    assert_eq!(read.unwrap_err().error, AisError::BadOperation);
    let stored = fixture.repo.ccb_stored_changes(ccb).unwrap();
    assert!(matches!(
        &stored[..],
        [
            StoredChange::Delete { .. },
            StoredChange::Put { before: None, .. }
        ]
    ));
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Critical));
    fixture.repo.ccb_abort(ccb);
    fixture.repo.ccb_abort_all("an operator wants it");
    assert_eq!(
        fixture.repo.ccb_state(ccb),
        Some(CcbState::Critical),
        "nobody may abort it now"
    );
    assert!(!fixture.exists("node=x") && fixture.exists("node=b"));
    let committed = fixture.repo.ccb_make_visible(ccb);
    assert_eq!(committed.apply_to, [oi]);
    assert_eq!(fixture.repo.ccb_state(ccb), None);
    assert!(fixture.exists("node=x") && !fixture.exists("node=b"));
    assert_eq!(fixture.repo.take_aborted(), []);
    fixture.check();
}

#[test]
fn an_empty_ccb_is_applied() {
    let mut fixture = Fixture::with_nodes();
    let ccb = fixture.ccb();
    assert!(fixture.repo.ccb_is_empty(ccb));
    assert_eq!(fixture.apply(ccb).unwrap().apply_to, []);
}

#[test]
fn an_implementers_refusal_aborts_the_whole() {
    let mut fixture = Fixture::new();
    let oi = fixture.node_implementer();
    let cases = [
        (AisError::BadOperation, "IMM: Validation abort: "),
        (AisError::FailedOperation, "IMM: Validation abort: "),
        (AisError::NoResources, "IMM: Resource abort: "),
        (AisError::Timeout, "IMM: Resource abort: "),
    ];
    for (error, prefix) in cases {
        let ccb = fixture.ccb_with(&[node("node=a")]);
        let told = fixture
            .repo
            .ccb_refused(ccb, oi, &Refusal::new(error, "size must be even"));
        assert_eq!(told.error, AisError::FailedOperation);
        assert!(told.text.starts_with(prefix), "{told}");
        assert!(told.text.contains("'nodes'"), "{told}");
        assert_eq!(
            fixture.repo.ccb_error_strings(ccb),
            [told.text.clone(), "size must be even".into()]
        );
        let aborted = fixture.repo.take_aborted();
        assert_eq!((aborted[0].ccb, &aborted[0].tell), (ccb, &vec![oi]));
        assert_eq!(fixture.run_code(ccb), AisError::FailedOperation);
        assert_eq!(fixture.repo.ccb_prepare(ccb).unwrap_err().text, told.text);
        fixture.repo.ccb_abort(ccb);
        assert_eq!(fixture.repo.take_aborted(), [], "told once");
        fixture.check();
    }
}

#[test]
fn a_validation_abort_outranks_a_resource_abort() {
    let mut fixture = Fixture::new();
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[node("node=a")]);
    let refusal = |error, text: &str| Refusal::new(error, text);
    fixture
        .repo
        .ccb_refused(ccb, oi, &refusal(AisError::NoMemory, "first"));
    fixture
        .repo
        .ccb_refused(ccb, oi, &refusal(AisError::BadOperation, "second"));
    fixture
        .repo
        .ccb_refused(ccb, oi, &refusal(AisError::NoMemory, "first"));
    let strings = fixture.repo.ccb_error_strings(ccb);
    assert!(strings[0].starts_with("IMM: Validation abort: "));
    assert_eq!(strings[1..], ["first", "second"]);
}

#[test]
fn a_store_that_fails_leaves_nothing() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[node("node=x"), replace("node=a", u32s("size", &[9]))]);
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    fixture.repo.ccb_stored_changes(ccb).unwrap();
    let told = fixture.repo.ccb_store_failed(ccb, "no space left on device");
    assert_eq!(told.error, AisError::FailedOperation);
    assert!(told.text.contains("no space left"), "{told}");
    assert_eq!(fixture.repo.take_aborted()[0].tell, [oi]);
    fixture.repo.ccb_abort(ccb);
    assert!(!fixture.exists("node=x"));
    assert_eq!(fixture.number("node=a", "size"), Some(5));
    fixture.check();
    fixture.commit(&[node("node=x")]);
}

#[test]
fn a_modification_to_the_same_values_writes_nothing() {
    let mut fixture = Fixture::with_nodes();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[5]))]);
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    assert!(fixture.repo.ccb_stored_changes(ccb).unwrap().is_empty());
    fixture.repo.ccb_make_visible(ccb);
    fixture.check();
}

#[test]
fn all_open_ccbs_can_be_aborted() {
    let mut fixture = Fixture::with_nodes();
    let with = fixture.ccb_with(&[node("node=x")]);
    let empty = fixture.ccb();
    fixture.repo.ccb_abort_all("the operator wants it");
    assert_eq!(fixture.repo.ccb_state(with), Some(CcbState::Aborted));
    assert_eq!(fixture.repo.ccb_state(empty), Some(CcbState::Open));
    let text = &fixture.repo.take_aborted()[0].text;
    assert_eq!(
        text,
        "IMM: Resource abort: the operator wants it [CCB-INTERRUPTED]"
    );
}

#[test]
fn a_read_is_repeatable() {
    let mut fixture = Fixture::with_nodes();
    let reader = fixture.ccb();
    let other = fixture.ccb();
    let size = |n| replace("node=a", u32s("size", &[n]));
    let read = |fixture: &mut Fixture, ccb, name: &str| {
        let result = fixture.repo.ccb_read(ccb, &dn(name), &AttrChoice::All, NOW);
        result
            .map(|found| fixture.repo.copied(found, &AttrChoice::All, NOW))
            .map(|read| read.object.value("size").and_then(Value::as_u32))
            .map_err(|r| r.error)
    };
    assert_eq!(read(&mut fixture, reader, "node=a"), Ok(Some(5)));
    assert_eq!(fixture.run(other, &size(1)), Err(AisError::Busy));
    assert_eq!(
        read(&mut fixture, other, "node=a"),
        Ok(Some(5)),
        "several may read"
    );
    assert_eq!(
        fixture.run(reader, &size(1)),
        Err(AisError::Busy),
        "not the only reader"
    );
    assert_eq!(fixture.run(reader, &delete("node=a")), Err(AisError::Busy));
    fixture.repo.ccb_abort(other);
    assert_eq!(fixture.run(reader, &size(1)), Ok(vec![]));
    assert_eq!(
        read(&mut fixture, reader, "node=a"),
        Ok(Some(1)),
        "sees its own change"
    );
    let other = fixture.ccb();
    assert_eq!(read(&mut fixture, other, "node=a"), Err(AisError::Busy));
    assert_eq!(read(&mut fixture, other, "node=x"), Err(AisError::NotExist));
    fixture.run(reader, &node("node=new")).unwrap();
    assert_eq!(read(&mut fixture, reader, "node=new"), Ok(Some(5)));
    assert_eq!(read(&mut fixture, other, "node=new"), Err(AisError::NotExist));
    fixture.run(reader, &delete("node=b")).unwrap();
    assert_eq!(read(&mut fixture, reader, "node=b"), Err(AisError::NotExist));
    let oi = fixture.implementer("oi");
    fixture.update(oi, &[crate::fixture::task("task=t", 1)]).unwrap();
    assert_eq!(read(&mut fixture, reader, "task=t"), Err(AisError::InvalidParam));
    fixture.apply(reader).unwrap();
    fixture.repo.ccb_abort(other);
    fixture.check();
}

#[test]
fn runtime_attributes_change_under_an_open_ccb() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[9]))]);
    fixture
        .update(
            oi,
            &[
                replace("node=a", u32s("state", &[2])),
                replace("node=a", u32s("admin", &[3])),
            ],
        )
        .unwrap();
    fixture.apply(ccb).unwrap();
    let now = |attr| fixture.number("node=a", attr);
    assert_eq!(
        (now("size"), now("state"), now("admin")),
        (Some(9), Some(2), Some(3))
    );
}

#[test]
fn durable_changes_of_one_object_wait_for_each_other() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let admin = [replace("node=a", u32s("admin", &[3]))];
    let state = [replace("node=a", u32s("state", &[3]))];
    let first = fixture.repo.runtime_prepare(oi, &admin);
    assert_eq!((first.accepted, first.prepared.stored().len()), (1, 1));
    assert_eq!(fixture.number("node=a", "admin"), Some(1));
    assert_eq!(fixture.update(oi, &admin), Err(AisError::TryAgain));
    assert_eq!(
        fixture.update(oi, &state),
        Ok(()),
        "what is not durable need not wait"
    );
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[9]))]);
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    assert_eq!(
        fixture.repo.ccb_stored_changes(ccb).unwrap_err().error,
        AisError::TryAgain
    );
    fixture.repo.make_visible(first.prepared);
    let stored = fixture.repo.ccb_stored_changes(ccb).unwrap();
    let [StoredChange::Put { after, .. }] = &stored[..] else {
        panic!("{stored:?}")
    };
    let admin_at = after.class().position("admin").unwrap();
    let kept = after.stored_values().find(|(at, _)| *at == admin_at).unwrap();
    assert_eq!(kept.1, [Value::Uint32(3)], "the store keeps both changes");
    assert_eq!(
        fixture.update(oi, &[replace("node=a", u32s("admin", &[4]))]),
        Err(AisError::TryAgain)
    );
    fixture.repo.ccb_make_visible(ccb);
    assert_eq!(
        fixture.update(oi, &[replace("node=a", u32s("admin", &[4]))]),
        Ok(())
    );
    assert_eq!(fixture.number("node=a", "size"), Some(9));
}

#[test]
fn a_discarded_change_is_gone() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let records = [
        create("Record", "record=r", vec![]),
        replace("node=a", u32s("admin", &[3])),
    ];
    let change = fixture.repo.runtime_prepare(oi, &records);
    assert_eq!(change.prepared.stored().len(), 2);
    fixture.repo.discard(change.prepared);
    assert!(!fixture.exists("record=r"));
    assert_eq!(fixture.number("node=a", "admin"), Some(1));
    fixture.check();
    fixture.update(oi, &records).unwrap();
    assert!(fixture.exists("record=r"));
}

#[test]
fn appliers_hear_of_a_commit_and_are_never_asked() {
    let mut fixture = Fixture::with_nodes();
    let applier = fixture.implementer("@watch");
    fixture.repo.class_implementer_set(applier, "Node").unwrap();
    let operation = change("node=a", ais::ModificationType::Add, strings("tags", &["x"]));
    let ccb = fixture.ccb();
    assert_eq!(fixture.run(ccb, &operation), Ok(vec![]));
    assert_eq!(fixture.repo.ccb_prepare(ccb).unwrap(), []);
    fixture.repo.ccb_validated(ccb).unwrap();
    fixture.repo.ccb_stored_changes(ccb).unwrap();
    let committed = fixture.repo.ccb_make_visible(ccb);
    assert_eq!(committed.apply_to, []);
    assert_eq!(committed.appliers[0].implementer, applier);
    assert_eq!(committed.appliers[0].operation, operation);
    fixture.repo.implementer_finalize(applier, NOW);
    assert_eq!(
        fixture.commit(&[replace("node=a", u32s("size", &[1]))]).appliers,
        []
    );
}

#[test]
fn there_is_a_limit_of_ccbs() {
    let mut fixture = Fixture::new();
    let all: Vec<CcbId> = (0..10_000).map(|_| fixture.ccb()).collect();
    let refusal = fixture.repo.ccb_initialize(fixture.me, 0).unwrap_err();
    assert_eq!(refusal.error, AisError::NoResources);
    fixture.repo.ccb_abort(all[0]);
    fixture.ccb();
}
