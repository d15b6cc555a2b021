//! What the client library's types keep a program from sending: names that are no DNs, numbers that are no scopes, types
//! or kinds. They are sent as they are.

use ais::AisError;
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp, twoparty};
use futures::AsyncReadExt as _;
use immd_client::ImmError;
use schema::imm_capnp::{admin_owner, ccb, imm, implementer, implementer_callbacks};
use schema::value;
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use crate::Table;
use crate::common::run;
use crate::stage::Stage;

/// Texts that are no names of objects.
fn bad_dns() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "item=a b",
        "item=\u{e4}",
        "item=a\\#b",
        "item=a,,item=b",
        ",item=a",
        "item=a,",
        "item=\u{7}",
        "item=a\n",
        "item=\u{7f}",
    ]
    .map(str::to_owned)
    .into();
    texts.push(format!("item={}", "x".repeat(2_044)));
    texts
}

/// Whether the text is long: what is longer than any name has a code of its own.
fn code_of(text: &str) -> AisError {
    if text.len() > 2_048 {
        AisError::NameTooLong
    } else {
        AisError::InvalidParam
    }
}

/// Callbacks of an implementer that is never called.
struct Uncalled;

impl implementer_callbacks::Server for Uncalled {}

/// A connection without the client library.
struct Raw {
    imm: imm::Client,
    owner: admin_owner::Client,
    ccb: ccb::Client,
    implementer: implementer::Client,
}

impl Raw {
    async fn connect(stage: &Stage) -> Raw {
        let socket = stage.dir.path().join(immd::SOCKET);
        let stream = tokio::net::UnixStream::connect(socket).await.unwrap();
        let (reader, writer) = stream.compat().split();
        let network = twoparty::VatNetwork::new(
            futures::io::BufReader::new(reader),
            futures::io::BufWriter::new(writer),
            rpc_twoparty_capnp::Side::Client,
            capnp::message::ReaderOptions::new(),
        );
        let mut system = RpcSystem::new(Box::new(network), None);
        let imm: imm::Client = system.bootstrap(rpc_twoparty_capnp::Side::Server);
        tokio::task::spawn_local(async move { drop(system.await) });
        let mut request = imm.admin_owner_initialize_request();
        request.get().set_name("raw");
        let owner = request
            .send()
            .promise
            .await
            .unwrap()
            .get()
            .unwrap()
            .get_owner()
            .unwrap();
        let ccb = owner.ccb_initialize_request().send().promise.await.unwrap();
        let mut request = imm.implementer_initialize_request();
        request.get().set_callbacks(capnp_rpc::new_client(Uncalled));
        let implementer = request
            .send()
            .promise
            .await
            .unwrap()
            .get()
            .unwrap()
            .get_implementer()
            .unwrap();
        let mut request = implementer.set_request();
        request.get().set_name("rawd");
        request.send().promise.await.unwrap();
        Raw {
            owner,
            ccb: ccb.get().unwrap().get_ccb().unwrap(),
            implementer,
            imm,
        }
    }
}

/// Sends a request with its fields set; gives what its status says.
macro_rules! answer {
    ($request:expr, |$fields:ident| $set:expr) => {{
        let mut request = $request;
        {
            let mut $fields = request.get();
            $set;
        }
        let response = request.send().promise.await.unwrap();
        let status = response.get().unwrap().get_status().unwrap();
        value::read_status(status)
            .unwrap()
            .map_err(|refused| ImmError::Refused {
                error: refused.error,
                texts: refused.texts,
            })
    }};
}

#[test]
fn names_that_are_none() {
    run(async {
        let stage = Stage::new().await;
        let raw = Raw::connect(&stage).await;
        let mut table = Table::default();
        for text in bad_dns() {
            let wanted = code_of(&text);
            let what: String = format!("{text:?}").chars().take(40).collect();
            let mut row =
                |function: &str, answer: Result<(), ImmError>| table.row(function, &what, wanted, answer);
            row(
                "saImmOmAccessorGet_2",
                answer!(raw.imm.get_request(), |f| f.set_dn(&text[..])),
            );
            if !text.is_empty() {
                let request = raw.imm.search_request();
                row(
                    "saImmOmSearchInitialize_2",
                    answer!(request, |f| {
                        f.set_root(&text[..]);
                        f.set_scope(3);
                    }),
                );
                let request = raw.imm.search_request();
                row(
                    "saImmOmSearchInitialize_2 dependents",
                    answer!(request, |f| {
                        f.set_dependents_of(&text[..]);
                        f.set_scope(3);
                    }),
                );
            }
            row(
                "saImmOmAdminOwnerSet",
                answer!(raw.owner.set_request(), |f| {
                    f.set_scope(1);
                    f.init_objects(1).set(0, &text[..]);
                }),
            );
            row(
                "saImmOmAdminOwnerRelease",
                answer!(raw.owner.release_request(), |f| {
                    f.set_scope(1);
                    f.init_objects(1).set(0, &text[..]);
                }),
            );
            row(
                "saImmOmAdminOwnerClear",
                answer!(raw.imm.admin_owner_clear_request(), |f| {
                    f.set_scope(1);
                    f.init_objects(1).set(0, &text[..]);
                }),
            );
            row(
                "saImmOmCcbObjectRead",
                answer!(raw.ccb.read_request(), |f| f.set_dn(&text[..])),
            );
            row(
                "saImmOiObjectImplementerSet",
                answer!(raw.implementer.object_set_request(), |f| {
                    f.set_dn(&text[..]);
                    f.set_scope(1);
                }),
            );
            row(
                "saImmOiObjectImplementerRelease",
                answer!(raw.implementer.object_release_request(), |f| {
                    f.set_dn(&text[..]);
                    f.set_scope(1);
                }),
            );
            for kind in 0..3 {
                let set = |mut operation: schema::imm_capnp::operation::Builder<'_>| {
                    operation.set_dn(&text[..]);
                    match kind {
                        0 => operation.init_create().set_class("Item"),
                        1 => drop(operation.init_modify(0)),
                        _ => operation.set_delete(()),
                    }
                };
                row(
                    "saImmOmCcbObject*",
                    answer!(raw.ccb.run_request(), |f| set(f
                        .reborrow()
                        .init_operations(1)
                        .get(0))),
                );
                row(
                    "saImmOiRtObject*",
                    answer!(raw.implementer.update_request(), |f| set(f
                        .reborrow()
                        .init_operations(1)
                        .get(0))),
                );
            }
        }
        for text in bad_dns() {
            // Also where it is too long, for it may be the name of an implementer.
            let what: String = format!("{text:?}").chars().take(40).collect();
            let answer = answer!(raw.owner.admin_operation_request(), |f| f.set_object(&text[..]));
            table.row(
                "saImmOmAdminOperationInvoke_2",
                what,
                AisError::InvalidParam,
                answer,
            );
        }
        table.end(150);
    });
}

#[test]
fn numbers_that_are_none() {
    run(async {
        let stage = Stage::new().await;
        let raw = Raw::connect(&stage).await;
        let mut table = Table::default();
        let wanted = AisError::InvalidParam;
        for number in [0_u8, 4, 11, 99, 255] {
            let mut row = |function: &str, answer: Result<(), ImmError>| {
                table.row(function, format!("number {number}"), wanted, answer);
            };
            if number != 11 {
                row(
                    "search scope",
                    answer!(raw.imm.search_request(), |f| f.set_scope(number)),
                );
                row(
                    "owner set scope",
                    answer!(raw.owner.set_request(), |f| {
                        f.set_scope(number);
                        f.init_objects(1).set(0, "item=loose");
                    }),
                );
                row(
                    "owner release scope",
                    answer!(raw.owner.release_request(), |f| {
                        f.set_scope(number);
                        f.init_objects(1).set(0, "item=loose");
                    }),
                );
                row(
                    "owner clear scope",
                    answer!(raw.imm.admin_owner_clear_request(), |f| {
                        f.set_scope(number);
                        f.init_objects(1).set(0, "item=loose");
                    }),
                );
                row(
                    "object implementer scope",
                    answer!(raw.implementer.object_set_request(), |f| {
                        f.set_scope(number);
                        f.set_dn("item=loose");
                    }),
                );
                row(
                    "object implementer release scope",
                    answer!(raw.implementer.object_release_request(), |f| {
                        f.set_scope(number);
                        f.set_dn("item=loose");
                    }),
                );
                let modify = |f: schema::imm_capnp::ccb::run_params::Builder<'_>| {
                    let mut operation = f.init_operations(1).get(0);
                    operation.set_dn("item=loose");
                    let mut change = operation.init_modify(1).get(0);
                    change.set_kind(number);
                    let mut attr = change.init_attr();
                    attr.set_name("weight");
                    attr.set_type(2);
                };
                row(
                    "kind of modification",
                    answer!(raw.ccb.run_request(), |f| modify(f.reborrow())),
                );
                let class = |f: schema::imm_capnp::imm::class_create_params::Builder<'_>| {
                    let mut class = f.init_class();
                    class.set_name("Wrong");
                    class.set_category(number);
                };
                row(
                    "class category",
                    answer!(raw.imm.class_create_request(), |f| class(f.reborrow())),
                );
            }
            if number == 4 {
                continue;
            }
            let create = |f: schema::imm_capnp::ccb::run_params::Builder<'_>| {
                let mut operation = f.init_operations(1).get(0);
                operation.set_dn("item=wrong");
                let mut create = operation.init_create();
                create.set_class("Item");
                let mut attr = create.init_attrs(1).get(0);
                attr.set_name("weight");
                attr.set_type(number);
            };
            row(
                "type of an attribute",
                answer!(raw.ccb.run_request(), |f| create(f.reborrow())),
            );
            let class = |f: schema::imm_capnp::imm::class_create_params::Builder<'_>| {
                let mut class = f.init_class();
                class.set_name("Wrong");
                class.set_category(1);
                let mut attr = class.init_attrs(1).get(0);
                attr.set_name("wrong");
                attr.set_type(number);
            };
            row(
                "type in a class",
                answer!(raw.imm.class_create_request(), |f| class(f.reborrow())),
            );
        }
        // A filter's value without its name.
        let value = |f: schema::imm_capnp::imm::search_params::Builder<'_>| {
            let mut fields = f;
            fields.set_scope(3);
            fields.init_filter_value(1).get(0).set_uint32(1);
        };
        table.row(
            "search",
            "a value without a name",
            wanted,
            answer!(raw.imm.search_request(), |f| value(f.reborrow())),
        );
        table.end(40);
    });
}
