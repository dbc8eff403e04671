//! A signed request to a sandbox, for tests.

use http::{Request, Response};

use crate::front::Sandbox;

pub(crate) const TOOLING: &str = "111111111111";
pub(crate) const TENANT: &str = "222222222222";

/// Who asks which service where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) key: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) region: &'a str,
}

impl<'a> Client<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox, key: &'a str) -> Self {
        Self { sandbox, key, token: None, region: "eu-west-1" }
    }

    pub(crate) fn at(self, region: &'a str) -> Self {
        Self { region, ..self }
    }

    fn send(&self, service: &str, request: http::request::Builder, body: &str) -> Response<Vec<u8>> {
        let Self { sandbox, key, token, region } = *self;
        let scope = format!("{key}/20260101/{region}/{service}/aws4_request");
        let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=ab");
        let mut request = request.header("host", "127.0.0.1").header("authorization", signature);
        if let Some(token) = token {
            request = request.header("x-amz-security-token", token);
        }
        sandbox.handle(request.body(body.as_bytes().to_vec()).unwrap())
    }

    /// Calls S3: the method and path, then headers.
    pub(crate) fn s3(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send("s3", request, body)
    }

    /// Calls a query service with a form.
    pub(crate) fn query(&self, service: &str, form: &str) -> Response<Vec<u8>> {
        let request = Request::builder().method("POST").uri("/");
        self.send(service, request.header("content-type", "application/x-www-form-urlencoded"), form)
    }

    /// Calls the tagging service.
    pub(crate) fn tagging(&self, operation: &str, body: &str) -> Response<Vec<u8>> {
        self.json("tagging", &format!("ResourceGroupsTaggingAPI_20170126.{operation}"), body)
    }

    /// Calls a JSON service.
    pub(crate) fn json(&self, service: &str, target: &str, body: &str) -> Response<Vec<u8>> {
        let request = Request::builder().method("POST").uri("/");
        self.send(service, request.header("x-amz-target", target), body)
    }
}

/// The body as text.
pub(crate) fn text(response: &Response<Vec<u8>>) -> String {
    String::from_utf8(response.body().clone()).unwrap()
}

/// What is between a tag and its end, the first time.
pub(crate) fn element(response: &Response<Vec<u8>>, tag: &str) -> Option<String> {
    let text = text(response);
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    rest.split_once(&format!("</{tag}>")).map(|(inner, _)| inner.to_owned())
}

/// The status, and the code of the error if there is one.
pub(crate) fn outcome(response: &Response<Vec<u8>>) -> (u16, String) {
    (response.status().as_u16(), element(response, "Code").unwrap_or_default())
}
