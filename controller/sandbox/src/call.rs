//! One AWS call and its reply, after the front door ([`crate::Sandbox`]) has read who calls, from where and to whom.

use http::{HeaderMap, Method};
use time::OffsetDateTime;

/// Who signed the call. The account and the principal follow from the access key in the credential scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// `arn:aws:iam::ACCOUNT:root`, `…:user/NAME`, or `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    pub arn: String,
    /// What GetCallerIdentity calls `UserId`.
    pub user_id: String,
}

/// One call, whole.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who signed it.
    pub caller: Caller,
    /// The region in the signature's credential scope.
    pub region: String,
    /// The HTTP method.
    pub method: Method,
    /// The path as sent, percent-encoded.
    pub path: String,
    /// The query, percent-decoded, in order; a key without `=` has an empty value.
    pub query: Vec<(String, String)>,
    /// The headers as sent.
    pub headers: HeaderMap,
    /// The body as sent (already dechunked where the client used `aws-chunked`).
    pub body: Vec<u8>,
    /// The id of the request, unique in the world; goes into the reply.
    pub request_id: String,
    /// The world's clock.
    pub now: OffsetDateTime,
}

/// What goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers, `x-amzn-requestid` and `content-length` excepted: the front door adds those.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The name under which [`Reply::headers`] carries a header whose name is only known at run time, such as an object's
/// own metadata: the value is then `name: value`.
pub const NAMED_IN_VALUE: &str = "";
