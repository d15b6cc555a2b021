//! The director's decisions alone: how long events take in a large cluster, and how that grows. No daemons: the real
//! director engine with node directors that do everything at once. Times are of the processor, not of the clock.

mod cluster;
mod model;

use std::time::Duration;

use director_engine::{Event, ModelChange};

use super::figures::Report;
use cluster::Cluster;
use model::Shape;

/// 2N pairs, two SIs each.
const LARGE: Shape = Shape {
    nodes: 1_000,
    groups: 5_000,
    sus: 2,
    sis: 2,
    on_first: 100,
    redundancy: 1,
};

/// Measures the large cluster and the curves.
pub fn measure(rounds: usize, report: &mut Report) -> Result<(), String> {
    large(rounds, report)?;
    for groups in [50, 500, 5_000] {
        let shape = Shape {
            groups,
            nodes: (groups / 5).max(2),
            on_first: 0,
            ..LARGE
        };
        curve(
            &format!("event, {} SUs in pairs", groups * 2),
            shape,
            rounds,
            report,
        )?;
    }
    for sus in [2, 4, 8, 16, 32, 64] {
        let shape = Shape {
            groups: 1_024 / sus,
            nodes: 100,
            sus,
            sis: sus,
            on_first: 0,
            ..LARGE
        };
        curve(
            &format!("event, 1,024 SUs, {sus} SUs and SIs a group"),
            shape,
            rounds,
            report,
        )?;
    }
    Ok(())
}

/// Everything is connected and assigned.
fn run(shape: Shape, objects: Vec<ModelChange>) -> Result<Cluster, String> {
    let mut cluster = Cluster::start(objects);
    for number in 0..shape.nodes {
        cluster.up(&model::node(number));
    }
    cluster.settle();
    expect_assigned(&cluster, shape)?;
    Ok(cluster)
}

fn expect_assigned(cluster: &Cluster, shape: Shape) -> Result<(), String> {
    let (wanted, found) = (shape.groups * shape.sis * 2, cluster.assignments());
    if wanted == found {
        return Ok(());
    }
    let short = (0..shape.groups)
        .find(|group| (0..shape.sus).any(|number| cluster.holds(&model::su(*group, number)) == 0));
    let why = short.map(|group| cluster.director.explain(&model::si(group, 0)).join("; "));
    Err(format!(
        "{found} assignments instead of {wanted}: {}",
        why.unwrap_or_default()
    ))
}

fn large(rounds: usize, report: &mut Report) -> Result<(), String> {
    let objects = LARGE.objects();
    let entities = LARGE.nodes + LARGE.groups * (1 + 2 * LARGE.sus + 2 * LARGE.sis);
    let before = resident()?;
    let mut cluster = run(LARGE, objects)?;
    let bytes = resident()?.saturating_sub(before);
    let steps = cluster.take_steps();
    report.other(
        "1,000 nodes, 10,000 SUs, 10,000 SIs: model read",
        milliseconds(steps.first().copied().unwrap_or_default()),
    );
    let events = steps.len() - 1;
    report.other(
        "  all instantiated and assigned, all events together",
        format!("{} ({events} events)", milliseconds(steps[1..].iter().sum())),
    );
    report.times("  an event of the start", steps[1..].to_vec(), None);
    report.other(
        "  memory for an entity (node, SG, SU, component, SI, CSI)",
        format!("{} bytes ({entities} entities)", bytes / entities),
    );
    failures(&mut cluster, LARGE, rounds);
    report.times(
        "  an event of a failover and its repair",
        cluster.take_steps(),
        None,
    );
    explanations(&cluster, LARGE, report);
    let lost = cluster.lose(&model::node(0));
    cluster.settle();
    report.other("  a node with 100 SUs is lost: the event", milliseconds(lost));
    let steps = cluster.take_steps();
    report.other(
        "  a node with 100 SUs is lost: until all is moved",
        milliseconds(steps.iter().sum()),
    );
    report.times(
        "  a CCB that adds an SU to a pair",
        additions(&mut cluster, rounds)?,
        None,
    );
    Ok(())
}

/// Why entities are as they are: SUs, and the whole application.
fn explanations(cluster: &Cluster, shape: Shape, report: &mut Report) {
    let asked = |dn: &ais::Dn| {
        let begin = cluster::processor_time();
        std::hint::black_box((cluster.director.explain(dn), cluster.director.reasons(dn)));
        cluster::processor_time().saturating_sub(begin)
    };
    let sus = (0..shape.groups).map(|group| asked(&model::su(group, 0)));
    report.times("  explain an SU", sus.collect(), None);
    let above = model::su(0, 0).parent().and_then(|sg| sg.parent());
    if let Some(app) = above {
        report.other("  explain the application", milliseconds(asked(&app)));
    }
}

/// Active SUs fail, one after the other, and are repaired.
fn failures(cluster: &mut Cluster, shape: Shape, rounds: usize) {
    cluster.take_steps();
    for round in 0..rounds {
        let group = round * 7 % shape.groups;
        let su = (0..shape.sus)
            .map(|number| model::su(group, number))
            .max_by_key(|su| cluster.active(su));
        if let Some(su) = su {
            cluster.fail(&su);
            cluster.settle();
        }
    }
}

fn additions(cluster: &mut Cluster, rounds: usize) -> Result<Vec<Duration>, String> {
    let mut times = Vec::new();
    for group in 0..rounds {
        let changes = Shape::su_objects(group, LARGE.sus, &model::node(1), 3);
        let begin = cluster::processor_time();
        cluster
            .director
            .validate(&changes)
            .map_err(|refusal| refusal.to_string())?;
        let checked = cluster::processor_time().saturating_sub(begin);
        times.push(checked + cluster.step(Event::CcbApplied { changes }));
        cluster.settle();
    }
    cluster.take_steps();
    Ok(times)
}

fn curve(what: &str, shape: Shape, rounds: usize, report: &mut Report) -> Result<(), String> {
    let mut cluster = run(shape, shape.objects())?;
    failures(&mut cluster, shape, rounds);
    report.times(what, cluster.take_steps(), None);
    Ok(())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

/// The memory of this process, in bytes.
fn resident() -> Result<usize, String> {
    let path = "/proc/self/status";
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| format!("{path} has no VmRSS"))
}
