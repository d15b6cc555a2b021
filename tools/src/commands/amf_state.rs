//! `amf-state`: shows the states of the framework's objects, with their names and numbers.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

use ais::amf::{
    AdminState, AssignmentState, HaReadinessState, HaState, OperState, PresenceState, ReadinessState,
};
use ais::{Dn, Object, Scope, Value};
use clap::Parser;
use immd_client::{AttrChoice, SearchParams};
use serde::Serialize;

use super::amf_find::{class_of, must_exist};
use super::connect::{Limits, Session, with_session};
use super::output::{Failure, Report, finish};
use super::text::append;
use super::usage::{CommandLine, Common, Help, parse, seconds};

const HELP: Help = Help {
    name: "amf-state",
    purpose: "shows the states of the framework's objects",
    synopsis: &["amf-state [options] [<class> [<state>] [object DN]]"],
    description: &[
        "Without arguments, prints what needs care: service instances that are unlocked and unassigned, service",
        "units and nodes that are unlocked and disabled.",
        "With a class, prints each object of it with its states; with a DN, only that object and those below it.",
        "The classes and their states are:",
        "  app, sg, ng: adm    node: adm oper    su: adm oper pres readi    comp: oper pres readi",
        "  si: adm ass    siass, csiass: ha har",
        "The state 'all' stands for all of a class.",
    ],
    options: &[(
        "-t, --timeout SEC",
        "give up after this time; 60 seconds unless given",
    )],
    examples: &[
        ("amf-state", "shows what needs care"),
        ("amf-state su", "shows all states of all service units"),
        (
            "amf-state su pres safSu=SU1,safSg=demo,safApp=demo",
            "shows one state of one service unit",
        ),
        ("amf-state siass", "shows who is active for what"),
    ],
};

/// One state of a class.
struct State {
    /// Its short name on the command line.
    short: &'static str,
    attr: &'static str,
    /// The name of a number.
    name: fn(u32) -> Option<&'static str>,
}

macro_rules! state {
    ($short:literal, $attr:literal, $kind:ident) => {
        State {
            short: $short,
            attr: $attr,
            name: |code| $kind::from_code(code).map($kind::name),
        }
    };
}

const APP: &[State] = &[state!("adm", "saAmfApplicationAdminState", AdminState)];
const SG: &[State] = &[state!("adm", "saAmfSGAdminState", AdminState)];
const NG: &[State] = &[state!("adm", "saAmfNGAdminState", AdminState)];
const NODE: &[State] = &[
    state!("adm", "saAmfNodeAdminState", AdminState),
    state!("oper", "saAmfNodeOperState", OperState),
];
const SU: &[State] = &[
    state!("adm", "saAmfSUAdminState", AdminState),
    state!("oper", "saAmfSUOperState", OperState),
    state!("pres", "saAmfSUPresenceState", PresenceState),
    state!("readi", "saAmfSUReadinessState", ReadinessState),
];
const COMP: &[State] = &[
    state!("oper", "saAmfCompOperState", OperState),
    state!("pres", "saAmfCompPresenceState", PresenceState),
    state!("readi", "saAmfCompReadinessState", ReadinessState),
];
const SI: &[State] = &[
    state!("adm", "saAmfSIAdminState", AdminState),
    state!("ass", "saAmfSIAssignmentState", AssignmentState),
];
const SIASS: &[State] = &[
    state!("ha", "saAmfSISUHAState", HaState),
    state!("har", "saAmfSISUHAReadinessState", HaReadinessState),
];
const CSIASS: &[State] = &[
    state!("ha", "saAmfCSICompHAState", HaState),
    state!("har", "saAmfCSICompHAReadinessState", HaReadinessState),
];

/// The states of the class with this short name.
fn states_of(class: &str) -> Option<&'static [State]> {
    Some(match class {
        "app" => APP,
        "comp" => COMP,
        "csiass" => CSIASS,
        "ng" => NG,
        "node" => NODE,
        "sg" => SG,
        "si" => SI,
        "siass" => SIASS,
        "su" => SU,
        _ => return None,
    })
}

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(short, long, value_parser = seconds, default_value_t = 60)]
    timeout: u64,
    words: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// What is asked for.
enum Question {
    Health,
    States {
        class: &'static str,
        states: Vec<&'static State>,
        dn: Option<String>,
    },
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Nothing {},
    Health(Health),
    States { objects: Vec<Entity> },
}

/// What needs care.
#[derive(Debug, Default, Serialize)]
struct Health {
    unassigned_sis: Vec<String>,
    disabled_sus: Vec<String>,
    disabled_nodes: Vec<String>,
}

/// The states of one object.
#[derive(Debug, Serialize)]
struct Entity {
    dn: String,
    states: BTreeMap<&'static str, Shown>,
    #[serde(skip)]
    order: Vec<&'static str>,
}

/// One state; both are missing where the attribute is empty.
#[derive(Debug, Serialize)]
struct Shown {
    value: Option<u32>,
    name: Option<&'static str>,
}

impl Report for Answer {
    fn text(&self) -> String {
        match self {
            Answer::Nothing {} => String::new(),
            Answer::Health(health) => health.text(),
            Answer::States { objects } => objects.iter().map(Entity::text).collect(),
        }
    }
}

impl Health {
    fn text(&self) -> String {
        let mut text = String::new();
        for (heading, names) in [
            ("Service Instances UNLOCKED and UNASSIGNED:", &self.unassigned_sis),
            ("Service Units UNLOCKED and DISABLED:", &self.disabled_sus),
            ("Nodes UNLOCKED and DISABLED:", &self.disabled_nodes),
        ] {
            append(&mut text, format_args!("\n{heading}\n"));
            for name in names {
                append(&mut text, format_args!("   {name}\n"));
            }
        }
        text.push('\n');
        text
    }
}

impl Entity {
    fn new(object: &Object, states: &[&'static State]) -> Entity {
        let shown = |state: &State| {
            let value = object.value(state.attr).and_then(Value::as_u32);
            Shown {
                value,
                name: value.and_then(state.name),
            }
        };
        Entity {
            dn: object.dn.to_string(),
            states: states.iter().map(|state| (state.attr, shown(state))).collect(),
            order: states.iter().map(|state| state.attr).collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.dn);
        for attr in &self.order {
            let shown = self
                .states
                .get(attr)
                .and_then(|shown| shown.value.map(|value| (value, shown.name)));
            let shown = shown.map_or_else(
                || "<Empty>".to_owned(),
                |(value, name)| format!("{}({value})", name.unwrap_or("UNKNOWN")),
            );
            append(&mut text, format_args!("\t{attr}={shown}\n"));
        }
        text
    }
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let question = match question(&line.words) {
        Ok(question) => question,
        Err(complaint) => return HELP.refuse(&complaint),
    };
    let limits = Limits {
        program: HELP.name,
        timeout_s: line.timeout,
        try_again: true,
    };
    let mut answer = Answer::Nothing {};
    let outcome = with_session(limits, &line.common, async |session| {
        answer = match &question {
            Question::Health => Answer::Health(health(session).await?),
            Question::States { class, states, dn } => Answer::States {
                objects: states_below(session, class, states, dn.as_deref()).await?,
            },
        };
        Ok(())
    });
    finish(line.common.json, &answer, outcome)
}

/// What the words after the options ask for.
fn question(words: &[String]) -> Result<Question, String> {
    let Some((short, rest)) = words.split_first() else {
        return Ok(Question::Health);
    };
    let known = class_of(short).zip(states_of(short));
    let (class, all) = known.ok_or_else(|| format!("error - invalid class: {short}"))?;
    let (state, dn) = match rest {
        [] => ("all", None),
        // The state may be left out before a DN.
        [word] if word.contains('=') => ("all", Some(word)),
        [state] => (state.as_str(), None),
        [state, dn] => (state.as_str(), Some(dn)),
        _ => return Err("error - too many arguments".to_owned()),
    };
    let states: Vec<_> = all
        .iter()
        .filter(|known| state == "all" || known.short == state)
        .collect();
    if states.is_empty() {
        return Err(format!("error - invalid state for {short}: {state}"));
    }
    Ok(Question::States {
        class,
        states,
        dn: dn.cloned(),
    })
}

/// The objects of a class with these states, all or those that are `dn` or below it.
async fn states_below(
    session: &Session,
    class: &str,
    states: &[&'static State],
    dn: Option<&str>,
) -> Result<Vec<Entity>, Failure> {
    if let Some(dn) = dn {
        must_exist(session, dn).await?;
    }
    let root = dn.and_then(|dn| Dn::new(dn).ok());
    let objects = search(session, class, states, root).await?;
    Ok(objects.iter().map(|object| Entity::new(object, states)).collect())
}

async fn health(session: &Session) -> Result<Health, Failure> {
    Ok(Health {
        unassigned_sis: unlocked_but(session, "SaAmfSI", SI, AssignmentState::Unassigned.code()).await?,
        disabled_sus: unlocked_but(session, "SaAmfSU", &SU[..2], OperState::Disabled.code()).await?,
        disabled_nodes: unlocked_but(session, "SaAmfNode", NODE, OperState::Disabled.code()).await?,
    })
}

/// The objects whose first state is UNLOCKED and whose last one is `bad`.
async fn unlocked_but(
    session: &Session,
    class: &str,
    states: &'static [State],
    bad: u32,
) -> Result<Vec<String>, Failure> {
    let states: Vec<_> = states.iter().collect();
    let objects = search(session, class, &states, None).await?;
    let is = |object: &Object, state: Option<&&State>, code| {
        state.is_some_and(|state| object.value(state.attr).and_then(Value::as_u32) == Some(code))
    };
    let needs_care = |object: &&Object| {
        is(object, states.first(), AdminState::Unlocked.code()) && is(object, states.last(), bad)
    };
    Ok(objects
        .iter()
        .filter(needs_care)
        .map(|object| object.dn.to_string())
        .collect())
}

async fn search(
    session: &Session,
    class: &str,
    states: &[&'static State],
    root: Option<Dn>,
) -> Result<Vec<Object>, Failure> {
    let params = SearchParams {
        root,
        scope: Scope::Subtree,
        filter: Some((
            "SaImmAttrClassName".to_owned(),
            Some(Value::String(class.to_owned())),
        )),
        attrs: AttrChoice::Some(states.iter().map(|state| state.attr.to_owned()).collect()),
    };
    let found = session
        .read(async |imm| imm.search(params.clone()).await?.collect().await)
        .await;
    found.map_err(|error| Failure::of_call("saImmOmSearchInitialize_2", &error))
}

#[cfg(test)]
mod tests {
    use ais::Attr;

    use super::*;

    fn ask(words: &[&str]) -> Result<Question, String> {
        question(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    fn shorts(question: Question) -> Vec<&'static str> {
        match question {
            Question::States { states, .. } => states.iter().map(|state| state.short).collect(),
            Question::Health => Vec::new(),
        }
    }

    #[test]
    fn every_class_has_its_states() {
        for (class, states) in [
            ("app", &["adm"][..]),
            ("comp", &["oper", "pres", "readi"]),
            ("csiass", &["ha", "har"]),
            ("node", &["adm", "oper"]),
            ("sg", &["adm"]),
            ("si", &["adm", "ass"]),
            ("siass", &["ha", "har"]),
            ("su", &["adm", "oper", "pres", "readi"]),
            ("ng", &["adm"]),
        ] {
            assert_eq!(shorts(ask(&[class]).unwrap()), states, "{class}");
            assert_eq!(shorts(ask(&[class, "all"]).unwrap()), states, "{class}");
            for state in states {
                assert_eq!(shorts(ask(&[class, state]).unwrap()), [*state]);
            }
        }
        assert!(matches!(ask(&[]), Ok(Question::Health)));
        assert!(matches!(
            ask(&["su", "safSu=1"]),
            Ok(Question::States { dn: Some(_), .. })
        ));
    }

    #[test]
    fn wrong_words_are_refused() {
        for (words, complaint) in [
            (&["csi"][..], "error - invalid class: csi"),
            (&["sg", "oper"], "error - invalid state for sg: oper"),
            (&["sg", "adm", "safSg=1", "x"], "error - too many arguments"),
        ] {
            assert_eq!(ask(words).err().as_deref(), Some(complaint));
        }
    }

    #[test]
    fn states_are_told_with_name_and_number() {
        let object = Object {
            dn: Dn::new("safSu=SU1,safApp=demo").unwrap(),
            attrs: vec![
                Attr::single("saAmfSUAdminState", Value::Uint32(3)),
                Attr::single("saAmfSUOperState", Value::Uint32(9)),
            ],
        };
        let states: Vec<_> = SU[..3].iter().collect();
        let shown = Entity::new(&object, &states);
        assert_eq!(
            shown.text(),
            "safSu=SU1,safApp=demo\n\
             \tsaAmfSUAdminState=LOCKED-INSTANTIATION(3)\n\
             \tsaAmfSUOperState=UNKNOWN(9)\n\
             \tsaAmfSUPresenceState=<Empty>\n"
        );
        let value = serde_json::to_value(&shown).unwrap();
        assert_eq!(
            value["states"]["saAmfSUAdminState"]["name"],
            "LOCKED-INSTANTIATION"
        );
        assert_eq!(
            value["states"]["saAmfSUPresenceState"]["value"],
            serde_json::Value::Null
        );
    }

    #[test]
    fn health_is_three_lists() {
        let health = Health {
            unassigned_sis: vec!["safSi=1,safApp=x".to_owned()],
            ..Health::default()
        };
        assert_eq!(
            health.text(),
            "\nService Instances UNLOCKED and UNASSIGNED:\n   safSi=1,safApp=x\n\
             \nService Units UNLOCKED and DISABLED:\n\nNodes UNLOCKED and DISABLED:\n\n"
        );
    }
}
