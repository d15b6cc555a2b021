//! Conversions of journal entries.

use ais::{Author, JournalAttr, JournalChange, JournalEntry, JournalHead, JournalKind};
use capnp::struct_list;

use crate::error::{WireError, list_len};
use crate::imm_capnp::{journal_attr, journal_change, journal_entry};
use crate::value::{checked, read_text, read_values, write_values};

/// Journal entries.
pub fn read_entries(
    list: struct_list::Reader<'_, journal_entry::Owned>,
) -> Result<Vec<JournalEntry>, WireError> {
    list.iter().map(read_entry).collect()
}

fn read_entry(reader: journal_entry::Reader<'_>) -> Result<JournalEntry, WireError> {
    use journal_entry::author::Which;
    let name = read_text(reader.get_name()?, "JournalEntry.name")?;
    let author = match reader.get_author().which().map_err(capnp::Error::from)? {
        Which::Ccb(ccb) => Author::Owner { ccb, name },
        Which::Implementer(()) => Author::Implementer(name),
        Which::Client(()) => Author::Client,
    };
    Ok(JournalEntry {
        number: reader.get_number(),
        head: JournalHead {
            time: reader.get_time(),
            author,
            uid: reader.get_uid(),
            pid: reader.get_pid(),
        },
        changes: reader
            .get_changes()?
            .iter()
            .map(read_change)
            .collect::<Result<_, _>>()?,
    })
}

fn read_change(reader: journal_change::Reader<'_>) -> Result<JournalChange, WireError> {
    let kind = reader.get_kind();
    Ok(JournalChange {
        kind: JournalKind::from_code(kind).ok_or_else(|| WireError::number("JournalChange.kind", kind))?,
        name: read_text(reader.get_name()?, "JournalChange.name")?,
        class: read_text(reader.get_class()?, "JournalChange.class")?,
        attrs: reader
            .get_attrs()?
            .iter()
            .map(read_attr)
            .collect::<Result<_, _>>()?,
    })
}

fn read_attr(reader: journal_attr::Reader<'_>) -> Result<JournalAttr, WireError> {
    Ok(JournalAttr {
        name: read_text(reader.get_name()?, "JournalAttr.name")?,
        before: read_values(reader.get_before()?)?,
        after: read_values(reader.get_after()?)?,
    })
}

/// Fills a list that has as many places as there are entries.
pub fn write_entries(
    from: &[JournalEntry],
    mut list: struct_list::Builder<'_, journal_entry::Owned>,
) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, entry)| write_entry(entry, list.reborrow().get(at)))
}

fn write_entry(from: &JournalEntry, mut builder: journal_entry::Builder<'_>) -> Result<(), WireError> {
    builder.set_number(from.number);
    builder.set_time(from.head.time);
    builder.set_uid(from.head.uid);
    builder.set_pid(from.head.pid);
    let mut author = builder.reborrow().init_author();
    let name = match &from.head.author {
        Author::Owner { ccb, name } => {
            author.set_ccb(*ccb);
            name
        }
        Author::Implementer(name) => {
            author.set_implementer(());
            name
        }
        Author::Client => {
            author.set_client(());
            ""
        }
    };
    builder.set_name(checked(name, "JournalEntry.name")?);
    let places = list_len(from.changes.len(), "JournalEntry.changes")?;
    let mut changes = builder.init_changes(places);
    (0..)
        .zip(&from.changes)
        .try_for_each(|(at, change)| write_change(change, changes.reborrow().get(at)))
}

fn write_change(from: &JournalChange, mut builder: journal_change::Builder<'_>) -> Result<(), WireError> {
    builder.set_kind(from.kind as u8);
    builder.set_name(checked(&from.name, "JournalChange.name")?);
    builder.set_class(checked(&from.class, "JournalChange.class")?);
    let places = list_len(from.attrs.len(), "JournalChange.attrs")?;
    let mut attrs = builder.init_attrs(places);
    for (at, attr) in (0..).zip(&from.attrs) {
        let mut builder = attrs.reborrow().get(at);
        builder.set_name(checked(&attr.name, "JournalAttr.name")?);
        let places = |values: &[_]| list_len(values.len(), "JournalAttr");
        write_values(
            &attr.before,
            builder.reborrow().init_before(places(&attr.before)?),
        )?;
        write_values(&attr.after, builder.init_after(places(&attr.after)?))?;
    }
    Ok(())
}
