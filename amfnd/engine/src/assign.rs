//! Telling components about their CSIs (AMF B.04.01 §3.5 and §7.1.3).
//!
//! An order changes targets only. [`Su::advance_assignments`] tells the components whatever differs: taking
//! work away first, from the highest dependency level down, then giving it, from the lowest level up; a level
//! begins when the one before has answered. A component that was restarted has been given nothing, so its
//! CSIs come back by the same comparison.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::{CallbackKind, CsiDescriptor, ErrorSource, HaState, PresenceState};

use crate::comp::{AttributeChanges, CallKind, Comp, Kind};
use crate::cx::Cx;
use crate::holding::{Csi, Target};
use crate::presence::ClcEvent;
use crate::recovery::CompError;
use crate::su::{Goal, Su};
use crate::support::Support;

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

/// The CSIs, each with its SI, that a callback of the component is out for.
fn asked(comp: &Comp) -> impl Iterator<Item = &(Dn, Dn)> {
    comp.calls.values().flat_map(|call| match &call.kind {
        CallKind::CsiSet { csis, .. } | CallKind::Quiescing { csis } | CallKind::CsiRemove { csis } => {
            csis.as_slice()
        }
        CallKind::Healthcheck { .. }
        | CallKind::Terminate
        | CallKind::Instantiate
        | CallKind::Cleanup
        | CallKind::AttributeChange => &[],
    })
}

impl Su {
    /// How far a CSI is from its target.
    fn progress(&self, si: &Dn, name: &Dn, csi: &Csi) -> Progress {
        let alone = self.progress_alone(si, name, csi);
        if csi.target != Target::Have(HaState::Active) || alone == Progress::Waiting {
            return alone;
        }
        match (self.support(si, csi), csi.given) {
            (Support::Firm, _) | (Support::Coming | Support::Never, Some(HaState::Active)) => alone,
            (Support::Lost, Some(HaState::Active)) => Progress::Due,
            (Support::Coming | Support::Lost, _) => Progress::Waiting,
            (Support::Never, _) => Progress::Settled,
        }
    }

    /// The same, whatever other CSIs it depends on.
    pub(crate) fn progress_alone(&self, si: &Dn, name: &Dn, csi: &Csi) -> Progress {
        let Some(at) = self.index(&csi.wanted.comp) else {
            return Progress::Settled;
        };
        let comp = &self.comps[at];
        match (comp.presence, comp.kind) {
            (PresenceState::Instantiating | PresenceState::Terminating | PresenceState::Restarting, _) => {
                Progress::Waiting
            }
            (PresenceState::Uninstantiated, Kind::NonSaAware | Kind::ProxiedNpi) => {
                let runs = matches!(self.goal, Goal::Up | Goal::Restart(_)) && !comp.faulted;
                if runs && csi.target == Target::Have(HaState::Active) {
                    if comp.kind == Kind::ProxiedNpi && comp.session.is_none() {
                        return Progress::Waiting;
                    }
                    Progress::Due
                } else {
                    Progress::Settled
                }
            }
            (PresenceState::InstantiationFailed | PresenceState::TerminationFailed, _)
            | (PresenceState::Uninstantiated, Kind::SaAware | Kind::Proxied | Kind::Contained) => {
                Progress::Settled
            }
            (PresenceState::Instantiated, Kind::NonSaAware | Kind::ProxiedNpi) => {
                // It may run for another CSI, and not for this one any more.
                let runs_for_it = csi.given.is_some() || csi.may_act;
                if csi.target == Target::Have(HaState::Active) || !runs_for_it {
                    Progress::Settled
                } else {
                    Progress::Due
                }
            }
            (PresenceState::Instantiated, Kind::SaAware | Kind::Proxied | Kind::Contained) => {
                let asked = asked(comp).any(|(s, c)| s == si && c == name);
                match told(csi) {
                    // Without its proxy it cannot be told.
                    Progress::Due if asked || comp.session.is_none() => Progress::Waiting,
                    _ if asked => Progress::Waiting,
                    told => told,
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
        let open: Vec<(&Dn, &Dn, &Csi, Progress, bool)> = self
            .holdings
            .csis()
            .map(|(si, name, csi)| {
                let lowers = self.target_now(si, csi).lowers();
                (si, name, csi, self.progress(si, name, csi), lowers)
            })
            .filter(|(_, _, _, progress, _)| *progress != Progress::Settled)
            .collect();
        let levels = |wanted: bool| {
            let open = open.iter().filter(move |(.., lowers)| *lowers == wanted);
            open.map(|(_, _, csi, ..)| csi.wanted.dependency_level)
        };
        let (lowers, level) = match (levels(true).max(), levels(false).min()) {
            (Some(level), _) => (true, level),
            (None, Some(level)) => (false, level),
            (None, None) => return,
        };
        let mut due: BTreeMap<usize, Vec<(Dn, Dn)>> = BTreeMap::new();
        for (si, name, csi, progress, of_csi) in open {
            if of_csi == lowers
                && csi.wanted.dependency_level == level
                && progress == Progress::Due
                && let Some(at) = self.index(&csi.wanted.comp)
            {
                due.entry(at).or_default().push((si.clone(), name.clone()));
            }
        }
        for (at, csis) in due {
            match (self.comps[at].kind, lowers) {
                (Kind::SaAware | Kind::Proxied | Kind::Contained, _) => self.tell(at, &csis, cx),
                (Kind::ProxiedNpi, false) if self.comps[at].presence == PresenceState::Uninstantiated => {
                    self.comps[at].first_csi = self.first_csi(&csis[0]);
                    self.apply(at, ClcEvent::Instantiate, cx);
                }
                (Kind::NonSaAware, false) if self.comps[at].presence == PresenceState::Uninstantiated => {
                    self.comps[at].csi_env = self.csi_env(at);
                    self.apply(at, ClcEvent::Instantiate, cx);
                }
                (Kind::NonSaAware | Kind::ProxiedNpi, _) => self.apply(at, ClcEvent::Terminate, cx),
            }
        }
    }

    /// What a proxied component has to be told waits for its next proxy no longer than for an answer, or than a proxy
    /// may take to instantiate it: then it counts as failed, so that its work can go elsewhere.
    pub(crate) fn await_proxies(&mut self, cx: &Cx) {
        for at in 0..self.comps.len() {
            let comp = &self.comps[at];
            let unproxied = comp.kind == Kind::Proxied
                && comp.presence == PresenceState::Instantiated
                && comp.session.is_none();
            let waits = unproxied
                && self.goal == Goal::Up
                && self
                    .holdings
                    .of(comp.dn())
                    .any(|(si, name, csi)| self.progress_alone(si, name, csi) != Progress::Settled);
            let due = comp
                .proxy_due
                .or_else(|| Some(cx.now.after(comp.proxy_timeout())));
            self.comps[at].proxy_due = due.filter(|_| waits);
        }
    }

    /// No proxy came in time.
    pub(crate) fn proxy_overdue(&mut self, at: usize, cx: &mut Cx) {
        let comp = &mut self.comps[at];
        if comp.proxy_due.take_if(|due| *due <= cx.now).is_none() {
            return;
        }
        let timeout = comp.proxy_timeout();
        let cause = format!("no proxy came within {timeout} to be told of its CSIs");
        self.component_failed(at, CompError::new(ErrorSource::CsiSetTimeout, cause), cx);
    }

    /// The CSI by which a proxied component without instantiation is started.
    fn first_csi(&self, name: &(Dn, Dn)) -> Option<CsiDescriptor> {
        let csi = self.holdings.csi(name)?;
        Some(CsiDescriptor {
            csi: Some(name.1.clone()),
            is_new: true,
            transition: csi.wanted.transition,
            active_comp: csi.wanted.active_comp.clone(),
            standby_rank: csi.wanted.standby_rank,
            attributes: csi.wanted.attributes.clone(),
        })
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

    /// Tells components that take them of changed attributes (OpenSAF's `OsafCsiAttributeChangeCallbackT`); others get
    /// them with their next assignment.
    pub(crate) fn advance_attributes(&mut self, cx: &mut Cx) {
        let changed: Vec<(Dn, Dn)> = self
            .holdings
            .csis()
            .filter(|(_, _, csi)| csi.news.attributes)
            .map(|(si, name, _)| (si.clone(), name.clone()))
            .collect();
        for name in changed {
            let Some(csi) = self.holdings.csi_mut(&name) else {
                continue;
            };
            csi.news.attributes = false;
            let (comp, attributes) = (csi.wanted.comp.clone(), csi.wanted.attributes.clone());
            let Some(at) = self.index(&comp) else { continue };
            let comp = &mut self.comps[at];
            let Some(session) = comp
                .session
                .filter(|_| comp.attribute_changes == AttributeChanges::AtOnce)
            else {
                continue;
            };
            let deadline = Some(cx.now.after(comp.config.csi_set_timeout));
            let callback = CallbackKind::CsiAttributeChange {
                csi: name.1,
                attributes,
            };
            comp.call(session, callback, CallKind::AttributeChange, deadline, cx);
        }
    }

    /// Sends the callbacks for CSIs of one component: one for all where they are all that it has and share a
    /// target, otherwise one for each.
    fn tell(&mut self, at: usize, due: &[(Dn, Dn)], cx: &mut Cx) {
        let comp = self.comps[at].dn().clone();
        // What it was asked about and has not answered is its own too: one callback for all would mean that as well.
        let known = self
            .holdings
            .of(&comp)
            .filter(|(_, _, csi)| csi.given.is_some() || csi.asked || csi.may_act)
            .count();
        let mut targets: Vec<(Target, bool)> = Vec::new();
        for name in due {
            let target = self.holdings.csi(name).map(|csi| self.target_now(&name.0, csi));
            if let (Some(csi), Some(target)) = (self.holdings.csi_mut(name), target) {
                csi.news.retell = false;
                csi.asked = true;
                csi.may_act = true;
                targets.push((target, csi.given.is_some()));
            }
        }
        let all = known == due.len() && targets.iter().all(|target| *target == targets[0] && target.1);
        if all {
            self.tell_one(at, due, targets[0].0, None, cx);
        } else {
            for (name, (target, _)) in due.iter().zip(targets) {
                self.tell_one(at, std::slice::from_ref(name), target, Some(name.1.clone()), cx);
            }
        }
    }

    fn tell_one(&mut self, at: usize, names: &[(Dn, Dn)], target: Target, csi: Option<Dn>, cx: &mut Cx) {
        let comp = &mut self.comps[at];
        let (Some(session), Some(state)) = (comp.session, self.holdings.csi_mut(&names[0])) else {
            return;
        };
        let csis = names.to_vec();
        let (callback, kind, timeout) = match target {
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
                if given.is_none() {
                    csi.renew();
                }
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
        Target::Have(ha @ (HaState::Active | HaState::Standby)) => csi.given == Some(ha) && !csi.news.retell,
    };
    if there { Progress::Settled } else { Progress::Due }
}
