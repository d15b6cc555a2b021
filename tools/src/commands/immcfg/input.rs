//! Where the lines of the explicit mode come from, and the words of a line.

use std::io::{BufRead as _, IsTerminal as _, StdinLock, Write as _};

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

/// The longest command, in bytes.
const LINE_MAX: usize = 1 << 20;

/// What a terminal shows before a line, and before the rest of one.
const PROMPT: &str = "> ";

/// A terminal with its history, or a pipe or file.
pub(super) enum Input {
    Terminal(Box<DefaultEditor>),
    Stream(StdinLock<'static>),
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// A command, with the lines that continue it.
    Line(String),
    /// The input is at its end.
    End,
    /// Ctrl-C.
    Interrupted,
    Failed(String),
}

impl Input {
    /// The standard input.
    ///
    /// # Errors
    /// That the terminal cannot be used.
    pub(super) fn open() -> Result<Input, ReadlineError> {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            return Ok(Input::Terminal(Box::new(DefaultEditor::new()?)));
        }
        Ok(Input::Stream(stdin.lock()))
    }

    pub(super) const fn is_terminal(&self) -> bool {
        matches!(self, Input::Terminal(_))
    }

    /// The next command; a line that ends in a backslash goes on in the next one.
    pub(super) fn read(&mut self) -> Read {
        let mut command = String::new();
        loop {
            match self.line() {
                Read::Line(line) => {
                    if command.len() + line.len() > LINE_MAX {
                        return Read::Failed(format!("a command has more than {LINE_MAX} bytes"));
                    }
                    let Some(part) = line.strip_suffix('\\') else {
                        command.push_str(&line);
                        self.remember(&command);
                        return Read::Line(command);
                    };
                    command.push_str(part);
                }
                Read::End if !command.is_empty() => return Read::Line(command),
                other => return other,
            }
        }
    }

    fn line(&mut self) -> Read {
        match self {
            Input::Terminal(editor) => match editor.readline(PROMPT) {
                Ok(line) => Read::Line(line),
                Err(ReadlineError::Eof) => Read::End,
                Err(ReadlineError::Interrupted) => Read::Interrupted,
                Err(error) => Read::Failed(error.to_string()),
            },
            Input::Stream(stream) => stream_line(stream),
        }
    }

    fn remember(&mut self, command: &str) {
        if let Input::Terminal(editor) = self
            && let Err(error) = editor.add_history_entry(command)
        {
            // The command itself goes on without its place in the history.
            let _unwritable = writeln!(std::io::stderr(), "warning - history: {error}");
        }
    }
}

fn stream_line(stream: &mut StdinLock<'static>) -> Read {
    let mut bytes = Vec::new();
    let limit = u64::try_from(LINE_MAX).unwrap_or(u64::MAX) + 1;
    match std::io::Read::take(stream, limit).read_until(b'\n', &mut bytes) {
        Ok(0) => return Read::End,
        Ok(_) => {}
        Err(error) => return Read::Failed(error.to_string()),
    }
    if bytes.len() > LINE_MAX {
        return Read::Failed(format!("a line has more than {LINE_MAX} bytes"));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    String::from_utf8(bytes).map_or_else(|_| Read::Failed("a line is not UTF-8".to_owned()), Read::Line)
}

/// The words of a line, as a shell splits and unquotes them.
///
/// DEVIATION(CLI-004): variables, file names and commands are not expanded.
///
/// # Errors
/// An unquoted character that means more to a shell, or a quotation without an end.
pub(super) fn words(line: &str) -> Result<Vec<String>, String> {
    if let Some(special) = special(line) {
        return Err(format!(
            "error - '{special}' has no meaning here; put it between single quotes"
        ));
    }
    shell_words::split(line).map_err(|error| format!("error - {error}"))
}

/// The first character that a shell would not take as a part of a word.
fn special(line: &str) -> Option<char> {
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None | Some('"'), '\\') => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None, '|' | '&' | ';' | '<' | '>' | '(' | ')' | '{' | '}' | '$' | '`')
            | (Some('"'), '$' | '`') => return Some(c),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_and_unquoted_as_a_shell_does() {
        let table: [(&str, &[&str]); 5] = [
            ("", &[]),
            ("immcfg -a x=1  a=1", &["immcfg", "-a", "x=1", "a=1"]),
            ("immcfg -a 'x=a b' a=1", &["immcfg", "-a", "x=a b", "a=1"]),
            (r#"immcfg -a "x=\"q\"" a=1"#, &["immcfg", "-a", "x=\"q\"", "a=1"]),
            ("immcfg -d 'a=$(1);2'", &["immcfg", "-d", "a=$(1);2"]),
        ];
        for (line, expected) in table {
            assert_eq!(words(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn what_a_shell_would_act_upon_is_refused() {
        for line in [
            "a | b",
            "a; b",
            "a > b",
            "(a)",
            "{a}",
            "a & b",
            "$HOME",
            "\"$HOME\"",
            "`ls`",
        ] {
            assert!(words(line).unwrap_err().contains("single quotes"), "{line}");
        }
        assert!(words("immcfg 'a").unwrap_err().starts_with("error - "));
    }
}
