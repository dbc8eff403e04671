//! Which documents are equal, and which are not.

use trueup_specs::policy::{Document, Use};

/// A statement of a bucket policy with one element replaced.
fn bucket(element: &str) -> String {
    let mut elements = vec![
        r#""Effect": "Allow""#,
        r#""Principal": "*""#,
        r#""Action": "s3:GetObject""#,
        r#""Resource": "arn:aws:s3:::b/*""#,
    ];
    let name = element.split(['"', ':']).nth(1).unwrap_or_default();
    let name = name.trim_start_matches("Not");
    elements.retain(|other| !other.starts_with(&format!("\"{name}\"")));
    elements.push(element);
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#, elements.join(","))
}

fn condition(inner: &str) -> String {
    bucket(&format!(r#""Condition": {inner}"#))
}

fn live(text: &str) -> Document {
    Document::from_live(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

#[track_caller]
fn same(left: &str, right: &str) {
    let (left, right) = (live(left), live(right));
    assert_eq!(left, right);
    assert!(left.same_meaning(&right));
}

#[track_caller]
fn different(left: &str, right: &str) {
    let (left, right) = (live(left), live(right));
    assert_ne!(left, right);
    assert!(!left.same_meaning(&right), "{} {}", left.to_json(), right.to_json());
}

#[test]
fn what_aws_reads_the_same_is_equal() {
    let pairs = [
        (r#""Action": ["s3:GetObject"]"#, r#""Action": "s3:GetObject""#),
        (r#""Action": ["s3:GetObject", "s3:PutObject"]"#, r#""Action": ["s3:PutObject", "s3:GetObject"]"#),
        (r#""Action": ["s3:GetObject", "S3:getobject"]"#, r#""Action": "s3:GETOBJECT""#),
        (r#""Principal": "*""#, r#""Principal": {"AWS": "*"}"#),
        (r#""Principal": "*""#, r#""Principal": {"AWS": ["*"]}"#),
        (r#""Principal": {"AWS": "111111111111"}"#, r#""Principal": {"AWS": "arn:aws:iam::111111111111:root"}"#),
        (
            r#""NotPrincipal": {"AWS": "111111111111"}"#,
            r#""NotPrincipal": {"AWS": ["arn:aws:iam::111111111111:root", "111111111111"]}"#,
        ),
        (r#""Condition": {}"#, r#""Effect": "Allow""#),
        (r#""Condition": {"StringEquals": {}}"#, r#""Effect": "Allow""#),
        (r#""Sid": """#, r#""Effect": "Allow""#),
    ];
    for (left, right) in pairs {
        same(&bucket(left), &bucket(right));
    }
}

#[test]
fn conditions_are_compared_as_they_are_evaluated() {
    let pairs = [
        (r#"{"StringEquals": {"aws:SourceArn": "a"}}"#, r#"{"stringequals": {"AWS:sourcearn": ["a"]}}"#),
        (r#"{"StringEquals": {"aws:ResourceTag/Team": "a"}}"#, r#"{"StringEquals": {"aws:ResourceTag/team": "a"}}"#),
        (r#"{"Bool": {"aws:SecureTransport": false}}"#, r#"{"Bool": {"aws:SecureTransport": "False"}}"#),
        (r#"{"Null": {"aws:SourceArn": true}}"#, r#"{"Null": {"aws:SourceArn": "true"}}"#),
        (r#"{"BoolIfExists": {"aws:SecureTransport": "TRUE"}}"#, r#"{"BoolIfExists": {"aws:SecureTransport": true}}"#),
        (r#"{"NumericLessThan": {"s3:max-keys": 5}}"#, r#"{"NumericLessThan": {"s3:max-keys": ["5", "5.0"]}}"#),
        (r#"{"NumericEquals": {"s3:max-keys": "1.50"}}"#, r#"{"NumericEquals": {"s3:max-keys": 1.5}}"#),
        (r#"{"StringEquals": {"a:b": 5}}"#, r#"{"StringEquals": {"a:b": "5"}}"#),
        (r#"{"IpAddress": {"aws:SourceIp": "192.0.2.1"}}"#, r#"{"IpAddress": {"aws:SourceIp": "192.0.2.1/32"}}"#),
        (r#"{"StringEquals": {"a:b": ["x", "y", "x"]}}"#, r#"{"StringEquals": {"a:b": ["y", "x"]}}"#),
    ];
    for (left, right) in pairs {
        same(&condition(left), &condition(right));
    }
}

#[test]
fn what_may_mean_something_else_is_different() {
    let pairs = [
        (r#""Effect": "Allow""#, r#""Effect": "Deny""#),
        (r#""Action": "s3:GetObject""#, r#""NotAction": "s3:GetObject""#),
        (r#""Action": "s3:GetObject""#, r#""Action": "s3:GetObject*""#),
        (r#""Resource": "arn:aws:s3:::b/*""#, r#""NotResource": "arn:aws:s3:::b/*""#),
        (r#""Resource": "arn:aws:s3:::b/k""#, r#""Resource": "arn:aws:s3:::b/K""#),
        (r#""Principal": "*""#, r#""NotPrincipal": "*""#),
        (r#""NotPrincipal": {"AWS": "*"}"#, r#""NotPrincipal": "*""#),
        (r#""Principal": {"AWS": "AROAAAAAAAAAAAAAAAAAA"}"#, r#""Principal": {"AWS": "AROABBBBBBBBBBBBBBBBB"}"#),
        (
            r#""Principal": {"AWS": "AROAAAAAAAAAAAAAAAAAA"}"#,
            r#""Principal": {"AWS": "arn:aws:iam::111111111111:role/r"}"#,
        ),
        (r#""Principal": {"AWS": "111111111111"}"#, r#""Principal": {"AWS": "arn:aws-cn:iam::111111111111:root"}"#),
        (r#""Principal": {"AWS": "111111111111"}"#, r#""Principal": {"AWS": "222222222222"}"#),
        (r#""Principal": {"AWS": "x"}"#, r#""Principal": {"Service": "x"}"#),
        (r#""Principal": {"AWS": []}"#, r#""Effect": "Allow""#),
    ];
    for (left, right) in pairs {
        different(&bucket(left), &bucket(right));
    }
}

#[test]
fn conditions_that_differ_are_different() {
    let pairs = [
        (r#"{"StringEquals": {"a:b": "x"}}"#, r#"{"StringEquals": {"a:b": "X"}}"#),
        (r#"{"StringEquals": {"a:b": "x"}}"#, r#"{"StringLike": {"a:b": "x"}}"#),
        (r#"{"StringEquals": {"a:b": "x"}}"#, r#"{"StringEqualsIfExists": {"a:b": "x"}}"#),
        (r#"{"StringEquals": {"a:b": "x"}}"#, r#"{"ForAnyValue:StringEquals": {"a:b": "x"}}"#),
        (r#"{"StringEquals": {"a:b": "x"}}"#, r#"{"StringEquals": {"a:c": "x"}}"#),
        (r#"{"StringEquals": {"a:b": []}}"#, r#"{}"#),
        (r#"{"StringEquals": {"a:b": []}}"#, r#"{"StringEquals": {"a:b": ""}}"#),
        (r#"{"StringEquals": {"a:b": "true"}}"#, r#"{"StringEquals": {"a:b": "True"}}"#),
        (r#"{"StringEquals": {"a:b": "5"}}"#, r#"{"StringEquals": {"a:b": "5.0"}}"#),
        (r#"{"NumericEquals": {"a:b": "5"}}"#, r#"{"NumericEquals": {"a:b": "50"}}"#),
        (r#"{"NumericEquals": {"a:b": 1e400}}"#, r#"{"NumericEquals": {"a:b": 1e401}}"#),
        (r#"{"IpAddress": {"a:b": "192.0.2.1/24"}}"#, r#"{"IpAddress": {"a:b": "192.0.2.1"}}"#),
    ];
    for (left, right) in pairs {
        different(&condition(left), &condition(right));
    }
}

#[test]
fn the_version_is_meaning() {
    let statement = r#""Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    let absent = format!("{{{statement}}}");
    let old = format!(r#"{{"Version":"2008-10-17",{statement}}}"#);
    let new = format!(r#"{{"Version":"2012-10-17",{statement}}}"#);
    same(&absent, &old);
    different(&old, &new);
}

#[test]
fn sid_and_id_are_names_and_not_meaning() {
    let plain = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let named = r#"{"Id":"i","Statement":[{"Sid":"S","Effect":"Allow","Action":"s3:*","Resource":"*"},
        {"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    assert_ne!(live(plain), live(named));
    assert!(live(plain).same_meaning(&live(named)));
}

#[test]
fn what_is_sent_keeps_the_spelling_and_is_short() {
    let text = r#" {"Statement": [
        {"Sid":"B","Effect":"Deny","Principal":{"AWS":["*"]},"NotAction":["s3:GetObject"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::a"],
         "Condition":{"Bool":{"aws:SecureTransport":[false]}}},
        {"Sid":"A","Effect":"Allow","Principal":{"Service":"x.amazonaws.com","AWS":["222222222222","*"]},"Action":"S3:getobject","Resource":"arn:aws:s3:::b/é"}],
        "Version":"2012-10-17","Id":"i"}"#;
    let document = Document::parse(text, Use::Bucket).unwrap();
    assert_eq!(
        document.to_json(),
        concat!(
            r#"{"Version":"2012-10-17","Id":"i","Statement":["#,
            r#"{"Sid":"A","Effect":"Allow","Principal":{"AWS":["*","arn:aws:iam::222222222222:root"],"Service":"x.amazonaws.com"},"#,
            r#""Action":"S3:getobject","Resource":"arn:aws:s3:::b/é"},"#,
            r#"{"Sid":"B","Effect":"Deny","Principal":"*","NotAction":"s3:GetObject","Resource":["arn:aws:s3:::a","arn:aws:s3:::b"],"#,
            r#""Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#
        )
    );
    assert_eq!(live(&document.to_pretty()), document);
    assert!(document.to_pretty().lines().count() > 20);
}

#[test]
fn sizes_are_counted_as_aws_does() {
    let text =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/a é"}]}"#;
    let document = Document::parse(text, Use::Identity).unwrap();
    assert_eq!(document.size(Use::Identity), text.chars().count() - 1);
    assert_eq!(document.size(Use::Bucket), text.len());

    let unknown = text.replace("a é", "\u{E000}tooling/key.artifacts.id\u{E001}");
    let unknown = Document::parse(&unknown, Use::Identity).unwrap();
    assert_eq!(unknown.size(Use::Bucket), text.len() - "a é".len());
}

#[test]
fn principals_are_those_of_aws() {
    let text = r#"{"Statement":[
        {"Effect":"Allow","Principal":{"AWS":["111111111111","arn:aws:iam::222222222222:role/r"],"Service":"s.amazonaws.com"},"Action":"s3:*","Resource":"*"},
        {"Effect":"Deny","NotPrincipal":{"AWS":["*","AROAAAAAAAAAAAAAAAAAA"]},"Action":"s3:*","Resource":"*"},
        {"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
    let document = live(text);
    let mut principals: Vec<_> = document.principals().collect();
    principals.sort_unstable();
    assert_eq!(
        principals,
        ["AROAAAAAAAAAAAAAAAAAA", "arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:role/r"]
    );
}

#[test]
fn values_not_known_yet_are_told_apart_by_case() {
    let with = |name: &str| bucket(&format!("\"Action\": \"\u{E000}param.{name}\u{E001}:Get\""));
    same(&with("x"), &with("x").replace(":Get", ":GET"));
    different(&with("x"), &with("X"));
    assert!(live(&with("x")).to_json().contains("\u{E000}param.x\u{E001}"));
}

#[test]
fn a_saved_document_is_read_back() {
    let document = live(&condition(r#"{"NumericEquals": {"a:b": 1e400}}"#));
    let saved = serde_json::to_string(&document).unwrap();
    assert_eq!(saved, document.to_json());
    assert_eq!(serde_json::from_str::<Document>(&saved).unwrap(), document);
    assert!(serde_json::from_str::<Document>(r#"{"Nonsense": 1}"#).is_err());
}

#[test]
fn what_aws_keeps_is_read() {
    let ineffective = live(r#"{"Statement":[{"Effect":"Allow","Principal":"*"}]}"#);
    assert_eq!(live(&ineffective.to_json()), ineffective);
    live(r#"{"Version":"2012-10-17","Statement":[]}"#);
    live(
        r#"{"Statement":{"Sid":"a b","Effect":"Allow","Principal":{"AWS":123456789012},"Action":"nonsense","Resource":"x"}}"#,
    );
    for text in [
        "",
        "null",
        "[]",
        r#"{"Statement":[{"Action":"s3:*"}]}"#,
        r#"{"Statement":[],"Statement":[]}"#,
        r#"{"Extra":1}"#,
    ] {
        assert!(Document::from_live(text).is_err(), "{text}");
    }
}
