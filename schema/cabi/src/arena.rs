//! Memory that the program reads and the library owns.

use std::collections::HashMap;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

/// Rows of values, texts and pointers between them that go away together. What is in it never moves.
#[derive(Default)]
pub struct Arena {
    chunks: Vec<Box<[MaybeUninit<u64>]>>,
    /// Words taken of the last chunk.
    used: usize,
}

/// Words of a first chunk; the following are twice as long.
const FIRST: usize = 64;
/// Words of the longest chunk that stays where the rest is forgotten.
const KEPT: usize = 1 << 13;

impl Arena {
    /// Copies the value into the arena.
    pub fn value<T: Copy>(&mut self, value: T) -> *mut T {
        self.slice(&[value])
    }

    /// Copies the values into the arena, one behind the other.
    pub fn slice<T: Copy>(&mut self, values: &[T]) -> *mut T {
        const {
            assert!(
                align_of::<T>() <= align_of::<u64>(),
                "words are aligned so far and no further"
            );
        };
        let place = self.place(size_of_val(values)).cast::<T>();
        // SAFETY: the place has room for the values and is aligned to words; it is new, so nothing overlaps.
        unsafe { place.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
        place
    }

    /// Copies the text into the arena, with a NUL behind it.
    pub fn text(&mut self, text: &str) -> *mut c_char {
        self.bytes(text.as_bytes())
    }

    /// Copies the bytes into the arena, with a NUL behind them.
    pub fn bytes(&mut self, text: &[u8]) -> *mut c_char {
        let place = self.place(text.len() + 1);
        // SAFETY: the place has room for the text and one byte; it is new, so nothing overlaps.
        unsafe {
            place.copy_from_nonoverlapping(text.as_ptr(), text.len());
            place.add(text.len()).write(0);
        }
        place.cast()
    }

    /// Copies the pointers into the arena, with a NULL behind them.
    pub fn list<T>(&mut self, entries: &[*mut T]) -> *mut *mut T {
        let mut ended = entries.to_vec();
        ended.push(std::ptr::null_mut());
        self.slice(&ended)
    }

    /// Forgets what is in it. The memory for the like of it stays.
    pub fn clear(&mut self) {
        let last = self.chunks.pop().filter(|chunk| chunk.len() <= KEPT);
        self.chunks.clear();
        self.chunks.extend(last);
        self.used = 0;
    }

    fn place(&mut self, bytes: usize) -> *mut u8 {
        let words = bytes.div_ceil(size_of::<u64>()).max(1);
        let last = self.chunks.last().map_or(0, |chunk| chunk.len());
        if last - self.used.min(last) < words {
            let size = (last * 2).clamp(FIRST, 1 << 16).max(words);
            self.chunks.push(Box::new_uninit_slice(size));
            self.used = 0;
        }
        let start = self.used;
        self.used += words;
        match self.chunks.last_mut() {
            Some(chunk) => chunk[start..].as_mut_ptr().cast(),
            // A chunk was pushed where there was none: there is no room in no chunk.
            None => std::ptr::null_mut(),
        }
    }
}

/// Arenas that the program gives back by the pointer that it got.
#[derive(Default)]
pub struct Pool {
    lent: Mutex<HashMap<usize, (u64, Arena)>>,
}

impl Pool {
    /// Keeps the arena until `lent`, which points into it, is given back or its owner, a handle, goes.
    pub fn lend<T>(&self, owner: u64, lent: *mut T, arena: Arena) {
        self.lent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(lent.addr(), (owner, arena));
    }

    /// Frees what was lent by this pointer; whether there was such.
    pub fn give_back<T>(&self, lent: *const T) -> bool {
        let arena = self
            .lent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&lent.addr());
        arena.is_some()
    }

    /// Frees all that was lent for this handle.
    pub fn forget(&self, owner: u64) {
        self.lent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, (whose, _)| *whose != owner);
    }

    /// How much is lent.
    pub fn len(&self) -> usize {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nothing is lent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_an_arena_stays_where_it_is() {
        let mut arena = Arena::default();
        let numbers: Vec<*mut u32> = (0..10_000).map(|n| arena.value(n)).collect();
        let text = arena.text("safApp=A");
        let list = arena.list(&numbers);
        for (n, number) in (0..).zip(numbers) {
            // SAFETY: the arena lives.
            assert_eq!(unsafe { *number }, n);
        }
        // SAFETY: the arena lives, and texts and lists in it have ends.
        unsafe {
            assert_eq!(std::ffi::CStr::from_ptr(text).to_str(), Ok("safApp=A"));
            assert!((*list.add(10_000)).is_null());
        }
    }

    #[test]
    fn a_cleared_arena_needs_no_more_memory_for_the_like_of_what_was_in_it() {
        let mut arena = Arena::default();
        let fill = |arena: &mut Arena, words| (0..words).map(|n: u64| arena.value(n)).last();
        for _ in 0..3 {
            arena.clear();
            fill(&mut arena, 1000);
        }
        assert_eq!(arena.chunks.len(), 1);
        let kept = arena.chunks[0].as_ptr();
        arena.clear();
        fill(&mut arena, 1000);
        assert_eq!((arena.chunks.len(), arena.chunks[0].as_ptr()), (1, kept));
        fill(&mut arena, 100_000);
        arena.clear();
        assert!(arena.chunks.is_empty(), "what is large is given back");
    }

    #[test]
    fn what_is_lent_is_given_back_once() {
        let pool = Pool::default();
        let lend = |owner| {
            let mut arena = Arena::default();
            let lent = arena.value(1u8);
            pool.lend(owner, lent, arena);
            lent
        };
        let (first, second) = (lend(1), lend(2));
        assert!(pool.give_back(first));
        assert!(!pool.give_back(first));
        pool.forget(2);
        assert!(!pool.give_back(second) && pool.is_empty());
    }
}
