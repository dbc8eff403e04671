//! Organizational units, and who is whose parent.
//!
//! Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganizationalUnit.html>.

use serde_json::{Value, json};

use super::failure::Failure;
use super::input::{Input, is_child, is_parent, is_unit};
use super::policies::attach_defaults;
use super::state::{Organization, Unit, code, managed};
use crate::call::Call;
use crate::world::World;

/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>.
const UNITS_MAX: usize = 2_000;
/// How deep units may be nested under the root.
const DEPTH_MAX: usize = 5;
const NAME_MAX: usize = 128;

pub(super) fn create(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let parent = input.id("ParentId", is_parent)?.to_owned();
    let name = input.named("Name", NAME_MAX)?.to_owned();
    let tags = input.tags()?;
    let organization = managed(world, call)?;
    if !organization.has_parent(&parent) {
        return Err(Failure::no_parent());
    }
    check_name(organization, &parent, &name, None)?;
    if organization.depth(&parent) >= DEPTH_MAX {
        let message = "You have exceeded the allowed organizational unit depth.";
        return Err(Failure::constraint("OU_DEPTH_LIMIT_EXCEEDED", message));
    }
    if organization.units.len() >= UNITS_MAX {
        return Err(Failure::constraint("OU_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of OUs."));
    }
    let root = organization.root.trim_start_matches("r-").to_owned();
    let id = format!("ou-{root}-{}", code(world, 8));
    let organization = managed(world, call)?;
    organization.units.insert(id.clone(), Unit { name, parent, tags });
    attach_defaults(organization, &id);
    shown(organization, &id)
}

/// No two units of one parent have one name.
fn check_name(organization: &Organization, parent: &str, name: &str, own: Option<&str>) -> Result<(), Failure> {
    let mut others = organization.units.iter().filter(|(id, unit)| Some(id.as_str()) != own && unit.parent == parent);
    if others.any(|(_, unit)| unit.name == name) {
        let message = "An OU with the same name already exists.";
        return Err(Failure::new("DuplicateOrganizationalUnitException", message));
    }
    Ok(())
}

fn shown(organization: &Organization, id: &str) -> Result<Value, Failure> {
    let unit = organization.units.get(id).ok_or_else(Failure::no_unit)?;
    Ok(json!({ "OrganizationalUnit": organization.show_unit(id, unit) }))
}

pub(super) fn describe(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("OrganizationalUnitId", is_unit)?;
    shown(managed(world, call)?, id)
}

pub(super) fn update(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("OrganizationalUnitId", is_unit)?;
    let organization = managed(world, call)?;
    let unit = organization.units.get(id).ok_or_else(Failure::no_unit)?;
    if input.has("Name") {
        let name = input.named("Name", NAME_MAX)?;
        check_name(organization, &unit.parent, name, Some(id))?;
        if let Some(unit) = organization.units.get_mut(id) {
            name.clone_into(&mut unit.name);
        }
    }
    shown(organization, id)
}

pub(super) fn delete(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let id = input.id("OrganizationalUnitId", is_unit)?;
    let organization = managed(world, call)?;
    if !organization.units.contains_key(id) {
        return Err(Failure::no_unit());
    }
    let holds = organization.units.values().any(|unit| unit.parent == id)
        || organization.accounts.values().any(|account| account.parent == id);
    if holds {
        return Err(Failure::new(
            "OrganizationalUnitNotEmptyException",
            "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.",
        ));
    }
    organization.units.remove(id);
    organization.policies.values_mut().for_each(|policy| {
        policy.targets.remove(id);
    });
    Ok(Value::Null)
}

pub(super) fn list_for_parent(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let parent = input.id("ParentId", is_parent)?;
    let organization = managed(world, call)?;
    if !organization.has_parent(parent) {
        return Err(Failure::no_parent());
    }
    let inside = organization.units.iter().filter(|(_, unit)| unit.parent == parent);
    input.page("OrganizationalUnits", inside.map(|(id, unit)| (id.clone(), organization.show_unit(id, unit))).collect())
}

pub(super) fn children(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let parent = input.id("ParentId", is_parent)?;
    let sort = input.word("ChildType", &["ACCOUNT", "ORGANIZATIONAL_UNIT"])?;
    let organization = managed(world, call)?;
    if !organization.has_parent(parent) {
        return Err(Failure::no_parent());
    }
    let ids: Vec<&String> = match sort {
        "ACCOUNT" => organization.accounts.iter().filter(|(_, one)| one.parent == parent).map(|(id, _)| id).collect(),
        _ => organization.units.iter().filter(|(_, one)| one.parent == parent).map(|(id, _)| id).collect(),
    };
    input.page("Children", ids.into_iter().map(|id| (id.clone(), json!({ "Id": id, "Type": sort }))).collect())
}

pub(super) fn parents(world: &mut World, call: &Call, input: &Input) -> Result<Value, Failure> {
    let child = input.id("ChildId", is_child)?;
    let organization = managed(world, call)?;
    let parent = organization
        .parent_of(child)
        .ok_or_else(|| Failure::new("ChildNotFoundException", "You specified an OU or account that doesn't exist."))?;
    let sort = if parent == organization.root { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
    input.page("Parents", vec![(parent.to_owned(), json!({ "Id": parent, "Type": sort }))])
}
