//! `perdure status --watch`: a live screen on a terminal, each change elsewhere.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::Ended;
use crate::harness::terminal::{Screen, Terminal};
use crate::harness::{Cluster, golden};

const COLUMNS: u16 = 170;
const ROWS: u16 = 40;
/// How long nothing may be printed.
const LIMIT: Duration = Duration::from_secs(30);

/// A director without nodes, and its screen.
fn watched() -> (Cluster, Terminal, Screen, Child) {
    let mut cluster = Cluster::start(&[&golden().join("model.xml")]);
    cluster.start_director();
    let (terminal, side) = Terminal::sized(COLUMNS, ROWS);
    let mut command = cluster.command("perdure status --watch");
    command
        .env("TERM", "xterm")
        .stdin(side.try_clone().unwrap())
        .stdout(side.try_clone().unwrap())
        .stderr(side);
    let child = command.spawn().unwrap();
    (cluster, terminal, Screen::new(COLUMNS, ROWS), child)
}

#[test]
fn the_screen_follows_what_happens_and_is_left_with_q() {
    let (cluster, mut terminal, mut screen, mut child) = watched();
    let su = "safSu=SU1,safSg=demo,safApp=demo";
    terminal.until(&mut screen, "row of the SU", |screen| {
        screen.row(&[su, "UNLOCKED"]).is_some() && screen.row(&["ALARMS"]).is_some()
    });
    cluster.must(&format!("amf-adm lock {su}"));
    terminal.until(&mut screen, "locked SU", |screen| {
        screen
            .row(&[su, "LOCKED"])
            .is_some_and(|row| !row.contains("UNLOCKED"))
    });
    cluster.must("ntfsend -T 0x4000 -s 5 -n theDisk -a 'the disk is full'");
    terminal.until(&mut screen, "alarm", |screen| {
        screen.row(&["the disk is full"]).is_some()
    });
    terminal.send("q");
    assert!(terminal.status(&mut child).success());
    assert!(
        terminal.shown.contains("\u{1b}[?1049l"),
        "the screen that was there before comes back: {:?}",
        terminal.shown
    );
}

#[test]
fn arrows_scroll_and_a_changed_size_is_drawn() {
    let (_cluster, mut terminal, mut screen, mut child) = watched();
    let (first, second) = (
        "safSu=SU1,safSg=demo,safApp=demo",
        "safSu=SU2,safSg=demo,safApp=demo",
    );
    terminal.until(&mut screen, "both SUs", |screen| {
        screen.row(&[first]).is_some() && screen.row(&[second]).is_some()
    });
    terminal.send("\u{1b}[B");
    terminal.until(&mut screen, "second SU alone", |screen| {
        screen.row(&[first]).is_none() && screen.row(&[second]).is_some()
    });
    terminal.send("\u{1b}[A");
    terminal.until(&mut screen, "first SU again", |screen| {
        screen.row(&[first]).is_some()
    });
    let mut small = Screen::new(60, 12);
    terminal.resize(60, 12);
    terminal.until(&mut small, "keys in the last row", |screen| {
        screen
            .text()
            .lines()
            .nth(11)
            .is_some_and(|row| row.starts_with("q leave"))
    });
    terminal.send("\u{3}");
    assert!(terminal.status(&mut child).success(), "Ctrl-C is a key like q");
}

#[test]
fn without_a_terminal_each_change_is_printed() {
    let mut cluster = Cluster::start(&[&golden().join("model.xml")]);
    cluster.start_director();
    let watch = cluster
        .command("perdure status --watch")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut watch = Ended(watch);
    let su = "safSu=SU1,safSg=demo,safApp=demo";
    let (sender, lines) = mpsc::channel();
    let output = BufReader::new(watch.0.stdout.take().unwrap());
    std::thread::spawn(move || {
        let mut printed = output.lines().map_while(Result::ok);
        printed.try_for_each(|line| sender.send(line))
    });
    let wait = |state: &str| loop {
        let line = lines.recv_timeout(LIMIT).expect(state);
        let mut words = line.split_whitespace();
        if words.next() == Some(su) && words.any(|word| word == state) {
            break;
        }
    };
    wait("UNLOCKED");
    cluster.must(&format!("amf-adm lock {su}"));
    wait("LOCKED");
}
