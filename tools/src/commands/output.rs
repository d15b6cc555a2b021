//! What a command leaves behind: text or one JSON document on stdout, complaints on stderr, and an exit code.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use ais::AisError;
use immd_client::ImmError;
use serde::Serialize;

/// What a command found or did. Text and JSON are made from the same value.
pub(super) trait Report: Serialize {
    /// The text for stdout; empty where silence means success.
    fn text(&self) -> String;
}

/// Why a command did not do all that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The lines for stderr, the most important first.
    pub(super) lines: Vec<String>,
    /// The code, where the cluster gave one.
    pub(super) error: Option<AisError>,
}

impl Failure {
    /// A failure that one line explains.
    pub(super) fn new(line: impl Into<String>) -> Failure {
        Failure {
            lines: vec![line.into()],
            error: None,
        }
    }

    /// A failure with a code.
    pub(super) fn with_code(line: impl Into<String>, error: AisError) -> Failure {
        Failure {
            lines: vec![line.into()],
            error: Some(error),
        }
    }

    /// The failure of the call that C programs know as `function`, with the daemon's explanations.
    pub(super) fn of_call(function: &str, error: &ImmError) -> Failure {
        Failure::explained(format!("error - {function} FAILED: {error}"), error)
    }

    /// A failure with its line, its code and the daemon's explanations.
    pub(super) fn explained(line: impl Into<String>, error: &ImmError) -> Failure {
        let texts = texts_of(error).iter().map(|text| format!("error-string: {text}"));
        Failure {
            lines: std::iter::once(line.into()).chain(texts).collect(),
            error: code_of(error),
        }
    }

    /// The same failure with one more line.
    #[must_use]
    pub(super) fn and(mut self, line: impl Into<String>) -> Failure {
        self.lines.push(line.into());
        self
    }
}

/// The code in an error; `None` where the daemon could not be asked.
pub(super) fn code_of(error: &ImmError) -> Option<AisError> {
    match error {
        ImmError::Refused { error, .. } => Some(*error),
        ImmError::TimedOut { .. } => Some(AisError::Timeout),
        ImmError::NotRunning { .. } | ImmError::Disconnected(_) => None,
    }
}

/// The daemon's explanations of an error.
pub(super) fn texts_of(error: &ImmError) -> &[String] {
    match error {
        ImmError::Refused { texts, .. } => texts,
        ImmError::NotRunning { .. } | ImmError::TimedOut { .. } | ImmError::Disconnected(_) => &[],
    }
}

/// Whether the daemon answered with this code.
pub(super) fn is_code(error: &ImmError, code: AisError) -> bool {
    code_of(error) == Some(code)
}

/// The one JSON document of a command.
#[derive(Serialize)]
struct Document<'a, R> {
    ok: bool,
    #[serde(flatten)]
    report: &'a R,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JsonError<'a>>,
}

#[derive(Serialize)]
struct JsonError<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    messages: &'a [String],
}

/// The JSON document for a report and the failure that ended it, with a newline.
pub(super) fn document<R: Report>(report: &R, failure: Option<&Failure>) -> String {
    let document = Document {
        ok: failure.is_none(),
        report,
        error: failure.map(|failure| JsonError {
            code: failure.error.map(AisError::code),
            name: failure.error.map(AisError::name),
            messages: &failure.lines,
        }),
    };
    match serde_json::to_string_pretty(&document) {
        Ok(text) => text + "\n",
        Err(error) => format!("{{\"ok\": false, \"error\": {{\"messages\": [\"{error}\"]}}}}\n"),
    }
}

/// Prints what was found before a failure, then the failure, and gives the exit code.
pub(super) fn finish<R: Report>(json: bool, report: &R, outcome: Result<(), Failure>) -> ExitCode {
    let failure = outcome.err();
    let printed = if json {
        print(&document(report, failure.as_ref()))
    } else {
        print(&report.text())
    };
    if let Some(failure) = &failure {
        complain(&failure.lines);
    }
    match (failure, printed) {
        (None, Ok(())) => ExitCode::SUCCESS,
        (Some(_), Ok(())) => ExitCode::FAILURE,
        (_, Err(code)) => code,
    }
}

/// Writes to stdout. A reader that went away ends the command in silence; anything else is said.
///
/// # Errors
/// The exit code to end with.
pub(super) fn print(text: &str) -> Result<(), ExitCode> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| {
        if error.kind() != ErrorKind::BrokenPipe {
            complain(&[format!("error - could not write the output: {error}")]);
        }
        ExitCode::FAILURE
    })
}

/// Writes lines to stderr. Where even that fails there is nobody left to tell.
pub(super) fn complain<S: AsRef<str>>(lines: &[S]) {
    let mut stderr = std::io::stderr().lock();
    for line in lines {
        if writeln!(stderr, "{}", line.as_ref()).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Names {
        names: Vec<&'static str>,
    }

    impl Report for Names {
        fn text(&self) -> String {
            self.names.join("\n")
        }
    }

    #[test]
    fn a_document_says_how_it_ended() {
        let report = Names { names: vec!["a=1"] };
        assert_eq!(
            document(&report, None),
            "{\n  \"ok\": true,\n  \"names\": [\n    \"a=1\"\n  ]\n}\n"
        );
        let refused = ImmError::Refused {
            error: AisError::NotExist,
            texts: vec!["the object 'b=2' does not exist".to_owned()],
        };
        let failure = Failure::of_call("saImmOmAccessorGet_2", &refused);
        assert_eq!(
            failure.lines,
            [
                "error - saImmOmAccessorGet_2 FAILED: SA_AIS_ERR_NOT_EXIST (12)",
                "error-string: the object 'b=2' does not exist"
            ]
        );
        let text = document(&report, Some(&failure));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["ok"], false);
        assert_eq!(value["names"][0], "a=1");
        assert_eq!(value["error"]["code"], 12);
        assert_eq!(value["error"]["name"], "SA_AIS_ERR_NOT_EXIST");
        assert_eq!(value["error"]["messages"][1], failure.lines[1].as_str());
    }
}
