//! `immcfg`: creates, changes and deletes objects and classes, and loads files of them.
//!
//! All objects of one command are one change bundle (CCB): all is done, or nothing. In the explicit mode the commands
//! of many lines are one.

mod ccb;
mod class;
mod explicit;
mod expression;
mod import;
mod input;
mod line;
mod load;
mod object;

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::process::ExitCode;
use std::rc::Rc;

use serde::Serialize;

use super::connect::{Limits, Session, with_session};
use super::output::{self, Failure, Report, finish};
use super::usage::{Common, parse};

use line::{Action, HELP, Line, Request, request};

pub(super) use load::main as load;

/// What to say where a change may have been made or not.
const UNKNOWN: &str = "the result of the change is not known; look at the objects before repeating it";

/// What was done.
#[derive(Debug, Default, Serialize)]
struct Done {
    operation: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    classes: Vec<String>,
    /// Objects that were there already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ccb: Option<u64>,
    #[serde(skip)]
    text: &'static str,
}

impl Done {
    /// Nothing yet of what was asked for.
    fn of(request: &Request) -> Done {
        Done {
            operation: request.action.name(),
            ..Done::default()
        }
    }
}

impl Report for Done {
    fn text(&self) -> String {
        self.text.to_owned()
    }
}

/// The parts of a command's course that all its operations need.
struct Course<'a> {
    session: &'a Session,
    request: &'a Request,
    /// Whether a change is being applied, and may be made although nobody waits for the answer.
    is_applying: &'a Cell<bool>,
    /// The CCB of the explicit mode, once a command has begun it; `None` where each command has its own.
    open: Option<&'a Open>,
}

/// The open CCB of the explicit mode.
type Open = RefCell<Option<Rc<ccb::Bundle>>>;

impl Course<'_> {
    /// Tells a step to a person who asked for it.
    fn note(&self, text: &str) {
        if self.request.verbose {
            output::complain(&[text]);
        }
    }
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let request = match request(&line) {
        Ok(request) => request,
        Err(complaint) => return HELP.refuse(&complaint),
    };
    if request.action == Action::Explicit {
        return explicit::main(limits(HELP.name, &request), &line.common);
    }
    change(HELP.name, &request, &line.common)
}

fn limits(program: &'static str, request: &Request) -> Limits {
    Limits {
        program,
        timeout_s: request.timeout_s,
        try_again: true,
    }
}

/// Carries out what is one change, and says how it ended.
fn change(program: &'static str, request: &Request, common: &Common) -> ExitCode {
    let mut done = Done::of(request);
    // Nothing is open outside the explicit mode, so there is nothing to apply, to abort or to validate.
    if request.action.is_on_ccb() {
        return finish(common.json, &done, Ok(()));
    }
    let is_applying = Cell::new(false);
    let outcome = with_session(limits(program, request), common, async |session| {
        let course = Course {
            session,
            request,
            is_applying: &is_applying,
            open: None,
        };
        carry_out(&course, &mut done).await
    });
    finish(common.json, &done, in_doubt(outcome, &is_applying))
}

/// The outcome, with a word where a change may have been made although its answer did not come.
fn in_doubt(outcome: Result<(), Failure>, is_applying: &Cell<bool>) -> Result<(), Failure> {
    outcome.map_err(|failure| {
        if is_applying.get() {
            failure.and(UNKNOWN)
        } else {
            failure
        }
    })
}

async fn carry_out(course: &Course<'_>, done: &mut Done) -> Result<(), Failure> {
    match &course.request.action {
        Action::Create {
            class,
            expressions,
            objects,
        } => object::create(course, class, expressions, objects, done).await,
        Action::Modify { expressions, objects } => object::modify(course, expressions, objects, done).await,
        Action::Delete { objects } => object::delete(course, objects, done).await,
        Action::ClearOwner { objects } => object::clear_owner(course, objects, done).await,
        Action::DeleteClass { classes } => class::delete(course, classes, done).await,
        Action::Notify { class, attrs, enable } => class::notify(course, class, attrs, *enable, done).await,
        Action::Import { file } => import::import(course, file, done).await,
        Action::Validate { file } => import::validate(course, file, done).await,
        Action::Apply | Action::Abort | Action::ValidateCcb => explicit::on_ccb(course, done).await,
        Action::Explicit => Err(Failure::new("error - the explicit mode cannot be nested")),
    }
}
