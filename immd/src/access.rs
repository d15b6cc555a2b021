//! Who may use the service: the socket's mode, and the credentials of the process at the other end.
//!
//! Root and the daemon's own user always may. With `accessControlMode` ENFORCING members of `authorizedGroup` may, too:
//! the socket is then the group's. With PERMISSIVE everybody may who can reach the socket, and what ENFORCING would
//! deny is noted.

use std::ffi::CString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ais::{AisError, Dn, Refusal};
use nix::unistd::{Group, Uid, User};
use repository::{AccessControl, AccessMode};

use crate::server::Peer;

/// What a peer is told that may not use the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may.
    Allowed,
    /// It may, but would not with ENFORCING.
    Noted(String),
    /// It may not.
    Denied(String),
}

/// Whether the peer is root or the daemon's own user.
pub(crate) fn is_privileged(peer: Peer) -> bool {
    peer.uid == 0 || peer.uid == Uid::effective().as_raw()
}

/// Decides about a new connection. Asks the system's tables of users and groups, which may take long.
pub(crate) fn decide(access: &AccessControl, peer: Peer) -> Verdict {
    if is_privileged(peer) {
        return Verdict::Allowed;
    }
    let own = Uid::effective();
    let who = format!("user {} (process {})", peer.uid, peer.pid);
    let rule = match (&access.mode, &access.group) {
        // DEVIATION(IMM-021): without access control nobody but root and the own user.
        (AccessMode::Disabled, _) | (_, None) => {
            format!("{who}: only root and user {own} may use this service")
        }
        (_, Some(group)) => match is_member(peer, group) {
            Ok(true) => return Verdict::Allowed,
            Ok(false) => format!(
                "{who}: only root, user {own} and members of group '{group}' (authorizedGroup) may use this service"
            ),
            Err(reason) => format!("{who}: whether it is in group '{group}' is not known: {reason}"),
        },
    };
    match access.mode {
        AccessMode::Permissive => Verdict::Noted(rule),
        AccessMode::Disabled | AccessMode::Enforcing => Verdict::Denied(rule),
    }
}

/// Whether the peer's user is a member of the group, by its process's group or by the system's tables.
fn is_member(peer: Peer, group: &str) -> Result<bool, String> {
    let text = |error: nix::Error| error.to_string();
    let group = Group::from_name(group)
        .map_err(text)?
        .ok_or("there is no such group")?;
    if group.gid.as_raw() == peer.gid {
        return Ok(true);
    }
    let Some(user) = User::from_uid(Uid::from_raw(peer.uid)).map_err(text)? else {
        return Ok(false);
    };
    let name = CString::new(user.name).map_err(|_| "its name is no name")?;
    let groups = nix::unistd::getgrouplist(&name, user.gid).map_err(text)?;
    Ok(groups.contains(&group.gid))
}

/// Makes the socket reachable for those who may use the service, and for nobody else.
pub(crate) fn open_socket_for(socket: &Path, access: &AccessControl) {
    // From wide to narrow the mode goes first, from narrow to wide the group.
    let (mode, group) = match (&access.mode, &access.group) {
        (AccessMode::Disabled, _) | (AccessMode::Enforcing, None) => (0o600, None),
        (AccessMode::Permissive, _) => (0o666, None),
        (AccessMode::Enforcing, Some(group)) => (0o660, Some(group)),
    };
    let result = match group {
        None => set_mode(socket, mode),
        Some(group) => set_mode(socket, 0o600)
            .and_then(|()| give_to_group(socket, group))
            .and_then(|()| set_mode(socket, mode)),
    };
    match result {
        Ok(()) if mode == 0o600 => {}
        Ok(()) => warn_of_closed_directory(socket, mode),
        Err(reason) => {
            tracing::error!(socket = %socket.display(), reason, "the socket stays closed for the group");
        }
    }
}

fn set_mode(socket: &Path, mode: u32) -> Result<(), String> {
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(mode)).map_err(|error| error.to_string())
}

fn give_to_group(socket: &Path, group: &str) -> Result<(), String> {
    let found = Group::from_name(group).map_err(|error| error.to_string())?;
    let found = found.ok_or_else(|| format!("there is no group '{group}'"))?;
    std::os::unix::fs::lchown(socket, None, Some(found.gid.as_raw()))
        .map_err(|error| format!("it cannot be given to group '{group}': {error}"))
}

/// The directory is the operator's to open: other things lie in it.
fn warn_of_closed_directory(socket: &Path, mode: u32) {
    let Some(dir) = socket.parent() else { return };
    let needed = if mode == 0o666 { 0o001 } else { 0o010 };
    let closed = std::fs::metadata(dir).is_ok_and(|facts| facts.permissions().mode() & (needed | 0o001) == 0);
    if closed {
        tracing::warn!(
            directory = %dir.display(),
            "others may use the socket but cannot reach it: give the directory's search permission to them \
             (chgrp GROUP DIRECTORY; chmod g+x DIRECTORY)"
        );
    }
}

/// Refuses changes of the service's own objects by others than root and the daemon's own user (OpenSAF practice).
///
/// # Errors
/// ACCESS_DENIED.
pub(crate) fn check_operation(peer: Peer, object: &Dn) -> Result<(), Refusal> {
    if is_privileged(peer) || !repository::is_service_dn(object) {
        return Ok(());
    }
    let text = format!("object '{object}' may be changed by root and the service's own user only");
    Err(Refusal::new(AisError::AccessDenied, text))
}

/// Refuses to clear admin owners to others than root and the daemon's own user where access control is in force
/// (OpenSAF practice).
///
/// # Errors
/// ACCESS_DENIED.
pub(crate) fn check_owner_clear(peer: Peer, access: &AccessControl) -> Result<(), Refusal> {
    if is_privileged(peer) || access.mode != AccessMode::Enforcing {
        return Ok(());
    }
    let text = "admin owners may be cleared by root and the service's own user only";
    Err(Refusal::new(AisError::AccessDenied, text))
}

#[cfg(test)]
mod tests {
    use nix::unistd::Gid;

    use super::*;

    const STRANGER: u32 = 4_000_000;

    fn peer(uid: u32, gid: u32) -> Peer {
        Peer { uid, gid, pid: 1 }
    }

    fn access(mode: AccessMode, group: Option<&str>) -> AccessControl {
        AccessControl {
            mode,
            group: group.map(Into::into),
        }
    }

    /// A group that every system has, with its number.
    fn root_group() -> (String, u32) {
        let group = Group::from_gid(Gid::from_raw(0)).unwrap().unwrap();
        (group.name, 0)
    }

    #[test]
    fn modes_decide_about_strangers_and_never_about_root() {
        use AccessMode::{Disabled, Enforcing, Permissive};
        let (name, gid) = root_group();
        let own = Uid::effective().as_raw();
        for mode in [Disabled, Permissive, Enforcing] {
            for group in [None, Some(name.as_str()), Some("no-such-group")] {
                let access = access(mode, group);
                assert_eq!(decide(&access, peer(0, 0)), Verdict::Allowed);
                assert_eq!(decide(&access, peer(own, STRANGER)), Verdict::Allowed);
                let stranger = decide(&access, peer(STRANGER, STRANGER));
                match mode {
                    Permissive => assert!(matches!(stranger, Verdict::Noted(_)), "{stranger:?}"),
                    Disabled | Enforcing => assert!(matches!(stranger, Verdict::Denied(_)), "{stranger:?}"),
                }
                let member = decide(&access, peer(STRANGER, gid));
                let may = mode != Disabled && group == Some(name.as_str());
                assert_eq!(member == Verdict::Allowed, may, "{access:?}: {member:?}");
            }
        }
    }

    #[test]
    fn a_refusal_names_the_group() {
        let (name, _) = root_group();
        let Verdict::Denied(text) = decide(
            &access(AccessMode::Enforcing, Some(&name)),
            peer(STRANGER, STRANGER),
        ) else {
            panic!("allowed")
        };
        assert!(text.contains(&format!("group '{name}'")), "{text}");
    }

    #[test]
    fn the_sockets_mode_follows() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let own = Group::from_gid(nix::unistd::getegid()).unwrap().unwrap().name;
        for (mode, group, wanted) in [
            (AccessMode::Permissive, None, 0o666),
            (AccessMode::Enforcing, Some(own.as_str()), 0o660),
            (AccessMode::Enforcing, None, 0o600),
            (AccessMode::Enforcing, Some("no-such-group"), 0o600),
            (AccessMode::Disabled, Some(own.as_str()), 0o600),
        ] {
            open_socket_for(&socket, &access(mode, group));
            let is = std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
            assert_eq!(is, wanted, "{mode:?} {group:?}");
        }
    }

    #[test]
    fn the_services_objects_are_for_root_and_the_own_user() {
        let own = Dn::new("opensafImm=opensafImm,safApp=safImmService").unwrap();
        let other = Dn::new("a=1").unwrap();
        assert!(check_operation(peer(0, 0), &own).is_ok());
        assert!(check_operation(peer(STRANGER, 0), &other).is_ok());
        let refused = check_operation(peer(STRANGER, 0), &own).unwrap_err();
        assert_eq!(refused.error, AisError::AccessDenied);
        let enforcing = access(AccessMode::Enforcing, None);
        assert!(check_owner_clear(peer(STRANGER, 0), &enforcing).is_err());
        assert!(check_owner_clear(peer(0, 0), &enforcing).is_ok());
        assert!(check_owner_clear(peer(STRANGER, 0), &AccessControl::default()).is_ok());
    }
}
