//! Which policies are on what.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html> and
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DetachPolicy.html>.

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, is_policy, is_target};
use super::organization::not_enabled;
use super::policies::{TYPES, limits, on_target};
use super::state::{Organization, managed};
use crate::call::Call;
use crate::world::World;

pub(super) fn attach(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let (organization, id, target) = named(world, call, input)?;
    let policy = organization.policies.get(id).ok_or_else(Failure::no_policy)?;
    if !organization.enabled.contains(&policy.sort) {
        return Err(not_enabled());
    }
    if policy.targets.contains(target) {
        let message = "The selected policy is already attached to the specified target.";
        return Err(Failure::new("DuplicatePolicyAttachmentException", message));
    }
    if on_target(organization, target, &policy.sort).len() >= limits(&policy.sort).attached {
        let message = "You have exceeded the number of policies attached to an entity.";
        return Err(Failure::constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    if let Some(policy) = organization.policies.get_mut(id) {
        policy.targets.insert(target.to_owned());
    }
    Ok(Value::Null)
}

pub(super) fn detach(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let (organization, id, target) = named(world, call, input)?;
    let policy = organization.policies.get(id).ok_or_else(Failure::no_policy)?;
    if !policy.targets.contains(target) {
        let message = "The policy isn't attached to the specified target in the specified root.";
        return Err(Failure::new("PolicyNotAttachedException", message));
    }
    if id == "p-RCPFullAWSAccess" {
        return Err(Failure::invalid("NON_DETACHABLE_POLICY", "You can't detach this policy."));
    }
    // Every root, unit and account has at least one service control policy.
    let is_control = policy.sort == "SERVICE_CONTROL_POLICY";
    if is_control && on_target(organization, target, &policy.sort).len() == 1 {
        let message = "You cannot remove the last policy attached to the specified target. You should have at least one attached.";
        return Err(Failure::constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    if let Some(policy) = organization.policies.get_mut(id) {
        policy.targets.remove(target);
    }
    Ok(Value::Null)
}

fn named<'w, 'i>(
    world: &'w mut World,
    call: &Call,
    input: &'i Input,
) -> Result<(&'w mut Organization, &'i str, &'i str), Failure> {
    let (id, target) = (input.id("PolicyId", is_policy)?, input.id("TargetId", is_target)?);
    let organization = managed(world, call)?;
    if !organization.policies.contains_key(id) {
        return Err(Failure::no_policy());
    }
    if !organization.has_target(target) {
        return Err(Failure::no_target());
    }
    Ok((organization, id, target))
}

pub(super) fn policies_of_target(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let target = input.id("TargetId", is_target)?;
    let sort = input.word("Filter", &TYPES)?;
    let organization = managed(world, call)?;
    if !organization.has_target(target) {
        return Err(Failure::no_target());
    }
    input.page("Policies", on_target(organization, target, sort))
}

pub(super) fn targets_of_policy(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("PolicyId", is_policy)?;
    let organization = managed(world, call)?;
    let policy = organization.policies.get(id).ok_or_else(Failure::no_policy)?;
    let shown = |target: &String| {
        let (arn, name, sort) = if let Some(account) = organization.accounts.get(target) {
            (organization.account_arn(target), account.name.as_str(), "ACCOUNT")
        } else if let Some(unit) = organization.units.get(target) {
            (organization.unit_arn(target), unit.name.as_str(), "ORGANIZATIONAL_UNIT")
        } else {
            (organization.root_arn(), "Root", "ROOT")
        };
        (target.clone(), json!({ "TargetId": target, "Arn": arn, "Name": name, "Type": sort }))
    };
    input.page("Targets", policy.targets.iter().map(shown).collect())
}
