//! Connections to the service, shared where a process has many handles.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use immd_client::{Imm, ImmError, Limits};

use crate::engine;

/// Up to so many handles have a connection of their own. More would cost the process a descriptor each, and the service
/// bounds its connections.
const OWN: usize = 64;

/// A connection with the limits that hold for it.
pub(crate) struct Line {
    pub(crate) imm: Imm,
    limits: Limits,
}

/// The connections in use.
#[derive(Default)]
pub(crate) struct Pool(RefCell<Vec<Weak<Line>>>);

impl Pool {
    /// A connection: a new one, or the one with the fewest users where there are many.
    pub(crate) async fn line(&self, limits: Limits) -> Result<Rc<Line>, ImmError> {
        if let Some(line) = self.shared(limits) {
            return Ok(line);
        }
        let line = self.fresh(limits).await?;
        self.0.borrow_mut().push(Rc::downgrade(&line));
        Ok(line)
    }

    /// A connection that is shared with nobody.
    pub(crate) async fn fresh(&self, limits: Limits) -> Result<Rc<Line>, ImmError> {
        Ok(Rc::new(Line {
            imm: Imm::connect_by(&directory(), limits, engine::spawn).await?,
            limits,
        }))
    }

    fn shared(&self, limits: Limits) -> Option<Rc<Line>> {
        let mut lines = self.0.borrow_mut();
        lines.retain(|line| line.upgrade().is_some_and(|line| !line.imm.is_closed()));
        if lines.len() < OWN {
            return None;
        }
        let live = lines.iter().filter_map(Weak::upgrade);
        live.filter(|line| line.limits == limits)
            .min_by_key(Rc::strong_count)
    }
}

/// The cluster's directory: `PERDURE_DIR`, else `.perdure` in the home directory, as for the commands.
fn directory() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    let home = || PathBuf::from(variable("HOME").unwrap_or_else(|| ".".into())).join(".perdure");
    variable("PERDURE_DIR").map_or_else(home, PathBuf::from)
}
