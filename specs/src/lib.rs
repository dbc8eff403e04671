//! The language of trueup: what people write, and what is wrong with it.
//!
//! A project is a folder of TOML files. [`load()`] reads it into a [`Project`]: accounts, and one [`Instance`] for
//! every resource in every account it shall be in. What is wrong is collected in [`Problems`], all of it at once, each
//! with its place. A [`Resolver`] then turns the texts of one resource into the strings AWS is sent.
//!
//! The crate is pure: it reads the project's folder in [`load()`] and touches nothing else, no clock, no environment,
//! no network, and knows no AWS service. What it knows of a kind of resource it is told in a [`KindSchema`].
//!
//! - Places and problems: [`span`], [`diagnostic`], [`mod@render`].
//! - Names: [`address`]; values inside of strings that are not known yet: [`pending`].
//! - What stands in a file: [`value`], [`text`], [`naming`], [`policy_spec`].
//! - How a type is read: [`decode`], [`shape`], [`spec!`], [`words!`], [`kind`].
//! - What many resources have a few of: [`by_name`], [`few`].
//! - The whole: [`project`], [`mod@load`], [`resolve`].
//! - For editors and readers: [`schema`], [`mod@reference`]; from what is there back to TOML: [`export`].
//! - IAM's policy language: [`policy`].

pub mod access_spec;
pub mod address;
pub mod by_name;
pub mod decode;
pub mod diagnostic;
pub mod document;
pub mod export;
pub mod few;
pub mod kind;
pub mod lint;
pub mod load;
mod lookup;
mod macros;
pub mod naming;
pub mod pending;
pub mod policy;
mod policy_file;
pub mod policy_spec;
mod policy_text;
pub mod project;
pub mod reference;
pub mod render;
pub mod resolve;
pub mod schema;
pub mod shape;
pub mod span;
pub mod suggest;
pub mod text;
pub mod text_file;
pub mod value;

/// What [`words!`] needs of serde, so that its callers need not name it.
#[doc(hidden)]
pub use serde;

pub use access_spec::{ACCESS, AccessSpec};
pub use address::{Address, AddressError};
pub use by_name::ByName;
pub use decode::{Decode, Decoder, Fields, OneOrMany, Within};
pub use diagnostic::{Diagnostic, Label, Problems, Severity};
pub use document::JsonSpec;
pub use few::Few;
pub use kind::{AnySpec, KindSchema, KindScope, decode_any, shape_of};
pub use load::{ACCOUNT, AccountSpec, Billing, Loaded, Parent, is_unit_id, load, load_from};
pub use naming::{Reference, Target};
pub use policy_spec::PolicySpec;
pub use project::{
    Account, Block, DeletionsMax, Instance, InstanceId, Moved, OutputSpec, OutputValue, Project, Settings, StateBucket,
    StateSettings, Tombstone,
};
pub use render::{render, to_json};
pub use resolve::{Outputs, ResolvedOutput, Resolver, TAG_ADDRESS, TAG_PROJECT, TAG_PROTECT};
pub use shape::{FieldShape, Shape, TableShape};
pub use span::{FileId, Position, Sources, Span};
pub use text::{Located, Mention, Name, Part, Text};
pub use text_file::TextFile;
pub use value::{Data, Entry, Table, Value};
