//! The life of the example with CodeDeploy in two accounts: planned, applied, found true, changed by hand, repaired, and removed.

use serde_json::json;

use crate::hand::Hand;
use crate::support::{Project, STAYS};

const PROD: &str = "222222222222";

fn applied() -> Project {
    let project = Project::example("dev-prod-codedeploy");
    project.apply();
    project
}

#[test]
fn the_example_is_applied_and_found_true() {
    let project = applied();
    let group = project.trueup(&["output", "prod_group"]).expect(0).stdout;
    assert_eq!(group, "arn:aws:codedeploy:eu-west-1:222222222222:deploymentgroup:MyWebApp/MyWebAppInstances\n");
}

#[test]
fn what_a_hand_changed_is_seen_and_repaired() {
    let project = applied();
    let prod = Hand::on(&project, PROD);
    let group = json!({
        "applicationName": "MyWebApp",
        "currentDeploymentGroupName": "MyWebAppInstances",
        "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
        "ec2TagFilters": [],
        "autoRollbackConfiguration": { "enabled": false, "events": [] },
        "outdatedInstancesStrategy": "IGNORE",
    });
    prod.codedeploy("UpdateDeploymentGroup", &group);
    prod.codedeploy("CreateApplication", &json!({ "applicationName": "elsewhere" }));
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    insta::assert_snapshot!("drift_plan", run.stdout);
    project.apply();

    // An application that was deleted took its groups along.
    prod.codedeploy("DeleteApplication", &json!({ "applicationName": "MyWebApp" }));
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(run.stdout.contains("Plan: 2 to create, 0 to change, 0 to remove."), "{}", run.stdout);
    project.apply();
    let left = prod.codedeploy("ListApplications", &json!({}));
    assert_eq!(left["applications"], json!(["MyWebApp", "elsewhere"]), "what is not ours stays");
}

/// An application with another platform is another application, and its groups are made again with it.
#[test]
fn a_replaced_application_brings_its_groups_back() {
    let given = r#"
        [role.deploy]
        [[role.deploy.trust]]
        allow = "sts:AssumeRole"
        principal = { service = "codedeploy.amazonaws.com" }
        [deployment_config.half]
        minimum_healthy_hosts = { type = "FLEET_PERCENT", value = 50 }
        [application.web]
        name = "web"
        [deployment_group.all]
        application = "application.web"
        service_role = "role.deploy"
        deployment_config = "deployment_config.half"
        on_premises_tags = { key = "Place" }
        [on_premises_instance.pi]
        iam_user = "arn:aws:iam::${account.id}:user/pi"
        tags = { Place = "Vienna" }
    "#;
    let project = Project::with(given);
    project.apply();
    project.edit("specs.toml", "value = 50", "value = 75");
    project.apply();
    project.edit("specs.toml", "name = \"web\"", "name = \"site\"");
    project.apply();
    project.edit("specs.toml", "Place = \"Vienna\"", "Place = \"Graz\"");
    project.apply();
    project.edit("specs.toml", "user/pi", "user/other");
    let refused = project.trueup(&["plan"]);
    assert!(refused.stdout.contains("24 hours"), "{}{}", refused.stdout, refused.stderr);
    project.write("specs.toml", format!("[scope]\naccount = \"main\"\n{STAYS}"));
    project.apply();
}

#[test]
fn what_is_in_no_spec_is_removed() {
    let project = applied();
    project.forget_access();
    project.write("codedeploy.toml", format!("[scope]\naccount = \"dev\"\n{STAYS}"));
    for file in ["dev.toml", "prod.toml"] {
        let kept: String = project.read(file);
        let (head, _) =
            kept.split_once(if file == "dev.toml" { "[key.artifacts]" } else { "[role.pipeline]" }).unwrap();
        project.write(file, head);
    }
    project.edit("trueup.toml", "deletions = 5", "deletions = 50");
    project.apply();
    let left = Hand::on(&project, PROD).codedeploy("ListApplications", &json!({}));
    assert_eq!(left["applications"], json!([]));
}
