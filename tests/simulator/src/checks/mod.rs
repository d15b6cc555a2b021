//! What must hold: always, once a recovery is over, and once a healed cluster has settled.

mod acting;
mod duties;
mod settled;

pub use acting::{Acting, Actor};
pub use duties::{Duties, Duty};
pub use settled::check_settled;
