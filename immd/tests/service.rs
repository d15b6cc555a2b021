//! The service's own objects: statistics, export, switches, access control.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use ais::{AisError, Attr, AttrChoice, Parameter, Scope, Value};
use common::oi::scripted;
use common::{Server, client, code, create, dn, event_class, eventually, item, item_class, replace, run};
use immd::Options;
use immd_client::{AdminOperationReply, AdminOwner, Imm, ImmError};

const MANAGEMENT: &str = "safRdn=immManagement,safApp=safImmService";
const SERVICE: &str = "opensafImm=opensafImm,safApp=safImmService";
const NAMED: u64 = 1 << 63;

fn string(name: &str, text: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value: Value::String(text.to_owned()),
    }
}

async fn shown(imm: &Imm, object: &str, attr: &str) -> Vec<Value> {
    let object = imm.get(&dn(object), AttrChoice::All).await.unwrap();
    object.attr(attr).unwrap().values.clone()
}

async fn management(imm: &Imm) -> AdminOwner {
    let owner = imm.admin_owner("operator", true).await.unwrap();
    owner.set(&[dn(MANAGEMENT)], Scope::One).await.unwrap();
    owner
}

#[test]
fn the_statistics_are_filled() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (_callbacks, _implementer) = scripted(dir.path(), "itemd").await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let _open = owner.ccb(0).await.unwrap();
        for (attr, wanted) in [
            ("saImmNumOis", 1),
            ("saImmNumAdminOwnedObjects", 2),
            ("saImmNumInitializedCcbs", 1),
        ] {
            let found = shown(&imm, MANAGEMENT, attr).await;
            assert_eq!(found, [Value::Uint32(wanted)], "{attr}");
        }
        let [Value::Time(updated)] = shown(&imm, MANAGEMENT, "saImmLastUpdate").await[..] else {
            panic!("no time")
        };
        owner.ccb_apply(0, &[item("item=b", 1)]).await.unwrap();
        let [Value::Time(later)] = shown(&imm, MANAGEMENT, "saImmLastUpdate").await[..] else {
            panic!("no time")
        };
        assert!(later > updated);
        let epoch = shown(&imm, SERVICE, "opensafImmEpoch").await;
        let names = imm.class_names().await.unwrap().into_iter().map(Value::String);
        assert_eq!(
            shown(&imm, SERVICE, "opensafImmClassNames").await,
            names.collect::<Vec<_>>()
        );
        server.stop().await;
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        assert_eq!(
            shown(&imm, MANAGEMENT, "saImmLastUpdate").await,
            [Value::Time(later)],
            "it is as old as it was"
        );
        assert_ne!(shown(&imm, SERVICE, "opensafImmEpoch").await, epoch);
    });
}

#[test]
fn the_switches_for_schema_changes_work() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        let owner = imm.admin_owner("safImmService", false).await.unwrap();
        let mut changed = item_class();
        changed.attrs.push(common::attr_def(
            "colour",
            ais::ValueType::String,
            ais::AttrFlags::CONFIG | ais::AttrFlags::WRITABLE,
        ));
        assert_eq!(code(imm.class_create(&changed).await), AisError::Exist);
        let mask = [Parameter {
            name: "opensafImmNostdFlags".to_owned(),
            value: Value::Uint32(1),
        }];
        let wrong = owner.admin_operation(SERVICE, 1, &[], 1000).await.unwrap();
        assert_eq!(wrong.result, Err(AisError::InvalidParam));
        let before = shown(&imm, SERVICE, "opensafImmNostdFlags").await;
        let on = owner.admin_operation(SERVICE, 1, &mask, 1000).await.unwrap();
        assert_eq!(on.result, Ok(()));
        assert_ne!(shown(&imm, SERVICE, "opensafImmNostdFlags").await, before);
        imm.class_create(&changed).await.unwrap();
        let off = owner.admin_operation(SERVICE, 2, &mask, 1000).await.unwrap();
        assert_eq!(off.result, Ok(()));
        assert_eq!(shown(&imm, SERVICE, "opensafImmNostdFlags").await, before);
    });
}

#[test]
fn resources_are_displayed() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let (_callbacks, implementer) = scripted(dir.path(), "itemd").await;
        let _ccb = owner.ccb(0).await.unwrap();
        let service = imm.admin_owner("safImmService", false).await.unwrap();
        let display = async |name: &str, resource: &str| -> AdminOperationReply {
            let parameters = [
                string("SaImmAdminOperationName", name),
                string("resource", resource),
            ];
            service
                .admin_operation(SERVICE, NAMED, &parameters, 1000)
                .await
                .unwrap()
        };
        for (resource, count) in [
            ("implementers", 1),
            ("adminowners", 2),
            ("ccbs", 1),
            ("searches", 0),
        ] {
            let reply = display("display", resource).await;
            assert_eq!(reply.parameters[0].value, Value::Int64(count), "{resource}");
        }
        assert_eq!(
            display("display", "nonsense").await.result,
            Err(AisError::InvalidParam)
        );
        let own = i64::from(std::process::id());
        let verbose = display("displayverbose", "implementers").await;
        assert_eq!(verbose.parameters[0].name, "itemd");
        assert_eq!(verbose.parameters[0].value, Value::Int64(own));
        let verbose = display("displayverbose", "adminowners").await;
        let names: Vec<&str> = verbose.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["tester", "safImmService"]);
        assert_eq!(
            display("displayverbose", "ccbs").await.result,
            Err(AisError::InvalidParam)
        );
        let help = display("display-help", "").await;
        assert_eq!(help.parameters[0].name, "supportedResources");
        assert_eq!(display("nonsense", "").await.result, Err(AisError::NotSupported));
        implementer.clear().await.unwrap();
        let verbose = display("displayverbose", "implementers").await;
        assert_eq!(verbose.parameters[0].value, Value::Int64(0), "detached");
    });
}

#[test]
fn an_export_is_a_model_that_loads_again() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let cluster = dir.path().join("cluster");
        let server = Server::in_dir(&cluster);
        let (imm, owner) = client(&cluster).await;
        for (name, persistent) in [("Event", false), ("Record", true)] {
            imm.class_create(&event_class(name, persistent)).await.unwrap();
        }
        let (_callbacks, implementer) = scripted(&cluster, "itemd").await;
        let objects: Vec<_> = (0..2500).map(|n| item(&format!("item={n}"), n)).collect();
        owner.ccb_apply(0, &objects).await.unwrap();
        let count = |n| vec![Attr::single("count", Value::Uint32(n))];
        implementer
            .update(&[
                create("Event", "event=gone", count(1)),
                create("Record", "event=kept", count(2)),
            ])
            .await
            .unwrap();
        let operator = management(&imm).await;
        let file = dir.path().join("model.xml");
        let export = async |uri: &str| {
            let parameters = [string("saImmExportFileUri", uri)];
            operator
                .admin_operation(MANAGEMENT, 1, &parameters, 20_000)
                .await
                .unwrap()
        };
        let wrong = export("../x.xml").await;
        assert_eq!(wrong.result, Err(AisError::InvalidParam));
        assert_eq!(wrong.parameters[0].name, "SaImmAdminOperationError");
        let done = export(&file.display().to_string()).await;
        assert_eq!(done.result, Ok(()), "{:?}", done.parameters);
        let uri = done.parameters[0].value.clone();
        assert_eq!(shown(&imm, MANAGEMENT, "saImmExportFileUri").await, [uri]);
        assert_eq!(export("named.xml").await.result, Ok(()));
        assert!(cluster.join("exports/named.xml").is_file());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let objects = imm.info().await.unwrap().objects;
        server.stop().await;

        let mut options = Options::new(dir.path().join("second"));
        options.models = vec![file];
        let _server = Server::start(&options);
        let (imm, _owner) = client(&options.dir).await;
        assert_eq!(
            imm.info().await.unwrap().objects,
            objects - 1,
            "all but what does not last"
        );
        let kept = imm.get(&dn("event=kept"), AttrChoice::All).await.unwrap();
        assert_eq!(kept.value("count"), Some(&Value::Uint32(2)));
        assert_eq!(
            kept.value("SaImmAttrImplementerName"),
            Some(&Value::String("itemd".into()))
        );
        let last = imm.get(&dn("item=2499"), AttrChoice::Config).await.unwrap();
        assert_eq!(last.value("weight"), Some(&Value::Uint32(2499)));
    });
}

const DIR: &str = "IMMD_TEST_STRANGER";

/// Not a test of its own: with the environment set, this process is a client of another user, who says what it meets.
#[test]
fn stranger_process() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let said = run(async {
        let imm = match Imm::connect(Path::new(&dir)).await {
            Ok(imm) => imm,
            Err(error) => return format!("{:?}", error.error()),
        };
        let info = imm.info().await.map(drop);
        let names = imm.class_names().await.map(drop);
        let get = imm.get(&dn(SERVICE), AttrChoice::None).await.map(drop);
        let owner = imm.admin_owner("safImmService", false).await;
        let change = [replace(SERVICE, "longDnsAllowed", Value::Uint32(1))];
        let changed = match &owner {
            Ok(owner) => owner.ccb_apply(0, &change).await.map(drop),
            Err(_) => Ok(()),
        };
        let cleared = imm.admin_owner_clear(&[dn(SERVICE)], Scope::One).await;
        let told = |result: Result<(), ImmError>| result.err().and_then(|error| error.error());
        let owner = told(owner.map(drop));
        let all = [info, names, get, changed, cleared].map(told);
        format!("{all:?} {owner:?}")
    });
    eprintln!("STRANGER {said}");
    std::process::exit(0);
}

/// What a process of this user and group meets.
async fn stranger(program: PathBuf, dir: PathBuf, group: u32) -> String {
    let asked = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(program);
        command
            .args(["stranger_process", "--exact", "--nocapture"])
            .env(DIR, dir)
            .current_dir("/")
            .uid(STRANGER)
            .gid(group);
        command.output().unwrap()
    });
    let output = asked.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find_map(|line| line.strip_prefix("STRANGER "));
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}

const STRANGER: u32 = 65_533;
const NO_GROUP: u32 = 65_533;

/// The name of a group with another number than root's, that every system has.
fn some_group() -> Option<(String, u32)> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, number) = (parts.next()?, parts.nth(1)?.parse::<u32>().ok()?);
        (number > 0 && number != NO_GROUP).then(|| (name.to_owned(), number))
    })
}

#[test]
fn access_is_controlled_by_mode_and_group() {
    let (Some((name, number)), true) = (some_group(), rustix::process::geteuid().is_root()) else {
        println!("skipped: only root can be somebody else");
        return;
    };
    run(async {
        let top = tempfile::tempdir().unwrap();
        let open = |path: &Path| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711)).unwrap();
        };
        open(top.path());
        // Where the program lies others may not come.
        let program = top.path().join("program");
        std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let dir = top.path().join("cluster");
        let _server = Server::in_dir(&dir);
        open(&dir);
        let (imm, _owner) = client(&dir).await;
        let service = imm.admin_owner("safImmService", false).await.unwrap();
        let set = async |mode: u32| {
            let change = [
                replace(SERVICE, "accessControlMode", Value::Uint32(mode)),
                replace(SERVICE, "authorizedGroup", Value::String(name.clone())),
            ];
            service.ccb_apply(0, &change).await.unwrap();
            let wanted = [0o600, 0o666, 0o660][mode as usize];
            let mode = || {
                std::fs::metadata(dir.join(immd::SOCKET))
                    .unwrap()
                    .permissions()
                    .mode()
            };
            eventually(async || mode() & 0o777 == wanted).await;
        };
        let ask = async |group: u32| stranger(program.clone(), dir.clone(), group).await;
        let denied = "Some(AccessDenied)";
        assert_eq!(ask(number).await, denied, "the socket is closed");
        set(1).await;
        let allowed = "[None, None, None, Some(AccessDenied), None] None";
        assert_eq!(
            ask(NO_GROUP).await,
            allowed,
            "noted, but not the service's own objects"
        );
        set(2).await;
        assert_eq!(ask(NO_GROUP).await, denied, "the system keeps it out");
        let member = "[None, None, None, Some(AccessDenied), Some(AccessDenied)] None";
        assert_eq!(ask(number).await, member);
        // Where the system would let it in, the daemon does not.
        let socket = dir.join(immd::SOCKET);
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
        // Without an owner nothing could be changed.
        let refused = format!("[{denied}, {denied}, {denied}, None, {denied}] {denied}");
        assert_eq!(ask(NO_GROUP).await, refused);
        set(0).await;
        assert_eq!(ask(number).await, denied);
        assert!(imm.info().await.is_ok(), "connections that are open stay");
    });
}

#[test]
fn names_may_be_reserved_in_the_place_of_opensafs() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let options = |names: &str| Options {
            reserved_class_names: Some(names.to_owned()),
            ..Options::new(dir.path())
        };
        for wrong in ["", "a b", "Mine,", "Mine, Yours", "1st"] {
            let refused = immd::Daemon::start(&options(wrong)).map(drop);
            assert!(matches!(refused, Err(immd::Error::ReservedNames(_))), "{wrong:?}");
        }
        let server = Server::start(&options("Mine,Yours"));
        let imm = Imm::connect(dir.path()).await.unwrap();
        let named = |name: &str| ais::ClassDef {
            name: name.to_owned(),
            ..common::item_class()
        };
        for name in ["Mine", "YOURS"] {
            assert_eq!(code(imm.class_create(&named(name)).await), AisError::InvalidParam);
        }
        imm.class_create(&named("objects")).await.unwrap();
        // Service objects that change do not take them away.
        let owner = imm.admin_owner("safImmService", false).await.unwrap();
        let more = common::replace(
            "opensafImm=opensafImm,safApp=safImmService",
            "maxCcbs",
            ais::Value::Uint32(10_001),
        );
        owner.ccb_apply(0, &[more]).await.unwrap();
        assert_eq!(
            code(imm.class_create(&named("mine")).await),
            AisError::InvalidParam
        );
        drop((owner, imm));
        server.stop().await;
        // What exists stays when it is reserved later.
        let _server = Server::start(&options("objects"));
        let imm = Imm::connect(dir.path()).await.unwrap();
        assert!(imm.class_names().await.unwrap().contains(&"objects".to_owned()));
        imm.class_create(&named("Mine")).await.unwrap();
    });
}
