//! Someone who changes things in the sandbox by hand, as a person with the AWS CLI or the console would.

use http::{Method, Request};
use trueup_sandbox::{Options, Sandbox};

use crate::support::Project;

/// A hand in one account.
pub(crate) struct Hand {
    sandbox: Sandbox,
    account: String,
    region: String,
}

impl Hand {
    /// A hand in the sandbox of a project.
    pub(crate) fn on(project: &Project, account: &str) -> Self {
        let dir = project.path().join(".trueup/sandbox");
        let sandbox = Sandbox::open(Options { dir: Some(dir), ..Options::default() }).unwrap();
        Self::of(sandbox, account)
    }

    /// A hand in a sandbox that is at hand.
    pub(crate) fn of(sandbox: Sandbox, account: &str) -> Self {
        Self { sandbox, account: account.to_owned(), region: "eu-west-1".to_owned() }
    }

    fn send(&self, service: &str, request: http::request::Builder, body: String) -> (u16, String) {
        let scope = format!("{}/20260101/{}/{service}/aws4_request", self.account, self.region);
        let request = request
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
            .header("host", format!("{service}.{}.amazonaws.com", self.region))
            .header("x-amz-date", "20260101T000000Z")
            .body(body.into_bytes())
            .unwrap();
        let response = self.sandbox.handle(request);
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
    }

    /// One IAM call that must succeed.
    pub(crate) fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let mut body = format!("Action={action}&Version=2010-05-08");
        for (key, value) in parameters {
            body.push_str(&format!("&{key}={}", encode(value)));
        }
        let request = Request::builder()
            .method(Method::POST)
            .uri("https://iam.amazonaws.com/")
            .header("content-type", "application/x-www-form-urlencoded");
        let (status, text) = self.send("iam", request, body);
        assert_eq!(status, 200, "{action}: {text}");
        text
    }

    /// One SNS call that must succeed.
    pub(crate) fn sns(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let mut body = format!("Action={action}&Version=2010-03-31");
        for (key, value) in parameters {
            body.push_str(&format!("&{key}={}", encode(value)));
        }
        let request = Request::builder()
            .method(Method::POST)
            .uri("https://sns.eu-west-1.amazonaws.com/")
            .header("content-type", "application/x-www-form-urlencoded");
        let (status, text) = self.send("sns", request, body);
        assert_eq!(status, 200, "{action}: {text}");
        text
    }

    /// One call that must succeed about the account's own block of public access.
    pub(crate) fn s3_control(&self, method: &str, body: &str) -> String {
        let request = Request::builder()
            .method(method)
            .uri("https://s3-control.eu-west-1.amazonaws.com/v20180820/configuration/publicAccessBlock")
            .header("x-amz-account-id", &self.account);
        let (status, text) = self.send("s3", request, body.to_owned());
        assert_eq!(status, 200, "{method}: {text}");
        text
    }

    /// One KMS call that must succeed.
    pub(crate) fn kms(&self, operation: &str, body: &serde_json::Value) -> serde_json::Value {
        self.json("kms", "TrentService", operation, body)
    }

    /// One CodeDeploy call that must succeed.
    pub(crate) fn codedeploy(&self, operation: &str, body: &serde_json::Value) -> serde_json::Value {
        self.json("codedeploy", "CodeDeploy_20141006", operation, body)
    }

    /// One ECR call that must succeed.
    pub(crate) fn ecr(&self, operation: &str, body: &serde_json::Value) -> serde_json::Value {
        self.json("ecr", "AmazonEC2ContainerRegistry_V20150921", operation, body)
    }

    /// One EventBridge call that must succeed.
    pub(crate) fn events(&self, operation: &str, body: &serde_json::Value) -> serde_json::Value {
        self.json("events", "AWSEvents", operation, body)
    }

    /// One call to Organizations that must succeed.
    pub(crate) fn organizations(&self, operation: &str, body: &serde_json::Value) -> serde_json::Value {
        self.json("organizations", "AWSOrganizationsV20161128", operation, body)
    }

    /// One call of a service that speaks AWS's JSON protocol, which must succeed.
    fn json(&self, service: &str, target: &str, operation: &str, body: &serde_json::Value) -> serde_json::Value {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("https://{service}.{}.amazonaws.com/", self.region))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{target}.{operation}"));
        let (status, text) = self.send(service, request, body.to_string());
        assert_eq!(status, 200, "{operation}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// One S3 call, path style; the status and the body.
    pub(crate) fn s3(&self, method: Method, path: &str, body: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(format!("https://s3.{}.amazonaws.com/{path}", self.region));
        self.send("s3", request, body.to_owned())
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
