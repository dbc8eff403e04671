//! Policies of every type.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreatePolicy.html>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, is_policy};
use super::state::{Organization, Policy, Tags, code, managed};
use crate::call::Call;
use crate::iam::{DocumentUse, check};
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreatePolicy.html>, the parameter `Type`.
pub(super) const TYPES: [&str; 13] = [
    "SERVICE_CONTROL_POLICY",
    "RESOURCE_CONTROL_POLICY",
    "TAG_POLICY",
    "BACKUP_POLICY",
    "AISERVICES_OPT_OUT_POLICY",
    "CHATBOT_POLICY",
    "DECLARATIVE_POLICY_EC2",
    "SECURITYHUB_POLICY",
    "INSPECTOR_POLICY",
    "UPGRADE_ROLLOUT_POLICY",
    "BEDROCK_POLICY",
    "S3_POLICY",
    "NETWORK_SECURITY_DIRECTOR_POLICY",
];

const NAME_MAX: usize = 128;
const DESCRIPTION_MAX: usize = 512;
/// Of each type.
const POLICIES_MAX: usize = 1_000;

/// What a type allows.
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
pub(super) struct Limits {
    /// Characters of the content.
    pub(super) size: usize,
    /// Policies on one target.
    pub(super) attached: usize,
}

pub(super) fn limits(sort: &str) -> Limits {
    let (size, attached) = match sort {
        "SERVICE_CONTROL_POLICY" => (5_120, 5),
        "RESOURCE_CONTROL_POLICY" => (5_120, 5),
        "AISERVICES_OPT_OUT_POLICY" => (2_500, 5),
        "CHATBOT_POLICY" => (10_000, 5),
        _ => (10_000, 10),
    };
    Limits { size, attached }
}

/// The policies AWS has in every organization: they allow everything.
pub(super) fn aws_managed() -> BTreeMap<String, Policy> {
    let of = |name: &str, description: &str, sort: &str, content: Value| {
        let policy = Policy {
            name: name.to_owned(),
            description: description.to_owned(),
            sort: sort.to_owned(),
            content: content.to_string(),
            aws_managed: true,
            targets: BTreeSet::new(),
            tags: Tags::new(),
        };
        (format!("p-{name}"), policy)
    };
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let open = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" }] });
    let scp = of("FullAWSAccess", "Allows access to every operation", "SERVICE_CONTROL_POLICY", all);
    let rcp = of("RCPFullAWSAccess", "Allow all access to all resources", "RESOURCE_CONTROL_POLICY", open);
    [scp, rcp].into()
}

/// What is new has the policies on it that allow everything.
pub(super) fn attach_defaults(organization: &mut Organization, target: &str) {
    let Organization { enabled, policies, .. } = organization;
    for policy in policies.values_mut().filter(|policy| policy.aws_managed && enabled.contains(&policy.sort)) {
        policy.targets.insert(target.to_owned());
    }
}

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let name = input.named("Name", NAME_MAX)?.to_owned();
    let description = description(input)?.unwrap_or_default().to_owned();
    let sort = input.word("Type", &TYPES)?;
    let content = input.required("Content")?.to_owned();
    check_content(sort, &content)?;
    let tags = input.tags()?;
    let organization = managed(world, call)?;
    if organization.features != "ALL" {
        return Err(Failure::new(
            "PolicyTypeNotAvailableForOrganizationException",
            "You can't use the specified policy type with the feature set currently enabled for this organization.",
        ));
    }
    check_name(organization, sort, &name, None)?;
    if organization.policies.values().filter(|policy| policy.sort == sort).count() >= POLICIES_MAX {
        let message = "You have exceeded the number of policies that you can have in an organization.";
        return Err(Failure::constraint("POLICY_NUMBER_LIMIT_EXCEEDED", message));
    }
    let id = format!("p-{}", code(world, 10));
    let made = Policy {
        name,
        description,
        sort: sort.to_owned(),
        content,
        aws_managed: false,
        targets: BTreeSet::new(),
        tags,
    };
    let organization = managed(world, call)?;
    organization.policies.insert(id.clone(), made);
    shown(organization, &id)
}

fn description(input: &Input) -> Result<Option<&str>, Failure> {
    let text = input.text("Description")?;
    if text.is_some_and(|text| text.chars().count() > DESCRIPTION_MAX) {
        return Err(Failure::invalid("MAX_LENGTH_EXCEEDED", "Description is too long."));
    }
    Ok(text)
}

fn check_name(organization: &Organization, sort: &str, name: &str, own: Option<&str>) -> Result<(), Failure> {
    let mut others = organization.policies.iter().filter(|(id, one)| Some(id.as_str()) != own && one.sort == sort);
    if others.any(|(_, policy)| policy.name == name) {
        return Err(Failure::new("DuplicatePolicyException", "A policy with the same name already exists."));
    }
    Ok(())
}

fn check_content(sort: &str, content: &str) -> Result<(), Failure> {
    let max = limits(sort).size;
    if content.chars().count() > max {
        let message = "You have exceeded the maximum size of a policy document.";
        return Err(Failure::constraint("POLICY_CONTENT_LIMIT_EXCEEDED", message));
    }
    let malformed = || {
        Failure::new(
            "MalformedPolicyDocumentException",
            "The provided policy document does not meet the requirements of the specified policy type.",
        )
    };
    match sort {
        "SERVICE_CONTROL_POLICY" => check(content, DocumentUse::Identity).map(|_| ()).map_err(|_| malformed()),
        "RESOURCE_CONTROL_POLICY" => {
            let document = check(content, DocumentUse::Resource).map_err(|_| malformed())?;
            if is_resource_control(&document) { Ok(()) } else { Err(malformed()) }
        }
        _ => {
            let document: Option<Value> = serde_json::from_str(content).ok();
            if document.is_some_and(|document| document.is_object()) { Ok(()) } else { Err(malformed()) }
        }
    }
}

/// A resource control policy only denies, and it denies everyone.
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html>.
fn is_resource_control(document: &Value) -> bool {
    let statements = match document.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    statements.iter().all(|statement| {
        let everyone = statement.get("Principal").is_some_and(|principal| *principal == "*");
        let denies = statement.get("Effect").is_some_and(|effect| effect == "Deny");
        let any = statement.get("Action").is_some_and(|action| *action == "*");
        everyone && denies && !any && statement.get("NotAction").is_none()
    })
}

fn summary(organization: &Organization, id: &str, policy: &Policy) -> Value {
    json!({
        "Id": id,
        "Arn": organization.policy_arn(id, policy),
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.sort,
        "AwsManaged": policy.aws_managed,
    })
}

fn shown(organization: &Organization, id: &str) -> Result<Value, Failure> {
    let policy = organization.policies.get(id).ok_or_else(Failure::no_policy)?;
    Ok(json!({ "Policy": { "PolicySummary": summary(organization, id, policy), "Content": policy.content } }))
}

pub(super) fn describe(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("PolicyId", is_policy)?;
    shown(managed(world, call)?, id)
}

pub(super) fn update(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("PolicyId", is_policy)?;
    let organization = managed(world, call)?;
    let policy = organization.policies.get(id).ok_or_else(Failure::no_policy)?;
    if policy.aws_managed {
        return Err(Failure::invalid(
            "IMMUTABLE_POLICY",
            "You specified a policy that is managed by AWS and can't be modified.",
        ));
    }
    let mut changed = policy.clone();
    if input.has("Name") {
        input.named("Name", NAME_MAX)?.clone_into(&mut changed.name);
        check_name(organization, &changed.sort, &changed.name, Some(id))?;
    }
    if let Some(text) = description(input)? {
        text.clone_into(&mut changed.description);
    }
    if input.has("Content") {
        input.required("Content")?.clone_into(&mut changed.content);
        check_content(&changed.sort, &changed.content)?;
    }
    organization.policies.insert(id.to_owned(), changed);
    shown(organization, id)
}

pub(super) fn delete(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("PolicyId", is_policy)?;
    let organization = managed(world, call)?;
    let policy = organization.policies.get(id).ok_or_else(Failure::no_policy)?;
    if policy.aws_managed {
        return Err(Failure::invalid(
            "IMMUTABLE_POLICY",
            "You specified a policy that is managed by AWS and can't be modified.",
        ));
    }
    if !policy.targets.is_empty() {
        let message = "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.";
        return Err(Failure::new("PolicyInUseException", message));
    }
    organization.policies.remove(id);
    Ok(Value::Null)
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let sort = input.word("Filter", &TYPES)?;
    let organization = managed(world, call)?;
    let of_type = organization.policies.iter().filter(|(_, policy)| policy.sort == sort);
    input.page("Policies", of_type.map(|(id, one)| (id.clone(), summary(organization, id, one))).collect())
}

/// The policies of a type on a target.
pub(super) fn on_target(organization: &Organization, target: &str, sort: &str) -> Vec<(String, Value)> {
    let attached = |policy: &Policy| policy.sort == sort && policy.targets.contains(target);
    let found = organization.policies.iter().filter(|(_, policy)| attached(policy));
    found.map(|(id, policy)| (id.clone(), summary(organization, id, policy))).collect()
}
