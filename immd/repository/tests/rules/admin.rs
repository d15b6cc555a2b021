use ais::{AisError, Millis, Scope};
use immd_repository::{AdminOwnerId, AdminRoute, DETACH_GRACE};

use crate::fixture::{Fixture, NOW, SERVICE, dn, replace, u32s};

fn route(fixture: &Fixture, owner: AdminOwnerId, target: &str, now: Millis) -> Result<AdminRoute, AisError> {
    fixture
        .repo
        .route_admin_operation(owner, target, now)
        .map_err(|refusal| refusal.error)
}

#[test]
fn after_a_restart_an_operation_waits_for_the_implementer() {
    let mut fixture = Fixture::with_nodes();
    let me = fixture.me;
    fixture.repo.expect_implementers(NOW.after(Millis(1)));
    assert_eq!(route(&fixture, me, "node=a", NOW), Err(AisError::TryAgain));
    assert_eq!(
        route(&fixture, me, "node=a", NOW.after(Millis(1))),
        Err(AisError::NotExist)
    );
    let oi = fixture.node_implementer();
    assert_eq!(
        route(&fixture, me, "node=a", NOW),
        Ok(AdminRoute::Implementer(oi))
    );
}

#[test]
fn the_checks_come_in_their_order() {
    let mut fixture = Fixture::with_nodes();
    let me = fixture.me;
    let nobody = AdminOwnerId(99);
    assert_eq!(route(&fixture, nobody, "a b", NOW), Err(AisError::InvalidParam));
    assert_eq!(route(&fixture, nobody, "node=x", NOW), Err(AisError::BadHandle));
    assert_eq!(route(&fixture, me, "node=x", NOW), Err(AisError::NotExist));
    assert_eq!(
        route(&fixture, me, "node=a", NOW),
        Err(AisError::NotExist),
        "no implementer"
    );
    let oi = fixture.node_implementer();
    assert_eq!(
        route(&fixture, me, "node=a", NOW),
        Ok(AdminRoute::Implementer(oi))
    );
    let other = fixture.repo.admin_owner_initialize("other", false).unwrap();
    assert_eq!(route(&fixture, other, "node=a", NOW), Err(AisError::BadOperation));
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    assert_eq!(route(&fixture, other, "node=a", NOW), Err(AisError::Busy));
    assert_eq!(
        route(&fixture, me, "node=b", NOW),
        Ok(AdminRoute::Implementer(oi))
    );
    fixture.repo.ccb_abort(ccb);
    fixture.repo.implementer_clear(oi, NOW).unwrap();
    let almost = NOW.after(Millis(DETACH_GRACE.0 - 1));
    assert_eq!(route(&fixture, other, "node=a", almost), Err(AisError::TryAgain));
    assert_eq!(
        route(&fixture, other, "node=a", NOW.after(DETACH_GRACE)),
        Err(AisError::NotExist)
    );
    let fresh = fixture.node_implementer();
    fixture
        .repo
        .admin_owner_clear(&[dn("node=a")], Scope::One)
        .unwrap();
    assert_eq!(
        route(&fixture, me, "node=a", NOW),
        Err(AisError::BadOperation),
        "without an owner"
    );
    fixture.own("node=a", Scope::One).unwrap();
    assert_eq!(
        route(&fixture, me, "node=a", NOW),
        Ok(AdminRoute::Implementer(fresh))
    );
}

#[test]
fn an_implementer_is_reached_by_its_name() {
    let mut fixture = Fixture::new();
    let oi = fixture.implementer("direct");
    let namesake = fixture.repo.admin_owner_initialize("direct", false).unwrap();
    assert_eq!(
        route(&fixture, namesake, "direct", NOW),
        Ok(AdminRoute::Implementer(oi))
    );
    assert_eq!(
        route(&fixture, fixture.me, "direct", NOW),
        Err(AisError::NotExist)
    );
    let applier = fixture.implementer("@watch");
    let namesake = fixture.repo.admin_owner_initialize("@watch", false).unwrap();
    assert_eq!(
        route(&fixture, namesake, "@watch", NOW),
        Ok(AdminRoute::Implementer(applier))
    );
}

#[test]
fn the_service_answers_for_itself() {
    let mut fixture = Fixture::new();
    fixture.load_service_object();
    assert_eq!(route(&fixture, fixture.me, SERVICE, NOW), Ok(AdminRoute::Service));
}
