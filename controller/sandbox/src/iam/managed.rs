//! AWS managed policies, and what can be said of any managed policy by its ARN.
//!
//! The list is of well-known names, not of all; a document here allows what its name says and no more detail than that.
//! Source of the names: <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>.

use super::state::State;

/// Where the ARN of every AWS managed policy begins; path and name follow.
const PREFIX: &str = "arn:aws:iam::aws:policy";

/// When all of them were made; one date does for all.
pub(super) const CREATED: &str = "2015-02-06T18:39:46Z";

/// Path and name, and the actions it allows on everything.
struct Known(&'static str, &'static [&'static str]);

/// Sorted by path and name, which [`find`] relies on.
static KNOWN: &[Known] = &[
    Known("/AWSBackupFullAccess", &["backup:*"]),
    Known("/AWSCertificateManagerReadOnly", &["acm:Describe*", "acm:Get*", "acm:List*"]),
    Known("/AWSCloudFormationFullAccess", &["cloudformation:*"]),
    Known(
        "/AWSCloudFormationReadOnlyAccess",
        &["cloudformation:Describe*", "cloudformation:Get*", "cloudformation:List*"],
    ),
    Known("/AWSCloudTrail_FullAccess", &["cloudtrail:*"]),
    Known("/AWSCloudTrail_ReadOnlyAccess", &["cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*"]),
    Known("/AWSCodeBuildAdminAccess", &["codebuild:*"]),
    Known(
        "/AWSCodeBuildDeveloperAccess",
        &["codebuild:BatchGet*", "codebuild:Get*", "codebuild:List*", "codebuild:StartBuild"],
    ),
    Known("/AWSCodeBuildReadOnlyAccess", &["codebuild:BatchGet*", "codebuild:Get*", "codebuild:List*"]),
    Known("/AWSCodeCommitFullAccess", &["codecommit:*"]),
    Known(
        "/AWSCodeCommitPowerUser",
        &["codecommit:BatchGet*", "codecommit:Get*", "codecommit:GitPull", "codecommit:GitPush"],
    ),
    Known(
        "/AWSCodeCommitReadOnly",
        &["codecommit:BatchGet*", "codecommit:Get*", "codecommit:GitPull", "codecommit:List*"],
    ),
    Known(
        "/AWSCodeDeployDeployerAccess",
        &["codedeploy:Batch*", "codedeploy:CreateDeployment", "codedeploy:Get*", "codedeploy:List*"],
    ),
    Known("/AWSCodeDeployFullAccess", &["codedeploy:*"]),
    Known("/AWSCodeDeployReadOnlyAccess", &["codedeploy:Batch*", "codedeploy:Get*", "codedeploy:List*"]),
    Known(
        "/AWSCodeDeployRoleForECS",
        &["ecs:DescribeServices", "ecs:CreateTaskSet", "ecs:DeleteTaskSet", "ecs:UpdateServicePrimaryTaskSet"],
    ),
    Known("/AWSCodeDeployRoleForECSLimited", &["ecs:DescribeServices", "ecs:CreateTaskSet", "ecs:DeleteTaskSet"]),
    Known(
        "/AWSCodePipelineApproverAccess",
        &["codepipeline:GetPipeline", "codepipeline:ListPipelines", "codepipeline:PutApprovalResult"],
    ),
    Known(
        "/AWSCodePipelineCustomActionAccess",
        &["codepipeline:AcknowledgeJob", "codepipeline:PollForJobs", "codepipeline:PutJobSuccessResult"],
    ),
    Known("/AWSCodePipeline_FullAccess", &["codepipeline:*"]),
    Known("/AWSCodePipeline_ReadOnlyAccess", &["codepipeline:Get*", "codepipeline:List*"]),
    Known(
        "/AWSKeyManagementServicePowerUser",
        &["kms:CreateAlias", "kms:CreateKey", "kms:Describe*", "kms:Get*", "kms:List*"],
    ),
    Known("/AWSLambda_FullAccess", &["lambda:*"]),
    Known("/AWSLambda_ReadOnlyAccess", &["lambda:Get*", "lambda:List*"]),
    Known("/AWSOrganizationsFullAccess", &["organizations:*"]),
    Known("/AWSOrganizationsReadOnlyAccess", &["organizations:Describe*", "organizations:List*"]),
    Known("/AWSStepFunctionsFullAccess", &["states:*"]),
    Known("/AWSXRayDaemonWriteAccess", &["xray:PutTelemetryRecords", "xray:PutTraceSegments"]),
    Known("/AdministratorAccess", &["*"]),
    Known("/AmazonAPIGatewayAdministrator", &["apigateway:*"]),
    Known("/AmazonCognitoPowerUser", &["cognito-identity:*", "cognito-idp:*"]),
    Known("/AmazonDynamoDBFullAccess", &["dynamodb:*"]),
    Known(
        "/AmazonDynamoDBReadOnlyAccess",
        &["dynamodb:BatchGetItem", "dynamodb:Describe*", "dynamodb:GetItem", "dynamodb:List*"],
    ),
    Known("/AmazonEC2ContainerRegistryFullAccess", &["ecr:*"]),
    Known("/AmazonEC2ContainerRegistryPowerUser", &["ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:PutImage"]),
    Known(
        "/AmazonEC2ContainerRegistryPullOnly",
        &["ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"],
    ),
    Known(
        "/AmazonEC2ContainerRegistryReadOnly",
        &["ecr:BatchGetImage", "ecr:Describe*", "ecr:GetAuthorizationToken", "ecr:List*"],
    ),
    Known("/AmazonEC2FullAccess", &["ec2:*"]),
    Known("/AmazonEC2ReadOnlyAccess", &["ec2:Describe*"]),
    Known("/AmazonECS_FullAccess", &["ecs:*"]),
    Known("/AmazonEKSClusterPolicy", &["autoscaling:Describe*", "ec2:Describe*", "elasticloadbalancing:*"]),
    Known("/AmazonEKSWorkerNodePolicy", &["ec2:Describe*", "eks:DescribeCluster"]),
    Known("/AmazonEKS_CNI_Policy", &["ec2:AssignPrivateIpAddresses", "ec2:AttachNetworkInterface", "ec2:Describe*"]),
    Known("/AmazonKinesisFullAccess", &["kinesis:*"]),
    Known("/AmazonRDSFullAccess", &["rds:*"]),
    Known("/AmazonRDSReadOnlyAccess", &["rds:Describe*", "rds:ListTagsForResource"]),
    Known("/AmazonRoute53FullAccess", &["route53:*"]),
    Known("/AmazonRoute53ReadOnlyAccess", &["route53:Get*", "route53:List*"]),
    Known("/AmazonS3FullAccess", &["s3:*", "s3-object-lambda:*"]),
    Known("/AmazonS3ReadOnlyAccess", &["s3:Describe*", "s3:Get*", "s3:List*"]),
    Known("/AmazonSNSFullAccess", &["sns:*"]),
    Known("/AmazonSQSFullAccess", &["sqs:*"]),
    Known("/AmazonSSMFullAccess", &["ssm:*"]),
    Known(
        "/AmazonSSMManagedInstanceCore",
        &["ssm:GetParameter", "ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*"],
    ),
    Known("/AmazonSSMReadOnlyAccess", &["ssm:Describe*", "ssm:Get*", "ssm:List*"]),
    Known("/AmazonVPCFullAccess", &["ec2:*Vpc*", "ec2:*Subnet*", "ec2:*Route*"]),
    Known("/AmazonVPCReadOnlyAccess", &["ec2:Describe*"]),
    Known("/AutoScalingFullAccess", &["autoscaling:*"]),
    Known("/AutoScalingReadOnlyAccess", &["autoscaling:Describe*"]),
    Known("/CloudFrontFullAccess", &["cloudfront:*"]),
    Known("/CloudWatchAgentServerPolicy", &["cloudwatch:PutMetricData", "logs:CreateLogStream", "logs:PutLogEvents"]),
    Known("/CloudWatchFullAccess", &["cloudwatch:*", "logs:*"]),
    Known("/CloudWatchLogsFullAccess", &["logs:*"]),
    Known("/CloudWatchLogsReadOnlyAccess", &["logs:Describe*", "logs:Get*", "logs:List*"]),
    Known("/CloudWatchReadOnlyAccess", &["cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*"]),
    Known("/IAMFullAccess", &["iam:*"]),
    Known("/IAMReadOnlyAccess", &["iam:Generate*", "iam:Get*", "iam:List*"]),
    Known("/IAMUserChangePassword", &["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]),
    Known("/PowerUserAccess", &["iam:ListRoles", "organizations:DescribeOrganization", "s3:*", "ec2:*", "lambda:*"]),
    Known("/ReadOnlyAccess", &["ec2:Describe*", "iam:Get*", "iam:List*", "kms:Describe*", "s3:Get*", "s3:List*"]),
    Known("/SecretsManagerReadWrite", &["secretsmanager:*"]),
    Known("/SecurityAudit", &["cloudtrail:Get*", "config:Describe*", "iam:Get*", "iam:List*", "kms:List*"]),
    Known("/aws-service-role/AWSOrganizationsServiceTrustPolicy", &["organizations:DescribeOrganization"]),
    Known("/aws-service-role/AutoScalingServiceRolePolicy", &["autoscaling:*", "ec2:Describe*"]),
    Known("/job-function/Billing", &["aws-portal:*Billing", "ce:*"]),
    Known("/job-function/SystemAdministrator", &["cloudwatch:*", "ec2:Describe*", "logs:*"]),
    Known("/job-function/ViewOnlyAccess", &["ec2:Describe*", "iam:List*", "s3:ListAllMyBuckets"]),
    Known(
        "/service-role/AWSCodeDeployRole",
        &["autoscaling:*", "ec2:DescribeInstances", "elasticloadbalancing:*", "tag:GetResources"],
    ),
    Known(
        "/service-role/AWSCodeDeployRoleForLambda",
        &["cloudwatch:DescribeAlarms", "lambda:GetAlias", "lambda:UpdateAlias"],
    ),
    Known("/service-role/AWSCodeDeployRoleForLambdaLimited", &["cloudwatch:DescribeAlarms", "lambda:UpdateAlias"]),
    Known(
        "/service-role/AWSLambdaBasicExecutionRole",
        &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    Known(
        "/service-role/AWSLambdaVPCAccessExecutionRole",
        &["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "logs:PutLogEvents"],
    ),
    Known("/service-role/AWS_ConfigRole", &["config:Put*", "s3:GetBucketAcl"]),
    Known(
        "/service-role/AmazonECSTaskExecutionRolePolicy",
        &["ecr:BatchGetImage", "ecr:GetAuthorizationToken", "logs:PutLogEvents"],
    ),
];

/// An AWS managed policy.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsPolicy {
    /// Path and name.
    tail: &'static str,
    actions: &'static [&'static str],
}

impl AwsPolicy {
    /// Its ARN.
    pub(super) fn arn(self) -> String {
        format!("{PREFIX}{}", self.tail)
    }

    /// The document of its only version.
    pub(super) fn document(self) -> String {
        serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": self.actions, "Resource": "*" }],
        })
        .to_string()
    }
}

/// All of them, in order of path and name.
pub(super) fn all() -> impl Iterator<Item = AwsPolicy> {
    KNOWN.iter().map(|Known(tail, actions)| AwsPolicy { tail, actions })
}

/// The AWS managed policy with this ARN.
pub(super) fn find(arn: &str) -> Option<AwsPolicy> {
    let tail = arn.strip_prefix(PREFIX)?;
    let index = KNOWN.binary_search_by(|Known(known, _)| (*known).cmp(tail)).ok()?;
    KNOWN.get(index).map(|Known(tail, actions)| AwsPolicy { tail, actions })
}

/// Whether there is a managed policy with this ARN, of the account's own or of AWS.
pub(super) fn exists(iam: &State, arn: &str) -> bool {
    iam.policy_by_arn(arn).is_some() || find(arn).is_some()
}

/// Whether the policy is for service-linked roles only.
pub(super) fn is_service_linked(arn: &str) -> bool {
    arn.strip_prefix(PREFIX).is_some_and(|tail| tail.starts_with("/aws-service-role/"))
}

/// The name in the ARN of a managed policy.
pub(super) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The path in the ARN of a managed policy.
pub(super) fn path_of(arn: &str) -> &str {
    let tail = arn.split_once(":policy").map_or("", |(_, tail)| tail);
    tail.rfind('/').and_then(|end| tail.get(..=end)).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, Known, find, is_service_linked, name_of, path_of};

    #[test]
    fn the_list_is_sorted() {
        assert!(KNOWN.is_sorted_by(|Known(a, _), Known(b, _)| a < b));
    }

    #[test]
    fn arns_are_taken_apart() {
        let arn = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole";
        assert!(find(arn).is_some());
        assert_eq!((path_of(arn), name_of(arn)), ("/service-role/", "AWSCodeDeployRole"));
        assert!(!is_service_linked(arn));
        assert!(find("arn:aws:iam::aws:policy/AWSCodeDeployRole").is_none());
    }
}
