//! What an SU holds: the CSIs of its SIs, the state that each shall have, and the state that its component
//! has been given (AMF B.04.01 §3.5 and §7.1.3).
//!
//! An order changes targets only. [`Su::advance_assignments`] tells the components whatever differs: taking
//! work away first, from the highest dependency level down, then giving it, from the lowest level up; a level
//! begins when the one before has answered. A component that was restarted has been given nothing, so its
//! CSIs come back by the same comparison.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::{
    AssignmentReport, CallbackKind, CsiAssignment, CsiDescriptor, CsiTransition, HaState, PresenceState,
    SiAssignment,
};

use crate::comp::{CallKind, Comp, Kind};
use crate::cx::Cx;
use crate::presence::ClcEvent;
use crate::su::{Goal, Su};

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
    fn lowers(self) -> bool {
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
    asked: bool,
    /// The component's process was told of the CSI and may act on what it was told last, answered or not.
    may_act: bool,
    /// The state is the same, but a standby must hear of a new active component or rank.
    retell: bool,
}

/// An SI that the SU has or shall have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holding {
    pub(crate) csis: BTreeMap<Dn, Csi>,
    /// What is reported: the state, and the CSIs with their components.
    pub(crate) confirmed: Option<(HaState, Vec<(Dn, Dn)>)>,
}

/// How far a CSI is from its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There, or nothing can be done about it any more.
    Settled,
    /// Its component is busy.
    Waiting,
    /// Its component can be told now.
    Due,
}

/// All that an SU holds, by SI.
#[derive(Debug, Default)]
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

    pub(crate) fn csi_mut(&mut self, (si, csi): &(Dn, Dn)) -> Option<&mut Csi> {
        self.0.get_mut(si)?.csis.get_mut(csi)
    }

    fn of<'a>(&'a self, comp: &'a Dn) -> impl Iterator<Item = (&'a Dn, &'a Dn, &'a Csi)> {
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
            if csi.target == Target::Have(HaState::Active) {
                csi.wanted.transition = CsiTransition::NewAssign;
                csi.wanted.active_comp = None;
            }
        }
    }

    /// Nothing of the component is left.
    pub(crate) fn stopped(&mut self, comp: &Dn) {
        for csi in self.csis_mut().filter(|csi| csi.wanted.comp == *comp) {
            csi.may_act = false;
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

    pub(crate) fn drop_comp(&mut self, comp: &Dn) {
        for holding in self.0.values_mut() {
            holding.csis.retain(|_, csi| csi.wanted.comp != *comp);
        }
        self.0.retain(|_, holding| !holding.csis.is_empty());
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
                    csi.retell = ha == HaState::Standby
                        && (&csi.wanted.active_comp, csi.wanted.standby_rank)
                            != (&wanted.active_comp, wanted.standby_rank);
                    csi.target = target;
                    csi.wanted = wanted;
                } else if !lowers {
                    let csi = Csi {
                        target,
                        given: None,
                        asked: false,
                        may_act: false,
                        retell: false,
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

    /// An order was given up. Components that were asked already may still do it; for the others the order was
    /// never given. What is reported protects: the strongest state that a component may be in.
    pub(crate) fn roll_back(&mut self) {
        for holding in self.0.values_mut() {
            let before = holding.confirmed.as_ref().map(|(ha, _)| *ha);
            holding.csis.retain(|_, csi| {
                csi.retell = false;
                if csi.asked {
                    return true;
                }
                match csi.given.or(before) {
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

/// The CSIs, each with its SI, that a callback of the component is out for.
fn asked(comp: &Comp) -> impl Iterator<Item = &(Dn, Dn)> {
    comp.calls.values().flat_map(|call| match &call.kind {
        CallKind::CsiSet { csis, .. } | CallKind::Quiescing { csis } | CallKind::CsiRemove { csis } => {
            csis.as_slice()
        }
        CallKind::Healthcheck { .. } | CallKind::Terminate => &[],
    })
}

impl Su {
    /// How far a CSI is from its target.
    fn progress(&self, si: &Dn, name: &Dn, csi: &Csi) -> Progress {
        let Some(at) = self.index(&csi.wanted.comp) else {
            return Progress::Settled;
        };
        let comp = &self.comps[at];
        match (comp.presence, comp.kind) {
            (PresenceState::InstantiationFailed | PresenceState::TerminationFailed, _) => Progress::Settled,
            (PresenceState::Instantiating | PresenceState::Terminating | PresenceState::Restarting, _) => {
                Progress::Waiting
            }
            (PresenceState::Uninstantiated, Kind::NonSaAware) => {
                let runs = matches!(self.goal, Goal::Up | Goal::Restart(_)) && !comp.faulted;
                if runs && csi.target == Target::Have(HaState::Active) {
                    Progress::Due
                } else {
                    Progress::Settled
                }
            }
            (PresenceState::Uninstantiated, Kind::SaAware | Kind::Unsupported)
            | (PresenceState::Instantiated, Kind::Unsupported) => Progress::Settled,
            (PresenceState::Instantiated, Kind::NonSaAware) => {
                if csi.target == Target::Have(HaState::Active) {
                    Progress::Settled
                } else {
                    Progress::Due
                }
            }
            (PresenceState::Instantiated, Kind::SaAware) => {
                if asked(comp).any(|(s, c)| s == si && c == name) {
                    Progress::Waiting
                } else {
                    told(csi)
                }
            }
        }
    }

    /// Whether every CSI is as it shall be.
    pub(crate) fn is_settled(&self) -> bool {
        self.holdings
            .csis()
            .all(|(si, name, csi)| self.progress(si, name, csi) == Progress::Settled)
    }

    /// Tells components about their CSIs, as far as that is possible now.
    pub(crate) fn advance_assignments(&mut self, cx: &mut Cx) {
        if self.goal != Goal::Up {
            return;
        }
        let open: Vec<(&Dn, &Dn, &Csi, Progress)> = self
            .holdings
            .csis()
            .map(|(si, name, csi)| (si, name, csi, self.progress(si, name, csi)))
            .filter(|(_, _, _, progress)| *progress != Progress::Settled)
            .collect();
        let levels = |lowers: bool| {
            let open = open
                .iter()
                .filter(move |(_, _, csi, _)| csi.target.lowers() == lowers);
            open.map(|(_, _, csi, _)| csi.wanted.dependency_level)
        };
        let (lowers, level) = match (levels(true).max(), levels(false).min()) {
            (Some(level), _) => (true, level),
            (None, Some(level)) => (false, level),
            (None, None) => return,
        };
        let mut due: BTreeMap<usize, Vec<(Dn, Dn)>> = BTreeMap::new();
        for (si, name, csi, progress) in open {
            if csi.target.lowers() == lowers
                && csi.wanted.dependency_level == level
                && progress == Progress::Due
                && let Some(at) = self.index(&csi.wanted.comp)
            {
                due.entry(at).or_default().push((si.clone(), name.clone()));
            }
        }
        for (at, csis) in due {
            match (self.comps[at].kind, lowers) {
                (Kind::SaAware, _) => self.tell(at, &csis, cx),
                (Kind::NonSaAware, false) if self.comps[at].presence == PresenceState::Uninstantiated => {
                    self.comps[at].csi_env = self.csi_env(at);
                    self.apply(at, ClcEvent::Instantiate, cx);
                }
                (Kind::NonSaAware, _) => self.apply(at, ClcEvent::Terminate, cx),
                (Kind::Unsupported, _) => {}
            }
        }
    }

    /// The attributes of a non-SA-aware component's CSI, where it has exactly one: each with its first value.
    fn csi_env(&self, at: usize) -> Vec<String> {
        let mut of = self.holdings.of(self.comps[at].dn());
        let (Some((_, _, csi)), None) = (of.next(), of.next()) else {
            return Vec::new();
        };
        csi.wanted
            .attributes
            .iter()
            .filter_map(|(name, values)| values.first().map(|value| format!("{name}={value}")))
            .collect()
    }

    /// Sends the callbacks for CSIs of one component: one for all where they are all that it has and share a
    /// target, otherwise one for each.
    fn tell(&mut self, at: usize, due: &[(Dn, Dn)], cx: &mut Cx) {
        let comp = self.comps[at].dn().clone();
        let known = self
            .holdings
            .of(&comp)
            .filter(|(_, _, csi)| csi.given.is_some())
            .count();
        let mut targets: Vec<(Target, bool)> = Vec::new();
        for name in due {
            if let Some(csi) = self.holdings.csi_mut(name) {
                csi.retell = false;
                csi.asked = true;
                csi.may_act = true;
                targets.push((csi.target, csi.given.is_some()));
            }
        }
        let all = known == due.len() && targets.iter().all(|target| *target == targets[0] && target.1);
        if all {
            self.tell_one(at, due, None, cx);
        } else {
            for name in due {
                self.tell_one(at, std::slice::from_ref(name), Some(name.1.clone()), cx);
            }
        }
    }

    fn tell_one(&mut self, at: usize, names: &[(Dn, Dn)], csi: Option<Dn>, cx: &mut Cx) {
        let comp = &mut self.comps[at];
        let (Some(session), Some(state)) = (comp.session, self.holdings.csi_mut(&names[0])) else {
            return;
        };
        let csis = names.to_vec();
        let (callback, kind, timeout) = match state.target {
            Target::Have(ha) => {
                let is_new = state.given.is_none();
                let descriptor = CsiDescriptor {
                    csi,
                    is_new,
                    transition: state.wanted.transition,
                    active_comp: state.wanted.active_comp.clone(),
                    standby_rank: state.wanted.standby_rank,
                    attributes: if is_new {
                        state.wanted.attributes.clone()
                    } else {
                        Vec::new()
                    },
                };
                let callback = CallbackKind::CsiSet { ha, csi: descriptor };
                let kind = CallKind::CsiSet {
                    ha,
                    csis,
                    completed: None,
                };
                (callback, kind, comp.config.csi_set_timeout)
            }
            Target::Gone => (
                CallbackKind::CsiRemove { csi },
                CallKind::CsiRemove { csis },
                comp.config.csi_remove_timeout,
            ),
        };
        comp.call(session, callback, kind, Some(cx.now.after(timeout)), cx);
    }

    /// Components confirmed a state, or with `None` a removal.
    pub(crate) fn record_given(&mut self, csis: &[(Dn, Dn)], given: Option<HaState>, cx: &mut Cx) {
        cx.moved = true;
        for name in csis {
            if let Some(csi) = self.holdings.csi_mut(name) {
                csi.given = given;
                csi.asked = given == Some(HaState::Quiescing);
                csi.may_act = given.is_some();
            }
        }
    }
}

/// Whether a registered component has been told what it shall know of a CSI.
fn told(csi: &Csi) -> Progress {
    let there = match csi.target {
        Target::Gone => csi.given.is_none(),
        // A component that knows nothing of the CSI is as good as quiesced; it cannot be told so.
        Target::Have(HaState::Quiesced | HaState::Quiescing) => {
            matches!(csi.given, None | Some(HaState::Quiesced))
        }
        Target::Have(ha @ (HaState::Active | HaState::Standby)) => csi.given == Some(ha) && !csi.retell,
    };
    if there { Progress::Settled } else { Progress::Due }
}
