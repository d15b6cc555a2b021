//! Each rule with its message: the file, the place, the object, the attribute and what is wrong.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panic")]

use ais::{CcbOperation, ClassDef, Dn, Value};
use models::{Options, Problems, check, new_classes, parse, resolve, validate};

const HEAD: &str = "<imm:IMM-contents xmlns:imm=\"http://www.saforum.org/IMMSchema\">\n";
const TAIL: &str = "</imm:IMM-contents>\n";

/// Class `C`: `n` a number, `must` mandatory, `many` a set, `ref` a reference, `state` persistent, `live` not.
const CLASSES: &str = "<class name=\"C\"><category>SA_CONFIG</category>\
<rdn><name>c</name><type>SA_STRING_T</type><category>SA_CONFIG</category></rdn>\
<attr><name>n</name><type>SA_UINT32_T</type><category>SA_CONFIG</category><flag>SA_WRITABLE</flag></attr>\
<attr><name>must</name><type>SA_STRING_T</type><category>SA_CONFIG</category><flag>SA_INITIALIZED</flag></attr>\
<attr><name>many</name><type>SA_STRING_T</type><category>SA_CONFIG</category><flag>SA_MULTI_VALUE</flag>\
<flag>SA_NO_DUPLICATES</flag></attr>\
<attr><name>ref</name><type>SA_NAME_T</type><category>SA_CONFIG</category></attr>\
<attr><name>state</name><type>SA_UINT32_T</type><category>SA_RUNTIME</category><flag>SA_PERSISTENT</flag></attr>\
<attr><name>live</name><type>SA_UINT32_T</type><category>SA_RUNTIME</category><flag>SA_CACHED</flag></attr>\
</class>\
<class name=\"R\"><category>SA_RUNTIME</category>\
<rdn><name>r</name><type>SA_STRING_T</type><category>SA_RUNTIME</category><flag>SA_CACHED</flag></rdn></class>\
<class name=\"P\"><category>SA_RUNTIME</category>\
<rdn><name>p</name><type>SA_STRING_T</type><category>SA_RUNTIME</category><flag>SA_PERSISTENT</flag></rdn></class>\n";

/// A file; classes stand in line 2, what is asked about begins in line 3.
fn file(objects: &str) -> String {
    format!("{HEAD}{CLASSES}{objects}{TAIL}")
}

/// What is said about a file that cannot be read.
fn syntax(text: &str) -> String {
    parse("f.xml", text.as_bytes()).unwrap_err().to_string()
}

fn options() -> Options {
    Options::default()
}

fn checked(objects: &str) -> Result<Vec<CcbOperation>, Problems> {
    let text = file(objects);
    let document = parse("f.xml", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    check(&[document], &[], &options(), |dn| dn.as_str() == "c=outside")
}

/// What is said about these objects.
fn said(objects: &str) -> String {
    checked(objects).unwrap_err().to_string()
}

/// An object `c=1` with the mandatory attribute and this.
fn with(attrs: &str) -> String {
    format!("<object class=\"C\"><dn>c=1</dn><attr><name>must</name><value/></attr>\n{attrs}</object>\n")
}

fn attr(name: &str, value: &str) -> String {
    format!("<attr><name>{name}</name><value>{value}</value></attr>")
}

#[test]
fn a_good_model_gives_typed_operations_parents_first() {
    let child = "<object class=\"C\"><dn>c=2,c=1</dn><attr><name>must</name><value> a&amp;b </value></attr>\
                 <attr><name>ref</name><value>c=1</value></attr></object>";
    let attrs = format!(
        "{}{}{}",
        attr("n", "0x10"),
        attr("state", "3"),
        attr("ref", "c=outside")
    );
    let operations = checked(&format!("{child}{}", with(&attrs))).unwrap();
    let names: Vec<&str> = operations.iter().map(|o| o.dn().as_str()).collect();
    assert_eq!(names, ["c=1", "c=2,c=1"]);
    let CcbOperation::Create { class, attrs, .. } = &operations[1] else {
        panic!("a creation")
    };
    assert_eq!(class, "C");
    assert_eq!(attrs[0].values, [Value::String(" a&b ".to_owned())]);
    let CcbOperation::Create { attrs, .. } = &operations[0] else {
        panic!("a creation")
    };
    assert_eq!(attrs[1].values, [Value::Uint32(16)]);
}

#[test]
fn xml_that_is_not_well_formed() {
    let open = file("<object class=\"C\"><dn>c=1</dn>\n<attr></object>");
    assert!(syntax(&open).starts_with("f.xml:4:7: "), "{}", syntax(&open));
    assert!(syntax("").starts_with("f.xml:1:1: "), "{}", syntax(""));
    assert!(syntax("<imm:IMM-contents>").contains("ends in the middle of an element"));
    assert!(syntax("<!DOCTYPE x>\n<imm:IMM-contents/>").contains("document type declaration"));
    assert!(syntax("<imm:IMM-contents/><x/>").contains("after the end of the model"));
    assert_eq!(
        syntax(&file(&with(&attr("n", "&nbsp;")))),
        "f.xml:4:28: the entity &nbsp; is not known"
    );
    let control = "the character U+0001 may not stand in XML; write the value as base64";
    assert!(syntax(&file(&with(&attr("n", "\u{1}")))).ends_with(control));
    assert!(syntax(&file(&with(&attr("n", "&#1;")))).ends_with(control));
    let utf8 = parse("f.xml", b"<a>\n\xff</a>").unwrap_err().to_string();
    assert_eq!(utf8, "f.xml:2:1: the file is not UTF-8; save it in that encoding");
    assert_eq!(
        syntax("<?xml version=\"1.0\" encoding=\"latin1\"?><a/>"),
        "f.xml:1:1: the encoding 'latin1' is not supported; save the file as UTF-8"
    );
    let long = with(&attr("must2", &"x".repeat(models::TEXT_MAX + 1)));
    assert!(syntax(&file(&long)).ends_with("the text has more than 1048576 bytes"));
}

#[test]
fn xml_that_is_not_a_model() {
    assert_eq!(
        syntax("\n <html/>"),
        "f.xml:2:2: <html> is not a model; the outermost element of one is <imm:IMM-contents>"
    );
    let forgotten = "<object class=\"C\"><dn>c=1</dn>\n<object class=\"C\"><dn>c=2</dn></object>";
    assert_eq!(
        syntax(&file(forgotten)),
        "f.xml:4:1: object c=1: <object> may not stand in <object>; is </object> missing before it?"
    );
    assert_eq!(
        syntax(&file("<object class=\"C\"><dn>c=1</dn><dn>c=2</dn></object>")),
        "f.xml:3:31: <dn> stands twice in <object>"
    );
    assert_eq!(
        syntax(&file("<object class=\"C\"/>")),
        "f.xml:3:1: <dn> is missing in <object>"
    );
    assert_eq!(
        syntax(&file("<object><dn>c=1</dn></object>")),
        "f.xml:3:1: the attribute 'class' is missing in <object>"
    );
    assert_eq!(
        syntax(&file(&with("<attr><value>1</value></attr>"))),
        "f.xml:4:1: object c=1: <name> is missing in <attr>"
    );
    assert_eq!(
        syntax(&format!(
            "{HEAD}<object class=\"C\"><dn>c=1</dn></object>\n<class name=\"D\"/>{TAIL}"
        )),
        "f.xml:3:1: classes stand before the objects; move this one up"
    );
    let base64 = "<attr><name>n</name><value xsi:type=\"xs:base64Binary\">?</value></attr>";
    assert_eq!(
        syntax(&file(&with(base64))),
        "f.xml:4:21: object c=1 attribute n: the value is not base64 of a UTF-8 text"
    );
}

#[test]
fn text_between_elements_is_a_warning() {
    let text = file("<object class=\"C\">\n = <dn>c=1</dn></object>");
    let document = parse("f.xml", text.as_bytes()).unwrap();
    let warnings: Vec<String> = document.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["f.xml:4:2: the text '=' in <object> means nothing and is ignored"]
    );
}

fn class(inside: &str) -> String {
    format!("{HEAD}<class name=\"D\">{inside}</class>{TAIL}")
}

const RDN: &str = "<rdn><name>d</name><type>SA_STRING_T</type><category>SA_CONFIG</category></rdn>";

#[test]
fn classes_with_wrong_words() {
    let config = "<category>SA_CONFIG</category>";
    assert_eq!(
        syntax(&class(&format!(
            "{config}{RDN}<attr><name>a</name><type>SA_INT_T</type></attr>"
        ))),
        "f.xml:2:146: class D: 'SA_INT_T' is not a type of values"
    );
    assert!(
        syntax(&class("<category>X</category>")).ends_with("'X' is not a category (SA_CONFIG or SA_RUNTIME)")
    );
    let flag = format!("{config}{RDN}<attr><flag>SA_X</flag></attr>");
    assert!(syntax(&class(&flag)).ends_with("class D: 'SA_X' is not a flag of attributes"));
    assert_eq!(
        syntax(&class(config)),
        "f.xml:2:1: class D: <rdn> is missing in <class>"
    );
    assert_eq!(
        syntax(&class(RDN)),
        "f.xml:2:1: class D: <category> is missing in <class>"
    );
    assert!(syntax(&class(&format!("{RDN}{RDN}"))).ends_with("class D: <rdn> stands twice in <class>"));
    let no_type = format!("{config}{RDN}<attr><name>a</name></attr>");
    assert!(syntax(&class(&no_type)).ends_with("class D attribute a: <type> is missing in <attr>"));
    let default = format!(
        "{config}{RDN}<attr><name>a</name><type>SA_UINT32_T</type>{config}<default-value>x</default-value></attr>"
    );
    assert!(
        syntax(&class(&default)).ends_with("class D attribute a: 'x' is not a value of type SA_UINT32_T")
    );
    assert!(syntax(&format!("{HEAD}<class/>{TAIL}")).ends_with("the attribute 'name' is missing in <class>"));
}

fn judged(text: &str, known: &[ClassDef]) -> String {
    let document = parse("f.xml", text.as_bytes()).unwrap();
    let verdict = validate(&[document], known, &options(), |_| false);
    verdict.map_or_else(|problems| problems.to_string(), |()| "fine".to_owned())
}

#[test]
fn classes_that_clash() {
    let attr = "<attr><name>A</name><type>SA_INT32_T</type><category>SA_CONFIG</category></attr>";
    let one = class(&format!("<category>SA_CONFIG</category>{RDN}{attr}"));
    let known = new_classes(&[parse("f.xml", one.as_bytes()).unwrap()], &[]);
    assert_eq!(judged(&one, &[]), "fine");
    assert_eq!(judged(&one, &known), "fine");
    assert_eq!(
        new_classes(&[parse("f.xml", one.as_bytes()).unwrap()], &known),
        []
    );
    assert_eq!(
        judged(&one.replace("SA_INT32_T", "SA_INT64_T"), &known),
        "f.xml:2:1: class D: exists with another definition: attribute 'A': the type differs"
    );
    assert_eq!(
        judged(&one.replace("name=\"D\"", "name=\"d\""), &known),
        "f.xml:2:1: class d: exists with another definition: its name there is 'D'"
    );
    let twice = one.replace(TAIL, &format!("\n{}", &one[HEAD.len()..]));
    assert_eq!(
        judged(&twice, &[]),
        "f.xml:3:1: class D: is defined already, at f.xml:2:1"
    );
    assert_eq!(
        judged(&one.replace("<name>A</name>", "<name>1 A</name>"), &[]),
        "f.xml:2:1: class D attribute 1 A: '1 A' is not a name; names have letters, digits and '_' and begin with no digit"
    );
    assert_eq!(
        judged(&one.replace("<name>A</name>", "<name>D</name>"), &[]),
        "f.xml:2:1: class D attribute D: is defined twice in the class (case does not count)"
    );
}

#[test]
fn objects_that_break_a_rule() {
    let object = |class: &str, dn: &str| {
        format!(
            "<object class=\"{class}\">\n<dn>{dn}</dn><attr><name>must</name><value>x</value></attr></object>\n"
        )
    };
    assert_eq!(
        said(&object("X", "c=1")),
        "f.xml:3:1: object c=1: the class 'X' does not exist; load the file that defines it first"
    );
    assert_eq!(
        said(&object("R", "r=1")),
        "f.xml:3:1: object r=1: belongs to the runtime class 'R', whose objects do not survive a restart; leave it out"
    );
    assert!(checked("<object class=\"P\"><dn>p=1</dn></object>").is_ok());
    assert_eq!(
        said(&object("C", "c=a b")),
        "f.xml:4:1: object c=a b: the DN 'c=a b' has a character that is not printable ASCII at byte 3"
    );
    assert_eq!(
        said(&object("C", "c=1,c=none")),
        "f.xml:4:1: object c=1,c=none: its parent 'c=none' does not exist"
    );
    assert!(checked(&object("C", "c=1,c=outside")).is_ok());
    assert_eq!(
        said(&format!("{}{}", object("C", "c=1"), object("C", "c=1"))),
        "f.xml:6:1: object c=1: stands twice, the first time at f.xml:4:1"
    );
}

#[test]
fn long_names_need_the_switch() {
    let object = |dn: &str| with("").replace("<dn>c=1</dn>", &format!("<dn>{dn}</dn>"));
    let rdn = format!("c={}", "x".repeat(63));
    assert!(
        said(&object(&rdn))
            .contains("the RDN has 65 bytes, 64 are allowed; longer ones need longDnsAllowed=1")
    );
    let parents: Vec<String> = (0..5).map(|i| format!("c={i}{}", "x".repeat(50))).collect();
    let deep: Vec<String> = (0..5).map(|i| object(&parents[i..].join(","))).collect();
    let message = said(&deep.concat());
    assert!(
        message.contains("the DN has 269 bytes, 255 are allowed;"),
        "{message}"
    );
    let text = file(&object(&rdn));
    let document = parse("f.xml", text.as_bytes()).unwrap();
    let long = Options {
        long_dns: true,
        ..options()
    };
    assert_eq!(validate(&[document], &[], &long, |_| false), Ok(()));
    // A model that brings the service object with the switch on allows them itself.
    let switch = "<object class=\"OpensafImm\"><dn>opensafImm=opensafImm</dn><attr><name>longDnsAllowed</name>\
                  <value>1</value></attr></object>";
    let text = file(&format!("{}{switch}", object(&rdn)));
    let document = parse("f.xml", text.as_bytes()).unwrap();
    assert_eq!(
        validate(&[document], &models::standard_classes(), &options(), |_| false),
        Ok(())
    );
}

#[test]
fn attributes_that_break_a_rule() {
    let cases = [
        (
            attr("nix", "1"),
            "attribute nix: the class 'C' has no such attribute",
        ),
        (
            attr("n", "12x"),
            "attribute n: '12x' is not a value of type SA_UINT32_T",
        ),
        (
            attr("n", "4294967296"),
            "attribute n: '4294967296' is not a value of type SA_UINT32_T",
        ),
        (
            "<attr><name>n</name><value>1</value><value>2</value></attr>".to_owned(),
            "attribute n: has 2 values, but the class allows one",
        ),
        (
            "<attr><name>n</name></attr>".to_owned(),
            "attribute n: has no <value>",
        ),
        (
            format!("{}{}", attr("n", "1"), attr("n", "1")),
            "attribute n: stands twice in the object; give several values in one <attr>",
        ),
        (
            "<attr><name>many</name><value>a</value><value>a</value></attr>".to_owned(),
            "attribute many: has the value 'a' twice, which NO_DUPLICATES forbids",
        ),
        (
            attr("live", "1"),
            "attribute live: is a runtime attribute that does not survive a restart; its implementer sets it",
        ),
        (
            attr("c", "c=2"),
            "attribute c: names the object and must agree with its DN, which has 'c=1'",
        ),
        (
            attr("ref", "c=none"),
            "attribute ref: refers to 'c=none', which does not exist",
        ),
        (
            attr("ref", "not a DN"),
            "attribute ref: the DN 'not a DN' has a character that is not printable ASCII at byte 3",
        ),
    ];
    for (attrs, rule) in cases {
        let message = said(&with(&attrs));
        let (place, rest) = message
            .split_once(": object c=1 ")
            .unwrap_or_else(|| panic!("{message}"));
        assert!(place.starts_with("f.xml:4:"), "{message}");
        assert_eq!(rest, rule);
    }
    assert_eq!(
        said("<object class=\"C\"><dn>c=1</dn></object>"),
        "f.xml:3:1: object c=1 attribute must: must be given when the object is created (INITIALIZED)"
    );
}

#[test]
fn a_value_is_found_by_line_and_column() {
    let message = said(&with("<attr>\n  <name>n</name>\n\t<value>1 2</value>\n</attr>"));
    assert_eq!(
        message,
        "f.xml:6:2: object c=1 attribute n: '1 2' is not a value of type SA_UINT32_T"
    );
}

#[test]
fn what_a_dump_has_more_is_left_out() {
    let system = format!(
        "{}{}{}{}",
        attr("SaImmAttrClassName", "C"),
        attr("SaImmAttrAdminOwnerName", "x"),
        attr("SaImmAttrImplementerName", "y"),
        attr("c", "c=1"),
    );
    let operations = checked(&with(&system)).unwrap();
    let CcbOperation::Create { attrs, .. } = &operations[0] else {
        panic!("a creation")
    };
    assert_eq!(attrs.len(), 1);
    // The implementer of a persistent runtime object is worth keeping.
    let object = format!(
        "<object class=\"P\"><dn>p=1</dn>{}</object>",
        attr("SaImmAttrImplementerName", "y")
    );
    let operations = checked(&object).unwrap();
    let CcbOperation::Create { attrs, .. } = &operations[0] else {
        panic!("a creation")
    };
    assert_eq!(attrs[0].values, [Value::String("y".to_owned())]);
}

#[test]
fn references_may_be_left_unchecked() {
    let text = file(&with(&attr("ref", "c=none")));
    let documents = [parse("f.xml", text.as_bytes()).unwrap()];
    let loose = Options {
        references: false,
        ..options()
    };
    assert_eq!(validate(&documents, &[], &loose, |_| false), Ok(()));
    assert!(resolve(&documents, &[]).is_ok());
}

#[test]
fn all_problems_are_told_in_their_order_up_to_a_limit() {
    let one = |i: i32| format!("<object class=\"C\"><dn>c={i},c=none</dn></object>\n");
    let many: Vec<String> = (0..300).map(one).collect();
    let many = many.concat();
    let problems = checked(&many).unwrap_err();
    assert_eq!((problems.shown.len(), problems.total), (100, 600));
    assert!(problems.shown.is_sorted_by_key(|p| p.at));
    assert_eq!(problems.shown[99].at.line, 52);
    let text = problems.to_string();
    assert!(text.ends_with("\n... and 500 more"));
    assert_eq!(text.lines().count(), 101);
}

#[test]
fn several_documents_are_one_model() {
    let one = file(&with(&attr("ref", "c=2")));
    let one = parse("one.xml", one.as_bytes()).unwrap();
    let two = with("").replace("c=1", "c=2");
    let two = format!("{HEAD}{two}{TAIL}");
    let two = parse("two.xml", two.as_bytes()).unwrap();
    assert_eq!(
        check(&[two.clone(), one], &[], &options(), |_: &Dn| false)
            .unwrap()
            .len(),
        2
    );
    let alone = check(&[two], &[], &options(), |_| false).unwrap_err().to_string();
    assert!(
        alone.starts_with("two.xml:2:1: object c=2: the class 'C' does not exist"),
        "{alone}"
    );
}
