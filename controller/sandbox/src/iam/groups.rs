//! Groups and who is in them.

use std::collections::BTreeSet;

use super::fault::Fault;
use super::state::{Grants, Group, Identity, State, key};
use super::{Context, grants, ids, names, render, users};
use crate::xml::Xml;

/// The most groups an account may have, with the quota raised as far as it goes.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities>.
pub(super) const GROUPS_MAX: usize = 500;
/// How many groups a user may be in (the same page).
pub(super) const GROUPS_PER_USER_MAX: usize = 10;

/// The group with exactly this name.
pub(super) fn find<'a>(iam: &'a State, name: &str) -> Result<&'a Group, Fault> {
    let found = iam.groups.get(&key(name)).filter(|group| group.identity.name == name);
    found.ok_or_else(|| missing(name))
}

/// The group with exactly this name, to change it.
pub(super) fn find_mut<'a>(iam: &'a mut State, name: &str) -> Result<&'a mut Group, Fault> {
    let found = iam.groups.get_mut(&key(name)).filter(|group| group.identity.name == name);
    found.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Fault {
    Fault::no_such_entity(format!("The group with name {name} cannot be found."))
}

fn named(context: &Context<'_>) -> Result<String, Fault> {
    names::name(&context.params, "GroupName", names::NAME_MAX)
}

/// `CreateGroup`.
pub(super) fn create(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let path = names::path(&context.params)?;
    let groups = &context.iam().groups;
    if groups.contains_key(&key(&name)) {
        return Err(Fault::already_exists(format!("Group with name {name} already exists.")));
    }
    if groups.len() >= GROUPS_MAX {
        return Err(Fault::quota("GroupsPerAccount", GROUPS_MAX));
    }
    let identity = Identity {
        arn: format!("arn:aws:iam::{}:group{path}{name}", context.account()),
        id: ids::fresh(context, "AGPA"),
        created: context.now(),
        name,
        path,
    };
    let group = Group { identity, grants: Grants::default(), members: BTreeSet::new() };
    out.open("Group");
    render::group(&group, out);
    out.close();
    context.iam_mut().groups.insert(key(&group.identity.name), group);
    Ok(())
}

/// `GetGroup`: the group and a page of its users.
pub(super) fn get(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let paging = context.params.paging()?;
    let iam = context.iam();
    let group = find(iam, &name)?;
    let page = paging.cut(&group.members, |member| (*member).clone());
    out.open("Group");
    render::group(group, out);
    out.close().open("Users");
    for user in page.items.into_iter().filter_map(|member| iam.users.get(member)) {
        out.open("member");
        render::user(user, true, out);
        out.close();
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `ListGroups`.
pub(super) fn list(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let prefix = names::path_prefix(&context.params)?;
    write_list(context, |group| group.identity.path.starts_with(&prefix), out)
}

/// `ListGroupsForUser`.
pub(super) fn list_for_user(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let user = users::named(context)?;
    users::find(context.iam(), &user)?;
    let user = key(&user);
    write_list(context, |group| group.members.contains(&user), out)
}

fn write_list(context: &Context<'_>, wanted: impl Fn(&Group) -> bool, out: &mut Xml) -> Result<(), Fault> {
    let paging = context.params.paging()?;
    let fitting = context.iam().groups.iter().filter(|(_, group)| wanted(group));
    let page = paging.cut(fitting, |(key, _)| (*key).clone());
    out.open("Groups");
    for (_, group) in page.items {
        out.open("member");
        render::group(group, out);
        out.close();
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `UpdateGroup`: another name, another path, or both. The unique id, the users and the policies stay.
pub(super) fn update(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let new_name = match context.params.get("NewGroupName") {
        Some(_) => Some(names::name(&context.params, "NewGroupName", names::NAME_MAX)?),
        None => None,
    };
    let new_path = names::new_path(&context.params)?;
    let account = context.account().to_owned();
    let iam = context.iam_mut();
    find(iam, &name)?;
    if let Some(taken) = new_name.as_ref().filter(|new| key(new) != key(&name) && iam.groups.contains_key(&key(new))) {
        return Err(Fault::already_exists(format!("Group with name {taken} already exists.")));
    }
    let Some(mut group) = iam.groups.remove(&key(&name)) else { return Err(missing(&name)) };
    group.identity.move_to(&account, "group", new_name, new_path);
    iam.groups.insert(key(&group.identity.name), group);
    Ok(())
}

/// `DeleteGroup`.
pub(super) fn delete(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let name = named(context)?;
    let group = find(context.iam(), &name)?;
    if !group.members.is_empty() {
        return Err(Fault::delete_conflict("Cannot delete entity, must remove users from group first."));
    }
    grants::check_empty(&group.grants)?;
    context.iam_mut().groups.remove(&key(&name));
    Ok(())
}

/// `AddUserToGroup`. Adding twice is no error.
pub(super) fn add_user(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let (name, user) = (named(context)?, users::named(context)?);
    let iam = context.iam();
    users::find(iam, &user)?;
    let user = key(&user);
    let others =
        iam.groups.values().filter(|group| group.members.contains(&user) && group.identity.name != name).count();
    if others >= GROUPS_PER_USER_MAX {
        return Err(Fault::quota("GroupsPerUser", GROUPS_PER_USER_MAX));
    }
    find_mut(context.iam_mut(), &name)?.members.insert(user);
    Ok(())
}

/// `RemoveUserFromGroup`.
pub(super) fn remove_user(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let (name, user) = (named(context)?, users::named(context)?);
    users::find(context.iam(), &user)?;
    let removed = find_mut(context.iam_mut(), &name)?.members.remove(&key(&user));
    if removed { Ok(()) } else { Err(Fault::no_such_entity(format!("User {user} is not in group {name}."))) }
}
