//! The bytes of a record: a version, numbers of variable length, texts and values, and a checksum.

use ais::{Value, ValueType};

use super::{RecordError, Table, Write};

/// The version that this program writes, and the only one it reads.
const VERSION: u8 = 1;

/// The version before the content and the checksum behind it.
const FRAME_BYTES: usize = 5;

type Decoded<T> = Result<T, &'static str>;

/// The checksum of a record, which is also bound to its place.
fn checksum(table: Table, key: u64, content: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(table.name().as_bytes());
    hasher.update(&key.to_be_bytes());
    hasher.update(content);
    hasher.finalize().to_le_bytes()
}

/// Writes a record.
pub(super) struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// With room for a usual record.
    pub(super) fn new() -> Encoder {
        Encoder::with_room(240)
    }

    /// With room for so many bytes.
    pub(super) fn with_room(bytes: usize) -> Encoder {
        let mut bytes = Vec::with_capacity(bytes + FRAME_BYTES);
        bytes.push(VERSION);
        Encoder { bytes }
    }

    /// How many bytes were written.
    pub(super) fn len(&self) -> usize {
        self.content().len()
    }

    /// What was written, without the version.
    fn content(&self) -> &[u8] {
        self.bytes.get(1..).unwrap_or_default()
    }

    pub(super) fn append(&mut self, other: &Encoder) {
        self.bytes.extend_from_slice(other.content());
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    pub(super) fn number(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                self.bytes.push(low);
                return;
            }
            self.bytes.push(low | 0x80);
        }
    }

    pub(super) fn blob(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    pub(super) fn values(&mut self, values: &[Value]) {
        self.number(values.len() as u64);
        for value in values {
            self.bytes.push(value.value_type() as u8);
            match value {
                Value::Int32(number) => self.bytes.extend(number.to_le_bytes()),
                Value::Uint32(number) => self.bytes.extend(number.to_le_bytes()),
                Value::Int64(number) | Value::Time(number) => self.bytes.extend(number.to_le_bytes()),
                Value::Uint64(number) => self.bytes.extend(number.to_le_bytes()),
                Value::Float(number) => self.bytes.extend(number.to_bits().to_le_bytes()),
                Value::Double(number) => self.bytes.extend(number.to_bits().to_le_bytes()),
                Value::Name(text) | Value::String(text) => self.text(text),
                Value::Any(bytes) => self.blob(bytes),
            }
        }
    }

    /// The finished record in its place.
    pub(super) fn put(mut self, table: Table, key: u64) -> Write {
        let sum = checksum(table, key, &self.bytes);
        self.bytes.extend_from_slice(&sum);
        Write {
            table,
            key,
            value: Some(self.bytes),
        }
    }
}

/// Reads a record.
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Checks the record's version and checksum and gives what `content` makes of all its bytes.
    pub(super) fn read<T>(
        table: Table,
        key: u64,
        bytes: &'a [u8],
        content: impl FnOnce(&mut Decoder<'a>) -> Decoded<T>,
    ) -> Result<T, RecordError> {
        let error = |reason: String| RecordError { table, key, reason };
        let Some((content_bytes, sum)) = bytes.split_last_chunk::<4>() else {
            return Err(error("it is too short".to_owned()));
        };
        if checksum(table, key, content_bytes) != *sum {
            return Err(error("its checksum is wrong".to_owned()));
        }
        let Some((&version, rest)) = content_bytes.split_first() else {
            return Err(error("it is too short".to_owned()));
        };
        if version != VERSION {
            return Err(error(format!(
                "it has format version {version}; this program knows version {VERSION}"
            )));
        }
        let mut decoder = Decoder { bytes: rest };
        let value = content(&mut decoder).map_err(|reason| error(reason.to_owned()))?;
        if decoder.bytes.is_empty() {
            Ok(value)
        } else {
            Err(error("it is longer than its content".to_owned()))
        }
    }

    fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or("it is shorter than its content")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| "it is shorter than its content")
    }

    /// Leaves the rest unread.
    pub(super) fn skip(&mut self) {
        self.bytes = &[];
    }

    pub(super) fn number(&mut self) -> Decoded<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("it holds a number that does not end")
    }

    pub(super) fn blob(&mut self) -> Decoded<&'a [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| "it is shorter than its content")?;
        self.take(length)
    }

    pub(super) fn str(&mut self) -> Decoded<&'a str> {
        std::str::from_utf8(self.blob()?).map_err(|_| "it holds a text that is not UTF-8")
    }

    pub(super) fn text(&mut self) -> Decoded<String> {
        self.str().map(str::to_owned)
    }

    /// A list of what `element` reads.
    pub(super) fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let length = self.number()?;
        // Every element takes a byte at least, so no list is longer than what is left.
        if length > self.bytes.len() as u64 {
            return Err("it is shorter than its content");
        }
        (0..length).map(|_| element(self)).collect()
    }

    pub(super) fn values(&mut self) -> Decoded<Vec<Value>> {
        self.list(Decoder::value)
    }

    fn value(&mut self) -> Decoded<Value> {
        let [code] = self.array()?;
        let value_type = ValueType::from_code(code).ok_or("it holds a value of an unknown type")?;
        Ok(match value_type {
            ValueType::Int32 => Value::Int32(i32::from_le_bytes(self.array()?)),
            ValueType::Uint32 => Value::Uint32(u32::from_le_bytes(self.array()?)),
            ValueType::Int64 => Value::Int64(i64::from_le_bytes(self.array()?)),
            ValueType::Uint64 => Value::Uint64(u64::from_le_bytes(self.array()?)),
            ValueType::Time => Value::Time(i64::from_le_bytes(self.array()?)),
            ValueType::Name => Value::Name(self.text()?),
            ValueType::Float => Value::Float(f32::from_bits(u32::from_le_bytes(self.array()?))),
            ValueType::Double => Value::Double(f64::from_bits(u64::from_le_bytes(self.array()?))),
            ValueType::String => Value::String(self.text()?),
            ValueType::Any => Value::Any(self.blob()?.to_vec()),
        })
    }
}
