//! What service and resource control policies are as kinds: the same but for their type.

use std::marker::PhantomData;

use trueup_engine::access::{Access, Limits, Side};
use trueup_engine::facts::{Facts, Scope, Unread};
use trueup_engine::kind::{At, Export, Identity, Kind, Live, OpInfo, Refusal, Steps, Together};
use trueup_engine::perform::{OpContext, OpError};
use trueup_specs::kind::KindSchema;
use trueup_specs::policy::{Document, Use};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{PolicySpec, Reference, Text};
use trueup_state::outputs::Outputs;

use super::{Content, OrganizationPolicyModel, OrganizationPolicyOp, PolicyTarget, perform};
use crate::driver::Driver;
use crate::fields::{self, PolicyDocument, Tags};
use crate::session::Session;
use crate::source::organizations;

/// One of the two types of policies by which an organization controls what its accounts, or what is in them, can at most.
pub trait Control: Send + Sync + 'static {
    /// What TOML says.
    type Spec: Send + Sync + 'static;
    /// The type, as Organizations names it.
    const SORT: &'static str;
    /// The language of its documents.
    const USE: Use;
    /// Whom it controls.
    const SIDE: Side;
    /// What the language knows of the kind.
    fn schema() -> &'static KindSchema;
    /// What the spec says, by field.
    fn fields(spec: &Self::Spec) -> ControlFields<'_>;
    /// Tells what AWS refuses of this type's documents beside what the language of policies does.
    fn check(_: &Document, _: Span, _: &mut Resolver<'_>) {}
}

/// The fields of a control's spec.
#[derive(Clone, Copy, Debug)]
pub struct ControlFields<'s> {
    /// The policy's name.
    pub name: Option<&'s Text>,
    /// What it is for.
    pub description: Option<&'s Text>,
    /// What it says.
    pub policy: &'s PolicySpec,
    /// What it is attached to.
    pub targets: &'s [Reference<PolicyTarget>],
}

/// The kind of a control.
#[derive(Clone, Copy, Debug)]
pub struct ControlPolicy<C>(PhantomData<fn() -> C>);

impl<C: Control> Kind for ControlPolicy<C> {
    type Spec = C::Spec;
    type Model = OrganizationPolicyModel;
    type Op = OrganizationPolicyOp;

    fn schema() -> &'static KindSchema {
        C::schema()
    }

    fn sources() -> &'static [&'static str] {
        &[organizations::NAME]
    }

    fn identity(spec: &C::Spec, _: &At, cx: &mut Resolver<'_>) -> Identity {
        super::identity(C::SORT, C::fields(spec).name, cx)
    }

    fn desired(spec: &C::Spec, _: &At, cx: &mut Resolver<'_>) -> Option<OrganizationPolicyModel> {
        let ControlFields { name, description, policy, targets } = C::fields(spec);
        let document = cx.policy(policy, C::USE)?;
        fields::check_size(&document, C::USE, policy.span(), cx);
        C::check(&document, policy.span(), cx);
        let content = Content::Policy(PolicyDocument::Document(document));
        Some(super::desired(C::SORT, name, description, content, targets, cx))
    }

    fn observe(facts: &Facts, scope: &Scope) -> Result<Vec<Live<OrganizationPolicyModel>>, Unread> {
        super::observe(facts, scope, |sort| sort == C::SORT)
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
        Ok(super::ops(at, before, after))
    }

    fn split(_: &At, _: &OrganizationPolicyOp) -> Option<Vec<OrganizationPolicyOp>> {
        // What a policy names need not exist, and what it is attached to does not name it.
        None
    }

    fn follow(_: &At, _: &OrganizationPolicyModel, _: &str) -> Vec<OrganizationPolicyOp> {
        Vec::new()
    }

    fn info(_: &At, op: &OrganizationPolicyOp) -> OpInfo {
        super::info(op)
    }

    fn together() -> Option<Together<OrganizationPolicyModel>> {
        Some(super::together)
    }

    fn export(_: &At, live: &Live<OrganizationPolicyModel>) -> Export {
        Export::same(&live.model)
    }

    fn simulate(model: &mut Option<OrganizationPolicyModel>, op: &OrganizationPolicyOp) {
        super::simulate(model, op);
    }

    fn access<'m>(_: &At, model: &'m OrganizationPolicyModel, _: &Outputs) -> Vec<Access<'m>> {
        super::access(C::SIDE, model)
    }

    fn limits_others() -> Option<Limits> {
        Some(Limits::Organization(C::SIDE))
    }
}

impl<C: Control> Driver for ControlPolicy<C> {
    async fn perform(op: OrganizationPolicyOp, session: &Session, cx: OpContext) -> Result<Outputs, OpError> {
        perform::perform(op, session, cx).await
    }
}
