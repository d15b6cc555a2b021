//! `perdure down`: stops a cluster in order.

use std::path::Path;
use std::time::{Duration, Instant};

use ais::Dn;
use rustix::process::{Pid, Signal, kill_process};

use super::failure::Failure;
use super::place::Place;
use super::record::Record;
use super::supervisor;

/// How long the supervisor may take; longer than the longest of its daemons together.
const SUPERVISOR_LIMIT: Duration = Duration::from_secs(100);
/// How long a daemon without a supervisor may take.
const DAEMON_LIMIT: Duration = Duration::from_secs(30);
/// The pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, _arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    match place.holder() {
        Some(supervisor) => stop_supervisor(&place, supervisor),
        None => stop_leftovers(&place),
    }
}

/// Asks the supervisor to stop everything and waits until it has.
fn stop_supervisor(place: &Place, supervisor: i32) -> Result<(), Failure> {
    let begin = Instant::now();
    send(supervisor, Signal::TERM)?;
    while place.holder() == Some(supervisor) {
        if begin.elapsed() > SUPERVISOR_LIMIT {
            return Err(Failure::new(format!(
                "the supervisor (pid {supervisor}) did not stop in {} s; see {}",
                SUPERVISOR_LIMIT.as_secs(),
                place.log("supervisor").display()
            )));
        }
        std::thread::sleep(LOOK_PAUSE);
    }
    println!(
        "the cluster in {} is down ({} ms)",
        place.dir().display(),
        begin.elapsed().as_millis()
    );
    Ok(())
}

/// Ends daemons whose supervisor was killed, in the same order as it would have.
fn stop_leftovers(place: &Place) -> Result<(), Failure> {
    let record = Record::load(&place.record()).unwrap_or_default();
    let living = record.living(place.dir());
    if living.is_empty() {
        if sweep(place, &record) {
            return Ok(());
        }
        return Err(Failure::no_cluster(place.dir()));
    }
    println!("the supervisor is gone; ending its daemons");
    let is = |role: &'static str| move |daemon: &&(&str, u32)| daemon.0.split('-').next() == Some(role);
    for role in ["amfd", "amfnd", "immd"] {
        let group: Vec<&(&str, u32)> = living.iter().filter(is(role)).collect();
        for (_, pid) in &group {
            send(i32::try_from(*pid).unwrap_or(i32::MAX), Signal::TERM)?;
        }
        let begin = Instant::now();
        for (name, pid) in group {
            while is_running(*pid) && begin.elapsed() < DAEMON_LIMIT {
                std::thread::sleep(LOOK_PAUSE);
            }
            if is_running(*pid) {
                send(i32::try_from(*pid).unwrap_or(i32::MAX), Signal::KILL)?;
                println!(
                    "{name} did not stop in {} s and was killed",
                    DAEMON_LIMIT.as_secs()
                );
            } else {
                println!("{name} stopped");
            }
        }
    }
    sweep(place, &record);
    Ok(())
}

/// Ends what node directors that did not end in order have left running. Whether there was anything.
fn sweep(place: &Place, record: &Record) -> bool {
    let mut found = false;
    for daemon in &record.daemons {
        let name = daemon.name.strip_prefix("amfnd-");
        // Of the node's name only this part says where its components are.
        let Some(Ok(node)) = name.map(|name| Dn::new(&format!("safAmfNode={name}"))) else {
            continue;
        };
        if let Some(said) = supervisor::sweep(place.dir(), &node) {
            println!("{}: {said}", daemon.name);
            found = true;
        }
    }
    found
}

/// Sends a signal; a process that is gone meanwhile is what was wanted.
fn send(pid: i32, signal: Signal) -> Result<(), Failure> {
    let Some(process) = Pid::from_raw(pid) else {
        return Err(Failure::new(format!("{pid} is not a process")));
    };
    match kill_process(process, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Failure::failed(format!("signal process {pid}"), &error)),
    }
}

/// Whether the process is there and not only waiting to be reaped.
fn is_running(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z'))
    })
}
