//! `ntfread`, `ntfsubscribe` and `ntfsend`: the notifications of the cluster, with OpenSAF's options and layouts.

pub(super) mod print;
pub(super) mod read;
pub(super) mod send;
pub(super) mod subscribe;

use ais::ntf::{ClassId, Recorded};
use serde::Serialize;

use super::output::Report;

/// A number as C's `strtol` reads it, with `0x` for hexadecimal.
///
/// # Errors
/// That it is none.
pub(super) fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "a number is expected".to_owned())
}

/// A class: vendor, major and minor number.
///
/// # Errors
/// That the text is no class.
pub(super) fn class(text: &str) -> Result<ClassId, String> {
    let wrong = || "notificationClassId wrong format; VENDOR,MAJOR,MINOR is expected".to_owned();
    let [vendor, major, minor] = text.split(',').collect::<Vec<_>>()[..] else {
        return Err(wrong());
    };
    let small = |text| number(text).ok().and_then(|number| u16::try_from(number).ok());
    let vendor = number(vendor).ok().and_then(|number| u32::try_from(number).ok());
    Ok(ClassId {
        vendor: vendor.ok_or_else(wrong)?,
        major: small(major).ok_or_else(wrong)?,
        minor: small(minor).ok_or_else(wrong)?,
    })
}

/// Notifications that were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) notifications: Vec<Recorded>,
    pub(super) verbose: bool,
}

impl Serialize for Found {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let list: Vec<serde_json::Value> = self.notifications.iter().map(print::json).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("notifications", &list)?;
        map.end()
    }
}

impl Report for Found {
    fn text(&self) -> String {
        let blocks = self.notifications.iter();
        blocks
            .map(|recorded| print::block(recorded, self.verbose))
            .collect()
    }
}
