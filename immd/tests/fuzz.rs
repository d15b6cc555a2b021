//! What comes from outside, damaged in many ways that are the same in each run; `immd/fuzz` has no end of them.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../fuzz/properties.rs"]
mod properties;

use ais::{Attr, AttrDef, AttrFlags, CcbOperation, ClassCategory, ClassDef, Dn, Value, ValueType};
use schema::{imm, imm_capnp};

/// A small generator: the same numbers in each run, on each machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (sides as u64)).unwrap()
    }

    /// The bytes, damaged in a few places.
    fn damage(&mut self, seed: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len() + 1);
            match self.roll(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, u8::try_from(self.roll(256)).unwrap()),
                2 if at < bytes.len() => bytes[at] ^= 1 << self.roll(8),
                3 => {
                    let piece = pieces[self.roll(pieces.len())];
                    bytes.splice(at..at, piece.iter().copied());
                }
                _ => {
                    let end = at + self.roll(bytes.len() - at + 1);
                    let copy = bytes[at..end].to_vec();
                    let to = self.roll(bytes.len() + 1);
                    bytes.splice(to..to, copy);
                }
            }
            bytes.truncate(1 << 16);
        }
        bytes
    }
}

/// Tries the property with each seed and with so many damaged ones.
fn throw(property: impl Fn(&[u8]), seeds: &[Vec<u8>], pieces: &[&[u8]], times: usize) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for seed in seeds {
        property(seed);
    }
    for _ in 0..times {
        let seed = &seeds[dice.roll(seeds.len())];
        property(&dice.damage(seed, pieces));
    }
}

fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn names_are_dns_or_refused() {
    let long = format!("a={}", "x".repeat(2046));
    let seeds = [
        "safApp=A",
        "safSu=SU1,safSg=Web,safApp=Shop",
        "safSISU=safSu=A\\,safSg=B\\,safApp=C,safSi=X,safApp=C",
        "a,b,c",
        "=",
        &long,
    ];
    let pieces: [&[u8]; 8] = [b",", b"\\,", b"\\\\", b"\\#", b"=", b" ", b"\xc3\xa4", b"\0"];
    throw(properties::dn, &bytes(&seeds), &pieces, 20_000);
}

#[test]
fn texts_are_values_or_refused() {
    let seeds = [
        "0",
        "-1",
        "017",
        "0x1f",
        "18446744073709551615",
        "-9223372036854775808",
        "1.5",
        "1e10",
        "-0.0",
        "inf",
        "NaN",
        "00ff",
        "safApp=A",
        "two words",
        "",
        "340282350000000000000000000000000000000",
    ];
    let pieces: [&[u8]; 8] = [b"-", b"+", b"0x", b"0", b"e", b".", b" ", b"9999999999"];
    throw(properties::value, &bytes(&seeds), &pieces, 20_000);
}

#[test]
fn files_are_models_or_refused() {
    let files = [
        include_bytes!("../../models/demo.xml").to_vec(),
        include_bytes!("../../models/classes-imm.xml").to_vec(),
        include_bytes!("../../models/objects-imm.xml").to_vec(),
    ];
    let pieces: [&[u8]; 10] = [
        b"<",
        b">",
        b"</attr>",
        b"<value>",
        b"&amp;",
        b"&#0;",
        b"&bomb;",
        b"<!DOCTYPE a [<!ENTITY bomb 'x'>]>",
        b"<![CDATA[",
        b"\xff",
    ];
    throw(properties::xml, &files, &pieces, 300);
    // Deep nesting is refused, not followed.
    let mut deep = b"<imm:IMM-contents xmlns:imm=\"http://www.saforum.org/IMMSchema\">".to_vec();
    deep.extend(b"<class>".repeat(100_000));
    properties::xml(&deep);
}

#[test]
fn messages_are_understood_or_refused() {
    let text = |name: &str, value| Attr::single(name, value);
    let operation = CcbOperation::Create {
        class: "Item".to_owned(),
        dn: Dn::new("item=a,item=b").unwrap(),
        attrs: vec![
            text("weight", Value::Uint32(7)),
            text("note", Value::String("two words".to_owned())),
            text("raw", Value::Any(vec![0, 1, 2])),
            text("ratio", Value::Double(0.5)),
        ],
    };
    let class = ClassDef {
        name: "Item".to_owned(),
        category: ClassCategory::Config,
        attrs: vec![AttrDef {
            name: "item".to_owned(),
            value_type: ValueType::String,
            flags: AttrFlags::CONFIG | AttrFlags::RDN,
            default: Some(Value::String("x".to_owned())),
        }],
    };
    let mut one = capnp::message::Builder::new_default();
    imm::write_operation(&operation, one.init_root::<imm_capnp::operation::Builder<'_>>()).unwrap();
    let mut other = capnp::message::Builder::new_default();
    imm::write_class_def(&class, other.init_root::<imm_capnp::class_def::Builder<'_>>()).unwrap();
    let seeds = [&one, &other].map(capnp::serialize::write_message_to_words);
    let pieces: [&[u8]; 3] = [&[0xff; 8], &[0; 8], &[0xfc, 0xff, 0xff, 0x7f, 0, 0, 0, 0]];
    throw(properties::message, &seeds, &pieces, 50_000);
}

#[test]
fn what_is_no_text_or_no_number_of_the_schema_is_an_invalid_parameter() {
    let mut message = capnp::message::Builder::new_default();
    let mut operation = message.init_root::<imm_capnp::operation::Builder<'_>>();
    operation.set_dn(capnp::text::Reader(b"item=\xff"));
    operation.set_delete(());
    let code =
        |result: Result<CcbOperation, schema::WireError>| ais::Refusal::from(result.unwrap_err()).error;
    let read = |operation: imm_capnp::operation::Reader<'_>| imm::read_operation(operation);
    assert_eq!(
        code(read(operation.reborrow().into_reader())),
        ais::AisError::InvalidParam
    );
    let long = format!("item={}", "x".repeat(2044));
    operation.set_dn(long.as_str());
    assert_eq!(
        code(read(operation.reborrow().into_reader())),
        ais::AisError::NameTooLong
    );
    operation.set_dn("item=a");
    assert!(read(operation.reborrow().into_reader()).is_ok());
    let mut change = operation.reborrow().init_modify(1).get(0);
    change.set_kind(4);
    assert_eq!(
        code(read(operation.reborrow().into_reader())),
        ais::AisError::InvalidParam
    );
    let mut change = operation.reborrow().init_modify(1).get(0);
    change.set_kind(3);
    change.reborrow().init_attr().set_type(11);
    assert_eq!(
        code(read(operation.reborrow().into_reader())),
        ais::AisError::InvalidParam
    );
    let mut change = operation.reborrow().init_modify(1).get(0);
    change.set_kind(3);
    let mut attr = change.init_attr();
    attr.set_type(9);
    attr.init_values(1)
        .get(0)
        .set_string(capnp::text::Reader(b"\xc3("));
    assert_eq!(
        code(read(operation.reborrow().into_reader())),
        ais::AisError::InvalidParam
    );
    for number in [0, 4] {
        assert!(imm::read_scope(number).is_err() && imm::read_category(number + 3).is_err());
    }
}
