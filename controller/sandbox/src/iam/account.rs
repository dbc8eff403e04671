//! What there is to say of the account as a whole: its summary, its alias and its password policy.

use super::fault::Fault;
use super::state::PasswordPolicy;
use super::{Context, groups, instance_profiles, policies, render, roles, users};
use crate::xml::Xml;

/// `GetAccountSummary`.
pub(super) fn summary(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let iam = context.iam();
    let versions = iam.policies.values().map(|policy| policy.versions.len()).sum();
    let entries = [
        ("Users", iam.users.len()),
        ("UsersQuota", users::USERS_MAX),
        ("Groups", iam.groups.len()),
        ("GroupsQuota", groups::GROUPS_MAX),
        ("Roles", iam.roles.len()),
        ("RolesQuota", roles::ROLES_MAX),
        ("Policies", iam.policies.len()),
        ("PoliciesQuota", policies::POLICIES_MAX),
        ("InstanceProfiles", iam.instance_profiles.len()),
        ("InstanceProfilesQuota", instance_profiles::INSTANCE_PROFILES_MAX),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 5 * policies::POLICIES_MAX),
        ("VersionsPerPolicyQuota", 5),
        ("PolicySizeQuota", 6144),
        ("AssumeRolePolicySizeQuota", 2048),
        ("RolePolicySizeQuota", 10_240),
        ("UserPolicySizeQuota", 2048),
        ("GroupPolicySizeQuota", 5120),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("AttachedPoliciesPerUserQuota", 10),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("GroupsPerUserQuota", groups::GROUPS_PER_USER_MAX),
        ("AccessKeysPerUserQuota", users::KEYS_MAX),
        ("SigningCertificatesPerUserQuota", 2),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("MFADevices", 0),
        ("MFADevicesInUse", 0),
        ("AccountMFAEnabled", 0),
        ("AccountAccessKeysPresent", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("Providers", iam.oidc_providers.len() + iam.saml_providers.len()),
        ("GlobalEndpointTokenVersion", 1),
    ];
    out.open("SummaryMap");
    for (name, value) in entries {
        out.open("entry").leaf("key", name).leaf("value", value).close();
    }
    out.close();
    Ok(())
}

/// `ListAccountAliases`.
pub(super) fn list_aliases(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let page = context.params.paging()?.cut(&context.iam().alias, |alias| (*alias).clone());
    out.open("AccountAliases");
    for alias in page.items {
        out.leaf("member", alias);
    }
    out.close();
    render::end_of_page(page.marker, out);
    Ok(())
}

/// `CreateAccountAlias`: it takes the place of the one there is, and is unique over all accounts.
pub(super) fn create_alias(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let alias = named(context)?;
    let account = context.account().to_owned();
    let taken =
        context.world.accounts.iter().any(|(id, other)| *id != account && other.iam.alias.as_ref() == Some(&alias));
    if taken {
        return Err(Fault::already_exists(format!("The account alias {alias} already exists.")));
    }
    context.iam_mut().alias = Some(alias);
    Ok(())
}

/// `DeleteAccountAlias`.
pub(super) fn delete_alias(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let alias = named(context)?;
    if context.iam().alias.as_ref() != Some(&alias) {
        return Err(Fault::no_such_entity(format!("The account alias {alias} cannot be found.")));
    }
    context.iam_mut().alias = None;
    Ok(())
}

/// Three to 63 small letters, digits and single hyphens, no hyphen at an end.
fn named(context: &Context<'_>) -> Result<String, Fault> {
    let alias = context.params.required("AccountAlias")?;
    let letters = alias.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let hyphens = !alias.starts_with('-') && !alias.ends_with('-') && !alias.contains("--");
    if letters && hyphens && (3..=63).contains(&alias.len()) {
        return Ok(alias.to_owned());
    }
    let rule = "satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$";
    Err(Fault::constraint(format!("'{alias}'"), "accountAlias", rule))
}

/// `GetAccountPasswordPolicy`. `ExpirePasswords` says whether there is an age.
pub(super) fn get_password_policy(context: &mut Context<'_>, out: &mut Xml) -> Result<(), Fault> {
    let policy = context.iam().password_policy.as_ref();
    let PasswordPolicy {
        minimum_length,
        symbols,
        numbers,
        uppercase,
        lowercase,
        users_may_change,
        max_age_days,
        reuse_prevention,
        hard_expiry,
    } = policy.ok_or_else(|| missing_password_policy(context))?;
    out.open("PasswordPolicy").leaf("MinimumPasswordLength", minimum_length);
    out.leaf("RequireSymbols", symbols).leaf("RequireNumbers", numbers);
    out.leaf("RequireUppercaseCharacters", uppercase).leaf("RequireLowercaseCharacters", lowercase);
    out.leaf("AllowUsersToChangePassword", users_may_change);
    out.leaf("ExpirePasswords", max_age_days.is_some());
    out.leaf_if("MaxPasswordAge", *max_age_days).leaf_if("PasswordReusePrevention", *reuse_prevention);
    out.leaf_if("HardExpiry", *hard_expiry).close();
    Ok(())
}

/// `UpdateAccountPasswordPolicy`: what is not sent falls back to its default, as
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html> says.
pub(super) fn update_password_policy(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let params = &context.params;
    let flag = |name: &str| params.flag(name).map(|flag| flag.unwrap_or(false));
    let policy = PasswordPolicy {
        minimum_length: params.number("MinimumPasswordLength", 6, 128)?.unwrap_or(6),
        symbols: flag("RequireSymbols")?,
        numbers: flag("RequireNumbers")?,
        uppercase: flag("RequireUppercaseCharacters")?,
        lowercase: flag("RequireLowercaseCharacters")?,
        users_may_change: flag("AllowUsersToChangePassword")?,
        max_age_days: params.number("MaxPasswordAge", 1, 1095)?,
        reuse_prevention: params.number("PasswordReusePrevention", 1, 24)?,
        hard_expiry: params.flag("HardExpiry")?,
    };
    context.iam_mut().password_policy = Some(policy);
    Ok(())
}

/// `DeleteAccountPasswordPolicy`.
pub(super) fn delete_password_policy(context: &mut Context<'_>, _out: &mut Xml) -> Result<(), Fault> {
    let missing = missing_password_policy(context);
    context.iam_mut().password_policy.take().map(drop).ok_or(missing)
}

fn missing_password_policy(context: &Context<'_>) -> Fault {
    Fault::no_such_entity(format!("The Password Policy with domain name {} cannot be found.", context.account()))
}
