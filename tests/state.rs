//! What trueup remembers: found again, held, shown, gone back to; and what must never happen to all that is there.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use serde_json::json;
use trueup_state::store::{Holder, LocalStore, Store};

use crate::hand::Hand;
use crate::support::Project;

const MAIN: &str = "111111111111";
const OTHER: &str = "222222222222";

fn trust(principal: &str, value: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {principal: value}}]})
    .to_string()
}

fn role(description: &str) -> String {
    format!(
        "[role.deployer]\ndescription = \"{description}\"\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = {{ service = \"ec2.amazonaws.com\" }}\n"
    )
}

#[test]
fn the_state_is_found_again_by_tags_and_what_has_none_is_told() {
    let project = Project::with(&format!("{}\n[group.admins]\n", role("one")));
    project.apply();
    let list = project.trueup(&["state", "list"]).expect(0).stdout;
    assert_eq!(list.lines().count(), 2, "{list}");
    std::fs::remove_dir_all(project.path().join(".trueup/sandbox/state/ledger")).unwrap();
    assert_eq!(project.trueup(&["state", "list"]).expect(0).stdout, "Nothing is on record.\n");
    let rebuilt = project.trueup(&["state", "rebuild"]).expect(0);
    insta::assert_snapshot!("rebuilt", rebuilt.stdout);
    assert_eq!(project.trueup(&["state", "list"]).expect(0).stdout.lines().count(), 1);
    let shown = project.trueup(&["state", "show", "main/role.deployer"]).expect(0).stdout;
    assert!(shown.contains("\"description\": \"one\""), "{shown}");
    let near = project.trueup(&["state", "show", "main/role.deploy"]).expect(1);
    assert!(near.stderr.contains("did you mean"), "{}", near.stderr);
    project.apply();
    // What is gone from AWS goes from the record.
    Hand::on(&project, MAIN).iam("DeleteRole", &[("RoleName", "deployer")]);
    let rebuilt = project.trueup(&["state", "rebuild"]).expect(0);
    assert!(rebuilt.says("carries our tag no more or is gone: main/role.deployer"), "{}", rebuilt.stdout);
    project.apply();
}

#[test]
fn who_holds_an_account_is_shown_and_others_wait() {
    let project = Project::with(&role("one"));
    assert_eq!(project.trueup(&["state", "locks"]).expect(0).stdout, "No account is held.\n");
    let store = Store::new(LocalStore::new(project.path().join(".trueup/sandbox/state")));
    let text = str::to_owned;
    let holder = Holder {
        run: text("20260101T000000-1"),
        who: text("arn:aws:iam::111111111111:user/ann"),
        at: text("ann's machine"),
        since: text("2026-01-01T00:00:00Z"),
        purpose: text("apply"),
    };
    let hold = store.hold(&BTreeSet::from([Arc::from("main")]), holder).unwrap();
    let locks = project.trueup(&["state", "locks"]).expect(0).stdout;
    let told = "`apply` by arn:aws:iam::111111111111:user/ann on ann's machine since 2026-01-01T00:00:00Z (run 20260101T000000-1)";
    assert_eq!(locks, format!("main  {told}\n"));
    let refused = project.trueup(&["apply", "--yes"]).expect(1);
    assert!(refused.stderr.contains("another run holds the account `main`"), "{}", refused.stderr);
    // Another account is another lock, and looking needs none.
    project.trueup(&["apply", "--yes", "--account", "other"]).expect(0);
    project.trueup(&["plan"]).expect(0);
    drop(hold);
    project.apply();
}

/// Where nothing can be put on record, nothing is asked of AWS that changes anything, and one is told what to look at.
#[test]
fn a_state_directory_that_cannot_be_written_is_refused_before_any_call() {
    let project = Project::with(&role("one"));
    project.trueup(&["plan"]).expect(0);
    let state = project.path().join(".trueup/sandbox/state");
    std::fs::create_dir_all(&state).unwrap();
    let refuses = |what: &str| {
        let refused = project.trueup(&["apply", "--yes"]).expect(1);
        assert!(refused.complains(".trueup/sandbox/state/"), "{what}: {}", refused.stderr);
        assert!(refused.complains("help: check the permissions"), "{what}: {}", refused.stderr);
        assert!(!Hand::on(&project, MAIN).iam("ListRoles", &[]).contains("deployer"), "{what}");
    };
    // Something else is where the folder should be: so it is for everyone, also for who may write everywhere.
    std::fs::write(state.join("locks"), "").unwrap();
    refuses("no folder");
    std::fs::remove_file(state.join("locks")).unwrap();
    std::fs::set_permissions(&state, Permissions::from_mode(0o500)).unwrap();
    // To root, permissions are no hindrance, and a run that can be put on record goes on.
    if std::fs::write(state.join("probe"), "").is_err() {
        refuses("read-only");
    }
    std::fs::set_permissions(&state, Permissions::from_mode(0o700)).unwrap();
    project.apply();
}

fn runs(project: &Project) -> Vec<String> {
    let list = project.trueup(&["history", "--format", "json"]).expect(0).stdout;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    list.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_run_is_on_record_and_can_be_gone_back_from() {
    let project = Project::with(&role("one"));
    project.apply();
    project.edit("specs.toml", "\"one\"", "\"two\"");
    project.apply();
    let [second, first] = &runs(&project)[..] else { panic!("two runs") };
    let shown = project.trueup(&["history", "show", second]).expect(0);
    for told in ["by arn:aws:", "specs in no repository", "- one", "1 of 1 done."] {
        assert!(shown.says(told), "{told}: {}", shown.stdout);
    }
    let refused = project.trueup(&["revert", second]).expect(1);
    assert!(refused.stderr.contains("no terminal"), "{}", refused.stderr);
    let back = project.trueup(&["revert", second, "--yes"]).expect(0);
    assert!(back.stdout.contains("Applied."), "{}", back.stdout);
    let hand = Hand::on(&project, MAIN);
    assert!(hand.iam("GetRole", &[("RoleName", "deployer")]).contains("<Description>one</Description>"));
    let again = project.trueup(&["revert", second, "--yes"]).expect(0);
    assert!(again.stdout.contains("Nothing to do."), "{}", again.stdout);
    project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    // The way back from its making is its removal; saved, it is applied like any plan.
    project.trueup(&["revert", first, "-o", "back.json"]).expect(0);
    project.trueup(&["apply", "back.json"]).expect(0);
    assert!(!hand.iam("ListRoles", &[]).contains("deployer"));
    assert_eq!(runs(&project).len(), 4);
    project.trueup(&["revert", "20200101T000000-1"]).expect(1);
    project.trueup(&["history", "show", "../../etc"]).expect(1);
}

#[test]
fn a_project_is_destroyed_through_the_same_rails() {
    let project = Project::example("dev-prod-codedeploy");
    project.apply();
    let unsaid = project.trueup(&["destroy"]).expect(3);
    assert!(unsaid.stderr.contains("removes 22 resources, and the project allows 5"), "{}", unsaid.stderr);
    project.edit("trueup.toml", "deletions = 5", "deletions = \"100%\"");
    let unsaid = project.trueup(&["destroy"]).expect(1);
    assert!(unsaid.stderr.contains("--confirm web-app-delivery"), "{}", unsaid.stderr);
    let wrong = project.trueup(&["destroy", "--confirm", "another"]).expect(1);
    assert!(wrong.stderr.contains("this is the project `web-app-delivery`"), "{}", wrong.stderr);
    let shown = project.trueup(&["destroy", "--plan"]).expect(0);
    assert!(shown.says("Kept, though in no spec any more"), "{}", shown.stdout);
    project.assert_true();
    project.trueup(&["destroy", "--confirm", "web-app-delivery"]).expect(0);
    let hand = Hand::on(&project, OTHER);
    assert!(!hand.iam("ListRoles", &[]).contains("CrossAccountDeploymentRole"));
    let tooling = Hand::on(&project, MAIN);
    assert_eq!(tooling.s3(http::Method::HEAD, "web-app-artifacts-111111111111", "").0, 200, "what holds data stays");
    project.apply();
}

#[test]
fn specs_that_are_missing_remove_nothing() {
    let project = Project::with(&role("one"));
    project.apply();
    let whole = project.read("specs.toml");
    for part in ["", "[scope]\naccount = \"main\"\n"] {
        project.write("specs.toml", part);
        let refused = project.trueup(&["apply", "--yes"]).expect(3);
        assert!(refused.stderr.contains("the specs declare nothing"), "{}", refused.stderr);
    }
    project.write("specs.toml", &whole[..whole.len() - 3]);
    project.trueup(&["apply", "--yes"]).expect(1);
    project.write("specs.toml", [0xff, 0xfe]);
    project.trueup(&["apply", "--yes"]).expect(1);
    assert!(Hand::on(&project, MAIN).iam("ListRoles", &[]).contains("deployer"));
    // Without its accounts, nobody looks anywhere.
    let accounts = project.read("accounts.toml");
    std::fs::remove_file(project.path().join("accounts.toml")).unwrap();
    std::fs::remove_file(project.path().join("specs.toml")).unwrap();
    let _ = project.trueup(&["apply", "--yes"]);
    project.write("accounts.toml", accounts);
    project.write("specs.toml", whole);
    project.assert_true();
}

#[test]
fn a_plan_that_takes_the_own_way_in_needs_a_word_of_its_own() {
    let specs = |principal: &str| {
        format!(
            "[scope]\naccount = \"other\"\n\n[role.OrganizationAccountAccessRole]\nmanaged_policies = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n[[role.OrganizationAccountAccessRole.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = {principal}\n"
        )
    };
    let project = Project::with(&role("one"));
    project.apply();
    let hand = Hand::on(&project, OTHER);
    let name = ("RoleName", "OrganizationAccountAccessRole");
    let admitted = trust("AWS", "arn:aws:iam::111111111111:root");
    hand.iam("CreateRole", &[name, ("AssumeRolePolicyDocument", &admitted)]);
    hand.iam("AttachRolePolicy", &[name, ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")]);
    project.write("other.toml", specs("{ account = \"main\" }"));
    project.trueup(&["apply", "--yes", "--adopt"]).expect(0);
    project.assert_true();
    project.write("other.toml", specs("{ service = \"ec2.amazonaws.com\" }"));
    let shown = project.trueup(&["plan"]).expect(0);
    assert!(
        shown.says("locks out: arn:aws:iam::222222222222:role/OrganizationAccountAccessRole no longer admits"),
        "{}",
        shown.stdout
    );
    let refused = project.trueup(&["apply", "--yes"]).expect(3);
    assert!(refused.stderr.contains("--allow-self-lockout"), "{}", refused.stderr);
    project.trueup(&["plan", "-o", "saved.json"]).expect(0);
    project.trueup(&["apply", "saved.json"]).expect(3);
    project.trueup(&["apply", "--yes", "--allow-self-lockout"]).expect(0);
}
