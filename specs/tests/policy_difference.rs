//! What a plan tells of a policy that changes.

use trueup_specs::policy::{Document, StatementChange, difference, widens_trust};

fn live(text: &str) -> Document {
    Document::from_live(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

fn document(statements: &[&str]) -> Document {
    live(&format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(",")))
}

/// The changes as lines: a sign for the statement, then each element's members.
fn told(before: Option<&Document>, after: Option<&Document>) -> Vec<String> {
    let mut lines = Vec::new();
    for change in difference(before, after) {
        let elements = match &change {
            StatementChange::Header { elements } => {
                lines.push("header".to_owned());
                elements
            }
            StatementChange::Removed(statement) => {
                lines.push(format!("- {:?}", statement.sid));
                continue;
            }
            StatementChange::Added(statement) => {
                lines.push(format!("+ {:?}", statement.sid));
                continue;
            }
            StatementChange::Changed { after, elements, .. } => {
                lines.push(format!("~ {:?}", after.sid));
                elements
            }
        };
        for element in elements {
            lines.extend(element.removed.iter().map(|member| format!("  {} - {member}", element.element)));
            lines.extend(element.added.iter().map(|member| format!("  {} + {member}", element.element)));
        }
    }
    lines
}

const READ: &str = r#"{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}"#;
const WRITE: &str = r#"{"Effect":"Allow","Action":["s3:PutObject"],"Resource":"arn:aws:s3:::b/*"}"#;

#[test]
fn equal_documents_have_no_difference() {
    let (left, right) = (document(&[READ, WRITE]), document(&[WRITE, READ, WRITE]));
    assert!(difference(Some(&left), Some(&right)).is_empty());
    assert!(difference(None, None).is_empty());
}

#[test]
fn a_document_comes_and_goes_whole() {
    let both = document(&[READ, WRITE]);
    let header = ["header", "  Version + 2012-10-17"];
    assert_eq!(told(None, Some(&both)), [&header[..], &["+ None", "+ Some(\"Read\")"]].concat());
    assert_eq!(told(Some(&both), None), ["header", "  Version - 2012-10-17", "- None", "- Some(\"Read\")"]);
    let empty = document(&[]);
    assert_eq!(told(None, Some(&empty)), header);
}

#[test]
fn statements_of_one_sid_are_one() {
    let after = r#"{"Sid":"Read","Effect":"Deny","Principal":"*","NotAction":"kms:*","Resource":["arn:aws:s3:::a"],
        "Condition":{"StringLike":{"aws:SourceArn":["x","y"]}}}"#;
    assert_eq!(
        told(Some(&document(&[READ, WRITE])), Some(&document(&[after, WRITE]))),
        [
            "~ Some(\"Read\")",
            "  Effect - Allow",
            "  Effect + Deny",
            "  Principal + *",
            "  Action - s3:GetObject",
            "  Action - s3:ListBucket",
            "  NotAction + kms:*",
            "  Resource - *",
            "  Resource + arn:aws:s3:::a",
            "  Condition + StringLike aws:SourceArn = x",
            "  Condition + StringLike aws:SourceArn = y",
        ]
    );
}

#[test]
fn statements_without_sid_are_paired_by_likeness() {
    let wider = WRITE.replace(r#"["s3:PutObject"]"#, r#"["S3:PUTOBJECT","s3:DeleteObject"]"#);
    let other = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111111111111:role/r"}"#;
    assert_eq!(
        told(Some(&document(&[WRITE])), Some(&document(&[other, &wider]))),
        ["~ None", "  Action + s3:DeleteObject", "+ None"]
    );
    let renamed = READ.replace("\"Read\"", "\"Look\"");
    assert_eq!(
        told(Some(&document(&[READ])), Some(&document(&[&renamed]))),
        ["~ Some(\"Look\")", "  Sid - Read", "  Sid + Look"]
    );
}

#[test]
fn only_the_header_may_change() {
    let before = live(r#"{"Id":"a","Statement":[]}"#);
    let after = live(r#"{"Version":"2012-10-17","Id":"b","Statement":[]}"#);
    assert_eq!(
        told(Some(&before), Some(&after)),
        ["header", "  Version - 2008-10-17", "  Version + 2012-10-17", "  Id - a", "  Id + b"]
    );
}

#[test]
fn empty_lists_differ_visibly() {
    let base = |element: &str| live(&format!(r#"{{"Statement":{{"Effect":"Allow"{element}}}}}"#));
    let forms = [
        "",
        r#","NotAction":[]"#,
        r#","Resource":[]"#,
        r#","NotResource":[]"#,
        r#","Principal":{}"#,
        r#","NotPrincipal":{}"#,
        r#","Condition":{"Bool":{"a:b":[]}}"#,
        r#","Condition":{"Bool":{"a:b":""}}"#,
    ];
    for left in forms {
        for right in forms {
            let (left, right) = (base(left), base(right));
            assert_eq!(difference(Some(&left), Some(&right)).is_empty(), left == right, "{left:?} {right:?}");
        }
    }
}

/// A trust statement of the given principal, with more elements after it.
fn trust(principal: &str, more: &str) -> String {
    let effect = if more.contains("\"Effect\"") { "" } else { r#""Effect":"Allow","# };
    let action = if more.contains("Action\"") { "" } else { r#","Action":"sts:AssumeRole""# };
    format!(r#"{{{effect}"Principal":{principal}{action}{more}}}"#)
}

#[track_caller]
fn widens(before: &[&str], after: &[&str], lines: &[&str]) {
    assert_eq!(widens_trust(Some(&document(before)), &document(after)), lines);
}

const ONE: &str = r#"{"AWS":"111111111111"}"#;
const BOTH: &str = r#"{"AWS":["111111111111","222222222222"],"Service":"x.amazonaws.com"}"#;
const ORG: &str = r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-1"]}}"#;
const ORGS: &str = r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-1","o-2"]}}"#;

#[test]
fn new_principals_widen() {
    let (one, both, all) = (trust(ONE, ""), trust(BOTH, ""), trust("\"*\"", ""));
    widens(&[&one], &[&one], &[]);
    widens(&[&both], &[&one], &[]);
    widens(&[&all], &[&both], &[]);
    widens(&[&one], &[&both], &["arn:aws:iam::222222222222:root", "x.amazonaws.com"]);
    widens(&[&both], &[&all], &["everyone"]);
    assert_eq!(widens_trust(None, &document(&[&one])), ["arn:aws:iam::111111111111:root"]);
    assert!(widens_trust(None, &document(&[READ])).is_empty());
    assert!(widens_trust(Some(&document(&[&one])), &document(&[])).is_empty());

    let but = r#"{"Effect":"Allow","NotPrincipal":{"AWS":["111111111111"]},"Action":"sts:AssumeRole"}"#;
    let but_both =
        r#"{"Effect":"Allow","NotPrincipal":{"AWS":["111111111111","222222222222"]},"Action":"sts:AssumeRole"}"#;
    widens(&[&one], &[but], &["everyone but arn:aws:iam::111111111111:root"]);
    widens(&[but], &[but_both], &[]);
    widens(&[but], &[&both], &["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root", "x.amazonaws.com"]);
}

#[test]
fn dropped_conditions_widen() {
    let (free, org, orgs) = (trust(ONE, ""), trust(ONE, ORG), trust(ONE, ORGS));
    widens(&[&free], &[&org], &[]);
    widens(&[&orgs], &[&org], &[]);
    let without = "arn:aws:iam::111111111111:root without StringEquals aws:PrincipalOrgID = o-1";
    widens(&[&org], &[&free], &[without]);
    widens(&[&org], &[&orgs], &[without]);
    widens(&[&org], &[&trust(ONE, &ORG.replace("StringEquals", "StringEqualsIfExists"))], &[without]);
    let not = |text: &str| trust(ONE, &text.replace("StringEquals", "StringNotEquals"));
    widens(&[&not(ORG)], &[&not(ORGS)], &[]);
    assert_eq!(widens_trust(Some(&document(&[&not(ORGS)])), &document(&[&not(ORG)])).len(), 1);
}

#[test]
fn more_actions_and_resources_widen() {
    let with = |action: &str, resource: &str| trust(ONE, &format!(r#","Action":{action},"Resource":{resource}"#));
    let root = "arn:aws:iam::111111111111:root";
    let get = with(r#""s3:GetObject""#, r#""arn:aws:s3:::b/*""#);
    let put = with(r#""s3:PutObject""#, r#""arn:aws:s3:::b/*""#);
    let two = with(r#"["s3:getobject","s3:PutObject"]"#, r#""arn:aws:s3:::b/k""#);
    widens(&[&get, &put], &[&two], &[]);
    widens(&[&get], &[&two], &[&format!("{root} for s3:PutObject")]);
    widens(&[&get], &[&with(r#""s3:Get*""#, r#""arn:aws:s3:::b/*""#)], &[&format!("{root} for s3:Get*")]);
    widens(&[&with(r#""s3:Get?bject""#, r#""*""#)], &[&get], &[]);
    widens(
        &[&with(r#""s3:Get?bject""#, r#""*""#)],
        &[&with(r#""s3:Get*bject""#, r#""*""#)],
        &[&format!("{root} for s3:Get*bject")],
    );
    widens(&[&two], &[&get], &[&format!("{root} on arn:aws:s3:::b/*")]);
    let variable = with(r#""s3:GetObject""#, r#""arn:aws:s3:::b/${aws:username}""#);
    widens(&[&get], &[&variable], &[]);
    widens(&[&variable], &[&get], &[&format!("{root} on arn:aws:s3:::b/*")]);
    widens(
        &[&with(r#""s3:*""#, r#""arn:aws:s3:::b/????""#)],
        &[&variable],
        &[&format!("{root} on arn:aws:s3:::b/${{aws:username}}")],
    );
    let not_get = trust(ONE, r#","NotAction":"s3:Get*","Resource":"arn:aws:s3:::b/*""#);
    widens(&[&not_get], &[&put], &[]);
    widens(&[&not_get], &[&get], &[&format!("{root} for s3:GetObject")]);
    widens(&[&get], &[&not_get], &[&format!("{root} for everything but s3:Get*")]);
}

#[test]
fn a_lifted_denial_widens() {
    let allow = trust(ONE, "");
    let deny = trust("\"*\"", r#","Effect":"Deny","Action":"sts:*""#);
    let deny_some = trust("\"*\"", r#","Effect":"Deny","Action":"sts:TagSession""#);
    widens(&[&allow], &[&allow, &deny], &[]);
    widens(&[&allow, &deny_some], &[&allow, &deny], &[]);
    widens(&[&allow, &deny], &[&allow], &["everyone no longer denied as before"]);
    widens(&[&allow, &deny], &[&allow, &deny_some], &["everyone no longer denied as before"]);
}

#[test]
fn another_version_makes_variables_something_else() {
    let statement = trust(ONE, r#","Condition":{"StringLike":{"aws:userid":"${aws:username}"}}"#);
    let old = live(&format!(r#"{{"Version":"2008-10-17","Statement":{statement}}}"#));
    assert_eq!(widens_trust(Some(&old), &document(&[&statement])).len(), 1);
    let plain = live(&format!(r#"{{"Version":"2008-10-17","Statement":{}}}"#, trust(ONE, "")));
    assert!(widens_trust(Some(&plain), &document(&[&trust(ONE, "")])).is_empty());
}
