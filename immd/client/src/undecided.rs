//! The CCBs that an implementer was asked about and has not heard the end of.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ais::AisError;

use crate::{Imm, ImmError, ImplementerCallbacks};

/// How far an implementer was asked about a CCB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// About operations: nobody can have committed it.
    Operations,
    /// Whether it can be applied: it may be committed.
    Completed,
}

/// The CCBs in question.
#[derive(Debug, Default, Clone)]
pub(crate) struct Undecided(Rc<RefCell<BTreeMap<u64, Asked>>>);

impl Undecided {
    pub(crate) fn asked(&self, ccb: u64, asked: Asked) {
        self.0.borrow_mut().insert(ccb, asked);
    }

    pub(crate) fn ended(&self, ccb: u64) {
        self.0.borrow_mut().remove(&ccb);
    }

    /// Ends each of them as it was decided, after the daemon was started again.
    ///
    /// # Errors
    /// TRY_AGAIN where one is not decided, and what else keeps the daemon from answering; those are ended by another call.
    pub(crate) async fn settle(
        &self,
        imm: &Imm,
        callbacks: &Rc<dyn ImplementerCallbacks>,
    ) -> Result<(), ImmError> {
        loop {
            let next = self
                .0
                .borrow()
                .first_key_value()
                .map(|(ccb, asked)| (*ccb, *asked));
            let Some((ccb, asked)) = next else {
                return Ok(());
            };
            let committed = match asked {
                Asked::Operations => false,
                Asked::Completed => match imm.ccb_outcome(ccb).await {
                    Ok(committed) => committed,
                    Err(error) if error.error() == Some(AisError::NotExist) => false,
                    Err(error) => return Err(error),
                },
            };
            self.ended(ccb);
            if committed {
                callbacks.clone().ccb_apply(ccb).await;
            } else {
                callbacks.clone().ccb_abort(ccb).await;
            }
        }
    }
}
