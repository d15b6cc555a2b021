//! Operations that an implementer adds to a CCB while it is asked about it.

use ais::{AisError, AttrChoice, Refusal, Scope, Value};
use immd_repository::{CcbId, CcbState, ImplementerId};

use crate::fixture::{Fixture, NOW, create, delete, dn, node, replace, u32s};

fn code<T>(result: Result<T, Refusal>) -> Option<AisError> {
    result.err().map(|refusal| refusal.error)
}

/// An implementer of `Node` that is being asked about a CCB that changes `node=a`.
fn asked(fixture: &mut Fixture) -> (ImplementerId, CcbId) {
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    fixture.repo.ccb_asks(ccb, oi);
    (oi, ccb)
}

#[test]
fn it_needs_a_callback_and_there_is_one_at_a_time() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let other = fixture.implementer("other");
    let applier = fixture.implementer("@applier");
    let nameless = fixture.repo.implementer_initialize(false);
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    let mut begin = |id, ccb| code(fixture.repo.augment_begin(ccb, id));
    assert_eq!(begin(nameless, ccb), Some(AisError::BadHandle));
    assert_eq!(begin(oi, CcbId(999)), Some(AisError::NotExist));
    assert_eq!(begin(oi, ccb), Some(AisError::BadOperation), "not asked");
    for id in [oi, other, applier] {
        fixture.repo.ccb_asks(ccb, id);
    }
    let mut begin = |id| code(fixture.repo.augment_begin(ccb, id));
    assert_eq!(begin(applier), Some(AisError::BadOperation));
    assert_eq!(begin(oi), None);
    assert_eq!(begin(other), Some(AisError::TryAgain));
    assert_eq!(begin(oi), Some(AisError::TryAgain), "its own is open");
    fixture.repo.augment_end(ccb, oi).unwrap();
    assert_eq!(code(fixture.repo.augment_begin(ccb, other)), None);
    fixture.repo.ccb_answered(ccb, oi).unwrap();
    fixture.repo.ccb_answered(ccb, other).unwrap();
    assert_eq!(
        code(fixture.repo.augment_check(ccb, other)),
        Some(AisError::BadHandle),
        "over with the callback"
    );
    fixture.repo.ccb_abort_all("test");
    fixture.repo.ccb_asks(ccb, oi);
    assert_eq!(
        code(fixture.repo.augment_begin(ccb, oi)),
        Some(AisError::FailedOperation)
    );
}

#[test]
fn what_is_added_is_part_of_the_ccb_and_asks_the_others() {
    let mut fixture = Fixture::with_nodes();
    let links = fixture.implementer("links");
    fixture.repo.class_implementer_set(links, "Link").unwrap();
    let (oi, ccb) = asked(&mut fixture);
    fixture.repo.augment_begin(ccb, oi).unwrap();
    let mut add = |operation| fixture.repo.augment_operation(ccb, oi, &operation);
    assert_eq!(
        add(node("node=e,node=a")).unwrap(),
        [],
        "it is not asked about its own"
    );
    let calls = add(create("Link", "link=x", vec![])).unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].implementer, links);
    assert_eq!(
        code(add(node("node=x,node=none"))),
        Some(AisError::NotExist),
        "a refused operation leaves the rest"
    );
    fixture.repo.augment_apply(ccb, oi).unwrap();
    assert_eq!(
        code(fixture.repo.augment_operation(ccb, oi, &node("node=f"))),
        Some(AisError::BadOperation),
        "it is applied"
    );
    fixture.repo.ccb_answered(ccb, oi).unwrap();
    assert_eq!(fixture.repo.ccb_prepare(ccb).unwrap(), [links, oi]);
    fixture.repo.ccb_validated(ccb).unwrap();
    fixture.repo.ccb_stored_changes(ccb).unwrap();
    fixture.repo.ccb_make_visible(ccb);
    fixture.check();
    assert!(fixture.exists("node=e,node=a") && fixture.exists("link=x"));
    let owner = fixture.object("node=e,node=a");
    let owner = owner.value("SaImmAttrAdminOwnerName").and_then(Value::as_str);
    assert_eq!(owner, Some("me"));
}

#[test]
fn an_unapplied_one_aborts_the_ccb_and_an_empty_one_does_not() {
    let mut fixture = Fixture::with_nodes();
    let (oi, ccb) = asked(&mut fixture);
    fixture.repo.augment_begin(ccb, oi).unwrap();
    fixture.repo.ccb_answered(ccb, oi).unwrap();
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Open));
    for end_first in [true, false] {
        let ccb = fixture.ccb_with(&[replace("node=b", u32s("size", &[1]))]);
        fixture.repo.ccb_asks(ccb, oi);
        fixture.repo.augment_begin(ccb, oi).unwrap();
        fixture
            .repo
            .augment_operation(ccb, oi, &node("node=e,node=b"))
            .unwrap();
        let ended = if end_first {
            fixture.repo.augment_end(ccb, oi)
        } else {
            fixture.repo.ccb_answered(ccb, oi)
        };
        assert_eq!(code(ended), Some(AisError::FailedOperation));
        assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Aborted));
        let strings = fixture.repo.ccb_error_strings(ccb);
        assert!(strings[0].starts_with("IMM: Validation abort: "), "{strings:?}");
        assert!(strings[0].contains("'nodes'"), "{strings:?}");
        fixture.repo.ccb_abort(ccb);
    }
    fixture.repo.ccb_abort(ccb);
    fixture.check();
}

#[test]
fn in_completed_it_reads_and_changes_nothing() {
    let mut fixture = Fixture::with_nodes();
    let (oi, ccb) = asked(&mut fixture);
    fixture.repo.ccb_answered(ccb, oi).unwrap();
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_asks(ccb, oi);
    fixture.repo.augment_begin(ccb, oi).unwrap();
    let found = fixture
        .repo
        .augment_read(ccb, oi, &dn("node=a"), &AttrChoice::All, NOW)
        .unwrap();
    let read = fixture.repo.copied(found, &AttrChoice::All, NOW);
    assert_eq!(read.object.value("size").and_then(Value::as_u32), Some(1));
    let missing = fixture
        .repo
        .augment_read(ccb, oi, &dn("node=x"), &AttrChoice::All, NOW);
    assert_eq!(code(missing), Some(AisError::NotExist));
    let added = fixture.repo.augment_operation(ccb, oi, &delete("node=b"));
    assert_eq!(code(added), Some(AisError::FailedOperation));
    fixture.repo.augment_apply(ccb, oi).unwrap();
    fixture.repo.ccb_answered(ccb, oi).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    fixture.repo.ccb_stored_changes(ccb).unwrap();
    fixture.repo.ccb_make_visible(ccb);
    fixture.check();
    assert_eq!(fixture.number("node=a", "size"), Some(1));
}

#[test]
fn what_it_acquires_is_given_up_at_the_end_of_the_ccb() {
    for release_on_finalize in [false, true] {
        let mut fixture = Fixture::with_nodes();
        let oi = fixture.node_implementer();
        let user = fixture
            .repo
            .admin_owner_initialize("user", release_on_finalize)
            .unwrap();
        for name in ["node=a", "node=b"] {
            fixture.repo.admin_owner_clear(&[dn(name)], Scope::One).unwrap();
        }
        fixture
            .repo
            .admin_owner_set(user, &[dn("node=a")], Scope::One)
            .unwrap();
        let ccb = fixture.repo.ccb_initialize(user, 0).unwrap();
        fixture
            .repo
            .ccb_operation(ccb, &replace("node=a", u32s("size", &[1])))
            .unwrap();
        fixture.repo.ccb_asks(ccb, oi);
        let owner = fixture.repo.augment_begin(ccb, oi).unwrap();
        fixture
            .repo
            .admin_owner_set(owner, &[dn("node=b")], Scope::One)
            .unwrap();
        fixture
            .repo
            .augment_operation(ccb, oi, &replace("node=b", u32s("size", &[2])))
            .unwrap();
        fixture.repo.augment_apply(ccb, oi).unwrap();
        fixture.repo.ccb_answered(ccb, oi).unwrap();
        fixture.apply(ccb).unwrap();
        let is_owned = |fixture: &Fixture, name: &str| {
            let object = fixture.object(name);
            object.value("SaImmAttrAdminOwnerName").is_some()
        };
        assert_eq!(fixture.number("node=b", "size"), Some(2));
        assert!(is_owned(&fixture, "node=a"));
        assert_eq!(is_owned(&fixture, "node=b"), release_on_finalize);
        fixture.repo.admin_owner_finalize(user);
        assert!(!is_owned(&fixture, "node=b"));
        assert_eq!(is_owned(&fixture, "node=a"), !release_on_finalize);
        assert_eq!(fixture.repo.admin_owners().len(), 1, "only the fixture's is left");
    }
}

#[test]
fn its_calls_are_counted_for_supervision() {
    let mut fixture = Fixture::with_nodes();
    let (oi, ccb) = asked(&mut fixture);
    assert_eq!(fixture.repo.augment_calls(ccb, oi), None);
    fixture.repo.augment_begin(ccb, oi).unwrap();
    assert_eq!(fixture.repo.augment_calls(ccb, oi), Some(0));
    fixture.repo.augment_operation(ccb, oi, &node("node=e")).unwrap();
    assert_eq!(fixture.repo.augment_calls(ccb, oi), Some(1));
    assert_eq!(fixture.repo.augment_calls(ccb, ImplementerId(99)), None);
}
