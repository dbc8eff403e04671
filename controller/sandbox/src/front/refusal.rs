//! Errors of the front door itself, in the shape of each service's protocol.

use serde_json::json;
use time::OffsetDateTime;

use crate::call::Reply;
use crate::s3::control_error;
use crate::xml::Xml;

/// How a service frames its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Form-encoded `Action=…`, XML back: IAM, SNS and STS.
    Query,
    /// REST with XML bodies: S3.
    RestXml,
    /// The same with errors in an envelope: S3 Control.
    WrappedXml,
    /// `X-Amz-Target` with JSON bodies: CodeDeploy, ECR, EventBridge, KMS and tagging.
    Json,
}

/// What the front door refuses, whatever the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unsigned,
    UnknownKey,
    WrongToken,
    ExpiredToken,
    MalformedSignature(String),
    InvalidRegion(String),
    UnknownService(String),
    IncompleteBody,
    Throttled,
    /// Another write to the same key is going on.
    Conflict,
    /// The time of the request is too far from the sandbox's.
    Skewed {
        now: OffsetDateTime,
        behind_seconds: i64,
    },
    ServerError,
    /// The world could not be read or kept; not a thing AWS would say.
    State(String),
}

impl Refusal {
    /// The status, code and message the service would answer with.
    fn words(&self, protocol: Protocol) -> (u16, &'static str, String) {
        use Protocol::{Json, Query, RestXml, WrappedXml};
        let invalid_token = "The security token included in the request is invalid.";
        let (status, code, message) = match (self, protocol) {
            (Self::Unsigned, RestXml | WrappedXml) => (403, "AccessDenied", "Access Denied"),
            (Self::Unsigned, Query) => (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
            (Self::Unsigned, Json) => {
                (400, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
            }
            (Self::UnknownKey, RestXml | WrappedXml) => {
                (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
            }
            (Self::WrongToken, RestXml | WrappedXml) => {
                (400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
            }
            (Self::UnknownKey | Self::WrongToken, Query) => (403, "InvalidClientTokenId", invalid_token),
            (Self::UnknownKey | Self::WrongToken, Json) => (400, "UnrecognizedClientException", invalid_token),
            (Self::ExpiredToken, RestXml | WrappedXml) => (400, "ExpiredToken", "The provided token has expired."),
            (Self::ExpiredToken, Query) => {
                (403, "ExpiredToken", "The security token included in the request is expired")
            }
            (Self::ExpiredToken, Json) => {
                (400, "ExpiredTokenException", "The security token included in the request is expired")
            }
            (Self::MalformedSignature(why), RestXml | WrappedXml) => {
                return (400, "AuthorizationHeaderMalformed", why.clone());
            }
            (Self::MalformedSignature(why), Query) => return (400, "IncompleteSignature", why.clone()),
            (Self::MalformedSignature(why), Json) => return (400, "IncompleteSignatureException", why.clone()),
            (Self::InvalidRegion(region), _) => {
                let message = format!("Credential should be scoped to a valid region, not '{region}'. ");
                return match protocol {
                    RestXml | WrappedXml => (400, "AuthorizationHeaderMalformed", message),
                    Query => (403, "SignatureDoesNotMatch", message),
                    Json => (400, "InvalidSignatureException", message),
                };
            }
            (Self::UnknownService(service), _) => {
                let message = format!(
                    "The sandbox does not speak the service '{service}'; it speaks codedeploy, ecr, events, iam, kms, s3, sns, sts and tagging."
                );
                return (400, "UnknownService", message);
            }
            (Self::IncompleteBody, _) => {
                let message = "You did not provide the number of bytes specified by the Content-Length HTTP header.";
                (400, "IncompleteBody", message)
            }
            (Self::Skewed { .. }, RestXml | WrappedXml) => {
                let message = "The difference between the request time and the current time is too large.";
                (403, "RequestTimeTooSkewed", message)
            }
            (Self::Skewed { now, behind_seconds }, Query | Json) => {
                let (status, code) =
                    if protocol == Query { (403, "SignatureDoesNotMatch") } else { (400, "InvalidSignatureException") };
                return (status, code, skewed(*now, *behind_seconds));
            }
            (Self::Throttled, RestXml | WrappedXml) => (503, "SlowDown", "Please reduce your request rate."),
            (Self::Throttled, Query) => (400, "Throttling", "Rate exceeded"),
            (Self::Throttled, Json) => (400, "ThrottlingException", "Rate exceeded"),
            (Self::Conflict, _) => {
                let message =
                    "The conditional request cannot succeed due to a conflicting operation against this resource.";
                (409, "ConditionalRequestConflict", message)
            }
            (Self::State(why), _) => return (500, "SandboxState", format!("The sandbox's state is lost: {why}")),
            (Self::ServerError, RestXml | WrappedXml) => {
                (500, "InternalError", "We encountered an internal error. Please try again.")
            }
            (Self::ServerError, Query) => {
                (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
            }
            (Self::ServerError, Json) => {
                (500, "InternalFailure", "The request processing has failed because of an unknown error.")
            }
        };
        (status, code, message.to_owned())
    }

    /// The whole answer.
    pub(crate) fn reply(&self, protocol: Protocol, request_id: &str) -> Reply {
        let (status, code, message) = self.words(protocol);
        match protocol {
            Protocol::Query => query_error(status, code, &message, request_id),
            Protocol::RestXml => {
                let mut xml = Xml::document();
                xml.open("Error").leaf("Code", code).leaf("Message", &message);
                xml.leaf("RequestId", request_id).leaf("HostId", crate::s3::HOST_ID);
                xml_reply(status, xml.finish())
            }
            Protocol::WrappedXml => xml_reply(status, control_error(code, &message, request_id)),
            Protocol::Json => json_error(status, code, &message),
        }
    }
}

/// What the services but S3 say of a request that is too old, or not of this time yet.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>.
fn skewed(now: OffsetDateTime, behind_seconds: i64) -> String {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    let text = |time: Option<OffsetDateTime>| time.and_then(|time| time.format(format).ok()).unwrap_or_default();
    let signed = text(now.checked_sub(time::Duration::seconds(behind_seconds)));
    let bound = |seconds| text(now.checked_add(time::Duration::seconds(seconds)));
    if behind_seconds > 0 {
        format!("Signature expired: {signed} is now earlier than {} ({} - 5 min.)", bound(-300), bound(0))
    } else {
        format!("Signature not yet current: {signed} is still later than {} ({} + 5 min.)", bound(300), bound(0))
    }
}

/// An XML answer.
pub(crate) fn xml_reply(status: u16, text: String) -> Reply {
    Reply { status, headers: vec![("content-type", "application/xml".to_owned())], body: text.into_bytes() }
}

/// An error as the query services send it; a status from 500 is the receiver's fault.
pub(crate) fn query_error(status: u16, code: &str, message: &str, request_id: &str) -> Reply {
    let mut xml = Xml::new();
    xml.open_with("ErrorResponse", &[("xmlns", "https://sts.amazonaws.com/doc/2011-06-15/")]);
    xml.open("Error").leaf("Type", if status < 500 { "Sender" } else { "Receiver" });
    xml.leaf("Code", code).leaf("Message", message).close();
    xml.leaf("RequestId", request_id);
    let mut reply = xml_reply(status, xml.finish());
    reply.headers = vec![("content-type", "text/xml".to_owned())];
    reply
}

/// An error as the JSON 1.1 services send it.
pub(crate) fn json_error(status: u16, code: &str, message: &str) -> Reply {
    json_reply(status, &json!({ "__type": code, "message": message }))
}

/// A JSON 1.1 answer.
pub(crate) fn json_reply(status: u16, body: &serde_json::Value) -> Reply {
    Reply {
        status,
        headers: vec![("content-type", "application/x-amz-json-1.1".to_owned())],
        body: body.to_string().into_bytes(),
    }
}
