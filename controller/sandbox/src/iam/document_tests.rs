use super::{DocumentUse, check, size};

/// One statement around the given elements.
fn one(elements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{elements}}}]}}"#)
}

/// What is wrong, or nothing.
fn wrong(elements: &str, use_: DocumentUse) -> Option<String> {
    check(&one(elements), use_).err()
}

fn identity(elements: &str) -> Option<String> {
    wrong(elements, DocumentUse::Identity)
}

fn trust(elements: &str) -> Option<String> {
    wrong(elements, DocumentUse::Trust)
}

#[test]
fn sound_documents_pass() {
    for elements in [
        r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#,
        r#""Sid":"A1","Effect":"Deny","NotAction":["iam:*"],"NotResource":["arn:aws:s3:::b/${aws:username}/*"]"#,
        r#""Effect":"Allow","Action":"*","Resource":"arn:aws:iam::111111111111:role/x","Condition":{}"#,
        r#""Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/a/*","Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a",1,true]},"Null":{"aws:x":"true"}}"#,
        r#""Effect":"Allow","Action":"s3:List*","Resource":"arn:aws:s3:eu-west-1:111111111111:accesspoint/x""#,
        r#""Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs""#,
    ] {
        assert_eq!(identity(elements), None, "{elements}");
    }
    for principal in [
        r#""*""#,
        r#"{"AWS":"*"}"#,
        r#"{"AWS":["111111111111","arn:aws:iam::111111111111:root"]}"#,
        r#"{"AWS":"arn:aws:iam::111111111111:role/a/b"}"#,
        r#"{"AWS":"AROAABCDEFGHIJKLMNOPQ"}"#,
        r#"{"Service":["ec2.amazonaws.com","logs.eu-west-1.amazonaws.com"]}"#,
        r#"{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"}"#,
        r#"{"Federated":"cognito-identity.amazonaws.com"}"#,
    ] {
        let elements = format!(r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}"#);
        assert_eq!(trust(&elements), None, "{principal}");
    }
}

#[test]
fn broken_identity_documents_are_refused() {
    let allow = r#""Effect":"Allow","Action":"s3:Get*","Resource":"*""#;
    for (elements, message) in [
        (r#""Effect":"Allow","Action":"s3:*""#, "Policy statement must contain resources."),
        (r#""Effect":"Allow","Action":"s3:*","Resource":[]"#, "Policy statement must contain resources."),
        (r#""Effect":"Allow","Resource":"*""#, "Policy statement must contain actions."),
        (r#""Action":"s3:*","Resource":"*""#, "Syntax errors in policy."),
        (r#""Effect":"allow","Action":"s3:*","Resource":"*""#, "Syntax errors in policy."),
        (r#""Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*""#, "Syntax errors in policy."),
        (r#""Effect":"Allow","Effect":"Allow","Action":"s3:*","Resource":"*""#, "Syntax errors in policy."),
        (r#""Effect":"Allow","Action":"s3:*","Resource":"*","Extra":1"#, "Syntax errors in policy."),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*""#,
            "Policy document should not specify a principal.",
        ),
        (
            r#""Effect":"Allow","Action":"GetObject","Resource":"*""#,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (r#""Effect":"Allow","Action":"s3:a:b","Resource":"*""#, "Actions/Condition can contain only one colon."),
        (r#""Effect":"Allow","Action":"s*:Get","Resource":"*""#, "Vendor s* is not valid"),
        (r#""Effect":"Allow","Action":"s3:*","Resource":"bucket""#, "Resource bucket must be in ARN format or \"*\"."),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"arn:awz:s3:::b""#,
            "Partition \"awz\" is not valid for resource \"arn:awz:s3:::b\".",
        ),
        (r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3::b""#, "The policy failed legacy parsing"),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:eu-west-1::b""#,
            "Resource arn:aws:s3:eu-west-1::b can not contain region information.",
        ),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringIs":{"aws:x":"y"}}"#,
            "Invalid Condition type : StringIs",
        ),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:x":{}}}"#,
            "Syntax errors in policy.",
        ),
        (
            r#""Sid":"with space","Effect":"Allow","Action":"s3:*","Resource":"*""#,
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
    ] {
        assert_eq!(identity(elements).as_deref(), Some(message), "{elements}");
    }
    for (text, message) in [
        ("", "Syntax errors in policy."),
        ("[]", "Syntax errors in policy."),
        (r#"{"Version":"2012-10-17","Statement":[]}"#, "Syntax errors in policy."),
        (r#"{"Version":"2013-01-01","Statement":[{}]}"#, "Syntax errors in policy."),
    ] {
        assert_eq!(check(text, DocumentUse::Identity).err().as_deref(), Some(message), "{text}");
    }
    let old = format!(r#"{{"Statement":[{{{allow}}}]}}"#);
    assert!(check(&old, DocumentUse::Identity).is_ok());
    let twice = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"A",{allow}}},{{"Sid":"A",{allow}}}]}}"#);
    assert_eq!(
        check(&twice, DocumentUse::Identity).err().as_deref(),
        Some("Statement IDs (SID) in a single policy must be unique.")
    );
}

#[test]
fn broken_trusts_are_refused() {
    let principal = r#""Principal":{"Service":"ec2.amazonaws.com"}"#;
    for (elements, message) in [
        (r#""Effect":"Allow","Action":"sts:AssumeRole""#.to_owned(), "Missing required field Principal"),
        (format!(r#""Action":"sts:AssumeRole",{principal}"#), "Missing required field Effect"),
        (format!(r#""Effect":"Yes","Action":"sts:AssumeRole",{principal}"#), "Invalid effect: Yes"),
        (format!(r#""Effect":"Allow",{principal}"#), "Policy statement must contain actions."),
        (
            format!(r#""Effect":"Allow","Action":"s3:GetObject",{principal}"#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            format!(r#""Effect":"Allow","Action":"sts:AssumeRole","Resource":"*",{principal}"#),
            "Has prohibited field Resource",
        ),
        (format!(r#""Effect":"Allow","Action":"sts:AssumeRole","Xyz":"*",{principal}"#), "Unknown field Xyz"),
        (
            r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2"}"#.to_owned(),
            "Invalid principal in policy: \"SERVICE\":\"ec2\"",
        ),
        (
            r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111111111111:role/*"}"#
                .to_owned(),
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111111111111:role/*\"",
        ),
        (
            r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Federated":"example.com"}"#.to_owned(),
            "Invalid principal in policy: \"FEDERATED\":\"example.com\"",
        ),
        (r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":"arn""#.to_owned(), "Invalid principal in policy"),
    ] {
        assert_eq!(trust(&elements).as_deref(), Some(message), "{elements}");
    }
}

#[test]
fn resource_policies_name_both() {
    let sound =
        r#""Sid":"Allow use of the key","Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*""#;
    assert_eq!(wrong(sound, DocumentUse::Resource), None);
    let no_resource = r#""Effect":"Allow","Principal":"*","Action":"kms:*""#;
    assert_eq!(wrong(no_resource, DocumentUse::Resource).as_deref(), Some("Policy statement must contain resources."));
    let no_principal = r#""Effect":"Allow","Action":"kms:*","Resource":"*""#;
    assert_eq!(wrong(no_principal, DocumentUse::Resource).as_deref(), Some("Missing required field Principal"));
}

#[test]
fn white_space_counts_inside_of_strings_only() {
    assert_eq!(size("{ \"a\" :\n\t\"b c\" }"), 11);
    assert_eq!(size(r#"{"a":" \" "}"#), 12);
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    let deep = "[".repeat(100_000);
    assert!(check(&deep, DocumentUse::Identity).is_err());
}
