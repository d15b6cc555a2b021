//! From text to a [`Document`]: the format's structure, nothing about classes that stand elsewhere.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use ais::{AttrDef, AttrFlags, ClassCategory, ClassDef, SYSTEM_ATTRIBUTES, Value, ValueType};
use base64::Engine as _;

use crate::input::{Input, Open};
use crate::problem::Subject;
use crate::{Document, Located, Problem, Rule, XmlAttr, XmlObject};

/// The flags with their names in files, in the order in which dumps have them.
pub(crate) const FLAGS: [(AttrFlags, &str); 11] = [
    (AttrFlags::MULTI_VALUE, "SA_MULTI_VALUE"),
    (AttrFlags::WRITABLE, "SA_WRITABLE"),
    (AttrFlags::INITIALIZED, "SA_INITIALIZED"),
    (AttrFlags::PERSISTENT, "SA_PERSISTENT"),
    (AttrFlags::CACHED, "SA_CACHED"),
    (AttrFlags::NOTIFY, "SA_NOTIFY"),
    (AttrFlags::NO_DUPLICATES, "SA_NO_DUPLICATES"),
    (AttrFlags::NO_DANGLING, "SA_NO_DANGLING"),
    (AttrFlags::DN, "SA_DN"),
    (AttrFlags::DEFAULT_REMOVED, "SA_DEFAULT_REMOVED"),
    (AttrFlags::STRONG_DEFAULT, "SA_STRONG_DEFAULT"),
];

/// Flag texts that say what the element or the category says already.
const SILENT_FLAGS: [&str; 3] = ["SA_RDN", "SA_CONFIG", "SA_RUNTIME"];

/// Reads a model: `bytes` is the content of `file`, whose name is used in messages only.
///
/// Values stay texts; [`crate::resolve`] and [`crate::check`] type them.
///
/// # Errors
/// The first thing that is not well-formed XML or not of the format.
pub fn parse<'t>(file: &str, bytes: &'t [u8]) -> Result<Document<'t>, Problem> {
    parse_with_flags(file, bytes, &BTreeSet::new())
}

/// As [`parse`], where attributes may have `flags` that mean nothing here, those of a newer schema.
///
/// # Errors
/// As for [`parse`].
pub fn parse_with_flags<'t>(
    file: &str,
    bytes: &'t [u8],
    flags: &BTreeSet<String>,
) -> Result<Document<'t>, Problem> {
    let file: Arc<str> = file.into();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let at = crate::position::Cursor::new(&good).at(good.len());
        Subject::default().breaks(Rule::NotUtf8, &file, at)
    })?;
    let mut parser = Parser {
        input: Input::new(&file, text),
        flags,
        class: "".into(),
        document: Document {
            file,
            classes: Vec::new(),
            objects: Vec::new(),
            warnings: Vec::new(),
        },
    };
    parser.contents()?;
    parser.document.warnings = parser.input.warnings;
    Ok(parser.document)
}

struct Parser<'t, 'f> {
    input: Input<'t>,
    /// Flags that are stepped over.
    flags: &'f BTreeSet<String>,
    /// The class of the last object: the next one is often of the same.
    class: Arc<str>,
    document: Document<'t>,
}

impl<'t> Parser<'t, '_> {
    fn contents(&mut self) -> Result<(), Problem> {
        let root = self.input.root()?;
        let name = root.name();
        if name.rsplit_once(':').map_or(name, |(_, local)| local) != "IMM-contents" {
            let rule = Rule::Root(name.to_owned());
            return Err(self.input.problem_at(root.at, Subject::default(), rule));
        }
        while let Some(child) = self.input.child("imm:IMM-contents")? {
            match child.name() {
                "class" if self.document.objects.is_empty() => {
                    let class = self.class(&child)?;
                    self.document.classes.push(class);
                }
                "class" => return Err(self.input.problem(Subject::default(), Rule::ClassAfterObject)),
                "object" => {
                    let object = self.object(&child)?;
                    self.document.objects.push(object);
                }
                _ => return Err(self.unexpected(&child, "imm:IMM-contents", Subject::default())),
            }
        }
        self.input.end()
    }

    fn unexpected(&self, child: &Open<'_>, parent: &str, subject: Subject<'_>) -> Problem {
        let rule = Rule::Element {
            child: child.name().into(),
            parent: parent.into(),
        };
        self.input.problem_at(child.at, subject, rule)
    }

    // ---- classes ----

    fn class(&mut self, open: &Open<'_>) -> Result<Located<ClassDef>, Problem> {
        let missing = |what| Rule::Missing {
            what,
            parent: "class",
        };
        let Some(name) = self.input.attribute(open, "name")? else {
            let rule = missing("the attribute 'name'");
            return Err(self.input.problem_at(open.at, Subject::default(), rule));
        };
        let subject = Subject::class(&name);
        let mut category = None;
        let mut attrs: Vec<AttrDef> = Vec::new();
        let mut has_rdn = false;
        while let Some(child) = self.input.child("class")? {
            match child.name() {
                "category" => {
                    let found = self.category(subject)?;
                    self.once(&mut category, found, &child, "class", subject)?;
                }
                "rdn" if has_rdn => {
                    let rule = Rule::Twice {
                        child: "rdn".into(),
                        parent: "class",
                    };
                    return Err(self.input.problem_at(child.at, subject, rule));
                }
                "rdn" => {
                    has_rdn = true;
                    attrs.push(self.attr_def(&child, "rdn", subject)?);
                }
                "attr" => attrs.push(self.attr_def(&child, "attr", subject)?),
                _ => return Err(self.unexpected(&child, "class", subject)),
            }
        }
        let problem = |rule| self.input.problem_at(open.at, subject, rule);
        if !has_rdn {
            return Err(problem(missing("<rdn>")));
        }
        // Dumps show the attributes that the repository adds by itself.
        attrs.retain(|attr| !SYSTEM_ATTRIBUTES.contains(&attr.name.as_str()));
        let category = category.ok_or_else(|| problem(missing("<category>")))?;
        Ok(Located {
            at: open.at,
            it: ClassDef {
                name,
                category,
                attrs,
            },
        })
    }

    fn attr_def(
        &mut self,
        open: &Open<'_>,
        element: &'static str,
        subject: Subject<'_>,
    ) -> Result<AttrDef, Problem> {
        let (mut name, mut value_type, mut category, mut default) = (None, None, None, None);
        let mut flags = AttrFlags::empty();
        while let Some(child) = self.input.child(element)? {
            match child.name() {
                "name" => {
                    let found = self.word("name")?;
                    self.once(&mut name, found, &child, element, subject)?;
                }
                "type" => {
                    let found = self.word("type")?;
                    let known = ValueType::from_name(&found)
                        .ok_or_else(|| self.bad_word(&child, subject, &found, "type of values"))?;
                    self.once(&mut value_type, known, &child, element, subject)?;
                }
                "category" => {
                    let found = self.category(subject)?;
                    self.once(&mut category, found, &child, element, subject)?;
                }
                "flag" => flags |= self.flag(&child, subject)?,
                // Known to the format, without meaning.
                "ntfid" => drop(self.input.text("ntfid")?),
                "default-value" if element == "attr" => {
                    let at = child.at;
                    let it = self.value_text(&child, "default-value", subject)?;
                    let found = Located { at, it };
                    self.once(&mut default, found, &child, element, subject)?;
                }
                _ => return Err(self.unexpected(&child, element, subject)),
            }
        }
        let name = name.unwrap_or_default().into_owned();
        let subject = subject.attribute(&name);
        let missing = |what| {
            let rule = Rule::Missing {
                what,
                parent: element,
            };
            self.input.problem_at(open.at, subject, rule)
        };
        if name.is_empty() {
            return Err(missing("<name>"));
        }
        let value_type = value_type.ok_or_else(|| missing("<type>"))?;
        flags |= match category.ok_or_else(|| missing("<category>"))? {
            ClassCategory::Config => AttrFlags::CONFIG,
            ClassCategory::Runtime => AttrFlags::RUNTIME,
        };
        flags.set(AttrFlags::RDN, element == "rdn");
        let typed = |text: Located<Cow<'_, str>>| {
            Value::parse(value_type, &text.it)
                .map_err(|e| self.input.problem_at(text.at, subject, Rule::Value(e)))
        };
        // DEVIATION(CLI-005): a default that is no value of the type is always an error.
        let default = default.map(typed).transpose()?;
        Ok(AttrDef {
            name,
            value_type,
            flags,
            default,
        })
    }

    fn category(&mut self, subject: Subject<'_>) -> Result<ClassCategory, Problem> {
        let word = self.word("category")?;
        match &*word {
            "SA_CONFIG" => Ok(ClassCategory::Config),
            "SA_RUNTIME" => Ok(ClassCategory::Runtime),
            _ => {
                let what = "category (SA_CONFIG or SA_RUNTIME)";
                let word = word.into_owned();
                Err(self.input.problem(subject, Rule::Word { word, what }))
            }
        }
    }

    fn flag(&mut self, open: &Open<'_>, subject: Subject<'_>) -> Result<AttrFlags, Problem> {
        let word = self.word("flag")?;
        if let Some((flag, _)) = FLAGS.iter().find(|(_, name)| *name == word) {
            return Ok(*flag);
        }
        if SILENT_FLAGS.contains(&&*word) || self.flags.contains(&*word) {
            return Ok(AttrFlags::empty());
        }
        Err(self.bad_word(open, subject, &word, "flag of attributes"))
    }

    // ---- objects ----

    fn object(&mut self, open: &Open<'_>) -> Result<XmlObject<'t>, Problem> {
        let missing = |what| Rule::Missing {
            what,
            parent: "object",
        };
        let mut dn: Option<Located<Cow<'t, str>>> = None;
        let mut attrs = Vec::new();
        while let Some(child) = self.input.child("object")? {
            let subject = Subject::object(dn.as_ref().map_or("", |dn| &*dn.it));
            match child.name() {
                "dn" => {
                    let it = self.word("dn")?;
                    let found = Located { at: child.at, it };
                    self.once(&mut dn, found, &child, "object", Subject::default())?;
                }
                "attr" => attrs.push(self.attr(&child, subject)?),
                _ => return Err(self.unexpected(&child, "object", subject)),
            }
        }
        let problem = |rule| self.input.problem_at(open.at, Subject::default(), rule);
        let class = self
            .input
            .attribute(open, "class")?
            .ok_or_else(|| problem(missing("the attribute 'class'")))?;
        let dn = dn.ok_or_else(|| problem(missing("<dn>")))?;
        if *self.class != *class {
            self.class = class.into();
        }
        Ok(XmlObject {
            at: open.at,
            class: self.class.clone(),
            dn,
            attrs,
        })
    }

    fn attr(&mut self, open: &Open<'_>, subject: Subject<'_>) -> Result<XmlAttr<'t>, Problem> {
        let mut name: Option<Cow<'t, str>> = None;
        let mut values = Vec::new();
        while let Some(child) = self.input.child("attr")? {
            match child.name() {
                "name" => {
                    let found = self.word("name")?;
                    self.once(&mut name, found, &child, "attr", subject)?;
                }
                "value" => {
                    let subject = subject.attribute(name.as_deref().unwrap_or_default());
                    let it = self.value_text(&child, "value", subject)?;
                    values.push(Located { at: child.at, it });
                }
                _ => return Err(self.unexpected(&child, "attr", subject)),
            }
        }
        let rule = Rule::Missing {
            what: "<name>",
            parent: "attr",
        };
        Ok(XmlAttr {
            at: open.at,
            name: name.ok_or_else(|| self.input.problem_at(open.at, subject, rule))?,
            values,
        })
    }

    /// The text of a value, decoded where it is announced as base64.
    fn value_text(
        &mut self,
        open: &Open<'_>,
        element: &str,
        subject: Subject<'_>,
    ) -> Result<Cow<'t, str>, Problem> {
        let kind = self.input.attribute(open, "xsi:type")?;
        let text = self.input.text(element)?;
        let is_base64 = |kind: &str| kind.rsplit(':').next() == Some("base64Binary");
        if !kind.is_some_and(|kind| is_base64(&kind)) {
            return Ok(text);
        }
        let packed: String = text.split_ascii_whitespace().collect();
        base64::prelude::BASE64_STANDARD
            .decode(packed)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(Cow::Owned)
            .ok_or_else(|| self.input.problem_at(open.at, subject, Rule::Base64))
    }

    // ---- small ones ----

    /// The text of an element without the white space around it.
    fn word(&mut self, element: &str) -> Result<Cow<'t, str>, Problem> {
        Ok(match self.input.text(element)? {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })
    }

    fn bad_word(&self, open: &Open<'_>, subject: Subject<'_>, word: &str, what: &'static str) -> Problem {
        let word = word.to_owned();
        self.input.problem_at(open.at, subject, Rule::Word { word, what })
    }

    /// Fills a place that may be filled once.
    fn once<T>(
        &self,
        place: &mut Option<T>,
        found: T,
        open: &Open<'_>,
        parent: &'static str,
        subject: Subject<'_>,
    ) -> Result<(), Problem> {
        if place.replace(found).is_some() {
            let child = open.name().into();
            let rule = Rule::Twice { child, parent };
            return Err(self.input.problem_at(open.at, subject, rule));
        }
        Ok(())
    }
}
