//! Texts and lists that C programs hand in.

use std::ffi::c_char;

use ais::AisError;

/// No text that a program hands in may be longer.
const TEXT_MAX: usize = 16 << 20;

/// A text; `None` for NULL.
///
/// # Errors
/// INVALID_PARAM where it is not UTF-8 or has no end within 16 MiB.
///
/// # Safety
/// NULL, or a text with a NUL at its end that nobody changes while it is read.
pub unsafe fn text<'a>(text: *const c_char) -> Result<Option<&'a str>, AisError> {
    // SAFETY: the caller's promise is the same.
    unsafe { text_within(text, TEXT_MAX) }
}

/// A text that people read, with a mark in the place of what is not UTF-8; `None` for NULL.
///
/// # Errors
/// INVALID_PARAM where it has no end within 16 MiB.
///
/// # Safety
/// As [`text`].
pub unsafe fn text_lossy(text: *const c_char) -> Result<Option<String>, AisError> {
    // SAFETY: the caller's promise is the same.
    let bytes = unsafe { bytes_within(text, TEXT_MAX) }?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

/// A text of at most `max` bytes; `None` for NULL.
///
/// # Errors
/// INVALID_PARAM where it is longer or not UTF-8.
///
/// # Safety
/// NULL, or a text with a NUL at its end, or at least `max` + 1 bytes without; nobody changes it while it is read.
pub unsafe fn text_within<'a>(text: *const c_char, max: usize) -> Result<Option<&'a str>, AisError> {
    // SAFETY: the caller's promise is the same.
    match unsafe { bytes_within(text, max) }? {
        None => Ok(None),
        Some(bytes) => std::str::from_utf8(bytes)
            .map(Some)
            .map_err(|_| AisError::InvalidParam),
    }
}

/// # Safety
/// As [`text_within`].
unsafe fn bytes_within<'a>(text: *const c_char, max: usize) -> Result<Option<&'a [u8]>, AisError> {
    if text.is_null() {
        return Ok(None);
    }
    let start = text.cast::<u8>();
    let mut length = 0;
    // SAFETY: bytes up to the NUL, or up to `max`, can be read by the caller's promise.
    while unsafe { start.add(length).read() } != 0 {
        length += 1;
        if length > max {
            return Err(AisError::InvalidParam);
        }
    }
    // SAFETY: these bytes were just read, and nobody changes them.
    Ok(Some(unsafe { std::slice::from_raw_parts(start, length) }))
}

/// The pointers of a list that ends with NULL; `None` where there is no list.
///
/// # Errors
/// INVALID_PARAM where it has no end within `max` entries.
///
/// # Safety
/// NULL, or pointers up to a NULL, or at least `max` + 1 of them.
pub unsafe fn list<T>(list: *const *const T, max: usize) -> Result<Option<Vec<*const T>>, AisError> {
    if list.is_null() {
        return Ok(None);
    }
    let mut entries = Vec::new();
    loop {
        // SAFETY: the entries before were not NULL and there are no more than `max` of them.
        let entry = unsafe { list.add(entries.len()).read_unaligned() };
        if entry.is_null() {
            return Ok(Some(entries));
        }
        if entries.len() == max {
            return Err(AisError::InvalidParam);
        }
        entries.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_where_they_end() {
        let read = |text: &std::ffi::CStr, max| {
            // SAFETY: a C string.
            unsafe { text_within(text.as_ptr(), max) }.map(|text| text.unwrap().to_owned())
        };
        assert_eq!(read(c"abc", 3), Ok("abc".to_owned()));
        assert_eq!(read(c"", 0), Ok(String::new()));
        assert_eq!(read(c"abc", 2), Err(AisError::InvalidParam));
        assert_eq!(read(c"\xff", 3), Err(AisError::InvalidParam));
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { text(std::ptr::null()) }, Ok(None));
    }

    #[test]
    fn lists_end_with_null() {
        let (a, b) = (1, 2);
        let entries = [&raw const a, &raw const b, std::ptr::null()];
        // SAFETY: the list ends with NULL.
        let read = |max| unsafe { list(entries.as_ptr(), max) };
        assert_eq!(read(2).unwrap().unwrap().len(), 2);
        assert_eq!(read(1), Err(AisError::InvalidParam));
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { list::<u8>(std::ptr::null(), 1) }, Ok(None));
    }
}
