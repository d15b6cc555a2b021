//! Whether a CCB leaves a model that can be served. The operations are looked at in their order; each create and
//! modification is checked against the objects as the CCB leaves them, each deletion against what is running.

mod create;
mod delete;
mod dependency;
mod members;
mod modify;
mod object;
mod objects;
mod rule;
mod rules;

use ais::{AisError, Attr, Dn, Refusal};

use crate::Options;
use crate::event::ModelChange;
use crate::model::raw::is_followed;
use crate::model::{Model, Raw};
use crate::state::{SuState, View};

pub(crate) use object::legal;
pub use rule::ModelRule;

use objects::After;

/// Refuses with the object, the attribute and the rule.
pub(crate) fn validate(
    raw: &Raw,
    view: View<'_>,
    options: &Options,
    changes: &[ModelChange],
) -> Result<(), Refusal> {
    let check = Check {
        raw,
        view,
        model: view.model,
        after: After::new(raw, changes),
    };
    for change in changes {
        // The middleware's own application is nobody's business here.
        let dn = match change {
            ModelChange::Create { dn, .. } | ModelChange::Modify { dn, .. } | ModelChange::Delete { dn } => {
                dn
            }
        };
        if options.foreign_applications.iter().any(|app| dn.is_within(app)) {
            continue;
        }
        match change {
            ModelChange::Create { class, dn, .. } if is_followed(class) => check.create(class, dn)?,
            ModelChange::Modify { dn, attrs } => check.modify(dn, attrs)?,
            ModelChange::Delete { dn } => check.delete(dn)?,
            ModelChange::Create { .. } => {}
        }
    }
    Ok(())
}

/// The objects as they are and as they will be, and what runs.
struct Check<'a> {
    raw: &'a Raw,
    view: View<'a>,
    model: &'a Model,
    after: After<'a>,
}

impl Check<'_> {
    fn is_deleted(&self, dn: &Dn) -> bool {
        self.after.is_deleted(dn)
    }

    /// Whether the SU may be taken apart: it, its SG or its node is locked for instantiation, or its node is not there.
    fn is_down(&self, su: &Dn) -> bool {
        use ais::amf::AdminState;
        let Some((_, _, config)) = self.model.su(su) else {
            return true;
        };
        let present = config.node.as_ref().and_then(|node| self.view.state.node(node));
        // What ran on a lost node may still run, until its work is given to others.
        let is_away = present.is_none_or(|node| node.session.is_none() && !node.may_run());
        (is_away && self.unreported(su).is_none())
            || self.view.strictest(su).0 == AdminState::LockedInstantiation
    }

    /// The node of the SU, where a new director does not know yet what runs there.
    fn unreported(&self, su: &Dn) -> Option<&Dn> {
        let node = self.model.su(su)?.2.node.as_ref();
        node.filter(|node| self.view.is_unreported(node))
    }

    fn needs_su_down(&self, su: &Dn, what: &str) -> Result<(), Refusal> {
        if self.is_down(su) {
            return self.needs_su_known_idle(su, what);
        }
        if let Some(node) = self.unreported(su) {
            return ModelRule::Busy.refuse(
                ais::AisError::TryAgain,
                format!("{what}: {node} has not reported yet what {su} does"),
            );
        }
        ModelRule::SuState.bad(format!(
            "{what}: {su} must be locked for instantiation (amf-adm lock, lock-in) first"
        ))
    }

    /// An SU that may still serve is not forgotten: another would get its work.
    fn needs_su_known_idle(&self, su: &Dn, what: &str) -> Result<(), Refusal> {
        let busy = |text: String| ModelRule::Busy.refuse(AisError::TryAgain, format!("{what}: {text}"));
        let node = self.model.su(su).and_then(|(_, _, config)| config.node.as_ref());
        if let Some(node) = node.filter(|node| self.view.is_unreported(node)) {
            return busy(format!("{node} has not told yet what runs on it"));
        }
        if self.view.state.su(su).is_some_and(|state| !state.is_empty()) {
            return busy(format!("{su} has not given up its assignments yet"));
        }
        Ok(())
    }

    /// The CSIs that the component has, as confirmed or as ordered.
    fn csis_of(&self, comp: &Dn) -> Vec<Dn> {
        let state = comp.parent().and_then(|su| self.view.state.su(&su));
        state.map_or_else(Vec::new, |state| csis_of(state, comp))
    }
}

fn csis_of(state: &SuState, comp: &Dn) -> Vec<Dn> {
    let reported = state.report.iter().flat_map(|report| &report.assignments);
    let reported = reported.flat_map(|held| held.csis.iter().map(|(csi, of)| (csi, of)));
    let ordered = state
        .in_flight
        .iter()
        .flat_map(|_| state.given.values())
        .flatten();
    let mut all: Vec<Dn> = reported
        .chain(ordered)
        .filter(|(_, of)| *of == comp)
        .map(|(csi, _)| csi.clone())
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The names of attributes that the modification is about.
fn names(attrs: &[Attr]) -> impl Iterator<Item = &str> {
    attrs.iter().map(|attr| attr.name.as_str())
}
