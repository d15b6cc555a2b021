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
#[derive(Clone, Copy)]
pub struct ObjectView<'a>(object::Reader<'a>);

/// An attribute in a page.
#[derive(Clone, Copy)]
pub struct AttrView<'a>(attr::Reader<'a>);

impl Page {
    /// The objects, in ascending byte order of their names.
    ///
    /// # Errors
    /// Where the answer is none.
    pub fn objects(&self) -> Result<impl ExactSizeIterator<Item = ObjectView<'_>>, ImmError> {
        Ok(self.0.get()?.get_objects()?.into_iter().map(ObjectView))
    }
}

impl<'a> ObjectView<'a> {
    /// Its name.
    ///
    /// # Errors
    /// Where the answer is none.
    pub fn dn(&self) -> Result<&'a str, ImmError> {
        text(self.0.get_dn()?)
    }

    /// Its attributes, in descending byte order of their names.
    ///
    /// # Errors
    /// Where the answer is none.
    pub fn attrs(
        &self,
    ) -> Result<impl ExactSizeIterator<Item = AttrView<'a>> + DoubleEndedIterator, ImmError> {
        Ok(self.0.get_attrs()?.into_iter().map(AttrView))
    }

    /// The attribute with this name; attributes of low names are found first.
    ///
    /// # Errors
    /// Where the answer is none.
    pub fn attr(&self, name: &str) -> Result<Option<AttrView<'a>>, ImmError> {
        for attr in self.attrs()?.rev() {
            if attr.has_name(name)? {
                return Ok(Some(attr));
            }
        }
        Ok(None)
    }
}

impl<'a> AttrView<'a> {
    /// Its name.
    ///
    /// # Errors
    /// Where the answer is none.
    pub fn name(&self) -> Result<&'a str, ImmError> {
        text(self.0.get_name()?)
    }

    /// Whether this is its name.
    ///
    /// # Errors
    /// Where the answer is none.
    pub fn has_name(&self, name: &str) -> Result<bool, ImmError> {
        Ok(self.0.get_name()?.as_bytes() == name.as_bytes())
    }

    /// The values as texts, as model files have them.
    ///
    /// # Errors
    /// Where the answer is none, here or at a value.
    pub fn texts(&self) -> Result<impl ExactSizeIterator<Item = Result<Cow<'a, str>, ImmError>>, ImmError> {
        let as_text = |reader: wire_value::Reader<'a>| match reader.which() {
            Ok(wire_value::Which::Name(name)) => text(name?).map(Cow::Borrowed),
            Ok(wire_value::Which::String(string)) => text(string?).map(Cow::Borrowed),
            _ => Ok(Cow::Owned(value::read_value(reader)?.to_text())),
        };
        Ok(self.0.get_values()?.into_iter().map(as_text))
    }

    /// The first value as a text.
    ///
    /// # Errors
    /// As for [`AttrView::texts`].
    pub fn first_text(&self) -> Result<Option<Cow<'a, str>>, ImmError> {
        self.texts()?.next().transpose()
    }
}

fn text(text: capnp::text::Reader<'_>) -> Result<&str, ImmError> {
    Ok(text.to_str().map_err(capnp::Error::from)?)
}
