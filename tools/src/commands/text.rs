//! How values look on a terminal: the forms of immlist, immadm and the JSON of every command.
//!
//! The C library's `%g` and `ctime` are rebuilt here, because scripts read these texts.

use std::fmt::{self, Write as _};

use ais::Value;
use chrono::{DateTime, Local};

/// Adds formatted text.
pub(super) fn append(text: &mut String, addition: fmt::Arguments<'_>) {
    // A String takes all text.
    text.write_fmt(addition).unwrap_or_default();
}

/// A floating-point number as C's `%.<precision>g` prints it.
pub(super) fn general(value: f64, precision: usize) -> String {
    if let Some(text) = not_finite(value) {
        return text.to_owned();
    }
    let precision = precision.max(1);
    let scientific = format!("{value:.*e}", precision - 1);
    // Rust always writes an exponent with `{:e}`, and rounds exactly, half to even, as the C library does.
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = i32::try_from(precision).unwrap_or(i32::MAX);
    if (-4..digits).contains(&exponent) {
        let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
        without_trailing_zeros(&format!("{value:.decimals$}")).to_owned()
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let mantissa = without_trailing_zeros(mantissa);
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}

/// A floating-point number as C's `%f` prints it.
pub(super) fn fixed(value: f64) -> String {
    not_finite(value).map_or_else(|| format!("{value:.6}"), str::to_owned)
}

/// The C library's words for what is no number.
fn not_finite(value: f64) -> Option<&'static str> {
    match (value.is_nan(), value.is_infinite(), value.is_sign_negative()) {
        (true, _, false) => Some("nan"),
        (true, _, true) => Some("-nan"),
        (_, true, false) => Some("inf"),
        (_, true, true) => Some("-inf"),
        (false, false, _) => None,
    }
}

fn without_trailing_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

/// Nanoseconds since the epoch as `ctime` prints their seconds, in local time: `Thu Jan  1 00:20:00 1970`.
pub(super) fn ctime(nanoseconds: i64) -> String {
    DateTime::from_timestamp(nanoseconds / 1_000_000_000, 0)
        .map(|time| {
            time.with_timezone(&Local)
                .format("%a %b %e %H:%M:%S %Y")
                .to_string()
        })
        .unwrap_or_default()
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    Value::Any(bytes.to_vec()).to_text()
}

/// A value as immlist shows it to a person, without the space that follows each value.
pub(super) fn pretty(value: &Value) -> String {
    match value {
        Value::Int32(v) => format!("{v} ({v:#x})"),
        Value::Uint32(v) => format!("{v} ({v:#x})"),
        Value::Int64(v) => format!("{v} ({v:#x})"),
        Value::Uint64(v) => format!("{v} ({v:#x})"),
        Value::Time(v) => {
            let unsigned = v.cast_unsigned();
            format!("{unsigned} ({unsigned:#x}, {})", ctime(*v))
        }
        Value::Name(v) => format!("{v} ({})", v.len()),
        Value::Float(v) => general(f64::from(*v), 8),
        Value::Double(v) => general(*v, 17),
        Value::String(v) => v.clone(),
        Value::Any(v) if v.is_empty() => " size(0)".to_owned(),
        Value::Any(v) => format!("0x{} size({})", hex(v), v.len()),
    }
}

/// A value as immlist gives it to a script: the bare text.
pub(super) fn raw(value: &Value) -> String {
    match value {
        Value::Float(v) => general(f64::from(*v), 8),
        Value::Double(v) => general(*v, 17),
        Value::Any(v) if v.is_empty() => "-empty-".to_owned(),
        Value::Any(v) => format!("0x{}", hex(v)),
        other => other.to_text(),
    }
}

/// A returned parameter as immadm shows it.
pub(super) fn parameter(value: &Value) -> String {
    match value {
        Value::Int32(_) | Value::Uint32(_) | Value::Int64(_) | Value::Uint64(_) | Value::Time(_) => {
            pretty(value)
        }
        Value::Float(v) => fixed(f64::from(*v)),
        Value::Double(v) => fixed(*v),
        Value::Name(v) | Value::String(v) => v.clone(),
        Value::Any(_) => "<Not shown>".to_owned(),
    }
}

/// A value in JSON: numbers as numbers, times as their signed nanoseconds, bytes as hexadecimal digits.
pub(super) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Int32(v) => (*v).into(),
        Value::Uint32(v) => (*v).into(),
        Value::Int64(v) | Value::Time(v) => (*v).into(),
        Value::Uint64(v) => (*v).into(),
        Value::Name(v) | Value::String(v) => v.as_str().into(),
        Value::Float(v) => json_float(f64::from(*v)),
        Value::Double(v) => json_float(*v),
        Value::Any(v) => hex(v).into(),
    }
}

/// JSON has no word for what is no number, so those are texts.
fn json_float(value: f64) -> serde_json::Value {
    match not_finite(value) {
        Some(text) => text.into(),
        None => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_is_the_c_librarys_percent_g() {
        // The right column was printed by glibc's printf.
        for (value, precision, text) in [
            (0.0, 8, "0"),
            (-0.0, 17, "-0"),
            (1.0, 8, "1"),
            (0.1, 17, "0.10000000000000001"),
            (f64::from(0.1_f32), 8, "0.1"),
            (f64::from(2.71_f32), 8, "2.71"),
            (123_456_789.0, 8, "1.2345679e+08"),
            (12_345_678.0, 8, "12345678"),
            (99_999_999.5, 8, "1e+08"),
            (0.0001, 8, "0.0001"),
            (0.00001, 8, "1e-05"),
            (0.000_099_999_999_9, 8, "0.0001"),
            (1e100, 17, "1e+100"),
            (1e-300, 17, "1e-300"),
            (2.5, 1, "2"),
            (100_000.0, 17, "100000"),
            (1e17, 17, "1e+17"),
            (12_345_678_901_234_567.0, 17, "12345678901234568"),
            (5e-324, 17, "4.9406564584124654e-324"),
            (f64::MAX, 17, "1.7976931348623157e+308"),
            (f64::INFINITY, 8, "inf"),
            (f64::NEG_INFINITY, 8, "-inf"),
            (f64::NAN, 8, "nan"),
        ] {
            assert_eq!(general(value, precision), text, "%.{precision}g of {value:?}");
        }
    }

    #[test]
    fn fixed_has_six_decimals() {
        assert_eq!(fixed(1.5), "1.500000");
        assert_eq!(fixed(f64::NEG_INFINITY), "-inf");
    }

    /// The zone of the machine is not known here, so the shape and the parts that do not depend on it are checked.
    #[test]
    fn ctime_has_the_c_librarys_columns() {
        let text = ctime(1_200_000_000_000);
        assert_eq!(text.len(), "Thu Jan  1 00:20:00 1970".len(), "{text}");
        assert!(text.ends_with("1970") || text.ends_with("1969"), "{text}");
        assert_eq!(ctime(i64::MAX).len(), 24);
        assert_eq!(ctime(i64::MIN).len(), 24);
    }

    #[test]
    fn pretty_values_carry_their_decoration() {
        for (value, text) in [
            (Value::Int32(-1), "-1 (0xffffffff)"),
            (Value::Uint32(2), "2 (0x2)"),
            (Value::Int64(-2), "-2 (0xfffffffffffffffe)"),
            (
                Value::Uint64(u64::MAX),
                "18446744073709551615 (0xffffffffffffffff)",
            ),
            (Value::Uint32(0), "0 (0x0)"),
            (
                Value::Name("safVersion=1,safAppType=demo".into()),
                "safVersion=1,safAppType=demo (28)",
            ),
            (Value::Name(String::new()), " (0)"),
            (Value::String("two words".into()), "two words"),
            (Value::Float(0.5), "0.5"),
            (Value::Double(0.1), "0.10000000000000001"),
            (Value::Any(vec![0xab, 0x01]), "0xab01 size(2)"),
            (Value::Any(vec![]), " size(0)"),
        ] {
            assert_eq!(pretty(&value), text);
        }
        assert!(pretty(&Value::Time(1_200_000_000_000)).starts_with("1200000000000 (0x1176592e000, "));
        assert!(pretty(&Value::Time(i64::MIN)).starts_with("9223372036854775808 (0x8000000000000000, "));
    }

    #[test]
    fn raw_values_and_parameters_are_bare() {
        assert_eq!(raw(&Value::Time(-1)), "18446744073709551615");
        assert_eq!(raw(&Value::Any(vec![1])), "0x01");
        assert_eq!(raw(&Value::Any(vec![])), "-empty-");
        assert_eq!(raw(&Value::Name("a=b".into())), "a=b");
        assert_eq!(raw(&Value::Double(0.1)), "0.10000000000000001");
        assert_eq!(parameter(&Value::Int64(3)), "3 (0x3)");
        assert_eq!(parameter(&Value::Double(0.1)), "0.100000");
        assert_eq!(parameter(&Value::Any(vec![1])), "<Not shown>");
    }

    #[test]
    fn json_keeps_numbers_as_numbers() {
        assert_eq!(json(&Value::Uint64(u64::MAX)).to_string(), "18446744073709551615");
        assert_eq!(json(&Value::Time(-5)).to_string(), "-5");
        assert_eq!(json(&Value::Double(f64::NAN)).to_string(), "\"nan\"");
        assert_eq!(json(&Value::Any(vec![0, 255])).to_string(), "\"00ff\"");
    }
}
