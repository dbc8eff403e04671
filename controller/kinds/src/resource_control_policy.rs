//! Resource control policies. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>

use trueup_engine::access::{Access, Limits, Side};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps, Together};
use trueup_engine::perform::{OpContext, OpError};
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::{Document, Effect, Principal, Principals, Use};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{PolicySpec, Reference, Text, spec};
use trueup_state::outputs::Outputs;

use crate::driver::Driver;
use crate::fields::{self, PolicyDocument, Tags};
use crate::organization_policy::{
    self, ATTRIBUTES, Content, OrganizationPolicyModel, OrganizationPolicyOp, PolicyTarget,
};
use crate::session::Session;
use crate::source::organizations;

#[cfg(test)]
mod tests;

/// The type, as Organizations names it.
const SORT: &str = "RESOURCE_CONTROL_POLICY";

spec! {
    /// A resource control policy: what may be done at most with what is in accounts, whoever does it.
    ///
    /// It grants nothing. The management account stands outside of it. AWS's own RCPFullAWSAccess stays attached beside it.
    pub struct ResourceControlPolicySpec {
        /// The policy's name.
        /// Default: the name in the address, dots as dashes. At most 128 characters. Changing it renames the policy.
        pub name: Option<Text>,
        /// What it is for.
        /// Default: none. At most 512 characters.
        pub description: Option<Text>,
        /// What is denied to everyone (`principal = "*"`).
        /// At most 5,120 characters.
        pub policy: PolicySpec,
        /// What it is attached to: units and accounts by address or id, and `"root"`.
        /// Default: nothing; what a hand attached it to is detached. At most five on one target, RCPFullAWSAccess among them.
        pub targets: Vec<Reference<PolicyTarget>>,
    }
}

/// The kind `resource_control_policy`.
#[derive(Clone, Copy, Debug)]
pub struct ResourceControlPolicy;

static SCHEMA: KindSchema = KindSchema {
    name: "resource_control_policy",
    summary: "A resource control policy: what may be done at most with what is in accounts.",
    scope: KindScope::Organization,
    stateful: false,
    taggable: true,
    attributes: ATTRIBUTES,
    shape: shape_of::<ResourceControlPolicySpec>,
    decode: decode_any::<ResourceControlPolicySpec>,
};

impl Kind for ResourceControlPolicy {
    type Spec = ResourceControlPolicySpec;
    type Model = OrganizationPolicyModel;
    type Op = OrganizationPolicyOp;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn sources() -> &'static [&'static str] {
        &[organizations::NAME]
    }

    fn identity(spec: &ResourceControlPolicySpec, _: &At, cx: &mut Resolver<'_>) -> Identity {
        organization_policy::identity(SORT, spec.name.as_ref(), cx)
    }

    fn desired(spec: &ResourceControlPolicySpec, _: &At, cx: &mut Resolver<'_>) -> Option<OrganizationPolicyModel> {
        let ResourceControlPolicySpec { name, description, policy, targets } = spec;
        let document = cx.policy(policy, Use::ResourceControl)?;
        fields::check_size(&document, Use::ResourceControl, policy.span(), cx);
        check(&document, policy.span(), cx);
        let content = Content::Policy(PolicyDocument::Document(document));
        Some(organization_policy::desired(SORT, name.as_ref(), description.as_ref(), content, targets, cx))
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<OrganizationPolicyModel>>, Unread> {
        organization_policy::observe(facts, scope, |sort| sort == SORT)
    }

    fn tags(model: &OrganizationPolicyModel) -> Option<&Tags> {
        Some(&model.tags)
    }

    fn tags_mut(model: &mut OrganizationPolicyModel) -> Option<&mut Tags> {
        Some(&mut model.tags)
    }

    fn ops(
        at: &At,
        before: Option<&OrganizationPolicyModel>,
        after: Option<&OrganizationPolicyModel>,
    ) -> Result<Steps<OrganizationPolicyOp>, Refusal> {
        Ok(organization_policy::ops(at, before, after))
    }

    fn split(_: &At, _: &OrganizationPolicyOp) -> Option<Vec<OrganizationPolicyOp>> {
        // What a policy names need not exist, and what it is attached to does not name it.
        None
    }

    fn follow(_: &At, _: &OrganizationPolicyModel, _: &str) -> Vec<OrganizationPolicyOp> {
        Vec::new()
    }

    fn info(_: &At, op: &OrganizationPolicyOp) -> OpInfo {
        organization_policy::info(op)
    }

    fn together() -> Option<Together<OrganizationPolicyModel>> {
        Some(organization_policy::together)
    }

    fn export(_: &At, live: &Live<OrganizationPolicyModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<OrganizationPolicyModel>, op: &OrganizationPolicyOp) {
        organization_policy::simulate(model, op);
    }

    fn access<'m>(_: &At, model: &'m OrganizationPolicyModel, _: &Outputs) -> Vec<Access<'m>> {
        organization_policy::access(Side::Resource, model)
    }

    fn limits_others() -> Option<Limits> {
        Some(Limits::Organization(Side::Resource))
    }
}

impl Driver for ResourceControlPolicy {
    async fn perform(op: OrganizationPolicyOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        organization_policy::perform::perform(op, session, cx).await
    }
}

/// Tells of statements that only AWS's own policy of this type may hold.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html>
fn check(document: &Document, span: Span, cx: &mut Resolver<'_>) {
    let everyone = |principals: &Principals| match principals {
        Principals::Is(named) => named.iter().all(|one| *one == Principal::Everyone),
        Principals::Not(_) => false,
    };
    let mut problem =
        |summary: &str, help: &str| {
            let problem = Diagnostic::error(summary).at(span, "");
            cx.problem(problem.help(help).note(
                "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html",
            ));
        };
    for statement in &document.statements {
        if statement.effect == Effect::Allow {
            problem("a resource control policy only denies", "write `deny` in place of `allow`");
        }
        if !statement.principal.as_ref().is_some_and(everyone) {
            problem(
                "a resource control policy is for everyone",
                "write `principal = \"*\"`, and a condition on `aws:PrincipalArn` where some shall be left out",
            );
        }
    }
}
