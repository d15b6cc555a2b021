//! Why a message is no message.

use ais::DnError;

/// The longest text or byte string that is written.
pub(crate) const TEXT_MAX: usize = 1 << 28;
/// The longest list that is written; with the widest struct it stays below Cap'n Proto's limit for a list.
pub(crate) const LIST_MAX: usize = 1 << 24;

/// What is wrong with a message: one that was read and cannot be understood, or one too long to be written.
///
/// `field` is the field's name in the `.capnp` file.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The bytes are no message of the schema.
    #[error("the message is malformed: {0}")]
    Capnp(#[from] capnp::Error),
    /// A text has bytes that are not UTF-8.
    #[error("the field '{0}' is not UTF-8")]
    NotUtf8(&'static str),
    /// A name is no DN.
    #[error("the field '{field}' is not a DN: {source}")]
    BadDn {
        /// The field.
        field: &'static str,
        /// The rule that it breaks.
        source: DnError,
    },
    /// A number stands for nothing, or a union has a member that this version does not know.
    #[error("the field '{field}' has the value {number}, which has no meaning")]
    BadEnum {
        /// The field, or the struct whose union it is.
        field: &'static str,
        /// What was sent.
        number: u64,
    },
    /// A text or list is too long to be sent.
    #[error("the field '{field}' has the length {length}, more than a message can hold")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its length.
        length: usize,
    },
}

impl WireError {
    /// A union whose member is unknown.
    pub(crate) fn union(field: &'static str, error: capnp::NotInSchema) -> WireError {
        WireError::BadEnum {
            field,
            number: u64::from(error.0),
        }
    }

    /// A number without meaning.
    pub(crate) fn number(field: &'static str, number: impl Into<u64>) -> WireError {
        WireError::BadEnum {
            field,
            number: number.into(),
        }
    }
}

/// A peer's nonsense is answered with `SA_AIS_ERR_INVALID_PARAM`, a name over the limit with
/// `SA_AIS_ERR_NAME_TOO_LONG`.
impl From<WireError> for ais::Refusal {
    fn from(error: WireError) -> ais::Refusal {
        let code = match &error {
            WireError::BadDn {
                source: DnError::TooLong(_),
                ..
            } => ais::AisError::NameTooLong,
            _ => ais::AisError::InvalidParam,
        };
        ais::Refusal::new(code, error.to_string())
    }
}

/// The length of a list, where a message can hold so many elements.
///
/// # Errors
/// [`WireError::TooLong`].
pub fn list_len(length: usize, field: &'static str) -> Result<u32, WireError> {
    match u32::try_from(length) {
        Ok(fits) if length <= LIST_MAX => Ok(fits),
        _ => Err(WireError::TooLong { field, length }),
    }
}
