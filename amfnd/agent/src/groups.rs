//! Protection groups on their way into the program.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ais::AisError;
use ais::amf::{ProtectionGroupNotification, TrackFlags};
use amfnd_client::GroupChange;
use cabi::{Arena, SaAisErrorT};

use crate::callbacks::Track;
use crate::deliver;
use crate::handle::Handle;
use crate::library::Library;
use crate::types::{
    NotificationBuffer, SaAmfProtectionGroupMemberT, SaAmfProtectionGroupMemberT_4,
    SaAmfProtectionGroupNotificationT, SaAmfProtectionGroupNotificationT_4,
};

/// A notification in the form of one of the two releases.
pub(crate) trait CNotification: Copy {
    /// Whether a program with this callback can be called. OpenSAF lets programs of one release use the functions of the
    /// other; where a callback is needed it must be that release's.
    fn fits(track: Track) -> bool;
    fn new(notification: &ProtectionGroupNotification, arena: &mut Arena) -> Result<Self, AisError>;
}

impl CNotification for SaAmfProtectionGroupNotificationT {
    fn fits(track: Track) -> bool {
        matches!(track, Track::B1(_) | Track::B4(_))
    }

    fn new(notification: &ProtectionGroupNotification, arena: &mut Arena) -> Result<Self, AisError> {
        Ok(SaAmfProtectionGroupNotificationT {
            member: SaAmfProtectionGroupMemberT {
                comp_name: deliver::name(Some(&notification.member.comp), arena)?,
                ha_state: notification.member.ha.code(),
                rank: notification.member.rank,
            },
            change: notification.change.code(),
        })
    }
}

impl CNotification for SaAmfProtectionGroupNotificationT_4 {
    fn fits(track: Track) -> bool {
        matches!(track, Track::B4(_))
    }

    fn new(notification: &ProtectionGroupNotification, arena: &mut Arena) -> Result<Self, AisError> {
        Ok(SaAmfProtectionGroupNotificationT_4 {
            member: SaAmfProtectionGroupMemberT_4 {
                comp_name: deliver::name(Some(&notification.member.comp), arena)?,
                ha_state: notification.member.ha.code(),
                ha_readiness_state: notification.member.ha_readiness.code(),
                rank: notification.member.rank,
            },
            change: notification.change.code(),
        })
    }
}

/// The buffers that the program was given and frees with `saAmfProtectionGroupNotificationFree`.
#[derive(Default)]
pub(crate) struct Lent(Mutex<Loans>);

#[derive(Default)]
struct Loans {
    last: u64,
    by_address: BTreeMap<usize, Loan>,
    /// What the newest callback of each handle was given: programs free it or do not, so that it goes with the next one.
    newest: BTreeMap<u64, LoanId>,
}

struct Loan {
    id: LoanId,
    owner: u64,
    _memory: Arena,
}

/// One loan. An address that was given back may be lent again, so that it says less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoanId {
    address: usize,
    number: u64,
}

impl Loans {
    fn has(&self, id: LoanId) -> bool {
        self.by_address.get(&id.address).is_some_and(|loan| loan.id == id)
    }
}

impl Lent {
    // Each change below is complete when the lock is given up.
    fn loans(&self) -> MutexGuard<'_, Loans> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a buffer that the program keeps until it frees it or finalizes the handle; `None` beside an empty one.
    pub(crate) fn lend<N: CNotification>(
        &self,
        owner: u64,
        notifications: &[ProtectionGroupNotification],
    ) -> Result<(NotificationBuffer<N>, Option<LoanId>), AisError> {
        let number_of_items = u32::try_from(notifications.len()).map_err(|_| AisError::TooBig)?;
        if notifications.is_empty() {
            let notification = std::ptr::null_mut();
            let empty = NotificationBuffer {
                number_of_items,
                notification,
            };
            return Ok((empty, None));
        }
        let mut arena = Arena::default();
        let made = convert::<N>(notifications, &mut arena)?;
        let notification = arena.slice(&made);
        let mut loans = self.loans();
        loans.last += 1;
        let id = LoanId {
            address: notification.addr(),
            number: loans.last,
        };
        let loan = Loan {
            id,
            owner,
            _memory: arena,
        };
        loans.by_address.insert(id.address, loan);
        let buffer = NotificationBuffer {
            number_of_items,
            notification,
        };
        Ok((buffer, Some(id)))
    }

    /// # Errors
    /// INVALID_PARAM where nothing was lent at this address.
    pub(crate) fn give_back<N>(&self, notification: *const N) -> Result<(), AisError> {
        let loan = self.loans().by_address.remove(&notification.addr());
        loan.map(drop).ok_or(AisError::InvalidParam)
    }

    /// The handle is gone.
    pub(crate) fn forget(&self, owner: u64) {
        let mut loans = self.loans();
        loans.by_address.retain(|_, loan| loan.owner != owner);
        loans.newest.remove(&owner);
    }

    /// A callback has returned: unless the program freed its buffer, that replaces the one of the callback before.
    fn replace_newest(&self, owner: u64, id: LoanId) {
        let mut loans = self.loans();
        if !loans.has(id) {
            return;
        }
        if let Some(before) = loans.newest.insert(owner, id)
            && loans.has(before)
        {
            loans.by_address.remove(&before.address);
        }
    }
}

fn convert<N: CNotification>(
    notifications: &[ProtectionGroupNotification],
    arena: &mut Arena,
) -> Result<Vec<N>, AisError> {
    notifications
        .iter()
        .map(|notification| N::new(notification, arena))
        .collect()
}

/// Calls the program's function for protection groups.
///
/// # Errors
/// NAME_TOO_LONG where a name is long and the program does not use long names; it is not called.
pub(crate) fn tell(handle: &Handle, group: &GroupChange) -> Result<(), AisError> {
    match handle.callbacks.track {
        Track::None => Ok(()),
        Track::B1(function) => tell_one(handle, group, function),
        Track::B4(function) => tell_one(handle, group, function),
    }
}

fn tell_one<N: CNotification>(
    handle: &Handle,
    group: &GroupChange,
    function: crate::types::TrackCallback<N>,
) -> Result<(), AisError> {
    let mut arena = Arena::default();
    let csi = deliver::name(Some(&group.csi), &mut arena)?;
    let csi = arena.value(csi);
    let lent = &Library::get().lent;
    let (mut buffer, loan) = lent.lend::<N>(handle.number, &group.notifications)?;
    let (members, error): (u32, SaAisErrorT) = match group.members {
        Ok(members) => (members, cabi::SA_AIS_OK),
        Err(error) => (0, error.code()),
    };
    // SAFETY: the program gave this function for these arguments; the name is in the arena, the notifications are lent.
    unsafe { function(csi, &raw mut buffer, members, error) };
    drop(arena);
    if let Some(loan) = loan {
        lent.replace_newest(handle.number, loan);
    }
    Ok(())
}

const CURRENT: u8 = TrackFlags::CURRENT.bits();
const CHANGES: u8 = TrackFlags::CHANGES.bits();
const CHANGES_ONLY: u8 = TrackFlags::CHANGES_ONLY.bits();

/// What the program asks for when it tracks.
pub(crate) struct Wish {
    pub(crate) flags: u8,
    /// Whether it gave a buffer, and how many items it has room for; NULL in it asks the library for one.
    pub(crate) buffer: Option<Room>,
}

/// The room in the program's buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// The library makes it.
    Wanted,
    Given(u32),
}

impl Wish {
    /// # Errors
    /// BAD_FLAGS
    pub(crate) fn check_flags(&self) -> Result<(), AisError> {
        let any = self.flags & (CURRENT | CHANGES | CHANGES_ONLY) != 0;
        let both = self.flags & CHANGES != 0 && self.flags & CHANGES_ONLY != 0;
        if any && !both {
            Ok(())
        } else {
            Err(AisError::BadFlags)
        }
    }

    /// # Errors
    /// INIT where a callback would be needed; INVALID_PARAM for a buffer without room.
    pub(crate) fn check(&self, has_callback: bool) -> Result<(), AisError> {
        let calls_back =
            self.flags & (CHANGES | CHANGES_ONLY) != 0 || self.flags & CURRENT != 0 && self.buffer.is_none();
        if calls_back && !has_callback {
            return Err(AisError::Init);
        }
        if self.flags & CURRENT != 0 && self.buffer == Some(Room::Given(0)) {
            return Err(AisError::InvalidParam);
        }
        Ok(())
    }
}

/// What is written into the program's buffer.
pub(crate) enum Filled<N> {
    /// These, in the program's room.
    Copied(Vec<N>),
    /// These, which fill the program's room, of so many.
    Cut(Vec<N>, u32),
    /// A buffer of the library.
    Lent(NotificationBuffer<N>),
}

/// # Errors
/// NAME_TOO_LONG
pub(crate) fn fill<N: CNotification>(
    handle: &Handle,
    room: Room,
    notifications: &[ProtectionGroupNotification],
) -> Result<Filled<N>, AisError> {
    let count = u32::try_from(notifications.len()).map_err(|_| AisError::TooBig)?;
    let given = match room {
        Room::Wanted => {
            return Library::get()
                .lent
                .lend(handle.number, notifications)
                .map(|(buffer, _)| Filled::Lent(buffer));
        }
        Room::Given(given) => given,
    };
    // Long names stay until the handle is finalized: the buffer is the program's and is never given back.
    let mut memory = handle.memory.lock().map_err(|_| AisError::Library)?;
    let fits = notifications.get(..given as usize).unwrap_or(notifications);
    let made = convert(fits, &mut memory)?;
    Ok(if count > given {
        Filled::Cut(made, count)
    } else {
        Filled::Copied(made)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ais::Dn;
    use ais::amf::{HaReadinessState, HaState, ProtectionGroupChange, ProtectionGroupMember};

    fn wish(flags: u8, buffer: Option<Room>) -> Wish {
        Wish { flags, buffer }
    }

    #[test]
    fn flags_and_buffers_are_checked() {
        for flags in [0, CHANGES | CHANGES_ONLY, CURRENT | CHANGES | CHANGES_ONLY, 8] {
            assert_eq!(
                wish(flags, None).check_flags(),
                Err(AisError::BadFlags),
                "{flags}"
            );
        }
        for flags in [
            CURRENT,
            CHANGES,
            CHANGES_ONLY,
            CURRENT | CHANGES,
            CURRENT | CHANGES_ONLY,
        ] {
            assert_eq!(wish(flags, None).check_flags(), Ok(()), "{flags}");
            assert_eq!(wish(flags, None).check(true), Ok(()));
            assert_eq!(wish(flags, None).check(false), Err(AisError::Init));
        }
        assert_eq!(wish(CURRENT, Some(Room::Wanted)).check(false), Ok(()));
        assert_eq!(
            wish(CURRENT, Some(Room::Given(0))).check(true),
            Err(AisError::InvalidParam)
        );
    }

    #[test]
    fn what_is_lent_is_freed_once_or_with_the_next_callback() {
        let lent = Lent::default();
        let one = [ProtectionGroupNotification {
            member: ProtectionGroupMember {
                comp: Dn::new("safComp=C").unwrap(),
                ha: HaState::Active,
                ha_readiness: HaReadinessState::ReadyForAssignment,
                rank: 1,
            },
            change: ProtectionGroupChange::NoChange,
        }];
        let newly = || {
            let (buffer, id) = lent.lend::<SaAmfProtectionGroupNotificationT_4>(7, &one).unwrap();
            (buffer, id.unwrap())
        };
        let count = || lent.loans().by_address.len();
        let (buffer, _) = newly();
        assert_eq!(buffer.number_of_items, 1);
        assert_eq!(lent.give_back(buffer.notification), Ok(()));
        assert_eq!(lent.give_back(buffer.notification), Err(AisError::InvalidParam));
        let ((_, first), (_, second)) = (newly(), newly());
        lent.replace_newest(7, first);
        lent.replace_newest(7, second);
        assert_eq!(count(), 1);
        // What the program freed may be lent again at its address, and then is not the newest callback's.
        let (third, id) = newly();
        lent.replace_newest(7, id);
        assert_eq!(lent.give_back(third.notification), Ok(()));
        let again = LoanId {
            number: id.number + 1,
            ..id
        };
        let loan = Loan {
            id: again,
            owner: 7,
            _memory: Arena::default(),
        };
        lent.loans().by_address.insert(again.address, loan);
        lent.replace_newest(7, again);
        assert!(lent.loans().has(again));
        lent.forget(7);
        assert_eq!(count(), 0);
    }
}
