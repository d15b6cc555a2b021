//! `ntfsend`: sends a notification.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use ais::Value;
use ais::ntf::{
    AttributeChange, ClassId, Detail, EventType, Item, Notification, NotificationType, ProbableCause,
    Severity, Source, StateChange, VENDOR_OPENSAF,
};
use clap::Parser;

use super::{class, number};
use crate::commands::director::{answered, with_director};
use crate::commands::output::{self, Failure};
use crate::commands::usage::{CommandLine, Common, Help, parse};

const HELP: Help = Help {
    name: "ntfsend",
    purpose: "sends notifications",
    synopsis: &["ntfsend [options]"],
    description: &[
        "Sends a notification, an alarm unless told otherwise, and prints its number.",
        "An alarm lasts until one with the same object, class and cause is sent with -s 0.",
    ],
    options: &[
        (
            "-T, --notificationType 0x1000...0x5000",
            "object create or delete 0x1000, attribute change, state change, alarm, security alarm 0x5000",
        ),
        ("-e, --eventType NUMBER", "the event type, 4097 to 24583"),
        (
            "-E, --eventTime TIME",
            "when it happened, in nanoseconds since the epoch",
        ),
        ("-c, --notificationClassId VENDOR,MAJOR,MINOR", "its class"),
        ("-n, --notificationObject TEXT", "what it is about"),
        ("-N, --notifyingObject TEXT", "who tells it"),
        ("-a, --additionalText TEXT", "for people"),
        ("-p, --probableCause 0..74", "why"),
        (
            "-s, --perceivedSeverity 0...5",
            "cleared 0, indeterminate, warning, minor, major, critical 5",
        ),
        ("-i, --additionalInfo ID,11,TEXT", "more, with its number"),
        ("-r, --repeatSends NUM", "send it so many times"),
        (
            "-b, --burstTimeout TIME",
            "send the repeats again and again, with so many microseconds between, for ever",
        ),
    ],
    examples: &[(
        "ntfsend -n safApp=demo -a 'disk is filling' -s 2",
        "raises a warning",
    )],
};

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(
        short = 'a',
        long = "additionalText",
        default_value = "default additional text"
    )]
    text: String,
    #[arg(short = 'T', long = "notificationType", value_parser = kind)]
    kind: Option<NotificationType>,
    #[arg(short = 'c', long = "notificationClassId", value_parser = class)]
    class: Option<ClassId>,
    #[arg(
        short = 'n',
        long = "notificationObject",
        default_value = "default notification object"
    )]
    object: String,
    #[arg(
        short = 'N',
        long = "notifyingObject",
        default_value = "default notifying object"
    )]
    notifying: String,
    #[arg(short = 's', long = "perceivedSeverity", value_parser = clap::value_parser!(u8).range(0..=5))]
    severity: Option<u8>,
    #[arg(short = 'p', long = "probableCause", value_parser = clap::value_parser!(u32).range(0..=74))]
    cause: Option<u32>,
    #[arg(short = 'r', long = "repeatSends", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    #[arg(short = 'e', long = "eventType", value_parser = event)]
    event: Option<EventType>,
    #[arg(short = 'E', long = "eventTime", default_value_t = 0)]
    time: i64,
    #[arg(short = 'b', long = "burstTimeout")]
    burst: Option<u64>,
    #[arg(short = 'i', long = "additionalInfo", value_parser = info)]
    info: Vec<Item>,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// As OpenSAF's command, hexadecimal with or without `0x`.
fn kind(text: &str) -> Result<NotificationType, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let code = u32::from_str_radix(digits, 16).ok();
    code.and_then(NotificationType::from_code)
        .filter(|kind| *kind != NotificationType::Miscellaneous)
        .ok_or_else(|| "invalid value for notificationType".to_owned())
}

fn event(text: &str) -> Result<EventType, String> {
    let code = number(text)?;
    let code = u32::try_from(code).ok().and_then(EventType::from_code);
    code.ok_or_else(|| "invalid value for eventType".to_owned())
}

fn info(text: &str) -> Result<Item, String> {
    let mut parts = text.splitn(3, ',');
    let (Some(id), Some(kind), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("notificationAdditionalInfo wrong format".to_owned());
    };
    let id = id
        .parse()
        .map_err(|_| "additionalInfo ID wrong format".to_owned())?;
    if kind != "11" {
        return Err("additionalInfo TYPE: only SA_NTF_VALUE_STRING (11) is taken".to_owned());
    }
    Ok(Item {
        id,
        value: Value::String(value.to_owned()),
    })
}

/// The first event type of a kind of notification, for one that was not given.
const fn first_event(kind: NotificationType) -> EventType {
    match kind {
        NotificationType::ObjectCreateDelete => EventType::ObjectCreation,
        NotificationType::AttributeChange => EventType::AttributeAdded,
        NotificationType::StateChange => EventType::ObjectStateChange,
        NotificationType::Alarm => EventType::AlarmCommunication,
        NotificationType::SecurityAlarm => EventType::IntegrityViolation,
        NotificationType::Miscellaneous => EventType::ApplicationEvent,
    }
}

impl Line {
    /// The notification that was asked for.
    ///
    /// # Errors
    /// That its types do not fit together.
    fn notification(&self) -> Result<Notification, Failure> {
        let of_event = self.event.map(EventType::notification_type);
        let kind = self.kind.or(of_event).unwrap_or(NotificationType::Alarm);
        if of_event.is_some_and(|other| other != kind && other != NotificationType::Miscellaneous) {
            return Err(Failure::new(
                "invalid combination of notificationType and eventType",
            ));
        }
        let class = self.class.unwrap_or(ClassId {
            vendor: VENDOR_OPENSAF,
            major: 0,
            minor: 0,
        });
        Ok(Notification {
            event: self.event.unwrap_or(first_event(kind)),
            object: self.object.clone(),
            notifying: self.notifying.clone(),
            class,
            text: self.text.clone(),
            info: self.info.clone(),
            correlated: Vec::new(),
            detail: self.detail(kind),
        })
    }

    fn detail(&self, kind: NotificationType) -> Detail {
        let cause = self.cause.and_then(ProbableCause::from_code);
        let cause = cause.unwrap_or(ProbableCause::SOFTWARE_ERROR);
        let severity = self.severity.and_then(Severity::from_code);
        let severity = severity.unwrap_or(Severity::Warning);
        let source = Source::Object;
        let number = Value::Int32;
        let state = |id, old, new| StateChange { id, old, new };
        match kind {
            NotificationType::Alarm => Detail::Alarm {
                cause,
                severity,
                repair: None,
            },
            NotificationType::SecurityAlarm => Detail::SecurityAlarm { cause, severity },
            // What OpenSAF's command sends: it has no options for the states and attributes.
            NotificationType::StateChange => Detail::StateChange {
                source,
                changes: vec![
                    state(1, None, 2),
                    state(2, None, 1),
                    state(1, Some(2), 1),
                    state(2, Some(1), 2),
                ],
            },
            NotificationType::ObjectCreateDelete => Detail::ObjectCreateDelete {
                source,
                attributes: vec![
                    Item {
                        id: 58,
                        value: number(1),
                    },
                    Item {
                        id: 4,
                        value: Value::Uint32(16),
                    },
                ],
            },
            NotificationType::AttributeChange => Detail::AttributeChange {
                source,
                changes: vec![
                    AttributeChange {
                        id: 0,
                        old: None,
                        new: number(1),
                    },
                    AttributeChange {
                        id: 1,
                        old: Some(number(8)),
                        new: number(-4),
                    },
                ],
            },
            NotificationType::Miscellaneous => Detail::Miscellaneous,
        }
    }
}

/// Runs the command; `args[0]` is its name.
pub(in crate::commands) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    match run(&line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.lines);
            ExitCode::FAILURE
        }
    }
}

fn run(line: &Line) -> Result<(), Failure> {
    let notification = line.notification()?;
    with_director(&line.common, async |director| {
        loop {
            for _ in 0..line.repeat {
                let sending = director.notify(notification.clone(), line.time);
                let id = answered("saNtfNotificationSend", sending).await?;
                let text = if line.common.json {
                    format!("{}\n", serde_json::json!({ "id": id }))
                } else {
                    format!("NotificationId: {id}\n")
                };
                if output::print(&text).is_err() {
                    return Ok(());
                }
            }
            match line.burst {
                Some(pause) => tokio::time::sleep(Duration::from_micros(pause)).await,
                None => return Ok(()),
            }
        }
    })
}
