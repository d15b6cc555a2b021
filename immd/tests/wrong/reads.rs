//! Searches, accessors and safe reads.

use ais::{AisError, AttrChoice, Scope, Value};
use immd_client::SearchParams;

use crate::Table;
use crate::common::{delete, dn, item, run};
use crate::stage::{Stage, TYPES, missing, value};

fn some(names: &[&str]) -> AttrChoice {
    AttrChoice::Some(names.iter().map(|&name| name.to_owned()).collect())
}

fn all() -> SearchParams {
    SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: None,
        attrs: AttrChoice::All,
    }
}

#[test]
fn searches_and_reads() {
    run(async {
        let stage = Stage::new().await;
        let mut table = Table::default();
        let search = "saImmOmSearchInitialize_2";
        let mut wrong = Vec::new();
        let mut add = |what: String, wanted, params| wrong.push((what, wanted, params));
        add(
            "scope ONE".to_owned(),
            AisError::InvalidParam,
            SearchParams {
                scope: Scope::One,
                ..all()
            },
        );
        let below = SearchParams {
            scope: Scope::One,
            root: Some(dn("item=a")),
            ..all()
        };
        add("scope ONE below a root".to_owned(), AisError::InvalidParam, below);
        add(
            "no names".to_owned(),
            AisError::InvalidParam,
            SearchParams {
                attrs: some(&[]),
                ..all()
            },
        );
        for root in missing().into_iter().chain([dn("item=new")]) {
            for scope in [Scope::Sublevel, Scope::Subtree] {
                let params = SearchParams {
                    root: Some(root.clone()),
                    scope,
                    ..all()
                };
                add(format!("root {root}"), AisError::NotExist, params);
            }
        }
        let class = Value::String("Item".to_owned());
        let unknown = SearchParams {
            filter: Some(("SaImmAttrClassName".to_owned(), Some(class))),
            attrs: some(&["weight", "none"]),
            ..all()
        };
        add(
            "an unknown attribute of a class".to_owned(),
            AisError::InvalidParam,
            unknown,
        );
        for (what, wanted, params) in wrong {
            table.row(search, what, wanted, stage.imm.search(params).await.map(drop));
        }
        for target in missing() {
            let answer = stage.imm.search_dependents(all(), &target).await.map(drop);
            table.row(
                search,
                format!("dependents of {target}"),
                AisError::InvalidParam,
                answer,
            );
        }
        let filtered = SearchParams {
            filter: Some(("weight".to_owned(), None)),
            ..all()
        };
        let answer = stage
            .imm
            .search_dependents(filtered, &dn("item=a"))
            .await
            .map(drop);
        table.row(search, "dependents with a filter", AisError::InvalidParam, answer);

        let get = "saImmOmAccessorGet_2";
        for name in missing().into_iter().chain([dn("item=new")]) {
            for attrs in [
                AttrChoice::All,
                AttrChoice::None,
                AttrChoice::Config,
                AttrChoice::Persistent,
                some(&["weight"]),
            ] {
                let what = format!("{name} {attrs:?}");
                table.row(get, what, AisError::NotExist, stage.imm.get(&name, attrs).await);
            }
        }
        for attr in ["none", "", "Weight", "a b"] {
            let answer = stage.imm.get(&dn("item=a"), some(&["weight", attr])).await;
            table.row(get, format!("attribute {attr:?}"), AisError::NotExist, answer);
        }
        safe_reads(&stage, &mut table).await;
        table.end(50);
    });
}

/// saImmOmCcbObjectRead.
async fn safe_reads(stage: &Stage, table: &mut Table) {
    let function = "saImmOmCcbObjectRead";
    let ccb = stage.owner.ccb(0).await.unwrap();
    ccb.run(&[delete("item=loose-not"), item("item=z", 1)])
        .await
        .unwrap_err();
    for name in missing().into_iter().chain([dn("item=new")]) {
        let answer = ccb.read(&name, AttrChoice::All).await;
        table.row(function, &name, AisError::NotExist, answer);
    }
    for name in ["event=e", "event=kept", "lively=a"] {
        let answer = ccb.read(&dn(name), AttrChoice::All).await;
        table.row(
            function,
            format!("the runtime object {name}"),
            AisError::InvalidParam,
            answer,
        );
    }
    let answer = ccb.read(&dn("item=busy"), AttrChoice::All).await;
    table.row(function, "an object in another CCB", AisError::Busy, answer);
    let answer = ccb.read(&dn("item=a"), some(&["none"])).await;
    table.row(function, "an unknown attribute", AisError::NotExist, answer);
    ccb.run(&[delete("item=b,item=a")]).await.unwrap();
    let answer = ccb.read(&dn("item=b,item=a"), AttrChoice::All).await;
    table.row(
        function,
        "an object that the CCB deletes",
        AisError::NotExist,
        answer,
    );
    ccb.validate().await.unwrap();
    let answer = ccb.read(&dn("item=a"), AttrChoice::All).await;
    table.row(function, "a validated CCB", AisError::BadOperation, answer);
    ccb.abort().await.unwrap();
}

#[test]
fn filters_of_another_type_find_nothing_and_are_no_error() {
    run(async {
        let stage = Stage::new().await;
        for value_type in TYPES.into_iter().filter(|it| *it != ais::ValueType::Uint32) {
            let filter = Some(("weight".to_owned(), Some(value(value_type))));
            let found = stage.imm.search(SearchParams { filter, ..all() }).await.unwrap();
            assert!(found.collect().await.unwrap().is_empty(), "{value_type:?}");
        }
        let none = Some((
            "SaImmAttrClassName".to_owned(),
            Some(Value::String("None".to_owned())),
        ));
        let found = stage
            .imm
            .search(SearchParams {
                filter: none,
                ..all()
            })
            .await
            .unwrap();
        assert!(found.collect().await.unwrap().is_empty());
    });
}
