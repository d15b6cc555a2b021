//! What must hold of whatever bytes come from outside. Each function panics where it does not.

use ais::{Dn, Value, ValueType};
use schema::{imm, imm_capnp, value};

/// A text is a DN or it is refused; a DN is made of its parts.
pub fn dn(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(dn) = Dn::new(text) else { return };
    assert_eq!(dn.as_str(), text);
    assert!(text.len() <= ais::DN_LENGTH_MAX && text.bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(Dn::child(dn.rdn(), dn.parent().as_ref()), Ok(dn.clone()));
    assert_eq!(dn.rdns().collect::<Vec<_>>().join(","), text);
    assert!(dn.rdn().starts_with(dn.rdn_name()));
    let mut above = dn.parent();
    let mut depth = 1;
    while let Some(parent) = above {
        assert!(dn.is_within(&parent) && !parent.is_within(&dn));
        depth += 1;
        above = parent.parent();
    }
    assert_eq!(depth, dn.rdns().count());
    // A name inside of a name comes out as it was.
    if let Ok(association) = Dn::child(&format!("x={}", dn.escaped()), Some(&dn)) {
        assert_eq!(association.rdn_value(), text);
        assert_eq!(association.parent(), Some(dn));
    }
}

/// A text is a value of a type or it is refused; a value is what its text says.
pub fn value(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for kind in ValueType::ALL {
        let Ok(value) = Value::parse(kind, text) else {
            continue;
        };
        assert_eq!(value.value_type(), kind);
        let is_nan = match value {
            Value::Float(number) => number.is_nan(),
            Value::Double(number) => number.is_nan(),
            _ => false,
        };
        let again = Value::parse(kind, &value.to_text());
        assert!(
            is_nan || again == Ok(value.clone()),
            "{kind}: {text:?} {value:?} {again:?}"
        );
    }
}

/// A file is a model or it is refused with a place in it; what is a model can be checked and written.
pub fn xml(bytes: &[u8]) {
    let document = match models::parse("fuzz.xml", bytes) {
        Ok(document) => document,
        Err(problem) => {
            assert!(!problem.to_string().is_empty());
            return;
        }
    };
    let classes: Vec<ais::ClassDef> = document.classes.iter().map(|class| class.it.clone()).collect();
    let written = models::write(&classes, &[]);
    if let Ok(again) = models::parse("again.xml", written.as_bytes()) {
        let again: Vec<_> = again.classes.into_iter().map(|class| class.it).collect();
        assert_eq!(again, classes);
    }
    let verdict = models::validate(&[document], &[], &models::Options::default(), |_| false);
    if let Err(problems) = verdict {
        assert!(problems.total >= problems.shown.len() && !problems.shown.is_empty());
    }
}

/// A message is understood or refused, whatever is in it.
pub fn message(bytes: &[u8]) {
    let mut options = capnp::message::ReaderOptions::new();
    options.traversal_limit_in_words(Some(1 << 16));
    let mut rest = bytes;
    let Ok(message) = capnp::serialize::read_message_from_flat_slice(&mut rest, options) else {
        return;
    };
    if let Ok(reader) = message.get_root::<imm_capnp::operation::Reader<'_>>() {
        let _refused = imm::read_operation(reader);
    }
    if let Ok(reader) = message.get_root::<imm_capnp::class_def::Reader<'_>>() {
        let _refused = imm::read_class_def(reader);
    }
    if let Ok(reader) = message.get_root::<imm_capnp::attr_choice::Reader<'_>>() {
        let _refused = imm::read_attr_choice(reader);
    }
    if let Ok(reader) = message.get_root::<schema::value_capnp::object::Reader<'_>>() {
        let _refused = value::read_object(reader);
    }
    if let Ok(reader) = message.get_root::<schema::value_capnp::status::Reader<'_>>() {
        let _refused = value::read_status(reader);
    }
}
