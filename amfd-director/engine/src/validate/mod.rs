//! Whether a CCB leaves a model that can be served. The operations are looked at in their order; each create and
//! modification is checked against the objects as they will be, each deletion against what is running.

mod create;
mod delete;
mod dependency;
mod modify;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use ais::{AisError, Attr, Dn, Refusal, Value};

use crate::Options;
use crate::event::ModelChange;
use crate::model::raw::{RawObject, is_followed};
use crate::model::{Model, Raw};
use crate::state::View;

use rules::Rule;

/// Refuses with the object, the attribute and the rule.
pub(crate) fn validate(
    raw: &Raw,
    view: View<'_>,
    options: &Options,
    changes: &[ModelChange],
) -> Result<(), Refusal> {
    let check = Check::new(raw, view, changes);
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

fn refuse<T>(error: AisError, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(error, text))
}

fn bad<T>(text: impl Into<String>) -> Result<T, Refusal> {
    refuse(AisError::BadOperation, text)
}

/// The objects as they are and as they will be.
struct Check<'a> {
    raw: &'a Raw,
    view: View<'a>,
    model: &'a Model,
    /// What the CCB makes of the objects that it touches; `None` where it deletes them.
    after: BTreeMap<Dn, Option<RawObject>>,
}

impl<'a> Check<'a> {
    fn new(raw: &'a Raw, view: View<'a>, changes: &[ModelChange]) -> Check<'a> {
        let mut after: BTreeMap<Dn, Option<RawObject>> = BTreeMap::new();
        for change in changes {
            match change {
                ModelChange::Create { class, dn, attrs } => {
                    after.insert(dn.clone(), Some(RawObject::new(class, attrs)));
                }
                ModelChange::Modify { dn, attrs } => {
                    let present = after.get(dn).cloned().unwrap_or_else(|| raw.get(dn).cloned());
                    if let Some(mut object) = present {
                        object.modify(attrs);
                        after.insert(dn.clone(), Some(object));
                    }
                }
                ModelChange::Delete { dn } => delete_below(raw, dn, &mut after),
            }
        }
        Check {
            raw,
            view,
            model: view.model,
            after,
        }
    }

    /// The object as the CCB leaves it.
    fn get(&self, dn: &Dn) -> Option<&RawObject> {
        match self.after.get(dn) {
            Some(object) => object.as_ref(),
            None => self.raw.get(dn),
        }
    }

    fn is_deleted(&self, dn: &Dn) -> bool {
        self.after.get(dn).is_some_and(Option::is_none)
    }

    /// The objects of a class that the CCB leaves.
    fn class<'b>(&'b self, class: &'b str) -> impl Iterator<Item = (&'b Dn, &'b RawObject)> {
        let untouched = self
            .raw
            .class(class)
            .filter(|(dn, _)| !self.after.contains_key(*dn));
        let touched = self
            .after
            .iter()
            .filter_map(|(dn, object)| Some((dn, object.as_ref()?)));
        untouched.chain(touched.filter(move |(_, object)| object.class() == class))
    }

    /// Whether what the object names exists after the CCB.
    fn references(&self, class: &str, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
        for reference in rules::REFERENCES
            .iter()
            .filter(|reference| reference.class == class)
        {
            let named = object.dns(reference.attr);
            if named.is_empty() && reference.required {
                return bad(format!("{dn}: {} must have a value", reference.attr));
            }
            for target in named {
                self.is_there(dn, reference.attr, &target, reference.targets)?;
            }
        }
        for (_, target_class) in rules::ASSOCIATIONS.iter().filter(|(of, _)| *of == class) {
            let Ok(target) = Dn::new(&dn.rdn_value()) else {
                return refuse(AisError::InvalidParam, format!("the RDN of {dn} must hold a DN"));
            };
            self.is_there(dn, dn.rdn_name(), &target, &[target_class])?;
        }
        Ok(())
    }

    fn is_there(&self, dn: &Dn, attr: &str, target: &Dn, classes: &[&str]) -> Result<(), Refusal> {
        match self.get(target) {
            Some(found) if classes.contains(&found.class()) => Ok(()),
            Some(found) => bad(format!(
                "{dn}: {attr} names {target}, which is a {} and not a {}",
                found.class(),
                classes.join(" or ")
            )),
            None => bad(format!("{dn}: {attr} names {target}, which does not exist")),
        }
    }

    /// Whether the SU may be taken apart: it, its SG or its node is locked for instantiation, or its node is not there.
    fn is_down(&self, su: &Dn) -> bool {
        use ais::amf::AdminState;
        let Some((_, _, config)) = self.model.su(su) else {
            return true;
        };
        let present = config.node.as_ref().and_then(|node| self.view.state.node(node));
        present.is_none_or(|node| node.session.is_none())
            || self.view.strictest(su).0 == AdminState::LockedInstantiation
    }

    fn needs_su_down(&self, su: &Dn, what: &str) -> Result<(), Refusal> {
        if self.is_down(su) {
            return Ok(());
        }
        bad(format!(
            "{what}: {su} must be locked for instantiation (amf-adm lock, lock-in) first"
        ))
    }
}

fn delete_below(raw: &Raw, dn: &Dn, after: &mut BTreeMap<Dn, Option<RawObject>>) {
    let mut open = vec![dn.clone()];
    let created: BTreeSet<Dn> = after.keys().filter(|key| key.is_within(dn)).cloned().collect();
    open.extend(created);
    while let Some(dn) = open.pop() {
        open.extend(raw.children(&dn).cloned());
        after.insert(dn, None);
    }
}

/// What the value should have been, where it breaks the rule.
fn broken(rule: Rule, value: &Value) -> Option<String> {
    match rule {
        Rule::Bool => value
            .as_u32()
            .is_none_or(|number| number > 1)
            .then(|| "0 or 1".to_owned()),
        Rule::Between(low, high) => {
            let fits = value
                .as_u32()
                .is_some_and(|number| (low..=high).contains(&number));
            let high = if high == u32::MAX {
                "the greatest number".to_owned()
            } else {
                high.to_string()
            };
            (!fits).then(|| format!("from {low} to {high}"))
        }
        Rule::AtLeastMillis(least) => {
            let fits = value.as_time().is_some_and(|time| time.to_millis().0 >= least);
            (!fits).then(|| format!("at least {} ns", least * 1_000_000))
        }
        Rule::NotNegative => {
            let fits = value.as_time().is_some_and(|time| time.0 >= 0);
            (!fits).then(|| "at least 0 ns".to_owned())
        }
        Rule::AbsolutePath => {
            let fits = value.as_str().is_some_and(|path| path.starts_with('/'));
            (!fits).then(|| "an absolute path".to_owned())
        }
    }
}

/// The rules for single values.
fn check_values(class: &str, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
    for (_, attr, rule) in rules::VALUES.iter().filter(|(of, ..)| *of == class) {
        for value in object.values(attr) {
            if let Some(rule) = broken(*rule, value) {
                return bad(format!("{dn}: {attr} is {}, but must be {rule}", value.to_text()));
            }
        }
    }
    Ok(())
}

/// The names of attributes that the modification is about.
fn names(attrs: &[Attr]) -> impl Iterator<Item = &str> {
    attrs.iter().map(|attr| attr.name.as_str())
}
