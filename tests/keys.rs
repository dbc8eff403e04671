//! Keys with their aliases, grants and replicas: made, changed, and found true.

use crate::support::Project;

const SPECS: &str = r#"
[role.reader]
[[role.reader.trust]]
allow = "sts:AssumeRole"
principal = { service = "ec2.amazonaws.com" }

[key.one]
alias = ["alias/one", "alias/shared"]
multi_region = true
[key.one.grant.reader]
grantee_principal = "role.reader"
operations = ["Decrypt", "DescribeKey"]

[key.two]
alias = ["alias/two"]
state = "disabled"
"#;

const ELSEWHERE: &str = r#"
[scope]
account = "main"
region = "eu-west-2"

[replica_key.one]
primary = "main@eu-west-1/key.one"
alias = "alias/one"
[replica_key.one.grant.reader]
grantee_principal = "main/role.reader"
operations = ["Decrypt"]
"#;

/// Each apply ends with a plan that is empty.
#[test]
fn keys_with_grants_and_replicas_live() {
    let project = Project::with(SPECS);
    project.write("elsewhere.toml", ELSEWHERE);
    let made = project.apply();
    assert!(made.stdout.contains("+ replica_key.one @eu-west-2  create"), "{}", made.stdout);

    // An alias leaves one key and comes to the other; in another order KMS would refuse it, since both have it then.
    project.edit("specs.toml", "\"alias/one\", \"alias/shared\"", "\"alias/one\"");
    project.edit("specs.toml", "\"alias/two\"", "\"alias/two\", \"alias/shared\"");
    project.apply();

    project.edit("specs.toml", "\"Decrypt\", \"DescribeKey\"", "\"Decrypt\"");
    project.edit("specs.toml", "state = \"disabled\"\n", "");
    project.edit("elsewhere.toml", "alias = \"alias/one\"", "state = \"disabled\"\ndeletion_window_days = 7");
    let changed = project.apply();
    assert!(changed.stdout.contains("replica_key.one"), "{}", changed.stdout);
}
