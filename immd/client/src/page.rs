//! A page of a search as it came: who only passes it on need not make objects of it.

use std::borrow::Cow;

use capnp::capability::Response;
use schema::imm_capnp::search;
use schema::value;
use schema::value_capnp::{attr, object, value as wire_value};

use crate::ImmError;

/// Some objects of a search.
pub struct Page(pub(crate) Response<search::next_results::Owned>);

/// An object in a page.
pub struct ObjectView<'a> {
    /// Its name.
    pub dn: &'a str,
    /// Its attributes, in descending byte order of their names.
    pub attrs: Vec<AttrView<'a>>,
}

/// An attribute in a page.
pub struct AttrView<'a> {
    /// Its name.
    pub name: &'a str,
    reader: attr::Reader<'a>,
}

impl Page {
    /// The objects, in ascending byte order of their names.
    ///
    /// # Errors
    /// Where the answer is none.
    pub fn objects(&self) -> Result<Vec<ObjectView<'_>>, ImmError> {
        let objects = self.0.get()?.get_objects()?;
        objects.iter().map(view).collect()
    }
}

fn view(object: object::Reader<'_>) -> Result<ObjectView<'_>, ImmError> {
    let attrs = object.get_attrs()?.iter().map(|reader| {
        Ok(AttrView {
            name: text(reader.get_name()?)?,
            reader,
        })
    });
    Ok(ObjectView {
        dn: text(object.get_dn()?)?,
        attrs: attrs.collect::<Result<_, ImmError>>()?,
    })
}

impl<'a> AttrView<'a> {
    /// The values as texts, as model files have them.
    ///
    /// # Errors
    /// Where the answer is none.
    pub fn texts(&self) -> Result<Vec<Cow<'a, str>>, ImmError> {
        let values = self.reader.get_values()?;
        let as_text = |reader: wire_value::Reader<'a>| match reader.which() {
            Ok(wire_value::Which::Name(name)) => text(name?).map(Cow::Borrowed),
            Ok(wire_value::Which::String(string)) => text(string?).map(Cow::Borrowed),
            _ => Ok(Cow::Owned(value::read_value(reader)?.to_text())),
        };
        values.iter().map(as_text).collect()
    }
}

fn text(reader: capnp::text::Reader<'_>) -> Result<&str, ImmError> {
    Ok(reader.to_str().map_err(capnp::Error::from)?)
}
