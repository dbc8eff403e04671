//! What `trueup permissions` prints is what a run calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::hand::Hand;
use crate::support::Project;

/// The IAM action of an API operation, where it is not called the same.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
fn action(service: &str, operation: &str) -> Option<String> {
    let service = match service.to_lowercase() {
        name if name.contains("resource groups") => "tag".to_owned(),
        name if name == "eventbridge" => "events".to_owned(),
        name => name,
    };
    let operation = match (service.as_str(), operation) {
        // Nobody needs leave to ask who it is; taking a role is the caller's, and looked at by itself.
        ("sts", "GetCallerIdentity" | "AssumeRole") => return None,
        ("s3", "ListBuckets") => "ListAllMyBuckets",
        ("s3", "HeadBucket") => "ListBucket",
        ("s3", "GetBucketEncryption") => "GetEncryptionConfiguration",
        ("s3", "PutBucketEncryption" | "DeleteBucketEncryption") => "PutEncryptionConfiguration",
        ("s3", "GetBucketNotificationConfiguration") => "GetBucketNotification",
        ("s3", "PutBucketNotificationConfiguration") => "PutBucketNotification",
        ("s3", "GetPublicAccessBlock") => "GetBucketPublicAccessBlock",
        ("s3", "PutPublicAccessBlock" | "DeletePublicAccessBlock") => "PutBucketPublicAccessBlock",
        (_, same) => same,
    };
    Some(format!("{service}:{operation}"))
}

/// The actions a run called, from what it tells with `-vv`.
fn called(stderr: &str) -> BTreeSet<String> {
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let calls = stderr.lines().filter(|line| line.contains("trueup_kinds::count: call"));
    calls.filter_map(|line| action(&field(line, "service")?, &field(line, "operation")?)).collect()
}

fn printed(project: &Project, args: &[&str]) -> Value {
    let mut all = vec!["permissions", "--format", "json"];
    all.extend(args);
    serde_json::from_str(&project.trueup(&all).expect(0).stdout).unwrap()
}

/// Each resource with its actions, of all accounts.
fn allowed(permissions: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let list = |value: &Value| match value {
        Value::String(one) => vec![one.clone()],
        other => other.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
    };
    let mut by_resource: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for account in permissions["accounts"].as_object().unwrap().values() {
        for statement in account["policy"]["Statement"].as_array().unwrap() {
            for resource in list(&statement["Resource"]) {
                by_resource.entry(resource).or_default().extend(list(&statement["Action"]));
            }
        }
    }
    by_resource
}

fn actions(permissions: &Value) -> BTreeSet<String> {
    allowed(permissions).into_values().flatten().collect()
}

/// What is not known before apply may be anything.
fn unknown_as_wildcards(resource: &str) -> String {
    let mut pieces = resource.split("(known after apply: ");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push('*');
        out.push_str(piece.split_once(')').map_or("", |(_, rest)| rest));
    }
    out
}

#[test]
fn every_call_of_a_run_is_covered() {
    for example in ["cross-account-saas", "dev-prod-codedeploy", "on-premises"] {
        let project = Project::example(example);
        let of_specs = printed(&project, &[]);
        let of_plan = printed(&project, &["--for", "plan"]);
        let saved = {
            project.trueup(&["plan", "-o", "plan.json"]).expect(0);
            printed(&project, &["--plan", "plan.json"])
        };
        assert_eq!(saved, of_plan, "{example}");
        let reading = called(&project.trueup(&["-vv", "plan"]).expect(0).stderr);
        assert!(reading.len() > 5, "{reading:?}");
        let read_only = actions(&printed(&project, &["--read-only"]));
        assert!(reading.is_subset(&read_only), "{example}: {:?}", reading.difference(&read_only));
        let ops: Value = serde_json::from_str(&project.trueup(&["plan", "--format", "json"]).expect(0).stdout).unwrap();
        let run = called(&project.trueup(&["-vv", "apply", "--yes"]).expect(0).stderr);
        assert!(run.iter().any(|action| action == "iam:CreateRole"), "{run:?}");
        for permissions in [&of_specs, &of_plan] {
            let covered = actions(permissions);
            let missing: Vec<&String> = run.difference(&covered).collect();
            assert!(missing.is_empty(), "{example}: {missing:?}");
            let by_resource = allowed(permissions);
            for op in ops["plan"]["ops"].as_array().unwrap() {
                let (call, resource) = (op["call"].as_str().unwrap(), op["resource"].as_str().unwrap());
                let is_covered = by_resource.iter().any(|(pattern, actions)| {
                    actions.contains(call)
                        && (pattern == resource
                            || pattern == "*"
                            || resource.contains("known after apply")
                                && (pattern.ends_with('*') || *pattern == unknown_as_wildcards(resource)))
                });
                assert!(is_covered, "{example}: {call} on {resource}");
            }
        }
        // Nothing is left to do, and that needs no more than reading.
        assert!(actions(&printed(&project, &["--for", "plan"])).is_subset(&read_only), "{example}");
    }
}

#[test]
fn changing_is_asked_for_by_name() {
    let project = Project::example("on-premises");
    for permissions in [printed(&project, &[]), printed(&project, &["--for", "plan"])] {
        let anywhere = &allowed(&permissions)["*"];
        let changing = |action: &&String| {
            let name = action.split(':').nth(1).unwrap();
            !["Get", "List", "BatchGet", "Describe"].iter().any(|front| name.starts_with(front))
        };
        assert_eq!(anywhere.iter().filter(changing).collect::<Vec<_>>(), Vec::<&String>::new());
        let passed: Vec<String> = allowed(&permissions)
            .into_iter()
            .filter(|(_, actions)| actions.contains("iam:PassRole"))
            .map(|(resource, _)| resource)
            .collect();
        assert_eq!(passed, ["arn:aws:iam::111111111111:role/EdgeCodeDeploy"]);
    }
    let read_only = printed(&project, &["--read-only"]);
    assert_eq!(allowed(&read_only).keys().collect::<Vec<_>>(), ["*"]);
    assert_eq!(read_only["caller"]["Statement"][0]["Action"], "sts:AssumeRole");
}

#[test]
fn the_toml_is_a_spec() {
    let project = Project::example("dev-prod-codedeploy");
    let toml = project.trueup(&["permissions"]).expect(0).stdout;
    project.write("permissions.toml", format!("[scope]\naccount = \"dev\"\n\n{toml}"));
    project.trueup_on_aws(&["check"]).expect(0);
}

const ACCESS: &str = "OrganizationAccountAccessRole";

/// The role by which `other` is entered, with nothing but reading.
fn narrow_access(project: &Project) -> Hand {
    // The sandbox learns the accounts of the specs.
    project.trueup(&["plan"]).expect(0);
    let hand = Hand::on(project, "222222222222");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}"#;
    hand.iam("CreateRole", &[("RoleName", ACCESS), ("AssumeRolePolicyDocument", trust)]);
    let reading = printed(project, &["--read-only"])["accounts"]["other"]["policy"].to_string();
    put(&hand, "reading", &reading);
    hand
}

fn put(hand: &Hand, name: &str, document: &str) {
    hand.iam("PutRolePolicy", &[("RoleName", ACCESS), ("PolicyName", name), ("PolicyDocument", document)]);
}

fn attach(hand: &Hand, name: &str) {
    let arn = format!("arn:aws:iam::aws:policy/{name}");
    hand.iam("AttachRolePolicy", &[("RoleName", ACCESS), ("PolicyArn", &arn)]);
}

fn in_other() -> Project {
    let project = Project::with("");
    let specs = "[scope]\naccount = \"other\"\n\n[role.x]\n[[role.x.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n\n[bucket.b]\nname = \"b-222222222222\"\n";
    project.write("specs.toml", specs);
    project
}

#[test]
fn what_the_caller_lacks_is_told_before_the_first_write() {
    let project = in_other();
    let hand = narrow_access(&project);
    let refused = project.trueup(&["-vv", "apply", "--yes"]).expect(3);
    let told: Vec<&str> =
        refused.stderr.lines().filter(|line| !line.trim_start().starts_with(['I', 'D', 'W'])).collect();
    let told = told.join("\n");
    insta::assert_snapshot!(told.split_once("# In other").unwrap().1);
    assert!(!refused.stderr.contains("SimulatePrincipalPolicy"), "all of it is known");
    let plan = project.trueup(&["plan", "--format", "json"]).expect(0);
    assert!(plan.complains("warning: apply will be refused"), "{}", plan.stderr);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["lacks"][0]["account"], "other");
    assert!(plan["plan"]["ops"].as_array().unwrap().len() >= 2, "nothing was made");
    // With the policy that it printed it is no longer refused; the bucket's other calls may be in a policy of the bucket.
    put(&hand, "more", &plan["lacks"][0]["policy"].to_string());
    project.apply();
}

#[test]
fn where_the_policies_are_not_known_aws_is_asked() {
    let project = in_other();
    let hand = narrow_access(&project);
    // Nobody but AWS can tell what is in a policy of its own.
    attach(&hand, "AWSLambda_FullAccess");
    let refused = project.trueup(&["-vv", "apply", "--yes"]).expect(3);
    let is_asking =
        |line: &&str| line.contains("trueup_kinds::count: call") && line.contains("SimulatePrincipalPolicy");
    assert_eq!(refused.stderr.lines().filter(is_asking).count(), 1, "{}", refused.stderr);
    assert!(refused.complains("iam:CreateRole on arn:aws:iam::222222222222:role/x"), "{}", refused.stderr);
    attach(&hand, "IAMFullAccess");
    attach(&hand, "AmazonS3FullAccess");
    project.apply();
}
