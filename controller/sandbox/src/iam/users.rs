//! Users and their access keys.

use super::fault::Fault;
use super::state::{AccessKey, Grants, Identity, LoginProfile, State, User, key};
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
    let grants = Grants { boundary, ..Grants::default() };
    let user = User { identity, grants, tags, keys: Vec::new(), login_profile: None };
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

/// `UpdateUser`: another name, another path, or both. The unique id, the keys and the groups stay.
pub(super) fn update(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let new_name = match context.params.get("NewUserName") {
        Some(_) => Some(names::name(&context.params, "NewUserName", names::ROLE_NAME_MAX)?),
        None => None,
    };
    let new_path = names::new_path(&context.params)?;
    let account = context.account().to_owned();
    let iam = context.iam_mut();
    find(iam, &name)?;
    if let Some(taken) = new_name.as_ref().filter(|new| key(new) != key(&name) && iam.users.contains_key(&key(new))) {
        return Err(Fault::already_exists(format!("User with name {taken} already exists.")));
    }
    let Some(mut user) = iam.users.remove(&key(&name)) else { return Err(missing(&name)) };
    user.identity.move_to(&account, "user", new_name, new_path);
    let new_key = key(&user.identity.name);
    for group in iam.groups.values_mut() {
        if group.members.remove(&key(&name)) {
            group.members.insert(new_key.clone());
        }
    }
    iam.principals.insert(user.identity.id.clone(), user.identity.arn.clone());
    iam.users.insert(new_key, user);
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
    if user.login_profile.is_some() {
        return Err(Fault::delete_conflict("Cannot delete entity, must delete login profile first."));
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

/// `CreateLoginProfile`. The password is checked and forgotten.
pub(super) fn create_login_profile(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named_or_caller(context)?;
    let reset_required = context.params.flag("PasswordResetRequired")?.unwrap_or(false);
    check_password(context, context.params.required("Password")?)?;
    if find(context.iam(), &name)?.login_profile.is_some() {
        return Err(Fault::already_exists(format!("Login Profile for user {name} already exists.")));
    }
    let profile = LoginProfile { created: context.now(), reset_required };
    write_login_profile(&name, &profile, out);
    find_mut(context.iam_mut(), &name)?.login_profile = Some(profile);
    Ok(())
}

/// `GetLoginProfile`.
pub(super) fn get_login_profile(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named_or_caller(context)?;
    let profile = find(context.iam(), &name)?.login_profile.as_ref();
    write_login_profile(&name, profile.ok_or_else(|| missing_login_profile(&name))?, out);
    Ok(())
}

/// `UpdateLoginProfile`: another password, or whether the next sign-in must choose one.
pub(super) fn update_login_profile(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let reset_required = context.params.flag("PasswordResetRequired")?;
    if let Some(password) = context.params.get("Password") {
        check_password(context, password)?;
    }
    let profile = find_mut(context.iam_mut(), &name)?.login_profile.as_mut();
    let profile = profile.ok_or_else(|| missing_login_profile(&name))?;
    profile.reset_required = reset_required.unwrap_or(profile.reset_required);
    Ok(())
}

/// `DeleteLoginProfile`.
pub(super) fn delete_login_profile(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named_or_caller(context)?;
    let profile = find_mut(context.iam_mut(), &name)?.login_profile.take();
    profile.map(drop).ok_or_else(|| missing_login_profile(&name))
}

fn write_login_profile(name: &str, profile: &LoginProfile, out: &mut Xml) {
    out.open("LoginProfile").leaf("UserName", name).leaf("CreateDate", &profile.created);
    out.leaf("PasswordResetRequired", profile.reset_required).close();
}

fn missing_login_profile(name: &str) -> Fault {
    Fault::no_such_entity(format!("Login Profile for User {name} cannot be found."))
}

/// A password as the account asks for it: without a policy of its own, as AWS's default one does.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>.
fn check_password(context: &Context<'_>, password: &str) -> Result<(), Fault> {
    let count = password.chars().count();
    if !(1..=128).contains(&count) {
        let rule = "have length less than or equal to 128 and greater than or equal to 1";
        return Err(Fault::constraint("", "password", rule));
    }
    let has = |of: &dyn Fn(char) -> bool| password.chars().any(of);
    let sorts = [
        has(&|c| c.is_ascii_uppercase()),
        has(&|c| c.is_ascii_lowercase()),
        has(&|c| c.is_ascii_digit()),
        has(&|c| "!@#$%^&*()_+-=[]{}|'".contains(c)),
    ];
    let fault = |rule: &str| {
        Err(Fault::password_policy(format!("Password does not conform to the account password policy: {rule}")))
    };
    let Some(policy) = &context.iam().password_policy else {
        if count < 8 {
            return fault("it must have at least 8 characters");
        }
        if sorts.iter().filter(|has| **has).count() < 3 {
            return fault("it must have three of: uppercase, lowercase, numbers, symbols");
        }
        return Ok(());
    };
    if count < usize::try_from(policy.minimum_length).unwrap_or(usize::MAX) {
        return fault(&format!("it must have at least {} characters", policy.minimum_length));
    }
    let asked = [policy.uppercase, policy.lowercase, policy.numbers, policy.symbols];
    if asked.into_iter().zip(sorts).any(|(asked, has)| asked && !has) {
        return fault("it lacks a sort of characters");
    }
    Ok(())
}
