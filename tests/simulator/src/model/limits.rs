//! Components that may have few CSIs at a time, in some of the models (AMF B.02.01 §3.6).

use std::collections::BTreeSet;

use ais::Dn;
use director_engine::ModelChange;
use rand::Rng;
use rand::rngs::SmallRng;

use super::objects::{Objects, attr_number};

/// Of how many models the components of some groups are limited.
const MODELS: f64 = 0.2;

/// The most active and standby CSIs that a component may have.
pub const ACTIVE: &str = "saAmfCompNumMaxActiveCSIs";
/// The same of standby ones.
pub const STANDBY: &str = "saAmfCompNumMaxStandbyCSIs";

/// Limits the components of some groups, each for itself.
pub fn draw(objects: &mut Objects, rng: &mut SmallRng) {
    if !rng.random_bool(MODELS) {
        return;
    }
    let mut drawn: BTreeSet<Dn> = BTreeSet::new();
    let mut limited: BTreeSet<Dn> = BTreeSet::new();
    for change in &mut objects.0 {
        let ModelChange::Create { class, dn, attrs } = change else {
            continue;
        };
        let sg = dn.parent().and_then(|comp| comp.parent()?.parent());
        let Some(sg) = sg.filter(|_| class == "SaAmfCompCsType") else {
            continue;
        };
        if drawn.insert(sg.clone()) && rng.random_bool(0.7) {
            limited.insert(sg.clone());
        }
        if !limited.contains(&sg) {
            continue;
        }
        for attr in [ACTIVE, STANDBY] {
            let limit = [None, Some(1), Some(1), Some(2), Some(2), Some(3)][rng.random_range(0..6)];
            attrs.extend(limit.map(|limit| attr_number(attr, limit)));
        }
    }
}
