//! The condition operators, each with each prefix and suffix over each state of its key.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use trueup_specs::policy::Document;
use trueup_specs::policy::evaluate::{Caller, Request};

use crate::support::{OBJECT, USER, World};

/// Operator, the policy's value, two request's values for which it holds, and two for which it doesn't.
type Row = (&'static str, &'static str, [&'static str; 2], [&'static str; 2]);

const ARN: &str = "arn:aws:sns:*:111111111111:t?pic";
const ARNS: [&str; 2] = ["arn:aws:sns:eu-west-1:111111111111:topic", "arn:aws:sns:us-east-1:111111111111:tapic"];
const NO_ARNS: [&str; 2] = ["arn:aws:sns:eu-west-1:111111111111:Topic", "arn:aws:sns:a:b:111111111111:topic"];
const TIMES: [&str; 4] = ["2019-12-31T23:59:59Z", "2020-01-01T00:00:00Z", "2020-01-01T01:00:00Z", "2021"];

const ROWS: &[Row] = &[
    ("StringEquals", "a*", ["a*", "a*"], ["A*", "ab"]),
    ("StringNotEquals", "a*", ["A*", "ab"], ["a*", "a*"]),
    ("StringEqualsIgnoreCase", "aB", ["Ab", "ab"], ["a", "abc"]),
    ("StringNotEqualsIgnoreCase", "aB", ["a", "abc"], ["Ab", "ab"]),
    ("StringLike", "a*b?", ["abc", "a/x/b-"], ["Abc", "ab"]),
    ("StringNotLike", "a*b?", ["Abc", "ab"], ["abc", "a/x/b-"]),
    ("NumericEquals", "10", ["10", "1e1"], ["9", "x"]),
    ("NumericNotEquals", "10", ["9", "11"], ["10", "10.0"]),
    ("NumericLessThan", "10", ["9.9", "-11"], ["10", "x"]),
    ("NumericLessThanEquals", "10", ["10", "9"], ["10.1", "x"]),
    ("NumericGreaterThan", "10", ["10.1", "100"], ["10", "9"]),
    ("NumericGreaterThanEquals", "10", ["10", "100"], ["9", "x"]),
    ("DateEquals", TIMES[1], [TIMES[1], "1577836800"], [TIMES[0], "x"]),
    ("DateNotEquals", TIMES[1], [TIMES[0], TIMES[2]], [TIMES[1], "2020-01-01"]),
    ("DateLessThan", TIMES[1], [TIMES[0], "1577836799"], [TIMES[1], TIMES[2]]),
    ("DateLessThanEquals", TIMES[1], [TIMES[0], TIMES[1]], [TIMES[2], "x"]),
    ("DateGreaterThan", TIMES[1], [TIMES[2], TIMES[3]], [TIMES[1], TIMES[0]]),
    ("DateGreaterThanEquals", TIMES[1], [TIMES[1], TIMES[3]], [TIMES[0], "x"]),
    ("Bool", "true", ["true", "TRUE"], ["false", "x"]),
    ("BinaryEquals", "QmluYXJ5", ["QmluYXJ5", "QmluYXJ5"], ["qmluYXJ5", "x"]),
    ("IpAddress", "203.0.113.0/24", ["203.0.113.0", "203.0.113.9"], ["203.0.114.1", "2001:db8::1"]),
    ("NotIpAddress", "203.0.113.0/24", ["203.0.114.1", "2001:db8::1"], ["203.0.113.0", "203.0.113.9"]),
    ("ArnEquals", ARN, ARNS, NO_ARNS),
    ("ArnLike", ARN, ARNS, NO_ARNS),
    ("ArnNotEquals", ARN, NO_ARNS, ARNS),
    ("ArnNotLike", ARN, NO_ARNS, ARNS),
];

fn request() -> Request {
    Request::new(Caller::User(USER.to_owned()), "s3:GetObject", OBJECT)
}

/// A policy that allows under this one condition.
fn under(version: &str, condition: &str) -> Document {
    let text = format!(
        r#"{{"Version":"{version}","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}]}}"#
    );
    Document::from_live(&text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// What becomes of a request under the condition: `yes`, `no` or `open`.
fn outcome(document: &Document, request: &Request) -> &'static str {
    use trueup_specs::policy::evaluate::{Decision, Policies, Source, decide};
    let policies = Policies { identity: vec![Source { name: "p", document }], ..Policies::default() };
    match decide(request, &policies) {
        Decision::Allowed { .. } => "yes",
        Decision::Conditional { .. } => "open",
        Decision::DeniedImplicitly { .. } | Decision::DeniedExplicitly { .. } => "no",
    }
}

/// For each prefix and suffix: what an absent key gives (for plain operators: `None`, as the operator is negated
/// or not), and what a value that holds beside one that doesn't gives (the same).
const SETS: &[(&str, &str, Option<bool>, Option<bool>)] = &[
    ("", "", None, None),
    ("", "IfExists", Some(true), None),
    ("ForAllValues:", "", Some(true), Some(false)),
    ("ForAllValues:", "IfExists", Some(true), Some(false)),
    ("ForAnyValue:", "", Some(false), Some(true)),
    ("ForAnyValue:", "IfExists", Some(true), Some(true)),
];

#[test]
fn every_operator_in_every_form_over_every_state_of_its_key() {
    let mut checked = 0;
    for (operator, value, fits, others) in ROWS {
        let is_negated = operator.contains("Not");
        for (set, suffix, absent, mixed) in SETS {
            let name = format!("{set}{operator}{suffix}");
            let document = under("2012-10-17", &format!(r#"{{"{name}":{{"aws:Key":"{value}"}}}}"#));
            let word = |holds: bool| if holds { "yes" } else { "no" };
            let mut check = |request: Request, expected: &str| {
                assert_eq!(outcome(&document, &request), expected, "{name} {value} {:?}", request.context);
                checked += 1;
            };
            check(request(), "open");
            check(request().closed(), word(absent.unwrap_or(is_negated)));
            check(request().with("AWS:key", [""; 0]), word(absent.unwrap_or(is_negated)));
            check(request().with("aws:key", [fits[0]]), "yes");
            check(request().with("aws:key", [fits[1]]), "yes");
            check(request().with("aws:key", *fits), "yes");
            check(request().with("aws:key", [others[0]]), "no");
            check(request().with("aws:key", [others[1]]), "no");
            check(request().with("aws:key", *others), "no");
            check(request().with("aws:key", [fits[0], others[0]]), word(mixed.unwrap_or(!is_negated)));
            check(request().with("aws:key", [others[1], fits[1]]), word(mixed.unwrap_or(!is_negated)));
        }
    }
    assert_eq!(checked, ROWS.len() * SETS.len() * 11);
}

/// Of several values in the policy one is enough, and under a negated operator none may match.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
#[test]
fn values_keys_and_operators_combine() {
    let check = |condition: &str, request: Request, expected: &str| {
        assert_eq!(outcome(&under("2012-10-17", condition), &request), expected, "{condition}");
    };
    let either = r#"{"StringEquals":{"a:k":["x","y"]}}"#;
    let neither = r#"{"StringNotEquals":{"a:k":["x","y"]}}"#;
    for (value, is_listed) in [("x", true), ("y", true), ("z", false)] {
        check(either, request().with("a:k", [value]), if is_listed { "yes" } else { "no" });
        check(neither, request().with("a:k", [value]), if is_listed { "no" } else { "yes" });
    }
    let both_keys = r#"{"StringEquals":{"a:k":"x","a:l":"x"}}"#;
    check(both_keys, request().with("a:k", ["x"]).with("a:l", ["x"]), "yes");
    check(both_keys, request().with("a:k", ["x"]).with("a:l", ["y"]), "no");
    check(both_keys, request().with("a:k", ["x"]), "open");
    check(both_keys, request().with("a:k", ["y"]), "no");
    let both_operators = r#"{"StringLike":{"a:k":"x*"},"NumericLessThan":{"a:n":5}}"#;
    check(both_operators, request().with("a:k", ["xy"]).with("a:n", ["4"]), "yes");
    check(both_operators, request().with("a:k", ["xy"]).with("a:n", ["5"]), "no");
    check(r#"{"StringEquals":{"a:k":[]}}"#, request().closed(), "no");
    check(r#"{"StringEquals":{}}"#, request(), "yes");
    check(r#"{"StringEquals":{"s3:prefix":["","home/"]}}"#, request().with("s3:prefix", [""]), "yes");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null>
#[test]
fn null_asks_whether_the_key_is_there() {
    let cases = [
        (r#""true""#, ["yes", "no", "yes", "open"]),
        (r#""false""#, ["no", "yes", "no", "open"]),
        (r#"["true","false"]"#, ["yes", "yes", "yes", "yes"]),
        (r#""x""#, ["no", "no", "no", "no"]),
    ];
    for (value, [absent, present, empty, unknown]) in cases {
        let document = under("2012-10-17", &format!(r#"{{"Null":{{"aws:TokenIssueTime":{value}}}}}"#));
        assert_eq!(outcome(&document, &request().closed()), absent, "{value}");
        assert_eq!(outcome(&document, &request().with("aws:TokenIssueTime", ["2020"])), present, "{value}");
        assert_eq!(outcome(&document, &request().with("aws:TokenIssueTime", [""])), empty, "{value}");
        assert_eq!(outcome(&document, &request()), unknown, "{value}");
    }
}

/// `ForAllValues` also holds for a null dataset, which `Null` can keep out.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition_examples-multi-valued-context-keys.html>
#[test]
fn all_of_nothing_holds() {
    let open = under("2012-10-17", r#"{"ForAllValues:StringLike":{"aws:TagKeys":["key1*"]}}"#);
    let shut =
        under("2012-10-17", r#"{"ForAllValues:StringLike":{"aws:TagKeys":["key1*"]},"Null":{"aws:TagKeys":"false"}}"#);
    for request in [request().closed(), request().with("aws:TagKeys", [""])] {
        assert_eq!(outcome(&open, &request), "yes");
        assert_eq!(outcome(&shut, &request), "no");
    }
    let tagged = request().with("aws:TagKeys", ["key1a", "key1"]);
    assert_eq!(outcome(&shut, &tagged), "yes");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[test]
fn variables_stand_for_values_of_the_request() {
    let team = |request: Request| request.with("aws:PrincipalTag/Team", ["red"]);
    let given = |value: &str| team(request()).with("a:k", [value]);
    let variable = "${aws:PrincipalTag/team}";
    let cases = [
        ("StringEquals", variable, "red", "yes"),
        ("StringEquals", variable, variable, "no"),
        ("StringNotEquals", variable, "blue", "yes"),
        ("StringEqualsIgnoreCase", "x-${aws:principaltag/TEAM}", "X-RED", "yes"),
        ("StringLike", "${aws:PrincipalTag/team}/*", "red/green", "yes"),
        ("StringLike", "${*}${?}${$}*", "*?$x", "yes"),
        ("StringLike", "${*}", "x", "no"),
        ("StringEquals", "${*}", "*", "yes"),
        ("ArnLike", "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::red/x", "yes"),
        ("ArnLike", "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::blue/x", "no"),
        ("Bool", "${aws:PrincipalTag/bool}", "TRUE", "yes"),
        // The operators' sections say that they take no variable.
        ("NumericEquals", "${aws:PrincipalTag/five}", "5", "no"),
        ("IpAddress", "${aws:PrincipalTag/ip}", "192.0.2.1", "no"),
        // What is never closed is text.
        ("StringEquals", "${aws:PrincipalTag/team", "${aws:PrincipalTag/team", "yes"),
    ];
    for (operator, value, have, expected) in cases {
        let document = under("2012-10-17", &format!(r#"{{"{operator}":{{"a:k":"{value}"}}}}"#));
        let request = given(have)
            .with("aws:PrincipalTag/bool", ["true"])
            .with("aws:PrincipalTag/five", ["5"])
            .with("aws:PrincipalTag/ip", ["192.0.2.1"]);
        assert_eq!(outcome(&document, &request), expected, "{operator} {value} {have}");
    }
}

/// The same page, on defaults; and on what has no value.
#[test]
fn variables_have_defaults() {
    let document = |value: &str| under("2012-10-17", &format!(r#"{{"StringLike":{{"a:k":"{value}"}}}}"#));
    let with_default = document("${aws:PrincipalTag/team, 'company-wide'}-*");
    let without = document("${aws:PrincipalTag/team}-*");
    let given = |value: &str| request().with("a:k", [value]);
    assert_eq!(outcome(&with_default, &given("company-wide-x").closed()), "yes");
    assert_eq!(outcome(&without, &given("company-wide-x").closed()), "no");
    assert_eq!(outcome(&with_default, &given("red-x").with("aws:PrincipalTag/team", ["red"])), "yes");
    assert_eq!(outcome(&with_default, &given("company-wide-x").with("aws:PrincipalTag/team", ["red"])), "no");
    // Of an unknown variable only the rest can be judged.
    assert_eq!(outcome(&without, &given("red-x")), "open");
    assert_eq!(outcome(&without, &given("red")), "no");
    // A key with several values is no variable.
    assert_eq!(outcome(&without, &given("red-x").with("aws:PrincipalTag/team", ["red", "blue"])), "no");
    World::default()
        .identity(
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"${aws:PrincipalTag/team}"}}}"#,
        )
        .check(&request(), "depends: aws:PrincipalTag/team");
}

/// "If AWS cannot resolve a variable this might cause the entire statement to be invalid", the same page.
#[test]
fn a_variable_without_value_makes_no_negation_true() {
    let tag = "aws:PrincipalTag/team";
    for operator in ["StringNotEquals", "StringNotLike", "ArnNotLike", "ForAnyValue:StringNotEquals"] {
        let values = r#"["x","${aws:PrincipalTag/team}"]"#;
        let document = under("2012-10-17", &format!(r#"{{"{operator}":{{"a:k":{values}}}}}"#));
        let given = || request().with("a:k", ["y"]);
        assert_eq!(outcome(&document, &given().closed()), "no", "{operator}");
        assert_eq!(outcome(&document, &given()), "open", "{operator}");
        assert_eq!(outcome(&document, &given().with(tag, ["z"])), "yes", "{operator}");
        // Without the key there is nothing to compare.
        let is_set = operator.starts_with("ForAny");
        assert_eq!(outcome(&document, &request().closed()), if is_set { "no" } else { "yes" }, "{operator}");
    }
    let not_home = r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::home/${aws:PrincipalTag/team}"}"#;
    let world = World::default().identity(not_home);
    world.check(&request().closed(), "missing: identity");
    world.check(&request(), "depends: aws:PrincipalTag/team");
    world.check(&request().with(tag, ["red"]), "allowed: identity");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[test]
fn the_older_version_has_no_variables() {
    let condition = r#"{"StringEquals":{"a:k":"${aws:username}"}}"#;
    let plain = request().with("a:k", ["${aws:username}"]);
    let filled = request().with("a:k", ["alice"]);
    assert_eq!(outcome(&under("2008-10-17", condition), &plain), "yes");
    assert_eq!(outcome(&under("2008-10-17", condition), &filled), "no");
    assert_eq!(outcome(&under("2012-10-17", condition), &plain), "no");
    assert_eq!(outcome(&under("2012-10-17", condition), &filled), "yes");
}

/// The names of operators and keys are compared without regard to case, and an operator AWS may have one day leaves it open.
#[test]
fn names_and_the_unknown() {
    let lower = under("2012-10-17", r#"{"foranyvalue:stringequalsifexists":{"A:K":"x"}}"#);
    assert_eq!(outcome(&lower, &request().with("a:k", ["y", "x"])), "yes");
    let new = under("2012-10-17", r#"{"StringSoundsLike":{"a:k":"x"}}"#);
    assert_eq!(outcome(&new, &request().with("a:k", ["x"])), "open");
}

/// Of someone outside it is known who it is not: what asks for that can't hold, what asks for anyone else may.
#[test]
fn a_key_may_be_known_by_what_its_value_is_not() {
    const OURS: &str = "arn:aws:iam::111111111111:role/deploy";
    let patterns = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let mut request = request();
    request.context.set_unlike("aws:PrincipalArn", patterns(&["arn:*:111111111111:*"]), true);
    request.context.set_unlike("aws:PrincipalOrgID", patterns(&["o-ours"]), false);
    request.context.set_unlike("aws:PrincipalOrgPaths", patterns(&["o-ours/*"]), false);
    for (operator, key, value, expected) in [
        ("ArnLike", "aws:PrincipalArn", OURS, "no"),
        ("StringEquals", "aws:PrincipalArn", OURS, "no"),
        ("StringLike", "aws:PrincipalArn", "arn:aws:iam::111111111111:*", "no"),
        ("StringNotEquals", "aws:PrincipalArn", OURS, "yes"),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/*", "yes"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ci-*", "open"),
        ("StringLike", "aws:PrincipalArn", "*:role/ci-*", "open"),
        ("StringLike", "aws:PrincipalArn", "arn:aws:iam::11111111111?:root", "open"),
        ("StringLike", "aws:PrincipalArn", "*", "yes"),
        ("StringLike", "aws:PrincipalArn", "${aws:username}", "open"),
        ("Null", "aws:PrincipalArn", "true", "no"),
        ("Null", "aws:PrincipalArn", "false", "yes"),
        ("StringEquals", "aws:PrincipalOrgID", "o-ours", "no"),
        ("StringEquals", "aws:PrincipalOrgID", "o-other", "open"),
        ("StringLike", "aws:PrincipalOrgID", "o-*", "open"),
        ("StringNotEquals", "aws:PrincipalOrgID", "o-ours", "yes"),
        ("StringNotEquals", "aws:PrincipalOrgID", "o-other", "open"),
        // Who is in no organization has the key not at all.
        ("StringEqualsIfExists", "aws:PrincipalOrgID", "o-ours", "open"),
        ("ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-ours/r-1/*", "open"),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-ours/r-1/*", "no"),
        ("Null", "aws:PrincipalOrgID", "true", "open"),
    ] {
        let document = under("2012-10-17", &format!(r#"{{"{operator}":{{"{key}":"{value}"}}}}"#));
        assert_eq!(outcome(&document, &request), expected, "{operator} {key} {value}");
    }
}
