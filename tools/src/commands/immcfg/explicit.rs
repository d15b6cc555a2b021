//! The explicit mode: commands from the input, whose changes are one CCB until it is applied or dropped.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use super::input::{Input, Read, words};
use super::line::{Action, HELP, Line, Request, request};
use super::{Course, Done, Open, carry_out, in_doubt};
use crate::commands::connect::{Limits, Session, with_open_session};
use crate::commands::output::{self, Failure, finish};
use crate::commands::usage::{CommandLine as _, Common, try_parse};

/// Runs the commands of the input. The exit code is that of the command that ended it, or of applying what was left.
pub(super) fn main(limits: Limits, common: &Common) -> ExitCode {
    let mut input = match Input::open() {
        Ok(input) => input,
        Err(error) => return finish(common.json, &Done::default(), Err(unreadable(&error.to_string()))),
    };
    let outcome = with_open_session(limits, common, async |session| Ok(run(session, &mut input).await));
    match outcome {
        Ok(code) => code,
        Err(failure) => finish(common.json, &Done::default(), Err(failure)),
    }
}

fn unreadable(why: &str) -> Failure {
    Failure::new(format!("error - the input cannot be read: {why}"))
}

async fn run(session: &Session, input: &mut Input) -> ExitCode {
    let open = Open::default();
    loop {
        let code = match input.read() {
            Read::Line(text) => command(session, &open, &text).await,
            Read::End => return end(session, &open).await,
            Read::Interrupted => {
                abort(&open);
                return ExitCode::FAILURE;
            }
            Read::Failed(why) => {
                output::complain(
                    &unreadable(&why)
                        .lines
                        .iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>(),
                );
                abort(&open);
                return ExitCode::FAILURE;
            }
        };
        if code != ExitCode::SUCCESS {
            abort(&open);
            if !input.is_terminal() {
                return code;
            }
        }
    }
}

/// Drops the open CCB because of a failure.
fn abort(open: &Open) {
    if open.take().is_some() {
        output::complain(&["CCB is aborted"]);
    }
}

/// The end of the input applies what is open.
async fn end(session: &Session, open: &Open) -> ExitCode {
    if open.borrow().is_none() {
        return ExitCode::SUCCESS;
    }
    command(session, open, "immcfg --ccb-apply").await
}

/// Carries out one line.
async fn command(session: &Session, open: &Open, text: &str) -> ExitCode {
    let words = match words(text) {
        Ok(words) => words,
        Err(complaint) => return HELP.refuse(&complaint),
    };
    match words.first() {
        None => return ExitCode::SUCCESS,
        Some(first) if first != HELP.name => {
            output::complain(&["Not immcfg command"]);
            return ExitCode::FAILURE;
        }
        Some(_) => {}
    }
    let line: Line = match try_parse(&HELP, words.into_iter().map(OsString::from).collect()) {
        Ok(line) => line,
        Err(complaint) => return HELP.refuse(&complaint),
    };
    if line.common().help {
        return HELP.print();
    }
    let request = match request(&line) {
        Ok(request) => request,
        Err(complaint) => return HELP.refuse(&complaint),
    };
    let mut done = Done::of(&request);
    let outcome = carry_out_in_time(session, open, &request, &mut done).await;
    finish(line.common.json, &done, outcome)
}

async fn carry_out_in_time(
    session: &Session,
    open: &RefCell<Option<std::rc::Rc<super::ccb::Bundle>>>,
    request: &Request,
    done: &mut Done,
) -> Result<(), Failure> {
    let is_applying = Cell::new(false);
    let course = Course {
        session,
        request,
        is_applying: &is_applying,
        open: Some(open),
    };
    let limit = Duration::from_secs(request.timeout_s);
    let outcome = session.within(HELP.name, limit, carry_out(&course, done)).await;
    in_doubt(outcome, &is_applying)
}

/// Applies, drops or checks the open CCB; where none is open there is nothing to do.
///
/// # Errors
/// The refusal.
pub(super) async fn on_ccb(course: &Course<'_>, done: &mut Done) -> Result<(), Failure> {
    let Some(open) = course.open else {
        return Ok(());
    };
    let present = open.borrow().clone();
    let Some(bundle) = present else {
        return Ok(());
    };
    match course.request.action {
        Action::ValidateCcb => bundle.validate(course).await,
        Action::Apply => {
            open.take();
            done.ccb = Some(bundle.apply(course).await?);
            Ok(())
        }
        _ => {
            open.take();
            Ok(())
        }
    }
}
