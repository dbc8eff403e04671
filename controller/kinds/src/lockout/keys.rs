//! Keys that nobody can administer.

use std::collections::BTreeSet;

use serde_json::Value;
use trueup_engine::dangers::document;
use trueup_engine::facts::{Facts, Scope};
use trueup_specs::pending::is_pending;
use trueup_specs::policy::evaluate::{Caller, Policies, Request, Source, decide};
use trueup_specs::policy::{Document, Principal, Principals};
use trueup_state::plan::{Action, Plan};

use super::{goes, live};
use crate::source::kms::KmsFacts;

/// Who may change the policy may give itself all else.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
const ADMINISTER: &str = "kms:PutKeyPolicy";

/// A key that was read.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) scope: Scope,
    pub(super) arn: String,
    pub(super) policy: Document,
}

pub(super) fn read(facts: &Facts) -> Vec<Key> {
    let scopes = facts.iter().filter(|(source, _, _)| *source == "kms").map(|(_, scope, _)| scope.clone());
    let mut keys = Vec::new();
    for scope in scopes {
        let Ok(kms) = facts.get::<KmsFacts>("kms", &scope) else { continue };
        for fact in kms.keys.values() {
            let Ok(settings) = &fact.settings else { continue };
            let policy = live(&settings.policy);
            keys.extend(policy.map(|policy| Key { scope: scope.clone(), arn: settings.arn.clone(), policy }));
        }
    }
    keys
}

fn is_key(kind: &str) -> bool {
    matches!(kind, "key" | "replica_key")
}

/// The policy in a model of either kind of key.
fn policy(model: Option<&Value>) -> Option<Document> {
    document(model?.get("policy")?)
}

pub(super) fn look_at(keys: &[Key], plan: &Plan, marks: &mut Vec<(usize, String)>) {
    let identities = |index: &usize| matches!(&*plan.changes[*index].address.kind, "role" | "user");
    let removed: Vec<(usize, &str)> = (0..plan.changes.len())
        .filter(identities)
        .filter(|index| matches!(plan.changes[*index].action, Action::Remove { .. }))
        .filter_map(|index| Some((index, plan.changes[index].outputs.get("arn")?.as_str())))
        .collect();
    let gone: BTreeSet<&str> = removed.iter().map(|(_, arn)| *arn).collect();
    let nobody = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for (index, change) in plan.changes.iter().enumerate().filter(|(_, change)| is_key(&change.address.kind)) {
        let arn = change.outputs.get("arn").cloned();
        seen.extend(arn.clone());
        let Some(after) = policy(change.after.as_ref()).filter(|_| !goes(change)) else { continue };
        let account = plan.accounts.get(&change.scope.account).map(|account| &*account.id).unwrap_or_default();
        let region = change.scope.region.as_deref().unwrap_or_default();
        let arn = arn.unwrap_or_else(|| format!("arn:aws:kms:{region}:{account}:key/new"));
        let before = policy(change.before.as_ref());
        let was = before.is_none_or(|before| is_administrable(&before, &arn, &nobody));
        let is = is_administrable(&after, &arn, &gone);
        if was && !is {
            marks.push((index, format!("nobody could change the policy of {} any more", change.address)));
        }
    }
    for key in keys.iter().filter(|key| !seen.contains(&key.arn)) {
        let orphaned =
            is_administrable(&key.policy, &key.arn, &nobody) && !is_administrable(&key.policy, &key.arn, &gone);
        if !orphaned {
            continue;
        }
        for (index, _) in removed.iter().filter(|(_, arn)| key.policy.principals().any(|named| named == *arn)) {
            let why = format!("nobody could change the policy of {} in {} any more", key.arn, key.scope);
            marks.push((*index, why));
        }
    }
}

/// Whether somebody who stays may change the key's policy. An account counts: its root user may, and whom its policies let.
fn is_administrable(policy: &Document, arn: &str, gone: &BTreeSet<&str>) -> bool {
    let principals = policy.statements.iter().filter_map(|statement| statement.principal.as_ref());
    principals.flat_map(Principals::named).any(|principal| match principal {
        Principal::Everyone => may(Caller::Anonymous, policy, arn),
        // It is made in this plan, or its id is.
        Principal::Aws(named) if is_pending(named) => true,
        Principal::Aws(named) if gone.contains(named.as_str()) => false,
        Principal::Aws(named) => caller(named).is_some_and(|caller| may(caller, policy, arn)),
        Principal::CanonicalUser(_) | Principal::Federated(_) | Principal::Service(_) => false,
    })
}

fn may(caller: Caller, policy: &Document, arn: &str) -> bool {
    let resource = vec![Source { name: "key", document: policy }];
    !decide(&Request::new(caller, ADMINISTER, arn), &Policies { resource, ..Policies::default() }).is_denied()
}

/// Who a principal is; nothing for the unique id of one that is gone.
fn caller(named: &str) -> Option<Caller> {
    if named.len() == 12 && named.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Caller::Root(named.to_owned()));
    }
    let parts: Vec<&str> = named.splitn(6, ':').collect();
    let (account, resource) = (parts.get(4)?, parts.get(5)?);
    match resource.split('/').next()? {
        "root" => Some(Caller::Root((*account).to_owned())),
        "role" => Some(Caller::role(named)),
        "user" => Some(Caller::User(named.to_owned())),
        _ => None,
    }
}
