//! Attribute values of the ten IMM types, with the text forms that the commands and XML files use.

use std::fmt;

use crate::{Dn, DnError};

/// The type of an attribute (SAI-AIS-IMM-A.02.01, `SaImmValueTypeT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ValueType {
    /// `SaInt32T`
    Int32 = 1,
    /// `SaUint32T`
    Uint32 = 2,
    /// `SaInt64T`
    Int64 = 3,
    /// `SaUint64T`
    Uint64 = 4,
    /// `SaTimeT`
    Time = 5,
    /// `SaNameT`
    Name = 6,
    /// `SaFloatT`
    Float = 7,
    /// `SaDoubleT`
    Double = 8,
    /// `SaStringT`
    String = 9,
    /// `SaAnyT`
    Any = 10,
}

impl ValueType {
    /// Every type, in the order of its code.
    pub const ALL: [ValueType; 10] = [
        ValueType::Int32,
        ValueType::Uint32,
        ValueType::Int64,
        ValueType::Uint64,
        ValueType::Time,
        ValueType::Name,
        ValueType::Float,
        ValueType::Double,
        ValueType::String,
        ValueType::Any,
    ];

    /// The name in XML files and commands, for example `SA_UINT32_T`.
    pub const fn name(self) -> &'static str {
        match self {
            ValueType::Int32 => "SA_INT32_T",
            ValueType::Uint32 => "SA_UINT32_T",
            ValueType::Int64 => "SA_INT64_T",
            ValueType::Uint64 => "SA_UINT64_T",
            ValueType::Time => "SA_TIME_T",
            ValueType::Name => "SA_NAME_T",
            ValueType::Float => "SA_FLOAT_T",
            ValueType::Double => "SA_DOUBLE_T",
            ValueType::String => "SA_STRING_T",
            ValueType::Any => "SA_ANY_T",
        }
    }

    /// The type with this name; `None` for any other text.
    pub fn from_name(name: &str) -> Option<ValueType> {
        ValueType::ALL.into_iter().find(|t| t.name() == name)
    }

    /// The type with this code; `None` for any other number.
    pub fn from_code(code: u8) -> Option<ValueType> {
        ValueType::ALL.into_iter().find(|t| *t as u8 == code)
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One value of an attribute. Compared by exact bytes, floats too (OpenSAF practice).
#[derive(Debug, Clone)]
pub enum Value {
    /// `SaInt32T`
    Int32(i32),
    /// `SaUint32T`
    Uint32(u32),
    /// `SaInt64T`
    Int64(i64),
    /// `SaUint64T`
    Uint64(u64),
    /// `SaTimeT`, nanoseconds
    Time(i64),
    /// `SaNameT`: a DN, or empty text, which the standard allows as a value
    Name(String),
    /// `SaFloatT`
    Float(f32),
    /// `SaDoubleT`
    Double(f64),
    /// `SaStringT`, UTF-8
    String(String),
    /// `SaAnyT`, bytes
    Any(Vec<u8>),
}

/// Why a text is not a value of a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not a number of the type, or out of its range.
    #[error("'{text}' is not a value of type {kind}")]
    NotANumber {
        /// What was given.
        text: String,
        /// What was wanted.
        kind: ValueType,
    },
    /// Not hexadecimal digits.
    #[error("'{0}' is not a row of hexadecimal digits, as SA_ANY_T wants")]
    NotHex(String),
    /// A name that is not a DN.
    #[error(transparent)]
    NotADn(#[from] DnError),
}

impl Value {
    /// The type of the value.
    pub const fn value_type(&self) -> ValueType {
        match self {
            Value::Int32(_) => ValueType::Int32,
            Value::Uint32(_) => ValueType::Uint32,
            Value::Int64(_) => ValueType::Int64,
            Value::Uint64(_) => ValueType::Uint64,
            Value::Time(_) => ValueType::Time,
            Value::Name(_) => ValueType::Name,
            Value::Float(_) => ValueType::Float,
            Value::Double(_) => ValueType::Double,
            Value::String(_) => ValueType::String,
            Value::Any(_) => ValueType::Any,
        }
    }

    /// The value of type `kind` that `text` stands for, as XML files and commands write it.
    ///
    /// Integers may be decimal, hexadecimal (`0x`) or octal (`0`), as `strtol` with base 0 reads them.
    ///
    /// # Errors
    /// [`ValueError`] when the text is not of the type or out of its range.
    pub fn parse(kind: ValueType, text: &str) -> Result<Value, ValueError> {
        let bad = || ValueError::NotANumber {
            text: text.to_owned(),
            kind,
        };
        let integer = || parse_integer(text).ok_or_else(bad);
        Ok(match kind {
            ValueType::Int32 => Value::Int32(integer()?.try_into().map_err(|_| bad())?),
            ValueType::Uint32 => Value::Uint32(integer()?.try_into().map_err(|_| bad())?),
            ValueType::Int64 => Value::Int64(integer()?.try_into().map_err(|_| bad())?),
            ValueType::Uint64 => Value::Uint64(integer()?.try_into().map_err(|_| bad())?),
            ValueType::Time => Value::Time(parse_time(integer()?).ok_or_else(bad)?),
            ValueType::Name if text.is_empty() => Value::Name(String::new()),
            ValueType::Name => Value::Name(Dn::new(text)?.as_str().to_owned()),
            ValueType::Float => Value::Float(number(text, f32::is_infinite).ok_or_else(bad)?),
            ValueType::Double => Value::Double(number(text, f64::is_infinite).ok_or_else(bad)?),
            ValueType::String => Value::String(text.to_owned()),
            ValueType::Any => Value::Any(parse_hex(text)?),
        })
    }

    /// The plain text of the value: what XML files hold and what [`Value::parse`] reads back.
    ///
    /// Times are printed as unsigned numbers (OpenSAF practice); bytes as lower-case hexadecimal digits.
    pub fn to_text(&self) -> String {
        match self {
            Value::Int32(v) => v.to_string(),
            Value::Uint32(v) => v.to_string(),
            Value::Int64(v) => v.to_string(),
            Value::Uint64(v) => v.to_string(),
            Value::Time(v) => v.cast_unsigned().to_string(),
            Value::Name(v) | Value::String(v) => v.clone(),
            Value::Float(v) => v.to_string(),
            Value::Double(v) => v.to_string(),
            Value::Any(v) => v
                .iter()
                .fold(String::with_capacity(v.len() * 2), |mut text, byte| {
                    use fmt::Write as _;
                    write!(text, "{byte:02x}").expect("a String takes all text");
                    text
                }),
        }
    }

    /// The DN in a name or string value; `None` for other types and for texts that are no DN.
    pub fn as_dn(&self) -> Option<Dn> {
        self.as_str().and_then(|text| Dn::new(text).ok())
    }

    /// The text of a name or string value; `None` for other types.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Name(v) | Value::String(v) => Some(v),
            _ => None,
        }
    }

    /// The number in a 32-bit unsigned value; `None` for other types.
    pub const fn as_u32(&self) -> Option<u32> {
        match self {
            Value::Uint32(v) => Some(*v),
            _ => None,
        }
    }

    /// The nanoseconds in a time value; `None` for other types.
    pub const fn as_time(&self) -> Option<crate::SaTime> {
        match self {
            Value::Time(v) => Some(crate::SaTime(*v)),
            _ => None,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Int32(a), Value::Int32(b)) => a == b,
            (Value::Uint32(a), Value::Uint32(b)) => a == b,
            (Value::Int64(a), Value::Int64(b)) | (Value::Time(a), Value::Time(b)) => a == b,
            (Value::Uint64(a), Value::Uint64(b)) => a == b,
            (Value::Name(a), Value::Name(b)) | (Value::String(a), Value::String(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Value::Any(a), Value::Any(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

/// A number with a fraction; one that is too large for its type is none, unless it is written as infinity.
fn number<T: std::str::FromStr + Copy>(text: &str, is_infinite: impl Fn(T) -> bool) -> Option<T> {
    let text = text.trim();
    let parsed: T = text.parse().ok()?;
    let is_meant = text.contains(['i', 'I']);
    (is_meant || !is_infinite(parsed)).then_some(parsed)
}

/// An integer as `strtol` with base 0 reads it, without trailing text.
fn parse_integer(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        u64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        u64::from_str_radix(&digits[1..], 8)
    } else if digits.starts_with(['+', '-']) {
        return None;
    } else {
        digits.parse()
    };
    let magnitude = i128::from(magnitude.ok()?);
    Some(if negative { -magnitude } else { magnitude })
}

/// A time is a signed number that OpenSAF prints as unsigned, so both forms are read.
fn parse_time(number: i128) -> Option<i64> {
    i64::try_from(number)
        .ok()
        .or_else(|| u64::try_from(number).ok().map(u64::cast_signed))
}

fn parse_hex(text: &str) -> Result<Vec<u8>, ValueError> {
    let bad = || ValueError::NotHex(text.to_owned());
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad());
    }
    // An odd final digit is padded with 0, as immcfg and immadm do.
    let padded = if text.len() % 2 == 1 {
        format!("{text}0")
    } else {
        text.to_owned()
    };
    (0..padded.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&padded[at..at + 2], 16).map_err(|_| bad()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_strtol_reads_them() {
        assert_eq!(Value::parse(ValueType::Uint32, "0x10"), Ok(Value::Uint32(16)));
        assert_eq!(Value::parse(ValueType::Int32, "-010"), Ok(Value::Int32(-8)));
        assert_eq!(
            Value::parse(ValueType::Uint64, "18446744073709551615"),
            Ok(Value::Uint64(u64::MAX))
        );
        for (kind, bad) in [
            (ValueType::Float, "1e39"),
            (ValueType::Double, "-1e309"),
            (ValueType::Float, "1,5"),
        ] {
            assert!(Value::parse(kind, bad).is_err(), "{bad}");
        }
        assert_eq!(
            Value::parse(ValueType::Float, "inf"),
            Ok(Value::Float(f32::INFINITY))
        );
        for bad in ["", "x", "12x", "4294967296", "-1", "--1", "+-1"] {
            assert!(Value::parse(ValueType::Uint32, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn types_have_the_codes_and_names_of_the_headers() {
        let codes: Vec<u8> = ValueType::ALL.iter().map(|kind| *kind as u8).collect();
        assert_eq!(codes, (1..=10).collect::<Vec<u8>>());
        for kind in ValueType::ALL {
            assert_eq!(ValueType::from_code(kind as u8), Some(kind));
            assert_eq!(ValueType::from_name(kind.name()), Some(kind));
        }
        assert_eq!(ValueType::from_code(0), None);
        assert_eq!(ValueType::from_code(11), None);
        assert_eq!(ValueType::from_name("SA_UINT32"), None);
    }

    #[test]
    fn every_type_round_trips_through_its_text() {
        for (kind, text) in [
            (ValueType::Int32, "-7"),
            (ValueType::Uint32, "4294967295"),
            (ValueType::Int64, "-9223372036854775808"),
            (ValueType::Uint64, "18446744073709551615"),
            (ValueType::Time, "9223372036854775808"),
            (ValueType::Name, "safSu=1,safApp=x"),
            (ValueType::Name, ""),
            (ValueType::Float, "0.1"),
            (ValueType::Double, "0.1"),
            (ValueType::String, "two words\n"),
            (ValueType::String, ""),
            (ValueType::Any, "00ff10"),
            (ValueType::Any, ""),
        ] {
            assert_eq!(Value::parse(kind, text).unwrap().to_text(), text, "{kind}");
        }
        assert_eq!(
            Value::parse(ValueType::Any, "abc"),
            Ok(Value::Any(vec![0xab, 0xc0]))
        );
    }
}
