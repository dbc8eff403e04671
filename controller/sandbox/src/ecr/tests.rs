use serde_json::{Value, json};

use crate::Sandbox;
use crate::testing::{Client, TENANT, TOOLING, text};

/// The answer, or the code of the refusal.
fn ask_as(client: Client<'_>, operation: &str, body: &Value) -> Result<Value, String> {
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let response = client.json("ecr", &target, &body.to_string());
    let answer: Value = serde_json::from_str(&text(&response)).unwrap_or_default();
    if response.status() == 200 { Ok(answer) } else { Err(answer["__type"].as_str().unwrap_or_default().to_owned()) }
}

fn ask(sandbox: &Sandbox, operation: &str, body: &Value) -> Result<Value, String> {
    ask_as(Client::new(sandbox, TOOLING), operation, body)
}

fn with_repository(more: Value) -> Sandbox {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    let mut body = json!({ "repositoryName": "team/app" });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    ask(&sandbox, "CreateRepository", &body).unwrap();
    sandbox
}

fn push(sandbox: &Sandbox, manifest: &str, tag: &str) -> Result<Value, String> {
    let body = json!({ "repositoryName": "team/app", "imageManifest": manifest, "imageTag": tag });
    ask(sandbox, "PutImage", &body)
}

#[test]
fn a_repository_with_images_stays() {
    let sandbox = with_repository(json!({}));
    push(&sandbox, "{}", "one").unwrap();
    let named = json!({ "repositoryName": "team/app" });
    assert_eq!(ask(&sandbox, "DeleteRepository", &named).unwrap_err(), "RepositoryNotEmptyException");
    let images = ask(&sandbox, "ListImages", &named).unwrap();
    assert_eq!(images["imageIds"][0]["imageTag"], "one");
    let gone = json!({ "repositoryName": "team/app", "imageIds": [{ "imageTag": "one" }] });
    assert_eq!(ask(&sandbox, "BatchDeleteImage", &gone).unwrap()["failures"], json!([]));
    ask(&sandbox, "DeleteRepository", &named).unwrap();
    assert_eq!(ask(&sandbox, "DeleteRepository", &named).unwrap_err(), "RepositoryNotFoundException");
}

#[test]
fn an_immutable_tag_stays_on_its_image() {
    let filter = json!([{ "filterType": "WILDCARD", "filter": "dev-*" }]);
    let sandbox = with_repository(json!({
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": filter
    }));
    for tag in ["v1", "dev-1"] {
        push(&sandbox, "{}", tag).unwrap();
    }
    assert_eq!(push(&sandbox, r#"{"a":1}"#, "v1").unwrap_err(), "ImageTagAlreadyExistsException");
    push(&sandbox, r#"{"a":1}"#, "dev-1").unwrap();
    assert_eq!(push(&sandbox, r#"{"a":1}"#, "dev-1").unwrap_err(), "ImageAlreadyExistsException");
}

#[test]
fn what_aws_refuses_is_refused() {
    let sandbox = with_repository(json!({}));
    let create = |more: Value| {
        let mut body = json!({ "repositoryName": "other" });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        ask(&sandbox, "CreateRepository", &body).unwrap_err()
    };
    let tag = |key: &str| json!([{ "Key": key, "Value": "x" }]);
    for (more, code) in [
        (json!({ "repositoryName": "Upper" }), "InvalidParameterException"),
        (json!({ "repositoryName": "a..b" }), "InvalidParameterException"),
        (json!({ "repositoryName": "team/app" }), "RepositoryAlreadyExistsException"),
        (json!({ "tags": tag("aws:x") }), "InvalidTagParameterException"),
        (json!({ "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION" }), "InvalidParameterException"),
        (json!({ "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "alias/none" } }), "KmsException"),
        (json!({ "registryId": TENANT }), "AccessDeniedException"),
    ] {
        assert_eq!(create(more), code);
    }
    let set = |policy: Value| {
        let body = json!({ "repositoryName": "team/app", "policyText": policy.to_string() });
        ask(&sandbox, "SetRepositoryPolicy", &body)
    };
    let statement = |principal: &str, action: &str| json!({ "Statement": [{ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action }] });
    set(statement(TOOLING, "ecr:BatchGetImage")).unwrap();
    let mut with_resource = statement(TOOLING, "ecr:BatchGetImage");
    with_resource["Statement"][0]["Resource"] = "*".into();
    for bad in [with_resource, statement(TOOLING, "s3:GetObject"), statement("999999999999", "ecr:BatchGetImage")] {
        assert_eq!(set(bad).unwrap_err(), "InvalidParameterException");
    }
}

#[test]
fn a_lifecycle_policy_is_held_to_its_schema() {
    let sandbox = with_repository(json!({}));
    let put = |rules: Value| {
        let body =
            json!({ "repositoryName": "team/app", "lifecyclePolicyText": json!({ "rules": rules }).to_string() });
        ask(&sandbox, "PutLifecyclePolicy", &body).map(drop)
    };
    let rule = |priority: i64, selection: Value| json!({ "rulePriority": priority, "selection": selection, "action": { "type": "expire" } });
    let any = json!({ "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3 });
    let old =
        json!({ "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 3 });
    let mut tagged = old.clone();
    tagged["tagStatus"] = "tagged".into();
    let mut none = any.clone();
    none["countNumber"] = 0.into();
    let mut unitless = old.clone();
    unitless["countUnit"] = Value::Null;
    put(json!([rule(1, old.clone()), rule(2, any.clone())])).unwrap();
    for bad in [
        json!([rule(2, old.clone()), rule(1, any.clone())]),
        json!([rule(1, old.clone()), rule(1, any.clone())]),
        json!([rule(1, tagged)]),
        json!([rule(1, none)]),
        json!([rule(1, unitless)]),
        json!([rule(0, any)]),
        json!([]),
    ] {
        assert_eq!(put(bad.clone()).unwrap_err(), "InvalidParameterException", "{bad}");
    }
}

#[test]
fn each_account_and_region_has_a_registry_of_its_own() {
    let sandbox = with_repository(json!({ "tags": [{ "Key": "a", "Value": "b" }] }));
    let count =
        |client| ask_as(client, "DescribeRepositories", &json!({})).unwrap()["repositories"].as_array().unwrap().len();
    let own = Client::new(&sandbox, TOOLING);
    assert_eq!((count(own), count(own.at("eu-central-1")), count(Client::new(&sandbox, TENANT))), (1, 0, 0));
    let tagged = text(&own.tagging("GetResources", r#"{"ResourceTypeFilters":["ecr:repository"]}"#));
    assert!(tagged.contains("arn:aws:ecr:eu-west-1:111111111111:repository/team/app"), "{tagged}");
}
