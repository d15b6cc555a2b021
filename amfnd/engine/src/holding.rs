//! What an SU holds: the CSIs of its SIs, the state that each shall have, and the state that its component
//! has been given (AMF B.04.01 §3.2.1.6 and §3.2.2.2).

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{AssignmentReport, CsiAssignment, CsiTransition, HaState, SiAssignment};

/// What a CSI shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// In this state.
    Have(HaState),
    /// Taken from the component.
    Gone,
}

impl Target {
    /// Whether work is taken away: such steps go first, and down the dependency levels.
    pub(crate) fn lowers(self) -> bool {
        match self {
            Target::Gone | Target::Have(HaState::Quiesced | HaState::Quiescing) => true,
            Target::Have(HaState::Active | HaState::Standby) => false,
        }
    }
}

/// A CSI that a component of the SU has or shall have.
#[derive(Debug, Clone)]
pub(crate) struct Csi {
    pub(crate) wanted: CsiAssignment,
    pub(crate) target: Target,
    /// What the component has been told and has confirmed; `None` where it knows nothing of the CSI.
    pub(crate) given: Option<HaState>,
    /// A callback for the target is out.
    pub(crate) asked: bool,
    /// The component's process was told of the CSI, or is started because of it, and may act on what it was told last,
    /// answered or not.
    pub(crate) may_act: bool,
    pub(crate) news: News,
}

/// What changed about a CSI while its state is the same.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct News {
    /// A standby must hear of a new active component or rank.
    pub(crate) retell: bool,
    /// Its attributes changed since it was given.
    pub(crate) attributes: bool,
}

impl Csi {
    /// Should the component get it back, it is new to it.
    pub(crate) fn renew(&mut self) {
        if self.target == Target::Have(HaState::Active) {
            self.wanted.transition = CsiTransition::NewAssign;
            self.wanted.active_comp = None;
        }
    }
}

/// An SI that the SU has or shall have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holding {
    pub(crate) csis: BTreeMap<Dn, Csi>,
    /// What is reported: the state, and the CSIs with their components.
    pub(crate) confirmed: Option<(HaState, Vec<(Dn, Dn)>)>,
}

/// All that an SU holds, by SI.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holdings(pub(crate) BTreeMap<Dn, Holding>);

/// From the state that protects most to the one that protects least.
fn strongest(states: impl Iterator<Item = HaState>) -> Option<HaState> {
    states.min_by_key(|state| match state {
        HaState::Active => 0,
        HaState::Standby => 1,
        HaState::Quiescing => 2,
        HaState::Quiesced => 3,
    })
}

impl Holdings {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn csis(&self) -> impl Iterator<Item = (&Dn, &Dn, &Csi)> {
        self.0
            .iter()
            .flat_map(|(si, holding)| holding.csis.iter().map(move |(csi, state)| (si, csi, state)))
    }

    fn csis_mut(&mut self) -> impl Iterator<Item = &mut Csi> {
        self.0.values_mut().flat_map(|holding| holding.csis.values_mut())
    }

    /// The CSI of an SI.
    pub(crate) fn csi(&self, (si, csi): &(Dn, Dn)) -> Option<&Csi> {
        self.0.get(si)?.csis.get(csi)
    }

    /// The same, to change it.
    pub(crate) fn csi_mut(&mut self, (si, csi): &(Dn, Dn)) -> Option<&mut Csi> {
        self.0.get_mut(si)?.csis.get_mut(csi)
    }

    /// The component's.
    pub(crate) fn of<'a>(&'a self, comp: &'a Dn) -> impl Iterator<Item = (&'a Dn, &'a Dn, &'a Csi)> {
        self.csis().filter(move |(_, _, csi)| csi.wanted.comp == *comp)
    }

    /// The state that the component was given for a CSI.
    pub(crate) fn given(&self, comp: &Dn, csi: &Dn) -> Option<HaState> {
        self.of(comp)
            .find(|(_, name, _)| *name == csi)
            .and_then(|(_, _, csi)| csi.given)
    }

    /// Whether the component shall be active for something.
    pub(crate) fn wants_active(&self, comp: &Dn) -> bool {
        self.of(comp)
            .any(|(_, _, csi)| csi.target == Target::Have(HaState::Active))
    }

    /// Whether the component is, or is becoming, quiesced or quiescing for something.
    pub(crate) fn is_quiesced(&self, comp: &Dn) -> bool {
        let leaving = |state| matches!(state, HaState::Quiesced | HaState::Quiescing);
        self.of(comp).any(|(_, _, csi)| {
            csi.given.is_some_and(leaving) || matches!(csi.target, Target::Have(state) if leaving(state))
        })
    }

    /// The component is being stopped: what it gets back is new to it.
    pub(crate) fn withdrawn(&mut self, comp: &Dn) {
        for csi in self.csis_mut().filter(|csi| csi.wanted.comp == *comp) {
            csi.given = None;
            csi.asked = false;
            csi.news.attributes = false;
            csi.renew();
        }
    }

    /// Nothing of the component is left.
    pub(crate) fn stopped(&mut self, comp: &Dn) {
        for csi in self.csis_mut().filter(|csi| csi.wanted.comp == *comp) {
            csi.may_act = false;
        }
    }

    /// A component without callbacks is being started, to be active by being there.
    pub(crate) fn started(&mut self, comp: &Dn) {
        for csi in self.csis_mut().filter(|csi| csi.wanted.comp == *comp) {
            csi.may_act |= csi.target == Target::Have(HaState::Active);
        }
    }

    /// A component without callbacks is active by being there.
    pub(crate) fn instantiated(&mut self, comp: &Dn) {
        for csi in self.csis_mut().filter(|csi| csi.wanted.comp == *comp) {
            if csi.target == Target::Have(HaState::Active) {
                csi.given = Some(HaState::Active);
                csi.may_act = true;
            }
        }
    }

    /// Nobody will answer what the component was asked; what it knows is known.
    pub(crate) fn unasked(&mut self, comp: &Dn) {
        for csi in self.csis_mut().filter(|csi| csi.wanted.comp == *comp) {
            csi.asked = false;
        }
    }

    pub(crate) fn drop_comp(&mut self, comp: &Dn) {
        for holding in self.0.values_mut() {
            holding.csis.retain(|_, csi| csi.wanted.comp != *comp);
        }
        self.0.retain(|_, holding| !holding.csis.is_empty());
    }

    /// The component has nothing any more, and that is no secret.
    pub(crate) fn abandon(&mut self, comp: &Dn) {
        self.drop_comp(comp);
        for holding in self.0.values_mut() {
            if let Some((_, holders)) = &mut holding.confirmed {
                holders.retain(|(_, holder)| holder != comp);
            }
        }
    }

    /// Sets what an Assign order wants. The CSIs of an SI for ACTIVE or STANDBY are complete: others that the
    /// SU holds of it are taken away. An SI without CSIs means all that the SU holds of it.
    pub(crate) fn want(&mut self, ha: HaState, sis: Vec<SiAssignment>) {
        for SiAssignment { si, csis } in sis {
            let holding = self.0.entry(si).or_default();
            let lowers = Target::Have(ha).lowers();
            for csi in holding.csis.values_mut() {
                csi.target = if csis.is_empty() || lowers {
                    Target::Have(ha)
                } else {
                    Target::Gone
                };
            }
            for wanted in csis {
                let target = Target::Have(ha);
                let known = holding.csis.get_mut(&wanted.csi);
                if let Some(csi) = known.filter(|csi| csi.wanted.comp == wanted.comp) {
                    csi.news.retell = ha == HaState::Standby
                        && (&csi.wanted.active_comp, csi.wanted.standby_rank)
                            != (&wanted.active_comp, wanted.standby_rank);
                    csi.news.attributes |= csi.given.is_some() && csi.wanted.attributes != wanted.attributes;
                    csi.target = target;
                    csi.wanted = wanted;
                } else if !lowers {
                    let csi = Csi {
                        target,
                        given: None,
                        asked: false,
                        may_act: false,
                        news: News::default(),
                        wanted,
                    };
                    holding.csis.insert(csi.wanted.csi.clone(), csi);
                }
            }
        }
    }

    /// Sets what a Remove order wants; SIs that are not held are gone already.
    pub(crate) fn want_gone(&mut self, sis: &[Dn]) {
        for si in sis {
            let held = self
                .0
                .get_mut(si)
                .into_iter()
                .flat_map(|holding| holding.csis.values_mut());
            for csi in held {
                csi.target = Target::Gone;
            }
        }
    }

    /// Every target is reached: what is held now is what is reported.
    pub(crate) fn confirm(&mut self) {
        for holding in self.0.values_mut() {
            holding.csis.retain(|_, csi| csi.target != Target::Gone);
            for csi in holding.csis.values_mut() {
                if csi.target == Target::Have(HaState::Quiescing) {
                    csi.target = Target::Have(HaState::Quiesced);
                }
            }
            let targets = holding.csis.values().filter_map(|csi| match csi.target {
                Target::Have(ha) => Some(ha),
                Target::Gone => None,
            });
            holding.confirmed = strongest(targets).map(|ha| (ha, holders(&holding.csis)));
        }
        self.0.retain(|_, holding| !holding.csis.is_empty());
    }

    /// An order was given up. Components that were asked already may still do it. What they gave up does not come back, and
    /// what they never heard of does not come: there may be no place for it any more, or yet. For the others the order was
    /// never given. What is reported protects: the strongest state that a component may be in.
    pub(crate) fn roll_back(&mut self) {
        for holding in self.0.values_mut() {
            let before = holding.confirmed.as_ref().map(|(ha, _)| *ha);
            let held: BTreeSet<Dn> = match &holding.confirmed {
                Some((_, holders)) => holders.iter().map(|(csi, _)| csi.clone()).collect(),
                None => BTreeSet::new(),
            };
            holding.csis.retain(|name, csi| {
                csi.news.retell = false;
                if csi.asked {
                    return true;
                }
                let back = before.filter(|_| csi.target != Target::Gone && held.contains(name));
                match csi.given.or(back) {
                    Some(ha) => csi.target = Target::Have(ha),
                    None => return csi.may_act,
                }
                true
            });
            let states = holding.csis.values().flat_map(|csi| {
                let target = match csi.target {
                    Target::Have(ha) => Some(ha),
                    Target::Gone => None,
                };
                [csi.given, target].into_iter().flatten()
            });
            holding.confirmed = strongest(states.chain(before)).map(|ha| (ha, holders(&holding.csis)));
        }
        self.0.retain(|_, holding| !holding.csis.is_empty());
    }

    pub(crate) fn reports(&self) -> Vec<AssignmentReport> {
        self.0
            .iter()
            .filter_map(|(si, holding)| {
                let (ha, csis) = holding.confirmed.clone()?;
                Some(AssignmentReport {
                    si: si.clone(),
                    ha,
                    csis,
                })
            })
            .collect()
    }
}

fn holders(csis: &BTreeMap<Dn, Csi>) -> Vec<(Dn, Dn)> {
    csis.iter()
        .map(|(name, csi)| (name.clone(), csi.wanted.comp.clone()))
        .collect()
}
