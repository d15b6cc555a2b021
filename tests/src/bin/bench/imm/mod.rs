//! Durable CCBs, loading, searching, dumping, and what an object costs.

mod ccb;
mod daemon;
pub mod large;

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use ais::{AttrChoice, Dn, Scope, Value};
use immd_client::{Imm, ImmError, SearchParams};
use tests::cluster::Cluster;

use super::figures::{Processors, Report};
use super::model;
use daemon::cpu_of_children;

/// What the measurements are made with.
pub struct Stage<'a> {
    /// The program with all commands and daemons in it.
    pub program: &'a Path,
    /// How many plain objects the clusters have.
    pub objects: usize,
    /// How many a daemon alone has.
    pub large: usize,
    /// How long clients commit, each time.
    pub seconds: u64,
}

/// One part of the measurements.
type Part = fn(&Stage<'_>, &mut Report) -> Result<(), String>;

/// All parts by their names.
pub const PARTS: [(&str, Part); 4] = [
    ("commands", commands),
    ("ccbs", ccbs),
    ("joins", joins),
    ("large", |stage, report| {
        large::measure(stage.program, stage.large, stage.seconds, report)
    }),
];

impl Stage<'_> {
    /// A cluster that has the plain objects from its start.
    fn cluster(&self) -> Result<Cluster, String> {
        let files = tempfile::tempdir().map_err(|e| e.to_string())?;
        let xml = files.path().join("plain.xml");
        std::fs::write(&xml, model::plain(self.objects)).map_err(|e| e.to_string())?;
        Cluster::up(self.program, &[&xml])
    }
}

/// The operator's commands, and reading.
fn commands(stage: &Stage<'_>, report: &mut Report) -> Result<(), String> {
    let files = tempfile::tempdir().map_err(|e| e.to_string())?;
    let xml = files.path().join("plain.xml");
    std::fs::write(&xml, model::plain(stage.objects)).map_err(|e| e.to_string())?;
    let empty = files.path().join("empty.xml");
    std::fs::write(&empty, model::plain(0)).map_err(|e| e.to_string())?;

    let cluster = Cluster::up(stage.program, &[&empty])?;
    let scaled = |opensaf_ms: f64| Some(opensaf_ms * as_f64(stage.objects) / 100_000.0);
    let dump = files.path().join("dump.xml");
    let all: [(&str, &[&OsStr], u32, f64); 3] = [
        ("immcfg", &["-f".as_ref(), xml.as_os_str()], 1, 42_000.0),
        ("immfind", &["-c".as_ref(), "BenchObject".as_ref()], 5, 460.0),
        ("immdump", &[dump.as_os_str()], 5, 4_950.0),
    ];
    for (name, args, rounds, opensaf_ms) in all {
        command(&cluster, name, args, rounds, report, scaled(opensaf_ms))?;
    }
    let (gets, search) = runtime(reads(cluster.dir()))?;
    report.times("accessor get over the socket", gets, Some(0.17));
    report.times(
        "search of all objects with attributes",
        vec![search],
        scaled(1_750.0),
    );

    let begin = Instant::now();
    cluster.done("perdure", &["down"])?;
    let down = begin.elapsed();
    let begin = Instant::now();
    cluster.start(&[])?;
    report.other(
        "down, and up again from LMDB",
        format!("{:.0} ms, {:.0} ms", ms(down), ms(begin.elapsed())),
    );
    Ok(())
}

/// CCBs in a cluster in which nothing else goes on.
fn ccbs(stage: &Stage<'_>, report: &mut Report) -> Result<(), String> {
    let cluster = stage.cluster()?;
    let dir = cluster.dir();
    let span = Duration::from_secs(stage.seconds);
    for (clients, opensaf) in [(1, Some(324.0)), (16, None)] {
        let floor = report.commit_floor(dir)?;
        let (rate, times) = runtime(ccb::commits(dir, clients, span))?;
        report.rate(
            &format!("durable one-object CCBs, {clients} clients"),
            rate,
            opensaf,
        );
        report.times_over(&format!("  each of them, {clients} clients"), times, floor);
    }
    for (clients, opensaf) in [(1, Some(2267.0)), (2, None)] {
        large_ccbs(&cluster, clients, opensaf, report)?;
    }
    Ok(())
}

/// CCBs of 1,000 objects, and what they take of the processor.
fn large_ccbs(
    cluster: &Cluster,
    clients: u32,
    opensaf: Option<f64>,
    report: &mut Report,
) -> Result<(), String> {
    let immd = u32::try_from(large::pid_of(cluster, "immd")?).map_err(|e| e.to_string())?;
    let (cpu, processors) = (daemon::cpu(immd)?, Processors::now()?);
    let rate = runtime(ccb::large_ccbs(cluster.dir(), clients))?;
    let each = (daemon::cpu(immd)?.saturating_sub(cpu)) / (clients * ccb::LARGE_CCBS) / 1_000;
    let stolen = processors.stolen_percent()?;
    report.rate(
        &format!("objects created in CCBs of 1,000, {clients} clients"),
        rate,
        opensaf,
    );
    report.other(
        "  processor time of immd for each",
        format!("{:.1} us; {stolen} % was taken by the host", ms(each) * 1000.0),
    );
    Ok(())
}

/// CCBs while a node joins.
fn joins(stage: &Stage<'_>, report: &mut Report) -> Result<(), String> {
    large::joining(&stage.cluster()?, report)
}

/// A number of things as one to calculate with.
fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// Runs a command on all objects so often.
fn command(
    cluster: &Cluster,
    name: &str,
    args: &[&OsStr],
    rounds: u32,
    report: &mut Report,
    opensaf_ms: Option<f64>,
) -> Result<(), String> {
    let mut times = Vec::new();
    let before = cpu_of_children()?;
    for _ in 0..rounds {
        let begin = Instant::now();
        cluster.done(name, args)?;
        times.push(begin.elapsed());
    }
    let cpu = cpu_of_children()?.saturating_sub(before) / rounds;
    report.times(&format!("{name} of all objects"), times, opensaf_ms);
    report.other(
        "  of it processor time of the command",
        format!("{:.0} ms", ms(cpu)),
    );
    Ok(())
}

fn runtime<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

async fn reads(dir: &Path) -> Result<(Vec<Duration>, Duration), String> {
    let text = |e: ImmError| e.to_string();
    let imm = Imm::connect(dir).await.map_err(text)?;
    let begin = Instant::now();
    if search_all(&imm).await? == 0 {
        return Err("the search found nothing".to_owned());
    }
    let search = begin.elapsed();
    Ok((gets(&imm).await?, search))
}

/// Gets of one object, one after the other.
async fn gets(imm: &Imm) -> Result<Vec<Duration>, String> {
    let object = Dn::new("benchId=1").map_err(|e| e.to_string())?;
    let mut times = Vec::new();
    for _ in 0..2000 {
        let begin = Instant::now();
        imm.get(&object, AttrChoice::All)
            .await
            .map_err(|e| e.to_string())?;
        times.push(begin.elapsed());
    }
    Ok(times)
}

/// Reads all plain objects with their attributes, as a program that keeps none of them; gives how many they are.
async fn search_all(imm: &Imm) -> Result<usize, String> {
    let text = |e: ImmError| e.to_string();
    let class = Value::String("BenchObject".to_owned());
    let params = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: Some(("SaImmAttrClassName".to_owned(), Some(class))),
        attrs: AttrChoice::All,
    };
    let mut search = imm.search(params).await.map_err(text)?;
    let mut count = 0;
    loop {
        let batch = search.next_batch().await.map_err(text)?;
        if batch.is_empty() {
            return Ok(count);
        }
        count += batch.len();
    }
}
