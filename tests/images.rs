//! The lives of the examples with registries: applied, found true, changed by hand, repaired, and removed.

use serde_json::json;

use crate::hand::Hand;
use crate::support::{Project, STAYS};

const MAIN: &str = "111111111111";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn applied(example: &str) -> Project {
    let project = Project::example(example);
    project.apply();
    project
}

#[test]
fn three_stages_come_from_one_template() {
    let project = applied("ecr-stages");
    let registry = project.trueup(&["output", "release.registry"]).expect(0).stdout;
    assert_eq!(registry, "111111111111.dkr.ecr.eu-west-1.amazonaws.com/release/app\n");
    let hand = Hand::on(&project, MAIN);
    for (role, attached) in [
        ("development-github", &["authorize", "read", "write", "metadata"][..]),
        ("master-developer", &["authorize", "read", "metadata"]),
        ("release-github", &["authorize", "write"]),
        ("release-end-user", &[]),
    ] {
        let list = hand.iam("ListAttachedRolePolicies", &[("RoleName", role)]);
        assert_eq!(list.matches("<PolicyArn>").count(), attached.len(), "{role}: {list}");
        let (stage, _) = role.split_once('-').unwrap();
        for policy in attached {
            assert!(list.contains(&format!("policy/{stage}-{policy}<")), "{role}: {list}");
        }
    }
}

/// A stage's row of the permission table is a parameter.
#[test]
fn a_stage_may_let_end_users_in() {
    let project = applied("ecr-stages");
    project.forget_access();
    let with = "end_users  = [\"policy.release.authorize\", \"policy.release.read\"]\nbranches   = \"ref:refs/tags/*\"";
    project.edit("stages.toml", "branches   = \"ref:refs/tags/*\"", with);
    let run = project.apply();
    assert!(run.stdout.contains("2 to change"), "{}", run.stdout);
}

#[test]
fn what_a_hand_changed_in_the_stages_is_seen_and_repaired() {
    let project = applied("ecr-stages");
    let hand = Hand::on(&project, MAIN);
    hand.ecr("PutImageTagMutability", &json!({ "repositoryName": "release/app", "imageTagMutability": "MUTABLE" }));
    hand.ecr("DeleteLifecyclePolicy", &json!({ "repositoryName": "master/app" }));
    hand.iam("AttachGroupPolicy", &[("GroupName", "release-end-users"), ("PolicyArn", ADMINISTRATOR)]);
    hand.iam(
        "DeleteOpenIDConnectProvider",
        &[("OpenIDConnectProviderArn", "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com")],
    );
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    insta::assert_snapshot!("stages_drift", run.stdout);
    project.apply();
}

#[test]
fn a_stage_that_is_used_no_more_is_removed_but_its_images() {
    let project = applied("ecr-stages");
    project.forget_access();
    let stages = project.read("stages.toml");
    let (head, rest) =
        stages.split_once("[[use]]\ntemplate = \"templates/stage.toml\"\nname     = \"release\"").unwrap();
    let (_, tail) = rest.split_once("# Whoever runs").unwrap();
    project.write("stages.toml", format!("{head}# Whoever runs{tail}"));
    project.edit("trueup.toml", "deletions = 5", "deletions = 50");
    project.apply();
    let hand = Hand::on(&project, MAIN);
    let names = |hand: &Hand| hand.ecr("DescribeRepositories", &json!({})).to_string();
    assert!(names(&hand).contains("release/app"), "a registry holds images: it goes only when a [[removed]] says so");
    let removed = "[[removed]]\naddress = \"images@eu-west-1/ecr_repository.release.app\"\n";
    project.write("removed.toml", removed);
    project.apply();
    assert!(!names(&hand).contains("release/app"), "{}", names(&hand));
}

#[test]
fn one_account_for_travis() {
    let project = applied("travis-codedeploy");
    let registry = project.trueup(&["output", "registry"]).expect(0).stdout;
    assert_eq!(registry, "111111111111.dkr.ecr.eu-west-1.amazonaws.com/web-app\n");
    let hand = Hand::on(&project, MAIN);
    hand.iam(
        "DetachRolePolicy",
        &[("RoleName", "WebAppCodeDeploy"), ("PolicyArn", "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole")],
    );
    hand.iam("AttachUserPolicy", &[("UserName", "travis"), ("PolicyArn", ADMINISTRATOR)]);
    let scanning = json!({ "repositoryName": "web-app", "imageScanningConfiguration": { "scanOnPush": false } });
    hand.ecr("PutImageScanningConfiguration", &scanning);
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    insta::assert_snapshot!("travis_drift", run.stdout);
    project.apply();

    project.forget_access();
    project.write("ci.toml", format!("[scope]\naccount = \"main\"\n{STAYS}"));
    let removed = ["bucket.revisions", "ecr_repository.web"];
    let removed: String =
        removed.iter().map(|address| format!("[[removed]]\naddress = \"main/{address}\"\n")).collect();
    project.write("web.toml", removed);
    project.edit("trueup.toml", "deletions = 5", "deletions = 50");
    project.apply();
    assert_eq!(hand.ecr("DescribeRepositories", &json!({}))["repositories"], json!([]));
    assert!(!hand.iam("ListUsers", &[]).contains("travis"));
}
