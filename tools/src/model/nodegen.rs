//! `perdure model nodegen`: a file for each node, made from the template of its kind, and the node groups.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use ais::{Attr, Dn, Value, ValueType};
use clap::Args;
use models::Writer;

use super::{Stopped, bytes_of};

/// The cluster below which OpenSAF's models have their nodes.
const CLUSTER: &str = "safAmfCluster=myAmfCluster";

/// The command line.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The nodes: a line `SC NAME CLM-NAME` or `PL NAME CLM-NAME` for each
    #[arg(short = 'c', long, value_name = "FILE", default_value = "input/nodes.cfg")]
    node_config: PathBuf,
    /// The directory for the files; it is made
    #[arg(short = 'd', long, value_name = "DIR", default_value = "nodegen_result")]
    nodegen_dir: PathBuf,
    /// The template of system controllers
    #[arg(
        short = 's',
        long,
        value_name = "FILE",
        default_value = "input/imm_SC_template.xml"
    )]
    sc_template: PathBuf,
    /// The template of payload nodes
    #[arg(
        short = 'p',
        long,
        value_name = "FILE",
        default_value = "input/imm_PL_template.xml"
    )]
    pl_template: PathBuf,
    /// Take this many system controllers, the first ones
    #[arg(short = 'y', long, value_name = "COUNT")]
    sc_count: Option<usize>,
    /// Take this many payload nodes, the first ones
    #[arg(short = 'x', long, value_name = "COUNT")]
    pl_count: Option<usize>,
    /// Take these nodes only
    #[arg(long, value_name = "NAMES", value_delimiter = ' ', conflicts_with_all = ["sc_count", "pl_count"])]
    nodelist: Vec<String>,
    /// Make no node groups
    #[arg(long)]
    disable_ng_gen: bool,
    /// Leave NoRed_TOKEN as it is
    #[arg(long)]
    disable_si_replacement: bool,
    /// Accepted
    #[arg(short, long)]
    trace: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Controller,
    Payload,
}

impl Kind {
    /// The word for it in the list of nodes.
    const fn word(self) -> &'static str {
        match self {
            Kind::Controller => "SC",
            Kind::Payload => "PL",
        }
    }

    /// What stands for the node's name in the template.
    const fn placeholder(self) -> &'static str {
        match self {
            Kind::Controller => "SC_2_1",
            Kind::Payload => "PL_2_3",
        }
    }
}

/// A line of the list of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    kind: Kind,
    name: String,
    clm_name: String,
    /// Its place in the list, from 1.
    index: usize,
}

/// Makes the files.
///
/// # Errors
/// What is wrong with the list or a template; that there are too few nodes; that a file cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Stopped> {
    let text = text_of(&arguments.node_config)?;
    let nodes = chosen(arguments, nodes(&arguments.node_config, &text)?)?;
    let dir = &arguments.nodegen_dir;
    fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    for node in &nodes {
        let template = match node.kind {
            Kind::Controller => &arguments.sc_template,
            Kind::Payload => &arguments.pl_template,
        };
        let content = fill(&text_of(template)?, node, !arguments.disable_si_replacement);
        let file = dir.join(format!("imm_{}.xml", node.name));
        models::parse(&file.display().to_string(), content.as_bytes())
            .map_err(|problem| Stopped::new(format!("{problem} (made from {})", template.display())))?;
        fs::write(&file, content).map_err(|error| failed(&file, &error))?;
    }
    if !arguments.disable_ng_gen {
        let file = dir.join("imm_nodegroups.xml");
        write_groups(&file, &nodes).map_err(|error| failed(&file, &error))?;
    }
    Ok(())
}

fn failed(file: &Path, error: &io::Error) -> Stopped {
    Stopped::new(format!("error - {}: {error}", file.display()))
}

fn text_of(file: &Path) -> Result<String, Stopped> {
    String::from_utf8(bytes_of(file)?)
        .map_err(|_| Stopped::new(format!("error - {}: the file is not UTF-8", file.display())))
}

/// The nodes of the list, in its order.
fn nodes(file: &Path, text: &str) -> Result<Vec<Node>, Stopped> {
    let mut nodes = Vec::new();
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    for (number, line) in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let kind = words.first().and_then(|word| {
            [Kind::Controller, Kind::Payload]
                .into_iter()
                .find(|kind| kind.word() == *word)
        });
        let (Some(kind), [_, name, clm_name]) = (kind, words.as_slice()) else {
            let place = format!("{}:{}", file.display(), number + 1);
            return Err(Stopped::new(format!(
                "{place}: a line is `SC NAME CLM-NAME` or `PL NAME CLM-NAME`"
            )));
        };
        if name.contains(['/', ',', '\\']) {
            let place = format!("{}:{}", file.display(), number + 1);
            return Err(Stopped::new(format!(
                "{place}: '{name}' cannot be the name of a node"
            )));
        }
        nodes.push(Node {
            kind,
            name: (*name).to_owned(),
            clm_name: (*clm_name).to_owned(),
            index: nodes.len() + 1,
        });
    }
    Ok(nodes)
}

/// The nodes that were asked for.
fn chosen(arguments: &Arguments, nodes: Vec<Node>) -> Result<Vec<Node>, Stopped> {
    if !arguments.nodelist.is_empty() {
        let missing = arguments
            .nodelist
            .iter()
            .find(|name| !nodes.iter().any(|node| node.name == **name));
        if let Some(name) = missing {
            return Err(Stopped::new(format!(
                "error - {} has no node '{name}'",
                arguments.node_config.display()
            )));
        }
        let is_listed = |node: &Node| arguments.nodelist.contains(&node.name);
        return Ok(nodes.into_iter().filter(is_listed).collect());
    }
    let mut chosen = Vec::new();
    for (kind, wanted) in [
        (Kind::Controller, arguments.sc_count),
        (Kind::Payload, arguments.pl_count),
    ] {
        let of_kind: Vec<Node> = nodes.iter().filter(|node| node.kind == kind).cloned().collect();
        let wanted = wanted.unwrap_or(of_kind.len());
        if of_kind.len() < wanted {
            let (file, present, word) = (arguments.node_config.display(), of_kind.len(), kind.word());
            return Err(Stopped::new(format!(
                "error - {file} has {present} {word} nodes, {wanted} were asked for"
            )));
        }
        chosen.extend(of_kind.into_iter().take(wanted));
    }
    chosen.sort_by_key(|node| node.index);
    Ok(chosen)
}

/// The template with the node's values for the placeholders.
fn fill(template: &str, node: &Node, numbers_sis: bool) -> String {
    let index = node.index.to_string();
    let text = if numbers_sis {
        template.replace("NoRed_TOKEN", &format!("NoRed{index}"))
    } else {
        template.to_owned()
    };
    text.replace(node.kind.placeholder(), &node.name)
        .replace("CLM_TOKEN", &node.clm_name)
        .replace("Rank_TOKEN", &index)
}

/// The groups of the controllers, of the payload nodes and of all; a group without nodes is left out.
fn write_groups(file: &Path, nodes: &[Node]) -> io::Result<()> {
    let groups: [(&str, &[Kind]); 3] = [
        ("SCs", &[Kind::Controller]),
        ("PLs", &[Kind::Payload]),
        ("AllNodes", &[Kind::Controller, Kind::Payload]),
    ];
    let mut writer = Writer::new(BufWriter::new(File::create(file)?), &[])?;
    for (name, kinds) in groups {
        let members = nodes.iter().filter(|node| kinds.contains(&node.kind));
        let values: Vec<Value> = members
            .map(|node| Value::Name(format!("safAmfNode={},{CLUSTER}", node.name)))
            .collect();
        let dn = Dn::new(&format!("safAmfNodeGroup={name},{CLUSTER}")).map_err(io::Error::other)?;
        if !values.is_empty() {
            let nodes = Attr {
                name: "saAmfNGNodeList".to_owned(),
                value_type: ValueType::Name,
                values,
            };
            writer.object("SaAmfNodeGroup", &dn, &[nodes])?;
        }
    }
    writer.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "SC SC-1 C1\n\nPL PL-3 C3\nPL PL-4 C4\n";

    #[test]
    fn lines_that_are_no_nodes_are_told_with_their_place() {
        let file = Path::new("nodes.cfg");
        assert_eq!(nodes(file, LIST).unwrap().len(), 3);
        for line in ["XX a b", "SC a", "SC a b c", "PL a/b c"] {
            let stopped = nodes(file, &format!("SC ok ok\n{line}\n")).unwrap_err();
            assert!(stopped.lines[0].starts_with("nodes.cfg:2: "), "{stopped:?}");
        }
    }

    #[test]
    fn placeholders_are_filled() {
        let node = &nodes(Path::new("n"), LIST).unwrap()[1];
        let template = "safAmfNode=PL_2_3 CLM_TOKEN Rank_TOKEN safSi=NoRed_TOKEN SC_2_1";
        assert_eq!(
            fill(template, node, true),
            "safAmfNode=PL-3 C3 2 safSi=NoRed2 SC_2_1"
        );
        assert!(fill(template, node, false).contains("NoRed_TOKEN"));
    }
}
