//! The connection of a command to the director.

use std::path::Path;
use std::time::Duration;

use ais::AisError;
use amfd_director::client::{Director, ExplainError};

use super::connect::cluster_dir;
use super::output::Failure;
use super::usage::Common;

/// How long an answer may take.
pub(super) const ANSWER_MAX: Duration = Duration::from_mins(1);

/// Runs `body` on a connection to the director.
///
/// # Errors
/// `body`'s failure; that no cluster runs, or that its director does not answer.
pub(super) fn with_director<T>(
    common: &Common,
    body: impl AsyncFnOnce(Director) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let dir = cluster_dir(common.dir.as_deref());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("error - could not start: {error}")))?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let director = Director::connect(&dir)
            .await
            .map_err(|error| failure(&dir, &error))?;
        body(director).await
    })
}

/// The answer, unless it takes too long.
///
/// # Errors
/// The call's failure, named by the function that C programs know.
pub(super) async fn answered<T>(
    function: &str,
    call: impl Future<Output = Result<T, ExplainError>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(ANSWER_MAX, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(ExplainError::Refused { error, texts })) => {
            let mut failure = Failure::with_code(format!("error - {function} FAILED: {error}"), error);
            let texts = texts.iter().map(|text| format!("error-string: {text}"));
            failure.lines.extend(texts);
            Err(failure)
        }
        Ok(Err(error)) => Err(Failure::new(format!("error - {function} FAILED: {error}"))),
        Err(_) => Err(Failure::with_code(
            format!("error - {function} FAILED: {}", AisError::Timeout),
            AisError::Timeout,
        )),
    }
}

fn failure(dir: &Path, error: &ExplainError) -> Failure {
    let dir = dir.display();
    match error {
        ExplainError::NotRunning { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Failure::new(format!("the cluster in {dir} belongs to another user"))
        }
        ExplainError::NotRunning { .. } => Failure::new(format!(
            "no cluster runs in {dir}; start one with: perdure up --dir {dir} MODEL.xml"
        )),
        ExplainError::Refused { .. } | ExplainError::Broken(_) => Failure::new(format!("error - {error}")),
    }
}
