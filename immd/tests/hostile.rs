//! Clients that mean no good, or cannot do better: the daemon refuses, and serves the others.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use ais::{AisError, AttrChoice, CcbOperation, Dn, Parameter, Scope, Value};
use capnp::message::Builder;
use capnp_rpc::rpc_capnp::message;
use common::oi::{Scripted, scripted};
use common::{Server, client, code, dn, eventually, item, replace, run, run_long};
use immd::Options;
use immd_client::{AdminOwner, Imm, ImmError, Implementer, Limits, SearchParams};

/// A sequence of numbers that is the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn connected(dir: &Path) -> UnixStream {
    let stream = UnixStream::connect(dir.join(immd::SOCKET)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Sends bytes and waits until the daemon closes or answers; what comes does not matter.
async fn send(dir: &Path, bytes: Vec<u8>) {
    let dir = dir.to_owned();
    let sent = tokio::task::spawn_blocking(move || {
        let mut stream = connected(&dir);
        // It may hang up in the middle.
        let _sent = stream.write_all(&bytes);
        let _ended = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _read = stream.read_to_end(&mut answer);
    });
    sent.await.unwrap();
}

/// A message's bytes.
fn bytes(message: &Builder<capnp::message::HeapAllocator>) -> Vec<u8> {
    let mut out = Vec::new();
    capnp::serialize::write_message(&mut out, message).unwrap();
    out
}

fn bootstrap() -> Vec<u8> {
    let mut message = Builder::new_default();
    message
        .init_root::<message::Builder<'_>>()
        .init_bootstrap()
        .set_question_id(0);
    bytes(&message)
}

/// Calls this method of the bootstrap capability with parameters that `fill` makes.
fn call(interface: u64, method: u16, fill: impl FnOnce(capnp::any_pointer::Builder<'_>)) -> Vec<u8> {
    let mut message = Builder::new_default();
    let mut call = message.init_root::<message::Builder<'_>>().init_call();
    call.set_question_id(1);
    call.set_interface_id(interface);
    call.set_method_id(method);
    call.reborrow()
        .init_target()
        .init_promised_answer()
        .set_question_id(0);
    fill(call.init_params().init_content());
    bytes(&message)
}

/// The id of interface `Imm`, as its generated code has it.
fn imm_interface() -> u64 {
    <schema::imm_capnp::imm::Client as capnp::traits::HasTypeId>::TYPE_ID
}

async fn still_serves(imm: &Imm) {
    assert!(imm.info().await.unwrap().objects > 0);
}

#[test]
fn bytes_that_are_no_messages_end_their_connection_only() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        let words = |words: &[u32]| {
            words
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let mut cases = vec![
            Vec::new(),
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            vec![0; 4096],
            vec![0xff; 4096],
            // More segments than may be, one segment larger than may be, one that never comes.
            words(&[u32::MAX, 0]),
            words(&[511, 1]),
            words(&[0, u32::MAX]),
            words(&[0, 9 << 20]),
            words(&[0, 1 << 20]),
            // A pointer that leaves its segment, one to itself, a far pointer to nowhere.
            words(&[0, 1, 0xffff_fffc, 0xffff_ffff]),
            words(&[0, 1, 0xffff_fffc, 0x0001_0000]),
            words(&[0, 1, 2, 7]),
        ];
        let whole = bootstrap();
        cases.extend((1..whole.len()).step_by(3).map(|length| whole[..length].to_vec()));
        let mut twice = whole.clone();
        twice.extend(&whole);
        cases.push(twice);
        for case in cases {
            send(dir.path(), case).await;
        }
        still_serves(&imm).await;
    });
}

#[test]
fn parameters_that_are_not_what_they_claim_are_refused() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        // No capability can be called that was never given.
        for method in 0..40 {
            let mut message = bootstrap();
            message.extend(call(imm_interface(), method, |mut content| {
                content
                    .reborrow()
                    .initn_as::<capnp::data::Builder<'_>>(64)
                    .fill(0xa5);
            }));
            send(dir.path(), message).await;
        }
        let mut message = bootstrap();
        message.extend(call(0xdead_beef, 3, |_| {}));
        send(dir.path(), message).await;
        // A list that claims half a million texts and has none.
        let mut message = bootstrap();
        message.extend(call(imm_interface(), 7, |content| {
            let mut params =
                content.init_as::<schema::imm_capnp::imm::admin_owner_clear_params::Builder<'_>>();
            params.reborrow().init_objects(500_000);
            params.set_scope(1);
        }));
        send(dir.path(), message).await;
        // A class of nothing many times over: lists of structs without content cost nothing to send.
        let mut message = bootstrap();
        message.extend(call(imm_interface(), 0, |content| {
            let params = content.init_as::<schema::imm_capnp::imm::class_create_params::Builder<'_>>();
            params.init_class().init_attrs(200_000);
        }));
        send(dir.path(), message).await;
        still_serves(&imm).await;
    });
}

#[test]
fn messages_with_bits_turned_over_do_no_harm() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        let mut whole = bootstrap();
        whole.extend(call(imm_interface(), 4, |content| {
            let mut params = content.init_as::<schema::imm_capnp::imm::get_params::Builder<'_>>();
            params.set_dn("item=a");
            let mut names = params.init_attrs().init_some(3);
            for at in 0..3 {
                names.set(at, "weight");
            }
        }));
        let mut numbers = Numbers(0x5eed_0001);
        for _ in 0..300 {
            let mut broken = whole.clone();
            for _ in 0..=numbers.below(8) {
                let at = numbers.below(broken.len());
                broken[at] ^= 1 << numbers.below(8);
            }
            if numbers.below(4) == 0 {
                broken.truncate(numbers.below(broken.len()));
            }
            send(dir.path(), broken).await;
        }
        still_serves(&imm).await;
    });
}

#[test]
fn what_is_too_large_is_refused_and_the_connection_goes_on() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        // 20 MiB fit a message: refused or taken, it harms nobody.
        let note = [replace("item=a", "note", Value::String("x".repeat(20 << 20)))];
        let large = owner.ccb_apply(0, &note).await;
        assert!(large.is_ok() || code(large) != AisError::Library);
        still_serves(&imm).await;
        let names: Vec<String> = (0..100_000).map(|n| format!("a{n}")).collect();
        let many = imm.get(&dn("item=a"), AttrChoice::Some(names)).await;
        assert_eq!(code(many), AisError::NotExist);
        let deep: Vec<String> = (0..1000).map(|n| format!("item={n}")).collect();
        let deep = Dn::new(&deep.join(",")).unwrap_or_else(|_| dn("item=a,item=a"));
        assert!(imm.get(&deep, AttrChoice::None).await.is_err());
        still_serves(&imm).await;
    });
}

#[test]
fn a_thousand_clients_are_served() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let mut clients = Vec::new();
        for _ in 0..1000 {
            clients.push(Imm::connect(dir.path()).await.unwrap());
        }
        // Each holds handles that it never gives back.
        let opened = clients.iter().map(async |imm| {
            let owner = imm.admin_owner("crowd", true).await.unwrap();
            let ccb = owner.ccb(0).await.unwrap();
            let params = SearchParams {
                root: None,
                scope: Scope::Subtree,
                filter: None,
                attrs: AttrChoice::None,
            };
            let search = imm.search(params).await.unwrap();
            (owner, ccb, search)
        });
        let opened = futures::future::join_all(opened).await;
        assert_eq!(opened.len(), 1000);
        let change = [replace("item=a", "weight", Value::Uint32(2))];
        owner.ccb_apply(0, &change).await.unwrap();
        still_serves(&imm).await;
        drop((opened, clients));
        eventually(async || {
            let params = [
                Parameter {
                    name: "SaImmAdminOperationName".to_owned(),
                    value: Value::String("display".to_owned()),
                },
                Parameter {
                    name: "resource".to_owned(),
                    value: Value::String("ccbs".to_owned()),
                },
            ];
            let service = imm.admin_owner("safImmService", false).await.unwrap();
            let object = "opensafImm=opensafImm,safApp=safImmService";
            let reply = service
                .admin_operation(object, 1 << 63, &params, 5000)
                .await
                .unwrap();
            reply.parameters[0].value == Value::Int64(0)
        })
        .await;
    });
}

#[test]
fn handles_that_are_never_closed_meet_limits() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let greedy = Imm::connect(dir.path()).await.unwrap();
        let mut owners: Vec<AdminOwner> = Vec::new();
        let refused = loop {
            match greedy.admin_owner("greedy", false).await {
                Ok(owner) => owners.push(owner),
                Err(error) => break error,
            }
        };
        assert_eq!(refused.error(), Some(AisError::NoResources));
        assert!(owners.len() >= 1900, "{}", owners.len());
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        drop((owners, greedy));
        eventually(async || imm.admin_owner("another", false).await.is_ok()).await;
    });
}

#[test]
fn an_implementer_that_reads_nothing_is_cut_off_and_the_others_go_on() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options::new(dir.path());
        options.callback_limit = Duration::from_millis(500);
        let _server = Server::start(&options);
        let (imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let path = dir.path().to_owned();
        let (attached, is_attached) = tokio::sync::oneshot::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        // An applier whose thread stands still once it is attached.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let local = tokio::task::LocalSet::new();
            runtime.block_on(local.run_until(async {
                let (_callbacks, applier) = scripted(&path, "@stone").await;
                applier.class_set("Item").await.unwrap();
                attached.send(()).unwrap();
                let _ended = ended.recv();
            }));
        });
        is_attached.await.unwrap();
        let note = "x".repeat(1 << 20);
        let fresh = || imm.implementer(Rc::new(Scripted::default()), false);
        let probe = fresh().await.unwrap();
        let mut rounds = 0;
        while probe.set("@stone").await.is_err() {
            let text = format!("{rounds}{note}");
            let change = [replace("item=a", "note", Value::String(text))];
            owner.ccb_apply(0, &change).await.unwrap();
            rounds += 1;
            assert!(rounds < 200, "the daemon heaps up what nobody reads");
        }
        assert!(rounds > 10, "cut off after {rounds}");
        still_serves(&imm).await;
        drop(end);
        thread.join().unwrap();
    });
}

#[test]
fn a_daemon_that_does_not_answer_is_answered_for() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(dir.path().join(immd::SOCKET)).unwrap();
        let limits = Limits {
            call: Duration::from_millis(100),
            ..Limits::default()
        };
        let imm = Imm::connect_with(dir.path(), limits).await.unwrap();
        let timed_out = |error: ImmError| {
            assert!(matches!(error, ImmError::TimedOut { .. }), "{error:?}");
            assert_eq!(error.error(), Some(AisError::Timeout));
        };
        timed_out(imm.info().await.unwrap_err());
        timed_out(imm.get(&dn("item=a"), AttrChoice::None).await.unwrap_err());
        timed_out(imm.admin_owner("x", false).await.err().unwrap());
        let again = imm.reconnect().await.unwrap();
        timed_out(again.class_names().await.unwrap_err());
    });
}

/// Whatever is at hand for a random call.
struct Hands {
    imm: Imm,
    owners: Vec<AdminOwner>,
    ccbs: Vec<immd_client::Ccb>,
    implementers: Vec<Implementer>,
    names: Vec<Dn>,
}

impl Hands {
    fn operation(&self, numbers: &mut Numbers) -> CcbOperation {
        let name = numbers.pick(&self.names).clone();
        match numbers.below(4) {
            0 => item(name.as_str(), 1),
            1 => CcbOperation::Delete { dn: name },
            2 => {
                let attr = *numbers.pick(&["weight", "note", "tags", "state", "kept", "item", "none"]);
                let values = [Value::Uint32(7), Value::String("x".into()), Value::Any(vec![1])];
                replace(name.as_str(), attr, numbers.pick(&values).clone())
            }
            _ => common::create("None", name.as_str(), vec![]),
        }
    }

    /// One call; its answer does not matter, but there must be one.
    async fn call(&mut self, numbers: &mut Numbers) {
        let name = numbers.pick(&self.names).clone();
        let scope = *numbers.pick(&[Scope::One, Scope::Sublevel, Scope::Subtree]);
        let text =
            (*numbers.pick(&["", "x", "@x", "a b", "Item", "tester", "@OpenSafImmReplicatorA"])).to_owned();
        let number = numbers.next() >> numbers.below(64);
        let row: Vec<CcbOperation> = (0..numbers.below(4)).map(|_| self.operation(numbers)).collect();
        let at = |length: usize, numbers: &mut Numbers| (length > 0).then(|| numbers.below(length.max(1)));
        let owner = at(self.owners.len(), numbers);
        let ccb = at(self.ccbs.len(), numbers);
        let implementer = at(self.implementers.len(), numbers);
        let parameters = [Parameter {
            name: text.clone(),
            value: Value::Uint64(number),
        }];
        let choice = numbers.below(24);
        match (choice, owner, ccb, implementer) {
            (0, ..) => self
                .owners
                .extend(self.imm.admin_owner(&text, number.is_multiple_of(2)).await),
            (1, ..) => {
                let made = self
                    .imm
                    .implementer(Rc::new(Scripted::default()), number.is_multiple_of(2));
                self.implementers.extend(made.await);
            }
            (2, Some(own), ..) => self.ccbs.extend(self.owners[own].ccb(number % 0x103).await),
            (3, Some(own), ..) => drop(self.owners[own].set(&[name], scope).await),
            (4, Some(own), ..) => drop(self.owners[own].release(&[name], scope).await),
            (5, Some(own), ..) => {
                let sent =
                    self.owners[own].admin_operation_with(name.as_str(), number, &parameters, 20, number % 3);
                drop(sent.await);
            }
            (6, Some(own), ..) => {
                drop(
                    self.owners[own]
                        .admin_operation_continue(name.as_str(), number % 3, 5)
                        .await,
                );
            }
            (7, Some(own), ..) => drop(
                self.owners[own]
                    .admin_operation_clear(name.as_str(), number % 3)
                    .await,
            ),
            (8..=10, _, Some(own), _) => drop(self.ccbs[own].run(&row).await),
            (11, _, Some(own), _) => drop(self.ccbs[own].apply().await),
            (12, _, Some(own), _) => drop(self.ccbs[own].abort().await),
            (13, _, Some(own), _) => drop(self.ccbs[own].validate().await),
            (14, _, Some(own), _) => drop(self.ccbs[own].read(&name, AttrChoice::All).await),
            (15, .., Some(own)) => drop(self.implementers[own].set(&text).await),
            (16, .., Some(own)) => drop(self.implementers[own].class_set(&text).await),
            (17, .., Some(own)) => drop(self.implementers[own].object_set(&name, scope).await),
            (18, .., Some(own)) => drop(self.implementers[own].update(&row).await),
            (19, .., Some(own)) => drop(self.implementers[own].augment(number).await),
            (20, .., Some(own)) if number.is_multiple_of(2) => drop(self.implementers[own].clear().await),
            (20, .., Some(own)) => drop(self.implementers.swap_remove(own)),
            (21, _, Some(own), _) => drop(self.ccbs.swap_remove(own)),
            (22, Some(own), ..) => drop(self.owners.swap_remove(own)),
            _ => drop(self.imm.get(&name, AttrChoice::Some(vec![text])).await),
        }
    }
}

#[test]
fn random_calls_are_all_answered() {
    for seed in [1, 2, 3] {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let mut options = Options::new(dir.path());
            options.callback_limit = Duration::from_millis(200);
            let server = Server::start(&options);
            let (imm, owner) = client(dir.path()).await;
            let mut names: Vec<Dn> = [
                "item=a",
                "item=b",
                "item=c,item=a",
                "item=d,item=c,item=a",
                "item=z,item=y",
            ]
            .map(dn)
            .to_vec();
            names.push(dn("opensafImm=opensafImm,safApp=safImmService"));
            names.push(dn("safRdn=immManagement,safApp=safImmService"));
            owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
            drop(owner);
            let mut hands = Hands {
                imm: imm.clone(),
                owners: Vec::new(),
                ccbs: Vec::new(),
                implementers: Vec::new(),
                names,
            };
            let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ seed);
            for _ in 0..1500 {
                hands.call(&mut numbers).await;
            }
            still_serves(&imm).await;
            drop(hands);
            let objects = imm.info().await.unwrap().objects;
            server.stop().await;
            // What is in the store is what was there.
            let _server = Server::in_dir(dir.path());
            let (imm, _owner) = client(dir.path()).await;
            assert!(imm.info().await.unwrap().objects <= objects);
            let names = imm.class_names().await.unwrap();
            assert!(names.contains(&"Item".to_owned()));
        });
    }
}

#[test]
fn there_is_a_limit_of_searches_for_all_clients_together() {
    run_long(async {
        const OF_ALL: usize = 5_000;
        let dir = tempfile::tempdir().unwrap();
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        owner.ccb_apply(0, &[item("item=a", 1)]).await.unwrap();
        let params = || immd_client::SearchParams {
            root: None,
            scope: Scope::Subtree,
            filter: None,
            attrs: AttrChoice::None,
        };
        let mut held = Vec::new();
        while held.len() < OF_ALL {
            let other = Imm::connect(dir.path()).await.unwrap();
            let searches = (0..100).map(|_| other.search(params()));
            for search in futures::future::join_all(searches).await {
                held.push((other.clone(), search.unwrap()));
            }
        }
        let refused = imm.search(params()).await.map(drop);
        assert_eq!(common::code(refused), AisError::NoResources);
        // Nothing but searches is refused, and a search that is closed makes room.
        still_serves(&imm).await;
        held.truncate(OF_ALL - 100);
        common::eventually(async || imm.search(params()).await.is_ok()).await;
    });
}
