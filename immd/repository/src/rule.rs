//! The rules that a refusal can name, each with a code that never changes its meaning.

use ais::{AisError, Refusal};

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $code:literal;)*) => {
        /// A rule of the information model that a request broke. Its code stands in brackets at the end of the text
        /// that people read; `docs/REASONS.md` lists all of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Rule { $($(#[$doc])* $variant,)* }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant,)*];

            /// The code.
            pub const fn code(self) -> &'static str {
                match self { $(Rule::$variant => $code,)* }
            }
        }
    };
}

rules! {
    /// The class does not exist.
    ClassMissing = "CLASS-MISSING";
    /// The class is being created, changed or deleted.
    ClassUnderWay = "CLASS-UNDER-WAY";
    /// Objects of runtime classes are the implementers'.
    ClassRuntime = "CLASS-RUNTIME";
    /// The object belongs to the service.
    ServiceObject = "SERVICE-OBJECT";
    /// The service does not take this value.
    ServiceValue = "SERVICE-VALUE";
    /// The DN is longer than allowed.
    NameTooLong = "NAME-TOO-LONG";
    /// The RDN is longer than allowed.
    RdnTooLong = "RDN-TOO-LONG";
    /// The name is taken, or about to be.
    NameTaken = "NAME-TAKEN";
    /// The parent does not exist for this CCB.
    ParentMissing = "PARENT-MISSING";
    /// The parent is being deleted.
    ParentLeaving = "PARENT-LEAVING";
    /// A configuration object has no runtime parent.
    ParentRuntime = "PARENT-RUNTIME";
    /// The object is not owned by the CCB's owner.
    NotOwner = "NOT-OWNER";
    /// The object does not exist for this CCB.
    ObjectMissing = "OBJECT-MISSING";
    /// Runtime objects are the implementers'.
    ObjectRuntime = "OBJECT-RUNTIME";
    /// Another CCB changes the object.
    ObjectInCcb = "OBJECT-IN-CCB";
    /// Another CCB has read the object.
    ObjectRead = "OBJECT-READ";
    /// A change of the object is on its way to the disk.
    ObjectUnderWay = "OBJECT-UNDER-WAY";
    /// The class has no such attribute.
    AttrUnknown = "ATTR-UNKNOWN";
    /// The system alone sets the attribute.
    AttrSystem = "ATTR-SYSTEM";
    /// The attribute was given twice.
    AttrTwice = "ATTR-TWICE";
    /// The implementer alone sets the attribute.
    AttrRuntime = "ATTR-RUNTIME";
    /// A configuration attribute is not the implementer's.
    AttrConfig = "ATTR-CONFIG";
    /// The attribute is not WRITABLE.
    AttrNotWritable = "ATTR-NOT-WRITABLE";
    /// The attribute is INITIALIZED and must have a value.
    AttrInitialized = "ATTR-INITIALIZED";
    /// The attribute must be mentioned.
    AttrUnmentioned = "ATTR-UNMENTIONED";
    /// The attribute has one value at most.
    AttrSingle = "ATTR-SINGLE";
    /// The value is of another type.
    AttrType = "ATTR-TYPE";
    /// The values are a set (NO_DUPLICATES).
    AttrDuplicates = "ATTR-DUPLICATES";
    /// The RDN agrees with the name and never changes.
    AttrRdn = "ATTR-RDN";
    /// ADD and DELETE need a value.
    AttrNoValue = "ATTR-NO-VALUE";
    /// The text is not one that the type allows.
    ValueText = "VALUE-TEXT";
    /// The name in the value is longer than allowed.
    ValueTooLong = "VALUE-TOO-LONG";
    /// The target of a NO_DANGLING attribute goes with the same CCB.
    ReferenceDeleted = "REFERENCE-DELETED";
    /// Another CCB creates or deletes the target of a NO_DANGLING attribute.
    ReferencePending = "REFERENCE-PENDING";
    /// The target of a NO_DANGLING attribute does not survive a restart.
    ReferenceFleeting = "REFERENCE-FLEETING";
    /// A NO_DANGLING reference would dangle.
    ReferenceDangles = "REFERENCE-DANGLES";
    /// A NO_DANGLING attribute refers to the object, or is about to.
    ObjectReferred = "OBJECT-REFERRED";
    /// REGISTERED_OI demands an implementer.
    ImplementerMissing = "IMPLEMENTER-MISSING";
    /// The object's implementer is not attached.
    ImplementerDetached = "IMPLEMENTER-DETACHED";
    /// An implementer refused.
    ImplementerRefused = "IMPLEMENTER-REFUSED";
    /// An implementer did not answer in time.
    ImplementerSilent = "IMPLEMENTER-SILENT";
    /// The CCB takes no operations at this step.
    CcbBeyond = "CCB-BEYOND";
    /// Something outside of the CCB aborted it.
    CcbInterrupted = "CCB-INTERRUPTED";
    /// An augmentation broke a rule of its own.
    CcbAugmentation = "CCB-AUGMENTATION";
    /// The store did not take the change.
    StoreFailed = "STORE-FAILED";
}

impl Rule {
    /// The text with the code.
    pub(crate) fn mark(self, text: impl std::fmt::Display) -> String {
        format!("{text} [{}]", self.code())
    }

    /// The refusal of what breaks this rule.
    pub(crate) fn refuse(self, error: AisError, text: impl std::fmt::Display) -> Refusal {
        Refusal::new(error, self.mark(text))
    }
}
