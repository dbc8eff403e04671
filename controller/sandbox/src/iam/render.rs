//! IAM's entities as XML.
//!
//! Source: the data types of the API, <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Types.html>.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::state::{Grants, Group, Identity, InstanceProfile, Role, State, User};
use super::{Context, managed, tags, trust};
use crate::world::World;
use crate::xml::Xml;

/// What RFC 3986 lets stand unencoded: letters, digits and these four.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How much of a role an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoleView {
    /// Inside an instance profile: neither description nor session length, nor what comes after.
    Nested,
    /// CreateRole: the same, with boundary and tags.
    Created,
    /// ListRoles: description and session length, without boundary, tags and last use.
    Listed,
    /// GetRole: everything.
    Whole,
}

/// A policy document as it travels: percent-encoded.
pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// The end of a list's answer.
pub(super) fn end_of_page(marker: Option<String>, out: &mut Xml) {
    out.leaf("IsTruncated", marker.is_some()).leaf_if("Marker", marker);
}

/// The elements every entity has; `kind` is the beginning of their names, `Role` for example.
pub(super) fn identity(kind: &str, identity: &Identity, out: &mut Xml) {
    out.leaf("Path", &identity.path)
        .leaf(&format!("{kind}Name"), &identity.name)
        .leaf(&format!("{kind}Id"), &identity.id)
        .leaf("Arn", &identity.arn)
        .leaf("CreateDate", &identity.created);
}

/// The inside of a role.
pub(super) fn role(world: &World, role: &Role, view: RoleView, out: &mut Xml) {
    identity("Role", &role.identity, out);
    out.leaf("AssumeRolePolicyDocument", encoded(&trust::show(world, &role.trust)));
    if matches!(view, RoleView::Listed | RoleView::Whole) {
        out.leaf_if("Description", role.description.as_ref()).leaf("MaxSessionDuration", role.session_seconds_max);
    }
    if matches!(view, RoleView::Created | RoleView::Whole) {
        boundary(&role.grants, out);
        if !role.tags.is_empty() {
            tags::write(&role.tags, out);
        }
    }
    if view == RoleView::Whole {
        // Nobody's use of a role is recorded here.
        out.open("RoleLastUsed").close();
    }
}

/// The inside of a user; a list leaves out boundary and tags.
pub(super) fn user(user: &User, listed: bool, out: &mut Xml) {
    identity("User", &user.identity, out);
    if !listed {
        boundary(&user.grants, out);
        if !user.tags.is_empty() {
            tags::write(&user.tags, out);
        }
    }
}

/// The inside of a group.
pub(super) fn group(group: &Group, out: &mut Xml) {
    identity("Group", &group.identity, out);
}

/// The inside of an instance profile; only GetInstanceProfile and CreateInstanceProfile show tags.
pub(super) fn instance_profile(
    context: &Context<'_>,
    iam: &State,
    profile: &InstanceProfile,
    with_tags: bool,
    out: &mut Xml,
) {
    identity("InstanceProfile", &profile.identity, out);
    out.open("Roles");
    if let Some(held) = profile.role.as_ref().and_then(|key| iam.roles.get(key)) {
        out.open("member");
        role(context.world, held, RoleView::Nested, out);
        out.close();
    }
    out.close();
    if with_tags && !profile.tags.is_empty() {
        tags::write(&profile.tags, out);
    }
}

/// The permissions boundary, if there is one.
pub(super) fn boundary(grants: &Grants, out: &mut Xml) {
    if let Some(arn) = &grants.boundary {
        out.open("PermissionsBoundary")
            .leaf("PermissionsBoundaryType", "Policy")
            .leaf("PermissionsBoundaryArn", arn)
            .close();
    }
}

/// A list of attached policies under the given name.
pub(super) fn attached<'a>(list: &str, arns: impl IntoIterator<Item = &'a String>, out: &mut Xml) {
    out.open(list);
    for arn in arns {
        out.open("member").leaf("PolicyName", managed::name_of(arn)).leaf("PolicyArn", arn).close();
    }
    out.close();
}

/// A list of inline policies with their documents, as GetAccountAuthorizationDetails shows them.
pub(super) fn inline(list: &str, grants: &Grants, out: &mut Xml) {
    out.open(list);
    for (name, document) in &grants.inline {
        out.open("member").leaf("PolicyName", name).leaf("PolicyDocument", encoded(document)).close();
    }
    out.close();
}
