//! The kind `ecr_registry`: the settings of an account's private registry in one region.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use trueup_engine::access::{Access, Beside, Paper};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::Use;
use trueup_specs::resolve::Resolver;
use trueup_specs::{PolicySpec, Text, spec, words};
use trueup_state::outputs::Outputs;

use crate::ecr_repository::registry_host;
use crate::fields::{self, PolicyDocument, Tags, unnamed};
use crate::source::ecr::{self, EcrFacts, RegistryFact};

mod desired;
pub(crate) mod perform;
mod pull_through;
#[cfg(test)]
mod tests;

pub use pull_through::{PullThroughCache, PullThroughCacheRule, PullThroughCacheSpec};

/// There is one registry in a region of an account, and it has no other name.
const NAME: &str = "registry";

spec! {
    /// The settings of an account's private registry in one region: one for each, and at least one of them.
    ///
    /// AWS can't tag them, so that whose they are stands in the record of the last apply.
    pub struct EcrRegistrySpec {
        /// How images are scanned.
        /// Default: `{ scan_type = "BASIC" }` without rules, as of a new registry: repositories say it themselves.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html>
        pub scanning: Option<ScanningSpec>,
        /// Which images are copied to other registries.
        /// Default: none. At most 10 rules.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html>
        pub replication: Option<Vec<ReplicationRuleSpec>>,
        /// What other accounts may do with the registry: copy images into it, say.
        /// At most 10,240 characters. Default: no policy.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
        pub policy: Option<PolicySpec>,
        /// Upstream registries whose images are kept here once they were pulled, by the prefix of the repositories they are kept in:
        /// `docker-hub`, or `ROOT` for all. At most 50.
        /// Default: none; one made by hand is removed.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>
        pub pull_through_cache: IndexMap<String, PullThroughCacheSpec>,
        /// Whether a layer that another repository of the registry has is taken from there when it is pushed.
        /// Default: `false`.
        /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html>
        pub blob_mounting: Option<bool>,
    }
}

spec! {
    /// How a registry's images are scanned.
    pub struct ScanningSpec {
        /// Who scans.
        /// Default: `"BASIC"`.
        pub scan_type: Option<ScanType>,
        /// Which repositories are scanned, and when; at most one rule for each frequency.
        /// Default: none.
        pub rules: Option<Vec<ScanningRuleSpec>>,
    }
}

spec! {
    /// Which repositories are scanned.
    pub struct ScanningRuleSpec {
        /// When their images are scanned.
        pub scan_frequency: ScanFrequency,
        /// The repositories, with `*` for any characters: `["*"]`, `["prod/*"]`. 1 to 100.
        pub repository_filters: Vec<Text>,
    }
}

spec! {
    /// Which images are copied where.
    pub struct ReplicationRuleSpec {
        /// Where they are copied. At most 25 in all rules together.
        pub destinations: Vec<DestinationSpec>,
        /// What the names of the repositories begin with: `["prod/"]`. At most 100.
        /// Default: all repositories.
        pub repository_filters: Option<Vec<Text>>,
    }
}

spec! {
    /// A registry to copy images to.
    pub struct DestinationSpec {
        /// The registry's region.
        pub region: Text,
        /// The registry's account, twelve digits: `"${prod/account.id}"`.
        /// Default: the registry's own account.
        pub registry_id: Option<Text>,
    }
}

words! {
    /// Who scans images.
    pub enum ScanType {
        /// ECR itself.
        Basic = "BASIC",
        /// Amazon Inspector.
        Enhanced = "ENHANCED",
    }
}

words! {
    /// When images are scanned.
    pub enum ScanFrequency {
        /// When they come.
        ScanOnPush = "SCAN_ON_PUSH",
        /// When they come, and whenever more is known of what is in them; only with `"ENHANCED"`.
        ContinuousScan = "CONTINUOUS_SCAN",
        /// When someone asks for it; only with `"BASIC"`.
        Manual = "MANUAL",
    }
}

/// The settings of a registry; never those that every registry has, since then there is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcrRegistryModel {
    /// How images are scanned.
    pub scanning: Scanning,
    /// Which images are copied where.
    pub replication: Replication,
    /// What others may do.
    pub policy: Option<PolicyDocument>,
    /// Which upstream registries are kept copies of, by prefix.
    #[serde(default)]
    pub pull_through_cache: PullThroughCache,
    /// Whether layers are shared between repositories.
    #[serde(default)]
    pub blob_mounting: bool,
}

/// How a registry's images are scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scanning {
    /// `BASIC` or `ENHANCED`.
    pub scan_type: String,
    /// In no order.
    pub rules: BTreeSet<ScanningRule>,
}

impl Default for Scanning {
    fn default() -> Self {
        Self { scan_type: ScanType::Basic.to_string(), rules: BTreeSet::new() }
    }
}

/// Which repositories are scanned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScanningRule {
    /// `SCAN_ON_PUSH`, `CONTINUOUS_SCAN` or `MANUAL`.
    pub scan_frequency: String,
    /// Patterns of names.
    pub repository_filters: BTreeSet<String>,
}

/// Which images are copied where: rules in no order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Replication(pub BTreeSet<ReplicationRule>);

/// One rule of replication.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReplicationRule {
    /// Where images are copied.
    pub destinations: BTreeSet<Destination>,
    /// What names begin with; none means all.
    pub repository_filters: BTreeSet<String>,
}

/// A registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Destination {
    /// Its region.
    pub region: String,
    /// Its account.
    pub registry_id: String,
}

/// One call on a registry's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum EcrRegistryOp {
    /// `PutRegistryScanningConfiguration`.
    PutRegistryScanningConfiguration {
        /// All of it.
        scanning: Scanning,
    },
    /// `PutReplicationConfiguration`.
    PutReplicationConfiguration {
        /// All rules.
        replication: Replication,
    },
    /// `PutRegistryPolicy`.
    PutRegistryPolicy {
        /// The whole policy.
        policy: PolicyDocument,
        /// Principals it no longer names.
        unnames: Vec<String>,
    },
    /// `DeleteRegistryPolicy`.
    DeleteRegistryPolicy {
        /// Principals it named.
        unnames: Vec<String>,
    },
    /// `CreatePullThroughCacheRule`.
    CreatePullThroughCacheRule {
        /// Of the repositories.
        prefix: String,
        /// All of it.
        rule: PullThroughCacheRule,
    },
    /// `UpdatePullThroughCacheRule`.
    UpdatePullThroughCacheRule {
        /// Of the repositories.
        prefix: String,
        /// The ARN of a secret.
        credential_arn: Option<String>,
        /// The ARN of a role.
        custom_role_arn: Option<String>,
    },
    /// `DeletePullThroughCacheRule`.
    DeletePullThroughCacheRule {
        /// Of the repositories.
        prefix: String,
    },
    /// `PutAccountSetting` of `BLOB_MOUNTING`.
    PutBlobMounting {
        /// Whether layers are shared.
        enabled: bool,
    },
}

/// The kind `ecr_registry`.
#[derive(Clone, Copy, Debug)]
pub struct EcrRegistry;

static SCHEMA: KindSchema = KindSchema {
    name: "ecr_registry",
    summary: "The settings of an account's private ECR registry in one region.",
    scope: KindScope::Region,
    stateful: false,
    taggable: false,
    attributes: &[("id", "The registry's id: the account's."), ("uri", "The registry's host name.")],
    shape: shape_of::<EcrRegistrySpec>,
    decode: decode_any::<EcrRegistrySpec>,
};

impl Kind for EcrRegistry {
    type Spec = EcrRegistrySpec;
    type Model = EcrRegistryModel;
    type Op = EcrRegistryOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[ecr::NAME]
    }

    fn identity(_: &EcrRegistrySpec, at: &At, _: &mut Resolver<'_>) -> Identity {
        let claim = Some(format!("ecr {} {} registry", at.account_id, at.region()));
        let outputs = fields::outputs([("id", at.account_id.to_string()), ("uri", registry_host(at))]);
        Identity { name: NAME.to_owned(), claim, outputs }
    }

    fn desired(spec: &EcrRegistrySpec, at: &At, cx: &mut Resolver<'_>) -> Option<EcrRegistryModel> {
        let EcrRegistrySpec { scanning, replication, policy, pull_through_cache, blob_mounting } = spec;
        let policy = match policy {
            None => Some(None),
            Some(policy) => cx.policy(policy, Use::Registry).map(|document| {
                fields::check_size(&document, Use::Registry, policy.span(), cx);
                Some(PolicyDocument::Document(document))
            }),
        };
        let scanning = scanning.as_ref().map(|scanning| desired::scanning(scanning, cx)).unwrap_or_default();
        let replication = desired::replication(replication.as_deref().unwrap_or_default(), at, cx);
        let pull_through_cache = pull_through::desired(pull_through_cache, at, cx);
        let blob_mounting = blob_mounting.unwrap_or_default();
        let model = EcrRegistryModel { scanning, replication, policy: policy?, pull_through_cache, blob_mounting };
        if model == EcrRegistryModel::default() {
            let problem = Diagnostic::error("these settings are those that every registry has").at(cx.span(), "");
            cx.problem(problem.help("give scanning rules, `replication`, a `policy` or a `pull_through_cache`, or leave the whole table out"));
            return None;
        }
        Some(model)
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<EcrRegistryModel>>, Unread> {
        let facts: &EcrFacts = facts.get(ecr::NAME, scope)?;
        Ok(facts.registry.iter().filter_map(live).collect())
    }

    fn tags(_: &EcrRegistryModel) -> Option<&Tags> {
        None
    }

    fn tags_mut(_: &mut EcrRegistryModel) -> Option<&mut Tags> {
        None
    }

    fn ops(
        _: &At,
        before: Option<&EcrRegistryModel>,
        after: Option<&EcrRegistryModel>,
    ) -> Result<Steps<EcrRegistryOp>, Refusal> {
        let none = EcrRegistryModel::default();
        let ops = change(before.unwrap_or(&none), after.unwrap_or(&none));
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(_: &At, _: &EcrRegistryOp) -> Option<Vec<EcrRegistryOp>> {
        None
    }

    fn follow(_: &At, model: &EcrRegistryModel, replaced: &str) -> Vec<EcrRegistryOp> {
        // As in a repository's policy, the principal that was made again is not the one that is named.
        let policy = model.policy.as_ref().filter(|policy| policy.principals().contains(replaced)).cloned();
        let put = |policy| EcrRegistryOp::PutRegistryPolicy { policy, unnames: Vec::new() };
        policy.map(put).into_iter().collect()
    }

    fn info(_: &At, op: &EcrRegistryOp) -> OpInfo {
        let of = |call, title: &str| OpInfo {
            call,
            resource: "*".to_owned(),
            title: format!("{title} of the registry"),
            ..OpInfo::default()
        };
        match op {
            EcrRegistryOp::PutRegistryScanningConfiguration { scanning: _ } => {
                of("ecr:PutRegistryScanningConfiguration", "put scanning configuration")
            }
            EcrRegistryOp::PutReplicationConfiguration { replication: _ } => {
                of("ecr:PutReplicationConfiguration", "put replication configuration")
            }
            EcrRegistryOp::PutRegistryPolicy { policy, unnames } => OpInfo {
                needs: policy.principals().into_iter().collect(),
                unnames: unnames.clone(),
                ..of("ecr:PutRegistryPolicy", "put policy")
            },
            EcrRegistryOp::DeleteRegistryPolicy { unnames } => {
                OpInfo { unnames: unnames.clone(), ..of("ecr:DeleteRegistryPolicy", "delete policy") }
            }
            EcrRegistryOp::CreatePullThroughCacheRule { prefix, rule } => OpInfo {
                needs: rule.custom_role_arn.iter().cloned().collect(),
                ..of("ecr:CreatePullThroughCacheRule", &format!("create pull through cache rule {prefix}"))
            },
            EcrRegistryOp::UpdatePullThroughCacheRule { prefix, credential_arn: _, custom_role_arn } => OpInfo {
                needs: custom_role_arn.iter().cloned().collect(),
                ..of("ecr:UpdatePullThroughCacheRule", &format!("update pull through cache rule {prefix}"))
            },
            EcrRegistryOp::DeletePullThroughCacheRule { prefix } => {
                of("ecr:DeletePullThroughCacheRule", &format!("delete pull through cache rule {prefix}"))
            }
            EcrRegistryOp::PutBlobMounting { enabled: _ } => of("ecr:PutAccountSetting", "put blob mounting"),
        }
    }

    fn export(_: &At, live: &Live<EcrRegistryModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<EcrRegistryModel>, op: &EcrRegistryOp) {
        let mut settings = model.take().unwrap_or_default();
        match op.clone() {
            EcrRegistryOp::PutRegistryScanningConfiguration { scanning } => settings.scanning = scanning,
            EcrRegistryOp::PutReplicationConfiguration { replication } => settings.replication = replication,
            EcrRegistryOp::PutRegistryPolicy { policy, unnames: _ } => settings.policy = Some(policy),
            EcrRegistryOp::DeleteRegistryPolicy { unnames: _ } => settings.policy = None,
            EcrRegistryOp::CreatePullThroughCacheRule { prefix, rule } => {
                settings.pull_through_cache.insert(prefix, rule);
            }
            EcrRegistryOp::UpdatePullThroughCacheRule { prefix, credential_arn, custom_role_arn } => {
                if let Some(rule) = settings.pull_through_cache.get_mut(&prefix) {
                    rule.credential_arn = credential_arn.or(rule.credential_arn.take());
                    rule.custom_role_arn = custom_role_arn.or(rule.custom_role_arn.take());
                }
            }
            EcrRegistryOp::DeletePullThroughCacheRule { prefix } => {
                settings.pull_through_cache.remove(&prefix);
            }
            EcrRegistryOp::PutBlobMounting { enabled } => settings.blob_mounting = enabled,
        }
        *model = Some(settings).filter(|settings| *settings != EcrRegistryModel::default());
    }

    fn access<'m>(at: &At, model: &'m EcrRegistryModel, _: &Outputs) -> Vec<Access<'m>> {
        let paper = model.policy.as_ref().map(|policy| Paper::new("policy", policy.document()));
        let over = |paper| Access::Beside { arn: at.arn("ecr", "repository"), sort: Beside::Registry, paper };
        paper.map(over).into_iter().collect()
    }
}

fn change(before: &EcrRegistryModel, after: &EcrRegistryModel) -> Vec<EcrRegistryOp> {
    let EcrRegistryModel { scanning, replication, policy, pull_through_cache, blob_mounting } = after.clone();
    let mut ops = pull_through::change(&before.pull_through_cache, &pull_through_cache);
    if blob_mounting != before.blob_mounting {
        ops.push(EcrRegistryOp::PutBlobMounting { enabled: blob_mounting });
    }
    if scanning != before.scanning {
        ops.push(EcrRegistryOp::PutRegistryScanningConfiguration { scanning });
    }
    if policy != before.policy {
        let unnames = unnamed(before.policy.as_ref(), policy.as_ref());
        ops.push(match policy {
            Some(policy) => EcrRegistryOp::PutRegistryPolicy { policy, unnames },
            None => EcrRegistryOp::DeleteRegistryPolicy { unnames },
        });
    }
    if replication != before.replication {
        ops.push(EcrRegistryOp::PutReplicationConfiguration { replication });
    }
    ops
}

fn live(fact: &RegistryFact) -> Option<Live<EcrRegistryModel>> {
    let RegistryFact { scanning, replication, policy, pull_through_cache, blob_mounting } = fact;
    let model = EcrRegistryModel {
        scanning: scanning.clone(),
        replication: replication.clone(),
        policy: policy.as_deref().map(PolicyDocument::from_live),
        pull_through_cache: pull_through_cache.clone(),
        blob_mounting: *blob_mounting,
    };
    let is_something = model != EcrRegistryModel::default();
    // Id and host name follow from where it is.
    is_something.then(|| Live { name: NAME.to_owned(), model, outputs: Outputs::new() })
}
