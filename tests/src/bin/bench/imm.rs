//! Durable CCBs, loading, searching, and what an object costs.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ais::{Attr, AttrChoice, CcbOperation, Dn, Scope, Value};
use immd_client::{Imm, ImmError, SearchParams};
use tests::cluster::Cluster;

use super::figures::Report;
use super::model;

/// Measures on a cluster whose model holds `objects` plain objects.
pub fn measure(program: &Path, objects: usize, seconds: u64, report: &mut Report) -> Result<(), String> {
    let files = tempfile::tempdir().map_err(|e| e.to_string())?;
    let xml = files.path().join("plain.xml");
    std::fs::write(&xml, model::plain(objects)).map_err(|e| e.to_string())?;
    let empty = files.path().join("empty.xml");
    std::fs::write(&empty, model::plain(0)).map_err(|e| e.to_string())?;

    let cluster = Cluster::up(program, &[&empty])?;
    let before = resident(cluster.dir())?;
    load(&cluster, &xml, objects, report)?;
    let per_object = (resident(cluster.dir())?.saturating_sub(before)) / objects.max(1) as u64;
    report.other(
        "resident bytes an object (5 attributes)",
        format!("{per_object} B"),
    );
    find(&cluster, report)?;
    in_process(&cluster, seconds, report)?;

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

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

fn load(cluster: &Cluster, xml: &Path, objects: usize, report: &mut Report) -> Result<(), String> {
    let begin = Instant::now();
    cluster.done("immcfg", &["-f".as_ref(), xml.as_os_str()])?;
    report.times(
        &format!("immcfg -f of {objects} objects"),
        vec![begin.elapsed()],
        Some(42_000.0),
    );
    Ok(())
}

fn find(cluster: &Cluster, report: &mut Report) -> Result<(), String> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let begin = Instant::now();
        cluster.done("immfind", &["-c", "BenchObject"])?;
        times.push(begin.elapsed());
    }
    report.times("immfind of all of them", times, Some(460.0));
    Ok(())
}

/// The resident memory of the cluster's immd, from the process whose environment and name say so.
fn resident(dir: &Path) -> Result<u64, String> {
    let text = runtime(async move {
        let imm = Imm::connect(dir).await.map_err(|e| e.to_string())?;
        imm.info().await.map_err(|e| e.to_string())
    })?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", text.pid)).map_err(|e| e.to_string())?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .ok_or("no VmRSS")?;
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .ok_or("no number in VmRSS")?;
    Ok(kib * 1024)
}

fn runtime<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

/// What is measured through the client library, without processes to start.
fn in_process(cluster: &Cluster, seconds: u64, report: &mut Report) -> Result<(), String> {
    let dir = cluster.dir().to_owned();
    let span = Duration::from_secs(seconds);
    let (gets, search) = runtime(reads(&dir))?;
    report.times("accessor get over the socket", gets, Some(0.17));
    report.times(
        "search of all objects with attributes",
        vec![search],
        Some(1750.0),
    );
    for (clients, opensaf) in [(1, Some(324.0)), (16, None)] {
        let (rate, times) = runtime(commits(&dir, clients, span))?;
        report.rate(
            &format!("durable one-object CCBs, {clients} clients"),
            rate,
            opensaf,
        );
        report.times(&format!("  each of them, {clients} clients"), times, None);
    }
    let rate = runtime(large_ccbs(&dir))?;
    report.rate("objects created in CCBs of 1,000", rate, Some(2267.0));
    Ok(())
}

async fn reads(dir: &Path) -> Result<(Vec<Duration>, Duration), String> {
    let text = |e: ImmError| e.to_string();
    let imm = Imm::connect(dir).await.map_err(text)?;
    let object = Dn::new("benchId=1").map_err(|e| e.to_string())?;
    let mut gets = Vec::new();
    for _ in 0..2000 {
        let begin = Instant::now();
        imm.get(&object, AttrChoice::All).await.map_err(text)?;
        gets.push(begin.elapsed());
    }
    let begin = Instant::now();
    let filter = Some((
        "SaImmAttrClassName".to_owned(),
        Some(Value::String("BenchObject".to_owned())),
    ));
    let params = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter,
        attrs: AttrChoice::All,
    };
    let found = imm
        .search(params)
        .await
        .map_err(text)?
        .collect()
        .await
        .map_err(text)?;
    if found.is_empty() {
        return Err("the search found nothing".to_owned());
    }
    Ok((gets, begin.elapsed()))
}

/// Clients that commit one object after the other; the rate of all, and each commit's time.
async fn commits(dir: &Path, clients: usize, span: Duration) -> Result<(f64, Vec<Duration>), String> {
    let dir: Rc<Path> = dir.into();
    let begin = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let dir = dir.clone();
            tokio::task::spawn_local(
                async move { one_client(&dir, &format!("c{clients}-{client}"), span).await },
            )
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.map_err(|e| e.to_string())??);
    }
    Ok((
        f64::from(u32::try_from(times.len()).map_err(|e| e.to_string())?) / begin.elapsed().as_secs_f64(),
        times,
    ))
}

async fn one_client(dir: &Path, name: &str, span: Duration) -> Result<Vec<Duration>, String> {
    let text = |e: ImmError| e.to_string();
    let imm = Imm::connect(dir).await.map_err(text)?;
    let owner = imm.admin_owner(name, true).await.map_err(text)?;
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < span {
        let operation = create(&format!("benchId={name}-{}", times.len()))?;
        let start = Instant::now();
        owner.ccb_apply(0, &[operation]).await.map_err(text)?;
        times.push(start.elapsed());
    }
    Ok(times)
}

async fn large_ccbs(dir: &Path) -> Result<f64, String> {
    let text = |e: ImmError| e.to_string();
    let imm = Imm::connect(dir).await.map_err(text)?;
    let owner = imm.admin_owner("bench", true).await.map_err(text)?;
    let (begin, rounds) = (Instant::now(), 20);
    for round in 0..rounds {
        let operations: Vec<_> = (0..1000)
            .map(|n| create(&format!("benchId=large-{round}-{n}")))
            .collect::<Result<_, _>>()?;
        owner.ccb_apply(0, &operations).await.map_err(text)?;
    }
    Ok(f64::from(rounds) * 1000.0 / begin.elapsed().as_secs_f64())
}

fn create(dn: &str) -> Result<CcbOperation, String> {
    let attrs = vec![
        Attr::single("benchNumber", Value::Uint32(1)),
        Attr::single("benchText", Value::String("a text of some length".to_owned())),
        Attr::single("benchTime", Value::Time(1_000_000_000)),
        Attr::single("benchName", Value::Name("safAmfCluster=bench".to_owned())),
    ];
    Ok(CcbOperation::Create {
        class: "BenchObject".to_owned(),
        dn: Dn::new(dn).map_err(|e| e.to_string())?,
        attrs,
    })
}
