//! What once went wrong in other projects, where the timing of several nodes matters. Their numbers are those of
//! tests/scenarios/histories/README.md.
#![expect(clippy::unwrap_used, reason = "a test program may end at the first surprise")]

use ais::Dn;
use ais::amf::{AdminOperation, RedundancyModel};
use director_engine::ModelChange;
use simulator::{Trouble, World, ends_well, small_cluster};

const SETTLE_MS: u64 = 600_000;

fn settled(model: RedundancyModel, sus: usize, sis: usize) -> World {
    let mut world = small_cluster(model, sus, sis);
    world.settle(40_000, SETTLE_MS).unwrap();
    world
}

fn node(index: usize) -> Dn {
    Dn::new(&format!("safAmfNode=N{index},safAmfCluster=sim")).unwrap()
}

fn comp(su: usize) -> Dn {
    Dn::new(&format!("safComp=C0,safSu=SU{su},safSg=G0,safApp=A0")).unwrap()
}

fn si(index: usize) -> Dn {
    Dn::new(&format!("safSi=I{index},safApp=A0")).unwrap()
}

fn server(world: &World, si: &Dn) -> Option<Dn> {
    world.acting.of(si).first().map(|actor| actor.comp.clone())
}

fn trouble(world: &mut World, node: &Dn, comp: &Dn, trouble: Trouble) {
    let place = world.nodes.get_mut(node).unwrap();
    place.troubles.insert(comp.clone(), trouble);
}

#[test]
fn history_01_a_hung_component_does_not_hold_up_the_failover_of_another_node() {
    let mut world = settled(RedundancyModel::NoRedundancy, 3, 2);
    let busy: Vec<usize> = (1..=3)
        .filter(|su| (0..2).any(|index| server(&world, &si(index)) == Some(comp(*su))))
        .collect();
    let (hung, failing) = (busy[0], busy[1]);
    trouble(&mut world, &node(hung), &comp(hung), Trouble::NoAnswer);
    world
        .nodes
        .get_mut(&node(hung))
        .unwrap()
        .processes
        .get_mut(&comp(hung))
        .unwrap()
        .hung = true;
    world.lose_node(&node(failing));
    // Long before anything could time out, the spare serves.
    world.run_until(world.now + 100).unwrap();
    for index in 0..2 {
        assert!(server(&world, &si(index)).is_some(), "nobody serves SI {index}");
    }
    ends_well(&mut world).unwrap();
}

#[test]
fn history_05_a_process_may_register_before_its_command_ends() {
    let mut world = small_cluster(RedundancyModel::TwoN, 2, 1);
    world.pace.early_registration = true;
    world.pace.delay_max_ms = 50;
    world.settle(40_000, SETTLE_MS).unwrap();
    assert!(server(&world, &si(0)).is_some());
    ends_well(&mut world).unwrap();
}

#[test]
fn history_16_an_si_and_what_depends_on_it_go_in_one_ccb() {
    let mut world = settled(RedundancyModel::TwoN, 2, 2);
    let depends = Dn::new(&format!("safDepend={},{}", si(0).escaped(), si(1))).unwrap();
    let object = ModelChange::Create {
        class: "SaAmfSIDependency".to_owned(),
        dn: depends.clone(),
        attrs: vec![],
    };
    let lock = |world: &mut World, index: usize| {
        world.admin(&si(index), u64::from(AdminOperation::Lock.code()));
        world.settle(40_000, SETTLE_MS).unwrap();
    };
    lock(&mut world, 1);
    assert!(world.ccb(vec![object]));
    lock(&mut world, 0);
    let gone = [depends, si(1), si(0)].map(|dn| ModelChange::Delete { dn });
    assert!(world.ccb(gone.to_vec()));
    world.settle(40_000, SETTLE_MS).unwrap();
    assert_eq!(server(&world, &si(0)), None);
    ends_well(&mut world).unwrap();
}

#[test]
fn history_21_an_instantiation_that_fails_in_a_restart_is_not_tried_for_ever() {
    let mut world = settled(RedundancyModel::TwoN, 2, 1);
    let served_by = server(&world, &si(0)).unwrap();
    let index = if served_by == comp(1) { 1 } else { 2 };
    let su = served_by.parent().unwrap();
    world.admin(&su, u64::from(AdminOperation::Restart.code()));
    for _ in 0..20 {
        trouble(&mut world, &node(index), &served_by, Trouble::NeverRegisters);
        world.run_until(world.now + 5_000).unwrap();
    }
    world.settle(40_000, SETTLE_MS).unwrap();
    assert!(world.pending.is_empty(), "{:?}", world.pending);
    let actions = world.counts.actions;
    world.run_until(world.now + 600_000).unwrap();
    assert_eq!(world.counts.actions, actions, "it is started again and again");
    ends_well(&mut world).unwrap();
}

#[test]
fn history_26_two_components_killed_in_the_same_moment() {
    for second in [1, 2] {
        let mut world = settled(RedundancyModel::TwoN, 2, 2);
        world.kill_process(&node(1), &comp(1));
        world.kill_process(&node(second), &comp(second));
        world.settle(40_000, SETTLE_MS).unwrap();
        assert!(server(&world, &si(0)).is_some() && server(&world, &si(1)).is_some());
        ends_well(&mut world).unwrap();
    }
}

#[test]
fn history_29_a_director_that_was_replaced_is_not_obeyed() {
    let mut world = settled(RedundancyModel::TwoN, 3, 2);
    world.admin(&node(1), u64::from(AdminOperation::Lock.code()));
    // Its orders are on their way when the next one takes over, and come once more afterwards.
    world.kill_director(true);
    world.start_director();
    world.run_until(world.now + 10_000).unwrap();
    ends_well(&mut world).unwrap();
}
