//! The director's picture of the repository: the objects of the SaAmf classes and what changed in them.
//!
//! Kept so that, after immd was away, the difference between then and now can be given to the engine like a CCB.

use std::collections::{BTreeMap, BTreeSet};

use ais::{Attr, AttrFlags, CcbOperation, ClassCategory, ClassDef, Dn, ModificationType, Refusal, find_attr};
use director_engine::ModelChange;

/// The classes whose objects the director itself creates.
pub(crate) const ASSIGNMENT_CLASSES: [&str; 2] = ["SaAmfSIAssignment", "SaAmfCSIAssignment"];

/// An object as it was last read or configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) class: String,
    pub(crate) attrs: Vec<Attr>,
}

/// The objects by name, and the definitions of their classes.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) classes: BTreeMap<String, ClassDef>,
    pub(crate) objects: BTreeMap<Dn, Image>,
}

impl Model {
    /// Every object as the engine's first event wants it.
    pub(crate) fn creations(&self) -> Vec<ModelChange> {
        self.objects
            .iter()
            .map(|(dn, image)| creation(dn, image))
            .collect()
    }

    /// The objects that a director, this one or a former one, has created.
    pub(crate) fn assignment_objects(&self) -> BTreeSet<Dn> {
        self.objects
            .iter()
            .filter(|(_, image)| ASSIGNMENT_CLASSES.contains(&image.class.as_str()))
            .map(|(dn, _)| dn.clone())
            .collect()
    }

    /// The runtime data that a former director published, as [`crate::publisher::Board::adopt`] wants it.
    pub(crate) fn published(&self) -> impl Iterator<Item = (Dn, Option<String>, Vec<Attr>)> {
        self.objects.iter().filter_map(|(dn, image)| {
            let class = self.classes.get(&image.class)?;
            let is_runtime = |attr: &&Attr| {
                let def = class.attr(&attr.name);
                def.is_some_and(|def| def.flags.contains(AttrFlags::RUNTIME)) && !attr.values.is_empty()
            };
            let attrs: Vec<Attr> = image.attrs.iter().filter(is_runtime).cloned().collect();
            let own = ASSIGNMENT_CLASSES.contains(&image.class.as_str());
            (own || !attrs.is_empty()).then(|| (dn.clone(), own.then(|| image.class.clone()), attrs))
        })
    }

    /// Whether an object of this class is there.
    pub(crate) fn has(&self, dn: &Dn, class: &str) -> bool {
        self.objects.get(dn).is_some_and(|image| image.class == class)
    }

    /// The runtime attributes that the repository does not hold.
    pub(crate) fn uncached(&self) -> BTreeSet<String> {
        self.classes
            .values()
            .flat_map(|class| &class.attrs)
            .filter(|attr| {
                attr.flags.contains(AttrFlags::RUNTIME)
                    && !attr.flags.intersects(AttrFlags::CACHED | AttrFlags::PERSISTENT)
            })
            .map(|attr| attr.name.clone())
            .collect()
    }

    /// The names of a class's attributes that the repository holds itself.
    pub(crate) fn held_attributes(class: &ClassDef) -> Vec<String> {
        class
            .attrs
            .iter()
            .filter(|attr| {
                attr.flags
                    .intersects(AttrFlags::CONFIG | AttrFlags::CACHED | AttrFlags::PERSISTENT)
            })
            .filter(|attr| !ais::SYSTEM_ATTRIBUTES.contains(&attr.name.as_str()))
            .map(|attr| attr.name.clone())
            .collect()
    }

    /// What an operation of a CCB means for the engine; each deleted object of a subtree has an operation of its own.
    ///
    /// # Errors
    /// A refusal where a modification does not say the resulting values, which the director asks for.
    pub(crate) fn changes(&self, operation: CcbOperation) -> Result<Vec<ModelChange>, Refusal> {
        Ok(match operation {
            CcbOperation::Create { class, dn, attrs } => {
                let attrs = self.with_defaults(&class, attrs);
                vec![ModelChange::Create { class, dn, attrs }]
            }
            CcbOperation::Modify { dn, changes } => {
                if let Some(other) = changes.iter().find(|c| c.kind != ModificationType::Replace) {
                    let text = format!(
                        "{dn}: the values of {} that result are not given",
                        other.attr.name
                    );
                    return Err(Refusal::new(ais::AisError::Library, text));
                }
                let attrs = changes.into_iter().map(|change| change.attr).collect();
                vec![ModelChange::Modify { dn, attrs }]
            }
            CcbOperation::Delete { dn } => vec![ModelChange::Delete { dn }],
        })
    }

    /// Brings the picture up to date.
    pub(crate) fn apply(&mut self, changes: &[ModelChange]) {
        for change in changes {
            match change {
                ModelChange::Create { class, dn, attrs } => {
                    let image = Image {
                        class: class.clone(),
                        attrs: attrs.clone(),
                    };
                    self.objects.insert(dn.clone(), image);
                }
                ModelChange::Modify { dn, attrs } => {
                    if let Some(image) = self.objects.get_mut(dn) {
                        for attr in attrs {
                            image.attrs.retain(|old| old.name != attr.name);
                            image.attrs.push(attr.clone());
                        }
                    }
                }
                ModelChange::Delete { dn } => {
                    self.objects.remove(dn);
                }
            }
        }
    }

    /// What must be done to this picture's configuration to get the newer one's.
    pub(crate) fn difference(&self, newer: &Model) -> Vec<ModelChange> {
        let mut gone: Vec<&Dn> = self
            .configured()
            .map(|(dn, _)| dn)
            .filter(|dn| !newer.objects.contains_key(*dn))
            .collect();
        gone.sort_by_key(|dn| std::cmp::Reverse(dn.rdns().count()));
        let mut come: Vec<(&Dn, &Image)> = newer
            .configured()
            .filter(|(dn, _)| !self.objects.contains_key(*dn))
            .collect();
        come.sort_by_key(|(dn, _)| dn.rdns().count());
        let mut changes: Vec<ModelChange> = gone
            .into_iter()
            .map(|dn| ModelChange::Delete { dn: dn.clone() })
            .collect();
        changes.extend(come.into_iter().map(|(dn, image)| creation(dn, image)));
        for (dn, new) in newer.configured() {
            let Some(old) = self.objects.get(dn) else { continue };
            let attrs = newer.changed_configuration(old, new);
            if !attrs.is_empty() {
                changes.push(ModelChange::Modify {
                    dn: dn.clone(),
                    attrs,
                });
            }
        }
        changes
    }

    /// The objects of configuration classes.
    fn configured(&self) -> impl Iterator<Item = (&Dn, &Image)> {
        self.objects
            .iter()
            .filter(|(_, image)| !ASSIGNMENT_CLASSES.contains(&image.class.as_str()))
    }

    /// The configuration attributes of `new` that `old` has other values for.
    fn changed_configuration(&self, old: &Image, new: &Image) -> Vec<Attr> {
        let Some(class) = self.classes.get(&new.class) else {
            return Vec::new();
        };
        class
            .attrs
            .iter()
            .filter(|def| def.flags.contains(AttrFlags::CONFIG))
            .filter_map(|def| {
                let values = |image: &Image| {
                    find_attr(&image.attrs, &def.name)
                        .map(|a| a.values.clone())
                        .unwrap_or_default()
                };
                let values_new = values(new);
                (values(old) != values_new).then(|| Attr {
                    name: def.name.clone(),
                    value_type: def.value_type,
                    values: values_new,
                })
            })
            .collect()
    }

    /// The attributes with the class's defaults for those that were not given.
    fn with_defaults(&self, class: &str, mut attrs: Vec<Attr>) -> Vec<Attr> {
        let Some(class) = self
            .classes
            .get(class)
            .filter(|c| c.category == ClassCategory::Config)
        else {
            return attrs;
        };
        for def in &class.attrs {
            if let Some(default) = &def.default
                && find_attr(&attrs, &def.name).is_none_or(|given| given.values.is_empty())
            {
                attrs.retain(|attr| attr.name != def.name);
                attrs.push(Attr::single(def.name.clone(), default.clone()));
            }
        }
        attrs
    }
}

fn creation(dn: &Dn, image: &Image) -> ModelChange {
    ModelChange::Create {
        class: image.class.clone(),
        dn: dn.clone(),
        attrs: image.attrs.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ais::{AttrDef, Value, ValueType};

    fn class() -> ClassDef {
        let attr = |name: &str, flags, default| AttrDef {
            name: name.into(),
            value_type: ValueType::Uint32,
            flags,
            default,
        };
        ClassDef {
            name: "SaAmfSU".into(),
            category: ClassCategory::Config,
            attrs: vec![
                attr(
                    "rank",
                    AttrFlags::CONFIG | AttrFlags::WRITABLE,
                    Some(Value::Uint32(0)),
                ),
                attr(
                    "admin",
                    AttrFlags::RUNTIME | AttrFlags::PERSISTENT | AttrFlags::CACHED,
                    Some(Value::Uint32(1)),
                ),
                attr("count", AttrFlags::RUNTIME, None),
            ],
        }
    }

    fn model(objects: &[(&str, u32, u32)]) -> Model {
        let image = |rank, admin| Image {
            class: "SaAmfSU".into(),
            attrs: vec![
                Attr::single("rank", Value::Uint32(rank)),
                Attr::single("admin", Value::Uint32(admin)),
            ],
        };
        Model {
            classes: [("SaAmfSU".to_owned(), class())].into(),
            objects: objects
                .iter()
                .map(|(dn, rank, admin)| (Dn::new(dn).unwrap(), image(*rank, *admin)))
                .collect(),
        }
    }

    #[test]
    fn the_difference_applied_to_the_old_gives_the_new_configuration() {
        let mut old = model(&[("a=1", 1, 1), ("b=1,a=1", 1, 1), ("c=1", 1, 1)]);
        let new = model(&[("c=1", 2, 2), ("d=1,c=1", 1, 1), ("e=1,d=1,c=1", 1, 1)]);
        let changes = old.difference(&new);
        let shown: Vec<String> = changes
            .iter()
            .map(|c| match c {
                ModelChange::Create { dn, .. } => format!("+{dn}"),
                ModelChange::Modify { dn, attrs } => format!("{dn}.{}", attrs[0].name),
                ModelChange::Delete { dn } => format!("-{dn}"),
            })
            .collect();
        assert_eq!(
            shown,
            ["-b=1,a=1", "-a=1", "+d=1,c=1", "+e=1,d=1,c=1", "c=1.rank"]
        );
        old.apply(&changes);
        assert!(old.difference(&new).is_empty());
        assert!(
            model(&[("c=1", 1, 1)])
                .difference(&model(&[("c=1", 1, 2)]))
                .is_empty(),
            "runtime data is the director's own"
        );
    }

    #[test]
    fn a_new_object_gets_the_defaults_of_its_class() {
        let create = CcbOperation::Create {
            class: "SaAmfSU".into(),
            dn: Dn::new("a=1").unwrap(),
            attrs: vec![Attr::single("rank", Value::Uint32(9))],
        };
        let changes = model(&[]).changes(create).unwrap();
        let ModelChange::Create { attrs, .. } = &changes[0] else {
            panic!("{changes:?}")
        };
        assert_eq!(find_attr(attrs, "rank").unwrap().values, [Value::Uint32(9)]);
        assert_eq!(find_attr(attrs, "admin").unwrap().values, [Value::Uint32(1)]);
        assert_eq!(model(&[]).uncached(), ["count".to_owned()].into());
    }
}
