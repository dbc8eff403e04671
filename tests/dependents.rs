//! What a removal would break outside of the specs is told before it is done.

use serde_json::json;

use crate::hand::Hand;
use crate::support::Project;

const ACCOUNT: &str = "111111111111";

#[test]
fn a_removal_tells_who_else_names_the_thing() {
    let specs = "[role.deployer]\n[[role.deployer.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n\
                 [policy.read]\n[[policy.read.policy]]\nallow = \"s3:GetObject\"\nresource = \"*\"\n";
    let project = Project::with(specs);
    project.apply();
    let hand = Hand::on(&project, ACCOUNT);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/deployer");
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": role}}]});
    hand.iam("CreateRole", &[("RoleName", "elsewhere"), ("AssumeRolePolicyDocument", &trust.to_string())]);
    let policy = format!("arn:aws:iam::{ACCOUNT}:policy/read");
    hand.iam("AttachRolePolicy", &[("RoleName", "elsewhere"), ("PolicyArn", &policy)]);

    project.write("specs.toml", "[scope]\naccount = \"main\"\n");
    let run = project.trueup(&["plan"]).expect(0);
    let who = "is still named, and no spec here says so, by role elsewhere in main";
    for address in ["main/role.deployer", "main/policy.read"] {
        assert!(run.says(&format!("! {address} {who}")), "{}", run.stdout);
    }

    // Once the other stands in the specs, it is part of the plan.
    project.write("specs.toml", "[scope]\naccount = \"main\"\n[role.elsewhere]\n[[role.elsewhere.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }\n");
    let run = project.trueup(&["plan", "--adopt"]).expect(0);
    assert!(!run.says("is still named"), "{}", run.stdout);
}
