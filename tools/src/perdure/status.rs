//! `perdure status`: nodes, service units, who is active, what has failed, and the daemons.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use ais::Object;
use ais::amf::{AdminState, AssignmentState, HaState, OperState, PresenceState, ReadinessState};
use comfy_table::{Table, presets};
use immd_client::Imm;
use serde::Serialize;

use super::cluster::{self, number};
use super::explain;
use super::failure::Failure;
use super::locked::{self, Locked};
use super::place::Place;
use super::record::{Daemon, Record, State};

/// What stands for a value that is not there.
const NONE: &str = "-";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Go on: a live screen on a terminal, elsewhere each change
    #[arg(long)]
    watch: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// All that is shown.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Status {
    pub(super) dir: String,
    pub(super) started: String,
    pub(super) supervisor: Option<i32>,
    pub(super) nodes: Vec<Node>,
    pub(super) sus: Vec<Su>,
    pub(super) sis: Vec<Si>,
    /// What is locked beside nodes, SUs and SIs.
    locked: Vec<Locked>,
    failed: Vec<Failed>,
    pub(super) daemons: Vec<Daemon>,
    /// Why the model's part is missing, where it is.
    pub(super) model_unreadable: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Node {
    pub(super) dn: String,
    pub(super) up: bool,
    pub(super) admin: String,
    pub(super) oper: String,
    /// What the director says of one that may not be there: how it went, and what became of its work.
    pub(super) because: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Su {
    pub(super) dn: String,
    pub(super) node: String,
    pub(super) admin: String,
    pub(super) oper: String,
    pub(super) presence: String,
    pub(super) readiness: String,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Si {
    pub(super) dn: String,
    pub(super) admin: String,
    pub(super) assignment: String,
    pub(super) active: Vec<String>,
    pub(super) standby: Vec<String>,
    /// SUs that are being relieved: QUIESCED or QUIESCING.
    pub(super) leaving: Vec<String>,
}

/// A component that needs care.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Failed {
    comp: String,
    presence: String,
    because: Vec<String>,
}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    if arguments.watch {
        return super::block_on(super::watch::run(&place, arguments.json));
    }
    let status = super::block_on(super::in_time(&place, read(&place)))?;
    show(&render(&status, arguments.json));
    Ok(())
}

/// Prints; a reader that went away has seen enough.
pub(super) fn show(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

pub(super) async fn read(place: &Place) -> Result<Status, Failure> {
    let record = Record::load(&place.record()).unwrap_or_default();
    let supervisor = place.holder();
    let mut status = Status {
        dir: place.dir().display().to_string(),
        started: record.started.clone(),
        supervisor,
        nodes: Vec::new(),
        sus: Vec::new(),
        sis: Vec::new(),
        locked: Vec::new(),
        failed: Vec::new(),
        daemons: record.daemons.clone(),
        model_unreadable: None,
    };
    match cluster::connect(place).await {
        Ok(imm) => {
            if let Err(failure) = read_model(place, &imm, &mut status).await {
                status.model_unreadable = Some(failure.to_string());
            }
        }
        Err(failure) if supervisor.is_none() && record.living(place.dir()).is_empty() => return Err(failure),
        Err(_) => status.model_unreadable = Some("immd does not answer at the moment".to_owned()),
    }
    Ok(status)
}

async fn read_model(place: &Place, imm: &Imm, status: &mut Status) -> Result<(), Failure> {
    let nodes = cluster::objects(imm, "SaAmfNode", &["saAmfNodeAdminState", "saAmfNodeOperState"]).await?;
    status.nodes = nodes.iter().map(node).collect();
    for (node, object) in status.nodes.iter_mut().zip(&nodes) {
        ask_about(place, node, &object.dn).await;
    }
    let attrs = [
        "saAmfSUHostedByNode",
        "saAmfSUHostNodeOrNodeGroup",
        "saAmfSUAdminState",
        "saAmfSUOperState",
        "saAmfSUPresenceState",
        "saAmfSUReadinessState",
    ];
    let sus = cluster::objects(imm, "SaAmfSU", &attrs).await?;
    status.sus = sus.iter().map(su).collect();
    let assignments = cluster::objects(imm, "SaAmfSIAssignment", &["saAmfSISUHAState"]).await?;
    let sis = cluster::objects(imm, "SaAmfSI", &["saAmfSIAdminState", "saAmfSIAssignmentState"]).await?;
    let by_si = assignments_by_si(&assignments);
    status.sis = sis.iter().map(|object| si(object, &by_si)).collect();
    status.locked = locked::read(imm).await?;
    let attrs = ["saAmfCompPresenceState", "saAmfCompOperState"];
    for comp in cluster::objects(imm, "SaAmfComp", &attrs).await? {
        if is_failed(&comp) {
            let because = match explain::ask(place, &comp.dn).await {
                Ok(texts) => texts,
                Err(failure) => failure.lines,
            };
            status.failed.push(Failed {
                comp: comp.dn.to_string(),
                presence: name(
                    &comp,
                    "saAmfCompPresenceState",
                    PresenceState::from_code,
                    PresenceState::name,
                ),
                because,
            });
        }
    }
    Ok(())
}

/// The name of a state; `-` where there is none.
fn name<S>(object: &Object, attr: &str, from: fn(u32) -> Option<S>, name: fn(S) -> &'static str) -> String {
    match number(object, attr) {
        Some(code) => from(code).map_or_else(|| code.to_string(), |state| name(state).to_owned()),
        None => NONE.to_owned(),
    }
}

fn node(object: &Object) -> Node {
    Node {
        dn: object.dn.to_string(),
        up: number(object, "saAmfNodeOperState") == Some(OperState::Enabled.code()),
        admin: name(
            object,
            "saAmfNodeAdminState",
            AdminState::from_code,
            AdminState::name,
        ),
        oper: name(
            object,
            "saAmfNodeOperState",
            OperState::from_code,
            OperState::name,
        ),
        because: Vec::new(),
    }
}

/// Asks why the node is not up. One that is locked for instantiation counts as enabled while it is away, so that its
/// state does not tell.
async fn ask_about(place: &Place, node: &mut Node, dn: &ais::Dn) {
    if node.up && node.admin != AdminState::LockedInstantiation.name() {
        return;
    }
    if let Ok(texts) = explain::ask(place, dn).await {
        let is_there = texts.contains(&amfd_director::Reason::NodeReported.to_string());
        node.up &= is_there;
        if !is_there {
            node.because = texts;
        }
    }
}

fn su(object: &Object) -> Su {
    let host = ["saAmfSUHostedByNode", "saAmfSUHostNodeOrNodeGroup"]
        .iter()
        .find_map(|attr| object.value(attr).and_then(ais::Value::as_dn));
    Su {
        dn: object.dn.to_string(),
        node: host.map_or_else(|| NONE.to_owned(), |node| node.rdn_value()),
        admin: name(
            object,
            "saAmfSUAdminState",
            AdminState::from_code,
            AdminState::name,
        ),
        oper: name(object, "saAmfSUOperState", OperState::from_code, OperState::name),
        presence: name(
            object,
            "saAmfSUPresenceState",
            PresenceState::from_code,
            PresenceState::name,
        ),
        readiness: name(
            object,
            "saAmfSUReadinessState",
            ReadinessState::from_code,
            ReadinessState::name,
        ),
    }
}

/// For each SI the SUs that hold it, with their HA states.
fn assignments_by_si(assignments: &[Object]) -> BTreeMap<String, Vec<(String, HaState)>> {
    let mut by_si: BTreeMap<String, Vec<(String, HaState)>> = BTreeMap::new();
    for object in assignments {
        let ha = number(object, "saAmfSISUHAState").and_then(HaState::from_code);
        if let (Some(si), Some(ha)) = (object.dn.parent(), ha) {
            by_si
                .entry(si.to_string())
                .or_default()
                .push((object.dn.rdn_value(), ha));
        }
    }
    by_si
}

fn si(object: &Object, by_si: &BTreeMap<String, Vec<(String, HaState)>>) -> Si {
    let dn = object.dn.to_string();
    let holders = by_si.get(&dn).map(Vec::as_slice).unwrap_or_default();
    let with = |states: &[HaState]| -> Vec<String> {
        let held = holders.iter().filter(|(_, ha)| states.contains(ha));
        held.map(|(su, _)| su.clone()).collect()
    };
    Si {
        admin: name(
            object,
            "saAmfSIAdminState",
            AdminState::from_code,
            AdminState::name,
        ),
        assignment: name(
            object,
            "saAmfSIAssignmentState",
            AssignmentState::from_code,
            AssignmentState::name,
        ),
        active: with(&[HaState::Active]),
        standby: with(&[HaState::Standby]),
        leaving: with(&[HaState::Quiesced, HaState::Quiescing]),
        dn,
    }
}

/// Whether a component needs care: its life cycle failed, or it does not work.
fn is_failed(comp: &Object) -> bool {
    let presence = number(comp, "saAmfCompPresenceState").and_then(PresenceState::from_code);
    let oper = number(comp, "saAmfCompOperState").and_then(OperState::from_code);
    matches!(
        presence,
        Some(PresenceState::InstantiationFailed | PresenceState::TerminationFailed)
    ) || oper == Some(OperState::Disabled) && presence.is_some_and(|p| p != PresenceState::Uninstantiated)
}

/// The text or the document.
pub(super) fn render(status: &Status, json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(status).unwrap_or_else(|error| error.to_string());
    }
    let supervisor = status.supervisor.map_or_else(
        || "its supervisor is gone; perdure down ends what runs".to_owned(),
        |pid| format!("pid {pid}, since {}", status.started),
    );
    let mut parts = vec![format!("cluster in {} ({supervisor})", status.dir)];
    if let Some(why) = &status.model_unreadable {
        parts.push(why.clone());
    } else {
        parts.push(nodes_table(&status.nodes));
        parts.push(sus_table(&status.sus));
        parts.push(sis_table(&status.sis));
        parts.extend(locked::text(&status.locked));
    }
    parts.extend(status.failed.iter().map(failed_text));
    parts.push(daemons_table(&status.daemons));
    parts.join("\n\n")
}

fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn nodes_table(nodes: &[Node]) -> String {
    let row = |n: &Node| {
        let up = if n.up { "up" } else { "down" };
        let why = n.because.join("; ");
        [n.dn.clone(), up.to_owned(), n.admin.clone(), n.oper.clone(), why]
    };
    table(["NODE", "STATUS", "ADMIN", "OPER", ""], nodes.iter().map(row))
}

fn sus_table(sus: &[Su]) -> String {
    let row = |s: &Su| [&s.dn, &s.node, &s.admin, &s.oper, &s.presence, &s.readiness].map(String::clone);
    table(
        ["SU", "NODE", "ADMIN", "OPER", "PRESENCE", "READINESS"],
        sus.iter().map(row),
    )
}

fn sis_table(sis: &[Si]) -> String {
    let list = |sus: &[String]| {
        if sus.is_empty() {
            NONE.to_owned()
        } else {
            sus.join("\n")
        }
    };
    let row = |s: &Si| {
        let mut active = list(&s.active);
        if !s.leaving.is_empty() {
            active = format!("{active}\n(leaving: {})", s.leaving.join(", "));
        }
        [
            s.dn.clone(),
            s.admin.clone(),
            s.assignment.clone(),
            active,
            list(&s.standby),
        ]
    };
    table(
        ["SI", "ADMIN", "ASSIGNMENT", "ACTIVE", "STANDBY"],
        sis.iter().map(row),
    )
}

fn failed_text(failed: &Failed) -> String {
    let mut text = format!("FAILED {} is {}", failed.comp, failed.presence);
    for line in &failed.because {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}

fn daemons_table(daemons: &[Daemon]) -> String {
    let row = |d: &Daemon| {
        let state = match d.state {
            State::Running => "running",
            State::Restarting => "restarting",
            State::GivenUp => "given up",
            State::Stopped => "stopped",
        };
        let death = d.last_death.as_ref().map_or_else(
            || NONE.to_owned(),
            |death| format!("{} {}", death.time, death.cause),
        );
        let pid = d.pid.map_or_else(|| NONE.to_owned(), |pid| pid.to_string());
        [
            d.name.clone(),
            state.to_owned(),
            pid,
            d.restarts.to_string(),
            death,
        ]
    };
    let mut text = table(
        ["DAEMON", "STATE", "PID", "RESTARTS", "LAST DEATH"],
        daemons.iter().map(row),
    );
    for daemon in daemons.iter().filter(|d| d.state == State::GivenUp) {
        let log = daemon.log.display();
        text = format!("{text}\n{} died too often; its log is {log}", daemon.name);
        for line in daemon.last_death.iter().flat_map(|death| &death.last_lines) {
            text += "\n  ";
            text += line;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ais::{Attr, Dn, Value};

    fn object(dn: &str, attrs: &[(&str, u32)]) -> Object {
        Object {
            dn: Dn::new(dn).unwrap(),
            attrs: attrs
                .iter()
                .map(|(n, v)| Attr::single(*n, Value::Uint32(*v)))
                .collect(),
        }
    }

    #[test]
    fn an_si_shows_who_holds_it_in_which_role() {
        let assignments = [
            object(
                "safSISU=safSu=1\\,safApp=A,safSi=X,safApp=A",
                &[("saAmfSISUHAState", 1)],
            ),
            object(
                "safSISU=safSu=2\\,safApp=A,safSi=X,safApp=A",
                &[("saAmfSISUHAState", 2)],
            ),
            object(
                "safSISU=safSu=3\\,safApp=A,safSi=X,safApp=A",
                &[("saAmfSISUHAState", 4)],
            ),
        ];
        let by_si = assignments_by_si(&assignments);
        let si = si(
            &object("safSi=X,safApp=A", &[("saAmfSIAssignmentState", 2)]),
            &by_si,
        );
        assert_eq!(
            (si.active, si.standby),
            (vec!["safSu=1,safApp=A".into()], vec!["safSu=2,safApp=A".into()])
        );
        assert_eq!(si.leaving, ["safSu=3,safApp=A"]);
        assert_eq!(
            (si.admin.as_str(), si.assignment.as_str()),
            ("-", "FULLY_ASSIGNED")
        );
    }

    #[test]
    fn a_component_that_was_terminated_is_not_a_failed_one() {
        let comp = |presence, oper| {
            let attrs = [("saAmfCompPresenceState", presence), ("saAmfCompOperState", oper)];
            is_failed(&object("safComp=C", &attrs))
        };
        assert!(comp(6, 2) && comp(7, 2) && comp(3, 2));
        assert!(!comp(1, 2) && !comp(3, 1) && !is_failed(&object("safComp=C", &[])));
    }
}
