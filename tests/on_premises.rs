//! The life of the example with servers outside of AWS: applied, found true, changed by hand, repaired, and removed.

use serde_json::json;

use crate::hand::Hand;
use crate::support::{Project, STAYS};

const MAIN: &str = "111111111111";

fn applied() -> Project {
    let project = Project::example("on-premises");
    project.apply();
    project
}

#[test]
fn the_example_is_applied_and_found_true() {
    let project = applied();
    let role = project.trueup(&["output", "server_role"]).expect(0).stdout;
    assert_eq!(role, "arn:aws:iam::111111111111:role/EdgeServer\n");
    let named = Hand::on(&project, MAIN)
        .codedeploy("BatchGetOnPremisesInstances", &json!({ "instanceNames": ["hall-1", "pi"] }));
    let instances = named["instanceInfos"].as_array().unwrap();
    let of = |name: &str| instances.iter().find(|instance| instance["instanceName"] == name).unwrap();
    assert_eq!(of("hall-1")["iamSessionArn"], "arn:aws:sts::111111111111:assumed-role/EdgeServer/hall-1");
    assert_eq!(of("pi")["iamUserArn"], "arn:aws:iam::111111111111:user/servers/edge-pi");
}

#[test]
fn what_a_hand_changed_is_seen_and_repaired() {
    let project = applied();
    let hand = Hand::on(&project, MAIN);
    let tags = json!([{ "Key": "Place", "Value": "roof" }]);
    hand.codedeploy("RemoveTagsFromOnPremisesInstances", &json!({ "tags": tags, "instanceNames": ["pi"] }));
    hand.iam(
        "AttachUserPolicy",
        &[("UserName", "edge-servers"), ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")],
    );
    let run = project.trueup(&["plan", "--detailed-exitcode"]).expect(2);
    insta::assert_snapshot!("on_premises_drift", run.stdout);
    project.apply();
}

/// CodeDeploy keeps the name of a deregistered instance for a day: another name is the way out, and the program says so.
#[test]
fn a_deregistered_name_is_not_free_for_a_day() {
    let project = applied();
    let hand = Hand::on(&project, MAIN);
    hand.codedeploy("DeregisterOnPremisesInstance", &json!({ "instanceName": "hall-2" }));
    let run = project.trueup(&["apply", "--yes"]);
    assert_ne!(run.code, 0, "{}", run.stdout);
    assert!(run.says("24 hours"), "{}{}", run.stdout, run.stderr);
    project.edit("servers.toml", "[on_premises_instance.hall-2]", "[on_premises_instance.hall-3]");
    project.edit("servers.toml", "/hall-2\"", "/hall-3\"");
    project.apply();
}

#[test]
fn what_is_in_no_spec_is_removed() {
    let project = applied();
    project.forget_access();
    project.write("delivery.toml", format!("[scope]\naccount = \"main\"\n{STAYS}"));
    project.write("servers.toml", "[[removed]]\naddress = \"main/bucket.revisions\"\n");
    let refused = project.trueup(&["apply", "--yes"]);
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("deletions"), "{}", refused.stderr);
    project.edit("trueup.toml", "deletions = 5", "deletions = 50");
    project.apply();
    let left = Hand::on(&project, MAIN);
    assert_eq!(left.codedeploy("ListApplications", &json!({}))["applications"], json!([]));
    let users = left.iam("ListUsers", &[]);
    assert!(!users.contains("edge-"), "{users}");
}
