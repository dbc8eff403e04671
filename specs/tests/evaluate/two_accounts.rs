//! Requests from one account to another.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use trueup_specs::policy::evaluate::{Caller, Request};

use crate::support::{OBJECT, ROLE, USER, World, on_all, to};

const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/deploy/build";
const FOREIGN_KEY: &str = "arn:aws:kms:eu-west-1:222222222222:key/1234";

fn role() -> Caller {
    Caller::Role { arn: ROLE.to_owned(), session: Some("build".to_owned()) }
}

fn get() -> Request {
    Request::new(role(), "s3:GetObject", OBJECT).in_account("222222222222")
}

#[test]
fn both_sides_must_allow() {
    let allow = on_all("Allow", "s3:*");
    World::default().check(&get(), "missing: identity resource");
    World::default().identity(&allow).check(&get(), "missing: resource");
    for principal in [ROLE, SESSION, "111111111111", "arn:aws:iam::111111111111:root", "*"] {
        let resource = to("Allow", principal, "s3:*");
        World::default().resource(&resource).check(&get(), "missing: identity");
        World::default().identity(&allow).resource(&resource).check(&get(), "allowed: identity resource");
    }
    for principal in ["222222222222", "arn:aws:iam::111111111111:role/deploy", USER] {
        let resource = to("Allow", principal, "s3:*");
        World::default().identity(&allow).resource(&resource).check(&get(), "missing: resource");
    }
}

#[test]
fn the_limits_of_the_callers_account_hold_however_it_is_named() {
    let allow = on_all("Allow", "s3:*");
    let ec2 = on_all("Allow", "ec2:*");
    for principal in [ROLE, SESSION, "111111111111", "*"] {
        let world = || World::default().identity(&allow).resource(&to("Allow", principal, "s3:*"));
        world().boundary(&ec2).check(&get(), "missing: boundary");
        world().session(&ec2).check(&get(), "missing: session");
        world().scps(&[&ec2]).check(&get(), "missing: scp0");
        world().scps(&[&allow]).check(&get(), "allowed: identity scp0 resource");
        world().rcp(&to("Deny", "*", "s3:*")).check(&get(), "denied: rcp0");
    }
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
#[test]
fn only_some_operations_of_kms_work_across_accounts() {
    let world = World::default().identity(&on_all("Allow", "kms:*")).resource(&to("Allow", "111111111111", "kms:*"));
    let on_key = |action: &str| Request::new(role(), action, FOREIGN_KEY);
    for action in
        ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ReEncryptFrom", "KMS:sign"]
    {
        world.check(&on_key(action), "allowed: identity resource");
    }
    for action in ["kms:ScheduleKeyDeletion", "kms:TagResource", "kms:PutKeyPolicy", "kms:EnableKeyRotation"] {
        world.check(&on_key(action), "missing: operation");
    }
    World::default().check(&on_key("kms:Decrypt"), "missing: identity resource");
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html#policy-example-cmk-cross-account-access>
#[test]
fn a_grant_to_the_caller_itself_is_enough_across_accounts() {
    let on_key = |action: &str| Request::new(role(), action, FOREIGN_KEY);
    let granted = World::default().grants(&to("Allow", ROLE, "kms:Decrypt"));
    granted.check(&on_key("kms:Decrypt"), "allowed: grant");
    granted.check(&on_key("kms:Encrypt"), "missing: identity resource");
    // One to the account lets the account decide.
    let to_account = World::default().grants(&to("Allow", "arn:aws:iam::111111111111:root", "kms:Decrypt"));
    to_account.check(&on_key("kms:Decrypt"), "missing: identity");
    to_account.identity(&on_all("Allow", "kms:*")).check(&on_key("kms:Decrypt"), "allowed: identity grant");
    let doubt = "depends: whether boundary and session policies limit grants, which AWS does not say";
    let bound = World::default().grants(&to("Allow", ROLE, "kms:Decrypt")).boundary(&on_all("Allow", "s3:*"));
    bound.check(&on_key("kms:Decrypt"), doubt);
    let kept = granted.scps(&[&on_all("Allow", "s3:*")]);
    kept.check(&on_key("kms:Decrypt"), "missing: scp0");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html>
#[test]
fn a_role_of_another_account_is_taken_on_by_both_leaves() {
    let request = Request::new(role(), "sts:AssumeRole", "arn:aws:iam::222222222222:role/target");
    let trust = |principal: &str| {
        format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}"#)
    };
    let allow = on_all("Allow", "sts:AssumeRole");
    for principal in [ROLE, "111111111111"] {
        World::default().resource(&trust(principal)).check(&request, "missing: identity");
        let both = World::default().resource(&trust(principal)).identity(&allow);
        both.check(&request, "allowed: identity resource");
    }
    World::default().identity(&allow).check(&request, "missing: resource");
    let external = format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{ROLE}"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"e"}}}}}}"#
    );
    let world = World::default().identity(&allow).resource(&external);
    world.check(&request, "depends: sts:ExternalId");
    world.check(&request.clone().with("sts:ExternalId", ["e"]), "allowed: identity resource");
    world.check(&request.closed(), "missing: resource");
}

/// A service has no account: what the resource's policy gives it, it has.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
#[test]
fn a_service_needs_the_resources_leave_only() {
    let trust = r#"{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"kms:*","Resource":"*",
        "Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}"#;
    let world = World::default().resource(trust).scps(&[&on_all("Deny", "*")]);
    let request = Request::new(Caller::Service("logs.amazonaws.com".to_owned()), "kms:Encrypt", FOREIGN_KEY);
    world.check(&request, "depends: aws:SourceAccount");
    world.check(&request.clone().with("aws:SourceAccount", ["111111111111"]), "allowed: resource");
    world.check(&request.clone().with("aws:SourceAccount", ["333333333333"]), "missing: resource");
    world.rcp(&to("Deny", "*", "*")).check(&request, "denied: rcp0");
}
