//! Why `perdure` ends with something else than 0.

use std::fmt;
use std::path::Path;

use immd_client::ImmError;

/// What went wrong, for the person who called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The lines to print, the most important first.
    pub(super) lines: Vec<String>,
    /// Whether the reason is that no cluster answers.
    unreachable: bool,
}

impl Failure {
    /// A failure with this line.
    pub(super) fn new(line: impl Into<String>) -> Failure {
        Failure {
            lines: vec![line.into()],
            unreachable: false,
        }
    }

    /// "cannot WHAT: why".
    pub(super) fn failed(what: impl fmt::Display, error: &dyn std::error::Error) -> Failure {
        let mut text = format!("cannot {what}: {error}");
        let mut source = error.source();
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        Failure::new(text)
    }

    /// A failure with this line, because nothing answers.
    pub(super) fn unreachable(line: impl Into<String>) -> Failure {
        Failure {
            lines: vec![line.into()],
            unreachable: true,
        }
    }

    /// No cluster answers in the directory.
    pub(super) fn no_cluster(dir: &Path) -> Failure {
        let dir = dir.display();
        Failure {
            lines: vec![format!(
                "no cluster runs in {dir}; start one with: perdure up --dir {dir} MODEL.xml"
            )],
            unreachable: true,
        }
    }

    /// A call to the information model failed.
    pub(super) fn imm(what: impl fmt::Display, error: &ImmError) -> Failure {
        let mut failure = Failure::new(format!("cannot {what}: {error}"));
        if let ImmError::Refused { texts, .. } = error {
            failure.lines.extend(texts.iter().cloned());
        }
        failure
    }

    /// The same with another line.
    #[must_use]
    pub(super) fn and(mut self, line: impl Into<String>) -> Failure {
        self.lines.push(line.into());
        self
    }

    /// 1, or 3 where no cluster answers.
    pub(super) const fn exit_code(&self) -> u8 {
        if self.unreachable { 3 } else { 1 }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n  "))
    }
}
