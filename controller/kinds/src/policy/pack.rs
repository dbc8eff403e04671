//! What a spec with `pack = true` is spread over.

use trueup_specs::address::Address;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::pack::{Room, Unpackable, spread as spread_document};
use trueup_specs::policy::{Document, Use};
use trueup_specs::resolve::{Resolver, partition};
use trueup_specs::{ACCOUNT, PolicySpec};

use super::ManagedPolicySpec;
use crate::fields::{IAM_QUOTAS, TAGS_MAX, Tags};

/// How much one managed policy holds.
pub(super) const ROOM: Room<'static> = Room { size_max: Use::Identity.size_max(), length: &length };

/// An account's id. <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>
const ACCOUNT_ID: &str = "000000000000";

/// The length of a key's id, be it a key of one region or of several.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts-key-id.html>
const KEY_ID: &str = "00000000-0000-0000-0000-000000000000";

/// The characters of a value that is not known yet, where all such values have as many.
fn length(address: &str, attribute: &str) -> Option<usize> {
    let local = address.rsplit_once('/').map_or(address, |(_, local)| local);
    let kind = local.split_once('.').map(|(kind, _)| kind)?;
    match (kind, attribute) {
        (kind, "id") if kind == ACCOUNT.name => Some(ACCOUNT_ID.len()),
        ("key" | "replica_key", "id") => Some(KEY_ID.len()),
        ("key" | "replica_key", "arn") => {
            let address: Address = address.parse().ok()?;
            let region = address.region?;
            Some(format!("arn:{}:kms:{region}:{ACCOUNT_ID}:key/{KEY_ID}", partition(&region)).len())
        }
        _ => None,
    }
}

/// The documents of a policy that is spread over as many as it takes.
pub(super) fn spread(policy: &PolicySpec, cx: &mut Resolver<'_>) -> Option<Vec<Document>> {
    let document = cx.packed_policy(policy, Use::Identity)?;
    let problem = match spread_document(&document, ROOM) {
        Ok(documents) => return Some(documents),
        Err(Unpackable::TooLarge { statement, size }) => {
            let max = ROOM.size_max;
            let over = format!("{size} characters, {} over the limit of {max}", size.saturating_sub(max));
            let which = statement.sid.as_ref().map_or_else(String::new, |sid| format!("the statement `{sid}`: "));
            Diagnostic::error("a statement is too large for any managed policy")
                .at(policy.span(), format!("{which}{over}"))
                .note(format!("a statement is cut only along its actions and its resources: {IAM_QUOTAS}"))
                .help("say it in several statements")
        }
        Err(Unpackable::Unknown(value)) => {
            Diagnostic::error("how many policies it is packed into must be known before apply")
                .at(policy.span(), format!("holds {value}, of any length"))
                .help("name what follows from the specs alone, or move the statement into a policy without `pack`")
        }
    };
    cx.problem(problem);
    None
}

/// How many policies a spec is spread over. What is wrong with it is told with its own problems.
pub(crate) fn count(spec: &ManagedPolicySpec, cx: &mut Resolver<'_>) -> usize {
    if spec.pack == Some(true) { spread(&spec.policy, cx).map_or(1, |documents| documents.len()) } else { 1 }
}

/// Tells that there is no room for the tag by which a part is known.
pub(super) fn check_tags(tags: &Tags, parts: usize, cx: &mut Resolver<'_>) {
    if parts > 1 && tags.len() == TAGS_MAX {
        let span = cx.span();
        let problem = Diagnostic::error(format!("{TAGS_MAX} tags are one too many for a policy in several parts"));
        cx.problem(problem.at(span, "each part has one more, which says which it is"));
    }
}
