//! Users and their access keys.

use super::fault::Fault;
use super::state::{AccessKey, Grants, Identity, State, User, key};
use super::tags::KeyCase;
use super::{Context, grants, ids, names, render, tags};
use crate::xml::Xml;

/// The most users an account may have; this quota cannot be raised.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities>.
pub(super) const USERS_MAX: usize = 5000;
/// How many access keys a user may have (the same page).
pub(super) const KEYS_MAX: usize = 2;

/// The user with exactly this name.
pub(super) fn find<'a>(iam: &'a State, name: &str) -> Result<&'a User, Fault> {
    let found = iam.users.get(&key(name)).filter(|user| user.identity.name == name);
    found.ok_or_else(|| missing(name))
}

/// The user with exactly this name, to change it.
pub(super) fn find_mut<'a>(iam: &'a mut State, name: &str) -> Result<&'a mut User, Fault> {
    let found = iam.users.get_mut(&key(name)).filter(|user| user.identity.name == name);
    found.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Fault {
    Fault::no_such_entity(format!("The user with name {name} cannot be found."))
}

/// The user a call is about.
pub(super) fn named(context: &Context<'_>) -> Result<String, Fault> {
    names::name(&context.params, "UserName", names::NAME_MAX)
}

/// The user a call is about; without a name, the user that calls.
fn named_or_caller(context: &Context<'_>) -> Result<String, Fault> {
    if context.params.get("UserName").is_some() {
        return named(context);
    }
    let caller = &context.call.caller.arn;
    let own = caller.split_once(":user/").and_then(|(_, path)| path.rsplit('/').next());
    own.map(str::to_owned)
        .ok_or_else(|| Fault::validation("Must specify userName when calling with non-User credentials"))
}

/// `CreateUser`.
pub(super) fn create(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = names::name(&context.params, "UserName", names::ROLE_NAME_MAX)?;
    let path = names::path(&context.params)?;
    let tags = tags::sent(&context.params)?;
    let boundary = grants::sent_boundary(context)?;
    let users = &context.iam().users;
    if users.contains_key(&key(&name)) {
        return Err(Fault::already_exists(format!("User with name {name} already exists.")));
    }
    if users.len() >= USERS_MAX {
        return Err(Fault::quota("UsersPerAccount", USERS_MAX));
    }
    let identity = Identity {
        arn: format!("arn:aws:iam::{}:user{path}{name}", context.account()),
        id: ids::fresh(context, "AIDA"),
        created: context.now(),
        name,
        path,
    };
    let user = User { identity, grants: Grants { boundary, ..Grants::default() }, tags, keys: Vec::new() };
    out.open("User");
    render::user(&user, false, out);
    out.close();
    let iam = context.iam_mut();
    iam.principals.insert(user.identity.id.clone(), user.identity.arn.clone());
    iam.users.insert(key(&user.identity.name), user);
    Ok(())
}

/// `GetUser`. Who asks for itself is shown even if IAM does not know it: the root of an account has no name, and the
/// administrator every account of the sandbox has stands in no list.
pub(super) fn get(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let caller = &context.call.caller;
    let root = caller.arn.ends_with(":root");
    if context.params.get("UserName").is_none() && (root || !context.iam().has_principal(&caller.arn)) {
        let name = if root { None } else { Some(named_or_caller(context)?) };
        out.open("User").leaf("Path", "/").leaf_if("UserName", name).leaf("UserId", &caller.user_id);
        out.leaf("Arn", &caller.arn).leaf("CreateDate", super::managed::CREATED).close();
        return Ok(());
    }
    let name = named_or_caller(context)?;
    out.open("User");
    render::user(find(context.iam(), &name)?, false, out);
    out.close();
    Ok(())
}

/// `ListUsers`.
pub(super) fn list(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let prefix = names::path_prefix(&context.params)?;
    let paging = context.params.paging()?;
    let fitting = context.iam().users.iter().filter(|(_, user)| user.identity.path.starts_with(&prefix));
    let page = paging.cut(fitting, |(key, _)| (*key).clone());
    out.open("Users");
    for (_, user) in page.items {
        out.open("member");
        render::user(user, true, out);
        out.close();
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `DeleteUser`.
pub(super) fn delete(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let iam = context.iam_mut();
    let user = find(iam, &name)?;
    let id = user.identity.id.clone();
    grants::check_empty(&user.grants)?;
    if !user.keys.is_empty() {
        return Err(Fault::delete_conflict("Cannot delete entity, must delete access keys first."));
    }
    if iam.groups.values().any(|group| group.members.contains(&key(&name))) {
        return Err(Fault::delete_conflict("Cannot delete entity, must remove users from group first."));
    }
    iam.users.remove(&key(&name));
    iam.principals.remove(&id);
    Ok(())
}

/// `TagUser`.
pub(super) fn tag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let new = tags::required(&context.params)?;
    tags::set(&mut find_mut(context.iam_mut(), &name)?.tags, new, KeyCase::Ignored)
}

/// `UntagUser`.
pub(super) fn untag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let keys = tags::keys(&context.params)?;
    tags::unset(&mut find_mut(context.iam_mut(), &name)?.tags, &keys, KeyCase::Ignored);
    Ok(())
}

/// `ListUserTags`.
pub(super) fn list_tags(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    tags::list(context, &find(context.iam(), &name)?.tags, out)
}

/// `CreateAccessKey`: the only time the secret is shown.
pub(super) fn create_key(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named_or_caller(context)?;
    if find(context.iam(), &name)?.keys.len() >= KEYS_MAX {
        return Err(Fault::quota("AccessKeysPerUser", KEYS_MAX));
    }
    let (id, secret) = ids::access_key(context);
    let created = context.now();
    out.open("AccessKey").leaf("UserName", &name).leaf("AccessKeyId", &id).leaf("Status", "Active");
    out.leaf("SecretAccessKey", secret).leaf("CreateDate", &created).close();
    find_mut(context.iam_mut(), &name)?.keys.push(AccessKey { id, active: true, created });
    Ok(())
}

/// `ListAccessKeys`.
pub(super) fn list_keys(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named_or_caller(context)?;
    let paging = context.params.paging()?;
    let mut keys: Vec<&AccessKey> = find(context.iam(), &name)?.keys.iter().collect();
    keys.sort_by(|a, b| a.id.cmp(&b.id));
    let page = paging.cut(keys, |held| held.id.clone());
    out.open("AccessKeyMetadata");
    for held in page.items {
        out.open("member").leaf("UserName", &name).leaf("AccessKeyId", &held.id);
        out.leaf("Status", if held.active { "Active" } else { "Inactive" }).leaf("CreateDate", &held.created).close();
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `UpdateAccessKey`.
pub(super) fn update_key(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named_or_caller(context)?;
    let id = context.params.required("AccessKeyId")?.to_owned();
    context.params.required("Status")?;
    let active = context.params.word("Status", &["Active", "Inactive"])? == Some("Active");
    let user = find_mut(context.iam_mut(), &name)?;
    let held = user.keys.iter_mut().find(|held| held.id == id).ok_or_else(|| missing_key(&id))?;
    held.active = active;
    Ok(())
}

/// `DeleteAccessKey`.
pub(super) fn delete_key(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named_or_caller(context)?;
    let id = context.params.required("AccessKeyId")?.to_owned();
    let user = find_mut(context.iam_mut(), &name)?;
    let index = user.keys.iter().position(|held| held.id == id).ok_or_else(|| missing_key(&id))?;
    user.keys.remove(index);
    Ok(())
}

fn missing_key(id: &str) -> Fault {
    Fault::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}
