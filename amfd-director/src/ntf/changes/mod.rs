//! Changes of the information model as notifications: what OpenSAF's osafntfimcnd does, with the same layout.
//!
//! The director attaches a second time to immd, as the special applier, which is told of attributes with the flag NOTIFY in
//! every class. A CCB is told when it is applied, runtime data at once.

mod applier;
mod told;

pub(crate) use applier::run;
