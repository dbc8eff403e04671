//! The same project as AWS has it once it is applied: facts, written as AWS answers and not as trueup sends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trueup_engine::facts::{Fact, Facts, ReadCost, ReadRequest};
use trueup_kinds::bucket::Parts;
use trueup_kinds::source::codedeploy::CodeDeployFacts;
use trueup_kinds::source::ecr::EcrFacts;
use trueup_kinds::source::events::EventsFacts;
use trueup_kinds::source::iam::{IamFacts, PolicyFact, RoleFact};
use trueup_kinds::source::kms::{KeyFact, KeySettings, KmsFacts};
use trueup_kinds::source::s3::{BucketFact, BucketSettings, EncryptionFact, PublicAccessBlockFact, S3Facts};
use trueup_kinds::source::sns::SnsFacts;
use trueup_specs::ByName;

use super::specs::{Fleet, ORGANIZATION, PROJECT, READ_ONLY, REGION, Share, TOOLING, TOOLING_ID, tenant, tenant_id};

impl Fleet {
    /// What every read that is asked for finds.
    pub(crate) fn facts(&self, requests: &[ReadRequest]) -> Facts {
        let ids: BTreeMap<String, String> = (0..self.tenants)
            .map(|index| (tenant(index), tenant_id(index)))
            .chain([(TOOLING.to_owned(), TOOLING_ID.to_owned())])
            .collect();
        let mut facts = Facts::default();
        for ReadRequest { source, scope, wanted: _ } in requests {
            let account = &*scope.account;
            let id = &ids[account];
            let is_home = (account == TOOLING) == (self.tenants == 0);
            let share = if is_home { self.share } else { Share { roles: 0, policies: 0, buckets: 0 } };
            let fact: Arc<dyn Fact> = match &**source {
                "iam" => Arc::new(self.iam(account, id, share)),
                "s3" => Arc::new(S3Facts {
                    buckets: (0..share.buckets).map(|index| self.live_bucket(account, id, index)).collect(),
                    ..S3Facts::default()
                }),
                "kms" => {
                    let keys = if account == TOOLING { self.keys } else { 0 };
                    Arc::new(KmsFacts { keys: (0..keys).map(|index| self.live_key(index)).collect() })
                }
                // A plan looks at every source there is, also where the fleet has nothing.
                "codedeploy" => Arc::new(CodeDeployFacts::default()),
                "ecr" => Arc::new(EcrFacts::default()),
                "events" => Arc::new(EventsFacts::default()),
                "sns" => Arc::new(SnsFacts::default()),
                other => unreachable!("the fleet does not know what {other} would find"),
            };
            facts.insert(source.clone(), scope.clone(), Ok(fact), ReadCost::default());
        }
        facts
    }

    fn iam(&self, account: &str, id: &str, share: Share) -> IamFacts {
        let mut roles: Vec<_> = (0..share.roles).map(|index| self.live_role(account, id, index)).collect();
        let mut policies: Vec<_> = (0..share.policies).map(|index| self.live_policy(account, id, index)).collect();
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        policies.sort_by(|a, b| a.name.cmp(&b.name));
        IamFacts { roles, policies, ..IamFacts::default() }
    }

    fn live_role(&self, account: &str, id: &str, index: usize) -> RoleFact {
        let principal = match index % 3 {
            0 => r#""Service":"ec2.amazonaws.com""#.to_owned(),
            1 => format!(r#""AWS":"arn:aws:iam::{TOOLING_ID}:root""#),
            _ => format!(r#""AWS":"arn:aws:iam::{id}:role/r{}""#, index - 1),
        };
        let mut inline = ByName::new();
        let mut managed_policies = BTreeSet::new();
        if index.is_multiple_of(2) {
            let (bucket, key) = (bucket_name(id, index % self.share.buckets), key_arn(index % self.keys));
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Objects","Effect":"Allow","Action":["s3:PutObject","s3:GetObject*"],"Resource":"arn:aws:s3:::{bucket}/r{index}/*"}},{{"Sid":"Key","Effect":"Allow","Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":["{key}"]}}]}}"#
            );
            inline.insert("artifacts".to_owned(), document);
        } else {
            managed_policies.insert(policy_arn(id, index % self.share.policies));
            managed_policies.insert(READ_ONLY.to_owned());
        }
        let mut tags = tags(format!("{account}/role.r{index}"));
        tags.insert("service".to_owned(), format!("s{index}"));
        RoleFact {
            name: format!("r{index}"),
            path: "/".to_owned(),
            id: format!("AROA{index:017}"),
            arn: format!("arn:aws:iam::{id}:role/r{index}"),
            description: format!("Deploys service {index}"),
            max_session_duration: 3_600,
            trust: format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{{principal}}},"Action":"sts:AssumeRole"}}]}}"#
            ),
            inline,
            managed_policies,
            permissions_boundary: None,
            tags,
        }
    }

    fn live_policy(&self, account: &str, id: &str, index: usize) -> PolicyFact {
        let bucket = bucket_name(id, index % self.share.buckets);
        PolicyFact {
            name: format!("p{index}"),
            path: "/".to_owned(),
            id: format!("ANPA{index:017}"),
            arn: policy_arn(id, index),
            description: format!("Reads what service {index} made"),
            default_version: "v1".to_owned(),
            versions: vec!["v1".to_owned()],
            document: format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Read","Effect":"Allow","Action":["s3:GetObjectVersion","s3:GetObject"],"Resource":"arn:aws:s3:::{bucket}/p{index}/*"}},{{"Sid":"List","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::{bucket}","Condition":{{"StringLike":{{"s3:prefix":["p{index}/*"]}}}}}}]}}"#
            ),
            tags: tags(format!("{account}/policy.p{index}")),
        }
    }

    fn live_bucket(&self, account: &str, id: &str, index: usize) -> (String, BucketFact) {
        let name = bucket_name(id, index);
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"OnlyEncryptedConnections","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::{name}/*","arn:aws:s3:::{name}"],"Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}]}}"#
        );
        let settings = BucketSettings {
            tags: tags(format!("{account}@{REGION}/bucket.b{index}")),
            policy: Some(policy),
            encryption: Some(EncryptionFact {
                algorithm: "aws:kms".to_owned(),
                key: Some(key_arn(index % self.keys)),
                bucket_key: true,
                blocked: vec!["SSE-C".to_owned()],
            }),
            versioning: Some("Enabled".to_owned()),
            public_access_block: Some(PublicAccessBlockFact {
                block_public_acls: true,
                ignore_public_acls: true,
                block_public_policy: true,
                restrict_public_buckets: true,
            }),
            ownership: Some("BucketOwnerEnforced".to_owned()),
            parts: Parts::default(),
            unread: BTreeMap::new(),
        };
        (name, BucketFact { region: REGION.to_owned(), settings: Ok(settings) })
    }

    fn live_key(&self, index: usize) -> (String, KeyFact) {
        let role = if self.tenants == 0 {
            let role = self.named_by_key(index);
            format!(
                r#",{{"Sid":"Role","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{TOOLING_ID}:role/r{role}"}},"Action":"kms:Encrypt","Resource":"*"}}"#
            )
        } else {
            String::new()
        };
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Account","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{TOOLING_ID}:root"}},"Action":"kms:*","Resource":"*"}},{{"Sid":"Organization","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*","Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"{ORGANIZATION}"}}}}}}{role}]}}"#
        );
        let alias = format!("alias/{PROJECT}/k{index}");
        let settings = KeySettings {
            arn: key_arn(index),
            state: "Enabled".to_owned(),
            description: "Encrypts artifacts".to_owned(),
            key_spec: "SYMMETRIC_DEFAULT".to_owned(),
            key_usage: "ENCRYPT_DECRYPT".to_owned(),
            origin: "AWS_KMS".to_owned(),
            multi_region: false,
            primary: None,
            policy,
            rotation_days: Some(365),
            grants: BTreeMap::new(),
            tags: tags(format!("{TOOLING}@{REGION}/key.k{index}")),
        };
        (key_id(index), KeyFact { name: alias.clone(), aliases: BTreeSet::from([alias]), settings: Ok(settings) })
    }
}

fn bucket_name(account: &str, index: usize) -> String {
    format!("{PROJECT}-b{index}-{account}")
}

fn policy_arn(account: &str, index: usize) -> String {
    format!("arn:aws:iam::{account}:policy/p{index}")
}

fn key_id(index: usize) -> String {
    format!("5a4d0000-0000-4000-8000-{index:012}")
}

fn key_arn(index: usize) -> String {
    format!("arn:aws:kms:{REGION}:{TOOLING_ID}:key/{}", key_id(index))
}

fn tags(address: String) -> ByName<String> {
    [("team", "platform"), ("stage", "prod"), ("trueup:project", PROJECT)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into_iter()
        .chain([("trueup:address".to_owned(), address)])
        .collect()
}
