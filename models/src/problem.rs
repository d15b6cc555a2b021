//! What is wrong with a model, in words that name the place, the object, the attribute and the rule.

use std::fmt;
use std::sync::Arc;

use ais::{DnError, ValueError};

use crate::Position;

/// The rule that a model breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Not well-formed XML; the text is the parser's.
    #[error("{0}")]
    Xml(String),
    /// The file is not UTF-8.
    #[error("the file is not UTF-8; save it in that encoding")]
    NotUtf8,
    /// The declaration names another encoding.
    #[error("the encoding '{0}' is not supported; save the file as UTF-8")]
    Encoding(String),
    /// The first element is another one.
    #[error("<{0}> is not a model; the outermost element of one is <imm:IMM-contents>")]
    Root(String),
    /// An element where the format has none.
    #[error("<{child}> may not stand in <{parent}>; is </{parent}> missing before it?")]
    Element {
        /// What was found.
        child: Box<str>,
        /// In which element.
        parent: Box<str>,
    },
    /// An element that may stand once only.
    #[error("<{child}> stands twice in <{parent}>")]
    Twice {
        /// The element.
        child: Box<str>,
        /// In which element.
        parent: &'static str,
    },
    /// An element or XML attribute that must be there.
    #[error("{what} is missing in <{parent}>")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// In which element.
        parent: &'static str,
    },
    /// Text where the format has none: a warning.
    #[error("the text '{text}' in <{parent}> means nothing and is ignored")]
    Text {
        /// Its beginning.
        text: Box<str>,
        /// In which element.
        parent: Box<str>,
    },
    /// A class after an object.
    #[error("classes stand before the objects; move this one up")]
    ClassAfterObject,
    /// A text beyond [`crate::TEXT_MAX`].
    #[error("the text has more than {} bytes", crate::TEXT_MAX)]
    TooLong,
    /// A character that XML 1.0 does not allow.
    #[error("the character U+{0:04X} may not stand in XML; write the value as base64")]
    Character(u32),
    /// An entity that is not one of XML's own.
    #[error("the entity &{0}; is not known")]
    Entity(String),
    /// A text announced as base64 that is none, or whose bytes are not UTF-8.
    #[error("the value is not base64 of a UTF-8 text")]
    Base64,
    /// A word that is not one of the format's.
    #[error("'{word}' is not a {what}")]
    Word {
        /// What was given.
        word: String,
        /// What was wanted.
        what: &'static str,
    },

    /// A class, or an attribute of a class, has a name it may not have.
    #[error("'{0}' is not a name; names have letters, digits and '_' and begin with no digit")]
    Name(String),
    /// Two attributes of a class.
    #[error("is defined twice in the class (case does not count)")]
    DuplicateAttrDef,
    /// Two classes.
    #[error("is defined already, at {0}")]
    DuplicateClass(String),
    /// A class that exists with another definition.
    #[error("exists with another definition: {0}")]
    ClassDiffers(String),

    /// An object of a class that is not there.
    #[error("the class '{0}' does not exist; load the file that defines it first")]
    UnknownClass(String),
    /// A runtime object that its implementer creates.
    #[error("belongs to the runtime class '{0}', whose objects do not survive a restart; leave it out")]
    RuntimeObject(String),
    /// The name is no DN.
    #[error("{0}")]
    Dn(DnError),
    /// A DN beyond 255 bytes while long DNs are off.
    #[error("the DN has {0} bytes, 255 are allowed; {LONG_DNS_HINT}")]
    LongDn(usize),
    /// An RDN beyond 64 bytes while long DNs are off.
    #[error("the RDN has {0} bytes, 64 are allowed; {LONG_DNS_HINT}")]
    LongRdn(usize),
    /// Two objects.
    #[error("stands twice, the first time at {0}")]
    DuplicateObject(String),
    /// An object without its parent.
    #[error("its parent '{0}' does not exist")]
    NoParent(String),

    /// An attribute that the class does not have.
    #[error("the class '{0}' has no such attribute")]
    UnknownAttr(String),
    /// An attribute given in two places.
    #[error("stands twice in the object; give several values in one <attr>")]
    DuplicateAttr,
    /// An attribute without a value.
    #[error("has no <value>")]
    NoValue,
    /// Several values for a single-valued attribute.
    #[error("has {0} values, but the class allows one")]
    SeveralValues(usize),
    /// Two equal values where the class forbids it.
    #[error("has the value '{0}' twice, which NO_DUPLICATES forbids")]
    DuplicateValue(String),
    /// The RDN attribute was given and says something else than the DN.
    #[error("names the object and must agree with its DN, which has '{0}'")]
    RdnDiffers(String),
    /// A runtime attribute that does not survive a restart.
    #[error("is a runtime attribute that does not survive a restart; its implementer sets it")]
    RuntimeAttr,
    /// A mandatory attribute.
    #[error("must be given when the object is created (INITIALIZED)")]
    NotInitialized,
    /// A text that is not of the attribute's type.
    #[error("{0}")]
    Value(ValueError),
    /// A reference to an object that does not exist.
    #[error("refers to '{0}', which does not exist")]
    Dangling(String),
}

const LONG_DNS_HINT: &str =
    "longer ones need longDnsAllowed=1 in the object opensafImm=opensafImm,safApp=safImmService";

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: Arc<str>,
    /// Where in it.
    pub at: Position,
    /// The class, if it is about one.
    pub class: Option<Box<str>>,
    /// The object, if it is about one.
    pub object: Option<Box<str>>,
    /// The attribute, if it is about one.
    pub attribute: Option<Box<str>>,
    /// What is wrong.
    pub rule: Rule,
}

/// Writes `shop.xml:41:9: object safSu=SU1 attribute saAmfSURank: '12x' is not a value of type SA_UINT32_T`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.at)?;
        let parts = [
            ("class", &self.class),
            ("object", &self.object),
            ("attribute", &self.attribute),
        ];
        let words: Vec<String> = parts
            .iter()
            .filter_map(|(kind, name)| name.as_ref().map(|name| format!("{kind} {name}")))
            .collect();
        if !words.is_empty() {
            write!(f, "{}: ", words.join(" "))?;
        }
        write!(f, "{}", self.rule)
    }
}

impl std::error::Error for Problem {}

/// Everything that is wrong, by file and position, or as much of it as was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The first ones.
    pub shown: Vec<Problem>,
    /// How many there are in all.
    pub total: usize,
}

/// One line for each; a last line counts those that are not shown.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.shown.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        match self.total - self.shown.len().min(self.total) {
            0 => Ok(()),
            more => write!(f, "\n... and {more} more"),
        }
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems {
            shown: vec![problem],
            total: 1,
        }
    }
}

/// What a problem is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Subject<'a> {
    pub(crate) class: Option<&'a str>,
    pub(crate) object: Option<&'a str>,
    pub(crate) attribute: Option<&'a str>,
}

impl<'a> Subject<'a> {
    pub(crate) fn class(name: &'a str) -> Subject<'a> {
        Subject {
            class: Some(name),
            ..Subject::default()
        }
    }

    pub(crate) fn object(dn: &'a str) -> Subject<'a> {
        Subject {
            object: Some(dn),
            ..Subject::default()
        }
    }

    pub(crate) fn attribute(self, name: &'a str) -> Subject<'a> {
        Subject {
            attribute: Some(name),
            ..self
        }
    }

    pub(crate) fn breaks(self, rule: Rule, file: &Arc<str>, at: Position) -> Problem {
        // An element without its name yet is not worth mentioning.
        let known = |name: Option<&str>| name.filter(|n| !n.is_empty()).map(Box::from);
        Problem {
            file: Arc::clone(file),
            at,
            class: known(self.class),
            object: known(self.object),
            attribute: known(self.attribute),
            rule,
        }
    }
}
