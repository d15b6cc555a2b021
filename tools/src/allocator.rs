//! The allocator of every program that links this crate: with it `immd` reads a million objects from its store in half the
//! time that it takes with glibc's.

use libmimalloc_sys::{mi_option_set, mi_option_t};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of `mimalloc.h`, in milliseconds.
const PURGE_DELAY: mi_option_t = 15;

/// Has what is given up go back to the system at once. What a thread leaves at its end would stay else until somebody asks
/// for memory: after a load of a million objects 450 MiB of it.
#[expect(
    unsafe_code,
    reason = "mimalloc takes its options so, or from the environment"
)]
pub(crate) fn give_back_at_once() {
    // SAFETY: options are numbers, which may be set at any time.
    unsafe { mi_option_set(PURGE_DELAY, 0) };
}

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "as above")]
    fn the_option_is_the_one_that_is_meant() {
        // SAFETY: as above.
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        // It is a second where nobody says anything.
        assert_eq!(delay(), 1000);
        give_back_at_once();
        assert_eq!(delay(), 0);
    }
}
