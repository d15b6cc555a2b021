//! The explicit mode of immcfg on a terminal: a prompt, commands that go on after an error, and Ctrl-C.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::harness::{Cluster, golden};

/// How long a terminal may stay silent.
const LIMIT: Duration = Duration::from_secs(30);

/// The controlling side of a pseudo terminal, with all that it has shown.
struct Terminal {
    file: File,
    shown: String,
}

impl Terminal {
    /// A terminal and the side of it that a program takes as its standard input and output.
    fn open() -> (Terminal, File) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let file = File::from(master);
        let shown = String::new();
        (Terminal { file, shown }, slave)
    }

    fn send(&mut self, text: &str) {
        self.file.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until the text is shown, after what was awaited before.
    fn expect(&mut self, text: &str) {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.shown.find(text) {
                self.shown.drain(..at + text.len());
                return;
            }
            assert!(Instant::now() < deadline, "no {text:?} in: {}", self.shown);
            self.read();
        }
    }

    /// Reads what there is, at most for a moment.
    fn read(&mut self) {
        let moment = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        let mut polled = [PollFd::new(&self.file, PollFlags::IN)];
        if poll(&mut polled, Some(&moment)).unwrap() == 0 {
            return;
        }
        let mut bytes = [0; 4096];
        // The terminal reports an error when nobody has its other side any more.
        let count = self.file.read(&mut bytes).unwrap_or(0);
        self.shown += &String::from_utf8_lossy(&bytes[..count]);
    }

    /// The exit status of the program, which must end.
    fn status(&mut self, program: &mut Child) -> ExitStatus {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = program.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > deadline {
                program.kill().unwrap();
                panic!("it does not end: {}", self.shown);
            }
            self.read();
        }
    }
}

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
