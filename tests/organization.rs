//! The life of an organization: made, grown by one table, changed by hand, repaired, and let go.

use serde_json::{Value, json};

use crate::hand::Hand;
use crate::support::Project;

const MANAGEMENT: &str = "111111111111";

const ORGANIZATION: &str = r#"
[organization.main]

[organizational_unit.tenants]

[organizational_unit.pilots]
parent = "organizational_unit.tenants"

[service_control_policy.stay]
targets = ["organizational_unit.tenants"]
[[service_control_policy.stay.policy]]
deny     = "organizations:LeaveOrganization"
resource = "*"
"#;

const TENANTS: &str = r#"
[scope]
account = "tenants"

[role.deployer]
[[role.deployer.trust]]
allow     = "sts:AssumeRole"
principal = { account = "management" }

[bucket.data]
name = "org-test-${account.id}"

[group.people]
"#;

const LISTS: &str = r#"
[scope]
account = "management"

[key.shared]
alias = "alias/shared"
[[key.shared.policy]]
allow     = "kms:*"
principal = { account = "management" }
resource  = "*"
[[key.shared.policy]]
allow     = "kms:Decrypt"
principal = { aws = "${tenants/role.deployer.arn}" }
resource  = "*"

[output]
roles = ["${tenants/role.deployer.arn}"]
ids   = ["${tenants/account.id}"]
"#;

const TENANT: &str = "\n[account.NAME]\nemail  = \"aws+NAME@example.com\"\nparent = \"organizational_unit.tenants\"\ngroups = [\"tenants\"]\n";

fn tenant(name: &str) -> String {
    TENANT.replace("NAME", name)
}

fn project(tenants: &[&str]) -> Project {
    let project = Project::with("");
    let tables: String = tenants.iter().map(|name| tenant(name)).collect();
    project.write("accounts.toml", format!("[account.management]\nid = \"{MANAGEMENT}\"\nmanagement = true\n{tables}"));
    project.write("organization.toml", ORGANIZATION);
    project.write("tenants.toml", TENANTS);
    project.write("specs.toml", LISTS);
    project
}

/// What AWS made up differs from run to run.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID");
    settings.add_filter("ou-[0-9a-z]{4}-[0-9a-z]{8}", "OU");
    settings.add_filter("7[0-9]{11}", "MADE");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The organization's accounts, by e-mail address.
fn account(hand: &Hand, name: &str) -> Value {
    let listed = hand.organizations("ListAccounts", &json!({}));
    let email = format!("aws+{name}@example.com");
    let found = listed["Accounts"].as_array().unwrap().iter().filter(|account| account["Email"] == email.as_str());
    let found: Vec<&Value> = found.collect();
    assert_eq!(found.len(), 1, "{listed}");
    found[0].clone()
}

fn unit(hand: &Hand, name: &str) -> String {
    let listed = hand.organizations("ListOrganizationalUnitsForParent", &json!({ "ParentId": root(hand) }));
    let units = listed["OrganizationalUnits"].as_array().unwrap();
    units.iter().find(|unit| unit["Name"] == name).unwrap()["Id"].as_str().unwrap().to_owned()
}

#[test]
fn accounts_are_made_with_all_that_is_in_them_in_one_run() {
    let project = project(&["gnome", "pegasus"]);
    let plan = project.trueup(&["plan"]).expect(0);
    snapshot("organization_first_plan", &plan.stdout);
    project.apply();
    let hand = Hand::on(&project, MANAGEMENT);
    let roles = project.trueup(&["output", "roles"]).expect(0).stdout;
    for name in ["gnome", "pegasus"] {
        let account = account(&hand, name);
        let id = account["Id"].as_str().unwrap();
        assert!(account["Paths"][0].as_str().unwrap().contains(&unit(&hand, "tenants")), "{account}");
        assert!(roles.contains(&format!("arn:aws:iam::{id}:role/deployer")), "{roles}");
        assert!(Hand::on(&project, id).iam("ListGroups", &[]).contains("people"));
    }
    let ids = project.trueup(&["output", "ids"]).expect(0).stdout;
    assert_eq!(ids.lines().count(), 2);
}

#[test]
fn a_new_tenant_is_one_table() {
    let project = project(&["gnome"]);
    project.apply();
    let accounts = project.read("accounts.toml");
    project.write("accounts.toml", format!("{accounts}{}", tenant("pegasus")));
    let plan = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    snapshot("organization_new_tenant_plan", &plan.stdout);
    // The account alone, and what is in it, can be asked for.
    let only = project.trueup(&["plan", "--account", "pegasus"]).expect(0);
    assert!(only.says("create") && !only.stdout.contains("key.shared"), "{}", only.stdout);
    project.apply();
    let only = project.trueup(&["plan", "--account", "pegasus", "--detailed-exitcode"]).expect(0);
    assert!(only.stdout.contains("Nothing to do."), "{}", only.stdout);
}

#[test]
fn without_its_state_nothing_is_lost_and_nothing_made_twice() {
    let project = project(&["gnome"]);
    project.apply();
    std::fs::remove_dir_all(project.path().join(".trueup/sandbox/state/ledger")).unwrap();
    project.assert_true();
}

#[test]
fn what_a_hand_changed_is_seen_and_repaired() {
    let project = project(&["gnome"]);
    project.apply();
    let hand = Hand::on(&project, MANAGEMENT);
    let gnome = account(&hand, "gnome");
    let (tenants, root) =
        (unit(&hand, "tenants"), hand.organizations("ListRoots", &json!({}))["Roots"][0]["Id"].clone());
    let moved = json!({ "AccountId": gnome["Id"], "SourceParentId": tenants, "DestinationParentId": root });
    hand.organizations("MoveAccount", &moved);
    let policies = hand
        .organizations("ListPoliciesForTarget", &json!({ "TargetId": tenants, "Filter": "SERVICE_CONTROL_POLICY" }));
    let own = policies["Policies"].as_array().unwrap().iter().find(|policy| policy["Name"] == "stay").unwrap();
    hand.organizations("DetachPolicy", &json!({ "PolicyId": own["Id"], "TargetId": tenants }));
    hand.organizations("UpdateOrganizationalUnit", &json!({ "OrganizationalUnitId": tenants, "Name": "by hand" }));
    let plan = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    snapshot("organization_drift_plan", &plan.stdout);
    project.apply();
    assert!(account(&hand, "gnome")["Paths"][0].as_str().unwrap().contains(&tenants));
}

#[test]
fn a_saved_plan_makes_the_account_it_shows() {
    let project = project(&["gnome"]);
    project.trueup(&["plan", "-o", "saved.json"]).expect(0);
    project.trueup(&["apply", "saved.json"]).expect(0);
    project.assert_true();
    let again = project.trueup(&["apply", "saved.json"]).expect(3);
    assert!(again.stderr.contains("exists by now"), "{}", again.stderr);
}

/// The recorded plan names the account by a token, which nobody could enter.
#[test]
fn a_run_that_made_an_account_can_be_gone_back_from() {
    let project = project(&["gnome"]);
    project.apply();
    let accounts = project.read("accounts.toml");
    project.write("accounts.toml", format!("{accounts}{}", tenant("pegasus")));
    project.apply();
    let hand = Hand::on(&project, MANAGEMENT);
    let id = account(&hand, "pegasus")["Id"].as_str().unwrap().to_owned();
    let inside = Hand::on(&project, &id);
    assert!(inside.iam("ListGroups", &[]).contains("people"));
    let runs = project.trueup(&["history", "--format", "json"]).expect(0).stdout;
    let runs: Value = serde_json::from_str(&runs).unwrap();
    let back = project.trueup(&["revert", runs[0]["run"].as_str().unwrap(), "--yes"]).expect(0);
    assert!(back.says("close = true") && back.says("bucket.data"), "what may hold data is kept: {}", back.stdout);
    assert!(!inside.iam("ListGroups", &[]).contains("people"));
    assert!(!inside.iam("ListRoles", &[]).contains("role/deployer"));
    assert_eq!(account(&hand, "pegasus")["State"], "ACTIVE");
    // The specs still want it all.
    project.apply();
}

#[test]
fn an_account_is_kept_until_a_tombstone_closes_it() {
    let project = project(&["gnome", "pegasus"]);
    project.apply();
    let accounts = project.read("accounts.toml");
    project.write("accounts.toml", accounts.replace(&tenant("pegasus"), ""));
    let kept = project.trueup(&["apply", "--yes"]).expect(0);
    assert!(kept.says("close = true") && kept.says("Kept, though in no spec any more"), "{}", kept.stdout);
    let hand = Hand::on(&project, MANAGEMENT);
    assert_eq!(account(&hand, "pegasus")["State"], "ACTIVE");
    let removed = "\n[[removed]]\naddress = \"account.pegasus\"\nclose   = true\n";
    project.write("organization.toml", format!("{ORGANIZATION}{removed}"));
    project.apply();
    assert_eq!(account(&hand, "pegasus")["State"], "SUSPENDED");
    assert_eq!(account(&hand, "gnome")["State"], "ACTIVE");
}

#[test]
fn what_is_in_no_spec_is_removed() {
    let project = project(&[]);
    project.write("tenants.toml", "");
    project.write("specs.toml", "");
    project.apply();
    project.write("organization.toml", "[organization.main]\n");
    let plan = project.trueup(&["plan"]).expect(0);
    assert!(plan.stdout.contains("Plan: 0 to create, 0 to change, 3 to REMOVE."), "{}", plan.stdout);
    project.apply();
}

/// A run that died right after CreateAccount left a request on its way, and no word of it anywhere: the next run makes good what was begun,
/// and the account is made once.
#[test]
fn a_run_that_was_cut_off_is_made_good() {
    let project = project(&[]);
    let (tenants, lists) = (project.read("tenants.toml"), project.read("specs.toml"));
    project.write("tenants.toml", "");
    project.write("specs.toml", "");
    project.apply();
    let hand = Hand::on(&project, MANAGEMENT);
    let tags = json!([{ "Key": "trueup:project", "Value": "test" }, { "Key": "trueup:address", "Value": "management/account.gnome" }]);
    let request = json!({ "Email": "aws+gnome@example.com", "AccountName": "gnome", "Tags": tags });
    let asked = hand.organizations("CreateAccount", &request);
    assert_eq!(asked["CreateAccountStatus"]["State"], "IN_PROGRESS");
    project.write("tenants.toml", tenants);
    project.write("specs.toml", lists);
    let accounts = project.read("accounts.toml");
    project.write("accounts.toml", format!("{accounts}{}", tenant("gnome")));
    project.apply();
    assert!(account(&hand, "gnome")["Paths"][0].as_str().unwrap().contains(&unit(&hand, "tenants")));
    let requests = hand.organizations("ListCreateAccountStatus", &json!({}));
    assert_eq!(requests["CreateAccountStatuses"].as_array().unwrap().len(), 1, "{requests}");
}

#[test]
fn another_account_than_the_management_account_is_told_where_to_go() {
    let project = project(&[]);
    project.write("tenants.toml", "");
    project.write("specs.toml", "");
    project.apply();
    let hand = Hand::on(&project, MANAGEMENT);
    let made = hand.organizations("CreateAccount", &json!({ "Email": "other@example.com", "AccountName": "other" }));
    let request = json!({ "CreateAccountRequestId": made["CreateAccountStatus"]["Id"] });
    let mut status = Value::Null;
    for _ in 0..3 {
        status = hand.organizations("DescribeCreateAccountStatus", &request)["CreateAccountStatus"].clone();
    }
    let id = status["AccountId"].as_str().unwrap();
    project.write(
        "accounts.toml",
        format!("[account.top]\nid = \"{MANAGEMENT}\"\n[account.management]\nid = \"{id}\"\nmanagement = true\n"),
    );
    // The first attempt meets an account that lets nobody in yet.
    let early = project.trueup(&["plan"]).expect(4);
    assert!(early.stdout.contains("AccessDenied"), "{}", early.stdout);
    let run = project.trueup(&["plan"]).expect(4);
    assert!(run.says(&format!("{MANAGEMENT} does")), "{}", run.stdout);
}

#[test]
fn a_unit_with_something_in_it_is_kept() {
    let project = project(&["gnome"]);
    project.apply();
    let hand = Hand::on(&project, MANAGEMENT);
    let tenants = unit(&hand, "tenants");
    let listed = hand.organizations("ListOrganizationalUnitsForParent", &json!({ "ParentId": tenants }));
    let pilots = listed["OrganizationalUnits"][0]["Id"].as_str().unwrap().to_owned();
    let gnome = account(&hand, "gnome")["Id"].as_str().unwrap().to_owned();
    let to = |from: &str, to: &str| json!({ "AccountId": gnome, "SourceParentId": from, "DestinationParentId": to });
    hand.organizations("MoveAccount", &to(&tenants, &pilots));
    // Both units go from the specs, and a hand's account is in the inner one: both stay, with the reason.
    project.edit("organization.toml", "[organizational_unit.tenants]", "");
    project.edit("organization.toml", "[organizational_unit.pilots]\nparent = \"organizational_unit.tenants\"", "");
    project.edit("organization.toml", "[\"organizational_unit.tenants\"]", "[\"root\"]");
    project.edit("accounts.toml", "\"organizational_unit.tenants\"", &format!("\"{pilots}\""));
    let kept = project.trueup(&["apply", "--yes"]).expect(0);
    snapshot("organization_kept_units", &kept.stdout);
    // Moved away in the same plan, nothing holds them any more.
    project.edit("accounts.toml", &format!("\"{pilots}\""), "\"root\"");
    project.apply();
    let units = hand.organizations("ListOrganizationalUnitsForParent", &json!({ "ParentId": root(&hand) }));
    assert_eq!(units["OrganizationalUnits"], json!([]));
}

fn root(hand: &Hand) -> Value {
    hand.organizations("ListRoots", &json!({}))["Roots"][0]["Id"].clone()
}

#[test]
fn destroying_keeps_the_units_of_accounts_that_stay() {
    let project = project(&["gnome"]);
    project.apply();
    let run = project.trueup(&["destroy", "--confirm", "test"]);
    snapshot("organization_destroyed", &format!("{}\n{}", run.code, run.stdout));
}
