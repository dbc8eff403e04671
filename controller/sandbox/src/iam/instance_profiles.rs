//! Instance profiles.

use super::fault::Fault;
use super::query::Page;
use super::state::{Identity, InstanceProfile, State, key};
use super::tags::KeyCase;
use super::{Context, ids, names, render, roles, tags};
use crate::xml::Xml;

/// The most instance profiles an account may have, with the quota raised as far as it goes.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities>.
pub(super) const INSTANCE_PROFILES_MAX: usize = 10_000;

fn find<'a>(iam: &'a State, name: &str) -> Result<&'a InstanceProfile, Fault> {
    let found = iam.instance_profiles.get(&key(name)).filter(|profile| profile.identity.name == name);
    found.ok_or_else(|| missing(name))
}

fn find_mut<'a>(iam: &'a mut State, name: &str) -> Result<&'a mut InstanceProfile, Fault> {
    let found = iam.instance_profiles.get_mut(&key(name)).filter(|profile| profile.identity.name == name);
    found.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Fault {
    Fault::no_such_entity(format!("Instance Profile {name} cannot be found."))
}

fn named(context: &Context<'_>) -> Result<String, Fault> {
    names::name(&context.params, "InstanceProfileName", names::NAME_MAX)
}

fn named_role(context: &Context<'_>) -> Result<String, Fault> {
    names::name(&context.params, "RoleName", names::ROLE_NAME_MAX)
}

/// `CreateInstanceProfile`.
pub(super) fn create(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let path = names::path(&context.params)?;
    let tags = tags::sent(&context.params)?;
    let profiles = &context.iam().instance_profiles;
    if profiles.contains_key(&key(&name)) {
        return Err(Fault::already_exists(format!("Instance Profile {name} already exists.")));
    }
    if profiles.len() >= INSTANCE_PROFILES_MAX {
        return Err(Fault::quota("InstanceProfilesPerAccount", INSTANCE_PROFILES_MAX));
    }
    let identity = Identity {
        arn: format!("arn:aws:iam::{}:instance-profile{path}{name}", context.account()),
        id: ids::fresh(context, "AIPA"),
        created: context.now(),
        name,
        path,
    };
    let profile = InstanceProfile { identity, role: None, tags };
    out.open("InstanceProfile");
    render::instance_profile(context, context.iam(), &profile, true, out);
    out.close();
    context.iam_mut().instance_profiles.insert(key(&profile.identity.name), profile);
    Ok(())
}

/// `GetInstanceProfile`.
pub(super) fn get(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let iam = context.iam();
    out.open("InstanceProfile");
    render::instance_profile(context, iam, find(iam, &name)?, true, out);
    out.close();
    Ok(())
}

/// `ListInstanceProfiles`.
pub(super) fn list(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let prefix = names::path_prefix(&context.params)?;
    let paging = context.params.paging()?;
    let profiles = context.iam().instance_profiles.iter();
    let fitting = profiles.filter(|(_, profile)| profile.identity.path.starts_with(&prefix));
    write_page(context, paging.cut(fitting, |(key, _)| (*key).clone()), out);
    Ok(())
}

/// `ListInstanceProfilesForRole`.
pub(super) fn list_for_role(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let role = named_role(context)?;
    let paging = context.params.paging()?;
    roles::find(context.iam(), &role)?;
    let role = key(&role);
    let profiles = context.iam().instance_profiles.iter();
    let holding = profiles.filter(|(_, profile)| profile.role.as_ref() == Some(&role));
    write_page(context, paging.cut(holding, |(key, _)| (*key).clone()), out);
    Ok(())
}

fn write_page(context: &Context<'_>, page: Page<(&String, &InstanceProfile)>, out: &mut Xml) {
    out.open("InstanceProfiles");
    for (_, profile) in page.items {
        out.open("member");
        render::instance_profile(context, context.iam(), profile, false, out);
        out.close();
    }
    out.close();
    render::end_of_page(page.marker, out);
}

/// `AddRoleToInstanceProfile`.
pub(super) fn add_role(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let (name, role) = (named(context)?, named_role(context)?);
    find(context.iam(), &name)?;
    roles::find_mut(context.iam_mut(), &role)?;
    let profile = find_mut(context.iam_mut(), &name)?;
    if profile.role.is_some() {
        return Err(Fault::quota("InstanceSessionsPerInstanceProfile", 1));
    }
    profile.role = Some(key(&role));
    Ok(())
}

/// `RemoveRoleFromInstanceProfile`.
pub(super) fn remove_role(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let (name, role) = (named(context)?, named_role(context)?);
    find(context.iam(), &name)?;
    roles::find_mut(context.iam_mut(), &role)?;
    let profile = find_mut(context.iam_mut(), &name)?;
    if profile.role.as_deref() != Some(key(&role).as_str()) {
        return Err(Fault::no_such_entity(format!(
            "The role with name {role} cannot be found in the instance profile {name}."
        )));
    }
    profile.role = None;
    Ok(())
}

/// `DeleteInstanceProfile`.
pub(super) fn delete(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    if find(context.iam(), &name)?.role.is_some() {
        return Err(Fault::delete_conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    context.iam_mut().instance_profiles.remove(&key(&name));
    Ok(())
}

/// `TagInstanceProfile`.
pub(super) fn tag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let new = tags::required(&context.params)?;
    tags::set(&mut find_mut(context.iam_mut(), &name)?.tags, new, KeyCase::Matters)
}

/// `UntagInstanceProfile`.
pub(super) fn untag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let keys = tags::keys(&context.params)?;
    tags::unset(&mut find_mut(context.iam_mut(), &name)?.tags, &keys, KeyCase::Matters);
    Ok(())
}

/// `ListInstanceProfileTags`.
pub(super) fn list_tags(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    tags::list(context, &find(context.iam(), &name)?.tags, out)
}
