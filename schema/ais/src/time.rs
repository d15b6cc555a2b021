//! Two kinds of time: the engines' monotonic milliseconds and the model's nanoseconds.

use std::fmt;

/// Milliseconds on a monotonic clock, or a span of them. Engines get it as a parameter and read no clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// The instant `span` after this one; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn after(self, span: Millis) -> Millis {
        Millis(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to this instant; zero where `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Millis) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A `SaTimeT`: nanoseconds since the epoch, or a span of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaTime(pub i64);

impl SaTime {
    /// `SA_TIME_MAX`, which also means "no limit".
    pub const MAX: SaTime = SaTime(i64::MAX);

    /// The span in milliseconds, rounded up so that a short timeout never becomes none; negative spans are zero.
    pub const fn to_millis(self) -> Millis {
        if self.0 <= 0 {
            Millis(0)
        } else {
            Millis(self.0.cast_unsigned().div_ceil(1_000_000))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_round_up_and_never_wrap() {
        assert_eq!(SaTime(1).to_millis(), Millis(1));
        assert_eq!(SaTime(10_000_000_000).to_millis(), Millis(10_000));
        assert_eq!(SaTime(-5).to_millis(), Millis(0));
        assert_eq!(Millis(u64::MAX).after(Millis(1)), Millis(u64::MAX));
    }
}
