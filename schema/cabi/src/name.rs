//! `SaNameT` with OpenSAF's extension to long names.
//!
//! A name of 256 bytes or more stands elsewhere: the length is a mark, and a pointer to the text is kept behind it. Only
//! programs that say `SA_ENABLE_EXTENDED_NAMES=1` may hand in such names.

use std::ffi::c_char;
use std::mem::offset_of;

use ais::AisError;

use crate::{Arena, PerProcess};

/// `SaNameT` as programs without long names see it; the others see as many opaque bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaNameT {
    /// How many bytes of `value` count, or the mark of a long name.
    pub length: u16,
    /// The text, with a NUL behind it where there is room.
    pub value: [u8; 256],
}

/// The longest name that a program may hand in.
pub const NAME_LENGTH_MAX: usize = ais::DN_LENGTH_MAX;

const VALUE_LENGTH: usize = 256;
/// Stands in the length of a long name (OpenSAF's number).
const LONG: u16 = 0xcd2b;
/// Where the pointer to a long name is, from the beginning of the structure.
const POINTER_AT: usize = size_of::<*const c_char>();

static ENABLED: PerProcess<bool> =
    PerProcess::new(|| std::env::var_os("SA_ENABLE_EXTENDED_NAMES").is_some_and(|value| value == "1"));

/// Whether the program may use long names: read once, at the first question.
pub fn are_extended_names_enabled() -> bool {
    *ENABLED.get()
}

/// The text of a name; `None` for NULL. It ends at the first NUL in it.
///
/// # Errors
/// INVALID_PARAM where the length is impossible, a long name is not allowed or short, or the text is not UTF-8;
/// NAME_TOO_LONG where it has more than 2048 bytes.
///
/// # Safety
/// NULL, or a name that nobody changes while it is read; the pointer in a long one leads to a text with a NUL.
pub unsafe fn read_name(name: *const SaNameT) -> Result<Option<String>, AisError> {
    if name.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so it is a name; where it lies does not matter.
    let length = unsafe { name.cast::<u16>().read_unaligned() };
    let bytes = if length == LONG {
        if !are_extended_names_enabled() {
            return Err(AisError::InvalidParam);
        }
        // SAFETY: it is a name, and this one has a pointer in it.
        let text = unsafe { name.byte_add(POINTER_AT).cast::<*const u8>().read_unaligned() };
        // SAFETY: it leads to a text with a NUL.
        unsafe { long_text(text) }?
    } else {
        let length = usize::from(length);
        if length >= VALUE_LENGTH {
            return Err(AisError::InvalidParam);
        }
        // SAFETY: the structure has 256 bytes from there on, and nobody changes them.
        unsafe { std::slice::from_raw_parts(name.byte_add(offset_of!(SaNameT, value)).cast::<u8>(), length) }
    };
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| AisError::InvalidParam)?;
    Ok(Some(text.to_owned()))
}

/// # Safety
/// NULL or a text with a NUL.
unsafe fn long_text<'a>(text: *const u8) -> Result<&'a [u8], AisError> {
    if text.is_null() {
        return Err(AisError::InvalidParam);
    }
    let mut length = 0;
    // SAFETY: bytes up to the NUL can be read.
    while unsafe { text.add(length).read() } != 0 {
        length += 1;
        if length > NAME_LENGTH_MAX {
            return Err(AisError::NameTooLong);
        }
    }
    if length < VALUE_LENGTH {
        return Err(AisError::InvalidParam);
    }
    // SAFETY: these bytes were just read.
    Ok(unsafe { std::slice::from_raw_parts(text, length) })
}

/// Writes the name; a long one points into the arena.
///
/// # Safety
/// `name` is not NULL and has room for a name.
pub unsafe fn write_name(text: &str, name: *mut SaNameT, arena: &mut Arena) {
    let text = if text.len() < VALUE_LENGTH {
        // SAFETY: the caller's promise.
        unsafe { write_short(text.as_bytes(), name) };
        return;
    } else {
        arena.text(text)
    };
    // SAFETY: the caller's promise.
    unsafe { write_long(text, name) };
}

/// # Safety
/// As [`write_name`], for a text of fewer than 256 bytes.
unsafe fn write_short(text: &[u8], name: *mut SaNameT) {
    let length = u16::try_from(text.len()).unwrap_or_default();
    // SAFETY: there is room for a name: the length, then 256 bytes, of which these and a NUL are written.
    unsafe {
        name.cast::<u16>().write_unaligned(length);
        let value = name.byte_add(offset_of!(SaNameT, value)).cast::<u8>();
        value.copy_from(text.as_ptr(), text.len());
        value.add(text.len()).write(0);
    }
}

/// # Safety
/// As [`write_name`].
unsafe fn write_long(text: *const c_char, name: *mut SaNameT) {
    // SAFETY: there is room for a name, which is more than a length and a pointer.
    unsafe {
        name.cast::<u16>().write_unaligned(LONG);
        name.byte_add(POINTER_AT)
            .cast::<*const c_char>()
            .write_unaligned(text);
    }
}

/// `saAisNameLend`: the name gets the text; of a long one it gets the pointer, and the text stays the program's.
///
/// # Safety
/// `value` is NULL or a text with a NUL; `name` is NULL or has room for a name.
pub unsafe fn lend_name(value: *const c_char, name: *mut SaNameT) {
    if value.is_null() || name.is_null() {
        return;
    }
    // SAFETY: a text with a NUL.
    let bytes = unsafe { std::ffi::CStr::from_ptr(value) }.to_bytes();
    // SAFETY: there is room for a name.
    unsafe {
        if bytes.len() < VALUE_LENGTH {
            write_short(bytes, name);
        } else {
            write_long(value, name);
        }
    }
}

/// `saAisNameBorrow`: the text of the name, which lives as long as the name does; NULL for NULL.
///
/// # Safety
/// `name` is NULL or a name.
pub unsafe fn borrow_name(name: *const SaNameT) -> *const c_char {
    if name.is_null() {
        return std::ptr::null();
    }
    // SAFETY: a name, and where it has the mark of a long one there is a pointer in it.
    unsafe {
        if name.cast::<u16>().read_unaligned() == LONG {
            name.byte_add(POINTER_AT).cast::<*const c_char>().read_unaligned()
        } else {
            name.byte_add(offset_of!(SaNameT, value)).cast()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: SaNameT = SaNameT {
        length: 0,
        value: [0; 256],
    };

    fn read(name: &SaNameT) -> Result<String, AisError> {
        // SAFETY: a name that lives.
        unsafe { read_name(name) }.map(Option::unwrap)
    }

    #[test]
    fn a_short_name_stands_in_the_structure() {
        assert_eq!((size_of::<SaNameT>(), align_of::<SaNameT>()), (258, 2));
        let (mut name, mut arena) = (EMPTY, Arena::default());
        for text in ["", "safApp=A", &"x".repeat(255)] {
            // SAFETY: there is room.
            unsafe { write_name(text, &raw mut name, &mut arena) };
            assert_eq!(read(&name).as_deref(), Ok(text));
        }
        // Programs count the NUL, too.
        name.length = 4;
        name.value[..4].copy_from_slice(b"a=1\0");
        assert_eq!(read(&name).as_deref(), Ok("a=1"));
    }

    #[test]
    fn a_length_that_cannot_be_is_refused() {
        let mut name = EMPTY;
        for length in [256, 300, LONG, u16::MAX] {
            name.length = length;
            assert_eq!(read(&name), Err(AisError::InvalidParam), "{length}");
        }
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { read_name(std::ptr::null()) }, Ok(None));
    }

    #[test]
    fn what_is_lent_can_be_borrowed() {
        let mut name = EMPTY;
        for text in [
            c"safApp=A".to_owned(),
            std::ffi::CString::new("y".repeat(300)).unwrap(),
        ] {
            // SAFETY: texts and a name that live.
            let borrowed = unsafe {
                lend_name(text.as_ptr(), &raw mut name);
                std::ffi::CStr::from_ptr(borrow_name(&raw const name))
            };
            assert_eq!(borrowed, text.as_c_str());
        }
        assert_eq!(name.length, LONG);
    }
}
