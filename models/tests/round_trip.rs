//! What is written is read back as it was, whatever stands in it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panic")]

use ais::{Attr, AttrDef, AttrFlags, CcbOperation, ClassCategory, ClassDef, Dn, Object, Value, ValueType};
use models::{parse, resolve, write};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A text with all that XML finds difficult.
fn text() -> impl Strategy<Value = String> {
    let difficult = prop::sample::select(vec![
        '\0',
        '\u{1}',
        '\t',
        '\n',
        '\r',
        ' ',
        '&',
        '<',
        '>',
        '"',
        '\'',
        ']',
        'x',
        '\u{85}',
        '\u{20ac}',
        '\u{fffe}',
        '\u{1f600}',
    ]);
    prop_oneof![vec(difficult, 0..8).prop_map(String::from_iter), any::<String>()]
}

fn name() -> impl Strategy<Value = String> {
    let dn = "[a-z]{1,3}=[!-+\\--\\[\\]-~]{0,5}(,[a-z]=[!-+\\--\\[\\]-~]{0,3}){0,2}";
    prop_oneof![Just(String::new()), dn.prop_map(|text| text)]
}

fn value(kind: ValueType) -> BoxedStrategy<Value> {
    match kind {
        ValueType::Int32 => any::<i32>().prop_map(Value::Int32).boxed(),
        ValueType::Uint32 => any::<u32>().prop_map(Value::Uint32).boxed(),
        ValueType::Int64 => any::<i64>().prop_map(Value::Int64).boxed(),
        ValueType::Uint64 => any::<u64>().prop_map(Value::Uint64).boxed(),
        ValueType::Time => any::<i64>().prop_map(Value::Time).boxed(),
        ValueType::Name => name().prop_map(Value::Name).boxed(),
        // Text has one form for all that are not numbers.
        ValueType::Float => any::<f32>()
            .prop_filter("a number", |f| !f.is_nan())
            .prop_map(Value::Float)
            .boxed(),
        ValueType::Double => any::<f64>()
            .prop_filter("a number", |f| !f.is_nan())
            .prop_map(Value::Double)
            .boxed(),
        ValueType::String => text().prop_map(Value::String).boxed(),
        ValueType::Any => vec(any::<u8>(), 0..6).prop_map(Value::Any).boxed(),
    }
}

fn kind() -> impl Strategy<Value = ValueType> {
    prop::sample::select(ValueType::ALL.to_vec())
}

/// Flags that an attribute of a configuration class may have and whose objects can be read back.
fn flags() -> impl Strategy<Value = AttrFlags> {
    let base = prop_oneof![
        Just(AttrFlags::CONFIG),
        Just(AttrFlags::CONFIG | AttrFlags::WRITABLE),
        Just(AttrFlags::RUNTIME | AttrFlags::PERSISTENT | AttrFlags::CACHED),
    ];
    let more = prop::sample::subsequence(
        vec![
            AttrFlags::NOTIFY,
            AttrFlags::DN,
            AttrFlags::NO_DANGLING,
            AttrFlags::DEFAULT_REMOVED,
            AttrFlags::STRONG_DEFAULT,
        ],
        0..5,
    );
    (base, more)
        .prop_map(|(base, more)| more.into_iter().fold(base, |all, one| all | one) | AttrFlags::MULTI_VALUE)
}

fn class() -> impl Strategy<Value = ClassDef> {
    let attr =
        (kind(), flags()).prop_flat_map(|(kind, flags)| (Just(kind), Just(flags), option::of(value(kind))));
    vec(attr, 0..6).prop_map(|attrs| {
        let rdn = AttrDef {
            name: "rdn".to_owned(),
            value_type: ValueType::String,
            flags: AttrFlags::RDN | AttrFlags::CONFIG | AttrFlags::INITIALIZED,
            default: None,
        };
        let others = attrs
            .into_iter()
            .enumerate()
            .map(|(index, (value_type, flags, default))| AttrDef {
                name: format!("a{index}"),
                value_type,
                flags,
                default,
            });
        ClassDef {
            name: "Class".to_owned(),
            category: ClassCategory::Config,
            attrs: std::iter::once(rdn).chain(others).collect(),
        }
    })
}

/// Values for every attribute of the class but its RDN, for one object.
fn attrs(class: &ClassDef) -> impl Strategy<Value = Vec<Attr>> + use<> {
    let each: Vec<_> = class.attrs[1..]
        .iter()
        .map(|def| {
            let (name, value_type) = (def.name.clone(), def.value_type);
            vec(value(value_type), 0..3).prop_map(move |values| Attr {
                name: name.clone(),
                value_type,
                values,
            })
        })
        .collect();
    each
}

fn model() -> impl Strategy<Value = (ClassDef, Vec<Vec<Attr>>)> {
    class().prop_flat_map(|class| {
        let objects = vec(attrs(&class), 0..4);
        (Just(class), objects)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_model_is_read_as_it_was_written((class, bodies) in model()) {
        let objects: Vec<Object> = bodies
            .iter()
            .enumerate()
            .map(|(index, attrs)| {
                let mut attrs = attrs.clone();
                attrs.push(Attr::single("SaImmAttrClassName", Value::String(class.name.clone())));
                attrs.push(Attr::single("rdn", Value::String(format!("rdn={index}"))));
                Object { dn: Dn::new(&format!("rdn={index}")).unwrap(), attrs }
            })
            .collect();
        let text = write(std::slice::from_ref(&class), &objects);
        let document = parse("written.xml", text.as_bytes()).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(&document.classes[0].it, &class);
        prop_assert!(document.warnings.is_empty());
        let operations = resolve(&[document], &[]).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(operations.len(), objects.len());
        for ((operation, object), body) in operations.iter().zip(&objects).zip(&bodies) {
            let CcbOperation::Create { dn, attrs, .. } = operation else { panic!("a creation") };
            prop_assert_eq!(dn, &object.dn);
            let given: Vec<&Attr> = body.iter().filter(|a| !a.values.is_empty()).collect();
            prop_assert_eq!(attrs.iter().collect::<Vec<_>>(), given);
        }
    }

    #[test]
    fn any_text_is_refused_or_read_but_never_panics(text in any::<Vec<u8>>(), at in 0usize..2000, byte in any::<u8>()) {
        let _ = parse("x.xml", &text);
        let mut bytes = models::DEMO.as_bytes()[..2000.min(models::DEMO.len())].to_vec();
        bytes[at] = byte;
        let _ = parse("x.xml", &bytes);
        let mut whole = models::NO_REDUNDANCY.as_bytes().to_vec();
        let place = at * 5 % whole.len();
        whole[place] = byte;
        if let Ok(document) = parse("x.xml", &whole) {
            let _ = models::validate(&[document], &models::standard_classes(), &models::Options::default(), |_| false);
        }
    }
}

fn demo_class() -> ClassDef {
    ClassDef {
        name: "DemoClass".to_owned(),
        category: ClassCategory::Config,
        attrs: vec![
            AttrDef {
                name: "demoLimit".to_owned(),
                value_type: ValueType::Uint32,
                flags: AttrFlags::CONFIG | AttrFlags::NO_DUPLICATES | AttrFlags::NOTIFY | AttrFlags::WRITABLE,
                default: Some(Value::Uint32(5)),
            },
            AttrDef {
                name: "demoId".to_owned(),
                value_type: ValueType::String,
                flags: AttrFlags::CONFIG | AttrFlags::RDN,
                default: None,
            },
        ],
    }
}

fn demo_object() -> Object {
    Object {
        dn: Dn::new("demoId=1,safApp=demo").unwrap(),
        attrs: vec![
            Attr::single("SaImmAttrClassName", Value::String("DemoClass".to_owned())),
            Attr {
                name: "empty".to_owned(),
                value_type: ValueType::Int32,
                values: Vec::new(),
            },
            Attr::single("demoText", Value::String("a\rb\u{1}".to_owned())),
            Attr::single("demoId", Value::String("demoId=1".to_owned())),
            Attr::single("demoNote", Value::String(" 1 < 2\r\n".to_owned())),
        ],
    }
}

#[test]
fn the_layout_is_that_of_dumps() {
    let text = write(&[demo_class()], &[demo_object()]);
    let (head, body) = text.split_once("xsd\">\n").unwrap();
    assert!(
        head.ends_with("xsi:noNamespaceSchemaLocation=\"SAI-AIS-IMM-XSD-A.02.13."),
        "{head}"
    );
    assert_eq!(
        body,
        r#"  <class name="DemoClass">
    <category>SA_CONFIG</category>
    <rdn>
      <name>demoId</name>
      <type>SA_STRING_T</type>
      <category>SA_CONFIG</category>
    </rdn>
    <attr>
      <name>demoLimit</name>
      <type>SA_UINT32_T</type>
      <category>SA_CONFIG</category>
      <flag>SA_WRITABLE</flag>
      <flag>SA_NOTIFY</flag>
      <flag>SA_NO_DUPLICATES</flag>
      <default-value>5</default-value>
    </attr>
  </class>
  <object class="DemoClass">
    <dn>demoId=1,safApp=demo</dn>
    <attr>
      <name>SaImmAttrClassName</name>
      <value>DemoClass</value>
    </attr>
    <attr>
      <name>demoText</name>
      <value xsi:type="xs:base64Binary">YQ1iAQ==</value>
    </attr>
    <attr>
      <name>demoNote</name>
      <value> 1 &lt; 2&#13;
</value>
    </attr>
  </object>
</imm:IMM-contents>
"#
    );
}

#[test]
fn the_schema_named_has_every_flag() {
    for (flag, version) in [
        (AttrFlags::NO_DANGLING, "13"),
        (AttrFlags::DN, "15"),
        (AttrFlags::DEFAULT_REMOVED, "16"),
        (AttrFlags::STRONG_DEFAULT, "17"),
    ] {
        let attr = AttrDef {
            name: "a".to_owned(),
            value_type: ValueType::String,
            flags: AttrFlags::CONFIG | flag,
            default: None,
        };
        let class = ClassDef {
            name: "C".to_owned(),
            category: ClassCategory::Config,
            attrs: vec![attr],
        };
        let text = write(&[class], &[]);
        assert!(
            text.contains(&format!("SAI-AIS-IMM-XSD-A.02.{version}.xsd")),
            "{text}"
        );
    }
}
