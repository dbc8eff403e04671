//! From a live key to what a spec says of it.

use serde_json::{Map, Value};
use trueup_engine::kind::Export;

use super::{AWS_KMS, ENABLED, KeyModel};

pub(super) fn export(key: &KeyModel) -> Export {
    // Only keys whose aliases are AWS's own are managed by AWS, and nobody else can make such an alias.
    // https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
    if key.aliases.iter().any(|alias| alias.starts_with("alias/aws/")) {
        return Export::Aws;
    }
    if key.origin != AWS_KMS {
        return Export::Not(format!("its material is not KMS's own but from {}", key.origin));
    }
    if key.state != ENABLED {
        return Export::Not(format!("it is in the state {}, and a key of a spec is always enabled", key.state));
    }
    if key.aliases.is_empty() {
        return Export::Not("it has no alias by which a spec could find it; give it one".to_owned());
    }
    let rotation = key
        .rotation_days
        .map_or(Value::Null, |days| Value::Object(Map::from_iter([("days".to_owned(), Value::from(days))])));
    let aliases: Vec<&str> = key.aliases.iter().map(String::as_str).collect();
    Export::same(key).with("alias", aliases).with("rotation", rotation)
}
