//! C programs against a real daemon.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use capi::{Daemon, finished, libraries, program, root, succeeds, with_libraries};

fn daemon() -> Daemon {
    Daemon::start(env!("CARGO_BIN_EXE_capi-immd"))
}

fn runs(name: &str) {
    let daemon = daemon();
    succeeds(&mut program(name).command(daemon.dir()));
}

#[test]
fn object_management_has_the_codes_of_the_reference() {
    runs("om_errors");
}

#[test]
fn object_implementers_have_the_codes_of_the_reference() {
    runs("oi_errors");
}

#[test]
fn codes_that_depend_on_what_else_goes_on_are_those_of_the_reference() {
    runs("states");
}

#[test]
fn long_names_have_an_end_and_are_not_for_everybody() {
    let daemon = daemon();
    let program = program("states");
    let mut long = program.command(daemon.dir());
    succeeds(long.arg("make").env("SA_ENABLE_EXTENDED_NAMES", "1"));
    succeeds(program.command(daemon.dir()).arg("meet"));
}

#[test]
fn there_is_an_end_to_what_a_service_has() {
    let daemon = daemon();
    succeeds(program("states").command(daemon.dir()).arg("limits"));
}

/// Also of ten thousand CCBs and three thousand implementers: `cargo test --release -p capi --test imm -- --ignored end_to_all`
#[test]
#[ignore = "takes a minute"]
fn there_is_an_end_to_all_that_a_service_has() {
    let daemon = daemon();
    succeeds(program("states").command(daemon.dir()).args(["limits", "all"]));
}

#[test]
fn values_of_all_types_and_long_names_go_through() {
    let daemon = daemon();
    let program = program("values");
    succeeds(&mut program.command(daemon.dir()));
    for enabled in ["1", "yes"] {
        let mut command = program.command(daemon.dir());
        succeeds(command.env("SA_ENABLE_EXTENDED_NAMES", enabled));
    }
}

#[test]
fn threads_forks_and_callbacks_that_finalise_get_codes() {
    runs("hostile");
}

#[test]
fn a_process_has_a_thousand_handles() {
    runs("many");
}

#[test]
fn random_calls_never_end_the_process() {
    let daemon = daemon();
    let program = program("random");
    for seed in ["1", "2", "3"] {
        succeeds(program.command(daemon.dir()).arg(seed).arg("1500"));
    }
}

/// Also a test for the check itself: a small block that is lost in each call of one kind is found.
fn leaves_no_memory_behind(name: &str, leaky: &str) {
    let daemon = daemon();
    let program = program(name);
    succeeds(program.command(daemon.dir()).arg("120"));
    let daemon = self::daemon();
    let output = finished(program.command(daemon.dir()).args(["120", leaky]));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with(leaky) && said.contains("LEAKS"), "{said}");
}

#[test]
fn no_call_leaves_memory_behind() {
    leaves_no_memory_behind("leak_om", "accessor_get_2");
}

#[test]
fn no_call_and_no_callback_of_implementers_leaves_memory_behind() {
    leaves_no_memory_behind("leak_oi", "operation_result");
}

/// `cargo test --release -p capi --test imm -- --ignored --nocapture hundred_thousand`
#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_calls_of_each_kind_leave_no_memory_behind() {
    for name in ["leak_om", "leak_oi"] {
        let daemon = daemon();
        let status = program(name).command(daemon.dir()).arg("100000").status();
        assert!(status.expect("the program starts").success(), "{name}");
    }
}

#[test]
fn environment_variables_are_honoured() {
    let daemon = daemon();
    let program = program("limits");
    let trace = daemon.dir().join("trace");
    succeeds(
        program
            .command(daemon.dir())
            .env("IMMA_TRACE_PATHNAME", &trace)
            .env("IMMA_MAX_OPEN_SEARCHES_PER_HANDLE", "3")
            .env("IMMA_SYNCR_TIMEOUT", "20"),
    );
    let traced = std::fs::read_to_string(trace).expect("a trace");
    for line in [
        " saImmOmInitialize SA_AIS_OK (1) ",
        " saImmOmAccessorInitialize SA_AIS_ERR_NO_RESOURCES (18) ",
        " saImmOiFinalize SA_AIS_OK (1) ",
    ] {
        assert!(traced.contains(line), "{line:?} is missing in\n{traced}");
    }
}

#[test]
fn an_implementer_says_how_long_its_callbacks_may_take() {
    let daemon = daemon();
    succeeds(
        program("limits")
            .command(daemon.dir())
            .arg("slow")
            .env("IMMA_MAX_OPEN_SEARCHES_PER_HANDLE", "3")
            .env("IMMA_OI_CALLBACK_TIMEOUT", "8")
            .env("IMMA_SYNCR_TIMEOUT", "6000"),
    );
}

/// The program does one step for each line that it reads, and says when it is done.
#[test]
fn handles_outlive_the_daemon_where_they_can() {
    let mut daemon = daemon();
    let program = program("restart");
    let mut child = program
        .command(daemon.dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut steps = child.stdin.take().expect("a pipe");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut step = |line: &str| {
        steps.write_all(line.as_bytes()).expect("the program reads");
        let answer = said.next().map(|answer| answer.expect("the program writes"));
        assert_eq!(answer.as_deref(), Some("done"), "at {line:?}");
    };
    step("begin\n");
    daemon.kill();
    step("down\n");
    daemon.restart();
    step("again\n");
    daemon.restart();
    step("stale\n");
    assert!(child.wait().expect("it ends").success());
}

/// As the Python bindings do: the libraries by their sonames, through ctypes.
#[test]
fn python_drives_the_libraries() {
    let daemon = daemon();
    let mut python = Command::new("python3");
    python.arg(root().join("tests/capi/imm/bindings.py"));
    with_libraries(&mut python, daemon.dir());
    succeeds(&mut python);
}

/// The samples are built as docs/C.md says, with pkg-config, and work together.
#[test]
fn the_samples_build_with_pkg_config_and_run() {
    let daemon = daemon();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let flags = |library: &str| {
        let template = capi::text("schema/pkgconfig/perdure-imm.pc.in");
        let text = template
            .replace("@libdir@", &libraries().to_string_lossy())
            .replace("@includedir@", &capi::include().to_string_lossy())
            .replace("@version@", env!("CARGO_PKG_VERSION"));
        std::fs::write(dir.path().join(format!("{library}.pc")), text).expect("a file");
        let mut command = Command::new("pkg-config");
        command
            .args(["--cflags", "--libs", library])
            .env("PKG_CONFIG_PATH", dir.path());
        succeeds(&mut command)
    };
    let flags = flags("perdure-imm");
    let build = |name: &str| {
        let source = root().join("tests/capi/samples").join(name).with_extension("c");
        let mut cc = Command::new("cc");
        cc.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(dir.path().join(name))
            .arg(source)
            .args(flags.split_whitespace());
        succeeds(&mut cc);
        let mut command = Command::new(dir.path().join(name));
        with_libraries(&mut command, daemon.dir());
        command
    };
    let mut implementer = build("implementer")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = BufReader::new(implementer.stdout.take().expect("a pipe")).lines();
    assert_eq!(said.next().and_then(Result::ok).as_deref(), Some("ready"));
    let output = succeeds(&mut build("manager"));
    implementer.kill().expect("it runs");
    implementer.wait().expect("it ends");
    for line in [
        "a counter of 200 is refused: a counter may be at most 100",
        "counter=clicks starts at 5",
        "incremented by 3: 8",
    ] {
        assert!(output.contains(line), "{line:?} is missing in\n{output}");
    }
}
