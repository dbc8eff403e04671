//! The organization itself. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org.html>

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trueup_engine::access::Access;
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Held, Identity, Kind, Live, OpInfo, Refusal, Steps};
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::resolve::Resolver;
use trueup_specs::{spec, words};
use trueup_state::outputs::Outputs;

use crate::fields::Tags;
use crate::made::{Inside, ROOT, THE_ORGANIZATION, held_account, token, type_enabled};
use crate::source::organizations::{self, OrganizationFact, OrganizationFacts};

mod perform;
#[cfg(test)]
mod tests;

/// There is one, and it has no name of its own.
const NAME: &str = "organization";

/// The type that is enabled when an organization is made with all features.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganization.html>
const FROM_THE_START: &str = "SERVICE_CONTROL_POLICY";

spec! {
    /// The organization, with all features. It is made where the management account is in none.
    ///
    /// AWS can't tag it, so that whose it is stands in the record of the last apply.
    pub struct OrganizationSpec {
        /// The types of policies that can be attached.
        /// Default: service control policies. What is left out is disabled, which detaches all policies of the type from everything.
        pub policy_types: Option<Vec<PolicyTypeWord>>,
    }
}

words! {
    /// A type of policies.
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnablePolicyType.html>
    pub enum PolicyTypeWord {
        /// What accounts may do at most.
        ServiceControl = "SERVICE_CONTROL_POLICY",
        /// What may be done at most with what is in accounts.
        ResourceControl = "RESOURCE_CONTROL_POLICY",
        /// How tags are spelt.
        Tag = "TAG_POLICY",
        /// What is backed up.
        Backup = "BACKUP_POLICY",
        /// Whether AWS's AI services may keep what they see.
        AiServicesOptOut = "AISERVICES_OPT_OUT_POLICY",
        /// Which chats may be used.
        Chatbot = "CHATBOT_POLICY",
        /// How EC2 is set up.
        DeclarativeEc2 = "DECLARATIVE_POLICY_EC2",
        /// How Security Hub is set up.
        SecurityHub = "SECURITYHUB_POLICY",
        /// How Inspector is set up.
        Inspector = "INSPECTOR_POLICY",
        /// When upgrades are rolled out.
        UpgradeRollout = "UPGRADE_ROLLOUT_POLICY",
        /// How Bedrock is set up.
        Bedrock = "BEDROCK_POLICY",
        /// How S3 is set up.
        S3 = "S3_POLICY",
        /// How Network Security Director is set up.
        NetworkSecurityDirector = "NETWORK_SECURITY_DIRECTOR_POLICY",
    }
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationModel {
    /// The types that are enabled.
    pub policy_types: BTreeSet<String>,
    /// Its member accounts, in a live one; neither compared nor saved.
    #[serde(skip)]
    pub members: Inside,
}

/// One call on the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op")]
pub enum OrganizationOp {
    /// `CreateOrganization`, with all features.
    CreateOrganization,
    /// `EnablePolicyType`.
    EnablePolicyType {
        /// The type.
        policy_type: String,
    },
    /// `DisablePolicyType`.
    DisablePolicyType {
        /// The type.
        policy_type: String,
    },
    /// `DeleteOrganization`, which must have no member accounts any more.
    DeleteOrganization,
}

/// The kind `organization`.
#[derive(Clone, Copy, Debug)]
pub struct Organization;

static SCHEMA: KindSchema = KindSchema {
    name: "organization",
    summary: "The organization itself, and which types of policies it uses.",
    scope: KindScope::Organization,
    stateful: true,
    taggable: false,
    attributes: &[
        ("id", "The id, `o-…`, as conditions on `aws:PrincipalOrgID` name it; known after apply."),
        ("root_id", "The id of its root, `r-…`; known after apply."),
    ],
    shape: shape_of::<OrganizationSpec>,
    decode: decode_any::<OrganizationSpec>,
};

impl Kind for Organization {
    type Spec = OrganizationSpec;
    type Model = OrganizationModel;
    type Op = OrganizationOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[organizations::NAME]
    }

    fn identity(_: &OrganizationSpec, _: &At, _: &mut Resolver<'_>) -> Identity {
        Identity { name: NAME.to_owned(), claim: Some("organizations organization".to_owned()), ..Identity::default() }
    }

    fn desired(spec: &OrganizationSpec, _: &At, _: &mut Resolver<'_>) -> Option<OrganizationModel> {
        let OrganizationSpec { policy_types } = spec;
        let policy_types = match policy_types {
            Some(types) => types.iter().map(ToString::to_string).collect(),
            None => [FROM_THE_START.to_owned()].into(),
        };
        Some(OrganizationModel { policy_types, members: Inside::default() })
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<OrganizationModel>>, Unread> {
        let facts: &OrganizationFacts = facts.get(organizations::NAME, scope)?;
        Ok(facts.organization.iter().map(|organization| live(organization, members(facts))).collect())
    }

    fn tags(_: &OrganizationModel) -> Option<&Tags> {
        None
    }

    fn tags_mut(_: &mut OrganizationModel) -> Option<&mut Tags> {
        None
    }

    fn holds(live: &OrganizationModel) -> Vec<Held> {
        live.members.0.clone()
    }

    fn ops(
        _: &At,
        before: Option<&OrganizationModel>,
        after: Option<&OrganizationModel>,
    ) -> Result<Steps<OrganizationOp>, Refusal> {
        let ops = match (before, after) {
            (None, None) => Vec::new(),
            (None, Some(after)) => {
                let made = [FROM_THE_START.to_owned()].into();
                let mut ops = vec![OrganizationOp::CreateOrganization];
                ops.extend(change(&made, &after.policy_types));
                ops
            }
            (Some(_), None) => vec![OrganizationOp::DeleteOrganization],
            (Some(before), Some(after)) => change(&before.policy_types, &after.policy_types),
        };
        Ok(Steps { ops, replaces: Vec::new() })
    }

    fn split(_: &At, _: &OrganizationOp) -> Option<Vec<OrganizationOp>> {
        None
    }

    fn follow(_: &At, _: &OrganizationModel, _: &str) -> Vec<OrganizationOp> {
        Vec::new()
    }

    fn info(_: &At, op: &OrganizationOp) -> OpInfo {
        info(op)
    }

    fn export(_: &At, live: &Live<OrganizationModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<OrganizationModel>, op: &OrganizationOp) {
        match op.clone() {
            OrganizationOp::CreateOrganization => {
                *model = Some(OrganizationModel {
                    policy_types: [FROM_THE_START.to_owned()].into(),
                    members: Inside::default(),
                });
            }
            OrganizationOp::EnablePolicyType { policy_type } => model.iter_mut().for_each(|held| {
                held.policy_types.insert(policy_type.clone());
            }),
            OrganizationOp::DisablePolicyType { policy_type } => model.iter_mut().for_each(|held| {
                held.policy_types.remove(&policy_type);
            }),
            OrganizationOp::DeleteOrganization => *model = None,
        }
    }

    fn access<'m>(at: &At, _: &'m OrganizationModel, outputs: &Outputs) -> Vec<Access<'m>> {
        vec![
            Access::Organization {
                id: outputs.get("id").cloned().unwrap_or_else(|| token(at)),
                // Its own account is the one that keeps it.
                management_account: at.account_id.to_string(),
            },
            Access::Place { id: ROOT.to_owned(), parent: None, account: None },
        ]
    }
}

/// All accounts but the management account, closed ones too: AWS counts them until they are gone.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeleteOrganization.html>
fn members(facts: &OrganizationFacts) -> Inside {
    let management = facts.organization.as_ref().map(|organization| &organization.management);
    Inside(facts.accounts.iter().filter(|account| Some(&account.id) != management).map(held_account).collect())
}

fn live(fact: &OrganizationFact, members: Inside) -> Live<OrganizationModel> {
    let OrganizationFact { id, root, policy_types, management: _ } = fact;
    let outputs = [("id", id), ("root_id", root)];
    Live {
        name: NAME.to_owned(),
        model: OrganizationModel { policy_types: policy_types.clone(), members },
        outputs: outputs.map(|(attribute, value)| (attribute.to_owned(), value.clone())).into(),
    }
}

fn change(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<OrganizationOp> {
    let enable = after.difference(before).map(|one| OrganizationOp::EnablePolicyType { policy_type: one.clone() });
    let disable = before.difference(after).map(|one| OrganizationOp::DisablePolicyType { policy_type: one.clone() });
    enable.chain(disable).collect()
}

fn info(op: &OrganizationOp) -> OpInfo {
    let of = |call, title: String| OpInfo { call, resource: "*".to_owned(), title, ..OpInfo::default() };
    match op {
        OrganizationOp::CreateOrganization => OpInfo {
            creates: vec![THE_ORGANIZATION.to_owned(), type_enabled(FROM_THE_START)],
            yields: &["id", "root_id"],
            ..of("organizations:CreateOrganization", "create the organization".to_owned())
        },
        OrganizationOp::EnablePolicyType { policy_type } => OpInfo {
            creates: vec![type_enabled(policy_type)],
            ..of("organizations:EnablePolicyType", format!("enable {policy_type}"))
        },
        OrganizationOp::DisablePolicyType { policy_type } => {
            of("organizations:DisablePolicyType", format!("disable {policy_type}"))
        }
        OrganizationOp::DeleteOrganization => OpInfo {
            destroys: vec![THE_ORGANIZATION.to_owned()],
            ..of("organizations:DeleteOrganization", "delete the organization".to_owned())
        },
    }
}
