//! Which component of an SU gets which CSI (AMF B.02.01 §3.7.1.1; OpenSAF practice for the two passes).

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::HaState;

use crate::model::{Comp, Csi, Si, Su};
use crate::state::Given;

/// A CSI that a component of the SU has already.
#[derive(Debug, Clone)]
pub(crate) struct Present {
    pub(crate) csi: Dn,
    pub(crate) cs_type: Dn,
    pub(crate) comp: Dn,
    pub(crate) ha: HaState,
}

/// The CSIs with their components, SI by SI, and the CSIs that found none.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    pub(crate) sis: BTreeMap<Dn, Given>,
    pub(crate) unplaced: Vec<Dn>,
}

struct Places<'a> {
    su: &'a Su,
    role: HaState,
    /// The CSIs to be placed.
    own: BTreeSet<&'a Dn>,
    /// Every CSI with its component, type and whether it counts for the role.
    taken: Vec<(Dn, Dn, Dn, bool)>,
}

/// Places the CSIs of `sis` for `ha`. A CSI stays with the component that has it, unless its role changes and the component
/// cannot have it so, or has as many in the new role as it may (AMF B.02.01 §3.6). First each CSI gets a component that has
/// none; then, where components are pre-instantiable, what is left goes to components below their limit. Where an SI got
/// nothing that way, a CSI of each SI is placed before the rest.
pub(crate) fn place(su: &Su, sis: &[(&Dn, &Si)], ha: HaState, present: &[Present]) -> Placement {
    let placement = arranged(su, sis, ha, present, false);
    let without = |placement: &Placement| placement.sis.values().filter(|given| given.is_empty()).count();
    if sis.len() > 1 && without(&placement) > 0 {
        let fair = arranged(su, sis, ha, present, true);
        if without(&fair) < without(&placement) {
            return fair;
        }
    }
    placement
}

fn arranged(su: &Su, sis: &[(&Dn, &Si)], ha: HaState, present: &[Present], is_fair: bool) -> Placement {
    let role = if ha == HaState::Standby {
        HaState::Standby
    } else {
        HaState::Active
    };
    let mut csis: Vec<&Csi> = sis.iter().flat_map(|(_, si)| &si.csis).collect();
    csis.sort_by(|a, b| (a.level, &a.dn).cmp(&(b.level, &b.dn)));
    let mut places = Places::new(su, role, &csis, present);
    for (_, si) in sis.iter().filter(|_| is_fair) {
        places.place_one(si);
    }
    for pass in [Pass::Unused, Pass::Shared] {
        for csi in &csis {
            places.try_place(csi, pass);
        }
    }
    let mut placement = Placement::default();
    for (dn, si) in sis {
        let given = placement.sis.entry((*dn).clone()).or_default();
        let mut served: BTreeSet<&Dn> = BTreeSet::new();
        for csi in &si.csis {
            let needed = csi
                .needs
                .iter()
                .filter(|need| si.csis.iter().any(|other| &other.dn == *need));
            let needs_met = needed.into_iter().all(|need| served.contains(need));
            match places.comp_of(&csi.dn).filter(|_| needs_met) {
                Some(comp) => {
                    served.insert(&csi.dn);
                    given.insert(csi.dn.clone(), comp);
                }
                None => placement.unplaced.push(csi.dn.clone()),
            }
        }
    }
    placement
}

/// Whether the component that has the CSI can stand by for such a one.
fn stands_by(su: &Su, at: &Present) -> bool {
    let comp = su.comps.iter().find(|comp| comp.dn() == &at.comp);
    let capacity = comp.and_then(|comp| comp.capacities.get(&at.cs_type));
    capacity.is_some_and(|capacity| capacity.standby > 0)
}

fn entry(at: &Present, counts: bool) -> (Dn, Dn, Dn, bool) {
    (at.csi.clone(), at.comp.clone(), at.cs_type.clone(), counts)
}

fn counts_for(ha: HaState, role: HaState) -> bool {
    (ha == HaState::Standby) == (role == HaState::Standby)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Unused,
    Shared,
}

impl<'a> Places<'a> {
    /// The components with what stays with them of what they have.
    fn new(su: &'a Su, role: HaState, csis: &[&'a Csi], present: &[Present]) -> Places<'a> {
        let own: BTreeSet<&Dn> = csis.iter().map(|csi| &csi.dn).collect();
        let (changing, staying): (Vec<&Present>, Vec<&Present>) = present
            .iter()
            .partition(|at| own.contains(&at.csi) && !counts_for(at.ha, role));
        let stays = |at: &&Present| role == HaState::Active || !own.contains(&at.csi) || stands_by(su, at);
        let taken = staying.into_iter().filter(stays);
        let taken = taken.map(|at| entry(at, counts_for(at.ha, role))).collect();
        let mut places = Places { su, role, own, taken };
        for csi in csis {
            let kept = changing.iter().find(|at| at.csi == csi.dn);
            if let Some(at) = kept.filter(|at| places.has_room(&at.comp, &at.cs_type)) {
                places.taken.push(entry(at, true));
            }
        }
        places
    }

    /// A CSI of the SI, where none has a component yet.
    fn place_one(&mut self, si: &Si) {
        for csi in &si.csis {
            if si.csis.iter().any(|csi| self.comp_of(&csi.dn).is_some()) {
                return;
            }
            for pass in [Pass::Unused, Pass::Shared] {
                self.try_place(csi, pass);
            }
        }
    }

    fn comp_of(&self, csi: &Dn) -> Option<Dn> {
        let known = |comp: &Dn| self.su.comps.iter().any(|own| own.dn() == comp);
        self.taken
            .iter()
            .find(|(taken, comp, ..)| taken == csi && known(comp))
            .map(|(_, comp, ..)| comp.clone())
    }

    /// Whether the CSIs of its SI that it needs have components.
    fn has_needs(&self, csi: &Csi) -> bool {
        let mut own = csi.needs.iter().filter(|need| self.own.contains(need));
        own.all(|need| self.comp_of(need).is_some())
    }

    fn try_place(&mut self, csi: &Csi, pass: Pass) {
        if self.comp_of(&csi.dn).is_some() || !self.has_needs(csi) {
            return;
        }
        let fit = self.su.comps.iter().find(|comp| self.takes(comp, csi, pass));
        if let Some(comp) = fit {
            let entry = (csi.dn.clone(), comp.dn().clone(), csi.cs_type.clone(), true);
            self.taken.push(entry);
        }
    }

    fn takes(&self, comp: &Comp, csi: &Csi, pass: Pass) -> bool {
        let is_used = self.taken.iter().any(|(_, at, ..)| at == comp.dn());
        let shareable = pass == Pass::Shared && comp.is_pre_instantiable();
        (!is_used || shareable) && self.has_room(comp.dn(), &csi.cs_type)
    }

    /// Whether the component has fewer CSIs of the type in the role than it may.
    fn has_room(&self, comp: &Dn, cs_type: &Dn) -> bool {
        let config = self.su.comps.iter().find(|own| own.dn() == comp);
        let Some(capacity) = config.and_then(|comp| comp.capacities.get(cs_type)) else {
            return false;
        };
        let limit = if self.role == HaState::Standby {
            capacity.standby
        } else {
            capacity.active
        };
        let of_role = |(_, at, of, counts): &&(Dn, Dn, Dn, bool)| *counts && at == comp && of == cs_type;
        let same = self.taken.iter().filter(of_role).count();
        u32::try_from(same).is_ok_and(|same| same < limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ModelChange;
    use crate::model::{Model, Raw};
    use ais::{Attr, Value};

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    /// An SU whose components `c1` and `c2` take CSIs of type `t`, and an SI with the CSIs `k1` to `k3`, `k2` needing `k1`.
    fn model(category: u32, capability: u32) -> Model {
        let number = |name: &str, value| Attr::single(name, Value::Uint32(value));
        let name = |name: &str, value: &str| Attr::single(name, Value::Name(value.to_owned()));
        let mut objects = vec![
            (
                "SaAmfSGType",
                "safVersion=1,safSgType=g",
                vec![number("saAmfSgtRedundancyModel", 1)],
            ),
            ("SaAmfSUType", "safVersion=1,safSuType=s", vec![]),
            ("SaAmfCSType", "safVersion=1,safCSType=t", vec![]),
            (
                "SaAmfCompType",
                "safVersion=1,safCompType=c",
                vec![number("saAmfCtCompCategory", category)],
            ),
            (
                "SaAmfCtCsType",
                "safSupportedCsType=safVersion=1\\,safCSType=t,safVersion=1,safCompType=c",
                vec![number("saAmfCtCompCapability", capability)],
            ),
            (
                "SaAmfSG",
                "safSg=G,safApp=A",
                vec![name("saAmfSGType", "safVersion=1,safSgType=g")],
            ),
            (
                "SaAmfSU",
                "safSu=S,safSg=G,safApp=A",
                vec![name("saAmfSUType", "safVersion=1,safSuType=s")],
            ),
            (
                "SaAmfSI",
                "safSi=I,safApp=A",
                vec![name("saAmfSIProtectedbySG", "safSg=G,safApp=A")],
            ),
        ];
        let comp_type = || vec![name("saAmfCompType", "safVersion=1,safCompType=c")];
        objects.push(("SaAmfComp", "safComp=c1,safSu=S,safSg=G,safApp=A", comp_type()));
        objects.push(("SaAmfComp", "safComp=c2,safSu=S,safSg=G,safApp=A", comp_type()));
        let cs_type = || vec![name("saAmfCSType", "safVersion=1,safCSType=t")];
        let mut second = cs_type();
        second.push(name("saAmfCSIDependencies", "safCsi=k1,safSi=I,safApp=A"));
        objects.push(("SaAmfCSI", "safCsi=k1,safSi=I,safApp=A", cs_type()));
        objects.push(("SaAmfCSI", "safCsi=k2,safSi=I,safApp=A", second));
        objects.push(("SaAmfCSI", "safCsi=k3,safSi=I,safApp=A", cs_type()));
        let mut raw = Raw::default();
        for (class, object, attrs) in objects {
            let class = class.to_owned();
            raw.apply(&ModelChange::Create {
                class,
                dn: dn(object),
                attrs,
            });
        }
        Model::build(&raw, &[], &Model::default()).0
    }

    /// Who gets which CSI, as `k1=c1`.
    fn placed(model: &Model, ha: HaState, present: &[Present]) -> Vec<String> {
        let (_, sg, su) = model.su(&dn("safSu=S,safSg=G,safApp=A")).unwrap();
        let si_dn = dn("safSi=I,safApp=A");
        let placement = place(su, &[(&si_dn, &sg.sis[&si_dn])], ha, present);
        let given = &placement.sis[&si_dn];
        assert_eq!(given.len() + placement.unplaced.len(), 3);
        given
            .iter()
            .map(|(csi, comp)| format!("{}={}", csi.rdn_value(), comp.rdn_value()))
            .collect()
    }

    #[test]
    fn each_component_gets_one_before_any_gets_two() {
        let many = model(1, 1);
        // k2 is placed last, because it needs k1.
        assert_eq!(placed(&many, HaState::Active, &[]), ["k1=c1", "k2=c1", "k3=c2"]);
        let kept = Present {
            csi: dn("safCsi=k1,safSi=I,safApp=A"),
            cs_type: dn("safVersion=1,safCSType=t"),
            comp: dn("safComp=c2,safSu=S,safSg=G,safApp=A"),
            ha: HaState::Standby,
        };
        assert_eq!(
            placed(&many, HaState::Active, &[kept]),
            ["k1=c2", "k2=c1", "k3=c1"]
        );
    }

    #[test]
    fn who_cannot_stand_by_keeps_nothing_as_standby() {
        let held = || Present {
            csi: dn("safCsi=k1,safSi=I,safApp=A"),
            cs_type: dn("safVersion=1,safCSType=t"),
            comp: dn("safComp=c2,safSu=S,safSg=G,safApp=A"),
            ha: HaState::Quiesced,
        };
        // Both kinds of active components, and one that can stand by.
        assert!(placed(&model(1, 5), HaState::Standby, &[held()]).is_empty());
        assert!(placed(&model(1, 6), HaState::Standby, &[held()]).is_empty());
        assert_eq!(
            placed(&model(1, 4), HaState::Standby, &[held()]),
            ["k1=c2", "k3=c1"]
        );
        assert_eq!(
            placed(&model(1, 6), HaState::Quiesced, &[held()]),
            ["k1=c2", "k3=c1"]
        );
    }

    #[test]
    fn a_change_of_role_keeps_no_more_than_the_new_role_allows() {
        let csi = |name: &str, ha| Present {
            csi: dn(&format!("safCsi={name},safSi=I,safApp=A")),
            cs_type: dn("safVersion=1,safCSType=t"),
            comp: dn("safComp=c1,safSu=S,safSg=G,safApp=A"),
            ha,
        };
        let both = |ha| [csi("k1", ha), csi("k3", ha)];
        // One active or many standby ones.
        let one_active = model(1, 3);
        let held = both(HaState::Standby);
        assert_eq!(placed(&one_active, HaState::Active, &held), ["k1=c1", "k3=c2"]);
        // What does not change is left alone.
        assert_eq!(
            placed(&one_active, HaState::Active, &both(HaState::Active)),
            ["k1=c1", "k2=c2", "k3=c1"]
        );
        // One of either kind.
        let held = both(HaState::Quiesced);
        assert_eq!(placed(&model(1, 4), HaState::Standby, &held), ["k1=c1", "k3=c2"]);
    }

    #[test]
    fn capability_limits_what_a_component_takes() {
        assert_eq!(placed(&model(1, 6), HaState::Active, &[]), ["k1=c1", "k3=c2"]);
        assert!(placed(&model(1, 6), HaState::Standby, &[]).is_empty());
        assert_eq!(placed(&model(1, 4), HaState::Standby, &[]), ["k1=c1", "k3=c2"]);
        assert_eq!(placed(&model(8, 7), HaState::Active, &[]), ["k1=c1", "k3=c2"]);
    }
}
