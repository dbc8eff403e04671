//! The organization and its root.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganization.html>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, is_root};
use super::policies::{TYPES, aws_managed};
use super::state::{ACTIVE, Account, Organization, Tags, code, managed, seconds};
use crate::call::Call;
use crate::world::World;

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let features =
        if input.has("FeatureSet") { input.word("FeatureSet", &["ALL", "CONSOLIDATED_BILLING"])? } else { "ALL" };
    let management = call.caller.account.clone();
    if world.organizations.of(&management).is_some() {
        let message = "The provided account is already a member of an organization.";
        return Err(Failure::new("AlreadyInOrganizationException", message));
    }
    let (id, root) = (format!("o-{}", code(world, 10)), format!("r-{}", code(world, 4)));
    let own = Account {
        name: "management".to_owned(),
        email: format!("root+{management}@example.com"),
        parent: root.clone(),
        state: ACTIVE.to_owned(),
        created_here: false,
        joined_seconds: seconds(call),
        tags: Tags::new(),
    };
    let mut made = Organization {
        id,
        management: management.clone(),
        features: features.to_owned(),
        root,
        root_tags: Tags::new(),
        enabled: BTreeSet::new(),
        accounts: BTreeMap::from([(management.clone(), own)]),
        units: BTreeMap::new(),
        policies: aws_managed(),
        requests: BTreeMap::new(),
    };
    if features == "ALL" {
        // With all features, service control policies are enabled from the start.
        switch_on(&mut made, "SERVICE_CONTROL_POLICY");
    }
    let shown = shown(&made);
    world.organizations.organizations.insert(management, made);
    Ok(shown)
}

pub(super) fn describe(world: &mut World, call: &Call) -> Result<Value, Failure> {
    world.organizations.of(&call.caller.account).map(shown).ok_or_else(Failure::not_in_use)
}

fn shown(organization: &Organization) -> Value {
    let management = &organization.management;
    let email = organization.accounts.get(management).map(|account| account.email.as_str());
    json!({ "Organization": {
        "Id": organization.id,
        "Arn": organization.own_arn(),
        "FeatureSet": organization.features,
        "MasterAccountArn": organization.account_arn(management),
        "MasterAccountId": management,
        "MasterAccountEmail": email,
        "AvailablePolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    } })
}

/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeleteOrganization.html>.
pub(super) fn delete(world: &mut World, call: &Call) -> Result<Value, Failure> {
    let organization = managed(world, call)?;
    if organization.accounts.len() > 1 {
        let message = "To delete an organization you must first remove all member accounts (except the master).";
        return Err(Failure::new("OrganizationNotEmptyException", message));
    }
    world.organizations.organizations.remove(&call.caller.account);
    Ok(Value::Null)
}

pub(super) fn roots(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let organization = managed(world, call)?;
    input.page("Roots", vec![(organization.root.clone(), organization.show_root())])
}

pub(super) fn enable(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let (organization, sort) = named(world, call, input)?;
    if organization.features != "ALL" {
        return Err(Failure::new(
            "PolicyTypeNotAvailableForOrganizationException",
            "You can't use the specified policy type with the feature set currently enabled for this organization.",
        ));
    }
    if organization.enabled.contains(sort) {
        let message = "The specified policy type is already enabled.";
        return Err(Failure::new("PolicyTypeAlreadyEnabledException", message));
    }
    switch_on(organization, sort);
    Ok(json!({ "Root": organization.show_root() }))
}

/// Enables a type; what AWS has of it that allows everything is then on everything.
fn switch_on(organization: &mut Organization, sort: &str) {
    organization.enabled.insert(sort.to_owned());
    let targets = organization.targets();
    let of_type = organization.policies.values_mut().filter(|policy| policy.aws_managed && policy.sort == sort);
    of_type.for_each(|policy| policy.targets.extend(targets.iter().cloned()));
}

/// Disabling a type detaches all its policies from everything.
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DisablePolicyType.html>.
pub(super) fn disable(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let (organization, sort) = named(world, call, input)?;
    if !organization.enabled.remove(sort) {
        return Err(not_enabled());
    }
    for policy in organization.policies.values_mut().filter(|policy| policy.sort == sort) {
        policy.targets.clear();
    }
    Ok(json!({ "Root": organization.show_root() }))
}

pub(super) fn not_enabled() -> Failure {
    let message = "This operation can be performed only for enabled policy types.";
    Failure::new("PolicyTypeNotEnabledException", message)
}

fn named<'w>(
    world: &'w mut World,
    call: &Call,
    input: &Input,
) -> Result<(&'w mut Organization, &'static str), Failure> {
    let root = input.id("RootId", is_root)?;
    let sort = input.word("PolicyType", &TYPES)?;
    let organization = managed(world, call)?;
    if organization.root != root {
        return Err(Failure::new("RootNotFoundException", "You specified a root that doesn't exist."));
    }
    Ok((organization, sort))
}
