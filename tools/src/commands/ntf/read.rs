//! `ntfread`: prints notifications that are kept.

use std::ffi::OsString;
use std::process::ExitCode;

use ais::ntf::{ClassId, Detail, NotificationType, Recorded};
use amfd_director::client::Director;
use clap::Parser;

use super::{Found, class, number};
use crate::commands::director::{answered, with_director};
use crate::commands::output::{Failure, finish};
use crate::commands::usage::{CommandLine, Common, Help, parse};

const HELP: Help = Help {
    name: "ntfread",
    purpose: "reads alarm and security alarm notifications",
    synopsis: &["ntfread [options]"],
    description: &[
        "Prints the alarms and security alarms that are kept and match all the options, the newest last.",
        "With --all, notifications of every type; with --active, the alarms that are raised and not cleared.",
    ],
    options: &[
        (
            "-b, --searchMode 1...7",
            "which times: before or at 1, at 2, at or after 3, before 4, after 5 of -E; the one of -i 6; all 7, the default",
        ),
        (
            "-c, --notificationClassId VENDOR,MAJOR,MINOR",
            "of this class only",
        ),
        (
            "-d, --securityEventType NUMBER",
            "security alarms of this event type only, 20481 to 20485",
        ),
        (
            "-e, --eventType NUMBER",
            "alarms of this event type only, 16385 to 16389",
        ),
        (
            "-E, --eventTime TIME",
            "the time for -b, in nanoseconds since the epoch",
        ),
        ("-i, --notificationId ID", "the notification for -b 6"),
        ("-k, --onlyAlarm", "no security alarms"),
        ("-l, --onlySecurityAlarm", "security alarms only"),
        ("-n, --notificationObject DN", "about this object only"),
        ("-N, --notifyingObject DN", "told by this one only"),
        ("-o, --searchOlder", "the newest first"),
        ("-p, --probableCause 0..74", "of this probable cause only"),
        (
            "-s, --perceivedSeverity 0...5",
            "of this severity only: cleared 0, indeterminate, warning, minor, major, critical 5",
        ),
        ("--all", "notifications of every type"),
        ("--active", "the alarms that are raised and not cleared"),
        ("-v, --verbose", "print more"),
    ],
    examples: &[
        ("ntfread --active", "shows what needs somebody to act"),
        (
            "ntfread -n safSi=web,safApp=demo -v",
            "shows the alarms of a service instance with their numbers and times",
        ),
    ],
};

/// The command line.
#[expect(clippy::struct_excessive_bools, reason = "the command has that many switches")]
#[derive(Debug, Parser)]
struct Line {
    #[arg(short = 'b', long = "searchMode", default_value_t = 7,
          value_parser = clap::value_parser!(u8).range(1..=7))]
    mode: u8,
    #[arg(short = 'c', long = "notificationClassId", value_parser = class)]
    class: Option<ClassId>,
    #[arg(short = 'd', long = "securityEventType", value_parser = number)]
    security_event: Option<u64>,
    #[arg(
        short = 'E',
        long = "eventTime",
        allow_hyphen_values = true,
        default_value_t = 0
    )]
    time: i64,
    #[arg(short = 'e', long = "eventType", value_parser = number)]
    event: Option<u64>,
    #[arg(short = 'i', long = "notificationId", default_value_t = 0)]
    id: u64,
    #[arg(short = 'k', long = "onlyAlarm")]
    only_alarm: bool,
    #[arg(short = 'l', long = "onlySecurityAlarm")]
    only_security: bool,
    #[arg(short = 'N', long = "notifyingObject")]
    notifying: Option<String>,
    #[arg(short = 'n', long = "notificationObject")]
    object: Option<String>,
    #[arg(short = 'o', long = "searchOlder")]
    older: bool,
    #[arg(short = 'p', long = "probableCause", value_parser = clap::value_parser!(u8).range(0..=74))]
    cause: Option<u8>,
    #[arg(short = 's', long = "perceivedSeverity", value_parser = clap::value_parser!(u8).range(0..=5))]
    severity: Option<u8>,
    #[arg(long)]
    all: bool,
    #[arg(long)]
    active: bool,
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

impl Line {
    /// Whether the notification is asked for.
    fn takes(&self, recorded: &Recorded) -> bool {
        let told = &recorded.notification;
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|it| it == found);
        self.takes_time(recorded)
            && is(&self.object, &told.object)
            && is(&self.notifying, &told.notifying)
            && self.class.is_none_or(|class| class == told.class)
            && self.takes_kind(recorded)
    }

    fn takes_time(&self, recorded: &Recorded) -> bool {
        match self.mode {
            1 => recorded.time <= self.time,
            2 => recorded.time == self.time,
            3 => recorded.time >= self.time,
            4 => recorded.time < self.time,
            5 => recorded.time > self.time,
            6 => recorded.id == self.id,
            _ => true,
        }
    }

    fn takes_kind(&self, recorded: &Recorded) -> bool {
        let told = &recorded.notification;
        let (cause, severity) = match &told.detail {
            Detail::Alarm { cause, severity, .. } | Detail::SecurityAlarm { cause, severity } => {
                (cause, severity)
            }
            Detail::StateChange { .. }
            | Detail::ObjectCreateDelete { .. }
            | Detail::AttributeChange { .. }
            | Detail::Miscellaneous => {
                let filtered = self.cause.is_some() || self.severity.is_some() || self.event.is_some();
                return self.all && !filtered;
            }
        };
        let is_security = told.detail.notification_type() == NotificationType::SecurityAlarm;
        let (excluded, event) = if is_security {
            (self.only_alarm, self.security_event)
        } else {
            (self.only_security, self.event)
        };
        !excluded
            && event.is_none_or(|event| event == u64::from(told.event.code()))
            && self.cause.is_none_or(|wanted| wanted == cause.code())
            && self.severity.is_none_or(|wanted| wanted == severity.code())
    }
}

/// Runs the command; `args[0]` is its name.
pub(in crate::commands) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let mut found = Found {
        verbose: line.verbose,
        ..Found::default()
    };
    let outcome = with_director(&line.common, async |director| {
        let all = if line.active {
            answered("saNtfNotificationReadNext", director.alarms()).await?
        } else {
            read_all(&director).await?
        };
        found.notifications = all.into_iter().filter(|it| line.takes(it)).collect();
        if line.older {
            found.notifications.reverse();
        }
        Ok(())
    });
    finish(line.common.json, &found, outcome)
}

async fn read_all(director: &Director) -> Result<Vec<Recorded>, Failure> {
    let mut all: Vec<Recorded> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.id);
        let (mut part, more) = answered("saNtfNotificationReadNext", director.read(after)).await?;
        let done = part.is_empty() || !more;
        all.append(&mut part);
        if done {
            return Ok(all);
        }
    }
}
