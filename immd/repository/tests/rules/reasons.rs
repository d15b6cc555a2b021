//! Every rule that a refusal can name is named by one, with its code at the end of the text.

use std::collections::BTreeSet;

use ais::{AisError, AttrChoice, CcbOperation, ModificationType, Refusal, Scope};
use immd_repository::{CCB_ALLOW_NULL_OI, CCB_REGISTERED_OI, Rule};

use crate::fixture::{
    Fixture, NOW, SERVICE, change, class, classes, create, delete, dn, names, node, replace, strings, task,
    u32s,
};

/// What a refusal says.
fn said<T>(result: Result<T, Refusal>) -> String {
    result.err().expect("it was accepted").text
}

/// What is said about an operation in a CCB of its own.
fn operation(fixture: &mut Fixture, operation: &CcbOperation) -> String {
    after(fixture, &[], operation)
}

/// What is said about the last operation of a CCB.
fn after(fixture: &mut Fixture, before: &[CcbOperation], last: &CcbOperation) -> String {
    let ccb = fixture.ccb_with(before);
    said(fixture.repo.ccb_operation(ccb, last))
}

/// What is said about an operation in a CCB with flags.
fn flagged(fixture: &mut Fixture, flags: u64) -> String {
    let ccb = fixture.repo.ccb_initialize(fixture.me, flags).unwrap();
    said(fixture.repo.ccb_operation(ccb, &node("node=x")))
}

/// What is said about an operation while another CCB with these is open.
fn beside(fixture: &mut Fixture, others: &[CcbOperation], own: &CcbOperation) -> String {
    fixture.ccb_with(others);
    operation(fixture, own)
}

/// What an implementer of `Node` is told about a change of runtime data.
fn runtime(fixture: &mut Fixture, operation: CcbOperation) -> String {
    let oi = fixture.node_implementer();
    let change = fixture.repo.runtime_prepare(oi, &[operation]);
    change.refused.expect("it was accepted").text
}

/// With a runtime object.
fn with_task(fixture: &mut Fixture) {
    let oi = fixture.implementer("tasks");
    fixture.update(oi, &[task("task=t", 1)]).unwrap();
}

fn new_with(attrs: Vec<ais::Attr>) -> CcbOperation {
    let mut attrs = attrs;
    if attrs.iter().all(|attr| attr.name != "must") {
        attrs.push(u32s("must", &[7]));
    }
    create("Node", "node=x", attrs)
}

fn refer(to: &str) -> CcbOperation {
    replace("node=a", names("peer", &[to]))
}

fn size(n: u32) -> CcbOperation {
    replace("node=a", u32s("size", &[n]))
}

/// What is said where classes and names are wrong.
fn names_and_places(rule: Rule, f: &mut Fixture) -> Option<String> {
    let text = match rule {
        Rule::ClassMissing => operation(f, &create("None", "node=x", vec![])),
        Rule::ClassUnderWay => {
            let mut new = classes().remove(1);
            "New".clone_into(&mut new.name);
            let new = class(&new.name, new.category, new.attrs);
            let _prepared = f.repo.class_create_prepare(&new).unwrap();
            operation(f, &create("New", "link=x", vec![]))
        }
        Rule::ClassRuntime => operation(f, &task("task=t", 1)),
        Rule::ServiceObject => {
            f.load_service_object();
            operation(f, &delete(SERVICE))
        }
        Rule::ServiceValue => {
            f.load_service_object();
            operation(f, &replace(SERVICE, u32s("accessControlMode", &[3])))
        }
        Rule::NameTooLong => {
            let rdn = format!("node={}", "x".repeat(50));
            operation(f, &node(&[rdn.as_str(); 6].join(",")))
        }
        Rule::RdnTooLong => operation(f, &node(&format!("node={}", "x".repeat(70)))),
        Rule::NameTaken => operation(f, &node("node=a")),
        Rule::ParentMissing => operation(f, &node("node=x,node=none")),
        Rule::ParentLeaving => beside(f, &[delete("node=b")], &node("node=x,node=b")),
        Rule::ParentRuntime => {
            with_task(f);
            operation(f, &node("node=x,task=t"))
        }
        Rule::NotOwner => {
            let you = f.repo.admin_owner_initialize("you", false).unwrap();
            said(f.repo.admin_owner_set(you, &[dn("node=a")], Scope::One))
        }
        Rule::ObjectMissing => operation(f, &delete("node=none")),
        Rule::ObjectRuntime => {
            with_task(f);
            operation(f, &delete("task=t"))
        }
        Rule::ObjectInCcb => beside(f, &[size(1)], &size(2)),
        Rule::ObjectRead => {
            let reader = f.ccb();
            let read = f.repo.ccb_read(reader, &dn("node=a"), &AttrChoice::All, NOW);
            read.unwrap();
            operation(f, &size(1))
        }
        Rule::ObjectUnderWay => {
            let oi = f.implementer("records");
            let made = create("Record", "record=r,node=b", vec![]);
            let _held = f.repo.runtime_prepare(oi, &[made]);
            operation(f, &delete("node=b"))
        }
        _ => return None,
    };
    Some(text)
}

/// What is said where attributes and values are wrong.
fn attributes(rule: Rule, f: &mut Fixture) -> Option<String> {
    let text = match rule {
        Rule::AttrUnknown => operation(f, &new_with(vec![u32s("none", &[1])])),
        Rule::AttrSystem => operation(f, &new_with(vec![strings("SaImmAttrClassName", &["Node"])])),
        Rule::AttrTwice => operation(f, &new_with(vec![u32s("size", &[1]), u32s("size", &[1])])),
        Rule::AttrRuntime => operation(f, &new_with(vec![u32s("load", &[1])])),
        Rule::AttrConfig => runtime(f, size(1)),
        Rule::AttrNotWritable => operation(f, &replace("node=a", u32s("fixed", &[1]))),
        Rule::AttrInitialized => operation(f, &create("Node", "node=x", vec![])),
        Rule::AttrUnmentioned => runtime(f, create("Task", "task=t", vec![])),
        Rule::AttrSingle => operation(f, &replace("node=a", u32s("size", &[1, 2]))),
        Rule::AttrType => operation(f, &replace("node=a", strings("size", &["big"]))),
        Rule::AttrDuplicates => operation(f, &replace("node=a", strings("tags", &["x", "x"]))),
        Rule::AttrRdn => operation(f, &new_with(vec![strings("node", &["node=other"])])),
        Rule::AttrNoValue => operation(f, &change("node=a", ModificationType::Add, u32s("size", &[]))),
        Rule::ValueText => operation(f, &replace("node=a", names("where", &["a b"]))),
        Rule::ValueTooLong => operation(f, &replace("node=a", names("where", &[&"x".repeat(300)]))),
        Rule::ReferenceDeleted => after(f, &[delete("node=b")], &refer("node=b")),
        Rule::ReferencePending => beside(f, &[delete("node=b")], &refer("node=b")),
        Rule::ReferenceFleeting => {
            with_task(f);
            operation(f, &refer("task=t"))
        }
        Rule::ReferenceDangles => {
            let ccb = f.ccb_with(&[refer("node=none")]);
            said(f.repo.ccb_prepare(ccb))
        }
        Rule::ObjectReferred => beside(f, &[refer("node=b")], &delete("node=b")),
        _ => return None,
    };
    Some(text)
}

/// What is said where a CCB does not go its way.
fn whole_ccbs(rule: Rule, f: &mut Fixture) -> Option<String> {
    let text = match rule {
        Rule::ImplementerMissing => flagged(f, CCB_REGISTERED_OI),
        Rule::ImplementerDetached => {
            let oi = f.node_implementer();
            f.repo.implementer_finalize(oi, NOW);
            flagged(f, CCB_REGISTERED_OI | CCB_ALLOW_NULL_OI)
        }
        Rule::ImplementerRefused | Rule::ImplementerSilent => {
            let oi = f.node_implementer();
            let ccb = f.ccb_with(&[size(1)]);
            let error = if rule == Rule::ImplementerSilent {
                AisError::Timeout
            } else {
                AisError::BadOperation
            };
            f.repo.ccb_refused(ccb, oi, &Refusal::new(error, "no")).text
        }
        Rule::CcbBeyond => {
            let ccb = f.ccb_with(&[size(1)]);
            f.repo.ccb_prepare(ccb).unwrap();
            said(f.repo.ccb_operation(ccb, &size(2)))
        }
        Rule::CcbInterrupted => {
            f.ccb_with(&[size(1)]);
            f.repo.ccb_abort_all("an operator wants it");
            f.repo.take_aborted().remove(0).text
        }
        Rule::CcbAugmentation => {
            let oi = f.node_implementer();
            let ccb = f.ccb_with(&[size(1)]);
            f.repo.ccb_asks(ccb, oi);
            f.repo.augment_begin(ccb, oi).unwrap();
            f.repo.augment_operation(ccb, oi, &node("node=x")).unwrap();
            said(f.repo.augment_end(ccb, oi))
        }
        Rule::StoreFailed => {
            let ccb = f.ccb_with(&[size(1)]);
            f.repo.ccb_prepare(ccb).unwrap();
            f.repo.ccb_validated(ccb).unwrap();
            f.repo.ccb_stored_changes(ccb).unwrap();
            f.repo.ccb_store_failed(ccb, "no space left on device").text
        }
        _ => return None,
    };
    Some(text)
}

#[test]
fn every_rule_refuses_something_and_its_code_ends_the_text() {
    let mut wrong = BTreeSet::new();
    for &rule in Rule::ALL {
        let fixture = || Fixture::with_nodes();
        let text = names_and_places(rule, &mut fixture())
            .or_else(|| attributes(rule, &mut fixture()))
            .or_else(|| whole_ccbs(rule, &mut fixture()));
        let wanted = format!(" [{}]", rule.code());
        if !text.as_ref().is_some_and(|text| text.ends_with(&wanted)) {
            wrong.insert(format!("{}: {text:?}", rule.code()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
