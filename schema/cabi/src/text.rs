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

/// A text of any bytes; `None` for NULL. Bytes that are no UTF-8 become characters of a private range, which [`any_bytes`] makes
/// bytes again, so that a program gets what another one gave.
///
/// # Errors
/// INVALID_PARAM where it has no end within 16 MiB.
///
/// # Safety
/// As [`text`].
pub unsafe fn any_text(text: *const c_char) -> Result<Option<String>, AisError> {
    // SAFETY: the caller's promise is the same.
    let bytes = unsafe { bytes_within(text, TEXT_MAX) }?;
    Ok(bytes.map(|bytes| {
        let mut written = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if stands_for(c).is_some() {
                    written.extend(c.encode_utf8(&mut [0; 4]).bytes().map(stand_in));
                } else {
                    written.push(c);
                }
            }
            written.extend(chunk.invalid().iter().copied().map(stand_in));
        }
        written
    }))
}

/// The bytes that [`any_text`] has read.
pub fn any_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match stands_for(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The last characters for private use: the one for the byte 0x80 is U+10FF80. Every byte that is no UTF-8 is 0x80 or more.
const STAND_INS: u32 = 0x10_ff00;

fn stand_in(byte: u8) -> char {
    char::from_u32(STAND_INS + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn stands_for(c: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(c).checked_sub(STAND_INS)?).ok()?;
    (byte >= 0x80).then_some(byte)
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
    fn any_bytes_come_back_as_they_were() {
        for given in [
            c"",
            c"plain",
            c"na\xc3\xafve",
            c"\xad\x0b",
            c"a\xff\xc3b\xc3",
            c"\xf4\x8f\xbf\xbf and \xf4\x8f\xbe\x80",
        ] {
            // SAFETY: a C string.
            let text = unsafe { any_text(given.as_ptr()) }.unwrap().unwrap();
            assert_eq!(any_bytes(&text), given.to_bytes(), "{text:?}");
            assert!(given.to_str() != Ok("plain") || text == "plain");
        }
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
