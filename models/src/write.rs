//! From classes and objects to a file, in the layout that OpenSAF's dumps have.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use ais::{Attr, AttrDef, AttrFlags, ClassCategory, ClassDef, Dn, Object, Value};
use base64::Engine as _;

use crate::XmlObject;
use crate::input::is_xml;
use crate::parse::FLAGS;

/// The namespaces of the outermost element.
const NAMESPACES: &str = "xmlns:imm=\"http://www.saforum.org/IMMSchema\" \
                          xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                          xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"";

/// Writes a model step by step: the classes at once, then one object after the other, in the order given.
///
/// What is written is what is given: who wants no system attributes leaves them out. The RDN attribute of an object
/// and attributes without values are not written. Flags that the format has no name for are not written either.
pub struct Writer<W> {
    out: W,
    /// The name of the attribute that names the objects, by class.
    rdns: BTreeMap<String, String>,
    /// The text of the object that is begun.
    object: String,
}

impl<W: Write> Writer<W> {
    /// Writes the head and the classes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W, classes: &[ClassDef]) -> io::Result<Writer<W>> {
        let schema = schema_name(classes);
        writeln!(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>")?;
        writeln!(
            out,
            "<imm:IMM-contents {NAMESPACES} xsi:noNamespaceSchemaLocation=\"{schema}\">"
        )?;
        let mut rdns = BTreeMap::new();
        for class in classes {
            write_class(&mut out, class)?;
            if let Some(rdn) = class.rdn() {
                rdns.insert(class.name.clone(), rdn.name.clone());
            }
        }
        Ok(Writer {
            out,
            rdns,
            object: String::new(),
        })
    }

    /// Writes an object.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn object(&mut self, class: &str, dn: &Dn, attrs: &[Attr]) -> io::Result<()> {
        self.begin_object(class, dn.as_str());
        let rdn = self.rdns.get(class).map_or(dn.rdn_name(), String::as_str);
        for attr in attrs.iter().filter(|a| !a.values.is_empty() && a.name != rdn) {
            begin_attr(&mut self.object, &attr.name);
            for value in &attr.values {
                match value.as_str() {
                    Some(text) => write_text(&mut self.object, "      ", "value", text),
                    None => write_text(&mut self.object, "      ", "value", &value.to_text()),
                }
            }
            end_attr(&mut self.object);
        }
        self.end_object()
    }

    /// Writes an object as it was read, whatever its class.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn raw_object(&mut self, object: &XmlObject<'_>) -> io::Result<()> {
        self.begin_object(&object.class, &object.dn.it);
        for attr in &object.attrs {
            self.begin_attr(&attr.name);
            for value in &attr.values {
                self.value(&value.it);
            }
            self.end_attr();
        }
        self.end_object()
    }

    /// Begins an object, which [`Writer::end_object`] must end; one that is begun instead takes its place.
    pub fn begin_object(&mut self, class: &str, dn: &str) {
        self.object.clear();
        let parts = [
            "  <object class=\"",
            &escaped(class),
            "\">\n    <dn>",
            &escaped(dn),
            "</dn>\n",
        ];
        push(&mut self.object, &parts);
    }

    /// Begins an attribute of the object that is begun; its values follow.
    pub fn begin_attr(&mut self, name: &str) {
        begin_attr(&mut self.object, name);
    }

    /// A value of the attribute that is begun.
    pub fn value(&mut self, text: &str) {
        write_text(&mut self.object, "      ", "value", text);
    }

    /// Ends the attribute that is begun.
    pub fn end_attr(&mut self) {
        end_attr(&mut self.object);
    }

    /// Ends the object that is begun and writes it.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn end_object(&mut self) -> io::Result<()> {
        self.object.push_str("  </object>\n");
        self.out.write_all(self.object.as_bytes())
    }

    /// Writes the end and gives the sink back.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> io::Result<W> {
        writeln!(self.out, "</imm:IMM-contents>")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The model with these classes and objects.
///
/// An object's class is its `SaImmAttrClassName`; one that was read without it is left out.
pub fn write(classes: &[ClassDef], objects: &[Object]) -> String {
    let mut bytes = Vec::new();
    // A vector takes everything.
    let written = Writer::new(&mut bytes, classes).and_then(|mut writer| {
        for object in objects {
            if let Some(class) = object.class() {
                writer.object(class, &object.dn, &object.attrs)?;
            }
        }
        writer.finish().map(drop)
    });
    debug_assert!(written.is_ok(), "a vector takes everything");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The oldest schema that has every flag of the classes, but none older than dumps always name.
fn schema_name(classes: &[ClassDef]) -> &'static str {
    let used = classes
        .iter()
        .flat_map(|class| &class.attrs)
        .fold(AttrFlags::empty(), |all, attr| all | attr.flags);
    if used.contains(AttrFlags::STRONG_DEFAULT) {
        "SAI-AIS-IMM-XSD-A.02.17.xsd"
    } else if used.contains(AttrFlags::DEFAULT_REMOVED) {
        "SAI-AIS-IMM-XSD-A.02.16.xsd"
    } else if used.contains(AttrFlags::DN) {
        "SAI-AIS-IMM-XSD-A.02.15.xsd"
    } else {
        "SAI-AIS-IMM-XSD-A.02.13.xsd"
    }
}

const fn category_name(category: ClassCategory) -> &'static str {
    match category {
        ClassCategory::Config => "SA_CONFIG",
        ClassCategory::Runtime => "SA_RUNTIME",
    }
}

fn write_class(out: &mut impl Write, class: &ClassDef) -> io::Result<()> {
    writeln!(out, "  <class name=\"{}\">", escaped(&class.name))?;
    writeln!(out, "    <category>{}</category>", category_name(class.category))?;
    let is_rdn = |attr: &&AttrDef| attr.flags.contains(AttrFlags::RDN);
    for attr in class.attrs.iter().filter(is_rdn) {
        write_attr_def(out, "rdn", attr)?;
    }
    for attr in class.attrs.iter().filter(|attr| !is_rdn(attr)) {
        write_attr_def(out, "attr", attr)?;
    }
    writeln!(out, "  </class>")
}

fn write_attr_def(out: &mut impl Write, element: &str, attr: &AttrDef) -> io::Result<()> {
    let category = if attr.flags.contains(AttrFlags::RUNTIME) {
        ClassCategory::Runtime
    } else {
        ClassCategory::Config
    };
    writeln!(out, "    <{element}>")?;
    writeln!(out, "      <name>{}</name>", escaped(&attr.name))?;
    writeln!(out, "      <type>{}</type>", attr.value_type)?;
    writeln!(out, "      <category>{}</category>", category_name(category))?;
    for (_, name) in FLAGS.iter().filter(|(flag, _)| attr.flags.contains(*flag)) {
        writeln!(out, "      <flag>{name}</flag>")?;
    }
    if let Some(default) = &attr.default {
        write_value(out, "      ", "default-value", default)?;
    }
    writeln!(out, "    </{element}>")
}

fn write_value(out: &mut impl Write, indent: &str, element: &str, value: &Value) -> io::Result<()> {
    let mut text = String::new();
    write_text(&mut text, indent, element, &value.to_text());
    out.write_all(text.as_bytes())
}

fn begin_attr(out: &mut String, name: &str) {
    push(out, &["    <attr>\n      <name>", &escaped(name), "</name>\n"]);
}

fn end_attr(out: &mut String) {
    out.push_str("    </attr>\n");
}

fn write_text(out: &mut String, indent: &str, element: &str, text: &str) {
    // Of what is not ASCII only two characters are not allowed, and their first byte is 0xef.
    let doubtful = |byte: u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 0xef);
    if !text.bytes().any(doubtful) || text.chars().all(is_xml) {
        push(
            out,
            &[indent, "<", element, ">", &escaped(text), "</", element, ">\n"],
        );
    } else {
        let packed = base64::prelude::BASE64_STANDARD.encode(text);
        let kind = " xsi:type=\"xs:base64Binary\">";
        push(out, &[indent, "<", element, kind, &packed, "</", element, ">\n"]);
    }
}

fn push(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

/// The text as XML has it. A carriage return is written as a reference, or readers would take it for a line's end.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text
        .bytes()
        .any(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\r'))
    {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}
