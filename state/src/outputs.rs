//! The attributes of a resource that other resources refer to.

use std::collections::BTreeMap;

/// Attribute name to value: `arn`, `name`, `id`, ….
///
/// An attribute that is not in the map is not known before the resource is made.
pub type Outputs = BTreeMap<String, String>;
