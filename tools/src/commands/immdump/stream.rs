//! From a page of a search to a file, without making objects of it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ais::{AttrFlags, ClassCategory, ClassDef, SYSTEM_ATTRIBUTES};
use immd_client::{AttrView, ImmError, ObjectView};
use models::Writer;

use super::IMPLEMENTER_NAME;

/// What is dumped of the objects of each class; see [`super::kept`].
pub(super) struct Dumped<'a> {
    classes: BTreeMap<&'a str, Class<'a>>,
}

struct Class<'a> {
    rdn: &'a str,
    category: ClassCategory,
}

/// Why an object could not be dumped.
pub(super) enum Undumped {
    /// The answer is none.
    Unread(ImmError),
    /// The sink takes no more.
    Unwritten(io::Error),
}

impl From<ImmError> for Undumped {
    fn from(error: ImmError) -> Undumped {
        Undumped::Unread(error)
    }
}

impl From<io::Error> for Undumped {
    fn from(error: io::Error) -> Undumped {
        Undumped::Unwritten(error)
    }
}

impl<'a> Dumped<'a> {
    pub(super) fn of(classes: &'a [ClassDef]) -> Dumped<'a> {
        let of_class = |class: &'a ClassDef| {
            let rdn = class.rdn()?;
            let lasts = class.category == ClassCategory::Config || rdn.flags.contains(AttrFlags::PERSISTENT);
            let kept = Class {
                rdn: &rdn.name,
                category: class.category,
            };
            lasts.then_some((class.name.as_str(), kept))
        };
        Dumped {
            classes: classes.iter().filter_map(of_class).collect(),
        }
    }

    /// Writes what is kept of an object; says whether that is anything: it is not where it does not survive a restart.
    ///
    /// # Errors
    /// [`Undumped`].
    pub(super) fn write<W: Write>(
        &self,
        object: ObjectView<'_>,
        writer: &mut Writer<W>,
    ) -> Result<bool, Undumped> {
        let Some(name) = object.attr(SYSTEM_ATTRIBUTES[0])? else {
            return Ok(false);
        };
        let name = name.first_text()?.unwrap_or_default();
        let Some(class) = self.classes.get(&*name) else {
            return Ok(false);
        };
        writer.begin_object(&name, object.dn()?);
        let mut implementer = None;
        for attr in object.attrs()? {
            let name = attr.name()?;
            if name == IMPLEMENTER_NAME {
                implementer = Some(attr);
            } else if name != class.rdn && !SYSTEM_ATTRIBUTES.contains(&name) {
                write_attr(name, attr, writer)?;
            }
        }
        if let Some(attr) = implementer.filter(|_| class.category == ClassCategory::Runtime) {
            write_attr(IMPLEMENTER_NAME, attr, writer)?;
        }
        writer.end_object()?;
        Ok(true)
    }
}

fn write_attr<W: Write>(name: &str, attr: AttrView<'_>, writer: &mut Writer<W>) -> Result<(), ImmError> {
    let values = attr.texts()?;
    if values.len() > 0 {
        writer.begin_attr(name);
        for value in values {
            writer.value(&value?);
        }
        writer.end_attr();
    }
    Ok(())
}
