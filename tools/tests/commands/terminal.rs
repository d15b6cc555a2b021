//! The explicit mode of immcfg on a terminal: a prompt, commands that go on after an error, and Ctrl-C.

use std::process::Child;

use crate::harness::terminal::Terminal;
use crate::harness::{Cluster, golden};

/// A command on a terminal of its own.
fn on_terminal(cluster: &Cluster, line: &str) -> (Terminal, Child) {
    let (terminal, side) = Terminal::open();
    let mut command = cluster.command(line);
    command
        .env("TERM", "xterm")
        .stdin(side.try_clone().unwrap())
        .stdout(side.try_clone().unwrap())
        .stderr(side);
    (terminal, command.spawn().unwrap())
}

/// immcfg on a terminal of its own, which has shown its prompt.
fn immcfg(cluster: &Cluster) -> (Terminal, Child) {
    let (mut terminal, child) = on_terminal(cluster, "immcfg");
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

#[test]
fn a_terminal_remembers_what_was_typed() {
    let cluster = Cluster::start(&[&golden().join("model.xml")]);
    let (mut terminal, mut child) = immcfg(&cluster);
    terminal.send("immcfg --json -c DemoClass -a demoFixed=x demoId=kept\r");
    terminal.expect("\"ok\": true");
    terminal.expect("> ");
    // The line before, with another name in the place of its last four letters.
    terminal.send("\u{1b}[A\u{8}\u{8}\u{8}\u{8}again\r");
    terminal.expect("\"ok\": true");
    terminal.expect("> ");
    terminal.send("\u{4}");
    assert!(terminal.status(&mut child).success());
    assert_eq!(cluster.must("immfind demoId=again"), "demoId=again\n");
}

#[test]
fn long_work_shows_on_a_terminal_how_far_it_is() {
    let cluster = Cluster::start(&[&golden().join("model.xml")]);
    let objects = (0..5_000).fold(String::new(), |text, number| {
        text + "<object class=\"DemoClass\"><dn>demoId=many"
            + &number.to_string()
            + "</dn><attr><name>demoFixed</name><value>x</value></attr></object>\n"
    });
    let file = cluster.dir().join("many.xml");
    let model = format!(
        "<imm:IMM-contents xmlns:imm=\"http://www.saforum.org/IMMSchema\">\n{objects}</imm:IMM-contents>\n"
    );
    std::fs::write(&file, model).unwrap();
    let (mut terminal, mut child) = on_terminal(&cluster, &format!("immload {}", file.display()));
    terminal.expect("5,000 operations sent");
    assert!(terminal.status(&mut child).success());
    let dump = cluster.dir().join("dump.xml");
    let (mut terminal, mut child) = on_terminal(&cluster, &format!("immdump {}", dump.display()));
    terminal.expect("objects read");
    assert!(terminal.status(&mut child).success());
    // Where nobody looks, nothing is shown.
    let output = cluster.run(&format!("immdump {}", dump.display()));
    assert!(output.stderr.is_empty());
}
