//! A CCB as a whole: validated, stored, visible.

use std::collections::BTreeSet;
use std::sync::Arc;

use ais::{AisError, Dn, Refusal};

use super::operation::Scene;
use super::{AbortKind, CcbState, Committed, bad_handle};
use crate::locks::Holder;
use crate::overlay::{Entry, Overlay, View};
use crate::{CcbId, ImplementerId, ObjectBody, Repository, Rule, StoredChange};

impl Repository {
    /// Checks the CCB as a whole, for validate and for apply; gives the implementers to be sent "completed". Empty
    /// where they have all agreed before or none is concerned: then [`Repository::ccb_validated`] follows at once.
    ///
    /// # Errors
    /// BAD_HANDLE; FAILED_OPERATION: aborted before, or dangling references, which abort the CCB.
    pub fn ccb_prepare(&mut self, ccb: CcbId) -> Result<Vec<ImplementerId>, Refusal> {
        if self.ccb_state(ccb) == Some(CcbState::Validated) {
            return Ok(Vec::new());
        }
        let open = self.open_ccb(ccb)?;
        let view = View {
            tree: &self.tree,
            overlay: &open.overlay,
        };
        if let Some(text) = self.dangling(Scene {
            id: ccb,
            ccb: open,
            view,
        }) {
            return Err(self.ccb_fail(ccb, AbortKind::Validation, Rule::ReferenceDangles, &text));
        }
        let open = self.ccbs.get_mut(&ccb).ok_or_else(|| bad_handle(ccb))?;
        open.state = CcbState::Prepared;
        Ok(open.asked.iter().copied().collect())
    }

    /// All implementers agreed.
    ///
    /// # Errors
    /// BAD_HANDLE; FAILED_OPERATION where the CCB was aborted meanwhile.
    pub fn ccb_validated(&mut self, ccb: CcbId) -> Result<(), Refusal> {
        let own = self.ccbs.get_mut(&ccb).ok_or_else(|| bad_handle(ccb))?;
        match own.state {
            CcbState::Prepared | CcbState::Validated => {
                own.state = CcbState::Validated;
                Ok(())
            }
            CcbState::Aborted => Err(Refusal::new(AisError::FailedOperation, own.abort_text())),
            CcbState::Open | CcbState::Critical => Err(out_of_turn(ccb)),
        }
    }

    /// An implementer refused an operation or the whole CCB, or did not answer: aborts the CCB.
    ///
    /// Gives what the client is told: FAILED_OPERATION; all texts are in [`Repository::ccb_error_strings`]. Critical
    /// CCBs are left alone.
    pub fn ccb_refused(&mut self, ccb: CcbId, implementer: ImplementerId, refusal: &Refusal) -> Refusal {
        if self.ccb_state(ccb) == Some(CcbState::Critical) {
            return out_of_turn(ccb);
        }
        let name = self.implementers.name_of(implementer);
        let who = name.map_or_else(
            || "an implementer".to_owned(),
            |name| format!("implementer '{name}'"),
        );
        let (rule, what) = match refusal.error {
            AisError::Timeout => (Rule::ImplementerSilent, "did not answer in time".to_owned()),
            error => (Rule::ImplementerRefused, format!("refused the CCB: {error}")),
        };
        if let Some(own) = self.ccbs.get_mut(&ccb)
            && !refusal.text.is_empty()
        {
            own.add_error(refusal.text.clone());
        }
        self.ccb_fail(ccb, AbortKind::of(refusal.error), rule, &format!("{who} {what}"))
    }

    /// What the store must write for a validated CCB, which now cannot be aborted any more. May be empty.
    ///
    /// # Errors
    /// BAD_HANDLE; FAILED_OPERATION where the CCB was aborted meanwhile or is not validated; TRY_AGAIN where another
    /// durable change of the same objects is under way: the CCB stays validated, ask again when that one is visible.
    pub fn ccb_stored_changes(&mut self, ccb: CcbId) -> Result<Vec<StoredChange>, Refusal> {
        let own = self.ccbs.get(&ccb).ok_or_else(|| bad_handle(ccb))?;
        match own.state {
            CcbState::Validated => {}
            CcbState::Aborted => return Err(Refusal::new(AisError::FailedOperation, own.abort_text())),
            CcbState::Open | CcbState::Prepared | CcbState::Critical => return Err(out_of_turn(ccb)),
        }
        let in_way = |dn| {
            let text = format!("IMM: another change of object '{dn}' is on its way to the disk");
            Rule::ObjectUnderWay.refuse(AisError::TryAgain, text)
        };
        if let Some(dn) = own.overlay.entries.keys().find(|dn| self.locks.is_in_flight(dn)) {
            return Err(in_way(dn));
        }
        if let Some(class) = own.classes.iter().find(|id| self.classes.is_changing(**id)) {
            let name = self.classes.by_id(*class).map_or("", |class| class.name());
            let text = format!("IMM: a change of class '{name}' is on its way to the disk");
            return Err(Rule::ClassUnderWay.refuse(AisError::TryAgain, text));
        }
        let mut late = Vec::new();
        for body in self.going(&own.overlay) {
            let mut creates = self.locks.creates_below(body.id);
            if let Some((_, child)) = creates.find(|(holder, _)| *holder != Holder::Ccb(ccb)) {
                return Err(in_way(child));
            }
            if self.is_under_way(body) {
                return Err(in_way(&body.dn));
            }
            late.push((body.dn.clone(), body.id));
        }
        let own = self.ccbs.get_mut(&ccb).ok_or_else(|| bad_handle(ccb))?;
        for (dn, id) in late {
            own.overlay.entries.insert(dn, Entry::Deleted(id));
        }
        own.state = CcbState::Critical;
        self.locks.depart(&own.overlay);
        Ok(own.overlay.stored(&self.tree))
    }

    /// All objects that go with the overlay's deletions, runtime objects too that came after the deletion was asked for.
    pub(super) fn going<'a>(&'a self, overlay: &'a Overlay) -> impl Iterator<Item = &'a Arc<ObjectBody>> {
        let deleted = |dn: &Dn| matches!(overlay.entries.get(dn), Some(Entry::Deleted(_)));
        let tops = overlay.removed().filter_map(|id| self.tree.by_id(id));
        let tops = tops.filter(move |body| !body.dn.parent().is_some_and(|parent| deleted(&parent)));
        tops.flat_map(|top| self.tree.subtree(top.id))
            .filter_map(|id| self.tree.by_id(id))
    }

    /// Shows the CCB to everyone after the store has it; its id is spent. Does nothing for a CCB that is not critical.
    pub fn ccb_make_visible(&mut self, ccb: CcbId) -> Committed {
        if self.ccb_state(ccb) != Some(CcbState::Critical) {
            return Committed::default();
        }
        let Some(mut own) = self.ccbs.remove(&ccb) else {
            return Committed::default();
        };
        self.locks.arrive(&own.overlay);
        self.locks
            .release(Holder::Ccb(ccb), &own.overlay, &own.read, &own.references);
        let added: Vec<_> = own.overlay.added().into_iter().map(|body| body.id).collect();
        let overlay = std::mem::take(&mut own.overlay);
        self.install(overlay);
        let released = own.release_on_finalize && self.owners.get(own.owner).is_err();
        for id in added {
            if released {
                self.tree.update(id, |body| body.owner = None);
            } else {
                self.owners.note_acquired(own.owner, id);
            }
        }
        if let Some(owner) = own.augment_owner {
            self.admin_owner_finalize(owner);
        }
        let attached = |id: &ImplementerId| self.implementers.name_of(*id).is_some();
        let asked: BTreeSet<ImplementerId> = own.asked;
        Committed {
            apply_to: asked.into_iter().filter(attached).collect(),
            appliers: own
                .appliers
                .into_iter()
                .filter(|call| attached(&call.implementer))
                .collect(),
        }
    }

    /// The store could not write: aborts the critical CCB. Gives what the client is told.
    pub fn ccb_store_failed(&mut self, ccb: CcbId, reason: &str) -> Refusal {
        self.ccb_fail(
            ccb,
            AbortKind::Resource,
            Rule::StoreFailed,
            &format!("the change could not be stored: {reason}"),
        )
    }
}

fn out_of_turn(ccb: CcbId) -> Refusal {
    Rule::CcbBeyond.refuse(
        AisError::FailedOperation,
        format!("IMM: CCB {ccb} is at another step of its way to the commit"),
    )
}
