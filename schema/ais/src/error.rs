//! The AIS error codes and the refusal that carries one to the person who asked.

use std::fmt;

macro_rules! ais_errors {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal;)*) => {
        /// An AIS error code other than `SA_AIS_OK` (SAI-AIS-A.01.01, `SaAisErrorT`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum AisError { $($(#[$doc])* $variant = $code,)* }

        impl AisError {
            /// Every error, in the order of its code.
            pub const ALL: &'static [AisError] = &[$(AisError::$variant,)*];

            /// The error's name as the C headers spell it, for example `SA_AIS_ERR_NOT_EXIST`.
            pub const fn name(self) -> &'static str {
                match self { $(AisError::$variant => $name,)* }
            }

            /// The error with this code; `None` for `SA_AIS_OK` (1) and for codes that do not exist.
            pub const fn from_code(code: u32) -> Option<AisError> {
                match code { $($code => Some(AisError::$variant),)* _ => None }
            }
        }
    };
}

ais_errors! {
    /// An unexpected failure inside the library.
    Library = 2, "SA_AIS_ERR_LIBRARY";
    /// The version is not supported.
    Version = 3, "SA_AIS_ERR_VERSION";
    /// A callback that the call needs was not given at initialisation.
    Init = 4, "SA_AIS_ERR_INIT";
    /// No answer in time; the outcome is unknown.
    Timeout = 5, "SA_AIS_ERR_TIMEOUT";
    /// The service cannot do it now; the caller may ask again.
    TryAgain = 6, "SA_AIS_ERR_TRY_AGAIN";
    /// A parameter is wrong.
    InvalidParam = 7, "SA_AIS_ERR_INVALID_PARAM";
    /// Out of memory.
    NoMemory = 8, "SA_AIS_ERR_NO_MEMORY";
    /// The handle is not, or no longer, valid.
    BadHandle = 9, "SA_AIS_ERR_BAD_HANDLE";
    /// The resource is in use.
    Busy = 10, "SA_AIS_ERR_BUSY";
    /// Access is denied by the service.
    Access = 11, "SA_AIS_ERR_ACCESS";
    /// The entity does not exist.
    NotExist = 12, "SA_AIS_ERR_NOT_EXIST";
    /// A name exceeds its maximum length.
    NameTooLong = 13, "SA_AIS_ERR_NAME_TOO_LONG";
    /// The entity exists already.
    Exist = 14, "SA_AIS_ERR_EXIST";
    /// The buffer is too small.
    NoSpace = 15, "SA_AIS_ERR_NO_SPACE";
    /// The request was interrupted by another one.
    Interrupt = 16, "SA_AIS_ERR_INTERRUPT";
    /// The name was not found.
    NameNotFound = 17, "SA_AIS_ERR_NAME_NOT_FOUND";
    /// A resource limit is reached.
    NoResources = 18, "SA_AIS_ERR_NO_RESOURCES";
    /// The request is not supported.
    NotSupported = 19, "SA_AIS_ERR_NOT_SUPPORTED";
    /// The operation is not allowed in the present state.
    BadOperation = 20, "SA_AIS_ERR_BAD_OPERATION";
    /// The operation failed.
    FailedOperation = 21, "SA_AIS_ERR_FAILED_OPERATION";
    /// A communication error.
    MessageError = 22, "SA_AIS_ERR_MESSAGE_ERROR";
    /// The destination queue is full.
    QueueFull = 23, "SA_AIS_ERR_QUEUE_FULL";
    /// The destination queue is not available.
    QueueNotAvailable = 24, "SA_AIS_ERR_QUEUE_NOT_AVAILABLE";
    /// The flags are invalid.
    BadFlags = 25, "SA_AIS_ERR_BAD_FLAGS";
    /// A value is larger than allowed.
    TooBig = 26, "SA_AIS_ERR_TOO_BIG";
    /// There are no sections left.
    NoSections = 27, "SA_AIS_ERR_NO_SECTIONS";
    /// The operation has no effect.
    NoOp = 28, "SA_AIS_ERR_NO_OP";
    /// Carried out, but some components need repair.
    RepairPending = 29, "SA_AIS_ERR_REPAIR_PENDING";
    /// There are no bindings left.
    NoBindings = 30, "SA_AIS_ERR_NO_BINDINGS";
    /// The node is not a member of the cluster.
    Unavailable = 31, "SA_AIS_ERR_UNAVAILABLE";
    /// The caller has no permission.
    AccessDenied = 38, "SA_AIS_ERR_ACCESS_DENIED";
    /// The callee is not ready.
    NotReady = 39, "SA_AIS_ERR_NOT_READY";
    /// A deployment error.
    Deployment = 40, "SA_AIS_ERR_DEPLOYMENT";
}

impl AisError {
    /// The numeric value of the code, as the C interfaces return it.
    pub const fn code(self) -> u32 {
        self as u32
    }
}

impl fmt::Display for AisError {
    /// Writes the form that OpenSAF's commands print: `SA_AIS_ERR_NOT_EXIST (12)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())
    }
}

impl std::error::Error for AisError {}

/// A request that was refused: the code for programs and the sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code that the caller's program sees.
    pub error: AisError,
    /// Names the object, the attribute and the rule; may be empty where the code says all.
    pub text: String,
}

impl Refusal {
    /// A refusal with its explanation.
    pub fn new(error: AisError, text: impl Into<String>) -> Refusal {
        Refusal {
            error,
            text: text.into(),
        }
    }
}

impl From<AisError> for Refusal {
    fn from(error: AisError) -> Refusal {
        Refusal {
            error,
            text: String::new(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() {
            write!(f, "{}", self.error)
        } else {
            write!(f, "{}: {}", self.error, self.text)
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_print_as_opensaf_does() {
        for &error in AisError::ALL {
            assert_eq!(AisError::from_code(error.code()), Some(error));
        }
        assert_eq!(AisError::from_code(1), None);
        assert_eq!(AisError::NotExist.to_string(), "SA_AIS_ERR_NOT_EXIST (12)");
    }
}
