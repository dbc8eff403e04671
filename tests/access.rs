//! Who can do what: assertions, questions, and what a plan changes.

use crate::support::Project;

const EXAMPLES: [&str; 3] = ["cross-account-saas", "dev-prod-codedeploy", "on-premises"];

/// Statements that no assertion of the examples needs, each with the reason.
///
/// A statement is named by its example, its file, the table it is in, and its sid or its number in that table.
const DELIBERATE: [(&str, &str); 5] = [
    (
        "cross-account-saas organization.toml service_control_policy.tenants.policy Stay",
        "assertions are proved from what accounts allow; what an organization denies on top is not asked yet",
    ),
    (
        "cross-account-saas organization.toml service_control_policy.tenants.policy Watched",
        "assertions are proved from what accounts allow; what an organization denies on top is not asked yet",
    ),
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
struct Found {
    name: String,
    /// The resource it belongs to, as `kind.name`.
    resource: String,
    /// The file with this statement about nothing that anyone asserts.
    without: String,
}

/// What no assertion is about; a bucket's policy holds S3's actions alone.
fn nothing(header: &str) -> &'static str {
    if header.starts_with("bucket.") { "s3:GetAccelerateConfiguration" } else { "sts:DecodeAuthorizationMessage" }
}

/// Every statement of a TOML file, by its text: `allow`, `deny` and `action` are replaced, so that the policy stays one.
fn in_toml(text: &str) -> Vec<Found> {
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
        let number: &mut usize = count.entry(header).or_default();
        *number += 1;
        let sid = lines[at..end].iter().find_map(|line| line.strip_prefix("sid"));
        let sid = sid.map_or(format!("#{number}"), |sid| sid.trim_matches([' ', '=', '"']).to_owned());
        let mut changed: Vec<String> = lines[..at].iter().map(ToString::to_string).collect();
        let mut is_list = false;
        for line in &lines[at..end] {
            let key = line.split(['=', ' ']).next().unwrap_or_default();
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
fn in_json(text: &str, resource: &str) -> Vec<Found> {
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

fn files(project: &Project) -> Vec<String> {
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
fn owner(project: &Project, file: &str) -> String {
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
                } else if !is_told.iter().any(|told| run.stderr.contains(told)) || !run.stderr.contains(&resource) {
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
    insta::assert_snapshot!(ask(&["can", role, "s3:PutObject", "bucket.artifacts/CrossAccountPipeline/*"], 1));
    let pass = ["can", role, "iam:PassRole", "unicorn/role.CloudFormationDeploymentRole"];
    insta::assert_snapshot!(ask(&pass, 4));
    let known = ["--context", "iam:PassedToService=cloudformation.amazonaws.com"];
    ask(&[&pass[..], &known[..]].concat(), 0);
    insta::assert_snapshot!(ask(&["who", "kms:Decrypt", "key.artifacts"], 0));
    insta::assert_snapshot!(ask(&["what", role], 0));
    let json: serde_json::Value =
        serde_json::from_str(&ask(&["can", role, "kms:Sign", "key.artifacts", "--format", "json"], 1)).unwrap();
    assert_eq!(json["specs"]["verdict"], "denied");
    let run =
        project.trueup_on_aws(&["access", "can", "unicorn/role.CodePipelineCrossAcountRole", "s3:GetObject"]).expect(1);
    assert!(run.stderr.contains("did you mean"), "{}", run.stderr);
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
    project.trueup(&[&question[..], &["--live"]].concat()).expect(1);
    let both = project.trueup(&[&question[..], &["--both"]].concat()).expect(1);
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
