//! Conversions of `ntf.capnp`.

use ais::Value;
use ais::ntf::{
    AttributeChange, ClassId, Detail, EventType, Item, Notification, ProbableCause, Recorded, Severity,
    Source, StateChange,
};
use capnp::struct_list;

use crate::error::{WireError, list_len};
use crate::ntf_capnp::{attribute_change, item, notification, state_change};
use crate::value::{checked, read_text, read_value, write_value};

fn read_item(reader: item::Reader<'_>) -> Result<Item, WireError> {
    Ok(Item {
        id: reader.get_id(),
        value: read_value(reader.get_value()?)?,
    })
}

fn read_items(list: struct_list::Reader<'_, item::Owned>) -> Result<Vec<Item>, WireError> {
    list.iter().map(read_item).collect()
}

fn write_items(from: &[Item], mut list: struct_list::Builder<'_, item::Owned>) -> Result<(), WireError> {
    for (at, part) in (0..).zip(from) {
        let mut item = list.reborrow().get(at);
        item.set_id(part.id);
        write_value(&part.value, item.init_value())?;
    }
    Ok(())
}

fn read_state_change(reader: state_change::Reader<'_>) -> StateChange {
    StateChange {
        id: reader.get_id(),
        old: reader.get_has_old().then(|| reader.get_old()),
        new: reader.get_new(),
    }
}

fn read_attribute_change(reader: attribute_change::Reader<'_>) -> Result<AttributeChange, WireError> {
    let old = if reader.has_old() {
        Some(read_value(reader.get_old()?)?)
    } else {
        None
    };
    Ok(AttributeChange {
        id: reader.get_id(),
        old,
        new: read_value(reader.get_new()?)?,
    })
}

fn read_source(number: u8, field: &'static str) -> Result<Source, WireError> {
    Source::from_code(number).ok_or_else(|| WireError::number(field, number))
}

fn read_severity(number: u8, field: &'static str) -> Result<Severity, WireError> {
    Severity::from_code(number).ok_or_else(|| WireError::number(field, number))
}

fn read_cause(number: u8, field: &'static str) -> Result<ProbableCause, WireError> {
    ProbableCause::from_code(number.into()).ok_or_else(|| WireError::number(field, number))
}

fn read_detail(reader: notification::Reader<'_>) -> Result<Detail, WireError> {
    use notification::Which;
    let which = reader
        .which()
        .map_err(|error| WireError::union("Notification", error))?;
    Ok(match which {
        Which::Alarm(alarm) => {
            let repair = read_text(alarm.get_repair()?, "Notification.alarm.repair")?;
            Detail::Alarm {
                cause: read_cause(alarm.get_cause(), "Notification.alarm.cause")?,
                severity: read_severity(alarm.get_severity(), "Notification.alarm.severity")?,
                repair: Some(repair).filter(|repair| !repair.is_empty()),
            }
        }
        Which::StateChange(change) => Detail::StateChange {
            source: read_source(change.get_source(), "Notification.stateChange.source")?,
            changes: change.get_changes()?.iter().map(read_state_change).collect(),
        },
        Which::ObjectCreateDelete(change) => Detail::ObjectCreateDelete {
            source: read_source(change.get_source(), "Notification.objectCreateDelete.source")?,
            attributes: read_items(change.get_attributes()?)?,
        },
        Which::AttributeChange(change) => {
            let changes = change.get_changes()?.iter().map(read_attribute_change);
            Detail::AttributeChange {
                source: read_source(change.get_source(), "Notification.attributeChange.source")?,
                changes: changes.collect::<Result<_, _>>()?,
            }
        }
        Which::SecurityAlarm(alarm) => Detail::SecurityAlarm {
            cause: read_cause(alarm.get_cause(), "Notification.securityAlarm.cause")?,
            severity: read_severity(alarm.get_severity(), "Notification.securityAlarm.severity")?,
        },
        Which::Miscellaneous(()) => Detail::Miscellaneous,
    })
}

/// The notification with its id and its time, which are 0 in one that is sent.
pub fn read_notification(reader: notification::Reader<'_>) -> Result<Recorded, WireError> {
    let event = reader.get_event();
    let notification = Notification {
        event: EventType::from_code(event).ok_or_else(|| WireError::number("Notification.event", event))?,
        object: read_text(reader.get_object()?, "Notification.object")?,
        notifying: read_text(reader.get_notifying()?, "Notification.notifying")?,
        class: ClassId {
            vendor: reader.get_vendor(),
            major: reader.get_major(),
            minor: reader.get_minor(),
        },
        text: read_text(reader.get_text()?, "Notification.text")?,
        info: read_items(reader.get_info()?)?,
        correlated: reader.get_correlated()?.iter().collect(),
        detail: read_detail(reader)?,
    };
    Ok(Recorded {
        id: reader.get_id(),
        time: reader.get_time(),
        notification,
    })
}

/// Writes a notification.
pub fn write_notification(from: &Recorded, mut builder: notification::Builder<'_>) -> Result<(), WireError> {
    builder.set_id(from.id);
    builder.set_time(from.time);
    let told = &from.notification;
    builder.set_event(told.event.code());
    builder.set_object(checked(&told.object, "Notification.object")?);
    builder.set_notifying(checked(&told.notifying, "Notification.notifying")?);
    builder.set_vendor(told.class.vendor);
    builder.set_major(told.class.major);
    builder.set_minor(told.class.minor);
    builder.set_text(checked(&told.text, "Notification.text")?);
    let len = list_len(told.info.len(), "Notification.info")?;
    write_items(&told.info, builder.reborrow().init_info(len))?;
    let len = list_len(told.correlated.len(), "Notification.correlated")?;
    let mut correlated = builder.reborrow().init_correlated(len);
    for (at, id) in (0..).zip(&told.correlated) {
        correlated.set(at, *id);
    }
    write_detail(&told.detail, builder)
}

fn write_detail(detail: &Detail, mut builder: notification::Builder<'_>) -> Result<(), WireError> {
    match detail {
        Detail::Alarm {
            cause,
            severity,
            repair,
        } => {
            let mut alarm = builder.init_alarm();
            alarm.set_cause(cause.code());
            alarm.set_severity(severity.code());
            let repair = repair.as_deref().unwrap_or_default();
            alarm.set_repair(checked(repair, "Notification.alarm.repair")?);
        }
        Detail::StateChange { source, changes } => {
            let mut told = builder.init_state_change();
            told.set_source(source.code());
            let len = list_len(changes.len(), "Notification.stateChange.changes")?;
            write_state_changes(changes, told.init_changes(len));
        }
        Detail::ObjectCreateDelete { source, attributes } => {
            let mut told = builder.init_object_create_delete();
            told.set_source(source.code());
            let len = list_len(attributes.len(), "Notification.objectCreateDelete.attributes")?;
            write_items(attributes, told.init_attributes(len))?;
        }
        Detail::AttributeChange { source, changes } => {
            let mut told = builder.init_attribute_change();
            told.set_source(source.code());
            let len = list_len(changes.len(), "Notification.attributeChange.changes")?;
            write_attribute_changes(changes, told.init_changes(len))?;
        }
        Detail::SecurityAlarm { cause, severity } => {
            let mut alarm = builder.init_security_alarm();
            alarm.set_cause(cause.code());
            alarm.set_severity(severity.code());
        }
        Detail::Miscellaneous => builder.set_miscellaneous(()),
    }
    Ok(())
}

fn write_state_changes(from: &[StateChange], mut list: struct_list::Builder<'_, state_change::Owned>) {
    for (at, change) in (0..).zip(from) {
        let mut told = list.reborrow().get(at);
        told.set_id(change.id);
        told.set_has_old(change.old.is_some());
        told.set_old(change.old.unwrap_or_default());
        told.set_new(change.new);
    }
}

fn write_attribute_changes(
    from: &[AttributeChange],
    mut list: struct_list::Builder<'_, attribute_change::Owned>,
) -> Result<(), WireError> {
    for (at, change) in (0..).zip(from) {
        let mut told = list.reborrow().get(at);
        told.set_id(change.id);
        if let Some(old) = &change.old {
            write_value(old, told.reborrow().init_old())?;
        }
        write_value(&change.new, told.init_new())?;
    }
    Ok(())
}

/// The notifications of a list.
pub fn read_notifications(
    list: struct_list::Reader<'_, notification::Owned>,
) -> Result<Vec<Recorded>, WireError> {
    list.iter().map(read_notification).collect()
}

/// Fills a list that has as many places as there are notifications.
pub fn write_notifications<'a>(
    from: impl IntoIterator<Item = &'a Recorded>,
    mut list: struct_list::Builder<'_, notification::Owned>,
) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, recorded)| write_notification(recorded, list.reborrow().get(at)))
}

/// The bytes of one notification, as the log keeps it.
///
/// # Errors
/// [`WireError::TooLong`] where a text is longer than a message can hold.
pub fn to_bytes(from: &Recorded) -> Result<Vec<u8>, WireError> {
    let mut message = capnp::message::Builder::new_default();
    write_notification(from, message.init_root())?;
    Ok(capnp::serialize::write_message_to_words(&message))
}

/// The notification in these bytes.
///
/// # Errors
/// [`WireError`] where they are none.
pub fn from_bytes(mut bytes: &[u8]) -> Result<Recorded, WireError> {
    let message =
        capnp::serialize::read_message_from_flat_slice(&mut bytes, capnp::message::ReaderOptions::default())?;
    read_notification(message.get_root()?)
}

/// A rough count of the bytes that a notification takes, in memory and in a message.
pub fn size(from: &Recorded) -> usize {
    const FIXED: usize = 200;
    let value = |value: &Value| match value {
        Value::Name(text) | Value::String(text) => 32 + text.len(),
        Value::Any(bytes) => 32 + bytes.len(),
        Value::Int32(_)
        | Value::Uint32(_)
        | Value::Int64(_)
        | Value::Uint64(_)
        | Value::Time(_)
        | Value::Float(_)
        | Value::Double(_) => 32,
    };
    let items = |items: &[Item]| items.iter().map(|item| value(&item.value)).sum::<usize>();
    let told = &from.notification;
    let detail = match &told.detail {
        Detail::ObjectCreateDelete { attributes, .. } => items(attributes),
        Detail::AttributeChange { changes, .. } => changes
            .iter()
            .map(|change| value(&change.new) + change.old.as_ref().map_or(0, value))
            .sum(),
        Detail::StateChange { changes, .. } => 16 * changes.len(),
        Detail::Alarm { repair, .. } => repair.as_ref().map_or(0, String::len),
        Detail::SecurityAlarm { .. } | Detail::Miscellaneous => 0,
    };
    let texts = told.object.len() + told.notifying.len() + told.text.len();
    FIXED + texts + items(&told.info) + 8 * told.correlated.len() + detail
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(event: EventType, detail: Detail) -> Recorded {
        Recorded {
            id: 17,
            time: 1_700_000_000_000_000_000,
            notification: Notification {
                event,
                object: "safSi=x,safApp=a".to_owned(),
                notifying: "safApp=safAmfService".to_owned(),
                class: ClassId::amf(5),
                text: "told".to_owned(),
                info: vec![Item {
                    id: 1,
                    value: Value::Name("safAmfNode=N".to_owned()),
                }],
                correlated: vec![3, 4],
                detail,
            },
        }
    }

    #[test]
    fn every_kind_comes_back_from_its_bytes() {
        let change = StateChange {
            id: 3,
            old: Some(1),
            new: 2,
        };
        let attribute = AttributeChange {
            id: 0,
            old: None,
            new: Value::Uint32(7),
        };
        let cause = ProbableCause::SOFTWARE_ERROR;
        let kinds = [
            (
                EventType::AlarmProcessing,
                Detail::Alarm {
                    cause,
                    severity: Severity::Major,
                    repair: Some("amf-adm repaired x".to_owned()),
                },
            ),
            (
                EventType::ObjectStateChange,
                Detail::StateChange {
                    source: Source::Object,
                    changes: vec![change, StateChange { old: None, ..change }],
                },
            ),
            (
                EventType::ObjectCreation,
                Detail::ObjectCreateDelete {
                    source: Source::Management,
                    attributes: vec![Item {
                        id: 2,
                        value: Value::Any(vec![1, 2]),
                    }],
                },
            ),
            (
                EventType::AttributeChanged,
                Detail::AttributeChange {
                    source: Source::Unknown,
                    changes: vec![
                        AttributeChange {
                            old: Some(Value::String("o".to_owned())),
                            ..attribute.clone()
                        },
                        attribute,
                    ],
                },
            ),
            (
                EventType::TimeViolation,
                Detail::SecurityAlarm {
                    cause,
                    severity: Severity::Cleared,
                },
            ),
            (EventType::ApplicationEvent, Detail::Miscellaneous),
        ];
        for (event, detail) in kinds {
            let before = recorded(event, detail);
            let bytes = to_bytes(&before).unwrap();
            assert_eq!(from_bytes(&bytes).unwrap(), before);
            assert!(from_bytes(&bytes[..bytes.len() - 8]).is_err());
        }
    }
}
