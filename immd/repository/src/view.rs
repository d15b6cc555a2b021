//! An object as a reader sees it, borrowed: who only passes it on copies nothing of it.

use std::sync::Arc;

use ais::{Attr, AttrChoice, AttrFlags, Dn, Millis, Object, Value, ValueType};

use crate::class::AttrRef;
use crate::{Fetch, ImplementerId, ObjectBody, ReadObject, Repository, service};

/// An object at one moment, with the attributes that its reader chose.
#[derive(Debug, Clone, Copy)]
pub struct ObjectView<'a> {
    repository: &'a Repository,
    body: &'a ObjectBody,
    choice: &'a AttrChoice,
    /// The name of its implementer.
    implementer: Option<&'a Arc<str>>,
    /// Who holds that name.
    holder: Option<ImplementerId>,
    /// Whether somebody vouches for cached values.
    is_vouched_for: bool,
    /// Whether the service itself knows some of its values.
    is_service: bool,
}

/// An attribute of an [`ObjectView`].
#[derive(Debug, Clone, PartialEq)]
pub struct AttrView<'a> {
    /// Its name.
    pub name: &'a str,
    /// The type of its values.
    pub value_type: ValueType,
    /// Its values.
    pub values: ValuesView<'a>,
}

/// The values of an [`AttrView`].
#[derive(Debug, Clone, PartialEq)]
pub enum ValuesView<'a> {
    /// Those that are held; none where nobody knows any now.
    Held(&'a [Value]),
    /// One, which is this text: SA_NAME_T where the attribute is of that type, otherwise SA_STRING_T.
    Text(&'a str),
    /// Those that the service itself knows.
    Made(Vec<Value>),
    /// Only the implementer knows.
    Asked,
}

impl Repository {
    /// The object, which must be one of this repository's, with those of the attributes chosen that its class has.
    pub fn view<'a>(&'a self, body: &'a ObjectBody, choice: &'a AttrChoice, now: Millis) -> ObjectView<'a> {
        let implementer = self.implementers.bound(body);
        let holder = implementer.and_then(|name| self.implementers.holder(name));
        let is_in_grace = || implementer.is_some_and(|name| self.implementers.is_in_grace(name, now));
        ObjectView {
            repository: self,
            body,
            choice,
            implementer,
            holder,
            is_vouched_for: holder.is_some() || is_in_grace(),
            is_service: service::is_service_class(body.class.name()) && *choice != AttrChoice::Persistent,
        }
    }
}

impl<'a> ObjectView<'a> {
    /// The object's name.
    pub const fn dn(&self) -> &'a Dn {
        &self.body.dn
    }

    /// The attributes, in descending byte order of their names.
    pub fn attrs(&self) -> impl Iterator<Item = AttrView<'a>> {
        let view = *self;
        self.chosen().map(move |attr| view.attr(attr))
    }

    /// How many attributes [`ObjectView::attrs`] gives.
    pub fn attr_count(&self) -> usize {
        match self.choice {
            AttrChoice::All => self.body.class.listed().len(),
            AttrChoice::None => 0,
            AttrChoice::Config | AttrChoice::Persistent | AttrChoice::Some(_) => self.chosen().count(),
        }
    }

    /// Whether its implementer must be asked for some of it.
    pub fn is_asked_for(&self) -> bool {
        self.holder.is_some() && self.attrs().any(|attr| attr.is_asked_for())
    }

    /// A copy, with what its implementer must be asked for.
    pub fn read(&self) -> ReadObject {
        let mut names = Vec::new();
        let attrs = self.attrs().map(|attr| {
            if attr.is_asked_for() {
                names.push(attr.name.to_owned());
            }
            attr.copied()
        });
        let attrs = attrs.collect();
        ReadObject {
            object: Object {
                dn: self.body.dn.clone(),
                attrs,
            },
            fetch: self
                .holder
                .filter(|_| !names.is_empty())
                .map(|implementer| Fetch { implementer, names }),
            test: None,
        }
    }

    fn chosen(&self) -> impl Iterator<Item = AttrRef> + use<'a> {
        let (body, choice) = (self.body, self.choice);
        let listed = if *choice == AttrChoice::None {
            &[]
        } else {
            body.class.listed()
        };
        let is_chosen = move |attr: &AttrRef| is_chosen(body, *attr, choice);
        listed.iter().copied().filter(is_chosen)
    }

    fn attr(&self, attr: AttrRef) -> AttrView<'a> {
        let class = &self.body.class;
        let (value_type, values) = match attr {
            AttrRef::Own(at) => (class.def().attrs[usize::from(at)].value_type, self.own_values(at)),
            AttrRef::ClassName => (ValueType::String, ValuesView::Text(class.name())),
            AttrRef::OwnerName => (ValueType::String, text(self.body.owner.as_deref())),
            AttrRef::ImplementerName => (ValueType::String, text(self.implementer.map(|name| &**name))),
        };
        AttrView {
            name: class.attr_name(attr),
            value_type,
            values,
        }
    }

    fn own_values(&self, at: u16) -> ValuesView<'a> {
        let made = || self.repository.service_values_at(self.body, at);
        if let Some(values) = self.is_service.then(made).flatten() {
            return ValuesView::Made(values);
        }
        if at == self.body.class.rdn_position() {
            return ValuesView::Text(self.body.dn.rdn());
        }
        visible(self.body, at, self.is_vouched_for, self.holder.is_some())
    }
}

impl AttrView<'_> {
    const fn is_asked_for(&self) -> bool {
        matches!(self.values, ValuesView::Asked)
    }

    /// A copy; without values where the implementer must be asked for them.
    pub fn copied(&self) -> Attr {
        Attr {
            name: self.name.to_owned(),
            value_type: self.value_type,
            values: match &self.values {
                ValuesView::Held(values) => values.to_vec(),
                ValuesView::Text(text) if self.value_type == ValueType::Name => {
                    vec![Value::Name((*text).to_owned())]
                }
                ValuesView::Text(text) => vec![Value::String((*text).to_owned())],
                ValuesView::Made(values) => values.clone(),
                ValuesView::Asked => Vec::new(),
            },
        }
    }
}

fn text(text: Option<&str>) -> ValuesView<'_> {
    text.map_or(ValuesView::Held(&[]), ValuesView::Text)
}

/// What is to be seen of an attribute other than the RDN: `is_vouched_for` says whether cached values are,
/// `is_attached` whether there is somebody to ask.
pub(crate) fn visible(body: &ObjectBody, at: u16, is_vouched_for: bool, is_attached: bool) -> ValuesView<'_> {
    let is_cached = || {
        let def = body.class.attr(at);
        def.is_some_and(|def| def.flags.contains(AttrFlags::CACHED))
    };
    if body.survives(at) {
        return ValuesView::Held(body.values(at));
    }
    match is_cached() {
        true if is_vouched_for => ValuesView::Held(body.values(at)),
        false if is_attached => ValuesView::Asked,
        true | false => ValuesView::Held(&[]),
    }
}

fn is_chosen(body: &ObjectBody, attr: AttrRef, choice: &AttrChoice) -> bool {
    let flags = || match attr {
        AttrRef::Own(at) => body.class.attr(at).map_or(AttrFlags::empty(), |def| def.flags),
        AttrRef::ClassName | AttrRef::OwnerName | AttrRef::ImplementerName => body.class.system_flags(),
    };
    match choice {
        AttrChoice::All => true,
        AttrChoice::None => false,
        AttrChoice::Config => flags().contains(AttrFlags::CONFIG),
        AttrChoice::Persistent => flags().intersects(AttrFlags::CONFIG | AttrFlags::PERSISTENT),
        AttrChoice::Some(names) => {
            let name = body.class.attr_name(attr);
            names.iter().any(|wanted| wanted == name)
        }
    }
}
