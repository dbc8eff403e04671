//! The life of the example: planned, applied, found true, changed by hand, repaired, grown, and removed.

use http::Method;
use serde_json::{Value, json};

use crate::hand::Hand;
use crate::support::{Project, STAYS};

const TOOLING: &str = "111111111111";
const UNICORN: &str = "222222222222";
const BUCKET: &str = "saas-delivery-artifacts-111111111111";

/// Holds a text against its golden; what AWS makes up differs from run to run.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID");
    settings.add_filter("ou-[0-9a-z]{4}-[0-9a-z]{8}", "OU");
    // The id of an account that was made.
    settings.add_filter("7[0-9]{11}", "MADE");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn applied() -> Project {
    let project = Project::example("cross-account-saas");
    project.apply();
    project
}

#[test]
fn the_first_plan_of_the_example() {
    let project = Project::example("cross-account-saas");
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    snapshot("first_plan", &run.stdout);
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 80 || line.contains("arn:aws:")),
        "wider than 80 columns"
    );
    assert!(!run.stdout.contains('\u{1b}'), "colour without a terminal");
}

#[test]
fn the_example_is_applied_and_found_true() {
    let project = Project::example("cross-account-saas");
    let run = project.apply();
    assert!(run.stdout.contains("Applied."), "{}", run.stdout);
    let names = project.trueup(&["output", "pipeline_roles"]).expect(0).stdout;
    let named = |account: &str| names.contains(&format!("arn:aws:iam::{account}:role/CodePipelineCrossAccountRole\n"));
    assert!(names.lines().count() == 3 && named("333333333333") && named(UNICORN), "{names}");
    let key = project.trueup(&["output", "artifact_key"]).expect(0).stdout;
    assert!(key.starts_with("arn:aws:kms:eu-west-1:111111111111:key/"), "{key}");
}

#[test]
fn two_plans_of_the_same_are_the_same_byte_for_byte() {
    let project = Project::example("cross-account-saas");
    let plan = || project.trueup(&["plan", "--format", "json"]).expect(0).stdout;
    assert_eq!(plan(), plan());
}

#[test]
fn without_its_state_nothing_is_lost() {
    let project = applied();
    std::fs::remove_dir_all(project.path().join(".trueup/sandbox/state/ledger")).unwrap();
    std::fs::remove_dir_all(project.path().join(".trueup/sandbox/state/runs")).unwrap();
    project.assert_true();
    // Without an alias only the tag leads back to the key.
    project.edit("tooling.toml", "alias       = \"alias/artifacts\"\n", "");
    project.apply();
    std::fs::remove_dir_all(project.path().join(".trueup/sandbox/state/ledger")).unwrap();
    project.assert_true();
}

#[test]
fn what_a_hand_changed_is_seen_and_repaired() {
    let project = applied();
    let tenant = Hand::on(&project, UNICORN);
    let everything =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let role = ("RoleName", "CodePipelineCrossAccountRole");
    tenant.iam("PutRolePolicy", &[role, ("PolicyName", "by-hand"), ("PolicyDocument", &everything.to_string())]);
    tenant.iam("UpdateRole", &[("RoleName", "CloudFormationDeploymentRole"), ("Description", "by hand")]);
    let outside = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "444444444444"}}]});
    tenant
        .iam("CreateRole", &[("RoleName", "elsewhere"), ("AssumeRolePolicyDocument", &trust_of("ec2.amazonaws.com"))]);
    tenant.iam(
        "UpdateAssumeRolePolicy",
        &[role, ("PolicyDocument", &outside.to_string().replace("444444444444", TOOLING))],
    );
    let tooling = Hand::on(&project, TOOLING);
    let (status, text) = tooling.s3(Method::DELETE, &format!("{BUCKET}?policy"), "");
    assert_eq!(status, 204, "{text}");
    let versioning = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Suspended</Status></VersioningConfiguration>";
    assert_eq!(tooling.s3(Method::PUT, &format!("{BUCKET}?versioning"), versioning).0, 200);
    tooling.kms("DisableKeyRotation", &json!({"KeyId": key_id(&project)}));

    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    snapshot("drift_plan", &run.stdout);
    project.apply();
    let left = tenant.iam("ListRoles", &[]);
    assert!(left.contains("elsewhere"), "what is not ours stays");
}

fn trust_of(service: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}]})
    .to_string()
}

fn key_id(project: &Project) -> String {
    project.trueup(&["output", "artifact_key"]).expect(0).stdout.trim().to_owned()
}

#[test]
fn a_new_tenant_is_one_table() {
    let project = applied();
    let accounts = project.read("accounts.toml");
    project.write(
        "accounts.toml",
        format!(
            "{accounts}\n[account.griffin]\nemail  = \"aws+griffin@example.com\"\nparent = \"organizational_unit.tenants\"\ngroups = [\"tenants\"]\n"
        ),
    );
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    snapshot("new_tenant_plan", &run.stdout);
    project.apply();
}

#[test]
fn a_saved_plan_is_applied_exactly_or_not_at_all() {
    let project = Project::example("cross-account-saas");
    project.trueup(&["plan", "-o", "saved.json"]).expect(0);
    let run = project.trueup(&["apply", "saved.json"]).expect(0);
    assert!(run.stdout.contains("Applied."), "{}", run.stdout);
    project.assert_true();
    let again = project.trueup(&["apply", "saved.json"]).expect(3);
    assert!(again.stderr.contains("exists by now"), "{}", again.stderr);

    project.edit("tenants.toml", "comes in by this role", "comes in by that role");
    project.trueup(&["plan", "-o", "saved.json"]).expect(0);
    let tenant = Hand::on(&project, UNICORN);
    tenant.iam("UpdateRole", &[("RoleName", "CodePipelineCrossAccountRole"), ("Description", "moved")]);
    let moved = project.trueup(&["apply", "saved.json"]).expect(3);
    assert!(
        moved.stderr.contains("unicorn/role.CodePipelineCrossAccountRole changed in description"),
        "{}",
        moved.stderr
    );
    project.apply();
}

#[test]
fn a_saved_plan_that_was_tampered_with_is_refused() {
    let project = Project::example("cross-account-saas");
    project.trueup(&["plan", "-o", "saved.json"]).expect(0);
    let text = project.read("saved.json");
    let rows = [
        ("\"format\": 1", "\"format\": 9"),
        ("\"change\": 0,", "\"change\": 99999,"),
        ("{\n", "[\n"),
        // What holds together, and is another plan than the one that was saved.
        ("role/CodePipelineCrossAccountRole", "role/AnotherRole"),
        ("\"deletions_max\": 5", "\"deletions_max\": 500"),
        ("\"seal\": \"", "\"seal\": \"0"),
    ];
    for (from, to) in rows {
        assert!(text.contains(from), "{from}");
        project.write("saved.json", text.replacen(from, to, 1));
        let run = project.trueup(&["apply", "saved.json"]).expect(1);
        assert!(run.stderr.contains("no saved plan"), "{}", run.stderr);
    }
}

#[test]
fn what_is_in_no_spec_is_removed_but_what_holds_data_is_kept() {
    let project = applied();
    project.forget_access();
    project.write("tenants.toml", "");
    let tooling = project.read("tooling.toml");
    let (head, _) = tooling.split_once("[key.artifacts]").unwrap();
    project.write("tooling.toml", format!("{head}{STAYS}"));
    let refused = project.trueup(&["apply", "--yes"]).expect(3);
    assert!(refused.stderr.contains("removes 15 resources, and the project allows 5"), "{}", refused.stderr);
    project.edit("trueup.toml", "deletions = 5", "deletions = 15");
    let plan = project.trueup(&["plan"]).expect(0);
    snapshot("removal_plan", &plan.stdout);
    project.trueup(&["apply", "--yes"]).expect(0);
    let kept = project.trueup(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(kept.stdout.contains("Kept, though in no spec any more"), "{}", kept.stdout);

    project.write(
        "tooling.toml",
        format!("{head}{STAYS}[[removed]]\naddress = \"tooling@eu-west-1/bucket.artifacts\"\n\n[[removed]]\naddress = \"tooling@eu-west-1/key.artifacts\"\n"),
    );
    project.apply();
    let tooling = Hand::on(&project, TOOLING);
    assert_eq!(tooling.s3(Method::HEAD, BUCKET, "").0, 404);
    let keys = tooling.kms("ListAliases", &json!({}));
    let ours = |alias: &&Value| alias["AliasName"] == "alias/artifacts";
    assert!(keys["Aliases"].as_array().unwrap().iter().find(ours).is_none(), "{keys}");
}

#[test]
fn a_bucket_with_objects_is_never_emptied() {
    let project = applied();
    project.forget_access();
    let hand = Hand::on(&project, TOOLING);
    assert_eq!(hand.s3(Method::PUT, &format!("{BUCKET}/build.zip"), "bytes").0, 200);
    let tooling = project.read("tooling.toml");
    let (head, tail) = tooling.split_once("[bucket.artifacts]").unwrap();
    let (_, tail) = tail.split_once("[output]").unwrap();
    project.write(
        "tooling.toml",
        format!(
            "{head}\n[[removed]]\naddress = \"tooling@eu-west-1/bucket.artifacts\"\n[output]{}",
            tail.replace("bucket.artifacts.name", "key.artifacts.id")
        ),
    );
    let tenants = project.read("tenants.toml");
    project
        .write("tenants.toml", tenants.replace("${tooling/bucket.artifacts.arn}", &format!("arn:aws:s3:::{BUCKET}")));
    let policy = project.read("policies/sample-application.json");
    project.write(
        "policies/sample-application.json",
        policy.replace("${tooling/bucket.artifacts.arn}", &format!("arn:aws:s3:::{BUCKET}")),
    );
    let run = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(run.stdout.contains("BucketNotEmpty"), "{}", run.stdout);
    assert_eq!(hand.s3(Method::GET, &format!("{BUCKET}/build.zip"), "").0, 200);
}

#[test]
fn a_role_that_is_made_again_is_named_again_by_who_names_it() {
    let project = applied();
    project.edit(
        "tenants.toml",
        "[role.CloudFormationDeploymentRole]\n",
        "[role.CloudFormationDeploymentRole]\npath = \"/deployment/\"\n",
    );
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(run.stdout.contains("REPLACE: path can't be changed in place"), "{}", run.stdout);
    assert!(run.stdout.contains("Look twice"), "{}", run.stdout);
    project.apply();
    let policy =
        Hand::on(&project, TOOLING).kms("GetKeyPolicy", &json!({"KeyId": key_id(&project), "PolicyName": "default"}));
    let policy = policy["Policy"].as_str().unwrap();
    assert!(policy.contains("role/deployment/CloudFormationDeploymentRole") && !policy.contains("AROA"), "{policy}");
}

#[test]
fn what_is_protected_outlives_its_block() {
    let project = applied();
    project.forget_access();
    project.edit("tooling.toml", "[bucket.artifacts]\n", "[bucket.artifacts]\nprotect = true\n");
    project.edit("tenants.toml", "[policy.deploy]\n", "[policy.deploy]\nprotect = true\n");
    project.apply();
    project.edit("tenants.toml", "Work on the SampleApplication stacks", "Work on the stacks");
    let replace = project.trueup(&["plan"]).expect(4);
    assert!(replace.says("it is protected, and changing description means removing it"), "{}", replace.stdout);
    project.edit("tenants.toml", "Work on the stacks", "Work on the SampleApplication stacks");

    let tooling = project.read("tooling.toml");
    let (head, tail) = tooling.split_once("[bucket.artifacts]").unwrap();
    let (_, tail) = tail.split_once("[output]").unwrap();
    let tombstone = "[[removed]]\naddress = \"tooling@eu-west-1/bucket.artifacts\"\n[output]";
    project.write(
        "tooling.toml",
        format!("{head}{tombstone}{}", tail.replace("bucket.artifacts.name", "key.artifacts.id")),
    );
    for file in ["tenants.toml", "policies/sample-application.json"] {
        let text = project.read(file).replace("${tooling/bucket.artifacts.arn}", &format!("arn:aws:s3:::{BUCKET}"));
        project.write(file, text);
    }
    let removal = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(removal.says("it is protected (tag"), "{}", removal.stdout);
    assert_eq!(Hand::on(&project, TOOLING).s3(Method::HEAD, BUCKET, "").0, 200);
}

#[test]
fn an_account_that_lets_no_one_in_is_named_and_the_rest_goes_on() {
    let project = applied();
    let tenant = Hand::on(&project, UNICORN);
    let role =
        [("RoleName", "OrganizationAccountAccessRole"), ("AssumeRolePolicyDocument", &*trust_of("ec2.amazonaws.com"))];
    tenant.iam("CreateRole", &role);
    project.edit("tooling.toml", "Encrypts what", "Protects what");
    let run = project.trueup(&["apply", "--yes"]).expect(4);
    snapshot("closed_account", &run.stdout);
    tenant.iam("DeleteRole", &role[..1]);
    project.apply();
}

#[test]
fn nothing_is_sent_that_names_what_can_not_be_shown_to_exist() {
    let project = Project::example("cross-account-saas");
    Hand::on(&project, UNICORN).iam(
        "CreateRole",
        &[("RoleName", "OrganizationAccountAccessRole"), ("AssumeRolePolicyDocument", &trust_of("ec2.amazonaws.com"))],
    );
    let run = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(run.says("it would name unicorn/role."), "{}", run.stdout);
    assert!(!run.stdout.contains("FAILED"), "{}", run.stdout);
}

#[test]
fn a_failed_operation_is_told_and_the_same_command_goes_on_from_there() {
    let project = Project::example("cross-account-saas");
    // Someone else has the bucket's name.
    let stranger = Hand::on(&project, "999999999999");
    let region = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(stranger.s3(Method::PUT, BUCKET, region).0, 200);
    let run = project.trueup(&["apply", "--yes"]).expect(4);
    snapshot("failed_operation", run.stdout.split_once("\n\n! ").map_or(&*run.stdout, |(_, report)| report));
    assert_eq!(stranger.s3(Method::DELETE, BUCKET, "").0, 204);
    let rest = project.apply();
    assert!(
        rest.stdout.contains("Applied. 1 resources") || rest.stdout.contains("Applied. 1 resource,"),
        "{}",
        rest.stdout
    );
}

#[test]
fn a_moved_block_keeps_its_thing() {
    let project = applied();
    let tenants = project.read("tenants.toml").replace("policy.stacks", "policy.application");
    let moved = "[[moved]]\nfrom = \"tenants/policy.stacks\"\nto   = \"tenants/policy.application\"\n\n";
    project.write("tenants.toml", tenants.replacen("[role.CodePipeline", &format!("{moved}[role.CodePipeline"), 1));
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(run.stdout.contains("move from gnome/policy.stacks") && !run.stdout.contains("REMOVE"), "{}", run.stdout);
    assert!(!run.stdout.contains("not on record"), "{}", run.stdout);
    project.apply();
}

#[test]
fn adopting_asks_unless_nothing_differs() {
    let project = Project::with(
        "[role.deployer]\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n",
    );
    let hand = Hand::on(&project, TOOLING);
    hand.iam(
        "CreateRole",
        &[
            ("RoleName", "deployer"),
            ("AssumeRolePolicyDocument", &trust_of("ec2.amazonaws.com")),
            ("Description", "by hand"),
        ],
    );
    let refused = project.trueup(&["plan"]).expect(4);
    assert!(refused.says("differs from its spec in description") && refused.says("--adopt"), "{}", refused.stdout);
    hand.iam("UpdateRole", &[("RoleName", "deployer"), ("Description", "")]);
    let run = project.apply();
    assert!(run.stdout.contains("adopt"), "{}", run.stdout);
}

/// IAM takes `Deployer` and `deployer` for one name, and would say so only in the middle of an apply.
#[test]
fn a_name_that_differs_in_case_only_is_told_before_the_call() {
    let project = Project::with(
        "[role.deployer]\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n",
    );
    let trust = trust_of("ec2.amazonaws.com");
    Hand::on(&project, TOOLING).iam("CreateRole", &[("RoleName", "Deployer"), ("AssumeRolePolicyDocument", &trust)]);
    let refused = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(refused.says("`Deployer` exists") && refused.says("name = \"Deployer\""), "{}", refused.stdout);
    project.edit("specs.toml", "[role.deployer]\n", "[role.deployer]\nname = \"Deployer\"\n");
    project.apply();
}

#[test]
fn what_another_project_owns_is_never_touched() {
    let role = "[role.deployer]\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n";
    let project = Project::with(role);
    project.apply();
    project.edit("trueup.toml", "name = \"test\"", "name = \"other\"");
    let run = project.trueup(&["apply", "--yes", "--adopt"]).expect(4);
    assert!(run.says("belongs to the project `test`"), "{}", run.stdout);
    project.edit("trueup.toml", "name = \"other\"", "name = \"test\"");
    project.assert_true();
}

const KEY: &str =
    "[key.k]\n[[key.k.policy]]\nallow = \"kms:*\"\nprincipal = { account = \"main\" }\nresource = \"*\"\n";

#[test]
fn a_copied_tag_leads_nobody_astray() {
    let project = Project::with(&format!("{KEY}\n[output]\nkey = \"${{key.k.id}}\"\n"));
    project.apply();
    let id = project.trueup(&["output", "key"]).expect(0).stdout;
    let tags = json!([{"TagKey": "trueup:project", "TagValue": "test"},
        {"TagKey": "trueup:address", "TagValue": "main@eu-west-1/key.k"}]);
    let hand = Hand::on(&project, TOOLING);
    for _ in 0..4 {
        hand.kms("CreateKey", &json!({"Tags": tags}));
    }
    // The record tells which is the right one; the copies hold what only their owner knows, and stay.
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(run.says("1 resource is as its spec says"), "{}", run.stdout);
    assert_eq!(project.trueup(&["output", "key"]).expect(0).stdout, id);
    // Without the record nobody can tell, and nothing is done.
    std::fs::remove_dir_all(project.path().join(".trueup/sandbox/state/ledger")).unwrap();
    let run = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(run.says("5 things carry this address in their tag"), "{}", run.stdout);
}

#[test]
fn an_account_that_is_in_no_spec_any_more_is_named() {
    let project = applied();
    let accounts = project.read("accounts.toml");
    project.write(
        "accounts.toml",
        accounts.replace("[account.gnome]\nid     = \"333333333333\"\ngroups = [\"tenants\"]\n", ""),
    );
    let run = project.trueup(&["plan"]).expect(0);
    assert!(run.says("its account `gnome` is in no spec any more"), "{}", run.stdout);
}

#[test]
fn a_tombstone_can_be_a_target() {
    let project = Project::with(KEY);
    project.apply();
    project.write("specs.toml", "[[removed]]\naddress = \"main@eu-west-1/key.k\"\n");
    let run = project.trueup(&["plan", "--target", "main@eu-west-1/key.k", "--detailed-exitcode"]).expect(2);
    assert!(run.says("1 to REMOVE"), "{}", run.stdout);
    project.apply();
}

#[test]
fn a_plan_is_for_the_world_it_was_made_in() {
    let project = Project::example("cross-account-saas");
    project.trueup(&["plan", "-o", "saved.json"]).expect(0);
    // In the sandbox, the account that is declared first is the caller's own.
    let accounts = project.read("accounts.toml");
    project.write("accounts.toml", format!("[account.griffin]\nid = \"444444444444\"\n\n{accounts}"));
    let run = project.trueup(&["apply", "saved.json"]).expect(3);
    assert!(run.complains("this plan was made for `sandbox as 111111111111`"), "{}", run.stderr);
    let run = project.trueup(&["apply", "saved.json", "--adopt"]).expect(1);
    assert!(run.stderr.contains("applied as it is"), "{}", run.stderr);
}

#[test]
fn a_saved_plan_is_for_the_specs_it_was_made_from() {
    let project = Project::example("cross-account-saas");
    project.trueup(&["plan", "-o", "saved.json"]).expect(0);
    let tenants = project.read("tenants.toml");
    let policy = project.read("policies/sample-application.json");
    project.edit("tenants.toml", "comes in by this role", "comes in by that role");
    project.write("policies/sample-application.json", format!("{policy}\n"));
    project.write("more.toml", "");
    let run = project.trueup(&["apply", "saved.json"]).expect(3);
    assert!(
        run.complains(
            "refused: the specs are not what this plan was made from: more.toml is new policies/sample-application.json changed tenants.toml changed"
        ),
        "{}",
        run.stderr
    );
    assert!(!Hand::on(&project, UNICORN).iam("ListRoles", &[]).contains("CodePipeline"), "nothing was done");
    std::fs::remove_file(project.path().join("more.toml")).unwrap();
    project.write("tenants.toml", tenants);
    project.write("policies/sample-application.json", policy);
    project.trueup(&["apply", "saved.json"]).expect(0);
    project.assert_true();
    // It is applied once: what it made exists by now.
    project.trueup(&["apply", "saved.json"]).expect(3);
}

#[test]
fn tags_taken_off_by_hand_are_drift() {
    let project = applied();
    let role = ("RoleName", "CodePipelineCrossAccountRole");
    let keys = [role, ("TagKeys.member.1", "trueup:project"), ("TagKeys.member.2", "trueup:address")];
    Hand::on(&project, UNICORN).iam("UntagRole", &keys);
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(run.says("drifted") && run.says("trueup:project = saas-delivery"), "{}", run.stdout);
    project.apply();
}

#[test]
fn a_name_someone_else_has_costs_nobody_the_old_thing() {
    let role = "[role.deployer]\nname = \"first\"\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n";
    let project = Project::with(role);
    project.apply();
    let hand = Hand::on(&project, TOOLING);
    let tags = [("Tags.member.1.Key", "trueup:project"), ("Tags.member.1.Value", "other")];
    let trust = trust_of("ec2.amazonaws.com");
    hand.iam("CreateRole", &[&[("RoleName", "second"), ("AssumeRolePolicyDocument", &trust)][..], &tags].concat());
    project.edit("specs.toml", "\"first\"", "\"second\"");
    let run = project.trueup(&["apply", "--yes"]).expect(4);
    assert!(run.says("`second` belongs to the project `other`") && !run.says("REMOVE"), "{}", run.stdout);
    assert!(hand.iam("ListRoles", &[]).contains("<RoleName>first</RoleName>"));
}
