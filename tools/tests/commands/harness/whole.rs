//! A whole cluster that `perdure up` brought up with the demo model.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use regex::Regex;

use super::command;
use super::transcript::Scene;

/// How long the cluster may take to be as wanted.
const LIMIT: Duration = Duration::from_mins(1);

/// Its directory; it is brought down at the end.
pub(crate) struct Whole {
    dir: tempfile::TempDir,
    scrubs: Vec<(Regex, &'static str)>,
    /// When it was up.
    since: DateTime<Utc>,
}

impl Whole {
    /// Brings it up and waits until its web group is whole, the first SU active.
    pub(crate) fn up() -> Whole {
        let dir = tempfile::Builder::new().prefix("perdure-").tempdir().unwrap();
        let mut whole = Whole {
            dir,
            scrubs: scrubs(),
            since: Utc::now(),
        };
        let bundle = whole.path("bundle");
        whole.must(&format!("perdure bundle {bundle}"));
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let model = models::DEMO
            .replace("/opt/perdure/demo", &bundle)
            .replace("<value>8080</value>", &format!("<value>{port}</value>"));
        std::fs::write(whole.path("demo.xml"), model).unwrap();
        whole.must(&format!("perdure up --detach {}", whole.path("demo.xml")));
        let si = "safSi=Web,safApp=Demo";
        whole.until("the web group is whole", || {
            whole.must(&format!("immlist -a saAmfSIAssignmentState {si}")) == "saAmfSIAssignmentState=2\n"
        });
        let first = format!("safSISU=safSu=SU1\\,safSg=Web\\,safApp=Demo,{si}");
        if whole.must(&format!("immlist -a saAmfSISUHAState {first}")) != "saAmfSISUHAState=1\n" {
            whole.must(&format!("amf-adm si-swap {si}"));
        }
        // Whatever belongs to the start is told by then.
        let settled = |page: String| page.lines().any(|line| line == "amfd_stories 0");
        whole.until("nothing goes on", || settled(whole.must("perdure metrics")));
        whole.since = Utc::now();
        whole
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Runs a command line that must succeed; gives what it printed.
    pub(crate) fn must(&self, line: &str) -> String {
        let output = self.command(line).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {complaint}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until it is so.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !is_so() {
            assert!(
                Instant::now() < deadline,
                "{what}:\n{}",
                self.must("perdure status")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        let _output = self.command("perdure down").output();
    }
}

impl Scene for Whole {
    /// In a line, `SINCE` and `NANOS` are the time when the cluster was up.
    fn command(&self, line: &str) -> Command {
        let since = self.since.to_rfc3339_opts(SecondsFormat::Nanos, true);
        let nanos = self.since.timestamp_nanos_opt().unwrap().to_string();
        let mut command = command(&line.replace("SINCE", &since).replace("NANOS", &nanos));
        command.env("PERDURE_DIR", self.dir.path());
        command
    }

    fn scrub(&self, printed: String) -> String {
        let printed = printed.replace(&*self.dir.path().to_string_lossy(), "DIR");
        let each = self.scrubs.iter();
        each.fold(printed, |text, (from, to)| {
            from.replace_all(&text, *to).into_owned()
        })
    }
}

/// What is different each time, and the word that stands for it.
fn scrubs() -> Vec<(Regex, &'static str)> {
    let all = [
        (
            r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.0-9]*(Z|[+-]\d\d:\d\d)?",
            "TIME",
        ),
        (r"(?m)^===  .* - ", "===  TIME - "),
        (
            r#""(time|pid|uid|millis|settled_millis|supervisor)": [0-9.]+"#,
            "\"$1\": N",
        ),
        (r"\b(uid|pid) \d+", "$1 N"),
        (r"(?m)^( *(immd|amfd|amfnd-\S+) +running +)\d+", "${1}N"),
        (r"(?m)^ +[0-9.]+ ms\b", "  N ms"),
        (r"\b[0-9.]+ ms\b", "N ms"),
        (r#"\b\d+\.\d+(  |")"#, "CAUSE$1"),
        // The width of what was left out is in the columns.
        (r"(\S)  +", "$1  "),
    ];
    all.map(|(from, to)| (Regex::new(from).unwrap(), to)).to_vec()
}
