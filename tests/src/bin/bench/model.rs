//! The models that the measurements run on, written as IMM XML.

use std::fmt::Write as _;
use std::path::Path;

/// A 2N group of two nodes whose component recovers by the given recommendation (2 restart, 3 failover).
pub fn two_n(script: &Path, socket: &Path, recovery: u32) -> String {
    let mut xml = Xml::new();
    cluster(&mut xml);
    typed(&mut xml, "1", script, socket, recovery);
    application(&mut xml);
    sg(&mut xml, "Bench");
    for index in 1..=2 {
        su(
            &mut xml,
            "Bench",
            index,
            &format!("safAmfNode=node-{index},safAmfCluster=bench"),
        );
    }
    si(&mut xml, "Bench", "Bench");
    xml.finish()
}

/// So many components on the first node, each alone in its SU with an SG and an SI of its own, checked each second.
pub fn many(components: usize, script: &Path, socket: &Path) -> String {
    let mut xml = Xml::new();
    cluster(&mut xml);
    typed(&mut xml, "5", script, socket, 2);
    let check = [
        ("saAmfHctDefPeriod", "1000000000"),
        ("saAmfHctDefMaxDuration", "10000000000"),
    ];
    let key = super::component::HEALTHCHECK;
    let dn = format!("safHealthcheckKey={key},safVersion=1,safCompType=Bench");
    xml.object("SaAmfHealthcheckType", &dn, &check);
    application(&mut xml);
    for index in 1..=components {
        let name = format!("Bench-{index}");
        sg(&mut xml, &name);
        su(&mut xml, &name, 1, "safAmfNode=node-1,safAmfCluster=bench");
        si(&mut xml, &name, &name);
    }
    xml.finish()
}

fn application(xml: &mut Xml) {
    xml.object(
        "SaAmfApplication",
        "safApp=Bench",
        &[("saAmfAppType", "safVersion=1,safAppType=Bench")],
    );
}

fn sg(xml: &mut Xml, name: &str) {
    let sg_type = ("saAmfSGType", "safVersion=1,safSgType=Bench");
    xml.object("SaAmfSG", &format!("safSg={name},safApp=Bench"), &[sg_type]);
}

fn su(xml: &mut Xml, sg: &str, index: usize, node: &str) {
    let su = format!("safSu=SU{index},safSg={sg},safApp=Bench");
    let rank = index.to_string();
    let attrs = [
        ("saAmfSUType", "safVersion=1,safSuType=Bench"),
        ("saAmfSURank", &rank),
        ("saAmfSUHostNodeOrNodeGroup", node),
    ];
    xml.object("SaAmfSU", &su, &attrs);
    let comp = format!("safComp=C,{su}");
    xml.object(
        "SaAmfComp",
        &comp,
        &[("saAmfCompType", "safVersion=1,safCompType=Bench")],
    );
    xml.object(
        "SaAmfCompCsType",
        &format!("safSupportedCsType=safVersion=1\\,safCSType=Bench,{comp}"),
        &[],
    );
}

fn si(xml: &mut Xml, sg: &str, name: &str) {
    let sg = format!("safSg={sg},safApp=Bench");
    let attrs = [
        ("saAmfSvcType", "safVersion=1,safSvcType=Bench"),
        ("saAmfSIProtectedbySG", sg.as_str()),
    ];
    xml.object("SaAmfSI", &format!("safSi={name},safApp=Bench"), &attrs);
    xml.object(
        "SaAmfCSI",
        &format!("safCsi=C,safSi={name},safApp=Bench"),
        &[("saAmfCSType", "safVersion=1,safCSType=Bench")],
    );
}

/// A cluster with one node and a class of `objects` plain objects with five attributes.
pub fn plain(objects: usize) -> String {
    let mut xml = Xml::new();
    xml.text.push_str(
        "<class name=\"BenchObject\"><category>SA_CONFIG</category>\
         <rdn><name>benchId</name><type>SA_STRING_T</type><category>SA_CONFIG</category><flag>SA_INITIALIZED</flag></rdn>",
    );
    for (name, kind) in [
        ("benchNumber", "SA_UINT32_T"),
        ("benchText", "SA_STRING_T"),
        ("benchTime", "SA_TIME_T"),
        ("benchName", "SA_NAME_T"),
    ] {
        let _infallible = write!(
            xml.text,
            "<attr><name>{name}</name><type>{kind}</type><category>SA_CONFIG</category><flag>SA_WRITABLE</flag></attr>"
        );
    }
    xml.text.push_str("</class>\n");
    cluster(&mut xml);
    for index in 0..objects {
        let number = index.to_string();
        let attrs = [
            ("benchNumber", number.as_str()),
            ("benchText", "a text of some length"),
            ("benchTime", "1000000000"),
            ("benchName", "safAmfCluster=bench"),
        ];
        xml.object("BenchObject", &format!("benchId={index}"), &attrs);
    }
    xml.finish()
}

fn cluster(xml: &mut Xml) {
    xml.object("SaClmCluster", "safCluster=bench", &[]);
    xml.object(
        "SaAmfCluster",
        "safAmfCluster=bench",
        &[
            ("saAmfClusterClmCluster", "safCluster=bench"),
            ("saAmfClusterStartupTimeout", "5000000000"),
        ],
    );
    for index in 1..=2 {
        let clm = format!("safNode=node-{index},safCluster=bench");
        xml.object("SaClmNode", &clm, &[]);
        let attrs = [
            ("saAmfNodeClmNode", clm.as_str()),
            ("saAmfNodeSuFailOverProb", "1000000"),
            ("saAmfNodeSuFailoverMax", "1000000"),
        ];
        xml.object(
            "SaAmfNode",
            &format!("safAmfNode=node-{index},safAmfCluster=bench"),
            &attrs,
        );
    }
}

fn typed(xml: &mut Xml, model: &str, script: &Path, socket: &Path, recovery: u32) {
    for (class, dn) in [
        ("SaAmfAppBaseType", "safAppType=Bench"),
        ("SaAmfSGBaseType", "safSgType=Bench"),
        ("SaAmfSUBaseType", "safSuType=Bench"),
        ("SaAmfCompBaseType", "safCompType=Bench"),
        ("SaAmfSvcBaseType", "safSvcType=Bench"),
        ("SaAmfCSBaseType", "safCSType=Bench"),
        ("SaAmfSvcType", "safVersion=1,safSvcType=Bench"),
        ("SaAmfCSType", "safVersion=1,safCSType=Bench"),
    ] {
        xml.object(class, dn, &[]);
    }
    xml.object(
        "SaAmfAppType",
        "safVersion=1,safAppType=Bench",
        &[("saAmfApptSGTypes", "safVersion=1,safSgType=Bench")],
    );
    let for_groups = [
        ("saAmfSgtRedundancyModel", model),
        ("saAmfSgtValidSuTypes", "safVersion=1,safSuType=Bench"),
        ("saAmfSgtDefAutoRepair", "1"),
        ("saAmfSgtDefAutoAdjustProb", "10000000000"),
        ("saAmfSgtDefCompRestartProb", "1000000"),
        ("saAmfSgtDefCompRestartMax", "1000000"),
        ("saAmfSgtDefSuRestartProb", "1000000"),
        ("saAmfSgtDefSuRestartMax", "1000000"),
    ];
    xml.object("SaAmfSGType", "safVersion=1,safSgType=Bench", &for_groups);
    let for_sus = [
        ("saAmfSutIsExternal", "0"),
        ("saAmfSutDefSUFailover", "1"),
        ("saAmfSutProvidesSvcTypes", "safVersion=1,safSvcType=Bench"),
    ];
    xml.object("SaAmfSUType", "safVersion=1,safSuType=Bench", &for_sus);
    let (recovery, env) = (
        recovery.to_string(),
        format!("{}={}", super::component::SOCKET, socket.display()),
    );
    let script = script.display().to_string();
    let comp_type = [
        ("saAmfCtCompCategory", "1"),
        ("saAmfCtDefClcCliTimeout", "10000000000"),
        ("saAmfCtDefCallbackTimeout", "10000000000"),
        ("saAmfCtDefQuiescingCompleteTimeout", "10000000000"),
        ("saAmfCtRelPathInstantiateCmd", script.as_str()),
        ("saAmfCtRelPathCleanupCmd", "/bin/true"),
        ("saAmfCtDefRecoveryOnError", recovery.as_str()),
        ("saAmfCtDefDisableRestart", "0"),
        ("saAmfCtDefCmdEnv", env.as_str()),
    ];
    xml.object("SaAmfCompType", "safVersion=1,safCompType=Bench", &comp_type);
    let supported = "safSupportedCsType=safVersion=1\\,safCSType=Bench,safVersion=1,safCompType=Bench";
    xml.object("SaAmfCtCsType", supported, &[("saAmfCtCompCapability", "1")]);
}

/// A document that grows object by object.
struct Xml {
    text: String,
}

impl Xml {
    fn new() -> Xml {
        let head = "<?xml version=\"1.0\"?>\n<imm:IMM-contents xmlns:imm=\"http://www.saforum.org/IMMSchema\" \
                    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                    xsi:noNamespaceSchemaLocation=\"SAI-AIS-IMM-XSD-A.02.13.xsd\">\n";
        Xml {
            text: head.to_owned(),
        }
    }

    fn object(&mut self, class: &str, dn: &str, attrs: &[(&str, &str)]) {
        let _infallible = write!(self.text, "<object class=\"{class}\"><dn>{dn}</dn>");
        for (name, value) in attrs {
            let _infallible = write!(
                self.text,
                "<attr><name>{name}</name><value>{value}</value></attr>"
            );
        }
        self.text.push_str("</object>\n");
    }

    fn finish(mut self) -> String {
        self.text.push_str("</imm:IMM-contents>\n");
        self.text
    }
}
