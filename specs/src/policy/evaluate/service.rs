//! What single services do differently.

use super::arn::{self, Case};
use super::every::ANY;
use super::request::Request;
use crate::policy::catalogue;

/// The KMS operations that work on keys of other accounts.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html>
const KMS_ACROSS_ACCOUNTS: &[&str] = &[
    "CreateGrant",
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "DescribeKey",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetKeyRotationStatus",
    "GetPublicKey",
    "ListGrants",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
    "RevokeGrant",
    "Sign",
    "Verify",
    "VerifyMac",
];

/// The service's prefix and the name of the request's action.
fn action(request: &Request) -> (&str, &str) {
    request.action.split_once(':').unwrap_or((&request.action, ""))
}

/// Service and resource of the request's ARN.
fn resource(request: &Request) -> (&str, &str) {
    arn::parts(&request.resource).map_or(("", ""), |[_, _, service, _, _, resource]| (service, resource))
}

fn is_on_key(request: &Request) -> bool {
    let (service, resource) = resource(request);
    service == "kms" && resource.starts_with("key/") && action(request).0.eq_ignore_ascii_case("kms")
}

fn is_on_trust(request: &Request) -> bool {
    let (service, resource) = resource(request);
    service == "iam" && resource.starts_with("role/") && action(request).0.eq_ignore_ascii_case("sts")
}

/// Whether identity policies alone can't allow it, even within one account: the use of a key, and taking on a role.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>
pub(super) fn needs_resource_policy(request: &Request) -> bool {
    is_on_key(request) || is_on_trust(request)
}

/// Whether the service has the operation for resources of other accounts; only of KMS it is known where it hasn't.
pub(super) fn works_across_accounts(request: &Request) -> bool {
    let (service, name) = action(request);
    if !service.eq_ignore_ascii_case("kms") {
        return true;
    }
    // Of a pattern it is enough if there is one that it stands for.
    let pattern = name.replace(ANY, "*");
    KMS_ACROSS_ACCOUNTS.iter().any(|known| arn::like(&pattern, known, Case::Ignored))
}

/// Whether RCPs reach the request.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html>
pub(super) fn is_under_rcps(request: &Request, management_account: Option<&str>) -> bool {
    let (service, name) = action(request);
    let account = request.resource_account.as_deref().or_else(|| request.principal.account());
    let is_managing = account.is_some() && account == management_account;
    let is_retiring = service.eq_ignore_ascii_case("kms") && name.eq_ignore_ascii_case("RetireGrant");
    catalogue::is_under_rcps(service) && !is_managing && !is_retiring && !request.principal.is_service_linked()
}
