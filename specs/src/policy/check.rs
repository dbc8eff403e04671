//! Whether single values have the form AWS takes; only asked of what people write.

use super::condition::{OPERATORS, Operator};
use super::model::{Use, is_account_id};
use super::unknown::{is_unknown, known_part};

/// What is wrong with a value, and what to do.
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

type Check = Result<(), Fault>;

fn fault(message: impl Into<String>, help: Option<&str>) -> Check {
    Err(Fault { message: message.into(), help: help.map(str::to_owned) })
}

/// The most characters of a value that a message repeats.
const QUOTED_CHARS_MAX: usize = 80;

/// A value as a message shows it: in quotation marks, control characters escaped, cut if long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for (count, char) in text.chars().enumerate() {
        if count == QUOTED_CHARS_MAX {
            shown.push('…');
            break;
        }
        if char.is_control() {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown.push('"');
    shown
}

/// "did you mean", if one of the words is near enough to be what was meant.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean \"{near}\"?"))
}

/// The known word that is nearest to this one, if it is near.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // No element or operator is near this long, and the distance costs the product of both lengths.
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let distances = known.iter().map(|candidate| {
        let distance = strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase());
        (distance, *candidate)
    });
    let (distance, candidate) = distances.min()?;
    (distance <= (candidate.len() / 3).max(1)).then_some(candidate)
}

/// The characters IAM and KMS take: tab, line feed, carriage return, and U+0020 to U+00FF.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>,
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>
pub(super) fn characters(text: &str, use_: Use) -> Check {
    let restricted = use_.is_kept_by_iam() || use_ == Use::Key;
    let is_taken = |char: &char| matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{FF}');
    match known_part(text).chars().find(|char| !is_taken(char)) {
        Some(char) if restricted => fault(
            format!("{} has the character U+{:04X}, which AWS refuses here", quoted(text), u32::from(char)),
            Some("use characters up to U+00FF only"),
        ),
        _ => Ok(()),
    }
}

/// IAM takes letters and digits only; other services take more.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>
pub(super) fn sid(text: &str, use_: Use) -> Check {
    if use_.is_kept_by_iam() && !is_unknown(text) && !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return fault(
            format!("the \"Sid\" {} has other characters than letters and digits", quoted(text)),
            Some("IAM takes A-Z, a-z and 0-9 only"),
        );
    }
    Ok(())
}

/// `*`, or a service's prefix, a colon, and a name with or without wildcards.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
pub(super) fn action(text: &str, use_: Use) -> Check {
    if text == "*" || text == "*:*" || is_unknown(text) {
        return Ok(());
    }
    let Some((prefix, name)) = text.split_once(':') else {
        return fault(
            format!("{} is not an action", quoted(text)),
            Some("an action is a service's prefix, a colon and a name, such as \"s3:GetObject\""),
        );
    };
    let is_prefix = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if prefix.is_empty() || !prefix.bytes().all(is_prefix) {
        return fault(
            format!("the service's prefix in the action {} is not one", quoted(text)),
            Some("a prefix is letters, digits and hyphens, without wildcards"),
        );
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'?' | b'-' | b'_');
    if name.is_empty() || !name.bytes().all(is_name) {
        return fault(
            format!("the name in the action {} is not one", quoted(text)),
            Some("a name is letters and digits, with * and ? as wildcards"),
        );
    }
    match service_of(use_) {
        Some(service) if !prefix.eq_ignore_ascii_case(service) => fault(
            format!("the action {} has no place in {}", quoted(text), use_.a_name()),
            Some(&format!("only actions of \"{service}:\" do")),
        ),
        _ => Ok(()),
    }
}

/// The one service whose actions AWS takes in such a document, where it refuses others.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html>,
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html>,
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html>,
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html>
fn service_of(use_: Use) -> Option<&'static str> {
    match use_ {
        Use::Trust => Some("sts"),
        Use::Bucket => Some("s3"),
        Use::Repository | Use::Registry => Some("ecr"),
        Use::Topic => Some("sns"),
        Use::EventBus => Some("events"),
        Use::Identity | Use::Inline | Use::Key | Use::ServiceControl | Use::ResourceControl => None,
    }
}

/// `*`, or an ARN with or without wildcards.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(super) fn resource(text: &str) -> Check {
    let is_arn = || {
        let has_wildcard = text.contains(['*', '?']);
        text.starts_with("arn:") && (has_wildcard || text.split(':').count() >= 6)
    };
    if text == "*" || is_unknown(text) || is_arn() {
        return Ok(());
    }
    fault(
        format!("the resource {} is neither an ARN nor \"*\"", quoted(text)),
        Some("an ARN is arn:partition:service:region:account:resource"),
    )
}

/// A principal listed under the given key.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
pub(super) fn principal(key: &str, text: &str, _use: Use) -> Check {
    if is_unknown(text) {
        return Ok(());
    }
    if text.is_empty() {
        return fault("the principal is empty", None);
    }
    match key {
        "AWS" => aws_principal(text),
        "Service" if text != "*" && (!text.contains('.') || text.contains([':', '/', ' '])) => fault(
            format!("{} is not a service principal", quoted(text)),
            Some("a service principal is a name such as \"codepipeline.amazonaws.com\""),
        ),
        _ => Ok(()),
    }
}

fn aws_principal(text: &str) -> Check {
    if text == "*" || is_account_id(text) || is_unique_id(text) {
        return Ok(());
    }
    if text.contains(['*', '?']) {
        return fault(
            format!("the principal {} has a wildcard", quoted(text)),
            Some("name principals whole, or test aws:PrincipalArn in a condition"),
        );
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam" | "sts", "", account, name]
            if !partition.is_empty() && (is_account_id(account) || *account == "cloudfront") =>
        {
            if name.starts_with("group/") {
                return fault(
                    format!("{} is a group, and a group is no principal", quoted(text)),
                    Some("name the account, or its roles and users"),
                );
            }
            if *name == "root" || name.split_once('/').is_some_and(|(_, rest)| !rest.is_empty()) {
                return Ok(());
            }
            not_a_principal(text)
        }
        _ => not_a_principal(text),
    }
}

fn not_a_principal(text: &str) -> Check {
    let help = if text.ends_with(".amazonaws.com") {
        "list it under \"Service\""
    } else {
        "a principal is a twelve-digit account id, or the ARN of an account's root, a role, a user or a session"
    };
    fault(format!("{} is not an AWS principal", quoted(text)), Some(help))
}

/// Whether it is the id IAM gave a role, user or other identity, such as `AROA…`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
fn is_unique_id(text: &str) -> bool {
    let is_id_byte = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.starts_with('A') && (16..=128).contains(&text.len()) && text.bytes().all(is_id_byte)
}

/// One of AWS's operators, with or without a set prefix and `IfExists`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
pub(super) fn operator(text: &str) -> Check {
    let parts = Operator::of(text);
    if !OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(parts.base)) {
        let near = nearest(parts.base, OPERATORS);
        let help = near.map(|near| format!("did you mean \"{}{near}{}\"?", parts.set, parts.if_exists));
        return fault(format!("{} is not a condition operator", quoted(text)), help.as_deref());
    }
    if parts.base.eq_ignore_ascii_case("Null") && !parts.if_exists.is_empty() {
        return fault("\"Null\" does not go with \"IfExists\"", Some("write \"Null\""));
    }
    Ok(())
}

/// A prefix, a colon and a name.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
pub(super) fn condition_key(text: &str) -> Check {
    let is_key = text.split_once(':').is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty());
    if is_key || is_unknown(text) {
        return Ok(());
    }
    fault(
        format!("{} is not a condition key", quoted(text)),
        Some("a condition key is a prefix, a colon and a name, such as \"aws:SourceArn\""),
    )
}
