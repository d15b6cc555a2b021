//! What happens when a restart is not enough, when a node is lost and when the director is: on the command line of `up`
//! and of the daemons.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ais::Millis;
use ais::amf::EscalationCounting;
use clap::ValueEnum;

/// The word for the fence that comes with the program.
const KILL: &str = "kill";

/// How restarts and failovers are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Counting {
    /// The one that reaches the maximum escalates
    Specification,
    /// The one after the maximum escalates
    Opensaf,
}

/// A time in milliseconds, for all nodes or for the one with this DN or name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Limit {
    node: Option<String>,
    millis: u64,
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Limit, String> {
        let (node, millis) = match text.rsplit_once('=') {
            Some((node, millis)) => (Some(node.to_owned()), millis),
            None => (None, text),
        };
        let millis = millis
            .parse()
            .map_err(|_| format!("'{millis}' is not a number of milliseconds"))?;
        Ok(Limit { node, millis })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "{node}={}", self.millis),
            None => write!(f, "{}", self.millis),
        }
    }
}

/// A time that is not 0.
fn positive(text: &str) -> Result<Limit, String> {
    let limit: Limit = text.parse()?;
    if limit.millis == 0 {
        return Err("it must be more than 0".to_owned());
    }
    Ok(limit)
}

/// The director's part.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Recovery, lost nodes")]
pub(super) struct DirectorPolicy {
    /// Which restart or failover within a probation escalates: as the specification counts, or as OpenSAF does
    #[arg(long, value_name = "HOW")]
    counting: Option<Counting>,
    /// For how long a lost node may come back before its work is given to others; 0 is at once, the usual.
    /// osafAmfDelayNodeFailoverTimeout in the model goes before it. NODE=MS is for this node alone and goes before both
    #[arg(long, value_name = "[NODE=]MS")]
    node_loss_delay: Vec<Limit>,
    /// How long a node that is connected may take to say what it does; then it counts as lost [usually 10000].
    /// osafAmfDelayNodeFailoverNodeWaitTimeout in the model goes before it
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    node_wait: Option<u64>,
    /// Called with the DN of a lost node and the reason; its work is given to others when it has exited with 0. The word
    /// kill means: end its node director and its components on this machine
    #[arg(long, value_name = "PROGRAM")]
    fence: Option<String>,
    /// How long that may take [usually 30000]
    #[arg(long, value_name = "MS", requires = "fence")]
    fence_limit: Option<u64>,
    /// The time between two questions to a node director whether it is there [usually 1000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    heartbeat_interval: Option<u64>,
    /// A node director that does not answer for so long is given up [usually 5000]. NODE=MS is for this node alone
    #[arg(long, value_name = "[NODE=]MS", value_parser = positive)]
    heartbeat_limit: Vec<Limit>,
}

/// The node directors' part.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Recovery, lost nodes")]
pub(super) struct NodePolicy {
    /// What a reboot of a node means, after all its components were killed: none, restart of the node director, the
    /// usual, or a program, which is run before that
    #[arg(long, value_name = "WHAT")]
    reboot: Option<String>,
    /// For how long components go on without a director; then they are killed and the node reboots. Usually for ever
    #[arg(long, value_name = "MS")]
    absence_limit: Option<u64>,
    /// How long the work of a node director that is asked to end may take to be moved to other nodes; then it terminates
    /// its components all the same. 0: nothing is moved first [usually 30000]
    #[arg(long, value_name = "MS")]
    leave_limit: Option<u64>,
}

fn option(name: &str, value: Option<impl ToString>) -> Option<String> {
    value.map(|value| format!("--{name}={}", value.to_string()))
}

impl DirectorPolicy {
    /// The options as they are handed on.
    pub(super) fn arguments(&self) -> Vec<String> {
        let counting = self.counting.map(|counting| match counting {
            Counting::Specification => "specification",
            Counting::Opensaf => "opensaf",
        });
        let each = |name: &'static str, limits: &[Limit]| {
            let limits = limits.iter();
            limits.map(|limit| option(name, Some(limit))).collect::<Vec<_>>()
        };
        let once = [
            option("counting", counting),
            option("node-wait", self.node_wait),
            option("fence", self.fence.as_ref()),
            option("fence-limit", self.fence_limit),
            option("heartbeat-interval", self.heartbeat_interval),
        ];
        once.into_iter()
            .chain(each("node-loss-delay", &self.node_loss_delay))
            .chain(each("heartbeat-limit", &self.heartbeat_limit))
            .flatten()
            .collect()
    }

    /// Sets what they say; the rest stays.
    pub(super) fn set(&self, options: &mut amfd_director::Options) {
        if self.counting == Some(Counting::Opensaf) {
            options.engine.counting = EscalationCounting::OpenSaf;
        }
        for limit in &self.node_loss_delay {
            let delay = Millis(limit.millis);
            match &limit.node {
                Some(node) => drop(options.engine.node_loss_delays.insert(node.clone(), delay)),
                None => options.engine.node_loss_delay = delay,
            }
        }
        if let Some(wait) = self.node_wait {
            options.engine.node_sync = Millis(wait);
        }
        if let Some(interval) = self.heartbeat_interval {
            options.heartbeat.interval = Duration::from_millis(interval);
        }
        for limit in &self.heartbeat_limit {
            let time = Duration::from_millis(limit.millis);
            match &limit.node {
                Some(node) => drop(options.heartbeat.limits.insert(node.clone(), time)),
                None => options.heartbeat.limit = time,
            }
        }
        options.fence = self.fence.as_ref().map(|program| {
            let limit = self
                .fence_limit
                .map_or(Duration::from_secs(30), Duration::from_millis);
            let (program, arguments) = if program == KILL {
                (PathBuf::from(super::OWN_PROGRAM), vec!["fence".to_owned()])
            } else {
                (PathBuf::from(program), Vec::new())
            };
            amfd_director::Fence {
                program,
                arguments,
                limit,
            }
        });
    }
}

impl NodePolicy {
    /// The options as they are handed on.
    pub(super) fn arguments(&self) -> Vec<String> {
        [
            option("reboot", self.reboot.as_ref()),
            option("absence-limit", self.absence_limit),
            option("leave-limit", self.leave_limit),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        director: DirectorPolicy,
    }

    #[test]
    fn what_is_handed_on_says_the_same() {
        let words = [
            "amfd",
            "--counting=opensaf",
            "--node-wait=9",
            "--fence=kill",
            "--fence-limit=6",
            "--heartbeat-interval=7",
            "--node-loss-delay=5",
            "--node-loss-delay=safAmfNode=PL-3,safAmfCluster=c=10",
            "--heartbeat-limit=8",
            "--heartbeat-limit=PL-3=11",
        ];
        let line = Line::try_parse_from(words).unwrap();
        assert_eq!(line.director.arguments(), words[1..]);
        let mut options = amfd_director::Options::new("/d");
        line.director.set(&mut options);
        assert_eq!(options.engine.counting, EscalationCounting::OpenSaf);
        assert_eq!(options.engine.node_loss_delay, Millis(5));
        let own = &options.engine.node_loss_delays["safAmfNode=PL-3,safAmfCluster=c"];
        assert_eq!(*own, Millis(10));
        assert_eq!(options.engine.node_sync, Millis(9));
        assert_eq!(options.heartbeat.limits["PL-3"], Duration::from_millis(11));
        assert_eq!(options.fence.unwrap().limit, Duration::from_millis(6));
        assert_eq!(options.heartbeat.limit, Duration::from_millis(8));
        for wrong in [
            "--heartbeat-limit=0",
            "--heartbeat-limit=PL-3=0",
            "--node-loss-delay=soon",
        ] {
            assert!(Line::try_parse_from(["amfd", wrong]).is_err(), "{wrong}");
        }
        assert!(
            Line::try_parse_from(["amfd", "--fence-limit=1"]).is_err(),
            "it needs a fence"
        );
    }
}
