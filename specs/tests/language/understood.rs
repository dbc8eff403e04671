//! What is understood: scopes, groups, references, policies, templates, tombstones.

use crate::support::{ACCOUNTS, check, load_files};

const TOOLING: &str = r#"
[scope]
account = "tooling"

[key.artifacts]
alias = "alias/artifacts"
rotation = true

[[key.artifacts.policy]]
sid = "TenantsRead"
allow = ["kms:Decrypt", "kms:DescribeKey"]
principal = { aws = ["${tenants/role.pipeline.arn}", "${tenants/role.deploy.arn}"] }
resource = "*"

[bucket.artifacts]
name = "artifacts-${account.id}-${region}"
encryption = { key = "key.artifacts" }
versioning = "enabled"
tags = { team = "of ${account.name}" }

[[bucket.artifacts.policy]]
allow = "s3:ListBucket"
principal = { account = "tenants" }
resource = "${bucket.artifacts.arn}"
condition = { StringEquals = { "aws:PrincipalTag/team" = "${aws:ResourceTag/team}" }, Bool = { "aws:SecureTransport" = true } }
"#;

const TENANTS: &str = r#"
[scope]
account = "tenants"

[role.pipeline]
description = "of ${account.name} (${account.id})"
[[role.pipeline.trust]]
allow = "sts:AssumeRole"
principal = { account = "tooling" }
[[role.pipeline.inline.artifacts]]
allow = ["s3:GetObject*", "s3:Put*"]
resource = "${tooling/bucket.artifacts.arn}/CrossAccountPipeline/*"
[[role.pipeline.inline.artifacts]]
enabled = false
allow = "s3:*"
resource = "${tooling/bucket.gone.arn}"

[role.deploy]
[[role.deploy.trust]]
allow = "sts:AssumeRole"
principal = { aws = "${role.pipeline.arn}" }

[output]
pipelines = ["${role.pipeline.arn}"]
bucket = { value = "${tooling/bucket.artifacts.name}", description = "Where artifacts lie." }
"#;

#[test]
fn the_cross_account_example() {
    insta::assert_snapshot!(check(&[("tooling.toml", TOOLING), ("tenants.toml", TENANTS)]));
}

#[test]
fn one_more_account_grows_every_list() {
    let more = format!("{ACCOUNTS}\n[account.pixie]\nid = \"444444444444\"\ngroups = [\"tenants\"]\n");
    let before = check(&[("tooling.toml", TOOLING), ("tenants.toml", TENANTS)]);
    let after = check(&[("tooling.toml", TOOLING), ("tenants.toml", TENANTS), ("accounts.toml", &more)]);
    let count = |text: &str, what: &str| text.matches(what).count();
    assert_eq!(
        count(&before, "arn:aws:iam::333333333333:role/pipeline"),
        count(&after, "arn:aws:iam::333333333333:role/pipeline")
    );
    for (gnomes, pixies) in [
        ("gnome/role.pipeline in ", "pixie/role.pipeline in "),
        ("gnome/role.deploy in ", "pixie/role.deploy in "),
        ("arn:aws:iam::333333333333:role/pipeline", "arn:aws:iam::444444444444:role/pipeline"),
        ("arn:aws:iam::333333333333:role/deploy", "arn:aws:iam::444444444444:role/deploy"),
        ("arn:aws:iam::333333333333:root", "arn:aws:iam::444444444444:root"),
    ] {
        assert!(count(&after, gnomes) > 0, "{gnomes} is there:\n{after}");
        assert_eq!(count(&before, pixies), 0);
        assert_eq!(count(&after, gnomes), count(&after, pixies), "as many {pixies} as {gnomes}:\n{after}");
    }
}

const TEMPLATE: &str = r#"
[params]
account = { type = "string", description = "Where." }
managed = { type = "list", default = [] }
seconds = { type = "integer", default = 7200 }
strict = { type = "boolean", default = false }

[scope]
account = "${param.account}"

[role.deployer]
description = "deploys for ${param.seconds} seconds"
session_seconds = "${param.seconds}"
managed = ["${param.managed}", "policy.boundary"]
[[role.deployer.trust]]
allow = "sts:AssumeRole"
principal = { account = "${tooling/account.id}" }

[role.strict]
enabled = "${param.strict}"
description = "beside ${role.deployer.arn}"

[policy.boundary]

[output]
arn = "${role.deployer.arn}"
"#;

#[test]
fn templates() {
    let uses = r#"
[[use]]
template = "lib/deployer.toml"
name = "dev"
with = { account = "unicorn", strict = true }

[[use]]
template = "lib/deployer.toml"
name = "live"
with = { account = "gnome", seconds = 3600, managed = ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }
"#;
    let other = "[scope]\naccount = \"unicorn\"\n[role.reader]\ndescription = \"reads ${role.dev.deployer.arn}\"\n";
    insta::assert_snapshot!(check(&[("lib/deployer.toml", TEMPLATE), ("uses.toml", uses), ("other.toml", other)]));
}

#[test]
fn a_template_without_a_scope_takes_that_of_its_use() {
    let template = "[params]\n[bucket.logs]\nname = \"logs-${account.id}\"\n";
    let uses = "[scope]\naccount = \"tenants\"\nregion = \"us-east-2\"\n[[use]]\ntemplate = \"t.toml\"\nname = \"a\"\n";
    insta::assert_snapshot!(check(&[("t.toml", template), ("uses.toml", uses)]));
}

#[test]
fn policies_from_files() {
    let spec = r#"
[scope]
account = "tooling"
[bucket.one]
name = "one"
policy = { file = "policies/one.json" }
"#;
    let json = r#"{
  "Version": "2012-10-17",
  "Statement": [{
    "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject",
    "Principal": {"AWS": ["${tenants/role.pipeline.arn}", "arn:aws:iam::555555555555:root"]},
    "Resource": "${bucket.one.arn}/${aws:username}/*"
  }, {
    "Effect": "Deny", "Action": "s3:PutObject", "Principal": {"AWS": "${tenants/role.pipeline.arn}"},
    "Resource": "${bucket.one.arn}/*"
  }]
}"#;
    let tenants = "[scope]\naccount = \"tenants\"\n[role.pipeline]\n";
    let files = [("a/one.toml", spec), ("a/policies/one.json", json), ("tenants.toml", tenants)];
    insta::assert_snapshot!(check(&files));
}

#[test]
fn regions() {
    let files = [
        ("a.toml", "[scope]\naccount = \"tooling\"\nregion = \"eu-west-1\"\n[key.a]\n[key.b]\n"),
        ("b.toml", "[scope]\naccount = \"tooling\"\nregion = \"cn-north-1\"\n[key.a]\n[key.c]\n"),
        (
            "c.toml",
            "[scope]\naccount = \"tooling\"\nregion = \"cn-north-1\"\n\
             [bucket.own]\nname = \"own ${key.a.arn}\"\n\
             [bucket.only]\nname = \"only ${key.b.arn}\"\n\
             [bucket.named]\nname = \"named ${@eu-west-1/key.a.arn} ${tooling@cn-north-1/key.c.arn}\"\n",
        ),
    ];
    insta::assert_snapshot!(check(&files));
}

#[test]
fn tombstones() {
    let files = [
        (
            "a.toml",
            "[[removed]]\naddress = \"tooling/bucket.artifacts\"\n[[removed]]\naddress = \"tenants@us-east-1/key.a\"\n\
         [[moved]]\nfrom = \"tenants/role.old\"\nto = \"tenants/role.new\"\n",
        ),
        ("b.toml", "[scope]\naccount = \"tenants\"\n[role.new]\n[role.off]\nenabled = false\n"),
    ];
    insta::assert_snapshot!(check(&files));
}

#[test]
fn outputs_without_a_scope_have_the_regions_of_the_project() {
    let outputs = "[output]\nwhere = \"${region}\"\nwho = [\"${tenants/account.name}\", \"literally ${*}\"]\n";
    insta::assert_snapshot!(check(&[("outputs.toml", outputs)]));
}

#[test]
fn order_and_file_names_mean_nothing() {
    let one = check(&[("a.toml", TOOLING), ("b.toml", TENANTS)]);
    let other = check(&[("b.toml", TOOLING), ("a.toml", TENANTS)]);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&one), sorted(&other));
}

#[test]
fn addresses_are_found_again() {
    let loaded = load_files(&[("tooling.toml", TOOLING), ("tenants.toml", TENANTS)]);
    let project = loaded.project.unwrap();
    for (id, instance) in project.iter() {
        assert_eq!(project.find(&instance.address), Some(id));
        assert_eq!(instance.address.to_string().parse(), Ok(instance.address.clone()));
    }
}
