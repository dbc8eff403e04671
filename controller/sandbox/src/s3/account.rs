//! An account's own block of public access, which S3 Control keeps. Its host begins with the account or names it in a header; the header
//! is what counts.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html>.

use http::{HeaderMap, Method};

use super::failure::Failure;
use super::settings::{block_of, block_xml};
use super::{Answer, Request, ok, ok_xml};
use crate::world::World;
use crate::xml::Xml;

/// The account a request is about. No operation of S3 itself has it.
pub(crate) const HEADER: &str = "x-amz-account-id";

/// What every path of S3 Control begins with.
const VERSION: &str = "/v20180820/";

/// The namespace of S3 Control's documents.
const NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

/// The operation a request to S3 Control means; nothing for a request to S3. They are called after their permissions, since S3 has operations of
/// the same names.
pub(super) fn operation(method: &Method, path: &str, headers: &HeaderMap) -> Option<&'static str> {
    let rest = path.strip_prefix(VERSION).filter(|_| headers.contains_key(HEADER))?;
    Some(match (rest, method.as_str()) {
        ("configuration/publicAccessBlock", "GET") => "GetAccountPublicAccessBlock",
        ("configuration/publicAccessBlock", "PUT") => "PutAccountPublicAccessBlock",
        ("configuration/publicAccessBlock", "DELETE") => "DeleteAccountPublicAccessBlock",
        _ => "Unknown",
    })
}

/// Answers an operation of S3 Control; nothing for one of S3.
pub(super) fn perform(world: &mut World, request: &Request<'_>) -> Option<Answer> {
    match request.operation {
        "GetAccountPublicAccessBlock" => Some(get(world, request)),
        "PutAccountPublicAccessBlock" => Some(put(world, request)),
        "DeleteAccountPublicAccessBlock" => Some(delete(world, request)),
        _ => None,
    }
}

/// The account asked about, which must be the caller's own.
fn account<'r>(request: &'r Request<'_>) -> Result<&'r str, Failure> {
    let account = request.header(HEADER).unwrap_or_default();
    if account == request.call.caller.account { Ok(account) } else { Err(Failure::access_denied()) }
}

fn get(world: &World, request: &Request<'_>) -> Answer {
    let Some(block) = world.s3.account_blocks.get(account(request)?) else {
        let message = "The public access block configuration was not found";
        return Err(Failure::new(404, "NoSuchPublicAccessBlockConfiguration", message));
    };
    let mut xml = Xml::document();
    xml.open_with("PublicAccessBlockConfiguration", &[("xmlns", NAMESPACE)]);
    Ok(ok_xml(block_xml(xml, *block)))
}

fn put(world: &mut World, request: &Request<'_>) -> Answer {
    let account = account(request)?.to_owned();
    let (block, settings) = block_of(&request.call.body)?;
    if settings == 0 {
        return Err(Failure::new(400, "InvalidRequest", "Must specify at least one configuration."));
    }
    world.s3.account_blocks.insert(account, block);
    Ok(ok())
}

fn delete(world: &mut World, request: &Request<'_>) -> Answer {
    let account = account(request)?.to_owned();
    world.s3.account_blocks.remove(&account);
    Ok(ok())
}
