use serde_json::{Value, json};

use crate::Sandbox;
use crate::testing::{Client, TENANT, TOOLING, outcome, text};

/// The answer, or the code and the reason of the refusal.
fn ask_as(sandbox: &Sandbox, account: &str, operation: &str, body: &Value) -> Result<Value, String> {
    let target = format!("AWSOrganizationsV20161128.{operation}");
    let response = Client::new(sandbox, account).at("us-east-1").json("organizations", &target, &body.to_string());
    let answer: Value = serde_json::from_str(&text(&response)).unwrap_or_default();
    if response.status() == 200 {
        return Ok(answer);
    }
    let code = answer["__type"].as_str().unwrap_or_default();
    Err(answer["Reason"].as_str().map_or(code.to_owned(), |reason| format!("{code}: {reason}")))
}

fn ask(sandbox: &Sandbox, operation: &str, body: &Value) -> Result<Value, String> {
    ask_as(sandbox, TOOLING, operation, body)
}

fn with_organization() -> (Sandbox, String) {
    let sandbox = Sandbox::in_memory(&[TOOLING, TENANT]);
    ask(&sandbox, "CreateOrganization", &json!({ "FeatureSet": "ALL" })).unwrap();
    let roots = ask(&sandbox, "ListRoots", &json!({})).unwrap();
    let root = roots["Roots"][0]["Id"].as_str().unwrap().to_owned();
    (sandbox, root)
}

/// Asks for an account, and waits until it is there or not.
fn made(sandbox: &Sandbox, email: &str) -> Result<String, String> {
    let asked = ask(sandbox, "CreateAccount", &json!({ "Email": email, "AccountName": "one" }))?;
    assert_eq!(asked["CreateAccountStatus"]["State"], "IN_PROGRESS");
    let id = json!({ "CreateAccountRequestId": asked["CreateAccountStatus"]["Id"] });
    for _ in 0..5 {
        let status = ask(sandbox, "DescribeCreateAccountStatus", &id)?["CreateAccountStatus"].clone();
        match status["State"].as_str() {
            Some("SUCCEEDED") => return Ok(status["AccountId"].as_str().unwrap().to_owned()),
            Some("FAILED") => return Err(status["FailureReason"].as_str().unwrap().to_owned()),
            _ => {}
        }
    }
    panic!("still in progress")
}

fn unit(sandbox: &Sandbox, parent: &str, name: &str) -> Result<String, String> {
    let made = ask(sandbox, "CreateOrganizationalUnit", &json!({ "ParentId": parent, "Name": name }))?;
    Ok(made["OrganizationalUnit"]["Id"].as_str().unwrap().to_owned())
}

#[test]
fn an_account_is_made_and_entered_by_the_management_account_alone() {
    let (sandbox, root) = with_organization();
    let account = made(&sandbox, "one@example.com").unwrap();
    let listed = ask(&sandbox, "ListAccountsForParent", &json!({ "ParentId": root })).unwrap();
    assert_eq!(listed["Accounts"].as_array().unwrap().len(), 2);
    let form = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=test&RoleArn=arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    );
    let assume = |caller: &str| outcome(&Client::new(&sandbox, caller).query("sts", &form));
    assert_eq!(assume(TOOLING), (403, "AccessDenied".to_owned()), "it is too new");
    assert_eq!(assume(TOOLING).0, 200);
    assert_eq!(assume(TENANT), (403, "AccessDenied".to_owned()), "the role trusts the management account");
    ask(&sandbox, "CloseAccount", &json!({ "AccountId": account })).unwrap();
    assert_eq!(assume(TOOLING).0, 403);
    let closed = ask(&sandbox, "DescribeAccount", &json!({ "AccountId": account })).unwrap();
    assert_eq!(closed["Account"]["State"], "SUSPENDED");
    assert_eq!(made(&sandbox, "ONE@example.com").unwrap_err(), "EMAIL_ALREADY_EXISTS");
}

#[test]
fn what_makes_no_account_is_told() {
    let (sandbox, _) = with_organization();
    let invalid = |reason: &str| Err(format!("InvalidInputException: {reason}"));
    assert_eq!(made(&sandbox, "a@b.c"), invalid("MIN_LENGTH_EXCEEDED"));
    assert_eq!(made(&sandbox, "nobody.example.com"), invalid("INVALID_PATTERN"));
    assert_eq!(made(&sandbox, "a;b@example.com"), Err("INVALID_EMAIL".to_owned()));
    for number in 1..10 {
        made(&sandbox, &format!("a{number}@example.com")).unwrap();
    }
    assert_eq!(made(&sandbox, "a10@example.com"), Err("ACCOUNT_LIMIT_EXCEEDED".to_owned()));
    sandbox.with_world(|world| world.organizations.set_accounts_max(20)).unwrap();
    made(&sandbox, "a10@example.com").unwrap();
    let failed = ask(&sandbox, "ListCreateAccountStatus", &json!({ "States": ["FAILED"] })).unwrap();
    assert_eq!(failed["CreateAccountStatuses"].as_array().unwrap().len(), 2);
}

#[test]
fn units_nest_five_deep_and_go_only_empty() {
    let (sandbox, root) = with_organization();
    let mut parent = root.clone();
    let mut units = Vec::new();
    for _ in 0..5 {
        parent = unit(&sandbox, &parent, "same").unwrap();
        units.push(parent.clone());
    }
    assert_eq!(unit(&sandbox, &parent, "same").unwrap_err(), "ConstraintViolationException: OU_DEPTH_LIMIT_EXCEEDED");
    assert_eq!(unit(&sandbox, &root, "same").unwrap_err(), "DuplicateOrganizationalUnitException");
    let delete = |id: &str| ask(&sandbox, "DeleteOrganizationalUnit", &json!({ "OrganizationalUnitId": id }));
    assert_eq!(delete(&units[0]).unwrap_err(), "OrganizationalUnitNotEmptyException");
    let account = made(&sandbox, "one@example.com").unwrap();
    let to = json!({ "AccountId": account, "SourceParentId": root, "DestinationParentId": units[4] });
    ask(&sandbox, "MoveAccount", &to).unwrap();
    assert_eq!(ask(&sandbox, "MoveAccount", &to).unwrap_err(), "DuplicateAccountException");
    assert_eq!(delete(&units[4]).unwrap_err(), "OrganizationalUnitNotEmptyException");
    let back = json!({ "AccountId": account, "SourceParentId": units[4], "DestinationParentId": root });
    ask(&sandbox, "MoveAccount", &back).unwrap();
    for id in units.iter().rev() {
        delete(id).unwrap();
    }
}

#[test]
fn a_target_has_at_least_one_and_at_most_five_service_control_policies() {
    let (sandbox, root) = with_organization();
    let content = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}}"#;
    let policy = |name: &str| {
        let body = json!({ "Name": name, "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": content });
        ask(&sandbox, "CreatePolicy", &body).map(|made| made["Policy"]["PolicySummary"]["Id"].clone())
    };
    let attach = |id: &Value| ask(&sandbox, "AttachPolicy", &json!({ "PolicyId": id, "TargetId": root }));
    let detach = |id: &Value| ask(&sandbox, "DetachPolicy", &json!({ "PolicyId": id, "TargetId": root }));
    let full = json!("p-FullAWSAccess");
    assert_eq!(detach(&full).unwrap_err(), "ConstraintViolationException: MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED");
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(policy(&format!("scp{number}")).unwrap());
    }
    for id in &ids[..4] {
        attach(id).unwrap();
    }
    assert_eq!(attach(&ids[0]).unwrap_err(), "DuplicatePolicyAttachmentException");
    assert_eq!(attach(&ids[4]).unwrap_err(), "ConstraintViolationException: MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED");
    assert_eq!(policy("scp0").unwrap_err(), "DuplicatePolicyException");
    assert_eq!(ask(&sandbox, "DeletePolicy", &json!({ "PolicyId": ids[0] })).unwrap_err(), "PolicyInUseException");
    detach(&full).unwrap();
}

#[test]
fn policies_are_held_to_their_type() {
    let (sandbox, root) = with_organization();
    let create = |sort: &str, content: &str| {
        ask(&sandbox, "CreatePolicy", &json!({ "Name": "x", "Description": "", "Type": sort, "Content": content }))
    };
    let malformed = "MalformedPolicyDocumentException";
    let allow =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    assert_eq!(create("RESOURCE_CONTROL_POLICY", allow).unwrap_err(), malformed);
    assert_eq!(create("SERVICE_CONTROL_POLICY", allow).unwrap_err(), malformed);
    assert_eq!(create("TAG_POLICY", "[]").unwrap_err(), malformed);
    let long = format!(r#"{{"tags":"{}"}}"#, "x".repeat(10_000));
    assert_eq!(create("TAG_POLICY", &long).unwrap_err(), "ConstraintViolationException: POLICY_CONTENT_LIMIT_EXCEEDED");
    let made = create("TAG_POLICY", r#"{"tags":{}}"#).unwrap();
    let id = &made["Policy"]["PolicySummary"]["Id"];
    let attach = || ask(&sandbox, "AttachPolicy", &json!({ "PolicyId": id, "TargetId": root }));
    assert_eq!(attach().unwrap_err(), "PolicyTypeNotEnabledException");
    ask(&sandbox, "EnablePolicyType", &json!({ "RootId": root, "PolicyType": "TAG_POLICY" })).unwrap();
    attach().unwrap();
    ask(&sandbox, "DisablePolicyType", &json!({ "RootId": root, "PolicyType": "TAG_POLICY" })).unwrap();
    let targets = ask(&sandbox, "ListTargetsForPolicy", &json!({ "PolicyId": id })).unwrap();
    assert_eq!(targets["Targets"], json!([]));
}

#[test]
fn only_the_management_account_may() {
    let (sandbox, _) = with_organization();
    assert_eq!(ask_as(&sandbox, TENANT, "ListRoots", &json!({})).unwrap_err(), "AWSOrganizationsNotInUseException");
    let member = made(&sandbox, "one@example.com").unwrap();
    assert_eq!(ask_as(&sandbox, &member, "ListRoots", &json!({})).unwrap_err(), "AccessDeniedException");
    let seen = ask_as(&sandbox, &member, "DescribeOrganization", &json!({})).unwrap();
    assert_eq!(seen["Organization"]["MasterAccountId"], TOOLING);
    assert_eq!(
        ask_as(&sandbox, &member, "CreateOrganization", &json!({})).unwrap_err(),
        "AlreadyInOrganizationException"
    );
}

#[test]
fn the_index_of_tags_knows_them() {
    let (sandbox, root) = with_organization();
    let tags = json!([{ "Key": "team", "Value": "a" }]);
    let made = json!({ "ParentId": root, "Name": "tenants", "Tags": tags });
    let id = ask(&sandbox, "CreateOrganizationalUnit", &made).unwrap()["OrganizationalUnit"]["Arn"].clone();
    let body = json!({ "ResourceTypeFilters": ["organizations:ou"] }).to_string();
    let found = Client::new(&sandbox, TOOLING).at("us-east-1").tagging("GetResources", &body);
    let found: Value = serde_json::from_str(&text(&found)).unwrap();
    assert_eq!(found["ResourceTagMappingList"], json!([{ "ResourceARN": id, "Tags": tags }]));
}

#[test]
fn an_organization_goes_when_it_is_empty() {
    let (sandbox, _) = with_organization();
    let member = made(&sandbox, "one@example.com").unwrap();
    let delete = |account: &str| ask_as(&sandbox, account, "DeleteOrganization", &json!({}));
    assert_eq!(delete(&member).unwrap_err(), "AccessDeniedException");
    assert_eq!(delete(TOOLING).unwrap_err(), "OrganizationNotEmptyException");
}
