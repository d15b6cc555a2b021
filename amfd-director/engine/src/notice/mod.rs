//! What the framework tells operators by itself (AMF B.02.01 §9): changes of states, errors of components, alarms.
//!
//! Changes of states are the differences that are published. An alarm is a condition that is computed anew for each SG
//! that was evaluated; raising and clearing are the differences from what was raised before, so that nothing can be
//! forgotten on any path. What a former director raised comes with [`crate::Event::AlarmsRaised`].

mod alarms;
mod table;

use ais::amf::{RecommendedRecovery, SuReport};
use ais::ntf::{ClassId, Detail, EventType, Item, Notification, Source, StateChange};
use ais::{Dn, Value};

use crate::Director;
use crate::effect::Effect;
use crate::reason::Reason;
use crate::state::Applied;

pub(crate) use alarms::Alarms;
pub(crate) use table::CURRENT_PROXY;
pub use table::{AlarmDefinition, AlarmKind, ERROR_CLEAR, ERROR_REPORT, STATES, StateDefinition};

/// Who tells: the framework.
const NOTIFYING: &str = "safApp=safAmfService";

/// Additional information, by number (AMF B.02.01 §9.2).
pub(crate) mod info {
    /// `SA_AMF_NODE_NAME`
    pub(crate) const NODE_NAME: u16 = 1;
    /// `SA_AMF_SI_NAME`
    pub(crate) const SI_NAME: u16 = 2;
    /// `SA_AMF_MAINTENANCE_CAMPAIGN_DN`
    pub(crate) const CAMPAIGN: u16 = 3;
    /// `SA_AMF_AI_APPLIED_RECOVERY`
    pub(crate) const APPLIED_RECOVERY: u16 = 5;
}

fn notification(event: EventType, object: &Dn, minor: u16, text: String, detail: Detail) -> Notification {
    Notification {
        event,
        object: object.to_string(),
        notifying: NOTIFYING.to_owned(),
        class: ClassId::amf(minor),
        text,
        info: Vec::new(),
        correlated: Vec::new(),
        detail,
    }
}

fn name_item(id: u16, dn: &Dn) -> Item {
    Item {
        id,
        value: Value::Name(dn.to_string()),
    }
}

impl Director {
    pub(crate) fn tell(&mut self, notification: Notification) {
        self.out.notify.push(notification);
    }

    /// What the step tells, with the story of each: that of the step, otherwise the one that the SG of its object is in.
    pub(crate) fn take_notices(&mut self) -> Vec<Effect> {
        let all = std::mem::take(&mut self.out.notify);
        all.into_iter()
            .map(|told| Effect::Notify {
                cause: self.story_about(&told.object).unwrap_or_default(),
                told: Box::new(told),
            })
            .collect()
    }

    /// Tells that a published attribute changed, where it is a state that is told.
    pub(crate) fn tell_attribute(&mut self, dn: &Dn, name: &str, old: Option<u32>, new: Option<u32>) {
        let class = self.raw.get(dn).map_or("", |object| object.class());
        let Some(definition) = table::of_attribute(class, name) else {
            return;
        };
        let (Some(old), Some(new)) = (old, new) else {
            // What has no state before is new; that is no change.
            return;
        };
        if old != new && (definition.only.is_empty() || definition.only.contains(&new)) {
            let mut told = state_change(definition, dn, Some(old), new);
            if definition.object == "SU" {
                let campaign = self
                    .raw
                    .get(dn)
                    .and_then(|su| su.dn("saAmfSUMaintenanceCampaign"));
                told.info
                    .extend(campaign.map(|campaign| name_item(info::CAMPAIGN, &campaign)));
            }
            self.tell(told);
        }
    }

    /// Tells that a component got a proxy.
    pub(crate) fn tell_proxied(&mut self, comp: &Dn) {
        if let Some(definition) = table::of_attribute("SaAmfComp", table::CURRENT_PROXY) {
            let (old, new) = (Some(table::UNPROXIED), table::PROXIED);
            self.tell(state_change(definition, comp, old, new));
        }
    }

    /// Tells the HA state of an SU for an SI.
    pub(crate) fn tell_ha(&mut self, su: &Dn, si: &Dn, old: Option<u32>, new: u32) {
        self.tell_of_si("saAmfSISUHAState", su, si, old, new);
    }

    /// Tells how ready an SU is for an SI.
    pub(crate) fn tell_ha_readiness(&mut self, su: &Dn, si: &Dn, old: Option<u32>, new: u32) {
        self.tell_of_si(table::HA_READINESS_ATTRIBUTE, su, si, old, new);
    }

    fn tell_of_si(&mut self, attribute: &str, su: &Dn, si: &Dn, old: Option<u32>, new: u32) {
        if let Some(definition) = table::of_attribute("SaAmfSIAssignment", attribute) {
            let mut told = state_change(definition, su, old, new);
            told.text = format!("{} for {si}", told.text);
            told.info.push(name_item(info::SI_NAME, si));
            self.tell(told);
        }
    }

    /// Tells the errors of components that a report brought, and those that it ends.
    pub(crate) fn tell_errors(&mut self, su: &Dn, before: Option<&SuReport>, applied: &Applied) {
        let Some(now) = self.state.su(su).and_then(|state| state.report.clone()) else {
            return;
        };
        if let Some(fault) = &applied.fault {
            self.tell_error(&fault.comp, fault.recovery, &fault.source.to_string());
        }
        let fault_before = before.and_then(|report| report.fault.as_ref());
        if let Some(fault) = fault_before.filter(|_| now.fault.is_none()) {
            self.tell_error_clear(&fault.comp);
        }
        // A component that its node restarted: the error and its end, in one.
        for comp in &now.comps {
            let count = |report: &SuReport| {
                let comps = report.comps.iter().find(|old| old.comp == comp.comp);
                comps.map_or(0, |old| old.restart_count)
            };
            if before.is_some_and(|before| comp.restart_count > count(before)) {
                let count = comp.restart_count;
                self.because(&comp.comp, Reason::CompRestarted { count });
                let cause = format!("restart {count}");
                self.tell_error(&comp.comp, RecommendedRecovery::ComponentRestart, &cause);
                self.tell_error_clear(&comp.comp);
            }
        }
        if before.is_some_and(|before| now.restart_count > before.restart_count) {
            let count = now.restart_count;
            self.because(su, Reason::SuRestarted { count });
        }
    }

    /// Tells that a component failed, and what is done about it.
    pub(crate) fn tell_error(&mut self, comp: &Dn, recovery: RecommendedRecovery, cause: &str) {
        let text = format!("{comp} failed ({cause}); recovery {recovery}");
        let detail = Detail::StateChange {
            source: Source::Unknown,
            changes: Vec::new(),
        };
        let mut told = notification(EventType::ErrorReport, comp, ERROR_REPORT, text, detail);
        told.info.push(Item {
            id: info::APPLIED_RECOVERY,
            value: Value::Uint64(recovery.code().into()),
        });
        self.tell(told);
    }

    /// Tells that an error is over.
    pub(crate) fn tell_error_clear(&mut self, comp: &Dn) {
        let text = format!("the error of {comp} is over");
        let detail = Detail::StateChange {
            source: Source::Unknown,
            changes: Vec::new(),
        };
        self.tell(notification(
            EventType::ErrorClear,
            comp,
            ERROR_CLEAR,
            text,
            detail,
        ));
    }
}

fn state_change(definition: &StateDefinition, object: &Dn, old: Option<u32>, new: u32) -> Notification {
    let number = |state: u32| u16::try_from(state).unwrap_or(u16::MAX);
    let name = |state: u32| table::state_name(definition.state, state);
    let text = match old {
        Some(old) => format!("{} of {object}: {} -> {}", definition.name, name(old), name(new)),
        None => format!("{} of {object}: {}", definition.name, name(new)),
    };
    let source = if definition.state == table::ADMIN {
        Source::Management
    } else {
        Source::Object
    };
    let change = StateChange {
        id: definition.state,
        old: old.map(number),
        new: number(new),
    };
    let detail = Detail::StateChange {
        source,
        changes: vec![change],
    };
    notification(
        EventType::ObjectStateChange,
        object,
        definition.minor,
        text,
        detail,
    )
}
