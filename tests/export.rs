//! What exists is exported, planned and found equal: nothing is to be made, changed or removed.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::hand::Hand;
use crate::support::{Project, Run};

mod whole_things;

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
    assert_adopted_with(project, &[]);
}

fn assert_adopted_with(project: &Project, flags: &[&str]) {
    let with = |args: &[&'static str]| -> Vec<&str> { args.iter().chain(flags).copied().collect() };
    let run = project.trueup(&with(&["plan", "--format", "json"])).expect(0);
    let shown: Value = serde_json::from_str(&run.stdout).unwrap();
    let plan = &shown["plan"];
    let actions: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|change| change["action"].as_str().unwrap()).collect();
    assert!(!actions.is_empty() && actions.iter().all(|action| *action == "adopt"), "{}", run.stdout);
    let calls: Vec<&str> = plan["ops"].as_array().unwrap().iter().map(|op| op["call"].as_str().unwrap()).collect();
    assert!(calls.iter().all(|call| call.contains("Tag")), "{calls:?}");
    project.trueup(&with(&["apply", "--yes"])).expect(0);
    project.assert_true();
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
    if from.path().join("organization.toml").exists() {
        // An account that names its unit has a spec of the unit; and the unit has the tags of its project.
        to.write("organization.toml", from.read("organization.toml"));
        to.write("trueup.toml", from.read("trueup.toml").replacen("\"saas-delivery\"", "\"heir\"", 1));
    }
    let run = export(&to, &[]);
    let mut left_out = run.stdout.lines().filter(|line| line.starts_with("  - "));
    // Accounts that were made have the role by which they are entered.
    let is_all = left_out.all(|line| line.contains("role OrganizationAccountAccessRole:"));
    assert!(is_all, "{}\n{}", run.stdout, written(&to, "exported"));
    // Where the project's tags are still to be put on, that is a change, and has to be asked for.
    let flags: &[&str] = if run.says("without the project's tags") { &["--adopt"] } else { &[] };
    assert_adopted_with(&to, flags);
    to
}

#[test]
fn the_accounts_of_the_saas_example_are_exported() {
    let project = handed_over("cross-account-saas");
    snapshot("export_saas", &written(&project, "exported"));
    let again = export(&project, &[]);
    assert!(again.says("Nothing here is without a spec that could have one."), "{}", again.stdout);
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
condition = { StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com", "token.actions.githubusercontent.com:sub" = "repo:trueup/api:ref:refs/heads/main" } }

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
    let from = Project::example("dev-prod-codedeploy");
    from.apply();
    let to = heir(&from, &from.read("accounts.toml"));
    export(&to, &["--kind", "role"]);
    let roles = written(&to, "exported");
    assert!(roles.contains("[role.") && !roles.contains("[policy."), "{roles}");
    let refused = to.trueup(&["export", "--kind", "policy"]);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(refused.stderr.contains("--overwrite"), "{}", refused.stderr);
    assert_eq!(written(&to, "exported"), roles, "nothing was written");
    let part = to.trueup(&["export", "--kind", "policy", "--overwrite"]);
    assert!(part.code == 1 && part.stderr.contains("--overwrite writes all files"), "{}", part.stderr);
    to.write("exported/mine.toml", "[output]\nid = \"${dev/account.id}\"\n");
    let stale = to.trueup(&["export", "--overwrite"]);
    assert!(stale.code == 1 && stale.stderr.contains("exported/mine.toml would stay"), "{}", stale.stderr);
    std::fs::remove_file(to.path().join("exported/mine.toml")).unwrap();
    assert_eq!(written(&to, "exported"), roles, "nothing was written");
    export(&to, &["--overwrite"]);
    assert_adopted(&to);
    let printed = export(&to, &["--out", "-", "--overwrite"]);
    assert!(!printed.stdout.contains("[role."), "all have specs: {}", printed.stdout);
}

/// An organization as another project made it: units in units, policies on units and on accounts, accounts in units.
const ORGANIZATION: &str = r#"
[organization.main]
policy_types = ["SERVICE_CONTROL_POLICY", "TAG_POLICY"]

[organizational_unit.tenants]
name = "Tenants"

[organizational_unit.pilots]
name   = "Pilots"
parent = "organizational_unit.tenants"

[service_control_policy.stay]
name        = "Stay"
description = "No tenant leaves"
targets     = ["organizational_unit.tenants", "account.gnome"]

[[service_control_policy.stay.policy]]
deny     = "organizations:LeaveOrganization"
resource = "*"

[organization_policy.stages]
type    = "TAG_POLICY"
targets = ["organizational_unit.pilots"]
content = { tags = { stage = { tag_key = { "@@assign" = "Stage" } } } }
"#;

const MEMBERS: &str = r#"
[account.management]
id         = "111111111111"
management = true

[account.gnome]
email  = "aws+gnome@example.com"
parent = "organizational_unit.pilots"
groups = ["tenants"]

[account.pegasus]
email  = "aws+pegasus@example.com"
name   = "Pegasus Ltd"
parent = "organizational_unit.tenants"
groups = ["tenants"]
"#;

/// What AWS made up differs from run to run.
fn organization_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("ou-[0-9a-z]{4}-[0-9a-z]{8}", "OU");
    settings.add_filter("7[0-9]{11}", "MADE");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn organization() -> Project {
    let from = Project::of(&[
        ("trueup.toml", "[project]\nname = \"first\"\nregion = \"eu-west-1\"\n"),
        ("accounts.toml", MEMBERS),
        ("organization.toml", ORGANIZATION),
        (
            "tenants.toml",
            "[scope]\naccount = \"tenants\"\n\n[role.deployer]\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { account = \"management\" }\n",
        ),
    ]);
    from.apply();
    from
}

#[test]
fn an_organization_is_exported_with_its_accounts_and_then_what_is_in_them() {
    let from = organization();
    let to = Project::of(&[]);
    take_over(&from, &to);
    let run = export(&to, &["--region", "eu-west-1", "--name", "found", "--organization"]);
    assert!(run.says("export again for what is in them") && !run.says("left out"), "{}", run.stdout);
    organization_snapshot("export_organization", &written(&to, ""));
    assert_adopted(&to);
    // The accounts are given groups, and what they have is written once for all.
    for name in ["gnome", "Pegasus-Ltd"] {
        let table = format!("[account.{name}]\n");
        to.edit("organization.toml", &table, &format!("{table}groups = [\"tenants\"]\n"));
    }
    export(&to, &[]);
    organization_snapshot("export_members", &written(&to, "exported"));
    assert_adopted(&to);
}

/// trueup's own way into an account is nobody's to change by an export.
#[test]
fn the_role_by_which_an_account_is_entered_is_left_out() {
    let from = organization();
    let to = Project::of(&[
        ("trueup.toml", "[project]\nname = \"second\"\nregion = \"eu-west-1\"\n"),
        ("accounts.toml", MEMBERS),
        ("organization.toml", ORGANIZATION),
    ]);
    take_over(&from, &to);
    let run = export(&to, &["--kind", "role"]);
    let why =
        "role OrganizationAccountAccessRole, in 2 places: trueup enters accounts by it, and could shut itself out";
    assert!(run.says("2 resources left out") && run.says(why), "{}", run.stdout);
    let text = written(&to, "exported");
    assert!(text.contains("[role.deployer]") && !text.contains("[role.OrganizationAccountAccessRole]"), "{text}");
}

#[test]
fn a_unit_whose_parent_belongs_to_another_project_is_left_out_with_the_reason() {
    let from = organization();
    let to = Project::of(&[
        ("trueup.toml", "[project]\nname = \"second\"\nregion = \"eu-west-1\"\n"),
        ("accounts.toml", &format!("[account.management]\nid = \"{TOOLING}\"\nmanagement = true\n")),
    ]);
    let mut world: Value = serde_json::from_str(&from.read(".trueup/sandbox/world.json")).unwrap();
    disown_only(&mut world, "organizational_unit.pilots");
    to.write(".trueup/sandbox/world.json", world.to_string());
    to.write(".trueup/sandbox/lock", "1");
    let run = export(&to, &["--kind", "organizational_unit"]);
    assert!(run.says("organizational_unit /Tenants/Pilots: a spec can't name it"), "{}", run.stdout);
    assert!(run.says("organizational_unit /Tenants: it belongs to the project `first`"), "{}", run.stdout);
}

/// Takes trueup's tags off the thing with this address.
fn disown_only(value: &mut Value, address: &str) {
    let is_it = value.to_string().contains(address);
    match value {
        Value::Object(members) => {
            let tags_of_it =
                members.get("trueup:address").and_then(Value::as_str).is_some_and(|held| held.ends_with(address));
            if tags_of_it {
                members.retain(|key, _| !key.starts_with("trueup:"));
            }
            members.values_mut().for_each(|member| disown_only(member, address));
        }
        Value::Array(items) if is_it => {
            let tags_of_it = items.iter().any(|item| {
                let ends = |text: &Value| text.as_str().is_some_and(|text| text.ends_with(address));
                ["value", "Value"].iter().any(|key| item.get(key).is_some_and(ends)) || item.get(1).is_some_and(ends)
            });
            if tags_of_it {
                disown(value);
            } else {
                items.iter_mut().for_each(|item| disown_only(item, address));
            }
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Calls of a run by operation, from what it tells with `-vv`.
fn calls(run: &Run) -> std::collections::BTreeMap<String, usize> {
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let mut calls = std::collections::BTreeMap::new();
    for line in run.stderr.lines().filter(|line| line.contains("trueup_kinds::count: call")) {
        if let (Some(service), Some(operation)) = (field(line, "service"), field(line, "operation")) {
            *calls.entry(format!("{service}:{operation}")).or_default() += 1;
        }
    }
    calls
}

/// An export reads in bulk: of roles, users and groups there may be any number for the same calls.
#[test]
fn more_roles_take_no_more_calls() {
    let counted = |roles: usize| {
        let mut specs = String::new();
        for number in 0..roles {
            specs.push_str(&format!("[role.r{number}]\n[[role.r{number}.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = {{ service = \"ec2.amazonaws.com\" }}\n"));
        }
        let from = Project::with(&specs);
        from.apply();
        let to = heir(&from, &from.read("accounts.toml"));
        let run = to.trueup(&["-vv", "export"]).expect(0);
        let calls = calls(&run);
        assert!(calls.values().sum::<usize>() > 20, "{calls:?}");
        calls
    };
    let few = counted(2);
    assert_eq!(few, counted(12));
    insta::assert_snapshot!(
        "export_calls",
        few.iter().map(|(call, count)| format!("{count:3} {call}\n")).collect::<String>()
    );
    let reads = |call: &String| {
        let operation = call.split(':').nth(1).unwrap();
        ["Get", "List", "Describe", "BatchGet", "Assume"].iter().any(|front| operation.starts_with(front))
    };
    assert!(few.keys().all(reads), "{few:?}");
}
