//! The operation that writes down all that the director knows and intends, for whoever looks into a director that does
//! something unexpected: number 99 on the implementer itself, as in OpenSAF.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ais::{AisError, Parameter, Refusal, Value};

/// The operation's number (OpenSAF practice).
pub(crate) const OPERATION: u64 = 99;
/// The parameter that names the file, and the one of the answer that says which it is.
const FILENAME: &str = "filename";

/// The file that is wanted; one of the process's own in `/tmp` where none is named (OpenSAF practice).
///
/// # Errors
/// INVALID_PARAM for parameters other than a path from the root.
pub(crate) fn path(parameters: &[Parameter], number: u64) -> Result<PathBuf, Refusal> {
    match parameters {
        [] => Ok(PathBuf::from(format!(
            "/tmp/amfd.state.{}.{number}",
            std::process::id()
        ))),
        [
            Parameter {
                name,
                value: Value::String(path),
            },
        ] if name == FILENAME && Path::new(path).is_absolute() => Ok(PathBuf::from(path)),
        _ => {
            let text = format!(
                "the operation takes one parameter at most, '{FILENAME}' of type SA_STRING_T, a path from the root"
            );
            Err(Refusal::new(AisError::InvalidParam, text))
        }
    }
}

/// Writes the text into a new file that its owner alone can read, and gives back the answer's parameters.
///
/// # Errors
/// INVALID_PARAM where the file exists or cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<Vec<Parameter>, Refusal> {
    let mut options = OpenOptions::new();
    // What is there is never written over, and no link is followed.
    options.write(true).create_new(true).mode(0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()));
    written.map_err(|error| {
        let text = format!("{}: {error}; name a file that does not exist", path.display());
        Refusal::new(AisError::InvalidParam, text)
    })?;
    Ok(vec![Parameter {
        name: FILENAME.to_owned(),
        value: Value::String(path.display().to_string()),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_written_into_a_new_file_only() {
        let dir = tempfile::tempdir().unwrap();
        let name = dir.path().join("state").display().to_string();
        let named = |name: &str| {
            vec![Parameter {
                name: FILENAME.to_owned(),
                value: Value::String(name.to_owned()),
            }]
        };
        let path_of = |parameters: &[Parameter]| path(parameters, 1);
        let file = path_of(&named(&name)).unwrap();
        assert_eq!(write(&file, "all").unwrap(), named(&name));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "all\n");
        let refused = write(&file, "more").unwrap_err();
        assert!(refused.text.contains(&name), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "all\n");
        assert!(path_of(&named("state")).is_err(), "a path from where?");
        assert!(path_of(&[]).unwrap().starts_with("/tmp"));
    }
}
