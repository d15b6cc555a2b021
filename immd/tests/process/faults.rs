//! Every write of the store fails once, in every way: what was acknowledged is there after a restart, what was refused
//! is not.

use std::path::{Path, PathBuf};
use std::process::Command;

use immd_client::{Imm, ImmError};

use super::{Known, Process, connected, verify};
use crate::common::{eventually, item, run};

/// So many CCBs are tried in a round; the store writes and syncs some times for each.
const CCBS: u32 = 6;
/// The last write that fails; there are fewer in a round, so that it is also seen that nothing fails.
const LAST: u32 = 40;

/// The library that makes writes fail.
pub(crate) fn library(dir: &Path) -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/fault.c");
    let library = dir.join("fault.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .status()
        .expect("a C compiler is there");
    assert!(built.success());
    library
}

/// Creates pairs; refused ones are noted.
async fn write(dir: &Path, known: &mut Known, refused: &mut Vec<u32>) {
    let Ok(imm) = Imm::connect(dir).await else { return };
    let Ok(owner) = imm.admin_owner("tester", false).await else {
        return;
    };
    for _ in 0..CCBS {
        let number = known.next;
        known.next += 1;
        let pair = [
            item(&format!("item={number}"), number),
            item(&format!("item=pair,item={number}"), number),
        ];
        let Ok(ccb) = owner.ccb(0).await else { return };
        let answer = match ccb.run(&pair).await {
            Ok(()) => ccb.apply().await.map(drop),
            Err((error, _)) => Err(error),
        };
        match answer {
            Ok(()) => {
                known.acknowledged.insert(number);
            }
            Err(ImmError::Disconnected(_)) => {
                known.unknown.push((number, ccb.id()));
                return;
            }
            Err(_) => refused.push(number),
        }
    }
}

/// A daemon whose write number `at` meets the fault.
pub(crate) fn start(library: &Path, mode: &str, at: u32, dir: &Path) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["daemon_process", "--exact", "--nocapture"])
        .env("LD_PRELOAD", library)
        .env("FAULT_MODE", mode)
        .env("FAULT_AT", at.to_string());
    Process::spawn(&mut command, dir)
}

/// One round: the write number `at` fails. Gives whether anything was refused or cut off.
fn round(library: &Path, mode: &str, at: u32) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let mut known = Known::default();
    let mut refused = Vec::new();
    // The classes, by a daemon that nothing happens to.
    let healthy = Process::start(dir.path());
    run(async { drop(connected(dir.path()).await) });
    healthy.kill();
    let mut faulty = start(library, mode, at, dir.path());
    run(async {
        // The start itself writes and may fail.
        eventually(async || Imm::connect(dir.path()).await.is_ok() || faulty.0.try_wait().unwrap().is_some())
            .await;
        write(dir.path(), &mut known, &mut refused).await;
    });
    faulty.kill_if_alive();
    let _healthy = Process::start(dir.path());
    run(async {
        let (imm, _owner) = connected(dir.path()).await;
        verify(&imm, &known).await;
        for number in &refused {
            let there = imm
                .get(
                    &crate::common::dn(&format!("item={number}")),
                    ais::AttrChoice::None,
                )
                .await;
            assert!(
                there.is_err(),
                "{mode} at {at}: CCB {number} was refused and is there"
            );
        }
    });
    !refused.is_empty() || !known.unknown.is_empty() || known.next == 0
}

fn rounds(mode: &str) {
    let dir = tempfile::tempdir().unwrap();
    let library = library(dir.path());
    let hurt = (1..=LAST).filter(|at| round(&library, mode, *at)).count();
    assert!(hurt > 8, "{mode}: only {hurt} rounds met the fault");
}

#[test]
fn a_write_that_fails_once_loses_nothing() {
    rounds("eio");
}

#[test]
fn a_disk_that_fills_at_any_write_loses_nothing() {
    rounds("enospc");
}

#[test]
fn a_write_that_is_cut_short_loses_nothing() {
    rounds("short");
}

#[test]
fn a_kill_in_the_middle_of_a_write_loses_nothing() {
    rounds("die");
}
