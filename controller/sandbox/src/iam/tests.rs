use time::OffsetDateTime;

use super::handle;
use crate::call::{Call, Caller};
use crate::world::World;

const ACCOUNT: &str = "111111111111";
const OTHER: &str = "222222222222";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

/// A world and the calls one makes into it.
struct Bench(World);

impl Bench {
    fn new() -> Self {
        Self(World::default())
    }

    /// Makes a call in an account; the status and the body.
    fn call_in(&mut self, account: &str, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
        let mut form = vec![("Action", action), ("Version", "2010-05-08")];
        form.extend_from_slice(parameters);
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> =
            form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let call = Call {
            caller: Caller {
                account: account.to_owned(),
                arn: format!("arn:aws:iam::{account}:root"),
                user_id: account.to_owned(),
            },
            region: "us-east-1".to_owned(),
            method: http::Method::POST,
            path: "/".to_owned(),
            query: Vec::new(),
            headers: http::HeaderMap::new(),
            body: pairs.join("&").into_bytes(),
            request_id: "r".to_owned(),
            now: OffsetDateTime::UNIX_EPOCH,
        };
        let reply = handle(&mut self.0, &call);
        (reply.status, String::from_utf8(reply.body).unwrap())
    }

    /// Makes a call that has to succeed; its body.
    fn ok(&mut self, action: &str, parameters: &[(&str, &str)]) -> String {
        let (status, body) = self.call_in(ACCOUNT, action, parameters);
        assert_eq!(status, 200, "{action}: {body}");
        body
    }

    /// Makes a call that has to fail; its code and message.
    fn err(&mut self, action: &str, parameters: &[(&str, &str)]) -> (String, String) {
        let (status, body) = self.call_in(ACCOUNT, action, parameters);
        assert_ne!(status, 200, "{action}: {body}");
        (text(&body, "Code"), text(&body, "Message"))
    }

    /// Makes a call that has to fail; its code.
    fn code(&mut self, action: &str, parameters: &[(&str, &str)]) -> String {
        self.err(action, parameters).0
    }

    fn role(&mut self, name: &str) -> String {
        self.ok("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", TRUST)])
    }
}

/// The text of the first element of a name.
fn text(xml: &str, tag: &str) -> String {
    texts(xml, tag).into_iter().next().unwrap_or_default()
}

/// The texts of all elements of a name, with the entities of XML resolved.
fn texts(xml: &str, tag: &str) -> Vec<String> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let pieces = xml.split(&open).skip(1);
    let inner = pieces.map(|piece| piece.split(&close).next().unwrap());
    inner
        .map(|text| text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        .collect()
}

fn document(xml: &str, tag: &str) -> serde_json::Value {
    let encoded = text(xml, tag);
    assert!(encoded.starts_with("%7B"), "{encoded}");
    serde_json::from_str(&percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap()).unwrap()
}

#[test]
fn a_role_comes_back_as_it_was_made() {
    let mut bench = Bench::new();
    let created = bench.ok(
        "CreateRole",
        &[
            ("RoleName", "deployer"),
            ("Path", "/delivery/"),
            ("AssumeRolePolicyDocument", TRUST),
            ("Description", "a <b> & c"),
            ("MaxSessionDuration", "7200"),
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "platform"),
        ],
    );
    assert!(created.starts_with(
        "<CreateRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><CreateRoleResult><Role>"
    ));
    assert!(created.ends_with("<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></CreateRoleResponse>"));
    let id = text(&created, "RoleId");
    assert!(id.starts_with("AROA") && id.len() == 21, "{id}");
    assert_eq!(text(&created, "CreateDate"), "1970-01-01T00:00:00Z");

    let role = bench.ok("GetRole", &[("RoleName", "deployer")]);
    assert_eq!(text(&role, "Arn"), "arn:aws:iam::111111111111:role/delivery/deployer");
    assert_eq!(text(&role, "Description"), "a <b> & c");
    assert_eq!(text(&role, "MaxSessionDuration"), "7200");
    assert_eq!((text(&role, "Key"), text(&role, "Value")), ("team".to_owned(), "platform".to_owned()));
    assert_eq!(document(&role, "AssumeRolePolicyDocument"), serde_json::from_str::<serde_json::Value>(TRUST).unwrap());

    let listed = bench.ok("ListRoles", &[("PathPrefix", "/delivery")]);
    assert_eq!(texts(&listed, "RoleName"), ["deployer"]);
    assert!(listed.contains("<Description>") && !listed.contains("<Tags>") && !listed.contains("RoleLastUsed"));
    assert_eq!(texts(&bench.ok("ListRoles", &[("PathPrefix", "/other/")]), "RoleName").len(), 0);

    let details = bench.ok("GetAccountAuthorizationDetails", &[("Filter.member.1", "Role")]);
    assert!(
        details.contains("<Tags>") && !details.contains("<Description>") && !details.contains("MaxSessionDuration")
    );
    assert_eq!(text(&details, "IsTruncated"), "false");
}

#[test]
fn names_are_checked_and_unique_without_case() {
    let mut bench = Bench::new();
    bench.role("Deployer");
    let (code, message) = bench.err("CreateRole", &[("RoleName", "deployer"), ("AssumeRolePolicyDocument", TRUST)]);
    assert_eq!((code.as_str(), message.as_str()), ("EntityAlreadyExists", "Role with name deployer already exists."));
    assert_eq!(bench.code("GetRole", &[("RoleName", "deployer")]), "NoSuchEntity");
    let long = "x".repeat(65);
    for (parameters, part) in [
        (&[("RoleName", "a b")] as &[_], "must contain only alphanumeric"),
        (&[("RoleName", long.as_str())], "have length less than or equal to 64"),
        (&[], "Value null at 'roleName' failed"),
        (&[("RoleName", "r"), ("Path", "x/")], "must begin and end with /"),
        (&[("RoleName", "r"), ("MaxSessionDuration", "100")], "greater than or equal to 3600"),
        (&[("RoleName", "r"), ("MaxSessionDuration", "43201")], "less than or equal to 43200"),
        (&[("RoleName", "r"), ("Description", "\u{7f}")], "regular expression pattern"),
        (&[("RoleName", "r")], "Value null at 'assumeRolePolicyDocument' failed"),
    ] {
        let (code, message) = bench.err("CreateRole", parameters);
        assert!(code == "ValidationError" && message.contains(part), "{code} {message}");
    }
}

#[test]
fn a_trust_names_only_who_exists_and_keeps_to_that_one() {
    let mut bench = Bench::new();
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/first");
    let trust = TRUST.replace(r#""Service":"ec2.amazonaws.com""#, &format!(r#""AWS":"{arn}""#));
    let create = [("RoleName", "second"), ("AssumeRolePolicyDocument", trust.as_str())];
    let (code, message) = bench.err("CreateRole", &create);
    assert_eq!(code, "MalformedPolicyDocument");
    assert_eq!(message, format!("Invalid principal in policy: \"AWS\":\"{arn}\""));

    let id = text(&bench.role("first"), "RoleId");
    bench.ok("CreateRole", &create);
    let principal = |role: &str| document(role, "AssumeRolePolicyDocument")["Statement"][0]["Principal"]["AWS"].clone();
    assert_eq!(principal(&bench.ok("GetRole", &[("RoleName", "second")])), arn.as_str());

    bench.ok("DeleteRole", &[("RoleName", "first")]);
    assert_eq!(principal(&bench.ok("GetRole", &[("RoleName", "second")])), id.as_str());
    bench.role("first");
    assert_eq!(principal(&bench.ok("GetRole", &[("RoleName", "second")])), id.as_str());

    let account = TRUST.replace(r#""Service":"ec2.amazonaws.com""#, &format!(r#""AWS":"{OTHER}""#));
    let update = [("RoleName", "second"), ("PolicyDocument", account.as_str())];
    assert_eq!(bench.code("UpdateAssumeRolePolicy", &update), "MalformedPolicyDocument");
    bench.0.account(OTHER);
    bench.ok("UpdateAssumeRolePolicy", &update);
    let shown = principal(&bench.ok("GetRole", &[("RoleName", "second")]));
    assert_eq!(shown, format!("arn:aws:iam::{OTHER}:root"));
}

#[test]
fn a_role_goes_only_when_nothing_hangs_on_it() {
    let mut bench = Bench::new();
    bench.role("r");
    let policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let role = ("RoleName", "r");
    let profile = ("InstanceProfileName", "p");
    bench.ok("AttachRolePolicy", &[role, ("PolicyArn", policy)]);
    bench.ok("PutRolePolicy", &[role, ("PolicyName", "i"), ("PolicyDocument", ALLOW)]);
    bench.ok("CreateInstanceProfile", &[profile]);
    bench.ok("AddRoleToInstanceProfile", &[profile, role]);
    assert_eq!(bench.code("AddRoleToInstanceProfile", &[profile, role]), "LimitExceeded");
    assert_eq!(texts(&bench.ok("ListInstanceProfilesForRole", &[role]), "InstanceProfileName"), ["p"]);

    assert!(bench.err("DeleteRole", &[role]).1.contains("detach all policies"));
    bench.ok("DetachRolePolicy", &[role, ("PolicyArn", policy)]);
    assert_eq!(bench.code("DetachRolePolicy", &[role, ("PolicyArn", policy)]), "NoSuchEntity");
    assert!(bench.err("DeleteRole", &[role]).1.contains("delete policies first"));
    bench.ok("DeleteRolePolicy", &[role, ("PolicyName", "i")]);
    assert_eq!(bench.code("DeleteRolePolicy", &[role, ("PolicyName", "i")]), "NoSuchEntity");
    assert_eq!(bench.code("DeleteRole", &[role]), "DeleteConflict");
    assert_eq!(bench.code("DeleteInstanceProfile", &[profile]), "DeleteConflict");
    bench.ok("RemoveRoleFromInstanceProfile", &[profile, role]);
    bench.ok("DeleteInstanceProfile", &[profile]);
    assert!(!bench.ok("DeleteRole", &[role]).contains("Result"));
    assert_eq!(bench.code("GetRole", &[role]), "NoSuchEntity");
}

#[test]
fn inline_policies_come_back_word_for_word_and_have_a_size() {
    let mut bench = Bench::new();
    bench.role("r");
    let spaced = ALLOW.replace(',', " ,\n ");
    let role = ("RoleName", "r");
    bench.ok("PutRolePolicy", &[role, ("PolicyName", "a"), ("PolicyDocument", &spaced)]);
    let got = bench.ok("GetRolePolicy", &[role, ("PolicyName", "a")]);
    let decoded = text(&got, "PolicyDocument");
    assert_eq!(percent_encoding::percent_decode_str(&decoded).decode_utf8().unwrap(), spaced);

    let filler: Vec<String> = (0..170).map(|n| format!("\"arn:aws:s3:::bucket-{n:04}/prefix/*\"")).collect();
    let large = ALLOW.replace("\"*\"", &format!("[{}]", filler.join(",\n      ")));
    bench.ok("PutRolePolicy", &[role, ("PolicyName", "b"), ("PolicyDocument", &large)]);
    let (code, message) = bench.err("PutRolePolicy", &[role, ("PolicyName", "c"), ("PolicyDocument", &large)]);
    assert_eq!(code, "LimitExceeded");
    assert_eq!(message, "Maximum policy size of 10240 bytes exceeded for role r");
    bench.ok("PutRolePolicy", &[role, ("PolicyName", "b"), ("PolicyDocument", &large)]);
    assert_eq!(texts(&bench.ok("ListRolePolicies", &[role]), "member"), ["a", "b"]);
    assert_eq!(
        bench.code("PutRolePolicy", &[role, ("PolicyName", "x"), ("PolicyDocument", "{")]),
        "MalformedPolicyDocument"
    );
}

#[test]
fn a_policy_has_five_versions_at_most() {
    let mut bench = Bench::new();
    let created = bench.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW), ("Description", "d")]);
    assert!(!created.contains("<Description>"));
    let arn = text(&created, "Arn");
    let policy = ("PolicyArn", arn.as_str());
    assert_eq!(text(&bench.ok("GetPolicy", &[policy]), "Description"), "d");
    for number in 2..=5 {
        let made = bench.ok("CreatePolicyVersion", &[policy, ("PolicyDocument", ALLOW), ("SetAsDefault", "true")]);
        assert_eq!(text(&made, "VersionId"), format!("v{number}"));
    }
    let version = [policy, ("PolicyDocument", ALLOW)];
    assert_eq!(bench.code("CreatePolicyVersion", &version), "LimitExceeded");
    assert_eq!(bench.code("DeletePolicyVersion", &[policy, ("VersionId", "v5")]), "DeleteConflict");
    assert_eq!(bench.code("DeletePolicyVersion", &[policy, ("VersionId", "v9")]), "NoSuchEntity");
    assert_eq!(bench.code("DeletePolicyVersion", &[policy, ("VersionId", "5")]), "ValidationError");
    bench.ok("DeletePolicyVersion", &[policy, ("VersionId", "v1")]);
    assert_eq!(text(&bench.ok("CreatePolicyVersion", &version), "VersionId"), "v6");
    assert_eq!(texts(&bench.ok("ListPolicyVersions", &[policy]), "VersionId"), ["v6", "v5", "v4", "v3", "v2"]);
    bench.ok("SetDefaultPolicyVersion", &[policy, ("VersionId", "v3")]);
    assert_eq!(text(&bench.ok("GetPolicy", &[policy]), "DefaultVersionId"), "v3");
    assert!(bench.err("DeletePolicy", &[policy]).1.starts_with("This policy has more than one version."));
    for version in ["v2", "v4", "v5", "v6"] {
        bench.ok("DeletePolicyVersion", &[policy, ("VersionId", version)]);
    }
    bench.role("r");
    bench.ok("PutRolePermissionsBoundary", &[("RoleName", "r"), ("PermissionsBoundary", &arn)]);
    assert_eq!(bench.code("DeletePolicy", &[policy]), "DeleteConflict");
    bench.ok("DeleteRolePermissionsBoundary", &[("RoleName", "r")]);
    bench.ok("DeletePolicy", &[policy]);
    assert_eq!(bench.code("GetPolicy", &[policy]), "NoSuchEntity");
}

#[test]
fn ten_managed_policies_may_be_attached() {
    let mut bench = Bench::new();
    bench.role("r");
    let attach = |bench: &mut Bench, arn: &str| {
        bench.call_in(ACCOUNT, "AttachRolePolicy", &[("RoleName", "r"), ("PolicyArn", arn)])
    };
    let mut arns = Vec::new();
    for index in 0..11 {
        let name = format!("p{index}");
        arns.push(text(&bench.ok("CreatePolicy", &[("PolicyName", &name), ("PolicyDocument", ALLOW)]), "Arn"));
    }
    for arn in &arns[..10] {
        assert_eq!(attach(&mut bench, arn).0, 200);
    }
    let (_, body) = attach(&mut bench, &arns[10]);
    assert_eq!(text(&body, "Message"), "Cannot exceed quota for PoliciesPerRole: 10");
    assert_eq!(attach(&mut bench, &arns[0]).0, 200);
    let unknown = attach(&mut bench, "arn:aws:iam::aws:policy/NoSuchPolicy");
    assert_eq!((unknown.0, text(&unknown.1, "Code")), (404, "NoSuchEntity".to_owned()));
    assert_eq!(text(&attach(&mut bench, "not-an-arn-at-all-but-long").1, "Code"), "InvalidInput");
    let linked = "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy";
    assert_eq!(text(&attach(&mut bench, linked).1, "Code"), "PolicyNotAttachable");
    assert_eq!(text(&bench.ok("GetPolicy", &[("PolicyArn", &arns[0])]), "AttachmentCount"), "1");
    let entities = bench.ok("ListEntitiesForPolicy", &[("PolicyArn", &arns[0])]);
    assert_eq!(texts(&entities, "RoleName"), ["r"]);
}

#[test]
fn a_managed_policy_says_the_newer_version() {
    let mut bench = Bench::new();
    bench.role("r");
    let code = |bench: &mut Bench, document: &str| {
        text(&bench.call_in(ACCOUNT, "CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", document)]).1, "Code")
    };
    for old in [ALLOW.replace("2012", "2008"), ALLOW.replace(r#""Version":"2012-10-17","#, "")] {
        assert_eq!(code(&mut bench, &old), "MalformedPolicyDocument");
        bench.ok("PutRolePolicy", &[("RoleName", "r"), ("PolicyName", "i"), ("PolicyDocument", &old)]);
    }
}

#[test]
fn documents_have_sizes() {
    let mut bench = Bench::new();
    // White space does not count, so that the size is known by that of the compact document.
    let sized = |document: &str, from: &str, length: usize| {
        let filled = document.replace(from, &format!("{from}{}", "x".repeat(length - document.len())));
        assert_eq!(filled.len(), length);
        filled.replace(',', ",\n    ")
    };
    let policy = ALLOW.replace(r#""*""#, r#""arn:aws:s3:::b/""#);
    let create = |bench: &mut Bench, length: usize| {
        let document = sized(&policy, ":::b/", length);
        bench.call_in(ACCOUNT, "CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &document)])
    };
    assert_eq!(text(&create(&mut bench, 6145).1, "Message"), "Cannot exceed quota for PolicySize: 6144");
    assert_eq!(create(&mut bench, 6144).0, 200);

    let trust = TRUST.replace(r#""Effect""#, r#""Sid":"a","Effect""#);
    let create = |bench: &mut Bench, length: usize| {
        let document = sized(&trust, r#""Sid":"a"#, length);
        bench.call_in(ACCOUNT, "CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &document)])
    };
    assert_eq!(text(&create(&mut bench, 2049).1, "Message"), "Cannot exceed quota for ACLSizePerRole: 2048");
    assert_eq!(create(&mut bench, 2048).0, 200);
}

#[test]
fn lists_come_in_pages() {
    let mut bench = Bench::new();
    for index in 0..7 {
        bench.role(&format!("r{index}"));
    }
    bench.ok("CreateUser", &[("UserName", "u")]);
    bench.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW)]);
    for (action, tag, all) in [("ListRoles", "RoleName", 7), ("GetAccountAuthorizationDetails", "CreateDate", 10)] {
        let (mut seen, mut marker, mut pages) = (0, None::<String>, 0);
        loop {
            let mut parameters = vec![("MaxItems", "3")];
            parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let body = bench.ok(action, &parameters);
            seen += texts(&body, tag).len();
            pages += 1;
            if text(&body, "IsTruncated") == "false" {
                break;
            }
            marker = Some(text(&body, "Marker"));
        }
        assert_eq!((seen, pages), (all, 3), "{action}");
    }
    for (name, value) in [("MaxItems", "0"), ("MaxItems", "1001"), ("MaxItems", "x"), ("Marker", "!")] {
        assert_eq!(bench.code("ListRoles", &[(name, value)]), "ValidationError");
    }
    assert_eq!(bench.code("GetAccountAuthorizationDetails", &[("Filter.member.1", "Roles")]), "ValidationError");
}

#[test]
fn aws_policies_are_listed_apart() {
    let mut bench = Bench::new();
    bench.ok("CreatePolicy", &[("PolicyName", "own"), ("PolicyDocument", ALLOW)]);
    assert_eq!(texts(&bench.ok("ListPolicies", &[("Scope", "Local")]), "PolicyName"), ["own"]);
    let aws = bench.ok("ListPolicies", &[("Scope", "AWS"), ("PathPrefix", "/job-function/")]);
    assert!(texts(&aws, "PolicyName").contains(&"ViewOnlyAccess".to_owned()));
    assert_eq!(texts(&bench.ok("ListPolicies", &[("OnlyAttached", "true")]), "PolicyName").len(), 0);
    let admin = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
    let version = bench.ok("GetPolicyVersion", &[admin, ("VersionId", "v1")]);
    assert_eq!(document(&version, "Document")["Statement"][0]["Effect"], "Allow");
    assert_eq!(bench.code("DeletePolicy", &[admin]), "NoSuchEntity");
    bench.role("r");
    bench.ok("AttachRolePolicy", &[("RoleName", "r"), admin]);
    let details = bench.ok("GetAccountAuthorizationDetails", &[("Filter.member.1", "AWSManagedPolicy")]);
    assert_eq!(texts(&details, "PolicyName"), ["AdministratorAccess"]);
}

#[test]
fn tags_have_rules() {
    let mut bench = Bench::new();
    bench.role("r");
    let role = ("RoleName", "r");
    let tag =
        |key: &'static str, value: &'static str| [role, ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
    bench.ok("TagRole", &tag("Team", "a"));
    bench.ok("TagRole", &tag("team", "b"));
    let tags = bench.ok("ListRoleTags", &[role]);
    assert_eq!((texts(&tags, "Key"), texts(&tags, "Value")), (vec!["team".to_owned()], vec!["b".to_owned()]));
    assert_eq!(bench.code("TagRole", &tag("aws:x", "a")), "InvalidInput");
    assert_eq!(bench.code("TagRole", &tag("a!", "a")), "ValidationError");
    assert_eq!(bench.code("TagRole", &tag("", "a")), "ValidationError");
    assert_eq!(bench.code("TagRole", &[role]), "ValidationError");
    let twice = [
        role,
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", ""),
        ("Tags.member.2.Key", "A"),
        ("Tags.member.2.Value", ""),
    ];
    assert_eq!(bench.code("TagRole", &twice), "InvalidInput");
    for index in 0..49 {
        let key = format!("k{index}");
        bench.ok("TagRole", &[role, ("Tags.member.1.Key", &key), ("Tags.member.1.Value", "v")]);
    }
    assert_eq!(bench.code("TagRole", &tag("one-more", "v")), "LimitExceeded");
    bench.ok("UntagRole", &[role, ("TagKeys.member.1", "TEAM"), ("TagKeys.member.2", "nope")]);
    assert_eq!(texts(&bench.ok("ListRoleTags", &[role]), "Key").len(), 49);

    let policy = text(&bench.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW)]), "Arn");
    bench.ok("TagPolicy", &[("PolicyArn", &policy), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "1")]);
    bench.ok("TagPolicy", &[("PolicyArn", &policy), ("Tags.member.1.Key", "A"), ("Tags.member.1.Value", "2")]);
    let tagged = bench.0.account(ACCOUNT).iam.tagged(ACCOUNT);
    assert_eq!(tagged, [(policy, vec![("a".to_owned(), "1".to_owned()), ("A".to_owned(), "2".to_owned())])]);
}

#[test]
fn users_and_groups_hang_together() {
    let mut bench = Bench::new();
    let (user, group) = (("UserName", "ann"), ("GroupName", "admins"));
    bench.ok("CreateUser", &[user, ("Path", "/people/")]);
    bench.ok("CreateGroup", &[group]);
    bench.ok("AddUserToGroup", &[user, group]);
    assert_eq!(texts(&bench.ok("ListGroupsForUser", &[user]), "GroupName"), ["admins"]);
    assert_eq!(texts(&bench.ok("GetGroup", &[group]), "UserName"), ["ann"]);
    let key = bench.ok("CreateAccessKey", &[user]);
    let id = text(&key, "AccessKeyId");
    assert_eq!((id.len(), text(&key, "SecretAccessKey").len()), (20, 40));
    assert!(bench.0.account(ACCOUNT).iam.access_key_user(&id).is_some());
    bench.ok("CreateAccessKey", &[user]);
    assert_eq!(bench.code("CreateAccessKey", &[user]), "LimitExceeded");
    for key in texts(&bench.ok("ListAccessKeys", &[user]), "AccessKeyId") {
        assert_eq!(bench.code("DeleteUser", &[user]), "DeleteConflict");
        bench.ok("DeleteAccessKey", &[user, ("AccessKeyId", &key)]);
    }
    bench.ok("PutGroupPolicy", &[group, ("PolicyName", "i"), ("PolicyDocument", ALLOW)]);
    let details = bench.ok("GetAccountAuthorizationDetails", &[]);
    assert!(details.contains("<GroupList><member>admins</member></GroupList>"), "{details}");
    assert!(bench.0.account(ACCOUNT).iam.has_principal("arn:aws:iam::111111111111:user/people/ann"));
    assert!(!bench.0.account(ACCOUNT).iam.has_principal("arn:aws:iam::111111111111:user/ann"));
    assert_eq!(bench.code("DeleteUser", &[user]), "DeleteConflict");
    assert_eq!(bench.code("DeleteGroup", &[group]), "DeleteConflict");
    bench.ok("RemoveUserFromGroup", &[user, group]);
    bench.ok("DeleteUser", &[user]);
    bench.ok("DeleteGroupPolicy", &[group, ("PolicyName", "i")]);
    bench.ok("DeleteGroup", &[group]);
    let root = bench.ok("GetUser", &[]);
    assert_eq!(text(&root, "Arn"), "arn:aws:iam::111111111111:root");
}

#[test]
fn accounts_are_apart() {
    let mut bench = Bench::new();
    bench.role("r");
    assert_eq!(bench.call_in(OTHER, "GetRole", &[("RoleName", "r")]).0, 404);
    bench.ok("CreateAccountAlias", &[("AccountAlias", "the-tools")]);
    assert_eq!(bench.call_in(OTHER, "CreateAccountAlias", &[("AccountAlias", "the-tools")]).0, 409);
    assert_eq!(texts(&bench.ok("ListAccountAliases", &[]), "member"), ["the-tools"]);
    assert_eq!(bench.code("CreateAccountAlias", &[("AccountAlias", "No")]), "ValidationError");
    let summary = bench.ok("GetAccountSummary", &[]);
    assert!(summary.contains("<entry><key>Roles</key><value>1</value></entry>"));
}

#[test]
fn a_service_linked_role_is_left_alone() {
    let mut bench = Bench::new();
    let service = ("AWSServiceName", "autoscaling.amazonaws.com");
    let made = bench.ok("CreateServiceLinkedRole", &[service]);
    let arn = "arn:aws:iam::111111111111:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    assert_eq!(text(&made, "Arn"), arn);
    assert_eq!(bench.code("CreateServiceLinkedRole", &[service]), "InvalidInput");
    let role = ("RoleName", "AWSServiceRoleForAutoScaling");
    assert_eq!(bench.code("DeleteRole", &[role]), "UnmodifiableEntity");
    assert_eq!(
        bench.code("PutRolePolicy", &[role, ("PolicyName", "i"), ("PolicyDocument", ALLOW)]),
        "UnmodifiableEntity"
    );
    let task = text(&bench.ok("DeleteServiceLinkedRole", &[role]), "DeletionTaskId");
    let status = bench.ok("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", &task)]);
    assert_eq!(text(&status, "Status"), "SUCCEEDED");
    assert_eq!(bench.code("GetRole", &[role]), "NoSuchEntity");
}

#[test]
fn an_update_without_a_session_length_takes_the_default() {
    let mut bench = Bench::new();
    bench.role("r");
    let role = ("RoleName", "r");
    bench.ok("UpdateRole", &[role, ("Description", "d"), ("MaxSessionDuration", "7200")]);
    let updated = bench.ok("UpdateRoleDescription", &[role, ("Description", "e")]);
    assert_eq!(
        (text(&updated, "Description"), text(&updated, "MaxSessionDuration")),
        ("e".to_owned(), "7200".to_owned())
    );
    assert!(bench.ok("UpdateRole", &[role]).contains("<UpdateRoleResult></UpdateRoleResult>"));
    let got = bench.ok("GetRole", &[role]);
    assert_eq!((text(&got, "Description"), text(&got, "MaxSessionDuration")), ("e".to_owned(), "3600".to_owned()));
    bench.ok("UpdateRole", &[role, ("Description", "")]);
    assert!(!bench.ok("GetRole", &[role]).contains("Description"));
}

#[test]
fn what_is_not_spoken_is_said() {
    let mut bench = Bench::new();
    let (code, message) = bench.err("CreateWidget", &[]);
    assert_eq!(code, "InvalidAction");
    assert_eq!(message, "Could not find operation CreateWidget for version 2010-05-08");
    let reserved = [("RoleName", "x"), ("Path", "/aws-service-role/x/"), ("AssumeRolePolicyDocument", TRUST)];
    assert_eq!(bench.code("CreateRole", &reserved), "InvalidInput");
}

#[test]
fn the_same_calls_make_the_same_world() {
    let run = || {
        let mut bench = Bench::new();
        bench.role("r");
        bench.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW)]);
        serde_json::to_string(&bench.0).unwrap()
    };
    assert_eq!(run(), run());
    let world: World = serde_json::from_str(&run()).unwrap();
    assert_eq!(world.accounts[ACCOUNT].iam.role_trust("r"), Some(TRUST));
}
