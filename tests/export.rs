//! What exists is exported, planned and found equal: nothing is to be made, changed or removed.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::hand::Hand;
use crate::support::{Project, Run};

const TOOLING: &str = "111111111111";

/// A project of these accounts in the world of another, in which nothing says any more who made what.
fn heir(of: &Project, accounts: &str) -> Project {
    let project = Project::of(&[
        ("trueup.toml", "[project]\nname = \"heir\"\nregion = \"eu-west-1\"\n"),
        ("accounts.toml", accounts),
    ]);
    take_over(of, &project);
    project
}

fn take_over(of: &Project, project: &Project) {
    let mut world: Value = serde_json::from_str(&of.read(".trueup/sandbox/world.json")).unwrap();
    disown(&mut world);
    project.write(".trueup/sandbox/world.json", world.to_string());
    project.write(".trueup/sandbox/lock", "1");
}

/// Takes trueup's tags off everything, in whichever way a service keeps them.
fn disown(value: &mut Value) {
    let is_ours = |text: Option<&str>| text.is_some_and(|text| text.starts_with("trueup:"));
    match value {
        Value::Object(members) => {
            members.retain(|key, _| !is_ours(Some(key)));
            members.values_mut().for_each(disown);
        }
        Value::Array(items) => {
            items.retain(|item| {
                let key = item.get("key").or_else(|| item.get("Key")).or_else(|| item.get(0));
                !is_ours(key.and_then(Value::as_str))
            });
            items.iter_mut().for_each(disown);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The plan adopts, and does nothing else; applied, it leaves nothing to do.
fn assert_adopted(project: &Project) {
    let run = project.trueup(&["plan", "--format", "json"]).expect(0);
    let shown: Value = serde_json::from_str(&run.stdout).unwrap();
    let plan = &shown["plan"];
    let actions: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|change| change["action"].as_str().unwrap()).collect();
    assert!(!actions.is_empty() && actions.iter().all(|action| *action == "adopt"), "{}", run.stdout);
    let calls: Vec<&str> = plan["ops"].as_array().unwrap().iter().map(|op| op["call"].as_str().unwrap()).collect();
    assert!(calls.iter().all(|call| call.contains("Tag")), "{calls:?}");
    project.apply();
}

/// Every file of the project's folder that an export wrote, one after the other.
fn written(project: &Project, folder: &str) -> String {
    fn collect(root: &Path, folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') {
                collect(root, &path, found);
            } else if !path.is_dir() && name != ".gitignore" {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    collect(project.path(), &project.path().join(folder), &mut found);
    found.sort();
    let file =
        |path: std::path::PathBuf| format!("# {}\n\n{}\n", path.display(), project.read(&path.to_string_lossy()));
    found.into_iter().map(file).collect()
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn export(project: &Project, args: &[&str]) -> Run {
    let mut all = vec!["export"];
    all.extend(args);
    project.trueup(&all).expect(0)
}

/// Applied by one project, exported into another with the same accounts, adopted by that.
fn handed_over(example: &str) -> Project {
    let from = Project::example(example);
    from.apply();
    let to = heir(&from, &from.read("accounts.toml"));
    let run = export(&to, &[]);
    assert!(!run.stdout.contains("left out"), "{}\n{}", run.stdout, written(&to, "exported"));
    assert_adopted(&to);
    to
}

#[test]
fn the_accounts_of_the_saas_example_are_exported() {
    let project = handed_over("cross-account-saas");
    snapshot("export_saas", &written(&project, "exported"));
    let again = export(&project, &[]);
    assert!(again.says("Nothing here is without a spec."), "{}", again.stdout);
}

#[test]
fn the_accounts_of_the_two_stages_are_exported() {
    let project = handed_over("dev-prod-codedeploy");
    snapshot("export_stages", &written(&project, "exported"));
}

#[test]
fn servers_and_users_are_exported() {
    handed_over("on-premises");
}

/// Things of the kinds that no example has, with settings that are no defaults.
const OTHERS: &str = r#"
[scope]
account = "main"

[group.developers]
managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]

[user.travis]
groups = ["group.developers"]
[[user.travis.inline.deploy]]
allow    = "codedeploy:CreateDeployment"
resource = "*"

[oidc_provider.github]
url        = "https://token.actions.githubusercontent.com"
client_ids = ["sts.amazonaws.com"]

[role.deployer]
max_session_duration = 7200
[[role.deployer.trust]]
allow     = "sts:AssumeRoleWithWebIdentity"
principal = { federated = "${oidc_provider.github.arn}" }
condition = { StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" } }

[role.codedeploy]
[[role.codedeploy.trust]]
allow     = "sts:AssumeRole"
principal = { service = "codedeploy.amazonaws.com" }

[account_settings.main]
alias           = "delivery"
password_policy = { minimum_length = 14 }

[application.api]
compute_platform = "Lambda"

[deployment_config.slowly]
compute_platform = "Lambda"
traffic_routing  = { type = "TimeBasedLinear", percentage = 10, interval_minutes = 5 }

[deployment_group.api]
application       = "application.api"
service_role      = "role.codedeploy"
deployment_config = "deployment_config.slowly"
deployment_style  = { deployment_type = "BLUE_GREEN", deployment_option = "WITH_TRAFFIC_CONTROL" }

[ecr_repository.app]
name         = "team/app"
scan_on_push = true
lifecycle    = [{ priority = 1, selection = { tag_status = "untagged", count_type = "sinceImagePushed", count_number = 14 } }]

[ecr_registry.main]
replication = [{ destinations = [{ region = "eu-central-1" }] }]
"#;

#[test]
fn identities_deployments_and_repositories_are_exported() {
    let accounts = format!("[account.main]\nid = \"{TOOLING}\"\n");
    let from = Project::of(&[
        ("trueup.toml", "[project]\nname = \"first\"\nregion = \"eu-west-1\"\n"),
        ("accounts.toml", &accounts),
        ("others.toml", OTHERS),
    ]);
    from.apply();
    let to = heir(&from, &accounts);
    let run = export(&to, &[]);
    assert!(!run.stdout.contains("left out"), "{}\n{}", run.stdout, written(&to, "exported"));
    snapshot("export_others", &written(&to, "exported"));
    assert_adopted(&to);
}

#[test]
fn a_new_project_is_begun_around_an_account() {
    let from = Project::example("on-premises");
    from.apply();
    let to = Project::of(&[]);
    take_over(&from, &to);
    let run = export(&to, &["--region", "eu-west-1", "--name", "found"]);
    assert!(run.says("Wrote the specs of"), "{}", run.stdout);
    snapshot("export_new_project", &written(&to, ""));
    assert_adopted(&to);
}

#[test]
fn what_is_the_same_in_three_tenants_is_written_once() {
    let accounts: String = ["222222222222", "333333333333", "444444444444"]
        .iter()
        .zip(["unicorn", "gnome", "pegasus"])
        .map(|(id, name)| format!("[account.{name}]\nid = \"{id}\"\ngroups = [\"tenants\"]\n"))
        .collect();
    let accounts = format!("[account.tooling]\nid = \"{TOOLING}\"\n{accounts}");
    let from = Project::of(&[
        ("trueup.toml", "[project]\nname = \"first\"\nregion = \"eu-west-1\"\n"),
        ("accounts.toml", &accounts),
        ("tenants.toml", TENANTS),
        (
            "gnome.toml",
            "[scope]\naccount = \"gnome\"\n\n[policy.own]\n[[policy.own.policy]]\nallow = \"s3:ListBucket\"\nresource = \"*\"\n",
        ),
        (
            "tooling.toml",
            "[scope]\naccount = \"tooling\"\n\n[role.builder]\n[[role.builder.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { aws = [\"${tenants/role.deployer.arn}\"], account = \"tenants\" }\n",
        ),
    ]);
    from.apply();
    let to = heir(&from, &accounts);
    export(&to, &[]);
    snapshot("export_folded", &written(&to, "exported"));
    assert_adopted(&to);
}

const TENANTS: &str = r#"
[scope]
account = "tenants"

[bucket.logs]
name = "logs-${account.id}"

[role.deployer]
managed_policies = ["policy.deploy"]
tags             = { cost = "shared" }

[[role.deployer.trust]]
allow     = "sts:AssumeRole"
principal = { account = "tooling" }

[policy.deploy]
[[policy.deploy.policy]]
allow    = "s3:PutObject"
resource = "${bucket.logs.arn}/${region}/*"
"#;

#[test]
fn what_no_spec_can_say_is_left_out_with_the_reason() {
    let project = Project::with("");
    let hand = Hand::on(&project, TOOLING);
    let key = hand.kms("CreateKey", &json!({"Description": "nameless"}));
    assert!(key["KeyMetadata"]["KeyId"].is_string(), "{key}");
    let trust = json!({"Version": "2008-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]});
    hand.iam("CreateRole", &[("RoleName", "old.fashioned"), ("AssumeRolePolicyDocument", &trust.to_string())]);
    hand.iam("CreateServiceLinkedRole", &[("AWSServiceName", "autoscaling.amazonaws.com")]);
    let run = export(&project, &[]);
    assert!(run.says("1 resource left out") && run.says("1 resource AWS's own"), "{}", run.stdout);
    snapshot("export_left_out", &written(&project, "exported"));
    assert_adopted(&project);
}

#[test]
fn files_are_overwritten_only_when_told() {
    let from = Project::example("cross-account-saas");
    from.apply();
    let to = heir(&from, &from.read("accounts.toml"));
    export(&to, &["--kind", "role"]);
    let roles = written(&to, "exported");
    assert!(roles.contains("[role.") && !roles.contains("[policy."), "{roles}");
    let refused = to.trueup(&["export", "--kind", "policy"]);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(refused.stderr.contains("--overwrite"), "{}", refused.stderr);
    assert_eq!(written(&to, "exported"), roles, "nothing was written");
    export(&to, &["--overwrite"]);
    assert_adopted(&to);
    let printed = export(&to, &["--out", "-", "--overwrite"]);
    assert!(!printed.stdout.contains("[role."), "all have specs: {}", printed.stdout);
}
