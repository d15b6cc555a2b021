//! Objects in answers, written from where they are held.

use std::sync::Arc;

use ais::{AttrChoice, Millis, Object, Refusal, Value};
use repository::{AttrView, Found, ObjectBody, ObjectView, Repository, ValuesView};
use schema::value::{checked, write_object, write_values};
use schema::value_capnp::{attr, object};
use schema::{WireError, list_len, size};

use super::Connection;
use crate::core::Core;

/// An object of an answer.
pub(crate) enum Answered {
    /// As it is held.
    Held(Arc<ObjectBody>),
    /// With what its implementer said.
    Fetched(Object),
}

impl Answered {
    /// What was found, with what only its implementer knows.
    pub(crate) async fn of(core: &Core, found: Found) -> Result<Answered, Refusal> {
        Ok(match found {
            Found::Held(body) => Answered::Held(body),
            Found::Asked(read) => Answered::Fetched(core.complete(read).await?),
        })
    }

    /// Writes it, with what is chosen of one that is held.
    pub(super) fn write(
        &self,
        repository: &Repository,
        choice: &AttrChoice,
        now: Millis,
        builder: object::Builder<'_>,
    ) -> Result<(), WireError> {
        match self {
            Answered::Held(body) => write(&repository.view(body, choice, now), builder),
            Answered::Fetched(object) => write_object(object, builder),
        }
    }
}

/// Writes an answer of this one object, which the connection owes from then on.
pub(super) fn write_one(
    connection: &Connection,
    object: &Answered,
    choice: &AttrChoice,
    builder: object::Builder<'_>,
) -> Result<(), WireError> {
    let now = connection.core.now();
    connection.core.read(|repository| {
        connection.budget.owe(match object {
            Answered::Held(body) => size(&repository.view(body, choice, now)),
            Answered::Fetched(object) => size::object(object),
        });
        object.write(repository, choice, now, builder)
    })
}

/// About how many bytes it takes in a message, as [`size::object`] says of a copy.
pub(super) fn size(view: &ObjectView<'_>) -> usize {
    let attr = |attr: AttrView<'_>| {
        let values = match &attr.values {
            ValuesView::Held(values) => size::values(values),
            ValuesView::Made(values) => size::values(values),
            ValuesView::Text(text) => size::text(text),
            ValuesView::Asked => 0,
        };
        size::attr_head(attr.name) + values
    };
    size::object_head(view.dn()) + view.attrs().map(attr).sum::<usize>()
}

/// Writes an object; what its implementer must be asked for has no values.
pub(super) fn write(view: &ObjectView<'_>, mut builder: object::Builder<'_>) -> Result<(), WireError> {
    builder.set_dn(view.dn().as_str());
    let mut attrs = builder.init_attrs(list_len(view.attr_count(), "Object.attrs")?);
    (0..)
        .zip(view.attrs())
        .try_for_each(|(at, attr)| write_attr(&attr, attrs.reborrow().get(at)))
}

fn write_attr(view: &AttrView<'_>, mut builder: attr::Builder<'_>) -> Result<(), WireError> {
    builder.set_name(checked(view.name, "Attr.name")?);
    builder.set_type(view.value_type as u8);
    let mut held = |values: &[Value]| {
        let places = list_len(values.len(), "Attr.values")?;
        write_values(values, builder.reborrow().init_values(places))
    };
    match &view.values {
        ValuesView::Held(values) => held(values),
        ValuesView::Made(values) => held(values),
        ValuesView::Asked => Ok(()),
        ValuesView::Text(text) => {
            let mut place = builder.init_values(1).get(0);
            if view.value_type == ais::ValueType::Name {
                place.set_name(checked(text, "Value.name")?);
            } else {
                place.set_string(checked(text, "Value.string")?);
            }
            Ok(())
        }
    }
}
