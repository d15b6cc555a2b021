//! What systemd, or whoever set `NOTIFY_SOCKET`, is told: that the daemon serves, that it lives, that it ends.
//!
//! Signs of life are sent by the loop that does the daemon's work, so that they end where it hangs. Nothing waits for the
//! other end: a message is sent by a thread of its own, and while one is on its way no other sign of life follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sd_notify::NotifyState;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// The variables that speak to this process alone; what it starts must not inherit them.
pub const VARIABLES: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// Says that the daemon serves.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Says that the daemon ends in order.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, ?states, "the service manager cannot be told");
    }
}

/// Gives signs of life, twice within the time that the service manager allows; none where it wants none.
pub struct Watchdog {
    due: Option<Interval>,
    under_way: Arc<AtomicBool>,
}

impl Watchdog {
    /// As the environment wants it. Must be made on a tokio runtime.
    pub fn from_environment() -> Watchdog {
        let half = sd_notify::watchdog_enabled().map(|limit| limit / 2);
        Watchdog {
            due: half.filter(|half| !half.is_zero()).map(|half| {
                let mut due = interval(half);
                due.set_missed_tick_behavior(MissedTickBehavior::Delay);
                due
            }),
            under_way: Arc::default(),
        }
    }

    /// Waits until a sign of life is due and gives it; waits for ever where none is wanted. Nothing is lost where the
    /// waiting is given up.
    pub async fn beat(&mut self) {
        let Some(due) = &mut self.due else {
            return std::future::pending().await;
        };
        due.tick().await;
        if !self.under_way.swap(true, Ordering::AcqRel) {
            let under_way = Arc::clone(&self.under_way);
            tokio::task::spawn_blocking(move || {
                tell(&[NotifyState::Watchdog]);
                under_way.store(false, Ordering::Release);
            });
        }
    }
}
