//! Reading one object.

use ais::{AisError, Attr, AttrChoice, AttrFlags, Dn, Millis, Object, Refusal, Value, ValueType};

use crate::binding::no_object;
use crate::class::AttrRef;
use crate::values::refuse;
use crate::{ImplementerId, ObjectBody, Repository, Rule, Test, service};

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

/// What a reader gets for one attribute.
enum Visible<'a> {
    Values(&'a [Value]),
    /// Only the implementer knows.
    Ask,
    /// Nobody knows now.
    Nothing,
}

impl Repository {
    /// One object, without what a CCB has not committed.
    ///
    /// # Errors
    /// NOT_EXIST: the object, or an attribute that was named.
    pub fn get(&self, dn: &Dn, attrs: &AttrChoice, now: Millis) -> Result<ReadObject, Refusal> {
        let body = self.tree.get(dn).ok_or_else(|| no_object(dn))?;
        self.read_named(body, attrs, now)
    }

    /// The object with the attributes chosen, all of which must exist.
    pub(crate) fn read_named(
        &self,
        body: &ObjectBody,
        attrs: &AttrChoice,
        now: Millis,
    ) -> Result<ReadObject, Refusal> {
        if let AttrChoice::Some(names) = attrs
            && let Some(unknown) = names.iter().find(|name| body.class.lookup(name).is_none())
        {
            let rule = format!("does not exist in class '{}'", body.class.name());
            return Err(refuse(
                Rule::AttrUnknown,
                AisError::NotExist,
                &body.dn,
                unknown,
                rule,
            ));
        }
        Ok(self.read_object(body, attrs, now))
    }

    /// The object with those of the attributes chosen that its class has.
    pub(crate) fn read_object(&self, body: &ObjectBody, choice: &AttrChoice, now: Millis) -> ReadObject {
        let name = self.implementers.bound(body);
        let holder = name.and_then(|name| self.implementers.holder(name));
        let shown = holder.is_some() || name.is_some_and(|name| self.implementers.is_in_grace(name, now));
        let of_service = service::is_service_class(body.class.name()) && *choice != AttrChoice::Persistent;
        let mut attrs = Vec::new();
        let mut ask = Vec::new();
        for attr in body.class.listed() {
            let attr_name = body.class.attr_name(*attr);
            if !is_chosen(body, *attr, attr_name, choice) {
                continue;
            }
            attrs.push(match attr {
                AttrRef::Own(at) => {
                    let def = &body.class.def().attrs[usize::from(*at)];
                    let known = of_service.then(|| self.service_values(body, def)).flatten();
                    let values = match (known, visible(body, *at, shown, holder.is_some())) {
                        (Some(values), _) => values,
                        (None, Visible::Values(_)) if *at == body.class.rdn_position() => {
                            vec![rdn_value(body)]
                        }
                        (None, Visible::Values(values)) => values.to_vec(),
                        (None, Visible::Nothing) => Vec::new(),
                        (None, Visible::Ask) => {
                            ask.push(def.name.clone());
                            Vec::new()
                        }
                    };
                    Attr {
                        name: def.name.clone(),
                        value_type: def.value_type,
                        values,
                    }
                }
                AttrRef::ClassName => system(attr_name, Some(body.class.name())),
                AttrRef::OwnerName => system(attr_name, body.owner.as_deref()),
                AttrRef::ImplementerName => system(attr_name, name.map(|name| &**name)),
            });
        }
        ReadObject {
            object: Object {
                dn: body.dn.clone(),
                attrs,
            },
            fetch: holder.filter(|_| !ask.is_empty()).map(|implementer| Fetch {
                implementer,
                names: ask,
            }),
            test: None,
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
                    Visible::Values(values) => {
                        wanted.map_or(!values.is_empty(), |value| values.contains(value))
                    }
                    Visible::Nothing => false,
                    Visible::Ask => return None,
                }
            }
        })
    }
}

/// What is to be seen of an attribute: `shown` says whether cached values are, `attached` whether there is somebody to
/// ask.
fn visible(body: &ObjectBody, at: u16, shown: bool, attached: bool) -> Visible<'_> {
    let held = body.survives(at) || at == body.class.rdn_position();
    let cached = body
        .class
        .attr(at)
        .is_some_and(|def| def.flags.contains(AttrFlags::CACHED));
    match (held, cached) {
        (true, _) => Visible::Values(body.values(at)),
        (false, true) if shown => Visible::Values(body.values(at)),
        (false, false) if attached => Visible::Ask,
        (false, _) => Visible::Nothing,
    }
}

fn is_chosen(body: &ObjectBody, attr: AttrRef, name: &str, choice: &AttrChoice) -> bool {
    let flags = || match attr {
        AttrRef::Own(at) => body.class.attr(at).map_or(AttrFlags::empty(), |def| def.flags),
        AttrRef::ClassName | AttrRef::OwnerName | AttrRef::ImplementerName => body.class.system_flags(),
    };
    match choice {
        AttrChoice::All => true,
        AttrChoice::None => false,
        AttrChoice::Config => flags().contains(AttrFlags::CONFIG),
        AttrChoice::Persistent => flags().intersects(AttrFlags::CONFIG | AttrFlags::PERSISTENT),
        AttrChoice::Some(names) => names.iter().any(|wanted| wanted == name),
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

fn system(name: &str, value: Option<&str>) -> Attr {
    Attr {
        name: name.to_owned(),
        value_type: ValueType::String,
        values: value
            .map(|text| Value::String(text.to_owned()))
            .into_iter()
            .collect(),
    }
}
