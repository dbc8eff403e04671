use crate::front::Sandbox;
use crate::testing::{Client, TENANT, TOOLING, element, outcome, text};

const IN_IRELAND: &str =
    "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";

/// A sandbox of two accounts, and a bucket of the first.
fn with_bucket() -> Sandbox {
    let sandbox = Sandbox::in_memory(&[TOOLING, TENANT]);
    assert_eq!(outcome(&Client::new(&sandbox, TOOLING).s3("PUT /artifacts", &[], IN_IRELAND)).0, 200);
    sandbox
}

/// One request by the bucket's owner on a new bucket.
fn check(line: &str, body: &str, status: u16, code: &str) {
    let sandbox = with_bucket();
    let response = Client::new(&sandbox, TOOLING).s3(line, &[], body);
    assert_eq!(outcome(&response), (status, code.to_owned()), "{line} {body}\n{}", text(&response));
}

#[test]
fn a_bucket_goes_where_the_endpoint_is() {
    let sandbox = Sandbox::in_memory(&[]);
    let client = Client::new(&sandbox, TOOLING);
    let create = |client: Client<'_>, name: &str, region: &str| {
        let body = IN_IRELAND.replace("eu-west-1", region);
        outcome(&client.s3(&format!("PUT /{name}"), &[], if region.is_empty() { "" } else { &body }))
    };
    let refused = |code: &str| (400, code.to_owned());
    assert_eq!(create(client, "one", ""), refused("IllegalLocationConstraintException"));
    assert_eq!(create(client, "one", "eu-west-2"), refused("IllegalLocationConstraintException"));
    assert_eq!(create(client, "one", "moon"), refused("InvalidLocationConstraint"));
    assert_eq!(create(client, "one", "EU").0, 200);
    let first = client.at("us-east-1");
    assert_eq!(create(first, "two", "us-east-1"), refused("InvalidLocationConstraint"));
    assert_eq!(create(first, "two", "").0, 200);
    assert_eq!(create(first, "two", "").0, 200, "again in the first region");
    assert_eq!(create(client, "one", "eu-west-1"), (409, "BucketAlreadyOwnedByYou".to_owned()));
    assert_eq!(create(Client::new(&sandbox, TENANT), "one", "eu-west-1"), (409, "BucketAlreadyExists".to_owned()));
    assert_eq!(create(client, "Bad_Name", "eu-west-1"), refused("InvalidBucketName"));
}

#[test]
fn another_region_is_told_where_to_go() {
    let sandbox = with_bucket();
    let response = Client::new(&sandbox, TOOLING).at("eu-west-2").s3("GET /artifacts?versioning", &[], "");
    assert_eq!(outcome(&response), (301, "PermanentRedirect".to_owned()));
    assert_eq!(response.headers().get("x-amz-bucket-region").unwrap(), "eu-west-1");
    let head = Client::new(&sandbox, TOOLING).at("eu-west-2").s3("HEAD /artifacts", &[], "");
    assert_eq!((head.status().as_u16(), head.body().len()), (301, 0));
}

#[test]
fn a_new_bucket_has_awss_defaults() {
    let sandbox = with_bucket();
    let get = |what: &str| text(&Client::new(&sandbox, TOOLING).s3(&format!("GET /artifacts?{what}"), &[], ""));
    assert!(get("encryption").contains("<SSEAlgorithm>AES256</SSEAlgorithm>"));
    assert!(get("encryption").contains("<EncryptionType>SSE-C</EncryptionType>"));
    assert_eq!(get("publicAccessBlock").matches("true").count(), 4);
    assert!(get("ownershipControls").contains("BucketOwnerEnforced"));
    assert!(!get("versioning").contains("Status"));
    assert!(get("tagging").contains("NoSuchTagSet"));
    assert!(get("policy").contains("NoSuchBucketPolicy"));
    assert!(get("location").contains(">eu-west-1</LocationConstraint>"));
}

#[test]
fn settings_are_checked() {
    let encryption = |rule: &str| {
        format!("<ServerSideEncryptionConfiguration><Rule>{rule}</Rule></ServerSideEncryptionConfiguration>")
    };
    let default = |inner: &str| {
        encryption(&format!("<ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>"))
    };
    check("PUT /artifacts?encryption", &default("<SSEAlgorithm>aws:kms</SSEAlgorithm>"), 200, "");
    check("PUT /artifacts?encryption", &default("<SSEAlgorithm>rot13</SSEAlgorithm>"), 400, "MalformedXML");
    let key = "<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>";
    check("PUT /artifacts?encryption", &default(key), 400, "InvalidArgument");
    let dsse = default("<SSEAlgorithm>aws:kms:dsse</SSEAlgorithm>")
        .replace("</Rule>", "<BucketKeyEnabled>true</BucketKeyEnabled></Rule>");
    check("PUT /artifacts?encryption", &dsse, 400, "InvalidArgument");

    let versioning = |inner: &str| format!("<VersioningConfiguration>{inner}</VersioningConfiguration>");
    check("PUT /artifacts?versioning", &versioning("<Status>Enabled</Status>"), 200, "");
    check("PUT /artifacts?versioning", &versioning("<Status>On</Status>"), 400, "MalformedXML");
    check("PUT /artifacts?versioning", &versioning(""), 400, "IllegalVersioningConfigurationException");

    let block =
        "<PublicAccessBlockConfiguration><BlockPublicAcls>yes</BlockPublicAcls></PublicAccessBlockConfiguration>";
    check("PUT /artifacts?publicAccessBlock", block, 400, "MalformedXML");
    let ownership = "<OwnershipControls><Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule></OwnershipControls>";
    check("PUT /artifacts?ownershipControls", ownership, 400, "MalformedXML");
}

#[test]
fn tags_are_checked() {
    let tagging = |tags: &[(&str, &str)]| {
        let tags: String = tags.iter().map(|(k, v)| format!("<Tag><Key>{k}</Key><Value>{v}</Value></Tag>")).collect();
        format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")
    };
    check("PUT /artifacts?tagging", &tagging(&[("team", "platform"), ("empty", "")]), 204, "");
    check("PUT /artifacts?tagging", &tagging(&[("aws:x", "")]), 400, "InvalidTag");
    check("PUT /artifacts?tagging", &tagging(&[("a", "1"), ("a", "2")]), 400, "InvalidTag");
    check("PUT /artifacts?tagging", &tagging(&[("a", "ex{}")]), 400, "InvalidTag");
    check("PUT /artifacts?tagging", &tagging(&[(&"a".repeat(129), "")]), 400, "InvalidTag");
    check("PUT /artifacts?tagging", "<Tagging/>", 400, "MalformedXML");
}

fn policy(statement: &str) -> String {
    format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{{{statement}}}]}}")
}

const READ: &str = r#""Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::artifacts/*""#;

#[test]
fn policies_are_checked() {
    let check = |statement: &str, code: &str| {
        let status = if code.is_empty() {
            204
        } else if code == "AccessDenied" {
            403
        } else {
            400
        };
        check("PUT /artifacts?policy", &policy(statement), status, code);
    };
    check(READ, "");
    check(&READ.replace("artifacts", "others"), "MalformedPolicy");
    check(&READ.replace("s3:GetObject", "s3:GotObject"), "MalformedPolicy");
    check(&READ.replace("s3:GetObject", "s3:ListBucket"), "MalformedPolicy");
    check(&READ.replace("s3:GetObject", "s3:*"), "");
    check(&READ.replace("222222222222", "999999999999"), "MalformedPolicy");
    check(&READ.replace("222222222222", "arn:aws:iam::222222222222:role/gone"), "MalformedPolicy");
    check(&READ.replace(r#"{"AWS":"222222222222"}"#, r#""*""#), "AccessDenied");
    let from_one_vpc = r#""Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#;
    check(&format!("{},{from_one_vpc}", READ.replace(r#"{"AWS":"222222222222"}"#, r#""*""#)), "");
    check(&READ.replace(r#""Principal":{"AWS":"222222222222"},"#, ""), "MalformedPolicy");
    check(&format!("{READ},\"Sid\":\"{}\"", "x".repeat(20_480)), "PolicyTooLarge");
}

#[test]
fn other_accounts_come_in_by_the_policy_only() {
    let sandbox = with_bucket();
    let (owner, tenant) = (Client::new(&sandbox, TOOLING), Client::new(&sandbox, TENANT));
    owner.s3("PUT /artifacts/a", &[], "1");
    assert_eq!(outcome(&tenant.s3("GET /artifacts/a", &[], "")), (403, "AccessDenied".to_owned()));
    assert_eq!(owner.s3("PUT /artifacts?policy", &[], &policy(READ)).status(), 204);
    assert_eq!(text(&tenant.s3("GET /artifacts/a", &[], "")), "1");
    assert_eq!(tenant.s3("PUT /artifacts/a", &[], "2").status(), 403);
    let shown = text(&owner.s3("GET /artifacts?policy", &[], ""));
    assert!(shown.contains("arn:aws:iam::222222222222:root"), "{shown}");
    let deny = READ.replace("Allow", "Deny").replace(r#"{"AWS":"222222222222"}"#, r#""*""#);
    assert_eq!(owner.s3("PUT /artifacts?policy", &[], &policy(&deny)).status(), 204);
    assert_eq!(owner.s3("GET /artifacts/a", &[], "").status(), 403);
    assert_eq!(owner.s3("DELETE /artifacts?policy", &[], "").status(), 204);
    let expected = [("x-amz-expected-bucket-owner", TENANT)];
    assert_eq!(owner.s3("GET /artifacts?versioning", &expected, "").status(), 403);
}

#[test]
fn conditional_writes() {
    let sandbox = with_bucket();
    let client = Client::new(&sandbox, TOOLING);
    let put = |headers: &[(&str, &str)], body: &str| outcome(&client.s3("PUT /artifacts/lock", headers, body));
    assert_eq!(put(&[("if-match", "\"x\"")], "0"), (404, "NoSuchKey".to_owned()));
    assert_eq!(put(&[("if-none-match", "*")], "1").0, 200);
    assert_eq!(put(&[("if-none-match", "*")], "2"), (412, "PreconditionFailed".to_owned()));
    let head = client.s3("HEAD /artifacts/lock", &[], "");
    let etag = head.headers().get("etag").unwrap().to_str().unwrap();
    assert_eq!(put(&[("if-match", etag)], "2").0, 200);
    assert_eq!(put(&[("if-match", etag)], "3"), (412, "PreconditionFailed".to_owned()));
    assert_eq!(text(&client.s3("GET /artifacts/lock", &[], "")), "2");
    let md5 = [("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")];
    assert_eq!(put(&md5, "3"), (400, "BadDigest".to_owned()));
}

#[test]
fn versions_and_markers() {
    let sandbox = with_bucket();
    let client = Client::new(&sandbox, TOOLING);
    client.s3("PUT /artifacts/k", &[], "old");
    let set = |status: &str| {
        let body = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        assert_eq!(client.s3("PUT /artifacts?versioning", &[], &body).status(), 200);
    };
    set("Enabled");
    let written = client.s3("PUT /artifacts/k", &[], "new");
    let id = written.headers().get("x-amz-version-id").unwrap().to_str().unwrap();
    let gone = client.s3("DELETE /artifacts/k", &[], "");
    assert_eq!(gone.headers().get("x-amz-delete-marker").unwrap(), "true");
    assert_eq!(outcome(&client.s3("GET /artifacts/k", &[], "")), (404, "NoSuchKey".to_owned()));
    assert_eq!(text(&client.s3(&format!("GET /artifacts/k?versionId={id}"), &[], "")), "new");
    assert_eq!(text(&client.s3("GET /artifacts/k?versionId=null", &[], "")), "old");
    let listed = text(&client.s3("GET /artifacts?versions", &[], ""));
    assert_eq!((listed.matches("<Version>").count(), listed.matches("<DeleteMarker>").count()), (2, 1));
    assert_eq!(outcome(&client.s3("DELETE /artifacts", &[], "")), (409, "BucketNotEmpty".to_owned()));
    set("Suspended");
    client.s3("PUT /artifacts/k", &[], "newest");
    let listed = text(&client.s3("GET /artifacts?versions", &[], ""));
    assert_eq!(listed.matches("<Version>").count(), 2, "the null version was replaced");
}

#[test]
fn every_page_together_is_the_whole() {
    let sandbox = with_bucket();
    let client = Client::new(&sandbox, TOOLING);
    for key in ["a/1", "a/2", "b", "c/d/1", "c/e", "z"] {
        assert_eq!(client.s3(&format!("PUT /artifacts/{key}"), &[], "x").status(), 200);
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let line = format!("GET /artifacts?list-type=2&delimiter=/&max-keys=1{token}");
        let page = client.s3(&line, &[], "");
        found.push(element(&page, "Key").or_else(|| element(&page, "CommonPrefixes")).unwrap());
        match element(&page, "NextContinuationToken") {
            Some(next) => token = format!("&continuation-token={}", next.replace('=', "%3D")),
            None => break,
        }
    }
    assert_eq!(found, ["<Prefix>a/</Prefix>", "b", "<Prefix>c/</Prefix>", "z"]);
    let (mut count, mut marker) = (0, String::new());
    loop {
        let page = client.s3(&format!("GET /artifacts?versions&max-keys=1{marker}"), &[], "");
        count += text(&page).matches("<Version>").count();
        let Some(key) = element(&page, "NextKeyMarker") else { break };
        marker = format!("&key-marker={key}&version-id-marker={}", element(&page, "NextVersionIdMarker").unwrap());
    }
    assert_eq!(count, 6);
}

#[test]
fn buckets_are_paged_with_their_regions() {
    let sandbox = Sandbox::in_memory(&[]);
    let client = Client::new(&sandbox, TOOLING);
    for name in ["aaa", "bbb", "ccc"] {
        client.s3(&format!("PUT /{name}"), &[], IN_IRELAND);
    }
    assert!(!text(&client.s3("GET /", &[], "")).contains("BucketRegion"));
    let page = client.s3("GET /?max-buckets=2", &[], "");
    assert_eq!(text(&page).matches("<BucketRegion>eu-west-1<").count(), 2);
    let token = element(&page, "ContinuationToken").unwrap().replace('=', "%3D");
    let rest = client.s3(&format!("GET /?max-buckets=2&continuation-token={token}"), &[], "");
    assert_eq!(element(&rest, "Name").as_deref(), Some("ccc"));
    assert!(element(&rest, "ContinuationToken").is_none());
    assert!(!text(&Client::new(&sandbox, TENANT).s3("GET /", &[], "")).contains("<Name>"));
}

#[test]
fn tagged_buckets_are_found() {
    let sandbox = with_bucket();
    let client = Client::new(&sandbox, TOOLING);
    let tags = "<Tagging><TagSet><Tag><Key>trueup:project</Key><Value>saas</Value></Tag></TagSet></Tagging>";
    assert_eq!(client.s3("PUT /artifacts?tagging", &[], tags).status(), 204);
    let found =
        |client: Client<'_>, input: &str| text(&client.tagging("GetResources", input)).matches("ResourceARN").count();
    assert_eq!(found(client, "{}"), 1);
    assert_eq!(found(client, r#"{"TagFilters":[{"Key":"trueup:project","Values":["x","saas"]}]}"#), 1);
    assert_eq!(found(client, r#"{"TagFilters":[{"Key":"trueup:project","Values":["x"]}]}"#), 0);
    assert_eq!(found(client, r#"{"ResourceTypeFilters":["s3"]}"#), 1);
    assert_eq!(found(client, r#"{"ResourceTypeFilters":["kms:key"]}"#), 0);
    assert_eq!(found(client.at("eu-west-2"), "{}"), 0);
    assert_eq!(found(Client::new(&sandbox, TENANT), "{}"), 0);
    assert_eq!(client.tagging("GetResources", r#"{"ResourcesPerPage":101}"#).status(), 400);
}
