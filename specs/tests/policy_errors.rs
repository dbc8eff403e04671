//! What a person is told about a document that is wrong.

use trueup_specs::policy::{Document, ParseError, TEXT_BYTES_MAX, Use};

fn errors(text: &str, use_: Use) -> Vec<ParseError> {
    match Document::parse(text, use_) {
        Ok(document) => panic!("read as {}", document.to_json()),
        Err(errors) => errors,
    }
}

/// The errors, each as the text it points at, where that is, what it says, and the help.
fn told(text: &str, use_: Use) -> Vec<String> {
    let tell = |error: &ParseError| {
        let help = error.help.as_deref().unwrap_or("-");
        format!("{} | {error} | {help}", &text[error.at.clone()])
    };
    errors(text, use_).iter().map(tell).collect()
}

#[test]
fn everything_wrong_is_told_at_once_and_in_order() {
    let text = r#"{"Verion":"2012-10-17","Version":"2012","Statement":[
        {"Effect":"allow","Action":["s3GetObject","s3:"],"Resource":"b","Sid":"a b"},
        {"Efect":"Allow","Action":"*","Action":"s3:*","Resource":[],"Condition":{"StringEqual":{"SourceArn":null}}},
        7]}"#;
    assert_eq!(
        told(text, Use::Identity),
        [
            r#""Verion" | "Verion" is not an element of a policy document | did you mean "Version"?"#,
            r#""2012" | Version: "2012" is not a version of the policy language | write "2012-10-17", the version that knows policy variables"#,
            r#""allow" | Statement[0].Effect: the effect is "Allow" or "Deny", not "allow" | did you mean "Allow"?"#,
            r#""s3GetObject" | Statement[0].Action[0]: "s3GetObject" is not an action | an action is a service's prefix, a colon and a name, such as "s3:GetObject""#,
            r#""s3:" | Statement[0].Action[1]: the name in the action "s3:" is not one | a name is letters and digits, with * and ? as wildcards"#,
            r#""b" | Statement[0].Resource: the resource "b" is neither an ARN nor "*" | an ARN is arn:partition:service:region:account:resource"#,
            r#""a b" | Statement[0].Sid: the "Sid" "a b" has other characters than letters and digits | IAM takes A-Z, a-z and 0-9 only"#,
            r#""Efect" | Statement[1]: "Efect" is not an element of a statement | did you mean "Effect"?"#,
            r#""Action" | Statement[1]: "Action" occurs twice in a statement | -"#,
            r#"[] | Statement[1].Resource: the list is empty | -"#,
            r#""StringEqual" | Statement[1].Condition: "StringEqual" is not a condition operator | did you mean "StringEquals"?"#,
            r#""SourceArn" | Statement[1].Condition.StringEqual: "SourceArn" is not a condition key | a condition key is a prefix, a colon and a name, such as "aws:SourceArn""#,
            r#"null | Statement[1].Condition.StringEqual.SourceArn: a string belongs here, not null | -"#,
            r#"7 | Statement[2]: a statement is an object, not a number | -"#,
        ]
    );
}

/// One statement in a document.
fn one(inner: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{inner}}}]}}"#)
}

#[track_caller]
fn refused(inner: &str, use_: Use, message: &str) {
    let errors = errors(&one(inner), use_);
    let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
    assert!(messages.len() == 1 && messages[0].contains(message), "{inner}: {messages:?}");
}

#[track_caller]
fn taken(inner: &str, use_: Use) {
    if let Err(errors) = Document::parse(&one(inner), use_) {
        panic!("{inner}: {errors:?}");
    }
}

#[test]
fn each_use_has_its_grammar() {
    let action = r#""Effect":"Allow","Action":"s3:GetObject""#;
    let whole = format!(r#"{action},"Principal":"*","Resource":"*""#);
    refused(action, Use::Identity, "\"Resource\" is missing");
    refused(&whole, Use::Identity, "a managed policy has no \"Principal\"");
    refused(&whole, Use::Inline, "an inline policy has no \"Principal\"");
    refused(&format!(r#"{action},"Resource":"*""#), Use::Bucket, "\"Principal\" is missing");
    refused(&format!(r#"{action},"Principal":"*""#), Use::Key, "\"Resource\" is missing");
    refused(
        r#""Effect":"Allow","Action":"kms:*","Principal":"*","Resource":"*""#,
        Use::Bucket,
        "no place in a bucket policy",
    );
    refused(r#""Effect":"Allow","Action":"iam:*","Principal":"*""#, Use::Trust, "no place in a trust policy");
    refused(
        r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*""#,
        Use::Trust,
        "has no \"Resource\"",
    );
    refused(r#""Effect":"Allow","Action":"sts:AssumeRole""#, Use::Trust, "\"Principal\" is missing");
    taken(&whole, Use::Bucket);
    taken(&format!(r#"{whole},"Sid":"with spaces""#), Use::Key);
    taken(
        r#""Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Principal":{"Service":"x.amazonaws.com"}"#,
        Use::Trust,
    );

    let not = r#""Effect":"Allow","Action":"s3:*","NotPrincipal":{"AWS":"111111111111"},"Resource":"*""#;
    refused(not, Use::Bucket, "would allow the whole world");
    taken(&not.replace("Allow", "Deny"), Use::Bucket);

    let id = r#"{"Id":"x","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    assert_eq!(errors(id, Use::Identity)[0].message, "an identity-based policy has no \"Id\"");
}

#[test]
fn principals_are_checked() {
    let with = |principal: &str| format!(r#""Effect":"Allow","Action":"sts:AssumeRole",{principal}"#);
    for good in [
        r#""Principal":"*""#,
        r#""Principal":{"AWS":"*"}"#,
        r#""Principal":{"AWS":"111111111111"}"#,
        r#""Principal":{"AWS":"arn:aws-us-gov:iam::111111111111:role/path/r"}"#,
        r#""Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/r/s"}"#,
        r#""Principal":{"AWS":"AROAAAAAAAAAAAAAAAAAA"}"#,
        r#""Principal":{"Federated":"cognito-identity.amazonaws.com"}"#,
        "\"Principal\":{\"AWS\":\"arn:aws:iam::\u{E000}account.tooling.id\u{E001}:root\"}",
        "\"Principal\":{\"AWS\":\"\u{E000}role.r.arn\u{E001}\"}",
    ] {
        taken(&with(good), Use::Trust);
    }
    for (bad, message) in [
        (r#""Principal":"111111111111""#, "principals are \"*\" or an object"),
        (r#""Principal":["*"]"#, "principals are \"*\" or an object"),
        (r#""Principal":{}"#, "no principal is named"),
        (r#""Principal":{"AWS":[]}"#, "the list is empty"),
        (r#""Principal":{"Aws":"*"}"#, "\"Aws\" is not an element of a principal"),
        (r#""Principal":{"AWS":"11111111111"}"#, "is not an AWS principal"),
        (r#""Principal":{"AWS":"arn:aws:s3:::b"}"#, "is not an AWS principal"),
        (r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/"}"#, "is not an AWS principal"),
        (r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/*"}"#, "has a wildcard"),
        (r#""Principal":{"AWS":"arn:aws:iam::111111111111:group/g"}"#, "is a group"),
        (r#""Principal":{"AWS":"ec2.amazonaws.com"}"#, "is not an AWS principal"),
        (r#""Principal":{"Service":"codepipeline"}"#, "is not a service principal"),
        (r#""Principal":{"CanonicalUser":"0123"}"#, "only a bucket policy"),
        (r#""NotPrincipal":{"AWS":"111111111111"}"#, "a trust policy has no \"NotPrincipal\""),
    ] {
        refused(&with(bad), Use::Trust, message);
    }
}

#[test]
fn actions_and_resources_are_checked() {
    let with = |action: &str, resource: &str| format!(r#""Effect":"Deny","Action":"{action}","Resource":"{resource}""#);
    for action in ["*", "*:*", "s3:*", "S3:get?bject*", "aws-portal:View_x", "\u{E000}param.action\u{E001}"] {
        taken(&with(action, "*"), Use::Identity);
    }
    for action in ["", ":", "s3:", ":Get", "s*:Get", "s3 :Get", "s3:Get Object", "s3:Get:Object", "s3:${aws:username}"]
    {
        assert!(Document::parse(&one(&with(action, "*")), Use::Identity).is_err(), "{action}");
    }
    for resource in ["arn:aws:s3:::b", "arn:aws:s3:::${aws:username}/*", "arn:aws:*", "\u{E000}bucket.b.arn\u{E001}/*"]
    {
        taken(&with("s3:*", resource), Use::Identity);
    }
    for resource in ["", "b", "arn:aws:s3:b", "**", " *"] {
        assert!(Document::parse(&one(&with("s3:*", resource)), Use::Identity).is_err(), "{resource}");
    }
}

#[test]
fn other_mistakes_are_told() {
    refused(r#""Action":"s3:*","Resource":"*""#, Use::Identity, "\"Effect\" is missing");
    let rest = r#""Effect":"Deny","Action":"s3:*","Resource":"*""#;
    refused(&format!(r#"{rest},"NotAction":"s3:*""#), Use::Identity, "not both");
    refused(&format!(r#"{rest},"Sid":"é!""#), Use::Identity, "letters and digits");
    refused(&format!(r#"{rest},"Condition":{{"NullIfExists":{{"a:b":true}}}}"#), Use::Identity, "does not go with");
    refused(
        &format!(r#"{rest},"Condition":{{"Bool":{{"a:b":true}},"bool":{{}}}}"#),
        Use::Identity,
        "the operator \"bool\" occurs twice",
    );
    refused(
        &format!(r#"{rest},"Condition":{{"Bool":{{"a:b":true,"A:B":true}}}}"#),
        Use::Identity,
        "the condition key \"A:B\" occurs twice",
    );
    refused(&rest.replace("\"*\"", "\"arn:aws:s3:::\u{4e16}\""), Use::Identity, "U+4E16");
    let twice = format!(r#"{{"Statement":[{{"Sid":"A",{rest}}},{{"Sid":"A",{rest}}}]}}"#);
    assert_eq!(errors(&twice, Use::Identity)[0].message, "the \"Sid\" \"A\" occurs twice");
    assert_eq!(errors(r#"{"Statement":[]}"#, Use::Identity)[0].message, "the document has no statement");
}

#[test]
fn text_that_is_not_json_is_told_where() {
    for (text, at) in [
        ("", 0),
        ("   ", 0),
        ("{", 0),
        (r#"{"Version":"2012-10-17",}"#, 22),
        (r#"{"Version" "2012-10-17"}"#, 11),
        (r#"{} x"#, 3),
        (
            r#"// no
        {}"#,
            0,
        ),
        (r#"{'Version':1}"#, 1),
        (r#"{"Version":"\q"}"#, 12),
        (r#"{"Version":"\ud800"}"#, 12),
        ("{\"Version\":\"a\nb\"}", 13),
        (r#"{"Version":01}"#, 12),
        (r#"{"Version":+1}"#, 11),
        (r#"{"Version":NaN}"#, 11),
        ("\u{FEFF}{x}", 4),
    ] {
        let errors = errors(text, Use::Identity);
        assert_eq!(errors.len(), 1, "{text}");
        assert!(errors[0].message.starts_with("the document is not JSON: "), "{text}: {errors:?}");
        assert!(errors[0].at.start.abs_diff(at) <= 1, "{text}: {errors:?}");
        assert!(text.get(errors[0].at.clone()).is_some(), "{text}: {errors:?}");
    }
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let text = "\u{FEFF}{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3\",\"Resource\":\"*\"}]}";
    let errors = errors(text, Use::Identity);
    assert_eq!(&text[errors[0].at.clone()], "\"s3\"");
}

#[test]
fn huge_and_deep_texts_are_refused() {
    let long = format!(r#"{{"Id":"{}"}}"#, "x".repeat(TEXT_BYTES_MAX));
    assert!(errors(&long, Use::Key)[0].message.contains("longer than"));
    for depth in [200, 600, 10_000, 400_000] {
        for open in ["[", r#"{"a":"#] {
            let text = open.repeat(depth);
            assert!(Document::parse(&text, Use::Key).is_err());
            assert!(Document::from_live(&text).is_err());
        }
        let closed = format!(r#"{{"Statement":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(Document::parse(&closed, Use::Key).is_err());
    }
}

#[test]
fn the_worst_text_has_an_end() {
    let many = format!("[{}7]", "7,".repeat(300_000));
    let text = format!(r#"{{"Statement":{many}}}"#);
    assert_eq!(errors(&text, Use::Key).len(), 1_000);
}
