//! Roles that are handed to a service: it must be able to take them.
//!
//! AWS finds out only when the service first tries, or never. Here it is told before, where the role is in the same specs: its trust policy is
//! asked whether it lets the service in. Of a role that is not, and where a condition leaves it open, nothing is said.

use trueup_specs::Reference;
use trueup_specs::diagnostic::Diagnostic;
use trueup_specs::policy::Use;
use trueup_specs::policy::evaluate::{Caller, Policies, Request, Source, decide};
use trueup_specs::resolve::Resolver;

use crate::fields;
use crate::role::RoleSpec;

/// A field by which a service gets a role.
#[derive(Clone, Copy, Debug)]
pub struct Handed {
    /// Who gets it, for people.
    pub to: &'static str,
    /// The service principal without its ending: `codedeploy`.
    pub service: &'static str,
    /// The page that says so.
    pub page: &'static str,
}

/// The role of a deployment group.
pub const DEPLOYMENT_GROUP: Handed = Handed {
    to: "CodeDeploy",
    service: "codedeploy",
    page: "https://docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html",
};

/// The role in an instance profile.
pub const INSTANCE_PROFILE: Handed = Handed {
    to: "EC2",
    service: "ec2",
    page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html",
};

/// The role of an event rule, and those of its targets.
pub const EVENT_RULE: Handed = Handed {
    to: "EventBridge",
    service: "events",
    page: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html",
};

/// The role by which a registry pulls from one of another account.
pub const PULL_THROUGH_CACHE: Handed = Handed {
    to: "ECR",
    service: "pullthroughcache.ecr",
    page: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html",
};

/// The role with which a bucket is replicated.
pub const REPLICATION: Handed = Handed {
    to: "S3",
    service: "s3",
    page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html",
};

/// The role with which a subscription writes to a stream of Firehose.
pub const SUBSCRIPTION: Handed = Handed {
    to: "SNS",
    service: "sns",
    page: "https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html",
};

/// The roles with which a topic logs its deliveries.
pub const TOPIC: Handed =
    Handed { to: "SNS", service: "sns", page: "https://docs.aws.amazon.com/sns/latest/dg/topics-attrib-prereq.html" };

impl Handed {
    /// The names under which the service may come: everywhere, and in one region, each as it is in China too.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services>
    fn principals(&self, region: &str) -> Vec<String> {
        let service = self.service;
        let fronts = [service.to_owned(), format!("{service}.{region}")];
        let ends = ["amazonaws.com", "amazonaws.com.cn"];
        fronts.iter().flat_map(|front| ends.map(|end| format!("{front}.{end}"))).collect()
    }

    /// Tells that a role's trust policy keeps the service out.
    pub fn check(&self, role: &Reference<fields::Role>, cx: &mut Resolver<'_>) {
        let Some((id, instance)) = cx.named(role) else { return };
        let Some(RoleSpec { trust, .. }) = instance.block.spec::<RoleSpec>() else { return };
        let Some(document) = cx.beside(id, |cx| cx.policy(trust, Use::Trust)) else { return };
        let arn = cx.reference(role);
        let policies =
            Policies { resource: vec![Source { name: "trust", document: &document }], ..Policies::default() };
        let keeps_out = |service: String| {
            let request = Request::new(Caller::Service(service), "sts:AssumeRole", &arn);
            decide(&request, &policies).is_denied()
        };
        if self.principals(cx.region()).into_iter().all(keeps_out) {
            let Self { to, service, page } = self;
            let problem = Diagnostic::error(format!("{to} could not assume this role"))
                .at(role.span(), format!("the trust policy of {} does not let {to} in", instance.address));
            let problem = problem.also(trust.span(), "the trust policy").note(*page);
            cx.problem(problem.help(format!(
                "add to the role's trust: {{ allow = \"sts:AssumeRole\", principal = {{ service = \"{service}.amazonaws.com\" }} }}"
            )));
        }
    }
}
