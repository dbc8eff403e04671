//! Who is meant by a statement for everyone: AWS's meaning of "public", the one place where it is decided.
//!
//! S3 takes a policy for public unless all it allows is for fixed values, "values that don't contain a wildcard or an IAM policy
//! variable", of a principal or of one of the keys it lists; address ranges broader than /8 (IPv4) and /32 (IPv6) count as the world.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>
//!
//! For other services AWS says what each key holds, not what is public:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>. There a pattern is enough that names one account,
//! organization or network and leaves only the rest open ([`Held::ToSome`]); S3 counts that as public.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::look::{is_for_everyone, principals, tested};
use crate::policy::condition::Operator;
use crate::policy::model::{Document, Effect, Principal, Principals, Statement};
use crate::policy::unknown::{OPEN, is_unknown, known_part};

/// The fewest bits of an address range that is not the world.
const IPV4_BITS_MIN: u8 = 8;
const IPV6_BITS_MIN: u8 = 32;

/// To whom the conditions of a statement hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    /// To no one in particular: anyone can meet them.
    ToNobody,
    /// To those of one account, organization or network, by a pattern or a key that S3 does not take for fixed.
    ToSome,
    /// To fixed values.
    ToFixed,
}

/// How a key's values name someone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As a whole: an id.
    Whole,
    /// An ARN: its account is someone.
    Arn,
    /// The ARN of an access point, which stays fixed for S3 while its account is.
    AccessPoint,
    /// A path through an organization, which begins with its id.
    OrgPath,
    /// A unique id, behind a colon the name of a session.
    UserId,
    /// An address range.
    Network,
}

/// The condition keys that say who comes, how their values do, and whether S3 lists them.
///
/// `aws:VpcSourceIp` is not among them: any VPC can have the addresses.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpcsourceip>
const KEYS: &[(&str, Form, bool)] = &[
    ("aws:PrincipalAccount", Form::Whole, true),
    ("aws:PrincipalArn", Form::Arn, true),
    ("aws:PrincipalOrgID", Form::Whole, true),
    ("aws:PrincipalOrgPaths", Form::OrgPath, true),
    ("aws:SourceAccount", Form::Whole, true),
    ("aws:SourceArn", Form::Arn, true),
    ("aws:SourceIp", Form::Network, true),
    ("aws:SourceOrgID", Form::Whole, false),
    ("aws:SourceOrgPaths", Form::OrgPath, false),
    ("aws:SourceOwner", Form::Whole, true),
    ("aws:SourceVpc", Form::Whole, true),
    ("aws:SourceVpcArn", Form::Arn, false),
    ("aws:SourceVpce", Form::Whole, true),
    ("aws:userid", Form::UserId, true),
    ("aws:VpceAccount", Form::Whole, false),
    ("aws:VpceOrgID", Form::Whole, false),
    ("aws:VpceOrgPaths", Form::OrgPath, false),
    ("kms:CallerAccount", Form::Whole, false),
    ("s3:DataAccessPointAccount", Form::Whole, true),
    ("s3:DataAccessPointArn", Form::AccessPoint, true),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", Form::Whole, true),
];

/// Policy variables that are one value for all requests on one resource.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid>
const OF_THE_RESOURCE: [&str; 2] = ["${aws:ResourceAccount}", "${aws:ResourceOrgID}"];

/// Whether S3 counts a bucket's policy as public: not all it allows is for someone in particular.
#[must_use]
pub fn is_public(policy: &Document) -> bool {
    allowing(policy).any(is_public_for_s3)
}

/// Whether S3 counts what a statement allows as public.
pub(super) fn is_public_for_s3(statement: &Statement) -> bool {
    (names_anyone(statement) || issuer_alone(statement).is_some()) && held(statement) < Held::ToFixed
}

/// Whether a policy lets in everyone there is.
#[must_use]
pub fn is_open_to_the_world(policy: &Document) -> bool {
    allowing(policy).any(is_open)
}

/// Whether a statement is for everyone there is.
pub(super) fn is_open(statement: &Statement) -> bool {
    names_anyone(statement) && held(statement) == Held::ToNobody
}

/// An identity provider that is named without the account it is set up in, so that its tokens come from anywhere; S3's page has it.
pub(super) fn issuer_alone(statement: &Statement) -> Option<&str> {
    principals(statement).find_map(|principal| match principal {
        Principal::Federated(provider) => (!provider.contains(':') && !is_unknown(provider)).then_some(&**provider),
        Principal::Everyone | Principal::Aws(_) | Principal::CanonicalUser(_) | Principal::Service(_) => None,
    })
}

fn allowing(policy: &Document) -> impl Iterator<Item = &Statement> {
    policy.statements.iter().filter(|statement| statement.effect == Effect::Allow)
}

fn names_anyone(statement: &Statement) -> bool {
    is_for_everyone(statement) || matches!(statement.principal, Some(Principals::Not(_)))
}

/// To whom the conditions of a statement that allows hold it: all must be met, so that one of them is enough.
#[must_use]
pub fn held(statement: &Statement) -> Held {
    let by = tested(statement).map(|(operator, key, values)| held_by(&operator, key, values));
    by.max().unwrap_or(Held::ToNobody)
}

/// Those whom a statement that denies spares, where it denies all others; [`Held::ToNobody`] where it lets pass anyone in some way.
#[must_use]
pub fn spared(statement: &Statement) -> Held {
    let mut spared = None;
    for (operator, key, values) in tested(statement) {
        // That services are spared too lets in nobody else.
        let is_service =
            ["aws:PrincipalIsAWSService", "aws:ViaAWSService"].iter().any(|is| key.eq_ignore_ascii_case(is));
        if is_service && operator.base.eq_ignore_ascii_case("Bool") && values.iter().eq(["false"]) {
            continue;
        }
        let is_missing_denied = !operator.set.eq_ignore_ascii_case("ForAnyValue:");
        let by =
            if operator.is_negated() && is_missing_denied { named(&operator, key, values) } else { Held::ToNobody };
        spared = Some(spared.map_or(by, |spared: Held| spared.min(by)));
    }
    spared.unwrap_or(Held::ToNobody)
}

/// To whom one condition holds a statement.
pub(super) fn held_by(operator: &Operator<'_>, key: &str, values: &BTreeSet<String>) -> Held {
    let must_be_there = operator.if_exists.is_empty() && !operator.set.eq_ignore_ascii_case("ForAllValues:");
    if must_be_there && !operator.is_negated() { named(operator, key, values) } else { Held::ToNobody }
}

/// Whether a key says who comes.
pub(super) fn is_of_caller(key: &str) -> bool {
    KEYS.iter().any(|(known, _, _)| known.eq_ignore_ascii_case(key))
}

/// Whom the values of a key name, whichever of them it is.
fn named(operator: &Operator<'_>, key: &str, values: &BTreeSet<String>) -> Held {
    let base = operator.base.to_ascii_lowercase().replace("not", "");
    let is_arn = matches!(&*base, "arnequals" | "arnlike");
    let compares = is_arn || matches!(&*base, "stringequals" | "stringequalsignorecase" | "stringlike" | "ipaddress");
    let known = KEYS.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(key));
    let Some((_, form, is_listed)) = known.filter(|_| compares) else { return Held::ToNobody };
    let by = values.iter().map(|value| of_value(*form, value, is_arn)).min().unwrap_or(Held::ToNobody);
    if *is_listed { by } else { by.min(Held::ToSome) }
}

fn of_value(form: Form, value: &str, is_arn: bool) -> Held {
    let value = OF_THE_RESOURCE.iter().fold(Cow::Borrowed(value), |value, variable| {
        if value.contains(variable) { Cow::Owned(value.replace(variable, "of-the-resource")) } else { value }
    });
    let is_variable = matches!(value, Cow::Owned(_));
    let by = match form {
        Form::Network => of_network(&value),
        Form::Whole | Form::Arn | Form::AccessPoint | Form::OrgPath | Form::UserId => of_text(form, &value, is_arn),
    };
    if is_variable { by.min(Held::ToSome) } else { by }
}

fn of_text(form: Form, value: &str, is_arn: bool) -> Held {
    let is_open = |text: &str| text.contains(['*', '?']) || text.contains("${");
    if !is_open(&known_part(value)) {
        return Held::ToFixed;
    }
    let begins_with = |end: char| value.split_once(end).is_some_and(|(front, _)| !front.is_empty() && !is_open(front));
    let is_someone = match form {
        // What is not known before apply is someone; only what follows is open.
        _ if value.split(OPEN).next().is_some_and(|front| is_unknown(value) && !is_open(front)) => true,
        Form::Arn | Form::AccessPoint => is_of_account(value, is_arn, is_open),
        Form::OrgPath => begins_with('/'),
        Form::UserId => begins_with(':'),
        Form::Whole | Form::Network => false,
    };
    match form {
        Form::AccessPoint if is_someone => Held::ToFixed,
        _ if is_someone => Held::ToSome,
        _ => Held::ToNobody,
    }
}

/// Whether the pattern of an ARN is of one account. A string's `*` reaches over colons, so that nothing in front may be open; an
/// ARN's does not.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
fn is_of_account(pattern: &str, is_arn: bool, is_open: impl Fn(&str) -> bool) -> bool {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [_, _, _, _, account, _] = parts.as_slice() else { return false };
    let is_fixed_in_front = is_arn || !parts.iter().take(4).any(|part| is_open(part));
    is_fixed_in_front && !account.is_empty() && !is_open(account)
}

fn of_network(range: &str) -> Held {
    if is_unknown(range) {
        return Held::ToFixed;
    }
    let (address, bits) = range.split_once('/').map_or((range, None), |(address, bits)| (address, Some(bits)));
    let (Ok(address), Ok(bits)) = (address.parse::<IpAddr>(), bits.map(str::parse::<u8>).transpose()) else {
        return Held::ToNobody;
    };
    let min = if address.is_ipv4() { IPV4_BITS_MIN } else { IPV6_BITS_MIN };
    if bits.is_none_or(|bits| bits >= min) { Held::ToFixed } else { Held::ToNobody }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::model::Version;

    fn statement(effect: &str, principal: &Value, condition: &Value) -> Statement {
        let statement = json!({ "Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": "*", "Condition": condition });
        let document: Document =
            serde_json::from_value(json!({ "Version": "2012-10-17", "Statement": [statement] })).unwrap();
        document.statements.into_iter().next().unwrap()
    }

    fn to(condition: &Value) -> Held {
        held(&statement("Allow", &json!("*"), condition))
    }

    #[test]
    fn only_fixed_values_hold_for_s3() {
        let fixed = [
            json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }),
            json!({ "StringEquals": { "aws:SourceVpc": "vpc-91237329" } }),
            json!({ "StringLike": { "aws:SourceVpce": "vpce-1" }, "Bool": { "aws:SecureTransport": "true" } }),
            json!({ "ArnEquals": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/x" } }),
            json!({ "ArnLike": { "s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*" } }),
            json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "203.0.113.7", "2001:db8::/32"] } }),
            json!({ "StringEquals": { "aws:userid": "AROAEXAMPLE:session" } }),
            json!({ "StringEquals": { "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:111122223333:key/k" } }),
            json!({ "StringEquals": { "aws:SourceAccount": ["111122223333", "444455556666"] } }),
        ];
        for condition in fixed {
            assert_eq!(to(&condition), Held::ToFixed, "{condition}");
        }
    }

    #[test]
    fn a_pattern_of_one_account_is_someone_but_not_fixed() {
        let some = [
            json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } }),
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:cloudwatch:*:111122223333:alarm:*" } }),
            json!({ "StringLike": { "aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:*" } }),
            json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*" } }),
            json!({ "StringLike": { "aws:userid": "AROAEXAMPLE:*" } }),
            json!({ "StringEquals": { "kms:CallerAccount": "111122223333" } }),
            json!({ "StringEquals": { "aws:PrincipalOrgID": "${aws:ResourceOrgID}" } }),
            json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::\u{e000}account\u{e001}:role/*" } }),
        ];
        for condition in some {
            assert_eq!(to(&condition), Held::ToSome, "{condition}");
        }
    }

    #[test]
    fn what_anyone_can_meet_holds_nobody_back() {
        let open = [
            json!({}),
            json!({ "StringLike": { "aws:PrincipalOrgID": "o-*" } }),
            json!({ "StringLike": { "aws:PrincipalAccount": "????????????" } }),
            json!({ "StringLike": { "aws:SourceVpc": "vpc-*" } }),
            json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/x" } }),
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::mine-*" } }),
            // A role's path may hold colons: arn:aws:iam::999999999999:role/a:111122223333:role/x
            json!({ "StringLike": { "aws:PrincipalArn": "arn:aws:iam:*:111122223333:role/x" } }),
            json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-*/r-ab12/*" } }),
            json!({ "StringLike": { "aws:userid": "*:session" } }),
            json!({ "StringEquals": { "aws:SourceAccount": "${aws:PrincipalAccount}" } }),
            json!({ "IpAddress": { "aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"] } }),
            json!({ "IpAddress": { "aws:SourceIp": ["203.0.113.0/24", "::/0"] } }),
            json!({ "IpAddress": { "aws:SourceIp": "2000::/31" } }),
            json!({ "IpAddress": { "aws:VpcSourceIp": "10.0.0.0/16" } }),
            json!({ "StringEquals": { "aws:SourceAccount": ["111122223333", "*"] } }),
            json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }),
            json!({ "ForAllValues:StringLike": { "aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*" } }),
            json!({ "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } }),
            json!({ "Null": { "aws:PrincipalOrgID": "false" } }),
            json!({ "StringEquals": { "aws:Referer": "https://example.com" } }),
            json!({ "StringEquals": { "sts:ExternalId": "x" } }),
        ];
        for condition in open {
            assert_eq!(to(&condition), Held::ToNobody, "{condition}");
        }
    }

    #[test]
    fn a_denial_of_all_others_spares_those_it_names() {
        let spares = |condition: &Value| spared(&statement("Deny", &json!("*"), condition));
        let perimeter = json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" }, "BoolIfExists": { "aws:PrincipalIsAWSService": "false" } });
        assert_eq!(spares(&perimeter), Held::ToFixed);
        let two = json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" }, "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } });
        assert_eq!(spares(&two), Held::ToSome);
        let open = [
            json!({}),
            json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:Referer": "x" } }),
            json!({ "ForAnyValue:StringNotLike": { "aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*" } }),
            json!({ "NotIpAddress": { "aws:SourceIp": "0.0.0.0/1" } }),
            json!({ "Bool": { "aws:SecureTransport": "false" } }),
            json!({ "Bool": { "aws:PrincipalIsAWSService": "false" } }),
        ];
        for condition in open {
            assert_eq!(spares(&condition), Held::ToNobody, "{condition}");
        }
    }

    #[test]
    fn a_policy_is_public_by_its_principals() {
        let is = |principal: &Value| {
            let statements = vec![statement("Allow", principal, &json!({}))];
            is_public(&Document { version: Version::V2012, id: None, statements })
        };
        for public in [json!("*"), json!({ "AWS": "*" }), json!({ "Federated": "graph.facebook.com" })] {
            assert!(is(&public), "{public}");
        }
        for held in [json!({ "AWS": "111122223333" }), json!({ "Service": "cloudtrail.amazonaws.com" })] {
            assert!(!is(&held), "{held}");
        }
    }
}
