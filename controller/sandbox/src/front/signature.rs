//! Who signed a call: the credential scope of Signature Version 4, in the header or in a presigned query.
//!
//! The signature itself is not verified: the sandbox knows no secrets. The scope is.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>.

use http::HeaderMap;

use super::refusal::Refusal;

/// The credential scope, and the session token that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) token: Option<String>,
}

/// The scope the call was signed with; `None` if it is not signed at all.
pub(crate) fn scope(headers: &HeaderMap, query: &[(String, String)]) -> Option<Result<Scope, Refusal>> {
    let in_query = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    if let Some(credential) = in_query("X-Amz-Credential") {
        return Some(parse(&credential, in_query("X-Amz-Security-Token")));
    }
    let authorization = headers.get("authorization")?;
    let token = headers.get("x-amz-security-token").and_then(|v| v.to_str().ok()).map(str::to_owned);
    Some(from_header(authorization.to_str().unwrap_or_default(), token))
}

fn from_header(authorization: &str, token: Option<String>) -> Result<Scope, Refusal> {
    let Some(rest) = authorization.strip_prefix("AWS4-HMAC-SHA256") else {
        let why = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
        return Err(Refusal::MalformedSignature(why.to_owned()));
    };
    let part = |name: &str| rest.split(',').find_map(|p| p.trim().strip_prefix(name)?.strip_prefix('='));
    for name in ["Credential", "SignedHeaders", "Signature"] {
        if part(name).is_none_or(str::is_empty) {
            let why = format!("Authorization header requires '{name}' parameter. Authorization={authorization}");
            return Err(Refusal::MalformedSignature(why));
        }
    }
    parse(part("Credential").unwrap_or_default(), token)
}

fn parse(credential: &str, token: Option<String>) -> Result<Scope, Refusal> {
    let parts: Vec<&str> = credential.split('/').collect();
    let &[access_key, date, region, service, "aws4_request"] = parts.as_slice() else {
        let why = format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        );
        return Err(Refusal::MalformedSignature(why));
    };
    if date.len() != 8 || !date.bytes().all(|b| b.is_ascii_digit()) {
        let why = format!("Date in Credential scope does not match YYYYMMDD: '{date}'");
        return Err(Refusal::MalformedSignature(why));
    }
    if !REGIONS.contains(&region) {
        return Err(Refusal::InvalidRegion(region.to_owned()));
    }
    Ok(Scope { access_key: access_key.to_owned(), region: region.to_owned(), service: service.to_owned(), token })
}

/// The regions of the partition `aws`; those an account must opt into are taken as opted into.
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>.
pub(crate) const REGIONS: [&str; 34] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

#[cfg(test)]
mod tests {
    use super::{Refusal, from_header};

    #[test]
    fn reads_the_scope() {
        let header = "AWS4-HMAC-SHA256 Credential=111111111111/20260101/eu-west-1/kms/aws4_request, SignedHeaders=host, Signature=ab";
        let scope = from_header(header, None).unwrap();
        assert_eq!((scope.access_key.as_str(), scope.region.as_str()), ("111111111111", "eu-west-1"));
        assert_eq!(scope.service, "kms");
    }

    #[test]
    fn refuses_what_is_no_scope() {
        let check = |header: &str| from_header(header, None).unwrap_err();
        assert!(matches!(check("Basic abc"), Refusal::MalformedSignature(_)));
        assert!(matches!(check("AWS4-HMAC-SHA256 Credential=a/b"), Refusal::MalformedSignature(_)));
        let moon = "AWS4-HMAC-SHA256 Credential=1/20260101/moon-1/kms/aws4_request, SignedHeaders=host, Signature=ab";
        assert_eq!(check(moon), Refusal::InvalidRegion("moon-1".to_owned()));
    }
}
