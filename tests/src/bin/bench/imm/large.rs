//! A large model in a daemon alone, and CCBs while others keep it busy.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ais::{AttrChoice, AttrDef, AttrFlags, Dn, Parameter, Value, ValueType};
use immd_client::{Imm, ImmError, Limits};
use rustix::process::{Pid, Signal, kill_process};
use tests::cluster::Cluster;

use super::super::figures::Report;
use super::super::model;
use super::daemon::Immd;
use super::{as_f64, ccb, gets, ms, runtime, search_all};

/// So many clients are connected at once.
const CLIENTS: usize = 1_000;
/// A node that has not joined after so long will not.
const PATIENCE: Duration = Duration::from_mins(1);
/// So often a node joins; a supervisor gives up what dies more often.
const JOINS: u32 = 5;

/// Measures on a daemon alone with so many plain objects.
pub fn measure(program: &Path, objects: usize, seconds: u64, report: &mut Report) -> Result<(), String> {
    let files = tempfile::tempdir().map_err(|e| e.to_string())?;
    let xml = files.path().join("large.xml");
    std::fs::write(&xml, model::plain(objects)).map_err(|e| e.to_string())?;
    let none = Immd::start(program, &files.path().join("none"), &[])?;
    let empty = none.resident()?;
    drop(none);

    let dir = files.path().join("large");
    let loaded = Immd::start(program, &dir, &[&xml])?;
    // OpenSAF's loader makes one CCB of all, at the rate of its large CCBs.
    started(
        &format!("immd loads {objects} objects from XML"),
        &loaded,
        objects,
        empty,
        report,
    )?;
    loaded.stop()?;
    let immd = Immd::start(program, &dir, &[])?;
    started(
        &format!("immd loads {objects} objects from LMDB"),
        &immd,
        objects,
        empty,
        report,
    )?;

    let floor = report.commit_floor(&immd.dir)?;
    let times = runtime(ccb::one_client(&immd.dir, "alone", Duration::from_secs(seconds)))?;
    report.times_over("one-object CCBs, nothing else going on", times, floor);
    let (times, searches) = beside_searches(&immd.dir, seconds)?;
    let what = format!("one-object CCBs beside searches of {objects}");
    report.times_over(&what, times, floor);
    report.other("  searches of all meanwhile", searches.to_string());
    clients(&immd, report)?;
    class_change(&immd.dir, report)?;
    immd.stop()
}

/// A class gets an attribute with a default, which all its instances get; what reads meanwhile wait at most.
fn class_change(dir: &Path, report: &mut Report) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    let reader = {
        let (dir, stop) = (dir.to_owned(), stop.clone());
        std::thread::spawn(move || {
            runtime(async move {
                let imm = Imm::connect(&dir).await.map_err(|e| e.to_string())?;
                let mut longest = Duration::ZERO;
                while !stop.load(Ordering::Relaxed) {
                    longest = gets(&imm).await?.into_iter().fold(longest, Duration::max);
                }
                Ok(longest)
            })
        })
    };
    let took = runtime(change_class(dir))?;
    stop.store(true, Ordering::Relaxed);
    let longest = reader.join().map_err(|_| "the reader failed")??;
    report.other(
        "a class change that changes all objects",
        format!("{:.0} ms; a get waits {:.0} ms at most", ms(took), ms(longest)),
    );
    Ok(())
}

async fn change_class(dir: &Path) -> Result<Duration, String> {
    let limits = Limits {
        call: Duration::from_mins(10),
        ..Limits::default()
    };
    let imm = Imm::connect_with(dir, limits).await.map_err(|e| e.to_string())?;
    let owner = imm
        .admin_owner("safImmService", false)
        .await
        .map_err(|e| e.to_string())?;
    let allow = Parameter {
        name: "opensafImmNostdFlags".to_owned(),
        value: Value::Uint32(1),
    };
    let service = "opensafImm=opensafImm,safApp=safImmService";
    let allowed = owner.admin_operation(service, 1, &[allow], 60_000).await;
    allowed
        .map_err(|e| e.to_string())?
        .result
        .map_err(|e| e.to_string())?;
    let mut class = imm
        .class_describe("BenchObject")
        .await
        .map_err(|e| e.to_string())?;
    class.attrs.push(AttrDef {
        name: "benchMore".to_owned(),
        value_type: ValueType::Uint32,
        flags: AttrFlags::CONFIG | AttrFlags::WRITABLE,
        default: Some(Value::Uint32(7)),
    });
    let begin = Instant::now();
    imm.class_create(&class).await.map_err(|e| format!("{e:?}"))?;
    Ok(begin.elapsed())
}

fn started(what: &str, immd: &Immd, objects: usize, empty: u64, report: &mut Report) -> Result<(), String> {
    let (elapsed, cpu) = (immd.began_in, immd.cpu()?);
    let figure = format!(
        "{:.2} s, processor {:.2} s",
        elapsed.as_secs_f64(),
        cpu.as_secs_f64()
    );
    let opensaf = as_f64(objects) / 2267.0 / elapsed.as_secs_f64();
    report.compared(what, figure, format!("{opensaf:.0} x 2267 objects/s"));
    let bytes = immd.resident()?.saturating_sub(empty) / objects.max(1) as u64;
    report.other("  resident bytes an object (5 attributes)", format!("{bytes} B"));
    Ok(())
}

/// One-object CCBs while another client reads all objects again and again; each CCB's time, and how often all were read.
fn beside_searches(dir: &Path, seconds: u64) -> Result<(Vec<Duration>, usize), String> {
    let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let reader = {
        let (dir, stop, rounds) = (dir.to_owned(), stop.clone(), rounds.clone());
        std::thread::spawn(move || {
            runtime(async move {
                let imm = Imm::connect(&dir).await.map_err(|e| e.to_string())?;
                while !stop.load(Ordering::Relaxed) {
                    search_all(&imm).await?;
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        })
    };
    let mut times = Vec::new();
    // At least one search from its begin to its end.
    let mut part = 0;
    while rounds.load(Ordering::Relaxed) == 0 && !reader.is_finished() || part == 0 {
        let name = format!("beside-{part}");
        times.extend(runtime(ccb::one_client(
            dir,
            &name,
            Duration::from_secs(seconds),
        ))?);
        part += 1;
    }
    stop.store(true, Ordering::Relaxed);
    reader.join().map_err(|_| "the reader failed")??;
    Ok((times, rounds.load(Ordering::Relaxed)))
}

/// Many clients connected at once, each with an owner.
fn clients(immd: &Immd, report: &mut Report) -> Result<(), String> {
    let before = immd.resident()?;
    let dir = immd.dir.clone();
    let (connected, reads, commits) = runtime(async move {
        let begin = Instant::now();
        let mut held = Vec::new();
        for client in 0..CLIENTS {
            let imm = Imm::connect(&dir).await.map_err(|e| e.to_string())?;
            let owner = imm.admin_owner(&format!("client-{client}"), true).await;
            held.push((imm, owner.map_err(|e| e.to_string())?));
        }
        let connected = begin.elapsed();
        let imm = Imm::connect(&dir).await.map_err(|e| e.to_string())?;
        let reads = gets(&imm).await?;
        let begin = Instant::now();
        let mut commits = Vec::new();
        // All of them at once, each with one object.
        let all = held.iter().enumerate().map(|(client, (_, owner))| async move {
            let operation = ccb::create(&format!("benchId=client-{client}"))?;
            owner
                .ccb_apply(0, &[operation])
                .await
                .map_err(|e| e.to_string())?;
            Ok::<_, String>(begin.elapsed())
        });
        for done in futures::future::join_all(all).await {
            commits.push(done?);
        }
        Ok((connected, reads, commits))
    })?;
    report.other(
        &format!("{CLIENTS} clients connect, each with an owner"),
        format!("{:.0} ms", ms(connected)),
    );
    report.times("  accessor get while they are connected", reads, Some(0.17));
    report.times("  each commits one object, all at once", commits, None);
    let each = immd.resident()?.saturating_sub(before) / CLIENTS as u64;
    report.other(
        "  resident bytes a client, its commit included",
        format!("{each} B"),
    );
    Ok(())
}

/// One-object CCBs while a node of the cluster leaves and joins again. Whether it has joined is asked over a connection
/// that is open: a command for each question would itself be most of what goes on.
pub fn joining(cluster: &Cluster, report: &mut Report) -> Result<(), String> {
    let node = "safAmfNode=node-2,safAmfCluster=bench";
    let floor = report.commit_floor(cluster.dir())?;
    let stop = Arc::new(AtomicBool::new(false));
    let committing = {
        let (dir, stop) = (cluster.dir().to_owned(), stop.clone());
        std::thread::spawn(move || {
            let (mut times, mut part) = (Vec::new(), 0);
            while !stop.load(Ordering::Relaxed) {
                let name = format!("joining-{part}");
                times.extend(runtime(ccb::one_client(&dir, &name, Duration::from_millis(200)))?);
                part += 1;
            }
            Ok::<_, String>(times)
        })
    };
    for _ in 0..JOINS {
        let before = pid_of(cluster, "amfnd-node-2")?;
        let pid = i32::try_from(before)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or("no process")?;
        kill_process(pid, Signal::KILL).map_err(|e| e.to_string())?;
        let again = || pid_of(cluster, "amfnd-node-2").is_ok_and(|pid| pid != before);
        runtime(joined(cluster.dir(), node, again))?;
    }
    stop.store(true, Ordering::Relaxed);
    let times = committing.join().map_err(|_| "the committing client failed")??;
    let what = format!("one-object CCBs while a node joins, {JOINS} times");
    report.times_over(&what, times, floor);
    Ok(())
}

/// Waits until the node has a new process and is enabled.
async fn joined(dir: &Path, node: &str, again: impl Fn() -> bool) -> Result<(), String> {
    let text = |e: ImmError| e.to_string();
    let imm = Imm::connect(dir).await.map_err(text)?;
    let node = Dn::new(node).map_err(|e| e.to_string())?;
    let state = "saAmfNodeOperState";
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if again() {
            let choice = AttrChoice::Some(vec![state.to_owned()]);
            let object = imm.get(&node, choice).await.map_err(text)?;
            if object.value(state) == Some(&Value::Uint32(1)) {
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(format!("{node} does not join again"))
}

/// The process of a daemon of the cluster, as its supervisor notes it.
pub fn pid_of(cluster: &Cluster, daemon: &str) -> Result<u64, String> {
    let text = std::fs::read(cluster.dir().join("daemons.json")).map_err(|e| e.to_string())?;
    let record: serde_json::Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    let daemons = record["daemons"].as_array().ok_or("no daemons")?;
    let found = daemons.iter().find(|one| one["name"] == daemon);
    found
        .and_then(|one| one["pid"].as_u64())
        .ok_or_else(|| format!("{daemon} has no process"))
}
