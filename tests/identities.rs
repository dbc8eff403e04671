//! Users, groups and whom their accounts trust: made, found true, renamed, and removed.

use crate::hand::Hand;
use crate::support::{Project, STAYS};

const MAIN: &str = "111111111111";

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
fn the_access_keys_of_users_are_told_and_never_recorded() {
    let project = Project::with(SPECS);
    project.apply();
    let made = Hand::on(&project, MAIN).iam("CreateAccessKey", &[("UserName", "travis")]);
    let inside = |tag: &str| made.split(&format!("<{tag}>")).nth(1).unwrap().split('<').next().unwrap().to_owned();
    let (id, secret) = (inside("AccessKeyId"), inside("SecretAccessKey"));
    let plan = project.trueup(&["plan"]);
    let told = format!("To know main/user.travis access key {id} (active) is 0 days old");
    assert!(plan.says(&told), "{}", plan.stdout);
    let json = project.trueup(&["plan", "--format", "json"]).stdout;
    assert!(json.contains(&id) && !json.contains(&secret), "{json}");
    project.assert_true();
    let ledger = project.read(".trueup/sandbox/state/ledger/main.json");
    assert!(ledger.contains("user.travis") && !ledger.contains(&id), "no part of the record: {ledger}");
}

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
