//! The rules of the model that a CCB can break, each with a code that never changes its meaning.

use std::fmt;

use ais::{AisError, Refusal};

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $code:literal;)*) => {
        /// A rule of the framework's model. Its code stands in brackets at the end of the text that people read;
        /// `docs/MODELS.md` lists all of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ModelRule { $($(#[$doc])* $variant,)* }

        impl ModelRule {
            /// Every code, in the order of their definition.
            pub const CODES: &'static [&'static str] = &[$($code,)*];

            /// The code.
            pub const fn code(self) -> &'static str {
                match self { $(ModelRule::$variant => $code,)* }
            }
        }
    };
}

rules! {
    /// An object is named as its class says and stands where its class says.
    Place = "AMF-PLACE";
    /// The names of the assignment objects, which hold two DNs, are not too long.
    NameLength = "AMF-NAME-LENGTH";
    /// The cluster has one object of the class.
    Once = "AMF-ONCE";
    /// The value is in the range of the attribute.
    Value = "AMF-VALUE";
    /// The attribute has a value.
    Missing = "AMF-MISSING";
    /// The values differ from each other.
    Duplicate = "AMF-DUPLICATE";
    /// What is named exists and is of the right class.
    Reference = "AMF-REFERENCE";
    /// The attribute keeps the value that it was created with.
    Fixed = "AMF-FIXED";
    /// Objects of the class are never deleted.
    Permanent = "AMF-PERMANENT";
    /// Nothing that stays names what is deleted.
    InUse = "AMF-IN-USE";
    /// The category of components is served.
    Category = "AMF-CATEGORY";
    /// A component type has the commands of its category, with absolute paths or a bundle.
    Command = "AMF-COMMAND";
    /// The bundle is installed on the node.
    Bundle = "AMF-BUNDLE";
    /// The component supports the CSI type.
    CsType = "AMF-CS-TYPE";
    /// The capability of the component fits the redundancy model (AMF B.02.01 §3.6).
    Capability = "AMF-CAPABILITY";
    /// The SU's type is one of those that the SG's type allows.
    SuType = "AMF-SU-TYPE";
    /// The SU has the components that its type allows, and not fewer or more.
    Members = "AMF-MEMBERS";
    /// The SI has the CSIs that its service type allows, and not more.
    CsiMembers = "AMF-CSI-MEMBERS";
    /// The SU's nodes are among those of its SG, and SUs that are mapped keep their node.
    Host = "AMF-HOST";
    /// SI, SG and ranked SU belong together.
    Together = "AMF-TOGETHER";
    /// No two SUs have the same rank for an SI.
    Rank = "AMF-RANK";
    /// CSIs depend on others of their SI, and not on themselves.
    CsiDependency = "AMF-CSI-DEPENDENCY";
    /// An SI depends on others that are as important, not on itself, and is not assigned when it begins to depend.
    SiDependency = "AMF-SI-DEPENDENCY";
    /// The number has a meaning in the redundancy model of the SG.
    SgModel = "AMF-SG-MODEL";
    /// The SG is locked as far as the change needs it.
    SgState = "AMF-SG-STATE";
    /// The SU is locked for instantiation.
    SuState = "AMF-SU-STATE";
    /// The SI is locked.
    SiState = "AMF-SI-STATE";
    /// The node is locked for instantiation and not connected.
    NodeState = "AMF-NODE-STATE";
    /// What is taken away is not assigned.
    Assigned = "AMF-ASSIGNED";
    /// Each SU that has the SI has a component that is free for the new CSI.
    NoComp = "AMF-NO-COMP";
    /// No assignment is being changed at the moment.
    Busy = "AMF-BUSY";
    /// One maintenance campaign holds an SU.
    Campaign = "AMF-CAMPAIGN";
}

impl ModelRule {
    /// The refusal of what breaks the rule.
    pub(crate) fn refuse<T>(self, error: AisError, text: impl fmt::Display) -> Result<T, Refusal> {
        Err(Refusal::new(error, format!("{text} [{}]", self.code())))
    }

    /// As [`ModelRule::refuse`], with the code that most rules have.
    pub(crate) fn bad<T>(self, text: impl fmt::Display) -> Result<T, Refusal> {
        self.refuse(AisError::BadOperation, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_means_two_things() {
        let mut codes = ModelRule::CODES.to_vec();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ModelRule::CODES.len());
    }
}
