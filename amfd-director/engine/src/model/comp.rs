//! Components: their own values before those of their type before those of the whole cluster.

use std::collections::BTreeMap;

use ais::amf::{
    Command, CompCategory, CompConfig, Healthcheck, HealthcheckCommand, ManagedBy, Monitoring,
    RecommendedRecovery,
};
use ais::{Dn, Millis};

use super::node::Node;
use super::raw::{Raw, RawObject};
use super::{Problem, check};

/// How many CSIs of a type a component may have at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    pub(crate) active: u32,
    pub(crate) standby: u32,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comp {
    pub(crate) config: CompConfig,
    /// The CSI types that it takes.
    pub(crate) capacities: BTreeMap<Dn, Capacity>,
}

impl Comp {
    pub(crate) fn dn(&self) -> &Dn {
        &self.config.dn
    }

    pub(crate) fn is_pre_instantiable(&self) -> bool {
        self.config.category.is_pre_instantiable()
    }

    /// The CSI of its proxy.
    pub(crate) const fn proxy_csi(&self) -> Option<&Dn> {
        self.config.managed_by.proxy_csi.as_ref()
    }

    /// Whether another component manages it.
    pub(crate) fn is_managed(&self) -> bool {
        let proxied = CompCategory::PROXIED.union(CompCategory::PROXIED_NPI);
        let managed = proxied.union(CompCategory::CONTAINED);
        self.config.category.intersects(managed)
    }
}

const CLI_TIMEOUT: Millis = Millis(10_000);

/// The three commands that run a component.
const INSTANTIATE: &str = "Instantiate";
const TERMINATE: &str = "Terminate";
const CLEANUP: &str = "Cleanup";
/// The two of its external monitor.
const AM_START: &str = "AmStart";
const AM_STOP: &str = "AmStop";
/// How often each of these is tried where nothing says it.
const AM_ATTEMPTS: u32 = 2;
/// The healthcheck that says how often and how long the health command runs (OpenSAF practice).
const COMMAND_KEY: &str = "osafHealthCheck";

struct Source<'a> {
    raw: &'a Raw,
    dn: &'a Dn,
    object: &'a RawObject,
    type_dn: Dn,
    comp_type: &'a RawObject,
    node: Option<&'a Node>,
}

/// The component `dn`, whose SU runs on `node`.
pub(crate) fn build(raw: &Raw, dn: &Dn, object: &RawObject, node: Option<&Node>) -> Result<Comp, Problem> {
    check(raw, dn, object)?;
    let type_dn = object
        .dn("saAmfCompType")
        .ok_or_else(|| Problem::missing(dn, "saAmfCompType"))?;
    let comp_type = raw
        .of_class(&type_dn, "SaAmfCompType")
        .ok_or_else(|| Problem::dangling(dn, "saAmfCompType", &type_dn))?;
    check(raw, &type_dn, comp_type)?;
    let rows = raw.children_of_class(&type_dn, "SaAmfCtCsType");
    for (row, object) in rows.chain(raw.children_of_class(dn, "SaAmfCompCsType")) {
        check(raw, row, object)?;
    }
    let category = comp_type
        .u32("saAmfCtCompCategory")
        .ok_or_else(|| Problem::missing(&type_dn, "saAmfCtCompCategory"))?;
    let source = Source {
        raw,
        dn,
        object,
        type_dn,
        comp_type,
        node,
    };
    let category = CompCategory::from_bits_retain(category);
    Ok(Comp {
        config: source.config(category)?,
        capacities: source.capacities(category),
    })
}

impl Source<'_> {
    fn config(&self, category: CompCategory) -> Result<CompConfig, Problem> {
        let callback = self
            .comp_type
            .millis("saAmfCtDefCallbackTimeout")
            .unwrap_or(CLI_TIMEOUT);
        let own_millis = |name: &str, default: Millis| self.object.millis(name).unwrap_or(default);
        let (without_delay, with_delay, delay) = self.retries();
        Ok(CompConfig {
            dn: self.dn.clone(),
            category,
            instantiation_level: self.u32_or(
                "saAmfCompInstantiationLevel",
                "saAmfCtDefInstantiationLevel",
                0,
            ),
            instantiate: self.command(INSTANTIATE)?,
            terminate: self.command(TERMINATE)?,
            cleanup: self.command(CLEANUP)?,
            env: self.joined("saAmfCtDefCmdEnv", "saAmfCompCmdEnv"),
            instantiate_retries_without_delay: without_delay,
            instantiate_retries_with_delay: with_delay,
            instantiate_delay: delay,
            terminate_callback_timeout: own_millis("saAmfCompTerminateTimeout", callback),
            csi_set_timeout: own_millis("saAmfCompCSISetCallbackTimeout", callback),
            csi_remove_timeout: own_millis("saAmfCompCSIRmvCallbackTimeout", callback),
            quiescing_complete_timeout: own_millis(
                "saAmfCompQuiescingCompleteTimeout",
                self.comp_type
                    .millis("saAmfCtDefQuiescingCompleteTimeout")
                    .unwrap_or(callback),
            ),
            recovery_on_error: self.recovery(),
            disable_restart: self.u32_or("saAmfCompDisableRestart", "saAmfCtDefDisableRestart", 0) != 0,
            healthchecks: self.healthchecks(),
            monitoring: self.monitoring()?,
            managed_by: ManagedBy {
                proxy_csi: self.object.dn("saAmfCompProxyCsi"),
                container_csi: self.object.dn("saAmfCompContainerCsi"),
                instantiate_timeout: own_millis("saAmfCompInstantiateTimeout", callback),
                cleanup_timeout: own_millis("saAmfCompCleanupTimeout", callback),
            },
        })
    }

    fn u32_or(&self, own: &str, of_type: &str, default: u32) -> u32 {
        self.object
            .u32(own)
            .or_else(|| self.comp_type.u32(of_type))
            .unwrap_or(default)
    }

    fn joined(&self, of_type: &str, own: &str) -> Vec<String> {
        let mut all = self.comp_type.texts(of_type);
        all.extend(self.object.texts(own));
        all
    }

    fn recovery(&self) -> RecommendedRecovery {
        let code = self.u32_or("saAmfCompRecoveryOnError", "saAmfCtDefRecoveryOnError", 3);
        match RecommendedRecovery::from_code(code) {
            // "No recommendation" as the recommendation means component failover (OpenSAF practice).
            None | Some(RecommendedRecovery::NoRecommendation) => RecommendedRecovery::ComponentFailover,
            Some(recovery) => recovery,
        }
    }

    /// Instantiation attempts: without delay, with delay, and the delay.
    fn retries(&self) -> (u32, u32, Millis) {
        let global = self
            .raw
            .class("SaAmfCompGlobalAttributes")
            .next()
            .map(|(_, object)| object);
        let number = |own: &str, all: &str, default: u32| {
            self.object
                .u32(own)
                .or_else(|| global.and_then(|object| object.u32(all)))
                .unwrap_or(default)
        };
        let delay = self
            .object
            .millis("saAmfCompDelayBetweenInstantiateAttempts")
            .or_else(|| global.and_then(|object| object.millis("saAmfDelayBetweenInstantiateAttempts")));
        (
            number(
                "saAmfCompNumMaxInstantiateWithoutDelay",
                "saAmfNumMaxInstantiateWithoutDelay",
                2,
            ),
            number(
                "saAmfCompNumMaxInstantiateWithDelay",
                "saAmfNumMaxInstantiateWithDelay",
                0,
            ),
            delay.unwrap_or(Millis(0)),
        )
    }

    /// The external monitor, and the command that checks the health.
    fn monitoring(&self) -> Result<Monitoring, Problem> {
        let global = self.raw.class("SaAmfCompGlobalAttributes").next();
        let attempts = |own: &str, all: &str| {
            let of_all = global.and_then(|(_, object)| object.u32(all));
            self.object.u32(own).or(of_all).unwrap_or(AM_ATTEMPTS)
        };
        let check = self.named_command(
            "osafAmfCtRelPathHcCmd",
            ["osafAmfCtDefHcCmdArgv", "osafAmfCompHcCmdArgv"],
            None,
        )?;
        // Without a healthcheck of this key nothing says how often (OpenSAF practice).
        let terms = self.healthchecks().into_iter().find(|hc| hc.key == COMMAND_KEY);
        let healthcheck = check.zip(terms).map(|(command, terms)| HealthcheckCommand {
            command: Command {
                timeout: terms.max_duration,
                ..command
            },
            period: terms.period,
        });
        Ok(Monitoring {
            am_start: self.command(AM_START)?,
            am_stop: self.command(AM_STOP)?,
            am_start_attempts: attempts("saAmfCompNumMaxAmStartAttempts", "saAmfNumMaxAmStartAttempts"),
            am_stop_attempts: attempts("saAmfCompNumMaxAmStopAttempts", "saAmfNumMaxAmStopAttempts"),
            healthcheck,
        })
    }

    /// The command, or nothing where the type has none.
    fn command(&self, kind: &str) -> Result<Option<Command>, Problem> {
        self.named_command(
            &format!("saAmfCtRelPath{kind}Cmd"),
            [
                &format!("saAmfCtDef{kind}CmdArgv"),
                &format!("saAmfComp{kind}CmdArgv"),
            ],
            self.object.millis(&format!("saAmfComp{kind}Timeout")),
        )
    }

    fn named_command(
        &self,
        path_attr: &str,
        argv_attrs: [&str; 2],
        timeout: Option<Millis>,
    ) -> Result<Option<Command>, Problem> {
        let Some(path) = self.comp_type.text(path_attr) else {
            return Ok(None);
        };
        let timeout = timeout
            .or_else(|| self.comp_type.millis("saAmfCtDefClcCliTimeout"))
            .unwrap_or(CLI_TIMEOUT);
        let [of_type, own] = argv_attrs;
        // The values are joined and split at blanks (OpenSAF practice), so that one value may hold several words.
        let argv = self
            .joined(of_type, own)
            .iter()
            .flat_map(|value| value.split_whitespace().map(str::to_owned))
            .collect();
        // OpenSAF's paths may hold arguments after a blank.
        let mut words = path.split_whitespace().map(str::to_owned);
        let program = words.next().unwrap_or_default();
        let mut all: Vec<String> = words.collect();
        all.extend::<Vec<String>>(argv);
        Ok(Some(Command {
            path: self.absolute(program)?,
            argv: all,
            timeout,
        }))
    }

    fn absolute(&self, program: String) -> Result<String, Problem> {
        if program.starts_with('/') {
            return Ok(program);
        }
        let bundle = self
            .comp_type
            .dn("saAmfCtSwBundle")
            .ok_or_else(|| Problem::missing(&self.type_dn, "saAmfCtSwBundle"))?;
        // Without a node there is nothing to run; the path is completed when the SU gets one.
        let Some(node) = self.node else {
            return Ok(program);
        };
        let prefix = node.bundles.get(&bundle).ok_or_else(|| {
            Problem::new(
                self.dn,
                format!(
                    "the bundle {bundle} of its type is not installed on its node (no SaAmfNodeSwBundle)"
                ),
            )
        })?;
        Ok(format!("{}/{program}", prefix.trim_end_matches('/')))
    }

    fn healthchecks(&self) -> Vec<Healthcheck> {
        let mut all: BTreeMap<String, Healthcheck> = BTreeMap::new();
        for (dn, object) in self.raw.children_of_class(&self.type_dn, "SaAmfHealthcheckType") {
            all.insert(
                dn.rdn_value(),
                Healthcheck {
                    key: dn.rdn_value(),
                    period: object.millis("saAmfHctDefPeriod").unwrap_or(CLI_TIMEOUT),
                    max_duration: object.millis("saAmfHctDefMaxDuration").unwrap_or(CLI_TIMEOUT),
                },
            );
        }
        for (dn, object) in self.raw.children_of_class(self.dn, "SaAmfHealthcheck") {
            let key = dn.rdn_value();
            let inherited = all.get(&key);
            let period = object
                .millis("saAmfHealthcheckPeriod")
                .or(inherited.map(|check| check.period));
            let max_duration = object
                .millis("saAmfHealthcheckMaxDuration")
                .or(inherited.map(|check| check.max_duration));
            let check = Healthcheck {
                key: key.clone(),
                period: period.unwrap_or(CLI_TIMEOUT),
                max_duration: max_duration.unwrap_or(CLI_TIMEOUT),
            };
            all.insert(key, check);
        }
        all.into_values().collect()
    }

    /// What the component's own SaAmfCompCsType objects name, or else what its type supports.
    fn capacities(&self, category: CompCategory) -> BTreeMap<Dn, Capacity> {
        let mut of_type = BTreeMap::new();
        for (dn, object) in self.raw.children_of_class(&self.type_dn, "SaAmfCtCsType") {
            if let Ok(cs_type) = Dn::new(&dn.rdn_value()) {
                of_type.insert(cs_type, type_capacity(object, category));
            }
        }
        let mut own = BTreeMap::new();
        for (dn, object) in self.raw.children_of_class(self.dn, "SaAmfCompCsType") {
            let Ok(cs_type) = Dn::new(&dn.rdn_value()) else {
                continue;
            };
            let Some(default) = of_type.get(&cs_type).copied() else {
                continue;
            };
            let number = |name: &str, limit: u32| object.u32(name).map_or(limit, |value| value.min(limit));
            own.insert(
                cs_type,
                Capacity {
                    active: number("saAmfCompNumMaxActiveCSIs", default.active),
                    standby: number("saAmfCompNumMaxStandbyCSIs", default.standby),
                },
            );
        }
        if own.is_empty() { of_type } else { own }
    }
}

/// What a component type can do for a CSI type, by its capability (AMF B.02.01 §3.6).
fn type_capacity(object: &RawObject, category: CompCategory) -> Capacity {
    let active = object.u32("saAmfCtDefNumMaxActiveCSIs").unwrap_or(u32::MAX);
    let standby = object.u32("saAmfCtDefNumMaxStandbyCSIs").unwrap_or(u32::MAX);
    if !category.is_pre_instantiable() {
        return Capacity {
            active: 1,
            standby: 0,
        };
    }
    match object.u32("saAmfCtCompCapability").unwrap_or(1) {
        3 => Capacity { active: 1, standby },
        4 => Capacity {
            active: 1,
            standby: 1,
        },
        5 => Capacity { active, standby: 0 },
        6 | 7 => Capacity {
            active: 1,
            standby: 0,
        },
        _ => Capacity { active, standby },
    }
}
