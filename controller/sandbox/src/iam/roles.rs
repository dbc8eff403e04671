//! Roles.

use super::fault::Fault;
use super::render::{self, RoleView};
use super::state::{Grants, Identity, Role, State, key};
use super::tags::KeyCase;
use super::{Context, grants, ids, names, tags, trust};
use crate::xml::Xml;

/// The most roles an account may have, with the quota raised as far as it goes.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities>.
pub(super) const ROLES_MAX: usize = 10_000;

/// The session length of a role that says none, in seconds.
pub(super) const SESSION_SECONDS_DEFAULT: u32 = 3600;

/// Where the roles live that only a service may change.
pub(super) const SERVICE_LINKED: &str = "/aws-service-role/";

/// The role with exactly this name.
pub(super) fn find<'a>(iam: &'a State, name: &str) -> Result<&'a Role, Fault> {
    let found = iam.roles.get(&key(name)).filter(|role| role.identity.name == name);
    found.ok_or_else(|| missing(name))
}

/// The role with exactly this name, to change it.
pub(super) fn find_mut<'a>(iam: &'a mut State, name: &str) -> Result<&'a mut Role, Fault> {
    let found = iam.roles.get_mut(&key(name)).filter(|role| role.identity.name == name);
    let role = found.ok_or_else(|| missing(name))?;
    if role.identity.path.starts_with(SERVICE_LINKED) { Err(Fault::unmodifiable(name)) } else { Ok(role) }
}

/// The same, service-linked roles too: their description and tags are anyone's to change.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html#edit-service-linked-role>.
fn find_any_mut<'a>(iam: &'a mut State, name: &str) -> Result<&'a mut Role, Fault> {
    let found = iam.roles.get_mut(&key(name)).filter(|role| role.identity.name == name);
    found.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Fault {
    Fault::no_such_entity(format!("The role with name {name} cannot be found."))
}

/// The role a call is about.
fn named(context: &Context<'_>) -> Result<String, Fault> {
    names::name(&context.params, "RoleName", names::ROLE_NAME_MAX)
}

/// `CreateRole`.
pub(super) fn create(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let path = names::path(&context.params)?;
    let description = names::description(&context.params)?.filter(|text| !text.is_empty());
    let seconds = session_seconds(context)?.unwrap_or(SESSION_SECONDS_DEFAULT);
    let text = names::document(&context.params, "AssumeRolePolicyDocument")?;
    let tags = tags::sent(&context.params)?;
    if path.starts_with(SERVICE_LINKED) || path.starts_with("/aws-reserved/") {
        return Err(Fault::invalid_input(format!("The path {path} is reserved for roles of AWS services.")));
    }
    let iam = context.iam();
    if iam.roles.contains_key(&key(&name)) {
        return Err(Fault::already_exists(format!("Role with name {name} already exists.")));
    }
    if iam.roles.len() >= ROLES_MAX {
        return Err(Fault::quota("RolesPerAccount", ROLES_MAX));
    }
    let boundary = grants::sent_boundary(context)?;
    let trust = trust::store(context.world, text)?;
    let identity = Identity {
        arn: format!("arn:aws:iam::{}:role{path}{name}", context.account()),
        id: ids::fresh(context, "AROA"),
        created: context.now(),
        name,
        path,
    };
    let role = Role {
        identity,
        trust,
        description,
        session_seconds_max: seconds,
        grants: Grants { boundary, ..Grants::default() },
        tags,
    };
    out.open("Role");
    render::role(context.world, &role, RoleView::Created, out);
    out.close();
    let iam = context.iam_mut();
    iam.principals.insert(role.identity.id.clone(), role.identity.arn.clone());
    iam.roles.insert(key(&role.identity.name), role);
    Ok(())
}

/// `GetRole`.
pub(super) fn get(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let role = find(context.iam(), &name)?;
    out.open("Role");
    render::role(context.world, role, RoleView::Whole, out);
    out.close();
    Ok(())
}

/// `ListRoles`.
pub(super) fn list(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let prefix = names::path_prefix(&context.params)?;
    let paging = context.params.paging()?;
    let fitting = context.iam().roles.iter().filter(|(_, role)| role.identity.path.starts_with(&prefix));
    let page = paging.cut(fitting, |(key, _)| (*key).clone());
    out.open("Roles");
    for (_, role) in page.items {
        out.open("member");
        render::role(context.world, role, RoleView::Listed, out);
        out.close();
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `UpdateRole`: a description that is not sent stays, a session length that is not sent falls back to the default, as
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html> says of it.
pub(super) fn update(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let description = names::description(&context.params)?;
    let seconds = session_seconds(context)?;
    let role = find_mut(context.iam_mut(), &name)?;
    if let Some(description) = description {
        role.description = Some(description).filter(|text| !text.is_empty());
    }
    role.session_seconds_max = seconds.unwrap_or(SESSION_SECONDS_DEFAULT);
    Ok(())
}

/// `UpdateRoleDescription`.
pub(super) fn update_description(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    context.params.required("Description")?;
    let description = names::description(&context.params)?;
    find_any_mut(context.iam_mut(), &name)?.description = description.filter(|text| !text.is_empty());
    get(context, out)
}

/// `UpdateAssumeRolePolicy`.
pub(super) fn update_trust(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let text = names::document(&context.params, "PolicyDocument")?;
    find(context.iam(), &name)?;
    let trust = trust::store(context.world, text)?;
    find_mut(context.iam_mut(), &name)?.trust = trust;
    Ok(())
}

/// `DeleteRole`.
pub(super) fn delete(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let iam = context.iam_mut();
    let role = find_mut(iam, &name)?;
    let id = role.identity.id.clone();
    grants::check_empty(&role.grants)?;
    if iam.instance_profiles.values().any(|profile| profile.role.as_deref() == Some(key(&name).as_str())) {
        return Err(Fault::delete_conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    iam.roles.remove(&key(&name));
    iam.principals.remove(&id);
    Ok(())
}

/// `TagRole`.
pub(super) fn tag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let new = tags::required(&context.params)?;
    tags::set(&mut find_any_mut(context.iam_mut(), &name)?.tags, new, KeyCase::Ignored)
}

/// `UntagRole`.
pub(super) fn untag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let keys = tags::keys(&context.params)?;
    tags::unset(&mut find_any_mut(context.iam_mut(), &name)?.tags, &keys, KeyCase::Ignored);
    Ok(())
}

/// `ListRoleTags`.
pub(super) fn list_tags(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    tags::list(context, &find(context.iam(), &name)?.tags, out)
}

fn session_seconds(context: &Context<'_>) -> Result<Option<u32>, Fault> {
    context.params.number("MaxSessionDuration", SESSION_SECONDS_DEFAULT, 43_200)
}
