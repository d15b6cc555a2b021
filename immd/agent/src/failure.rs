//! Why a call failed: the code for the program, and the texts of the service.

use ais::AisError;
use immd_client::ImmError;

/// A failure as it goes back to the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: AisError,
    pub(crate) texts: Vec<String>,
}

impl From<AisError> for Failure {
    fn from(error: AisError) -> Failure {
        Failure {
            error,
            texts: Vec::new(),
        }
    }
}

impl From<Failure> for AisError {
    fn from(failure: Failure) -> AisError {
        failure.error
    }
}

impl From<ImmError> for Failure {
    fn from(error: ImmError) -> Failure {
        match error {
            // A message that the service or the client cannot read is a defect of one of them.
            ImmError::Refused {
                error: AisError::MessageError,
                texts,
            } => Failure {
                error: AisError::Library,
                texts,
            },
            ImmError::Refused { error, texts } => Failure { error, texts },
            ImmError::NotRunning { .. } => AisError::TryAgain.into(),
            ImmError::TimedOut { .. } => AisError::Timeout.into(),
            ImmError::Disconnected(_) => AisError::BadHandle.into(),
        }
    }
}
