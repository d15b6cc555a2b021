//! The explicit mode of immcfg on a terminal: a prompt, commands that go on after an error, and Ctrl-C.

use std::process::Child;

use crate::harness::terminal::Terminal;
use crate::harness::{Cluster, golden};

/// immcfg on a terminal of its own, which has shown its prompt.
fn immcfg(cluster: &Cluster) -> (Terminal, Child) {
    let (mut terminal, side) = Terminal::open();
    let mut command = cluster.command("immcfg");
    command
        .env("TERM", "xterm")
        .stdin(side.try_clone().unwrap())
        .stdout(side.try_clone().unwrap())
        .stderr(side);
    let child = command.spawn().unwrap();
    terminal.expect("> ");
    (terminal, child)
}

#[test]
fn a_terminal_goes_on_after_an_error_and_applies_at_the_end() {
    let cluster = Cluster::start(&[&golden().join("model.xml")]);
    let (mut terminal, mut child) = immcfg(&cluster);
    terminal.send("immcfg --json -c DemoClass -a demoFixed=x demoId=lost\r");
    terminal.expect("\"ok\": true");
    terminal.expect("> ");
    terminal.send("immcfg -a demoLimit=x demoId=lost\r");
    terminal.expect("CCB is aborted");
    terminal.expect("> ");
    terminal.send("immcfg --json -c DemoClass -a demoFixed=x demoId=kept\r");
    terminal.expect("\"ok\": true");
    terminal.expect("> ");
    terminal.send("\u{4}");
    assert!(terminal.status(&mut child).success());
    assert_eq!(cluster.must("immfind demoId=kept"), "demoId=kept\n");
    assert!(!cluster.run("immfind demoId=lost").status.success());
}

#[test]
fn an_interrupt_drops_what_is_not_applied() {
    let cluster = Cluster::start(&[&golden().join("model.xml")]);
    let (mut terminal, mut child) = immcfg(&cluster);
    terminal.send("immcfg --json -c DemoClass -a demoFixed=x demoId=lost\r");
    terminal.expect("\"ok\": true");
    terminal.expect("> ");
    terminal.send("\u{3}");
    assert!(!terminal.status(&mut child).success());
    assert!(!cluster.run("immfind demoId=lost").status.success());
}
