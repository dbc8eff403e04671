//! What the language knows of a kind of resource.

use std::any::Any;
use std::sync::Arc;

use crate::decode::{Decode, Decoder};
use crate::shape::{Shape, TableShape};
use crate::value::Value;

/// What a resource of a kind belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KindScope {
    /// The organization, reached through its management account.
    Organization,
    /// An account, in no region of it.
    Account,
    /// One region of an account.
    Region,
}

/// A spec as the kind's own type, behind `Any`.
pub type AnySpec = Arc<dyn Any + Send + Sync>;

/// A kind of resource, as the language sees it.
#[derive(Debug)]
pub struct KindSchema {
    /// The word in `[kind.name]`.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// What a resource belongs to.
    pub scope: KindScope,
    /// Whether a resource holds what can't be made again, so that its removal needs a `[[removed]]`.
    pub stateful: bool,
    /// Whether AWS keeps tags on it.
    pub taggable: bool,
    /// What other specs can refer to, each with its explanation.
    pub attributes: &'static [(&'static str, &'static str)],
    /// What its table may hold: [`shape_of`].
    pub shape: fn() -> TableShape,
    /// Reads its table: [`decode_any`].
    pub decode: fn(&Value, &mut Decoder<'_>) -> Option<AnySpec>,
}

/// The [`KindSchema::shape`] of a spec's type.
#[must_use]
pub fn shape_of<T: Decode>() -> TableShape {
    match T::shape() {
        Shape::Table(table) => table,
        Shape::Text
        | Shape::String
        | Shape::Boolean
        | Shape::Integer { .. }
        | Shape::Words(_)
        | Shape::Reference { .. }
        | Shape::Policy
        | Shape::Json
        | Shape::OneOrMany(_)
        | Shape::List(_)
        | Shape::Map(_) => TableShape { doc: "", fields: Vec::new() },
    }
}

/// The [`KindSchema::decode`] of a spec's type.
#[must_use]
pub fn decode_any<T: Decode + Send + Sync + 'static>(value: &Value, cx: &mut Decoder<'_>) -> Option<AnySpec> {
    T::decode(value, cx).map(|spec| Arc::new(spec) as AnySpec)
}
