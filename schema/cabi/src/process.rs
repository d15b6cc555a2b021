//! State of one process: a child that was forked begins with nothing.

use std::sync::atomic::{AtomicPtr, Ordering};

/// A value that is made once for each process, at its first use in it.
///
/// After `fork` the child has the parent's memory but not its threads, and locks may be held by threads that are no
/// more. So the child never touches the parent's value: it makes one of its own and lets the old one lie.
pub struct PerProcess<T> {
    current: AtomicPtr<Owned<T>>,
    make: fn() -> T,
}

struct Owned<T> {
    pid: u32,
    value: T,
}

impl<T: Send + Sync + 'static> PerProcess<T> {
    /// `make` gives the value; it may be called more often than its result is used.
    pub const fn new(make: fn() -> T) -> PerProcess<T> {
        PerProcess {
            current: AtomicPtr::new(std::ptr::null_mut()),
            make,
        }
    }

    /// The value of this process.
    pub fn get(&self) -> &'static T {
        let pid = std::process::id();
        loop {
            let seen = self.current.load(Ordering::Acquire);
            // SAFETY: what is stored came from `Box::into_raw` and is never freed.
            if let Some(owned) = unsafe { seen.as_ref() }
                && owned.pid == pid
            {
                return &owned.value;
            }
            let fresh = Box::into_raw(Box::new(Owned {
                pid,
                value: (self.make)(),
            }));
            let stored = self
                .current
                .compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire);
            if stored.is_err() {
                // SAFETY: `fresh` was made above and nobody else has seen it.
                drop(unsafe { Box::from_raw(fresh) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    static STATE: PerProcess<Mutex<Vec<u32>>> = PerProcess::new(|| Mutex::new(Vec::new()));

    #[test]
    fn all_threads_see_one_value() {
        let threads: Vec<_> = (0..8)
            .map(|n| std::thread::spawn(move || STATE.get().lock().unwrap().push(n)))
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(STATE.get().lock().unwrap().len(), 8);
    }
}
