//! Policies on resources that no model tells of.

use trueup_specs::policy::evaluate::Request;

/// What a policy on a resource that nobody read may do to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MayDo {
    /// Its service has no policies on resources.
    Nothing,
    /// Allow it, to whoever it names.
    Allow,
    /// Allow or deny it.
    AllowOrDeny,
}

/// Services whose resources surely have no policies.
///
/// They have `No` under "Resource-based policies" in the table of
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>, and AWS's catalogue of actions has
/// none by which such a policy is written; a test looks. What is not here may have one, so that nothing is proved by its absence. IAM's
/// roles have one, which is asked for taking them on alone.
const WITHOUT: [&str; 30] = [
    "amplify",
    "application-autoscaling",
    "autoscaling",
    "batch",
    "cloudformation",
    "cloudsearch",
    "codecommit",
    "codedeploy",
    "codepipeline",
    "cognito-idp",
    "config",
    "datapipeline",
    "devicefarm",
    "directconnect",
    "dms",
    "ecs",
    "eks",
    "elasticache",
    "elasticbeanstalk",
    "elasticmapreduce",
    "firehose",
    "globalaccelerator",
    "guardduty",
    "iam",
    "mq",
    "opsworks",
    "rds",
    "route53",
    "storagegateway",
    "swf",
];

/// Services whose policies on resources deny within an account, too: people write them where data lies, and AWS gives every new key,
/// queue and topic one.
///
/// Elsewhere a statement that denies an account's own identities is not looked for: so that `can` says what is known, and not that all of
/// it depends.
const DENY_WITHIN: [&str; 6] = ["ecr", "kms", "s3", "secretsmanager", "sns", "sqs"];

/// What the policy on the request's resource may do, if no model tells of the resource.
pub(super) fn may_do(request: &Request) -> MayDo {
    let service = request.resource.split(':').nth(2).unwrap_or_default();
    let is_trust = service == "iam" && request.action.to_ascii_lowercase().starts_with("sts:");
    if is_trust {
        return MayDo::AllowOrDeny;
    }
    if service.is_empty() || WITHOUT.contains(&service) {
        return MayDo::Nothing;
    }
    let caller = request.principal.account();
    let is_across = caller.is_none() || request.resource_account.as_deref() != caller;
    // Of one whose account its ARN does not tell, nobody knows whether it is the caller's.
    if is_across || DENY_WITHIN.contains(&service) { MayDo::AllowOrDeny } else { MayDo::Allow }
}

#[cfg(test)]
mod tests {
    use trueup_specs::policy::catalogue;

    use super::WITHOUT;

    /// How actions are called by which policies on resources are written.
    fn writes_a_policy(action: &str) -> bool {
        let of_policies = ["Put", "Set", "Create", "Attach"].iter().any(|verb| {
            ["ResourcePolicy", "PermissionPolicy", "AccessPolicy", "PolicyStatement"]
                .iter()
                .any(|noun| action.starts_with(verb) && action.ends_with(noun))
        });
        of_policies || matches!(action, "AddPermission" | "PutPermission" | "PutResourcePolicy")
    }

    #[test]
    fn no_action_writes_a_policy_where_there_is_said_to_be_none() {
        assert!(WITHOUT.is_sorted());
        for name in WITHOUT {
            let service = catalogue::service(name).unwrap_or_else(|| panic!("{name} is no service"));
            let writing: Vec<String> = service
                .actions()
                .map(|action| action.name())
                .filter(|name| writes_a_policy(&name[name.find(':').unwrap() + 1..]))
                .collect();
            assert_eq!(writing, [""; 0], "{name}");
        }
        // It is what tells of those that have policies.
        for name in ["dynamodb", "glue", "ssm", "lambda", "codebuild", "logs", "ec2", "kinesis", "secretsmanager"] {
            let mut actions = catalogue::service(name).unwrap().actions();
            assert!(actions.any(|action| writes_a_policy(action.short_name())), "{name}");
        }
    }
}
