//! Changes of the information model are notifications too.

use std::time::{Duration, Instant};

use regex::Regex;

use crate::harness::{Cluster, golden};

/// How long a change may take until it is told.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits until so many notifications are kept; gives what ntfread prints, without times and numbers of CCBs.
fn told(cluster: &Cluster, count: usize) -> String {
    let deadline = Instant::now() + LIMIT;
    loop {
        let text = cluster.must("ntfread --all -N safApp=OpenSaf");
        if text.matches("===\n").count() >= count {
            return text.lines().map(without_time).collect();
        }
        assert!(Instant::now() < deadline, "{count} notifications: {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn without_time(line: &str) -> String {
    // What depends on processes, and on the CCBs before.
    let line = &Regex::new("immcfg_[A-Za-z0-9_.-]+")
        .unwrap()
        .replace(line, "OWNER");
    let line = &Regex::new("Value: 4294967[0-9]+")
        .unwrap()
        .replace(line, "Value: CCB");
    match line.split_once(" - ") {
        Some((_, kind)) if line.starts_with("===  ") => format!("===  {kind}\n"),
        _ => format!("{line}\n"),
    }
}

/// A director that tells changes of the class `Lamp`.
fn watched() -> Cluster {
    let mut cluster = Cluster::start(&[&golden().join("model.xml"), &golden().join("notify.xml")]);
    for si in cluster.must("immfind -c SaAmfSI").lines() {
        cluster.must(&format!("immcfg -d {si}"));
    }
    cluster.start_director();
    let log = cluster.dir().join("amfd.log");
    let deadline = Instant::now() + LIMIT;
    while !std::fs::read_to_string(&log)
        .unwrap()
        .contains("changes of the information model are told")
    {
        assert!(Instant::now() < deadline, "the director does not attach");
        std::thread::sleep(Duration::from_millis(20));
    }
    cluster
}

#[test]
fn changes_of_the_information_model_are_told_as_osafntfimcnd_tells_them() {
    let cluster = watched();
    cluster.must("immcfg -c Lamp -a watts=40 -a watts=60 -a place=hall lamp=a");
    told(&cluster, 1);
    // Not flagged: not told.
    cluster.must("immcfg -a place=stairs lamp=a");
    cluster.must("immcfg -a watts=25 lamp=a");
    told(&cluster, 2);
    cluster.must("immcfg -d lamp=a");
    let printed = told(&cluster, 3);
    let path = golden().join("model-changes.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    assert_eq!(printed, std::fs::read_to_string(&path).unwrap());
}

#[test]
fn after_a_lost_connection_it_is_told_that_changes_may_be_missing() {
    let mut cluster = watched();
    cluster.kill();
    cluster.restart();
    cluster.wait_until_it_answers();
    let deadline = Instant::now() + LIMIT;
    while !cluster
        .must("ntfread --all -N safApp=OpenSaf")
        .contains("may not have been told")
    {
        assert!(Instant::now() < deadline, "it is not told");
        std::thread::sleep(Duration::from_millis(20));
    }
    cluster.must("immcfg -c Lamp -a watts=40 lamp=b");
    while !cluster
        .must("ntfread --all -N safApp=OpenSaf")
        .contains("lamp=b (Lamp) was created by")
    {
        assert!(Instant::now() < deadline, "it is not told any more");
        std::thread::sleep(Duration::from_millis(20));
    }
}
