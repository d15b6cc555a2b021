//! Models as files, without a cluster.

use std::path::Path;

use crate::harness::{check, command};

#[test]
fn files_are_checked_and_merged() {
    check("model-files.txt", None);
}

/// Runs a command line that must succeed.
fn must(line: &str) -> String {
    let output = command(line).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nodes_are_made_from_templates_and_the_whole_makes_sense() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("nodes");
    let templates = "-c nodegen/nodes.cfg -s nodegen/sc.xml -p nodegen/pl.xml";
    must(&format!("perdure model nodegen {templates} -d {}", to.display()));
    let mut made: Vec<String> = std::fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    made.sort();
    assert_eq!(
        made,
        [
            "imm_PL-3.xml",
            "imm_SC-1.xml",
            "imm_SC-2.xml",
            "imm_nodegroups.xml"
        ]
    );
    let files: Vec<String> = made
        .iter()
        .map(|name| to.join(name).display().to_string())
        .collect();
    let whole = dir.path().join("whole.xml");
    let (all, whole) = (files.join(" "), whole.display());
    must(&format!(
        "perdure model merge --sort -o {whole} nodegen/cluster.xml {all}"
    ));
    must(&format!("perdure model validate --ignore-attribute-refs {whole}"));
    let text = std::fs::read_to_string(dir.path().join("whole.xml")).unwrap();
    for name in ["SC-1", "SC-2", "PL-3"] {
        let value = format!("<value>safAmfNode={name},safAmfCluster=myAmfCluster</value>");
        assert_eq!(
            text.matches(&value).count(),
            2,
            "in its kind's group and in all: {text}"
        );
    }
}

#[test]
fn real_models_are_valid_alone() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    let middleware = models.join("immsv/opensaf-3-nodes-imm.xml");
    if !middleware.exists() {
        println!("left out: there is no {}", middleware.display());
        return;
    }
    must(&format!("perdure model validate {}", middleware.display()));
    let merged = must(&format!("perdure model merge {}", middleware.display()));
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy.xml");
    std::fs::write(&copy, merged).unwrap();
    must(&format!("perdure model validate {}", copy.display()));
}
