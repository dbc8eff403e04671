//! Accounts that are there: read, moved, closed.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_MoveAccount.html> and
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html>.

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, is_account, is_parent};
use super::state::{ACTIVE, managed};
use crate::call::Call;
use crate::world::World;

pub(super) fn describe(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("AccountId", is_account)?;
    let organization = managed(world, call)?;
    let account = organization.accounts.get(id).ok_or_else(Failure::no_account)?;
    Ok(json!({ "Account": organization.show_account(id, account) }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let organization = managed(world, call)?;
    let all = organization.accounts.iter();
    input.page("Accounts", all.map(|(id, one)| (id.clone(), organization.show_account(id, one))).collect())
}

pub(super) fn list_for_parent(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let parent = input.id("ParentId", is_parent)?;
    let organization = managed(world, call)?;
    if !organization.has_parent(parent) {
        return Err(Failure::no_parent());
    }
    let inside = organization.accounts.iter().filter(|(_, account)| account.parent == parent);
    input.page("Accounts", inside.map(|(id, one)| (id.clone(), organization.show_account(id, one))).collect())
}

pub(super) fn move_to(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("AccountId", is_account)?;
    let source = input.id("SourceParentId", is_parent)?;
    let destination = input.id("DestinationParentId", is_parent)?;
    let organization = managed(world, call)?;
    let account = organization.accounts.get(id).ok_or_else(Failure::no_account)?;
    if account.parent == destination {
        let message = "That account is already present in the specified destination.";
        return Err(Failure::new("DuplicateAccountException", message));
    }
    if account.parent != source {
        let message = "We can't find a source root or OU with the ParentId that you specified.";
        return Err(Failure::new("SourceParentNotFoundException", message));
    }
    if !organization.has_parent(destination) {
        let message = "We can't find the destination container (a root or OU) with the ParentId that you specified.";
        return Err(Failure::new("DestinationParentNotFoundException", message));
    }
    if let Some(account) = organization.accounts.get_mut(id) {
        destination.clone_into(&mut account.parent);
    }
    Ok(Value::Null)
}

pub(super) fn close(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("AccountId", is_account)?;
    let organization = managed(world, call)?;
    if id == organization.management {
        let message = "You can't close the management account.";
        return Err(Failure::constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", message));
    }
    let account = organization.accounts.get_mut(id).ok_or_else(Failure::no_account)?;
    if account.state == "SUSPENDED" {
        let message = "You attempted to close an account that is already closed.";
        return Err(Failure::new("AccountAlreadyClosedException", message));
    }
    if account.state != ACTIVE {
        return Err(Failure::new(
            "ConflictException",
            "The request failed because it conflicts with the current state of the specified resource.",
        ));
    }
    "PENDING_CLOSURE".clone_into(&mut account.state);
    Ok(Value::Null)
}
