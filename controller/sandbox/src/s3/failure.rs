//! Errors as S3 sends them.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use crate::call::{Call, Reply};
use crate::front::refusal::xml_reply;
use crate::xml::Xml;

/// An error as S3 Control sends it.
pub(crate) fn control_error(code: &str, message: &str, request_id: &str) -> String {
    let mut xml = Xml::document();
    xml.open("ErrorResponse").open("Error").leaf("Code", code).leaf("Message", message).close();
    xml.leaf("RequestId", request_id).leaf("HostId", super::HOST_ID);
    xml.finish()
}

/// An error on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: u16,
    code: &'static str,
    message: String,
    /// Further elements of the error, between the message and the ids.
    details: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
}

impl Failure {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new(), headers: Vec::new() }
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Adds an element.
    pub(super) fn detail(mut self, tag: &'static str, text: impl Into<String>) -> Self {
        self.details.push((tag, text.into()));
        self
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn malformed_xml() -> Self {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        Self::new(400, "MalformedXML", message)
    }

    pub(super) fn access_denied() -> Self {
        Self::new(403, "AccessDenied", "Access Denied")
    }

    /// With the name of the argument and the value that was refused.
    pub(super) fn invalid_argument(message: &str, name: &str, value: &str) -> Self {
        Self::new(400, "InvalidArgument", message).detail("ArgumentName", name).detail("ArgumentValue", value)
    }

    pub(super) fn not_implemented(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("The sandbox's S3 does not know {what}."))
    }

    /// The whole answer of S3 Control, which wraps its errors.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html>.
    pub(super) fn control_reply(self, call: &Call) -> Reply {
        xml_reply(self.status, control_error(self.code, &self.message, &call.request_id))
    }

    /// The whole answer; one to a HEAD request has no body.
    pub(super) fn reply(self, call: &Call) -> Reply {
        let mut headers = self.headers;
        headers.push(("content-type", "application/xml".to_owned()));
        if call.method == http::Method::HEAD {
            return Reply { status: self.status, headers, body: Vec::new() };
        }
        let mut xml = Xml::document();
        xml.open("Error").leaf("Code", self.code).leaf("Message", &self.message);
        for (tag, text) in &self.details {
            xml.leaf(tag, text);
        }
        xml.leaf("RequestId", &call.request_id).leaf("HostId", super::HOST_ID);
        Reply { status: self.status, headers, body: xml.finish().into_bytes() }
    }
}
