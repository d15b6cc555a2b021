//! The service's own objects: what they show, and what their attributes steer.

use ais::{
    AisError, Attr, AttrChoice, AttrFlags, CcbOperation, ClassCategory, Millis, Scope, Value, ValueType,
};
use immd_repository::{AccessControl, AccessMode, NewObject, SCHEMA_CHANGE};

use crate::fixture::{Fixture, NOW, SERVICE, attr, class, dn, node, replace, strings, u32s, with_default};

const MANAGEMENT: &str = "safRdn=immManagement,safApp=safImmService";

/// With both objects, as every cluster has them.
fn fixture() -> Fixture {
    use AttrFlags as F;
    let config = F::CONFIG | F::WRITABLE;
    let kept = F::RUNTIME | F::PERSISTENT | F::CACHED;
    let limits = [
        "maxClasses",
        "maxImplementers",
        "maxAdminowners",
        "maxCcbs",
        "minApplierTimeout",
    ];
    let mut own = vec![
        attr("opensafImm", ValueType::String, F::CONFIG | F::RDN),
        with_default("accessControlMode", config, 0),
        attr("authorizedGroup", ValueType::String, config),
        attr("opensafImmEpoch", ValueType::Uint32, kept),
        attr("opensafImmClassNames", ValueType::String, kept | F::MULTI_VALUE),
        with_default("opensafImmNostdFlags", F::RUNTIME | F::CACHED, 0),
    ];
    own.extend(limits.map(|name| attr(name, ValueType::Uint32, config)));
    let counts = [
        "saImmNumOis",
        "saImmNumAdminOwnedObjects",
        "saImmNumInitializedCcbs",
    ];
    let mut management = vec![
        attr("safRdn", ValueType::String, F::CONFIG | F::RDN),
        with_default("saImmRepositoryInit", config, 2),
        attr("saImmOiTimeout", ValueType::Time, config),
        attr("saImmLastUpdate", ValueType::Time, F::RUNTIME),
        attr("saImmExportFileUri", ValueType::String, F::RUNTIME),
    ];
    management.extend(counts.map(|name| attr(name, ValueType::Uint32, F::RUNTIME)));
    let classes = [
        class("OpensafImm", ClassCategory::Config, own),
        class("SaImmMngt", ClassCategory::Config, management),
        class(
            "SafApp",
            ClassCategory::Config,
            vec![attr("safApp", ValueType::Name, F::CONFIG | F::RDN)],
        ),
    ];
    let objects = [
        ("SafApp", "safApp=safImmService"),
        ("OpensafImm", SERVICE),
        ("SaImmMngt", MANAGEMENT),
    ];
    let objects = objects.map(|(class, name)| NewObject {
        class: class.into(),
        dn: dn(name),
        attrs: vec![],
    });
    let mut fixture = Fixture::new();
    let loaded = fixture.repo.load_prepare(&classes, &objects).unwrap();
    fixture.repo.make_visible(loaded);
    fixture.own(MANAGEMENT, Scope::One).unwrap();
    fixture
}

fn time(name: &str, time: i64) -> Attr {
    Attr::single(name, Value::Time(time))
}

fn shown(fixture: &Fixture, object: &str, attr: &str) -> Vec<Value> {
    fixture.object(object).attr(attr).unwrap().values.clone()
}

#[test]
fn the_statistics_are_what_is() {
    let mut fixture = fixture();
    let number = |fixture: &Fixture, attr: &str| fixture.number(MANAGEMENT, attr);
    assert_eq!(number(&fixture, "saImmNumOis"), Some(0));
    let before = number(&fixture, "saImmNumAdminOwnedObjects").unwrap();
    assert_eq!(
        before, 2,
        "this object, and the one that the service owns for ever"
    );
    fixture.commit(&[node("node=a"), node("node=b")]);
    assert_eq!(number(&fixture, "saImmNumAdminOwnedObjects"), Some(before + 2));
    let oi = fixture.implementer("oi");
    fixture.implementer("@applier");
    assert_eq!(number(&fixture, "saImmNumOis"), Some(2));
    fixture.repo.implementer_finalize(oi, NOW);
    assert_eq!(number(&fixture, "saImmNumOis"), Some(1));
    assert_eq!(number(&fixture, "saImmNumInitializedCcbs"), Some(0));
    let ccb = fixture.ccb();
    assert_eq!(number(&fixture, "saImmNumInitializedCcbs"), Some(1));
    fixture.repo.ccb_abort(ccb);
    assert_eq!(shown(&fixture, MANAGEMENT, "saImmLastUpdate"), []);
    fixture.repo.note_update(7);
    assert_eq!(shown(&fixture, MANAGEMENT, "saImmLastUpdate"), [Value::Time(7)]);
    fixture.repo.note_export("file:///tmp/x");
    assert_eq!(
        shown(&fixture, MANAGEMENT, "saImmExportFileUri"),
        [Value::String("file:///tmp/x".into())]
    );
}

#[test]
fn epoch_classes_and_flags_are_shown_and_not_dumped() {
    let mut fixture = fixture();
    fixture.repo.note_epoch(5);
    assert_eq!(shown(&fixture, SERVICE, "opensafImmEpoch"), [Value::Uint32(5)]);
    let names = fixture.repo.class_names().into_iter().map(Value::String);
    assert_eq!(
        shown(&fixture, SERVICE, "opensafImmClassNames"),
        names.collect::<Vec<_>>()
    );
    let dumped = fixture
        .repo
        .get(&dn(SERVICE), &AttrChoice::Persistent, NOW)
        .unwrap()
        .object;
    assert_eq!(dumped.attr("opensafImmEpoch").unwrap().values, []);
    let before = fixture.repo.nostd_flags();
    assert!(!fixture.repo.schema_change_allowed());
    fixture.repo.set_nostd_flags(SCHEMA_CHANGE, true);
    assert!(fixture.repo.schema_change_allowed());
    assert_eq!(
        fixture.number(SERVICE, "opensafImmNostdFlags"),
        Some(before | SCHEMA_CHANGE)
    );
    fixture.repo.set_nostd_flags(SCHEMA_CHANGE, false);
    assert_eq!(fixture.repo.nostd_flags(), before);
}

#[test]
fn attributes_steer_limits_and_access() {
    let mut fixture = fixture();
    let refused = [
        replace(SERVICE, u32s("maxClasses", &[999])),
        replace(SERVICE, u32s("maxImplementers", &[2999])),
        replace(SERVICE, u32s("maxAdminowners", &[1999])),
        replace(SERVICE, u32s("maxCcbs", &[9999])),
        replace(SERVICE, u32s("accessControlMode", &[3])),
        replace(SERVICE, u32s("accessControlMode", &[])),
        replace(MANAGEMENT, time("saImmOiTimeout", 0)),
        replace(MANAGEMENT, time("saImmOiTimeout", -1)),
        replace(MANAGEMENT, u32s("saImmRepositoryInit", &[3])),
    ];
    for operation in refused {
        assert_eq!(
            fixture.refused(&operation),
            AisError::BadOperation,
            "{operation:?}"
        );
    }
    fixture.commit(&[
        replace(SERVICE, u32s("maxClasses", &[1001])),
        replace(SERVICE, u32s("maxImplementers", &[3001])),
        replace(SERVICE, u32s("maxAdminowners", &[2001])),
        replace(SERVICE, u32s("maxCcbs", &[10_001])),
        replace(SERVICE, u32s("minApplierTimeout", &[3])),
        replace(SERVICE, u32s("accessControlMode", &[2])),
        replace(SERVICE, strings("authorizedGroup", &["wheel"])),
        replace(MANAGEMENT, time("saImmOiTimeout", 30_000_000_000)),
    ]);
    let settings = fixture.repo.settings().clone();
    assert_eq!((settings.classes_max, settings.implementers_max), (1001, 3001));
    assert_eq!((settings.admin_owners_max, settings.ccbs_max), (2001, 10_001));
    assert_eq!(settings.applier_timeout, Some(Millis(3000)));
    assert_eq!(settings.oi_timeout, Some(Millis(30_000)));
    let access = AccessControl {
        mode: AccessMode::Enforcing,
        group: Some("wheel".into()),
    };
    assert_eq!(settings.access, access);
    let removed = |object: &str, name: &str, value_type| CcbOperation::Modify {
        dn: dn(object),
        changes: vec![ais::AttrModification {
            kind: ais::ModificationType::Replace,
            attr: Attr {
                name: name.into(),
                value_type,
                values: vec![],
            },
        }],
    };
    fixture.commit(&[
        removed(MANAGEMENT, "saImmOiTimeout", ValueType::Time),
        removed(SERVICE, "authorizedGroup", ValueType::String),
        replace(SERVICE, u32s("minApplierTimeout", &[0])),
    ]);
    assert_eq!(fixture.repo.settings().oi_timeout, None);
    assert_eq!(fixture.repo.settings().access.group, None);
    assert_eq!(fixture.repo.settings().applier_timeout, None);
}

#[test]
fn an_implementer_may_have_more_time_about_ccbs_and_less_for_reads() {
    let mut fixture = fixture();
    let usual = Millis(6000);
    let oi = fixture.implementer("oi");
    let limits = |fixture: &Fixture| {
        (
            fixture.repo.callback_limit(oi, usual),
            fixture.repo.fetch_limit(oi, usual),
        )
    };
    assert_eq!(limits(&fixture), (usual, usual));
    fixture.repo.implementer_limit(oi, Some(Millis(1000)));
    assert_eq!(limits(&fixture), (usual, Millis(1000)));
    fixture.repo.implementer_limit(oi, Some(Millis(9000)));
    assert_eq!(limits(&fixture), (Millis(9000), Millis(9000)));
    fixture.commit(&[replace(MANAGEMENT, time("saImmOiTimeout", 20_000_000_000))]);
    assert_eq!(limits(&fixture), (Millis(20_000), Millis(9000)));
    fixture.repo.implementer_limit(oi, None);
    assert_eq!(limits(&fixture), (Millis(20_000), Millis(20_000)));
}

#[test]
fn appliers_that_stay_away_are_forgotten_where_it_is_wanted() {
    let mut fixture = fixture();
    let applier = fixture.implementer("@applier");
    let main = fixture.implementer("main");
    fixture.repo.class_implementer_set(applier, "Node").unwrap();
    for id in [applier, main] {
        fixture.repo.implementer_finalize(id, NOW);
    }
    let names = |fixture: &Fixture| {
        let infos = fixture.repo.implementers();
        infos.iter().map(|info| info.name.to_string()).collect::<Vec<_>>()
    };
    let later = NOW.after(Millis(3_600_000));
    fixture.repo.forget_idle_appliers(later);
    assert_eq!(
        names(&fixture),
        ["@applier", "main"],
        "never, unless it is wanted"
    );
    fixture.commit(&[replace(SERVICE, u32s("minApplierTimeout", &[3]))]);
    fixture.repo.forget_idle_appliers(NOW.after(Millis(2999)));
    assert_eq!(names(&fixture), ["@applier", "main"]);
    fixture.repo.forget_idle_appliers(NOW.after(Millis(3000)));
    assert_eq!(names(&fixture), ["main"], "names of implementers stay");
    fixture.implementer("@applier");
    assert_eq!(
        fixture.commit(&[node("node=a")]).appliers,
        [],
        "its bindings are gone"
    );
}
