//! The vocabulary that every part of Perdure shares.
//!
//! Names and attribute values of the information model, class definitions, the AIS error codes, the states
//! of the Availability Management Framework, and the orders and reports that travel between the director
//! and the node directors. Nothing here does I/O, reads a clock or depends on anything that does.

pub mod amf;
mod class;
mod dn;
mod error;
mod journal;
pub mod ntf;
mod object;
mod time;
mod value;

pub use class::{AttrDef, AttrFlags, ClassCategory, ClassDef, SYSTEM_ATTRIBUTES};
pub use dn::{DN_LENGTH_MAX, Dn, DnError};
pub use error::{AisError, Refusal};
pub use journal::{Author, JournalAttr, JournalChange, JournalEntry, JournalHead, JournalKind};
pub use object::{
    Attr, AttrChoice, AttrModification, CcbOperation, ModificationType, Object, Parameter, Scope, find_attr,
};
pub use time::{Millis, SaTime};
pub use value::{Value, ValueError, ValueType};
