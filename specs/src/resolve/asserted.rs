//! What may stand for someone, and for what something is done to, once every value is known.
//!
//! Whoever is taken for nobody at all can do nothing, which would prove every `cannot`: so what can't be is refused here.

use crate::diagnostic::Diagnostic;
use crate::pending;
use crate::policy_spec::is_account_id;
use crate::suggest;

use super::AssertedPrincipal;

/// What stands for someone in an assertion.
const SOMEONE: &str = "a role, a user, a role's session (arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION), { account = \"…\" }, \
                       { service = \"…\" }, { federated = \"…\" }, or \"*\" for everyone";

/// What the names of service principals end in, by partition; that of Alexa, which Lambda functions name, is of its own.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-alexa.html>
const SERVICE_ENDINGS: [&str; 8] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".amazon.com",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".csp.hci.ic.gov",
    ".cloud.adc-e.uk",
];

/// The identity providers that policies name without an ARN.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity>
const BUILT_IN_PROVIDERS: [&str; 4] =
    ["accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];

/// The resource whose ARN a text stands for as a whole, where that is not known yet: `key.artifacts`.
fn token(text: &str) -> Option<&str> {
    let (address, attribute) = pending::tokens(text).next()?;
    let is_all = text.starts_with(pending::OPEN) && text.ends_with(pending::CLOSE) && attribute == "arn";
    is_all.then(|| address.split_once('/').map_or(address, |(_, local)| local))
}

fn kind_of_token(text: &str) -> Option<&str> {
    token(text)?.split_once('.').map(|(kind, _)| kind)
}

fn shown(text: &str) -> String {
    token(text).map_or_else(|| pending::show(text), str::to_owned)
}

/// The service, the account and the resource of an ARN of IAM or STS.
fn iam_parts(arn: &str) -> Option<(&str, &str, &str)> {
    match arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, service @ ("iam" | "sts"), "", account, resource] if !partition.is_empty() => {
            is_account_id(account).then_some((*service, *account, *resource))
        }
        _ => None,
    }
}

/// Whether it is `front` with something behind it, and no pattern.
fn is_one(resource: &str, front: &str) -> bool {
    let name = resource.strip_prefix(front).unwrap_or_default();
    !name.is_empty() && !name.ends_with('/') && !name.contains(['*', '?'])
}

impl AssertedPrincipal {
    /// Who an ARN stands for: a role, a user, a session of a role, or the account whose root it names.
    ///
    /// # Errors
    /// What is wrong with it, and what may stand there, without a place.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    pub fn of_arn(arn: &str) -> Result<Self, Box<Diagnostic>> {
        let nobody =
            |why: &str, help: &str| Err(Box::new(Diagnostic::error(format!("`{}` {why}", shown(arn))).help(help)));
        if let Some(kind) = kind_of_token(arn) {
            return match kind {
                "role" | "user" => Ok(Self::Identity(arn.to_owned())),
                _ => nobody("is nobody who could do anything", &format!("write {SOMEONE}")),
            };
        }
        let known = pending::with_digits(arn);
        // An account that is to be made yet stands in the ARN by its token.
        let account = || arn.split(':').nth(4).unwrap_or_default().to_owned();
        match iam_parts(&known) {
            Some(("iam", _, "root")) => Ok(Self::Account(account())),
            Some(("iam", _, name)) if is_one(name, "role/") || is_one(name, "user/") => {
                Ok(Self::Identity(arn.to_owned()))
            }
            Some(("sts", _, name)) if is_one(name, "assumed-role/") && name.split('/').count() == 3 => {
                Ok(Self::Identity(arn.to_owned()))
            }
            Some(("iam", _, name)) if name.starts_with("group/") => {
                nobody("is a group, and a group does nothing itself", "name its users")
            }
            Some(("iam", _, name)) if name.starts_with("oidc-provider/") || name.starts_with("saml-provider/") => {
                nobody("is an identity provider", "write { federated = \"…\" } for someone whom it vouches for")
            }
            Some(("sts", _, name)) if name.starts_with("federated-user/") => nobody(
                "is a session of GetFederationToken, whose user its ARN does not name",
                "name the user that asks for it: the session can do nothing that the user can't",
            ),
            Some((_, _, name)) if name.contains(['*', '?']) => nobody("is more than one", "name each by its own ARN"),
            Some(_) | None => nobody("is nobody who could do anything", &format!("write {SOMEONE}")),
        }
    }
}

/// What is wrong with the name of a service principal.
#[must_use]
pub fn bad_service(name: &str) -> Option<Diagnostic> {
    let is_name = |name: &str| {
        let labels = name.split('.').all(|label| !label.is_empty());
        labels && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-')
    };
    let is_whole = SERVICE_ENDINGS.iter().any(|ending| name.strip_suffix(ending).is_some_and(is_name));
    if is_whole || name.contains(pending::OPEN) {
        return None;
    }
    let first = name.split('.').next().unwrap_or_default();
    let meant = format!("{first}.amazonaws.com");
    let help = match suggest::nearest(name, [meant.as_str()]) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "a service's name is like \"codepipeline.amazonaws.com\"".to_owned(),
    };
    Some(Diagnostic::error(format!("`{name}` is no AWS service")).help(help))
}

/// What is wrong with an identity provider as policies name it.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated>
#[must_use]
pub fn bad_provider(name: &str) -> Option<Diagnostic> {
    let is_token = kind_of_token(name).is_some_and(|kind| kind == "oidc_provider" || kind == "saml_provider");
    let known = pending::with_digits(name);
    let of_iam = iam_parts(&known).filter(|(service, _, _)| *service == "iam").map(|(_, _, name)| name);
    let is_arn = of_iam.is_some_and(|name| is_one(name, "oidc-provider/") || is_one(name, "saml-provider/"));
    if is_token || is_arn || BUILT_IN_PROVIDERS.contains(&name) {
        return None;
    }
    let help = format!(
        "write the address or the ARN of an OIDC or SAML provider, or one that AWS knows by itself: {}",
        BUILT_IN_PROVIDERS.join(", ")
    );
    Some(Diagnostic::error(format!("`{}` is no identity provider", shown(name))).help(help))
}

/// What is wrong with an account's id.
#[must_use]
pub fn bad_account(id: &str) -> Option<Diagnostic> {
    if is_account_id(&pending::with_digits(id)) {
        return None;
    }
    let help = "write the account's name in the project, a group, or the twelve digits of its id";
    Some(Diagnostic::error(format!("`{}` is no account", shown(id))).help(help))
}

/// What is wrong with a role that is taken or handed on.
#[must_use]
pub fn bad_role(arn: &str) -> Option<Diagnostic> {
    let known = pending::with_digits(arn);
    let is_arn = matches!(iam_parts(&known), Some(("iam", _, name)) if is_one(name, "role/"));
    if is_arn || kind_of_token(arn) == Some("role") {
        return None;
    }
    let help = "write a role's address or its ARN";
    Some(Diagnostic::error(format!("`{}` is no role", shown(arn))).help(help))
}

/// What is wrong with what something is done to: `*`, or an ARN, which may hold wildcards behind its first parts.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
#[must_use]
pub fn bad_resource(text: &str) -> Option<Diagnostic> {
    let is_arn = || match text.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, service, _, _, resource] => {
            !partition.is_empty() && !service.is_empty() && !resource.is_empty()
        }
        _ => false,
    };
    // A value that is not known yet may be a whole ARN.
    if text == "*" || text.starts_with(pending::OPEN) || is_arn() {
        return None;
    }
    let help = "an ARN is arn:partition:service:region:account:resource, as in \"arn:aws:s3:::artifacts/*\"";
    Some(Diagnostic::error(format!("`{}` is no ARN", shown(text))).help(help))
}

#[cfg(test)]
mod tests {
    use super::{AssertedPrincipal, bad_account, bad_provider, bad_resource, bad_role, bad_service};

    #[test]
    fn only_someone_is_someone() {
        let someone = [
            "arn:aws:iam::111111111111:role/deploy",
            "arn:aws-cn:iam::111111111111:role/path/deploy",
            "arn:aws:iam::111111111111:user/ci",
            "arn:aws:sts::111111111111:assumed-role/deploy/session",
            "arn:aws:iam::\u{E000}main/account.shop#id\u{E001}:role/deploy",
            "\u{E000}main/role.deploy#arn\u{E001}",
        ];
        for arn in someone {
            assert_eq!(AssertedPrincipal::of_arn(arn), Ok(AssertedPrincipal::Identity(arn.to_owned())), "{arn}");
        }
        let account = AssertedPrincipal::Account("111111111111".to_owned());
        assert_eq!(AssertedPrincipal::of_arn("arn:aws:iam::111111111111:root"), Ok(account));
        for (arn, told) in [
            ("arn:nonsense", "nobody"),
            ("arn:aws:s3:::artifacts", "nobody"),
            ("\u{E000}main@eu-west-1/key.artifacts#arn\u{E001}", "nobody"),
            ("arn:aws:iam::111111111111:rol/deploy", "nobody"),
            ("arn:aws:iam::111111111111:role/", "nobody"),
            ("arn:aws:iam::11111111111:role/deploy", "nobody"),
            ("arn:aws:iam::111111111111:role/*", "more than one"),
            ("arn:aws:iam::111111111111:group/devs", "group"),
            ("arn:aws:iam::111111111111:oidc-provider/x.example", "identity provider"),
            ("arn:aws:sts::111111111111:federated-user/bob", "GetFederationToken"),
            ("arn:aws:sts::111111111111:assumed-role/deploy", "nobody"),
        ] {
            let problem = AssertedPrincipal::of_arn(arn).unwrap_err();
            assert!(problem.summary.contains(told), "{arn}: {}", problem.summary);
            assert!(problem.help.is_some(), "{arn}");
        }
    }

    #[test]
    fn the_other_forms_are_checked_as_well() {
        for name in ["ec2.amazonaws.com", "ecs.application-autoscaling.amazonaws.com", "ec2.amazonaws.com.cn"] {
            assert_eq!(bad_service(name), None, "{name}");
        }
        for name in ["s3.amazonaws.co", "ec2", ".amazonaws.com", "a b.amazonaws.com", "arn:aws:iam::1:role/x", ""] {
            assert!(bad_service(name).is_some(), "{name}");
        }
        let help = bad_service("s3.amazonaws.co").and_then(|problem| problem.help);
        assert_eq!(help.as_deref(), Some("did you mean \"s3.amazonaws.com\"?"));
        for name in ["www.amazon.com", "arn:aws:iam::111111111111:saml-provider/adfs"] {
            assert_eq!(bad_provider(name), None, "{name}");
        }
        for name in ["arn:aws:s3:::b", "github.com", "arn:aws:iam::111111111111:role/x"] {
            assert!(bad_provider(name).is_some(), "{name}");
        }
        assert_eq!(bad_account("111111111111"), None);
        assert_eq!(bad_account("\u{E000}main/account.shop#id\u{E001}"), None);
        assert!(bad_account("shop").is_some());
        assert_eq!(bad_role("arn:aws:iam::111111111111:role/x"), None);
        assert!(bad_role("arn:aws:iam::111111111111:user/x").is_some());
        for text in ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::*", "\u{E000}a/key.x#arn\u{E001}"] {
            assert_eq!(bad_resource(text), None, "{text}");
        }
        for text in ["arn:nonsense", "arn:aws:s3", "arn:aws:s3:::", "bucket"] {
            assert!(bad_resource(text).is_some(), "{text}");
        }
    }
}
