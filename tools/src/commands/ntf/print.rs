//! A notification as OpenSAF's commands print it, and as JSON.

use ais::Value;
use ais::amf::{AdminState, AssignmentState, HaState, OperState, PresenceState};
use ais::ntf::{
    AttributeChange, ClassId, Detail, Item, Recorded, SERVICE_AMF, StateChange, VENDOR_SAF, value_type,
    value_type_name,
};
use chrono::{DateTime, Local};

use crate::commands::text::{self, append};

/// The states of the framework, by number (`SaAmfStateT`).
const AMF_STATES: [&str; 9] = [
    "",
    "SA_AMF_READINESS_STATE",
    "SA_AMF_HA_STATE",
    "SA_AMF_PRESENCE_STATE",
    "SA_AMF_OP_STATE",
    "SA_AMF_ADMIN_STATE",
    "SA_AMF_ASSIGNMENT_STATE",
    "SA_AMF_PROXY_STATUS",
    "SA_AMF_HA_READINESS_STATE",
];

/// The block of lines for a notification, an empty line at its end.
pub(in crate::commands) fn block(recorded: &Recorded, verbose: bool) -> String {
    let told = &recorded.notification;
    let kind = told.detail.notification_type();
    let time = DateTime::from_timestamp_nanos(recorded.time).with_timezone(&Local);
    let mut out = String::new();
    append(
        &mut out,
        format_args!("===  {} - {kind}  ===\n", time.format("%b %e %k:%M:%S")),
    );
    header(&mut out, recorded, verbose);
    match &told.detail {
        Detail::Alarm {
            cause,
            severity,
            repair,
        } => {
            infos(&mut out, &told.info);
            append(&mut out, format_args!("probableCause = {}\n", cause.name()));
            append(&mut out, format_args!("perceivedSeverity = {severity}\n"));
            if let Some(repair) = repair.as_ref().filter(|_| verbose) {
                append(&mut out, format_args!("proposedRepairAction = \"{repair}\"\n"));
            }
        }
        Detail::SecurityAlarm { cause, severity } => {
            append(&mut out, format_args!("probableCause = {}\n", cause.name()));
            append(&mut out, format_args!("severity = {severity}\n"));
        }
        Detail::StateChange { source, changes } => {
            infos(&mut out, &told.info);
            append(&mut out, format_args!("sourceIndicator = {source}\n"));
            if verbose {
                append(&mut out, format_args!("Num of StateChanges: {}\n", changes.len()));
            }
            for change in changes {
                state(&mut out, told.class, *change, verbose);
            }
        }
        Detail::ObjectCreateDelete { source, attributes } => {
            append(&mut out, format_args!("sourceIndicator = {source}\n"));
            counted_infos(&mut out, &told.info);
            append(&mut out, format_args!("\nnumAttributes: {}\n", attributes.len()));
            for attribute in attributes {
                attribute_head(&mut out, attribute.id, &attribute.value);
                value(&mut out, &attribute.value);
            }
        }
        Detail::AttributeChange { source, changes } => {
            append(&mut out, format_args!("sourceIndicator = {source}\n"));
            counted_infos(&mut out, &told.info);
            append(&mut out, format_args!("\nnumAttributes: {}\n", changes.len()));
            for change in changes {
                changed(&mut out, change);
            }
        }
        Detail::Miscellaneous => infos(&mut out, &told.info),
    }
    out.push('\n');
    out
}

fn header(out: &mut String, recorded: &Recorded, verbose: bool) {
    let told = &recorded.notification;
    if verbose {
        append(out, format_args!("notificationID = {}\n", recorded.id));
        append(out, format_args!("subscriptionId = 0\n"));
    }
    append(out, format_args!("eventType = {}\n", told.event));
    for (name, object) in [
        ("notificationObject", &told.object),
        ("notifyingObject", &told.notifying),
    ] {
        if verbose {
            append(out, format_args!("{name}.length = {}\n", object.len()));
        }
        append(out, format_args!("{name} = \"{object}\"\n"));
    }
    append(out, format_args!("notificationClassId = {}\n", told.class));
    if verbose {
        let time = DateTime::from_timestamp_nanos(recorded.time).with_timezone(&Local);
        let date = time.format("%a %b %d %T %Z %Y");
        append(out, format_args!("eventTime = {} ({date})\n", recorded.time));
        for id in &told.correlated {
            append(out, format_args!("correlatedNotification = {id}\n"));
        }
        // With the zero at the end that C has.
        append(
            out,
            format_args!("lengthAdditionalText = {}\n", told.text.len() + 1),
        );
    }
    if !told.text.is_empty() {
        append(out, format_args!("additionalText = \"{}\"\n", told.text));
    }
}

fn infos(out: &mut String, items: &[Item]) {
    for (at, item) in items.iter().enumerate() {
        append(out, format_args!("- additionalInfo: {at} -\n"));
        append(out, format_args!(" infoId = {}\n", item.id));
        append(out, format_args!(" infoType = {}\n", value_type(&item.value)));
        append(out, format_args!(" infoValue = {}\n", quoted(&item.value)));
    }
}

fn counted_infos(out: &mut String, items: &[Item]) {
    if !items.is_empty() {
        append(out, format_args!("\nnumAdditionalInfo: {}\n", items.len()));
        infos(out, items);
    }
}

/// Texts and names in quotes, numbers bare.
fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) | Value::Name(text) => format!("\"{text}\""),
        other => other.to_text(),
    }
}

fn attribute_head(out: &mut String, id: u16, value: &Value) {
    append(out, format_args!("- Attribute ID: {id} -\n"));
    let (number, name) = (value_type(value), value_type_name(value));
    append(out, format_args!(" Attribute Type: ({number}) {name}\n"));
}

fn value(out: &mut String, value: &Value) {
    match value {
        Value::Any(bytes) => {
            append(out, format_args!(" Attribute Value:\n"));
            for line in bytes.chunks(20) {
                for byte in line {
                    append(out, format_args!(" 0x{byte:02x}"));
                }
                append(out, format_args!("\n"));
            }
        }
        other => append(out, format_args!(" Attribute Value: {}\n", quoted(other))),
    }
}

fn changed(out: &mut String, change: &AttributeChange) {
    attribute_head(out, change.id, &change.new);
    match &change.old {
        Some(old) => {
            append(
                out,
                format_args!(" Old Attribute Present: Yes\n Old Attribute: \n"),
            );
            value(out, old);
        }
        None => append(out, format_args!(" Old Attribute Present: No\n")),
    }
    value(out, &change.new);
}

fn state(out: &mut String, class: ClassId, change: StateChange, verbose: bool) {
    let is_amf = class.vendor == VENDOR_SAF && class.major == SERVICE_AMF;
    let name = AMF_STATES
        .get(usize::from(change.id))
        .filter(|name| is_amf && !name.is_empty());
    let Some(name) = name else {
        append(out, format_args!("- State ID: {} -\n", change.id));
        if verbose {
            let present = if change.old.is_some() { "Yes" } else { "No" };
            append(out, format_args!("Old State Present: {present}\n"));
        }
        if let Some(old) = change.old {
            append(out, format_args!("\tOld State: {old}\n"));
        }
        append(out, format_args!("New State: {}\n", change.new));
        return;
    };
    append(out, format_args!("State ID = {name}\n"));
    if let Some(old) = change.old {
        append(out, format_args!("Old State: {}\n", state_name(change.id, old)));
    }
    append(
        out,
        format_args!("New State: {}\n", state_name(change.id, change.new)),
    );
}

/// The name in the C header, or the number.
fn state_name(state: u16, number: u16) -> String {
    let code = u32::from(number);
    let (prefix, name) = match state {
        2 => ("SA_AMF_HA_", HaState::from_code(code).map(HaState::name)),
        3 => (
            "SA_AMF_PRESENCE_",
            PresenceState::from_code(code).map(PresenceState::name),
        ),
        4 => (
            "SA_AMF_OPERATIONAL_",
            OperState::from_code(code).map(OperState::name),
        ),
        5 => ("SA_AMF_ADMIN_", AdminState::from_code(code).map(AdminState::name)),
        6 => (
            "SA_AMF_ASSIGNMENT_",
            AssignmentState::from_code(code).map(AssignmentState::name),
        ),
        _ => ("", None),
    };
    name.map_or_else(
        || number.to_string(),
        |name| format!("{prefix}{}", name.replace('-', "_")),
    )
}

/// The notification as JSON.
pub(in crate::commands) fn json(recorded: &Recorded) -> serde_json::Value {
    let told = &recorded.notification;
    let items = |items: &[Item]| -> Vec<serde_json::Value> {
        let one = |item: &Item| serde_json::json!({ "id": item.id, "value": text::json(&item.value) });
        items.iter().map(one).collect()
    };
    let mut document = serde_json::json!({
        "id": recorded.id,
        "time": recorded.time,
        "type": told.detail.notification_type().name(),
        "eventType": told.event.name(),
        "object": told.object,
        "notifyingObject": told.notifying,
        "class": [u64::from(told.class.vendor), u64::from(told.class.major), u64::from(told.class.minor)],
        "text": told.text,
        "info": items(&told.info),
        "correlated": told.correlated,
    });
    let detail = match &told.detail {
        Detail::Alarm {
            cause,
            severity,
            repair,
        } => serde_json::json!({
            "probableCause": cause.name(), "severity": severity.name(), "repair": repair,
        }),
        Detail::SecurityAlarm { cause, severity } => {
            serde_json::json!({ "probableCause": cause.name(), "severity": severity.name() })
        }
        Detail::StateChange { source, changes } => {
            let one = |change: &StateChange| serde_json::json!({ "state": change.id, "old": change.old, "new": change.new });
            let changes: Vec<_> = changes.iter().map(one).collect();
            serde_json::json!({ "source": source.name(), "changes": changes })
        }
        Detail::ObjectCreateDelete { source, attributes } => {
            serde_json::json!({ "source": source.name(), "attributes": items(attributes) })
        }
        Detail::AttributeChange { source, changes } => {
            let one = |change: &AttributeChange| {
                let old = change.old.as_ref().map(text::json);
                serde_json::json!({ "id": change.id, "old": old, "new": text::json(&change.new) })
            };
            let changes: Vec<_> = changes.iter().map(one).collect();
            serde_json::json!({ "source": source.name(), "changes": changes })
        }
        Detail::Miscellaneous => serde_json::json!({}),
    };
    if let (Some(whole), serde_json::Value::Object(detail)) = (document.as_object_mut(), detail) {
        whole.extend(detail);
    }
    document
}
