//! Journal entries: who changed what and when, with the values before and after.
//!
//! An entry takes one record, or several in a row where it is long.

use ais::Value;
use repository::{ObjectBody, StoredChange};

use super::bytes::{Decoder, Encoder};
use super::{RecordError, Table, Write};

/// A record stops growing here and the next one continues.
const PART_BYTES: usize = 256 << 10;

/// In whose name a change was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// A CCB of this admin owner.
    Owner {
        /// The CCB.
        ccb: u64,
        /// The owner's name.
        name: String,
    },
    /// An implementer, of runtime data.
    Implementer(String),
    /// A client, of classes.
    Client,
}

/// Who made a change and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalHead {
    /// Nanoseconds since the epoch.
    pub time: i64,
    /// In whose name.
    pub author: Author,
    /// The user of the client's process.
    pub uid: u32,
    /// The client's process.
    pub pid: u32,
}

impl JournalHead {
    /// The CCB; 0 where it was none.
    pub const fn ccb(&self) -> u64 {
        match &self.author {
            Author::Owner { ccb, .. } => *ccb,
            Author::Implementer(_) | Author::Client => 0,
        }
    }
}

/// Attributes by name, with their values.
pub type Values = Vec<(String, Vec<Value>)>;

/// What was done to one object or class. Attributes are those that the store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalChange {
    /// The object was created.
    Created {
        /// Its name.
        dn: String,
        /// Its class.
        class: String,
        /// What it was created with.
        values: Values,
    },
    /// The object was deleted.
    Deleted {
        /// Its name.
        dn: String,
        /// Its class.
        class: String,
        /// What it had.
        values: Values,
    },
    /// Attributes were changed.
    Changed {
        /// The object.
        dn: String,
        /// Its class.
        class: String,
        /// The name, the values before and the values after.
        attrs: Vec<(String, Vec<Value>, Vec<Value>)>,
    },
    /// The class was created or changed.
    ClassPut(String),
    /// The class was deleted.
    ClassDeleted(String),
}

impl JournalChange {
    /// The object; `None` where it is about a class.
    pub fn dn(&self) -> Option<&str> {
        match self {
            JournalChange::Created { dn, .. }
            | JournalChange::Deleted { dn, .. }
            | JournalChange::Changed { dn, .. } => Some(dn),
            JournalChange::ClassPut(_) | JournalChange::ClassDeleted(_) => None,
        }
    }
}

/// One record of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPart {
    /// Who and when; in the first record of an entry.
    pub head: Option<JournalHead>,
    /// What was done, as far as this record has it.
    pub changes: Vec<JournalChange>,
}

/// The records of an entry, in a row from the key `first` on; one at least.
pub fn write_journal(first: u64, head: &JournalHead, changes: &[StoredChange]) -> Vec<Write> {
    let mut parts = vec![(0, Encoder::new())];
    for change in changes {
        if parts.last().is_some_and(|(_, list)| list.len() >= PART_BYTES) {
            parts.push((0, Encoder::new()));
        }
        if let Some((count, list)) = parts.last_mut() {
            encode_change(list, change);
            *count += 1;
        }
    }
    (first..)
        .zip(parts)
        .map(|(key, (count, list))| {
            let mut record = Encoder::new();
            record.number(u64::from(key == first));
            if key == first {
                encode_head(&mut record, head);
            }
            record.number(count);
            record.append(&list);
            record.put(Table::Journal, key)
        })
        .collect()
}

fn encode_head(encoder: &mut Encoder, head: &JournalHead) {
    encoder.number(head.time.cast_unsigned());
    let (kind, name) = match &head.author {
        Author::Owner { name, .. } => (1, name.as_str()),
        Author::Implementer(name) => (2, name.as_str()),
        Author::Client => (3, ""),
    };
    encoder.number(kind);
    encoder.number(head.ccb());
    encoder.text(name);
    encoder.number(u64::from(head.uid));
    encoder.number(u64::from(head.pid));
}

fn encode_change(encoder: &mut Encoder, change: &StoredChange) {
    match change {
        StoredChange::PutClass { class, .. } => {
            encoder.number(4);
            encoder.text(&class.name);
        }
        StoredChange::DeleteClass { name, .. } => {
            encoder.number(5);
            encoder.text(name);
        }
        StoredChange::Put { before: None, after } => encode_object(encoder, 1, after),
        StoredChange::Delete { before } => encode_object(encoder, 2, before),
        StoredChange::Put {
            before: Some(before),
            after,
        } => {
            encoder.number(3);
            encoder.text(after.dn().as_str());
            encoder.text(after.class().name());
            let changed = differences(before, after);
            encoder.number(changed.len() as u64);
            for (name, before, after) in changed {
                encoder.text(name);
                encoder.values(before);
                encoder.values(after);
            }
        }
    }
}

/// An object that is new or gone, with all its values.
fn encode_object(encoder: &mut Encoder, kind: u64, body: &ObjectBody) {
    encoder.number(kind);
    encoder.text(body.dn().as_str());
    encoder.text(body.class().name());
    let attrs = &body.class().def().attrs;
    let named = || {
        body.stored_values()
            .filter_map(|(at, values)| Some((attrs.get(usize::from(at))?.name.as_str(), values)))
    };
    encoder.number(named().count() as u64);
    for (name, values) in named() {
        encoder.text(name);
        encoder.values(values);
    }
}

/// The stored attributes whose values differ: name, values before, values after. By name, because the class may be
/// another than before.
fn differences<'a>(
    before: &'a ObjectBody,
    after: &'a ObjectBody,
) -> Vec<(&'a str, &'a [Value], &'a [Value])> {
    let values = |body: &'a ObjectBody, name: &str| {
        let at = body.class().def().attrs.iter().position(|attr| attr.name == name);
        body.stored_values()
            .find(|(position, _)| Some(usize::from(*position)) == at)
            .map_or(&[][..], |(_, values)| values)
    };
    let after_attrs = after.class().def().attrs.iter();
    after_attrs
        .map(|attr| {
            (
                attr.name.as_str(),
                values(before, &attr.name),
                values(after, &attr.name),
            )
        })
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// A record written by [`write_journal`].
///
/// # Errors
/// [`RecordError`].
pub fn read_journal(key: u64, bytes: &[u8]) -> Result<JournalPart, RecordError> {
    Decoder::read(Table::Journal, key, bytes, |decoder| {
        Ok(JournalPart {
            head: decode_head(decoder)?,
            changes: decoder.list(decode_change)?,
        })
    })
}

/// The head in a record written by [`write_journal`]; `None` where it continues an entry.
///
/// # Errors
/// [`RecordError`].
pub fn read_journal_head(key: u64, bytes: &[u8]) -> Result<Option<JournalHead>, RecordError> {
    Decoder::read(Table::Journal, key, bytes, |decoder| {
        let head = decode_head(decoder);
        decoder.skip();
        head
    })
}

fn decode_head(decoder: &mut Decoder<'_>) -> Result<Option<JournalHead>, &'static str> {
    match decoder.number()? {
        0 => return Ok(None),
        1 => {}
        _ => return Err("no such part of an entry"),
    }
    let time = decoder.number()?.cast_signed();
    let (kind, ccb, name) = (decoder.number()?, decoder.number()?, decoder.text()?);
    let author = match kind {
        1 => Author::Owner { ccb, name },
        2 => Author::Implementer(name),
        3 => Author::Client,
        _ => return Err("no such kind of author"),
    };
    Ok(Some(JournalHead {
        time,
        author,
        uid: u32::try_from(decoder.number()?).map_err(|_| "no such user")?,
        pid: u32::try_from(decoder.number()?).map_err(|_| "no such process")?,
    }))
}

fn decode_change(decoder: &mut Decoder<'_>) -> Result<JournalChange, &'static str> {
    let kind = decoder.number()?;
    let name = decoder.text()?;
    match kind {
        4 => return Ok(JournalChange::ClassPut(name)),
        5 => return Ok(JournalChange::ClassDeleted(name)),
        _ => {}
    }
    let (dn, class) = (name, decoder.text()?);
    Ok(match kind {
        1 => JournalChange::Created {
            dn,
            class,
            values: decode_values(decoder)?,
        },
        2 => JournalChange::Deleted {
            dn,
            class,
            values: decode_values(decoder)?,
        },
        3 => JournalChange::Changed {
            dn,
            class,
            attrs: decoder.list(|d| Ok((d.text()?, d.values()?, d.values()?)))?,
        },
        _ => return Err("no such kind of change"),
    })
}

fn decode_values(decoder: &mut Decoder<'_>) -> Result<Values, &'static str> {
    decoder.list(|d| Ok((d.text()?, d.values()?)))
}

#[cfg(test)]
mod tests {
    use ais::{Attr, AttrDef, AttrFlags, CcbOperation, ClassCategory, ClassDef, Dn, ValueType};
    use repository::Repository;

    use super::*;

    fn head() -> JournalHead {
        JournalHead {
            time: 12,
            author: Author::Owner {
                ccb: 7,
                name: "me".to_owned(),
            },
            uid: 1,
            pid: 2,
        }
    }

    /// The changes of a CCB that creates so many objects with a note.
    fn creations(count: usize) -> Vec<StoredChange> {
        let attr = |name: &str, flags| AttrDef {
            name: name.to_owned(),
            value_type: ValueType::String,
            flags: AttrFlags::CONFIG | flags,
            default: None,
        };
        let class = ClassDef {
            name: "Thing".to_owned(),
            category: ClassCategory::Config,
            attrs: vec![attr("thing", AttrFlags::RDN), attr("note", AttrFlags::WRITABLE)],
        };
        let mut repository = Repository::new();
        let change = repository.class_create_prepare(&class).unwrap();
        repository.make_visible(change);
        let owner = repository.admin_owner_initialize("me", true).unwrap();
        let ccb = repository.ccb_initialize(owner, 0).unwrap();
        for number in 0..count {
            let create = CcbOperation::Create {
                class: "Thing".to_owned(),
                dn: Dn::new(&format!("thing={number}")).unwrap(),
                attrs: vec![Attr::single("note", Value::String("x".repeat(1000)))],
            };
            repository.ccb_operation(ccb, &create).unwrap();
        }
        repository.ccb_prepare(ccb).unwrap();
        repository.ccb_validated(ccb).unwrap();
        repository.ccb_stored_changes(ccb).unwrap()
    }

    #[test]
    fn a_long_entry_takes_several_records_and_comes_back_whole() {
        let writes = write_journal(5, &head(), &creations(1_000));
        assert!(writes.len() > 2, "{} records", writes.len());
        let mut names = Vec::new();
        for (write, key) in writes.iter().zip(5..) {
            let bytes = write.value.as_ref().unwrap();
            assert_eq!(write.key, key);
            assert!(bytes.len() < PART_BYTES + 4_096, "{} bytes", bytes.len());
            let part = read_journal(key, bytes).unwrap();
            assert_eq!(part.head, (key == 5).then(head));
            assert_eq!(read_journal_head(key, bytes).unwrap(), part.head);
            names.extend(
                part.changes
                    .iter()
                    .filter_map(|change| change.dn().map(str::to_owned)),
            );
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 1_000);
    }

    #[test]
    fn an_entry_without_changes_is_one_record() {
        let writes = write_journal(1, &head(), &[]);
        assert_eq!(writes.len(), 1);
        let part = read_journal(1, writes[0].value.as_ref().unwrap()).unwrap();
        assert_eq!((part.head, part.changes.len()), (Some(head()), 0));
    }
}
