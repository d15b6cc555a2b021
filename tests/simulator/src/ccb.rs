//! Changes of the model while the cluster runs: sensible and not. What breaks a rule is refused and changes nothing.

use ais::{Attr, Dn};
use director_engine::ModelChange;
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

use crate::disturb::deletion;
use crate::model::{
    self, COMP_TYPE, CS_TYPE, NODE_GROUP, Objects, SECOND, attr_bool, attr_name, attr_names, attr_number,
    attr_text, attr_time, name,
};
use crate::world::World;

/// The changes of one CCB.
pub fn draw(world: &World, rng: &mut SmallRng) -> Vec<ModelChange> {
    let changes = match rng.random_range(0..16) {
        0 | 1 => add_su(world, rng),
        2 => add_si(world, rng),
        3 => add_csi(world, rng),
        4 => add_comp(world, rng),
        5 => add_node(world, rng),
        6 => change_node_group(world, rng),
        7 => change_ranks(world, rng),
        8 => delete_one(world, rng),
        9 => add_dependency(world, rng),
        10 => change_sg(world, rng),
        11 => change_comp(world, rng),
        12 => change_node(world, rng),
        13 => csi_attribute(world, rng),
        14 => change_si(world, rng),
        _ => several(world, rng),
    };
    changes.unwrap_or_default()
}

fn any(world: &World, class: &str, rng: &mut SmallRng) -> Option<Dn> {
    world.known.of(class).choose(rng).cloned()
}

/// Whether the SUs of the group have components that take any number of CSIs. Others are full as they are.
fn is_roomy(world: &World, sg: &Dn) -> bool {
    let mut comps = world
        .known
        .of("SaAmfComp")
        .iter()
        .filter(|comp| comp.is_within(sg));
    comps.any(|comp| !world.known.scripts.contains(comp))
}

fn new_name(rng: &mut SmallRng) -> String {
    format!("X{}", rng.random_range(0..100_000))
}

fn modify(dn: Dn, attrs: Vec<Attr>) -> Vec<ModelChange> {
    vec![ModelChange::Modify { dn, attrs }]
}

/// An SU, locked for instantiation as the rules want it, mostly.
fn add_su(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let sg = any(world, "SaAmfSG", rng)?;
    let node = if rng.random_bool(0.2) {
        NODE_GROUP.to_owned()
    } else {
        any(world, "SaAmfNode", rng)?.as_str().to_owned()
    };
    let mut objects = Objects::default();
    let su = new_name(rng);
    let admin = if rng.random_bool(0.9) { 3 } else { 1 };
    model::add_su_objects(&mut objects, rng, sg.as_str(), &su, &node, admin);
    for comp in 0..rng.random_range(1..=2) {
        let comp = format!("safComp=C{comp},safSu={su},{sg}");
        model::add_comp(&mut objects, rng, &comp, COMP_TYPE);
    }
    Some(objects.0)
}

fn add_si(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let sg = any(world, "SaAmfSG", rng).filter(|sg| is_roomy(world, sg))?;
    let promise = world.known.promises.get(&sg)?;
    let app = sg.parent()?;
    let si = format!("safSi={},{app}", new_name(rng));
    let mut objects = Objects::default();
    model::add_si(&mut objects, rng, &si, sg.as_str(), promise.model, 0, (1, false));
    Some(objects.0)
}

fn add_csi(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let si = any(world, "SaAmfSI", rng)?;
    world.known.sg_of_si.get(&si).filter(|sg| is_roomy(world, sg))?;
    let mut objects = Objects::default();
    let csi = format!("safCsi={},{si}", new_name(rng));
    objects.add("SaAmfCSI", &csi, vec![attr_name("saAmfCSType", CS_TYPE)]);
    Some(objects.0)
}

fn add_comp(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let su = any(world, "SaAmfSU", rng)?;
    let mut objects = Objects::default();
    let comp = format!("safComp={},{su}", new_name(rng));
    model::add_comp(&mut objects, rng, &comp, COMP_TYPE);
    Some(objects.0)
}

fn add_node(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    if world.known.of("SaAmfNode").len() > 10 {
        return None;
    }
    let mut objects = Objects::default();
    let node = new_name(rng);
    let name = format!("safAmfNode={node},{}", model::CLUSTER);
    let attrs = vec![
        attr_name("saAmfNodeClmNode", &format!("safNode={node},safCluster=sim")),
        attr_time("saAmfNodeSuFailOverProb", 10 * SECOND),
        attr_number("saAmfNodeSuFailoverMax", 3),
        attr_bool("saAmfNodeAutoRepair", true),
    ];
    objects.add("SaAmfNode", &name, attrs);
    Some(objects.0)
}

fn change_node_group(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let group = any(world, "SaAmfNodeGroup", rng)?;
    let members: Vec<String> = world
        .known
        .of("SaAmfNode")
        .iter()
        .filter(|_| rng.random_bool(0.7))
        .map(|dn| dn.as_str().to_owned())
        .collect();
    Some(modify(group, vec![attr_names("saAmfNGNodeList", &members)]))
}

fn change_ranks(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let rank = rng.random_range(0..6);
    if rng.random_bool(0.5) {
        let rank = vec![attr_number("saAmfSIRank", rank)];
        Some(modify(any(world, "SaAmfSI", rng)?, rank))
    } else {
        let rank = vec![attr_number("saAmfSURank", rank)];
        Some(modify(any(world, "SaAmfSU", rng)?, rank))
    }
}

/// Anything at all; mostly refused.
fn delete_one(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let class = [
        "SaAmfSU",
        "SaAmfSI",
        "SaAmfCSI",
        "SaAmfComp",
        "SaAmfNode",
        "SaAmfSIDependency",
        "SaAmfSIRankedSU",
        "SaAmfSG",
    ][rng.random_range(0..8)];
    Some(vec![deletion(&any(world, class, rng)?)])
}

/// A dependency on an SI with a lower name, so that no circle comes about.
fn add_dependency(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let (one, other) = (any(world, "SaAmfSI", rng)?, any(world, "SaAmfSI", rng)?);
    if one == other {
        return None;
    }
    let (sponsor, dependent) = (one.clone().min(other.clone()), one.max(other));
    let mut objects = Objects::default();
    let name = format!("safDepend={},{dependent}", sponsor.escaped());
    let tolerance = [0, 1, 5][rng.random_range(0..3)] * SECOND;
    objects.add(
        "SaAmfSIDependency",
        &name,
        vec![attr_time("saAmfToleranceTime", tolerance)],
    );
    Some(objects.0)
}

fn change_sg(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let sg = any(world, "SaAmfSG", rng)?;
    let (attr, most) = [
        ("saAmfSGNumPrefInserviceSUs", 4),
        ("saAmfSGAutoRepair", 1),
        ("saAmfSGAutoAdjust", u32::from(model::ADJUSTS)),
        ("saAmfSGCompRestartMax", 4),
        ("saAmfSGSuRestartMax", 4),
        ("saAmfSGMaxActiveSIsperSU", 4),
        ("saAmfSGMaxStandbySIsperSU", 4),
        ("saAmfSGNumPrefAssignedSUs", 4),
        ("saAmfSGNumPrefActiveSUs", 3),
        ("saAmfSGNumPrefStandbySUs", 3),
    ][rng.random_range(0..10)];
    let least = u32::from(most > 1 && attr.contains("NumPref"));
    Some(modify(
        sg,
        vec![attr_number(attr, rng.random_range(least..=most))],
    ))
}

fn change_comp(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let comp = any(world, "SaAmfComp", rng)?;
    let attr = match rng.random_range(0..4) {
        0 => attr_bool("saAmfCompDisableRestart", rng.random_bool(0.5)),
        1 => attr_number("saAmfCompRecoveryOnError", rng.random_range(2..=5)),
        2 => attr_time("saAmfCompInstantiateTimeout", rng.random_range(1..5) * SECOND),
        _ => attr_number("saAmfCompInstantiationLevel", rng.random_range(1..=3)),
    };
    Some(modify(comp, vec![attr]))
}

fn change_node(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let node = any(world, "SaAmfNode", rng)?;
    let attr = match rng.random_range(0..3) {
        0 => attr_number("saAmfNodeSuFailoverMax", rng.random_range(0..5)),
        1 => attr_bool("saAmfNodeAutoRepair", rng.random_bool(0.5)),
        _ => attr_bool("saAmfNodeFailfastOnTerminationFailure", rng.random_bool(0.5)),
    };
    Some(modify(node, vec![attr]))
}

fn csi_attribute(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let csi = any(world, "SaAmfCSI", rng)?;
    let mut objects = Objects::default();
    let value = vec![attr_text("saAmfCSIAttriValue", &new_name(rng))];
    objects.add("SaAmfCSIAttribute", &format!("safCsiAttr=a,{csi}"), value);
    Some(objects.0)
}

fn change_si(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let si = any(world, "SaAmfSI", rng)?;
    let attr = ["saAmfSIPrefActiveAssignments", "saAmfSIPrefStandbyAssignments"][rng.random_range(0..2)];
    Some(modify(si, vec![attr_number(attr, rng.random_range(1..=3))]))
}

/// Several changes that belong together: an SI goes with what depends on it, and a new one comes.
fn several(world: &World, rng: &mut SmallRng) -> Option<Vec<ModelChange>> {
    let si = any(world, "SaAmfSI", rng)?;
    let related = world.known.of("SaAmfSIDependency").iter().filter(|depends| {
        let sponsor = Dn::new(&depends.rdn_value());
        sponsor.is_ok_and(|sponsor| sponsor == si)
    });
    let mut changes: Vec<ModelChange> = related.map(deletion).collect();
    changes.push(deletion(&si));
    let (_, attrs) = world.repository.get(&si)?;
    let sg = name(attrs, "saAmfSIProtectedbySG").filter(|sg| is_roomy(world, sg))?;
    let promise = world.known.promises.get(&sg)?;
    let new = format!("safSi={},{}", new_name(rng), si.parent()?);
    let mut objects = Objects::default();
    model::add_si(&mut objects, rng, &new, sg.as_str(), promise.model, 0, (1, false));
    changes.extend(objects.0);
    Some(changes)
}
