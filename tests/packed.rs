//! A policy that is too large for one: spread over several, kept whole when changed by hand, and removed whole.

use std::fmt::Write as _;

use serde_json::Value;

use crate::hand::Hand;
use crate::support::{Project, STAYS};

const ACCOUNT: &str = "111111111111";

/// A role with a policy of so many tenants, each with a statement of about 160 characters.
fn specs(tenants: usize) -> String {
    let mut text = String::from(
        "[key.artifacts]\nrotation = {}\n\n[role.reader]\nmanaged_policies = [\"policy.tenants\"]\n[[role.reader.trust]]\n\
         allow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n\n[policy.tenants]\npack = true\n",
    );
    for tenant in 0..tenants {
        write!(
            text,
            "[[policy.tenants.policy]]\nsid = \"Tenant{tenant:03}\"\nallow = [\"s3:GetObject\", \"s3:PutObject\"]\n\
             resource = \"arn:aws:s3:::tenant-{tenant:03}-artifacts-of-a-rather-long-name/*\"\n"
        )
        .unwrap();
    }
    text + "[[policy.tenants.policy]]\nsid = \"Decrypt\"\nallow = \"kms:Decrypt\"\nresource = \"${key.artifacts.arn}\"\n\
            [[policy.tenants.policy]]\nsid = \"Never\"\ndeny = \"s3:DeleteBucket\"\nresource = \"*\"\n"
}

fn write(project: &Project, specs: &str) {
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n\n{specs}{STAYS}"));
}

/// The operations of the next apply, in their order.
fn calls(project: &Project) -> Vec<String> {
    project.trueup(&["plan", "--out", "plan.json"]).expect(0);
    let plan: Value = serde_json::from_str(&project.read("plan.json")).unwrap();
    let ops = plan.pointer("/plan/ops").or_else(|| plan.get("ops")).and_then(Value::as_array).unwrap();
    ops.iter().map(|op| op["title"].as_str().unwrap().to_owned()).collect()
}

fn policies(hand: &Hand) -> Vec<String> {
    let listed = hand.iam("ListPolicies", &[("Scope", "Local")]);
    listed.split("<PolicyName>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[test]
fn a_policy_grows_over_several_and_shrinks_again() {
    let project = Project::with("");
    write(&project, &specs(20));
    project.apply();
    let hand = Hand::on(&project, ACCOUNT);
    assert_eq!(policies(&hand), ["tenants"]);

    // What the new parts take over is attached before the first part stops saying it.
    write(&project, &specs(95));
    let grow = calls(&project);
    let at = |calls: &[String], title: &str| {
        calls.iter().position(|call| call == title).unwrap_or_else(|| panic!("{title}: {calls:?}"))
    };
    assert!(at(&grow, "create policy tenants-2") < at(&grow, "attach tenants-2 to role reader"), "{grow:?}");
    assert!(
        at(&grow, "attach tenants-3 to role reader") < at(&grow, "put a new version of policy tenants in effect"),
        "{grow:?}"
    );
    project.apply();
    assert_eq!(policies(&hand), ["tenants", "tenants-2", "tenants-3"]);

    // What one has more goes where there is room, and nothing else moves.
    let before = specs(95);
    write(
        &project,
        &before.replace("sid = \"Tenant050\"\nallow = [\"s3:GetObject\", ", "sid = \"Tenant050\"\nallow = ["),
    );
    assert_eq!(calls(&project).len(), 1);
    project.apply();

    // What is removed is taken over by those that stay before anything is detached; who else has it is told.
    write(&project, &specs(40));
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
    let other = [("RoleName", "elsewhere"), ("PolicyArn", "arn:aws:iam::111111111111:policy/tenants-3")];
    hand.iam("CreateRole", &[("RoleName", "elsewhere"), ("AssumeRolePolicyDocument", trust)]);
    hand.iam("AttachRolePolicy", &other);
    let told = project.trueup(&["plan"]).expect(0);
    assert!(told.says("is still named, and no spec here says so, by role elsewhere in main"), "{}", told.stdout);
    hand.iam("DetachRolePolicy", &other);
    let shrink = calls(&project);
    assert!(
        at(&shrink, "put a new version of policy tenants in effect") < at(&shrink, "detach tenants-3 from role reader"),
        "{shrink:?}"
    );
    assert!(at(&shrink, "detach tenants-3 from role reader") < at(&shrink, "delete policy tenants-3"), "{shrink:?}");
    project.apply();
    assert_eq!(policies(&hand), ["tenants", "tenants-2"]);

    write(&project, "");
    project.edit(
        "specs.toml",
        "[role.stays]",
        "[[removed]]\naddress = \"main@eu-west-1/key.artifacts\"\n\n[role.stays]",
    );
    project.apply();
    assert_eq!(policies(&hand), [""; 0]);
}

#[test]
fn what_a_hand_does_to_a_part_is_seen_and_mended() {
    let project = Project::with("");
    write(&project, &specs(60));
    project.apply();
    let hand = Hand::on(&project, ACCOUNT);
    let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:policy/{name}");

    // Another document, another tag.
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    hand.iam(
        "CreatePolicyVersion",
        &[("PolicyArn", &arn("tenants-2")), ("PolicyDocument", document), ("SetAsDefault", "true")],
    );
    hand.iam(
        "TagPolicy",
        &[("PolicyArn", &arn("tenants-2")), ("Tags.member.1.Key", "by"), ("Tags.member.1.Value", "hand")],
    );
    let run = project.trueup(&["plan"]).expect(0);
    assert!(run.says("action s3:*") && run.says("by = hand"), "{}", run.stdout);
    project.apply();

    // One of them gone, be it the first.
    for name in ["tenants-2", "tenants"] {
        hand.iam("DetachRolePolicy", &[("RoleName", "reader"), ("PolicyArn", &arn(name))]);
        let versions = hand.iam("ListPolicyVersions", &[("PolicyArn", &arn(name))]);
        for version in versions.split("<member>").skip(1).filter(|version| version.contains("<IsDefaultVersion>false"))
        {
            let id = version.split("<VersionId>").nth(1).unwrap().split('<').next().unwrap();
            hand.iam("DeletePolicyVersion", &[("PolicyArn", &arn(name)), ("VersionId", id)]);
        }
        hand.iam("DeletePolicy", &[("PolicyArn", &arn(name))]);
        project.apply();
        assert_eq!(policies(&hand), ["tenants", "tenants-2"]);
    }

    // Its tags gone: it is nobody's now, and trueup neither writes it nor makes another of the name.
    hand.iam(
        "UntagPolicy",
        &[
            ("PolicyArn", &arn("tenants-2")),
            ("TagKeys.member.1", "trueup:project"),
            ("TagKeys.member.2", "trueup:address"),
        ],
    );
    let run = project.trueup(&["plan"]).expect(4);
    assert!(run.says("`tenants-2` exists already and is not this resource's"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn what_cannot_be_packed_is_told() {
    let project = Project::with("");
    let check = |specs: &str| {
        write(&project, specs);
        project.trueup_on_aws(&["check"]).expect(1).stderr
    };
    insta::assert_snapshot!("not_packed", check(&specs(60).replace("pack = true\n", "")));
    let bounded =
        specs(3).replace("managed_policies = [\"policy.tenants\"]", "permissions_boundary = \"policy.tenants\"");
    insta::assert_snapshot!("packed_boundary", check(&bounded));
    let unknown = specs(3).replace("${key.artifacts.arn}", "arn:aws:s3:::${role.reader.id}");
    insta::assert_snapshot!("packed_unknown", check(&unknown));
    let values: Vec<String> = (0..700).map(|number| format!("\"team-{number:03}\"")).collect();
    let large = format!(
        "{}[[policy.tenants.policy]]\nsid = \"Teams\"\nallow = \"s3:ListBucket\"\nresource = \"*\"\ncondition = {{ StringEquals = {{ \"aws:PrincipalTag/team\" = [{}] }} }}\n",
        specs(1),
        values.join(", ")
    );
    insta::assert_snapshot!("packed_too_large", check(&large).replace(&values.join(", "), "…"));
    let taken = format!(
        "{}[policy.other]\nname = \"tenants-2\"\n[[policy.other.policy]]\nallow = \"s3:GetObject\"\nresource = \"*\"\n",
        specs(60)
    );
    insta::assert_snapshot!("packed_name", check(&taken));
}
