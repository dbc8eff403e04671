//! What must never be proved: that nobody can, where someone may; and that someone can, where AWS would not let them.

use crate::support::Project;

/// A bucket of one account and a key, which a role of another one has a part of.
const ARTIFACTS: &str = r#"
[bucket.art]
name = "art-111111111111"
[[bucket.art.policy]]
allow     = "s3:GetObject"
principal = { aws = "arn:aws:iam::222222222222:role/delivery/deploy" }
resource  = "${bucket.art.arn}/rel/*"
[[bucket.art.policy]]
deny      = "s3:*"
principal = "*"
resource  = ["${bucket.art.arn}", "${bucket.art.arn}/*"]
condition = { Bool = { "aws:SecureTransport" = false } }

[key.art]
rotation = {}
[[key.art.policy]]
allow     = "kms:*"
principal = { account = "main" }
resource  = "*"
"#;

const DEPLOY: &str = r#"
[scope]
account = "other"

[role.deploy]
path = "/delivery/"
[[role.deploy.trust]]
allow     = "sts:AssumeRole"
principal = { account = "main" }
[[role.deploy.inline.read]]
allow    = "s3:GetObject"
resource = "${main/bucket.art.arn}/rel/*"

[role.idle]
[[role.idle.trust]]
allow     = "sts:AssumeRole"
principal = { account = "main" }

[group.devs]
"#;

fn project() -> Project {
    let project = Project::with(ARTIFACTS);
    project.write("other.toml", DEPLOY);
    project
}

/// What `check` says of one assertion, which stands in the account `main`; its exit code first.
fn check(project: &Project, assertion: &str) -> (i32, String) {
    project.write("assertion.toml", format!("[scope]\naccount = \"main\"\n\n[[access]]\n{assertion}\n"));
    let run = project.trueup_on_aws(&["check"]);
    (run.code, run.stderr)
}

const REL: &str = "on = \"${bucket.art.arn}/rel/*\"";

#[test]
fn nobody_is_no_principal() {
    let project = project();
    for (principal, told) in [
        ("\"bucket.art\"", "nobody who could do anything"),
        ("\"key.art\"", "nobody who could do anything"),
        ("\"arn:aws:iam::222222222222:rol/deploy\"", "nobody who could do anything"),
        ("\"arn:nonsense\"", "nobody who could do anything"),
        ("\"arn:aws:iam::222222222222:role/*\"", "more than one"),
        ("\"other/group.devs\"", "name its users"),
        ("{ service = \"s3.amazonaws.co\" }", "did you mean \"s3.amazonaws.com\"?"),
        ("{ federated = \"arn:aws:s3:::x\" }", "no identity provider"),
        ("{ account = \"${bucket.art.arn}\" }", "no account"),
    ] {
        let (code, told_of) = check(&project, &format!("principal = {principal}\ncannot = \"s3:GetObject\"\n{REL}"));
        assert_eq!(code, 1, "{principal}\n{told_of}");
        assert!(told_of.contains(told) && told_of.contains("assertion.toml:5"), "{principal}\n{told_of}");
    }
    let steps = "principal = { account = \"main\" }\ncan = [{ assume = \"bucket.art\" }]";
    let (code, told_of) = check(&project, steps);
    assert!(code == 1 && told_of.contains("is no role"), "{told_of}");
    for text in ["arn:nonsense", "arn:aws:s3"] {
        let assertion = format!("principal = \"other/role.deploy\"\ncannot = \"s3:GetObject\"\non = \"{text}\"");
        let (code, told_of) = check(&project, &assertion);
        assert!(code == 1 && told_of.contains("is no ARN"), "{told_of}");
    }
}

#[test]
fn a_session_is_its_role_and_a_root_is_its_account() {
    let project = project();
    let object = "bucket.art/rel/x";
    let can =
        |who: &str, on: &str, code| project.trueup_on_aws(&["access", "can", who, "s3:GetObject", on]).expect(code);
    can("arn:aws:iam::222222222222:role/delivery/deploy", object, 0);
    can("arn:aws:sts::222222222222:assumed-role/deploy/session", object, 0);
    can("arn:aws:sts::222222222222:assumed-role/deploy/session", "bucket.art/other/x", 2);
    can("arn:aws:sts::222222222222:assumed-role/idle/session", object, 2);
    // The root of the bucket's own account may do what it likes.
    can("arn:aws:iam::111111111111:root", object, 0);
    for who in ["arn:nonsense", "bucket.art", "arn:aws:iam::222222222222:rol/deploy", "key.art"] {
        let run = can(who, object, 1);
        assert!(run.complains("nobody who could do anything"), "{}", run.stderr);
    }
    let run = project.trueup_on_aws(&["access", "what", "key.art"]).expect(1);
    assert!(run.complains("nobody who could do anything"), "{}", run.stderr);
    let session = "principal = \"arn:aws:sts::222222222222:assumed-role/deploy/ci\"\ncannot = \"s3:GetObject\"";
    let (code, told) = check(&project, &format!("{session}\n{REL}"));
    assert!(code == 1 && told.contains("can s3:GetObject on `main@eu-west-1/bucket.art/rel/*`"), "{told}");
}

#[test]
fn without_on_all_there_is_is_meant() {
    let project = project();
    let (code, told) = check(&project, "principal = \"other/role.deploy\"\ncannot = \"s3:GetObject\"");
    assert_eq!(code, 1, "{told}");
    insta::assert_snapshot!("cannot_do_anything", told);
    // What only others' own buckets could give is not known, and said to be.
    let (code, told) = check(&project, "principal = \"other/role.idle\"\ncannot = \"s3:GetObject\"\non = \"*\"");
    assert_eq!(code, 0, "{told}");
    insta::assert_snapshot!("cannot_as_far_as_is_known", told);
    // Nothing of IAM has a policy that could.
    let (code, told) = check(&project, "principal = \"other/role.idle\"\ncannot = \"iam:CreateUser\"");
    assert!(code == 0 && !told.contains("warning"), "{told}");
    // An action on no resource is as it was.
    let (code, told) = check(&project, "principal = \"other/role.idle\"\ncannot = \"s3:ListAllMyBuckets\"");
    assert!(code == 0 && !told.contains("warning"), "{told}");
    let run = project.trueup_on_aws(&["access", "can", "other/role.deploy", "s3:GetObject"]);
    insta::assert_snapshot!("can_without_a_resource", run.stdout);
}

#[test]
fn an_action_on_what_it_is_never_on_proves_nothing() {
    let project = project();
    for claim in ["can", "cannot"] {
        let with = |action: &str, on: &str| {
            let assertion = format!("principal = \"other/role.deploy\"\n{claim} = \"{action}\"\non = \"{on}\"");
            check(&project, &assertion)
        };
        for (action, on) in [("s3:GetObject", "bucket.art"), ("kms:Decrypt", "bucket.art"), ("s3:GetObject", "key.art")]
        {
            let (code, told) = with(action, on);
            assert!(code == 1 && told.contains("is never on"), "{action} {on}\n{told}");
            assert!(!told.contains("add to it"), "{told}");
        }
    }
    let (_, told) = check(
        &project,
        "principal = \"other/role.deploy\"\ncannot = \"s3:PutObject\"\non = \"${bucket.art.arn}/*\"\ncontext = { \"aws:Sourcy\" = \"x\" }",
    );
    assert!(told.contains("there is no `aws:Sourcy`"), "{told}");
}

/// A role anyone may take who is called so, in some way.
fn strange(condition: &str) -> String {
    format!(
        "[role.strange]\n[[role.strange.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = \"*\"\ncondition = {{ {condition} }}\n"
    )
}

#[test]
fn a_stranger_is_anyone_outside() {
    let open = [
        "ArnLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/ci-*\" }",
        "StringLike = { \"aws:PrincipalArn\" = \"*:role/ci-*\" }",
        "StringEquals = { \"aws:PrincipalType\" = \"User\" }",
        "StringEquals = { \"aws:username\" = \"ci\" }",
        "StringLike = { \"aws:PrincipalAccount\" = \"????????????\" }",
        "StringNotEquals = { \"aws:PrincipalAccount\" = \"111111111111\" }",
        "StringLike = { \"aws:PrincipalOrgID\" = \"o-*\" }",
    ];
    let closed = [
        "StringEquals = { \"aws:PrincipalAccount\" = \"222222222222\" }",
        "ArnLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::222222222222:role/*\" }",
    ];
    for (conditions, expected) in [(&open[..], 1), (&closed[..], 0)] {
        for condition in conditions {
            let project = Project::with(&strange(condition));
            project.edit("trueup.toml", "[project]", "[lints]\npublic-trust = \"allow\"\n\n[project]");
            let (code, told) = check(&project, "principal = \"*\"\ncannot = \"sts:AssumeRole\"\non = \"role.strange\"");
            assert_eq!(code, expected, "{condition}\n{told}");
        }
    }
}

#[test]
fn resources_that_nobody_knows_may_have_policies() {
    let project = project();
    for (principal, action, on) in [
        ("\"other/role.idle\"", "dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:222222222222:table/t"),
        ("\"other/role.idle\"", "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:222222222222:function:f"),
        ("\"*\"", "es:ESHttpGet", "arn:aws:es:eu-west-1:111111111111:domain/d/x"),
    ] {
        let (code, told) = check(&project, &format!("principal = {principal}\ncannot = \"{action}\"\non = \"{on}\""));
        assert!(code == 1 && told.contains("may be able to"), "{action}\n{told}");
    }
    // What can have none stays proved.
    let (code, told) = check(
        &project,
        "principal = \"other/role.idle\"\ncannot = \"codedeploy:GetDeployment\"\non = \"arn:aws:codedeploy:eu-west-1:222222222222:deploymentgroup:a/b\"",
    );
    assert!(code == 0 && !told.contains("warning"), "{told}");
    // Of what its own policies lack it is told as before.
    let (code, told) = check(
        &project,
        "principal = \"other/role.idle\"\ncan = \"lambda:InvokeFunction\"\non = \"arn:aws:lambda:eu-west-1:222222222222:function:f\"",
    );
    assert!(code == 1 && told.contains("[[role.idle.inline.access]]"), "{told}");
}

#[test]
fn the_management_account_is_under_no_control_wherever_that_is_said() {
    let project = Project::with(
        r#"
[role.admin]
[[role.admin.trust]]
allow     = "sts:AssumeRole"
principal = { account = "main" }
[[role.admin.inline.all]]
allow    = "s3:*"
resource = "*"

[bucket.b]
name = "b-111111111111"
"#,
    );
    project.write(
        "accounts.toml",
        "[account.main]\nid = \"111111111111\"\nmanagement = true\n[account.other]\nid = \"222222222222\"\n",
    );
    project.write(
        "controls.toml",
        "[service_control_policy.stop]\ntargets = [\"root\", \"account.main\"]\n[[service_control_policy.stop.policy]]\ndeny = \"s3:PutObject\"\nresource = \"*\"\n",
    );
    project.trueup_on_aws(&["access", "can", "role.admin", "s3:PutObject", "bucket.b/x"]).expect(0);
    let (code, told) =
        check(&project, "principal = \"role.admin\"\ncannot = \"s3:PutObject\"\non = \"${bucket.b.arn}/*\"");
    assert_eq!(code, 1, "{told}");
}

#[test]
fn on_nothing_in_particular_nobody_is_outside() {
    let project = project();
    let run = project.trueup_on_aws(&["access", "who", "s3:ListAllMyBuckets"]).expect(0);
    insta::assert_snapshot!("who_can_without_a_resource", run.stdout);
    let run = project.trueup_on_aws(&["access", "can", "*", "s3:ListAllMyBuckets"]).expect(2);
    assert!(run.says("denied"), "{}", run.stdout);
    let run = project.trueup_on_aws(&["access", "who", "s3:GetObject"]).expect(0);
    insta::assert_snapshot!("who_can_on_all_there_is", run.stdout);
}

#[test]
fn tags_of_a_resource_are_known() {
    let project = Project::with(
        r#"
[key.art]
tags = { team = "web" }

[role.worker]
[[role.worker.trust]]
allow     = "sts:AssumeRole"
principal = { service = "ec2.amazonaws.com" }
[[role.worker.inline.use]]
allow     = "kms:Decrypt"
resource  = "*"
condition = { StringEquals = { "aws:ResourceTag/team" = "web" } }
[[role.worker.inline.use]]
allow     = "kms:Encrypt"
resource  = "*"
condition = { StringEquals = { "aws:ResourceTag/team" = "shop" } }
[[role.worker.inline.use]]
allow     = "kms:Sign"
resource  = "*"
condition = { StringEquals = { "aws:ResourceTag/stage" = "web" } }
"#,
    );
    for (action, code) in [("kms:Decrypt", 0), ("kms:Encrypt", 2), ("kms:Sign", 4)] {
        project.trueup_on_aws(&["access", "can", "role.worker", action, "key.art"]).expect(code);
    }
}
