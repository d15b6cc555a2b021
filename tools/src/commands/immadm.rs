//! `immadm`: invokes administrative operations on objects.

use std::ffi::OsString;
use std::process::ExitCode;

use ais::{AisError, Dn, Parameter, Scope, Value, ValueType};
use clap::Parser;
use immd_client::{AdminOperationReply, AdminOwner, ImmError};
use serde::Serialize;

use super::connect::{Limits, Session, with_session};
use super::json::JsonParameter;
use super::output::{Failure, Report, finish, is_code};
use super::text::{self, append};
use super::usage::{CommandLine, Common, Help, parse, seconds};

const HELP: Help = Help {
    name: "immadm",
    purpose: "invokes an administrative operation on objects",
    synopsis: &["immadm [options] <object DN> [object DN]*"],
    description: &[
        "Becomes owner of each object in turn, invokes the operation and waits for its result.",
        "An operation that cannot be done now is tried again each second. Success is silent.",
    ],
    options: &[
        ("-o, --operation-id ID", "the number of the operation"),
        (
            "-O, --operation-name NAME",
            "the name of the operation, instead of its number",
        ),
        (
            "-p, --parameter NAME:TYPE:VALUE",
            "a parameter; TYPE as SA_UINT32_T; may be repeated",
        ),
        (
            "-a, --admin-owner NAME",
            "own the objects under this name; the command's name unless given",
        ),
        (
            "-r, --release-on-finalize",
            "with -a, give the objects up also when the command ends early",
        ),
        ("-d, --disable-tryagain", "do not try again"),
        (
            "-t, --timeout SEC",
            "give up after this time; 60 seconds unless given",
        ),
        ("-v, --verbose", "print the parameters that the operation returns"),
    ],
    examples: &[
        (
            "immadm -o 2 safSu=SU1,safSg=demo,safApp=demo",
            "locks the service unit",
        ),
        (
            "immadm -O display -p resource:SA_STRING_T:ccbs opensafImm=opensafImm,safApp=safImmService",
            "shows how many change bundles are open",
        ),
    ],
};

/// The code of success, `SA_AIS_OK`.
const OK: u32 = 1;
/// The id that says that the operation's name stands in a parameter.
const NAMED_OPERATION: u64 = 0x8000_0000_0000_0000;
/// The parameter that holds the operation's name.
const OPERATION_NAME: &str = "SaImmAdminOperationName";
/// The returned parameter that explains an error.
const OPERATION_ERROR: &str = "SaImmAdminOperationError";
/// The repository's own object, which only its own service may own.
const SERVICE_OBJECT: &str = "opensafImm=opensafImm,safApp=safImmService";
const SERVICE_OWNER: &str = "safImmService";

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(short = 'o', long, allow_hyphen_values = true)]
    operation_id: Vec<String>,
    #[arg(short = 'O', long, allow_hyphen_values = true)]
    operation_name: Vec<String>,
    #[arg(short, long, allow_hyphen_values = true)]
    parameter: Vec<String>,
    #[arg(short, long)]
    admin_owner: Option<String>,
    #[arg(short, long)]
    release_on_finalize: bool,
    #[arg(short, long)]
    disable_tryagain: bool,
    #[arg(short, long, value_parser = seconds, default_value_t = 60)]
    timeout: u64,
    #[arg(short, long)]
    verbose: bool,
    objects: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// A checked request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// The command that asks, for its complaints.
    pub(super) program: &'static str,
    /// The objects, in the order of the command line.
    pub(super) objects: Vec<String>,
    /// The operation's id.
    pub(super) operation: u64,
    /// Its parameters.
    pub(super) parameters: Vec<Parameter>,
    /// The owner's name, where one was given.
    pub(super) owner: Option<String>,
    /// Whether the objects are given up although an owner was named.
    pub(super) release: bool,
    /// The limit of the whole command and of each operation.
    pub(super) timeout_s: u64,
    /// Whether TRY_AGAIN is tried again.
    pub(super) try_again: bool,
    /// Whether returned parameters are printed.
    pub(super) verbose: bool,
}

impl Request {
    /// An operation without parameters on one object, with the defaults of the command line, for the command `program`.
    pub(super) fn simple(program: &'static str, operation: u64, object: String, timeout_s: u64) -> Request {
        Request {
            program,
            objects: vec![object],
            operation,
            parameters: Vec::new(),
            owner: None,
            release: false,
            timeout_s,
            try_again: true,
            verbose: false,
        }
    }

    /// The name of the operation, where it has one.
    fn operation_name(&self) -> Option<&str> {
        let named = self.parameters.iter().find(|p| p.name == OPERATION_NAME);
        named.and_then(|parameter| parameter.value.as_str())
    }
}

/// What the operations answered.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answers {
    operations: Vec<Answer>,
    #[serde(skip)]
    as_service: bool,
    #[serde(skip)]
    show_parameters: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    object: String,
    operation: u64,
    result: &'static str,
    code: u32,
    parameters: Vec<JsonParameter>,
    #[serde(skip)]
    plain: Vec<Parameter>,
}

impl Report for Answers {
    fn text(&self) -> String {
        let mut text = String::new();
        if self.as_service {
            append(
                &mut text,
                format_args!("[using admin-owner: '{SERVICE_OWNER}']\n"),
            );
        }
        if self.show_parameters {
            let shown = self
                .operations
                .iter()
                .filter(|answer| answer.code == OK && !answer.plain.is_empty());
            let tables: Vec<String> = shown.map(|answer| table(&answer.object, &answer.plain)).collect();
            text.push_str(&tables.join("\n"));
        }
        text
    }
}

/// The returned parameters of one object.
fn table(object: &str, parameters: &[Parameter]) -> String {
    let rule = "=".repeat(72);
    let mut table = format!(
        "Object: {object}\n{:<50} {:<12} Value(s)\n{rule}\n",
        "Name", "Type"
    );
    for Parameter { name, value } in parameters {
        let kind = value.value_type().name();
        append(
            &mut table,
            format_args!("{name:<50} {kind:<12} {}\n", text::parameter(value)),
        );
    }
    table
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    match request(&line) {
        Ok(request) => invoke(&request, &line.common),
        Err(complaint) => HELP.refuse(&complaint),
    }
}

/// The request that a command line means, or what is wrong with it.
fn request(line: &Line) -> Result<Request, String> {
    let mut parameters = Vec::new();
    let operation = match (line.operation_id.as_slice(), line.operation_name.as_slice()) {
        ([], []) => return Err("error - must specify admin operation ID or operation name".to_owned()),
        ([id], []) => {
            let id = id.parse();
            id.map_err(|_| format!("error - illegal operation ID: {}", line.operation_id[0]))?
        }
        ([], [name]) if name.is_empty() => {
            return Err("error - the operation name may not be empty".to_owned());
        }
        ([], [name]) => {
            parameters.push(Parameter {
                name: OPERATION_NAME.to_owned(),
                value: Value::String(name.clone()),
            });
            NAMED_OPERATION
        }
        _ => return Err("Cannot set admin operation more than once".to_owned()),
    };
    for text in &line.parameter {
        parameters.push(parameter(text)?);
    }
    if line.objects.is_empty() {
        return Err("error - wrong number of arguments".to_owned());
    }
    Ok(Request {
        program: HELP.name,
        objects: line.objects.clone(),
        operation,
        parameters,
        owner: line.admin_owner.clone(),
        release: line.release_on_finalize,
        timeout_s: line.timeout,
        try_again: !line.disable_tryagain,
        verbose: line.verbose,
    })
}

/// The parameter in `name:TYPE:value`; all after the second colon is the value.
fn parameter(text: &str) -> Result<Parameter, String> {
    let illegal = |why: &str| format!("Illegal parameter: {text}{why}");
    let mut parts = text.splitn(3, ':');
    let (Some(name), Some(kind), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(illegal(" (name:TYPE:value is wanted)"));
    };
    if name.is_empty() || value.is_empty() {
        return Err(illegal(" (neither the name nor the value may be empty)"));
    }
    let kind = ValueType::from_name(kind).ok_or_else(|| illegal(&format!(" ('{kind}' is no type)")))?;
    let value = Value::parse(kind, value).map_err(|error| illegal(&format!(" ({error})")))?;
    Ok(Parameter {
        name: name.to_owned(),
        value,
    })
}

/// Carries a request out and prints its outcome; gives the exit code.
pub(super) fn invoke(request: &Request, common: &Common) -> ExitCode {
    let displays = request
        .operation_name()
        .is_some_and(|name| name.starts_with("display"));
    let mut answers = Answers {
        show_parameters: request.verbose || displays,
        as_service: request.owner.is_none() && request.objects.iter().any(|object| object == SERVICE_OBJECT),
        operations: Vec::new(),
    };
    let limits = Limits {
        program: request.program,
        timeout_s: request.timeout_s,
        try_again: request.try_again,
    };
    let outcome = with_session(limits, common, async |session| {
        let (owner_name, release) = match &request.owner {
            Some(name) => (name.as_str(), request.release),
            None if answers.as_service => (SERVICE_OWNER, false),
            None => (request.program, true),
        };
        let imm = session.imm();
        let owner = session
            .patience
            .retry(async || imm.admin_owner(owner_name, release).await);
        let owner = owner
            .await
            .map_err(|error| Failure::of_call("saImmOmAdminOwnerInitialize", &error))?;
        for object in &request.objects {
            let answer = operate(
                session,
                &owner,
                owner_name,
                request,
                object,
                &mut answers.operations,
            )
            .await;
            let gone = give_up(session, &owner, object).await;
            answer?;
            gone?;
        }
        Ok(())
    });
    finish(common.json, &answers, outcome)
}

/// Owns one object, invokes the operation and keeps the answer.
async fn operate(
    session: &Session,
    owner: &AdminOwner,
    owner_name: &str,
    request: &Request,
    object: &str,
    answers: &mut Vec<Answer>,
) -> Result<(), Failure> {
    // An implementer may be called by its own name, which need not be a DN of any object.
    if let Ok(dn) = Dn::new(object) {
        let names = [dn];
        let answer = session
            .patience
            .retry(async || owner.set(&names, Scope::One).await)
            .await;
        match answer {
            Err(error) if is_code(&error, AisError::NotExist) && owner_name == object => {}
            Err(error) => return Err(Failure::of_call("saImmOmAdminOwnerSet", &error)),
            Ok(()) => {}
        }
    }
    let reply = reply(session, owner, request, object).await;
    let reply = reply.map_err(|error| invocation_failed(&error))?;
    let failure = reply.result.err().map(|code| refused(code, &reply.parameters));
    answers.push(Answer {
        object: object.to_owned(),
        operation: request.operation,
        result: reply.result.err().map_or("SA_AIS_OK", AisError::name),
        code: reply.result.err().map_or(OK, AisError::code),
        parameters: reply.parameters.iter().map(JsonParameter::from).collect(),
        plain: reply.parameters,
    });
    failure.map_or(Ok(()), Err)
}

/// The first answer that is not TRY_AGAIN, whether the call or the implementer gives it.
async fn reply(
    session: &Session,
    owner: &AdminOwner,
    request: &Request,
    object: &str,
) -> Result<AdminOperationReply, ImmError> {
    let timeout_ms = request.timeout_s.saturating_mul(1000);
    loop {
        let invoke = async || {
            let call = owner.admin_operation(object, request.operation, &request.parameters, timeout_ms);
            call.await
        };
        let reply = session.patience.retry(invoke).await?;
        if reply.result != Err(AisError::TryAgain) || !session.patience.tries_again() {
            return Ok(reply);
        }
        session.patience.pause(explanations(&reply.parameters)).await;
    }
}

/// Releases an object that this command owns only for the operation.
async fn give_up(session: &Session, owner: &AdminOwner, object: &str) -> Result<(), Failure> {
    let Ok(dn) = Dn::new(object) else { return Ok(()) };
    let names = [dn];
    let released = session
        .patience
        .retry(async || owner.release(&names, Scope::One).await)
        .await;
    match released {
        // The operation may have deleted the object, and an implementer's name is no object.
        Err(error) if is_code(&error, AisError::NotExist) => Ok(()),
        Err(error) => Err(Failure::of_call("saImmOmAdminOwnerRelease", &error)),
        Ok(()) => Ok(()),
    }
}

/// The call did not reach the implementer, or its answer did not come back.
fn invocation_failed(error: &ImmError) -> Failure {
    let failure = Failure::of_call("saImmOmAdminOperationInvoke_2", error);
    match error {
        ImmError::Disconnected(_) | ImmError::TimedOut { .. } => {
            failure.and("the result of the operation is not known; look at the object before repeating it")
        }
        ImmError::NotRunning { .. } | ImmError::Refused { .. } => failure,
    }
}

/// The implementer refused.
fn refused(code: AisError, parameters: &[Parameter]) -> Failure {
    let line = format!("error - saImmOmAdminOperationInvoke_2 admin-op RETURNED: {code}");
    let mut failure = Failure::with_code(line, code);
    for text in explanations(parameters) {
        failure = failure.and(format!("error-string: {text}"));
    }
    failure
}

/// The texts with which an implementer explains an error.
fn explanations(parameters: &[Parameter]) -> Vec<String> {
    let errors = parameters.iter().filter(|p| p.name == OPERATION_ERROR);
    errors
        .filter_map(|p| p.value.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::usage::try_parse;

    fn read(args: &[&str]) -> Result<Request, String> {
        let args = std::iter::once("immadm").chain(args.iter().copied());
        request(&try_parse::<Line>(&HELP, args.map(OsString::from).collect())?)
    }

    #[test]
    fn parameters_keep_their_colons_and_signs() {
        let request = read(&[
            "-o",
            "1",
            "-p",
            "n:SA_INT32_T:-5",
            "-p",
            "t:SA_STRING_T:a:b:",
            "a=1",
        ])
        .unwrap();
        assert_eq!(request.parameters[0].value, Value::Int32(-5));
        assert_eq!(request.parameters[1].value, Value::String("a:b:".into()));
        assert_eq!(request.objects, ["a=1"]);
        for bad in [
            "n",
            "n:SA_INT32_T",
            "n:SA_INT32_T:",
            ":SA_INT32_T:1",
            "n:INT:1",
            "n:SA_INT32_T:x",
        ] {
            let complaint = read(&["-o", "1", "-p", bad, "a=1"]).unwrap_err();
            assert!(
                complaint.starts_with(&format!("Illegal parameter: {bad}")),
                "{complaint}"
            );
        }
    }

    #[test]
    fn the_operation_is_given_once() {
        let named = read(&["-O", "display", "a=1"]).unwrap();
        assert_eq!(named.operation, NAMED_OPERATION);
        assert_eq!(named.operation_name(), Some("display"));
        for args in [
            &["-o", "1", "-o", "2", "a=1"][..],
            &["-o", "1", "-O", "x", "a=1"],
            &["-O", "x", "-O", "y", "a=1"],
        ] {
            assert_eq!(
                read(args).unwrap_err(),
                "Cannot set admin operation more than once"
            );
        }
        assert!(read(&["a=1"]).unwrap_err().starts_with("error - must specify"));
        assert_eq!(
            read(&["-o", "x", "a=1"]).unwrap_err(),
            "error - illegal operation ID: x"
        );
        assert_eq!(
            read(&["-o", "1"]).unwrap_err(),
            "error - wrong number of arguments"
        );
        assert!(read(&["-o", "1", "-t", "0", "a=1"]).is_err());
    }

    #[test]
    fn returned_parameters_are_a_table() {
        let parameters = [Parameter {
            name: "count".to_owned(),
            value: Value::Int64(3),
        }];
        let rule = "=".repeat(72);
        assert_eq!(
            table("a=1", &parameters),
            format!(
                "Object: a=1\n\
                 Name                                               Type         Value(s)\n\
                 {rule}\n\
                 count                                              SA_INT64_T   3 (0x3)\n"
            )
        );
    }

    #[test]
    fn a_refusal_is_told_in_opensafs_lines() {
        let parameters = [Parameter {
            name: OPERATION_ERROR.to_owned(),
            value: Value::String("the SU is locked".to_owned()),
        }];
        assert_eq!(
            refused(AisError::BadOperation, &parameters).lines,
            [
                "error - saImmOmAdminOperationInvoke_2 admin-op RETURNED: SA_AIS_ERR_BAD_OPERATION (20)",
                "error-string: the SU is locked"
            ]
        );
    }

    #[test]
    fn json_names_the_result() {
        let answers = Answers {
            operations: vec![Answer {
                object: "a=1".to_owned(),
                operation: 2,
                result: "SA_AIS_OK",
                code: 1,
                parameters: Vec::new(),
                plain: Vec::new(),
            }],
            ..Answers::default()
        };
        assert_eq!(
            serde_json::to_string(&answers).unwrap(),
            r#"{"operations":[{"object":"a=1","operation":2,"result":"SA_AIS_OK","code":1,"parameters":[]}]}"#
        );
        assert_eq!(answers.text(), "");
    }
}
