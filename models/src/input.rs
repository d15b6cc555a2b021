//! The XML below the format: elements and texts with their places, everything else refused or stepped over.

use std::borrow::Cow;
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use crate::position::Cursor;
use crate::problem::Subject;
use crate::{Position, Problem, Rule, TEXT_MAX};

/// The beginning of an element.
pub(crate) struct Open<'a> {
    pub(crate) at: Position,
    tag: BytesStart<'a>,
}

impl Open<'_> {
    /// The element's name as it is written.
    pub(crate) fn name(&self) -> &str {
        self.tag.name().into_inner()
    }
}

/// What comes next in an element.
pub(crate) enum Token<'a> {
    Open(Open<'a>),
    Text(Cow<'a, str>),
    Close,
}

/// A file that is being read.
pub(crate) struct Input<'a> {
    file: Arc<str>,
    reader: Reader<&'a [u8]>,
    cursor: Cursor<'a>,
    /// The offset of the last token.
    start: usize,
    /// What was stepped over though it was not blank.
    pub(crate) warnings: Vec<Problem>,
}

/// How many warnings are kept for a file.
const WARNINGS_MAX: usize = 100;

impl<'a> Input<'a> {
    pub(crate) fn new(file: &Arc<str>, text: &'a str) -> Input<'a> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Input {
            file: Arc::clone(file),
            reader,
            cursor: Cursor::new(text),
            start: 0,
            warnings: Vec::new(),
        }
    }

    /// A problem at the place of the last token.
    pub(crate) fn problem(&self, subject: Subject<'_>, rule: Rule) -> Problem {
        self.problem_at(self.at(), subject, rule)
    }

    pub(crate) fn problem_at(&self, at: Position, subject: Subject<'_>, rule: Rule) -> Problem {
        subject.breaks(rule, &self.file, at)
    }

    /// Where the last token stands. Problems are rare, so positions of tokens that only they need are made on demand.
    fn at(&self) -> Position {
        self.cursor.clone().at(self.start)
    }

    fn plain(&self, rule: Rule) -> Problem {
        self.problem(Subject::default(), rule)
    }

    /// The outermost element.
    pub(crate) fn root(&mut self) -> Result<Open<'a>, Problem> {
        match self.next()? {
            Some(Token::Open(open)) => Ok(open),
            Some(Token::Text(_)) => {
                Err(self.plain(Rule::Xml("text stands before the first element".to_owned())))
            }
            Some(Token::Close) | None => Err(self.plain(Rule::Xml("the file has no element".to_owned()))),
        }
    }

    /// Nothing may come after the outermost element.
    pub(crate) fn end(&mut self) -> Result<(), Problem> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(self.plain(Rule::Xml(
                "something stands after the end of the model".to_owned(),
            ))),
        }
    }

    /// The next element in `parent`; `None` at its end. Text in between means nothing, so it is stepped over as OpenSAF
    /// does, but with a warning.
    pub(crate) fn child(&mut self, parent: &str) -> Result<Option<Open<'a>>, Problem> {
        loop {
            match self.token()? {
                Token::Open(open) => return Ok(Some(open)),
                Token::Close => return Ok(None),
                Token::Text(text) if self.warnings.len() < WARNINGS_MAX => {
                    let rule = Rule::Text {
                        text: text.trim().chars().take(40).collect(),
                        parent: parent.into(),
                    };
                    let at = self.cursor.at_ink(self.start);
                    let warning = self.problem_at(at, Subject::default(), rule);
                    self.warnings.push(warning);
                }
                Token::Text(_) => {}
            }
        }
    }

    /// The text of an element that has nothing else, to its end.
    pub(crate) fn text(&mut self, element: &str) -> Result<Cow<'a, str>, Problem> {
        let mut all: Option<Cow<'a, str>> = None;
        loop {
            let part = match self.raw()? {
                Some(Token::Close) => return Ok(all.unwrap_or_default()),
                Some(Token::Text(part)) => part,
                Some(Token::Open(open)) => {
                    return Err(self.plain(Rule::Element {
                        child: open.name().into(),
                        parent: element.into(),
                    }));
                }
                None => return Err(self.unfinished()),
            };
            all = Some(match all {
                None => part,
                Some(before) => before + part,
            });
            if all.as_ref().is_some_and(|text| text.len() > TEXT_MAX) {
                return Err(self.plain(Rule::TooLong));
            }
        }
    }

    /// The value of an XML attribute.
    pub(crate) fn attribute(&self, open: &Open<'_>, name: &str) -> Result<Option<String>, Problem> {
        if open.tag.attributes_raw().is_empty() {
            return Ok(None);
        }
        let fail = |text: String| self.problem_at(open.at, Subject::default(), Rule::Xml(text));
        let Some(found) = open
            .tag
            .try_get_attribute(name)
            .map_err(|e| fail(e.to_string()))?
        else {
            return Ok(None);
        };
        let value = found
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|e| fail(e.to_string()))?;
        Ok(Some(value.into_owned()))
    }

    /// The next element, or text that is not blank, or the end of the element that is open.
    fn token(&mut self) -> Result<Token<'a>, Problem> {
        self.next()?.ok_or_else(|| self.unfinished())
    }

    fn unfinished(&self) -> Problem {
        self.plain(Rule::Xml("the file ends in the middle of an element".to_owned()))
    }

    /// As [`Input::raw`], without texts of white space.
    fn next(&mut self) -> Result<Option<Token<'a>>, Problem> {
        loop {
            match self.raw()? {
                Some(Token::Text(text)) if text.trim_ascii().is_empty() => {}
                other => return Ok(other),
            }
        }
    }

    /// The next token; `None` at the end of the file. Comments and processing instructions are stepped over.
    fn raw(&mut self) -> Result<Option<Token<'a>>, Problem> {
        loop {
            self.start = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let place = self.reader.error_position();
                    self.start = usize::try_from(place).unwrap_or(usize::MAX);
                    return Err(self.plain(Rule::Xml(error.to_string())));
                }
            };
            match event {
                Event::Start(tag) | Event::Empty(tag) => {
                    let at = self.cursor.at(self.start);
                    return Ok(Some(Token::Open(Open { at, tag })));
                }
                Event::End(_) => return Ok(Some(Token::Close)),
                Event::Text(text) => return self.checked(text.xml10_content()).map(Some),
                Event::CData(data) => return self.checked(data.xml10_content()).map(Some),
                Event::GeneralRef(reference) => return self.reference(&reference).map(Some),
                Event::Decl(declaration) => self.declaration(&declaration)?,
                Event::DocType(_) => {
                    let text = "a document type declaration may not stand in a model";
                    return Err(self.plain(Rule::Xml(text.to_owned())));
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return Ok(None),
            }
        }
    }

    /// Text without characters that XML 1.0 forbids.
    fn checked(&self, text: Cow<'a, str>) -> Result<Token<'a>, Problem> {
        // Of what is not ASCII only two characters are bad, and their first byte is 0xef.
        let doubtful = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 0xef);
        let bad = if text.as_bytes().iter().any(doubtful) {
            text.chars().find(|c| !is_xml(*c))
        } else {
            None
        };
        match bad {
            None => Ok(Token::Text(text)),
            Some(bad) => Err(self.plain(Rule::Character(u32::from(bad)))),
        }
    }

    /// `&amp;` or `&#13;`.
    fn reference(&self, reference: &BytesRef<'_>) -> Result<Token<'a>, Problem> {
        let character = reference
            .resolve_char_ref()
            .map_err(|e| self.plain(Rule::Xml(e.to_string())))?;
        if let Some(character) = character {
            return self.checked(Cow::Owned(character.to_string()));
        }
        match quick_xml::escape::resolve_predefined_entity(reference) {
            Some(text) => Ok(Token::Text(Cow::Borrowed(text))),
            None => Err(self.plain(Rule::Entity(reference.to_string()))),
        }
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), Problem> {
        let Some(encoding) = declaration.encoding() else {
            return Ok(());
        };
        let encoding = encoding.map_err(|e| self.plain(Rule::Xml(e.to_string())))?;
        if ["utf-8", "utf8", "us-ascii", "ascii"].contains(&encoding.to_ascii_lowercase().as_str()) {
            Ok(())
        } else {
            Err(self.plain(Rule::Encoding(encoding.into_owned())))
        }
    }
}

/// Whether XML 1.0 allows the character.
pub(crate) const fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}
