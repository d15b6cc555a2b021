//! Protection groups that processes of the node track (AMF B.04.01 §7.8).
//!
//! The director tells all members of a group at each change; what became of each member is found here by comparison
//! with what was told before. A request waits until it is known whether the group exists.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{
    HaState, NodeReport, ProtectionGroup, ProtectionGroupChange, ProtectionGroupMember,
    ProtectionGroupNotification, TrackFlags,
};
use ais::{AisError, Dn, Millis, Refusal};

use crate::cx::Cx;
use crate::effect::{Answer, Effect};
use crate::event::{RequestId, SessionId};

/// Groups that one process, and one node, may track.
const OF_SESSION_MAX: usize = 1000;
const OF_NODE_MAX: usize = 10_000;
/// How long the director may take to tell the members, less than programs wait for an answer.
const TELL_LIMIT: Millis = Millis(5_000);

/// A group that somebody tracks or asks for.
#[derive(Debug, Clone, Default)]
struct Group {
    /// `None` before the director has told.
    members: Option<Vec<ProtectionGroupMember>>,
    /// Where the members run, as far as it was told.
    nodes: BTreeMap<Dn, Dn>,
    trackers: BTreeMap<SessionId, TrackFlags>,
    waiting: Vec<Waiting>,
    /// The node itself wants to know it: components are managed by who holds the CSI.
    is_followed: bool,
}

/// A request that the director's answer is awaited for.
#[derive(Debug, Clone)]
struct Waiting {
    request: RequestId,
    session: SessionId,
    flags: TrackFlags,
    deadline: Millis,
}

/// All groups that processes of the node track.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    of_csis: BTreeMap<Dn, Group>,
    /// What the director was told last.
    told: BTreeSet<Dn>,
}

impl Groups {
    /// `saAmfProtectionGroupTrack`
    pub(crate) fn track(
        &mut self,
        request: RequestId,
        session: SessionId,
        csi: Dn,
        flags: TrackFlags,
        cx: &mut Cx,
    ) {
        if let Err(refusal) = self.check(session, &csi, flags, cx) {
            let answer = Answer::Members(Err(refusal));
            return cx.emit(Effect::Reply { request, answer });
        }
        let group = self.of_csis.entry(csi).or_default();
        match &group.members {
            Some(members) => {
                let answer = Answer::Members(Ok(current(members, flags)));
                cx.emit(Effect::Reply { request, answer });
                if flags != TrackFlags::CURRENT {
                    group.trackers.insert(session, flags);
                }
            }
            None => group.waiting.push(Waiting {
                request,
                session,
                flags,
                deadline: cx.now.after(TELL_LIMIT),
            }),
        }
        self.tell_director(cx);
    }

    fn check(&self, session: SessionId, csi: &Dn, flags: TrackFlags, cx: &Cx) -> Result<(), Refusal> {
        let refuse = |error, text: String| Err(Refusal::new(error, text));
        if flags.is_empty() || flags.contains(TrackFlags::CHANGES | TrackFlags::CHANGES_ONLY) {
            let text = "one of CURRENT, CHANGES and CHANGES_ONLY is asked for, the last two not together";
            return refuse(AisError::BadFlags, text.to_owned());
        }
        if !cx.director {
            let text = "there is no director that knows the group".to_owned();
            return refuse(AisError::TryAgain, text);
        }
        let of_session = |group: &&Group| group.trackers.contains_key(&session);
        let many = self.of_csis.len() >= OF_NODE_MAX && !self.of_csis.contains_key(csi)
            || self.of_csis.values().filter(of_session).count() >= OF_SESSION_MAX;
        if many {
            let text = format!("{OF_SESSION_MAX} groups are tracked, or {OF_NODE_MAX} on the node");
            return refuse(AisError::NoResources, text);
        }
        Ok(())
    }

    /// `saAmfProtectionGroupTrackStop`
    pub(crate) fn stop(&mut self, session: SessionId, csi: &Dn, cx: &mut Cx) -> Result<(), Refusal> {
        let group = self.of_csis.get_mut(csi);
        if group.and_then(|group| group.trackers.remove(&session)).is_none() {
            let text = format!("the protection group of {csi} is not tracked on this connection");
            return Err(Refusal::new(AisError::NotExist, text));
        }
        self.tell_director(cx);
        Ok(())
    }

    /// The director tells the members of a group.
    pub(crate) fn take(&mut self, told: ProtectionGroup, cx: &mut Cx) {
        let Some(group) = self.of_csis.get_mut(&told.csi) else {
            return;
        };
        let before = group.members.take();
        group.nodes = told.nodes;
        let waiting = std::mem::take(&mut group.waiting);
        let Some(now) = told.members else {
            for Waiting { request, .. } in waiting {
                let text = format!("{} is no CSI that is managed", told.csi);
                let answer = Answer::Members(Err(Refusal::new(AisError::NotExist, text)));
                cx.emit(Effect::Reply { request, answer });
            }
            for session in std::mem::take(&mut group.trackers).into_keys() {
                cx.emit(Effect::GroupChange {
                    session,
                    csi: told.csi.clone(),
                    members: Err(AisError::NotExist),
                    notifications: Vec::new(),
                });
            }
            return self.tell_director(cx);
        };
        let changes = before.map(|before| compare(&before, &now)).unwrap_or_default();
        if changes
            .iter()
            .any(|each| each.change != ProtectionGroupChange::NoChange)
        {
            let members = u32::try_from(now.len()).unwrap_or(u32::MAX);
            for (&session, flags) in &group.trackers {
                let mut notifications = changes.clone();
                if flags.contains(TrackFlags::CHANGES_ONLY) {
                    notifications.retain(|each| each.change != ProtectionGroupChange::NoChange);
                }
                cx.emit(Effect::GroupChange {
                    session,
                    csi: told.csi.clone(),
                    members: Ok(members),
                    notifications,
                });
            }
        }
        for Waiting {
            request,
            session,
            flags,
            ..
        } in waiting
        {
            let answer = Answer::Members(Ok(current(&now, flags)));
            cx.emit(Effect::Reply { request, answer });
            if flags != TrackFlags::CURRENT {
                group.trackers.insert(session, flags);
            }
        }
        group.members = Some(now);
        self.tell_director(cx);
    }

    /// The node wants to know the members of these groups.
    pub(crate) fn follow(&mut self, csis: BTreeSet<Dn>, cx: &mut Cx) {
        let followed = self.of_csis.iter().filter(|(_, group)| group.is_followed);
        if followed.map(|(csi, _)| csi).eq(&csis) {
            return;
        }
        for (csi, group) in &mut self.of_csis {
            group.is_followed = csis.contains(csi);
        }
        for csi in csis {
            self.of_csis.entry(csi).or_default().is_followed = true;
        }
        self.tell_director(cx);
    }

    /// Who holds the CSI, as the director told last: the component, its node and its state, in the order of the components.
    pub(crate) fn holders(&self, csi: &Dn) -> impl Iterator<Item = (&Dn, &Dn, HaState)> {
        let group = self.of_csis.get(csi).into_iter();
        group.flat_map(|group| {
            let members = group.members.iter().flatten();
            members.filter_map(|member| Some((&member.comp, group.nodes.get(&member.comp)?, member.ha)))
        })
    }

    /// A connection is gone.
    pub(crate) fn session_closed(&mut self, session: SessionId, cx: &mut Cx) {
        for group in self.of_csis.values_mut() {
            group.trackers.remove(&session);
            group.waiting.retain(|waiting| waiting.session != session);
        }
        self.tell_director(cx);
    }

    /// Nobody answers what was asked of the director.
    pub(crate) fn director_lost(&mut self, cx: &mut Cx) {
        for group in self.of_csis.values_mut() {
            for waiting in std::mem::take(&mut group.waiting) {
                give_up(waiting.request, "the director is gone", cx);
            }
        }
        self.drop_idle();
        self.told.clear();
    }

    /// When the next request has waited long enough.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        let waiting = self.of_csis.values().flat_map(|group| &group.waiting);
        waiting.map(|waiting| waiting.deadline).min()
    }

    /// A director that is connected and does not tell is not waited for any longer.
    pub(crate) fn end_waiting(&mut self, cx: &mut Cx) {
        let now = cx.now;
        for group in self.of_csis.values_mut() {
            for waiting in group.waiting.extract_if(.., |waiting| waiting.deadline <= now) {
                give_up(
                    waiting.request,
                    "the director does not tell who is in the group",
                    cx,
                );
            }
        }
        self.tell_director(cx);
    }

    /// Tells a director that asks for all what is tracked.
    pub(crate) fn report_all(&mut self, cx: &mut Cx) {
        self.told.clear();
        self.tell_director(cx);
    }

    fn drop_idle(&mut self) {
        self.of_csis
            .retain(|_, group| group.is_followed || !group.trackers.is_empty() || !group.waiting.is_empty());
    }

    fn tell_director(&mut self, cx: &mut Cx) {
        self.drop_idle();
        let now: BTreeSet<Dn> = self.of_csis.keys().cloned().collect();
        if now != self.told {
            let csis = now.iter().cloned().collect();
            self.told = now;
            cx.report(NodeReport::Tracks { csis });
        }
    }
}

/// Lets the process ask again.
fn give_up(request: RequestId, why: &str, cx: &mut Cx) {
    let answer = Answer::Members(Err(Refusal::new(AisError::TryAgain, why.to_owned())));
    cx.emit(Effect::Reply { request, answer });
}

fn current(members: &[ProtectionGroupMember], flags: TrackFlags) -> Vec<ProtectionGroupNotification> {
    if !flags.contains(TrackFlags::CURRENT) {
        return Vec::new();
    }
    let told = |member: &ProtectionGroupMember| ProtectionGroupNotification {
        member: member.clone(),
        change: ProtectionGroupChange::NoChange,
    };
    members.iter().map(told).collect()
}

/// What became of each member, in the order of their names; those that are gone come last.
fn compare(
    before: &[ProtectionGroupMember],
    now: &[ProtectionGroupMember],
) -> Vec<ProtectionGroupNotification> {
    let of = |members: &[ProtectionGroupMember], comp: &Dn| {
        members.iter().find(|member| member.comp == *comp).cloned()
    };
    let present = now.iter().map(|member| ProtectionGroupNotification {
        change: match of(before, &member.comp) {
            None => ProtectionGroupChange::Added,
            Some(other) if other == *member => ProtectionGroupChange::NoChange,
            Some(_) => ProtectionGroupChange::StateChange,
        },
        member: member.clone(),
    });
    let gone = before.iter().filter(|member| of(now, &member.comp).is_none());
    let gone = gone.map(|member| ProtectionGroupNotification {
        change: ProtectionGroupChange::Removed,
        member: member.clone(),
    });
    present.chain(gone).collect()
}
