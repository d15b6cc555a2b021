//! `ntfsubscribe`: prints notifications as they come.

use std::ffi::OsString;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use ais::ntf::{NotificationType, Recorded};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::print;
use crate::commands::director::{answered, with_director};
use crate::commands::output::{self, Failure};
use crate::commands::usage::{CommandLine, Common, Help, parse, seconds};

const HELP: Help = Help {
    name: "ntfsubscribe",
    purpose: "subscribes for notifications",
    synopsis: &["ntfsubscribe [options]"],
    description: &[
        "Prints each notification as it comes, until it is interrupted; of all types unless some are chosen.",
        "With --json, one document a line.",
    ],
    options: &[
        ("-a, --alarm", "alarms"),
        ("-c, --attributeChange", "changes of attributes"),
        ("-o, --objectCreateDelete", "objects that come and go"),
        ("-s, --stateChange", "changes of states"),
        ("-y, --securityAlarm", "security alarms"),
        (
            "-t, --timeout SEC",
            "end when none has come for so long, with 'poll timeout'",
        ),
        ("-v, --verbose", "print more"),
    ],
    examples: &[("ntfsubscribe -a", "prints alarms as they come")],
};

/// The command line.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command")]
struct Line {
    #[arg(short = 'a', long = "alarm")]
    alarm: bool,
    #[arg(short = 'c', long = "attributeChange")]
    attribute_change: bool,
    #[arg(short = 'o', long = "objectCreateDelete")]
    object_create_delete: bool,
    #[arg(short = 's', long = "stateChange")]
    state_change: bool,
    #[arg(short = 'y', long = "securityAlarm")]
    security_alarm: bool,
    #[arg(short, long, value_parser = seconds)]
    timeout: Option<u64>,
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
    /// A bit for each type that was chosen.
    fn types(&self) -> u32 {
        let chosen = [
            (self.alarm, NotificationType::Alarm),
            (self.attribute_change, NotificationType::AttributeChange),
            (self.object_create_delete, NotificationType::ObjectCreateDelete),
            (self.state_change, NotificationType::StateChange),
            (self.security_alarm, NotificationType::SecurityAlarm),
        ];
        let bits = chosen.iter().filter(|(is_chosen, _)| *is_chosen);
        bits.fold(0, |bits, (_, kind)| bits | 1 << (kind.code() >> 12))
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
    let (json, verbose) = (line.common.json, line.verbose);
    with_director(&line.common, async |mut director| {
        let failed = |error: std::io::Error| Failure::new(format!("error - could not start: {error}"));
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let came = Rc::new(Notify::new());
        let closed = Rc::new(Notify::new());
        let (told, unread) = (Rc::clone(&came), Rc::clone(&closed));
        let take = move |list: Vec<Recorded>, lost: u64| {
            if print_all(&list, lost, json, verbose).is_err() {
                unread.notify_one();
            }
            told.notify_one();
        };
        let subscribing = director.subscribe(line.types(), take);
        let _subscription = answered("saNtfNotificationSubscribe", subscribing).await?;
        loop {
            let silence = async {
                match line.timeout {
                    Some(limit) => tokio::time::sleep(Duration::from_secs(limit)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = came.notified() => {}
                () = closed.notified() => return Ok(()),
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                () = director.closed() => {
                    return Err(Failure::new("error - the director is gone; subscribe again when it is back"));
                }
                () = silence => {
                    // With --json, that nothing follows says it.
                    let text = if json { "" } else { "poll timeout\n" };
                    return output::print(text).or(Ok(()));
                }
            }
        }
    })
}

/// Prints what came.
///
/// # Errors
/// That nobody reads it.
fn print_all(notifications: &[Recorded], lost: u64, json: bool, verbose: bool) -> Result<(), ExitCode> {
    if lost > 0 {
        let line = format!("{lost} notifications were left out: they came faster than they were read");
        if json {
            output::print(&format!("{}\n", serde_json::json!({ "lost": lost })))?;
        } else {
            output::complain(&[line]);
        }
    }
    for recorded in notifications {
        let text = if json {
            format!("{}\n", print::json(recorded))
        } else {
            print::block(recorded, verbose)
        };
        output::print(&text)?;
    }
    Ok(())
}
