//! Moments that people write: a date and time, a time of today, or so long ago.

use chrono::{DateTime, Local, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};

/// The moment in nanoseconds since the epoch; `now` is the present.
///
/// Taken are RFC 3339 (`2026-11-21T08:00:00Z`), `2026-11-21 08:00:00` and `08:00:00` in local time, each with fractions of a
/// second, and `90s`, `10m`, `2h`, `3d` for so long ago.
///
/// # Errors
/// What is taken instead.
pub(crate) fn parse(text: &str, now: DateTime<Local>) -> Result<i64, String> {
    let moment = DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|moment| moment.with_timezone(&Local))
        .or_else(|| local(text, now))
        .or_else(|| ago(text, now));
    moment
        .and_then(|moment| moment.timestamp_nanos_opt())
        .ok_or_else(|| {
            "a time is 2026-11-21T08:00:00Z, '2026-11-21 08:00:00', 08:00:00, or 10m for ten minutes ago"
                .to_owned()
        })
}

/// As [`parse`], for command lines.
pub(crate) fn argument(text: &str) -> Result<i64, String> {
    parse(text, Local::now())
}

fn local(text: &str, now: DateTime<Local>) -> Option<DateTime<Local>> {
    let whole = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok();
    let of_today = || {
        let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok()?;
        Some(now.date_naive().and_time(time))
    };
    Local.from_local_datetime(&whole.or_else(of_today)?).earliest()
}

fn ago(text: &str, now: DateTime<Local>) -> Option<DateTime<Local>> {
    let unit = text.chars().last()?;
    let number: i64 = text.get(..text.len() - unit.len_utf8())?.parse().ok()?;
    let span = match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        _ => None,
    };
    now.checked_sub_signed(span.filter(|_| number >= 0)?)
}

/// The moment as people read it: local date and time with microseconds.
pub(crate) fn text(nanoseconds: i64) -> String {
    DateTime::from_timestamp_nanos(nanoseconds)
        .with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S%.6f")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now = Local.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).single().unwrap();
        let seconds =
            |text: &str| parse(text, now).map(|at| (at - now.timestamp_nanos_opt().unwrap()) / 1_000_000_000);
        assert_eq!(seconds("90s"), Ok(-90));
        assert_eq!(seconds("2h"), Ok(-7200));
        assert_eq!(seconds("12:00:30"), Ok(30));
        assert_eq!(seconds("2026-11-21 11:59:59.5"), Ok(0));
        assert_eq!(seconds("2026-11-21 11:59:58"), Ok(-2));
        assert_eq!(parse("1970-01-01T00:00:01Z", now), Ok(1_000_000_000));
        for wrong in ["", "x", "-5m", "5", "5w", "25:00:00", "2026-13-01 00:00:00", "ä"] {
            assert!(parse(wrong, now).is_err(), "{wrong}");
        }
    }
}
