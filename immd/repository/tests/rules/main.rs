//! The rules of the information model, one small test for each, and a random walk against a naive model.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]
#![expect(clippy::too_many_lines, reason = "tables of cases are long")]

mod admin;
mod augment;
mod bench;
mod ccb;
mod class;
mod create;
mod dangling;
mod delete;
mod fixture;
mod implementer;
mod load;
mod migration;
mod modify;
mod notify;
mod oi_errors;
mod oracle;
mod owner;
mod read;
mod reasons;
mod runtime;
mod schema_change;
mod search;
mod service;
mod store;
mod walk;
