//! What `trueup permissions` prints is what a run calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

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
