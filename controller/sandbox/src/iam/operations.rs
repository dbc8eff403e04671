//! The table of operations.

use super::grants::{self, Holder};
use super::{
    Operation, account, details, groups, instance_profiles, oidc, policies, roles, saml, service_linked, simulate,
    users,
};

/// The operation behind an action; nothing if the sandbox does not speak it.
pub(super) fn find(action: &str) -> Option<Operation> {
    role_operation(action)
        .or_else(|| policy_operation(action))
        .or_else(|| instance_profile_operation(action))
        .or_else(|| user_operation(action))
        .or_else(|| group_operation(action))
        .or_else(|| provider_operation(action))
        .or_else(|| account_operation(action))
}

/// Whether the answer has a result element: most that change something have none.
pub(super) fn has_result(action: &str) -> bool {
    let verbs = ["Create", "Get", "List", "Simulate", "UpdateRole", "UpdateSAMLProvider", "DeleteServiceLinkedRole"];
    verbs.iter().any(|verb| action.starts_with(verb)) && action != "CreateAccountAlias"
}

fn role_operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreateRole" => roles::create,
        "GetRole" => roles::get,
        "ListRoles" => roles::list,
        "UpdateRole" => roles::update,
        "UpdateRoleDescription" => roles::update_description,
        "UpdateAssumeRolePolicy" => roles::update_trust,
        "DeleteRole" => roles::delete,
        "TagRole" => roles::tag,
        "UntagRole" => roles::untag,
        "ListRoleTags" => roles::list_tags,
        "CreateServiceLinkedRole" => service_linked::create,
        "DeleteServiceLinkedRole" => service_linked::delete,
        "GetServiceLinkedRoleDeletionStatus" => service_linked::deletion_status,
        "PutRolePolicy" => |context, _| grants::put_inline(Holder::Role, context),
        "GetRolePolicy" => |context, out| grants::get_inline(Holder::Role, context, out),
        "ListRolePolicies" => |context, out| grants::list_inline(Holder::Role, context, out),
        "DeleteRolePolicy" => |context, _| grants::delete_inline(Holder::Role, context),
        "AttachRolePolicy" => |context, _| grants::attach(Holder::Role, context),
        "DetachRolePolicy" => |context, _| grants::detach(Holder::Role, context),
        "ListAttachedRolePolicies" => |context, out| grants::list_attached(Holder::Role, context, out),
        "PutRolePermissionsBoundary" => |context, _| grants::put_boundary(Holder::Role, context),
        "DeleteRolePermissionsBoundary" => |context, _| grants::delete_boundary(Holder::Role, context),
        _ => return None,
    })
}

fn policy_operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreatePolicy" => policies::create,
        "GetPolicy" => policies::get,
        "ListPolicies" => policies::list,
        "DeletePolicy" => policies::delete,
        "CreatePolicyVersion" => policies::create_version,
        "GetPolicyVersion" => policies::get_version,
        "ListPolicyVersions" => policies::list_versions,
        "DeletePolicyVersion" => policies::delete_version,
        "SetDefaultPolicyVersion" => policies::set_default,
        "TagPolicy" => policies::tag,
        "UntagPolicy" => policies::untag,
        "ListPolicyTags" => policies::list_tags,
        "ListEntitiesForPolicy" => policies::list_entities,
        _ => return None,
    })
}

fn instance_profile_operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreateInstanceProfile" => instance_profiles::create,
        "GetInstanceProfile" => instance_profiles::get,
        "ListInstanceProfiles" => instance_profiles::list,
        "ListInstanceProfilesForRole" => instance_profiles::list_for_role,
        "AddRoleToInstanceProfile" => instance_profiles::add_role,
        "RemoveRoleFromInstanceProfile" => instance_profiles::remove_role,
        "DeleteInstanceProfile" => instance_profiles::delete,
        "TagInstanceProfile" => instance_profiles::tag,
        "UntagInstanceProfile" => instance_profiles::untag,
        "ListInstanceProfileTags" => instance_profiles::list_tags,
        _ => return None,
    })
}

fn user_operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreateUser" => users::create,
        "GetUser" => users::get,
        "ListUsers" => users::list,
        "UpdateUser" => users::update,
        "DeleteUser" => users::delete,
        "TagUser" => users::tag,
        "UntagUser" => users::untag,
        "ListUserTags" => users::list_tags,
        "PutUserPolicy" => |context, _| grants::put_inline(Holder::User, context),
        "GetUserPolicy" => |context, out| grants::get_inline(Holder::User, context, out),
        "ListUserPolicies" => |context, out| grants::list_inline(Holder::User, context, out),
        "DeleteUserPolicy" => |context, _| grants::delete_inline(Holder::User, context),
        "AttachUserPolicy" => |context, _| grants::attach(Holder::User, context),
        "DetachUserPolicy" => |context, _| grants::detach(Holder::User, context),
        "ListAttachedUserPolicies" => |context, out| grants::list_attached(Holder::User, context, out),
        "PutUserPermissionsBoundary" => |context, _| grants::put_boundary(Holder::User, context),
        "DeleteUserPermissionsBoundary" => |context, _| grants::delete_boundary(Holder::User, context),
        "CreateAccessKey" => users::create_key,
        "ListAccessKeys" => users::list_keys,
        "UpdateAccessKey" => users::update_key,
        "DeleteAccessKey" => users::delete_key,
        "CreateLoginProfile" => users::create_login_profile,
        "GetLoginProfile" => users::get_login_profile,
        "UpdateLoginProfile" => users::update_login_profile,
        "DeleteLoginProfile" => users::delete_login_profile,
        _ => return None,
    })
}

fn group_operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreateGroup" => groups::create,
        "GetGroup" => groups::get,
        "ListGroups" => groups::list,
        "ListGroupsForUser" => groups::list_for_user,
        "UpdateGroup" => groups::update,
        "DeleteGroup" => groups::delete,
        "AddUserToGroup" => groups::add_user,
        "RemoveUserFromGroup" => groups::remove_user,
        "PutGroupPolicy" => |context, _| grants::put_inline(Holder::Group, context),
        "GetGroupPolicy" => |context, out| grants::get_inline(Holder::Group, context, out),
        "ListGroupPolicies" => |context, out| grants::list_inline(Holder::Group, context, out),
        "DeleteGroupPolicy" => |context, _| grants::delete_inline(Holder::Group, context),
        "AttachGroupPolicy" => |context, _| grants::attach(Holder::Group, context),
        "DetachGroupPolicy" => |context, _| grants::detach(Holder::Group, context),
        "ListAttachedGroupPolicies" => |context, out| grants::list_attached(Holder::Group, context, out),
        _ => return None,
    })
}

fn provider_operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreateOpenIDConnectProvider" => oidc::create,
        "GetOpenIDConnectProvider" => oidc::get,
        "ListOpenIDConnectProviders" => oidc::list,
        "DeleteOpenIDConnectProvider" => oidc::delete,
        "AddClientIDToOpenIDConnectProvider" => oidc::add_client_id,
        "RemoveClientIDFromOpenIDConnectProvider" => oidc::remove_client_id,
        "UpdateOpenIDConnectProviderThumbprint" => oidc::update_thumbprints,
        "TagOpenIDConnectProvider" => oidc::tag,
        "UntagOpenIDConnectProvider" => oidc::untag,
        "ListOpenIDConnectProviderTags" => oidc::list_tags,
        "CreateSAMLProvider" => saml::create,
        "GetSAMLProvider" => saml::get,
        "ListSAMLProviders" => saml::list,
        "UpdateSAMLProvider" => saml::update,
        "DeleteSAMLProvider" => saml::delete,
        "TagSAMLProvider" => saml::tag,
        "UntagSAMLProvider" => saml::untag,
        "ListSAMLProviderTags" => saml::list_tags,
        _ => return None,
    })
}

fn account_operation(action: &str) -> Option<Operation> {
    Some(match action {
        "GetAccountAuthorizationDetails" => details::get,
        "GetAccountSummary" => account::summary,
        "SimulatePrincipalPolicy" => simulate::principal,
        "ListAccountAliases" => account::list_aliases,
        "CreateAccountAlias" => account::create_alias,
        "DeleteAccountAlias" => account::delete_alias,
        "GetAccountPasswordPolicy" => account::get_password_policy,
        "UpdateAccountPasswordPolicy" => account::update_password_policy,
        "DeleteAccountPasswordPolicy" => account::delete_password_policy,
        _ => return None,
    })
}
