//! Random commands over a small cluster: the invariants hold after each, nobody acts beside another, and when all is
//! healed every operation is answered and every unlocked SI is served. A failing seed prints its commands, which are a
//! scenario file.

use crate::world::World;

/// A small generator; the same seed gives the same commands.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

const CLUSTER: &[&str] = &[
    "node N1 failover-max=4",
    "node N2 failover-max=4",
    "node N3 failover-max=4",
    "group G12 nodes=N1,N2",
    "group G23 nodes=N2,N3",
    "sg G model=2N pref=2 auto-adjust=1 adjust-prob=3000",
    "su SU1 node=N1 rank=1 comps=2",
    "su SU2 node=N2 rank=2 comps=2",
    "su SU3 node=N3 rank=3 comps=2",
    "si a rank=1 csis=2",
    "si b rank=2",
    "sg H model=no-redundancy app=B",
    "su SU4 node=N1",
    "su SU5 node=N2",
    "su SU6 node=N3 disable-restart=1",
    "si x",
    "si y",
    "depend b on=a tolerance=2000",
    "depend y on=b",
    "depend x on=y tolerance=1500",
    "start",
    "up N1 N2 N3",
    "settle",
];

/// The other redundancy models. The SIs w1 and w2 may be active in several SUs.
const OTHER_CLUSTER: &[&str] = &[
    "node N1 failover-max=4",
    "node N2 failover-max=4",
    "node N3 failover-max=4",
    "node N4 failover-max=4",
    "group G12 nodes=N1,N2",
    "sg G model=N+M pref=4 active=2 standby=1 max-active=2 max-standby=3 auto-adjust=1 adjust-prob=3000",
    "su SU1 node=N1 rank=1",
    "su SU2 node=N2 rank=2",
    "su SU3 node=N3 rank=3",
    "su SU4 node=N4 rank=4",
    "si a rank=1 csis=2",
    "si b rank=2",
    "si c rank=3",
    "sg H model=N-way app=B max-active=2 max-standby=3 auto-adjust=1",
    "su SU5 node=N1",
    "su SU6 node=N2",
    "su SU7 node=N3",
    "si x rank=1 standby=2",
    "si y rank=2 standby=1",
    "ranked y SU7 SU5",
    "sg I model=N-way-active app=B max-active=2",
    "su SU8 node=N2 rank=1 comps=2",
    "su SU9 node=N3 rank=2 comps=2",
    "su SU10 node=N4 rank=3 disable-restart=1",
    "si w1 rank=1 active=3",
    "si w2 rank=2 active=2",
    "depend c on=a tolerance=2000",
    "depend w2 on=y",
    "start",
    "up N1 N2 N3 N4",
    "settle",
];

const OPERATIONS: &[&str] = &[
    "lock",
    "unlock",
    "shutdown",
    "lock-in",
    "unlock-in",
    "restart",
    "repaired",
    "si-swap",
    "sg-adjust",
    "unlock",
    "unlock-in",
];
const FAULTS: &[&str] = &[
    "component-failover",
    "su-failover",
    "component-failover",
    "node-switchover",
    "node-failover",
    "node-failfast",
];

struct Run {
    seed: u64,
    world: World,
    random: Random,
    /// There is a fence.
    fences: bool,
    commands: Vec<String>,
}

impl Run {
    fn command(&mut self, command: String) -> Vec<String> {
        self.commands.push(command.clone());
        self.world.command(&command).unwrap();
        let output = self.world.take_output();
        let broken: Vec<&String> = output
            .iter()
            .filter(|line| line.starts_with("INVARIANT"))
            .collect();
        let mut double = self.world.double_actives();
        double.retain(|si| !si.starts_with('w'));
        assert!(
            broken.is_empty() && double.is_empty(),
            "seed {}: {broken:?} double: {double:?} after\n{}",
            self.seed,
            self.commands.join("\n")
        );
        output
    }

    fn disturb(&mut self) {
        let sus = self.world.names("safSu");
        let su = self.random.pick(&sus).clone();
        let command = match self.random.below(if self.fences { 15 } else { 12 }) {
            0 => {
                let nodes = self.world.names("safAmfNode");
                format!("down {}", self.random.pick(&nodes))
            }
            // The node goes on without a connection; without a fence nobody could keep others from its work.
            12 => {
                let nodes = self.world.names("safAmfNode");
                format!("disconnect {}", self.random.pick(&nodes))
            }
            13 => "fence-done".to_owned(),
            14 => "fence-failed as the test wants".to_owned(),
            1 | 2 => match self.world.absent().first() {
                Some(node) => format!("up {node}"),
                None => "settle".to_owned(),
            },
            3 => {
                let isolated = self.random.pick(&["", " running"]);
                format!("fault {su} {}{isolated}", self.random.pick(FAULTS))
            }
            4 => format!("isolate {su}"),
            5 => format!("hold {su}"),
            6 => format!("release {su}"),
            7 | 8 => {
                let kinds = ["safSu", "safSi", "safSg", "safAmfNode", "safAmfNodeGroup", ""];
                let kind = *self.random.pick(&kinds);
                let names = self.world.names(kind);
                let above = ["safAmfCluster=c", "safApp=A", "safApp=B"].map(str::to_owned);
                let names = if names.is_empty() {
                    &above
                } else {
                    names.as_slice()
                };
                format!(
                    "admin {} {}",
                    self.random.pick(OPERATIONS),
                    self.random.pick(names)
                )
            }
            9 => format!("fail-next {su}"),
            10 => format!("wait {}", 500 * self.random.below(10)),
            _ => "settle".to_owned(),
        };
        self.command(command);
        if self.random.below(25) == 0 {
            let alive = self.world.alive();
            self.command("kill-director".to_owned());
            self.command("start".to_owned());
            if !alive.is_empty() {
                self.command(format!("up {}", alive.join(" ")));
            }
        }
        if self.random.below(2) == 0 {
            self.command("settle".to_owned());
        }
    }

    /// Faults stop; the operator unlocks and repairs everything.
    fn heal(&mut self) {
        for su in self.world.names("safSu") {
            self.command(format!("isolate {su}"));
            self.command(format!("release {su}"));
        }
        for _ in 0..5 {
            self.command("fence-done".to_owned());
            self.command("settle".to_owned());
            self.command("wait 60000".to_owned());
            let absent = self.world.absent();
            if !absent.is_empty() {
                self.command(format!("up {}", absent.join(" ")));
                self.command("settle".to_owned());
            }
        }
        let open = self.world.unanswered();
        assert!(
            open.is_empty(),
            "seed {}: not answered: {open:?} after\n{}",
            self.seed,
            self.commands.join("\n")
        );
        let mut names: Vec<String> = ["safAmfNodeGroup", "safAmfNode", "safSg", "safSu", "safSi"]
            .iter()
            .flat_map(|kind| self.world.names(kind))
            .collect();
        names.extend(["safAmfCluster=c", "safApp=A", "safApp=B"].map(str::to_owned));
        for operation in ["repaired", "unlock-in", "unlock"] {
            for name in &names {
                self.command(format!("admin {operation} {name}"));
                self.command("settle".to_owned());
                self.command("wait 5000".to_owned());
            }
        }
        self.command("wait 60000".to_owned());
        for si in self.world.names("safSi") {
            let served = self.world.state_of(&si) == Some(2);
            assert!(
                served,
                "seed {}: {si} is not served: {} after\n{}",
                self.seed,
                self.world.explain(&si),
                self.commands.join("\n")
            );
        }
        self.replace_director();
    }

    /// A director that knows only the model and what the nodes report finds nothing to do where the old one had nothing
    /// to do.
    fn replace_director(&mut self) {
        let nodes = self.world.alive().join(" ");
        let mut orders = Vec::new();
        for command in [
            "kill-director",
            "start",
            &format!("up {nodes}"),
            "settle",
            "wait 60000",
        ] {
            let output = self.command(command.to_owned());
            orders.extend(output.into_iter().filter(|line| line.starts_with("send")));
        }
        assert!(
            orders.is_empty(),
            "seed {}: a new director wants {orders:?} after\n{}",
            self.seed,
            self.commands.join("\n")
        );
    }
}

#[test]
fn whatever_happens_nobody_acts_twice_and_all_is_served_in_the_end() {
    let seeds = std::env::var("SEEDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100);
    let first = std::env::var("SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    for seed in first..first + seeds {
        let mut run = Run {
            seed,
            world: World::default(),
            random: Random(seed),
            fences: seed % 2 == 1,
            commands: Vec::new(),
        };
        if run.fences {
            run.command(format!("option fencing=1 node-loss-delay={}", seed % 3 * 2_000));
        }
        for command in if seed % 4 < 2 { CLUSTER } else { OTHER_CLUSTER } {
            run.command((*command).to_owned());
        }
        for _ in 0..60 {
            run.disturb();
        }
        run.heal();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "seed {}, the last commands:\n{}",
                self.seed,
                self.commands.join("\n")
            );
        }
    }
}
