//! Class definitions: what attributes the objects of a class have and what may be done with them.

use crate::{Value, ValueType};

/// The three attributes that the repository adds to each class (OpenSAF practice).
pub const SYSTEM_ATTRIBUTES: [&str; 3] = [
    "SaImmAttrClassName",
    "SaImmAttrAdminOwnerName",
    "SaImmAttrImplementerName",
];

/// Whether the objects of a class are configured or come from the running system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ClassCategory {
    /// Created, changed and deleted through CCBs.
    Config = 1,
    /// Created, changed and deleted by the object implementer.
    Runtime = 2,
}

bitflags::bitflags! {
    /// What holds for an attribute (SAI-AIS-IMM-A.02.01, `SaImmAttrFlagsT`, with OpenSAF's additions).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct AttrFlags: u64 {
        /// Holds any number of values.
        const MULTI_VALUE = 0x1;
        /// Names the object.
        const RDN = 0x2;
        /// Set by configuration.
        const CONFIG = 0x100;
        /// May be changed after the object was created.
        const WRITABLE = 0x200;
        /// Must be given when the object is created.
        const INITIALIZED = 0x400;
        /// Set by the implementer.
        const RUNTIME = 0x1_0000;
        /// Survives a restart of the cluster.
        const PERSISTENT = 0x2_0000;
        /// Held by the repository; otherwise fetched from the implementer at each read.
        const CACHED = 0x4_0000;
        /// The values are a set.
        const NO_DUPLICATES = 0x100_0000;
        /// Changes are notified.
        const NOTIFY = 0x200_0000;
        /// The names in it must exist.
        const NO_DANGLING = 0x400_0000;
        /// The string is a DN.
        const DN = 0x800_0000;
        /// The default was taken away by a schema change.
        const DEFAULT_REMOVED = 0x1000_0000;
        /// Emptying the attribute installs the default again.
        const STRONG_DEFAULT = 0x2000_0000;
        // Unknown bits are kept and returned, for forward compatibility.
        const _ = !0;
    }
}

/// The definition of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttrDef {
    /// Its name, unique in the class without regard to case.
    pub name: String,
    /// The type of its values.
    pub value_type: ValueType,
    /// What holds for it.
    pub flags: AttrFlags,
    /// The value it gets where none is given.
    pub default: Option<Value>,
}

/// The definition of a class, without the system attributes unless it was read from the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassDef {
    /// Its name, unique without regard to case.
    pub name: String,
    /// Configuration or runtime.
    pub category: ClassCategory,
    /// Its attributes in the order of their definition; exactly one has [`AttrFlags::RDN`].
    pub attrs: Vec<AttrDef>,
}

impl ClassDef {
    /// The definition of the attribute with this name.
    pub fn attr(&self, name: &str) -> Option<&AttrDef> {
        self.attrs.iter().find(|a| a.name == name)
    }

    /// The definition of the attribute that names the objects.
    pub fn rdn(&self) -> Option<&AttrDef> {
        self.attrs.iter().find(|a| a.flags.contains(AttrFlags::RDN))
    }
}
