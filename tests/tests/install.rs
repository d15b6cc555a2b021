//! The installation and the Debian package: a newcomer's way from the installed files to a protected component.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{built, succeeds};
use tests::cluster::{Cluster, processes_of, wait_for};
use xtask::{deb, uninstall};

const SI: &str = "safSi=Counter,safApp=Sample";
const SUS: [&str; 2] = [
    "safSu=SU1,safSg=Counter,safApp=Sample",
    "safSu=SU2,safSg=Counter,safApp=Sample",
];

/// Every file and link below a folder, relative to it.
fn files(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_dir() {
                folders.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(root).expect("below it").to_owned());
            }
        }
    }
    found
}

#[test]
fn an_installation_has_all_that_a_component_needs_and_goes_without_a_trace() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let prefix = scratch.path().join("opt");
    let install = support::install(&prefix);
    let written = install.run(built()).expect("it installs");
    assert_eq!(files(&prefix), written.into_iter().collect());
    for name in ["immlist", "immcfg", "amf-adm", "amf-state", "ntfread", "perdure"] {
        succeeds(Command::new(prefix.join("bin").join(name)).arg("--help"));
    }
    for (library, words) in [("amf", "-lSaAmf"), ("imm", "-lSaImmOm -lSaImmOi")] {
        for owner in ["perdure", "opensaf"] {
            let said = succeeds(
                Command::new("pkg-config")
                    .args(["--cflags", "--libs", &format!("{owner}-{library}")])
                    .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")),
            );
            assert!(said.contains(words), "{said}");
        }
    }
    // Twice is as once.
    install.run(built()).expect("it installs again");
    let stranger = prefix.join("lib/stranger");
    fs::write(&stranger, "somebody else's").expect("a file");
    uninstall(&install).expect("it goes");
    assert_eq!(files(&prefix), BTreeSet::from([PathBuf::from("lib/stranger")]));
    assert!(!prefix.join("bin").exists() && !prefix.join("share").exists());
}

#[test]
fn the_c_sample_is_built_with_pkg_config_and_fails_over() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let prefix = scratch.path().join("opt");
    let install = support::install(&prefix);
    install.run(built()).expect("it installs");
    let (_, path) = support::build_sample(&prefix, scratch.path());
    let cluster = Cluster::up(&prefix.join("bin/perdure"), &[&path]).expect("the sample comes up");
    cluster.wait_ha(SUS[0], SI, "1");
    cluster.wait_ha(SUS[1], SI, "2");

    let comp = |su: &str| format!("safComp=Counter,{su}");
    let before = processes_of(cluster.dir(), &comp(SUS[0]));
    assert!(!before.is_empty(), "the component runs");
    for pid in &before {
        succeeds(Command::new("kill").args(["-9", &pid.to_string()]));
    }
    cluster.wait_ha(SUS[1], SI, "1");
    cluster.wait_ha(SUS[0], SI, "2");

    cluster
        .done("amf-adm", &["shutdown", SUS[1]])
        .unwrap_or_else(|error| panic!("{error}"));
    cluster.wait_ha(SUS[0], SI, "1");
    cluster
        .done("amf-adm", &["lock-in", SUS[1]])
        .unwrap_or_else(|error| panic!("{error}"));
    wait_for("the component to end when it is asked to", || {
        processes_of(cluster.dir(), &comp(SUS[1])).is_empty()
    })
    .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_debian_package_installs_runs_and_is_removed() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let Some(package) = deb(scratch.path(), built()).expect("a package") else {
        println!("skipped: dpkg-deb is not installed");
        return;
    };
    let root = scratch.path().join("root");
    let state = root.join("var/lib/dpkg");
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(state.join(folder)).expect("a folder");
    }
    for file in ["status", "available"] {
        fs::write(state.join(file), "").expect("a file");
    }
    let before = files(&root.join("var"));
    let dpkg = |words: &[&str]| {
        let mut command = Command::new("dpkg");
        command
            .arg(format!("--root={}", root.display()))
            .args(["--force-not-root", "--force-script-chrootless", "--force-depends"])
            .arg("--log=/dev/null")
            .args(words);
        command
    };
    succeeds(&mut dpkg(&["--install", &package.display().to_string()]));
    let program = root.join("usr/bin/perdure");
    let said = succeeds(Command::new(&program).arg("--version"));
    assert!(said.starts_with("perdure "), "{said}");
    for file in ["usr/bin/immlist", "usr/lib/libSaAmf.so.0", "usr/include/saAmf.h"] {
        assert!(root.join(file).exists(), "{file}");
    }
    let model = root.join("usr/share/perdure/models/no-redundancy.xml");
    let cluster = Cluster::up(&program, &[&model]).expect("a cluster comes up");
    let found = cluster.done("immfind", &["-c", "SaAmfCluster"]);
    assert_eq!(found.as_deref().map(str::trim), Ok("safAmfCluster=spec"));
    drop(cluster);

    succeeds(&mut dpkg(&["--purge", "perdure"]));
    assert!(!root.join("usr").exists(), "{:?}", files(&root));
    let left: Vec<PathBuf> = files(&root.join("var"))
        .difference(&before)
        .filter(|path| path.to_string_lossy().contains("perdure"))
        .cloned()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
