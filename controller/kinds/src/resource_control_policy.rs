//! Resource control policies. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>

use trueup_engine::access::Side;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::{Document, Effect, Principal, Principals, Use};
use trueup_specs::resolve::Resolver;
use trueup_specs::span::Span;
use trueup_specs::{PolicySpec, Reference, Text, spec};

use crate::organization_policy::control::{Control, ControlFields, ControlPolicy};
use crate::organization_policy::{ATTRIBUTES, PolicyTarget};

#[cfg(test)]
mod tests;

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
pub type ResourceControlPolicy = ControlPolicy<ResourceControl>;

/// The type of the kind's policies.
#[derive(Clone, Copy, Debug)]
pub enum ResourceControl {}

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

impl Control for ResourceControl {
    type Spec = ResourceControlPolicySpec;
    const SORT: &'static str = "RESOURCE_CONTROL_POLICY";
    const USE: Use = Use::ResourceControl;
    const SIDE: Side = Side::Resource;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn fields(spec: &ResourceControlPolicySpec) -> ControlFields<'_> {
        let ResourceControlPolicySpec { name, description, policy, targets } = spec;
        ControlFields { name: name.as_ref(), description: description.as_ref(), policy, targets }
    }

    fn check(document: &Document, span: Span, cx: &mut Resolver<'_>) {
        check(document, span, cx);
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
