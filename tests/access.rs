//! Who can do what: assertions, questions, and what a plan changes.

use crate::support::Project;

pub(crate) const EXAMPLES: [&str; 5] =
    ["cross-account-saas", "dev-prod-codedeploy", "ecr-stages", "on-premises", "travis-codedeploy"];

/// Statements that no assertion of the examples needs, each with the reason.
///
/// A statement is named by its example, its file, the table it is in, and its sid or its number in that table.
const DELIBERATE: [(&str, &str); 3] = [
    (
        "dev-prod-codedeploy dev.toml policy.pipeline.policy AskForApproval",
        "SNS's own policy of a topic may let the account publish too: without the statement nothing is missing for sure",
    ),
    (
        "on-premises servers.toml policy.fetch.policy Agent",
        "the bucket with the agent's files is AWS's own: no model has its policy, so that nothing can be proved of it",
    ),
    (
        "on-premises servers.toml policy.assume.policy OneRole",
        "the role's trust names the user itself, which is enough within one account; it says so on the user's side too",
    ),
];

/// A statement in a file: where its actions stand.
pub(crate) struct Found {
    pub(crate) name: String,
    /// The resource it belongs to, as `kind.name`.
    resource: String,
    /// The file with this statement about nothing that anyone asserts.
    pub(crate) without: String,
}

/// What no assertion is about; a bucket's policy holds S3's actions alone.
pub(crate) const NOTHING: [&str; 2] = ["s3:GetAccelerateConfiguration", "sts:DecodeAuthorizationMessage"];

fn nothing(header: &str) -> &'static str {
    let [of_bucket, other] = NOTHING;
    if header.starts_with("bucket.") { of_bucket } else { other }
}

fn key_of(line: &str) -> &str {
    line.split(['=', ' ']).next().unwrap_or_default()
}

/// Every statement of a TOML file, by its text: `allow`, `deny` and `action` are replaced, so that the policy stays one.
pub(crate) fn in_toml(text: &str) -> Vec<Found> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut count = std::collections::BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(header) = line.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")) else { continue };
        if matches!(header, "access" | "use" | "removed" | "moved") {
            continue;
        }
        let end =
            lines.iter().skip(at + 1).position(|line| line.starts_with('[')).map_or(lines.len(), |rest| at + 1 + rest);
        let is_action = |line: &&str| ["allow", "deny", "action"].contains(&key_of(line));
        if !lines[at..end].iter().any(is_action) {
            continue;
        }
        let number: &mut usize = count.entry(header).or_default();
        *number += 1;
        let sid = lines[at..end].iter().find_map(|line| line.strip_prefix("sid"));
        let sid = sid.map_or(format!("#{number}"), |sid| sid.trim_matches([' ', '=', '"']).to_owned());
        let mut changed: Vec<String> = lines[..at].iter().map(ToString::to_string).collect();
        let mut is_list = false;
        for line in &lines[at..end] {
            let key = key_of(line);
            if is_list {
                is_list = !line.starts_with(']');
            } else if matches!(key, "allow" | "deny" | "action") {
                is_list = line.trim_end().ends_with('[');
                changed.push(format!("{key} = \"{}\"", nothing(header)));
            } else {
                changed.push((*line).to_owned());
            }
        }
        changed.extend(lines[end..].iter().map(ToString::to_string));
        let resource = header.split('.').take(2).collect::<Vec<_>>().join(".");
        found.push(Found { name: format!("{header} {sid}"), resource, without: changed.join("\n") });
    }
    found
}

/// Every statement of a JSON policy, which the file of this name belongs to.
pub(crate) fn in_json(text: &str, resource: &str) -> Vec<Found> {
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let count = document["Statement"].as_array().unwrap().len();
    let one = |index: usize| {
        let mut without = document.clone();
        without["Statement"][index]["Action"] = nothing(resource).into();
        let name = format!("{resource} {}", document["Statement"][index]["Sid"].as_str().unwrap_or("?"));
        Found { name, resource: resource.to_owned(), without: without.to_string() }
    };
    (0..count).map(one).collect()
}

/// What a resource of a file is called where it is used: that of a template by the name of a use.
fn in_use(example: &str, file: &str, resource: &str) -> String {
    match example {
        "ecr-stages" if file.starts_with("templates/") => resource.replacen('.', ".development.", 1),
        _ => resource.to_owned(),
    }
}

pub(crate) fn files(project: &Project) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![project.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.strip_prefix(project.path()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    names
}

/// The resource that names a JSON policy.
pub(crate) fn owner(project: &Project, file: &str) -> String {
    let specs = files(project).into_iter().filter(|name| name.ends_with(".toml"));
    let texts = specs.map(|name| std::fs::read_to_string(project.path().join(name)).unwrap());
    for text in texts {
        if let Some(at) = text.find(&format!("\"{file}\"")) {
            let header = text[..at].rsplit("\n[").next().unwrap().split(']').next().unwrap();
            return header.to_owned();
        }
    }
    panic!("nothing names {file}");
}

#[test]
fn without_any_single_statement_an_assertion_fails_and_names_the_link() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for example in EXAMPLES {
        let project = Project::example(example);
        project.trueup_on_aws(&["check"]).expect(0);
        for file in files(&project) {
            let text = std::fs::read_to_string(project.path().join(&file)).unwrap();
            let found = if file.ends_with(".json") {
                in_json(&text, &owner(&project, &file))
            } else if file.ends_with(".toml") {
                in_toml(&text)
            } else {
                Vec::new()
            };
            for Found { name, resource, without } in found {
                let name = format!("{example} {file} {name}");
                if DELIBERATE.iter().any(|(known, _)| *known == name) {
                    continue;
                }
                tried += 1;
                project.write(&file, without);
                let run = project.trueup_on_aws(&["check"]);
                // Some links are held by the kinds themselves, before assertions are looked at.
                let is_told = [
                    "must be possible",
                    "must be impossible",
                    "the key policy lets no one change it",
                    "could not assume this role",
                ];
                if run.code != 1 {
                    wrong.push(format!("{name}: no assertion misses it"));
                } else if !is_told.iter().any(|told| run.stderr.contains(told))
                    || !run.stderr.contains(&in_use(example, &file, &resource))
                {
                    wrong.push(format!("{name}: {resource} is not named\n{}", run.stderr));
                }
            }
            project.write(&file, text);
        }
        project.trueup_on_aws(&["check"]).expect(0);
    }
    assert_eq!(wrong, [""; 0], "{}", wrong.join("\n"));
    assert!(tried > 40, "{tried} statements were found");
}

#[test]
fn what_mends_a_missing_link_mends_it() {
    let project = Project::example("cross-account-saas");
    project.edit("tooling.toml", "  \"${tenants/role.CodePipelineCrossAccountRole.arn}\",\n", "");
    let run = project.trueup_on_aws(&["check"]).expect(1);
    assert!(run.stderr.contains("nor delegates to"), "{}", run.stderr);
    let start = run.stderr.find("[[key.artifacts.policy]]").unwrap();
    let end = run.stderr[start..].find("\n\n").unwrap() + start;
    let mend = &run.stderr[start..end];
    let text = std::fs::read_to_string(project.path().join("tooling.toml")).unwrap();
    project.write("tooling.toml", text.replace("[bucket.artifacts]", &format!("{mend}\n\n[bucket.artifacts]")));
    project.trueup_on_aws(&["check"]).expect(0);
}

#[test]
fn questions_are_answered_from_the_specs_without_a_call() {
    let project = Project::example("cross-account-saas");
    let role = "unicorn/role.CodePipelineCrossAccountRole";
    let ask = |args: &[&str], code| project.trueup_on_aws(&[&["access"], args].concat()).expect(code).stdout;
    insta::assert_snapshot!(ask(&["can", role, "kms:Decrypt", "key.artifacts"], 0));
    insta::assert_snapshot!(ask(&["can", role, "s3:PutObject", "bucket.artifacts/CrossAccountPipeline/*"], 2));
    let pass = ["can", role, "iam:PassRole", "unicorn/role.CloudFormationDeploymentRole"];
    insta::assert_snapshot!(ask(&pass, 4));
    let known = ["--context", "iam:PassedToService=cloudformation.amazonaws.com"];
    ask(&[&pass[..], &known[..]].concat(), 0);
    insta::assert_snapshot!(ask(&["who", "kms:Decrypt", "key.artifacts"], 0));
    insta::assert_snapshot!(ask(&["what", role], 0));
    let json: serde_json::Value =
        serde_json::from_str(&ask(&["can", role, "kms:Sign", "key.artifacts", "--format", "json"], 2)).unwrap();
    assert_eq!(json["specs"]["verdict"], "denied");
    let run =
        project.trueup_on_aws(&["access", "can", "unicorn/role.CodePipelineCrossAcountRole", "s3:GetObject"]).expect(1);
    assert!(run.stderr.contains("did you mean"), "{}", run.stderr);
    let run = project.trueup_on_aws(&["access", "what", "role.CodePipelineCrossAcountRole"]).expect(1);
    assert!(run.stderr.contains("did you mean `role.CodePipelineCrossAccountRole`?"), "{}", run.stderr);
}

/// When an assertion fails one has questions, and what a run needs is another matter.
#[test]
fn questions_are_answered_while_assertions_fail() {
    let project = Project::example("cross-account-saas");
    project.edit("tooling.toml", "[\"s3:GetObject\", \"s3:GetObjectVersion\"]", "[\"s3:GetObjectVersion\"]");
    project.trueup_on_aws(&["check"]).expect(1);
    let role = "unicorn/role.CodePipelineCrossAccountRole";
    project
        .trueup_on_aws(&["access", "can", role, "s3:GetObject", "bucket.artifacts/CrossAccountPipeline/x"])
        .expect(2);
    project.trueup_on_aws(&["permissions"]).expect(0);
}

/// The ids of accounts that a run made are in no spec.
#[test]
fn accounts_that_were_made_are_asked_live_by_their_ids() {
    let project = Project::example("cross-account-saas");
    let leave = |args: &[&str]| {
        let question = ["access", "can", "pegasus", "organizations:LeaveOrganization"];
        project.trueup(&[&question[..], args].concat()).expect(2).stdout
    };
    leave(&[]);
    project.apply();
    for answer in [leave(&[]), leave(&["--live"])] {
        assert!(!answer.contains("#id") && !answer.contains("known after apply"), "{answer}");
    }
    let key = ["pegasus/role.CodePipelineCrossAccountRole", "kms:Decrypt", "tooling/key.artifacts", "--live"];
    project.trueup(&[&["access", "can"][..], &key].concat()).expect(0);
}

/// Anyone can, if anyone with an account can: AWS tells nobody without credentials who they are.
#[test]
fn anyone_can_if_one_sort_of_anyone_can() {
    let trust = "condition = { ArnLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/ci-*\" } }\n";
    let project = Project::with(&format!(
        "[role.one]\n[[role.one.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = \"*\"\n{trust}\
         [[role.one.suppress]]\nlint = \"public-trust\"\nreason = \"a test\"\nexpires = 2999-01-01\n"
    ));
    let question = ["access", "can", "*", "sts:AssumeRole", "role.one"];
    let answer = project.trueup_on_aws(&question).expect(4).stdout;
    assert!(answer.contains("denied: anyone without credentials"), "{answer}");
    let closed =
        project.read("specs.toml").replace(trust, "condition = { Bool = { \"aws:PrincipalIsAWSService\" = true } }\n");
    project.write("specs.toml", closed);
    project.trueup_on_aws(&question).expect(2);
}

/// What is about the whole project takes no part of it.
#[test]
fn flags_that_would_be_passed_over_are_refused() {
    let project = Project::example("cross-account-saas");
    for command in [&["check"][..], &["access", "who", "kms:Decrypt", "key.artifacts"]] {
        for flag in [["--account", "tooling"], ["--target", "key.artifacts"]] {
            let run = project.trueup_on_aws(&[command, &flag].concat()).expect(1);
            assert!(run.stderr.contains(&format!("takes no {}", flag[0])), "{}", run.stderr);
        }
    }
    let one = project.trueup_on_aws(&["permissions", "--account", "tooling", "--format", "json"]).expect(0);
    let one: serde_json::Value = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(one["accounts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["tooling"]);
    let run = project.trueup_on_aws(&["permissions", "--account", "nobody"]).expect(1);
    assert!(run.stderr.contains("there is no account or group `nobody`"), "{}", run.stderr);
}

#[test]
fn the_live_accounts_are_asked_beside_the_specs() {
    let project = Project::example("cross-account-saas");
    project.apply();
    let role = "unicorn/role.CodePipelineCrossAccountRole";
    project.edit(
        "tooling.toml",
        "allow     = [\"s3:GetObject\", \"s3:GetObjectVersion\"]",
        "allow     = [\"s3:GetObject\", \"s3:GetObjectVersion\", \"s3:PutObject\"]",
    );
    let question = ["access", "can", role, "s3:PutObject", "bucket.artifacts/CrossAccountPipeline/x"];
    project.trueup(&question).expect(0);
    project.trueup(&[&question[..], &["--live"]].concat()).expect(2);
    let both = project.trueup(&[&question[..], &["--both"]].concat()).expect(2);
    insta::assert_snapshot!(both.stdout);
}

#[test]
fn a_plan_tells_who_gains_and_loses_what() {
    let project = Project::example("cross-account-saas");
    project.apply();
    project.edit(
        "tooling.toml",
        "[\"s3:GetObject\", \"s3:GetObjectVersion\"]",
        "[\"s3:GetObject*\", \"s3:PutObject\"]",
    );
    let told = |run: &str| run.split("Who gains").nth(1).map(|rest| rest.split("Outputs").next().unwrap().to_owned());
    let plan = project.trueup(&["plan"]).expect(0).stdout;
    insta::assert_snapshot!(told(&plan).unwrap());
    project.trueup(&["plan", "--fail-on", "public-access"]).expect(0);
    let run = project.trueup(&["plan", "--fail-on", "new-access"]).expect(3);
    assert!(run.stderr.contains("refused"), "{}", run.stderr);
    project.trueup(&["apply", "--yes", "--fail-on", "new-access"]).expect(3);
    project.apply();
    project.edit(
        "tooling.toml",
        "[\"s3:GetObject*\", \"s3:PutObject\"]",
        "[\"s3:GetObject\", \"s3:GetObjectVersion\"]",
    );
    project.edit("trueup.toml", "[project]", "[lints]\npublic-key = \"allow\"\n\n[project]");
    project.edit("tooling.toml", "[bucket.artifacts]", "[[key.artifacts.policy]]\nsid = \"Open\"\nallow = \"kms:Encrypt\"\nprincipal = \"*\"\nresource = \"*\"\n\n[bucket.artifacts]");
    let plan = project.trueup(&["plan"]).expect(0).stdout;
    insta::assert_snapshot!(told(&plan).unwrap());
    project.trueup(&["plan", "--fail-on", "public-access"]).expect(3);
}

#[test]
fn a_policy_in_other_words_changes_nothing() {
    let project = Project::example("cross-account-saas");
    project.apply();
    // One statement as two, and an action under a wildcard that stood there already.
    project.edit(
        "tenants.toml",
        "allow    = [\"s3:GetBucketVersioning\", \"s3:ListBucket\"]\nresource = \"${tooling/bucket.artifacts.arn}\"\n",
        "allow    = \"s3:GetBucketVersioning\"\nresource = \"${tooling/bucket.artifacts.arn}\"\n\n[[policy.artifacts.policy]]\nallow    = \"s3:ListBucket\"\nresource = \"${tooling/bucket.artifacts.arn}\"\n",
    );
    project.edit("tooling.toml", "\"kms:GenerateDataKey*\",", "\"kms:GenerateDataKey*\", \"kms:GenerateDataKeyPair\",");
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(!run.stdout.contains("Who gains"), "{}", run.stdout);
    project.trueup(&["plan", "--fail-on", "new-access"]).expect(0);
}

#[test]
fn a_condition_of_another_value_is_a_change() {
    let trust = |id: &str| {
        format!(
            "[role.deployer]\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = {{ account = \"other\" }}\ncondition = {{ StringEquals = {{ \"sts:ExternalId\" = \"{id}\" }} }}\n"
        )
    };
    let project = Project::with(&trust("one"));
    project.apply();
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n\n{}", trust("two")));
    let plan = project.trueup(&["plan"]).expect(0).stdout;
    insta::assert_snapshot!(plan.split("Who gains").nth(1).unwrap().split("Plan:").next().unwrap());
}

/// An organization with a shop in a unit, and two controls on that unit.
pub(crate) fn organization() -> Project {
    let project = Project::with("");
    project.write(
        "accounts.toml",
        r#"
[account.boss]
id         = "999999999999"
management = true

[account.shop]
email  = "aws+shop@example.com"
parent = "organizational_unit.shops"

[account.other]
id = "222222222222"
"#,
    );
    project.write(
        "organization.toml",
        r#"
[organization.main]
policy_types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]

[organizational_unit.shops]

[service_control_policy.no-users]
targets = ["organizational_unit.shops"]
[[service_control_policy.no-users.policy]]
sid      = "NoUsers"
deny     = "iam:CreateUser"
resource = "*"

[resource_control_policy.at-home]
targets = ["root"]
[[resource_control_policy.at-home.policy]]
sid       = "AtHome"
deny      = "s3:*"
principal = "*"
resource  = "*"
condition = { StringNotEquals = { "aws:PrincipalOrgID" = "${organization.main.id}" }, BoolIfExists = { "aws:PrincipalIsAWSService" = false } }
"#,
    );
    project.write(
        "specs.toml",
        r#"
[scope]
account = "shop"

[role.keeper]
[[role.keeper.trust]]
allow     = "sts:AssumeRole"
principal = { account = "shop" }
[[role.keeper.inline.work]]
allow    = ["iam:CreateUser", "iam:CreateRole"]
resource = "*"

[bucket.goods]
name                = "shop-goods"
public_access_block = { block_public_policy = false, restrict_public_buckets = false }
[[bucket.goods.policy]]
allow     = "s3:GetObject"
principal = "*"
resource  = "${bucket.goods.arn}/*"
"#,
    );
    project.edit("trueup.toml", "[project]", "[lints]\npublic-bucket = \"allow\"\n\n[project]");
    project
}

#[test]
fn what_an_organization_controls_has_a_say() {
    let project = organization();
    let ask = |args: &[&str], code| project.trueup_on_aws(&[&["access", "can"], args].concat()).expect(code).stdout;
    insta::assert_snapshot!(ask(&["shop/role.keeper", "iam:CreateUser", "*"], 2));
    ask(&["shop/role.keeper", "iam:CreateRole", "*"], 0);
    insta::assert_snapshot!(ask(&["*", "s3:GetObject", "bucket.goods/*"], 2));
    // The shop itself is in the organization.
    ask(&["shop/role.keeper", "s3:GetObject", "bucket.goods/x"], 0);
    project.edit("organization.toml", "targets = [\"organizational_unit.shops\"]", "targets = []");
    ask(&["shop/role.keeper", "iam:CreateUser", "*"], 0);
}

#[test]
fn a_new_control_takes_away_in_the_plan() {
    let project = organization();
    project.edit("organization.toml", "deny     = \"iam:CreateUser\"", "deny     = [\"iam:DeleteUser\"]");
    project.edit("organization.toml", "deny      = \"s3:*\"", "deny      = \"s3:PutObject\"");
    project.apply();
    project.edit("organization.toml", "[\"iam:DeleteUser\"]", "[\"iam:CreateUser\", \"iam:DeleteUser\"]");
    project.edit("organization.toml", "deny      = \"s3:PutObject\"", "deny      = \"s3:*\"");
    let plan = project.trueup(&["plan"]).expect(0).stdout;
    insta::assert_snapshot!(plan.split("Who gains").nth(1).unwrap().split("Plan:").next().unwrap());
    project.trueup(&["plan", "--fail-on", "new-access"]).expect(0);
}

const POLICED: &str = r#"
[topic.news]
[[topic.news.policy]]
allow     = "sns:Publish"
principal = { account = "other" }
resource  = "${topic.news.arn}"

[event_bus.orders]
[[event_bus.orders.policy]]
allow     = "events:PutEvents"
principal = { account = "other" }
resource  = "${event_bus.orders.arn}"

[ecr_registry.main]
[[ecr_registry.main.policy]]
allow     = "ecr:ReplicateImage"
principal = { account = "other" }
resource  = "arn:aws:ecr:${region}:${account.id}:repository/*"

[ecr_repository.app]
name = "app"

[role.worker]
[[role.worker.trust]]
allow     = "sts:AssumeRole"
principal = { service = "ec2.amazonaws.com" }

[key.data]
multi_region = true
[key.data.grant.workers]
grantee_principal = "role.worker"
operations        = ["Decrypt", "DescribeKey"]
constraints       = { encryption_context_subset = { team = "web" } }
"#;

#[test]
fn everything_with_a_policy_of_its_own_is_asked() {
    let project = Project::with(POLICED);
    project.write(
        "replica.toml",
        "[scope]\naccount = \"main\"\nregion = \"eu-central-1\"\n\n[replica_key.data]\nprimary = \"@eu-west-1/key.data\"\n[[replica_key.data.policy]]\nallow = \"kms:*\"\nprincipal = { account = \"main\" }\nresource = \"*\"\n[[replica_key.data.policy]]\nallow = \"kms:Decrypt\"\nprincipal = { account = \"other\" }\nresource = \"*\"\n",
    );
    let ask = |args: &[&str], code| project.trueup_on_aws(&[&["access", "can"], args].concat()).expect(code).stdout;
    let other = "222222222222";
    for (action, on, wrong) in [
        ("sns:Publish", "topic.news", "sns:DeleteTopic"),
        ("events:PutEvents", "event_bus.orders", "events:PutRule"),
        ("ecr:ReplicateImage", "ecr_repository.app", "ecr:PutImage"),
        ("kms:Decrypt", "replica_key.data", "kms:Encrypt"),
    ] {
        ask(&[other, action, on], 0);
        ask(&[other, wrong, on], 2);
    }
    ask(&["role.worker", "kms:DescribeKey", "key.data"], 0);
    ask(&["role.worker", "kms:Encrypt", "key.data"], 2);
    // A replica has grants of its own.
    ask(&["role.worker", "kms:DescribeKey", "replica_key.data"], 2);
    insta::assert_snapshot!(ask(&["role.worker", "kms:Decrypt", "key.data"], 4));
    let known = ["role.worker", "kms:Decrypt", "key.data", "--context", "kms:EncryptionContext:team=web"];
    insta::assert_snapshot!(ask(&known, 0));
}

#[test]
fn what_is_beside_a_policy_changes_access_in_a_plan() {
    let project = Project::with(
        r#"
[bucket.data]
name                = "data-111111111111"
public_access_block = { block_public_policy = false }
[[bucket.data.policy]]
allow     = "s3:GetObject"
principal = "*"
resource  = "${bucket.data.arn}/*"

[role.worker]
[[role.worker.trust]]
allow     = "sts:AssumeRole"
principal = { service = "ec2.amazonaws.com" }

[key.data]
[key.data.grant.workers]
grantee_principal = "role.worker"
operations        = ["Decrypt"]
"#,
    );
    project.edit("trueup.toml", "[project]", "[lints]\npublic-bucket = \"allow\"\n\n[project]");
    project.apply();
    project.edit("specs.toml", "[\"Decrypt\"]", "[\"Decrypt\", \"Encrypt\"]");
    project.edit(
        "specs.toml",
        "block_public_policy = false",
        "block_public_policy = false, restrict_public_buckets = false",
    );
    let plan = project.trueup(&["plan"]).expect(0).stdout;
    insta::assert_snapshot!(plan.split("Who gains").nth(1).unwrap().split("Plan:").next().unwrap());
    project.trueup(&["plan", "--fail-on", "public-access"]).expect(3);
}
