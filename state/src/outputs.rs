//! The attributes of a resource that other resources refer to.

use trueup_specs::ByName;

/// Attribute name to value: `arn`, `name`, `id`, ….
///
/// An attribute that is not in the map is not known before the resource is made.
pub type Outputs = ByName<String>;
