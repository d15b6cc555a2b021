//! A pseudo terminal, and what stands on its screen.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// How long a terminal may stay silent.
const LIMIT: Duration = Duration::from_secs(30);

/// The controlling side of a pseudo terminal, with all that it has shown.
pub(crate) struct Terminal {
    file: File,
    pub(crate) shown: String,
}

impl Terminal {
    /// A terminal and the side of it that a program takes as its standard input and output.
    pub(crate) fn open() -> (Terminal, File) {
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

    /// The same, so many columns wide and rows high.
    pub(crate) fn sized(columns: u16, rows: u16) -> (Terminal, File) {
        let (terminal, side) = Terminal::open();
        terminal.resize(columns, rows);
        (terminal, side)
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.file, size).unwrap();
    }

    /// Reads until the screen is as wanted.
    pub(crate) fn until(&mut self, screen: &mut Screen, wanted: &str, is_so: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + LIMIT;
        loop {
            screen.take(&mut self.shown);
            if is_so(screen) {
                return;
            }
            assert!(Instant::now() < deadline, "no {wanted} in:\n{}", screen.text());
            self.read();
        }
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.file.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until the text is shown, after what was awaited before.
    pub(crate) fn expect(&mut self, text: &str) {
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
    pub(crate) fn read(&mut self) {
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
    pub(crate) fn status(&mut self, program: &mut Child) -> ExitStatus {
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

/// What stands on a terminal of this size: enough of its language for programs that draw whole screens.
pub(crate) struct Screen {
    rows: Vec<Vec<char>>,
    at: (usize, usize),
}

impl Screen {
    pub(crate) fn new(columns: u16, rows: u16) -> Screen {
        Screen {
            rows: vec![vec![' '; columns.into()]; rows.into()],
            at: (0, 0),
        }
    }

    /// The rows, without the blanks at their ends.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self.rows.iter().map(|row| row.iter().collect()).collect();
        lines
            .iter()
            .map(|line| line.trim_end())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The first row with these words.
    pub(crate) fn row(&self, words: &[&str]) -> Option<String> {
        let text = self.text();
        let mut rows = text.lines();
        let found = rows.find(|row| words.iter().all(|word| row.contains(word)));
        found.map(str::to_owned)
    }

    /// Takes what was shown; the beginning of a sequence that is not whole yet is left.
    fn take(&mut self, shown: &mut String) {
        let mut rest = shown.as_str();
        while let Some(first) = rest.chars().next() {
            let Some(control) = rest.strip_prefix("\u{1b}[") else {
                self.put(first);
                rest = &rest[first.len_utf8()..];
                continue;
            };
            let Some(end) = control.find(|c: char| c.is_ascii_alphabetic()) else {
                break;
            };
            self.obey(&control[..end], &control[end..=end]);
            rest = &control[end + 1..];
        }
        *shown = rest.to_owned();
    }

    fn put(&mut self, shown: char) {
        let (row, column) = self.at;
        if let Some(cell) = self.rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            *cell = shown;
        }
        self.at.1 += 1;
    }

    fn obey(&mut self, numbers: &str, what: &str) {
        match what {
            "H" => {
                let mut numbers = numbers.split(';').map(|n| n.parse::<usize>().unwrap_or(1));
                let mut next = || numbers.next().unwrap_or(1).saturating_sub(1);
                self.at = (next(), next());
            }
            "J" => self.rows.iter_mut().for_each(|row| row.fill(' ')),
            _ => {}
        }
    }
}
