//! NO_DANGLING, the table of section 2.5 of the OpenSAF practice.

use ais::{AisError, CcbOperation, ModificationType};

use crate::fixture::{Fixture, change, create, delete, names, node, replace, task, u32s};

fn refer(from: &str, to: &str) -> CcbOperation {
    replace(from, names("peer", &[to]))
}

fn new_with_peer(name: &str, peer: &str) -> CcbOperation {
    create("Node", name, vec![u32s("must", &[7]), names("peer", &[peer])])
}

fn fails(fixture: &mut Fixture, operations: &[CcbOperation]) {
    let ccb = fixture.ccb_with(operations);
    let refusal = fixture.repo.ccb_prepare(ccb).unwrap_err();
    assert_eq!(refusal.error, AisError::FailedOperation);
    assert!(refusal.text.starts_with("IMM: Validation abort: "), "{refusal}");
    assert_eq!(fixture.repo.ccb_error_strings(ccb)[0], refusal.text);
    assert_eq!(fixture.run(ccb, &node("node=z")), Err(AisError::FailedOperation));
    fixture.repo.ccb_abort(ccb);
    fixture.check();
}

#[test]
fn a_reference_is_looked_at_when_the_ccb_is_applied() {
    let mut fixture = Fixture::with_nodes();
    fails(&mut fixture, &[refer("node=a", "node=x")]);
    fails(&mut fixture, &[new_with_peer("node=y", "node=x")]);
    fails(&mut fixture, &[replace("node=a", names("peer", &[""]))]);
    fixture.commit(&[refer("node=a", "node=x"), node("node=x")]);
    fixture.commit(&[new_with_peer("node=y", "node=y")]);
    fixture.commit(&[refer("node=a", "node=b")]);
    fails(&mut fixture, &[delete("node=b")]);
    fixture.commit(&[delete("node=b"), refer("node=a", "node=x")]);
    fixture.commit(&[delete("node=a")]);
    fixture.commit(&[delete("node=x")]);
}

#[test]
fn referrer_and_target_may_go_together() {
    let mut fixture = Fixture::with_nodes();
    fixture.commit(&[refer("node=a", "node=b"), refer("node=b", "node=d,node=c,node=a")]);
    fails(&mut fixture, &[delete("node=a")]);
    fixture.commit(&[delete("node=a"), delete("node=b")]);
    assert_eq!(fixture.repo.object_count(), 0);
}

#[test]
fn what_cannot_be_referred_to_is_refused_at_once() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    let record = create("Record", "record=r", vec![]);
    fixture.update(oi, &[task("task=t", 1), record]).unwrap();
    assert_eq!(
        fixture.refused(&refer("node=a", "task=t")),
        AisError::InvalidParam
    );
    assert_eq!(
        fixture.refused(&new_with_peer("node=x", "task=t")),
        AisError::InvalidParam
    );
    let own = fixture.ccb_with(&[delete("node=b")]);
    assert_eq!(
        fixture.run(own, &refer("node=a", "node=b")),
        Err(AisError::BadOperation)
    );
    assert_eq!(fixture.run(own, &node("node=new")), Ok(vec![]));
    assert_eq!(fixture.refused(&refer("node=a", "node=b")), AisError::Busy);
    assert_eq!(fixture.refused(&refer("node=a", "node=new")), AisError::Busy);
    fixture.repo.ccb_abort(own);
    fixture.commit(&[refer("node=a", "record=r")]);
    assert_eq!(
        fixture.update(oi, &[delete("record=r")]),
        Err(AisError::BadOperation)
    );
    fixture.commit(&[change(
        "node=a",
        ModificationType::Delete,
        names("peer", &["record=r"]),
    )]);
    assert_eq!(fixture.update(oi, &[delete("record=r")]), Ok(()));
}

#[test]
fn a_pending_reference_protects_its_target() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    fixture
        .update(oi, &[create("Record", "record=r", vec![])])
        .unwrap();
    let first = fixture.ccb_with(&[new_with_peer("node=x", "node=b"), refer("node=a", "record=r")]);
    assert_eq!(fixture.run(first, &delete("node=b")), Err(AisError::BadOperation));
    assert_eq!(fixture.refused(&delete("node=b")), AisError::Busy);
    assert_eq!(
        fixture.update(oi, &[delete("record=r")]),
        Err(AisError::BadOperation)
    );
    fixture.apply(first).unwrap();
    fails(&mut fixture, &[delete("node=b")]);
}

#[test]
fn a_referrer_that_another_ccb_deletes_keeps_the_target() {
    let mut fixture = Fixture::with_nodes();
    fixture.commit(&[refer("node=a", "node=b")]);
    let first = fixture.ccb_with(&[delete("node=a")]);
    assert_eq!(fixture.refused(&delete("node=b")), AisError::Busy);
    fixture.apply(first).unwrap();
    fixture.commit(&[delete("node=b")]);
}

#[test]
fn a_persistent_runtime_object_with_a_referrer_stays() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    fixture
        .update(oi, &[create("Record", "record=r,node=b", vec![])])
        .unwrap();
    fixture.commit(&[refer("node=a", "record=r,node=b")]);
    assert_eq!(fixture.refused(&delete("node=b")), AisError::BadOperation);
    fixture.commit(&[delete("node=a"), delete("node=b")]);
}
