//! The rim of the library: nothing unwinds into the program.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ais::AisError;

use crate::{SA_AIS_OK, SaAisErrorT};

/// The code for what `body` gives; a panic is `SA_AIS_ERR_LIBRARY`.
///
/// What a panic left half done stays behind the locks of the table that it was in: the next call on that handle sees
/// the state as it was when the lock was given up.
pub fn answer(body: impl FnOnce() -> Result<(), AisError>) -> SaAisErrorT {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => SA_AIS_OK,
        Ok(Err(error)) => error.code(),
        Err(payload) => {
            // Dropping what was thrown could panic again.
            std::mem::forget(payload);
            AisError::Library.code()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_and_panics_become_codes() {
        assert_eq!(answer(|| Ok(())), 1);
        assert_eq!(answer(|| Err(AisError::NotExist)), 12);
        assert_eq!(answer(|| panic!("a test of the boundary")), 2);
    }
}
