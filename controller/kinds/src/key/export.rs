//! From a live key, or a replica of one, to what a spec says of it.

use serde_json::{Map, Value, json};
use trueup_engine::kind::Export;
use trueup_specs::resolve::TAG_ADDRESS;

use super::grants::Grant;
use super::own::OwnProperties;
use super::{AWS_KMS, KeyModel, KeyStateWord};
use crate::source::kms::AWS_ALIAS;

pub(super) fn export(key: &KeyModel) -> Export {
    // Only keys whose aliases are AWS's own are managed by AWS, and nobody else can make such an alias.
    // https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
    if key.own.aliases.iter().any(|alias| alias.starts_with(AWS_ALIAS)) {
        return Export::Aws;
    }
    if key.origin != AWS_KMS {
        return Export::Not(format!("its material is not KMS's own but from {}", key.origin));
    }
    if let Some(primary) = &key.primary {
        return Export::Not(format!("it is a replica by now, of {primary}"));
    }
    let rotation = key.rotation_days.map_or(Value::Null, |days| json!({ "days": days }));
    own(&key.own, Export::same(key).with("rotation", rotation))
}

/// What each key has for itself, in the spec's words.
pub(crate) fn own(own: &OwnProperties, fields: Export) -> Export {
    let words = [KeyStateWord::Enabled, KeyStateWord::Disabled];
    let Some(state) = words.into_iter().find(|word| word.in_kms() == own.state) else {
        return Export::Not(format!("it is in the state {}, and a key of a spec is enabled or disabled", own.state));
    };
    if own.aliases.is_empty() && !own.tags.contains_key(TAG_ADDRESS) {
        return Export::Not("it has no alias by which a spec could find it; give it one".to_owned());
    }
    let aliases: Vec<&str> = own.aliases.iter().map(String::as_str).collect();
    let grants: Map<String, Value> = own.grants.iter().map(|grant| (grant.name.clone(), fields_of(grant))).collect();
    if grants.len() < own.grants.len() {
        return Export::Not("several of its grants have one name".to_owned());
    }
    fields.with("alias", aliases).with("state", state.to_string()).with("grant", grants)
}

fn fields_of(grant: &Grant) -> Value {
    let Grant {
        name: _,
        grantee_principal,
        grantee_service_principal,
        retiring_principal,
        retiring_service_principal,
        operations,
        encryption_context_equals: equals,
        encryption_context_subset: subset,
        source_arn,
    } = grant;
    let pairs = |pairs: &std::collections::BTreeMap<String, String>| {
        if pairs.is_empty() { Value::Null } else { json!(pairs) }
    };
    let is_bound = !equals.is_empty() || !subset.is_empty() || source_arn.is_some();
    let constraints = json!({
        "encryption_context_equals": pairs(equals),
        "encryption_context_subset": pairs(subset),
        "source_arn": source_arn,
    });
    json!({
        "grantee_principal": grantee_principal,
        "grantee_service_principal": grantee_service_principal,
        "retiring_principal": retiring_principal,
        "retiring_service_principal": retiring_service_principal,
        "operations": operations,
        "constraints": if is_bound { constraints } else { Value::Null },
    })
}
