//! The table of what is done to components of each category, made by doing it: in order, and where nobody answers.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod harness;

use std::fmt::Write as _;

use ais::Millis;
use ais::amf::{CompCategory, CompConfig, HaState, ManagedBy, PresenceState, RecommendedRecovery};
use amfnd_engine::ComponentRequest;
use harness::{Act, Node, comp, comp_dn, csi, csi_dn, si, su};

/// A category: its name, its bits, and the commands and callbacks that may fail to be answered.
struct Category {
    name: &'static str,
    /// Its component; the node of the tests knows by the first letter how it behaves.
    comp: &'static str,
    bits: CompCategory,
    may_hang: &'static [&'static str],
}

const CATEGORIES: [Category; 5] = [
    Category {
        name: "SA-aware (proxies and containers too)",
        comp: "A@SU2",
        bits: CompCategory::SA_AWARE,
        may_hang: &["INSTANTIATE", "set", "remove", "terminate", "CLEANUP"],
    },
    Category {
        name: "non-SA-aware",
        comp: "n@SU2",
        bits: CompCategory::empty(),
        may_hang: &["INSTANTIATE", "TERMINATE", "CLEANUP"],
    },
    Category {
        name: "proxied, pre-instantiable",
        comp: "X@SU2",
        bits: CompCategory::PROXIED,
        may_hang: &["instantiate", "set", "remove", "terminate", "cleanup", "CLEANUP"],
    },
    Category {
        name: "proxied, non-pre-instantiable",
        comp: "X@SU2",
        bits: CompCategory::PROXIED_NPI,
        may_hang: &["set", "remove", "cleanup", "CLEANUP"],
    },
    Category {
        name: "contained",
        comp: "X@SU2",
        bits: CompCategory::CONTAINED,
        may_hang: &["instantiate", "set", "remove", "terminate", "cleanup", "CLEANUP"],
    },
];

impl Category {
    fn is_managed(&self) -> bool {
        !matches!(self.bits, CompCategory::SA_AWARE) && !self.bits.is_empty()
    }

    fn is_pre_instantiable(&self) -> bool {
        !self.bits.is_empty() && self.bits != CompCategory::PROXIED_NPI
    }

    fn config(&self) -> CompConfig {
        let by = Some(csi_dn("m@M")).filter(|_| self.is_managed());
        let contained = self.bits == CompCategory::CONTAINED;
        let commands = !self.is_managed();
        let plain = comp(self.comp);
        CompConfig {
            category: self.bits | CompCategory::LOCAL,
            instantiate: plain.instantiate.clone().filter(|_| commands),
            terminate: plain.terminate.clone().filter(|_| self.bits.is_empty()),
            managed_by: ManagedBy {
                proxy_csi: by.clone().filter(|_| !contained),
                container_csi: by.filter(|_| contained),
                instantiate_timeout: Millis(1000),
                cleanup_timeout: Millis(800),
            },
            ..plain
        }
    }

    /// A node with the component in SU2, and its manager ready where it has one.
    fn node(&self) -> Node {
        let mut node = Node::new(vec![su("SU1", vec![comp("P")]), su("SU2", vec![self.config()])]);
        if self.is_managed() {
            node.instantiate("SU1");
            node.assign("SU1", HaState::Active, vec![si("M", vec![csi("m@M", "P")])]);
        }
        if self.bits == CompCategory::PROXIED_NPI {
            self.register(&mut node);
        }
        node.log.clear();
        node
    }

    /// Whoever registers it does.
    fn register(&self, node: &mut Node) {
        let (comp, manager) = (comp_dn(self.comp), comp_dn("P"));
        let (session, body) = if self.bits == CompCategory::CONTAINED {
            let session = node.new_session();
            node.sessions.insert(comp.clone(), session);
            let container = manager;
            (session, ComponentRequest::RegisterContained { comp, container })
        } else {
            let proxy = manager;
            (
                node.session("P"),
                ComponentRequest::RegisterProxied { comp, proxy },
            )
        };
        assert_eq!(node.ask(session, body), "OK");
    }

    fn instantiate(&self, node: &mut Node) {
        if !self.is_pre_instantiable() {
            return;
        }
        node.instantiate("SU2");
        if self.is_managed() {
            self.register(node);
        }
    }

    fn assign(&self, node: &mut Node, ha: HaState) {
        let csis = if ha == HaState::Quiesced {
            Vec::new()
        } else {
            vec![csi("x", self.comp)]
        };
        node.assign("SU2", ha, vec![si("S", csis)]);
    }

    /// Who registers it once it is started.
    fn registers(&self) -> &'static str {
        match self.bits {
            CompCategory::SA_AWARE | CompCategory::CONTAINED => ", it registers",
            CompCategory::PROXIED => ", its proxy registers it",
            _ => "",
        }
    }

    /// What is done in order.
    fn in_order(&self, text: &mut String) {
        let mut node = self.node();
        self.instantiate(&mut node);
        let mut row = |what: &str, done: &str| writeln!(text, "    {what:<24} {done}").unwrap();
        let instantiated = done(&mut node);
        let registers = if instantiated == NOTHING {
            ""
        } else {
            self.registers()
        };
        row("instantiate", &format!("{instantiated}{registers}"));
        self.assign(&mut node, HaState::Active);
        row("assign ACTIVE", &done(&mut node));
        self.assign(&mut node, HaState::Quiesced);
        row("assign QUIESCED", &done(&mut node));
        node.remove("SU2", &["S"]);
        row("remove", &done(&mut node));
        if self.is_pre_instantiable() {
            self.assign(&mut node, HaState::Standby);
            row("assign STANDBY", &done(&mut node));
            node.remove("SU2", &["S"]);
            node.log.clear();
        } else {
            self.assign(&mut node, HaState::Active);
            node.log.clear();
        }
        node.restart("SU2", None);
        if self.bits == CompCategory::CONTAINED {
            self.register(&mut node);
        }
        row("restart", &done(&mut node));
        let (session, comp) = (node.new_session(), comp_dn(self.comp));
        let recovery = RecommendedRecovery::ComponentRestart;
        assert_eq!(
            node.ask(session, ComponentRequest::ErrorReport { comp, recovery }),
            "OK"
        );
        if self.bits == CompCategory::CONTAINED {
            self.register(&mut node);
        }
        row("an error", &done(&mut node));
        node.remove("SU2", &["S"]);
        node.log.clear();
        node.terminate("SU2");
        row("terminate", &done(&mut node));
        assert_eq!(node.presence("SU2"), PresenceState::Uninstantiated, "{text}");
    }

    /// What follows where one of its commands or callbacks is never answered.
    fn unanswered(&self, what: &str) -> String {
        let mut node = self.node();
        let hang = format!("{} {what}", &self.comp[..1]);
        let at_start = matches!(what, "INSTANTIATE" | "instantiate");
        if at_start || !self.is_pre_instantiable() && what == "set" {
            node.act(&hang, Act::Hang);
        }
        if at_start {
            let sis = vec![si("S", vec![csi("x", self.comp)])];
            if self.is_pre_instantiable() {
                node.instantiate("SU2");
            } else {
                node.assign("SU2", HaState::Active, sis);
            }
        } else {
            self.instantiate(&mut node);
            self.assign(&mut node, HaState::Active);
        }
        node.act(&hang, Act::Hang);
        match what {
            "set" if self.is_pre_instantiable() => {
                node.log.clear();
                self.assign(&mut node, HaState::Quiesced);
            }
            "remove" => {
                node.log.clear();
                node.remove("SU2", &["S"]);
            }
            "terminate" | "TERMINATE" => {
                node.remove("SU2", &["S"]);
                if what == "terminate" {
                    node.log.clear();
                    node.terminate("SU2");
                }
            }
            "cleanup" | "CLEANUP" => {
                node.log.clear();
                node.clean("SU2");
            }
            _ => {}
        }
        node.pass(3_500);
        let fault = node.fault("SU2").map_or(String::new(), |fault| {
            format!(", {} is left to the director", fault.recovery)
        });
        let presence = node.comp(self.comp).presence;
        format!("{}; it is {presence}{fault}", done(&mut node))
    }

    fn table(&self, text: &mut String) {
        writeln!(text, "\n{}", self.name).unwrap();
        self.in_order(text);
        writeln!(text, "  never answered").unwrap();
        for what in self.may_hang {
            writeln!(text, "    {what:<24} {}", self.unanswered(what)).unwrap();
        }
    }
}

const NOTHING: &str = "nothing";

/// What was done to the component since the last time.
fn done(node: &mut Node) -> String {
    let log = node.take_log();
    let own = log
        .iter()
        .filter_map(|line| line.as_str().strip_prefix(['A', 'n', 'X'])?.strip_prefix(' '));
    let shown: Vec<&str> = own.filter(|line| *line != "forget").collect();
    if shown.is_empty() {
        NOTHING.to_owned()
    } else {
        shown.join(", ")
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test compares with the document")]
fn the_document_shows_what_is_done_to_each_category() {
    let mut text = String::from(
        "# What is done to a component of each category: commands in capitals, callbacks in small letters\n\
         # (of the component itself, or of its proxy or container). Each component has one retry of its\n\
         # instantiation without delay and one with it; each is alone in its SU and told of one CSI.\n",
    );
    for category in &CATEGORIES {
        category.table(&mut text);
    }
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/tables/component-categories.txt"
    );
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        std::fs::write(path, &text).unwrap();
    }
    let document = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        document, text,
        "run the test with UPDATE=1 and review the difference"
    );
}
