//! What each kind and each source calls.

/// What the operations of a kind call.
pub(super) struct KindNeeds {
    /// The kind.
    pub(super) kind: &'static str,
    /// What its operations are, on the resource itself.
    pub(super) calls: &'static [&'static str],
    /// What is asked beside them, of the resource itself: what a lost answer made already, what holds on to it, and tags that are
    /// given while it is made.
    pub(super) with: &'static [&'static str],
    /// The same, of what can't be narrowed to the resource.
    pub(super) anywhere: &'static [&'static str],
    /// What is called on things that the resource names, with the field of the model that names them.
    pub(super) on_fields: &'static [(&'static str, &'static str)],
    /// Service-linked roles that AWS makes on the way, with the field of the model that asks for one.
    pub(super) linked: &'static [(&'static str, &'static str)],
}

/// By name of the kind.
pub(super) static KINDS: &[KindNeeds] = &[
    KindNeeds {
        kind: "account_settings",
        calls: &[
            "iam:CreateAccountAlias",
            "iam:DeleteAccountAlias",
            "iam:DeleteAccountPasswordPolicy",
            "iam:UpdateAccountPasswordPolicy",
        ],
        with: &[],
        anywhere: &["iam:ListAccountAliases"],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "application",
        calls: &[
            "codedeploy:CreateApplication",
            "codedeploy:DeleteApplication",
            "codedeploy:TagResource",
            "codedeploy:UntagResource",
        ],
        with: &["codedeploy:GetApplication", "codedeploy:TagResource"],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "bucket",
        calls: &[
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
        ],
        // A bucket that is made with tags and ownership needs leave for those too:
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        with: &["s3:GetBucketTagging", "s3:PutBucketOwnershipControls", "s3:PutBucketTagging", "s3:TagResource"],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "deployment_config",
        calls: &["codedeploy:CreateDeploymentConfig", "codedeploy:DeleteDeploymentConfig"],
        with: &["codedeploy:GetDeploymentConfig"],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "deployment_group",
        calls: &[
            "codedeploy:CreateDeploymentGroup",
            "codedeploy:DeleteDeploymentGroup",
            "codedeploy:TagResource",
            "codedeploy:UntagResource",
            "codedeploy:UpdateDeploymentGroup",
        ],
        with: &["codedeploy:GetDeploymentGroup", "codedeploy:TagResource"],
        anywhere: &[],
        on_fields: &[("iam:PassRole", "service_role")],
        linked: &[],
    },
    KindNeeds {
        kind: "ecr_registry",
        calls: &[
            "ecr:DeleteRegistryPolicy",
            "ecr:PutRegistryPolicy",
            "ecr:PutRegistryScanningConfiguration",
            "ecr:PutReplicationConfiguration",
        ],
        with: &[],
        anywhere: &[],
        on_fields: &[],
        // https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-replication.html
        linked: &[("replication", "replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication")],
    },
    KindNeeds {
        kind: "ecr_repository",
        calls: &[
            "ecr:CreateRepository",
            "ecr:DeleteLifecyclePolicy",
            "ecr:DeleteRepository",
            "ecr:DeleteRepositoryPolicy",
            "ecr:PutImageScanningConfiguration",
            "ecr:PutImageTagMutability",
            "ecr:PutLifecyclePolicy",
            "ecr:SetRepositoryPolicy",
            "ecr:TagResource",
            "ecr:UntagResource",
        ],
        with: &["ecr:DescribeRepositories", "ecr:TagResource"],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "group",
        calls: &[
            "iam:AttachGroupPolicy",
            "iam:CreateGroup",
            "iam:DeleteGroup",
            "iam:DeleteGroupPolicy",
            "iam:DetachGroupPolicy",
            "iam:PutGroupPolicy",
            "iam:UpdateGroup",
        ],
        with: &["iam:GetGroup", "iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies"],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "instance_profile",
        calls: &[
            "iam:AddRoleToInstanceProfile",
            "iam:CreateInstanceProfile",
            "iam:DeleteInstanceProfile",
            "iam:RemoveRoleFromInstanceProfile",
            "iam:TagInstanceProfile",
            "iam:UntagInstanceProfile",
        ],
        with: &["iam:GetInstanceProfile", "iam:TagInstanceProfile"],
        anywhere: &[],
        on_fields: &[("iam:PassRole", "role")],
        linked: &[],
    },
    KindNeeds {
        kind: "key",
        calls: &[
            "kms:CancelKeyDeletion",
            "kms:CreateAlias",
            "kms:CreateKey",
            "kms:DeleteAlias",
            "kms:DisableKeyRotation",
            "kms:EnableKey",
            "kms:EnableKeyRotation",
            "kms:PutKeyPolicy",
            "kms:ScheduleKeyDeletion",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:UpdateKeyDescription",
        ],
        with: &["kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:TagResource"],
        anywhere: &[],
        // An alias is made on both: https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
        on_fields: &[("kms:CreateAlias", "aliases"), ("kms:DeleteAlias", "aliases")],
        // https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-auth.html
        linked: &[("multi_region", "mrk.kms.amazonaws.com/AWSServiceRoleForKeyManagementServiceMultiRegionKeys")],
    },
    KindNeeds {
        kind: "oidc_provider",
        calls: &[
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:CreateOpenIDConnectProvider",
            "iam:DeleteOpenIDConnectProvider",
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            "iam:TagOpenIDConnectProvider",
            "iam:UntagOpenIDConnectProvider",
            "iam:UpdateOpenIDConnectProviderThumbprint",
        ],
        with: &["iam:GetOpenIDConnectProvider", "iam:TagOpenIDConnectProvider"],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "on_premises_instance",
        calls: &[
            "codedeploy:AddTagsToOnPremisesInstances",
            "codedeploy:DeregisterOnPremisesInstance",
            "codedeploy:RegisterOnPremisesInstance",
            "codedeploy:RemoveTagsFromOnPremisesInstances",
        ],
        with: &["codedeploy:GetOnPremisesInstance"],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "policy",
        calls: &[
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:TagPolicy",
            "iam:UntagPolicy",
        ],
        with: &["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:TagPolicy"],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "role",
        calls: &[
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
        ],
        with: &[
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
            "iam:TagRole",
        ],
        anywhere: &[],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "service_linked_role",
        calls: &[
            "iam:CreateServiceLinkedRole",
            "iam:DeleteServiceLinkedRole",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateRoleDescription",
        ],
        with: &["iam:GetServiceLinkedRoleDeletionStatus"],
        anywhere: &["iam:ListRoles"],
        on_fields: &[],
        linked: &[],
    },
    KindNeeds {
        kind: "user",
        calls: &[
            "iam:AddUserToGroup",
            "iam:AttachUserPolicy",
            "iam:CreateUser",
            "iam:DeleteUser",
            "iam:DeleteUserPermissionsBoundary",
            "iam:DeleteUserPolicy",
            "iam:DetachUserPolicy",
            "iam:PutUserPermissionsBoundary",
            "iam:PutUserPolicy",
            "iam:RemoveUserFromGroup",
            "iam:TagUser",
            "iam:UntagUser",
            "iam:UpdateUser",
        ],
        with: &[
            "iam:GetLoginProfile",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListAttachedUserPolicies",
            "iam:ListGroupsForUser",
            "iam:ListUserPolicies",
            "iam:TagUser",
        ],
        anywhere: &[],
        // The group is what is changed:
        // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
        on_fields: &[("iam:AddUserToGroup", "groups"), ("iam:RemoveUserFromGroup", "groups")],
        linked: &[],
    },
];

/// What each source reads.
pub(super) static SOURCES: &[(&str, &[&str])] = &[
    (
        "codedeploy",
        &[
            "codedeploy:BatchGetApplications",
            "codedeploy:BatchGetDeploymentGroups",
            "codedeploy:BatchGetOnPremisesInstances",
            "codedeploy:GetDeploymentConfig",
            "codedeploy:ListApplications",
            "codedeploy:ListDeploymentConfigs",
            "codedeploy:ListDeploymentGroups",
            "codedeploy:ListOnPremisesInstances",
            "codedeploy:ListTagsForResource",
            "tag:GetResources",
        ],
    ),
    (
        "ecr",
        &[
            "ecr:DescribeRegistry",
            "ecr:DescribeRepositories",
            "ecr:GetLifecyclePolicy",
            "ecr:GetRegistryPolicy",
            "ecr:GetRegistryScanningConfiguration",
            "ecr:GetRepositoryPolicy",
            "ecr:ListTagsForResource",
            "kms:DescribeKey",
            "tag:GetResources",
        ],
    ),
    (
        "iam",
        &[
            "iam:GetAccountAuthorizationDetails",
            "iam:GetAccountPasswordPolicy",
            "iam:GetLoginProfile",
            "iam:GetOpenIDConnectProvider",
            "iam:GetPolicy",
            "iam:GetRole",
            "iam:ListAccessKeys",
            "iam:ListAccountAliases",
            "iam:ListInstanceProfileTags",
            "iam:ListInstanceProfiles",
            "iam:ListOpenIDConnectProviders",
            "iam:ListRoles",
            "tag:GetResources",
        ],
    ),
    (
        "kms",
        &[
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListAliases",
            "kms:ListKeys",
            "kms:ListResourceTags",
            "tag:GetResources",
        ],
    ),
    (
        "s3",
        &[
            "s3:GetBucketLocation",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:ListAllMyBuckets",
            "tag:GetResources",
        ],
    ),
];

/// What the operations of a kind call.
pub(super) fn needs_of(kind: &str) -> Option<&'static KindNeeds> {
    KINDS.iter().find(|row| row.kind == kind)
}

/// What a source reads.
pub(super) fn reads_of(source: &str) -> &'static [&'static str] {
    SOURCES.iter().find(|(name, _)| *name == source).map_or(&[], |(_, actions)| actions)
}
