//! Service control policies. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>

use trueup_engine::access::Side;
use trueup_specs::kind::{KindSchema, KindScope, decode_any, shape_of};
use trueup_specs::policy::Use;
use trueup_specs::{PolicySpec, Reference, Text, spec};

use crate::organization_policy::control::{Control, ControlFields, ControlPolicy};
use crate::organization_policy::{ATTRIBUTES, PolicyTarget};

#[cfg(test)]
mod tests;

spec! {
    /// A service control policy: what accounts may do at most.
    ///
    /// It grants nothing. The management account stands outside of it. AWS's own FullAWSAccess stays attached beside it.
    pub struct ServiceControlPolicySpec {
        /// The policy's name.
        /// Default: the name in the address, dots as dashes. At most 128 characters. Changing it renames the policy.
        pub name: Option<Text>,
        /// What it is for.
        /// Default: none. At most 512 characters.
        pub description: Option<Text>,
        /// What is denied, or allowed at most.
        /// At most 5,120 characters. It names no principal.
        pub policy: PolicySpec,
        /// What it is attached to: units and accounts by address or id, and `"root"`.
        /// Default: nothing; what a hand attached it to is detached. At most five on one target, FullAWSAccess among them.
        pub targets: Vec<Reference<PolicyTarget>>,
    }
}

/// The kind `service_control_policy`.
pub type ServiceControlPolicy = ControlPolicy<ServiceControl>;

/// The type of the kind's policies.
#[derive(Clone, Copy, Debug)]
pub enum ServiceControl {}

static SCHEMA: KindSchema = KindSchema {
    name: "service_control_policy",
    summary: "A service control policy: what accounts may do at most.",
    scope: KindScope::Organization,
    stateful: false,
    taggable: true,
    attributes: ATTRIBUTES,
    shape: shape_of::<ServiceControlPolicySpec>,
    decode: decode_any::<ServiceControlPolicySpec>,
};

impl Control for ServiceControl {
    type Spec = ServiceControlPolicySpec;
    const SORT: &'static str = "SERVICE_CONTROL_POLICY";
    const USE: Use = Use::ServiceControl;
    const SIDE: Side = Side::Service;

    fn schema() -> &'static KindSchema {
        &SCHEMA
    }

    fn fields(spec: &ServiceControlPolicySpec) -> ControlFields<'_> {
        let ServiceControlPolicySpec { name, description, policy, targets } = spec;
        ControlFields { name: name.as_ref(), description: description.as_ref(), policy, targets }
    }
}
