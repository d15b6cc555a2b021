//! `amfclusterstatus`: which nodes are up, and where the controller is.

use std::ffi::OsString;
use std::process::ExitCode;

use ais::{Object, Scope};
use clap::Parser;
use immd_client::{AttrChoice, SearchParams};
use serde::Serialize;

use super::connect::{Limits, Session, with_session};
use super::director::with_director;
use super::output::{self, Failure, Report, finish};
use super::text::append;
use super::usage::{CommandLine, Common, Help, parse};

const HELP: Help = Help {
    name: "amfclusterstatus",
    purpose: "shows which nodes are up",
    synopsis: &["amfclusterstatus [options]"],
    description: &[
        "Without options, prints each node of the model with its status: UP, DOWN, or SAM where its node director may run",
        "but no director does. With -s, -c or -u it answers by its exit code, 0 for yes and 1 for no.",
        "A node is named by the saClmNodeID of its SaClmNode object, or by its name.",
    ],
    options: &[
        ("-s, --controller-status", "whether a director runs"),
        (
            "-c, --is-controller [NODE]",
            "whether the director runs on this machine; with NODE, whether that node's machine is this one",
        ),
        (
            "-u, --node-up [NODE]",
            "whether the node is up; without NODE, whether any node of this cluster is",
        ),
        ("-q, --quiet", "print nothing"),
    ],
    examples: &[
        ("amfclusterstatus", "shows all nodes"),
        ("amfclusterstatus -u SC-1 -q", "asks about a node, in a script"),
    ],
};

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(short = 's', long)]
    controller_status: bool,
    #[arg(short = 'c', long, num_args = 0..=1, default_missing_value = "")]
    is_controller: Option<String>,
    #[arg(short = 'u', long, num_args = 0..=1, default_missing_value = "")]
    node_up: Option<String>,
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// A node.
#[derive(Debug, Serialize)]
struct Node {
    name: String,
    id: Option<u32>,
    status: &'static str,
}

/// All of them, in the order of their names.
#[derive(Debug, Default, Serialize)]
struct Nodes {
    director: bool,
    nodes: Vec<Node>,
}

impl Report for Nodes {
    fn text(&self) -> String {
        const HEAD: &str = "NODE(AMF)";
        let names = self.nodes.iter().map(|node| node.name.len());
        let width = names.max().unwrap_or(0).max(HEAD.len());
        let mut text = format!("{HEAD:<width$}     STATUS\n");
        append(
            &mut text,
            format_args!("{}\n", "=".repeat(width + "     STATUS".len())),
        );
        for node in &self.nodes {
            append(
                &mut text,
                format_args!("{:<width$}     {}\n", node.name, node.status),
            );
        }
        text
    }
}

impl Nodes {
    fn find(&self, named: &str) -> Result<&Node, Failure> {
        let id = super::ntf::number(named).ok();
        let found = self
            .nodes
            .iter()
            .find(|node| node.name == named || (id.is_some() && node.id.map(u64::from) == id));
        found.ok_or_else(|| Failure::new(format!("error - there is no node {named}")))
    }
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let questions = [
        line.controller_status,
        line.is_controller.is_some(),
        line.node_up.is_some(),
    ];
    if questions.iter().filter(|asked| **asked).count() > 1 {
        return HELP.refuse("error - one question at a time: -s, -c or -u");
    }
    let mut nodes = Nodes::default();
    let outcome = read(&line.common, &mut nodes);
    if !questions.contains(&true) {
        return match outcome {
            Err(failure) if !line.common.json => {
                output::complain(&failure.lines);
                ExitCode::FAILURE
            }
            outcome => finish(line.common.json, &nodes, outcome),
        };
    }
    // Where no cluster runs the answer is no.
    let answer = match (&outcome, answer(&line, &nodes)) {
        (Err(_), _) if line.controller_status || !nodes.director => Ok((false, "no cluster runs".to_owned())),
        (_, answer) => answer,
    };
    match answer {
        Ok((yes, text)) => {
            if !line.quiet && output::print(&format!("{text}\n")).is_err() {
                return ExitCode::FAILURE;
            }
            if yes { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(failure) => {
            output::complain(&failure.lines);
            ExitCode::FAILURE
        }
    }
}

/// Yes or no, and the sentence for it.
fn answer(line: &Line, nodes: &Nodes) -> Result<(bool, String), Failure> {
    if let Some(named) = &line.node_up {
        let up = |node: &Node| node.status != "DOWN";
        let is_up = if named.is_empty() {
            nodes.nodes.iter().any(up)
        } else {
            up(nodes.find(named)?)
        };
        let which = if named.is_empty() { "a node" } else { named };
        let text = format!("{which} is {}", if is_up { "up" } else { "not up" });
        return Ok((is_up, text));
    }
    if let Some(named) = line.is_controller.as_ref().filter(|named| !named.is_empty()) {
        nodes.find(named)?;
    }
    let text = if nodes.director {
        "the director runs on this machine"
    } else {
        "no director runs"
    };
    Ok((nodes.director, text.to_owned()))
}

fn read(common: &Common, nodes: &mut Nodes) -> Result<(), Failure> {
    nodes.director = with_director(common, async |_| Ok(())).is_ok();
    let director = nodes.director;
    let limits = Limits {
        program: HELP.name,
        timeout_s: 10,
        try_again: true,
    };
    with_session(limits, common, async |session| {
        let ids = objects(session, "SaClmNode", &["saClmNodeID"]).await?;
        for node in objects(session, "SaAmfNode", &["saAmfNodeClmNode", "saAmfNodeOperState"]).await? {
            let clm = ais::find_attr(&node.attrs, "saAmfNodeClmNode").and_then(|attr| attr.values.first());
            let clm = clm.map(ais::Value::to_text);
            let member = ids
                .iter()
                .find(|member| Some(member.dn.as_str()) == clm.as_deref());
            let number = |object: &Object, name: &str| {
                let attr = ais::find_attr(&object.attrs, name)?;
                attr.values.first()?.as_u32()
            };
            // What the last director showed; without one nobody knows of nodes that are lost since.
            let enabled = number(&node, "saAmfNodeOperState") == Some(1);
            let status = match (enabled, director) {
                (true, true) => "UP",
                (true, false) => "SAM",
                (false, _) => "DOWN",
            };
            nodes.nodes.push(Node {
                name: node.dn.rdn_value().clone(),
                id: member.and_then(|member| number(member, "saClmNodeID")),
                status,
            });
        }
        nodes.nodes.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(())
    })
}

async fn objects(session: &Session, class: &str, attrs: &[&str]) -> Result<Vec<Object>, Failure> {
    let failed = |error| Failure::of_call("saImmOmSearchInitialize_2", &error);
    let names = session.read(async |imm| imm.class_names().await).await;
    if !names.map_err(failed)?.iter().any(|name| name == class) {
        return Ok(Vec::new());
    }
    let found = session
        .read(async |imm| {
            let params = SearchParams {
                root: None,
                scope: Scope::Subtree,
                filter: Some((
                    "SaImmAttrClassName".to_owned(),
                    Some(ais::Value::String(class.to_owned())),
                )),
                attrs: AttrChoice::Some(attrs.iter().map(|name| (*name).to_owned()).collect()),
            };
            imm.search(params).await?.collect().await
        })
        .await;
    found.map_err(failed)
}
