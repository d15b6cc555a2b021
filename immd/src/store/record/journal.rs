//! Journal entries: who changed what and when, with the values before and after.
//!
//! An entry takes one record, or several in a row where it is long.

use ais::{Author, JournalAttr, JournalChange, JournalHead, JournalKind, Value};
use repository::{ObjectBody, StoredChange};

use super::bytes::{Decoder, Encoder};
use super::{RecordError, Table, Write};

/// A record stops growing here and the next one continues.
const PART_BYTES: usize = 256 << 10;

/// What a usual change takes, and the head of an entry.
const CHANGE_BYTES: usize = 240;

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
    let room = (changes.len() * CHANGE_BYTES).min(PART_BYTES + CHANGE_BYTES);
    let mut parts = JournalParts {
        parts: vec![(0, Encoder::with_room(room))],
    };
    for change in changes {
        parts.add(change);
    }
    parts.records(first, head)
}

/// The changes of an entry whose place and head are not known yet.
pub struct JournalParts {
    /// One for each record: how many changes it has, and those.
    parts: Vec<(u64, Encoder)>,
}

impl Default for JournalParts {
    /// An entry without changes takes a record as well.
    fn default() -> JournalParts {
        JournalParts {
            parts: vec![(0, Encoder::new())],
        }
    }
}

impl JournalParts {
    /// Adds a change.
    pub fn add(&mut self, change: &StoredChange) {
        if self
            .parts
            .last()
            .is_some_and(|(_, list)| list.len() >= PART_BYTES)
        {
            self.parts
                .push((0, Encoder::with_room(PART_BYTES + CHANGE_BYTES)));
        }
        if let Some((count, list)) = self.parts.last_mut() {
            encode_change(list, change);
            *count += 1;
        }
    }

    /// How many records the entry takes.
    pub fn record_count(&self) -> u64 {
        self.parts.len() as u64
    }

    /// Its records, in a row from the key `first` on.
    pub fn records(self, first: u64, head: &JournalHead) -> Vec<Write> {
        (first..)
            .zip(self.parts)
            .map(|(key, (count, list))| {
                let mut record = Encoder::with_room(CHANGE_BYTES + list.len());
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
        StoredChange::PutClass { class, .. } => encode(encoder, JournalKind::ClassPut, &class.name, "", &[]),
        StoredChange::DeleteClass { name, .. } => encode(encoder, JournalKind::ClassDeleted, name, "", &[]),
        StoredChange::Put { before: None, after } => {
            let attrs: Vec<_> = named_values(after)
                .map(|(name, values)| (name, NONE, values))
                .collect();
            encode_object(encoder, JournalKind::Created, after, &attrs);
        }
        StoredChange::Delete { before } => {
            let attrs: Vec<_> = named_values(before)
                .map(|(name, values)| (name, values, NONE))
                .collect();
            encode_object(encoder, JournalKind::Deleted, before, &attrs);
        }
        StoredChange::Put {
            before: Some(before),
            after,
        } => encode_object(encoder, JournalKind::Changed, after, &differences(before, after)),
    }
}

/// The values of an attribute that has none.
const NONE: &[Value] = &[];

/// A name, the values before, the values after.
type Difference<'a> = (&'a str, &'a [Value], &'a [Value]);

fn encode_object(encoder: &mut Encoder, kind: JournalKind, body: &ObjectBody, attrs: &[Difference<'_>]) {
    encode(encoder, kind, body.dn().as_str(), body.class().name(), attrs);
}

fn encode(encoder: &mut Encoder, kind: JournalKind, name: &str, class: &str, attrs: &[Difference<'_>]) {
    encoder.number(u64::from(kind as u8));
    encoder.text(name);
    encoder.text(class);
    encoder.number(attrs.len() as u64);
    for (name, before, after) in attrs {
        encoder.text(name);
        encoder.values(before);
        encoder.values(after);
    }
}

/// The stored attributes that have values.
fn named_values(body: &ObjectBody) -> impl Iterator<Item = (&str, &[Value])> {
    let attrs = &body.class().def().attrs;
    body.stored_values()
        .filter_map(|(at, values)| Some((attrs.get(usize::from(at))?.name.as_str(), values)))
}

/// The stored attributes whose values differ: name, values before, values after. By name, because the class may be
/// another than before.
fn differences<'a>(before: &'a ObjectBody, after: &'a ObjectBody) -> Vec<Difference<'a>> {
    let values = |body: &'a ObjectBody, name: &str| {
        let at = body.class().def().attrs.iter().position(|attr| attr.name == name);
        body.stored_values()
            .find(|(position, _)| Some(usize::from(*position)) == at)
            .map_or(NONE, |(_, values)| values)
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
    let kind = u8::try_from(decoder.number()?)
        .ok()
        .and_then(JournalKind::from_code);
    Ok(JournalChange {
        kind: kind.ok_or("no such kind of change")?,
        name: decoder.text()?,
        class: decoder.text()?,
        attrs: decoder.list(|decoder| {
            Ok(JournalAttr {
                name: decoder.text()?,
                before: decoder.values()?,
                after: decoder.values()?,
            })
        })?,
    })
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
            names.extend(part.changes.into_iter().map(|change| change.name));
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
