//! A service group of any redundancy model.

use ais::amf::RedundancyModel;
use ais::{Attr, Dn};
use rand::Rng;
use rand::rngs::SmallRng;

use super::objects::{Objects, SECOND, attr_bool, attr_name, attr_number, attr_time};
use super::{ADJUSTS, COMP_TYPE, CS_TYPE, NODE_GROUP, SCRIPT_TYPE, SU_TYPE, SVC_TYPE, node_name, supported};

/// The components of the SUs of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With processes that register.
    Aware,
    /// Only started and stopped.
    Script,
    /// The first is of the one kind, the rest of the other.
    Mixed,
}

impl Kind {
    fn draw(rng: &mut SmallRng, model: RedundancyModel) -> Kind {
        match (model, rng.random_range(0..10)) {
            // The SUs of the other models have standbys or several SIs, which scripts cannot have.
            (RedundancyModel::NoRedundancy | RedundancyModel::NWayActive, 0..3)
            | (RedundancyModel::TwoN, 0) => Kind::Script,
            // A script cannot stand by beside components that do.
            (RedundancyModel::NoRedundancy | RedundancyModel::NWayActive, 3) => Kind::Mixed,
            _ => Kind::Aware,
        }
    }

    const fn type_of(self, index: usize) -> &'static str {
        match (self, index) {
            (Kind::Aware, _) | (Kind::Mixed, 0) => COMP_TYPE,
            (Kind::Script | Kind::Mixed, _) => SCRIPT_TYPE,
        }
    }
}

/// Adds the group; gives the names of its SIs.
pub fn add(
    objects: &mut Objects,
    rng: &mut SmallRng,
    index: usize,
    app: &str,
    model: RedundancyModel,
    nodes: usize,
) -> Vec<Dn> {
    let kind = Kind::draw(rng, model);
    let sus = match model {
        RedundancyModel::NoRedundancy => rng.random_range(1..=nodes.min(4)),
        RedundancyModel::TwoN => rng.random_range(2..=nodes.min(4)),
        RedundancyModel::NPlusM | RedundancyModel::NWay | RedundancyModel::NWayActive => {
            rng.random_range(2..=nodes.clamp(3, 6))
        }
    };
    let comps = [1, 1, 1, 2, 2, 3][rng.random_range(0..6)];
    let sg = add_sg(objects, rng, index, app, model, sus);
    let by_group = rng.random_bool(0.2) && sus <= nodes;
    let first = rng.random_range(0..nodes);
    for su in 1..=sus {
        let node = if by_group {
            NODE_GROUP.to_owned()
        } else {
            node_name((first + su) % nodes + 1)
        };
        add_su(objects, rng, &sg, su, &node, kind, comps);
    }
    let sis = match model {
        RedundancyModel::NoRedundancy => rng.random_range(1..=sus),
        _ if kind == Kind::Script => 1,
        _ => [1, 1, 2, 2, 3, 4][rng.random_range(0..6)],
    };
    let chained = rng.random_bool(0.25);
    (0..sis)
        .map(|si| {
            let name = format!("safSi=G{index}I{si},{app}");
            let csis = rng.random_range(1..=comps);
            add_si(objects, rng, &name, &sg, model, sus, (csis, chained))
        })
        .collect()
}

/// A group without limits: one component for each SU, one CSI for each SI.
pub fn add_small(objects: &mut Objects, rng: &mut SmallRng, model: RedundancyModel, sus: usize, sis: usize) {
    let sg_type = "safVersion=1,safSgType=T0";
    let attrs = vec![
        attr_number("saAmfSgtRedundancyModel", model.code()),
        attr_name("saAmfSgtValidSuTypes", SU_TYPE),
        attr_bool("saAmfSgtDefAutoRepair", true),
        attr_number("saAmfSgtDefCompRestartMax", 0),
    ];
    objects.add("SaAmfSGType", sg_type, attrs);
    let sg = "safSg=G0,safApp=A0";
    objects.add("SaAmfSG", sg, vec![attr_name("saAmfSGType", sg_type)]);
    for su in 1..=sus {
        let name = format!("SU{su}");
        add_su_objects(objects, rng, sg, &name, &node_name(su), 1);
        let comp = format!("safComp=C0,safSu={name},{sg}");
        objects.add("SaAmfComp", &comp, vec![attr_name("saAmfCompType", COMP_TYPE)]);
        objects.add("SaAmfCompCsType", &supported(&comp), vec![]);
    }
    for si in 0..sis {
        let si = format!("safSi=I{si},safApp=A0");
        objects.add("SaAmfSI", &si, vec![attr_name("saAmfSIProtectedbySG", sg)]);
        let csi = format!("safCsi=W0,{si}");
        objects.add("SaAmfCSI", &csi, vec![attr_name("saAmfCSType", CS_TYPE)]);
    }
}

fn add_sg(
    objects: &mut Objects,
    rng: &mut SmallRng,
    index: usize,
    app: &str,
    model: RedundancyModel,
    sus: usize,
) -> String {
    let sg_type = format!("safVersion=1,safSgType=T{index}");
    let attrs = vec![
        attr_number("saAmfSgtRedundancyModel", model.code()),
        attr_name("saAmfSgtValidSuTypes", SU_TYPE),
        attr_bool("saAmfSgtDefAutoRepair", rng.random_bool(0.8)),
        attr_bool("saAmfSgtDefAutoAdjust", rng.random_bool(0.3) && ADJUSTS),
        attr_time("saAmfSgtDefAutoAdjustProb", SECOND),
        attr_time("saAmfSgtDefCompRestartProb", 5 * SECOND),
        attr_number("saAmfSgtDefCompRestartMax", rng.random_range(0..4)),
        attr_time("saAmfSgtDefSuRestartProb", 10 * SECOND),
        attr_number("saAmfSgtDefSuRestartMax", rng.random_range(0..3)),
    ];
    objects.add("SaAmfSGType", &sg_type, attrs);
    let sg = format!("safSg=G{index},{app}");
    let sus = u32::try_from(sus).unwrap_or(u32::MAX);
    let mut attrs = vec![attr_name("saAmfSGType", &sg_type)];
    attrs.extend(sg_limits(rng, model, sus));
    objects.add("SaAmfSG", &sg, attrs);
    sg
}

/// Preferred numbers and limits; left out as often as not.
fn sg_limits(rng: &mut SmallRng, model: RedundancyModel, sus: u32) -> Vec<Attr> {
    let mut attrs = Vec::new();
    if rng.random_bool(0.3) && sus >= 2 {
        attrs.push(attr_number(
            "saAmfSGNumPrefInserviceSUs",
            rng.random_range(2..=sus),
        ));
    }
    match model {
        RedundancyModel::NPlusM => {
            let active = rng.random_range(1..sus.max(2));
            attrs.push(attr_number("saAmfSGNumPrefActiveSUs", active));
            let standby = rng.random_range(1..=(sus - active).max(1));
            attrs.push(attr_number("saAmfSGNumPrefStandbySUs", standby));
        }
        RedundancyModel::NWay | RedundancyModel::NWayActive if rng.random_bool(0.4) => {
            attrs.push(attr_number(
                "saAmfSGNumPrefAssignedSUs",
                rng.random_range(1..=sus),
            ));
        }
        _ => {}
    }
    let limited = !matches!(model, RedundancyModel::TwoN | RedundancyModel::NoRedundancy);
    if limited && rng.random_bool(0.5) {
        attrs.push(attr_number("saAmfSGMaxActiveSIsperSU", rng.random_range(1..=4)));
    }
    if limited && model != RedundancyModel::NWayActive && rng.random_bool(0.5) {
        attrs.push(attr_number("saAmfSGMaxStandbySIsperSU", rng.random_range(1..=4)));
    }
    attrs
}

/// An SU with `comps` components.
pub fn add_su_objects(
    objects: &mut Objects,
    rng: &mut SmallRng,
    sg: &str,
    name: &str,
    node: &str,
    admin: u32,
) {
    let su = format!("safSu={name},{sg}");
    let attrs = vec![
        attr_name("saAmfSUType", SU_TYPE),
        attr_number("saAmfSURank", rng.random_range(0..5)),
        attr_name("saAmfSUHostNodeOrNodeGroup", node),
        attr_bool("saAmfSUFailover", rng.random_bool(0.3)),
        attr_number("saAmfSUAdminState", admin),
    ];
    objects.add("SaAmfSU", &su, attrs);
}

fn add_su(
    objects: &mut Objects,
    rng: &mut SmallRng,
    sg: &str,
    index: usize,
    node: &str,
    kind: Kind,
    comps: usize,
) {
    let name = format!("SU{index}");
    let admin = if rng.random_bool(0.05) { 2 } else { 1 };
    add_su_objects(objects, rng, sg, &name, node, admin);
    for comp in 0..comps {
        let comp_name = format!("safComp=C{comp},safSu={name},{sg}");
        add_comp(objects, rng, &comp_name, kind.type_of(comp));
    }
}

/// A component with limits of its own.
pub fn add_comp(objects: &mut Objects, rng: &mut SmallRng, comp: &str, comp_type: &str) {
    let mut attrs = vec![
        attr_name("saAmfCompType", comp_type),
        attr_number(
            "saAmfCompInstantiationLevel",
            [1, 1, 2, 3][rng.random_range(0..4)],
        ),
        attr_number("saAmfCompNumMaxInstantiateWithoutDelay", rng.random_range(1..3)),
        attr_number("saAmfCompNumMaxInstantiateWithDelay", rng.random_range(0..2)),
        attr_time("saAmfCompDelayBetweenInstantiateAttempts", SECOND),
    ];
    if rng.random_bool(0.15) {
        attrs.push(attr_bool("saAmfCompDisableRestart", true));
    }
    if rng.random_bool(0.15) {
        let recovery = [2, 3, 4, 5, 6][rng.random_range(0..5)];
        attrs.push(attr_number("saAmfCompRecoveryOnError", recovery));
    }
    objects.add("SaAmfComp", comp, attrs);
    objects.add("SaAmfCompCsType", &supported(comp), vec![]);
}

/// An SI with its CSIs; with `chained`, each CSI needs the one before it.
pub fn add_si(
    objects: &mut Objects,
    rng: &mut SmallRng,
    si: &str,
    sg: &str,
    model: RedundancyModel,
    sus: usize,
    (csis, chained): (usize, bool),
) -> Dn {
    let sus = u32::try_from(sus).unwrap_or(u32::MAX);
    let mut attrs = vec![
        attr_name("saAmfSvcType", SVC_TYPE),
        attr_name("saAmfSIProtectedbySG", sg),
        attr_number("saAmfSIRank", rng.random_range(0..4)),
    ];
    if model == RedundancyModel::NWayActive && rng.random_bool(0.7) {
        attrs.push(attr_number(
            "saAmfSIPrefActiveAssignments",
            rng.random_range(1..=sus.max(1)),
        ));
    }
    if model == RedundancyModel::NWay && rng.random_bool(0.6) {
        attrs.push(attr_number(
            "saAmfSIPrefStandbyAssignments",
            rng.random_range(1..=sus.clamp(1, 3)),
        ));
    }
    if rng.random_bool(0.05) {
        attrs.push(attr_number("saAmfSIAdminState", 2));
    }
    let object = objects.add("SaAmfSI", si, attrs);
    for csi in 0..csis {
        let mut attrs = vec![attr_name("saAmfCSType", CS_TYPE)];
        if chained && csi > 0 {
            attrs.push(attr_name(
                "saAmfCSIDependencies",
                &format!("safCsi=W{},{si}", csi - 1),
            ));
        }
        objects.add("SaAmfCSI", &format!("safCsi=W{csi},{si}"), attrs);
    }
    let ranked = matches!(model, RedundancyModel::NWay | RedundancyModel::NWayActive);
    if ranked && rng.random_bool(0.3) {
        for su in 1..=sus {
            let su = format!("safSu=SU{su},{sg}");
            objects.add(
                "SaAmfSIRankedSU",
                &format!("safRankedSu={},{si}", su.replace(',', "\\,")),
                vec![attr_number("saAmfRank", rng.random_range(1..=sus))],
            );
        }
    }
    object
}
