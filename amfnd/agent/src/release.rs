//! The release of the interface that a handle was made for.

use ais::AisError;
use cabi::SaVersionT;

/// A release; it belongs to the handle, not to the process.
///
/// DEVIATION(AMF-070): OpenSAF keeps one for the process, the one of the newest handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// `saAmfInitialize`
    B1,
    /// `saAmfInitialize_3`
    B3,
    /// `saAmfInitialize_4`
    B4,
    /// `saAmfInitialize_o4`
    B42,
}

impl Release {
    /// Checks the version that the program wants and writes the one that it gets, also where it is refused.
    ///
    /// # Errors
    /// VERSION
    pub(crate) fn negotiate(self, version: &mut SaVersionT) -> Result<(), AisError> {
        let wanted = *version;
        let fits = wanted.release_code == b'B'
            && match self {
                Release::B1 => wanted.major_version <= 1,
                Release::B3 => wanted.major_version == 3,
                Release::B4 => wanted.major_version == 4,
                Release::B42 => wanted.major_version == 4 && wanted.minor_version == 2,
            };
        *version = self.version();
        if fits { Ok(()) } else { Err(AisError::Version) }
    }

    const fn version(self) -> SaVersionT {
        let (major_version, minor_version) = match self {
            Release::B1 => (1, 1),
            Release::B3 => (3, 1),
            Release::B4 => (4, 1),
            Release::B42 => (4, 2),
        };
        SaVersionT {
            release_code: b'B',
            major_version,
            minor_version,
        }
    }

    /// Whether it is a B.04.
    pub(crate) const fn is_b4(self) -> bool {
        matches!(self, Release::B4 | Release::B42)
    }

    /// What a call with a recovery that it may not recommend gets.
    pub(crate) const fn refused_recovery(self) -> AisError {
        if self.is_b4() {
            AisError::Access
        } else {
            AisError::InvalidParam
        }
    }

    /// What an invocation that awaits no answer gets.
    pub(crate) const fn unknown_invocation(self) -> AisError {
        if self.is_b4() {
            AisError::NotExist
        } else {
            AisError::InvalidParam
        }
    }

    /// The largest recovery that may be recommended.
    pub(crate) const fn recovery_max(self) -> u32 {
        if self.is_b4() { 9 } else { 7 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(release: Release, code: u8, major: u8, minor: u8) -> (Result<(), AisError>, (u8, u8)) {
        let mut version = SaVersionT {
            release_code: code,
            major_version: major,
            minor_version: minor,
        };
        let result = release.negotiate(&mut version);
        assert_eq!(version.release_code, b'B');
        (result, (version.major_version, version.minor_version))
    }

    #[test]
    fn each_initialize_takes_its_own_versions() {
        for (release, major, minor, got) in [
            (Release::B1, 1, 1, (1, 1)),
            (Release::B1, 1, 9, (1, 1)),
            (Release::B3, 3, 1, (3, 1)),
            (Release::B4, 4, 1, (4, 1)),
            (Release::B4, 4, 2, (4, 1)),
            (Release::B42, 4, 2, (4, 2)),
        ] {
            assert_eq!(negotiated(release, b'B', major, minor), (Ok(()), got));
        }
        for (release, code, major, minor) in [
            (Release::B1, b'A', 1, 1),
            (Release::B1, b'B', 2, 1),
            (Release::B1, b'B', 4, 1),
            (Release::B4, b'B', 1, 1),
            (Release::B4, b'C', 4, 1),
            (Release::B42, b'B', 4, 1),
        ] {
            assert_eq!(negotiated(release, code, major, minor).0, Err(AisError::Version));
        }
    }
}
