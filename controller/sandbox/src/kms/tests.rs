//! KMS through its front door: one call in, one reply out.

use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::call::{Call, Caller};
use crate::world::World;

const TOOLING: &str = "111111111111";
const TENANT: &str = "222222222222";

/// A world with two accounts, a caller and a clock.
struct Bench {
    world: World,
    account: &'static str,
    region: &'static str,
    now: OffsetDateTime,
}

impl Bench {
    fn new() -> Self {
        let mut world = World::default();
        world.register_account(TOOLING);
        world.register_account(TENANT);
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        Self { world, account: TOOLING, region: "eu-west-1", now }
    }

    fn call(&mut self, operation: &str, input: Value) -> Result<Value, (String, String)> {
        let mut headers = HeaderMap::new();
        let target = format!("TrentService.{operation}");
        headers.insert("x-amz-target", HeaderValue::from_str(&target).unwrap());
        let call = Call {
            caller: Caller {
                account: self.account.to_owned(),
                arn: format!("arn:aws:iam::{}:user/admin", self.account),
                user_id: "AIDAADMIN".to_owned(),
            },
            region: self.region.to_owned(),
            method: Method::POST,
            path: "/".to_owned(),
            query: Vec::new(),
            headers,
            body: input.to_string().into_bytes(),
            request_id: "request".to_owned(),
            now: self.now,
        };
        let reply = super::handle(&mut self.world, &call);
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        if reply.status == 200 {
            return Ok(body);
        }
        let code = body["__type"].as_str().unwrap().to_owned();
        assert!(reply.headers.contains(&("x-amzn-errortype", code.clone())));
        Err((code, body["message"].as_str().unwrap().to_owned()))
    }

    fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.call(operation, input).unwrap()
    }

    fn code(&mut self, operation: &str, input: Value) -> String {
        self.call(operation, input).unwrap_err().0
    }

    fn key(&mut self) -> String {
        self.key_of(json!({}))
    }

    fn key_of(&mut self, input: Value) -> String {
        self.ok("CreateKey", input)["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    }

    fn arn(&self, id: &str) -> String {
        format!("arn:aws:kms:{}:{}:key/{id}", self.region, self.account)
    }
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn policy(statements: Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn allow(principal: &str, action: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action, "Resource": "*" })
}

#[test]
fn a_new_key_has_the_documented_metadata() {
    let mut bench = Bench::new();
    let made = bench.ok("CreateKey", json!({ "Description": "artifacts" }));
    let mut metadata = made["KeyMetadata"].clone();
    let id = metadata["KeyId"].as_str().unwrap().to_owned();
    let material = metadata.as_object_mut().unwrap().remove("CurrentKeyMaterialId").unwrap();
    assert_eq!(material.as_str().unwrap().len(), 64);
    assert_eq!(
        metadata,
        json!({
            "AWSAccountId": TOOLING, "KeyId": id, "Arn": bench.arn(&id), "CreationDate": 1_800_000_000.0,
            "Enabled": true, "Description": "artifacts", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled",
            "Origin": "AWS_KMS", "KeyManager": "CUSTOMER", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT", "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": false
        })
    );
    let shown = bench.ok("GetKeyPolicy", json!({ "KeyId": id }));
    let expected = "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \
        \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \
        \"AWS\" : \"arn:aws:iam::111111111111:root\"\n    },\n    \"Action\" : \"kms:*\",\n    \
        \"Resource\" : \"*\"\n  } ]\n}";
    assert_eq!(shown, json!({ "Policy": expected, "PolicyName": "default" }));
}

#[test]
fn a_key_is_found_by_id_arn_alias_and_alias_arn() {
    let mut bench = Bench::new();
    let id = bench.key();
    bench.ok("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": bench.arn(&id) }));
    let alias_arn = "arn:aws:kms:eu-west-1:111111111111:alias/a";
    for name in [id.as_str(), &bench.arn(&id), "alias/a", alias_arn] {
        assert_eq!(bench.ok("DescribeKey", json!({ "KeyId": name }))["KeyMetadata"]["KeyId"], id);
        assert!(bench.world.accounts[TOOLING].kms["eu-west-1"].key_exists(name), "{name}");
    }
    let refused = |bench: &mut Bench, name: &str| bench.call("DescribeKey", json!({ "KeyId": name })).unwrap_err();
    assert_eq!(
        refused(&mut bench, "alias/b"),
        ("NotFoundException".to_owned(), "Alias arn:aws:kms:eu-west-1:111111111111:alias/b is not found.".to_owned())
    );
    assert_eq!(refused(&mut bench, "x").1, "Invalid keyId 'x'");
    assert_eq!(refused(&mut bench, "arn:aws:kms:x").0, "InvalidArnException");
    let absent = "11111111-1111-1111-1111-111111111111";
    assert_eq!(refused(&mut bench, absent).1, format!("Key '{}' does not exist", bench.arn(absent)));
    assert_eq!(bench.code("GetKeyPolicy", json!({ "KeyId": "alias/a" })), "NotFoundException");
    assert_eq!(bench.code("GetKeyPolicy", json!({ "KeyId": alias_arn })), "InvalidArnException");
    bench.region = "us-east-1";
    assert_eq!(bench.code("DescribeKey", json!({ "KeyId": id })), "NotFoundException");
}

#[test]
fn alias_names_are_checked_and_unique() {
    let mut bench = Bench::new();
    let (one, two) = (bench.key(), bench.key());
    let mut create = |name: &str| bench.call("CreateAlias", json!({ "AliasName": name, "TargetKeyId": one }));
    assert_eq!(create("a").unwrap_err().0, "ValidationException");
    assert_eq!(create("alias/").unwrap_err().0, "ValidationException");
    assert_eq!(create("alias/a:b").unwrap_err().0, "ValidationException");
    assert_eq!(create("alias/a b").unwrap_err().0, "ValidationException");
    assert_eq!(create(&format!("alias/{}", "a".repeat(251))).unwrap_err().0, "ValidationException");
    assert_eq!(create("alias/aws/mine").unwrap_err().0, "NotAuthorizedException");
    create("alias/a").unwrap();
    assert_eq!(
        create("alias/a").unwrap_err(),
        (
            "AlreadyExistsException".to_owned(),
            "An alias with the name arn:aws:kms:eu-west-1:111111111111:alias/a already exists".to_owned()
        )
    );
    bench.ok("UpdateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": two }));
    let listed = bench.ok("ListAliases", json!({ "KeyId": two }));
    assert_eq!(listed["Aliases"][0]["TargetKeyId"], two);
    let mac = bench.key_of(json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }));
    assert_eq!(bench.code("UpdateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": mac })), "ValidationException");
    bench.ok("DeleteAlias", json!({ "AliasName": "alias/a" }));
    assert_eq!(bench.code("DeleteAlias", json!({ "AliasName": "alias/a" })), "NotFoundException");
}

#[test]
fn predefined_aliases_get_their_key_on_first_use() {
    let mut bench = Bench::new();
    let alias = |bench: &mut Bench| {
        let listed = bench.ok("ListAliases", json!({}))["Aliases"].clone();
        listed.as_array().unwrap().iter().find(|alias| alias["AliasName"] == "alias/aws/s3").unwrap().clone()
    };
    assert!(alias(&mut bench).get("TargetKeyId").is_none());
    let made = bench.ok("DescribeKey", json!({ "KeyId": "alias/aws/s3" }));
    assert_eq!(made["KeyMetadata"]["KeyManager"], "AWS");
    assert_eq!(alias(&mut bench)["TargetKeyId"], made["KeyMetadata"]["KeyId"]);
    let id = &made["KeyMetadata"]["KeyId"];
    assert_eq!(bench.code("ScheduleKeyDeletion", json!({ "KeyId": id })), "AccessDeniedException");
    assert_eq!(bench.ok("GetKeyRotationStatus", json!({ "KeyId": id }))["KeyRotationEnabled"], true);
    assert!(bench.world.accounts[TOOLING].kms["eu-west-1"].tagged().is_empty());
}

#[test]
fn a_key_policy_is_checked_before_it_is_stored() {
    let mut bench = Bench::new();
    let id = bench.key();
    let put = |bench: &mut Bench, text: String| bench.call("PutKeyPolicy", json!({ "KeyId": id, "Policy": text }));
    let malformed = "MalformedPolicyDocumentException";
    assert_eq!(put(&mut bench, "{".to_owned()).unwrap_err().0, malformed);
    let stranger = policy(json!([allow(&root(TOOLING), "kms:*"), allow("arn:aws:iam::222222222222:role/no", "kms:*")]));
    assert_eq!(
        put(&mut bench, stranger).unwrap_err(),
        (malformed.to_owned(), "Policy contains a statement with one or more invalid principals.".to_owned())
    );
    let locked = policy(json!([allow(&root(TENANT), "kms:*")]));
    assert_eq!(
        put(&mut bench, locked.clone()).unwrap_err().1,
        "The new key policy will not allow you to update the key policy in the future."
    );
    let long =
        policy(json!([allow(&root(TOOLING), "kms:*"), allow(&root(TOOLING), &format!("kms:{}", "a".repeat(32_768)))]));
    assert_eq!(put(&mut bench, long).unwrap_err().0, "LimitExceededException");
    let forced = json!({ "KeyId": id, "Policy": locked, "BypassPolicyLockoutSafetyCheck": true });
    bench.ok("PutKeyPolicy", forced);
    assert_eq!(bench.code("DescribeKey", json!({ "KeyId": id })), "AccessDeniedException");
    assert_eq!(bench.code("CreateKey", json!({ "Policy": policy(json!([allow(&root(TENANT), "kms:*")])) })), malformed);
}

#[test]
fn another_account_needs_the_key_policy() {
    let mut bench = Bench::new();
    let text = policy(json!([allow(&root(TOOLING), "kms:*"), allow(TENANT, "kms:De*")]));
    let (open, shut) = (bench.key_of(json!({ "Policy": text })), bench.key());
    let (open_arn, shut_arn) = (bench.arn(&open), bench.arn(&shut));
    let absent = bench.arn("11111111-1111-1111-1111-111111111111");
    let sealed = bench.ok("Encrypt", json!({ "KeyId": open, "Plaintext": "aGk=" }));
    bench.account = TENANT;
    assert_eq!(bench.ok("DescribeKey", json!({ "KeyId": open_arn }))["KeyMetadata"]["AWSAccountId"], TOOLING);
    assert_eq!(bench.ok("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] }))["Plaintext"], "aGk=");
    for arn in [shut_arn, absent] {
        assert_eq!(bench.code("DescribeKey", json!({ "KeyId": arn })), "AccessDeniedException");
    }
    assert_eq!(bench.code("DescribeKey", json!({ "KeyId": open })), "NotFoundException");
    assert_eq!(bench.code("Encrypt", json!({ "KeyId": open_arn, "Plaintext": "aGk=" })), "AccessDeniedException");
    assert_eq!(bench.code("GetKeyPolicy", json!({ "KeyId": open_arn })), "AccessDeniedException");
}

#[test]
fn conditions_and_denials_count() {
    let mut bench = Bench::new();
    let mut guarded = allow("*", "kms:DescribeKey");
    guarded["Condition"] =
        json!({ "StringEquals": { "kms:CallerAccount": TENANT }, "Null": { "kms:ViaService": "true" } });
    let mut denied = allow("*", "kms:DescribeKey");
    denied["Effect"] = json!("Deny");
    denied["Condition"] = json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:user/admin" } });
    let text = policy(json!([allow(&root(TOOLING), "kms:*"), guarded, denied.clone()]));
    let key = bench.key_of(json!({ "Policy": text }));
    let arn = bench.arn(&key);
    bench.account = TENANT;
    bench.ok("DescribeKey", json!({ "KeyId": arn }));
    bench.account = TOOLING;
    denied["Condition"] = json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:user/adm?n" } });
    let text = policy(json!([allow(&root(TOOLING), "kms:*"), denied]));
    bench.ok("PutKeyPolicy", json!({ "KeyId": key, "Policy": text }));
    let (code, message) = bench.call("DescribeKey", json!({ "KeyId": arn })).unwrap_err();
    assert_eq!(code, "AccessDeniedException");
    assert!(message.ends_with("with an explicit deny in a resource-based policy"), "{message}");
}

#[test]
fn rotation_follows_its_period() {
    let mut bench = Bench::new();
    let id = bench.key();
    let status = |bench: &mut Bench| bench.ok("GetKeyRotationStatus", json!({ "KeyId": id }));
    assert_eq!(status(&mut bench), json!({ "KeyId": id, "KeyRotationEnabled": false }));
    bench.ok("EnableKeyRotation", json!({ "KeyId": id }));
    let day = 86_400.0;
    assert_eq!(status(&mut bench)["NextRotationDate"], json!(1_800_000_000.0 + 365.0 * day));
    bench.ok("EnableKeyRotation", json!({ "KeyId": id, "RotationPeriodInDays": 90 }));
    assert_eq!(
        status(&mut bench),
        json!({
            "KeyId": id, "KeyRotationEnabled": true, "RotationPeriodInDays": 90,
            "NextRotationDate": 1_800_000_000.0 + 90.0 * day
        })
    );
    for days in [89, 2561] {
        let code = bench.code("EnableKeyRotation", json!({ "KeyId": id, "RotationPeriodInDays": days }));
        assert_eq!(code, "ValidationException");
    }
    let before = bench.ok("DescribeKey", json!({ "KeyId": id }))["KeyMetadata"]["CurrentKeyMaterialId"].clone();
    bench.now += Duration::days(91);
    bench.ok("RotateKeyOnDemand", json!({ "KeyId": id }));
    let rotations = bench.ok("ListKeyRotations", json!({ "KeyId": id }))["Rotations"].clone();
    let sorts: Vec<_> = rotations.as_array().unwrap().iter().map(|entry| entry["RotationType"].clone()).collect();
    assert_eq!(sorts, ["AUTOMATIC", "ON_DEMAND"]);
    let all = bench.ok("ListKeyRotations", json!({ "KeyId": id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" }));
    assert_eq!(all["Rotations"][0]["KeyMaterialId"], before);
    bench.ok("DisableKeyRotation", json!({ "KeyId": id }));
    assert_eq!(status(&mut bench)["KeyRotationEnabled"], false);
    let rsa = bench.key_of(json!({ "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY" }));
    assert_eq!(bench.code("EnableKeyRotation", json!({ "KeyId": rsa })), "UnsupportedOperationException");
}

#[test]
fn deletion_waits_can_be_cancelled_and_takes_the_aliases_with_it() {
    let mut bench = Bench::new();
    let id = bench.key_of(json!({ "Tags": [{ "TagKey": "team", "TagValue": "platform" }] }));
    bench.ok("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": id }));
    assert_eq!(bench.code("CancelKeyDeletion", json!({ "KeyId": id })), "KMSInvalidStateException");
    for days in [6, 31] {
        let input = json!({ "KeyId": id, "PendingWindowInDays": days });
        assert_eq!(bench.code("ScheduleKeyDeletion", input), "ValidationException");
    }
    let reply = bench.ok("ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    let date = 1_800_000_000.0 + 7.0 * 86_400.0;
    assert_eq!(
        reply,
        json!({ "KeyId": bench.arn(&id), "KeyState": "PendingDeletion", "PendingWindowInDays": 7, "DeletionDate": date })
    );
    for operation in ["ScheduleKeyDeletion", "EnableKey", "DisableKey", "EnableKeyRotation"] {
        let (code, message) = bench.call(operation, json!({ "KeyId": id })).unwrap_err();
        assert_eq!(
            (code.as_str(), message),
            ("KMSInvalidStateException", format!("{} is pending deletion.", bench.arn(&id)))
        );
    }
    assert_eq!(bench.world.accounts[TOOLING].kms["eu-west-1"].tagged().len(), 1);
    bench.ok("CancelKeyDeletion", json!({ "KeyId": id }));
    assert_eq!(bench.ok("DescribeKey", json!({ "KeyId": id }))["KeyMetadata"]["KeyState"], "Disabled");
    assert_eq!(bench.code("Encrypt", json!({ "KeyId": id, "Plaintext": "aGk=" })), "DisabledException");
    bench.ok("ScheduleKeyDeletion", json!({ "KeyId": id }));
    bench.now += Duration::days(31);
    assert_eq!(bench.code("DescribeKey", json!({ "KeyId": id })), "NotFoundException");
    assert_eq!(bench.code("DescribeKey", json!({ "KeyId": "alias/a" })), "NotFoundException");
}

#[test]
fn tags_are_checked_and_paged() {
    let mut bench = Bench::new();
    let id = bench.key();
    let tag = |name: String| json!({ "TagKey": name, "TagValue": "v" });
    let tags: Vec<Value> = (0..50).map(|n| tag(format!("t{n:02}"))).collect();
    bench.ok("TagResource", json!({ "KeyId": id, "Tags": tags }));
    let first = bench.ok("ListResourceTags", json!({ "KeyId": id, "Limit": 30 }));
    assert_eq!((first["Tags"].as_array().unwrap().len(), &first["Truncated"]), (30, &json!(true)));
    let rest = bench.ok("ListResourceTags", json!({ "KeyId": id, "Limit": 30, "Marker": first["NextMarker"] }));
    assert_eq!(rest["Tags"].as_array().unwrap().len(), 20);
    assert_eq!((rest.get("NextMarker"), &rest["Truncated"]), (None, &json!(false)));
    let mut refused = |tags: Value| bench.code("TagResource", json!({ "KeyId": id, "Tags": tags }));
    assert_eq!(refused(json!([tag("t50".to_owned())])), "LimitExceededException");
    assert_eq!(refused(json!([tag("aws:x".to_owned())])), "TagException");
    assert_eq!(refused(json!([tag("a".to_owned()), tag("a".to_owned())])), "TagException");
    assert_eq!(refused(json!([tag("a*".to_owned())])), "TagException");
    assert_eq!(refused(json!([tag("a".repeat(129))])), "ValidationException");
    bench.ok("UntagResource", json!({ "KeyId": id, "TagKeys": ["t00", "never"] }));
    assert_eq!(bench.ok("ListResourceTags", json!({ "KeyId": id }))["Tags"].as_array().unwrap().len(), 49);
    assert_eq!(bench.code("ListResourceTags", json!({ "KeyId": id, "Marker": "%" })), "InvalidMarkerException");
}

#[test]
fn a_primary_key_outlives_its_replicas() {
    let mut bench = Bench::new();
    let id = bench.key_of(json!({ "MultiRegion": true }));
    assert!(id.starts_with("mrk-"));
    let sealed = bench.ok("Encrypt", json!({ "KeyId": id, "Plaintext": "aGk=" }));
    let made = bench.ok("ReplicateKey", json!({ "KeyId": id, "ReplicaRegion": "us-east-1" }));
    assert_eq!(made["ReplicaKeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"], "REPLICA");
    let again = bench.code("ReplicateKey", json!({ "KeyId": id, "ReplicaRegion": "us-east-1" }));
    assert_eq!(again, "AlreadyExistsException");
    bench.region = "us-east-1";
    assert_eq!(bench.ok("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] }))["Plaintext"], "aGk=");
    assert_eq!(bench.code("EnableKeyRotation", json!({ "KeyId": id })), "UnsupportedOperationException");
    bench.region = "eu-west-1";
    let reply = bench.ok("ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    assert_eq!((&reply["KeyState"], reply.get("DeletionDate")), (&json!("PendingReplicaDeletion"), None));
    bench.region = "us-east-1";
    bench.ok("ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 }));
    bench.region = "eu-west-1";
    bench.now += Duration::days(8);
    assert_eq!(bench.ok("DescribeKey", json!({ "KeyId": id }))["KeyMetadata"]["KeyState"], "PendingDeletion");
    bench.now += Duration::days(8);
    assert_eq!(bench.code("DescribeKey", json!({ "KeyId": id })), "NotFoundException");
}

#[test]
fn a_ciphertext_knows_its_key_and_context() {
    let mut bench = Bench::new();
    let (one, two) = (bench.key(), bench.key());
    let context = json!({ "purpose": "test" });
    let sealed = bench.ok("Encrypt", json!({ "KeyId": one, "Plaintext": "aGk=", "EncryptionContext": context }));
    let blob = &sealed["CiphertextBlob"];
    let opened = bench.ok("Decrypt", json!({ "CiphertextBlob": blob, "EncryptionContext": context, "KeyId": one }));
    assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!("aGk="), &json!(bench.arn(&one))));
    assert_eq!(bench.code("Decrypt", json!({ "CiphertextBlob": blob })), "InvalidCiphertextException");
    assert_eq!(bench.code("Decrypt", json!({ "CiphertextBlob": "aGk=" })), "InvalidCiphertextException");
    let wrong = json!({ "CiphertextBlob": blob, "EncryptionContext": context, "KeyId": two });
    assert_eq!(bench.code("Decrypt", wrong), "IncorrectKeyException");
    let data_key = bench.ok("GenerateDataKey", json!({ "KeyId": one, "KeySpec": "AES_256" }));
    let opened = bench.ok("Decrypt", json!({ "CiphertextBlob": data_key["CiphertextBlob"] }));
    assert_eq!(opened["Plaintext"], data_key["Plaintext"]);
    assert_eq!(bench.code("GenerateDataKey", json!({ "KeyId": one })), "ValidationException");
}

#[test]
fn grants_let_in_until_they_are_revoked() {
    let mut bench = Bench::new();
    let id = bench.key();
    let arn = bench.arn(&id);
    let input = json!({ "KeyId": id, "GranteePrincipal": root(TENANT), "Operations": ["DescribeKey"], "Name": "look" });
    let grant = bench.ok("CreateGrant", input.clone());
    assert_eq!(bench.ok("CreateGrant", input)["GrantId"], grant["GrantId"]);
    assert_eq!(bench.ok("ListGrants", json!({ "KeyId": id }))["Grants"][0]["GranteePrincipal"], root(TENANT));
    bench.account = TENANT;
    bench.ok("DescribeKey", json!({ "KeyId": arn }));
    bench.account = TOOLING;
    bench.ok("RevokeGrant", json!({ "KeyId": id, "GrantId": grant["GrantId"] }));
    bench.account = TENANT;
    assert_eq!(bench.code("DescribeKey", json!({ "KeyId": arn })), "AccessDeniedException");
    bench.account = TOOLING;
    let unknown =
        json!({ "KeyId": id, "GranteePrincipal": "arn:aws:iam::222222222222:role/no", "Operations": ["Decrypt"] });
    assert_eq!(bench.code("CreateGrant", unknown), "InvalidArnException");
}

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>.
#[test]
fn a_grant_holds_within_its_constraints() {
    let mut bench = Bench::new();
    let id = bench.key();
    let arn = bench.arn(&id);
    let grant = json!({
        "KeyId": id, "GranteePrincipal": root(TENANT), "Operations": ["Encrypt", "DescribeKey"],
        "Constraints": { "EncryptionContextSubset": { "Team": "a" } },
    });
    bench.ok("CreateGrant", grant);
    bench.account = TENANT;
    let encrypt = |context: Value| json!({ "KeyId": arn, "Plaintext": "eA==", "EncryptionContext": context });
    bench.ok("DescribeKey", json!({ "KeyId": arn }));
    bench.ok("Encrypt", encrypt(json!({ "team": "a", "more": "b" })));
    assert_eq!(bench.code("Encrypt", encrypt(json!({ "team": "A" }))), "AccessDeniedException");
    assert_eq!(bench.code("Encrypt", encrypt(json!({}))), "AccessDeniedException");
}

/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>.
#[test]
fn a_grant_must_make_sense() {
    let mut bench = Bench::new();
    let id = bench.key();
    let mac = bench.ok("CreateKey", json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }));
    let mac = mac["KeyMetadata"]["KeyId"].clone();
    let of = |more: Value| {
        let mut grant = json!({ "KeyId": id, "GranteePrincipal": root(TENANT), "Operations": ["Decrypt"] });
        grant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        grant
    };
    let context = json!({ "EncryptionContextEquals": { "a": "b" } });
    let service = json!({ "GranteePrincipal": null, "GranteeServicePrincipal": "rds.amazonaws.com" });
    for wrong in [
        json!({ "GranteePrincipal": null }),
        json!({ "GranteeServicePrincipal": "rds.amazonaws.com" }),
        json!({ "Operations": ["Sign"] }),
        json!({ "Name": "with space" }),
        json!({ "Constraints": { "EncryptionContextEquals": { "a": "b".repeat(385) } } }),
        json!({ "Constraints": { "Other": "x" } }),
        json!({ "KeyId": mac, "Operations": ["GenerateMac"], "Constraints": context }),
        service.clone(),
    ] {
        assert_eq!(bench.code("CreateGrant", of(wrong.clone())), "ValidationException", "{wrong}");
    }
    bench.ok("CreateGrant", of(json!({ "KeyId": mac, "Operations": ["GenerateMac", "DescribeKey"] })));
    let mut service = of(service);
    service["Constraints"] = json!({ "SourceArn": "arn:aws:rds:eu-west-1:111111111111:db:one" });
    service["RetiringServicePrincipal"] = json!("rds.amazonaws.com");
    bench.ok("CreateGrant", service);
    let shown = bench.ok("ListGrants", json!({ "KeyId": id }));
    assert_eq!(shown["Grants"][0]["GranteeServicePrincipal"], "rds.amazonaws.com");
    assert_eq!(shown["Grants"][0]["RetiringServicePrincipal"], "rds.amazonaws.com");
    bench.ok("DisableKey", json!({ "KeyId": id }));
    assert_eq!(bench.code("CreateGrant", of(json!({}))), "DisabledException");
}

#[test]
fn every_spec_makes_a_key_for_its_usages() {
    let mut bench = Bench::new();
    for (spec, usage) in [
        ("ML_DSA_65", "SIGN_VERIFY"),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
        ("ECC_NIST_P384", "KEY_AGREEMENT"),
    ] {
        let made = bench.ok("CreateKey", json!({ "KeySpec": spec, "KeyUsage": usage }));
        assert_eq!(made["KeyMetadata"]["KeyUsage"], usage);
    }
    let wrong = json!({ "KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "KEY_AGREEMENT" });
    assert_eq!(bench.code("CreateKey", wrong), "ValidationException");
    let elsewhere = json!({ "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" });
    assert_eq!(bench.code("CreateKey", elsewhere), "UnsupportedOperationException");
}

#[test]
fn bad_bodies_are_refused_and_nothing_panics() {
    let mut bench = Bench::new();
    assert_eq!(bench.code("DescribeKey", json!({})), "ValidationException");
    assert_eq!(bench.code("DescribeKey", json!({ "KeyId": 1 })), "SerializationException");
    assert_eq!(bench.code("DescribeKey", json!([])), "SerializationException");
    assert_eq!(bench.code("Nonsense", json!({})), "UnknownOperationException");
    assert_eq!(bench.code("CreateKey", json!({ "KeySpec": "RSA_2048" })), "ValidationException");
    assert_eq!(bench.code("CreateKey", json!({ "KeySpec": "DES" })), "ValidationException");
    for text in ["", "arn:", "arn:aws:kms:eu-west-1:111111111111:", "----", "mrk-", "alias/", "é-é-é-é-é"] {
        assert!(bench.call("DescribeKey", json!({ "KeyId": text })).is_err(), "{text}");
    }
}
