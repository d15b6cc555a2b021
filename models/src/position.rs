//! Where something stands in a file.

use std::fmt;

/// A place in a file; both numbers count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Position {
    /// The beginning of a file.
    pub const START: Position = Position { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something with the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// Where it stands.
    pub at: Position,
    /// What stands there.
    pub it: T,
}

/// Turns byte offsets into positions. Offsets must not go back, so that each byte is looked at once.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Cursor<'a> {
        Cursor {
            text,
            offset: 0,
            position: Position::START,
        }
    }

    /// The position of the byte at this offset; an offset that goes back stays where the last one was.
    #[expect(
        clippy::naive_bytecount,
        reason = "the compiler makes it wide; no need for a crate"
    )]
    pub(crate) fn at(&mut self, offset: usize) -> Position {
        let bytes = self.text.as_bytes();
        let passed = bytes
            .get(self.offset..offset.min(bytes.len()))
            .unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        let last = match passed.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => {
                self.position.column = 1;
                &passed[at + 1..]
            }
            None => passed,
        };
        // Bytes that continue a character do not count.
        let characters = last.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        let more = |number: u32, by: usize| number.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
        self.position.line = more(self.position.line, breaks);
        self.position.column = more(self.position.column, characters);
        self.offset += passed.len();
        self.position
    }

    /// The position of the first byte from this offset that is not blank.
    pub(crate) fn at_ink(&mut self, offset: usize) -> Position {
        let rest = self.text.get(offset..).unwrap_or_default();
        self.at(offset + rest.len() - rest.trim_ascii_start().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_begin_again_in_each_line() {
        let mut cursor = Cursor::new("a\u{20ac}b\ncd");
        let at = |line, column| Position { line, column };
        assert_eq!(cursor.at(0), at(1, 1));
        assert_eq!(cursor.at(4), at(1, 3));
        assert_eq!(cursor.at(6), at(2, 1));
        assert_eq!(cursor.at(7), at(2, 2));
        assert_eq!(cursor.at(3), at(2, 2));
        assert_eq!(cursor.at(100), at(2, 3));
    }
}
