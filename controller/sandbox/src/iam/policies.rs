//! Managed policies.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{self, DocumentUse};
use super::fault::Fault;
use super::managed::AwsPolicy;
use super::query::not_in_set;
use super::state::{Grants, Identity, Policy, PolicyVersion, State, Tag, Usage, key};
use super::tags::KeyCase;
use super::{Context, ids, managed, names, render, tags};
use crate::xml::Xml;

/// The most customer managed policies an account may have, with the quota raised as far as it goes.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities>.
pub(super) const POLICIES_MAX: usize = 10_000;
/// How long a managed policy may be, and how many versions it may have (the same page).
const SIZE_MAX: usize = 6144;
const VERSIONS_MAX: usize = 5;

/// A managed policy of either sort, as an answer shows it.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) identity: Identity,
    default_version: u32,
    description: Option<&'a str>,
    updated: &'a str,
    tags: &'a [Tag],
}

/// How much of a policy an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyView {
    /// Neither description nor tags.
    Listed,
    /// CreatePolicy: the tags, but not the description.
    Created,
    /// GetPolicy: everything.
    Whole,
}

impl<'a> From<&'a Policy> for Shown<'a> {
    fn from(policy: &'a Policy) -> Self {
        Self {
            identity: policy.identity.clone(),
            default_version: policy.default_version,
            description: policy.description.as_deref(),
            updated: &policy.updated,
            tags: &policy.tags,
        }
    }
}

impl From<AwsPolicy> for Shown<'_> {
    fn from(policy: AwsPolicy) -> Self {
        let arn = policy.arn();
        let identity = Identity {
            name: managed::name_of(&arn).to_owned(),
            path: managed::path_of(&arn).to_owned(),
            id: ids::from_name("ANPA", &arn),
            created: managed::CREATED.to_owned(),
            arn,
        };
        Self { identity, default_version: 1, description: None, updated: managed::CREATED, tags: &[] }
    }
}

impl Shown<'_> {
    /// Writes the inside of the policy.
    pub(super) fn write(&self, usage: Usage, view: PolicyView, out: &mut Xml) {
        let Self { identity, default_version, description, updated, tags } = self;
        out.leaf("PolicyName", &identity.name)
            .leaf("PolicyId", &identity.id)
            .leaf("Arn", &identity.arn)
            .leaf("Path", &identity.path)
            .leaf("DefaultVersionId", format!("v{default_version}"))
            .leaf("AttachmentCount", usage.attached)
            .leaf("PermissionsBoundaryUsageCount", usage.boundary)
            .leaf("IsAttachable", !managed::is_service_linked(&identity.arn))
            .leaf("CreateDate", &identity.created)
            .leaf("UpdateDate", updated);
        if view == PolicyView::Whole {
            out.leaf_if("Description", *description);
        }
        if view == PolicyView::Whole || (view == PolicyView::Created && !tags.is_empty()) {
            tags::write(tags, out);
        }
    }
}

/// Writes the inside of one version; a list leaves out the document.
pub(super) fn write_version(number: u32, default: u32, created: &str, document: Option<&str>, out: &mut Xml) {
    out.leaf_if("Document", document.map(render::encoded))
        .leaf("VersionId", format!("v{number}"))
        .leaf("IsDefaultVersion", number == default)
        .leaf("CreateDate", created);
}

fn named(context: &Context<'_>) -> Result<String, Fault> {
    names::policy_arn(&context.params, "PolicyArn")
}

fn find<'a>(iam: &'a State, arn: &str) -> Result<&'a Policy, Fault> {
    iam.policy_by_arn(arn).ok_or_else(|| missing(arn))
}

fn find_mut<'a>(iam: &'a mut State, arn: &str) -> Result<&'a mut Policy, Fault> {
    let found = iam.policies.get_mut(&key(managed::name_of(arn))).filter(|policy| policy.identity.arn == arn);
    found.ok_or_else(|| missing(arn))
}

fn missing(arn: &str) -> Fault {
    Fault::no_such_entity(format!("Policy {arn} was not found."))
}

fn missing_version(arn: &str, version: &str) -> Fault {
    Fault::no_such_entity(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

/// The document a call sends, if IAM takes it.
fn sent_document(context: &Context<'_>) -> Result<String, Fault> {
    let text = names::document(&context.params, "PolicyDocument")?;
    let document = document::check(text, DocumentUse::Identity).map_err(Fault::malformed_policy)?;
    // An inline policy may say 2008-10-17 or nothing, a managed one may not.
    if document.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err(Fault::malformed_policy("Policy document must be version 2012-10-17 or greater."));
    }
    if document::size(text) > SIZE_MAX {
        return Err(Fault::quota("PolicySize", SIZE_MAX));
    }
    Ok(text.to_owned())
}

/// `CreatePolicy`.
pub(super) fn create(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = names::name(&context.params, "PolicyName", names::NAME_MAX)?;
    let path = names::policy_path(&context.params, "Path")?;
    let description = names::policy_description(&context.params)?;
    let tags = tags::sent(&context.params)?;
    let document = sent_document(context)?;
    let policies = &context.iam().policies;
    if policies.contains_key(&key(&name)) {
        return Err(Fault::already_exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    if policies.len() >= POLICIES_MAX {
        return Err(Fault::quota("PoliciesPerAccount", POLICIES_MAX));
    }
    let created = context.now();
    let identity = Identity {
        arn: format!("arn:aws:iam::{}:policy{path}{name}", context.account()),
        id: ids::fresh(context, "ANPA"),
        created: created.clone(),
        name,
        path,
    };
    let policy = Policy {
        identity,
        description: description.filter(|text| !text.is_empty()),
        updated: created.clone(),
        versions: BTreeMap::from([(1, PolicyVersion { document, created })]),
        default_version: 1,
        next_version: 2,
        tags,
    };
    out.open("Policy");
    Shown::from(&policy).write(Usage::default(), PolicyView::Created, out);
    out.close();
    context.iam_mut().policies.insert(key(&policy.identity.name), policy);
    Ok(())
}

/// `GetPolicy`, of the account's own policies and of AWS's.
pub(super) fn get(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let iam = context.iam();
    let shown = match iam.policy_by_arn(&arn) {
        Some(policy) => Shown::from(policy),
        None => Shown::from(managed::find(&arn).ok_or_else(|| missing(&arn))?),
    };
    let usage = iam.usage().get(arn.as_str()).copied().unwrap_or_default();
    out.open("Policy");
    shown.write(usage, PolicyView::Whole, out);
    out.close();
    Ok(())
}

/// `ListPolicies`: the account's own first.
pub(super) fn list(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let params = &context.params;
    let scope = params.word("Scope", &["All", "AWS", "Local"])?.unwrap_or("All");
    let only_attached = params.flag("OnlyAttached")?.unwrap_or(false);
    let used_as = params.word("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    let prefix = names::path_prefix(params)?;
    let paging = params.paging()?;
    let iam = context.iam();
    let usage = iam.usage();
    let own = iam.policies.values().filter(|_| scope != "AWS").map(|policy| (0, Shown::from(policy)));
    let aws = managed::all().filter(|_| scope != "Local").map(|policy| (1, Shown::from(policy)));
    let usage_of = |shown: &Shown<'_>| usage.get(shown.identity.arn.as_str()).copied().unwrap_or_default();
    let fitting = own.chain(aws).filter(|(_, shown)| {
        let used = usage_of(shown);
        let as_wanted = match used_as {
            Some("PermissionsPolicy") => used.attached > 0,
            Some(_) => used.boundary > 0,
            None => true,
        };
        shown.identity.path.starts_with(&prefix) && as_wanted && (!only_attached || used.attached > 0)
    });
    let page = paging.cut(fitting, |(rank, shown)| match rank {
        0 => format!("0/{}", key(&shown.identity.name)),
        _ => format!("1{}", shown.identity.arn),
    });
    out.open("Policies");
    for (_, shown) in page.items {
        out.open("member");
        shown.write(usage_of(&shown), PolicyView::Listed, out);
        out.close();
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `DeletePolicy`.
pub(super) fn delete(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let iam = context.iam();
    let policy = find(iam, &arn)?;
    let usage = iam.usage().get(arn.as_str()).copied().unwrap_or_default();
    if usage.attached > 0 || usage.boundary > 0 {
        return Err(Fault::delete_conflict("Cannot delete a policy attached to entities."));
    }
    if policy.versions.len() > 1 {
        return Err(Fault::delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
             The default version is deleted with the policy.",
        ));
    }
    let name = key(&policy.identity.name);
    context.iam_mut().policies.remove(&name);
    Ok(())
}

/// `CreatePolicyVersion`.
pub(super) fn create_version(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let as_default = context.params.flag("SetAsDefault")?.unwrap_or(false);
    find(context.iam(), &arn)?;
    let document = sent_document(context)?;
    let created = context.now();
    let policy = find_mut(context.iam_mut(), &arn)?;
    if policy.versions.len() >= VERSIONS_MAX {
        return Err(Fault::limit_exceeded(format!(
            "A managed policy can have up to {VERSIONS_MAX} versions. Before you create a new version, you must delete \
             an existing version."
        )));
    }
    let number = policy.next_version;
    policy.next_version += 1;
    if as_default {
        policy.default_version = number;
        policy.updated.clone_from(&created);
    }
    out.open("PolicyVersion");
    write_version(number, policy.default_version, &created, None, out);
    out.close();
    policy.versions.insert(number, PolicyVersion { document, created });
    Ok(())
}

/// `GetPolicyVersion`.
pub(super) fn get_version(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let (text, number) = names::version_id(&context.params)?;
    out.open("PolicyVersion");
    match context.iam().policy_by_arn(&arn) {
        Some(policy) => {
            let found = number.and_then(|number| policy.versions.get_key_value(&number));
            let (number, version) = found.ok_or_else(|| missing_version(&arn, &text))?;
            write_version(*number, policy.default_version, &version.created, Some(&version.document), out);
        }
        None => {
            let policy = managed::find(&arn).ok_or_else(|| missing(&arn))?;
            if number != Some(1) {
                return Err(missing_version(&arn, &text));
            }
            write_version(1, 1, managed::CREATED, Some(&policy.document()), out);
        }
    }
    out.close();
    Ok(())
}

/// `ListPolicyVersions`: the newest first.
pub(super) fn list_versions(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let paging = context.params.paging()?;
    let (default, versions) = match context.iam().policy_by_arn(&arn) {
        Some(policy) => {
            let versions = policy.versions.iter().rev().map(|(number, version)| (*number, version.created.as_str()));
            (policy.default_version, versions.collect())
        }
        None => {
            managed::find(&arn).ok_or_else(|| missing(&arn))?;
            (1, vec![(1, managed::CREATED)])
        }
    };
    // The key grows as the number falls.
    let page = paging.cut(versions, |(number, _)| format!("{:010}", u32::MAX - number));
    out.open("Versions");
    for (number, created) in page.items {
        out.open("member");
        write_version(number, default, created, None, out);
        out.close();
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `DeletePolicyVersion`.
pub(super) fn delete_version(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let (text, number) = names::version_id(&context.params)?;
    let policy = find_mut(context.iam_mut(), &arn)?;
    let number = number.filter(|number| policy.versions.contains_key(number));
    let number = number.ok_or_else(|| missing_version(&arn, &text))?;
    if number == policy.default_version {
        return Err(Fault::delete_conflict("Cannot delete the default version of a policy."));
    }
    policy.versions.remove(&number);
    Ok(())
}

/// `SetDefaultPolicyVersion`.
pub(super) fn set_default(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let (text, number) = names::version_id(&context.params)?;
    let now = context.now();
    let policy = find_mut(context.iam_mut(), &arn)?;
    let number = number.filter(|number| policy.versions.contains_key(number));
    policy.default_version = number.ok_or_else(|| missing_version(&arn, &text))?;
    policy.updated = now;
    Ok(())
}

/// `TagPolicy`.
pub(super) fn tag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let new = tags::required(&context.params)?;
    tags::set(&mut find_mut(context.iam_mut(), &arn)?.tags, new, KeyCase::Matters)
}

/// `UntagPolicy`.
pub(super) fn untag(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    let keys = tags::keys(&context.params)?;
    tags::unset(&mut find_mut(context.iam_mut(), &arn)?.tags, &keys, KeyCase::Matters);
    Ok(())
}

/// `ListPolicyTags`.
pub(super) fn list_tags(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let arn = named(context)?;
    tags::list(context, &find(context.iam(), &arn)?.tags, out)
}

/// `ListEntitiesForPolicy`: groups, then users, then roles, paged over all of them.
pub(super) fn list_entities(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    const KINDS: [&str; 3] = ["Group", "User", "Role"];
    let arn = named(context)?;
    let params = &context.params;
    let only = params.get("EntityFilter");
    if let Some(word) = only.filter(|word| !super::details::ENTITY_TYPES.contains(word)) {
        return Err(not_in_set(word, "entityFilter", &super::details::ENTITY_TYPES));
    }
    let used_as = params.word("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"])?;
    let prefix = names::path_prefix(params)?;
    let paging = params.paging()?;
    let iam = context.iam();
    if !managed::exists(iam, &arn) {
        return Err(missing(&arn));
    }
    let groups = iam.groups.values().map(|group| (0_usize, &group.identity, &group.grants));
    let users = iam.users.values().map(|user| (1, &user.identity, &user.grants));
    let roles = iam.roles.values().map(|role| (2, &role.identity, &role.grants));
    let uses = |grants: &Grants| {
        let (attached, boundary) = (grants.attached.contains(&arn), grants.boundary.as_ref() == Some(&arn));
        match used_as {
            Some("PermissionsPolicy") => attached,
            Some(_) => boundary,
            None => attached || boundary,
        }
    };
    let fitting = groups.chain(users).chain(roles).filter(|(rank, identity, grants)| {
        only.is_none_or(|only| KINDS.get(*rank) == Some(&only)) && identity.path.starts_with(&prefix) && uses(grants)
    });
    let page = paging.cut(fitting, |(rank, identity, _)| format!("{rank}/{}", key(&identity.name)));
    for (rank, kind) in KINDS.iter().enumerate() {
        out.open(&format!("Policy{kind}s"));
        for (_, identity, _) in page.items.iter().filter(|(of, _, _)| *of == rank) {
            out.open("member");
            out.leaf(&format!("{kind}Name"), &identity.name).leaf(&format!("{kind}Id"), &identity.id).close();
        }
        out.close();
    }
    render::end_of_page(page.marker, out);
    Ok(())
}
