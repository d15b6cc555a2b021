//! IMM XML: reader, validator, writer; and the models that come with the project.
//!
//! [`parse`] turns a file into a [`Document`]; [`check`] asks whether documents make sense together with the classes
//! and objects that exist, and gives the operations that create their objects, parents first; [`Writer`] writes what
//! [`parse`] reads. Nothing here opens a file.

mod document;
mod input;
mod parse;
mod position;
mod problem;
mod resolve;
mod schema;
mod standard;
mod validate;
mod write;

pub use document::{Document, XmlAttr, XmlObject};
pub use parse::{parse, parse_with_flags};
pub use position::{Located, Position};
pub use problem::{Problem, Problems, Rule};
pub use resolve::resolve;
pub use schema::schema_values;
pub use standard::{
    DEMO, NO_REDUNDANCY, TWO_N_THREE_SUS, missing_standard_classes, standard_classes, standard_objects,
};
pub use validate::{Options, check, check_each, class_difference, long_dns, new_classes, validate};
pub use write::{Writer, write};

/// The longest text of an element in bytes.
pub const TEXT_MAX: usize = 1 << 20;
