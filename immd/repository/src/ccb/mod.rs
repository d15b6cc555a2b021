//! Configuration change bundles: their life from initialize to commit or abort.
//!
//! The operations are in [`create`], [`modify`] and [`delete`], what is checked of the bundle as a whole in
//! [`whole`].

mod augment;
mod create;
mod delete;
mod modify;
mod operation;
mod reference;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ais::{AisError, CcbOperation, Dn, Refusal};

use crate::locks::Holder;
use crate::overlay::Overlay;
use crate::{AdminOwnerId, CcbId, ClassId, ImplementerId, Repository, Rule};

/// `SA_IMM_CCB_REGISTERED_OI`: refuse objects whose implementer is not attached.
pub const CCB_REGISTERED_OI: u64 = 0x1;
/// `SA_IMM_CCB_ALLOW_NULL_OI`: but allow objects that have no implementer at all.
pub const CCB_ALLOW_NULL_OI: u64 = 0x100;

/// The most error strings that one CCB keeps.
const ERROR_STRINGS_MAX: usize = 128;

/// How far a CCB has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CcbState {
    /// Takes operations.
    Open,
    /// Checked as a whole; the implementers are being asked.
    Prepared,
    /// The implementers agreed.
    Validated,
    /// On its way to the store: nobody may abort it any more.
    Critical,
    /// Aborted; only [`Repository::ccb_abort`] is left.
    Aborted,
}

/// What one implementer is asked or told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImplementerCall {
    /// Who.
    pub implementer: ImplementerId,
    /// What: completed creations, one deletion per object, modifications as the implementer wants them.
    pub operation: CcbOperation,
}

/// A CCB that was aborted and whom to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortedCcb {
    /// The CCB.
    pub ccb: CcbId,
    /// Implementers that had been asked about it and are still attached.
    pub tell: Vec<ImplementerId>,
    /// Why, as its error strings begin; empty where its own user aborted it.
    pub text: String,
}

/// What is to be done after a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Implementers to be sent "apply".
    pub apply_to: Vec<ImplementerId>,
    /// For appliers: operations, in their order; each applier is then sent "completed" and "apply", answers ignored.
    pub appliers: Vec<ImplementerCall>,
}

/// Whether an abort says something about the content of the CCB or about the circumstances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AbortKind {
    /// It might succeed another time.
    Resource,
    /// It breaks a rule; outranks the other.
    Validation,
}

impl AbortKind {
    const fn prefix(self) -> &'static str {
        match self {
            AbortKind::Resource => "IMM: Resource abort: ",
            AbortKind::Validation => "IMM: Validation abort: ",
        }
    }

    /// What an implementer's answer means.
    const fn of(error: AisError) -> AbortKind {
        match error {
            AisError::BadOperation | AisError::FailedOperation => AbortKind::Validation,
            _ => AbortKind::Resource,
        }
    }
}

/// One CCB.
#[derive(Debug)]
pub(crate) struct Ccb {
    pub(crate) owner: AdminOwnerId,
    pub(crate) owner_name: Arc<str>,
    /// The owner's handle gives up what it acquired when it closes, this CCB's objects too.
    release_on_finalize: bool,
    flags: u64,
    state: CcbState,
    pub(crate) overlay: Overlay,
    /// Objects locked by reading them.
    pub(crate) read: BTreeSet<Dn>,
    /// NO_DANGLING references it makes: target and referrer.
    references: Vec<(Dn, Dn)>,
    /// Implementers that were asked about an operation.
    asked: BTreeSet<ImplementerId>,
    /// Implementer names of the objects it touches, attached or not.
    pub(crate) names: BTreeSet<Arc<str>>,
    /// Classes of the objects it touches.
    pub(crate) classes: BTreeSet<ClassId>,
    appliers: Vec<ImplementerCall>,
    /// Whether the special applier will know whose CCB it is.
    owner_told: bool,
    /// Whom it waits for in a callback, and in how many.
    asking: BTreeMap<ImplementerId, usize>,
    augmentation: Option<augment::Augmentation>,
    /// Gives up at the end what augmentations acquired.
    augment_owner: Option<AdminOwnerId>,
    abort: Option<(AbortKind, String)>,
    errors: Vec<String>,
}

impl Ccb {
    /// How far it has come.
    pub(crate) const fn state(&self) -> CcbState {
        self.state
    }

    fn add_error(&mut self, text: String) {
        if self.errors.len() < ERROR_STRINGS_MAX && !self.errors.contains(&text) {
            self.errors.push(text);
        }
    }

    fn add_abort(&mut self, kind: AbortKind, text: &str) {
        if self.abort.as_ref().is_none_or(|(have, _)| *have < kind) {
            self.abort = Some((kind, format!("{}{text}", kind.prefix())));
        }
    }

    fn abort_text(&self) -> &str {
        self.abort.as_ref().map_or("", |(_, text)| text)
    }
}

fn bad_handle(ccb: CcbId) -> Refusal {
    Refusal::new(AisError::BadHandle, format!("CCB {ccb} is not open"))
}

impl Repository {
    /// A new CCB.
    ///
    /// # Errors
    /// BAD_HANDLE, INVALID_PARAM (unknown flags, ALLOW_NULL_OI alone), NO_RESOURCES at the limit of CCBs.
    pub fn ccb_initialize(&mut self, owner: AdminOwnerId, flags: u64) -> Result<CcbId, Refusal> {
        let handle = self.owners.get(owner)?;
        let (owner_name, release_on_finalize) = (handle.name.clone(), handle.release_on_finalize);
        if flags & !(CCB_REGISTERED_OI | CCB_ALLOW_NULL_OI) != 0 || flags == CCB_ALLOW_NULL_OI {
            return Err(Refusal::new(
                AisError::InvalidParam,
                format!(
                    "CCB flags {flags:#x}: known are REGISTERED_OI (0x1) and, together with it, ALLOW_NULL_OI (0x100)"
                ),
            ));
        }
        let max = self.settings.ccbs_max;
        if u32::try_from(self.ccbs.len()).is_ok_and(|have| have >= max) {
            return Err(Refusal::new(
                AisError::NoResources,
                format!("there are {max} CCBs, as many as maxCcbs allows"),
            ));
        }
        let id = CcbId(self.next_ccb);
        self.next_ccb += 1;
        let ccb = Ccb {
            owner,
            owner_name,
            release_on_finalize,
            flags,
            state: CcbState::Open,
            overlay: Overlay::default(),
            read: BTreeSet::new(),
            references: Vec::new(),
            asked: BTreeSet::new(),
            names: BTreeSet::new(),
            classes: BTreeSet::new(),
            appliers: Vec::new(),
            owner_told: false,
            asking: BTreeMap::new(),
            augmentation: None,
            augment_owner: None,
            abort: None,
            errors: Vec::new(),
        };
        self.ccbs.insert(id, ccb);
        Ok(id)
    }

    /// Aborts the CCB and forgets it, also when something else aborted it before; for abort and finalize. The handle
    /// goes on with a new CCB. Unknown ids and critical CCBs are left alone.
    pub fn ccb_abort(&mut self, ccb: CcbId) {
        match self.ccb_state(ccb) {
            None | Some(CcbState::Critical) => return,
            Some(CcbState::Aborted) => {}
            Some(CcbState::Open | CcbState::Prepared | CcbState::Validated) => {
                let tell = self.drop_content(ccb);
                if !tell.is_empty() {
                    self.aborted.push(AbortedCcb {
                        ccb,
                        tell,
                        text: String::new(),
                    });
                }
            }
        }
        self.ccbs.remove(&ccb);
    }

    /// Aborts every CCB that has operations and is not critical (administrative operation 202).
    pub fn ccb_abort_all(&mut self, reason: &str) {
        self.abort_ccbs_where(|ccb| !ccb.overlay.is_empty(), reason);
    }

    /// How far the CCB has come; `None` when it is not known, or not any more.
    pub fn ccb_state(&self, ccb: CcbId) -> Option<CcbState> {
        self.ccbs.get(&ccb).map(|ccb| ccb.state)
    }

    /// How many CCBs are initialised and not finalised.
    pub fn ccb_count(&self) -> usize {
        self.ccbs.len()
    }

    /// Whether the CCB holds no operations, so that applying it changes nothing.
    pub fn ccb_is_empty(&self, ccb: CcbId) -> bool {
        self.ccbs.get(&ccb).is_none_or(|ccb| ccb.overlay.is_empty())
    }

    /// The CCB's error strings, the most important first.
    pub fn ccb_error_strings(&self, ccb: CcbId) -> Vec<String> {
        let Some(ccb) = self.ccbs.get(&ccb) else {
            return Vec::new();
        };
        let abort = ccb.abort.iter().map(|(_, text)| text);
        abort.chain(&ccb.errors).cloned().collect()
    }

    /// The name of the CCB's owner, for the journal.
    pub fn ccb_owner_name(&self, ccb: CcbId) -> Option<Arc<str>> {
        self.ccbs.get(&ccb).map(|ccb| ccb.owner_name.clone())
    }

    /// The CCBs that were aborted since the last call; to be drained after every call that changes something.
    pub fn take_aborted(&mut self) -> Vec<AbortedCcb> {
        std::mem::take(&mut self.aborted)
    }

    /// Aborts every CCB that the condition holds for, except critical ones. `true` when the condition holds for any
    /// that is not aborted already, critical ones too.
    pub(crate) fn abort_ccbs_where(&mut self, condition: impl Fn(&Ccb) -> bool, reason: &str) -> bool {
        let found: Vec<(CcbId, CcbState)> = self
            .ccbs
            .iter()
            .filter(|(_, ccb)| ccb.state != CcbState::Aborted && condition(ccb))
            .map(|(id, ccb)| (*id, ccb.state))
            .collect();
        for (id, _) in found.iter().filter(|(_, state)| *state != CcbState::Critical) {
            self.ccb_fail(*id, AbortKind::Resource, Rule::CcbInterrupted, reason);
        }
        !found.is_empty()
    }

    /// Aborts the CCBs that touch objects of this implementer name, because it came or went.
    pub(crate) fn abort_ccbs_of(&mut self, name: &str, what: &str) -> bool {
        let reason = format!("implementer '{name}' {what} while the CCB was open");
        self.abort_ccbs_where(|ccb| ccb.names.contains(name), &reason)
    }

    /// Aborts a CCB, which stays for its handle to see. Gives what the client is told.
    fn ccb_fail(&mut self, id: CcbId, kind: AbortKind, rule: Rule, reason: &str) -> Refusal {
        let Some(ccb) = self.ccbs.get_mut(&id) else {
            return bad_handle(id);
        };
        ccb.add_abort(kind, &rule.mark(reason));
        let text = ccb.abort_text().to_owned();
        if ccb.state != CcbState::Aborted {
            let tell = self.drop_content(id);
            self.aborted.push(AbortedCcb {
                ccb: id,
                tell,
                text: text.clone(),
            });
        }
        Refusal::new(AisError::FailedOperation, text)
    }

    /// Takes back all that the CCB holds and gives the implementers that should know.
    fn drop_content(&mut self, id: CcbId) -> Vec<ImplementerId> {
        let Some(ccb) = self.ccbs.get_mut(&id) else {
            return Vec::new();
        };
        if ccb.state == CcbState::Critical {
            self.locks.arrive(&ccb.overlay);
        }
        self.locks
            .release(Holder::Ccb(id), &ccb.overlay, &ccb.read, &ccb.references);
        ccb.state = CcbState::Aborted;
        ccb.overlay = Overlay::default();
        ccb.read.clear();
        ccb.references.clear();
        ccb.names.clear();
        ccb.classes.clear();
        ccb.appliers.clear();
        ccb.owner_told = false;
        ccb.augmentation = None;
        let asked = std::mem::take(&mut ccb.asked);
        if let Some(owner) = ccb.augment_owner.take() {
            self.admin_owner_finalize(owner);
        }
        asked
            .into_iter()
            .filter(|id| self.implementers.name_of(*id).is_some())
            .collect()
    }

    /// The CCB, if it takes operations.
    fn open_ccb(&self, id: CcbId) -> Result<&Ccb, Refusal> {
        let ccb = self.ccbs.get(&id).ok_or_else(|| bad_handle(id))?;
        let text = match ccb.state {
            CcbState::Open => return Ok(ccb),
            CcbState::Aborted => ccb.abort_text().to_owned(),
            CcbState::Prepared | CcbState::Validated | CcbState::Critical => Rule::CcbBeyond.mark(format!(
                "IMM: CCB {id} is being or has been validated and takes no more operations"
            )),
        };
        Err(Refusal::new(AisError::FailedOperation, text))
    }
}
