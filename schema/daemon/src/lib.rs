//! What the daemons have in common with each other and with nothing else: metrics on a socket of their own, readiness and
//! the watchdog of systemd, and how they log.

pub mod log;
pub mod metrics;
pub mod readiness;
