//! The forms a principal can take in a policy document. Whether it exists is for the world to say.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.

/// The message for a principal that is not one; IAM shouts the kind, except for `AWS`, which is loud as it is.
pub(super) fn invalid(kind: &str, name: &str) -> String {
    format!("Invalid principal in policy: \"{}\":\"{name}\"", kind.to_ascii_uppercase())
}

/// An account, a root, role or user ARN, a session, or a unique id.
pub(super) fn is_aws(name: &str) -> bool {
    if name == "*" || is_account(name) || is_unique_id(name) {
        return true;
    }
    let parts: Vec<&str> = name.splitn(6, ':').collect();
    let &["arn", partition, service, "", account, resource] = parts.as_slice() else { return false };
    let partition_known = ["aws", "aws-cn", "aws-us-gov"].contains(&partition);
    let resource_known = match (service, resource.split_once('/')) {
        ("iam", None) => resource == "root",
        ("iam", Some(("role" | "user", path))) => is_path(path),
        ("sts", Some(("assumed-role", path))) => path.split('/').count() == 2 && is_path(path),
        ("sts", Some(("federated-user", path))) => is_path(path),
        _ => false,
    };
    partition_known && is_account(account) && resource_known
}

/// A service's domain name under `amazonaws.com`.
pub(super) fn is_service(name: &str) -> bool {
    let name = name.strip_suffix(".cn").unwrap_or(name);
    let Some(labels) = name.strip_suffix(".amazonaws.com") else { return false };
    labels.split('.').all(|label| {
        let letters = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        !label.is_empty() && letters && !label.starts_with('-') && !label.ends_with('-')
    })
}

/// A SAML or OIDC provider of an account, or one of the identity providers IAM knows by name.
pub(super) fn is_federated(name: &str) -> bool {
    let public = ["cognito-identity.amazonaws.com", "www.amazon.com", "accounts.google.com", "graph.facebook.com"];
    if public.contains(&name) {
        return true;
    }
    let parts: Vec<&str> = name.splitn(6, ':').collect();
    let &["arn", "aws" | "aws-cn" | "aws-us-gov", "iam", "", account, resource] = parts.as_slice() else {
        return false;
    };
    let provider = matches!(resource.split_once('/'), Some(("saml-provider" | "oidc-provider", path)) if is_path(path));
    is_account(account) && provider
}

/// The canonical id of an account, as S3 uses it.
pub(super) fn is_canonical_user(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `AROA…` or `AIDA…`, with or without a session name behind it.
fn is_unique_id(text: &str) -> bool {
    let id = text.split(':').next().unwrap_or(text);
    let prefix = ["AROA", "AIDA"].iter().any(|prefix| id.starts_with(prefix));
    prefix && (16..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Names and slashes, no empty segment and no wildcard.
fn is_path(text: &str) -> bool {
    text.split('/').all(|segment| !segment.is_empty() && !segment.contains(['*', '?', ':', ' ']))
}
