//! How long things may take.

use std::ffi::OsString;
use std::time::Duration;

/// How long a call may take where the environment says nothing.
const CALL: Duration = Duration::from_secs(10);
/// What `IMMA_SYNCR_TIMEOUT` counts.
const CALL_UNIT: u32 = 10;
/// A smaller number in `IMMA_SYNCR_TIMEOUT` means the usual limit (OpenSAF practice).
const CALL_LEAST: u32 = 10;

/// The limits of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a call may take. Administrative operations have their own limit, to which this one is added.
    pub call: Duration,
    /// How long this process's implementers may take to answer; `None` is the daemon's limit.
    pub callback: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            call: CALL,
            callback: None,
        }
    }
}

impl Limits {
    /// The limits that the environment gives: `IMMA_SYNCR_TIMEOUT` in units of 10 ms, and `IMMA_OI_CALLBACK_TIMEOUT` in
    /// seconds. What is no number counts as not given.
    pub fn from_environment() -> Limits {
        Limits::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Limits {
        let number = |name: &str| variable(name)?.to_str()?.trim().parse::<u32>().ok();
        let call = number("IMMA_SYNCR_TIMEOUT")
            .filter(|units| *units >= CALL_LEAST)
            .map_or(CALL, |units| {
                Duration::from_millis(u64::from(units) * u64::from(CALL_UNIT))
            });
        let callback = number("IMMA_OI_CALLBACK_TIMEOUT").filter(|seconds| *seconds > 0);
        Limits {
            call,
            callback: callback.map(|seconds| Duration::from_secs(seconds.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_may_change_the_limits() {
        let limits = |sync: &str, callback: &str| {
            Limits::from_variables(|name| match name {
                "IMMA_SYNCR_TIMEOUT" => Some(sync.into()),
                _ => Some(callback.into()),
            })
        };
        assert_eq!(limits("", ""), Limits::default());
        assert_eq!(limits("9", "0"), Limits::default());
        assert_eq!(limits("ten", "-1"), Limits::default());
        assert_eq!(limits("10", "").call, Duration::from_millis(100));
        assert_eq!(limits("6100", "30").call, Duration::from_secs(61));
        assert_eq!(limits("", "30").callback, Some(Duration::from_secs(30)));
        assert_eq!(Limits::from_variables(|_| None), Limits::default());
    }
}
