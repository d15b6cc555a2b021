//! How fast a big model is read: prints the time of each step for 100,000 objects with 5 attributes.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "it measures"
)]

use std::fmt::Write as _;
use std::time::Instant;

use ais::Dn;
use models::{Options, check, parse, resolve};

fn main() {
    let mut text = String::from("<imm:IMM-contents>\n<class name=\"C\"><category>SA_CONFIG</category>");
    text.push_str("<rdn><name>c</name><type>SA_STRING_T</type><category>SA_CONFIG</category></rdn>");
    for (name, kind) in [
        ("n", "UINT32"),
        ("t", "TIME"),
        ("s", "STRING"),
        ("r", "NAME"),
        ("q", "STRING"),
    ] {
        let _ = write!(
            text,
            "<attr><name>{name}</name><type>SA_{kind}_T</type><category>SA_CONFIG</category></attr>"
        );
    }
    text.push_str("</class>\n  <object class=\"C\">\n    <dn>c=root</dn>\n  </object>\n");
    for i in 0..100_000 {
        let _ = write!(
            text,
            "  <object class=\"C\">\n    <dn>c=object-number-{i},c=root</dn>\n"
        );
        let values = [
            "17",
            "1000000000",
            "some text &amp; more",
            "c=root",
            "another text",
        ];
        for (name, value) in ["n", "t", "s", "r", "q"].iter().zip(values) {
            let _ = write!(
                text,
                "    <attr>\n      <name>{name}</name>\n      <value>{value}</value>\n    </attr>\n"
            );
        }
        text.push_str("  </object>\n");
    }
    text.push_str("</imm:IMM-contents>\n");
    let begin = Instant::now();
    let document = parse("big.xml", text.as_bytes()).expect("the model is well-formed");
    let parsed = begin.elapsed();
    let documents = [document];
    let operations = resolve(&documents, &[]).expect("the model makes sense");
    let resolved = begin.elapsed();
    let checked = check(&documents, &[], &Options::default(), |_: &Dn| false).expect("the model makes sense");
    let all = begin.elapsed();
    assert_eq!(operations, checked);
    println!("{} objects, {} MB", operations.len(), text.len() / 1_000_000);
    println!(
        "parse {parsed:?}, resolve {:?}, check {:?}",
        resolved.saturating_sub(parsed),
        all.saturating_sub(resolved)
    );
}
