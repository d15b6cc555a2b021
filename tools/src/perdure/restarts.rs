//! How often a daemon may die before it is left alone.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Deaths longer ago than this are forgiven.
const WINDOW: Duration = Duration::from_mins(1);
/// The most deaths within the window.
const DEATHS_MOST: usize = 20;
/// So many deaths within the window are answered at once.
const AT_ONCE: usize = 5;
/// The pause after the next one; doubled with each further one.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const PAUSE_MOST: Duration = Duration::from_secs(2);

/// What to do about a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Start the daemon again after this pause.
    RestartAfter(Duration),
    /// Leave it.
    GiveUp,
}

/// The recent deaths of a daemon.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    deaths: VecDeque<Instant>,
}

impl Restarts {
    /// Notes a death and says what to do about it.
    pub(super) fn died(&mut self, now: Instant) -> Decision {
        while self
            .deaths
            .front()
            .is_some_and(|death| now.duration_since(*death) > WINDOW)
        {
            self.deaths.pop_front();
        }
        self.deaths.push_back(now);
        let count = self.deaths.len();
        if count > DEATHS_MOST {
            return Decision::GiveUp;
        }
        let Some(doublings) = count.checked_sub(AT_ONCE + 1) else {
            return Decision::RestartAfter(Duration::ZERO);
        };
        let factor = 1 << doublings.min(10);
        Decision::RestartAfter(PAUSE_MOST.min(PAUSE_FIRST * factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_in_giving_up_and_quiet_times_forgive() {
        let begin = Instant::now();
        let mut restarts = Restarts::default();
        let decisions: Vec<Decision> = (0..21).map(|_| restarts.died(begin)).collect();
        assert_eq!(decisions[4], Decision::RestartAfter(Duration::ZERO));
        assert_eq!(decisions[5], Decision::RestartAfter(Duration::from_millis(100)));
        assert_eq!(decisions[7], Decision::RestartAfter(Duration::from_millis(400)));
        assert_eq!(decisions[19], Decision::RestartAfter(PAUSE_MOST));
        assert_eq!(decisions[20], Decision::GiveUp);
        assert_eq!(
            restarts.died(begin + WINDOW * 2),
            Decision::RestartAfter(Duration::ZERO)
        );
    }
}
