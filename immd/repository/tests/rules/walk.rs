//! Random walks: the repository and the naive model must agree after every step.

use std::collections::{BTreeMap, BTreeSet};

use ais::{AisError, AttrChoice, AttrFlags as F, CcbOperation, ClassDef, Refusal, Scope, Value};
use immd_repository::{CcbId, CcbState, ImplementerId, Prepared, Repository, SCHEMA_CHANGE, SearchParams};
use proptest::prelude::*;

use crate::fixture::{
    Fixture, NOW, classes, create, delete, dn, names, node, replace, task, u32s, with_default,
};
use crate::oracle::{Alteration, Base, Bundle, NodeClass, Oracle, Thing, Update, Verdict};
use crate::store::Store;

#[derive(Debug, Clone)]
enum Step {
    Create(usize, String),
    Resize(usize, String, u32),
    Refer(usize, String, Vec<String>),
    Delete(usize, String),
    Commit(usize),
    StoreFails(usize),
    Abort(usize),
    Refuse(usize),
    Update(Update, bool),
    Arrive(bool),
    Reconnect,
    Read(usize, String),
    Alter(Alteration, bool),
}

/// Few names, so that steps meet.
fn a_node() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("node=a"),
        2 => Just("node=b,node=a"),
        2 => Just("node=c,node=b,node=a"),
        1 => Just("node=d,node=a"),
        2 => Just("node=e"),
        1 => Just("node=f,node=e"),
    ]
    .prop_map(str::to_owned)
}

fn a_target() -> impl Strategy<Value = String> {
    prop_oneof![4 => a_node(), 1 => a_node().prop_map(|node| format!("record=r,{node}"))]
}

fn an_update() -> impl Strategy<Value = Update> {
    let name = || {
        let runtime = prop_oneof![
            1 => Just("task=t"),
            4 => Just("record=r"),
            1 => Just("task=u,record=r"),
            1 => Just("record=s,record=r")
        ];
        (runtime, a_node()).prop_map(|(rdn, node)| format!("{rdn},{node}"))
    };
    prop_oneof![
        (a_node(), 0..9u32).prop_map(|(name, n)| Update::State(name, n)),
        (a_node(), 0..9u32).prop_map(|(name, n)| Update::Admin(name, n)),
        (a_node(), 0..9u32).prop_map(|(name, n)| Update::Value(format!("record=r,{name}"), n)),
        (name(), 0..9u32).prop_map(|(name, n)| {
            if name.starts_with("task") {
                Update::Task(name, n)
            } else {
                Update::Record(name)
            }
        }),
        name().prop_map(Update::Delete),
    ]
}

fn an_alteration() -> impl Strategy<Value = Alteration> {
    prop_oneof![
        (5..8u32).prop_map(Alteration::Default),
        (0..9u32).prop_map(Alteration::Extra),
        Just(Alteration::Notify),
    ]
}

/// The definition that the naive class stands for.
fn defined(class: &NodeClass) -> ClassDef {
    const CONFIG: F = F::CONFIG.union(F::WRITABLE);
    let mut def = classes().remove(0);
    for attr in &mut def.attrs {
        match attr.name.as_str() {
            "size" => attr.default = Some(Value::Uint32(class.size)),
            "tags" => attr.flags.set(F::NOTIFY, class.notify),
            _ => {}
        }
    }
    let extras = class.extras.iter().enumerate();
    def.attrs
        .extend(extras.map(|(n, default)| with_default(&format!("extra{n}"), CONFIG, *default)));
    def
}

fn a_step() -> impl Strategy<Value = Step> {
    let slot = 0..3usize;
    prop_oneof![
        8 => (slot.clone(), a_node()).prop_map(|(slot, name)| Step::Create(slot, name)),
        4 => (slot.clone(), a_node(), 0..9u32).prop_map(|(slot, name, n)| Step::Resize(slot, name, n)),
        4 => (slot.clone(), a_node(), prop::collection::vec(a_target(), 0..3))
            .prop_map(|(slot, name, peers)| Step::Refer(slot, name, peers)),
        3 => (slot.clone(), a_node()).prop_map(|(slot, name)| Step::Delete(slot, name)),
        3 => slot.clone().prop_map(Step::Commit),
        1 => slot.clone().prop_map(Step::StoreFails),
        1 => slot.clone().prop_map(Step::Abort),
        1 => slot.clone().prop_map(Step::Refuse),
        3 => (slot, a_node()).prop_map(|(slot, name)| Step::Read(slot, name)),
        2 => (an_alteration(), any::<bool>()).prop_map(|(change, hold)| Step::Alter(change, hold)),
        12 => (an_update(), any::<bool>()).prop_map(|(update, hold)| Step::Update(update, hold)),
        2 => any::<bool>().prop_map(Step::Arrive),
        1 => Just(Step::Reconnect),
    ]
}

struct Walk {
    fixture: Fixture,
    oi: ImplementerId,
    ccbs: BTreeMap<usize, CcbId>,
    held: Option<Prepared>,
    altering: Option<Prepared>,
    oracle: Oracle,
    store: Store,
}

impl Walk {
    fn new() -> Walk {
        let mut store = Store::default();
        let mut repo = Repository::new();
        let loaded = repo.load_prepare(&classes(), &[]).unwrap();
        store.write(loaded.stored());
        repo.make_visible(loaded);
        let me = repo.admin_owner_initialize("me", false).unwrap();
        repo.set_nostd_flags(SCHEMA_CHANGE, true);
        let mut fixture = Fixture { repo, me };
        let oi = fixture.node_implementer();
        let mut walk = Walk {
            fixture,
            oi,
            ccbs: BTreeMap::new(),
            held: None,
            altering: None,
            oracle: Oracle::default(),
            store,
        };
        for name in ["node=a", "node=b,node=a", "node=e", "node=f,node=e"] {
            walk.step(Step::Create(0, name.to_owned()));
        }
        walk.step(Step::Commit(0));
        walk.step(Step::Update(Update::Record("record=r,node=a".to_owned()), false));
        walk
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Create(slot, name) => {
                let verdict = self.oracle.may_create(slot, &name);
                if self.operation(slot, &node(&name), verdict) {
                    let size = self.oracle.class.size;
                    self.bundle(slot).create(&name, size);
                }
            }
            Step::Resize(slot, name, n) => {
                let verdict = self.oracle.may_modify(slot, &name);
                if self.operation(slot, &replace(&name, u32s("size", &[n])), verdict) {
                    self.bundle(slot).edit(&name).size = Some(n);
                }
            }
            Step::Read(slot, name) => self.read(slot, &name),
            Step::Alter(alteration, hold) => self.alter(alteration, hold),
            Step::Refer(slot, name, peers) => self.refer(slot, &name, peers),
            Step::Delete(slot, name) => {
                let verdict = self.oracle.may_delete(slot, &name);
                if self.operation(slot, &delete(&name), verdict) {
                    let base = self.oracle.base.clone();
                    self.bundle(slot).delete(&name, &base);
                }
            }
            Step::Commit(slot) => self.commit(slot, true),
            Step::StoreFails(slot) => self.commit(slot, false),
            Step::Abort(slot) => self.abort(slot),
            Step::Refuse(slot) => {
                if let Some(ccb) = self.ccbs.get(&slot) {
                    let refusal = Refusal::new(AisError::BadOperation, "no");
                    self.fixture.repo.ccb_refused(*ccb, self.oi, &refusal);
                    self.oracle.bundles.remove(&slot);
                }
            }
            Step::Update(update, hold) => self.update(update, hold),
            Step::Arrive(well) => {
                self.arrive(well);
                self.class_arrives(well);
            }
            Step::Reconnect => {
                self.fixture.repo.implementer_finalize(self.oi, NOW);
                self.oi = self.fixture.node_implementer();
                self.oracle.bundles.retain(|_, bundle| !bundle.met);
            }
        }
        self.compare();
    }

    /// Reads an object in the CCB of this slot.
    fn read(&mut self, slot: usize, name: &str) {
        let ccb = match self.ccbs.get(&slot) {
            Some(ccb) => *ccb,
            None => self.fixture.ccb(),
        };
        self.ccbs.insert(slot, ccb);
        let aborted = self.fixture.repo.ccb_state(ccb) == Some(CcbState::Aborted);
        let foretold = self.oracle.may_read(slot, name).filter(|_| !aborted);
        let repo = &mut self.fixture.repo;
        let found = repo.ccb_read(ccb, &dn(name), &AttrChoice::All, NOW);
        let read = found.ok().map(|found| repo.copied(found, &AttrChoice::All, NOW));
        let size = read.and_then(|read| read.object.value("size").and_then(Value::as_u32));
        assert_eq!(size, foretold, "{name}");
        if foretold.is_some() {
            self.bundle(slot).read.insert(name.to_owned());
        }
    }

    /// Changes the class of the nodes.
    fn alter(&mut self, alteration: Alteration, hold: bool) {
        if self.oracle.class.extras.len() > 3 && matches!(alteration, Alteration::Extra(_)) {
            return;
        }
        let verdict = self.oracle.may_alter(alteration);
        let def = defined(&self.oracle.class.altered(alteration));
        let change = self.fixture.repo.class_create_prepare(&def);
        assert_eq!(
            change.is_ok(),
            verdict == Verdict::Yes,
            "{alteration:?}: {change:?}"
        );
        let Ok(change) = change else { return };
        self.oracle.interfered(alteration);
        self.oracle.altering = Some(alteration);
        self.altering = Some(change);
        if !hold {
            self.class_arrives(true);
        }
    }

    /// The change of the class on its way arrives, or does not.
    fn class_arrives(&mut self, well: bool) {
        let (Some(change), Some(alteration)) = (self.altering.take(), self.oracle.altering.take()) else {
            return;
        };
        if well {
            self.store.write(change.stored());
            self.fixture.repo.make_visible(change);
            self.oracle.altered(alteration);
        } else {
            self.fixture.repo.discard(change);
        }
    }

    fn bundle(&mut self, slot: usize) -> &mut Bundle {
        self.oracle.bundles.entry(slot).or_default()
    }

    /// Runs one operation in the CCB of this slot and says whether it was accepted.
    fn operation(&mut self, slot: usize, operation: &CcbOperation, verdict: Verdict) -> bool {
        let ccb = match self.ccbs.get(&slot) {
            Some(ccb) => *ccb,
            None => self.fixture.ccb(),
        };
        self.ccbs.insert(slot, ccb);
        if self.fixture.repo.ccb_state(ccb) == Some(CcbState::Aborted) {
            assert_eq!(self.fixture.run(ccb, operation), Err(AisError::FailedOperation));
            return false;
        }
        let result = self.fixture.run(ccb, operation);
        match verdict {
            Verdict::Yes => assert!(result.is_ok(), "{operation:?}: {result:?}"),
            Verdict::No => assert!(result.is_err(), "{operation:?} was accepted"),
            Verdict::Maybe => {}
        }
        self.bundle(slot).met |= result.is_ok();
        result.is_ok()
    }

    fn refer(&mut self, slot: usize, name: &str, peers: Vec<String>) {
        let verdict = match self.oracle.may_modify(slot, name) {
            Verdict::No => Verdict::No,
            Verdict::Yes if peers.is_empty() => Verdict::Yes,
            Verdict::Yes | Verdict::Maybe => Verdict::Maybe,
        };
        let texts: Vec<&str> = peers.iter().map(String::as_str).collect();
        if self.operation(slot, &replace(name, names("peer", &texts)), verdict) {
            let bundle = self.bundle(slot);
            bundle.named.extend(peers.iter().cloned());
            bundle.edit(name).peers = Some(peers.into_iter().collect());
        }
    }

    fn abort(&mut self, slot: usize) {
        if let Some(ccb) = self.ccbs.remove(&slot) {
            self.fixture.repo.ccb_abort(ccb);
            self.oracle.bundles.remove(&slot);
        }
    }

    fn commit(&mut self, slot: usize, well: bool) {
        let Some(ccb) = self.ccbs.remove(&slot) else {
            return;
        };
        let aborted = self.fixture.repo.ccb_state(ccb) == Some(CcbState::Aborted);
        let bundle = self.oracle.bundles.get(&slot).cloned().unwrap_or_default();
        let foretold = self.oracle.committed(&bundle).filter(|_| !aborted);
        let prepared = self.fixture.repo.ccb_prepare(ccb);
        assert_eq!(prepared.is_ok(), foretold.is_some(), "{bundle:?}: {prepared:?}");
        if foretold.is_none() {
            self.fixture.repo.ccb_abort(ccb);
            self.oracle.bundles.remove(&slot);
            return;
        }
        self.fixture.repo.ccb_validated(ccb).unwrap();
        if self.oracle.is_in_the_way(&bundle) {
            let refusal = self.fixture.repo.ccb_stored_changes(ccb).unwrap_err();
            assert_eq!(refusal.error, AisError::TryAgain);
            self.arrive(true);
            self.class_arrives(true);
            if self.fixture.repo.ccb_state(ccb) == Some(CcbState::Aborted) {
                self.fixture.repo.ccb_abort(ccb);
                return;
            }
        }
        let changes = self.fixture.repo.ccb_stored_changes(ccb).unwrap();
        if well {
            self.store.write(&changes);
            self.fixture.repo.ccb_make_visible(ccb);
            self.oracle.base = self.oracle.committed(&bundle).unwrap();
        } else {
            self.fixture.repo.ccb_store_failed(ccb, "disk full");
            self.fixture.repo.ccb_abort(ccb);
        }
        self.oracle.bundles.remove(&slot);
    }

    fn update(&mut self, update: Update, hold: bool) {
        let operation = match &update {
            Update::State(name, n) => replace(name, u32s("state", &[*n])),
            Update::Admin(name, n) => replace(name, u32s("admin", &[*n])),
            Update::Value(name, n) => replace(name, u32s("value", &[*n])),
            Update::Task(name, n) => task(name, *n),
            Update::Record(name) => create("Record", name, vec![]),
            Update::Delete(name) => delete(name),
        };
        let verdict = self.oracle.may_update(&update);
        let change = self.fixture.repo.runtime_prepare(self.oi, &[operation]);
        match verdict {
            Verdict::Yes => assert_eq!(change.refused, None, "{update:?}"),
            Verdict::No => assert!(change.refused.is_some(), "{update:?} was accepted"),
            Verdict::Maybe => {}
        }
        if change.refused.is_some() {
            assert!(change.prepared.stored().is_empty());
            self.fixture.repo.make_visible(change.prepared);
        } else if hold && self.held.is_none() && !change.prepared.stored().is_empty() {
            self.held = Some(change.prepared);
            self.oracle.held = Some(update);
        } else {
            self.store.write(change.prepared.stored());
            self.fixture.repo.make_visible(change.prepared);
            self.oracle.update(update);
        }
    }

    /// The durable change on its way arrives, or does not.
    fn arrive(&mut self, well: bool) {
        let (Some(held), Some(update)) = (self.held.take(), self.oracle.held.take()) else {
            return;
        };
        if well {
            self.store.write(held.stored());
            self.fixture.repo.make_visible(held);
            self.oracle.update(update);
        } else {
            self.fixture.repo.discard(held);
        }
    }

    fn compare(&mut self) {
        self.fixture.check();
        for aborted in self.fixture.repo.take_aborted() {
            assert!(
                !self
                    .oracle
                    .bundles
                    .keys()
                    .any(|slot| self.ccbs.get(slot) == Some(&aborted.ccb))
            );
        }
        assert_eq!(read_all(&self.fixture.repo), self.oracle.base);
    }

    /// All that is pending goes; nothing may stay locked, and the store must give the same model back.
    fn finish(mut self) {
        self.arrive(true);
        self.class_arrives(true);
        for slot in 0..3 {
            self.abort(slot);
        }
        self.compare();
        let mut repo = self.store.restore();
        let oi = repo.implementer_initialize(false);
        repo.implementer_set(oi, "nodes").unwrap();
        repo.class_implementer_set(oi, "Node").unwrap();
        let mut lasting = self.oracle.base;
        lasting.retain(|_, thing| !matches!(thing, Thing::Task { .. }));
        for thing in lasting.values_mut() {
            if let Thing::Node { state, .. } = thing {
                *state = 1;
            }
        }
        assert_eq!(read_all(&repo), lasting);
    }
}

fn read_all(repo: &Repository) -> Base {
    let params = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: None,
        attrs: AttrChoice::All,
    };
    let mut snapshot = repo.search(&params, NOW).unwrap();
    let mut base = Base::new();
    while let Some(read) = repo.search_next(&mut snapshot, NOW) {
        let object = read.object;
        let number = |name: &str| object.value(name).and_then(Value::as_u32).unwrap();
        let thing = match object.class().unwrap() {
            "Node" => Thing::Node {
                size: number("size"),
                peers: object
                    .attr("peer")
                    .unwrap()
                    .values
                    .iter()
                    .map(Value::to_text)
                    .collect::<BTreeSet<String>>(),
                state: number("state"),
                admin: number("admin"),
                extras: (0..)
                    .map(|n| object.attr(&format!("extra{n}")))
                    .map_while(|attr| attr.map(|attr| attr.values[0].as_u32().unwrap()))
                    .collect(),
            },
            "Task" => Thing::Task {
                phase: number("phase"),
            },
            "Record" => Thing::Record {
                value: number("value"),
            },
            other => panic!("class {other}"),
        };
        base.insert(object.dn.to_string(), thing);
    }
    base
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_repository_agrees_with_the_naive_model(steps in prop::collection::vec(a_step(), 1..150)) {
        let mut walk = Walk::new();
        for step in steps {
            walk.step(step);
        }
        walk.finish();
    }
}
