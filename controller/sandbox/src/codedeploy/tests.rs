use serde_json::{Value, json};

use crate::Sandbox;
use crate::testing::{Client, TOOLING, text};

const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22Service%22%3A%22codedeploy.amazonaws.com%22%7D%7D%7D";
const ROLE: &str = "arn:aws:iam::111111111111:role/deploy";

/// The answer, or the code of the refusal.
fn ask(sandbox: &Sandbox, operation: &str, body: &Value) -> Result<Value, String> {
    let response = Client::new(sandbox, TOOLING).json(
        "codedeploy",
        &format!("CodeDeploy_20141006.{operation}"),
        &body.to_string(),
    );
    let answer: Value = serde_json::from_str(&text(&response)).unwrap_or_default();
    if response.status() == 200 { Ok(answer) } else { Err(answer["__type"].as_str().unwrap_or_default().to_owned()) }
}

fn with_application() -> Sandbox {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    let form = format!("Action=CreateRole&Version=2010-05-08&RoleName=deploy&AssumeRolePolicyDocument={TRUST}");
    assert_eq!(Client::new(&sandbox, TOOLING).query("iam", &form).status(), 200);
    ask(&sandbox, "CreateApplication", &json!({ "applicationName": "app" })).unwrap();
    sandbox
}

fn group(more: Value) -> Value {
    let mut body = json!({ "applicationName": "app", "deploymentGroupName": "group", "serviceRoleArn": ROLE });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

#[test]
fn a_group_has_the_defaults_of_its_platform() {
    let sandbox = with_application();
    ask(&sandbox, "CreateDeploymentGroup", &group(json!({}))).unwrap();
    let named = json!({ "applicationName": "app", "deploymentGroupName": "group" });
    let info = &ask(&sandbox, "GetDeploymentGroup", &named).unwrap()["deploymentGroupInfo"];
    assert_eq!(info["deploymentConfigName"], "CodeDeployDefault.OneAtATime");
    assert_eq!(
        info["deploymentStyle"],
        json!({ "deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL" })
    );
    assert_eq!(info["computePlatform"], "Server");
    assert_eq!(
        ask(&sandbox, "CreateDeploymentGroup", &group(json!({}))).unwrap_err(),
        "DeploymentGroupAlreadyExistsException"
    );
}

#[test]
fn what_aws_refuses_is_refused() {
    let sandbox = with_application();
    let filter = json!({ "Key": "a", "Value": "b", "Type": "KEY_AND_VALUE" });
    for (more, code) in [
        (json!({ "serviceRoleArn": "arn:aws:iam::111111111111:role/none" }), "InvalidRoleException"),
        (json!({ "applicationName": "none" }), "ApplicationDoesNotExistException"),
        (json!({ "deploymentConfigName": "none" }), "DeploymentConfigDoesNotExistException"),
        (json!({ "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce" }), "InvalidDeploymentConfigNameException"),
        (
            json!({ "ec2TagFilters": [filter], "ec2TagSet": { "ec2TagSetList": [[filter]] } }),
            "InvalidEC2TagCombinationException",
        ),
        (json!({ "ec2TagFilters": [{ "Type": "KEY_ONLY" }] }), "InvalidEC2TagException"),
        (json!({ "alarmConfiguration": { "enabled": true, "alarms": [] } }), "InvalidAlarmConfigException"),
        (
            json!({ "autoRollbackConfiguration": { "enabled": true, "events": ["X"] } }),
            "InvalidAutoRollbackConfigException",
        ),
        (json!({ "ecsServices": [{ "serviceName": "a", "clusterName": "b" }] }), "InvalidECSServiceException"),
        (json!({ "deploymentGroupName": "a b" }), "InvalidDeploymentGroupNameException"),
    ] {
        assert_eq!(ask(&sandbox, "CreateDeploymentGroup", &group(more)).unwrap_err(), code);
    }
}

#[test]
fn a_deregistered_name_is_not_free_for_a_day() {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    let pi = json!({ "instanceName": "pi", "iamUserArn": "arn:aws:iam::111111111111:user/pi" });
    ask(&sandbox, "RegisterOnPremisesInstance", &pi).unwrap();
    assert_eq!(ask(&sandbox, "RegisterOnPremisesInstance", &pi).unwrap_err(), "InstanceNameAlreadyRegisteredException");
    ask(&sandbox, "DeregisterOnPremisesInstance", &json!({ "instanceName": "pi" })).unwrap();
    assert_eq!(ask(&sandbox, "RegisterOnPremisesInstance", &pi).unwrap_err(), "InstanceNameAlreadyRegisteredException");
    sandbox.advance(time::Duration::hours(24)).unwrap();
    ask(&sandbox, "RegisterOnPremisesInstance", &pi).unwrap();
}

#[test]
fn lists_come_in_pages() {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    for number in 0..101 {
        ask(&sandbox, "CreateApplication", &json!({ "applicationName": format!("app-{number:03}") })).unwrap();
    }
    let first = ask(&sandbox, "ListApplications", &json!({})).unwrap();
    assert_eq!(first["applications"].as_array().unwrap().len(), 100);
    let second = ask(&sandbox, "ListApplications", &json!({ "nextToken": first["nextToken"] })).unwrap();
    assert_eq!(second, json!({ "applications": ["app-100"] }));
}

#[test]
fn a_config_in_use_stays() {
    let sandbox = with_application();
    let half =
        json!({ "deploymentConfigName": "half", "minimumHealthyHosts": { "type": "FLEET_PERCENT", "value": 50 } });
    ask(&sandbox, "CreateDeploymentConfig", &half).unwrap();
    ask(&sandbox, "CreateDeploymentGroup", &group(json!({ "deploymentConfigName": "half" }))).unwrap();
    let named = json!({ "deploymentConfigName": "half" });
    assert_eq!(ask(&sandbox, "DeleteDeploymentConfig", &named).unwrap_err(), "DeploymentConfigInUseException");
    ask(&sandbox, "DeleteApplication", &json!({ "applicationName": "app" })).unwrap();
    ask(&sandbox, "DeleteDeploymentConfig", &named).unwrap();
}

/// Source: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html>.
#[test]
fn a_deployment_goes_as_far_as_it_can() {
    let sandbox = with_application();
    let filter = json!([{ "Key": "Application", "Value": "web", "Type": "KEY_AND_VALUE" }]);
    ask(&sandbox, "CreateDeploymentGroup", &group(json!({ "onPremisesInstanceTagFilters": filter }))).unwrap();
    let revision = json!({ "revisionType": "S3", "s3Location": { "bucket": "b", "key": "k", "bundleType": "zip" } });
    let wanted = json!({ "applicationName": "app", "deploymentGroupName": "group", "revision": revision });
    let without = json!({ "applicationName": "app", "deploymentGroupName": "group" });
    assert_eq!(ask(&sandbox, "CreateDeployment", &without).unwrap_err(), "RevisionRequiredException");

    let failed = ask(&sandbox, "CreateDeployment", &wanted).unwrap();
    let info = ask(&sandbox, "GetDeployment", &failed).unwrap();
    assert_eq!(info["deploymentInfo"]["errorInformation"]["code"], "NO_INSTANCES");
    assert_eq!(ask(&sandbox, "StopDeployment", &failed).unwrap_err(), "DeploymentAlreadyCompletedException");

    let server =
        json!({ "instanceName": "server", "iamSessionArn": "arn:aws:sts::111111111111:assumed-role/deploy/server" });
    ask(&sandbox, "RegisterOnPremisesInstance", &server).unwrap();
    let tags = json!({ "instanceNames": ["server"], "tags": [{ "Key": "Application", "Value": "web" }] });
    ask(&sandbox, "AddTagsToOnPremisesInstances", &tags).unwrap();
    let going = ask(&sandbox, "CreateDeployment", &wanted).unwrap();
    assert_eq!(ask(&sandbox, "CreateDeployment", &wanted).unwrap_err(), "DeploymentLimitExceededException");
    let listed =
        json!({ "applicationName": "app", "deploymentGroupName": "group", "includeOnlyStatuses": ["InProgress"] });
    assert_eq!(ask(&sandbox, "ListDeployments", &listed).unwrap()["deployments"], json!([going["deploymentId"]]));
    assert_eq!(ask(&sandbox, "StopDeployment", &going).unwrap()["status"], "Succeeded");
    let info = ask(&sandbox, "GetDeployment", &going).unwrap();
    assert_eq!(info["deploymentInfo"]["status"], "Stopped");
    let none = json!({ "deploymentId": "d-NONE00000" });
    assert_eq!(ask(&sandbox, "GetDeployment", &none).unwrap_err(), "DeploymentDoesNotExistException");
}
