//! The id of a story: what happened, and all that it led to.

use std::fmt;
use std::str::FromStr;

use super::Term;

/// Names what happened first: a fault, a lost node, an operator's wish. All orders, log lines and reasons that follow from
/// it carry it, on every node. Written `TERM.NUMBER`: no two directors give the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseId(pub u64);

/// How many bits the number has.
const NUMBER_BITS: u32 = 40;

impl CauseId {
    /// The id with this number in the term.
    pub const fn new(term: Term, number: u64) -> CauseId {
        CauseId((term.0 << NUMBER_BITS) | (number & ((1 << NUMBER_BITS) - 1)))
    }

    /// Whether it names nothing.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (term, number) = (self.0 >> NUMBER_BITS, self.0 & ((1 << NUMBER_BITS) - 1));
        write!(f, "{term}.{number}")
    }
}

/// `TERM.NUMBER` is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseIdError;

impl fmt::Display for CauseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cause is TERM.NUMBER, as the logs have it")
    }
}

impl std::error::Error for CauseIdError {}

impl FromStr for CauseId {
    type Err = CauseIdError;

    fn from_str(text: &str) -> Result<CauseId, CauseIdError> {
        let (term, number) = text.split_once('.').ok_or(CauseIdError)?;
        let number: u64 = number.parse().map_err(|_| CauseIdError)?;
        let term: u64 = term.parse().map_err(|_| CauseIdError)?;
        let cause = CauseId::new(Term(term), number);
        if cause.to_string() == text {
            Ok(cause)
        } else {
            Err(CauseIdError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_read_as_it_is_written() {
        let cause = CauseId::new(Term(7), 12);
        assert_eq!(cause.to_string(), "7.12");
        assert_eq!("7.12".parse(), Ok(cause));
        for wrong in ["", "7", "7.", ".1", "7.x", "7.01", "99999999999999999999.1"] {
            assert_eq!(wrong.parse::<CauseId>(), Err(CauseIdError), "{wrong}");
        }
    }
}
