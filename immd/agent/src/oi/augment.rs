//! More operations for a CCB, within a callback about it.

use std::sync::Arc;

use ais::AisError;
use cabi::{SaAisErrorT, answer};

use super::{Root, root};
use crate::om::{self, augmentations, fresh_id, lock};
use crate::{engine, place};

/// `saImmOiAugmentCcbInitialize`
pub unsafe fn augment_ccb_initialize(
    handle: u64,
    ccb: u64,
    bundle: *mut u64,
    owner: *mut u64,
) -> SaAisErrorT {
    answer(|| {
        let (bundle, owner) = (place(bundle)?, place(owner)?);
        let root = root(handle)?;
        root.needs(11)?;
        if root.is_applier() || !lock(&root.current).contains_key(&ccb) {
            return Err(AisError::BadOperation);
        }
        let (bundle_id, owner_id) = (fresh_id(), fresh_id());
        root.ask(move |session| async move {
            let implementer = session.implementer().await?;
            let (bundle, owner) = session.changed(implementer.augment(ccb).await)?;
            session.add_owner(owner_id, owner, false);
            session.add_ccb(bundle_id, owner_id, bundle);
            Ok(())
        })?;
        if let Some(current) = lock(&root.current).get_mut(&ccb) {
            current.augmentations.extend([bundle_id, owner_id]);
        }
        let within = Arc::new(om::Root::within(root.session, root.minor));
        let tables = augmentations();
        let made_owner = tables.owners.insert(|_| om::Owner {
            root: within.clone(),
            id: owner_id,
        })?;
        let made = tables
            .ccbs
            .insert(|_| om::new_entry(within, owner_id, bundle_id))?;
        // SAFETY: not NULL.
        unsafe {
            bundle.write(made);
            owner.write(made_owner);
        }
        Ok(())
    })
}

impl Root {
    /// The callback is over, and with it what augmented the CCB.
    pub(super) fn end_augmentations(&self, ids: &[u64]) {
        if ids.is_empty() {
            return;
        }
        let tables = augmentations();
        drop(tables.ccbs.remove_all(|ccb| ids.contains(&ccb.owner)));
        drop(tables.owners.remove_all(|owner| ids.contains(&owner.id)));
        let (session, ids) = (self.session, ids.to_vec());
        // A handle that is finalised meanwhile has dropped them itself.
        let _ended = engine::ask(move |world| async move {
            if let Ok(session) = world.session(session) {
                session.drop_handles(&ids).await;
            }
        });
    }
}
