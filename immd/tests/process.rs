//! The daemon as a process: killed, started twice, with a damaged store, with a full disk.
//!
//! The daemon's process is this test program again, told by its environment to be the daemon.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;
#[path = "process/faults.rs"]
mod faults;
#[path = "process/reestablish.rs"]
mod reestablish;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use ais::{AisError, AttrChoice, Scope};
use common::{DEADLINE, client, create, dn, eventually, item, run};
use immd_client::{AdminOwner, Imm, ImmError, SearchParams};

const DIR: &str = "IMMD_TEST_DIR";
const MODEL: &str = "IMMD_TEST_MODEL";

/// What is done to the bytes of a file, by name.
type Damage<'a> = (&'a str, Box<dyn Fn(&mut Vec<u8>) + 'a>);

/// Not a test of its own: with the environment set, this process is the daemon.
#[test]
fn daemon_process() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let mut options = immd::Options::new(dir);
    options.models = std::env::var(MODEL).into_iter().map(PathBuf::from).collect();
    match immd::run(&options) {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("immd: {error}");
            std::process::exit(1);
        }
    }
}

/// A daemon's process; killed when it is dropped.
struct Process(Child);

impl Process {
    fn start(dir: &Path) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["daemon_process", "--exact", "--nocapture"]);
        Process::spawn(&mut command, dir)
    }

    fn spawn(command: &mut Command, dir: &Path) -> Process {
        let child = command
            .env(DIR, dir)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Process(child)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Kills it where it has not ended by itself.
    fn kill_if_alive(mut self) {
        if self.0.try_wait().unwrap().is_none() {
            self.kill();
        }
    }

    /// Waits for the process to end; what it wrote to stderr.
    fn ended(mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < DEADLINE, "the daemon goes on");
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status, said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail where it has ended.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

async fn connected(dir: &Path) -> (Imm, AdminOwner) {
    eventually(async || Imm::connect(dir).await.is_ok()).await;
    client(dir).await
}

/// What a writer knows of its CCBs, each of which creates the pair `item=N` and `item=pair,item=N`.
#[derive(Default)]
struct Known {
    next: u32,
    acknowledged: BTreeSet<u32>,
    /// Not answered, with the CCB's id.
    unknown: Vec<(u32, u64)>,
}

/// Creates pairs until the daemon is gone; `begun` is told when the first is acknowledged.
async fn write(dir: &Path, known: &mut Known, begun: &tokio::sync::Notify) {
    let Ok(imm) = Imm::connect(dir).await else { return };
    let Ok(owner) = imm.admin_owner("tester", false).await else {
        return;
    };
    loop {
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
                begun.notify_one();
            }
            Err(ImmError::Disconnected(_)) => {
                known.unknown.push((number, ccb.id()));
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every acknowledged pair is there, no pair is there by half, and the outcome says what is.
async fn verify(imm: &Imm, known: &Known) {
    let params = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: Some(("item".to_owned(), None)),
        attrs: AttrChoice::None,
    };
    let found = imm.search(params).await.unwrap().collect().await.unwrap();
    let names: BTreeSet<String> = found.into_iter().map(|object| object.dn.to_string()).collect();
    for number in 0..known.next {
        let first = names.contains(&format!("item={number}"));
        let second = names.contains(&format!("item=pair,item={number}"));
        assert_eq!(first, second, "half of CCB {number} is there");
        if known.acknowledged.contains(&number) {
            assert!(first, "CCB {number} was acknowledged and is lost");
        }
    }
    for (number, id) in &known.unknown {
        let there = names.contains(&format!("item={number}"));
        match imm.ccb_outcome(*id).await {
            Ok(committed) => assert_eq!(committed, there, "the outcome of CCB {number}"),
            Err(error) => panic!("the outcome of CCB {number}: {error}"),
        }
    }
}

#[test]
fn kill_dash_nine_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut known = Known::default();
    for round in 0..15u64 {
        let daemon = Process::start(dir.path());
        run(async {
            let (imm, _owner) = connected(dir.path()).await;
            verify(&imm, &known).await;
            let before = known.acknowledged.len();
            let begun = tokio::sync::Notify::new();
            let kill = async {
                begun.notified().await;
                // A little later each round, so that the kill meets different moments.
                tokio::time::sleep(Duration::from_millis(7 * round)).await;
                let killed = tokio::task::spawn_blocking(move || daemon.kill());
                killed.await.unwrap();
            };
            futures::join!(write(dir.path(), &mut known, &begun), kill);
            assert!(
                known.acknowledged.len() > before,
                "nothing was written in round {round}"
            );
        });
    }
    let _daemon = Process::start(dir.path());
    run(async {
        let (imm, _owner) = connected(dir.path()).await;
        verify(&imm, &known).await;
        assert!(imm.info().await.unwrap().epoch > 15);
    });
}

#[test]
fn a_second_daemon_ends_with_one_line_and_the_first_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Process::start(dir.path());
    run(async {
        let (imm, owner) = connected(dir.path()).await;
        let (status, said) = Process::start(dir.path()).ended();
        assert_eq!(status.code(), Some(1));
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains("another daemon has it open"), "{said}");
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        assert!(Imm::connect(dir.path()).await.is_ok());
        drop(imm);
    });
}

#[test]
fn it_ends_when_told_to_and_a_dead_ones_socket_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join(immd::SOCKET);
    let first = Process::start(dir.path());
    run(async { drop(connected(dir.path()).await) });
    first.kill();
    assert!(socket.exists());
    let second = Process::start(dir.path());
    run(async { drop(connected(dir.path()).await) });
    let pid = rustix::process::Pid::from_child(&second.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let (status, said) = second.ended();
    assert!(status.success(), "{status}: {said}");
    assert!(!socket.exists());
}

#[test]
fn a_damaged_store_is_one_line_and_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Process::start(dir.path());
    run(async {
        let (_imm, owner) = connected(dir.path()).await;
        let objects: Vec<_> = (0..500).map(|n| item(&format!("item={n}"), n)).collect();
        owner.ccb_apply(0, &objects).await.unwrap();
    });
    daemon.kill();
    let file = dir.path().join(immd::STORE).join("data.mdb");
    let sound = std::fs::read(&file).unwrap();
    let everywhere = |bytes: &mut Vec<u8>, text: &[u8]| {
        let places: Vec<usize> = (0..bytes.len() - text.len())
            .filter(|at| bytes[*at..].starts_with(text))
            .collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at] ^= 1;
        }
    };
    let damages: [Damage<'_>; 4] = [
        ("cut", Box::new(|bytes| bytes.truncate(20_000))),
        ("nonsense", Box::new(|bytes| bytes.fill(0x5a))),
        ("pages", Box::new(|bytes| bytes[2 * 4096..].fill(0xff))),
        ("a record", Box::new(|bytes| everywhere(bytes, b"item=499"))),
    ];
    for (what, damage) in damages {
        let mut bytes = sound.clone();
        damage(&mut bytes);
        std::fs::write(&file, &bytes).unwrap();
        let (status, said) = Process::start(dir.path()).ended();
        assert_eq!(status.code(), Some(1), "{what}: {said}");
        assert_eq!(said.lines().count(), 1, "{what}: {said}");
        assert!(said.contains("damaged"), "{what}: {said}");
        assert_eq!(
            std::fs::read(&file).unwrap(),
            bytes,
            "{what}: the file was touched"
        );
    }
    std::fs::write(&file, &sound).unwrap();
    let _daemon = Process::start(dir.path());
    run(async {
        let (imm, _owner) = connected(dir.path()).await;
        assert!(imm.get(&dn("item=499"), AttrChoice::None).await.is_ok());
    });
}

/// A limit on the size of files is met as a full disk is: the write fails. (SIGXFSZ is ignored, as daemons do.)
#[test]
fn a_full_disk_refuses_changes_and_reads_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 2048; exec \"$0\" daemon_process --exact --nocapture")
        .arg(exe);
    let daemon = Process::spawn(&mut shell, dir.path());
    let note = ais::Value::String("x".repeat(100_000));
    let large = |n: usize| {
        create(
            "Item",
            &format!("item={n}"),
            vec![ais::Attr::single("note", note.clone())],
        )
    };
    let mut taken = 0;
    run(async {
        let (imm, owner) = connected(dir.path()).await;
        let texts = loop {
            match owner.ccb_apply(0, &[large(taken)]).await {
                Ok(_) => taken += 1,
                Err(ImmError::Refused { error, texts }) => {
                    assert_eq!(error, AisError::FailedOperation);
                    break texts;
                }
                Err(other) => panic!("{other}"),
            }
            assert!(taken < 100, "the limit is not met");
        };
        assert!(texts.concat().contains("no space is left"), "{texts:?}");
        assert!(taken > 0);
        let refused = dn(&format!("item={taken}"));
        assert!(imm.get(&refused, AttrChoice::None).await.is_err());
        assert!(imm.get(&dn("item=0"), AttrChoice::All).await.is_ok());
        assert!(
            imm.class_create(&common::event_class("Event", false))
                .await
                .is_ok()
                || taken > 0
        );
    });
    daemon.kill();
    // Without the limit all is as it was acknowledged, and changes are taken again.
    let _daemon = Process::start(dir.path());
    run(async {
        let (imm, owner) = connected(dir.path()).await;
        for n in 0..taken {
            assert!(imm.get(&dn(&format!("item={n}")), AttrChoice::None).await.is_ok());
        }
        let refused = dn(&format!("item={taken}"));
        assert!(imm.get(&refused, AttrChoice::None).await.is_err());
        owner.ccb_apply(0, &[large(taken)]).await.unwrap();
    });
}
