//! The numbers by which things are named; none is ever used twice.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// An object; the store's key. 0 stands for the root of the tree and names no object.
    ObjectId(u64);
    /// A class; ascending in the order of creation.
    ClassId(u32);
    /// A CCB. The id is spent when the CCB is committed or aborted.
    CcbId(u64);
    /// An admin owner handle; several may share a name.
    AdminOwnerId(u64);
    /// An implementer handle, whether it holds a name or not.
    ImplementerId(u64);
}
