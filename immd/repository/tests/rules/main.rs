//! The rules of the information model, one small test for each, and a random walk against a naive model.

mod admin;
mod bench;
mod ccb;
mod class;
mod create;
mod dangling;
mod delete;
mod fixture;
mod implementer;
mod load;
mod modify;
mod oracle;
mod owner;
mod read;
mod runtime;
mod search;
mod store;
mod walk;
