//! Orders to node directors: filling in what each component gets, sending, and remembering what is in flight.

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::{CsiAssignment, CsiTransition, HaState, NodeOrder, OrderId, SiAssignment};

use crate::Director;
use crate::effect::Effect;
use crate::group;
use crate::life_cycle::LifeStep;
use crate::model::{Csi, Sg, Si, Su};
use crate::placement;
use crate::plan::{self, Target};
use crate::reason::Reason;
use crate::state::{Given, InFlight, OrderKind, SuState, View};
use crate::steps::Action;
use crate::transition::{self, Past};

impl Director {
    /// Sends an order about the SU to its node; nothing where the node is not there.
    pub(crate) fn order(
        &mut self,
        su: &Dn,
        kind: OrderKind,
        build: impl FnOnce(OrderId) -> NodeOrder,
    ) -> Option<OrderId> {
        let (_, _, config) = self.model.su(su)?;
        let (node, session) = self.view().session(config)?;
        let node = node.clone();
        if self.state.su(su).is_some_and(SuState::works_for_another) {
            self.doubt_all(su);
        }
        let id = self.state.next_order();
        self.state.sus.get_mut(su)?.send(InFlight { id, kind });
        let cause = self.cause();
        self.out.send.push(Effect::Send {
            node,
            session,
            order: build(id),
            cause,
        });
        Some(id)
    }

    /// Carries out a step in the life of an SU.
    pub(crate) fn order_life_step(&mut self, su: &Dn, step: LifeStep) {
        let dn = su.clone();
        match step {
            LifeStep::Instantiate => {
                self.order(su, OrderKind::Instantiate, |id| NodeOrder::Instantiate {
                    id,
                    su: dn,
                });
            }
            LifeStep::Terminate => {
                self.order(su, OrderKind::Terminate, |id| NodeOrder::Terminate { id, su: dn });
            }
            LifeStep::Cleanup => self.order_cleanup(su),
            LifeStep::Repair => {
                if let Some(state) = self.state.sus.get_mut(su) {
                    state.repair_wanted = false;
                }
                self.because(su, Reason::Repair);
                self.order(su, OrderKind::Repair, |id| NodeOrder::Repair { id, su: dn });
            }
        }
    }

    pub(crate) fn order_cleanup(&mut self, su: &Dn) {
        let dn = su.clone();
        self.order(su, OrderKind::Cleanup, |id| NodeOrder::Cleanup { id, su: dn });
    }

    /// Carries out an assignment step of an SU; gives whether there was anything to order.
    pub(crate) fn order_action(&mut self, su: &Dn, action: Action, target: &Target) -> bool {
        let dn = su.clone();
        let id = match action {
            Action::Cleanup => self.order(su, OrderKind::Cleanup, |id| NodeOrder::Cleanup { id, su: dn }),
            Action::Remove(sis) => {
                let list = sis.iter().cloned().collect();
                self.order(su, OrderKind::Remove(sis), |id| NodeOrder::Remove {
                    id,
                    su: dn,
                    sis: list,
                })
            }
            Action::Assign(ha, sis) => {
                let Some((assignments, unplaced)) = self.assignments(su, ha, &sis, target) else {
                    return false;
                };
                for csi in unplaced {
                    let reason = Reason::CsiWithoutComp {
                        su: su.clone(),
                        csi: csi.clone(),
                    };
                    self.because(&csi, reason);
                }
                let given_up = self.given_up(su, ha, &sis, &assignments);
                if !given_up.is_empty() {
                    return self.order_action(su, Action::Remove(given_up), target);
                }
                let sis: BTreeSet<Dn> = assignments.iter().map(|part| part.si.clone()).collect();
                if sis.is_empty() {
                    return false;
                }
                self.remember_given(su, &assignments);
                debug_assert!(
                    ha != HaState::Active || self.rivals(su, &sis).is_empty(),
                    "{su} would be active beside {:?}",
                    self.rivals(su, &sis)
                );
                debug_assert!(
                    ha != HaState::Active || self.unsponsored(su, &sis).is_none(),
                    "{su} would be active without the sponsor of {:?}",
                    self.unsponsored(su, &sis)
                );
                let kind = OrderKind::Assign { ha, sis };
                self.order(su, kind, |id| NodeOrder::Assign {
                    id,
                    su: dn,
                    ha,
                    sis: assignments,
                })
            }
        };
        id.is_some()
    }

    /// Those of the SIs that the SU holds in another state and cannot have in this one as it has them: no component takes
    /// them, or another would have to. They go before the rest is given, or they would be left as they are.
    fn given_up(
        &self,
        su: &Dn,
        ha: HaState,
        sis: &BTreeSet<Dn>,
        assignments: &[SiAssignment],
    ) -> BTreeSet<Dn> {
        let Some(state) = self.state.su(su) else {
            return BTreeSet::new();
        };
        let changes = |si: &Dn| match state.held(si) {
            Some(HaState::Standby) => ha == HaState::Active,
            Some(HaState::Quiesced) => matches!(ha, HaState::Active | HaState::Standby),
            Some(HaState::Active | HaState::Quiescing) | None => false,
        };
        let stays = |si: &Dn| {
            let placed = state.placed(si);
            let part = assignments.iter().find(|part| part.si == *si);
            let moves = |csi: &CsiAssignment| placed.get(&csi.csi).is_some_and(|comp| *comp != csi.comp);
            part.is_some_and(|part| !part.csis.iter().any(moves))
        };
        let changing = sis.iter().filter(|si| changes(si));
        changing.filter(|si| !stays(si)).cloned().collect()
    }

    /// Other SUs that may act for these SIs where only one may, apart from SIs that the SU never gave up.
    fn rivals(&self, su: &Dn, sis: &BTreeSet<Dn>) -> Vec<Dn> {
        let Some((_, sg, _)) = self.model.su(su) else {
            return Vec::new();
        };
        let single = plan::protection(sg.model).single_active;
        let own = self.view().may_act(sg, su);
        let sis: BTreeSet<Dn> = sis.difference(&own).cloned().collect();
        sg.sus
            .keys()
            .filter(|other| single && *other != su)
            .filter(|other| !self.view().may_act(sg, other).is_disjoint(&sis))
            .cloned()
            .collect()
    }

    fn remember_given(&mut self, su: &Dn, assignments: &[SiAssignment]) {
        let sg = self.model.su(su).map(|(_, sg, _)| sg);
        let (Some(sg), Some(state)) = (sg, self.state.sus.get_mut(su)) else {
            return;
        };
        for part in assignments {
            let csis = sg.sis.get(&part.si).into_iter().flat_map(|si| &si.csis);
            for csi in csis.filter(|csi| part.csis.iter().any(|told| told.csi == csi.dn)) {
                state.told.insert(csi.dn.clone(), csi.attributes.clone());
            }
            let given = part
                .csis
                .iter()
                .map(|csi| (csi.csi.clone(), csi.comp.clone()))
                .collect();
            state.given.insert(part.si.clone(), given);
            let rank = part.csis.iter().map(|csi| csi.standby_rank).max();
            if let Some(rank) = rank.filter(|rank| *rank > 0) {
                state.standby_ranks.insert(part.si.clone(), rank);
            }
        }
    }

    pub(crate) fn assignments(
        &self,
        su_dn: &Dn,
        ha: HaState,
        sis: &BTreeSet<Dn>,
        target: &Target,
    ) -> Option<(Vec<SiAssignment>, Vec<Dn>)> {
        let (_, sg, su) = self.model.su(su_dn)?;
        let view = self.view();
        let filler = Filler {
            view,
            sg,
            su_dn,
            su,
            ha,
            target,
        };
        Some(filler.fill(sis))
    }
}

struct Filler<'a> {
    view: View<'a>,
    sg: &'a Sg,
    su_dn: &'a Dn,
    su: &'a Su,
    ha: HaState,
    target: &'a Target,
}

impl Filler<'_> {
    /// What each component gets, and the CSIs that no component takes.
    fn fill(&self, sis: &BTreeSet<Dn>) -> (Vec<SiAssignment>, Vec<Dn>) {
        let mut wanted: Vec<(&Dn, &Si)> = sis
            .iter()
            .filter_map(|dn| self.sg.sis.get_key_value(dn))
            .collect();
        wanted.sort_by_key(|(dn, si)| (si.rank, *dn));
        let state = self.view.state.su(self.su_dn);
        let present = state
            .map(|state| group::present(self.sg, self.su, state))
            .unwrap_or_default();
        let placement = placement::place(self.su, &wanted, self.ha, &present);
        let leaves = matches!(self.ha, HaState::Quiesced | HaState::Quiescing);
        let mut parts = Vec::new();
        for (dn, si) in &wanted {
            let held = state.map(|state| state.placed(dn)).unwrap_or_default();
            let planned = placement.sis.get(*dn).cloned().unwrap_or_default();
            let given = if leaves && !held.is_empty() { held } else { planned };
            if !given.is_empty() || leaves {
                parts.push(self.part(dn, si, &given));
            }
        }
        (parts, if leaves { Vec::new() } else { placement.unplaced })
    }

    fn part(&self, dn: &Dn, si: &Si, given: &Given) -> SiAssignment {
        let placed = self.placed(dn);
        let csis = si
            .csis
            .iter()
            .filter_map(|csi| Some(self.csi(dn, csi, given.get(&csi.dn)?, &placed)))
            .collect();
        SiAssignment { si: dn.clone(), csis }
    }

    /// Who has confirmed which CSIs of the SI in which state.
    fn placed(&self, si: &Dn) -> Vec<(HaState, Given)> {
        let holders = self.view.holders(self.sg, si);
        let of = |(su, ha): (Dn, HaState)| Some((ha, self.view.state.su(&su)?.placed(si)));
        holders.into_iter().filter_map(of).collect()
    }

    fn csi(&self, si: &Dn, csi: &Csi, comp: &Dn, placed: &[(HaState, Given)]) -> CsiAssignment {
        let elsewhere = |wanted: HaState| {
            let mut others = placed.iter().filter(|(ha, _)| *ha == wanted);
            others.find_map(|(_, given)| {
                given
                    .get(&csi.dn)
                    .filter(|other| !other.is_within(self.su_dn))
                    .cloned()
            })
        };
        let own = placed.iter().find_map(|(ha, given)| {
            let own = given.get(&csi.dn).filter(|comp| comp.is_within(self.su_dn));
            Some((*ha, own?.clone()))
        });
        let (transition, active_comp) = match self.ha {
            HaState::Active => transition::to_active(Past {
                active: elsewhere(HaState::Active),
                quiesced: elsewhere(HaState::Quiesced),
                own,
                last: self
                    .view
                    .state
                    .last_active
                    .get(si)
                    .and_then(|last| last.get(&csi.dn).cloned()),
            }),
            HaState::Standby => (CsiTransition::NewAssign, elsewhere(HaState::Active)),
            HaState::Quiesced | HaState::Quiescing => (CsiTransition::NewAssign, None),
        };
        CsiAssignment {
            csi: csi.dn.clone(),
            comp: comp.clone(),
            dependency_level: csi.level,
            transition,
            active_comp,
            standby_rank: if self.ha == HaState::Standby {
                self.target.standby_rank(si, self.su_dn)
            } else {
                0
            },
            attributes: csi.attributes.to_vec(),
            needs: csi.needs.iter().cloned().collect(),
        }
    }
}
