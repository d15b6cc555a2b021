//! A repository with a few classes, and short ways to say things.

use ais::{
    AisError, Attr, AttrChoice, AttrDef, AttrFlags, AttrModification, CcbOperation, ClassCategory, ClassDef,
    Dn, Millis, ModificationType, Object, Refusal, Scope, Value, ValueType,
};
use immd_repository::{
    AdminOwnerId, CcbId, Committed, ImplementerCall, ImplementerId, Repository, Rule, RuntimeChange,
};

pub(crate) const NOW: Millis = Millis(1_000_000);

pub(crate) fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

pub(crate) fn u32s(name: &str, values: &[u32]) -> Attr {
    Attr {
        name: name.into(),
        value_type: ValueType::Uint32,
        values: values.iter().map(|v| Value::Uint32(*v)).collect(),
    }
}

pub(crate) fn names(name: &str, values: &[&str]) -> Attr {
    Attr {
        name: name.into(),
        value_type: ValueType::Name,
        values: values.iter().map(|v| Value::Name((*v).into())).collect(),
    }
}

pub(crate) fn strings(name: &str, values: &[&str]) -> Attr {
    Attr {
        name: name.into(),
        value_type: ValueType::String,
        values: values.iter().map(|v| Value::String((*v).into())).collect(),
    }
}

pub(crate) fn create(class: &str, name: &str, attrs: Vec<Attr>) -> CcbOperation {
    CcbOperation::Create {
        class: class.into(),
        dn: dn(name),
        attrs,
    }
}

/// A `Node` with what it must have.
pub(crate) fn node(name: &str) -> CcbOperation {
    create("Node", name, vec![u32s("must", &[7])])
}

/// A `Task`.
pub(crate) fn task(name: &str, phase: u32) -> CcbOperation {
    create("Task", name, vec![u32s("phase", &[phase])])
}

pub(crate) fn change(name: &str, kind: ModificationType, attr: Attr) -> CcbOperation {
    CcbOperation::Modify {
        dn: dn(name),
        changes: vec![AttrModification { kind, attr }],
    }
}

pub(crate) fn replace(name: &str, attr: Attr) -> CcbOperation {
    change(name, ModificationType::Replace, attr)
}

pub(crate) fn delete(name: &str) -> CcbOperation {
    CcbOperation::Delete { dn: dn(name) }
}

pub(crate) fn attr(name: &str, value_type: ValueType, flags: AttrFlags) -> AttrDef {
    AttrDef {
        name: name.into(),
        value_type,
        flags,
        default: None,
    }
}

pub(crate) fn with_default(name: &str, flags: AttrFlags, default: u32) -> AttrDef {
    AttrDef {
        default: Some(Value::Uint32(default)),
        ..attr(name, ValueType::Uint32, flags)
    }
}

pub(crate) fn class(name: &str, category: ClassCategory, attrs: Vec<AttrDef>) -> ClassDef {
    ClassDef {
        name: name.into(),
        category,
        attrs,
    }
}

/// The classes that the tests use: `Node` has one attribute of each kind, `Link` is named by a DN, `Task` and `Record`
/// are runtime classes, the latter persistent.
pub(crate) fn classes() -> Vec<ClassDef> {
    use AttrFlags as F;
    use ValueType::{Name, String, Uint32};
    let config = F::CONFIG | F::WRITABLE;
    vec![
        class(
            "Node",
            ClassCategory::Config,
            vec![
                attr("node", String, F::CONFIG | F::RDN),
                with_default("size", config, 5),
                attr("tags", String, config | F::MULTI_VALUE | F::NO_DUPLICATES),
                attr("must", Uint32, config | F::INITIALIZED),
                attr("fixed", Uint32, F::CONFIG),
                with_default("strong", config | F::STRONG_DEFAULT, 3),
                attr("peer", Name, config | F::MULTI_VALUE | F::NO_DANGLING),
                attr("where", Name, config),
                with_default("state", F::RUNTIME | F::CACHED, 1),
                with_default("admin", F::RUNTIME | F::PERSISTENT, 1),
                attr("load", Uint32, F::RUNTIME),
            ],
        ),
        class(
            "Link",
            ClassCategory::Config,
            vec![attr("link", Name, F::CONFIG | F::RDN)],
        ),
        class(
            "Task",
            ClassCategory::Runtime,
            vec![
                attr("task", String, F::RUNTIME | F::CACHED | F::RDN),
                attr("phase", Uint32, F::RUNTIME | F::CACHED),
                attr("progress", Uint32, F::RUNTIME),
            ],
        ),
        class(
            "Record",
            ClassCategory::Runtime,
            vec![
                attr("record", String, F::RUNTIME | F::PERSISTENT | F::RDN),
                with_default("value", F::RUNTIME | F::PERSISTENT, 0),
                with_default("seen", F::RUNTIME | F::CACHED, 0),
            ],
        ),
    ]
}

/// Whether the text ends with the code of a rule.
pub(crate) fn has_code(text: &str) -> bool {
    let code = text
        .rsplit_once(" [")
        .and_then(|(_, rest)| rest.strip_suffix(']'));
    code.is_some_and(|code| Rule::ALL.iter().any(|rule| rule.code() == code))
}

/// A repository with an admin owner `me`.
pub(crate) struct Fixture {
    pub(crate) repo: Repository,
    pub(crate) me: AdminOwnerId,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let mut repo = Repository::new();
        let loaded = repo.load_prepare(&classes(), &[]).unwrap();
        repo.make_visible(loaded);
        let me = repo.admin_owner_initialize("me", false).unwrap();
        Fixture { repo, me }
    }

    /// With `node=a` and `node=b`, and below `node=a` the chain `node=c` and `node=d`.
    pub(crate) fn with_nodes() -> Fixture {
        let mut fixture = Fixture::new();
        fixture.commit(&[
            node("node=a"),
            node("node=b"),
            node("node=c,node=a"),
            node("node=d,node=c,node=a"),
        ]);
        fixture
    }

    pub(crate) fn ccb(&mut self) -> CcbId {
        self.repo.ccb_initialize(self.me, 0).unwrap()
    }

    pub(crate) fn run(
        &mut self,
        ccb: CcbId,
        operation: &CcbOperation,
    ) -> Result<Vec<ImplementerCall>, AisError> {
        let result = self.repo.ccb_operation(ccb, operation);
        if let Err(refusal) = &result {
            let strings = self.repo.ccb_error_strings(ccb);
            assert!(refusal.text.starts_with("IMM: "), "{refusal}");
            assert!(
                refusal.error == AisError::BadHandle || has_code(&refusal.text),
                "{refusal}"
            );
            assert!(
                strings.is_empty() || strings.contains(&refusal.text),
                "{strings:?}"
            );
        }
        result.map_err(|refusal| refusal.error)
    }

    /// A CCB with these operations, all accepted.
    pub(crate) fn ccb_with(&mut self, operations: &[CcbOperation]) -> CcbId {
        let ccb = self.ccb();
        for operation in operations {
            self.repo.ccb_operation(ccb, operation).unwrap();
        }
        ccb
    }

    /// The code with which a new CCB refuses this one operation.
    pub(crate) fn refused(&mut self, operation: &CcbOperation) -> AisError {
        let ccb = self.ccb();
        let error = self.run(ccb, operation).expect_err("the operation was accepted");
        self.repo.ccb_abort(ccb);
        self.check();
        error
    }

    pub(crate) fn apply(&mut self, ccb: CcbId) -> Result<Committed, Refusal> {
        self.repo.ccb_prepare(ccb)?;
        self.repo.ccb_validated(ccb)?;
        self.repo.ccb_stored_changes(ccb)?;
        let committed = self.repo.ccb_make_visible(ccb);
        self.check();
        Ok(committed)
    }

    pub(crate) fn commit(&mut self, operations: &[CcbOperation]) -> Committed {
        let ccb = self.ccb_with(operations);
        self.apply(ccb).unwrap()
    }

    pub(crate) fn check(&self) {
        assert_eq!(self.repo.check_invariants(), Vec::<String>::new());
    }

    pub(crate) fn object(&self, name: &str) -> Object {
        self.repo.get(&dn(name), &AttrChoice::All, NOW).unwrap().object
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.repo.get(&dn(name), &AttrChoice::None, NOW).is_ok()
    }

    pub(crate) fn number(&self, name: &str, attr: &str) -> Option<u32> {
        self.object(name).value(attr).and_then(Value::as_u32)
    }

    /// An attached implementer.
    pub(crate) fn implementer(&mut self, name: &str) -> ImplementerId {
        let id = self.repo.implementer_initialize(false);
        self.repo.implementer_set(id, name).unwrap();
        id
    }

    /// An attached implementer of class `Node`.
    pub(crate) fn node_implementer(&mut self) -> ImplementerId {
        let id = self.implementer("nodes");
        self.repo.class_implementer_set(id, "Node").unwrap();
        id
    }

    /// Runtime changes, made visible as far as accepted.
    pub(crate) fn update(&mut self, id: ImplementerId, operations: &[CcbOperation]) -> Result<(), AisError> {
        let RuntimeChange {
            prepared,
            accepted,
            refused,
        } = self.repo.runtime_prepare(id, operations);
        self.repo.make_visible(prepared);
        self.check();
        match refused {
            None => {
                assert_eq!(accepted, operations.len());
                Ok(())
            }
            Some(refusal) => {
                assert!(!refusal.text.is_empty() || refusal.error == AisError::BadHandle);
                Err(refusal.error)
            }
        }
    }

    /// The model's own object with limits and switches.
    pub(crate) fn load_service_object(&mut self) {
        use AttrFlags as F;
        let config = F::CONFIG | F::WRITABLE;
        let own = class(
            "OpensafImm",
            ClassCategory::Config,
            vec![
                attr("opensafImm", ValueType::String, F::CONFIG | F::RDN),
                with_default("longDnsAllowed", config, 0),
                with_default("accessControlMode", config, 0),
                with_default("maxCcbs", config, 10_000),
            ],
        );
        let top = class(
            "SafApp",
            ClassCategory::Config,
            vec![attr("safApp", ValueType::Name, F::CONFIG | F::RDN)],
        );
        let object = |class: &str, name: &str| immd_repository::NewObject {
            class: class.into(),
            dn: dn(name),
            attrs: vec![],
        };
        let objects = [
            object("OpensafImm", SERVICE),
            object("SafApp", "safApp=safImmService"),
        ];
        let loaded = self.repo.load_prepare(&[own, top], &objects).unwrap();
        self.repo.make_visible(loaded);
    }

    pub(crate) fn own(&mut self, name: &str, scope: Scope) -> Result<(), AisError> {
        self.repo
            .admin_owner_set(self.me, &[dn(name)], scope)
            .map_err(|refusal| refusal.error)
    }
}

pub(crate) const SERVICE: &str = "opensafImm=opensafImm,safApp=safImmService";
