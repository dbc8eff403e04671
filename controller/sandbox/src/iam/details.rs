//! `GetAccountAuthorizationDetails`: everything about who may do what, in one list.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::policies::{PolicyView, Shown, write_version};
use super::query::not_in_set;
use super::state::{Group, InstanceProfile, Policy, Role, State, Usage, User, key};
use super::{Context, managed, render, tags, trust};
use crate::xml::Xml;

/// What the list can be narrowed to.
pub(super) const ENTITY_TYPES: [&str; 5] = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];

/// One entity; the list goes through them in this order.
enum Entry<'a> {
    User(&'a User),
    Group(&'a Group),
    Role(&'a Role),
    Own(&'a Policy),
    Aws(managed::AwsPolicy),
}

impl Entry<'_> {
    fn key(&self) -> String {
        match self {
            Self::User(user) => format!("0/{}", key(&user.identity.name)),
            Self::Group(group) => format!("1/{}", key(&group.identity.name)),
            Self::Role(role) => format!("2/{}", key(&role.identity.name)),
            Self::Own(policy) => format!("3/{}", key(&policy.identity.name)),
            Self::Aws(policy) => format!("4/{}", policy.arn()),
        }
    }
}

/// `GetAccountAuthorizationDetails`. The page counts entities of all sorts together. Of AWS's own policies only those in
/// use are there.
pub(super) fn get(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let filter = context.params.list("Filter");
    if let Some((index, word)) = filter.iter().enumerate().find(|(_, word)| !ENTITY_TYPES.contains(word)) {
        return Err(not_in_set(word, &format!("filter.{}.member", index + 1), &ENTITY_TYPES));
    }
    let wanted = |kind: &str| filter.is_empty() || filter.contains(&kind);
    let paging = context.params.paging()?;
    let iam = context.iam();
    let usage = iam.usage();

    let users = iam.users.values().filter(|_| wanted("User")).map(Entry::User);
    let groups = iam.groups.values().filter(|_| wanted("Group")).map(Entry::Group);
    let roles = iam.roles.values().filter(|_| wanted("Role")).map(Entry::Role);
    let own = iam.policies.values().filter(|_| wanted("LocalManagedPolicy")).map(Entry::Own);
    let in_use = usage.keys().filter(|_| wanted("AWSManagedPolicy"));
    let aws = in_use.filter_map(|arn| managed::find(arn)).map(Entry::Aws);
    let page = paging.cut(users.chain(groups).chain(roles).chain(own).chain(aws), Entry::key);

    write(context, &page.items, &usage, out);
    render::end_of_page(page.marker, out);
    Ok(())
}

fn write(context: &Context<'_>, entries: &[Entry<'_>], usage: &BTreeMap<&str, Usage>, out: &mut Xml) {
    let iam = context.iam();
    out.open("UserDetailList");
    for entry in entries {
        if let Entry::User(user) = entry {
            out.open("member");
            write_user(iam, user, out);
            out.close();
        }
    }
    out.close().open("GroupDetailList");
    for entry in entries {
        if let Entry::Group(group) = entry {
            out.open("member");
            render::group(group, out);
            render::inline("GroupPolicyList", &group.grants, out);
            render::attached("AttachedManagedPolicies", &group.grants.attached, out);
            out.close();
        }
    }
    out.close().open("RoleDetailList");
    let profiles = profiles_by_role(iam);
    for entry in entries {
        if let Entry::Role(role) = entry {
            let held = profiles.get(&key(&role.identity.name)).map(Vec::as_slice).unwrap_or_default();
            out.open("member");
            write_role(context, role, held, out);
            out.close();
        }
    }
    out.close().open("Policies");
    for entry in entries {
        match entry {
            Entry::Own(policy) => write_own(policy, usage, out),
            Entry::Aws(policy) => write_aws(*policy, usage, out),
            Entry::User(_) | Entry::Group(_) | Entry::Role(_) => {}
        }
    }
    out.close();
}

fn profiles_by_role(iam: &State) -> BTreeMap<&String, Vec<&InstanceProfile>> {
    let mut profiles: BTreeMap<&String, Vec<&InstanceProfile>> = BTreeMap::new();
    for profile in iam.instance_profiles.values() {
        if let Some(role) = &profile.role {
            profiles.entry(role).or_default().push(profile);
        }
    }
    profiles
}

fn write_user(iam: &State, user: &User, out: &mut Xml) {
    render::identity("User", &user.identity, out);
    if !user.grants.inline.is_empty() {
        render::inline("UserPolicyList", &user.grants, out);
    }
    let name = key(&user.identity.name);
    out.open("GroupList");
    for group in iam.groups.values().filter(|group| group.members.contains(&name)) {
        out.leaf("member", &group.identity.name);
    }
    out.close();
    render::attached("AttachedManagedPolicies", &user.grants.attached, out);
    render::boundary(&user.grants, out);
    tags::write(&user.tags, out);
}

/// A `RoleDetail` has neither description nor session length.
fn write_role(context: &Context<'_>, role: &Role, profiles: &[&InstanceProfile], out: &mut Xml) {
    render::identity("Role", &role.identity, out);
    out.leaf("AssumeRolePolicyDocument", render::encoded(&trust::show(context.world, &role.trust)));
    out.open("InstanceProfileList");
    for profile in profiles {
        out.open("member");
        render::instance_profile(context, context.iam(), profile, false, out);
        out.close();
    }
    out.close();
    render::inline("RolePolicyList", &role.grants, out);
    render::attached("AttachedManagedPolicies", &role.grants.attached, out);
    render::boundary(&role.grants, out);
    tags::write(&role.tags, out);
    out.open("RoleLastUsed").close();
}

/// A `ManagedPolicyDetail` has neither tags nor, whatever its type says, a description.
fn write_own(policy: &Policy, usage: &BTreeMap<&str, Usage>, out: &mut Xml) {
    let used = usage.get(policy.identity.arn.as_str()).copied().unwrap_or_default();
    out.open("member");
    Shown::from(policy).write(used, PolicyView::Listed, out);
    out.open("PolicyVersionList");
    for (number, version) in policy.versions.iter().rev() {
        out.open("member");
        write_version(*number, policy.default_version, &version.created, Some(&version.document), out);
        out.close();
    }
    out.close().close();
}

fn write_aws(policy: managed::AwsPolicy, usage: &BTreeMap<&str, Usage>, out: &mut Xml) {
    let used = usage.get(policy.arn().as_str()).copied().unwrap_or_default();
    out.open("member");
    Shown::from(policy).write(used, PolicyView::Listed, out);
    out.open("PolicyVersionList").open("member");
    write_version(1, 1, managed::CREATED, Some(&policy.document()), out);
    out.close().close().close();
}
