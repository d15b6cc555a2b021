//! `perdure upgrade SU... --set attr=value [--run CMD]`: upgrades service units one after another.
//!
//! For each: lock, lock-instantiation, the update, the command, unlock-instantiation, unlock. When a step fails, the
//! steps of that SU are undone, and nothing is done to those after it; those before it stay upgraded.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use ais::amf::{AdminOperation, AdminState, ReadinessState};
use ais::{Attr, AttrModification, CcbOperation, ClassDef, Dn, ModificationType, Object, Scope, Value};
use immd_client::{AdminOwner, AttrChoice, Imm};

use super::cluster::{self, number};
use super::failure::Failure;
use super::place::Place;

/// What stands for the DN of the SU in `--set`.
const SU_MARK: &str = "{su}";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
--set changes an attribute of the SU, or of the object whose DN stands before a colon; {su} in the DN stands for the SU:
  --set saAmfSUType=safVersion=2,safSuType=Web
  --set 'safComp=Web,{su}:saAmfCompCmdEnv=VERSION=2'
Given several times for one attribute, it gives the attribute several values.")]
pub(super) struct Arguments {
    /// The service units, upgraded in this order
    #[arg(value_name = "SU", required = true, value_parser = |text: &str| Dn::new(text))]
    sus: Vec<Dn>,
    /// A new value for an attribute
    #[arg(long = "set", value_name = "[DN:]ATTR=VALUE", value_parser = Setting::parse)]
    settings: Vec<Setting>,
    /// A command for the shell, run while the SU is terminated; PERDURE_SU is the SU
    #[arg(long, value_name = "CMD")]
    run: Option<String>,
}

/// A value that an attribute shall get.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    /// The object, with [`SU_MARK`] for the SU.
    object: String,
    attr: String,
    value: String,
}

impl Setting {
    fn parse(text: &str) -> Result<Setting, String> {
        let (object, rest) = match text.find(':') {
            // Only DNs of the framework begin so; an attribute's value may have colons, too.
            Some(at) if text.starts_with("saf") && text[..at].contains('=') => (&text[..at], &text[at + 1..]),
            _ => (SU_MARK, text),
        };
        match rest.split_once('=') {
            Some((attr, value))
                if !attr.is_empty() && attr.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') =>
            {
                Ok(Setting {
                    object: object.to_owned(),
                    attr: attr.to_owned(),
                    value: value.to_owned(),
                })
            }
            _ => Err("it must be ATTR=VALUE or DN:ATTR=VALUE".to_owned()),
        }
    }
}

/// One step of an SU's upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Operate(AdminOperation),
    /// Give the attributes their new values.
    Update,
    /// Give them their old values.
    Restore,
    /// Run the command.
    Run,
    /// The SU must be able to serve.
    Check,
}

/// The steps of an SU that is in this state; it returns to the state.
fn steps(state: AdminState, has_update: bool, has_command: bool) -> Vec<Step> {
    use AdminOperation::{Lock, LockInstantiation, Unlock, UnlockInstantiation};
    let is_unlocked = matches!(state, AdminState::Unlocked | AdminState::ShuttingDown);
    let is_instantiated = state != AdminState::LockedInstantiation;
    let all = [
        (is_unlocked, Step::Operate(Lock)),
        (is_instantiated, Step::Operate(LockInstantiation)),
        (has_update, Step::Update),
        (has_command, Step::Run),
        (is_instantiated, Step::Operate(UnlockInstantiation)),
        (is_unlocked, Step::Operate(Unlock)),
        (is_unlocked, Step::Check),
    ];
    all.into_iter()
        .filter(|(wanted, _)| *wanted)
        .map(|(_, step)| step)
        .collect()
}

/// The steps that undo these, the last of which failed: down to where nothing runs, the old values, and up again.
fn undo(steps: &[Step]) -> Vec<Step> {
    use AdminOperation::{Lock, LockInstantiation, Repaired, Unlock, UnlockInstantiation};
    let has = |operation| steps.contains(&Step::Operate(operation));
    let mut undo = Vec::new();
    if has(Unlock) {
        undo.push(Step::Operate(Lock));
    }
    if has(UnlockInstantiation) {
        undo.push(Step::Operate(LockInstantiation));
    }
    // An update that failed changed nothing.
    let done = steps.len().saturating_sub(1);
    if steps[..done].contains(&Step::Update) {
        undo.push(Step::Restore);
    }
    if has(UnlockInstantiation) {
        // What could not be started with the new values may be tried with the old ones.
        undo.push(Step::Operate(Repaired));
    }
    if has(LockInstantiation) {
        undo.push(Step::Operate(UnlockInstantiation));
    }
    if has(Lock) {
        undo.push(Step::Operate(Unlock));
    }
    undo
}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.settings.is_empty() && arguments.run.is_none() {
        return Err(Failure::new("nothing to upgrade: give --set, --run or both"));
    }
    let place = Place::find(dir)?;
    super::block_on(upgrade_all(&place, arguments))
}

async fn upgrade_all(place: &Place, arguments: &Arguments) -> Result<(), Failure> {
    let imm = cluster::connect(place).await?;
    let owner = imm
        .admin_owner("perdure-upgrade", true)
        .await
        .map_err(|error| Failure::imm("become an admin owner", &error))?;
    // Everything that can be seen to be wrong beforehand is seen before the first SU is touched.
    let mut upgrades = Vec::new();
    for su in &arguments.sus {
        upgrades.push(Upgrade::prepare(&imm, &owner, su, arguments).await?);
    }
    for (done, upgrade) in upgrades.iter().enumerate() {
        if let Err(failure) = upgrade.carry_out().await {
            let rest = upgrades.len() - done - 1;
            return Err(failure.and(format!("{done} upgraded before it, {rest} after it not touched")));
        }
    }
    Ok(())
}

/// The upgrade of one SU.
struct Upgrade<'a> {
    imm: &'a Imm,
    owner: &'a AdminOwner,
    su: &'a Dn,
    command: Option<&'a str>,
    state: AdminState,
    new: Vec<CcbOperation>,
    old: Vec<CcbOperation>,
}

impl<'a> Upgrade<'a> {
    async fn prepare(
        imm: &'a Imm,
        owner: &'a AdminOwner,
        su: &'a Dn,
        arguments: &'a Arguments,
    ) -> Result<Upgrade<'a>, Failure> {
        let object = object_of(imm, su).await?;
        if object.class() != Some("SaAmfSU") {
            return Err(Failure::new(format!("{su} is not a service unit")));
        }
        let state = number(&object, "saAmfSUAdminState").and_then(AdminState::from_code);
        let state =
            state.ok_or_else(|| Failure::new(format!("{su} has no admin state; does the director run?")))?;
        let (mut new, mut old) = (Vec::new(), Vec::new());
        for (name, wanted) in by_object(&arguments.settings, su) {
            let dn = Dn::new(&name).map_err(|error| Failure::new(format!("--set: {error}")))?;
            let object = object_of(imm, &dn).await?;
            let class = object.class().unwrap_or_default();
            let class = imm
                .class_describe(class)
                .await
                .map_err(|error| Failure::imm(format!("describe the class of {dn}"), &error))?;
            let (after, before) = modifications(&object, &class, &wanted)?;
            new.push(CcbOperation::Modify {
                dn: dn.clone(),
                changes: after,
            });
            old.push(CcbOperation::Modify { dn, changes: before });
        }
        Ok(Upgrade {
            imm,
            owner,
            su,
            command: arguments.run.as_deref(),
            state,
            new,
            old,
        })
    }

    async fn carry_out(&self) -> Result<(), Failure> {
        println!("{}", self.su);
        let steps = steps(self.state, !self.new.is_empty(), self.command.is_some());
        for (at, step) in steps.iter().enumerate() {
            if let Err(failure) = self.progress(*step).await {
                let failure =
                    Failure::new(format!("the upgrade of {} failed", self.su)).and(failure.to_string());
                return Err(self.undo(&steps[..=at], failure).await);
            }
        }
        Ok(())
    }

    async fn undo(&self, steps: &[Step], failure: Failure) -> Failure {
        println!("  undoing");
        let mut left = Vec::new();
        // As much as can be: the SU may serve again even where its attributes could not be restored.
        for step in undo(steps) {
            let is_needed = step != Step::Operate(AdminOperation::Repaired);
            if let Err(second) = self.progress(step).await
                && is_needed
            {
                left.push(format!("not undone: {second}"));
            }
        }
        if left.is_empty() {
            return failure.and("its steps are undone: it is as it was");
        }
        left.into_iter().fold(failure, Failure::and)
    }

    /// Carries a step out, with a line that says how long it took.
    async fn progress(&self, step: Step) -> Result<(), Failure> {
        let begin = Instant::now();
        print!("  {:<28}", self.title(step));
        if step == Step::Run {
            // What the command prints has lines of its own.
            println!();
        }
        // The line is there before the step is done; where it cannot be shown, the step counts.
        drop(std::io::stdout().flush());
        let result = self.step(step).await;
        if step == Step::Run {
            print!("  {:<28}", "");
        }
        let ms = begin.elapsed().as_secs_f64() * 1000.0;
        match &result {
            Ok(()) => println!("{ms:9.1} ms"),
            Err(_) if step == Step::Operate(AdminOperation::Repaired) => println!(" not needed"),
            Err(_) => println!("{ms:9.1} ms  FAILED"),
        }
        result
    }

    fn title(&self, step: Step) -> String {
        match step {
            Step::Operate(operation) => operation.to_string(),
            Step::Update => format!("update of {} object(s)", self.new.len()),
            Step::Restore => "old values".to_owned(),
            Step::Run => "command".to_owned(),
            Step::Check => "in service".to_owned(),
        }
    }

    async fn step(&self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Operate(operation) => cluster::operate_as_owner(self.owner, self.su, operation).await,
            Step::Update => self.apply(&self.new).await,
            Step::Restore => self.apply(&self.old).await,
            Step::Run => run_command(self.command.unwrap_or_default(), self.su),
            Step::Check => self.check().await,
        }
    }

    async fn apply(&self, operations: &[CcbOperation]) -> Result<(), Failure> {
        let dns: Vec<Dn> = operations
            .iter()
            .map(|operation| operation.dn().clone())
            .collect();
        let failed = |error| Failure::imm("change the attributes", &error);
        self.owner.set(&dns, Scope::One).await.map_err(failed)?;
        let applied = self.owner.ccb_apply(0, operations).await;
        self.owner.release(&dns, Scope::One).await.map_err(failed)?;
        applied.map(|_| ()).map_err(failed)
    }

    async fn check(&self) -> Result<(), Failure> {
        let object = object_of(self.imm, self.su).await?;
        match number(&object, "saAmfSUReadinessState").and_then(ReadinessState::from_code) {
            Some(ReadinessState::InService) => Ok(()),
            Some(other) => Err(Failure::new(format!("{} is {other}, not IN-SERVICE", self.su))),
            None => Err(Failure::new(format!("the readiness of {} is not known", self.su))),
        }
    }
}

async fn object_of(imm: &Imm, dn: &Dn) -> Result<Object, Failure> {
    imm.get(dn, AttrChoice::All)
        .await
        .map_err(|error| Failure::imm(format!("read {dn}"), &error))
}

/// Attributes with the texts of their values.
type Wanted = Vec<(String, Vec<String>)>;

/// The attributes to set with their values, by object, in the order given.
fn by_object(settings: &[Setting], su: &Dn) -> Vec<(String, Wanted)> {
    let mut objects: Vec<(String, Wanted)> = Vec::new();
    for setting in settings {
        let name = setting.object.replace(SU_MARK, su.as_str());
        let attrs = entry(&mut objects, name);
        entry(attrs, setting.attr.clone()).push(setting.value.clone());
    }
    objects
}

/// The list for a key, which is put at the end where it is new.
fn entry<T>(list: &mut Vec<(String, Vec<T>)>, key: String) -> &mut Vec<T> {
    let at = list
        .iter()
        .position(|(known, _)| *known == key)
        .unwrap_or_else(|| {
            list.push((key, Vec::new()));
            list.len() - 1
        });
    &mut list[at].1
}

/// What gives an object its new values, and what gives it its old ones back.
fn modifications(
    object: &Object,
    class: &ClassDef,
    wanted: &[(String, Vec<String>)],
) -> Result<(Vec<AttrModification>, Vec<AttrModification>), Failure> {
    let replace = |attr| AttrModification {
        kind: ModificationType::Replace,
        attr,
    };
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for (name, texts) in wanted {
        let Some(def) = class.attr(name) else {
            let text = format!(
                "{} is of class {}, which has no attribute {name}",
                object.dn, class.name
            );
            return Err(Failure::new(text));
        };
        let values: Result<Vec<Value>, _> = texts
            .iter()
            .map(|text| Value::parse(def.value_type, text))
            .collect();
        let values = values.map_err(|error| Failure::new(format!("--set {name}: {error}")))?;
        let with = |values| Attr {
            name: name.clone(),
            value_type: def.value_type,
            values,
        };
        let before = object
            .attr(name)
            .map(|attr| attr.values.clone())
            .unwrap_or_default();
        new.push(replace(with(values)));
        old.push(replace(with(before)));
    }
    Ok((new, old))
}

/// Runs the operator's command; what it prints goes where this command's output goes.
fn run_command(command: &str, su: &Dn) -> Result<(), Failure> {
    let status = Command::new("/bin/sh")
        .args(["-c", command])
        .env("PERDURE_SU", su.as_str())
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Failure::failed("run /bin/sh", &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "the command '{command}' ended with {status}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AdminOperation::{Lock, LockInstantiation, Repaired, Unlock, UnlockInstantiation};
    use ais::{AttrDef, AttrFlags, ClassCategory, ValueType};

    #[test]
    fn an_su_returns_to_the_state_that_it_was_in() {
        let all = steps(AdminState::Unlocked, true, true);
        assert_eq!(
            all,
            [
                Step::Operate(Lock),
                Step::Operate(LockInstantiation),
                Step::Update,
                Step::Run,
                Step::Operate(UnlockInstantiation),
                Step::Operate(Unlock),
                Step::Check
            ]
        );
        assert_eq!(
            steps(AdminState::Locked, true, false),
            [
                Step::Operate(LockInstantiation),
                Step::Update,
                Step::Operate(UnlockInstantiation)
            ]
        );
        assert_eq!(steps(AdminState::LockedInstantiation, false, true), [Step::Run]);
    }

    #[test]
    fn each_failing_step_is_undone_down_and_up_again() {
        let all = steps(AdminState::Unlocked, true, true);
        let restart = [Step::Operate(UnlockInstantiation), Step::Operate(Unlock)];
        assert_eq!(undo(&all[..1]), [Step::Operate(Unlock)]);
        assert_eq!(undo(&all[..2]), restart);
        assert_eq!(undo(&all[..3]), restart, "a CCB that was refused changed nothing");
        assert_eq!(undo(&all[..4]), [&[Step::Restore], &restart[..]].concat());
        let down = [
            Step::Operate(Lock),
            Step::Operate(LockInstantiation),
            Step::Restore,
            Step::Operate(Repaired),
        ];
        assert_eq!(undo(&all[..5]), [&down[1..], &restart[..]].concat());
        assert_eq!(undo(&all), [&down[..], &restart[..]].concat());
        assert_eq!(undo(&steps(AdminState::LockedInstantiation, false, true)), []);
    }

    #[test]
    fn settings_name_an_object_an_attribute_and_a_value() {
        let parsed = |text| Setting::parse(text).map(|s| (s.object, s.attr, s.value));
        let own = |object: &str, attr: &str, value: &str| Ok((object.into(), attr.into(), value.into()));
        assert_eq!(parsed("saAmfSURank=3"), own("{su}", "saAmfSURank", "3"));
        assert_eq!(
            parsed("safComp=C,{su}:saAmfCompCmdEnv=A=b:c"),
            own("safComp=C,{su}", "saAmfCompCmdEnv", "A=b:c")
        );
        assert_eq!(parsed("osafX=http://h"), own("{su}", "osafX", "http://h"));
        assert!(parsed("nothing").is_err() && parsed("=1").is_err());
        let settings = [Setting::parse("a=1").unwrap(), Setting::parse("a=2").unwrap()];
        let su = Dn::new("safSu=1").unwrap();
        assert_eq!(
            by_object(&settings, &su),
            [("safSu=1".into(), vec![("a".into(), vec!["1".into(), "2".into()])])]
        );
    }

    #[test]
    fn the_old_values_are_kept_and_wrong_ones_refused() {
        let class = ClassDef {
            name: "SaAmfSU".into(),
            category: ClassCategory::Config,
            attrs: vec![AttrDef {
                name: "rank".into(),
                value_type: ValueType::Uint32,
                flags: AttrFlags::CONFIG,
                default: None,
            }],
        };
        let object = Object {
            dn: Dn::new("safSu=1").unwrap(),
            attrs: vec![Attr::single("rank", Value::Uint32(1))],
        };
        let wanted = |attr: &str, value: &str| vec![(attr.to_owned(), vec![value.to_owned()])];
        let (new, old) = modifications(&object, &class, &wanted("rank", "7")).unwrap();
        assert_eq!(
            (&new[0].attr.values[0], &old[0].attr.values[0]),
            (&Value::Uint32(7), &Value::Uint32(1))
        );
        assert!(modifications(&object, &class, &wanted("rank", "x")).is_err());
        assert!(
            modifications(&object, &class, &wanted("size", "1"))
                .unwrap_err()
                .lines[0]
                .contains("no attribute size")
        );
    }
}
