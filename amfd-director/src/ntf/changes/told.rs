//! What a change of the information model is told as.
//!
//! Additional information has the names of attributes, the list of attributes their values, joined by a number. The first
//! ones are who did it and the class; where it was a CCB, its number and whether this is its last notification follow.

use ais::ntf::{
    AttributeChange, ClassId, Detail, EventType, Item, Notification, Recorded, SERVICE_IMM, Source,
    StateChange, VENDOR_OPENSAF,
};
use ais::{Attr, CcbOperation, Dn, SYSTEM_ATTRIBUTES, Value};

/// Who tells (OpenSAF practice).
const NOTIFYING: &str = "safApp=OpenSaf";
/// The object of the notification that some may be missing (OpenSAF practice).
const LOST: &str = "osafntfimcnd";
const CCB_ID: &str = "SaImmOiCcbIdT";
const CCB_LAST: &str = "ccbLast";
const CLASS_NAME: &str = SYSTEM_ATTRIBUTES[0];
const OWNER_NAME: &str = SYSTEM_ATTRIBUTES[1];
const IMPLEMENTER_NAME: &str = SYSTEM_ATTRIBUTES[2];
/// What the names of all the system's attributes begin with.
const SYSTEM_PREFIX: &str = "SaImmAttr";
/// The largest notification; the values of a larger one are left out.
const SIZE_MOST: usize = 64 << 10;

/// The notifications of a CCB that is applied, or of a change of runtime data, which has the number 0.
pub(super) fn notifications(ccb: u64, operations: &[CcbOperation]) -> Vec<Notification> {
    let by = operations.iter().find_map(|operation| maker(ccb, operation));
    let by = by.unwrap_or_default();
    let told: Vec<&CcbOperation> = operations.iter().filter(|it| !is_dummy(it)).collect();
    let last = told.len().saturating_sub(1);
    let each = told.iter().enumerate();
    each.map(|(at, operation)| bounded(notification(ccb, &by, operation, at == last)))
        .collect()
}

/// That changes may not have been told.
pub(super) fn lost() -> Notification {
    let detail = Detail::StateChange {
        source: Source::Object,
        changes: Vec::<StateChange>::new(),
    };
    let text = "the connection to immd was gone: changes of the information model may not have been told";
    whole(
        EventType::ObjectStateChange,
        LOST.to_owned(),
        text.to_owned(),
        Vec::new(),
        detail,
    )
}

fn attrs(operation: &CcbOperation) -> Vec<&Attr> {
    match operation {
        CcbOperation::Create { attrs, .. } => attrs.iter().collect(),
        CcbOperation::Modify { changes, .. } => changes.iter().map(|change| &change.attr).collect(),
        CcbOperation::Delete { .. } => Vec::new(),
    }
}

/// Who did it, where the operation says so: the admin owner of a CCB, the implementer of runtime data.
fn maker(ccb: u64, operation: &CcbOperation) -> Option<String> {
    let wanted = if ccb == 0 { IMPLEMENTER_NAME } else { OWNER_NAME };
    let mut named = attrs(operation).into_iter().filter(|attr| attr.name == wanted);
    named
        .find_map(|attr| attr.values.first()?.as_str())
        .map(str::to_owned)
}

/// A modification without a class says only who deletes.
fn is_dummy(operation: &CcbOperation) -> bool {
    matches!(operation, CcbOperation::Modify { .. })
        && attrs(operation).iter().all(|attr| attr.name != CLASS_NAME)
}

/// Names and values, joined by a number.
#[derive(Default)]
struct Listed {
    names: Vec<Item>,
    values: Vec<Item>,
}

impl Listed {
    fn add(&mut self, name: &str, values: &[Value]) {
        let Ok(id) = u16::try_from(self.names.len()) else {
            return;
        };
        self.names.push(Item {
            id,
            value: Value::String(name.to_owned()),
        });
        let items = values.iter().map(|value| Item {
            id,
            value: value.clone(),
        });
        self.values.extend(items);
    }
}

fn notification(ccb: u64, by: &str, operation: &CcbOperation, last: bool) -> Notification {
    let mut listed = Listed::default();
    let is_deletion = matches!(operation, CcbOperation::Delete { .. });
    // Nobody says who deletes runtime data.
    if !(is_deletion && ccb == 0) {
        let name = if ccb == 0 { IMPLEMENTER_NAME } else { OWNER_NAME };
        listed.add(name, &[Value::String(by.to_owned())]);
    }
    let attrs = attrs(operation);
    if let Some(class) = attrs.iter().find(|attr| attr.name == CLASS_NAME) {
        listed.add(CLASS_NAME, &class.values);
    }
    if ccb != 0 {
        listed.add(CCB_ID, &[Value::Uint64(ccb)]);
        listed.add(CCB_LAST, &[Value::Uint32(last.into())]);
    }
    let rdn = match operation {
        CcbOperation::Create { dn, .. } => attrs.iter().position(|attr| is_rdn(attr, dn)),
        CcbOperation::Modify { .. } | CcbOperation::Delete { .. } => None,
    };
    for (at, attr) in attrs.iter().enumerate() {
        if Some(at) != rdn && !attr.name.starts_with(SYSTEM_PREFIX) {
            listed.add(&attr.name, &attr.values);
        }
    }
    told(operation, ccb, by, listed)
}

fn is_rdn(attr: &Attr, dn: &Dn) -> bool {
    let value = attr.values.first();
    value.is_some_and(|value| match value {
        Value::String(text) | Value::Name(text) => text == dn.rdn(),
        _ => false,
    })
}

fn told(operation: &CcbOperation, ccb: u64, by: &str, listed: Listed) -> Notification {
    let source = if ccb == 0 {
        Source::Object
    } else {
        Source::Management
    };
    let by = if by.is_empty() {
        String::new()
    } else {
        format!(" by {by}")
    };
    let object = operation.dn().to_string();
    let (event, text, detail) = match operation {
        CcbOperation::Create { class, .. } => (
            EventType::ObjectCreation,
            format!("{object} ({class}) was created{by}"),
            Detail::ObjectCreateDelete {
                source,
                attributes: listed.values,
            },
        ),
        CcbOperation::Delete { .. } => (
            EventType::ObjectDeletion,
            format!("{object} was deleted{by}"),
            Detail::ObjectCreateDelete {
                source,
                attributes: listed.values,
            },
        ),
        CcbOperation::Modify { .. } => {
            let changed = |item: Item| AttributeChange {
                id: item.id,
                old: None,
                new: item.value,
            };
            (
                EventType::AttributeChanged,
                format!("{object} was changed{by}"),
                Detail::AttributeChange {
                    source,
                    changes: listed.values.into_iter().map(changed).collect(),
                },
            )
        }
    };
    whole(event, object, text, listed.names, detail)
}

fn whole(event: EventType, object: String, text: String, info: Vec<Item>, detail: Detail) -> Notification {
    Notification {
        event,
        object,
        notifying: NOTIFYING.to_owned(),
        class: ClassId {
            vendor: VENDOR_OPENSAF,
            major: SERVICE_IMM,
            minor: 0,
        },
        text,
        info,
        correlated: Vec::new(),
        detail,
    }
}

/// The notification, without the values of attributes where it is too large.
fn bounded(told: Notification) -> Notification {
    let (id, time) = (0, 0);
    let mut whole = Recorded {
        id,
        time,
        notification: told,
    };
    if schema::ntf::size(&whole) > SIZE_MOST {
        leave_values_out(&mut whole.notification);
    }
    whole.notification
}

/// What the service adds itself is first, and short.
fn leave_values_out(told: &mut Notification) {
    let added = [CLASS_NAME, OWNER_NAME, IMPLEMENTER_NAME, CCB_ID, CCB_LAST];
    let is_added = |item: &&Item| item.value.as_str().is_some_and(|name| added.contains(&name));
    let kept: Vec<u16> = told.info.iter().filter(is_added).map(|item| item.id).collect();
    match &mut told.detail {
        Detail::ObjectCreateDelete { attributes, .. } => attributes.retain(|it| kept.contains(&it.id)),
        Detail::AttributeChange { changes, .. } => changes.retain(|it| kept.contains(&it.id)),
        Detail::Alarm { .. }
        | Detail::StateChange { .. }
        | Detail::SecurityAlarm { .. }
        | Detail::Miscellaneous => {}
    }
    told.text += "; its values are too large to be told";
}

#[cfg(test)]
mod tests {
    use ais::{AttrModification, ModificationType};

    use super::*;

    fn text(name: &str, value: &str) -> Attr {
        Attr::single(name, Value::String(value.to_owned()))
    }

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    fn modify(attrs: Vec<Attr>) -> CcbOperation {
        let change = |attr| AttrModification {
            kind: ModificationType::Replace,
            attr,
        };
        CcbOperation::Modify {
            dn: dn("lamp=a"),
            changes: attrs.into_iter().map(change).collect(),
        }
    }

    /// The names, each with its values, the marks of the last one.
    fn listed(told: &Notification) -> Vec<String> {
        let values: Vec<(u16, String)> = match &told.detail {
            Detail::ObjectCreateDelete { attributes, .. } => {
                attributes.iter().map(|it| (it.id, it.value.to_text())).collect()
            }
            Detail::AttributeChange { changes, .. } => {
                changes.iter().map(|it| (it.id, it.new.to_text())).collect()
            }
            other => panic!("{other:?}"),
        };
        let one = |name: &Item| {
            let own = values.iter().filter(|(id, _)| *id == name.id);
            let own: Vec<&str> = own.map(|(_, value)| value.as_str()).collect();
            format!("{}={}", name.value.to_text(), own.join(":"))
        };
        told.info.iter().map(one).collect()
    }

    #[test]
    fn a_ccb_is_told_operation_by_operation_with_its_owner_and_its_end() {
        let created = CcbOperation::Create {
            class: "Lamp".to_owned(),
            dn: dn("lamp=a"),
            attrs: vec![
                text("lamp", "lamp=a"),
                Attr {
                    name: "watts".to_owned(),
                    value_type: ais::ValueType::Uint32,
                    values: vec![Value::Uint32(1), Value::Uint32(2)],
                },
                text("place", "lamp=a"),
                text(CLASS_NAME, "Lamp"),
                text(OWNER_NAME, "me"),
            ],
        };
        let changed = modify(vec![text("place", "hall"), text(CLASS_NAME, "Lamp")]);
        let gone = CcbOperation::Delete { dn: dn("lamp=a") };
        let told = notifications(7, &[created, changed, gone]);
        assert_eq!(
            listed(&told[0]),
            [
                "SaImmAttrAdminOwnerName=me",
                "SaImmAttrClassName=Lamp",
                "SaImmOiCcbIdT=7",
                "ccbLast=0",
                "watts=1:2",
                "place=lamp=a",
            ]
        );
        assert_eq!(
            listed(&told[1]),
            [
                "SaImmAttrAdminOwnerName=me",
                "SaImmAttrClassName=Lamp",
                "SaImmOiCcbIdT=7",
                "ccbLast=0",
                "place=hall",
            ]
        );
        assert_eq!(
            listed(&told[2]),
            ["SaImmAttrAdminOwnerName=me", "SaImmOiCcbIdT=7", "ccbLast=1"]
        );
        let events: Vec<&str> = told.iter().map(|it| it.event.name()).collect();
        assert_eq!(
            events,
            [
                "SA_NTF_OBJECT_CREATION",
                "SA_NTF_ATTRIBUTE_CHANGED",
                "SA_NTF_OBJECT_DELETION"
            ]
        );
        assert_eq!(told[0].class.to_string(), "32993.8.0 (0x0)");
        assert_eq!(told[2].text, "lamp=a was deleted by me");
    }

    #[test]
    fn who_deletes_is_no_notification_of_its_own() {
        let who = modify(vec![text(OWNER_NAME, "me")]);
        let told = notifications(7, &[who, CcbOperation::Delete { dn: dn("lamp=a") }]);
        assert_eq!(told.len(), 1);
        assert_eq!(
            listed(&told[0]),
            ["SaImmAttrAdminOwnerName=me", "SaImmOiCcbIdT=7", "ccbLast=1"]
        );
    }

    #[test]
    fn runtime_data_is_told_with_its_implementer_alone() {
        let changed = modify(vec![
            text("lit", "on"),
            text(CLASS_NAME, "Lamp"),
            text(IMPLEMENTER_NAME, "oi"),
        ]);
        let told = notifications(0, &[changed]);
        assert_eq!(
            listed(&told[0]),
            ["SaImmAttrImplementerName=oi", "SaImmAttrClassName=Lamp", "lit=on"]
        );
        let told = notifications(0, &[CcbOperation::Delete { dn: dn("lamp=a") }]);
        assert!(listed(&told[0]).is_empty());
    }

    #[test]
    fn values_that_are_too_large_are_left_out() {
        let changed = modify(vec![
            text("place", &"x".repeat(SIZE_MOST)),
            text(CLASS_NAME, "Lamp"),
            text(OWNER_NAME, "me"),
        ]);
        let told = notifications(7, &[changed]);
        assert_eq!(listed(&told[0]).last().unwrap(), "place=");
        assert!(told[0].text.contains("too large"));
    }
}
