//! The kind `replica_key`: a multi-region key's replica in another region.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>
//!
//! It has its primary key's id, material, sort and rotation; all else it has for itself, and that is what is changed here.

use serde::{Deserialize, Serialize};
use trueup_engine::access::Access;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Claim, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::decode::{OneOrMany, Within};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::pending;
use trueup_specs::resolve::{self, Resolver};
use trueup_specs::{PolicySpec, Reference, Text, spec};
use trueup_state::outputs::Outputs;

use crate::fields::{self, PolicyDocument, Tags};
use crate::key::desired as key_desired;
use crate::key::export as key_export;
use crate::key::grants::{self, GrantSpec};
use crate::key::own::{self, Handles, KeyChange, OwnProperties};
use crate::key::{
    DELETION_WINDOW_DAYS_MAX, DELETION_WINDOW_DAYS_MIN, KeySort, KeySpec, KeyStateWord, KeyUsage, default_policy,
    live_outputs,
};
use crate::source::kms::{self, KmsFacts};

mod perform;
#[cfg(test)]
mod tests;

spec! {
    /// A replica of a multi-region KMS key in another region: what one encrypts the other decrypts.
    ///
    /// It has its primary key's id, `key_spec`, `key_usage` and rotation.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>
    pub struct ReplicaKeySpec {
        /// The key it is a replica of, by address or ARN: one with `multi_region = true` in another region of the account.
        ///
        /// Can't be changed.
        pub primary: Reference<fields::PrimaryKey>,
        /// Its alias in this region, with `alias/` in front; a list where it has several.
        ///
        /// Letters, digits, `/`, `_` and `-`, at most 256 characters. Without one the replica is found by its tags alone.
        /// Default: no alias. An alias that is not listed here is removed.
        /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
        pub alias: OneOrMany<Text>,
        /// What it is for.
        ///
        /// At most 8192 characters. Default: empty.
        pub description: Option<Text>,
        /// Who may do what with the replica; the whole policy. The primary key's does not count for it.
        ///
        /// At most 32 KB. Default: KMS's own, by which the account's IAM policies decide.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
        pub policy: Option<PolicySpec>,
        /// Days between the replica's removal from the specs and its end, in which its deletion can be taken back.
        ///
        /// 7 to 30. Default: 30. Another number is kept on the replica as the tag `trueup:deletion-window`.
        /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>
        pub deletion_window_days: Option<Within<{ DELETION_WINDOW_DAYS_MIN as i64 }, { DELETION_WINDOW_DAYS_MAX as i64 }>>,
        /// Whether the replica can be used. Default: `"enabled"`, whatever its primary key is.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html>
        pub state: Option<KeyStateWord>,
        /// Its grants, by name: `[replica_key.artifacts.grant.deployments]`. The primary key's do not count for it.
        ///
        /// A grant whose name begins with `trueup:` and that is not listed here is revoked. Default: none.
        /// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
        pub grant: indexmap::IndexMap<String, GrantSpec>,
    }
}

/// A replica, as specs want it and as AWS has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaKeyModel {
    /// How calls reach a live one; neither compared nor saved.
    #[serde(skip)]
    pub handles: Handles,
    /// All that is not shared with its primary key.
    #[serde(flatten)]
    pub own: OwnProperties,
    /// The ARN of its primary key.
    pub primary: String,
}

/// What ReplicateKey takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReplica {
    /// The ARN of its primary key, or a token for it. The call is made in that key's region.
    pub primary: String,
    /// The region it shall be in.
    pub region: String,
    /// What it is for.
    pub description: String,
    /// The whole policy.
    pub policy: PolicyDocument,
    /// All tags, that of the deletion window too.
    pub tags: Tags,
}

/// One call that makes or changes a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum ReplicaKeyOp {
    /// Makes one.
    ReplicateKey(NewReplica),
    /// Changes it.
    #[serde(untagged)]
    Change(KeyChange),
}

/// The kind `replica_key`.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaKey;

static SCHEMA: KindSchema = KindSchema {
    name: "replica_key",
    summary: "A replica of a multi-region KMS key in another region.",
    scope: KindScope::Region,
    stateful: true,
    taggable: true,
    attributes: &[
        ("arn", "Its ARN; known once it is there."),
        ("id", "Its id, which is its primary key's; known once it is there."),
        ("alias_name", "Its first alias, with `alias/`."),
        ("alias_arn", "The ARN of its first alias."),
    ],
    shape: shape_of::<ReplicaKeySpec>,
    decode: decode_any::<ReplicaKeySpec>,
};

impl Kind for ReplicaKey {
    type Spec = ReplicaKeySpec;
    type Model = ReplicaKeyModel;
    type Op = ReplicaKeyOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[kms::NAME]
    }

    fn identity(spec: &ReplicaKeySpec, at: &At, cx: &mut Resolver<'_>) -> Identity {
        key_desired::identity(&spec.alias, at, cx)
    }

    fn claims_besides(spec: &ReplicaKeySpec, at: &At, cx: &mut Resolver<'_>) -> Vec<Claim> {
        let mut claims = key_desired::other_aliases(&spec.alias, at, cx);
        // KMS makes one replica of a key in a region.
        let primary = cx.reference(&spec.primary);
        claims.push(Claim {
            claim: format!("kms {} {} replica of {primary}", at.account_id, at.region()),
            name: format!("replica of {}", pending::show(&primary)),
            span: Some(spec.primary.span()),
        });
        claims
    }

    fn desired(spec: &ReplicaKeySpec, at: &At, cx: &mut Resolver<'_>) -> Option<ReplicaKeyModel> {
        desired(spec, at, cx)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<ReplicaKeyModel>>, Unread> {
        let KmsFacts { keys } = facts.get(kms::NAME, scope)?;
        let mut live = Vec::new();
        for (id, fact) in keys {
            let settings = fact.settings.as_ref().map_err(Clone::clone)?;
            if kms::is_replica_key(settings) {
                let (own, handles) = OwnProperties::live(&fact.aliases, settings);
                let primary = settings.primary.clone().unwrap_or_else(|| settings.arn.clone());
                let model = ReplicaKeyModel { handles, own, primary };
                live.push(Live { name: fact.name.clone(), model, outputs: live_outputs(id, &fact.name, settings) });
            }
        }
        Ok(live)
    }

    fn tags(model: &ReplicaKeyModel) -> Option<&Tags> {
        Some(&model.own.tags)
    }

    fn tags_mut(model: &mut ReplicaKeyModel) -> Option<&mut Tags> {
        Some(&mut model.own.tags)
    }

    fn ops(
        at: &At,
        before: Option<&ReplicaKeyModel>,
        after: Option<&ReplicaKeyModel>,
    ) -> Result<Steps<ReplicaKeyOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => creation(at, after)?,
            (Some(before), Some(after)) => changes(at, before, after)?,
            (Some(before), None) => {
                let key = own::key_of(at, &before.handles);
                // One that was made the primary holds no other back.
                let primary = Some(before.primary.clone()).filter(|primary| *primary != key);
                own::removal(&key, &before.own, primary).into_iter().map(ReplicaKeyOp::Change).collect()
            }
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(at: &At, op: &ReplicaKeyOp) -> Option<Vec<ReplicaKeyOp>> {
        let ReplicaKeyOp::ReplicateKey(new) = op else { return None };
        let shell = default_policy(at);
        if new.policy == shell {
            return None;
        }
        let put = KeyChange::PutKeyPolicy { key: own::token(at), policy: new.policy.clone(), unnames: Vec::new() };
        let make = ReplicaKeyOp::ReplicateKey(NewReplica { policy: shell, ..new.clone() });
        Some(vec![make, ReplicaKeyOp::Change(put)])
    }

    fn follow(at: &At, model: &ReplicaKeyModel, replaced: &str) -> Vec<ReplicaKeyOp> {
        let ops = own::follow(&own::key_of(at, &model.handles), &model.handles, &model.own, replaced);
        ops.into_iter().map(ReplicaKeyOp::Change).collect()
    }

    fn info(at: &At, op: &ReplicaKeyOp) -> OpInfo {
        match op {
            ReplicaKeyOp::ReplicateKey(new) => OpInfo {
                needs: new.policy.principals().into_iter().collect(),
                yields: &["arn", "id"],
                ..own::on("kms:ReplicateKey", &new.primary, format!("make {}", own::shown(at)))
            },
            ReplicaKeyOp::Change(change) => own::info(at, change),
        }
    }

    fn export(_: &At, live: &Live<ReplicaKeyModel>) -> Export {
        key_export::own(&live.model.own, Export::same(&live.model))
    }

    fn simulate(model: &mut Option<ReplicaKeyModel>, op: &ReplicaKeyOp) {
        match (model.as_mut(), op) {
            (_, ReplicaKeyOp::ReplicateKey(new)) => *model = Some(fresh(new)),
            (_, ReplicaKeyOp::Change(KeyChange::ScheduleKeyDeletion { .. })) => *model = None,
            (Some(replica), ReplicaKeyOp::Change(change)) => own::simulate(&mut replica.own, change),
            // KMS refuses it for a key that is not there.
            (None, ReplicaKeyOp::Change(_)) => {}
        }
    }

    fn access<'m>(at: &At, model: &'m ReplicaKeyModel, outputs: &Outputs) -> Vec<Access<'m>> {
        own::access(at, &model.handles, &model.own, outputs)
    }
}

fn desired(spec: &ReplicaKeySpec, at: &At, cx: &mut Resolver<'_>) -> Option<ReplicaKeyModel> {
    let ReplicaKeySpec { primary, alias, description, policy, deletion_window_days, state, grant } = spec;
    let arn = cx.reference(primary);
    let sort = check_primary(primary, &arn, at, cx);
    let aliases = key_desired::aliases(alias, cx);
    let description = description.as_ref().map_or_else(String::new, |text| key_desired::checked_description(text, cx));
    let policy = key_desired::whole_policy(policy.as_ref(), at, cx);
    let grants = grants::desired(grant, sort, cx);
    let tags = fields::tags(cx);
    let window = deletion_window_days.map_or(DELETION_WINDOW_DAYS_MAX, |days| key_desired::small(days.get()));
    let own = OwnProperties {
        state: state.unwrap_or(KeyStateWord::Enabled).in_kms().to_owned(),
        aliases,
        description,
        policy: policy?,
        deletion_window_days: window,
        grants,
        tags,
    };
    Some(ReplicaKeyModel { handles: Handles::default(), own, primary: arn })
}

/// Tells of what no replica can be made; and what the primary key is and does, where a spec says it.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html>
fn check_primary(
    primary: &Reference<fields::PrimaryKey>,
    arn: &str,
    at: &At,
    cx: &mut Resolver<'_>,
) -> Option<(KeySort, KeyUsage)> {
    let span = primary.span();
    let named = cx.named(primary).map(|(_, instance)| instance);
    let (region, account) = match named {
        Some(instance) => {
            let account = cx.account_of(instance).map(str::to_owned);
            (instance.region.as_deref().map(str::to_owned), account)
        }
        None if fields::is_pending(arn) => (None, None),
        None => {
            let part = |index| arn.split(':').nth(index).map(str::to_owned);
            (part(3), part(4))
        }
    };
    if region.as_deref() == Some(at.region()) {
        let problem = Diagnostic::error("a replica is in another region than its primary key");
        let problem = problem.at(span, format!("this key is in {} too", at.region()));
        cx.problem(problem.help("put the replica into a file whose [scope] has another region"));
    } else if let Some(region) = region.filter(|region| resolve::partition(region) != at.partition) {
        let problem = Diagnostic::error("a replica is in the same partition as its primary key");
        cx.problem(problem.at(span, format!("{region} is in another than {}", at.region())));
    }
    if account.is_some_and(|account| *account != *at.account_id) {
        let problem = Diagnostic::error("a replica is in the same account as its primary key");
        cx.problem(problem.at(span, "this key is in another"));
    }
    let spec = named?.block.spec::<KeySpec>()?;
    if spec.multi_region != Some(true) {
        let problem = Diagnostic::error("only a multi-region key can have a replica").at(span, "this is none");
        let problem = problem.also(named?.block.span, "the key is declared here");
        cx.problem(
            problem.help("a key's `multi_region` is for good: a key that is there must be made anew to have it"),
        );
    }
    let sort = spec.key_spec.unwrap_or(KeySort::SymmetricDefault);
    let usage = spec.key_usage.or_else(|| sort.usages().first().copied().filter(|_| sort.usages().len() == 1));
    usage.map(|usage| (sort, usage))
}

/// A replica right after ReplicateKey.
fn fresh(new: &NewReplica) -> ReplicaKeyModel {
    let NewReplica { primary, region: _, description, policy, tags } = new;
    let own = OwnProperties::fresh(description, policy, tags);
    ReplicaKeyModel { handles: Handles::default(), own, primary: primary.clone() }
}

fn creation(at: &At, after: &ReplicaKeyModel) -> Result<Vec<ReplicaKeyOp>, Refusal> {
    let OwnProperties { description, policy, deletion_window_days, tags, .. } = &after.own;
    let new = NewReplica {
        primary: after.primary.clone(),
        region: at.region().to_owned(),
        description: description.clone(),
        policy: policy.clone(),
        tags: own::to_wire(tags, *deletion_window_days),
    };
    let made = fresh(&new);
    let mut ops = vec![ReplicaKeyOp::ReplicateKey(new)];
    ops.extend(settle(&own::token(at), &made, after)?);
    Ok(ops)
}

fn changes(at: &At, before: &ReplicaKeyModel, after: &ReplicaKeyModel) -> Result<Vec<ReplicaKeyOp>, Refusal> {
    if before.primary != after.primary {
        return Err(Refusal {
            field: "primary",
            why: format!(
                "a replica's primary key is for good: it is {}, not {}",
                before.primary,
                pending::show(&after.primary)
            ),
            help: "UpdatePrimaryRegion makes another key of the same family the primary; a replica of another family needs a table of its own"
                .to_owned(),
        });
    }
    settle(&own::key_of(at, &before.handles), before, after)
}

fn settle(key: &str, before: &ReplicaKeyModel, after: &ReplicaKeyModel) -> Result<Vec<ReplicaKeyOp>, Refusal> {
    let ReplicaKeyModel { handles: _, own: wanted, primary: _ } = after;
    let mut ops = own::awaken(key, &before.own, wanted);
    ops.extend(own::settle(key, &before.handles, &before.own, wanted)?);
    ops.extend(own::put_to_sleep(key, &before.own, wanted));
    Ok(ops.into_iter().map(ReplicaKeyOp::Change).collect())
}
