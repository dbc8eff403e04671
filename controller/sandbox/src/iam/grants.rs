//! Inline policies, attached managed policies and boundaries: the same for roles, users and groups but for names.

use super::document::{self, DocumentUse};
use super::fault::Fault;
use super::query::Params;
use super::state::{Grants, State};
use super::{Context, groups, managed, names, render, roles, users};
use crate::xml::Xml;

/// The default quota of managed policies attached to one role, user or group.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities>.
const ATTACHED_MAX: usize = 10;

/// Whose permissions they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A role.
    Role,
    /// A user.
    User,
    /// A group.
    Group,
}

impl Holder {
    /// `Role`, `User` or `Group`, as parameters and quotas begin.
    fn word(self) -> &'static str {
        match self {
            Self::Role => "Role",
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// How long all its inline policies may be together.
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>.
    fn inline_size_max(self) -> usize {
        match self {
            Self::Role => 10_240,
            Self::User => 2_048,
            Self::Group => 5_120,
        }
    }

    fn name(self, params: &Params) -> Result<String, Fault> {
        match self {
            Self::Role => names::name(params, "RoleName", names::ROLE_NAME_MAX),
            Self::User => names::name(params, "UserName", names::NAME_MAX),
            Self::Group => names::name(params, "GroupName", names::NAME_MAX),
        }
    }

    fn grants<'a>(self, iam: &'a State, name: &str) -> Result<&'a Grants, Fault> {
        match self {
            Self::Role => roles::find(iam, name).map(|role| &role.grants),
            Self::User => users::find(iam, name).map(|user| &user.grants),
            Self::Group => groups::find(iam, name).map(|group| &group.grants),
        }
    }

    fn grants_mut<'a>(self, iam: &'a mut State, name: &str) -> Result<&'a mut Grants, Fault> {
        match self {
            Self::Role => roles::find_mut(iam, name).map(|role| &mut role.grants),
            Self::User => users::find_mut(iam, name).map(|user| &mut user.grants),
            Self::Group => groups::find_mut(iam, name).map(|group| &mut group.grants),
        }
    }
}

/// `Put…Policy`.
pub(super) fn put_inline(holder: Holder, context: &mut Context<'_>) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    let policy = names::name(&context.params, "PolicyName", names::NAME_MAX)?;
    let text = names::document(&context.params, "PolicyDocument")?.to_owned();
    let grants = holder.grants_mut(context.iam_mut(), &name)?;
    document::check(&text, DocumentUse::Identity).map_err(Fault::malformed_policy)?;
    let others = grants.inline.iter().filter(|(other, _)| **other != policy);
    let total = document::size(&text) + others.map(|(_, text)| document::size(text)).sum::<usize>();
    let max = holder.inline_size_max();
    if total > max {
        let word = holder.word().to_ascii_lowercase();
        return Err(Fault::limit_exceeded(format!("Maximum policy size of {max} bytes exceeded for {word} {name}")));
    }
    grants.inline.insert(policy, text);
    Ok(())
}

/// `Get…Policy`.
pub(super) fn get_inline(holder: Holder, context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    let policy = names::name(&context.params, "PolicyName", names::NAME_MAX)?;
    let grants = holder.grants(context.iam(), &name)?;
    let text = grants.inline.get(&policy).ok_or_else(|| no_inline(holder, &policy))?;
    out.leaf(&format!("{}Name", holder.word()), &name);
    out.leaf("PolicyName", &policy).leaf("PolicyDocument", render::encoded(text));
    Ok(())
}

/// `List…Policies`.
pub(super) fn list_inline(holder: Holder, context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    let paging = context.params.paging()?;
    let page = paging.cut(holder.grants(context.iam(), &name)?.inline.keys(), |policy| (*policy).clone());
    out.open("PolicyNames");
    for policy in page.items {
        out.leaf("member", policy);
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `Delete…Policy`.
pub(super) fn delete_inline(holder: Holder, context: &mut Context<'_>) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    let policy = names::name(&context.params, "PolicyName", names::NAME_MAX)?;
    let grants = holder.grants_mut(context.iam_mut(), &name)?;
    grants.inline.remove(&policy).map(drop).ok_or_else(|| no_inline(holder, &policy))
}

/// `Attach…Policy`. Attaching twice is no error.
pub(super) fn attach(holder: Holder, context: &mut Context<'_>) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    let arn = names::policy_arn(&context.params, "PolicyArn")?;
    holder.grants(context.iam(), &name)?;
    if !managed::exists(context.iam(), &arn) {
        return Err(Fault::no_such_entity(format!("Policy {arn} does not exist or is not attachable.")));
    }
    if managed::is_service_linked(&arn) {
        return Err(Fault::not_attachable("Cannot attach a Service Role Policy to a Customer Role."));
    }
    let grants = holder.grants_mut(context.iam_mut(), &name)?;
    if grants.attached.len() >= ATTACHED_MAX && !grants.attached.contains(&arn) {
        return Err(Fault::quota(&format!("PoliciesPer{}", holder.word()), ATTACHED_MAX));
    }
    grants.attached.insert(arn);
    Ok(())
}

/// `Detach…Policy`.
pub(super) fn detach(holder: Holder, context: &mut Context<'_>) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    let arn = names::policy_arn(&context.params, "PolicyArn")?;
    let grants = holder.grants_mut(context.iam_mut(), &name)?;
    let found = grants.attached.remove(&arn);
    if found { Ok(()) } else { Err(Fault::no_such_entity(format!("Policy {arn} was not found."))) }
}

/// `ListAttached…Policies`.
pub(super) fn list_attached(holder: Holder, context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    let prefix = names::path_prefix(&context.params)?;
    let paging = context.params.paging()?;
    let grants = holder.grants(context.iam(), &name)?;
    let fitting = grants.attached.iter().filter(|arn| managed::path_of(arn).starts_with(&prefix));
    let page = paging.cut(fitting, |arn| (*arn).clone());
    render::attached("AttachedPolicies", page.items, out);
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `Put…PermissionsBoundary`.
pub(super) fn put_boundary(holder: Holder, context: &mut Context<'_>) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    holder.grants(context.iam(), &name)?;
    let arn = sent_boundary(context)?;
    let arn = arn.ok_or_else(|| Fault::constraint("null", "permissionsBoundary", "not be null"))?;
    holder.grants_mut(context.iam_mut(), &name)?.boundary = Some(arn);
    Ok(())
}

/// `Delete…PermissionsBoundary`. Without one there is nothing to do.
pub(super) fn delete_boundary(holder: Holder, context: &mut Context<'_>) -> Result<(), Fault> {
    let name = holder.name(&context.params)?;
    holder.grants_mut(context.iam_mut(), &name)?.boundary = None;
    Ok(())
}

/// The boundary a call sends; it has to exist.
pub(super) fn sent_boundary(context: &Context<'_>) -> Result<Option<String>, Fault> {
    if context.params.get("PermissionsBoundary").is_none() {
        return Ok(None);
    }
    let arn = names::policy_arn(&context.params, "PermissionsBoundary")?;
    if managed::exists(context.iam(), &arn) && !managed::is_service_linked(&arn) {
        return Ok(Some(arn));
    }
    Err(Fault::no_such_entity(format!("Scope ARN: {arn} does not exist or is not attachable.")))
}

/// Whether what holds the permissions may go.
pub(super) fn check_empty(grants: &Grants) -> Result<(), Fault> {
    if !grants.attached.is_empty() {
        return Err(Fault::delete_conflict("Cannot delete entity, must detach all policies first."));
    }
    if !grants.inline.is_empty() {
        return Err(Fault::delete_conflict("Cannot delete entity, must delete policies first."));
    }
    Ok(())
}

fn no_inline(holder: Holder, policy: &str) -> Fault {
    let word = holder.word().to_ascii_lowercase();
    Fault::no_such_entity(format!("The {word} policy with name {policy} cannot be found."))
}
