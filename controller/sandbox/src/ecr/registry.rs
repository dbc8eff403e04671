//! The registry's own settings, and the token by which a client of Docker's logs in.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings.html>.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::INVALID;
use super::policies::{POLICY_CHARACTERS_MAX, checked};
use super::state::own;
use crate::call::Call;
use crate::front::signature::REGIONS;
use crate::iam::DocumentUse;
use crate::json_call::{Answer, Failure, Input, seconds};
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>.
const DESTINATIONS_MAX: usize = 25;

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html>.
const TOKEN_SECONDS: f64 = 12.0 * 3_600.0;

pub(super) fn get_policy(world: &mut World, call: &Call) -> Answer {
    let policy = own(world, call).registry.policy.clone().ok_or_else(|| absent(call))?;
    Ok(policy_answer(world, call, &policy))
}

pub(super) fn put_policy(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let text = input.required("policyText", 0, POLICY_CHARACTERS_MAX)?;
    let policy = checked(world, text, DocumentUse::Resource)?;
    own(world, call).registry.policy = Some(policy.clone());
    Ok(policy_answer(world, call, &policy))
}

pub(super) fn delete_policy(world: &mut World, call: &Call) -> Answer {
    let policy = own(world, call).registry.policy.take().ok_or_else(|| absent(call))?;
    Ok(policy_answer(world, call, &policy))
}

fn policy_answer(world: &World, call: &Call, policy: &Value) -> Value {
    json!({ "registryId": call.caller.account, "policyText": format!("{:#}", world.show_principals(policy)) })
}

fn absent(call: &Call) -> Failure {
    let message = format!("Registry policy does not exist in the registry with id '{}'", call.caller.account);
    Failure::new("RegistryPolicyNotFoundException", message)
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let replication = own(world, call).registry.replication.clone().unwrap_or_else(|| json!({ "rules": [] }));
    Ok(json!({ "registryId": call.caller.account, "replicationConfiguration": replication }))
}

pub(super) fn get_scanning(world: &mut World, call: &Call) -> Answer {
    let scanning = own(world, call).registry.scanning.clone();
    let scanning = scanning.unwrap_or_else(|| json!({ "scanType": "BASIC", "rules": [] }));
    Ok(json!({ "registryId": call.caller.account, "scanningConfiguration": scanning }))
}

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html>.
pub(super) fn put_scanning(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let scan_type = input.word("scanType", &["BASIC", "ENHANCED"])?.unwrap_or("BASIC");
    let mut frequencies = Vec::new();
    let mut rules = Vec::new();
    for rule in input.objects("rules", 0, 2)?.unwrap_or_default() {
        let frequency = rule.word("scanFrequency", &["SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"])?;
        let frequency = frequency.ok_or_else(|| rule.broken("scanFrequency", "not be null"))?;
        let fits = match frequency {
            "CONTINUOUS_SCAN" => scan_type == "ENHANCED",
            "MANUAL" => scan_type == "BASIC",
            _ => true,
        };
        if !fits || frequencies.contains(&frequency) {
            let message =
                format!("The scan frequency {frequency} does not fit {scan_type} scanning, or is given twice");
            return Err(Failure::new(INVALID, message));
        }
        frequencies.push(frequency);
        let filters = rule.objects("repositoryFilters", 1, 100)?;
        let filters = filters.ok_or_else(|| rule.broken("repositoryFilters", "not be null"))?;
        for filter in &filters {
            filter.word("filterType", &["WILDCARD"])?.ok_or_else(|| filter.broken("filterType", "not be null"))?;
            let text = filter.required("filter", 1, 255)?;
            let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "*._-/".contains(c);
            if !text.chars().all(sign) {
                return Err(
                    filter.broken("filter", "satisfy regular expression '^[a-z0-9*](?:[._\\-/a-z0-9*]?[a-z0-9*]+)*$'")
                );
            }
        }
        rules.push(Value::Object(rule.members().clone()));
    }
    let scanning = json!({ "scanType": scan_type, "rules": rules });
    own(world, call).registry.scanning = Some(scanning.clone());
    Ok(json!({ "registryScanningConfiguration": scanning }))
}

/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutReplicationConfiguration.html>.
pub(super) fn put_replication(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let name = "replicationConfiguration";
    let configuration = input.object(name)?.ok_or_else(|| input.broken(name, "not be null"))?;
    let rules = configuration.objects("rules", 0, 10)?.ok_or_else(|| configuration.broken("rules", "not be null"))?;
    let mut all = Vec::new();
    for rule in &rules {
        let destinations = rule.objects("destinations", 1, 100)?;
        for one in destinations.ok_or_else(|| rule.broken("destinations", "not be null"))? {
            let (region, registry) = (one.required("region", 2, 25)?, one.required("registryId", 12, 12)?);
            if !REGIONS.contains(&region) {
                return Err(Failure::new(INVALID, format!("Invalid destination region {region}")));
            }
            if region == call.region && registry == call.caller.account {
                let message = "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: \
                    'Replication destination cannot be the same as the source registry'";
                return Err(Failure::new(INVALID, message));
            }
            all.push((region, registry));
        }
        for filter in rule.objects("repositoryFilters", 1, 100)?.unwrap_or_default() {
            filter.word("filterType", &["PREFIX_MATCH"])?.ok_or_else(|| filter.broken("filterType", "not be null"))?;
            filter.required("filter", 2, 256)?;
        }
    }
    all.sort_unstable();
    all.dedup();
    if all.len() > DESTINATIONS_MAX {
        return Err(Failure::new(INVALID, format!("At most {DESTINATIONS_MAX} destinations are allowed")));
    }
    let stored = json!({ "rules": rules.iter().map(|rule| Value::Object(rule.members().clone())).collect::<Vec<_>>() });
    own(world, call).registry.replication = Some(stored.clone());
    Ok(json!({ "replicationConfiguration": stored }))
}

/// The account's settings, each with its values and the one it has until another is said.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html>.
const SETTINGS: [(&str, &[&str], &str); 3] = [
    ("BASIC_SCAN_TYPE_VERSION", &["AWS_NATIVE"], "AWS_NATIVE"),
    ("REGISTRY_POLICY_SCOPE", &["V2"], "V2"),
    ("BLOB_MOUNTING", &["ENABLED", "DISABLED"], "DISABLED"),
];

type Setting = (&'static str, &'static [&'static str], &'static str);

fn setting(input: Input<'_>) -> Result<Setting, Failure> {
    let name = input.required("name", 1, 64)?;
    let found = SETTINGS.into_iter().find(|(known, ..)| *known == name);
    found.ok_or_else(|| Failure::new(INVALID, format!("There is no account setting '{name}'")))
}

pub(super) fn get_setting(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let (name, _, usual) = setting(input)?;
    let value = own(world, call).registry.settings.get(name).cloned();
    Ok(json!({ "name": name, "value": value.unwrap_or_else(|| usual.to_owned()) }))
}

pub(super) fn put_setting(world: &mut World, call: &Call, input: Input<'_>) -> Answer {
    let (name, values, _) = setting(input)?;
    let value = input.required("value", 1, 64)?;
    if !values.contains(&value) {
        return Err(Failure::new(INVALID, format!("'{value}' is no value of the account setting {name}")));
    }
    own(world, call).registry.settings.insert(name.to_owned(), value.to_owned());
    Ok(json!({ "name": name, "value": value }))
}

/// The token opens nothing here: there is no registry to push layers to.
pub(super) fn authorization_token(call: &Call) -> Value {
    let (account, region) = (&call.caller.account, &call.region);
    json!({ "authorizationData": [{
        "authorizationToken": BASE64_STANDARD.encode(format!("AWS:{account}-{region}-sandbox")),
        "expiresAt": seconds(call) + TOKEN_SECONDS,
        "proxyEndpoint": format!("https://{account}.dkr.ecr.{region}.amazonaws.com"),
    }] })
}
