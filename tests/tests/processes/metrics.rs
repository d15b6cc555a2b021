//! What real daemons count and measure: names and types as documented, values that move when something happens, and
//! scrapers that cost little.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use tests::cluster::wait_for;

use crate::stage::{Stage, WEB_SI};

/// The families with their types, a line each; `UPDATE=1` writes it anew.
const NAMES: &str = "tests/processes/metrics.txt";

/// The rows of a page by their names with labels.
fn rows(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name, value.parse().ok()?))
        })
        .collect()
}

fn page(stage: &Stage) -> String {
    stage
        .cluster
        .done("perdure", &["metrics"])
        .unwrap_or_else(|e| panic!("{e}"))
}

/// What a scraper that writes this to the daemon's socket gets.
fn ask(socket: &Path, request: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket).expect("the daemon listens");
    stream.write_all(request).expect("the request is taken");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it is answered");
    text
}

#[test]
fn the_names_and_types_are_those_that_are_documented() {
    let stage = Stage::up();
    let page = page(&stage);
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let found: String = types.flat_map(|line| [line, "\n"]).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(NAMES);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &found).expect("it can be written");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, wanted, "the table in docs/OPERATING.md has a row for each");
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn a_failover_moves_the_figures() {
    let stage = Stage::up_as(|xml| xml, &["--metrics=127.0.0.1:0"]);
    let before = page(&stage);
    let before = rows(&before);
    let (active, standby) = stage.roles();
    let faults = "amfd_faults_total{recovery=\"COMPONENT_FAILOVER\"}";
    assert_eq!(before.get(faults), Some(&0.0), "{before:?}");
    assert!(before["amfd_sus_presence{state=\"INSTANTIATED\"}"] >= 2.0);
    assert!(before["amfd_immd_attached"] > 0.0);

    stage.kill_component(active);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    stage.cluster.wait_ha(active, WEB_SI, "2");
    let mut text = String::new();
    wait_for("the recovery to be over", || {
        text = page(&stage);
        let rows = rows(&text);
        let settled = rows
            .iter()
            .filter(|(name, _)| name.starts_with("amfd_recovery_seconds_count"));
        settled.map(|(_, count)| count).sum::<f64>() >= 1.0
    })
    .unwrap_or_else(|e| panic!("{e}: {text}"));
    let after = rows(&text);
    let sum = |rows: &BTreeMap<&str, f64>, name: &str| {
        let found = rows.iter().filter(|(row, _)| row.starts_with(name));
        found.map(|(_, value)| *value).sum::<f64>()
    };
    for name in [
        "amfd_faults_total",
        "amfd_failover_seconds_count",
        "amfd_orders_total",
        "amfd_notifications_total",
        "amfd_publish_seconds_count",
        "amfnd_processes_died_total",
        "amfnd_commands_total",
        "amfnd_command_seconds_count",
        "amfnd_callbacks_total",
        "amfnd_reports_total",
        "amfnd_orders_total",
    ] {
        assert!(
            sum(&after, name) > sum(&before, name),
            "{name} did not move: {text}"
        );
    }
    let took = sum(&after, "amfd_failover_seconds_sum");
    assert!(took > 0.0 && took < 60.0, "{took}");
    let enabled = sum(&after, "amfd_nodes{state=\"ENABLED\"}");
    let connected = sum(&after, "amfnd_director_connected");
    assert!((enabled - connected).abs() < 0.5, "{enabled} and {connected}");
}

#[test]
fn a_change_of_the_model_moves_the_figures_of_its_store() {
    let stage = Stage::up();
    let before = page(&stage);
    let applied = "immd_ccbs_total{outcome=\"applied\"}";
    let commits = "immd_commit_seconds_count";
    stage
        .cluster
        .done("immcfg", &["-a", "saAmfSIRank=3", WEB_SI])
        .unwrap_or_else(|e| panic!("{e}"));
    let after = page(&stage);
    let (before, after) = (rows(&before), rows(&after));
    let was = before.get(applied).copied().unwrap_or_default();
    assert!(
        (after[applied] - was - 1.0).abs() < 0.5,
        "{was} and {}",
        after[applied]
    );
    assert!(after[commits] > before[commits]);
    assert!(after["immd_written_bytes_total"] > before["immd_written_bytes_total"]);
    assert!(after["immd_store_bytes"] > 0.0 && after["immd_objects"] > 10.0);
}

#[test]
fn scrapers_that_hold_on_or_send_rubbish_harm_nobody() {
    let stage = Stage::up();
    let socket = stage.cluster.dir().join("amfd.prom");
    let mode = std::fs::metadata(&socket)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "it is private");
    let page = ask(&socket, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    let rubbish = ask(&socket, &[b'x'; 8192]);
    assert!(rubbish.starts_with("HTTP/1.1 400 "), "{rubbish}");
    // More than are answered at once, and none of them ever asks: the daemon serves others all the time.
    let silent: Vec<UnixStream> = (0..50)
        .map(|_| UnixStream::connect(&socket).expect("it may connect"))
        .collect();
    stage.adm("si-swap", WEB_SI);
    drop(silent);
    wait_for("a page again", || {
        stage
            .cluster
            .done("perdure", &["metrics"])
            .is_ok_and(|page| page.contains("amfd_"))
    })
    .expect("scrapers that left are forgotten");
}

#[test]
fn the_page_is_served_on_a_local_address_alone() {
    let stage = Stage::up();
    let refused = stage
        .cluster
        .done("perdure", &["metrics", "--listen", "0.0.0.0:0"])
        .expect_err("it would be reached from elsewhere");
    assert!(refused.contains("127.0.0.1"), "{refused}");
    let mut serving = stage
        .cluster
        .command("perdure", &["metrics", "--listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let mut said = std::io::BufReader::new(serving.stdout.take().expect("a pipe"));
    std::io::BufRead::read_line(&mut said, &mut line).expect("it says where");
    let address = line
        .trim()
        .trim_start_matches("http://")
        .trim_end_matches("/metrics");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .expect("it takes the request");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it answers");
    for daemon in ["immd_objects ", "amfd_nodes{", "amfnd_orders_total{node="] {
        assert!(text.contains(daemon), "{daemon} is missing in {text}");
    }
    serving.kill().expect("it ends");
    serving.wait().expect("it has ended");
}
