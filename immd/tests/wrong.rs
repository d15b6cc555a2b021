//! Every function meets every wrong argument: what the error tables of the object management and the object
//! implementer functions say, a row for each, over the socket of a real daemon. Rows are made from lists of wrong names,
//! types, flags and values. Nothing of what is refused may leave a trace.
//!
//! What a program can only get wrong on its own side (null pointers, handles of another kind) does not reach the wire.

#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::too_many_lines, reason = "a table is read best in one piece")]

#[path = "wrong/classes.rs"]
mod classes;
mod common;
#[path = "wrong/creations.rs"]
mod creations;
#[path = "wrong/implementers.rs"]
mod implementers;
#[path = "wrong/modifications.rs"]
mod modifications;
#[path = "wrong/owners.rs"]
mod owners;
#[path = "wrong/reads.rs"]
mod reads;
#[path = "wrong/stage.rs"]
mod stage;
#[path = "wrong/texts.rs"]
mod texts;

use std::fmt::{Debug, Display};

use ais::AisError;
use immd_client::ImmError;

/// The rows that were tried.
#[derive(Default)]
struct Table {
    rows: usize,
    wrong: Vec<String>,
}

impl Table {
    /// A row: the function, its wrong argument, the code that it must be answered with, and how it was.
    fn row<T: Debug>(
        &mut self,
        function: &str,
        what: impl Display,
        wanted: AisError,
        answer: Result<T, ImmError>,
    ) {
        self.rows += 1;
        let fault = match answer {
            Err(ImmError::Refused { error, .. }) if error != wanted => format!("{error}"),
            Err(ImmError::Refused { error, texts }) => {
                if error == AisError::BadHandle || texts.iter().any(|text| text.len() > 10) {
                    return;
                }
                "refused without a word".to_owned()
            }
            other => format!("{other:?}"),
        };
        self.wrong
            .push(format!("{function}: {what}: wanted {wanted}, was {fault}"));
    }

    /// Fails where a row was wrong, or where there are fewer of them than there must be.
    fn end(self, at_least: usize) {
        assert!(
            self.wrong.is_empty(),
            "{} of {} rows:\n{}",
            self.wrong.len(),
            self.rows,
            self.wrong.join("\n")
        );
        assert!(self.rows >= at_least, "only {} rows", self.rows);
    }
}
