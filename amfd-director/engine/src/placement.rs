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
    /// Every CSI with its component, type and whether it counts for the role.
    taken: Vec<(Dn, Dn, Dn, bool)>,
}

/// Places the CSIs of `sis` for `ha`. A CSI stays with the component that has it. First each CSI gets a component that
/// has none; then, where components are pre-instantiable, what is left goes to components below their limit.
pub(crate) fn place(su: &Su, sis: &[(&Dn, &Si)], ha: HaState, present: &[Present]) -> Placement {
    let role = if ha == HaState::Standby {
        HaState::Standby
    } else {
        HaState::Active
    };
    let mut places = Places {
        su,
        role,
        taken: present
            .iter()
            .map(|at| {
                (
                    at.csi.clone(),
                    at.comp.clone(),
                    at.cs_type.clone(),
                    counts_for(at.ha, role),
                )
            })
            .collect(),
    };
    let mut csis: Vec<&Csi> = sis.iter().flat_map(|(_, si)| &si.csis).collect();
    csis.sort_by(|a, b| (a.level, &a.dn).cmp(&(b.level, &b.dn)));
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

fn counts_for(ha: HaState, role: HaState) -> bool {
    (ha == HaState::Standby) == (role == HaState::Standby)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Unused,
    Shared,
}

impl Places<'_> {
    fn comp_of(&self, csi: &Dn) -> Option<Dn> {
        let known = |comp: &Dn| self.su.comps.iter().any(|own| own.dn() == comp);
        self.taken
            .iter()
            .find(|(taken, comp, ..)| taken == csi && known(comp))
            .map(|(_, comp, ..)| comp.clone())
    }

    fn try_place(&mut self, csi: &Csi, pass: Pass) {
        if self.comp_of(&csi.dn).is_some() {
            return;
        }
        let fit = self.su.comps.iter().find(|comp| self.takes(comp, csi, pass));
        if let Some(comp) = fit {
            let entry = (csi.dn.clone(), comp.dn().clone(), csi.cs_type.clone(), true);
            self.taken.push(entry);
        }
    }

    fn takes(&self, comp: &Comp, csi: &Csi, pass: Pass) -> bool {
        let Some(capacity) = comp.capacities.get(&csi.cs_type) else {
            return false;
        };
        let limit = if self.role == HaState::Standby {
            capacity.standby
        } else {
            capacity.active
        };
        let of_comp = || self.taken.iter().filter(|(_, at, ..)| at == comp.dn());
        let is_used = of_comp().next().is_some();
        let same = of_comp()
            .filter(|(_, _, cs_type, counts)| *counts && cs_type == &csi.cs_type)
            .count();
        let shareable = pass == Pass::Shared && comp.is_pre_instantiable();
        (!is_used || shareable) && u32::try_from(same).is_ok_and(|same| same < limit)
    }
}
