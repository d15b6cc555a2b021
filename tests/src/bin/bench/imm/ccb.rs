//! Clients that commit.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ais::{Attr, CcbOperation, Dn, Value};
use immd_client::{Imm, ImmError};

/// How many CCBs of 1,000 objects are measured.
pub const LARGE_CCBS: u32 = 100;

/// What each of so many clients gives, all at work at once.
async fn at_once<T, W>(clients: usize, one: impl Fn(usize) -> W) -> Result<Vec<T>, String>
where
    T: 'static,
    W: Future<Output = Result<T, String>> + 'static,
{
    let tasks: Vec<_> = (0..clients)
        .map(|client| tokio::task::spawn_local(one(client)))
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.map_err(|e| e.to_string())??);
    }
    Ok(all)
}

/// Clients that commit one object after the other; the rate of all, and each commit's time.
pub async fn commits(dir: &Path, clients: usize, span: Duration) -> Result<(f64, Vec<Duration>), String> {
    let dir: Rc<Path> = dir.into();
    let begin = Instant::now();
    let each = at_once(clients, |client| {
        let dir = dir.clone();
        async move { one_client(&dir, &format!("c{clients}-{client}"), span).await }
    });
    let times = each.await?.concat();
    Ok((
        f64::from(u32::try_from(times.len()).map_err(|e| e.to_string())?) / begin.elapsed().as_secs_f64(),
        times,
    ))
}

/// Commits one object after the other for so long; each commit's time.
pub async fn one_client(dir: &Path, name: &str, span: Duration) -> Result<Vec<Duration>, String> {
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

/// The rate at which clients create objects in CCBs of 1,000, one after the other.
pub async fn large_ccbs(dir: &Path, clients: u32) -> Result<f64, String> {
    let dir: Rc<Path> = dir.into();
    let begin = Instant::now();
    let each = at_once(clients as usize, |client| {
        let dir = dir.clone();
        async move { large_ccbs_of_one(&dir, &format!("l{clients}-{client}")).await }
    });
    each.await?;
    Ok(f64::from(clients * LARGE_CCBS) * 1000.0 / begin.elapsed().as_secs_f64())
}

async fn large_ccbs_of_one(dir: &Path, name: &str) -> Result<(), String> {
    let text = |e: ImmError| e.to_string();
    let imm = Imm::connect(dir).await.map_err(text)?;
    let owner = imm.admin_owner(name, true).await.map_err(text)?;
    for round in 0..LARGE_CCBS {
        let operations: Vec<_> = (0..1000)
            .map(|n| create(&format!("benchId={name}-{round}-{n}")))
            .collect::<Result<_, _>>()?;
        owner.ccb_apply(0, &operations).await.map_err(text)?;
    }
    Ok(())
}

/// The creation of a plain object.
pub fn create(dn: &str) -> Result<CcbOperation, String> {
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
