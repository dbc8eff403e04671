//! Users, groups and whom their accounts trust: made, found true, renamed, and removed.

use crate::support::{Project, STAYS};

const SPECS: &str = r#"
[group.developers]
managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]

[user.travis]
path   = "/ci/"
groups = ["group.developers"]
[[user.travis.inline.deploy]]
allow    = "codedeploy:CreateDeployment"
resource = "*"

[oidc_provider.github]
url        = "https://token.actions.githubusercontent.com"
client_ids = ["sts.amazonaws.com"]

[role.deployer]
[[role.deployer.trust]]
allow     = "sts:AssumeRoleWithWebIdentity"
principal = { federated = "${oidc_provider.github.arn}" }
condition = { StringEquals = { "token.actions.githubusercontent.com:sub" = "repo:org/app:ref:refs/heads/main" } }
[[role.deployer.trust]]
allow     = "sts:AssumeRole"
principal = { aws = "${user.travis.arn}" }

[service_linked_role.scaling]
service = "autoscaling.amazonaws.com"

[account_settings.main]
alias           = "delivery"
password_policy = { minimum_length = 14 }
"#;

#[test]
fn identities_are_made_renamed_and_removed() {
    let project = Project::with(SPECS);
    project.apply();
    let all = project.read("specs.toml");
    // The group and the user get other names, and all that names them follows.
    let renamed = all.replace("[group.developers]", "[group.developers]\nname = \"builders\"");
    project.write("specs.toml", renamed.replace("/ci/", "/servers/"));
    let run = project.apply();
    assert!(!run.stdout.contains("delete user") && !run.stdout.contains("delete group"), "{}", run.stdout);
    // What stands in no spec any more goes, the untaggable too.
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n{STAYS}"));
    let settings = project.read("trueup.toml");
    project.write("trueup.toml", format!("{settings}[limits]\ndeletions = 100\n"));
    let removed = project.apply();
    assert!(removed.stdout.contains("group.developers  REMOVE"), "{}", removed.stdout);
}
