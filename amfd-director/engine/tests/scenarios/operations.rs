//! Every administrative operation on every class of object in every state, through a director with nodes that obey: the
//! answer, the state that follows, and the text of each refusal, as `docs/tables/admin-operations.txt` has them.
//! `UPDATE=1 cargo test` writes the file; the difference is reviewed like code.

use std::fmt::Write as _;
use std::path::Path;

use ais::amf::{AdminOperation, AdminState};

use crate::world::World;

const MODEL: &[&str] = &[
    "node N1 auto-repair=0",
    "node N2",
    "group NG nodes=N1",
    "sg G model=2N auto-repair=0",
    "su SU1 node=N1 rank=1 failover=1",
    "su SU2 node=N2 rank=2",
    "si a rank=1",
    "sg H model=no-redundancy app=B",
    "su SU3 node=N2",
    "si x",
    "start",
    "up N1 N2",
    "settle",
];

/// A class with an object of it, and the states that it is tried in with the commands that lead there.
struct Entity {
    class: &'static str,
    name: &'static str,
    states: &'static [(&'static str, &'static [&'static str])],
}

const STATES: &[(&str, &[&str])] = &[
    ("UNLOCKED", &[]),
    ("LOCKED", &["admin lock X", "settle"]),
    ("SHUTTING-DOWN", &["hold SU1", "admin shutdown X", "settle"]),
    (
        "LOCKED-INSTANTIATION",
        &["admin lock X", "settle", "admin lock-in X", "settle"],
    ),
];

const ENTITIES: &[Entity] = &[
    Entity {
        class: "SaAmfCluster",
        name: "safAmfCluster=c",
        states: STATES,
    },
    Entity {
        class: "SaAmfApplication",
        name: "safApp=A",
        states: STATES,
    },
    Entity {
        class: "SaAmfSG",
        name: "G",
        states: STATES,
    },
    Entity {
        class: "SaAmfNode",
        name: "N1",
        states: &[
            STATES[0],
            STATES[1],
            STATES[2],
            STATES[3],
            ("UNLOCKED, disabled", &["fault SU1 node-switchover", "settle"]),
            (
                "UNLOCKED, disabled, still being vacated",
                &["hold SU1", "fault SU1 node-switchover", "settle"],
            ),
            ("UNLOCKED, not connected", &["down N1", "settle"]),
        ],
    },
    Entity {
        class: "SaAmfNodeGroup",
        name: "NG",
        states: STATES,
    },
    Entity {
        class: "SaAmfSU",
        name: "SU1",
        states: &[
            STATES[0],
            STATES[1],
            STATES[2],
            STATES[3],
            ("UNLOCKED, disabled", &["fault SU1 su-failover", "settle"]),
            (
                "UNLOCKED, being recovered",
                &["fault SU1 su-failover running", "settle"],
            ),
            ("UNLOCKED, its node not connected", &["down N1", "settle"]),
        ],
    },
    Entity {
        class: "SaAmfSI",
        name: "a",
        states: &[
            STATES[0],
            STATES[1],
            STATES[2],
            ("UNLOCKED, without standby", &["admin lock SU2", "settle"]),
            (
                "UNLOCKED, being assigned",
                &["hold SU2", "admin lock SU1", "settle"],
            ),
        ],
    },
    Entity {
        class: "SaAmfComp",
        name: "safComp=c1,safSu=SU1,safSg=G,safApp=A",
        states: &[
            ("INSTANTIATED", &[]),
            (
                "UNINSTANTIATED",
                &["admin lock SU1", "settle", "admin lock-in SU1", "settle"],
            ),
            ("disabled", &["fault SU1 su-failover", "settle"]),
        ],
    },
    Entity {
        class: "SaAmfSI",
        name: "x",
        states: &[("UNLOCKED, in a no-redundancy group", &[])],
    },
    Entity {
        class: "SaAmfCSI",
        name: "safCsi=k1,safSi=a,safApp=A",
        states: &[("there", &[])],
    },
];

fn world(entity: &Entity, commands: &[&str]) -> World {
    let mut world = World::default();
    for command in MODEL.iter().chain(commands) {
        let command = command.replace('X', entity.name);
        world.command(&command).unwrap();
    }
    world.take_output();
    world
}

/// What the operation is answered, at once or when what was held back goes on.
fn answer(world: &mut World, entity: &Entity, operation: AdminOperation) -> String {
    world
        .command(&format!("admin {operation} {}", entity.name))
        .unwrap();
    let mut output = Vec::new();
    for command in [
        "settle",
        "release SU1 SU2",
        "settle",
        "isolate SU1",
        "settle",
        "wait 60000",
    ] {
        world.command(command).unwrap();
        output.extend(world.take_output());
    }
    assert!(
        !output.iter().any(|line| line.starts_with("INVARIANT")),
        "{output:?}"
    );
    let start = format!("answer {operation} {}: ", entity.name);
    // The operation that brought the entity into its state may be the same one; it is answered later.
    let mut answers = output.iter().filter_map(|line| line.strip_prefix(&start));
    answers.next().unwrap_or("no answer").to_owned()
}

/// The answer and what follows; `None` where the operation is not offered for the class.
fn cell(entity: &Entity, commands: &[&str], operation: AdminOperation) -> Option<String> {
    let mut world = world(entity, commands);
    let answer = answer(&mut world, entity, operation);
    if answer == "OK" {
        let dn = world.dn(entity.name);
        let state = world.published(&dn, "AdminState", AdminState::from_code);
        return Some(match state {
            Some(state) if changes_state(operation) => format!("OK, then {state}"),
            Some(_) | None => answer,
        });
    }
    let (error, text) = answer.split_once(" (")?;
    let (_, text) = text.split_once("): ")?;
    let error = error.trim_start_matches("SA_AIS_ERR_");
    (!text.ends_with("[OP-NOT-OFFERED]")).then(|| format!("{error:<15}{text}"))
}

fn changes_state(operation: AdminOperation) -> bool {
    use AdminOperation as Op;
    matches!(
        operation,
        Op::Unlock | Op::Lock | Op::LockInstantiation | Op::UnlockInstantiation | Op::Shutdown
    )
}

fn table() -> String {
    let mut text = String::from(
        "# Administrative operations: class and state, operation, answer, where it leads, or the text of the refusal.\n\
         # Group G is 2N: SU1 is active on N1, SU2 standby on N2. Node group NG has N1. What is under way is let go on\n\
         # after the operation was asked for.\n",
    );
    for entity in ENTITIES {
        for (state, commands) in entity.states {
            writeln!(text, "\n{} {} is {state}", entity.class, entity.name).unwrap();
            let mut missing = Vec::new();
            for operation in AdminOperation::ALL {
                match cell(entity, commands, *operation) {
                    Some(cell) => writeln!(text, "    {:<11}{cell}", operation.name()).unwrap(),
                    None => missing.push(operation.name()),
                }
            }
            if !missing.is_empty() {
                writeln!(text, "    NOT_SUPPORTED are {}", missing.join(", ")).unwrap();
            }
        }
    }
    text
}

#[test]
fn every_operation_is_answered_as_the_document_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tables/admin-operations.txt");
    let table = table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let document = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        document == table,
        "run the test with UPDATE=1 and review the difference in {}",
        path.display()
    );
    assert!(!table.contains("no answer"), "an operation was not answered");
}
