//! When restarts are no longer enough (AMF B.04.01 §3.11.2.2 and §3.11.2.3).
//!
//! Level 0 restarts the component, level 1 the SU, level 2 fails the SU over, level 3 the node. A level lasts for its probation time, counted from its first restart; after it the count
//! begins anew at level 0. The level above the restarts lasts until the SU is repaired. Failovers of the node's SUs are
//! counted here too: level 3 makes them the node's.
//!
//! **How restarts and failovers are counted** is decided here and nowhere else. By the specification the one that
//! reaches the configured maximum within the probation time is the one that escalates, so one fewer than the
//! maximum is carried out; OpenSAF carries out the maximum and escalates the next one. [`Counting`] chooses; the
//! specification is the default. A maximum of 0 leaves the level out in both.

use ais::Millis;
use ais::amf::{EscalationCounting as Counting, EscalationLimits, FailoverLimits};

/// The level an SU is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Escalation {
    /// No restart is on probation.
    #[default]
    Calm,
    /// Level 0: so many component restarts, until then.
    CompRestarts { count: u32, until: Millis },
    /// Level 1: so many SU restarts, until then.
    SuRestarts { count: u32, until: Millis },
    /// Level 2 and above.
    Failover,
}

/// What is due for an error that asks for a component restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    CompRestart { count: u32, max: u32 },
    SuRestart { count: u32, max: u32 },
    Failover,
}

impl Escalation {
    /// Counts one error and says what is due for it.
    pub(crate) fn next(
        &mut self,
        limits: &EscalationLimits,
        counting: Counting,
        su_can_restart: bool,
        now: Millis,
    ) -> Due {
        match *self {
            Escalation::CompRestarts { until, .. } | Escalation::SuRestarts { until, .. } if until <= now => {
                *self = Escalation::Calm;
            }
            Escalation::Calm
            | Escalation::CompRestarts { .. }
            | Escalation::SuRestarts { .. }
            | Escalation::Failover => {}
        }
        let comp_until = now.after(limits.comp_restart_probation);
        let (next, due) = match *self {
            Escalation::Calm => comp_restart(1, comp_until, limits, counting),
            Escalation::CompRestarts { count, until } => {
                comp_restart(count.saturating_add(1), until, limits, counting)
            }
            Escalation::SuRestarts { count, until } => {
                let count = count.saturating_add(1);
                su_restart(count, until, limits, counting, su_can_restart)
            }
            Escalation::Failover => None,
        }
        .or_else(|| {
            let from_below = matches!(self, Escalation::Calm | Escalation::CompRestarts { .. });
            let until = now.after(limits.su_restart_probation);
            from_below
                .then(|| su_restart(1, until, limits, counting, su_can_restart))
                .flatten()
        })
        .unwrap_or((Escalation::Failover, Due::Failover));
        *self = next;
        due
    }
}

/// Level 3: the failovers of a node's SUs on probation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Failovers {
    /// None.
    #[default]
    Calm,
    /// So many, until then.
    Counted { count: u32, until: Millis },
}

impl Failovers {
    /// Counts a failover; gives back how many there were where the node must fail over, and begins anew then.
    ///
    /// `may_escalate` is false while there is no director: nothing fails over before one is there, so the first failover
    /// after that is the one that escalates.
    pub(crate) fn next(
        &mut self,
        limits: &FailoverLimits,
        counting: Counting,
        may_escalate: bool,
        now: Millis,
    ) -> Option<u32> {
        let (before, until) = match *self {
            Failovers::Counted { count, until } if now < until => (count, until),
            Failovers::Counted { .. } | Failovers::Calm => (0, now.after(limits.su_failover_probation)),
        };
        let count = before.saturating_add(1);
        if may_escalate && count > counting.allowed(limits.su_failover_max) {
            *self = Failovers::Calm;
            return Some(count);
        }
        *self = Failovers::Counted { count, until };
        None
    }
}

fn comp_restart(
    count: u32,
    until: Millis,
    limits: &EscalationLimits,
    counting: Counting,
) -> Option<(Escalation, Due)> {
    let max = limits.comp_restart_max;
    (count <= counting.allowed(max)).then_some((
        Escalation::CompRestarts { count, until },
        Due::CompRestart { count, max },
    ))
}

fn su_restart(
    count: u32,
    until: Millis,
    limits: &EscalationLimits,
    counting: Counting,
    possible: bool,
) -> Option<(Escalation, Due)> {
    let max = limits.su_restart_max;
    (possible && count <= counting.allowed(max)).then_some((
        Escalation::SuRestarts { count, until },
        Due::SuRestart { count, max },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: EscalationLimits = EscalationLimits {
        comp_restart_max: 3,
        comp_restart_probation: Millis(100),
        su_restart_max: 2,
        su_restart_probation: Millis(1000),
    };

    fn run(counting: Counting, limits: EscalationLimits, times: &[u64]) -> Vec<Due> {
        let mut level = Escalation::default();
        times
            .iter()
            .map(|&t| level.next(&limits, counting, true, Millis(t)))
            .collect()
    }

    fn comp(count: u32) -> Due {
        Due::CompRestart { count, max: 3 }
    }

    fn su(count: u32) -> Due {
        Due::SuRestart { count, max: 2 }
    }

    #[test]
    fn by_the_specification_the_restart_that_reaches_the_maximum_escalates() {
        let due = run(Counting::Specification, LIMITS, &[0, 1, 2, 3, 4]);
        assert_eq!(due, [comp(1), comp(2), su(1), Due::Failover, Due::Failover]);
    }

    #[test]
    fn opensaf_carries_out_the_maximum_first() {
        let due = run(Counting::OpenSaf, LIMITS, &[0, 1, 2, 3, 4, 5]);
        assert_eq!(due, [comp(1), comp(2), comp(3), su(1), su(2), Due::Failover]);
    }

    #[test]
    fn probation_counts_from_the_first_restart_of_a_level() {
        let due = run(Counting::Specification, LIMITS, &[0, 99, 100, 101, 102]);
        assert_eq!(due, [comp(1), comp(2), comp(1), comp(2), su(1)]);
        let due = run(Counting::Specification, LIMITS, &[0, 1, 2, 1002]);
        assert_eq!(due, [comp(1), comp(2), su(1), comp(1)]);
    }

    #[test]
    fn a_maximum_of_zero_leaves_the_level_out() {
        let no_comp = EscalationLimits {
            comp_restart_max: 0,
            ..LIMITS
        };
        assert_eq!(
            run(Counting::OpenSaf, no_comp, &[0, 1, 2]),
            [su(1), su(2), Due::Failover]
        );
        let none = EscalationLimits {
            su_restart_max: 0,
            ..no_comp
        };
        assert_eq!(run(Counting::OpenSaf, none, &[0]), [Due::Failover]);
    }

    #[test]
    fn an_su_that_cannot_restart_skips_its_level() {
        let mut level = Escalation::CompRestarts {
            count: 2,
            until: Millis(50),
        };
        let due = level.next(&LIMITS, Counting::Specification, false, Millis(1));
        assert_eq!(due, Due::Failover);
        assert_eq!(level, Escalation::Failover);
    }

    fn failovers(counting: Counting, max: u32, times: &[(u64, bool)]) -> Vec<Option<u32>> {
        let limits = FailoverLimits {
            su_failover_max: max,
            su_failover_probation: Millis(100),
        };
        let mut level = Failovers::default();
        times
            .iter()
            .map(|&(at, director)| level.next(&limits, counting, director, Millis(at)))
            .collect()
    }

    #[test]
    fn the_failover_that_reaches_the_maximum_or_the_one_after_it_is_the_nodes() {
        let at_once: Vec<(u64, bool)> = (0..8).map(|at| (at, true)).collect();
        let spec = failovers(Counting::Specification, 3, &at_once);
        assert_eq!(spec, [None, None, Some(3), None, None, Some(3), None, None]);
        let opensaf = failovers(Counting::OpenSaf, 3, &at_once);
        assert_eq!(opensaf, [None, None, None, Some(4), None, None, None, Some(4)]);
        for counting in [Counting::Specification, Counting::OpenSaf] {
            assert_eq!(failovers(counting, 0, &at_once[..2]), [Some(1), Some(1)]);
        }
    }

    #[test]
    fn failovers_count_within_the_probation_of_the_first_only() {
        let times = [(0, true), (99, true), (100, true), (150, true), (200, true)];
        assert_eq!(
            failovers(Counting::Specification, 3, &times),
            [None, None, None, None, None]
        );
    }

    #[test]
    fn without_a_director_failovers_are_counted_and_the_next_one_with_a_director_escalates() {
        let times = [(0, false), (1, false), (2, false), (3, true)];
        assert_eq!(
            failovers(Counting::Specification, 2, &times),
            [None, None, None, Some(4)]
        );
    }
}
