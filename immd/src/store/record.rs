//! What the records of the store mean: their bytes, versioned and with a checksum over place and content.
//!
//! Everything read back is checked; a record that cannot be understood says which one it is and why.

mod bytes;
pub mod journal;

use ais::{AttrDef, AttrFlags, ClassCategory, ClassDef, Dn, ValueType};
use repository::{ClassId, ObjectBody, ObjectId, StoredChange, StoredObject};

use super::{Table, Write};
use bytes::{Decoder, Encoder};

/// Why the bytes of a record are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {key} of table {}: {reason}", table.name())]
pub struct RecordError {
    /// The table.
    pub table: Table,
    /// The key.
    pub key: u64,
    /// What is wrong.
    pub reason: String,
}

/// Single facts of table [`Table::Meta`].
pub mod meta {
    use super::{Decoder, Encoder, RecordError, Table, Write};

    /// How often the repository was started; the upper half of every CCB id.
    pub const EPOCH: u64 = 1;
    /// The highest id of a CCB whose journal entry was dropped.
    pub const FORGOTTEN: u64 = 2;

    /// A fact that is a number.
    pub fn write(key: u64, number: u64) -> Write {
        let mut encoder = Encoder::new();
        encoder.number(number);
        encoder.put(Table::Meta, key)
    }

    /// The number written by [`write`].
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn read(key: u64, bytes: &[u8]) -> Result<u64, RecordError> {
        Decoder::read(Table::Meta, key, bytes, Decoder::number)
    }
}

/// The record of a class.
pub fn write_class(id: ClassId, class: &ClassDef) -> Write {
    let mut encoder = Encoder::new();
    encoder.text(&class.name);
    encoder.number(class.category as u64);
    encoder.number(class.attrs.len() as u64);
    for attr in &class.attrs {
        encoder.text(&attr.name);
        encoder.number(attr.value_type as u64);
        encoder.number(attr.flags.bits());
        encoder.values(attr.default.as_slice());
    }
    encoder.put(Table::Classes, u64::from(id.0))
}

/// The class written by [`write_class`].
///
/// # Errors
/// [`RecordError`].
pub fn read_class(key: u64, bytes: &[u8]) -> Result<(ClassId, ClassDef), RecordError> {
    Decoder::read(Table::Classes, key, bytes, |decoder| {
        let id = u32::try_from(key).map_err(|_| "the key is no number of a class")?;
        let name = decoder.text()?;
        let category = match decoder.number()? {
            1 => ClassCategory::Config,
            2 => ClassCategory::Runtime,
            _ => return Err("no such category of classes"),
        };
        let attrs = decoder.list(read_attr_def)?;
        Ok((
            ClassId(id),
            ClassDef {
                name,
                category,
                attrs,
            },
        ))
    })
}

fn read_attr_def(decoder: &mut Decoder<'_>) -> Result<AttrDef, &'static str> {
    let name = decoder.text()?;
    let code = u8::try_from(decoder.number()?).map_err(|_| "no such type of values")?;
    let value_type = ValueType::from_code(code).ok_or("no such type of values")?;
    let flags = AttrFlags::from_bits_retain(decoder.number()?);
    let mut default = decoder.values()?;
    if default.len() > 1 {
        return Err("an attribute with several defaults");
    }
    Ok(AttrDef {
        name,
        value_type,
        flags,
        default: default.pop(),
    })
}

/// The record of an object.
pub fn write_object(body: &ObjectBody) -> Write {
    let mut encoder = Encoder::new();
    encoder.text(body.dn().as_str());
    encoder.number(u64::from(body.class().id().0));
    encoder.text(body.stored_implementer().unwrap_or(""));
    encoder.number(body.stored_values().count() as u64);
    for (position, values) in body.stored_values() {
        encoder.number(u64::from(position));
        encoder.values(values);
    }
    encoder.put(Table::Objects, body.id().0)
}

/// The object written by [`write_object`].
///
/// # Errors
/// [`RecordError`].
pub fn read_object(key: u64, bytes: &[u8]) -> Result<StoredObject, RecordError> {
    Decoder::read(Table::Objects, key, bytes, |decoder| {
        let dn = Dn::new(decoder.str()?).map_err(|_| "its name is not a DN")?;
        let class = u32::try_from(decoder.number()?).map_err(|_| "no such number of a class")?;
        let implementer = Some(decoder.str()?).filter(|name| !name.is_empty());
        Ok(StoredObject {
            id: ObjectId(key),
            dn,
            class: ClassId(class),
            implementer: implementer.map(Into::into),
            values: decoder.list(|decoder| {
                let position = u16::try_from(decoder.number()?).map_err(|_| "no such position")?;
                Ok((position, decoder.values()?))
            })?,
        })
    })
}

/// What the store must do for changes.
pub fn writes(changes: &[StoredChange]) -> Vec<Write> {
    changes.iter().map(write).collect()
}

/// What the store must do for a change.
pub fn write(change: &StoredChange) -> Write {
    let delete = |table, key| Write {
        table,
        key,
        value: None,
    };
    match change {
        StoredChange::PutClass { id, class } => write_class(*id, class),
        StoredChange::DeleteClass { id, .. } => delete(Table::Classes, u64::from(id.0)),
        StoredChange::Put { after, .. } => write_object(after),
        StoredChange::Delete { before } => delete(Table::Objects, before.id().0),
    }
}

#[cfg(test)]
mod tests {
    use ais::Value;

    use super::*;

    fn class() -> ClassDef {
        let attr = |name: &str, value_type, flags, default| AttrDef {
            name: name.to_owned(),
            value_type,
            flags,
            default,
        };
        ClassDef {
            name: "Thing".to_owned(),
            category: ClassCategory::Config,
            attrs: vec![
                attr(
                    "thing",
                    ValueType::String,
                    AttrFlags::RDN | AttrFlags::CONFIG,
                    None,
                ),
                attr(
                    "weight",
                    ValueType::Double,
                    AttrFlags::CONFIG,
                    Some(Value::Double(-0.0)),
                ),
            ],
        }
    }

    #[test]
    fn a_class_comes_back_as_it_was() {
        let write = write_class(ClassId(7), &class());
        let bytes = write.value.unwrap();
        assert_eq!(read_class(7, &bytes), Ok((ClassId(7), class())));
    }

    #[test]
    fn every_damage_to_a_record_is_noticed() {
        let bytes = write_class(ClassId(7), &class()).value.unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(read_class(7, &damaged).is_err(), "byte {at}");
            assert!(read_class(7, &bytes[..at]).is_err(), "cut at {at}");
        }
        assert!(read_class(8, &bytes).is_err(), "a record in another place");
        assert!(read_object(7, &bytes).is_err(), "a record in another table");
    }

    #[test]
    fn a_fact_comes_back_as_it_was() {
        for number in [0, 1, 127, 128, u64::MAX] {
            let bytes = meta::write(meta::EPOCH, number).value.unwrap();
            assert_eq!(meta::read(meta::EPOCH, &bytes), Ok(number));
        }
    }
}
