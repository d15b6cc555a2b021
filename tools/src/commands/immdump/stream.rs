//! From a page of a search to a file, without making objects of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ais::{AttrFlags, ClassCategory, ClassDef, SYSTEM_ATTRIBUTES};
use immd_client::{ImmError, ObjectView};
use models::{Located, Position, XmlAttr, XmlObject};

use super::IMPLEMENTER_NAME;

/// What is dumped of the objects of each class; see [`super::kept`].
pub(super) struct Dumped<'a> {
    classes: BTreeMap<&'a str, Class<'a>>,
}

struct Class<'a> {
    name: Arc<str>,
    rdn: &'a str,
    category: ClassCategory,
}

impl<'a> Dumped<'a> {
    pub(super) fn of(classes: &'a [ClassDef]) -> Dumped<'a> {
        let of_class = |class: &'a ClassDef| {
            let rdn = class.rdn()?;
            let lasts = class.category == ClassCategory::Config || rdn.flags.contains(AttrFlags::PERSISTENT);
            let kept = Class {
                name: class.name.as_str().into(),
                rdn: &rdn.name,
                category: class.category,
            };
            lasts.then_some((class.name.as_str(), kept))
        };
        Dumped {
            classes: classes.iter().filter_map(of_class).collect(),
        }
    }

    /// What is written of an object; `None` where it does not survive a restart.
    ///
    /// # Errors
    /// Where the answer is none.
    pub(super) fn object<'o>(&self, object: &ObjectView<'o>) -> Result<Option<XmlObject<'o>>, ImmError> {
        let located = |it| Located {
            at: Position::START,
            it,
        };
        let mut class = None;
        let mut implementer = None;
        let mut attrs = Vec::with_capacity(object.attrs.len());
        for attr in &object.attrs {
            let values: Vec<Located<Cow<'o, str>>> = attr.texts()?.into_iter().map(located).collect();
            if attr.name == SYSTEM_ATTRIBUTES[0] {
                class = values.first().and_then(|name| self.classes.get(&*name.it));
                if class.is_none() {
                    return Ok(None);
                }
            } else if attr.name == IMPLEMENTER_NAME {
                implementer = (!values.is_empty()).then(|| xml_attr(attr.name, values));
            } else if !values.is_empty() && !SYSTEM_ATTRIBUTES.contains(&attr.name) {
                attrs.push(xml_attr(attr.name, values));
            }
        }
        let Some(class) = class else {
            return Ok(None);
        };
        attrs.retain(|attr| attr.name != class.rdn);
        if class.category == ClassCategory::Runtime {
            attrs.extend(implementer);
        }
        Ok(Some(XmlObject {
            at: Position::START,
            class: class.name.clone(),
            dn: located(Cow::Borrowed(object.dn)),
            attrs,
        }))
    }
}

fn xml_attr<'o>(name: &'o str, values: Vec<Located<Cow<'o, str>>>) -> XmlAttr<'o> {
    XmlAttr {
        at: Position::START,
        name: Cow::Borrowed(name),
        values,
    }
}
