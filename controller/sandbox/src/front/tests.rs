use http::Request;

use super::{Cut, Faults, Options, Sandbox, Strangers, Then, When};
use crate::testing::{Client, TENANT, TOOLING, element, outcome, text};

const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

fn assume(role: &str) -> String {
    format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=deploy")
}

const ORGANIZATION_ROLE: &str = "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole";

#[test]
fn says_who_calls() {
    let sandbox = Sandbox::in_memory(&[]);
    let answer = Client::new(&sandbox, TOOLING).query("sts", WHO);
    assert_eq!(element(&answer, "Arn").as_deref(), Some("arn:aws:iam::111111111111:user/admin"));
    let unknown = Client::new(&sandbox, "AKIDNOBODY");
    assert_eq!(outcome(&unknown.query("sts", WHO)), (403, "InvalidClientTokenId".to_owned()));
    assert_eq!(outcome(&unknown.s3("GET /", &[], "")), (403, "InvalidAccessKeyId".to_owned()));
    assert!(text(&unknown.tagging("GetResources", "{}")).contains("UnrecognizedClientException"));
}

#[test]
fn refuses_the_unsigned_and_the_unknown() {
    let sandbox = Sandbox::in_memory(&[]);
    let unsigned = |content_type: &str| {
        let request = Request::builder().method("POST").uri("/").header("content-type", content_type);
        outcome(&sandbox.handle(request.body(Vec::new()).unwrap()))
    };
    assert_eq!(unsigned("application/x-www-form-urlencoded"), (403, "MissingAuthenticationToken".to_owned()));
    assert_eq!(unsigned("text/plain"), (403, "AccessDenied".to_owned()));
    assert_eq!(unsigned("application/x-amz-json-1.1").0, 400);
    let client = Client::new(&sandbox, TOOLING);
    assert!(text(&client.query("ec2", WHO)).contains("does not speak the service 'ec2'"));
    assert_eq!(outcome(&client.at("moon-1").query("sts", WHO)), (403, "SignatureDoesNotMatch".to_owned()));
}

#[test]
fn assumed_roles_need_their_token_and_expire() {
    let sandbox = Sandbox::in_memory(&[TOOLING, TENANT]);
    let answer = Client::new(&sandbox, TOOLING).query("sts", &assume(ORGANIZATION_ROLE));
    let (key, token) = (element(&answer, "AccessKeyId").unwrap(), element(&answer, "SessionToken").unwrap());
    let mut client = Client::new(&sandbox, &key);
    assert_eq!(outcome(&client.query("sts", WHO)).0, 403);
    client.token = Some(&token);
    assert_eq!(element(&client.query("sts", WHO), "Account").as_deref(), Some(TENANT));
    let long = format!("{}&DurationSeconds=7200", assume(ORGANIZATION_ROLE));
    assert_eq!(outcome(&client.query("sts", &long)), (400, "ValidationError".to_owned()));
    sandbox.advance(time::Duration::hours(2)).unwrap();
    assert_eq!(outcome(&client.query("sts", WHO)), (403, "ExpiredToken".to_owned()));
}

#[test]
fn a_role_is_assumed_by_those_it_trusts() {
    let sandbox = Sandbox::in_memory(&[TOOLING, TENANT]);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111111111111"}}]}"#;
    let create = format!("Action=CreateRole&Version=2010-05-08&RoleName=Deployer&AssumeRolePolicyDocument={trust}");
    assert_eq!(Client::new(&sandbox, TENANT).query("iam", &create).status(), 200);
    let role = "arn:aws:iam::222222222222:role/Deployer";
    assert_eq!(Client::new(&sandbox, TOOLING).query("sts", &assume(role)).status(), 200);
    for (account, role) in [(TENANT, role), (TOOLING, "arn:aws:iam::222222222222:role/Nobody")] {
        let refused = Client::new(&sandbox, account).query("sts", &assume(role));
        assert_eq!(outcome(&refused), (403, "AccessDenied".to_owned()));
        assert!(text(&refused).contains(&format!("perform: sts:AssumeRole on resource: {role}")));
    }
}

#[test]
fn a_policy_keeps_naming_the_role_it_meant() {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    let client = Client::new(&sandbox, TOOLING);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}]}"#;
    let create = format!("Action=CreateRole&Version=2010-05-08&RoleName=Reader&AssumeRolePolicyDocument={trust}");
    assert_eq!(client.query("iam", &create).status(), 200);
    client.at("us-east-1").s3("PUT /artifacts", &[], "");
    let arn = "arn:aws:iam::111111111111:role/Reader";
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":["{arn}"]}},"Action":"s3:ListBucket","Resource":"arn:aws:s3:::artifacts"}}]}}"#
    );
    let read = || text(&client.at("us-east-1").s3("GET /artifacts?policy", &[], ""));
    assert_eq!(client.at("us-east-1").s3("PUT /artifacts?policy", &[], &policy).status(), 204);
    assert!(read().contains(&format!("\"AWS\":\"{arn}\"")), "a list of one is that one: {}", read());
    assert_eq!(client.query("iam", "Action=DeleteRole&Version=2010-05-08&RoleName=Reader").status(), 200);
    assert!(read().contains("\"AWS\":\"AROA"));
    assert_eq!(client.query("iam", &create).status(), 200);
    assert!(read().contains("\"AWS\":\"AROA"), "a new role of the same name is another");
    let orphaned = client.at("us-east-1").s3("PUT /artifacts?policy", &[], &read());
    assert_eq!(outcome(&orphaned), (400, "MalformedPolicy".to_owned()));
}

#[test]
fn strangers_are_refused_when_told() {
    let options = Options { accounts: vec![TOOLING.to_owned()], strangers: Strangers::Refused, ..Options::default() };
    let sandbox = Sandbox::open(options).unwrap();
    assert_eq!(Client::new(&sandbox, TENANT).query("sts", WHO).status(), 403);
    let refused = Client::new(&sandbox, TOOLING).query("sts", &assume(ORGANIZATION_ROLE));
    assert_eq!(outcome(&refused), (403, "AccessDenied".to_owned()));
}

#[test]
fn two_processes_share_one_folder() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Sandbox::open(Options { dir: Some(dir.path().to_owned()), ..Options::default() }).unwrap();
    let (one, two) = (open(), open());
    let names = |sandbox: &Sandbox| {
        let list = Client::new(sandbox, TOOLING).at("us-east-1").s3("GET /", &[], "");
        text(&list).matches("<Name>").count()
    };
    let make = |sandbox: &Sandbox, name: &str| {
        let line = format!("PUT /{name}");
        assert_eq!(Client::new(sandbox, TOOLING).at("us-east-1").s3(&line, &[], "").status(), 200);
    };
    make(&one, "first");
    make(&two, "second");
    assert_eq!((names(&one), names(&two), names(&open())), (2, 2, 2));
    one.reset().unwrap();
    assert_eq!(names(&two), 0);
    std::fs::write(dir.path().join("world.json"), "{").unwrap();
    let broken = Sandbox::open(Options { dir: Some(dir.path().to_owned()), ..Options::default() });
    assert!(broken.unwrap_err().to_string().contains("is not a sandbox's state"));
}

#[test]
fn misbehaves_as_told() {
    let sandbox = Sandbox::in_memory(&[]);
    let client = Client::new(&sandbox, TOOLING).at("us-east-1");
    let heads = |name: &str| client.s3(&format!("HEAD /{name}"), &[], "").status().as_u16();
    let cut = |when, then| Faults { cut: Some(Cut { nth: 1, when, then }), ..Faults::default() };
    sandbox.set_faults(cut(When::BeforeEffect, Then::Recover));
    client.s3("PUT /first", &[], "");
    assert_eq!(heads("first"), 404);
    sandbox.set_faults(cut(When::AfterEffect, Then::Recover));
    client.s3("PUT /second", &[], "");
    assert_eq!(heads("second"), 200);
    sandbox.set_faults(Faults { throttle: 1.0, ..Faults::default() });
    assert_eq!(outcome(&client.s3("GET /", &[], "")), (503, "SlowDown".to_owned()));
    assert_eq!(outcome(&client.query("sts", WHO)), (400, "Throttling".to_owned()));
    assert!(text(&client.tagging("GetResources", "{}")).contains("ThrottlingException"));
    sandbox.set_faults(Faults { server_error: 1.0, ..Faults::default() });
    assert_eq!(client.s3("GET /", &[], "").status(), 500);
    let counted = sandbox.calls().get(&("s3".to_owned(), "CreateBucket".to_owned())).copied();
    assert_eq!(counted, Some(2));
}

#[test]
fn shows_changes_late() {
    let sandbox = Sandbox::in_memory(&[TOOLING]);
    let client = Client::new(&sandbox, TOOLING);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}]}"#;
    let create = format!("Action=CreateRole&Version=2010-05-08&RoleName=Late&AssumeRolePolicyDocument={trust}");
    let get = || client.query("iam", "Action=GetRole&Version=2010-05-08&RoleName=Late").status().as_u16();
    sandbox.set_faults(Faults { late_calls: 2, ..Faults::default() });
    assert_eq!(client.query("iam", &create).status(), 200);
    assert_eq!((get(), get(), get()), (404, 404, 200));
}
