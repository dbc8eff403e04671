//! For each guardrail a spec in which it fires, and specs like it in which it does not.

pub(super) struct Case {
    /// The guardrail.
    pub(super) id: &'static str,
    /// The resource it fires on, as a header writes it.
    pub(super) on: &'static str,
    /// Where it fires, once.
    pub(super) fires: &'static str,
    /// Where it does not.
    pub(super) silent: &'static [&'static str],
}

/// A managed policy of these statements.
macro_rules! policy {
    ($($statement:literal),+) => { concat!("[policy.x]\n", $("[[policy.x.policy]]\n", $statement, "\n"),+) };
}

/// A service control policy with this statement, and an account that keeps it.
macro_rules! control {
    ($statement:literal) => {
        concat!(
            "[scope]\naccount = \"boss\"\n[account.boss]\nid = \"999999999999\"\nmanagement = true\n",
            "[service_control_policy.x]\ntargets = [\"account.main\"]\n[[service_control_policy.x.policy]]\n",
            $statement,
            "\n"
        )
    };
}

/// A role with this trust.
macro_rules! trust {
    ($($statement:literal),+) => { concat!("[role.x]\n", $("[[role.x.trust]]\n", $statement, "\n"),+) };
}

/// A role with something more, and a good trust.
macro_rules! role {
    ($more:literal) => {
        concat!(
            "[role.x]\n",
            $more,
            "\n[[role.x.trust]]\nallow = \"sts:AssumeRole\"\nprincipal = { account = \"main\" }\n"
        )
    };
}

/// A bucket with this policy.
macro_rules! bucket {
    ($statement:literal) => {
        concat!("[bucket.x]\nname = \"x-111111111111\"\n[[bucket.x.policy]]\n", $statement, "\n")
    };
}

/// A key with this statement, and one that leaves it to its account.
macro_rules! key {
    ($statement:literal) => {
        concat!(
            "[key.x]\n[[key.x.policy]]\nallow = \"kms:*\"\nprincipal = { account = \"main\" }\nresource = \"*\"\n",
            "[[key.x.policy]]\n",
            $statement,
            "\n"
        )
    };
}

/// A topic with this policy.
macro_rules! topic {
    ($statement:literal) => {
        concat!("[topic.x]\n[[topic.x.policy]]\n", $statement, "\n")
    };
}

/// A deployment group with more settings.
macro_rules! group {
    ($more:literal) => {
        concat!(
            "[application.x]\n[deployment_group.x]\napplication = \"application.x\"\nec2_tags = { key = \"a\", value = \"b\" }\n",
            "service_role = \"arn:aws:iam::111111111111:role/x\"\n", $more, "\n"
        )
    };
}

/// A role that pipelines of this issuer may take.
macro_rules! oidc {
    ($issuer:literal, $condition:literal) => {
        concat!(
            "[role.x]\n[[role.x.trust]]\nallow = \"sts:AssumeRoleWithWebIdentity\"\n",
            "principal = { federated = \"arn:aws:iam::111111111111:oidc-provider/",
            $issuer,
            "\" }\n",
            "condition = { ",
            $condition,
            " }\n"
        )
    };
}

const GITHUB_GOOD: &str = oidc!(
    "token.actions.githubusercontent.com",
    "StringEquals = { \"token.actions.githubusercontent.com:aud\" = \"sts.amazonaws.com\" }, StringLike = { \"token.actions.githubusercontent.com:sub\" = \"repo:org/app:*\" }"
);

pub(super) const CASES: &[Case] = &[
    Case {
        id: "action-resource-mismatch",
        on: "policy.x",
        fires: policy!("allow = [\"s3:GetObject\", \"s3:ListBucket\"]\nresource = \"arn:aws:s3:::x\""),
        silent: &[
            policy!(
                "allow = [\"s3:GetObject\", \"s3:ListBucket\"]\nresource = [\"arn:aws:s3:::x\", \"arn:aws:s3:::x/*\"]"
            ),
            policy!("allow = \"s3:*\"\nresource = \"arn:aws:s3:::x\""),
            policy!("allow = \"*\"\nresource = \"arn:aws:s3:::x\""),
            policy!("allow = \"s3:ListAllMyBuckets\"\nresource = \"arn:aws:s3:::*\""),
            policy!("allow = \"s3:GetObject\"\nresource = \"*\""),
            policy!("allow = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x/${aws:username}\""),
            policy!("allow = \"new:Action\"\nresource = \"arn:aws:s3:::x\""),
            policy!("deny = \"s3:GetObject\"\nnot_resource = \"arn:aws:s3:::x\""),
            policy!("effect = \"Deny\"\nnot_action = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x\""),
        ],
    },
    Case {
        id: "admin-access",
        on: "policy.x",
        fires: policy!("allow = \"*\"\nresource = \"*\""),
        silent: &[
            policy!("deny = \"*\"\nresource = \"*\""),
            policy!("allow = \"*\"\nresource = \"arn:aws:s3:::x/*\""),
            policy!(
                "allow = \"*\"\nresource = \"*\"\ncondition = { Bool = { \"aws:MultiFactorAuthPresent\" = true } }"
            ),
        ],
    },
    Case {
        id: "admin-policy-attached",
        on: "role.x",
        fires: role!("managed_policies = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]"),
        silent: &[
            role!("managed_policies = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]"),
            role!("managed_policies = [\"arn:aws:iam::111111111111:policy/AdministratorAccess\"]"),
        ],
    },
    Case {
        id: "artifact-bucket-versioning",
        on: "bucket.x",
        fires: "[bucket.x]\nname = \"my-artifacts\"\n",
        silent: &[
            "[bucket.x]\nname = \"my-artifacts\"\nversioning = \"enabled\"\n",
            "[bucket.x]\nname = \"my-logs\"\n",
        ],
    },
    Case {
        id: "assume-any-role",
        on: "policy.x",
        fires: policy!("allow = \"sts:AssumeRole\"\nresource = \"arn:aws:iam::*:role/*\""),
        silent: &[
            policy!("allow = \"sts:AssumeRole\"\nresource = \"arn:aws:iam::*:role/deploy\""),
            policy!("allow = \"sts:AssumeRole\"\nresource = \"*\"", "deny = \"sts:AssumeRole\"\nresource = \"*\""),
            policy!("allow = \"sts:GetCallerIdentity\"\nresource = \"*\""),
        ],
    },
    Case {
        id: "bucket-acls-enabled",
        on: "bucket.x",
        fires: "[bucket.x]\nname = \"x-1\"\nownership = \"ObjectWriter\"\n",
        silent: &["[bucket.x]\nname = \"x-1\"\n"],
    },
    Case {
        id: "bucket-outside-admin",
        on: "bucket.x",
        fires: bucket!(
            "allow = \"s3:*\"\nprincipal = { account = \"other\" }\nresource = \"arn:aws:s3:::x-111111111111\""
        ),
        silent: &[
            bucket!("allow = \"s3:*\"\nprincipal = { account = \"main\" }\nresource = \"arn:aws:s3:::x-111111111111\""),
            bucket!(
                "allow = \"s3:GetObject\"\nprincipal = { account = \"other\" }\nresource = \"arn:aws:s3:::x-111111111111/*\""
            ),
        ],
    },
    Case {
        id: "bucket-public-access-open",
        on: "bucket.x",
        fires: "[bucket.x]\nname = \"x-1\"\npublic_access_block = { block_public_policy = false }\n",
        silent: &["[bucket.x]\nname = \"x-1\"\n"],
    },
    Case {
        id: "bucket-service-any-source",
        on: "bucket.x",
        fires: bucket!(
            "allow = \"s3:PutObject\"\nprincipal = { service = \"cloudtrail.amazonaws.com\" }\nresource = \"arn:aws:s3:::x-111111111111/*\""
        ),
        silent: &[bucket!(
            "allow = \"s3:PutObject\"\nprincipal = { service = \"cloudtrail.amazonaws.com\" }\nresource = \"arn:aws:s3:::x-111111111111/*\"\ncondition = { StringEquals = { \"aws:SourceAccount\" = \"111111111111\" } }"
        )],
    },
    Case {
        id: "bucket-versioning",
        on: "bucket.x",
        fires: "[bucket.x]\nname = \"x-1\"\n",
        silent: &["[bucket.x]\nname = \"x-1\"\nversioning = \"enabled\"\n"],
    },
    Case {
        id: "bucket-without-kms",
        on: "bucket.x",
        fires: "[bucket.x]\nname = \"x-1\"\n",
        silent: &["[key.k]\nrotation = {}\n[bucket.x]\nname = \"x-1\"\nencryption = { key = \"key.k\" }\n"],
    },
    Case {
        id: "bucket-without-tls",
        on: "bucket.x",
        fires: bucket!(
            "deny = \"s3:GetObject\"\nprincipal = \"*\"\nresource = [\"arn:aws:s3:::x-111111111111\", \"arn:aws:s3:::x-111111111111/*\"]\ncondition = { Bool = { \"aws:SecureTransport\" = false } }"
        ),
        silent: &[bucket!(
            "deny = \"s3:*\"\nprincipal = \"*\"\nresource = [\"arn:aws:s3:::x-111111111111\", \"arn:aws:s3:::x-111111111111/*\"]\ncondition = { Bool = { \"aws:SecureTransport\" = false } }"
        )],
    },
    Case {
        id: "confused-deputy",
        on: "role.x",
        fires: trust!("allow = \"sts:AssumeRole\"\nprincipal = { service = \"codedeploy.amazonaws.com\" }"),
        silent: &[
            trust!(
                "allow = \"sts:AssumeRole\"\nprincipal = { service = \"codedeploy.amazonaws.com\" }\ncondition = { StringEquals = { \"aws:SourceAccount\" = \"${account.id}\" } }"
            ),
            trust!(
                "allow = \"sts:AssumeRole\"\nprincipal = { service = \"vpc-flow-logs.amazonaws.com\" }\ncondition = { ArnLike = { \"aws:SourceArn\" = \"arn:aws:ec2:*:${account.id}:vpc-flow-log/*\" } }"
            ),
            trust!("allow = \"sts:AssumeRole\"\nprincipal = { service = \"ec2.amazonaws.com\" }"),
        ],
    },
    Case {
        id: "dangling-principal",
        on: "role.x",
        fires: trust!("allow = \"sts:AssumeRole\"\nprincipal = { aws = \"AROAEXAMPLEEXAMPLE123\" }"),
        silent: &[trust!("allow = \"sts:AssumeRole\"\nprincipal = { aws = \"arn:aws:iam::222222222222:role/AROA\" }")],
    },
    Case {
        id: "decrypt-any",
        on: "policy.x",
        fires: policy!("allow = [\"kms:Decrypt\"]\nresource = \"*\""),
        silent: &[
            policy!("allow = \"kms:Decrypt\"\nresource = \"arn:aws:kms:eu-west-1:111111111111:key/x\""),
            policy!(
                "allow = \"kms:Decrypt\"\nresource = \"*\"\ncondition = { StringEquals = { \"kms:ViaService\" = \"s3.eu-west-1.amazonaws.com\" } }"
            ),
        ],
    },
    Case {
        id: "deployment-group-all-at-once",
        on: "deployment_group.x",
        fires: group!("deployment_config = \"CodeDeployDefault.AllAtOnce\""),
        silent: &[group!("deployment_config = \"CodeDeployDefault.OneAtATime\"")],
    },
    Case {
        id: "deployment-group-without-alarms",
        on: "deployment_group.x",
        fires: group!("auto_rollback = [\"DEPLOYMENT_FAILURE\"]"),
        silent: &[group!("alarms = { names = [\"errors\"] }")],
    },
    Case {
        id: "deployment-group-without-rollback",
        on: "deployment_group.x",
        fires: group!(""),
        silent: &[group!("auto_rollback = [\"DEPLOYMENT_FAILURE\"]")],
    },
    Case {
        id: "exact-wildcard",
        on: "policy.x",
        fires: policy!(
            "allow = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x/*\"\ncondition = { StringEquals = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/x\" } }"
        ),
        silent: &[
            policy!(
                "allow = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x/*\"\ncondition = { StringLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/x\" } }"
            ),
            policy!(
                "allow = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x/*\"\ncondition = { StringEquals = { \"aws:PrincipalTag/a\" = \"b${*}\" } }"
            ),
        ],
    },
    Case {
        id: "for-all-values-allow",
        on: "policy.x",
        fires: policy!(
            "allow = \"ec2:CreateTags\"\nresource = \"arn:aws:ec2:*:*:instance/*\"\ncondition = { \"ForAllValues:StringEquals\" = { \"aws:TagKeys\" = [\"a\", \"b\"] } }"
        ),
        silent: &[
            policy!(
                "allow = \"ec2:CreateTags\"\nresource = \"arn:aws:ec2:*:*:instance/*\"\ncondition = { \"ForAllValues:StringEquals\" = { \"aws:TagKeys\" = [\"a\", \"b\"] }, Null = { \"aws:TagKeys\" = false } }"
            ),
            policy!(
                "deny = \"ec2:CreateTags\"\nresource = \"*\"\ncondition = { \"ForAllValues:StringEquals\" = { \"aws:TagKeys\" = \"a\" } }"
            ),
        ],
    },
    Case {
        id: "image-scan-off",
        on: "ecr_repository.app",
        fires: "[ecr_repository.app]\n",
        silent: &["[ecr_repository.app]\nscan_on_push = true\n"],
    },
    Case {
        id: "images-kept-forever",
        on: "ecr_repository.app",
        fires: "[ecr_repository.app]\n",
        silent: &[concat!(
            "[ecr_repository.app]\n[[ecr_repository.app.lifecycle]]\ndescription = \"old\"\npriority = 1\n",
            "selection = { tag_status = \"any\", count_type = \"imageCountMoreThan\", count_number = 30 }\n"
        )],
    },
    Case {
        id: "inline-near-limit",
        on: "user.x",
        fires: concat!(
            "[user.x]\n[[user.x.inline.a]]\nallow = [\"s3:GetObject\", \"s3:PutObject\"]\nresource = [",
            "\"arn:aws:s3:::a/FILL_1700\"]\n"
        ),
        silent: &["[user.x]\n[[user.x.inline.a]]\nallow = \"s3:GetObject\"\nresource = \"arn:aws:s3:::a/*\"\n"],
    },
    Case {
        id: "key-grant-unbounded",
        on: "key.x",
        fires: key!("allow = \"kms:CreateGrant\"\nprincipal = { account = \"other\" }\nresource = \"*\""),
        silent: &[key!(
            "allow = \"kms:CreateGrant\"\nprincipal = { account = \"other\" }\nresource = \"*\"\ncondition = { Bool = { \"kms:GrantIsForAWSResource\" = true } }"
        )],
    },
    Case {
        id: "key-outside-admin",
        on: "key.x",
        fires: key!("allow = \"kms:*\"\nprincipal = { account = \"other\" }\nresource = \"*\""),
        silent: &[key!("allow = \"kms:Decrypt\"\nprincipal = { account = \"other\" }\nresource = \"*\"")],
    },
    Case {
        id: "key-service-any-source",
        on: "key.x",
        fires: key!("allow = \"kms:Decrypt\"\nprincipal = { service = \"sns.amazonaws.com\" }\nresource = \"*\""),
        silent: &[key!(
            "allow = \"kms:Decrypt\"\nprincipal = { service = \"sns.amazonaws.com\" }\nresource = \"*\"\ncondition = { StringEquals = { \"aws:SourceAccount\" = \"111111111111\" } }"
        )],
    },
    Case {
        id: "key-short-deletion",
        on: "key.x",
        fires: "[key.x]\ndeletion_window_days = 7\n",
        silent: &["[key.x]\n"],
    },
    Case {
        id: "key-without-rotation",
        on: "key.x",
        fires: "[key.x]\n",
        silent: &["[key.x]\nrotation = {}\n", "[key.x]\nkey_spec = \"RSA_2048\"\nkey_usage = \"SIGN_VERIFY\"\n"],
    },
    Case {
        id: "managed-policy-quota",
        on: "role.x",
        fires: role!(
            "managed_policies = [\"arn:aws:iam::aws:policy/A\", \"arn:aws:iam::aws:policy/B\", \"arn:aws:iam::aws:policy/C\", \"arn:aws:iam::aws:policy/D\", \"arn:aws:iam::aws:policy/E\", \"arn:aws:iam::aws:policy/F\", \"arn:aws:iam::aws:policy/G\", \"arn:aws:iam::aws:policy/H\", \"arn:aws:iam::aws:policy/I\", \"arn:aws:iam::aws:policy/J\", \"arn:aws:iam::aws:policy/K\"]"
        ),
        silent: &[role!("managed_policies = [\"arn:aws:iam::aws:policy/A\"]")],
    },
    Case {
        id: "mutable-image-tags",
        on: "ecr_repository.app",
        fires: "[ecr_repository.app]\n",
        silent: &["[ecr_repository.app]\nimage_tag_mutability = \"IMMUTABLE\"\n"],
    },
    Case {
        id: "not-action-allow",
        on: "policy.x",
        fires: policy!("effect = \"Allow\"\nnot_action = \"iam:*\"\nresource = \"*\""),
        silent: &[policy!("effect = \"Deny\"\nnot_action = \"iam:*\"\nresource = \"*\"")],
    },
    Case {
        id: "not-resource-allow",
        on: "policy.x",
        fires: policy!("allow = \"s3:GetObject\"\nnot_resource = \"arn:aws:s3:::secret/*\""),
        silent: &[policy!("deny = \"s3:GetObject\"\nnot_resource = \"arn:aws:s3:::open/*\"")],
    },
    Case {
        id: "oidc-sub-any",
        on: "role.x",
        fires: oidc!(
            "token.actions.githubusercontent.com",
            "StringEquals = { \"token.actions.githubusercontent.com:aud\" = \"sts.amazonaws.com\" }, StringLike = { \"token.actions.githubusercontent.com:sub\" = \"repo:org*/app:ref:refs/heads/main\" }"
        ),
        silent: &[GITHUB_GOOD],
    },
    Case {
        id: "oidc-trust-without-aud",
        on: "role.x",
        fires: oidc!("oidc.example.com", "StringEquals = { \"oidc.example.com:sub\" = \"me\" }"),
        silent: &[GITHUB_GOOD],
    },
    Case {
        id: "oidc-trust-without-sub",
        on: "role.x",
        fires: oidc!("app.terraform.io", "StringEquals = { \"app.terraform.io:aud\" = \"aws.workload.identity\" }"),
        silent: &[
            GITHUB_GOOD,
            oidc!("oidc.example.com", "StringEquals = { \"oidc.example.com:aud\" = \"x\" }"),
            oidc!(
                "gitlab.com",
                "StringEquals = { \"gitlab.com:aud\" = \"x\", \"gitlab.com:sub\" = \"project_path:org/app:ref_type:branch:ref:main\" }"
            ),
        ],
    },
    Case {
        id: "old-version-variables",
        on: "policy.x",
        fires: "[policy.x]\npolicy = { file = \"old.json\" }\n",
        silent: &[policy!("allow = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x/${aws:username}/*\"")],
    },
    Case {
        id: "outside-account-trust",
        on: "role.x",
        fires: trust!("allow = \"sts:AssumeRole\"\nprincipal = { account = \"333333333333\" }"),
        silent: &[
            trust!("allow = \"sts:AssumeRole\"\nprincipal = { account = \"other\" }"),
            trust!(
                "allow = \"sts:AssumeRole\"\nprincipal = { account = \"333333333333\" }\ncondition = { StringEquals = { \"sts:ExternalId\" = \"x\" } }"
            ),
        ],
    },
    Case {
        id: "pass-role-any",
        on: "policy.x",
        fires: policy!("allow = \"iam:PassRole\"\nresource = \"arn:aws:iam::*:role/*\""),
        silent: &[
            policy!("allow = \"iam:PassRole\"\nresource = \"arn:aws:iam::111111111111:role/build-*\""),
            policy!("allow = \"iam:*\"\nresource = \"*\"", "deny = \"iam:PassRole\"\nresource = \"*\""),
        ],
    },
    Case {
        id: "pass-role-any-service",
        on: "policy.x",
        fires: policy!("allow = \"iam:PassRole\"\nresource = \"arn:aws:iam::111111111111:role/build\""),
        silent: &[policy!(
            "allow = \"iam:PassRole\"\nresource = \"arn:aws:iam::111111111111:role/build\"\ncondition = { StringEquals = { \"iam:PassedToService\" = \"ec2.amazonaws.com\" } }"
        )],
    },
    Case {
        id: "policy-near-limit",
        on: "role.x",
        fires: trust!(
            "allow = \"sts:AssumeRole\"\nprincipal = { account = \"main\" }\ncondition = { StringEquals = { \"sts:ExternalId\" = \"FILL_1700\" } }"
        ),
        silent: &[trust!("allow = \"sts:AssumeRole\"\nprincipal = { account = \"main\" }")],
    },
    Case {
        id: "privilege-escalation",
        on: "policy.x",
        fires: policy!(
            "allow = \"iam:PassRole\"\nresource = \"*\"",
            "allow = [\"lambda:CreateFunction\", \"lambda:InvokeFunction\"]\nresource = \"*\""
        ),
        silent: &[
            policy!("allow = \"iam:PassRole\"\nresource = \"*\""),
            policy!("allow = \"iam:AttachRolePolicy\"\nresource = \"arn:aws:iam::111111111111:role/app-*\""),
            policy!(
                "allow = \"iam:PutRolePolicy\"\nresource = \"*\"\ncondition = { StringEquals = { \"iam:PermissionsBoundary\" = \"arn:aws:iam::111111111111:policy/b\" } }"
            ),
        ],
    },
    Case {
        id: "public-bucket",
        on: "bucket.x",
        fires: bucket!(
            "allow = \"s3:GetObject\"\nprincipal = \"*\"\nresource = \"arn:aws:s3:::x-111111111111/*\"\ncondition = { ArnLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::222222222222:role/*\" } }"
        ),
        silent: &[bucket!(
            "allow = \"s3:GetObject\"\nprincipal = \"*\"\nresource = \"arn:aws:s3:::x-111111111111/*\"\ncondition = { StringEquals = { \"aws:PrincipalOrgID\" = \"o-example\" } }"
        )],
    },
    Case {
        id: "public-key",
        on: "key.x",
        fires: key!("allow = \"kms:Decrypt\"\nprincipal = \"*\"\nresource = \"*\""),
        silent: &[key!(
            "allow = \"kms:Decrypt\"\nprincipal = \"*\"\nresource = \"*\"\ncondition = { StringEquals = { \"kms:CallerAccount\" = \"111111111111\" } }"
        )],
    },
    Case {
        id: "public-resource",
        on: "ecr_repository.app",
        fires: "[ecr_repository.app]\n[[ecr_repository.app.policy]]\nsid = \"All\"\nallow = \"ecr:BatchGetImage\"\nprincipal = \"*\"\n",
        silent: &[
            // Of one account.
            "[ecr_repository.app]\n[[ecr_repository.app.policy]]\nsid = \"All\"\nallow = \"ecr:BatchGetImage\"\nprincipal = \"*\"\ncondition = { ArnLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::222222222222:role/*\" } }\n",
            "[ecr_repository.app]\n[[ecr_repository.app.policy]]\nsid = \"All\"\nallow = \"ecr:BatchGetImage\"\nprincipal = \"*\"\ncondition = { StringEquals = { \"aws:PrincipalOrgID\" = \"o-abcdefghij\" } }\n",
        ],
    },
    Case {
        id: "public-trust",
        on: "role.x",
        fires: trust!(
            "allow = \"sts:AssumeRole\"\nprincipal = \"*\"\ncondition = { ArnLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/x\" } }"
        ),
        silent: &[
            trust!(
                "allow = \"sts:AssumeRole\"\nprincipal = \"*\"\ncondition = { StringEquals = { \"aws:PrincipalOrgID\" = \"o-example\" } }"
            ),
            trust!("deny = \"sts:AssumeRole\"\nprincipal = \"*\""),
        ],
    },
    Case {
        id: "redundant-action",
        on: "policy.x",
        fires: policy!("allow = [\"s3:Get*\", \"s3:GetObject\"]\nresource = \"arn:aws:s3:::x/*\""),
        silent: &[policy!("allow = [\"s3:GetObject\", \"s3:GetObjectVersion\"]\nresource = \"arn:aws:s3:::x/*\"")],
    },
    Case {
        id: "role-long-session",
        on: "role.x",
        fires: role!("max_session_duration = 43200"),
        silent: &[role!("max_session_duration = 7200")],
    },
    Case {
        id: "role-without-boundary",
        on: "role.x",
        fires: role!(""),
        silent: &[role!("permissions_boundary = \"arn:aws:iam::aws:policy/ReadOnlyAccess\"")],
    },
    Case {
        id: "scp-allow-without-effect",
        on: "service_control_policy.x",
        fires: control!("allow = \"s3:*\"\nresource = \"*\""),
        silent: &[
            control!("allow = \"*\"\nresource = \"*\""),
            control!(
                "effect = \"Deny\"\nnot_action = \"s3:*\"\nresource = \"*\"\ncondition = { StringNotEquals = { \"aws:PrincipalTag/team\" = \"platform\" } }"
            ),
        ],
    },
    Case {
        id: "scp-locks-out",
        on: "service_control_policy.x",
        fires: control!("deny = \"*\"\nresource = \"*\""),
        silent: &[
            control!(
                "deny = \"*\"\nresource = \"*\"\ncondition = { ArnNotLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/OrganizationAccountAccessRole\" } }"
            ),
            control!("deny = \"organizations:LeaveOrganization\"\nresource = \"*\""),
            control!("deny = \"kms:CreateGrant\"\nresource = \"*\""),
            control!("deny = \"sts:AssumeRole\"\nresource = \"arn:aws:iam::111111111111:role/*\""),
            control!(
                "deny = \"sts:AssumeRole\"\nresource = \"*\"\ncondition = { ArnNotLike = { \"aws:PrincipalArn\" = \"arn:aws:iam::*:role/ci\" } }"
            ),
        ],
    },
    Case {
        id: "secrets-any",
        on: "policy.x",
        fires: policy!("allow = \"secretsmanager:GetSecretValue\"\nresource = \"*\""),
        silent: &[policy!(
            "allow = \"secretsmanager:GetSecretValue\"\nresource = \"arn:aws:secretsmanager:eu-west-1:111111111111:secret:app/*\""
        )],
    },
    Case {
        id: "sensitive-wildcard",
        on: "policy.x",
        fires: policy!("allow = \"s3:*\"\nresource = \"*\""),
        silent: &[
            policy!("allow = \"s3:*\"\nresource = \"arn:aws:s3:::x\""),
            policy!("allow = \"dynamodb:*\"\nresource = \"*\""),
        ],
    },
    Case {
        id: "service-wildcard",
        on: "policy.x",
        fires: policy!("allow = \"dynamodb:*\"\nresource = \"*\""),
        silent: &[policy!("allow = \"dynamodb:GetItem\"\nresource = \"*\"")],
    },
    Case {
        id: "user-with-policies",
        on: "user.x",
        fires: "[user.x]\nmanaged_policies = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n",
        silent: &["[user.x]\n"],
    },
    Case {
        id: "weak-password-policy",
        on: "account_settings.x",
        fires: "[account_settings.x]\npassword_policy = { minimum_length = 8 }\n",
        silent: &["[account_settings.x]\npassword_policy = { minimum_length = 14, password_reuse_prevention = 24 }\n"],
    },
    Case {
        id: "topic-service-any-source",
        on: "topic.x",
        fires: topic!(
            "allow = \"sns:Publish\"\nprincipal = { service = \"s3.amazonaws.com\" }\nresource = \"${topic.x.arn}\"\ncondition = { ArnLike = { \"aws:SourceArn\" = \"arn:aws:s3:::*\" } }"
        ),
        silent: &[
            topic!(
                "allow = \"sns:Publish\"\nprincipal = { service = \"s3.amazonaws.com\" }\nresource = \"${topic.x.arn}\"\ncondition = { ArnLike = { \"aws:SourceArn\" = \"arn:aws:s3:::build\" } }"
            ),
            topic!(
                "allow = \"sns:Publish\"\nprincipal = { service = \"ses.amazonaws.com\" }\nresource = \"${topic.x.arn}\"\ncondition = { StringEquals = { \"aws:SourceOwner\" = \"${account.id}\" } }"
            ),
            topic!(
                "allow = \"sns:Publish\"\nprincipal = { service = \"events.amazonaws.com\" }\nresource = \"${topic.x.arn}\""
            ),
        ],
    },
    Case {
        id: "unknown-action",
        on: "policy.x",
        fires: policy!("allow = [\"s3:GetObjekt\", \"s3:GetObject\"]\nresource = \"arn:aws:s3:::x/*\""),
        silent: &[
            policy!("allow = [\"S3:getobject\", \"s3:Get*\", \"iam:?etRole\"]\nresource = \"*\""),
            policy!("allow = \"*\"\nresource = \"*\""),
        ],
    },
    Case {
        id: "unknown-condition-key",
        on: "policy.x",
        fires: policy!(
            "allow = \"s3:GetObject\"\nresource = \"arn:aws:s3:::x/*\"\ncondition = { StringLike = { \"s3:prefix\" = \"a/*\" } }"
        ),
        silent: &[
            policy!(
                "allow = \"s3:ListBucket\"\nresource = \"arn:aws:s3:::x\"\ncondition = { StringLike = { \"S3:Prefix\" = \"a/*\" } }"
            ),
            policy!(
                "allow = [\"s3:GetObject\", \"s3:ListBucket\"]\nresource = \"*\"\ncondition = { StringLike = { \"s3:prefix\" = \"a/*\", \"aws:sourceip\" = \"192.0.2.1\" } }"
            ),
            policy!(
                "allow = \"iam:CreateRole\"\nresource = \"*\"\ncondition = { StringLike = { \"aws:RequestTag/team\" = \"a\", \"lambda:SourceFunctionArn\" = \"*\" } }"
            ),
            policy!(
                "allow = \"*\"\nresource = \"*\"\ncondition = { StringLike = { \"ec2:ResourceTag/team\" = \"a\", \"saml:sub\" = \"a\", \"idp.example.com:sub\" = \"a\" } }"
            ),
        ],
    },
];
