//! Reading one object.

use std::sync::Arc;

use ais::{AisError, Attr, AttrChoice, Dn, Millis, Object, Refusal, Value, ValueType};

use crate::binding::no_object;
use crate::class::AttrRef;
use crate::values::refuse;
use crate::view::visible;
use crate::{Found, ImplementerId, ObjectBody, ObjectView, Repository, Rule, Test, ValuesView};

/// Runtime attributes that only the implementer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Whom to ask.
    pub implementer: ImplementerId,
    /// What to ask for.
    pub names: Vec<String>,
}

/// An object as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadObject {
    /// The object; the attributes to be fetched stand in it without values.
    pub object: Object,
    /// What must be fetched, if anything.
    pub fetch: Option<Fetch>,
    /// Whether the object is one that a search asked for shows when that is fetched.
    pub test: Option<Test>,
}

impl ReadObject {
    /// Puts fetched values in their places.
    ///
    /// # Errors
    /// LIBRARY where the implementer gave another type than the class has; attributes not asked for are ignored.
    pub fn complete(self, fetched: Vec<Attr>) -> Result<Object, Refusal> {
        let mut object = self.object;
        let names = self.fetch.map(|fetch| fetch.names).unwrap_or_default();
        for attr in fetched {
            if !names.contains(&attr.name) {
                continue;
            }
            let Some(place) = object.attrs.iter_mut().find(|own| own.name == attr.name) else {
                continue;
            };
            if attr
                .values
                .iter()
                .any(|value| value.value_type() != place.value_type)
            {
                let rule = format!(
                    "is of type {}; its implementer gave another one",
                    place.value_type
                );
                return Err(refuse(
                    Rule::AttrType,
                    AisError::Library,
                    &object.dn,
                    &attr.name,
                    rule,
                ));
            }
            place.values = attr.values;
        }
        Ok(object)
    }
}

/// Refuses a choice of attributes of which the object's class does not have one.
pub(crate) fn check_named(body: &ObjectBody, attrs: &AttrChoice) -> Result<(), Refusal> {
    let AttrChoice::Some(names) = attrs else {
        return Ok(());
    };
    let Some(unknown) = names.iter().find(|name| body.class.lookup(name).is_none()) else {
        return Ok(());
    };
    let rule = format!("does not exist in class '{}'", body.class.name());
    Err(refuse(
        Rule::AttrUnknown,
        AisError::NotExist,
        &body.dn,
        unknown,
        rule,
    ))
}

impl Repository {
    /// One object, without what a CCB has not committed.
    ///
    /// # Errors
    /// As for [`Repository::look`].
    pub fn get(&self, dn: &Dn, attrs: &AttrChoice, now: Millis) -> Result<ReadObject, Refusal> {
        Ok(self.look(dn, attrs, now)?.read())
    }

    /// As [`Repository::get`], but copies nothing.
    ///
    /// # Errors
    /// NOT_EXIST: the object, or an attribute that was named.
    pub fn look<'a>(
        &'a self,
        dn: &Dn,
        attrs: &'a AttrChoice,
        now: Millis,
    ) -> Result<ObjectView<'a>, Refusal> {
        let body = self.tree.get(dn).ok_or_else(|| no_object(dn))?;
        check_named(body, attrs)?;
        Ok(self.view(body, attrs, now))
    }

    /// The object as a reader of these attributes finds it; copies nothing of what is held.
    pub(crate) fn found(&self, body: Arc<ObjectBody>, attrs: &AttrChoice, now: Millis) -> Found {
        let view = self.view(&body, attrs, now);
        if view.is_asked_for() {
            return Found::Asked(view.read());
        }
        Found::Held(body)
    }

    /// A copy of what a reader of these attributes found.
    pub fn copied(&self, found: Found, attrs: &AttrChoice, now: Millis) -> ReadObject {
        match found {
            Found::Held(body) => self.view(&body, attrs, now).read(),
            Found::Asked(read) => read,
        }
    }

    /// Whether an attribute of the object has a value, and if given this one, as a reader would see it now. `None`
    /// where only the implementer knows.
    pub(crate) fn matches(
        &self,
        body: &ObjectBody,
        attr: AttrRef,
        wanted: Option<&Value>,
        now: Millis,
    ) -> Option<bool> {
        let name = self.implementers.bound(body);
        let is_text = |text: Option<&str>| match (text, wanted) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(text), Some(value)) => matches!(value, Value::String(wanted) if wanted == text),
        };
        Some(match attr {
            AttrRef::ClassName => is_text(Some(body.class.name())),
            AttrRef::OwnerName => is_text(body.owner.as_deref()),
            AttrRef::ImplementerName => is_text(name.map(|name| &**name)),
            AttrRef::Own(at) if at == body.class.rdn_position() => {
                wanted.is_none_or(|value| rdn_value(body) == *value)
            }
            AttrRef::Own(at) if let Some(values) = self.service_values_at(body, at) => {
                wanted.map_or(!values.is_empty(), |value| values.contains(value))
            }
            AttrRef::Own(at) => {
                let attached = name.is_some_and(|name| self.implementers.holder(name).is_some());
                let shown = attached || name.is_some_and(|name| self.implementers.is_in_grace(name, now));
                match visible(body, at, shown, attached) {
                    ValuesView::Held(values) => {
                        wanted.map_or(!values.is_empty(), |value| values.contains(value))
                    }
                    ValuesView::Asked => return None,
                    ValuesView::Text(_) | ValuesView::Made(_) => false,
                }
            }
        })
    }
}

/// The value of the RDN attribute: the RDN as it stands in the name.
fn rdn_value(body: &ObjectBody) -> Value {
    let text = body.dn.rdn().to_owned();
    match body.class.rdn().value_type {
        ValueType::Name => Value::Name(text),
        _ => Value::String(text),
    }
}
