//! The C interface: C programs that are compiled against the headers, linked with the library, and run as components of
//! a real node director.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

use ais::amf::{CompCategory, CompConfig, HaState, Healthcheck, NodeOrder, OrderId, PresenceState};
use ais::{Dn, Millis};
use harness::{Cluster, Director, bare_component, is_alive, run, su};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Gives a directory the library under the names by which it is linked and loaded.
fn install_library(dir: &Path) {
    let built = std::env::current_exe().unwrap().with_file_name("libSaAmf.so");
    for name in ["libSaAmf.so", "libSaAmf.so.0"] {
        symlink(&built, dir.join(name)).unwrap();
    }
}

/// Compiles a C program into the directory.
fn compile(dir: &Path, source: &str, words: &[&str]) -> PathBuf {
    install_library(dir);
    let program = dir.join("program");
    let output = Program::new("cc")
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-pthread"])
        .args(words)
        .arg("-I")
        .arg(root().join("schema/include"))
        .arg("-o")
        .arg(&program)
        .arg(root().join("tests/capi/amf").join(source))
        .arg("-L")
        .arg(dir)
        .arg(format!("-Wl,-rpath,{}", dir.display()))
        .arg("-lSaAmf")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    program
}

/// An SA-aware component that runs this program.
fn component(cluster: &Cluster, program: &Path) -> CompConfig {
    CompConfig {
        category: CompCategory::SA_AWARE | CompCategory::LOCAL,
        instantiate: Some(cluster.script("instantiate", &format!("'{}' &", program.display()), 10_000)),
        cleanup: Some(cluster.script("cleanup", "exit 0", 10_000)),
        env: vec![format!("TEST_DIR={}", cluster.dir.path().display())],
        ..bare_component()
    }
}

#[test]
fn the_header_is_the_standards_in_c_and_cpp() {
    for (compiler, words) in [
        ("cc", &["-std=c11"][..]),
        ("cc", &["-std=c11", "-DSA_EXTENDED_NAME_SOURCE"]),
        ("c++", &["-x", "c++", "-std=c++11"]),
    ] {
        let output = Program::new(compiler)
            .args(words)
            .args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"])
            .arg(root().join("schema/include"))
            .arg(root().join("tests/capi/amf/header.c"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn every_function_answers_as_the_standard_says() {
    run(async {
        let cluster = Cluster::start().await;
        let program = compile(cluster.dir.path(), "errors.c", &[]);
        cluster.instantiate(component(&cluster, &program)).await;
        cluster.said("checked", 1).await;
        cluster.said("healthy", 1).await;
        cluster.assign(2, HaState::Active).await;
        cluster.assign(3, HaState::Quiescing).await;
        cluster
            .report("QUIESCED", |su| {
                su.assignments
                    .first()
                    .is_some_and(|held| held.ha == HaState::Quiesced)
            })
            .await;
        cluster
            .carry_out(NodeOrder::Remove {
                id: OrderId(4),
                su: su(),
                sis: vec![Dn::new("safSi=S,safApp=A").unwrap()],
            })
            .await;
        cluster
            .carry_out(NodeOrder::Terminate {
                id: OrderId(5),
                su: su(),
            })
            .await;
        let report = cluster
            .report("the end", |su| su.presence == PresenceState::Uninstantiated)
            .await;
        assert_eq!(report.comps[0].restart_count, 0, "{}", cluster.log());
        let said = fs::read_to_string(cluster.path("said")).unwrap();
        assert_eq!(
            said,
            "checked\nhealthy\nactive\nquiesced\nremoved\nterminated\n",
            "{}",
            cluster.log()
        );
    });
}

#[test]
fn a_program_is_told_when_the_director_comes_and_goes() {
    run(async {
        let mut cluster = Cluster::start().await;
        let program = compile(cluster.dir.path(), "status.c", &[]);
        let mut process = Program::new(program)
            .env("PERDURE_AMFND_SOCKET", cluster.path("nodes/N1/amfnd.sock"))
            .env("TEST_DIR", cluster.dir.path())
            .spawn()
            .unwrap();
        for round in 1..=2 {
            cluster.said("watching", round).await;
            let next = Director::listen(cluster.dir.path());
            std::mem::replace(&mut cluster.director, next).end().await;
            cluster.said("absent", round).await;
            cluster.said("present", round).await;
        }
        cluster
            .until("the program's end", || {
                !is_alive(i32::try_from(process.id()).unwrap())
            })
            .await;
        assert!(process.wait().unwrap().success());
        let said = fs::read_to_string(cluster.path("said")).unwrap();
        assert_eq!(said, "watching\nabsent\npresent\nwatching\nabsent\npresent\n");
    });
}

#[test]
fn a_thousand_handles_and_senseless_calls_break_nothing() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.configure(bare_component()).await;
        let program = compile(cluster.dir.path(), "storm.c", &[]);
        for seed in 1..=3 {
            let output = Program::new("timeout")
                .args(["-s", "ABRT", "60"])
                .arg(&program)
                .args(["300", &seed.to_string()])
                .env("PERDURE_AMFND_SOCKET", cluster.path("nodes/N1/amfnd.sock"))
                .env("SA_AMF_COMPONENT_NAME", harness::comp().as_str())
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "seed {seed}: {}\n{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
    });
}

/// Runs `leak` with these words: whether nothing was left behind, and what it said.
async fn leaks(words: &[&str]) -> (bool, String) {
    let cluster = Cluster::start().await;
    cluster.configure(bare_component()).await;
    let program = compile(cluster.dir.path(), "leak.c", &[]);
    let output = Program::new(&program)
        .args(words)
        .env("PERDURE_AMFND_SOCKET", cluster.path("nodes/N1/amfnd.sock"))
        .env("SA_AMF_COMPONENT_NAME", harness::comp().as_str())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}\n{said}",
        output.status
    );
    (output.status.success(), said)
}

#[test]
fn no_call_leaves_memory_behind() {
    run(async {
        let (nothing, said) = leaks(&["120"]).await;
        assert!(nothing, "{said}");
        // A block that is lost in each call is found.
        let (nothing, said) = leaks(&["120", "ha_state"]).await;
        assert!(!nothing && said.contains("LEAKS"), "{said}");
    });
}

/// `cargo test --release -p amfnd --test capi -- --ignored --nocapture hundred_thousand`
#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_calls_of_each_kind_leave_no_memory_behind() {
    run(async {
        let (nothing, said) = leaks(&["100000"]).await;
        println!("{said}");
        assert!(nothing);
    });
}

#[test]
fn handles_outlive_a_restart_of_the_node_director_where_nothing_is_lost() {
    run(async {
        let mut cluster = Cluster::start().await;
        let aware = CompConfig {
            category: CompCategory::SA_AWARE | CompCategory::LOCAL,
            ..bare_component()
        };
        cluster.configure(aware).await;
        let program = compile(cluster.dir.path(), "restart.c", &[]);
        let mut process = Program::new(program)
            .env("TEST_SOCKET", cluster.path("nodes/N1/amfnd.sock"))
            .env("SA_AMF_COMPONENT_NAME", harness::comp().as_str())
            .env("TEST_DIR", cluster.dir.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .spawn()
            .unwrap();
        cluster.said("ready", 1).await;
        harness::signal(cluster.node_pid(), rustix::process::Signal::KILL);
        cluster.node_status().await;
        cluster.said("absent", 1).await;
        cluster.restart_node().await;
        cluster
            .until("the program's end", || {
                !is_alive(i32::try_from(process.id()).unwrap())
            })
            .await;
        assert!(
            process.wait().unwrap().success(),
            "{:?}",
            fs::read_to_string(cluster.path("said"))
        );
    });
}

/// As docs/C.md says: while the node director is away the component serves on and gets TRY_AGAIN; a new one ends it and starts
/// it again when its director says so.
#[test]
fn a_component_serves_on_without_its_node_director_and_is_started_again_by_the_next() {
    run(async {
        let mut cluster = Cluster::start().await;
        let program = compile(cluster.dir.path(), "worker.c", &[]);
        let comp = CompConfig {
            healthchecks: vec![Healthcheck {
                key: "Counter".to_owned(),
                period: Millis(1_000),
                max_duration: Millis(10_000),
            }],
            ..component(&cluster, &program)
        };
        cluster.instantiate(comp.clone()).await;
        cluster.assign(2, HaState::Active).await;
        cluster.said("state active", 1).await;
        let first = harness::processes_of(cluster.dir.path());
        assert_eq!(first.len(), 1, "{first:?}");
        harness::signal(cluster.node_pid(), rustix::process::Signal::KILL);
        cluster.node_status().await;
        cluster.said("absent ", 1).await;
        assert!(is_alive(first[0]));
        cluster.restart_node().await;
        cluster.until("the component's end", || !is_alive(first[0])).await;
        cluster.configure(comp).await;
        cluster
            .carry_out(NodeOrder::Instantiate {
                id: OrderId(3),
                su: su(),
            })
            .await;
        let now = harness::processes_of(cluster.dir.path());
        assert!(now.len() == 1 && now != first, "{now:?}");
        let said = fs::read_to_string(cluster.path("said")).unwrap();
        assert!(!said.contains("gives"), "{said}");
    });
}

#[test]
fn the_library_exports_what_the_header_declares_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    install_library(dir.path());
    let said = |program: &str, words: &[&str]| {
        let output = Program::new(program)
            .args(words)
            .arg(dir.path().join("libSaAmf.so.0"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{program}");
        String::from_utf8(output.stdout).unwrap()
    };
    let symbols = said("nm", &["-D", "--defined-only"]);
    let exported: BTreeSet<&str> = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .collect();
    let header = ["saAmf.h", "saAmf_B_04_02.h"].map(|name| {
        let path = root().join("schema/include").join(name);
        fs::read_to_string(path).unwrap()
    });
    let mut declared: BTreeSet<&str> = header
        .iter()
        .flat_map(|text| text.split("extern SaAisErrorT ").skip(1))
        .filter_map(|rest| rest.split('(').next())
        .collect();
    declared.extend(["saAisNameLend", "saAisNameBorrow"]);
    assert!(declared.len() > 30, "{declared:?}");
    assert_eq!(exported, declared);
    let dynamic = said("readelf", &["-d"]);
    assert!(dynamic.contains("Library soname: [libSaAmf.so.0]"), "{dynamic}");
}

#[test]
fn what_is_not_there_is_told_from_what_nobody_knows() {
    run(async {
        let aware = CompConfig {
            category: CompCategory::SA_AWARE | CompCategory::LOCAL,
            ..bare_component()
        };
        let proxied = CompConfig {
            category: CompCategory::PROXIED | CompCategory::LOCAL,
            ..bare_component()
        };
        let own = harness::comp();
        for (case, comp, name) in [
            ("down", aware.clone(), own.as_str()),
            ("unknown", aware, "safComp=Nobody,safSu=SU1,safSg=G,safApp=A"),
            ("script", bare_component(), own.as_str()),
            ("proxied", proxied, "safComp=Proxy,safSu=SU1,safSg=G,safApp=A"),
        ] {
            let cluster = Cluster::start().await;
            cluster.configure(comp).await;
            let program = compile(cluster.dir.path(), "outside.c", &[]);
            let output = Program::new(program)
                .args([case, own.as_str()])
                .env("PERDURE_AMFND_SOCKET", cluster.path("nodes/N1/amfnd.sock"))
                .env("SA_AMF_COMPONENT_NAME", name)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{case}: {}\n{said}", output.status);
        }
    });
}
