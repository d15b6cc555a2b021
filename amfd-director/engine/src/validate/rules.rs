//! What the object classes of the framework allow, as tables.

/// Where objects of a class stand: their RDN and the class of their parents; `""` is the root.
pub(super) struct Place {
    pub(super) class: &'static str,
    pub(super) rdn: &'static str,
    pub(super) parents: &'static [&'static str],
}

const fn place(class: &'static str, rdn: &'static str, parents: &'static [&'static str]) -> Place {
    Place { class, rdn, parents }
}

pub(super) const PLACES: &[Place] = &[
    place("SaAmfAppBaseType", "safAppType", &[""]),
    place("SaAmfSGBaseType", "safSgType", &[""]),
    place("SaAmfSUBaseType", "safSuType", &[""]),
    place("SaAmfCompBaseType", "safCompType", &[""]),
    place("SaAmfSvcBaseType", "safSvcType", &[""]),
    place("SaAmfCSBaseType", "safCSType", &[""]),
    place("SaAmfAppType", "safVersion", &["SaAmfAppBaseType"]),
    place("SaAmfSGType", "safVersion", &["SaAmfSGBaseType"]),
    place("SaAmfSUType", "safVersion", &["SaAmfSUBaseType"]),
    place("SaAmfCompType", "safVersion", &["SaAmfCompBaseType"]),
    place("SaAmfSvcType", "safVersion", &["SaAmfSvcBaseType"]),
    place("SaAmfCSType", "safVersion", &["SaAmfCSBaseType"]),
    place("SaAmfSutCompType", "safMemberCompType", &["SaAmfSUType"]),
    place("SaAmfSvcTypeCSTypes", "safMemberCSType", &["SaAmfSvcType"]),
    place("SaAmfCtCsType", "safSupportedCsType", &["SaAmfCompType"]),
    place("SaAmfHealthcheckType", "safHealthcheckKey", &["SaAmfCompType"]),
    place("SaAmfCluster", "safAmfCluster", &[""]),
    place("SaAmfNode", "safAmfNode", &["SaAmfCluster"]),
    place("SaAmfNodeGroup", "safAmfNodeGroup", &["SaAmfCluster"]),
    place("SaAmfNodeSwBundle", "safInstalledSwBundle", &["SaAmfNode"]),
    place("SaAmfApplication", "safApp", &[""]),
    place("SaAmfSG", "safSg", &["SaAmfApplication"]),
    place("SaAmfSU", "safSu", &["SaAmfSG"]),
    place("SaAmfComp", "safComp", &["SaAmfSU"]),
    place("SaAmfCompCsType", "safSupportedCsType", &["SaAmfComp"]),
    place("SaAmfHealthcheck", "safHealthcheckKey", &["SaAmfComp"]),
    place("SaAmfSI", "safSi", &["SaAmfApplication"]),
    place("SaAmfCSI", "safCsi", &["SaAmfSI"]),
    place("SaAmfCSIAttribute", "safCsiAttr", &["SaAmfCSI"]),
    place("SaAmfSIDependency", "safDepend", &["SaAmfSI"]),
    place("SaAmfSIRankedSU", "safRankedSu", &["SaAmfSI"]),
];

/// An attribute that names objects of these classes.
pub(super) struct Reference {
    pub(super) class: &'static str,
    pub(super) attr: &'static str,
    pub(super) targets: &'static [&'static str],
    pub(super) required: bool,
}

const fn needs(class: &'static str, attr: &'static str, targets: &'static [&'static str]) -> Reference {
    Reference {
        class,
        attr,
        targets,
        required: true,
    }
}

const fn may(class: &'static str, attr: &'static str, targets: &'static [&'static str]) -> Reference {
    Reference {
        class,
        attr,
        targets,
        required: false,
    }
}

pub(super) const REFERENCES: &[Reference] = &[
    may("SaAmfAppType", "saAmfApptSGTypes", &["SaAmfSGType"]),
    needs("SaAmfSGType", "saAmfSgtValidSuTypes", &["SaAmfSUType"]),
    may("SaAmfSUType", "saAmfSutProvidesSvcTypes", &["SaAmfSvcType"]),
    may("SaAmfApplication", "saAmfAppType", &["SaAmfAppType"]),
    needs("SaAmfSG", "saAmfSGType", &["SaAmfSGType"]),
    may("SaAmfSG", "saAmfSGSuHostNodeGroup", &["SaAmfNodeGroup"]),
    needs("SaAmfSU", "saAmfSUType", &["SaAmfSUType"]),
    may(
        "SaAmfSU",
        "saAmfSUHostNodeOrNodeGroup",
        &["SaAmfNode", "SaAmfNodeGroup"],
    ),
    needs("SaAmfComp", "saAmfCompType", &["SaAmfCompType"]),
    needs("SaAmfSI", "saAmfSIProtectedbySG", &["SaAmfSG"]),
    may("SaAmfSI", "saAmfSvcType", &["SaAmfSvcType"]),
    needs("SaAmfCSI", "saAmfCSType", &["SaAmfCSType"]),
    may("SaAmfCSI", "saAmfCSIDependencies", &["SaAmfCSI"]),
    needs("SaAmfNodeGroup", "saAmfNGNodeList", &["SaAmfNode"]),
];

/// Association objects whose RDN names an object of this class.
pub(super) const ASSOCIATIONS: &[(&str, &str)] = &[
    ("SaAmfSutCompType", "SaAmfCompType"),
    ("SaAmfSvcTypeCSTypes", "SaAmfCSType"),
    ("SaAmfCtCsType", "SaAmfCSType"),
    ("SaAmfCompCsType", "SaAmfCSType"),
    ("SaAmfSIDependency", "SaAmfSI"),
    ("SaAmfSIRankedSU", "SaAmfSU"),
];

/// What a value must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// 0 or 1.
    Bool,
    /// A number from the first to the second.
    Between(u32, u32),
    /// A span of at least so many milliseconds.
    AtLeastMillis(u64),
    /// A span that is not negative.
    NotNegative,
    /// A path that begins with a slash.
    AbsolutePath,
}

const BOOL: Rule = Rule::Bool;
const NOT_ZERO: Rule = Rule::Between(1, u32::MAX);
const SPAN: Rule = Rule::AtLeastMillis(1);
const CALLBACK: Rule = Rule::AtLeastMillis(100);
const SECOND: Rule = Rule::AtLeastMillis(1_000);
const RECOVERY: Rule = Rule::Between(1, 7);
const ADMIN: Rule = Rule::Between(1, 4);

/// Rules for values, whoever sets them; an attribute without a value breaks none.
pub(super) const VALUES: &[(&str, &str, Rule)] = &[
    ("SaAmfSGType", "saAmfSgtRedundancyModel", Rule::Between(1, 5)),
    ("SaAmfSGType", "saAmfSgtDefAutoRepair", BOOL),
    ("SaAmfSGType", "saAmfSgtDefAutoAdjust", BOOL),
    ("SaAmfSUType", "saAmfSutIsExternal", BOOL),
    ("SaAmfSUType", "saAmfSutDefSUFailover", BOOL),
    ("SaAmfCtCsType", "saAmfCtCompCapability", Rule::Between(1, 7)),
    ("SaAmfCompType", "saAmfCtDefClcCliTimeout", SPAN),
    ("SaAmfCompType", "saAmfCtDefCallbackTimeout", CALLBACK),
    ("SaAmfCompType", "saAmfCtDefQuiescingCompleteTimeout", CALLBACK),
    ("SaAmfCompType", "saAmfCtDefRecoveryOnError", RECOVERY),
    ("SaAmfCompType", "saAmfCtDefDisableRestart", BOOL),
    ("SaAmfHealthcheckType", "saAmfHctDefPeriod", CALLBACK),
    ("SaAmfHealthcheckType", "saAmfHctDefMaxDuration", CALLBACK),
    ("SaAmfHealthcheck", "saAmfHealthcheckPeriod", CALLBACK),
    ("SaAmfHealthcheck", "saAmfHealthcheckMaxDuration", CALLBACK),
    ("SaAmfNode", "saAmfNodeAutoRepair", BOOL),
    ("SaAmfNode", "saAmfNodeFailfastOnTerminationFailure", BOOL),
    ("SaAmfNode", "saAmfNodeFailfastOnInstantiationFailure", BOOL),
    ("SaAmfNode", "saAmfNodeAdminState", ADMIN),
    ("SaAmfNodeGroup", "saAmfNGAdminState", ADMIN),
    (
        "SaAmfNodeSwBundle",
        "saAmfNodeSwBundlePathPrefix",
        Rule::AbsolutePath,
    ),
    ("SaAmfApplication", "saAmfApplicationAdminState", ADMIN),
    ("SaAmfSG", "saAmfSGAutoRepair", BOOL),
    ("SaAmfSG", "saAmfSGAutoAdjust", BOOL),
    ("SaAmfSG", "saAmfSGAdminState", ADMIN),
    ("SaAmfSU", "saAmfSUFailover", BOOL),
    ("SaAmfSU", "saAmfSUAdminState", ADMIN),
    ("SaAmfSI", "saAmfSIAdminState", ADMIN),
    ("SaAmfSIDependency", "saAmfToleranceTime", Rule::NotNegative),
    ("SaAmfCSI", "osafAmfCSICommunicateCsiAttributeChange", BOOL),
    ("SaAmfComp", "saAmfCompInstantiateTimeout", SPAN),
    ("SaAmfComp", "saAmfCompTerminateTimeout", SPAN),
    ("SaAmfComp", "saAmfCompCleanupTimeout", SPAN),
    ("SaAmfComp", "saAmfCompCSISetCallbackTimeout", SPAN),
    ("SaAmfComp", "saAmfCompCSIRmvCallbackTimeout", SPAN),
    ("SaAmfComp", "saAmfCompQuiescingCompleteTimeout", SPAN),
    ("SaAmfCompType", "saAmfCtDefInstantiationLevel", NOT_ZERO),
    ("SaAmfComp", "saAmfCompInstantiationLevel", NOT_ZERO),
    ("SaAmfComp", "saAmfCompRecoveryOnError", RECOVERY),
    ("SaAmfComp", "saAmfCompDisableRestart", BOOL),
    ("OpenSafAmfConfig", "osafAmfRestrictAutoRepairEnable", BOOL),
];

/// Rules for values that a modification sets, beyond [`VALUES`].
pub(super) const CHANGED_VALUES: &[(&str, &str, Rule)] = &[
    ("SaAmfCompType", "saAmfCtDefClcCliTimeout", SECOND),
    ("SaAmfCompType", "saAmfCtDefRecoveryOnError", Rule::Between(2, 7)),
    ("SaAmfHealthcheckType", "saAmfHctDefPeriod", SECOND),
    ("SaAmfCluster", "saAmfClusterStartupTimeout", SPAN),
    ("SaAmfNode", "saAmfNodeSuFailOverProb", SPAN),
    ("SaAmfComp", "saAmfCompNumMaxInstantiateWithoutDelay", NOT_ZERO),
    ("SaAmfComp", "saAmfCompNumMaxInstantiateWithDelay", NOT_ZERO),
    ("SaAmfComp", "saAmfCompDelayBetweenInstantiateAttempts", SPAN),
    ("SaAmfComp", "saAmfCompNumMaxAmStartAttempts", NOT_ZERO),
    ("SaAmfComp", "saAmfCompNumMaxAmStopAttempts", NOT_ZERO),
    (
        "SaAmfCompGlobalAttributes",
        "saAmfNumMaxInstantiateWithoutDelay",
        NOT_ZERO,
    ),
    (
        "SaAmfCompGlobalAttributes",
        "saAmfNumMaxAmStartAttempts",
        NOT_ZERO,
    ),
    ("SaAmfCompGlobalAttributes", "saAmfNumMaxAmStopAttempts", NOT_ZERO),
];

/// Attributes that a modification may not leave without a value.
pub(super) const KEPT: &[(&str, &[&str])] = &[
    (
        "SaAmfCompType",
        &[
            "saAmfCtDefClcCliTimeout",
            "saAmfCtDefCallbackTimeout",
            "saAmfCtDefQuiescingCompleteTimeout",
            "saAmfCtDefInstantiationLevel",
            "saAmfCtDefRecoveryOnError",
            "saAmfCtDefDisableRestart",
        ],
    ),
    ("SaAmfCSIAttribute", &["saAmfCSIAttriValue"]),
    ("SaAmfCluster", &["saAmfClusterStartupTimeout"]),
];

/// Which attributes of an existing object may change, apart from what [`super::modify`] says of the state it must
/// be in. Classes that are not listed allow all that their definition allows.
pub(super) const CHANGEABLE: &[(&str, &[&str])] = &[
    ("SaAmfAppType", &[]),
    (
        "SaAmfSGType",
        &[
            "saAmfSgtDefAutoRepair",
            "saAmfSgtDefAutoAdjust",
            "saAmfSgtDefAutoAdjustProb",
            "saAmfSgtDefCompRestartProb",
            "saAmfSgtDefCompRestartMax",
            "saAmfSgtDefSuRestartProb",
            "saAmfSgtDefSuRestartMax",
        ],
    ),
    ("SaAmfSUType", &["saAmfSutDefSUFailover"]),
    ("SaAmfSutCompType", &[]),
    ("SaAmfSvcTypeCSTypes", &[]),
    ("SaAmfCtCsType", &[]),
    ("SaAmfCompCsType", &[]),
    (
        "SaAmfCluster",
        &["saAmfClusterStartupTimeout", "saAmfClusterClmCluster"],
    ),
    (
        "SaAmfNode",
        &[
            "saAmfNodeSuFailOverProb",
            "saAmfNodeSuFailoverMax",
            "saAmfNodeAutoRepair",
            "saAmfNodeFailfastOnTerminationFailure",
            "saAmfNodeFailfastOnInstantiationFailure",
        ],
    ),
    ("SaAmfNodeSwBundle", &[]),
    ("SaAmfApplication", &["saAmfAppType"]),
    ("SaAmfSIRankedSU", &[]),
    ("SaAmfSIDependency", &["saAmfToleranceTime"]),
];

/// Classes whose objects are never deleted.
pub(super) const PERMANENT: &[&str] = &["SaAmfCluster", "SaAmfCompGlobalAttributes", "OpenSafAmfConfig"];
